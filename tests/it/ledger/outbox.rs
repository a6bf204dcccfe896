//! At least once at each place, and in order for each member.

use std::collections::BTreeSet;
use std::sync::Arc;

use tierpress::ledger::endpoints::{Place as Endpoint, wants};
use tierpress::ledger::outbox::{Delivery, Outcome, Replay, State, Wish};
use tierpress::ledger::{Error, Ledger, Present, Refused};
use tierpress::members::event::What;
use tierpress::time::Timestamp;

use super::{Place, append, day, event, granted, granted_until, on_both, register, rules, school};

on_both! {
    one_after_the_other,
    whoever_dies_gives_it_up,
    what_is_given_up_holds_nothing_up,
    two_never_have_the_same,
    a_place_that_fails_keeps_nobody_waiting,
    a_place_that_fails_is_asked_seldom,
    a_place_that_wants_nothing_more_loses_nothing,
    each_place_is_told_what_it_wants,
    what_was_told_is_told_again,
    of_the_erased_nothing_is_told_again,
}

/// A ledger in which each of some members has a few things to be told.
async fn full(place: &Place, members: usize) -> Ledger {
    let ledger = place.ledger().await;
    register(&ledger, "crm", day(0)).await;
    fill(&ledger, members).await;
    ledger
}

async fn fill(ledger: &Ledger, members: usize) {
    let config = school();
    let rules = rules(&config);
    for number in 0..members {
        let member = format!("m_{number}");
        for (part, access) in ["basic", "rust-course", "pro"].into_iter().enumerate() {
            let event = granted(&format!("{member}-{part}"), &member, day(0), access);
            append(ledger, &event, &Present { rules: &rules, now: day(1) }).await;
        }
        assert!(ledger.told(&member).await.unwrap().len() >= 3);
    }
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::saturating(now.seconds() + seconds)
}

async fn claim(ledger: &Ledger, now: Timestamp) -> Vec<Delivery> {
    claim_at(ledger, "crm", now).await
}

async fn claim_at(ledger: &Ledger, endpoint: &str, now: Timestamp) -> Vec<Delivery> {
    ledger.claim(endpoint, (now, later(now, 60)), 100).await.unwrap()
}

async fn arrived(ledger: &Ledger, delivery: &Delivery, now: Timestamp) {
    ledger.attempted("crm", &[(delivery.clone(), Outcome::Arrived)], now).await.unwrap();
}

async fn failed(ledger: &Ledger, delivery: &Delivery, (now, again): (Timestamp, Option<Timestamp>)) {
    let why = "it answered 500".to_owned();
    let outcome = match again {
        Some(at) => Outcome::Again { at, rests: None, why },
        None => Outcome::Dead { why },
    };
    ledger.attempted("crm", &[(delivery.clone(), outcome)], now).await.unwrap();
}

/// What became of the news of a member at an endpoint.
async fn states(ledger: &Ledger, member: &str) -> Vec<State> {
    let told = ledger.told(member).await.unwrap();
    told.iter().flat_map(|entry| &entry.ways).filter(|way| way.endpoint == "crm").map(|way| way.state).collect()
}

async fn one_after_the_other(place: Arc<Place>) {
    let ledger = full(&place, 3).await;
    let mut got: Vec<(String, i64)> = Vec::new();
    loop {
        let claimed = claim(&ledger, day(1)).await;
        if claimed.is_empty() {
            break;
        }
        let members: BTreeSet<&str> = claimed.iter().map(|delivery| delivery.news.member.as_str()).collect();
        assert_eq!(members.len(), claimed.len(), "never two of one member");
        assert_eq!(claim(&ledger, day(1)).await, [], "what somebody has is not given out again");
        for delivery in &claimed {
            assert_eq!(delivery.attempt, 1);
            got.push((delivery.news.member.clone(), delivery.news.number));
            arrived(&ledger, delivery, day(1)).await;
        }
    }
    for number in 0..3 {
        let member = format!("m_{number}");
        let numbers: Vec<i64> = got.iter().filter(|(own, _)| *own == member).map(|(_, number)| *number).collect();
        let told = ledger.told(&member).await.unwrap();
        assert_eq!(numbers, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>());
        assert!(states(&ledger, &member).await.iter().all(|state| *state == State::Delivered(day(1))));
    }
}

