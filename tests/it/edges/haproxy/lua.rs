//! The program that HAProxy runs, line by line a port of [`decide`] and of the reading of tokens: it is played against
//! them with random manifests, readers, targets and tokens, in HAProxy's own Lua and without HAProxy around it.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::access::rule::{Clause, Rule};
use tierpress::edge::answer::{Body, answer};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{Algorithm, Keys, presented, verify};
use tierpress::edge::{Request, decide};
use tierpress::export::{self, Address, Brotli, KeyFile, Kind};
use tierpress::manifest::{self, Manifest, Otherwise};

use super::super::super::access::{BOUND, HORIZON, at, config, some_holding, some_rule};
use super::super::super::decide::{manifest, policy, school};
use super::program;

/// The program and the data for a manifest.
fn exported(manifest: &Manifest, keys: &[KeyFile]) -> export::Exported {
    let address = Address::loopback(1);
    let request = export::Request {
        manifest,
        listen: address.clone(),
        decider: address.clone(),
        objects: Path::new("/objects"),
        origin: Some(address.clone()),
        upstream: Some(address),
        brotli: Brotli::Absent,
        csp: None,
        keys,
    };
    export::export(Kind::Haproxy, &request).unwrap()
}

fn file<'e>(exported: &'e export::Exported, name: &str) -> &'e [u8] {
    &exported.files.iter().find(|file| file.name == name).unwrap().bytes
}

/// A folder in which cases are collected and played.
struct Play {
    folder: tempfile::TempDir,
    keys: Vec<KeyFile>,
    cases: String,
    expected: Vec<String>,
    manifests: usize,
}

