//! Random requests (site, reader, clock, path), played against `decide`, our server, nginx, HAProxy and workerd: no two may
//! disagree.
//!
//! A round is one random manifest, moved to the real clock, on which all edges are started. Its instants are so many half
//! days from the present and some hours, so that nothing begins or ends while a round lasts. `RANDOM_REQUESTS` says how
//! many, `RANDOM_SEED` which; a failure says its seed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;

use tierpress::access::rule::{Clause, Need, Rule};
use tierpress::id::Id;
use tierpress::manifest::{
    AccessControl, Cache, FORMAT, Kind, Manifest, Object, ObjectName, Otherwise, Pages, Policy, Route, Site, Token,
};
use tierpress::path::{encode, is_servable};
use tierpress::time::{Length, Timestamp};

use super::attacks::with_other_readings;
use super::make::Maker;
use super::readers::{DAY, Issuer};
use crate::edges::runner::cases::{Case, Held, Request, Round, Text, Token as Sent, Who, latin};
use crate::edges::runner::play::{self, Score};
use crate::edges::runner::shift::CLOCK;
use crate::edges::runner::stage::{Plan, Stage};
use crate::edges::{Profile, Running, haproxy, nginx, own, workerd};

/// How many requests are played, each against every edge.
const REQUESTS: usize = 10_000;

/// How many of them on one site.
const OF_A_SITE: usize = 250;

const ALGORITHMS: [&str; 2] = ["ES256", "RS256"];
const HOUR: i64 = 3600;

/// What an edge claims, and how it is started.
type Edge = (Profile, fn(&Stage) -> Running);

/// The edges, with how they are started.
fn edges() -> Vec<Edge> {
    vec![
        (own::profile(), own::start),
        (nginx::profile(), nginx::start),
        (haproxy::profile(), haproxy::start),
        (workerd::profile(), workerd::start),
    ]
}

#[test]
fn random_requests_are_answered_alike() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let requests = number("RANDOM_REQUESTS").map_or(REQUESTS, |requests| usize::try_from(requests).unwrap());
    let seed = number("RANDOM_SEED").unwrap_or(20_261_122);
    let rounds = requests.div_ceil(OF_A_SITE);
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for round in 0..rounds {
        let seed = seed.wrapping_add(u64::try_from(round).unwrap());
        let cases = OF_A_SITE.min(requests - round * OF_A_SITE);
        for (name, score) in one_round(seed, cases) {
            assert!(
                score.faults.is_empty(),
                "{name}, RANDOM_SEED={seed} RANDOM_REQUESTS={cases}:\n{:#?}",
                score.faults
            );
            let before = scores.remove(name).unwrap_or_default();
            scores.insert(name, before.and(score));
        }
    }
    for (name, Score { exact, by_trait, again, .. }) in &scores {
        println!("random requests: {name}: {exact} answered exactly, {by_trait} by a trait, {rounds} sites");
        for case in again {
            println!("random requests: {name}: closed without an answer at first: {case}");
        }
    }
}

/// Plays a random site on all edges at once.
fn one_round(seed: u64, count: usize) -> Vec<(&'static str, Score)> {
    let mut chance = Chance(seed);
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(&mut chance, &folder.path().join("out/objects"));
    manifest.check().unwrap();
    let maker = Maker { issuer: issuer(), manifest, disagreements: RefCell::default() };
    let cases = (0..count).map(|number| case(&mut chance, &maker, number)).collect();
    let round = Round { about: String::new(), site: "random".to_owned(), now: CLOCK, manifest_clock: None, cases };
    let plan = Plan {
        folder: folder.path(),
        site: "random",
        now: CLOCK,
        manifest_clock: None,
        algorithms: &ALGORITHMS,
        upstream: (Ipv4Addr::LOCALHOST, 0).into(),
    };
    let stage = Stage::of(&plan, maker.manifest);
    thread::scope(|scope| {
        let play = |(profile, start): Edge| {
            let (stage, round) = (&stage, &round);
            scope.spawn(move || {
                let edge = start(stage);
                let score = play::play(round, stage, &profile, edge.address);
                if !score.faults.is_empty() {
                    keep(stage, seed);
                    print!("{}", edge.logs());
                }
                (profile.name, score)
            })
        };
        let threads: Vec<_> = edges().into_iter().map(play).collect();
        threads.into_iter().map(|thread| thread.join().expect("an edge is played to its end")).collect()
    })
}

