//! What answering needs, and the way a request takes through it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use hyper::Request;
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use super::account::Account;
use super::asked::Asked;
use super::faces::{self, Face};
use super::held::Held;
use super::keeper::{Counts, Keeper};
use super::objects::Objects;
use super::pages::{self, Vanished};
use super::reply::{self, Reply};
use super::seldom::Seldom;
use super::session::{self, Visit};
use super::upstream::Upstream;
use super::{Mode, Options, keyring};
use crate::diagnostic::Diagnostic;
use crate::edge::Outcome;

/// How often a request is decided again because a build has taken an object away.
const ATTEMPTS: usize = 4;

/// All that answering needs, shared by all threads.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) options: Options,
    pub(super) held: ArcSwap<Held>,
    pub(super) objects: Objects,
    pub(super) upstream: Option<Upstream>,
    keeper: Mutex<Keeper>,
    pub(super) counts: Arc<Mutex<Counts>>,
    /// A place for each connection that may be open.
    pub(super) places: Arc<Semaphore>,
    pub(super) requests: AtomicU64,
    pub(super) seldom: Seldom,
}

/// A request as it came in.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) request: Request<Incoming>,
    /// Its target, where it is not what the request has.
    pub(super) raw: Option<Box<[u8]>>,
    /// Who sent it.
    /// Who asks; unknown behind a socket in the file system.
    pub(super) peer: Option<IpAddr>,
}

impl Arrived {
    /// The target as it was sent.
    pub(crate) fn target(&self) -> &[u8] {
        let uri = || self.request.uri().path_and_query().map_or(&b""[..], |target| target.as_str().as_bytes());
        self.raw.as_deref().unwrap_or_else(uri)
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &[u8] {
        self.target().split(|byte| *byte == b'?').next().unwrap_or_default()
    }
}

impl Worker {
    /// Reads all that the options name.
    pub(super) fn new(options: Options) -> Result<Self, Vec<Diagnostic>> {
        let beside = || options.manifest.with_file_name("objects");
        let objects = Objects::new(options.objects.clone().unwrap_or_else(beside), options.memory);
        let upstream = options.upstream.as_deref().map(Upstream::new).transpose().map_err(|fault| vec![*fault])?;
        let (keeper, held) = Keeper::start(&options, &objects)?;
        let worker = Self {
            held: ArcSwap::from_pointee(held),
            objects,
            upstream,
            counts: keeper.counts(),
            keeper: Mutex::new(keeper),
            places: Arc::new(Semaphore::new(options.max_connections)),
            requests: AtomicU64::new(0),
            seldom: Seldom::default(),
            options,
        };
        worker.fetch_keys();
        Ok(worker)
    }

    /// Answers a request.
    pub(super) async fn answer(self: &Arc<Self>, arrived: Arrived) -> Reply {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !self.options.access_log {
            return self.answer_unlogged(arrived).await;
        }
        let start = Instant::now();
        let method = arrived.request.method().clone();
        let path = String::from_utf8_lossy(arrived.path()).into_owned();
        let peer = arrived.peer.map(tracing::field::display);
        let reply = self.answer_unlogged(arrived).await;
        let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let reason = reply.headers().get("tierpress-reason").and_then(|reason| reason.to_str().ok());
        tracing::info!(%method, path, status = reply.status().as_u16(), reason, peer, microseconds, "request");
        reply
    }

    async fn answer_unlogged(self: &Arc<Self>, arrived: Arrived) -> Reply {
        if let Some(visit) = Visit::of(&arrived) {
            let held = self.held.load_full();
            if held.manifest.token.is_some() {
                return session::answer(self, &held, visit, arrived.request).await;
            }
        }
        match self.options.mode {
            Mode::Serve => self.serve(arrived).await,
            Mode::Decide => match self.options.account.as_ref().filter(|_| Account::is_asked(&arrived)) {
                Some(account) => {
                    let manifest = Arc::clone(&self.held.load_full().manifest);
                    account.answer(arrived, (self.options.clock)(), Some(manifest)).await
                }
                None => self.decide(&arrived).await,
            },
        }
    }

