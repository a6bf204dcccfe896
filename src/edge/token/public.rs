//! Public keys and the one algorithm of each.
//!
//! A key that could be used by two algorithms is the root of the best known attacks on tokens, so a key has its algorithm
//! from its kind and from nothing else: P-256 is ES256, RSA is RS256, Ed25519 is EdDSA.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// How a token is signed (RFC 7518, 3.1; RFC 8037, 3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256: what every edge can verify.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, of at least 2,048 bits.
    Rs256,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256, of at least 32 bytes: who can verify can sign as well.
    Hs256,
}

impl Algorithm {
    /// The name as it stands in `alg`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

/// A public key with which signatures are verified.
#[derive(Clone, Debug)]
pub struct PublicKey {
    numbers: Numbers,
    parsed: ParsedPublicKey,
}

/// What a public key consists of, as big-endian bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Numbers {
    /// The coordinates of a point on P-256, 32 bytes each.
    P256 { x: Vec<u8>, y: Vec<u8> },
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// 32 bytes.
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub(super) fn from_spki(der: &[u8]) -> Result<Self, &'static str> {
        if let Ok(key) = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der) {
            return Self::from_point(tail(&key, 64)?.as_slice());
        }
        if let Ok(key) = ParsedPublicKey::new(&ED25519, der) {
            return Self::from_ed25519(&tail(&key, 32)?);
        }
        let Ok(key) = rsa::PublicKey::from_der(der) else {
            return Err("it is not of a kind that is used here: P-256, RSA, Ed25519");
        };
        let (n, e) =
            (key.modulus().big_endian_without_leading_zero(), key.exponent().big_endian_without_leading_zero());
        Self::from_rsa(n, e)
    }

    /// Reads the public part of a JWK (RFC 7518, 6; RFC 8037, 2).
    pub(super) fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, &'static str> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => Self::from_point(&[bytes(jwk, "x", 32)?, bytes(jwk, "y", 32)?].concat()),
            (Some("EC"), _) => Err("its curve is not P-256"),
            (Some("OKP"), Some("Ed25519")) => Self::from_ed25519(&bytes(jwk, "x", 32)?),
            (Some("OKP"), _) => Err("its curve is not Ed25519"),
            (Some("RSA"), _) => Self::from_rsa(&bytes(jwk, "n", 0)?, &bytes(jwk, "e", 0)?),
            _ => Err("its `kty` is not `EC`, `RSA` or `OKP`"),
        }
    }

    /// The coordinates of a point on P-256, one after the other.
    pub(super) fn from_point(point: &[u8]) -> Result<Self, &'static str> {
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[4], point].concat());
        let parsed = parsed.map_err(|_| "it is no point on P-256")?;
        let (x, y) = point.split_at_checked(32).ok_or("it is no point on P-256")?;
        Ok(Self { numbers: Numbers::P256 { x: x.to_vec(), y: y.to_vec() }, parsed })
    }

    pub(super) fn from_ed25519(x: &[u8]) -> Result<Self, &'static str> {
        if x.len() != 32 {
            return Err("an Ed25519 key has 32 bytes");
        }
        let parsed = ParsedPublicKey::new(&ED25519, x).map_err(|_| "it is no Ed25519 key")?;
        Ok(Self { numbers: Numbers::Ed25519 { x: x.to_vec() }, parsed })
    }

    pub(super) fn from_rsa(n: &[u8], e: &[u8]) -> Result<Self, &'static str> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let (Some(first), Some(last)) = (n.first(), e.last()) else { return Err("it has no modulus or no exponent") };
        let bits = n.len().saturating_mul(8).saturating_sub(first.leading_zeros() as usize);
        if !(2_048..=8_192).contains(&bits) {
            return Err("an RSA key has from 2048 to 8192 bits");
        }
        // With 1 every text is its own signature.
        if e == [1] || e.len() > 4 || last % 2 == 0 {
            return Err("its exponent is not sound");
        }
        let components = RsaPublicKeyComponents { n, e };
        let parsed = components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).map_err(|_| "it is no RSA key")?;
        Ok(Self { numbers: Numbers::Rsa { n: n.to_vec(), e: e.to_vec() }, parsed })
    }

    /// The algorithm that it is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.numbers {
            Numbers::P256 { .. } => Algorithm::Es256,
            Numbers::Rsa { .. } => Algorithm::Rs256,
            Numbers::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// Whether a signature over a message was made with its private half.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// The key as a JWK with the `kid` that it is known by, else its [`thumbprint`](Self::thumbprint).
    #[must_use]
    pub fn jwk(&self, kid: Option<&str>) -> Value {
        let kid = kid.map_or_else(|| self.thumbprint(), str::to_owned);
        let mut jwk = self.members();
        for (name, value) in [("kid", kid.as_str()), ("alg", self.algorithm().as_str()), ("use", "sig")] {
            jwk.insert(name.to_owned(), value.into());
        }
        Value::Object(jwk)
    }

    /// The key as a SubjectPublicKeyInfo in PEM (RFC 7468, 13).
    #[must_use]
    pub fn pem(&self) -> String {
        let der = self.parsed.as_der().map(|der| der.as_ref().to_vec()).unwrap_or_default();
        let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", der), lines)
    }

    /// The JWK thumbprint (RFC 7638) with SHA-256.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let canonical = Value::Object(self.members()).to_string();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
        URL_SAFE_NO_PAD.encode(hash)
    }

    /// The members of the JWK that make the key, in the order of their names (RFC 7638, 3.2; RFC 8037, 2).
    fn members(&self) -> Map<String, Value> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match &self.numbers {
            Numbers::P256 { x, y } => json!({"crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y)}),
            Numbers::Rsa { n, e } => json!({"e": encode(e), "kty": "RSA", "n": encode(n)}),
            Numbers::Ed25519 { x } => json!({"crv": "Ed25519", "kty": "OKP", "x": encode(x)}),
        };
        if let Value::Object(members) = members { members } else { Map::new() }
    }
}

/// Two keys are one if their numbers are.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Eq for PublicKey {}

/// A member of a JWK that holds bytes: so many, or any number with 0.
pub(super) fn bytes(jwk: &Map<String, Value>, name: &str, length: usize) -> Result<Vec<u8>, &'static str> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or("a number of it is missing")?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "a number of it is not base64url without padding")?;
    if length == 0 || bytes.len() == length { Ok(bytes) } else { Err("a number of it has not the right length") }
}

/// The last bytes of a key's SubjectPublicKeyInfo, where curves have their numbers.
fn tail(key: &ParsedPublicKey, length: usize) -> Result<Vec<u8>, &'static str> {
    let der = key.as_der().map_err(|_| "it cannot be read")?;
    let der = der.as_ref();
    let start = der.len().checked_sub(length).and_then(|start| der.get(start..));
    start.map(<[u8]>::to_vec).ok_or("it cannot be read")
}

fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}
