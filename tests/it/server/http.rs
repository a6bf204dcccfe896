//! A client that sends exactly what it is told to, and reads answers one by one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header that is there once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let first = values.next();
        assert_eq!(values.next(), None, "`{name}` is there twice");
        first
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The headers that do not depend on the moment.
    pub(crate) fn fixed_headers(&self) -> Vec<(String, String)> {
        self.headers.iter().filter(|(name, _)| name != "date").cloned().collect()
    }
}

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap()
    }

    pub(crate) fn try_connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// Sends bytes; whether they were taken.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The next answer to a request with this method; `None` where the connection ends instead.
    pub(crate) fn answer(&mut self, method: &str) -> Option<Response> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more() {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
        self.read.drain(..end);
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| line.split_once(':').map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()));
        let mut response = Response { status, headers: lines.filter_map(header).collect(), body: Vec::new() };
        if method != "HEAD" && status != 304 && status != 204 {
            response.body = self.body(&response)?;
        }
        Some(response)
    }

    fn body(&mut self, response: &Response) -> Option<Vec<u8>> {
        if response.header("transfer-encoding") == Some("chunked") {
            return self.chunks();
        }
        let Some(length) = response.header("content-length") else {
            while self.more() {}
            return Some(std::mem::take(&mut self.read));
        };
        let length: usize = length.parse().unwrap();
        while self.read.len() < length {
            if !self.more() {
                return None;
            }
        }
        Some(self.read.drain(..length).collect())
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = self.read.windows(2).position(|bytes| bytes == b"\r\n") {
                    let line: Vec<u8> = self.read.drain(..end + 2).collect();
                    break line;
                }
                if !self.more() {
                    return None;
                }
            };
            let size = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).unwrap();
            while self.read.len() < size + 2 {
                if !self.more() {
                    return None;
                }
            }
            body.extend(self.read.drain(..size));
            self.read.drain(..2);
            if size == 0 {
                return Some(body);
            }
        }
    }

    /// Whether the other side has ended the connection, after whatever it still sent.
    pub(crate) fn is_ended(&mut self) -> bool {
        while self.more() {}
        true
    }

    /// Says that nothing more will be sent.
    pub(crate) fn close_writing(&mut self) {
        // The other side may have ended it all already.
        drop(self.stream.shutdown(std::net::Shutdown::Write));
    }

    /// Waits for bytes, takes none, and gives how many there are.
    pub(crate) fn peek(&mut self) -> usize {
        self.stream.peek(&mut [0; 64]).unwrap()
    }

    fn more(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.read.extend(&bytes[..count]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(error) => panic!("no answer came: {error}"),
        }
    }
}

/// Asks once, with these header lines.
#[track_caller]
pub(crate) fn ask(address: SocketAddr, method: &str, target: &str, headers: &[&str]) -> Response {
    let mut client = Client::connect(address);
    client.send(&request(method, target, headers));
    client.answer(method).expect("an answer")
}

/// The bytes of a request without a body.
pub(crate) fn request(method: &str, target: &str, headers: &[&str]) -> Vec<u8> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: learn.example\r\n{lines}\r\n").into_bytes()
}
