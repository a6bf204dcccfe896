//! Rules, tags and catalogues, compared with naive models on random values.
//!
//! The models here repeat the design in the plainest way and share no code with what they judge. Seeds are fixed.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use tierpress::access::catalogue::{Bundle, Cancellation, Catalogue, Kind, Tier};
use tierpress::access::chains::chains;
use tierpress::access::entitlement::{Entitlement, Reader, parse_reader};
use tierpress::access::reach::{GateSet, reachable};
use tierpress::access::rule::{Clause, Need, Rule};
use tierpress::access::tags::{self, Drip, Name, Tag};
use tierpress::id::Id;
use tierpress::time::{Date, Length, Timestamp};

/// The instants at which windows begin and end lie below this; readers are tried a little further.
pub(super) const BOUND: i64 = 8;
pub(super) const HORIZON: i64 = 14;

pub(super) fn config(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..Config::default() }
}

pub(super) fn id(text: &str) -> Id {
    text.parse().unwrap()
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::saturating(seconds)
}

pub(super) fn length(seconds: i64) -> Length {
    Length::try_from(seconds).unwrap()
}

fn some_id() -> impl Strategy<Value = Id> {
    prop::sample::select(vec![id("a"), id("b"), id("c")])
}

fn some_need() -> impl Strategy<Value = Need> {
    let any = prop::collection::btree_set(some_id(), 1..3);
    let after = prop_oneof![3 => Just(0), 2 => 1..5_i64];
    let joined = prop_oneof![3 => Just(None), 1 => (0..BOUND).prop_map(Some)];
    let kept = prop_oneof![6 => Just(None), 1 => (0..BOUND).prop_map(Some)];
    (any, after, joined, kept).prop_map(|(any, after, joined, kept)| Need {
        after: length(after),
        any: any.into_iter().collect(),
        joined_before: joined.map(at),
        kept: kept.map(at),
    })
}

fn some_clause() -> impl Strategy<Value = Clause> {
    let from = prop_oneof![2 => Just(None), 1 => (0..BOUND).prop_map(Some)];
    let until = prop_oneof![2 => Just(None), 1 => (1..BOUND).prop_map(Some)];
    (prop::collection::vec(some_need(), 0..3), from, until).prop_map(|(all, from, until)| Clause {
        all,
        from: from.map(at),
        until: until.map(at),
    })
}

fn some_clauses(most: usize) -> impl Strategy<Value = Vec<Clause>> {
    prop::collection::vec(some_clause(), 0..=most)
}

pub(super) fn some_rule(most: usize) -> impl Strategy<Value = Rule> {
    some_clauses(most).prop_map(Rule::from)
}

fn some_entitlement() -> impl Strategy<Value = Entitlement> {
    let until = prop_oneof![2 => Just(None), 1 => (0..HORIZON).prop_map(Some)];
    let frozen = prop_oneof![2 => Just(None), 1 => (0..HORIZON).prop_map(Some)];
    (some_id(), 0..HORIZON, until, frozen).prop_map(|(value, since, until, frozen)| Entitlement {
        value,
        since: at(since),
        until: until.map(at),
        frozen: frozen.map(at),
    })
}

pub(super) fn some_holding() -> impl Strategy<Value = Vec<Entitlement>> {
    prop::collection::vec(some_entitlement(), 0..5)
}

pub(super) fn naive_meets(entitlement: &Entitlement, need: &Need, clause: &Clause, now: i64) -> bool {
    let since = entitlement.since.seconds();
    let frozen = entitlement.frozen.map(Timestamp::seconds);
    let seen = frozen.unwrap_or(now).min(now);
    let begun_when_frozen = match (frozen, clause.from) {
        (Some(frozen), Some(from)) => {
            from.seconds() <= frozen || need.kept.is_some_and(|kept| kept.seconds() <= frozen)
        }
        _ => true,
    };
    need.any.contains(&entitlement.value)
        && since <= now
        && entitlement.until.is_none_or(|until| now < until.seconds())
        && (since + need.after.seconds()).min(Timestamp::MAX.seconds()) <= seen
        && need.joined_before.is_none_or(|before| since < before.seconds())
        && begun_when_frozen
}

fn naive_holds(clauses: &[Clause], held: &[Entitlement], now: i64) -> bool {
    clauses.iter().any(|clause| {
        clause.from.is_none_or(|from| from.seconds() <= now)
            && clause.until.is_none_or(|until| now < until.seconds())
            && clause.all.iter().all(|need| held.iter().any(|entitlement| naive_meets(entitlement, need, clause, now)))
    })
}

