//! A fingerprint of everything that a build reads: when it is unchanged, so is the output.

use std::path::Path;

use rayon::prelude::*;

use crate::build::Request;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::digest::{Hasher, sha256_hex};
use crate::fs;
use crate::load::sources;

/// Hashes the site's files and the request.
pub(super) fn fingerprint(request: &Request<'_>, config: &Config) -> Result<String, Box<Diagnostic>> {
    let theme = format!("themes/{}", config.theme);
    let mut files = Vec::new();
    for folder in ["content", "static", "templates", &theme] {
        // What is wrong with a file is said by the stage that reads it.
        files.extend(
            sources::walk(request.root, folder, &mut Vec::new()).files.into_iter().map(|file| (file.path, file.disk)),
        );
    }
    for file in ["site.yaml", "strings.yaml"] {
        let disk = request.root.join(file);
        if fs::exists(&disk).map_err(|fault| Box::new(Diagnostic::setup(fault.to_string())))? {
            files.push((file.into(), disk));
        }
    }
    let hash = |disk: &Path| fs::read(disk).map(|bytes| sha256_hex(&bytes));
    let lines: Result<Vec<String>, fs::Error> =
        files.par_iter().map(|(path, disk)| Ok(format!("{path}\0{}\n", hash(disk)?))).collect();
    let lines = lines.map_err(|fault| Box::new(Diagnostic::error(fault.to_string())))?;
    let mut hasher = Hasher::default();
    let Request { root: _, out: _, now: _, created: _, drafts, strict: _, base_url, modes: _, program, progress: _ } =
        request;
    hasher.update(format!("{program}\0{drafts}\0{}\n", base_url.unwrap_or_default()).as_bytes());
    for line in lines {
        hasher.update(line.as_bytes());
    }
    Ok(hasher.finish().to_string())
}
