//! The three faces of one answer, for other servers to ask (`--mode decide`).
//!
//! The original target and method come from one header each, named at start. All other such headers are those of clients
//! and mean nothing.

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Request};

use super::asked::Asked;
use super::connections::Worker;
use super::held::Held;
use super::pages;
use super::reply::{self, Body, Reply};
use crate::edge::answer::{self, Answer};
use crate::time::Timestamp;

/// Which way an answer is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Face {
    /// Always 200, the status in a header: for nginx's `auth_request`.
    Auth,
    /// The status itself: for Caddy, Traefik and Envoy.
    Check,
    /// The status itself, objects by `X-Accel-Redirect`: for nginx as a proxy.
    Accel,
}

impl Face {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/auth" => Some(Self::Auth),
            "/accel" => Some(Self::Accel),
            "/check" => Some(Self::Check),
            below if below.starts_with("/check/") => Some(Self::Check),
            _ => None,
        }
    }
}

/// Answers a server that asks.
pub(super) fn decide<B>(worker: &Worker, held: &Held, request: &Request<B>, now: Timestamp) -> Reply {
    let Some(face) = Face::of(request.uri().path()) else {
        return reply::words(404, "there is nothing here: ask /auth, /check or /accel\n");
    };
    let headers = request.headers();
    let options = &worker.options;
    let (Some(target), Some(method)) = (only(headers, &options.target_header), only(headers, &options.method_header))
    else {
        return doubtful(face);
    };
    let Ok(method) = std::str::from_utf8(method) else { return doubtful(face) };
    let asked = Asked { method, target, headers, now };
    let decision = asked.decide(held);
    let answer = answer::answer(&held.manifest, &decision, options.csp.as_deref());
    match face {
        Face::Auth => auth(&answer),
        Face::Check | Face::Accel => native(worker, face, &answer),
    }
}

/// The value of a header that must be there once.
fn only<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

/// The answer to a question that does not say what it is about.
fn doubtful(face: Face) -> Reply {
    let mut reply = reply::words(400, "the original target or method is missing, or there are several\n");
    if face == Face::Auth {
        *reply.status_mut() = hyper::StatusCode::OK;
        *reply.body_mut() = Body::empty();
        reply.headers_mut().remove(CONTENT_TYPE);
        reply.headers_mut().insert("tierpress-status", HeaderValue::from_static("400"));
    }
    reply
}

fn auth(answer: &Answer<'_>) -> Reply {
    let mut reply = reply::with_status(200, Body::empty());
    let headers = reply.headers_mut();
    for (name, value) in &answer.headers {
        let name = if *name == "content-type" { "tierpress-type" } else { *name };
        reply::insert(headers, name, value);
    }
    let status = match answer.body {
        answer::Body::Upstream => HeaderValue::from_static("passthrough"),
        answer::Body::Object(_) | answer::Body::Text(_) | answer::Body::Empty => HeaderValue::from(answer.status),
    };
    headers.insert("tierpress-status", status);
    if let answer::Body::Object(name) = answer.body {
        reply::insert(headers, "tierpress-object", name);
    }
    reply
}

fn native(worker: &Worker, face: Face, answer: &Answer<'_>) -> Reply {
    let name = match answer.body {
        answer::Body::Object(name) if answer.status == 200 => name,
        answer::Body::Upstream => {
            let mut reply = reply::with_status(200, Body::empty());
            let headers = reply.headers_mut();
            headers.insert("tierpress-passthrough", HeaderValue::from_static("1"));
            if face == Face::Accel {
                headers.insert("x-accel-redirect", HeaderValue::from_static("@tierpress_upstream"));
            }
            return reply;
        }
        answer::Body::Object(_) | answer::Body::Text(_) | answer::Body::Empty => return pages::native(worker, answer),
    };
    let mut reply = reply::with_status(200, Body::of(Bytes::new()));
    let headers = reply.headers_mut();
    for (name, value) in &answer.headers {
        reply::insert(headers, name, value);
    }
    if let Some(media_type) = headers.get(CONTENT_TYPE).cloned() {
        headers.insert("tierpress-type", media_type);
    }
    reply::insert(headers, "tierpress-object", name);
    if face == Face::Accel {
        reply::insert(headers, "x-accel-redirect", &format!("{}{name}", worker.options.accel_prefix));
    }
    reply
}
