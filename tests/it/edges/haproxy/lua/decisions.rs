//! Random manifests, readers and targets.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tierpress::access::entitlement::Reader;
use tierpress::access::rule::{Clause, Rule};
use tierpress::edge::Request;
use tierpress::edge::canonical::{encode, is_servable};
use tierpress::edge::token::Algorithm;
use tierpress::edge::token::issue::SigningKey;
use tierpress::manifest::{self, Manifest, Otherwise, Policy};

use super::{Play, ask, key_file};
use crate::access::{BOUND, HORIZON, at, config, some_holding, some_rule};
use crate::decide::{manifest, policy, school};

/// A rule without needs, for what is kept for some time.
fn some_window() -> impl Strategy<Value = Rule> {
    let bound = || prop::option::of(0..BOUND);
    prop::collection::vec((bound(), bound()), 0..3).prop_map(|windows| {
        let clause = |(from, until): (Option<i64>, Option<i64>)| Clause {
            all: Vec::new(),
            from: from.map(at),
            until: until.map(at),
        };
        Rule::from(windows.into_iter().map(clause).collect::<Vec<_>>())
    })
}

fn some_reader() -> impl Strategy<Value = Reader> {
    prop_oneof![
        1 => Just(Reader::Visitor),
        1 => some_holding().prop_map(Reader::Expired),
        4 => some_holding().prop_map(Reader::Member),
    ]
}

/// Rules for a manifest, with or without needs, and how answers by them may be kept.
fn some_rules() -> impl Strategy<Value = (Vec<Rule>, manifest::Cache)> {
    prop_oneof![
        2 => (prop::collection::vec(some_rule(3), 3), Just(manifest::Cache::Private)),
        1 => (prop::collection::vec(some_window(), 3), Just(manifest::Cache::Timed)),
    ]
}

/// A policy of up to three of four rules, of which the first is public.
fn some_policy() -> impl Strategy<Value = Policy> {
    let otherwise = prop::sample::select(vec![Otherwise::Denied, Otherwise::Denied, Otherwise::Hidden]);
    (prop::collection::vec(1..4_usize, 1..3), any::<bool>(), 0..4_usize, otherwise).prop_map(
        |(mut variants, teaser, open, otherwise)| {
            variants.extend(teaser.then_some(0));
            policy(&variants, open.min(variants.len()), otherwise, manifest::Cache::Private)
        },
    )
}

/// Three policies of random rules, at a random clock, with and without what a site may have.
fn some_manifest() -> impl Strategy<Value = Manifest> {
    let site = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (some_rules(), prop::collection::vec(some_policy(), 3), 0..BOUND, site).prop_map(
        |((rules, cache), mut policies, clock, (login, refresh, fragment, tiers))| {
            policies.iter_mut().for_each(|policy| policy.cache = cache);
            let rules = std::iter::once(Rule::public()).chain(rules).collect();
            let routes = [("/x/", 0), ("/z é/", 1), ("/w", 2)];
            let mut manifest = manifest(rules, policies, &routes, &[("/y", "/x/"), ("/y/", "/z é/")]);
            manifest.clock = at(clock);
            manifest.build = "b".to_owned();
            if !login {
                manifest.site.login_url = None;
            } else if fragment {
                manifest.site.login_url = Some("https://id.example/?a&#top".to_owned());
            }
            manifest.site.refresh_url = manifest.site.refresh_url.filter(|_| refresh);
            if !tiers {
                manifest.access_controls.retain(|control| control.kind == manifest::Kind::Bundle);
            }
            manifest.check().unwrap();
            manifest
        },
    )
}

/// Random manifests: every instant of each, for random readers, at every kind of path.
#[test]
fn the_program_decides_as_we_do() {
    let mut play = Play::new(vec![key_file(&SigningKey::generate(Algorithm::Es256).unwrap())]);
    let mut runner = TestRunner::new(config(1));
    let case = (some_manifest(), prop::collection::vec(some_reader(), 3), 0..HORIZON);
    for _ in 0..600 {
        let (manifest, readers, once) = case.new_tree(&mut runner).unwrap().current();
        let data = play.manifest(&manifest);
        let mut ask = |target: &str, reader: &Reader, now: i64, html_navigation| {
            let target = target.as_bytes();
            super::ask(
                &mut play,
                &data,
                &manifest,
                &Request { method: "GET", target, reader, now: at(now), html_navigation },
            );
        };
        for reader in &readers {
            for now in 0..=HORIZON {
                for target in ["/x/", "/z%20%c3%A9/", "/w"] {
                    ask(target, reader, now, false);
                }
            }
            for target in ["/x/", "/w", "/y", "/y/", "/z%20%C3%A9", "/none"] {
                ask(target, reader, once, true);
            }
        }
    }
    println!("{} decisions in Lua", play.play());
}

