//! What is written, and what is refused.

use std::path::Path;

use serde_json::{Value, json};
use tierpress::export::{ExportError, KeyFile, Kind, Request, export};

use super::{exported, file, request, settings, tokens};
use crate::decide::school;

#[test]
fn the_same_manifest_makes_the_same_files() {
    let (school, keys) = (school(), tokens::files());
    let first = exported(&school, &keys);
    assert_eq!(first, exported(&school, &keys));
    let names: Vec<&str> = first.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["deno.mjs", "workerd.capnp", "wrangler.jsonc", "edge-runtime.js", "worker.mjs"]);
    for name in names {
        assert!(!file(&first, name).contains("{{"), "{name}");
    }
    assert!(!file(&first, "edge-runtime.js").contains("\nexport "));
    let here = Request { origin: None, ..request(&school, &keys) };
    let here = export(Kind::Worker, &here).unwrap();
    assert!(file(&here, "workerd.capnp").contains("disk = (path = \"/store\", writable = false)"));
    assert!(file(&here, "deno.mjs").contains("const STORE = \"/store\";"));
    assert!(here.files.iter().all(|file| file.name != "edge-runtime.js"), "there is no store that it could reach");
}

#[test]
fn keys_are_written_with_their_one_algorithm_and_nothing_private() {
    let found = settings(&file(&exported(&school(), &tokens::files()), "worker.mjs"));
    let mut said: Vec<String> = found["keys"].as_array().unwrap().iter().map(key_in_words).collect();
    said.sort();
    let expected = ["ES256 es256 crv kty x y", "ES256 es256-next crv kty x y", "EdDSA eddsa crv kty x"];
    assert_eq!(said, [expected.as_slice(), &["HS256 hs256 k kty", "RS256 rs256 e kty n"]].concat());
    let site = [KeyFile { kid: None, name: "k".to_owned(), bytes: mixed() }];
    let made = exported(&school(), &site);
    assert_eq!(settings(&file(&made, "worker.mjs"))["keys"].as_array().unwrap().len(), 1);
    assert!(made.run[0].contains("`private`") && made.run[1].contains("`other`"), "{:?}", made.run);
}

fn key_in_words(key: &Value) -> String {
    let mut members: Vec<&str> = key["jwk"].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    format!("{} {} {}", key["alg"].as_str().unwrap(), key["kid"].as_str().unwrap(), members.join(" "))
}

/// A set of which only one key can be used.
fn mixed() -> Vec<u8> {
    let set: Value = serde_json::from_slice(&tokens::files()[0].bytes).unwrap();
    let good = set["keys"][0].clone();
    let change = |name: &str, field: &str| {
        let mut key = good.clone();
        (key["kid"], key[field]) = (name.into(), "AQAB".into());
        key
    };
    json!({"keys": [change("private", "d"), change("other", "use"), good]}).to_string().into_bytes()
}

#[test]
fn what_cannot_be_enforced_or_written_is_refused() {
    let (school, keys) = (school(), tokens::files());
    let check = |change: &dyn Fn(&mut Request<'_>), expected: &str| {
        let mut request = request(&school, &keys);
        change(&mut request);
        let refused: ExportError = export(Kind::Worker, &request).unwrap_err();
        let said = format!("{refused}; {}", refused.help().unwrap_or_default());
        assert!(said.contains(expected), "{said}");
    };
    check(
        &|request| request.upstream = None,
        "`/account/` is passed through, and nothing says to whom; give `--upstream",
    );
    check(&|request| request.keys = &[], "there is no key to verify them with; give `--jwks FILE`");
    check(
        &|request| request.csp = Some("default-src 'self'\r\nX: y"),
        "cannot be written into a configuration of HTTP",
    );
    check(
        &|request| {
            request.origin = None;
            request.objects = Path::new("/elsewhere/blobs");
        },
        "there is no `edge` and `objects` side by side at `/elsewhere/blobs`",
    );
    check(
        &|request| {
            request.origin = None;
            request.objects = Path::new("/a\nb/objects");
        },
        "it has a control character",
    );
    let mut open = school.clone();
    (open.token, open.site.passthrough) = (None, Vec::new());
    let bare = Request { upstream: None, keys: &[], ..request(&open, &[]) };
    let found = settings(&file(&export(Kind::Worker, &bare).unwrap(), "worker.mjs"));
    assert_eq!((&found["keys"], &found["upstream"]), (&json!([]), &Value::Null));
}
