//! Cancelling what a provider collects for: by the account page and by command, against a Stripe of our own.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use tierpress::config::product::Money;
use tierpress::intake::{AnyApi, Intake};
use tierpress::members::event::{PaidFor, What};
use tierpress::provider::secret::Secret;
use tierpress::provider::stripe::api::Client;
use tierpress::provider::stripe::{SigningSecrets, Stripe};
use tierpress::time::Timestamp;

use super::hooks::{CHECKOUT, CREATED, FAILED, PAID, has_pro, site, told};
use super::served::tierpress;
use super::stage::{Browser, DAY, Hooks, NOW, SITE, Stage};
use crate::provider::SECRET;
use crate::provider::api::Server;

const PORTAL: &str = "https://billing.example/p/login";
const ENDING: &str = "{id: evt_6, type: customer.subscription.updated, at: \"@0+30\", object: {subscription: \
     {prices: [price_pro], cancel_at_period_end: true, period: [\"@0\", \"@20000\"]}}, was: {cancel_at_period_end: false}}";

/// A school whose Stripe answers so; without answers it has no key.
fn school(answers: Vec<(&'static str, &'static str)>, portal: bool) -> (Rc<Stage>, Server) {
    let has_key = !answers.is_empty();
    let server = Server::start(answers);
    let address = server.address.clone();
    let stage = Stage::with(&site("price_pro"), move |parts| {
        let secrets = SigningSecrets::new(&Secret::several(SECRET).unwrap()).unwrap();
        let portal = portal.then(|| PORTAL.parse().unwrap());
        let stripe = Stripe::new(secrets, false).with_portal(portal);
        let client = || Client::new(&address, Secret::new("rk_live_0123456789").unwrap(), false).unwrap();
        let api = has_key.then(|| Box::new(client()) as AnyApi);
        let mut hooks: Hooks = BTreeMap::new();
        hooks.insert("stripe".to_owned(), Arc::new(Intake::stripe(stripe, api, parts)));
        hooks
    });
    stage.now.set(NOW + 60);
    (stage, server)
}

/// Somebody who subscribed.
fn subscriber(stage: &Rc<Stage>) -> Browser {
    let browser = Browser::new(stage);
    browser.sign_in("ada@example.org");
    for said in [CHECKOUT, CREATED, PAID] {
        told(stage, said);
    }
    assert!(has_pro(&browser));
    browser
}

fn press(browser: &Browser, target: &str) -> super::stage::Page {
    let page = browser.get(target);
    assert_eq!(page.status(), 200, "{}", page.text());
    browser.post(target, &[("token", &page.field("token"))])
}

#[test]
fn stripe_is_asked_and_says_itself_what_became_of_it() {
    let (stage, server) = school(vec![("200 OK", "{}"), ("200 OK", "{}")], true);
    let ada = subscriber(&stage);
    let events = stage.run(stage.ledger.filed(None, 0, 99)).unwrap().len();
    let page = press(&ada, "/account/cancel/sub_1");
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("It is on its way"), "{}", page.text());
    let asked = server.asked();
    assert!(asked[0].starts_with("post /v1/subscriptions/sub_1 "), "{asked:?}");
    assert!(asked[0].ends_with("\r\n\r\ncancel_at_period_end=true"), "{asked:?}");
    // Nothing is written down before Stripe says so.
    assert_eq!(stage.run(stage.ledger.filed(None, 0, 99)).unwrap().len(), events);
    assert!(has_pro(&ada));
    told(&stage, ENDING);
    let home = ada.get("/account/").text();
    assert!(home.contains("account-pending_cancellation") && home.contains("/account/keep/sub_1"), "{home}");
    assert!(!home.contains("/account/cancel/sub_1"), "{home}");
    let page = press(&ada, "/account/keep/sub_1");
    assert!(page.text().contains("It is on its way"), "{}", page.text());
    assert!(server.asked()[1].ends_with("\r\n\r\ncancel_at_period_end=false"), "{:?}", server.asked());
}

#[test]
fn what_is_not_paid_ends_at_once() {
    let (stage, server) = school(vec![("200 OK", "{}")], false);
    let ada = subscriber(&stage);
    told(&stage, FAILED);
    let page = press(&ada, "/account/cancel/sub_1");
    assert!(page.text().contains("It is on its way"), "{}", page.text());
    assert!(server.asked()[0].starts_with("delete /v1/subscriptions/sub_1 "), "{:?}", server.asked());
}

