//! One HTTP/1.1 request as raw bytes, and its answer as it came.
//!
//! It refuses nothing: a request is whatever bytes a case says. An answer is read by `Content-Length`, by chunks, or to
//! the end of the connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an edge may take for a byte.
const PATIENCE: Duration = Duration::from_secs(15);

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In the order in which they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What came behind the answer on the same connection: nothing, if all is well.
    pub(crate) surplus: Vec<u8>,
}

impl Answer {
    /// The values of a header, joined by `, `.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect();
        if values.is_empty() { None } else { Some(values.join(", ")) }
    }
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NoAnswer {
    /// The connection was closed before a whole answer had come; what came of it.
    Closed(Vec<u8>),
    /// Nothing came for too long; what came before.
    Silent(Vec<u8>),
    /// What came is no HTTP.
    Garbled(Vec<u8>),
}

/// Sends bytes over a new connection and reads the answer. `method` says whether a body can follow.
pub(crate) fn send(address: SocketAddr, method: &str, bytes: &[u8]) -> Result<Answer, NoAnswer> {
    let closed = |_| NoAnswer::Closed(Vec::new());
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(closed)?;
    stream.set_nodelay(true).map_err(closed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(closed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(closed)?;
    // A server may answer and close before it has read everything: what it said is read all the same.
    let sent = stream.write_all(bytes);
    let answer = Reader { stream: &mut stream, bytes: Vec::new() }.answer(method);
    match (sent, answer) {
        (Err(_), Err(NoAnswer::Silent(bytes))) => Err(NoAnswer::Closed(bytes)),
        (_, answer) => answer,
    }
}

struct Reader<'a> {
    stream: &'a mut TcpStream,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    fn answer(mut self, method: &str) -> Result<Answer, NoAnswer> {
        loop {
            let end = self.until(b"\r\n\r\n", 0)?;
            let head = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
            let Some((status, headers)) = parsed(&head) else {
                return Err(NoAnswer::Garbled(self.bytes));
            };
            self.bytes.drain(..end + 4);
            // Interim answers (RFC 9110, 15.2) are followed by the real one.
            if (100..200).contains(&status) {
                continue;
            }
            let mut answer = Answer { status, headers, body: Vec::new(), surplus: Vec::new() };
            let bodyless = method == "HEAD" || status == 204 || status == 304;
            if !bodyless {
                answer.body = self.body(&answer)?;
            }
            answer.surplus = self.bytes;
            return Ok(answer);
        }
    }

    fn body(&mut self, answer: &Answer) -> Result<Vec<u8>, NoAnswer> {
        if answer.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.chunks();
        }
        if let Some(length) = answer.header("content-length") {
            let Ok(length) = length.parse::<usize>() else {
                return Err(NoAnswer::Garbled(std::mem::take(&mut self.bytes)));
            };
            while self.bytes.len() < length {
                self.more()?;
            }
            return Ok(self.bytes.drain(..length).collect());
        }
        loop {
            match self.more() {
                Ok(()) => {}
                Err(NoAnswer::Closed(body)) => return Ok(body),
                Err(other) => return Err(other),
            }
        }
    }

    fn chunks(&mut self) -> Result<Vec<u8>, NoAnswer> {
        let mut body = Vec::new();
        loop {
            let end = self.until(b"\r\n", 0)?;
            let line = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
            let size = line.split(';').next().unwrap_or_default().trim();
            let Ok(size) = usize::from_str_radix(size, 16) else {
                return Err(NoAnswer::Garbled(std::mem::take(&mut self.bytes)));
            };
            self.bytes.drain(..end + 2);
            while self.bytes.len() < size + 2 {
                self.more()?;
            }
            body.extend(self.bytes.drain(..size));
            // Trailers are not used by anybody here: the line that ends a chunk ends the last one too.
            self.bytes.drain(..2);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn until(&mut self, mark: &[u8], from: usize) -> Result<usize, NoAnswer> {
        loop {
            if let Some(found) = self.bytes[from..].windows(mark.len()).position(|part| part == mark) {
                return Ok(from + found);
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> Result<(), NoAnswer> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(NoAnswer::Closed(std::mem::take(&mut self.bytes))),
            Ok(count) => {
                self.bytes.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                Err(NoAnswer::Silent(std::mem::take(&mut self.bytes)))
            }
            Err(_) => Err(NoAnswer::Closed(std::mem::take(&mut self.bytes))),
        }
    }
}

/// Status and headers of a head.
fn parsed(head: &str) -> Option<(u16, Vec<(String, String)>)> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.splitn(3, ' ');
    let status = first.next().filter(|version| version.starts_with("HTTP/1.")).and(first.next())?.parse().ok()?;
    let headers = lines
        .map(|line| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
        .collect::<Option<Vec<_>>>()?;
    Some((status, headers))
}
