//! Using a mailed link. Reading its page changes nothing, for programs that look at mails read it too; the button uses it
//! up. In another browser than the one that asked, the address must be typed again: a link that somebody else asked for
//! and passed on signs nobody in.

use super::answer::{self, Answer};
use super::home::token_cookie;
use super::secret::Secret;
use super::sign_in::too_often;
use super::visit::{BROWSER, BROWSER_LIFE, SESSION, Visit};
use super::{AccountError, SOURCE, change, present};
use crate::ledger::address::Address;
use crate::ledger::{Appended, Link, Session};
use crate::members::event::{Event, MemberId, What};
use crate::render::account::{Account, Form, Hidden};
use crate::render::context;
use crate::time::Timestamp;

/// How long somebody stays signed in, in seconds.
const SESSION_LIFE: i64 = 90 * 86_400;

/// The page with the button.
pub(super) async fn page(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let secret = visit.request.query("t").and_then(|text| Secret::brought(&text));
    let Some((secret, link)) = known(visit, secret).await? else { return gone(visit) };
    let (browser, is_new) = visit.browser()?;
    let mut page = show(visit, 200, form(visit, (&secret, &browser), &link))?;
    if is_new {
        answer::set_cookie(&mut page, (BROWSER, browser.expose()), BROWSER_LIFE);
    }
    Ok(page)
}

/// Takes the button.
pub(super) async fn used(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let browser = visit.request.cookie(BROWSER).filter(|browser| visit.is_ours(Some(browser)));
    let Some(browser) = browser else { return visit.not_ours() };
    let ledger = &visit.service.parts.ledger;
    let secret = visit.request.field("t").and_then(|text| Secret::brought(&text));
    let Some((secret, link)) = known(visit, secret).await? else { return gone(visit) };
    // What was mailed to parses: it did when it was kept.
    let Ok(address) = link.address.parse::<Address>() else { return gone(visit) };
    if browser.hash() != link.browser {
        if !ledger.try_link(&link.hash).await? {
            return gone(visit);
        }
        let typed = visit.request.field("address").and_then(|typed| typed.parse::<Address>().ok());
        if typed.is_none_or(|typed| typed.key() != address.key()) {
            let mut form = form(visit, (&secret, &browser), &link);
            form.error = Some(visit.service.string("account_other_address").to_owned());
            return show(visit, 422, form);
        }
    }
    if !ledger.take_link(&link.hash, visit.now()).await? {
        return gone(visit);
    }
    signed_in(visit, &link, &address).await
}

/// Signs somebody in, who joins if nobody has the address.
async fn signed_in(visit: &Visit<'_>, link: &Link, address: &Address) -> Result<Answer, AccountError> {
    let ledger = &visit.service.parts.ledger;
    let member = ledger.join(address).await?;
    welcome(visit, &member).await?;
    if !link.wish.is_empty() {
        change::take_free(visit, &member, &link.wish).await?;
    }
    // A session of before, whoever's it was, ends here: nobody goes on in one that another knows.
    if let Some(before) = visit.request.cookie(SESSION) {
        ledger.end_session(&before.hash()).await?;
    }
    let secret = Secret::new()?;
    let until = Timestamp::saturating(visit.now().seconds() + SESSION_LIFE);
    ledger.keep_session(&Session { hash: secret.hash(), member: member.clone(), until }).await?;
    // What waits is accepted there: whoever comes from a checkout would find the page closed.
    let home = link.next.is_empty() || !ledger.waiting_for(&member).await?.is_empty();
    let mut sent_on = answer::go(if home { "/account/" } else { &link.next });
    answer::set_cookie(&mut sent_on, (SESSION, secret.expose()), SESSION_LIFE);
    answer::set_cookie(&mut sent_on, (BROWSER, ""), 0);
    let rules = visit.service.rules();
    if let Some(held) = ledger.member(&member, &present(&rules, visit.now())).await? {
        token_cookie(visit, (&held, until), &mut sent_on)?;
    }
    tracing::info!(member, "signed in");
    Ok(sent_on)
}

/// Says of somebody new that they joined.
async fn welcome(visit: &Visit<'_>, member: &MemberId) -> Result<(), AccountError> {
    let ledger = &visit.service.parts.ledger;
    if !ledger.events_of(member).await?.is_empty() {
        return Ok(());
    }
    let event = Event {
        source: SOURCE.to_owned(),
        id: format!("joined-{member}"),
        at: visit.now(),
        member: member.clone(),
        what: What::Joined {},
    };
    let rules = visit.service.rules();
    match ledger.append(&event, None, &present(&rules, visit.now())).await? {
        // Of two links used at once the first one said so.
        Appended::New | Appended::Known | Appended::Conflict(_) => Ok(()),
    }
}

/// A link that is good now, with its secret.
async fn known(visit: &Visit<'_>, secret: Option<Secret>) -> Result<Option<(Secret, Link)>, AccountError> {
    let Some(secret) = secret else { return Ok(None) };
    let link = visit.service.parts.ledger.link(&secret.hash(), visit.now()).await?;
    Ok(link.map(|link| (secret, link)))
}

/// What somebody is told whose link is none. Only these tries are counted: a link that is good is never refused because of
/// what others tried from the same place.
fn gone(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    if let Err(seconds) = visit.tries() {
        return too_often(visit, ("account_often_text", seconds));
    }
    let title = visit.service.string("account_again").to_owned();
    let links = vec![context::Link { title, url: "/account/sign-in".to_owned() }];
    visit.say(410, "account_gone_title", vec![visit.service.string("account_gone_text").to_owned()], links)
}

fn form(visit: &Visit<'_>, (secret, browser): (&Secret, &Secret), link: &Link) -> Form {
    let mut form = visit.form("/account/link", "sign_in", browser);
    form.hidden.push(Hidden { name: "t", value: secret.expose().to_owned() });
    form.asks_address = browser.hash() != link.browser;
    form
}

fn show(visit: &Visit<'_>, status: u16, form: Form) -> Result<Answer, AccountError> {
    let text = if form.asks_address { "account_link_other" } else { "account_link_text" };
    let texts = vec![visit.service.string(text).to_owned()];
    let title = visit.service.string("sign_in").to_owned();
    visit.page(status, "account/confirm.html", Account { title, texts, form: Some(form), ..Account::default() })
}
