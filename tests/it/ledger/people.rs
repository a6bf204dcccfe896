//! Who an event is about, and what is left of somebody who was forgotten.

use std::sync::Arc;

use tierpress::ledger::address::Address;
use tierpress::ledger::outbox::Outcome;
use tierpress::ledger::{About, Appended, Error, Ledger, Present, Refused, Unread};
use tierpress::members::event::{By, Event, What};

use super::{Place, append, bought, day, event, granted, has, holds, on_both, register, rules, school};

on_both! {
    one_address_is_one_member,
    an_address_is_one_members_alone,
    erasure_leaves_nothing_of_a_person,
    whoever_is_meant_is_found,
    by_an_address_alone_no_tier_is_replaced,
    what_waits_is_accepted_by_whom_it_is_for,
    two_become_one,
    nobody_becomes_one_with_the_erased,
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

async fn one_address_is_one_member(place: Arc<Place>) {
    let ledger = place.ledger().await;
    let zoe = ledger.join(&address("Zo\u{eb}@B\u{fc}cher.Example")).await.unwrap();
    assert!(zoe.starts_with("m_") && zoe.len() >= 18, "{zoe}");
    for text in ["ZOE\u{308}@xn--bcher-kva.example", "zo\u{eb}@bu\u{308}cher.example"] {
        assert_eq!(ledger.join(&address(text)).await.unwrap(), zoe);
        assert_eq!(ledger.member_by_address(&address(text)).await.unwrap().as_ref(), Some(&zoe));
    }
    let joining: Vec<_> = (0..6)
        .map(|number| {
            let ledger = ledger.clone();
            let text = if number % 2 == 0 { "o'hara%_@school.example" } else { "O'HARA%_@School.Example" };
            tokio::spawn(async move { ledger.join(&address(text)).await.unwrap() })
        })
        .collect();
    let mut names = std::collections::BTreeSet::new();
    for joining in joining {
        names.insert(joining.await.unwrap());
    }
    assert_eq!(names.len(), 1, "also where all come at once");
}

async fn an_address_is_one_members_alone(place: Arc<Place>) {
    let ledger = place.ledger().await;
    let ada = ledger.join(&address("ada@school.example")).await.unwrap();
    let bob = ledger.join(&address("bob@school.example")).await.unwrap();
    match ledger.readdress(&bob, &address("ADA@school.example")).await {
        Err(Error::Refused(Refused::Taken(taken))) => assert_eq!(taken, ada),
        other => panic!("{other:?}"),
    }
    ledger.readdress(&bob, &address("robert@school.example")).await.unwrap();
    assert_eq!(ledger.member_by_address(&address("bob@school.example")).await.unwrap(), None);
    assert_eq!(ledger.member_by_address(&address("robert@school.example")).await.unwrap(), Some(bob));
    match ledger.readdress("m_nobody", &address("eve@school.example")).await {
        Err(Error::Refused(Refused::Unknown(name))) => assert_eq!(name, "m_nobody"),
        other => panic!("{other:?}"),
    }
}

async fn erasure_leaves_nothing_of_a_person(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let at = |now| Present { rules: &rules, now: day(now) };
    let canaries = ["canaryaddress", "cus_canary", "canarypayload", "canarylate"];
    register(&ledger, "crm", day(0)).await;
    let about = address("canaryaddress@school.example");
    let about = About { customer: Some("cus_canary"), address: Some(&about), ..About::default() };
    let [purchased, paid] = bought("1", "", day(0), "pro");
    let (member, _) = ledger
        .append_about(("shop", &about), std::slice::from_ref(&purchased), Some(b"{canarypayload}"), &at(1))
        .await
        .unwrap();
    ledger.append_about(("shop", &about), std::slice::from_ref(&paid), Some(b"{canarypayload}"), &at(1)).await.unwrap();
    // One that waits for her as well, with a payload of its own.
    let [waiting, _] = bought("2", "", day(2), "basic");
    let by_address = About { customer: Some("cus_canary_two"), ..about };
    let (apart, _) = ledger
        .append_about(("shop", &by_address), std::slice::from_ref(&waiting), Some(b"{canarypayload}"), &at(2))
        .await
        .unwrap();
    assert_ne!(apart, member);
    let other = ledger.join(&address("bob@school.example")).await.unwrap();
    let unread = |id: &str, payload: &str| Unread {
        source: "shop".to_owned(),
        id: id.to_owned(),
        at: day(1),
        why: "nobody sells that".to_owned(),
        payload: payload.as_bytes().to_vec(),
    };
    let hers = about.address;
    ledger.keep_unread(&unread("u1", "{canarypayload}"), Some("cus_canary"), None).await.unwrap();
    ledger.keep_unread(&unread("u2", "{canarypayload}"), Some("cus_other"), hers).await.unwrap();
    for _ in 0..2 {
        ledger.keep_unread(&unread("u3", "{of another}"), Some("cus_other"), None).await.unwrap();
    }
    append(&ledger, &granted("3", &other, day(0), "pro"), &at(2)).await;
    for canary in &canaries[..3] {
        assert!(holds(&place.bytes(), canary), "`{canary}` is there before");
    }
    let delivered = ledger.claim("crm", (day(2), day(3)), 1).await.unwrap().remove(0);
    ledger.attempted("crm", &[(delivered.clone(), Outcome::Arrived)], day(2)).await.unwrap();
    assert!(!ledger.claim("crm", (day(2), day(3)), 100).await.unwrap().is_empty(), "there was more to tell of her");

    append(&ledger, &event("4", &member, day(3), What::Erased {}), &at(3)).await;

    assert_eq!(has(&ledger, &member, &at(4)).await, "");
    assert_eq!(ledger.member_by_address(&address("canaryaddress@school.example")).await.unwrap(), None);
    assert_eq!(ledger.waiting_for(&member).await.unwrap(), []);
    // What comes later of that customer is still hers: it gives nothing, to nobody, and brings nothing back.
    let [late, late_paid] = bought("5", "", day(4), "pro");
    for late in [&late, &late_paid] {
        let (whose, appended) = ledger
            .append_about(("shop", &about), std::slice::from_ref(late), Some(b"{canarylate}"), &at(5))
            .await
            .unwrap();
        assert_eq!((whose, appended), (member.clone(), vec![Appended::New]));
    }
    let [_, paid] = bought("2", "", day(5), "basic");
    let (whose, _) = ledger
        .append_about(("shop", &by_address), std::slice::from_ref(&paid), Some(b"{canarylate}"), &at(5))
        .await
        .unwrap();
    assert_eq!(has(&ledger, &whose, &at(5)).await, "", "what waited is erased with her");
    assert_eq!(has(&ledger, &member, &at(5)).await, "");
    let bytes = place.bytes();
    for canary in canaries {
        assert!(!holds(&bytes, canary), "`{canary}` is still there");
    }
    assert_eq!(ledger.unread().await.unwrap(), [unread("u3", "{of another}")]);
    ledger.was_read("shop", "u3").await.unwrap();
    assert_eq!(ledger.unread().await.unwrap(), []);
    assert!(holds(&bytes, "bob@school.example"), "of others nothing is lost");
    assert_eq!(has(&ledger, &other, &at(5)).await, "pro");
    let told = ledger.told(&member).await.unwrap();
    let kinds: Vec<&str> = told.iter().map(|entry| entry.news.kind.as_str()).collect();
    assert!(told.iter().all(|entry| entry.at >= day(3) || entry.news.id == delivered.news.id), "{kinds:?}");
}

async fn whoever_is_meant_is_found(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let (ada, eve) = (address("ada@school.example"), address("eve@school.example"));
    let bare = |id: &str, grant: &str| event(id, "", day(2), What::PaymentFailed { grant: grant.to_owned() });
    match ledger.append_about(("shop", &About::default()), &[bare("0", "order-0")], None, &present).await {
        Err(Error::Refused(Refused::Nobody)) => {}
        other => panic!("{other:?}"),
    }
    // A new address is a new member, and the customer is known from then on.
    let [first, paid] = bought("1", "", day(1), "rust-course");
    let about = About { customer: Some("cus_1"), address: Some(&ada), ..About::default() };
    let (member, _) =
        ledger.append_about(("shop", &about), std::slice::from_ref(&first), None, &present).await.unwrap();
    assert_eq!(ledger.member_by_address(&ada).await.unwrap().as_ref(), Some(&member));
    let named = ["order-1".to_owned()];
    for (about, event) in [
        // By its grant, whatever else is said.
        (About { address: Some(&eve), customer: Some("cus_9"), ..About::default() }, &paid),
        (About::default(), &bare("2", "order-1")),
        // By a grant that is only named.
        (About { grants: &named, address: Some(&eve), ..About::default() }, &bare("2b", "order-2b")),
        // By the customer, whatever the address.
        (About { customer: Some("cus_1"), address: Some(&eve), ..About::default() }, &bare("3", "order-3")),
        // By our own reference, whatever the customer.
        (About { reference: Some(&member), customer: Some("cus_2"), ..About::default() }, &bare("4", "order-4")),
        // And that customer then.
        (About { customer: Some("cus_2"), ..About::default() }, &bare("5", "order-5")),
    ] {
        let (whose, appended) =
            ledger.append_about(("shop", &about), std::slice::from_ref(event), None, &present).await.unwrap();
        assert_eq!((&whose, appended), (&member, vec![Appended::New]), "{about:?}");
        let (again, known) =
            ledger.append_about(("shop", &about), std::slice::from_ref(event), None, &present).await.unwrap();
        assert_eq!((again, known), (whose, vec![Appended::Known]), "{about:?}");
    }
    assert_eq!(ledger.member_by_address(&eve).await.unwrap(), None);
    // All of a delivery is about one member: whoever the first thing found says.
    let both = [bare("7", "order-7"), bare("8", "order-1")];
    let (whose, appended) = ledger.append_about(("shop", &About::default()), &both, None, &present).await.unwrap();
    assert_eq!((whose, appended), (member.clone(), vec![Appended::New, Appended::New]));
    // One that says nothing but who is who.
    let about = About { grants: &named, customer: Some("cus_3"), ..About::default() };
    assert_eq!(ledger.append_about(("shop", &about), &[], None, &present).await.unwrap(), (member.clone(), vec![]));
    let about = About { customer: Some("cus_3"), ..About::default() };
    let (whose, _) = ledger.append_about(("shop", &about), &[bare("9", "order-9")], None, &present).await.unwrap();
    assert_eq!(whose, member);
    assert!(ledger.has_grant("shop", "order-1").await.unwrap());
    assert!(!ledger.has_grant("other", "order-1").await.unwrap());
    assert_eq!(ledger.paid_by("shop", "pay-1").await.unwrap(), ["order-1"]);
    assert_eq!(ledger.paid_by("shop", "pay-2").await.unwrap(), Vec::<String>::new());
    // Another source's customer of that name is somebody else.
    let other = Event { source: "other".to_owned(), ..bare("6", "order-6") };
    let about = About { customer: Some("cus_1"), ..About::default() };
    match ledger.append_about(("other", &about), std::slice::from_ref(&other), None, &present).await {
        Err(Error::Refused(Refused::Nobody)) => {}
        other => panic!("{other:?}"),
    }
}

async fn by_an_address_alone_no_tier_is_replaced(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let ada = address("ada@school.example");
    let member = ledger.join(&ada).await.unwrap();
    append(&ledger, &granted("1", &member, day(0), "pro"), &present).await;
    let by_address = About { address: Some(&ada), ..About::default() };
    let buy = async |id: &str, access: &str| {
        let [first, paid] = bought(id, "", day(3), access);
        let (whose, _) =
            ledger.append_about(("shop", &by_address), std::slice::from_ref(&first), None, &present).await.unwrap();
        let (payer, _) =
            ledger.append_about(("shop", &by_address), std::slice::from_ref(&paid), None, &present).await.unwrap();
        assert_eq!(whose, payer, "what follows goes where the purchase went");
        whose
    };
    assert_eq!(buy("2", "rust-course").await, member, "a bundle replaces nothing");
    let told = ledger.told(&member).await.unwrap();
    for access in ["basic", "pro", "free", "retired-tier"] {
        let apart = buy(access, access).await;
        assert!(apart.starts_with("w_"), "{access}: {apart}");
        assert_eq!(ledger.told(&apart).await.unwrap(), [], "nobody is told of it");
    }
    assert_eq!(has(&ledger, &member, &present).await, "pro+rust-course");
    assert_eq!(ledger.told(&member).await.unwrap(), told);
    assert_eq!(ledger.waiting_for(&member).await.unwrap().len(), 4);
    assert_eq!(ledger.members("", &present).await.unwrap().len(), 1, "it is nobody");
    // Somebody known who has no tier gets it at once.
    let bob = address("bob@school.example");
    let member = ledger.join(&bob).await.unwrap();
    let [first, _] = bought("7", "", day(3), "pro");
    let about = About { address: Some(&bob), ..About::default() };
    assert_eq!(
        ledger.append_about(("shop", &about), std::slice::from_ref(&first), None, &present).await.unwrap().0,
        member
    );
}

/// Somebody with a tier, and a purchase of another that waits for them.
async fn waiting(ledger: &Ledger, present: &Present<'_>) -> (String, String) {
    let ada = address("ada@school.example");
    let member = ledger.join(&ada).await.unwrap();
    append(ledger, &granted("1", &member, day(0), "basic"), present).await;
    let about = About { address: Some(&ada), customer: Some("cus_2"), ..About::default() };
    let [first, paid] = bought("2", "", day(3), "pro");
    let (apart, _) = ledger.append_about(("shop", &about), std::slice::from_ref(&first), None, present).await.unwrap();
    ledger.append_about(("shop", &about), std::slice::from_ref(&paid), None, present).await.unwrap();
    (member, apart)
}

async fn what_waits_is_accepted_by_whom_it_is_for(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let (member, apart) = waiting(&ledger, &present).await;
    let eve = ledger.join(&address("eve@school.example")).await.unwrap();
    for (who, what) in [(&eve, &apart), (&member, &"w_nothing".to_owned()), (&member, &member)] {
        match ledger.accept(who, what, &present).await {
            Err(Error::Refused(Refused::NothingWaits(name))) => assert_eq!(name, *what),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(has(&ledger, &member, &present).await, "basic");
    assert_eq!(has(&ledger, &eve, &present).await, "");
    let told = ledger.told(&member).await.unwrap().len();
    ledger.accept(&member, &apart, &present).await.unwrap();
    assert_eq!(has(&ledger, &member, &present).await, "pro");
    assert!(ledger.told(&member).await.unwrap().len() > told, "now it is news");
    assert_eq!(ledger.waiting_for(&member).await.unwrap(), []);
    assert!(ledger.accept(&member, &apart, &present).await.is_err(), "once");
    // What follows of it is hers, by whatever way it comes; and what came before is known.
    let grant = "order-2".to_owned();
    let cancelled = event("3", "", day(11), What::Cancelled { grant, by: By::Provider, until: None });
    let present = Present { now: day(12), ..present };
    let about = About { customer: Some("cus_2"), ..About::default() };
    let (whose, _) =
        ledger.append_about(("shop", &about), std::slice::from_ref(&cancelled), None, &present).await.unwrap();
    assert_eq!(whose, member);
    assert_eq!(has(&ledger, &member, &present).await, "basic");
    let [first, _] = bought("2", &member, day(3), "pro");
    assert_eq!(ledger.append(&first, None, &present).await.unwrap(), Appended::Known);
}

async fn two_become_one(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let (old, new) = (address("old@school.example"), address("new@school.example"));
    let former = ledger.join(&old).await.unwrap();
    let member = ledger.join(&new).await.unwrap();
    append(&ledger, &granted("1", &former, day(0), "pro"), &present).await;
    append(&ledger, &granted("2", &member, day(1), "rust-course"), &present).await;
    let told = ledger.told(&member).await.unwrap().len();
    match ledger.merge(&former, "m_nobody", &present).await {
        Err(Error::Refused(Refused::Unknown(name))) => assert_eq!(name, "m_nobody"),
        other => panic!("{other:?}"),
    }
    assert!(ledger.merge(&former, &member, &present).await.unwrap(), "one address is dropped");
    assert_eq!(has(&ledger, &member, &present).await, "pro+rust-course");
    assert_eq!(has(&ledger, &former, &present).await, "pro+rust-course", "the former name leads there");
    assert!(ledger.told(&member).await.unwrap().len() > told);
    assert_eq!(ledger.member_by_address(&old).await.unwrap(), None);
    assert_eq!(ledger.member_by_address(&new).await.unwrap().as_ref(), Some(&member));
    match ledger.merge(&former, &member, &present).await {
        Err(Error::Refused(Refused::Same(name))) => assert_eq!(name, member),
        other => panic!("{other:?}"),
    }
    // What is told of the former name is told of the member; and a third one takes both.
    append(&ledger, &granted("3", &former, day(2), "sourdough"), &present).await;
    assert_eq!(has(&ledger, &member, &present).await, "pro+rust-course+sourdough");
    let third = ledger.join(&old).await.unwrap();
    assert!(ledger.merge(&member, &third, &present).await.unwrap());
    for name in [&former, &member, &third] {
        assert_eq!(has(&ledger, name, &present).await, "pro+rust-course+sourdough");
        assert_eq!(ledger.events_of(name).await.unwrap().len(), 3);
    }
    assert_eq!(ledger.members("", &present).await.unwrap().len(), 1);
}

async fn nobody_becomes_one_with_the_erased(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    append(&ledger, &granted("1", "m_gone", day(0), "pro"), &present).await;
    append(&ledger, &granted("2", "m_here", day(0), "pro"), &present).await;
    append(&ledger, &event("3", "m_gone", day(1), What::Erased {}), &present).await;
    for (former, member) in [("m_gone", "m_here"), ("m_here", "m_gone")] {
        match ledger.merge(former, member, &present).await {
            Err(Error::Refused(Refused::Erased(name))) => assert_eq!(name, "m_gone"),
            other => panic!("{other:?}"),
        }
    }
    match ledger.readdress("m_gone", &address("back@school.example")).await {
        Err(Error::Refused(Refused::Erased(name))) => assert_eq!(name, "m_gone"),
        other => panic!("{other:?}"),
    }
    assert_eq!(has(&ledger, "m_here", &present).await, "pro");
}