/// The instants worth trying, and for each the entitlements in force then: every start, and every instant of freezing.
fn grid() -> Vec<(i64, Vec<Entitlement>)> {
    let last = Timestamp::MAX.seconds();
    let instants = (0..=HORIZON).chain([last]);
    let held = |now: i64| {
        let points: Vec<i64> = if now == last { (0..10).chain(last - 6..=last).collect() } else { (0..=now).collect() };
        let mut held = Vec::new();
        for value in ["a", "b", "c"] {
            for since in &points {
                let entitlement = Entitlement::new(id(value), at(*since));
                held.extend(
                    points.iter().map(|frozen| Entitlement { frozen: Some(at(*frozen)), ..entitlement.clone() }),
                );
                held.push(entitlement);
            }
        }
        held
    };
    instants.map(|now| (now, held(now))).collect()
}

/// For every instant of the grid, every set of the clauses' needs that some reader meets.
fn every_reader(clauses: &[&Clause], grid: &[(i64, Vec<Entitlement>)]) -> Vec<(i64, BTreeSet<u64>)> {
    let needs: Vec<(&Clause, &Need)> = clauses.iter().flat_map(|c| c.all.iter().map(move |need| (*c, need))).collect();
    let met = |entitlement: &Entitlement, now: i64| {
        let met = needs.iter().enumerate().filter(|(_, (clause, need))| naive_meets(entitlement, need, clause, now));
        met.fold(0_u64, |mask, (number, _)| mask | 1 << number)
    };
    let readers = |(now, held): &(i64, Vec<Entitlement>)| {
        let one: BTreeSet<u64> = held.iter().map(|entitlement| met(entitlement, *now)).collect();
        let mut all = BTreeSet::from([0]);
        for mask in one {
            let more: Vec<u64> = all.iter().map(|other| other | mask).collect();
            all.extend(more);
        }
        (*now, all)
    };
    grid.iter().map(readers).collect()
}

/// Which clauses hold for a reader who meets these needs.
fn clauses_held(clauses: &[&Clause], mask: u64, now: i64) -> Vec<bool> {
    let mut first = 0;
    let held = |clause: &&Clause| {
        let needs = (1_u64 << clause.all.len()) - 1;
        let met = mask >> first & needs == needs;
        first += clause.all.len();
        met && clause.active(at(now))
    };
    clauses.iter().map(held).collect()
}

#[test]
fn implies_is_exact() {
    let grid = grid();
    let compared = std::cell::Cell::new(0_u64);
    let answers = std::cell::Cell::new((0_u32, 0_u32));
    proptest!(config(2_000), |(a in some_clauses(2), b in some_clauses(3))| {
        let clauses: Vec<&Clause> = a.iter().chain(&b).collect();
        let mut expected = true;
        for (now, masks) in every_reader(&clauses, &grid) {
            for mask in masks {
                let held = clauses_held(&clauses, mask, now);
                let (of_a, of_b) = held.split_at(a.len());
                expected &= !of_a.contains(&true) || of_b.contains(&true);
                compared.set(compared.get() + 1);
            }
        }
        let (yes, no) = answers.get();
        answers.set(if expected { (yes + 1, no) } else { (yes, no + 1) });
        prop_assert_eq!(Rule::from(a.clone()).implies(&Rule::from(b.clone())), expected);
    });
    let (yes, no) = answers.get();
    assert!(compared.get() >= 100_000, "{} comparisons", compared.get());
    assert!(yes >= 200 && no >= 200, "{yes} times yes, {no} times no");
}

