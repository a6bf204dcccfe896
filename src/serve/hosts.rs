//! Who may ask: only pages of this server itself, by a name that leads here.
//!
//! What is served shows what is gated. A page of somebody else, open in the same browser, must not read it: not by a name of
//! its own that it lets point here (DNS rebinding), and not by asking from where it is.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName, ORIGIN};

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
        host.to_str().is_ok_and(|host| self.is_named(host))
    }

    /// Whether a target names this server, if it names one at all (absolute form: RFC 9112, 3.2.2). It counts more than the
    /// header does.
    pub(super) fn allow_target(&self, target: &[u8]) -> bool {
        if target.starts_with(b"/") {
            return true;
        }
        let Some(at) = target.windows(3).position(|part| part == b"://") else { return true };
        let behind = target.get(at + 3..).unwrap_or_default();
        let authority = behind.split(|byte| b"/?#\\".contains(byte)).next().unwrap_or_default();
        std::str::from_utf8(authority).is_ok_and(|authority| self.is_named(authority))
    }

    /// Whether whoever asks is a page of this server, as far as a request says whose page it comes from (Fetch, 3.2).
    pub(super) fn allow_origin(&self, headers: &HeaderMap) -> bool {
        headers.get_all(ORIGIN).iter().all(|origin| {
            let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            host.is_some_and(|host| self.is_named(host))
        })
    }

    /// Whether this is a name of this server, with its port.
    fn is_named(&self, host: &str) -> bool {
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
    #[test]
    fn what_names_another_server_or_comes_from_one_is_refused() {
        let hosts = Hosts { address: "127.0.0.1:1111".parse().unwrap(), given: None };
        for target in ["/", "/http://evil.example/", "*", "http://localhost:1111/", "HTTP://LOCALHOST:1111?x"] {
            assert!(hosts.allow_target(target.as_bytes()), "{target}");
        }
        for target in [
            "http://evil.example/",
            "http://evil.example:1111/",
            "http://localhost:1112/",
            "http://localhost/",
            "http://localhost:1111@evil.example/",
            "http://evil.example@localhost:1111/",
            "http://evil.example\\@localhost:1111/",
            "http:///",
            "x://",
        ] {
            assert!(!hosts.allow_target(target.as_bytes()), "{target}");
        }
        for (origin, ours) in [
            ("http://localhost:1111", true),
            ("http://127.0.0.1:1111", true),
            ("http://localhost:8080", false),
            ("http://localhost", false),
            ("https://localhost:1111", false),
            ("http://evil.example:1111", false),
            ("null", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            assert!(hosts.allow_origin(&headers));
            headers.append(ORIGIN, HeaderValue::from_static("http://localhost:1111"));
            headers.append(ORIGIN, HeaderValue::from_str(origin).unwrap());
            assert_eq!(hosts.allow_origin(&headers), ours, "{origin}");
        }
    }
}
