//! The manifest in force, with all that hangs on it. A request looks at one of these from its beginning to its end.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::fs;
use crate::manifest::Manifest;

/// A manifest that was checked and is answered from.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) manifest: Manifest,
}

impl Held {
    /// Reads the manifest that the server starts with.
    pub(super) fn first(path: &Path) -> Result<Self, Box<Diagnostic>> {
        let bytes = fs::read(path).map_err(|error| {
            Diagnostic::setup(error.to_string()).help("`tierpress build` writes it to tierpress-out/manifest.json")
        })?;
        let manifest =
            Manifest::parse(&bytes).map_err(|error| Diagnostic::setup(format!("`{}`: {error}", path.display())))?;
        Ok(Self { manifest })
    }
}
