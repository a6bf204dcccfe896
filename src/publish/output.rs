//! The output folder itself: whose it is, who may write to it now, and whether it is whole.
//!
//! A folder that Tierpress did not make is never touched. Everything that changes the output calls [`Output::begin`]
//! first, which notes on the disk that a build is under way: if that build is killed, the next one knows.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::PublishError;
use super::state::{MARKER, Marker};
use crate::fs::dir::{Dir, Fuse, Lock};
use crate::fs::{self, Kind};

/// The name under which a file is written before it gets its own.
pub(super) const TEMPORARY: &str = ".tierpress.tmp";
const LOCK: &str = ".tierpress.lock";
const HTACCESS: &str = ".htaccess";
const README: &str = "README.txt";
/// What the pages say, as hashes, for the next review.
pub const REVIEW: &str = "review.json";

const HTACCESS_TEXT: &str = "\
# Nothing in this folder is for the public, except what is in public/: see README.txt.
<IfModule mod_authz_core.c>
    Require all denied
</IfModule>
<IfModule !mod_authz_core.c>
    Order allow,deny
    Deny from all
</IfModule>
";

const README_TEXT: &str = "\
This folder was made by Tierpress, which writes it anew with every build: keep nothing of your own in it.

Only public/ may lie on a plain web host. It is the site as a visitor sees it.

Everything else holds what readers pay for, and must be out of reach of the web server, or behind an edge that
reads the manifest and decides for each request:

  manifest.json   what the site consists of, and who may have which part
  edge/           the same in small pieces, for edges with little memory
  review.json     hashes of what the pages say, for `tierpress diff` and the next build; no edge needs it
  objects/        every distinct file once, named by what it holds
  tiers/          the whole site as a member of each tier sees it
  bundles/        what each bundle opens beyond the tier that its buyers have
";

/// The output folder, opened and checked.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) root: Dir,
    /// What the marker said when the folder was opened.
    pub(super) marker: Marker,
    /// Whether this folder was empty or missing before.
    pub(super) fresh: bool,
    /// Whether it was missing.
    created: bool,
    /// Whether an earlier build was stopped before it was done.
    pub(super) interrupted: bool,
    /// Whether this output may only be looked at.
    read_only: bool,
    begun: AtomicBool,
    beginning: Mutex<()>,
    _lock: Option<Lock>,
}

