//! The module as a whole: between requests, with a store that cannot be trusted, with encoded objects, with many routes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tierpress::manifest::{Manifest, Object, Otherwise, Route, shard_of};

use super::{exported, file};
use crate::access::at;
use crate::decide::{manifest, policy};
use crate::edges::runner::stage::{Plan, data, real_now};
use crate::edges::{Running, Stage, ask, deno, edge_runtime, export, free_address, program, stage, workerd};

#[test]
fn a_store_that_cannot_be_trusted_gives_503() {
    let staged = stage("school", &["HS256"]);
    let stage = &staged.stage;
    fs::copy(data().join("keys/hs256.json"), stage.out.join("../hs256.json")).unwrap();
    let module = file(&exported(&stage.shifted, &super::tokens::files()), "worker.mjs");
    // Nothing but the store that a request brings.
    let module = module.replace("\"origin\": \"http://127.0.0.1:8081\"", "\"origin\": null");
    fs::write(stage.work.join("worker.mjs"), module).unwrap();
    fs::write(stage.work.join("hosted.mjs"), include_str!("hosted.mjs")).unwrap();
    let mut command = Command::new(program("deno"));
    command.args(["run", "--no-config", "--allow-read"]).arg(stage.work.join("hosted.mjs"));
    command.arg(&stage.out).arg(&stage.shifted.token.as_ref().unwrap().cookie);
    let output = command.env("NO_COLOR", "1").env("DENO_DIR", stage.work.join("deno-dir")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}

#[test]
fn encoded_objects_are_sent_as_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let school = data().join("sites/school");
    let stage = compressed(folder.path(), &school);
    let (path, name) = encoded_page(&stage.shifted);
    let object = |suffix: &str| fs::read(stage.objects.join(format!("{name}{suffix}"))).unwrap();
    for start in [workerd::start, deno::start] {
        let edge = start(&stage);
        let get = |headers: &str| ask(edge.address, "GET", path, headers);
        for (accepted, encoding, suffix) in [
            ("gzip, br", Some("br"), ".br"),
            ("gzip", Some("gzip"), ".gz"),
            ("br;q=0, gzip;q=0.5", Some("gzip"), ".gz"),
            ("br;q=0.1, *;q=0.5", Some("gzip"), ".gz"),
            ("identity, br;q=0.5", None, ""),
            ("deflate", None, ""),
            ("", None, ""),
        ] {
            let answer = get(&format!("Accept-Encoding: {accepted}\r\n"));
            assert_eq!(answer.status, 200, "{accepted}");
            assert_eq!(answer.header("content-encoding").as_deref(), encoding, "{accepted}");
            assert!(answer.body == object(suffix), "{accepted}: {} bytes", answer.body.len());
            assert!(answer.header("vary").is_some_and(|vary| vary.contains("Accept-Encoding")), "{accepted}");
            let etag = answer.header("etag").unwrap();
            let again = get(&format!("Accept-Encoding: {accepted}\r\nIf-None-Match: {etag}\r\n"));
            assert_eq!((again.status, again.body.len()), (304, 0), "{accepted}");
        }
        assert_eq!(
            ask(edge.address, "HEAD", path, "Accept-Encoding: br\r\n").header("content-encoding").unwrap(),
            "br"
        );
        let missing = ask(edge.address, "GET", "/nothing/", "Accept-Encoding: br\r\n");
        assert_eq!((missing.status, missing.header("content-encoding")), (404, None));
    }
    // It would take the header away and leave the bytes.
    let edge = edge_runtime::start(&stage);
    let answer = ask(edge.address, "GET", path, "Accept-Encoding: gzip, br\r\n");
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None));
    assert!(answer.body == object(""));
}

/// A public page that is there encoded.
fn encoded_page(manifest: &Manifest) -> (&str, &str) {
    let page = |(path, route): (&'_ String, &'_ Route)| {
        let name = route.objects.first().filter(|_| manifest.policies[route.policy].variants == [0])?;
        (manifest.objects[name].encodings.len() == 2).then(|| (path.clone(), name.to_string()))
    };
    let found = manifest.routes.iter().find_map(page).expect("some public page is encoded");
    let (path, _) = manifest.routes.get_key_value(&found.0).unwrap();
    (path.as_str(), manifest.routes[path].objects[0].as_str())
}

