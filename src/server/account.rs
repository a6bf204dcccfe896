//! The account service behind sockets: beside an edge, or by itself for other edges.
//!
//! It lives on threads of its own, with its connections to the database and to the mail server: an edge's threads hand
//! requests over and wait, and nothing that the service waits for keeps a page from being served. Bodies are read whole
//! here, and never more of them than may be. Beside requests it tells what time changes, and delivers what is told.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use http_body_util::{BodyExt as _, Limited};
use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connections::{self, ALL, GRACE, Listener};
use super::intake::Own;
use super::reply::{self, Body, Reply};
use super::seldom::Seldom;
use super::watch::{Signals, cannot_listen, say_listening, system};
use super::{Arrived, Clock, Listen};
use crate::account::{PLACE, Request, Service};
use crate::diagnostic::Diagnostic;
use crate::fs;
use crate::manifest::Manifest;
use crate::members::Pages;
use crate::path;
use crate::time::Timestamp;
use crate::webhooks::{Deliverer, Endpoint};

/// How many threads the service has.
const THREADS: usize = 2;
/// How long a body may take to come.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often keys, and the manifest of a service by itself, are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How many requests are answered at once; more wait.
const AT_ONCE: usize = 512;

/// Makes the service, from settings, theme and secrets as they are then.
pub type Make = Box<dyn Fn() -> Making + Send + Sync>;
/// The service while it is made.
pub type Making = Pin<Box<dyn Future<Output = Result<Service, Vec<Diagnostic>>> + Send>>;

/// The account service with the threads that it lives on.
pub struct Account {
    service: Arc<ArcSwap<Service>>,
    make: Make,
    runtime: Option<Runtime>,
    places: Arc<Semaphore>,
    /// Who is told what changes.
    endpoints: Vec<Endpoint>,
    /// What goes on beside requests, and what ends it.
    beside: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
}

/// The manifest in force, whenever it is asked for.
pub(super) type Manifests = Arc<dyn Fn() -> Option<Arc<Manifest>> + Send + Sync>;

