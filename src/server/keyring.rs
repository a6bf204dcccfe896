//! Where the keys of tokens come from: files, and a JWKS at a URL.
//!
//! A URL is asked seldom, with limits on size and time, and when it does not answer the keys that it gave before stay.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::KeysFrom;
use crate::digest::{self, Digest};
use crate::edge::token::{KeySource, Keys, KeysError};
use crate::fs;

/// How long a JWKS may take, and how long it may be.
const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST: u64 = 256 * 1024;
/// How many redirects are followed.
const REDIRECTS: u32 = 3;

/// All keys in force, by where they came from.
#[derive(Debug)]
pub(super) struct Keyring {
    from: Vec<KeysFrom>,
    files: Keys,
    url: Option<Fetched>,
    own: Option<Fetched>,
    all: Arc<Keys>,
}

/// What a URL gave.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    keys: Keys,
    document: Digest,
}

/// Why there are no keys, or no new ones.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyringError {
    #[error(transparent)]
    Disk(#[from] fs::Error),
    #[error("`{}`: {error}", path.display())]
    File { path: PathBuf, error: KeysError },
    #[error("the keys at `{url}`: {reason}")]
    Url { url: String, reason: String },
    #[error("the keys of the account service: {0}")]
    Own(KeysError),
    #[error("the keys of all sources together: {0}")]
    Together(KeysError),
}

impl Keyring {
    /// Reads the files; a URL is asked by [`fetch`].
    pub(super) fn read(from: Vec<KeysFrom>) -> Result<Self, KeyringError> {
        let files = read_files(&from)?;
        let all = Arc::new(files.clone());
        Ok(Self { from, files, url: None, own: None, all })
    }

    /// The keys in force.
    pub(super) fn all(&self) -> Arc<Keys> {
        Arc::clone(&self.all)
    }

    /// The URL that keys come from, if they do.
    pub(super) fn url(&self) -> Option<&str> {
        self.from.iter().find_map(|from| match from {
            KeysFrom::Url(url) => Some(url.as_str()),
            KeysFrom::File { .. } => None,
        })
    }

    /// Reads the files again. Whether there are other keys now cannot be told: there are.
    pub(super) fn read_again(&mut self) -> Result<(), KeyringError> {
        let files = read_files(&self.from)?;
        self.all = Arc::new(together(&files, [self.url.as_ref(), self.own.as_ref()])?);
        self.files = files;
        Ok(())
    }

    /// Takes what a URL gave, and says whether that is anything new.
    pub(super) fn take(&mut self, fetched: Fetched) -> Result<bool, KeyringError> {
        if self.url.as_ref().is_some_and(|known| known.document == fetched.document) {
            return Ok(false);
        }
        self.all = Arc::new(together(&self.files, [Some(&fetched), self.own.as_ref()])?);
        self.url = Some(fetched);
        Ok(true)
    }

    /// Takes the keys of the account service of this process, and says whether they are others than before.
    pub(super) fn take_own(&mut self, jwks: &[u8]) -> Result<bool, KeyringError> {
        let document = digest::sha256(jwks);
        if self.own.as_ref().is_some_and(|known| known.document == document) {
            return Ok(false);
        }
        let keys = Keys::read(None, jwks, KeySource::Url).map_err(KeyringError::Own)?;
        let own = Fetched { keys, document };
        self.all = Arc::new(together(&self.files, [self.url.as_ref(), Some(&own)])?);
        self.own = Some(own);
        Ok(true)
    }
}

fn together(files: &Keys, others: [Option<&Fetched>; 2]) -> Result<Keys, KeyringError> {
    others
        .into_iter()
        .flatten()
        .try_fold(files.clone(), |all, fetched| all.and(fetched.keys.clone()).map_err(KeyringError::Together))
}

fn read_files(from: &[KeysFrom]) -> Result<Keys, KeyringError> {
    let mut all = Keys::default();
    for from in from {
        let KeysFrom::File { kid, path } = from else { continue };
        let bytes = fs::read(path)?;
        let failed = |error| KeyringError::File { path: path.clone(), error };
        let keys = Keys::read(kid.as_deref(), &bytes, KeySource::File).map_err(failed)?;
        say_left_out(&keys, &path.display().to_string());
        all = all.and(keys).map_err(failed)?;
    }
    Ok(all)
}

/// Asks a URL for its keys. This waits for the network.
pub(super) fn fetch(url: &str) -> Result<Fetched, KeyringError> {
    let failed = |reason: String| KeyringError::Url { url: without_query(url), reason };
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(TIMEOUT))
        .max_redirects(REDIRECTS)
        .https_only(url.starts_with("https://"))
        .proxy(None);
    let agent = ureq::Agent::new_with_config(config.build());
    let mut response = agent.get(url).call().map_err(|error| failed(error.to_string()))?;
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    let bytes = body.map_err(|error| failed(error.to_string()))?;
    let keys = Keys::read(None, &bytes, KeySource::Url).map_err(|error| failed(error.to_string()))?;
    say_left_out(&keys, &without_query(url));
    Ok(Fetched { keys, document: digest::sha256(&bytes) })
}

/// A URL for the log.
fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn say_left_out(keys: &Keys, source: &str) {
    for reason in keys.left_out() {
        tracing::warn!(source, reason, "key left out");
    }
}
