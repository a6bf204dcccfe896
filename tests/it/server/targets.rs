//! A decision is made on the target as it was sent, whatever the HTTP library would make of it.

use super::http::{Client, request};
use super::stage::{Stage, token};

#[test]
fn targets_are_taken_as_they_are_sent() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let pro = format!("Authorization: Bearer {}", token(&["pro"]));
    let mut client = Client::connect(edge.address);
    // All on one connection: none may shift the meaning of the next.
    for (target, expected) in [
        ("/pro/", 200),
        ("/pro/#", 400),
        ("/pro/#/../x", 400),
        ("/pro/?#", 200),
        ("/pro/?a|b\"<>^`{}", 200),
        ("http://learn.example/pro/", 200),
        ("HTTPS://elsewhere.example/pro/?x", 200),
        ("http://learn.example", 400),
        ("http://learn.example?/pro/", 400),
        ("ftp://learn.example/pro/", 400),
        ("*", 400),
        ("pro/", 400),
        ("learn.example:80", 400),
        ("/pro/|", 404),
        ("/\"pro\"/", 404),
        ("/[pro]/", 404),
        ("/caf\u{e9}/", 200),
        ("/pro/", 200),
    ] {
        assert!(client.send(&request("GET", target, &[&pro])));
        assert_eq!(client.answer("GET").expect(target).status, expected, "{target}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    for target in [&b"/\xff"[..], b"/pro/\xc0\xaf", b"/caf\xc3\xa9/\xe2\x80"] {
        let mut client = Client::connect(edge.address);
        client.send(&[b"GET ", target, b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat());
        assert_eq!(client.answer("GET").unwrap().status, 400, "{target:?}");
    }
}

#[test]
fn methods_are_not_mended() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    for method in ["get", "Get", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "PROPFIND", "X"] {
        assert_eq!(edge.ask(method, "/", &[]).status, 405, "{method}");
    }
    assert_eq!(edge.ask("CONNECT", "learn.example:443", &[]).status, 400);
    assert_eq!(edge.ask("OPTIONS", "*", &[]).status, 400);
    let body = edge.ask("POST", "/", &["Content-Length: 5", "X-HTTP-Method-Override: GET"]);
    assert_eq!((body.status, body.header("connection")), (405, Some("close")));
}

#[test]
fn what_is_no_http_is_400() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    for bytes in [
        "GET / HTTP/1.1 x\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET /\t HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA B: c\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "G\u{e9}T / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\x00",
    ] {
        let mut client = Client::connect(edge.address);
        client.send(bytes.as_bytes());
        client.send(b"\r\n\r\n");
        let status = client.answer("GET").map(|answer| answer.status);
        assert!(matches!(status, Some(400) | None), "{bytes:?} gives {status:?}");
        assert!(client.is_ended());
    }
}

#[test]
fn a_body_cannot_be_taken_for_a_request() {
    let stage = Stage::new();
    let edge = stage.serve(&[]);
    let smuggled = request("GET", "/pro/", &[&format!("Authorization: Bearer {}", token(&["pro"]))]);
    for head in [
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", smuggled.len()),
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
    ] {
        let mut client = Client::connect(edge.address);
        client.send(&[head.as_bytes(), &smuggled].concat());
        let first = client.answer("POST").map(|answer| answer.status);
        assert!(matches!(first, Some(400 | 405)), "{head}: {first:?}");
        assert_eq!(client.answer("GET"), None, "{head}");
    }
}