#[test]
fn normal_form_keeps_the_meaning() {
    proptest!(config(4_000), |(clauses in some_clauses(4), held in some_holding())| {
        let rule = Rule::from(clauses.clone());
        let reader = Reader::Member(held.clone());
        for now in 0..=HORIZON {
            prop_assert_eq!(rule.holds(&reader, at(now)), naive_holds(&clauses, &held, now), "at {}", now);
        }
        prop_assert_eq!(Rule::from(rule.clauses().to_vec()), rule.clone());
        let json = serde_json::to_string(&rule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
    });
}

#[test]
fn normal_form_and_both_sides_hold_alike_for_every_reader() {
    let grid = grid();
    proptest!(config(600), |(a in some_clauses(2), b in some_clauses(2))| {
        let (rule_a, rule_b) = (Rule::from(a.clone()), Rule::from(b.clone()));
        let both = rule_a.and(&rule_b);
        let parts = [a.as_slice(), rule_a.clauses(), rule_b.clauses(), both.clauses()];
        let clauses: Vec<&Clause> = parts.into_iter().flatten().collect();
        for (now, masks) in every_reader(&clauses, &grid) {
            for mask in masks {
                let mut held = clauses_held(&clauses, mask, now).into_iter();
                let [plain, in_a, in_b, in_both] =
                    parts.map(|part| held.by_ref().take(part.len()).fold(false, |any, held| any | held));
                prop_assert_eq!(plain, in_a, "{:?}", rule_a);
                prop_assert_eq!(in_a && in_b, in_both, "{:?}", both);
            }
        }
    });
}

#[test]
fn operations_mean_what_they_say() {
    let window = (prop::option::of(0..BOUND), prop::option::of(0..BOUND));
    proptest!(config(3_000), |(a in some_rule(2), b in some_rule(2), held in some_holding(), (from, until) in window)| {
        let reader = Reader::Member(held.clone());
        let (and, or) = (a.and(&b), a.or(&b));
        let within = a.within(from.map(at), until.map(at));
        let thawed = held.iter().filter(|e| e.frozen.is_none_or(|frozen| from.is_none_or(|from| at(from) <= frozen)));
        let thawed = Reader::Member(thawed.cloned().collect());
        for now in (0..=HORIZON).map(at) {
            let (in_a, in_b) = (a.holds(&reader, now), b.holds(&reader, now));
            prop_assert_eq!(and.holds(&reader, now), in_a && in_b, "and at {}", now.seconds());
            prop_assert_eq!(or.holds(&reader, now), in_a || in_b, "or at {}", now.seconds());
            let inside = from.is_none_or(|from| at(from) <= now) && until.is_none_or(|until| now < at(until));
            prop_assert_eq!(within.holds(&reader, now), inside && a.holds(&thawed, now), "within at {}", now.seconds());
            let visitor = a.public_part().holds(&reader, now);
            prop_assert_eq!(visitor, a.holds(&Reader::Visitor, now));
            prop_assert!(!in_a || a.without_after().holds(&reader, now));
            prop_assert!(!in_a || a.active(now));
        }
    });
}

#[test]
fn settled_rules_hold_alike_from_the_clock_on() {
    proptest!(config(3_000), |(rule in some_rule(3), held in some_holding(), clock in 0..HORIZON)| {
        let keep = rule.settled(at(clock), Cancellation::KeepUnlocked);
        let hard = rule.settled(at(clock), Cancellation::Hard);
        let frozen = Reader::Member(held.clone());
        let plain = Reader::Member(held.into_iter().filter(|e| e.frozen.is_none()).collect());
        for now in (clock..=HORIZON).map(at) {
            prop_assert_eq!(keep.holds(&frozen, now), rule.holds(&frozen, now));
            prop_assert_eq!(hard.holds(&plain, now), rule.holds(&plain, now));
        }
        prop_assert!(hard.bounds().iter().all(|bound| at(clock) < *bound), "{:?}", hard);
    });
}

#[test]
fn equal_rules_are_equal_values() {
    let same = std::cell::Cell::new((0_u32, 0_u32));
    let count = |equal: bool| {
        let (yes, no) = same.get();
        same.set(if equal { (yes + 1, no) } else { (yes, no + 1) });
    };
    proptest!(config(1_500), |(a in some_rule(2), b in some_rule(2), c in some_rule(1))| {
        let laws = [
            (a.or(&b), b.or(&a)),
            (a.and(&b), b.and(&a)),
            (a.or(&b).or(&c), a.or(&b.or(&c))),
            (a.and(&b).and(&c), a.and(&b.and(&c))),
            (a.or(&b).and(&c), a.and(&c).or(&b.and(&c))),
            (a.or(&a.and(&b)), a.clone()),
            (a.and(&a.or(&b)), a.clone()),
        ];
        for (left, right) in laws {
            prop_assert!(left.implies(&right) && right.implies(&left), "{:?}\n{:?}", left, right);
            count(left == right);
        }
    });
    let (yes, no) = same.get();
    assert!(no * 200 <= yes, "{yes} equal, {no} not");
}

#[test]
fn more_entitlements_never_show_less() {
    proptest!(config(3_000), |(rule in some_rule(4), held in some_holding(), more in some_entitlement())| {
        let fewer = Reader::Member(held.clone());
        let reader = Reader::Member(held.into_iter().chain([more]).collect());
        for now in (0..=HORIZON).map(at) {
            prop_assert!(!rule.holds(&fewer, now) || rule.holds(&reader, now));
        }
    });
}

/// The numbers of the gates that hold, of some for which `holds` answers.
fn gate_set(count: usize, holds: impl Fn(usize) -> bool) -> GateSet {
    (0..count).filter(|gate| holds(*gate)).collect()
}

#[test]
fn reachable_sets_are_those_of_readers() {
    let gates = prop::collection::vec(some_rule(2), 1..4);
    proptest!(config(2_000), |(gates in gates, held in some_holding(), clock in 0..BOUND)| {
        let sets = reachable(&gates, at(clock), 1024).unwrap();
        let distinct: BTreeSet<_> = sets.iter().collect();
        prop_assert_eq!(distinct.len(), sets.len());
        prop_assert!(sets.windows(2).all(|pair| pair[0].len() >= pair[1].len()));
        let needs = |set: &GateSet| set.iter().fold(Rule::public(), |rule, gate| rule.and(&gates[gate]));
        let variants: Vec<Rule> = sets.iter().map(needs).collect();
        for reader in [Reader::Member(held), Reader::Visitor] {
            for now in 0..=HORIZON {
                let holds = |rule: &Rule| rule.holds_with(reader.entitlements(), at(now), at(now.max(clock)));
                let open = gate_set(gates.len(), |gate| holds(&gates[gate]));
                let first = variants.iter().position(holds);
                prop_assert_eq!(first.and_then(|first| sets.get(first)), Some(&open), "at {}", now);
            }
        }
    });
}

#[test]
fn reachable_sets_are_no_more_than_needed() {
    let grid = grid();
    let gates = prop::collection::vec(some_rule(2), 1..4);
    proptest!(config(500), |(gates in gates, clock in 0..BOUND)| {
        let clauses: Vec<&Clause> = gates.iter().flat_map(Rule::clauses).collect();
        let mut expected = BTreeSet::new();
        for (now, masks) in every_reader(&clauses, &grid).into_iter().filter(|(now, _)| *now >= clock) {
            for mask in masks {
                let mut held = clauses_held(&clauses, mask, now).into_iter();
                let open: Vec<bool> =
                    gates.iter().map(|gate| held.by_ref().take(gate.clauses().len()).fold(false, |a, b| a | b)).collect();
                expected.insert(gate_set(gates.len(), |gate| open[gate]));
            }
        }
        let sets: BTreeSet<GateSet> = reachable(&gates, at(clock), 1024).unwrap().into_iter().collect();
        prop_assert_eq!(sets, expected);
    });
}

#[test]
fn too_many_combinations_are_an_error() {
    let gate = |number: usize| {
        let any = vec![id(&format!("bundle-{number}"))];
        Rule::from(Clause { all: vec![need(any)], from: None, until: None })
    };
    let gates: Vec<Rule> = (0..10).map(gate).collect();
    assert_eq!(reachable(&gates, at(0), 1024).unwrap().len(), 1024);
    let gates: Vec<Rule> = (0..11).map(gate).collect();
    let message = reachable(&gates, at(0), 1024).unwrap_err().to_string();
    assert_eq!(message, "more than 1024 combinations of open gates");
}

#[test]
fn chains_hold_every_clause_once_and_imply_each_other() {
    proptest!(config(500), |(rules in prop::collection::vec(some_rule(3), 0..5))| {
        let clauses: BTreeSet<Clause> = rules.iter().flat_map(Rule::clauses).cloned().collect();
        let chains = chains(&clauses);
        let mut all: Vec<Clause> = chains.iter().flatten().cloned().collect();
        all.sort();
        prop_assert_eq!(all, clauses.into_iter().collect::<Vec<_>>());
        for chain in chains {
            for pair in chain.windows(2) {
                prop_assert!(Rule::from(pair[0].clone()).implies(&Rule::from(pair[1].clone())));
            }
        }
    });
}

#[test]
fn a_weekly_drip_is_one_chain() {
    let step = |week: i64| {
        let need = Need { after: length(week * 604_800), ..need(vec![id("rust-course")]) };
        Clause { all: vec![need], from: None, until: None }
    };
    let chains = chains(&(0..20).map(step).collect());
    assert_eq!(chains, [(0..20).rev().map(step).collect::<Vec<_>>()]);
}

pub(super) fn need(any: Vec<Id>) -> Need {
    Need { after: Length::ZERO, any, joined_before: None, kept: None }
}

fn tier(name: &str, free: bool) -> Tier {
    Tier {
        id: id(name),
        title: name.to_uppercase(),
        free,
        price: None,
        buy: None,
        also: Vec::new(),
        includes: Vec::new(),
        expires_after: None,
        downgrade_to: None,
    }
}

fn bundle(name: &str) -> Bundle {
    Bundle {
        id: id(name),
        title: name.to_uppercase(),
        free: false,
        price: None,
        buy: None,
        also: Vec::new(),
        expires_after: None,
    }
}

/// free < basic (once bronze) < pro (with cheatsheets); rust-course, cheatsheets.
fn catalogue() -> Catalogue {
    let tiers = vec![
        tier("free", true),
        Tier { also: vec![id("bronze")], ..tier("basic", false) },
        Tier { includes: vec![id("cheatsheets")], ..tier("pro", false) },
    ];
    let bundles = vec![bundle("rust-course"), bundle("cheatsheets")];
    Catalogue::new(tiers, bundles, Some(id("free")), Cancellation::Hard).unwrap()
}

/// `2026-12-15` and the like: one day is 100 seconds, counted from the first of December.
fn dates(text: &str) -> Option<Date> {
    let day: i64 = text.strip_prefix("2026-12-")?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let civil = "2026-12-01T00:00:00".parse().ok()?;
    Some(Date { first: at(day * 100), end: at(day * 100 + 100), civil, bare: true })
}

fn tag(text: &str) -> Tag {
    Tag::parse(text, &catalogue(), &dates).unwrap().tag
}

fn rule_of(list: &[&str], drip: &Drip, next_date: Option<Timestamp>) -> String {
    let tags: Vec<Tag> = list.iter().map(|text| tag(text)).collect();
    serde_json::to_string(&tags::rule(&tags, drip, next_date, &catalogue())).unwrap()
}

#[test]
fn tags_become_rules() {
    let check = |list: &[&str], expected: &str| assert_eq!(rule_of(list, &Drip::None, None), expected, "{list:?}");
    check(&["public"], r#"[{"all":[]}]"#);
    check(&["members"], r#"[{"all":[{"any":["basic","bronze","free","pro"]}]}]"#);
    check(&["basic"], r#"[{"all":[{"any":["basic","bronze","pro"]}]}]"#);
    check(&["bronze"], r#"[{"all":[{"any":["basic","bronze","pro"]}]}]"#);
    check(&["pro", "basic"], r#"[{"all":[{"any":["basic","bronze","pro"]}]}]"#);
    check(&["rust-course"], r#"[{"all":[{"any":["basic","bronze","free","pro"]},{"any":["rust-course"]}]}]"#);
    check(
        &["pro", "basic+rust-course"],
        r#"[{"all":[{"any":["pro"]}]},{"all":[{"any":["basic","bronze","pro"]},{"any":["rust-course"]}]}]"#,
    );
    check(&["cheatsheets"], r#"[{"all":[{"any":["basic","bronze","free","pro"]},{"any":["cheatsheets","pro"]}]}]"#);
    let early = r#"[{"all":[],"from":1500},{"all":[{"any":["pro"]}]}]"#;
    check(&["pro", "public from 2026-12-15"], early);
    check(&["pro until 2026-12-15", "public from 2026-12-15"], early);
    check(&["public until 2026-12-31", "pro"], r#"[{"all":[],"until":3200},{"all":[{"any":["pro"]}]}]"#);
    check(&["pro", "public"], r#"[{"all":[]}]"#);
}

#[test]
fn drips_and_joining_dates_reach_the_needs_that_are_named() {
    let check = |list: &[&str], drip: &Drip, expected: &str| {
        assert_eq!(rule_of(list, drip, Some(at(700))), expected, "{list:?} {drip:?}");
    };
    let week = length(604_800);
    let by_name = |name: &str| Drip::ByName(vec![(id(name), week)]);
    check(
        &["rust-course"],
        &Drip::All(week),
        r#"[{"all":[{"any":["basic","bronze","free","pro"]},{"after":604800,"any":["rust-course"]}]}]"#,
    );
    check(
        &["basic", "pro"],
        &by_name("basic"),
        r#"[{"all":[{"any":["pro"]}]},{"all":[{"after":604800,"any":["basic","bronze","pro"]}]}]"#,
    );
    check(&["basic"], &by_name("basic"), r#"[{"all":[{"after":604800,"any":["basic","bronze","pro"]}]}]"#);
    check(
        &["basic+rust-course"],
        &by_name("rust-course"),
        r#"[{"all":[{"after":604800,"any":["basic","bronze","pro"]},{"after":604800,"any":["rust-course"]}]}]"#,
    );
    check(&["members"], &by_name("basic"), r#"[{"all":[{"any":["basic","bronze","free","pro"]}]}]"#);
    check(&["members"], &Drip::All(week), r#"[{"all":[{"after":604800,"any":["basic","bronze","free","pro"]}]}]"#);
    check(
        &["pro", "basic since joining"],
        &Drip::None,
        r#"[{"all":[{"any":["basic","bronze","pro"],"joined_before":700}]},{"all":[{"any":["pro"]}]}]"#,
    );
    check(&["public from 2026-12-02"], &Drip::All(week), r#"[{"all":[],"from":200}]"#);
    let without_next = rule_of(&["basic since joining"], &Drip::None, None);
    assert_eq!(without_next, r#"[{"all":[{"any":["basic","bronze","pro"]}]}]"#);
}

#[test]
fn losing_the_tier_loses_the_bundles() {
    let rule = tags::rule(&[tag("rust-course")], &Drip::None, None, &catalogue());
    let reader = |text| parse_reader(text, &catalogue(), &dates, at(500)).unwrap();
    let holds = |text| {
        let (reader, now) = reader(text);
        rule.holds(&reader, now)
    };
    assert!(holds("rust-course"));
    assert!(holds("rust-course+free"));
    assert!(!holds("rust-course+free!expired"));
    assert!(!holds("rust-course!expired"));
    assert!(!holds("pro"));
    assert!(!holds("visitor"));
}

#[test]
fn plus_joins_what_is_inherited() {
    let inherited = [tag("rust-course from 2026-12-05"), tag("basic+cheatsheets until 2026-12-20")];
    let own = [tag("+pro from 2026-12-03 until 2026-12-25"), tag("free")];
    let resolved = tags::resolve_plus(&own, &inherited);
    let named = |names: &[&str]| names.iter().map(|name| Name::Id(id(name))).collect::<Vec<_>>();
    assert_eq!(resolved.len(), 3);
    assert_eq!((resolved[0].names.clone(), resolved[0].plus), (named(&["rust-course", "pro"]), false));
    assert_eq!((resolved[0].from, resolved[0].until), (Some(at(500)), Some(at(2600))));
    assert_eq!(resolved[1].names, named(&["basic", "cheatsheets", "pro"]));
    assert_eq!((resolved[1].from, resolved[1].until), (Some(at(300)), Some(at(2100))));
    assert_eq!(resolved[2], tag("free"));
    assert_eq!(tags::resolve_plus(&[tag("+pro")], &[tag("public")]), [tag("pro")]);
    assert_eq!(tags::resolve_plus(&[tag("+public from 2026-12-03")], &[tag("pro")]), [tag("pro from 2026-12-03")]);
}

#[test]
fn tags_are_read_with_blanks_and_former_ids() {
    assert_eq!(tag("pro"), tag("  pro "));
    assert_eq!(tag("basic + rust-course  until  2026-12-03"), tag("basic+rust-course until 2026-12-03"));
    let parsed = Tag::parse("pro+bronze", &catalogue(), &dates).unwrap();
    assert_eq!(parsed.former, [(4..10, id("basic"))]);
    assert_eq!(parsed.tag, tag("pro+basic"));
    let list = tags::split_list("pro, rust-course from 2026-12-03 ,x");
    assert_eq!(list, [(0..3, "pro"), (5..32, "rust-course from 2026-12-03"), (34..35, "x")]);
    assert_eq!(tags::bare_public_beside(&[tag("public")]), None);
    let beside = tags::bare_public_beside(&[tag("pro"), tag("public")]).unwrap();
    assert_eq!(beside.0, 1);
    assert_eq!(beside.1, "a bare `public` beside another tag opens this to everybody");
    assert_eq!(tags::bare_public_beside(&[tag("pro"), tag("public from 2026-12-03")]), None);
}

fn check_fault(text: &str, place: &str, message: &str, help: &str) {
    let fault = Tag::parse(text, &catalogue(), &dates).unwrap_err();
    let found = (&text[fault.range.clone()], fault.message.as_str(), fault.help.as_deref().unwrap_or(""));
    assert_eq!(found, (place, message, help), "{text}");
}

#[test]
fn faults_in_tags_say_what_and_where() {
    let check = check_fault;
    check("prro", "prro", "unknown tier or bundle `prro`", "did you mean `pro`?");
    check("basic+rust-corse", "rust-corse", "unknown tier or bundle `rust-corse`", "did you mean `rust-course`?");
    check("Pro", "Pro", "unknown tier or bundle `Pro`", "did you mean `pro`?");
    check("publik", "publik", "unknown tier or bundle `publik`", "did you mean `public`?");
    check(
        "everyone",
        "everyone",
        "unknown tier or bundle `everyone`",
        "`public` lets everybody in, `members` those with any tier",
    );
    check(
        "gold",
        "gold",
        "unknown tier or bundle `gold`",
        "there are `free`, `basic`, `pro`, `rust-course`, `cheatsheets`",
    );
}

#[test]
fn faults_in_the_words_of_tags_say_what_and_where() {
    let check = check_fault;
    let grammar = "a tag is `id+id since joining from 2026-12-15 until 2026-12-31`; tags are parted by commas";
    let missing = "a tag is `id`, `id+id`, `public` or `members`";
    check(
        "pro from 2026-12-20 until 2026-12-10",
        "2026-12-10",
        "`until 2026-12-10` is not after `from 2026-12-20`",
        "this would never be open: swap the dates",
    );
    check(
        "pro from tomorrow",
        "tomorrow",
        "`tomorrow` is not a date",
        "write it like `2026-12-15` or `2026-12-15T09:00:00`",
    );
    check("pro from", "from", "`from` without a date", "write it like `from 2026-12-15`");
    check("pro until until 2026-12-03", "until", "`until` without a date", "write it like `until 2026-12-15`");
    check("pro from 2026-12-03 from 2026-12-04", "from", "`from` stands here twice", "");
    check("pro basic", "basic", "unexpected `basic` in a tag", grammar);
    check("pro since joining today", "today", "unexpected `today` in a tag", grammar);
    check(
        "pro since 2026-12-03",
        "since",
        "`since` without `joining`",
        "write `since joining`; for a date write `from 2026-12-15`",
    );
    check(
        "public since joining",
        "since joining",
        "a visitor has not joined anything",
        "name a tier or a bundle: `basic since joining`",
    );
    check(
        "public+pro",
        "public+pro",
        "`public` is joined with another name in `public+pro`",
        "everybody is let in by `public` already: take it out",
    );
    check("", "", "a tier or bundle is missing", missing);
    check("pro+", "", "a tier or bundle is missing", missing);
    check("from 2026-12-03", "", "a tier or bundle is missing", missing);
}

#[test]
fn faults_without_tiers() {
    let only = Catalogue::new(Vec::new(), vec![bundle("rust-course")], None, Cancellation::Hard).unwrap();
    let fault = Tag::parse("members", &only, &dates).unwrap_err();
    assert_eq!(fault.message, "`members`, but there are no tiers");
    let fault = Tag::parse("gold", &Catalogue::empty(), &dates).unwrap_err();
    assert_eq!(fault.help.as_deref(), Some("site.yaml declares no tiers and no bundles"));
    let rule = tags::rule(&[Tag::parse("rust-course", &only, &dates).unwrap().tag], &Drip::None, None, &only);
    assert_eq!(serde_json::to_string(&rule).unwrap(), r#"[{"all":[{"any":["rust-course"]}]}]"#);
}

#[test]
fn faults_in_catalogues() {
    let check = |tiers: Vec<Tier>, bundles: Vec<Bundle>, default: Option<&str>, expected: &[&str]| {
        let faults = Catalogue::new(tiers, bundles, default.map(id), Cancellation::Hard).unwrap_err();
        let found = faults.iter().map(|fault| {
            let id = fault.id.as_ref().map_or("-", Id::as_str);
            format!("{id} {}: {}; {}", fault.occurrence, fault.message, fault.help.as_deref().unwrap_or("-"))
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    };
    let two = || vec![tier("free", true), tier("pro", false)];
    let namespace = "tiers, bundles and their former ids share one namespace";
    check(
        vec![tier("pro", true), Tier { also: vec![id("pro")], ..tier("free", false) }],
        vec![bundle("pro")],
        Some("pro"),
        &[
            &format!("pro 1: the id `pro` is given twice; {namespace}"),
            &format!("pro 2: the id `pro` is given twice; {namespace}"),
        ],
    );
    check(
        two(),
        vec![bundle("rust")],
        None,
        &[
            "- 0: there are tiers and bundles, but no `default_tier`; it is what a bundle buyer without a tier is given; name a free tier: `free`",
        ],
    );
    check(two(), vec![], Some("pro"), &["pro 0: `default_tier` is `pro`, which is not free; name a free tier: `free`"]);
    check(two(), vec![], Some("fre"), &["fre 0: unknown tier `fre`; did you mean `free`?"]);
    check(
        vec![tier("pro", false)],
        vec![bundle("rust")],
        Some("rust"),
        &["rust 0: `default_tier` is `rust`, which is a bundle; make a tier `free: true` and name it here"],
    );
    check(
        vec![tier("free", true), Tier { includes: vec![id("ruts")], ..tier("pro", false) }],
        vec![bundle("rust")],
        Some("free"),
        &["ruts 0: unknown bundle `ruts`; did you mean `rust`?"],
    );
    let catalogue = catalogue();
    assert_eq!(
        catalogue.lookup("bronze").map(|found| (found.id, found.kind, found.former)),
        Some((id("basic"), Kind::Tier, true))
    );
    assert_eq!(catalogue.rank(&id("pro")), Some(2));
    assert_eq!(catalogue.title(&id("rust-course")), Some("RUST-COURSE"));
    assert_eq!(catalogue.nearest("cheatshets"), Some("cheatsheets"));
}

#[test]
fn readers_are_read() {
    let read = |text: &str| parse_reader(text, &catalogue(), &dates, at(700_000));
    let member = |held: Vec<Entitlement>| Reader::Member(held);
    assert_eq!(read("visitor").unwrap(), (Reader::Visitor, at(700_000)));
    assert_eq!(read("visitor@2026-12-03").unwrap(), (Reader::Visitor, at(300)));
    assert_eq!(read("pro").unwrap().0, member(vec![Entitlement::new(id("pro"), Timestamp::MIN)]));
    let held = vec![
        Entitlement { frozen: Some(at(1500)), ..Entitlement::new(id("basic"), at(0)) },
        Entitlement { until: Some(at(1500)), ..Entitlement::new(id("rust-course"), at(200)) },
    ];
    assert_eq!(
        read("bronze/30d!frozen + rust-course/2026-12-02!expired@2026-12-15").unwrap(),
        (member(held), at(1500))
    );
    let held = vec![
        Entitlement::new(id("rust-course"), at(613_600)),
        Entitlement::new(id("cheatsheets"), at(300)),
        Entitlement::new(id("free"), at(300)),
    ];
    assert_eq!(read("rust-course/24h+cheatsheets/2026-12-03").unwrap().0, member(held));
    let fails = |text: &str, message: &str| assert_eq!(read(text).unwrap_err().to_string(), message, "{text}");
    fails("", "a reader is `visitor`, or tiers and bundles joined by `+`");
    fails("prro", "unknown tier or bundle `prro`, did you mean `pro`?");
    fails("pro/soon", "`soon` is neither a date nor a length such as `30d`");
    fails("pro@soon", "`soon` is neither a date nor a length such as `30d`");
    fails("pro!gone", "unknown state `!gone`: there are `!frozen` and `!expired`");
    fails("visitor+pro", "a visitor has no tiers and no bundles");
}

/// What the chains are when everything is compared with everything.
fn naive_chains(clauses: &BTreeSet<Clause>) -> Vec<Vec<Clause>> {
    let rule = |clause: &Clause| Rule::from(clause.clone());
    let weaker = |clause: &Clause| clauses.iter().filter(|other| rule(clause).implies(&rule(other))).count();
    let mut order: Vec<&Clause> = clauses.iter().collect();
    order.sort_by(|a, b| weaker(b).cmp(&weaker(a)).then_with(|| a.cmp(b)));
    let mut chains: Vec<Vec<Clause>> = Vec::new();
    for clause in order {
        match chains.iter_mut().find(|chain| rule(chain.last().unwrap()).implies(&rule(clause))) {
            Some(chain) => chain.push(clause.clone()),
            None => chains.push(vec![clause.clone()]),
        }
    }
    chains
}

#[test]
fn chains_are_those_of_all_comparisons() {
    proptest!(config(600), |(rules in prop::collection::vec(some_rule(3), 0..8))| {
        let clauses: BTreeSet<Clause> = rules.iter().flat_map(Rule::clauses).cloned().collect();
        prop_assert_eq!(chains(&clauses), naive_chains(&clauses));
    });
}
