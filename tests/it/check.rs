//! `tierpress check`: what it finds beyond what a build refuses, how it says it, and what it asks other sites.

mod agree;
mod external;
mod formats;
mod lints;
mod mistakes;

use std::process::{Command, Output, Stdio};

use tierpress::build::{self, Request};
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::plan::Plan;
use tierpress::review::lints as review;
use tierpress::time::Timestamp;

use crate::built::{NOW, NOW_SECONDS};
use crate::fixture::Fixture;

/// A school in which everything that is not free is for sale.
const SHOP: &str = "\
title: School
base_url: https://school.example
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic, price: €9 a month}
    - {id: pro, title: Pro, price: €19 a month}
  bundles:
    - {id: rust-course, title: Rust from zero, price: €199}
    - {id: cheatsheets, title: Cheat sheets, price: €5}
  default_tier: free
";

/// A site whose `site.yaml`, where it writes none, is that of the shop.
fn shop(site: &str) -> Fixture {
    Fixture::new(&format!("//- site.yaml\n{SHOP}{site}"))
}

/// The plan of a site, with all that is said of it.
fn look(fixture: &Fixture) -> (Option<Plan>, Vec<Diagnostic>) {
    let root = fixture.root();
    let now = Timestamp::try_from(NOW_SECONDS).unwrap();
    match build::check(&Request { root: &root, now, created: now, ..Request::default() }) {
        Ok((plan, mut found)) => {
            found.extend(review::find(&plan, &root));
            diagnostic::sort(&mut found);
            (Some(plan), found)
        }
        Err(faults) => (None, faults),
    }
}

/// Each finding with its id in front.
fn said(found: &[Diagnostic]) -> String {
    found.iter().map(|finding| format!("[{}] {finding}\n", finding.lint())).collect()
}

/// Runs `tierpress check` on a site.
fn run(fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(fixture.root()).args(["check", "--now", NOW]).args(arguments).stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// What a run said on standard output.
fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
