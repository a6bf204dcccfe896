//! Keys at a URL: asked seldom, and kept when it does not answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use tierpress::edge::token::Algorithm;
use tierpress::edge::token::issue::SigningKey;

use super::stage::{Edge, Stage, now, token_of, until};

/// A server of keys: what it says can be changed, and how often it was asked is counted.
struct Issuer {
    address: SocketAddr,
    says: Arc<Mutex<String>>,
    asked: Arc<Mutex<usize>>,
}

impl Issuer {
    fn new(jwks: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = Self { address: listener.local_addr().unwrap(), says: Arc::default(), asked: Arc::default() };
        issuer.say(200, jwks);
        let (says, asked) = (Arc::clone(&issuer.says), Arc::clone(&issuer.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                if read > 0 {
                    *asked.lock().unwrap() += 1;
                    drop(stream.write_all(says.lock().unwrap().as_bytes()));
                }
            }
        });
        issuer
    }

    fn say(&self, status: u16, body: &str) {
        let length = body.len();
        *self.says.lock().unwrap() =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    fn edge(&self, stage: &Stage, rest: &str) -> Edge {
        let url = format!("http://{}/jwks?secret=1", self.address);
        let arguments = ["--jwks", &url, "--jwks-rest", rest, "--upstream", "http://127.0.0.1:9"];
        Edge::start(&stage.manifest_path(), &arguments)
    }
}

fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap().called(Some(kid))
}

fn status(edge: &Edge, key: &SigningKey) -> u16 {
    let token = token_of(key, &["pro"], now() - 5, now() + 600);
    edge.ask("GET", "/pro/", &[&format!("Authorization: Bearer {token}")]).status
}

#[test]
fn keys_are_fetched_again_when_one_is_missed_and_kept_when_that_fails() {
    let stage = Stage::new();
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::new(&old.jwks().to_string());
    let edge = issuer.edge(&stage, "1");
    assert_eq!((status(&edge, &old), status(&edge, &new)), (200, 401));
    // A token with a key that is not known makes it ask; for whatever else it is told then, the old keys stay.
    let secret = r#"{"kty": "oct", "kid": "old", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    let long = format!("{{\"keys\": [\"{}\"]}}", "x".repeat(300_000));
    let failures = [(500, "{}"), (200, "junk"), (200, "{\"keys\": []}"), (200, secret), (200, long.as_str())];
    for (before, (code, says)) in failures.into_iter().enumerate() {
        issuer.say(code, says);
        until("a failure", || {
            assert_eq!((status(&edge, &old), status(&edge, &new)), (200, 401));
            edge.events("keys not fetched; the old ones stay").len() > before
        });
    }
    issuer.say(200, &new.jwks().to_string());
    until("the new key", || status(&edge, &new) == 200);
    assert_eq!(status(&edge, &old), 401, "a key that is withdrawn opens nothing, cached or not");
    assert!(!edge.log().join("\n").contains("secret=1"));
}

#[test]
fn unknown_keys_do_not_make_it_ask_more_often_than_allowed() {
    let stage = Stage::new();
    let issuer = Issuer::new(&key("known").jwks().to_string());
    let edge = issuer.edge(&stage, "60");
    let stranger = key("stranger");
    for _ in 0..50 {
        assert_eq!(status(&edge, &stranger), 401);
    }
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn a_server_starts_without_its_keys_and_takes_them_when_they_come() {
    let stage = Stage::new();
    let only = key("only");
    let issuer = Issuer::new("");
    issuer.say(503, "");
    let edge = issuer.edge(&stage, "1");
    assert_eq!((edge.get("/").status, status(&edge, &only)), (200, 401));
    issuer.say(200, &only.jwks().to_string());
    until("the key", || status(&edge, &only) == 200);
}

#[test]
fn files_of_keys_are_read_again_on_sighup() {
    let stage = Stage::new();
    let (old, new) = (key("old"), key("new"));
    let path = stage.path("key.json");
    std::fs::write(&path, old.jwks().to_string()).unwrap();
    let arguments = ["--jwks", path.to_str().unwrap(), "--upstream", "http://127.0.0.1:9"];
    let edge = Edge::start(&stage.manifest_path(), &arguments);
    assert_eq!((status(&edge, &old), status(&edge, &new)), (200, 401));
    std::fs::write(&path, "junk").unwrap();
    edge.signal("HUP");
    edge.wait_for("keys not read again; the old ones stay", 1);
    assert_eq!(status(&edge, &old), 200);
    std::fs::write(&path, new.jwks().to_string()).unwrap();
    edge.signal("HUP");
    until("the new key", || status(&edge, &new) == 200);
    assert_eq!(status(&edge, &old), 401);
}

#[test]
fn keys_are_called_by_name() {
    let stage = Stage::new();
    let (one, two) = (key("one"), key("two"));
    let mut arguments = vec!["--upstream".to_owned(), "http://127.0.0.1:9".to_owned()];
    for (name, key) in [("one", &one), ("two", &two)] {
        let path = stage.path(&format!("{name}.json"));
        let mut jwk = key.jwks()["keys"][0].clone();
        jwk.as_object_mut().unwrap().remove("kid");
        std::fs::write(&path, jwk.to_string()).unwrap();
        arguments.extend(["--key".to_owned(), format!("{name}={}", path.display())]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let edge = Edge::start(&stage.manifest_path(), &arguments);
    assert_eq!((status(&edge, &one), status(&edge, &two), status(&edge, &key("one"))), (200, 200, 401));
}
