//! What was acknowledged is there, and what is told arrives, whenever the processes that took it in and told it are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tierpress::ledger::{Ledger, Present};
use tierpress::time::Timestamp;

use super::{Place, SITE, day, granted, on_both, rules, school};
use crate::generated::course::Random;
use crate::webhooks::receiver::{self, Receiver, SECRETS, all_well, in_order};

/// How often the writers and the deliverers of each database are killed.
const KILLS: usize = 100;
/// How many events a writer would append if it were let.
const EVENTS: usize = 400;
const MEMBERS: usize = 5;

on_both! {
    killed_at_any_moment,
}

/// So many answers and so many microseconds after its start: however slow the machine is, it is busy then.
type Moment = (usize, Duration);

async fn killed_at_any_moment(place: Arc<Place>) {
    let site = tempfile::tempdir().unwrap();
    std::fs::write(site.path().join("site.yaml"), SITE).unwrap();
    // Now and then it is not well: it says so, or breaks off.
    let receiver = Receiver::start(|number, _| match number % 23 {
        7 => receiver::status(500),
        15 => String::new(),
        _ => receiver::status(204),
    });
    std::fs::write(site.path().join("webhooks.txt"), receiver.line("crm")).unwrap();
    place.ledger().await.close().await;
    // Several instances share a server; a file has one of each at a time.
    let instances = if place.file().is_some() { 1 } else { 2 };
    let mut random = Random::new(&[2027]);
    let mut acknowledged = BTreeSet::new();
    let (mut killed, mut in_the_middle, mut on_the_way) = (0, 0, 0);
    let mut times = BTreeSet::from([deliver(&place, site.path(), 0).1]);
    for round in 0..KILLS {
        // Every round tells of the last events of the one before again, as a provider does that was not answered.
        let first = acknowledged.len().saturating_sub(2);
        let mut moment =
            || -> Moment { (random.below(9), Duration::from_micros(u64::try_from(random.below(20_000)).unwrap())) };
        let moments: Vec<(Moment, Moment)> = (0..instances).map(|_| (moment(), moment())).collect();
        let (place, root, receiver) = (&place, site.path(), &receiver);
        std::thread::scope(|scope| {
            let (mut writing, mut telling) = (Vec::new(), Vec::new());
            for (writer, teller) in &moments {
                writing.push(scope.spawn(move || write(place, root, (first, first + EVENTS), *writer)));
                telling.push(scope.spawn(move || send(place, root, (round, receiver), *teller)));
            }
            for writing in writing {
                let said = writing.join().unwrap();
                killed += 1;
                in_the_middle += usize::from(!said.is_empty() && said.len() < EVENTS);
                acknowledged.extend(said);
            }
            for telling in telling {
                let (was_killed, at) = telling.join().unwrap();
                on_the_way += usize::from(was_killed);
                times.insert(at);
            }
        });
        if round % 10 == 9 || round + 1 == KILLS {
            is_whole(place, &acknowledged).await;
            in_order(&receiver.got());
        }
    }
    println!(
        "writers: killed {killed} times, {in_the_middle} between two events, {} were acknowledged; deliverers: killed \
         {on_the_way} times on their way, {} requests",
        acknowledged.len(),
        receiver.count()
    );
    assert!(in_the_middle >= killed / 2, "only {in_the_middle} of {killed} were killed while they wrote");
    assert!(on_the_way >= KILLS / 2, "only {on_the_way} deliverers were killed on their way");
    assert!(acknowledged.len() > KILLS / 2);
    everything_arrives(&place, site.path(), (&receiver, times)).await;
}

/// What is told arrives in the end, all of it and in order, signed with both secrets.
async fn everything_arrives(place: &Place, root: &Path, (receiver, mut times): (&Receiver, BTreeSet<i64>)) {
    let ledger = Ledger::open(&place.url).await.unwrap();
    for round in 0.. {
        let [waiting, _, dead] = ledger.endpoints().await.unwrap()[0].counts;
        assert_eq!(dead, 0, "nothing is given up within some days");
        if waiting == 0 {
            break;
        }
        assert!(round < 20, "{waiting} are still waiting");
        let (output, at) = deliver(place, root, KILLS + round * 24);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        times.insert(at);
    }
    let got = receiver.got();
    let arrived = in_order(&got);
    let (config, mut count) = (school(), 0);
    let rules = rules(&config);
    for held in ledger.members("", &Present { rules: &rules, now: day(500) }).await.unwrap() {
        let told = ledger.told(&held.id).await.unwrap();
        assert_eq!(arrived.get(&held.id), told.last().map(|entry| &entry.news.number), "{}", held.id);
        count += told.len();
        for entry in told {
            let sent = got.iter().filter(|received| received.number() == (held.id.clone(), entry.news.number));
            assert!(sent.clone().all(|received| received.id() == entry.news.id), "its name is the same each time");
            assert!(sent.clone().any(|received| received.json()["type"] == entry.news.kind.as_str()));
        }
    }
    println!("{count} notifications, {} requests", got.len());
    assert!(got.len() > count, "some were sent twice");
    assert!(got.iter().all(|received| times.contains(&received.timestamp())), "the time is that of the attempt");
    let both =
        |received: &receiver::Received| SECRETS.map(|secret| received.question(secret, received.timestamp() + 299));
    all_well(&got.iter().flat_map(both).collect::<Vec<_>>());
    ledger.close().await;
}

/// When a round is: an hour after the one before, so that what was left behind is due again.
fn time(round: usize) -> Timestamp {
    Timestamp::saturating(day(151).seconds() + 3_600 * i64::try_from(round + 1).unwrap())
}

fn deliverer(place: &Place, root: &Path, round: usize) -> (Command, i64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.args(["members", "deliver", "--db", &place.url, "--now", &time(round).to_string(), "--root"]);
    command.arg(root).arg("--webhooks").arg(root.join("webhooks.txt")).stdin(Stdio::null());
    (command, time(round).seconds())
}

/// Delivers all that is due, and says as of when.
fn deliver(place: &Place, root: &Path, round: usize) -> (std::process::Output, i64) {
    let (mut command, at) = deliverer(place, root, round);
    (command.output().unwrap(), at)
}

/// Starts a process that delivers, kills it some time after some requests, and says whether it had not ended by itself.
fn send(place: &Place, root: &Path, (round, receiver): (usize, &Receiver), (requests, moment): Moment) -> (bool, i64) {
    let (mut command, at) = deliverer(place, root, round);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let enough = receiver.count() + requests;
    let mut ended = false;
    while receiver.count() < enough && !ended {
        std::thread::sleep(Duration::from_micros(200));
        ended = child.try_wait().unwrap().is_some();
    }
    std::thread::sleep(moment);
    ended = ended || child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    (!ended, at)
}

/// Starts a process that appends events, kills it some time after some answers, and gives back what it answered for.
fn write(place: &Place, root: &Path, (first, end): (usize, usize), (answers, moment): Moment) -> BTreeSet<String> {
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
        let numbers: Vec<i64> = told.iter().map(|entry| entry.news.number).collect();
        assert_eq!(numbers, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>());
        assert!(!told.is_empty());
    }
    ledger.close().await;
}
