//! What opens by a drip or a release is told when it does, once, and to those for whom it does.

use std::collections::BTreeSet;
use std::sync::Arc;

use tierpress::ledger::{Ledger, Line, Present};
use tierpress::manifest::{Cache, Manifest, Otherwise};
use tierpress::members::event::{Event, What, Why};
use tierpress::members::{Notification, Pages, Rules, opened};
use tierpress::time::Timestamp;

use super::{Place, append, day, event, granted, granted_until, on_both, rules, school};
use crate::decide::{manifest, policy};
use crate::generated::course::Random;

on_both! {
    what_opens_is_told_in_its_time,
    without_pages_nothing_is_told,
    of_a_new_manifest_only_what_opens_from_then_on,
    what_opened_while_nothing_ran_is_told,
    an_older_manifest_waits_for_the_newer_one,
    two_instances_tell_once,
    what_is_imported_opened_long_ago,
    what_comes_late_opened_with_the_purchase,
    whenever_it_is_looked_all_is_told,
}

/// A manifest of pages, each with its rule.
fn site(version: u64, pages: &[(&str, String)]) -> Manifest {
    let rules = pages.iter().map(|(_, rule)| serde_json::from_str(rule).unwrap()).collect();
    let policies = (0..pages.len()).map(|number| policy(&[number], 1, Otherwise::Denied, Cache::Private)).collect();
    let routes: Vec<(&str, usize)> = pages.iter().enumerate().map(|(number, (path, _))| (*path, number)).collect();
    Manifest { version, ..manifest(rules, policies, &routes, &[]) }
}

/// Those who have held something for some days.
fn drip(id: &str, days: i64) -> String {
    format!(r#"[{{"all":[{{"any":["{id}"],"after":{}}}]}}]"#, days * 86_400)
}

/// Those who hold something, from a day on.
fn release(id: &str, from: i64) -> String {
    format!(r#"[{{"all":[{{"any":["{id}"]}}],"from":{}}}]"#, day(from).seconds())
}

/// Ticks until nothing is due, and says how many members were looked at.
async fn tick(ledger: &Ledger, rules: &Rules<'_>, (now, manifest): (Timestamp, &Manifest)) -> usize {
    let (pages, present) = (Pages::of(manifest), Present { rules, now });
    let mut count = 0;
    loop {
        match ledger.tick_with(7, &present, Some(&pages)).await.unwrap() {
            told if told < 7 => return count + told,
            told => count += told,
        }
    }
}

/// What opened for a member, as it was told: the day, and the pages.
async fn openings(ledger: &Ledger, member: &str) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for entry in ledger.told(member).await.unwrap().iter().filter(|entry| entry.news.kind == "content.opened") {
        let news: Notification = serde_json::from_str(&entry.news.body).unwrap();
        found.push(((news.at.seconds() - day(0).seconds()) / 86_400, news.paths.join(" ")));
    }
    found
}

fn told(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(day, paths)| (*day, (*paths).to_owned())).collect()
}

