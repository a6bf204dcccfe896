//! What payment providers send, taken in: checked, kept, translated, and told to the ledger.
//!
//! An [`Intake`] is a [`Hook`] over a [`Provider`]. Nothing is acknowledged before it is durable, and nothing is dropped because
//! it is not understood today: what names an unknown price, what must be asked of a provider that is away, and what is
//! about somebody whom nobody has named yet, lies in the ledger as it was sent. It is read again when more is told of the
//! same customer, after the start, and from time to time, less and less often.

mod reading;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::Mutex;

use crate::account::hook::{Changing, Doing, Hook, Sent, Taken};
use crate::config::Config;
use crate::ledger::{self, Ledger, Unread};
use crate::provider::stripe::{self, Stripe};
use crate::provider::{Api, ApiError, Change, Delivery, Provider, Refusal, Request, shop};
use crate::time::Timestamp;
use reading::{Reading, address};

/// How many seconds lie between two looks at all that was not understood.
const REST: i64 = 600;
/// How often what lies there is read once more because something in it was understood.
const PASSES: usize = 4;
/// How much of it is read in one look.
const MOST: usize = 200;

/// Asks a provider, from any thread.
pub type AnyApi = Box<dyn Api + Send + Sync>;

/// What an intake is made with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What is sold today, and by which rules it is held.
    pub config: Config,
    /// Where it is told.
    pub ledger: Ledger,
    /// The clock, for what is read again.
    pub clock: fn() -> Timestamp,
}

/// A provider's end here.
#[derive(Clone, Debug)]
pub struct Intake(Arc<Inner>);

struct Inner {
    parts: Parts,
    provider: Box<dyn Provider + Send + Sync>,
    api: Option<AnyApi>,
    /// The one source that is its own; otherwise all that are no names of ours.
    source: Option<&'static str>,
    /// When everything is read again.
    due: AtomicI64,
    reading: Mutex<()>,
    /// Whether this process has looked at all of it.
    has_read: AtomicBool,
}

impl Intake {
    /// Takes what Stripe sends; without an API what must be asked of it waits.
    #[must_use]
    pub fn stripe(stripe: Stripe, api: Option<AnyApi>, parts: Parts) -> Self {
        Self::new(Box::new(stripe), api, (Some(stripe::SOURCE), parts))
    }

    /// Takes what shops send.
    #[must_use]
    pub fn shops(shops: shop::Shops, parts: Parts) -> Self {
        Self::new(Box::new(shops), None, (None, parts))
    }

    fn new(
        provider: Box<dyn Provider + Send + Sync>,
        api: Option<AnyApi>,
        (source, parts): (Option<&'static str>, Parts),
    ) -> Self {
        let (due, reading, has_read) = (AtomicI64::new(i64::MIN), Mutex::new(()), AtomicBool::new(false));
        Self(Arc::new(Inner { parts, provider, api, source, due, reading, has_read }))
    }

    /// Reads everything again that was not understood, and asks the provider where that is needed. How much of it is
    /// understood now.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn read_again(&self) -> Result<usize, ledger::Error> {
        let inner = &self.0;
        let Ok(_alone) = inner.reading.try_lock() else { return Ok(0) };
        let ledger = &inner.parts.ledger;
        if !inner.has_read.swap(true, Ordering::Relaxed) {
            ledger.unread_anew().await?;
        }
        let now = (inner.parts.clock)();
        let owns = |source: &str| inner.owns(source);
        let mut read = 0;
        for pass in 0..PASSES {
            let own = ledger.unread_due(&owns, MOST, now).await?;
            // One question to a provider that is away is enough.
            let now_read = inner.read_all(&own, pass == 0).await?;
            read += now_read;
            if now_read == 0 {
                break;
            }
        }
        ledger.read_in_vain(&ledger.unread_due(&owns, MOST, now).await?, now).await?;
        Ok(read)
    }
}

impl Hook for Intake {
    fn take<'a>(&'a self, sent: Sent<'a>) -> Doing<'a, Taken> {
        Box::pin(async move {
            let headers: Vec<(&str, &[u8])> =
                sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            let request = Request { headers: &headers, body: sent.body };
            let delivery = match self.0.provider.verify(&request, sent.now) {
                Ok(delivery) => Arc::new(delivery),
                Err(refusal) => return refused(&refusal),
            };
            match self.0.take(&delivery, sent.body, sent.now).await {
                Ok(taken) => taken,
                Err(error) => Taken::Later(error.to_string()),
            }
        })
    }

    fn change<'a>(&'a self, grant: &'a str, change: Change) -> Doing<'a, Changing> {
        Box::pin(self.0.change(grant, change))
    }

    fn look_again(&self) -> Doing<'_, ()> {
        let now = (self.0.parts.clock)().seconds();
        let due = self.0.due.load(Ordering::Relaxed);
        let is_due =
            now >= due && self.0.due.compare_exchange(due, now + REST, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_due {
            let own = self.clone();
            // Whoever looks does not wait for a provider.
            tokio::spawn(async move {
                match own.read_again().await {
                    Ok(0) => {}
                    Ok(read) => tracing::info!(read, "deliveries that had not been understood were read"),
                    Err(error) => tracing::error!(reason = %error, "deliveries were not read again"),
                }
            });
        }
        Box::pin(std::future::ready(()))
    }
}

impl Inner {
    fn owns(&self, source: &str) -> bool {
        match self.source {
            Some(own) => own == source,
            None => !shop::RESERVED.contains(&source),
        }
    }

