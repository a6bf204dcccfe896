//! What a finished checkout means: something was bought once, or who it was that subscribed.
//!
//! The event carries no line items: what was sold is known by the payment link that it came by, else the items are asked
//! for. That it is complete does not mean that it is paid.

use super::object::{Object, by_link, by_price, list, needed};
use super::{Said, Stop};
use crate::config::product::{Billing, Money, Product};
use crate::members::event::{PaidFor, What};
use crate::provider::{Fact, Told};

/// One thing that was bought.
pub(super) struct Bought<'a> {
    /// What its grant is called.
    pub(super) grant: String,
    product: &'a Product,
    paid: Money,
}

/// A checkout that is complete, or whose payment came in later.
pub(super) fn completed(said: &Said<'_>) -> Result<Told, Stop> {
    let session = said.object;
    match session.text("/mode") {
        // Its invoices say what is paid; this says whose it is.
        Some("subscription") => {
            let grant = session.id("/subscription").map(str::to_owned);
            Ok(said.told(grant.as_slice(), Vec::new()))
        }
        Some("payment") => paid_once(said),
        _ => Err(Stop::ignored("nothing is sold by such a checkout")),
    }
}

fn paid_once(said: &Said<'_>) -> Result<Told, Stop> {
    let session = said.object;
    let free = session.number("/amount_total") == Some(0);
    match session.text("/payment_status") {
        Some("paid") => {}
        Some("no_payment_required") if free => {}
        _ => return Err(Stop::ignored("it is not paid yet; another event says when it is")),
    }
    let id = needed(session.id("/id"), "checkout", "id")?;
    let (payment, all) = bought(said, session)?;
    let mut facts = Vec::new();
    for (number, bought) in all.iter().enumerate() {
        let number = if number == 0 { String::new() } else { format!("/{}", number + 1) };
        let grant = || bought.grant.clone();
        let terms = said.context.sold.terms(bought.product, None);
        let paid_for = PaidFor::Period { start: None, end: None };
        let whats = [
            ("purchased", What::Purchased { grant: grant(), terms, trial_until: None }),
            ("paid", What::PaymentSucceeded { grant: grant(), payment: payment.clone(), paid: bought.paid, paid_for }),
        ];
        let fact = |(verb, what)| Fact { id: format!("{id}/{verb}{number}"), at: said.delivery.at(), what };
        facts.extend(whats.map(fact));
    }
    let grants: Vec<_> = all.into_iter().map(|bought| bought.grant).collect();
    Ok(said.told(&grants, facts))
}

/// What a checkout sold, and what its payment is called.
pub(super) fn bought<'a>(said: &Said<'a>, session: Object<'a>) -> Result<(String, Vec<Bought<'a>>), Stop> {
    let id = needed(session.id("/id"), "checkout", "id")?;
    // Refunds name the payment intent; where nothing was charged there is none, and nothing to be refunded.
    let payment = session.id("/payment_intent").unwrap_or(id);
    let total = needed(session.money("/amount_total"), "checkout", "amount_total")?;
    let link = session.id("/payment_link").and_then(|link| by_link(&said.context.sold, link));
    let products = match link {
        Some(product) => vec![(product, total)],
        None => by_items(said, session, id)?,
    };
    if let Some((product, _)) = products.iter().find(|(product, _)| product.billing != Billing::Once) {
        return Err(Stop::Unknown {
            why: format!("the product `{}` is paid by the period, and was bought with one payment", product.id),
            help: "give the product `billing: once`, or its link a recurring price; grant by hand what was bought",
        });
    }
    let only = products.len() == 1;
    let bought = products.into_iter().enumerate().map(|(number, (product, paid))| Bought {
        grant: if number == 0 { payment.to_owned() } else { format!("{payment}/{}", number + 1) },
        product,
        paid: if only { total } else { paid },
    });
    Ok((payment.to_owned(), bought.collect()))
}

/// The products of the line items, each once, with what was paid for them.
fn by_items<'a>(said: &Said<'a>, session: Object<'a>, id: &str) -> Result<Vec<(&'a Product, Money)>, Stop> {
    let carried: Vec<_> = session.list("/line_items").collect();
    let items = if carried.is_empty() {
        let asked = said.fetched(format!("/v1/checkout/sessions/{id}/line_items?limit=100"))?;
        asked.map(|asked| asked.list("").collect()).unwrap_or_default()
    } else {
        carried
    };
    let mut products: Vec<(&Product, Money)> = Vec::new();
    let mut foreign = Vec::new();
    for item in items {
        let Some(price) = item.id("/price") else { continue };
        let Some(product) = by_price(&said.context.sold, price) else {
            foreign.push(price);
            continue;
        };
        let paid = needed(item.money("/amount_total"), "line item", "amount_total")?;
        match products.iter_mut().find(|(known, _)| known.id == product.id) {
            Some((_, all)) => all.amount = all.amount.saturating_add(paid.amount),
            None => products.push((product, paid)),
        }
    }
    if !products.is_empty() {
        return Ok(products);
    }
    let link = session.id("/payment_link").map(|link| format!("the payment link `{link}`"));
    let prices = (!foreign.is_empty()).then(|| format!("the price {}", list(&foreign)));
    let names: Vec<_> = link.into_iter().chain(prices).collect();
    Err(Stop::Unknown {
        why: match names.is_empty() {
            true => format!("the checkout `{id}` says nothing of what it sold"),
            false => format!("no product has {}", names.join(" or ")),
        },
        help: "add it to `stripe` of the product that it sells, under `links` or `prices`",
    })
}
