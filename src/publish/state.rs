//! What a finished build leaves behind for the next one: the marker file, and the question whether there is anything to do.
//!
//! The marker says that a folder is ours. While a build changes the folder it says no more; a finished build adds what it
//! was made from and what proves that it is intact, so that the same build again is one look at each object and no
//! rendering. It holds no clock and no file numbers: two builds of one input leave equal markers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::encode::{encoded_name, has_shape_of_encoded};
use super::layout::Layout;
use super::objects::Objects;
use super::output::{Output, REVIEW};
use super::trees::Trees;
use super::{LinkMode, Modes, PublishError, Publisher, Tree, TreeMode, contract};
use crate::digest::{Digest, Hasher};
use crate::fs::Kind;
use crate::fs::dir::Dir;
use crate::manifest::{Encoding, Manifest};
use crate::time::Timestamp;

/// The name of the marker file.
pub(super) const MARKER: &str = crate::fs::OUTPUT_MARK;
const FORMAT: &str = "tierpress-output/1";

/// What the marker file says. The default is that of a folder in which a build is under way, or was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    format: String,
    pub(super) complete: Option<Complete>,
}

/// What a finished build was made from, and what it left.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Complete {
    link: LinkMode,
    trees: TreeMode,
    #[serde(default)]
    compress: bool,
    /// Whether it left something for reviews.
    #[serde(default)]
    review: bool,
    build: String,
    proof: Proof,
    record: Record,
}

/// What a build was made from: if all of it is the same the next time, nothing needs to be done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// A fingerprint of everything that was read: sources, settings, templates, the program itself.
    pub inputs: String,
    /// The first instant of the content's clock at which the inputs give this output.
    pub valid_from: Timestamp,
    /// The first instant at which they no longer do; `None` where that never comes.
    pub valid_until: Option<Timestamp>,
    /// What the build said when it was done, to be said again. It must be equal for equal inputs.
    pub summary: serde_json::Value,
}

/// What shows that nothing of an output was lost.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Proof {
    /// The hash of how many names each object has: itself and its places in the trees.
    Links(String),
    /// Some tree files are copies, so all of them must be looked at.
    Files(Vec<Tree>),
}

impl Publisher {
    /// What the last build of `out` had to say, if a build of the same inputs at this clock would change nothing.
    ///
    /// For an output of hard links this costs one look at each object: an object that has as many names as the trees give
    /// it has them all. Of copies, each is looked at. Files that were *added* to a tree are not noticed.
    #[must_use]
    pub fn is_current(out: &Path, inputs: &str, clock: Timestamp, modes: Modes) -> Option<serde_json::Value> {
        // Whatever cannot be read cannot be current: the build that follows says what is wrong with it.
        current(out, inputs, clock, modes).ok().flatten()
    }
}

fn current(
    out: &Path,
    inputs: &str,
    clock: Timestamp,
    modes: Modes,
) -> Result<Option<serde_json::Value>, PublishError> {
    let Some(output) = Output::look(out)? else { return Ok(None) };
    let Some(complete) = output.marker.complete.clone() else { return Ok(None) };
    let Complete { link, trees, compress, review, build, proof, record } = complete;
    let Record { inputs: last_inputs, valid_from, valid_until, summary } = record;
    let in_time = valid_from <= clock && valid_until.is_none_or(|until| clock < until);
    if last_inputs != inputs || !in_time || (Modes { link, trees, compress }) != modes {
        return Ok(None);
    }
    if review && output.root.status(REVIEW)?.is_none() {
        return Ok(None);
    }
    let Some(bytes) = contract::read_unaltered(&output.root)? else { return Ok(None) };
    let Ok(glance) = serde_json::from_slice::<Glance<'_>>(&bytes) else { return Ok(None) };
    if glance.build != build || !contract::edge_is_intact(&output.root, &build, glance.version)? {
        return Ok(None);
    }
    let intact = match &proof {
        Proof::Links(expected) => links_on_disk(&output.root, &glance)?.is_some_and(|found| found == *expected),
        Proof::Files(trees) => match Manifest::parse(&bytes) {
            Ok(manifest) => files_are_intact(output, &manifest, link, trees)?,
            Err(_) => false,
        },
    };
    Ok(intact.then_some(summary))
}

