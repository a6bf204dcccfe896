//! Whatever is edited, what the writer's loop answers is what a fresh build of the same folder would.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
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
use super::mended::mend;
use crate::built::NOW_SECONDS;
use crate::generated::course::Random;

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::try_from(NOW_SECONDS).unwrap()
}

thread_local! {
    /// The present of a site whose clock runs.
    static PRESENT: Cell<i64> = const { Cell::new(NOW_SECONDS) };
}

fn present() -> Timestamp {
    Timestamp::try_from(PRESENT.get()).unwrap()
}

pub(super) fn settings(root: &Path) -> Settings {
    Settings { root: root.to_owned(), drafts: false, base_url: None, clock: Clock::Fixed(now()) }
}

/// What a site is compared with: a build of its own folder.
pub(super) struct Beside<'a> {
    settings: &'a Settings,
    out: &'a Path,
    /// How long after its clock both are asked, beside at once.
    later: i64,
}

impl<'a> Beside<'a> {
    pub(super) fn of(settings: &'a Settings, out: &'a Path) -> Self {
        Self { settings, out, later: 10 * DAY }
    }
}

/// What a build of the folder publishes, and what it warns of; or why it would not.
fn fresh(Beside { settings, out, .. }: &Beside<'_>) -> Result<(Manifest, Vec<Diagnostic>), Vec<Diagnostic>> {
    if out.exists() {
        std::fs::remove_dir_all(out).unwrap();
    }
    let modes = Modes { link: LinkMode::Hard, trees: TreeMode::None, compress: false };
    let (root, now, drafts) = (&settings.root, settings.clock.now(), settings.drafts);
    let built = build::build(&Request { root, out, now, created: now, drafts, modes, ..Request::default() })?;
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

/// What `held` answers otherwise, at some instants, than the build does whose manifest and output are given.
fn differences(held: &Held, (manifest, out): (&Manifest, &Path), instants: &[Timestamp]) -> Vec<String> {
    let mut found = Vec::new();
    let mut compared = BTreeSet::new();
    for path in paths(held.manifest()).symmetric_difference(&paths(manifest)) {
        found.push(format!("{path} is on one side alone"));
    }
    let asked = readers().into_iter().flat_map(|reader| instants.iter().map(move |now| (reader.clone(), *now)));
    for (reader, now) in asked {
        for path in paths(manifest) {
            let request =
                edge::Request { method: "GET", target: path.as_bytes(), reader: &reader, now, html_navigation: false };
            let (ours, theirs) = (edge::decide(held.manifest(), &request), edge::decide(manifest, &request));
            let (our_object, their_object) = (ours.object, theirs.object);
            let bare = |decision: &Decision<'_>| format!("{:?}", Decision { object: None, ..decision.clone() });
            if bare(&ours) != bare(&theirs) {
                found.push(format!("{path} for {reader:?} at {now}: {} and not {}", bare(&ours), bare(&theirs)));
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
pub(super) fn faults(state: &State, before: Option<&Arc<Held>>, beside: &Beside<'_>) -> Vec<String> {
    let said = |all: &[Diagnostic]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let differing = |ours: &[Diagnostic], theirs: &[Diagnostic]| match said(ours) == said(theirs) {
        true => Vec::new(),
        false => vec![format!("it says {:#?} and not {:#?}", said(ours), said(theirs))],
    };
    let now = beside.settings.clock.now();
    let instants = [now, Timestamp::saturating(now.seconds() + beside.later)];
    match (fresh(beside), state.faults.is_empty()) {
        (Ok((manifest, warnings)), true) => {
            let held = state.held.as_ref().unwrap();
            let mut found = differences(held, (&manifest, beside.out), &instants);
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
    let settings = settings(&root);
    let state = Keeper::new(settings.clone()).rebuild(&Changes::Everything);
    assert_eq!(faults(&state, None, &Beside::of(&settings, &out)), Vec::<String>::new());
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
    let settings = settings(&root);
    let beside = Beside::of(&settings, &out);
    let mut keeper = Keeper::new(settings.clone());
    let mut state = keeper.rebuild(&Changes::Everything);
    assert_eq!(faults(&state, None, &beside), Vec::<String>::new());
    for (number, (path, text)) in EDITS.into_iter().enumerate() {
        let before = state.held.clone();
        state = keeper.rebuild(&Changes::Paths(BTreeSet::from([write(path, text)])));
        let found = faults(&state, before.as_ref(), &beside);
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

/// How a site is watched while it is edited.
#[derive(Clone, Copy, Debug, Default)]
struct Game {
    /// Drafts are published too.
    drafts: bool,
    /// The clock runs, by days.
    runs: bool,
    /// Some of it is reached by symbolic links.
    links: bool,
}

/// A build that went well, and what was held then.
struct Good {
    manifest: Manifest,
    out: PathBuf,
    held: Arc<Held>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Good {
    /// Keeps a build in a folder of its own.
    fn keep(beside: &Beside<'_>, state: &State, kept: &Path) -> Self {
        if kept.exists() {
            std::fs::remove_dir_all(kept).unwrap();
        }
        std::fs::rename(beside.out, kept).unwrap();
        let manifest = Manifest::parse(&std::fs::read(kept.join("manifest.json")).unwrap()).unwrap();
        let files = crate::built::contents(&beside.settings.root);
        Self { manifest, out: kept.to_owned(), held: Arc::clone(state.held.as_ref().unwrap()), files }
    }

    /// What is answered otherwise now than it was then: a file that was changed meanwhile may be kept back.
    fn differences(&self, now: Timestamp) -> Vec<String> {
        let mut found = differences(&self.held, (&self.manifest, &self.out), &[now]);
        found.retain(|found| !found.contains("this file changed since the site was built"));
        found
    }
}

/// Makes so many edits that follow from a seed, and looks after each. Gives how many of them left a good site.
fn play(seed: u64, edits: usize, game: Game) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let (root, out, kept) = (folder.path().join("site"), folder.path().join("out"), folder.path().join("kept"));
    std::fs::create_dir(&root).unwrap();
    school(&root);
    if game.links {
        std::fs::create_dir_all(root.join("aside/folder")).unwrap();
        std::fs::write(root.join("aside/one.md"), "One.\n").unwrap();
        std::fs::write(root.join("aside/folder/two.md"), "Two.\n").unwrap();
        std::os::unix::fs::symlink("../aside/one.md", root.join("content/one.md")).unwrap();
        std::fs::create_dir(root.join("content/folder")).unwrap();
        std::os::unix::fs::symlink("../../aside/folder/two.md", root.join("content/folder/two.md")).unwrap();
    }
    PRESENT.set(NOW_SECONDS);
    let clock = if game.runs { Clock::Present(present) } else { Clock::Fixed(now()) };
    let settings = Settings { root: root.clone(), drafts: game.drafts, base_url: None, clock };
    let mut random = Random::new(&[seed]);
    let mut keeper = Keeper::new(settings.clone());
    let mut state = keeper.rebuild(&Changes::Everything);
    let mut beside = Beside::of(&settings, &out);
    assert_eq!(faults(&state, None, &beside), Vec::<String>::new());
    let mut good = Good::keep(&beside, &state, &kept);
    let (mut done, mut well, mut broken_for) = (Vec::new(), 0, 0);
    for number in 0..edits {
        let before = state.held.clone();
        if game.runs {
            PRESENT.set(PRESENT.get() + DAY * i64::try_from(random.below(3)).unwrap());
        }
        let (what, changes) = if broken_for > random.below(3) {
            restore(&root, &good.files);
            ("all is as it was".to_owned(), Changes::Everything)
        } else if game.links && random.below(4) == 0 && root.join("aside").exists() {
            let file = if random.below(2) == 0 { "aside/one.md" } else { "aside/folder/two.md" };
            std::fs::write(root.join(file), format!("Words {number}.\n")).unwrap();
            (file.to_owned(), Changes::Everything)
        } else if state.faults.is_empty() && random.below(6) == 0 {
            let edit = mend(&root, &mut random, (number, &mut keeper));
            (edit.what, Changes::Paths(edit.paths.into_iter().collect()))
        } else {
            let edit = edit(&root, &mut random, number);
            let paths = Changes::Paths(edit.paths.into_iter().collect());
            (edit.what, if random.below(5) == 0 { Changes::Everything } else { paths })
        };
        done.push(what);
        state = keeper.rebuild(&changes);
        beside.later = DAY * i64::try_from(1 + random.below(40)).unwrap();
        let found = faults(&state, before.as_ref(), &beside);
        let last = &done[done.len().saturating_sub(4)..];
        let at = format!("{game:?}, seed {seed}, edit {number}");
        assert!(found.is_empty(), "{at}: {found:#?}\nafter {last:#?} with {changes:?}");
        if state.faults.is_empty() && out.exists() {
            (good, broken_for) = (Good::keep(&beside, &state, &kept), 0);
            well += 1;
        } else {
            broken_for += 1;
            // Under a fault stays what was there before it, to the last byte.
            let found = if state.faults.is_empty() { Vec::new() } else { good.differences(settings.clock.now()) };
            assert!(found.is_empty(), "{at}: {found:#?}\nunder a fault, after {last:#?} with {changes:?}");
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
    let plain = Game::default();
    let (drafts, runs, links) =
        (Game { drafts: true, ..plain }, Game { runs: true, ..plain }, Game { links: true, runs: true, drafts: true });
    let games: Vec<(u64, usize, Game)> = match seeds {
        Some(seed) => [plain, drafts, runs, links].map(|game| (seed, 100, game)).to_vec(),
        None => vec![(1, 50, plain), (2, 50, runs), (3, 50, drafts), (4, 50, Game { links: false, ..links })],
    };
    let well: usize = games.iter().map(|(seed, edits, game)| play(*seed, *edits, *game)).sum();
    let all: usize = games.iter().map(|(_, edits, _)| edits).sum();
    println!("{well} of {all} edits left a good site");
    assert!(well > all / 3, "too few of the edits left a good site: {well} of {all}");
}

/// What a paywall offers changes when a window for early members closes, though nobody edits anything.
#[test]
fn time_alone_changes_what_is_offered() {
    let site = "//- content/letters/_index.md\nLetters.\n\
        //- content/letters/one.md\n---\ndate: 2026-11-20\naccess: [pro, basic since joining]\n---\nOne.\n\
        //- content/letters/two.md\n---\ndate: 2026-12-05\naccess: pro\nrelease: none\n---\nTwo.\n";
    let fixture = crate::fixture::Fixture::new(site);
    PRESENT.set(NOW_SECONDS);
    let settings = Settings { clock: Clock::Present(present), ..settings(&fixture.root()) };
    let out = fixture.out();
    let beside = Beside::of(&settings, &out);
    let mut keeper = Keeper::new(settings.clone());
    let mut state = keeper.rebuild(&Changes::Everything);
    let mut built = 0;
    for day in 1..12 {
        assert_eq!(faults(&state, None, &beside), Vec::<String>::new(), "day {day}");
        PRESENT.set(NOW_SECONDS + day * DAY);
        // Nothing is edited: the loop builds again where the state says that time changes something.
        if state.until.is_some_and(|until| until <= present()) {
            state = keeper.rebuild(&Changes::Everything);
            built += 1;
        }
    }
    assert!(built > 0, "time changes nothing");
}
