//! Whatever strangers can send is read without a panic, and what was altered is not believed.
//!
//! Each target is a plain function over bytes, so that any fuzzer can drive it; here that is proptest. `FUZZ_CASES` says
//! how many cases each one gets: a few in ordinary runs, a million where `tests/run` asks for them in release mode.
//! `FUZZ_SEED` makes them other ones.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};
use serde_json::Value;
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::canonical::{canonical, encode, is_servable};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{Algorithm, KeySource, Keys, presented, verify};
use tierpress::edge::{Request, decide};
use tierpress::envelope::{self, VerifyingKey};
use tierpress::manifest::{EdgeRoot, EdgeShard, Manifest};

use crate::decide::school;
use crate::token::{NOW, at, keys_of, settings};

/// Runs a target on so many inputs.
fn drive<S: Strategy>(inputs: &S, target: impl Fn(S::Value) -> TestCaseResult) {
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u32>().expect("a number"));
    let cases = number("FUZZ_CASES").unwrap_or(20_000);
    let rng_seed = RngSeed::Fixed(number("FUZZ_SEED").unwrap_or(2).into());
    let config = ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(inputs, target).unwrap_or_else(|failure| panic!("{failure}"));
}

/// A change to some bytes: what is done, where, and with what.
#[derive(Clone, Copy, Debug)]
struct Edit(u8, u32, u32);

/// Pieces that are put into other things: what parsers stumble over.
const WORDS: [&[u8]; 32] = [
    b"",
    b".",
    b"..",
    b"/",
    b"%2e",
    b"%",
    b"%00",
    b"\\",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"-1",
    b"-0",
    b"1e999",
    b"0.5",
    b"253402300800",
    b"18446744073709551616",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"\xed\xa0\x80",
    "é".as_bytes(),
    b"=",
    b"[[[[[[[[",
    b"alg",
    b"{\"value\":\"pro\",\"since\":0},",
];

impl Edit {
    fn apply(self, bytes: &mut Vec<u8>) {
        let Self(kind, place, what) = self;
        let at = |place: u32| place as usize % (bytes.len() + 1);
        let (start, end) = (at(place), at(place).saturating_add(what as usize % 24).min(bytes.len()));
        let set = |bytes: &mut Vec<u8>, place: Option<usize>, byte| {
            place.and_then(|place| bytes.get_mut(place)).into_iter().for_each(|target| *target = byte);
        };
        let next = |kind: fn(&u8) -> bool| Some(start + bytes.get(start..)?.iter().position(kind)?);
        match kind % 8 {
            0 => {
                let flipped = bytes.get(start).map_or(0, |byte| byte ^ 1 << (what % 8));
                set(bytes, Some(start), flipped);
            }
            1 => set(bytes, Some(start), what.to_le_bytes()[0]),
            // Of a kind with what stood there, so that it still looks well.
            2 => set(bytes, next(u8::is_ascii_digit), b"0123456789"[what as usize % 10]),
            3 => set(bytes, next(u8::is_ascii_lowercase), b"aeionrstl"[what as usize % 9]),
            4 => bytes.insert(start, what.to_le_bytes()[0]),
            5 => drop(bytes.splice(start..start, WORDS[what as usize % WORDS.len()].iter().copied())),
            6 => drop(bytes.drain(start..end)),
            _ => {
                let copied = bytes[start..end].to_vec();
                let to = at(what);
                drop(bytes.splice(to..to, copied));
            }
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<u8>(), any::<u32>(), any::<u32>()).prop_map(|(kind, place, what)| Edit(kind, place, what));
    prop::collection::vec(edit, 1..5)
}

/// One of these, changed a little.
fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (0..seeds.len(), edits()).prop_map(move |(seed, edits)| {
        let mut bytes = seeds[seed].clone();
        edits.into_iter().for_each(|edit| edit.apply(&mut bytes));
        bytes
    })
}

/// Any bytes, or one of these, changed a little.
fn any_or_mutated(seeds: &[&[u8]]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds = seeds.iter().map(|seed| seed.to_vec()).collect();
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 4 => mutated(seeds)]
}

// Paths.

fn read_target(target: &[u8]) -> TestCaseResult {
    let Ok(path) = canonical(target) else { return Ok(()) };
    prop_assert!(path.starts_with('/') && is_servable(&path), "{path:?}");
    prop_assert!(!path.contains("//") && !path.split('/').any(|segment| segment == "." || segment == ".."), "{path:?}");
    // Said again it is the same, so that nothing was folded, and nothing can be decoded twice.
    prop_assert_eq!(canonical(encode(&path).as_bytes()), Ok(path.clone()));
    let undecoded = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    prop_assert!(undecoded.contains(&b'%') || undecoded.ends_with(path.as_bytes()));
    Ok(())
}

