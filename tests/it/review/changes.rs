//! Fifty changes that people make, and what `diff` says of each: `changes.txt`.
//!
//! A case is a name, files before (`<`), after (`>`) or both (`=`), and the lines that are expected (`!`). A page is its front
//! matter, the lines of it parted by ` | `, and after ` || ` its text; `\n` begins a line. `UPDATE_EXPECT=1` writes what is said.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tierpress::manifest::Manifest;
use tierpress::review::diff::{Alarm, Compared, Diff, What};
use tierpress::review::texts::Texts;

use crate::fixture::Fixture;

#[derive(Default)]
struct Case {
    written: String,
    name: String,
    before: Vec<(String, String)>,
    after: Vec<(String, String)>,
    expected: Vec<String>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/review/changes.txt")
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (mark, rest) = line.split_at(1);
        let rest = rest.trim_start();
        if mark == "#" {
            cases.push(Case { name: rest.to_owned(), ..Case::default() });
        }
        let case = cases.last_mut().expect("a case begins with its name");
        match mark {
            "#" => {}
            "!" => {
                case.expected.push(rest.to_owned());
                continue;
            }
            "<" => case.before.push(file(rest)),
            ">" => case.after.push(file(rest)),
            "=" => {
                case.before.push(file(rest));
                case.after.push(file(rest));
            }
            _ => panic!("`{line}` is no line of a case"),
        }
        writeln!(case.written, "{line}").unwrap();
    }
    cases
}

fn file(line: &str) -> (String, String) {
    let (name, text) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
    if !name.ends_with(".md") {
        return (name.to_owned(), text.replace("\\n", "\n"));
    }
    let (keys, body) = text.split_once("||").unwrap_or((text, "Text."));
    let keys: String = keys.split(" | ").map(|key| format!("{}\n", key.trim())).collect();
    (name.to_owned(), format!("---\n{}---\n\n{}\n", keys.replace("\\n", "\n"), body.trim().replace("\\n", "\n")))
}

fn side(case: &Case, files: &[(String, String)]) -> (Manifest, Texts) {
    let site = Fixture::new("");
    std::fs::remove_file(site.root().join("content/a.md")).unwrap();
    files.iter().for_each(|(name, text)| site.write(name, text));
    if let Err(faults) = site.build() {
        panic!("{}: {}", case.name, faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
    let read = |name: &str| std::fs::read(site.out().join(name)).unwrap();
    let (manifest, texts) =
        (Manifest::parse(&read("manifest.json")).unwrap(), Texts::parse(&read("review.json")).unwrap());
    assert_eq!(texts.build(), manifest.build);
    (manifest, texts)
}

fn between(before: &(Manifest, Texts), after: &(Manifest, Texts)) -> Diff {
    let [before, after] = [before, after].map(|(manifest, texts)| Compared { manifest, texts: Some(texts) });
    Diff::between(before, after)
}

#[test]
fn scripted_changes() {
    let text = std::fs::read_to_string(data()).unwrap();
    let cases = cases(&text);
    assert!(cases.len() >= 50, "{} cases", cases.len());
    let mut written = String::new();
    let mut faults = Vec::new();
    for case in &cases {
        let (before, after) = (side(case, &case.before), side(case, &case.after));
        let diff = between(&before, &after).of_access();
        let said = diff.lines(true);
        if said != case.expected {
            faults.push(format!("{}:\n  said     {said:#?}\n  expected {:#?}", case.name, case.expected));
        }
        let lines: String = said.iter().map(|line| format!("! {line}\n")).collect();
        writeln!(written, "{}{lines}", case.written).unwrap();
        turned_round(case, &before, &after);
        assert!(between(&after, &after).changes.is_empty(), "{}", case.name);
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(data(), written).unwrap();
        return;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What a change opens, its opposite closes.
fn turned_round(case: &Case, before: &(Manifest, Texts), after: &(Manifest, Texts)) {
    let (there, back) = (between(before, after), between(after, before));
    for change in there.changes.iter().filter(|change| change.what == What::Kept) {
        let other = back.changes.iter().find(|other| other.path == change.path).unwrap();
        let mut closed: Vec<&str> = [&other.access.closed, &other.access.relocked]
            .into_iter()
            .flatten()
            .map(|way| way.words.as_str())
            .collect();
        let mut opened: Vec<&str> = change.access.opened.iter().map(|way| way.words.as_str()).collect();
        opened.sort_unstable();
        closed.sort_unstable();
        assert_eq!(opened, closed, "{}: {}", case.name, change.path);
        let (opens, closes) = (change.alarms(), other.alarms());
        let is_certain = |alarms: &std::collections::BTreeSet<Alarm>| alarms.contains(&Alarm::Open);
        assert_eq!(
            is_certain(&opens) && change.parts.is_none() && change.brought.is_empty(),
            change.parts.is_none() && (closes.contains(&Alarm::Closed) || closes.contains(&Alarm::Relocked)),
            "{}: {}",
            case.name,
            change.path
        );
    }
}
