//! `/account/` behind each server that `tierpress export` knows, started from what it writes: `members serve` as the other
//! upstream, a reader who joins through it, a webhook that passes it, and a token that opens a lesson at it.
//!
//! What stands between the server and the service keeps what the service was sent.

use std::path::Path;

use serde_json::Value;

use super::served::{Running, tierpress};
use super::stage::SITE;
use super::tap::Tap;
use crate::edges::runner::http::{self, Answer};
use crate::edges::runner::stage::real_now;
use crate::edges::{self, Stage, caddy, envoy, free_address, haproxy, nginx, own, traefik};
use crate::fixture::Fixture;
use crate::provider::{SECRET, body, sign};

const HOST: &str = "school.example";
const ORIGIN: &str = "Origin: https://school.example\r\n";

const CHECKOUT: &str = "{id: evt_1, type: checkout.session.completed, object: {session: {mode: subscription, \
     subscription: sub_1, customer: cus_1, payment_intent: null, payment_link: null, client_reference_id: null, \
     customer_details: {email: ada@example.org, name: \"Áda 愛\"}}}}";
const CREATED: &str = "{id: evt_2, type: customer.subscription.created, object: {subscription: {prices: [price_pro], \
     period: [\"@0\", \"@20000\"]}}}";
const PAID: &str = "{id: evt_3, type: invoice.paid, object: {invoice: {customer_email: null, \
     lines: [{price: price_pro, from: \"@0\", to: \"@20000\"}]}}}";

/// An edge with the service behind it.
struct School {
    site: Fixture,
    edge: edges::Running,
    tap: Tap,
    _service: Running,
}

