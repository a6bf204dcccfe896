//! `tierpress members simulate`: what would come of what one member might do.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use tierpress::diagnostic::{Diagnostic, any_error};
use tierpress::fs;
use tierpress::load::timeline;
use tierpress::manifest::Manifest;
use tierpress::members::picture::picture;
use tierpress::members::simulate::{Simulation, Step, simulate};
use tierpress::members::timeline::Timeline;
use tierpress::members::words;

use super::super::build::failed;
use super::super::{Ending, Format, say};

/// What `members simulate` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members simulate ada.yaml
  tierpress members simulate ada.yaml --manifest tierpress-out/manifest.json    with the pages that open and close
  tierpress members simulate ada.yaml --format html > ada.html

A timeline says what is sold, what happens and what should come of it:
  access: {tiers: [{id: basic, title: Basic}]}
  products: [{id: monthly, sells: basic, price: {amount: 900, currency: eur}, billing: {every: 1 month}}]
  events:
    2027-01-01: {buys: monthly}
    2027-01-20: {cancels: monthly}
  expect:
    2027-01-31: {tier: basic, grants: {monthly: pending_cancellation}}
    2027-02-01: {tier: none}

Exit code 3 where something is not as it was expected to be.")]
pub(in super::super) struct Arguments {
    /// The timeline
    #[arg(value_name = "TIMELINE.yaml")]
    timeline: PathBuf,
    /// The pages that there are: what a build wrote
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Say,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Say {
    /// For people
    #[default]
    Text,
    /// For machines
    Json,
    /// A picture: one page for a browser
    Html,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let format = if arguments.format == Say::Json { Format::Json } else { Format::Text };
    match play(arguments) {
        Ok((timeline, simulation)) => {
            show(&timeline, &simulation, arguments.format);
            if simulation.failures.is_empty() { Ending::Done } else { Ending::Found }
        }
        Err(faults) => failed(&faults, format, "; nothing was played"),
    }
}

fn play(arguments: &Arguments) -> Result<(Timeline, Simulation), Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let timeline = timeline::load(&arguments.timeline, &mut faults);
    let timeline = timeline.filter(|_| !any_error(&faults)).ok_or(faults)?;
    let manifest = match &arguments.manifest {
        None => None,
        Some(path) => {
            let setup = |message: String| vec![Diagnostic::setup(message)];
            let bytes = fs::read(path).map_err(|fault| setup(fault.to_string()))?;
            Some(Manifest::parse(&bytes).map_err(|fault| setup(format!("`{}`: {fault}", path.display())))?)
        }
    };
    if let (None, Some(expected)) = (&manifest, timeline.page_expectation()) {
        let fault = Diagnostic::setup("pages are expected to open, and no manifest says which there are");
        return Err(vec![fault.at(expected.place.clone()).help("name one: `--manifest tierpress-out/manifest.json`")]);
    }
    let simulation = simulate(&timeline, manifest.as_ref());
    Ok((timeline, simulation))
}

fn show(timeline: &Timeline, simulation: &Simulation, format: Say) {
    let zone = timeline.site(timeline.until).map_or(TimeZone::UTC, |site| site.zone.clone());
    match format {
        Say::Json => say::json(&serde_json::json!(simulation)),
        Say::Html => say::line(picture(simulation, &zone).trim_end()),
        Say::Text => {
            if !simulation.title.is_empty() {
                say::line(&format!("{}\n", simulation.title));
            }
            for step in &simulation.steps {
                lines(step, &zone).iter().for_each(|line| say::line(line));
            }
            if simulation.expectations > 0 && simulation.failures.is_empty() {
                say::line(&format!("{}, all met", say::number(simulation.expectations, "expectation")));
            }
        }
    }
    if format != Say::Json {
        say::diagnostics(&simulation.failures, Format::Text);
    }
}

fn lines(step: &Step, zone: &TimeZone) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", words::day(step.at, zone), step.events.join("; ")).trim_end().to_owned()];
    lines.extend(step.member.grants.iter().map(|grant| format!("  {}", words::grant(grant, zone))));
    let tier = step.member.tier.as_ref().map_or("none".to_owned(), ToString::to_string);
    lines.push(format!("  tier: {tier}"));
    let entry = |entry: &tierpress::members::simulate::Entry| {
        words::span(&entry.value, (entry.since, entry.until, entry.frozen), zone)
    };
    let token: Vec<String> = step.token.iter().map(entry).collect();
    if !token.is_empty() {
        lines.push(format!("  token: {}", token.join("; ")));
    }
    lines.extend(step.told.iter().map(|told| format!("  > {}", words::notification(told))));
    for (word, paths) in [("opens", &step.opens), ("closes", &step.closes)] {
        if !paths.is_empty() {
            lines.push(format!("  {word}: {}", paths.join(", ")));
        }
    }
    lines.push(String::new());
    lines
}
