//! What HAProxy answers when something is wrong with what it needs: nothing that was not decided.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use tierpress::access::entitlement::Entitlement;
use tierpress::edge::token::issue::{Claims, SigningKey};
use tierpress::time::Timestamp;

use super::super::runner::http::Answer;
use super::super::runner::stage::{Stage, data, real_now};
use super::super::{ask, program, stage};
use super::{Made, Running, profile, start};

/// The token of a member of a tier, good now.
fn token(stage: &Stage, tier: &str) -> String {
    let key = SigningKey::read(&std::fs::read(data().join("keys/es256.pem")).unwrap()).unwrap().called(Some("es256"));
    let (issued, expires) = (Timestamp::saturating(real_now() - 5), Timestamp::saturating(real_now() + 600));
    let entitlements = [Entitlement::new(tier.parse().unwrap(), Timestamp::MIN)];
    let settings = stage.shifted.token.as_ref().unwrap();
    key.sign(&Claims { settings, subject: None, issued, expires, entitlements: &entitlements }).unwrap()
}

#[track_caller]
fn says_nothing(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status);
    let text = String::from_utf8_lossy(&answer.body);
    assert!(!text.contains("canary") && !text.contains("school"), "{text}");
    for name in ["tierpress-reason", "content-security-policy", "vary", "etag", "location", "set-cookie"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    let cache = answer.header("cache-control");
    assert!(matches!(cache.as_deref(), Some("no-store" | "no-cache")), "{cache:?}");
}

