//! How long the writer's loop takes from a save to the new site: `cargo run --release --example rebuild -- [LESSONS]`.
//!
//! Each kind of edit is made several times on a course of so many lessons; the median is printed, in milliseconds, beside
//! that of a first build.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement that fails says so by a panic"
)]
#![allow(clippy::too_many_lines, reason = "a list of edits is long")]
#![allow(clippy::disallowed_methods, reason = "it makes files of its own")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]
#![allow(dead_code, reason = "the generator can do more")]

#[path = "../benches/compare/course.rs"]
mod course;
#[path = "../benches/compare/ours.rs"]
mod ours;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tierpress::serve::keeper::{Changes, Clock, Keeper, Settings};
use tierpress::time::Timestamp;

const TIMES: usize = 9;

struct Bench {
    root: PathBuf,
    keeper: Keeper,
}

impl Bench {
    fn keeper(root: &Path) -> Keeper {
        let clock = Clock::Fixed(Timestamp::try_from(1_796_083_200).unwrap());
        Keeper::new(Settings { root: root.to_owned(), drafts: false, base_url: None, clock })
    }

    fn measure(&mut self, name: &str, edit: impl Fn(&Path, usize) -> Vec<&'static str>) {
        let mut times = Vec::new();
        for time in 0..TIMES {
            let paths: BTreeSet<PathBuf> = edit(&self.root, time).iter().map(|path| self.root.join(path)).collect();
            let start = Instant::now();
            let state = self.keeper.rebuild(&Changes::Paths(paths));
            times.push(start.elapsed().as_secs_f64() * 1_000.0);
            assert!(state.faults.is_empty(), "{}", state.faults[0]);
        }
        times.sort_by(f64::total_cmp);
        println!("{name:16} {:8.1} (worst {:.1})", times[TIMES / 2], times[TIMES - 1]);
    }
}

fn change(root: &Path, file: &str, edit: impl Fn(&str) -> String) {
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, edit(&text)).unwrap();
}

fn main() {
    let lessons = std::env::args().nth(1).map_or(1_000, |lessons| lessons.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    ours::write(&root, course::Course { lessons, seed: 7 }, ours::Gating::Gated).unwrap();
    let mut first = Vec::new();
    for _ in 0..3 {
        let mut keeper = Bench::keeper(&root);
        let start = Instant::now();
        let state = keeper.rebuild(&Changes::Everything);
        first.push(start.elapsed().as_secs_f64() * 1_000.0);
        assert!(state.faults.is_empty(), "{}", state.faults[0]);
    }
    first.sort_by(f64::total_cmp);
    println!("{lessons} lessons, in milliseconds\n{:16} {:8.1}", "first", first[1]);
    let keeper = Bench::keeper(&root);
    let mut bench = Bench { root, keeper };
    bench.keeper.rebuild(&Changes::Everything);
    const LESSON: &str = "content/course-002/lesson-03.md";
    bench.measure("nothing", |_, _| vec![]);
    bench.measure("body", |root, time| {
        change(root, LESSON, |text| format!("{text}\nAnother sentence, the {time}th.\n"));
        vec![LESSON]
    });
    bench.measure("title", |root, time| {
        change(root, LESSON, |text| text.replacen("title: \"", &format!("title: \"{time} "), 1));
        vec![LESSON]
    });
    bench.measure("access", |root, time| {
        let access = ["pro", "basic", "free"][time % 3];
        change(root, LESSON, |text| {
            let lines = text.lines().map(|line| match line.strip_prefix("access:") {
                Some(_) => format!("access: {access}\n"),
                None => format!("{line}\n"),
            });
            lines.collect()
        });
        vec![LESSON]
    });
    bench.measure("new file", |root, time| {
        let name = ["a", "b", "c", "d", "e", "f", "g", "h", "i"][time % TIMES];
        let path = format!("content/course-002/new-{name}.md");
        std::fs::write(root.join(&path), "---\ntitle: New\n---\nNew.\n").unwrap();
        vec![path.leak()]
    });
    bench.measure("deleted file", |root, time| {
        let name = ["a", "b", "c", "d", "e", "f", "g", "h", "i"][time % TIMES];
        let path = format!("content/course-002/new-{name}.md");
        std::fs::remove_file(root.join(&path)).unwrap();
        vec![path.leak()]
    });
    bench.measure("template", |root, time| {
        change(root, "themes/minimal/templates/page.html", |text| {
            text.replacen("{% block", &format!("{{# {time} #}}{{% block"), 1)
        });
        vec!["themes/minimal/templates/page.html"]
    });
    bench.measure("site.yaml", |root, time| {
        change(root, "site.yaml", |text| format!("{text}# {time}\n"));
        vec!["site.yaml"]
    });
}
