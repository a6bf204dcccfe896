//! Webhooks out: the program tells real endpoints, which check what they are told with the library of the standard.

mod commands;
pub(crate) mod receiver;
mod schemas;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::edges::free_address;
use crate::fixture::Fixture;
use crate::server::until;
use receiver::{Receiver, SECRETS, all_well, ask, in_order, status};

const SITE: &str = "\
//- site.yaml
title: School
base_url: https://school.example
login_url: /account/sign-in
refresh_url: /account/refresh
passthrough: [/account/]
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: pro, title: Pro}
  bundles:
    - {id: course, title: Rust from zero}
  default_tier: free
//- content/_index.md
# Home
//- content/lesson.md
---
title: The lesson
access: pro
drip: 7d
---
Hello.
";

/// A school with a ledger, and a file of endpoints.
pub(super) struct School {
    site: Fixture,
}

impl School {
    /// With some lines in its file of endpoints.
    pub(super) fn new(endpoints: &str) -> Self {
        let site = Fixture::new(SITE);
        let school = Self { site };
        school.endpoints(endpoints);
        assert!(school.call("build").status.success());
        school
    }

    pub(super) fn endpoints(&self, lines: &str) {
        std::fs::write(self.root().join("webhooks.txt"), lines).unwrap();
    }

    pub(super) fn root(&self) -> PathBuf {
        self.site.root()
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.current_dir(self.root()).args(arguments.split(' ')).env("TIERPRESS_DB", "members.db");
        command.stdin(Stdio::null());
        command
    }

