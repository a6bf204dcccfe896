//! Everything out, and everything in: JSON lines that another ledger reads, and whole files at once or not at all.
//!
//! An export holds events as they were told, and besides them who people are, as records of their own. It has no payloads of
//! providers: those are theirs. An import tells nobody anything: what is moved is no news.

use std::collections::BTreeSet;
use std::io;

use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _};

use super::about::Proof;
use super::address::Address;
use super::append::{Appended, insert};
use super::database::{Kind, Ledger};
use super::mark::Mark;
use super::table::Row;
use super::{Error, Present, Refused, customers, people};
use crate::diagnostic::{Diagnostic, Source};
use crate::members::event::{Event, MemberId, What, Why};
use crate::time::Timestamp;

/// What a line of an export says, where it is no event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// Whose address it is.
    Person {
        /// The member.
        member: MemberId,
        /// The address.
        address: String,
    },
    /// What somebody was called before.
    Name {
        /// The former name.
        member: MemberId,
        /// Today's.
        holder: MemberId,
    },
    /// Who is meant by a source's customer.
    Customer {
        /// The source.
        source: String,
        /// Its name for them.
        customer: String,
        /// The member.
        member: MemberId,
        /// Whether it was shown that they are meant.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        proved: bool,
    },
    /// A purchase that waits to be accepted.
    Waiting {
        /// The name it waits under.
        member: MemberId,
        /// Whom it waits for.
        holder: MemberId,
        /// Since when.
        since: Timestamp,
    },
}

/// A line of an import.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// Something that happened.
    Event(Box<Event>),
    /// Something about a person.
    Record(Record),
}

/// What an import did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Imported {
    /// Events that are new.
    pub new: usize,
    /// Events that were there.
    pub known: usize,
    /// Members they are about.
    pub members: usize,
}

/// What stands in the way of an import, with the number of its line, from 1.
pub type Faults = Vec<(usize, Refused)>;

/// What Stripe is called as a source.
const STRIPE: &str = "stripe";
/// How many events are read at once.
const PAGE: u32 = 2_000;

impl Line {
    /// Reads JSON lines; blank ones are passed over. Each comes with its number, from 1.
    ///
    /// # Errors
    /// Every line that cannot be read, with its place.
    pub fn read(source: Source<'_>) -> Result<Vec<(usize, Self)>, Vec<Diagnostic>> {
        let mut lines = Vec::new();
        let mut faults = Vec::new();
        let mut start = 0;
        for (number, line) in (1..).zip(source.text.split_inclusive('\n')) {
            let text = line.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() {
                match Self::parse(text) {
                    Ok(line) => lines.push((number, line)),
                    Err((message, column)) => {
                        let at = start + (line.len() - line.trim_start().len()) + column;
                        let fault = Diagnostic::setup(message).at(source.locate(at..at + 1));
                        faults.push(
                            fault.help("each line is an event or a record, as `tierpress members export` writes them"),
                        );
                    }
                }
            }
            start += line.len();
        }
        if faults.is_empty() { Ok(lines) } else { Err(faults) }
    }

    /// The message and how many bytes of the line stand before the place.
    fn parse(text: &str) -> Result<Self, (String, usize)> {
        let place = |error: &serde_json::Error| error.column().saturating_sub(1);
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| (format!("this is no JSON: {}", words(&error)), place(&error)))?;
        if value.get("record").is_some() {
            let record = serde_json::from_value(value).map_err(|error| (words(&error), 0))?;
            return Ok(Self::Record(record));
        }
        let event: Event = serde_json::from_value(value).map_err(|error| (words(&error), 0))?;
        super::check(&event).map_err(|error| (error.to_string(), 0))?;
        Ok(Self::Event(Box::new(event)))
    }
}

/// What serde says, without its own idea of the place.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

