//! Real edges: where their programs are, on what they are started, and that they end with the test.
//!
//! One module for each edge, with `profile()`, what it claims of itself, and `start(&Stage)`, which gives a [`Running`].
//! Edges are started from what `tierpress export` writes, unchanged. A program that is missing is a failure that says how
//! it is installed, never a test that is left out.
#![allow(dead_code, reason = "the runner is shared with `examples/conformance.rs`, which uses what tests do not")]

use std::any::Any;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

pub(crate) mod caddy;
pub(crate) mod deno;
pub(crate) mod edge_runtime;
pub(crate) mod envoy;
pub(crate) mod haproxy;
pub(crate) mod nginx;
pub(crate) mod own;
#[path = "../conformance/runner/mod.rs"]
pub(crate) mod runner;
pub(crate) mod traefik;
pub(crate) mod workerd;

pub(crate) use runner::Profile;
pub(crate) use runner::stage::Stage;

/// How long an edge may take to begin to answer.
const START: Duration = Duration::from_secs(60);

/// How long it may take to end when it is asked to, before it is made to.
const END: Duration = Duration::from_secs(3);

/// A folder with a stage in it; both end with the value.
pub(crate) struct Staged {
    pub(crate) stage: Stage,
    _folder: tempfile::TempDir,
}

/// A site of `tests/conformance/sites`, built, on the real clock, with the keys of these algorithms.
pub(crate) fn stage(site: &str, algorithms: &[&str]) -> Staged {
    let folder = tempfile::tempdir().unwrap();
    let plan = runner::stage::Plan {
        folder: folder.path(),
        site,
        now: runner::shift::CLOCK,
        manifest_clock: None,
        algorithms,
        upstream: (Ipv4Addr::LOCALHOST, 0).into(),
    };
    Staged { stage: Stage::new(&plan), _folder: folder }
}

/// A running edge with everything that belongs to it; all of it is killed with the value, last started first.
pub(crate) struct Running {
    /// Where requests go.
    pub(crate) address: SocketAddr,
    children: Vec<Named>,
    kept: Vec<Box<dyn Any + Send>>,
}

/// A program with what it wrote.
struct Named {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// An edge that will answer at an address, with no program yet.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, children: Vec::new(), kept: Vec::new() }
    }

    /// Starts a program in `stage.work` and waits until something listens at `address`: the edge itself, or what it
    /// needs beside it. What the program writes goes to `stage.work/NAME.log`, and is shown if it does not come up.
    #[track_caller]
    pub(crate) fn with(mut self, stage: &Stage, command: &mut Command, address: SocketAddr) -> Self {
        let program = Path::new(command.get_program()).file_name().unwrap().to_string_lossy().into_owned();
        let log = stage.work.join(format!("{program}-{}.log", address.port()));
        let output = File::create(&log).unwrap();
        command.current_dir(&stage.work).stdin(Stdio::null());
        // A group of its own, so that workers and wrapped programs end with it.
        command.stdout(output.try_clone().unwrap()).stderr(output).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().unwrap();
            if ended.is_some() || begin.elapsed() > START {
                let said = read(&log);
                let how = ended.map_or("does not come up".to_owned(), |status| format!("ended with {status}"));
                // It may be up and deaf: it goes in any case.
                end(&mut child);
                panic!("{command:?} {how}\n{said}");
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.children.push(Named { child, log });
        self
    }

    /// Keeps something of this process, a thread that serves, for as long as the edge runs.
    pub(crate) fn keeping(mut self, kept: impl Any + Send) -> Self {
        self.kept.push(Box::new(kept));
        self
    }

    /// What the programs have written so far.
    pub(crate) fn logs(&self) -> String {
        self.children.iter().map(|child| read(&child.log)).collect()
    }

    /// The process ids, in the order in which they were started.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.children.iter().map(|child| child.child.id()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for Named { child, .. } in self.children.iter_mut().rev() {
            end(child);
        }
    }
}

