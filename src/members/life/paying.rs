//! Money: what a payment moves, what a refund takes back.

use jiff::tz::TimeZone;

use super::super::event::PaidFor;
use super::super::member::{Ended, Source, State};
use super::{Cancelling, Effect, Gave, Life, Paid, Paying, Payment, Span, every, grace};
use crate::config::product::Billing;
use crate::time::{Timestamp, period};

impl Life {
    /// Money came in.
    pub(in super::super) fn pay(&mut self, paid: &Paid<'_>, at: Timestamp, zone: &TimeZone) -> Effect {
        // A provider may tell of one payment twice, and a dispute that is won is told as the payment that it was about.
        let won = self.is_won(paid.name);
        if self.knows(paid.name) {
            if won {
                self.recover(at);
            }
            return Effect::Done;
        }
        let (refunded, full) = self.refunds.remove(paid.name).unwrap_or_default();
        let (gave, effect) = match paid.paid_for {
            PaidFor::Proration {} => (Gave::Difference, Effect::Done),
            PaidFor::Trial {} => (self.pay_trial(), Effect::Done),
            PaidFor::Period { start, end } => self.pay_period(paid.name, (start, end), (at, zone)),
        };
        self.payments.push(Payment { name: paid.name.to_owned(), paid: paid.money, refunded, full, gave });
        let lifts = match gave {
            Gave::Time | Gave::More(_) => true,
            // It pays nothing of what is disputed.
            Gave::Again | Gave::Difference => self.disputed.is_none() || won,
            Gave::Past => won,
        };
        if lifts {
            self.recover(at);
        }
        self.end_if_refunded(at);
        effect
    }

    /// Whether a payment that is told again says that a dispute was won.
    fn is_won(&self, payment: &str) -> bool {
        match &self.disputed {
            None => false,
            Some(Some(disputed)) => disputed == payment,
            Some(None) => self.knows(payment),
        }
    }

    pub(super) fn knows(&self, payment: &str) -> bool {
        self.payments.iter().any(|known| known.name == payment)
    }

    /// The same grant with all its dates, taken up by a payment that came after its end: the disputed one, told again for
    /// the dispute was won; or the last one of a plan, no later than any payment may be.
    pub(in super::super) fn resumed(&self, paid: &Paid<'_>, at: Timestamp, zone: &TimeZone) -> Option<Self> {
        let (ended, why) = self.ended?;
        let known = self.knows(paid.name);
        let won = why == Ended::Unpaid && self.is_won(paid.name) && known;
        let late = why == Ended::Cancelled && !self.settled && !known && at < grace(ended);
        if !won && !late {
            return None;
        }
        let mut life = Self { ended: None, frozen: None, kept: None, state: State::Active, ..self.clone() };
        life.pay(paid, at, zone);
        // The money may have gone back in the meantime.
        life.end_if_refunded(at);
        let finished = life.settled && life.periods().is_some();
        let paid = if won { life.overdue.is_none() } else { finished };
        let lasts = life.ended.is_none() && life.until().is_none_or(|until| until > at);
        (paid && lasts).then_some(life)
    }

    /// The same grant, begun anew by a payment that came after its end; none where the payment buys nothing.
    pub(in super::super) fn revived(&self, paid: &Paid<'_>, at: Timestamp, zone: &TimeZone) -> Option<Self> {
        let (_, ended) = self.ended?;
        let terms = self.terms.as_ref().filter(|terms| terms.price.amount > 0)?;
        let PaidFor::Period { end, .. } = paid.paid_for else { return None };
        if self.knows(paid.name) || !matches!(ended, Ended::Cancelled | Ended::Unpaid) {
            return None;
        }
        let mut life = Self {
            payments: self.payments.clone(),
            refunds: self.refunds.clone(),
            periods: self.periods.clone(),
            trial: self.trial,
            order: self.order,
            ..Self::bought(self.reference.clone(), terms, at, zone)
        };
        life.kind = self.kind;
        life.access_control = self.access_control.clone();
        life.pay(paid, at, zone);
        let reaches = life.settled || end.is_none_or(|end| end > at);
        if ended == Ended::Cancelled && !life.settled {
            life.cancelling = Some(Cancelling::AtDue);
        }
        reaches.then_some(life)
    }

    fn pay_trial(&mut self) -> Gave {
        if let Some(until) = self.trial {
            self.due = self.due.map(|due| due.max(until));
            self.running = Some(Span { start: self.since, end: until, first: self.payments.len() });
        }
        Gave::Time
    }

