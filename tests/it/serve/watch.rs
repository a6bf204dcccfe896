//! What is watched is seen, however it was written; and nothing else brings about a build.

use std::collections::BTreeSet;
use std::fs;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use tierpress::access::entitlement::Reader;
use tierpress::edge;
use tierpress::serve::held::Bytes;
use tierpress::serve::keeper::{Changes, Clock, Keeper, Settings, State};
use tierpress::serve::watch::{Watch, watch};
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;
use crate::fixture::Fixture;

/// A site that is watched and kept.
struct Desk {
    site: Fixture,
    keeper: Keeper,
    changes: Receiver<Changes>,
    _watch: Watch,
}

impl Desk {
    fn new(site: &str) -> Self {
        let site = Fixture::new(site);
        let clock = Clock::Fixed(Timestamp::try_from(NOW_SECONDS).unwrap());
        let mut keeper = Keeper::new(Settings { root: site.root(), drafts: false, base_url: None, clock });
        let (sender, changes) = mpsc::channel();
        let watch = watch(&site.root(), sender).unwrap();
        keeper.rebuild(&Changes::Everything);
        Self { site, keeper, changes, _watch: watch }
    }

    /// Builds at every change until the site is as it should be.
    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&State) -> bool) -> State {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let changes = self.changes.recv_timeout(left).unwrap_or_else(|_| panic!("never: {what}"));
            let state = self.keeper.rebuild(&changes);
            if is_so(&state) {
                return state;
            }
        }
    }

    #[track_caller]
    fn until_shown(&mut self, path: &str, word: &str) {
        self.until(&format!("{path} with {word}"), |state| {
            state.faults.is_empty() && shown(state, path).is_some_and(|text| text.contains(word))
        });
    }

    /// Writes a file until that is told, and builds until the word is shown.
    #[track_caller]
    fn write_until_shown(&mut self, file: &str, text: &str, (path, word): (&str, &str)) {
        for _ in 0..30 {
            fs::write(self.site.root().join(file), text).unwrap();
            while let Ok(changes) = self.changes.recv_timeout(Duration::from_secs(1)) {
                let state = self.keeper.rebuild(&changes);
                if state.faults.is_empty() && shown(&state, path).is_some_and(|text| text.contains(word)) {
                    return;
                }
            }
        }
        panic!("never: {path} with {word}");
    }

    /// Nothing is told for a while.
    #[track_caller]
    fn is_quiet(&self, why: &str) {
        let told: Vec<Changes> =
            std::iter::from_fn(|| self.changes.recv_timeout(Duration::from_millis(600)).ok()).collect();
        assert!(told.is_empty(), "{why}: {told:?}");
    }
}

