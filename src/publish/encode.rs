//! Encoded objects: br and gzip, made once for each object and kept beside it.
//!
//! What compresses is told by the media type. The same bytes give the same encoded bytes on any machine and at any thread
//! count. An encoded object has the modification time of its object, set after its last byte; one that may not be whole is
//! decoded and compared before it is believed, so nothing is ever sent under an encoding that is not the object itself.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};

use rayon::prelude::*;

use super::objects::{Known, Objects};
use super::{PublishError, Publisher};
use crate::digest::ObjectName;
use crate::fs::dir::Status;
use crate::fs::{self, Deed, Kind};
use crate::manifest::{Encoding, Object};

/// Both, in the order in which they stand in a manifest.
const ENCODINGS: [Encoding; 2] = [Encoding::Br, Encoding::Gzip];
/// What is smaller fits in one packet as it is.
const SMALLEST: u64 = 256;
/// What is larger is sent as it is: it is encoded in memory.
const LARGEST: u64 = 16 << 20;
/// For pages, of which there are many: 10 saves another tenth of a page of prose, and nothing of a page that is mostly a
/// list, but takes from fifteen to fifty times as long.
const BR_PAGE: i32 = 6;
/// For what pages share, which changes seldom: the best there is.
const BR_SHARED: i32 = 11;
/// Larger files are not worth it: the best takes three seconds for a megabyte.
const LARGEST_SHARED: u64 = 256 << 10;
/// With smaller windows the encoder takes other ways, which are ten times as slow on small pages and no better.
const LEAST_WINDOW: u32 = 18;
const GZIP_LEVEL: u32 = 9;
/// An encoding that saves less than this part of the bytes is not kept.
const LEAST_PART_SAVED: usize = 20;

impl Publisher {
    /// Makes the encodings of all objects that compress, but for those that are there already, and enters them.
    ///
    /// # Errors
    /// When the disk will not, or an object was not stored.
    pub fn encode(&mut self, objects: &mut BTreeMap<ObjectName, Object>) -> Result<(), PublishError> {
        self.compress = true;
        let store = &self.objects;
        let mut worth: Vec<_> = objects.iter_mut().filter(|(name, object)| is_worth_trying(name, object)).collect();
        worth.par_iter_mut().with_max_len(1).try_for_each(|(name, object)| {
            object.encodings = store.encode(name, object)?;
            Ok(())
        })
    }
}

/// Whether an object may become smaller. One without an extension would share its encoded name with another object.
fn is_worth_trying(name: &ObjectName, object: &Object) -> bool {
    let extended = name.as_str().contains('.');
    extended && (SMALLEST..=LARGEST).contains(&object.size) && compresses(&object.media_type)
}

/// Whether files of a media type are text, or as compressible as text.
fn compresses(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || essence.ends_with("+xml")
        || essence.ends_with("+json")
        || matches!(
            essence,
            "application/json"
                | "application/javascript"
                | "application/x-javascript"
                | "application/xml"
                | "application/wasm"
                | "application/rtf"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
                | "image/bmp"
                | "image/x-icon"
        )
}

fn br_quality(object: &Object) -> i32 {
    let shared = !object.media_type.starts_with("text/html") && object.size <= LARGEST_SHARED;
    if shared { BR_SHARED } else { BR_PAGE }
}

/// The name of an encoded object.
pub(super) fn encoded_name(name: &str, encoding: Encoding) -> String {
    format!("{name}.{}", encoding.suffix())
}

impl Objects {
    /// The encodings in which an object lies beside itself, once those that are missing are made.
    fn encode(&self, name: &ObjectName, object: &Object) -> Result<Vec<Encoding>, PublishError> {
        let mut plain = None;
        let mut made = Vec::new();
        for encoding in ENCODINGS {
            if self.known_encoded(name, object.size, encoding)?.is_some() {
                made.push(encoding);
                continue;
            }
            let bytes = match plain.take() {
                Some(bytes) => bytes,
                None => self.plain(name)?,
            };
            let encoded = encode(encoding, &bytes, br_quality(object)).map_err(|source| {
                let path = self.dir.path().join(encoded_name(name.as_str(), encoding));
                PublishError::Disk(fs::Error::new(Deed::Write, &path, source))
            })?;
            if encoded.len() <= bytes.len() - bytes.len() / LEAST_PART_SAVED {
                self.store_encoded(name, encoding, &encoded)?;
                made.push(encoding);
            }
            plain = Some(bytes);
        }
        Ok(made)
    }

