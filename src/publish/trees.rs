//! Trees: the site laid out as files, once for each kind of reader.
//!
//! A tree is made of folders, not of bytes: its files are further names of objects. An existing tree is read once and only
//! what differs is touched, each file in one step; what no longer belongs there is removed when all trees are written.
//!
//! The encodings of a file come after it and go before it: servers look for them by its name, so one that stood beside
//! another content for an instant would give that content's readers what is not theirs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::encode::encoded_name;
use super::layout::{Layout, Level, Object, Placed, Route};
use super::objects::Objects;
use super::output::{Output, TEMPORARY};
use super::{LinkMode, PublishError, Tree};
use crate::fs::dir::{Dir, Entry};
use crate::fs::{self, Deed, Kind};
use crate::manifest::Encoding;

/// A folder with fewer routes below it is written by one thread.
const WORTH_SHARING: usize = 256;
/// A new folder with up to so many files, and no folders, is filled without being opened.
const FEW: usize = 4;

/// The writer of all trees.
#[derive(Debug)]
pub(super) struct Trees<'a> {
    output: &'a Output,
    store: &'a Objects,
    layout: &'a Layout<'a>,
    link: LinkMode,
    /// Whether an equal copy stays: it was wanted, or could not be a link when the last build made it.
    keep_copies: bool,
    strays: Mutex<Vec<Stray>>,
    made: AtomicUsize,
    copied: AtomicBool,
}

/// Something in a tree that does not belong there.
#[derive(Debug)]
struct Stray {
    folder: PathBuf,
    entry: Entry,
}

/// What stands in a folder of a tree, and what of that belongs there.
struct There {
    entries: Vec<Entry>,
    belongs: Vec<bool>,
}

impl There {
    fn new(entries: Vec<Entry>) -> Self {
        Self { belongs: vec![false; entries.len()], entries }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.name.as_slice().cmp(name.as_bytes())).ok()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.get(self.index(name)?)
    }

    /// Notes that what has this name, if anything does, is not a stray.
    fn mark(&mut self, name: &str) {
        let index = self.index(name);
        index.and_then(|index| self.belongs.get_mut(index)).into_iter().for_each(|belongs| *belongs = true);
    }

    fn unmarked(self) -> impl Iterator<Item = Entry> {
        self.entries.into_iter().zip(self.belongs).filter(|(_, belongs)| !belongs).map(|(entry, _)| entry)
    }
}

/// Where the writer is: in which tree, in which folder, how long that folder's path is in the routes.
#[derive(Clone, Copy)]
struct Place<'p> {
    tree: &'p Tree,
    dir: &'p Dir,
    length: usize,
}

impl<'a> Trees<'a> {
    pub(super) fn new(output: &'a Output, store: &'a Objects, layout: &'a Layout<'a>, link: LinkMode) -> Self {
        let keep_copies = link == LinkMode::Copy || output.marker.links_failed();
        let (strays, made, copied) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        Self { output, store, layout, link, keep_copies, strays, made, copied }
    }

    /// Brings every tree up to date, and notes what must go.
    pub(super) fn write(&self) -> Result<(), PublishError> {
        // Folders that trees share are made first, so that no two threads make them.
        for group in ["tiers", "bundles"] {
            let wanted = |tree: &Tree| tree.folder.split_once('/').is_some_and(|(first, _)| first == group);
            if self.layout.trees.iter().any(wanted) && self.output.root.folder(group)?.is_none() {
                self.output.begin()?;
                self.output.root.create_folder(group)?;
            }
        }
        self.layout.trees.par_iter().try_for_each(|tree| self.write_tree(tree))?;
        self.find_stray_trees()
    }

    fn write_tree(&self, tree: &Tree) -> Result<(), PublishError> {
        let level = self.layout.top(tree);
        let root = &self.output.root;
        if let Some(dir) = root.folder(&tree.folder)? {
            return self.update(Place { tree, dir: &dir, length: 1 }, &level);
        }
        self.output.begin()?;
        root.create_folder(&tree.folder)?;
        self.fill(Place { tree, dir: &self.reopen(root, &tree.folder)?, length: 1 }, &level)
    }

    /// Fills an empty folder.
    fn fill(&self, place: Place<'_>, level: &Level<'_, '_>) -> Result<(), PublishError> {
        level.files.iter().try_for_each(|file| self.put_with_encodings(place.dir, "", file))?;
        self.each_folder(level, |(name, routes)| self.create(place, name, routes))
    }

