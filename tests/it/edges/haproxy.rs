//! HAProxy, started from what `tierpress export` writes, with nginx as the static server behind it.

mod faults;
mod lua;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::{Profile, Running, Stage, export, free_address, program};

/// HAProxy without a decider.
pub(crate) fn profile() -> Profile {
    Profile { name: "haproxy", algorithms: &["ES256", "RS256"], traits: &["refuses-early"], sessions: false }
}

/// Starts the static server that is exported with it, and HAProxy before it.
pub(crate) fn start(stage: &Stage) -> Running {
    let made = Made::new(stage);
    let mut nginx = Command::new(program("nginx"));
    nginx.arg("-p").arg(made.out.join("origin")).args(["-c", "nginx.conf", "-g", "daemon off;"]);
    Running::at(made.address).with(stage, &mut nginx, made.origin).with(stage, &mut made.haproxy(), made.address)
}

/// What was exported for a stage.
struct Made {
    out: PathBuf,
    address: SocketAddr,
    origin: SocketAddr,
}

impl Made {
    fn new(stage: &Stage) -> Self {
        Self::with(stage, &[])
    }

    fn with(stage: &Stage, more: &[&str]) -> Self {
        let (address, origin) = (free_address(), free_address());
        let (listen, behind, upstream) = (address.to_string(), origin.to_string(), stage.upstream.to_string());
        let jwks = stage.jwks.to_str().unwrap();
        let arguments = ["--jwks", jwks, "--listen", &listen, "--origin", &behind, "--upstream", &upstream];
        Self { out: export(stage, "haproxy", &[&arguments, more].concat()), address, origin }
    }

    fn haproxy(&self) -> Command {
        let mut haproxy = Command::new(program("haproxy"));
        haproxy.arg("-C").arg(&self.out).args(["-f", "haproxy.cfg"]);
        haproxy
    }
}
