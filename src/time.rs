//! Instants, lengths and the dates that writers type.
//!
//! Everything that decides works on [`Timestamp`], whole seconds since 1970 UTC. Nothing here reads a clock: the present
//! is an argument everywhere.

pub mod period;

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// An instant: seconds since 1970-01-01T00:00:00Z, from 0 to 253402300799 (RFC 7519 NumericDate, whole seconds).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schemars(extend("minimum" = 0, "maximum" = 253_402_300_799_i64))]
pub struct Timestamp(i64);

/// The number is not an instant between 1970 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an instant between 1970 and 9999")]
pub struct OutOfRange;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self(253_402_300_799);

    /// Takes seconds since 1970; values outside the range are cut to it.
    #[must_use]
    pub fn saturating(seconds: i64) -> Self {
        Self(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The instant that much later, or [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, length: Length) -> Self {
        Self::saturating(self.0.saturating_add(length.seconds()))
    }

    /// The instant in a time zone, as a civil date and time.
    #[must_use]
    pub fn civil(self, zone: &TimeZone) -> civil::DateTime {
        jiff::Timestamp::from_second(self.0).map_or_else(
            // jiff ends a day early, for every zone to have its last instant: that day is UTC's to all.
            |_| civil::date(1970, 1, 1).at(0, 0, 0, 0).saturating_add(jiff::Span::new().seconds(self.0)),
            |instant| zone.to_datetime(instant),
        )
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = OutOfRange;

    fn try_from(seconds: i64) -> Result<Self, OutOfRange> {
        if (Self::MIN.0..=Self::MAX.0).contains(&seconds) { Ok(Self(seconds)) } else { Err(OutOfRange) }
    }
}

impl From<Timestamp> for i64 {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

/// RFC 3339 in UTC, for messages and machines.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.civil(&TimeZone::UTC))
    }
}

/// A length of time in whole seconds, at most 36,500 days: what `drip` counts.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Length(#[schemars(range(min = 0))] i64);

/// Why a text is no [`Length`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LengthError {
    /// A bare number.
    #[error("a length needs a unit")]
    NoUnit,
    /// Anything but `h`, `d` or `w` after a number.
    #[error("a length is a whole number and a unit: `h`, `d` or `w`")]
    Malformed,
    /// More than 36,500 days.
    #[error("a length is at most 36500 days")]
    TooLong,
}

impl Length {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    const MAX_SECONDS: i64 = 36_500 * 86_400;

    /// The length in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// This length so many times, cut at the longest one.
    #[must_use]
    pub fn times(self, count: usize) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Self(self.0.saturating_mul(count).min(Self::MAX_SECONDS))
    }
}

impl TryFrom<i64> for Length {
    type Error = LengthError;

    fn try_from(seconds: i64) -> Result<Self, LengthError> {
        match seconds {
            0..=Self::MAX_SECONDS => Ok(Self(seconds)),
            i64::MIN..0 => Err(LengthError::Malformed),
            _ => Err(LengthError::TooLong),
        }
    }
}

impl From<Length> for i64 {
    fn from(length: Length) -> Self {
        length.0
    }
}

impl FromStr for Length {
    type Err = LengthError;

    /// Reads `12h`, `7d` or `2w`.
    fn from_str(text: &str) -> Result<Self, LengthError> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(LengthError::Malformed);
        }
        let unit = match unit {
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "" => return Err(LengthError::NoUnit),
            _ => return Err(LengthError::Malformed),
        };
        let number: i64 = number.parse().map_err(|_| LengthError::TooLong)?;
        Self::try_from(number.saturating_mul(unit))
    }
}

/// A date as a writer typed it, resolved to its first instant and, for `until`, the first instant after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Date {
    /// The first instant of the day, or the instant itself.
    pub first: Timestamp,
    /// Where a bare date ends: midnight after it; an instant ends where it begins.
    pub end: Timestamp,
    /// The civil date and time as the writer sees it (in the offset written, else in the site's time zone).
    pub civil: civil::DateTime,
    /// Whether only a day was written.
    pub bare: bool,
}
