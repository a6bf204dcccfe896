//! One delivery, read: translated, its facts told to the ledger.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::Inner;
use crate::ledger::address::Address;
use crate::ledger::{self, About, Appended, Ledger, Present, Refused};
use crate::members::Rules;
use crate::members::event::{Event, MemberId, Reference};
use crate::provider::reference::References;
use crate::provider::{Api, ApiError, Context, Delivery, Known, Outcome, Sold, Told, settle};
use crate::time::Timestamp;

/// What became of a delivery.
pub(super) enum Reading {
    /// It is in the ledger, now or since before.
    Told,
    /// It means nothing here.
    Nothing,
    /// It is not understood, for this reason.
    Not(String),
    /// The provider had to be asked, and did not answer.
    Away(String),
}

/// Why nothing is told of it yet.
const NOBODY: &str = "nothing says yet whom this is about; it is read again when more is told of the same customer";
const TWICE: &str = "an event of this id came before with another content; each event has an id of its own";
const UNASKED: &str = "the provider must be asked what this is about, and there is no API key; give `--stripe-key FILE`, and it is read again";
const TO_ASK: &str = "the provider has not been asked yet what this is about";

impl Inner {
    /// Reads a delivery. Only where it `asks` is the provider asked for what is missing.
    pub(super) async fn read(
        self: &Arc<Self>,
        delivery: &Arc<Delivery>,
        (body, asks): (&[u8], bool),
        now: Timestamp,
    ) -> Result<Reading, ledger::Error> {
        let outcome = match self.translate(delivery, asks).await? {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Reading::Away(error.to_string())),
        };
        match outcome {
            Outcome::Facts(told) => self.tell(delivery, told, (body, now)).await,
            Outcome::Ignored(_) => Ok(Reading::Nothing),
            Outcome::Unknown(unknown) => Ok(Reading::Not(format!("{}; {}", unknown.why, unknown.help))),
            Outcome::Needs(_) => Ok(Reading::Not(if self.api.is_some() { TO_ASK } else { UNASKED }.to_owned())),
        }
    }

    /// Translates on a thread that may wait: for the ledger, and for the network.
    async fn translate(
        self: &Arc<Self>,
        delivery: &Arc<Delivery>,
        asks: bool,
    ) -> Result<Result<Outcome, ApiError>, ledger::Error> {
        let (own, delivery, handle) = (Arc::clone(self), Arc::clone(delivery), Handle::current());
        let work = move || {
            let ledger = &own.parts.ledger;
            let known = FromLedger { ledger, source: delivery.source(), handle, failed: RefCell::default() };
            let config = &own.parts.config;
            let sold = Sold { products: &config.products, catalogue: &config.catalogue };
            let api = own.api.as_deref().filter(|_| asks).map(|api| api as &dyn Api);
            let settled = settle(&*own.provider, &delivery, &Context { sold, known: &known }, api);
            known.failed.into_inner().map_or(Ok(settled), Err)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => Err(ledger::Error::Damaged(format!("a delivery could not be translated: {error}"))),
        }
    }

    /// The member that a checkout was begun by, if it brings a reference that we made for it. Any other is none.
    async fn reference(&self, delivery: &Delivery, brought: Option<&str>) -> Result<Option<MemberId>, ledger::Error> {
        let Some(brought) = brought else { return Ok(None) };
        let secret = self.parts.ledger.checkout_secret(None).await?;
        Ok(secret.and_then(|secret| References::new(&secret).read(brought, delivery.at())))
    }

    async fn tell(
        &self,
        delivery: &Delivery,
        told: Told,
        (body, now): (&[u8], Timestamp),
    ) -> Result<Reading, ledger::Error> {
        let Told { subject, facts } = told;
        let (source, config) = (delivery.source(), &self.parts.config);
        let address = subject.address.as_deref().and_then(address);
        let reference = self.reference(delivery, subject.reference.as_deref()).await?;
        let about = About {
            member: subject.member.as_deref(),
            grants: &subject.grants,
            reference: reference.as_deref(),
            customer: subject.customer.as_deref(),
            address: address.as_ref(),
        };
        let events: Vec<Event> = facts.into_iter().map(|fact| fact.about(String::new(), source)).collect();
        let rules = Rules { catalogue: &config.catalogue, billing: config.billing, zone: &config.zone };
        let present = Present { rules: &rules, now };
        match self.parts.ledger.append_about((source, &about), &events, Some(body), &present).await {
            Ok((_, appended)) => {
                for (event, appended) in events.iter().zip(&appended) {
                    if matches!(appended, Appended::Conflict(_)) {
                        // What a shop calls its events it chose itself; of Stripe's, several tell of one fact.
                        if self.source.is_none() {
                            return Ok(Reading::Not(TWICE.to_owned()));
                        }
                        tracing::warn!(
                            source,
                            id = event.id,
                            "an event came again with another content; the first one stays"
                        );
                    }
                }
                Ok(Reading::Told)
            }
            // It says only who is who, and of nobody who is known.
            Err(ledger::Error::Refused(Refused::Nobody)) if events.is_empty() => Ok(Reading::Nothing),
            Err(ledger::Error::Refused(Refused::Nobody)) => Ok(Reading::Not(NOBODY.to_owned())),
            Err(ledger::Error::Refused(refused)) => Ok(Reading::Not(refused.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// An address that was typed, if it is one.
pub(super) fn address(typed: &str) -> Option<Address> {
    typed.parse().ok()
}

/// What the ledger knows, for somebody who cannot wait otherwise.
struct FromLedger<'a> {
    ledger: &'a Ledger,
    source: &'a str,
    handle: Handle,
    failed: RefCell<Option<ledger::Error>>,
}

impl FromLedger<'_> {
    fn ask<T: Default>(&self, question: impl Future<Output = Result<T, ledger::Error>>) -> T {
        self.handle.block_on(question).unwrap_or_else(|error| {
            self.failed.replace(Some(error));
            T::default()
        })
    }
}

impl Known for FromLedger<'_> {
    fn has(&self, grant: &str) -> bool {
        self.ask(self.ledger.has_grant(self.source, grant))
    }

    fn paid_by(&self, payment: &str) -> Vec<Reference> {
        self.ask(self.ledger.paid_by(self.source, payment))
    }
}
