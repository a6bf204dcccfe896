//! The files that edges read: the manifest, the same in small pieces, and the envelope in which it was signed.
//!
//! What edges may still be using stays: whatever this manifest, the one before and the signed one name, and what is named by
//! the root of a build that was killed half-way. Where a signed file cannot be understood, nothing is taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::PublishError;
use super::output::{Output, write_in};
use crate::digest::{Digest, ObjectName, sha256};
use crate::envelope;
use crate::fs::Kind;
use crate::fs::dir::Dir;
use crate::manifest::{EdgeShard, Manifest, Object, Shard};
use crate::time::Timestamp;

const MANIFEST: &str = "manifest.json";
const SIGNED: &str = "manifest.json.dsse";
const EDGE: &str = "edge";
const ROOT: &str = "root.json";
const SIGNED_ROOT: &str = "root.json.dsse";

/// The manifest as it will be published, and what it replaces.
#[derive(Debug)]
pub(super) struct Contract {
    pub(super) manifest: Manifest,
    /// Whether the manifest on the disk is this one already.
    pub(super) unchanged: bool,
    /// Manifests besides this one that an edge may be using.
    others: Vec<Manifest>,
    /// Roots besides this one that an edge may be using.
    roots: Vec<Root>,
    /// The objects of roots whose manifest is none of these: of builds that were killed before they published one.
    halves: Vec<BTreeMap<ObjectName, Object>>,
    /// Whether something is signed that cannot be understood: then all stays.
    in_doubt: bool,
}

/// What was signed, and may be in use at an edge whatever lies beside it.
#[derive(Debug)]
pub(super) enum Signed {
    Nothing,
    Manifest(Box<Manifest>),
    /// An envelope of another version, or one that was damaged.
    Unknown,
}

/// The manifest of an output as a build found it.
#[derive(Clone, Debug)]
pub(super) struct Previous {
    pub(super) manifest: Manifest,
    /// Whether its file is as it was written, as far as its time tells.
    unaltered: bool,
}

/// What publishing has to know of `edge/root.json`.
#[derive(Clone, Debug, serde::Deserialize)]
struct Root {
    build: String,
    version: u64,
    created: Timestamp,
    clock: Timestamp,
    shards: Vec<String>,
    #[serde(default)]
    objects: BTreeMap<ObjectName, Object>,
}

impl Contract {
    /// Gives a new manifest its version, or takes the previous one where nothing but clocks would differ.
    pub(super) fn settle(root: &Dir, manifest: Manifest, previous: Option<Previous>) -> Result<Self, PublishError> {
        let (roots, roots_in_doubt) = roots(root)?;
        let (signed, in_doubt) = match signed(root)? {
            Signed::Nothing => (None, roots_in_doubt),
            Signed::Manifest(manifest) => (Some(*manifest), roots_in_doubt),
            Signed::Unknown => (None, true),
        };
        let manifest = Manifest { build: manifest.build_id(), ..manifest };
        if let Some(Previous { manifest: previous, unaltered }) = &previous
            && previous.build == manifest.build
            && (*unaltered || previous.build_id() == previous.build)
        {
            let (manifest, others): (_, Vec<Manifest>) = (previous.clone(), signed.into_iter().collect());
            let halves = halves(root, &roots, std::iter::once(&manifest).chain(&others))?;
            return Ok(Self { manifest, unchanged: *unaltered, others, roots, halves, in_doubt });
        }
        let others: Vec<Manifest> = previous.map(|previous| previous.manifest).into_iter().chain(signed).collect();
        let above = others.iter().map(|other| other.version.saturating_add(1)).max().unwrap_or(0);
        let mut manifest = manifest;
        manifest.version = above.max(u64::try_from(manifest.created.seconds()).unwrap_or(0));
        // A build that was killed between `edge/root.json` and the manifest has published half of itself under a version.
        // If this is the same build, it is finished as it was begun; if not, it gets a version above.
        for Root { build, version, created, clock, shards: _, objects: _ } in &roots {
            if *build == manifest.build && *version >= above {
                (manifest.version, manifest.created, manifest.clock) = (*version, *created, *clock);
            } else {
                manifest.version = manifest.version.max(version.saturating_add(1));
            }
        }
        let halves = halves(root, &roots, std::iter::once(&manifest).chain(&others))?;
        Ok(Self { manifest, unchanged: false, others, roots, halves, in_doubt })
    }

