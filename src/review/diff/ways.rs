//! The difference between two rules: for whom one holds and the other does not.
//!
//! The answer is exact. A rule is cut where windows of the other begin and end; in each piece every clause is taken apart
//! by the ids that meet it, and what the other rule lets in is taken away: an id that it lets in too is dropped, one that it
//! lets in later or earlier is limited to the ages between. What cannot be said of one entitlement alone is named as what
//! the readers do not hold besides ([`Way::without`]). Nothing is tried out on samples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::entitlement::Entitlement;
use crate::access::rule::{Clause, Need, Rule};
use crate::id::Id;
use crate::time::{Length, Timestamp};

/// Some of the readers for whom something differs, for some of the time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Way {
    /// Who, in words.
    pub words: String,
    /// What they hold, all of it. With nothing it is everybody; or visitors, where `visitors` says so.
    pub needs: Vec<Held>,
    /// Whether only those who hold nothing are meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub visitors: bool,
    /// What they do not hold as well: none of these sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Vec<Held>>,
    /// From when on; none where it is so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when; none where it stays so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What they meet, and what they do not: the exact set that the fields above describe.
    #[serde(skip)]
    exact: (Clause, Arc<Rule>),
}

/// An entitlement that somebody holds, within limits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
pub struct Held {
    /// One of these.
    pub any: Vec<Id>,
    /// For at least so long, in seconds.
    pub at_least: Length,
    /// For less than so long, in seconds; and none of them for longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<Length>,
    /// Begun at this instant or later; and none of them before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_from: Option<Timestamp>,
    /// Begun before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_before: Option<Timestamp>,
    /// Only where it was frozen before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen_before: Option<Timestamp>,
}

/// The ids of today, tiers from the lowest.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Of the manifest that comes after.
    pub(super) tiers: Vec<Id>,
    /// Of the manifest before.
    pub(super) former_tiers: Vec<Id>,
    /// Of either.
    pub(super) bundles: Vec<Id>,
}

impl Names {
    pub(super) fn is_tier(&self, id: &Id) -> bool {
        self.tiers.contains(id) || self.former_tiers.contains(id)
    }

    pub(super) fn is_bundle(&self, id: &Id) -> bool {
        self.bundles.contains(id)
    }

    /// Whether an id is one of today, and not a former one.
    pub(super) fn knows(&self, id: &Id) -> bool {
        self.is_tier(id) || self.is_bundle(id)
    }

    /// All tiers, or all bundles where there are no tiers: what somebody holds who is no visitor.
    fn members(&self) -> Vec<Id> {
        let tiers: BTreeSet<&Id> = self.tiers.iter().chain(&self.former_tiers).collect();
        let ids: Vec<Id> = tiers.into_iter().cloned().collect();
        if ids.is_empty() { self.bundles.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect() } else { ids }
    }
}

impl Way {
    /// Whether these entitlements at this instant are among those that are meant. Exact, where the rules were.
    #[must_use]
    pub fn covers(&self, held: &[Entitlement], now: Timestamp) -> bool {
        let (meets, not) = &self.exact;
        self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
            && Rule::of(meets.clone()).holds_with(held, now, now)
            && !not.holds_with(held, now, now)
    }

    /// Whether it is about the ages between two drips, and nothing else sets these readers apart.
    #[must_use]
    pub fn by_drip(&self) -> bool {
        self.needs.iter().any(|held| held.below.is_some())
    }
}

/// For whom, and when from `clock` on, `rule` holds and `minus` does not.
pub(super) fn difference((rule, minus): (&Rule, &Rule), clock: Timestamp, names: &Names) -> Vec<Way> {
    if rule.implies(minus) {
        return Vec::new();
    }
    let not = Arc::new(minus.clone());
    let mut ways = Vec::new();
    for clause in rule.clauses() {
        for (from, until) in pieces(clause, minus, clock) {
            let others = minus.clauses().iter().filter(|other| spans(other, (from, until)));
            let piece = Piece {
                clause: cut(clause, (from, until)),
                others: others.map(|other| cut(other, (from, until))).collect(),
                names,
            };
            let parts = piece.parts().into_iter().map(|part| Way {
                words: String::new(),
                needs: part.needs,
                visitors: part.visitors,
                without: part.without,
                from: Some(from).filter(|from| *from > clock),
                until,
                exact: (Clause { all: part.exact, ..clause.clone() }, Arc::clone(&not)),
            });
            ways.extend(parts);
        }
    }
    let mut ways = joined(ways);
    for way in &mut ways {
        way.words = super::words::way(way, names);
    }
    ways
}

type Window = (Timestamp, Option<Timestamp>);

/// The window of a clause from `clock` on, cut where clauses of a rule begin and end.
fn pieces(clause: &Clause, minus: &Rule, clock: Timestamp) -> Vec<Window> {
    let start = clause.from.map_or(clock, |from| from.max(clock));
    let inside = |bound: &Timestamp| start < *bound && clause.until.is_none_or(|until| *bound < until);
    let mut starts = vec![start];
    starts.extend(minus.bounds().into_iter().filter(inside));
    let ends: Vec<Option<Timestamp>> = starts.iter().skip(1).copied().map(Some).chain([clause.until]).collect();
    starts.into_iter().zip(ends).collect()
}

