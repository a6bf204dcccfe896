//! What members change themselves: taking what is free, accepting what waits, cancelling, signing out. Each is a form that was
//! made for this session, and an event like any other.

use super::answer::{self, Answer};
use super::home::token_cookie;
use super::hook::Cancelling;
use super::visit::{SESSION, Signed, Visit};
use super::{AccountError, SOURCE, present};
use crate::access::catalogue::Cancellation;
use crate::config::product::Billing;
use crate::id::Id;
use crate::ledger::{self, Appended, Held, Refused};
use crate::members::event::{By, Event, What, Why};
use crate::members::{Grant, Source, State};
use crate::path;
use crate::render::account::Account;
use crate::render::context::Link;

/// Sources whose grants nobody else has to be told of.
const OURS: [&str; 3] = [SOURCE, "admin", "import"];

/// What is free, and the member may take: a tier where there is none, a bundle where there is one; what ends by itself once.
pub(super) fn free(visit: &Visit<'_>, held: &Held) -> Vec<(Id, String)> {
    let catalogue = &visit.service.parts.frame.config.catalogue;
    let member = &held.member;
    let is_open = |id: &Id, ends: bool| {
        let mut grants = member.grants.iter().filter(|grant| grant.access_control == *id);
        grants.all(|grant| !ends && matches!(grant.state, State::Cancelled | State::Expired))
    };
    let has_tier = member.tier.is_some();
    let tiers = catalogue.tiers().iter().filter(|tier| tier.free && !has_tier);
    let tiers = tiers.map(|tier| (&tier.id, &tier.title, tier.expires_after.is_some()));
    let bundles = catalogue.bundles().iter().filter(|bundle| bundle.free && has_tier);
    let bundles = bundles.map(|bundle| (&bundle.id, &bundle.title, bundle.expires_after.is_some()));
    let all = tiers.chain(bundles).filter(|(id, _, ends)| is_open(id, *ends));
    all.map(|(id, title, _)| (id.clone(), title.clone())).collect()
}

/// Gives a member something free, if they may have it; says whether.
pub(super) async fn take_free(visit: &Visit<'_>, member: &str, id: &str) -> Result<bool, AccountError> {
    let service = visit.service;
    let rules = service.rules();
    let now = present(&rules, visit.now());
    let Some(held) = service.parts.ledger.member(member, &now).await? else { return Ok(false) };
    let Some((access_control, _)) = free(visit, &held).into_iter().find(|(free, _)| free.as_str() == id) else {
        return Ok(false);
    };
    let catalogue = rules.catalogue;
    let bundle = || catalogue.bundles().iter().find(|bundle| bundle.id == access_control);
    let expires_after = match catalogue.tier(&access_control) {
        Some(tier) => tier.expires_after,
        None => bundle().and_then(|bundle| bundle.expires_after),
    };
    let id = ledger::event_id()?;
    let (grant, why) = (id.clone(), Why::Free);
    let what = What::Granted { grant, access_control, why, since: None, until: None, expires_after };
    append(visit, (&held.id, id), what).await?;
    Ok(true)
}

/// `POST /account/add/ID`.
pub(super) async fn add(visit: &Visit<'_>, id: &str) -> Result<Answer, AccountError> {
    let Some(signed) = own_form(visit).await? else { return visit.not_ours() };
    if take_free(visit, &signed.held.id, id).await? { home_again(visit, &signed).await } else { visit.refused() }
}

/// `POST /account/accept/WAITING`.
pub(super) async fn accept(visit: &Visit<'_>, waiting: &str) -> Result<Answer, AccountError> {
    let Some(signed) = own_form(visit).await? else { return visit.not_ours() };
    let rules = visit.service.rules();
    let ledger = &visit.service.parts.ledger;
    match ledger.accept(&signed.held.id, waiting, &present(&rules, visit.now())).await {
        Ok(()) => home_again(visit, &signed).await,
        Err(ledger::Error::Refused(Refused::NothingWaits(_))) => visit.refused(),
        Err(error) => Err(error.into()),
    }
}

/// Whether a member may end something here.
pub(super) fn may_cancel(visit: &Visit<'_>, grant: &Grant) -> bool {
    let runs = matches!(grant.state, State::Active | State::Overdue | State::Superseded | State::Suspended);
    let theirs = match grant.source {
        Source::Purchased | Source::Free | Source::Complimentary | Source::Imported => true,
        Source::Default | Source::Downgrade => false,
    };
    let config = &visit.service.parts.frame.config;
    let product = grant.product.as_ref().and_then(|id| config.product(id));
    let named = !grant.reference.contains('/') && path::is_servable(&format!("/account/cancel/{}", grant.reference));
    runs && theirs && named && product.is_none_or(|product| product.member_cancel)
}

