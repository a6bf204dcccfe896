//! The `products` of `site.yaml`: what is sold, for how much, and how it is paid.
//!
//! Here each is read by itself. What only shows in all of them together, or in what they sell, is in [`checks`].
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

mod checks;
mod money;

use std::num::NonZeroU32;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::catalogue::{self, Declared};
use super::config::{Section, address, period};
use super::document::{Fault, Node, Value};
use super::reading::{Faults, boolean, text, wrong};
use crate::config::product::{Billing, Money, Product, Stripe, Trial};
use crate::config::{Allowed, Token};
use crate::diagnostic::Spanned;
use crate::id::Id;

/// What products are checked against.
pub(super) struct Around<'a> {
    pub(super) declared: &'a Declared,
    pub(super) zone: &'a TimeZone,
    pub(super) token: &'a Token,
    pub(super) allowed: &'a [Allowed],
}

const KEYS: [&str; 8] = ["id", "sells", "price", "billing", "trial", "stripe", "member_cancel", "buy"];

/// The most payments of a plan: more than one a week for ten years nobody means.
const MOST_PAYMENTS: u64 = 520;

/// A product as it is written, each part in its place; what has a fault is missing.
struct Draft {
    id: Spanned<Id>,
    sells: Option<Spanned<Id>>,
    price: Option<Spanned<Money>>,
    billing: Option<Spanned<Billing>>,
    trial: Option<Spanned<Trial>>,
    prices: Vec<Spanned<String>>,
    links: Vec<Spanned<String>>,
    member_cancel: bool,
    buy: Option<String>,
    /// Whether something of it could not be read.
    spoilt: bool,
}

/// Reads the list. With a fault anywhere what is returned is not used.
pub(super) fn read(
    entry: Option<&(Spanned<String>, Node)>,
    around: &Around<'_>,
    faults: &mut Faults<'_>,
) -> Vec<Product> {
    let Some((key, node)) = entry else { return Vec::new() };
    let Value::List(items) = &node.value else {
        let fault = wrong("products", &node.value, "a list", node);
        faults.error(fault.help("write `- {id: …, sells: …, price: {amount: 900, currency: eur}, billing: once}`"));
        return Vec::new();
    };
    if items.is_empty() {
        return Vec::new();
    }
    let drafts: Vec<Draft> = items.iter().filter_map(|item| draft(item, faults)).collect();
    checks::check(&drafts, (&key.span, around), faults)
}

impl Draft {
    /// The product, if nothing is missing; `sells` is the id of today.
    fn product(&self, sells: Id) -> Option<Product> {
        let Self { id, sells: _, price, billing, trial, prices, links, member_cancel, buy, spoilt } = self;
        let names = |names: &[Spanned<String>]| names.iter().map(|name| name.value.clone()).collect();
        (!spoilt).then_some(())?;
        Some(Product {
            id: id.value.clone(),
            sells,
            price: price.as_ref()?.value,
            billing: billing.as_ref()?.value,
            trial: trial.as_ref().map(|trial| trial.value),
            member_cancel: *member_cancel,
            stripe: Stripe { prices: names(prices), links: names(links) },
            buy: buy.clone(),
        })
    }
}

fn draft(node: &Node, faults: &mut Faults<'_>) -> Option<Draft> {
    let Value::Map(map) = &node.value else {
        let message = format!("an item of `products` is {}, not a map", node.value.kind());
        faults.error(Fault::new(message, node.span.clone()).help("write `- {id: …, sells: …, price: …, billing: …}`"));
        return None;
    };
    let section = Section { map, path: "" };
    section.only(&KEYS, faults);
    let id = match map.get("id") {
        Some(written) => faults.keep(catalogue::id("id", written, faults)),
        None => {
            let help = "give it one that never changes: what people bought is kept under it";
            faults.error(Fault::new("this product has no id", node.span.clone()).help(help));
            None
        }
    };
    let sells = sells(node, map.get("sells"), faults);
    let (price, price_fine) = money::price(&section, node, faults);
    let billing = billing(&section, node, faults);
    let currency = price.as_ref().map(|price| price.value.currency);
    let trial = map.get("trial").map(|node| trial(node, currency, faults));
    let stripe = section.inner("stripe", faults);
    let stripe = stripe.map(|map| Section { map, path: "stripe." });
    if let Some(stripe) = &stripe {
        stripe.only(&["prices", "links"], faults);
    }
    let names = |key, faults: &mut Faults<'_>| match &stripe {
        Some(stripe) => stripe.read_list(key, faults, stripe_name),
        None => Vec::new(),
    };
    let (prices, links) = (names("prices", faults), names("links", faults));
    let member_cancel = section.read("member_cancel", faults, |key, node, _| boolean(key, node)).unwrap_or(true);
    let buy = section.read("buy", faults, address);
    let spoilt = !price_fine || trial.as_ref().is_some_and(Option::is_none);
    Some(Draft { id: id?, sells, price, billing, trial: trial.flatten(), prices, links, member_cancel, buy, spoilt })
}