/// Ends a program and everything it started: it is asked to, then made to.
fn end(child: &mut Child) {
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let signalled = killpg(group, Signal::SIGTERM);
    let begin = Instant::now();
    while signalled.is_ok() && child.try_wait().is_ok_and(|ended| ended.is_none()) && begin.elapsed() < END {
        thread::sleep(Duration::from_millis(5));
    }
    // An empty group cannot be killed, and that is as good.
    let emptied = killpg(group, Signal::SIGKILL);
    let ended = child.wait();
    assert!(ended.is_ok() || thread::panicking(), "a program cannot be ended: {signalled:?} {emptied:?} {ended:?}");
}

fn read(log: &Path) -> String {
    let mut bytes = Vec::new();
    File::open(log).and_then(|mut file| file.read_to_end(&mut bytes)).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An address on loopback that nobody listens at. It is below those that the system gives to outgoing connections, so
/// that none of these takes it before the edge does; and it is given once only.
pub(crate) fn free_address() -> SocketAddr {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = std::process::id() % 10_000;
    let ports = (0..10_000).map(|step| 20_000 + u16::try_from((start + step) % 10_000).unwrap());
    let port = ports
        .filter(|port| !given.contains(port))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("some port is free");
    given.insert(port);
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A program: `tierpress` itself, `nginx` and `haproxy` of the system, the others below `target/edges`.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    let edges = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/edges");
    let found = match name {
        "tierpress" => Some(PathBuf::from(env!("CARGO_BIN_EXE_tierpress"))),
        "caddy" | "traefik" | "envoy" | "deno" => Some(edges.join("venv/bin").join(name)),
        // `.bin/workerd` is a script that starts this.
        "workerd" => {
            let machine = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-64" };
            Some(edges.join(format!("node_modules/@cloudflare/workerd-{machine}/bin/workerd")))
        }
        "edge-runtime" => Some(edges.join("node_modules/.bin/edge-runtime")),
        _ => std::env::var_os("PATH").and_then(|path| {
            // Debian keeps servers where only root looks.
            let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
            folders.map(|folder| folder.join(name)).find(|path| path.is_file())
        }),
    };
    let found = found.filter(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("`{name}` is not installed; `tests/run` installs it, and so does `tests/tools/edges`")
    })
}

/// `tierpress export KIND ...` for a stage: the folder it wrote, `stage.work/KIND`.
#[track_caller]
pub(crate) fn export(stage: &Stage, kind: &str, arguments: &[&str]) -> PathBuf {
    let out = stage.work.join(kind);
    let mut command = Command::new(program("tierpress"));
    command.args(["export", kind, "--manifest"]).arg(&stage.manifest).arg("--out").arg(&out).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    out
}

/// `tierpress edge --mode decide` for a stage, with what an adapter needs it to be told.
pub(crate) fn decider(stage: &Stage, address: SocketAddr, arguments: &[&str]) -> Command {
    let mut command = own::edge(stage, &address.to_string());
    command.args(["--mode", "decide"]).args(arguments);
    command
}

/// Asks with plain bytes; for what the runner is too much for.
pub(crate) fn ask(address: SocketAddr, method: &str, target: &str, headers: &str) -> runner::http::Answer {
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
    runner::http::send(address, method, request.as_bytes()).unwrap_or_else(|why| panic!("{target}: {why:?}"))
}

#[test]
fn a_stage_is_on_the_real_clock() {
    let staged = stage("school", &["ES256", "RS256", "EdDSA"]);
    let stage = &staged.stage;
    assert_eq!(stage.shifted.clock.seconds() - stage.unshifted.clock.seconds(), stage.by);
    assert!((runner::stage::real_now() - stage.shifted.clock.seconds()).abs() < 60);
    let answer = ask(stage.upstream, "POST", "/account/x?y", "X-A: b\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(answer.header("echo").as_deref(), Some("1"));
    assert!(String::from_utf8(answer.body).unwrap().starts_with("POST /account/x?y HTTP/1.1\n"));
    let mut stream = TcpStream::connect(stage.upstream).unwrap();
    stream.write_all(b"HEAD / HTTP/1.1\r\n\r\n").unwrap();
}
