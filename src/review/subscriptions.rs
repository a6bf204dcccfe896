//! Subscriptions that go on when nothing new comes any more: a course that drips has a last lesson.
//!
//! It is said by `build` and by `check`, for it is about money. Where anything could still come (a page with a date, a
//! release, a draft, pages that do not drip), nothing is said.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::access::gated::RuleId;
use crate::config::product::{Billing, Product};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::lint::Lint;
use crate::id::Id;
use crate::plan::{Plan, SectionId};
use crate::review::places::Places;
use crate::review::readers::Kind;
use crate::site::{Page, PageKind};
use crate::time::period::Period;
use crate::time::{Length, Timestamp};

/// Looks every open subscription over; the site lies in `root`.
#[must_use]
pub fn check(plan: &Plan, root: &Path) -> Vec<Diagnostic> {
    let site = plan.site();
    let unfinished = !site.skipped.drafts.is_empty() || !site.skipped.later.is_empty();
    let is_open = |product: &&Product| matches!(product.billing, Billing::Subscription { .. });
    let products: Vec<&Product> = site.config.products.iter().filter(is_open).collect();
    if unfinished || products.is_empty() {
        return Vec::new();
    }
    let places = Places::new(root);
    products.into_iter().filter_map(|product| one(plan, product, &places)).collect()
}

fn one(plan: &Plan, product: &Product, places: &Places<'_>) -> Option<Diagnostic> {
    let Billing::Subscription { every } = product.billing else { return None };
    let last = last_lesson(plan, &product.sells)?;
    let Product { id, sells, .. } = product;
    let message =
        format!("`{id}` is paid until it is cancelled, but nothing new opens in `{sells}` after {}", days(last));
    let help = format!(
        "sell a course as a payment plan: `billing: {{every: {every}, payments: {}}}`; pages that keep coming have a `date`",
        payments(every, last)
    );
    let starts = |line: &str| {
        let rest = line.split("id:").nth(1).map(|rest| rest.trim_start().trim_start_matches(['"', '\'']));
        let rest = rest.and_then(|rest| rest.strip_prefix(id.as_str()));
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-'))
    };
    let place = places.line(&Arc::from("site.yaml"), starts);
    Some(Diagnostic::warning(message).at(place).help(help).named(Lint::EndlessPayment))
}

/// How long after the start of a grant the last page opens that it alone opens; none where more may come, or nothing drips.
fn last_lesson(plan: &Plan, sold: &Id) -> Option<Length> {
    let catalogue = &plan.site().config.catalogue;
    let default = catalogue.default_tier().filter(|_| catalogue.bundle(sold).is_some());
    let buyer = Kind { name: sold.to_string(), ids: std::iter::once(sold).chain(default).cloned().collect() };
    let free: Vec<Kind> = catalogue
        .ids()
        .filter(|id| *id != sold && catalogue.is_free(id))
        .map(|id| Kind { name: id.to_string(), ids: vec![id.clone()] })
        .collect();
    let wait = |rule: RuleId| {
        let rule = plan.book().rule(rule);
        let bought = !rule.same_for_all() && free.iter().all(|kind| kind.wait(rule).is_none());
        buyer.wait(rule).filter(|_| bought)
    };
    let mut longest: BTreeMap<SectionId, Length> = BTreeMap::new();
    for page in &plan.site().pages {
        // Early access is bought, though everybody has it later.
        if has_window(page) && buyer.wait(plan.book().rule(page.access.rule)).is_some() {
            return None;
        }
        let Some(length) = wait(page.access.rule) else {
            // A part of a page that others read too may be on any subject, on any day.
            if page.body.blocks.iter().any(|block| wait(block.rule).is_some()) {
                return None;
            }
            continue;
        };
        if is_dated(page) {
            return None;
        }
        if page.kind == PageKind::Page {
            let longest = longest.entry(page.section).or_default();
            *longest = length.max(*longest);
        }
    }
    // A section that does not drip is a library: it may grow.
    let all_drip = longest.values().all(|length| *length > Length::ZERO);
    longest.values().max().copied().filter(|_| all_drip)
}

fn has_window(page: &Page) -> bool {
    page.access.tags.iter().any(|tag| tag.since_joining || tag.from.is_some() || tag.until.is_some())
}

fn is_dated(page: &Page) -> bool {
    page.open.date.is_some() || page.keys.release.is_some() || page.keys.dated.is_some()
}

/// How many payments it takes until the last lesson is open.
fn payments(every: Period, last: Length) -> u32 {
    let due = |payment: u32| every.after(Timestamp::MIN, payment, &TimeZone::UTC).seconds();
    (2..520).find(|payment| due(*payment) >= last.seconds()).unwrap_or(520)
}

fn days(length: Length) -> String {
    match length.seconds().div_euclid(86_400) {
        0 => format!("{} hours", length.seconds() / 3_600),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
