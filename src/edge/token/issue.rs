//! Making tokens: private keys, and claim sets signed with them.
//!
//! What is made here is what [`verify`](super::verify) accepts. Private keys are read and generated, never shown: nothing
//! here writes a file, and `Debug` of a key tells its public half alone.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::public::{Algorithm, PublicKey, bytes};
use crate::access::entitlement::Entitlement;
use crate::manifest;
use crate::time::Timestamp;

/// A private key, or a shared secret, and the name of its public half.
pub struct SigningKey {
    kid: Option<String>,
    pair: Pair,
    public: Option<PublicKey>,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Hs256(Box<hmac::Key>),
}

/// What a token says (design 7).
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    /// Issuer, audience and the name of the claim are those that the site's edges ask for.
    pub settings: &'a manifest::Token,
    /// Whom it is about.
    pub subject: Option<&'a str>,
    /// When it is made.
    pub issued: Timestamp,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// What it gives.
    pub entitlements: &'a [Entitlement],
}

/// Why some bytes are no key to sign with, or why it would not sign.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SigningError {
    /// Neither a private JWK nor a private key in PEM.
    #[error("this is no private key: {0}")]
    Key(String),
    /// The library made no key.
    #[error("no key could be made")]
    Generate,
    /// The library would not sign.
    #[error("it could not be signed")]
    Sign,
}

impl Claims<'_> {
    /// The claim set as a JSON object.
    #[must_use]
    pub fn payload(&self) -> Value {
        let Self { settings, subject, issued, expires, entitlements } = self;
        let mut payload = json!({"iss": settings.issuer, "aud": settings.audience});
        if let (Value::Object(payload), Some(subject)) = (&mut payload, subject) {
            payload.insert("sub".to_owned(), (*subject).into());
        }
        if let Value::Object(payload) = &mut payload {
            payload.insert("iat".to_owned(), issued.seconds().into());
            payload.insert("exp".to_owned(), expires.seconds().into());
            payload.insert(settings.claim.clone(), entitlements.iter().map(element).collect());
        }
        payload
    }
}

/// An entitlement as an element of the claim.
fn element(entitlement: &Entitlement) -> Value {
    let Entitlement { value, since, until, frozen } = entitlement;
    let mut element = Map::new();
    element.insert("value".to_owned(), value.as_str().into());
    element.insert("since".to_owned(), since.seconds().into());
    for (name, instant) in [("until", until), ("frozen", frozen)] {
        element.extend(instant.map(|instant| (name.to_owned(), instant.seconds().into())));
    }
    Value::Object(element)
}

impl SigningKey {
    /// Makes a new key: P-256, RSA of 2,048 bits, or Ed25519. A shared secret is not made.
    ///
    /// # Errors
    /// When the library will not, or a shared secret is asked for.
    pub fn generate(algorithm: Algorithm) -> Result<Self, SigningError> {
        let failed = |_| SigningError::Generate;
        let pair = match algorithm {
            Algorithm::Es256 => Pair::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?),
            Algorithm::Rs256 => Pair::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
            Algorithm::EdDsa => Pair::EdDsa(Ed25519KeyPair::generate().map_err(failed)?),
            Algorithm::Hs256 => return Err(SigningError::Generate),
        };
        Self::new(None, pair).map_err(|_| SigningError::Generate)
    }

    /// Reads a private key: a JWK (RFC 7517, 7518), or an unencrypted PKCS#8 in PEM (RFC 7468, 10). The `kid` of its
    /// tokens is that of the JWK, else the [thumbprint](PublicKey::thumbprint) of the public key.
    ///
    /// # Errors
    /// When it is anything else, or of a kind that is not used here.
    pub fn read(bytes: &[u8]) -> Result<Self, SigningError> {
        let read = if bytes.trim_ascii_start().starts_with(b"{") { from_jwk(bytes) } else { from_pem(bytes) };
        read.map_err(SigningError::Key)
    }

    /// The same key under another name; with `None` its tokens name no key.
    #[must_use]
    pub fn called(self, kid: Option<&str>) -> Self {
        Self { kid: kid.map(str::to_owned), ..self }
    }

    fn new(kid: Option<String>, pair: Pair) -> Result<Self, &'static str> {
        let public = match &pair {
            Pair::Es256(pair) => Some(PublicKey::from_point(pair.public_key().as_ref().get(1..).unwrap_or_default())?),
            Pair::EdDsa(pair) => Some(PublicKey::from_ed25519(pair.public_key().as_ref())?),
            Pair::Rs256(pair) => {
                let key = pair.public_key();
                let (n, e) = (key.modulus(), key.exponent());
                Some(PublicKey::from_rsa(n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero())?)
            }
            Pair::Hs256(_) => None,
        };
        let kid = kid.or_else(|| public.as_ref().map(PublicKey::thumbprint));
        Ok(Self { kid, pair, public })
    }

    /// The algorithm of its tokens.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::Rs256(_) => Algorithm::Rs256,
            Pair::EdDsa(_) => Algorithm::EdDsa,
            Pair::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// The name that its tokens give in `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public half; `None` of a shared secret.
    #[must_use]
    pub fn public(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// The public half as a JWKS (RFC 7517, 5), for edges; without keys for a shared secret.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.public.iter().map(|public| public.jwk(self.kid())).collect();
        json!({"keys": keys})
    }

    /// The private key as PKCS#8 in PEM; `None` of a shared secret.
    #[must_use]
    pub fn to_pem(&self) -> Option<String> {
        let der = match &self.pair {
            Pair::Es256(pair) => pair.to_pkcs8v1().ok()?.as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.to_pkcs8v1().ok()?.as_ref().to_vec(),
            Pair::Rs256(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).ok()?.as_ref().to_vec(),
            Pair::Hs256(_) => return None,
        };
        let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        Some(pem::encode_config(&pem::Pem::new("PRIVATE KEY", der), lines))
    }

    /// Makes a token of a claim set.
    ///
    /// # Errors
    /// When the library would not sign.
    pub fn sign(&self, claims: &Claims<'_>) -> Result<String, SigningError> {
        self.sign_payload(claims.payload().to_string().as_bytes())
    }

    /// Makes a token of any payload.
    ///
    /// # Errors
    /// When the library would not sign.
    pub fn sign_payload(&self, payload: &[u8]) -> Result<String, SigningError> {
        let mut header = json!({"alg": self.algorithm().as_str(), "typ": "JWT"});
        if let (Value::Object(header), Some(kid)) = (&mut header, &self.kid) {
            header.insert("kid".to_owned(), kid.as_str().into());
        }
        self.sign_parts(header.to_string().as_bytes(), payload)
    }

    /// Signs any header and any payload, good or not: for tests of whoever verifies.
    ///
    /// # Errors
    /// When the library would not sign.
    pub fn sign_parts(&self, header: &[u8], payload: &[u8]) -> Result<String, SigningError> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.signature(signed.as_bytes())?;
        Ok(format!("{signed}.{}", encode(&signature)))
    }

    /// The signature of some bytes, as JWS wants it (RFC 7518, 3).
    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let failed = |_| SigningError::Sign;
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Pair::EdDsa(pair) => Ok(pair.try_sign(message).map_err(failed)?.as_ref().to_vec()),
            Pair::Hs256(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("public", &self.public).finish_non_exhaustive()
    }
}