/// A site, built with encodings.
fn compressed(folder: &Path, site: &Path) -> Stage {
    let out = folder.join("out");
    let mut command = Command::new(program("tierpress"));
    command.args(["build", "--compress", "--trees", "none", "--root"]).arg(site).arg("--out").arg(&out);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let manifest = Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    Stage::of(&plan(folder), manifest)
}

fn plan(folder: &Path) -> Plan<'_> {
    let upstream = (std::net::Ipv4Addr::LOCALHOST, 0).into();
    Plan { folder, site: "school", now: real_now(), manifest_clock: None, algorithms: &["ES256"], upstream }
}

/// Prints how long the first answers take and how much memory they need; `docs/edges/worker.md` has the figures of an
/// optimised build's machine.
#[test]
fn a_hundred_thousand_routes() {
    let folder = tempfile::tempdir().unwrap();
    let large = large(100_000);
    for (path, route) in large.routes.iter().step_by(300) {
        // What everybody may have is the last one.
        let object = folder.path().join("out/objects").join(route.objects.last().unwrap().as_str());
        fs::create_dir_all(object.parent().unwrap()).unwrap();
        fs::write(object, format!("{path:>40}")).unwrap();
    }
    let stage = Stage::of(&plan(folder.path()), large);
    let largest = stage.shifted.edge_shards().iter().map(|shard| shard.bytes.len()).max().unwrap();
    let begin = Instant::now();
    let edge = start_on_workerd(&stage);
    println!("workerd listens after {:?}; the largest shard has {largest} bytes", begin.elapsed());
    println!("without a request: {} MiB", memory(&edge) >> 20);
    let mut shards = BTreeSet::new();
    let mut times = Vec::new();
    for path in stage.shifted.routes.keys().step_by(300) {
        let begin = Instant::now();
        let answer = ask(edge.address, "GET", path, "");
        times.push(begin.elapsed());
        assert_eq!((answer.status, String::from_utf8(answer.body).unwrap().trim()), (200, path.as_str()));
        if shards.is_empty() {
            println!("the first answer after {:?}, {} MiB", times[0], memory(&edge) >> 20);
        }
        shards.insert(shard_of(path));
    }
    times[1..].sort();
    println!("{} more from {} shards, median {:?}", times.len() - 1, shards.len(), times[times.len() / 2]);
    let most = memory(&edge);
    println!("at most {} MiB", most >> 20);
    assert!(most < 256 << 20, "{most} bytes");
}

fn start_on_workerd(stage: &Stage) -> Running {
    let address = free_address();
    let (listen, upstream) = (address.to_string(), stage.upstream.to_string());
    let jwks = stage.jwks.to_str().unwrap();
    let out = export(stage, "worker", &["--jwks", jwks, "--listen", &listen, "--upstream", &upstream]);
    let mut command = Command::new(program("workerd"));
    command.arg("serve").arg(out.join("workerd.capnp"));
    Running::at(address).with(stage, &mut command, address)
}

/// The most memory that a program has had, in bytes.
fn memory(edge: &Running) -> u64 {
    let [process] = edge.processes()[..] else { panic!("one program runs") };
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// A course of so many lessons, each with a page of its own; two policies.
fn large(count: usize) -> Manifest {
    let rules =
        vec![tierpress::access::rule::Rule::public(), serde_json::from_str(r#"[{"all":[{"any":["b"]}]}]"#).unwrap()];
    let policies = vec![
        policy(&[0], 1, Otherwise::Denied, tierpress::manifest::Cache::Public),
        policy(&[1, 0], 1, Otherwise::Denied, tierpress::manifest::Cache::Private),
    ];
    let mut large = manifest(rules, policies, &[], &[]);
    large.clock = at(real_now() - 60);
    large.created = large.clock;
    let object = Object { encodings: Vec::new(), size: 40, media_type: "text/html; charset=utf-8".to_owned() };
    for number in 0..count {
        let path = format!("/course/part-{}/lesson-{number}/", number % 97);
        let name = |variant: usize| {
            let hash = tierpress::digest::sha256_hex(format!("{path} {variant}").as_bytes());
            tierpress::manifest::ObjectName::new(&hash, "html").unwrap()
        };
        let gated = usize::from(number % 3 == 1);
        let objects: Vec<_> = (0..=gated).map(name).collect();
        large.objects.extend(objects.iter().map(|name| (name.clone(), object.clone())));
        large.routes.insert(path, Route { objects, policy: gated });
    }
    large
}
