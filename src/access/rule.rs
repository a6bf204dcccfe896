//! Rules: the condition on a gate, as a value.
//!
//! A rule is any of its clauses; a clause is all of its needs within a window of time; a need is any of its ids (design
//! 4.5). Rules are kept in a normal form, so that equal rules are equal values and can be shared, counted and compared.
//! Nothing here knows a page, a tag or a catalogue: ids are opaque.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalogue::Cancellation;
use super::entitlement::{Entitlement, Reader};
use super::implication;
use crate::id::Id;
use crate::time::{Length, Timestamp};

/// One entitlement that is needed: any of these ids, held long enough and, perhaps, since early enough.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// How long it must have been held: a drip.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: Length,
    /// The ids, sorted; one of them is enough.
    pub any: Vec<Id>,
    /// It must have begun before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_before: Option<Timestamp>,
    /// An instant before the clause's `from`: a frozen entitlement counts if it was frozen then or later, and not only at
    /// `from` or later.
    ///
    /// Tags never make this. It keeps [`Rule::and`] exact where the two sides begin at different instants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Timestamp>,
}

/// All of some needs, within a window of time: `from <= now < until`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The needs; with none, the clause holds for everybody.
    pub all: Vec<Need>,
    /// When it begins to hold. A frozen entitlement counts only if it was frozen at or after this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When it ceases to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The condition on a gate: any of its clauses, in normal form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<Clause>")]
pub struct Rule(Vec<Clause>);

impl From<Vec<Clause>> for Rule {
    fn from(clauses: Vec<Clause>) -> Self {
        Self(implication::normal(clauses))
    }
}

impl From<Clause> for Rule {
    fn from(clause: Clause) -> Self {
        Self::from(vec![clause])
    }
}

impl Rule {
    /// Holds for everybody, always.
    #[must_use]
    pub fn public() -> Self {
        Self(vec![Clause { all: Vec::new(), from: None, until: None }])
    }

    /// Holds where one clause does.
    #[must_use]
    pub fn of(clause: Clause) -> Self {
        Self::from(clause)
    }

    /// Holds for nobody.
    #[must_use]
    pub fn nobody() -> Self {
        Self(Vec::new())
    }

