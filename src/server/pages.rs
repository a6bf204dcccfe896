//! Serving: a decision as the bytes that a browser is sent.

use super::connections::Worker;
use super::held::Held;
use super::reply::{self, Body, Reply};
use crate::edge::answer::{self, Answer};
use hyper::body::Bytes;

use super::asked::Asked;

/// Answers a request for a page.
pub(super) fn serve(worker: &Worker, held: &Held, asked: &Asked<'_>) -> Reply {
    let decision = asked.decide(held);
    let answer = answer::answer(&held.manifest, &decision, worker.options.csp.as_deref());
    native(worker, &answer)
}

/// An answer with its own status, headers and body.
pub(super) fn native(worker: &Worker, answer: &Answer<'_>) -> Reply {
    let body = match answer.body {
        answer::Body::Object(name) => match worker.objects.whole(name) {
            Ok(bytes) => Body::of(bytes),
            Err(_) => return reply::words(500, "this page cannot be read\n"),
        },
        answer::Body::Text(text) => Body::of(Bytes::from_static(text.as_bytes())),
        answer::Body::Empty | answer::Body::Upstream => Body::empty(),
    };
    let mut reply = reply::with_status(answer.status, body);
    for (name, value) in &answer.headers {
        reply::insert(reply.headers_mut(), name, value);
    }
    reply
}
