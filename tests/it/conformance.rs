//! Every edge gives the answers of `decide`: the cases of `tests/conformance`, played against real edges.
//!
//! The cases are data. They are made here, from tables that people wrote and from `decide`, and both must agree;
//! `UPDATE_EXPECT=1` writes them anew.

mod attacks;
mod derive;
mod functional;
mod make;
mod random;
mod readers;
mod sessions;
mod table;
mod tokens;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::token::{KeySource, Keys, presented, verify};
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

use crate::edges::runner::cases::{Case, Round, by_stage, bytes};
use crate::edges::runner::play::{self, Score};
use crate::edges::runner::shift::{self, CLOCK};
use crate::edges::runner::stage::{built, data, key_set};
use crate::edges::runner::tokens::Mint;
use crate::edges::{
    Profile, Running, Stage, caddy, deno, edge_runtime, envoy, haproxy, nginx, own, runner, traefik, workerd,
};
use make::Maker;
use readers::{DAY, Issuer};

/// A round before its cases are made.
struct Plan {
    file: &'static str,
    about: &'static str,
    site: &'static str,
    now: i64,
    manifest_clock: Option<i64>,
    cases: fn(&Maker) -> Vec<Case>,
}

/// 2026-12-01T09:00:00Z, when most of what is announced is released.
const RELEASE: i64 = 1_796_115_600;

fn plans() -> Vec<Plan> {
    let plan = |file, about, site, now, cases| Plan { file, about, site, now, manifest_clock: None, cases };
    vec![
        plan("school", "every shape of rule, in a site whose members are cut off at once", "school", CLOCK, |maker| {
            let lines = |list: &[_], browser| list.iter().map(|line| maker.line(*line, browser)).collect::<Vec<_>>();
            [lines(functional::SCHOOL, false), lines(functional::NAVIGATIONS, true)].concat()
        }),
        plan("tokens", "which token a request brings, and which are good", "school", CLOCK, |maker| {
            [tokens::presented(maker), tokens::claims(maker), tokens::forms(maker)].concat()
        }),
        plan("routes", "everything that the school has, for readers of all kinds", "school", CLOCK, |maker| {
            let readers = [
                "visitor",
                "nothing",
                "free",
                "basic/3d",
                "basic",
                "pro",
                "pro/3d+rust-course",
                "basic+rust-course/8d",
                "workshop+free",
                "rust-course",
                "pro<1d",
                "old pro",
            ];
            attacks::all_routes(maker, &readers)
        }),
        plan("attacks", "paths that servers read differently, on what is gated", "school", CLOCK, |maker| {
            [attacks::paths(maker), attacks::object_names(maker)].concat()
        }),
        plan("requests", "headers, methods, bodies, parts of files", "school", CLOCK, |maker| {
            let all = [attacks::headers, attacks::methods, attacks::bodies, attacks::parts];
            all.map(|make| make(maker)).concat()
        }),
        plan("sessions", "the cookie is set and cleared", "school", CLOCK, sessions::school),
        plan("sessions-magazine", "the cookie lives as long as the token", "magazine", CLOCK, sessions::magazine),
        plan("school-later", "windows that opened and closed since the build", "school", CLOCK + 28 * DAY, |maker| {
            functional::LATER.iter().map(|line| maker.line(*line, false)).collect()
        }),
        Plan {
            file: "school-ahead",
            about: "a manifest whose clock is four minutes ahead, with a release in between",
            site: "school",
            now: RELEASE - 200,
            manifest_clock: Some(RELEASE + 40),
            cases: |maker| functional::AHEAD.iter().map(|line| maker.line(*line, false)).collect(),
        },
        plan("magazine", "who cancels keeps what was open; no login_url", "magazine", CLOCK, |maker| {
            let lines = |list: &[_], browser| list.iter().map(|line| maker.line(*line, browser)).collect::<Vec<_>>();
            let functional = [lines(functional::MAGAZINE, false), lines(functional::MAGAZINE_NAVIGATIONS, true)];
            [functional.concat(), tokens::magazine(maker)].concat()
        }),
        plan("magazine-later", "frozen members and what was released later", "magazine", CLOCK + 28 * DAY, |maker| {
            functional::MAGAZINE_LATER.iter().map(|line| maker.line(*line, false)).collect()
        }),
        plan("plain", "a site without tiers", "plain", CLOCK, |maker| {
            functional::PLAIN.iter().map(|line| maker.line(*line, false)).collect()
        }),
    ]
}

