//! What is said of products that would take money and give nothing: the second half of `docs/products.md`, word for word.
//! `UPDATE_EXPECT=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use tierpress::diagnostic::{Diagnostic, Severity};

use super::look;

const CASES: &str = include_str!("said.txt");

/// What stands above a case that does not write its own `access`.
const SHOP: &str = "\
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic, also: [bronze]}
    - {id: pro, title: Pro, includes: [sheets]}
  bundles:
    - {id: rust-course, title: Rust from zero}
    - {id: sheets, title: Cheat sheets}
  default_tier: free
";

struct Case {
    title: &'static str,
    /// What is said of it in the documentation, beside the messages.
    words: &'static str,
    yaml: &'static str,
    pages: &'static str,
}

/// What is refused, and what is warned of.
fn cases() -> [Vec<Case>; 2] {
    let (refused, warned) = CASES.split_once("\n# Warned\n").unwrap();
    [refused, warned].map(|part| part.split("## ").map(str::trim).filter(|case| !case.is_empty()).map(case).collect())
}

fn case(text: &'static str) -> Case {
    let (title, rest) = text.split_once("\n\n").unwrap();
    let is_yaml = |text: &str| text.lines().next().is_some_and(|line| line.ends_with(':') || line.contains(": {"));
    let (words, rest) = if is_yaml(rest) { ("", rest) } else { rest.split_once("\n\n").unwrap() };
    let (yaml, pages) = rest.find("//- ").map_or((rest, ""), |at| rest.split_at(at));
    Case { title, words, yaml, pages }
}

impl Case {
    fn found(&self) -> Vec<Diagnostic> {
        let access = if self.yaml.contains("access:\n") { "" } else { SHOP };
        let allow = if self.yaml.contains("check:") { "" } else { "check: {allow: [unsold, nothing-to-see]}\n" };
        // What is shown begins with the first line, so that its numbers are those of the messages.
        let yaml = format!("{}\n{access}base_url: https://school.example\n{allow}", self.yaml.trim_end());
        look(&format!("//- site.yaml\n{yaml}{}", self.pages))
    }
}

fn section(cases: &[Case], page: &mut String) {
    for case in cases {
        write!(page, "\n### {}\n\n", case.title).unwrap();
        if !case.words.is_empty() {
            write!(page, "{}\n\n", case.words).unwrap();
        }
        write!(page, "```yaml\n{}\n```\n\n", case.yaml.trim_end()).unwrap();
        for file in case.pages.split("//- ").filter(|file| !file.is_empty()) {
            let (name, text) = file.split_once('\n').unwrap();
            write!(page, "`{name}`\n\n````markdown\n{}\n````\n\n", text.trim_end()).unwrap();
        }
        let said: Vec<String> = case.found().iter().map(ToString::to_string).collect();
        write!(page, "```text\n{}\n```\n", said.join("\n\n")).unwrap();
    }
}

#[test]
fn the_documentation_says_what_is_said() {
    let [refused, warned] = cases();
    assert!(refused.len() >= 25 && warned.len() >= 6);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/products.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let begin = "## What is refused\n";
    let (before, rest) = written.split_once(begin).unwrap();
    let (words, _) = rest.split_once("\n### ").unwrap_or((rest, ""));
    let mut page = format!("{before}{begin}{}\n", words.trim_end());
    section(&refused, &mut page);
    page.push_str("\n## What is warned of\n");
    section(&warned, &mut page);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == page, "docs/products.md is not true; UPDATE_EXPECT=1 writes it anew");
}

/// Each says one thing, of the right weight, with a place in site.yaml and a help.
#[test]
fn each_is_said_once_with_a_place_and_a_help() {
    for (cases, severity) in cases().into_iter().zip([Severity::Error, Severity::Warning]) {
        for case in cases {
            let found = case.found();
            assert!(!found.is_empty() && found.len() < 3, "{}: {found:#?}", case.title);
            for finding in found {
                assert_eq!(finding.severity, severity, "{}\n{finding}", case.title);
                let place = finding.location.as_ref().unwrap_or_else(|| panic!("no place: {finding}"));
                assert!(&*place.file == "site.yaml" && place.line > 0, "{}\n{finding}", case.title);
                assert!(finding.help.is_some(), "{}\n{finding}", case.title);
            }
        }
    }
}

/// What the documentation begins with is a site of which nothing is to be said.
#[test]
fn the_example_of_the_documentation_is_right() {
    let page = include_str!("../../../docs/products.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (yaml, _) = rest.split_once("```").unwrap();
    let found = look(&format!(
        "//- site.yaml\nbase_url: https://school.example\n{yaml}//- content/_index.md\n---\ntitle: Home\n---\nh\n"
    ));
    assert_eq!(found, []);
}
