//! The ledger, on both of its databases: what every test here says of one, it says of the other.

mod about;
mod append;
mod cli;
mod kill;
mod openings;
mod outbox;
mod people;
mod schema;
mod transfer;
mod unread;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tierpress::config::Config;
use tierpress::config::product::{Billing, Money};
use tierpress::diagnostic::Source;
use tierpress::ledger::{Appended, Ledger, Present};
use tierpress::load::config;
use tierpress::members::event::{Event, PaidFor, Terms, What, Why};
use tierpress::members::{Rules, State};
use tierpress::time::Timestamp;

/// A place for a ledger, that nobody else knows.
pub(crate) struct Place {
    pub(crate) url: String,
    /// Where its file is; none on a server.
    pub(crate) folder: Option<tempfile::TempDir>,
}

/// Makes a test of each database out of one function of a [`Place`].
macro_rules! on_both {
    ($($(#[$meta:meta])* $name:ident,)*) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                super::super::run(super::super::Place::sqlite(), super::$name);
            }

            #[test]
            fn postgres() {
                super::super::run(super::super::Place::postgres(), super::$name);
            }
        }
    )*};
}
pub(crate) use on_both;

/// Runs one.
fn run<F: Future<Output = ()>>(place: Place, test: impl FnOnce(Arc<Place>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test(Arc::new(place)));
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A name in which everything has a meaning elsewhere.
        let path = folder.path().join("members 50%?#'é.db");
        Self { url: path.to_str().unwrap().to_owned(), folder: Some(folder) }
    }

    /// A schema of its own on the server that `tests/tools/postgres` starts.
    pub(crate) fn postgres() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/postgres/url");
        let server = std::fs::read_to_string(&file)
            .unwrap_or_else(|_| panic!("no PostgreSQL is running: start it with `tests/tools/postgres start`"));
        let server = server.trim();
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let made = std::process::Command::new("psql")
            .args([server, "-qc", &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")])
            .output()
            .expect("psql");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { url: format!("{server}?options[search_path]={name}"), folder: None }
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        Ledger::create(&self.url).await.unwrap()
    }

    /// Where the file is, if it is one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.folder.is_some().then(|| PathBuf::from(&self.url))
    }

    /// Everything that lies in the database, as bytes: whole files, or a dump.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.folder {
            Some(folder) => {
                let mut files: Vec<PathBuf> =
                    std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
                files.sort();
                files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
            }
            None => {
                let (server, name) = self.url.split_once("?options[search_path]=").unwrap();
                let tables = "events payloads members people customers grants payments unread waiting outbox deliveries endpoints ledger_openings ledger_rules ledger_schema links sessions";
                let select = |table: &str| format!("SELECT * FROM {name}.{table};");
                let script: String = tables.split(' ').map(select).collect();
                let output = std::process::Command::new("psql").args([server, "-Atqc", &script]).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                // A dump shows bytes in hexadecimal: as text they are looked for as well.
                let text = String::from_utf8(output.stdout).unwrap();
                let shown = text.split("\\x").skip(1).flat_map(|rest| {
                    let digits: Vec<char> = rest.chars().take_while(char::is_ascii_hexdigit).collect();
                    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
                    digits.chunks_exact(2).map(byte).collect::<Vec<u8>>()
                });
                let shown: Vec<u8> = shown.collect();
                [text.into_bytes(), shown].concat()
            }
        }
    }
}

/// Whether some bytes stand anywhere in others.
pub(crate) fn holds(bytes: &[u8], part: &str) -> bool {
    memchr::memmem::find(bytes, part.as_bytes()).is_some()
}

/// A site with a free tier, two that are sold, and two bundles.
pub(crate) const SITE: &str = "\
title: School
base_url: https://school.example
access:
  default: public
  default_tier: free
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic}
    - {id: pro, title: Pro}
  bundles:
    - {id: rust-course, title: Rust}
    - {id: sourdough, title: Sourdough}
";

pub(crate) fn school() -> Config {
    let mut faults = Vec::new();
    let file = "site.yaml".into();
    let config = config::parse(Source { file: &file, text: SITE }, &mut faults);
    config.unwrap_or_else(|| panic!("{faults:?}"))
}

pub(crate) fn rules(config: &Config) -> Rules<'_> {
    Rules { catalogue: &config.catalogue, billing: config.billing, zone: &config.zone }
}

/// Days after the first of January 2027.
pub(crate) fn day(day: i64) -> Timestamp {
    Timestamp::saturating(1_798_761_600 + day * 86_400)
}

pub(crate) fn event(id: &str, member: &str, at: Timestamp, what: What) -> Event {
    Event { source: "shop".to_owned(), id: id.to_owned(), at, member: member.to_owned(), what }
}

pub(crate) fn granted(id: &str, member: &str, at: Timestamp, access_control: &str) -> Event {
    let what = What::Granted {
        grant: format!("g-{id}"),
        access_control: access_control.parse().unwrap(),
        why: Why::Complimentary,
        since: None,
        until: None,
        expires_after: None,
    };
    event(id, member, at, what)
}

pub(crate) fn granted_until(id: &str, member: &str, at: Timestamp, (access, end): (&str, Timestamp)) -> Event {
    let mut event = granted(id, member, at, access);
    if let What::Granted { until, .. } = &mut event.what {
        *until = Some(end);
    }
    event
}

/// A purchase for once and for ever, and its payment.
pub(crate) fn bought(id: &str, member: &str, at: Timestamp, access_control: &str) -> [Event; 2] {
    let grant = format!("order-{id}");
    let price = Money { amount: 900, currency: "eur".parse().unwrap() };
    let terms = Terms {
        product: format!("{access_control}-once").parse().unwrap(),
        access_control: access_control.parse().unwrap(),
        price,
        billing: Billing::Once,
        trial: None,
        expires_after: None,
    };
    let purchased = What::Purchased { grant: grant.clone(), terms, trial_until: None };
    let payment = format!("pay-{id}");
    let paid_for = PaidFor::Period { start: None, end: None };
    let paid = What::PaymentSucceeded { grant, payment, paid: price, paid_for };
    [event(id, member, at, purchased), event(&format!("{id}-paid"), member, at, paid)]
}

/// Lets an endpoint be told.
pub(crate) async fn register(ledger: &Ledger, endpoint: &str, now: Timestamp) {
    let url = format!("https://{endpoint}.example/");
    ledger.register(&tierpress::ledger::endpoints::Place { endpoint, url: &url, kinds: &[] }, now).await.unwrap();
}

/// Appends what must be new.
pub(crate) async fn append(ledger: &Ledger, event: &Event, present: &Present<'_>) {
    let appended = ledger.append(event, None, present).await.unwrap();
    assert_eq!(appended, Appended::New, "{event:?}");
}

/// What a member has now: `pro+rust-course`, in order.
pub(crate) async fn has(ledger: &Ledger, member: &str, present: &Present<'_>) -> String {
    let Some(held) = ledger.member(member, present).await.unwrap() else { return "nobody".to_owned() };
    let active = held.member.grants.iter().filter(|grant| grant.state == State::Active);
    let mut names: Vec<String> = active.map(|grant| grant.access_control.to_string()).collect();
    names.sort();
    names.join("+")
}
