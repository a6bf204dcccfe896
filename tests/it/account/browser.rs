//! A reader at a socket: a browser's cookies and forms, for services that run as programs of their own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::server::http;

/// A browser without windows.
pub(crate) struct Browser {
    address: SocketAddr,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// One that speaks to an address, where a site of that origin is.
    pub(crate) fn new(address: SocketAddr, origin: &str) -> Self {
        Self { address, origin: origin.to_owned(), cookies: BTreeMap::new() }
    }

    #[track_caller]
    fn send(&mut self, method: &str, target: &str, fields: &[(&str, &str)]) -> http::Response {
        let host = self.origin.split_once("://").unwrap().1.to_owned();
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        if !cookies.is_empty() {
            head.push_str(&format!("cookie: {}\r\n", cookies.join("; ")));
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        if method == "POST" {
            head.push_str(&format!("origin: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n", self.origin));
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        let mut client = http::Client::connect(self.address);
        client.send(format!("{head}\r\n{body}").as_bytes());
        let answer = client.answer(method).unwrap();
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// The page at a path.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> String {
        self.send("GET", path, &[]).text()
    }

    /// Asks for a link, to come to a path afterwards.
    #[track_caller]
    pub(crate) fn ask_for_link(&mut self, address: &str, next: &str) {
        let page = self.get(&format!("/account/sign-in?next={next}"));
        let sent = self.send(
            "POST",
            "/account/sign-in",
            &[("token", &field(&page, "token")), ("address", address), ("next", next)],
        );
        assert_eq!((sent.status, sent.header("location")), (303, Some("/account/sent")), "{}", sent.text());
    }

    /// Opens a mailed link and presses its button.
    #[track_caller]
    pub(crate) fn use_link(&mut self, link: &str) {
        let page = self.get(link);
        let used = self.send("POST", "/account/link", &[("token", &field(&page, "token")), ("t", &field(&page, "t"))]);
        assert_eq!(used.status, 303, "{}", used.text());
    }
}

/// The value of the first hidden field of that name.
#[track_caller]
fn field(page: &str, name: &str) -> String {
    let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let at = page.find(&start).unwrap_or_else(|| panic!("no `{name}` in {page}")) + start.len();
    page[at..].split('"').next().unwrap().to_owned()
}
