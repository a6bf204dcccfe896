//! What invoices mean: that a period of a subscription was paid, or was not.
//!
//! An invoice that was paid is the payment `in_…`, told once however many events tell of it. The first one of a subscription
//! is its purchase. What it paid, its lines say: a period, a trial's fee, or the difference after a switch.

use super::object::{Object, by_price, needed};
use super::subscription::{once, several, unsold};
use super::{Said, Stop};
use crate::config::product::{Billing, Money, Product};
use crate::members::event::{PaidFor, What};
use crate::provider::{Fact, Told};
use crate::time::Timestamp;

/// A purchase that is paid within so many seconds begins when the subscription does.
const AT_ONCE: i64 = 3_600;

/// An invoice of a subscription.
struct Invoice<'a> {
    id: &'a str,
    subscription: &'a str,
    reason: Reason,
    lines: Vec<Line<'a>>,
    object: Object<'a>,
}

/// Why there is an invoice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The subscription began.
    First,
    /// A period begins.
    Cycle,
    /// The subscription was changed.
    Change,
    /// Something else was charged.
    Other,
}

struct Line<'a> {
    price: &'a str,
    product: Option<&'a Product>,
    amount: i64,
    proration: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

/// The subscription that an invoice is for: below `parent` since `basil`, on the invoice before.
pub(super) fn subscription(invoice: Object<'_>) -> Option<&str> {
    invoice.id("/parent/subscription_details/subscription").or_else(|| invoice.id("/subscription"))
}

impl<'a> Invoice<'a> {
    fn read(object: Object<'a>, said: &Said<'a>) -> Result<Self, Stop> {
        let id = needed(object.id("/id"), "invoice", "id")?;
        let Some(subscription) = subscription(object) else {
            return Err(Stop::ignored("it is for no subscription: what was bought, its checkout says"));
        };
        let reason = match object.text("/billing_reason") {
            Some("subscription_create" | "quote_accept") => Reason::First,
            Some("subscription_cycle" | "subscription" | "subscription_threshold") => Reason::Cycle,
            Some("subscription_update") => Reason::Change,
            _ => Reason::Other,
        };
        // An event carries ten lines; prorations stand before the period.
        let all = match object.truth("/lines/has_more") {
            Some(true) => said.fetched(format!("/v1/invoices/{id}/lines?limit=100"))?,
            _ => object.at("/lines"),
        };
        let lines = all.into_iter().flat_map(|all| all.list("")).filter_map(|line| Line::read(line, said)).collect();
        Ok(Self { id, subscription, reason, lines, object })
    }

    /// The line of the period that it is for, and the product of that. Of a first invoice also the days until billing
    /// begins, which Stripe calls a proration.
    fn period(&self) -> Result<Option<(&Line<'a>, &'a Product)>, Stop> {
        let periods = || self.lines.iter().filter(|line| !line.proration || self.reason == Reason::First);
        let mut sold: Vec<_> = periods().filter_map(|line| Some((line, line.product?))).collect();
        sold.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        if sold.windows(2).any(|two| matches!(two, [(_, a), (_, b)] if a.id != b.id)) {
            return Err(several(&sold.iter().map(|(line, _)| line.price).collect::<Vec<_>>()));
        }
        let last = sold.into_iter().max_by_key(|(line, _)| line.end);
        let foreign: Vec<_> = periods().map(|line| line.price).collect();
        match last {
            Some((_, product)) if product.billing == Billing::Once => Err(once(product)),
            Some(found) => Ok(Some(found)),
            None if foreign.is_empty() => Ok(None),
            None => Err(unsold(&foreign)),
        }
    }

    /// What came in.
    fn paid(&self) -> Result<Money, Stop> {
        needed(self.object.money("/amount_paid"), "invoice", "amount_paid")
    }

    fn payment(&self, said: &Said<'_>, paid: Money, paid_for: PaidFor) -> Fact {
        let (grant, payment) = (self.subscription.to_owned(), self.id.to_owned());
        let what = What::PaymentSucceeded { grant, payment, paid, paid_for };
        Fact { id: format!("{}/paid", self.id), at: self.paid_at(said), what }
    }

    fn paid_at(&self, said: &Said<'_>) -> Timestamp {
        self.object.instant("/status_transitions/paid_at").unwrap_or(said.delivery.at())
    }

    /// A line of nothing, for what has a price: of a trial.
    fn is_trial(&self, line: &Line<'_>, product: &Product) -> bool {
        self.reason != Reason::Cycle && line.amount == 0 && product.price.amount > 0
    }
}

