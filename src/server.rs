//! The edge as a server: it serves a build by itself, or decides for the proxies that people already run.
//!
//! Every answer is [`crate::edge::decide`] said by [`crate::edge::answer`]; what this module adds is sockets, files, keys
//! and the watch over the manifest. It refuses to open a file by anything that came in a request: objects are opened by
//! the names in the manifest. It never prints and never reads a clock; both are arguments of its caller.

mod asked;
mod connections;
mod faces;
mod held;
mod objects;
mod pages;
mod reply;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::time::Timestamp;

/// The clock a server lives by.
pub type Clock = fn() -> Timestamp;

/// What the public listener does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Serves the site.
    Serve,
    /// Answers other servers, which serve it.
    Decide,
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The manifest, or its signed envelope.
    pub manifest: PathBuf,
    /// The folder of the objects; beside the manifest where none is given.
    pub objects: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What to do there.
    pub mode: Mode,
    /// In decide mode: the header that holds the original target.
    pub target_header: String,
    /// In decide mode: the header that holds the original method.
    pub method_header: String,
    /// In decide mode: what stands before an object's name in `X-Accel-Redirect`.
    pub accel_prefix: String,
    /// The `Content-Security-Policy`, if one is sent.
    pub csp: Option<String>,
    /// How many threads answer.
    pub threads: usize,
    /// How many bytes of objects are held in memory.
    pub memory: u64,
    /// How many connections are open at once.
    pub max_connections: usize,
    /// The clock.
    pub clock: Clock,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// A [`Diagnostic`] for whatever of the set-up does not work: the manifest, the objects, the address.
pub fn run(options: Options) -> Result<(), Box<Diagnostic>> {
    let worker = Arc::new(connections::Worker::new(options)?);
    connections::run(&worker)
}
