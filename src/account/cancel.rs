//! Cancelling, and taking that back. What is ours ends by an event of ours; what somebody else collects for they are asked to
//! end, and tell us so themselves: nothing here says that it has ended before they do.

use super::answer::Answer;
use super::change::{append, home_again, own_deed};
use super::hook::Changing;
use super::visit::Visit;
use super::{AccountError, SOURCE};
use crate::access::catalogue::Cancellation;
use crate::ledger::{self, Held};
use crate::members::event::{By, What};
use crate::members::{Grant, Source, State, origin};
use crate::path;
use crate::provider::Change;
use crate::render::account::Account;
use crate::render::context::Link;

/// Sources whose grants nobody else has to be told of.
const OURS: [&str; 3] = [SOURCE, "admin", "import"];

/// Whether a member may end something here.
pub(super) fn may_cancel(visit: &Visit<'_>, grant: &Grant) -> bool {
    let runs = matches!(grant.state, State::Active | State::Overdue | State::Superseded | State::Suspended);
    let theirs = match grant.source {
        Source::Purchased | Source::Free | Source::Complimentary | Source::Imported => true,
        Source::Default | Source::Downgrade => false,
    };
    let product = grant.product.as_ref().and_then(|id| visit.service.parts.frame.config.product(id));
    runs && grant.ended.is_none() && theirs && is_named(grant) && product.is_none_or(|product| product.member_cancel)
}

/// Whether a member may take a cancellation back here: of a subscription, by whoever collects for it.
pub(super) fn may_keep(visit: &Visit<'_>, grant: &Grant) -> bool {
    let bought = grant.source == Source::Purchased && grant.payments.is_none();
    let pending = grant.state == State::PendingCancellation && grant.ended.is_none();
    bought && pending && is_named(grant) && !visit.service.parts.hooks.is_empty()
}

/// Whether a grant can stand in an address.
fn is_named(grant: &Grant) -> bool {
    path::is_servable(&format!("/account/cancel/{}", segment(&grant.reference)))
}

/// The name of a grant as one segment of a path, written as RFC 6901, 3, writes what would end it.
fn segment(reference: &str) -> String {
    reference.replace('~', "~0").replace('/', "~1")
}

