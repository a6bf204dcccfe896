//! What a build opened to whom, compared with the manifest it replaces.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::access::entitlement::Reader;
use crate::build::contract;
use crate::manifest::{Manifest, Policy};
use crate::site::Site;
use crate::time::Timestamp;

/// A path that somebody may open now who could not before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// The path.
    pub path: String,
    /// To whom: `visitors`, `members of free`, `holders of rust-course`.
    pub readers: Vec<String>,
}

/// Everything that stood in the manifest before and is open to more readers now. Time alone opens nothing here: both are
/// asked at the new clock.
#[must_use]
pub(super) fn opened(site: &Site, before: &Manifest, after: &Manifest) -> Vec<Opened> {
    let readers: Vec<(String, Reader)> = contract::readers(site)
        .into_iter()
        .map(|(folder, reader)| {
            let name = match folder.split_once('/') {
                Some(("tiers", id)) => format!("members of {id}"),
                Some((_, id)) => format!("holders of {id}"),
                None => "visitors".to_owned(),
            };
            (name, reader)
        })
        .collect();
    let mut known: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, route) in after.routes.iter().filter(|(path, _)| !path.starts_with("/_tierpress/")) {
        let Some(old) = before.routes.get(path) else { continue };
        let to = known.entry((old.policy, route.policy)).or_insert_with(|| {
            let open = |manifest: &Manifest, policy: usize, reader: &Reader| {
                manifest.policies.get(policy).is_some_and(|policy| is_open(manifest, policy, reader, after.clock))
            };
            let newly = readers
                .iter()
                .filter(|(_, reader)| !open(before, old.policy, reader) && open(after, route.policy, reader));
            newly.map(|(name, _)| name.clone()).collect()
        });
        if !to.is_empty() {
            found.push(Opened { path: path.clone(), readers: to.clone() });
        }
    }
    found
}

fn is_open(manifest: &Manifest, policy: &Policy, reader: &Reader, now: Timestamp) -> bool {
    let open = policy.variants.iter().take(policy.open);
    open.filter_map(|rule| manifest.rules.get(*rule)).any(|rule| rule.holds(reader, now))
}
