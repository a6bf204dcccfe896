//! Publishing: from rendered bytes and a manifest to an output folder, so that an edge never sees a mixture.
//!
//! Objects are stored first, each once, named by what it holds and never changed. Then come the manifest's shards, the
//! manifest by a rename, the trees file by file, and last what nobody needs any more goes. A build that fails or is killed
//! at any moment leaves a manifest whose objects are all there; the next one puts the rest right. A folder that Tierpress
//! did not make is never touched, and a build that would change nothing writes nothing.
//!
//! This module decides nothing about access: which variant of a page stands in which tree is an argument.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::digest::ObjectName;
use crate::fs;
use crate::fs::dir::Fuse;
use crate::manifest::Manifest;

mod contract;
mod encode;
mod layout;
mod objects;
mod output;
mod state;
mod trees;

pub use output::REVIEW;
pub use state::Record;

use contract::{Contract, Previous};
use layout::Layout;
use objects::Objects;
use output::Output;
use state::{MARKER, Marker, Proof};
use trees::Trees;

/// How a tree's files are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkMode {
    /// Further names of the objects; copies where the file system has no links.
    #[default]
    Hard,
    /// Copies of the objects.
    Copy,
}

/// Which trees are laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TreeMode {
    /// All of them.
    #[default]
    All,
    /// None: edges that read the manifest need no trees.
    None,
}

/// How an output is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Modes {
    /// How a tree's files are made.
    pub link: LinkMode,
    /// Which trees are laid out.
    pub trees: TreeMode,
    /// Whether objects that compress are encoded.
    pub compress: bool,
}

/// A site laid out as files for one kind of reader.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Where it lies in the output: `public`, `tiers/ID` or `bundles/ID`.
    pub folder: String,
    /// For each policy of the manifest the variant that this reader gets, by its place in the route's `objects`; `None`
    /// where they get nothing.
    pub choice: Vec<Option<usize>>,
    /// The place, among the trees given, of one whose files are left out where this one has the same.
    pub beyond: Option<usize>,
    /// Whether the manifest's `not_found` page stands in it as `404.html`.
    pub not_found: bool,
    /// Whether the encodings of its objects stand beside its files, as `index.html.br` and `index.html.gz`.
    #[serde(default)]
    pub encoded: bool,
}

/// An object as it was stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its name below `objects/`, as it stands in the manifest.
    pub name: ObjectName,
    /// Its length in bytes.
    pub size: u64,
}

/// What publishing did.
#[derive(Clone, PartialEq, Debug)]
pub struct Published {
    /// The manifest as it was published: with its version, or the previous one where nothing but clocks differed.
    pub manifest: Manifest,
    /// How many objects were not there yet, encoded ones counted.
    pub objects_written: usize,
    /// How many objects the manifest names.
    pub objects_total: usize,
    /// How many files of trees were made.
    pub links_made: usize,
    /// How many files of earlier builds were removed.
    pub removed: usize,
    /// Whether nothing at all was published, for it was there already.
    pub unchanged: bool,
}

/// Why nothing, or not everything, was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The output folder holds something, and is not marked as ours.
    #[error("`{}` holds files and was not made by tierpress", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("another build is writing to `{}`", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The disk would not.
    #[error(transparent)]
    Disk(#[from] fs::Error),
    /// A route's path cannot be a file below a tree.
    #[error("`{path}` cannot be the path of a file")]
    Path {
        /// The route.
        path: String,
    },
    /// Two routes would be one file, or a file and a folder of one name.
    #[error("`{first}` and `{second}` cannot both be files")]
    Conflict {
        /// One path.
        first: String,
        /// The other.
        second: String,
    },
    /// The manifest names an object that was not stored, or in another size.
    #[error("the object `{name}` was not stored")]
    MissingObject {
        /// Its name.
        name: String,
    },
    /// A tree's folder is given twice or is none that trees have, or it goes beyond a tree that is not there.
    #[error("`{folder}` cannot be a tree")]
    Tree {
        /// Its folder.
        folder: String,
    },
    /// A tree asks for a variant that the manifest does not have.
    #[error("the tree `{folder}` has no choice for `{path}`")]
    Choice {
        /// The tree's folder.
        folder: String,
        /// The route.
        path: String,
    },
    /// A file was written to while it was being read.
    #[error("`{}` changed while it was being read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The output was changed by somebody else while it was being written.
    #[error("the output folder is being changed by something else")]
    Stale,
}

/// A build's hold on its output folder: takes objects while pages are rendered, and publishes at the end.
///
/// Dropped without [`Publisher::finish`], it leaves the site that was there before as it was.
#[derive(Debug)]
pub struct Publisher {
    output: Arc<Output>,
    objects: Objects,
    previous: Option<Previous>,
    link: LinkMode,
    compress: bool,
}

impl Publisher {
    /// Opens an output folder, and locks it until the publisher is dropped. A missing or empty folder gets a marker, a
    /// deny-all `.htaccess` and a note on what may be public.
    ///
    /// # Errors
    /// When the folder holds something and is not ours (it is not touched then), another build is writing to it, or the
    /// disk will not.
    pub fn open(out: &Path, link: LinkMode) -> Result<Self, PublishError> {
        Self::open_with_fuse(out, link, Fuse::default())
    }

