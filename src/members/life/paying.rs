//! Money: what a payment moves, what a refund takes back.

use jiff::tz::TimeZone;

use super::super::event::PaidFor;
use super::super::member::{Ended, Source};
use super::{Effect, Life, Paid, Payment, Period, Span, every};
use crate::config::product::Billing;
use crate::time::{Timestamp, period};

impl Life {
    /// Money came in.
    pub(in super::super) fn pay(&mut self, paid: &Paid<'_>, at: Timestamp, zone: &TimeZone) -> Effect {
        // A provider may tell of one payment twice, and a dispute that is won is told as the payment that it was about.
        if self.payments.iter().any(|payment| payment.name == paid.name) {
            self.recover(at);
            return Effect::Done;
        }
        let (refunded, full) = self.refunds.remove(paid.name).unwrap_or_default();
        self.payments.push(Payment { name: paid.name.to_owned(), paid: paid.money, refunded, full });
        let effect = match paid.paid_for {
            PaidFor::Proration {} => Effect::Done,
            PaidFor::Trial {} => self.pay_trial(),
            PaidFor::Period { start, end } => self.pay_period(paid.name, (start, end), (at, zone)),
        };
        self.recover(at);
        self.end_if_refunded(at);
        effect
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

    fn end_if_refunded(&mut self, at: Timestamp) {
        let latest = self.payments.iter().rev().find(|payment| payment.paid.amount > 0);
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
