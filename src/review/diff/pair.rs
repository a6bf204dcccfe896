//! Two manifests beside each other: who could open what, and who can now.

use std::collections::{BTreeMap, BTreeSet};

use super::texts::Said;
use super::ways::{Names, Way, difference};
use super::{Access, Brought, Compared, Parts, Windows, lines};
use crate::access::catalogue::Cancellation;
use crate::access::rule::{Clause, Need, Rule};
use crate::digest::ObjectName;
use crate::id::Id;
use crate::manifest::{Kind, Manifest, Otherwise, Policy, Route};
use crate::time::Timestamp;

/// Two manifests, and what was found out of their policies.
pub(super) struct Pair<'a> {
    pub(super) before: Side<'a>,
    pub(super) after: Side<'a>,
    pub(super) clock: Timestamp,
    pub(super) names: Names,
}

/// A manifest with the rules that count, settled at one clock.
pub(super) struct Side<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) said: Option<Said<'a>>,
    rules: Vec<Rule>,
    /// For each policy: who may open, and who may know.
    pub(super) policies: Vec<(Rule, Rule)>,
}

impl<'a> Pair<'a> {
    pub(super) fn new(old: Compared<'a>, new: Compared<'a>, clock: Timestamp) -> Self {
        let (before, after) = (old.manifest, new.manifest);
        let cancellation = if keeps(before) || keeps(after) { Cancellation::KeepUnlocked } else { Cancellation::Hard };
        let ids = |manifest: &Manifest, kind: Kind| -> Vec<Id> {
            let controls = manifest.access_controls.iter().filter(|control| control.kind == kind);
            controls.map(|control| control.id.clone()).collect()
        };
        let mut bundles = ids(after, Kind::Bundle);
        bundles.extend(ids(before, Kind::Bundle));
        let names = Names { tiers: ids(after, Kind::Tier), former_tiers: ids(before, Kind::Tier), bundles };
        let side = |compared| Side::new(compared, cancellation, clock);
        Self { before: side(old), after: side(new), clock, names }
    }

    pub(super) fn difference(&self, rule: &Rule, minus: &Rule) -> Vec<Way> {
        difference((rule, minus), self.clock, &self.names)
    }

    /// For whom two policies differ; of what is on one side alone, who can open it.
    pub(super) fn access(&self, before: Option<usize>, after: Option<usize>) -> Access {
        let nobody = (Rule::nobody(), Rule::nobody());
        let (was, knew) = before.and_then(|policy| self.before.policies.get(policy)).unwrap_or(&nobody);
        let (is, knows) = after.and_then(|policy| self.after.policies.get(policy)).unwrap_or(&nobody);
        if before.is_none() || after.is_none() {
            let (opened, closed) = (self.difference(is, was), self.difference(was, is));
            return Access { opened, closed, ..Access::default() };
        }
        let lost = self.difference(was, is);
        let (relocked, closed) = lost.into_iter().partition(Way::by_drip);
        Access {
            opened: self.difference(is, was),
            closed,
            relocked,
            revealed: self.difference(knows, &knew.or(is)),
            concealed: self.difference(knew, &knows.or(was)),
            windows: windows(was, is),
        }
    }

    /// What shows in parts of a page, or in what stands in its place, to those who were given it and still are.
    pub(super) fn parts(&self, before: (&str, &Route), after: (&str, &Route)) -> Option<Parts> {
        let mut parts = Parts::default();
        for open in [true, false] {
            let (old, new) = (self.before.forms(before.1, open), self.after.forms(after.1, open));
            if old.len().max(new.len()) > 1 {
                self.same_forms((&old, &new), &mut parts);
            }
            // Of what stands in place of a page only the same bytes tell anything: a drip makes a waiting form, and takes it.
            if open && self.said().is_none() {
                self.other_forms((&old, &new), &mut parts);
            }
        }
        self.same_texts((before.0, before.1.policy), (after.0, after.1.policy), &mut parts);
        dedup(&mut parts.opened);
        dedup(&mut parts.closed);
        (parts != Parts::default()).then_some(parts)
    }

