//! What payment providers send, from the request to what a reader's token says.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use tierpress::account::{Answer, Request};
use tierpress::intake::Intake;
use tierpress::provider::secret::Secret;
use tierpress::provider::shop::Shops;
use tierpress::provider::stripe::{SigningSecrets, Stripe};
use tierpress::time::Timestamp;

use super::served::{Running, built, tierpress};
use super::stage::{Browser, NOW, SITE, Stage};
use crate::edges::free_address;
use crate::provider::{SECRET, body, sign};
use crate::server::{http, until};

pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(super) const CHECKOUT: &str = "{id: evt_1, type: checkout.session.completed, object: {session: {mode: subscription, \
     subscription: sub_1, customer: cus_1, payment_intent: null, payment_link: null, client_reference_id: null, \
     customer_details: {email: ada@example.org}}}}";
pub(super) const CREATED: &str =
    "{id: evt_2, type: customer.subscription.created, object: {subscription: {prices: [price_pro]}}}";
pub(super) const PAID: &str = "{id: evt_3, type: invoice.paid, object: {invoice: {customer_email: null, \
     lines: [{price: price_pro, from: \"@0\", to: \"@20000\"}]}}}";
pub(super) const FAILED: &str = "{id: evt_4, type: invoice.payment_failed, at: \"@0+20\", object: {invoice: {id: in_2, \
     customer_email: null, billing_reason: subscription_cycle, status: open, paid: false, amount_paid: 0, \
     lines: [{price: price_pro, from: \"@0\", to: \"@20000\"}]}}}";
const PAID_LATER: &str = "{id: evt_5, type: invoice.paid, at: \"@0+40\", object: {invoice: {id: in_2, customer_email: null, \
     billing_reason: subscription_cycle, paid_at: \"@0+40\", lines: [{price: price_pro, from: \"@0\", to: \"@20000\"}]}}}";

pub(super) fn site(price: &str) -> String {
    let own = format!("{{id: pro-monthly, stripe: {{prices: [{price}]}}, ");
    SITE.replace("{id: pro-monthly, ", &own)
}

/// A school that Stripe and a shop tell of payments.
pub(super) fn school(price: &str) -> Rc<Stage> {
    Stage::with(&site(price), |parts| {
        let secrets = Secret::several(&format!("whsec_ffffffffffffffffffffffffffffffff {SECRET}")).unwrap();
        let stripe = Stripe::new(SigningSecrets::new(&secrets).unwrap(), false);
        let shops = Shops::read(&format!("corner {KEY}\n")).unwrap();
        let mut hooks: super::stage::Hooks = BTreeMap::new();
        hooks.insert("stripe".to_owned(), Arc::new(Intake::stripe(stripe, None, parts.clone())));
        hooks.insert("events".to_owned(), Arc::new(Intake::shops(shops, parts)));
        hooks
    })
}

pub(super) fn send(stage: &Stage, target: &str, (name, value): (&str, &str), body: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    let now = Timestamp::saturating(stage.now.get());
    let peer = Some("192.0.2.7".parse().unwrap());
    stage.ask(Request { method: Method::POST, target: target.to_owned(), headers, body: Bytes::from(body), peer, now })
}

fn signature(time: i64, body: &[u8]) -> String {
    format!("t={time},v1={}", sign(SECRET, time, body))
}

pub(super) fn stripe(stage: &Stage, said: &str) -> Answer {
    let body = body(said);
    send(stage, "/account/hooks/stripe", ("stripe-signature", &signature(stage.now.get(), &body)), body)
}

/// A delivery that is taken and understood.
#[track_caller]
pub(super) fn told(stage: &Stage, said: &str) {
    let answer = stripe(stage, said);
    assert_eq!((answer.status().as_u16(), text(&answer).as_str()), (200, "{\"kept\":true}"), "{said}");
}

pub(super) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

pub(super) fn unread(stage: &Stage) -> Vec<String> {
    stage.run(stage.ledger.unread()).unwrap().into_iter().map(|unread| unread.id).collect()
}

fn count(stage: &Stage) -> usize {
    stage.run(stage.ledger.filed(None, 0, 1_000)).unwrap().len()
}

/// Whether a reader with that address has Pro.
pub(super) fn has_pro(browser: &Browser) -> bool {
    browser.get("/account/refresh");
    browser.holds().contains(&"pro".to_owned())
}

