//! The servers that are compared: how each is told to build and to serve a site, and what it costs while it runs.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::course::Course;
use crate::{hugo, install, ours, zola};

/// How long a server may take to come up.
const START: Duration = Duration::from_secs(300);
/// A server that used no processor for so long has nothing left to do.
const CALM: Duration = Duration::from_millis(400);
/// How long one may go on working after a change, before it is asked the next thing all the same.
pub(crate) const RESTLESS: Duration = Duration::from_secs(120);

/// How many of the kernel's ticks are a second, on every Linux (proc(5), USER_HZ).
const TICKS: f64 = 100.0;

/// A server with its settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Server {
    /// `tierpress serve`, of the gated site.
    Tierpress,
    /// `hugo server`, as it is.
    Hugo,
    /// `hugo server --disableFastRender`: every page is made again at each change.
    HugoFull,
    /// `hugo server --renderToMemory`.
    HugoMemory,
    /// `zola serve`, as it is: it waits a second after each change.
    Zola,
    /// `zola serve --debounce 10`.
    ZolaSoon,
    /// The same, of a site whose lessons do not list their siblings: less work than the others have.
    ZolaLess,
    /// `zola serve --debounce 10 --fast`.
    ZolaFast,
}

/// Those that are compared where nothing else is said.
pub(crate) const USUAL: [Server; 7] = [
    Server::Tierpress,
    Server::Hugo,
    Server::HugoFull,
    Server::HugoMemory,
    Server::Zola,
    Server::ZolaLess,
    Server::ZolaFast,
];

/// Where programs are.
pub(crate) struct Programs {
    tierpress: String,
    hugo: String,
    zola: Vec<String>,
}

impl Programs {
    /// Finds them, or installs them.
    ///
    /// # Errors
    ///
    /// Where one that is needed cannot be had.
    pub(crate) fn new(
        tierpress: Option<PathBuf>,
        hugo: Option<PathBuf>,
        zola: Option<PathBuf>,
    ) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            tierpress: tierpress.map_or_else(|| env!("CARGO_BIN_EXE_tierpress").to_owned(), |path| text(&path)),
            hugo: text(&hugo.map_or_else(install::hugo, Ok)?),
            zola: zola.map_or_else(zola::install, |path| Ok(vec![text(&path)]))?,
        })
    }

    /// What each says of its version.
    ///
    /// # Errors
    ///
    /// Where one does not run.
    pub(crate) fn versions(&self) -> Result<String, Box<dyn Error>> {
        let ask = |words: &[&str]| -> Result<String, Box<dyn Error>> {
            let output = Command::new(words[0]).args(&words[1..]).output()?;
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if said.is_empty() { Err(format!("`{}` says nothing", words.join(" ")).into()) } else { Ok(said) }
        };
        let zola: Vec<&str> = self.zola.iter().map(String::as_str).chain(["--version"]).collect();
        let ours = ask(&[self.tierpress.as_str(), "--version"])?;
        Ok(format!("{ours}; {}; {}", ask(&[self.hugo.as_str(), "version"])?, ask(&zola)?))
    }
}

impl Server {
    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tierpress => "tierpress serve",
            Self::Hugo => "hugo server",
            Self::HugoFull => "hugo server --disableFastRender",
            Self::HugoMemory => "hugo server --renderToMemory",
            Self::Zola => "zola serve",
            Self::ZolaSoon => "zola serve --debounce 10",
            Self::ZolaLess => "zola serve --debounce 10, no lists of siblings",
            Self::ZolaFast => "zola serve --debounce 10 --fast",
        }
    }

    /// Writes the site that it serves.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub(crate) fn write(self, root: &Path, course: Course) -> std::io::Result<()> {
        match self {
            Self::Tierpress => ours::write(root, course, ours::Gating::Gated),
            Self::Hugo | Self::HugoFull | Self::HugoMemory => hugo::write(root, course, hugo::Trees::One),
            Self::Zola | Self::ZolaSoon | Self::ZolaFast => zola::write(root, course, zola::Siblings::Listed),
            Self::ZolaLess => zola::write(root, course, zola::Siblings::Missing),
        }
    }

    /// The template that is around every page, in the site's folder.
    pub(crate) fn template(self) -> &'static str {
        match self {
            Self::Tierpress => "themes/minimal/templates/base.html",
            Self::Hugo | Self::HugoFull | Self::HugoMemory => "layouts/baseof.html",
            Self::Zola | Self::ZolaSoon | Self::ZolaLess | Self::ZolaFast => "templates/base.html",
        }
    }

    /// A build of the whole site into a folder that does not exist.
    pub(crate) fn build(self, programs: &Programs, root: &Path, out: &Path) -> Vec<String> {
        let (root, out) = (text(root), text(out));
        let words: Vec<&str> = match self {
            Self::Tierpress => vec![&programs.tierpress, "build", "--root", &root, "--out", &out, "--format", "json"],
            Self::Hugo | Self::HugoFull | Self::HugoMemory => {
                vec![&programs.hugo, "--source", &root, "--destination", &out, "--quiet", "--noBuildLock"]
            }
            Self::Zola | Self::ZolaSoon | Self::ZolaLess | Self::ZolaFast => {
                let mut words: Vec<&str> = programs.zola.iter().map(String::as_str).collect();
                words.extend(["--root", &root, "build", "--output-dir", &out]);
                words
            }
        };
        words.into_iter().map(str::to_owned).collect()
    }

    fn serve(self, programs: &Programs, root: &Path, out: &Path, port: u16) -> Vec<String> {
        let (root, out, port) = (text(root), text(out), port.to_string());
        let hugo = vec![&*programs.hugo, "server", "--source", &root, "--bind", "127.0.0.1", "--port", &port];
        let mut zola: Vec<&str> = programs.zola.iter().map(String::as_str).collect();
        zola.extend(["--root", &root, "serve", "--interface", "127.0.0.1", "--port", &port, "--output-dir", &out]);
        // Without it, a folder that is not the default one is written into once only.
        zola.push("--force");
        let (mut words, more): (Vec<&str>, &[&str]) = match self {
            Self::Tierpress => (vec![&programs.tierpress, "serve", "--root", &root, "--port", &port], &[]),
            Self::Hugo => (hugo, &["--destination", &out]),
            Self::HugoFull => (hugo, &["--destination", &out, "--disableFastRender"]),
            Self::HugoMemory => (hugo, &["--renderToMemory"]),
            Self::Zola => (zola, &[]),
            Self::ZolaSoon | Self::ZolaLess => (zola, &["--debounce", "10"]),
            Self::ZolaFast => (zola, &["--debounce", "10", "--fast"]),
        };
        words.extend(more);
        words.into_iter().map(str::to_owned).collect()
    }
}

