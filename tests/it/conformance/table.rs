//! What a run found: faults for people, `target/conformance.json` for machines, and a line in the table of
//! `docs/edges.md`, which must be true.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::edges::Profile;
use crate::edges::runner::play::Score;

/// How many faults are shown.
const SHOWN: usize = 60;

/// The two files are shared by tests that run at once.
static FILES: Mutex<()> = Mutex::new(());

/// Writes down what an edge scored; fails if anything was wrong or if the table says something else.
#[track_caller]
pub(super) fn report(profile: &Profile, score: &Score) {
    let Score { exact, by_trait, left_out, leaks, faults, slow, again } = score;
    let line = format!(
        "| {} | {} | {} | {exact} | {by_trait} | {left_out} | {} | {leaks} |",
        profile.name,
        profile.algorithms.join(" "),
        if profile.traits.is_empty() { "none".to_owned() } else { profile.traits.join(", ") },
        faults.len() - leaks,
    );
    println!("{line}");
    for (case, time) in slow {
        println!("{}: {} ms: {case}", profile.name, time.as_millis());
    }
    for case in again {
        println!("{}: closed without an answer at first: {case}", profile.name);
    }
    let stale = {
        let _one_at_a_time = FILES.lock().unwrap_or_else(PoisonError::into_inner);
        write_json(profile, score);
        in_table(profile.name, &line)
    };
    let mut text = String::new();
    for (kind, names) in grouped(faults).iter().take(SHOWN) {
        writeln!(
            text,
            "{} x {kind}\n        {}",
            names.len(),
            names.iter().take(4).cloned().collect::<Vec<_>>().join("\n        ")
        )
        .unwrap();
    }
    assert!(
        faults.is_empty(),
        "{}: {} of {} cases are wrong\n{text}",
        profile.name,
        faults.len(),
        exact + by_trait + faults.len()
    );
    assert!(!stale, "docs/edges.md is not true of {}; UPDATE_EXPECT=1 writes this line:\n{line}", profile.name);
}

/// Faults that are worded alike, the most frequent first.
fn grouped(faults: &[(String, String)]) -> Vec<(String, Vec<String>)> {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (case, fault) in faults {
        let (kind, answer) = fault.split_once("; answered").unwrap_or((fault, ""));
        groups.entry(kind).or_default().push(format!("{case}:{answer}"));
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(kind, names)| (kind.to_owned(), names)).collect();
    groups.sort_by_key(|(kind, names)| (!kind.contains("LEAK"), std::cmp::Reverse(names.len())));
    groups
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn write_json(profile: &Profile, score: &Score) {
    let path: PathBuf = root().join("target/conformance.json");
    let known = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut all: Value = known.unwrap_or_else(|| json!({}));
    let Score { exact, by_trait, left_out, leaks, faults, .. } = score;
    all[profile.name] = json!({
        "algorithms": profile.algorithms, "traits": profile.traits, "exact": exact, "by_trait": by_trait,
        "left_out": left_out, "leaks": leaks, "faults": faults,
    });
    fs::write(path, serde_json::to_vec_pretty(&all).unwrap()).unwrap();
}

/// Whether the table says something else. `UPDATE_EXPECT=1` makes it say this.
fn in_table(name: &str, line: &str) -> bool {
    let path = root().join("docs/edges.md");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.contains(&line) {
        return false;
    }
    if std::env::var_os("UPDATE_EXPECT").is_none() {
        return true;
    }
    let begin = format!("| {name} |");
    match lines.iter().position(|known| known.starts_with(&begin)) {
        Some(place) => lines[place] = line,
        None => {
            let end = lines.iter().position(|known| *known == END).expect("docs/edges.md marks where its table ends");
            lines.insert(end, line);
        }
    }
    fs::write(path, lines.join("\n") + "\n").unwrap();
    false
}

/// Stands below the table.
const END: &str = "<!-- The lines above are written by the conformance tests. -->";
