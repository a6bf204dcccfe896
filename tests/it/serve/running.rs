//! A `tierpress serve` that runs, and ends with the test.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::http::{Client, Response};

/// Nothing that is waited for takes longer on a machine that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The instant that the site's clock shows in these tests.
pub(crate) const NOW: &str = "2026-12-01";

/// A server that runs, and ends with this.
pub(crate) struct Serve {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it said on standard output and standard error.
    said: [Arc<Mutex<Vec<String>>>; 2],
}

/// The command that serves a folder.
pub(crate) fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.arg("serve").arg("--root").arg(root).args(arguments);
    command.env_remove("SOURCE_DATE_EPOCH").env_remove("TIERPRESS_BASE_URL");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Serve {
    /// Serves a folder at a port of its own, at [`NOW`].
    #[track_caller]
    pub(crate) fn start(root: &Path, arguments: &[&str]) -> Self {
        Self::run(&mut command(root, &[&["--port", "0", "--now", NOW], arguments].concat()))
    }

    /// Runs a command that serves.
    #[track_caller]
    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = [lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap())];
        let mut serve = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), said };
        let begin = Instant::now();
        loop {
            let url = serve.output().iter().find_map(|line| Some(line.strip_prefix("serving at http://")?.to_owned()));
            if let Some(url) = url {
                let url = url.trim_end_matches('/').replace("localhost", "127.0.0.1");
                serve.address = url.parse().unwrap();
                return serve;
            }
            assert!(serve.child.try_wait().unwrap().is_none(), "it ended: {:?}", serve.errors());
            assert!(begin.elapsed() < PATIENCE, "it does not come up: {:?}", serve.errors());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn output(&self) -> Vec<String> {
        self.said[0].lock().unwrap().clone()
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.said[1].lock().unwrap().clone()
    }

    /// The system's number of the process.
    #[allow(dead_code, reason = "what looks at the memory of the process needs it")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where a path is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks as a program does: for the bytes alone.
    #[track_caller]
    pub(crate) fn get(&self, target: &str, headers: &[&str]) -> Response {
        self.ask("GET", target.as_bytes(), headers).expect("an answer")
    }

    /// Asks as a browser does that will show the answer.
    #[track_caller]
    pub(crate) fn visit(&self, target: &str, headers: &[&str]) -> Response {
        let navigation =
            ["Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none", "Accept: text/html"];
        self.get(target, &[&navigation, headers].concat())
    }

    /// The header by which a browser that keeps a reader asks.
    pub(crate) fn cookie(&self, reader: &str) -> String {
        format!("Cookie: tierpress-view-as-{}={reader}", self.address.port())
    }

    /// What the bar is told.
    #[track_caller]
    pub(crate) fn page(&self, path: &str, reader: &str) -> Value {
        let target = format!("/_tierpress/serve/page?path={}&as={}", encoded(path), encoded(reader));
        let response = self.get(&target, &[]);
        assert_eq!(response.status, 200, "{path} as {reader}: {}", response.text());
        serde_json::from_slice(&response.body).unwrap()
    }

    /// Asks once, by the server's own name unless a header names another one.
    pub(crate) fn ask(&self, method: &str, target: &[u8], headers: &[&str]) -> Option<Response> {
        let mut client = Client::connect(self.address);
        let named = headers.iter().any(|line| line.to_ascii_lowercase().starts_with("host:"));
        let host = if named { String::new() } else { format!("Host: {}\r\n", self.address) };
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let request = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\n", host.as_bytes(), lines.as_bytes(), b"\r\n"];
        client.send(&request.concat());
        client.answer(method)
    }

    /// Listens to what it tells open pages.
    pub(crate) fn listen(&self) -> Events {
        let mut stream = std::net::TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("GET /_tierpress/serve/events HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        Events { lines: BufReader::new(stream) }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What is told to open pages.
pub(crate) struct Events {
    lines: BufReader<std::net::TcpStream>,
}

impl Events {
    /// The next event of this name.
    pub(crate) fn next(&mut self, name: &str) -> Value {
        let mut line = String::new();
        let mut at = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the events ended");
            if let Some(event) = line.strip_prefix("event: ") {
                at = event.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ").filter(|_| at == name) {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

/// A text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn lines(from: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    lines
}