impl Ledger {
    /// Writes the whole ledger, as of one instant: line by line, without line ends.
    ///
    /// # Errors
    /// Where the database or the writer fails.
    pub async fn export(&self, write: &mut dyn FnMut(&str) -> io::Result<()>) -> Result<(), ExportError> {
        let begin = match self.kind() {
            Kind::Sqlite => "BEGIN",
            Kind::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        };
        let mut transaction = self.reader().begin_with(begin).await.map_err(Error::from)?;
        for record in records(&mut transaction).await? {
            let line = serde_json::to_string(&record).map_err(|error| Error::Damaged(error.to_string()))?;
            write(&line)?;
        }
        let mut after = 0;
        loop {
            let rows = sqlx::query("SELECT sequence, body FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2")
                .bind(after)
                .bind(i64::from(PAGE))
                .fetch_all(&mut *transaction)
                .await
                .map_err(Error::from)?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                after = row.try_get("sequence").map_err(Error::from)?;
                let body: String = row.try_get("body").map_err(Error::from)?;
                write(&body)?;
            }
        }
    }

    /// Takes in what another ledger wrote: all of it, or nothing where there is any fault.
    ///
    /// # Errors
    /// Where the database fails; the faults are no error, but then nothing was written.
    pub async fn import(
        &self,
        lines: &[(usize, Line)],
        present: &Present<'_>,
    ) -> Result<Result<Imported, Faults>, Error> {
        let mut transaction = self.begin().await?;
        let mut faults = Faults::new();
        let mut events = Vec::new();
        for (number, line) in lines {
            match line {
                Line::Event(event) => events.push((*number, event.as_ref())),
                Line::Record(record) => match take(&mut transaction, record).await {
                    Err(Error::Refused(refused)) => faults.push((*number, refused)),
                    other => other?,
                },
            }
        }
        let imported = append(&mut transaction, &events, &mut faults, present).await?;
        if !faults.is_empty() {
            transaction.rollback().await?;
            faults.sort_by_key(|(number, _)| *number);
            return Ok(Err(faults));
        }
        transaction.commit().await?;
        if events.iter().any(|(_, event)| event.what == (What::Erased {})) {
            self.forget().await?;
        }
        Ok(Ok(imported))
    }

    /// Takes in the rows of another system's table: members by their addresses, each with what they had from when to when.
    /// A table that was taken in before changes nothing; one in which an end has moved adds to what there is.
    ///
    /// # Errors
    /// As [`Ledger::import`].
    pub async fn import_table(&self, rows: &[Row], present: &Present<'_>) -> Result<Result<Imported, Faults>, Error> {
        let mut transaction = self.begin().await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let member = match people::by_address(&mut transaction, &row.address).await? {
                Some(member) => member,
                None => people::join(&mut transaction, &row.address).await?,
            };
            if let Some(customer) = row.customer.clone() {
                let customer =
                    Record::Customer { source: STRIPE.to_owned(), customer, member: member.clone(), proved: true };
                take(&mut transaction, &customer).await?;
            }
            events.push((row.line, granted(row, member)));
        }
        let events: Vec<(usize, &Event)> = events.iter().map(|(line, event)| (*line, event)).collect();
        let mut faults = Faults::new();
        let imported = append(&mut transaction, &events, &mut faults, present).await?;
        if !faults.is_empty() {
            transaction.rollback().await?;
            return Ok(Err(faults));
        }
        transaction.commit().await?;
        Ok(Ok(imported))
    }
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] Error),
    /// What was read could not be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// What a row of another system's table says, as an event whose name is the same each time.
fn granted(row: &Row, member: MemberId) -> Event {
    let until = row.until.map_or_else(|| "open".to_owned(), |until| until.seconds().to_string());
    let id = format!("{member}/{}/{}/{until}", row.access_control, row.since.seconds());
    let what = What::Granted {
        grant: id.clone(),
        access_control: row.access_control.clone(),
        why: Why::Imported,
        since: None,
        until: row.until,
        expires_after: None,
    };
    Event { source: "import".to_owned(), id, at: row.since, member, what }
}

