//! Runs the program on a site and reads back what it made.
//!
//! Builds here know no clock: the content's instant and the real one are both given. Nothing in this file judges.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The content's clock in tests, as it is typed.
pub(crate) const NOW: &str = "2026-12-01T00:00:00Z";
/// The same in seconds.
pub(crate) const NOW_SECONDS: i64 = 1_796_083_200;

/// How a build ended.
#[derive(Debug)]
pub(crate) struct Built {
    /// The exit code; -1 where it was killed or crashed.
    pub(crate) code: i32,
    /// What it said, as JSON; null where it said nothing.
    pub(crate) said: Value,
    pub(crate) stderr: String,
    pub(crate) time: Duration,
}

impl Built {
    /// The same, once it is sure that it went well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        if self.code != 0 {
            let diagnostics = self.said["diagnostics"].as_array().map_or(&[][..], Vec::as_slice);
            let errors = diagnostics.iter().filter(|diagnostic| diagnostic["severity"] == "error");
            let errors: Vec<String> = errors.map(|error| format!("{error:#}")).collect();
            panic!("the build failed with {}\n{}\n{}", self.code, errors.join("\n"), self.stderr);
        }
        self
    }

    /// A number of the summary.
    #[track_caller]
    pub(crate) fn count(&self, name: &str) -> usize {
        let value = &self.said["summary"][name];
        let count = value.as_u64().or_else(|| value.as_array().map(|list| list.len() as u64));
        usize::try_from(count.unwrap_or_else(|| panic!("no `{name}` in {:#}", self.said))).unwrap()
    }

    /// How many diagnostics of this severity there are.
    pub(crate) fn diagnostics(&self, severity: &str) -> usize {
        let list = self.said["diagnostics"].as_array().map_or(&[][..], Vec::as_slice);
        list.iter().filter(|diagnostic| diagnostic["severity"] == severity).count()
    }
}

/// `tierpress build` of this site into this folder.
pub(crate) fn build(root: &Path, out: &Path) -> Built {
    run(&mut command(root, out))
}

/// The same, ready to be changed before it runs.
pub(crate) fn command(root: &Path, out: &Path) -> Command {
    command_at(root, out, NOW)
}

/// The same with another clock for the content.
pub(crate) fn command_at(root: &Path, out: &Path, now: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.arg("build").arg("--root").arg(root).arg("--out").arg(out).args(["--now", now, "--format", "json"]);
    command.env("SOURCE_DATE_EPOCH", NOW_SECONDS.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Built {
    let start = Instant::now();
    let output = command.output().expect("the program starts");
    Built {
        code: output.status.code().unwrap_or(-1),
        said: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        time: start.elapsed(),
    }
}

/// Every file below a folder with its bytes, by its path with `/`; every folder with nothing, by its path and a `/`.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).min_depth(1) {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        if entry.file_type().is_dir() {
            found.insert(name + "/", Vec::new());
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// Where two folders differ, one line each.
pub(crate) fn differences(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (name, bytes) in left {
        match right.get(name) {
            None => lines.push(format!("only left: {name}")),
            Some(other) if other != bytes => lines.push(format!("other bytes: {name}")),
            Some(_) => {}
        }
    }
    lines.extend(right.keys().filter(|name| !left.contains_key(*name)).map(|name| format!("only right: {name}")));
    lines
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).sort_by_file_name() {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// What lies beside the project for its tests.
#[track_caller]
pub(crate) fn shared(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    assert!(
        path.exists(),
        "`../shared/{name}` is missing; the other tests run with: cargo test --test it -- --skip corpora"
    );
    path
}
