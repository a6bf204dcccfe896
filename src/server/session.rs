//! How a token gets into a browser's cookie, and out of it again: `/_tierpress/session` and `/_tierpress/session/end`.
//!
//! The page where readers sign in posts a token here. Only pages of the site itself and of its sign-in may, and only a token
//! that is good now is taken.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, ORIGIN, SET_COOKIE};
use hyper::{HeaderMap, Request};

use super::held::Held;
use super::reply::{self, Body, Reply};
use super::worker::{Arrived, Worker};
use crate::edge::answer;
use crate::manifest::{Site, Token};
use crate::path;

const START: &[u8] = b"/_tierpress/session";
const END: &[u8] = b"/_tierpress/session/end";

/// The largest form that is read, in bytes, and how long it may take to come.
const LARGEST: usize = 16 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a browser keeps a token that can be refreshed when it has ended, in seconds.
const REFRESHABLE: i64 = 30 * 86_400;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Visit {
    /// To be signed in.
    Start,
    /// To be signed out.
    End,
}

impl Visit {
    /// What a request asks for, if it is one of these.
    pub(super) fn of(arrived: &Arrived) -> Option<Self> {
        if arrived.request.method() != hyper::Method::POST {
            return None;
        }
        match arrived.path() {
            START => Some(Self::Start),
            END => Some(Self::End),
            _ => None,
        }
    }
}

/// Whether a path is one of the two.
pub(super) fn is_path(path: &[u8]) -> bool {
    path == START || path == END
}

/// Answers one of the two.
pub(super) async fn answer(worker: &Worker, held: &Held, visit: Visit, request: Request<Incoming>) -> Reply {
    let (manifest, csp) = (&held.manifest, worker.options.csp.as_deref());
    let Some(settings) = &manifest.token else { return worker.words(404, "nobody can sign in here\n") };
    if !is_from(request.headers(), &manifest.site, visit) {
        return worker.words(403, "this form was not sent by a page that may\n");
    }
    if !is_form(request.headers()) {
        return worker.words(415, "a form is expected: application/x-www-form-urlencoded\n");
    }
    let form = match tokio::time::timeout(TIMEOUT, Limited::new(request.into_body(), LARGEST).collect()).await {
        Err(_) => return worker.words(408, "the form did not come\n"),
        Ok(Err(_)) => return worker.words(413, "the form is too large, or was broken off\n"),
        Ok(Ok(form)) => Form::read(&form.to_bytes()),
    };
    let cookie = match visit {
        Visit::End => Some(answer::cleared_cookie(&settings.cookie)),
        Visit::Start => form.token.as_deref().and_then(|token| cookie(worker, held, settings, token)),
    };
    match cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        Some(cookie) => sent_on(&form.next, cookie, csp),
        None => worker.words(403, "this token is not good\n"),
    }
}

/// The cookie that keeps a token, if the token is good now.
fn cookie(worker: &Worker, held: &Held, settings: &Token, token: &str) -> Option<String> {
    let now = (worker.options.clock)();
    let expires = held.readers.expires(settings, token.as_bytes(), now)?;
    let refreshable = held.manifest.site.refresh_url.is_some();
    let age = if refreshable { REFRESHABLE } else { expires.seconds() - now.seconds() };
    Some(format!("{}={token}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Lax", settings.cookie))
}

fn sent_on(next: &str, cookie: HeaderValue, csp: Option<&str>) -> Reply {
    let mut reply = reply::with_status(303, Body::of(Bytes::new()));
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(next) = HeaderValue::from_str(next) {
        headers.insert(LOCATION, next);
    }
    headers.insert(SET_COOKIE, cookie);
    for (name, value) in answer::security(csp) {
        reply::insert(headers, name, &value);
    }
    reply
}

/// Whether the page that sends a form may: browsers say where it is from and let no page say otherwise (Fetch, 3.2).
fn is_from(headers: &HeaderMap, site: &Site, visit: Visit) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(sent), None) = (origins.next(), origins.next()) else { return false };
    let elsewhere = [site.login_url.as_deref(), site.refresh_url.as_deref()];
    let elsewhere = elsewhere.into_iter().flatten().filter(|_| visit == Visit::Start);
    let mut known = std::iter::once(site.base_url.as_str()).chain(elsewhere).filter_map(path::origin);
    known.any(|known| known.as_bytes() == sent.as_bytes())
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// What a form says.
#[derive(PartialEq, Eq, Debug)]
struct Form {
    /// The token, if there is exactly one.
    token: Option<String>,
    /// Where to go then: an encoded path.
    next: String,
}

impl Form {
    fn read(bytes: &[u8]) -> Self {
        let (mut tokens, mut nexts) = (Vec::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(bytes) {
            match &*name {
                "token" => tokens.push(value.into_owned()),
                "next" => nexts.push(value.into_owned()),
                _ => {}
            }
        }
        let only = |mut values: Vec<String>| values.pop().filter(|_| values.is_empty());
        Self {
            token: only(tokens),
            next: only(nexts).and_then(|next| path::next(&next)).unwrap_or_else(|| "/".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_of_browsers() {
        for (url, expected) in [
            ("https://Learn.Example", Some("https://learn.example")),
            ("https://learn.example:443/login?x", Some("https://learn.example")),
            ("http://learn.example:8080", Some("http://learn.example:8080")),
            ("http://[::1]:80/", Some("http://[::1]")),
            ("http://[::1]", Some("http://[::1]")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://B\u{fc}cher.Example/", Some("https://xn--bcher-kva.example")),
            ("https://bu\u{308}cher.example:8443", Some("https://xn--bcher-kva.example:8443")),
            ("https://user@learn.example/", Some("https://learn.example")),
            ("ftp://learn.example", None),
            ("https:///x", None),
            ("/login", None),
        ] {
            assert_eq!(path::origin(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn next_is_a_path_of_this_site() {
        for (next, expected) in [
            ("/a/", "/a/"),
            ("/caf%C3%A9/", "/caf%C3%A9/"),
            ("/café/", "/caf%C3%A9/"),
            ("/a b/", "/a%20b/"),
            ("/a%20b/?x=/y", "/a%20b/"),
        ] {
            assert_eq!(path::next(next).as_deref(), Some(expected), "{next}");
        }
        for next in [
            "",
            "a",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/%2fevil",
            "/../x",
            "/a\r\nb",
            "/a;b",
            "/\t/evil.example",
            "http://learn.example/a/",
            "/.//x",
            "/%0d%0aSet-Cookie:x",
            "?x",
        ] {
            assert_eq!(path::next(next), None, "{next}");
        }
    }

    #[test]
    fn a_form_has_one_token() {
        assert_eq!(Form::read(b"token=a.b.c&next=%2Fa%2F"), Form { token: Some("a.b.c".into()), next: "/a/".into() });
        assert_eq!(Form::read(b"token=a&token=a&next=/a&next=/b"), Form { token: None, next: "/".into() });
        assert_eq!(Form::read(b"\xff=%zz&&=&next"), Form { token: None, next: "/".into() });
    }
}
