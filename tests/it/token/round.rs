//! What is issued is verified: by us, and each by the other with another library.

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::token::issue::{Claims, SigningKey};
use tierpress::edge::token::{Algorithm, BadToken, KeySource, Keys, verify};

use super::{NOW, at, es256, keys_of, settings, words};

fn held() -> Vec<Entitlement> {
    let pro = Entitlement { until: Some(at(NOW + 9)), ..Entitlement::new("pro".parse().unwrap(), at(0)) };
    let course = Entitlement { frozen: Some(at(NOW)), ..Entitlement::new("rust-course".parse().unwrap(), at(NOW - 5)) };
    vec![pro, course]
}

fn issue(key: &SigningKey, entitlements: &[Entitlement]) -> String {
    let (issued, expires) = (at(NOW), at(NOW + 900));
    let claims = Claims { settings: &settings(), subject: Some("m_1"), issued, expires, entitlements };
    key.sign(&claims).unwrap()
}

fn all_keys() -> Vec<SigningKey> {
    let secret = br#"{"kty": "oct", "kid": "shared", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    let made = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    made.into_iter().chain([SigningKey::read(secret).unwrap()]).collect()
}

fn public(key: &SigningKey) -> Keys {
    let secret = br#"{"kty": "oct", "kid": "shared", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    if key.public().is_some() { keys_of(key) } else { Keys::from_jwks(secret, KeySource::File).unwrap() }
}

#[test]
fn what_is_issued_is_verified_with_every_algorithm() {
    for key in all_keys() {
        let token = issue(&key, &held());
        let verified = verify(token.as_bytes(), &settings(), &public(&key)).unwrap();
        assert_eq!(verified.expires(), at(NOW + 900));
        assert_eq!(verified.reader(at(NOW)), Reader::Member(held()), "{:?}", key.algorithm());
        assert_eq!(verified.reader(at(NOW + 899)), Reader::Member(held()));
        assert_eq!(verified.reader(at(NOW + 900)), Reader::Expired(held()));
        assert_eq!(verified.reader(at(NOW - 30)), Reader::Member(held()));
        assert_eq!(words(&verified.reader(at(NOW - 31))), "visitor");
    }
}

#[test]
fn no_key_answers_for_another() {
    let keys = all_keys();
    for (signer, key) in keys.iter().enumerate() {
        let token = issue(key, &held());
        for (verifier, other) in keys.iter().enumerate() {
            let found = verify(token.as_bytes(), &settings(), &public(other));
            assert_eq!(found.is_ok(), signer == verifier, "{:?} {:?}", key.algorithm(), other.algorithm());
        }
        let nameless = issue(&es256().called(None), &held());
        assert!(verify(nameless.as_bytes(), &settings(), &public(key)).is_err());
    }
}

#[test]
fn a_token_without_kid_means_the_only_key() {
    let key = es256();
    let one = keys_of(&key);
    let two = keys_of(&key).and(keys_of(&es256())).unwrap();
    let token = issue(&key.called(None), &held());
    assert!(verify(token.as_bytes(), &settings(), &one).is_ok());
    assert_eq!(verify(token.as_bytes(), &settings(), &two), Err(BadToken::UnknownKey));
}

/// What another library signs is verified by us, and what we sign by it.
#[test]
fn another_library_agrees() {
    use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
    let claims = serde_json::json!({
        "iss": "https://id.example", "aud": ["https://learn.example"], "iat": NOW, "exp": NOW + 900,
        "entitlements": [{"value": "pro", "since": 0}],
    });
    for key in all_keys() {
        let (algorithm, theirs): (jsonwebtoken::Algorithm, EncodingKey) = match key.algorithm() {
            Algorithm::Es256 => (jsonwebtoken::Algorithm::ES256, from(&key, EncodingKey::from_ec_pem)),
            Algorithm::Rs256 => (jsonwebtoken::Algorithm::RS256, from(&key, EncodingKey::from_rsa_pem)),
            Algorithm::EdDsa => (jsonwebtoken::Algorithm::EdDSA, from(&key, EncodingKey::from_ed_pem)),
            Algorithm::Hs256 => continue,
        };
        let header = Header { kid: key.kid().map(str::to_owned), ..Header::new(algorithm) };
        let token = encode(&header, &claims, &theirs).unwrap();
        let verified = verify(token.as_bytes(), &settings(), &public(&key)).unwrap();
        assert_eq!(words(&verified.reader(at(NOW))), "member pro/0", "{algorithm:?}");
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.jwks()["keys"][0].clone()).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&["https://learn.example"]);
        validation.validate_exp = false;
        let ours = issue(&key, &held());
        let read = decode::<serde_json::Value>(&ours, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
        assert_eq!(read.claims["entitlements"][0]["value"], "pro");
        assert_eq!(read.header.kid.as_deref(), key.kid());
    }
}

fn from(
    key: &SigningKey,
    read: fn(&[u8]) -> jsonwebtoken::errors::Result<jsonwebtoken::EncodingKey>,
) -> jsonwebtoken::EncodingKey {
    read(key.to_pem().unwrap().as_bytes()).unwrap()
}
