//! A timeline: what is imagined to happen to one member, and what should come of it.
//!
//! It is a value; `load::timeline` reads it from a file, and [`simulate`](super::simulate) plays it.

use crate::access::entitlement::Entitlement;
use crate::config::Config;
use crate::diagnostic::Location;
use crate::id::Id;
use crate::time::Timestamp;

use super::event::{Event, Reference};
use super::member::{Code, State};
use super::notification::Topic;

/// What happens to one member, and what should come of it.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What it is about; may be empty.
    pub title: String,
    /// What is sold, and by which rules, from each instant on; the first from the beginning of time.
    pub sites: Vec<(Timestamp, Config)>,
    /// What happens.
    pub events: Vec<Event>,
    /// What should come of it.
    pub expected: Vec<Expected>,
    /// Where it ends.
    pub until: Timestamp,
}

/// What should come of it, and where that is written.
#[derive(Clone, Debug)]
pub struct Expected {
    /// At which instant; of lists of what is told, from the first instant of a day.
    pub at: Timestamp,
    /// The place in the file.
    pub place: Location,
    /// What.
    pub wanted: Wanted,
}

/// What should be so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// This tier is in force, or none.
    Tier(Option<Id>),
    /// A grant is worth this; none where it should not be there.
    Grant(Reference, Option<State>),
    /// A date of a grant is this.
    Date(Reference, Dated, Option<Timestamp>),
    /// These ids are held in the token and in force, and no others.
    Holds(Vec<Id>),
    /// The token says this and nothing else.
    Token(Vec<Entitlement>),
    /// These things were remarked up to then, and no others.
    Remarks(Vec<Code>),
    /// What is left of the running period of a grant is worth so much towards a product, in minor units; 0 for nothing.
    Credit(Reference, Id, u64),
    /// These pages are open.
    Open(Vec<String>),
    /// These pages are not.
    Closed(Vec<String>),
    /// This is told up to the end of the day or at the instant, and nothing else.
    Told(Timestamp, Vec<Topic>),
    /// Nothing is told but on the days that are named; each with its end.
    ToldNoMore(Vec<(Timestamp, Timestamp)>),
    /// These pages open by a drip or a release, up to the end of the day or at the instant, and no others.
    Opened(Timestamp, Vec<String>),
    /// No page opens by a drip or a release but on the days that are named.
    OpenedNoMore(Vec<(Timestamp, Timestamp)>),
}

/// Which date of a grant is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dated {
    /// When it began.
    Since,
    /// When it ends.
    Until,
    /// When the next payment is due.
    Due,
    /// When it was frozen.
    Frozen,
}

impl Timeline {
    /// What is sold at an instant.
    #[must_use]
    pub fn site(&self, at: Timestamp) -> Option<&Config> {
        self.sites.iter().rev().find(|(from, _)| *from <= at).map(|(_, site)| site)
    }

    /// Whether pages are asked for: then a manifest is needed.
    #[must_use]
    pub fn page_expectation(&self) -> Option<&Expected> {
        self.expected.iter().find(|expected| {
            matches!(
                expected.wanted,
                Wanted::Open(_) | Wanted::Closed(_) | Wanted::Opened(..) | Wanted::OpenedNoMore(_)
            )
        })
    }
}
