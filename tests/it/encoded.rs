//! Looks through br and gzip: what an encoded file of an output holds must be the plain file beside it, byte for byte.
//!
//! Whatever a test knows of plain files is true of encoded ones then. A tree without encodings may not have any.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tierpress::manifest::{Encoding, Manifest};

use crate::built::contents;

/// What encoded bytes hold; `None` where they are not of this encoding, or not whole.
pub(crate) fn decoded(encoding: Encoding, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let read = match encoding {
        Encoding::Br => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut decoded),
        Encoding::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut decoded),
    };
    read.is_ok().then_some(decoded)
}

/// What a browser makes of a file's bytes: decoded where its name says so and its bytes are of that encoding.
pub(crate) fn seen_through(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    plain_name(name).and_then(|(_, encoding)| decoded(encoding, &bytes)).unwrap_or(bytes)
}

/// The name of what a file encodes, if its own name says that it encodes anything.
fn plain_name(name: &str) -> Option<(&str, Encoding)> {
    let br = name.strip_suffix(".br").map(|plain| (plain, Encoding::Br));
    br.or_else(|| name.strip_suffix(".gz").map(|plain| (plain, Encoding::Gzip)))
}

/// What is wrong with the encoded files of an output: in the store, and in every tree.
pub(crate) fn faults(out: &Path) -> Vec<String> {
    let manifest = Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    let objects = out.join("objects");
    let mut faults = Vec::new();
    for (name, object) in &manifest.objects {
        let plain = fs::read(objects.join(name.as_str())).unwrap();
        for encoding in &object.encodings {
            let path = objects.join(format!("{name}.{}", encoding.suffix()));
            match fs::read(&path).ok().and_then(|bytes| Some((decoded(*encoding, &bytes)?, bytes.len()))) {
                None => faults.push(format!("{} is missing or broken", path.display())),
                Some((text, size)) if text != plain || size >= plain.len() => {
                    faults.push(format!("{} is not its object, smaller", path.display()));
                }
                Some(_) if fs::metadata(&path).unwrap().mtime() != name.mtime() => {
                    faults.push(format!("{} has not the time of its object", path.display()));
                }
                Some(_) => {}
            }
        }
    }
    faults.extend(tree_faults(out, &manifest));
    faults
}

/// What is wrong with the encoded files of all trees, whatever manifest they were made for: in `public` each is the file
/// beside it, elsewhere there are none.
pub(crate) fn tree_faults(out: &Path, manifest: &Manifest) -> Vec<String> {
    let mut faults = Vec::new();
    for folder in ["public", "tiers", "bundles"] {
        if !out.join(folder).exists() {
            continue;
        }
        let files: BTreeMap<String, Vec<u8>> = contents(&out.join(folder));
        for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with('/')) {
            let route = name.splitn(if folder == "public" { 1 } else { 2 }, '/').last().unwrap();
            let Some((plain, encoding)) = plain_name(name) else { continue };
            if manifest.routes.contains_key(&format!("/{route}")) {
                continue;
            }
            if folder != "public" {
                faults.push(format!("{folder}/{name} is encoded"));
            } else if files.get(plain).is_none_or(|plain| decoded(encoding, bytes).as_ref() != Some(plain)) {
                faults.push(format!("LEAK: {folder}/{name} is not the file beside it"));
            }
        }
    }
    faults
}
