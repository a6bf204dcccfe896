//! What is sent back: a response with a body that is held, read from a file, or passed on from another server.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Bytes, Frame, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};

use crate::edge::answer;

/// An answer as it goes to the connection.
pub(super) type Reply = Response<Body>;

/// The bytes of an answer.
#[derive(Debug)]
pub(super) enum Body {
    /// All of them are here.
    Whole(Full<Bytes>),
}

impl Body {
    /// No bytes at all.
    pub(super) fn empty() -> Self {
        Self::of(Bytes::new())
    }

    /// These bytes.
    pub(super) fn of(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Pin::new(bytes).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => bytes.size_hint(),
        }
    }
}

/// A reply with this status, body, and no headers.
pub(super) fn with_status(status: u16, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply
}

/// A few words that nobody keeps, for what is no decision.
pub(super) fn words(status: u16, text: &'static str) -> Reply {
    let mut reply = with_status(status, Body::of(Bytes::from_static(text.as_bytes())));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer::TEXT));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Puts a header in, if its value can be sent at all.
pub(super) fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
