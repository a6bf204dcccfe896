//! At least once, and in order for each member.

use std::collections::BTreeSet;
use std::sync::Arc;

use tierpress::ledger::outbox::{Delivery, State};
use tierpress::ledger::{Error, Ledger, Present, Refused};
use tierpress::time::Timestamp;

use super::{Place, append, day, granted, granted_until, on_both, rules, school};

on_both! {
    one_after_the_other,
    whoever_dies_gives_it_up,
    what_is_given_up_holds_nothing_up,
    two_never_have_the_same,
}

/// A ledger in which each of some members has a few things to be told.
async fn full(place: &Place, members: usize) -> Ledger {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    for number in 0..members {
        let member = format!("m_{number}");
        for (part, access) in ["basic", "rust-course", "pro"].into_iter().enumerate() {
            let event = granted(&format!("{member}-{part}"), &member, day(0), access);
            append(&ledger, &event, &Present { rules: &rules, now: day(1) }).await;
        }
        assert!(ledger.told(&member).await.unwrap().len() >= 3);
    }
    ledger
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::saturating(now.seconds() + seconds)
}

async fn claim(ledger: &Ledger, now: Timestamp) -> Vec<Delivery> {
    ledger.claim(now, later(now, 60), 100).await.unwrap()
}

async fn one_after_the_other(place: Arc<Place>) {
    let ledger = full(&place, 3).await;
    let mut got: Vec<(String, i64)> = Vec::new();
    loop {
        let claimed = claim(&ledger, day(1)).await;
        if claimed.is_empty() {
            break;
        }
        let members: BTreeSet<&str> = claimed.iter().map(|delivery| delivery.member.as_str()).collect();
        assert_eq!(members.len(), claimed.len(), "never two of one member");
        assert_eq!(claim(&ledger, day(1)).await, [], "what somebody has is not given out again");
        for delivery in &claimed {
            assert_eq!(delivery.attempt, 1);
            got.push((delivery.member.clone(), delivery.number));
            ledger.delivered(delivery, day(1)).await.unwrap();
        }
    }
    for number in 0..3 {
        let member = format!("m_{number}");
        let numbers: Vec<i64> = got.iter().filter(|(own, _)| *own == member).map(|(_, number)| *number).collect();
        let told = ledger.told(&member).await.unwrap();
        assert_eq!(numbers, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>());
        assert!(told.iter().all(|entry| entry.state == State::Delivered(day(1))));
    }
}

async fn whoever_dies_gives_it_up(place: Arc<Place>) {
    let ledger = full(&place, 1).await;
    let first = claim(&ledger, day(1)).await;
    assert_eq!(first.len(), 1);
    assert_eq!(claim(&ledger, later(day(1), 59)).await, []);
    let second = claim(&ledger, later(day(1), 60)).await;
    assert_eq!(second.len(), 1);
    assert_eq!((&second[0].id, second[0].attempt), (&first[0].id, 2), "the same one again, before any other");
    // The first one was only slow: what it says of its attempt is of no matter now.
    ledger.failed(&first[0], None).await.unwrap();
    assert!(matches!(ledger.told("m_0").await.unwrap()[0].state, State::Waiting(_)));
    // That it arrived is true, whoever says so.
    ledger.delivered(&first[0], day(1)).await.unwrap();
    assert_eq!(ledger.told("m_0").await.unwrap()[0].state, State::Delivered(day(1)));
    assert_eq!(claim(&ledger, later(day(1), 61)).await[0].number, 2);
}

async fn what_is_given_up_holds_nothing_up(place: Arc<Place>) {
    let ledger = full(&place, 1).await;
    let first = claim(&ledger, day(1)).await.remove(0);
    ledger.failed(&first, Some(later(day(1), 300))).await.unwrap();
    assert_eq!(claim(&ledger, later(day(1), 299)).await, [], "the next one waits for it");
    let again = claim(&ledger, later(day(1), 300)).await.remove(0);
    assert_eq!((again.number, again.attempt), (1, 2));
    ledger.failed(&again, None).await.unwrap();
    assert_eq!(ledger.told("m_0").await.unwrap()[0].state, State::Dead);
    assert_eq!(claim(&ledger, later(day(1), 301)).await.remove(0).number, 2);
    ledger.replay(&first.id, day(2)).await.unwrap();
    assert_eq!(claim(&ledger, day(2)).await.remove(0).id, first.id, "and has its turn again");
    match ledger.replay(&first.id, day(2)).await {
        Err(Error::Refused(Refused::NotDead(id))) => assert_eq!(id, first.id),
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
                    got.extend(ledger.claim(day(1), day(2), 2).await.unwrap());
                }
                got
            })
        })
        .collect();
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for claiming in claiming {
        for delivery in claiming.await.unwrap() {
            assert_eq!((delivery.number, delivery.attempt), (1, 1));
            count += 1;
            ids.insert(delivery.id);
        }
    }
    assert_eq!((ids.len(), count), (12, 12));
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
