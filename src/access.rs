//! Access.
pub mod catalogue;
pub mod chains;
pub mod entitlement;
pub mod gated;
pub mod reach;
pub mod rule;
pub mod tags;
