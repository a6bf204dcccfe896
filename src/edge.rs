//! The edge.
pub mod canonical;
