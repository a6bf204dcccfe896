//! What was acknowledged is there, whenever the process that took it in was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tierpress::ledger::{Ledger, Present};

use super::{Place, SITE, day, granted, on_both, rules, school};
use crate::generated::course::Random;

/// How often each database's writer is killed.
const KILLS: usize = 100;
/// How many events a writer would append if it were let.
const EVENTS: usize = 400;
const MEMBERS: usize = 5;

on_both! {
    killed_at_any_moment,
}

async fn killed_at_any_moment(place: Arc<Place>) {
    let site = tempfile::tempdir().unwrap();
    std::fs::write(site.path().join("site.yaml"), SITE).unwrap();
    place.ledger().await.close().await;
    let mut random = Random::new(&[2027]);
    let mut acknowledged = BTreeSet::new();
    let (mut killed, mut in_the_middle) = (0, 0);
    for round in 0..KILLS {
        // Every round tells of the last events of the one before again, as a provider does that was not answered.
        let first = acknowledged.len().saturating_sub(2);
        // So many answers and so many microseconds after its start: however slow the machine is, it is busy then.
        let moment = (random.below(9), Duration::from_micros(u64::try_from(random.below(20_000)).unwrap()));
        let said = write(&place, site.path(), (first, first + EVENTS), moment);
        killed += 1;
        in_the_middle += usize::from(!said.is_empty() && said.len() < EVENTS);
        acknowledged.extend(said);
        if round % 10 == 9 || round + 1 == KILLS {
            is_whole(&place, &acknowledged).await;
        }
    }
    println!("killed {killed} times, {in_the_middle} between two events; {} were acknowledged", acknowledged.len());
    assert!(in_the_middle >= KILLS / 2, "only {in_the_middle} of {killed} were killed while they wrote");
    assert!(acknowledged.len() > KILLS / 2);
}

/// Starts a process that appends events, kills it some time after some answers, and gives back what it answered for.
fn write(
    place: &Place,
    root: &std::path::Path,
    (first, end): (usize, usize),
    (answers, moment): (usize, Duration),
) -> BTreeSet<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tierpress"))
        .args(["members", "record", "--db", &place.url, "--now", "2027-06-01", "--root"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let telling = std::thread::spawn(move || {
        for number in first..end {
            let member = format!("m_{}", number % MEMBERS);
            let access = ["basic", "pro", "rust-course", "sourdough"][number / MEMBERS % 4];
            let event = granted(&format!("{number:06}"), &member, day(i64::try_from(number % 100).unwrap()), access);
            // The process is killed while it is told: then nobody listens.
            if writeln!(stdin, "{}", serde_json::to_string(&event).unwrap()).is_err() {
                break;
            }
        }
    });
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (tell, answered) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut said = BTreeSet::new();
        for line in stdout.lines().map_while(Result::ok) {
            // A line that was cut off by the kill is no answer.
            let answer: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(id) = answer["id"].as_str() {
                assert!(matches!(answer["appended"].as_str(), Some("new" | "known")), "{line}");
                said.insert(id.to_owned());
            }
            // Nobody listens after the last one that was waited for.
            if tell.send(()).is_err() {
                continue;
            }
        }
        said
    });
    let begun = (0..answers).all(|_| answered.recv_timeout(Duration::from_secs(60)).is_ok());
    std::thread::sleep(moment);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(begun, "it never answered: {}", String::from_utf8_lossy(&output.stderr));
    telling.join().unwrap();
    reading.join().unwrap()
}

/// Every acknowledged event is there once; what is told of each member is what its events say, in order.
async fn is_whole(place: &Place, acknowledged: &BTreeSet<String>) {
    let ledger = Ledger::open(&place.url).await.unwrap();
    let config = school();
    let rules = rules(&config);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for filed in ledger.filed(None, 0, 1_000_000).await.unwrap() {
        *counts.entry(filed.event.id).or_default() += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "one is doubled");
    let missing: Vec<&String> = acknowledged.iter().filter(|id| !counts.contains_key(*id)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "acknowledged, and lost");
    let present = Present { rules: &rules, now: day(500) };
    for held in ledger.members("", &present).await.unwrap() {
        let told = ledger.told(&held.id).await.unwrap();
        let numbers: Vec<i64> = told.iter().map(|entry| entry.delivery.number).collect();
        assert_eq!(numbers, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>());
        assert!(!told.is_empty());
    }
    ledger.close().await;
}
