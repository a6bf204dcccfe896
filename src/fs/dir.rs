//! An open folder, in which names are looked up without going through the whole path again.
//!
//! Publishing touches a hundred thousand names; each is one system call relative to an open folder. A name here is one
//! relative path that the caller has checked: nothing in this module follows a symlink out of the folder by itself, for
//! folders are opened and files are created without following any.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::{Deed, Error, File, Kind};

/// An open folder. Every change made through it, and through folders opened from it, burns its [`Fuse`].
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
    fuse: Fuse,
}

/// Stops all changes after so many: how tests see a build killed at any moment. The default one never does.
#[derive(Clone, Default, Debug)]
pub struct Fuse(Option<Arc<AtomicUsize>>);

/// What a folder holds under one name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The name as the disk has it.
    pub name: Vec<u8>,
    /// The number of the file, 0 where the file system does not say.
    pub inode: u64,
    /// What it is; [`Kind::Other`] also where the file system does not say.
    pub kind: Kind,
}

/// What is known of one name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// What it is.
    pub kind: Kind,
    /// The number of the file on its file system.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last changed: seconds since 1970.
    pub mtime: i64,
    /// How many names it has.
    pub links: u64,
}

/// A lock that is held as long as this lives, and that the system takes back when the process dies.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, never used: closing it gives the lock back")] OwnedFd);

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o777);

impl Dir {
    /// Opens a folder by its path; a symlink to one is followed, here only.
    ///
    /// # Errors
    /// When it is not there or is no folder.
    pub fn open(path: &Path, fuse: Fuse) -> Result<Self, Error> {
        let fd = rustix::fs::openat(CWD, path, FOLDER, Mode::empty())
            .map_err(|errno| Error::new(Deed::List, path, errno.into()))?;
        Ok(Self { fd, path: path.to_owned(), fuse })
    }

    /// The path by which it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The fuse that changes made through it burn.
    #[must_use]
    pub fn fuse(&self) -> Fuse {
        self.fuse.clone()
    }

