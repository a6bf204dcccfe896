//! Keeps the manifest in force the newest that may be: looks whether its file has changed, and swaps it.
//!
//! All that can be changed while a server runs changes here, under one lock. Whoever answers requests never waits for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::Options;
use super::held::Held;
use super::highest::{Highest, StateError};
use super::intake::{Accepted, Intake, Refused};
use super::keyring::{Fetched, Keyring, KeyringError};
use super::objects::Objects;
use super::readers::Readers;
use crate::diagnostic::Diagnostic;
use crate::envelope::VerifyingKey;
use crate::fs;
use crate::time::Timestamp;

/// How long a refused file is left alone while it does not change: its objects may still come, the clock moves on.
const AGAIN: Duration = Duration::from_secs(10);

/// What the manifest in force is made from.
#[derive(Debug)]
pub(super) struct Keeper {
    intake: Intake,
    highest: Highest,
    keyring: Keyring,
    clock: super::Clock,
    unknown_key: Arc<Notify>,
    /// The file as it was when it was last read.
    seen: Option<fs::Metadata>,
    refused: Option<Refusal>,
    counts: Arc<Mutex<Counts>>,
}

/// What became of the manifests that were looked at.
#[derive(Clone, Default, Debug)]
pub(super) struct Counts {
    /// How many were taken, the first included.
    pub(super) taken: u64,
    /// How many were not.
    pub(super) refused: u64,
    /// Why the file that lies there now is not answered from.
    pub(super) reason: Option<String>,
}

#[derive(Debug)]
struct Refusal {
    reason: String,
    at: Instant,
}

impl Keeper {
    /// Sets everything up, and reads the first manifest.
    pub(super) fn start(options: &Options, objects: &Objects) -> Result<(Self, Held), Vec<Diagnostic>> {
        let one = |fault: Diagnostic| vec![fault];
        let public_key = options.public_key.as_deref().map(read_public_key).transpose().map_err(|fault| one(*fault))?;
        let signed = public_key.is_some();
        let key_fault = |error: KeyringError| one(Diagnostic::setup(error.to_string()).help(KEY_HELP));
        let mut keyring = Keyring::read(options.keys.clone()).map_err(key_fault)?;
        if let Some(account) = &options.account {
            keyring.take_own(&account.jwks((options.clock)())).map_err(key_fault)?;
        }
        let beside = || options.manifest.with_file_name("edge-state");
        let folder = options.state.clone().unwrap_or_else(beside);
        let highest = Highest::read(&folder).map_err(|error| one(state_fault(&error)))?;
        let passes_on = options.upstream.is_some() || options.mode == super::Mode::Decide;
        let account = options.account.as_ref().map(|account| account.own());
        let intake = Intake { path: options.manifest.clone(), public_key, passes_on, account };
        let mut keeper = Self {
            seen: fs::metadata_followed(&intake.path).ok().flatten(),
            intake,
            highest,
            keyring,
            clock: options.clock,
            unknown_key: Arc::new(Notify::new()),
            refused: None,
            counts: Arc::default(),
        };
        let accepted = keeper.intake.read(objects, &keeper.highest, (keeper.clock)()).map_err(|refused| {
            let path = options.manifest.display();
            let help = refused.help();
            one(Diagnostic::setup(format!("no answers can be given from `{path}`: {refused}")).help(help))
        })?;
        match keeper.remember(&accepted) {
            Err(error) if signed || options.state.is_some() => return Err(one(state_fault(&error))),
            Err(error) => tracing::warn!(reason = %error, "the highest version is not remembered"),
            Ok(()) => {}
        }
        let held = keeper.hold(accepted);
        Ok((keeper, held))
    }

    /// Looks whether there is another manifest, and puts it in force.
    pub(super) fn look(&mut self, held: &ArcSwap<Held>, objects: &Objects) {
        let found = match fs::metadata_followed(&self.intake.path) {
            Ok(found) => found,
            Err(error) => return self.refuse(&error.into()),
        };
        // Not "newer": a file may be put back that is older, and times say nothing of builds.
        let same = found == self.seen;
        let waits = self.refused.as_ref().is_none_or(|refusal| refusal.at.elapsed() < AGAIN);
        if same && waits {
            return;
        }
        if !same {
            self.refused = None;
        }
        self.seen = found;
        self.read(held, objects);
    }

    /// Reads the manifest whether it has changed or not, and key files too.
    pub(super) fn reload(&mut self, held: &ArcSwap<Held>, objects: &Objects) {
        match self.keyring.read_again() {
            Ok(()) => self.renew(held),
            Err(error) => tracing::error!(reason = %error, "keys not read again; the old ones stay"),
        }
        match fs::metadata_followed(&self.intake.path) {
            Ok(found) => self.seen = found,
            Err(error) => return self.refuse(&error.into()),
        }
        self.read(held, objects);
    }

