//! What opens for a member as time passes: drips that are over, and releases.
//!
//! What opens because something was bought is not told page by page: the purchase was told. The decision is
//! [`edge::decide`]'s and nobody else's; this only finds the instants at which it can change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included, Unbounded};

use super::event::Event;
use super::fold::fold;
use super::member::{Member, Rules};
use super::notification::{Notification, Topic, walk};
use crate::access::entitlement::{Entitlement, Reader};
use crate::access::rule::Rule;
use crate::edge::{self, Outcome};
use crate::id::Id;
use crate::manifest::Manifest;
use crate::time::{Length, Timestamp};

/// The pages that open for a member between two instants, by a drip or a release: those after `from`, up to and with `to`.
#[must_use]
pub fn opened(
    events: &[Event],
    rules: &Rules<'_>,
    between: (Timestamp, Timestamp),
    manifest: &Manifest,
) -> Vec<Notification> {
    Pages::of(manifest).opened(events, rules, between)
}

/// The pages of a manifest by the policies that decide about them, and an index of when these can open for whom. Made once
/// for all members: what one of them costs is what opens for them, whatever else there is.
#[derive(Debug)]
pub struct Pages<'a> {
    manifest: &'a Manifest,
    /// A policy with one page that stands for all of its pages, and those pages.
    policies: BTreeMap<usize, (&'a str, Vec<&'a str>)>,
    /// The policies that ask for an id to be held for some time.
    drips: BTreeMap<&'a Id, BTreeMap<Length, BTreeSet<usize>>>,
    /// The policies that change at an instant, for those who hold an id; under no id for everybody.
    releases: BTreeMap<Option<&'a Id>, BTreeMap<Timestamp, BTreeSet<usize>>>,
}

impl<'a> Pages<'a> {
    /// Reads a manifest.
    #[must_use]
    pub fn of(manifest: &'a Manifest) -> Self {
        let mut policies: BTreeMap<usize, (&str, Vec<&str>)> = BTreeMap::new();
        for (path, route) in manifest.routes.iter().filter(|(path, _)| path.ends_with('/')) {
            if let Some((_, pages)) = policies.get_mut(&route.policy) {
                pages.push(path);
            } else if outcome(manifest, path, &Reader::Visitor, manifest.clock) != Outcome::Passthrough {
                policies.insert(route.policy, (path, vec![path]));
            }
        }
        // What is the same for everybody opens for nobody in particular.
        policies.retain(|policy, _| {
            let rules = manifest.policies.get(*policy).map(|policy| policy.variants.iter());
            rules.into_iter().flatten().filter_map(|rule| manifest.rules.get(*rule)).any(|rule| !rule.same_for_all())
        });
        let mut pages = Self { manifest, policies, drips: BTreeMap::new(), releases: BTreeMap::new() };
        pages.index();
        pages
    }

    fn index(&mut self) {
        for number in self.policies.keys().copied() {
            let Some(policy) = self.manifest.policies.get(number) else { continue };
            let rules = policy.variants.iter().take(policy.open).filter_map(|rule| self.manifest.rules.get(*rule));
            for clause in rules.flat_map(Rule::clauses) {
                // What needs no time opens with what was bought, and that was told.
                for need in clause.all.iter().filter(|need| need.after > Length::ZERO) {
                    for id in &need.any {
                        self.drips.entry(id).or_default().entry(need.after).or_default().insert(number);
                    }
                }
                let Some(from) = clause.from else { continue };
                let ids = clause.all.iter().flat_map(|need| &need.any).map(Some);
                let all = clause.all.is_empty().then_some(None);
                for id in ids.chain(all) {
                    self.releases.entry(id).or_default().entry(from).or_default().insert(number);
                }
            }
        }
    }

    /// The pages that open for a member between two instants: those after `from`, up to and with `to`.
    #[must_use]
    pub fn opened(&self, events: &[Event], rules: &Rules<'_>, (from, to): (Timestamp, Timestamp)) -> Vec<Notification> {
        let entries = |member: &Member| self.entries(member, rules);
        // What is held from each instant on at which that changes.
        let mut spans = vec![(from, entries(&fold(events, rules, from)))];
        walk(events, rules, (from, to), &mut |_, member, at| spans.push((at, entries(member))));
        let mut told = Vec::new();
        let ends = spans.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
        let mut before: Option<&Vec<Entitlement>> = None;
        for ((begins, held), end) in spans.iter().zip(ends) {
            for at in self.instants(held, (from, to)) {
                if *begins <= at && end.is_none_or(|end| at < end) {
                    told.extend(self.told(held, before.filter(|_| at == *begins).unwrap_or(held), at));
                }
            }
            before = Some(held);
        }
        told
    }

    /// The next instant at which something may open for a member, if nothing else happens until then.
    #[must_use]
    pub fn next(&self, member: &Member, rules: &Rules<'_>, now: Timestamp) -> Option<Timestamp> {
        let held = self.entries(member, rules);
        let drip = |held: &Entitlement| {
            let passed = Length::try_from(now.seconds().saturating_sub(held.since.seconds())).unwrap_or_default();
            let (after, _) = self.drips.get(&held.value)?.range((Excluded(passed), Unbounded)).next()?;
            Some(held.since.after(*after))
        };
        let release = |id: Option<&Id>| {
            let (at, _) = self.releases.get(&id)?.range((Excluded(now), Unbounded)).next()?;
            Some(*at)
        };
        let lasting = |held: &&Entitlement| held.until.is_none_or(|until| now < until);
        let own = held.iter().filter(lasting).flat_map(|held| [drip(held), release(Some(&held.value))]);
        own.chain([release(None)]).flatten().filter(|at| *at > now).min()
    }

