//! Tokens: which one a request brings, whether it is good, and whom it makes of its bearer (design 7).
//!
//! A token is a signed JWT (RFC 7519) in compact form. What it says of itself is never believed: the algorithm belongs to
//! the key, keys come from whoever runs the edge, and nothing of the payload is looked at before the signature holds.
//! Whatever is not exactly as it must be makes a bad token, and a bad token is no token. Nothing here reads a clock, a
//! file or a network.

mod claims;
pub mod issue;
mod json;
mod keys;
mod presented;
mod public;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::entitlement::{Entitlement, Reader};
use crate::manifest;
use crate::time::Timestamp;

pub use keys::{Key, KeySource, Keys, KeysError};
pub use presented::presented;
pub use public::{Algorithm, PublicKey};

/// The longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 8_192;

/// How far ahead of ours an issuer's clock may be, in seconds: for `iat` and `nbf`, never for `exp`.
pub const LEEWAY: i64 = 30;

/// Header parameters that would have us fetch a key, believe one that the token brings, or read the token otherwise.
const REFUSED: [&str; 6] = ["crit", "jku", "jwk", "x5u", "x5c", "b64"];

/// A token that is good in all but time, which [`Verified::reader`] judges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    issued: Timestamp,
    not_before: Option<Timestamp>,
    expires: Timestamp,
    entitlements: Vec<Entitlement>,
}

/// Why a token is bad. It says nothing of what the token holds, so that it can be logged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum BadToken {
    /// More than [`MAX_BYTES`].
    #[error("it is longer than 8192 bytes")]
    TooLong,
    /// Not three parts of base64url without padding.
    #[error("it is no signed token in compact form")]
    Malformed,
    /// A header that is no JSON object, or asks for what is not granted.
    #[error("its header is not one that is accepted")]
    Header,
    /// A `kid` that no key has, or none where there are several keys.
    #[error("it names no key that is known here")]
    UnknownKey,
    /// An `alg` that is not its key's.
    #[error("its algorithm is not that of its key")]
    Algorithm,
    /// A signature that was not made with its key.
    #[error("its signature does not hold")]
    Signature,
    /// A payload that is no JSON object.
    #[error("its payload is no JSON object")]
    Payload,
    /// Another issuer, or none.
    #[error("it is from another issuer")]
    Issuer,
    /// Another audience, or none.
    #[error("it is for another audience")]
    Audience,
    /// `iat` or `exp` is missing, or one of `iat`, `exp` and `nbf` is no instant.
    #[error("its dates are missing or absurd")]
    Dates,
    /// `exp - iat` is over the limit.
    #[error("its life is too long")]
    Life,
    /// The claim that holds the entitlements is neither a list nor a string.
    #[error("its entitlements are neither a list nor a string")]
    Entitlements,
    /// More entitlements than allowed.
    #[error("it has too many entitlements")]
    TooMany,
}

impl Verified {
    /// Whom the token makes of its bearer at an instant.
    #[must_use]
    pub fn reader(&self, now: Timestamp) -> Reader {
        let latest = now.seconds() + LEEWAY;
        let ahead = |at: Timestamp| at.seconds() > latest;
        if ahead(self.issued) || self.not_before.is_some_and(ahead) {
            return Reader::Visitor;
        }
        let entitlements = self.entitlements.clone();
        if now >= self.expires { Reader::Expired(entitlements) } else { Reader::Member(entitlements) }
    }

    /// The first instant at which it is good no more.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// Verifies a token in all but time.
///
/// # Errors
/// [`BadToken`] for the first fault.
pub fn verify(token: &[u8], settings: &manifest::Token, keys: &Keys) -> Result<Verified, BadToken> {
    if token.len() > MAX_BYTES {
        return Err(BadToken::TooLong);
    }
    let Compact { signed, header, payload, signature } = Compact::split(token).ok_or(BadToken::Malformed)?;
    let key = key_of(&decode(header)?, keys)?;
    if !key.verifies(signed, &decode(signature)?) {
        return Err(BadToken::Signature);
    }
    claims::read(&decode(payload)?, settings)
}

/// The key that a header names, whose algorithm it must name too.
fn key_of<'k>(header: &[u8], keys: &'k Keys) -> Result<&'k Key, BadToken> {
    let text = std::str::from_utf8(header).map_err(|_| BadToken::Header)?;
    let header = json::object(text).ok_or(BadToken::Header)?;
    if REFUSED.iter().any(|name| header.contains_key(*name)) {
        return Err(BadToken::Header);
    }
    let algorithm = header.get("alg").and_then(|value| json::string(value)).ok_or(BadToken::Header)?;
    let key = match header.get("kid") {
        None => keys.only(),
        Some(kid) => keys.named(&json::string(kid).ok_or(BadToken::Header)?),
    };
    let key = key.ok_or(BadToken::UnknownKey)?;
    if algorithm == key.algorithm().as_str() { Ok(key) } else { Err(BadToken::Algorithm) }
}

/// A JWS in compact form (RFC 7515, 7.1), cut into its parts.
struct Compact<'t> {
    /// What the signature is over: header and payload as they stand, with their dot.
    signed: &'t [u8],
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
}

impl<'t> Compact<'t> {
    fn split(token: &'t [u8]) -> Option<Self> {
        let mut dots = token.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at);
        let (first, second, None) = (dots.next()?, dots.next()?, dots.next()) else { return None };
        Some(Self {
            signed: token.get(..second)?,
            header: token.get(..first)?,
            payload: token.get(first + 1..second)?,
            signature: token.get(second + 1..)?,
        })
    }
}

/// Base64url without padding, in its one canonical form (RFC 7515, 2; RFC 4648, 3.5).
fn decode(part: &[u8]) -> Result<Vec<u8>, BadToken> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| BadToken::Malformed)
}
