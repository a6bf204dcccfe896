//! Renders.
pub mod context;
pub mod theme;
