//! Sends a message, and says what was answered.

use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::endpoints::Endpoint;
use super::signature::sign;
use crate::time::Timestamp;

/// How long an endpoint has for its answer: it should take a message in, and do its work later.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an answer is read, so that the connection can be used again. What it says is of no matter.
const READ: u64 = 16 * 1024;
/// How many connections of an endpoint are kept.
const IDLE: usize = 16;

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Client(Agent);

/// What an endpoint answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It has taken it: a status of 200 to 299.
    Taken(u16),
    /// It wants nothing more: 410.
    Gone,
    /// It did not take it.
    Refused {
        /// The status.
        status: u16,
        /// When it wants to be asked again, if it says so.
        again: Option<Timestamp>,
    },
    /// It did not answer: why, without its address.
    Silent(String),
}

impl Default for Client {
    fn default() -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(TIMEOUT))
            // What is signed for one address goes to no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections_per_host(IDLE)
            .proxy(None)
            .user_agent(concat!("tierpress/", env!("CARGO_PKG_VERSION")));
        Self(Agent::new_with_config(config.build()))
    }
}

impl Client {
    /// Sends a message under its name; `now` is the time of the attempt. This waits for the network.
    #[must_use]
    pub fn send(&self, endpoint: &Endpoint, (id, body): (&str, &str), now: Timestamp) -> Answer {
        let request = self
            .0
            .post(&endpoint.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.seconds().to_string())
            .header("webhook-signature", sign(&endpoint.secrets, (id, now), body));
        let mut response = match request.send(body) {
            Ok(response) => response,
            Err(error) => return Answer::Silent(words(&error)),
        };
        let status = response.status().as_u16();
        let again = again(response.headers(), now);
        // A connection whose answer is not read to its end is not used again.
        drop(response.body_mut().with_config().limit(READ).read_to_vec());
        match status {
            200..=299 => Answer::Taken(status),
            410 => Answer::Gone,
            _ => Answer::Refused { status, again },
        }
    }
}

/// What went wrong, in our words: those of libraries may name addresses.
fn words(error: &ureq::Error) -> String {
    use ureq::Error;
    if let Error::Io(error) = error {
        let text = error.to_string();
        return text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_lowercase();
    }
    let text = if matches!(error, Error::Timeout(_)) {
        "it did not answer in time"
    } else if matches!(error, Error::HostNotFound) {
        "nobody knows its host"
    } else if matches!(error, Error::ConnectionFailed) {
        "it cannot be connected to"
    } else if matches!(error, Error::Tls(_) | Error::Rustls(_)) {
        "its TLS cannot be trusted"
    } else {
        "it did not answer as HTTP asks for"
    };
    text.to_owned()
}

/// `Retry-After`, as seconds or as a date (RFC 9110, 10.2.3).
fn again(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Timestamp::saturating(now.seconds() + i64::from(seconds)));
    }
    let date = rfc2822::parse(text).ok()?;
    Some(Timestamp::saturating(date.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::saturating(1_000);
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(ureq::http::header::RETRY_AFTER, text.parse().unwrap())]);
            again(&headers, now).map(Timestamp::seconds)
        };
        assert_eq!(read("120"), Some(1_120));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-5"), None);
        assert_eq!(read("99999999999999999999"), None);
    }
}
