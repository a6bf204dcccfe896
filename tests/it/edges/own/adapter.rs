//! The smallest adapter there can be: asks the native face of the decider, and sends the object that it names.
//!
//! It shows what an adapter has to do. It reads no more of HTTP than the cases need.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::edges::runner::http::{self, Answer};

/// A running adapter; it ends with the value.
pub(super) struct Adapter {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What it goes between.
#[derive(Clone)]
pub(super) struct Sides {
    pub(super) decider: SocketAddr,
    pub(super) upstream: SocketAddr,
    pub(super) objects: PathBuf,
}

impl Adapter {
    pub(super) fn start(sides: Sides) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let sides = sides.clone();
                // A client may hang up whenever it likes.
                thread::spawn(move || stream.and_then(|stream| serve(stream, &sides)).err());
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            thread.join().expect("the adapter does not fail");
        }
    }
}

/// A request as it came.
struct Asked {
    method: Vec<u8>,
    target: Vec<u8>,
    /// Names in lower case.
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

fn serve(mut stream: TcpStream, sides: &Sides) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(asked) = read(&mut stream)? else {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let method = String::from_utf8_lossy(&asked.method).into_owned();
    let session = asked.target == b"/_tierpress/session" || asked.target == b"/_tierpress/session/end";
    let answer = if session && method == "POST" {
        send(sides.decider, &asked, &["content-type", "origin"])
    } else {
        check(sides.decider, &asked)
    };
    if answer.header("tierpress-passthrough").is_some() {
        let names: Vec<&str> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
        let kept: Vec<&str> = names.into_iter().filter(|name| !name.starts_with("tierpress-")).collect();
        return reply(&mut stream, &send(sides.upstream, &asked, &kept), &method);
    }
    let object = answer.header("tierpress-object").filter(|_| answer.status == 200);
    let body = object.map(|name| fs::read(sides.objects.join(name))).transpose()?;
    let answer = Answer { body: body.unwrap_or_else(|| answer.body.clone()), ..answer };
    reply(&mut stream, &answer, &method)
}

/// Asks the native face: target and method each in the one header for them.
fn check(decider: SocketAddr, asked: &Asked) -> Answer {
    let mut bytes = b"GET /check HTTP/1.1\r\nHost: decider\r\nTierpress-Target: ".to_vec();
    bytes.extend_from_slice(&asked.target);
    bytes.extend_from_slice(b"\r\nTierpress-Method: ");
    bytes.extend_from_slice(&asked.method);
    bytes.extend_from_slice(b"\r\n");
    put(&mut bytes, asked, &["cookie", "authorization", "accept", "sec-fetch-mode"]);
    bytes.extend_from_slice(b"\r\n");
    http::send(decider, "GET", &bytes).unwrap_or_else(|why| panic!("the decider: {why:?}"))
}

/// Hands a request on with some of its headers.
fn send(to: SocketAddr, asked: &Asked, names: &[&str]) -> Answer {
    let mut bytes = [&asked.method[..], b" ", &asked.target, b" HTTP/1.1\r\n"].concat();
    if !names.contains(&"host") {
        bytes.extend_from_slice(b"Host: decider\r\n");
    }
    put(&mut bytes, asked, names);
    if !names.contains(&"content-length") && !asked.body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", asked.body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&asked.body);
    let method = String::from_utf8_lossy(&asked.method).into_owned();
    http::send(to, &method, &bytes).unwrap_or_else(|why| panic!("{to}: {why:?}"))
}

fn put(bytes: &mut Vec<u8>, asked: &Asked, names: &[&str]) {
    for (name, value) in asked.headers.iter().filter(|(name, _)| names.contains(&name.as_str())) {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn reply(stream: &mut TcpStream, answer: &Answer, method: &str) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\n", answer.status);
    let ours = ["tierpress-object", "tierpress-type", "tierpress-passthrough", "content-length", "transfer-encoding"];
    for (name, value) in answer.headers.iter().filter(|(name, _)| !ours.contains(&name.as_str())) {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", answer.body.len());
    stream.write_all(head.as_bytes())?;
    if method == "HEAD" { Ok(()) } else { stream.write_all(&answer.body) }
}

/// A request; none where it is one that this adapter does not read: that is refused, not guessed.
fn read(stream: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        let mut more = [0; 4096];
        let count = stream.read(&mut more)?;
        if count == 0 || bytes.len() > 64 * 1024 {
            return Ok(None);
        }
        bytes.extend_from_slice(&more[..count]);
    };
    let mut body = bytes.split_off(end + 4);
    bytes.truncate(end);
    let plain = |part: &[u8]| part.iter().all(|byte| *byte > 0x20 && *byte != 0x7f);
    let visible = |part: &[u8]| part.iter().all(|byte| (*byte >= 0x20 || *byte == b'\t') && *byte != 0x7f);
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first: Vec<&[u8]> = lines.next().unwrap_or_default().split(|byte| *byte == b' ').collect();
    let [method, target, b"HTTP/1.1"] = first[..] else { return Ok(None) };
    if !plain(method) || !plain(target) {
        return Ok(None);
    }
    let mut headers = Vec::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return Ok(None) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if !plain(name) || !visible(value) {
            return Ok(None);
        }
        headers.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()));
    }
    let lengths: Vec<&Vec<u8>> = headers.iter().filter(|(name, _)| name == "content-length").map(|(_, v)| v).collect();
    let chunked = headers.iter().any(|(name, _)| name == "transfer-encoding" || name == "expect");
    let length = match lengths[..] {
        [] => Some(0),
        [length] => std::str::from_utf8(length).ok().and_then(|length| length.parse::<usize>().ok()),
        _ => None,
    };
    let Some(length) = length.filter(|_| !chunked) else { return Ok(None) };
    while body.len() < length {
        let mut more = [0; 4096];
        let count = stream.read(&mut more)?;
        if count == 0 {
            return Ok(None);
        }
        body.extend_from_slice(&more[..count]);
    }
    Ok(Some(Asked { method: method.to_vec(), target: target.to_vec(), headers, body }))
}