#[test]
fn who_pays_opens_and_who_does_not_is_closed_out() {
    let stage = school("price_pro");
    let ada = Browser::new(&stage);
    stage.now.set(NOW + 60);
    ada.sign_in("ada@example.org");
    assert!(!has_pro(&ada));
    for said in [CHECKOUT, CREATED, PAID] {
        told(&stage, said);
    }
    assert!(has_pro(&ada));
    let before = count(&stage);
    for said in [PAID, CHECKOUT, CREATED] {
        told(&stage, said);
    }
    assert_eq!(count(&stage), before, "known again");
    told(&stage, FAILED);
    assert!(!has_pro(&ada), "not paid");
    told(&stage, PAID_LATER);
    assert!(has_pro(&ada), "paid after all");
    let eve = Browser::new(&stage);
    eve.sign_in("eve@example.org");
    assert!(!has_pro(&eve));
    assert_eq!(unread(&stage), [""; 0]);
}

#[test]
fn any_order_comes_to_the_same() {
    let all = [CHECKOUT, CREATED, PAID, FAILED];
    for order in [[0, 1, 2, 3], [1, 2, 0, 3], [2, 1, 3, 0], [3, 2, 1, 0], [3, 0, 2, 1]] {
        let stage = school("price_pro");
        stage.now.set(NOW + 60);
        for number in order {
            assert_eq!(stripe(&stage, all[number]).status(), 200, "{order:?}");
        }
        assert_eq!(unread(&stage), [""; 0], "{order:?}");
        let ada = Browser::new(&stage);
        ada.sign_in("ada@example.org");
        assert!(!has_pro(&ada), "{order:?}");
        told(&stage, PAID_LATER);
        assert!(has_pro(&ada), "{order:?}");
    }
}

#[test]
fn what_is_not_understood_is_kept_and_read_again() {
    let stage = school("price_other");
    stage.now.set(NOW + 60);
    assert_eq!(stripe(&stage, CHECKOUT).status(), 200);
    let answer = stripe(&stage, PAID);
    assert_eq!(answer.status(), 200);
    assert!(text(&answer).contains("\"read\":false") && text(&answer).contains("price_pro"), "{}", text(&answer));
    assert_eq!(unread(&stage), ["evt_3"]);
    // The price is added to the product, and the service started again.
    let config = school("price_pro");
    let parts = tierpress::intake::Parts {
        config: config.config().clone(),
        ledger: stage.ledger.clone(),
        clock: || Timestamp::saturating(NOW + 60),
    };
    let secrets = SigningSecrets::new(&Secret::several(SECRET).unwrap()).unwrap();
    let again = Intake::stripe(Stripe::new(secrets, false), None, parts);
    assert_eq!(stage.run(again.read_again()).unwrap(), 1);
    assert_eq!(unread(&stage), [""; 0]);
    let ada = Browser::new(&stage);
    ada.sign_in("ada@example.org");
    assert!(has_pro(&ada));
}

#[test]
fn what_is_forged_late_or_of_test_mode_is_not_believed() {
    let stage = school("price_pro");
    stage.now.set(NOW + 60);
    let good = body(CHECKOUT);
    let late = signature(NOW + 60 - 301, &good);
    let test = String::from_utf8(good.clone()).unwrap().replace("\"livemode\":true", "\"livemode\":false");
    let altered = String::from_utf8(good.clone()).unwrap().replace("ada@", "eve@");
    let own = |body: &str| signature(NOW + 60, body.as_bytes());
    for (header, sent, told) in [
        (late, good.clone(), false),
        (signature(NOW + 60, &good), altered.into_bytes(), false),
        ("t=1".to_owned(), good.clone(), false),
        (own(&test), test.clone().into_bytes(), true),
        (own("[]"), b"[]".to_vec(), true),
    ] {
        let answer = send(&stage, "/account/hooks/stripe", ("stripe-signature", &header), sent);
        assert_eq!(answer.status(), 400, "{header}");
        assert_eq!(text(&answer).contains("why"), told, "{}", text(&answer));
    }
    let unsigned = send(&stage, "/account/hooks/stripe", ("x-other", "1"), good.clone());
    assert_eq!((unsigned.status().as_u16(), text(&unsigned).as_str()), (400, "{\"kept\":false}"));
    assert_eq!((count(&stage), unread(&stage).len()), (0, 0));
    // A flood of forgeries is answered shortly, and shuts nobody out.
    let forged =
        || send(&stage, "/account/hooks/stripe", ("stripe-signature", "t=1"), b"{}".to_vec()).status().as_u16();
    let answers: Vec<u16> = (0..40).map(|_| forged()).collect();
    assert!(answers.contains(&400) && answers.last() == Some(&429), "{answers:?}");
    assert_eq!(stripe(&stage, CHECKOUT).status(), 200);
}

