//! Payment providers: what the bytes of a webhook mean, as our events.
//!
//! A [`Provider`] checks that a [`Delivery`] comes from whom it says, and translates it: into [facts](Fact) about
//! somebody, into something [unknown](Unknown) that is kept and shown, into nothing, or into [`Need`]s: what must be asked of
//! the provider first. Nothing here stores anything or knows who a member is; that is what a [`Subject`] is for.
//!
//! A translation does not depend on what arrived before it: the same deliveries in any order, repeated or not, are the
//! same set of facts, each with an id that is its own for ever. A fact that is known by its id and comes again, with other
//! terms because the catalogue was edited since, is no news: the first one stands.

pub mod reference;
pub mod secret;
pub mod shop;
pub mod stripe;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::access::catalogue::{Catalogue, Kind};
use crate::config::product::{Product, Trial};
use crate::id::Id;
use crate::members::event::{Event, MemberId, Reference, Terms, What};
use crate::time::Timestamp;
use crate::time::period::Period;

/// The largest body that is read, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// Somebody who tells us of payments.
pub trait Provider {
    /// Checks that a request comes from this provider, lately and unaltered.
    ///
    /// # Errors
    /// Why it is refused; then nothing of it may be believed.
    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Delivery, Refusal>;

    /// Reads the body of a delivery that was checked when it came and was kept since, to be translated again: when a price
    /// was added to a product, or there is a key now to ask the provider with. No signature is asked for.
    ///
    /// # Errors
    /// When it is not what this provider sends.
    fn read_again(&self, source: &str, body: &[u8]) -> Result<Delivery, Refusal>;

    /// About whom a delivery is, by what it says itself; also where what it means is not understood.
    fn subject(&self, delivery: &Delivery) -> Subject;

    /// Says what a delivery means. [`Outcome::Needs`] names what `fetched` must hold before it can be said; [`settle`]
    /// does both in turn.
    fn translate(&self, delivery: &Delivery, context: &Context<'_>, fetched: &Fetched) -> Outcome;

    /// What is to be asked of the provider so that a grant which it collects for ends, or goes on; none where it cannot be
    /// asked. What comes of it comes back as a delivery.
    fn change(&self, _grant: &str, _change: Change) -> Option<Order> {
        None
    }

    /// Where buyers see to what they bought themselves, if there is such a place.
    fn portal(&self) -> Option<&str> {
        None
    }
}

/// What is to become of a grant that a provider collects for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It ends when what is paid does.
    End,
    /// It ends at once: it is not paid.
    EndNow,
    /// It does not end after all.
    GoOn,
}

/// Something that a provider is asked to do: a path below its API's address, and a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// How: `POST` with the form, or `DELETE` without one.
    pub method: Method,
    /// Where.
    pub path: String,
    /// Names and values.
    pub form: Vec<(&'static str, &'static str)>,
}

/// How a provider is asked to do something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// To change something.
    Post,
    /// To end it.
    Delete,
}

/// A request as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Names and values of its headers, those that are there twice twice.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The raw body, not a byte of it changed.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The value of a header that must be there once.
    fn header(&self, name: &'static str) -> Result<&'a str, Refusal> {
        let mut values = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let (_, value) = values.next().ok_or(Refusal::Missing(name))?;
        if values.next().is_some() {
            return Err(Refusal::Twice(name));
        }
        std::str::from_utf8(value).map_err(|_| Refusal::Malformed(name))
    }
}

fn json(body: &[u8]) -> Result<Value, Refusal> {
    if body.len() > LARGEST {
        return Err(Refusal::TooLarge);
    }
    serde_json::from_slice(body).map_err(|error| Refusal::NotJson(error.to_string()))
}

/// Why a request is not believed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is larger than [`LARGEST`].
    #[error("the body is larger than {LARGEST} bytes")]
    TooLarge,
    /// A header is not there.
    #[error("there is no `{0}` header")]
    Missing(&'static str),
    /// A header is there more than once, and nothing says which one counts.
    #[error("there is more than one `{0}` header")]
    Twice(&'static str),
    /// A header is not of its form.
    #[error("the `{0}` header is malformed")]
    Malformed(&'static str),
    /// No secret of ours made the signature.
    #[error("the signature is not made with a secret that is known here")]
    Forged,
    /// It was signed too long ago: it may be a replay.
    #[error("it was signed more than five minutes ago")]
    Late,
    /// It was signed in the future.
    #[error("it was signed more than five minutes ahead of this machine's clock")]
    Early,
    /// The key is none of ours.
    #[error("the key is not known here")]
    Key,
    /// A key speaks for its own source only.
    #[error("the key is for the source `{own}`, and the event says `{said}`")]
    Source {
        /// What the key is for.
        own: String,
        /// What the event says.
        said: String,
    },
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The body is JSON, and no event.
    #[error("the body is no event: {0}")]
    NotAnEvent(String),
    /// It comes from the provider's test mode.
    #[error("it comes from test mode, where nobody pays")]
    TestMode,
}

impl Refusal {
    /// The HTTP status that says so.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::Key => 401,
            Self::Source { .. } => 403,
            Self::Missing("authorization") => 401,
            Self::Missing(_)
            | Self::Twice(_)
            | Self::Malformed(_)
            | Self::Forged
            | Self::Late
            | Self::Early
            | Self::NotJson(_)
            | Self::NotAnEvent(_)
            | Self::TestMode => 400,
        }
    }
}

/// A request that was checked. Only a provider makes one.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    source: String,
    id: String,
    kind: String,
    at: Timestamp,
    body: Value,
}

