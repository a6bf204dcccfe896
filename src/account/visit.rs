//! One request with who makes it: the browser, and the member who is signed in there.

use super::answer::{self, Answer};
use super::request::Request;
use super::secret::Secret;
use super::{AccountError, Service, present};
use crate::ledger::Held;
use crate::render::account::{Account, Form};
use crate::render::context::{Context, Link, Page, Prepared};
use crate::time::Timestamp;

/// The cookie of a browser before anybody is signed in, and the one of a session. Their prefix keeps other hosts from
/// setting them (RFC 6265bis, 4.1.3.2).
pub(super) const BROWSER: &str = "__Host-tierpress-browser";
pub(super) const SESSION: &str = "__Host-tierpress-session";
/// How long a browser is known by, in seconds.
pub(super) const BROWSER_LIFE: i64 = 86_400;

/// A request and the service that answers it.
pub(super) struct Visit<'s> {
    pub(super) service: &'s Service,
    pub(super) request: &'s Request,
}

/// A member who is signed in.
pub(super) struct Signed {
    /// The session's secret.
    pub(super) secret: Secret,
    /// When the session ends.
    pub(super) until: Timestamp,
    /// Who, and what they have.
    pub(super) held: Held,
}

impl<'s> Visit<'s> {
    pub(super) fn of(service: &'s Service, request: &'s Request) -> Self {
        Self { service, request }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.request.now
    }

    /// Who is signed in, if somebody is. A session of somebody who was forgotten is over.
    pub(super) async fn signed(&self) -> Result<Option<Signed>, AccountError> {
        let ledger = &self.service.parts.ledger;
        let Some(secret) = self.request.cookie(SESSION) else { return Ok(None) };
        let Some(session) = ledger.session(&secret.hash(), self.now()).await? else { return Ok(None) };
        let rules = self.service.rules();
        match ledger.member(&session.member, &present(&rules, self.now())).await? {
            Some(held) if held.member.erased.is_none() => Ok(Some(Signed { secret, until: session.until, held })),
            Some(_) | None => {
                ledger.end_session(&session.hash).await?;
                Ok(None)
            }
        }
    }

    /// The browser's secret, and whether it was made just now and is to be set.
    pub(super) fn browser(&self) -> Result<(Secret, bool), AccountError> {
        match self.request.cookie(BROWSER) {
            Some(secret) => Ok((secret, false)),
            None => Ok((Secret::new()?, true)),
        }
    }

    /// Whether a form was sent by a page of ours that was made for whoever holds this secret.
    pub(super) fn is_ours(&self, secret: Option<&Secret>) -> bool {
        let token = self.request.field("token").unwrap_or_default();
        let own = self.request.is_form() && self.request.is_own(&self.service.origin);
        own && secret.is_some_and(|secret| secret.made(&token))
    }

    /// Sends somebody who is not signed in to where they can, and then back here or to `next`.
    pub(super) fn sign_in_first(&self, next: &str) -> Answer {
        let encoded = crate::path::canonical(next.as_bytes()).unwrap_or_default();
        let query = if encoded.is_empty() {
            String::new()
        } else {
            format!("?next={}", crate::path::encode_strictly(&encoded))
        };
        answer::go(&format!("/account/sign-in{query}"))
    }

    /// What a form that was not ours is told.
    pub(super) fn not_ours(&self) -> Result<Answer, AccountError> {
        self.message(403, ("account_form_title", "account_form_text"))
    }

    /// What somebody who asks for the impossible is told.
    pub(super) fn refused(&self) -> Result<Answer, AccountError> {
        self.message(409, ("account_refused_title", "account_refused_text"))
    }

    /// There is no such page.
    pub(super) fn unknown(&self) -> Result<Answer, AccountError> {
        self.message(404, ("not_found_title", "not_found_text"))
    }

    /// A page that says something and leads back to the account.
    pub(super) fn message(&self, status: u16, (title, text): (&str, &str)) -> Result<Answer, AccountError> {
        let texts = vec![self.service.string(text).to_owned()];
        self.say(status, title, texts, self.back())
    }

    /// The same with other paragraphs and links.
    pub(super) fn say(
        &self,
        status: u16,
        title: &str,
        texts: Vec<String>,
        links: Vec<Link>,
    ) -> Result<Answer, AccountError> {
        let title = self.service.string(title).to_owned();
        self.page(status, "account/message.html", Account { title, texts, links, ..Account::default() })
    }

    /// A link to the account.
    pub(super) fn back(&self) -> Vec<Link> {
        vec![Link { title: self.service.string("account_back").to_owned(), url: "/account/".to_owned() }]
    }

    /// A form that goes to a path.
    pub(super) fn form(&self, action: &str, button: &str, secret: &Secret) -> Form {
        Form {
            action: action.to_owned(),
            token: secret.form_token(),
            button: self.service.string(button).to_owned(),
            ..Form::default()
        }
    }

    /// Renders a page of the account in the site's theme.
    pub(super) fn page(&self, status: u16, template: &str, account: Account) -> Result<Answer, AccountError> {
        let frame = &self.service.parts.frame;
        let config = &frame.config;
        let url = self.request.path().unwrap_or_default();
        let page = Page {
            title: account.title.clone(),
            permalink: format!("{}{url}", config.base_url),
            url,
            description: String::new(),
            form: "open",
            kind: "account",
            reason: None,
            date: None,
            updated: None,
            image: None,
            tags: Vec::new(),
            categories: Vec::new(),
            weight: None,
            language: config.language.clone(),
            content: String::new(),
            toc: Vec::new(),
            word_count: 0,
            reading_time: 0,
            extra: serde_json::Value::Null,
            gated: false,
            products: Vec::new(),
        };
        let context = Context {
            site: frame.site.clone(),
            page,
            section: None,
            ancestors: Prepared::default(),
            entries: Prepared::default(),
            siblings: Prepared::default(),
            named: Vec::new(),
            tags: Prepared::default(),
            previous: None,
            next: None,
            paywall: None,
            unlock: Vec::new(),
            account: Some(account),
        };
        let html = frame.theme.render(template, "/account/", &context).map_err(AccountError::Template)?;
        Ok(answer::html(status, html))
    }
}
