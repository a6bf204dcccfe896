//! Real sites, as their authors left them: nothing is gated, so nothing is said of gates; and not a word too many of the rest.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{run, stdout};
use crate::built::{copy, shared};
use crate::fixture::Fixture;

/// How often each lint is said of a corpus, broken links and what builds warn of aside: those are judged elsewhere.
#[track_caller]
fn check(corpus: &str, expected: &[(&str, usize)]) {
    let yaml = format!("title: {corpus}\nbase_url: https://{corpus}.example\nlinks: warn\nown_keys: [release]\n");
    let fixture = Fixture::new(&format!("//- site.yaml\n{yaml}"));
    copy(&shared("corpora").join(corpus).join("content"), &fixture.root().join("content"));
    let output = run(&fixture, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in said["diagnostics"].as_array().unwrap() {
        let lint = finding["lint"].as_str().unwrap();
        if !["broken-link", "build-warning"].contains(&lint) {
            *counts.entry(lint).or_default() += 1;
        }
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn federal_blog() {
    check("18f-blog", &[]);
}

#[test]
fn eng_practices() {
    check("eng-practices", &[]);
}

#[test]
fn hpc_intro() {
    check("hpc-intro", &[("unshown-file", 1)]);
}

#[test]
fn hugo_docs_part() {
    check("hugo-docs-part", &[]);
}

#[test]
fn jekyll_docs() {
    check("jekyll-docs", &[("unshown-file", 3)]);
}

#[test]
fn opensource_guide() {
    check("opensource-guide", &[("unshown-file", 2)]);
}

#[test]
fn rust_blog() {
    check("rust-blog", &[]);
}

#[test]
fn rust_by_example() {
    check("rust-by-example", &[]);
}
