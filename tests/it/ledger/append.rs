//! Once each, in order, whoever appends at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tierpress::config::product::Billing;
use tierpress::ledger::{Appended, Error, Ledger, Present, Refused};
use tierpress::members::event::{Event, What};
use tierpress::members::{fold, notifications};

use super::{Place, append, bought, day, event, granted, granted_until, has, on_both, rules, school};

on_both! {
    an_event_counts_once,
    another_content_is_refused_and_shown,
    the_order_of_arrival_does_not_matter,
    time_alone_is_told_once,
    what_lies_ahead_is_told_when_it_comes,
    other_rules_are_noticed,
    two_instances_at_once,
    two_instances_tell_of_time_once,
    names_mean_nothing_to_the_database,
    names_that_cannot_be_kept_are_refused,
}

async fn an_event_counts_once(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(1) };
    let first = granted("1", "m_ada", day(0), "pro");
    assert_eq!(ledger.append(&first, Some(b"raw"), &present).await.unwrap(), Appended::New);
    let told = ledger.told("m_ada").await.unwrap();
    assert!(!told.is_empty());
    for now in [1, 1, 40] {
        let present = Present { now: day(now), ..present };
        assert_eq!(ledger.append(&first, Some(b"raw again"), &present).await.unwrap(), Appended::Known);
    }
    assert_eq!(ledger.events_of("m_ada").await.unwrap(), [first]);
    assert_eq!(ledger.told("m_ada").await.unwrap(), told, "nothing is told twice");
    // Another source may call something else by the same id.
    let mut other = Event { source: "import".to_owned(), ..granted("1", "m_ada", day(0), "rust-course") };
    if let What::Granted { grant, .. } = &mut other.what {
        "elsewhere".clone_into(grant);
    }
    append(&ledger, &other, &present).await;
    assert_eq!(has(&ledger, "m_ada", &present).await, "pro+rust-course");
}

async fn another_content_is_refused_and_shown(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(1) };
    let first = granted("1", "m_ada", day(0), "basic");
    append(&ledger, &first, &present).await;
    let told = ledger.told("m_ada").await.unwrap();
    for other in [
        granted("1", "m_ada", day(0), "pro"),
        granted("1", "m_ada", day(1), "basic"),
        granted("1", "m_bob", day(0), "basic"),
        event("1", "m_ada", day(0), What::Erased {}),
    ] {
        let appended = ledger.append(&other, None, &present).await.unwrap();
        assert_eq!(appended, Appended::Conflict(Box::new(first.clone())));
    }
    assert_eq!(ledger.events_of("m_ada").await.unwrap(), [first]);
    assert_eq!(ledger.told("m_ada").await.unwrap(), told);
    assert_eq!(has(&ledger, "m_bob", &present).await, "");
}

async fn the_order_of_arrival_does_not_matter(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(20) };
    let story = |member: &str| {
        let [first, paid] = bought(&format!("{member}-a"), member, day(1), "basic");
        let gift = granted(&format!("{member}-b"), member, day(3), "pro");
        let grant = format!("g-{member}-b");
        let taken = event(&format!("{member}-c"), member, day(5), What::Revoked { grant });
        [first, paid, gift, taken]
    };
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
    for (number, order) in orders.iter().enumerate() {
        let member = format!("m_{number}");
        let events = story(&member);
        for at in order {
            append(&ledger, &events[*at], &present).await;
        }
        let held = ledger.member(&member, &present).await.unwrap().unwrap();
        assert_eq!(held.member, fold(&events, &rules, day(20)));
        assert_eq!(has(&ledger, &member, &present).await, "basic", "{order:?}");
    }
}

async fn time_alone_is_told_once(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let at = |now| Present { rules: &rules, now: day(now) };
    let gift = granted_until("1", "m_ada", day(0), ("pro", day(10)));
    append(&ledger, &gift, &at(0)).await;
    let before = ledger.told("m_ada").await.unwrap();
    assert_eq!(ledger.tick(100, &at(9)).await.unwrap(), 0, "nothing is due");
    assert_eq!(ledger.tick(100, &at(10)).await.unwrap(), 1);
    let after = ledger.told("m_ada").await.unwrap();
    let expected = notifications(&[gift], &rules, day(0), day(10));
    assert!(!expected.is_empty(), "its end is news");
    let told: Vec<String> = after[before.len()..].iter().map(|entry| entry.news.body.clone()).collect();
    let expected: Vec<String> = expected.iter().map(|news| serde_json::to_string(news).unwrap()).collect();
    assert_eq!(told, expected);
    for now in [10, 11, 400] {
        ledger.tick(100, &at(now)).await.unwrap();
    }
    assert_eq!(ledger.told("m_ada").await.unwrap(), after, "and once");
    // A clock that goes back tells nothing again.
    append(&ledger, &granted("2", "m_ada", day(3), "rust-course"), &at(5)).await;
    let numbers: Vec<i64> = ledger.told("m_ada").await.unwrap().iter().map(|entry| entry.news.number).collect();
    assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
}

