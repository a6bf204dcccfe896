//! What the trees are made of, checked before anything is changed: every object of the manifest once, every route with
//! its objects by number, and no path that could leave its tree or stand for a file and a folder at once.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::encode::encoded_name;
use super::objects::Objects;
use super::output::TEMPORARY;
use super::{PublishError, Tree, state};
use crate::digest::ObjectName;
use crate::manifest::{self, Encoding, Manifest};

/// What file systems take as a name, in bytes.
const LONGEST_NAME: usize = 255;
/// The file that answers for a folder.
const INDEX: &str = "index.html";
/// The file that plain hosts show for what is not there.
const NOT_FOUND: &str = "404.html";

/// The trees to write, with everything they name looked up.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    /// By name, each followed by its encodings.
    pub(super) objects: Vec<Object<'a>>,
    pub(super) routes: Vec<Route<'a>>,
    pub(super) trees: &'a [Tree],
    not_found: u32,
}

/// An object of the manifest, or an encoded one, known to be on the disk.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) encoding: Option<Encoding>,
    pub(super) size: u64,
    pub(super) mtime: i64,
    /// The number of its file; 0 for one that was just written, which no tree can link yet.
    pub(super) inode: u64,
    /// In how many places of the trees it stands as a hard link.
    links: AtomicU64,
}

/// A path of the site with the objects of its variants, by their numbers in [`Layout::objects`].
#[derive(Debug)]
pub(super) struct Route<'a> {
    pub(super) path: &'a str,
    policy: usize,
    objects: Box<[u32]>,
}

/// What one folder of a tree is to hold.
#[derive(Debug, Default)]
pub(super) struct Level<'a, 'b> {
    pub(super) files: Vec<Placed<'a, 'b>>,
    pub(super) folders: Vec<(&'a str, &'b [Route<'a>])>,
}

/// A file of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a, 'b> {
    pub(super) name: &'a str,
    pub(super) object: &'b Object<'a>,
    /// Its encodings that stand beside it.
    pub(super) encoded: &'b [Object<'a>],
}

impl Level<'_, '_> {
    /// Whether a route of this tree has this name here.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name) || self.folders.iter().any(|(folder, _)| *folder == name)
    }
}

impl<'a> Layout<'a> {
    /// Looks everything up.
    ///
    /// # Errors
    /// When an object is missing or not what its name says, a path cannot be a file below a tree, two paths would be one
    /// file, or a tree asks for a variant that is not there.
    pub(super) fn new(manifest: &'a Manifest, trees: &'a [Tree], store: &Objects) -> Result<Self, PublishError> {
        let named: Vec<_> = manifest.objects.iter().collect();
        let with_encodings = |(name, object): &(&'a ObjectName, &'a manifest::Object)| {
            let (name, size) = (*name, object.size);
            let encodings =
                object.encodings.iter().map(move |encoding| Object::encoded(store, (name, size), *encoding));
            std::iter::once(Object::plain(store, name, size)).chain(encodings)
        };
        let objects: Result<Vec<_>, PublishError> = named.par_iter().flat_map_iter(with_encodings).collect();
        let objects = objects?;
        let number = |name: &ObjectName| {
            let found = objects.binary_search_by(|object| object.name.as_ref().cmp(name.as_str())).ok();
            let number = found.and_then(|index| u32::try_from(index).ok());
            number.ok_or_else(|| PublishError::MissingObject { name: name.to_string() })
        };
        let not_found = number(&manifest.pages.not_found)?;
        let mut routes = Vec::with_capacity(manifest.routes.len());
        for (path, route) in &manifest.routes {
            check_path(path)?;
            let objects = route.objects.iter().map(number).collect::<Result<_, _>>()?;
            routes.push(Route { path, policy: route.policy, objects });
        }
        let layout = Self { objects, routes, trees, not_found };
        layout.check_conflicts()?;
        layout.check_trees()?;
        Ok(layout)
    }

    /// Two routes that would need one name for different files, or for a file and a folder. Routes are sorted, so what
    /// begins with a path stands together.
    fn check_conflicts(&self) -> Result<(), PublishError> {
        let conflict = |first: &str, second: &str| {
            Err(PublishError::Conflict { first: first.to_owned(), second: second.to_owned() })
        };
        for route in &self.routes {
            if route.path.ends_with('/') {
                let index = format!("{}{INDEX}", route.path);
                if let Some(file) = self.starting_with(&index) {
                    return conflict(route.path, file);
                }
            } else if let Some(below) = self.starting_with(&format!("{}/", route.path)) {
                return conflict(route.path, below);
            }
        }
        let page = format!("/{NOT_FOUND}");
        match self.starting_with(&page).or_else(|| self.starting_with(&format!("{page}/"))) {
            Some(route) if self.trees.iter().any(|tree| tree.not_found) => conflict(&page, route),
            Some(_) | None => Ok(()),
        }
    }

