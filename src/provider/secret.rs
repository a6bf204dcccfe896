//! Secrets that come from the environment or from a file, and go nowhere: no message and no log shows one.

use std::fmt;

/// A secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The text is empty, or no text that could be sent in a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a secret is printable ASCII without spaces")]
pub struct NoSecret;

impl Secret {
    /// Takes a secret as it stands in a file: spaces and line ends around it are not part of it.
    ///
    /// # Errors
    /// [`NoSecret`].
    pub fn new(text: &str) -> Result<Self, NoSecret> {
        let text = text.trim_ascii();
        let printable = !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic());
        if printable { Ok(Self(text.to_owned())) } else { Err(NoSecret) }
    }

    /// Takes several, separated by spaces, commas or line ends: the new one and those that are on their way out.
    ///
    /// # Errors
    /// [`NoSecret`], also when there is none.
    pub fn several(text: &str) -> Result<Vec<Self>, NoSecret> {
        let words = text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let secrets = words.map(Self::new).collect::<Result<Vec<_>, _>>()?;
        if secrets.is_empty() { Err(NoSecret) } else { Ok(secrets) }
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