fn issuer(site: &str, now: i64) -> Issuer {
    match site {
        "magazine" => Issuer {
            now,
            issuer: "https://magazine.example/id",
            audience: "magazine",
            claim: "app_metadata.authorization.roles",
            cookie: "subscriber",
            life: 3600,
        },
        _ => Issuer {
            now,
            issuer: "https://id.example",
            audience: "https://school.example",
            claim: "entitlements",
            cookie: "__Host-tierpress",
            life: 900,
        },
    }
}

/// Where the cases of a round are.
fn file(name: &str) -> PathBuf {
    data().join("cases").join(format!("{name}.json"))
}

#[test]
fn cases_are_those_of_decide() {
    let mut stale = Vec::new();
    let mut all: Vec<String> = Vec::new();
    for plan in plans() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = built(&data().join("sites").join(plan.site), &folder.path().join("out"));
        manifest.clock = plan.manifest_clock.map_or(manifest.clock, Timestamp::saturating);
        let maker = Maker { issuer: issuer(plan.site, plan.now), manifest, disagreements: RefCell::default() };
        let Plan { file: name, about, site, now, manifest_clock, cases } = plan;
        let mut cases = cases(&maker);
        let disagreements = maker.disagreements.borrow();
        if !disagreements.is_empty() {
            all.push(format!("{name}:\n{}", disagreements.join("\n")));
        }
        let moved = shift::manifest(&maker.manifest, MOVED);
        cases.iter().for_each(|case| check(case, &maker, &moved));
        let mut names = BTreeSet::new();
        cases.retain(|case| names.insert(case.name.clone()));
        let round = Round { about: about.to_owned(), site: site.to_owned(), now, manifest_clock, cases };
        let text = round.to_json();
        if fs::read_to_string(file(name)).ok().as_ref() == Some(&text) {
            assert_eq!(Round::read(&file(name)), round, "{name}");
        } else if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(file(name).parent().unwrap()).unwrap();
            fs::write(file(name), text).unwrap();
        } else {
            stale.push(name);
        }
    }
    let files = fs::read_dir(data().join("cases")).unwrap().count();
    assert_eq!(files, plans().len(), "a file of cases that nothing here makes");
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(stale.is_empty(), "cases that are not what they should be: {stale:?}; UPDATE_EXPECT=1 writes them anew");
}

/// What the data says that a token makes of a reader is what our own reading of tokens makes of it.
#[test]
fn readers_are_those_of_the_library() {
    let all = ["ES256", "RS256", "EdDSA", "HS256"];
    for plan in plans() {
        let round = Round::read(&file(plan.file));
        let keys = Keys::from_jwks(key_set(&round.site, &all).to_string().as_bytes(), KeySource::File).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let manifest = built(&data().join("sites").join(&round.site), &folder.path().join("out"));
        let Some(settings) = manifest.token else { continue };
        let mut mint = Mint::new(0);
        for case in round.cases.iter().filter(|case| case.needs.is_none()) {
            let tokens: Vec<String> = case.tokens.iter().map(|token| mint.token(token)).collect();
            let values = |name: &str| -> Vec<Vec<u8>> {
                let of_name = case.request.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
                of_name.map(|(_, value)| bytes(play::filled(value, &tokens).trim())).collect()
            };
            let (authorizations, cookies) = (values("Authorization"), values("Cookie"));
            let authorizations: Vec<&[u8]> = authorizations.iter().map(Vec::as_slice).collect();
            let cookies: Vec<&[u8]> = cookies.iter().map(Vec::as_slice).collect();
            let token = presented(&authorizations, &cookies, &settings.cookie);
            let now = Timestamp::saturating(round.now);
            let read =
                token.and_then(|token| verify(token, &settings, &keys).ok()).map(|verified| verified.reader(now));
            let known = |reader: Reader| match reader {
                // What is no id of the catalogue opens nothing: an edge may keep it or drop it.
                Reader::Member(held) => {
                    let in_catalogue = |held: &Entitlement| manifest.access_controls.iter().any(|c| c.id == held.value);
                    Reader::Member(held.into_iter().filter(in_catalogue).collect())
                }
                Reader::Expired(_) => Reader::Expired(Vec::new()),
                Reader::Visitor => Reader::Visitor,
            };
            let read = known(read.unwrap_or(Reader::Visitor));
            assert_eq!(read, known(derive::reader(&case.reader, 0)), "{}: {}", plan.file, case.name);
        }
    }
}

