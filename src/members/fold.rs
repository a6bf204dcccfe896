//! The fold: events of one member, in their order, to what the member has.
//!
//! It goes from instant to instant: those of events, and those at which time alone ends something. At each of them every
//! grant lives its own life first ([`life`](super::life)); then it is settled which tier is in force, which bundles are
//! suspended, what is given in place of what ended, and what is frozen. Nothing that happens later changes what was
//! settled, so a history can be stopped at any instant and gone on with.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{self, Event, PaidFor, Reference, Terms, What};
use super::life::{Effect, Life, Paid};
use super::member::{Code, Ended, Held, Member, Remark, Rules, Source, State};
use super::order::ordered;
use super::snapshot;
use crate::access::catalogue::{Cancellation, Kind};
use crate::config::Overdue;
use crate::config::product::{Billing, Money};
use crate::id::Id;
use crate::time::Timestamp;

/// What a member has at an instant. The events are those of one member, in any order, repeated or not; those after `now`
/// are not looked at.
#[must_use]
pub fn fold(events: &[Event], rules: &Rules<'_>, now: Timestamp) -> Member {
    let mut history = History::new(events, rules);
    while history.next().is_some_and(|next| next <= now) {
        history.step();
    }
    history.member()
}

/// A member's history, gone through from instant to instant.
pub(super) struct History<'a> {
    pub(super) rules: &'a Rules<'a>,
    coming: std::iter::Peekable<std::vec::IntoIter<&'a Event>>,
    now: Option<Timestamp>,
    pub(super) lives: Vec<Life>,
    /// The newest life of each name.
    latest: BTreeMap<Reference, usize>,
    /// What was said of grants before they began.
    pub(super) waiting: BTreeMap<&'a str, Vec<&'a Event>>,
    /// Grants that begin later.
    scheduled: Vec<(Timestamp, &'a Event)>,
    pub(super) joined: Option<Timestamp>,
    pub(super) erased: Option<Timestamp>,
    pub(super) remarks: Vec<Remark>,
    pub(super) held: Held,
    /// The tier in force, as the place of its life.
    pub(super) tier: Option<usize>,
    /// What was free, expires, and was taken.
    used: BTreeSet<Id>,
    /// Pairs of tiers that are both billed, and told.
    overlaps: BTreeSet<(usize, usize)>,
}

impl<'a> History<'a> {
    pub(super) fn new(events: &'a [Event], rules: &'a Rules<'a>) -> Self {
        Self {
            rules,
            coming: ordered(events).into_iter().peekable(),
            now: None,
            lives: Vec::new(),
            latest: BTreeMap::new(),
            waiting: BTreeMap::new(),
            scheduled: Vec::new(),
            joined: None,
            erased: None,
            remarks: Vec::new(),
            held: Held::default(),
            tier: None,
            used: BTreeSet::new(),
            overlaps: BTreeSet::new(),
        }
    }

    /// The next instant at which something changes, if one comes.
    pub(super) fn next(&mut self) -> Option<Timestamp> {
        let event = self.coming.peek().map(|event| event.at);
        event.into_iter().chain(self.turn()).min()
    }

    /// The next instant at which time alone changes something.
    pub(super) fn turn(&self) -> Option<Timestamp> {
        let turns = self.lives.iter().filter_map(|life| life.turn(self.rules));
        let begins = self.scheduled.iter().map(|(since, _)| *since);
        turns.chain(begins).filter(|turn| self.now.is_none_or(|now| now < *turn)).min()
    }

    /// Goes on to the next instant, and does all that happens then.
    pub(super) fn step(&mut self) {
        let Some(now) = self.next() else { return };
        self.now = Some(now);
        let known = self.lives.len();
        self.pass(now);
        self.begin_scheduled(now);
        while let Some(event) = self.coming.next_if(|event| event.at <= now) {
            self.apply(event, now);
        }
        self.pass(now);
        self.settle(now, known);
    }

    pub(super) fn member(&self) -> Member {
        snapshot::of(self)
    }

    fn pass(&mut self, now: Timestamp) {
        for life in &mut self.lives {
            life.pass(now, self.rules);
        }
    }

    fn begin_scheduled(&mut self, now: Timestamp) {
        let (due, later) = std::mem::take(&mut self.scheduled).into_iter().partition(|(since, _)| *since <= now);
        self.scheduled = later;
        let due: Vec<(Timestamp, &Event)> = due;
        for (since, event) in due {
            self.give(event, since, now);
        }
    }

    pub(super) fn remark(&mut self, at: Timestamp, code: Code, grant: Option<&str>) {
        self.remarks.push(Remark { at, code, grant: grant.map(str::to_owned), other: None });
    }

