//! Whatever is edited, what the writer's loop answers is what a fresh build of the same folder would.

use std::collections::BTreeSet;
use std::path::Path;

use tierpress::access::entitlement::Reader;
use tierpress::build::{self, Request};
use tierpress::digest::ObjectName;
use tierpress::edge;
use tierpress::manifest::Manifest;
use tierpress::serve::held::{Bytes, Held};
use tierpress::serve::keeper::{Changes, Clock, Keeper, Settings, State};
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;

fn now() -> Timestamp {
    Timestamp::try_from(NOW_SECONDS).unwrap()
}

fn settings(root: &Path) -> Settings {
    Settings { root: root.to_owned(), drafts: false, base_url: None, clock: Clock::Fixed(now()) }
}

/// What a build of the folder publishes, or its diagnostics as they are printed.
fn fresh(root: &Path, out: &Path) -> Result<Manifest, Vec<String>> {
    let request = Request { root, out, now: now(), created: now(), ..Request::default() };
    build::build(&request).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(Manifest::parse(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap())
}

/// All that readers are asked about.
fn readers(_manifest: &Manifest) -> Vec<Reader> {
    vec![Reader::Visitor]
}

fn paths(manifest: &Manifest) -> BTreeSet<String> {
    let routes = manifest.routes.keys().chain(manifest.redirects.keys()).cloned();
    let unknown = ["/nothing/", "/nothing.html", "/_tierpress/", "/%", "/a//b"].map(str::to_owned);
    routes.chain(unknown).collect()
}

/// What `held` answers otherwise than the build does whose manifest and output are given.
fn differences(held: &Held, manifest: &Manifest, out: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let routes = |manifest: &Manifest| manifest.routes.keys().cloned().collect::<Vec<_>>();
    if routes(held.manifest()) != routes(manifest) {
        found.push("the routes differ".to_owned());
    }
    for reader in readers(manifest) {
        for path in paths(manifest) {
            let request = edge::Request {
                method: "GET",
                target: path.as_bytes(),
                reader: &reader,
                now: now(),
                html_navigation: false,
            };
            let (ours, theirs) = (edge::decide(held.manifest(), &request), edge::decide(manifest, &request));
            let said = |decision: &edge::Decision<'_>| {
                let edge::Decision { outcome, status, reason, location, available_at, cache, clear_cookie, object: _ } =
                    decision.clone();
                format!("{outcome:?} {status} {reason:?} {location:?} {available_at:?} {cache:?} {clear_cookie}")
            };
            if said(&ours) != said(&theirs) {
                found.push(format!("{path} for {reader:?}: {} and not {}", said(&ours), said(&theirs)));
            }
            let (Some(ours), Some(theirs)) = (ours.object, theirs.object) else {
                if ours.object != theirs.object {
                    found.push(format!("{path} for {reader:?}: an object on one side alone"));
                }
                continue;
            };
            let bytes = match held.object(ours) {
                Ok(Bytes::InMemory(bytes)) => bytes.to_vec(),
                Ok(Bytes::OnDisk(path)) => std::fs::read(path).unwrap(),
                Err(fault) => fault.to_string().into_bytes(),
            };
            // The name of an object is the hash of its bytes.
            let extension = theirs.rsplit_once('.').map_or("", |(_, extension)| extension);
            if ObjectName::of(&bytes, extension).as_str() != theirs {
                let expected = std::fs::read(out.join("objects").join(theirs)).unwrap();
                found.push(format!("{path} for {reader:?}: {}", first_difference(&bytes, &expected)));
            }
            if held.media_type(ours) != manifest.objects[theirs].media_type {
                found.push(format!("{path}: another media type"));
            }
        }
    }
    found
}

fn first_difference(left: &[u8], right: &[u8]) -> String {
    let (left, right) = (String::from_utf8_lossy(left), String::from_utf8_lossy(right));
    let differing = left.lines().zip(right.lines()).find(|(left, right)| left != right);
    format!("{differing:?} ({} and {} bytes)", left.len(), right.len())
}

fn said(state: &State) -> Vec<String> {
    state.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_held_course_answers_as_a_build_does() {
    let folder = tempfile::tempdir().unwrap();
    let (root, out) = (folder.path().join("site"), folder.path().join("out"));
    let course = crate::generated::course::Course { lessons: 60, seed: 7 };
    crate::generated::ours::write(&root, course, crate::generated::ours::Gating::Gated).unwrap();
    let state = Keeper::new(settings(&root)).rebuild(&Changes::Everything);
    assert_eq!((state.number, said(&state)), (1, Vec::new()));
    let differences = differences(&state.held.unwrap(), &fresh(&root, &out).unwrap(), &out);
    assert!(differences.is_empty(), "{differences:#?}");
}
