//! `tierpress members export` and `import`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tierpress::diagnostic::{Diagnostic, Source};
use tierpress::fs;
use tierpress::ledger::{Line, table};
use tierpress::load::dates;

use super::super::{Ending, Format, say};
use super::desk::{At, Desk, Faults as Found, If, fault, json, one, with};

/// What `members export` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members export --db members.db --out members.jsonl
  tierpress members export --db postgres://shop@db.example/members > members.jsonl

Events and, as records beside them, addresses and customers: keep it as safe as the ledger. With --out nobody else on the machine
may read the file. What payment providers sent word for word is not in it.")]
pub(in super::super) struct ExportArguments {
    /// The file to make [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// What `members import` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members import members.jsonl --db members.db
  tierpress members import old-system.csv --db members.db --root school

JSON lines as `members export` writes them; or a table of another system's members, with the columns email, access_control, since,
until (a last day; empty where it has no end) and stripe_customer (cus_…, of those who go on paying there). Where anything is wrong all of it is said and nothing is taken in. What was
taken in before changes nothing. Nobody is told anything.")]
pub(in super::super) struct ImportArguments {
    /// The file
    file: PathBuf,
    /// What it holds [default: csv for names that end so, else lines]
    #[arg(long = "as", value_enum)]
    kind: Option<Kind>,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Kind {
    /// JSON lines
    Lines,
    /// A table
    Csv,
}

pub(super) fn export(arguments: &ExportArguments) -> Ending {
    with(&arguments.at, (If::There, Format::Text), async |desk| {
        match &arguments.out {
            None => {
                let mut write = say::line_or_error;
                desk.ledger.export(&mut write).await.map_err(|error| one(&error.to_string()))?;
            }
            Some(path) => {
                let mut text = String::new();
                let mut write = |line: &str| {
                    text.push_str(line);
                    text.push('\n');
                    Ok(())
                };
                desk.ledger.export(&mut write).await.map_err(|error| one(&error.to_string()))?;
                fs::write_atomic_secret(path, text.as_bytes()).map_err(|error| one(&error.to_string()))?;
            }
        }
        Ok(Ending::Done)
    })
}

pub(super) fn import(arguments: &ImportArguments) -> Ending {
    let ImportArguments { file, kind, at, format } = arguments;
    with(at, (If::Missing, *format), async |desk| {
        let text = fs::read_text(file).map_err(|error| one(&error.to_string()))?;
        let name = file.display().to_string().into();
        let source = Source { file: &name, text: &text };
        let imported = match kind.unwrap_or_else(|| by_name(file)) {
            Kind::Lines => lines(desk, source).await?,
            Kind::Csv => rows(desk, source).await?,
        };
        match format {
            Format::Json => json(&imported)?,
            Format::Text => {
                let new = say::number(imported.new, "new event");
                let members = say::number(imported.members, "member");
                say::line(&format!("{new} of {members}, {} known before", say::grouped(imported.known)));
            }
        }
        Ok(Ending::Done)
    })
}

fn by_name(file: &Path) -> Kind {
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    if is_csv { Kind::Csv } else { Kind::Lines }
}

async fn lines(desk: &Desk, source: Source<'_>) -> Result<tierpress::ledger::Imported, Found> {
    let lines = Line::read(source)?;
    let rules = desk.rules();
    let imported = desk.ledger.import(&lines, &desk.present(&rules)).await.map_err(fault)?;
    imported.map_err(|faults| placed(source, &faults))
}

async fn rows(desk: &Desk, source: Source<'_>) -> Result<tierpress::ledger::Imported, Found> {
    let dates = |text: &str| dates::parse(text, &desk.config.zone);
    let rows = table::read(source, &desk.config.catalogue, &dates)?;
    let rules = desk.rules();
    let imported = desk.ledger.import_table(&rows, &desk.present(&rules)).await.map_err(fault)?;
    imported.map_err(|faults| placed(source, &faults))
}

/// Faults with the lines that they are about.
fn placed(source: Source<'_>, faults: &[(usize, tierpress::ledger::Refused)]) -> Found {
    let mut starts = vec![0];
    starts.extend(source.text.match_indices('\n').map(|(at, _)| at + 1));
    let place = |line: usize| {
        let start = line.checked_sub(1).and_then(|line| starts.get(line)).copied().unwrap_or_default();
        source.locate(start..start + 1)
    };
    faults.iter().map(|(line, refused)| Diagnostic::setup(refused.to_string()).at(place(*line))).collect()
}
