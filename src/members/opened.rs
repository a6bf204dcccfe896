//! What opens for a member as time passes: drips that are over, and releases.
//!
//! What opens because something was bought is not told page by page: the purchase was told. The decision is
//! [`edge::decide`]'s and nobody else's; this only finds the instants at which it can change.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Event;
use super::fold::fold;
use super::member::{Member, Rules};
use super::notification::{Notification, Topic, walk};
use crate::access::entitlement::{Entitlement, Reader};
use crate::edge::{self, Outcome};
use crate::manifest::Manifest;
use crate::time::Timestamp;

/// The pages that open for a member between two instants, by a drip or a release: those after `from`, up to and with `to`.
#[must_use]
pub fn opened(
    events: &[Event],
    rules: &Rules<'_>,
    (from, to): (Timestamp, Timestamp),
    manifest: &Manifest,
) -> Vec<Notification> {
    let site = Pages::of(manifest);
    let max = manifest.token.as_ref().map_or(usize::MAX, |token| token.max_entitlements as usize);
    let entries = |member: &Member| member.entitlements(rules, max);
    // What is held from each instant on at which that changes.
    let mut spans = vec![(from, entries(&fold(events, rules, from)))];
    walk(events, rules, (from, to), &mut |_, member, at| spans.push((at, entries(member))));
    let mut told = Vec::new();
    let ends = spans.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
    let mut before: Option<&Vec<Entitlement>> = None;
    for ((begins, held), end) in spans.iter().zip(ends) {
        for at in site.instants(held) {
            let within = *begins <= at && end.map_or(at <= to, |end| at < end) && from < at;
            if within {
                told.extend(site.told(held, before.filter(|_| at == *begins).unwrap_or(held), at));
            }
        }
        before = Some(held);
    }
    told
}

/// The pages of a manifest by the policies that decide about them.
pub(super) struct Pages<'a> {
    manifest: &'a Manifest,
    /// A policy with one page that stands for all of its pages, and those pages.
    policies: BTreeMap<usize, (&'a str, Vec<&'a str>)>,
}

impl<'a> Pages<'a> {
    pub(super) fn of(manifest: &'a Manifest) -> Self {
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
        Self { manifest, policies }
    }

    /// The instants at which something can open for somebody who holds this.
    pub(super) fn instants(&self, held: &[Entitlement]) -> BTreeSet<Timestamp> {
        let policies = self.policies.keys().filter_map(|policy| self.manifest.policies.get(*policy));
        let rules: BTreeSet<usize> =
            policies.flat_map(|policy| policy.variants.iter().take(policy.open)).copied().collect();
        let clauses = rules.iter().filter_map(|rule| self.manifest.rules.get(*rule)).flat_map(|rule| rule.clauses());
        let mut instants = BTreeSet::new();
        for clause in clauses {
            instants.extend(clause.from);
            for need in &clause.all {
                let fits = held.iter().filter(|held| need.any.binary_search(&held.value).is_ok());
                instants.extend(fits.map(|held| held.since.after(need.after)));
            }
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
        let [now, then, was] = [begun, held.to_vec(), before.to_vec()].map(Reader::Member);
        let mut paths: Vec<String> = Vec::new();
        for (sample, pages) in self.policies.values() {
            let open = |reader: &Reader, at| outcome(self.manifest, sample, reader, at) == Outcome::Open;
            if open(&now, at) && !open(&then, earlier) && !open(&was, earlier) {
                paths.extend(pages.iter().map(|path| (*path).to_owned()));
            }
        }
        paths.sort_unstable();
        (!paths.is_empty()).then(|| Notification { paths, ..Notification::plain(Topic::ContentOpened, at) })
    }
}

fn outcome(manifest: &Manifest, path: &str, reader: &Reader, now: Timestamp) -> Outcome {
    let target = edge::canonical::encode(path);
    let request = edge::Request { method: "GET", target: target.as_bytes(), reader, now, html_navigation: false };
    edge::decide(manifest, &request).outcome
}
