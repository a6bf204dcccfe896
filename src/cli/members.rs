//! `tierpress members`: what people bought, and what it gives them. Each command of the group is a file.

mod quote;
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
    /// Work out what a running period is still worth on a switch of tiers
    Quote(quote::Arguments),
    /// Play what one member might do, and see what they have, are told and can open
    Simulate(simulate::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match &arguments.command {
        Command::Quote(arguments) => quote::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
    }
}
