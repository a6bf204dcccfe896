//! JSON as tokens need it: read where it is looked at, and no further.
//!
//! A token may hold what is none of our business: numbers that no double holds, deep nesting. Edges in other languages
//! skip that, so it is skipped here too, and not refused. Where a key stands twice, the last one counts (RFC 8259, 4).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::time::Timestamp;

/// An object whose values have not been read yet.
pub(super) type Object<'a> = BTreeMap<String, &'a RawValue>;

/// An object, if the text is one.
pub(super) fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

/// An array, if the value is one.
pub(super) fn array(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A string, if the value is one.
pub(super) fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// Whether it is `null`.
pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// An instant: a number whose value as a double is an integer from 0 to 253402300799 (`1795000000.0` and `1.795e9` are).
pub(super) fn instant(value: &RawValue) -> Option<Timestamp> {
    let text = value.get();
    // Beside numbers, only words and quotes could begin what Rust reads as one (`inf`, `NaN`).
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let (least, most) = (Timestamp::MIN.seconds() as f64, Timestamp::MAX.seconds() as f64);
    // False for anything that is not a number, and for the infinite.
    let sound = number >= least && number <= most && number.fract() == 0.0;
    if sound { Timestamp::try_from(number as i64).ok() } else { None }
}
