//! Whatever is edited, what the writer's loop answers is what a fresh build of the same folder would.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::build::{self, Request};
use tierpress::diagnostic::Diagnostic;
use tierpress::digest::ObjectName;
use tierpress::edge::{self, Decision};
use tierpress::manifest::Manifest;
use tierpress::publish::{LinkMode, Modes, TreeMode};
use tierpress::serve::held::{Bytes, Held};
use tierpress::serve::keeper::{Changes, Clock, Keeper, Settings, State};
use tierpress::time::Timestamp;

use super::edits::edit;
use crate::built::NOW_SECONDS;
use crate::generated::course::Random;

fn now() -> Timestamp {
    Timestamp::try_from(NOW_SECONDS).unwrap()
}

fn settings(root: &Path) -> Settings {
    Settings { root: root.to_owned(), drafts: false, base_url: None, clock: Clock::Fixed(now()) }
}

/// What a build of the folder publishes, and what it warns of; or why it would not.
fn fresh(root: &Path, out: &Path) -> Result<(Manifest, Vec<Diagnostic>), Vec<Diagnostic>> {
    if out.exists() {
        std::fs::remove_dir_all(out).unwrap();
    }
    let modes = Modes { link: LinkMode::Hard, trees: TreeMode::None, compress: false };
    let built = build::build(&Request { root, out, now: now(), created: now(), modes, ..Request::default() })?;
    let manifest = Manifest::parse(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap();
    Ok((manifest, built.warnings))
}

/// All on whose behalf every path is asked for.
fn readers() -> Vec<Reader> {
    let days = |days: i64| now().seconds() - days * 86_400;
    let grant = |id: &str, since: i64| Entitlement::new(id.parse().unwrap(), Timestamp::try_from(since).unwrap());
    let member =
        |grants: &[(&str, i64)]| Reader::Member(grants.iter().map(|(id, age)| grant(id, days(*age))).collect());
    let frozen = Entitlement { frozen: Some(Timestamp::try_from(days(5)).unwrap()), ..grant("basic", days(30)) };
    let ended = Entitlement { until: Some(Timestamp::try_from(days(1)).unwrap()), ..grant("pro", days(90)) };
    vec![
        Reader::Visitor,
        member(&[("free", 400)]),
        member(&[("basic", 0)]),
        member(&[("basic", 30)]),
        member(&[("pro", 2)]),
        member(&[("free", 10), ("sourdough", 10)]),
        member(&[("basic", 100), ("lamination", 1), ("cheat-sheets", 1)]),
        member(&[("sourdough", 50)]),
        Reader::Member(vec![frozen]),
        Reader::Member(vec![ended, grant("free", days(90))]),
    ]
}

fn paths(manifest: &Manifest) -> BTreeSet<String> {
    let routes = manifest.routes.keys().chain(manifest.redirects.keys()).cloned();
    let unknown = ["/nothing/", "/nothing.html", "/_tierpress/", "/%", "/a//b"].map(str::to_owned);
    routes.chain(unknown).collect()
}

/// What `held` answers otherwise than the build does whose manifest and output are given.
fn differences(held: &Held, manifest: &Manifest, out: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut compared = BTreeSet::new();
    for path in paths(held.manifest()).symmetric_difference(&paths(manifest)) {
        found.push(format!("{path} is on one side alone"));
    }
    for reader in readers() {
        for path in paths(manifest) {
            let request = edge::Request {
                method: "GET",
                target: path.as_bytes(),
                reader: &reader,
                now: now(),
                html_navigation: false,
            };
            let (ours, theirs) = (edge::decide(held.manifest(), &request), edge::decide(manifest, &request));
            let (our_object, their_object) = (ours.object, theirs.object);
            let bare = |decision: &Decision<'_>| format!("{:?}", Decision { object: None, ..decision.clone() });
            if bare(&ours) != bare(&theirs) {
                found.push(format!("{path} for {reader:?}: {} and not {}", bare(&ours), bare(&theirs)));
            }
            match (our_object, their_object) {
                (Some(ours), Some(theirs)) if compared.insert((ours.to_owned(), theirs.to_owned())) => {
                    let same = same_object(held, ours, (manifest, theirs, out));
                    found.extend(same.err().map(|why| format!("{path} for {reader:?}: {why}")));
                }
                (Some(_), Some(_)) | (None, None) => {}
                _ => found.push(format!("{path} for {reader:?}: an object on one side alone")),
            }
        }
    }
    found
}

fn same_object(held: &Held, ours: &str, (manifest, theirs, out): (&Manifest, &str, &Path)) -> Result<(), String> {
    let bytes = match held.object(ours) {
        Ok(Bytes::InMemory(bytes)) => bytes.to_vec(),
        Ok(Bytes::OnDisk(path)) => std::fs::read(path).unwrap(),
        Err(fault) => return Err(fault.to_string()),
    };
    if held.media_type(ours) != manifest.objects[theirs].media_type {
        return Err("another media type".to_owned());
    }
    // The name of an object is the hash of its bytes.
    let extension = theirs.rsplit_once('.').map_or("", |(_, extension)| extension);
    if ObjectName::of(&bytes, extension).as_str() == theirs {
        return Ok(());
    }
    let expected = std::fs::read(out.join("objects").join(theirs)).unwrap();
    let (left, right) = (String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&expected));
    let differing = left.lines().zip(right.lines()).find(|(left, right)| left != right);
    Err(format!("{differing:?} ({} and {} bytes)", left.len(), right.len()))
}

