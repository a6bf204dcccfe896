//! What the commands about members share: where the ledger is, who is meant, and how things are said.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tierpress::config::Config;
use tierpress::diagnostic::{Diagnostic, any_error};
use tierpress::ledger::address::Address;
use tierpress::ledger::{Error, Ledger, Present};
use tierpress::load::{config, dates};
use tierpress::members::event::MemberId;
use tierpress::members::{Grant, Rules, State};
use tierpress::review::words::Words;
use tierpress::time::{Date, Timestamp};

use super::super::build::failed;
use super::super::{Ending, Format, present, say};

/// Which ledger, by whose rules, when.
#[derive(Debug, Args)]
pub(super) struct At {
    /// The ledger: a file of SQLite, or a postgres:// URL
    #[arg(long, value_name = "FILE|URL", env = "TIERPRESS_DB", hide_env_values = true)]
    db: Option<String>,
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// When: a date or an instant [default: the present]
    #[arg(long, value_name = "T")]
    now: Option<String>,
}

impl At {
    /// A clock that stands still where an instant was given.
    pub(super) fn clock(&self, now: Timestamp) -> tierpress::webhooks::Clock {
        match self.now {
            Some(_) => Arc::new(move || now),
            None => Arc::new(present),
        }
    }
}

/// An open ledger with the rules of its site.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) ledger: Ledger,
    pub(super) config: Config,
    pub(super) now: Timestamp,
}

/// Whether a ledger that is not there is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum If {
    There,
    Missing,
}

/// What went wrong.
pub(super) type Faults = Vec<Diagnostic>;

/// Opens the ledger and does something with it.
pub(super) fn with(
    at: &At,
    (make, format): (If, Format),
    deed: impl AsyncFnOnce(&Desk) -> Result<Ending, Faults>,
) -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|error| one(&error.to_string())).and_then(|runtime| {
        runtime.block_on(async {
            let desk = Desk::open(at, make).await?;
            let done = deed(&desk).await;
            desk.ledger.close().await;
            done
        })
    });
    done.unwrap_or_else(|faults| failed(&faults, format, ""))
}

impl Desk {
    async fn open(at: &At, make: If) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let config = config::load(&at.root, &mut faults);
        let config = config.filter(|_| !any_error(&faults)).ok_or(faults)?;
        let now = match &at.now {
            None => present(),
            Some(text) => date(&config, ("--now", text))?.first,
        };
        let db = at.db.as_deref().ok_or_else(|| {
            let unnamed = Diagnostic::setup("nothing says where the ledger is");
            vec![unnamed.help("name it with `--db members.db`, or for all commands with TIERPRESS_DB")]
        })?;
        let ledger = match make {
            If::There => Ledger::open(db).await,
            If::Missing => Ledger::create(db).await,
        };
        Ok(Self { ledger: ledger.map_err(fault)?, config, now })
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        Rules { catalogue: &self.config.catalogue, billing: self.config.billing, zone: &self.config.zone }
    }

    pub(super) fn present<'a>(&self, rules: &'a Rules<'a>) -> Present<'a> {
        Present { rules, now: self.now }
    }

    pub(super) fn words(&self) -> Words<'_> {
        Words::new(&self.config)
    }

    /// Who is meant by a name or an address.
    pub(super) async fn find(&self, text: &str) -> Result<MemberId, Faults> {
        if text.contains('@') {
            let address = address(text)?;
            let found = self.ledger.member_by_address(&address).await.map_err(fault)?;
            return found
                .ok_or_else(|| vec![Diagnostic::setup(format!("no member has the address `{text}`")).help(LIST_HELP)]);
        }
        let rules = self.rules();
        let found = self.ledger.member(text, &self.present(&rules)).await.map_err(fault)?;
        found
            .map(|held| held.id)
            .ok_or_else(|| vec![Diagnostic::setup(format!("there is no member `{text}`")).help(LIST_HELP)])
    }

    /// A tier or bundle by its id of today.
    pub(super) fn access_control(&self, text: &str) -> Result<tierpress::id::Id, Faults> {
        let catalogue = &self.config.catalogue;
        catalogue.lookup(text).map(|found| found.id).ok_or_else(|| {
            let unknown = Diagnostic::setup(format!("unknown tier or bundle `{text}`"));
            let product = self.config.products.iter().find(|product| product.id.as_str() == text);
            let sells = product.map(|product| format!("the product `{text}` sells `{}`: write that", product.sells));
            let near = || catalogue.nearest(text).map(|near| format!("did you mean `{near}`?"));
            vec![unknown.help(sells.or_else(near).unwrap_or_else(|| "write an id of site.yaml".to_owned()))]
        })
    }

    /// A date that was given with an option.
    pub(super) fn date(&self, option: &str, text: Option<&str>) -> Result<Option<Date>, Faults> {
        text.map(|text| date(&self.config, (option, text))).transpose()
    }

    /// A grant in words: `pro since 2026-03-01, active, until 2027-02-01 (order-7)`.
    pub(super) fn grant(&self, grant: &Grant) -> String {
        let words = self.words();
        let day = |at: Timestamp| words.day(at);
        let mut text = format!("{} since {}, {}", grant.access_control, day(grant.since), state(grant.state));
        if let Some(due) = grant.due.filter(|_| grant.ended.is_none()) {
            text.push_str(&format!(", next payment {}", day(due)));
        }
        if let Some(until) = grant.until {
            let word = if grant.ended.is_some() { "ended" } else { "until" };
            text.push_str(&format!(", {word} {}", day(until)));
        }
        if let Some(frozen) = grant.frozen {
            text.push_str(&format!(", frozen {}", day(frozen)));
        }
        format!("{text} ({})", grant.reference)
    }
}

const LIST_HELP: &str = "`tierpress members list` shows who there is";

pub(super) fn address(text: &str) -> Result<Address, Faults> {
    text.parse().map_err(|error: tierpress::ledger::address::AddressError| {
        vec![Diagnostic::setup(format!("`{text}` is no mail address")).help(error.to_string())]
    })
}

fn date(config: &Config, (option, text): (&str, &str)) -> Result<Date, Faults> {
    dates::parse(text, &config.zone).ok_or_else(|| {
        let fault = Diagnostic::setup(format!("`{option} {text}` is no date"));
        vec![fault.help("write 2026-12-01, or 2026-12-01T09:00:00Z")]
    })
}

pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::PendingCancellation => "cancelled for later",
        State::Overdue => "overdue",
        State::Superseded => "superseded",
        State::Suspended => "suspended",
        State::Cancelled => "cancelled",
        State::Expired => "expired",
    }
}

/// What the ledger would not do.
pub(super) fn fault(error: Error) -> Faults {
    let diagnostic = Diagnostic::setup(error.to_string());
    vec![match error {
        Error::Missing(_) => diagnostic.help("name it with `--db`; `members import` and `members grant` make one"),
        Error::Newer { .. } => diagnostic.help("use the version that made it, or a newer one"),
        Error::File(_)
        | Error::Unopened { .. }
        | Error::Unsafe { .. }
        | Error::Database(_)
        | Error::Damaged(_)
        | Error::Refused(_) => diagnostic,
    }]
}

pub(super) fn one(message: &str) -> Faults {
    vec![Diagnostic::setup(message)]
}

/// Says a value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), Faults> {
    let value = serde_json::to_value(value).map_err(|error| one(&error.to_string()))?;
    say::json(&value);
    Ok(())
}

/// Says a table in columns; its first row is the heading.
pub(super) fn table(rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        say::line(cells.join("  ").trim_end());
    }
}
