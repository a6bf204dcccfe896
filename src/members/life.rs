//! The life of one grant: what its own events and the passing of time do to it.
//!
//! It knows no other grant. Whether a tier is in force, whether a bundle is suspended, what is frozen: that is the
//! [fold](super::fold)'s.

mod paying;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::credit::Running;
use super::event::{By, PaidFor, Reference, Terms};
use super::member::{Ended, Rules, Source, State};
use crate::access::catalogue::Kind;
use crate::config::Overdue;
use crate::config::product::{Billing, Money};
use crate::id::Id;
use crate::time::Timestamp;
use crate::time::period::Period;

/// A payment may come so much later than it is due, in seconds, before anybody is told.
const GRACE: i64 = 3 * 86_400;

/// One grant, from its first event on.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) reference: Reference,
    pub(super) source: Source,
    pub(super) access_control: Id,
    pub(super) kind: Option<Kind>,
    /// Of what was bought: its terms.
    pub(super) terms: Option<Terms>,
    pub(super) since: Timestamp,
    /// Its place among all that was ever bought or given: a grant that goes on under its name keeps it.
    pub(super) order: usize,
    /// From when on the time counts that was bought once, where nothing bought before it still runs.
    pub(super) counted: Timestamp,
    /// When it ends by itself.
    pub(super) expires: Option<Timestamp>,
    /// When the next payment is due; none where nothing more is.
    pub(super) due: Option<Timestamp>,
    /// Where due dates are counted from.
    anchor: Timestamp,
    trial: Option<Timestamp>,
    cancelling: Option<Cancelling>,
    failed: bool,
    /// Since when it is overdue.
    pub(super) overdue: Option<Timestamp>,
    /// Whether it is so for a dispute, and of which payment, where that was said.
    pub(super) disputed: Option<Option<String>>,
    payments: Vec<Payment>,
    /// Refunds of payments that nobody has heard of yet.
    refunds: BTreeMap<String, (u64, bool)>,
    /// The distinct periods of a payment plan that are paid.
    periods: BTreeSet<Paying>,
    /// Whether all is paid that ever will be.
    pub(super) settled: bool,
    running: Option<Span>,
    pub(super) ended: Option<(Timestamp, Ended)>,
    /// When it was frozen, and the rungs or the bundle that it keeps, each with its beginning.
    pub(super) frozen: Option<(Timestamp, Vec<(Id, Timestamp)>)>,
    /// Of a bundle: when it was frozen together with the member's tier.
    pub(super) kept: Option<Timestamp>,
    /// Since when that was held without a gap which it gives, when it gave that last.
    pub(super) held: BTreeMap<Id, Timestamp>,
    /// It was asked for and not given.
    pub(super) refused: bool,
    /// What it was worth when all that happened at the last instant had happened.
    pub(super) state: State,
}

/// When a grant that was cancelled ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cancelling {
    /// When its next payment is due.
    AtDue,
    /// At an instant that somebody named.
    At(Timestamp),
}

#[derive(Clone, Debug)]
struct Payment {
    name: String,
    paid: Money,
    refunded: u64,
    full: bool,
    gave: Gave,
}

/// What a payment paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gave {
    /// Time, or all there is.
    Time,
    /// More time of what was bought elsewhere, which would have ended then.
    More(Timestamp),
    /// Time that was paid already.
    Again,
    /// The difference after a switch.
    Difference,
    /// A period long past.
    Past,
}

/// What tells a period of a payment plan from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Paying {
    Begins(Timestamp),
    Ends(Timestamp),
    PaidBy(String),
}

/// A period that is paid, and the first of the payments for it.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: Timestamp,
    end: Timestamp,
    first: usize,
}

/// A payment that came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paid<'a> {
    pub(super) name: &'a str,
    pub(super) money: Money,
    pub(super) paid_for: PaidFor,
}

/// Whether an event changed something, or what is to be remarked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Done,
    Unused,
    UnknownPayment,
    TooLate,
}