impl Play {
    fn new(keys: Vec<KeyFile>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("driver.lua"), include_str!("driver.lua")).unwrap();
        std::fs::write(folder.path().join("driver.cfg"), "global\n    lua-load driver.lua\n").unwrap();
        Self { folder, keys, cases: String::new(), expected: Vec::new(), manifests: 0 }
    }

    /// Adds a manifest, and gives the name of its data.
    fn manifest(&mut self, manifest: &Manifest) -> String {
        let exported = exported(manifest, &self.keys);
        let name = format!("{}.data", self.manifests);
        self.manifests += 1;
        std::fs::write(self.folder.path().join(&name), file(&exported, "tierpress.data")).unwrap();
        std::fs::write(self.folder.path().join("tierpress.lua"), file(&exported, "tierpress.lua")).unwrap();
        name
    }

    fn case(&mut self, case: &Value, expected: String) {
        self.cases.push_str(&format!("{case}\n"));
        self.expected.push(expected);
    }

    /// Plays all of them; gives how many there were.
    fn play(self) -> usize {
        std::fs::write(self.folder.path().join("cases.json"), &self.cases).unwrap();
        let mut haproxy = Command::new(program("haproxy"));
        let output = haproxy.arg("-c").arg("-C").arg(self.folder.path()).args(["-f", "driver.cfg"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let answers = std::fs::read_to_string(self.folder.path().join("answers.txt")).expect(&said);
        let answers: Vec<&str> = answers.lines().collect();
        assert_eq!(answers.len(), self.expected.len(), "{said}");
        let cases = self.cases.lines().zip(answers).zip(&self.expected);
        let wrong: Vec<String> = cases
            .filter(|((_, answer), expected)| answer != expected)
            .map(|((case, answer), expected)| format!("{case}\n  gave     {answer}\n  expected {expected}"))
            .collect();
        assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
        self.expected.len()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the program is to tell HAProxy: a decision as variables.
fn told(manifest: &Manifest, request: &Request<'_>) -> String {
    let decision = decide(manifest, request);
    let answer = answer(manifest, &decision, None);
    let header =
        |name: &str| answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
    let mut parts = Vec::new();
    let mut tell = |name: &str, value: Option<String>| parts.extend(value.map(|value| format!("{name}={value}")));
    tell("cache", header("cache-control"));
    tell("private", header("vary").map(|_| "1".to_owned()));
    tell("location", header("location"));
    tell("reason", header("tierpress-reason"));
    tell("at", header("tierpress-available-at"));
    tell("clear", header("set-cookie"));
    let to = match answer.body {
        Body::Object(object) => {
            tell("object", Some(object.to_owned()));
            tell("type", header("content-type"));
            tell("status", (answer.status != 200).then(|| answer.status.to_string()));
            "objects".to_owned()
        }
        Body::Upstream => "upstream".to_owned(),
        Body::Text(_) | Body::Empty => answer.status.to_string(),
    };
    tell("to", Some(to));
    parts.sort();
    parts.join("|")
}

fn ask(play: &mut Play, data: &str, manifest: &Manifest, request: &Request<'_>) {
    let kind = match request.reader {
        Reader::Visitor => "visitor",
        Reader::Member(_) => "member",
        Reader::Expired(_) => "expired",
    };
    let held = |held: &Entitlement| {
        let mut fields = json!({"value": held.value, "since": held.since});
        let ends = [("until", held.until), ("frozen", held.frozen)];
        ends.into_iter().filter_map(|(name, at)| Some((name, at?))).for_each(|(name, at)| fields[name] = json!(at));
        fields
    };
    let held: Vec<Value> = request.reader.entitlements().iter().map(held).collect();
    let case = json!({
        "play": "decide", "data": data, "method": request.method, "target": hexadecimal(request.target),
        "now": request.now, "navigates": request.html_navigation, "reader": kind, "held": held,
    });
    play.case(&case, told(manifest, request));
}

/// A rule without needs, for what is kept for some time.
fn some_window() -> impl Strategy<Value = Rule> {
    let bound = || prop::option::of(0..BOUND);
    prop::collection::vec((bound(), bound()), 0..3).prop_map(|windows| {
        let clause = |(from, until): (Option<i64>, Option<i64>)| Clause {
            all: Vec::new(),
            from: from.map(at),
            until: until.map(at),
        };
        Rule::from(windows.into_iter().map(clause).collect::<Vec<_>>())
    })
}

fn some_reader() -> impl Strategy<Value = Reader> {
    prop_oneof![
        1 => Just(Reader::Visitor),
        1 => some_holding().prop_map(Reader::Expired),
        4 => some_holding().prop_map(Reader::Member),
    ]
}

/// Random manifests: every instant of each, for a random reader, at every kind of path.
#[test]
fn the_program_decides_as_we_do() {
    let mut play = Play::new(vec![key_file(&SigningKey::generate(Algorithm::Es256).unwrap())]);
    let mut runner = TestRunner::new(config(1));
    let choice = prop_oneof![
        3 => (prop::collection::vec(some_rule(3), 1..4), Just(manifest::Cache::Private)),
        1 => (prop::collection::vec(some_window(), 1..4), Just(manifest::Cache::Timed)),
    ];
    let site = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let case = (choice, 0..4_usize, any::<bool>(), 0..BOUND, site, prop::collection::vec(some_reader(), 4));
    for _ in 0..150 {
        let ((rules, cache), open, hidden, clock, (login, refresh, fragment, tiers), readers) =
            case.new_tree(&mut runner).unwrap().current();
        let variants: Vec<usize> = (1..=rules.len()).collect();
        let otherwise = if hidden { Otherwise::Hidden } else { Otherwise::Denied };
        let policy = policy(&variants, open.min(variants.len()), otherwise, cache);
        let rules = std::iter::once(Rule::public()).chain(rules).collect();
        let mut manifest =
            manifest(rules, vec![policy], &[("/x/", 0), ("/z é/", 0)], &[("/y", "/x/"), ("/y/", "/z é/")]);
        manifest.clock = at(clock);
        manifest.build = "b".to_owned();
        if !login {
            manifest.site.login_url = None;
        } else if fragment {
            manifest.site.login_url = Some("https://id.example/?a&#top".to_owned());
        }
        manifest.site.refresh_url = manifest.site.refresh_url.filter(|_| refresh);
        if !tiers {
            manifest.access_controls.retain(|control| control.kind == manifest::Kind::Bundle);
        }
        manifest.check().unwrap();
        let data = play.manifest(&manifest);
        for reader in &readers {
            for now in 0..=HORIZON {
                for (target, html_navigation) in
                    [("/x/", false), ("/x/", true), ("/y", false), ("/z%20%C3%A9", true), ("/none", true)]
                {
                    let target = target.as_bytes();
                    let request = Request { method: "GET", target, reader, now: at(now), html_navigation };
                    ask(&mut play, &data, &manifest, &request);
                }
            }
        }
    }
    println!("{} decisions in Lua", play.play());
}

#[test]
fn the_program_reads_targets_as_we_do() {
    let mut play = Play::new(vec![key_file(&SigningKey::generate(Algorithm::Es256).unwrap())]);
    let mut runner = TestRunner::new(config(1));
    let mut school = school();
    school.build = "b".to_owned();
    let data = play.manifest(&school);
    let pieces: Vec<&[u8]> = vec![
        b"/",
        b"/",
        b"/",
        b"pro",
        b"old",
        b"account",
        b"hook",
        b"caf\xc3\xa9",
        b"caf%c3%A9",
        b".",
        b"..",
        b"%2e",
        b"%2F",
        b"%41",
        b"%70ro",
        b"%zz",
        b"%",
        b"%2",
        b"%25",
        b"%00",
        b"%ff",
        b"%C0%AF",
        b"%ed%a0%80",
        b"%20",
        b"\\",
        b";",
        b"#",
        b"?",
        b"?x=/../",
        b"http://",
        b"HTTPS://",
        b"a.b:80",
        b"ftp://",
        b"\x7f",
        b"\x01",
        b" ",
        b"\xff",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x80\xae",
        b"*",
        b"+",
        b"'",
        b"&",
        b"\"",
        b"<",
        b"\xf0\x9f\x98\x80",
        b"secret",
        b"file.pdf",
    ];
    let piece = prop::sample::select(pieces);
    let target = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let rooted = target.prop_map(|rest| [b"/".as_slice(), &rest].concat());
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "get", "PUT", "TRACE"]);
    let case = (prop_oneof![3 => rooted.boxed(), 1 => prop::collection::vec(any::<u8>(), 0..9).boxed()], method);
    for length in [2047, 2048, 2049] {
        let target = [b"/".as_slice(), &vec![b'a'; length - 1]].concat();
        let reader = Reader::Visitor;
        let request = Request { method: "GET", target: &target, reader: &reader, now: at(10), html_navigation: false };
        ask(&mut play, &data, &school, &request);
    }
    for _ in 0..20_000 {
        let (target, method) = case.new_tree(&mut runner).unwrap().current();
        for prefix in [b"".as_slice(), b"http://h:1"] {
            let target = [prefix, &target].concat();
            let request =
                Request { method, target: &target, reader: &Reader::Visitor, now: at(10), html_navigation: true };
            ask(&mut play, &data, &school, &request);
        }
    }
    println!("{} targets in Lua", play.play());
}

fn key_file(key: &SigningKey) -> KeyFile {
    KeyFile { kid: None, name: "jwks.json".to_owned(), bytes: key.jwks().to_string().into_bytes() }
}

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
    let issuer =
        mostly("\"https://id.example\"", &["\"x\"", "null", "[\"https://id.example\"]", "\"https:\\/\\/id.example\""]);
    let audience = mostly(
        "\"https://learn.example\"",
        &[
            "\"x\"",
            "[]",
            "[\"x\",\"https://learn.example\"]",
            "[1,\"https://learn.example\"]",
            "[\"\\ud800\",\"https://learn.example\"]",
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

#[test]
fn the_program_reads_tokens_as_we_do() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = SigningKey::generate(Algorithm::Es256).unwrap().called(Some("another"));
    let keys = vec![key_file(&key), key_file(&other)];
    let trusted = keys.iter().fold(Keys::default(), |keys, file| {
        keys.and(Keys::read(None, &file.bytes, tierpress::edge::token::KeySource::File).unwrap()).unwrap()
    });
    let mut school = school();
    school.build = "b".to_owned();
    let mut play = Play::new(keys);
    let mut runner = TestRunner::new(config(1));
    let mut by_claim = Vec::new();
    for claim in ["entitlements", "app.roles", "__proto__"] {
        let mut school = school.clone();
        let token = school.token.as_mut().unwrap();
        token.claim = claim.to_owned();
        token.max_entitlements = 4;
        by_claim.push((play.manifest(&school), school.token.unwrap()));
    }
    let case = (some_header(key.kid().unwrap()), some_payload(), 0..3_usize, 0..PLACES.len() * 3, 0..40_usize);
    let mut members = 0;
    for _ in 0..6_000 {
        let (header, payload, claim, place, fault) = case.new_tree(&mut runner).unwrap().current();
        let (data, settings) = &by_claim[claim];
        let token = key.sign_parts(header.as_bytes(), payload.as_bytes()).unwrap();
        // A signature that is made of other characters must be bad for its form, for Lua does not verify here.
        let token = match fault {
            0 => format!("{token}="),
            1 => format!("{token}."),
            2 => token.replacen('.', "", 1),
            3 => token.rsplit_once('.').unwrap().0.to_owned() + ".",
            4 => format!("{token}AA"),
            5 => token.replace(['-', '_'], "+"),
            6 => key
                .sign_parts(header.as_bytes(), &[payload.as_bytes(), b" ".repeat(8_192).as_slice()].concat())
                .unwrap(),
            _ => token,
        };
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
    assert!(members > 500, "{members} members are too few to mean anything");
    println!("{} tokens in Lua, {members} of them of members", play.play());
}
