//! Periods: what is sold by the month or by the year, and due dates that never drift.
//!
//! A [`Period`] is counted on the calendar of the site's time zone: months and years have no length in seconds. A due date
//! is always its anchor and so many periods, never the due date before it and one more, so that what began on the 31st
//! comes back to the 31st.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// So many hours, days, weeks, months or years: at most 100 years.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    count: NonZeroU32,
    unit: Unit,
}

/// What a period counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds, whatever the clocks do.
    Day,
    /// Seven days.
    Week,
    /// A month of the calendar.
    Month,
    /// Twelve of them.
    Year,
}

/// Why a text is no [`Period`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeriodError {
    /// A bare number.
    #[error("a length needs a unit: `h`, `d`, `w`, `month` or `year`")]
    NoUnit,
    /// Anything but a number and a unit.
    #[error("a length is a whole number and a unit: `h`, `d`, `w`, `month` or `year`")]
    Malformed,
    /// Nothing at all.
    #[error("a length is at least one of its unit")]
    Zero,
    /// More than 100 years.
    #[error("a length is at most 100 years")]
    TooLong,
}

impl Unit {
    /// The most of it that a period may have: 100 years.
    fn most(self) -> u32 {
        match self {
            Self::Hour => 100 * 365 * 24,
            Self::Day => 100 * 365,
            Self::Week => 100 * 52,
            Self::Month => 100 * 12,
            Self::Year => 100,
        }
    }
}

impl schemars::JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^0*[1-9][0-9]* *(h|d|w|months?|years?)$"})
    }
}

impl Period {
    /// So many of a unit.
    ///
    /// # Errors
    /// [`PeriodError::Zero`] and [`PeriodError::TooLong`].
    pub fn new(count: u32, unit: Unit) -> Result<Self, PeriodError> {
        let count = NonZeroU32::new(count).ok_or(PeriodError::Zero)?;
        if count.get() > unit.most() { Err(PeriodError::TooLong) } else { Ok(Self { count, unit }) }
    }

    /// How many of which unit.
    #[must_use]
    pub fn parts(self) -> (u32, Unit) {
        (self.count.get(), self.unit)
    }

    /// The instant that is `times` of these periods after an anchor, on the calendar of a time zone. The day is clamped to
    /// the end of its month; a time of day that the clocks skip is the one after the gap. Cut at the last instant there is.
    #[must_use]
    pub fn after(self, anchor: Timestamp, times: u32, zone: &TimeZone) -> Timestamp {
        let count = i64::from(self.count.get()).saturating_mul(i64::from(times));
        let exact =
            |seconds: i64| Timestamp::saturating(anchor.seconds().saturating_add(count.saturating_mul(seconds)));
        match self.unit {
            Unit::Hour => exact(3_600),
            Unit::Day => exact(86_400),
            Unit::Week => exact(7 * 86_400),
            Unit::Month => calendar(anchor, count, zone),
            Unit::Year => calendar(anchor, count.saturating_mul(12), zone),
        }
    }
}

fn calendar(anchor: Timestamp, months: i64, zone: &TimeZone) -> Timestamp {
    let span: Option<Span> = i32::try_from(months).ok().and_then(|months| 0.months().try_months(months).ok());
    let begins = jiff::Timestamp::from_second(anchor.seconds()).ok().map(|instant| instant.to_zoned(zone.clone()));
    let ends = begins.zip(span).and_then(|(begins, span)| begins.checked_add(span).ok());
    ends.map_or(Timestamp::MAX, |ends| Timestamp::saturating(ends.timestamp().as_second()))
}

impl FromStr for Period {
    type Err = PeriodError;

    /// Reads `12h`, `14d`, `2w`, `1 month`, `6 months` or `1 year`.
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(PeriodError::Malformed);
        }
        let unit = match unit.trim_start_matches(' ') {
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "month" | "months" => Unit::Month,
            "year" | "years" => Unit::Year,
            "" => return Err(PeriodError::NoUnit),
            _ => return Err(PeriodError::Malformed),
        };
        Self::new(number.parse().map_err(|_| PeriodError::TooLong)?, unit)
    }
}