    /// Writes what is missing or different: the shards, then what names them, then the manifest.
    pub(super) fn write(&self, output: &Output) -> Result<(), PublishError> {
        if self.unchanged && edge_is_intact(&output.root, &self.manifest.build, self.manifest.version)? {
            return Ok(());
        }
        let edge = output.make_folder(EDGE)?;
        let shards = self.manifest.edge_shards();
        for Shard { name, bytes } in &shards {
            write_if_different(output, &edge, name, bytes)?;
        }
        write_if_different(output, &edge, ROOT, &self.manifest.edge_root(&shards))?;
        write_if_different(output, &output.root, MANIFEST, &self.manifest.to_json())
    }

    /// Whether an object must stay, for this manifest or one that an edge may still be using.
    pub(super) fn names(&self, object: &str) -> bool {
        let manifests = std::iter::once(&self.manifest).chain(&self.others).map(|manifest| &manifest.objects);
        self.in_doubt || manifests.chain(&self.halves).any(|objects| names(objects, object))
    }

    /// Removes shards that no manifest needs, and gives their number.
    pub(super) fn prune_shards(&self, output: &Output) -> Result<usize, PublishError> {
        let Some(edge) = output.root.folder(EDGE)?.filter(|_| !self.in_doubt) else { return Ok(0) };
        let mut keep: BTreeSet<String> = [ROOT, SIGNED_ROOT].map(str::to_owned).into();
        // The root that was published names the shards of this manifest: no need to make them again.
        let roots: Vec<Root> = roots(&output.root)?.0.into_iter().chain(self.roots.iter().cloned()).collect();
        keep.extend(roots.iter().flat_map(|root| &root.shards).cloned());
        let manifests = std::iter::once(&self.manifest).chain(&self.others);
        for other in manifests.filter(|manifest| !roots.iter().any(|root| root.build == manifest.build)) {
            keep.extend(other.edge_shards().into_iter().map(|shard| shard.name));
        }
        let mut removed = 0;
        for entry in edge.entries()? {
            if !std::str::from_utf8(&entry.name).is_ok_and(|name| keep.contains(name)) {
                output.begin()?;
                removed += edge.remove_entry(&entry)?;
            }
        }
        Ok(removed)
    }
}

impl Previous {
    /// The manifest of an output, `None` where there is none that can be understood.
    pub(super) fn read(root: &Dir) -> Result<Option<Self>, PublishError> {
        let Some((status, bytes)) = root.status(MANIFEST)?.zip(root.read(MANIFEST)?) else { return Ok(None) };
        let unaltered = sha256(&bytes).mtime() == status.mtime;
        Ok(Manifest::parse(&bytes).ok().map(|manifest| Self { manifest, unaltered }))
    }
}

/// What is wrong with an output that has no manifest that can be understood; nothing where none was ever published.
pub(super) fn previous_fault(root: &Dir, finished: bool) -> Result<Option<&'static str>, PublishError> {
    if root.status(MANIFEST)?.is_some() {
        return Ok(Some("cannot be understood"));
    }
    let signed = root.status(SIGNED)?.is_some();
    Ok((finished || signed).then_some("is gone"))
}

/// The bytes of the manifest of an output, `None` where there are none, or others than were written.
pub(super) fn read_unaltered(root: &Dir) -> Result<Option<Vec<u8>>, PublishError> {
    let Some((status, bytes)) = root.status(MANIFEST)?.zip(root.read(MANIFEST)?) else { return Ok(None) };
    Ok(Some(bytes).filter(|bytes| sha256(bytes).mtime() == status.mtime))
}

/// Whether these objects hold one of this name, be it encoded or not.
pub(super) fn names(objects: &BTreeMap<ObjectName, Object>, object: &str) -> bool {
    let encoded = || {
        let (plain, suffix) = object.rsplit_once('.')?;
        Some(objects.get(plain)?.encodings.iter().any(|encoding| encoding.suffix() == suffix))
    };
    objects.contains_key(object) || encoded().unwrap_or(false)
}

