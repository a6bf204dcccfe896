//! The store of objects: each distinct content once, under a name made from it, never changed.
//!
//! Objects are written while pages are rendered, from many threads. An object gets its modification time after its last
//! byte, so one that has the right size and time is whole. One that has not, or that a killed build may have left, is
//! read again before it is believed.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::output::{Output, TEMPORARY};
use super::{PublishError, Stored};
use crate::digest::{Digest, Hasher, ObjectName};
use crate::fs::dir::{Dir, Entry, Status};
use crate::fs::{self, Deed, File, Kind};

/// The folder of the store.
const FOLDER: &str = "objects";
/// Files up to this size are read as a whole.
const SMALL: u64 = 1 << 20;

/// The store, open for writing.
#[derive(Debug)]
pub(super) struct Objects {
    output: Arc<Output>,
    pub(super) dir: Dir,
    /// Objects stored or checked by this build, in 256 parts so that threads seldom wait for each other.
    known: Vec<Mutex<BTreeMap<ObjectName, Known>>>,
    /// The same of encoded objects.
    encoded: Mutex<BTreeMap<String, Known>>,
    written: AtomicUsize,
    copies: AtomicU64,
}

/// What this build knows of an object that is on the disk with the right content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) size: u64,
    /// The number of its file; 0 for one that was just written, which no tree can link yet.
    pub(super) inode: u64,
}

impl Objects {
    /// Opens the store, creating its folders where they are missing.
    pub(super) fn open(output: Arc<Output>) -> Result<Self, PublishError> {
        let dir = output.make_folder(FOLDER)?;
        let there = dir.entries()?;
        for number in 0..=u8::MAX {
            let name = format!("{number:02x}");
            let found = there.binary_search_by(|entry| entry.name.as_slice().cmp(name.as_bytes()));
            match found.ok().and_then(|index| there.get(index)) {
                Some(entry) if entry.kind == Kind::Folder => continue,
                Some(entry) => {
                    output.begin()?;
                    dir.remove_entry(entry)?;
                }
                None => output.begin()?,
            }
            dir.create_folder(&name)?;
        }
        let known = (0..=u8::MAX).map(|_| Mutex::default()).collect();
        let encoded = Mutex::default();
        Ok(Self { output, dir, known, encoded, written: AtomicUsize::new(0), copies: AtomicU64::new(0) })
    }

    /// Stores some bytes, unless they are there already.
    pub(super) fn put(&self, bytes: &[u8], extension: &str) -> Result<Stored, PublishError> {
        let name = ObjectName::of(bytes, extension);
        let size = bytes.len() as u64;
        let mut part = self.part(&name);
        if !part.contains_key(&name) {
            let inode = self.store(&name, bytes)?;
            part.insert(name.clone(), Known { size, inode });
        }
        drop(part);
        Ok(Stored { name, size })
    }

    fn store(&self, name: &ObjectName, bytes: &[u8]) -> Result<u64, PublishError> {
        let path = name.as_str();
        let found = if self.output.fresh { None } else { self.dir.status(path)? };
        let right = |dir: &Dir| Ok(dir.read(path)?.is_some_and(|there| there == bytes));
        let whole = found.filter(|status| status.size == bytes.len() as u64);
        if let Some(status) = self.sound((path, name.mtime()), whole, right)? {
            return Ok(status.inode);
        }
        self.replace(path, found, (bytes, name.mtime()))?;
        Ok(0)
    }

    /// Writes a file of the store, in one step where there is one of that name.
    pub(super) fn write(&self, path: &str, bytes: &[u8], mtime: i64) -> Result<(), PublishError> {
        let found = if self.output.fresh { None } else { self.dir.status(path)? };
        self.replace(path, found, (bytes, mtime))
    }

    fn replace(&self, path: &str, found: Option<Status>, (bytes, mtime): (&[u8], i64)) -> Result<(), PublishError> {
        self.output.begin()?;
        self.written.fetch_add(1, Ordering::Relaxed);
        match found {
            None => self.dir.create_file(path, bytes, mtime)?,
            Some(status) => {
                self.clear_folder(path, &status)?;
                let temporary = self.temporary(path);
                self.dir.create_file(&temporary, bytes, mtime)?;
                self.dir.rename(&temporary, path)?;
            }
        }
        Ok(())
    }

    /// Stores a file's content. Memory does not grow with the file.
    pub(super) fn put_file(&self, path: &Path, extension: &str) -> Result<Stored, PublishError> {
        let length = fs::metadata_followed(path)?.map_or(0, |metadata| metadata.size);
        if length <= SMALL {
            return self.put(&fs::read(path)?, extension);
        }
        let read_failed = |source| fs::Error::new(Deed::Read, path, source);
        let (digest, size) = hash(&mut fs::open(path)?).map_err(read_failed)?;
        let name = ObjectName::of_digest(&digest, extension);
        let stored = Stored { name: name.clone(), size };
        if self.part(&name).contains_key(&name) {
            return Ok(stored);
        }
        let inode = match self.check(&name, size)? {
            Some(status) => status.inode,
            None => self.copy(path, &stored)?,
        };
        self.part(&name).insert(name, Known { size, inode });
        Ok(stored)
    }

