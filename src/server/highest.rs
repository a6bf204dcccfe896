//! The highest version that was ever answered from, kept on disk: nobody can make a server that was started again
//! answer from an older manifest.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::intake::Refused;
use crate::digest::Digest;
use crate::fs;

/// The file below the state folder.
const FILE: &str = "highest.json";

/// What has been seen, and where that is written.
#[derive(Debug)]
pub(super) struct Highest {
    path: PathBuf,
    seen: Option<Seen>,
}

/// The manifest with the highest version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The SHA-256 of the manifest's bytes.
    payload: String,
    version: u64,
}

/// The state folder does not hold what was written there.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error(transparent)]
    Disk(#[from] fs::Error),
    #[error("`{path}` is broken: {0}", path = .1.display())]
    Broken(serde_json::Error, PathBuf),
}

impl Highest {
    /// Reads what was seen by those that ran before.
    pub(super) fn read(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let seen = read(&path)?;
        Ok(Self { path, seen })
    }

    /// Whether a manifest may follow.
    pub(super) fn admits(&self, version: u64, payload: &Digest, signed: bool) -> Result<(), Refused> {
        match &self.seen {
            Some(seen) if version < seen.version => Err(Refused::Older { version, highest: seen.version }),
            Some(seen) if signed && version == seen.version && seen.payload != payload.to_string() => {
                Err(Refused::Another(version))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Remembers a manifest, here and on disk.
    pub(super) fn raise(&mut self, version: u64, payload: &Digest) -> Result<(), StateError> {
        let seen = Seen { payload: payload.to_string(), version };
        if self.seen.as_ref() == Some(&seen) {
            return Ok(());
        }
        self.seen = Some(seen.clone());
        // Another server may share the folder and be further.
        if read(&self.path)?.is_some_and(|other| other.version > version || other == seen) {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let bytes = serde_json::to_vec(&seen).map_err(|error| StateError::Broken(error, self.path.clone()))?;
        match fs::write_atomic(&self.path, &bytes) {
            // Two that write at once may take each other's file away; what counts is what stands there then.
            Err(_) if read(&self.path)?.is_some_and(|other| other.version >= version) => Ok(()),
            written => Ok(written?),
        }
    }
}

fn read(path: &Path) -> Result<Option<Seen>, StateError> {
    if !fs::exists(path)? {
        return Ok(None);
    }
    let bytes = fs::read(path)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| StateError::Broken(error, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    #[test]
    fn what_was_seen_outlives_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (sha256(b"1"), sha256(b"2"));
        let mut highest = Highest::read(folder.path()).unwrap();
        assert!(highest.admits(0, &one, true).is_ok());
        highest.raise(5, &one).unwrap();
        let mut highest = Highest::read(folder.path()).unwrap();
        assert!(matches!(highest.admits(4, &one, false), Err(Refused::Older { version: 4, highest: 5 })));
        assert!(matches!(highest.admits(5, &two, true), Err(Refused::Another(5))));
        assert!(highest.admits(5, &two, false).is_ok());
        assert!(highest.admits(5, &one, true).is_ok());
        assert!(highest.admits(6, &two, true).is_ok());
        highest.raise(6, &two).unwrap();
        assert!(Highest::read(folder.path()).unwrap().admits(5, &one, true).is_err());
    }

    #[test]
    fn a_broken_memory_is_no_memory_lost() {
        let folder = tempfile::tempdir().unwrap();
        fs::write_atomic(&folder.path().join(FILE), b"{\"version\": 3}").unwrap();
        assert!(matches!(Highest::read(folder.path()), Err(StateError::Broken(..))));
    }
}