    /// What a new path gives of what was there before, under any path, to those who were given it nowhere.
    pub(super) fn again(&self, readers: &Readers<'_>, route: &Route) -> Option<Parts> {
        let mut parts = Parts::default();
        for (object, rule) in self.after.forms(route, true) {
            if let Some((before, _)) = readers.get(object) {
                parts.opened.extend(self.difference(&rule, before));
            }
        }
        dedup(&mut parts.opened);
        (parts != Parts::default()).then_some(parts)
    }

    /// What a path gives that was there before under other paths alone, to those who were given it nowhere.
    pub(super) fn bytes_from_elsewhere(&self, readers: &Readers<'_>, before: &Route, after: &Route) -> Vec<Brought> {
        if before.objects == after.objects {
            return Vec::new();
        }
        let forms = self.after.forms(after, true).into_iter().filter(|(object, _)| !before.objects.contains(object));
        let brought = forms.filter_map(|(object, rule)| {
            let (had, was) = readers.get(object)?;
            let opened = self.difference(&rule, had);
            let readers = lines::list(&self.difference(had, &Rule::nobody()));
            let readers = if readers.is_empty() { "nobody".to_owned() } else { readers };
            (!opened.is_empty()).then(|| Brought { was: (*was).to_owned(), readers, opened })
        });
        brought.collect()
    }

    /// Who is given forms now that were there before, and who is not.
    fn same_forms(&self, (old, new): (&Forms<'_>, &Forms<'_>), parts: &mut Parts) {
        let (was, is) = (Rule::any(old.values()), Rule::any(new.values()));
        for (object, rule) in new {
            if let Some(before) = old.get(*object) {
                parts.opened.extend(self.difference(&rule.and(&was), before));
                parts.closed.extend(self.difference(&before.and(&is), rule));
            }
        }
    }

    /// For whom there were and are forms of which there is no other with the same bytes.
    fn other_forms(&self, (old, new): (&Forms<'_>, &Forms<'_>), parts: &mut Parts) {
        let (was, is) = (Rule::any(old.values()), Rule::any(new.values()));
        // What everybody is given who is given any form is no part of it.
        let unlike = |forms: &Forms<'_>, others: &Forms<'_>, whole: &Rule| -> Vec<String> {
            let unlike = forms.iter().filter(|(object, rule)| !others.contains_key(*object) && *rule != whole);
            let rules: BTreeSet<&Rule> = unlike.map(|(_, rule)| rule).collect();
            rules.into_iter().map(|rule| lines::list(&self.difference(rule, &Rule::nobody()))).collect()
        };
        let (gone, come) = (unlike(old, new, &was), unlike(new, old, &is));
        if gone != come {
            parts.before.extend(gone);
            parts.after.extend(come);
        }
    }
}

/// Forms of a path: each object, and who may have it.
type Forms<'a> = BTreeMap<&'a ObjectName, Rule>;

