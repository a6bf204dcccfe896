//! Joining and signing in by mailed links, and out again.

use super::stage::{Browser, DAY, NOW, Stage};

#[test]
fn somebody_new_joins_by_the_link_in_a_mail() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    assert_eq!(browser.get("/account/").location(), "/account/sign-in");
    assert_eq!(browser.get("/account/?next=/lesson/").location(), "/account/sign-in?next=/lesson/");
    let page = browser.get("/account/join");
    assert_eq!(page.status(), 200);
    assert_eq!(page.text().matches("<h1>").count(), 1);
    assert!(page.text().contains("name=\"wish\" value=\"free\""), "{}", page.text());
    let token = page.field("token");
    let fields = [("token", token.as_str()), ("address", "ada@example.org"), ("wish", "free"), ("next", "/lesson/")];
    assert_eq!(browser.post("/account/join", &fields).location(), "/account/sent");
    assert_eq!(stage.member("ada@example.org"), None, "nobody joins before the link is used");
    let mail = stage.mails().pop().unwrap();
    assert!(mail.contains("To: ada@example.org\r\n") && mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    let link = stage.link();
    // Programs that look at mails read the link as often as they like.
    for _ in 0..3 {
        assert_eq!(Browser::new(&stage).get(&link).status(), 200);
    }
    let used = browser.use_link(&link, &[]);
    assert_eq!((used.status(), used.location()), (303, "/lesson/"), "{}", used.text());
    assert_eq!(browser.holds(), ["free"]);
    let home = browser.get("/account/").text();
    assert!(home.contains("ada@example.org") && home.contains("<strong>Free</strong>"), "{home}");
    assert_eq!(home.matches("<h1>").count(), 1);
    let member = stage.member("ada@example.org").unwrap();
    assert_eq!(stage.run(stage.ledger.events_of(&member)).unwrap().len(), 2);
}

#[test]
fn a_link_is_good_once_and_for_fifteen_minutes() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    let link = browser.ask_for_link("ada@example.org");
    assert_eq!(browser.use_link(&link, &[]).status(), 303);
    let again = Browser::new(&stage);
    assert_eq!(again.use_link(&link, &[("address", "ada@example.org")]).status(), 410);
    assert_eq!(again.cookie("__Host-tierpress-session"), None);
    let browser = Browser::new(&stage);
    let link = browser.ask_for_link("ada@example.org");
    stage.now.set(NOW + 15 * 60);
    assert_eq!(browser.use_link(&link, &[]).status(), 410);
    assert_eq!(browser.get(&link.replace("t=", "t=A")).status(), 410);
    assert_eq!(browser.get("/account/link").status(), 410);
}

#[test]
fn of_many_who_use_a_link_at_once_one_is_signed_in() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    let link = browser.ask_for_link("ada@example.org");
    let page = browser.get(&link);
    let (token, secret) = (page.field("token"), page.field("t"));
    let fields = [("token", token.as_str()), ("t", &secret)];
    let request =
        browser.request(hyper::Method::POST, "/account/link", &fields, &[("origin", "https://school.example")]);
    // Each goes on while the others wait for the database.
    let use_it = || stage.service.answer(request.clone(), None);
    let (a, b, c, d) = stage.run(async { tokio::join!(use_it(), use_it(), use_it(), use_it()) });
    let mut statuses = [a, b, c, d].map(|answer| answer.status().as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410, 410]);
}

#[test]
fn a_manager_signs_a_member_out() {
    let stage = Stage::new();
    let (ada, bob) = (Browser::new(&stage), Browser::new(&stage));
    ada.sign_in("ada@example.org");
    bob.sign_in("bob@example.org");
    let root = stage.site.root();
    let out =
        super::served::tierpress(&root, &["members", "sign-out", "ADA@example.org", "--db", "members.db"]).output();
    let said = String::from_utf8_lossy(&out.unwrap().stdout).into_owned();
    assert!(said.contains("1 session ended"), "{said}");
    assert_eq!(ada.get("/account/").location(), "/account/sign-in");
    assert_eq!(bob.get("/account/").status(), 200);
    ada.sign_in("ada@example.org");
    let arguments = ["members", "email", "ada@example.org", "ada@work.example", "--db", "members.db"];
    assert!(super::served::tierpress(&root, &arguments).output().unwrap().status.success());
    assert_eq!(ada.get("/account/").location(), "/account/sign-in");
}

