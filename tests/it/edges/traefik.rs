//! Traefik, started from what `tierpress export` writes, with nginx as the origin.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::nginx::with_origin;
use super::{Profile, Running, Stage, ask, decider, export, free_address, program};

/// Traefik with our own server as the decider.
pub(crate) fn profile() -> Profile {
    Profile {
        name: "traefik",
        algorithms: &["ES256", "RS256", "EdDSA", "HS256"],
        traits: &["refuses-early", "drops-schemes", "adds-slashes", "unescapes-dots"],
        sessions: true,
    }
}

/// Starts Traefik, its decider and the origin.
pub(crate) fn start(stage: &Stage) -> Running {
    let (address, asked, origin) = (free_address(), free_address(), free_address());
    let [listen, decider_at, origin_at, upstream] =
        [address, asked, origin, stage.upstream].map(|address| address.to_string());
    let arguments = ["--listen", &listen, "--decider", &decider_at, "--origin", &origin_at, "--upstream", &upstream];
    let out = export(stage, "traefik", &arguments);
    let headers = ["--target-header", "X-Forwarded-Uri", "--method-header", "X-Forwarded-Method"];
    let running = Running::at(address).with(stage, &mut decider(stage, asked, &headers), asked);
    let mut traefik = Command::new("sh");
    // The second file is found from the folder that Traefik runs in.
    traefik.args(["-c", "cd \"$0\" && exec \"$1\" --configFile=traefik.yaml"]).arg(&out).arg(program("traefik"));
    let running = with_origin(running, stage, &out, origin).with(stage, &mut traefik, address);
    // It listens before it has read where requests go.
    let begin = Instant::now();
    while ask(address, "GET", "/", "").body == b"404 page not found\n" {
        assert!(begin.elapsed() < Duration::from_secs(30), "Traefik has no routes\n{}", running.logs());
        thread::sleep(Duration::from_millis(5));
    }
    running
}
