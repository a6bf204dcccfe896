//! Decisions and their headers, on random manifests.

use proptest::prelude::*;
use serde_json::{Value, json};
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::access::rule::Rule;
use tierpress::edge::answer::{Body, answer};
use tierpress::edge::{Cache, Decision, Outcome, Request, canonical, decide};
use tierpress::manifest::{self, Manifest, Otherwise, Policy};

use super::{compare, drawn, exported, file, hex, reader_json};
use crate::access::{BOUND, HORIZON, at, id, some_holding, some_rule};
use crate::decide::{manifest, policy, school};

/// Beside what the manifests below have: names that JavaScript knows, and whatever leads nowhere.
const TARGETS: [&str; 15] = [
    "/p/",
    "/p",
    "/p?x",
    "/f.pdf",
    "/q/",
    "/q",
    "/old",
    "/old/",
    "/none",
    "/__proto__/",
    "/__proto__",
    "/constructor",
    "/account/x",
    "/hook",
    "//",
];

#[test]
fn decisions_are_alike() {
    let module = file(&exported(&school(), &super::tokens::files()), "worker.mjs");
    let mut cases = of_a_school();
    for (manifest, readers, clock) in drawn(&some_case(), 600) {
        cases.push(json!({"manifest": serde_json::from_slice::<Value>(&manifest.to_json()).unwrap()}));
        for (number, reader) in readers.iter().enumerate() {
            for now in 0..=HORIZON {
                // Every target for some instants, every instant for some targets.
                let step = (number + usize::try_from(now + clock).unwrap()) % 4;
                for target in TARGETS.iter().skip(step).step_by(4).chain(&["/p/", "/f.pdf"]) {
                    let method = if now == 7 { "POST" } else { "GET" };
                    let html_navigation = (now + i64::try_from(number).unwrap()) % 3 == 0;
                    let target = target.as_bytes();
                    cases.push(case(&manifest, &Request { method, target, reader, now: at(now), html_navigation }));
                }
            }
        }
    }
    compare(&module, &cases);
}