#[test]
fn targets() {
    let seeds: [&[u8]; 6] = [
        b"/course/ownership/",
        b"https://learn.example/caf%C3%A9/?next=/%2e%2e/",
        b"/a%20b/c.d;e",
        b"/..%2f..%5c/pro/",
        "/\u{ff0f}\u{2025}/\u{202e}e\u{301}/".as_bytes(),
        b"*",
    ];
    drive(&any_or_mutated(&seeds), |target| read_target(&target));
}

// Headers that bring tokens.

fn bring(headers: &[Vec<u8>], split: usize) -> TestCaseResult {
    let headers: Vec<&[u8]> = headers.iter().map(Vec::as_slice).collect();
    let (authorizations, cookies) = headers.split_at(split.min(headers.len()));
    let Some(token) = presented(authorizations, cookies, "c") else { return Ok(()) };
    prop_assert!(authorizations.len() < 2 && !authorizations.iter().any(|value| value.contains(&b',')));
    prop_assert!(
        headers.iter().any(|header| header.windows(token.len().max(1)).any(|piece| piece == token) || token.is_empty())
    );
    // Another cookie of that name makes it none.
    let more: Vec<&[u8]> = cookies.iter().copied().chain([&b"x; c=T"[..]]).collect();
    prop_assert_eq!(presented(authorizations, &more, "c"), None);
    Ok(())
}

#[test]
fn headers_with_tokens() {
    let header = any_or_mutated(&[b"Bearer TOKEN", b"c=TOKEN", b"a=b; c=TOKEN; d", b"Basic x", b"c=1; c=2"]);
    drive(&(prop::collection::vec(header, 0..4), 0..3_usize), |(headers, split)| bring(&headers, split));
}

// Tokens.

/// A key, its public half, and a good token.
struct Good {
    key: SigningKey,
    keys: Keys,
    token: String,
}

const SECRET: &str = r#"{"kty": "oct", "kid": "shared", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;

const PAYLOAD: &str = r#"{"iss":"https://id.example","aud":["https://learn.example","x"],"iat":1795000000,"exp":1795000900.0,"nbf":5,"entitlements":[{"value":"pro","since":5,"until":1795000100,"frozen":null},{"value":"rust-course","since":1795000000,"x":[1,{"y":2}]},"free"]}"#;

fn shared() -> Good {
    let key = SigningKey::read(SECRET.as_bytes()).unwrap();
    let keys = Keys::from_jwks(SECRET.as_bytes(), KeySource::File).unwrap();
    let token = key.sign_payload(PAYLOAD.as_bytes()).unwrap();
    Good { key, keys, token }
}

static SHARED: LazyLock<Good> = LazyLock::new(shared);
static PUBLIC: LazyLock<Vec<Good>> = LazyLock::new(|| {
    let made = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa].map(|algorithm| {
        let key = SigningKey::generate(algorithm).unwrap();
        Good { keys: keys_of(&key), token: key.sign_payload(PAYLOAD.as_bytes()).unwrap(), key }
    });
    made.into()
});

/// Only the token itself is good.
fn read_token(token: &[u8], good: &Good) -> TestCaseResult {
    let read = verify(token, &settings(), &good.keys);
    prop_assert_eq!(read.is_ok(), token == good.token.as_bytes());
    Ok(())
}

#[test]
fn tokens() {
    let seeds = [SHARED.token.as_bytes(), b"eyJhbGciOiJub25lIn0.e30.", b"..", b"\xff.e30.e30"];
    drive(&any_or_mutated(&seeds), |token| read_token(&token, &SHARED));
}

/// Slower ones: a signature of each kind is checked wherever header and payload can still be read.
#[test]
fn tokens_of_public_keys() {
    let tokens = PUBLIC.iter().map(|good| good.token.clone().into_bytes()).collect();
    drive(&mutated(tokens), |token| PUBLIC.iter().try_for_each(|good| read_token(&token, good)));
}

/// A payload that is really signed: it is read as the plainest reading of it says.
fn read_payload(payload: &[u8]) -> TestCaseResult {
    let token = SHARED.key.sign_payload(payload).unwrap();
    let read = verify(token.as_bytes(), &settings(), &SHARED.keys).ok();
    for now in [0, NOW - 31, NOW, NOW + 899, NOW + 900, 253_402_300_799] {
        let reader = read.as_ref().map_or(Reader::Visitor, |read| read.reader(at(now)));
        // Numbers that no double holds, and a few more oddities, `Value` refuses as a whole; we skip them.
        if let Ok(payload) = serde_json::from_slice::<Value>(payload) {
            prop_assert_eq!(reader, naive(&payload, now));
        }
    }
    Ok(())
}

