//! `tierpress edge` as it runs: the program itself, on loopback, asked over sockets.
//!
//! What it decides is checked elsewhere, case by case; here is all that a server adds to a decision.

mod abuse;
mod faces;
pub(crate) mod http;
mod keys;
mod logs;
mod manifests;
mod serving;
mod sessions;
mod setup;
mod stage;
mod swaps;
mod targets;
mod upstream;

pub(crate) use stage::until;
