//! `tierpress list`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tierpress::build::{self, Request};
use tierpress::config::Config;
use tierpress::diagnostic::Diagnostic;
use tierpress::review::csv;
use tierpress::review::list::{self, Filter, Named, Row};

use super::build::failed;
use super::{Ending, Format, clocks, say};

/// What `list` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The content's clock: a date or an instant [default: SOURCE_DATE_EPOCH, else the present]
    #[arg(long, value_name = "T")]
    now: Option<String>,
    /// Drafts alone
    #[arg(long)]
    drafts: bool,
    /// Only what is not published: drafts, what is released too far ahead, and what is over
    #[arg(long)]
    skipped: bool,
    /// Only pages whose access names this: a tier, a bundle, `members` or `public`
    #[arg(long, value_name = "ID")]
    access: Option<String>,
    /// How the pages are said
    #[arg(long, value_enum, default_value_t)]
    format: Table,
}

/// How a table is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Table {
    /// For people
    #[default]
    Text,
    /// For machines
    Json,
    /// For spreadsheets
    Csv,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let format = if arguments.format == Table::Json { Format::Json } else { Format::Text };
    match rows(arguments) {
        Ok(rows) => {
            match arguments.format {
                Table::Text => text(&rows),
                Table::Json => say::json(&serde_json::json!({ "pages": rows })),
                Table::Csv => csv(&rows),
            }
            Ending::Done
        }
        Err(faults) => failed(&faults, format, ""),
    }
}

fn rows(arguments: &Arguments) -> Result<Vec<Row>, Vec<Diagnostic>> {
    let clocks = clocks(arguments.now.as_deref()).map_err(|fault| vec![*fault])?;
    let plan = build::plan_only(&Request { root: &arguments.root, now: clocks.now, ..Request::default() })?;
    let access = arguments.access.as_deref().map(|id| named(id, &plan.site().config)).transpose();
    let access = access.map_err(|fault| vec![*fault])?;
    Ok(list::list(&plan, &Filter { drafts: arguments.drafts, skipped: arguments.skipped, access }))
}

fn named(text: &str, config: &Config) -> Result<Named, Box<Diagnostic>> {
    match text {
        "public" => Ok(Named::Public),
        "members" => Ok(Named::Members),
        _ => match config.catalogue.lookup(text) {
            Some(found) => Ok(Named::Id(found.id)),
            None => {
                let fault = Diagnostic::setup(format!("`--access`: unknown tier or bundle `{text}`"));
                let near = config.catalogue.nearest(text).map(|near| format!("did you mean `{near}`?"));
                Err(Box::new(fault.help(near.unwrap_or_else(|| "write an id of site.yaml".to_owned()))))
            }
        },
    }
}

const HEADINGS: [&str; 10] =
    ["path", "access", "state", "date", "release", "until", "drip", "hidden", "title", "source"];

fn cells(row: &Row) -> [&str; 10] {
    fn optional(value: &Option<String>) -> &str {
        value.as_deref().unwrap_or_default()
    }
    [
        &row.path,
        &row.access,
        &row.state,
        optional(&row.date),
        optional(&row.release),
        optional(&row.until),
        optional(&row.drip),
        if row.hidden { "hidden" } else { "" },
        &row.title,
        &row.source,
    ]
}

/// Columns for people: those that say nothing are left out, and so is the title.
fn text(rows: &[Row]) {
    let shown: Vec<usize> = (0..HEADINGS.len())
        .filter(|column| HEADINGS.get(*column) != Some(&"title"))
        .filter(|column| rows.iter().any(|row| cells(row).get(*column).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let cell = |cells: &[&str; 10], column: usize| cells.get(column).copied().unwrap_or_default().to_owned();
    let mut table: Vec<Vec<String>> = vec![shown.iter().map(|column| cell(&HEADINGS, *column)).collect()];
    table.extend(rows.iter().map(|row| shown.iter().map(|column| cell(&cells(row), *column)).collect()));
    let width = |column: usize| table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..shown.len()).map(|column| width(column).unwrap_or_default()).collect();
    for row in table.iter().filter(|_| !rows.is_empty()) {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        say::line(line.join("  ").trim_end());
    }
    let skipped: Vec<&Row> = rows.iter().filter(|row| row.skipped.is_some()).collect();
    // That something is a draft is said by its state.
    for row in skipped.iter().filter(|row| row.state != "draft") {
        say::line(&format!("{} is not published: {}", row.source, row.skipped.as_deref().unwrap_or_default()));
    }
    let rest =
        if skipped.is_empty() { String::new() } else { format!(", {} not published", say::grouped(skipped.len())) };
    say::line(&format!("{}{rest}", say::number(rows.len(), "page")));
}

fn csv(rows: &[Row]) {
    say::text(&csv::record(HEADINGS.into_iter().chain(["skipped"])));
    for row in rows {
        say::text(&csv::record(cells(row).into_iter().chain([row.skipped.as_deref().unwrap_or_default()])));
    }
}