impl Account {
    /// Starts the threads, and makes the service on them.
    ///
    /// # Errors
    /// Those of making it, and when the system gives no threads.
    pub fn start(make: Make) -> Result<Self, Vec<Diagnostic>> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name("account").enable_all().build();
        let runtime = runtime.map_err(|error| vec![*system(&error)])?;
        let service = Arc::new(ArcSwap::from_pointee(runtime.block_on(make())?));
        let (places, stop) = (Arc::new(Semaphore::new(AT_ONCE)), watch::Sender::new(false));
        let (endpoints, beside) = (Vec::new(), Mutex::default());
        Ok(Self { service, make, runtime: Some(runtime), places, endpoints, beside, stop })
    }

    /// The same, and some endpoints are told what changes.
    #[must_use]
    pub fn telling(mut self, endpoints: Vec<Endpoint>) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// Makes the service anew. Where that fails the old one stays; whoever is being answered is answered by the old one.
    pub(super) async fn reload(&self) {
        let Some(runtime) = &self.runtime else { return };
        match runtime.spawn((self.make)()).await {
            // An edge asks for the tokens that were made when it started.
            Ok(Ok(service)) if own(&service) != self.own() => {
                let reason = "`base_url` or `token` of site.yaml is another: that needs a restart";
                tracing::error!(reason, "the account stays as it was");
            }
            Ok(Ok(service)) => {
                self.service.store(Arc::new(service));
                tracing::info!("settings, theme and secrets of the account taken");
            }
            Ok(Err(faults)) => {
                for fault in faults.iter().filter(|fault| fault.is_error()) {
                    tracing::error!(reason = %fault.message, "the account stays as it was");
                }
            }
            Err(error) => tracing::error!(reason = %error, "the account stays as it was"),
        }
    }

    /// Begins what goes on beside requests: telling what time changes, and delivering it.
    pub(super) fn begin(&self, clock: Clock, manifests: Manifests) {
        let Some(runtime) = &self.runtime else { return };
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let (service, stop) = (Arc::clone(&self.service), self.stop.subscribe());
        beside.spawn_on(tell(service, (clock, manifests), stop), runtime.handle());
        if !self.endpoints.is_empty() {
            let ledger = self.service.load().ledger().clone();
            let deliverer = Deliverer::new(ledger, self.endpoints.clone(), Arc::new(clock));
            beside.spawn_on(deliverer.run(self.stop.subscribe()), runtime.handle());
        }
    }

    /// Ends it: what is being sent is sent to its end, as far as that does not take too long.
    pub(super) async fn end(&self) {
        self.stop.send_replace(true);
        let mut beside = std::mem::take(&mut *self.beside.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::time::timeout(GRACE, async { while beside.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("notifications on their way were not waited for; they are sent again");
        }
    }

    /// Whether a request is for the service.
    pub(super) fn is_asked(arrived: &Arrived) -> bool {
        path::canonical(arrived.target()).is_ok_and(|path| path.starts_with(PLACE))
    }

    /// Answers a request.
    pub(super) async fn answer(&self, arrived: Arrived, now: Timestamp, manifest: Option<Arc<Manifest>>) -> Reply {
        // Nothing is read of what nobody takes.
        let Some(largest) = self.service.load().largest(arrived.path()) else {
            return words(404, "nothing is taken here\n");
        };
        let target = String::from_utf8_lossy(arrived.target()).into_owned();
        let peer = arrived.peer;
        let (head, body) = arrived.request.into_parts();
        let body = match tokio::time::timeout(TIMEOUT, Limited::new(body, largest).collect()).await {
            Err(_) => return words(408, "the form did not come\n"),
            Ok(Err(_)) => return words(413, "the form is too large, or was broken off\n"),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let request = Request { method: head.method, target, headers: head.headers, body, peer, now };
        let Some(runtime) = &self.runtime else { return words(503, "this cannot be answered at the moment\n") };
        let (service, places) = (self.service.load_full(), Arc::clone(&self.places));
        let answered = runtime.spawn(async move {
            let place = places.acquire().await;
            let answer = service.answer(request, manifest.as_deref()).await;
            drop(place);
            answer
        });
        match answered.await {
            Ok(answer) => answer.map(Body::of),
            Err(error) => {
                tracing::error!(reason = %error, "an account page was broken off");
                words(503, "this cannot be answered at the moment\n")
            }
        }
    }

    /// What a manifest must agree with.
    pub(super) fn own(&self) -> Own {
        own(&self.service.load())
    }

    /// The public keys of tokens, as a JWKS.
    pub(super) fn jwks(&self, now: Timestamp) -> Vec<u8> {
        self.service.load().jwks(now).to_string().into_bytes()
    }

    /// Looks whether another instance, or a command, made a key.
    pub(super) async fn look(&self) {
        let Some(runtime) = &self.runtime else { return };
        let service = self.service.load_full();
        let looked = runtime.spawn(async move { service.look().await });
        match looked.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(reason = %error, "keys of tokens not looked at; the old ones stay"),
            Err(error) => tracing::error!(reason = %error, "keys of tokens not looked at; the old ones stay"),
        }
    }
}

/// Tells what time changes, and what it opens, until it is told to stop.
async fn tell(service: Arc<ArcSwap<Service>>, (clock, manifests): (Clock, Manifests), mut stop: watch::Receiver<bool>) {
    let tick = async |pages: Option<&Pages<'_>>| {
        if let Err(error) = service.load_full().tick(pages, clock()).await {
            tracing::error!(reason = %error, "what time changes is not told for the moment");
        }
    };
    loop {
        let manifest = manifests();
        let pages = manifest.as_deref().map(Pages::of);
        loop {
            tick(pages.as_ref()).await;
            if tokio::time::timeout(LOOK, stop.wait_for(|stop| *stop)).await.is_ok() {
                return;
            }
            if manifests().as_ref().map(Arc::as_ptr) != manifest.as_ref().map(Arc::as_ptr) {
                // What opened by the old one until now: a build that came after a release no longer knows of it.
                tick(pages.as_ref()).await;
                break;
            }
        }
    }
}