async fn whoever_dies_gives_it_up(place: Arc<Place>) {
    let ledger = full(&place, 1).await;
    let first = claim(&ledger, day(1)).await;
    assert_eq!(first.len(), 1);
    assert_eq!(claim(&ledger, later(day(1), 59)).await, []);
    let second = claim(&ledger, later(day(1), 60)).await;
    assert_eq!(second.len(), 1);
    assert_eq!((&second[0].news.id, second[0].attempt), (&first[0].news.id, 2), "the same one again, before any other");
    // The first one was only slow: what it says of its attempt is of no matter now.
    failed(&ledger, &first[0], (day(1), None)).await;
    assert!(matches!(states(&ledger, "m_0").await[0], State::Waiting(_)));
    // That it arrived is true, whoever says so.
    arrived(&ledger, &first[0], day(1)).await;
    assert_eq!(states(&ledger, "m_0").await[0], State::Delivered(day(1)));
    assert_eq!((second[0].attempt, second[0].failures), (2, 0), "whoever died has not failed");
    assert_eq!(claim(&ledger, later(day(1), 61)).await[0].news.number, 2);
}

async fn what_is_given_up_holds_nothing_up(place: Arc<Place>) {
    let ledger = full(&place, 1).await;
    let first = claim(&ledger, day(1)).await.remove(0);
    failed(&ledger, &first, (day(1), Some(later(day(1), 300)))).await;
    assert_eq!(claim(&ledger, later(day(1), 299)).await, [], "the next one waits for it");
    let again = claim(&ledger, later(day(1), 300)).await.remove(0);
    assert_eq!((again.news.number, again.attempt, again.failures), (1, 2, 1));
    failed(&ledger, &again, (later(day(1), 300), None)).await;
    assert_eq!(states(&ledger, "m_0").await[0], State::Dead(later(day(1), 300)));
    assert_eq!(claim(&ledger, later(day(1), 301)).await.remove(0).news.number, 2);
    let id = first.news.id.as_str();
    assert_eq!(ledger.replay(Replay::One(id), None, day(2)).await.unwrap(), 1);
    assert_eq!(claim(&ledger, day(2)).await.remove(0).news.id, id, "and has its turn again");
    match ledger.replay(Replay::One(id), None, day(2)).await {
        Err(Error::Refused(Refused::NotTold(refused))) => assert_eq!(refused, id, "it is on its way"),
        other => panic!("{other:?}"),
    }
}

async fn two_never_have_the_same(place: Arc<Place>) {
    let ledger = full(&place, 12).await;
    let other = place.ledger().await;
    let claiming: Vec<_> = [ledger.clone(), other.clone(), ledger, other]
        .into_iter()
        .map(|ledger| {
            tokio::spawn(async move {
                let mut got = Vec::new();
                for _ in 0..8 {
                    got.extend(ledger.claim("crm", (day(1), day(2)), 2).await.unwrap());
                }
                got
            })
        })
        .collect();
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for claiming in claiming {
        for delivery in claiming.await.unwrap() {
            assert_eq!((delivery.news.number, delivery.attempt), (1, 1));
            count += 1;
            ids.insert(delivery.news.id);
        }
    }
    assert_eq!((ids.len(), count), (12, 12));
}