    pub(super) fn call(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    pub(super) fn says(&self, arguments: &str) -> String {
        let output = self.call(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same, where it is refused: what it says of that, with the exit code.
    #[track_caller]
    pub(super) fn refuses(&self, arguments: &str) -> (i32, String) {
        let output = self.call(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{arguments}: {said}");
        (output.status.code().unwrap(), said)
    }
}

/// A service that runs, and is killed with its value.
struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
    address: SocketAddr,
}

impl Service {
    fn start(school: &School, arguments: &str) -> Self {
        let address = free_address();
        let mut command = school.command(arguments);
        command.args(["--listen", &address.to_string(), "--webhooks", "webhooks.txt"]).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let mut service = Self { child, log, address };
        until("the service", || {
            assert!(service.child.try_wait().unwrap().is_none(), "{}", service.log());
            std::net::TcpStream::connect(address).is_ok()
        });
        service
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn terminate(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const SERVE: &str = "members serve --mail-dir mails --manifest tierpress-out/manifest.json";
const EDGE: &str = "edge --manifest tierpress-out/manifest.json --members members.db --mail-dir mails";

#[test]
fn whatever_serves_members_tells_what_changes() {
    for service in [SERVE, EDGE] {
        let receiver = Receiver::start(|_, _| status(200));
        let school = School::new(&receiver.line("crm"));
        let running = Service::start(&school, service);
        // The endpoint is told what comes about after it is known.
        until("the endpoint", || school.says("members webhooks list").contains("crm"));
        school.says("members grant ada@school.example pro --new");
        until("what is told", || receiver.count() >= 3);
        let got = receiver.got();
        let kinds: Vec<_> = got.iter().map(|received| received.json()["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["member.joined", "tier.added", "tier.changed"]);
        assert_eq!(in_order(&got).into_values().collect::<Vec<_>>(), [3]);
        for received in &got {
            assert_eq!(received.line, "POST /hook/canarypath HTTP/1.1");
            assert_eq!(received.headers["content-type"], "application/json");
            assert!(received.headers["user-agent"].starts_with("tierpress/"));
            assert_eq!(received.headers["webhook-signature"].split(' ').count(), 2, "one for each secret");
            assert!(!received.body.contains('@'), "no address: {}", received.body);
        }
        let now = got[0].timestamp();
        all_well(
            &got.iter().flat_map(|received| SECRETS.map(|secret| received.question(secret, now))).collect::<Vec<_>>(),
        );
        // What is another's, or old, or was changed on the way is refused by whoever checks it.
        let mut forged = got[0].clone();
        forged.body = forged.body.replace("member.joined", "member.erased");
        let foreign = got[0].question("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBoZXJlISE=", now);
        let refused = [forged.question(SECRETS[0], now), got[0].question(SECRETS[0], now + 301 + 60), foreign];
        assert!(ask(&refused).iter().all(serde_json::Value::is_string));
        let log = running.log();
        assert!(!log.contains("whsec_") && !log.contains("canarypath") && !log.contains('@'), "{log}");
    }
}

#[test]
fn what_is_on_its_way_is_finished_before_the_end() {
    let held = Arc::new(AtomicBool::new(true));
    let hold = Arc::clone(&held);
    let receiver = Receiver::start(move |number, _| {
        while number == 0 && hold.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        status(200)
    });
    let school = School::new(&receiver.line("crm"));
    std::fs::write(school.root().join("shops.txt"), format!("books {}\n", "k".repeat(40))).unwrap();
    let mut running = Service::start(&school, &format!("{SERVE} --shop-keys shops.txt"));
    until("the endpoint", || school.says("members webhooks list").contains("crm"));
    school.says("members grant ada@school.example pro --new");
    until("the first of it", || receiver.count() == 1);
    // A request whose body has not come to its end.
    let body = r#"{"id":"1","at":1700000000,"member":"m_bob","kind":"joined"}"#;
    let mut stream = std::net::TcpStream::connect(running.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!(
        "POST /account/events HTTP/1.1\r\nhost: school.example\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        "k".repeat(40),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..10]).unwrap();
    // It is being answered once a second connection is.
    assert_eq!(crate::server::http::ask(running.address, "GET", "/account/jwks.json", &[]).status, 200);
    running.terminate();
    until("the end of listening", || std::net::TcpStream::connect(running.address).is_err());
    assert!(running.child.try_wait().unwrap().is_none(), "it does not break off: {}", running.log());
    stream.write_all(&body.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#"{"kept":true}"#), "{answer}");
    held.store(false, Ordering::Relaxed);
    until("the end", || running.child.try_wait().unwrap().is_some());
    assert!(running.child.wait().unwrap().success(), "{}", running.log());
    let log: serde_json::Value = serde_json::from_str(&school.says("members webhooks log --format json")).unwrap();
    let of_ada = log["notifications"][0]["endpoints"][0].clone();
    assert_eq!(of_ada["state"], "delivered", "what arrived is noted: {log}");
    let first = receiver.count();
    school.says("members deliver --webhooks webhooks.txt");
    let got = receiver.got();
    assert!(
        first >= 1 && got.iter().filter(|received| received.id() == got[0].id()).count() == 1,
        "and not sent twice"
    );
    assert!(school.says("members show m_bob").contains("member since"));
}

#[test]
fn what_opens_is_told_by_cron_as_well() {
    let receiver = Receiver::start(|_, _| status(200));
    let school = School::new(&receiver.line("crm"));
    let deliver = |now: &str| {
        school.says(&format!(
            "members deliver --webhooks webhooks.txt --manifest tierpress-out/manifest.json --format json --now {now}"
        ))
    };
    school.says("members grant ada@school.example pro --new --now 2027-01-01");
    deliver("2027-01-01");
    assert_eq!(receiver.count(), 0, "what came about before an endpoint was there is not for it");
    deliver("2027-01-07");
    assert_eq!(receiver.count(), 0);
    let said: serde_json::Value = serde_json::from_str(&deliver("2027-01-08")).unwrap();
    assert_eq!(said, serde_json::json!({ "delivered": 1, "failed": 0 }));
    let got = receiver.got();
    assert_eq!(
        (&got[0].json()["type"], &got[0].json()["data"]["paths"]),
        (&"content.opened".into(), &serde_json::json!(["/lesson/"]))
    );
    assert_eq!(got[0].json()["timestamp"], "2027-01-08T00:00:00Z");
    school.says("members revoke ada@school.example pro --now 2027-01-09");
    deliver("2027-02-09");
    let kinds: Vec<_> = receiver.got()[1..].iter().map(|received| received.json()["type"].clone()).collect();
    assert_eq!(kinds, ["tier.cancelled", "tier.changed"]);
}

#[test]
fn a_redirect_is_a_failure_and_gone_is_gone() {
    let elsewhere = Receiver::start(|_, _| status(200));
    let to = format!("HTTP/1.1 307 Over there\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", elsewhere.address);
    let moved = Receiver::start(move |_, _| to.clone());
    let gone = Receiver::start(|_, _| status(410));
    // Much more than anybody reads.
    let wordy =
        Receiver::start(|_, _| format!("HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n{}", "x".repeat(200_000)));
    let school = School::new(&[moved.line("moved"), gone.line("gone"), wordy.line("wordy")].concat());
    school.says("members grant eve@school.example free --new --now 2026-12-01");
    school.says("members deliver --webhooks webhooks.txt --now 2027-01-01");
    school.says("members grant ada@school.example pro --new --now 2027-01-01");
    let said = school.says("members deliver --webhooks webhooks.txt --now 2027-01-02 --format json");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&said).unwrap(),
        serde_json::json!({ "delivered": 3, "failed": 2 })
    );
    assert_eq!((elsewhere.count(), moved.count(), gone.count(), wordy.count()), (0, 1, 1, 3));
    let list = school.says("members webhooks list --now 2027-01-02");
    assert!(list.contains("gone      3        0          0     wants nothing more since 2027-01-02"), "{list}");
    assert!(list.contains("fails: it answered 307"), "{list}");
    assert!(list.contains("was told everything"), "{list}");
    // A month on, what is gone is still left alone.
    school.says("members deliver --webhooks webhooks.txt --now 2027-02-01");
    assert_eq!((moved.count(), gone.count()), (2, 1));
}

/// A path in the repository.
pub(super) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
