//! What plays the conformance cases: sites made ready for the real clock, tokens, raw requests, and a judge.
//!
//! Shared by the test program and by `examples/conformance.rs`. It knows edges by their address alone; how real ones are
//! started is the business of `tests/it/edges.rs`.

pub(crate) mod cases;
pub(crate) mod echo;
pub(crate) mod http;
pub(crate) mod judge;
pub(crate) mod play;
pub(crate) mod shift;
pub(crate) mod stage;
pub(crate) mod tokens;

/// What an edge claims of itself; all else is expected of it exactly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// As in the table of the documentation: `nginx`, `caddy`, `own-serve`.
    pub(crate) name: &'static str,
    /// Of `ES256 RS256 EdDSA HS256`. Cases with others are left out and counted.
    pub(crate) algorithms: &'static [&'static str],
    /// Which `or` of a case may stand in for the exact answer; see `tests/conformance/README.md`.
    pub(crate) traits: &'static [&'static str],
    /// Whether `POST /_tierpress/session` is answered.
    pub(crate) sessions: bool,
}