fn naive(payload: &Value, now: i64) -> Reader {
    let integer = |value: &Value| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        (0.0..=253_402_300_799.0).contains(&number).then_some(number as i64)
    };
    let asked = settings();
    let audience = match &payload["aud"] {
        Value::String(audience) => *audience == asked.audience,
        Value::Array(list) => {
            list.iter().all(Value::is_string) && list.iter().any(|audience| *audience == *asked.audience)
        }
        _ => false,
    };
    let (Some(iat), Some(exp)) = (integer(&payload["iat"]), integer(&payload["exp"])) else { return Reader::Visitor };
    let nbf = match payload.get("nbf") {
        None => 0,
        Some(nbf) => match integer(nbf) {
            None => return Reader::Visitor,
            Some(nbf) => nbf,
        },
    };
    let good = payload["iss"] == *asked.issuer && audience && exp - iat <= 900 && iat <= now + 30 && nbf <= now + 30;
    let named = |name: &str| Some(Entitlement::new(name.parse().ok()?, at(iat)));
    let object = |element: &Value| {
        let optional =
            |value: &Value| if value.is_null() { Some(None) } else { integer(value).map(|date| Some(at(date))) };
        let value = element["value"].as_str()?.parse();
        let (until, frozen) = (optional(&element["until"])?, optional(&element["frozen"])?);
        let since = at(integer(&element["since"])?);
        Some(Entitlement { value: value.ok()?, since, until, frozen })
    };
    let held = match &payload["entitlements"] {
        Value::Null => Some((0, Vec::new())),
        Value::String(words) => {
            let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
            Some((words.len(), words.iter().filter_map(|word| named(word)).collect()))
        }
        Value::Array(list) => {
            let held = list.iter().filter_map(|element| element.as_str().map_or_else(|| object(element), named));
            Some((list.len(), held.collect()))
        }
        _ => None,
    };
    match held {
        Some((count, held)) if good && count <= 4 => {
            if now < exp {
                Reader::Member(held)
            } else {
                Reader::Expired(held)
            }
        }
        _ => Reader::Visitor,
    }
}

#[test]
fn payloads() {
    let scope = PAYLOAD.replace("[{\"value\"", "\"free pro\",\"x\":[{\"value\"");
    let few = r#"{"iss":"https://id.example","aud":"https://learn.example","iat":1795000000,"exp":1795000001}"#;
    let list = r#"{"iss":"https://id.example","aud":"https://learn.example","iat":1795000000,"exp":1795000001,"entitlements":["a","b","c",{"value":"d","since":0}]}"#;
    let seeds = [PAYLOAD.as_bytes(), scope.as_bytes(), few.as_bytes(), list.as_bytes()];
    drive(&any_or_mutated(&seeds), |payload| read_payload(&payload));
}

/// A header that is really signed: a token is good only if the header names algorithm and key, and asks for nothing.
fn read_header(header: &[u8]) -> TestCaseResult {
    let token = SHARED.key.sign_parts(header, PAYLOAD.as_bytes()).unwrap();
    let good = verify(token.as_bytes(), &settings(), &SHARED.keys).is_ok();
    if let Ok(header) = serde_json::from_slice::<Value>(header) {
        let kid = header.get("kid").is_none_or(|kid| kid == "shared");
        let asks = ["crit", "jku", "jwk", "x5u", "x5c", "b64"].iter().any(|name| header.get(name).is_some());
        prop_assert_eq!(good, header.is_object() && header["alg"] == "HS256" && kid && !asks);
    }
    Ok(())
}

#[test]
fn headers() {
    let seeds: [&[u8]; 3] = [
        br#"{"alg":"HS256","kid":"shared","typ":"JWT"}"#,
        br#"{"alg":"HS256"}"#,
        br#"{"alg":"none","alg":"HS256","crit":[],"jwk":{},"b64":false}"#,
    ];
    drive(&any_or_mutated(&seeds), |header| read_header(&header));
}

// Keys.

