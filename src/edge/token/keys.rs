//! The keys that an edge trusts, by their `kid`.
//!
//! They come from whoever runs the edge, as JWKS, JWK or PEM. A key that cannot be used is left out and said; a set of
//! which none is left, and two keys of one name, are errors.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use super::public::{Algorithm, PublicKey, bytes};

/// Where keys were read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// A file of the machine that the edge runs on: it may hold a shared secret.
    File,
    /// The network: all the world can read it, so that a secret in it would be none.
    Url,
}

/// Keys by their `kid`. A key without one answers only to tokens without one.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    keys: BTreeMap<Option<String>, Key>,
    left_out: Vec<String>,
}

/// A key with which tokens are verified, and its one algorithm.
#[derive(Clone, Debug)]
pub struct Key(Material);

#[derive(Clone, Debug)]
enum Material {
    Public(PublicKey),
    /// Its bytes stay within: not even `Debug` shows them.
    Secret(Box<hmac::Key>),
}

/// Why some bytes give no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Neither JSON nor PEM.
    #[error("these are no keys: a JWKS, a JWK or a PEM public key is expected")]
    Unknown,
    /// JSON that is no JWKS and no JWK.
    #[error("this is no JWKS: {0}")]
    Json(String),
    /// PEM that is no public key.
    #[error("this is no PEM public key: {0}")]
    Pem(String),
    /// No key is left.
    #[error("there is no key that can be used{}", said(.0))]
    Nothing(Vec<String>),
    /// Two keys of one name.
    #[error("two keys have the `kid` `{0}`")]
    Twice(String),
    /// Two keys without a name.
    #[error("two keys have no `kid`: nothing could tell which one a token means")]
    TwiceNameless,
    /// A name was given to several keys, or to one that has another.
    #[error("the name `{0}` cannot be given: these are several keys, or the key has another name")]
    Name(String),
}

fn said(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("; {reason}")).collect()
}

impl Key {
    /// The algorithm that tokens signed with it must name.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Material::Public(key) => key.algorithm(),
            Material::Secret(_) => Algorithm::Hs256,
        }
    }

    /// The public key; `None` for a shared secret.
    #[must_use]
    pub fn public(&self) -> Option<&PublicKey> {
        match &self.0 {
            Material::Public(key) => Some(key),
            Material::Secret(_) => None,
        }
    }

    /// Whether a signature over a message was made with this key and its algorithm.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Material::Public(key) => key.verifies(message, signature),
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Self {
        Self(Material::Public(key))
    }
}

impl Keys {
    /// Reads a JWKS (RFC 7517, 5) or a single JWK.
    ///
    /// # Errors
    /// When it is neither, holds two keys of one name, or none that can be used.
    pub fn from_jwks(json: &[u8], source: KeySource) -> Result<Self, KeysError> {
        let value: Value = serde_json::from_slice(json).map_err(|error| KeysError::Json(error.to_string()))?;
        let Value::Object(value) = value else { return Err(KeysError::Json("it is no object".to_owned())) };
        let list = match value.get("keys") {
            None => vec![Value::Object(value)],
            Some(Value::Array(keys)) => keys.clone(),
            Some(_) => return Err(KeysError::Json("`keys` is no list".to_owned())),
        };
        let mut keys = Self::default();
        for (index, jwk) in list.iter().enumerate() {
            match read_jwk(jwk, source) {
                Ok((kid, key)) => keys.add(kid, key)?,
                Err(reason) => keys.left_out.push(format!("{} is left out: {reason}", called(jwk, index))),
            }
        }
        keys.checked()
    }

    /// Reads a PEM public key (SubjectPublicKeyInfo, RFC 7468, 13), and gives it a name.
    ///
    /// # Errors
    /// When it is anything else, several keys, or one of a kind that is not used here.
    pub fn from_pem(kid: Option<&str>, pem: &[u8]) -> Result<Self, KeysError> {
        let blocks = pem::parse_many(pem).map_err(|error| KeysError::Pem(error.to_string()))?;
        let [block] = blocks.as_slice() else {
            return Err(KeysError::Pem("there must be exactly one key in it".to_owned()));
        };
        if block.tag() != "PUBLIC KEY" {
            let private = if block.tag().contains("PRIVATE") { ": edges need the public one" } else { "" };
            return Err(KeysError::Pem(format!("it is a `{}`{private}", block.tag())));
        }
        let key = PublicKey::from_spki(block.contents()).map_err(|reason| KeysError::Pem(reason.to_owned()))?;
        let mut keys = Self::default();
        keys.add(kid.map(str::to_owned), key.into())?;
        Ok(keys)
    }

