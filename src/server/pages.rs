//! Serving: a decision as the bytes that a browser is sent.

use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue,
    VARY,
};

use super::asked::Asked;
use super::held::Held;
use super::objects::{Form, Opened, Shape, Stored};
use super::reply::{self, Body, Reply};
use super::select::{self, Part};
use super::worker::Worker;
use crate::edge::Decision;
use crate::edge::answer;
use crate::fs;
use crate::manifest::Object;

/// An object that the manifest names could not be opened.
#[derive(Debug)]
pub(super) struct Vanished(pub(super) fs::Error);

/// Says a decision to a browser. `asked` is `None` where another server will pass the answer on: then nothing is left out
/// or encoded.
pub(super) async fn say(
    worker: &Arc<Worker>,
    held: &Held,
    decision: &Decision<'_>,
    asked: Option<&Asked<'_>>,
) -> Result<Reply, Vanished> {
    let named = decision.object.and_then(|name| held.manifest.objects.get_key_value(name));
    let Some((name, object)) = named else { return Ok(without_object(worker, held, decision)) };
    // A denial is sent as it is: its form tells nothing of the request.
    let asked = asked.filter(|_| decision.status == 200);
    let encoding = asked.and_then(|asked| select::encoding(asked.headers, &object.encodings));
    let form = Form { name: name.as_str(), encoding };
    let opened = match worker.objects.stored(form) {
        Some(stored) => Opened::Stored(stored),
        None => open(worker, form, object).await?,
    };
    let saying = Saying { worker, held, decision, object, form };
    match (opened, asked) {
        (Opened::Stored(stored), None) => Ok(saying.whole(&stored)),
        (Opened::Stored(stored), Some(asked)) => Ok(saying.stored(&stored, asked)),
        (Opened::File { file, size }, asked) => saying.file(file, size, asked).map_err(Vanished),
    }
}

/// Opens an object without keeping others waiting.
async fn open(worker: &Arc<Worker>, form: Form<'_>, object: &Object) -> Result<Opened, Vanished> {
    let (worker, object) = (Arc::clone(worker), object.clone());
    let (name, encoding) = (form.name.to_owned(), form.encoding);
    let opened = tokio::task::spawn_blocking(move || {
        let form = Form { name: &name, encoding };
        worker.objects.open(form, &object)
    });
    let failed = |error| fs::Error::new(fs::Deed::Read, form.name.as_ref(), std::io::Error::other(error));
    opened.await.map_err(|error| Vanished(failed(error)))?.map_err(Vanished)
}

fn without_object(worker: &Worker, held: &Held, decision: &Decision<'_>) -> Reply {
    let answer = answer::answer(&held.manifest, decision, worker.options.csp.as_deref());
    let text = match answer.body {
        answer::Body::Text(text) => text,
        answer::Body::Object(_) | answer::Body::Empty | answer::Body::Upstream => "",
    };
    let mut reply = reply::with_status(answer.status, Body::of(Bytes::from_static(text.as_bytes())));
    for (name, value) in &answer.headers {
        reply::insert(reply.headers_mut(), name, value);
    }
    reply
}

/// One decision that names an object.
#[derive(Clone, Copy)]
struct Saying<'a> {
    worker: &'a Worker,
    held: &'a Held,
    decision: &'a Decision<'a>,
    object: &'a Object,
    form: Form<'a>,
}

