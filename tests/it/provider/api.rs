//! The client of Stripe's API, against a server of our own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tierpress::provider::secret::Secret;
use tierpress::provider::stripe::API_VERSION;
use tierpress::provider::stripe::api::{ADDRESS, Client, ClientError};
use tierpress::provider::stripe::order;
use tierpress::provider::{Api as _, ApiError, Change, Need};

const KEY: &str = "rk_test_0123456789";

/// A server that gives these answers, one to each request, and keeps what it was asked: head and body.
pub(crate) struct Server {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(answers: Vec<(&'static str, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (head, body) in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut request = String::new();
                loop {
                    let before = request.len();
                    reader.read_line(&mut request).unwrap();
                    if request[before..].trim().is_empty() {
                        break;
                    }
                }
                let length =
                    request.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut sent = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut sent).unwrap();
                request.push_str(&String::from_utf8(sent).unwrap());
                heard.lock().unwrap().push(request.to_lowercase());
                write!(stream, "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                    .unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                // Until the client has read it all.
                std::io::copy(&mut reader.take(1 << 20), &mut std::io::sink()).ok();
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn client(server: &Server) -> Client {
    Client::new(&server.address, Secret::new(KEY).unwrap(), true).unwrap()
}

fn need() -> Need {
    Need("/v1/checkout/sessions/cs_1/line_items?limit=100".to_owned())
}

#[test]
fn it_asks_in_the_pinned_version() {
    let server = Server::start(vec![("200 OK", r#"{"object":"list","data":[]}"#)]);
    let answer = client(&server).get(&need()).unwrap();
    assert_eq!(answer, Some(json!({"object": "list", "data": []})));
    let asked = server.asked();
    assert!(asked[0].starts_with("get /v1/checkout/sessions/cs_1/line_items?limit=100 http/1.1"), "{asked:?}");
    assert!(asked[0].contains(&format!("\r\nstripe-version: {API_VERSION}\r\n")), "{asked:?}");
    assert!(asked[0].contains(&format!("\r\nauthorization: bearer {KEY}\r\n")), "{asked:?}");
}

#[test]
fn brackets_in_a_query_arrive() {
    let server = Server::start(vec![("200 OK", "{}")]);
    let query =
        "/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]=pi_1&limit=1&expand[]=data.invoice";
    client(&server).get(&Need(query.to_owned())).unwrap();
    let asked = server.asked().remove(0).replace("%5b", "[").replace("%5d", "]");
    assert!(asked.starts_with(&format!("get {query} ")), "{asked}");
}

#[test]
fn what_is_not_there_is_an_answer() {
    let server = Server::start(vec![("404 Not Found", r#"{"error":{"code":"resource_missing"}}"#)]);
    assert_eq!(client(&server).get(&need()), Ok(None));
}

#[test]
fn a_server_that_is_not_well_is_asked_again() {
    let server = Server::start(vec![
        ("500 Internal Server Error", "{}"),
        ("429 Too Many Requests", r#"{"error":{"code":"rate_limit"}}"#),
        ("200 OK", "{}"),
    ]);
    assert_eq!(client(&server).get(&need()), Ok(Some(json!({}))));
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn what_cannot_get_better_is_not_asked_again() {
    for (head, body, expected) in [
        (
            "401 Unauthorized",
            r#"{"error":{"code":"api_key_expired","message":"Expired API Key provided: rk_test_***789"}}"#,
            ApiError::Refused("401, `api_key_expired`".to_owned()),
        ),
        ("403 Forbidden", "{}", ApiError::Refused("403".to_owned())),
        (
            "403 Forbidden",
            r#"{"error":{"type":"invalid_request_error","message":"The provided key 'rk_test_*789' does not have the required permissions for this endpoint. Having the 'rak_invoice_read' permission would allow this request to continue."}}"#,
            ApiError::Refused("403, `invalid_request_error`, it lacks `rak_invoice_read`".to_owned()),
        ),
        (
            "400 Bad Request",
            r#"{"error":{"type":"invalid_request_error"}}"#,
            ApiError::Unreadable("400, `invalid_request_error`".to_owned()),
        ),
        ("500 Internal Server Error\r\nstripe-should-retry: false", "", ApiError::Unreadable("500".to_owned())),
        // The key goes nowhere else.
        ("302 Found\r\nlocation: http://127.0.0.1:1/", "", ApiError::Unreadable("302".to_owned())),
    ] {
        let server = Server::start(vec![(head, body)]);
        assert_eq!(client(&server).get(&need()), Err(expected), "{head}");
        assert_eq!(server.asked().len(), 1);
    }
    let server = Server::start(vec![("200 OK", "<html>")]);
    assert!(matches!(client(&server).get(&need()), Err(ApiError::Unreadable(_))));
}

#[test]
fn a_key_fits_its_mode_and_goes_to_nobody_in_the_clear() {
    let new = |address: &str, key: &str, test| Client::new(address, Secret::new(key).unwrap(), test);
    assert!(new(ADDRESS, "rk_live_1", false).is_ok());
    assert!(new(ADDRESS, "sk_test_1", true).is_ok());
    assert!(new("http://[::1]:8080/", "rk_test_1", true).is_ok());
    let fault = |address: &str, key: &str, test| new(address, key, test).map(|_| ()).unwrap_err();
    assert_eq!(fault(ADDRESS, "rk_live_1", true), ClientError::Mode("live"));
    assert_eq!(fault(ADDRESS, "rk_test_1", false), ClientError::Mode("test"));
    assert_eq!(fault(ADDRESS, "pk_live_1", false), ClientError::Publishable);
    assert_eq!(fault(ADDRESS, super::SECRET, false), ClientError::Key);
    for clear in ["http://api.stripe.example", "http://127.0.0.1.example", "http://localhost@x.example", "ftp://x"] {
        assert_eq!(fault(clear, "rk_test_1", true), ClientError::Address(clear.to_owned()));
    }
    let shown = format!("{:?}", new(ADDRESS, KEY, true).unwrap());
    assert!(!shown.contains("0123456789"), "{shown}");
}

#[test]
fn a_subscription_is_ended_and_goes_on() {
    for (change, line, form) in [
        (Change::End, "post /v1/subscriptions/sub_1 http/1.1", "cancel_at_period_end=true"),
        (Change::GoOn, "post /v1/subscriptions/sub_1 http/1.1", "cancel_at_period_end=false"),
        (Change::EndNow, "delete /v1/subscriptions/sub_1 http/1.1", ""),
    ] {
        let server =
            Server::start(vec![("500 Internal Server Error", "{}"), ("200 OK", r#"{"object":"subscription"}"#)]);
        let done = client(&server).order(&order("sub_1", change).unwrap()).unwrap();
        assert_eq!(done, Some(json!({"object": "subscription"})));
        let asked = server.asked();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked[1].starts_with(line), "{asked:?}");
        assert!(asked[1].contains(&format!("\r\nstripe-version: {API_VERSION}\r\n")), "{asked:?}");
        assert!(asked[1].contains(&format!("\r\nauthorization: bearer {KEY}\r\n")), "{asked:?}");
        assert_eq!(asked[1].split("\r\n\r\n").nth(1), Some(form), "{asked:?}");
    }
    let lacks = r#"{"error":{"message":"Having the 'rak_subscription_write' permission would allow this"}}"#;
    let server = Server::start(vec![("403 Forbidden", lacks)]);
    let refused = client(&server).order(&order("sub_1", Change::End).unwrap());
    assert_eq!(refused, Err(ApiError::Refused("403, it lacks `rak_subscription_write`".to_owned())));
}
