//! Asks other sites whether what is linked is there: each address once, a few at a time.
//!
//! Who answers at all is alive: a page that wants a login or that refuses robots is no dead link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tierpress::diagnostic::lint::Lint;
use tierpress::diagnostic::{Diagnostic, Location};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// How many addresses are asked at once.
const AT_ONCE: usize = 4;

/// A finding for each address that is not there, at the first place that links it.
pub(super) fn check(found: Vec<(String, Location)>, timeout: u64) -> Vec<Diagnostic> {
    let mut places: BTreeMap<String, Vec<Location>> = BTreeMap::new();
    for (url, place) in found {
        let asked = url.split('#').next().unwrap_or_default().to_owned();
        places.entry(asked).or_default().push(place);
    }
    let agent = agent(Duration::from_secs(timeout));
    let waiting = Mutex::new(places.into_iter());
    let findings = Mutex::new(Vec::new());
    let ask = || {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((url, places)) = next else { return };
            if let Err(why) = is_there(&agent, &url) {
                let finding = finding(&url, &why, &places);
                findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(ask);
        }
    });
    findings.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn finding(url: &str, why: &str, places: &[Location]) -> Diagnostic {
    let more = match places.len() {
        0 | 1 => String::new(),
        2 => "; it is linked from another place too".to_owned(),
        count => format!("; it is linked from {} other places too", count - 1),
    };
    let fault = Diagnostic::warning(format!("`{url}` {why}{more}")).named(Lint::ExternalLink);
    let fault = fault.help("write its new address, or take the link out");
    match places.first() {
        Some(place) => fault.at(place.clone()),
        None => fault,
    }
}

fn agent(timeout: Duration) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(timeout))
        .max_redirects(10)
        .http_status_as_error(false)
        .user_agent(concat!("tierpress/", env!("CARGO_PKG_VERSION"), " (link check)"));
    Agent::new_with_config(config.build())
}

/// Asks with HEAD, and with GET where that is not answered well: some servers know only one of them.
fn is_there(agent: &Agent, url: &str) -> Result<(), String> {
    let head = agent.head(url).call().map(|response| response.status().as_u16());
    if head.as_ref().is_ok_and(|status| *status < 400) {
        return Ok(());
    }
    match agent.get(url).call().map(|response| response.status().as_u16()) {
        // Robots may be unwelcome, and a login asked for, where there is a page all the same.
        Ok(status) if status < 400 || matches!(status, 401 | 402 | 403 | 405 | 406 | 407 | 429 | 451) => Ok(()),
        Ok(status) => Err(format!("answers {status}")),
        Err(ureq::Error::Timeout(_)) => Err("does not answer in time".to_owned()),
        Err(error) => Err(format!("does not answer: {error}")),
    }
}
