//! Pages that open and close for a member, with the manifest of a real build.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::build::{self, Request};
use tierpress::edge::{self, Outcome};
use tierpress::load::timeline;
use tierpress::manifest::Manifest;
use tierpress::members::simulate::simulate;
use tierpress::members::timeline::Timeline;
use tierpress::members::{Rules, fold, opened};
use tierpress::time::Timestamp;

use super::timelines::files;
use crate::built::NOW_SECONDS;

/// The manifest of a site beside the timelines.
pub(super) fn manifest(site: &str, out: &Path) -> Manifest {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/members").join(site);
    let now = Timestamp::saturating(NOW_SECONDS);
    let built = build::build(&Request { root: &root, out, now, created: now, ..Request::default() });
    assert!(built.is_ok(), "{:#?}", built.err());
    Manifest::parse(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap()
}

/// The timelines that expect pages, each with its manifest.
fn with_pages() -> Vec<(String, Timeline, Manifest)> {
    let folder = tempfile::tempdir().unwrap();
    let mut manifests: BTreeMap<String, Manifest> = BTreeMap::new();
    let mut found = Vec::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let Some(site) = text.lines().find_map(|line| line.strip_prefix("site: ")) else { continue };
        let mut diagnostics = Vec::new();
        let timeline = timeline::load(&file, &mut diagnostics).unwrap_or_else(|| panic!("{diagnostics:#?}"));
        let manifest = manifests.entry(site.to_owned()).or_insert_with(|| manifest(site, &folder.path().join(site)));
        found.push((name, timeline, manifest.clone()));
    }
    assert!(found.len() >= 5, "{}", found.len());
    found
}

#[test]
fn pages_open_and_close_as_timelines_say() {
    let mut faults = Vec::new();
    for (name, timeline, manifest) in with_pages() {
        assert!(timeline.page_expectation().is_some(), "{name} expects no page");
        faults.extend(simulate(&timeline, Some(&manifest)).failures.iter().map(ToString::to_string));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// Every hour, what is open, asked page by page: what opens while nothing else changes is what is told, and no more.
#[test]
fn what_opens_is_what_an_edge_would_open() {
    let mut count = 0;
    for (name, timeline, manifest) in with_pages() {
        let site = timeline.site(timeline.until).unwrap();
        let rules = Rules { catalogue: &site.catalogue, billing: site.billing, zone: &site.zone };
        let first = timeline.events.iter().map(|event| event.at).min().unwrap().seconds();
        let last = timeline.until.seconds() + 20 * 86_400;
        let open = |at: i64| -> (BTreeSet<String>, Vec<Entitlement>) {
            let now = Timestamp::saturating(at);
            let held = fold(&timeline.events, &rules, now).entitlements(&rules, 32);
            let reader = Reader::Member(held.clone());
            let is_open = |path: &&String| {
                let request = edge::Request {
                    method: "GET",
                    target: path.as_bytes(),
                    reader: &reader,
                    now,
                    html_navigation: false,
                };
                edge::decide(&manifest, &request).outcome == Outcome::Open
            };
            (manifest.routes.keys().filter(|path| path.ends_with('/')).filter(is_open).cloned().collect(), held)
        };
        let told = opened(&timeline.events, &rules, (Timestamp::MIN, Timestamp::saturating(last)), &manifest);
        let mut wanted: Vec<(i64, BTreeSet<String>)> = Vec::new();
        let mut before = open(first - 3_600);
        let mut at = first;
        while at <= last {
            let now = open(at);
            let new: BTreeSet<String> = now.0.difference(&before.0).cloned().collect();
            if !new.is_empty() && now.1 == before.1 {
                wanted.push((at, new));
            }
            before = now;
            at += 3_600;
        }
        let found: Vec<(i64, BTreeSet<String>)> =
            told.iter().map(|told| (told.at.seconds(), told.paths.iter().cloned().collect())).collect();
        assert_eq!(found, wanted, "{name}");
        count += wanted.len();
    }
    assert!(count >= 10, "{count}");
}
