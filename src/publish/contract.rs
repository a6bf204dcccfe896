//! The files that edges read: the manifest, the same in small pieces, and the envelope in which it was signed.
//!
//! This is the only part of publishing that knows what a manifest looks like.

use std::collections::{BTreeMap, BTreeSet};

use super::PublishError;
use super::output::{Output, write_in};
use crate::digest::sha256;
use crate::fs::Kind;
use crate::fs::dir::Dir;
use crate::manifest::Manifest;

/// The manifest's file.
pub(super) const MANIFEST: &str = "manifest.json";
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
}

impl Contract {
    /// Gives a new manifest its version, or takes the previous one where nothing but clocks would differ.
    pub(super) fn settle(root: &Dir, mut manifest: Manifest, previous: Option<Manifest>) -> Result<Self, PublishError> {
        let signed = signed(root)?;
        manifest.build = manifest.build_id();
        if let Some(previous) = &previous
            && previous.build == manifest.build
            && previous.build_id() == previous.build
        {
            let unchanged = root.read(MANIFEST)?.is_some_and(|bytes| bytes == previous.to_json());
            return Ok(Self { manifest: previous.clone(), unchanged, others: signed.into_iter().collect() });
        }
        let others: Vec<Manifest> = previous.into_iter().chain(signed).collect();
        let above = others.iter().map(|other| other.version.saturating_add(1)).max();
        manifest.version = manifest.created.max(above.unwrap_or(manifest.created));
        finish_interrupted(root, &mut manifest, above)?;
        Ok(Self { manifest, unchanged: false, others })
    }

    /// Writes what is missing or different: the shards, then what names them, then the manifest.
    pub(super) fn write(&self, output: &Output) -> Result<(), PublishError> {
        let edge = match output.root.folder(EDGE)? {
            Some(edge) => edge,
            None => {
                output.begin()?;
                output.root.create_folder(EDGE)?;
                output.root.folder(EDGE)?.ok_or(PublishError::Stale)?
            }
        };
        for (name, bytes) in self.manifest.edge_shards() {
            write_if_different(output, &edge, &name, &bytes)?;
        }
        write_if_different(output, &edge, ROOT, &self.manifest.edge_root())?;
        write_if_different(output, &output.root, MANIFEST, &self.manifest.to_json())
    }

    /// Whether an object must stay, for this manifest or one that an edge may still be using.
    pub(super) fn names(&self, object: &str) -> bool {
        std::iter::once(&self.manifest).chain(&self.others).any(|manifest| {
            let encoded = || {
                let (plain, encoding) = object.rsplit_once('.')?;
                let object = manifest.objects.get(plain)?;
                Some(object.encodings.iter().any(|known| suffix(known) == Some(encoding)))
            };
            manifest.objects.contains_key(object) || encoded().unwrap_or(false)
        })
    }

    /// Removes shards that no manifest needs, and gives their number.
    pub(super) fn prune_shards(&self, output: &Output) -> Result<usize, PublishError> {
        let Some(edge) = output.root.folder(EDGE)? else { return Ok(0) };
        let mut keep: BTreeSet<String> = [ROOT, SIGNED_ROOT].map(str::to_owned).into();
        for manifest in std::iter::once(&self.manifest).chain(&self.others) {
            keep.extend(manifest.edge_shards().into_keys());
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

/// The file suffix of an encoding.
fn suffix(encoding: &str) -> Option<&'static str> {
    match encoding {
        "br" => Some("br"),
        "gzip" => Some("gz"),
        _ => None,
    }
}

/// A build that was killed between `edge/root.json` and the manifest has published half of itself under a version. If this
/// is the same build, it is finished as it was begun; if not, it gets a version above.
fn finish_interrupted(root: &Dir, manifest: &mut Manifest, above: Option<i64>) -> Result<(), PublishError> {
    #[derive(serde::Deserialize)]
    struct Head {
        build: String,
        version: i64,
        created: i64,
        clock: i64,
    }
    let Some(edge) = root.folder(EDGE)? else { return Ok(()) };
    let Some(head) = edge.read(ROOT)?.and_then(|bytes| serde_json::from_slice::<Head>(&bytes).ok()) else {
        return Ok(());
    };
    let Head { build, version, created, clock } = head;
    if build == manifest.build && above.is_none_or(|above| version >= above) {
        (manifest.version, manifest.created, manifest.clock) = (version, created, clock);
    } else {
        manifest.version = manifest.version.max(version.saturating_add(1));
    }
    Ok(())
}

/// The manifest of an output, `None` where there is none that can be understood.
pub(super) fn previous(root: &Dir) -> Result<Option<Manifest>, PublishError> {
    Ok(root.read(MANIFEST)?.and_then(|bytes| Manifest::parse(&bytes).ok()))
}

/// The manifest in the signed envelope (DSSE), which edges may be holding on to. Its signature is theirs to judge.
fn signed(root: &Dir) -> Result<Option<Manifest>, PublishError> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        payload: String,
    }
    let envelope = root.read(SIGNED)?.and_then(|bytes| serde_json::from_slice::<Envelope>(&bytes).ok());
    let payload = envelope.and_then(|envelope| base64(&envelope.payload));
    Ok(payload.and_then(|bytes| Manifest::parse(&bytes).ok()))
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

/// Reads a file whose time must be the one that was made from its content; `None` where it is missing or altered.
pub(super) fn read_unaltered(dir: &Dir, name: &str) -> Result<Option<Vec<u8>>, PublishError> {
    let Some(status) = dir.status(name)? else { return Ok(None) };
    let unaltered = |bytes: &Vec<u8>| sha256(bytes).mtime() == status.mtime;
    Ok(dir.read(name)?.filter(unaltered))
}

/// Whether the pieces of a manifest are all there.
pub(super) fn edge_is_intact(root: &Dir, manifest: &Manifest) -> Result<bool, PublishError> {
    let Some(edge) = root.folder(EDGE)? else { return Ok(false) };
    let pieces: BTreeMap<String, Vec<u8>> = manifest.edge_shards();
    for (name, bytes) in &pieces {
        if !is_equal(&edge, name, bytes)? {
            return Ok(false);
        }
    }
    is_equal(&edge, ROOT, &manifest.edge_root())
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

/// Each object's name and size, in the order of their names.
pub(super) fn objects(manifest: &Manifest) -> impl Iterator<Item = (&str, u64)> {
    manifest.objects.iter().map(|(name, object)| (name.as_str(), object.size))
}

/// Each route's path, policy and objects, in the order of their paths.
pub(super) fn routes(manifest: &Manifest) -> impl Iterator<Item = (&str, usize, impl Iterator<Item = &str>)> {
    manifest.routes.iter().map(|(path, route)| (path.as_str(), route.policy, route.objects.iter().map(String::as_str)))
}

/// The object of the page that plain hosts show for what is not there.
pub(super) fn not_found(manifest: &Manifest) -> Option<&str> {
    manifest.pages.get("not_found").map(String::as_str)
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
