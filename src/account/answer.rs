//! Answers: bytes with the headers that every account page has. Nobody keeps them, nobody frames them, nothing of others
//! runs in them.

use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use serde_json::Value;

pub(super) use crate::edge::answer::BAD_TARGET;

/// An answer with its whole body.
pub type Answer = Response<Bytes>;

/// What account pages may load and where their forms may go: this site, and nothing of others.
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The origin alone goes with a form, and nothing to other sites: an address may hold a link.
const SECURITY: [(&str, &str); 6] = [
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// An answer with nothing but a status and those headers.
fn bare(status: u16, media_type: Option<&'static str>, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in SECURITY {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.extend(media_type.map(|media_type| (CONTENT_TYPE, HeaderValue::from_static(media_type))));
    answer
}

/// A page.
pub(super) fn html(status: u16, page: Vec<u8>) -> Answer {
    bare(status, Some("text/html; charset=utf-8"), page)
}

/// A few words for programs.
pub(super) fn words(status: u16, text: &'static str) -> Answer {
    bare(status, Some(crate::edge::answer::TEXT), text)
}

/// An answer in JSON.
pub(super) fn json(status: u16, value: &Value) -> Answer {
    bare(status, Some("application/json"), value.to_string())
}

/// Keys for all the world, which may keep them for a minute.
pub(super) fn jwks(keys: &Value) -> Answer {
    let mut answer = bare(200, Some("application/jwk-set+json"), keys.to_string());
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    answer
}

/// Sends a browser to a path of this site, or to an address that site.yaml names.
pub(super) fn go(path: &str) -> Answer {
    let mut answer = bare(303, None, Bytes::new());
    answer.headers_mut().insert(LOCATION, HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/")));
    answer
}

/// Sets a cookie that no script and no other host reads.
pub(super) fn set_cookie(answer: &mut Answer, named: (&str, &str), seconds: i64) {
    add_cookie(answer, cookie(named, seconds));
}

/// Such a cookie as it is sent.
pub(super) fn cookie((name, value): (&str, &str), seconds: i64) -> String {
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax")
}

/// Sends it along.
pub(super) fn add_cookie(answer: &mut Answer, cookie: String) {
    answer.headers_mut().extend(HeaderValue::try_from(cookie).ok().map(|cookie| (SET_COOKIE, cookie)));
}
