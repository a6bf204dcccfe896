//! The three faces of one answer, for other servers to ask (`--mode decide`).
//!
//! The original target and method come from one header each, named at start. All other such headers are those of clients
//! and mean nothing.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::asked::Asked;
use super::held::Held;
use super::pages::{self, Vanished};
use super::reply::{self, Body, Reply};
use super::worker::Worker;
use crate::edge::answer::{self, Answer};
use crate::edge::{Decision, Outcome};
use crate::time::Timestamp;

/// Which way an answer is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Face {
    /// Always 200, the status in a header: for nginx's `auth_request`, whose configuration says the headers that all answers
    /// have.
    Auth,
    /// The status itself: for Caddy, Traefik and Envoy.
    Check,
    /// The status itself, objects by `X-Accel-Redirect`: for nginx as a proxy.
    Accel,
}

impl Face {
    /// The face that is asked by a path.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/auth" => Some(Self::Auth),
            "/accel" => Some(Self::Accel),
            "/check" => Some(Self::Check),
            // Envoy puts the path of the request behind.
            below if below.starts_with("/check/") => Some(Self::Check),
            _ => None,
        }
    }
}

/// What is asked: the request that another server says it has.
pub(super) fn asked<'r>(worker: &Worker, headers: &'r HeaderMap, now: Timestamp) -> Option<Asked<'r>> {
    let target = only(headers, &worker.options.target_header)?;
    let method = only(headers, &worker.options.method_header)?;
    Some(Asked { method: std::str::from_utf8(method).ok()?, target, headers, now })
}

/// The value of a header that must be there once.
fn only<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Option<&'r [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

/// The answer to a question that does not say what it is about.
pub(super) fn doubtful(worker: &Worker, face: Face) -> Reply {
    if let Some(before) = worker.seldom.now() {
        let (target, method) = (worker.options.target_header.as_str(), worker.options.method_header.as_str());
        tracing::warn!(
            target_header = target,
            method_header = method,
            before,
            "asked without one target and one method"
        );
    }
    let mut reply = worker.words(400, "the original target or method is missing, or there are several\n");
    if face == Face::Auth {
        *reply.status_mut() = hyper::StatusCode::OK;
        *reply.body_mut() = Body::empty();
        let media_type = reply.headers_mut().remove(CONTENT_TYPE);
        reply.headers_mut().extend(media_type.map(|value| (TIERPRESS_TYPE, value)));
        reply.headers_mut().insert(TIERPRESS_STATUS, HeaderValue::from_static("400"));
    }
    reply
}

const TIERPRESS_STATUS: HeaderName = HeaderName::from_static("tierpress-status");
const TIERPRESS_TYPE: HeaderName = HeaderName::from_static("tierpress-type");
const TIERPRESS_PASSTHROUGH: HeaderName = HeaderName::from_static("tierpress-passthrough");
const X_ACCEL_REDIRECT: HeaderName = HeaderName::from_static("x-accel-redirect");

/// Says a decision to the server that asks.
pub(super) async fn say(
    worker: &Arc<Worker>,
    held: &Held,
    face: Face,
    decision: &Decision<'_>,
) -> Result<Reply, Vanished> {
    let passed_on = decision.outcome == Outcome::Passthrough;
    let object = decision.object.filter(|_| decision.status == 200);
    match (face, object) {
        (Face::Auth, _) => Ok(auth(&answer::varying(&held.manifest, decision))),
        (Face::Check | Face::Accel, None) if passed_on => Ok(passthrough(face)),
        (Face::Check | Face::Accel, None) => pages::say(worker, held, decision, None).await,
        (Face::Check | Face::Accel, Some(name)) => {
            let mut reply = head(&answer(worker, held, decision));
            let headers = reply.headers_mut();
            if let Some(media_type) = headers.get(CONTENT_TYPE).cloned() {
                headers.insert(TIERPRESS_TYPE, media_type);
            }
            if face == Face::Accel {
                let place = format!("{}{name}", worker.options.accel_prefix);
                reply::insert(headers, "x-accel-redirect", &place);
            }
            Ok(reply)
        }
    }
}

fn answer<'a>(worker: &'a Worker, held: &'a Held, decision: &Decision<'a>) -> Answer<'a> {
    answer::answer(&held.manifest, decision, worker.options.csp.as_deref())
}

/// The headers of an answer, and the name of its object in place of a body.
fn head(answer: &Answer<'_>) -> Reply {
    let mut reply = reply::with_status(200, Body::empty());
    for (name, value) in &answer.headers {
        reply::insert(reply.headers_mut(), name, value);
    }
    if let answer::Body::Object(name) = answer.body {
        reply::insert(reply.headers_mut(), "tierpress-object", name);
    }
    reply
}

fn auth(answer: &Answer<'_>) -> Reply {
    let mut reply = head(answer);
    let headers = reply.headers_mut();
    let media_type = headers.remove(CONTENT_TYPE);
    headers.extend(media_type.map(|value| (TIERPRESS_TYPE, value)));
    let status = match answer.body {
        answer::Body::Upstream => HeaderValue::from_static("passthrough"),
        answer::Body::Object(_) | answer::Body::Text(_) | answer::Body::Empty => HeaderValue::from(answer.status),
    };
    headers.insert(TIERPRESS_STATUS, status);
    reply
}

fn passthrough(face: Face) -> Reply {
    let mut reply = reply::with_status(200, Body::empty());
    reply.headers_mut().insert(TIERPRESS_PASSTHROUGH, HeaderValue::from_static("1"));
    if face == Face::Accel {
        reply.headers_mut().insert(X_ACCEL_REDIRECT, HeaderValue::from_static("@tierpress_upstream"));
    }
    reply
}
