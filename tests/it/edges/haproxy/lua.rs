//! The program that HAProxy runs, a port of [`decide`] and of the reading of tokens: it is played against them with random
//! manifests, readers, targets and tokens, in HAProxy's own Lua and without HAProxy around it.

mod decisions;
mod tokens;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::answer::{Body, answer};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::{Request, decide};
use tierpress::export::{self, Address, Brotli, KeyFile, Kind};
use tierpress::manifest::Manifest;

use super::program;

/// The program and the data for a manifest.
fn exported(manifest: &Manifest, keys: &[KeyFile]) -> export::Exported {
    let address = Address::loopback(1);
    let request = export::Request {
        manifest,
        listen: address.clone(),
        decider: tierpress::export::Decider::At(address.clone()),
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

fn key_file(key: &SigningKey) -> KeyFile {
    KeyFile { kid: None, name: "jwks.json".to_owned(), bytes: key.jwks().to_string().into_bytes() }
}