impl TryFrom<String> for Period {
    type Error = PeriodError;

    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

/// As it is written in `site.yaml`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count.get();
        match (self.unit, count) {
            (Unit::Hour, _) => write!(f, "{count}h"),
            (Unit::Day, _) => write!(f, "{count}d"),
            (Unit::Week, _) => write!(f, "{count}w"),
            (Unit::Month, 1) => write!(f, "1 month"),
            (Unit::Month, _) => write!(f, "{count} months"),
            (Unit::Year, 1) => write!(f, "1 year"),
            (Unit::Year, _) => write!(f, "{count} years"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::saturating(text.parse::<jiff::Timestamp>().unwrap().as_second())
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for (written, said) in [
            ("12h", "12h"),
            ("14d", "14d"),
            ("2w", "2w"),
            ("1 month", "1 month"),
            ("6 month", "6 months"),
            ("1year", "1 year"),
        ] {
            assert_eq!(written.parse::<Period>().unwrap().to_string(), said);
            assert_eq!(said.parse::<Period>(), written.parse::<Period>());
        }
        for (written, error) in [
            ("", PeriodError::Malformed),
            ("month", PeriodError::Malformed),
            ("-1 month", PeriodError::Malformed),
            ("1 mon", PeriodError::Malformed),
            ("3", PeriodError::NoUnit),
            ("0 months", PeriodError::Zero),
            ("101 years", PeriodError::TooLong),
            ("99999999999d", PeriodError::TooLong),
        ] {
            assert_eq!(written.parse::<Period>(), Err(error), "{written}");
        }
    }

    #[test]
    fn due_dates_come_back_to_their_day() {
        let month: Period = "1 month".parse().unwrap();
        let anchor = at("2027-01-31T12:00:00Z");
        let due: Vec<_> = (0..=5).map(|times| month.after(anchor, times, &TimeZone::UTC).to_string()).collect();
        assert_eq!(
            due,
            [
                "2027-01-31T12:00:00Z",
                "2027-02-28T12:00:00Z",
                "2027-03-31T12:00:00Z",
                "2027-04-30T12:00:00Z",
                "2027-05-31T12:00:00Z",
                "2027-06-30T12:00:00Z",
            ]
        );
        let year: Period = "1 year".parse().unwrap();
        let leap = at("2028-02-29T00:00:00Z");
        assert_eq!(year.after(leap, 1, &TimeZone::UTC), at("2029-02-28T00:00:00Z"));
        assert_eq!(year.after(leap, 4, &TimeZone::UTC), at("2032-02-29T00:00:00Z"));
    }

    #[test]
    fn clocks_that_change_move_months_and_not_days() {
        let berlin = zone("Europe/Berlin");
        let anchor = at("2027-03-01T08:00:00+01:00");
        assert_eq!("1 month".parse::<Period>().unwrap().after(anchor, 1, &berlin), at("2027-04-01T08:00:00+02:00"));
        assert_eq!("31d".parse::<Period>().unwrap().after(anchor, 1, &berlin), at("2027-04-01T09:00:00+02:00"));
        // 02:30 is skipped on 28 March.
        let skipped = at("2027-02-28T02:30:00+01:00");
        assert_eq!("1 month".parse::<Period>().unwrap().after(skipped, 1, &berlin), at("2027-03-28T03:30:00+02:00"));
    }

    #[test]
    fn nothing_is_after_the_last_instant() {
        let years: Period = "100 years".parse().unwrap();
        assert_eq!(years.after(Timestamp::MAX, 1, &TimeZone::UTC), Timestamp::MAX);
        assert_eq!(years.after(Timestamp::MIN, u32::MAX, &TimeZone::UTC), Timestamp::MAX);
    }
}
