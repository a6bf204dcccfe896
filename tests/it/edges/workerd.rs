//! workerd, the runtime of Cloudflare Workers, started from what `tierpress export` writes.

use std::process::Command;

use super::{Profile, Running, Stage, export, free_address, program};

/// The worker on workerd, with the build's folder as its store.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "workerd",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &[
            "refuses-early",
            "cuts-fragments",
            "adds-slashes",
            "drops-schemes",
            "reads-words-as-root",
            "joins-cookies",
        ],
        sessions: true,
    }
}

/// Starts workerd.
pub(crate) fn start(stage: &Stage) -> Running {
    let address = free_address();
    let (listen, upstream) = (address.to_string(), stage.upstream.to_string());
    let jwks = stage.jwks.to_str().unwrap();
    let out = export(stage, "worker", &["--jwks", jwks, "--listen", &listen, "--upstream", &upstream]);
    let mut workerd = Command::new(program("workerd"));
    workerd.arg("serve").arg(out.join("workerd.capnp"));
    Running::at(address).with(stage, &mut workerd, address)
}