/// Changes a file of an export.
fn change(made: &Made, name: &str, from: &str, to: &str) {
    let path = made.out.join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn an_error_in_the_program_serves_nothing() {
    let staged = stage("school", profile().algorithms);
    let stage = &staged.stage;
    for (part, bad) in [
        ("  local headers = txn.http:req_get_headers()\n", "  local headers = nil + 1\n"),
        ("  local request = txn:get_priv()\n", "  local request = nil + 1\n"),
        ("  set(\"to\", TO[decision.outcome])\n", "  set(\"to\", TO[nil + 1])\n"),
    ] {
        let made = Made::new(stage);
        change(&made, "tierpress.lua", part, bad);
        let running = Running::at(made.address).with(stage, &mut made.haproxy(), made.address);
        let bearer = format!("Authorization: Bearer {}\r\n", token(stage, "pro"));
        for target in ["/", "/about/", "/pro/report/", "/none", "//", "/account/x"] {
            says_nothing(&ask(running.address, "GET", target, &bearer), 500);
        }
        says_nothing(&ask(running.address, "POST", "/", &bearer), 500);
        assert!(running.logs().contains("nil value"), "{}", running.logs());
    }
}

#[test]
fn without_its_origin_it_serves_nothing() {
    let staged = stage("school", profile().algorithms);
    let made = Made::new(&staged.stage);
    let running = Running::at(made.address).with(&staged.stage, &mut made.haproxy(), made.address);
    let bearer = format!("Authorization: Bearer {}\r\n", token(&staged.stage, "pro"));
    for target in ["/", "/pro/report/", "/none"] {
        says_nothing(&ask(running.address, "GET", target, &bearer), 503);
    }
    assert_eq!(ask(running.address, "GET", "/about", "").status, 308);
    assert_eq!(ask(running.address, "GET", "//", "").status, 400);
}

#[test]
fn an_object_that_is_missing_is_no_page_that_is_missing() {
    let staged = stage("school", profile().algorithms);
    let stage = &staged.stage;
    let running = start(stage);
    let objects = [&stage.shifted.routes["/"].objects[0], &stage.shifted.pages.not_found];
    for object in objects {
        std::fs::remove_file(stage.objects.join(object.as_str())).unwrap();
    }
    says_nothing(&ask(running.address, "GET", "/", ""), 502);
    says_nothing(&ask(running.address, "GET", "/none", ""), 502);
    assert_eq!(ask(running.address, "GET", "/about/", "").status, 200);
}

/// Nothing of one request is left for the next one on its connection.
#[test]
fn requests_of_one_connection_are_strangers() {
    let staged = stage("school", profile().algorithms);
    let running = start(&staged.stage);
    let bearer = format!("Authorization: Bearer {}\r\n", token(&staged.stage, "pro"));
    let alone: Vec<u16> = ["/pro/report/", "/pro/report/figure.svg", "/none"]
        .iter()
        .map(|target| ask(running.address, "GET", target, "").status)
        .collect();
    let mut stream = TcpStream::connect(running.address).unwrap();
    let mut asked = String::new();
    for target in ["/pro/report/", "/pro/report/figure.svg", "/none"] {
        asked += &format!("HEAD {target} HTTP/1.1\r\nHost: a\r\n{bearer}\r\n");
        asked += &format!("HEAD {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    asked += "HEAD // HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    let statuses: Vec<u16> = said.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect();
    assert_eq!(statuses, [200, alone[0], 200, alone[1], 404, alone[2], 400], "{said}");
    let private: Vec<bool> =
        said.split("HTTP/1.1 ").skip(1).map(|answer| answer.contains("tierpress-reason")).collect();
    assert_eq!(private, [false, true, false, true, false, false, false], "{said}");
}

/// HAProxy's own check of a configuration: what it says if it refuses it.
fn refused(made: &Made) -> Option<String> {
    let output = made.haproxy().arg("-c").output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn data_that_is_not_whole_keeps_it_from_starting() {
    let staged = stage("school", profile().algorithms);
    let made = Made::new(&staged.stage);
    assert_eq!(refused(&made), None);
    let path = made.out.join("tierpress.data");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let middle = lines.len() / 2;
    let without = |number: usize| [&lines[..number], &lines[number + 1..]].concat().join("\n");
    let ahead = format!("clock\t{}", real_now() + 400);
    let cases = [
        (String::new(), "unknown format"),
        (text.replace("tierpress-haproxy/1", "tierpress-haproxy/2"), "unknown format `tierpress-haproxy/2`"),
        (lines[..middle].join("\n"), "it is not whole"),
        (without(middle), "it is not whole"),
        (format!("{text}route\t/x/\t1 1:ab\n"), "there is more behind the end"),
        (text.replace("denied_status\t402", "denied_state\t402"), "unknown line `denied_state`"),
        (text.replace("denied_status\t402", "denied_status\t402.5"), "`402.5` is no whole number"),
        (text.replace(lines[1], &ahead), "its clock is more than five minutes ahead"),
    ];
    for (changed, expected) in cases {
        std::fs::write(&path, changed).unwrap();
        let said = refused(&made).unwrap_or_else(|| panic!("it starts without: {expected}"));
        assert!(said.contains(expected), "{said}\n{expected}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(refused(&made).is_some_and(|said| said.contains("tierpress.data")));
}

/// What `tierpress export haproxy` says when it refuses.
fn export_refused(manifest: &Path, out: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program("tierpress"));
    command.args(["export", "haproxy", "--manifest"]).arg(manifest).arg("--out").arg(out).args(arguments);
    let output = command.output().unwrap();
    assert!(!output.status.success() && !out.exists(), "{command:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_it_cannot_enforce_is_refused() {
    let staged = stage("school", &["ES256", "EdDSA"]);
    let stage = &staged.stage;
    let out = stage.work.join("refused");
    let jwks = stage.jwks.to_str().unwrap();
    let check = |manifest: &Path, arguments: &[&str], expected: &str| {
        let said = export_refused(manifest, &out, arguments);
        assert!(said.contains(expected), "{said}\n{expected}");
    };
    let reason = "haproxy cannot enforce this site: the key `eddsa` is for EdDSA, and it verifies ES256 and RS256 only";
    check(&stage.manifest, &["--upstream", "127.0.0.1:1", "--jwks", jwks], reason);
    check(&stage.manifest, &["--upstream", "127.0.0.1:1"], "and no key is given");
    check(&stage.manifest, &["--jwks", jwks], "`/account/` is passed through, and nothing says to whom");
    let secret = data().join("keys/hs256.json");
    check(&stage.manifest, &["--upstream", "a:1", "--key", secret.to_str().unwrap()], "is for HS256");
    let private = data().join("keys/es256.pem");
    check(&stage.manifest, &["--upstream", "a:1", "--key", private.to_str().unwrap()], "edges need the public one");

    check(&stage.manifest, &["--upstream", "a:1", "--key", file!()], "these are no keys");

    let public = data().join("keys/es256.pub.pem");
    let public = format!("es256={}", public.to_str().unwrap());
    let objects = stage.objects.to_str().unwrap();
    let all = ["--upstream", "a:1", "--key", &public, "--objects", objects];
    let changed = |change: &dyn Fn(&mut tierpress::manifest::Manifest)| {
        let mut manifest = stage.shifted.clone();
        change(&mut manifest);
        manifest.build = manifest.build_id();
        let path = stage.work.join("changed.json");
        std::fs::write(&path, manifest.to_json()).unwrap();
        path
    };
    let tab = changed(&|manifest| manifest.site.login_url = Some("https://a/\tb".to_owned()));
    check(&tab, &all, "cannot be written into a configuration of HAProxy: it has a control character");
    let line = changed(&|manifest| manifest.site.base_url = "https://a\nglobal".to_owned());
    check(&line, &all, "cannot be written into a configuration of HAProxy: it has a control character");
    let issuer = changed(&|manifest| manifest.token.as_mut().unwrap().issuer = "a\r\nend\t1".to_owned());
    check(&issuer, &all, "cannot be written into a configuration of HAProxy: it has a control character");
}

#[test]
fn texts_of_the_call_stay_texts() {
    let staged = stage("school", profile().algorithms);
    let stage = &staged.stage;
    let csp = r#"default-src 'self' "x" $HOME ${HOME} %[src] %% \ {a} #b"#.to_owned();
    let made = Made::with(stage, &["--csp", &csp]);
    let running = Running::at(made.address).with(stage, &mut made.haproxy(), made.address);
    let answer = ask(running.address, "GET", "/about", "");
    assert_eq!(answer.header("content-security-policy").as_deref(), Some(csp.as_str()));
    let made = Made::with(stage, &["--csp", "none"]);
    let running = Running::at(made.address).with(stage, &mut made.haproxy(), made.address);
    assert_eq!(ask(running.address, "GET", "/about", "").header("content-security-policy"), None);
}
