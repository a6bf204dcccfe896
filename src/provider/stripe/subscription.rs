//! What the events of a subscription itself mean: trials, cancellations, switches, failing and ending.
//!
//! That somebody paid is not said here but by invoices. An update carries what it changed, so that nothing need be
//! remembered: the state before is the object with `previous_attributes` put back.

use serde_json::Value;

use super::object::{Object, by_price, list, needed};
use super::{Said, Stop};
use crate::config::product::{Billing, Money, Product, Trial};
use crate::members::event::{By, PaidFor, Terms, What};
use crate::provider::{Fact, Sold, Told};
use crate::time::Timestamp;
use crate::time::period::{Period, Unit};

const DAY: i64 = 86_400;
/// How much later than the last payment of a plan its end must be for that payment to be taken.
const AN_HOUR: i64 = 3_600;

/// A subscription at one moment.
struct Subscription<'a> {
    id: &'a str,
    status: Status,
    product: Found<'a>,
    /// The price it has, where it is known what that is in money.
    unit_amount: Option<i64>,
    object: Object<'a>,
}

/// What a subscription is worth, by Stripe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    /// Its first payment has not come, and may never come.
    Incomplete,
    Trialing,
    Active,
    PastDue,
    /// Stripe has given up asking for money, or was told to pause.
    Stopped,
    /// Canceled, or never begun.
    Over,
}

