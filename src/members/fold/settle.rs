//! What all grants of a member together come to at an instant: which tier is in force, what is given in place of what
//! ended, what is refused, suspended and frozen.

use std::collections::BTreeSet;

use super::super::event::{DEFAULT, DOWNGRADE};
use super::super::life::Life;
use super::super::member::{Code, Ended, Remark, Rules, Source, State};
use super::History;
use crate::access::catalogue::{Cancellation, Kind};
use crate::config::Overdue;
use crate::id::Id;
use crate::time::Timestamp;

impl History<'_> {
    /// Settles what all grants together come to. Those from place `known` on began at this instant.
    pub(super) fn settle(&mut self, now: Timestamp, known: usize) {
        let before = self.tier;
        self.tier = self.in_force();
        self.downgrade(now, before, known);
        self.receive_bundles(now, known);
        if let Some(tier) = self.tier {
            for (place, life) in self.lives.iter_mut().enumerate() {
                if place != tier && life.kind == Some(Kind::Tier) && life.is_free() {
                    life.end(now, Ended::Superseded);
                }
            }
        }
        self.freeze(now, known);
        self.set_states();
        self.keep_bundles(now);
        self.hold(now, known);
        self.tell_overlaps(now);
    }

    /// The tier that was bought or given last and gives access; a free one only where there is no other.
    fn in_force(&self) -> Option<usize> {
        let tiers = self.lives.iter().enumerate();
        let given = tiers.filter(|(_, life)| life.kind == Some(Kind::Tier) && life.gives(self.rules));
        given.max_by_key(|(_, life)| (!life.is_free(), life.order)).map(|(place, _)| place)
    }

    /// A tier that ended, and after which there is none, becomes another one if the catalogue says so.
    fn downgrade(&mut self, now: Timestamp, before: Option<usize>, known: usize) {
        if self.tier.is_some() || self.erased.is_some() {
            return;
        }
        let tiers = self.lives.iter().enumerate().rev().filter(|(_, life)| life.kind == Some(Kind::Tier));
        let ended =
            tiers.filter_map(|(place, life)| Some((place, life, life.ended?))).find(|(place, life, (at, why))| {
                let was = before == Some(*place) || life.state == State::Overdue;
                // What was brought along may have ended long ago.
                let brought = *place >= known && *why == Ended::Expired;
                brought || (*at == now && was && *why != Ended::Switched)
            });
        let Some((_, life, (at, _))) = ended else { return };
        let catalogue = self.rules.catalogue;
        let next = catalogue.tier(&life.access_control).and_then(|tier| tier.downgrade_to.as_ref());
        if let Some(next) = next.filter(|next| **next != life.access_control && catalogue.tier(next).is_some()) {
            let reference = format!("{DOWNGRADE}{}", life.reference);
            self.add(Life::given(reference, Source::Downgrade, next.clone(), at), now);
        }
    }

    /// A tier that nobody asked for by name.
    fn add(&mut self, life: Life, now: Timestamp) {
        let reference = life.reference.clone();
        self.begin(life, &reference, now);
        // What was said of it before it began may have ended it at once.
        self.pass(now);
        self.tier = self.in_force();
    }

    /// Whoever buys a bundle without a tier is given one; whoever takes a free one without a tier is refused.
    fn receive_bundles(&mut self, now: Timestamp, known: usize) {
        if self.rules.catalogue.tiers().is_empty() {
            return;
        }
        let fresh = |life: &Life, rules: &Rules<'_>| life.kind == Some(Kind::Bundle) && life.gives(rules);
        // What was not paid at first gives nothing before it is.
        let closes = self.rules.billing.overdue == Overdue::Revoke;
        let late = |life: &Life| closes && life.state == State::Overdue && life.held.is_empty();
        let begun = self.lives.iter().enumerate().filter(|(place, life)| *place >= known || late(life));
        let bought = begun.map(|(_, life)| life).find(|life| fresh(life, self.rules) && !life.is_free());
        let reference = bought.map(|life| format!("{DEFAULT}{}", life.reference));
        if let (None, Some(reference), Some(tier)) = (self.tier, reference, self.rules.catalogue.default_tier()) {
            self.add(Life::given(reference, Source::Default, tier.clone(), now), now);
        }
        if self.tier.is_some() {
            return;
        }
        for place in known..self.lives.len() {
            let Some(life) = self.lives.get_mut(place).filter(|life| fresh(life, self.rules) && life.is_free()) else {
                continue;
            };
            life.refused = true;
            life.end(now, Ended::Revoked);
            let (id, reference) = (life.access_control.clone(), life.reference.clone());
            self.used.remove(&id);
            self.latest.remove(reference.as_str());
            self.remark(now, Code::BundleRefused, Some(&reference));
        }
    }

    /// What ended by cancelling keeps what was open, where the site says so. What nobody ever paid for, what was closed
    /// already for want of a payment, and what the buyer's bank takes back, keeps nothing.
    fn freeze(&mut self, now: Timestamp, known: usize) {
        if self.erased.is_some() || self.rules.catalogue.cancellation() != Cancellation::KeepUnlocked {
            return;
        }
        let rules = self.rules;
        for life in self.lives.iter_mut().take(known) {
            let now = life.ended.filter(|(at, why)| *at == now && matches!(why, Ended::Cancelled | Ended::Unpaid));
            let overdue = life.state == State::Overdue || life.overdue.is_some();
            let closed = overdue && rules.billing.overdue == Overdue::Revoke;
            let Some((at, _)) = now.filter(|_| life.is_earned() && !closed && life.disputed.is_none()) else {
                continue;
            };
            let kept = life.kept.is_some() && life.state == State::Suspended;
            let since = |id: &Id| self.held.runs.get(id).filter(|run| run.gap.is_none() || kept);
            if let Some(own) = since(&life.access_control) {
                let mut kept = vec![(life.access_control.clone(), own.since)];
                let rank = rules.catalogue.rank(&life.access_control).unwrap_or_default();
                for tier in rules.catalogue.tiers().iter().take(rank).rev() {
                    kept.extend(since(&tier.id).map(|run| (tier.id.clone(), run.since)));
                }
                life.frozen = Some((life.kept.unwrap_or(at), kept));
            }
        }
    }

    fn set_states(&mut self) {
        let tiers = !self.rules.catalogue.tiers().is_empty();
        for (place, life) in self.lives.iter_mut().enumerate() {
            let standing = life.standing();
            life.state = match (life.ended, life.kind) {
                (Some((_, Ended::Expired)), _) => State::Expired,
                (Some((_, Ended::Superseded)), _) => State::Superseded,
                (Some(_), _) => State::Cancelled,
                (None, _) if standing == State::Overdue => standing,
                (None, Some(Kind::Tier)) if self.tier != Some(place) => State::Superseded,
                (None, Some(Kind::Bundle)) if tiers && self.tier.is_none() => State::Suspended,
                (None, _) => standing,
            };
        }
    }

    /// A bundle that loses its tier is frozen together with it, if the tier was.
    fn keep_bundles(&mut self, now: Timestamp) {
        let tier = |life: &Life| life.kind == Some(Kind::Tier) && life.frozen.is_some();
        let frozen = self.lives.iter().any(|life| tier(life) && life.ended.is_some_and(|(at, _)| at == now));
        for life in self.lives.iter_mut().filter(|life| life.kind == Some(Kind::Bundle) && life.ended.is_none()) {
            let open = self.held.runs.get(&life.access_control).is_some_and(|run| run.gap.is_none());
            match life.state {
                State::Suspended if frozen && open && life.kept.is_none() => life.kept = Some(now),
                State::Active | State::PendingCancellation => life.kept = None,
                State::Suspended | State::Overdue | State::Superseded | State::Cancelled | State::Expired => {}
            }
        }
    }

    /// Two tiers that both take money again and again are told, once as long as they do.
    fn tell_overlaps(&mut self, now: Timestamp) {
        let billed: Vec<usize> = self
            .lives
            .iter()
            .enumerate()
            .filter(|(_, life)| life.kind == Some(Kind::Tier) && life.bills())
            .map(|(place, _)| place)
            .collect();
        let pairs: BTreeSet<(usize, usize)> = billed
            .iter()
            .flat_map(|old| billed.iter().filter(move |new| old < *new).map(move |new| (*old, *new)))
            .collect();
        for (old, new) in pairs.difference(&self.overlaps) {
            let name = |place: usize| self.lives.get(place).map(|life| life.reference.clone());
            self.remarks.push(Remark { at: now, code: Code::Overlap, grant: name(*new), other: name(*old) });
        }
        self.overlaps = pairs;
    }
}
