//! nginx, started from what `tierpress export` writes: asking by `auth_request`, and told by `X-Accel-Redirect`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Profile, Running, Stage, decider, export, free_address, own, program};

/// nginx that asks.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "nginx",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early"],
        sessions: true,
    }
}

/// Starts nginx that asks, and its decider.
pub(crate) fn start(stage: &Stage) -> Running {
    let asked = free_address();
    started(stage, "nginx", &mut decider(stage, asked, &[]), (&asked.to_string(), asked))
}

/// nginx that is told.
pub(crate) fn accel_profile() -> Profile {
    Profile { name: "nginx-accel", ..profile() }
}

/// Starts nginx that is told, and its decider, which listens at a socket in the file system.
pub(crate) fn accel_start(stage: &Stage) -> Running {
    let (health, socket) = (free_address(), format!("unix:{}", stage.work.join("decider.sock").display()));
    let mut decider = own::edge(stage, &socket);
    decider.args(["--mode", "decide", "--accel-prefix", "/./objects/", "--health", &health.to_string()]);
    started(stage, "nginx-accel", &mut decider, (&socket, health))
}

/// Starts nginx that asks a decider at `decider_at`; that one is ready when something listens at `ready`.
fn started(stage: &Stage, kind: &str, decider: &mut Command, (decider_at, ready): (&str, SocketAddr)) -> Running {
    let address = free_address();
    let [listen, upstream] = [address, stage.upstream].map(|address| address.to_string());
    let brotli = "--brotli=/usr/lib/nginx/modules/ngx_http_brotli_static_module.so";
    let arguments = ["--listen", &listen, "--decider", decider_at, "--upstream", &upstream, brotli];
    let out = export(stage, kind, &arguments);
    Running::at(address).with(stage, decider, ready).with(stage, &mut nginx(&out), address)
}

/// nginx with the configuration in a folder. Temporary folders are for their owner alone, so workers stay who we are.
pub(crate) fn nginx(folder: &Path) -> Command {
    let mut command = Command::new(program("nginx"));
    command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr", "-g", "daemon off; user root;"]);
    command
}

/// Starts the origin that was exported for a proxy that serves no files.
pub(crate) fn with_origin(running: Running, stage: &Stage, folder: &Path, origin: SocketAddr) -> Running {
    running.with(stage, &mut nginx(&folder.join("origin")), origin)
}