/// Windows that are far enough apart for answers to be kept as long as they may be.
fn of_a_school() -> Vec<Value> {
    let mut school = school();
    // Who was frozen from 100 on keeps what others get at 300.
    school.rules[5] = serde_json::from_str(r#"[{"all":[{"any":["b"],"kept":100}],"from":300,"until":500}]"#).unwrap();
    let frozen = |at_instant| Entitlement { frozen: Some(at(at_instant)), ..Entitlement::new(id("b"), at(0)) };
    let frozen: Vec<Reader> = [99, 100, 299, 300].map(|instant| Reader::Member(vec![frozen(instant)])).to_vec();
    let mut cases = vec![json!({"manifest": serde_json::from_slice::<Value>(&school.to_json()).unwrap()})];
    for now in [0, 39, 49, 50, 99, 100, 239, 240, 241, 299, 300, 439, 440, 441, 499, 500, 501] {
        for reader in drawn(&some_reader(), 12).iter().chain(&frozen) {
            for target in school.routes.keys().chain(school.redirects.keys()) {
                let target = canonical::encode(target);
                let target = target.as_bytes();
                let request = Request { method: "HEAD", target, reader, now: at(now), html_navigation: false };
                cases.push(case(&school, &request));
            }
        }
    }
    cases
}

/// A request, and what Rust says of it.
fn case(manifest: &Manifest, request: &Request<'_>) -> Value {
    let Request { method, target, reader, now, html_navigation } = *request;
    let decision = decide(manifest, request);
    let answer = (decision.outcome != Outcome::Passthrough).then(|| answer_json(manifest, &decision));
    json!({
        "decide": {
            "method": method,
            "target": hex(target),
            "reader": reader_json(reader),
            "now": now,
            "navigation": html_navigation,
        },
        "expect": {"decision": decision_json(&decision), "answer": answer},
    })
}

fn decision_json(decision: &Decision<'_>) -> Value {
    let Decision { outcome, status, reason, object, location, available_at, cache, clear_cookie } = decision;
    let (cache, seconds) = match cache {
        Cache::Public => ("public", None),
        Cache::Immutable => ("immutable", None),
        Cache::Timed(seconds) => ("timed", Some(seconds)),
        Cache::Private => ("private", None),
        Cache::NoStore => ("no_store", None),
    };
    let outcome = match outcome {
        Outcome::Open => "open",
        Outcome::Preview => "preview",
        Outcome::Moved => "moved",
        Outcome::SignIn => "sign_in",
        Outcome::Denied => "denied",
        Outcome::NotFound => "not_found",
        Outcome::Passthrough => "passthrough",
        Outcome::BadTarget => "bad_target",
        Outcome::BadMethod => "bad_method",
    };
    json!({
        "outcome": outcome,
        "status": status,
        "reason": reason,
        "object": object,
        "location": location,
        "availableAt": available_at,
        "cache": cache,
        "seconds": seconds,
        "clearCookie": clear_cookie,
    })
}

fn answer_json(manifest: &Manifest, decision: &Decision<'_>) -> Value {
    let answer = answer(manifest, decision, Some("csp"));
    let (object, text) = match answer.body {
        Body::Object(name) => (Some(name), None),
        Body::Text(text) => (None, Some(text)),
        Body::Empty | Body::Upstream => (None, None),
    };
    json!({"status": answer.status, "headers": answer.headers, "object": object, "text": text})
}

/// A manifest, readers, and its clock.
fn some_case() -> impl Strategy<Value = (Manifest, Vec<Reader>, i64)> {
    let policy = (any::<bool>(), 0..5_usize, 0..4_usize);
    let settings = (0..BOUND, any::<bool>(), any::<bool>(), any::<bool>());
    let parts = (prop::collection::vec(some_rule(3), 1..5), prop::collection::vec(policy, 3), settings);
    let readers = prop::collection::vec(some_reader(), 4);
    (parts, readers).prop_map(|((rules, policies, settings), readers)| {
        let clock = settings.0;
        (a_manifest(rules, &policies, settings), readers, clock)
    })
}

fn some_reader() -> impl Strategy<Value = Reader> {
    // Drips from here end with the end of time.
    let far = |held: Entitlement| Entitlement { since: at(253_402_300_797), until: None, frozen: None, ..held };
    let far = move |held: Vec<Entitlement>| Reader::Member(held.into_iter().map(far).collect());
    prop_oneof![
        2 => Just(Reader::Visitor),
        12 => some_holding().prop_map(Reader::Member),
        2 => some_holding().prop_map(far),
        3 => some_holding().prop_map(Reader::Expired),
    ]
}

fn a_manifest(
    rules: Vec<Rule>,
    policies: &[(bool, usize, usize)],
    (clock, login, refresh, tierless): (i64, bool, bool, bool),
) -> Manifest {
    let rules: Vec<Rule> = std::iter::once(Rule::public()).chain(rules).collect();
    let policies: Vec<Policy> = policies.iter().map(|choice| a_policy(&rules, *choice)).collect();
    let routes = [("/p/", 0), ("/f.pdf", 1), ("/q/", 2), ("/__proto__/", 0)];
    let mut manifest = manifest(rules, policies, &routes, &[("/old/", "/q/"), ("/old", "/f.pdf")]);
    manifest.clock = at(clock);
    if !login {
        manifest.site.login_url = None;
    }
    if !refresh {
        manifest.site.refresh_url = None;
    }
    if tierless {
        manifest.access_controls.retain(|control| control.kind == manifest::Kind::Bundle);
    }
    manifest.check().unwrap();
    manifest
}

/// A policy over some of the rules, kept as long as it may be.
fn a_policy(rules: &[Rule], (hidden, first, open): (bool, usize, usize)) -> Policy {
    let variants: Vec<usize> = (first.max(1)..rules.len()).chain([0]).take(1 + open).collect();
    let chosen: Vec<&Rule> = variants.iter().map(|rule| &rules[*rule]).collect();
    let cache = if chosen.iter().all(|rule| rule.is_public()) {
        if hidden { manifest::Cache::Immutable } else { manifest::Cache::Public }
    } else if chosen.iter().all(|rule| rule.same_for_all()) {
        manifest::Cache::Timed
    } else {
        manifest::Cache::Private
    };
    let otherwise = if hidden { Otherwise::Hidden } else { Otherwise::Denied };
    policy(&variants, open.min(variants.len()), otherwise, cache)
}
