//! The bytes of a connection, between the socket and the parser.
//!
//! The HTTP library hands on a request target as a URI: it cuts at `#`, drops scheme and host, and refuses what no URI has.
//! A decision is made on the target as it was sent. So the beginnings of requests are watched here: a target that a
//! URI would change is kept aside, and the parser is given a stand-in of the same length. After a request with a body nobody
//! can tell where the next one begins, and the connection ends after its answer.
//!
//! It also ends connections whose client does not take what it is sent.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long a client may take nothing of what is sent to it.
const STALL: Duration = Duration::from_secs(30);

/// What is learned from the bytes of a connection, for whoever answers its requests.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Targets that a URI would change, with the number of their request.
    kept: Mutex<VecDeque<(u64, Box<[u8]>)>>,
    /// Whether there is any.
    any: AtomicBool,
    /// Whether a request with a body has come: what follows is not watched.
    blind: AtomicBool,
}

impl Watched {
    /// The target of a request, by its number on this connection, where it is not what the parser was given.
    pub(super) fn target(&self, number: u64) -> Option<Box<[u8]>> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(at, _)| *at >= number);
        let target = kept.pop_front_if(|(at, _)| *at == number);
        self.any.store(!kept.is_empty(), Ordering::Release);
        target.map(|(_, target)| target)
    }

    /// Whether the connection must end after the next answer.
    pub(super) fn is_blind(&self) -> bool {
        self.blind.load(Ordering::Acquire)
    }

    fn keep(&self, number: u64, target: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((number, target.into()));
        self.any.store(true, Ordering::Release);
    }
}

/// A connection whose requests are watched.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    heads: Heads,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S) -> (Self, Arc<Watched>) {
        let watched = Arc::new(Watched::default());
        (Self { stream, heads: Heads::new(Arc::clone(&watched)), stall: None }, watched)
    }

    /// What a write came to, unless the client has taken nothing for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stall = None;
            return poll;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut wire.stream).poll_read(context, buffer))?;
        if let Some(read) = buffer.filled_mut().get_mut(before..) {
            wire.heads.pass(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let poll = Pin::new(&mut wire.stream).poll_write(context, bytes);
        wire.written(context, poll)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let poll = Pin::new(&mut wire.stream).poll_write_vectored(context, slices);
        wire.written(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let poll = Pin::new(&mut wire.stream).poll_flush(context);
        wire.written(context, poll)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// Where in a request the next byte belongs (RFC 9112, 2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    /// Before a request.
    Start,
    /// In its method.
    Method,
    /// In its target.
    Target,
    /// Behind the target, in the first line.
    Version,
    /// In the lines of its headers.
    Headers,
    /// Behind a request with a body: anywhere.
    Blind,
}

/// Follows the heads of requests.
#[derive(Debug)]
struct Heads {
    at: At,
    number: u64,
    target: Vec<u8>,
    unusual: bool,
    /// The beginning of a header line whose end has not come yet.
    line: Vec<u8>,
    body: bool,
    watched: Arc<Watched>,
}

/// So much of a header line tells whether it announces a body.
const LINE: usize = 64;

impl Heads {
    fn new(watched: Arc<Watched>) -> Self {
        Self { at: At::Start, number: 0, target: Vec::new(), unusual: false, line: Vec::new(), body: false, watched }
    }

    /// Reads on; bytes of a target that a URI would not take are replaced.
    fn pass(&mut self, bytes: &mut [u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let read = match self.at {
                At::Blind => return,
                At::Headers => self.header_line(rest),
                At::Start | At::Method | At::Target | At::Version => self.first_line(rest),
            };
            rest = rest.get_mut(read..).unwrap_or_default();
        }
    }

    /// Reads the first line, or as much as there is of it, and gives how much that was.
    fn first_line(&mut self, bytes: &mut [u8]) -> usize {
        let mut read = 0;
        for byte in bytes {
            read += 1;
            match (self.at, *byte) {
                (At::Start, b'\r' | b'\n') => {}
                (At::Start, _) => {
                    self.at = At::Method;
                    self.target.clear();
                    self.unusual = false;
                    self.body = false;
                }
                (_, b'\n') => {
                    self.begun();
                    return read;
                }
                (At::Method, b' ') => self.at = At::Target,
                (At::Target, b' ') => self.at = At::Version,
                (At::Target, _) => self.target_byte(byte),
                (At::Method | At::Version | At::Headers | At::Blind, _) => {}
            }
        }
        read
    }

    fn target_byte(&mut self, byte: &mut u8) {
        let first = self.target.is_empty();
        self.target.push(*byte);
        // A control character is left to the parser, which refuses it.
        if matches!(*byte, 0x00..=0x20 | 0x7f) {
            return;
        }
        if first && *byte != b'/' {
            self.unusual = true;
            *byte = b'/';
        } else if !is_plain(*byte) {
            self.unusual = true;
            *byte = b'x';
        }
    }

    /// The first line is over.
    fn begun(&mut self) {
        if self.unusual {
            self.watched.keep(self.number, &self.target);
        }
        self.number += 1;
        self.at = At::Headers;
    }

    /// Reads to the end of a header line, or as much as there is of it, and gives how much that was.
    fn header_line(&mut self, bytes: &[u8]) -> usize {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.line_part(bytes);
            return bytes.len();
        };
        let line = bytes.get(..end).unwrap_or_default();
        let (last, announces) = if self.line.is_empty() {
            (is_blank(line), announces_body(line))
        } else {
            self.line_part(line);
            (is_blank(&self.line), announces_body(&self.line))
        };
        self.line.clear();
        self.body |= announces;
        if last {
            self.at = if self.body { At::Blind } else { At::Start };
        }
        if self.at == At::Blind {
            self.watched.blind.store(true, Ordering::Release);
        }
        end + 1
    }

    fn line_part(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line.extend(bytes.iter().take(room));
    }
}

/// Whether a URI keeps this byte of a path or query as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~%?=&+,:;@!$'()*".contains(&byte)
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, [] | [b'\r'])
}

