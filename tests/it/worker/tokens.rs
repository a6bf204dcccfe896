//! Tokens: which one a request brings, and what it says; good ones and odd ones.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{KeySource, Keys, presented, verify};
use tierpress::export::KeyFile;
use tierpress::manifest;
use tierpress::time::Timestamp;

use super::{compare, drawn, exported, file, hex, reader_json, settings};
use crate::decide::school;
use crate::edges::runner::stage::data;

const NOW: i64 = 1_795_000_000;

/// The keys of the conformance cases, as files.
pub(super) fn files() -> Vec<KeyFile> {
    ["jwks.json", "hs256.json"]
        .map(|name| KeyFile {
            kid: None,
            name: name.to_owned(),
            bytes: fs::read(data().join("keys").join(name)).unwrap(),
        })
        .to_vec()
}

fn signer(name: &str) -> SigningKey {
    let key = SigningKey::read(&fs::read(data().join("keys").join(name)).unwrap()).unwrap();
    let kid = name.split('.').next().unwrap().to_owned();
    key.called(Some(&kid))
}

#[test]
fn tokens_are_presented_alike() {
    let module = file(&exported(&school(), &files()), "worker.mjs");
    let piece = prop::sample::select(vec![
        "Bearer",
        "bearer",
        "BEARER",
        "Basic",
        " ",
        "  ",
        "\t",
        ",",
        "a.b.c",
        "=",
        ";",
        "__Host-tierpress=",
        "t",
        "__host-tierpress=",
        "\"",
        "x=1",
        "__Host-tierpress",
        "Bearer a",
        "\u{e9}",
    ]);
    let value = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let headers = (prop::collection::vec(value.clone(), 0..3), prop::collection::vec(value, 0..3));
    let cases = drawn(&headers, 20_000).into_iter().map(|(authorizations, cookies)| {
        // Blanks at the ends are gone before anybody sees a header.
        let trim = |values: &[String]| -> Vec<Vec<u8>> {
            values.iter().map(|value| value.trim_matches([' ', '\t']).as_bytes().to_vec()).collect()
        };
        let (authorizations, cookies) = (trim(&authorizations), trim(&cookies));
        let bytes = |values: &[Vec<u8>]| values.iter().map(|value| hex(value)).collect::<Vec<_>>();
        let slices = |values: &'_ [Vec<u8>]| -> Vec<Vec<u8>> { values.to_vec() };
        let (held_authorizations, held_cookies) = (slices(&authorizations), slices(&cookies));
        let name = "__Host-tierpress";
        let found = presented(
            &held_authorizations.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            &held_cookies.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            name,
        );
        // As bytes: one character each.
        let found: Option<String> = found.map(|token| token.iter().map(|byte| char::from(*byte)).collect());
        json!({
            "presented": {"authorizations": bytes(&authorizations), "cookies": bytes(&cookies), "name": name},
            "expect": found,
        })
    });
    compare(&module, &cases.collect::<Vec<_>>());
}

#[test]
fn tokens_are_verified_alike() {
    let module = file(&exported(&school(), &files()), "worker.mjs");
    let all = keys(&files());
    let mut cases = vec![json!({"keys": settings(&module)["keys"]})];
    for claim in ["entitlements", "app_metadata.authorization.roles", "scope"] {
        let token = manifest::Token { claim: claim.to_owned(), max_entitlements: 4, ..school().token.unwrap() };
        cases.push(json!({"settings": token}));
        for (name, header, payload) in drawn(&some_token(), 1_500) {
            let signed = signer(name).sign_parts(header.as_bytes(), payload.as_bytes()).unwrap();
            for now in [NOW, NOW - 31, NOW + 899, NOW + 900] {
                cases.push(case(signed.as_bytes(), &token, &all, now));
            }
        }
        let good = signer("es256.pem").sign_payload(PAYLOAD.as_bytes()).unwrap();
        for padding in 5_870..5_930 {
            let payload = PAYLOAD.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(padding)), 1);
            let long = signer("hs256.json").sign_payload(payload.as_bytes()).unwrap();
            cases.push(case(long.as_bytes(), &token, &all, NOW));
        }
        cases.extend(bent(&good).iter().map(|token_text| case(token_text, &token, &all, NOW)));
    }
    compare(&module, &cases);
}

#[test]
fn a_token_without_kid_means_the_only_key() {
    let pem = fs::read(data().join("keys/es256.pub.pem")).unwrap();
    for kid in [None, Some("es256".to_owned())] {
        let files = [KeyFile { kid, name: "es256.pub.pem".to_owned(), bytes: pem.clone() }];
        let module = file(&exported(&school(), &files), "worker.mjs");
        let token = school().token.unwrap();
        let all = keys(&files);
        let mut cases = vec![json!({"keys": settings(&module)["keys"]}), json!({"settings": token})];
        for name in [None, Some("es256"), Some("other")] {
            let signed = signer("es256.pem").called(name).sign_payload(PAYLOAD.as_bytes()).unwrap();
            cases.push(case(signed.as_bytes(), &token, &all, NOW));
        }
        compare(&module, &cases);
    }
}

