//! Measures the ledger: what one member costs, what all cost, how many events are taken in durably in a second, and how many
//! tokens are made.
//!
//! `cargo bench --bench ledger` makes 100,000 members with 2,000,000 events in a file of SQLite (or, with `--db`, in a database of
//! PostgreSQL), and measures on it. "Cold" is a ledger just opened, whose file the system was told to forget.
#![allow(clippy::print_stdout, reason = "a program that measures says what it measured")]
#![allow(clippy::disallowed_methods, reason = "a measurement has a clock and files of its own")]
#![allow(clippy::expect_used, reason = "a fault here stops a measurement, nothing else")]

mod openings;
mod service;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use tierpress::config::product::{Billing, Money};
use tierpress::diagnostic::Source;
use tierpress::ledger::{Ledger, Line, Present};
use tierpress::load::config;
use tierpress::members::Rules;
use tierpress::members::event::{Event, PaidFor, Terms, What};
use tierpress::time::Timestamp;
use tierpress::webhooks;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One member, and all members.
const GOALS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(30));
/// Events a second, and tokens in a second of one core.
const RATES: (f64, f64) = (500.0, 2_000.0);

/// Measures the ledger.
#[derive(Debug, Parser)]
#[command(name = "ledger")]
struct Arguments {
    /// How many members there are.
    #[arg(long, default_value_t = 100_000)]
    members: usize,
    /// How many events each of them has.
    #[arg(long, default_value_t = 20)]
    events: usize,
    /// How many events are appended one by one.
    #[arg(long, default_value_t = 2_000)]
    appends: usize,
    /// How many events a shop sends.
    #[arg(long, default_value_t = 4_000)]
    deliveries: usize,
    /// How many tokens are asked for.
    #[arg(long, default_value_t = 10_000)]
    tokens: usize,
    /// How many pages there are that open in time.
    #[arg(long, default_value_t = 10_000)]
    pages: usize,
    /// A database of PostgreSQL, empty, in place of a file.
    #[arg(long)]
    db: Option<String>,
    /// End with exit code 1 where a goal is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

const SITE: &str = "title: School\nbase_url: https://school.example\naccess:\n  default: public\n  default_tier: free\n  \
                    tiers:\n    - {id: free, title: Free, free: true}\n    - {id: basic, title: Basic}\n    \
                    - {id: pro, title: Pro}\n  bundles:\n    - {id: rust-course, title: Rust}\nproducts:\n  \
                    - {id: basic-monthly, sells: basic, price: {amount: 900, currency: eur}, billing: {every: 1 month}}\n\
                    login_url: /account/sign-in\nrefresh_url: /account/refresh\npassthrough: [/account/]\n";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    if runtime.block_on(measure(&arguments)) || !arguments.strict { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measure(arguments: &Arguments) -> bool {
    let folder = tempfile::tempdir_in("target").expect("a folder");
    let file = folder.path().join("members.db");
    let place = arguments.db.clone().unwrap_or_else(|| file.to_str().expect("UTF-8").to_owned());
    let mut faults = Vec::new();
    let site = config::parse(Source { file: &"site.yaml".into(), text: SITE }, &mut faults).expect("a site");
    let rules = Rules { catalogue: &site.catalogue, billing: site.billing, zone: &site.zone };
    let present = Present { rules: &rules, now: day(700) };

    let start = Instant::now();
    let ledger = Ledger::create(&place).await.expect("a ledger");
    for first in (0..arguments.members).step_by(1_000) {
        let members = first..arguments.members.min(first + 1_000);
        let lines: Vec<(usize, Line)> = (0..arguments.events)
            .flat_map(|number| members.clone().map(move |member| Line::Event(Box::new(event(member, number)))))
            .enumerate()
            .collect();
        ledger.import(&lines, &present).await.expect("an import").expect("no faults");
    }
    ledger.close().await;
    let count = arguments.members * arguments.events;
    println!("{} members, {count} events: made in {:.1} s", arguments.members, start.elapsed().as_secs_f64());

    let one = cold(arguments, (&place, &file), &present).await;
    let all = everybody(&place, &present).await;
    let rate = appended(arguments, &place, &present).await;
    delivered(arguments, &place, &present).await;
    let ledger = Ledger::open(&place).await.expect("a ledger");
    openings::measure(&ledger, &rules, (arguments.pages, present.now)).await;
    ledger.close().await;
    let ledger = Ledger::open(&place).await.expect("a ledger");
    let counts = service::Counts { deliveries: arguments.deliveries, tokens: arguments.tokens };
    let rates = service::measure(&ledger, SITE, &counts, present.now).await;
    ledger.close().await;
    let fast = rates.deliveries >= RATES.0 && rates.tokens >= RATES.1;
    one <= GOALS.0 && all <= GOALS.1 && rate >= RATES.0 && fast
}

/// The slowest of some members, each of a ledger just opened.
async fn cold(arguments: &Arguments, (place, file): (&str, &Path), present: &Present<'_>) -> Duration {
    let mut times = Vec::new();
    for round in 0..25 {
        forget(file);
        let ledger = Ledger::open(place).await.expect("a ledger");
        let member = name(round * 7_919 % arguments.members);
        // Connecting is no part of it.
        assert!(ledger.member("nobody", present).await.expect("an answer").is_none());
        let start = Instant::now();
        let held = ledger.member(&member, present).await.expect("a member").expect("somebody");
        times.push(start.elapsed());
        assert!(!held.member.grants.is_empty());
        ledger.close().await;
    }
    times.sort();
    let time = |at: usize| times.get(at).copied().unwrap_or_default();
    let (median, most) = (time(times.len() / 2), time(times.len() - 1));
    println!("one member, cold: {:.2} ms (median), {:.2} ms (slowest of 25)", milliseconds(median), milliseconds(most));
    most
}

async fn everybody(place: &str, present: &Present<'_>) -> Duration {
    let ledger = Ledger::open(place).await.expect("a ledger");
    let start = Instant::now();
    let (mut after, mut count, mut grants) = (String::new(), 0, 0);
    loop {
        let page = ledger.members(&after, present).await.expect("members");
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        count += page.len();
        grants += page.iter().map(|held| held.member.grants.len()).sum::<usize>();
    }
    let time = start.elapsed();
    println!("all {count} members, {grants} grants: {:.1} s", time.as_secs_f64());
    ledger.close().await;
    time
}

async fn appended(arguments: &Arguments, place: &str, present: &Present<'_>) -> f64 {
    let ledger = Ledger::open(place).await.expect("a ledger");
    let start = Instant::now();
    for number in 0..arguments.appends {
        let event = event(number * 31 % arguments.members, arguments.events + number);
        ledger.append(&event, Some(&[b'x'; 2_000]), present).await.expect("appended");
    }
    let rate = arguments.appends as f64 / start.elapsed().as_secs_f64();
    println!("appended one by one, each on the disk: {rate:.0} a second");
    ledger.close().await;
    rate
}

/// What is told of some new members, sent to a receiver on this machine that takes everything.
async fn delivered(arguments: &Arguments, place: &str, present: &Present<'_>) {
    let receiver = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = receiver.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in receiver.incoming().map_while(Result::ok) {
            std::thread::spawn(move || take(stream));
        }
    });
    let text = format!("bench http://{address}/ whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    let endpoints = webhooks::read(Source { file: &"webhooks.txt".into(), text: &text }).expect("endpoints");
    let ledger = Ledger::open(place).await.expect("a ledger");
    let now = present.now;
    let deliverer = webhooks::Deliverer::new(ledger.clone(), endpoints, std::sync::Arc::new(move || now));
    deliverer.register().await.expect("an endpoint");
    for number in 0..arguments.appends {
        let event = event(arguments.members + number, 0);
        ledger.append(&event, None, present).await.expect("appended");
    }
    let start = Instant::now();
    let webhooks::Drained { arrived, failed } = deliverer.drain().await.expect("deliveries");
    let rate = arrived as f64 / start.elapsed().as_secs_f64();
    println!(
        "delivered to one endpoint, each noted on the disk: {rate:.0} a second ({arrived} arrived, {failed} failed)"
    );
    ledger.close().await;
}

fn take(stream: std::net::TcpStream) -> Option<()> {
    use std::io::{BufRead as _, Read as _, Write as _};
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = std::io::BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.to_ascii_lowercase().strip_prefix("content-length:") {
                Some(value) => length = value.trim().parse().ok()?,
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        writer.write_all(b"HTTP/1.1 204 Taken\r\n\r\n").ok()?;
    }
}

/// Tells the system that the file's pages need not be kept in memory.
fn forget(file: &Path) {
    let Ok(file) = std::fs::File::open(file) else { return };
    file.sync_all().expect("written");
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("forgotten");
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn name(member: usize) -> String {
    format!("m_{member:016}")
}

fn day(day: i64) -> Timestamp {
    Timestamp::saturating(1_798_761_600 + day * 86_400)
}

/// A subscription and its payments, month by month; for every third member a bundle among them.
fn event(member: usize, number: usize) -> Event {
    let grant = format!("sub_{member}");
    let price = Money { amount: 900, currency: "eur".parse().expect("a currency") };
    let at = day(i64::try_from(number.saturating_sub(1)).expect("few") * 30);
    let what = match number {
        0 => What::Purchased { grant, terms: terms(("basic-monthly", "basic"), price), trial_until: None },
        7 if member.is_multiple_of(3) => {
            let terms = Terms { billing: Billing::Once, ..terms(("rust-once", "rust-course"), price) };
            What::Purchased { grant: format!("order_{member}"), terms, trial_until: None }
        }
        _ => {
            let paid_for = PaidFor::Period { start: Some(at), end: Some(at.after("30d".parse().expect("a length"))) };
            What::PaymentSucceeded { grant, payment: format!("pay_{member}_{number}"), paid: price, paid_for }
        }
    };
    Event { source: "bench".to_owned(), id: format!("evt_{member}_{number}"), at, member: name(member), what }
}

fn terms((product, access_control): (&str, &str), price: Money) -> Terms {
    Terms {
        product: product.parse().expect("an id"),
        access_control: access_control.parse().expect("an id"),
        price,
        billing: Billing::Subscription { every: "1 month".parse().expect("a period") },
        trial: None,
        expires_after: None,
    }
}
