//! References: which member a checkout was begun by, signed so that nobody buys in another's name.
//!
//! A payment link takes a `client_reference_id` of letters, digits, `-` and `_`, at most 200 of them, and gives it back with
//! the purchase. Ours is `tp1-`, the instant at which it was made in hexadecimal, the member's id in base64url, and 16 bytes
//! of HMAC-SHA256 over what stands before.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::members::event::MemberId;
use crate::time::Timestamp;

const MARK: &str = "tp1-";
const TAG_BYTES: usize = 16;
/// 16 bytes in base64url without padding.
const TAG_LENGTH: usize = 22;
/// The longest that a payment link takes.
const LONGEST: usize = 200;
/// For how many seconds one is good: a debit may take two weeks until it is a payment. A link that somebody passed on is not
/// theirs for ever.
const LIFE: i64 = 30 * 86_400;
/// How far the clocks of two machines may be apart, in seconds.
const AHEAD: i64 = 300;

/// Makes references and reads them.
pub struct References(hmac::Key);

impl References {
    /// With a secret of ours, that all instances of the service share.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The reference of a member who begins to buy now; none where the id is too long for one.
    #[must_use]
    pub fn make(&self, member: &str, now: Timestamp) -> Option<String> {
        let said = format!("{MARK}{:x}-{}", now.seconds().max(0), URL_SAFE_NO_PAD.encode(member));
        let reference = format!("{said}{}", self.tag(&said));
        (reference.len() <= LONGEST).then_some(reference)
    }

    /// The member that a reference was made for, by us and not long before something was bought with it.
    #[must_use]
    pub fn read(&self, reference: &str, bought: Timestamp) -> Option<MemberId> {
        let (said, given) = reference.split_at_checked(reference.len().checked_sub(TAG_LENGTH)?)?;
        constant_time::verify_slices_are_equal(self.tag(said).as_bytes(), given.as_bytes()).ok()?;
        let (made, member) = said.strip_prefix(MARK)?.split_once('-')?;
        let age = bought.seconds().checked_sub(i64::from_str_radix(made, 16).ok()?)?;
        if !(-AHEAD..=LIFE).contains(&age) {
            return None;
        }
        String::from_utf8(URL_SAFE_NO_PAD.decode(member).ok()?).ok()
    }

    fn tag(&self, said: &str) -> String {
        let tag = hmac::sign(&self.0, said.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..TAG_BYTES).unwrap_or_default())
    }
}

impl std::fmt::Debug for References {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("References")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_made_is_read_and_nothing_else() {
        let own = References::new("a-long-secret-of-ours");
        let at = |seconds: i64| Timestamp::saturating(1_795_000_000 + seconds);
        for member in ["m_1234567890abcdef", "m_-_-_-", "\u{e9}"] {
            let reference = own.make(member, at(0)).unwrap();
            assert!(reference.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{reference}");
            assert_eq!(own.read(&reference, at(10)).as_deref(), Some(member));
        }
        let reference = own.make("m_1234567890abcdef", at(0)).unwrap();
        assert_eq!(References::new("another").read(&reference, at(10)), None);
        for old in [-301, LIFE + 1, i64::from(i32::MAX)] {
            assert_eq!(own.read(&reference, at(old)), None, "{old}");
        }
        assert!(own.read(&reference, at(LIFE)).is_some() && own.read(&reference, at(-300)).is_some());
        for place in 0..reference.len() {
            let mut other = reference.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(own.read(&String::from_utf8(other).unwrap(), at(0)), None, "{place}");
        }
        for junk in ["", "m_1234567890abcdef", "tp1-", "\u{e9}", &reference[1..], &reference[..reference.len() - 1]] {
            assert_eq!(own.read(junk, at(0)), None, "{junk}");
        }
        assert_eq!(own.make(&"m".repeat(200), at(0)), None);
    }
}
