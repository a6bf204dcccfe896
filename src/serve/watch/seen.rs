//! What lay somewhere when it was looked at last, as far as it can be told without opening anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::fs::{self, Kind, Metadata};

/// Paths with what stands there.
#[derive(PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<PathBuf, Metadata>);

impl Seen {
    /// Looks at these paths.
    pub(super) fn of(paths: impl Iterator<Item = PathBuf>) -> Self {
        Self(paths.filter_map(|path| stands(&path).map(|stands| (path, stands))).collect())
    }

    /// Looks at these again, and at no other: they are told as changed now.
    pub(super) fn renew(&mut self, paths: &BTreeSet<PathBuf>) {
        for path in paths {
            match stands(path) {
                Some(stands) => self.0.insert(path.clone(), stands),
                None => self.0.remove(path),
            };
        }
    }
}

fn stands(path: &Path) -> Option<Metadata> {
    let found = fs::metadata_followed(path).ok().flatten();
    // A link that leads nowhere is there all the same.
    let found = found.or_else(|| fs::metadata(path).ok().flatten())?;
    // What comes and goes in a folder is looked at by itself, or is nobody's business.
    let is_folder = found.kind == Kind::Folder;
    Some(if is_folder { Metadata { size: 0, mtime: 0, mtime_nanoseconds: 0, ..found } } else { found })
}