/// What is wrong with a state, given that the site is as it lies there; `before` is what was held before the last edit.
fn faults(state: &State, before: Option<&Arc<Held>>, (root, out): (&Path, &Path)) -> Vec<String> {
    let said = |all: &[Diagnostic]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let differing = |ours: &[Diagnostic], theirs: &[Diagnostic]| match said(ours) == said(theirs) {
        true => Vec::new(),
        false => vec![format!("it says {:#?} and not {:#?}", said(ours), said(theirs))],
    };
    match (fresh(root, out), state.faults.is_empty()) {
        (Ok((manifest, warnings)), true) => {
            let held = state.held.as_ref().unwrap();
            let mut found = differences(held, &manifest, out);
            found.extend(differing(&state.warnings, &warnings));
            found
        }
        (Ok(_), false) => vec![format!("there is nothing wrong, but it says {:#?}", said(&state.faults))],
        (Err(theirs), true) => {
            // A template's fault is found when the pages are rendered.
            let found = state.held.as_ref().unwrap().faults(&|| true).unwrap();
            differing(&build::with_warnings(found, &state.warnings), &theirs)
        }
        (Err(theirs), false) => {
            let mut found = differing(&state.faults, &theirs);
            if state.held.as_ref().map(Arc::as_ptr) != before.map(Arc::as_ptr) {
                found.push("the last good site is not held".to_owned());
            }
            found
        }
    }
}

#[test]
fn a_held_course_answers_as_a_build_does() {
    let folder = tempfile::tempdir().unwrap();
    let (root, out) = (folder.path().join("site"), folder.path().join("out"));
    let course = crate::generated::course::Course { lessons: 60, seed: 7 };
    crate::generated::ours::write(&root, course, crate::generated::ours::Gating::Gated).unwrap();
    let state = Keeper::new(settings(&root)).rebuild(&Changes::Everything);
    assert_eq!(faults(&state, None, (&root, &out)), Vec::<String>::new());
}

/// A site whose pages lead to one another in every way that there is.
const LINKED: [(&str, &str); 8] = [
    (
        "site.yaml",
        "title: A\nbase_url: https://a.example\nlinks: warn\naccess:\n  default: public\n  tiers: [{id: basic, title: Basic}]\n",
    ),
    ("content/_index.md", "Home [m](m.md) [s](section/) [self](#h)\n\n# H {#h}\n"),
    (
        "content/m.md",
        "---\naliases: [/was/]\nimage: pics/m.png\nsee: other.md\nlater: late.png\n---\nM [b](b.md#part) [z](/z/)\n",
    ),
    (
        "content/b.md",
        "---\naccess: basic\ntags: [x]\n---\n## Part {#part}\n\n[m](/m/) [was](/was/) [x](/tags/x/) ![p](pics/m.png)\n",
    ),
    ("content/section/one.md", "[up](../m/) [two](two.md) [home](/)\n"),
    ("content/section/two.md", "[one](one.md) [here](/section/)\n"),
    ("content/z.md", "[m](m/) [dir](q)\n"),
    ("content/pics/m.png", "a picture"),
];

/// Edits one after the other: a file and its new text, or none.
const EDITS: [(&str, Option<&str>); 22] = [
    // Before all others: every number is another one.
    ("content/a.md", Some("[m](m.md)\n")),
    ("content/aa/deep.md", Some("[m](../m.md) [a](/a/)\n")),
    ("content/a.md", None),
    // What led nowhere leads somewhere, and the other way round.
    ("content/q.md", Some("Q\n")),
    ("content/q/index.md", Some("Q too\n")),
    ("content/q.md", None),
    ("content/q/index.md", None),
    ("content/other.md", Some("Other\n")),
    ("content/late.png", Some("late")),
    // What led to one page leads to another one.
    ("content/m/index.md", Some("---\npath: /mm/\n---\nAnother M\n")),
    ("content/m/index.md", None),
    // A section gets a page of its own, and loses it.
    ("content/section/_index.md", Some("---\naccess: basic\n---\nSection [one](one.md)\n")),
    ("content/section/_index.md", None),
    ("content/section/0.md", Some("---\ndate: 2026-01-01\n---\n[two](two.md)\n")),
    // Rules of what is linked.
    ("content/b.md", Some("---\naccess: basic\nhidden: true\ntags: [x]\n---\n## Part {#part}\n\n![p](pics/m.png)\n")),
    ("content/b.md", Some("---\naccess: public\ntags: [y]\n---\n## Part {#part}\n")),
    // What is led to goes away.
    ("content/pics/m.png", None),
    ("content/z.md", Some("---\ndraft: true\n---\n[m](m/)\n")),
    ("content/z.md", Some("[m](m/)\n")),
    ("content/m.md", None),
    ("content/m.md", Some("---\nslug: n\n---\nM again [z](z.md)\n")),
    ("content/b.md", None),
];

