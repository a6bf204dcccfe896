//! The service under `/account/`: joining, signing in by a mailed link, what somebody has, and the tokens that edges
//! believe (design 9.3).
//!
//! A request with its body comes in, an answer goes out; sockets are [`crate::server`]'s business. What somebody has is
//! folded from the ledger's events each time it is asked for, by [`crate::members`]; nothing here keeps it. It refuses to
//! tell whether an address is known: signing in and joining are one deed, and nobody is looked up before the link in the
//! mail is used. No log line of it holds an address, a token or a link.

mod answer;
mod buy;
mod cancel;
mod change;
mod home;
pub mod hook;
mod keys;
mod limits;
mod link;
mod mail;
mod network;
mod openings;
mod refresh;
mod request;
mod route;
mod secret;
mod sign_in;
mod visit;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::build::Frame;
use crate::diagnostic::Diagnostic;
use crate::ledger::{self, Ledger, Present};
use crate::manifest::{self, Manifest};
use crate::members::{Pages, Rules};
use crate::path;
use crate::provider::reference::References;
use crate::time::Timestamp;

pub use answer::Answer;
pub use hook::Hook;
pub use keys::rotate;
pub use mail::{MailError, Mailer};
pub use network::Network;
pub use request::Request;

use answer::words;
use keys::Keys;
use limits::Limits;
use visit::Visit;

/// Where the service lives.
pub const PLACE: &str = "/account/";

/// The largest body of a form, and of what a payment provider sends, in bytes.
pub const LARGEST_FORM: usize = 16 * 1024;
/// The largest body of what a payment provider sends, in bytes.
pub const LARGEST_HOOK: usize = 1024 * 1024;

/// How many requests wait for a purchase at once.
const WAITING: usize = 256;

/// Of how many members is told at once what time has changed.
const TICKS: u32 = 200;
const TICKED: usize = 200;

/// The source of events that members make here.
pub const SOURCE: &str = "account";

/// What the service is made of.
#[derive(Debug)]
pub struct Parts {
    /// Settings, theme and menu.
    pub frame: Frame,
    /// Who members are and what was told of them.
    pub ledger: Ledger,
    /// Who takes mails.
    pub mailer: Mailer,
    /// Proxies that say for whom they ask, besides those of this machine.
    pub trusted: Vec<Network>,
    /// Who takes what is sent to `/account/hooks/NAME`; the one named `events` also takes `/account/events`.
    pub hooks: BTreeMap<String, Arc<dyn Hook>>,
}

/// The service.
#[derive(Debug)]
pub struct Service {
    parts: Parts,
    settings: manifest::Token,
    origin: String,
    keys: ArcSwap<Keys>,
    references: References,
    limits: Limits,
    waiting: Semaphore,
}

/// Why something could not be done. It never holds an address.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The ledger did not do it.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A key of tokens cannot be made or used.
    #[error("a key of tokens cannot be used: {0}")]
    Key(String),
    /// There is a next key already.
    #[error("a new key is already waiting to be signed with")]
    Waits(Timestamp),
    /// A template cannot be rendered.
    #[error("{0}")]
    Template(Box<Diagnostic>),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl From<secret::NoRandom> for AccountError {
    fn from(_: secret::NoRandom) -> Self {
        Self::Random
    }
}