/// One tier or bundle, neither none nor several.
fn sells(product: &Node, node: Option<&Node>, faults: &mut Faults<'_>) -> Option<Spanned<Id>> {
    let none = |span: &Range<usize>| {
        let fault = Fault::new("this product sells nothing", span.clone());
        fault.help("name the one tier or bundle that it sells: `sells: basic`")
    };
    let several = |count: usize, span: &Range<usize>| {
        let message = format!("a product sells exactly one tier or bundle, and this one names {count}");
        let help = "make a product for each; what comes with a tier stands in the tier's `includes`";
        Fault::new(message, span.clone()).help(help)
    };
    let found = match node.map(|node| (&node.value, node)) {
        None => Err(none(&product.span)),
        Some((Value::Null, node)) => Err(none(&node.span)),
        Some((Value::List(items), node)) if items.is_empty() => Err(none(&node.span)),
        Some((Value::List(items), node)) if items.len() == 1 => {
            let fault = Fault::new("`sells` is a list, not an id", node.span.clone());
            Err(fault.help("take the brackets away: `sells: basic`"))
        }
        Some((Value::List(items), node)) => Err(several(items.len(), &node.span)),
        Some((Value::Text(text), node)) if text.contains([',', '+']) => {
            Err(several(text.split([',', '+']).count(), &node.span))
        }
        Some((_, node)) => catalogue::id("sells", node, faults),
    };
    faults.keep(found)
}

fn billing(section: &Section<'_>, product: &Node, faults: &mut Faults<'_>) -> Option<Spanned<Billing>> {
    let help =
        "write `once`, `{every: 1 month}` for a subscription, or `{every: 1 month, payments: 6}` for a payment plan";
    let Some(node) = section.map.get("billing") else {
        faults.error(Fault::new("this product does not say how it is paid", product.span.clone()).help(help));
        return None;
    };
    let spanned = |billing| Some(Spanned::new(billing, node.span.clone()));
    match &node.value {
        Value::Text(text) if text == "once" => spanned(Billing::Once),
        Value::Map(map) => {
            let section = Section { map, path: "billing." };
            section.only(&["every", "payments"], faults);
            let every = section.read("every", faults, period);
            if map.get("every").is_none() {
                let fault = Fault::new("`billing.every` is missing", node.span.clone());
                faults.error(fault.help("say how often is paid: `{every: 1 month}`"));
            }
            let payments = map.get("payments").map(|_| section.read("payments", faults, payments));
            let every = every?.value;
            match payments {
                None => spanned(Billing::Subscription { every }),
                Some(payments) => spanned(Billing::Plan { every, payments: payments? }),
            }
        }
        Value::Null => {
            faults.error(wrong("billing", &node.value, "", node).help(help));
            None
        }
        _ => {
            let written = faults.written(&node.span);
            faults.error(Fault::new(format!("`billing` cannot be `{written}`"), node.span.clone()).help(help));
            None
        }
    }
}

fn payments(key: &str, node: &Node, written: &str) -> Result<NonZeroU32, Fault> {
    let number = if let Value::Number(number) = &node.value { number.as_u64() } else { None };
    let fault = Fault::new(format!("`{key}` cannot be `{written}`"), node.span.clone());
    match number {
        Some(1) => Err(fault.help("one payment is `billing: once`")),
        Some(number @ 2..=MOST_PAYMENTS) => {
            u32::try_from(number).ok().and_then(NonZeroU32::new).ok_or_else(|| fault.help("write a smaller number"))
        }
        _ => Err(fault.help(format!(
            "write how many payments there are, from 2 to {MOST_PAYMENTS}; without `payments` it is a subscription"
        ))),
    }
}

fn trial(
    node: &Node,
    currency: Option<crate::config::product::Currency>,
    faults: &mut Faults<'_>,
) -> Option<Spanned<Trial>> {
    let help = "write `trial: {length: 14d}`, and `amount` beside it if the trial is paid";
    let Value::Map(map) = &node.value else {
        faults.error(wrong("trial", &node.value, "a map", node).help(help));
        return None;
    };
    let section = Section { map, path: "trial." };
    section.only(&["length", "amount"], faults);
    if map.get("length").is_none() {
        faults.error(Fault::new("`trial.length` is missing", node.span.clone()).help(help));
    }
    let length = section.read("length", faults, period);
    let amount = match map.get("amount") {
        Some(_) => section.read("amount", faults, |key, node, written| money::amount(key, node, (written, currency))),
        None => Some(0),
    };
    Some(Spanned::new(Trial { length: length?.value, amount: amount? }, node.span.clone()))
}

/// A price or a payment link of Stripe, by its id.
fn stripe_name(key: &str, node: &Node) -> Result<Spanned<String>, Fault> {
    let name = text(key, node)?.trim();
    let (prefix, what) = if key.ends_with("links") { ("plink_", "payment link") } else { ("price_", "price") };
    let plain = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.len() <= 255 && name.strip_prefix(prefix).is_some_and(plain) {
        return Ok(Spanned::new(name.to_owned(), node.span.clone()));
    }
    let fault = Fault::new(format!("`{name}` is no id of a {what} at Stripe"), node.span.clone());
    Err(match name {
        _ if name.starts_with("https://") => {
            fault.help(format!("this is an address: it belongs under `buy`; the id of a {what} begins with `{prefix}`"))
        }
        _ if name.starts_with("prod_") => {
            fault.help("this is a product at Stripe: open it there, and take the id of its price, `price_…`")
        }
        _ if name.starts_with("price_") => fault.help("this is a price: it belongs under `stripe.prices`"),
        _ if name.starts_with("plink_") => fault.help("this is a payment link: it belongs under `stripe.links`"),
        _ => fault.help(format!("Stripe's dashboard shows it: it begins with `{prefix}`")),
    })
}