    /// Makes a folder that is not there.
    fn create(&self, place: Place<'_>, name: &str, routes: &[Route<'_>]) -> Result<(), PublishError> {
        let Place { tree, dir, length } = place;
        let length = length + name.len() + 1;
        let level = self.layout.level(tree, routes, length);
        self.output.begin()?;
        dir.create_folder(name)?;
        if level.folders.is_empty() && level.files.len() <= FEW {
            let folder = format!("{name}/");
            return level.files.iter().try_for_each(|file| self.put_with_encodings(dir, &folder, file));
        }
        self.fill(Place { tree, dir: &self.reopen(dir, name)?, length }, &level)
    }

    /// Compares a folder with what it is to hold, and touches only what differs.
    fn update(&self, place: Place<'_>, level: &Level<'_, '_>) -> Result<(), PublishError> {
        let mut there = There::new(self.entries_without_remnants(place.dir)?);
        for file in &level.files {
            self.update_file(place.dir, &mut there, (level, file))?;
        }
        for (name, _) in &level.folders {
            there.mark(name);
            if there.find(name).is_some_and(|entry| entry.kind != Kind::Folder) {
                self.remove_encodings(place.dir, &mut there, (level, name))?;
            }
        }
        self.each_folder(level, |(name, routes)| match there.find(name) {
            None => self.create(place, name, routes),
            Some(entry) => self.update_folder(place, entry, (name, routes)),
        })?;
        let folder = place.dir.path();
        let strays = there.unmarked().map(|entry| Stray { folder: folder.to_owned(), entry });
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).extend(strays);
        Ok(())
    }

    /// Brings a file and its encodings up to date. While the file itself changes, no encoding stands beside it.
    fn update_file(
        &self,
        dir: &Dir,
        there: &mut There,
        (level, file): (&Level<'_, '_>, &Placed<'_, '_>),
    ) -> Result<(), PublishError> {
        let Placed { name, object, encoded } = *file;
        let entry = there.find(name).cloned();
        there.mark(name);
        if let Some(entry) = &entry
            && self.stays(dir, entry, (name, object))?
        {
            return self.update_encodings(dir, there, (name, encoded));
        }
        self.remove_encodings(dir, there, (level, name))?;
        match entry {
            Some(entry) => self.replace(dir, &entry, (name, object))?,
            None => self.put(dir, name, object)?,
        }
        self.put_encodings(dir, "", file)
    }

    /// Removes what stands beside a file that is about to change or go, but for what is there in its own right.
    fn remove_encodings(
        &self,
        dir: &Dir,
        there: &mut There,
        (level, name): (&Level<'_, '_>, &str),
    ) -> Result<(), PublishError> {
        for encoding in [Encoding::Br, Encoding::Gzip] {
            let beside = encoded_name(name, encoding);
            // Looked for first, because it is hardly ever there, and a level is long.
            if let Some(entry) = there.find(&beside)
                && !level.holds(&beside)
            {
                self.output.begin()?;
                dir.remove_entry(entry)?;
                there.mark(&beside);
            }
        }
        Ok(())
    }

    fn update_encodings(
        &self,
        dir: &Dir,
        there: &mut There,
        (name, encoded): (&str, &[Object<'_>]),
    ) -> Result<(), PublishError> {
        for object in encoded {
            let Some(encoding) = object.encoding else { continue };
            let name = encoded_name(name, encoding);
            there.mark(&name);
            match there.find(&name) {
                None => self.put(dir, &name, object)?,
                Some(entry) if self.stays(dir, entry, (&name, object))? => {}
                Some(entry) => self.replace(dir, entry, (&name, object))?,
            }
        }
        Ok(())
    }

    fn update_folder(
        &self,
        place: Place<'_>,
        entry: &Entry,
        (name, routes): (&str, &[Route<'_>]),
    ) -> Result<(), PublishError> {
        let Place { tree, dir, length } = place;
        if matches!(entry.kind, Kind::Folder | Kind::Other)
            && let Ok(Some(folder)) = dir.folder(name)
        {
            let length = length + name.len() + 1;
            return self.update(Place { tree, dir: &folder, length }, &self.layout.level(tree, routes, length));
        }
        self.output.begin()?;
        dir.remove_entry(entry)?;
        self.create(place, name, routes)
    }

    /// Whether a file is the object that it should be.
    fn stays(&self, dir: &Dir, entry: &Entry, (name, object): (&str, &Object<'_>)) -> Result<bool, PublishError> {
        if self.link == LinkMode::Hard && object.inode != 0 && entry.inode == object.inode {
            object.count_link();
            return Ok(true);
        }
        let status = dir.status(name)?.filter(|status| status.kind == Kind::File);
        // Some file systems number their entries otherwise than their files.
        let linked = status.is_some_and(|status| status.inode == object.inode);
        if linked && self.link == LinkMode::Hard {
            object.count_link();
            return Ok(true);
        }
        let equal = status.is_some_and(|status| (status.size, status.mtime) == (object.size, object.mtime));
        let stays = equal && !linked && self.keep_copies;
        if stays {
            self.copied.store(true, Ordering::Relaxed);
        }
        Ok(stays)
    }

    /// Puts an object in the place of what has its name.
    fn replace(&self, dir: &Dir, entry: &Entry, (name, object): (&str, &Object<'_>)) -> Result<(), PublishError> {
        self.output.begin()?;
        if entry.kind == Kind::Folder {
            dir.remove_entry(entry)?;
            return self.put(dir, name, object);
        }
        self.put(dir, TEMPORARY, object)?;
        Ok(dir.rename(TEMPORARY, name)?)
    }

    /// Puts a new file, then its encodings.
    fn put_with_encodings(&self, dir: &Dir, folder: &str, file: &Placed<'_, '_>) -> Result<(), PublishError> {
        self.put(dir, &format!("{folder}{}", file.name), file.object)?;
        self.put_encodings(dir, folder, file)
    }

    fn put_encodings(&self, dir: &Dir, folder: &str, file: &Placed<'_, '_>) -> Result<(), PublishError> {
        for object in file.encoded {
            let Some(encoding) = object.encoding else { continue };
            self.put(dir, &format!("{folder}{}", encoded_name(file.name, encoding)), object)?;
        }
        Ok(())
    }

    /// Gives an object a name in a tree that is not taken.
    fn put(&self, dir: &Dir, name: &str, object: &Object<'_>) -> Result<(), PublishError> {
        self.output.begin()?;
        self.made.fetch_add(1, Ordering::Relaxed);
        let from = &self.store.dir;
        if self.link == LinkMode::Hard && dir.link(from, &object.name, name)? {
            object.count_link();
            return Ok(());
        }
        self.copied.store(true, Ordering::Relaxed);
        let missing = || PublishError::MissingObject { name: object.name.clone().into_owned() };
        let mut source = from.open_file(&object.name)?.ok_or_else(missing)?;
        Ok(dir.create_with(name, |file| std::io::copy(&mut source, file).map(|_| object.mtime))?)
    }

    /// What a folder holds, without the file that a killed build was about to rename.
    fn entries_without_remnants(&self, dir: &Dir) -> Result<Vec<Entry>, PublishError> {
        let mut entries = dir.entries()?;
        if let Some(index) = entries.iter().position(|entry| entry.name == TEMPORARY.as_bytes()) {
            self.output.begin()?;
            dir.remove_entry(&entries.remove(index))?;
        }
        Ok(entries)
    }

    fn each_folder<'b, 'c>(
        &self,
        level: &Level<'b, 'c>,
        each: impl Fn((&'b str, &'c [Route<'b>])) -> Result<(), PublishError> + Send + Sync,
    ) -> Result<(), PublishError> {
        let routes: usize = level.folders.iter().map(|(_, routes)| routes.len()).sum();
        if routes < WORTH_SHARING {
            return level.folders.iter().copied().try_for_each(each);
        }
        level.folders.par_iter().copied().try_for_each(each)
    }

    fn reopen(&self, dir: &Dir, name: &str) -> Result<Dir, PublishError> {
        let gone = || {
            let source = std::io::ErrorKind::NotFound.into();
            fs::Error::new(Deed::CreateFolder, &dir.path().join(name), source)
        };
        Ok(dir.folder(name)?.ok_or_else(gone)?)
    }

    /// Trees of tiers and bundles that are no more.
    fn find_stray_trees(&self) -> Result<(), PublishError> {
        let root = &self.output.root;
        let wanted = |folder: &str| self.layout.trees.iter().any(|tree| tree.folder == folder);
        let mut strays = Vec::new();
        for entry in root.entries()? {
            match entry.name.as_slice() {
                b"public" if !wanted("public") => strays.push(Stray { folder: root.path().to_owned(), entry }),
                b"tiers" | b"bundles" => {
                    let group = String::from_utf8_lossy(&entry.name).into_owned();
                    let dir = self.reopen(root, &group)?;
                    let mut entries = dir.entries()?;
                    let all = entries.len();
                    entries.retain(|entry| !wanted(&format!("{group}/{}", String::from_utf8_lossy(&entry.name))));
                    if entries.len() == all {
                        strays.push(Stray { folder: root.path().to_owned(), entry });
                    } else {
                        let folder = dir.path();
                        strays.extend(entries.into_iter().map(|entry| Stray { folder: folder.to_owned(), entry }));
                    }
                }
                _ => {}
            }
        }
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).extend(strays);
        Ok(())
    }

    /// Removes what [`Trees::write`] found not to belong, and gives the number of files.
    pub(super) fn remove_strays(&self) -> Result<usize, PublishError> {
        let mut strays = std::mem::take(&mut *self.strays.lock().unwrap_or_else(PoisonError::into_inner));
        // From the last name to the first, so that the encodings of a file go before it.
        strays.sort_unstable_by(|a, b| (&b.folder, &b.entry.name).cmp(&(&a.folder, &a.entry.name)));
        let mut removed = 0;
        for group in strays.chunk_by(|a, b| a.folder == b.folder) {
            let Some(first) = group.first() else { continue };
            self.output.begin()?;
            let dir = Dir::open(&first.folder, self.output.root.fuse())?;
            for stray in group {
                removed += dir.remove_entry(&stray.entry)?;
            }
        }
        Ok(removed)
    }

    /// Whether nothing was found that does not belong.
    pub(super) fn found_no_strays(&self) -> bool {
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// How many files were given a place in a tree.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether any file of the trees is a copy.
    pub(super) fn has_copies(&self) -> bool {
        self.copied.load(Ordering::Relaxed)
    }
}
