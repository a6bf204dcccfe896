//! Vercel's edge-runtime, started from what `tierpress export` writes, with a plain file server as the origin.

use std::process::Command;

use super::{Profile, Running, Stage, export, free_address, program};

/// The worker on edge-runtime, with a store that is asked over HTTP and knows no ranges.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "edge-runtime",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &[
            "refuses-early",
            "refuses-silently",
            "resolves-dots",
            "resolves-backslashes",
            "reads-hosts",
            "adds-slashes",
            "keeps-first-authorization",
        ],
        sessions: true,
    }
}

/// Starts the file server and edge-runtime.
pub(crate) fn start(stage: &Stage) -> Running {
    let (address, store) = (free_address(), free_address());
    let [listen, origin, upstream] = [address, store, stage.upstream].map(|address| address.to_string());
    let jwks = stage.jwks.to_str().unwrap();
    let arguments = ["--jwks", jwks, "--listen", &listen, "--origin", &origin, "--upstream", &upstream];
    let out = export(stage, "worker", &arguments);
    let mut files = Command::new("python3");
    files.args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"]).arg(&stage.out);
    files.arg(store.port().to_string());
    let mut runtime = Command::new(program("edge-runtime"));
    runtime.args(["--listen", "--host", "127.0.0.1", "--port", &address.port().to_string()]);
    // It ends at the first method that it does not know, if it is let.
    runtime.arg(out.join("edge-runtime.js")).env("NODE_OPTIONS", "--unhandled-rejections=warn");
    Running::at(address).with(stage, &mut files, store).with(stage, &mut runtime, address)
}
