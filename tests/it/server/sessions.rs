//! How a token gets into the cookie, and out of it.

use super::http::{Client, Response};
use super::stage::{Edge, Stage, now, token, token_at};

const SITE: &str = "Origin: https://learn.example";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn post(edge: &Edge, target: &str, headers: &[&str], form: &str) -> Response {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = form.len();
    let mut client = Client::connect(edge.address);
    client
        .send(format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{lines}\r\n{form}").as_bytes());
    client.answer("POST").unwrap()
}

#[test]
fn a_good_token_becomes_a_cookie_in_both_modes() {
    let stage = Stage::new();
    for mode in ["serve", "decide"] {
        let edge = stage.serve(&["--mode", mode]);
        let pro = token(&["pro"]);
        for origin in [SITE, "Origin: https://id.example"] {
            let form = format!("token={pro}&next=%2Fcaf%C3%A9%2F%3Fx");
            let session = post(&edge, "/_tierpress/session", &[origin, FORM], &form);
            assert_eq!((session.status, session.header("location")), (303, Some("/caf%C3%A9/")), "{}", session.text());
            let cookie = format!("__Host-tierpress={pro}; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax");
            assert_eq!(session.header("set-cookie"), Some(cookie.as_str()));
            assert_eq!(session.header("cache-control"), Some("no-store"));
        }
        for next in ["", "&next=//evil.example", "&next=https://evil.example/", "&next=/a&next=/b", "&next=/%5c"] {
            let session = post(&edge, "/_tierpress/session", &[SITE, FORM], &format!("token={pro}{next}"));
            assert_eq!((session.status, session.header("location")), (303, Some("/")), "{next}");
        }
    }
}

#[test]
fn without_a_refresh_the_cookie_ends_with_the_token() {
    let stage = Stage::new();
    let mut manifest = stage.manifest(2, "two");
    manifest["site"].as_object_mut().unwrap().remove("refresh_url");
    stage.publish(&manifest);
    let edge = stage.serve(&[]);
    let form = format!("token={}", token_at(&["pro"], now(), now() + 500));
    let session = post(&edge, "/_tierpress/session", &[SITE, FORM], &form);
    let cookie = session.header("set-cookie").unwrap().to_owned();
    let age: i64 = cookie.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!((470..=500).contains(&age), "{cookie}");
}

#[test]
fn whatever_is_not_right_is_refused() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let good = format!("token={}", token(&["pro"]));
    let expired = format!("token={}", token_at(&["pro"], now() - 700, now() - 1));
    let early = format!("token={}", token_at(&["pro"], now() + 300, now() + 700));
    for (headers, form, status) in [
        (&[FORM][..], good.clone(), 403),
        (&[FORM, "Origin: null"], good.clone(), 403),
        (&[FORM, "Origin: https://evil.example"], good.clone(), 403),
        (&[FORM, "Origin: http://learn.example"], good.clone(), 403),
        (&[FORM, "Origin: https://learn.example.evil.example"], good.clone(), 403),
        (&[FORM, SITE, SITE], good.clone(), 403),
        (&[FORM, SITE], String::new(), 403),
        (&[FORM, SITE], "token=".to_owned(), 403),
        (&[FORM, SITE], "token=junk".to_owned(), 403),
        (&[FORM, SITE], format!("{good}&{good}"), 403),
        (&[FORM, SITE], format!("{good}%0d%0aSet-Cookie: x=y"), 403),
        (&[FORM, SITE], expired, 403),
        (&[FORM, SITE], early, 403),
        (&["Content-Type: application/json", SITE], good.clone(), 415),
        (&[FORM, SITE], format!("{good}&x={}", "x".repeat(20_000)), 413),
    ] {
        let refused = post(&edge, "/_tierpress/session", headers, &form);
        assert_eq!((refused.status, refused.header("set-cookie")), (status, None), "{headers:?}");
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
    // A cookie is no reason to be signed in again.
    let cookie = format!("Cookie: __Host-tierpress={}", token(&["pro"]));
    assert_eq!(post(&edge, "/_tierpress/session", &[FORM, SITE, &cookie], "").status, 403);
}

#[test]
fn signing_out_clears_the_cookie() {
    let stage = Stage::new();
    for mode in ["serve", "decide"] {
        let edge = stage.serve(&["--mode", mode]);
        let end = post(&edge, "/_tierpress/session/end", &[SITE, FORM], "next=/pro/");
        assert_eq!((end.status, end.header("location")), (303, Some("/pro/")));
        let cleared = "__Host-tierpress=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax";
        assert_eq!(end.header("set-cookie"), Some(cleared));
        let elsewhere = post(&edge, "/_tierpress/session/end", &["Origin: https://id.example", FORM], "");
        assert_eq!((elsewhere.status, elsewhere.header("set-cookie")), (403, None));
    }
}

#[test]
fn other_methods_find_nothing_there() {
    let stage = Stage::new();
    for mode in ["serve", "decide"] {
        let edge = stage.serve(&["--mode", mode]);
        for target in ["/_tierpress/session", "/_tierpress/session/end"] {
            let get = edge.get(target);
            assert_eq!((get.status, get.text().contains("not_found in build one")), (404, true), "{mode}");
            assert_eq!(edge.ask("PUT", target, &[]).status, 405, "{mode}");
        }
        let other = post(&edge, "/_tierpress/session/", &[SITE, FORM], "");
        assert_eq!(other.status, if mode == "serve" { 405 } else { 404 });
    }
}

#[test]
fn a_form_that_never_comes_holds_nobody() {
    let stage = Stage::new();
    let edge = stage.serve(&["--threads", "1"]);
    let mut slow = Client::connect(edge.address);
    slow.send(
        format!("POST /_tierpress/session HTTP/1.1\r\nHost: x\r\n{SITE}\r\n{FORM}\r\nContent-Length: 9\r\n\r\nto")
            .as_bytes(),
    );
    assert_eq!(edge.get("/").status, 200);
    assert_eq!(slow.answer("POST").unwrap().status, 408);
}
