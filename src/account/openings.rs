//! What opens next for a member: pages that an edge would say `not_yet` of.

use std::collections::BTreeMap;

use super::visit::Visit;
use crate::access::entitlement::Reader;
use crate::edge::{self, Reason};
use crate::ledger::Held;
use crate::manifest::Manifest;
use crate::path;
use crate::render::account::Opening;
use crate::time::Timestamp;

/// How many are shown.
const MOST: usize = 5;

/// The pages that open soonest.
pub(super) fn of(visit: &Visit<'_>, held: &Held, manifest: &Manifest) -> Vec<Opening> {
    let frame = &visit.service.parts.frame;
    let max = manifest.token.as_ref().map_or(usize::MAX, |token| token.max_entitlements as usize);
    let reader = Reader::Member(held.member.entitlements(&visit.service.rules(), max));
    // Pages of one policy open together.
    let mut policies: BTreeMap<usize, Option<Timestamp>> = BTreeMap::new();
    let mut found: Vec<(Timestamp, &str)> = Vec::new();
    for (path, route) in manifest.routes.iter().filter(|(path, _)| path.ends_with('/')) {
        let at = policies.entry(route.policy).or_insert_with(|| opens(manifest, path, (&reader, visit.now())));
        found.extend(at.map(|at| (at, path.as_str())));
    }
    found.sort_unstable();
    let opening = |(at, url): (Timestamp, &str)| Opening {
        title: frame.titles.get(url).filter(|title| !title.is_empty()).map_or(url, String::as_str).to_owned(),
        url: path::encode(url),
        at: frame.theme.strings().from(at, &frame.config.zone),
    };
    found.into_iter().take(MOST).map(opening).collect()
}

fn opens(manifest: &Manifest, path: &str, (reader, now): (&Reader, Timestamp)) -> Option<Timestamp> {
    let target = path::encode(path);
    let request = edge::Request { method: "GET", target: target.as_bytes(), reader, now, html_navigation: true };
    let decision = edge::decide(manifest, &request);
    decision.available_at.filter(|_| decision.reason == Some(Reason::NotYet))
}
