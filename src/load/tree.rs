//! Sections and what stands in them, from paths and front matter alone.
//!
//! A folder of content is a section, with or without a page of its own. A folder that holds nothing but an `index.md`
//! and files is a page folder: one page, not a section.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::time::Timestamp;

/// Reading order: written weight, then order number, then date, then name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Order {
    /// The weight or else the order number; those without come last.
    pub rank: (bool, i64),
    /// The date; those without come last.
    pub date: (bool, Timestamp),
    /// The last part of the source's path.
    pub name: Arc<str>,
}

/// What there is to know of a page before its text is parsed.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The folder its source lies in, below `content/`.
    pub folder: Arc<str>,
    /// `_index.md`.
    pub is_index: bool,
    /// `index.md`.
    pub is_folder_page: bool,
    /// Its URL.
    pub url: String,
    /// What it is sorted by; a section's page gives it to its section.
    pub order: Order,
}

/// All sections of a site; the first is the root.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    by_folder: BTreeMap<Arc<str>, usize>,
    section_of: Vec<usize>,
    own_section: Vec<Option<usize>>,
    is_index: Vec<bool>,
}

#[derive(Clone, Debug)]
struct Node {
    folder: Arc<str>,
    parent: Option<usize>,
    index: Option<usize>,
    page: Option<usize>,
    order: Order,
    children: Vec<TreeChild>,
}

/// Something that stands in a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TreeChild {
    /// A page, by its number among the pages as they were read.
    Page(usize),
    /// A section.
    Section(usize),
}

impl Tree {
    /// Builds the tree; `leaves` in the order of the sources, `order_of` tells what a folder's name sorts by.
    #[must_use]
    pub fn new(leaves: &[Leaf], order_of: &dyn Fn(&str) -> Order, folder_url: &dyn Fn(&str) -> String) -> Self {
        let page_folders = page_folders(leaves);
        let mut tree = Self { own_section: vec![None; leaves.len()], ..Self::default() };
        tree.is_index = leaves.iter().map(|leaf| leaf.is_index).collect();
        let mut by_folder = BTreeMap::new();
        tree.section("", &mut by_folder, order_of);
        for (page, leaf) in leaves.iter().enumerate() {
            let folder = if page_folders.contains(&leaf.folder) { parent_folder(&leaf.folder) } else { &leaf.folder };
            let section = tree.section(folder, &mut by_folder, order_of);
            tree.section_of.push(section);
            let owns = leaf.is_index || (leaf.is_folder_page && folder == leaf.folder.as_ref());
            if let Some(node) = tree.nodes.get_mut(section)
                && owns
                && (leaf.is_index || node.page.is_none())
            {
                node.page = Some(page);
                node.index = if leaf.is_index { Some(page) } else { node.index };
                node.order = merged(&leaf.order, &node.order);
            }
        }
        tree.adopt(leaves, folder_url);
        for node in 0..tree.nodes.len() {
            if let Some(page) = tree.nodes.get(node).and_then(|node| node.page)
                && let Some(own) = tree.own_section.get_mut(page)
            {
                *own = Some(node);
            }
        }
        tree.hang(leaves);
        tree.by_folder = by_folder;
        tree
    }

    /// The section of a folder below `content/`.
    #[must_use]
    pub fn by_folder(&self, folder: &str) -> Option<usize> {
        if folder.is_empty() { Some(0) } else { self.by_folder.get(folder).copied() }
    }

    /// How many sections there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none; there is always the root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The section a page stands in; a section's own page stands in that section.
    #[must_use]
    pub fn section_of(&self, page: usize) -> usize {
        self.section_of.get(page).copied().unwrap_or_default()
    }

    /// The section whose own page this is.
    #[must_use]
    pub fn own_section(&self, page: usize) -> Option<usize> {
        self.own_section.get(page).copied().flatten()
    }

    /// Whether the page is an `_index.md`, whose keys are handed down.
    #[must_use]
    pub fn is_index(&self, page: usize) -> bool {
        self.is_index.get(page).copied().unwrap_or_default()
    }

    /// The section above.
    #[must_use]
    pub fn parent(&self, section: usize) -> Option<usize> {
        self.nodes.get(section)?.parent
    }

    /// The section's `_index.md`.
    #[must_use]
    pub fn index_of(&self, section: usize) -> Option<usize> {
        self.nodes.get(section)?.index
    }

