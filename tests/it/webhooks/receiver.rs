//! A receiver of webhooks on this machine: it keeps what it is sent, and answers as a test wants it to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Two secrets, as while one is replaced.
pub(crate) const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bm90IGEgdmVyeSBzZWNyZXQgc2VjcmV0ISEhISE="];

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// The status that it was answered with; 0 for none.
    pub(crate) answered: u16,
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Of whom it tells, and which of their notifications it is.
    pub(crate) fn number(&self) -> (String, i64) {
        let data = &self.json()["data"];
        (data["member"].as_str().unwrap().to_owned(), data["number"].as_i64().unwrap())
    }

    /// A question to the library of the standard.
    pub(crate) fn question(&self, secret: &str, now: i64) -> Value {
        json!({ "do": "verify", "secret": secret, "now": now, "body": self.body, "headers": self.headers })
    }

    pub(crate) fn timestamp(&self) -> i64 {
        self.headers["webhook-timestamp"].parse().unwrap()
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Received>>>,
}

/// An answer without a body.
pub(crate) fn status(status: u16) -> String {
    format!("HTTP/1.1 {status} It\r\ncontent-length: 0\r\n\r\n")
}

impl Receiver {
    /// Starts one; it is asked for what to answer with the number of the request, from 0. Nothing is an end without answer.
    pub(crate) fn start(answer: impl Fn(usize, &Received) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, got) = (listener.local_addr().unwrap(), Arc::default());
        let (kept, answer) = (Arc::clone(&got), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || converse(stream, &kept, answer.as_ref()));
            }
        });
        Self { address, got }
    }

    pub(crate) fn got(&self) -> Vec<Received> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// A line of a file of endpoints.
    pub(crate) fn line(&self, name: &str) -> String {
        format!("{name} http://{}/hook/canarypath {}\n", self.address, SECRETS.join(","))
    }
}

fn converse(stream: TcpStream, kept: &Mutex<Vec<Received>>, answer: &dyn Fn(usize, &Received) -> String) {
    stream.set_nodelay(true).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(mut received) = read(&mut reader) {
        let place = {
            let mut kept = kept.lock().unwrap();
            kept.push(received.clone());
            kept.len() - 1
        };
        let said = answer(place, &received);
        received.answered = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        kept.lock().unwrap()[place].answered = received.answered;
        // Whoever asked may have been killed.
        if said.is_empty() || writer.write_all(said.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines.iter().skip(1).filter_map(header).collect();
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line: lines.first()?.clone(), headers, body: String::from_utf8(body).ok()?, answered: 0 })
}

/// Of each member everything up to some number arrived, and nothing was sent before what comes before it had arrived.
pub(crate) fn in_order(got: &[Received]) -> BTreeMap<String, i64> {
    let mut arrived: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for received in got {
        let (member, number) = received.number();
        let known = arrived.entry(member.clone()).or_default();
        let before = known.range(..number).count();
        assert_eq!(i64::try_from(before).unwrap(), number - 1, "{member} was told {number} too soon");
        if received.answered / 100 == 2 {
            known.insert(number);
        }
    }
    arrived.into_iter().map(|(member, numbers)| (member, numbers.last().copied().unwrap_or(0))).collect()
}

/// Hands questions to `webhooks/library.py`, and returns its answers.
pub(crate) fn ask(questions: &[Value]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join("target/stripe/bin/python");
    assert!(program.exists(), "MISSING: {}; tests/tools/stripe installs it", program.display());
    let mut child = Command::new(program)
        .args(["-X", "utf8"])
        .arg(root.join("tests/it/webhooks/library.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "library.py failed");
    let said: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), questions.len());
    said
}

/// Each of some questions is answered well.
#[track_caller]
pub(crate) fn all_well(questions: &[Value]) {
    for (question, said) in questions.iter().zip(ask(questions)) {
        assert_eq!(said, Value::Null, "{question}");
    }
}