impl<'a> Line<'a> {
    /// A line of a subscription's item; what else was charged is none.
    fn read(line: Object<'a>, said: &Said<'a>) -> Option<Self> {
        let price =
            line.id("/pricing/price_details/price").or_else(|| line.id("/price")).or_else(|| line.id("/plan"))?;
        let details = |name: &str| line.truth(&format!("/parent/{name}/proration"));
        let proration = details("subscription_item_details").or_else(|| details("invoice_item_details"));
        let proration = proration.or_else(|| line.truth("/proration")).unwrap_or(false);
        let of_item = matches!(
            line.text("/parent/type").or_else(|| line.text("/type")),
            Some("subscription_item_details" | "subscription")
        );
        (of_item || proration).then(|| Self {
            price,
            product: by_price(&said.context.sold, price),
            amount: line.number("/amount").unwrap_or(0),
            proration,
            start: line.instant("/period/start"),
            end: line.instant("/period/end"),
        })
    }
}

/// An invoice that was paid.
pub(super) fn paid<'a>(said: &Said<'a>, object: Object<'a>) -> Result<Told, Stop> {
    let is_paid = match object.at("/status") {
        Some(_) => object.text("/status") == Some("paid"),
        // The oldest versions have no more than the flag.
        None => object.truth("/paid") == Some(true),
    };
    if !is_paid {
        return Err(Stop::ignored("the invoice is not paid"));
    }
    let invoice = Invoice::read(object, said)?;
    let facts = match invoice.period()? {
        Some((line, product)) => for_period(said, &invoice, line, product)?,
        None => vec![not_for_period(said, &invoice)?],
    };
    Ok(said.told(&[invoice.subscription.to_owned()], facts))
}

fn for_period(said: &Said<'_>, invoice: &Invoice<'_>, line: &Line<'_>, product: &Product) -> Result<Vec<Fact>, Stop> {
    let paid = invoice.paid()?;
    if invoice.is_trial(line, product) {
        // A trial that has its price counts as unpaid until somebody says otherwise, also where a coupon paid for it.
        let free = product.trial.is_none_or(|trial| trial.amount == 0) || invoice.reason != Reason::First;
        if paid.amount == 0 && free {
            return Err(Stop::ignored("the invoice of a trial, by which nothing was paid"));
        }
        return Ok(vec![invoice.payment(said, paid, PaidFor::Trial {})]);
    }
    let payment = invoice.payment(said, paid, PaidFor::Period { start: line.start, end: line.end });
    let older = invoice.reason == Reason::Cycle && !said.context.known.has(invoice.subscription);
    if older && matches!(product.billing, Billing::Plan { .. }) {
        return Err(Stop::Unknown {
            why: format!("the payment plan `{}` began before this site was told of it", invoice.subscription),
            help: "count its payments in Stripe's dashboard, and grant by hand what was bought",
        });
    }
    if invoice.reason != Reason::First && !older {
        return Ok(vec![payment]);
    }
    let at_once = |start: &Timestamp| (0..=AT_ONCE).contains(&(payment.at.seconds() - start.seconds()));
    let at = line.start.filter(at_once).unwrap_or(payment.at);
    let terms = said.context.sold.terms(product, None);
    let what = What::Purchased { grant: invoice.subscription.to_owned(), terms, trial_until: None };
    Ok(vec![Fact { id: format!("{}/purchased", invoice.subscription), at, what }, payment])
}

fn not_for_period(said: &Said<'_>, invoice: &Invoice<'_>) -> Result<Fact, Stop> {
    let prorations: Vec<_> = invoice.lines.iter().filter(|line| line.proration).collect();
    if prorations.is_empty() {
        return Err(Stop::ignored("it is for no period of a subscription"));
    }
    if prorations.iter().all(|line| line.product.is_none()) {
        return Err(unsold(&prorations.iter().map(|line| line.price).collect::<Vec<_>>()));
    }
    Ok(invoice.payment(said, invoice.paid()?, PaidFor::Proration {}))
}

/// An invoice that was not paid.
pub(super) fn failed(said: &Said<'_>) -> Result<Told, Stop> {
    let invoice = Invoice::read(said.object, said)?;
    if invoice.reason == Reason::First {
        return Err(Stop::ignored("the first payment failed, and nothing had been granted for it"));
    }
    if invoice.period()?.is_none() {
        return Err(Stop::ignored("no period is unpaid by this; if the subscription is past due, it says so itself"));
    }
    let grant = invoice.subscription.to_owned();
    let facts = said.facts(vec![What::PaymentFailed { grant: grant.clone() }]);
    Ok(said.told(&[grant], facts))
}

/// A payment of an invoice: the invoice says what it is for, and whether all of it is paid.
pub(super) fn payment_paid(said: &Said<'_>) -> Result<Told, Stop> {
    let id = needed(said.object.id("/invoice"), "invoice payment", "invoice")?;
    if !said.context.known.paid_by(id).is_empty() {
        return Err(Stop::ignored("that the invoice is paid is known"));
    }
    match said.fetched(format!("/v1/invoices/{id}"))? {
        Some(invoice) => {
            let of = Said { object: invoice, ..*said };
            let told = paid(&of, invoice)?;
            Ok(Told { subject: crate::provider::Subject { grants: told.subject.grants, ..of.subject() }, ..told })
        }
        None => Err(Stop::ignored("there is no such invoice any more")),
    }
}
