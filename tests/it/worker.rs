//! The worker's JavaScript gives the answers of the Rust that it was ported from, with exact clocks, bounds included.
//!
//! Each test writes cases with what Rust says of them as lines of JSON; one Deno reads them all beside the exported module
//! and says where it differs. How the module answers real requests is the business of `edges`.

mod decisions;
mod exported;
mod hosts;
mod paths;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::export::{Address, Brotli, Exported, KeyFile, Kind, Request, export};
use tierpress::manifest::Manifest;

use crate::access::config;
use crate::edges::program;

/// A value of each try of a strategy, from a fixed seed.
fn drawn<T>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::new(config(1));
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What `tierpress export worker` makes of a manifest and these keys.
fn exported(manifest: &Manifest, keys: &[KeyFile]) -> Exported {
    export(Kind::Worker, &request(manifest, keys)).unwrap()
}

/// A request with all there is.
fn request<'a>(manifest: &'a Manifest, keys: &'a [KeyFile]) -> Request<'a> {
    Request {
        manifest,
        listen: Address::loopback(8080),
        decider: tierpress::export::Decider::At(Address::loopback(9001)),
        objects: Path::new("/store/objects"),
        origin: Some(Address::loopback(8081)),
        upstream: Some(Address::loopback(8082)),
        brotli: Brotli::Absent,
        csp: Some(tierpress::edge::answer::CSP),
        keys,
    }
}

/// A file of an export.
fn file(exported: &Exported, name: &str) -> String {
    let file = exported.files.iter().find(|file| file.name == name).unwrap();
    String::from_utf8(file.bytes.clone()).unwrap()
}

/// The settings in a module.
fn settings(module: &str) -> Value {
    let (_, from) = module.split_once("const SETTINGS = ").unwrap();
    serde_json::from_str(from.split_once(";\n").unwrap().0).unwrap()
}

/// Has Deno compare the cases with a module; fails with the first differences.
fn compare(module: &str, cases: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    write("worker.mjs", module);
    let driver = write("compare.mjs", include_str!("worker/compare.mjs"));
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let cases_path = write("cases.jsonl", &lines);
    let mut command = Command::new(program("deno"));
    command.args(["run", "--no-config", "--allow-read"]).arg(driver).arg(cases_path);
    let output = command.env("NO_COLOR", "1").env("DENO_DIR", folder.path().join("deno")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let compared = cases.iter().filter(|case| case.get("expect").is_some()).count();
    assert_eq!(said.trim(), format!("{compared} compared"));
    println!("{}: {said}", std::thread::current().name().unwrap_or_default());
}

/// A reader as the module has them.
fn reader_json(reader: &Reader) -> Value {
    let (kind, held): (_, &[Entitlement]) = match reader {
        Reader::Visitor => ("visitor", &[]),
        Reader::Member(held) => ("member", held),
        Reader::Expired(held) => ("expired", held),
    };
    let held = held.iter().map(|Entitlement { value, since, until, frozen }| {
        let mut json = json!({"value": value, "since": since});
        for (name, instant) in [("until", until), ("frozen", frozen)] {
            if let Some(instant) = instant {
                json[name] = json!(instant);
            }
        }
        json
    });
    json!({"kind": kind, "entitlements": held.collect::<Vec<_>>()})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