impl Delivery {
    /// Who says so: the `source` of the facts in it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What its source calls it: the same delivery comes again under the same id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the source says it is: `invoice.paid`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// When it happened, as the source says.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// What a delivery means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Facts about somebody. There may be none: then it says only who is who (a customer id, whose it is).
    Facts(Told),
    /// It may matter, and nobody here can say how: it is kept and shown.
    Unknown(Unknown),
    /// It does not matter here, and this is why.
    Ignored(String),
    /// This must be known first.
    Needs(Vec<Need>),
}

/// Facts about somebody.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// About whom.
    pub subject: Subject,
    /// What is the case.
    pub facts: Vec<Fact>,
}

/// Something that is said of somebody and means nothing here yet, such as the price of something that nobody sells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// About whom.
    pub subject: Subject,
    /// What is not understood, for whoever runs the site.
    pub why: String,
    /// What to do about it.
    pub help: String,
}

/// One fact: an event of ours but for whom it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Its own for ever, and unique at its source.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
}

impl Fact {
    /// The fact about a member, as the ledger keeps it.
    #[must_use]
    pub fn about(self, member: MemberId, source: &str) -> Event {
        let Self { id, at, what } = self;
        Event { source: source.to_owned(), id, at, member, what }
    }
}

/// What is known of whom facts are about. It is looked up in the order of the fields, and the first that is found counts;
/// by the address alone a purchase never replaces a tier.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject {
    /// The member, by a source that knows its name.
    pub member: Option<MemberId>,
    /// The grants that it names: their member, where one of them is known.
    pub grants: Vec<Reference>,
    /// What we signed when the checkout began, as it came back and not yet checked; see [`reference`].
    pub reference: Option<String>,
    /// What the provider calls the customer.
    pub customer: Option<String>,
    /// A mail address, as it was typed.
    pub address: Option<String>,
}

/// What a translation is made with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What is sold today.
    pub sold: Sold<'a>,
    /// What was told before.
    pub known: &'a dyn Known,
}

/// What the ledger knows. It spares questions to the provider, and says where a subscription is older than the ledger;
/// which facts come of a delivery depends on nothing else of what was told before.
pub trait Known {
    /// Whether a grant began, as far as anybody told.
    fn has(&self, grant: &str) -> bool;

    /// The grants that a payment paid, in the order of their names.
    fn paid_by(&self, payment: &str) -> Vec<Reference>;
}

/// Products and what they sell.
#[derive(Clone, Copy, Debug)]
pub struct Sold<'a> {
    /// All products.
    pub products: &'a [Product],
    /// Tiers and bundles: after how long they end.
    pub catalogue: &'a Catalogue,
}

impl<'a> Sold<'a> {
    /// The product of that id.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<&'a Product> {
        self.products.iter().find(|product| product.id.as_str() == id)
    }

    /// Today's terms of a product, bought with that trial or without one.
    #[must_use]
    pub fn terms(&self, product: &Product, trial: Option<Trial>) -> Terms {
        Terms { trial, ..Terms::of(product, self.expires_after(&product.sells)) }
    }

    fn expires_after(&self, access_control: &Id) -> Option<Period> {
        let found = self.catalogue.lookup(access_control.as_str())?;
        match found.kind {
            Kind::Tier => self.catalogue.tiers().iter().find(|tier| tier.id == found.id)?.expires_after,
            Kind::Bundle => self.catalogue.bundles().iter().find(|bundle| bundle.id == found.id)?.expires_after,
        }
    }
}

/// Something that must be asked of the provider: a path below its API's address, with its query.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Need(pub String);

/// What the provider said: an object, or that there is none.
pub type Fetched = BTreeMap<Need, Option<Value>>;

/// Where a provider answers questions.
pub trait Api {
    /// Asks. `None`: there is no such thing. This waits for the network.
    ///
    /// # Errors
    /// When there is no answer, or none that can be read.
    fn get(&self, need: &Need) -> Result<Option<Value>, ApiError>;

    /// Asks to do something that may be asked twice. `None`: there is no such thing. This waits for the network.
    ///
    /// # Errors
    /// When it was not done, or nobody says so.
    fn order(&self, _order: &Order) -> Result<Option<Value>, ApiError> {
        Err(ApiError::Refused("it is only read here".to_owned()))
    }
}

/// Why a provider did not answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ApiError {
    /// It cannot be reached, or is not well. Later it may be.
    #[error("the provider does not answer: {0}")]
    Away(String),
    /// The key may not do this.
    #[error("the provider refuses the key: {0}")]
    Refused(String),
    /// It answered something else.
    #[error("the provider's answer is not understood: {0}")]
    Unreadable(String),
}

/// How often a translation may find that it needs something else.
const ROUNDS: usize = 6;

/// Translates a delivery, and asks for what that needs. Without an API whatever needs it stays [`Outcome::Needs`].
///
/// # Errors
/// When the provider is asked and does not answer: the delivery is to be tried again.
pub fn settle(
    provider: &dyn Provider,
    delivery: &Delivery,
    context: &Context<'_>,
    api: Option<&dyn Api>,
) -> Result<Outcome, ApiError> {
    let mut fetched = Fetched::new();
    for _ in 0..ROUNDS {
        let outcome = provider.translate(delivery, context, &fetched);
        let (Outcome::Needs(needs), Some(api)) = (&outcome, api) else { return Ok(outcome) };
        for need in needs {
            let answer = api.get(need)?;
            fetched.insert(need.clone(), answer);
        }
    }
    Err(ApiError::Unreadable("there is always one thing more to be asked".to_owned()))
}