async fn a_place_that_fails_keeps_nobody_waiting(place: Arc<Place>) {
    let ledger = place.ledger().await;
    for endpoint in ["crm", "mails"] {
        register(&ledger, endpoint, day(0)).await;
    }
    fill(&ledger, 2).await;
    for delivery in claim(&ledger, day(1)).await {
        failed(&ledger, &delivery, (day(1), Some(day(2)))).await;
    }
    let mut count = 0;
    loop {
        let claimed = claim_at(&ledger, "mails", day(1)).await;
        if claimed.is_empty() {
            break;
        }
        count += claimed.len();
        let attempts: Vec<_> = claimed.into_iter().map(|delivery| (delivery, Outcome::Arrived)).collect();
        ledger.attempted("mails", &attempts, day(1)).await.unwrap();
    }
    let told = ledger.told("m_0").await.unwrap().len() + ledger.told("m_1").await.unwrap().len();
    assert_eq!(count, told, "the other one has everything");
    assert_eq!(claim(&ledger, later(day(1), 86_399)).await, []);
    let known = ledger.endpoints().await.unwrap();
    let counts: Vec<_> = known.iter().map(|known| (known.endpoint.as_str(), known.counts, known.failures)).collect();
    let told = i64::try_from(told).unwrap();
    assert_eq!(counts, [("crm", [told, 0, 0], 2), ("mails", [0, told, 0], 0)]);
    assert_eq!(known[0].why.as_deref(), Some("it answered 500"));
    // What is told meanwhile comes behind what waits.
    let config = school();
    let rules = rules(&config);
    append(&ledger, &granted("later", "m_0", day(1), "sourdough"), &Present { rules: &rules, now: day(1) }).await;
    assert_eq!(claim(&ledger, later(day(1), 5)).await, []);
    assert!(claim(&ledger, day(2)).await.iter().all(|delivery| delivery.news.number == 1));
}

async fn a_place_that_fails_is_asked_seldom(place: Arc<Place>) {
    let ledger = full(&place, 40).await;
    let now = day(1);
    assert_eq!(ledger.claim("crm", (now, later(now, 60)), 4).await.unwrap().len(), 4);
    let claimed = ledger.claim("crm", (now, later(now, 60)), 5).await.unwrap();
    let why = "connection refused".to_owned();
    let again = |at| Outcome::Again { at, rests: None, why: why.clone() };
    let attempts: Vec<_> = claimed.into_iter().map(|delivery| (delivery, again(day(3)))).collect();
    ledger.attempted("crm", &attempts, now).await.unwrap();
    // Five in a row: it rests, for longer and longer, and then one is tried.
    let (mut asked, mut at, mut rests) = (0, now, Vec::new());
    while at < later(now, 3_600) {
        at = later(at, 1);
        let claimed = ledger.claim("crm", (at, later(at, 60)), 16).await.unwrap();
        assert!(claimed.len() <= 1, "one is enough to know");
        for delivery in claimed {
            asked += 1;
            rests.push(at.seconds() - now.seconds());
            ledger.attempted("crm", &[(delivery, again(day(3)))], at).await.unwrap();
        }
        if rests.len() > 8 {
            break;
        }
    }
    assert_eq!(rests, [5, 15, 35, 75, 155, 315, 615, 915, 1_215], "{asked}");
    let other = ledger.claim("crm", (later(now, 2_000), later(now, 2_060)), 16).await.unwrap().remove(0);
    arrived(&ledger, &other, later(now, 2_000)).await;
    assert_eq!(ledger.endpoints().await.unwrap()[0].failures, 0);
    assert!(ledger.claim("crm", (later(now, 2_001), day(3)), 16).await.unwrap().len() > 10, "all is well again");
    // Whoever asks to be left alone is, also after one refusal.
    let asks = Outcome::Again { at: day(3), rests: Some(later(now, 3_000)), why };
    ledger.attempted("crm", &[(other, asks)], later(now, 2_001)).await.unwrap();
    assert_eq!(ledger.claim("crm", (later(now, 2_999), day(3)), 16).await.unwrap(), []);
    assert!(!ledger.claim("crm", (later(now, 3_000), day(3)), 16).await.unwrap().is_empty());
}

