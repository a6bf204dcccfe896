//! A build that is killed leaves a site that works, and the next build puts the rest right.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::built::{build, command, contents, differences, json};
use crate::generated::course::{Course, Random};
use crate::generated::ours::{self, Gating};

/// How often a build is killed.
const KILLS: usize = 100;

/// Files that name the moment they were made; everything else must be equal.
const MOMENTS: [&str; 2] = ["manifest.json", "edge/root.json"];

/// One state of the content, and what a build of it into an empty folder holds.
struct State {
    root: PathBuf,
    clean: BTreeMap<String, Vec<u8>>,
}

impl State {
    fn new(folder: &Path, name: &str, seed: u64, lessons: usize) -> Self {
        let root = folder.join(name);
        ours::write(&root, Course { lessons, seed }, Gating::Gated).unwrap();
        let out = folder.join(format!("clean-{name}"));
        build(&root, &out).well();
        Self { root, clean: contents(&out) }
    }

    fn manifest(&self) -> Value {
        timeless(&self.clean["manifest.json"])
    }
}

#[test]
fn killed_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    // The second state has other lessons, fewer of them, and shares none of the first one's pages.
    let states = [State::new(folder.path(), "first", 1, 40), State::new(folder.path(), "second", 2, 30)];
    let out = folder.path().join("out");
    let first = build(&states[0].root, &out).well().time;
    let changed = build(&states[1].root, &out).well().time;
    let usual = (first + changed) / 2;

    let mut random = Random::new(&[2026]);
    let (mut killed, mut attempts, mut old) = (0, 0, 0);
    while killed < KILLS {
        assert!(attempts < KILLS * 4, "only {killed} of {attempts} builds were still running when they were killed");
        let (state, before) = (&states[attempts % 2], &states[(attempts + 1) % 2]);
        attempts += 1;
        // A killed build ends when it is killed: moments after the usual end reach those that take longer.
        let moment = usual * u32::try_from(random.below(1_250)).unwrap() / 1_000;
        if kill(&state.root, &out, moment) {
            killed += 1;
        }
        old += usize::from(assert_whole(&out, [before, state]));
        build(&state.root, &out).well();
        assert_clean(&out, state, before);
    }
    println!("killed {killed} of {attempts} builds within {usual:?}; {old} left the site as it was before");
}

/// Starts a build and kills it after so long. Whether it was still running.
fn kill(root: &Path, out: &Path, moment: Duration) -> bool {
    let mut child = command(root, out).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// The manifest is that of one state, old or new, and all its objects are there, each with the hash it is named by.
/// Returns whether it is the old one.
fn assert_whole(out: &Path, states: [&State; 2]) -> bool {
    let manifest = timeless(&fs::read(out.join("manifest.json")).expect("a killed build leaves a manifest"));
    let is_old = manifest == states[0].manifest();
    assert!(is_old || manifest == states[1].manifest(), "the manifest is of no build");
    for (name, object) in manifest["objects"].as_object().unwrap() {
        let bytes = fs::read(out.join("objects").join(name)).unwrap_or_else(|error| panic!("object {name}: {error}"));
        assert_eq!(object["size"], bytes.len(), "size of object {name}");
        assert!(name[3..].starts_with(&hash(&bytes)), "object {name} has other bytes");
    }
    for (name, bytes) in shards(out, &json(&out.join("edge/root.json"))) {
        assert!(name.starts_with(&hash(&bytes)), "shard {name} has other bytes");
    }
    is_old
}

/// The output equals a clean build's, but for objects and shards of the build before, which edges may still ask for.
fn assert_clean(out: &Path, state: &State, before: &State) {
    let spared = |name: &String| {
        (name.starts_with("objects/") || name.starts_with("edge/"))
            && !state.clean.contains_key(name)
            && before.clean.contains_key(name)
    };
    let mut found = contents(out);
    found.retain(|name, _| !spared(name));
    let mut clean = state.clean.clone();
    for name in MOMENTS {
        let (found, clean) = (found.remove(name).unwrap(), clean.remove(name).unwrap());
        assert_eq!(timeless(&found), timeless(&clean), "{name}");
    }
    let differences = differences(&found, &clean);
    assert!(differences.is_empty(), "after the next build:\n{}", differences.join("\n"));
}

/// The shards that `edge/root.json` names.
fn shards(out: &Path, root: &Value) -> Vec<(String, Vec<u8>)> {
    let names = root["shards"].as_array().expect("the root names its shards");
    let name = |value: &Value| value.as_str().unwrap().trim_start_matches("edge/").to_owned();
    names.iter().map(name).map(|name| (name.clone(), fs::read(out.join("edge").join(name)).unwrap())).collect()
}

/// A manifest without what says when it was made.
fn timeless(bytes: &[u8]) -> Value {
    let mut manifest: Value = serde_json::from_slice(bytes).expect("a manifest is whole");
    for key in ["version", "created", "clock"] {
        assert!(manifest.as_object_mut().unwrap().shift_remove(key).is_some(), "a manifest has `{key}`");
    }
    manifest
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
