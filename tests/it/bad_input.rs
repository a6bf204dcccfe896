//! Bad input, each kind with its whole message: a site in, what is said of it out, with the exit code.
//!
//! Every case is a real build of a real folder. `UPDATE_EXPECT=1 cargo test --test it bad_input` writes the messages
//! anew; read each of them as somebody would who met the tool today.

mod call;
mod code;
mod files;
mod gates;
mod links;
mod markers;
mod pages;
mod places;
mod setup;
mod templates;

use expect_test::Expect;

use crate::fixture::Fixture;

/// What is said of one site.
#[track_caller]
fn check(site: &str, expected: &Expect) {
    expected.assert_eq(&Fixture::new(site).said());
}

/// What is said of each of several sites, each under its own text.
#[track_caller]
fn check_each<'a>(sites: impl IntoIterator<Item = &'a str>, wrap: impl Fn(&str) -> String, expected: &Expect) {
    let mut said = String::new();
    for site in sites {
        said.push_str(&format!("=== {}\n{}", site.escape_debug(), Fixture::new(&wrap(site)).said()));
    }
    expected.assert_eq(&said);
}

/// What is said of each of several front matters of one page.
#[track_caller]
fn check_keys<const N: usize>(keys: [&str; N], expected: &Expect) {
    check_each(keys, |keys| format!("---\n{keys}\n---\ntext\n"), expected);
}

/// What is said of each of several texts of one page that is open to everybody.
#[track_caller]
fn check_bodies<const N: usize>(bodies: [&str; N], expected: &Expect) {
    check_each(bodies, |body| format!("---\ntitle: A\n---\n{body}"), expected);
}
