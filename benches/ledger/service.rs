//! What the service does in a second: events of a shop taken in over `/account/events`, each durable before it is answered,
//! and tokens made by `/account/refresh`. Requests are handed to the service as the server hands them over.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use nix::sys::resource::{UsageWho, getrusage};
use tierpress::account::{Answer, Hook, Mailer, Parts, Request, Service};
use tierpress::build;
use tierpress::intake::{self, Intake};
use tierpress::ledger::Ledger;
use tierpress::provider::shop::Shops;
use tierpress::time::Timestamp;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const ADDRESS: &str = "reader0@readers.example";
/// How many deliveries are on their way at once.
const AT_ONCE: usize = 16;

/// How many of each are asked for.
pub(super) struct Counts {
    pub(super) deliveries: usize,
    pub(super) tokens: usize,
}

/// Deliveries in a second, and tokens in a second of one core.
pub(super) struct Rates {
    pub(super) deliveries: f64,
    pub(super) tokens: f64,
}

/// Measures the service of a site on a ledger.
pub(super) async fn measure(ledger: &Ledger, site: &str, counts: &Counts, now: Timestamp) -> Rates {
    let folder = tempfile::tempdir_in("target").expect("a folder");
    let service = Arc::new(service(ledger, (folder.path(), site), now).await);
    let deliveries = deliveries(&service, counts.deliveries, now).await;
    println!("events of a shop, {AT_ONCE} at once, each on the disk: {deliveries:.0} a second");
    let tokens = tokens(&service, &folder.path().join("mails"), counts.tokens, now).await;
    println!("tokens: {tokens:.0} in a second of one core");
    Rates { deliveries, tokens }
}

async fn service(ledger: &Ledger, (root, site): (&Path, &str), now: Timestamp) -> Service {
    std::fs::create_dir(root.join("content")).expect("a folder");
    std::fs::write(root.join("site.yaml"), site).expect("written");
    std::fs::write(root.join("content/_index.md"), "# Home\n").expect("written");
    let request = build::Request { root, now, created: now, ..build::Request::default() };
    let (frame, _) = build::frame(&request).expect("a site");
    let clock = || Timestamp::saturating(i64::MAX);
    let parts = intake::Parts { config: frame.config.clone(), ledger: ledger.clone(), clock };
    let shops = Shops::read(&format!("corner {KEY}\n")).expect("a key");
    let hook: Arc<dyn Hook> = Arc::new(Intake::shops(shops, parts));
    let hooks = BTreeMap::from([("events".to_owned(), hook)]);
    let mailer = Mailer::folder(root.join("mails"), "School <school@school.example>").expect("a folder");
    let parts = Parts { frame, ledger: ledger.clone(), mailer, trusted: Vec::new(), hooks };
    Service::start(parts, now).await.expect("a service")
}

/// Purchases of new buyers and their payments, as a shop tells them.
async fn deliveries(service: &Arc<Service>, count: usize, now: Timestamp) -> f64 {
    let start = Instant::now();
    let told = (0..AT_ONCE).map(|first| {
        let service = Arc::clone(service);
        tokio::spawn(async move {
            for number in (first..count).step_by(AT_ONCE) {
                let answer = service.answer(event(number, now), None).await;
                assert_eq!(answer.status().as_u16(), 200, "{}", text(&answer));
            }
        })
    });
    for told in told.collect::<Vec<_>>() {
        told.await.expect("told");
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn event(number: usize, now: Timestamp) -> Request {
    let buyer = number / (2 * AT_ONCE) * AT_ONCE + number % AT_ONCE;
    let about =
        format!(r#""at": {}, "email": "reader{buyer}@readers.example", "grant": "order-{buyer}""#, now.seconds() - 60);
    let body = if (number / AT_ONCE).is_multiple_of(2) {
        format!(r#"{{"id": "evt-{number}", "kind": "purchased", "product": "basic-monthly", {about}}}"#)
    } else {
        let paid = r#""paid": {"amount": 900, "currency": "eur"}, "paid_for": {"period": {}}"#;
        format!(r#"{{"id": "evt-{number}", "kind": "payment_succeeded", "payment": "pay-{number}", {paid}, {about}}}"#)
    };
    let bearer = format!("Bearer {KEY}");
    request((Method::POST, "/account/events"), &[("authorization", &bearer)], body, now)
}

/// Signs a buyer in by a mailed link, and asks for tokens.
async fn tokens(service: &Service, mails: &Path, count: usize, now: Timestamp) -> f64 {
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://school.example")];
    let page = service.answer(request((Method::GET, "/account/sign-in"), &[], String::new(), now), None).await;
    let browser = cookies(&page);
    let asked = fields(&[("token", &field(&page, "token")), ("address", ADDRESS)]);
    let headers = [form.as_slice(), &[("cookie", &browser)]].concat();
    service.answer(request((Method::POST, "/account/sign-in"), &headers, asked, now), None).await;
    let link = link(mails);
    let cookie = [("cookie", browser.as_str())];
    let page = service.answer(request((Method::GET, &link), &cookie, String::new(), now), None).await;
    let used = fields(&[("token", &field(&page, "token")), ("t", &field(&page, "t"))]);
    let signed = service.answer(request((Method::POST, "/account/link"), &headers, used, now), None).await;
    let session = cookies(&signed);
    let before = processor_time();
    for _ in 0..count {
        let headers = [("cookie", session.as_str())];
        let asked = request((Method::GET, "/account/refresh?next=/"), &headers, String::new(), now);
        let answer = service.answer(asked, None).await;
        assert!(answer.headers().contains_key("set-cookie"), "{}", text(&answer));
    }
    count as f64 / (processor_time() - before).as_secs_f64()
}

fn request((method, target): (Method, &str), headers: &[(&str, &str)], body: String, now: Timestamp) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).expect("a name");
        map.insert(name, HeaderValue::try_from(*value).expect("a value"));
    }
    let peer = Some("192.0.2.1".parse().expect("an address"));
    Request { method, target: target.to_owned(), headers: map, body: Bytes::from(body), peer, now }
}

fn fields(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

/// The cookies that an answer sets, as a browser brings them.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let pairs = set.filter(|cookie| !cookie.contains("Max-Age=0")).filter_map(|cookie| cookie.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// The value of a hidden field of the form on a page.
fn field(page: &Answer, name: &str) -> String {
    let text = text(page);
    let after = text.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
    after.split('"').next().expect("a value").to_owned()
}

/// The target of the link in the one mail that was sent.
fn link(mails: &Path) -> String {
    let mail = std::fs::read_dir(mails).expect("mails").next().expect("a mail").expect("a mail");
    let text = std::fs::read_to_string(mail.path()).expect("a mail").replace("=\r\n", "").replace("=3D", "=");
    let after = text.split("https://school.example/account/link").nth(1).expect("a link");
    format!("/account/link{}", after.split_whitespace().next().expect("a query"))
}

/// What all threads of this process have used of the processors.
fn processor_time() -> Duration {
    let used = getrusage(UsageWho::RUSAGE_SELF).expect("the usage");
    let part = |time: nix::sys::time::TimeVal| {
        let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
        Duration::from_micros(u64::try_from(micros).expect("a time"))
    };
    part(used.user_time()) + part(used.system_time())
}
