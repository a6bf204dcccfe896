//! Random tokens, in every place of a request.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{Algorithm, KeySource, Keys, presented, verify};
use tierpress::export::KeyFile;

use super::{Play, hexadecimal, key_file};
use crate::access::{at, config};
use crate::decide::school;

/// `member pro/0 basic/5<9!7`: who it is, and since, until, frozen of what they hold.
fn words(reader: &Reader) -> String {
    let held = |held: &Entitlement| {
        let until = held.until.map(|until| format!("<{}", until.seconds())).unwrap_or_default();
        let frozen = held.frozen.map(|frozen| format!("!{}", frozen.seconds())).unwrap_or_default();
        format!(" {}/{}{until}{frozen}", held.value, held.since.seconds())
    };
    match reader {
        Reader::Visitor => "visitor".to_owned(),
        Reader::Member(entitlements) => format!("member{}", entitlements.iter().map(held).collect::<String>()),
        Reader::Expired(_) => "expired".to_owned(),
    }
}

const NOW: i64 = 1_795_000_000;

/// Mostly the first, sometimes one of the others.
fn mostly(usual: &'static str, others: &[&'static str]) -> BoxedStrategy<&'static str> {
    prop_oneof![8 => Just(usual), 2 => prop::sample::select(others.to_vec())].boxed()
}

fn some_header(kid: &str) -> impl Strategy<Value = String> {
    let usual = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
    let strange = [
        r#"{"alg":"ES256"}"#.to_owned(),
        format!(r#" {{"kid":"none","alg":"none","alg":"ES256","kid":"{kid}"}} "#),
        format!(r#"{{"alg":"ES256","kid":"{kid}","alg":"none"}}"#),
        format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}","crit":null}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}","b64":true}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}","x":[[[[{{"a":1e999}}]]]]}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}","x":"\ud800"}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}","\ud800":1}}"#),
        format!(r#"{{"alg":"\u0045S256","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}",}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}"}}x"#),
        format!("\u{feff}{{\"alg\":\"ES256\",\"kid\":\"{kid}\"}}"),
        format!("{{\"alg\":\"ES256\",\"kid\":\"{kid}\",\"x\":\"\t\"}}"),
        r#"{"alg":"ES256","kid":null}"#.to_owned(),
        r#"{"alg":"ES256","kid":1}"#.to_owned(),
        r#"{"alg":"ES256","kid":"other"}"#.to_owned(),
        "[]".to_owned(),
        String::new(),
    ];
    prop_oneof![6 => Just(usual), 1 => prop::sample::select(strange.to_vec())]
}

const DATES: [&str; 22] = [
    "0",
    "-0",
    "-0.0",
    "0.0",
    "1e-999",
    "-1",
    "1",
    "1.5",
    "1795000000.0",
    "1.795e9",
    "17950000000e-1",
    "1795000000.5",
    "1e999",
    "253402300799",
    "253402300800",
    "253402300799.0",
    "99999999999999999999999",
    "null",
    "\"1795000000\"",
    "true",
    "01",
    "[]",
];

