//! Canonical paths, and which requests are navigations.

use proptest::prelude::*;
use serde_json::{Value, json};
use tierpress::edge::answer::is_navigation;
use tierpress::edge::canonical::canonical;

use super::{compare, drawn, exported, file, hex};
use crate::decide::school;

#[test]
fn paths_are_read_alike() {
    let school = school();
    let module = file(&exported(&school, &super::tokens::files()), "worker.mjs");
    let cases: Vec<Value> = targets().iter().flat_map(|target| read(target)).chain(navigations()).collect();
    compare(&module, &cases);
}

/// What Rust says of a target; as text too, for hosts give text.
fn read(target: &[u8]) -> Vec<Value> {
    let expect = canonical(target).ok();
    let text = std::str::from_utf8(target).ok().map(|text| json!({"canonicalText": text, "expect": expect}));
    [json!({"canonical": hex(target), "expect": expect})].into_iter().chain(text).collect()
}

fn targets() -> Vec<Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(
            ["/", "a", "%", ".", "..", "//", "/./", "%2e", "%2F", "%25", "%61", "%c3%a9", "é", "%ff", "%20", "%00", "?",
             "#", ";", "\\", " ", "\t", "%zz", "%", "+", "&", "%3b", "%7F", "%1f", "%5C", "index.html", "http://", "x",
             "HTTPS://", "://", "%c0%af", "\u{202e}", "\u{ff0f}", "%e2%80", "%EF%BB%BF", "*", ":"].to_vec()
        ).prop_map(|piece: &str| piece.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    let rest = prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat());
    let target = (prop::sample::select(vec!["/", "/", "/", "", "http://learn.example/", "HTTPS://x"]), rest)
        .prop_map(|(start, rest)| [start.as_bytes(), &rest].concat());
    let lengths = (2040..2056).flat_map(|length| ["a", "é", "%61"].map(|piece| piece.repeat(length / piece.len())));
    drawn(&target, 20_000).into_iter().chain(lengths.map(|path| format!("/{path}?{path}").into_bytes())).collect()
}

fn navigations() -> impl Iterator<Item = Value> {
    let modes = [None, Some("navigate"), Some("cors"), Some(""), Some("Navigate"), Some("navigate, navigate")];
    let accepts = [None, Some("text/html"), Some("*/*"), Some("application/xml, text/html;q=0.9"), Some("TEXT/HTML")];
    let methods = ["GET", "HEAD", "POST", "get"];
    methods.into_iter().flat_map(move |method| {
        modes.into_iter().flat_map(move |mode| {
            accepts.into_iter().map(move |accept| {
                let expect = is_navigation(method, mode.map(str::as_bytes), accept.unwrap_or_default().as_bytes());
                json!({"navigation": {"method": method, "mode": mode, "accept": accept}, "expect": expect})
            })
        })
    })
}
