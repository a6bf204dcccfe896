//! Asking for a link that signs in. Whoever has the mail of an address is its member: known ones come in, unknown ones join,
//! and until the link is used nothing depends on which of the two it is.

use super::answer::{self, Answer};
use super::limits::{Kind, client};
use super::mail::Letter;
use super::secret::Secret;
use super::visit::{BROWSER, BROWSER_LIFE, Visit};
use super::{AccountError, SOURCE, limits};
use crate::ledger::Link;
use crate::ledger::address::Address;
use crate::render::account::{Account, Choice, Form, Hidden};
use crate::render::context;
use crate::time::Timestamp;

/// How long a link is good, in minutes.
pub(super) const MINUTES: i64 = 15;

/// The page with the form.
pub(super) async fn page(visit: &Visit<'_>, joins: bool) -> Result<Answer, AccountError> {
    let next = visit.request.next();
    if visit.signed().await?.is_some() {
        return Ok(answer::go(if next.is_empty() { "/account/" } else { &next }));
    }
    let (browser, is_new) = visit.browser()?;
    let form = form(visit, (&browser, joins), next);
    let mut page = show(visit, 200, (form, joins))?;
    if is_new {
        answer::set_cookie(&mut page, (BROWSER, browser.expose()), BROWSER_LIFE);
    }
    Ok(page)
}

/// Takes the form, and mails the link.
pub(super) async fn ask(visit: &Visit<'_>, joins: bool) -> Result<Answer, AccountError> {
    let (service, request) = (visit.service, visit.request);
    let browser = request.cookie(BROWSER);
    let Some(browser) = browser.filter(|browser| visit.is_ours(Some(browser))) else { return again(visit, joins) };
    let typed = request.field("address").unwrap_or_default();
    let Ok(address) = typed.parse::<Address>() else {
        let mut form = form(visit, (&browser, joins), request.next());
        form.error = Some(service.string("account_bad_address").to_owned());
        form.address = typed.chars().filter(|c| !c.is_control()).take(254).collect();
        return show(visit, 422, (form, joins));
    };
    let asks = client(request.client(&service.parts.trusted));
    // One client cannot use up what an address is sent for all.
    let both = format!("{} {asks}", address.key());
    let counted = [(Kind::MailsByClient, &*asks), (Kind::MailsByBoth, &both), (Kind::MailsByAddress, address.key())];
    for (kind, whose) in counted {
        if let Err(seconds) = service.limits.take(kind, whose, visit.now()) {
            return too_often(visit, ("account_often_text", seconds));
        }
    }
    let wish = wish(visit).map(|id| id.to_string()).unwrap_or_default();
    let secret = Secret::new()?;
    let link = Link {
        hash: secret.hash(),
        address: address.as_str().to_owned(),
        browser: browser.hash(),
        next: request.next(),
        wish,
        until: Timestamp::saturating(visit.now().seconds() + MINUTES * 60),
    };
    service.parts.ledger.keep_link(&link, visit.now()).await?;
    match mail(visit, &address, &secret).await {
        Ok(()) => {
            tracing::info!(source = SOURCE, "a link was mailed");
            Ok(answer::go("/account/sent"))
        }
        Err(error) => {
            tracing::error!(reason = %error, "a link was not mailed");
            visit.message(503, ("account_mail_title", "account_mail_text"))
        }
    }
}

/// What is shown after that, to everybody alike.
pub(super) fn sent(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let text = visit.service.fill("account_sent_text", &[("minutes", &MINUTES.to_string())]);
    visit.say(200, "account_sent_title", vec![text], Vec::new())
}

/// What somebody who asks too often is told.
pub(super) fn too_often(visit: &Visit<'_>, (text, seconds): (&str, i64)) -> Result<Answer, AccountError> {
    let minutes = (seconds.max(1) + 59) / 60;
    let text = visit.service.fill(text, &[("minutes", &minutes.to_string())]);
    let mut page = visit.say(429, "account_often_title", vec![text], Vec::new())?;
    let seconds = hyper::header::HeaderValue::from(seconds.max(1));
    page.headers_mut().insert(hyper::header::RETRY_AFTER, seconds);
    Ok(page)
}

/// The form again, for one that was too old: with a new token, and told so.
fn again(visit: &Visit<'_>, joins: bool) -> Result<Answer, AccountError> {
    let path = if joins { "/account/join" } else { "/account/sign-in" };
    let links = vec![context::Link { title: visit.service.string("account_again").to_owned(), url: path.to_owned() }];
    let texts = vec![visit.service.string("account_form_text").to_owned()];
    visit.say(403, "account_form_title", texts, links)
}

async fn mail(visit: &Visit<'_>, to: &Address, secret: &Secret) -> Result<(), super::MailError> {
    let (service, config) = (visit.service, &visit.service.parts.frame.config);
    // The site's own address, whatever host the request named.
    let link = format!("{}/account/link?t={}", config.base_url, secret.expose());
    let title = if config.title.is_empty() { &config.base_url } else { &config.title };
    let minutes = MINUTES.to_string();
    let subject = service.fill("account_mail_subject", &[("title", title)]);
    let text = service.fill("account_mail_body", &[("title", title), ("link", &link), ("minutes", &minutes)]);
    service.parts.mailer.send(&Letter { to, subject: &subject, text: &text, now: visit.now() }).await
}

/// The free tier that somebody joins with.
fn wish(visit: &Visit<'_>) -> Option<crate::id::Id> {
    let catalogue = &visit.service.parts.frame.config.catalogue;
    let asked = visit.request.field("wish")?;
    catalogue.tiers().iter().find(|tier| tier.free && tier.id.as_str() == asked).map(|tier| tier.id.clone())
}

fn form(visit: &Visit<'_>, (browser, joins): (&Secret, bool), next: String) -> Form {
    let action = if joins { "/account/join" } else { "/account/sign-in" };
    let mut form = visit.form(action, "account_send", browser);
    form.asks_address = true;
    if !next.is_empty() {
        form.hidden.push(Hidden { name: "next", value: next });
    }
    if joins {
        let tiers = visit.service.parts.frame.config.catalogue.tiers().iter().filter(|tier| tier.free);
        let choice = |tier: &crate::access::catalogue::Tier| Choice {
            id: tier.id.to_string(),
            title: tier.title.clone(),
            chosen: false,
        };
        form.choices = tiers.map(choice).collect();
        if let Some(first) = form.choices.first_mut() {
            first.chosen = true;
        }
    }
    form
}

fn show(visit: &Visit<'_>, status: u16, (form, joins): (Form, bool)) -> Result<Answer, AccountError> {
    let strings = |key: &str| visit.service.string(key).to_owned();
    let title = strings(if joins { "account_join_title" } else { "sign_in" });
    let texts = vec![strings("account_sign_in_text")];
    visit.page(status, "account/sign-in.html", Account { title, texts, form: Some(form), ..Account::default() })
}

impl Visit<'_> {
    /// Counts a try at a link; otherwise says that there were too many.
    pub(super) fn tries(&self) -> Result<(), i64> {
        let client = limits::client(self.request.client(&self.service.parts.trusted));
        self.service.limits.take(Kind::Tries, &client, self.now())
    }
}
