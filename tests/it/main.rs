//! What Tierpress does as a whole, seen from outside: one test program, a module for each subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says so by a panic"
)]

mod access;
mod decide;
mod publish;
mod theme;
