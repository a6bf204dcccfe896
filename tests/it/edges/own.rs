//! Our own server: serving by itself, and deciding for others with its native face.

use std::process::Command;

use super::{Profile, Running, Stage, free_address, program};

/// `tierpress edge --mode serve`.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "own-serve",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early", "cuts-fragments"],
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

/// `tierpress edge` with the stage's manifest and keys, listening at an address.
pub(crate) fn edge(stage: &Stage, listen: &str) -> Command {
    let mut command = Command::new(program("tierpress"));
    command.args(["edge", "--listen", listen, "--manifest"]).arg(&stage.manifest);
    command.arg("--jwks").arg(&stage.jwks).arg("--state").arg(stage.work.join("state"));
    command
}
