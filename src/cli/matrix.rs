//! `tierpress matrix`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tierpress::build::{self, Request};
use tierpress::diagnostic::Diagnostic;
use tierpress::fs;
use tierpress::load::dates;
use tierpress::manifest::Manifest;
use tierpress::review::matrix::Matrix;

use super::build::failed;
use super::{Ending, Format, SiteArguments, clocks, say};

/// What `matrix` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress matrix                        this site, today
  tierpress matrix --at 2026-12-24 --format csv > christmas.csv
  tierpress matrix --manifest tierpress-out/manifest.json

open, teaser, denied, hidden (not found); waiting (day 7): opens on that day of a member, the first being day 0;
waiting (2026-12-01): opens at that date.")]
pub(super) struct Arguments {
    /// The instant that is asked about [default: the content's clock]
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// A manifest, in place of the site
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    site: SiteArguments,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Say,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Say {
    /// A table, as wide as the terminal
    #[default]
    Table,
    /// Comma-separated values
    Csv,
    /// For machines; `tierpress schema matrix` says how
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let format = if arguments.format == Say::Json { Format::Json } else { Format::Text };
    match matrix(arguments) {
        Ok(matrix) => {
            match arguments.format {
                Say::Table => matrix.table(width()).iter().for_each(|line| say::line(line)),
                Say::Csv => say::text(&matrix.csv()),
                Say::Json => say::json(&serde_json::json!(matrix)),
            }
            Ending::Done
        }
        Err(faults) => failed(&faults, format, ""),
    }
}

fn matrix(arguments: &Arguments) -> Result<Matrix, Vec<Diagnostic>> {
    let clocks = clocks(arguments.site.now.as_deref()).map_err(|fault| vec![*fault])?;
    let setup = |message: String| vec![Diagnostic::setup(message)];
    if let Some(path) = &arguments.manifest {
        let bytes = fs::read(path).map_err(|fault| setup(fault.to_string()))?;
        let manifest = Manifest::parse(&bytes).map_err(|fault| setup(format!("`{}`: {fault}", path.display())))?;
        let at = at(arguments, &jiff::tz::TimeZone::UTC)?.unwrap_or(clocks.now);
        return Ok(Matrix::of(&manifest, None, at));
    }
    let request = Request {
        root: &arguments.site.root,
        now: clocks.now,
        drafts: arguments.site.drafts,
        base_url: arguments.site.base_url.as_deref(),
        ..Request::default()
    };
    let plan = build::plan_only(&request)?;
    let config = &plan.site().config;
    let at = at(arguments, &config.zone)?.unwrap_or(clocks.now);
    Ok(Matrix::of(&build::model(&plan), config.catalogue.default_tier(), at))
}

/// The instant that is asked about, if one is.
fn at(arguments: &Arguments, zone: &jiff::tz::TimeZone) -> Result<Option<tierpress::time::Timestamp>, Vec<Diagnostic>> {
    let Some(text) = &arguments.at else { return Ok(None) };
    let date = dates::parse(text, zone).ok_or_else(|| {
        let fault = Diagnostic::setup(format!("`--at {text}` is no date"));
        vec![fault.help("write 2026-12-01, or 2026-12-01T09:00:00Z")]
    })?;
    Ok(Some(date.first))
}

/// As wide as the terminal says it is; without an end, where it is not one.
fn width() -> usize {
    const USUAL: usize = 100;
    if !std::io::stdout().is_terminal() {
        return usize::MAX;
    }
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(USUAL)
}