    fn apply(&mut self, event: &'a Event, now: Timestamp) {
        if self.erased.is_some() {
            return self.remark(now, Code::MemberErased, event.what.grant());
        }
        match &event.what {
            What::Joined {} => self.joined = self.joined.or(Some(now)),
            What::Erased {} => self.erase(now),
            What::Purchased { grant, terms, trial_until } => {
                if !self.is_known(grant, now) {
                    let life = Life::bought(grant.clone(), terms, now, self.rules.zone);
                    let life = self.extended(life.on_trial(*trial_until, self.rules.zone));
                    self.begin(life, grant, now);
                }
            }
            What::Granted { grant, since, .. } => {
                if !self.is_known(grant, now) {
                    match since.filter(|since| *since > now) {
                        Some(since) => {
                            self.remark(now, Code::GrantScheduled, Some(grant));
                            self.scheduled.push((since, event));
                        }
                        None => self.give(event, since.unwrap_or(now), now),
                    }
                }
            }
            What::PaymentSucceeded { grant, .. }
            | What::PaymentFailed { grant }
            | What::Cancelled { grant, .. }
            | What::Uncancelled { grant }
            | What::Switched { grant, .. }
            | What::Refunded { grant, .. }
            | What::Disputed { grant }
            | What::Revoked { grant } => match self.latest.get(grant.as_str()) {
                Some(place) => self.act(event, *place, now),
                None => self.waiting.entry(grant).or_default().push(event),
            },
        }
    }

    fn is_known(&mut self, grant: &Reference, now: Timestamp) -> bool {
        let scheduled = self.scheduled.iter().any(|(_, event)| event.what.grant() == Some(grant));
        let known = scheduled || self.latest.contains_key(grant.as_str());
        if known {
            self.remark(now, Code::GrantKnown, Some(grant));
        }
        known
    }

    /// A grant that nobody paid for here.
    fn give(&mut self, event: &'a Event, since: Timestamp, now: Timestamp) {
        let What::Granted { grant, access_control, why, until, expires_after, .. } = &event.what else { return };
        let source = match why {
            event::Why::Free => Source::Free,
            event::Why::Complimentary => Source::Complimentary,
            event::Why::Imported => Source::Imported,
        };
        let length = expires_after.map(|length| length.after(since, 1, self.rules.zone));
        let mut life = Life::given(grant.clone(), source, access_control.clone(), since);
        life.expires = [*until, length].into_iter().flatten().min();
        if source == Source::Free && life.expires.is_some() {
            let id = self.rules.catalogue.lookup(access_control.as_str()).map_or(access_control.clone(), |it| it.id);
            if !self.used.insert(id) {
                return self.remark(now, Code::FreeAgain, Some(grant));
            }
        }
        self.begin(life, grant, now);
    }

    /// What is bought once again before it ends begins where that ends.
    fn extended(&self, mut life: Life) -> Life {
        let Some(Terms { billing: Billing::Once, expires_after: Some(length), .. }) = &life.terms else { return life };
        let today = |id: &Id| self.rules.catalogue.lookup(id.as_str()).map_or(id.clone(), |found| found.id);
        let id = today(&life.access_control);
        let paid = |older: &&Life| {
            let once = older.terms.as_ref().is_some_and(|terms| terms.billing == Billing::Once);
            older.overdue.is_none() && (once || older.settled || older.source == Source::Imported)
        };
        let same = |older: &&Life| older.access_control == id && older.ended.is_none() && !older.refused;
        let ends = self.lives.iter().filter(same).filter(paid).filter_map(Life::until).max();
        if let Some(ends) = ends.filter(|ends| *ends > life.since) {
            life.expires = Some(length.after(ends, 1, self.rules.zone));
        }
        life
    }

    fn begin(&mut self, life: Life, grant: &str, now: Timestamp) {
        let place = self.push(life, now);
        self.latest.insert(grant.to_owned(), place);
        for event in self.waiting.remove(grant).unwrap_or_default() {
            if let Some(place) = self.latest.get(grant) {
                self.act(event, *place, now);
            }
        }
    }

    /// Adds a life, under the name that its access control has today.
    fn push(&mut self, mut life: Life, now: Timestamp) -> usize {
        match self.rules.catalogue.lookup(life.access_control.as_str()) {
            Some(found) => (life.access_control, life.kind) = (found.id, Some(found.kind)),
            None => self.remark(now, Code::AccessControlUnknown, Some(&life.reference)),
        }
        self.lives.push(life);
        self.lives.len() - 1
    }

    /// What is said of a grant that began.
    fn act(&mut self, event: &'a Event, place: usize, now: Timestamp) {
        let Some(life) = self.lives.get_mut(place) else { return };
        let mut effect = Effect::Done;
        match &event.what {
            What::PaymentSucceeded { payment, paid, paid_for, .. } => {
                return self.pay(place, &Paid { name: payment, money: *paid, paid_for: *paid_for }, (event, now));
            }
            What::Refunded { payment, refunded: Money { amount, .. }, full, .. } => {
                effect = life.refund(now, payment, (*amount, *full));
            }
            What::Disputed { .. } => effect = life.dispute(now),
            What::Revoked { .. } => {
                life.frozen = None;
                life.end(now, Ended::Revoked);
            }
            _ if life.ended.is_some() => effect = Effect::TooLate,
            What::PaymentFailed { .. } => life.fail(now),
            What::Cancelled { by, until, .. } => life.cancel(now, *by, *until),
            What::Uncancelled { .. } => life.uncancel(now),
            What::Switched { terms, .. } => return self.switch(place, terms, (event, now)),
            What::Joined {} | What::Erased {} | What::Purchased { .. } | What::Granted { .. } => {}
        }
        let code = match effect {
            Effect::Done => return,
            Effect::Unused => Code::PaymentUnused,
            Effect::UnknownPayment => Code::PaymentUnknown,
            Effect::TooLate => Code::GrantEnded,
        };
        self.remark(now, code, event.what.grant());
    }

