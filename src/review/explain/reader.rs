//! What one reader gets, and what would open it.

use super::{ForReader, page_of};
use crate::access::entitlement::{Entitlement, Reader};
use crate::edge;
use crate::id::Id;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::review::target::{Part, Target, What};
use crate::review::words;
use crate::time::Timestamp;

/// What a reader gets of it at an instant, as an edge would answer; `manifest` is that of the same plan.
#[must_use]
pub fn for_reader(plan: &Plan, manifest: &Manifest, target: &Target, reader: (&Reader, Timestamp)) -> ForReader {
    let (reader, now) = reader;
    let url = url(plan, target);
    let decided = |reader: &Reader| {
        let encoded = edge::canonical::encode(&url);
        let request = edge::Request { method: "GET", target: encoded.as_bytes(), reader, now, html_navigation: false };
        edge::decide(manifest, &request)
    };
    let decision = decided(reader);
    let block = page_of(plan, target).zip(target.part).and_then(|(page, part)| match part {
        Part::Block(number) => page.body.blocks.get(number.checked_sub(1)?).map(|block| block.rule),
        Part::Line(_) => None,
    });
    let window = now.max(plan.site().clock);
    let reads =
        |reader: &Reader| block.map(|rule| plan.book().rule(rule).holds_with(reader.entitlements(), now, window));
    let is_open = |reader: &Reader| reads(reader).unwrap_or(decided(reader).outcome == edge::Outcome::Open);
    let opens_with = if is_open(reader) { Vec::new() } else { opens_with(plan, reader, &is_open) };
    ForReader {
        at: now,
        status: decision.status,
        outcome: words::outcome_name(decision.outcome).to_owned(),
        words: words::outcome(decision.outcome, decision.reason),
        reason: decision.reason.map(|reason| reason.as_str().to_owned()),
        available_at: decision.available_at,
        location: decision.location,
        block_open: reads(reader),
        opens_with,
    }
}

/// What would open it on top of what the reader holds: tiers and bundles, else pairs of them.
fn opens_with(plan: &Plan, reader: &Reader, is_open: &dyn Fn(&Reader) -> bool) -> Vec<String> {
    let catalogue = &plan.site().config.catalogue;
    let grant = |id: &Id| Entitlement::new(id.clone(), Timestamp::MIN);
    let with = |ids: &[&Id]| {
        let mut held = reader.entitlements().to_vec();
        held.extend(ids.iter().map(|id| grant(id)));
        let has_tier = held.iter().any(|held| catalogue.tier(&held.value).is_some());
        held.extend(catalogue.default_tier().filter(|_| !has_tier).map(grant));
        is_open(&Reader::Member(held))
    };
    // What the reader holds does not open it by being held once more: it opens in time, which is said.
    let has = |id: &Id| reader.entitlements().iter().any(|held| held.value == *id && held.until.is_none());
    let ids: Vec<&Id> = catalogue.ids().filter(|id| !has(id)).collect();
    let alone: Vec<String> = ids.iter().filter(|id| with(&[id])).map(ToString::to_string).collect();
    if !alone.is_empty() {
        return alone;
    }
    let pairs = ids.iter().enumerate().flat_map(|(at, a)| ids.iter().skip(at + 1).map(move |b| (*a, *b)));
    pairs.filter(|(a, b)| with(&[a, b])).map(|(a, b)| format!("{a}+{b}")).collect()
}

fn url(plan: &Plan, target: &Target) -> String {
    let site = plan.site();
    let found = match &target.what {
        What::Output(number) => plan.outputs.get(*number).and_then(|output| output.url.clone()),
        What::NotFound(_) => None,
        What::File(number) => site.files.get(*number).map(|file| file.url.clone()),
        What::Static(number) => site.statics.get(*number).map(|file| file.url.clone()),
        What::Moved(from, _) => Some(from.clone()),
        What::Unpublished(number) => site.skipped.pages.get(*number).map(|page| page.url.clone()),
    };
    found.unwrap_or_else(|| "/404".to_owned())
}
