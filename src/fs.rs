//! The one door to the disk.
//!
//! The rest of the program never calls `std::fs`: an error from there does not say which file it was about. Here every
//! error names the path and what was tried. Nothing is followed, guessed or swallowed: a symlink is reported as one, and
//! an entry that cannot be read is an error, never a gap in a list.
#![expect(clippy::disallowed_methods, reason = "this module is the door that the lint sends everyone to")]

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub mod dir;

pub use std::fs::File;

/// The file by which a folder is known that a build has written.
pub const OUTPUT_MARK: &str = ".tierpress";

/// What was tried with a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Read a file or its attributes.
    Read,
    /// List a folder.
    List,
    /// Write a file.
    Write,
    /// Create a folder.
    CreateFolder,
    /// Make a hard link.
    Link,
    /// Copy a file.
    Copy,
    /// Give a file or folder its final name.
    Rename,
    /// Remove a file or folder.
    Remove,
    /// Lock a file.
    Lock,
}

/// Something the disk would not do, with the path it was about.
#[derive(Debug)]
pub struct Error {
    /// What was tried.
    pub deed: Deed,
    /// With which path.
    pub path: PathBuf,
    /// What the system answered.
    pub source: io::Error,
}

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, whatever it points to.
    Symlink,
    /// A device, a socket, a pipe.
    Other,
}

/// What is known of a path without opening it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// What stands there.
    pub kind: Kind,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last changed: seconds since 1970.
    pub mtime: i64,
    /// The fraction of that second, in nanoseconds.
    pub mtime_nanoseconds: u32,
    /// The number of the file on its file system.
    pub inode: u64,
}

/// One thing found below a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The whole path, the folder's included.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// Reads a whole file.
///
/// # Errors
/// When the file is not there or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::new(Deed::Read, path, source))
}

/// Reads a whole file that must be UTF-8.
///
/// # Errors
/// When it cannot be read, or holds something else than UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let not_utf8 = |_| Error::new(Deed::Read, path, io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"));
    String::from_utf8(read(path)?).map_err(not_utf8)
}

/// Opens a file to be read piece by piece; [`Error::new`] gives its errors their path.
///
/// # Errors
/// When the file is not there or cannot be read.
pub fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|source| Error::new(Deed::Read, path, source))
}

/// What stands at a path, a symlink itself and not what it points to; `None` where there is nothing.
///
/// # Errors
/// When the system would not say.
pub fn metadata(path: &Path) -> Result<Option<Metadata>, Error> {
    known(path, fs::symlink_metadata(path))
}

/// As [`metadata`], but of what a symlink leads to; `None` also where it leads nowhere.
///
/// # Errors
/// When the system would not say.
pub fn metadata_followed(path: &Path) -> Result<Option<Metadata>, Error> {
    known(path, fs::metadata(path))
}

/// Whether a path is a file that has other names too (hard links): what is written by one of those is written to it.
///
/// # Errors
/// When the system would not say.
pub fn has_other_names(path: &Path) -> Result<bool, Error> {
    use std::os::unix::fs::MetadataExt as _;
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_file() && metadata.nlink() > 1),
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(Error::new(Deed::Read, path, error)),
    }
}

