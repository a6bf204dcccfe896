//! What is sent back: a response with a body that is held, read from a file, or passed on from another server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::edge::answer;

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// An answer as it goes to the connection.
pub(crate) type Reply = Response<Body>;

/// The bytes of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of them are here.
    Whole(Full<Bytes>),
    /// They are read from a file.
    File(Pieces),
    /// They come from another server.
    Upstream(Patient),
}

impl Body {
    /// No bytes at all.
    pub(crate) fn empty() -> Self {
        Self::of(Bytes::new())
    }

    /// These bytes.
    pub(crate) fn of(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }

    /// So many bytes of a file, from where it stands.
    pub(crate) fn file(file: tokio::fs::File, length: u64) -> Self {
        Self::File(Pieces { file, left: length, piece: Vec::new() })
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(bytes) => match ready!(Pin::new(bytes).poll_frame(context)) {
                None => Poll::Ready(None),
                Some(frame) => Poll::Ready(Some(frame.map_err(|never| match never {}))),
            },
            Self::File(pieces) => pieces.poll(context).map(|piece| piece.map(|bytes| bytes.map(Frame::data))),
            Self::Upstream(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_end_stream(),
            Self::File(pieces) => pieces.left == 0,
            Self::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => bytes.size_hint(),
            Self::File(pieces) => SizeHint::with_exact(pieces.left),
            Self::Upstream(body) => body.size_hint(),
        }
    }
}

/// A file that is read as fast as its reader takes it.
#[derive(Debug)]
pub(crate) struct Pieces {
    file: tokio::fs::File,
    left: u64,
    piece: Vec<u8>,
}

impl Pieces {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.piece.resize(usize::try_from(self.left).unwrap_or(PIECE).min(PIECE), 0);
        let mut buffer = ReadBuf::new(&mut self.piece);
        if let Err(error) = ready!(Pin::new(&mut self.file).poll_read(context, &mut buffer)) {
            return Poll::Ready(Some(Err(error)));
        }
        let bytes = Bytes::copy_from_slice(buffer.filled());
        if bytes.is_empty() {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Poll::Ready(Some(Ok(bytes)))
    }
}

/// A body that somebody else sends, for whose next bytes nobody waits for ever.
#[derive(Debug)]
pub(crate) struct Patient {
    body: Incoming,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Patient {
    pub(crate) fn new(body: Incoming, patience: Duration) -> Self {
        Self { body, patience, deadline: Box::pin(tokio::time::sleep(patience)) }
    }
}

impl hyper::body::Body for Patient {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let patient = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut patient.body).poll_frame(context) {
            patient.deadline.as_mut().reset(Instant::now() + patient.patience);
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        ready!(patient.deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A reply with this status, body, and no headers.
pub(crate) fn with_status(status: u16, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply
}

/// A few words that nobody keeps, for what is no decision.
pub(crate) fn words(status: u16, text: &'static str, csp: Option<&str>) -> Reply {
    let mut reply = with_status(status, Body::of(Bytes::from_static(text.as_bytes())));
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer::TEXT));
    for (name, value) in answer::security(csp) {
        insert(headers, name, &value);
    }
    reply
}

/// Puts a header in, if its value can be sent at all.
pub(crate) fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
