//! A decision as HTTP: the status and the headers that every edge sends for it.
//!
//! Servers send these, faces pass them on, generated adapters say the same in their own languages, and the conformance
//! cases compare all of them with this. It refuses to know sockets, files and encodings: what a served object adds
//! (`ETag`, ranges, `Content-Encoding`) is the business of whoever reads it.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{Cache, Decision, Outcome};
use crate::manifest::Manifest;

/// The policy that the pages of the default theme meet: no inline script or style, no plugin, no frame of others around
/// us; pictures, sound and frames of others inside, because lessons show them.
pub const CSP: &str = "default-src 'self'; img-src * data:; media-src *; frame-src *; object-src 'none'; \
     base-uri 'self'; frame-ancestors 'self'";

/// The body of a 400.
pub const BAD_TARGET: &str = "this address is not one that can be served\n";

/// The body of a 405.
pub const BAD_METHOD: &str = "only GET and HEAD are answered here\n";

/// The media type of the bodies that are no object.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// What is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in a fixed order, names in lower case; without those that belong to the body's bytes (length, `ETag`,
    /// ranges, encoding), but with its type.
    pub headers: Vec<(&'static str, Cow<'a, str>)>,
    /// What the body is.
    pub body: Body<'a>,
}

/// What the body of an answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body<'a> {
    /// This object. With status 200 it may be sent in parts and as `304`, with any other only whole.
    Object(&'a str),
    /// These few words.
    Text(&'static str),
    /// Nothing.
    Empty,
    /// Whatever the other upstream says; [`Answer::headers`] is empty then.
    Upstream,
}

/// Whether a browser navigates: it can follow a redirect to a page for people. `Sec-Fetch-Mode` (Fetch Metadata, W3C)
/// decides where it is sent, else whether HTML is accepted.
#[must_use]
pub fn is_navigation(method: &str, sec_fetch_mode: Option<&[u8]>, accept: &[u8]) -> bool {
    let html = || accept.windows(b"text/html".len()).any(|part| part == b"text/html");
    matches!(method, "GET" | "HEAD") && sec_fetch_mode.map_or_else(html, |mode| mode == b"navigate")
}

/// What a decision is in HTTP. `csp` is the `Content-Security-Policy`, usually [`CSP`].
#[must_use]
pub fn answer<'a>(manifest: &'a Manifest, decision: &Decision<'a>, csp: Option<&'a str>) -> Answer<'a> {
    let mut answer = varying(manifest, decision);
    if answer.body != Body::Upstream {
        answer.headers.extend(security(csp));
    }
    answer
}

/// The same without what every decided answer has: for a server that was told [`security`] once.
#[must_use]
pub fn varying<'a>(manifest: &'a Manifest, decision: &Decision<'a>) -> Answer<'a> {
    if decision.outcome == Outcome::Passthrough {
        return Answer { status: decision.status, headers: Vec::new(), body: Body::Upstream };
    }
    let (body, media_type) = body(manifest, decision);
    let mut headers: Vec<(&'static str, Cow<'a, str>)> = vec![("cache-control", cache_control(decision.cache))];
    headers.extend(media_type.map(|media_type| ("content-type", Cow::Borrowed(media_type))));
    if decision.cache == Cache::Private {
        headers.push(("vary", "Cookie, Authorization".into()));
        headers.push(("cross-origin-resource-policy", "same-origin".into()));
    }
    headers.extend(decision.location.clone().map(|location| ("location", Cow::Owned(location))));
    headers.extend(decision.reason.map(|reason| ("tierpress-reason", Cow::Borrowed(reason.as_str()))));
    let at = decision.available_at.map(|at| format!("{}Z", at.civil(&TimeZone::UTC)));
    headers.extend(at.map(|at| ("tierpress-available-at", Cow::Owned(at))));
    match decision.status {
        401 => headers.push(("www-authenticate", "Bearer".into())),
        405 => headers.push(("allow", "GET, HEAD".into())),
        _ => {}
    }
    if let (true, Some(token)) = (decision.clear_cookie, &manifest.token) {
        headers.push(("set-cookie", cleared_cookie(&token.cookie).into()));
    }
    Answer { status: decision.status, headers, body }
}

/// The headers that every decided answer has, whatever it is.
pub fn security(csp: Option<&str>) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
    let fixed = [
        ("x-content-type-options", Cow::Borrowed("nosniff")),
        ("referrer-policy", Cow::Borrowed("strict-origin-when-cross-origin")),
    ];
    fixed.into_iter().chain(csp.map(|csp| ("content-security-policy", Cow::Borrowed(csp))))
}

/// A `Set-Cookie` that deletes the cookie of tokens (RFC 6265, 3.1).
#[must_use]
pub fn cleared_cookie(name: &str) -> String {
    format!("{name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
}

fn body<'a>(manifest: &'a Manifest, decision: &Decision<'a>) -> (Body<'a>, Option<&'a str>) {
    let Some(name) = decision.object else {
        return match decision.outcome {
            Outcome::BadTarget => (Body::Text(BAD_TARGET), Some(TEXT)),
            Outcome::BadMethod => (Body::Text(BAD_METHOD), Some(TEXT)),
            Outcome::Open
            | Outcome::Preview
            | Outcome::Moved
            | Outcome::SignIn
            | Outcome::Denied
            | Outcome::NotFound
            | Outcome::Passthrough => (Body::Empty, None),
        };
    };
    let media_type = manifest.objects.get(name).map(|object| object.media_type.as_str());
    (Body::Object(name), media_type)
}

fn cache_control(cache: Cache) -> Cow<'static, str> {
    match cache {
        // Until when an answer is true is nobody's business: it would tell of a release that is not announced. And a new
        // build may gate what was public, so that all is asked for again.
        Cache::Public | Cache::Timed(_) => "public, no-cache".into(),
        Cache::Immutable => "public, max-age=31536000, immutable".into(),
        Cache::Private => "private, no-cache".into(),
        Cache::NoStore => "no-store".into(),
    }
}
