//! From the first listener to the last answer: starts the threads that answer, and does beside them what takes its time.
//!
//! Each thread has its own queue of connections and its own runtime, so that none waits for another. One more looks after
//! the manifest, the keys, signals and health.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};

use super::account::Account;
use super::connections::{Entrance, Listener, is_free, listen, listen_unix};
use super::worker::Worker;
use super::{Listen, Mode};
use crate::diagnostic::Diagnostic;

/// How often the manifest is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often keys are fetched that nobody has missed.
const KEYS: Duration = Duration::from_secs(600);
/// How often the keys of the account service are looked at.
const OWN_KEYS: Duration = Duration::from_secs(5);
/// How long work in the background may go on when all is answered.
const LAST: Duration = Duration::from_millis(200);

/// Files that are open besides connections: objects being read, the watch, the log.
const OTHER_FILES: u64 = 256;

/// Listens and answers until a signal says to stop.
pub(super) fn run(worker: &Arc<Worker>) -> Result<(), Vec<Diagnostic>> {
    let failed = |fault: Box<Diagnostic>| vec![*fault];
    let options = &worker.options;
    raise_file_limit(options.max_connections);
    let (stop, stopped) = watch::channel(false);
    let runtime = runtime().map_err(|error| failed(system(&error)))?;
    let health = options.health.map(|address| bind(&runtime, address, false)).transpose().map_err(failed)?;
    let threads = answer(worker, &stopped).map_err(failed)?;
    let signals = runtime.block_on(async { Signals::new() }).map_err(|error| failed(system(&error)))?;
    if let Some(listener) = health {
        if let Ok(address) = listener.local_addr() {
            say_listening(&Listen::Tcp(address), "health");
        }
        runtime.spawn(Entrance::health(worker, &stopped).open(Listener::Tcp(listener)));
    }
    runtime.spawn(look(Arc::clone(worker)));
    let missed = worker.keeper().unknown_key();
    if worker.keeper().url().is_some() {
        runtime.spawn(fetch(Arc::clone(worker), missed));
    }
    if let Some(account) = &worker.options.account {
        runtime.spawn(look_at_keys(Arc::clone(worker), Arc::clone(account)));
        let held = Arc::clone(worker);
        account.begin(options.clock, Arc::new(move || Some(Arc::clone(&held.held.load().manifest))));
    }
    runtime.block_on(signals.wait(async || {
        worker.reload().await;
        if let Some(account) = &worker.options.account {
            account.reload().await;
        }
    }));
    tracing::info!("stopping");
    stop.send_replace(true);
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread was broken off");
        }
    }
    if let Some(account) = &worker.options.account {
        runtime.block_on(account.end());
    }
    runtime.shutdown_timeout(LAST);
    Ok(())
}

/// Starts the threads that answer.
fn answer(worker: &Arc<Worker>, stopped: &watch::Receiver<bool>) -> Result<Vec<JoinHandle<()>>, Box<Diagnostic>> {
    let ready = listeners(&worker.options.listen, worker.options.threads.max(1))?;
    let mut started = Vec::with_capacity(ready.len());
    if let Some((_, listener)) = ready.first() {
        let what = match worker.options.mode {
            Mode::Serve => "serve",
            Mode::Decide => "decide",
        };
        say_listening(&address(listener, &worker.options.listen), what);
    }
    for (number, (runtime, listener)) in ready.into_iter().enumerate() {
        let entrance = Entrance::public(worker, stopped);
        let thread = std::thread::Builder::new().name(format!("edge-{number}")).spawn(move || {
            runtime.block_on(entrance.open(listener));
            runtime.shutdown_timeout(LAST);
        });
        started.push(thread.map_err(|error| system(&error))?);
    }
    Ok(started)
}