/// Appends events in the order in which they stand, and tells nobody.
async fn append(
    connection: &mut AnyConnection,
    events: &[(usize, &Event)],
    faults: &mut Faults,
    present: &Present<'_>,
) -> Result<Imported, Error> {
    // Held in one order, so that two imports cannot wait for each other.
    let members: BTreeSet<&str> = events.iter().map(|(_, event)| event.member.as_str()).collect();
    let mut marks = Vec::with_capacity(members.len());
    for member in &members {
        marks.push(Mark::take(connection, member).await?);
    }
    let mut imported = Imported { members: members.len(), ..Imported::default() };
    for (number, event) in events {
        match insert(connection, event, None, present.now).await? {
            Appended::New => imported.new += 1,
            Appended::Known => imported.known += 1,
            Appended::Conflict(_) => {
                let (source_name, id) = (event.source.clone(), event.id.clone());
                faults.push((*number, Refused::Conflict { source_name, id }));
            }
        }
    }
    if imported.new > 0 && faults.is_empty() {
        for mark in marks {
            mark.settle_in_silence(connection, present).await?;
        }
    }
    Ok(imported)
}

async fn take(connection: &mut AnyConnection, record: &Record) -> Result<(), Error> {
    match record {
        Record::Person { member, address } => {
            let parsed: Address =
                address.parse().map_err(|_| Refused::Name { field: "address", why: "is no mail address" })?;
            match people::by_address(connection, &parsed).await? {
                Some(known) if known != *member => return Err(Refused::Taken(known).into()),
                Some(_) | None => {}
            }
            people::is_not_erased(connection, member).await?;
            if people::address(connection, member).await?.is_some_and(|known| known != parsed.as_str()) {
                return Err(Refused::Same(member.clone()).into());
            }
            Mark::take(connection, member).await?;
            people::set_address(connection, member, &parsed).await
        }
        Record::Name { member, holder } => {
            Mark::take(connection, holder).await?;
            let known = people::holder(connection, member).await?;
            if known != *member && known != *holder {
                return Err(Refused::Same(known).into());
            }
            sqlx::query(
                "INSERT INTO members (member, holder, told, number, due) VALUES ($1, $2, -1, 0, 9223372036854775807) \
                 ON CONFLICT (member) DO UPDATE SET holder = excluded.holder",
            )
            .bind(member)
            .bind(holder)
            .execute(connection)
            .await?;
            Ok(())
        }
        Record::Customer { source, customer, member, proved } => {
            people::is_not_erased(connection, member).await?;
            let proof = if *proved { Proof::Enough } else { Proof::None };
            customers::link(connection, (source, customer), member, proof).await
        }
        Record::Waiting { member, holder, since } => {
            sqlx::query(
                "INSERT INTO waiting (member, holder, since) VALUES ($1, $2, $3) ON CONFLICT (member) DO NOTHING",
            )
            .bind(member)
            .bind(holder)
            .bind(since.seconds())
            .execute(connection)
            .await?;
            Ok(())
        }
    }
}

async fn records(connection: &mut AnyConnection) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    let names = "SELECT member, holder FROM members WHERE member <> holder ORDER BY member";
    for row in sqlx::query(names).fetch_all(&mut *connection).await? {
        records.push(Record::Name { member: row.try_get(0)?, holder: row.try_get(1)? });
    }
    let people = "SELECT member, address FROM people ORDER BY member";
    for row in sqlx::query(people).fetch_all(&mut *connection).await? {
        records.push(Record::Person { member: row.try_get(0)?, address: row.try_get(1)? });
    }
    let customers =
        "SELECT source, customer, member, proved FROM customers WHERE customer <> '' ORDER BY source, customer";
    for row in sqlx::query(customers).fetch_all(&mut *connection).await? {
        let (source, customer, member) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let proved: i64 = row.try_get(3)?;
        records.push(Record::Customer { source, customer, member, proved: proved != 0 });
    }
    let waiting = "SELECT member, holder, since FROM waiting ORDER BY member";
    for row in sqlx::query(waiting).fetch_all(&mut *connection).await? {
        let since = Timestamp::saturating(row.try_get(2)?);
        records.push(Record::Waiting { member: row.try_get(0)?, holder: row.try_get(1)?, since });
    }
    Ok(records)
}
