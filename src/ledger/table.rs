//! A table of another system's members: CSV with the columns `email`, `access_control`, `since`, `until` and
//! `stripe_customer`.
//!
//! Every fault of a file is found in one run, with its line and column. Columns that mean nothing here are refused rather
//! than passed over: one of them may be what the seller meant.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use csv_core::{ReadFieldResult, ReaderBuilder};

use super::address::Address;
use crate::access::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Source, nearest};
use crate::id::Id;
use crate::time::{Date, Timestamp};

/// What a member had in another system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The line it stands on, from 1.
    pub line: usize,
    /// Whose.
    pub address: Address,
    /// What, by its id of today.
    pub access_control: Id,
    /// Since when.
    pub since: Timestamp,
    /// The first instant after it, where it ends.
    pub until: Option<Timestamp>,
    /// What Stripe calls whoever goes on paying there.
    pub customer: Option<String>,
}

/// What may stand on top; the last two may be missing.
pub const COLUMNS: [&str; 5] = ["email", "access_control", "since", "until", "stripe_customer"];

/// Reads dates as the site does.
pub type Dates<'a> = &'a dyn Fn(&str) -> Option<Date>;

/// Reads a table: parted by commas, or by semicolons where the first line has no comma.
///
/// # Errors
/// Every fault there is.
pub fn read(source: Source<'_>, catalogue: &Catalogue, dates: Dates<'_>) -> Result<Vec<Row>, Vec<Diagnostic>> {
    let mut records = parted(source.text).into_iter();
    let Some(heading) = records.next() else {
        return Err(vec![fault(source, 0..0, "the table is empty").help(HELP)]);
    };
    let columns = columns(source, &heading)?;
    let reader = Reader { source, catalogue, dates };
    let mut faults = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = BTreeMap::new();
    let mut customers: BTreeMap<String, String> = BTreeMap::new();
    for record in records {
        let place = record.first().map_or(0..0, |field| field.span.clone());
        if record.len() != heading.len() {
            let message = format!("this line has {} fields, and the first one {}", record.len(), heading.len());
            faults.push(fault(source, place, message));
            continue;
        }
        let Some(row) = reader.row(&columns, &record, &mut faults) else { continue };
        if let Some(customer) = &row.customer {
            let whose = customers.entry(customer.clone()).or_insert_with(|| row.address.key().to_owned());
            if whose != row.address.key() {
                faults.push(fault(
                    source,
                    place,
                    format!("the customer `{customer}` is somebody else's in this table"),
                ));
                continue;
            }
        }
        let said = (row.address.key().to_owned(), row.access_control.clone(), row.since, row.until);
        match seen.entry(said) {
            Entry::Occupied(first) => {
                let first: &Range<usize> = first.get();
                let twice = fault(source, place, "this line says what another one says");
                faults.push(twice.also(source.locate(first.clone())));
            }
            Entry::Vacant(vacant) => {
                vacant.insert(place);
                rows.push(row);
            }
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

const HELP: &str = "the first line names the columns: email,access_control,since,until,stripe_customer";

/// A field of the file.
#[derive(Clone, Debug)]
struct Field {
    text: String,
    span: Range<usize>,
}

struct Reader<'a> {
    source: Source<'a>,
    catalogue: &'a Catalogue,
    dates: Dates<'a>,
}

impl Reader<'_> {
    fn row(&self, columns: &[Option<usize>; 5], record: &[Field], faults: &mut Vec<Diagnostic>) -> Option<Row> {
        let field = |column: usize| columns.get(column).copied().flatten().and_then(|at| record.get(at));
        let (email, access, since) = (field(0)?, field(1)?, field(2)?);
        let address = self.address(email).map_err(|fault| faults.push(*fault));
        let access_control = self.access_control(access).map_err(|fault| faults.push(*fault));
        let begins = self.date(since).map_err(|fault| faults.push(*fault));
        let until = field(3).filter(|field| !field.text.trim().is_empty());
        let ends = until.map(|until| self.date(until)).transpose().map_err(|fault| faults.push(*fault));
        let since = begins.ok()?.first;
        let customer = field(4).filter(|field| !field.text.trim().is_empty());
        let customer = customer.map(|field| self.customer(field)).transpose().map_err(|fault| faults.push(*fault));
        // A bare day is the last one of it.
        let ends = ends.ok()?.map(|date| date.end);
        if let (Some(end), Some(until)) = (ends, until)
            && end <= since
        {
            faults.push(fault(self.source, until.span.clone(), "this ends before it begins"));
            return None;
        }
        let line = self.source.locate(email.span.clone()).line;
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        Some(Row {
            line,
            address: address.ok()?,
            access_control: access_control.ok()?,
            since,
            until: ends,
            customer: customer.ok()?,
        })
    }

    fn address(&self, field: &Field) -> Result<Address, Box<Diagnostic>> {
        field.text.parse().map_err(|error: super::address::AddressError| {
            let message = format!("`{}` is no mail address", shown(&field.text));
            Box::new(fault(self.source, field.span.clone(), message).help(error.to_string()))
        })
    }

    fn access_control(&self, field: &Field) -> Result<Id, Box<Diagnostic>> {
        let text = field.text.trim();
        self.catalogue.lookup(text).map(|found| found.id).ok_or_else(|| {
            let unknown = fault(self.source, field.span.clone(), format!("unknown tier or bundle `{}`", shown(text)));
            Box::new(match self.catalogue.nearest(text) {
                Some(near) => unknown.help(format!("did you mean `{near}`?")),
                None => unknown.help("write an id of site.yaml"),
            })
        })
    }

    fn customer(&self, field: &Field) -> Result<String, Box<Diagnostic>> {
        let text = field.text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if text.strip_prefix("cus_").is_some_and(|rest| !rest.is_empty() && rest.len() < 200 && rest.bytes().all(plain))
        {
            return Ok(text.to_owned());
        }
        let wrong = fault(self.source, field.span.clone(), format!("`{}` is no customer of Stripe", shown(text)));
        Err(Box::new(wrong.help("it begins with `cus_`; leave it empty for those who do not pay there")))
    }

    fn date(&self, field: &Field) -> Result<Date, Box<Diagnostic>> {
        (self.dates)(field.text.trim()).ok_or_else(|| {
            let message = match field.text.trim() {
                "" => "a start is missing".to_owned(),
                text => format!("`{}` is no date", shown(text)),
            };
            let fault = fault(self.source, field.span.clone(), message);
            Box::new(fault.help("write 2026-12-01, or 2026-12-01T09:00:00Z"))
        })
    }
}

/// A field on one line.
fn shown(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn fault(source: Source<'_>, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::setup(message).at(source.locate(span))
}

/// Where each of [`COLUMNS`] stands.
fn columns(source: Source<'_>, heading: &[Field]) -> Result<[Option<usize>; 5], Vec<Diagnostic>> {
    let mut found = [None; 5];
    let mut faults = Vec::new();
    for (at, field) in heading.iter().enumerate() {
        let name = field.text.trim().to_lowercase();
        let place = COLUMNS.iter().zip(&mut found).find(|(column, _)| **column == name);
        match place {
            Some((_, place @ None)) => *place = Some(at),
            Some((_, Some(_))) => {
                faults.push(fault(source, field.span.clone(), format!("the column `{name}` stands here twice")));
            }
            None => {
                let unknown =
                    fault(source, field.span.clone(), format!("unknown column `{}`", shown(field.text.trim())));
                faults.push(match nearest(&name, COLUMNS) {
                    Some(near) => unknown.help(format!("did you mean `{near}`?")),
                    None => unknown.help(HELP),
                });
            }
        }
    }
    for (column, place) in COLUMNS.iter().zip(&found).take(3) {
        if place.is_none() {
            let place = heading.first().map_or(0..0, |field| field.span.clone());
            faults.push(fault(source, place, format!("there is no column `{column}`")).help(HELP));
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// The fields of each record with their places.
fn parted(text: &str) -> Vec<Vec<Field>> {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let mut records = Vec::new();
    let mut record: Vec<Field> = Vec::new();
    let mut bytes: Vec<u8> = Vec::new();
    let mut output = [0; 1024];
    let mut start = at;
    loop {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let (result, read, written) = reader.read_field(rest, &mut output);
        at += read;
        bytes.extend_from_slice(output.get(..written).unwrap_or_default());
        match result {
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            ReadFieldResult::Field { record_end } => {
                let field = String::from_utf8_lossy(&bytes).into_owned();
                record.push(Field { text: field, span: trimmed(text, start..at) });
                bytes.clear();
                start = at;
                if record_end {
                    records.push(std::mem::take(&mut record));
                }
            }
            ReadFieldResult::End => return records,
        }
    }
}

/// The place of a field without the line ends before it and what parts it from the next.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let field = text.get(span.clone()).unwrap_or_default();
    let kept = field.trim_end_matches(['\r', '\n', ',', ';']);
    let blank = kept.len() - kept.trim_start_matches(['\r', '\n']).len();
    span.start + blank..span.start + kept.len()
}
