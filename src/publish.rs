//! Publishes.
pub mod objects;
pub mod state;
pub mod trees;
