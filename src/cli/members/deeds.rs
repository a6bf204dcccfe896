//! `tierpress members grant`, `revoke` and `cancel`: what a manager does by hand, as events of the source `admin`.

use clap::Args;
use tierpress::diagnostic::Diagnostic;
use tierpress::ledger::{Appended, event_id};
use tierpress::members::event::{By, Event, MemberId, What, Why};
use tierpress::members::{Grant, State, origin};
use tierpress::provider::stripe::{self, api};
use tierpress::provider::{Api as _, Change};

use super::super::{Ending, Format, say};
use super::desk::{At, Desk, Faults, If, address, fault, json, one, with};
use super::providers::StripeArguments;
use super::show;

/// What `members grant` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members grant ada@learn.example pro --db members.db --until 2027-12-31
  tierpress members grant bob@learn.example rust-course --db members.db --new
  tierpress members grant bob@learn.example basic --db members.db --since 2026-03-01 --id invoice-17

A gift, or what was paid by hand. The same --id twice is one grant.")]
pub(in super::super) struct GrantArguments {
    /// Whom: an id or a mail address
    member: String,
    /// The tier or bundle
    access_control: String,
    /// From when on it counts: a date or an instant [default: now]
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// The last day, or the instant at which it ends
    #[arg(long, value_name = "T")]
    until: Option<String>,
    /// Make a member of the address if there is none
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    deed: Deed,
}

/// What `members revoke` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members revoke ada@learn.example pro --db members.db
  tierpress members revoke ada@learn.example order-1042 --db members.db

It ends at once. A payment provider is told nothing and goes on charging: cancel it there.")]
pub(in super::super) struct RevokeArguments {
    /// Whose: an id or a mail address
    member: String,
    /// The grant, or the tier or bundle where there is only one grant of it
    grant: String,
    #[command(flatten)]
    deed: Deed,
}

/// What `members cancel` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members cancel ada@learn.example pro --db members.db
  tierpress members cancel ada@learn.example order-1042 --db members.db --until 2027-03-01
  tierpress members cancel ada@learn.example pro --db members.db --stripe-key stripe.key
  tierpress members cancel ada@learn.example pro --db members.db --stripe-key stripe.key --undo

What is paid for a period goes on to its end. With a key that may write subscriptions Stripe is asked to end what it collects,
and its webhook says so; without one, and with --until, a payment provider is told nothing and goes on charging: cancel it
there.")]
pub(in super::super) struct CancelArguments {
    /// Whose: an id or a mail address
    member: String,
    /// The grant, or the tier or bundle where there is only one grant of it
    grant: String,
    /// The last day, or the instant at which it ends [default: as what was bought says]
    #[arg(long, value_name = "T")]
    until: Option<String>,
    /// Take a cancellation back that has not taken effect
    #[arg(long, conflicts_with = "until")]
    undo: bool,
    #[command(flatten)]
    stripe: StripeArguments,
    #[command(flatten)]
    deed: Deed,
}

/// What all deeds take.
#[derive(Debug, Args)]
struct Deed {
    /// What the event is called: the same id twice is one event [default: a new one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn grant(arguments: &GrantArguments) -> Ending {
    let GrantArguments { member, access_control, since, until, new, deed } = arguments;
    with(&deed.at, (If::Missing, deed.format), async |desk| {
        let access_control = desk.access_control(access_control)?;
        let since = desk.date("--since", since.as_deref())?.map(|date| date.first);
        let until = desk.date("--until", until.as_deref())?.map(|date| date.end);
        let start = since.unwrap_or(desk.now);
        if until.is_some_and(|until| until <= start) {
            return Err(one("it would end before it begins"));
        }
        let member = if *new && member.contains('@') {
            desk.ledger.join(&address(member)?).await.map_err(fault)?
        } else {
            desk.find(member).await.map_err(|faults| helped(faults, "to make a member of an address, add `--new`"))?
        };
        let catalogue = &desk.config.catalogue;
        let tier = catalogue.tier(&access_control).and_then(|tier| tier.expires_after);
        let expires_after = catalogue.bundle(&access_control).and_then(|bundle| bundle.expires_after).or(tier);
        let id = deed.name()?;
        let what = What::Granted {
            grant: id.clone(),
            access_control,
            why: Why::Complimentary,
            since,
            until,
            expires_after: expires_after.filter(|_| until.is_none()),
        };
        append(desk, (member, id), what, deed.format).await
    })
}

pub(super) fn revoke(arguments: &RevokeArguments) -> Ending {
    let RevokeArguments { member, grant, deed } = arguments;
    with(&deed.at, (If::There, deed.format), async |desk| {
        let member = desk.find(member).await?;
        // What begins later is no grant yet; its name is enough.
        let begins = |event: &Event| matches!(&event.what, What::Granted { grant: known, .. } if known == grant);
        let waits = desk.ledger.events_of(&member).await.map_err(fault)?.iter().any(begins);
        let grant = match find(desk, &member, grant, |held| held.ended.is_none() || held.frozen.is_some()).await {
            Ok(found) => found.reference,
            Err(_) if waits => grant.clone(),
            Err(faults) => return Err(faults),
        };
        append(desk, (member, deed.name()?), What::Revoked { grant }, deed.format).await
    })
}

