//! What members have, what their tokens say, and what they change themselves.

use tierpress::config::product::Money;
use tierpress::members::event::{PaidFor, What};
use tierpress::time::Timestamp;

use super::stage::{Browser, DAY, NOW, Stage};

fn buy(stage: &Stage, member: &str, (grant, product): (&str, &str)) {
    let terms = stage.product(product);
    let paid = Money { amount: terms.price.amount, currency: terms.price.currency };
    stage.tell(member, &format!("{grant}-1"), What::Purchased { grant: grant.into(), terms, trial_until: None });
    let paid_for = PaidFor::Period { start: None, end: None };
    let payment = format!("{grant}-payment");
    stage.tell(member, &format!("{grant}-2"), What::PaymentSucceeded { grant: grant.into(), payment, paid, paid_for });
}

#[test]
fn a_purchase_opens_by_the_next_token_and_a_failure_closes() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    assert_eq!(browser.holds(), [""; 0]);
    let member = stage.member("ada@example.org").unwrap();
    stage.now.set(NOW + 60);
    buy(&stage, &member, ("sub_1", "pro-monthly"));
    let sent = browser.get("/account/refresh?next=/lesson/&bought=pro-monthly");
    assert_eq!((sent.status(), sent.location()), (303, "/lesson/"));
    assert_eq!(browser.holds(), ["pro", "free"]);
    let (_, life) = stage.token(&browser.cookie("__Host-tierpress").unwrap());
    assert_eq!(life, 900);
    let home = browser.get("/account/").text();
    assert!(home.contains("The lesson"), "what opens next: {home}");
    assert!(home.contains("https://buy.example/course") && !home.contains("https://buy.example/pro"), "{home}");
    stage.now.set(NOW + 70);
    stage.tell(&member, "failed", What::PaymentFailed { grant: "sub_1".into() });
    browser.get("/account/refresh");
    assert!(!browser.holds().contains(&"pro".to_owned()));
    assert!(browser.get("/account/").text().contains("not paid"));
}

#[test]
fn no_token_outlives_what_time_changes() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    let until = Some(Timestamp::saturating(NOW + 300));
    let (grant, why) = ("g".to_owned(), tierpress::members::event::Why::Complimentary);
    let access_control = "pro".parse().unwrap();
    stage.tell(&member, "g", What::Granted { grant, access_control, why, since: None, until, expires_after: None });
    browser.get("/account/refresh");
    assert_eq!(stage.token(&browser.cookie("__Host-tierpress").unwrap()).1, 300);
    stage.now.set(NOW + 300);
    browser.get("/account/refresh");
    assert!(!browser.holds().contains(&"pro".to_owned()));
}

#[test]
fn free_things_are_taken_where_they_may_be() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let token = browser.get("/account/logout").field("token");
    let add = |id: &str| browser.post(&format!("/account/add/{id}"), &[("token", &token)]).status();
    assert_eq!(add("gift"), 409, "a free bundle without a tier");
    assert_eq!(add("pro"), 409, "not free");
    assert_eq!(add("course"), 409, "not free");
    assert_eq!(add("nothing"), 409);
    assert!(!browser.get("/account/").text().contains("/account/add/gift"));
    assert_eq!(add("free"), 303);
    assert_eq!(browser.holds(), ["free"]);
    assert_eq!(add("free"), 409, "it is theirs already");
    assert_eq!(add("gift"), 303);
    assert_eq!(browser.holds(), ["free", "gift"]);
    let member = stage.member("ada@example.org").unwrap();
    stage.now.set(NOW + 5);
    buy(&stage, &member, ("sub_1", "pro-monthly"));
    assert_eq!(add("free"), 409, "a free tier does not take the place of a paid one");
}

