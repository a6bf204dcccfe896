//! Members' histories in words: what happened, and what somebody has, as people say it.

use std::fmt::Display;

use jiff::tz::TimeZone;

use super::event::{self, By, Event, PaidFor, What};
use super::member::{Code, Grant, State};
use super::notification::{Notification, Topic};
use super::timeline::Dated;
use crate::access::entitlement::Entitlement;
use crate::id::Id;
use crate::time::Timestamp;

/// A day, or an instant where it is not a day's first one.
#[must_use]
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    let civil = at.civil(zone);
    let (date, time) = (civil.date(), civil.time());
    if civil.date().to_datetime(jiff::civil::Time::midnight()) == civil {
        return date.to_string();
    }
    if time.second() == 0 {
        format!("{date} {:02}:{:02}", time.hour(), time.minute())
    } else {
        format!("{date} {time}")
    }
}

/// `a, b, c`; `nothing`.
pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

/// What happened.
#[must_use]
pub fn event(event: &Event, zone: &TimeZone) -> String {
    let until = |until: &Option<Timestamp>| until.map(|at| format!(", until {}", day(at, zone))).unwrap_or_default();
    match &event.what {
        What::Joined {} => "joins".to_owned(),
        What::Purchased { grant, terms, trial_until } => {
            let product = &terms.product;
            let named = if product.as_str() == grant { String::new() } else { format!(" as {grant}") };
            let trial = trial_until.map(|at| format!(", trial until {}", day(at, zone))).unwrap_or_default();
            format!("buys {product}{named}{trial}")
        }
        What::PaymentSucceeded { grant, paid, paid_for, .. } => {
            let paid_for = match paid_for {
                PaidFor::Period { .. } => String::new(),
                PaidFor::Trial {} => " for the trial".to_owned(),
                PaidFor::Proration {} => " for a switch".to_owned(),
            };
            format!("pays {paid} for {grant}{paid_for}")
        }
        What::PaymentFailed { grant } => format!("fails to pay for {grant}"),
        What::Cancelled { grant, by, until: ends } => {
            let by = match by {
                By::Member => "",
                By::Admin => " (the manager)",
                By::Provider => " (the payment provider)",
            };
            format!("cancels {grant}{by}{}", until(ends))
        }
        What::Uncancelled { grant } => format!("takes back the cancellation of {grant}"),
        What::Switched { grant, terms } => format!("switches {grant} to {}", terms.product),
        What::Refunded { grant, refunded, full, .. } => {
            format!("gets {refunded} of {grant} back{}", if *full { ", all of it" } else { "" })
        }
        What::Disputed { grant, .. } => format!("disputes a payment of {grant}"),
        What::Granted { grant, access_control, why, until: ends, .. } => {
            let named = if access_control.as_str() == grant { String::new() } else { format!(" as {grant}") };
            let verb = match why {
                event::Why::Free => "takes",
                event::Why::Complimentary => "is given",
                event::Why::Imported => "brings along",
            };
            format!("{verb} {access_control}{named}{}", until(ends))
        }
        What::Revoked { grant } => format!("has {grant} taken away"),
        What::Erased {} => "is forgotten".to_owned(),
    }
}

impl State {
    /// Its name, as it stands in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PendingCancellation => "pending_cancellation",
            Self::Overdue => "overdue",
            Self::Superseded => "superseded",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::PendingCancellation,
        Self::Overdue,
        Self::Superseded,
        Self::Suspended,
        Self::Cancelled,
        Self::Expired,
    ];
}

impl Code {
    /// Its name, the same for ever.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overlap => "billing.overlap",
            Self::BundleRefused => "bundle.refused",
            Self::FreeAgain => "free.again",
            Self::TrialAgain => "trial.again",
            Self::GrantUnknown => "grant.unknown",
            Self::GrantKnown => "grant.known",
            Self::GrantEnded => "grant.ended",
            Self::GrantScheduled => "grant.scheduled",
            Self::AccessControlUnknown => "access_control.unknown",
            Self::PaymentUnused => "payment.unused",
            Self::PaymentUnknown => "payment.unknown",
            Self::MemberErased => "member.erased",
        }
    }

    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Overlap,
        Self::BundleRefused,
        Self::FreeAgain,
        Self::TrialAgain,
        Self::GrantUnknown,
        Self::GrantKnown,
        Self::GrantEnded,
        Self::GrantScheduled,
        Self::AccessControlUnknown,
        Self::PaymentUnused,
        Self::PaymentUnknown,
        Self::MemberErased,
    ];
}

pub(super) fn state(name: &str, state: Option<State>) -> String {
    state.map_or_else(|| format!("no grant `{name}`"), |state| format!("`{name}` {}", state.as_str()))
}

pub(super) fn dated(name: &str, dated: Dated, at: Option<Timestamp>, zone: &TimeZone) -> String {
    let word = match dated {
        Dated::Since => "since",
        Dated::Until => "until",
        Dated::Due => "due",
        Dated::Frozen => "frozen",
    };
    format!("`{name}` {word} {}", at.map_or("never".to_owned(), |at| day(at, zone)))
}

/// An entry of a token: `basic since 2027-01-01 until 2027-02-01`.
pub(super) fn entry(entry: &Entitlement, zone: &TimeZone) -> String {
    let Entitlement { value, since, until, frozen } = entry;
    span(value, (*since, *until, *frozen), zone)
}

/// The same, from its parts: since when, until when, and when it was frozen.
#[must_use]
pub fn span(
    value: &Id,
    (since, until, frozen): (Timestamp, Option<Timestamp>, Option<Timestamp>),
    zone: &TimeZone,
) -> String {
    let mut text = format!("{value} since {}", day(since, zone));
    for (word, at) in [("until", until), ("frozen", frozen)] {
        text.extend(at.map(|at| format!(" {word} {}", day(at, zone))));
    }
    text
}

/// A grant: `basic-monthly: basic, active, due 2027-02-01`.
#[must_use]
pub fn grant(grant: &Grant, zone: &TimeZone) -> String {
    let name = &grant.reference;
    let what = &grant.access_control;
    let held = if name == what.as_str() { name.clone() } else { format!("{name} ({what})") };
    let mut text = format!("{held}: {}", grant.state.as_str().replace('_', " "));
    let dates = [("until", grant.until), ("due", grant.due), ("frozen", grant.frozen)];
    for (word, at) in dates.into_iter().filter_map(|(word, at)| at.map(|at| (word, at))) {
        text.push_str(&format!(", {word} {}", day(at, zone)));
    }
    text.extend(grant.payments.map(|payments| format!(", {payments} paid")));
    text
}

/// What is told: `tier.changed none to basic`.
#[must_use]
pub fn notification(told: &Notification) -> String {
    let name = |id: &Option<Id>| id.as_ref().map_or("none".to_owned(), ToString::to_string);
    let topic = told.topic.as_str();
    match (told.topic, &told.grant) {
        (Topic::TierChanged, _) => format!("{topic}: {} to {}", name(&told.from), name(&told.to)),
        (Topic::ContentOpened, _) => format!("{topic}: {}", told.paths.join(", ")),
        (_, Some(grant)) => format!("{topic}: {grant}"),
        (_, None) => topic.to_owned(),
    }
}
