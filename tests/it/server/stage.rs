//! A small build on disk, made by hand so that every version of it can be had at once, and servers that run on it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tierpress::access::entitlement::Entitlement;
use tierpress::digest::ObjectName;
use tierpress::edge::token::Algorithm;
use tierpress::edge::token::issue::{Claims, SigningKey};
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

use super::http::{self, Response};

/// Nothing that is waited for takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key that tokens are signed with.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder with a build in it.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// The build that most tests need, as version 1.
    pub(crate) fn new() -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(stage.out()).unwrap();
        fs::write(stage.path("keys.json"), KEY.jwks().to_string()).unwrap();
        stage.publish(&stage.manifest(1, "one"));
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.path("out")
    }

    pub(crate) fn manifest_path(&self) -> PathBuf {
        self.out().join("manifest.json")
    }

    /// Stores an object and gives its name and its entry in the manifest.
    pub(crate) fn object(&self, bytes: &[u8], extension: &str) -> (String, Value) {
        // Hashing takes its time in tests, and one object is in every manifest.
        static BIG_NAME: LazyLock<String> = LazyLock::new(|| ObjectName::of(&BIG, "bin").to_string());
        let name = if extension == "bin" { BIG_NAME.clone() } else { ObjectName::of(bytes, extension).to_string() };
        let path = self.out().join("objects").join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !path.exists() {
            // Servers read while this writes.
            let part = path.with_extension("part");
            fs::write(&part, bytes).unwrap();
            fs::rename(&part, &path).unwrap();
        }
        let media_type = match extension {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "application/octet-stream",
        };
        (name, json!({"size": bytes.len(), "type": media_type}))
    }

    /// A manifest whose pages all say `mark`, with its objects stored.
    pub(crate) fn manifest(&self, version: u64, mark: &str) -> Value {
        let mut objects = serde_json::Map::new();
        let mut add = |text: &[u8], extension: &str| {
            let (name, entry) = self.object(text, extension);
            objects.insert(name.clone(), entry);
            name
        };
        let page = |what: &str| format!("<!doctype html><p>{what} in build {mark}, build {mark}\n");
        let home = add(page("home").as_bytes(), "html");
        let pro = add(page("only for pro").as_bytes(), "html");
        let teaser = add(page("a teaser").as_bytes(), "html");
        let style = add(format!("p{{}}/* {mark} {} */", "long ".repeat(400)).as_bytes(), "css");
        let big = add(big(), "bin");
        let mut pages = serde_json::Map::new();
        for name in ["expired", "no_tier", "not_entitled", "not_found", "not_signed_in", "not_yet"] {
            pages.insert(name.to_owned(), add(page(name).as_bytes(), "html").into());
        }
        for (suffix, encoding) in [("br", "br"), ("gz", "gzip")] {
            let path = self.out().join("objects").join(format!("{style}.{suffix}"));
            fs::write(path, format!("{encoding} of style in {mark}")).unwrap();
        }
        objects[&style]["encodings"] = json!(["br", "gzip"]);
        let policy = |variants: &[usize], cache: &str, otherwise: &str| json!({"cache": cache, "open": 1, "otherwise": otherwise, "variants": variants});
        let route = |policy: usize, objects: &[&String]| json!({"policy": policy, "objects": objects});
        json!({
            "format": "tierpress-manifest/1",
            "build": tierpress::digest::sha256_hex(mark.as_bytes()),
            "version": version, "created": now(), "clock": now(),
            "access_controls": [{"id": "free", "kind": "tier"}, {"id": "pro", "kind": "tier"}],
            "site": {
                "base_url": "https://learn.example", "title": "School", "denied_status": 403,
                "login_url": "https://id.example/login", "refresh_url": "https://id.example/refresh",
                "passthrough": ["/account/"],
            },
            "token": {
                "issuer": "https://id.example", "audience": "https://learn.example", "claim": "entitlements",
                "cookie": "__Host-tierpress", "max_ttl": 900, "max_entitlements": 32,
            },
            "rules": [[{"all": []}], [{"all": [{"any": ["pro"]}]}]],
            "policies": [
                policy(&[0], "public", "denied"),
                policy(&[1], "private", "denied"),
                policy(&[1], "private", "hidden"),
                policy(&[0], "immutable", "denied"),
                policy(&[1, 0], "private", "denied"),
            ],
            "routes": {
                "/": route(0, &[&home]),
                "/big.bin": route(0, &[&big]),
                "/hidden/": route(2, &[&pro]),
                "/pro/": route(1, &[&pro]),
                "/style.css": route(3, &[&style]),
                "/teased/": route(4, &[&pro, &teaser]),
                "/café/": route(0, &[&home]),
            },
            "redirects": {"/old/": "/pro/"},
            "pages": pages,
            "objects": objects,
        })
    }

    /// Puts a manifest in its place, as a build does.
    pub(crate) fn publish(&self, manifest: &Value) {
        Manifest::parse(manifest.to_string().as_bytes()).expect("a sound manifest");
        self.put("manifest.json", manifest.to_string().as_bytes());
    }

    /// Puts a file in its place in one step.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let part = self.out().join(format!("{name}.part"));
        fs::write(&part, bytes).unwrap();
        fs::rename(&part, self.out().join(name)).unwrap();
    }

    /// A server that has the key of tokens.
    pub(crate) fn serve(&self, more: &[&str]) -> Edge {
        let keys = self.path("keys.json");
        let mut arguments = vec!["--key", keys.to_str().unwrap()];
        if !more.contains(&"--upstream") {
            arguments.extend(["--upstream", "http://127.0.0.1:9"]);
        }
        arguments.extend(more);
        Edge::start(&self.manifest_path(), &arguments)
    }

    pub(crate) fn decide(&self, more: &[&str]) -> Edge {
        self.serve(&[&["--mode", "decide"], more].concat())
    }
}

