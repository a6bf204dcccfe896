//! `diff` compared with a naive model, which asks `decide` for every kind of reader at every instant; and the command.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::access::rule::{Clause, Need, Rule};
use tierpress::edge::{self, Outcome};
use tierpress::manifest::{self, AccessControl, Kind, Manifest, Otherwise};
use tierpress::review::diff::{Access, Diff, Held, Way, What};
use tierpress::time::Timestamp;

use crate::access::{BOUND, HORIZON, at, config, id, naive_meets, some_holding, some_rule};
use crate::decide;

pub(crate) fn outcome(manifest: &Manifest, path: &str, held: &[Entitlement], now: Timestamp) -> Outcome {
    let reader = if held.is_empty() { Reader::Visitor } else { Reader::Member(held.to_vec()) };
    let target = edge::canonical::encode(path);
    let request =
        edge::Request { method: "GET", target: target.as_bytes(), reader: &reader, now, html_navigation: false };
    edge::decide(manifest, &request).outcome
}

pub(crate) fn is_open(manifest: &Manifest, path: &str, held: &[Entitlement], now: Timestamp) -> bool {
    outcome(manifest, path, held, now) == Outcome::Open
}

/// A manifest with one page; tiers a < b, bundle c.
fn page(rules: &[Rule], open: usize, hidden: bool, clock: i64) -> Manifest {
    let otherwise = if hidden { Otherwise::Hidden } else { Otherwise::Denied };
    let variants: Vec<usize> = (1..=rules.len()).collect();
    let policy = decide::policy(&variants, open.min(rules.len()), otherwise, manifest::Cache::Private);
    let rules = std::iter::once(Rule::public()).chain(rules.iter().cloned()).collect();
    let mut manifest = decide::manifest(rules, vec![policy], &[("/x/", 0)], &[]);
    let control = |name: &str, kind| AccessControl { id: id(name), kind };
    manifest.access_controls = vec![control("a", Kind::Tier), control("b", Kind::Tier), control("c", Kind::Bundle)];
    manifest.clock = at(clock);
    manifest
}

fn some_page() -> impl Strategy<Value = Manifest> {
    let rules = prop::collection::vec(some_rule(2), 1..3);
    (rules, 1..3_usize, any::<bool>(), 0..BOUND)
        .prop_map(|(rules, open, hidden, clock)| page(&rules, open, hidden, clock))
}

/// Whether the site is one whose members may keep what was unlocked.
fn keeps(manifests: [&Manifest; 2]) -> bool {
    manifests.iter().any(|manifest| {
        manifest.rules.iter().flat_map(Rule::clauses).any(|clause| {
            let begun = clause.from.is_some_and(|from| from <= manifest.clock);
            !clause.all.is_empty() && (begun || clause.all.iter().any(|need| need.kept.is_some()))
        })
    })
}

fn covered(ways: &[&Vec<Way>], held: &[Entitlement], now: Timestamp) -> bool {
    ways.iter().any(|ways| ways.iter().any(|way| way.covers(held, now)))
}

/// The words, read as somebody reads them who has at most one tier.
fn says(way: &Way, held: &[Entitlement], now: Timestamp) -> bool {
    let has = |needed: &Held| {
        let held: Vec<&Entitlement> = held.iter().filter(|held| needed.any.contains(&held.value)).collect();
        let age = |held: &Entitlement| now.seconds() - held.since.seconds();
        let long = |held: &Entitlement| needed.below.is_some_and(|below| age(held) >= below.seconds());
        let early = |held: &Entitlement| needed.joined_from.is_some_and(|from| held.since < from);
        let meets = |held: &Entitlement| {
            age(held) >= needed.at_least.seconds() && needed.joined_before.is_none_or(|before| held.since < before)
        };
        let cold = needed.frozen_before.is_some();
        !cold && held.iter().any(|held| meets(held)) && !held.iter().any(|held| long(held) || early(held))
    };
    way.from.is_none_or(|from| from <= now)
        && way.until.is_none_or(|until| now < until)
        && (!way.visitors || held.is_empty())
        && way.needs.iter().all(has)
        && !way.without.iter().any(|all| all.iter().all(has))
}

