//! HAProxy, started from what `tierpress export` writes, with nginx as the static server behind it.

mod lua;

use std::net::SocketAddr;
use std::process::Command;

use super::{Profile, Running, Stage, export, free_address, program};

/// HAProxy without a decider.
pub(crate) fn profile() -> Profile {
    Profile { name: "haproxy", algorithms: &["ES256", "RS256"], traits: &["refuses-early"], sessions: false }
}

/// Starts a static server for the objects, and HAProxy before it.
pub(crate) fn start(stage: &Stage) -> Running {
    let (address, origin) = (free_address(), free_address());
    let (listen, behind, upstream) = (address.to_string(), origin.to_string(), stage.upstream.to_string());
    let jwks = stage.jwks.to_str().unwrap();
    let arguments = ["--jwks", jwks, "--listen", &listen, "--origin", &behind, "--upstream", &upstream];
    let out = export(stage, "haproxy", &arguments);
    let mut haproxy = Command::new(program("haproxy"));
    haproxy.arg("-C").arg(&out).args(["-f", "haproxy.cfg"]);
    Running::at(address).with(stage, &mut origin_server(stage, origin), origin).with(stage, &mut haproxy, address)
}

/// nginx with the objects as its root: a static server as anybody has one.
fn origin_server(stage: &Stage, address: SocketAddr) -> Command {
    let folder = stage.work.join("origin");
    std::fs::create_dir_all(&folder).unwrap();
    let objects = stage.objects.display();
    let work = folder.display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {work}/{name};\n"))
        .concat();
    let text = format!(
        "daemon off;\nuser root;\npid {work}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{paths}access_log off;\n\
         gzip_static on;\nserver {{ listen {address}; root {objects}; }}\n}}\n"
    );
    std::fs::write(folder.join("nginx.conf"), text).unwrap();
    let mut nginx = Command::new(program("nginx"));
    nginx.arg("-p").arg(&folder).args(["-c", "nginx.conf"]);
    nginx
}
