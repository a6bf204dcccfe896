//! Readers drawn at random ask for every path of a gated corpus, and are served what is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::{Outcome, Request, decide};
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;
use crate::generated::course::Random;
use crate::truth::{TIERS, Truth, Viewer, canaries};

/// How many readers ask, for each corpus and seed.
const READERS: usize = 200;

const DAY: i64 = 86_400;

/// Draws readers and judges what `decide` serves each of them over all paths.
pub(crate) fn check(truth: &Truth, out: &Path, seed: &str) {
    let manifest = Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).expect("the manifest is well formed");
    let objects = canaries_of_objects(out);
    let paths: Vec<&str> = manifest.routes.keys().chain(manifest.redirects.keys()).map(String::as_str).collect();
    let mut random = Random::new(&[seed.parse().unwrap()]);
    for _ in 0..READERS {
        let (viewer, reader) = draw(&mut random, truth);
        let shown = served(&manifest, &paths, &reader, &objects);
        let faults = truth.faults(&viewer, &shown.iter().map(String::as_str).collect());
        assert!(faults.is_empty(), "{reader:?} as {viewer:?}: {} faults\n{}", faults.len(), faults.join("\n"));
    }
}

/// Every canary that this reader is given, on any path: in what is served, in where they are sent, in addresses that they
/// find to exist.
fn served(
    manifest: &Manifest,
    paths: &[&str],
    reader: &Reader,
    objects: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let now = Timestamp::saturating(NOW_SECONDS);
    let mut given = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for path in paths {
        let target = encoded(path);
        let request = Request { method: "GET", target: target.as_bytes(), reader, now, html_navigation: false };
        let decision = decide(manifest, &request);
        assert!(!matches!(decision.outcome, Outcome::BadTarget | Outcome::BadMethod), "{target}: {decision:?}");
        if decision.outcome != Outcome::NotFound {
            shown.extend(canaries(path.as_bytes()));
        }
        shown.extend(decision.location.iter().flat_map(|location| canaries(location.as_bytes())));
        given.extend(decision.object);
    }
    for object in given {
        let found = objects.get(object).unwrap_or_else(|| panic!("no object {object}"));
        shown.extend(found.iter().cloned());
    }
    shown
}

/// What each object of the output holds, by its name.
fn canaries_of_objects(out: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let folder = out.join("objects");
    walkdir::WalkDir::new(&folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            (name, canaries(&fs::read(entry.path()).unwrap()))
        })
        .collect()
}

/// A reader as the truth knows them, and their token.
fn draw(random: &mut Random, truth: &Truth) -> (Viewer, Reader) {
    let tier = TIERS[random.below(TIERS.len())];
    let mut bundles = BTreeSet::new();
    for _ in 0..random.below(4).min(truth.bundles.len()) {
        bundles.insert(truth.bundles[random.below(truth.bundles.len())].clone());
    }
    // The days on which a drip opens, the days before them, and any other.
    let days = [0, 6, 7, 13, 14, 29, 30, random.below(60), random.below(1_000)];
    let days = i64::try_from(days[random.below(9)]).unwrap();
    let viewer = Viewer { tier, bundles, days };
    if viewer.tier == TIERS[0] && viewer.bundles.is_empty() && random.below(2) == 0 {
        return (viewer, Reader::Visitor);
    }
    // A drip counts whole days, from any moment of the first one.
    let moment = [0, DAY - 1, i64::try_from(random.below(86_400)).unwrap()][random.below(3)];
    let since = Timestamp::saturating(NOW_SECONDS - days * DAY - moment);
    let ids = [tier].into_iter().chain(viewer.bundles.iter().map(String::as_str));
    let entitlements = ids.map(|id| Entitlement::new(id.parse().unwrap(), since)).collect();
    (viewer, Reader::Member(entitlements))
}

/// A path as a browser asks for it.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
