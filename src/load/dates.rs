//! Dates as writers type them, in every form that Jekyll and Hugo read and that means one instant only.
//!
//! `1/2/2026` is no date here: half of the world reads January in it. A time without an offset stands in the site's
//! time zone.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use crate::time::{Date, Timestamp};

/// Reads a date.
///
/// `2022-09-18`, `2022-09-18T12:29:23Z`, `2022-09-18 12:29:23 -0400`, ` -5`, `+05:30`, without seconds or with
/// fractions, `18 Sep 2022`, `September 18, 2022` and RFC 1123's `Sun, 18 Sep 2022 12:29:23 GMT`.
#[must_use]
pub fn parse(text: &str, zone: &TimeZone) -> Option<Date> {
    let mut cursor = Cursor { rest: text.trim() };
    let day = numeric_day(&mut cursor).or_else(|| {
        cursor.rest = text.trim();
        named_day(&mut cursor)
    })?;
    if cursor.rest.is_empty() {
        return bare(day, zone);
    }
    let separated = cursor.take('T') || cursor.take('t') || cursor.blanks();
    let time = if separated { clock(&mut cursor)? } else { return None };
    cursor.blanks();
    let offset = if cursor.rest.is_empty() { None } else { Some(offset(&mut cursor)?) };
    if !cursor.rest.is_empty() {
        return None;
    }
    let civil = day.to_datetime(time);
    let instant = match offset {
        Some(offset) => offset.to_timestamp(civil).ok()?,
        None => zone.to_timestamp(civil).ok()?,
    };
    let first = Timestamp::saturating(instant.as_second());
    Some(Date { first, end: first, civil, bare: false })
}

/// A whole day, in the site's time zone.
#[must_use]
pub fn bare(day: civil::Date, zone: &TimeZone) -> Option<Date> {
    let midnight =
        |day: civil::Date| Some(Timestamp::saturating(day.to_zoned(zone.clone()).ok()?.timestamp().as_second()));
    let first = midnight(day)?;
    let end = day.tomorrow().ok().and_then(midnight).unwrap_or(Timestamp::MAX);
    Some(Date { first, end, civil: day.to_datetime(civil::Time::midnight()), bare: true })
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) -> bool {
        let rest = self.rest.trim_start();
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some
    }

    fn run(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let length = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        run
    }

    /// A number with between `least` and `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i16> {
        let digits = self.run(|c| c.is_ascii_digit());
        if (least..=most).contains(&digits.len()) { digits.parse().ok() } else { None }
    }

    fn small(&mut self, least: usize) -> Option<i8> {
        self.number(least, 2).and_then(|number| number.try_into().ok())
    }
}

fn numeric_day(cursor: &mut Cursor<'_>) -> Option<civil::Date> {
    let year = cursor.number(4, 4)?;
    let month = if cursor.take('-') { cursor.small(1)? } else { return None };
    let day = if cursor.take('-') { cursor.small(1)? } else { return None };
    civil::Date::new(year, month, day).ok()
}

/// `18 Sep 2022`, `Sunday, September 18, 2022` and the like.
fn named_day(cursor: &mut Cursor<'_>) -> Option<civil::Date> {
    if let Some((weekday, rest)) = cursor.rest.split_once(',')
        && DAYS.iter().any(|day| abbreviates(weekday, day))
    {
        cursor.rest = rest.trim_start();
    }
    let (month, day);
    if cursor.rest.starts_with(|c: char| c.is_ascii_digit()) {
        day = cursor.small(1)?;
        cursor.blanks();
        month = month_named(cursor.run(|c| c.is_ascii_alphabetic()))?;
    } else {
        month = month_named(cursor.run(|c| c.is_ascii_alphabetic()))?;
        cursor.blanks();
        day = cursor.small(1)?;
        cursor.take(',');
    }
    cursor.blanks();
    civil::Date::new(cursor.number(4, 4)?, month, day).ok()
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn month_named(word: &str) -> Option<i8> {
    MONTHS.iter().position(|month| abbreviates(word, month)).and_then(|index| i8::try_from(index + 1).ok())
}

/// Whether a word is a name or its first three letters.
fn abbreviates(word: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(name) || name.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short))
}

fn clock(cursor: &mut Cursor<'_>) -> Option<civil::Time> {
    let hour = cursor.small(1)?;
    let minute = if cursor.take(':') { cursor.small(2)? } else { return None };
    let mut second = 0;
    if cursor.take(':') {
        second = cursor.small(2)?;
        // Whole seconds count; a fraction is read and dropped.
        if (cursor.take('.') || cursor.take(',')) && cursor.run(|c| c.is_ascii_digit()).is_empty() {
            return None;
        }
    }
    // RFC 3339 allows a leap second; no clock of ours has one.
    if second == 60 {
        second = 59;
    }
    civil::Time::new(hour, minute, second, 0).ok()
}

/// `Z`, `UTC`, `GMT`, `-5`, `-0500`, `+05:30`, and Go's `+0000 UTC`.
fn offset(cursor: &mut Cursor<'_>) -> Option<Offset> {
    let sign = if cursor.take('-') { -1 } else { 1 };
    if sign == 1 && !cursor.take('+') {
        let word = cursor.run(|c| c.is_ascii_alphabetic());
        return ["z", "utc", "gmt"].iter().any(|name| word.eq_ignore_ascii_case(name)).then_some(Offset::UTC);
    }
    let digits = cursor.run(|c| c.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        1 | 2 if cursor.take(':') => (digits, cursor.run(|c| c.is_ascii_digit())),
        1 | 2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let hours: i32 = hours.parse().ok()?;
    let minutes: i32 = if minutes.len() == 2 { minutes.parse().ok()? } else { return None };
    if hours > 23 || minutes > 59 {
        return None;
    }
    if cursor.blanks() {
        let name = cursor.run(|c| c.is_ascii_uppercase());
        if !(3..=5).contains(&name.len()) {
            return None;
        }
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}