/// `GET /account/cancel/GRANT`: says what it means, and asks.
pub(super) async fn cancel_page(visit: &Visit<'_>, reference: &str) -> Result<Answer, AccountError> {
    let Some(signed) = visit.signed().await? else { return Ok(visit.sign_in_first("")) };
    let Some(grant) = running(&signed.held, reference) else { return visit.unknown() };
    if !may_cancel(visit, grant) {
        return visit.message(409, ("account_refused_title", "account_cancel_refused"));
    }
    let service = visit.service;
    let config = &service.parts.frame.config;
    let name = config.catalogue.title(&grant.access_control).unwrap_or(grant.access_control.as_str());
    let keeps = config.catalogue.cancellation() == Cancellation::KeepUnlocked;
    let text = match grant.due.filter(|_| grant.state == State::Active) {
        Some(due) => {
            let date = service.parts.frame.theme.strings().until(due, &config.zone).text;
            service.fill("account_cancel_due", &[("date", &date)])
        }
        None if keeps => service.string("account_cancel_keeps").to_owned(),
        None => service.string("account_cancel_now").to_owned(),
    };
    let action = format!("/account/cancel/{}", path::encode(reference));
    let title = service.fill("account_cancel", &[("title", name)]);
    let mut form = visit.form(&action, "account_cancel", &signed.secret);
    form.button.clone_from(&title);
    let (texts, links) = (vec![text], visit.back());
    visit.page(200, "account/confirm.html", Account { title, texts, form: Some(form), links, ..Account::default() })
}

/// `POST /account/cancel/GRANT`. What others collect for, they are asked to end, and tell us so themselves.
pub(super) async fn cancel(visit: &Visit<'_>, reference: &str) -> Result<Answer, AccountError> {
    let Some(signed) = own_form(visit).await? else { return visit.not_ours() };
    let Some(grant) = running(&signed.held, reference) else { return visit.unknown() };
    if !may_cancel(visit, grant) {
        return visit.message(409, ("account_refused_title", "account_cancel_refused"));
    }
    let service = visit.service;
    let events = service.parts.ledger.events_of(&signed.held.id).await?;
    let (source, collects) = origin(&events, reference);
    if !collects || OURS.contains(&source.as_str()) {
        let what = What::Cancelled { grant: reference.to_owned(), by: By::Member, until: None };
        append(visit, (&signed.held.id, ledger::event_id()?), what).await?;
        return home_again(visit, &signed).await;
    }
    let asked = match service.parts.hooks.get(&source) {
        Some(hook) => hook.cancel(reference).await,
        None => Cancelling::Elsewhere,
    };
    let portal = match asked {
        Cancelling::Asked => return home_again(visit, &signed).await,
        Cancelling::Portal(url) => Some(url),
        Cancelling::Elsewhere => None,
    };
    let portal = portal.map(|url| Link { title: service.string("account_portal").to_owned(), url });
    let texts = vec![service.string("account_cancel_elsewhere").to_owned()];
    visit.say(200, "account_title", texts, portal.into_iter().chain(visit.back()).collect())
}

/// `GET /account/logout`: asks.
pub(super) async fn sign_out_page(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(signed) = visit.signed().await? else { return Ok(answer::go("/")) };
    let form = visit.form("/account/logout", "account_sign_out", &signed.secret);
    let strings = |key: &str| visit.service.string(key).to_owned();
    let (title, texts) = (strings("account_sign_out"), vec![strings("account_sign_out_text")]);
    let account = Account { title, texts, form: Some(form), links: visit.back(), ..Account::default() };
    visit.page(200, "account/confirm.html", account)
}

/// `POST /account/logout`.
pub(super) async fn sign_out(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(signed) = own_form(visit).await? else { return visit.not_ours() };
    visit.service.parts.ledger.end_session(&signed.secret.hash()).await?;
    let mut sent = answer::go("/");
    for cookie in [SESSION, &visit.service.settings.cookie] {
        answer::set_cookie(&mut sent, (cookie, ""), 0);
    }
    Ok(sent)
}

/// Who is signed in, if the form was made for them.
async fn own_form(visit: &Visit<'_>) -> Result<Option<Signed>, AccountError> {
    let signed = visit.signed().await?;
    Ok(signed.filter(|signed| visit.is_ours(Some(&signed.secret))))
}

/// Back to the account, with a token of what is held now.
async fn home_again(visit: &Visit<'_>, signed: &Signed) -> Result<Answer, AccountError> {
    let rules = visit.service.rules();
    let held = visit.service.parts.ledger.member(&signed.held.id, &present(&rules, visit.now())).await?;
    let mut sent = answer::go("/account/");
    if let Some(held) = held {
        token_cookie(visit, (&held, signed.until), &mut sent)?;
    }
    Ok(sent)
}

/// A grant that has not ended. After a switch two have one name, and the later one is meant.
fn running<'h>(held: &'h Held, reference: &str) -> Option<&'h Grant> {
    let over = |grant: &&Grant| matches!(grant.state, State::Cancelled | State::Expired);
    held.member.grants.iter().rev().find(|grant| grant.reference == reference && !over(grant))
}

/// Where a grant comes from, and whether money is collected for it again and again.
fn origin(events: &[Event], reference: &str) -> (String, bool) {
    let mut collects = false;
    let mut source = String::new();
    for event in events {
        if let What::Purchased { grant, terms, .. } | What::Switched { grant, terms } = &event.what
            && grant == reference
        {
            collects = terms.billing != Billing::Once;
            source.clone_from(&event.source);
        } else if let What::Granted { grant, .. } = &event.what
            && grant == reference
        {
            source.clone_from(&event.source);
        }
    }
    (source, collects)
}

async fn append(visit: &Visit<'_>, (member, id): (&str, String), what: What) -> Result<(), AccountError> {
    let event = Event { source: SOURCE.to_owned(), id, at: visit.now(), member: member.to_owned(), what };
    let rules = visit.service.rules();
    match visit.service.parts.ledger.append(&event, None, &present(&rules, visit.now())).await? {
        // Its id is new: it cannot have been there.
        Appended::New | Appended::Known | Appended::Conflict(_) => Ok(()),
    }
}