    /// The first route that is this path or, where the path is a folder, lies in it.
    fn starting_with(&self, path: &str) -> Option<&'a str> {
        let first = self.routes.partition_point(|route| route.path < path);
        let found = self.routes.get(first)?.path;
        let rest = found.strip_prefix(path)?;
        (rest.is_empty() || rest.starts_with('/') || path.ends_with('/')).then_some(found)
    }

    fn check_trees(&self) -> Result<(), PublishError> {
        for (index, tree) in self.trees.iter().enumerate() {
            let folder = || tree.folder.clone();
            let earlier = self.trees.iter().take(index).any(|other| other.folder == tree.folder);
            if earlier || !is_tree_folder(&tree.folder) || tree.beyond.is_some_and(|other| other >= self.trees.len()) {
                return Err(PublishError::Tree { folder: folder() });
            }
            for route in &self.routes {
                let right = match tree.choice.get(route.policy) {
                    Some(Some(variant)) => *variant < route.objects.len(),
                    Some(None) => true,
                    None => false,
                };
                if !right {
                    return Err(PublishError::Choice { folder: folder(), path: route.path.to_owned() });
                }
            }
        }
        Ok(())
    }

    /// What the topmost folder of a tree is to hold.
    pub(super) fn top<'b>(&'b self, tree: &Tree) -> Level<'a, 'b> {
        let mut level = self.level(tree, &self.routes, 1);
        let beyond = tree.beyond.and_then(|other| self.trees.get(other)).is_some_and(|other| other.not_found);
        if tree.not_found && !beyond {
            level.files.extend(self.placed(tree, self.not_found, NOT_FOUND, "/"));
        }
        level
    }

    /// What a folder of a tree is to hold: `routes` are all that begin with its path, which is `length` bytes long.
    pub(super) fn level<'b>(&'b self, tree: &Tree, routes: &'b [Route<'a>], length: usize) -> Level<'a, 'b> {
        let mut level = Level::default();
        let mut rest = routes;
        while let Some((route, others)) = rest.split_first() {
            let below = route.path.get(length..).unwrap_or_default();
            let Some((folder, _)) = below.split_once('/') else {
                let name = if below.is_empty() { INDEX } else { below };
                let folder = route.path.get(..length).unwrap_or_default();
                let chosen = self.chosen(tree, route);
                level.files.extend(chosen.and_then(|number| self.placed(tree, number, name, folder)));
                rest = others;
                continue;
            };
            let prefix = route.path.get(..=length + folder.len()).unwrap_or_default();
            let (group, others) = rest.split_at(rest.partition_point(|route| route.path.starts_with(prefix)));
            if group.iter().any(|route| self.chosen(tree, route).is_some()) {
                level.folders.push((folder, group));
            }
            rest = others;
        }
        level
    }

    /// A file of a tree, given the path of its folder. Encodings that would stand where a route is, in whatever tree, are
    /// left out.
    fn placed<'b>(&'b self, tree: &Tree, number: u32, name: &'a str, folder: &str) -> Option<Placed<'a, 'b>> {
        let (object, others) = self.objects.get(usize::try_from(number).ok()?..)?.split_first()?;
        let count = others.iter().take_while(|other| other.encoding.is_some()).count();
        let encoded = others.get(..count).filter(|_| tree.encoded).unwrap_or_default();
        let taken = encoded.iter().filter_map(|other| other.encoding).any(|encoding| {
            let encoded = encoded_name(name, encoding);
            let path = format!("{folder}{encoded}");
            encoded.len() > LONGEST_NAME
                || self.starting_with(&path).is_some()
                || self.starting_with(&format!("{path}/")).is_some()
        });
        Some(Placed { name, object, encoded: if taken { &[] } else { encoded } })
    }

    /// The number of the object that stands for a route in a tree.
    fn chosen(&self, tree: &Tree, route: &Route<'a>) -> Option<u32> {
        let pick = |tree: &Tree| route.objects.get((*tree.choice.get(route.policy)?)?).copied();
        let number = pick(tree)?;
        let beyond = tree.beyond.and_then(|other| self.trees.get(other));
        if beyond.and_then(pick) == Some(number) { None } else { Some(number) }
    }

    /// The hash of how many names each object has when the trees are written.
    pub(super) fn link_hash(&self) -> String {
        state::link_hash(
            self.objects.iter().map(|object| (object.name.as_ref(), 1 + object.links.load(Ordering::Relaxed))),
        )
    }
}

impl<'a> Object<'a> {
    fn plain(store: &Objects, name: &'a ObjectName, size: u64) -> Result<Self, PublishError> {
        let missing = || PublishError::MissingObject { name: name.to_string() };
        let known = store.known(name, size)?.filter(|known| known.size == size).ok_or_else(missing)?;
        let (inode, mtime, links) = (known.inode, name.mtime(), AtomicU64::new(0));
        Ok(Self { name: Cow::Borrowed(name.as_str()), encoding: None, size, mtime, inode, links })
    }

    fn encoded(
        store: &Objects,
        (plain, size): (&'a ObjectName, u64),
        encoding: Encoding,
    ) -> Result<Self, PublishError> {
        let name = encoded_name(plain.as_str(), encoding);
        let known = store.known_encoded(plain, size, encoding)?;
        let known = known.ok_or_else(|| PublishError::MissingObject { name: name.clone() })?;
        let (size, inode, mtime, links) = (known.size, known.inode, plain.mtime(), AtomicU64::new(0));
        Ok(Self { name: Cow::Owned(name), encoding: Some(encoding), size, mtime, inode, links })
    }

    pub(super) fn count_link(&self) {
        self.links.fetch_add(1, Ordering::Relaxed);
    }
}

/// Routes come from the names of files, so none of this should occur: but a path that climbs out of its tree would write
/// over somebody's files.
fn check_path(path: &str) -> Result<(), PublishError> {
    let fits = |segment: &str| {
        !matches!(segment, "" | "." | ".." | TEMPORARY)
            && segment.len() <= LONGEST_NAME
            && !segment.bytes().any(|byte| byte < 0x20 || byte == 0x7f || byte == b'\\')
    };
    let relative = path.strip_prefix('/').map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let right = path == "/" || relative.is_some_and(|rest| rest.split('/').all(fits));
    if right { Ok(()) } else { Err(PublishError::Path { path: path.to_owned() }) }
}

/// `public`, `tiers/ID` or `bundles/ID`.
fn is_tree_folder(folder: &str) -> bool {
    match folder.split_once('/') {
        Some(("tiers" | "bundles", id)) => id.parse::<crate::id::Id>().is_ok(),
        Some(_) => false,
        None => folder == "public",
    }
}