/// What a visitor is shown at a path that is there.
fn shown(state: &State, path: &str) -> Option<String> {
    let held = state.held.as_ref()?;
    let now = held.clock();
    let request =
        edge::Request { method: "GET", target: path.as_bytes(), reader: &Reader::Visitor, now, html_navigation: false };
    let decision = edge::decide(held.manifest(), &request);
    match held.object(decision.object.filter(|_| decision.status == 200)?).ok()? {
        Bytes::InMemory(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
        Bytes::OnDisk(path) => Some(fs::read_to_string(path).unwrap()),
    }
}

#[test]
fn what_links_lead_to_is_watched_wherever_it_lies() {
    let mut desk = Desk::new("Before.\n");
    let root = desk.site.root();
    let link = |target: &str, path: &str| std::os::unix::fs::symlink(target, root.join(path)).unwrap();
    fs::create_dir(root.join("shared")).unwrap();
    fs::write(root.join("shared/b.md"), "Shared.\n").unwrap();
    fs::write(root.join("NEWS.md"), "News.\n").unwrap();
    link("../shared/b.md", "content/b.md");
    link("../NEWS.md", "content/news.md");
    fs::rename(root.join("site.yaml"), root.join("settings")).unwrap();
    link("settings", "site.yaml");
    desk.until("both", |state| ["/news/", "/b/"].iter().all(|path| shown(state, path).is_some()));
    // Links that are new are watched when all has settled; what is written before is not told.
    desk.write_until_shown("shared/b.md", "Shared again.\n", ("/b/", "Shared again."));
    desk.write_until_shown("NEWS.md", "Later news.\n", ("/news/", "Later news."));
    let settings = fs::read_to_string(root.join("settings")).unwrap().replace("title: ", "title: Other ");
    desk.write_until_shown("settings", &settings, ("/a/", "Other "));
}

#[test]
fn a_file_is_shown_as_it_was_decided_about_or_not_at_all() {
    let mut desk = Desk::new("![plan](plan.svg)\n");
    let root = desk.site.root();
    fs::write(root.join("content/plan.svg"), "<svg>open</svg>").unwrap();
    let state = desk.until("the picture", |state| shown(state, "/plan.svg").is_some());
    assert!(shown(&state, "/plan.svg").unwrap().contains("open"));
    // The page would be gated from now on, and the picture with it, but the site cannot be built.
    fs::write(root.join("content/a.md"), "---\naccess: prro\n---\n![plan](plan.svg)\n").unwrap();
    fs::write(root.join("content/plan.svg"), "<svg>paid for</svg>").unwrap();
    let state = desk.until("a fault", |state| !state.faults.is_empty());
    assert_eq!(shown(&state, "/plan.svg"), None);
    fs::write(root.join("content/a.md"), "![plan](plan.svg)\n").unwrap();
    desk.until_shown("/plan.svg", "paid for");
    // A file alone is no reason to build, and is shown all the same.
    fs::write(root.join("content/plan.svg"), "<svg>new again</svg>").unwrap();
    desk.until_shown("/plan.svg", "new again");
}

#[test]
fn saves_are_seen_however_an_editor_writes() {
    let mut desk = Desk::new("# A\n");
    desk.site.write("content/a.md", "# A\n\nin place\n");
    desk.until_shown("/a/", "in place");
    desk.site.write("content/.a.md.swp", "swap");
    desk.site.write("content/4913", "");
    fs::remove_file(desk.site.root().join("content/4913")).unwrap();
    desk.site.write("content/a.md~", "# A\n\nby rename\n");
    fs::rename(desk.site.root().join("content/a.md~"), desk.site.root().join("content/a.md")).unwrap();
    desk.until_shown("/a/", "by rename");
    desk.site.write("site.yaml", "title: [\n");
    let broken = desk.until("the fault of site.yaml", |state| !state.faults.is_empty());
    assert!(shown(&broken, "/a/").unwrap().contains("by rename"), "the last good site is held");
    desk.site.write("site.yaml", crate::fixture::SCHOOL.replace("title: School", "title: Mended"));
    desk.until_shown("/a/", "Mended");
}

#[test]
fn two_hundred_saves_in_a_second_end_in_the_last_text() {
    let mut desk = Desk::new("# A\n");
    for save in 0..200 {
        desk.site.write("content/a.md", format!("# A\n\nSave {save}.\n"));
        std::thread::sleep(Duration::from_millis(4));
    }
    desk.until_shown("/a/", "Save 199.");
}

#[test]
fn folders_are_followed_when_they_come_move_and_go() {
    let mut desk = Desk::new("# A\n");
    for number in 0..5_000 {
        desk.site.write(&format!("aside/page-{number}.md"), "Words.\n");
    }
    desk.is_quiet("a folder that is no part of the site");
    fs::rename(desk.site.root().join("aside"), desk.site.root().join("content/course")).unwrap();
    desk.until("5,000 pages", |state| shown(state, "/course/page-4999/").is_some());
    desk.site.write("content/course/page-7.md", "Other words.\n");
    desk.until_shown("/course/page-7/", "Other words.");
    fs::remove_dir_all(desk.site.root().join("content/course")).unwrap();
    desk.until("no pages", |state| shown(state, "/course/page-7/").is_none());
    desk.site.write("content/deep/er/still/b.md", "# B\n");
    desk.until_shown("/deep/er/still/b/", "B");
    desk.site.write("content/deep/er/still/b.md", "# B\n\nAgain.\n");
    desk.until_shown("/deep/er/still/b/", "Again.");
    desk.site.write("templates/page.html", "from a new folder");
    desk.until_shown("/a/", "from a new folder");
    desk.site.write("templates/page.html", "from a known folder");
    desk.until_shown("/a/", "from a known folder");
    desk.site.write("static/a.txt", "one");
    desk.until_shown("/a.txt", "one");
    desk.site.write("static/a.txt", "two");
    desk.until_shown("/a.txt", "two");
}

#[test]
fn what_a_link_leads_to_is_watched() {
    let mut desk = Desk::new("# A\n//- texts/b.md\n# B\n//- texts/all/c.md\n# C\n");
    let root = desk.site.root();
    std::os::unix::fs::symlink("../texts/b.md", root.join("content/b.md")).unwrap();
    std::os::unix::fs::symlink("../texts/all", root.join("content/all")).unwrap();
    desk.until_shown("/b/", "B");
    // It takes a moment until what came by a link is watched as well.
    std::thread::sleep(Duration::from_secs(1));
    desk.site.write("texts/b.md", "# B\n\nBehind a link.\n");
    desk.until_shown("/b/", "Behind a link.");
    desk.site.write("texts/all/c.md", "# C\n\nIn a linked folder.\n");
    desk.until_shown("/all/c/", "In a linked folder.");
}

#[test]
fn what_is_written_by_another_name_is_seen() {
    let mut desk = Desk::new("# A\n//- drafts/b.md\n# B\n//- drafts/c.md\n# C\n");
    let root = desk.site.root();
    fs::hard_link(root.join("drafts/b.md"), root.join("content/b.md")).unwrap();
    desk.until_shown("/b/", "B");
    // It takes a moment until it is watched by its other names as well.
    desk.write_until_shown("drafts/b.md", "# B\n\nBy its other name.\n", ("/b/", "By its other name."));
    // What had two names at the start is watched from the start.
    let (sender, changes) = mpsc::channel();
    let _watch = watch(&root, sender).unwrap();
    fs::write(root.join("drafts/b.md"), "# B\n\nOnce more.\n").unwrap();
    let told = changes.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(told, Changes::Paths([root.canonicalize().unwrap().join("content/b.md")].into()));
}

#[test]
fn what_is_put_into_the_place_of_something_is_seen() {
    let mut desk = Desk::new("# A\n//- content/course/01-one.md\n# One\n\nFirst.\n");
    let root = desk.site.root();
    let beside = |name: &str| root.parent().unwrap().join(name);
    let copied = |name: &str, word: &str| {
        crate::built::copy(&root, &beside(name));
        fs::write(beside(name).join("content/a.md"), format!("# A\n\n{word}\n")).unwrap();
        fs::write(beside(name).join("content/course/01-one.md"), format!("# One\n\n{word}\n")).unwrap();
    };
    // A folder of the content, of which nothing is touched but its name.
    copied("other", "Second.");
    fs::rename(root.join("content/course"), beside("course")).unwrap();
    fs::rename(beside("other").join("content/course"), root.join("content/course")).unwrap();
    desk.until_shown("/course/one/", "Second.");
    desk.write_until_shown("content/course/01-one.md", "# One\n\nThird.\n", ("/course/one/", "Third."));
    // The whole content.
    copied("another", "Fourth.");
    fs::rename(root.join("content"), beside("content")).unwrap();
    fs::rename(beside("another").join("content"), root.join("content")).unwrap();
    desk.until_shown("/course/one/", "Fourth.");
    desk.write_until_shown("content/course/01-one.md", "# One\n\nFifth.\n", ("/course/one/", "Fifth."));
    // The site itself, which is gone for a while.
    copied("site-again", "Sixth.");
    fs::rename(&root, beside("gone")).unwrap();
    desk.until("a site that is gone", |state| !state.faults.is_empty());
    fs::rename(beside("site-again"), &root).unwrap();
    desk.until_shown("/a/", "Sixth.");
    desk.write_until_shown("content/a.md", "# A\n\nSeventh.\n", ("/a/", "Seventh."));
    desk.write_until_shown("content/course/01-one.md", "# One\n\nEighth.\n", ("/course/one/", "Eighth."));
    fs::write(beside("gone/content/a.md"), "# A\n\nNobody's.\n").unwrap();
    desk.is_quiet("what is no longer the site");
}

/// An editor that tries out whether it may write, or saves what is there already, brings about no build.
#[test]
fn what_touches_nothing_is_no_build() {
    let mut desk = Desk::new("# A\n//- static/a.txt\na\n//- templates/entry.html\n<li>{{ entry.title }}</li>\n");
    let root = desk.site.root();
    let rebuilt = |desk: &mut Desk, paths: &[&str]| {
        let before = desk.keeper.rebuild(&Changes::Paths(BTreeSet::new())).number;
        let paths = paths.iter().map(|path| root.join(path)).collect();
        desk.keeper.rebuild(&Changes::Paths(paths)).number > before
    };
    for paths in [
        &["content/4913"][..],
        &["static/4913", "templates/4913", "themes/4913", "content/new/4913"],
        &["content/a.md"],
        &["content/a.md", "static/a.txt", "content/4913"],
    ] {
        assert!(!rebuilt(&mut desk, paths), "{paths:?}");
    }
    fs::write(root.join("content/a.md"), "# A\n").unwrap();
    assert!(!rebuilt(&mut desk, &["content/a.md"]), "saved as it was");
    for (path, text) in [
        ("content/a.md", "# A\n\nMore.\n"),
        ("static/a.txt", "b\n"),
        ("content/b.md", "# B\n"),
        ("templates/entry.html", "<li></li>\n"),
        ("templates/other.html", "<p></p>\n"),
        ("site.yaml", crate::fixture::SCHOOL),
    ] {
        fs::write(root.join(path), text).unwrap();
        assert!(rebuilt(&mut desk, &[path]), "{path}");
    }
    for path in ["content/b.md", "static/a.txt", "templates/other.html"] {
        fs::remove_file(root.join(path)).unwrap();
        assert!(rebuilt(&mut desk, &[path]), "no {path}");
    }
    fs::remove_dir_all(root.join("templates")).unwrap();
    assert!(rebuilt(&mut desk, &["templates"]), "no templates");
    // What was found on a page stays found, and what is wrong stays wrong.
    let number = desk.keeper.rebuild(&Changes::Everything).number;
    desk.keeper.found(number, vec![tierpress::diagnostic::Diagnostic::error("found")]).unwrap();
    let after = desk.keeper.rebuild(&Changes::Paths([root.join("content/4913")].into()));
    assert_eq!((after.number, after.faults.len()), (number, 1));
    fs::write(root.join("content/a.md"), "---\naccess: prro\n---\n").unwrap();
    assert_eq!(desk.keeper.rebuild(&Changes::Everything).faults.len(), 1);
    fs::write(root.join("content/b.md"), "---\naccess: prro\n---\n").unwrap();
    assert_eq!(desk.keeper.rebuild(&Changes::Paths([root.join("content/b.md")].into())).faults.len(), 2);
    fs::remove_file(root.join("content/b.md")).unwrap();
    assert_eq!(desk.keeper.rebuild(&Changes::Paths([root.join("content/b.md")].into())).faults.len(), 1);
}

#[test]
fn what_is_not_watched_is_warned_about_until_the_end() {
    let mut desk = Desk::new("# A\n");
    let warning = tierpress::diagnostic::Diagnostic::warning("not watched");
    let said = |state: &State| state.warnings.contains(&warning);
    assert!(said(&desk.keeper.rebuild(&Changes::Unwatched(warning.clone()))));
    desk.site.write("content/a.md", "# A\n\nMore.\n");
    assert!(said(&desk.keeper.rebuild(&Changes::Paths([desk.site.root().join("content/a.md")].into()))));
    desk.site.write("site.yaml", "title: [\n");
    assert!(said(&desk.keeper.rebuild(&Changes::Everything)));
}

#[test]
fn nothing_else_brings_about_a_build() {
    let mut desk = Desk::new("# A\n");
    desk.is_quiet("a build");
    desk.site.write("tierpress-out/manifest.json", "{}");
    desk.site.write(".git/index", "x");
    desk.site.write("content/.hidden/a.md", "x");
    desk.site.write("content/a.md.swp", "x");
    desk.site.write("node_modules/x.js", "x");
    std::thread::sleep(Duration::from_secs(3));
    desk.is_quiet("the output, dot files and what editors leave");
    fs::read(desk.site.root().join("content/a.md")).unwrap();
    desk.keeper.rebuild(&Changes::Everything);
    desk.is_quiet("reading");
}

#[test]
fn a_thousand_builds_leave_memory_as_it_is() {
    let site =
        Fixture::new("# A\n//- content/course/_index.md\n---\naccess: basic\n---\n//- content/course/01-b.md\n# B\n");
    let serve = super::running::Serve::start(&site.root(), &[]);
    // What it holds itself: pages of the program's file come and go as the system likes.
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{}/status", serve.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let build = |build: usize| {
        // Words, and now and then what every page goes by.
        match build % 10 {
            9 => site.write("content/course/_index.md", format!("---\ntitle: The {build}th\naccess: basic\n---\n")),
            _ => site.write("content/a.md", format!("# A\n\nBuild {build}.\n")),
        }
        let (path, word) =
            if build % 10 == 9 { ("/course/", format!("The {build}th")) } else { ("/a/", format!("Build {build}.")) };
        let end = Instant::now() + super::running::PATIENCE;
        while !serve.get(path, &[]).text().contains(&word) {
            assert!(Instant::now() < end, "build {build} is not shown");
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    // An allocator takes memory by the megabyte, once, whenever its threads happen to meet: a step is no leak. What leaks
    // grows in the second thousand as it did in the first.
    (0..100).for_each(build);
    let held = [100..1_000, 1_000..2_000].into_iter().any(|builds| {
        let before = memory();
        builds.clone().for_each(build);
        let after = memory();
        println!("{before} kB before builds {builds:?}, {after} kB after");
        after * 10 <= before * 11
    });
    assert!(held, "memory grows with every build");
}
