//! Which form of an object a request is sent: its encoding, a part of it, or word that it has it already.
//!
//! Content negotiation, conditions and ranges of RFC 9110. Pure: headers in, a choice out. Only answers with status 200
//! come here; a denial is sent whole, as it is.

use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE};

use crate::manifest::Encoding;

/// Which bytes of a form are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// All.
    Whole,
    /// From the first up to and without the second (206).
    Bytes(u64, u64),
    /// The request asks for bytes that are not there (416).
    Unsatisfiable,
}

/// The encoding that suits a client best, of those that there are; none where it asks for none (RFC 9110, 12.5.3).
pub(super) fn encoding(headers: &HeaderMap, available: &[Encoding]) -> Option<Encoding> {
    if available.is_empty() || !headers.contains_key(ACCEPT_ENCODING) {
        return None;
    }
    let weight = |encoding: &Encoding| weight(headers, name(*encoding));
    let best = available.iter().copied().max_by_key(|encoding| (weight(encoding), *encoding == Encoding::Br))?;
    let (best_weight, identity) = (weight(&best), self::weight(headers, "identity"));
    (best_weight > 0 && best_weight >= identity).then_some(best)
}

/// The name of an encoding in HTTP.
pub(super) fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Br => "br",
        Encoding::Gzip => "gzip",
    }
}

/// What a client thinks of an encoding, in thousandths. What it does not speak of weighs nothing.
fn weight(headers: &HeaderMap, name: &str) -> u16 {
    let mut any = 0;
    for item in list(headers, &ACCEPT_ENCODING) {
        let (coding, parameters) = item.split_once(';').unwrap_or((item, ""));
        let (coding, weight) = (coding.trim(), quality(parameters));
        let alias = name == "gzip" && coding.eq_ignore_ascii_case("x-gzip");
        if coding.eq_ignore_ascii_case(name) || alias {
            return weight;
        }
        if coding == "*" {
            any = weight;
        }
    }
    any
}

/// `q=0.5` in thousandths (RFC 9110, 12.4.2); what is malformed counts as nothing.
fn quality(parameters: &str) -> u16 {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1000;
    }
    let Some(value) = parameters.strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('=')) else {
        return 0;
    };
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return 0;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" if thousandths == 0 => 1000,
        _ => 0,
    }
}

/// The items of a header that is a list, from all its lines.
fn list<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

/// Whether a request may want less than the whole.
pub(super) fn has_conditions(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH) || headers.contains_key(RANGE)
}

/// Whether the client has this form already (RFC 9110, 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    if !headers.contains_key(IF_NONE_MATCH) {
        return false;
    }
    list(headers, &IF_NONE_MATCH).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Which part of a form of this size is asked for (RFC 9110, 14). Several ranges, and what is no range of bytes, mean the
/// whole.
pub(crate) fn part(headers: &HeaderMap, etag: &str, size: u64) -> Part {
    let mut lines = headers.get_all(RANGE).iter();
    let (Some(range), None) = (lines.next(), lines.next()) else { return Part::Whole };
    // A tag must be this very form's; a date is that of no object, for they have none.
    let unchanged = headers.get(IF_RANGE).is_none_or(|tag| tag.as_bytes() == etag.as_bytes());
    let Some(range) = range.to_str().ok().filter(|_| unchanged) else { return Part::Whole };
    let Some((unit, set)) = range.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Part::Whole };
    match (number(first), last, number(last)) {
        (Some(first), _, Some(last)) if last < first => Part::Whole,
        (Some(first), "", _) | (Some(first), _, Some(_)) if first >= size => Part::Unsatisfiable,
        (Some(first), "", _) => Part::Bytes(first, size),
        (Some(first), _, Some(last)) => Part::Bytes(first, last.saturating_add(1).min(size)),
        (None, _, Some(length)) if first.is_empty() => {
            if length == 0 || size == 0 {
                Part::Unsatisfiable
            } else {
                Part::Bytes(size.saturating_sub(length), size)
            }
        }
        _ => Part::Whole,
    }
}

