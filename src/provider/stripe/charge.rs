//! Money that goes back: refunds and disputes.
//!
//! They name a charge and its payment intent. Which invoice that paid, a charge says itself only before 2025-03-31
//! (`basil`); since then it is looked up, unless the ledger knows what the payment paid.

use super::checkout::bought;
use super::invoice::subscription;
use super::object::{Object, by_price, needed};
use super::{Said, Stop};
use crate::config::product::Money;
use crate::members::event::{PaidFor, What};
use crate::provider::Told;
use crate::time::Timestamp;

/// A payment by the name that it has in the ledger, and the grants that it paid.
struct Payment {
    name: String,
    grants: Vec<String>,
}

/// A charge of which money went back, all of it or some.
pub(super) fn refunded(said: &Said<'_>) -> Result<Told, Stop> {
    let charge = said.object;
    let refunded = needed(charge.money("/amount_refunded"), "charge", "amount_refunded")?;
    let amount = needed(charge.money("/amount"), "charge", "amount")?;
    if refunded.amount == 0 {
        return Err(Stop::ignored("nothing went back"));
    }
    let full = charge.truth("/refunded").unwrap_or(false) || refunded.amount >= amount.amount;
    let payment = paid(said)?;
    if !full && payment.grants.len() > 1 {
        return Err(Stop::Unknown {
            why: format!("a part of `{}` went back, by which several products were paid", payment.name),
            help: "revoke by hand what was given back",
        });
    }
    let what = |grant: &String| What::Refunded { grant: grant.clone(), payment: payment.name.clone(), refunded, full };
    let facts = said.facts(payment.grants.iter().map(what).collect());
    Ok(said.told(&payment.grants, facts))
}

/// A payment that the buyer's bank takes back.
pub(super) fn disputed(said: &Said<'_>) -> Result<Told, Stop> {
    if said.object.text("/status").is_some_and(|status| status.starts_with("warning_") || status == "prevented") {
        return Err(Stop::ignored("the bank asks, and takes nothing back yet"));
    }
    let payment = paid(said)?;
    let of = |grant: &String| What::Disputed { grant: grant.clone(), payment: Some(payment.name.clone()) };
    let facts = said.facts(payment.grants.iter().map(of).collect());
    Ok(said.told(&payment.grants, facts))
}

/// A dispute that is decided: where it was won, the payment that it was about is told again.
pub(super) fn dispute_closed(said: &Said<'_>) -> Result<Told, Stop> {
    if said.object.text("/status") != Some("won") {
        return Err(Stop::ignored("it was not won: nothing comes back"));
    }
    let currency = needed(said.object.currency(), "dispute", "currency")?;
    let payment = paid(said)?;
    let (start, end) = match payment.name.starts_with("in_") {
        true => period(said, &payment.name)?,
        false => (None, None),
    };
    // The money itself was counted when it came the first time.
    let what = |grant: &String| What::PaymentSucceeded {
        grant: grant.clone(),
        payment: payment.name.clone(),
        paid: Money { amount: 0, currency },
        paid_for: PaidFor::Period { start, end },
    };
    let facts = said.facts(payment.grants.iter().map(what).collect());
    Ok(said.told(&payment.grants, facts))
}

/// The period that an invoice was for.
fn period(said: &Said<'_>, invoice: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), Stop> {
    let Some(invoice) = said.fetched(format!("/v1/invoices/{invoice}"))? else { return Ok((None, None)) };
    let last = lines(said, invoice).max_by_key(|line| line.instant("/period/end"));
    let bound = |name: &str| last.and_then(|line| line.instant(&format!("/period/{name}")));
    Ok((bound("start"), bound("end")))
}

/// The lines of an invoice that are for something sold here.
fn lines<'a>(said: &Said<'a>, invoice: Object<'a>) -> impl Iterator<Item = Object<'a>> {
    let sold = said.context.sold;
    invoice.list("/lines").filter(move |line| {
        let price = line.id("/pricing/price_details/price").or_else(|| line.id("/price"));
        price.or_else(|| line.id("/plan")).is_some_and(|price| by_price(&sold, price).is_some())
    })
}

/// Which payment a charge or a dispute is about.
fn paid(said: &Said<'_>) -> Result<Payment, Stop> {
    let known = |name: &str| {
        let grants = said.context.known.paid_by(name);
        (!grants.is_empty()).then(|| Payment { name: name.to_owned(), grants })
    };
    let object = said.object;
    let Some(intent) = object.id("/payment_intent") else {
        return Err(Stop::ignored("it was charged by no invoice and no checkout"));
    };
    if let Some(payment) = object.id("/invoice").and_then(known).or_else(|| known(intent)) {
        return Ok(payment);
    }
    if let Some(payment) = by_invoice(said, intent)? {
        return Ok(payment);
    }
    let query = format!("/v1/checkout/sessions?payment_intent={intent}&limit=1&expand[]=data.line_items");
    let session = said.fetched(query)?.and_then(|found| found.list("").next());
    let foreign = || Stop::ignored("it was for nothing that is sold here");
    let (name, all) = match bought(said, session.ok_or_else(foreign)?) {
        Err(Stop::Unknown { .. }) => return Err(foreign()),
        other => other?,
    };
    Ok(Payment { name, grants: all.into_iter().map(|bought| bought.grant).collect() })
}

/// The invoice that a payment intent paid, if it is one of a subscription.
fn by_invoice(said: &Said<'_>, intent: &str) -> Result<Option<Payment>, Stop> {
    let invoice = match said.object.id("/invoice") {
        Some(id) => said.fetched(format!("/v1/invoices/{id}"))?,
        None => {
            let query = format!(
                "/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]={intent}&limit=1\
                 &expand[]=data.invoice"
            );
            let found = said.fetched(query)?.and_then(|found| found.list("").next());
            found.and_then(|payment| payment.whole("/invoice"))
        }
    };
    let Some(invoice) = invoice else { return Ok(None) };
    let (Some(id), Some(subscription)) = (invoice.id("/id"), subscription(invoice)) else { return Ok(None) };
    if lines(said, invoice).next().is_none() && !said.context.known.has(subscription) {
        return Err(Stop::ignored("it was for nothing that is sold here"));
    }
    Ok(Some(Payment { name: id.to_owned(), grants: vec![subscription.to_owned()] }))
}
