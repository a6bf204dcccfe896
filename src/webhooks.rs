//! Webhooks: what changes for members, told to other programs (Standard Webhooks 1.0.0).
//!
//! The ledger's outbox says what is told, and whom; here are the endpoints with their addresses and secrets, the form of what
//! is sent, its signature, and the deliverer that sends it until it has arrived. Each endpoint has a deliverer of its own: one
//! that is slow or dead keeps none of the others waiting. It refuses to follow redirects, to read more of an answer than its
//! status, and to send anything in the clear to another machine.

mod client;
mod delivery;
mod endpoints;
mod message;
mod signature;

pub use client::{Answer, Client};
pub use delivery::{Clock, Deliverer, Drained};
pub use endpoints::{Endpoint, read};
pub use message::{Data, Message, Ping, schema};
pub use signature::{Secret, SecretError};
