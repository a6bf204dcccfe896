//! Signed envelopes: DSSE (Dead Simple Signing Envelope, v1) over Ed25519.
//!
//! An edge that was given a public key believes a manifest only in an envelope. What is signed is the payload together
//! with its type, so that no signature over anything else can be passed off as one over a manifest. What comes out of
//! [`open`] is the payload as it was signed, byte for byte; nothing here looks into it, or knows versions.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _};
use serde::{Deserialize, Serialize};

/// The type of a payload that is a manifest, or `edge/root.json`.
pub const PAYLOAD_TYPE: &str = "application/vnd.tierpress.manifest.v1+json";

/// A private key that signs manifests.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A public key that manifests are believed by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

/// Why some bytes are no Ed25519 key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// No private key.
    #[error("this is no private Ed25519 key: a PKCS#8 PEM or a private JWK is expected")]
    Private,
    /// No public key.
    #[error("this is no public Ed25519 key: a PEM or a JWK is expected")]
    Public,
    /// A private key where the public one is asked for.
    #[error("this is a private key: edges need the public one")]
    PrivateGiven,
}

/// Why an envelope is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not a DSSE envelope in JSON.
    #[error("this is no signed envelope")]
    Malformed,
    /// The envelope of something else.
    #[error("the envelope holds something else than a manifest")]
    PayloadType,
    /// No signature in it was made with the key.
    #[error("the envelope is not signed with this key, or was altered")]
    Signature,
}

/// An envelope as it stands in a file. Fields that it has besides are not looked at, as the format asks.
#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(rename = "payloadType", borrow)]
    payload_type: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Vec<Signed<'a>>,
}

/// A signature of an envelope. Its `keyid`, if it has one, is only a hint, and is not taken.
#[derive(Serialize, Deserialize)]
struct Signed<'a> {
    #[serde(borrow)]
    sig: Cow<'a, str>,
}

/// Puts a payload into an envelope.
#[must_use]
pub fn sign(payload: &[u8], key: &SigningKey) -> Vec<u8> {
    let base64 = |bytes: &[u8]| Cow::Owned(general_purpose::STANDARD.encode(bytes));
    let signature = key.0.sign(&encoding(PAYLOAD_TYPE, payload)).to_bytes();
    let signatures = vec![Signed { sig: base64(&signature) }];
    let envelope = Envelope { payload: base64(payload), payload_type: PAYLOAD_TYPE.into(), signatures };
    let mut text = serde_json::to_vec(&envelope).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The payload of an envelope, if it is signed with this key.
///
/// # Errors
/// When it is no envelope, one of another payload type, or no signature of it holds.
pub fn open(envelope: &[u8], key: &VerifyingKey) -> Result<Vec<u8>, EnvelopeError> {
    let (payload, signatures) = read(envelope)?;
    let signed = encoding(PAYLOAD_TYPE, &payload);
    let holds = |signature: &[u8]| {
        let signature = Signature::from_slice(signature);
        signature.is_ok_and(|signature| key.0.verify_strict(&signed, &signature).is_ok())
    };
    if signatures.iter().any(|signature| holds(signature)) { Ok(payload) } else { Err(EnvelopeError::Signature) }
}

/// The payload of an envelope, whoever signed it: nothing to believe.
///
/// # Errors
/// When it is no envelope, or one of another payload type.
pub fn open_unverified(envelope: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    read(envelope).map(|(payload, _)| payload)
}

/// Payload and signatures.
fn read(envelope: &[u8]) -> Result<(Vec<u8>, Vec<Vec<u8>>), EnvelopeError> {
    let Envelope { payload, payload_type, signatures } =
        serde_json::from_slice(envelope).map_err(|_| EnvelopeError::Malformed)?;
    if payload_type != PAYLOAD_TYPE {
        return Err(EnvelopeError::PayloadType);
    }
    let payload = decode(&payload).ok_or(EnvelopeError::Malformed)?;
    let signatures: Option<Vec<_>> = signatures.iter().map(|signature| decode(&signature.sig)).collect();
    Ok((payload, signatures.ok_or(EnvelopeError::Malformed)?))
}

/// What is signed: DSSE's pre-authentication encoding of type and payload.
fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Base64 in either alphabet, padded or not: readers of DSSE must take both.
fn decode(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

/// An Ed25519 key as a JWK (RFC 8037, 2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    d: Option<String>,
}

impl Jwk {
    fn read(bytes: &[u8]) -> Option<Self> {
        let jwk: Self = serde_json::from_slice(bytes).ok()?;
        Some(jwk).filter(|jwk| jwk.kty == "OKP" && jwk.crv == "Ed25519")
    }
}

/// 32 bytes in base64url without padding.
fn number(text: &str) -> Option<[u8; 32]> {
    general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

impl SigningKey {
    /// Reads a private Ed25519 key: PKCS#8 in PEM (RFC 8410), or a private JWK (RFC 8037).
    ///
    /// # Errors
    /// When it is anything else, or its two halves do not belong together.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(bytes).map_err(|_| KeyError::Private)?.trim();
        if !text.starts_with('{') {
            return ed25519_dalek::SigningKey::from_pkcs8_pem(text).map(Self).map_err(|_| KeyError::Private);
        }
        let jwk = Jwk::read(text.as_bytes()).ok_or(KeyError::Private)?;
        let secret = jwk.d.as_deref().and_then(number).ok_or(KeyError::Private)?;
        let key = ed25519_dalek::SigningKey::from_bytes(&secret);
        let fits = number(&jwk.x) == Some(key.verifying_key().to_bytes());
        if fits { Ok(Self(key)) } else { Err(KeyError::Private) }
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.verifying_key()).finish()
    }
}

impl VerifyingKey {
    /// Reads a public Ed25519 key: PEM (SubjectPublicKeyInfo, RFC 8410), or a JWK (RFC 8037).
    ///
    /// # Errors
    /// When it is anything else, one of the weak points that any signature fits, or a private key.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(bytes).map_err(|_| KeyError::Public)?.trim();
        let key = if text.starts_with('{') {
            let jwk = Jwk::read(text.as_bytes()).ok_or(KeyError::Public)?;
            if jwk.d.is_some() {
                return Err(KeyError::PrivateGiven);
            }
            let point = number(&jwk.x).ok_or(KeyError::Public)?;
            ed25519_dalek::VerifyingKey::from_bytes(&point).map_err(|_| KeyError::Public)?
        } else if text.starts_with("-----BEGIN PRIVATE KEY-----") {
            return Err(KeyError::PrivateGiven);
        } else {
            ed25519_dalek::VerifyingKey::from_public_key_pem(text).map_err(|_| KeyError::Public)?
        };
        if key.is_weak() { Err(KeyError::Public) } else { Ok(Self(key)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_as_dsse_says() {
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(encoding("http://example.com/HelloWorld", b"hello world"), expected);
    }
}
