//! What a request asks for, by its path and its method.

use hyper::Method;
use hyper::header::{ALLOW, HeaderValue};

use super::answer::{Answer, words};
use super::cancel::named;
use super::request::Request;
use super::{PLACE, answer};

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Route {
    Home,
    SignIn { joins: bool },
    AskForLink { joins: bool },
    Sent,
    Link,
    UseLink,
    Refresh,
    Add(String),
    Accept(String),
    Cancel(String),
    CancelNow(String),
    Keep(String),
    KeepNow(String),
    Buy(String),
    SignOut,
    SignOutNow,
    Keys,
    Hook(String),
    Unknown,
}

/// What a request asks for, or what it is told at once: its address or its method is none.
pub(super) fn of(request: &Request) -> Result<Route, Box<Answer>> {
    let path = request.path().ok_or_else(|| Box::new(words(400, answer::BAD_TARGET)))?;
    let Some(below) = path.strip_prefix(PLACE) else { return Ok(Route::Unknown) };
    let (first, rest) = below.split_once('/').map_or((below, None), |(first, rest)| (first, Some(rest)));
    // One more segment, and nothing below it.
    let segment = rest.filter(|rest| !rest.is_empty() && !rest.contains('/')).map(str::to_owned);
    let (get, post) = match (first, segment) {
        ("", None) if rest.is_none() => (Some(Route::Home), None),
        ("sign-in", None) if rest.is_none() => {
            (Some(Route::SignIn { joins: false }), Some(Route::AskForLink { joins: false }))
        }
        ("join", None) if rest.is_none() => {
            (Some(Route::SignIn { joins: true }), Some(Route::AskForLink { joins: true }))
        }
        ("sent", None) if rest.is_none() => (Some(Route::Sent), None),
        ("link", None) if rest.is_none() => (Some(Route::Link), Some(Route::UseLink)),
        ("refresh", None) if rest.is_none() => (Some(Route::Refresh), None),
        ("logout", None) if rest.is_none() => (Some(Route::SignOut), Some(Route::SignOutNow)),
        ("jwks.json", None) if rest.is_none() => (Some(Route::Keys), None),
        ("events", None) if rest.is_none() => (None, Some(Route::Hook("events".to_owned()))),
        ("hooks", Some(name)) => (None, Some(Route::Hook(name))),
        ("add", Some(id)) => (None, Some(Route::Add(id))),
        ("accept", Some(waiting)) => (None, Some(Route::Accept(waiting))),
        ("buy", Some(product)) => (Some(Route::Buy(product)), None),
        ("keep", Some(grant)) => (Some(Route::Keep(named(&grant))), Some(Route::KeepNow(named(&grant)))),
        ("cancel", Some(grant)) => (Some(Route::Cancel(named(&grant))), Some(Route::CancelNow(named(&grant)))),
        _ => return Ok(Route::Unknown),
    };
    let allowed = match (&get, &post) {
        (Some(_), None) => "GET, HEAD",
        (None, _) => "POST",
        (Some(_), Some(_)) => "GET, HEAD, POST",
    };
    let route = match request.method {
        Method::GET | Method::HEAD => get,
        Method::POST => post,
        _ => None,
    };
    route.ok_or_else(|| {
        let mut refused = words(405, "this method is not answered here\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        Box::new(refused)
    })
}
