//! Drives a headless Chromium by its DevTools protocol: what a page does in a browser, a test sees in one.
//!
//! [`Browser::start`] gives one with a profile of its own, [`Browser::open`] a [`Page`] in it. A page collects what went
//! wrong in it (exceptions, errors on the console, resources that did not load, violations of its policy), and a test
//! that does not take these with [`Page::problems`] fails when the page goes. The browser reaches loopback only, and is
//! killed with everything it started.
#![allow(dead_code, reason = "shared with `benches/serve`, which uses what tests do not")]

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::json;

#[path = "keys.rs"]
mod keys;
#[path = "link.rs"]
mod link;
#[path = "page.rs"]
mod page;

pub(crate) use page::Page;

use link::Link;

/// How long anything may take, on a machine that compiles beside it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What Chromium is told. Pages come from the test's own servers, so they need no sandbox, which root cannot have.
const ARGUMENTS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-renderer-backgrounding",
    "--disable-sync",
];

/// A running Chromium; it ends with the value.
pub(crate) struct Browser {
    child: Child,
    port: u16,
    link: Link,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one, with a profile that nobody has used.
    #[track_caller]
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let log = profile.path().join("log.txt");
        let output = File::create(&log).unwrap();
        let mut command = Command::new(program());
        command.args(ARGUMENTS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        // A group of its own, so that its helpers end with it.
        let mut child = command.process_group(0).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let begin = Instant::now();
        loop {
            if let Some((port, path)) = listening(profile.path()) {
                return Self { child, port, link: Link::connect(port, &path), profile };
            }
            let ended = child.try_wait().unwrap();
            if ended.is_some() || begin.elapsed() > PATIENCE {
                let said = std::fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                end(&mut child);
                panic!("Chromium does not come up: {ended:?}\n{}", said.unwrap_or_default());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Opens an address in a new tab and waits until it has loaded.
    #[track_caller]
    pub(crate) fn open(&mut self, url: &str) -> Page {
        let mut page = self.tab();
        page.go(url);
        page
    }

    /// Opens an empty tab, for what must be set before anything loads.
    #[track_caller]
    pub(crate) fn tab(&mut self) -> Page {
        let made = self.link.call("Target.createTarget", json!({"url": "about:blank"})).unwrap();
        let target = made["targetId"].as_str().unwrap();
        Page::new(Link::connect(self.port, &format!("/devtools/page/{target}")))
    }

    /// Where it keeps what it knows.
    pub(crate) fn profile(&self) -> &Path {
        self.profile.path()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// What Chromium writes once it listens: the port, and the path of its own socket.
fn listening(profile: &Path) -> Option<(u16, String)> {
    let text = std::fs::read_to_string(profile.join("DevToolsActivePort")).ok()?;
    let (port, path) = text.split_once('\n')?;
    let path = path.trim();
    Some((port.parse().ok()?, (!path.is_empty()).then(|| path.to_owned())?))
}

/// Ends a browser and all it started. There is nothing in it to be saved.
fn end(child: &mut Child) {
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let killed = killpg(group, Signal::SIGKILL);
    let ended = child.wait();
    assert!(ended.is_ok() || thread::panicking(), "Chromium cannot be ended: {killed:?} {ended:?}");
}

/// Where Chromium is. `CHROMIUM` names another one.
#[track_caller]
pub(crate) fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("`chromium` is not installed; `tests/tools/chromium` installs it, and so does `tests/run`")
    })
}