fn read_keys(bytes: &[u8]) -> TestCaseResult {
    for source in [KeySource::File, KeySource::Url] {
        if let Ok(keys) = Keys::read(None, bytes, source) {
            prop_assert!(keys.iter().count() > 0);
            let secret = keys.iter().any(|(_, key)| key.algorithm() == Algorithm::Hs256);
            prop_assert!(!secret || source == KeySource::File);
            prop_assert!(verify(SHARED.token.as_bytes(), &settings(), &keys).is_err() || secret);
        }
    }
    if let Ok(key) = SigningKey::read(bytes) {
        prop_assert!(key.sign_payload(b"x").is_ok());
    }
    if let (Ok(private), Ok(public)) = (envelope::SigningKey::read(bytes), VerifyingKey::read(bytes)) {
        prop_assert!(false, "both private and public: {private:?} {public:?}");
    }
    Ok(())
}

#[test]
fn keys() {
    let ec = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"a"},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let ed = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let (private, public) = (PUBLIC[0].key.to_pem().unwrap(), PUBLIC[2].key.public().unwrap().pem());
    let seeds = [ec.as_bytes(), ed.as_bytes(), SECRET.as_bytes(), private.as_bytes(), public.as_bytes()];
    drive(&any_or_mutated(&seeds), |bytes| read_keys(&bytes));
}

// Envelopes and manifests.

static ENVELOPE: LazyLock<(Vec<u8>, VerifyingKey)> = LazyLock::new(|| {
    let key = crate::envelope::key();
    (envelope::sign(b"{\"version\":1}", &key), key.verifying_key())
});

/// Nothing comes out of an envelope but what was put in.
fn open_envelope(bytes: &[u8]) -> TestCaseResult {
    if let Ok(payload) = envelope::open(bytes, &ENVELOPE.1) {
        prop_assert_eq!(payload, b"{\"version\":1}".to_vec());
    }
    Ok(())
}

#[test]
fn envelopes() {
    drive(&any_or_mutated(&[&ENVELOPE.0]), |bytes| open_envelope(&bytes));
}

/// What is read as a manifest can be written, is the same when it is read again, and decides about anything.
fn read_manifest(bytes: &[u8], target: &[u8]) -> TestCaseResult {
    let Ok(manifest) = Manifest::parse(bytes) else { return Ok(()) };
    prop_assert!(Manifest::parse(&manifest.to_json()).is_ok_and(|again| again == manifest));
    let held = Entitlement { until: Some(at(500)), ..Entitlement::new("a".parse().unwrap(), at(0)) };
    for reader in [Reader::Visitor, Reader::Member(vec![held.clone()]), Reader::Expired(vec![held])] {
        for now in [at(0), at(350), at(253_402_300_799)] {
            for target in manifest.routes.keys().map(String::as_bytes).take(4).chain([target]) {
                let request = Request { method: "GET", target, reader: &reader, now, html_navigation: true };
                let decision = decide(&manifest, &request);
                prop_assert!(decision.object.is_none_or(|object| manifest.objects.contains_key(object)));
            }
        }
    }
    Ok(())
}

#[test]
fn manifests() {
    let school = school();
    let school = Manifest { build: school.build_id(), ..school }.to_json();
    check_is_read(&school);
    let inputs =
        (any_or_mutated(&[&school, b"{\"format\":\"tierpress-manifest/1\"}"]), mutated(vec![b"/pro/".to_vec()]));
    drive(&inputs, |(bytes, target)| read_manifest(&bytes, &target));
}

fn check_is_read(manifest: &[u8]) {
    Manifest::parse(manifest).expect("the manifest that others are made from");
}

fn read_piece(bytes: &[u8]) -> TestCaseResult {
    // What an edge with little memory reads, when nobody has looked at the whole.
    drop(serde_json::from_slice::<EdgeRoot>(bytes));
    drop(serde_json::from_slice::<EdgeShard>(bytes));
    Ok(())
}

#[test]
fn pieces_of_manifests() {
    let school = school();
    let shards = school.edge_shards();
    let root = school.edge_root(&shards[..2]);
    let fullest = shards.iter().max_by_key(|shard| shard.bytes.len()).unwrap();
    drive(&any_or_mutated(&[&root, &fullest.bytes]), |bytes| read_piece(&bytes));
}

/// The seeds are what they are taken for.
#[test]
fn good_ones_are_good() {
    for good in PUBLIC.iter().chain([&*SHARED]) {
        assert!(verify(good.token.as_bytes(), &settings(), &good.keys).is_ok(), "{:?}", good.key);
        assert_eq!(URL_SAFE_NO_PAD.decode(good.token.split('.').nth(1).unwrap()).unwrap(), PAYLOAD.as_bytes());
    }
    assert!(matches!(naive(&serde_json::from_str(PAYLOAD).unwrap(), NOW), Reader::Member(held) if held.len() == 3));
}
