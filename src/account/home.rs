//! What a member has, until when, what opens next, and what can be done about it.

use super::answer::{self, Answer};
use super::openings;
use super::visit::{Signed, Visit};
use super::{AccountError, buy, cancel, change, present};
use crate::access::catalogue::Kind;
use crate::config::largest::COOKIE;
use crate::edge::token::issue::{Claims, SigningError};
use crate::ledger::{Held, Waiting};
use crate::manifest::Manifest;
use crate::members::{self, State};
use crate::render::account::{Account, Deed, Grant};
use crate::render::context;
use crate::time::Timestamp;

/// The shortest life of a token, in seconds: what changes sooner is seen by the next one.
const SHORTEST: i64 = 5;

/// The account page.
pub(super) async fn home(visit: &Visit<'_>, manifest: Option<&Manifest>) -> Result<Answer, AccountError> {
    let Some(signed) = visit.signed().await? else { return Ok(visit.sign_in_first(&visit.request.next())) };
    let service = visit.service;
    let strings = |key: &str| service.string(key).to_owned();
    let signed_in =
        signed.held.address.as_deref().map(|address| service.fill("account_signed_in", &[("address", address)]));
    let deed = |title: String, button: String, action: String| Deed {
        title,
        button,
        action,
        token: signed.secret.form_token(),
    };
    let mut waiting = Vec::new();
    for apart in service.parts.ledger.waiting_for(&signed.held.id).await? {
        let title = bought(visit, &apart).await?.unwrap_or_else(|| strings("account_purchase"));
        waiting.push(deed(title, strings("account_accept"), format!("/account/accept/{}", apart.id)));
    }
    let free = change::free(visit, &signed.held).into_iter().map(|(id, title)| {
        let button = service.fill("join", &[("title", &title)]);
        deed(title, button, format!("/account/add/{id}"))
    });
    let account = Account {
        title: strings("account_title"),
        texts: signed_in.into_iter().collect(),
        address: signed.held.address.clone(),
        grants: grants(visit, &signed),
        waiting,
        opens: manifest.map(|manifest| openings::of(visit, &signed.held, manifest)).unwrap_or_default(),
        free: free.collect(),
        offers: offers(visit, &signed.held),
        ..Account::default()
    };
    let mut page = visit.page(200, "account/home.html", account)?;
    token_cookie(visit, (&signed.held, signed.until), &mut page)?;
    Ok(page)
}

/// What a purchase that waits would give.
async fn bought(visit: &Visit<'_>, waiting: &Waiting) -> Result<Option<String>, AccountError> {
    let (rules, ledger) = (visit.service.rules(), &visit.service.parts.ledger);
    let apart = ledger.member(&waiting.id, &present(&rules, visit.now())).await?;
    let grants = apart.map(|apart| apart.member.grants).unwrap_or_default();
    let sold = grants.iter().filter(|grant| grant.product.is_some() && grant.ended.is_none());
    let titles: Vec<&str> = sold.filter_map(|grant| rules.catalogue.title(&grant.access_control)).collect();
    Ok((!titles.is_empty()).then(|| titles.join(", ")))
}

/// Puts a new token into an answer's cookie. The cookie stays as long as the session, so that an edge that finds the token
/// over sends the browser to be given another.
pub(super) fn token_cookie(
    visit: &Visit<'_>,
    (held, until): (&Held, Timestamp),
    answer: &mut Answer,
) -> Result<(), AccountError> {
    let service = visit.service;
    let now = visit.now();
    let settings = &service.settings;
    let max = usize::try_from(settings.max_entitlements).unwrap_or(usize::MAX);
    let entitlements = held.member.entitlements(&service.rules(), max);
    // What time changes, no token outlives.
    let longest = now.seconds() + i64::from(settings.max_ttl);
    let changes = held.member.changes.map_or(longest, |changes| changes.seconds().max(now.seconds() + SHORTEST));
    let expires = Timestamp::saturating(longest.min(changes));
    let keys = service.keys.load();
    let key = keys.signs(now).ok_or_else(|| AccountError::Key("there is none".to_owned()))?;
    let failed = |error: SigningError| AccountError::Key(error.to_string());
    let life = until.seconds() - now.seconds();
    let cookie = fitting(&entitlements, COOKIE, |entitlements| {
        let claims = Claims { settings, subject: Some(&held.id), issued: now, expires, entitlements };
        Ok(answer::cookie((&settings.cookie, &key.sign(&claims).map_err(failed)?), life))
    })?;
    answer::add_cookie(answer, cookie);
    Ok(())
}

