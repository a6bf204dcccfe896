//! `docs/mistakes.md`: what somebody who is new to it does wrong, with the exact message. `UPDATE_EXPECT=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use super::{SHOP, look, shop};

const CASES: &str = include_str!("mistakes.txt");

const BEGIN: &str = "\
# Mistakes, and what is said of them

Everybody makes them in the first week. Each is shown with the files that matter and with what `tierpress check` says: word for word, for this
page is written by a test. Where no `site.yaml` is shown, it is this one:

```yaml
";

/// A mistake: its title, a few words, and the site.
fn cases() -> Vec<(&'static str, &'static str, &'static str)> {
    let cases = CASES.split("\n## ").map(|case| case.trim_start_matches("## "));
    // A heading in a page of a site is part of that page.
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for case in cases {
        let start = case.as_ptr() as usize - CASES.as_ptr() as usize;
        let end = start + case.len();
        match joined.last_mut() {
            Some(last) if !case.contains("//- ") => last.1 = end,
            _ => joined.push((start, end)),
        }
    }
    let case = |(start, end): &(usize, usize)| {
        let (head, _) = CASES[*start..*end].split_once("//- ").expect("a site");
        let (title, words) = head.split_once('\n').unwrap();
        (title, words.trim(), CASES[start + head.len()..*end].trim_end())
    };
    joined.iter().map(case).collect()
}

/// The page of the documentation.
fn page() -> String {
    let mut page = format!("{BEGIN}{SHOP}```\n");
    for (title, words, site) in cases() {
        let fixture = shop(&format!("{site}\n"));
        let (_, found) = look(&fixture);
        write!(page, "\n## {title}\n\n").unwrap();
        if !words.is_empty() {
            write!(page, "{words}\n\n").unwrap();
        }
        for file in site.split("//- ").filter(|file| !file.is_empty()) {
            let (name, text) = file.split_once('\n').unwrap();
            let kind = name.rsplit_once('.').unwrap().1;
            let kind = if kind == "md" { "markdown" } else { kind };
            if kind != "pdf" {
                write!(page, "`{name}`\n\n````{kind}\n{}\n````\n\n", text.trim_end()).unwrap();
            }
        }
        assert!(!found.is_empty(), "nothing is said of `{title}`");
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        write!(page, "```text\n{}\n```\n", said.join("\n\n")).unwrap();
    }
    page
}

#[test]
fn the_page_about_mistakes_is_true() {
    assert!(cases().len() >= 20);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mistakes.md");
    let page = page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/mistakes.md is not true; UPDATE_EXPECT=1 writes it anew");
}

/// Each message says what to do, and where: a reader of it needs no documentation.
#[test]
fn each_mistake_is_said_with_a_place_and_a_help() {
    for (title, _, site) in cases() {
        for found in look(&shop(&format!("{site}\n"))).1 {
            assert!(found.location.is_some(), "no place: {title}\n{found}");
            assert!(found.help.is_some(), "no help: {title}\n{found}");
        }
    }
}
