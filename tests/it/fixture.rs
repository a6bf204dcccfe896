//! A whole site in one string: `//- content/a.md` starts a file.
//!
//! Sites that bring no `site.yaml` get [`SITE`]. Nothing in this file judges.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tierpress::build::{self, Built};
use tierpress::diagnostic::Diagnostic;
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;

/// The settings of a site that does not bring its own.
pub(crate) const SITE: &str = "\
title: Test
base_url: https://learn.example
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic, also: [bronze]}
    - {id: pro, title: Pro, includes: [sheets]}
  bundles:
    - {id: course, title: Course}
    - {id: other, title: Other}
    - {id: sheets, title: Sheets}
  default_tier: free
";

/// A site on disk, and room for its output beside it.
#[derive(Debug)]
pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// Writes the files.
    pub(crate) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Self { folder };
        let mut files = Vec::new();
        for part in text.split("//- ").skip(1) {
            let (name, rest) = part.split_once('\n').unwrap_or((part, ""));
            files.push((name.trim(), rest));
        }
        if !files.iter().any(|(name, _)| *name == "site.yaml") {
            files.push(("site.yaml", SITE));
        }
        for (name, text) in files {
            fixture.write(name, text.as_bytes());
        }
        fixture
    }

    /// The site's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// Where its output goes.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes one more file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Builds it for the tests' usual instant.
    pub(crate) fn build(&self) -> Result<Built, Vec<Diagnostic>> {
        self.build_at(Timestamp::saturating(NOW_SECONDS))
    }

    /// Builds it for another instant.
    pub(crate) fn build_at(&self, now: Timestamp) -> Result<Built, Vec<Diagnostic>> {
        let (root, out) = (self.root(), self.out());
        let created = Timestamp::saturating(NOW_SECONDS);
        build::build(&build::Request { root: &root, out: &out, now, created, ..build::Request::default() })
    }
}