/// Makes a cookie of as much as fits. A browser drops one that is too large without a word; what has ended stands last, and is
/// left out first.
fn fitting<T>(
    all: &[T],
    most: usize,
    make: impl Fn(&[T]) -> Result<String, AccountError>,
) -> Result<String, AccountError> {
    let mut some = all;
    loop {
        let made = make(some)?;
        match some {
            [rest @ .., _] if made.len() > most => some = rest,
            _ => return Ok(made),
        }
    }
}

fn grants(visit: &Visit<'_>, signed: &Signed) -> Vec<Grant> {
    let config = &visit.service.parts.frame.config;
    let strings = visit.service.parts.frame.theme.strings();
    let mut shown: Vec<Grant> = Vec::new();
    for grant in &signed.held.member.grants {
        let title = config.catalogue.title(&grant.access_control).unwrap_or(grant.access_control.as_str());
        let deed = |place: &str| super::cancel::deed(place, &grant.reference);
        let cancel = cancel::may_cancel(visit, grant).then(|| deed("cancel"));
        let keep = cancel::may_keep(visit, grant).then(|| deed("keep"));
        shown.push(Grant {
            title: title.to_owned(),
            kind: match grant.kind {
                Some(Kind::Tier) => "tier",
                Some(Kind::Bundle) => "bundle",
                None => "",
            },
            state: name(grant.state),
            text: words(visit, grant),
            since: strings.from(grant.since, &config.zone),
            cancel,
            keep,
        });
    }
    // What is in force first, what is over last.
    shown.sort_by_key(|grant| matches!(grant.state, "cancelled" | "expired"));
    shown
}

fn name(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::PendingCancellation => "pending_cancellation",
        State::Overdue => "overdue",
        State::Superseded => "superseded",
        State::Suspended => "suspended",
        State::Cancelled => "cancelled",
        State::Expired => "expired",
    }
}

/// A grant's state with its dates.
fn words(visit: &Visit<'_>, grant: &members::Grant) -> String {
    let service = visit.service;
    let (strings, zone) = (service.parts.frame.theme.strings(), &service.parts.frame.config.zone);
    let until = |key: &str, at: Timestamp| service.fill(key, &[("date", &strings.until(at, zone).text)]);
    let from = |key: &str, at: Timestamp| service.fill(key, &[("date", &strings.from(at, zone).text)]);
    match grant.state {
        State::Active => {
            let since = service.fill("account_active", &[("since", &strings.from(grant.since, zone).text)]);
            let dates = grant.due.map(|due| from("account_due", due));
            let dates = dates.into_iter().chain(grant.until.map(|at| until("account_until", at)));
            std::iter::once(since).chain(dates).collect::<Vec<_>>().join("; ")
        }
        State::PendingCancellation => match grant.until.or(grant.due) {
            Some(at) => until("account_pending", at),
            None => service.fill("account_active", &[("since", &strings.from(grant.since, zone).text)]),
        },
        State::Overdue => service.string("account_overdue").to_owned(),
        State::Superseded => service.string("account_superseded").to_owned(),
        State::Suspended => service.string("account_suspended").to_owned(),
        State::Cancelled | State::Expired => match (grant.frozen, grant.until) {
            (Some(at), _) => from("account_frozen", at),
            (None, Some(at)) => from("account_ended", at),
            (None, None) => String::new(),
        },
    }
}

/// What can be bought and is not held, each with a link that says who buys.
fn offers(visit: &Visit<'_>, held: &Held) -> Vec<context::Product> {
    let is_held = |id: &str| {
        let held = held.member.grants.iter().filter(|grant| grant.access_control.as_str() == id);
        held.into_iter().any(|grant| grant.ended.is_none())
    };
    let products = visit.service.parts.frame.products.iter();
    let sold = products.filter(|product| product.buy.is_some() && !is_held(&product.sells)).cloned();
    let signed = sold.map(|product| {
        let buy = product.buy.as_deref().map(|url| buy::link(visit.service, url, (&held.id, visit.now())));
        context::Product { buy, ..product }
    });
    signed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_a_browser_would_drop_is_never_set() {
        let make = |some: &[&str]| Ok(format!("cookie={}", some.concat()));
        let fit = |most: usize| fitting(&["pro", "free", "old"], most, make).unwrap();
        assert_eq!(fit(17), "cookie=profreeold");
        assert_eq!(fit(16), "cookie=profree");
        assert_eq!(fit(10), "cookie=pro");
        assert_eq!(fit(1), "cookie=", "whoever has nothing is told so");
    }
}