async fn what_opens_is_told_in_its_time(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let early = format!(
        r#"[{{"all":[{{"any":["pro"]}}]}},{{"all":[{{"any":["free","basic"]}}],"from":{}}}]"#,
        day(12).seconds()
    );
    let manifest = site(
        1,
        &[
            ("/one/", drip("pro", 0)),
            ("/two/", drip("pro", 7)),
            ("/also/", drip("pro", 7)),
            ("/three/", release("pro", 10)),
            ("/bread/", drip("sourdough", 7)),
            ("/later/", release("basic", 12)),
            ("/early/", early),
            ("/public/", format!(r#"[{{"all":[],"from":{}}}]"#, day(13).seconds())),
        ],
    );
    assert_eq!(tick(&ledger, &rules, (day(0), &manifest)).await, 0);
    let at = |now| Present { rules: &rules, now: day(now) };
    append(&ledger, &granted("1", "m_pro", day(0), "pro"), &at(0)).await;
    append(&ledger, &granted("2", "m_free", day(0), "basic"), &at(0)).await;
    assert_eq!(tick(&ledger, &rules, (day(1), &manifest)).await, 2, "who is new is looked at once");
    for quiet in [2, 4, 6] {
        assert_eq!(tick(&ledger, &rules, (day(quiet), &manifest)).await, 0, "on day {quiet} nothing opens for anybody");
    }
    assert_eq!(openings(&ledger, "m_pro").await, []);
    assert_eq!(tick(&ledger, &rules, (day(7), &manifest)).await, 1);
    assert_eq!(openings(&ledger, "m_pro").await, told(&[(7, "/also/ /two/")]));
    assert_eq!(tick(&ledger, &rules, (day(7), &manifest)).await, 0);
    // Whoever holds a tier holds those below it.
    tick(&ledger, &rules, (day(30), &manifest)).await;
    assert_eq!(openings(&ledger, "m_pro").await, told(&[(7, "/also/ /two/"), (10, "/three/"), (12, "/later/")]));
    assert_eq!(openings(&ledger, "m_free").await, told(&[(12, "/early/ /later/")]));
    assert_eq!(tick(&ledger, &rules, (day(400), &manifest)).await, 0, "there is nothing left to open");
}

async fn without_pages_nothing_is_told(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let manifest = site(1, &[("/two/", drip("pro", 7)), ("/three/", drip("pro", 14))]);
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(0) }).await;
    ledger.tick(100, &Present { rules: &rules, now: day(8) }).await.unwrap();
    assert_eq!(openings(&ledger, "m_ada").await, []);
    tick(&ledger, &rules, (day(9), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, [], "what opened before anybody knew the pages is no news");
    ledger.tick(100, &Present { rules: &rules, now: day(15) }).await.unwrap();
    tick(&ledger, &rules, (day(15), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(14, "/three/")]));
}

async fn of_a_new_manifest_only_what_opens_from_then_on(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let before = site(
        1,
        &[
            ("/two/", drip("pro", 7)),
            ("/leaves/", drip("pro", 14)),
            ("/moved/", release("pro", 10)),
            ("/sooner/", release("pro", 30)),
            ("/again/", release("pro", 5)),
        ],
    );
    let after = site(
        2,
        &[
            ("/two/", drip("pro", 7)),
            ("/new/", drip("pro", 3)),
            ("/coming/", drip("pro", 21)),
            ("/moved/", release("pro", 20)),
            ("/sooner/", release("pro", 6)),
            ("/again/", release("pro", 25)),
        ],
    );
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(0) }).await;
    for now in 0..9 {
        tick(&ledger, &rules, (day(now), &before)).await;
    }
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(5, "/again/"), (7, "/two/")]));
    for now in 9..40 {
        tick(&ledger, &rules, (day(now), &after)).await;
    }
    let expected = [(5, "/again/"), (7, "/two/"), (20, "/moved/"), (21, "/coming/"), (25, "/again/")];
    assert_eq!(openings(&ledger, "m_ada").await, told(&expected));
}

async fn what_opened_while_nothing_ran_is_told(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let before = site(1, &[("/two/", drip("pro", 7)), ("/old/", drip("pro", 2))]);
    let after = site(2, &[("/two/", drip("pro", 7)), ("/old/", drip("pro", 2)), ("/new/", release("pro", 8))]);
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(0) }).await;
    for now in [0, 3] {
        tick(&ledger, &rules, (day(now), &before)).await;
    }
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(2, "/old/")]));
    // A week later, and the site was built anew meanwhile.
    tick(&ledger, &rules, (day(10), &after)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(2, "/old/"), (7, "/two/"), (8, "/new/")]));
}

