//! `tierpress members keys`: the keys that tokens are signed with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tierpress::account::{self, AccountError};
use tierpress::diagnostic::{Diagnostic, any_error};
use tierpress::ledger::Ledger;
use tierpress::load::config;
use tierpress::time::Timestamp;

use super::super::build::failed;
use super::super::{Ending, Format, present, say};

/// What `members keys` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members keys rotate --db members.db")]
pub(in super::super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the next key: it is published at once, and signed with when all edges have it
    Rotate(Rotate),
}

/// What `members keys rotate` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members keys rotate --db members.db
  tierpress members keys rotate --db postgres://ledger.example/shop --root my-school

The old key stays published until the last token that it signed is over. Servers that run see the new one by themselves.")]
struct Rotate {
    /// The ledger: a file, or postgres://… where several instances run
    #[arg(long, value_name = "FILE|URL", env = "TIERPRESS_DB", hide_env_values = true)]
    db: String,
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let Command::Rotate(rotate) = &arguments.command;
    match rotated(rotate) {
        Ok(since) => {
            match rotate.format {
                Format::Json => say::json(&serde_json::json!({"since": since})),
                Format::Text => {
                    say::line(&format!("the next key is published; tokens are signed with it from {since} on"))
                }
            }
            Ending::Done
        }
        Err(faults) => failed(&faults, rotate.format, ""),
    }
}

fn rotated(arguments: &Rotate) -> Result<Timestamp, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let config = config::load(&arguments.root, &mut faults);
    let config = config.filter(|_| !any_error(&faults)).ok_or(faults)?;
    let setup = |error: &dyn std::fmt::Display| vec![Diagnostic::setup(error.to_string())];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| setup(&error))?;
    runtime.block_on(async {
        let ledger = Ledger::open(&arguments.db).await.map_err(|error| setup(&error))?;
        let rotated = account::rotate(&ledger, config.token.max_ttl, present()).await;
        ledger.close().await;
        rotated.map_err(|error| {
            let fault = Diagnostic::setup(error.to_string());
            let AccountError::Waits(since) = error else { return vec![fault] };
            vec![fault.help(format!("it is signed with from {since} on"))]
        })
    })
}