    /// Takes what the URL of keys gave.
    pub(super) fn take_keys(&mut self, held: &ArcSwap<Held>, fetched: Result<Fetched, KeyringError>) {
        match fetched.and_then(|fetched| self.keyring.take(fetched)) {
            Ok(true) => {
                tracing::info!(keys = self.keyring.all().iter().count(), "keys taken");
                self.renew(held);
            }
            Ok(false) => {}
            Err(error) => tracing::error!(reason = %error, "keys not fetched; the old ones stay"),
        }
    }

    /// Takes the keys of the account service of this process.
    pub(super) fn take_own_keys(&mut self, held: &ArcSwap<Held>, jwks: &[u8]) {
        match self.keyring.take_own(jwks) {
            Ok(true) => {
                tracing::info!(keys = self.keyring.all().iter().count(), "keys taken");
                self.renew(held);
            }
            Ok(false) => {}
            Err(error) => tracing::error!(reason = %error, "keys not taken; the old ones stay"),
        }
    }

    /// The URL of keys, if there is one.
    pub(super) fn url(&self) -> Option<&str> {
        self.keyring.url()
    }

    /// Told when a token names a key that is not there.
    pub(super) fn unknown_key(&self) -> Arc<Notify> {
        Arc::clone(&self.unknown_key)
    }

    /// What became of the manifests, for whoever asks while one is being read.
    pub(super) fn counts(&self) -> Arc<Mutex<Counts>> {
        Arc::clone(&self.counts)
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn read(&mut self, held: &ArcSwap<Held>, objects: &Objects) {
        let accepted = match self.intake.read(objects, &self.highest, (self.clock)()) {
            Ok(accepted) => accepted,
            Err(refused) => return self.refuse(&refused),
        };
        self.refused = None;
        self.count(|counts| counts.reason = None);
        let current = held.load();
        if current.payload == accepted.payload {
            return;
        }
        match self.remember(&accepted) {
            Err(error) if self.intake.public_key.is_some() => {
                return self.refuse(&Refused::Incomplete(error.to_string()));
            }
            Err(error) => tracing::warn!(reason = %error, "the highest version is not remembered"),
            Ok(()) => {}
        }
        let new = self.hold(accepted);
        held.store(Arc::new(new));
    }

    fn remember(&mut self, accepted: &Accepted) -> Result<(), StateError> {
        self.highest.raise(accepted.manifest.version, &accepted.payload)
    }

    fn hold(&mut self, accepted: Accepted) -> Held {
        let Accepted { manifest, payload } = accepted;
        self.count(|counts| counts.taken += 1);
        tracing::info!(
            build = manifest.build,
            version = manifest.version,
            routes = manifest.routes.len(),
            objects = manifest.objects.len(),
            "manifest held"
        );
        if manifest.token.is_some() && self.keyring.all().iter().next().is_none() && self.keyring.url().is_none() {
            tracing::warn!("there are no keys: every reader is a visitor");
        }
        Held { manifest: Arc::new(manifest), payload, since: self.now(), readers: self.readers() }
    }

    /// The manifest in force with readers that are known by the keys of now.
    fn renew(&self, held: &ArcSwap<Held>) {
        let Held { manifest, payload, since, readers: _ } = &**held.load();
        let (manifest, payload, since) = (Arc::clone(manifest), *payload, *since);
        held.store(Arc::new(Held { manifest, payload, since, readers: self.readers() }));
    }

    fn readers(&self) -> Readers {
        Readers::new(self.keyring.all(), Arc::clone(&self.unknown_key))
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Notes that there is a manifest that is not answered from; says so once.
    fn refuse(&mut self, refused: &Refused) {
        let reason = refused.to_string();
        if self.refused.as_ref().is_none_or(|refusal| refusal.reason != reason) {
            tracing::error!(reason, "manifest refused; the old one stays");
            self.count(|counts| counts.refused += 1);
        }
        self.count(|counts| counts.reason = Some(reason.clone()));
        self.refused = Some(Refusal { reason, at: Instant::now() });
    }
}

const KEY_HELP: &str = "`tierpress keygen` makes a pair of keys; edges need the JWKS or the PEM of the public one";

fn state_fault(error: &StateError) -> Diagnostic {
    Diagnostic::setup(error.to_string())
        .help("the highest version of the manifest is remembered there: give a folder of your own with `--state`")
}

fn read_public_key(path: &std::path::Path) -> Result<VerifyingKey, Box<Diagnostic>> {
    let bytes = fs::read(path).map_err(|error| Diagnostic::setup(error.to_string()))?;
    let failed = |error| Diagnostic::setup(format!("`{}`: {error}", path.display()));
    Ok(VerifyingKey::read(&bytes).map_err(|error| {
        failed(error).help("`tierpress keygen --purpose manifest` writes it beside the private key")
    })?)
}
