//! The other upstream, for `passthrough`: answers every request with what it was asked, so that it can be seen what an
//! edge hands on.
//!
//! The answer has the header `echo: 1` and a body of lines: method and target, then the headers as they came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A running upstream; it ends with the value.
pub(crate) struct Echo {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    /// Starts it on an address; port 0 for any free one.
    pub(crate) fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // An edge may hang up whenever it likes: that ends its connection and nothing else.
                thread::spawn(move || stream.and_then(serve).err());
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // The listener looks up only when somebody connects.
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            thread.join().expect("the upstream does not fail");
        }
    }
}

fn serve(stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(head) = head(&mut reader)? {
        skip_body(&mut reader, &head)?;
        let text: Vec<u8> = head.concat();
        let lines = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nEcho: 1\r\nCache-Control: max-age=7\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        writer.write_all(lines.as_bytes())?;
        if !head.first().is_some_and(|line| line.starts_with(b"HEAD ")) {
            writer.write_all(&text)?;
        }
    }
    Ok(())
}

/// The lines of a request's head, each with a bare line feed; none where the connection ended.
fn head(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<Vec<u8>>>> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_ascii_end();
        if text.is_empty() && !lines.is_empty() {
            return Ok(Some(lines));
        }
        lines.push([text, b"\n"].concat());
    }
}

fn skip_body(reader: &mut impl BufRead, head: &[Vec<u8>]) -> std::io::Result<()> {
    let value = |name: &str| {
        head.iter().skip(1).find_map(|line| {
            let line = String::from_utf8_lossy(line).into_owned();
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    if value("transfer-encoding").is_some_and(|encoding| encoding.contains("chunked")) {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = size.split(';').next().and_then(|size| u64::from_str_radix(size.trim(), 16).ok()).unwrap_or(0);
            std::io::copy(&mut reader.take(size + 2), &mut std::io::sink())?;
            if size == 0 {
                return Ok(());
            }
        }
    }
    let length = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).map(|_| ())
}
