//! Cases of sessions: a token that verifies is put into the cookie, for pages of our own and of the identity provider.

use super::make::Maker;
use crate::edges::runner::cases::{Case, Expect, Request, Text, Token, Who};

const SCHOOL: &str = "https://school.example";

/// What is posted, and what comes back: name, path, origin, body, readers of the tokens, answer.
type Line<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, &'a [&'a str], Answer<'a>);

enum Answer<'a> {
    /// Sent on, with the cookie.
    Set(&'a str),
    /// Sent on, without the cookie.
    Cleared(&'a str),
    Refused,
}

use Answer::{Cleared, Refused, Set};

/// A site with a refresh_url: the cookie outlives the token, so that an old one can be renewed.
pub(super) fn school(maker: &Maker) -> Vec<Case> {
    let session = "/_tierpress/session";
    let end = "/_tierpress/session/end";
    let own = Some(SCHOOL);
    let lines: &[Line<'_>] = &[
        ("a good token", session, own, "token={token 0}&next=%2Fpro%2Freport%2F", &["pro"], Set("/pro/report/")),
        ("from the identity provider", session, Some("https://id.example"), "token={token 0}", &["pro"], Set("/")),
        ("the next first", session, own, "next=%2Fabout%2F&token={token 0}", &["pro"], Set("/about/")),
        ("without a next", session, own, "token={token 0}", &["pro"], Set("/")),
        ("an empty next", session, own, "token={token 0}&next=", &["pro"], Set("/")),
        ("a next beyond ASCII", session, own, "token={token 0}&next=%2Fcaf%25C3%25A9%2F", &["pro"], Set("/caf%C3%A9/")),
        ("a next with a query", session, own, "token={token 0}&next=%2Fabout%2F%3Fx%3D1", &["pro"], Set("/about/")),
        ("a next that does not exist", session, own, "token={token 0}&next=%2Fnothing%2F", &["pro"], Set("/nothing/")),
        ("a next of another host", session, own, "token={token 0}&next=%2F%2Fevil.example%2F", &["pro"], Set("/")),
        ("a next with backslashes", session, own, "token={token 0}&next=%2F%5Cevil.example%2F", &["pro"], Set("/")),
        ("a next that climbs", session, own, "token={token 0}&next=%2Fa%2F..%2F%2Fevil.example", &["pro"], Set("/")),
        ("a next with line breaks", session, own, "token={token 0}&next=%2Fa%0D%0AX:%20y", &["pro"], Set("/")),
        ("a token without entitlements", session, own, "token={token 0}", &["nothing"], Set("/")),
        ("no origin", session, None, "token={token 0}", &["pro"], Refused),
        ("the origin null", session, Some("null"), "token={token 0}", &["pro"], Refused),
        ("another origin", session, Some("https://evil.example"), "token={token 0}", &["pro"], Refused),
        ("another scheme", session, Some("http://school.example"), "token={token 0}", &["pro"], Refused),
        ("another port", session, Some("https://school.example:8443"), "token={token 0}", &["pro"], Refused),
        (
            "an origin that goes on",
            session,
            Some("https://school.example.evil.example"),
            "token={token 0}",
            &["pro"],
            Refused,
        ),
        ("an origin with a slash", session, Some("https://school.example/"), "token={token 0}", &["pro"], Refused),
        ("an expired token", session, own, "token={token 0}", &["old pro"], Refused),
        ("a junk token", session, own, "token=junk", &[], Refused),
        ("an empty token", session, own, "token=", &[], Refused),
        ("no token", session, own, "next=%2F", &[], Refused),
        ("a token with a line break", session, own, "token={token 0}%0D%0ASet-Cookie:%20x=y", &["pro"], Refused),
        ("a token with an attribute", session, own, "token={token 0};%20Domain=evil.example", &["pro"], Refused),
        ("two tokens", session, own, "token={token 0}&token={token 1}", &["pro", "basic"], Refused),
        ("the end", end, own, "", &[], Cleared("/")),
        ("the end, and on", end, own, "next=%2Fabout%2F", &[], Cleared("/about/")),
        ("the end, to another host", end, own, "next=%2F%2Fevil.example", &[], Cleared("/")),
        ("the end, from nowhere", end, None, "", &[], Refused),
        ("the end, from elsewhere", end, Some("https://evil.example"), "", &[], Refused),
        ("the end, from the identity provider", end, Some("https://id.example"), "", &[], Refused),
    ];
    lines.iter().map(|line| case(maker, line, "2592000")).collect()
}

/// A site without one: the cookie ends with the token.
pub(super) fn magazine(maker: &Maker) -> Vec<Case> {
    let own = Some("https://magazine.example");
    let lines: &[Line<'_>] = &[
        ("a good token", "/_tierpress/session", own, "token={token 0}&next=%2Fletter%2F", &["patron"], Set("/letter/")),
        ("another origin", "/_tierpress/session", Some(SCHOOL), "token={token 0}", &["patron"], Refused),
        ("the end", "/_tierpress/session/end", own, "", &[], Cleared("/")),
    ];
    lines.iter().map(|line| case(maker, line, "{life 3540}")).collect()
}

fn case(maker: &Maker, (name, path, origin, body, readers, answer): &Line<'_>, life: &str) -> Case {
    let tokens: Vec<Token> = readers.iter().filter_map(|reader| maker.issuer.token(reader)).collect();
    let mut headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    headers.extend(origin.map(|origin| ("Origin".to_owned(), origin.to_owned())));
    let cookie = |value: &str, age: &str| {
        Some(format!("{}={value}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Lax", maker.issuer.cookie))
    };
    let (status, location, set_cookie) = match answer {
        Set(to) => (303, Some((*to).to_owned()), cookie("{token 0}", life)),
        Cleared(to) => (303, Some((*to).to_owned()), cookie("", "0")),
        Refused => (403, None, None),
    };
    Case {
        name: format!("session: {name}"),
        request: Request {
            method: "POST".to_owned(),
            target: Text::from(*path),
            headers,
            body: Some((*body).to_owned()),
            first: None,
        },
        tokens,
        reader: Who::Visitor,
        expect: Expect { status, location, set_cookie, cache: "no-store".to_owned(), ..Expect::default() },
        or: Vec::new(),
        needs: Some("sessions".to_owned()),
        equal: None,
    }
}
