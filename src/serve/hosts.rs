//! Who may ask: only pages of this server itself, by a name that leads here.
//!
//! What is served shows what is gated. A page of somebody else, open in the same browser, must not read it: not by a name of
//! its own that it lets point here (DNS rebinding), and not by asking from where it is.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName};

/// What a browser says of where a request comes from (Fetch Metadata, W3C).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names by which this server may be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hosts {
    /// Where it listens: that may be every address of the machine; then it is asked by any of them, but by no unknown name.
    pub(super) address: SocketAddr,
    /// The name or address that was given, if one was.
    pub(super) given: Option<String>,
}

impl Hosts {
    /// Whether a request names this server, once and with its port.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let Ok(host) = host.to_str() else { return false };
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        port == Some(self.address.port()) && self.is_ours(&name.to_ascii_lowercase())
    }

    fn is_ours(&self, name: &str) -> bool {
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let given = || self.given.as_ref().is_some_and(|given| given.eq_ignore_ascii_case(bare));
        let everywhere = self.address.ip().is_unspecified();
        let address = || bare.parse::<IpAddr>().is_ok_and(|ip| everywhere || ip == self.address.ip());
        matches!(name, "localhost" | "127.0.0.1" | "[::1]") || given() || address()
    }
}

/// Whether another site asks for something other than a page to look at.
pub(super) fn is_foreign(headers: &HeaderMap, document: bool) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    let own = |site: &hyper::header::HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
    !document && !sites.all(own)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(hosts: &Hosts, allowed: &[&str], refused: &[&str]) {
        let ask = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            hosts.allow(&headers)
        };
        for host in allowed {
            assert!(ask(host), "{host}");
        }
        for host in refused {
            assert!(!ask(host), "{host}");
        }
    }

    #[test]
    fn only_names_that_lead_here_are_answered() {
        let at = |address: &str| address.parse().unwrap();
        let hosts = Hosts { address: at("127.0.0.1:1111"), given: None };
        check(
            &hosts,
            &["localhost:1111", "LocalHost:1111", "127.0.0.1:1111", "[::1]:1111"],
            &[
                "localhost",
                "localhost:80",
                "localhost:1112",
                "localhost:",
                "evil.example:1111",
                "127.0.0.1.evil.example:1111",
                "localhost.:1111",
                "a.localhost:1111",
                "::1:1111",
                "192.168.0.5:1111",
                "localhost:1111:1111",
                "",
                ":1111",
                "x@localhost:1111",
                "localhost:01111 ",
            ],
        );
        let given = Hosts { address: at("192.168.0.7:80"), given: Some("box.local".to_owned()) };
        check(
            &given,
            &["box.local", "BOX.local:80", "localhost", "192.168.0.7"],
            &["box.local:81", "other.local", "192.168.0.5"],
        );
        let six = Hosts { address: at("[fd00::5]:1111"), given: Some("[fd00:0::5]".to_owned()) };
        check(&six, &["[fd00::5]:1111", "localhost:1111"], &["[fd00::6]:1111", "[fd00::5]"]);
        let everywhere = Hosts { address: at("0.0.0.0:1111"), given: Some("0.0.0.0".to_owned()) };
        check(&everywhere, &["192.168.0.5:1111", "[fe80::1]:1111"], &["evil.example:1111", "192.168.0.5"]);
        let mut twice = HeaderMap::new();
        assert!(!hosts.allow(&twice));
        twice.append(HOST, HeaderValue::from_static("localhost:1111"));
        twice.append(HOST, HeaderValue::from_static("localhost:1111"));
        assert!(!hosts.allow(&twice));
    }
}
