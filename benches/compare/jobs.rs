//! Which commands are compared, on which sites, and what is expected of them.

use std::error::Error;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::Form;
use crate::install;
use crate::measure::{Cost, measure};
use crate::report::{Goals, Report};

/// The instant every build is told: nothing in the generated site depends on it.
const NOW: &str = "2026-11-01T00:00:00Z";

/// One question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Comparison {
    /// All trees of the gated site, against one plain Hugo build of the same content.
    Hugo,
    /// All trees of the gated site, against Hugo with twelve roles.
    HugoRoles,
    /// All trees of the gated site, against one tree of the same content, all public.
    OneTree,
    /// The same two without trees: objects and manifest only.
    NoTrees,
    /// Ten times the lessons, against the lessons asked for by a tenth.
    Size,
    /// A build that has nothing to do, against a cold one.
    Again,
}

/// One side of a comparison.
struct Job {
    label: String,
    command: Vec<String>,
    out: PathBuf,
    /// Whether the output of the run before stays.
    keep: bool,
}

/// Where things are.
pub(crate) struct Bench {
    dir: PathBuf,
    hugo: PathBuf,
    lessons: usize,
}

impl Bench {
    /// Finds Hugo, or installs it.
    pub(crate) fn new(dir: PathBuf, hugo: Option<PathBuf>, lessons: usize) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(&dir)?;
        let dir = dir.canonicalize()?;
        let hugo = hugo.map_or_else(install::hugo, Ok)?;
        install::run(Command::new(&hugo).arg("version"))?;
        Ok(Self { dir, hugo, lessons })
    }

    /// Runs one comparison: so many pairs, in turn.
    pub(crate) fn run(&self, comparison: Comparison, runs: usize) -> Result<Report, Box<dyn Error>> {
        let (ours, other, goals) = self.sides(comparison)?;
        let mut pairs = Vec::new();
        for _ in 0..runs {
            pairs.push((once(&ours)?, once(&other)?));
        }
        let mut notes = vec![format!("{}: {} files", ours.label, count(&ours.out)?)];
        if comparison == Comparison::Again {
            let before = snapshot(&ours.out)?;
            once(&ours)?;
            let written = snapshot(&ours.out)?.iter().zip(&before).filter(|(new, old)| new != old).count();
            notes.push(format!("files and folders that the rebuild touched: {written}"));
        } else {
            notes.push(format!("{}: {} files", other.label, count(&other.out)?));
        }
        Ok(Report { title: format!("{} / {}", ours.label, other.label), lessons: self.lessons, pairs, goals, notes })
    }

    fn sides(&self, comparison: Comparison) -> Result<(Job, Job, Goals), Box<dyn Error>> {
        let gated = self.ours(Form::Gated, self.lessons, &[])?;
        Ok(match comparison {
            Comparison::Hugo => (gated, self.hugo(Form::Hugo)?, Goals::time(0.5).peak(256.0)),
            Comparison::HugoRoles => (gated, self.hugo(Form::HugoRoles)?, Goals::time(0.10)),
            Comparison::OneTree => (gated, self.ours(Form::Open, self.lessons, &[])?, Goals::time(3.0).memory(1.3)),
            Comparison::NoTrees => {
                let none = ["--trees", "none"];
                let gated = self.ours(Form::Gated, self.lessons, &none)?;
                (gated, self.ours(Form::Open, self.lessons, &none)?, Goals::time(2.0).memory(1.3))
            }
            Comparison::Size => (gated, self.ours(Form::Gated, self.lessons / 10, &[])?, Goals::time(11.0)),
            Comparison::Again => {
                let cold = self.ours(Form::Gated, self.lessons, &[])?;
                let again = Job { label: "unchanged".to_owned(), out: cold.out.clone(), keep: true, ..gated };
                // The cold build comes first in each pair, so that there is something to leave unchanged.
                once(&cold)?;
                (again, cold, Goals::time(0.2))
            }
        })
    }

    fn ours(&self, form: Form, lessons: usize, options: &[&str]) -> Result<Job, Box<dyn Error>> {
        let site = self.site(form, lessons)?;
        let label = format!("{} {lessons}{}", form.name(), options.join(" ").replace("--", " "));
        let out = self.dir.join("out").join(label.replace(' ', "-"));
        let mut command = vec![env!("CARGO_BIN_EXE_tierpress").to_owned(), "build".to_owned()];
        command.extend(["--root".to_owned(), text(&site), "--out".to_owned(), text(&out)]);
        command.extend(["--now", NOW, "--format", "json"].map(str::to_owned));
        command.extend(options.iter().map(|option| (*option).to_owned()));
        Ok(Job { label, command, out, keep: false })
    }

    fn hugo(&self, form: Form) -> Result<Job, Box<dyn Error>> {
        let site = self.site(form, self.lessons)?;
        let label = format!("{} {}", form.name(), self.lessons);
        let out = self.dir.join("out").join(label.replace(' ', "-"));
        let command = vec![text(&self.hugo), "--source".into(), text(&site), "--destination".into(), text(&out)];
        Ok(Job { label, command: [command, vec!["--quiet".into(), "--noBuildLock".into()]].concat(), out, keep: false })
    }

    /// The site in one form: written unless it is there already from this very program.
    fn site(&self, form: Form, lessons: usize) -> Result<PathBuf, Box<dyn Error>> {
        let root = self.dir.join("sites").join(format!("{}-{lessons}", form.name()));
        let stamp = root.with_extension("stamp");
        let maker = fs::metadata(std::env::current_exe()?)?;
        let made_by = format!("{} {}", maker.mtime(), maker.len());
        if fs::read_to_string(&stamp).is_ok_and(|text| text == made_by) {
            return Ok(root);
        }
        clear(&root)?;
        form.write(&root, lessons)?;
        fs::write(stamp, made_by)?;
        Ok(root)
    }
}

/// One run. What was there before is removed, and the disk is left in peace, before the clock starts.
fn once(job: &Job) -> Result<Cost, Box<dyn Error>> {
    if !job.keep {
        clear(&job.out)?;
    }
    rustix::fs::sync();
    measure(&job.command)
}

fn clear(folder: &Path) -> Result<(), Box<dyn Error>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn count(folder: &Path) -> Result<usize, Box<dyn Error>> {
    let entries: Vec<_> = walkdir::WalkDir::new(folder).into_iter().collect::<Result<_, _>>()?;
    Ok(entries.iter().filter(|entry| entry.file_type().is_file()).count())
}

/// Every file and folder, with what changes when it is written.
fn snapshot(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let changed = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
        found.push(format!("{} {changed:?}", entry.path().display()));
    }
    Ok(found)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