#[test]
fn the_program_reads_targets_as_we_do() {
    let mut play = Play::new(vec![key_file(&SigningKey::generate(Algorithm::Es256).unwrap())]);
    let mut runner = TestRunner::new(config(1));
    let mut school = school();
    school.build = "b".to_owned();
    let data = play.manifest(&school);
    let pieces: Vec<&[u8]> = vec![
        b"/",
        b"/",
        b"/",
        b"pro",
        b"old",
        b"account",
        b"hook",
        b"caf\xc3\xa9",
        b"caf%c3%A9",
        b".",
        b"..",
        b"%2e",
        b"%2F",
        b"%41",
        b"%70ro",
        b"%zz",
        b"%",
        b"%2",
        b"%25",
        b"%00",
        b"%ff",
        b"%C0%AF",
        b"%ed%a0%80",
        b"%20",
        b"\\",
        b";",
        b"#",
        b"?",
        b"?x=/../",
        b"http://",
        b"HTTPS://",
        b"a.b:80",
        b"ftp://",
        b"\x7f",
        b"\x01",
        b" ",
        b"\xff",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x80\xae",
        b"*",
        b"+",
        b"'",
        b"&",
        b"\"",
        b"<",
        b"\xf0\x9f\x98\x80",
        b"secret",
        b"soon",
        b"%1F",
        b"%7f",
        b"%5C",
        b"%3b",
        b"file.pdf",
    ];
    let piece = prop::sample::select(pieces);
    let target = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let rooted = target.prop_map(|rest| [b"/".as_slice(), &rest].concat());
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "get", "PUT", "TRACE"]);
    let case = (prop_oneof![3 => rooted.boxed(), 1 => prop::collection::vec(any::<u8>(), 0..9).boxed()], method);
    for length in [2047, 2048, 2049] {
        let target = [b"/".as_slice(), &vec![b'a'; length - 1]].concat();
        let reader = Reader::Visitor;
        let request = Request { method: "GET", target: &target, reader: &reader, now: at(10), html_navigation: false };
        ask(&mut play, &data, &school, &request);
    }
    for _ in 0..20_000 {
        let (target, method) = case.new_tree(&mut runner).unwrap().current();
        for prefix in [b"".as_slice(), b"http://h:1"] {
            let target = [prefix, &target].concat();
            let request =
                Request { method, target: &target, reader: &Reader::Visitor, now: at(10), html_navigation: true };
            ask(&mut play, &data, &school, &request);
        }
    }
    println!("{} targets in Lua", play.play());
}

/// Paths lie in buckets by a number that both sides reckon.
#[test]
fn every_path_is_found() {
    let mut play = Play::new(vec![key_file(&SigningKey::generate(Algorithm::Es256).unwrap())]);
    let mut runner = TestRunner::new(config(1));
    let pieces = prop::sample::select(vec!["a", "é", "lesson", "/", "-", "1", "2", "\u{1f600}", " ", "route"]);
    let path = prop::collection::vec(pieces, 0..40).prop_map(|pieces| format!("/{}", pieces.concat()));
    let paths: std::collections::BTreeSet<String> =
        (0..1_500).map(|_| path.new_tree(&mut runner).unwrap().current()).filter(|path| is_servable(path)).collect();
    let (former, paths): (Vec<&str>, Vec<&str>) =
        paths.iter().map(String::as_str).partition(|path| path.len() % 3 == 0);
    assert!(former.len() > 100 && paths.len() > 100);
    let some: Vec<String> = (0..50).map(|number| format!("/{number}/")).collect();
    let some: Vec<(&str, usize)> = some.iter().map(|path| (path.as_str(), 0)).collect();
    let policies = vec![policy(&[0], 1, Otherwise::Denied, manifest::Cache::Public)];
    let mut manifest = manifest(vec![Rule::public()], policies, &some, &[]);
    let routes: Vec<_> = manifest.routes.values().cloned().collect();
    manifest.routes = paths.iter().map(|path| (*path).to_owned()).zip(routes.into_iter().cycle()).collect();
    manifest.redirects = former.iter().map(|path| ((*path).to_owned(), paths[path.len()].to_owned())).collect();
    manifest.build = "b".to_owned();
    manifest.check().unwrap();
    let data = play.manifest(&manifest);
    for path in paths.iter().chain(&former) {
        let slashless = path.trim_end_matches('/');
        for path in [(*path).to_owned(), slashless.to_owned(), format!("{slashless}x")] {
            let target = encode(&path);
            let target = target.as_bytes();
            let reader = Reader::Visitor;
            let request = Request { method: "GET", target, reader: &reader, now: at(0), html_navigation: false };
            ask(&mut play, &data, &manifest, &request);
        }
    }
    println!("{} paths in Lua", play.play());
}