/// Whether the window of a clause covers another one.
fn spans(clause: &Clause, (from, until): Window) -> bool {
    clause.from.is_none_or(|start| start <= from)
        && clause.until.is_none_or(|end| until.is_some_and(|until| until <= end))
}

/// A clause within a smaller window; what counts of frozen entitlements stays as it was.
fn cut(clause: &Clause, (from, until): Window) -> Clause {
    let all = clause.all.iter().map(|need| Need { kept: Some(clause.floor(need)), ..need.clone() }).collect();
    Clause { all, from: Some(from), until }
}

/// Ways that differ in their windows alone, and whose windows meet, are one.
fn joined(ways: Vec<Way>) -> Vec<Way> {
    let mut found: Vec<Way> = Vec::new();
    for way in ways {
        let same = |known: &&mut Way| {
            known.needs == way.needs
                && known.visitors == way.visitors
                && known.without == way.without
                && known.exact == way.exact
                && known.until.is_some()
                && known.until == way.from
        };
        match found.iter_mut().find(same) {
            Some(known) => known.until = way.until,
            None => found.push(way),
        }
    }
    found
}

/// A clause, and the clauses of the other rule that hold for somebody all the time of its window.
struct Piece<'a> {
    clause: Clause,
    others: Vec<Clause>,
    names: &'a Names,
}

/// Readers of a piece.
struct Part {
    needs: Vec<Held>,
    visitors: bool,
    without: Vec<Vec<Held>>,
    /// The needs of the clause, with their ids cut down.
    exact: Vec<Need>,
}

/// What the other rule leaves of an id: some of the ages, of the starts, of the frozen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct Limits {
    below: Option<Length>,
    joined_from: Option<Timestamp>,
    frozen_before: Option<Timestamp>,
}

/// A need cut down to ids with the same limits.
#[derive(Clone)]
struct Cut {
    need: Need,
    limits: Limits,
}