/// How much later the other manifest is that all cases must hold on.
const MOVED: i64 = 1_000_003;

/// What must be true of every case: the same answer on the moved manifest, and no boundary near.
fn check(case: &Case, maker: &Maker, moved: &Manifest) {
    if !derive::is_decided(case) {
        return;
    }
    let asked = (&case.request, &case.reader);
    let now = maker.issuer.now;
    assert_eq!(derive::expectation(moved, asked, (now + MOVED, MOVED)), case.expect, "{}: moved", case.name);
    let later = derive::expectation(&maker.manifest, asked, (now + 600, 0));
    if case.expect.cache.starts_with("timed") {
        assert_eq!((later.status, later.object), (case.expect.status, case.expect.object.clone()), "{}", case.name);
    } else {
        assert_eq!(later, case.expect, "{}: a boundary is near", case.name);
    }
}

/// Starts an edge on the stage of every round, plays all cases, and compares the result with its line in the table.
#[track_caller]
fn play_all(profile: &Profile, start: fn(&Stage) -> Running) {
    let mut score = Score::default();
    for rounds in by_stage().values() {
        let folder = tempfile::tempdir().unwrap();
        let plan = runner::stage::Plan {
            folder: folder.path(),
            site: &rounds[0].site,
            now: rounds[0].now,
            manifest_clock: rounds[0].manifest_clock,
            algorithms: profile.algorithms,
            upstream: (Ipv4Addr::LOCALHOST, 0).into(),
        };
        let stage = Stage::new(&plan);
        let edge = start(&stage);
        for round in rounds {
            let played = play::play(round, &stage, profile, edge.address);
            if !played.faults.is_empty() {
                print!("{}", edge.logs());
            }
            score = score.and(played);
        }
    }
    table::report(profile, &score);
}

#[test]
fn own_serve() {
    play_all(&own::profile(), own::start);
}

#[test]
fn own_decide() {
    play_all(&own::decide_profile(), own::decide_start);
}

#[test]
fn nginx_that_asks() {
    play_all(&nginx::profile(), nginx::start);
}

#[test]
fn nginx_that_is_told() {
    play_all(&nginx::accel_profile(), nginx::accel_start);
}

#[test]
fn caddy_in_front() {
    play_all(&caddy::profile(), caddy::start);
}

#[test]
fn traefik_in_front() {
    play_all(&traefik::profile(), traefik::start);
}

#[test]
fn envoy_in_front() {
    play_all(&envoy::profile(), envoy::start);
}

#[test]
fn on_workerd() {
    play_all(&workerd::profile(), workerd::start);
}

#[test]
fn on_deno() {
    play_all(&deno::profile(), deno::start);
}

#[test]
fn on_edge_runtime() {
    play_all(&edge_runtime::profile(), edge_runtime::start);
}

#[test]
fn haproxy_alone() {
    play_all(&haproxy::profile(), haproxy::start);
}
