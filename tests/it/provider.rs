//! What payment providers tell, and what becomes of it.
//!
//! Payloads have the shapes of Stripe's objects (`provider/objects`), in the version that is pinned and in the one before
//! 2025-03-31; cases (`provider/cases.yaml`) and stories (`provider/stories.yaml`) say what is in them, and which facts
//! come of it. Days are counted from `@0`.

pub(crate) mod api;
mod cases;
mod fuzz;
mod payload;
mod shop;
mod signature;
mod stories;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use aws_lc_rs::hmac;
use serde_json::Value;
use tierpress::access::catalogue::{Bundle, Cancellation, Catalogue, Tier};
use tierpress::config::product::{Billing, Money, Product, Stripe as Names, Trial};
use tierpress::members::event::{PaidFor, Terms, What};
use tierpress::provider::secret::Secret;
use tierpress::provider::stripe::{SigningSecrets, Stripe};
use tierpress::provider::{
    Api, ApiError, Context, Delivery, Fact, Known, Need, Outcome, Provider as _, Request, Sold, Told, settle,
};
use tierpress::time::Timestamp;

pub(crate) const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";
/// `@0`.
pub(crate) const START: i64 = 1_795_000_000;
const DAY: i64 = 86_400;

/// What is sold.
struct Shop {
    products: Vec<Product>,
    catalogue: Catalogue,
}

impl Shop {
    fn sold(&self) -> Sold<'_> {
        Sold { products: &self.products, catalogue: &self.catalogue }
    }
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn shop() -> Shop {
    let tier = |name: &str, free| Tier {
        id: id(name),
        title: name.to_owned(),
        free,
        price: None,
        buy: None,
        also: Vec::new(),
        includes: Vec::new(),
        expires_after: None,
        downgrade_to: None,
    };
    let bundle = |name: &str, expires_after: Option<&str>| Bundle {
        id: id(name),
        title: name.to_owned(),
        free: false,
        price: None,
        buy: None,
        also: Vec::new(),
        expires_after: expires_after.map(id),
    };
    let month = Billing::Subscription { every: id("1 month") };
    let plan = Billing::Plan { every: id("1 month"), payments: 6.try_into().unwrap() };
    let product = |name: &str, sells: &str, (amount, billing): (u64, Billing), prices: &[&str], links: &[&str]| {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Product {
            id: id(name),
            sells: id(sells),
            price: Money { amount, currency: id("eur") },
            billing,
            trial: None,
            member_cancel: true,
            stripe: Names { prices: own(prices), links: own(links) },
            buy: None,
        }
    };
    let trial = |amount| Some(Trial { length: id("14d"), amount });
    let products = vec![
        product("basic-monthly", "basic", (900, month), &["price_basic", "price_basic_old"], &["plink_basic"]),
        Product { trial: trial(0), ..product("basic-trial", "basic", (900, month), &["price_trial"], &[]) },
        Product { trial: trial(100), ..product("basic-taste", "basic", (900, month), &["price_taste"], &[]) },
        product("pro-monthly", "pro", (1_900, month), &["price_pro"], &[]),
        product("pro-yearly", "pro", (19_000, Billing::Subscription { every: id("1 year") }), &["price_pro_year"], &[]),
        product("rust-once", "rust-course", (19_900, Billing::Once), &["price_rust"], &["plink_rust"]),
        product("sql-once", "sql-course", (4_900, Billing::Once), &["price_sql"], &[]),
        product("rust-plan", "rust-course", (3_500, plan), &["price_plan"], &[]),
    ];
    let tiers = vec![tier("free", true), tier("basic", false), tier("pro", false)];
    let bundles = vec![bundle("rust-course", None), bundle("sql-course", Some("1 year"))];
    let catalogue = Catalogue::new(tiers, bundles, Some(id("free")), Cancellation::Hard).unwrap();
    Shop { products, catalogue }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::try_from(seconds).unwrap()
}

fn secrets(texts: &[&str]) -> SigningSecrets {
    SigningSecrets::new(&texts.iter().map(|text| Secret::new(text).unwrap()).collect::<Vec<_>>()).unwrap()
}

fn stripe() -> Stripe {
    Stripe::new(secrets(&[SECRET]), false)
}

pub(crate) fn sign(secret: &str, time: i64, body: &[u8]) -> String {
    let mut message = format!("{time}.").into_bytes();
    message.extend_from_slice(body);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &message);
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body of an event, from what a story says is in it.
pub(crate) fn body(said: &str) -> Vec<u8> {
    let event: payload::Event = serde_yaml::from_str(said).unwrap();
    serde_json::to_vec(&event.payload(payload::Shape::New)).unwrap()
}

/// An event of Stripe's, signed and checked.
fn deliver(event: &Value) -> Delivery {
    let body = serde_json::to_vec(event).unwrap();
    let header = format!("t={START},v1={}", sign(SECRET, START, &body));
    let request = Request { headers: &[("Stripe-Signature", header.as_bytes())], body: &body };
    stripe().verify(&request, at(START)).unwrap()
}

