//! Deno, started from what `tierpress export` writes.

use std::process::Command;

use super::{Profile, Running, Stage, export, free_address, program};

/// The worker on Deno, with the build's folder as its store.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "deno",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early", "adds-slashes"],
        sessions: true,
    }
}

/// Starts Deno, which may read the store and nothing else.
pub(crate) fn start(stage: &Stage) -> Running {
    let address = free_address();
    let (listen, upstream) = (address.to_string(), stage.upstream.to_string());
    let jwks = stage.jwks.to_str().unwrap();
    let out = export(stage, "worker", &["--jwks", jwks, "--listen", &listen, "--upstream", &upstream]);
    let mut deno = Command::new(program("deno"));
    let read = format!("--allow-read={}", stage.out.canonicalize().unwrap().display());
    deno.args(["run", "--no-config", "--allow-net", &read]).arg(out.join("deno.mjs"));
    deno.env("DENO_DIR", stage.work.join("deno-dir")).env("DENO_NO_UPDATE_CHECK", "1");
    Running::at(address).with(stage, &mut deno, address)
}