    /// The section's own page: `_index.md`, else an `index.md` with other pages beside it.
    #[must_use]
    pub fn page_of(&self, section: usize) -> Option<usize> {
        self.nodes.get(section)?.page
    }

    /// Its folder below `content/`.
    #[must_use]
    pub fn folder(&self, section: usize) -> &str {
        self.nodes.get(section).map_or("", |node| &node.folder)
    }

    /// Its folder as messages name it.
    #[must_use]
    pub fn source(&self, section: usize) -> Arc<str> {
        format!("content/{}", self.folder(section)).trim_end_matches('/').into()
    }

    /// What it is sorted by.
    #[must_use]
    pub fn order(&self, section: usize) -> Option<&Order> {
        self.nodes.get(section).map(|node| &node.order)
    }

    /// What stands in it, in reading order, its own page left out.
    #[must_use]
    pub fn children(&self, section: usize) -> &[TreeChild] {
        self.nodes.get(section).map_or(&[], |node| &node.children)
    }

    fn section(
        &mut self,
        folder: &str,
        by_folder: &mut BTreeMap<Arc<str>, usize>,
        order_of: &dyn Fn(&str) -> Order,
    ) -> usize {
        if let Some(section) = by_folder.get(folder) {
            return *section;
        }
        let parent = (!folder.is_empty()).then(|| self.section(parent_folder(folder), by_folder, order_of));
        let folder: Arc<str> = folder.into();
        let name = folder.rsplit('/').next().unwrap_or_default();
        let node = Node {
            order: order_of(name),
            folder: Arc::clone(&folder),
            parent,
            index: None,
            page: None,
            children: Vec::new(),
        };
        self.nodes.push(node);
        by_folder.insert(folder, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// `types.md` beside the folder `types/` is that section's page, where it has no other: they would share a URL.
    fn adopt(&mut self, leaves: &[Leaf], folder_url: &dyn Fn(&str) -> String) {
        let by_url: BTreeMap<&str, usize> =
            leaves.iter().enumerate().map(|(page, leaf)| (leaf.url.as_str(), page)).collect();
        for node in self.nodes.iter_mut().filter(|node| node.page.is_none()) {
            if let Some(page) = by_url.get(folder_url(&node.folder).as_str())
                && let Some(leaf) = leaves.get(*page)
            {
                node.page = Some(*page);
                node.order = merged(&leaf.order, &node.order);
            }
        }
    }

    /// Puts every page and section under its section, sorted.
    fn hang(&mut self, leaves: &[Leaf]) {
        let mut children: Vec<Vec<(Order, TreeChild)>> = vec![Vec::new(); self.nodes.len()];
        for (page, leaf) in leaves.iter().enumerate() {
            if self.own_section(page).is_none()
                && let Some(list) = children.get_mut(self.section_of(page))
            {
                list.push((leaf.order.clone(), TreeChild::Page(page)));
            }
        }
        for (section, node) in self.nodes.iter().enumerate() {
            if let Some(list) = node.parent.and_then(|parent| children.get_mut(parent)) {
                list.push((node.order.clone(), TreeChild::Section(section)));
            }
        }
        for (node, mut list) in self.nodes.iter_mut().zip(children) {
            list.sort_by(|a, b| a.0.cmp(&b.0));
            node.children = list.into_iter().map(|(_, child)| child).collect();
        }
    }
}

/// A weight or date written in the section's page goes before the number in the folder's name.
fn merged(page: &Order, folder: &Order) -> Order {
    let rank = if page.rank.0 { folder.rank } else { page.rank };
    Order { rank, date: page.date, name: Arc::clone(&folder.name) }
}

/// Folders that hold an `index.md` and no other page, at any depth.
fn page_folders(leaves: &[Leaf]) -> BTreeSet<Arc<str>> {
    let mut folders = BTreeSet::new();
    for leaf in leaves.iter().filter(|leaf| leaf.is_folder_page && !leaf.folder.is_empty()) {
        folders.insert(Arc::clone(&leaf.folder));
    }
    for leaf in leaves.iter().filter(|leaf| !leaf.is_folder_page) {
        folders.remove(&leaf.folder);
    }
    for leaf in leaves {
        let mut folder: &str = &leaf.folder;
        while !folder.is_empty() {
            folder = parent_folder(folder);
            folders.remove(folder);
        }
    }
    folders
}

/// The folder above; the root for a folder in it.
#[must_use]
pub fn parent_folder(folder: &str) -> &str {
    folder.rsplit_once('/').map_or("", |(parent, _)| parent)
}