pub(super) fn cancel(arguments: &CancelArguments) -> Ending {
    let CancelArguments { member, grant, until, undo, stripe, deed } = arguments;
    with(&deed.at, (If::There, deed.format), async |desk| {
        let member = desk.find(member).await?;
        let grant = find(desk, &member, grant, |held| held.ended.is_none()).await?;
        let until = desk.date("--until", until.as_deref())?.map(|date| date.end);
        let origin = origin(&desk.ledger.events_of(&member).await.map_err(fault)?, &grant.reference);
        if origin.collects && origin.source == stripe::SOURCE && !grant.finished {
            match stripe.read().map_err(|fault| vec![*fault])?.filter(|_| until.is_none()) {
                Some(client) => return ask(&client, &grant, (*undo, deed.format)),
                None => say::diagnostics(&[untold(&grant)], deed.format),
            }
        }
        let grant = grant.reference;
        let what = if *undo { What::Uncancelled { grant } } else { What::Cancelled { grant, by: By::Admin, until } };
        append(desk, (member, deed.name()?), what, deed.format).await
    })
}

/// Asks Stripe to end a grant, or to let it go on. Nothing is written down here: its webhook says what became of it.
fn ask(client: &api::Client, grant: &Grant, (undo, format): (bool, Format)) -> Result<Ending, Faults> {
    let change = match (undo, grant.state) {
        (true, _) => Change::GoOn,
        (false, State::Overdue) => Change::EndNow,
        (false, _) => Change::End,
    };
    let name = &grant.reference;
    let order = stripe::order(name, change).ok_or_else(|| one(&format!("`{name}` is no subscription of Stripe's")))?;
    let refused = |why: &str| {
        let fault = Diagnostic::setup(format!("Stripe did not do it: {why}"));
        vec![fault.help("the key must be one that may write subscriptions; or cancel it in Stripe's dashboard")]
    };
    match client.order(&order) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(refused("it has no such subscription")),
        Err(error) => return Err(refused(&error.to_string())),
    }
    match format {
        Format::Json => json(&serde_json::json!({ "asked": stripe::SOURCE, "grant": name }))?,
        Format::Text => say::line(&format!("Stripe was asked about `{name}`, and its webhook says what became of it")),
    }
    Ok(Ending::Done)
}

fn untold(grant: &Grant) -> Diagnostic {
    let fault = Diagnostic::warning(format!("Stripe is told nothing of `{}`, and goes on charging", grant.reference));
    fault.help("cancel it there, or give `--stripe-key FILE` with a key that may write subscriptions")
}

impl Deed {
    fn name(&self) -> Result<String, Faults> {
        self.id.clone().map_or_else(|| event_id().map_err(fault), Ok)
    }
}

fn helped(faults: Faults, help: &str) -> Faults {
    faults.into_iter().map(|fault| fault.help(help)).collect()
}

/// The one grant that is meant, of those that something can be done about.
async fn find(desk: &Desk, member: &str, text: &str, of: impl Fn(&Grant) -> bool) -> Result<Grant, Faults> {
    let rules = desk.rules();
    let held = desk.ledger.member(member, &desk.present(&rules)).await.map_err(fault)?;
    let grants: Vec<Grant> = held.map(|held| held.member.grants).unwrap_or_default();
    let mut live: Vec<Grant> = grants.into_iter().filter(|grant| of(grant)).collect();
    let shown = live.iter().map(|grant| format!("`{}`", grant.reference)).collect::<Vec<_>>().join(", ");
    if let Some(at) = live.iter().position(|grant| grant.reference == text) {
        return Ok(live.swap_remove(at));
    }
    let id = desk.config.catalogue.lookup(text).map(|found| found.id);
    live.retain(|grant| Some(&grant.access_control) == id.as_ref());
    let only = live.pop();
    match only.filter(|_| live.is_empty()) {
        Some(grant) => Ok(grant),
        None => {
            let fault = Diagnostic::setup(format!("`{text}` is not one grant of `{member}` that goes on"));
            let help = if shown.is_empty() { "there is none".to_owned() } else { format!("there are {shown}") };
            Err(vec![fault.help(help)])
        }
    }
}

/// Appends an event of the manager's, and says what the member has then.
pub(super) async fn append(
    desk: &Desk,
    (member, id): (MemberId, String),
    what: What,
    format: Format,
) -> Result<Ending, Faults> {
    let event = Event { source: "admin".to_owned(), id, at: desk.now, member, what };
    let rules = desk.rules();
    match desk.ledger.append(&event, None, &desk.present(&rules)).await.map_err(fault)? {
        Appended::New => {}
        Appended::Known => say::diagnostics(&[Diagnostic::warning("this was done before")], format),
        Appended::Conflict(known) => {
            let conflict = Diagnostic::setup(format!("the id `{}` was used before", known.id));
            let known = serde_json::to_string(&known).map_err(|error| one(&error.to_string()))?;
            return Err(vec![conflict.help(format!("for {known}"))]);
        }
    }
    show::show(desk, &event.member, format).await?;
    Ok(Ending::Done)
}
