//! Whom events are about, and how well that is shown.
//!
//! Anybody can type somebody's address at a checkout. So an address says whose a purchase is, and never that it may take the
//! place of a tier: that needs a proof. What is known of a customer by addresses alone proves nothing either, however often it
//! was said.

use sqlx::AnyConnection;

use super::address::Address;
use super::append::by_name;
use super::mark::Mark;
use super::names::WAITING;
use super::{Error, Present, Refused, customers, people, read};
use crate::access::catalogue::Kind;
use crate::members::event::{Event, MemberId, Reference, What};
use crate::members::{self, Grant};

/// Sources of the site itself, which may say something of everybody's grants.
const OURS: [&str; 3] = ["account", "admin", "import"];

/// Whom events are about, as far as their source knows. Asked in the order of the fields, and the first that is found counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The member, by a source that knows their name.
    pub member: Option<&'a str>,
    /// Grants that are named besides those in the events: whose they are.
    pub grants: &'a [Reference],
    /// A member's name that we gave the source at checkout, and that came back signed.
    pub reference: Option<&'a str>,
    /// The source's own name for who pays.
    pub customer: Option<&'a str>,
    /// What they typed as their address: nobody has shown that it is theirs.
    pub address: Option<&'a Address>,
}

/// How well it is shown that somebody is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    /// An address that was typed, and what followed from it.
    None,
    /// It could change nothing that they had; or they were meant before, with a proof.
    Enough,
    /// We signed it, and it came back: this counts more than whatever was known before.
    Signed,
}

/// Whom events are about.
pub(super) struct Found {
    /// By their name of today; or the name that a purchase waits under.
    pub(super) member: MemberId,
    pub(super) proof: Proof,
}