fn known(path: &Path, answer: io::Result<fs::Metadata>) -> Result<Option<Metadata>, Error> {
    match answer {
        Ok(metadata) => Ok(Some(Metadata::from(&metadata))),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(Error::new(Deed::Read, path, error)),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether anything at all stands at a path, a broken symlink included.
///
/// # Errors
/// When the system would not say.
pub fn exists(path: &Path) -> Result<bool, Error> {
    Ok(metadata(path)?.is_some())
}

/// The absolute path with every symlink resolved.
///
/// # Errors
/// When something on the way is not there.
pub fn canonicalize(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(|source| Error::new(Deed::Read, path, source))
}

/// What a folder holds, sorted by name.
///
/// # Errors
/// When the folder, or any entry of it, cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Entry>, Error> {
    let failed = |source| Error::new(Deed::List, folder, source);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        entries.push(Entry { path: entry.path(), kind: entry.file_type().map_err(failed)?.into() });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Everything below a folder, parents before children, sorted by name in each folder. Symlinks are listed, not followed.
///
/// # Errors
/// When any folder or entry cannot be read: a part of a tree is never passed off as the whole.
pub fn walk(folder: &Path) -> Result<Vec<Entry>, Error> {
    walk_where(folder, |_| true)
}

/// As [`walk`], but leaves out entries that `keep` refuses, and all that lies below them.
///
/// # Errors
/// As [`walk`].
pub fn walk_where(folder: &Path, keep: impl Fn(&Entry) -> bool) -> Result<Vec<Entry>, Error> {
    let keep = |found: &walkdir::DirEntry| keep(&Entry::from(found));
    let mut entries = Vec::new();
    for found in walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name().into_iter().filter_entry(keep) {
        let found = found.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            Error::new(Deed::List, &path, error.into())
        })?;
        entries.push(Entry::from(&found));
    }
    Ok(entries)
}

/// Creates a folder and those above it that are missing.
///
/// # Errors
/// When one of them cannot be created, or something else stands in its place.
pub fn create_dir_all(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|source| Error::new(Deed::CreateFolder, path, source))
}

/// Creates a folder that was not there and that nobody else may look into.
///
/// # Errors
/// When it cannot be created, or something stands there.
pub fn create_private_dir(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| Error::new(Deed::CreateFolder, path, source))
}

/// Writes a whole file so that nobody ever sees a part of it: under another name in the same folder first, then renamed.
///
/// # Errors
/// When it cannot be written; what stood there before then still does, and nothing is left behind.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic_as(path, bytes, 0o666)
}

/// As [`write_atomic`], but so that nobody else on the machine may read it.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_atomic_secret(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic_as(path, bytes, 0o600)
}

fn write_atomic_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let open = File::options().write(true).create(true).truncate(true).mode(mode).open(&temporary);
    let written = open.and_then(|mut file| {
        if mode == 0o600 {
            // A remnant of that name may have been there, with other permissions.
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.write_all(bytes)
    });
    let done = written.map_err(|source| Error::new(Deed::Write, path, source)).and_then(|()| rename(&temporary, path));
    if done.is_err() {
        // The first error is the one to tell; if the remnant cannot go either, the disk has said so already.
        drop(fs::remove_file(&temporary));
    }
    done
}

/// Writes a file that is not there yet.
///
/// # Errors
/// When something stands there, or it cannot be written; no part of it is left behind then.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_new_as(path, bytes, 0o666)
}

/// As [`write_new`], but so that nobody else on the machine may read it.
///
/// # Errors
/// As [`write_new`].
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_new_as(path, bytes, 0o600)
}

fn write_new_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let failed = |source| Error::new(Deed::Write, path, source);
    let mut file = File::options().write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed);
    if written.is_err() {
        // The first error is the one to tell.
        drop(fs::remove_file(path));
    }
    written
}

/// Gives a file a second name.
///
/// # Errors
/// When the name is taken, or the file system cannot link there.
pub fn hard_link(from: &Path, to: &Path) -> Result<(), Error> {
    fs::hard_link(from, to).map_err(|source| Error::new(Deed::Link, to, source))
}

/// Copies a file's content and permissions over `to`, and gives its length.
///
/// # Errors
/// When one cannot be read or the other not written.
pub fn copy(from: &Path, to: &Path) -> Result<u64, Error> {
    fs::copy(from, to).map_err(|source| Error::new(Deed::Copy, to, source))
}

/// Moves a file or folder to another name on the same file system, in one step, over a file that stands there.
///
/// # Errors
/// When the system refuses.
pub fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::new(Deed::Rename, to, source))
}

/// Removes an empty folder.
///
/// # Errors
/// When it is not empty, not there, or the disk will not.
pub fn remove_folder(path: &Path) -> Result<(), Error> {
    fs::remove_dir(path).map_err(|source| Error::new(Deed::Remove, path, source))
}