async fn a_place_that_wants_nothing_more_loses_nothing(place: Arc<Place>) {
    let ledger = full(&place, 2).await;
    let claimed = claim(&ledger, day(1)).await;
    let gone = Outcome::Gone { why: "410 Gone".to_owned() };
    ledger.attempted("crm", &[(claimed[0].clone(), gone)], day(1)).await.unwrap();
    assert_eq!(claim(&ledger, day(9)).await, []);
    let config = school();
    let rules = rules(&config);
    append(&ledger, &granted("later", "m_0", day(9), "sourdough"), &Present { rules: &rules, now: day(9) }).await;
    assert_eq!(ledger.endpoints().await.unwrap()[0].gone, Some(day(1)));
    // The same address once more is no news; another address is.
    register(&ledger, "crm", day(9)).await;
    assert_eq!(claim(&ledger, day(9)).await, []);
    ledger.register(&Endpoint { endpoint: "crm", url: "https://other.example/", kinds: &[] }, day(9)).await.unwrap();
    let mut numbers = Vec::new();
    loop {
        let claimed = claim(&ledger, day(9)).await;
        if claimed.is_empty() {
            break;
        }
        for delivery in claimed {
            arrived(&ledger, &delivery, day(9)).await;
            numbers.extend(Some(delivery.news.number).filter(|_| delivery.news.member == "m_0"));
        }
    }
    let told = i64::try_from(ledger.told("m_0").await.unwrap().len()).unwrap();
    assert_eq!(numbers, (1..=told).collect::<Vec<_>>());
    assert!(matches!(ledger.enable("nobody").await, Err(Error::Refused(Refused::NoEndpoint(_)))));
    ledger.forget_endpoint("crm").await.unwrap();
    assert_eq!(states(&ledger, "m_0").await, []);
    assert!(matches!(ledger.forget_endpoint("crm").await, Err(Error::Refused(Refused::NoEndpoint(_)))));
}

async fn each_place_is_told_what_it_wants(place: Arc<Place>) {
    let ledger = place.ledger().await;
    fill(&ledger, 1).await;
    let kinds = ["tier.*".to_owned(), "bundle.added".to_owned()];
    ledger.register(&Endpoint { endpoint: "crm", url: "https://crm.example", kinds: &kinds }, day(1)).await.unwrap();
    assert_eq!(claim(&ledger, day(2)).await, [], "what was told before it was there it is not told");
    let config = school();
    let rules = rules(&config);
    let at = |now| Present { rules: &rules, now: day(now) };
    append(&ledger, &granted("more", "m_new", day(2), "pro"), &at(2)).await;
    let told = ledger.told("m_new").await.unwrap();
    let kinds_of = |wanted: bool| -> Vec<&str> {
        let fits = |entry: &&tierpress::ledger::outbox::Entry| entry.ways.is_empty() != wanted;
        told.iter().filter(fits).map(|entry| entry.news.kind.as_str()).collect()
    };
    assert_eq!(kinds_of(true), ["tier.added", "tier.changed"]);
    assert_eq!(kinds_of(false), ["member.joined"]);
    // Nothing piles up for what no program has known for a month.
    append(&ledger, &granted("late", "m_late", day(40), "pro"), &at(40)).await;
    assert!(ledger.told("m_late").await.unwrap().iter().all(|entry| entry.ways.is_empty()));
    assert!(wants(&[], "plan.finished") && wants(&kinds, "tier.expired"));
    assert!(!wants(&kinds, "bundle.expired") && !wants(&kinds, "tiers"));
}