#[test]
fn addresses_lead_where_they_do_in_a_fresh_build() {
    let folder = tempfile::tempdir().unwrap();
    let (root, out) = (folder.path().join("site"), folder.path().join("out"));
    let write = |path: &str, text: Option<&str>| {
        let path = root.join(path);
        match text {
            Some(text) => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, text).unwrap();
            }
            None => std::fs::remove_file(&path).unwrap(),
        }
        path
    };
    for (path, text) in LINKED {
        write(path, Some(text));
    }
    let mut keeper = Keeper::new(settings(&root));
    let mut state = keeper.rebuild(&Changes::Everything);
    assert_eq!(faults(&state, None, (&root, &out)), Vec::<String>::new());
    for (number, (path, text)) in EDITS.into_iter().enumerate() {
        let before = state.held.clone();
        state = keeper.rebuild(&Changes::Paths(BTreeSet::from([write(path, text)])));
        let found = faults(&state, before.as_ref(), (&root, &out));
        assert!(found.is_empty(), "{number}: {path}: {found:#?}");
    }
    assert!(state.faults.is_empty(), "{:#?}", state.faults);
}

/// The site of this repository, which uses all that there is.
fn school(root: &Path) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["content", "static", "themes"] {
        crate::built::copy(&own.join(folder), &root.join(folder));
    }
    for file in ["site.yaml", "strings.yaml"] {
        std::fs::copy(own.join(file), root.join(file)).unwrap();
    }
}

/// Makes so many edits that follow from a seed, and looks after each. Gives how many of them left a good site.
fn play(seed: u64, edits: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let (root, out) = (folder.path().join("site"), folder.path().join("out"));
    std::fs::create_dir(&root).unwrap();
    school(&root);
    let mut random = Random::new(&[seed]);
    let mut keeper = Keeper::new(settings(&root));
    let mut state = keeper.rebuild(&Changes::Everything);
    let (mut good, mut broken_for) = (crate::built::contents(&root), 0);
    let (mut done, mut well) = (Vec::new(), 0);
    for number in 0..edits {
        let before = state.held.clone();
        let (what, changes) = if broken_for > random.below(3) {
            restore(&root, &good);
            ("all is as it was".to_owned(), Changes::Everything)
        } else {
            let edit = edit(&root, &mut random, number);
            let paths = Changes::Paths(edit.paths.into_iter().collect());
            (edit.what, if random.below(5) == 0 { Changes::Everything } else { paths })
        };
        done.push(what);
        state = keeper.rebuild(&changes);
        let found = faults(&state, before.as_ref(), (&root, &out));
        let last = &done[done.len().saturating_sub(4)..];
        assert!(found.is_empty(), "seed {seed}, edit {number}: {found:#?}\nafter {last:#?} with {changes:?}");
        if state.faults.is_empty() && out.exists() {
            (good, broken_for) = (crate::built::contents(&root), 0);
            well += 1;
        } else {
            broken_for += 1;
        }
    }
    well
}

fn restore(root: &Path, files: &BTreeMap<String, Vec<u8>>) {
    std::fs::remove_dir_all(root).unwrap();
    for (name, bytes) in files {
        let path = root.join(name);
        if name.ends_with('/') {
            std::fs::create_dir_all(path).unwrap();
        } else {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn after_each_of_200_random_edits_the_answers_are_those_of_a_fresh_build() {
    let seeds = std::env::var("TIERPRESS_EDITS").ok().and_then(|seed| seed.parse().ok());
    let games: Vec<(u64, usize)> = match seeds {
        Some(seed) => vec![(seed, 100)],
        None => vec![(1, 50), (2, 50), (3, 50), (4, 50)],
    };
    let well: usize = games.iter().map(|(seed, edits)| play(*seed, *edits)).sum();
    let all: usize = games.iter().map(|(_, edits)| edits).sum();
    println!("{well} of {all} edits left a good site");
    assert!(well > all / 3, "too few of the edits left a good site: {well} of {all}");
}
