//! A whole site in one string, and what a build says of it.
//!
//! `//- content/a.md` starts a file; what stands above the first such line is `content/a.md` itself. Where no
//! `site.yaml` is written there is a small school with three tiers and a bundle. Builds run in this process; the
//! program itself is run by `built.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tierpress::build::{self, Built, Request};
use tierpress::diagnostic::{Diagnostic, Origin};
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;

/// The `site.yaml` of a fixture that writes none.
pub(crate) const SCHOOL: &str = "\
title: School
base_url: https://school.example
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic}
    - {id: pro, title: Pro}
  bundles:
    - {id: rust-course, title: Rust from zero}
  default_tier: free
";

/// A site on disk that goes away with the value.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    /// Writes the files of a string.
    pub(crate) fn new(site: &str) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(fixture.root().join("content")).unwrap();
        fixture.write("site.yaml", SCHOOL);
        for (name, text) in files(site) {
            fixture.write(name, text);
        }
        fixture
    }

    /// The folder of the site.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// The folder for the output: not there until a build makes it.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes one more file, or another text into one.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// `tierpress build`.
    pub(crate) fn build(&self) -> Result<Built, Vec<Diagnostic>> {
        build::build(&self.request(&self.root(), &self.out()))
    }

    /// What `tierpress build` says, the exit code on a last line. A build that fails must leave nothing.
    #[track_caller]
    pub(crate) fn said(&self) -> String {
        let before = self.published();
        let (diagnostics, code) = match self.build() {
            Ok(built) => (built.warnings, 0),
            Err(faults) => {
                let changed = crate::built::differences(&before, &self.published());
                assert!(changed.is_empty(), "a build that failed wrote something: {changed:#?}");
                let is_setup = faults.iter().any(|fault| fault.is_error() && fault.origin == Origin::Setup);
                (faults, if is_setup { 2 } else { 1 })
            }
        };
        let checked = match build::check(&self.request(&self.root(), Path::new("never made"))) {
            Ok((_, warnings)) => warnings,
            Err(faults) => faults,
        };
        assert_eq!(diagnostics, checked, "`build` and `check` differ");
        self.print(&diagnostics) + &format!("exit {code}\n")
    }

    /// Everything in the folder for the output, and that folder itself.
    fn published(&self) -> BTreeMap<String, Vec<u8>> {
        if !self.out().exists() {
            return BTreeMap::new();
        }
        let mut contents = crate::built::contents(&self.out());
        contents.insert("./".to_owned(), Vec::new());
        contents
    }

    fn print(&self, diagnostics: &[Diagnostic]) -> String {
        let text: String = diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
        text.replace(self.folder.path().to_str().unwrap(), "TEMP")
    }

    pub(crate) fn request<'a>(&self, root: &'a Path, out: &'a Path) -> Request<'a> {
        let now = Timestamp::try_from(NOW_SECONDS).unwrap();
        Request { root, out, now, created: now, ..Request::default() }
    }
}

/// The files of a string: name and text.
fn files(site: &str) -> Vec<(&str, &str)> {
    let mut files = Vec::new();
    let mut name = "content/a.md";
    let mut start = 0;
    let mut at = 0;
    for line in site.split_inclusive('\n') {
        if let Some(next) = line.strip_prefix("//- ") {
            if at > start || start > 0 {
                files.push((name, &site[start..at]));
            }
            name = next.trim();
            start = at + line.len();
        }
        at += line.len();
    }
    files.push((name, &site[start..]));
    files
}

#[test]
fn files_are_told_apart() {
    assert_eq!(files("x\ny\n"), [("content/a.md", "x\ny\n")]);
    assert_eq!(files("//- a\nx\n//- b\n//- c\ny"), [("a", "x\n"), ("b", ""), ("c", "y")]);
    assert_eq!(files("x\n//- b\ny"), [("content/a.md", "x\n"), ("b", "y")]);
}
