//! Answers to requests: what `decide` says, in the bytes that a build would publish, and the bar in pages that somebody
//! looks at.
//!
//! It refuses whoever is not a page of this server ([`super::hosts`]), and leaves nothing in a cache.

use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, SET_COOKIE, VARY};
use hyper::{HeaderMap, Response};
use tokio::sync::watch;

use crate::diagnostic::Diagnostic;
use crate::edge::{self, Decision, Outcome, answer};
use crate::fs;
use crate::serve::asked::{self, As, Known, Named};
use crate::serve::events::{self, Sent};
use crate::serve::held::{self, Held};
use crate::serve::hosts::{self, Hosts};
use crate::serve::keeper::{Clock, State};
use crate::serve::page::{self, Marks};
use crate::serve::seen::{self, Seen};
use crate::server::Arrived;
use crate::server::reply::{self, Body};
use crate::server::select::{self, Part};

/// Where what belongs to this server alone lies.
const OWN: &str = "/_tierpress/serve/";

/// How long what never changes is kept: a year.
const KEPT: &str = "private, max-age=31536000, immutable";

/// A page for people, in the site's stead.
const HTML: &str = "text/html; charset=utf-8";

type Reply = Response<Sent>;

/// All that answering needs.
pub(super) struct Desk {
    pub(super) states: watch::Receiver<State>,
    pub(super) hosts: Hosts,
    /// The reader that the call names.
    pub(super) call: String,
    pub(super) clock: Clock,
    /// Tells this run of the server from others.
    pub(super) run: String,
}

/// One request, looked at.
struct Asked<'a> {
    method: &'a str,
    target: &'a [u8],
    headers: &'a HeaderMap,
    /// Whether the answer will be a page of its own.
    document: bool,
}

