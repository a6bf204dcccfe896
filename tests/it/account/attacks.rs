//! What somebody tries who is not the member: forged forms, redirects to elsewhere, headers in addresses, guessing, floods.

use hyper::Method;

use super::stage::{Browser, NOW, Stage};

#[test]
fn forms_of_other_sites_change_nothing() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let token = browser.get("/account/logout").field("token");
    let fields = [("token", token.as_str())];
    for headers in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://school.example"), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://school.example"), ("content-type", "text/plain")],
    ] {
        for target in [
            "/account/logout",
            "/account/add/free",
            "/account/cancel/x",
            "/account/keep/x",
            "/account/accept/w_1",
            "/account/link",
            "/account/sign-in",
        ] {
            let page = browser.send(Method::POST, target, &fields, headers);
            assert_eq!(page.status(), 403, "{target} {headers:?}");
        }
    }
    // A page of the site that was made for somebody else, or for the same browser before it signed in.
    let eve = Browser::new(&stage);
    eve.sign_in("eve@example.org");
    let theirs = eve.get("/account/logout").field("token");
    let before = Browser::new(&stage).get("/account/sign-in").field("token");
    for token in ["", "x", &theirs, &before] {
        assert_eq!(browser.post("/account/logout", &[("token", token)]).status(), 403, "{token}");
        assert_eq!(browser.post("/account/add/free", &[("token", token)]).status(), 403, "{token}");
    }
    assert_eq!(browser.get("/account/").status(), 200);
    // Nobody is signed in as somebody else by a form: sign-in needs the browser's own token.
    let visitor = Browser::new(&stage);
    assert_eq!(visitor.post("/account/sign-in", &[("token", &before), ("address", "a@example.org")]).status(), 403);
    assert_eq!(stage.mails().len(), 2);
}

#[test]
fn reading_changes_nothing_and_other_methods_are_refused() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    for target in ["/account/add/free", "/account/accept/w_1", "/account/events", "/account/hooks/stripe"] {
        let page = browser.get(target);
        assert_eq!(page.status(), 405, "{target}");
        assert_eq!(page.answer.headers()["allow"], "POST");
    }
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        assert_eq!(browser.send(method, "/account/logout", &[], &[]).status(), 405);
    }
    for target in
        ["/account/x", "/account/add/", "/account/add/a/b", "/account/sign-in/", "/account/hooks/", "/account/link/x"]
    {
        assert_eq!(browser.get(target).status(), 404, "{target}");
    }
    assert_eq!(browser.post("/account/hooks/stripe", &[("a", "b")]).status(), 404);
    assert_eq!(browser.get("/account/%2e%2e/").status(), 400);
    assert_eq!(browser.get("/account/").status(), 200);
}

#[test]
fn nobody_is_sent_elsewhere() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2F/evil.example",
        "/%5Cevil.example",
        "/a%0d%0aSet-Cookie:%20x=1",
        "/..//evil.example",
        "javascript:alert(1)",
        "http:/evil.example",
        "evil.example",
        "/;@evil.example",
        "/\t/evil.example",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        for (place, parameter) in [("refresh", &*encoded), ("sign-in", &*encoded), ("refresh", next)] {
            let page = browser.get(&format!("/account/{place}?next={parameter}"));
            if page.status() == 303 {
                assert_eq!(page.location(), "/account/", "{next}");
            }
        }
        let visitor = Browser::new(&stage);
        let page = visitor.get(&format!("/account/sign-in?next={encoded}"));
        assert!(!page.text().contains("evil"), "{next}");
        assert_eq!(visitor.get(&format!("/account/refresh?next={encoded}")).location(), "/account/sign-in", "{next}");
    }
    assert_eq!(browser.get("/account/refresh?next=%2Fcaf%C3%A9%2F").location(), "/caf%C3%A9/");
    assert_eq!(browser.get("/account/refresh?next=/a/&next=/b/").location(), "/account/");
}

