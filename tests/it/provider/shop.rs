//! Shops that speak our own language, each with a key of its own.

use serde_json::{Value, json};
use tierpress::provider::shop::{ShopError, Shops};
use tierpress::provider::{Context, Delivery, Fetched, Outcome, Provider as _, Refusal, Request};

use super::{KnowsGrants, START, at, line, shop};

const BOOKS: &str = "books-0123456789abcdef0123456789abcdef";
const MUSIC: &str = "music-0123456789abcdef0123456789abcdef";

fn shops() -> Shops {
    Shops::read(&format!("# ours\nbooks {BOOKS}\n\nmusic\t{MUSIC}\nbooks new-{BOOKS}\n")).unwrap()
}

fn send(key: &str, event: &Value) -> Result<Delivery, Refusal> {
    let header = format!("Bearer {key}");
    let body = serde_json::to_vec(event).unwrap();
    shops().verify(&Request { headers: &[("Authorization", header.as_bytes())], body: &body }, at(START))
}

fn translate(delivery: &Delivery) -> Outcome {
    let shop = shop();
    shops().translate(delivery, &Context { sold: shop.sold(), known: &KnowsGrants }, &Fetched::new())
}

fn purchase() -> Value {
    json!({"id": "order-7", "at": START, "member": "m_1", "kind": "purchased", "grant": "order-7", "product": "rust-once"})
}

#[test]
fn a_shop_says_what_was_bought() {
    let delivery = send(BOOKS, &purchase()).unwrap();
    assert_eq!((delivery.source(), delivery.id(), delivery.kind()), ("books", "order-7", "purchased"));
    let Outcome::Facts(told) = translate(&delivery) else { panic!() };
    assert_eq!(told.facts.iter().map(line).collect::<Vec<_>>(), ["order-7 @0 order-7 purchased rust-once"]);
    assert_eq!(
        (told.subject.member.as_deref(), told.subject.grants.as_slice()),
        (Some("m_1"), &["order-7".to_owned()][..])
    );
}

#[test]
fn terms_may_be_given_whole_and_somebody_by_their_address() {
    let mut event = purchase();
    let Outcome::Facts(short) = translate(&send(BOOKS, &event).unwrap()) else { panic!() };
    let event = event.as_object_mut().unwrap();
    event.remove("product");
    event.remove("member");
    event.insert("source".to_owned(), json!("books"));
    event.insert("email".to_owned(), json!("ada@example.org"));
    event.insert("customer".to_owned(), json!("17"));
    let terms = json!({
        "product": "rust-once", "access_control": "rust-course", "price": {"amount": 19_900, "currency": "eur"},
        "billing": {"kind": "once"},
    });
    event.insert("terms".to_owned(), terms);
    let Outcome::Facts(whole) = translate(&send(BOOKS, &Value::Object(event.clone())).unwrap()) else { panic!() };
    assert_eq!(whole.facts, short.facts);
    assert_eq!(whole.subject.address.as_deref(), Some("ada@example.org"));
    assert_eq!(whole.subject.customer.as_deref(), Some("17"));
    assert_eq!(whole.subject.member, None);
}

#[test]
fn what_is_no_event_is_kept_with_what_to_do() {
    for (key, value, why) in [
        ("product", json!("mug"), "there is no product `mug`"),
        ("kind", json!("vanished"), "this is no event: unknown variant"),
        ("colour", json!("red"), "this is no event: unknown field"),
        ("grant", json!(7), "this is no event: "),
    ] {
        let mut event = purchase();
        event[key] = value;
        let Outcome::Unknown(unknown) = translate(&send(BOOKS, &event).unwrap()) else { panic!("{key}") };
        assert!(unknown.why.starts_with(why), "{}", unknown.why);
    }
}

#[test]
fn a_key_speaks_for_its_own_shop() {
    let mut event = purchase();
    event["source"] = json!("music");
    let refused = Refusal::Source { own: "books".to_owned(), said: "music".to_owned() };
    assert_eq!(send(BOOKS, &event).unwrap_err(), refused);
    assert_eq!(refused.status(), 403);
    assert_eq!(send(MUSIC, &event).unwrap().source(), "music");
    assert_eq!(send(&format!("new-{BOOKS}"), &purchase()).unwrap().source(), "books");
    for key in ["", "x", &BOOKS[1..], &format!("{BOOKS}0"), &BOOKS.to_uppercase()] {
        assert_eq!(send(key, &purchase()).unwrap_err(), Refusal::Key, "{key}");
    }
    assert_eq!(Refusal::Key.status(), 401);
}

#[test]
fn what_is_not_of_the_form_is_refused() {
    let with = |key: &str, value: Value| {
        let mut event = purchase();
        event[key] = value;
        send(BOOKS, &event).unwrap_err()
    };
    for (key, value) in [
        ("id", json!("")),
        ("id", json!(7)),
        ("at", json!("2026-11-22")),
        ("at", json!(START + 301)),
        ("kind", json!(null)),
        ("kind", json!("erased")),
    ] {
        assert!(matches!(with(key, value.clone()), Refusal::NotAnEvent(_)), "{key}: {value}");
    }
    let raw =
        |headers: &[(&str, &[u8])], body: &[u8]| shops().verify(&Request { headers, body }, at(START)).unwrap_err();
    let bearer = format!("bearer {BOOKS}");
    let basic = format!("Basic {BOOKS}");
    assert_eq!(raw(&[], b"{}"), Refusal::Missing("authorization"));
    assert_eq!(Refusal::Missing("authorization").status(), 401);
    assert_eq!(raw(&[("authorization", basic.as_bytes())], b"{}"), Refusal::Malformed("authorization"));
    let twice: [(&str, &[u8]); 2] = [("authorization", bearer.as_bytes()), ("Authorization", bearer.as_bytes())];
    assert_eq!(raw(&twice, b"{}"), Refusal::Twice("authorization"));
    assert!(matches!(raw(&twice[..1], b"{"), Refusal::NotJson(_)));
    assert!(matches!(raw(&twice[..1], b"[]"), Refusal::NotAnEvent(_)));
    assert_eq!(raw(&twice[..1], &vec![b' '; tierpress::provider::LARGEST + 1]), Refusal::TooLarge);
}

#[test]
fn keys_are_checked_and_not_shown() {
    let fault = |text: &str| Shops::read(text).unwrap_err();
    assert_eq!(fault("books"), ShopError::Line(1));
    assert_eq!(fault("# x\nbooks a b"), ShopError::Line(2));
    assert_eq!(fault("books short"), ShopError::Short("books".to_owned()));
    assert_eq!(fault(&format!("stripe {BOOKS}")), ShopError::Name("stripe".to_owned()));
    assert_eq!(fault(&format!("Books {BOOKS}")), ShopError::Name("Books".to_owned()));
    assert_eq!(fault(&format!("a {BOOKS}\nb {BOOKS}")), ShopError::Shared("a".to_owned(), "b".to_owned()));
    assert!(Shops::read("").unwrap().verify(&Request { headers: &[], body: b"" }, at(START)).is_err());
    let shown = format!("{:?}", shops());
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
}

/// What was kept because nobody sold it then is read again later, without its key.
#[test]
fn what_was_kept_is_read_again() {
    let body = serde_json::to_vec(&purchase()).unwrap();
    let again = shops().read_again("books", &body).unwrap();
    assert_eq!(again, send(BOOKS, &purchase()).unwrap());
    assert!(shops().read_again("books", b"{}").is_err());
}
