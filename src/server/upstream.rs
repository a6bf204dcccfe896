//! Passing requests on to the server that answers the paths which are not decided here.
//!
//! Both ways are streamed. What belongs to a connection stays with it (RFC 9110, 7.6.1); headers of ours that a client
//! sends go no further.

use std::net::IpAddr;
use std::time::Duration;

use hyper::header::{
    CONNECTION, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, Method, Request, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::reply::{Body, Patient, Reply};
use super::worker::{Arrived, Worker};
use crate::diagnostic::Diagnostic;

/// How long a connection may take, how long an answer may take to begin, and how long a body may be silent.
const CONNECT: Duration = Duration::from_secs(5);
const BEGIN: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(60);
/// How many connections are kept for the next request, and how long.
const IDLE: usize = 64;
const IDLE_TIME: Duration = Duration::from_secs(30);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What belongs to one connection, whether `Connection` names it or not.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The other server.
#[derive(Debug)]
pub(super) struct Upstream {
    authority: Authority,
    client: Client<HttpConnector, Patient>,
}

impl Upstream {
    /// The server at `http://HOST:PORT`.
    pub(super) fn new(url: &str) -> Result<Self, Box<Diagnostic>> {
        let uri = url.parse::<Uri>().ok().filter(|uri| uri.scheme() == Some(&Scheme::HTTP) && uri.path() == "/");
        let uri = uri.filter(|uri| uri.query().is_none());
        let authority = uri.and_then(|uri| uri.into_parts().authority);
        let authority = authority.filter(|authority| !authority.as_str().contains('@')).ok_or_else(|| {
            Diagnostic::setup(format!("`--upstream {url}` is no server"))
                .help("write http://HOST:PORT, without a path; where it speaks TLS, put a proxy between")
        })?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIME).pool_max_idle_per_host(IDLE);
        Ok(Self { authority, client: builder.build(connector) })
    }

    /// Passes a request on, and its answer back.
    pub(super) async fn pass(&self, worker: &Worker, base_url: &str, arrived: Arrived) -> Reply {
        if matches!(*arrived.request.method(), Method::CONNECT | Method::TRACE) {
            return worker.words(405, "this method is not passed on\n");
        }
        let Some(target) = path_and_query(arrived.target()) else {
            return worker.words(400, "this address cannot be passed on\n");
        };
        let (mut parts, body) = arrived.request.into_parts();
        if parts.headers.get_all(HOST).iter().nth(1).is_some() {
            return worker.words(400, "there are several hosts in this request\n");
        }
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.authority.clone()).path_and_query(target);
        let Ok(uri) = uri.build() else { return worker.words(400, "this address cannot be passed on\n") };
        parts.uri = uri;
        parts.version = Version::HTTP_11;
        forwarded(&mut parts.headers, arrived.peer, base_url);
        let request = Request::from_parts(parts, Patient::new(body, SILENCE));
        match tokio::time::timeout(BEGIN, self.client.request(request)).await {
            Ok(Ok(response)) => {
                let (mut parts, body) = response.into_parts();
                drop_hop_by_hop(&mut parts.headers);
                Reply::from_parts(parts, Body::Upstream(Patient::new(body, SILENCE)))
            }
            Ok(Err(error)) => {
                if let Some(before) = worker.seldom.now() {
                    tracing::error!(reason = %error, before, "upstream does not answer");
                }
                worker.words(502, "the server for this path does not answer\n")
            }
            Err(_) => worker.words(504, "the server for this path takes too long\n"),
        }
    }
}

/// The path and query of a target as they are sent on; `None` for what cannot be.
fn path_and_query(target: &[u8]) -> Option<PathAndQuery> {
    Uri::try_from(target).ok()?.into_parts().path_and_query
}

/// Says for whom a request is passed on. What a client says of itself is added to, or replaced.
fn forwarded(headers: &mut HeaderMap, peer: Option<IpAddr>, base_url: &str) {
    drop_hop_by_hop(headers);
    headers.remove(EXPECT);
    headers.remove(FORWARDED);
    let ours = headers.keys().filter(|name| name.as_str().starts_with("tierpress-")).cloned().collect::<Vec<_>>();
    for name in ours {
        headers.remove(name);
    }
    let before = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let mut chain: Vec<String> = before.map(str::to_owned).collect();
    chain.extend(peer.map(|peer| peer.to_canonical().to_string()));
    match HeaderValue::try_from(chain.join(", ")) {
        Ok(chain) if !chain.is_empty() => headers.insert(X_FORWARDED_FOR, chain),
        Ok(_) | Err(_) => headers.remove(X_FORWARDED_FOR),
    };
    match headers.get(HOST).cloned() {
        Some(host) => headers.insert(X_FORWARDED_HOST, host),
        None => headers.remove(X_FORWARDED_HOST),
    };
    let scheme = if base_url.starts_with("https://") { "https" } else { "http" };
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
}

fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let lists = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = lists.flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok());
    let named: Vec<HeaderName> = named.filter(|name| *name != HOST).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_plain_server() {
        for url in ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://app", "http://[::1]:80"] {
            assert!(Upstream::new(url).is_ok(), "{url}");
        }
        for url in ["", "app:80", "https://app", "http://app/x", "http://app?x", "http://u@app", "/x", "http://"] {
            assert!(Upstream::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn headers_of_the_connection_stay_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "h"),
            ("connection", "X-One, close, host"),
            ("connection", "x-two, ??"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-three", "3"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("forwarded", "for=1"),
            ("tierpress-status", "200"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-host", "evil"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        forwarded(&mut headers, "::ffff:127.0.0.1".parse().ok(), "https://learn.example");
        let mut left: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        left.sort();
        assert_eq!(
            left,
            [
                "host: h",
                "x-forwarded-for: 1.1.1.1, 2.2.2.2, 127.0.0.1",
                "x-forwarded-host: h",
                "x-forwarded-proto: https",
                "x-three: 3"
            ]
        );
    }
}
