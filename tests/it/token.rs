//! Tokens: which one a request brings, which are good, and whom they make of their bearers.

pub(crate) mod cli;
mod faults;
mod keys;
mod presented;
mod round;

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{Algorithm, BadToken, KeySource, Keys, verify};
use tierpress::manifest;
use tierpress::time::Timestamp;

/// The present of all these tests.
pub(crate) const NOW: i64 = 1_795_000_000;

/// What the edges of these tests ask for.
pub(crate) fn settings() -> manifest::Token {
    manifest::Token {
        audience: "https://learn.example".to_owned(),
        claim: "entitlements".to_owned(),
        cookie: "__Host-tierpress".to_owned(),
        issuer: "https://id.example".to_owned(),
        max_entitlements: 4,
        max_ttl: 900,
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::try_from(seconds).unwrap()
}

/// An ES256 key made for this run.
pub(crate) fn es256() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// The public half of a key, as an edge reads it from a file.
pub(crate) fn keys_of(key: &SigningKey) -> Keys {
    Keys::from_jwks(key.jwks().to_string().as_bytes(), KeySource::File).unwrap()
}

/// Signs a payload and reads it back, entitlements as `value since until frozen`.
fn read(payload: &str, settings: &manifest::Token) -> Result<Reader, BadToken> {
    let key = es256();
    let token = key.sign_payload(payload.as_bytes()).unwrap();
    verify(token.as_bytes(), settings, &keys_of(&key)).map(|verified| verified.reader(at(NOW)))
}

/// `visitor`, `expired`, `member`, and what a member holds.
fn words(reader: &Reader) -> String {
    let held = |held: &[Entitlement]| held.iter().map(|held| format!(" {}", held_words(held))).collect::<String>();
    match reader {
        Reader::Visitor => "visitor".to_owned(),
        Reader::Member(entitlements) => format!("member{}", held(entitlements)),
        Reader::Expired(_) => "expired".to_owned(),
    }
}

/// `pro/0`, `pro/5<9!7`: since, until, frozen.
fn held_words(Entitlement { value, since, until, frozen }: &Entitlement) -> String {
    let until = until.map(|until| format!("<{}", until.seconds())).unwrap_or_default();
    let frozen = frozen.map(|frozen| format!("!{}", frozen.seconds())).unwrap_or_default();
    format!("{value}/{}{until}{frozen}", since.seconds())
}