/// The name that a segment stands for.
pub(super) fn named(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Where something is done to a grant.
pub(super) fn deed(place: &str, reference: &str) -> String {
    format!("/account/{place}/{}", path::encode(&segment(reference)))
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
    let keeps = config.catalogue.cancellation() == Cancellation::KeepUnlocked;
    let text = match grant.due.filter(|_| grant.state == State::Active) {
        Some(due) => {
            let date = service.parts.frame.theme.strings().until(due, &config.zone).text;
            service.fill("account_cancel_due", &[("date", &date)])
        }
        None if keeps => service.string("account_cancel_keeps").to_owned(),
        None => service.string("account_cancel_now").to_owned(),
    };
    ask(visit, (&signed, grant), ("cancel", "account_cancel"), text)
}

/// `POST /account/cancel/GRANT`.
pub(super) async fn cancel(visit: &Visit<'_>, reference: &str) -> Result<Answer, AccountError> {
    let signed = match own_deed(visit).await? {
        Ok(signed) => signed,
        Err(refused) => return Ok(refused),
    };
    let Some(grant) = running(&signed.held, reference) else { return visit.unknown() };
    if !may_cancel(visit, grant) {
        return visit.message(409, ("account_refused_title", "account_cancel_refused"));
    }
    let events = visit.service.parts.ledger.events_of(&signed.held.id).await?;
    let origin = origin(&events, reference);
    // A plan whose payments are all made is paid once and for all.
    if !origin.collects || grant.finished || OURS.contains(&origin.source.as_str()) {
        let what = What::Cancelled { grant: reference.to_owned(), by: By::Member, until: None };
        append(visit, (&signed.held.id, ledger::event_id()?), what).await?;
        return home_again(visit, &signed).await;
    }
    // What is not paid has no paid period to end with.
    let change = if grant.state == State::Overdue { Change::EndNow } else { Change::End };
    ask_provider(visit, &origin.source, (reference, change)).await
}

/// `GET /account/keep/GRANT`: asks whether it is to go on.
pub(super) async fn keep_page(visit: &Visit<'_>, reference: &str) -> Result<Answer, AccountError> {
    let Some(signed) = visit.signed().await? else { return Ok(visit.sign_in_first("")) };
    let Some(grant) = running(&signed.held, reference) else { return visit.unknown() };
    if !may_keep(visit, grant) {
        return visit.refused();
    }
    let text = visit.service.string("account_keep_text").to_owned();
    ask(visit, (&signed, grant), ("keep", "account_keep"), text)
}

/// `POST /account/keep/GRANT`.
pub(super) async fn keep(visit: &Visit<'_>, reference: &str) -> Result<Answer, AccountError> {
    let signed = match own_deed(visit).await? {
        Ok(signed) => signed,
        Err(refused) => return Ok(refused),
    };
    let Some(grant) = running(&signed.held, reference) else { return visit.unknown() };
    if !may_keep(visit, grant) {
        return visit.refused();
    }
    let events = visit.service.parts.ledger.events_of(&signed.held.id).await?;
    ask_provider(visit, &origin(&events, reference).source, (reference, Change::GoOn)).await
}

/// The page with one button.
fn ask(
    visit: &Visit<'_>,
    (signed, grant): (&super::visit::Signed, &Grant),
    (place, string): (&str, &str),
    text: String,
) -> Result<Answer, AccountError> {
    let service = visit.service;
    let catalogue = &service.parts.frame.config.catalogue;
    let name = catalogue.title(&grant.access_control).unwrap_or(grant.access_control.as_str());
    let action = deed(place, &grant.reference);
    let title = service.fill(string, &[("title", name)]);
    let mut form = visit.form(&action, string, &signed.secret);
    form.button.clone_from(&title);
    let (texts, links) = (vec![text], visit.back());
    visit.page(200, "account/confirm.html", Account { title, texts, form: Some(form), links, ..Account::default() })
}

/// Asks whoever collects, and says what became of it.
async fn ask_provider(
    visit: &Visit<'_>,
    source: &str,
    (reference, change): (&str, Change),
) -> Result<Answer, AccountError> {
    let service = visit.service;
    let asked = match service.parts.hooks.get(source) {
        Some(hook) => hook.change(reference, change).await,
        None => Changing::Elsewhere,
    };
    let portal = match asked {
        Changing::Asked => return visit.message(200, ("account_asked_title", "account_asked_text")),
        Changing::Later(why) => {
            tracing::error!(source, why, "a provider could not be asked to change a grant");
            return visit.message(503, ("account_failed_title", "account_mail_text"));
        }
        Changing::Portal(url) => Some(url),
        Changing::Elsewhere => None,
    };
    let portal = portal.map(|url| Link { title: service.string("account_portal").to_owned(), url });
    let text = if change == Change::GoOn { "account_keep_elsewhere" } else { "account_cancel_elsewhere" };
    let texts = vec![service.string(text).to_owned()];
    visit.say(200, "account_title", texts, portal.into_iter().chain(visit.back()).collect())
}

/// A grant that has not ended. After a switch two have one name, and the later one is meant.
fn running<'h>(held: &'h Held, reference: &str) -> Option<&'h Grant> {
    held.member.grants.iter().rev().find(|grant| grant.reference == reference && grant.ended.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_segment() {
        for name in ["sub_1", "2026/17", "a~1b", "~", "/", "~0/~1"] {
            let segment = segment(name);
            assert!(!segment.contains('/'), "{segment}");
            assert_eq!(named(&segment), name);
        }
    }
}
