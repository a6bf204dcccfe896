//! What a request brings: cookies, forms, from where it comes. Everything in it is somebody else's word.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderName, ORIGIN};

use super::network::Network;
use super::secret::Secret;
use crate::path;
use crate::time::Timestamp;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A request with its whole body.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `HEAD`, `POST` or what else was sent.
    pub method: hyper::Method,
    /// The raw target.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Who sent it, as the connection says; unknown behind a socket in the file system.
    pub peer: Option<IpAddr>,
    /// The present.
    pub now: Timestamp,
}

impl Request {
    /// The canonical path.
    pub(super) fn path(&self) -> Option<String> {
        path::canonical(self.target.as_bytes()).ok()
    }

    /// A parameter of the query that is there once.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        only(query.split('#').next().unwrap_or_default().as_bytes(), name)
    }

    /// A field of the form that is there once.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        only(&self.body, name)
    }

    /// Where to go afterwards: a path of this site and never a host.
    pub(super) fn next(&self) -> String {
        let next = if self.method == hyper::Method::POST { self.field("next") } else { self.query("next") };
        next.and_then(|next| path::next(&next)).unwrap_or_default()
    }

    /// The secret in a cookie. A cookie that is there twice, as one set by a neighbouring host would be, counts as none.
    pub(super) fn cookie(&self, name: &str) -> Option<Secret> {
        let texts = self.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        Secret::brought(value)
    }

    /// Whether a page of this site sends the form: browsers say where it is from and let no page say otherwise (Fetch,
    /// 3.2; Fetch Metadata). One of the two must be said, and all that is said must fit.
    pub(super) fn is_own(&self, origin: &str) -> bool {
        let fits = |name: &HeaderName, right: &str| {
            let mut values = self.headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (None, _) => None,
                (Some(value), None) => Some(value.as_bytes() == right.as_bytes()),
                (Some(_), Some(_)) => Some(false),
            }
        };
        let said = [fits(&ORIGIN, origin), fits(&SEC_FETCH_SITE, "same-origin")];
        said.contains(&Some(true)) && !said.contains(&Some(false))
    }

    /// Whether the body is a form as browsers send it.
    pub(super) fn is_form(&self) -> bool {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = value.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// Who asks: the peer, or whom the nearest proxy that is trusted says. This machine is always trusted.
    pub(super) fn client(&self, trusted: &[Network]) -> Option<IpAddr> {
        let is_trusted =
            |address: &IpAddr| address.is_loopback() || trusted.iter().any(|network| network.contains(*address));
        let peer = self.peer.map(|peer| peer.to_canonical());
        if peer.is_some_and(|peer| !is_trusted(&peer)) {
            return peer;
        }
        let lists = self.headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let chain: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
        let mut client = peer;
        for text in chain.iter().rev() {
            // What is no address was not written by a proxy of ours.
            let Ok(address) = text.parse::<IpAddr>() else { break };
            let address = address.to_canonical();
            client = Some(address);
            if !is_trusted(&address) {
                break;
            }
        }
        client
    }
}

fn only(encoded: &[u8], name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(encoded).filter(|(own, _)| own == name).map(|(_, value)| value);
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    Some(value.into_owned())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let (target, now) = ("/account/?a=1&b=2&b=3".to_owned(), Timestamp::saturating(0));
        Request { method: hyper::Method::GET, target, headers: map, body: Bytes::new(), peer: None, now }
    }

    #[test]
    fn a_form_comes_from_this_site() {
        let own = |headers: &[(&'static str, &'static str)]| request(headers).is_own("https://learn.example");
        assert!(own(&[("origin", "https://learn.example")]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("origin", "https://learn.example"), ("sec-fetch-site", "same-origin")]));
        for headers in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://learn.example.evil.example")],
            &[("origin", "http://learn.example")],
            &[("origin", "https://learn.example"), ("origin", "https://evil.example")],
            &[("origin", "https://learn.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!own(headers), "{headers:?}");
        }
    }

    #[test]
    fn cookies_and_parameters_that_are_there_twice_are_none() {
        let secret = "a".repeat(43).leak();
        let cookie = |text: String| request(&[("cookie", text.leak())]).cookie("c").is_some();
        assert!(cookie(format!("b=1; c={secret}; d=2")));
        assert!(!cookie(format!("c={secret}; c={secret}")));
        assert!(!cookie(format!("cc={secret}")));
        assert!(!cookie("c=short".to_owned()));
        assert_eq!(request(&[]).query("a").as_deref(), Some("1"));
        assert_eq!(request(&[]).query("b"), None);
    }

    #[test]
    fn only_trusted_proxies_say_who_asks() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let client = |peer: Option<&str>, chain: &'static str| {
            let asked = Request { peer: peer.map(ip), ..request(&[("x-forwarded-for", chain)]) };
            asked
                .client(&["10.0.0.1".parse().unwrap(), "10.1.0.0/16".parse().unwrap()])
                .map(|address| address.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(client(Some("192.0.2.1"), "198.51.100.1"), some("192.0.2.1"));
        assert_eq!(client(Some("127.0.0.1"), "198.51.100.1"), some("198.51.100.1"));
        assert_eq!(client(Some("::ffff:127.0.0.1"), "6.6.6.6, 198.51.100.1"), some("198.51.100.1"));
        assert_eq!(client(Some("127.0.0.1"), "6.6.6.6, 198.51.100.1, 10.0.0.1"), some("198.51.100.1"));
        assert_eq!(client(Some("10.1.2.3"), "6.6.6.6, 198.51.100.1, 10.1.0.9"), some("198.51.100.1"));
        assert_eq!(client(Some("10.2.0.1"), "198.51.100.1"), some("10.2.0.1"));
        assert_eq!(client(Some("127.0.0.1"), "6.6.6.6, junk"), some("127.0.0.1"));
        assert_eq!(client(None, "198.51.100.1"), some("198.51.100.1"));
        assert_eq!(client(None, ""), None);
    }
}