impl Signed {
    /// Whether an object must stay for it.
    pub(super) fn names(&self, object: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Manifest(manifest) => names(&manifest.objects, object),
            Self::Unknown => true,
        }
    }
}

/// The roots that edges may be using: the one that is published, and the signed one; and whether that one cannot be read.
fn roots(root: &Dir) -> Result<(Vec<Root>, bool), PublishError> {
    let Some(edge) = root.folder(EDGE)? else { return Ok((Vec::new(), false)) };
    let parse = |bytes: &[u8]| serde_json::from_slice::<Root>(bytes).ok();
    let published = edge.read(ROOT)?.and_then(|bytes| parse(&bytes));
    let Some(envelope) = edge.read(SIGNED_ROOT)? else { return Ok((published.into_iter().collect(), false)) };
    let signed = envelope::open_unverified(&envelope).ok().and_then(|bytes| parse(&bytes));
    let in_doubt = signed.is_none();
    Ok((published.into_iter().chain(signed).collect(), in_doubt))
}

/// The manifest in the signed envelope, which edges may be holding on to. Its signature is theirs to judge.
pub(super) fn signed(root: &Dir) -> Result<Signed, PublishError> {
    let Some(envelope) = root.read(SIGNED)? else { return Ok(Signed::Nothing) };
    let manifest = envelope::open_unverified(&envelope).ok().and_then(|bytes| Manifest::parse(&bytes).ok());
    Ok(manifest.map_or(Signed::Unknown, |manifest| Signed::Manifest(Box::new(manifest))))
}

/// The objects of the roots whose builds are none of these.
fn halves<'m>(
    root: &Dir,
    roots: &[Root],
    known: impl Iterator<Item = &'m Manifest>,
) -> Result<Vec<BTreeMap<ObjectName, Object>>, PublishError> {
    let known: BTreeSet<&str> = known.map(|manifest| manifest.build.as_str()).collect();
    let Some(edge) = root.folder(EDGE)? else { return Ok(Vec::new()) };
    let mut halves = Vec::new();
    for half in roots.iter().filter(|half| !known.contains(half.build.as_str())) {
        let mut objects = half.objects.clone();
        // Many paths fall into equal shards.
        for shard in half.shards.iter().collect::<BTreeSet<_>>() {
            let shard = edge.read(shard)?.and_then(|bytes| serde_json::from_slice::<EdgeShard>(&bytes).ok());
            objects.extend(shard.into_iter().flat_map(|shard| shard.objects));
        }
        halves.push(objects);
    }
    Ok(halves)
}

/// Whether the pieces of a manifest are all there. A shard is named by what it holds, so its time can be told.
pub(super) fn edge_is_intact(root: &Dir, expected_build: &str, expected_version: u64) -> Result<bool, PublishError> {
    let Some(edge) = root.folder(EDGE)? else { return Ok(false) };
    let Some((status, bytes)) = edge.status(ROOT)?.zip(edge.read(ROOT)?) else { return Ok(false) };
    let Ok(Root { build, version, shards, .. }) = serde_json::from_slice::<Root>(&bytes) else { return Ok(false) };
    if status.mtime != sha256(&bytes).mtime() || (build.as_str(), version) != (expected_build, expected_version) {
        return Ok(false);
    }
    for shard in shards {
        let digest: Option<Digest> = shard.strip_suffix(".json").and_then(|hash| hash.parse().ok());
        let expected = digest.map(|digest| (Kind::File, digest.mtime()));
        if expected.is_none() || edge.status(&shard)?.map(|status| (status.kind, status.mtime)) != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn write_if_different(output: &Output, dir: &Dir, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
    if !is_equal(dir, name, bytes)? {
        output.begin()?;
        write_in(dir, name, bytes)?;
    }
    Ok(())
}

/// Whether a file has this content, as far as its size and time tell.
fn is_equal(dir: &Dir, name: &str, bytes: &[u8]) -> Result<bool, PublishError> {
    let expected = (Kind::File, bytes.len() as u64, sha256(bytes).mtime());
    Ok(dir.status(name)?.is_some_and(|status| (status.kind, status.size, status.mtime) == expected))
}
