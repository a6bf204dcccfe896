//! Kinds of readers: a visitor, a member of each tier, a holder of each bundle with the default tier; and all the moments of
//! their memberships that differ for some rules.
//!
//! Rules change for one kind of reader at finitely many instants and ages only, so that trying those is exact.

use std::collections::BTreeSet;

use crate::access::catalogue::Catalogue;
use crate::access::entitlement::Entitlement;
use crate::access::rule::Rule;
use crate::id::Id;
use crate::time::{Length, Timestamp};

/// A kind of reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kind {
    /// `visitor`, or the id of what is held.
    pub name: String,
    /// What is held: nothing, a tier, a bundle with the default tier.
    pub ids: Vec<Id>,
}

/// A reader of some kind at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The instant.
    pub now: Timestamp,
    /// What is held, and since when.
    pub held: Vec<Entitlement>,
}

/// All kinds, the visitor first, then tiers from the lowest, then bundles.
#[must_use]
pub fn kinds(catalogue: &Catalogue) -> Vec<Kind> {
    let visitor = Kind { name: "visitor".to_owned(), ids: Vec::new() };
    let tiers = catalogue.tiers().iter().map(|tier| Kind { name: tier.id.to_string(), ids: vec![tier.id.clone()] });
    let bundles = catalogue.bundles().iter().map(|bundle| Kind {
        name: bundle.id.to_string(),
        ids: std::iter::once(&bundle.id).chain(catalogue.default_tier()).cloned().collect(),
    });
    std::iter::once(visitor).chain(tiers).chain(bundles).collect()
}

impl Kind {
    /// Somebody of this kind for whom all drips have passed.
    #[must_use]
    pub fn long_since(&self, now: Timestamp) -> Moment {
        Moment { now, held: self.ids.iter().map(|id| Entitlement::new(id.clone(), Timestamp::MIN)).collect() }
    }

    /// Moments at or after `clock`, one at least of each sort that these rules tell apart.
    #[must_use]
    pub fn moments(&self, rules: &[&Rule], clock: Timestamp) -> Vec<Moment> {
        let thresholds = Thresholds::of(rules);
        let mut moments = Vec::new();
        for now in thresholds.instants(clock) {
            let starts = thresholds.starts(now);
            let mut held: Vec<Vec<Entitlement>> = vec![Vec::new()];
            for id in &self.ids {
                let with = |held: &Vec<Entitlement>| {
                    let more = starts.iter().map(|since| Entitlement::new(id.clone(), *since));
                    more.map(|more| held.iter().cloned().chain([more]).collect()).collect::<Vec<_>>()
                };
                held = held.iter().flat_map(with).collect();
            }
            moments.extend(held.into_iter().map(|held| Moment { now, held }));
        }
        moments
    }

    /// How long somebody of this kind waits for a rule, windows aside; none where it never holds.
    #[must_use]
    pub fn wait(&self, rule: &Rule) -> Option<Length> {
        let opened = |any: &[Id]| self.ids.iter().any(|id| any.contains(id));
        let mine = rule.clauses().iter().filter(|clause| clause.all.iter().all(|need| opened(&need.any)));
        mine.map(|clause| clause.all.iter().map(|need| need.after).max().unwrap_or_default()).min()
    }
}

/// What rules tell readers apart by.
struct Thresholds {
    bounds: BTreeSet<Timestamp>,
    ages: BTreeSet<Length>,
    joined: BTreeSet<Timestamp>,
}

impl Thresholds {
    fn of(rules: &[&Rule]) -> Self {
        let needs = || rules.iter().flat_map(|rule| rule.clauses()).flat_map(|clause| &clause.all);
        Self {
            bounds: rules.iter().flat_map(|rule| rule.bounds()).collect(),
            ages: needs().map(|need| need.after).collect(),
            joined: needs().filter_map(|need| need.joined_before).collect(),
        }
    }

    fn instants(&self, clock: Timestamp) -> BTreeSet<Timestamp> {
        let joined = self.joined.iter().flat_map(|date| self.ages.iter().map(|age| date.after(*age)));
        let instants = self.bounds.iter().chain(&self.joined).copied().chain(joined);
        instants.filter(|instant| *instant > clock).chain([clock]).collect()
    }

    fn starts(&self, now: Timestamp) -> BTreeSet<Timestamp> {
        let before = |seconds: i64| Timestamp::saturating(now.seconds().saturating_sub(seconds));
        let ages = self.ages.iter().map(|age| age.seconds());
        let aged = ages.flat_map(|age| [before(age), before((age - 1).max(0))]);
        let joined = self.joined.iter().flat_map(|date| [Timestamp::saturating(date.seconds() - 1), *date]);
        let starts = aged.chain(joined).chain([Timestamp::MIN, now]);
        starts.filter(|start| *start <= now).collect()
    }
}

/// How many tiers and bundles are named one by one.
const MOST_NAMED: usize = 6;

/// Kinds in words: `visitors and members with basic or pro`.
#[must_use]
pub fn words<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> String {
    let (members, visitors): (Vec<&Kind>, Vec<&Kind>) = kinds.into_iter().partition(|kind| !kind.ids.is_empty());
    let mut ids: Vec<String> = members.iter().map(|kind| format!("`{}`", kind.name)).collect();
    if ids.len() > MOST_NAMED {
        let more = ids.split_off(MOST_NAMED - 1).len();
        ids.push(format!("{more} others"));
    }
    let ids = match ids.split_last() {
        Some((last, [])) => format!("members with {last}"),
        Some((last, others)) => format!("members with {} or {last}", others.join(", ")),
        None => String::new(),
    };
    match (visitors.is_empty(), ids.is_empty()) {
        (false, true) => "visitors".to_owned(),
        (false, false) => format!("visitors and {ids}"),
        (true, _) => ids,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rule::{Clause, Need};

    fn rule(after: &str, from: Option<i64>, joined_before: Option<i64>) -> Rule {
        let instant = |seconds: Option<i64>| seconds.map(Timestamp::saturating);
        let any = vec!["basic".parse().unwrap()];
        let need = Need { after: after.parse().unwrap(), any, joined_before: instant(joined_before), kept: None };
        Rule::of(Clause { all: vec![need], from: instant(from), until: None })
    }

    /// Every combination of answers that some start and some instant give is met by a moment.
    #[test]
    fn moments_miss_no_combination() {
        let rules = [rule("2h", None, None), rule("3h", Some(30_000), None), rule("1h", None, Some(25_000))];
        let rules: Vec<&Rule> = rules.iter().collect();
        let kind = Kind { name: "basic".to_owned(), ids: vec!["basic".parse().unwrap()] };
        let clock = Timestamp::saturating(20_000);
        let answers =
            |held: &[Entitlement], now| rules.iter().map(|rule| rule.holds_with(held, now, now)).collect::<Vec<_>>();
        let met: BTreeSet<_> = kind.moments(&rules, clock).iter().map(|one| answers(&one.held, one.now)).collect();
        for now in (20_000..60_000).step_by(100) {
            for since in (0..=now).step_by(100) {
                let held = [Entitlement::new(kind.ids[0].clone(), Timestamp::saturating(since))];
                let answer = answers(&held, Timestamp::saturating(now));
                assert!(met.contains(&answer), "{answer:?} at {now} since {since}");
            }
        }
    }
}
