//! `tierpress members show`.

use clap::Args;
use tierpress::access::entitlement::Entitlement;
use tierpress::diagnostic::Diagnostic;
use tierpress::ledger::outbox::{Entry, State};
use tierpress::ledger::{Held, Waiting};

use super::super::{Ending, Format, say};
use super::desk::{At, Desk, Faults, If, fault, json, with};
use super::webhooks;

/// What `members show` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members show ada@learn.example --db members.db
  tierpress members show m_zwbcy3kfr07dn9vq51tx --db members.db --now 2027-01-01 --format json")]
pub(in super::super) struct Arguments {
    /// Whom: an id or a mail address
    member: String,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    with(&arguments.at, (If::There, arguments.format), async |desk| {
        let member = desk.find(&arguments.member).await?;
        show(desk, &member, arguments.format).await?;
        Ok(Ending::Done)
    })
}

/// Says what a member has.
pub(super) async fn show(desk: &Desk, member: &str, format: Format) -> Result<(), Faults> {
    let rules = desk.rules();
    let held = desk.ledger.member(member, &desk.present(&rules)).await.map_err(fault)?;
    let held = held.ok_or_else(|| vec![Diagnostic::setup(format!("there is no member `{member}`"))])?;
    let waiting = desk.ledger.waiting_for(&held.id).await.map_err(fault)?;
    let told = desk.ledger.told(&held.id).await.map_err(fault)?;
    let most = usize::try_from(desk.config.token.max_entitlements).unwrap_or(usize::MAX);
    let entitlements = held.member.entitlements(&rules, most);
    match format {
        Format::Json => json(&serde_json::json!({
            "at": desk.now,
            "member": held.id,
            "address": held.address,
            "has": held.member,
            "entitlements": entitlements.iter().map(entry).collect::<Vec<_>>(),
            "waiting": waiting.iter().map(|waiting| &waiting.id).collect::<Vec<_>>(),
            "notifications": told.iter().map(webhooks::entry).collect::<Vec<_>>(),
        })),
        Format::Text => {
            text(desk, &held, &waiting);
            for entitlement in &entitlements {
                say::line(&format!("  token: {}", token(desk, entitlement)));
            }
            let open = |entry: &&Entry| entry.ways.iter().any(|way| !matches!(way.state, State::Delivered(_)));
            let undelivered = told.iter().filter(open).count();
            if undelivered > 0 {
                say::line(&format!("  {} not delivered yet", say::number(undelivered, "notification")));
            }
            Ok(())
        }
    }
}

fn text(desk: &Desk, held: &Held, waiting: &[Waiting]) {
    let words = desk.words();
    let address = held.address.as_deref().map_or_else(String::new, |address| format!(" {address}"));
    let since = held.member.joined.map_or_else(String::new, |joined| format!(", member since {}", words.day(joined)));
    say::line(&format!("{}{address}{since}", held.id));
    if let Some(erased) = held.member.erased {
        say::line(&format!("  erased {}", words.day(erased)));
    }
    for grant in &held.member.grants {
        say::line(&format!("  {}", desk.grant(grant)));
    }
    for remark in &held.member.remarks {
        let code = serde_json::to_value(remark.code).unwrap_or_default();
        let grant = remark.grant.as_deref().map_or_else(String::new, |grant| format!(" ({grant})"));
        say::line(&format!("  note: {} {}{grant}", words.day(remark.at), code.as_str().unwrap_or_default()));
    }
    for Waiting { id, since, .. } in waiting {
        say::line(&format!("  waits to be accepted since {}: {id}", words.day(*since)));
    }
    if let Some(changes) = held.member.changes {
        say::line(&format!("  next change {}", words.day(changes)));
    }
}

pub(super) fn token(desk: &Desk, entitlement: &Entitlement) -> String {
    let Entitlement { value, since, until, frozen } = entitlement;
    let words = desk.words();
    let mut text = format!("{value} since {}", words.day(*since));
    if let Some(until) = until {
        text.push_str(&format!(" until {}", words.day(*until)));
    }
    if let Some(frozen) = frozen {
        text.push_str(&format!(", frozen {}", words.day(*frozen)));
    }
    text
}

pub(super) fn entry(entitlement: &Entitlement) -> serde_json::Value {
    let Entitlement { value, since, until, frozen } = entitlement;
    serde_json::json!({ "value": value, "since": since, "until": until, "frozen": frozen })
}