fn from_pem(bytes: &[u8]) -> Result<SigningKey, String> {
    let blocks = pem::parse_many(bytes).map_err(|error| error.to_string())?;
    let [block] = blocks.as_slice() else {
        return Err("a JWK or one key in PEM is expected".to_owned());
    };
    if block.tag() != "PRIVATE KEY" {
        return Err(format!("it is a `{}`, and not a `PRIVATE KEY` (PKCS#8)", block.tag()));
    }
    let der = block.contents();
    let es256 = || EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Es256);
    let eddsa = || Ed25519KeyPair::from_pkcs8(der).map(Pair::EdDsa);
    let rs256 = || RsaKeyPair::from_pkcs8(der).map(Pair::Rs256);
    let pair = es256().or_else(|_| eddsa()).or_else(|_| rs256());
    let pair = pair.map_err(|_| "it is not of a kind that is used here: P-256, RSA, Ed25519")?;
    Ok(SigningKey::new(None, pair)?)
}

fn from_jwk(json: &[u8]) -> Result<SigningKey, String> {
    let jwk: Map<String, Value> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let kid = match jwk.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err("its `kid` is no text".to_owned()),
    };
    let unsound = |_| "its numbers do not fit together";
    let number = |name: &str| bytes(&jwk, name, 0);
    let pair = match jwk.get("kty").and_then(Value::as_str) {
        Some("oct") => match number("k")? {
            secret if secret.len() < 32 => return Err("a shared secret has at least 32 bytes".to_owned()),
            secret => Pair::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret))),
        },
        Some("EC") => {
            let point = [vec![4], bytes(&jwk, "x", 32)?, bytes(&jwk, "y", 32)?].concat();
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes(&jwk, "d", 32)?, &point);
            Pair::Es256(pair.map_err(unsound)?)
        }
        Some("OKP") => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(&bytes(&jwk, "d", 32)?, &bytes(&jwk, "x", 32)?);
            Pair::EdDsa(pair.map_err(unsound)?)
        }
        Some("RSA") => {
            let components = KeyPairComponents {
                public_key: RsaPublicKeyComponents { n: number("n")?, e: number("e")? },
                d: number("d")?,
                p: number("p")?,
                q: number("q")?,
                dP: number("dp")?,
                dQ: number("dq")?,
                qInv: number("qi")?,
            };
            Pair::Rs256(RsaKeyPair::from_components(&components).map_err(unsound)?)
        }
        _ => return Err("its `kty` is not `EC`, `RSA`, `OKP` or `oct`".to_owned()),
    };
    Ok(SigningKey::new(kid, pair)?)
}
