//! The fold: events of one member, in their order, to what the member has.
//!
//! It goes from instant to instant: those of events, and those at which time alone ends something. At each of them every
//! grant lives its own life first ([`life`](super::life)); then it is settled which tier is in force, which bundles are
//! suspended, what is given in place of what ended, and what is frozen. Nothing that happens later changes what was
//! settled, so a history can be stopped at any instant and gone on with.

mod settle;

use std::collections::{BTreeMap, BTreeSet};

use super::event::{self, Event, PaidFor, Reference, Terms, What};
use super::life::{Effect, Life, Paid};
use super::member::{Code, Ended, Held, Member, Remark, Rules, Source};
use super::order::ordered;
use super::snapshot;

use crate::config::product::Money;
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
    /// Of what a free trial was taken.
    tried: BTreeSet<Id>,
    /// How many lives began.
    begun: usize,
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
            tried: BTreeSet::new(),
            begun: 0,
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
        self.lengthen(now);
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
                    let life = life.on_trial(*trial_until, self.rules.zone);
                    if life.is_free_trial() && !self.tried.insert(self.today(&terms.access_control)) {
                        self.remark(now, Code::TrialAgain, Some(grant));
                    }
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
            | What::Disputed { grant, .. }
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
        if source == Source::Free && life.expires.is_some() && !self.used.insert(self.today(access_control)) {
            return self.remark(now, Code::FreeAgain, Some(grant));
        }
        self.begin(life, grant, now);
    }

    /// What is bought once and ends, and is bought again before, ends later: its time begins when the time before it is over.
    /// Where the money for that went back, it begins with the purchase.
    fn lengthen(&mut self, now: Timestamp) {
        let mut paid: BTreeMap<Id, Timestamp> = BTreeMap::new();
        for life in &mut self.lives {
            if let Some(length) = life.length().filter(|_| life.ended.is_none()) {
                let before = paid.get(&life.access_control).copied();
                let begins = before.filter(|before| *before > life.counted).unwrap_or(life.counted);
                life.expires = Some(length.after(begins, 1, self.rules.zone).max(now));
            }
            if let Some(until) = life.paid_until() {
                let known = paid.entry(life.access_control.clone()).or_insert(until);
                *known = until.max(*known);
            }
        }
    }

    /// The name of an access control today.
    fn today(&self, id: &Id) -> Id {
        self.rules.catalogue.lookup(id.as_str()).map_or_else(|| id.clone(), |found| found.id)
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
        self.begun += 1;
        if life.order == 0 {
            life.order = self.begun;
        }
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
                self.former(place, |life| _ = life.refund(now, payment, (*amount, *full)));
            }
            What::Disputed { payment, .. } => {
                effect = life.dispute(now, payment.as_deref());
                self.former(place, |life| life.melt(payment.as_deref()));
            }
            What::Revoked { .. } => {
                life.frozen = None;
                life.end(now, Ended::Revoked);
                self.former(place, |life| life.frozen = None);
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

    /// Does something to all that went by the name of a grant before, and may have left something open.
    fn former(&mut self, place: usize, act: impl Fn(&mut Life)) {
        let Some(reference) = self.lives.get(place).map(|life| life.reference.clone()) else { return };
        let former = self.lives.iter_mut().take(place).filter(|life| life.reference == reference);
        former.filter(|life| life.frozen.is_some()).for_each(act);
    }

    fn pay(&mut self, place: usize, paid: &Paid<'_>, (event, now): (&'a Event, Timestamp)) {
        let Some(life) = self.lives.get_mut(place) else { return };
        if life.ended.is_none() {
            if life.pay(paid, now, self.rules.zone) != Effect::Done {
                self.remark(now, Code::PaymentUnused, event.what.grant());
            }
            return;
        }
        let zone = self.rules.zone;
        let again = life.resumed(paid, now, zone).or_else(|| life.revived(paid, now, zone));
        match again.zip(event.what.grant()) {
            Some((life, grant)) => self.begin(life, grant, now),
            None if matches!(paid.paid_for, PaidFor::Period { .. }) => {
                self.remark(now, Code::PaymentUnused, event.what.grant());
            }
            None => {}
        }
    }

    fn switch(&mut self, place: usize, terms: &Terms, (event, now): (&'a Event, Timestamp)) {
        let today = self.today(&terms.access_control);
        let Some((life, grant)) = self.lives.get_mut(place).zip(event.what.grant()) else { return };
        if today == life.access_control {
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
}
