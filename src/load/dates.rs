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
        return Some(bare(day, zone));
    }
    let separated = cursor.take('T') || cursor.take('t') || cursor.blanks();
    let time = if separated { clock(&mut cursor)? } else { return None };
    cursor.blanks();
    repeated_year(&mut cursor, day);
    let offset = if cursor.rest.is_empty() { None } else { Some(offset(&mut cursor)?) };
    if !cursor.rest.is_empty() {
        return None;
    }
    let civil = day.to_datetime(time);
    let instant = match offset {
        Some(offset) => offset.to_timestamp(civil),
        None => zone.to_timestamp(civil),
    };
    let first = within(instant, day);
    Some(Date { first, end: first, civil, bare: false })
}

/// A whole day, in the site's time zone.
#[must_use]
pub fn bare(day: civil::Date, zone: &TimeZone) -> Date {
    let midnight = |day: civil::Date| within(day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp()), day);
    let end = day.tomorrow().map_or(Timestamp::MAX, midnight);
    Date { first: midnight(day), end, civil: day.to_datetime(civil::Time::midnight()), bare: true }
}

/// An instant, or the last one where the calendar goes on and time zones do not: the end of 9999.
fn within(instant: Result<jiff::Timestamp, jiff::Error>, day: civil::Date) -> Timestamp {
    match instant {
        Ok(instant) => Timestamp::saturating(instant.as_second()),
        Err(_) if day.year() > 1970 => Timestamp::MAX,
        Err(_) => Timestamp::MIN,
    }
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

/// Some write the year once more behind the time, as `date` prints it: `2023-01-29 18:30:22 2023 -0800`.
fn repeated_year(cursor: &mut Cursor<'_>, day: civil::Date) {
    let year = format!("{:04}", day.year());
    if let Some(rest) = cursor.rest.strip_prefix(&year).filter(|rest| !rest.starts_with(|c: char| !c.is_whitespace())) {
        cursor.rest = rest.trim_start();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn amsterdam() -> TimeZone {
        TimeZone::get("Europe/Amsterdam").unwrap()
    }

    #[test]
    fn every_form_of_an_instant_is_read() {
        for (text, instant, civil) in [
            ("2022-09-18T12:29:23Z", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18t12:29:23z", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18 12:29:23 -0400", "2022-09-18T16:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18 12:29:23 +0000", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18T12:29:23-04:00", "2022-09-18T16:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18T12:29:23+05:30", "2022-09-18T06:59:23Z", "2022-09-18T12:29:23"),
            ("2016-03-01 12:00:00 -5", "2016-03-01T17:00:00Z", "2016-03-01T12:00:00"),
            ("2016-05-01 9:00:00 -5", "2016-05-01T14:00:00Z", "2016-05-01T09:00:00"),
            ("2016-03-01 12:00:00 -05", "2016-03-01T17:00:00Z", "2016-03-01T12:00:00"),
            ("2022-09-18T12:29", "2022-09-18T10:29:00Z", "2022-09-18T12:29:00"),
            ("2022-09-18 12:29:23", "2022-09-18T10:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18T12:29:23.456Z  ", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18T12:29:23,4", "2022-09-18T10:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18 12:29:23 UTC", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18 12:29:23 +0000 UTC", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("2022-09-18 12:29:23 +0200 CEST", "2022-09-18T10:29:23Z", "2022-09-18T12:29:23"),
            ("Sun, 18 Sep 2022 12:29:23 GMT", "2022-09-18T12:29:23Z", "2022-09-18T12:29:23"),
            ("18 September 2022 12:29:23 -0700", "2022-09-18T19:29:23Z", "2022-09-18T12:29:23"),
            ("2023-01-29 18:30:22 2023 -0800", "2023-01-30T02:30:22Z", "2023-01-29T18:30:22"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", "2016-12-31T23:59:59"),
            ("1965-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1965-01-01T00:00:00"),
        ] {
            let date = parse(text, &amsterdam()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (date.first.to_string(), date.civil.to_string()),
                (instant.to_owned(), civil.to_owned()),
                "{text}"
            );
            assert!(!date.bare && date.end == date.first, "{text}");
        }
    }

    #[test]
    fn a_bare_date_is_a_day_of_the_site() {
        for text in
            ["2022-09-18", "2022-9-18", " 2022-09-18 ", "18 Sep 2022", "September 18, 2022", "Sunday, 18 Sep 2022"]
        {
            let date = parse(text, &amsterdam()).unwrap_or_else(|| panic!("{text}"));
            assert!(date.bare);
            assert_eq!(date.first.to_string(), "2022-09-17T22:00:00Z", "{text}");
            assert_eq!(date.end.to_string(), "2022-09-18T22:00:00Z");
            assert_eq!(date.civil.to_string(), "2022-09-18T00:00:00");
        }
        // The clocks go back on this day: it has 25 hours.
        let long = parse("2022-10-30", &amsterdam()).unwrap();
        assert_eq!(long.end.seconds() - long.first.seconds(), 25 * 3_600);
        assert_eq!(parse("9999-12-31", &TimeZone::UTC).unwrap().end, Timestamp::MAX);
    }

    #[test]
    fn what_may_mean_two_things_or_nothing_is_no_date() {
        for text in [
            "",
            "2022",
            "2022-09",
            "1/2/2022",
            "18.9.2022",
            "22-09-18",
            "2022-13-01",
            "2022-02-30",
            "2022-09-18T",
            "2022-09-18x",
            "2022-09-18T25:00:00",
            "2022-09-18 12",
            "2022-09-18T12:29:23.",
            "2022-09-18T12:29:23 EST",
            "2022-09-18T12:29:23 -24",
            "2022-09-18T12:29:23+",
            "2022-09-18T12:29:23 +05:3",
            "2022-09-18T12:29:23 +0500 x",
            "2023-01-29 18:30:22 2024 -0800",
            "Sep 2022",
            "Foo 18, 2022",
            "2022-09-18-x",
            "\u{662}\u{660}22-09-18",
        ] {
            assert!(parse(text, &TimeZone::UTC).is_none(), "{text}");
        }
    }
}
