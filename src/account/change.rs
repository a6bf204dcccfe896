//! What members change themselves: taking what is free, accepting what waits, signing out. Each is a form that was made for
//! this session, and an event like any other.

use super::answer::{self, Answer};
use super::home::token_cookie;
use super::limits::Kind;
use super::visit::{SESSION, Signed, Visit};
use super::{AccountError, SOURCE, present, sign_in};
use crate::id::Id;
use crate::ledger::{self, Appended, Held, Refused};
use crate::members::event::{Event, What, Why};
use crate::render::account::Account;

/// What is free, and the member may take: a tier where there is none, a bundle where there is one; what ends by itself once.
pub(super) fn free(visit: &Visit<'_>, held: &Held) -> Vec<(Id, String)> {
    let catalogue = &visit.service.parts.frame.config.catalogue;
    let member = &held.member;
    let is_open = |id: &Id, ends: bool| {
        let mut grants = member.grants.iter().filter(|grant| grant.access_control == *id);
        grants.all(|grant| !ends && grant.ended.is_some())
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
    let signed = match own_deed(visit).await? {
        Ok(signed) => signed,
        Err(refused) => return Ok(refused),
    };
    if take_free(visit, &signed.held.id, id).await? { home_again(visit, &signed).await } else { visit.refused() }
}

/// `POST /account/accept/WAITING`.
pub(super) async fn accept(visit: &Visit<'_>, waiting: &str) -> Result<Answer, AccountError> {
    let signed = match own_deed(visit).await? {
        Ok(signed) => signed,
        Err(refused) => return Ok(refused),
    };
    let rules = visit.service.rules();
    let ledger = &visit.service.parts.ledger;
    match ledger.accept(&signed.held.id, waiting, &present(&rules, visit.now())).await {
        Ok(()) => home_again(visit, &signed).await,
        Err(ledger::Error::Refused(Refused::NothingWaits(_))) => visit.refused(),
        Err(error) => Err(error.into()),
    }
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

/// Who is signed in and does something that the ledger keeps for ever. Nobody has to do that all day: otherwise, or where the
/// form is not theirs, what they are told.
pub(super) async fn own_deed(visit: &Visit<'_>) -> Result<Result<Signed, Answer>, AccountError> {
    let Some(signed) = own_form(visit).await? else { return visit.not_ours().map(Err) };
    match visit.service.limits.take(Kind::Deeds, &signed.held.id, visit.now()) {
        Ok(()) => Ok(Ok(signed)),
        Err(seconds) => sign_in::too_often(visit, ("account_often_deeds", seconds)).map(Err),
    }
}

/// Back to the account, with a token of what is held now.
pub(super) async fn home_again(visit: &Visit<'_>, signed: &Signed) -> Result<Answer, AccountError> {
    let rules = visit.service.rules();
    let held = visit.service.parts.ledger.member(&signed.held.id, &present(&rules, visit.now())).await?;
    let mut sent = answer::go("/account/");
    if let Some(held) = held {
        token_cookie(visit, (&held, signed.until), &mut sent)?;
    }
    Ok(sent)
}

pub(super) async fn append(visit: &Visit<'_>, (member, id): (&str, String), what: What) -> Result<(), AccountError> {
    let event = Event { source: SOURCE.to_owned(), id, at: visit.now(), member: member.to_owned(), what };
    let rules = visit.service.rules();
    match visit.service.parts.ledger.append(&event, None, &present(&rules, visit.now())).await? {
        // Its id is new: it cannot have been there.
        Appended::New | Appended::Known | Appended::Conflict(_) => Ok(()),
    }
}