async fn what_lies_ahead_is_told_when_it_comes(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let at = |now| Present { rules: &rules, now: day(now) };
    append(&ledger, &granted("1", "m_ada", day(30), "pro"), &at(0)).await;
    assert_eq!(has(&ledger, "m_ada", &at(0)).await, "");
    assert_eq!(ledger.told("m_ada").await.unwrap(), []);
    assert_eq!(ledger.tick(100, &at(29)).await.unwrap(), 0);
    assert_eq!(ledger.tick(100, &at(30)).await.unwrap(), 1);
    assert!(!ledger.told("m_ada").await.unwrap().is_empty());
    assert_eq!(has(&ledger, "m_ada", &at(30)).await, "pro");
}

async fn other_rules_are_noticed(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let before = rules(&config);
    // Not paid: overdue, and cancelled for good when it has been so for too long.
    let [mut first, paid] = bought("1", "m_ada", day(0), "basic");
    if let What::Purchased { terms, .. } = &mut first.what {
        terms.billing = Billing::Subscription { every: "1 month".parse().unwrap() };
    }
    append(&ledger, &first, &Present { rules: &before, now: day(0) }).await;
    append(&ledger, &paid, &Present { rules: &before, now: day(0) }).await;
    ledger.tick(10, &Present { rules: &before, now: day(35) }).await.unwrap();
    let told = ledger.told("m_ada").await.unwrap();
    assert!(told.iter().any(|entry| entry.news.kind == "payment.overdue"), "{told:?}");
    assert_eq!(ledger.tick(10, &Present { rules: &before, now: day(40) }).await.unwrap(), 0);
    let mut after = before;
    after.billing.overdue_max = "9d".parse().unwrap();
    ledger.tick(10, &Present { rules: &after, now: day(40) }).await.unwrap();
    assert_eq!(ledger.told("m_ada").await.unwrap(), told, "not yet");
    ledger.tick(10, &Present { rules: &after, now: day(45) }).await.unwrap();
    let told = ledger.told("m_ada").await.unwrap();
    assert!(told.iter().any(|entry| entry.news.kind == "tier.cancelled"), "{told:?}");
}

const MEMBERS: usize = 4;
const EACH: usize = 12;

async fn two_instances_at_once(place: Arc<Place>) {
    let ledgers = [place.ledger().await, place.ledger().await];
    // Both tell of every event, in opposite orders.
    let events: Vec<Event> = (0..MEMBERS * EACH)
        .map(|number| {
            let member = format!("m_{}", number % MEMBERS);
            let access = ["basic", "pro", "rust-course", "sourdough"][number / MEMBERS % 4];
            granted(&number.to_string(), &member, day(i64::try_from(number).unwrap()), access)
        })
        .collect();
    let mut instances = Vec::new();
    for (number, ledger) in ledgers.iter().enumerate() {
        for part in 0..3 {
            let ledger: Ledger = ledger.clone();
            let mut own: Vec<Event> = events.iter().skip(part).step_by(3).cloned().collect();
            if number == 1 {
                own.reverse();
            }
            instances.push(tokio::spawn(async move {
                let config = school();
                let rules = rules(&config);
                let present = Present { rules: &rules, now: day(100) };
                let mut new = 0;
                for event in &own {
                    match ledger.append(event, None, &present).await.unwrap() {
                        Appended::New => new += 1,
                        Appended::Known => {}
                        Appended::Conflict(other) => panic!("{other:?}"),
                    }
                }
                new
            }));
        }
    }
    let mut new = 0;
    for instance in instances {
        new += instance.await.unwrap();
    }
    assert_eq!(new, events.len(), "each is new once");
    let config = school();
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(100) };
    for member in 0..MEMBERS {
        let member = format!("m_{member}");
        let own: Vec<Event> = events.iter().filter(|event| event.member == member).cloned().collect();
        let held = ledgers[0].member(&member, &present).await.unwrap().unwrap();
        assert_eq!(held.member, fold(&own, &rules, day(100)));
        let told = ledgers[1].told(&member).await.unwrap();
        let numbers: Vec<i64> = told.iter().map(|entry| entry.news.number).collect();
        assert_eq!(numbers, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>());
        assert!(!told.is_empty());
    }
}