#[test]
fn addresses_that_would_be_more_than_one_are_refused() {
    let stage = Stage::new();
    for address in [
        "ada@example.org\r\nBcc: eve@evil.example",
        "ada@example.org\nBcc: eve@evil.example",
        "ada@example.org, eve@evil.example",
        "ada@example.org;eve@evil.example",
        "<ada@example.org>",
        "Ada <ada@example.org>",
        "\"ada@evil\"@example.org",
        "ada@exa\u{200b}mple.org\u{202e}",
        "ada\0@example.org",
        "ada@@example.org",
        "ada",
        "",
        "@example.org",
        "ada@",
        "<script>alert(1)</script>@example.org",
    ] {
        let browser = Browser::new(&stage);
        let token = browser.get("/account/sign-in").field("token");
        let page = browser.post("/account/sign-in", &[("token", &token), ("address", address)]);
        // Marks that nobody sees are a domain's own business; whatever is mailed has one recipient.
        if page.status() == 303 {
            let mail = stage.mails().pop().unwrap();
            let head = mail.split("\r\n\r\n").next().unwrap();
            assert_eq!(head.matches('@').count(), 3, "{mail}");
            continue;
        }
        assert_eq!(page.status(), 422, "{address}");
        let text = page.text();
        assert!(text.contains("aria-invalid=\"true\"") && text.contains("id=\"account-error\""), "{text}");
        assert!(!text.contains("<script>"), "{text}");
    }
    // Two addresses in one form are none.
    let browser = Browser::new(&stage);
    let token = browser.get("/account/sign-in").field("token");
    let twice = [("token", token.as_str()), ("address", "a@example.org"), ("address", "b@example.org")];
    assert_eq!(browser.post("/account/sign-in", &twice).status(), 422);
}

#[test]
fn mails_and_guesses_are_counted() {
    let stage = Stage::new();
    let ask = |address: &str| {
        let browser = Browser::new(&stage);
        let token = browser.get("/account/sign-in").field("token");
        browser.post("/account/sign-in", &[("token", &token), ("address", address)])
    };
    for _ in 0..5 {
        assert_eq!(ask("Ada@example.org").status(), 303);
    }
    let refused = ask("ada@EXAMPLE.org");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.answer.headers()["retry-after"], "3600");
    assert_eq!(stage.mails().len(), 5);
    for number in 0..14 {
        assert_eq!(ask(&format!("reader{number}@example.org")).status(), 303);
    }
    assert_eq!(ask("one.more@example.org").status(), 429, "one client");
    stage.now.set(NOW + 3_600);
    assert_eq!(ask("ada@example.org").status(), 303);
    let good = stage.link();
    let guess = |number: usize| Browser::new(&stage).get(&format!("/account/link?t={number:043}")).status();
    let answers: Vec<u16> = (0..61).map(guess).collect();
    assert!(answers[..60].iter().all(|status| *status == 410), "{answers:?}");
    assert_eq!(answers[60], 429);
    // Whoever shares an address with somebody who guesses comes in all the same.
    let other = Browser::new(&stage);
    assert_eq!(other.use_link(&good, &[("address", "ada@example.org")]).status(), 303);
}

#[test]
fn nobody_is_locked_out_by_what_others_ask_for() {
    let stage = Stage::new();
    let ask = |client: u8| {
        let browser = Browser::new(&stage);
        browser.peer.set([198, 51, 100, client]);
        let token = browser.get("/account/sign-in").field("token");
        browser.post("/account/sign-in", &[("token", &token), ("address", "ada@example.org")]).status()
    };
    let answers: Vec<u16> = (0..7).map(|_| ask(1)).collect();
    assert_eq!(answers, [303, 303, 303, 303, 303, 429, 429], "of one client");
    assert_eq!(ask(2), 303, "another one is sent its mail");
    // All together are sent no flood of mails either.
    let answers: Vec<u16> = (3..12).flat_map(|client| [client; 5]).map(ask).collect();
    assert_eq!(answers.iter().filter(|status| **status == 303).count(), 24, "{answers:?}");
    assert_eq!(stage.mails().len(), 30);
}