async fn an_older_manifest_waits_for_the_newer_one(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let old = site(1, &[("/two/", drip("pro", 7)), ("/old/", drip("pro", 8))]);
    let new = site(2, &[("/two/", drip("pro", 7)), ("/new/", drip("pro", 9))]);
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(0) }).await;
    let later = |at: Timestamp, seconds| Timestamp::saturating(at.seconds() + seconds);
    tick(&ledger, &rules, (later(day(8), -60), &new)).await;
    // An instance that has not the new one yet does not take turns with those that have.
    for second in [-30, 0, 30] {
        tick(&ledger, &rules, (later(day(8), second), &old)).await;
        tick(&ledger, &rules, (later(day(8), second), &new)).await;
    }
    assert_eq!(openings(&ledger, "m_ada").await, [], "it was told of nothing before it was there");
    tick(&ledger, &rules, (day(9), &new)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(9, "/new/")]));
    // The new one was taken back.
    let newest = site(1, &[("/two/", drip("pro", 7)), ("/more/", drip("pro", 10))]);
    tick(&ledger, &rules, (later(day(9), 60), &newest)).await;
    tick(&ledger, &rules, (day(10), &newest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(9, "/new/"), (10, "/more/")]));
}

async fn two_instances_tell_once(place: Arc<Place>) {
    let (first, second, config) = (place.ledger().await, place.ledger().await, school());
    let manifest = Arc::new(site(1, &[("/two/", drip("pro", 7)), ("/three/", release("pro", 9))]));
    let rules = rules(&config);
    for number in 0..30 {
        let event = granted(&number.to_string(), &format!("m_{number}"), day(0), "pro");
        append(&first, &event, &Present { rules: &rules, now: day(0) }).await;
    }
    let ticking = [first.clone(), second].map(|ledger| {
        let (config, manifest) = (config.clone(), Arc::clone(&manifest));
        tokio::spawn(async move {
            let rules = super::rules(&config);
            for now in [1, 7, 9] {
                // On PostgreSQL one of two that wait for each other gives way, and looks again.
                let pages = Pages::of(&manifest);
                let present = Present { rules: &rules, now: day(now) };
                while ledger.tick_with(7, &present, Some(&pages)).await.unwrap() > 0 {}
            }
        })
    });
    for ticking in ticking {
        ticking.await.unwrap();
    }
    for number in 0..30 {
        let member = format!("m_{number}");
        assert_eq!(openings(&first, &member).await, told(&[(7, "/two/"), (9, "/three/")]), "{member}");
    }
}

async fn what_is_imported_opened_long_ago(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let manifest = site(1, &[("/two/", drip("pro", 7)), ("/three/", drip("pro", 31)), ("/soon/", release("pro", 29))]);
    tick(&ledger, &rules, (day(0), &manifest)).await;
    let mut moved = granted("1", "m_ada", day(0), "pro");
    if let What::Granted { why, .. } = &mut moved.what {
        *why = Why::Imported;
    }
    let lines = [(1, Line::Event(Box::new(moved)))];
    ledger.import(&lines, &Present { rules: &rules, now: day(30) }).await.unwrap().unwrap();
    tick(&ledger, &rules, (day(30), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, [], "what is moved is no news");
    tick(&ledger, &rules, (day(31), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(31, "/three/")]));
}

async fn what_comes_late_opened_with_the_purchase(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let manifest = site(1, &[("/two/", drip("pro", 7)), ("/three/", drip("pro", 14)), ("/four/", drip("pro", 21))]);
    tick(&ledger, &rules, (day(0), &manifest)).await;
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(9) }).await;
    tick(&ledger, &rules, (day(10), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, []);
    // What was told between two looks keeps nothing from being told.
    let present = Present { rules: &rules, now: day(15) };
    append(&ledger, &granted("2", "m_ada", day(15), "sourdough"), &present).await;
    tick(&ledger, &rules, (day(15), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(14, "/three/")]));
    let taken = What::Revoked { grant: "g-1".to_owned() };
    append(&ledger, &event("3", "m_ada", day(20), taken), &Present { rules: &rules, now: day(20) }).await;
    tick(&ledger, &rules, (day(30), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, told(&[(14, "/three/")]), "what ended opens nothing");
    append(&ledger, &event("4", "m_ada", day(31), What::Erased {}), &Present { rules: &rules, now: day(31) }).await;
    tick(&ledger, &rules, (day(90), &manifest)).await;
    assert_eq!(openings(&ledger, "m_ada").await, [], "and is forgotten");
}

