//! The `Stripe-Signature` header: who sent a webhook's bytes, and when.
//!
//! `t=1795000000,v1=<hex>,v1=<hex>,v0=<hex>`: HMAC-SHA256 of the time, a point and the raw body, once for each signing secret
//! that Stripe has for the endpoint (two while one is being replaced). `v0` is a decoy of test mode.

use aws_lc_rs::hmac;

use super::super::Refusal;
use super::super::secret::Secret;
use crate::time::Timestamp;

pub(super) const HEADER: &str = "stripe-signature";

/// How far the time of signing may be from now, both ways, in seconds: Stripe's own libraries say five minutes.
const TOLERANCE: i64 = 300;
/// The most signatures that are tried.
const MOST: usize = 16;

/// Secrets that sign webhooks: `whsec_…`.
#[derive(Debug)]
pub struct SigningSecrets(Vec<hmac::Key>);

/// Why these are no signing secrets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SigningSecretError {
    /// There is none.
    #[error("there is no signing secret")]
    None,
    /// It is something else: an API key, perhaps.
    #[error("a signing secret of Stripe begins with `whsec_`")]
    Other,
}

impl SigningSecrets {
    /// Takes the secrets of an endpoint: one, or several while one is being replaced.
    ///
    /// # Errors
    /// When there is none, or one is something else.
    pub fn new(secrets: &[Secret]) -> Result<Self, SigningSecretError> {
        if secrets.is_empty() {
            return Err(SigningSecretError::None);
        }
        if secrets.iter().any(|secret| secret.expose().len() < 16 || !secret.expose().starts_with("whsec_")) {
            return Err(SigningSecretError::Other);
        }
        // The whole text is the key, with its prefix.
        let key = |secret: &Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(Self(secrets.iter().map(key).collect()))
    }

    /// Checks a header against the raw body.
    pub(super) fn check(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let signed = Signed::read(header).ok_or(Refusal::Malformed(HEADER))?;
        let mut message = Vec::with_capacity(body.len() + 16);
        message.extend_from_slice(signed.time.as_bytes());
        message.push(b'.');
        message.extend_from_slice(body);
        // `hmac::verify` takes the same time wherever two signatures differ.
        let made = |key: &hmac::Key| signed.tags.iter().any(|tag| hmac::verify(key, &message, tag).is_ok());
        if !self.0.iter().any(made) {
            return Err(Refusal::Forged);
        }
        // Of a time that nobody signed nothing is said.
        match now.seconds() - signed.at {
            ahead if ahead < -TOLERANCE => Err(Refusal::Early),
            behind if behind > TOLERANCE => Err(Refusal::Late),
            _ => Ok(()),
        }
    }
}

struct Signed<'a> {
    time: &'a str,
    at: i64,
    tags: Vec<[u8; 32]>,
}

impl<'a> Signed<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let mut time = None;
        let mut tags = Vec::new();
        for part in header.split(',') {
            let (scheme, value) = part.split_once('=')?;
            match scheme {
                "t" if time.is_some() => return None,
                "t" => time = Some(value),
                "v1" => tags.push(hex(value)?),
                _ => {}
            }
        }
        let time = time.filter(|time| digits(time))?;
        let usable = !tags.is_empty() && tags.len() <= MOST;
        usable.then_some(Self { time, at: time.parse().ok()?, tags })
    }
}

/// Plain decimal digits, as a number is printed: what was signed can be written in one way only.
fn digits(text: &str) -> bool {
    (1..=12).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
}

/// 64 lower-case hexadecimal digits.
fn hex(text: &str) -> Option<[u8; 32]> {
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}
