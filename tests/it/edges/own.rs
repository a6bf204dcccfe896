//! Our own server: serving by itself, and deciding for others with its native face.

mod adapter;

use std::process::Command;

use super::{Profile, Running, Stage, decider, free_address, program};
use adapter::{Adapter, Sides};

/// `tierpress edge --mode serve`.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "own-serve",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early"],
        sessions: true,
    }
}

/// Starts `tierpress edge --mode serve`.
pub(crate) fn start(stage: &Stage) -> Running {
    let address = free_address();
    let mut command = edge(stage, &address.to_string());
    command.args(["--mode", "serve", "--upstream", &format!("http://{}", stage.upstream)]);
    Running::at(address).with(stage, &mut command, address)
}

/// `tierpress edge --mode decide`, asked by the smallest adapter there can be.
pub(crate) fn decide_profile() -> Profile {
    Profile { name: "own-decide", traits: &["refuses-early", "whole-files"], ..profile() }
}

/// Starts the decider and the adapter.
pub(crate) fn decide_start(stage: &Stage) -> Running {
    let asked = free_address();
    let adapter = Adapter::start(Sides { decider: asked, upstream: stage.upstream, objects: stage.objects.clone() });
    Running::at(adapter.address()).with(stage, &mut decider(stage, asked, &[]), asked).keeping(adapter)
}

/// `tierpress edge` with the stage's manifest and keys, listening at an address.
pub(crate) fn edge(stage: &Stage, listen: &str) -> Command {
    let mut command = Command::new(program("tierpress"));
    command.args(["edge", "--listen", listen, "--manifest"]).arg(&stage.manifest);
    command.arg("--jwks").arg(&stage.jwks).arg("--state").arg(stage.work.join("state"));
    command
}