const PAYLOAD: &str = r#"{"iss":"https://id.example","aud":"https://learn.example","iat":1795000000,"exp":1795000900,
    "entitlements":[{"value":"b","since":1790000000}]}"#;

fn keys(files: &[KeyFile]) -> Keys {
    let read = |file: &KeyFile| Keys::read(file.kid.as_deref(), &file.bytes, KeySource::File).unwrap();
    files.iter().map(read).reduce(|all, keys| all.and(keys).unwrap()).unwrap()
}

/// A token, and what Rust says of it.
fn case(token: &[u8], settings: &manifest::Token, keys: &Keys, now: i64) -> Value {
    let now = Timestamp::saturating(now);
    let reader = verify(token, settings, keys)
        .map_or(tierpress::access::entitlement::Reader::Visitor, |verified| verified.reader(now));
    json!({"verify": {"token": hex(token), "now": now}, "expect": reader_json(&reader)})
}

/// Numbers and what is none, as JSON.
const INSTANTS: [&str; 22] = [
    "1795000000",
    "1795000000.0",
    "1.795e9",
    "1795000000.5",
    "-1",
    "-0",
    "0",
    "253402300799",
    "253402300800",
    "1e400",
    "1795000030",
    "1795000031",
    "1795000900",
    "1795000901",
    "\"1795000000\"",
    "null",
    "true",
    "[]",
    "{}",
    "1794999999",
    "18446744073709551616",
    "1795000899",
];

const ELEMENTS: [&str; 30] = [
    r#"{"value":"a","since":1,"\ud800":1}"#,
    r#"{"value":"a\ud800","since":1}"#,
    r#""a\udfff""#,
    r#"{"value":"a","since":253402300799}"#,
    r#"{"value":"a","since":253402300800}"#,
    r#"{"value":"b","since":1,"until":253402300800}"#,
    r#"{"value":"a","since":1790000000}"#,
    r#"{"value":"b","since":1790000000.0,"until":null,"frozen":null}"#,
    r#"{"value":"c","since":0,"until":1795000000,"frozen":1794000000}"#,
    r#"{"value":"a","since":"1790000000"}"#,
    r#"{"value":"a"}"#,
    r#"{"since":1790000000}"#,
    r#"{"value":7,"since":1790000000}"#,
    r#"{"value":"a","since":null}"#,
    r#"{"value":"a","since":1,"until":"x"}"#,
    r#"{"value":"a","since":1,"until":-1}"#,
    r#"{"value":"a","since":1,"frozen":1.5}"#,
    r#"{"value":"a","since":1,"frozen":false}"#,
    r#"{"value":"a","since":1,"since":2,"x":{"value":"b"}}"#,
    r#"{"__proto__":{"value":"a","since":1}}"#,
    r#"{"value":"A","since":1}"#,
    r#""a""#,
    r#""\u0062""#,
    r#""a b""#,
    r#""""#,
    "7",
    "null",
    "[]",
    r#"["a"]"#,
    r#"{"value":"constructor","since":1}"#,
];

