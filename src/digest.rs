//! Content hashes and the names made from them.
//!
//! An object is known by what it holds: [`ObjectName`] is the SHA-256 of its bytes and an extension, so equal bytes are
//! one file and a name never changes its meaning. Nothing here opens a file; bytes come in, names go out.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// A SHA-256 (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A SHA-256 that is fed piece by piece.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

/// The name of an object below `objects/`: `ab/ab12….html`, a folder of the first two hex digits, the SHA-256 of its bytes,
/// an extension (there may be none).
///
/// Names are ASCII and sort as their text does; a clone shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Arc<str>);

/// The text is no [`ObjectName`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an object is named `ab/ab12….html`: two digits, the SHA-256 in lower-case hexadecimal, an extension")]
pub struct NotAnObjectName;

/// The SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(sha2::Sha256::digest(bytes).into())
}

/// The SHA-256 of some bytes as 64 lower-case hex digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    sha256(bytes).to_string()
}

impl Digest {
    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first byte, by which objects and routes are spread over 256 folders and shards.
    #[must_use]
    pub fn first(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }

    /// The modification time, in seconds since 1970, that a file with this content is given: an instant from 2001 to 2019.
    ///
    /// Servers make an `ETag` from time and length, so two variants of one length must differ in time; and what was
    /// built twice must not differ at all.
    #[must_use]
    pub fn mtime(&self) -> i64 {
        const FIRST: i64 = 978_307_200;
        const SPAN: i64 = 19 * 365 * 86_400;
        let [a, b, c, d, e, f, ..] = self.0;
        let number = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        FIRST + number % SPAN
    }
}

/// 64 lower-case hex digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotAnObjectName;

    fn from_str(text: &str) -> Result<Self, NotAnObjectName> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(NotAnObjectName) };
        let mut bytes = [0_u8; 32];
        if pairs.len() != bytes.len() {
            return Err(NotAnObjectName);
        }
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = hex_value(high)? << 4 | hex_value(low)?;
        }
        Ok(Self(bytes))
    }
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

fn hex_value(digit: u8) -> Result<u8, NotAnObjectName> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NotAnObjectName),
    }
}

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl ObjectName {
    /// The name of bytes with this SHA-256, in hexadecimal, and this extension (without a dot; empty for none).
    ///
    /// # Errors
    /// If the hash is not 64 lower-case digits, or the extension not `[a-z0-9]{1,16}`.
    pub fn new(hash: &str, extension: &str) -> Result<Self, NotAnObjectName> {
        let dot = if extension.is_empty() { "" } else { "." };
        format!("{}/{hash}{dot}{extension}", hash.get(..2).unwrap_or_default()).parse()
    }

    /// The name of some bytes. An extension is lower-cased; one that a name cannot have is left out.
    #[must_use]
    pub fn of(bytes: &[u8], extension: &str) -> Self {
        Self::of_digest(&sha256(bytes), extension)
    }

    /// The name of content whose hash is known, as [`ObjectName::of`].
    #[must_use]
    pub fn of_digest(digest: &Digest, extension: &str) -> Self {
        let extension = extension.to_ascii_lowercase();
        let (dot, extension) = if is_extension(&extension) { (".", extension.as_str()) } else { ("", "") };
        Self(format!("{:02x}/{digest}{dot}{extension}", digest.first()).into())
    }

    /// The name as it is written, which is also its path below `objects/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the bytes, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.0.get(3..67).unwrap_or_default()
    }

    /// The first byte of the hash.
    #[must_use]
    pub fn first(&self) -> u8 {
        self.0.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0)
    }

    /// The modification time of the object, as [`Digest::mtime`].
    #[must_use]
    pub fn mtime(&self) -> i64 {
        self.hash().parse().map_or(0, |digest: Digest| digest.mtime())
    }
}

impl FromStr for ObjectName {
    type Err = NotAnObjectName;

    fn from_str(text: &str) -> Result<Self, NotAnObjectName> {
        let (folder, file) = text.split_once('/').ok_or(NotAnObjectName)?;
        let (hash, rest) = file.split_at_checked(64).ok_or(NotAnObjectName)?;
        let right = hash.get(..2) == Some(folder)
            && hash.parse::<Digest>().is_ok()
            && (rest.is_empty() || rest.strip_prefix('.').is_some_and(is_extension));
        if right { Ok(Self(text.into())) } else { Err(NotAnObjectName) }
    }
}

fn is_extension(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ObjectName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Its text. Manifests are full of names, so none is copied on the way.
impl Serialize for ObjectName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = ObjectName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an object")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ObjectName, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl schemars::JsonSchema for ObjectName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ObjectName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": r"^[0-9a-f]{2}/[0-9a-f]{64}(\.[a-z0-9]{1,16})?$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_text_and_back() {
        let name = ObjectName::of(b"abc", "HTML");
        let text = "ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.html";
        assert_eq!(name.to_string(), text);
        assert_eq!(text.parse(), Ok(name.clone()));
        assert_eq!(ObjectName::new(name.hash(), "html"), Ok(name));
        let bare = ObjectName::of(b"abc", "no such extension");
        assert_eq!(bare.as_str().len(), 67);
        assert_eq!(bare.as_str().parse(), Ok(bare));
    }

    #[test]
    fn names_sort_as_their_text() {
        let mut names: Vec<_> = ["", "js", "json", "html", "br"].map(|e| ObjectName::of(b"x", e)).into();
        names.extend((0..50_u8).map(|n| ObjectName::of(&[n], "css")));
        names.sort();
        let texts: Vec<_> = names.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let hash = sha256_hex(b"abc");
        for text in [
            String::new(),
            hash.clone(),
            format!("bb/{hash}.html"),
            format!("ba/{hash}."),
            format!("ba/{hash}.a/b"),
            format!("ba/{hash}.HTML"),
            format!("ba/{hash}.tar.gz"),
            format!("ba/{}.html", hash.to_uppercase()),
            format!("ba/../ba/{hash}.html"),
            format!("ba/{}.html", &hash[1..]),
        ] {
            assert_eq!(text.parse::<ObjectName>(), Err(NotAnObjectName), "{text}");
        }
    }

    #[test]
    fn times_lie_between_2001_and_2019() {
        for n in 0..1000_u32 {
            let mtime = sha256(&n.to_le_bytes()).mtime();
            assert!((978_307_200..1_577_836_800).contains(&mtime));
        }
    }

    #[test]
    fn pieces_hash_as_the_whole() {
        let mut hasher = Hasher::default();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), sha256(b"abc"));
    }
}