async fn two_instances_tell_of_time_once(place: Arc<Place>) {
    let config = school();
    let rules = rules(&config);
    let first = place.ledger().await;
    let mut ends = 0;
    for number in 0..20 {
        let gift = granted_until(&number.to_string(), &format!("m_{number}"), day(0), ("pro", day(10)));
        append(&first, &gift, &Present { rules: &rules, now: day(0) }).await;
        ends = notifications(&[gift], &rules, day(0), day(10)).len();
    }
    assert!(ends > 0);
    first.tick(1, &Present { rules: &rules, now: day(0) }).await.unwrap();
    let before = told(&first).await;
    let second = place.ledger().await;
    let ticking = |ledger: Ledger| {
        tokio::spawn(async move {
            let config = school();
            let rules = super::rules(&config);
            ledger.tick(100, &Present { rules: &rules, now: day(10) }).await.unwrap()
        })
    };
    let (a, b) = (ticking(first.clone()), ticking(second));
    assert!(a.await.unwrap() + b.await.unwrap() >= 20);
    let after = told(&first).await;
    for (member, before) in before {
        assert_eq!(after[&member], before + ends, "its end, once: {member}");
    }
}

async fn told(ledger: &Ledger) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for number in 0..20 {
        let member = format!("m_{number}");
        let told = ledger.told(&member).await.unwrap();
        assert!(!told.is_empty());
        counts.insert(member, told.len());
    }
    counts
}

const NASTY: [&str; 8] = [
    "'; DROP TABLE events; --",
    "\" OR \"\"=\"",
    "$1 ? :name {} %s",
    "\\'; SELECT pg_sleep(10); --",
    "a_b%c*d[e]",
    "null",
    "𝕬\u{301}ß\u{202e}",
    "{\"kind\":\"erased\"}",
];

async fn names_mean_nothing_to_the_database(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(50) };
    for (number, nasty) in NASTY.into_iter().enumerate() {
        let member = format!("m_{nasty}");
        let [mut purchased, mut paid] = bought(nasty, &member, day(1), "rust-course");
        purchased.source = nasty.to_owned();
        paid.source = nasty.to_owned();
        assert_eq!(ledger.append(&purchased, Some(nasty.as_bytes()), &present).await.unwrap(), Appended::New);
        assert_eq!(ledger.append(&purchased, None, &present).await.unwrap(), Appended::Known);
        append(&ledger, &paid, &present).await;
        let mut events = ledger.events_of(&member).await.unwrap();
        events.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(events, [purchased, paid], "{nasty}");
        assert_eq!(has(&ledger, &member, &present).await, "free+rust-course", "{nasty}");
        assert_eq!(ledger.filed(None, 0, 1_000).await.unwrap().len(), 2 * (number + 1));
    }
    assert_eq!(ledger.members("", &present).await.unwrap().len(), NASTY.len());
}

async fn names_that_cannot_be_kept_are_refused(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(1) };
    let long = "x".repeat(256);
    for bad in ["", "a\nb", "a\0b", "ada@school.example", &long] {
        let good = granted("1", "m_ada", day(0), "pro");
        let mut grant = good.clone();
        if let What::Granted { grant, .. } = &mut grant.what {
            *grant = bad.to_owned();
        }
        let [_, mut paid] = bought("2", "m_ada", day(0), "pro");
        if let What::PaymentSucceeded { payment, .. } = &mut paid.what {
            *payment = bad.to_owned();
        }
        for (field, event) in [
            ("source", Event { source: bad.to_owned(), ..good.clone() }),
            ("id", Event { id: bad.to_owned(), ..good.clone() }),
            ("member", Event { member: bad.to_owned(), ..good.clone() }),
            ("grant", grant),
            ("payment", paid),
        ] {
            match ledger.append(&event, None, &present).await {
                Err(Error::Refused(Refused::Name { field: found, .. })) => assert_eq!(found, field),
                other => panic!("{bad:?} as {field}: {other:?}"),
            }
        }
    }
    for name in ["default:order-1", "downgrade:order-1"] {
        let mut event = granted("1", "m_ada", day(0), "pro");
        if let What::Granted { grant, .. } = &mut event.what {
            *grant = name.to_owned();
        }
        let told = ledger.append(&event, None, &present).await;
        assert!(matches!(told, Err(Error::Refused(Refused::Name { field: "grant", .. }))), "{told:?}");
    }
    assert_eq!(ledger.filed(None, 0, 10).await.unwrap(), []);
}
