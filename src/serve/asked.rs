//! As whom a page is asked for: what the address says, what the browser keeps, what the call said.
//!
//! `?view-as=READER` can be shared, and is kept in a cookie for the next clicks. A `+` in it is a `+`: readers hold no blanks.
//! Cookies know no ports: the name has it, so that two sites that are served side by side have two readers.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, COOKIE, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use crate::access::entitlement::{Reader, parse_reader};
use crate::load::dates;
use crate::serve::held::Held;
use crate::time::Timestamp;

/// What stands in the query, and before the port in the name of the cookie.
const QUERY_NAME: &str = "view-as";

/// What a browser does with the answer (Fetch Metadata, W3C).
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// All but what a reader is written with, and a cookie may hold.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'/').remove(b'+').remove(b'!').remove(b'@').remove(b':');

/// Where a reader was named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// In the address.
    Query,
    /// In the cookie.
    Cookie,
    /// In the call.
    Call,
}

/// As whom something is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct As {
    /// The reader as written.
    pub(super) text: String,
    /// Where that was.
    pub(super) named: Named,
}

impl As {
    /// As whom a request is made.
    pub(super) fn of(target: &[u8], headers: &HeaderMap, (call, port): (&str, u16)) -> Self {
        let query = value(target, QUERY_NAME).map(|text| Self { text, named: Named::Query });
        let cookie = || cookie(headers, port).map(|text| Self { text, named: Named::Cookie });
        query.or_else(cookie).unwrap_or_else(|| Self { text: call.to_owned(), named: Named::Call })
    }

    /// The cookie that keeps it until the browser is closed.
    pub(super) fn cookie(&self, port: u16) -> String {
        let value = utf8_percent_encode(&self.text, KEPT);
        format!("{}={value}; Path=/; SameSite=Strict", cookie_name(port))
    }
}

/// A reader who was understood, and the instant at which they read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    /// As written.
    pub(super) text: String,
    /// What that means.
    pub(super) reader: Reader,
    /// When.
    pub(super) now: Timestamp,
    /// What was wrong with another one that was asked for before.
    pub(super) fault: Option<String>,
}

impl Known {
    /// Understands a reader with the catalogue of a site.
    ///
    /// # Errors
    /// In words, what cannot be understood.
    pub(super) fn read(text: &str, held: &Held, now: Timestamp) -> Result<Self, String> {
        let config = &held.plan().site().config;
        let dates = |text: &str| dates::parse(text, &config.zone);
        let (reader, now) =
            parse_reader(text, &config.catalogue, &dates, now).map_err(|fault| format!("`{text}`: {fault}"))?;
        Ok(Self { text: text.to_owned(), reader, now, fault: None })
    }

    /// A visitor, where a reader was not understood.
    pub(super) fn visitor(now: Timestamp, fault: String) -> Self {
        Self { text: "visitor".to_owned(), reader: Reader::Visitor, now, fault: Some(fault) }
    }
}

/// The value of a name in the query of a target; nothing where it is not there or is no text.
pub(super) fn value(target: &[u8], name: &str) -> Option<String> {
    let query = target.splitn(2, |byte| *byte == b'?').nth(1)?;
    let query = query.split(|byte| *byte == b'#').next().unwrap_or_default();
    query.split(|byte| *byte == b'&').find_map(|pair| {
        let rest = pair.strip_prefix(name.as_bytes())?;
        let value = if rest.is_empty() { rest } else { rest.strip_prefix(b"=")? };
        percent_decode(value).decode_utf8().ok().map(|value| value.trim().to_owned())
    })
}

/// The name of the cookie of the server at a port.
fn cookie_name(port: u16) -> String {
    format!("tierpress-view-as-{port}")
}

fn cookie(headers: &HeaderMap, port: u16) -> Option<String> {
    let name = cookie_name(port);
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let value = pair.trim().strip_prefix(&name)?.strip_prefix('=')?;
        let value = percent_decode(value.as_bytes()).decode_utf8().ok()?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    })
}

/// Whether a browser will show the answer as a page of its own, and not use it in one.
pub(super) fn is_document(headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_DEST) {
        Some(destination) => destination.as_bytes() == b"document",
        None => {
            headers.get_all(ACCEPT).iter().any(|accept| accept.as_bytes().windows(9).any(|part| part == b"text/html"))
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_reader_is_read_from_the_address_as_people_write_it() {
        for (target, expected) in [
            ("/a/?view-as=basic/30d+rust-course@2026-12-01", Some("basic/30d+rust-course@2026-12-01")),
            ("/a/?x=1&view-as=basic%2F30d%2Brust-course%402026-12-01&y", Some("basic/30d+rust-course@2026-12-01")),
            ("/a/?view-as=", Some("")),
            ("/a/?view-as", Some("")),
            ("/a/?view-as=%ff", None),
            ("/a/?view-asx=pro", None),
            ("/view-as=pro", None),
            ("/a/?a?view-as=pro", None),
            ("/a/?view-as=pro?x#view", Some("pro?x")),
        ] {
            assert_eq!(value(target.as_bytes(), QUERY_NAME).as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn the_address_comes_before_the_cookie_before_the_call() {
        let mut headers = HeaderMap::new();
        let named = |target: &str, headers: &HeaderMap| As::of(target.as_bytes(), headers, ("free", 1111));
        assert_eq!(named("/", &headers), As { text: "free".to_owned(), named: Named::Call });
        let kept =
            As { text: "basic/30d!frozen+pro@2026-12-01T09:00:00+02:00".to_owned(), named: Named::Query }.cookie(1111);
        let (kept, _) = kept.split_once(';').unwrap();
        headers.insert(COOKIE, HeaderValue::try_from(format!("a=b; {kept}; c=d")).unwrap());
        let found = named("/", &headers);
        assert_eq!(
            (found.text.as_str(), found.named),
            ("basic/30d!frozen+pro@2026-12-01T09:00:00+02:00", Named::Cookie)
        );
        assert_eq!(named("/?view-as=pro", &headers).named, Named::Query);
        assert_eq!(As::of(b"/", &headers, ("free", 1112)).named, Named::Call, "the cookie of another server");
    }
}