    /// The same for manifests in which everything opens at the same instants.
    #[must_use]
    pub fn timetable(&self) -> String {
        let drips: Vec<_> = self.drips.iter().map(|(id, drips)| (id, drips.keys().collect::<Vec<_>>())).collect();
        let releases: Vec<_> =
            self.releases.iter().map(|(id, releases)| (id, releases.keys().collect::<Vec<_>>())).collect();
        format!("{drips:?}{releases:?}{:?}", self.manifest.token.as_ref().map(|token| token.max_entitlements))
    }

    /// The version of the manifest.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.manifest.version
    }

    fn entries(&self, member: &Member, rules: &Rules<'_>) -> Vec<Entitlement> {
        let max = self.manifest.token.as_ref().map_or(usize::MAX, |token| token.max_entitlements as usize);
        member.entitlements(rules, max)
    }

    /// The instants at which something can open for somebody who holds this: those after `from`, up to and with `to`.
    pub(super) fn instants(&self, held: &[Entitlement], (from, to): (Timestamp, Timestamp)) -> BTreeSet<Timestamp> {
        let mut instants = BTreeSet::new();
        if to <= from {
            return instants;
        }
        for held in held {
            let length = |at: Timestamp| at.seconds().saturating_sub(held.since.seconds());
            let (Some(drips), Ok(most)) = (self.drips.get(&held.value), Length::try_from(length(to).min(LONGEST)))
            else {
                continue;
            };
            let least = Length::try_from(length(from).clamp(0, LONGEST)).unwrap_or_default();
            if least < most {
                let drips = drips.range((Excluded(least), Included(most)));
                instants.extend(drips.map(|(after, _)| held.since.after(*after)));
            }
        }
        let ids = held.iter().map(|held| Some(&held.value)).chain([None]);
        for releases in ids.filter_map(|id| self.releases.get(&id)) {
            instants.extend(releases.range((Excluded(from), Included(to))).map(|(at, _)| *at));
        }
        instants
    }

    /// The pages that somebody who holds this has open at an instant.
    pub(super) fn open(&self, held: &[Entitlement], at: Timestamp) -> BTreeSet<String> {
        let reader = Reader::Member(held.to_vec());
        let open = |sample: &str| outcome(self.manifest, sample, &reader, at) == Outcome::Open;
        let pages = self.policies.values().filter(|(sample, _)| open(sample)).flat_map(|(_, pages)| pages);
        pages.map(|path| (*path).to_owned()).collect()
    }

    /// What opens at an instant, by time alone: neither was it open before, nor would it have been with what is held now.
    fn told(&self, held: &[Entitlement], before: &[Entitlement], at: Timestamp) -> Option<Notification> {
        let earlier = Timestamp::saturating(at.seconds() - 1);
        let begun: Vec<Entitlement> = held.iter().filter(|held| held.since < at).cloned().collect();
        let candidates = self.candidates(&begun, at);
        let [now, then, was] = [begun, held.to_vec(), before.to_vec()].map(Reader::Member);
        let mut paths: Vec<String> = Vec::new();
        for (sample, pages) in candidates.into_iter().filter_map(|policy| self.policies.get(&policy)) {
            let open = |reader: &Reader, at| outcome(self.manifest, sample, reader, at) == Outcome::Open;
            if open(&now, at) && !open(&then, earlier) && !open(&was, earlier) {
                paths.extend(pages.iter().map(|path| (*path).to_owned()));
            }
        }
        paths.sort_unstable();
        (!paths.is_empty()).then(|| Notification { paths, ..Notification::plain(Topic::ContentOpened, at) })
    }

    /// The policies of which something may begin to hold at an instant for somebody who holds this.
    fn candidates(&self, held: &[Entitlement], at: Timestamp) -> BTreeSet<usize> {
        let mut candidates = BTreeSet::new();
        for held in held {
            let after = Length::try_from(at.seconds().saturating_sub(held.since.seconds()));
            let drips = self.drips.get(&held.value).zip(after.ok()).and_then(|(drips, after)| drips.get(&after));
            candidates.extend(drips.into_iter().flatten());
        }
        let ids = held.iter().map(|held| Some(&held.value)).chain([None]);
        for releases in ids.filter_map(|id| self.releases.get(&id)) {
            candidates.extend(releases.get(&at).into_iter().flatten());
        }
        candidates
    }
}

/// The longest drip there is, in seconds.
const LONGEST: i64 = 36_500 * 86_400;

fn outcome(manifest: &Manifest, path: &str, reader: &Reader, now: Timestamp) -> Outcome {
    let target = edge::canonical::encode(path);
    let request = edge::Request { method: "GET", target: target.as_bytes(), reader, now, html_navigation: false };
    edge::decide(manifest, &request).outcome
}
