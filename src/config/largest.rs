//! The largest token that a member can come to hold, by counting: every rung of the tiers, every bundle, all their dates.
//!
//! A browser drops a cookie that is too large without a word, and its owner is a visitor from then on. So a catalogue whose
//! tokens could grow too large is refused before anybody holds one. It signs nothing: only lengths are worked out.

use serde_json::{Value, json};

use super::Token;
use crate::access::catalogue::{Cancellation, Catalogue};
use crate::time::Timestamp;

/// What a cookie may have in bytes, its name, value and attributes together (RFC 6265, section 6.1).
pub const COOKIE: usize = 4_096;

/// The most bytes of a member's id (`sub`).
pub const SUBJECT: usize = 64;

/// The signature of the longest algorithm in use, RS256 with 2,048 bits, in base64.
const SIGNATURE: usize = 342;

/// The name of a key, in base64: a thumbprint (RFC 7638).
const KEY_NAME: usize = 43;

/// A moment of ten digits: such are all from 2001 to 2286.
const MOMENT: i64 = 9_999_999_999;

/// How large it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Largest {
    /// How many entitlements it must have room for: one for each tier and bundle, and one more where it may be kept.
    pub entitlements: usize,
    /// The bytes of the cookie with it, its name and attributes.
    pub cookie: usize,
    /// Those of them that are there without any entitlement.
    pub empty: usize,
}

/// The largest token of members of a site: every tier and every bundle, each with an end. Where a site keeps unlocked what is
/// cancelled, each may be there twice, as it was kept and as it was bought again; issuers leave out what is more than
/// `max_entitlements`, so only so many count for the cookie.
#[must_use]
pub fn largest(catalogue: &Catalogue, token: &Token) -> Largest {
    let live = |id| json!({"value": id, "since": MOMENT, "until": Timestamp::MAX});
    let kept = |id| json!({"value": id, "since": MOMENT, "until": Timestamp::MAX, "frozen": MOMENT});
    let mut entries: Vec<Value> = catalogue.ids().map(live).collect();
    if catalogue.cancellation() == Cancellation::KeepUnlocked {
        entries.extend(catalogue.ids().map(kept));
    }
    let entitlements = entries.len();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.to_string().len()));
    entries.truncate(usize::try_from(token.max_entitlements).unwrap_or(usize::MAX));
    Largest { entitlements, cookie: cookie(token, entries), empty: cookie(token, Vec::new()) }
}

fn cookie(token: &Token, entries: Vec<Value>) -> usize {
    let Token { issuer, audience, claim, cookie, max_ttl, max_entitlements: _ } = token;
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "k".repeat(KEY_NAME)});
    let mut payload = json!({"iss": issuer, "aud": audience, "sub": "m".repeat(SUBJECT), "iat": MOMENT, "exp": MOMENT});
    if let Value::Object(payload) = &mut payload {
        payload.insert(claim.clone(), entries.into());
    }
    let value = base64(header.to_string().len()) + 1 + base64(payload.to_string().len()) + 1 + SIGNATURE;
    let attributes = format!("{cookie}=; Path=/; Max-Age={max_ttl}; HttpOnly; Secure; SameSite=Lax");
    attributes.len() + value
}

/// How many characters so many bytes are in base64 without padding.
fn base64(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}
