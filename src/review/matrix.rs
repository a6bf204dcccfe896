//! Page by access control and time: what a visitor, each tier and each bundle gets of every path.
//!
//! Each cell is what [`edge::decide`] answers; a tier stands for its members from their first day on, a bundle for holders who
//! have the default tier as well. It refuses to judge: mistakes are `check`'s.

mod table;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::entitlement::{Entitlement, Reader};
use crate::access::rule::{Clause, Rule};
use crate::edge::{self, Outcome, Reason};
use crate::id::Id;
use crate::manifest::{Kind, Manifest, Policy};
use crate::time::{Length, Timestamp};

/// The format that this version writes.
pub const FORMAT: &str = "tierpress-matrix/1";

/// What everybody gets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Matrix {
    /// Always [`FORMAT`].
    pub format: String,
    /// The instant that is asked about, in seconds since 1970.
    pub at: Timestamp,
    /// Who: `visitor`, the tiers from the lowest, the bundles.
    pub columns: Vec<String>,
    /// Every path, in order.
    pub rows: Vec<Row>,
}

/// What everybody gets of a path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// The path.
    pub path: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// What a reader gets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Cell {
    /// What somebody gets who joins at that instant.
    pub state: State,
    /// The same in words, with days and dates.
    pub words: String,
    /// How long somebody must have been there to have it open now, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Length>,
    /// Those who joined before this instant have it open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_before: Option<Timestamp>,
    /// When it opens by its date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When it ceases to be open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What a reader gets, in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The thing itself.
    Open,
    /// It opens by itself: on some day of theirs, or at a date.
    Waiting,
    /// A page in its place that says what opens it.
    Teaser,
    /// An answer that says no.
    Denied,
    /// Not found.
    Hidden,
}

impl Matrix {
    /// What a manifest gives at an instant; not before its clock. `default_tier` is what holders of bundles have; the lowest
    /// tier, where none is given.
    #[must_use]
    pub fn of(manifest: &Manifest, default_tier: Option<&Id>, at: Timestamp) -> Self {
        let at = at.max(manifest.clock);
        let columns = columns(manifest, default_tier);
        let mut known: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
        let mut rows = Vec::new();
        for (path, route) in manifest.routes.iter().filter(|(path, _)| !path.starts_with("/_tierpress/")) {
            let Some(policy) = manifest.policies.get(route.policy) else { continue };
            let cells = known.entry(route.policy).or_insert_with(|| {
                let asked = Asked { manifest, path, policy, at };
                columns.iter().map(|(_, ids)| asked.cell(ids)).collect()
            });
            rows.push(Row { path: path.clone(), cells: cells.clone() });
        }
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        Self { format: FORMAT.to_owned(), at, columns, rows }
    }

    /// The JSON Schema of the format.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// For a terminal of so many columns; what is too wide for it stands in several tables.
    #[must_use]
    pub fn table(&self, width: usize) -> Vec<String> {
        table::table(self, width)
    }

    /// Comma-separated values (RFC 4180).
    #[must_use]
    pub fn csv(&self) -> String {
        table::csv(self)
    }
}

/// Everybody who is asked about: a name, and the ids held.
fn columns(manifest: &Manifest, default_tier: Option<&Id>) -> Vec<(String, Vec<Id>)> {
    let of =
        |kind| manifest.access_controls.iter().filter(move |control| control.kind == kind).map(|control| &control.id);
    let default = default_tier.or_else(|| of(Kind::Tier).next());
    let mut columns = vec![("visitor".to_owned(), Vec::new())];
    columns.extend(of(Kind::Tier).map(|tier| (tier.to_string(), vec![tier.clone()])));
    let bundle = |bundle: &Id| (bundle.to_string(), std::iter::once(bundle).chain(default).cloned().collect());
    columns.extend(of(Kind::Bundle).map(bundle));
    columns
}

struct Asked<'a> {
    manifest: &'a Manifest,
    path: &'a str,
    policy: &'a Policy,
    at: Timestamp,
}

impl Asked<'_> {
    fn cell(&self, ids: &[Id]) -> Cell {
        let fresh = self.decide(ids, self.at, self.at);
        let state = match fresh.outcome {
            Outcome::Open => State::Open,
            _ if fresh.reason == Some(Reason::NotYet) => State::Waiting,
            Outcome::Preview => State::Teaser,
            Outcome::Denied | Outcome::SignIn => State::Denied,
            Outcome::NotFound | Outcome::Moved | Outcome::Passthrough | Outcome::BadTarget | Outcome::BadMethod => {
                State::Hidden
            }
        };
        let mut cell = Cell { state, words: String::new(), after: None, joined_before: None, from: None, until: None };
        if self.is_open(ids, Timestamp::MIN, self.at) {
            (cell.after, cell.joined_before) = self.entry(ids);
            cell.until = self.turns(ids, false);
        } else {
            cell.from = self.turns(ids, true);
        }
        cell.words = table::words(&cell);
        cell
    }

    /// The latest start with which it is open now: as an age, or as the instant before which one must have joined.
    fn entry(&self, ids: &[Id]) -> (Option<Length>, Option<Timestamp>) {
        let needs = || self.clauses().flat_map(|clause| &clause.all);
        let ages = needs().map(|need| Timestamp::saturating(self.at.seconds() - need.after.seconds()));
        let joined = needs().filter_map(|need| need.joined_before);
        let joined = joined.map(|before| Timestamp::saturating(before.seconds() - 1)).filter(|since| *since <= self.at);
        let latest = ages.chain(joined).chain([self.at]).filter(|since| self.is_open(ids, *since, self.at)).max();
        match latest {
            None => (None, None),
            Some(since) if since == self.at => (None, None),
            Some(since) => {
                let age = self.at.seconds() - since.seconds();
                let drip = needs().any(|need| need.after.seconds() == age);
                let before = Timestamp::saturating(since.seconds() + 1);
                if drip { (Length::try_from(age).ok(), None) } else { (None, Some(before)) }
            }
        }
    }

    /// The first later instant at which it is open, or is not, to somebody who was always there.
    fn turns(&self, ids: &[Id], open: bool) -> Option<Timestamp> {
        let bounds = self.clauses().flat_map(|clause| [clause.from, clause.until]).flatten();
        bounds.filter(|bound| *bound > self.at && self.is_open(ids, Timestamp::MIN, *bound) == open).min()
    }

    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        let open = self.policy.variants.iter().take(self.policy.open);
        open.filter_map(|rule| self.manifest.rules.get(*rule)).flat_map(Rule::clauses)
    }

    fn is_open(&self, ids: &[Id], since: Timestamp, now: Timestamp) -> bool {
        self.decide(ids, since, now).outcome == Outcome::Open
    }

    fn decide(&self, ids: &[Id], since: Timestamp, now: Timestamp) -> edge::Decision<'_> {
        let held = ids.iter().map(|id| Entitlement::new(id.clone(), since)).collect();
        let reader = if ids.is_empty() { Reader::Visitor } else { Reader::Member(held) };
        let target = edge::canonical::encode(self.path);
        let request =
            edge::Request { method: "GET", target: target.as_bytes(), reader: &reader, now, html_navigation: false };
        edge::decide(self.manifest, &request)
    }
}