/// Keeps the manifest of a round that failed, for whoever looks into it.
fn keep(stage: &Stage, seed: u64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/random-{seed}.json"));
    fs::write(&path, stage.unshifted.to_json()).unwrap();
    println!("the manifest is kept: {}", path.display());
}

fn issuer() -> Issuer {
    Issuer {
        now: CLOCK,
        issuer: "https://id.example",
        audience: "https://random.example",
        claim: "entitlements",
        cookie: "__Host-tierpress",
        life: 900,
    }
}

/// Numbers that look random and are the same for the same seed: SplitMix64 (Steele, Lea and Flood, 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below another one.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// An instant so many half days from the present, and some hours.
    fn instant(&mut self, hours: i64) -> Timestamp {
        let half_days = i64::try_from(self.below(80)).unwrap() - 40;
        Timestamp::saturating(CLOCK + half_days * DAY / 2 + hours * HOUR)
    }
}

const TIERS: [&str; 3] = ["free", "basic", "pro"];
const BUNDLES: [&str; 3] = ["course", "workshop", "x-1"];

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

/// A manifest of 40 paths or so, with its objects written.
fn manifest(chance: &mut Chance, objects: &Path) -> Manifest {
    let rules: Vec<Rule> = std::iter::once(Rule::public()).chain((0..14).map(|_| rule(chance))).collect();
    let policies: Vec<Policy> = (0..12).map(|_| policy(chance, &rules)).collect();
    let mut known: BTreeMap<ObjectName, Object> = BTreeMap::new();
    let mut object = |text: &str, (extension, media_type): (&str, &str)| {
        let bytes = format!("<p>canary-{text}</p>\n").into_bytes();
        let name = ObjectName::of(&bytes, extension);
        let path = objects.join(name.as_str());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &bytes).unwrap();
        let size = u64::try_from(bytes.len()).unwrap();
        known.insert(name.clone(), Object { encodings: Vec::new(), size, media_type: media_type.to_owned() });
        name
    };
    let html = ("html", "text/html; charset=utf-8");
    let mut page = |name: &str| object(&format!("page-{name}"), html);
    let pages = Pages {
        expired: page("expired"),
        no_tier: page("no-tier"),
        not_entitled: page("not-entitled"),
        not_found: page("not-found"),
        not_signed_in: page("not-signed-in"),
        not_yet: page("not-yet"),
    };
    let mut routes: BTreeMap<String, Route> = BTreeMap::new();
    for number in 0..40 {
        let path = path(chance, number);
        let kind = match path.rsplit_once('.') {
            _ if path.ends_with('/') => html,
            Some((_, "svg")) => ("svg", "image/svg+xml"),
            _ => ("txt", "text/plain; charset=utf-8"),
        };
        let policy = chance.below(policies.len());
        let variants = policies[policy].variants.len();
        let objects = (0..variants).map(|variant| object(&format!("{number}-{variant}"), kind)).collect();
        routes.insert(path, Route { objects, policy });
    }
    let keys: Vec<String> = routes.keys().cloned().collect();
    let redirects = (0..6).map(|number| (format!("/old-{number}/"), chance.one_of(&keys).clone())).collect();
    let control = |name: &&str, kind| AccessControl { id: id(name), kind };
    let tiers = TIERS.iter().take(chance.below(4)).map(|name| control(name, Kind::Tier));
    let bundles = BUNDLES.iter().map(|name| control(name, Kind::Bundle));
    let login = *chance.one_of(&[
        "https://id.example/in",
        "https://id.example/in?site=1",
        "/account/in?x=1&",
        "/account/in#now",
    ]);
    let url = |chance: &mut Chance, url: &str| chance.percent(70).then(|| url.to_owned());
    let mut manifest = Manifest {
        access_controls: tiers.chain(bundles).collect(),
        build: String::new(),
        clock: chance.instant(5).min(Timestamp::saturating(CLOCK)),
        created: Timestamp::saturating(CLOCK),
        format: FORMAT.to_owned(),
        objects: known,
        pages,
        policies,
        redirects,
        routes,
        rules,
        site: Site {
            base_url: "https://random.example".to_owned(),
            denied_status: *chance.one_of(&[402, 403]),
            login_url: url(chance, login),
            passthrough: vec!["/account/".to_owned()],
            refresh_url: url(chance, "/account/refresh"),
            title: "Random".to_owned(),
            upgrade_url: None,
        },
        token: Some(Token {
            audience: "https://random.example".to_owned(),
            claim: "entitlements".to_owned(),
            cookie: "__Host-tierpress".to_owned(),
            issuer: "https://id.example".to_owned(),
            max_entitlements: 8,
            max_ttl: 900,
        }),
        version: 1,
    };
    manifest.build = manifest.build_id();
    manifest
}

