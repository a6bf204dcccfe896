//! The servers that are measured, each on the same core; they end with their values.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::site::Site;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Ours.
#[derive(Debug)]
pub(crate) struct Ours {
    child: Child,
    pub(crate) address: SocketAddr,
    /// How long it took until it listened.
    pub(crate) started: Duration,
}

impl Nginx {
    /// nginx that serves the visitors' pages as plain files.
    pub(crate) fn plain(site: &Site, core: usize) -> Result<Self, Box<dyn Error>> {
        let folder = site.root.join("plain");
        std::fs::create_dir_all(folder.join("logs"))?;
        let address = free()?;
        let root = site.root.join("www");
        let root = root.display();
        std::fs::write(
            folder.join("nginx.conf"),
            format!(
                "worker_processes 1; pid nginx.pid; error_log stderr crit; events {{}}\n\
                 http {{ include /etc/nginx/mime.types; default_type application/octet-stream; access_log off;\n\
                 sendfile on; tcp_nopush on; charset utf-8; keepalive_requests 100000000;\n\
                 server {{ listen {address}; root {root}; index index.html; }} }}\n"
            ),
        )?;
        Self::start(&folder, core, address)
    }

    /// nginx as `tierpress export` sets it up.
    pub(crate) fn asking(site: &Site, core: usize, kind: &str, decider: &str) -> Result<Self, Box<dyn Error>> {
        let folder = site.root.join(kind);
        drop(std::fs::remove_dir_all(&folder));
        let address = free()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.args(["export", kind, "--manifest"]).arg(site.out.join("manifest.json")).arg("--out").arg(&folder);
        command.args(["--listen", &address.to_string(), "--decider", decider]);
        let output = command.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Self::start(&folder, core, address)
    }

    fn start(folder: &Path, core: usize, address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let mut command = pinned(core, "nginx");
        // Temporary folders may be for their owner alone, so workers stay who we are.
        let user = if rustix::process::geteuid().is_root() { "daemon off; user root;" } else { "daemon off;" };
        command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr", "-g", user]);
        let mut nginx = Self { child: command.stdin(Stdio::null()).spawn()?, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > PATIENCE || nginx.child.try_wait()?.is_some() {
                return Err("nginx does not start".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }
}

impl Ours {
    /// Our server on a site, at an address of its own choice.
    pub(crate) fn start(site: &Site, core: usize, more: &[&str]) -> Result<Self, Box<dyn Error>> {
        Self::start_at(site, core, (&["--listen", "127.0.0.1:0"], more))
    }

    /// Our server at a socket in the file system; the address is that of its health.
    pub(crate) fn at_socket(
        site: &Site,
        core: usize,
        (path, more): (&Path, &[&str]),
    ) -> Result<(String, Self), Box<dyn Error>> {
        let socket = format!("unix:{}", path.display());
        let listen = ["--listen", &socket, "--health", "127.0.0.1:0"];
        Self::start_at(site, core, (&listen, more)).map(|ours| (socket.clone(), ours))
    }

    fn start_at(site: &Site, core: usize, (listen, more): (&[&str], &[&str])) -> Result<Self, Box<dyn Error>> {
        let start = Instant::now();
        let mut command = pinned(core, env!("CARGO_BIN_EXE_tierpress"));
        command.arg("edge").args(listen).args(["--threads", "1", "--manifest"]);
        command.arg(site.out.join("manifest.json")).arg("--key").arg(&site.keys).args(more);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no log")?).lines();
        let mut said = String::new();
        for line in lines.by_ref() {
            let line = line?;
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let address = event["address"].as_str().filter(|_| event["message"] == "listening");
            // A socket in the file system has no address; health has one.
            if let Some(address) = address.and_then(|address| address.parse::<SocketAddr>().ok()) {
                let started = start.elapsed();
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, address, started });
            }
            said.push_str(&line);
        }
        Err(format!("our server does not start: {said}").into())
    }

    /// Its memory at its peak, in MB.
    pub(crate) fn memory(&self) -> Result<f64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no memory is told")?;
        let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // nginx ends its worker when it is told to stop, not when it is killed.
        let id = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap_or(i32::MAX));
        // Already gone is as good.
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap_or_default();
        drop(self.child.wait());
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn pinned(core: usize, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]);
    command
}

fn free() -> Result<SocketAddr, Box<dyn Error>> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