impl Service {
    /// Sets the service up; the first time, it makes the key that tokens are signed with.
    ///
    /// # Errors
    /// Where the ledger fails or its keys cannot be read.
    pub async fn start(parts: Parts, now: Timestamp) -> Result<Self, AccountError> {
        let crate::config::Token { issuer, audience, claim, cookie, max_ttl, max_entitlements } =
            parts.frame.config.token.clone();
        let settings = manifest::Token { issuer, audience, claim, cookie, max_ttl, max_entitlements };
        let keys = Keys::start(&parts.ledger, max_ttl, now).await?;
        let secret = secret::Secret::new()?;
        let secret = parts.ledger.checkout_secret(Some(secret.expose())).await?;
        Ok(Self {
            origin: path::origin(&parts.frame.config.base_url).unwrap_or_default(),
            references: References::new(&secret.unwrap_or_default()),
            parts,
            settings,
            keys: ArcSwap::from_pointee(keys),
            limits: Limits::default(),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Answers a request. `manifest` is that of the site, where it is at hand: it says what opens next.
    pub async fn answer(&self, request: Request, manifest: Option<&Manifest>) -> Answer {
        let answered = match route::of(&request) {
            Ok(route) => self.follow(route, &request, manifest).await,
            Err(refused) => return *refused,
        };
        answered.unwrap_or_else(|error| {
            tracing::error!(reason = %error, "an account page could not be made");
            words(503, "this cannot be answered at the moment\n")
        })
    }

    /// Reads the keys of tokens again: another instance may have made one. Hooks look at what they did not understand.
    ///
    /// # Errors
    /// Where the ledger fails or its keys cannot be read; those that were known stay.
    pub async fn look(&self) -> Result<(), AccountError> {
        let keys = Keys::read(&self.parts.ledger, self.settings.max_ttl).await?;
        self.keys.store(Arc::new(keys));
        for hook in self.parts.hooks.values() {
            hook.look_again().await;
        }
        Ok(())
    }

    /// Tells what time has changed, and what it opened where the pages are known.
    ///
    /// # Errors
    /// Where the ledger fails: what was told until then is kept.
    pub async fn tick(&self, pages: Option<&Pages<'_>>, now: Timestamp) -> Result<(), AccountError> {
        let rules = self.rules();
        let present = present(&rules, now);
        while self.parts.ledger.tick_with(TICKS, &present, pages).await? >= TICKED {}
        Ok(())
    }

    /// Where members are.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.parts.ledger
    }

    /// The address of the site.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.parts.frame.config.base_url
    }

    /// What tokens are made for: a manifest must ask for the same.
    #[must_use]
    pub fn token(&self) -> &manifest::Token {
        &self.settings
    }

    /// How large the body of a request may be, in bytes; none where nothing is taken at all.
    #[must_use]
    pub fn largest(&self, path: &[u8]) -> Option<usize> {
        let hook = match path.strip_prefix(PLACE.as_bytes()) {
            Some(b"events") => Some(&b"events"[..]),
            Some(below) => below.strip_prefix(b"hooks/"),
            None => None,
        };
        match hook {
            None => Some(LARGEST_FORM),
            Some(name) => {
                let is_there = std::str::from_utf8(name).is_ok_and(|name| self.parts.hooks.contains_key(name));
                is_there.then_some(LARGEST_HOOK)
            }
        }
    }

    /// The public halves of the keys of tokens.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Value {
        self.keys.load().jwks(now)
    }

    async fn follow(
        &self,
        route: route::Route,
        request: &Request,
        manifest: Option<&Manifest>,
    ) -> Result<Answer, AccountError> {
        use route::Route;
        let visit = Visit::of(self, request);
        match route {
            Route::Home => home::home(&visit, manifest).await,
            Route::SignIn { joins } => sign_in::page(&visit, joins).await,
            Route::AskForLink { joins } => sign_in::ask(&visit, joins).await,
            Route::Sent => sign_in::sent(&visit),
            Route::Link => link::page(&visit).await,
            Route::UseLink => link::used(&visit).await,
            Route::Refresh => refresh::refresh(&visit).await,
            Route::Buy(product) => buy::buy(&visit, &product).await,
            Route::Add(id) => change::add(&visit, &id).await,
            Route::Accept(waiting) => change::accept(&visit, &waiting).await,
            Route::Cancel(grant) => cancel::cancel_page(&visit, &grant).await,
            Route::CancelNow(grant) => cancel::cancel(&visit, &grant).await,
            Route::Keep(grant) => cancel::keep_page(&visit, &grant).await,
            Route::KeepNow(grant) => cancel::keep(&visit, &grant).await,
            Route::SignOut => change::sign_out_page(&visit).await,
            Route::SignOutNow => change::sign_out(&visit).await,
            Route::Keys => Ok(answer::jwks(&self.jwks(request.now))),
            Route::Hook(name) => Ok(hook::take(self, &name, request).await),
            Route::Unknown => visit.unknown(),
        }
    }

    fn rules(&self) -> Rules<'_> {
        let config = &self.parts.frame.config;
        Rules { catalogue: &config.catalogue, billing: config.billing, zone: &config.zone }
    }

    fn string<'a>(&'a self, key: &'a str) -> &'a str {
        self.parts.frame.theme.strings().get(key)
    }

    fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.parts.frame.theme.strings().fill(key, values)
    }
}

/// The rules of today and the present, as the ledger asks for them.
fn present<'a>(rules: &'a Rules<'a>, now: Timestamp) -> Present<'a> {
    Present { rules, now }
}
