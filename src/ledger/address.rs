//! Mail addresses in one form, so that one person is one member however the address was typed.
//!
//! An [`Address`] is kept as it is written to (Unicode in form C, the domain in lower case as DNS has it), and found by a
//! key that forgets upper and lower case throughout: two accounts that differ in nothing else are one. It refuses whatever
//! could end a header line or name a second recipient.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

/// A mail address that can be written to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Address {
    text: String,
    key: String,
}

/// Why a text is no [`Address`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// No `@`, more than one, or nothing on one side of it.
    #[error("a mail address is a name, `@` and a domain")]
    Shape,
    /// More than 254 bytes, or more than 64 before the `@`.
    #[error("a mail address has at most 64 bytes before the `@` and 254 in all")]
    TooLong,
    /// Blanks, control characters, quotes, brackets, commas: what needs quoting in a header.
    #[error("a mail address has no blanks, quotes, brackets, commas or line ends")]
    Character,
    /// The domain is none.
    #[error("what stands behind the `@` is no domain")]
    Domain,
}

impl Address {
    /// The address to write to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is equal for all ways to type it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.trim_matches(' ').rsplit_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        let refused = |c: char| c.is_control() || c.is_whitespace() || "\"<>()[]\\,;:@".contains(c) || is_format(c);
        if local.contains(refused) {
            let shape = local.contains('@');
            return Err(if shape { AddressError::Shape } else { AddressError::Character });
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(AddressError::Character);
        }
        // Case and Unicode forms of domains are DNS's own business (UTS 46).
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
        if domain.is_empty() || domain.ends_with('.') {
            return Err(AddressError::Domain);
        }
        let local: String = local.nfc().collect();
        if local.len() > 64 || local.len() + domain.len() + 1 > 254 {
            return Err(AddressError::TooLong);
        }
        // Lower case may fall out of form C, and form C of it into another case: twice is where it rests.
        let lower = |text: &str| -> String { text.to_lowercase().nfc().collect() };
        let key = format!("{}@{domain}", lower(&lower(&local)));
        Ok(Self { text: format!("{local}@{domain}"), key })
    }
}

/// Characters that show nothing: joiners, marks of direction, the byte order mark.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_one_key() {
        let key = |text: &str| text.parse::<Address>().map(|address| address.key().to_owned());
        for (a, b) in [
            ("Ada@Learn.Example", "ada@learn.example"),
            ("zo\u{eb}@learn.example", "ZOE\u{308}@learn.example"),
            ("ada@b\u{fc}cher.example", "ada@XN--BCHER-KVA.example"),
            ("ada@bu\u{308}cher.example", "ada@b\u{dc}CHER.example"),
            (" ada@learn.example ", "ada@learn.example"),
        ] {
            assert_eq!(key(a).unwrap(), key(b).unwrap(), "{a} {b}");
        }
        assert_ne!(key("ada+x@learn.example"), key("ada@learn.example"));
        assert_eq!("Ada@Learn.Example".parse::<Address>().unwrap().as_str(), "Ada@learn.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@learn.example", "a".repeat(65));
        for (text, expected) in [
            ("", AddressError::Shape),
            ("ada", AddressError::Shape),
            ("@learn.example", AddressError::Shape),
            ("ada@", AddressError::Shape),
            ("ada@bob@learn.example", AddressError::Shape),
            ("ada\r\nBcc: bob@learn.example", AddressError::Character),
            ("ada@learn.example\r\nBcc: bob", AddressError::Domain),
            ("ada@learn.example\n", AddressError::Domain),
            ("ada lovelace@learn.example", AddressError::Character),
            ("\"ada\"@learn.example", AddressError::Character),
            ("<ada@learn.example>", AddressError::Character),
            ("ada,bob@learn.example", AddressError::Character),
            ("a\u{200b}da@learn.example", AddressError::Character),
            (".ada@learn.example", AddressError::Character),
            ("ada@learn example", AddressError::Domain),
            ("ada@-learn.example", AddressError::Domain),
            ("ada@learn..example", AddressError::Domain),
            (long.as_str(), AddressError::TooLong),
        ] {
            assert_eq!(text.parse::<Address>(), Err(expected), "{text:?}");
        }
    }
}