#[test]
fn a_shop_speaks_with_its_key_and_for_itself() {
    let stage = school("price_pro");
    stage.now.set(NOW + 60);
    let event = |id: &str, rest: &str| {
        format!("{{\"id\":\"{id}\",\"at\":{NOW},\"email\":\"ada@example.org\",{rest}}}").into_bytes()
    };
    let bought = || event("o1", "\"kind\":\"purchased\",\"grant\":\"o1\",\"product\":\"course-once\"");
    let say = |key: &str, body: Vec<u8>| {
        let answer = send(&stage, "/account/events", ("authorization", &format!("Bearer {key}")), body);
        (answer.status().as_u16(), text(&answer))
    };
    assert_eq!(say(&KEY.replace('0', "1"), bought()), (401, "{\"kept\":false}".to_owned()));
    assert_eq!(say(KEY, event("o1", "\"source\":\"stripe\",\"kind\":\"joined\"")).0, 403);
    assert_eq!(say(KEY, b"{}".to_vec()).0, 400);
    assert_eq!(count(&stage), 0);
    for _ in 0..2 {
        assert_eq!(say(KEY, bought()), (200, "{\"kept\":true}".to_owned()));
    }
    let events = stage.run(stage.ledger.filed(None, 0, 9)).unwrap();
    assert_eq!(events.iter().map(|filed| filed.event.source.as_str()).collect::<Vec<_>>(), ["corner"]);
    // The same name with another content, and another purchase under it: the first one stays, and somebody is told.
    for (id, rest, word) in [
        ("o1", r#""kind":"purchased","grant":"o1","product":"pro-monthly""#, "came before with another content"),
        ("o2", r#""kind":"purchased","grant":"o1","product":"course-once""#, "began before"),
        ("o4", r#""kind":"granted","grant":"o4","access_control":"cuorse","why":"free""#, "no tier or bundle `cuorse`"),
    ] {
        let (status, why) = say(KEY, event(id, rest));
        assert!(status == 200 && why.contains(word), "{status} {why}");
    }
    assert_eq!(count(&stage), 1);
    // What nobody can read is kept and says why.
    let (status, why) = say(KEY, event("o3", "\"kind\":\"purchased\",\"grant\":\"o3\",\"product\":\"mug\""));
    assert!(status == 200 && why.contains("there is no product `mug`"), "{status} {why}");
    assert_eq!(unread(&stage), ["o1", "o2", "o3", "o4"]);
}

#[test]
fn an_edge_takes_what_stripe_sends() {
    let address = free_address();
    let site = built(address);
    let root = site.root();
    let yaml = std::fs::read_to_string(root.join("site.yaml")).unwrap();
    std::fs::write(
        root.join("site.yaml"),
        yaml.replace("{id: pro-monthly, ", "{id: pro-monthly, stripe: {prices: [price_pro]}, "),
    )
    .unwrap();
    std::fs::write(root.join("stripe.secret"), format!("{SECRET}\n")).unwrap();
    std::fs::write(root.join("shops"), format!("corner {KEY}\n")).unwrap();
    let mut command = tierpress(&root, &["edge", "--manifest", "tierpress-out/manifest.json", "--members", "m.db"]);
    command.args(["--mail-dir", "mails", "--mail-from", "a@school.example", "--listen", &address.to_string()]);
    command.args(["--stripe-secret", "stripe.secret", "--shop-keys", "shops"]);
    let edge = Running::start(&mut command, address);
    let post = |target: &str, header: &str, body: &[u8]| {
        let mut client = http::Client::connect(address);
        let mut bytes = format!(
            "POST {target} HTTP/1.1\r\nhost: localhost\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        client.send(&bytes);
        client.answer("POST").unwrap()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    for said in [CREATED, CHECKOUT, PAID] {
        let body = body(said);
        let header = format!("stripe-signature: {}", signature(now, &body));
        let answer = post("/account/hooks/stripe", &header, &body);
        assert_eq!(answer.status, 200, "{} {}", answer.text(), edge.log());
    }
    assert_eq!(post("/account/hooks/stripe", "stripe-signature: t=1,v1=0", &body(CHECKOUT)).status, 400);
    assert_eq!(post("/account/events", "authorization: Bearer x", b"{}").status, 401);
    assert_eq!(http::ask(address, "GET", "/account/hooks/stripe", &[]).status, 405);
    assert_eq!(post("/account/hooks/paypal", "x-other: 1", b"{}").status, 404);
    until("a line in the log", || edge.log().contains("a delivery is not believed"));
    let log = edge.log();
    assert!(!log.contains("ada@") && !log.contains(SECRET), "{log}");
    drop(edge);
    let shown = tierpress(&root, &["members", "show", "ada@example.org", "--db", "m.db"]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("sub_1") || shown.contains("pro-monthly"), "{shown}");
}
