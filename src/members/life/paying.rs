//! Money: what a payment moves, what a refund takes back.

use jiff::tz::TimeZone;

use super::super::event::PaidFor;
use super::super::member::{Ended, Source, State};
use super::{Cancelling, Effect, Life, Paid, Payment, Period, Span, every, grace};
use crate::config::product::Billing;
use crate::time::{Timestamp, period};

impl Life {
    /// Money came in.
    pub(in super::super) fn pay(&mut self, paid: &Paid<'_>, at: Timestamp, zone: &TimeZone) -> Effect {
        // A provider may tell of one payment twice, and a dispute that is won is told as the payment that it was about.
        if self.knows(paid.name) {
            self.recover(at);
            return Effect::Done;
        }
        let (refunded, full) = self.refunds.remove(paid.name).unwrap_or_default();
        let proration = matches!(paid.paid_for, PaidFor::Proration {});
        self.payments.push(Payment { name: paid.name.to_owned(), paid: paid.money, refunded, full, proration });
        let effect = match paid.paid_for {
            PaidFor::Proration {} => Effect::Done,
            PaidFor::Trial {} => self.pay_trial(),
            PaidFor::Period { start, end } => self.pay_period(paid.name, (start, end), (at, zone)),
        };
        self.recover(at);
        self.end_if_refunded(at);
        effect
    }

    fn knows(&self, payment: &str) -> bool {
        self.payments.iter().any(|known| known.name == payment)
    }

    /// The same grant with all its dates, taken up by a payment that came after its end: the disputed one, told again for
    /// the dispute was won; or the last one of a plan, no later than any payment may be.
    pub(in super::super) fn resumed(&self, paid: &Paid<'_>, at: Timestamp, zone: &TimeZone) -> Option<Self> {
        let (ended, why) = self.ended?;
        let known = self.knows(paid.name);
        let won = why == Ended::Unpaid && self.disputed && known;
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

    fn pay_trial(&mut self) -> Effect {
        if let Some(until) = self.trial {
            self.due = self.due.map(|due| due.max(until));
            self.running = Some(Span { start: self.since, end: until, first: self.payments.len().saturating_sub(1) });
        }
        Effect::Done
    }

    fn pay_period(
        &mut self,
        name: &str,
        (start, end): (Option<Timestamp>, Option<Timestamp>),
        (at, zone): (Timestamp, &TimeZone),
    ) -> Effect {
        let Some(due) = self.due else { return self.prolong(end) };
        let billing = self.terms.as_ref().map_or(Billing::Once, |terms| terms.billing);
        let first = self.payments.len().saturating_sub(1);
        let Some(every) = every(billing) else {
            self.settled = true;
            self.due = None;
            self.running = self.expires.map(|end| Span { start: self.since, end, first });
            return Effect::Done;
        };
        let (begins, next) = match end {
            Some(end) => (start.unwrap_or(due.min(end)), end),
            None => span(every, self.anchor, due.max(at), zone),
        };
        if next > due {
            self.due = Some(next);
            self.running = Some(Span { start: start.unwrap_or(begins), end: next, first });
        }
        if matches!(billing, Billing::Plan { .. }) {
            let begins = start.map(Period::Begins).or_else(|| end.map(Period::Ends));
            self.periods.insert(begins.unwrap_or_else(|| Period::PaidBy(name.to_owned())));
            self.finish();
        }
        Effect::Done
    }

    /// What is paid for a grant that asks for nothing: more time, if it was bought elsewhere and the payment says how much.
    fn prolong(&mut self, end: Option<Timestamp>) -> Effect {
        match (self.expires, end) {
            (Some(expires), Some(end)) if self.source == Source::Imported => {
                self.expires = Some(expires.max(end));
                Effect::Done
            }
            _ => Effect::Unused,
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
            self.disputed = false;
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

    /// Whose latest time is paid back has none. The difference after a switch pays for no time: the time paid before stays.
    fn end_if_refunded(&mut self, at: Timestamp) {
        let latest = self.payments.iter().rev().find(|payment| payment.paid.amount > 0 && !payment.proration);
        if latest.is_some_and(|payment| payment.full) {
            self.frozen = None;
            self.end(at, Ended::Refunded);
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
