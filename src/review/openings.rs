//! When a rule opens for a kind of reader: read off its clauses, not tried out.

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::entitlement::{Reader, typical_readers};
use crate::access::rule::{Clause, Rule};
use crate::config::Config;
use crate::id::Id;
use crate::review::words::{self, Words};
use crate::time::{Length, Timestamp};

/// One way in for somebody who holds certain things, all since one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Opening {
    /// How many seconds they must have held them.
    pub after: Length,
    /// From when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when: the first instant at which it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// They must have begun before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_before: Option<Timestamp>,
}

/// When something opens for one kind of reader.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Opens {
    /// `visitor`, or the id of a tier or a bundle; a bundle comes with the default tier. Where nobody of these has a way
    /// in, pairs that have: `rust-course+pro`.
    pub reader: String,
    /// `visitor`, `tier`, `bundle` or `together`.
    pub kind: String,
    /// Whether it is open at the site's clock to somebody who has been such a reader for long.
    pub now: bool,
    /// Every way in that is not over; none where it never opens.
    pub ways: Vec<Opening>,
    /// The same in words: `now`, `after 7 days`, `from 2026-12-03`, `never`.
    pub words: String,
}

/// When a rule opens for each kind of reader of a site.
#[must_use]
pub fn by_reader(rule: &Rule, config: &Config, clock: Timestamp) -> Vec<Opens> {
    let words = Words::new(config);
    let one = |(name, kind): (String, &str), reader: &Reader| {
        let ids: Vec<&Id> = reader.entitlements().iter().map(|entitlement| &entitlement.value).collect();
        let ways = openings(rule, &ids, clock);
        let said: Vec<String> = ways.iter().map(|way| in_words(way, words)).collect();
        Opens {
            kind: kind.to_owned(),
            reader: name,
            now: rule.holds(reader, clock),
            words: if said.is_empty() { "never".to_owned() } else { said.join(", or ") },
            ways,
        }
    };
    let typical = typical_readers(&config.catalogue);
    let mut opens: Vec<Opens> = Vec::new();
    for (held, reader) in &typical {
        let name = held.as_ref().map_or_else(|| "visitor".to_owned(), ToString::to_string);
        opens.push(one((name, held.as_ref().map_or("visitor", |id| words.kind(id))), reader));
    }
    if opens.iter().all(|opens| opens.ways.is_empty()) {
        let pairs = typical.iter().enumerate().flat_map(|(at, a)| typical.iter().skip(at + 1).map(move |b| (a, b)));
        for ((a, first), (b, second)) in pairs {
            let (Some(a), Some(b)) = (a, b) else { continue };
            let both = [first.entitlements(), second.entitlements()].concat();
            let together = one((format!("{b}+{a}"), "together"), &Reader::Member(both));
            opens.extend(Some(together).filter(|together| !together.ways.is_empty()));
        }
    }
    opens
}

/// The ways in for somebody who holds these ids, all since one instant; those that another makes needless are left out.
#[must_use]
pub fn openings(rule: &Rule, held: &[&Id], clock: Timestamp) -> Vec<Opening> {
    let mut found: Vec<Opening> = Vec::new();
    for way in rule.clauses().iter().filter_map(|clause| opening(clause, held, clock)) {
        if !found.iter().any(|other| covers(other, &way)) {
            found.retain(|other| !covers(&way, other));
            found.push(way);
        }
    }
    found.sort_by_key(|way| (way.from, way.after, way.until));
    found
}

fn opening(clause: &Clause, held: &[&Id], clock: Timestamp) -> Option<Opening> {
    let met = clause.all.iter().all(|need| held.iter().any(|id| need.any.binary_search(id).is_ok()));
    let over = clause.until.is_some_and(|until| until <= clock);
    (met && !over).then(|| Opening {
        after: clause.all.iter().map(|need| need.after).max().unwrap_or_default(),
        from: clause.from.filter(|from| *from > clock),
        until: clause.until,
        joined_before: clause.all.iter().filter_map(|need| need.joined_before).min(),
    })
}

/// Whether whoever comes in by `b` could come in by `a` as well.
fn covers(a: &Opening, b: &Opening) -> bool {
    let to_the_end = |end: Option<Timestamp>| end.unwrap_or(Timestamp::MAX);
    a.after <= b.after
        && a.from <= b.from
        && to_the_end(a.until) >= to_the_end(b.until)
        && to_the_end(a.joined_before) >= to_the_end(b.joined_before)
}

fn in_words(way: &Opening, words: Words<'_>) -> String {
    let mut parts = Vec::new();
    if way.after > Length::ZERO {
        parts.push(format!("after {}", words::length(way.after)));
    }
    parts.extend(way.from.map(|from| format!("from {}", words.day(from))));
    if parts.is_empty() {
        parts.push("now".to_owned());
    }
    parts.extend(way.until.map(|until| format!("until {}", words.last_day(until))));
    parts.extend(way.joined_before.map(|before| format!("for who joined before {}", words.day(before))));
    parts.join(", ")
}
