//! The program itself: `tierpress edge --members`, `tierpress members serve`, a real SMTP server and a real browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::stage::{SITE, link_in};
use crate::chromium::Browser;
use crate::chromium::looks::look;
use crate::edges::free_address;
use crate::fixture::Fixture;
use crate::server::{http, until};

/// A mail server that takes whatever it is sent.
pub(crate) fn mail_server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, mails) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let taken = Arc::clone(&mails);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut writer = stream.try_clone().unwrap();
            let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
            drop(writer.write_all(b"220 mail.example ESMTP\r\n"));
            while let Some(line) = lines.next() {
                let said = match line.to_ascii_uppercase() {
                    line if line.starts_with("EHLO") => "250-mail.example\r\n250 8BITMIME\r\n",
                    line if line == "DATA" => {
                        drop(writer.write_all(b"354 go on\r\n"));
                        let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                        taken.lock().unwrap().push(mail.join("\r\n"));
                        "250 taken\r\n"
                    }
                    line if line == "QUIT" => break,
                    _ => "250 ok\r\n",
                };
                drop(writer.write_all(said.as_bytes()));
            }
        }
    });
    (address, mails)
}

/// A program that runs, and is killed with its value.
pub(crate) struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command, address: SocketAddr) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let mut running = Self { child, log };
        until("the server", || {
            let ended = running.child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", running.log());
            std::net::TcpStream::connect(address).is_ok()
        });
        running
    }

    fn hang_up(&self) {
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGHUP).unwrap();
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn tierpress(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(root).args(arguments);
    command
}