/// Whether a header line says that a body follows; where it cannot be told, it does.
fn announces_body(line: &[u8]) -> bool {
    let Some(colon) = line.iter().take(LINE).position(|byte| *byte == b':') else { return false };
    let (name, value) = line.split_at_checked(colon).unwrap_or_default();
    if name.eq_ignore_ascii_case(b"content-length") {
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        return value.is_empty() || line.len() >= LINE || value.iter().any(|byte| *byte != b'0');
    }
    name.eq_ignore_ascii_case(b"transfer-encoding")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser is given of some bytes that come in pieces of this size, and the targets that were kept.
    fn pass(bytes: &[u8], size: usize) -> (Vec<u8>, Vec<(u64, String)>, bool) {
        let watched = Arc::new(Watched::default());
        let mut heads = Heads::new(Arc::clone(&watched));
        let mut passed = bytes.to_vec();
        for piece in passed.chunks_mut(size) {
            heads.pass(piece);
        }
        let kept = watched.kept.lock().unwrap().drain(..).collect::<Vec<_>>();
        let text = |(at, target): (u64, Box<[u8]>)| (at, String::from_utf8_lossy(&target).into_owned());
        (passed, kept.into_iter().map(text).collect(), watched.is_blind())
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &[u8], kept: &[(u64, &str)], blind: bool) {
        for size in [1, 2, 3, 7, 1000] {
            let found = pass(bytes, size);
            let kept = kept.iter().map(|(at, target)| (*at, (*target).to_owned())).collect();
            assert_eq!(found, (expected.to_vec(), kept, blind), "in pieces of {size}");
        }
    }

    #[test]
    fn usual_requests_pass_as_they_are() {
        let two = b"GET /a/?x=%20 HTTP/1.1\r\nHost: a#b\r\n\r\n\r\nHEAD /b HTTP/1.1\nCookie: a=#\n\n";
        check(two, two, &[], false);
    }

    #[test]
    fn what_a_uri_would_change_is_kept() {
        check(
            b"GET /a/#b HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET http://h/p|q HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n",
            b"GET /a/xb HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET /ttp://h/pxq HTTP/1.1\r\n\r\nOPTIONS / HTTP/1.1\r\n\r\n",
            &[(0, "/a/#b"), (2, "http://h/p|q"), (3, "*")],
            false,
        );
    }

    #[test]
    fn nothing_is_touched_behind_a_request_with_a_body() {
        let post = b"POST /s HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET /# HTTP/1.1\r\n\r\n";
        check(post, post, &[], true);
        let chunked = b"POST /s HTTP/1.1\r\nTRANSFER-encoding: chunked\r\n\r\n4\r\nGET /# HTTP/1.1\r\n\r\n";
        check(chunked, chunked, &[], true);
        let none = b"POST /s HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET /# HTTP/1.1\r\n\r\n";
        check(none, b"POST /s HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", &[(1, "/#")], false);
    }

    #[test]
    fn control_characters_are_left_to_the_parser() {
        let line = b"GET /a\tb\x00\x7f HTTP/1.1\r\n\r\n";
        check(line, line, &[], false);
    }
}
