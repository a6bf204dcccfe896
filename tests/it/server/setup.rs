//! Calls that cannot work are refused before anything listens, with the reason and what to do.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Child;

use super::http::{Client, request};
use super::stage::{Edge, Stage, command};
use crate::edges::free_address;

#[track_caller]
fn check(stage: &Stage, arguments: &[&str], expected: &str) {
    let mut command = command(&stage.manifest_path(), &["--upstream", "http://127.0.0.1:9"]);
    let output = command.args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("\"listening\""), "{said}");
}

#[test]
fn faults_of_the_call_are_told() {
    let stage = Stage::new();
    std::fs::write(stage.path("junk"), "junk").unwrap();
    let junk = stage.path("junk");
    let junk = junk.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, expected) in [
        (&["--key", "no/such/file"][..], "error: cannot read `no/such/file`: no such file or directory"),
        (&["--key", junk], "these are no keys"),
        (&["--jwks", "http://id.example/jwks"], "could be anybody's"),
        (&["--jwks", "http://localhost:x@id.example/jwks"], "could be anybody's"),
        (&["--public-key", junk], "this is no public Ed25519 key"),
        (&["--csp", "a\nb"], "cannot be sent as a header"),
        (&["--csp", ""], "cannot be sent as a header"),
        (&["--target-header", "no header"], "is no name of a header"),
        (&["--target-header", "tierpress-method"], "cannot come in one header"),
        (&["--accel-prefix", "objects"], "is no path"),
        (&["--accel-prefix", "/a b/"], "is no path"),
        (&["--memory", "64X"], "write a number of bytes"),
        (&["--threads", "0"], "--threads"),
        (&["--state", junk], "error: "),
        (&["--objects", "/nowhere"], "is missing"),
    ] {
        check(&stage, arguments, expected);
    }
    let mut twice = super::stage::command(&stage.manifest_path(), &[]);
    let output = twice.args(["--upstream", "https://x"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("is no server"));
    for threads in ["1", "4"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.args(["edge", "--upstream", "http://127.0.0.1:9", "--threads", threads, "--listen", &taken]);
        let output = command.arg("--manifest").arg(stage.manifest_path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(&format!("cannot listen on `{taken}`: address already in use")), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_manifest_that_cannot_be_answered_from_stops_the_start() {
    let stage = Stage::new();
    let (sound, path) = (stage.manifest(1, "one"), stage.manifest_path());
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut manifest = sound.clone();
        change(&mut manifest);
        manifest.to_string()
    };
    for (text, expected) in [
        (String::new(), "cannot be read"),
        ("{}".to_owned(), "cannot be read"),
        (with(&|m| m["format"] = "tierpress-manifest/2".into()), "unknown manifest format"),
        (with(&|m| m["policies"][0]["variants"] = serde_json::json!([7])), "the manifest is broken"),
        (with(&|m| m["extra"] = 1.into()), "unknown field"),
        (with(&|m| m["clock"] = (super::stage::now() + 400).into()), "more than five minutes from now"),
    ] {
        std::fs::write(&path, text).unwrap();
        check(&stage, &[], expected);
    }
    std::fs::remove_file(&path).unwrap();
    check(&stage, &[], "no such file or directory");
    stage.publish(&sound);
    let mut command = command(&path, &[]);
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("it has `passthrough`, and there is no upstream"));
}

#[test]
fn the_first_connection_that_is_taken_is_answered() {
    let stage = Stage::new();
    for _ in 0..10 {
        let address = free_address();
        let early = std::thread::spawn(move || until_answered(address));
        let edge =
            Edge::start_at(&stage.manifest_path(), address, &["--threads", "4", "--upstream", "http://127.0.0.1:9"]);
        assert_eq!(early.join().unwrap(), Some(200), "{:?}", edge.log());
    }
}

/// Knocks without rest, and asks over the first connection that there is.
fn until_answered(address: SocketAddr) -> Option<u16> {
    loop {
        if let Ok(mut client) = Client::try_connect(address) {
            client.send(&request("GET", "/", &[]));
            return client.answer("GET").map(|response| response.status);
        }
    }
}

#[test]
fn a_server_listens_at_a_socket_in_the_file_system() {
    let stage = Stage::new();
    let path = stage.path("edge.sock");
    let start = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.args(["edge", "--upstream", "http://127.0.0.1:9", "--threads", "2", "--listen"]);
        command.arg(format!("unix:{}", path.display())).arg("--manifest").arg(stage.manifest_path());
        Ended(command.stderr(std::process::Stdio::piped()).spawn().unwrap())
    };
    let refused = |mut server: Ended| {
        let mut said = String::new();
        server.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(server.0.wait().unwrap().code(), Some(2), "{said}");
        assert!(
            said.contains(&format!("cannot listen on `unix:{}`: address already in use", path.display())),
            "{said}"
        );
    };
    let answers = || {
        super::stage::until("an answer", || UnixStream::connect(&path).is_ok());
        for _ in 0..8 {
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.write_all(b"GET /pro/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        }
    };
    let server = start();
    answers();
    refused(start());
    answers();
    // Killed, it leaves its socket behind.
    drop(server);
    assert!(path.exists());
    let server = start();
    answers();
    drop(server);
    std::fs::remove_file(&path).unwrap();
    let stranger = UnixListener::bind(&path).unwrap();
    refused(start());
    drop(stranger);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "a text").unwrap();
    refused(start());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a text");
}

/// A program that is killed with its value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