#[test]
fn another_browser_types_the_address_again() {
    let stage = Stage::new();
    let link = Browser::new(&stage).ask_for_link("ada@example.org");
    let other = Browser::new(&stage);
    let page = other.get(&link);
    assert!(page.text().contains("<label for=\"account-address\">"), "{}", page.text());
    assert_eq!(other.use_link(&link, &[]).status(), 422);
    assert_eq!(other.use_link(&link, &[("address", "eve@example.org")]).status(), 422);
    assert_eq!(other.cookie("__Host-tierpress-session"), None);
    assert_eq!(other.use_link(&link, &[("address", " ADA@Example.ORG ")]).status(), 303);
    assert_eq!(other.get("/account/").status(), 200);
    // After a few wrong ones it is good for nobody.
    let link = Browser::new(&stage).ask_for_link("ada@example.org");
    for _ in 0..5 {
        assert_eq!(Browser::new(&stage).use_link(&link, &[("address", "eve@example.org")]).status(), 422);
    }
    assert_eq!(Browser::new(&stage).use_link(&link, &[("address", "ada@example.org")]).status(), 410);
}

#[test]
fn a_session_ends_by_signing_out_and_by_its_time() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let cookies = browser.cookies.borrow().clone();
    let page = browser.get("/account/logout");
    assert_eq!(page.status(), 200);
    assert_eq!(browser.post("/account/logout", &[]).status(), 403);
    let token = page.field("token");
    let out = browser.post("/account/logout", &[("token", &token)]);
    assert_eq!((out.status(), out.location()), (303, "/"));
    assert_eq!(browser.cookies.borrow().len(), 0);
    // Who kept the cookie has nothing in it.
    *browser.cookies.borrow_mut() = cookies;
    assert_eq!(browser.get("/account/").location(), "/account/sign-in");
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    stage.now.set(NOW + 89 * DAY);
    assert_eq!(browser.get("/account/").status(), 200);
    stage.now.set(NOW + 90 * DAY);
    assert_eq!(browser.get("/account/").location(), "/account/sign-in");
}

#[test]
fn signing_in_gives_a_new_session_and_ends_the_old_one() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let ada = browser.cookies.borrow().clone();
    let link = Browser::new(&stage).ask_for_link("bob@example.org");
    assert_eq!(browser.use_link(&link, &[("address", "bob@example.org")]).status(), 303);
    assert_ne!(browser.cookie("__Host-tierpress-session"), ada.get("__Host-tierpress-session").cloned());
    let before = Browser::new(&stage);
    *before.cookies.borrow_mut() = ada;
    assert_eq!(before.get("/account/").location(), "/account/sign-in");
}

#[test]
fn one_person_is_one_member_however_the_address_is_typed() {
    let stage = Stage::new();
    for address in ["josé@bücher.example", "JOSÉ@BÜCHER.example", "jose\u{301}@xn--bcher-kva.example"] {
        Browser::new(&stage).sign_in(address);
    }
    let member = stage.member("josé@bücher.example");
    assert!(member.is_some());
    assert_eq!(stage.member("Jose\u{301}@bücher.EXAMPLE"), member);
}

#[test]
fn nothing_tells_whether_an_address_is_known() {
    let stage = Stage::new();
    Browser::new(&stage).sign_in("ada@example.org");
    let asked = |address: &str| {
        let browser = Browser::new(&stage);
        let token = browser.get("/account/sign-in").field("token");
        let page = browser.post("/account/sign-in", &[("token", &token), ("address", address)]);
        let headers: Vec<_> = page.answer.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        let sent = browser.get("/account/sent");
        (page.status(), headers, page.text(), sent.text())
    };
    assert_eq!(asked("ada@example.org"), asked("nobody@example.org"));
    let mails = stage.mails();
    let body = |mail: &String| mail.split("\r\n\r\n").skip(1).collect::<String>().replace("=\r\n", "");
    let shape = |mail: &String| body(mail).split("t=").next().unwrap().to_owned();
    let [.., known, unknown] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(shape(known), shape(unknown));
}

#[test]
fn a_member_who_was_forgotten_is_signed_out() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    stage.now.set(NOW + 10);
    stage.tell(&member, "erase", tierpress::members::event::What::Erased {});
    assert_eq!(browser.get("/account/refresh?next=/lesson/").location(), "/account/sign-in?next=/lesson/");
    assert_eq!(browser.cookie("__Host-tierpress"), None);
    assert_eq!(browser.get("/account/").location(), "/account/sign-in");
    let bytes =
        ["members.db", "members.db-wal"].map(|name| std::fs::read(stage.site.root().join(name)).unwrap_or_default());
    assert!(!String::from_utf8_lossy(&bytes.concat()).contains("ada@example.org"));
}
