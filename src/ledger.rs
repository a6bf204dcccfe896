//! The ledger: what was told of members, kept so that nothing acknowledged is ever lost, doubled or changed.
//!
//! Events are only added. What a member has is never stored: [`crate::members::fold`] works it out from their events, and the
//! ledger asks it before and after each new one to know what is to be told, in the same transaction. Personal data lies in
//! tables of its own, because it must be possible to forget a person and impossible to forget a payment.
//!
//! One code serves SQLite, one file with one writer, and PostgreSQL, where several instances share a database. It refuses to
//! know HTTP, mail, payment providers and clocks; the present is an argument.

mod about;
pub mod address;
mod append;
mod customers;
mod database;
mod due;
pub mod endpoints;
mod mark;
mod names;
pub mod outbox;
mod people;
mod read;
mod sign_in;
pub mod table;
mod transfer;
mod turn;
mod unread;

use crate::members::Rules;
use crate::members::event::{DEFAULT, DOWNGRADE, Event};
use crate::time::Timestamp;

pub use about::About;
pub use append::Appended;
pub use database::Ledger;
pub use names::{event_id, member_id, message_id};
pub use people::Waiting;
pub use read::{Filed, Held};
pub use sign_in::{Link, Session, SigningKey};
pub use transfer::{ExportError, Faults, Imported, Line, Record};
pub use unread::Unread;

/// By which rules and at which instant something is done.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// The rules of today.
    pub rules: &'a Rules<'a>,
    /// The present.
    pub now: Timestamp,
}

/// Why the ledger could not do something. No message holds an address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no file of that name.
    #[error("there is no ledger at `{0}`")]
    Missing(String),
    /// A file could not be made or read.
    #[error(transparent)]
    File(#[from] crate::fs::Error),
    /// The database could not be reached, or is none.
    #[error("the ledger `{place}` cannot be opened: {source}")]
    Unopened {
        /// Where it should be, without a password.
        place: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The file system or the server cannot keep what is promised.
    #[error("the ledger `{place}` cannot be kept safe: {why}")]
    Unsafe {
        /// Where it is.
        place: String,
        /// What is missing.
        why: String,
    },
    /// A newer version of this program made it.
    #[error("the ledger was made by a newer version: its schema is number {found}, this version knows {known}")]
    Newer {
        /// The number in the database.
        found: i64,
        /// The highest number known here.
        known: i64,
    },
    /// The database refused something.
    #[error("the ledger's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// What stands in it cannot be read.
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    /// What was asked for cannot be done.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Error {
    /// Whether the same again may well succeed: two transactions waited for each other, and this one gave way.
    fn will_pass(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        // SQLSTATE: deadlock detected, serialization failure.
        matches!(error.code().as_deref(), Some("40P01" | "40001"))
    }
}

/// Why something is not done, although the ledger is well.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// A name in an event that cannot be one.
    #[error("`{field}` of an event {why}")]
    Name {
        /// Which name.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nobody is called that.
    #[error("there is no member `{0}`")]
    Unknown(String),
    /// Nothing says whom an event is about.
    #[error("the event names nobody: neither a member, nor a known customer or grant, nor an address")]
    Nobody,
    /// Somebody else told of the grant first.
    #[error("the grant `{grant}` of this member is of `{source_name}`, and nobody else may say what becomes of it")]
    Foreign {
        /// The grant.
        grant: String,
        /// Whose it is.
        source_name: String,
    },
    /// A purchase under the name of another one.
    #[error("the grant `{0}` began before: each purchase has a name of its own")]
    Begun(String),
    /// The address is another member's.
    #[error("the address is that of `{0}`")]
    Taken(String),
    /// Somebody who was forgotten.
    #[error("`{0}` was erased")]
    Erased(String),
    /// One member twice.
    #[error("`{0}` is one member already")]
    Same(String),
    /// No purchase waits under that name.
    #[error("nothing waits under `{0}`")]
    NothingWaits(String),
    /// The same source and id with something else in it.
    #[error("the event `{id}` of `{source_name}` is in the ledger with another content")]
    Conflict {
        /// Who says so.
        source_name: String,
        /// What it calls the event.
        id: String,
    },
    /// No notification has that id, or none that may be sent.
    #[error("there is no notification `{0}` that can be sent again")]
    NotTold(String),
    /// No endpoint has that name.
    #[error("no endpoint `{0}` is known")]
    NoEndpoint(String),
}

/// The longest name that an event may give anything.
const LONGEST: usize = 255;

/// Refuses events whose names cannot be kept: names are shown, stored for ever and never personal.
///
/// # Errors
/// [`Refused::Name`] for the first one.
pub fn check(event: &Event) -> Result<(), Refused> {
    let (grant, payment) = append::named(event);
    let names = [
        ("source", Some(event.source.as_str())),
        ("id", Some(event.id.as_str())),
        ("member", Some(event.member.as_str())),
        ("grant", grant),
        ("payment", payment),
    ];
    for (field, name) in names {
        let Some(name) = name else { continue };
        let why = match name {
            "" => "is empty",
            name if name.len() > LONGEST => "is longer than 255 bytes",
            name if name.chars().any(|c| c.is_control()) => "holds a control character",
            name if name.contains('@') => "looks like a mail address: names outlive those whom they would name",
            _ => continue,
        };
        return Err(Refused::Name { field, why });
    }
    // Under such a name the grant would be taken for a tier that nobody bought.
    let given = |name: &str| [DEFAULT, DOWNGRADE].iter().any(|begin| name.starts_with(begin));
    if event.what.begins() && grant.is_some_and(given) {
        return Err(Refused::Name { field: "grant", why: "begins as only names that are given here do" });
    }
    Ok(())
}