    /// Copies a large file to its name by way of another one, so that no other thread has to wait.
    fn copy(&self, path: &Path, stored: &Stored) -> Result<u64, PublishError> {
        self.output.begin()?;
        let target = stored.name.as_str();
        if let Some(status) = self.dir.status(target)? {
            self.clear_folder(target, &status)?;
        }
        let temporary = self.temporary(target);
        let mut source = fs::open(path)?;
        let mut copied = None;
        self.dir.create_with(&temporary, |file| {
            let digest = copy_hashed(&mut source, file)?;
            copied = Some(digest);
            Ok(digest.mtime())
        })?;
        if copied.is_none_or(|digest| digest.to_string() != stored.name.hash()) {
            self.dir.remove_file(&temporary)?;
            return Err(PublishError::Changed { path: path.to_owned() });
        }
        self.dir.rename(&temporary, target)?;
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(0)
    }

    /// What is known of an object that the manifest names: stored by this build, or left by an earlier one and sound.
    pub(super) fn known(&self, name: &ObjectName, size: u64) -> Result<Option<Known>, PublishError> {
        if let Some(known) = self.part(name).get(name) {
            return Ok(Some(*known));
        }
        let status = self.check(name, size)?;
        Ok(status.map(|status| Known { size, inode: status.inode }))
    }

    fn check(&self, name: &ObjectName, size: u64) -> Result<Option<Status>, PublishError> {
        let path = name.as_str();
        let found = self.dir.status(path)?.filter(|status| status.size == size);
        let right = |dir: &Dir| {
            let Some(mut file) = dir.open_file(path)? else { return Ok(false) };
            let failed = |source| fs::Error::new(Deed::Read, &dir.path().join(path), source);
            let (digest, length) = hash(&mut file).map_err(failed)?;
            Ok(length == size && digest.to_string() == name.hash())
        };
        self.sound((path, name.mtime()), found, right)
    }

    /// Whether what was found is the object: by size and time where builds ended well, else by reading it. A sound file
    /// whose time was lost, as by a copy of the output, is given it again.
    pub(super) fn sound(
        &self,
        (path, mtime): (&str, i64),
        found: Option<Status>,
        right: impl FnOnce(&Dir) -> Result<bool, PublishError>,
    ) -> Result<Option<Status>, PublishError> {
        let Some(status) = found.filter(|status| status.kind == Kind::File) else { return Ok(None) };
        let timely = status.mtime == mtime;
        if timely && !self.output.interrupted {
            return Ok(Some(status));
        }
        if !right(&self.dir)? {
            return Ok(None);
        }
        if !timely {
            self.output.begin()?;
            self.dir.set_mtime(path, mtime)?;
        }
        Ok(Some(status))
    }

    /// A file can be renamed over a file, not over a folder.
    fn clear_folder(&self, path: &str, status: &Status) -> Result<(), PublishError> {
        if status.kind == Kind::Folder {
            self.dir.remove_entry(&Entry { name: path.into(), inode: status.inode, kind: status.kind })?;
        }
        Ok(())
    }

    fn temporary(&self, path: &str) -> String {
        format!("{path}.{}{TEMPORARY}", self.copies.fetch_add(1, Ordering::Relaxed))
    }

    fn part(&self, name: &ObjectName) -> MutexGuard<'_, BTreeMap<ObjectName, Known>> {
        let part = self.known.get(usize::from(name.first()));
        #[expect(clippy::expect_used, reason = "there is a part for each value of a byte")]
        part.expect("a part for each byte").lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was nothing before this build.
    pub(super) fn is_fresh(&self) -> bool {
        self.output.fresh
    }

    /// What this build knows of an encoded object.
    pub(super) fn remembered(&self, path: &str) -> Option<Known> {
        self.encoded.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    /// Remembers an encoded object.
    pub(super) fn remember(&self, path: String, known: Known) {
        self.encoded.lock().unwrap_or_else(PoisonError::into_inner).insert(path, known);
    }

    /// How many objects this build wrote.
    pub(super) fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// Removes what this build wrote, but for what `keep` wants.
    pub(super) fn undo(&self, keep: &impl Fn(&str) -> bool) -> Result<(), PublishError> {
        let encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, _) in encoded.iter().filter(|(path, known)| known.inode == 0 && !keep(path)) {
            self.dir.remove_file(path)?;
        }
        for part in &self.known {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            for (name, known) in part.iter() {
                if known.inode == 0 && !keep(name.as_str()) {
                    self.dir.remove_file(name.as_str())?;
                }
            }
        }
        Ok(())
    }

    /// Removes everything that `keep` does not want, and gives the number of files.
    pub(super) fn prune(&self, keep: &(impl Fn(&str) -> bool + Sync)) -> Result<usize, PublishError> {
        let mut removed = 0;
        for folder in self.dir.entries()? {
            let name = String::from_utf8_lossy(&folder.name).into_owned();
            let ours = folder.kind == Kind::Folder && name.len() == 2 && u8::from_str_radix(&name, 16).is_ok();
            let Some(dir) = (if ours { self.dir.folder(&name)? } else { None }) else {
                removed += self.dir.remove_entry(&folder)?;
                continue;
            };
            for entry in dir.entries()? {
                let path = format!("{name}/{}", String::from_utf8_lossy(&entry.name));
                if entry.kind == Kind::Folder || !keep(&path) {
                    removed += dir.remove_entry(&entry)?;
                }
            }
        }
        Ok(removed)
    }
}

fn hash(file: &mut File) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::default();
    let mut size = 0;
    in_pieces(file, |piece| {
        size += piece.len() as u64;
        hasher.update(piece);
        Ok(())
    })?;
    Ok((hasher.finish(), size))
}

fn copy_hashed(from: &mut File, to: &mut File) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    in_pieces(from, |piece| {
        hasher.update(piece);
        to.write_all(piece)
    })?;
    Ok(hasher.finish())
}

fn in_pieces(file: &mut File, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => each(buffer.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
