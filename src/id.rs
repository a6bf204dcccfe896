//! Identifiers of tiers and bundles: checked once, compared for ever.
//!
//! An [`Id`] is permanent: it stands in tokens that members hold and in manifests that edges read. So there is one door
//! in, [`Id::from_str`], and serde goes through it as well.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The identifier of a tier or a bundle: `[a-z0-9][a-z0-9-]{0,62}` with at least one letter, and no reserved word.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(Arc<str>);

/// Words that the tag grammar uses itself.
pub const RESERVED: [&str; 9] = ["public", "members", "all", "any", "none", "from", "until", "since", "every"];

/// Why a text is no [`Id`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdError {
    /// Nothing was written.
    #[error("an id cannot be empty")]
    Empty,
    /// More than 63 characters.
    #[error("an id has at most 63 characters")]
    TooLong,
    /// A character other than `a-z`, `0-9` and `-`, or a leading `-`.
    #[error("an id is lower-case letters, digits and `-`, and begins with a letter or a digit")]
    BadCharacter,
    /// Digits and hyphens only.
    #[error("an id needs at least one letter")]
    NoLetter,
    /// One of [`RESERVED`].
    #[error("this word is reserved")]
    Reserved,
}

impl Id {
    /// The id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        if text.starts_with('-') || !text.bytes().all(|c| plain(c) || c == b'-') {
            return Err(IdError::BadCharacter);
        }
        if text.len() > 63 {
            return Err(IdError::TooLong);
        }
        if !text.bytes().any(|c| c.is_ascii_lowercase()) {
            return Err(IdError::NoLetter);
        }
        if RESERVED.contains(&text) {
            return Err(IdError::Reserved);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^(?=.*[a-z])[a-z0-9][a-z0-9-]{0,62}$"})
    }
}