    /// Reads a JWKS, a JWK or a PEM public key, whichever it looks like. A name may be given to a single key that has
    /// none.
    ///
    /// # Errors
    /// As [`Keys::from_jwks`] and [`Keys::from_pem`]; also when the name cannot be given.
    pub fn read(kid: Option<&str>, bytes: &[u8], source: KeySource) -> Result<Self, KeysError> {
        let text = bytes.trim_ascii_start();
        if text.starts_with(b"{") {
            let keys = Self::from_jwks(bytes, source)?;
            return match kid {
                None => Ok(keys),
                Some(kid) => keys.called(kid),
            };
        }
        if text.windows(11).any(|window| window == b"-----BEGIN ") {
            return Self::from_pem(kid, bytes);
        }
        Err(KeysError::Unknown)
    }

    /// These keys and those.
    ///
    /// # Errors
    /// When two of them have one name, or none.
    pub fn and(mut self, other: Self) -> Result<Self, KeysError> {
        let Self { keys, left_out } = other;
        for (kid, key) in keys {
            self.add(kid, key)?;
        }
        self.left_out.extend(left_out);
        Ok(self)
    }

    /// What was left out and why, for the log.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The keys with their names.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &Key)> {
        self.keys.iter().map(|(kid, key)| (kid.as_deref(), key))
    }

    /// The key of that name.
    pub(super) fn named(&self, kid: &str) -> Option<&Key> {
        self.keys.get(&Some(kid.to_owned()))
    }

    /// The key, where there is but one.
    pub(super) fn only(&self) -> Option<&Key> {
        let mut keys = self.keys.values();
        keys.next().filter(|_| keys.next().is_none())
    }

    fn add(&mut self, kid: Option<String>, key: Key) -> Result<(), KeysError> {
        if self.keys.contains_key(&kid) {
            return Err(kid.map_or(KeysError::TwiceNameless, KeysError::Twice));
        }
        self.keys.insert(kid, key);
        Ok(())
    }

    fn called(self, name: &str) -> Result<Self, KeysError> {
        let Self { keys, left_out } = self;
        let mut keys = keys.into_iter();
        let (Some((kid, key)), None) = (keys.next(), keys.next()) else {
            return Err(KeysError::Name(name.to_owned()));
        };
        if kid.is_some_and(|kid| kid != name) {
            return Err(KeysError::Name(name.to_owned()));
        }
        Ok(Self { keys: BTreeMap::from([(Some(name.to_owned()), key)]), left_out })
    }

    fn checked(self) -> Result<Self, KeysError> {
        if self.keys.is_empty() { Err(KeysError::Nothing(self.left_out)) } else { Ok(self) }
    }
}

/// A JWK as a key, or why it cannot be used.
fn read_jwk(jwk: &Value, source: KeySource) -> Result<(Option<String>, Key), &'static str> {
    let Value::Object(jwk) = jwk else { return Err("it is no object") };
    let kid = match jwk.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err("its `kid` is no text"),
    };
    if jwk.get("use").is_some_and(|usage| usage != "sig") {
        return Err("its `use` is not `sig`");
    }
    let verify = |deeds: &Value| deeds.as_array().is_some_and(|deeds| deeds.iter().any(|deed| deed == "verify"));
    if jwk.get("key_ops").is_some_and(|deeds| !verify(deeds)) {
        return Err("its `key_ops` are without `verify`");
    }
    let key = material(jwk, source)?;
    if jwk.get("alg").is_some_and(|alg| alg != key.algorithm().as_str()) {
        return Err("its `alg` is not one that is used with such a key here");
    }
    Ok((kid, key))
}

fn material(jwk: &Map<String, Value>, source: KeySource) -> Result<Key, &'static str> {
    if jwk.get("kty").is_some_and(|kind| kind == "oct") {
        if source == KeySource::Url {
            return Err("a shared secret is read from a file only");
        }
        let secret = bytes(jwk, "k", 0)?;
        if secret.len() < 32 {
            return Err("a shared secret has at least 32 bytes");
        }
        return Ok(Key(Material::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)))));
    }
    // Whoever can read a private key can sign: it is worth nothing where it is published, and does not belong on an edge.
    if jwk.contains_key("d") {
        return Err("it is a private key, and edges need the public one");
    }
    PublicKey::from_jwk(jwk).map(Key::from)
}

fn called(jwk: &Value, index: usize) -> String {
    let kid = jwk.get("kid").and_then(Value::as_str);
    kid.map_or_else(|| format!("key {}", index + 1), |kid| format!("the key `{kid}`"))
}
