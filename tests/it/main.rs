//! All integration tests, in one binary.

mod access;
mod decide;