impl Life {
    /// A grant that nobody paid for here.
    pub(super) fn given(reference: Reference, source: Source, access_control: Id, since: Timestamp) -> Self {
        Self {
            reference,
            source,
            access_control,
            kind: None,
            terms: None,
            since,
            order: 0,
            counted: since,
            expires: None,
            due: None,
            anchor: since,
            trial: None,
            cancelling: None,
            failed: false,
            overdue: None,
            disputed: None,
            payments: Vec::new(),
            refunds: BTreeMap::new(),
            periods: BTreeSet::new(),
            settled: false,
            running: None,
            ended: None,
            frozen: None,
            kept: None,
            held: BTreeMap::new(),
            refused: false,
            state: State::Active,
        }
    }

    /// A grant that was bought at an instant.
    pub(super) fn bought(reference: Reference, terms: &Terms, at: Timestamp, zone: &TimeZone) -> Self {
        let expires = terms.expires_after.map(|length| length.after(at, 1, zone));
        let due = Some(at).filter(|_| terms.price.amount > 0);
        let given = Self::given(reference, Source::Purchased, terms.access_control.clone(), at);
        Self { expires, due, terms: Some(terms.clone()), ..given }
    }

    /// The same with a trial, which ends when the provider says, or else when the terms do.
    pub(super) fn on_trial(mut self, until: Option<Timestamp>, zone: &TimeZone) -> Self {
        let trial = self.terms.as_ref().and_then(|terms| terms.trial);
        let until = until.or_else(|| trial.map(|trial| trial.length.after(self.since, 1, zone)));
        let Some(until) = until.filter(|until| *until > self.since) else { return self };
        self.trial = Some(until);
        self.anchor = until;
        // A trial that costs something is due at once.
        if trial.is_none_or(|trial| trial.amount == 0) {
            self.due = self.due.map(|_| until);
        }
        self
    }

    /// The grant that goes on under the same name, from now on, for another access control.
    pub(super) fn switched(&self, terms: &Terms, at: Timestamp, zone: &TimeZone) -> Self {
        let fresh = Self::bought(self.reference.clone(), terms, at, zone);
        let due = fresh.due.map(|at| self.due.or(self.expires).unwrap_or(at));
        let every = |terms: Option<&Terms>| terms.and_then(|terms| every(terms.billing));
        let same = every(self.terms.as_ref()) == every(Some(terms));
        Self {
            due,
            anchor: if same { self.anchor } else { due.unwrap_or(at).max(at) },
            trial: self.trial,
            cancelling: self.cancelling,
            failed: self.failed,
            overdue: self.overdue,
            disputed: self.disputed.clone(),
            payments: self.payments.clone(),
            refunds: self.refunds.clone(),
            running: self.running,
            held: self.held.clone(),
            order: self.order,
            ..fresh
        }
    }

    /// Other terms for the same access control.
    pub(super) fn reprice(&mut self, terms: &Terms, at: Timestamp, zone: &TimeZone) {
        let was = self.terms.replace(terms.clone());
        if self.settled {
            return;
        }
        let is_plan = |terms: &Terms| matches!(terms.billing, Billing::Plan { .. });
        if !was.as_ref().is_some_and(is_plan) {
            self.periods.clear();
        }
        let paid_until = self.due.or(self.expires).unwrap_or(at);
        self.due = Some(paid_until).filter(|_| terms.price.amount > 0);
        if was.is_none_or(|was| every(was.billing) != every(terms.billing)) {
            self.anchor = paid_until.max(at);
        }
        self.source = Source::Purchased;
        self.counted = at;
        self.expires = terms.expires_after.map(|length| length.after(at, 1, zone));
        self.finish();
    }

    /// Whether it began with a trial that costs nothing.
    pub(super) fn is_free_trial(&self) -> bool {
        let fee = self.terms.as_ref().and_then(|terms| terms.trial).map_or(0, |trial| trial.amount);
        self.trial.is_some() && fee == 0
    }

