//! What a case must expect: worked out from `decide` and `edge::answer`, in the words of the data.

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::{self, Cache, Decision, Outcome, answer};
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

use crate::edges::runner::cases::{Case, Expect, Held, Request, Who, bytes};

/// The expectation for a request on a manifest at an instant. `by` is how much later than the data both are.
pub(super) fn expectation(manifest: &Manifest, (request, who): (&Request, &Who), (now, by): (i64, i64)) -> Expect {
    let header = |name: &str| request.headers.iter().find(|(found, _)| found == name).map(|(_, value)| bytes(value));
    let accept = header("Accept").unwrap_or_default();
    let mode = header("Sec-Fetch-Mode");
    let target = bytes(&request.target.whole());
    let reader = reader(who, by);
    let asked = edge::Request {
        method: &request.method,
        target: &target,
        reader: &reader,
        now: Timestamp::saturating(now),
        html_navigation: answer::is_navigation(&request.method, mode.as_deref(), &accept),
    };
    let decision = edge::decide(manifest, &asked);
    in_words(manifest, (request, &decision), by)
}

/// The reader that the data means.
pub(super) fn reader(who: &Who, by: i64) -> Reader {
    let held = |held: &Held| {
        let at = |at: i64| Timestamp::saturating(at + by);
        // An id that no catalogue could have opens nothing, and cannot be said.
        let value = held.value.parse().ok()?;
        Some(Entitlement { value, since: at(held.since), until: held.until.map(at), frozen: held.frozen.map(at) })
    };
    match who {
        Who::Visitor => Reader::Visitor,
        Who::Expired => Reader::Expired(Vec::new()),
        Who::Member(list) => Reader::Member(list.iter().filter_map(held).collect()),
    }
}

fn in_words(manifest: &Manifest, (request, decision): (&Request, &Decision<'_>), by: i64) -> Expect {
    if decision.outcome == Outcome::Passthrough {
        let line = format!("{} {} ", request.method, request.target.whole());
        return Expect { status: 200, upstream: Some(line), ..Expect::default() };
    }
    let sent = answer::answer(manifest, decision, Some(answer::CSP));
    let header = |name: &str| sent.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.to_string());
    Expect {
        status: sent.status,
        object: decision.object.map(|object| said(manifest, &request.target.whole(), object)),
        cache: match decision.cache {
            Cache::Public => "public".to_owned(),
            Cache::Immutable => "immutable".to_owned(),
            Cache::Timed(seconds) => format!("timed {seconds}"),
            Cache::Private => "private".to_owned(),
            Cache::NoStore => "no-store".to_owned(),
        },
        reason: header("tierpress-reason"),
        available_at: decision.available_at.map(|at| at.seconds() - by),
        location: header("location"),
        set_cookie: header("set-cookie"),
        range: None,
        upstream: None,
    }
}

/// An object as the data names it.
fn said(manifest: &Manifest, target: &str, object: &str) -> String {
    let pages = &manifest.pages;
    let named = [
        ("expired", &pages.expired),
        ("no_tier", &pages.no_tier),
        ("not_entitled", &pages.not_entitled),
        ("not_found", &pages.not_found),
        ("not_signed_in", &pages.not_signed_in),
        ("not_yet", &pages.not_yet),
    ];
    let path = edge::canonical::canonical(&bytes(target)).unwrap_or_default();
    let variant = manifest.routes.get(&path).and_then(|route| {
        let number = route.objects.iter().position(|name| name.as_str() == object)?;
        Some(format!("{path} {number}"))
    });
    let page = || named.iter().find(|(_, name)| name.as_str() == object).map(|(name, _)| format!("page {name}"));
    variant.or_else(page).unwrap_or_else(|| panic!("{target}: nothing has the object {object}"))
}

/// An expectation in a line: what people write in the tables of cases.
pub(super) fn short(expect: &Expect, now: i64) -> String {
    let Expect { status, object, cache: _, reason, available_at, location, set_cookie, range, upstream } = expect;
    let parts = [
        Some(status.to_string()),
        object.clone().filter(|object| object != "page not_found"),
        reason.clone(),
        available_at.map(|at| super::readers::from_now(at - now)),
        location.as_ref().map(|location| format!("-> {location}")),
        set_cookie.as_ref().map(|_| "clear".to_owned()),
        range.map(|(from, to)| format!("{from}-{to}")),
        upstream.as_ref().map(|_| "upstream".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Whether the expectation of a case is one that `decide` knows: not a part of a file, not a session.
pub(super) fn is_decided(case: &Case) -> bool {
    case.needs.is_none() && case.expect.range.is_none() && case.expect.status != 304
}