/// A key, a header and a payload.
fn some_token() -> impl Strategy<Value = (&'static str, String, String)> {
    let header = prop_oneof![
        12 => Just(r#"{"alg":"ALG","kid":"KID"}"#),
        3 => prop::sample::select(vec![
            r#"{"alg":"ALG"}"#,
            r#"{"alg":"none","kid":"KID"}"#,
            r#"{"alg":"HS256","kid":"KID"}"#,
            r#"{"alg":"ES256","kid":"KID"}"#,
            r#"{"kid":"KID"}"#,
            r#"{"alg":["ALG"],"kid":"KID"}"#,
            r#"{"alg":"ALG","kid":null}"#,
            r#"{"alg":"ALG","kid":7}"#,
            r#"{"alg":"ALG","kid":"__proto__"}"#,
            r#"{"alg":"ALG","kid":"es256-next"}"#,
            r#"{"alg":"ALG","kid":"KID","crit":null}"#,
            r#"{"alg":"ALG","kid":"KID","b64":true}"#,
            r#"{"alg":"ALG","kid":"KID","jwk":{}}"#,
            r#"{"alg":"ALG","kid":"other","kid":"KID"}"#,
            r#"{"__proto__":{"alg":"ALG","kid":"KID"}}"#,
            r#" {"alg" : "ALG", "kid":"KID", "typ": 7, "x": 1e999}"#,
            "\u{feff}{\"alg\":\"ALG\",\"kid\":\"KID\"}",
            r#"{"alg":"ALG","kid":"KID","\ud800":1}"#,
            r#"{"alg":"ALG","kid":"KID","x":"\ud800"}"#,
            r#"{"alg":"ALG","kid":"KID\udc00"}"#,
            r#"["ALG"]"#,
            "null",
            "",
        ]),
    ];
    let key = prop::sample::select(vec![
        ("es256.pem", "ES256"),
        ("rs256.pem", "RS256"),
        ("eddsa.pem", "EdDSA"),
        ("hs256.json", "HS256"),
        ("hs256.json", "HS256"),
        ("hs256.json", "HS256"),
    ]);
    (key, header, some_payload()).prop_map(|((file, algorithm), header, payload)| {
        let kid = file.split('.').next().unwrap();
        (file, header.replace("ALG", algorithm).replace("KID", kid), payload)
    })
}

fn some_payload() -> impl Strategy<Value = String> {
    let or = |usual: &'static str, odd: &[&'static str]| prop_oneof![16 => Just(usual), 1 => prop::sample::select(odd.to_vec())];
    let issuer = or(
        r#""iss":"https://id.example","#,
        &["", r#""iss":"https://id.example/","#, r#""iss":["https://id.example"],"#, r#""iss":null,"#],
    );
    let audience = or(
        r#""aud":"https://learn.example","#,
        &[
            "",
            r#""aud":["x","https://learn.example"],"#,
            r#""aud":[7,"https://learn.example"],"#,
            r#""aud":[],"#,
            r#""aud":[["https://learn.example"]],"#,
            r#""aud":{"0":"https://learn.example"},"#,
            r#""aud":["\ud800","https://learn.example"],"#,
            r#""aud":[{"\ud800":1},"https://learn.example"],"#,
        ],
    );
    let instant = |name: &'static str, usual: &'static str| {
        prop_oneof![
            16 => Just(format!("\"{name}\":{usual},")),
            1 => Just(String::new()),
            2 => prop::sample::select(INSTANTS.to_vec()).prop_map(move |odd| format!("\"{name}\":{odd},")),
        ]
    };
    let not_before = prop_oneof![
        8 => Just(String::new()),
        1 => prop::sample::select(INSTANTS.to_vec()).prop_map(|odd| format!("\"nbf\":{odd},")),
    ];
    let times = (instant("iat", "1795000000"), instant("exp", "1795000900"), not_before);
    let other = prop::sample::select(vec![
        "",
        "",
        "",
        r#""x":"\ud83d\ude00","#,
        r#""__proto__":{"iat":1},"#,
        r#""x":1e999,"#,
        r#""\ud800":1,"#,
        r#""x":"\ud800","#,
    ]);
    (issuer, audience, times, some_claim(), other).prop_map(
        |(issuer, audience, (issued, expires, before), claim, other)| {
            format!("{{{other}{issuer}{audience}{issued}{expires}{before}{claim}\"sub\":\"m\"}}")
        },
    )
}

fn some_claim() -> impl Strategy<Value = String> {
    let list = prop::collection::vec(prop::sample::select(ELEMENTS.to_vec()), 0..6)
        .prop_map(|elements| format!("[{}]", elements.join(",")));
    let value = prop_oneof![
        4 => list,
        1 => prop::sample::select(
            ["\"a b\"", "\"  a   c \"", "\"a b c a b\"", "null", "7", "{}", "\"\"", "\"a\\tb\"", "\"a \\ud800\"", "true"].to_vec()
        ).prop_map(str::to_owned),
    ];
    let everywhere = r#""entitlements":VALUE,"scope":VALUE,"app_metadata":{"authorization":{"roles":VALUE}},"#;
    let odd = prop::sample::select(vec![
        r#""app_metadata":{"authorization":{"roles":VALUE}},"app_metadata.authorization.roles":null,"#,
        r#""app_metadata":{"authorization":7},"app_metadata.authorization.roles":VALUE,"#,
        r#""app_metadata":{"authorization":[VALUE]},"#,
        r#""app_metadata":{"authorization":null},"#,
        r#""app_metadata":{"\udc00":1,"authorization":{"roles":VALUE}},"#,
        r#""entitlements":[],"entitlements":VALUE,"#,
        "",
    ]);
    let place = prop_oneof![4 => Just(everywhere), 1 => odd];
    (place, value).prop_map(|(place, value)| place.replace("VALUE", &value))
}

/// A good token, made bad in all sorts of ways; the first is the token itself.
fn bent(good: &str) -> Vec<Vec<u8>> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!("{good} has not three parts") };
    let last = |text: &str| {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (start, end) = text.split_at(text.len() - 1);
        let place = digits.iter().position(|digit| *digit == end.as_bytes()[0]).unwrap();
        format!("{start}{}", char::from(digits[place ^ 1]))
    };
    let texts = [
        good.to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}="),
        format!("{good}=="),
        format!("{good} "),
        format!("{good}\n"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        "..".to_owned(),
        String::new(),
        format!("{header}.{payload}.{}", last(signature)),
        format!("{header}.{}.{signature}", last(payload)),
        format!("{}.{payload}.{signature}", last(header)),
        format!("{header}.{payload}.{}", signature.replace('-', "+").replace('_', "/")),
        format!("{header}.{payload}.{}", &signature[..signature.len() - 1]),
        format!("{header}.{payload}.{}", &signature[..signature.len() - 2]),
        format!("{header}.{payload}.{}A", signature),
        format!("{header}.{payload}.{}", "A".repeat(86)),
        format!("{header}.{payload}.{}", "A".repeat(9_000)),
        format!("{header}.{payload}.é{signature}"),
    ];
    texts.into_iter().map(String::into_bytes).chain([[good.as_bytes(), b"\xff"].concat()]).collect()
}
