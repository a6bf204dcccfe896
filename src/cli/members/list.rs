//! `tierpress members list`.

use clap::{Args, ValueEnum};
use tierpress::ledger::Held;
use tierpress::members::State;
use tierpress::review::words::Words;

use super::super::{Ending, Format, say};
use super::desk::{At, Desk, Faults, If, fault, json, state, table, with};

/// What `members list` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members list --db members.db
  tierpress members list --db members.db --access pro --state overdue
  tierpress members list --db members.db --now 2027-01-01 --format json")]
pub(in super::super) struct Arguments {
    /// Only members with a grant of this tier or bundle
    #[arg(long, value_name = "ID")]
    access: Option<String>,
    /// Only members with a grant in this state
    #[arg(long, value_enum)]
    state: Option<Which>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only members whose ids come after this one
    #[arg(long, value_name = "MEMBER", default_value = "")]
    after: String,
    #[command(flatten)]
    at: At,
    /// How they are said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A state of a grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Which {
    Active,
    PendingCancellation,
    Overdue,
    Superseded,
    Suspended,
    Cancelled,
    Expired,
}

impl From<Which> for State {
    fn from(which: Which) -> Self {
        match which {
            Which::Active => Self::Active,
            Which::PendingCancellation => Self::PendingCancellation,
            Which::Overdue => Self::Overdue,
            Which::Superseded => Self::Superseded,
            Which::Suspended => Self::Suspended,
            Which::Cancelled => Self::Cancelled,
            Which::Expired => Self::Expired,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    with(&arguments.at, (If::There, arguments.format), async |desk| list(arguments, desk).await)
}

async fn list(arguments: &Arguments, desk: &Desk) -> Result<Ending, Faults> {
    let access = arguments.access.as_deref().map(|id| desk.access_control(id)).transpose()?;
    let wanted = arguments.state.map(State::from);
    let rules = desk.rules();
    let most = arguments.limit.unwrap_or(usize::MAX);
    let mut after = arguments.after.clone();
    let mut found: Vec<Held> = Vec::new();
    while found.len() < most {
        let page = desk.ledger.members(&after, &desk.present(&rules)).await.map_err(fault)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        found.extend(page.into_iter().filter(|held| {
            (access.is_none() && wanted.is_none())
                || held.member.grants.iter().any(|grant| {
                    access.as_ref().is_none_or(|access| grant.access_control == *access)
                        && wanted.is_none_or(|wanted| grant.state == wanted)
                })
        }));
    }
    found.truncate(most);
    match arguments.format {
        Format::Json => {
            let members: Vec<_> = found
                .iter()
                .map(|Held { id, address, member }| {
                    serde_json::json!({ "member": id, "address": address, "has": member })
                })
                .collect();
            json(&serde_json::json!({ "at": desk.now, "members": members }))?;
        }
        Format::Text => text(&found, desk.words()),
    }
    Ok(Ending::Done)
}

fn text(found: &[Held], words: Words<'_>) {
    let mut rows = vec![["member", "address", "since", "tier", "grants"].map(ToOwned::to_owned).to_vec()];
    for Held { id, address, member } in found {
        let grants = member.grants.iter().filter(|grant| grant.ended.is_none());
        let grants: Vec<String> = grants
            .map(|grant| {
                let id = &grant.access_control;
                if grant.state == State::Active { id.to_string() } else { format!("{id} ({})", state(grant.state)) }
            })
            .collect();
        rows.push(vec![
            id.clone(),
            address.clone().unwrap_or_else(|| "-".to_owned()),
            member.joined.map_or_else(|| "-".to_owned(), |joined| words.day(joined)),
            member.tier.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            if member.erased.is_some() { "erased".to_owned() } else { grants.join(", ") },
        ]);
    }
    if !found.is_empty() {
        table(&rows);
    }
    say::line(&say::number(found.len(), "member"));
}