fn rule(chance: &mut Chance) -> Rule {
    let mut clauses = Vec::new();
    for _ in 0..=chance.below(3) {
        let needs = *chance.one_of(&[0, 1, 1, 1, 2, 2, 3]);
        clauses.push(Clause {
            all: (0..needs).map(|_| need(chance)).collect(),
            from: chance.percent(35).then(|| chance.instant(3)),
            until: chance.percent(25).then(|| chance.instant(4)),
        });
    }
    Rule::from(clauses)
}

fn need(chance: &mut Chance) -> Need {
    let mut any: Vec<Id> = Vec::new();
    while any.is_empty() {
        any = TIERS.iter().chain(&BUNDLES).filter(|_| chance.percent(35)).map(|name| id(name)).collect();
    }
    any.sort();
    let after = *chance.one_of(&[0, 0, 0, 1, 3, 7, 14]);
    Need {
        after: Length::try_from(after * DAY).unwrap(),
        any,
        joined_before: chance.percent(15).then(|| chance.instant(2)),
        kept: chance.percent(10).then(|| chance.instant(1)),
    }
}

fn policy(chance: &mut Chance, rules: &[Rule]) -> Policy {
    let variants: Vec<usize> = (0..=chance.below(4)).map(|_| chance.below(rules.len())).collect();
    let all = |what: fn(&Rule) -> bool| variants.iter().all(|rule| what(&rules[*rule]));
    let cache = match () {
        () if all(Rule::is_public) => *chance.one_of(&[Cache::Public, Cache::Immutable]),
        () if all(Rule::same_for_all) => Cache::Timed,
        () => Cache::Private,
    };
    let otherwise = *chance.one_of(&[Otherwise::Denied, Otherwise::Denied, Otherwise::Hidden]);
    Policy { cache, open: chance.below(variants.len() + 1), otherwise, variants }
}

/// A path that can be served and that no other number gives.
fn path(chance: &mut Chance, number: usize) -> String {
    let parts = [
        "a",
        "b",
        "é",
        "日本",
        "x y",
        "__proto__",
        "constructor",
        "a.b",
        "~",
        "q?",
        "f#g",
        "@",
        "!$'()*+,=:",
        "A",
        "\"",
    ];
    let folders: Vec<&str> = (0..chance.below(3)).map(|_| *chance.one_of(&parts)).collect();
    let end = *chance.one_of(&["/", "/", "/", ".txt", ".svg", ""]);
    let path = [&folders[..], &[&format!("p{number}{end}")]].concat().join("/");
    let path = format!("/{path}");
    assert!(is_servable(&path), "{path}");
    path
}

fn case(chance: &mut Chance, maker: &Maker, number: usize) -> Case {
    let (who, token) = reader(chance, maker.issuer.now);
    let mut headers = Vec::new();
    if token.is_some() {
        headers.push(match chance.percent(30) {
            true => ("Authorization".to_owned(), "Bearer {token 0}".to_owned()),
            false => ("Cookie".to_owned(), "__Host-tierpress={token 0}".to_owned()),
        });
    }
    if chance.percent(25) {
        headers.push(("Accept".to_owned(), "text/html,*/*".to_owned()));
    }
    let target = target(chance, &maker.manifest);
    let method = if chance.percent(5) { "HEAD" } else { "GET" }.to_owned();
    let request = Request { method, target: Text::Plain(target), headers, body: None, first: None };
    let tokens: Vec<Sent> = token.into_iter().collect();
    let with = token_key(&tokens);
    let name = format!("{number}: {} {} as {who:?}{with}", request.method, request.target.whole());
    with_other_readings(maker, maker.derived(&name, request, (&who, tokens)), &who)
}

