//! nginx, started from what `tierpress export` writes: asking by `auth_request`, and told by `X-Accel-Redirect`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Profile, Running, Stage, decider, export, free_address, program};

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
    started(stage, "nginx", &[])
}

/// nginx that is told.
pub(crate) fn accel_profile() -> Profile {
    Profile { name: "nginx-accel", ..profile() }
}

/// Starts nginx that is told, and its decider.
pub(crate) fn accel_start(stage: &Stage) -> Running {
    started(stage, "nginx-accel", &["--accel-prefix", "/./objects/"])
}

fn started(stage: &Stage, kind: &str, decide: &[&str]) -> Running {
    let (address, asked) = (free_address(), free_address());
    let [listen, decider_at, upstream] = [address, asked, stage.upstream].map(|address| address.to_string());
    let brotli = "--brotli=/usr/lib/nginx/modules/ngx_http_brotli_static_module.so";
    let arguments = ["--listen", &listen, "--decider", &decider_at, "--upstream", &upstream, brotli];
    let out = export(stage, kind, &arguments);
    Running::at(address).with(stage, &mut decider(stage, asked, decide), asked).with(stage, &mut nginx(&out), address)
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