    /// Whether it gives access, as far as it alone is concerned.
    pub(super) fn gives(&self, rules: &Rules<'_>) -> bool {
        let paid = self.overdue.is_none() || rules.billing.overdue == Overdue::Keep;
        self.ended.is_none() && !self.refused && paid
    }

    /// Whether money is taken for it again and again.
    pub(super) fn bills(&self) -> bool {
        let again = self.terms.as_ref().is_some_and(|terms| every(terms.billing).is_some());
        again && self.due.is_some() && self.cancelling.is_none() && self.ended.is_none()
    }

    /// Whether it costs nothing: such a tier gives way to others and does not come back.
    pub(super) fn is_free(&self) -> bool {
        matches!(self.source, Source::Free | Source::Default | Source::Downgrade)
    }

    /// Whether money came in for it and stayed, or none was asked for.
    pub(super) fn is_earned(&self) -> bool {
        let priced = self.terms.as_ref().is_some_and(|terms| terms.price.amount > 0);
        !priced || self.payments.iter().any(|payment| payment.paid.amount > payment.refunded && !payment.full)
    }

    /// When it ends by what is known now.
    pub(super) fn until(&self) -> Option<Timestamp> {
        let until = [self.cancelled_until(), self.expires].into_iter().flatten().min();
        self.ended.map(|(at, _)| at).or(until)
    }

    fn cancelled_until(&self) -> Option<Timestamp> {
        match (self.cancelling?, self.due) {
            (Cancelling::AtDue, due) => Some(due.unwrap_or(self.since)),
            (Cancelling::At(until), Some(due)) if self.failed => Some(until.min(due)),
            (Cancelling::At(until), _) => Some(until),
        }
    }

    /// What it is worth by itself, while it has not ended.
    pub(super) fn standing(&self) -> State {
        match (self.overdue, self.cancelling) {
            (Some(_), _) => State::Overdue,
            (None, Some(_)) => State::PendingCancellation,
            (None, None) => State::Active,
        }
    }

    /// How many periods of a payment plan are paid.
    pub(super) fn periods(&self) -> Option<usize> {
        let plan = self.terms.as_ref().is_some_and(|terms| matches!(terms.billing, Billing::Plan { .. }));
        plan.then_some(self.periods.len())
    }

    /// The period that was paid last, with what was paid for it.
    pub(super) fn running(&self) -> Option<Running> {
        let Span { start, end, first } = self.running?;
        let payments = self.payments.get(first..)?;
        let currency = payments.first()?.paid.currency;
        let counts = |payment: &&Payment| payment.paid.currency == currency && payment.gave != Gave::Past;
        let same = payments.iter().filter(counts);
        let (amount, refunded) = same.fold((0_u64, 0_u64), |(paid, back), payment| {
            let refunded = if payment.full { payment.paid.amount } else { payment.refunded.min(payment.paid.amount) };
            (paid.saturating_add(payment.paid.amount), back.saturating_add(refunded))
        });
        Some(Running { start, end, paid: Money { amount, currency }, refunded })
    }

    /// The next instant at which time alone changes it.
    pub(super) fn turn(&self, rules: &Rules<'_>) -> Option<Timestamp> {
        if self.ended.is_some() {
            return None;
        }
        let late = self.due.filter(|_| self.overdue.is_none()).map(grace);
        let given_up = self.overdue.map(|since| since.after(rules.billing.overdue_max));
        [self.until(), late, given_up].into_iter().flatten().min()
    }

    /// What time has done by an instant.
    pub(super) fn pass(&mut self, now: Timestamp, rules: &Rules<'_>) {
        if self.ended.is_some() {
            return;
        }
        let cancelled = self.cancelled_until();
        if let Some(expires) = self.expires.filter(|at| *at <= now && cancelled.is_none_or(|until| *at < until)) {
            return self.end(expires, Ended::Expired);
        }
        if cancelled.is_some_and(|until| until <= now) {
            return self.end(now, Ended::Cancelled);
        }
        if self.overdue.is_none() && self.is_late(now) {
            match self.cancelling {
                Some(_) => return self.end(now, Ended::Cancelled),
                None => self.overdue = Some(now),
            }
        }
        if self.overdue.is_some_and(|since| since.after(rules.billing.overdue_max) <= now) {
            self.end(now, Ended::Unpaid);
        }
    }