    /// As [`Publisher::open`], but stops after a number of changes, as a kill would: for tests.
    ///
    /// # Errors
    /// As [`Publisher::open`], or when the fuse has burnt.
    #[doc(hidden)]
    pub fn open_with_fuse(out: &Path, link: LinkMode, fuse: Fuse) -> Result<Self, PublishError> {
        let output = Arc::new(Output::open(out, fuse)?);
        let previous = Previous::read(&output.root)?;
        let objects = Objects::open(Arc::clone(&output))?;
        Ok(Self { output, objects, previous, link, compress: false })
    }

    /// The manifest that is published now, if there is one that can be understood.
    #[must_use]
    pub fn previous(&self) -> Option<&Manifest> {
        self.previous.as_ref().map(|previous| &previous.manifest)
    }

    /// Why it cannot be told what is published now, though something was: the manifest is gone, or cannot be understood.
    ///
    /// # Errors
    /// When the disk will not say.
    pub fn previous_fault(&self) -> Result<Option<&'static str>, PublishError> {
        if self.previous.is_some() {
            return Ok(None);
        }
        let finished = self.output.marker.complete.is_some();
        contract::previous_fault(&self.output.root, finished)
    }

    /// What the build that is published now left for reviews, whatever it is.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn previous_review(&self) -> Result<Option<Vec<u8>>, PublishError> {
        Ok(self.output.root.read(REVIEW)?)
    }

    /// Stores an object, unless it is there already. May be called from many threads.
    ///
    /// # Errors
    /// When the disk will not; no part of the object is left then.
    pub fn put(&self, bytes: &[u8], extension: &str) -> Result<Stored, PublishError> {
        self.objects.put(bytes, extension)
    }

    /// Stores a file's content as an object. Memory does not grow with the file.
    ///
    /// # Errors
    /// As [`Publisher::put`]; also when the file cannot be read, or changes meanwhile.
    pub fn put_file(&self, path: &Path, extension: &str) -> Result<Stored, PublishError> {
        self.objects.put_file(path, extension)
    }

    /// Gives a build up whose pages cannot all be rendered: takes away what it stored, so that the folder is as it was.
    ///
    /// # Errors
    /// When the disk will not; what was published before is still whole then.
    pub fn abandon(self) -> Result<(), PublishError> {
        let Self { output, objects, previous, .. } = self;
        let previous = previous.map(|previous| previous.manifest);
        let signed = contract::signed(&output.root)?;
        let stays = |name: &str| {
            signed.names(name) || previous.as_ref().is_some_and(|previous| contract::names(&previous.objects, name))
        };
        objects.undo(&stays)?;
        output.undo()
    }

    /// Publishes: the manifest's shards, the manifest, the trees; then removes what nobody needs. Whatever cannot be
    /// laid out is refused before anything is changed.
    ///
    /// The manifest's `build` and `version` are set here; `created` is the caller's. Objects of the manifest that were not
    /// put may be left from an earlier build. Without trees, those that are there go. What is given for reviews is kept beside
    /// the manifest.
    ///
    /// # Errors
    /// When the manifest and the trees do not fit together, or the disk will not; the manifest that is published then is
    /// the previous one or the new one, with all its objects.
    pub fn finish(
        self,
        manifest: Manifest,
        trees: &[Tree],
        record: Record,
        review: Option<&[u8]>,
    ) -> Result<Published, PublishError> {
        let Self { output, objects, previous, link, compress } = self;
        let contract = Contract::settle(&output.root, manifest, previous)?;
        let layout = Layout::new(&contract.manifest, trees, &objects)?;
        contract.write(&output)?;
        if let Some(review) = review {
            contract::write_if_different(&output, &output.root, REVIEW, review)?;
        }
        let laid = Trees::new(&output, &objects, &layout, link);
        laid.write()?;
        let mut removed = laid.remove_strays()?;
        let unchanged = contract.unchanged && !output.has_begun();
        if !output.fresh && (output.has_begun() || output.interrupted) {
            output.begin()?;
            removed += objects.prune(&|name| contract.names(name))? + contract.prune_shards(&output)?;
            removed += output.prune()?;
        }
        let proof = if laid.has_copies() { Proof::Files(trees.to_vec()) } else { Proof::Links(layout.link_hash()) };
        let trees = if trees.is_empty() { TreeMode::None } else { TreeMode::All };
        let modes = Modes { link, trees, compress };
        let marker = Marker::complete(modes, &contract.manifest.build, (proof, review.is_some()), record);
        if output.has_begun() || marker != output.marker {
            output.write(MARKER, &marker.to_json())?;
        }
        let (objects_written, objects_total) = (objects.written(), contract.manifest.objects.len());
        let links_made = laid.made();
        let manifest = contract.manifest.clone();
        Ok(Published { manifest, objects_written, objects_total, links_made, removed, unchanged })
    }
}

/// What went wrong and what to do about it: the fault of the call, not of the content.
impl From<&PublishError> for Diagnostic {
    fn from(error: &PublishError) -> Self {
        let diagnostic = Self::setup(error.to_string());
        match error {
            PublishError::Foreign { .. } => diagnostic.help("choose an empty folder with `--out`, or empty this one"),
            PublishError::Locked { .. } => diagnostic.help("wait for it to end, or choose another folder with `--out`"),
            PublishError::Changed { .. } => diagnostic.help("build again when nothing is writing to it"),
            PublishError::Disk(_) => diagnostic.help("what was published before is still in place"),
            PublishError::Path { .. }
            | PublishError::Conflict { .. }
            | PublishError::MissingObject { .. }
            | PublishError::Tree { .. }
            | PublishError::Choice { .. }
            | PublishError::Stale => diagnostic,
        }
    }
}