/// As much of a manifest as tells whether its objects are there: a build that has nothing to do should not take the time
/// to understand the rest.
#[derive(Deserialize)]
struct Glance<'a> {
    build: &'a str,
    version: u64,
    #[serde(borrow)]
    objects: BTreeMap<&'a str, Look>,
}

#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    encodings: Vec<Encoding>,
    size: u64,
}

/// The hash of how many names each object of the manifest has; `None` where one is missing or altered.
fn links_on_disk(root: &Dir, manifest: &Glance<'_>) -> Result<Option<String>, PublishError> {
    let Some(dir) = root.folder("objects")? else { return Ok(None) };
    let mut objects: Vec<(Cow<'_, str>, u64, bool)> = Vec::with_capacity(manifest.objects.len());
    for (name, Look { encodings, size }) in &manifest.objects {
        objects.push((Cow::Borrowed(*name), *size, false));
        objects.extend(encodings.iter().map(|encoding| (Cow::Owned(encoded_name(name, *encoding)), *size, true)));
    }
    let links = |(name, size, is_encoded): &(Cow<'_, str>, u64, bool)| {
        let status = dir.status(name).ok()??;
        let mtime = name.get(3..67)?.parse::<Digest>().ok()?.mtime();
        let whole = if *is_encoded { has_shape_of_encoded(&status, *size) } else { status.size == *size };
        (whole && (status.kind, status.mtime) == (Kind::File, mtime)).then_some(status.links)
    };
    let links: Option<Vec<u64>> = objects.par_iter().with_min_len(256).map(links).collect();
    let names = objects.iter().map(|(name, ..)| name.as_ref());
    Ok(links.map(|links| link_hash(names.zip(links))))
}

/// The hash of how many names each object has, objects in the order of their names.
pub(super) fn link_hash<'a>(objects: impl Iterator<Item = (&'a str, u64)>) -> String {
    let mut hasher = Hasher::default();
    for (name, links) in objects {
        hasher.update(name.as_bytes());
        hasher.update(format!(" {links}\n").as_bytes());
    }
    hasher.finish().to_string()
}

fn files_are_intact(output: Output, manifest: &Manifest, link: LinkMode, trees: &[Tree]) -> Result<bool, PublishError> {
    let output = std::sync::Arc::new(output);
    let objects = Objects::open(output.clone())?;
    let layout = Layout::new(manifest, trees, &objects)?;
    let trees = Trees::new(&output, &objects, &layout, link);
    trees.write()?;
    Ok(trees.found_no_strays())
}

impl Default for Marker {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), complete: None }
    }
}

impl Marker {
    /// Reads the marker of a folder. One that cannot be understood, be it cut short or of another version, says only
    /// that the folder is ours.
    pub(super) fn read(root: &Dir) -> Result<Self, PublishError> {
        let bytes = root.read(MARKER)?.unwrap_or_default();
        let marker: Self = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(if marker.format == FORMAT { marker } else { Self::default() })
    }

    /// Whether the finished build wanted hard links and could not make them all.
    pub(super) fn links_failed(&self) -> bool {
        let complete = self.complete.as_ref();
        complete.is_some_and(|complete| complete.link == LinkMode::Hard && matches!(complete.proof, Proof::Files(_)))
    }

    /// The marker of a finished build.
    pub(super) fn complete(modes: Modes, build: &str, (proof, review): (Proof, bool), record: Record) -> Self {
        let Modes { link, trees, compress } = modes;
        let complete = Complete { link, trees, compress, review, build: build.to_owned(), proof, record };
        Self { format: FORMAT.to_owned(), complete: Some(complete) }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
