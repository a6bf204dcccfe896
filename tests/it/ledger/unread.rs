//! What nobody could read is read again, less and less often.

use std::sync::Arc;

use tierpress::ledger::Unread;
use tierpress::time::Timestamp;

use super::{Place, day, on_both};

on_both! {
    what_is_read_in_vain_is_read_less_often,
    what_is_others_keeps_nobody_waiting,
}

fn unread(source: &str, id: &str) -> Unread {
    let why = "nobody sells that".to_owned();
    Unread { source: source.to_owned(), id: id.to_owned(), at: day(0), why, payload: b"{}".to_vec() }
}

async fn what_is_read_in_vain_is_read_less_often(place: Arc<Place>) {
    let ledger = place.ledger().await;
    ledger.keep_unread(&unread("stripe", "1"), Some("cus_1"), None).await.unwrap();
    let (mut at, mut pauses) = (day(0), Vec::new());
    let due = async |at| ledger.unread_due(&|_| true, 10, at).await.unwrap();
    for _ in 0..8 {
        let now = due(at).await;
        assert_eq!(now.len(), 1, "{at}");
        ledger.read_in_vain(&now, at).await.unwrap();
        let mut pause = 0;
        while due(Timestamp::saturating(at.seconds() + pause)).await.is_empty() {
            pause += 600;
        }
        at = Timestamp::saturating(at.seconds() + pause);
        pauses.push(pause / 600);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 24, 24, 24], "in tens of minutes");
    // The same once more is no news; what is sold now may be: then all is read at once.
    ledger.read_in_vain(&due(at).await, at).await.unwrap();
    ledger.keep_unread(&unread("stripe", "1"), Some("cus_1"), None).await.unwrap();
    assert!(due(at).await.is_empty());
    assert_eq!(ledger.unread_of("stripe", "cus_1").await.unwrap().len(), 1, "news of the customer waits for nothing");
    ledger.unread_anew().await.unwrap();
    assert_eq!(due(at).await.len(), 1);
    ledger.was_read("stripe", "1").await.unwrap();
    ledger.read_in_vain(&[unread("stripe", "1")], at).await.unwrap();
    assert!(ledger.unread().await.unwrap().is_empty(), "what was read is not kept again");
}

async fn what_is_others_keeps_nobody_waiting(place: Arc<Place>) {
    let ledger = place.ledger().await;
    for number in 0..20 {
        ledger.keep_unread(&unread("books", &number.to_string()), None, None).await.unwrap();
    }
    ledger.keep_unread(&unread("stripe", "1"), None, None).await.unwrap();
    let due =
        async |own: &'static str, most| ledger.unread_due(&move |source| source == own, most, day(1)).await.unwrap();
    assert_eq!(due("stripe", 5).await.len(), 1);
    let first = due("books", 5).await;
    assert_eq!(first.len(), 5, "so much at a time");
    ledger.read_in_vain(&first, day(1)).await.unwrap();
    let second = due("books", 5).await;
    assert!(second.len() == 5 && second.iter().all(|unread| !first.contains(unread)), "and then the others");
}
