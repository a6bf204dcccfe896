//! Who may see what: the catalogue of tiers and bundles, the tags writers type, and the rules they become.
//!
//! Everything here is pure. It knows ids and instants; it refuses to know files, pages or requests, so that one small
//! piece of code can be read, tested and trusted on its own.

pub mod catalogue;
pub mod chains;
pub mod entitlement;
pub mod gated;
mod implication;
pub mod reach;
pub mod rule;
pub mod tags;