/// Who is given each object, under any path, and the first path that gives it.
pub(super) type Readers<'a> = BTreeMap<&'a ObjectName, (Rule, &'a str)>;

pub(super) fn dedup(ways: &mut Vec<Way>) {
    let mut seen = BTreeSet::new();
    ways.retain(|way| seen.insert(way.words.clone()));
}

impl<'a> Side<'a> {
    /// Who is given each object.
    pub(super) fn readers(&self) -> Readers<'a> {
        let mut readers: BTreeMap<&'a ObjectName, (BTreeSet<Rule>, &'a str)> = BTreeMap::new();
        for (path, route) in self.routes() {
            for (object, rule) in [true, false].into_iter().flat_map(|open| self.forms(route, open)) {
                readers.entry(object).or_insert_with(|| (BTreeSet::new(), path)).0.insert(rule);
            }
        }
        readers.into_iter().map(|(object, (rules, path))| (object, (Rule::any(&rules), path))).collect()
    }

    pub(super) fn new(
        Compared { manifest, texts }: Compared<'a>,
        cancellation: Cancellation,
        clock: Timestamp,
    ) -> Self {
        let settle = |rule: &Rule| settled(rule, cancellation, clock);
        let said = texts.map(|texts| Said::new(texts, settle));
        let rules = manifest.rules.iter().map(settle).collect();
        let mut side = Self { manifest, said, rules, policies: Vec::new() };
        side.policies = manifest.policies.iter().map(|policy| (side.open(policy), side.known(policy, clock))).collect();
        side
    }

    pub(super) fn rules(&self, policy: &Policy) -> impl Iterator<Item = &Rule> {
        policy.variants.iter().filter_map(|rule| self.rules.get(*rule))
    }

    /// Who is served the thing itself.
    pub(super) fn open(&self, policy: &Policy) -> Rule {
        any(self.rules(policy).take(policy.open))
    }

    /// Who is not told that there is nothing.
    pub(super) fn known(&self, policy: &Policy, clock: Timestamp) -> Rule {
        let served = any(self.rules(policy));
        match policy.otherwise {
            Otherwise::Hidden => served,
            Otherwise::Denied => {
                // An edge looks at the windows as they stand in the manifest.
                let rules = policy.variants.iter().filter_map(|rule| self.manifest.rules.get(*rule));
                let open = |clause: &Clause| Clause { all: Vec::new(), ..clause.clone() };
                let windows = Rule::from(rules.flat_map(Rule::clauses).map(open).collect::<Vec<_>>());
                served.or(&windows.settled(clock, Cancellation::Hard))
            }
        }
    }

    /// The forms of a route: those that are the thing itself, or those in its place.
    pub(super) fn forms(&self, route: &'a Route, open: bool) -> Forms<'a> {
        let mut forms: Forms<'_> = BTreeMap::new();
        let Some(policy) = self.manifest.policies.get(route.policy) else { return forms };
        let (first, last) = if open { (0, policy.open) } else { (policy.open, policy.variants.len()) };
        for (object, rule) in route.objects.iter().zip(self.rules(policy)).take(last).skip(first) {
            let either = forms.get(object).map_or_else(|| rule.clone(), |known| known.or(rule));
            forms.insert(object, either);
        }
        forms
    }
}

/// A rule as it counts from the clock on. Where nothing is ever frozen, what only matters to the frozen is forgotten.
fn settled(rule: &Rule, cancellation: Cancellation, clock: Timestamp) -> Rule {
    let settled = rule.settled(clock, cancellation);
    if cancellation == Cancellation::KeepUnlocked {
        return settled;
    }
    let thaw = |need: &Need| Need { kept: Some(Timestamp::MIN), ..need.clone() };
    let thawed = |clause: &Clause| Clause { all: clause.all.iter().map(thaw).collect(), ..clause.clone() };
    Rule::from(settled.clauses().iter().map(thawed).collect::<Vec<_>>())
}

/// Any of some rules, of which the last is mostly the weakest: what it implies is not looked at again.
fn any<'a>(rules: impl Iterator<Item = &'a Rule>) -> Rule {
    let weaken = |all: Rule, rule: &&Rule| if rule.implies(&all) { all } else { all.or(rule) };
    let rules: Vec<&Rule> = rules.collect();
    rules.iter().rev().fold(Rule::nobody(), weaken)
}

/// Whether a manifest tells frozen entitlements apart, which only those of sites do that keep what was unlocked.
fn keeps(manifest: &Manifest) -> bool {
    let clauses = manifest.rules.iter().flat_map(Rule::clauses);
    let begun = |clause: &Clause| clause.from.is_some_and(|from| from <= manifest.clock);
    clauses
        .filter(|clause| !clause.all.is_empty())
        .any(|clause| begun(clause) || clause.all.iter().any(|need| need.kept.is_some()))
}

/// The dates of both, where nothing else differs.
fn windows(was: &Rule, is: &Rule) -> Option<Windows> {
    let bare = |rule: &Rule| {
        let all = |clause: &Clause| clause.all.iter().map(|need| Need { kept: None, ..need.clone() }).collect();
        let clauses = rule.clauses().iter().map(|clause| Clause { all: all(clause), from: None, until: None });
        Rule::from(clauses.collect::<Vec<_>>())
    };
    let spans = |rule: &Rule| -> Vec<String> {
        let span = |clause: &Clause| crate::review::dates::window(clause.from, clause.until).trim().to_owned();
        let spans: BTreeSet<String> = rule.clauses().iter().map(span).collect();
        spans.into_iter().map(|span| if span.is_empty() { "always".to_owned() } else { span }).collect()
    };
    let (before, after) = (spans(was), spans(is));
    let one = before.len() == 1 && after.len() == 1 && before != after;
    (one && bare(was) == bare(is)).then_some(Windows { before, after })
}
