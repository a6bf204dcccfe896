//! The edge as a server: it serves a build by itself, or decides for the proxies that people already run.
//!
//! Every answer is [`crate::edge::decide`] said by [`crate::edge::answer`]; what this module adds is sockets, files, keys
//! and the watch over the manifest. It refuses to open a file by anything that came in a request: objects are opened by
//! the names in the manifest. It never prints and never reads a clock: the log goes to whoever listens to `tracing`, and the
//! clock is an argument.

pub mod account;
mod asked;
pub(crate) mod connections;
mod faces;
mod health;
mod held;
mod highest;
mod intake;
mod keeper;
mod keyring;
mod objects;
mod pages;
mod readers;
pub(crate) mod reply;
mod seldom;
pub(crate) mod select;
mod session;
mod upstream;
pub(crate) mod watch;
mod wire;
mod worker;

pub(crate) use worker::Arrived;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderName;

use crate::diagnostic::Diagnostic;
use crate::time::Timestamp;

/// The clock that a server lives by.
pub type Clock = fn() -> Timestamp;

/// What the public listener does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Serves the site.
    Serve,
    /// Answers other servers, which serve it.
    Decide,
}

/// Where keys of tokens come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeysFrom {
    /// A file with a JWKS, a JWK or a PEM public key.
    File {
        /// The name of the key, where the file gives none.
        kid: Option<String>,
        /// The file.
        path: PathBuf,
    },
    /// A JWKS that is fetched again and again.
    Url(String),
}

/// Where a server listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Listen {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system, an absolute path: for a server on the same machine that asks.
    Unix(PathBuf),
}

/// `127.0.0.1:9001`, `[::1]:9001`, `unix:/run/tierpress/edge.sock`.
impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') && !path.ends_with('/') => Ok(Self::Unix(path.into())),
            Some(_) => Err("write the whole path of a file behind `unix:`".to_owned()),
            None => {
                let help = "write an IP address and a port such as 127.0.0.1:8080, or unix:/PATH";
                text.parse().map(Self::Tcp).map_err(|_| help.to_owned())
            }
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The manifest, or its signed envelope.
    pub manifest: PathBuf,
    /// The folder of the objects; `objects` beside the manifest where none is given.
    pub objects: Option<PathBuf>,
    /// Where the highest version is remembered; `edge-state` beside the manifest where none is given.
    pub state: Option<PathBuf>,
    /// The Ed25519 key of the manifest: with it, only envelopes signed with it are read.
    pub public_key: Option<PathBuf>,
    /// The keys of tokens.
    pub keys: Vec<KeysFrom>,
    /// How long a URL of keys is left alone after it was asked.
    pub keys_rest: Duration,
    /// Where to listen.
    pub listen: Listen,
    /// Where to say how the server does.
    pub health: Option<SocketAddr>,
    /// What to do.
    pub mode: Mode,
    /// When serving: the server for the paths that are not decided here, `http://HOST:PORT`.
    pub upstream: Option<String>,
    /// When deciding: the header that holds the original target.
    pub target_header: HeaderName,
    /// When deciding: the header that holds the original method.
    pub method_header: HeaderName,
    /// When deciding: what stands before an object's name in `X-Accel-Redirect`.
    pub accel_prefix: String,
    /// The `Content-Security-Policy`, if one is sent.
    pub csp: Option<String>,
    /// How many threads answer.
    pub threads: usize,
    /// How many bytes of objects are held in memory.
    pub memory: u64,
    /// How many connections are open at once.
    pub max_connections: usize,
    /// Whether every request is logged.
    pub access_log: bool,
    /// The service that answers below `/account/`, if this process has one.
    pub account: Option<Arc<account::Account>>,
    /// The clock.
    pub clock: Clock,
}

/// Serves until the process is told to stop (SIGTERM, SIGINT).
///
/// # Errors
/// [`Diagnostic`]s for whatever of the set-up does not work: the manifest, its objects, keys, the state, the addresses.
pub fn run(options: Options) -> Result<(), Vec<Diagnostic>> {
    let worker = Arc::new(worker::Worker::new(options)?);
    watch::run(&worker)
}