impl School {
    /// Starts the service, then the edge with the service's keys: at their address, or in a file.
    fn open(start: fn(&Stage) -> edges::Running, keys_in_file: bool) -> Self {
        let text = SITE
            .replace("{id: pro-monthly, ", "{id: pro-monthly, stripe: {prices: [price_pro]}, ")
            .replace("drip: 7d\n", "")
            .replace("Hello.", "Hello WORD-LESSON.");
        let site = Fixture::new(&text);
        let root = site.root();
        let done = tierpress(&root, &["build", "--out", "../out"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        std::fs::write(root.join("stripe.secret"), format!("{SECRET}\n")).unwrap();
        let listens = free_address();
        let mut command = tierpress(&root, &["members", "serve", "--db", "members.db", "--mail-dir", "mails"]);
        command.args(["--manifest", "../out/manifest.json", "--stripe-secret", "stripe.secret"]);
        let service = Running::start(command.args(["--listen", &listens.to_string()]), listens);
        let tap = Tap::start(listens);
        let folder = root.parent().unwrap();
        let jwks = if keys_in_file {
            let keys = http::send(listens, "GET", &request(("GET", "/account/jwks.json"), "", b"")).unwrap();
            std::fs::write(folder.join("keys.json"), keys.body).unwrap();
            folder.join("keys.json")
        } else {
            format!("http://{listens}/account/jwks.json").into()
        };
        let edge = start(&Stage::ready(folder, jwks, tap.address));
        Self { site, edge, tap, _service: service }
    }

    #[track_caller]
    fn ask(&self, (method, target): (&str, &str), head: &str, body: &[u8]) -> Answer {
        let answer = http::send(self.edge.address, method, &request((method, target), head, body));
        let answer = answer.unwrap_or_else(|why| panic!("{method} {target}: {why:?}\n{}", self.edge.logs()));
        assert!(answer.surplus.is_empty(), "{method} {target}");
        answer
    }

    #[track_caller]
    fn webhook(&self, body: &[u8], secret: &str) -> Answer {
        let time = real_now();
        let head =
            format!("Stripe-Signature: t={time},v1={}\r\nContent-Type: application/json\r\n", sign(secret, time, body));
        self.ask(("POST", "/account/hooks/stripe"), &head, body)
    }
}

fn request((method, target): (&str, &str), head: &str, body: &[u8]) -> Vec<u8> {
    let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\n{head}{length}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A form as a browser sends it.
fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The value of a hidden field.
#[track_caller]
fn field(answer: &Answer, name: &str) -> String {
    let page = text(answer);
    let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let at = page.find(&start).unwrap_or_else(|| panic!("no `{name}` in {page}")) + start.len();
    page[at..].split('"').next().unwrap().to_owned()
}

/// The cookies that an answer sets, each by a header of its own, as a browser sends them back.
#[track_caller]
fn cookies(answer: &Answer) -> Vec<(String, String)> {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs = set.map(|(_, value)| {
        assert!(value.ends_with("; HttpOnly; Secure; SameSite=Lax"), "{value}");
        let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    pairs.collect()
}

#[track_caller]
fn cookie(answer: &Answer, name: &str) -> String {
    let set = cookies(answer);
    let found: Vec<&String> = set.iter().filter(|(own, _)| own == name).map(|(_, value)| value).collect();
    let [value] = found.as_slice() else { panic!("{name} in {set:?}") };
    format!("{name}={value}")
}

/// An account page has its own headers, each once, and none of a decision's.
#[track_caller]
fn check_headers(answer: &Answer) {
    for (name, expected) in
        [("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin")]
    {
        assert_eq!(answer.header(name).as_deref(), Some(expected), "{name}: {:?}", answer.headers);
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains(", "), "{policy}");
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("tierpress-")), "{:?}", answer.headers);
}

/// The link in the only mail.
#[track_caller]
fn link(root: &Path) -> String {
    let mails: Vec<_> = std::fs::read_dir(root.join("mails")).unwrap().map(|mail| mail.unwrap().path()).collect();
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    super::stage::link_in(&std::fs::read_to_string(mail).unwrap())
}

/// From joining to the lesson.
#[track_caller]
fn a_reader_joins_and_buys(start: fn(&Stage) -> edges::Running, keys_in_file: bool) {
    let school = School::open(start, keys_in_file);
    let visitor = school.ask(("GET", "/lesson/"), "", b"");
    assert_eq!(visitor.header("tierpress-reason").as_deref(), Some("not_signed_in"));
    assert!(!text(&visitor).contains("WORD-LESSON"));

    // The form, its cookie, and who may send it.
    let page = school.ask(("GET", "/account/join?next=/lesson/"), "", b"");
    assert_eq!(page.status, 200, "{}", text(&page));
    check_headers(&page);
    let (token, browser) = (field(&page, "token"), cookie(&page, "__Host-tierpress-browser"));
    let fields = form(&[("token", &token), ("address", "ada@example.org"), ("next", "/lesson/"), ("wish", "free")]);
    let post =
        |head: &str| school.ask(("POST", "/account/join"), &format!("{FORM}Cookie: {browser}\r\n{head}"), &fields);
    for head in ["", "Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(post(head).status, 403, "{head}");
    }
    let forged = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: evil.example\r\nTierpress-Passthrough: 1\r\nTierpress-Object: x\r\n";
    let sent = post(&format!("{ORIGIN}{forged}"));
    assert_eq!((sent.status, sent.header("location").as_deref()), (303, Some("/account/sent")), "{}", text(&sent));
    let arrived = String::from_utf8_lossy(&school.tap.up()).into_owned();
    let arrived = &arrived[arrived.rfind("POST /account/join HTTP/1.1").expect("the target as it was sent")..];
    let head = arrived.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    let headers = |name: &str| -> Vec<&str> {
        head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim).collect()
    };
    assert!(arrived.as_bytes().ends_with(&fields), "{arrived}");
    assert_eq!(headers("host"), [HOST], "{head}");
    assert!(!head.contains("\ntierpress-"), "{head}");
    let clients = headers("x-forwarded-for").join(",");
    // Envoy writes the machine's own address in the place of loopback.
    let asks: Option<std::net::IpAddr> = clients.rsplit(',').next().and_then(|text| text.trim().parse().ok());
    assert!(asks.is_some_and(|asks| asks.to_string() != "203.0.113.9"), "who asks comes last: {head}");

    // The mailed link names the site and no other host, and signs in.
    let link = link(&school.site.root());
    let button = school.ask(("GET", &link), &format!("Cookie: {browser}\r\n"), b"");
    assert_eq!(button.status, 200, "{}", text(&button));
    let fields = form(&[("token", &field(&button, "token")), ("t", &field(&button, "t"))]);
    let used = school.ask(("POST", "/account/link"), &format!("{FORM}{ORIGIN}Cookie: {browser}\r\n"), &fields);
    assert_eq!((used.status, used.header("location").as_deref()), (303, Some("/lesson/")), "{}", text(&used));
    assert_eq!(cookies(&used).len(), 3, "{:?}", used.headers);
    let session = cookie(&used, "__Host-tierpress-session");
    let free = format!("Cookie: {session}; {}\r\n", cookie(&used, "__Host-tierpress"));
    let closed = school.ask(("GET", "/lesson/"), &free, b"");
    assert_eq!(closed.header("tierpress-reason").as_deref(), Some("not_entitled"), "the token is good here");

    // Webhooks pass byte for byte, small and large: one byte more, and the signature would not hold.
    for (number, said) in [CREATED, CHECKOUT, PAID].into_iter().enumerate() {
        let event: Value = serde_json::from_slice(&body(said)).unwrap();
        let mut bytes = serde_json::to_vec_pretty(&event).unwrap();
        bytes.extend_from_slice(b"\r\n\t");
        bytes.extend(vec![b' '; number * 100_000]);
        let taken = school.webhook(&bytes, SECRET);
        assert_eq!((taken.status, text(&taken).as_str()), (200, "{\"kept\":true}"), "{said}\n{}", school.edge.logs());
        assert_eq!(school.webhook(&bytes, "whsec_ffffffffffffffffffffffffffffffff").status, 400);
    }

    // Whoever has a tier takes what was bought in their name themselves.
    let home = school.ask(("GET", "/account/"), &free, b"");
    let page = text(&home);
    let place = page.find("action=\"/account/accept/").expect("what waits") + "action=\"".len();
    let accept = page[place..].split('"').next().unwrap().to_owned();
    let fields = form(&[("token", &field(&home, "token"))]);
    let taken = school.ask(("POST", &accept), &format!("{FORM}{ORIGIN}{free}"), &fields);
    assert_eq!(taken.status, 303, "{}", text(&taken));

    // The next token opens the lesson at this edge.
    let renewed = school.ask(("GET", "/account/refresh?next=/lesson/"), &free, b"");
    assert_eq!((renewed.status, renewed.header("location").as_deref()), (303, Some("/lesson/")));
    let pro = format!("Cookie: {session}; {}\r\n", cookie(&renewed, "__Host-tierpress"));
    let open = school.ask(("GET", "/lesson/"), &pro, b"");
    assert_eq!((open.status, open.header("tierpress-reason")), (200, None));
    assert!(text(&open).contains("WORD-LESSON"), "{}", text(&open));
    let home = school.ask(("GET", "/account/"), &pro, b"");
    check_headers(&home);
    assert!(text(&home).contains("ada@example.org"), "{}", text(&home));
    // The session is for the account alone: no reader's name is anybody's but theirs.
    assert_eq!(school.ask(("GET", "/account/"), "", b"").header("location").as_deref(), Some("/account/sign-in"));
}

#[test]
fn behind_our_own_server() {
    a_reader_joins_and_buys(own::start, false);
}

#[test]
fn behind_nginx() {
    a_reader_joins_and_buys(nginx::start, false);
}

#[test]
fn behind_nginx_that_is_told() {
    a_reader_joins_and_buys(nginx::accel_start, false);
}

#[test]
fn behind_caddy() {
    a_reader_joins_and_buys(caddy::start, false);
}

#[test]
fn behind_traefik() {
    a_reader_joins_and_buys(traefik::start, false);
}

#[test]
fn behind_envoy() {
    a_reader_joins_and_buys(envoy::start, false);
}

#[test]
fn behind_haproxy() {
    a_reader_joins_and_buys(haproxy::start, true);
}
