//! Chromium, [driven](browser) by tests; here, against a page whose whole behaviour is known.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

mod browser;
pub(crate) mod looks;
mod story;

pub(crate) use browser::{Browser, Page};

const PAGE: &str = r#"<!doctype html><html lang="en"><title>A page</title><style>
:root { color-scheme: light dark } body { margin: 0; background: Canvas }
</style><label>Name <input id="name"></label><button id="button">count</button><output id="count">0</output>
<script>
document.getElementById("button").addEventListener("click", () => document.getElementById("count").value++);
</script>"#;

/// Answers every GET with the page and its number, but `/missing` with 404; ends with the process.
fn serve() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&served);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut lines = (&mut reader).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
                let Some(first) = lines.next() else { return };
                lines.for_each(drop);
                let (status, body) = if first.starts_with("GET /missing") || first.starts_with("GET /favicon") {
                    ("404 Not Found", "not here".to_owned())
                } else {
                    let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                    ("200 OK", format!("{PAGE}<p id=number>{number}</p>"))
                };
                let head = "Content-Type: text/html; charset=utf-8\r\nConnection: close";
                let length = body.len();
                // A browser may have gone before it was answered.
                drop(write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"));
            });
        }
    });
    (address, served)
}

/// The number of the answer that a page shows.
fn number(page: &mut Page) -> u64 {
    page.text("document.getElementById('number').textContent").parse().unwrap()
}

/// Which processes were told of a profile.
fn using(profile: &Path) -> Vec<String> {
    let name = profile.display().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let processes = entries.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    processes
        .filter(|id| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&name)
        })
        .collect()
}

#[test]
fn a_page_is_driven() {
    let (address, served) = serve();
    let mut browser = Browser::start();
    let profile = browser.profile().to_owned();
    assert!(!using(&profile).is_empty());
    {
        let mut page = browser.open(&format!("http://{address}/"));
        assert_eq!(page.text("document.title"), "A page");
        assert_eq!(
            page.eval("new Promise(done => setTimeout(() => done({a: [1, null]}), 20))"),
            json!({"a": [1, null]})
        );
        assert!(page.try_eval("nothing.here").unwrap_err().contains("ReferenceError: nothing is not defined"));
        assert!(page.try_eval("Promise.reject(new Error('no'))").unwrap_err().contains("Error: no"));

        // Keys and the mouse, as a person uses them.
        page.press("Tab");
        page.type_text("Ann B-2");
        page.press("Shift+Tab");
        page.press("Tab");
        page.press("End");
        page.press("Backspace");
        assert_eq!(page.text("document.getElementById('name').value"), "Ann B-");
        page.press("Tab");
        page.press("Space");
        page.press("Enter");
        page.click("document.getElementById('button')");
        assert_eq!(page.wait_for("document.getElementById('count').value"), json!("3"));

        // The window and what the reader prefers.
        page.viewport(320, 200);
        assert_eq!(page.eval("[innerWidth, innerHeight]"), json!([320, 200]));
        for dark in [true, false] {
            page.dark(dark);
            assert_eq!(page.eval("matchMedia('(prefers-color-scheme: dark)').matches"), json!(dark));
            let shot = profile.join("shot.png");
            page.screenshot(&shot);
            let png = std::fs::read(&shot).unwrap();
            assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
            assert_eq!((&png[16..20], &png[20..24]), (&320_u32.to_be_bytes()[..], &200_u32.to_be_bytes()[..]));
        }

        // Loads that are asked for, and those that the page makes itself.
        page.reload();
        assert_eq!((page.loads(), number(&mut page)), (2, 2));
        page.go(&format!("http://{address}/#there"));
        page.eval("location.hash");
        page.eval("void setTimeout(() => location.reload(), 50)");
        page.wait_for_loads(3);
        assert_eq!((number(&mut page), served.load(Ordering::SeqCst)), (3, 3));
        assert_eq!(page.problems(), Vec::<String>::new());
    }
    drop(browser);
    assert_eq!(using(&profile), Vec::<String>::new(), "Chromium left processes behind");
    assert!(!profile.exists());
}

#[test]
fn what_goes_wrong_in_a_page_fails_the_test() {
    let (address, _) = serve();
    let mut browser = Browser::start();
    let cases = [
        ("console.error('a', 1, new Error('b'))", "console.error: a 1 Error: b"),
        ("void setTimeout(() => { throw new Error('thrown') })", "Error: thrown"),
        ("void Promise.reject(new Error('lost'))", "Error: lost"),
        ("fetch('/missing').then(() => true)", "404 (Not Found)"),
        (
            "document.head.insertAdjacentHTML('beforeend', '<meta http-equiv=Content-Security-Policy content=\"img-src data:\">'),\
             new Promise(done => { const image = new Image(); image.onerror = () => done(true); image.src = '/x.png'; })",
            "Content Security Policy",
        ),
    ];
    for (script, expected) in cases {
        let mut page = browser.open(&format!("http://{address}/"));
        page.eval(script);
        page.eval("new Promise(done => setTimeout(done, 50))");
        let problems = page.problems();
        assert!(problems.len() == 1 && problems[0].contains(expected), "{script}\n{problems:?}");
    }
    let dropped = catch_unwind(AssertUnwindSafe(|| {
        browser.open(&format!("http://{address}/")).eval("console.error('seen by nobody')");
    }));
    assert!(dropped.is_err(), "a page with a problem went unnoticed");
    // A console that only tells something is none.
    browser.open(&format!("http://{address}/")).eval("console.log('fine'), console.warn('fine too')");
}
