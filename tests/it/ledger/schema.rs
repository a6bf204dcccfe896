//! Opening: what is there, what is made, and what is refused.

use std::sync::Arc;

use sqlx::AnyPool;
use tierpress::ledger::{Error, Ledger, Present};

use super::{Place, append, day, granted, on_both, rules, school};

on_both! {
    events_cannot_be_changed,
    many_instances_start_at_once,
    a_newer_schema_is_refused,
    what_was_acknowledged_is_there_after_opening_again,
}

/// The database behind a ledger, as somebody with a client of their own sees it.
async fn raw(place: &Place) -> AnyPool {
    sqlx::any::install_default_drivers();
    let url = match place.file() {
        Some(file) => {
            let path =
                percent_encoding::utf8_percent_encode(file.to_str().unwrap(), percent_encoding::NON_ALPHANUMERIC);
            format!("sqlite://{path}")
        }
        None => place.url.clone(),
    };
    AnyPool::connect(&url).await.unwrap()
}

async fn events_cannot_be_changed(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(1) };
    let event = granted("1", "m_ada", day(0), "pro");
    ledger.append(&event, Some(b"raw"), &present).await.unwrap();
    let database = raw(&place).await;
    for statement in [
        "UPDATE events SET member = 'm_bob'",
        "UPDATE events SET at = 0 WHERE id = '1'",
        "DELETE FROM events",
        "UPDATE payloads SET payload = NULL",
    ] {
        let refused = sqlx::query(statement).execute(&database).await.unwrap_err().to_string();
        assert!(refused.contains("never"), "{statement}: {refused}");
    }
    if place.file().is_none() {
        let refused = sqlx::query("TRUNCATE events CASCADE").execute(&database).await.unwrap_err().to_string();
        assert!(refused.contains("never"), "{refused}");
    }
    assert_eq!(ledger.events_of("m_ada").await.unwrap(), [event]);
    sqlx::query("DELETE FROM payloads").execute(&database).await.expect("what a provider sent may be forgotten");
}

async fn many_instances_start_at_once(place: Arc<Place>) {
    let starting: Vec<_> = (0..8)
        .map(|number| {
            let url = place.url.clone();
            tokio::spawn(async move {
                let ledger = Ledger::create(&url).await.unwrap();
                let config = school();
                let rules = rules(&config);
                let event = granted(&number.to_string(), "m_ada", day(number), "pro");
                append(&ledger, &event, &Present { rules: &rules, now: day(20) }).await;
            })
        })
        .collect();
    for instance in starting {
        instance.await.unwrap();
    }
    assert_eq!(place.ledger().await.events_of("m_ada").await.unwrap().len(), 8);
}

async fn a_newer_schema_is_refused(place: Arc<Place>) {
    place.ledger().await.close().await;
    let database = raw(&place).await;
    sqlx::query("INSERT INTO ledger_schema (number) VALUES (99)").execute(&database).await.unwrap();
    match Ledger::open(&place.url).await {
        Err(Error::Newer { found: 99, .. }) => {}
        other => panic!("{other:?}"),
    }
}

async fn what_was_acknowledged_is_there_after_opening_again(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(1) };
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &present).await;
    // Not closed: a process that dies closes nothing.
    let again = Ledger::open(&place.url).await.unwrap();
    assert_eq!(again.events_of("m_ada").await.unwrap(), ledger.events_of("m_ada").await.unwrap());
    assert_eq!(again.told("m_ada").await.unwrap(), ledger.told("m_ada").await.unwrap());
}

#[test]
fn a_missing_file_is_not_made_by_opening() {
    let place = Place::sqlite();
    super::run(place, async |place| {
        let missing = Ledger::open(&place.url).await.unwrap_err();
        assert!(matches!(missing, Error::Missing(_)), "{missing}");
        assert!(!place.file().unwrap().exists());
    });
}

#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    super::run(Place::sqlite(), async |place| {
        let (ledger, config) = (place.ledger().await, school());
        let rules = rules(&config);
        append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(1) }).await;
        let folder = place.folder.as_ref().unwrap();
        let mut count = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
            count += 1;
        }
        assert_eq!(count, 3, "the file, its log and its index");
    });
}

#[test]
fn what_is_no_database_is_refused() {
    super::run(Place::sqlite(), async |place| {
        std::fs::write(
            place.file().unwrap(),
            "these are the notes of a whole summer, and no database at all\n".repeat(40),
        )
        .unwrap();
        let refused = Ledger::create(&place.url).await.unwrap_err().to_string();
        assert!(refused.contains("not a database"), "{refused}");
        let nobody = Ledger::open("postgres://ada:s3cret@127.0.0.1:1/shop").await.unwrap_err().to_string();
        assert!(!nobody.contains("s3cret") && nobody.contains("127.0.0.1:1/shop"), "{nobody}");
    });
}
