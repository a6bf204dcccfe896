//! How well it is shown whom an event is about: what an address, a customer, a grant and a signed reference may change.

use std::sync::Arc;

use tierpress::ledger::address::Address;
use tierpress::ledger::{About, Appended, Error, Ledger, Line, Link, Present, Refused, Session};
use tierpress::members::event::{By, Event, MemberId, Terms, What};

use super::{Place, append, bought, day, event, granted, has, holds, on_both, rules, school};

on_both! {
    a_customer_known_by_an_address_alone_replaces_no_tier,
    a_bundle_that_becomes_a_tier_is_looked_at_again,
    what_was_accepted_once_is_known,
    whoever_had_nothing_is_believed,
    what_somebody_else_bought_first_counts_less_than_a_proof,
    one_name_is_one_purchase,
    a_signed_reference_counts_more_than_what_was_typed,
    what_came_before_its_reference_is_claimed,
    nobody_speaks_of_the_grants_of_another_source,
    what_is_proved_is_exported,
    erasure_takes_links_however_they_were_typed,
    another_address_and_a_command_sign_out,
    a_link_is_tried_so_many_times,
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Tells of one event.
async fn tell(ledger: &Ledger, about: About<'_>, event: &Event, present: &Present<'_>) -> MemberId {
    let (member, _) = ledger.append_about(("shop", &about), std::slice::from_ref(event), None, present).await.unwrap();
    member
}

/// Somebody with Pro, given by hand.
async fn ada(ledger: &Ledger, present: &Present<'_>) -> MemberId {
    let member = ledger.join(&address("ada@school.example")).await.unwrap();
    append(ledger, &granted("1", &member, day(0), "pro"), present).await;
    member
}

async fn a_customer_known_by_an_address_alone_replaces_no_tier(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ada(&ledger, &present).await;
    // A checkout that says only who is who, as Stripe's of a subscription does: Ada's address, typed by somebody else.
    let typed = address("Ada@School.example");
    let about = About { customer: Some("cus_eve"), address: Some(&typed), ..About::default() };
    let (named, _) = ledger.append_about(("shop", &about), &[], None, &present).await.unwrap();
    assert_eq!(named, member);
    let known = About { customer: Some("cus_eve"), ..About::default() };
    let mut told = Vec::new();
    for id in ["2", "3"] {
        let [first, paid] = bought(id, "", day(3), "basic");
        let apart = tell(&ledger, known, &first, &present).await;
        assert!(apart.starts_with("w_"), "{id}: {apart}");
        assert_eq!(tell(&ledger, known, &paid, &present).await, apart);
        assert_eq!(tell(&ledger, known, &first, &present).await, apart, "the same again");
        told.push(apart);
    }
    assert_eq!(has(&ledger, &member, &present).await, "pro");
    let waiting: Vec<_> = ledger.waiting_for(&member).await.unwrap().into_iter().map(|waiting| waiting.id).collect();
    assert!(told.iter().all(|apart| waiting.contains(apart)), "{told:?} {waiting:?}");
}

async fn a_bundle_that_becomes_a_tier_is_looked_at_again(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ada(&ledger, &present).await;
    let typed = address("ada@school.example");
    let about = About { customer: Some("cus_eve"), address: Some(&typed), ..About::default() };
    let [first, paid] = bought("2", "", day(3), "rust-course");
    assert_eq!(tell(&ledger, about, &first, &present).await, member, "a bundle replaces nothing");
    assert_eq!(tell(&ledger, about, &paid, &present).await, member);
    let [of_basic, _] = bought("x", "", day(4), "basic");
    let What::Purchased { terms, .. } = of_basic.what else { panic!() };
    let switched = |id: &str, terms: &Terms| {
        event(id, "", day(4), What::Switched { grant: "order-2".to_owned(), terms: terms.clone() })
    };
    for (id, about) in [("4", about), ("5", About::default())] {
        let apart = tell(&ledger, about, &switched(id, &terms), &present).await;
        assert!(apart.starts_with("w_"), "{apart}");
    }
    assert_eq!(has(&ledger, &member, &present).await, "pro+rust-course");
}

async fn what_was_accepted_once_is_known(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ada(&ledger, &present).await;
    let typed = address("ada@school.example");
    let about = About { customer: Some("cus_ada"), address: Some(&typed), ..About::default() };
    ledger.append_about(("shop", &about), &[], None, &present).await.unwrap();
    let [first, paid] = bought("2", "", day(3), "basic");
    let apart = tell(&ledger, about, &first, &present).await;
    tell(&ledger, about, &paid, &present).await;
    ledger.accept(&member, &apart, &present).await.unwrap();
    assert_eq!(has(&ledger, &member, &present).await, "basic");
    let present = Present { now: day(20), ..present };
    let [next, _] = bought("4", "", day(15), "pro");
    let known = About { customer: Some("cus_ada"), ..About::default() };
    assert_eq!(tell(&ledger, known, &next, &present).await, member, "the customer is known now");
    assert_eq!(ledger.waiting_for(&member).await.unwrap(), []);
}

/// Eve buys for Bob's address before he comes; what he then buys himself she cannot put aside.
async fn what_somebody_else_bought_first_counts_less_than_a_proof(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let typed = address("bob@school.example");
    let eve = About { customer: Some("cus_eve"), address: Some(&typed), ..About::default() };
    let [first, paid] = bought("1", "", day(1), "basic");
    let bob = tell(&ledger, eve, &first, &present).await;
    tell(&ledger, eve, &paid, &present).await;
    let [own, own_paid] = bought("2", "", day(2), "pro");
    let signed = About { reference: Some(&bob), customer: Some("cus_bob"), ..About::default() };
    assert_eq!(tell(&ledger, signed, &own, &present).await, bob);
    tell(&ledger, signed, &own_paid, &present).await;
    assert_eq!(has(&ledger, &bob, &present).await, "pro");
    let [again, _] = bought("3", "", day(3), "basic");
    let apart = tell(&ledger, About { customer: Some("cus_eve"), ..About::default() }, &again, &present).await;
    assert!(apart.starts_with("w_"), "{apart}");
    assert_eq!(has(&ledger, &bob, &present).await, "pro");
    let [next, _] = bought("4", "", day(4), "basic");
    let known = About { customer: Some("cus_bob"), ..About::default() };
    assert_eq!(tell(&ledger, known, &next, &present).await, bob, "his own customer is known");
}

/// Two purchases under one name: the second is nobody's, and its source is told.
async fn one_name_is_one_purchase(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let [hal, ivy] = ["hal@school.example", "ivy@school.example"].map(address);
    let [first, _] = bought("1", "", day(1), "basic");
    tell(&ledger, About { address: Some(&hal), ..About::default() }, &first, &present).await;
    let second = Event { id: "2".to_owned(), ..first.clone() };
    for address in [&ivy, &hal] {
        let about = About { address: Some(address), ..About::default() };
        let told = ledger.append_about(("shop", &about), std::slice::from_ref(&second), None, &present).await;
        assert!(matches!(told, Err(Error::Refused(Refused::Begun(_)))), "{told:?}");
    }
    assert_eq!(ledger.filed(None, 0, 9).await.unwrap().len(), 1);
}

async fn whoever_had_nothing_is_believed(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let typed = address("bob@school.example");
    let about = About { customer: Some("cus_bob"), address: Some(&typed), ..About::default() };
    let (member, _) = ledger.append_about(("shop", &about), &[], None, &present).await.unwrap();
    for (id, at, access) in [("1", 1, "basic"), ("2", 5, "pro")] {
        let [first, paid] = bought(id, "", day(at), access);
        assert_eq!(tell(&ledger, about, &first, &present).await, member, "{access}");
        assert_eq!(tell(&ledger, about, &paid, &present).await, member);
    }
    assert_eq!(has(&ledger, &member, &present).await, "pro", "an upgrade of one's own is no stranger's");
    // Another customer who types that address is somebody else.
    let about = About { customer: Some("cus_eve"), address: Some(&typed), ..About::default() };
    let [first, _] = bought("3", "", day(6), "basic");
    assert!(tell(&ledger, about, &first, &present).await.starts_with("w_"));
}

async fn a_signed_reference_counts_more_than_what_was_typed(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ada(&ledger, &present).await;
    let other = ledger.join(&address("eve@school.example")).await.unwrap();
    append(&ledger, &granted("9", &other, day(0), "pro"), &present).await;
    // By the address the customer seemed to be Eve's.
    let typed = address("eve@school.example");
    let about = About { customer: Some("cus_1"), address: Some(&typed), ..About::default() };
    assert_eq!(ledger.append_about(("shop", &about), &[], None, &present).await.unwrap().0, other);
    let signed = About { reference: Some(&member), ..about };
    assert_eq!(ledger.append_about(("shop", &signed), &[], None, &present).await.unwrap().0, member);
    let [first, paid] = bought("2", "", day(3), "basic");
    for event in [&first, &paid] {
        assert_eq!(tell(&ledger, about, event, &present).await, member, "and so is what follows");
    }
    assert_eq!(has(&ledger, &member, &present).await, "basic");
    assert_eq!(has(&ledger, &other, &present).await, "pro");
}

async fn what_came_before_its_reference_is_claimed(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ada(&ledger, &present).await;
    let buy = async |id: &str, typed: &str| {
        let typed = address(typed);
        let customer = format!("cus_{id}");
        let about = About { customer: Some(&customer), address: Some(&typed), ..About::default() };
        let [first, paid] = bought(id, "", day(3), "basic");
        let whose = tell(&ledger, about, &first, &present).await;
        assert_eq!(tell(&ledger, about, &paid, &present).await, whose);
        whose
    };
    let claim = async |id: &str| {
        let (grants, customer) = ([format!("order-{id}")], format!("cus_{id}"));
        let about = About { grants: &grants, reference: Some(&member), customer: Some(&customer), ..About::default() };
        ledger.append_about(("shop", &about), &[], None, &present).await.unwrap().0
    };
    // It waits for her under her own address.
    assert!(buy("2", "ada@school.example").await.starts_with("w_"));
    assert_eq!(claim("2").await, member);
    assert_eq!(has(&ledger, &member, &present).await, "basic");
    assert_eq!(ledger.waiting_for(&member).await.unwrap(), []);
    // It made somebody of another address that she typed.
    let made = buy("3", "ada@work.example").await;
    assert_ne!(made, member);
    assert_eq!(claim("3").await, member);
    assert_eq!(ledger.member_by_address(&address("ada@work.example")).await.unwrap(), None);
    assert_eq!(ledger.member(&made, &present).await.unwrap().unwrap().id, member);
    // Whoever signed in as the one whose address it was has it, and keeps it.
    let bob = buy("4", "bob@school.example").await;
    let session = Session { hash: "h".to_owned(), member: bob.clone(), until: day(99) };
    ledger.keep_session(&session).await.unwrap();
    assert_eq!(claim("4").await, bob);
    assert_eq!(has(&ledger, &bob, &present).await, "basic");
    // So does whoever had something of their own.
    let cy = ledger.join(&address("cy@school.example")).await.unwrap();
    append(&ledger, &granted("c", &cy, day(0), "rust-course"), &present).await;
    let typed = address("cy@school.example");
    let about = About { address: Some(&typed), ..About::default() };
    let [first, _] = bought("5", "", day(3), "sourdough");
    assert_eq!(tell(&ledger, about, &first, &present).await, cy);
    assert_eq!(claim("5").await, cy);
}

async fn nobody_speaks_of_the_grants_of_another_source(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ledger.join(&address("ada@school.example")).await.unwrap();
    for event in bought("1", &member, day(1), "pro") {
        append(&ledger, &Event { source: "stripe".to_owned(), ..event }, &present).await;
    }
    let typed = address("ada@school.example");
    let about = About { address: Some(&typed), ..About::default() };
    let grant = "order-1".to_owned();
    let [again, paid] = bought("1", "", day(2), "pro");
    let cancelled = event("c", "", day(2), What::Cancelled { grant: grant.clone(), by: By::Provider, until: None });
    let revoked = event("r", "", day(2), What::Revoked { grant: grant.clone() });
    for event in [&again, &paid, &cancelled, &revoked] {
        let named = About { member: Some(&member), ..about };
        for about in [about, named] {
            match ledger.append_about(("corner", &about), std::slice::from_ref(event), None, &present).await {
                Err(Error::Refused(Refused::Foreign { grant, source_name })) => {
                    assert_eq!((grant.as_str(), source_name.as_str()), ("order-1", "stripe"));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(has(&ledger, &member, &present).await, "pro");
    assert_eq!(ledger.events_of(&member).await.unwrap().len(), 2);
    // Its own of that name for somebody else is another thing.
    let bob = address("bob@school.example");
    let about = About { address: Some(&bob), ..About::default() };
    let both = [again, paid];
    let (other, _) = ledger.append_about(("corner", &about), &both, None, &present).await.unwrap();
    assert_eq!(has(&ledger, &other, &present).await, "pro");
    // The manager and the member may end it.
    for (source, id) in [("admin", "a"), ("account", "b")] {
        let what = What::Cancelled { grant: grant.clone(), by: By::Admin, until: None };
        let event = Event { source: source.to_owned(), ..event(id, &member, day(3), what) };
        assert_eq!(ledger.append(&event, None, &present).await.unwrap(), Appended::New);
    }
    assert_eq!(has(&ledger, &member, &present).await, "");
}

async fn what_is_proved_is_exported(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ada(&ledger, &present).await;
    let typed = address("ada@school.example");
    for (customer, reference) in [("cus_ada", Some(member.as_str())), ("cus_eve", None)] {
        let about = About { customer: Some(customer), address: Some(&typed), reference, ..About::default() };
        ledger.append_about(("shop", &about), &[], None, &present).await.unwrap();
    }
    let mut lines = String::new();
    let mut write = |line: &str| {
        lines.push_str(line);
        lines.push('\n');
        Ok(())
    };
    ledger.export(&mut write).await.unwrap();
    let other = Place::sqlite();
    let copy = other.ledger().await;
    let file = "export.jsonl".into();
    let read = Line::read(tierpress::diagnostic::Source { file: &file, text: &lines }).unwrap();
    copy.import(&read, &present).await.unwrap().unwrap();
    for (customer, id, waits) in [("cus_eve", "2", true), ("cus_ada", "3", false)] {
        let about = About { customer: Some(customer), ..About::default() };
        let [first, _] = bought(id, "", day(3), "basic");
        let whose = tell(&copy, about, &first, &present).await;
        assert_eq!(whose.starts_with("w_"), waits, "{customer}: {whose}");
    }
}

fn link(hash: &str, address: &str, until: i64) -> Link {
    let (browser, next, wish) = (String::new(), String::new(), String::new());
    Link { hash: hash.to_owned(), address: address.to_owned(), browser, next, wish, until: day(until) }
}

async fn erasure_takes_links_however_they_were_typed(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let member = ledger.join(&address("canary@school.example")).await.unwrap();
    let about = About { customer: Some("cus_1"), reference: Some(&member), ..About::default() };
    ledger.append_about(("shop", &about), &[], None, &present).await.unwrap();
    assert!(!ledger.is_forgotten("shop", "cus_1").await.unwrap());
    for (hash, typed, until) in [
        ("a", "CANARY@School.Example", 20),
        // Of an address that she has no more, and asked for long ago.
        ("b", "canarybefore@school.example", 9),
        ("c", "bob@school.example", 20),
    ] {
        ledger.keep_link(&link(hash, typed, until), day(1)).await.unwrap();
    }
    append(&ledger, &event("e", &member, day(10), What::Erased {}), &present).await;
    let found = async |hash: &str| ledger.link(hash, day(1)).await.unwrap().is_some();
    assert_eq!((found("a").await, found("b").await, found("c").await), (false, false, true));
    let bytes = place.bytes();
    assert!(!holds(&bytes, "CANARY") && !holds(&bytes, "canary"));
    assert!(ledger.is_forgotten("shop", "cus_1").await.unwrap());
    assert!(
        !ledger.is_forgotten("other", "cus_1").await.unwrap() && !ledger.is_forgotten("shop", "cus_2").await.unwrap()
    );
}

async fn another_address_and_a_command_sign_out(place: Arc<Place>) {
    let ledger = place.ledger().await;
    let member = ledger.join(&address("ada@school.example")).await.unwrap();
    let other = ledger.join(&address("bob@school.example")).await.unwrap();
    let sign_in = async |hash: &str, member: &str| {
        let session = Session { hash: hash.to_owned(), member: member.to_owned(), until: day(99) };
        ledger.keep_session(&session).await.unwrap();
    };
    let is_in = async |hash: &str| ledger.session(hash, day(1)).await.unwrap().is_some();
    sign_in("a", &member).await;
    sign_in("b", &other).await;
    ledger.keep_link(&link("l", "ADA@school.example", 20), day(1)).await.unwrap();
    ledger.readdress(&member, &address("ada@work.example")).await.unwrap();
    assert_eq!((is_in("a").await, is_in("b").await), (false, true));
    assert_eq!(ledger.link("l", day(1)).await.unwrap(), None, "who reads the old mails does not get in");
    for hash in ["c", "d"] {
        sign_in(hash, &member).await;
    }
    assert_eq!(ledger.end_sessions(&member).await.unwrap(), 2);
    assert_eq!(ledger.end_sessions(&member).await.unwrap(), 0);
    assert_eq!((is_in("c").await, is_in("d").await, is_in("b").await), (false, false, true));
    assert!(matches!(ledger.end_sessions("m_nobody").await, Err(Error::Refused(Refused::Unknown(_)))));
}

async fn a_link_is_tried_so_many_times(place: Arc<Place>) {
    let ledger = place.ledger().await;
    for hash in ["a", "b"] {
        ledger.keep_link(&link(hash, "ada@school.example", 20), day(1)).await.unwrap();
    }
    // Many at once are no more than one after the other.
    let tries: Vec<_> = (0..12)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.try_link("a").await.unwrap() })
        })
        .collect();
    let mut allowed = 0;
    for tried in tries {
        allowed += usize::from(tried.await.unwrap());
    }
    assert_eq!(allowed, 5);
    assert_eq!(ledger.link("a", day(2)).await.unwrap(), None, "it is good for nobody now");
    // The last try may be the right one, and once.
    for _ in 0..5 {
        assert!(ledger.try_link("b").await.unwrap());
    }
    assert!(ledger.take_link("b", day(2)).await.unwrap());
    assert!(!ledger.take_link("b", day(2)).await.unwrap());
}