/// Readers, one for each set of needs that can be met at an instant, each need by each id.
fn readers(clauses: &[&Clause], now: i64, frozen: bool) -> Vec<Vec<Entitlement>> {
    let needs: Vec<(&Clause, &Need)> = clauses.iter().flat_map(|c| c.all.iter().map(move |need| (*c, need))).collect();
    let mask = |entitlement: &Entitlement| {
        let met = needs.iter().enumerate().filter(|(_, (clause, need))| naive_meets(entitlement, need, clause, now));
        let own = ["a", "b", "c"].iter().position(|name| id(name) == entitlement.value).unwrap();
        met.fold(0_u64, |mask, (number, _)| mask | 1 << (3 * number + own))
    };
    let mut one: BTreeMap<u64, Entitlement> = BTreeMap::new();
    for value in ["a", "b", "c"] {
        for since in 0..=now {
            let entitlement = Entitlement::new(id(value), at(since));
            let thawed = std::iter::once(entitlement.clone());
            let cold = (0..=now).filter(|_| frozen);
            let cold = cold.map(|instant| Entitlement { frozen: Some(at(instant)), ..entitlement.clone() });
            thawed.chain(cold).for_each(|entitlement| {
                one.entry(mask(&entitlement)).or_insert(entitlement);
            });
        }
    }
    let mut all: BTreeMap<u64, Vec<Entitlement>> = BTreeMap::from([(0, Vec::new())]);
    for (mask, entitlement) in one {
        let more: Vec<(u64, Vec<Entitlement>)> = all
            .iter()
            .map(|(other, held)| (other | mask, held.iter().chain([&entitlement]).cloned().collect()))
            .collect();
        more.into_iter().for_each(|(mask, held)| {
            all.entry(mask).or_insert(held);
        });
    }
    all.into_values().collect()
}

fn clauses<'a>(before: &'a Manifest, after: &'a Manifest) -> Vec<&'a Clause> {
    let all: BTreeSet<&Clause> = before.rules.iter().chain(&after.rules).flat_map(Rule::clauses).collect();
    all.into_iter().collect()
}

fn access(diff: &Diff) -> Access {
    diff.changes.iter().find(|change| change.path == "/x/").map(|change| change.access.clone()).unwrap_or_default()
}

#[test]
fn every_reader_is_named_and_none_is_invented() {
    let counts = std::cell::Cell::new((0_u64, 0_u64, 0_u64));
    proptest!(config(250), |(before in some_page(), after in some_page())| {
        let diff = Diff::of(&before, &after);
        let access = access(&diff);
        let frozen = keeps([&before, &after]);
        let clauses = clauses(&before, &after);
        let ways: Vec<&Way> = [&access.opened, &access.closed, &access.relocked].into_iter().flatten().collect();
        let mut witnessed: BTreeSet<usize> = BTreeSet::new();
        for now in diff.clock.seconds()..=HORIZON {
            for held in readers(&clauses, now, frozen) {
                let was = is_open(&before, "/x/", &held, at(now));
                let is = is_open(&after, "/x/", &held, at(now));
                let opened = covered(&[&access.opened], &held, at(now));
                let closed = covered(&[&access.closed, &access.relocked], &held, at(now));
                prop_assert_eq!((opened, closed), (is && !was, was && !is), "at {} for {:?}", now, held);
                witnessed.extend(ways.iter().enumerate().filter(|(_, way)| way.covers(&held, at(now))).map(|(n, _)| n));
                let (readers, changes, ways) = counts.get();
                counts.set((readers + 1, changes + u64::from(was != is), ways));
            }
        }
        let (readers, changes, said) = counts.get();
        counts.set((readers, changes, said + ways.len() as u64));
        // What begins later than the instants that are tried has no witness here.
        for (number, way) in ways.iter().enumerate() {
            let tried = way.from.is_none_or(|from| from <= at(HORIZON));
            prop_assert!(witnessed.contains(&number) || !tried, "nobody: {:?}", way);
        }
    });
    let (readers, changes, ways) = counts.get();
    println!("{readers} readers, {changes} of them changed; {ways} ways said");
    assert!(readers > 20_000 && changes > 2_000 && ways > 200, "{readers} {changes} {ways}");
}

