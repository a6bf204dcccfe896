//! Dates and ages in words.

use jiff::tz::TimeZone;

use crate::time::{Length, Timestamp};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// ` from 2026-12-01 until 2026-12-04`, or nothing.
pub(super) fn window(from: Option<Timestamp>, until: Option<Timestamp>) -> String {
    let from = from.map(|from| format!(" from {}", date(from))).unwrap_or_default();
    let until = until.map(|until| format!(" until {}", end(until))).unwrap_or_default();
    from + &until
}

/// An instant: of a midnight (UTC) the day alone.
pub(super) fn date(instant: Timestamp) -> String {
    let civil = instant.civil(&TimeZone::UTC);
    if instant.seconds() % DAY == 0 { civil.date().to_string() } else { instant.to_string() }
}

/// The end of a window as writers type it: the last day, where it ends with one.
fn end(instant: Timestamp) -> String {
    if instant.seconds() % DAY == 0 {
        date(Timestamp::saturating(instant.seconds() - DAY))
    } else {
        instant.to_string()
    }
}

/// The days on which somebody has one drip behind them and the other not.
pub(super) fn ages(at_least: Length, below: Length) -> String {
    let (unit, word) = unit(&[at_least, below]);
    let (first, last) = (at_least.seconds() / unit, below.seconds() / unit - 1);
    match first {
        first if first >= last => counted(first, word),
        first => format!("{first} to {}", counted(last, word)),
    }
}

/// `7 days`, `12 hours`
pub(super) fn length(length: Length) -> String {
    let (unit, word) = unit(&[length]);
    counted(length.seconds() / unit, word)
}

/// `day 7`, `hour 12`: when a drip opens; the first day is day 0.
pub(super) fn day(length: Length) -> String {
    let (unit, word) = unit(&[length]);
    format!("{word} {}", length.seconds() / unit)
}

fn counted(count: i64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn unit(lengths: &[Length]) -> (i64, &'static str) {
    let whole = |unit: i64| lengths.iter().all(|length| length.seconds() % unit == 0);
    [(DAY, "day"), (HOUR, "hour"), (60, "minute")].into_iter().find(|(unit, _)| whole(*unit)).unwrap_or((1, "second"))
}
