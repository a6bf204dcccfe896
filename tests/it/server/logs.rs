//! The log tells what happens, and no secret.

use super::http::Client;
use super::stage::{Stage, token};

#[test]
fn no_token_cookie_or_query_is_ever_logged() {
    let stage = Stage::new();
    for mode in ["serve", "decide"] {
        let edge = stage.serve(&["--mode", mode, "--access-log"]);
        let (good, bad) = (token(&["pro"]), format!("{}x", token(&["pro"])));
        for token in [&good, &bad, &"junk-token".to_owned()] {
            let (bearer, cookie) =
                (format!("Authorization: Bearer {token}"), format!("Cookie: __Host-tierpress={token}"));
            let target = format!("Tierpress-Target: /pro/?token={token}");
            for path in ["/pro/", "/check", "/nothing/", "/account/", "/_tierpress/session"] {
                let path = format!("{path}?query={token}");
                edge.ask("GET", &path, &[&bearer, &target, "Tierpress-Method: GET"]);
                edge.ask("GET", &path, &[&cookie, &target, "Tierpress-Method: GET"]);
                edge.ask("GET", &path, &[&cookie]);
            }
            let form = format!("token={token}&next=/secret-next/");
            let mut client = Client::connect(edge.address);
            let length = form.len();
            client.send(
                format!("POST /_tierpress/session?{token} HTTP/1.1\r\nHost: x\r\nOrigin: https://learn.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes(),
            );
            client.answer("POST").unwrap();
        }
        edge.wait_for("request", 48);
        let log = edge.log().join("\n");
        for secret in [&good, &bad, "junk-token", "secret-next", "query=", good.rsplit('.').next().unwrap()] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }
}

#[test]
fn requests_are_logged_when_asked_for() {
    let stage = Stage::new();
    let edge = stage.serve(&["--access-log"]);
    edge.ask("GET", "/pro/?x=secret", &["Cookie: a=secret"]);
    let line = edge.wait_for("request", 1).remove(0);
    assert_eq!((&line["method"], &line["path"], &line["status"]), (&"GET".into(), &"/pro/".into(), &401.into()));
    assert_eq!((&line["reason"], &line["peer"]), (&"not_signed_in".into(), &"127.0.0.1".into()));
    drop(edge);
    let edge = stage.serve(&[]);
    edge.get("/pro/");
    edge.health();
    assert!(edge.events("request").is_empty());
}

#[test]
fn health_is_told_apart() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    edge.get("/");
    let health = edge.health();
    assert_eq!((&health["status"], &health["version"], &health["requests"]), (&"ok".into(), &1.into(), &1.into()));
    assert_eq!(health["build"], tierpress::digest::sha256_hex(b"one"));
    assert!(health["age"].as_i64().is_some_and(|age| (0..600).contains(&age)), "{health}");
    assert_eq!((&health["keys"], &health["memory"]["objects"]), (&1.into(), &1.into()));
    assert_eq!(edge.get("/healthz").status, 404, "it is not on the public listener");
    assert_eq!(super::http::ask(edge.health.unwrap(), "GET", "/", &[]).status, 404);
}
