//! From the account to a checkout and back: who a purchase is for, whatever is typed there.

use std::rc::Rc;

use tierpress::provider::reference::References;
use tierpress::time::Timestamp;

use super::hooks::{CREATED, KEY, PAID, has_pro, school, send, told, unread};
use super::stage::{Browser, DAY, NOW, Stage};

/// A finished checkout of the subscription `sub_1`, with a reference and the address that was typed.
fn checkout(reference: Option<&str>, typed: &str) -> String {
    let reference = reference.map_or("null".to_owned(), |reference| format!("\"{reference}\""));
    format!(
        "{{id: evt_1, type: checkout.session.completed, object: {{session: {{mode: subscription, \
         subscription: sub_1, customer: cus_1, payment_intent: null, payment_link: null, \
         client_reference_id: {reference}, customer_details: {{email: {typed}}}}}}}}}"
    )
}

/// The reference in a link to a checkout.
#[track_caller]
fn reference(link: &str) -> String {
    let (_, reference) = link.split_once("client_reference_id=").unwrap_or_else(|| panic!("no reference in {link}"));
    reference.split(['&', '#', '"']).next().unwrap().to_owned()
}

fn signed_in(stage: &Rc<Stage>, address: &str) -> Browser {
    let browser = Browser::new(stage);
    browser.sign_in(address);
    browser
}

/// Takes the free tier: then a purchase by an address alone would replace one.
fn take_free(browser: &Browser) {
    let token = browser.get("/account/logout").field("token");
    assert_eq!(browser.post("/account/add/free", &[("token", &token)]).status(), 303);
}

#[test]
fn what_a_member_buys_is_theirs_whatever_they_type_there() {
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let stage = school("price_pro");
        stage.now.set(NOW + 60);
        let ada = signed_in(&stage, "ada@example.org");
        take_free(&ada);
        let home = ada.get("/account/").text();
        let offered = home.split("https://buy.example/pro").nth(1).expect("an offer");
        let reference = reference(offered);
        let all = [checkout(Some(&reference), "ada@work.example"), CREATED.to_owned(), PAID.to_owned()];
        for number in order {
            let answer = super::hooks::stripe(&stage, &all[number]);
            assert_eq!(answer.status(), 200, "{order:?}");
        }
        assert!(has_pro(&ada), "{order:?}");
        assert_eq!(stage.member("ada@work.example"), None, "{order:?}");
        assert_eq!(unread(&stage), [""; 0]);
    }
}

#[test]
fn a_reference_that_we_did_not_make_for_them_now_is_none() {
    let stage = school("price_pro");
    stage.now.set(NOW + 60);
    let ada = signed_in(&stage, "ada@example.org");
    take_free(&ada);
    let member = stage.member("ada@example.org").unwrap();
    let good = reference(ada.get("/account/buy/pro-monthly").location());
    let eve = signed_in(&stage, "eve@example.org");
    let hers = reference(eve.get("/account/buy/pro-monthly").location());
    let at = |seconds| Timestamp::saturating(NOW + seconds);
    let foreign = References::new("the secret of another site").make(&member, at(0)).unwrap();
    let secret = stage.run(stage.ledger.checkout_secret(None)).unwrap().unwrap();
    let old = References::new(&secret).make(&member, at(-31 * DAY)).unwrap();
    let early = References::new(&secret).make(&member, at(DAY)).unwrap();
    let spliced = format!("{}{}", &good[..good.len() - 22], &hers[hers.len() - 22..]);
    for (number, forged) in
        [member.as_str(), "tp1-", &foreign, &old, &early, &spliced, &good[..good.len() - 1]].iter().enumerate()
    {
        let customer = format!("cus_f{number}");
        let said = checkout(Some(forged), "mallory@example.org")
            .replace("evt_1", &format!("evt_f{number}"))
            .replace("cus_1", &customer)
            .replace("sub_1", &format!("sub_f{number}"));
        told(&stage, &said);
        let known = stage.run(stage.ledger.append_about(
            ("stripe", &tierpress::ledger::About { customer: Some(&customer), ..Default::default() }),
            &[],
            None,
            &tierpress::ledger::Present { rules: &stage.rules(), now: at(60) },
        ));
        assert_ne!(known.unwrap().0, member, "{forged}");
    }
    assert!(!has_pro(&ada));
}