/// Which product a subscription's prices are.
enum Found<'a> {
    One(&'a Product),
    /// Nobody sells these.
    None(Vec<&'a str>),
    /// These are several products in one subscription.
    Several(Vec<&'a str>),
    /// It is not one that is paid by the period.
    Once(&'a Product),
}

impl<'a> Found<'a> {
    fn read(prices: Vec<&'a str>, sold: &Sold<'a>) -> Self {
        let mut products: Vec<_> = prices.iter().filter_map(|price| by_price(sold, price)).collect();
        products.sort_by(|a, b| a.id.cmp(&b.id));
        products.dedup_by(|a, b| a.id == b.id);
        match products.as_slice() {
            [] => Self::None(prices),
            [product] if product.billing == Billing::Once => Self::Once(product),
            [product] => Self::One(product),
            _ => Self::Several(prices),
        }
    }

    fn one(&self) -> Option<&'a Product> {
        match self {
            Self::One(product) => Some(product),
            Self::None(_) | Self::Several(_) | Self::Once(_) => None,
        }
    }

    fn known(&self) -> Result<&'a Product, Stop> {
        match self {
            Self::One(product) => Ok(product),
            Self::None(prices) => Err(unsold(prices)),
            Self::Several(prices) => Err(several(prices)),
            Self::Once(product) => Err(once(product)),
        }
    }
}

/// Prices of a subscription or an invoice that no product has.
pub(super) fn unsold(prices: &[&str]) -> Stop {
    Stop::Unknown {
        why: format!("no product has the price {}", list(prices)),
        help: "add the price to `stripe.prices` of the product that it sells, former prices too",
    }
}

pub(super) fn several(prices: &[&str]) -> Stop {
    Stop::Unknown {
        why: format!("one subscription has the prices of several products: {}", list(prices)),
        help: "sell each product by a subscription of its own; grant by hand what was bought",
    }
}

pub(super) fn once(product: &Product) -> Stop {
    Stop::Unknown {
        why: format!("the product `{}` is billed once, and was bought as a subscription", product.id),
        help: "give the product the billing that its price has; grant by hand what was bought",
    }
}

impl<'a> Subscription<'a> {
    fn read(object: Object<'a>, sold: &Sold<'a>) -> Result<Self, Stop> {
        let id = needed(object.id("/id"), "subscription", "id")?;
        let status = match needed(object.text("/status"), "subscription", "status")? {
            "incomplete" => Status::Incomplete,
            "trialing" => Status::Trialing,
            "active" => Status::Active,
            "past_due" => Status::PastDue,
            "unpaid" | "paused" => Status::Stopped,
            "canceled" | "incomplete_expired" => Status::Over,
            other => {
                return Err(Stop::Unknown {
                    why: format!("nobody here knows what the status `{other}` of a subscription means"),
                    help: "look it up in Stripe's dashboard, and grant or revoke by hand",
                });
            }
        };
        let items: Vec<_> = object.list("/items").collect();
        let price = |item: &Object<'a>| item.id("/price").or_else(|| item.id("/plan"));
        let product = Found::read(items.iter().filter_map(price).collect(), sold);
        let sells = |item: &&Object<'a>| price(item).is_some_and(|price| by_price(sold, price).is_some());
        let unit_amount = items.iter().find(sells).and_then(|item| item.number("/price/unit_amount"));
        Ok(Self { id, status, product, unit_amount, object })
    }

    fn created(&self) -> Option<Timestamp> {
        self.object.instant("/created").or_else(|| self.object.instant("/start_date"))
    }

    /// The period that is running: on the items since `basil`, on the subscription before.
    fn period(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let ends = |name: &str| {
            let own = format!("/current_period_{name}");
            self.object.list("/items").filter_map(|item| item.instant(&own)).max().or_else(|| self.object.instant(&own))
        };
        (ends("start"), ends("end"))
    }

    fn trial_end(&self) -> Option<Timestamp> {
        let offered = self.object.list("/items").filter_map(|item| item.instant("/current_trial/end_date")).max();
        self.object.instant("/trial_end").or(offered)
    }

    /// When it is to end by a decision, if it is. That a plan ends after its last payment is no decision.
    fn ending(&self) -> Option<Timestamp> {
        let at_period_end = || self.object.truth("/cancel_at_period_end")?.then(|| self.period().1)?;
        let end = self.object.instant("/cancel_at").or_else(at_period_end)?;
        let paid = self.product.one().and_then(|product| self.last_payment(product)).is_some_and(|last| end >= last);
        (!paid).then_some(end)
    }

    /// Of a plan, the instant from which on the last of its payments has been asked for.
    fn last_payment(&self, product: &Product) -> Option<Timestamp> {
        let Billing::Plan { every, payments } = product.billing else { return None };
        let anchor = self.object.instant("/trial_end").or_else(|| self.object.instant("/start_date"));
        // Stripe counts months in UTC.
        let last = every.after(anchor.or_else(|| self.created())?, payments.get() - 1, &jiff::tz::TimeZone::UTC);
        Some(Timestamp::saturating(last.seconds().saturating_add(AN_HOUR)))
    }

    /// The trial that it began with: the product's own, else as long as Stripe says.
    fn trial(&self, product: &Product, until: Timestamp) -> Option<Trial> {
        product.trial.or_else(|| {
            let start = self.object.instant("/trial_start").or_else(|| self.created())?;
            let days = u32::try_from((until.seconds() - start.seconds()).max(0) / DAY).ok()?.max(1);
            Some(Trial { length: Period::new(days, Unit::Day).ok()?, amount: 0 })
        })
    }

    /// The trial's end, while it runs.
    fn trial_until(&self) -> Option<Timestamp> {
        self.trial_end().filter(|_| self.status == Status::Trialing)
    }

    fn terms(&self, said: &Said<'_>, product: &Product, trial_until: Option<Timestamp>) -> Terms {
        said.context.sold.terms(product, trial_until.and_then(|until| self.trial(product, until)))
    }

    fn purchased(&self, said: &Said<'_>, product: &Product, trial_until: Option<Timestamp>) -> What {
        let terms = self.terms(said, product, trial_until);
        What::Purchased { grant: self.id.to_owned(), terms, trial_until }
    }
}

/// A new subscription.
pub(super) fn created(said: &Said<'_>) -> Result<Told, Stop> {
    let now = Subscription::read(said.object, &said.context.sold)?;
    let product = now.product.known()?;
    let mut facts: Vec<Fact> = begins(said, &now, product)?.into_iter().collect();
    if let Some(until) = now.ending().filter(|_| matches!(now.status, Status::Trialing | Status::Active)) {
        // As old as the purchase, of which an invoice may tell.
        let at = now.created().unwrap_or(said.delivery.at());
        facts.push(Fact { at, ..said.fact(facts.len(), cancelled(&now, until)) });
    }
    if facts.is_empty() {
        return Err(Stop::ignored("nothing is paid yet: its first invoice will say so"));
    }
    Ok(said.told(&[now.id.to_owned()], facts))
}

/// A purchase that no invoice will tell of: a trial, or a subscription that has nothing to be paid yet.
fn begins(said: &Said<'_>, now: &Subscription<'_>, product: &Product) -> Result<Option<Fact>, Stop> {
    let free_until = match now.status {
        Status::Trialing => now.trial_until(),
        Status::Active => match free_for_now(said, now, product)? {
            None => return Ok(None),
            Some(until) => until,
        },
        Status::Incomplete | Status::PastDue | Status::Stopped | Status::Over => return Ok(None),
    };
    let at = needed(now.created(), "subscription", "created")?;
    Ok(Some(Fact { id: format!("{}/purchased", now.id), at, what: now.purchased(said, product, free_until) }))
}

/// Whether an active subscription has nothing to be paid, and until when: `Some(None)` where that has no end.
fn free_for_now(said: &Said<'_>, now: &Subscription<'_>, product: &Product) -> Result<Option<Option<Timestamp>>, Stop> {
    if now.object.at("/latest_invoice").is_none() {
        return Ok(Some(None));
    }
    // What names no invoice is not read as if there were none.
    let Some(invoice) = now.object.id("/latest_invoice") else { return Ok(None) };
    // A price of nothing that sells what has a price: its invoices look like those of a trial.
    if now.unit_amount == Some(0) && product.price.amount > 0 {
        return Ok(Some(None));
    }
    // Billing begins on a later day: the first invoice is for the days until then, or for nothing.
    let anchor = now.object.instant("/billing_cycle_anchor");
    let Some(anchor) = anchor.filter(|anchor| anchor.seconds() > said.delivery.at().seconds() + DAY) else {
        return Ok(None);
    };
    let invoice = said.fetched(format!("/v1/invoices/{invoice}"))?;
    let nothing = invoice.is_some_and(|invoice| invoice.number("/total") == Some(0));
    Ok(nothing.then_some(Some(anchor)))
}

/// A subscription that changed.
pub(super) fn updated(said: &Said<'_>) -> Result<Told, Stop> {
    let former = said.delivery.body.pointer("/data/previous_attributes").filter(|former| former.is_object());
    let Some(former) = former else { return Err(Stop::ignored("it does not say what changed")) };
    let mut earlier = said.object.value().clone();
    put_back(&mut earlier, former);
    let sold = &said.context.sold;
    let (before, now) = (Subscription::read(Object::new(&earlier), sold)?, Subscription::read(said.object, sold)?);
    let change = Change { said, before: &before, now: &now };
    let facts = change.facts()?;
    if facts.is_empty() {
        return Err(Stop::ignored("nothing changed that matters here"));
    }
    Ok(said.told(&[now.id.to_owned()], facts))
}

/// Puts back what an update changed: objects by their keys, all else whole.
fn put_back(value: &mut Value, former: &Value) {
    match (value, former) {
        (Value::Object(value), Value::Object(former)) => {
            for (key, former) in former {
                put_back(value.entry(key.clone()).or_insert(Value::Null), former);
            }
        }
        (value, former) => *value = former.clone(),
    }
}

struct Change<'a> {
    said: &'a Said<'a>,
    before: &'a Subscription<'a>,
    now: &'a Subscription<'a>,
}