/// Takes the lock. Another holder is given a moment: a program that is just being started by the process that had the lock
/// holds it as well, until it runs.
fn lock(root: &Dir) -> Result<Option<Lock>, PublishError> {
    for _ in 0..LOCK_TRIES {
        if let Some(lock) = root.lock(LOCK)? {
            return Ok(Some(lock));
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Ok(root.lock(LOCK)?)
}

/// How often the lock is asked for again, and after what pause: a quarter of a second in all.
const LOCK_TRIES: usize = 25;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

impl Output {
    /// Opens the folder to write to it, creating it where it is missing.
    pub(super) fn open(path: &Path, fuse: Fuse) -> Result<Self, PublishError> {
        Owner::of(path)?.writable(path)?;
        let created = !fs::exists(path)?;
        fs::create_dir_all(path)?;
        let root = Dir::open(path, fuse)?;
        let lock = lock(&root)?.ok_or_else(|| PublishError::Locked { path: path.to_owned() })?;
        // Another build may have made it, or somebody filled it, before the lock was ours.
        let owner = Owner::of(path)?;
        owner.writable(path)?;
        let fresh = owner == Owner::Nobody;
        let marker = if fresh { Marker::default() } else { Marker::read(&root)? };
        // A build may have been killed before it could say that it had begun.
        let remnant = root.status(TEMPORARY)?.is_some();
        let interrupted = !fresh && (remnant || marker.complete.is_none());
        let output = Self { fresh, created, interrupted, ..Self::new(root, marker, Some(lock)) };
        if fresh || remnant {
            output.begin()?;
        }
        for (name, text) in [(HTACCESS, HTACCESS_TEXT), (README, README_TEXT)] {
            if output.root.status(name)?.is_none() {
                output.begin()?;
                output.write(name, text.as_bytes())?;
            }
        }
        Ok(output)
    }

    /// Opens a finished output to look at it; `None` where there is none. What would have to change it fails instead.
    pub(super) fn look(path: &Path) -> Result<Option<Self>, PublishError> {
        if Owner::of(path)? != Owner::Tierpress {
            return Ok(None);
        }
        let root = Dir::open(path, Fuse::default())?;
        for name in [HTACCESS, README] {
            if root.status(name)?.is_none() {
                return Ok(None);
            }
        }
        if root.status(TEMPORARY)?.is_some() {
            return Ok(None);
        }
        let marker = Marker::read(&root)?;
        Ok(Some(Self { read_only: true, ..Self::new(root, marker, None) }))
    }

    fn new(root: Dir, marker: Marker, lock: Option<Lock>) -> Self {
        Self {
            root,
            marker,
            fresh: false,
            created: false,
            interrupted: false,
            read_only: false,
            begun: AtomicBool::new(false),
            beginning: Mutex::new(()),
            _lock: lock,
        }
    }

    /// Notes that the output is about to change. To be called before each change; all but the first call cost nothing.
    pub(super) fn begin(&self) -> Result<(), PublishError> {
        if self.begun.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.read_only {
            return Err(PublishError::Stale);
        }
        let _guard = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.begun.load(Ordering::Acquire) {
            if self.fresh || self.marker.complete.is_some() {
                self.write(MARKER, &Marker::default().to_json())?;
            }
            self.begun.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Whether this build has changed anything.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// Leaves the folder as it was found, now that all that the build put into the store is gone again. One that an
    /// interrupted build left stays marked as such.
    pub(super) fn undo(&self) -> Result<(), PublishError> {
        if self.fresh {
            for entry in self.root.entries()? {
                self.root.remove_entry(&entry)?;
            }
            if self.created {
                fs::remove_folder(self.root.path())?;
            }
        } else if self.has_begun() && !self.interrupted {
            self.write(MARKER, &self.marker.to_json())?;
        }
        Ok(())
    }

    /// Opens a folder of the output, making it where it is missing.
    pub(super) fn make_folder(&self, name: &str) -> Result<Dir, PublishError> {
        if let Some(dir) = self.root.folder(name)? {
            return Ok(dir);
        }
        self.begin()?;
        self.root.create_folder(name)?;
        self.root.folder(name)?.ok_or(PublishError::Stale)
    }

    /// Removes what a killed build was about to rename.
    pub(super) fn prune(&self) -> Result<usize, PublishError> {
        let left = self.root.status(TEMPORARY)?.is_some();
        if left {
            self.root.remove_file(TEMPORARY)?;
        }
        Ok(usize::from(left))
    }

    /// Writes a file of the output folder itself in one step.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        write_in(&self.root, name, bytes)
    }
}

/// Writes a file in one step, its time made from its content; nobody ever sees a part of it.
pub(super) fn write_in(dir: &Dir, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
    let mtime = crate::digest::sha256(bytes).mtime();
    if dir.status(TEMPORARY)?.is_some() {
        dir.remove_file(TEMPORARY)?;
    }
    dir.create_file(TEMPORARY, bytes, mtime)?;
    let renamed = dir.rename(TEMPORARY, name);
    if renamed.is_err() {
        // The first error is the one to tell; a remnant is removed by the next build.
        drop(dir.remove_file(TEMPORARY));
    }
    Ok(renamed?)
}

/// Who made a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// It is missing, or holds nothing but what a build leaves that was killed in its first instant.
    Nobody,
    Tierpress,
    SomebodyElse,
}

impl Owner {
    fn of(path: &Path) -> Result<Self, PublishError> {
        match fs::metadata_followed(path)?.map(|metadata| metadata.kind) {
            None if fs::exists(path)? => return Ok(Self::SomebodyElse),
            None => return Ok(Self::Nobody),
            Some(Kind::Folder) => {}
            Some(Kind::File | Kind::Symlink | Kind::Other) => return Ok(Self::SomebodyElse),
        }
        if fs::metadata(&path.join(MARKER))?.is_some_and(|marker| marker.kind == Kind::File) {
            return Ok(Self::Tierpress);
        }
        let ours = |entry: &fs::Entry| [LOCK, TEMPORARY].iter().any(|name| entry.path.ends_with(name));
        Ok(if fs::list(path)?.iter().all(ours) { Self::Nobody } else { Self::SomebodyElse })
    }

    fn writable(self, path: &Path) -> Result<(), PublishError> {
        match self {
            Self::Nobody | Self::Tierpress => Ok(()),
            Self::SomebodyElse => Err(PublishError::Foreign { path: path.to_owned() }),
        }
    }
}
