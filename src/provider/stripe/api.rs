//! Stripe's API, for what webhooks do not carry: line items of a checkout, and which invoice a payment paid.
//!
//! To read, a restricted key that may read checkout sessions, invoices and their payments is enough. Ending a subscription
//! needs one that may write subscriptions; nothing else is ever written.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::super::secret::Secret;
use super::super::{Api, ApiError, Method, Need, Order};
use super::API_VERSION;

/// Where Stripe answers.
pub const ADDRESS: &str = "https://api.stripe.com";

const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST: u64 = 4 * 1024 * 1024;
/// How long is waited before each further try.
const PAUSES: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(1_600)];

/// Asks Stripe.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    address: String,
    key: Secret,
}

/// Why there is no client.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClientError {
    /// The text is no key of Stripe's.
    #[error("an API key of Stripe begins with `rk_live_`, or with `rk_test_` in test mode")]
    Key,
    /// A key that can do everything is not needed here.
    #[error("a publishable key cannot read anything")]
    Publishable,
    /// The key is for test mode, and this is none; or the other way round.
    #[error("the API key is for {0} mode, and this is the other one")]
    Mode(&'static str),
    /// The key would be sent in the clear.
    #[error("`{0}` is not `https://`, and not on this machine")]
    Address(String),
}

impl Client {
    /// Takes a key, and where to ask: [`ADDRESS`], or another machine's in tests. Whether this is test mode must fit the key.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(address: &str, key: Secret, test: bool) -> Result<Self, ClientError> {
        let written = key.expose();
        if written.starts_with("pk_") {
            return Err(ClientError::Publishable);
        }
        match ["rk_", "sk_"].iter().find_map(|prefix| written.strip_prefix(prefix)) {
            Some(rest) if rest.starts_with("live_") => {
                if test {
                    return Err(ClientError::Mode("live"));
                }
            }
            Some(rest) if rest.starts_with("test_") => {
                if !test {
                    return Err(ClientError::Mode("test"));
                }
            }
            _ => return Err(ClientError::Key),
        }
        if !address.starts_with("https://") && !here(address) {
            return Err(ClientError::Address(address.to_owned()));
        }
        let address = address.trim_end_matches('/').to_owned();
        Ok(Self { agent: agent(), address, key })
    }

    fn ask(&self, need: &Need) -> Result<Answer, ApiError> {
        let request = self
            .agent
            .get(format!("{}{}", self.address, need.0))
            .header("authorization", format!("Bearer {}", self.key.expose()))
            .header("stripe-version", API_VERSION);
        Answer::of(request.call())
    }

    fn tell(&self, order: &Order) -> Result<Answer, ApiError> {
        let address = format!("{}{}", self.address, order.path);
        let key = format!("Bearer {}", self.key.expose());
        let sent = match order.method {
            Method::Post => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&order.form).finish();
                let request = self.agent.post(address).header("content-type", "application/x-www-form-urlencoded");
                request.header("authorization", key).header("stripe-version", API_VERSION).send(form)
            }
            Method::Delete => {
                let request = self.agent.delete(address).header("authorization", key);
                request.header("stripe-version", API_VERSION).call()
            }
        };
        Answer::of(sent)
    }
}

/// Asks again where the answer may be another one then.
fn patiently(ask: impl Fn() -> Result<Option<Value>, ApiError>) -> Result<Option<Value>, ApiError> {
    let mut tried = ask();
    for pause in PAUSES {
        match tried {
            Err(ApiError::Away(_)) => {}
            done => return done,
        }
        std::thread::sleep(pause);
        tried = ask();
    }
    tried
}

impl Api for Client {
    fn get(&self, need: &Need) -> Result<Option<Value>, ApiError> {
        patiently(|| self.ask(need).and_then(Answer::read))
    }

    fn order(&self, order: &Order) -> Result<Option<Value>, ApiError> {
        patiently(|| self.tell(order).and_then(Answer::read))
    }
}

struct Answer {
    status: StatusCode,
    again: Option<bool>,
    body: Result<Vec<u8>, ApiError>,
}

impl Answer {
    fn of(sent: Result<Response<ureq::Body>, ureq::Error>) -> Result<Self, ApiError> {
        let mut response = sent.map_err(|error| ApiError::Away(error.to_string()))?;
        let again = should_retry(&response);
        let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let body = body.map_err(|error| ApiError::Away(error.to_string()));
        Ok(Self { status: response.status(), again, body })
    }

    fn read(self) -> Result<Option<Value>, ApiError> {
        let Self { status, again, body } = self;
        let body = body?;
        let json = serde_json::from_slice::<Value>(&body);
        let said = || said(status, json.as_ref().ok());
        match status.as_u16() {
            200 => json.map(Some).map_err(|error| ApiError::Unreadable(error.to_string())),
            404 => Ok(None),
            401 | 403 => Err(ApiError::Refused(said())),
            409 | 429 | 500..=599 if again != Some(false) => Err(ApiError::Away(said())),
            _ if again == Some(true) => Err(ApiError::Away(said())),
            _ => Err(ApiError::Unreadable(said())),
        }
    }
}

/// What Stripe says of an error, without what it repeats of the key: its code, and the permission that the key lacks.
fn said(status: StatusCode, json: Option<&Value>) -> String {
    let text = |pointer: &str| json.and_then(|json| json.pointer(pointer)).and_then(Value::as_str);
    let code = text("/error/code").or_else(|| text("/error/type")).map(|code| format!(", `{code}`"));
    let words = text("/error/message").unwrap_or_default().split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let lacks = words.filter(|word| word.starts_with("rak_")).map(|word| format!(", it lacks `{word}`")).next();
    format!("{}{}{}", status.as_u16(), code.unwrap_or_default(), lacks.unwrap_or_default())
}

fn should_retry<B>(response: &Response<B>) -> Option<bool> {
    match response.headers().get("stripe-should-retry")?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Whether an address is one of this machine's own.
fn here(address: &str) -> bool {
    let host = address.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    ["127.0.0.1", "[::1]", "localhost"]
        .iter()
        .filter_map(|own| host.strip_prefix(own))
        .any(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
}

fn agent() -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(TIMEOUT))
        // The key is for one address; nobody is to send it to another.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent(concat!("tierpress/", env!("CARGO_PKG_VERSION")));
    Agent::new_with_config(config.build())
}
