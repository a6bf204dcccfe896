//! Paths that belong to another server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::http::{Client, request};
use super::stage::Stage;

/// A server that answers each request with what it was sent; it ends with the test program.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || answer(&stream));
        }
    });
    address
}

fn answer(stream: &TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = |name: &str| {
            let line = head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
            line.and_then(|value| value.trim().parse::<usize>().ok())
        };
        let mut body = vec![0; length("content-length:").unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let mut stream = stream;
        let bytes = match head.split(' ').nth(1).unwrap() {
            "/account/breaks" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".as_bytes().to_vec(),
            "/account/chunks" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec(),
            "/account/teapot" => b"HTTP/1.1 418 I'm a teapot\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n".to_vec(),
            _ => {
                let sent = format!("{head}{}", String::from_utf8_lossy(&body));
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{sent}", sent.len()).into_bytes()
            }
        };
        if stream.write_all(&bytes).is_err() || head.starts_with("GET /account/breaks") {
            return;
        }
    }
}

#[test]
fn requests_and_answers_are_passed_on() {
    let stage = Stage::new();
    let edge = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    let mut client = Client::connect(edge.address);
    client.send(&request(
        "GET",
        "/account/caf%c3%a9/?a=b%2f",
        &["Cookie: x=y", "Connection: X-Secret", "X-Secret: 1", "Tierpress-Status: 200", "X-Forwarded-For: 9.9.9.9"],
    ));
    let answer = client.answer("GET").unwrap();
    let sent = answer.text();
    assert!(sent.starts_with("GET /account/caf%c3%a9/?a=b%2f HTTP/1.1\r\n"), "{sent}");
    for line in [
        "host: learn.example",
        "cookie: x=y",
        "x-forwarded-for: 9.9.9.9, 127.0.0.1",
        "x-forwarded-host: learn.example",
        "x-forwarded-proto: https",
    ] {
        assert!(sent.contains(&format!("{line}\r\n")), "no `{line}` in {sent}");
    }
    assert!(!sent.contains("secret") && !sent.contains("tierpress-status"), "{sent}");
    assert_eq!(answer.header("content-security-policy"), None, "it is theirs");
    client.send(&request("GET", "/account/chunks", &[]));
    let chunks = client.answer("GET").unwrap();
    assert_eq!((chunks.text().as_str(), chunks.header("x-hop"), chunks.header("keep-alive")), ("abcde", None, None));
    client.send(&request("GET", "/account/teapot", &[]));
    let teapot = client.answer("GET").unwrap();
    assert_eq!(teapot.status, 418);
    assert_eq!(teapot.headers.iter().filter(|(name, _)| name == "set-cookie").count(), 2);
    // What is next to it is decided here.
    client.send(&request("GET", "/account", &[]));
    assert_eq!(client.answer("GET").unwrap().status, 404);
}

#[test]
fn bodies_are_streamed() {
    let stage = Stage::new();
    let edge = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    let body = "word ".repeat(200_000);
    let mut client = Client::connect(edge.address);
    let head = format!(
        "POST /account/form HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.send(head.as_bytes());
    assert_eq!(client.answer("HEAD").unwrap().status, 100);
    client.send(body.as_bytes());
    let answer = client.answer("POST").unwrap();
    assert!(answer.text().ends_with(&body));
    assert_eq!(edge.ask("PUT", "/account/x", &["Content-Length: 0"]).status, 200);
}

#[test]
fn an_upstream_that_fails_is_502() {
    let stage = Stage::new();
    let edge = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let failed = edge.get("/account/");
    assert_eq!((failed.status, failed.header("cache-control")), (502, Some("no-store")));
    assert_eq!(edge.get("/").status, 200);
    drop(edge);
    let edge = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    let mut client = Client::connect(edge.address);
    client.send(&request("GET", "/account/breaks", &[]));
    assert_eq!(client.answer("GET"), None, "a part is never passed off as the whole");
    assert_eq!(edge.get("/account/teapot").status, 418);
}

#[test]
fn what_cannot_be_passed_on_is_refused() {
    let stage = Stage::new();
    let edge = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    assert_eq!(edge.ask("TRACE", "/account/", &[]).status, 405);
    assert_eq!(edge.ask("CONNECT", "/account/", &[]).status, 405);
    assert_eq!(edge.ask("GET", "/account/", &["Host: two"]).status, 400);
    assert_eq!(edge.get("/account/../x").status, 400);
    let absolute = edge.get("http://evil.example/account/x");
    assert!(absolute.text().starts_with("GET /account/x HTTP/1.1\r\nhost: learn.example\r\n"), "{}", absolute.text());
}