    /// Whether it holds for everybody, always.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self.0.as_slice(), [Clause { all, from: None, until: None }] if all.is_empty())
    }

    /// Whether it holds for nobody, ever.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.0.is_empty()
    }

    /// The clauses, in order.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.0
    }

    /// Whether no clause needs anything: every reader gets the same answer at the same instant.
    #[must_use]
    pub fn same_for_all(&self) -> bool {
        self.0.iter().all(|clause| clause.all.is_empty())
    }

    /// Holds where either holds.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self::any([self, other])
    }

    /// Holds where any of them holds; nobody, if there is none.
    #[must_use]
    pub fn any<'a>(rules: impl IntoIterator<Item = &'a Self>) -> Self {
        let rules: BTreeSet<&Self> = rules.into_iter().collect();
        match rules.first() {
            None => Self::nobody(),
            Some(rule) if rules.len() == 1 => (*rule).clone(),
            Some(_) if rules.iter().any(|rule| rule.is_public()) => Self::public(),
            Some(_) => Self::from(rules.iter().flat_map(|rule| &rule.0).cloned().collect::<Vec<_>>()),
        }
    }

    /// Holds where both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        if self == other || other.is_public() {
            return self.clone();
        }
        if self.is_public() {
            return other.clone();
        }
        let pairs = self.0.iter().flat_map(|a| other.0.iter().map(move |b| a.and(b)));
        Self::from(pairs.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>())
    }

    /// The rule within a window: what `release` and `until` of a page do to it.
    ///
    /// Other than [`Rule::and`] with a rule that only has a window, this binds frozen entitlements too: one that was
    /// frozen before `from` does not count.
    #[must_use]
    pub fn within(&self, from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        if from.is_none() && until.is_none() {
            return self.clone();
        }
        let cut = |clause: &Clause| {
            let mut cut = clause.with_floors(|floor| floor.max(from.unwrap_or(Timestamp::MIN)));
            cut.from = clause.from.max(from);
            cut.until = earlier(clause.until, until);
            cut
        };
        Self::from(self.0.iter().map(cut).collect::<Vec<_>>())
    }

    /// The rule with every drip taken away.
    #[must_use]
    pub fn without_after(&self) -> Self {
        let mut clauses = self.0.clone();
        for need in clauses.iter_mut().flat_map(|clause| &mut clause.all) {
            need.after = Length::ZERO;
        }
        Self::from(clauses)
    }

    /// The part that holds for everybody: the clauses without needs.
    #[must_use]
    pub fn public_part(&self) -> Self {
        Self(self.0.iter().filter(|clause| clause.all.is_empty()).cloned().collect())
    }

    /// The same rule for all instants from `clock` on: what is over is dropped, what has begun begins no more.
    ///
    /// Where members are cut off at once ([`Cancellation::Hard`]) no entitlement is ever frozen, so what only matters to
    /// frozen ones goes as well. With [`Cancellation::KeepUnlocked`] a begun `from` stays on clauses with needs.
    #[must_use]
    pub fn settled(&self, clock: Timestamp, cancellation: Cancellation) -> Self {
        let clauses = self.0.iter().filter(|clause| clause.until.is_none_or(|until| clock < until));
        let settle = |clause: &Clause| {
            let begun = clause.from.is_some_and(|from| from <= clock);
            let mut settled = match cancellation {
                Cancellation::Hard if begun => clause.with_floors(|_| Timestamp::MIN),
                Cancellation::Hard => clause.with_floors(|_| clause.from.unwrap_or(Timestamp::MIN)),
                Cancellation::KeepUnlocked => clause.with_floors(|floor| floor),
            };
            if begun {
                settled.from = settled.all.iter().filter_map(|need| need.kept).max();
            }
            settled
        };
        Self::from(clauses.map(settle).collect::<Vec<_>>())
    }

    /// Whether it holds for a reader at an instant.
    #[must_use]
    pub fn holds(&self, reader: &Reader, now: Timestamp) -> bool {
        self.holds_with(reader.entitlements(), now, now)
    }

    /// Whether it holds for these entitlements at `now`, with windows looked at from `window` (an edge takes the later
    /// of the manifest's clock and now).
    #[must_use]
    pub fn holds_with(&self, entitlements: &[Entitlement], now: Timestamp, window: Timestamp) -> bool {
        self.0.iter().any(|clause| {
            clause.active(window)
                && clause.all.iter().all(|need| {
                    let floor = clause.floor(need);
                    entitlements.iter().any(|entitlement| entitlement.meets(need, floor, now))
                })
        })
    }

    /// Whether every reader for whom this holds, at whatever instant, has the other hold as well. Exact.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        implication::implies(&self.0, &other.0)
    }

    /// Every instant at which a window begins or ends.
    #[must_use]
    pub fn bounds(&self) -> BTreeSet<Timestamp> {
        self.0.iter().flat_map(|clause| [clause.from, clause.until]).flatten().collect()
    }

    /// The first instant after this one at which a window begins or ends.
    #[must_use]
    pub fn next_bound(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.iter().flat_map(|clause| [clause.from, clause.until]).flatten().filter(|bound| *bound > after).min()
    }

    /// Whether some clause's window covers this instant: whether anybody at all could have it hold now.
    #[must_use]
    pub fn active(&self, now: Timestamp) -> bool {
        self.0.iter().any(|clause| clause.active(now))
    }
}

impl Clause {
    /// Whether the window covers an instant.
    #[must_use]
    pub fn active(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// The instant at or after which an entitlement must have been frozen, if it was, to count for one of the needs.
    #[must_use]
    pub fn floor(&self, need: &Need) -> Timestamp {
        let from = self.from.unwrap_or(Timestamp::MIN);
        need.kept.map_or(from, |kept| kept.min(from))
    }

    /// The clause with every need's floor written out and changed.
    fn with_floors(&self, change: impl Fn(Timestamp) -> Timestamp) -> Self {
        let all = self.all.iter().map(|need| Need { kept: Some(change(self.floor(need))), ..need.clone() });
        Self { all: all.collect(), from: self.from, until: self.until }
    }

    fn and(&self, other: &Self) -> Self {
        let mut both = self.with_floors(|floor| floor);
        both.all.extend(other.with_floors(|floor| floor).all);
        both.from = self.from.max(other.from);
        both.until = earlier(self.until, other.until);
        both
    }
}

/// The earlier end, where none is never.
fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (end, None) | (None, end) => end,
    }
}

fn is_zero(length: &Length) -> bool {
    *length == Length::ZERO
}
