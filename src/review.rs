//! Reads what the others made and says what it means: who can open what, when, why, and what a change does. Changes nothing.

mod dates;
pub mod diff;
pub mod explain;
pub mod list;
pub mod matrix;
pub mod openings;
pub mod target;
pub mod words;