impl Saying<'_> {
    /// An object in memory, as it is.
    fn whole(&self, stored: &Stored) -> Reply {
        self.reply(self.decision.status, self.headers_of(stored), Body::of(stored.bytes.clone()))
    }

    /// An object in memory, or as much of it as is asked for.
    fn stored(&self, stored: &Stored, asked: &Asked<'_>) -> Reply {
        let size = u64::try_from(stored.bytes.len()).unwrap_or(u64::MAX);
        let headers = self.headers_of(stored);
        match self.asked_for(asked, size) {
            Wanted::Whole => self.reply(200, headers, Body::of(stored.bytes.clone())),
            Wanted::Known => self.known(headers),
            Wanted::Nothing => self.unsatisfiable(headers, size),
            Wanted::Part(from, to) => {
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(stored.bytes.len());
                self.part(headers, (from, to, size), Body::of(stored.bytes.slice(index(from)..index(to))))
            }
        }
    }

    /// An object that is too large for the memory.
    fn file(&self, mut file: fs::File, size: u64, asked: Option<&Asked<'_>>) -> Result<Reply, fs::Error> {
        let headers = self.headers();
        let (from, to, whole) = match asked.map_or(Wanted::Whole, |asked| self.asked_for(asked, size)) {
            Wanted::Known => return Ok(self.known(headers)),
            Wanted::Nothing => return Ok(self.unsatisfiable(headers, size)),
            Wanted::Whole => (0, size, true),
            Wanted::Part(from, to) => (from, to, false),
        };
        let failed = |source| fs::Error::new(fs::Deed::Read, self.form.name.as_ref(), source);
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let body = Body::file(tokio::fs::File::from_std(file), to.saturating_sub(from));
        Ok(if whole {
            self.reply(self.decision.status, headers, body)
        } else {
            self.part(headers, (from, to, size), body)
        })
    }

    fn asked_for(&self, asked: &Asked<'_>, size: u64) -> Wanted {
        let headers = asked.headers;
        if !select::has_conditions(headers) {
            return Wanted::Whole;
        }
        let etag = self.form.etag();
        if select::is_known(headers, &etag) {
            return Wanted::Known;
        }
        if asked.method != "GET" {
            return Wanted::Whole;
        }
        match select::part(headers, &etag, size) {
            Part::Whole => Wanted::Whole,
            Part::Bytes(from, to) => Wanted::Part(from, to),
            Part::Unsatisfiable => Wanted::Nothing,
        }
    }

    fn reply(&self, status: u16, headers: HeaderMap, body: Body) -> Reply {
        let mut reply = reply::with_status(status, body);
        *reply.headers_mut() = headers;
        reply
    }

    /// 304 (RFC 9110, 15.4.5).
    fn known(&self, mut headers: HeaderMap) -> Reply {
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_ENCODING);
        self.reply(304, headers, Body::empty())
    }

    /// 206 (RFC 9110, 15.3.7).
    fn part(&self, mut headers: HeaderMap, (from, to, size): (u64, u64, u64), body: Body) -> Reply {
        let last = to.saturating_sub(1);
        if let Ok(range) = HeaderValue::try_from(format!("bytes {from}-{last}/{size}")) {
            headers.insert(CONTENT_RANGE, range);
        }
        self.reply(206, headers, body)
    }

    /// 416 (RFC 9110, 15.5.17).
    fn unsatisfiable(&self, mut headers: HeaderMap, size: u64) -> Reply {
        for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH, ETAG] {
            headers.remove(name);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
            headers.insert(CONTENT_RANGE, range);
        }
        self.reply(416, headers, Body::empty())
    }

    /// The headers of an answer with an object in memory: made once for the way it is usually given.
    fn headers_of(&self, stored: &Stored) -> HeaderMap {
        let (shape, headers) = stored.headers.get_or_init(|| (Shape::of(self.decision, self.object), self.headers()));
        if shape.is_of(self.decision, self.object) { headers.clone() } else { self.headers() }
    }

    fn headers(&self) -> HeaderMap {
        let answer = answer::answer(&self.held.manifest, self.decision, self.worker.options.csp.as_deref());
        let mut headers = HeaderMap::with_capacity(16);
        for (name, value) in &answer.headers {
            reply::insert(&mut headers, name, value);
        }
        if answer.status != 200 {
            return headers;
        }
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Ok(etag) = HeaderValue::try_from(self.form.etag()) {
            headers.insert(ETAG, etag);
        }
        if let Some(encoding) = self.form.encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(select::name(encoding)));
        }
        if !self.object.encodings.is_empty() {
            let vary =
                if headers.contains_key(VARY) { "Cookie, Authorization, Accept-Encoding" } else { "Accept-Encoding" };
            headers.insert(VARY, HeaderValue::from_static(vary));
        }
        headers
    }
}

/// What a request gets of the form that suits it.
enum Wanted {
    Whole,
    Part(u64, u64),
    Known,
    Nothing,
}
