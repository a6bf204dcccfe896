//! Stripe: webhooks checked and translated.
//!
//! One version of the API is pinned for what is asked of Stripe ([`API_VERSION`]); what webhooks carry is read in its shape
//! and in those of before, because an endpoint keeps the version that it was made with: until 2025-03-31 (`basil`) an
//! invoice named its subscription itself, a line its price, and a subscription its period.
//!
//! What is sold is known by price and by payment link alone; amounts, names and metadata open nothing. Facts:
//!
//! * A **subscription** is the grant `sub_…`. It is purchased when its first invoice is paid, or when its trial begins. Each
//!   paid invoice is the payment `in_…`; what becomes of the subscription in between its own events say.
//! * A **checkout** of something that is bought once is the grant, and the payment, `pi_…` (`cs_…` where nothing was
//!   charged). It is purchased when it is paid, which may be days after it is complete.
//! * **Refunds and disputes** name a payment; which grant that paid, the ledger knows, or Stripe.

pub mod api;
mod change;
mod charge;
mod checkout;
mod invoice;
mod object;
mod signature;
mod subscription;

use serde_json::Value;

use super::{
    Change, Context, Delivery, Fact, Fetched, LARGEST, Need, Order, Outcome, Provider, Refusal, Request, Subject, Told,
    Unknown, json,
};
use crate::members::event::What;
use crate::time::Timestamp;
use object::Object;

pub use change::{NoPortal, Portal, order};
pub use signature::{SigningSecretError, SigningSecrets};

/// The version of Stripe's API that is asked for, and whose shapes are read first.
pub const API_VERSION: &str = "2026-10-28.endive";

/// What facts from Stripe name as their source.
pub const SOURCE: &str = "stripe";

/// The events that mean something here: what an endpoint is to be subscribed to.
pub const EVENTS: [&str; 13] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice_payment.paid",
];

/// Stripe, as this site knows it.
#[derive(Debug)]
pub struct Stripe {
    secrets: SigningSecrets,
    test: bool,
    portal: Option<Portal>,
}

impl Stripe {
    /// With the endpoint's signing secrets. Events of test mode, where nobody pays, are refused unless `test` says so.
    #[must_use]
    pub fn new(secrets: SigningSecrets, test: bool) -> Self {
        Self { secrets, test, portal: None }
    }

    /// With the address of its customer portal, where buyers cancel what they bought.
    #[must_use]
    pub fn with_portal(self, portal: Option<Portal>) -> Self {
        Self { portal, ..self }
    }
}

impl Provider for Stripe {
    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Delivery, Refusal> {
        if request.body.len() > LARGEST {
            return Err(Refusal::TooLarge);
        }
        self.secrets.check(request.header(signature::HEADER)?, request.body, now)?;
        self.read_again(SOURCE, request.body)
    }

    fn read_again(&self, source: &str, body: &[u8]) -> Result<Delivery, Refusal> {
        let body = json(body)?;
        let event = Object::new(&body);
        if event.text("/object") != Some("event") {
            return Err(Refusal::NotAnEvent("it has no `\"object\": \"event\"`; thin events are not read".to_owned()));
        }
        // Where nothing says that somebody paid, nobody did.
        if !self.test && event.truth("/livemode") != Some(true) {
            return Err(Refusal::TestMode);
        }
        let missing = |name: &str| Refusal::NotAnEvent(format!("it has no `{name}`"));
        let id = event.id("/id").ok_or_else(|| missing("id"))?.to_owned();
        let kind = event.text("/type").ok_or_else(|| missing("type"))?.to_owned();
        let at = event.instant("/created").ok_or_else(|| missing("created"))?;
        Ok(Delivery { source: source.to_owned(), id, kind, at, body })
    }

    fn subject(&self, delivery: &Delivery) -> Subject {
        subject(object_of(delivery))
    }

    fn translate(&self, delivery: &Delivery, context: &Context<'_>, fetched: &Fetched) -> Outcome {
        let said = Said { delivery, context, fetched, object: object_of(delivery) };
        match said.translate() {
            Ok(told) => Outcome::Facts(told),
            Err(Stop::Ignored(why)) => Outcome::Ignored(why),
            Err(Stop::Needs(need)) => Outcome::Needs(vec![need]),
            Err(Stop::Unknown { why, help }) => {
                Outcome::Unknown(Unknown { subject: said.subject(), why, help: help.to_owned() })
            }
        }
    }

