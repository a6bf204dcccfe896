//! The files that edges read: the manifest, the same in small pieces, and the envelope in which it was signed.
//!
//! This is the only part of publishing that knows what a manifest looks like.

use std::collections::BTreeSet;

use super::PublishError;
use super::output::{Output, write_in};
use crate::digest::{Digest, ObjectName, sha256};
use crate::fs::Kind;
use crate::fs::dir::Dir;
use crate::manifest::{Manifest, Object, Shard};
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
}

impl Contract {
    /// Gives a new manifest its version, or takes the previous one where nothing but clocks would differ.
    pub(super) fn settle(root: &Dir, manifest: Manifest, previous: Option<Previous>) -> Result<Self, PublishError> {
        let signed = signed(root)?;
        let roots = roots(root)?;
        let manifest = Manifest { build: manifest.build_id(), ..manifest };
        if let Some(Previous { manifest: previous, unaltered }) = &previous
            && previous.build == manifest.build
            && (*unaltered || previous.build_id() == previous.build)
        {
            let (manifest, others) = (previous.clone(), signed.into_iter().collect());
            return Ok(Self { manifest, unchanged: *unaltered, others, roots });
        }
        let others: Vec<Manifest> = previous.map(|previous| previous.manifest).into_iter().chain(signed).collect();
        let above = others.iter().map(|other| other.version.saturating_add(1)).max().unwrap_or(0);
        let mut manifest = manifest;
        manifest.version = above.max(u64::try_from(manifest.created.seconds()).unwrap_or(0));
        // A build that was killed between `edge/root.json` and the manifest has published half of itself under a version.
        // If this is the same build, it is finished as it was begun; if not, it gets a version above.
        for Root { build, version, created, clock, shards: _ } in &roots {
            if *build == manifest.build && *version >= above {
                (manifest.version, manifest.created, manifest.clock) = (*version, *created, *clock);
            } else {
                manifest.version = manifest.version.max(version.saturating_add(1));
            }
        }
        Ok(Self { manifest, unchanged: false, others, roots })
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
        std::iter::once(&self.manifest).chain(&self.others).any(|manifest| names(manifest, object))
    }

    /// Removes shards that no manifest needs, and gives their number.
    pub(super) fn prune_shards(&self, output: &Output) -> Result<usize, PublishError> {
        let Some(edge) = output.root.folder(EDGE)? else { return Ok(0) };
        let mut keep: BTreeSet<String> = [ROOT, SIGNED_ROOT].map(str::to_owned).into();
        // The root that was published names the shards of this manifest: no need to make them again.
        let roots: Vec<Root> = roots(&output.root)?.into_iter().chain(self.roots.iter().cloned()).collect();
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

/// The bytes of the manifest of an output, `None` where there are none, or others than were written.
pub(super) fn read_unaltered(root: &Dir) -> Result<Option<Vec<u8>>, PublishError> {
    let Some((status, bytes)) = root.status(MANIFEST)?.zip(root.read(MANIFEST)?) else { return Ok(None) };
    Ok(Some(bytes).filter(|bytes| sha256(bytes).mtime() == status.mtime))
}

/// Whether a manifest names an object, be it encoded or not.
pub(super) fn names(manifest: &Manifest, object: &str) -> bool {
    let encoded = || {
        let (plain, suffix) = object.rsplit_once('.')?;
        Some(manifest.objects.get(plain)?.encodings.iter().any(|encoding| encoding.suffix() == suffix))
    };
    manifest.objects.contains_key(object) || encoded().unwrap_or(false)
}

/// The roots that edges may be using: the one that is published, and the signed one.
fn roots(root: &Dir) -> Result<Vec<Root>, PublishError> {
    let Some(edge) = root.folder(EDGE)? else { return Ok(Vec::new()) };
    let texts = [edge.read(ROOT)?, edge.read(SIGNED_ROOT)?.and_then(|bytes| payload(&bytes))];
    Ok(texts.into_iter().flatten().filter_map(|bytes| serde_json::from_slice(&bytes).ok()).collect())
}

/// The manifest in the signed envelope, which edges may be holding on to. Its signature is theirs to judge.
fn signed(root: &Dir) -> Result<Option<Manifest>, PublishError> {
    let payload = root.read(SIGNED)?.and_then(|bytes| payload(&bytes));
    Ok(payload.and_then(|bytes| Manifest::parse(&bytes).ok()))
}

/// What a DSSE envelope holds.
fn payload(envelope: &[u8]) -> Option<Vec<u8>> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        payload: String,
    }
    base64(&serde_json::from_slice::<Envelope>(envelope).ok()?.payload)
}

/// Base64 in either alphabet, padded or not (RFC 4648, sections 4 and 5).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        (bits, count) = (bits << 6 & 0xff_ffff | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            let [.., byte] = (bits >> count).to_be_bytes();
            bytes.push(byte);
        }
    }
    Some(bytes)
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

fn write_if_different(output: &Output, dir: &Dir, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
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

/// Each object, in the order of their names.
pub(super) fn objects(manifest: &Manifest) -> impl Iterator<Item = (&ObjectName, &Object)> {
    manifest.objects.iter()
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_read_in_both_alphabets() {
        assert_eq!(base64("").unwrap(), b"");
        assert_eq!(base64("Zg==").unwrap(), b"f");
        assert_eq!(base64("Zm8").unwrap(), b"fo");
        assert_eq!(base64("Zm9vYmFy").unwrap(), b"foobar");
        assert_eq!(base64("-_8=").unwrap(), base64("+/8=").unwrap());
        assert_eq!(base64("a b"), None);
    }
}