#[test]
fn without_a_key_that_may_the_portal_is_shown() {
    const LACKS: (&str, &str) = ("403 Forbidden", "{}");
    const SCHEDULED: (&str, &str) = ("400 Bad Request", r#"{"error":{"code":"subscription_managed"}}"#);
    for answers in [vec![], vec![LACKS], vec![SCHEDULED], vec![("404 Not Found", "{}")]] {
        for portal in [true, false] {
            let (stage, server) = school(answers.clone(), portal);
            let ada = subscriber(&stage);
            let page = press(&ada, "/account/cancel/sub_1");
            let text = page.text();
            assert!(page.status() == 200 && text.contains("This is paid elsewhere"), "{text}");
            assert_eq!(text.contains(&format!("href=\"{PORTAL}\"")), portal, "{text}");
            assert!(has_pro(&ada), "nothing has ended");
            assert_eq!(server.asked().len(), answers.len());
        }
    }
}

#[test]
fn a_stripe_that_does_not_answer_is_not_said_to_have_done_it() {
    let (stage, _server) = school(vec![("500 Internal Server Error", "{}"); 3], true);
    let ada = subscriber(&stage);
    let page = press(&ada, "/account/cancel/sub_1");
    assert_eq!(page.status(), 503);
    assert!(!page.text().contains("on its way"), "{}", page.text());
}

#[test]
fn a_plan_that_is_paid_ends_here() {
    let stage = Stage::of(&SITE.replace(", member_cancel: false", ""));
    let ada = Browser::new(&stage);
    ada.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    let (grant, terms) = ("plan_1".to_owned(), stage.product("course-plan"));
    let paid = Money { amount: 1_000, currency: "eur".parse().unwrap() };
    stage.tell(&member, "p", What::Purchased { grant: grant.clone(), terms, trial_until: None });
    for month in 0..6 {
        stage.now.set(NOW + month * 31 * DAY);
        let (start, end) = (stage.now.get(), stage.now.get() + 31 * DAY);
        let (start, end) = (Some(Timestamp::saturating(start)), Some(Timestamp::saturating(end)));
        let (payment, paid_for) = (format!("pay_{month}"), PaidFor::Period { start, end });
        stage.tell(&member, &payment.clone(), What::PaymentSucceeded { grant: grant.clone(), payment, paid, paid_for });
        if ada.get("/account/").status() != 200 {
            ada.sign_in("ada@example.org");
        }
        let text = ada.get("/account/cancel/plan_1").text();
        assert_eq!(text.contains("ends at once"), month == 5, "{month}: {text}");
    }
    let page = press(&ada, "/account/cancel/plan_1");
    assert_eq!((page.status(), page.location()), (303, "/account/"), "{}", page.text());
    assert!(!ada.holds().contains(&"course".to_owned()));
}

#[test]
fn only_the_member_asks_and_only_for_their_own() {
    let (stage, server) = school(vec![("200 OK", "{}")], false);
    let ada = subscriber(&stage);
    let token = ada.get("/account/cancel/sub_1").field("token");
    let eve = Browser::new(&stage);
    eve.sign_in("eve@example.org");
    let hers = eve.get("/account/logout").field("token");
    for (browser, token) in [(&eve, hers.as_str()), (&eve, &token), (&ada, &hers), (&ada, "")] {
        for place in ["cancel", "keep"] {
            let status = browser.post(&format!("/account/{place}/sub_1"), &[("token", token)]).status();
            assert!([403, 404].contains(&status), "{status}");
        }
    }
    assert_eq!(eve.get("/account/keep/sub_1").status(), 404);
    assert_eq!(ada.get("/account/keep/sub_1").status(), 409, "it is not cancelled");
    assert_eq!(server.asked(), [""; 0]);
}

#[test]
fn the_command_asks_too() {
    let (stage, server) = school(vec![("200 OK", "{}"), ("200 OK", "{}"), ("403 Forbidden", "{}")], false);
    subscriber(&stage);
    let root = stage.site.root();
    std::fs::write(root.join("stripe.key"), "rk_live_0123456789\n").unwrap();
    let cancel = |more: &[&str]| {
        let mut command = tierpress(&root, &["members", "cancel", "ada@example.org", "pro", "--db", "members.db"]);
        command.env_remove("TIERPRESS_STRIPE_KEY").args(["--now", "2026-11-19"]).args(more);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let key = ["--stripe-key", "stripe.key", "--stripe-api", &server.address];
    let (code, said) = cancel(&key);
    assert!(code == Some(0) && said.contains("Stripe was asked about `sub_1`"), "{said}");
    let (code, said) = cancel(&[&key[..], &["--undo", "--format", "json"]].concat());
    assert!(code == Some(0) && said.contains("\"asked\""), "{said}");
    let (code, said) = cancel(&key);
    assert!(code != Some(0) && said.contains("Stripe did not do it: ") && said.contains("help"), "{said}");
    let asked = server.asked();
    assert!(
        asked[0].ends_with("cancel_at_period_end=true") && asked[1].ends_with("cancel_at_period_end=false"),
        "{asked:?}"
    );
    assert!(!said.contains("0123456789"), "{said}");
    // Without a key it is an event of ours, and what that does not do is said.
    let (code, said) = cancel(&[]);
    assert!(code == Some(0) && said.contains("goes on charging"), "{said}");
}
