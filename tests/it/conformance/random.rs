//! Random requests on random rules at random instants, played against real edges: none may disagree with `decide`.
//!
//! Every round takes a site as it was built, gives it other rules, moves it so that a random instant is the present, and
//! starts all edges on it. Instants are whole days from [`CLOCK`] and the present is half past some hour, so that no answer
//! changes while a round is played. `RANDOM_REQUESTS` says how many there are, `RANDOM_SEED` which.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};
use tierpress::access::rule::{Clause, Need, Rule};
use tierpress::edge::canonical::encode;
use tierpress::id::Id;
use tierpress::manifest::{self, Manifest, Otherwise};
use tierpress::time::{Length, Timestamp};

use super::make::{Maker, named};
use super::readers::{self, DAY};
use super::{CLOCK, built, data, issuer, play, runner};
use crate::edges::runner::cases::{Case, Held, Request, Round, Text, Token, Who};
use crate::edges::{Profile, Running, Stage, haproxy, nginx, own, workerd};

/// How many requests are played in a round.
const ROUND: usize = 400;

/// An edge: what it claims, and how it is started.
type Edge = (fn() -> Profile, fn(&Stage) -> Running);

/// Who plays: our own server, nginx that asks it, and two that decide by themselves.
const EDGES: [Edge; 4] = [
    (own::profile, own::start),
    (nginx::profile, nginx::start),
    (haproxy::profile, haproxy::start),
    (workerd::profile, workerd::start),
];

/// Numbers that look random and are the same for the same seed (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// An instant: midnight, as it were, of a day around the clock.
    fn instant(&mut self, past: i64, future: i64) -> i64 {
        CLOCK + DAY * (i64::try_from(self.below(usize::try_from(past + future).unwrap())).unwrap() - past)
    }
}

#[test]
fn random_requests() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let requests = usize::try_from(number("RANDOM_REQUESTS", 10_000)).unwrap();
    let seed = number("RANDOM_SEED", 20_261_122);
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let homes = ["school", "magazine"].map(|site| (site, tempfile::tempdir().unwrap()));
    let manifests: Vec<Manifest> =
        homes.iter().map(|(site, home)| built(&data().join("sites").join(site), &home.path().join("out"))).collect();
    let mut faults = Vec::new();
    let mut played = [0_usize; 4];
    for number in 0..requests.div_ceil(ROUND) {
        let ((site, home), manifest) = (&homes[number % 2], &manifests[number % 2]);
        let now = random.instant(10, 60) + 3600 * i64::try_from(random.below(24)).unwrap() + 1800;
        // Every third round has the rules that were written.
        let mut manifest = if number % 3 == 0 { manifest.clone() } else { with_other_rules(manifest, &mut random) };
        manifest.clock = Timestamp::saturating(manifest.clock.seconds().min(now));
        let maker = Maker { issuer: issuer(site, now), manifest, disagreements: Default::default() };
        let cases: Vec<Case> = (0..ROUND).map(|number| some_case(&maker, &mut random, number)).collect();
        let about = format!("round {number} of seed {seed}");
        let round = Round { about, site: (*site).to_owned(), now, manifest_clock: None, cases };
        let folder = tempfile::tempdir().unwrap();
        link_all(&home.path().join("out/objects"), &folder.path().join("out/objects"));
        let plan = runner::stage::Plan {
            folder: folder.path(),
            site,
            now,
            manifest_clock: None,
            algorithms: &["ES256"],
            upstream: (Ipv4Addr::LOCALHOST, 0).into(),
        };
        let stage = Stage::of(&plan, maker.manifest);
        for ((profile, start), played) in EDGES.iter().zip(&mut played) {
            let edge = start(&stage);
            let profile = profile();
            let score = play::play(&round, &stage, &profile, edge.address);
            *played += score.exact + score.by_trait;
            faults.extend(
                score.faults.iter().map(|(case, fault)| format!("{}, {}, {case}: {fault}", round.about, profile.name)),
            );
        }
    }
    println!("{requests} random requests: answered as decided by own, nginx, haproxy, workerd: {played:?}");
    assert!(faults.is_empty(), "{} disagreements\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
}

/// Hard links to all files below a folder; symbolic ones are not followed by every edge.
fn link_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            link_all(&from, &to);
        } else {
            std::fs::hard_link(from, to).unwrap();
        }
    }
}

/// The same routes and objects under rules that nobody wrote.
fn with_other_rules(manifest: &Manifest, random: &mut Random) -> Manifest {
    let ids: Vec<Id> = manifest.access_controls.iter().map(|control| control.id.clone()).collect();
    let mut other = manifest.clone();
    for rule in other.rules.iter_mut().skip(1) {
        let clauses = 1 + random.below(3);
        *rule = Rule::from((0..clauses).map(|_| some_clause(&ids, random)).collect::<Vec<_>>());
    }
    for policy in &mut other.policies {
        if policy.variants.iter().any(|rule| *rule > 0) {
            policy.cache = manifest::Cache::Private;
            policy.open = random.below(policy.variants.len() + 1);
            policy.otherwise = *random.pick(&[Otherwise::Denied, Otherwise::Hidden]);
        }
    }
    other
}