/// Random members, pages and looks: what is told is what the fold says by itself.
async fn whenever_it_is_looked_all_is_told(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let mut random = Random::new(&[55]);
    let ids = ["free", "basic", "pro", "rust-course", "sourdough"];
    let mut pages = Vec::new();
    let paths: Vec<String> = (0..40).map(|number| format!("/{number}/")).collect();
    for path in &paths {
        let mut clauses = Vec::new();
        for _ in 0..=random.below(2) {
            let mut need = || {
                let (id, after) = (ids[random.below(ids.len())], random.below(3) * random.below(20) * 86_400);
                format!(r#"{{"any":["{id}"],"after":{after}}}"#)
            };
            let needs = [need(), need()];
            let needs = needs[..=random.below(2)].join(",");
            let from = match random.below(3) {
                0 => format!(r#","from":{}"#, day(i64::try_from(random.below(40)).unwrap()).seconds()),
                _ => String::new(),
            };
            clauses.push(format!(r#"{{"all":[{needs}]{from}}}"#));
        }
        pages.push((path.as_str(), format!("[{}]", clauses.join(","))));
    }
    let manifest = site(1, &pages);
    tick(&ledger, &rules, (day(0), &manifest)).await;
    let mut expected: Vec<(String, Vec<Event>)> = Vec::new();
    for number in 0..12 {
        let member = format!("m_{number}");
        let mut events = Vec::new();
        for part in 0..=random.below(4) {
            let (from, access) = (i64::try_from(random.below(30)).unwrap(), ids[random.below(ids.len())]);
            let (id, until) = (format!("{member}-{part}"), day(from + 1 + i64::try_from(random.below(30)).unwrap()));
            let ends = random.below(2) == 0;
            events.push(if ends {
                granted_until(&id, &member, day(from), (access, until))
            } else {
                granted(&id, &member, day(from), access)
            });
        }
        expected.push((member, events));
    }
    // Each event is told when it happens, and between them it is looked now and then.
    for now in 0..70 {
        for (_, events) in &expected {
            for event in events.iter().filter(|event| event.at == day(now)) {
                append(&ledger, event, &Present { rules: &rules, now: day(now) }).await;
            }
        }
        if random.below(4) == 0 {
            tick(&ledger, &rules, (day(now), &manifest)).await;
        }
    }
    tick(&ledger, &rules, (day(70), &manifest)).await;
    let mut count = 0;
    for (member, events) in &expected {
        let joined = events.iter().map(|event| event.at).min().unwrap();
        let wanted: BTreeSet<(i64, String)> = opened(events, &rules, (joined, day(70)), &manifest)
            .into_iter()
            .map(|news| ((news.at.seconds() - day(0).seconds()) / 86_400, news.paths.join(" ")))
            .collect();
        count += wanted.len();
        let found = openings(&ledger, member).await;
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), wanted, "{member}");
        assert_eq!(found.len(), wanted.len(), "{member} is told twice");
    }
    assert!(count > 30, "{count}");
}

#[test]
fn a_release_of_a_whole_course_is_told_briefly() {
    super::run(Place::sqlite(), async |place| {
        let (ledger, config) = (place.ledger().await, school());
        let rules = rules(&config);
        let paths: Vec<String> = (0..150).map(|number| format!("/{number:03}/")).collect();
        let pages: Vec<(&str, String)> = paths.iter().map(|path| (path.as_str(), release("pro", 10))).collect();
        let manifest = site(1, &pages);
        append(&ledger, &granted("1", "m_ada", day(0), "pro"), &Present { rules: &rules, now: day(0) }).await;
        tick(&ledger, &rules, (day(1), &manifest)).await;
        tick(&ledger, &rules, (day(10), &manifest)).await;
        let told = ledger.told("m_ada").await.unwrap();
        let news: Notification = serde_json::from_str(&told.last().unwrap().news.body).unwrap();
        assert_eq!((news.paths.len(), news.more, news.paths[99].as_str()), (100, 50, "/099/"));
    });
}