impl Desk {
    /// Answers a request.
    pub(super) async fn answer(&self, arrived: &Arrived) -> Reply {
        let headers = arrived.request.headers();
        let method = arrived.request.method().as_str();
        let target = arrived.target();
        let document = matches!(method, "GET" | "HEAD") && asked::is_document(headers);
        if !self.hosts.allow(headers) || !self.hosts.allow_target(target) {
            return words(403, "this server is asked by another name than its own\n");
        }
        if hosts::is_foreign(headers, document) || !self.hosts.allow_origin(headers) {
            return words(403, "a page of another site asks for this\n");
        }
        let asked = Asked { method, target, headers, document };
        let reply = match std::str::from_utf8(arrived.path()).ok().and_then(|path| path.strip_prefix(OWN)) {
            Some(name) => self.own(name, &asked).await,
            None => self.site(&asked).await,
        };
        let mut reply = guarded(reply);
        if page::is_script(target) {
            // It says nothing of the site, and its address says which script it is: a browser need not ask for it again.
            reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(KEPT));
        }
        reply
    }

    /// What belongs to this server alone.
    async fn own(&self, name: &str, asked: &Asked<'_>) -> Reply {
        if !matches!(asked.method, "GET" | "HEAD") {
            return words(405, answer::BAD_METHOD);
        }
        match name {
            "bar.js" => whole(200, "text/javascript; charset=utf-8", page::script()),
            "page.css" => whole(200, "text/css; charset=utf-8", Bytes::from_static(page::STYLE.as_bytes())),
            "events" if asked.method == "GET" => {
                let mut reply = Response::new(events::events(self.states.clone(), self.run.clone()));
                reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
                reply
            }
            "page" => self.page(asked),
            "readers" => match &self.states.borrow().held {
                Some(held) => json(200, &seen::readers(held, &self.call)),
                None => json(503, &serde_json::json!({"fault": "there is no site yet"})),
            },
            _ => words(404, "there is nothing here\n"),
        }
    }

    /// How a page looks to a reader, for the bar.
    fn page(&self, asked: &Asked<'_>) -> Reply {
        let held = self.states.borrow().held.clone();
        let Some(held) = held else { return json(503, &serde_json::json!({"fault": "there is no site yet"})) };
        let value = |name| asked::value(asked.target, name);
        let Some(path) = value("path") else {
            return json(400, &serde_json::json!({"fault": "which `path`?"}));
        };
        let known = match value("as") {
            None => self.known(&held, &self.wanted(b"", asked.headers)),
            Some(text) => Known::read(&text, &held, self.now(&held)),
        };
        match known {
            Ok(known) => json(200, &Seen { held: &held, target: &path, known: &known }.json()),
            Err(fault) => json(400, &serde_json::json!({"fault": fault})),
        }
    }

    /// What the site gives.
    async fn site(&self, asked: &Asked<'_>) -> Reply {
        let (number, held, faults) = {
            let state = self.states.borrow();
            (state.number, state.held.clone(), state.faults.clone())
        };
        let wanted = self.wanted(asked.target, asked.headers);
        let Some(held) = held else {
            let marks = self.marks(number, &wanted.text);
            return self.faulty(asked, (503, "this site cannot be built yet", &faults), &marks);
        };
        let known = match self.known(&held, &wanted) {
            Ok(known) => known,
            Err(fault) => {
                let fault = Diagnostic::setup(format!("no reader can be made of {fault}")).help(
                    "write `?view-as=` and `visitor`, or tiers and bundles such as `basic/30d+rust-course@2026-12-01`",
                );
                let marks = self.marks(number, "visitor");
                return self.faulty(asked, (400, "nobody can be seen as this reader", &[fault]), &marks);
            }
        };
        let marks = self.marks(number, &known.text);
        let mut reply = self.decided(&held, asked, &known, &marks).await;
        if asked.document
            && wanted.named == Named::Query
            && let Ok(cookie) = HeaderValue::try_from(wanted.cookie(self.hosts.address.port()))
        {
            reply.headers_mut().append(SET_COOKIE, cookie);
        }
        reply
    }

    /// As whom something is asked for.
    fn wanted(&self, target: &[u8], headers: &HeaderMap) -> As {
        As::of(target, headers, (&self.call, self.hosts.address.port()))
    }

    fn marks(&self, number: u64, reader: &str) -> Marks {
        Marks { state: format!("{}-{number}", self.run), reader: reader.to_owned() }
    }

    /// What time it is for a reader who names no day.
    fn now(&self, held: &Held) -> crate::time::Timestamp {
        self.clock.now().max(held.clock())
    }

    /// Who is meant. An old cookie, or a call that the catalogue has left behind, is no reason to show nothing.
    fn known(&self, held: &Held, wanted: &As) -> Result<Known, String> {
        let now = self.now(held);
        match (Known::read(&wanted.text, held, now), wanted.named) {
            (Err(fault), Named::Cookie) => Ok(match Known::read(&self.call, held, now) {
                Ok(known) => Known { fault: Some(fault), ..known },
                Err(_) => Known::visitor(now, fault),
            }),
            (Err(fault), Named::Call) => Ok(Known::visitor(now, fault)),
            (known, _) => known,
        }
    }

    async fn decided(&self, held: &Arc<Held>, asked: &Asked<'_>, known: &Known, marks: &Marks) -> Reply {
        let Asked { method, target, .. } = *asked;
        let request = edge::Request { method, target, reader: &known.reader, now: known.now, html_navigation: false };
        let decision = edge::decide(held.manifest(), &request);
        if decision.outcome == Outcome::Passthrough {
            let fault = Diagnostic::warning("this address is another server's")
                .help("`passthrough` in site.yaml says so; nothing answers for it here");
            return self.faulty(asked, (502, "this address is another server's", &[fault]), marks);
        }
        let Some(name) = decision.object else { return without_object(held, &decision) };
        match object(held, name).await {
            Ok(held::Bytes::InMemory(bytes)) => in_memory(asked, &Answer::of(held, &decision, name), &bytes, marks),
            Ok(held::Bytes::OnDisk(path)) => {
                let answer = Answer::of(held, &decision, name);
                let opened = on_disk(asked, answer, &path);
                opened.unwrap_or_else(|error| {
                    self.faulty(
                        asked,
                        (500, "this file cannot be read", &[Diagnostic::error(error.to_string())]),
                        marks,
                    )
                })
            }
            Err(fault) => self.faulty(asked, (500, "this page cannot be made", &[*fault]), marks),
        }
    }

    /// A page that tells what is wrong, to people; a few words to whatever else asks.
    fn faulty(&self, asked: &Asked<'_>, (status, title, faults): (u16, &str, &[Diagnostic]), marks: &Marks) -> Reply {
        if asked.document {
            return whole(status, HTML, page::faulty((status, title, faults), marks).into());
        }
        let mut text = format!("{title}\n");
        for fault in faults {
            text.push_str(&format!("\n{fault}\n"));
        }
        whole(status, answer::TEXT, text.into())
    }
}

/// Renders what was never rendered without keeping others waiting.
async fn object(held: &Arc<Held>, name: &str) -> Result<held::Bytes, Box<Diagnostic>> {
    let (held, name) = (Arc::clone(held), name.to_owned());
    let made = tokio::task::spawn_blocking(move || held.object(&name)).await;
    made.unwrap_or_else(|error| Err(Box::new(Diagnostic::error(format!("rendering was broken off: {error}")))))
}