    fn change(&self, grant: &str, change: Change) -> Option<Order> {
        order(grant, change)
    }

    fn portal(&self) -> Option<&str> {
        self.portal.as_ref().map(Portal::as_str)
    }
}

/// Why there are no facts.
enum Stop {
    Ignored(String),
    Unknown { why: String, help: &'static str },
    Needs(Need),
}

impl Stop {
    fn ignored(why: &str) -> Self {
        Self::Ignored(why.to_owned())
    }

    fn unreadable(object: &str, field: &str) -> Self {
        Self::Unknown {
            why: format!("this {object} has no `{field}` that can be read"),
            help: "look it up in Stripe's dashboard, and grant by hand what was bought",
        }
    }
}

/// A delivery with all that its translation is made from.
#[derive(Clone, Copy)]
struct Said<'a> {
    delivery: &'a Delivery,
    context: &'a Context<'a>,
    fetched: &'a Fetched,
    object: Object<'a>,
}

impl<'a> Said<'a> {
    fn translate(&self) -> Result<Told, Stop> {
        match self.delivery.kind() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => checkout::completed(self),
            "checkout.session.async_payment_failed" => {
                Err(Stop::ignored("the payment of this checkout failed, and nothing had been granted for it"))
            }
            "customer.subscription.created" => subscription::created(self),
            "customer.subscription.updated" => subscription::updated(self),
            "customer.subscription.deleted" => subscription::deleted(self),
            "invoice.paid" | "invoice.payment_succeeded" => invoice::paid(self, self.object),
            "invoice.payment_failed" => invoice::failed(self),
            "invoice_payment.paid" => invoice::payment_paid(self),
            "charge.refunded" => charge::refunded(self),
            "charge.dispute.created" | "charge.dispute.funds_withdrawn" => charge::disputed(self),
            "charge.dispute.closed" => charge::dispute_closed(self),
            other => Err(Stop::Ignored(format!("`{other}` means nothing here"))),
        }
    }

    /// Facts about a grant, or about several.
    fn told(&self, grants: &[String], facts: Vec<Fact>) -> Told {
        Told { subject: Subject { grants: grants.to_vec(), ..self.subject() }, facts }
    }

    fn subject(&self) -> Subject {
        subject(self.object)
    }

    /// What was asked of Stripe, once it is there.
    fn fetched(&self, path: String) -> Result<Option<Object<'a>>, Stop> {
        let need = Need(path);
        match self.fetched.get(&need) {
            Some(answer) => Ok(answer.as_ref().map(Object::new)),
            None => Err(Stop::Needs(need)),
        }
    }

    /// A fact that this delivery alone tells; the first has the delivery's own id.
    fn fact(&self, number: usize, what: What) -> Fact {
        let id = match number {
            0 => self.delivery.id().to_owned(),
            number => format!("{}/{}", self.delivery.id(), number + 1),
        };
        Fact { id, at: self.delivery.at(), what }
    }

    fn facts(&self, whats: Vec<What>) -> Vec<Fact> {
        whats.into_iter().enumerate().map(|(number, what)| self.fact(number, what)).collect()
    }
}

/// What an event is about.
fn object_of(delivery: &Delivery) -> Object<'_> {
    Object::new(delivery.body.pointer("/data/object").unwrap_or(&Value::Null))
}

/// Whom the object is about, by all that it says itself.
fn subject(object: Object<'_>) -> Subject {
    let text =
        |pointers: &[&str]| pointers.iter().find_map(|pointer| object.text(pointer)).filter(|text| !text.is_empty());
    let own = object.text("/object").unwrap_or_default();
    let id = object.id("/id").filter(|_| own == "subscription");
    Subject {
        member: None,
        grants: id.map(str::to_owned).into_iter().collect(),
        reference: text(&["/client_reference_id"]).map(str::to_owned),
        customer: object.id("/customer").or_else(|| object.id("/customer_account")).map(str::to_owned),
        address: text(&["/customer_details/email", "/customer_email", "/billing_details/email"]).map(str::to_owned),
    }
}