fn some_entitlements() -> impl Strategy<Value = String> {
    let value = mostly("\"pro\"", &["\"basic\"", "\"Pro!\"", "\"\"", "\"\\ud800\"", "\"\\u0070ro\"", "1", "null"]);
    let date = |usual| mostly(usual, &DATES);
    let object =
        (value.clone(), date("1794000000"), any::<bool>(), date("1795000001"), any::<bool>(), date("1794500000"))
            .prop_map(|(value, since, with_until, until, with_frozen, frozen)| {
                let until = if with_until { format!(r#","until":{until}"#) } else { String::new() };
                let frozen = if with_frozen { format!(r#","frozen":{frozen}"#) } else { String::new() };
                format!(r#"{{"value":{value},"since":{since}{until}{frozen},"else":{{}}}}"#)
            });
    let odd = prop::sample::select(vec!["{}", "1", "null", "[]", "{\"value\":\"pro\"}", "{\"since\":1}"]);
    let element = prop_oneof![6 => object, 2 => value.prop_map(str::to_owned), 1 => odd.prop_map(str::to_owned)];
    let list = prop::collection::vec(element, 0..6).prop_map(|elements| format!("[{}]", elements.join(" , ")));
    let other = prop::sample::select(vec![
        "\"pro basic\"",
        "\" pro  basic \"",
        "\"\"",
        "\"a b c d\"",
        "\"a b c d e\"",
        "null",
        "{}",
        "1",
        "true",
        "false",
        "\"\\udc00\"",
        "[",
        "{\"pro\":1}",
        "\"a\\tb\"",
    ]);
    prop_oneof![5 => list, 2 => other.prop_map(str::to_owned)]
}

fn some_payload() -> impl Strategy<Value = String> {
    let issuer = mostly(
        "\"https://id.example\"",
        &["\"x\"", "null", "[\"https://id.example\"]", "\"https:\\/\\/id.example\"", "\"https:/\\/id.example\""],
    );
    let audience = mostly(
        "\"https://learn.example\"",
        &[
            "\"x\"",
            "[]",
            "[\"x\",\"https://learn.example\"]",
            "[1,\"https://learn.example\"]",
            "[\"\\ud800\",\"https://learn.example\"]",
            "[{\"\\ud800\":1},\"https://learn.example\"]",
            "{}",
            "null",
        ],
    );
    let issued = mostly(
        "1794999990",
        &["1795000030", "1795000031", "1794999100", "1794999101", "1795000000.0", "null", "1.5", "\"1\"", "01"],
    );
    let expires = mostly(
        "1795000001",
        &["1795000000", "1794999999", "1795000890", "1795000891", "1.795000001e9", "null", "1e999", "-1"],
    );
    let before =
        mostly("", &[",\"nbf\":1795000030", ",\"nbf\":1795000031", ",\"nbf\":null", ",\"nbf\":1.5", ",\"nbf\":0"]);
    let name = mostly("entitlements", &["other", "app.roles", "__proto__"]);
    let extra = mostly(
        "",
        &[
            ",\"app\":{\"roles\":[\"pro\"]}",
            ",\"app\":{\"roles\":null}",
            ",\"app\":[]",
            ",\"app\":{\"\\ud800\":1,\"roles\":[\"pro\"]}",
            ",\"app.roles\":null",
            ",\"exp\":1795000000",
            ",\"x\":[[[[[1e400]]]]]",
            ",\"x\":\"\u{7f}\"",
            ",\"entitlements\":[\"last\"]",
            "}",
            ",",
            ",\"x\":tru",
            ",\"x\":-",
            ",\"x\":1.",
            ",\"x\":.5",
            ",\"x\":1e",
            ",\"x\":+1",
            ",\"x\":\"\\x\"",
            ",\"x\":\"\\u12g4\"",
            ",\"x\":'a'",
            ",\"app\":{\"roles\":false}",
        ],
    );
    (issuer, audience, issued, expires, before, name, some_entitlements(), extra).prop_map(
        |(issuer, audience, issued, expires, before, name, entitlements, extra)| {
            format!(
                r#"{{"iss":{issuer}, "aud":{audience},"iat":{issued},"exp":{expires}{before},"{name}":{entitlements}{extra}}}"#
            )
        },
    )
}

/// Where a request may have a token; `T` stands for it.
const PLACES: [(&[&str], &[&str]); 30] = [
    (&["Bearer T"], &[]),
    (&["bearer  T"], &[]),
    (&["BEARER T "], &[]),
    (&["Bearer\tT"], &[]),
    (&["Bearer"], &["__Host-tierpress=T"]),
    (&["Bearer T"], &["a=b"]),
    (&["Bearer T,"], &["__Host-tierpress=T"]),
    (&["Bearer T", "Bearer T"], &[]),
    (&["Basic x", "Bearer T"], &[]),
    (&["Basic x"], &["__Host-tierpress=T"]),
    (&[""], &["__Host-tierpress=T"]),
    (&["Bearer x T"], &[]),
    (&[], &["__Host-tierpress=T"]),
    (&[], &["a=b; __Host-tierpress=T"]),
    (&[], &["a=b;__Host-tierpress=T ; c"]),
    (&[], &[";;\t__Host-tierpress=T\t;"]),
    (&[], &["__Host-tierpress=T; __Host-tierpress=T"]),
    (&[], &["__Host-tierpress=T", "__Host-tierpress=T"]),
    (&[], &["__Host-tierpress=T", "b=c"]),
    (&[], &["__host-tierpress=T"]),
    (&[], &["__Host-tierpress =T"]),
    (&[], &["__Host-tierpress= T"]),
    (&[], &["__Host-tierpress=\"T\""]),
    (&[], &["__Host-tierpress=T=; a"]),
    (&[], &["__Host-tierpress"]),
    (&[], &["__Host-tierpress; __Host-tierpress=T"]),
    (&[], &["x__Host-tierpress=T"]),
    (&["Bearer T"], &["__Host-tierpress=T"]),
    (&["Bearer T"], &["__Host-tierpress="]),
    (&[], &[]),
];

/// A token spoilt in its form. One that is whole and has another signature is HAProxy's to find: Lua does not verify.
fn spoilt(token: String, fault: usize) -> String {
    match fault {
        0 => format!("{token}="),
        1 => format!("{token}."),
        2 => token.replacen('.', "", 1),
        3 => token.rsplit_once('.').unwrap().0.to_owned() + ".",
        4 => format!("{token}AA"),
        5 => token.replace(['-', '_'], "+"),
        _ => token,
    }
}

/// Plays random tokens of a key against an edge that trusts these keys.
fn play(key: &SigningKey, keys: Vec<KeyFile>) {
    let trusted = keys
        .iter()
        .fold(Keys::default(), |keys, file| keys.and(Keys::read(None, &file.bytes, KeySource::File).unwrap()).unwrap());
    let mut play = Play::new(keys);
    let mut runner = TestRunner::new(config(1));
    let by_claim = ["entitlements", "app.roles", "__proto__"].map(|claim| {
        let mut school = school();
        school.build = "b".to_owned();
        let token = school.token.as_mut().unwrap();
        token.claim = claim.to_owned();
        token.max_entitlements = 4;
        (play.manifest(&school), school.token.unwrap())
    });
    let case = (some_header(key.kid().unwrap()), some_payload(), 0..3_usize, 0..PLACES.len() * 3, 0..40_usize);
    let mut members = 0;
    for _ in 0..3_000 {
        let (header, mut payload, claim, place, fault) = case.new_tree(&mut runner).unwrap().current();
        let (data, settings) = &by_claim[claim];
        if fault == 6 {
            payload.push_str(&" ".repeat(8_192));
        }
        let token = spoilt(key.sign_parts(header.as_bytes(), payload.as_bytes()).unwrap(), fault);
        let (authorizations, cookies) = PLACES.get(place).copied().unwrap_or(PLACES[0]);
        let fill = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| text.replace('T', &token)).collect() };
        let (authorizations, cookies) = (fill(authorizations), fill(cookies));
        fn bytes(texts: &[String]) -> Vec<&[u8]> {
            texts.iter().map(String::as_bytes).collect()
        }
        let found = presented(&bytes(&authorizations), &bytes(&cookies), &settings.cookie);
        let reader = found
            .and_then(|token| verify(token, settings, &trusted).ok())
            .map_or(Reader::Visitor, |verified| verified.reader(at(NOW)));
        members += usize::from(matches!(reader, Reader::Member(_)));
        let texts = |texts: &[String]| texts.iter().map(|text| hexadecimal(text.as_bytes())).collect::<Vec<_>>();
        let case = json!({
            "play": "token", "data": data, "now": NOW,
            "authorizations": texts(&authorizations), "cookies": texts(&cookies),
        });
        play.case(&case, words(&reader));
    }
    assert!(members > 300, "{members} members are too few to mean anything");
    println!("{} tokens in Lua, {members} of them of members", play.play());
}

#[test]
fn the_program_reads_tokens_as_we_do() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = SigningKey::generate(Algorithm::Es256).unwrap().called(Some("another"));
    // With a single key, a token need not name it.
    play(&key, vec![key_file(&key)]);
    play(&key, vec![key_file(&key), key_file(&other)]);
}
