//! Products: what of them is refused, what a paywall says of them, and where nothing of them may be.

mod looks;
mod paywall;
mod said;
mod sums;
mod themes;

use tierpress::build::{self, Request};
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::review::lints;
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;
use crate::fixture::Fixture;

/// All that `check` says of a site.
fn look(site: &str) -> Vec<Diagnostic> {
    let fixture = Fixture::new(site);
    let root = fixture.root();
    let now = Timestamp::try_from(NOW_SECONDS).unwrap();
    match build::check(&Request { root: &root, now, created: now, ..Request::default() }) {
        Ok((plan, mut found)) => {
            found.extend(lints::find(&plan, &root));
            let mut found = lints::without(found, &plan.site().config.allowed);
            diagnostic::sort(&mut found);
            found
        }
        Err(faults) => faults,
    }
}

/// A page of a built site as a visitor sees it.
fn page(fixture: &Fixture, path: &str) -> String {
    std::fs::read_to_string(fixture.out().join("public").join(path).join("index.html")).unwrap()
}

/// The part of a page from one text to another, both included.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap_or_else(|| panic!("`{from}` is not in\n{page}"));
    let end = start + page[start..].find(to).unwrap() + to.len();
    &page[start..end]
}
