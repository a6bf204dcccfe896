//! Entitlements: what a token says of its bearer, and the readers that the command line can imagine.
//!
//! It refuses to verify anything: by the time an [`Entitlement`] exists, somebody has vouched for it.

use super::catalogue::{Catalogue, Kind};
use super::rule::Need;
use crate::id::Id;
use crate::time::{Date, Length, LengthError, Timestamp};

/// What a grant yields: one id, for some time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Entitlement {
    /// A tier or a bundle.
    pub value: Id,
    /// When it began; drips count from here.
    pub since: Timestamp,
    /// When it ended or will end.
    pub until: Option<Timestamp>,
    /// When it was frozen: what was open then stays open, nothing new opens.
    pub frozen: Option<Timestamp>,
}

impl Entitlement {
    /// An entitlement without an end.
    #[must_use]
    pub fn new(value: Id, since: Timestamp) -> Self {
        Self { value, since, until: None, frozen: None }
    }

    /// Whether it is in force at an instant.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.since <= now && self.until.is_none_or(|until| now < until)
    }

    /// Whether it meets a need at an instant, where one frozen before `floor` does not count (design 4.5).
    #[must_use]
    pub fn meets(&self, need: &Need, floor: Timestamp, now: Timestamp) -> bool {
        let seen = self.frozen.map_or(now, |frozen| frozen.min(now));
        self.in_force(now)
            && self.since.after(need.after) <= seen
            && need.joined_before.is_none_or(|before| self.since < before)
            && self.frozen.is_none_or(|frozen| floor <= frozen)
            && need.any.binary_search(&self.value).is_ok()
    }
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Nobody is signed in: there is no token, or a bad one.
    Visitor,
    /// A valid token with these entitlements; there may be none.
    Member(Vec<Entitlement>),
    /// A token that is good but for its `exp`: sent to be refreshed once, and a visitor otherwise.
    Expired(Vec<Entitlement>),
}

impl Reader {
    /// The entitlements that count: an expired token has none.
    #[must_use]
    pub fn entitlements(&self) -> &[Entitlement] {
        match self {
            Self::Member(entitlements) => entitlements,
            Self::Visitor | Self::Expired(_) => &[],
        }
    }
}

/// The readers that a site is made for: a visitor, a member of each tier, a holder of each bundle with the default tier;
/// all since long ago, so that drips have passed. With each the id of what they hold.
#[must_use]
pub fn typical_readers(catalogue: &Catalogue) -> Vec<(Option<Id>, Reader)> {
    let grant = |id: &Id| Entitlement::new(id.clone(), Timestamp::MIN);
    let mut readers = vec![(None, Reader::Visitor)];
    for tier in catalogue.tiers() {
        readers.push((Some(tier.id.clone()), Reader::Member(vec![grant(&tier.id)])));
    }
    for bundle in catalogue.bundles() {
        let tier = catalogue.default_tier().map(grant);
        let held = std::iter::once(grant(&bundle.id)).chain(tier).collect();
        readers.push((Some(bundle.id.clone()), Reader::Member(held)));
    }
    readers
}

/// Why a text is no reader (design 8).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReaderError {
    /// Nothing between two `+`, or nothing at all.
    #[error("a reader is `visitor`, or tiers and bundles joined by `+`")]
    Empty,
    /// An id that the catalogue does not have.
    #[error("unknown tier or bundle `{id}`{}", near.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// What was written.
        id: String,
        /// The nearest id there is.
        near: Option<String>,
    },
    /// What stands after `/` or `@` is neither a date nor a length.
    #[error("`{0}` is neither a date nor a length such as `30d`")]
    NoDate(String),
    /// A word after `!` other than `frozen` and `expired`.
    #[error("unknown state `!{0}`: there are `!frozen` and `!expired`")]
    UnknownState(String),
    /// `visitor` beside a tier or a bundle.
    #[error("a visitor has no tiers and no bundles")]
    VisitorWithMore,
}