/// A site that is built for an address of its own.
pub(super) fn built(address: SocketAddr) -> Fixture {
    let site = Fixture::new(&SITE.replace("https://school.example", &format!("http://localhost:{}", address.port())));
    let done = tierpress(&site.root(), &["build"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    site
}

#[test]
fn a_reader_signs_in_by_a_mail_in_a_real_browser() {
    let address = free_address();
    let site = built(address);
    let (smtp, mails) = mail_server();
    std::fs::write(site.root().join("smtp.url"), format!("smtp://{smtp}\n")).unwrap();
    let arguments =
        ["edge", "--manifest", "tierpress-out/manifest.json", "--members", "members.db", "--smtp", "smtp.url"];
    let mut command = tierpress(&site.root(), &arguments);
    command.args(["--mail-from", "School <school@school.example>", "--access-log", "--listen", &address.to_string()]);
    let edge = Running::start(&mut command, address);
    let base = format!("http://localhost:{}", address.port());
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{base}/account/join"));
    look(&mut page, "join");
    page.click("document.getElementById('account-address')");
    page.type_text("ada@example.org");
    page.press("Enter");
    page.wait_for("location.pathname === '/account/sent'");
    look(&mut page, "sent");
    until("the mail", || mails.lock().unwrap().len() == 1);
    let mail = mails.lock().unwrap().first().unwrap().replace("=\r\n", "").replace("=3D", "=");
    let start = mail.find(&format!("{base}/account/link?t=")).unwrap_or_else(|| panic!("{mail}"));
    let link = mail[start..].split_whitespace().next().unwrap().to_owned();
    page.go(&link);
    look(&mut page, "link");
    page.click("document.querySelector('main button')");
    page.wait_for("location.pathname === '/account/'");
    assert!(page.text("document.querySelector('main').innerText").contains("ada@example.org"));
    look(&mut page, "home");
    // The edge believes what the service signs: the page is for Pro, and this is Free.
    page.go(&format!("{base}/lesson/"));
    assert!(page.text("document.body.innerText").contains("Pro"));
    page.go(&format!("{base}/account/logout"));
    look(&mut page, "logout");
    page.click("document.querySelector('main button')");
    page.wait_for("location.pathname === '/'");
    drop(page.problems());
    let log = edge.log();
    let secret = link.rsplit("t=").next().unwrap();
    assert!(!log.contains("ada@example.org") && !log.contains(secret), "{log}");
    assert!(log.contains("/account/link"), "{log}");
}

#[test]
fn an_edge_passes_the_account_on_to_a_service_by_itself() {
    let (edge, service) = (free_address(), free_address());
    let site = built(edge);
    let mut command = tierpress(&site.root(), &["members", "serve", "--db", "members.db", "--mail-dir", "mails"]);
    command.args(["--manifest", "tierpress-out/manifest.json", "--mail-from", "a@school.example"]);
    let service_runs = Running::start(command.args(["--listen", &service.to_string()]), service);
    let upstream = format!("http://{service}");
    let jwks = format!("{upstream}/account/jwks.json");
    let mut command =
        tierpress(&site.root(), &["edge", "--manifest", "tierpress-out/manifest.json", "--upstream", &upstream]);
    let edge_runs = Running::start(command.args(["--jwks", &jwks, "--listen", &edge.to_string()]), edge);
    let page = http::ask(edge, "GET", "/account/sign-in", &[]);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.header("set-cookie").unwrap().starts_with("__Host-tierpress-browser="));
    assert_eq!(http::ask(edge, "GET", "/account/jwks.json", &[]).status, 200);
    assert_eq!(http::ask(edge, "GET", "/account/nothing", &[]).status, 404);
    drop((edge_runs, service_runs));
}

#[test]
fn settings_and_secrets_are_read_again_without_a_pause() {
    let (edge, alone) = (free_address(), free_address());
    let site = built(edge);
    let root = site.root();
    let yaml = std::fs::read_to_string(root.join("site.yaml")).unwrap();
    let (key, other) = ("a".repeat(32), "b".repeat(32));
    let write = |yaml: &str, key: &str| {
        std::fs::write(root.join("site.yaml"), yaml).unwrap();
        std::fs::write(root.join("shops"), format!("corner {key}\n")).unwrap();
    };
    write(&yaml, &key);
    let more = ["--mail-dir", "mails", "--mail-from", "a@school.example", "--shop-keys", "shops", "--listen"];
    let mut command = tierpress(&root, &["edge", "--manifest", "tierpress-out/manifest.json", "--members", "m.db"]);
    let beside = Running::start(command.args(more).arg(edge.to_string()), edge);
    let mut command = tierpress(&root, &["members", "serve", "--db", "m.db"]);
    let apart = Running::start(command.args(more).arg(alone.to_string()), alone);
    for (running, address) in [(beside, edge), (apart, alone)] {
        let title = || http::ask(address, "GET", "/account/sign-in", &[]).text();
        let knows = |key: &str| {
            let mut client = http::Client::connect(address);
            client.send(
                format!(
                    "POST /account/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
                     content-length: 2\r\nconnection: close\r\n\r\n{{}}"
                )
                .as_bytes(),
            );
            client.answer("POST").unwrap().status != 401
        };
        assert!(title().contains("School") && knows(&key));
        write(&yaml.replace("title: School", "title: Academy"), &other);
        running.hang_up();
        until("another name", || title().contains("Academy"));
        assert!(knows(&other) && !knows(&key));
        // What cannot be read changes nothing.
        write("title: [", &key);
        running.hang_up();
        until("a line in the log", || running.log().contains("the account stays as it was"));
        assert!(title().contains("Academy") && knows(&other) && !knows(&key), "{}", running.log());
    }
}

#[test]
fn calls_that_cannot_work_are_refused() {
    let address = free_address();
    let site = built(address);
    std::fs::write(site.root().join("smtp.url"), "smtp://ada:secret@mail.example").unwrap();
    for (arguments, expected) in [
        (&["--members"][..], "nothing says where the ledger is"),
        (&["--members", "members.db"], "nobody could sign in: there is no mail server"),
        (&["--members", "members.db", "--smtp", "smtp.url"], "would be spoken to without TLS"),
        (&["--members", "members.db", "--smtp", "nowhere"], "nowhere"),
        (&["--members", "no/such/folder/members.db", "--mail-dir", "mails", "--mail-from", "a@b.example"], "error"),
        (
            &["--members", "members.db", "--mail-dir", "mails", "--mail-from", "nobody"],
            "is no mail address to send from",
        ),
    ] {
        let mut command = tierpress(&site.root(), &["edge", "--manifest", "tierpress-out/manifest.json"]);
        command.env_remove("TIERPRESS_DB").args(["--listen", &address.to_string()]);
        let output = command.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected) && !said.contains("secret"), "{said}");
    }
    // A database whose URL has a password in it is not named where all users of the machine can read it.
    let mut command = tierpress(&site.root(), &["edge", "--manifest", "tierpress-out/manifest.json", "--members"]);
    command.env("TIERPRESS_DB", "postgres://ada:secret@127.0.0.1:1/members");
    command.args(["--listen", &address.to_string(), "--mail-dir", "mails", "--mail-from", "a@b.example"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("127.0.0.1:1") && !said.contains("secret"), "{said}");
    let text = SITE
        .replace("passthrough: [/account/]\n", "")
        .replace("login_url: /account/sign-in\nrefresh_url: /account/refresh\n", "");
    let site = Fixture::new(&text);
    assert!(tierpress(&site.root(), &["build"]).output().unwrap().status.success());
    let mut command =
        tierpress(&site.root(), &["edge", "--manifest", "tierpress-out/manifest.json", "--members", "m.db"]);
    let output = command.args(["--mail-dir", "mails", "--listen", &address.to_string()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("`/account/` is not in its `passthrough`"), "{said}");
    // A build for another address: its forms would be refused, and its links lead elsewhere.
    let site = built(address);
    let refused = |more: &[&str]| {
        let arguments =
            ["edge", "--manifest", "tierpress-out/manifest.json", "--members", "m.db", "--mail-dir", "mails"];
        let mut command = tierpress(&site.root(), &arguments);
        let output = command.args(["--listen", &address.to_string()]).args(more).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        said
    };
    let elsewhere = ["--base-url", "https://other.example"];
    let said = refused(&elsewhere);
    assert!(said.contains("and the account is at `https://other.example`") && !said.contains("warning"), "{said}");
    // Tokens of another kind: whoever signed in would be a stranger to the edge.
    let yaml = std::fs::read_to_string(site.root().join("site.yaml")).unwrap();
    site.write("site.yaml", format!("{yaml}token: {{max_ttl: 300}}\n"));
    assert!(refused(&[]).contains("its tokens are not those that the account makes"));
    // Without a place to renew tokens, readers are visitors again and again.
    site.write("site.yaml", yaml.replace("refresh_url: /account/refresh\n", ""));
    let said = refused(&elsewhere);
    assert!(
        said.contains("warning: readers are signed out") && said.contains("refresh_url: /account/refresh"),
        "{said}"
    );
    assert!(link_in("https://school.example/account/link?t=3Da\r\n").ends_with("t=a"));
}
