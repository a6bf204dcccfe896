//! Plans.
pub mod gates;
pub mod view;