/// A server that serves; it ends with the value.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
    /// How long it took until its home page came.
    pub(crate) start: Duration,
}

impl Running {
    /// Starts a server and waits for the home page.
    ///
    /// # Errors
    ///
    /// Where it does not come up.
    pub(crate) fn start(server: Server, programs: &Programs, root: &Path, out: &Path) -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let words = server.serve(programs, root, out, port);
        let log = root.with_extension("log");
        let output = File::create(&log)?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let begin = Instant::now();
        // A group of its own, so that what it costs can be told from all else, and so that all of it ends.
        let child = command.process_group(0).spawn()?;
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let mut running = Self { child, log, address, start: Duration::ZERO };
        while !running.get("/").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            if running.child.try_wait()?.is_some() || begin.elapsed() > START {
                return Err(format!("{words:?} does not come up\n{}", running.said()).into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        running.start = begin.elapsed();
        Ok(running)
    }

    /// The last of what it wrote so far.
    pub(crate) fn said(&self) -> String {
        let log =
            fs::read(&self.log).map_or_else(|error| error.to_string(), |log| String::from_utf8_lossy(&log).into());
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// The whole answer to a plain request for a page.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub(crate) fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(START))?;
        let host = self.address;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Waits until the server has nothing left to do.
    pub(crate) fn calm_down(&self) {
        let begin = Instant::now();
        let mut before = self.cost().cpu;
        loop {
            thread::sleep(CALM);
            let now = self.cost().cpu;
            if calm(now - before, CALM) || begin.elapsed() > RESTLESS {
                return;
            }
            before = now;
        }
    }

    /// What all its processes have cost so far.
    pub(crate) fn cost(&self) -> Cost {
        let group = self.child.id().to_string();
        let mut cost = Cost { cpu: 0.0, memory: 0.0, peak: 0.0 };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        for folder in entries.map(|entry| entry.path()) {
            let Ok(stat) = fs::read_to_string(folder.join("stat")) else { continue };
            // The name may have spaces in it: what counts is after its bracket.
            let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
            let fields: Vec<&str> = rest.split(' ').collect();
            if fields.get(2) != Some(&group.as_str()) {
                continue;
            }
            let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
            let mebibytes = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
            };
            cost.cpu +=
                fields[11..15].iter().map(|field| field.parse::<f64>().unwrap_or_default()).sum::<f64>() / TICKS;
            cost.memory += mebibytes("VmRSS:");
            cost.peak += mebibytes("VmHWM:");
        }
        cost
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.child.id()).expect("process ids are small"));
        let killed = killpg(group, Signal::SIGKILL);
        let ended = self.child.wait();
        assert!(ended.is_ok() || thread::panicking(), "a server cannot be ended: {killed:?} {ended:?}");
    }
}

/// Whether so much processor time in so long is none: a runtime that sleeps wakes now and then.
pub(crate) fn calm(cpu: f64, time: Duration) -> bool {
    cpu < time.as_secs_f64() / 50.0
}

/// What a server has cost since it was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Seconds of processor time, of all threads.
    pub(crate) cpu: f64,
    /// Resident memory in MiB.
    pub(crate) memory: f64,
    /// The most there was of it, in MiB.
    pub(crate) peak: f64,
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