#[test]
fn what_is_free_or_paid_once_is_cancelled_here() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    let token = browser.get("/account/logout").field("token");
    browser.post("/account/add/free", &[("token", &token)]);
    buy(&stage, &member, ("once_1", "course-once"));
    stage.now.set(NOW + 10);
    let page = browser.get("/account/cancel/once_1");
    assert!(page.text().contains("ends at once"), "{}", page.text());
    assert_eq!(page.field("token"), token);
    assert_eq!(browser.post("/account/cancel/once_1", &[("token", &token)]).location(), "/account/");
    assert_eq!(browser.holds(), ["free"]);
    assert_eq!(browser.post("/account/cancel/once_1", &[("token", &token)]).status(), 404, "it is over");
    assert_eq!(browser.get("/account/cancel/unknown").status(), 404);
}

#[test]
fn what_others_collect_for_is_not_said_to_be_cancelled() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    buy(&stage, &member, ("sub_1", "pro-monthly"));
    buy(&stage, &member, ("plan_1", "course-plan"));
    stage.now.set(NOW + DAY);
    let token = browser.get("/account/logout").field("token");
    let page = browser.get("/account/cancel/sub_1");
    assert!(page.text().contains("You keep your access until"), "{}", page.text());
    let page = browser.post("/account/cancel/sub_1", &[("token", &token)]);
    assert!(page.text().contains("This is paid elsewhere"), "{}", page.text());
    browser.get("/account/refresh");
    assert_eq!(browser.holds(), ["pro", "free", "course"]);
    // `member_cancel: false`.
    assert!(!browser.get("/account/").text().contains("/account/cancel/plan_1"));
    assert_eq!(browser.get("/account/cancel/plan_1").status(), 409);
    assert_eq!(browser.post("/account/cancel/plan_1", &[("token", &token)]).status(), 409);
    // Somebody else's is nothing that there is.
    let eve = Browser::new(&stage);
    eve.sign_in("eve@example.org");
    let token = eve.get("/account/logout").field("token");
    assert_eq!(eve.post("/account/cancel/sub_1", &[("token", &token)]).status(), 404);
}

#[test]
fn keys_are_replaced_without_a_token_that_nobody_knows() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let keys = |at: i64| stage.service.jwks(Timestamp::saturating(at))["keys"].as_array().unwrap().len();
    assert_eq!(keys(NOW), 1);
    let kid = |browser: &Browser| browser.cookie("__Host-tierpress").unwrap().split('.').next().unwrap().to_owned();
    let old = kid(&browser);
    let now = Timestamp::saturating(NOW);
    let since = stage.run(tierpress::account::rotate(&stage.ledger, 900, now)).unwrap();
    assert_eq!(since.seconds(), NOW + 900);
    assert!(stage.run(tierpress::account::rotate(&stage.ledger, 900, now)).is_err(), "one waits already");
    stage.run(stage.service.look()).unwrap();
    assert_eq!(keys(NOW), 2, "published before it is used");
    stage.now.set(NOW + 899);
    browser.get("/account/refresh");
    assert_eq!(kid(&browser), old);
    stage.now.set(NOW + 900);
    browser.get("/account/refresh");
    assert_ne!(kid(&browser), old);
    assert_eq!(keys(NOW + 900 + 899), 2, "the old one's tokens are not over");
    assert_eq!(keys(NOW + 900 + 1_000), 1);
    let shown = browser.get("/account/jwks.json").text();
    assert!(!shown.contains("\"d\"") && shown.contains("ES256"), "{shown}");
}

#[test]
fn what_was_left_for_another_tier_is_free_again() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    let token = browser.get("/account/logout").field("token");
    assert_eq!(browser.post("/account/add/free", &[("token", &token)]).status(), 303);
    stage.now.set(NOW + 10);
    buy(&stage, &member, ("sub_1", "pro-monthly"));
    stage.now.set(NOW + 20);
    stage.tell(&member, "revoke", What::Revoked { grant: "sub_1".into() });
    browser.get("/account/refresh");
    assert_eq!(browser.holds(), [""; 0], "nothing is left");
    let home = browser.get("/account/").text();
    assert!(home.contains("/account/add/free") && home.contains("https://buy.example/pro"), "{home}");
    assert_eq!(browser.post("/account/add/free", &[("token", &token)]).status(), 303);
    assert_eq!(browser.holds(), ["free"]);
}
