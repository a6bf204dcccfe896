//! The objects of a build, opened by their names in the manifest.

use std::path::PathBuf;

use hyper::body::Bytes;

use crate::fs;

/// Where objects lie.
#[derive(Debug)]
pub(super) struct Objects {
    folder: PathBuf,
}

impl Objects {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The bytes of an object that the manifest names.
    pub(super) fn whole(&self, name: &str) -> Result<Bytes, fs::Error> {
        fs::read(&self.folder.join(name)).map(Bytes::from)
    }
}