    fn pay(&mut self, place: usize, paid: &Paid<'_>, (event, now): (&'a Event, Timestamp)) {
        let Some(life) = self.lives.get_mut(place) else { return };
        if life.ended.is_none() {
            if life.pay(paid, now, self.rules.zone) != Effect::Done {
                self.remark(now, Code::PaymentUnused, event.what.grant());
            }
            return;
        }
        match life.revived(paid, now, self.rules.zone).zip(event.what.grant()) {
            Some((life, grant)) => self.begin(life, grant, now),
            None if matches!(paid.paid_for, PaidFor::Period { .. }) => {
                self.remark(now, Code::PaymentUnused, event.what.grant());
            }
            None => {}
        }
    }

    fn switch(&mut self, place: usize, terms: &Terms, (event, now): (&'a Event, Timestamp)) {
        let today = self.rules.catalogue.lookup(terms.access_control.as_str()).map(|found| found.id);
        let Some((life, grant)) = self.lives.get_mut(place).zip(event.what.grant()) else { return };
        if today.as_ref().unwrap_or(&terms.access_control) == &life.access_control {
            return life.reprice(terms, now, self.rules.zone);
        }
        let next = life.switched(terms, now, self.rules.zone);
        life.end(now, Ended::Switched);
        self.begin(next, grant, now);
    }

    fn erase(&mut self, now: Timestamp) {
        self.erased = Some(now);
        for life in &mut self.lives {
            life.end(now, Ended::Erased);
            life.frozen = None;
        }
        self.scheduled.clear();
        self.waiting.clear();
    }

    /// Settles what all grants together come to. Those from place `known` on began at this instant.
    fn settle(&mut self, now: Timestamp, known: usize) {
        let before = self.tier;
        self.tier = self.in_force();
        self.downgrade(now, before);
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

    /// The newest tier that gives access; a free one only where there is no other.
    fn in_force(&self) -> Option<usize> {
        let tiers = self.lives.iter().enumerate();
        let given = tiers.filter(|(_, life)| life.kind == Some(Kind::Tier) && life.gives(self.rules));
        given.map(|(place, life)| (!life.is_free(), place)).max().map(|(_, place)| place)
    }

    /// A tier that ended, and after which there is none, becomes another one if the catalogue says so.
    fn downgrade(&mut self, now: Timestamp, before: Option<usize>) {
        if self.tier.is_some() || self.erased.is_some() {
            return;
        }
        let ended = self.lives.iter().enumerate().rev().find(|(place, life)| {
            let now = life.ended.is_some_and(|(at, why)| at == now && why != Ended::Switched);
            let was = before == Some(*place) || life.state == State::Overdue;
            now && was && life.kind == Some(Kind::Tier)
        });
        let Some((_, life)) = ended else { return };
        let catalogue = self.rules.catalogue;
        let next = catalogue.tier(&life.access_control).and_then(|tier| tier.downgrade_to.as_ref());
        if let Some(next) = next.filter(|next| **next != life.access_control && catalogue.tier(next).is_some()) {
            let reference = format!("downgrade:{}", life.reference);
            self.add(Life::given(reference, Source::Downgrade, next.clone(), now), now);
        }
    }

    /// A tier that nobody asked for by name.
    fn add(&mut self, life: Life, now: Timestamp) {
        let reference = life.reference.clone();
        self.begin(life, &reference, now);
        self.tier = self.in_force();
    }

    /// Whoever buys a bundle without a tier is given one; whoever takes a free one without a tier is refused.
    fn receive_bundles(&mut self, now: Timestamp, known: usize) {
        if self.rules.catalogue.tiers().is_empty() {
            return;
        }
        let fresh = |life: &Life, rules: &Rules<'_>| life.kind == Some(Kind::Bundle) && life.gives(rules);
        let bought = self.lives.iter().skip(known).find(|life| fresh(life, self.rules) && !life.is_free());
        let reference = bought.map(|life| format!("default:{}", life.reference));
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

    /// What ended by cancelling keeps what was open, where the site says so. What nobody ever paid for, and what was
    /// closed already for want of a payment, keeps nothing.
    fn freeze(&mut self, now: Timestamp, known: usize) {
        if self.rules.catalogue.cancellation() != Cancellation::KeepUnlocked {
            return;
        }
        let rules = self.rules;
        for life in self.lives.iter_mut().take(known) {
            let now = life.ended.filter(|(at, why)| *at == now && matches!(why, Ended::Cancelled | Ended::Unpaid));
            let closed = life.state == State::Overdue && rules.billing.overdue == Overdue::Revoke;
            let Some((at, _)) = now.filter(|_| life.is_earned() && !closed) else { continue };
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
