//! `/healthz`, on a listener of its own that the world does not reach.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use serde::Serialize;

use super::reply::{self, Body, Reply};
use super::worker::Worker;
use crate::time::Timestamp;

/// What a server says of itself.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    /// The build that is answered from.
    build: String,
    version: u64,
    created: Timestamp,
    /// Seconds since it was made.
    age: i64,
    /// Since when it is answered from.
    since: Timestamp,
    routes: usize,
    objects: usize,
    keys: usize,
    connections: usize,
    requests: u64,
    memory: Memory,
    tokens: Tokens,
    manifests: Manifests,
}

#[derive(Debug, Serialize)]
struct Memory {
    objects: usize,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct Tokens {
    good: usize,
    others: usize,
}

#[derive(Debug, Serialize)]
struct Manifests {
    taken: u64,
    refused: u64,
    /// Why the file that lies there is not the manifest in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Answers whoever asks how the server does.
pub(super) fn answer<B>(worker: &Worker, request: &Request<B>) -> Reply {
    if request.uri().path() != "/healthz" {
        return worker.words(404, "there is only /healthz here\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return worker.words(405, "only GET and HEAD are answered here\n");
    }
    let Ok(json) = serde_json::to_vec(&health(worker)) else { return worker.words(500, "this cannot be said\n") };
    let mut reply = reply::with_status(200, Body::of(Bytes::from(json)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn health(worker: &Worker) -> Health {
    let held = worker.held.load_full();
    let manifest = &held.manifest;
    let now = (worker.options.clock)();
    let counts = worker.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (objects, bytes) = worker.objects.held();
    let (good, others) = held.readers.kept();
    Health {
        status: "ok",
        build: manifest.build.clone(),
        version: manifest.version,
        created: manifest.created,
        age: now.seconds() - manifest.created.seconds(),
        since: held.since,
        routes: manifest.routes.len(),
        objects: manifest.objects.len(),
        keys: held.readers.keys(),
        connections: worker.options.max_connections.saturating_sub(worker.places.available_permits()),
        requests: worker.requests.load(Ordering::Relaxed),
        memory: Memory { objects, bytes },
        tokens: Tokens { good, others },
        manifests: Manifests { taken: counts.taken, refused: counts.refused, reason: counts.reason },
    }
}
