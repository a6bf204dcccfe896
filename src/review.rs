//! Reads what the others made and changes nothing: who can open what, when, and why.

pub mod explain;
pub mod list;
pub mod openings;
pub mod target;
pub mod words;
