//! `tierpress members`: what people bought, and what it gives them. Each command of the group is a file.

mod keys;
mod quote;
mod serve;
pub(super) mod service;
mod simulate;

use clap::{Args, Subcommand};

use super::Ending;

/// What `members` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members simulate ada.yaml
  tierpress members quote basic-monthly pro-monthly --since 2027-01-01 --at 2027-01-16")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See to the keys that tokens are signed with
    Keys(keys::Arguments),
    /// Serve /account/ by itself, for edges that pass it on
    Serve(serve::Arguments),
    /// Work out what a running period is still worth on a switch of tiers
    Quote(quote::Arguments),
    /// Play what one member might do, and see what they have, are told and can open
    Simulate(simulate::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match &arguments.command {
        Command::Keys(arguments) => keys::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Quote(arguments) => quote::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
    }
}
