//! Caddy, started from what `tierpress export` writes.

use std::process::Command;

use super::{Profile, Running, Stage, decider, export, free_address, program};

/// Caddy with our own server as the decider.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "caddy",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early"],
        sessions: true,
    }
}

/// Starts Caddy and its decider.
pub(crate) fn start(stage: &Stage) -> Running {
    let (address, asked) = (free_address(), free_address());
    let [listen, decider_at, upstream] = [address, asked, stage.upstream].map(|address| address.to_string());
    let out = export(stage, "caddy", &["--listen", &listen, "--decider", &decider_at, "--upstream", &upstream]);
    let mut caddy = Command::new(program("caddy"));
    caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(out.join("Caddyfile"));
    // It keeps its things in the user's home otherwise.
    caddy.env("XDG_DATA_HOME", stage.work.join("caddy-data")).env("XDG_CONFIG_HOME", stage.work.join("caddy-config"));
    Running::at(address).with(stage, &mut decider(stage, asked, &[]), asked).with(stage, &mut caddy, address)
}
