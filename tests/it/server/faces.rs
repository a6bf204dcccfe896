//! The three faces of a decision.

use super::http::{Client, Response, request};
use super::stage::{Edge, Stage, token};

/// Asks a face about a request.
#[track_caller]
fn about(edge: &Edge, face: &str, method: &str, target: &str, headers: &[&str]) -> Response {
    let (target, method) = (format!("Tierpress-Target: {target}"), format!("Tierpress-Method: {method}"));
    edge.ask("GET", face, &[&[target.as_str(), &method], headers].concat())
}

#[test]
fn each_face_says_the_same() {
    let stage = Stage::new();
    let edge = stage.decide(&[]);
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(stage.manifest_path()).unwrap()).unwrap();
    let pro = format!("Cookie: __Host-tierpress={}", token(&["pro"]));
    let free = format!("Cookie: __Host-tierpress={}", token(&["free"]));
    let routes = |path: &str, number: usize| manifest["routes"][path]["objects"][number].as_str().map(str::to_owned);
    let pages = |name: &str| manifest["pages"][name].as_str().map(str::to_owned);
    for (target, headers, status, object) in [
        ("/", vec![], 200, routes("/", 0)),
        ("/pro/", vec![pro.as_str()], 200, routes("/pro/", 0)),
        ("/pro/", vec![free.as_str()], 403, pages("not_entitled")),
        ("/pro/", vec![], 401, pages("not_signed_in")),
        ("/pro/", vec!["Accept: text/html"], 303, None),
        ("/teased/", vec![], 200, routes("/teased/", 1)),
        ("/hidden/", vec![], 404, pages("not_found")),
        ("/old/", vec![pro.as_str()], 308, None),
        ("/../x", vec![], 400, None),
        ("/pro/#", vec![], 400, None),
    ] {
        let auth = about(&edge, "/auth?whatever", "GET", target, &headers);
        assert_eq!((auth.status, auth.body.len()), (200, 0), "{target}");
        assert_eq!(auth.header("tierpress-status"), Some(status.to_string().as_str()), "{target}");
        assert_eq!(auth.header("tierpress-object"), object.as_deref(), "{target}");
        assert_eq!(auth.header("content-type"), None);
        let kept = |response: &Response| {
            let names = ["cache-control", "vary", "location", "set-cookie", "tierpress-reason", "www-authenticate"];
            names.map(|name| response.header(name).map(str::to_owned))
        };
        let expected = object.as_ref().map(|name| std::fs::read(stage.out().join("objects").join(name)).unwrap());
        for face in ["/check", "/check/", "/check/any/path?x", "/accel"] {
            let native = about(&edge, face, "GET", target, &headers);
            assert_eq!(native.status, status, "{face} {target}");
            assert_eq!(kept(&native), kept(&auth), "{face} {target}");
            assert_eq!(native.header("content-type"), auth.header("tierpress-type"), "{face} {target}");
            if status == 200 {
                assert_eq!((native.header("tierpress-object"), native.body.len()), (object.as_deref(), 0));
                let place = object.as_ref().map(|name| format!("/_tierpress_objects/{name}"));
                let place = place.filter(|_| face == "/accel");
                assert_eq!(native.header("x-accel-redirect"), place.as_deref());
            } else {
                assert_eq!(native.header("x-accel-redirect"), None);
                assert_eq!(native.header("tierpress-object"), None);
                if let Some(expected) = &expected {
                    assert_eq!(&native.body, expected);
                }
            }
        }
    }
}

#[test]
fn paths_of_others_are_let_through() {
    let stage = Stage::new();
    let edge = stage.decide(&["--accel-prefix", "/elsewhere/"]);
    let auth = about(&edge, "/auth", "POST", "/account/x?y", &[]);
    assert_eq!((auth.status, auth.header("tierpress-status")), (200, Some("passthrough")));
    assert_eq!(auth.header("content-security-policy"), None);
    let check = about(&edge, "/check", "PUT", "/account/", &[]);
    assert_eq!((check.status, check.header("tierpress-passthrough")), (200, Some("1")));
    assert_eq!(check.header("tierpress-object"), None);
    let accel = about(&edge, "/accel", "POST", "/account/", &[]);
    assert_eq!(accel.header("x-accel-redirect"), Some("@tierpress_upstream"));
    let place = about(&edge, "/accel", "GET", "/", &[]).header("x-accel-redirect").unwrap().to_owned();
    assert!(place.starts_with("/elsewhere/"));
}

#[test]
fn a_doubtful_question_is_400() {
    let stage = Stage::new();
    let edge = stage.decide(&["--target-header", "X-Target", "--method-header", "X-Method"]);
    for headers in [
        &[][..],
        &["X-Target: /"],
        &["X-Method: GET"],
        &["X-Target: /", "X-Target: /pro/", "X-Method: GET"],
        &["X-Target: /", "X-Method: GET", "X-Method: GET"],
        &["Tierpress-Target: /", "Tierpress-Method: GET"],
        &["Tierpress-Target: /", "Tierpress-Method: GET", "X-Original-URI: /", "X-Forwarded-Uri: /"],
        &["X-Target: /", "X-Method: G\u{e9}T\u{80}"],
    ] {
        for face in ["/check", "/accel", "/check/x"] {
            let native = edge.ask("GET", face, headers);
            assert!(matches!(native.status, 400 | 405), "{headers:?} {}", native.status);
            assert_eq!(native.header("tierpress-object"), None);
        }
        let auth = edge.ask("GET", "/auth", headers);
        assert_eq!(auth.status, 200);
        assert!(matches!(auth.header("tierpress-status"), Some("400" | "405")), "{headers:?}");
    }
    let right = edge.ask("GET", "/check", &["X-Target: /", "X-Method: GET", "Tierpress-Target: /nothing/"]);
    assert_eq!(right.status, 200);
    edge.wait_for("asked without one target and one method", 1);
}

#[test]
fn nothing_else_is_answered() {
    let stage = Stage::new();
    let edge = stage.decide(&[]);
    for target in ["/", "/pro/", "/authx", "/auth/", "/checked", "/accel/", "/healthz", "/AUTH", "/%61uth", "//auth"] {
        assert_eq!(about(&edge, target, "GET", "/", &[]).status, 404, "{target}");
    }
    // The method is the one that is told, not that of the question.
    let mut client = Client::connect(edge.address);
    client.send(&request("POST", "/check", &["Tierpress-Target: /", "Tierpress-Method: GET", "Content-Length: 0"]));
    assert_eq!(client.answer("POST").unwrap().status, 200);
    let told = edge.ask("GET", "/check", &["Tierpress-Target: /", "Tierpress-Method: POST"]);
    assert_eq!((told.status, told.header("allow")), (405, Some("GET, HEAD")));
    let lower = edge.ask("GET", "/check", &["Tierpress-Target: /", "Tierpress-Method: get"]);
    assert_eq!(lower.status, 405);
}
