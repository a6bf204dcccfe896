//! References: which member a checkout was begun by, signed so that nobody buys in another's name.
//!
//! A payment link takes a `client_reference_id` of letters, digits, `-` and `_`, at most 200 of them, and gives it back with
//! the purchase. Ours is `tp1-`, the member's id in base64url, and 16 bytes of HMAC-SHA256 over what stands before.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::secret::Secret;
use crate::members::event::MemberId;

const MARK: &str = "tp1-";
const TAG_BYTES: usize = 16;
/// 16 bytes in base64url without padding.
const TAG_LENGTH: usize = 22;
/// The longest that a payment link takes.
const LONGEST: usize = 200;

/// Makes references and reads them.
#[derive(Debug)]
pub struct References(Vec<hmac::Key>);

impl References {
    /// With a secret that makes references, and former ones that are still read.
    #[must_use]
    pub fn new(secrets: &[Secret]) -> Self {
        Self(secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())).collect())
    }

    /// The reference of a member; none where there is no secret, or the id is too long for one.
    #[must_use]
    pub fn make(&self, member: &str) -> Option<String> {
        let said = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(member));
        let reference = format!("{said}{}", tag(self.0.first()?, &said));
        (reference.len() <= LONGEST).then_some(reference)
    }

    /// The member that a reference was made for, by us.
    #[must_use]
    pub fn read(&self, reference: &str) -> Option<MemberId> {
        let (said, given) = reference.split_at_checked(reference.len().checked_sub(TAG_LENGTH)?)?;
        let ours = |key| constant_time::verify_slices_are_equal(tag(key, said).as_bytes(), given.as_bytes()).is_ok();
        if !self.0.iter().any(ours) {
            return None;
        }
        let member = URL_SAFE_NO_PAD.decode(said.strip_prefix(MARK)?).ok()?;
        String::from_utf8(member).ok()
    }
}

fn tag(key: &hmac::Key, said: &str) -> String {
    let tag = hmac::sign(key, said.as_bytes());
    URL_SAFE_NO_PAD.encode(tag.as_ref().get(..TAG_BYTES).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(secrets: &[&str]) -> References {
        References::new(&secrets.iter().map(|secret| Secret::new(secret).unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn what_we_made_is_read_and_nothing_else() {
        let own = references(&["a-long-secret-of-ours"]);
        let reference = own.make("m_1234567890abcdef").unwrap();
        assert!(reference.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'), "{reference}");
        assert_eq!(own.read(&reference).as_deref(), Some("m_1234567890abcdef"));
        assert_eq!(references(&["new", "a-long-secret-of-ours"]).read(&reference), own.read(&reference));
        assert_eq!(references(&["new"]).read(&reference), None);
        for at in 0..reference.len() {
            let mut other = reference.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(own.read(&String::from_utf8(other).unwrap()), None, "{at}");
        }
        for junk in ["", "m_1234567890abcdef", "tp1-", "é", &reference[1..], &reference[..reference.len() - 1]] {
            assert_eq!(own.read(junk), None, "{junk}");
        }
        assert_eq!(own.make(&"m".repeat(200)), None);
        assert_eq!(references(&[]).make("m"), None);
    }
}