#[test]
fn words_mean_what_they_say() {
    let counts = std::cell::Cell::new((0_u64, 0_u64));
    proptest!(config(400), |(before in some_page(), after in some_page())| {
        let diff = Diff::of(&before, &after);
        let access = access(&diff);
        for now in diff.clock.seconds()..=HORIZON {
            for held in proper(now) {
                let was = is_open(&before, "/x/", &held, at(now));
                let is = is_open(&after, "/x/", &held, at(now));
                let opened = access.opened.iter().any(|way| says(way, &held, at(now)));
                let closed = [&access.closed, &access.relocked].into_iter().flatten();
                let closed = closed.into_iter().any(|way| says(way, &held, at(now)));
                prop_assert_eq!((opened, closed), (is && !was, was && !is), "at {} for {:?}: {:#?}", now, held, access);
                let (readers, changes) = counts.get();
                counts.set((readers + 1, changes + u64::from(was != is)));
            }
        }
    });
    let (readers, changes) = counts.get();
    println!("{readers} readers, {changes} of them changed");
    assert!(changes > 2_000, "{readers} {changes}");
}

/// Everybody with at most one tier and one bundle, since whenever.
fn proper(now: i64) -> Vec<Vec<Entitlement>> {
    let since = |value: &'static str| (0..=now).map(move |since| Entitlement::new(id(value), at(since)));
    let tiers: Vec<Entitlement> = since("a").chain(since("b")).collect();
    let mut readers = vec![Vec::new()];
    readers.extend(tiers.iter().map(|tier| vec![tier.clone()]));
    // Some tier is what every holder of a bundle has.
    let both = |tier: &Entitlement| since("c").step_by(2).map(|bundle| vec![tier.clone(), bundle]).collect::<Vec<_>>();
    readers.extend(tiers.iter().step_by(3).flat_map(both));
    readers
}

#[test]
fn random_holdings_are_told_apart() {
    proptest!(config(1_500), |(before in some_page(), after in some_page(), held in some_holding())| {
        let diff = Diff::of(&before, &after);
        let access = access(&diff);
        let frozen = keeps([&before, &after]);
        let held: Vec<Entitlement> = held.into_iter().filter(|held| frozen || held.frozen.is_none()).collect();
        for now in diff.clock.seconds()..=HORIZON {
            let was = is_open(&before, "/x/", &held, at(now));
            let is = is_open(&after, "/x/", &held, at(now));
            let opened = covered(&[&access.opened], &held, at(now));
            let closed = covered(&[&access.closed, &access.relocked], &held, at(now));
            prop_assert_eq!((opened, closed), (is && !was, was && !is), "at {}", now);
            let knew = outcome(&before, "/x/", &held, at(now)) != Outcome::NotFound;
            let knows = outcome(&after, "/x/", &held, at(now)) != Outcome::NotFound;
            let revealed = covered(&[&access.revealed], &held, at(now));
            let concealed = covered(&[&access.concealed], &held, at(now));
            prop_assert_eq!((revealed, concealed), (knows && !knew && !is, knew && !knows && !was), "at {}", now);
        }
    });
}

#[test]
fn the_opposite_closes_what_was_opened() {
    proptest!(config(800), |(before in some_page(), after in some_page())| {
        let (there, back) = (access(&Diff::of(&before, &after)), access(&Diff::of(&after, &before)));
        let sorted = |ways: &[&Vec<Way>]| {
            let mut words: Vec<String> = ways.iter().copied().flatten().map(|way| way.words.clone()).collect();
            words.sort();
            words
        };
        prop_assert_eq!(sorted(&[&there.opened]), sorted(&[&back.closed, &back.relocked]));
        prop_assert_eq!(sorted(&[&back.opened]), sorted(&[&there.closed, &there.relocked]));
        prop_assert!(Diff::of(&before, &before).changes.is_empty());
    });
}