async fn what_was_told_is_told_again(place: Arc<Place>) {
    let ledger = full(&place, 2).await;
    let config = school();
    let rules = rules(&config);
    let mut dead = 0;
    loop {
        let claimed = claim(&ledger, day(1)).await;
        if claimed.is_empty() {
            break;
        }
        for delivery in claimed {
            if delivery.news.number == 2 {
                dead += 1;
                failed(&ledger, &delivery, (day(1), None)).await;
            } else {
                arrived(&ledger, &delivery, day(1)).await;
            }
        }
    }
    let log = async |wish: Wish<'_>| ledger.log(&Wish { most: 100, ..wish }).await.unwrap();
    assert_eq!((dead, log(Wish { dead: true, ..Wish::default() }).await.len()), (2, 2));
    assert_eq!(log(Wish { open: true, member: Some("m_0"), ..Wish::default() }).await.len(), 1);
    let all = log(Wish::default()).await;
    assert!(all.is_sorted_by_key(|entry| entry.at));
    assert_eq!(ledger.log(&Wish { most: 3, ..Wish::default() }).await.unwrap(), all[all.len() - 3..]);
    assert_eq!(ledger.replay(Replay::Dead(day(5)), None, day(2)).await.unwrap(), 0);
    assert_eq!(ledger.replay(Replay::Dead(day(0)), Some("crm"), day(2)).await.unwrap(), 2);
    assert!(log(Wish { dead: true, ..Wish::default() }).await.is_empty());
    for delivery in claim(&ledger, day(2)).await {
        assert_eq!((delivery.news.number, delivery.attempt), (2, 1), "it begins anew");
        arrived(&ledger, &delivery, day(2)).await;
    }
    // A new endpoint may be told what came about before it was there, in order.
    register(&ledger, "new", day(2)).await;
    append(&ledger, &granted("more", "m_0", day(2), "sourdough"), &Present { rules: &rules, now: day(2) }).await;
    let told = log(Wish::default()).await.len();
    let again = ledger.replay(Replay::All(day(0)), Some("new"), day(2)).await.unwrap();
    assert_eq!(usize::try_from(again).unwrap(), told - 1, "all but the one that waits for it already");
    assert!(claim_at(&ledger, "new", day(2)).await.iter().all(|delivery| delivery.news.number == 1));
    assert!(matches!(
        ledger.replay(Replay::All(day(0)), Some("nobody"), day(2)).await,
        Err(Error::Refused(Refused::NoEndpoint(_)))
    ));
}

async fn of_the_erased_nothing_is_told_again(place: Arc<Place>) {
    let ledger = full(&place, 2).await;
    let config = school();
    let rules = rules(&config);
    let first = claim(&ledger, day(1)).await;
    for delivery in &first {
        arrived(&ledger, delivery, day(1)).await;
    }
    append(&ledger, &event("gone", "m_0", day(2), What::Erased {}), &Present { rules: &rules, now: day(2) }).await;
    let hers = |claimed: Vec<Delivery>| -> Vec<String> {
        claimed.into_iter().filter(|it| it.news.member == "m_0").map(|it| it.news.kind).collect()
    };
    let told = ledger.told("m_0").await.unwrap();
    assert_eq!(told.first().map(|entry| entry.news.number), Some(1), "that it arrived stays in the log");
    let late: Vec<&str> = told.iter().skip(1).map(|entry| entry.news.kind.as_str()).collect();
    assert!(late.contains(&"member.erased") && !late.contains(&"bundle.added"), "{late:?}");
    ledger.replay(Replay::All(day(0)), Some("crm"), day(3)).await.unwrap();
    let id = first.iter().find(|it| it.news.member == "m_0").unwrap().news.id.clone();
    assert!(matches!(ledger.replay(Replay::One(&id), None, day(3)).await, Err(Error::Refused(Refused::NotTold(_)))));
    let mut kinds = Vec::new();
    loop {
        let claimed = claim(&ledger, day(3)).await;
        if claimed.is_empty() {
            break;
        }
        for delivery in &claimed {
            arrived(&ledger, delivery, day(3)).await;
        }
        kinds.extend(hers(claimed));
    }
    assert_eq!(kinds, late, "what came of being forgotten, and nothing before");
}

#[test]
fn an_end_comes_after_its_beginning() {
    super::run(Place::sqlite(), async |place| {
        let (ledger, config) = (place.ledger().await, school());
        let rules = rules(&config);
        let gift = granted_until("1", "m_ada", day(0), ("pro", day(10)));
        append(&ledger, &gift, &Present { rules: &rules, now: day(0) }).await;
        ledger.tick(10, &Present { rules: &rules, now: day(10) }).await.unwrap();
        let told = ledger.told("m_ada").await.unwrap();
        assert!(told.len() >= 2);
        assert!(told.is_sorted_by_key(|entry| entry.at), "{told:?}");
    });
}