/// Removes a folder with all that is in it; what a symbolic link leads to stays.
///
/// # Errors
/// When it is not there, or something in it may not be removed.
pub fn remove_whole_folder(path: &Path) -> Result<(), Error> {
    fs::remove_dir_all(path).map_err(|source| Error::new(Deed::Remove, path, source))
}

/// Removes a file or a symlink.
///
/// # Errors
/// When it is not there, is a folder, or may not be removed.
pub fn remove_file(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(|source| Error::new(Deed::Remove, path, source))
}

/// Sets when a file was last changed, in whole seconds since 1970.
///
/// # Errors
/// When the file is not there or not ours.
pub fn set_mtime(path: &Path, seconds: i64) -> Result<(), Error> {
    let failed = |source| Error::new(Deed::Write, path, source);
    let after = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let file = File::options().write(true).open(path).map_err(failed)?;
    file.set_modified(std::time::UNIX_EPOCH + after).map_err(failed)
}

impl Error {
    /// An error with the path it is about.
    #[must_use]
    pub fn new(deed: Deed, path: &Path, source: io::Error) -> Self {
        Self { deed, path: path.to_owned(), source }
    }

    /// The system's answer in our message grammar: lower case, without its number.
    #[must_use]
    pub fn cause(&self) -> String {
        let text = self.source.to_string();
        let text = text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words);
        let mut characters = text.chars();
        characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
    }

    /// Whether there was nothing at the path.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        is_absence(&self.source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = match self.deed {
            Deed::Read => "read",
            Deed::List => "list",
            Deed::Write => "write",
            Deed::CreateFolder => "create the folder",
            Deed::Link => "link",
            Deed::Copy => "copy to",
            Deed::Rename => "rename to",
            Deed::Remove => "remove",
            Deed::Lock => "lock",
        };
        write!(f, "cannot {deed} `{}`: {}", self.path.display(), self.cause())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Symlink
        } else {
            Self::Other
        }
    }
}

impl From<&fs::Metadata> for Metadata {
    fn from(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            kind: metadata.file_type().into(),
            size: metadata.len(),
            mtime: metadata.mtime(),
            mtime_nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
            inode: metadata.ino(),
        }
    }
}

impl From<&walkdir::DirEntry> for Entry {
    fn from(found: &walkdir::DirEntry) -> Self {
        Self { path: found.path().to_owned(), kind: found.file_type().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path_and_the_deed() {
        let error = read(Path::new("no/such/file")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no/such/file`: no such file or directory");
        assert!(error.is_absence());
    }

    #[test]
    fn text_must_be_utf8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"\xff\xfe").unwrap();
        assert!(read_text(&path).unwrap_err().to_string().ends_with("a`: it is not UTF-8 text"));
    }

    #[test]
    fn a_failed_write_leaves_what_stood_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        create_dir_all(&path.join("inside")).unwrap();
        assert!(write_atomic(&path, b"x").is_err());
        let found: Vec<_> = walk(folder.path()).unwrap().into_iter().map(|entry| entry.kind).collect();
        assert_eq!(found, [Kind::Folder, Kind::Folder]);
    }

    #[test]
    fn walks_are_sorted_and_follow_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        create_dir_all(&root.join("b/c")).unwrap();
        write_atomic(&root.join("b/c/x"), b"").unwrap();
        write_atomic(&root.join("a"), b"").unwrap();
        std::os::unix::fs::symlink(root, root.join("z")).unwrap();
        let name = |entry: &Entry| entry.path.strip_prefix(root).unwrap().display().to_string();
        let names: Vec<_> = walk(root).unwrap().iter().map(name).collect();
        assert_eq!(names, ["a", "b", "b/c", "b/c/x", "z"]);
        assert_eq!(metadata(&root.join("z")).unwrap().unwrap().kind, Kind::Symlink);
        assert!(!exists(&root.join("a/below")).unwrap());
    }
}
