//! Envoy, started from what `tierpress export` writes, with nginx as the origin.

use std::process::Command;

use super::nginx::with_origin;
use super::{Profile, Running, Stage, decider, export, free_address, program};

/// Envoy with our own server as the decider.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "envoy",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early", "drops-schemes", "adds-slashes"],
        sessions: true,
    }
}

/// Starts Envoy, its decider and the origin.
pub(crate) fn start(stage: &Stage) -> Running {
    let (address, asked, origin) = (free_address(), free_address(), free_address());
    let [listen, decider_at, origin_at, upstream] =
        [address, asked, origin, stage.upstream].map(|address| address.to_string());
    let arguments = ["--listen", &listen, "--decider", &decider_at, "--origin", &origin_at, "--upstream", &upstream];
    let out = export(stage, "envoy", &arguments);
    let running = Running::at(address).with(stage, &mut decider(stage, asked, &[]), asked);
    let mut envoy = Command::new(program("envoy"));
    envoy.arg("-c").arg(out.join("envoy.yaml")).args(["--disable-hot-restart", "--concurrency", "1"]);
    envoy.args(["--log-level", "warning"]);
    with_origin(running, stage, &out, origin).with(stage, &mut envoy, address)
}