/// A listener for each thread: with a queue of its own at an address, with one for all at a socket in the file system.
fn listeners(listen: &Listen, threads: usize) -> Result<Vec<(Runtime, Listener)>, Box<Diagnostic>> {
    let mut ready = Vec::with_capacity(threads);
    let new_runtime = || runtime().map_err(|error| system(&error));
    match listen {
        Listen::Tcp(address) => {
            let mut address = *address;
            if threads > 1 {
                // Listeners that share an address would share it with a stranger's too: see that it is free.
                is_free(address).map_err(|error| cannot_listen(&address, &error))?;
            }
            for _ in 0..threads {
                let runtime = new_runtime()?;
                let listener = bind(&runtime, address, threads > 1)?;
                // With port 0 the first one chooses.
                address = listener.local_addr().unwrap_or(address);
                ready.push((runtime, Listener::Tcp(listener)));
            }
        }
        Listen::Unix(path) => {
            let socket = listen_unix(path).map_err(|error| cannot_listen(listen, &error))?;
            for _ in 0..threads {
                let runtime = new_runtime()?;
                let inside = runtime.enter();
                let listener = socket.try_clone().and_then(UnixListener::from_std);
                let listener = listener.map_err(|error| cannot_listen(listen, &error))?;
                drop(inside);
                ready.push((runtime, Listener::Unix(listener)));
            }
        }
    }
    Ok(ready)
}

/// The address that a listener has got.
fn address(listener: &Listener, asked: &Listen) -> Listen {
    match listener {
        Listener::Tcp(listener) => listener.local_addr().map_or_else(|_| asked.clone(), Listen::Tcp),
        Listener::Unix(_) => asked.clone(),
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn bind(runtime: &Runtime, address: SocketAddr, shared: bool) -> Result<TcpListener, Box<Diagnostic>> {
    let _inside = runtime.enter();
    listen(address, shared).map_err(|error| cannot_listen(&address, &error))
}

pub(crate) fn cannot_listen(address: &impl fmt::Display, error: &std::io::Error) -> Box<Diagnostic> {
    let fault = Diagnostic::setup(format!("cannot listen on `{address}`: {}", cause(error)));
    Box::new(fault.help("give another address, or end what listens there"))
}

pub(super) fn say_listening(address: &Listen, what: &str) {
    tracing::info!(%address, what, "listening");
}

pub(crate) fn system(error: &std::io::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::setup(format!("the system does not give what a server needs: {}", cause(error))))
}

/// The system's answer in our message grammar.
fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words);
    text.to_lowercase()
}

/// Asks for as many open files as there may be connections, as far as the system allows.
fn raise_file_limit(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(OTHER_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(needed, |maximum| needed.min(maximum));
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    if let Err(errno) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        tracing::warn!(reason = %errno, "the limit on open files stays as it is");
    }
}

/// Looks after the manifest.
async fn look(worker: Arc<Worker>) {
    loop {
        tokio::time::sleep(LOOK).await;
        worker.look().await;
    }
}

/// Looks after the keys of the account service, which are this server's.
async fn look_at_keys(worker: Arc<Worker>, account: Arc<Account>) {
    loop {
        tokio::time::sleep(OWN_KEYS).await;
        account.look().await;
        worker.take_own_keys();
    }
}

/// Looks after the keys at a URL: from time to time, and when one is missed, but never sooner than allowed.
async fn fetch(worker: Arc<Worker>, missed: Arc<Notify>) {
    loop {
        let rest = worker.options.keys_rest;
        tokio::time::sleep(rest).await;
        if worker.held.load().readers.has_keys() {
            let missed = tokio::time::timeout(KEYS.saturating_sub(rest), missed.notified()).await;
            tracing::info!(missed = missed.is_ok(), "fetching keys");
        }
        worker.refetch_keys().await;
    }
}

/// What the system tells a server.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Until the server is to stop. Whenever it is to read again what it was set up with, it does.
    pub(super) async fn wait(mut self, reload: impl AsyncFn()) {
        loop {
            tokio::select! {
                _ended = self.terminate.recv() => return,
                _ended = self.interrupt.recv() => return,
                _asked = self.hang_up.recv() => reload().await,
            }
        }
    }
}
