//! `tierpress edge`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tierpress::edge::answer;
use tierpress::server::{self, Options};

use super::build::failed;
use super::{Ending, Format, present};

/// What `edge` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The manifest of a build, or its signed envelope (manifest.json.dsse)
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Where to listen: an address and a port
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Serve the site, or decide for other servers
    #[arg(long, value_enum, default_value_t = Mode::Serve)]
    mode: Mode,
    /// The folder of the objects [default: objects beside the manifest]
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// The header that holds the original target (decide)
    #[arg(long, value_name = "NAME", default_value = "Tierpress-Target")]
    target_header: String,
    /// The header that holds the original method (decide)
    #[arg(long, value_name = "NAME", default_value = "Tierpress-Method")]
    method_header: String,
    /// What stands before an object's name in X-Accel-Redirect (decide)
    #[arg(long, value_name = "PATH", default_value = "/_tierpress_objects/")]
    accel_prefix: String,
    /// Another Content-Security-Policy; `none` for none
    #[arg(long, value_name = "POLICY")]
    csp: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    Serve,
    Decide,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let csp = match arguments.csp.as_deref() {
        Some("none") => None,
        Some(csp) => Some(csp.to_owned()),
        None => Some(answer::CSP.to_owned()),
    };
    let options = Options {
        manifest: arguments.manifest.clone(),
        objects: arguments.objects.clone(),
        listen: arguments.listen,
        mode: match arguments.mode {
            Mode::Serve => server::Mode::Serve,
            Mode::Decide => server::Mode::Decide,
        },
        target_header: arguments.target_header.clone(),
        method_header: arguments.method_header.clone(),
        accel_prefix: arguments.accel_prefix.clone(),
        csp,
        threads: 1,
        memory: 0,
        max_connections: 10_000,
        clock: present,
    };
    match server::run(options) {
        Ok(()) => Ending::Done,
        Err(fault) => failed(&[*fault], Format::Text, "; nothing is served"),
    }
}