/// What goes with a decision's object.
struct Answer {
    status: u16,
    headers: HeaderMap,
    is_html: bool,
}

impl Answer {
    fn of(held: &Held, decision: &Decision<'_>, name: &str) -> Self {
        let media_type = held.media_type(name);
        let mut headers = headers_of(held, decision);
        if let Ok(media_type) = HeaderValue::from_str(media_type) {
            headers.insert(CONTENT_TYPE, media_type);
        }
        Self { status: decision.status, headers, is_html: media_type.starts_with("text/html") }
    }

    fn with(self, status: u16, body: Body) -> Reply {
        let mut reply = reply::with_status(status, body).map(Sent::Whole);
        *reply.headers_mut() = self.headers;
        reply
    }

    /// Which bytes are asked for: their first, the one behind their last, and whether that is all.
    fn part(&mut self, asked: &Asked<'_>, size: u64) -> Option<(u64, u64, u16)> {
        if self.status != 200 || asked.method != "GET" {
            return Some((0, size, self.status));
        }
        self.headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        // There is no tag that a condition could name.
        let (from, to, range) = match select::part(asked.headers, "", size) {
            Part::Whole => return Some((0, size, 200)),
            Part::Unsatisfiable => (0, 0, format!("bytes */{size}")),
            Part::Bytes(from, to) => (from, to, format!("bytes {from}-{}/{size}", to.saturating_sub(1))),
        };
        self.headers.extend(HeaderValue::try_from(range).ok().map(|range| (CONTENT_RANGE, range)));
        (to > from).then_some((from, to, 206))
    }
}

fn in_memory(asked: &Asked<'_>, answer: &Answer, bytes: &Arc<[u8]>, marks: &Marks) -> Reply {
    let Answer { status, headers, is_html } = answer;
    let mut answer = Answer { status: *status, headers: headers.clone(), is_html: *is_html };
    if asked.document && *is_html {
        return answer.with(*status, Body::of(page::with_bar(bytes, marks).into()));
    }
    let bytes = Bytes::from_owner(Arc::clone(bytes));
    match answer.part(asked, u64::try_from(bytes.len()).unwrap_or(u64::MAX)) {
        Some((from, to, status)) => {
            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            answer.with(status, Body::of(bytes.slice(index(from)..index(to))))
        }
        None => answer.with(416, Body::empty()),
    }
}

fn on_disk(asked: &Asked<'_>, mut answer: Answer, path: &std::path::Path) -> Result<Reply, fs::Error> {
    let failed = |source| fs::Error::new(fs::Deed::Read, path, source);
    let mut file = fs::open(path)?;
    let size = file.metadata().map_err(failed)?.len();
    let Some((from, to, status)) = answer.part(asked, size) else { return Ok(answer.with(416, Body::empty())) };
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    Ok(answer.with(status, Body::file(tokio::fs::File::from_std(file), to.saturating_sub(from))))
}

fn without_object(held: &Held, decision: &Decision<'_>) -> Reply {
    let text = match answer::answer(held.manifest(), decision, None).body {
        answer::Body::Text(text) => text,
        answer::Body::Object(_) | answer::Body::Empty | answer::Body::Upstream => "",
    };
    let mut reply = reply::with_status(decision.status, Body::of(Bytes::from_static(text.as_bytes()))).map(Sent::Whole);
    *reply.headers_mut() = headers_of(held, decision);
    reply
}

/// The headers that an edge sends with a decision.
fn headers_of(held: &Held, decision: &Decision<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    for (name, value) in &answer::answer(held.manifest(), decision, Some(answer::CSP)).headers {
        reply::insert(&mut headers, name, value);
    }
    headers
}

/// A reply that nobody keeps, and that no other site may use.
fn guarded(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    headers.remove(VARY);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply::insert(headers, "cross-origin-resource-policy", "same-origin");
    for (name, value) in answer::security(Some(answer::CSP)) {
        reply::insert(headers, name, &value);
    }
    reply
}

fn whole(status: u16, media_type: &'static str, bytes: Bytes) -> Reply {
    let mut reply = reply::with_status(status, Body::of(bytes)).map(Sent::Whole);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

fn words(status: u16, text: &'static str) -> Reply {
    guarded(whole(status, answer::TEXT, Bytes::from_static(text.as_bytes())))
}

fn json(status: u16, value: &serde_json::Value) -> Reply {
    whole(status, "application/json", value.to_string().into())
}