    fn pay_period(
        &mut self,
        name: &str,
        (start, end): (Option<Timestamp>, Option<Timestamp>),
        (at, zone): (Timestamp, &TimeZone),
    ) -> (Gave, Effect) {
        let Some(due) = self.due else { return self.prolong(end) };
        let billing = self.terms.as_ref().map_or(Billing::Once, |terms| terms.billing);
        let first = self.payments.len();
        let Some(every) = every(billing) else {
            self.settled = true;
            self.due = None;
            self.running = self.expires.map(|end| Span { start: self.since, end, first });
            return (Gave::Time, Effect::Done);
        };
        let (begins, next) = match end {
            Some(end) => (start.unwrap_or(due.min(end)), end),
            None => span(every, self.anchor, due.max(at), zone),
        };
        let mut gave = if next < due { Gave::Past } else { Gave::Again };
        if next > due {
            gave = Gave::Time;
            self.due = Some(next);
            self.running = Some(Span { start: start.unwrap_or(begins), end: next, first });
        }
        if matches!(billing, Billing::Plan { .. }) {
            let begins = start.map(Paying::Begins).or_else(|| end.map(Paying::Ends));
            if self.periods.insert(begins.unwrap_or_else(|| Paying::PaidBy(name.to_owned()))) {
                gave = Gave::Time;
            }
            self.finish();
        }
        (gave, Effect::Done)
    }

    /// What is paid for a grant that asks for nothing: more time, if it was bought elsewhere and the payment says how much.
    fn prolong(&mut self, end: Option<Timestamp>) -> (Gave, Effect) {
        match (self.expires, end) {
            (Some(expires), Some(end)) if self.source == Source::Imported && end > expires => {
                self.expires = Some(end);
                (Gave::More(expires), Effect::Done)
            }
            (Some(_), Some(_)) if self.source == Source::Imported => (Gave::Past, Effect::Done),
            _ => (Gave::Again, Effect::Unused),
        }
    }

    /// A payment plan is finished when so many distinct periods are paid: whatever was decided before, it is paid now.
    pub(super) fn finish(&mut self) {
        let Some(Billing::Plan { payments, .. }) = self.terms.as_ref().map(|terms| terms.billing) else { return };
        let most = usize::try_from(payments.get()).unwrap_or(usize::MAX);
        if self.periods.len() >= most {
            self.settled = true;
            self.due = None;
            self.cancelling = None;
        }
    }

    /// What a payment mends. One for a period long past mends nothing.
    fn recover(&mut self, at: Timestamp) {
        self.failed = false;
        if !self.is_late(at) {
            self.overdue = None;
            self.disputed = None;
        }
    }

    /// Money went back.
    pub(in super::super) fn refund(&mut self, at: Timestamp, name: &str, (amount, full): (u64, bool)) -> Effect {
        let Some(payment) = self.payments.iter_mut().find(|payment| payment.name == name) else {
            let refund = self.refunds.entry(name.to_owned()).or_default();
            *refund = (refund.0.max(amount), refund.1 || full);
            return Effect::UnknownPayment;
        };
        payment.refunded = payment.refunded.max(amount);
        payment.full |= full;
        self.end_if_refunded(at);
        Effect::Done
    }

    /// Whose latest time is paid back has none: by all payments that were for it. Time that was added to what was bought
    /// elsewhere goes alone.
    fn end_if_refunded(&mut self, at: Timestamp) {
        let gives = |payment: &Payment| payment.paid.amount > 0 && matches!(payment.gave, Gave::Time | Gave::More(_));
        let Some(latest) = self.payments.iter().rposition(gives) else { return };
        let (first, later) = match self.payments.get_mut(latest..) {
            Some([first, later @ ..]) => (first, later),
            Some([]) | None => return,
        };
        let again = later.iter().filter(|payment| payment.gave == Gave::Again && payment.paid.amount > 0);
        if !first.full || again.clone().any(|payment| !payment.full) {
            return;
        }
        self.frozen = None;
        match first.gave {
            Gave::More(before) if self.ended.is_none() => {
                first.gave = Gave::Past;
                self.expires = Some(before.max(at));
            }
            Gave::Time | Gave::More(_) | Gave::Again | Gave::Difference | Gave::Past => self.end(at, Ended::Refunded),
        }
    }
}

/// The period that ends first after an instant, of those counted from an anchor.
fn span(every: period::Period, anchor: Timestamp, after: Timestamp, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let begins = |times: u32| every.after(anchor, times, zone);
    let (mut low, mut high) = (0_u32, 1_u32);
    while begins(high) <= after && begins(high) < Timestamp::MAX {
        low = high;
        high = high.saturating_mul(2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if begins(middle) <= after { low = middle } else { high = middle }
    }
    (begins(low), begins(high))
}