impl Change<'_> {
    fn facts(&self) -> Result<Vec<Fact>, Stop> {
        let Self { said, before, now } = self;
        let product = now.product.known()?;
        if matches!(now.status, Status::Over | Status::Incomplete) {
            return Ok(Vec::new());
        }
        if before.status == Status::Incomplete {
            let mut facts: Vec<_> = begins(said, now, product)?.into_iter().collect();
            facts.extend(now.ending().map(|until| said.fact(facts.len(), cancelled(now, until))));
            return Ok(facts);
        }
        let whats = [self.access(product), self.switched(product), self.ending(), self.free_period(product)];
        Ok(said.facts(whats.into_iter().flatten().collect()))
    }

    /// Whether it gives access, if that changed.
    fn access(&self, product: &Product) -> Option<What> {
        let Self { said, before, now } = self;
        let grant = || now.id.to_owned();
        match (before.status, now.status) {
            (Status::Trialing | Status::Active, Status::PastDue) => Some(What::PaymentFailed { grant: grant() }),
            (Status::Trialing | Status::Active | Status::PastDue, Status::Stopped) => {
                Some(What::Cancelled { grant: grant(), by: By::Provider, until: Some(said.delivery.at()) })
            }
            // The payment that brought it back is told by its invoice; this says that it goes on after that period.
            (Status::Stopped, Status::Active | Status::Trialing) if before.product.one().is_some() => {
                Some(What::Uncancelled { grant: grant() })
            }
            // What it was before, nobody here sold.
            (_, Status::Active | Status::Trialing) if before.product.one().is_none() => {
                Some(now.purchased(said, product, now.trial_until()))
            }
            _ => None,
        }
    }

    /// Whether it is another product now.
    fn switched(&self, product: &Product) -> Option<What> {
        let former = self.before.product.one()?;
        let switched = former.id != product.id;
        let terms = || self.now.terms(self.said, product, self.now.trial_until());
        switched.then(|| What::Switched { grant: self.now.id.to_owned(), terms: terms() })
    }

    /// Whether its end was decided, put off, or taken back.
    fn ending(&self) -> Option<What> {
        let Self { said: _, before, now } = self;
        match (before.ending(), now.ending()) {
            (before, Some(now_ends)) if before != Some(now_ends) => Some(cancelled(now, now_ends)),
            (Some(_), None) => Some(What::Uncancelled { grant: now.id.to_owned() }),
            _ => None,
        }
    }

    /// A period that the seller gives away: a trial that was made longer, or a period for which no money is collected while
    /// what is sold goes on. `void` is what Stripe recommends where it does not.
    fn free_period(&self, product: &Product) -> Option<What> {
        let Self { said: _, before, now } = self;
        if !matches!(product.billing, Billing::Subscription { .. }) {
            return None;
        }
        let (start, end) = match now.status {
            Status::Trialing => {
                let end = now.trial_end().filter(|end| before.trial_end().is_none_or(|before| before < *end))?;
                (before.trial_end().unwrap_or(self.said.delivery.at()), end)
            }
            Status::Active => {
                let behaviour = now.object.text("/pause_collection/behavior")?;
                let (start, end) = now.period();
                let next = start? > before.period().0?;
                (start.filter(|_| next && matches!(behaviour, "keep_as_draft" | "mark_uncollectible"))?, end?)
            }
            Status::Incomplete | Status::PastDue | Status::Stopped | Status::Over => return None,
        };
        let paid = Money { amount: 0, currency: product.price.currency };
        let paid_for = PaidFor::Period { start: Some(start), end: Some(end) };
        let payment = format!("{}/{}", now.id, start.seconds());
        Some(What::PaymentSucceeded { grant: now.id.to_owned(), payment, paid, paid_for })
    }
}

/// A subscription that is over.
pub(super) fn deleted(said: &Said<'_>) -> Result<Told, Stop> {
    let now = Subscription::read(said.object, &said.context.sold)?;
    if said.object.text("/status") == Some("incomplete_expired") {
        return Err(Stop::ignored("it was never paid, and nothing had been granted for it"));
    }
    if now.product.one().is_none() && !said.context.known.has(now.id) {
        now.product.known()?;
    }
    let at = said.object.instant("/ended_at").unwrap_or(said.delivery.at());
    let what = What::Cancelled { grant: now.id.to_owned(), by: by(said.object), until: Some(at) };
    Ok(said.told(&[now.id.to_owned()], vec![Fact { id: format!("{}/ended", now.id), at, what }]))
}

fn cancelled(now: &Subscription<'_>, until: Timestamp) -> What {
    What::Cancelled { grant: now.id.to_owned(), by: by(now.object), until: Some(until) }
}

/// Who cancelled: Stripe tells those who asked for it from its own doing, not the member from whoever runs the site.
fn by(object: Object<'_>) -> By {
    match object.text("/cancellation_details/reason") {
        Some("cancellation_requested") => By::Member,
        _ => By::Provider,
    }
}