#[test]
fn an_address_that_somebody_else_types_changes_nothing_before_it_is_accepted() {
    let stage = school("price_pro");
    stage.now.set(NOW + 60);
    let ada = signed_in(&stage, "ada@example.org");
    take_free(&ada);
    for said in [checkout(None, "ADA@Example.org"), CREATED.to_owned(), PAID.to_owned()] {
        told(&stage, &said);
    }
    assert!(!has_pro(&ada));
    assert_eq!(ada.holds(), ["free"]);
    // Coming back from the checkout leads to where it can be accepted, and at once.
    let started = std::time::Instant::now();
    let back = ada.get("/account/refresh?bought=pro-monthly&next=/lesson/");
    assert_eq!(back.location(), "/account/");
    assert!(started.elapsed().as_secs() < 8, "it was waited for");
    // So does signing in, for whoever was not.
    let again = Browser::new(&stage);
    let token = again.get("/account/sign-in?next=/lesson/").field("token");
    let asked = [("token", token.as_str()), ("address", "ada@example.org"), ("next", "/lesson/")];
    assert_eq!(again.post("/account/sign-in", &asked).location(), "/account/sent");
    assert_eq!(again.use_link(&stage.link(), &[]).location(), "/account/");
    let home = ada.get("/account/").text();
    let waits = home.split("id=\"account-waiting\"").nth(1).expect("something waits");
    assert!(waits.split("</section>").next().unwrap().contains("<strong>Pro</strong>"), "{waits}");
    let waiting = home.split("action=\"/account/accept/").nth(1).expect("something waits");
    let name = waiting.split('"').next().unwrap().to_owned();
    // Nobody else can take it.
    let eve = signed_in(&stage, "eve@example.org");
    let token = eve.get("/account/logout").field("token");
    assert_eq!(eve.post(&format!("/account/accept/{name}"), &[("token", &token)]).status(), 409);
    let token = ada.get("/account/logout").field("token");
    assert_eq!(ada.post(&format!("/account/accept/{name}"), &[("token", &token)]).status(), 303);
    assert!(ada.holds().contains(&"pro".to_owned()));
    assert_eq!(ada.get("/account/refresh?bought=pro-monthly&next=/lesson/").location(), "/lesson/");
}

#[test]
fn the_way_to_a_checkout_is_open_to_everybody_and_names_whoever_is_known() {
    let stage = school("price_pro");
    let visitor = Browser::new(&stage);
    let on = visitor.get("/account/buy/pro-monthly");
    assert_eq!((on.status(), on.location()), (303, "https://buy.example/pro"));
    for target in ["/account/buy/course-plan", "/account/buy/nothing", "/account/buy/", "/account/buy"] {
        assert_eq!(visitor.get(target).status(), 404, "{target}");
    }
    assert_eq!(visitor.post("/account/buy/pro-monthly", &[]).status(), 405);
    let ada = signed_in(&stage, "ada@example.org");
    let on = ada.get("/account/buy/pro-monthly?next=https://evil.example/");
    assert!(on.location().starts_with("https://buy.example/pro?client_reference_id=tp1-"), "{}", on.location());
    let reference = reference(on.location());
    assert!(reference.len() <= 200 && reference.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    assert!(!on.location().contains("evil") && !on.location().contains("example.org"));
}

#[test]
fn a_shop_that_gives_the_reference_back_says_who_buys() {
    let stage = school("price_pro");
    stage.now.set(NOW + 60);
    let ada = signed_in(&stage, "ada@example.org");
    take_free(&ada);
    let good = reference(ada.get("/account/buy/pro-monthly").location());
    let buy = |id: &str, reference: &str| {
        let event = serde_json::json!({"id": id, "at": NOW, "reference": reference, "email": "other@example.org",
            "kind": "purchased", "grant": id, "product": "course-once"});
        let header = format!("Bearer {KEY}");
        send(&stage, "/account/events", ("authorization", &header), event.to_string().into_bytes()).status().as_u16()
    };
    assert_eq!(buy("o1", &good.replace("tp1-", "tp2-")), 200);
    ada.get("/account/refresh");
    assert!(!ada.holds().contains(&"course".to_owned()));
    assert_eq!(buy("o2", &good), 200);
    ada.get("/account/refresh");
    assert!(ada.holds().contains(&"course".to_owned()));
}

#[test]
fn a_shop_cannot_speak_of_what_was_bought_elsewhere() {
    let stage = school("price_pro");
    stage.now.set(NOW + 60);
    let ada = signed_in(&stage, "ada@example.org");
    for said in [checkout(None, "ada@example.org"), CREATED.to_owned(), PAID.to_owned()] {
        told(&stage, &said);
    }
    assert!(has_pro(&ada));
    let say = |id: &str, rest: serde_json::Value| {
        let mut event = serde_json::json!({"id": id, "at": NOW, "email": "ada@example.org", "grant": "sub_1"});
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let header = format!("Bearer {KEY}");
        let answer = send(&stage, "/account/events", ("authorization", &header), event.to_string().into_bytes());
        (answer.status().as_u16(), super::hooks::text(&answer))
    };
    for (id, rest) in [
        ("a", serde_json::json!({"kind": "revoked"})),
        ("b", serde_json::json!({"kind": "cancelled", "by": "provider"})),
        ("c", serde_json::json!({"kind": "payment_failed"})),
        ("d", serde_json::json!({"kind": "purchased", "product": "course-once"})),
    ] {
        let (status, why) = say(id, rest);
        assert!(status == 200 && why.contains("`sub_1`") && why.contains("`stripe`"), "{status} {why}");
    }
    assert!(has_pro(&ada));
    assert_eq!(unread(&stage), ["a", "b", "c", "d"], "kept, with the reason");
    // What no database could keep is refused and does not come again.
    for field in ["id", "grant", "customer", "email"] {
        let (status, why) = say("z", serde_json::json!({"kind": "revoked", field: "a\u{0}b"}));
        assert!(status == 400 && why.contains("null character"), "{field}: {status} {why}");
    }
}

#[test]
fn what_comes_of_somebody_who_was_forgotten_is_not_kept() {
    let stage = school("price_other");
    stage.now.set(NOW + 60);
    signed_in(&stage, "ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    told(&stage, &checkout(None, "ada@example.org"));
    stage.tell(&member, "erase", tierpress::members::event::What::Erased {});
    // It names a price that nobody sells: of others it would be kept and shown.
    told(&stage, PAID);
    assert_eq!(unread(&stage), [""; 0]);
}