/// A number of digits alone; one that is too large for any file is the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn with(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[track_caller]
    fn check_encoding(accepts: &[&str], expected: Option<Encoding>) {
        let headers = with(ACCEPT_ENCODING, accepts);
        assert_eq!(encoding(&headers, &[Encoding::Br, Encoding::Gzip]), expected, "{accepts:?}");
    }

    #[test]
    fn encodings_are_weighed() {
        use Encoding::{Br, Gzip};
        check_encoding(&[], None);
        check_encoding(&["gzip, deflate, br, zstd"], Some(Br));
        check_encoding(&["gzip", "br"], Some(Br));
        check_encoding(&["GZIP"], Some(Gzip));
        check_encoding(&["x-gzip"], Some(Gzip));
        check_encoding(&["br;q=0.5, gzip;q=0.8"], Some(Gzip));
        check_encoding(&["br;q=0, gzip;q=0.001"], Some(Gzip));
        check_encoding(&["br; q=0"], None);
        check_encoding(&["*"], Some(Br));
        check_encoding(&["*;q=0"], None);
        check_encoding(&["*, br;q=0"], Some(Gzip));
        check_encoding(&["identity"], None);
        check_encoding(&["identity;q=0.5, gzip;q=0.4"], None);
        check_encoding(&["identity;q=0"], None);
        check_encoding(&["br;q=1.1, gzip;q=x"], None);
        check_encoding(&["br;q=1.000"], Some(Br));
        check_encoding(&["brr, xbr"], None);
        check_encoding(&[",,,;;,=;q"], None);
        assert_eq!(encoding(&with(ACCEPT_ENCODING, &["br, gzip"]), &[Gzip]), Some(Gzip));
        assert_eq!(encoding(&with(ACCEPT_ENCODING, &["br"]), &[]), None);
    }

    #[test]
    fn tags_are_compared() {
        let known = |values: &[&str]| is_known(&with(IF_NONE_MATCH, values), "\"a\"");
        for values in [&["\"a\""][..], &["\"b\", \"a\""], &["\"b\"", "W/\"a\""], &["*"]] {
            assert!(known(values), "{values:?}");
        }
        for values in [&[][..], &["\"b\""], &["a"], &["\"a"], &[""], &["W/W/\"a\""]] {
            assert!(!known(values), "{values:?}");
        }
    }

    #[track_caller]
    fn check_part(range: &str, expected: Part) {
        assert_eq!(part(&with(RANGE, &[range]), "\"a\"", 100), expected, "{range}");
    }

    #[test]
    fn ranges_are_read() {
        use Part::{Bytes, Unsatisfiable, Whole};
        check_part("bytes=0-0", Bytes(0, 1));
        check_part("bytes=10-19", Bytes(10, 20));
        check_part("Bytes=10-", Bytes(10, 100));
        check_part("bytes=90-1000", Bytes(90, 100));
        check_part("bytes=-10", Bytes(90, 100));
        check_part("bytes=-1000", Bytes(0, 100));
        check_part("bytes=0-99999999999999999999999999", Bytes(0, 100));
        check_part("bytes=100-", Unsatisfiable);
        check_part("bytes=100-200", Unsatisfiable);
        check_part("bytes=-0", Unsatisfiable);
        for whole in [
            "bytes=",
            "bytes=-",
            "bytes=2-1",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes 0-1",
            "bytes=a-b",
            "bytes=1-x",
            "bytes=+1-2",
            "bytes=--1",
            "bytes=1-2-",
        ] {
            check_part(whole, Whole);
        }
    }

    #[test]
    fn a_range_may_depend_on_a_tag() {
        let mut headers = with(RANGE, &["bytes=0-9"]);
        for (tag, expected) in [
            ("\"a\"", Part::Bytes(0, 10)),
            ("W/\"a\"", Part::Whole),
            ("\"b\"", Part::Whole),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Part::Whole),
        ] {
            headers.insert(IF_RANGE, HeaderValue::from_static(tag));
            assert_eq!(part(&headers, "\"a\"", 100), expected, "{tag}");
        }
        assert_eq!(part(&with(RANGE, &["bytes=0-9", "bytes=0-9"]), "\"a\"", 100), Part::Whole);
    }
}