/// What was told so far, each fact once.
#[derive(Default)]
struct Ledger {
    facts: BTreeMap<String, Fact>,
    /// Names of facts that came again and were other ones.
    conflicts: BTreeSet<String>,
}

impl Ledger {
    fn take(&mut self, told: &Told) {
        for fact in &told.facts {
            let known = self.facts.entry(fact.id.clone()).or_insert_with(|| fact.clone());
            if known != fact {
                self.conflicts.insert(fact.id.clone());
            }
        }
    }

    /// The facts in the order of their instants.
    fn told(&self) -> Vec<&Fact> {
        let mut facts: Vec<_> = self.facts.values().collect();
        facts.sort_by_key(|fact| (fact.at, fact.what.rank()));
        facts
    }
}

impl Known for Ledger {
    fn has(&self, grant: &str) -> bool {
        let begins = |what: &What| matches!(what, What::Purchased { .. } | What::Granted { .. });
        self.facts.values().any(|fact| begins(&fact.what) && fact.what.grant() == Some(grant))
    }

    fn paid_by(&self, name: &str) -> Vec<String> {
        let paid = |what: &What| matches!(what, What::PaymentSucceeded { payment, .. } if payment == name);
        let grants = self.facts.values().filter(|fact| paid(&fact.what)).filter_map(|fact| fact.what.grant());
        grants.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// A ledger that knows every grant, so that none is taken for older than itself, and no payment.
struct KnowsGrants;

impl Known for KnowsGrants {
    fn has(&self, _: &str) -> bool {
        true
    }

    fn paid_by(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Stripe's API, with what it was asked.
#[derive(Default)]
struct Answers {
    objects: BTreeMap<String, Value>,
    asked: RefCell<Vec<String>>,
}

impl Api for Answers {
    fn get(&self, Need(path): &Need) -> Result<Option<Value>, ApiError> {
        self.asked.borrow_mut().push(path.clone());
        Ok(self.objects.get(path).cloned())
    }
}

fn translate(shop: &Shop, known: &dyn Known, api: Option<&dyn Api>, event: &Value) -> Outcome {
    settle(&stripe(), &deliver(event), &Context { sold: shop.sold(), known }, api).unwrap()
}

/// `@14`, `@14+5`: days, and seconds where there are some.
fn day(instant: Timestamp) -> String {
    let seconds = instant.seconds() - START;
    match (seconds.div_euclid(DAY), seconds.rem_euclid(DAY)) {
        (days, 0) => format!("@{days}"),
        (days, rest) => format!("@{days}+{rest}"),
    }
}

/// A fact in a line.
fn line(fact: &Fact) -> String {
    let terms = |terms: &Terms| {
        let trial = terms.trial.map(|trial| format!(" trial {} {}", trial.length, trial.amount)).unwrap_or_default();
        format!("{}{trial}", terms.product)
    };
    let until =
        |word: &str, until: Option<Timestamp>| until.map(|at| format!(" {word} {}", day(at))).unwrap_or_default();
    let said = match &fact.what {
        What::Purchased { terms: bought, trial_until, .. } => {
            format!("purchased {}{}", terms(bought), until("until", *trial_until))
        }
        What::Switched { terms: new, .. } => format!("switched {}", terms(new)),
        What::PaymentSucceeded { payment, paid, paid_for, .. } => {
            let paid_for = match paid_for {
                PaidFor::Period { start, end } => format!("period{}{}", until("from", *start), until("to", *end)),
                PaidFor::Trial {} => "trial".to_owned(),
                PaidFor::Proration {} => "proration".to_owned(),
            };
            format!("payment_succeeded {payment} {paid} {paid_for}")
        }
        What::PaymentFailed { .. } => "payment_failed".to_owned(),
        What::Cancelled { by, until: ends, .. } => {
            format!("cancelled {}{}", serde_json::to_value(by).unwrap().as_str().unwrap(), until("until", *ends))
        }
        What::Uncancelled { .. } => "uncancelled".to_owned(),
        What::Refunded { payment, refunded, full, .. } => {
            format!("refunded {payment} {refunded}{}", if *full { " full" } else { "" })
        }
        What::Disputed { .. } => "disputed".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{} {} {} {said}", fact.id, day(fact.at), fact.what.grant().unwrap_or("-"))
}

/// Hands lines to `provider/library.py`, which speaks with Stripe's own library, and returns its lines.
pub(crate) fn python(lines: &[Value]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = root.join("target/stripe/bin/python");
    assert!(program.exists(), "MISSING: {}; tests/tools/stripe installs it", program.display());
    let mut child = Command::new(program)
        .args(["-X", "utf8"])
        .arg(root.join("tests/it/provider/library.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "library.py failed");
    let said: Vec<_> =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(said.len(), lines.len());
    said
}
