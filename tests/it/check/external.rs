//! `--external`: each address once, with HEAD and then with GET, and only those that are not there are said.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use expect_test::expect;

use super::{run, shop};

type Asked = Arc<Mutex<BTreeMap<String, usize>>>;

/// A server on this machine that answers by the path; what it was asked, and how often.
fn server() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Asked::default();
    let counts = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let counts = Arc::clone(&counts);
            std::thread::spawn(move || answer(&stream.unwrap(), &counts));
        }
    });
    (address, asked)
}

fn answer(mut stream: &TcpStream, asked: &Asked) {
    let mut lines = BufReader::new(stream).lines();
    let Some(Ok(first)) = lines.next() else { return };
    for line in lines.by_ref() {
        if line.unwrap().is_empty() {
            break;
        }
    }
    let request = first.trim_end_matches(" HTTP/1.1").to_owned();
    *asked.lock().unwrap().entry(request.clone()).or_default() += 1;
    let status = match request.as_str() {
        "HEAD /moved" => "301 Moved\r\nLocation: /there",
        "HEAD /only-get" => "405 Method Not Allowed",
        "HEAD /login" | "GET /login" => "403 Forbidden",
        "HEAD /gone" | "GET /gone" => "404 Not Found",
        "HEAD /broken" | "GET /broken" => "500 Internal Server Error",
        "HEAD /hangs" | "GET /hangs" => return std::thread::sleep(std::time::Duration::from_secs(5)),
        _ => "200 OK",
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).unwrap_or_default();
}

#[test]
fn other_sites_are_asked_once() {
    let (address, asked) = server();
    let site = format!(
        "\
//- content/a.md
---
title: A
---
[there](http://{address}/there), [again](http://{address}/there#part), <http://{address}/only-get>,
[moved](http://{address}/moved), [login](http://{address}/login), [gone](http://{address}/gone),
`[code](http://{address}/code)`, [own](https://school.example/a/) and [mail](mailto:a@b.example).

<a href=\"http://{address}/broken\">raw</a> [slow](http://{address}/hangs)
//- content/b.md
---
title: B
access: basic
description: d
---
[gone](http://{address}/gone)
"
    );
    let fixture = shop(&site);
    let before = run(&fixture, &["--strict"]);
    assert_eq!(before.status.code(), Some(0), "{}", String::from_utf8_lossy(&before.stderr));
    assert!(asked.lock().unwrap().is_empty(), "nobody is asked unless it is wished");
    let output = run(&fixture, &["--strict", "--external", "--timeout", "1"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap().replace(&address, "HOST");
    expect![[r#"
        warning[external-link]: `http://HOST/gone` answers 404; it is linked from another place too
          --> content/a.md:5:86
           |
         5 | [moved](http://HOST/moved), [login](http://HOST/login), [gone](http://HOST/gone),
           |                                                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^
          help: write its new address, or take the link out

        warning[external-link]: `http://HOST/broken` answers 500
          --> content/a.md:8:10
           |
         8 | <a href="http://HOST/broken">raw</a> [slow](http://HOST/hangs)
           |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          help: write its new address, or take the link out

        warning[external-link]: `http://HOST/hangs` does not answer in time
          --> content/a.md:8:56
           |
         8 | <a href="http://HOST/broken">raw</a> [slow](http://HOST/hangs)
           |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          help: write its new address, or take the link out

    "#]].assert_eq(&said);
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked.iter().filter(|(request, _)| !request.ends_with("/there")).all(|(_, count)| *count == 1),
        "{asked:?}"
    );
    // Once for itself and once for what moved there.
    assert_eq!(asked["HEAD /there"], 2);
    assert!(!asked.keys().any(|request| request.ends_with("/code")), "{asked:?}");
}