impl Piece<'_> {
    fn parts(&self) -> Vec<Part> {
        if self.is_empty(&self.clause.all) {
            return Vec::new();
        }
        if !self.clause.all.is_empty() {
            return self.by_ids();
        }
        if self.others.is_empty() {
            return vec![Part { needs: Vec::new(), visitors: false, without: Vec::new(), exact: Vec::new() }];
        }
        // Everybody but some: visitors, and those members who are not let in by the other rule.
        let visitors = Part { needs: Vec::new(), visitors: true, without: Vec::new(), exact: Vec::new() };
        let any = self.names.members();
        let member = Need { after: Length::ZERO, any, joined_before: None, kept: Some(Timestamp::MIN) };
        std::iter::once(visitors).chain(self.with(vec![member]).parts()).collect()
    }

    /// The piece for those who meet other needs.
    fn with(&self, all: Vec<Need>) -> Self {
        Piece { clause: Clause { all, ..self.clause.clone() }, others: self.others.clone(), names: self.names }
    }

    /// Whether the other rule lets in everybody who meets these needs.
    fn is_empty(&self, needs: &[Need]) -> bool {
        let these = Rule::of(Clause { all: needs.to_vec(), ..self.clause.clone() });
        these.implies(&Rule::from(self.others.clone()))
    }

    fn implied(&self, strong: &Need, weak: &Need) -> bool {
        let rule = |need: &Need| Rule::of(Clause { all: vec![need.clone()], ..self.clause.clone() });
        rule(strong).implies(&rule(weak))
    }

    /// The other clauses, less what everybody in the piece meets.
    fn besides(&self) -> Vec<Vec<Need>> {
        let left = |other: &Clause| -> Vec<Need> {
            let met = |weak: &&Need| !self.clause.all.iter().any(|strong| self.implied(strong, weak));
            other.all.iter().filter(met).cloned().collect()
        };
        let found: BTreeSet<Vec<Need>> = self.others.iter().map(left).collect();
        let found: Vec<Vec<Need>> = found.into_iter().collect();
        let rule = |needs: &[Need]| Rule::of(Clause { all: needs.to_vec(), ..self.clause.clone() });
        let rules: Vec<Rule> = found.iter().map(|needs| rule(needs)).collect();
        let said = |number: usize| {
            let own = rules.get(number);
            rules.iter().enumerate().any(|(other, rule)| {
                let weaker = other != number && own.is_some_and(|own| own.implies(rule));
                weaker && (other < number || !own.is_some_and(|own| rule.implies(own)))
            })
        };
        found.iter().enumerate().filter(|(number, _)| !said(*number)).map(|(_, needs)| needs.clone()).collect()
    }

    /// Every combination of ids that the other rule treats alike, each taken apart again until nothing is left to say.
    fn by_ids(&self) -> Vec<Part> {
        let besides = self.besides();
        let mut combinations: Vec<Vec<Cut>> = vec![Vec::new()];
        for need in &self.clause.all {
            let cuts = self.cuts(need, &besides);
            let longer = |combination: &Vec<Cut>| {
                let with = |cut: &Cut| combination.iter().chain([cut]).cloned().collect::<Vec<_>>();
                cuts.iter().map(with).collect::<Vec<_>>()
            };
            combinations = combinations.iter().flat_map(longer).collect();
        }
        let mut parts = Vec::new();
        for combination in combinations {
            let exact: Vec<Need> = combination.iter().map(|cut| cut.need.clone()).collect();
            if self.is_empty(&exact) {
                continue;
            }
            if exact == self.clause.all {
                parts.push(self.part(&combination, &besides));
            } else {
                parts.extend(self.with(exact).by_ids());
            }
        }
        parts
    }

    /// A need, taken apart by what the other rule leaves of each id.
    fn cuts(&self, need: &Need, besides: &[Vec<Need>]) -> Vec<Cut> {
        let is_tier = |id: &Id| self.names.is_tier(id);
        // Of another tier is to be spoken to those who come by a bundle, and not to those who come by a tier.
        let another = |other: &Need| other.any.iter().any(|id| is_tier(id) && !need.any.contains(id));
        let apart = besides.iter().flatten().any(another);
        let mut groups: BTreeMap<(bool, Limits), Vec<Id>> = BTreeMap::new();
        for id in &need.any {
            let alone = Need { any: vec![id.clone()], ..need.clone() };
            if let Some(limits) = self.limits(&alone, besides) {
                groups.entry((apart && self.names.is_bundle(id), limits)).or_default().push(id.clone());
            }
        }
        let cut = |((_, limits), any)| Cut { need: Need { any, ..need.clone() }, limits };
        groups.into_iter().map(cut).collect()
    }

    /// What is left of a need of one id; none where the other rule lets in whoever meets it.
    fn limits(&self, alone: &Need, besides: &[Vec<Need>]) -> Option<Limits> {
        let mut limits = Limits::default();
        for other in besides {
            let [other] = other.as_slice() else { continue };
            if !alone.any.iter().all(|id| other.any.contains(id)) {
                continue;
            }
            if self.implied(alone, other) {
                return None;
            }
            // Where all but one condition of the other need is met anyway, the other rule lets in by that one alone.
            if self.implied(alone, &Need { after: Length::ZERO, ..other.clone() }) {
                limits.below = Some(limits.below.map_or(other.after, |below| below.min(other.after)));
            } else if self.implied(alone, &Need { joined_before: None, ..other.clone() }) {
                limits.joined_from = limits.joined_from.max(other.joined_before);
            } else if self.implied(alone, &Need { kept: Some(Timestamp::MIN), ..other.clone() }) {
                let floor = other.kept.unwrap_or(Timestamp::MIN);
                limits.frozen_before = Some(limits.frozen_before.map_or(floor, |before| before.min(floor)));
            }
        }
        Some(limits)
    }

    fn part(&self, cuts: &[Cut], besides: &[Vec<Need>]) -> Part {
        let without: BTreeSet<Vec<Held>> = besides.iter().filter_map(|other| self.spoken(other, cuts)).collect();
        let needs = cuts.iter().map(|cut| Held {
            below: cut.limits.below,
            joined_from: cut.limits.joined_from,
            frozen_before: cut.limits.frozen_before,
            ..Held::from(&cut.need)
        });
        let exact = cuts.iter().map(|cut| cut.need.clone()).collect();
        Part { needs: needs.collect(), visitors: false, without: without.into_iter().collect(), exact }
    }

    /// What has to be said of another clause: nothing, where ids and limits have said it already.
    fn spoken(&self, other: &[Need], cuts: &[Cut]) -> Option<Vec<Held>> {
        let has_tier = cuts.iter().any(|cut| cut.need.any.iter().any(|id| self.names.is_tier(id)));
        let held = |need: &Need| {
            let said = |id: &&Id| {
                let own = cuts.iter().any(|cut| cut.need.any.contains(id));
                // A member has one tier: who is said to have some has no other.
                let other_tier = has_tier && !own && !self.names.is_bundle(id);
                let limited = other.len() == 1 && cuts.iter().any(|cut| self.is_limited_by(cut, id, need));
                other_tier || limited
            };
            let any: Vec<Id> = need.any.iter().filter(|id| !said(id)).cloned().collect();
            let former = !any.iter().any(|id| self.names.knows(id)) && need.any.iter().any(|id| self.names.knows(id));
            Some(Held { any, ..Held::from(need) }).filter(|held| !held.any.is_empty() && !former)
        };
        other.iter().map(held).collect()
    }

    /// Whether the limits of a cut say all that another need does to one of its ids.
    fn is_limited_by(&self, cut: &Cut, id: &Id, need: &Need) -> bool {
        if !cut.need.any.contains(id) {
            return false;
        }
        let alone = Need { any: vec![id.clone()], ..cut.need.clone() };
        self.limits(&alone, &[vec![need.clone()]]).is_none_or(|limits| limits != Limits::default())
    }
}

impl From<&Need> for Held {
    fn from(need: &Need) -> Self {
        let Need { after, any, joined_before, kept: _ } = need.clone();
        Self { any, at_least: after, below: None, joined_from: None, joined_before, frozen_before: None }
    }
}
