//! `tierpress members serve`: `/account/` by itself, for edges that pass it on.

use std::path::PathBuf;

use clap::Args;
use tierpress::server::Listen;
use tierpress::server::account::{self, Alone};

use super::super::build::failed;
use super::super::{Ending, Format, edge, present};
use super::service::{self, ServiceArguments};

/// What `members serve` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members serve --db members.db --listen 127.0.0.1:9003 --mail-dir mails
  tierpress members serve --db members.db --listen unix:/run/tierpress/account.sock --smtp smtp.url

Edges pass /account/ on to it: `tierpress export nginx --upstream 127.0.0.1:9003`, `tierpress edge --upstream
http://127.0.0.1:9003`; their keys are `--jwks http://127.0.0.1:9003/account/jwks.json`. SIGHUP reads settings, theme and
secrets again; SIGTERM ends it when all is answered. The log goes to standard error, as JSON.")]
pub(in super::super) struct Arguments {
    /// The ledger: a file, or postgres://… where several instances run
    #[arg(long, value_name = "FILE|URL", env = "TIERPRESS_DB", hide_env_values = true)]
    db: String,
    /// Where to listen: an address and a port, or unix:/PATH
    #[arg(long, value_name = "ADDR")]
    listen: Listen,
    /// The manifest of the site: what opens next is said by it
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// How many connections are open at once
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let started = service::start(&arguments.service, &arguments.db);
    edge::log();
    let alone = Alone {
        listen: arguments.listen.clone(),
        manifest: arguments.manifest.clone(),
        max_connections: usize::try_from(arguments.max_connections).unwrap_or(usize::MAX),
        clock: present,
    };
    match started.and_then(|account| account::run(account, &alone)) {
        Ok(()) => Ending::Done,
        Err(faults) => failed(&faults, Format::Text, "; nothing is served"),
    }
}