    /// Opens a folder inside; `None` where nothing has that name.
    ///
    /// # Errors
    /// When something else, a symlink too, stands there, or it cannot be opened.
    pub fn folder(&self, name: &str) -> Result<Option<Self>, Error> {
        match rustix::fs::openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path: self.path.join(name), fuse: self.fuse.clone() })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.error(Deed::List, name, errno)),
        }
    }

    /// Creates a folder inside; whether it was missing.
    ///
    /// # Errors
    /// When the disk will not.
    pub fn create_folder(&self, name: &str) -> Result<bool, Error> {
        self.fuse.burn().map_err(|errno| self.error(Deed::CreateFolder, name, errno))?;
        match rustix::fs::mkdirat(&self.fd, name, FOLDER_MODE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(self.error(Deed::CreateFolder, name, errno)),
        }
    }

    /// Everything inside, sorted by name.
    ///
    /// # Errors
    /// When it cannot be read to its end.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        self.each_entry(|name, inode, found| {
            if name != b"." && name != b".." {
                entries.push(Entry { name: name.to_owned(), inode, kind: kind(found) });
            }
        })
        .map_err(|errno| Error::new(Deed::List, &self.path, errno.into()))?;
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Most folders have few entries: here one is read without being opened a second time.
    #[cfg(target_os = "linux")]
    fn each_entry(&self, mut each: impl FnMut(&[u8], u64, FileType)) -> Result<(), Errno> {
        rustix::fs::seek(&self.fd, rustix::fs::SeekFrom::Start(0))?;
        let mut buffer = [std::mem::MaybeUninit::uninit(); 8 << 10];
        let mut entries = rustix::fs::RawDir::new(&self.fd, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            each(entry.file_name().to_bytes(), entry.ino(), entry.file_type());
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn each_entry(&self, mut each: impl FnMut(&[u8], u64, FileType)) -> Result<(), Errno> {
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            each(entry.file_name().to_bytes(), entry.ino(), entry.file_type());
        }
        Ok(())
    }

    /// What stands under a name, a symlink itself; `None` where nothing does.
    ///
    /// # Errors
    /// When the disk will not say.
    #[allow(clippy::unnecessary_cast, reason = "the width of these fields differs between systems")]
    pub fn status(&self, name: &str) -> Result<Option<Status>, Error> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Status {
                kind: kind(FileType::from_raw_mode(stat.st_mode)),
                inode: stat.st_ino as u64,
                size: stat.st_size as u64,
                mtime: stat.st_mtime as i64,
                links: stat.st_nlink as u64,
            })),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(self.error(Deed::Read, name, errno)),
        }
    }

    /// Reads a whole file; `None` where nothing has that name.
    ///
    /// # Errors
    /// When it is no file, is a symlink, or cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(mut file) = self.open_file(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.failure(Deed::Read, name, error))?;
        Ok(Some(bytes))
    }

    /// Opens a file to be read piece by piece; `None` where nothing has that name.
    ///
    /// # Errors
    /// When it is a symlink or cannot be read.
    pub fn open_file(&self, name: &str) -> Result<Option<File>, Error> {
        match rustix::fs::openat(&self.fd, name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
            Ok(fd) => Ok(Some(fd.into())),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.error(Deed::Read, name, errno)),
        }
    }

    /// Writes a new file with its modification time; nothing may have its name yet. The time is set last, so that a file
    /// with the right one is known to be whole.
    ///
    /// # Errors
    /// When the name is taken or the disk will not; no part of it is left then.
    pub fn create_file(&self, name: &str, bytes: &[u8], mtime: i64) -> Result<(), Error> {
        self.create_with(name, |file| {
            let Err(errno) = self.fuse.burn() else { return file.write_all(bytes).map(|()| mtime) };
            // A kill may come in the middle of a write, so a burnt fuse does too.
            file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            Err(errno.into())
        })
    }

    /// As [`Dir::create_file`], for content that comes piece by piece; `write` gives the modification time.
    ///
    /// # Errors
    /// When the name is taken, or `write` or the disk fails; no part of it is left then.
    pub fn create_with(&self, name: &str, write: impl FnOnce(&mut File) -> io::Result<i64>) -> Result<(), Error> {
        self.fuse.burn().map_err(|errno| self.error(Deed::Write, name, errno))?;
        let fd = rustix::fs::openat(&self.fd, name, NEW_FILE, FILE_MODE)
            .map_err(|errno| self.error(Deed::Write, name, errno))?;
        let mut file = File::from(fd);
        let written = write(&mut file).and_then(|mtime| Ok(rustix::fs::futimens(&file, &times(mtime))?));
        written.map_err(|error| {
            // The first error is the one to tell: a remnant that cannot go either is pruned by the next build.
            drop(self.remove_file(name));
            self.failure(Deed::Write, name, error)
        })
    }

    /// Gives a file of another folder a name here; whether that could be done. `false` means that this file system, or
    /// this file, takes no further links.
    ///
    /// # Errors
    /// When the name is taken or the disk will not for another reason.
    pub fn link(&self, from: &Self, original: &str, name: &str) -> Result<bool, Error> {
        self.fuse.burn().map_err(|errno| self.error(Deed::Link, name, errno))?;
        match rustix::fs::linkat(&from.fd, original, &self.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::XDEV | Errno::PERM | Errno::MLINK | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
            Err(errno) => Err(self.error(Deed::Link, name, errno)),
        }
    }

    /// Gives a file its final name, in one step, over a file that stands there.
    ///
    /// # Errors
    /// When the disk will not.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        self.fuse.burn().map_err(|errno| self.error(Deed::Rename, to, errno))?;
        rustix::fs::renameat(&self.fd, from, &self.fd, to).map_err(|errno| self.error(Deed::Rename, to, errno))
    }

    /// Sets when a file was last changed.
    ///
    /// # Errors
    /// When it is not there or not ours.
    pub fn set_mtime(&self, name: &str, mtime: i64) -> Result<(), Error> {
        self.fuse.burn().map_err(|errno| self.error(Deed::Write, name, errno))?;
        rustix::fs::utimensat(&self.fd, name, &times(mtime), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| self.error(Deed::Write, name, errno))
    }

    /// Removes a file or a symlink.
    ///
    /// # Errors
    /// When it is not there or the disk will not.
    pub fn remove_file(&self, name: &str) -> Result<(), Error> {
        self.remove(Path::new(name), AtFlags::empty())
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When it is not empty, not there, or the disk will not.
    pub fn remove_folder(&self, name: &str) -> Result<(), Error> {
        self.remove(Path::new(name), AtFlags::REMOVEDIR)
    }

    /// Removes whatever an entry of this folder is, with all that lies below it, and gives the number of files. A symlink
    /// goes itself; what it leads to is not touched.
    ///
    /// # Errors
    /// When any of it cannot be read or removed.
    pub fn remove_entry(&self, entry: &Entry) -> Result<usize, Error> {
        let name = Path::new(std::ffi::OsStr::from_bytes(&entry.name));
        if entry.kind != Kind::Folder {
            match self.remove(name, AtFlags::empty()) {
                Ok(()) => return Ok(1),
                // Where the file system does not say what an entry is, unlinking finds out.
                Err(error) if error.source.kind() == io::ErrorKind::IsADirectory => {}
                Err(error) => return Err(error),
            }
        }
        let fd = rustix::fs::openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())
            .map_err(|errno| Error::new(Deed::Remove, &self.path.join(name), errno.into()))?;
        let folder = Self { fd, path: self.path.join(name), fuse: self.fuse.clone() };
        let mut removed = 0;
        // From the last name to the first: `index.html.gz` may not outlive the `index.html` that it stands for.
        for entry in folder.entries()?.iter().rev() {
            removed += folder.remove_entry(entry)?;
        }
        self.remove(name, AtFlags::REMOVEDIR)?;
        Ok(removed)
    }

    fn remove(&self, name: &Path, flags: AtFlags) -> Result<(), Error> {
        let failed = |errno: Errno| Error::new(Deed::Remove, &self.path.join(name), errno.into());
        self.fuse.burn().map_err(failed)?;
        rustix::fs::unlinkat(&self.fd, name, flags).map_err(failed)
    }

    /// Locks a file inside, creating it where it is missing; `None` where another process holds the lock.
    ///
    /// # Errors
    /// When the file cannot be opened or the file system has no locks.
    pub fn lock(&self, name: &str) -> Result<Option<Lock>, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, FILE_MODE)
            .map_err(|errno| self.error(Deed::Lock, name, errno))?;
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            // Who held it may have removed the file since: then this is a lock on nothing.
            Ok(()) => {
                let held = rustix::fs::fstat(&fd).map_err(|errno| self.error(Deed::Lock, name, errno))?;
                let there = self.status(name)?.is_some_and(|status| status.inode == held.st_ino);
                Ok(there.then_some(Lock(fd)))
            }
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(self.error(Deed::Lock, name, errno)),
        }
    }

    fn error(&self, deed: Deed, name: &str, errno: Errno) -> Error {
        self.failure(deed, name, errno.into())
    }

    fn failure(&self, deed: Deed, name: &str, source: io::Error) -> Error {
        Error::new(deed, &self.path.join(name), source)
    }
}

impl Fuse {
    /// A fuse that lets so many changes through and refuses all later ones.
    #[must_use]
    pub fn after(changes: usize) -> Self {
        Self(Some(Arc::new(AtomicUsize::new(changes))))
    }

    /// Whether it lets no change through any more.
    #[must_use]
    pub fn is_burnt(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }

    fn burn(&self) -> Result<(), Errno> {
        let Some(left) = &self.0 else { return Ok(()) };
        let burn = |left: usize| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, burn).map(|_| ()).map_err(|_| Errno::INTR)
    }
}

fn times(mtime: i64) -> Timestamps {
    let time = Timespec { tv_sec: mtime, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

fn kind(kind: FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Other
    }
}