/// Bytes that are too many to be held in memory.
pub(crate) fn big() -> &'static [u8] {
    &BIG
}

static BIG: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..3_000_000_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect());

/// A token that is good now, for somebody with these tiers.
pub(crate) fn token(ids: &[&str]) -> String {
    token_at(ids, now() - 5, now() + 600)
}

/// A token with these dates.
pub(crate) fn token_at(ids: &[&str], issued: i64, expires: i64) -> String {
    token_of(&KEY, ids, issued, expires)
}

/// The same, signed with another key.
pub(crate) fn token_of(key: &SigningKey, ids: &[&str], issued: i64, expires: i64) -> String {
    let at = |seconds| Timestamp::try_from(seconds).unwrap();
    let entitlements: Vec<_> = ids.iter().map(|id| Entitlement::new(id.parse().unwrap(), at(1))).collect();
    let settings: tierpress::manifest::Token = serde_json::from_value(json!({
        "issuer": "https://id.example", "audience": "https://learn.example", "claim": "entitlements",
        "cookie": "__Host-tierpress", "max_ttl": 900, "max_entitlements": 32,
    }))
    .unwrap();
    let (issued, expires) = (at(issued), at(expires));
    let claims = Claims { settings: &settings, subject: Some("m_1"), issued, expires, entitlements: &entitlements };
    key.sign(&claims).unwrap()
}

/// A server that runs, and ends with this.
pub(crate) struct Edge {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) health: Option<SocketAddr>,
    log: Arc<Mutex<Vec<String>>>,
}

/// The command that starts a server on this manifest, on ports of its own choice.
pub(crate) fn command(manifest: &Path, arguments: &[&str]) -> Command {
    command_at(manifest, SocketAddr::from(([127, 0, 0, 1], 0)), arguments)
}

fn command_at(manifest: &Path, address: SocketAddr, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.arg("edge").arg("--manifest").arg(manifest);
    command.args(["--listen", &address.to_string(), "--health", "127.0.0.1:0"]);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Edge {
    pub(crate) fn start(manifest: &Path, arguments: &[&str]) -> Self {
        Self::start_at(manifest, SocketAddr::from(([127, 0, 0, 1], 0)), arguments)
    }

    pub(crate) fn start_at(manifest: &Path, address: SocketAddr, arguments: &[&str]) -> Self {
        let mut child = command_at(manifest, address, arguments).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                lines.lock().unwrap().push(line.unwrap());
            }
        });
        let mut edge = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), health: None, log };
        until("a server", || {
            assert!(edge.child.try_wait().unwrap().is_none(), "the server ended: {:?}", edge.log());
            edge.listening("health").is_some()
        });
        let public = edge.listening("serve").or_else(|| edge.listening("decide"));
        (edge.address, edge.health) = (public.unwrap(), edge.listening("health"));
        edge
    }

    fn listening(&self, what: &str) -> Option<SocketAddr> {
        let events = self.events("listening");
        let event = events.iter().find(|event| event["what"] == what)?;
        Some(event["address"].as_str()?.parse().unwrap())
    }

    /// All lines of the log.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The lines of the log with this message.
    pub(crate) fn events(&self, message: &str) -> Vec<Value> {
        let lines = self.log();
        let events = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("the log is JSON"));
        events.filter(|event| event["message"] == message).collect()
    }

    /// Waits for a line with this message, so many times.
    #[track_caller]
    pub(crate) fn wait_for(&self, message: &str, times: usize) -> Vec<Value> {
        until(message, || self.events(message).len() >= times);
        self.events(message)
    }

    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Response {
        self.ask("GET", target, &[])
    }

    #[track_caller]
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[&str]) -> Response {
        http::ask(self.address, method, target, headers)
    }

    /// What it says of itself.
    pub(crate) fn health(&self) -> Value {
        let response = http::ask(self.health.unwrap(), "GET", "/healthz", &[]);
        assert_eq!(response.status, 200);
        serde_json::from_slice(&response.body).unwrap()
    }

    /// The system's number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the end of the server", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