fn some_clause(ids: &[Id], random: &mut Random) -> Clause {
    let from = random.one_in(4).then(|| Timestamp::saturating(random.instant(30, 60)));
    let until = random.one_in(4).then(|| Timestamp::saturating(random.instant(0, 90)));
    let needs = *random.pick(&[0, 1, 1, 1, 1, 2]);
    Clause { all: (0..needs).map(|_| some_need(ids, from, random)).collect(), from, until }
}

fn some_need(ids: &[Id], from: Option<Timestamp>, random: &mut Random) -> Need {
    let mut any: Vec<Id> = (0..=random.below(3)).map(|_| random.pick(ids).clone()).collect();
    any.sort();
    any.dedup();
    let after: Length = random.pick(&["0d", "0d", "1d", "7d", "5w"]).parse().unwrap();
    let joined_before = random.one_in(6).then(|| Timestamp::saturating(random.instant(40, 40)));
    let kept = from.filter(|_| random.one_in(5)).map(|from| Timestamp::saturating(from.seconds() - 3 * DAY));
    Need { after, any, joined_before, kept }
}

fn some_case(maker: &Maker, random: &mut Random, number: usize) -> Case {
    let (target, is_odd) = some_target(&maker.manifest, random);
    let (who, token) = some_reader(maker, random);
    let tokens: Vec<Token> = token.into_iter().collect();
    let mut headers: Vec<(String, String)> = Vec::new();
    if !tokens.is_empty() {
        headers.push(match random.one_in(2) {
            true => ("Authorization".to_owned(), "Bearer {token 0}".to_owned()),
            false => ("Cookie".to_owned(), format!("a=b; {}={{token 0}}; c=d", maker.issuer.cookie)),
        });
    }
    if random.one_in(3) {
        headers.push(("Accept".to_owned(), "text/html,*/*".to_owned()));
    }
    let method = *random.pick(&["GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST"]);
    let body = (method == "POST").then(String::new);
    let name = format!("{number}: {method} {target} {who:?} {headers:?}");
    let request = Request { method: method.to_owned(), target: Text::Plain(target), headers, body, first: None };
    let case = maker.derived(&name, request, (&who, tokens));
    if is_odd { named(case, &["refuses-early"]) } else { case }
}

/// A target, and whether it is one that a server may refuse by itself.
fn some_target(manifest: &Manifest, random: &mut Random) -> (String, bool) {
    let paths: Vec<&str> = manifest.routes.keys().chain(manifest.redirects.keys()).map(|path| path.as_ref()).collect();
    let path = encode(paths[random.below(paths.len())]);
    match random.below(20) {
        0..=11 => (path, false),
        12 | 13 => (path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or("/none").to_owned(), false),
        14 => (format!("{path}?next=/pro/&x"), false),
        15 => (format!("{path}none/"), false),
        _ => (spoilt(&path, random), true),
    }
}

/// A path with something about it; nothing that a parser of URLs would take out again.
fn spoilt(path: &str, random: &mut Random) -> String {
    let letters: Vec<usize> =
        path.bytes().enumerate().filter(|(_, c)| c.is_ascii_alphabetic()).map(|(at, _)| at).collect();
    let insert = |random: &mut Random, text: &str| {
        let at = random.below(path.len() + 1);
        // Not within an escape.
        let at = path[..at].rfind('/').map_or(0, |slash| slash + 1);
        format!("{}{text}{}", &path[..at], &path[at..])
    };
    match random.below(4) {
        0 if !letters.is_empty() && !path.contains('%') => {
            let at = *random.pick(&letters);
            format!("{}%{:02x}{}", &path[..at], path.as_bytes()[at], &path[at + 1..])
        }
        1 if !path.contains('%') => path.to_ascii_uppercase(),
        _ => {
            let text =
                *random.pick(&["/", "%2f", "%5c", "%00", "%zz", ";x", "%3b", "%25", "%20", "%ff", "%", "%c3%a9"]);
            insert(random, text)
        }
    }
}

fn some_reader(maker: &Maker, random: &mut Random) -> (Who, Option<Token>) {
    let issuer = &maker.issuer;
    let ids: Vec<&Id> = maker.manifest.access_controls.iter().map(|control| &control.id).collect();
    let held: Vec<Held> = (0..random.below(4))
        .map(|_| Held {
            value: random.pick(&ids).to_string(),
            since: random.instant(60, 20),
            until: random.one_in(4).then(|| random.instant(20, 60)),
            frozen: random.one_in(5).then(|| random.instant(20, 20)),
        })
        .collect();
    let entitlements: Value = held.iter().map(|held| serde_json::to_value(held).unwrap()).collect();
    let token = |claims: Value| Some(Token { key: "es256".to_owned(), claims, ..Token::default() });
    match random.below(10) {
        0 | 1 => (Who::Visitor, None),
        2 => (Who::Expired, token(issuer.claims(entitlements, issuer.now - issuer.life - 1200))),
        3 => {
            let mut claims = issuer.claims(entitlements, issuer.now - 60);
            let (name, value) = random
                .pick(&[("iss", json!("https://other.example")), ("aud", json!(["other"])), ("exp", json!("x"))])
                .clone();
            readers::set(&mut claims, name, value);
            (Who::Visitor, token(claims))
        }
        _ => (Who::Member(held), token(issuer.claims(entitlements, issuer.now - 60))),
    }
}
