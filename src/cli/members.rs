//! `tierpress members`: what people bought, and what it gives them. Each command of the group is a file.

mod deeds;
mod desk;
mod events;
mod keys;
mod list;
mod people;
mod providers;
mod quote;
mod serve;
pub(super) mod service;
mod show;
mod simulate;
mod transfer;
mod webhooks;
mod why;

use clap::{Args, Subcommand};

use super::Ending;

/// What `members` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members import old-system.csv --db members.db
  tierpress members list --db members.db --access pro
  tierpress members grant ada@learn.example pro --db members.db --until 2027-12-31
  tierpress members why ada@learn.example /course/two/ --db members.db --manifest tierpress-out/manifest.json
  tierpress members simulate ada.yaml
  tierpress members quote basic-monthly pro-monthly --since 2027-01-01 --at 2027-01-16

The ledger is a file of SQLite, or a database of PostgreSQL where several instances run; TIERPRESS_DB names it for all commands.")]
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
    /// Show all members, and what they have
    List(list::Arguments),
    /// Show what one member has
    Show(show::Arguments),
    /// Say why a member can open a page, or cannot
    Why(why::Arguments),
    /// Give a member a tier or a bundle
    Grant(deeds::GrantArguments),
    /// Take a grant away, at once
    Revoke(deeds::RevokeArguments),
    /// Cancel a grant, as its member could
    Cancel(deeds::CancelArguments),
    /// Accept a purchase that came by an address alone
    Accept(people::AcceptArguments),
    /// Change a member's mail address
    Email(people::EmailArguments),
    /// Sign a member out of all browsers
    SignOut(people::SignOutArguments),
    /// Make two members one
    Merge(people::MergeArguments),
    /// Forget who a member is
    Erase(people::EraseArguments),
    /// Show what was told of members
    Events(events::Arguments),
    /// Take events in, one line each
    Record(events::RecordArguments),
    /// See who is told what changes, what became of it, and tell it again
    Webhooks(webhooks::Arguments),
    /// Tell what time changes, and deliver what is due: for those who run no service
    Deliver(webhooks::DeliverArguments),
    /// Write everything out
    Export(transfer::ExportArguments),
    /// Take members of another system in, or what another ledger wrote
    Import(transfer::ImportArguments),
    /// Work out what a running period is still worth on a switch of tiers
    Quote(quote::Arguments),
    /// Play what one member might do, and see what they have, are told and can open
    Simulate(simulate::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match &arguments.command {
        Command::Keys(arguments) => keys::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Why(arguments) => why::run(arguments),
        Command::Grant(arguments) => deeds::grant(arguments),
        Command::Revoke(arguments) => deeds::revoke(arguments),
        Command::Cancel(arguments) => deeds::cancel(arguments),
        Command::Accept(arguments) => people::accept(arguments),
        Command::Email(arguments) => people::email(arguments),
        Command::SignOut(arguments) => people::sign_out(arguments),
        Command::Merge(arguments) => people::merge(arguments),
        Command::Erase(arguments) => people::erase(arguments),
        Command::Events(arguments) => events::run(arguments),
        Command::Record(arguments) => events::record(arguments),
        Command::Webhooks(arguments) => webhooks::run(arguments),
        Command::Deliver(arguments) => webhooks::deliver(arguments),
        Command::Export(arguments) => transfer::export(arguments),
        Command::Import(arguments) => transfer::import(arguments),
        Command::Quote(arguments) => quote::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
    }
}