#[test]
fn a_member_cannot_fill_the_ledger() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let member = stage.member("ada@example.org").unwrap();
    let token = browser.get("/account/logout").field("token");
    let fields = [("token", token.as_str())];
    let mut refused = 0;
    for _ in 0..40 {
        let added = browser.post("/account/add/free", &fields).status();
        let home = browser.get("/account/").text();
        let cancel = home.split("href=\"/account/cancel/").nth(1).and_then(|rest| rest.split('"').next());
        let cancelled = cancel.map(|grant| browser.post(&format!("/account/cancel/{grant}"), &fields).status());
        refused += usize::from(added == 429) + usize::from(cancelled == Some(429));
        stage.now.set(stage.now.get() + 1);
    }
    let events = stage.run(stage.ledger.events_of(&member)).unwrap().len();
    assert!(events <= 21 && refused >= 20, "{events} {refused}");
    // Nobody else is kept from anything, and they may still leave.
    let other = Browser::new(&stage);
    other.sign_in("bob@example.org");
    let theirs = other.get("/account/logout").field("token");
    assert_eq!(other.post("/account/add/free", &[("token", &theirs)]).status(), 303);
    assert_eq!(browser.post("/account/logout", &fields).status(), 303);
    stage.now.set(NOW + 2 * 3_600);
    browser.sign_in("ada@example.org");
    let token = browser.get("/account/logout").field("token");
    assert_ne!(browser.post("/account/add/free", &[("token", &token)]).status(), 429);
}

#[test]
fn a_site_of_other_letters_takes_its_own_forms() {
    let stage = Stage::of(&super::stage::SITE.replace("https://school.example", "https://b\u{fc}cher.example"));
    for (origin, expected) in [
        ("https://xn--bcher-kva.example", 303),
        ("https://xn--bcher-kva.example.evil.example", 403),
        ("https://bucher.example", 403),
    ] {
        let browser = Browser::new(&stage);
        let token = browser.get("/account/sign-in").field("token");
        let fields = [("token", token.as_str()), ("address", "ada@example.org")];
        let page = browser.send(Method::POST, "/account/sign-in", &fields, &[("origin", origin)]);
        assert_eq!(page.status(), expected, "{origin}");
    }
}

#[test]
fn a_session_or_a_token_that_somebody_made_up_is_none() {
    let stage = Stage::new();
    for value in ["", "x", &"A".repeat(43), "' OR 1=1 --", "%00"] {
        let browser = Browser::new(&stage);
        browser.cookies.borrow_mut().insert("__Host-tierpress-session".into(), value.into());
        assert_eq!(browser.get("/account/").location(), "/account/sign-in", "{value}");
    }
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let session = browser.cookie("__Host-tierpress-session").unwrap();
    let bytes =
        ["members.db", "members.db-wal"].map(|name| std::fs::read(stage.site.root().join(name)).unwrap_or_default());
    let kept = String::from_utf8_lossy(&bytes.concat()).into_owned();
    assert!(!kept.contains(&session), "the ledger holds a session's secret");
    let link = browser.stage.link();
    assert!(!kept.contains(link.rsplit("t=").next().unwrap()), "the ledger holds a link's secret");
    // A neighbouring host that could set a second cookie of that name takes nobody's session over.
    let page =
        browser.send(Method::GET, "/account/", &[], &[("cookie", &format!("__Host-tierpress-session={session}"))]);
    assert_eq!(page.status(), 200, "the jar's own cookie alone is sent");
}

#[test]
fn sql_is_text() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    browser.sign_in("ada@example.org");
    let token = browser.get("/account/logout").field("token");
    for name in ["'%20OR%20'1'='1", "x'--", "%22);DROP%20TABLE%20events"] {
        assert!(
            [400, 404, 409].contains(&browser.post(&format!("/account/accept/{name}"), &[("token", &token)]).status())
        );
        assert!(
            [400, 404, 409].contains(&browser.post(&format!("/account/cancel/{name}"), &[("token", &token)]).status())
        );
    }
    let visitor = Browser::new(&stage);
    visitor.sign_in("o'brien@example.org");
    assert!(
        visitor.get("/account/").text().contains("o&#x27;brien@example.org")
            || visitor.get("/account/").text().contains("o&#39;brien@example.org")
    );
}