fn own(service: &Service) -> Own {
    Own { base_url: service.base_url().to_owned(), token: service.token().clone() }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Wherever this happens: nobody waits for anything then.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

fn words(status: u16, text: &'static str) -> Reply {
    reply::words(status, text, Some("default-src 'none'; frame-ancestors 'none'"))
}

/// How a service by itself is set up.
#[derive(Clone, Debug)]
pub struct Alone {
    /// Where to listen.
    pub listen: Listen,
    /// The manifest of the site: it says what opens next.
    pub manifest: Option<PathBuf>,
    /// How many connections are open at once.
    pub max_connections: usize,
    /// The clock.
    pub clock: Clock,
}

/// Serves `/account/` alone, until the process is told to stop.
///
/// # Errors
/// When nothing can be listened on, or the manifest cannot be read.
pub fn run(account: Account, alone: &Alone) -> Result<(), Vec<Diagnostic>> {
    let failed = |fault: Box<Diagnostic>| vec![*fault];
    let manifest = match &alone.manifest {
        Some(path) => Some(Arc::new(read(path).map_err(failed)?)),
        None => None,
    };
    let account = Arc::new(account);
    let Some(runtime) = &account.runtime else { return Ok(()) };
    let inside = runtime.enter();
    let listener = match &alone.listen {
        Listen::Tcp(address) => connections::listen(*address, false).map(Listener::Tcp),
        Listen::Unix(path) => connections::listen_unix(path).and_then(UnixListener::from_std).map(Listener::Unix),
    };
    let listener = listener.map_err(|error| failed(cannot_listen(&alone.listen, &error)))?;
    let signals = Signals::new().map_err(|error| failed(system(&error)))?;
    drop(inside);
    let heard = match &listener {
        Listener::Tcp(listener) => listener.local_addr().map_or_else(|_| alone.listen.clone(), Listen::Tcp),
        Listener::Unix(_) => alone.listen.clone(),
    };
    say_listening(&heard, "account");
    let held = Arc::new(RwLock::new(manifest));
    let current = Arc::clone(&held);
    account.begin(alone.clock, Arc::new(move || current.read().unwrap_or_else(PoisonError::into_inner).clone()));
    runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(Arc::clone(&account), (listener, alone.clone()), Arc::clone(&held), stopped));
        tokio::spawn(look(Arc::clone(&account), alone.manifest.clone(), held));
        signals.wait(async || account.reload().await).await;
        tracing::info!("stopping");
        stop.send_replace(true);
        if serving.await.is_err() {
            tracing::error!("answering was broken off");
        }
        account.end().await;
    });
    Ok(())
}

type Held = Arc<RwLock<Option<Arc<Manifest>>>>;

/// Takes connections until the service stops, then waits for those that are being answered.
async fn serve(
    account: Arc<Account>,
    (listener, alone): (Listener, Alone),
    held: Held,
    stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(alone.max_connections));
    let open = Arc::new(Semaphore::new(ALL));
    let (clock, seldom) = (alone.clock, Seldom::default());
    loop {
        let mut stop = stopped.clone();
        let taken = tokio::select! {
            biased;
            _ended = stop.wait_for(|stop| *stop) => break,
            taken = connections::accept(&listener, (&places, &seldom)) => taken,
        };
        let Some((stream, place)) = taken else { continue };
        let Ok(here) = Arc::clone(&open).try_acquire_owned() else { continue };
        let (account, held) = (Arc::clone(&account), Arc::clone(&held));
        tokio::spawn(async move {
            let answer = move |arrived: Arrived| {
                let account = Arc::clone(&account);
                let manifest = held.read().unwrap_or_else(PoisonError::into_inner).clone();
                async move { account.answer(arrived, clock(), manifest).await }
            };
            let stop = async move { drop(stop.wait_for(|stop| *stop).await) };
            stream.converse(stop, answer).await;
            drop((place, here));
        });
    }
    drop(listener);
    let all = u32::try_from(ALL).unwrap_or(u32::MAX);
    drop(tokio::time::timeout(GRACE, open.acquire_many(all)).await);
}

/// Looks after the keys and the manifest.
async fn look(account: Arc<Account>, path: Option<PathBuf>, held: Held) {
    let mut seen = path.as_deref().and_then(|path| fs::metadata_followed(path).ok().flatten());
    loop {
        tokio::time::sleep(LOOK).await;
        account.look().await;
        let Some(path) = &path else { continue };
        let found = fs::metadata_followed(path).ok().flatten();
        if found == seen {
            continue;
        }
        seen = found;
        match read(path) {
            Ok(manifest) => *held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(manifest)),
            Err(fault) => tracing::error!(reason = %fault.message, "manifest refused; the old one stays"),
        }
    }
}

fn read(path: &std::path::Path) -> Result<Manifest, Box<Diagnostic>> {
    let bytes = fs::read(path).map_err(|error| Diagnostic::setup(error.to_string()))?;
    Manifest::parse(&bytes).map_err(|error| Box::new(Diagnostic::setup(format!("`{}`: {error}", path.display()))))
}