/// Reads a reader as the command line takes it: `visitor`, or `ID[/START or /AGE][!frozen or !expired]` joined by `+`,
/// then `@DATE`. The second value is the instant that is meant: `now`, where no date stands there.
///
/// Without a start an entitlement began long ago, so that all drips have passed. `!frozen` is frozen at that instant,
/// `!expired` ended at it. Bundles without any tier come with the default tier, from the earliest of their starts.
///
/// # Errors
/// A [`ReaderError`] for the first part that cannot be read.
pub fn parse_reader(
    text: &str,
    catalogue: &Catalogue,
    dates: &dyn Fn(&str) -> Option<Date>,
    now: Timestamp,
) -> Result<(Reader, Timestamp), ReaderError> {
    let written = Written::of(text);
    let now = match written.day {
        Some(day) => dates(day).ok_or_else(|| ReaderError::NoDate(day.to_owned()))?.first,
        None => now,
    };
    let is_visitor = |part: &WrittenPart<'_>| *part == WrittenPart { id: "visitor", start: None, state: None };
    if matches!(written.parts.as_slice(), [only] if is_visitor(only)) {
        return Ok((Reader::Visitor, now));
    }
    if written.parts.iter().any(is_visitor) {
        return Err(ReaderError::VisitorWithMore);
    }
    let parse = |part| parse_entitlement(part, catalogue, dates, now);
    let mut entitlements = written.parts.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let tier = |entitlement: &Entitlement| catalogue.kind(&entitlement.value) == Some(Kind::Tier);
    if !entitlements.iter().any(tier)
        && let (Some(tier), Some(since)) =
            (catalogue.default_tier(), entitlements.iter().map(|entitlement| entitlement.since).min())
    {
        entitlements.push(Entitlement::new(tier.clone(), since));
    }
    Ok((Reader::Member(entitlements), now))
}

/// A reader as it is written, taken apart and not yet understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written<'a> {
    /// What stands between `+`.
    pub parts: Vec<WrittenPart<'a>>,
    /// What stands behind `@`.
    pub day: Option<&'a str>,
}

/// One entitlement as it is written: `ID/START!STATE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WrittenPart<'a> {
    /// The tier or bundle; or `visitor`.
    pub id: &'a str,
    /// Since when, or for how long.
    pub start: Option<&'a str>,
    /// `frozen` or `expired`.
    pub state: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// Takes a reader apart.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let (who, day) = text.split_once('@').map_or((text, None), |(who, day)| (who, Some(day.trim())));
        let part = |part: &'a str| {
            let (held, state) = part.split_once('!').map_or((part, None), |(held, state)| (held, Some(state.trim())));
            let (id, start) = held.split_once('/').map_or((held, None), |(id, start)| (id, Some(start.trim())));
            WrittenPart { id: id.trim(), start, state }
        };
        Self { parts: split_plus(who).into_iter().map(part).collect(), day }
    }
}

/// Splits at `+`, but not where it begins the offset of a time (`T09:00:00+02:00`).
fn split_plus(text: &str) -> Vec<&str> {
    let offset = |rest: &str| {
        let bytes = rest.as_bytes();
        matches!(bytes, [a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()))
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for (plus, _) in text.match_indices('+') {
        let (before, after) = (text.get(start..plus), text.get(plus + 1..).unwrap_or_default());
        if !offset(after) {
            parts.extend(before.map(str::trim));
            start = plus + 1;
        }
    }
    parts.extend(text.get(start..).map(str::trim));
    parts
}

fn parse_entitlement(
    part: WrittenPart<'_>,
    catalogue: &Catalogue,
    dates: &dyn Fn(&str) -> Option<Date>,
    now: Timestamp,
) -> Result<Entitlement, ReaderError> {
    let WrittenPart { id, start, state } = part;
    if id.is_empty() {
        return Err(ReaderError::Empty);
    }
    let found = catalogue
        .lookup(id)
        .ok_or_else(|| ReaderError::Unknown { id: id.to_owned(), near: catalogue.nearest(id).map(str::to_owned) })?;
    let since = match start {
        None => Timestamp::MIN,
        Some(start) => parse_start(start, dates, now)?,
    };
    let entitlement = Entitlement::new(found.id, since);
    match state {
        None => Ok(entitlement),
        Some("frozen") => Ok(Entitlement { frozen: Some(now), ..entitlement }),
        Some("expired") => Ok(Entitlement { until: Some(now), ..entitlement }),
        Some(other) => Err(ReaderError::UnknownState(other.to_owned())),
    }
}

fn parse_start(start: &str, dates: &dyn Fn(&str) -> Option<Date>, now: Timestamp) -> Result<Timestamp, ReaderError> {
    let length: Result<Length, LengthError> = start.parse();
    match length {
        Ok(age) => Ok(Timestamp::saturating(now.seconds().saturating_sub(age.seconds()))),
        Err(_) => dates(start).map(|date| date.first).ok_or_else(|| ReaderError::NoDate(start.to_owned())),
    }
}