    /// Asks the provider to end what it collects for, or to go on; where that cannot be asked, says where the buyer can.
    async fn change(self: &Arc<Self>, grant: &str, change: Change) -> Changing {
        let (own, name) = (Arc::clone(self), grant.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            let order = own.provider.change(&name, change)?;
            Some(own.api.as_deref()?.order(&order))
        });
        let why = match asked.await {
            Ok(Some(Ok(Some(_)))) => return Changing::Asked,
            Ok(Some(Err(ApiError::Away(why)))) => return Changing::Later(why),
            Ok(Some(Ok(None))) => "there is no such grant".to_owned(),
            Ok(Some(Err(error @ (ApiError::Refused(_) | ApiError::Unreadable(_))))) => error.to_string(),
            Err(error) => return Changing::Later(error.to_string()),
            Ok(None) => return self.elsewhere(),
        };
        tracing::warn!(grant, why, "a provider did not do what a member asked for");
        self.elsewhere()
    }

    fn elsewhere(&self) -> Changing {
        self.provider.portal().map_or(Changing::Elsewhere, |url| Changing::Portal(url.to_owned()))
    }

    async fn take(
        self: &Arc<Self>,
        delivery: &Arc<Delivery>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Taken, ledger::Error> {
        let ledger = &self.parts.ledger;
        let mut reading = self.read(delivery, (body, false), now).await?;
        if let Reading::Not(why) = &reading {
            // On the disk before anybody else is asked, and before it is tried again: what says who it is about may have
            // been told in between, and looked for this in vain.
            if self.is_forgotten(delivery).await? {
                return Ok(Taken::Kept);
            }
            self.keep(delivery, body, why).await?;
            reading = self.read(delivery, (body, true), now).await?;
        }
        match reading {
            Reading::Told => {
                ledger.was_read(delivery.source(), delivery.id()).await?;
                let customer = self.provider.subject(delivery).customer.unwrap_or_default();
                self.read_of(delivery.source(), &customer).await;
                Ok(Taken::Kept)
            }
            Reading::Nothing => {
                ledger.was_read(delivery.source(), delivery.id()).await?;
                Ok(Taken::Kept)
            }
            Reading::Not(why) | Reading::Away(why) => {
                self.keep(delivery, body, &why).await?;
                tracing::warn!(
                    source = delivery.source(),
                    id = delivery.id(),
                    kind = delivery.kind(),
                    "a delivery is kept and not understood"
                );
                Ok(Taken::Unread(why))
            }
        }
    }

    /// Whether a delivery is about somebody who was forgotten: it gives nothing, and what it says of them is not kept.
    async fn is_forgotten(&self, delivery: &Delivery) -> Result<bool, ledger::Error> {
        match self.provider.subject(delivery).customer {
            Some(customer) => self.parts.ledger.is_forgotten(delivery.source(), &customer).await,
            None => Ok(false),
        }
    }

    async fn keep(&self, delivery: &Delivery, body: &[u8], why: &str) -> Result<(), ledger::Error> {
        let subject = self.provider.subject(delivery);
        let address = subject.address.as_deref().and_then(address);
        let (source, id) = (delivery.source().to_owned(), delivery.id().to_owned());
        let unread = Unread { source, id, at: delivery.at(), why: why.to_owned(), payload: body.to_vec() };
        self.parts.ledger.keep_unread(&unread, subject.customer.as_deref(), address.as_ref()).await
    }

    /// Reads what waited of a customer, now that something was told of them; and what names no customer.
    async fn read_of(self: &Arc<Self>, source: &str, customer: &str) {
        for _ in 0..PASSES {
            let waiting = self.parts.ledger.unread_of(source, customer).await;
            let read = match &waiting {
                Ok(waiting) => self.read_all(waiting, false).await,
                Err(_) => Ok(0),
            };
            match (waiting, read) {
                // What was taken is safe; this comes again by itself.
                (Err(error), _) | (_, Err(error)) => {
                    tracing::error!(reason = %error, "deliveries were not read again");
                    return;
                }
                (Ok(_), Ok(0)) => return,
                (Ok(_), Ok(_)) => {}
            }
        }
    }

    /// Reads again what was kept; how much of it is understood now.
    async fn read_all(self: &Arc<Self>, waiting: &[Unread], asks: bool) -> Result<usize, ledger::Error> {
        let (mut asks, mut read) = (asks, 0);
        for unread in waiting {
            let now = (self.parts.clock)();
            let Ok(delivery) = self.provider.read_again(&unread.source, &unread.payload) else { continue };
            let delivery = Arc::new(delivery);
            match self.read(&delivery, (&unread.payload, asks), now).await? {
                Reading::Told | Reading::Nothing => {
                    self.parts.ledger.was_read(&unread.source, &unread.id).await?;
                    read += 1;
                }
                Reading::Not(why) if why == unread.why || !asks => {}
                Reading::Not(why) => self.keep(&delivery, &unread.payload, &why).await?,
                Reading::Away(why) => {
                    tracing::warn!(reason = why, "a provider could not be asked");
                    asks = false;
                }
            }
        }
        Ok(read)
    }
}

/// What somebody who is not believed, or not understood, is told.
fn refused(refusal: &Refusal) -> Taken {
    let status = refusal.status();
    match refusal {
        Refusal::Missing(_)
        | Refusal::Twice(_)
        | Refusal::Malformed(_)
        | Refusal::Forged
        | Refusal::Late
        | Refusal::Early
        | Refusal::Key => Taken::Forged(status, refusal.to_string()),
        // What a shop says of itself may be anything.
        Refusal::Source { own, .. } => Taken::Refused(status, format!("the key is for `{own}`, the event for another")),
        Refusal::TooLarge | Refusal::NotJson(_) | Refusal::NotAnEvent(_) | Refusal::TestMode => {
            Taken::Refused(status, refusal.to_string())
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("source", &self.source).finish_non_exhaustive()
    }
}
