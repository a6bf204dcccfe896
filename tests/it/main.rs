//! What Tierpress does as a whole, seen from outside: one test program, a module for each subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says so by a panic"
)]
#![allow(clippy::disallowed_methods, reason = "tests make and read files of their own")]
#![allow(clippy::too_many_lines, reason = "tables of cases are long")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one variant")]
#![allow(clippy::print_stdout, reason = "what a test counted is shown by `--show-output`")]

mod access;
mod account;
mod bad_input;
mod built;
mod check;
mod chromium;
mod config;
mod conformance;
mod corpora;
mod corpora_reading;
mod counted;
mod decide;
mod edges;
mod encoded;
mod envelope;
mod exact;
mod explain;
mod export;
mod fixture;
mod front_matter;
mod fuzz;
mod generated;
mod guides;
mod leaks;
mod ledger;
mod list;
mod members;
mod new;
mod policy;
mod products;
mod provider;
mod publish;
mod review;
mod same_bytes;
mod serve;
mod server;
mod sources;
mod survive;
mod theme;
mod tidy;
mod token;
mod tour;
mod truth;
mod webhooks;
mod worker;
