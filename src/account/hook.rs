//! What payment providers send: bytes in, an answer out, given only when what they say is safe in the ledger.

use std::future::Future;
use std::pin::Pin;

use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;
use serde_json::json;

use super::answer::{self, Answer};
use super::limits::{self, Kind};
use super::request::Request;
use super::{LARGEST_HOOK, Service};
use crate::provider::Change;
use crate::time::Timestamp;

/// Work that a provider does.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A provider's end here. It is behind a trait so that a provider is one module and the service knows none.
pub trait Hook: Send + Sync + std::fmt::Debug {
    /// Takes what was sent. Nothing is acknowledged before it is durable.
    fn take<'a>(&'a self, sent: Sent<'a>) -> Doing<'a, Taken>;

    /// Asks the provider to end what it collects for a grant, or to go on.
    fn change<'a>(&'a self, grant: &'a str, change: Change) -> Doing<'a, Changing>;

    /// Looks, every few seconds, whether something that was taken is to be read again.
    fn look_again(&self) -> Doing<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A request as a provider made it.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, not a byte of it changed.
    pub body: &'a [u8],
    /// The present.
    pub now: Timestamp,
}

/// What a provider is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is kept, or known already: it need not come again.
    Kept,
    /// It is kept, and not understood yet for this reason: it need not come again.
    Unread(String),
    /// Nothing shows that it is from whom it should be; the status, and why, for our log alone.
    Forged(u16, String),
    /// It is from whom it should be and cannot be taken; the status and why, for whoever set the provider up.
    Refused(u16, String),
    /// Not now: it is to come again.
    Later(String),
}

/// What became of a wish to cancel, or not to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Changing {
    /// The provider was told, and will tell us.
    Asked,
    /// The member does it there.
    Portal(String),
    /// It cannot be done from here.
    Elsewhere,
    /// The provider does not answer at the moment.
    Later(String),
}

/// Hands a request to its hook.
pub(super) async fn take(service: &Service, name: &str, request: &Request) -> Answer {
    let Some(hook) = service.parts.hooks.get(name) else { return answer::words(404, "nothing is taken here\n") };
    if request.body.len() > LARGEST_HOOK {
        return answer::words(413, "the body is too large\n");
    }
    match hook.take(Sent { headers: &request.headers, body: &request.body, now: request.now }).await {
        Taken::Kept => answer::json(200, &json!({"kept": true})),
        Taken::Unread(why) => answer::json(200, &json!({"kept": true, "read": false, "why": why})),
        Taken::Forged(status, why) => {
            // What is genuine is never turned away because of what is not: only the answers to forgeries are counted.
            let client = limits::client(request.client(&service.parts.trusted));
            match service.limits.take(Kind::Forgeries, &client, request.now) {
                Ok(()) => {
                    tracing::warn!(hook = name, status, why, "a delivery is not believed");
                    answer::json(status, &json!({"kept": false}))
                }
                Err(seconds) => {
                    let mut refused = answer::words(429, "too often\n");
                    refused.headers_mut().insert(RETRY_AFTER, seconds.max(1).into());
                    refused
                }
            }
        }
        Taken::Refused(status, why) => {
            tracing::warn!(hook = name, status, why, "a delivery was refused");
            answer::json(status, &json!({"kept": false, "why": why}))
        }
        Taken::Later(why) => {
            tracing::error!(hook = name, why, "a delivery could not be kept; it is asked for again");
            answer::json(503, &json!({"kept": false, "why": "not now"}))
        }
    }
}
