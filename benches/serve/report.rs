//! What was measured, as tables in Markdown, and which goals were missed.

use std::fmt;
use std::time::Duration;

use crate::edits::Edit;
use crate::measure;
use crate::servers::{Cost, Server};

/// One save, seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From the save to the page that had loaded again; none where it never did.
    pub(crate) time: Option<Duration>,
    /// Seconds of the server's processor time, until it was calm again.
    pub(crate) cpu: f64,
    /// Whether a page that nobody had open showed something old even then.
    pub(crate) stale: bool,
}

/// All of one server at one size.
pub(crate) struct Measured {
    pub(crate) server: Server,
    pub(crate) lessons: usize,
    /// Whole builds.
    pub(crate) builds: Vec<measure::Cost>,
    /// Until the home page came.
    pub(crate) start: Duration,
    /// What it had cost when it was up and calm.
    pub(crate) up: Cost,
    /// And after all edits.
    pub(crate) end: Cost,
    pub(crate) edits: Vec<(Edit, Vec<Sample>)>,
}

/// Everything.
pub(crate) struct Report {
    pub(crate) versions: String,
    pub(crate) measured: Vec<Measured>,
}

impl Measured {
    fn build(&self, value: fn(&measure::Cost) -> f64) -> f64 {
        median(self.builds.iter().map(value))
    }

    fn milliseconds(samples: &[Sample]) -> impl Iterator<Item = f64> {
        samples.iter().map(|sample| sample.time.map_or(f64::INFINITY, |time| time.as_secs_f64() * 1e3))
    }

    fn time(&self, edit: Edit) -> Option<f64> {
        let samples = &self.edits.iter().find(|(known, _)| *known == edit)?.1;
        Some(median(Self::milliseconds(samples)))
    }

    /// The same, where no page stayed as it was: who does not do the work is no yardstick.
    fn right(&self, edit: Edit) -> Option<f64> {
        let samples = &self.edits.iter().find(|(known, _)| *known == edit)?.1;
        let stale = samples.iter().any(|sample| sample.stale || sample.time.is_none());
        self.time(edit).filter(|_| !stale)
    }
}

impl Report {
    /// What was expected and did not come: a line each.
    pub(crate) fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        for ours in self.measured.iter().filter(|measured| measured.server == Server::Tierpress) {
            let lessons = ours.lessons;
            let build = ours.build(|cost| cost.wall) * 1e3;
            let limit = if lessons <= 1_000 { 100.0 } else { 250.0 };
            for (edit, _) in &ours.edits {
                let time = ours.time(*edit).unwrap_or(f64::INFINITY);
                if *edit == Edit::Body && time > limit {
                    missed.push(format!("{lessons} lessons, {edit:?}: {time:.0} ms, the goal is {limit} ms"));
                }
                if time > build {
                    missed.push(format!("{lessons} lessons, {edit:?}: {time:.0} ms, a build takes {build:.0} ms"));
                }
                for other in self.measured.iter().filter(|other| other.lessons == lessons) {
                    if other.server != Server::Tierpress && other.right(*edit).is_some_and(|theirs| theirs <= time) {
                        missed.push(format!("{lessons} lessons, {edit:?}: `{}` is faster", other.server.name()));
                    }
                }
            }
        }
        missed
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.versions)?;
        let mut sizes: Vec<usize> = self.measured.iter().map(|measured| measured.lessons).collect();
        sizes.dedup();
        for lessons in sizes {
            let measured: Vec<&Measured> = self.measured.iter().filter(|one| one.lessons == lessons).collect();
            writeln!(f, "## {lessons} lessons\n")?;
            let runs = measured.iter().flat_map(|one| one.edits.iter().map(|(_, samples)| samples.len())).max();
            let title = "save to reloaded page, ms: median / worst";
            table(f, &measured, title, |samples| times(samples, runs.unwrap_or(0)))?;
            work(f, &measured)?;
            costs(f, &measured)?;
        }
        let missed = self.missed();
        missed.iter().try_for_each(|line| writeln!(f, "MISSED {line}"))
    }
}

/// The kinds of edits that anybody was asked for, in order.
fn kinds(measured: &[&Measured]) -> Vec<Edit> {
    let all: &[Edit] = clap::ValueEnum::value_variants();
    let asked = |edit: &&Edit| measured.iter().any(|one| one.edits.iter().any(|(known, _)| known == *edit));
    all.iter().filter(asked).copied().collect()
}

fn table(
    f: &mut fmt::Formatter<'_>,
    measured: &[&Measured],
    title: &str,
    cell: impl Fn(&[Sample]) -> String,
) -> fmt::Result {
    let kinds = kinds(measured);
    write!(f, "| {title} |")?;
    kinds.iter().try_for_each(|edit| write!(f, " {} |", format!("{edit:?}").to_lowercase()))?;
    writeln!(f, "\n|---|{}", "---:|".repeat(kinds.len()))?;
    for one in measured {
        write!(f, "| `{}` |", one.server.name())?;
        for edit in &kinds {
            let samples = one.edits.iter().find(|(known, _)| known == edit);
            write!(f, " {} |", samples.map_or("–".to_owned(), |(_, samples)| cell(samples)))?;
        }
        writeln!(f)?;
    }
    writeln!(f)
}

/// Median and worst, and what was not as it should be; `runs` were asked for.
pub(crate) fn times(samples: &[Sample], runs: usize) -> String {
    let worst = Measured::milliseconds(samples).fold(0.0, f64::max);
    let never = samples.iter().filter(|sample| sample.time.is_none()).count();
    let stale = samples.iter().filter(|sample| sample.stale).count();
    if never == samples.len() {
        return "never".to_owned();
    }
    let mut text = format!("{:.0} / {worst:.0}", median(Measured::milliseconds(samples)));
    if samples.len() < runs {
        text += &format!(" ({} saves)", samples.len());
    }
    if never > 0 {
        text += &format!(" (never: {never} of {})", samples.len());
    }
    if stale > 0 {
        text += &format!(" (stale elsewhere: {stale} of {})", samples.len());
    }
    text
}

fn work(f: &mut fmt::Formatter<'_>, measured: &[&Measured]) -> fmt::Result {
    table(f, measured, "processor time until calm again, ms: median", |samples| {
        format!("{:.0}", median(samples.iter().map(|sample| sample.cpu * 1e3)))
    })
}

fn costs(f: &mut fmt::Formatter<'_>, measured: &[&Measured]) -> fmt::Result {
    writeln!(
        f,
        "| | full build: wall s | cpu s | peak MiB | serve: up after s | cpu s | MiB | MiB after all edits | peak MiB |"
    )?;
    writeln!(f, "|---|{}", "---:|".repeat(8))?;
    for one in measured {
        let build = [one.build(|cost| cost.wall), one.build(|cost| cost.cpu), one.build(|cost| cost.memory)];
        write!(f, "| `{}` | {:.2} | {:.2} | {:.0} |", one.server.name(), build[0], build[1], build[2])?;
        write!(f, " {:.2} | {:.2} | {:.0} |", one.start.as_secs_f64(), one.up.cpu, one.up.memory)?;
        writeln!(f, " {:.0} | {:.0} |", one.end.memory, one.end.peak)?;
    }
    writeln!(f)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.is_empty() {
        f64::NAN
    } else if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