    fn is_late(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| grace(due) <= now)
    }

    /// Ends it, if it has not ended.
    pub(super) fn end(&mut self, at: Timestamp, why: Ended) {
        if self.ended.is_none() {
            self.ended = Some((at, why));
        }
    }

    /// Money did not come in.
    pub(super) fn fail(&mut self, at: Timestamp) {
        if self.due.is_some() {
            self.failed = true;
            self.close_if_failed(at);
        }
    }

    fn close_if_failed(&mut self, at: Timestamp) {
        if self.failed && self.cancelling.is_none() {
            self.overdue = self.overdue.or(Some(at));
        }
    }

    /// A payment is disputed.
    pub(super) fn dispute(&mut self, at: Timestamp, payment: Option<&str>) -> Effect {
        if self.terms.is_none() {
            return Effect::Unused;
        }
        self.melt(payment);
        if self.ended.is_none() {
            self.overdue = self.overdue.or(Some(at));
            self.disputed = Some(payment.map(str::to_owned));
        }
        Effect::Done
    }

    /// Keeps nothing any more of what a payment paid, or of all.
    pub(super) fn melt(&mut self, payment: Option<&str>) {
        if payment.is_none_or(|payment| self.knows(payment)) {
            self.frozen = None;
        }
    }

    /// How long something lasts that was bought once and ends.
    pub(super) fn length(&self) -> Option<Period> {
        let once = self.terms.as_ref().filter(|terms| terms.billing == Billing::Once)?;
        once.expires_after
    }

    /// Until when it was paid, for what is bought once more. What was given back, taken away or never paid counts for nothing.
    pub(super) fn paid_until(&self) -> Option<Timestamp> {
        let counts = match self.ended {
            None => self.overdue.is_none(),
            Some((_, why)) => matches!(why, Ended::Expired | Ended::Cancelled),
        };
        let bought = self.terms.is_some() && self.due.is_none() && self.is_earned();
        let paid = bought || self.source == Source::Imported;
        self.until().filter(|_| counts && paid && !self.refused)
    }

    /// Somebody cancelled it.
    pub(super) fn cancel(&mut self, at: Timestamp, by: By, until: Option<Timestamp>) {
        let plan = self.periods().is_some();
        if self.settled && plan && by == By::Provider {
            return;
        }
        let elsewhere = self.expires.filter(|_| self.source == Source::Imported);
        match until.or(elsewhere).filter(|_| self.overdue.is_none()) {
            Some(until) if until > at => self.cancelling = Some(Cancelling::At(until)),
            Some(_) => self.end(at, Ended::Cancelled),
            None if self.overdue.is_none() && self.is_periodic() => {
                self.cancelling = self.cancelling.or(Some(Cancelling::AtDue));
            }
            None => self.end(at, Ended::Cancelled),
        }
    }

    /// Whether another payment is due some day, at the end of a period.
    fn is_periodic(&self) -> bool {
        self.due.is_some() && self.terms.as_ref().is_some_and(|terms| every(terms.billing).is_some())
    }

    /// The cancellation was taken back.
    pub(super) fn uncancel(&mut self, at: Timestamp) {
        if self.cancelling.take().is_some() {
            self.close_if_failed(at);
        }
    }
}

fn grace(due: Timestamp) -> Timestamp {
    Timestamp::saturating(due.seconds().saturating_add(GRACE))
}

fn every(billing: Billing) -> Option<Period> {
    match billing {
        Billing::Once => None,
        Billing::Subscription { every } | Billing::Plan { every, .. } => Some(every),
    }
}
