//! `tierpress keygen` and `tierpress token`, as people run them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tierpress::edge::token::{KeySource, Keys, verify};
use tierpress::manifest::{self, Manifest};

use super::{at, words};
use crate::built::{self, NOW, NOW_SECONDS};
use crate::fixture::Fixture;

/// Runs the program in the fixture's folder.
pub(crate) fn tierpress(fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(fixture.root()).args(arguments).env_remove("SOURCE_DATE_EPOCH");
    command.output().unwrap()
}

/// What it printed, once it is sure that it went well.
#[track_caller]
pub(crate) fn printed(fixture: &Fixture, arguments: &[&str]) -> String {
    let output = tierpress(fixture, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

/// The first line of what it said instead, once it is sure that the call was at fault.
#[track_caller]
pub(crate) fn refused(fixture: &Fixture, arguments: &[&str]) -> String {
    let output = tierpress(fixture, arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    String::from_utf8(output.stderr).unwrap().lines().next().unwrap().to_owned()
}

/// What the edges of the fixture ask for.
fn asked() -> manifest::Token {
    let address = "https://school.example".to_owned();
    let (issuer, audience, claim) = (address.clone(), address, "entitlements".to_owned());
    manifest::Token {
        audience,
        claim,
        cookie: "__Host-tierpress".to_owned(),
        issuer,
        max_entitlements: 32,
        max_ttl: 900,
    }
}

fn keys(path: &Path) -> Keys {
    Keys::read(None, &fs::read(path).unwrap(), KeySource::File).unwrap()
}

const KEY: &[&str] = &["--key", "k/token.pem", "--now", NOW];

#[test]
fn keys_are_made_once_and_kept_secret() {
    for (more, suffix, expected) in [
        (&[][..], "jwks.json", "ES256"),
        (&["--algorithm", "rs256"], "jwks.json", "RS256"),
        (&["--algorithm", "eddsa"], "jwks.json", "EdDSA"),
        (&["--purpose", "manifest"], "pub.pem", "EdDSA"),
    ] {
        let fixture = Fixture::new("");
        let call = [&["keygen", "--out", "k/token.pem"], more].concat();
        let said = printed(&fixture, &call);
        assert!(said.starts_with(&format!("k/token.pem: the private key, {expected}; keep it secret\n")), "{said}");
        let (private, public) =
            (fixture.root().join("k/token.pem"), fixture.root().join("k/token").with_extension(suffix));
        assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&private).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let (before, key) = (fs::read(&private).unwrap(), keys(&public));
        let key = key.iter().next().unwrap().1;
        assert_eq!(key.algorithm().as_str(), expected);
        assert!(
            !fs::read_to_string(&public).unwrap().contains("PRIVATE")
                && !fs::read_to_string(&public).unwrap().contains("\"d\"")
        );
        assert_eq!(refused(&fixture, &call), "error: `k/token.pem` is there already");
        fs::remove_file(&private).unwrap();
        assert_eq!(refused(&fixture, &call), format!("error: `k/token.{suffix}` is there already"));
        assert!(!private.exists() && before.len() > 80);
    }
    let call = ["keygen", "--purpose", "manifest", "--algorithm", "es256", "--out", "k"];
    assert_eq!(refused(&Fixture::new(""), &call), "error: manifests are signed with Ed25519 alone");
}

#[test]
fn tokens_say_what_their_readers_hold() {
    let fixture = Fixture::new("");
    let day = 86_400;
    printed(&fixture, &["keygen", "--out", "k/token.pem"]);
    let keys = keys(&fixture.root().join("k/token.jwks.json"));
    let now = NOW_SECONDS;
    for (reader, expected) in [
        ("pro", "member pro/0".to_owned()),
        ("basic/30d", format!("member basic/{}", now - 30 * day)),
        ("rust-course", "member rust-course/0 free/0".to_owned()),
        ("rust-course/1d", format!("member rust-course/{} free/{}", now - day, now - day)),
        ("pro/2026-11-01+rust-course/2d", format!("member pro/1793491200 rust-course/{}", now - 2 * day)),
        ("pro!frozen", format!("member pro/0!{now}")),
        ("pro!expired", format!("member pro/0<{now}")),
        ("basic/400w", format!("member basic/{}", now - 400 * 7 * day)),
    ] {
        let token = printed(&fixture, &[&["token", reader], KEY].concat());
        let verified = verify(token.trim_end().as_bytes(), &asked(), &keys).unwrap();
        assert_eq!(words(&verified.reader(at(now))), expected, "{reader}");
        assert_eq!(verified.expires(), at(now + 900));
        assert_eq!(token.matches('\n').count(), 1);
    }
    // As of another day.
    let token = printed(&fixture, &[&["token", "pro/1d@2026-12-10", "--ttl", "1m", "--subject", "m_1"], KEY].concat());
    let verified = verify(token.trim_end().as_bytes(), &asked(), &keys).unwrap();
    assert_eq!(words(&verified.reader(at(now + 9 * day))), format!("member pro/{}", now + 8 * day));
    assert_eq!(verified.expires(), at(now + 9 * day + 60));
    // Without a clock it is good now.
    let token = printed(&fixture, &["token", "pro", "--key", "k/token.pem"]);
    let present = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let verified = verify(token.trim_end().as_bytes(), &asked(), &keys).unwrap();
    assert_eq!(words(&verified.reader(at(i64::try_from(present).unwrap()))), "member pro/0");
    let cookie = printed(&fixture, &[&["token", "pro", "--cookie"], KEY].concat());
    assert!(cookie.starts_with("Set-Cookie: __Host-tierpress=ey"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax\n"), "{cookie}");
}

#[test]
fn a_manifest_will_do_in_place_of_a_site() {
    let fixture = Fixture::new("---\naccess: pro\n---\nText.\n");
    built::build(&fixture.root(), &fixture.out()).well();
    printed(&fixture, &["keygen", "--out", "k/token.pem"]);
    let path = fixture.out().join("manifest.json");
    let manifest = Manifest::parse(&fs::read(&path).unwrap()).unwrap();
    let call = ["token", "rust-course/1d", "--manifest", path.to_str().unwrap()];
    let token = printed(&fixture, &[&call, KEY].concat());
    let keys = keys(&fixture.root().join("k/token.jwks.json"));
    let verified = verify(token.trim_end().as_bytes(), manifest.token.as_ref().unwrap(), &keys).unwrap();
    let since = NOW_SECONDS - 86_400;
    assert_eq!(words(&verified.reader(at(NOW_SECONDS))), format!("member rust-course/{since} free/{since}"));
}

#[test]
fn tokens_that_no_edge_would_take_are_not_made() {
    let fixture = Fixture::new("");
    printed(&fixture, &["keygen", "--out", "k/token.pem"]);
    let many = vec!["pro"; 33].join("+");
    for (call, expected) in [
        (&["visitor"][..], "error: a visitor has no token"),
        (&["prro"], "error: `prro`: unknown tier or bundle `prro`, did you mean `pro`?"),
        (&["pro/soon"], "error: `pro/soon`: `soon` is neither a date nor a length such as `30d`"),
        (&["pro", "--ttl", "901s"], "error: a life of 901 s is longer than edges accept"),
        (&[&many], "error: 33 entitlements are more than edges accept"),
        (
            &["pro", "--ttl", "0m"],
            "error: invalid value '0m' for '--ttl <LENGTH>': it must be more than nothing, and less than 136 years",
        ),
        (
            &["pro", "--ttl", "15"],
            "error: invalid value '15' for '--ttl <LENGTH>': a number and a unit is expected: `90s`, `15m`, `1h`, `1d`",
        ),
    ] {
        assert_eq!(refused(&fixture, &[&["token"], call, KEY].concat()), expected);
    }
    let nowhere = ["token", "pro", "--key", "no.pem"];
    assert_eq!(refused(&fixture, &nowhere), "error: cannot read `no.pem`: no such file or directory");
    let public = ["token", "pro", "--key", "k/token.jwks.json"];
    let expected = "error: `k/token.jwks.json`: this is no private key: its `kty` is not `EC`, `RSA`, `OKP` or `oct`";
    assert_eq!(refused(&fixture, &public), expected);
    let elsewhere = ["token", "pro", "--key", "k/token.pem", "--root", "k"];
    assert_eq!(refused(&fixture, &elsewhere), "error: there is no site.yaml in `k`");
}