fn token_key(tokens: &[Sent]) -> String {
    tokens.iter().map(|token| format!(" by {}", token.key)).collect()
}

/// A target, Latin-1: there, nearly there, or not at all.
fn target(chance: &mut Chance, manifest: &Manifest) -> String {
    let keys: Vec<&String> = manifest.routes.keys().collect();
    let key = *chance.one_of(&keys);
    match chance.below(100) {
        0..55 => encode(key),
        55..65 => encode(key.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(key)),
        65..73 => {
            let old: Vec<&String> = manifest.redirects.keys().collect();
            encode(old[chance.below(old.len())])
        }
        73..76 => encode(key) + "?a=b&c=/../d",
        76..80 => "/none/".to_owned(),
        80..82 => "/account/x".to_owned(),
        _ => mutated(chance, key),
    }
}

/// A path with something put in, taken out or written otherwise.
fn mutated(chance: &mut Chance, key: &str) -> String {
    let pieces = [
        "%2e",
        "..",
        ".",
        "/",
        "//",
        "/../",
        "/./",
        "\\",
        ";",
        ";x=1",
        "%2f",
        "%2F",
        "%5c",
        "%",
        "%zz",
        "%00",
        "%0a",
        "%C3%A9",
        "%ff",
        "%25",
        "%3f",
        "%20",
        "#",
        "?",
        "a",
        "A",
        "~",
        "%7e",
        "index.html",
        ".gz",
        "%c0%ae",
        "&",
        "'",
        "|",
        "^",
    ];
    let mut target = encode(key).into_bytes();
    for _ in 0..=chance.below(2) {
        let at = chance.below(target.len() + 1);
        match chance.below(10) {
            0 if at < target.len() && at > 0 => {
                target.remove(at);
            }
            1 if at < target.len() => target[at] = target[at].to_ascii_uppercase(),
            2 if at < target.len() && at > 0 => {
                let escaped = format!("%{:02x}", target[at]);
                target.splice(at..=at, escaped.bytes());
            }
            _ => {
                let piece = chance.one_of(&pieces);
                let at = at.max(1).min(target.len());
                target.splice(at..at, piece.bytes());
            }
        }
    }
    latin(&target)
}

/// A reader with the token that makes one; a bad token makes a visitor.
fn reader(chance: &mut Chance, now: i64) -> (Who, Option<Sent>) {
    let issuer = issuer();
    let ids: Vec<&str> = TIERS.iter().chain(&BUNDLES).chain(&["gold"]).copied().collect();
    let held: Vec<Held> = (0..chance.below(5))
        .map(|_| Held {
            value: (*chance.one_of(&ids)).to_owned(),
            since: chance.instant(6).seconds(),
            until: chance.percent(25).then(|| chance.instant(7).seconds()),
            frozen: chance.percent(20).then(|| chance.instant(8).seconds()),
        })
        .collect();
    let entitlements = held.iter().map(|held| serde_json::to_value(held).unwrap()).collect();
    let key = (*chance.one_of(&["es256", "es256", "es256-next", "rs256"])).to_owned();
    let token = |at: i64| Sent { key: key.clone(), claims: issuer.claims(entitlements, at), ..Sent::default() };
    match chance.below(100) {
        0..15 => (Who::Visitor, None),
        15..23 => (Who::Expired, Some(token(now - 2100))),
        23..27 => (Who::Visitor, Some(Sent { spoilt: Some("signature".to_owned()), ..token(now - 60) })),
        27..29 => (Who::Visitor, Some(Sent { header: Some(r#"{"alg":"none"}"#.to_owned()), ..token(now - 60) })),
        29..31 => (Who::Visitor, Some(token(now + 1200))),
        _ => (Who::Member(held), Some(token(now - 60))),
    }
}