/// A manifest with some of three pages, two redirects perhaps.
fn some_site() -> impl Strategy<Value = Manifest> {
    let paths = prop::collection::btree_map(prop::sample::select(vec!["/x/", "/y/", "/z/", "/f"]), 0..4_usize, 1..4);
    let redirects = prop::collection::btree_map(
        prop::sample::select(vec!["/x/", "/y/", "/z/", "/f", "/old/"]),
        prop::sample::select(vec!["/x/", "/y/", "/z/"]),
        0..3,
    );
    (paths, redirects).prop_map(|(paths, redirects)| {
        let rules =
            [r#"[{"all":[{"any":["a","b"]}]}]"#, r#"[{"all":[{"any":["b"]}]}]"#, r#"[{"all":[{"any":["c"]}]}]"#];
        let rules = rules.iter().map(|rule| serde_json::from_str(rule).unwrap());
        let rules: Vec<Rule> = std::iter::once(Rule::public()).chain(rules).collect();
        let policies = (0..4).map(|rule| decide::policy(&[rule], 1, Otherwise::Denied, manifest::Cache::Private));
        let routes: Vec<(&str, usize)> = paths.iter().map(|(path, policy)| (*path, *policy)).collect();
        let led = |(from, to): &(&&str, &&str)| !paths.contains_key(**from) && paths.contains_key(**to);
        let redirects: Vec<(&str, &str)> = redirects.iter().filter(led).map(|(from, to)| (*from, *to)).collect();
        decide::manifest(rules, policies.collect(), &routes, &redirects)
    })
}

#[test]
fn paths_are_kept_moved_lost_and_found() {
    proptest!(config(1_500), |(before in some_site(), after in some_site())| {
        let diff = Diff::of(&before, &after);
        let everything = [Entitlement::new(id("b"), at(0)), Entitlement::new(id("c"), at(0))];
        let led = |manifest: &Manifest, path: &str| outcome(manifest, path, &everything, at(10)) != Outcome::NotFound;
        let lost: BTreeSet<&str> = before
            .routes
            .keys()
            .chain(before.redirects.keys())
            .map(String::as_str)
            .filter(|path| led(&before, path) && !led(&after, path))
            .collect();
        let vanished = diff.changes.iter().filter(|change| change.what == What::Vanished || (change.was.is_some() && !change.redirect));
        let vanished: BTreeSet<&str> = vanished.map(|change| change.was.as_deref().unwrap_or(&change.path)).collect();
        prop_assert_eq!(vanished, lost);
        let new: BTreeSet<&str> =
            after.routes.keys().map(String::as_str).filter(|path| !before.routes.contains_key(*path)).collect();
        let come = diff.changes.iter().filter(|change| matches!(change.what, What::Appeared | What::Moved));
        let come: BTreeSet<&str> = come.map(|change| change.path.as_str()).filter(|path| new.contains(path)).collect();
        prop_assert_eq!(come, new);
        for change in &diff.changes {
            let was = change.was.as_deref().unwrap_or(&change.path);
            for ids in ["", "a", "b", "c", "ac", "bc"] {
                let held: Vec<Entitlement> = ids.chars().map(|c| Entitlement::new(id(&c.to_string()), at(0))).collect();
                let open = |manifest: &Manifest, path: &str| manifest.routes.contains_key(path) && is_open(manifest, path, &held, at(10));
                let (old, new) = (open(&before, was), open(&after, &change.path));
                let opened = covered(&[&change.access.opened], &held, at(10));
                let closed = covered(&[&change.access.closed], &held, at(10));
                if change.led_to.is_none() {
                    prop_assert_eq!((opened, closed), (new && !old, old && !new), "{} for {}: {:?}", change.path, ids, change);
                }
            }
        }
    });
}
