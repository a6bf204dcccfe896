//! Content hashes and the names made from them.
//!
//! An object is known by what it holds: [`ObjectName`] is the SHA-256 of its bytes and an extension, so equal bytes are
//! one file and a name never changes its meaning. Nothing here opens a file; bytes come in, names go out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A SHA-256 (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A SHA-256 that is fed piece by piece.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

/// The name of an object below `objects/`: `ab/ab12….html`, the first two hex digits, all 64 of them, the extension.
///
/// Names are ASCII and sort as their text does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName {
    digest: Digest,
    extension: Extension,
}

/// Lower-case letters and digits, padded with zeros so that equal ones are equal and shorter ones come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Extension([u8; 16]);

/// The text is no [`ObjectName`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the name of an object: two hex digits, `/`, 64 hex digits, an extension")]
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
    /// The name of some bytes. An extension is lower-cased; one that is not up to 16 ASCII letters and digits is left out.
    #[must_use]
    pub fn of(bytes: &[u8], extension: &str) -> Self {
        Self::new(sha256(bytes), extension)
    }

    /// The name of content whose hash is known, as [`ObjectName::of`].
    #[must_use]
    pub fn new(digest: Digest, extension: &str) -> Self {
        Self { digest, extension: Extension::new(extension) }
    }

    /// The hash of the content.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The extension without its dot, empty where there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        self.extension.as_str()
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.extension().is_empty() { "" } else { "." };
        write!(f, "{:02x}/{}{dot}{}", self.digest.first(), self.digest, self.extension())
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectName {
    type Err = NotAnObjectName;

    fn from_str(text: &str) -> Result<Self, NotAnObjectName> {
        let (folder, file) = text.split_once('/').ok_or(NotAnObjectName)?;
        let (stem, extension) = match file.split_once('.') {
            Some((_, "")) => return Err(NotAnObjectName),
            Some((stem, extension)) => (stem, extension),
            None => (file, ""),
        };
        let name = Self::new(stem.parse()?, extension);
        let right = name.extension() == extension && stem.get(..2) == Some(folder);
        if right { Ok(name) } else { Err(NotAnObjectName) }
    }
}

impl TryFrom<String> for ObjectName {
    type Error = NotAnObjectName;

    fn try_from(text: String) -> Result<Self, NotAnObjectName> {
        text.parse()
    }
}

impl From<ObjectName> for String {
    fn from(name: ObjectName) -> Self {
        name.to_string()
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

impl Extension {
    fn new(text: &str) -> Self {
        let mut bytes = [0; 16];
        if text.len() <= bytes.len() && text.bytes().all(|c| c.is_ascii_alphanumeric()) {
            for (byte, c) in bytes.iter_mut().zip(text.bytes()) {
                *byte = c.to_ascii_lowercase();
            }
        }
        Self(bytes)
    }

    fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        self.0.get(..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
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
        assert_eq!(text.parse(), Ok(name));
        let bare = ObjectName::of(b"abc", "no such extension");
        assert_eq!(bare.extension(), "");
        assert_eq!(bare.to_string().parse(), Ok(bare));
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