    async fn serve(self: &Arc<Self>, arrived: Arrived) -> Reply {
        let now = (self.options.clock)();
        for _ in 0..ATTEMPTS {
            let held = self.held.load_full();
            let headers = arrived.request.headers();
            let asked = Asked { method: arrived.request.method().as_str(), target: arrived.target(), headers, now };
            let decision = asked.decide(&held);
            if decision.outcome == Outcome::Passthrough {
                if let Some(account) = self.options.account.as_ref().filter(|_| Account::is_asked(&arrived)) {
                    return account.answer(arrived, now, Some(Arc::clone(&held.manifest))).await;
                }
                return self.pass_on(&held, arrived).await;
            }
            match pages::say(self, &held, &decision, Some(&asked)).await {
                Ok(reply) => return reply,
                Err(vanished) => self.look_for(&held, &vanished).await,
            }
        }
        self.unreadable()
    }

    async fn decide(self: &Arc<Self>, arrived: &Arrived) -> Reply {
        let path = String::from_utf8_lossy(arrived.path());
        // What else is asked of the paths of sessions is asked of any path.
        let (face, own) = match Face::of(&path) {
            Some(face) => (face, false),
            None if session::is_path(arrived.path()) => (Face::Check, true),
            None => return self.words(404, "there is nothing here: ask /auth, /check or /accel\n"),
        };
        let now = (self.options.clock)();
        let headers = arrived.request.headers();
        let asked = if own {
            Asked { method: arrived.request.method().as_str(), target: arrived.target(), headers, now }
        } else {
            match faces::asked(self, headers, now) {
                Some(asked) => asked,
                None => return faces::doubtful(self, face),
            }
        };
        for _ in 0..ATTEMPTS {
            let held = self.held.load_full();
            match faces::say(self, &held, face, &asked.decide(&held)).await {
                Ok(reply) => return reply,
                Err(vanished) => self.look_for(&held, &vanished).await,
            }
        }
        self.unreadable()
    }

    async fn pass_on(&self, held: &Held, arrived: Arrived) -> Reply {
        match &self.upstream {
            Some(upstream) => upstream.pass(self, &held.manifest.site.base_url, arrived).await,
            None => self.words(502, "there is no server for this path\n"),
        }
    }

    /// A few words that nobody keeps, for what is no decision.
    pub(super) fn words(&self, status: u16, text: &'static str) -> Reply {
        reply::words(status, text, self.options.csp.as_deref())
    }

    fn unreadable(&self) -> Reply {
        self.words(503, "this page cannot be read at the moment\n")
    }

    /// An object of the manifest in force is gone: a later build has taken it away, so there is a later manifest.
    async fn look_for(self: &Arc<Self>, held: &Arc<Held>, vanished: &Vanished) {
        let now = self.held.load_full();
        if !Arc::ptr_eq(held, &now) {
            return;
        }
        if let Some(before) = self.seldom.now() {
            tracing::warn!(reason = %vanished.0, before, "object not opened; looking for another manifest");
        }
        self.look().await;
    }

    /// Looks whether there is another manifest.
    pub(super) async fn look(self: &Arc<Self>) {
        self.in_the_background(|worker| worker.keeper().look(&worker.held, &worker.objects)).await;
    }

    /// Reads manifest and keys again.
    pub(super) async fn reload(self: &Arc<Self>) {
        self.in_the_background(|worker| worker.keeper().reload(&worker.held, &worker.objects)).await;
    }

    /// Asks the URL of keys.
    pub(super) async fn refetch_keys(self: &Arc<Self>) {
        self.in_the_background(Self::fetch_keys).await;
    }

    /// Takes the keys of the account service, if they are others.
    pub(super) fn take_own_keys(&self) {
        if let Some(account) = &self.options.account {
            self.keeper().take_own_keys(&self.held, &account.jwks((self.options.clock)()));
        }
    }

    fn fetch_keys(&self) {
        let url = self.keeper().url().map(str::to_owned);
        if let Some(url) = url {
            // The lock is not held while the network is waited for.
            let fetched = keyring::fetch(&url);
            self.keeper().take_keys(&self.held, fetched);
        }
    }

    pub(super) fn keeper(&self) -> std::sync::MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what waits for the disk or the network without keeping others waiting.
    async fn in_the_background(self: &Arc<Self>, work: impl FnOnce(&Self) + Send + 'static) {
        let worker = Arc::clone(self);
        if let Err(error) = tokio::task::spawn_blocking(move || work(&worker)).await {
            tracing::error!(reason = %error, "work in the background was broken off");
        }
    }
}