    fn plain(&self, name: &ObjectName) -> Result<Vec<u8>, PublishError> {
        self.dir.read(name.as_str())?.ok_or_else(|| PublishError::MissingObject { name: name.to_string() })
    }

    fn store_encoded(&self, name: &ObjectName, encoding: Encoding, bytes: &[u8]) -> Result<(), PublishError> {
        let path = encoded_name(name.as_str(), encoding);
        self.write(&path, bytes, name.mtime())?;
        self.remember(path, Known { size: bytes.len() as u64, inode: 0 });
        Ok(())
    }

    /// What is known of an encoded object: made by this build, or left by an earlier one and sound.
    pub(super) fn known_encoded(
        &self,
        name: &ObjectName,
        size: u64,
        encoding: Encoding,
    ) -> Result<Option<Known>, PublishError> {
        let path = encoded_name(name.as_str(), encoding);
        if let Some(known) = self.remembered(&path) {
            return Ok(Some(known));
        }
        let found = if self.is_fresh() { None } else { self.dir.status(&path)? };
        let Some(status) = found.filter(|status| has_shape_of_encoded(status, size)) else { return Ok(None) };
        let right = |bytes: Option<Vec<u8>>| match bytes {
            Some(bytes) => Ok::<_, PublishError>(decodes_to(encoding, &bytes, &self.plain(name)?)),
            None => Ok(false),
        };
        let sound = self.sound((&path, name.mtime()), Some(status), |dir| right(dir.read(&path)?))?;
        let known = sound.map(|status| Known { size: status.size, inode: status.inode });
        if let Some(known) = known {
            self.remember(path, known);
        }
        Ok(known)
    }
}

/// Whether a file may be what an object of this size was encoded to.
pub(super) fn has_shape_of_encoded(status: &Status, size: u64) -> bool {
    status.kind == Kind::File && (1..size).contains(&status.size)
}

fn encode(encoding: Encoding, bytes: &[u8], br_quality: i32) -> io::Result<Vec<u8>> {
    let mut encoded = Vec::with_capacity(bytes.len() / 2);
    match encoding {
        Encoding::Br => {
            // A window larger than the content saves nothing.
            let bits = usize::BITS - bytes.len().leading_zeros() + 1;
            let parameters = brotli::enc::BrotliEncoderParams {
                quality: br_quality,
                lgwin: i32::try_from(bits.clamp(LEAST_WINDOW, 22)).unwrap_or(22),
                size_hint: bytes.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &*bytes, &mut encoded, &parameters)?;
        }
        Encoding::Gzip => {
            // Its header has no name and no time.
            let mut encoder = flate2::write::GzEncoder::new(&mut encoded, flate2::Compression::new(GZIP_LEVEL));
            encoder.write_all(bytes)?;
            encoder.finish()?;
        }
    }
    Ok(encoded)
}

/// Whether encoded bytes are those of `plain`, and nothing besides.
fn decodes_to(encoding: Encoding, encoded: &[u8], plain: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(plain.len() + 1);
    let limit = plain.len() as u64 + 1;
    let read = match encoding {
        Encoding::Br => brotli::Decompressor::new(encoded, 4096).take(limit).read_to_end(&mut decoded),
        Encoding::Gzip => flate2::read::GzDecoder::new(encoded).take(limit).read_to_end(&mut decoded),
    };
    read.is_ok() && decoded == plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_always_the_same() {
        let text = "<p>A page about ownership and borrowing.</p>\n".repeat(50);
        for encoding in ENCODINGS {
            let encoded = encode(encoding, text.as_bytes(), BR_PAGE).unwrap();
            assert!(encoded.len() < text.len() / 10, "{}", encoded.len());
            assert_eq!(encoded, encode(encoding, text.as_bytes(), BR_PAGE).unwrap());
            assert!(decodes_to(encoding, &encoded, text.as_bytes()));
            let longer = text.clone() + "x";
            assert!(!decodes_to(encoding, &encoded, longer.as_bytes()));
            assert!(!decodes_to(encoding, &encoded, &text.as_bytes()[1..]));
            assert!(!decodes_to(encoding, &encoded[..encoded.len() - 1], text.as_bytes()));
            assert!(!decodes_to(encoding, b"", text.as_bytes()));
        }
    }

    #[test]
    fn text_compresses_and_pictures_do_not() {
        for yes in ["text/html; charset=utf-8", "image/svg+xml", "application/atom+xml", "application/wasm", "font/ttf"]
        {
            assert!(compresses(yes), "{yes}");
        }
        for no in ["image/png", "font/woff2", "application/pdf", "application/zip", "application/octet-stream", ""] {
            assert!(!compresses(no), "{no}");
        }
    }
}
