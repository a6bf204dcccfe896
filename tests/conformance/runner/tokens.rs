//! Tokens, good and bad, made of what a case says of them.
//!
//! It signs for itself and does not ask the library, so that the two do not agree by one mistake.

use std::collections::BTreeMap;
use std::fs;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::cases::Token;
use super::shift;
use super::stage::data;

/// Makes tokens for a stage. The same token asked for twice is the same bytes, for edges remember tokens.
pub(crate) struct Mint {
    by: i64,
    made: BTreeMap<String, String>,
}

/// A private key.
enum Key {
    Ecdsa(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    Hmac(Box<hmac::Key>),
    None,
}

impl Mint {
    /// For tokens whose instants are to be that much later.
    pub(crate) fn new(by: i64) -> Self {
        Self { by, made: BTreeMap::new() }
    }

    /// The token, Latin-1 like all that is sent.
    pub(crate) fn token(&mut self, token: &Token) -> String {
        let known = serde_json::to_string(token).expect("a token is JSON");
        if let Some(made) = self.made.get(&known) {
            return made.clone();
        }
        let made = make(token, self.by);
        self.made.insert(known, made.clone());
        made
    }
}

fn make(token: &Token, by: i64) -> String {
    let Token { key, header, claims, payload, spoilt, raw } = token;
    if let Some(raw) = raw {
        return raw.whole();
    }
    let (signer, algorithm) = key_of(key);
    let header = header.clone().unwrap_or_else(|| format!(r#"{{"alg":"{algorithm}","kid":"{key}","typ":"JWT"}}"#));
    let payload = payload.clone().unwrap_or_else(|| claims.to_string());
    let payload = shift::text(&payload, by);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let mut signature = sign(&signer, signed.as_bytes());
    // A signature that is written alike in both alphabets would be a good one; each ECDSA signature is another.
    while spoilt.as_deref() == Some("standard base64") && !encode(&signature).contains(['-', '_']) {
        signature = sign(&signer, signed.as_bytes());
    }
    spoil(spoilt.as_deref().unwrap_or_default(), &signed, &signature)
}

/// Puts a token together, well or in a way that must not be taken.
fn spoil(how: &str, signed: &str, signature: &[u8]) -> String {
    let encoded = URL_SAFE_NO_PAD.encode(signature);
    let whole = format!("{signed}.{encoded}");
    match how {
        "" => whole,
        // The first byte of the signature is another one.
        "signature" => {
            let mut other = signature.to_vec();
            other[0] ^= 1;
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(other))
        }
        "no signature" => format!("{signed}."),
        "two parts" => signed.to_owned(),
        "four parts" => format!("{whole}.{encoded}"),
        "padded" => format!("{whole}="),
        "quoted" => format!("\"{whole}\""),
        "half" => whole[..whole.len() / 2].to_owned(),
        // The same bits in the alphabet of RFC 4648, section 4, where that makes a difference.
        "standard base64" => format!("{signed}.{}", STANDARD_NO_PAD.encode(signature)),
        // The bits behind the last byte are not zero (RFC 4648, section 3.5).
        "loose bits" => {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let last = whole.as_bytes()[whole.len() - 1];
            let place = alphabet.iter().position(|letter| *letter == last).expect("a letter of base64url");
            format!("{}{}", &whole[..whole.len() - 1], char::from(alphabet[place + 1]))
        }
        // ECDSA as ASN.1 and not as two numbers (RFC 7518, 3.4).
        "asn.1" => format!("{signed}.{}", URL_SAFE_NO_PAD.encode(asn1(signature))),
        "line break" => format!("{signed}.{}\u{b}{}", &encoded[..10], &encoded[10..]),
        other => panic!("nobody knows how to spoil a token by `{other}`"),
    }
}

fn asn1(signature: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let zeros = half.iter().take_while(|byte| **byte == 0).count().min(half.len() - 1);
        let mut number = half[zeros..].to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}

fn key_of(name: &str) -> (Key, &'static str) {
    if let Some(file) = name.strip_prefix("hmac:") {
        let secret = fs::read(data().join("keys").join(file)).unwrap();
        return (Key::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret))), "HS256");
    }
    let der = || {
        let text = fs::read(data().join("keys").join(format!("{name}.pem"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        pem::parse(text).expect("a key is PEM").into_contents()
    };
    match name {
        "none" => (Key::None, "none"),
        "hs256" => {
            let text = fs::read(data().join("keys/hs256.json")).unwrap();
            let jwk: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let secret = URL_SAFE_NO_PAD.decode(jwk["k"].as_str().unwrap()).unwrap();
            (Key::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret))), "HS256")
        }
        "rs256" => (Key::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der()).unwrap())), "RS256"),
        "eddsa" => (Key::Ed(Box::new(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der()).unwrap())), "EdDSA"),
        _ => {
            (Key::Ecdsa(Box::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der()).unwrap())), "ES256")
        }
    }
}

fn sign(key: &Key, bytes: &[u8]) -> Vec<u8> {
    let random: &dyn rand::SecureRandom = &SystemRandom::new();
    match key {
        Key::Ecdsa(key) => key.sign(random, bytes).unwrap().as_ref().to_vec(),
        Key::Rsa(key) => {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, random, bytes, &mut signature).unwrap();
            signature
        }
        Key::Ed(key) => key.sign(bytes).as_ref().to_vec(),
        Key::Hmac(key) => hmac::sign(key, bytes).as_ref().to_vec(),
        Key::None => Vec::new(),
    }
}