/// Finds whom events are about. What would take the place of a tier without a proof is about nobody yet: it waits under a name
/// of its own.
pub(super) async fn find(
    connection: &mut AnyConnection,
    (source, about): (&str, &About<'_>),
    events: &[Event],
    present: &Present<'_>,
) -> Result<Option<Found>, Error> {
    let own = events.iter().filter_map(|event| event.what.grant());
    let grants: Vec<&str> = own.chain(about.grants.iter().map(String::as_str)).collect();
    if let Some(reference) = about.reference {
        claim(connection, (source, reference), &grants, present).await?;
    }
    let Some(first) = first(connection, (source, about), (events, &grants)).await? else { return Ok(None) };
    let (found, proof) = match first {
        // Told before: it goes where it went.
        First::Known(member) => return Ok(Some(Found { member, proof: Proof::None })),
        First::Proved(member, proof) => return Ok(Some(Found { member, proof })),
        First::Named(member) if member.starts_with(WAITING) => (member, Proof::None),
        First::Named(member) => weigh(connection, member, (events, &grants), present).await?,
    };
    Ok(Some(Found { member: found, proof }))
}

/// What is found first.
enum First {
    /// One of the events was told of them before.
    Known(MemberId),
    /// They are meant, and this shows it.
    Proved(MemberId, Proof),
    /// They are named.
    Named(MemberId),
}

async fn first(
    connection: &mut AnyConnection,
    (source, about): (&str, &About<'_>),
    (events, grants): (&[Event], &[&str]),
) -> Result<Option<First>, Error> {
    for event in events {
        if let Some(known) = by_name(connection, (source, &event.id)).await? {
            return Ok(Some(First::Known(people::holder(connection, &known.member).await?)));
        }
    }
    if let Some(member) = about.member {
        return Ok(Some(First::Proved(people::holder(connection, member).await?, Proof::Enough)));
    }
    let customer = match about.customer {
        Some(customer) => customers::by_customer(connection, source, customer).await?,
        None => None,
    };
    let customer = match customer {
        Some((member, proved)) => Some((people::holder(connection, &member).await?, proved)),
        None => None,
    };
    for grant in grants {
        if let Some(member) = people::by_grant(connection, source, grant).await? {
            let member = people::holder(connection, &member).await?;
            let proved = customer.is_some_and(|(known, proved)| proved && known == member);
            return Ok(Some(if proved { First::Proved(member, Proof::Enough) } else { First::Named(member) }));
        }
    }
    if let Some(member) = about.reference {
        return Ok(Some(First::Proved(people::holder(connection, member).await?, Proof::Signed)));
    }
    match (customer, about.address) {
        (Some((member, true)), _) => Ok(Some(First::Proved(member, Proof::Enough))),
        (Some((member, false)), _) => Ok(Some(First::Named(member))),
        (None, Some(address)) => {
            let member = match people::by_address(connection, address).await? {
                Some(member) => people::holder(connection, &member).await?,
                None => people::join(connection, address).await?,
            };
            Ok(Some(First::Named(member)))
        }
        (None, None) => Ok(None),
    }
}

/// Looks at what somebody has who is named and no more: whom events are about then.
async fn weigh(
    connection: &mut AnyConnection,
    member: MemberId,
    (events, grants): (&[Event], &[&str]),
    present: &Present<'_>,
) -> Result<(MemberId, Proof), Error> {
    let mark = Mark::take(connection, &member).await?;
    let held = read::events(connection, &mark.member).await?;
    let held = members::fold(&held, present.rules, present.now);
    let live: Vec<&Grant> = held.grants.iter().filter(|grant| grant.ended.is_none()).collect();
    // What a grant becomes takes the place of itself.
    let other_tier = |grant: &&Grant| grant.kind == Some(Kind::Tier) && !grants.contains(&grant.reference.as_str());
    if live.iter().any(other_tier) && events.iter().any(|event| sells_tier(event, present)) {
        return Ok((people::wait(connection, &mark.member, present.now).await?, Proof::None));
    }
    let had_nothing = live.is_empty() && !events.is_empty();
    Ok((mark.member, if had_nothing { Proof::Enough } else { Proof::None }))
}

fn sells_tier(event: &Event, present: &Present<'_>) -> bool {
    let access_control = match &event.what {
        What::Purchased { terms, .. } | What::Switched { terms, .. } => &terms.access_control,
        What::Granted { access_control, .. } => access_control,
        What::Joined {}
        | What::PaymentSucceeded { .. }
        | What::PaymentFailed { .. }
        | What::Cancelled { .. }
        | What::Uncancelled { .. }
        | What::Refunded { .. }
        | What::Disputed { .. }
        | What::Revoked { .. }
        | What::Erased {} => return false,
    };
    // What the catalogue of today does not know may be a tier again tomorrow.
    present.rules.catalogue.kind(access_control) != Some(Kind::Bundle)
}

/// Gives a member what they began to buy signed in, where a part of it arrived before the reference did: it waits, or made
/// somebody of the address that was typed. What others have had in their hands since stays theirs.
async fn claim(
    connection: &mut AnyConnection,
    (source, reference): (&str, &str),
    grants: &[&str],
    present: &Present<'_>,
) -> Result<(), Error> {
    for grant in grants {
        let Some(found) = people::by_grant(connection, source, grant).await? else { continue };
        let found = people::holder(connection, &found).await?;
        let member = people::holder(connection, reference).await?;
        if found == member {
            continue;
        }
        let events = read::events(connection, &found).await?;
        let is_of_it =
            |event: &Event| event.source == source && event.what.grant().is_some_and(|own| grants.contains(&own));
        if events.iter().all(is_of_it) && !people::has_sessions(connection, &found).await? {
            people::give(connection, &found, &member, present).await?;
        }
    }
    Ok(())
}

/// Whether a new event begins what no event has begun: under one name the second would be nobody's.
pub(super) fn is_new(known: &[Event], event: &Event) -> Result<(), Refused> {
    match event.what.grant().filter(|_| event.what.begins()) {
        Some(grant) if known.iter().any(|known| known.what.begins() && known.what.grant() == Some(grant)) => {
            Err(Refused::Begun(grant.to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a source may speak of the grant that a new event names: whoever told of its beginning, and the site itself. Two
/// sources that call different things by one name would otherwise pay for, and end, each other's.
pub(super) fn is_own(known: &[Event], event: &Event) -> Result<(), Refused> {
    let Some(grant) = event.what.grant().filter(|_| !OURS.contains(&event.source.as_str())) else { return Ok(()) };
    let mut of_it = known.iter().filter(|known| known.what.grant() == Some(grant));
    let whose = of_it
        .clone()
        .find(|known| known.what.begins())
        .or_else(|| of_it.find(|known| !OURS.contains(&known.source.as_str())))
        .map_or(event.source.as_str(), |known| known.source.as_str());
    if whose == event.source {
        return Ok(());
    }
    Err(Refused::Foreign { grant: grant.to_owned(), source_name: whose.to_owned() })
}
