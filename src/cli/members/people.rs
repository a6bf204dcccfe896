//! `tierpress members erase`, `merge`, `email`, `sign-out` and `accept`: who members are.

use clap::Args;
use tierpress::diagnostic::Diagnostic;
use tierpress::ledger::event_id;
use tierpress::members::event::What;

use super::super::{Ending, Format, say};
use super::desk::{At, If, address, fault, with};
use super::{deeds, show};

/// What `members erase` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members erase ada@learn.example --db members.db --yes

The address, the links to customers of payment providers, what providers sent and what was still to be told of the member are
deleted for good. What happened stays, without a name; what comes later of that member gives nothing.")]
pub(in super::super) struct EraseArguments {
    /// Whom: an id or a mail address
    member: String,
    /// Yes, for good
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `members merge` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members merge old@learn.example new@learn.example --db members.db --yes

All that the first one has, and will be told to have, is the second one's. It cannot be undone.")]
pub(in super::super) struct MergeArguments {
    /// Who will be no more: an id or a mail address
    former: String,
    /// Who will have it all, and keeps their address
    member: String,
    /// Yes, for good
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `members email` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members email ada@learn.example ada@lovelace.example --db members.db

Whoever is signed in as the member is signed out.")]
pub(in super::super) struct EmailArguments {
    /// Whose: an id or the present address
    member: String,
    /// The new address
    address: String,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `members sign-out` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members sign-out ada@learn.example --db members.db

In all browsers. What a token gives that somebody has already is good for the token's life, max_ttl of site.yaml.")]
pub(in super::super) struct SignOutArguments {
    /// Whom: an id or a mail address
    member: String,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `members accept` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members accept ada@learn.example --db members.db
  tierpress members accept ada@learn.example w_zwbcy3kfr07dn9vq51tx --db members.db

A purchase that came with a member's address alone does not take the place of the tier they have: it waits. Without its name
all that waits is shown.")]
pub(in super::super) struct AcceptArguments {
    /// Whose: an id or a mail address
    member: String,
    /// What waits
    waiting: Option<String>,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn erase(arguments: &EraseArguments) -> Ending {
    let EraseArguments { member, yes, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        let member = desk.find(member).await?;
        if !yes {
            let asked = Diagnostic::setup(format!("`{member}` would be erased for good"));
            return Err(vec![asked.help("if that is meant, add `--yes`")]);
        }
        let id = event_id().map_err(fault)?;
        deeds::append(desk, (member, id), What::Erased {}, *format).await
    })
}

pub(super) fn merge(arguments: &MergeArguments) -> Ending {
    let MergeArguments { former, member, yes, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        let (former, member) = (desk.find(former).await?, desk.find(member).await?);
        if !yes {
            let asked = Diagnostic::setup(format!("`{former}` would become `{member}` for good"));
            return Err(vec![asked.help("if that is meant, add `--yes`")]);
        }
        let rules = desk.rules();
        let dropped = desk.ledger.merge(&former, &member, &desk.present(&rules)).await.map_err(fault)?;
        if dropped {
            let dropped = Diagnostic::warning(format!("the address of `{former}` is dropped"));
            say::diagnostics(&[dropped.help("`tierpress members email` gives the member another one")], *format);
        }
        show::show(desk, &member, *format).await?;
        Ok(Ending::Done)
    })
}

pub(super) fn email(arguments: &EmailArguments) -> Ending {
    let EmailArguments { member, address: text, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        let member = desk.find(member).await?;
        desk.ledger.readdress(&member, &address(text)?).await.map_err(fault)?;
        show::show(desk, &member, *format).await?;
        Ok(Ending::Done)
    })
}

pub(super) fn sign_out(arguments: &SignOutArguments) -> Ending {
    let SignOutArguments { member, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        let member = desk.find(member).await?;
        let ended = desk.ledger.end_sessions(&member).await.map_err(fault)?;
        match format {
            Format::Json => super::desk::json(&serde_json::json!({ "member": member, "ended": ended }))?,
            Format::Text => {
                let ended = usize::try_from(ended).unwrap_or(usize::MAX);
                say::line(&format!("{} ended", say::number(ended, "session")));
            }
        }
        Ok(Ending::Done)
    })
}

pub(super) fn accept(arguments: &AcceptArguments) -> Ending {
    let AcceptArguments { member, waiting, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        let member = desk.find(member).await?;
        match waiting {
            Some(waiting) => {
                let rules = desk.rules();
                desk.ledger.accept(&member, waiting, &desk.present(&rules)).await.map_err(fault)?;
                show::show(desk, &member, *format).await?;
            }
            None => show_waiting(desk, &member, *format).await?,
        }
        Ok(Ending::Done)
    })
}

async fn show_waiting(desk: &super::desk::Desk, member: &str, format: Format) -> Result<(), super::desk::Faults> {
    let waiting = desk.ledger.waiting_for(member).await.map_err(fault)?;
    let rules = desk.rules();
    let mut list = Vec::new();
    for waiting in &waiting {
        let held = desk.ledger.member(&waiting.id, &desk.present(&rules)).await.map_err(fault)?;
        let grants = held.map(|held| held.member.grants).unwrap_or_default();
        if format == Format::Text {
            for grant in &grants {
                say::line(&format!("{}  {}", waiting.id, desk.grant(grant)));
            }
        }
        list.push(serde_json::json!({ "waiting": waiting.id, "since": waiting.since, "grants": grants }));
    }
    match format {
        Format::Json => super::desk::json(&serde_json::json!({ "member": member, "waiting": list })),
        Format::Text => {
            say::line(&format!("{} waiting", say::number(waiting.len(), "purchase")));
            Ok(())
        }
    }
}
