//! Whatever is signed is translated without a panic, and nothing that is not paid begins a grant.
//!
//! `FUZZ_CASES` and `FUZZ_SEED` are those of `fuzz.rs`.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};
use tierpress::members::event::What;
use tierpress::provider::{Context, Fetched, Outcome, Provider as _, Refusal, Request};

use super::cases::cases;
use super::{KnowsGrants, Ledger, SECRET, START, at, deliver, shop, sign, stripe};

fn drive<S: Strategy>(inputs: &S, target: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u32>().expect("a number"));
    // Objects are large: a twentieth of what small targets get is as long.
    let cases = number("FUZZ_CASES").map_or(2_000, |cases| cases / 20);
    let rng_seed = RngSeed::Fixed(number("FUZZ_SEED").unwrap_or(2).into());
    let config = ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(inputs, target).unwrap_or_else(|failure| panic!("{failure}"));
}

fn payloads() -> Vec<Value> {
    let all = cases().into_iter();
    all.flat_map(|case| case.shapes().into_iter().map(move |shape| case.event.payload(shape)).collect::<Vec<_>>())
        .collect()
}

/// Values that mean something somewhere, and some that mean nothing anywhere.
fn some_value() -> impl Strategy<Value = Value> {
    let words = [
        "active",
        "trialing",
        "past_due",
        "incomplete",
        "unpaid",
        "paused",
        "canceled",
        "paid",
        "open",
        "no_payment_required",
        "payment",
        "subscription",
        "setup",
        "subscription_create",
        "subscription_cycle",
        "subscription_update",
        "sub_1",
        "in_1",
        "pi_1",
        "price_basic",
        "price_trial",
        "price_rust",
        "price_plan",
        "price_pro",
        "plink_rust",
        "eur",
        "",
        "../../x",
        "won",
        "invoice.paid",
        "checkout.session.completed",
        "customer.subscription.created",
        "customer.subscription.updated",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0), Just(-1), Just(i64::MAX), Just(i64::MIN), Just(START), START..START + 90_000_000]
            .prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!(0.5)),
        Just(json!({"data": [null, 1, {}, []]})),
    ]
}

/// A change to some place in a payload.
fn some_edit() -> impl Strategy<Value = (prop::sample::Index, Option<Value>)> {
    (any::<prop::sample::Index>(), prop::option::weighted(0.8, some_value()))
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |key: &str, value: &Value| {
        let own = format!("{at}/{key}");
        places(value, &own, found);
        found.push(own);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(values) => values.iter().enumerate().for_each(|(key, value)| below(&key.to_string(), value)),
        _ => {}
    }
}

fn edit(event: &mut Value, place: &str, value: Option<Value>) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match (event.pointer_mut(parent), value) {
        (Some(Value::Object(fields)), None) => {
            fields.remove(key);
        }
        (Some(_), Some(value)) => {
            if let Some(there) = event.pointer_mut(place) {
                *there = value;
            }
        }
        _ => {}
    }
}

/// Whether money came in, a trial runs, or nothing is asked for, read in the simplest way.
fn may_begin(event: &Value) -> bool {
    let object = &event["data"]["object"];
    let is = |key: &str, value: &str| object[key] == value;
    match event["type"].as_str().unwrap_or_default() {
        kind if kind.starts_with("checkout.session.") => {
            is("mode", "payment")
                && (is("payment_status", "paid")
                    || (is("payment_status", "no_payment_required") && object["amount_total"] == 0))
        }
        "invoice.paid" | "invoice.payment_succeeded" => {
            is("status", "paid") || (object["status"].is_null() && object["paid"] == true)
        }
        "customer.subscription.created" => {
            is("status", "trialing")
                || (is("status", "active")
                    && (!object["latest_invoice"].is_string() || object.to_string().contains("\"unit_amount\":0")))
        }
        "customer.subscription.updated" => is("status", "trialing") || is("status", "active"),
        _ => false,
    }
}

#[test]
fn nothing_unpaid_begins_a_grant() {
    let shop = shop();
    let payloads = payloads();
    let inputs = (any::<prop::sample::Index>(), prop::collection::vec(some_edit(), 0..6));
    drive(&inputs, |(which, edits)| {
        let mut event = which.get(&payloads).clone();
        for (place, value) in edits {
            let mut found = Vec::new();
            places(&event["data"], "/data", &mut found);
            found.push("/type".to_owned());
            let place = place.get(&found).clone();
            edit(&mut event, &place, value);
        }
        if !event["type"].is_string() {
            return Ok(());
        }
        let delivery = deliver(&event);
        for known in [&KnowsGrants as &dyn tierpress::provider::Known, &Ledger::default()] {
            let context = Context { sold: shop.sold(), known };
            let outcome = stripe().translate(&delivery, &context, &Fetched::new());
            let Outcome::Facts(told) = outcome else { continue };
            let begins = |what: &What| matches!(what, What::Purchased { .. } | What::Granted { .. });
            if told.facts.iter().any(|fact| begins(&fact.what)) {
                prop_assert!(may_begin(&event), "{event}\n{told:?}");
            }
            // What begins is something that is sold, by its own terms.
            for fact in &told.facts {
                if let What::Purchased { terms, .. } | What::Switched { terms, .. } = &fact.what {
                    prop_assert!(
                        shop.products.iter().any(|it| it.id == terms.product && it.sells == terms.access_control)
                    );
                }
            }
        }
        Ok(())
    });
}

/// Objects that were fetched are no more to be trusted to be well-formed than those that came.
#[test]
fn odd_answers_do_no_harm() {
    let shop = shop();
    let payloads = payloads();
    let inputs = (any::<prop::sample::Index>(), prop::collection::vec(prop::option::of(some_value()), 6));
    drive(&inputs, |(which, answers)| {
        let delivery = deliver(which.get(&payloads));
        let context = Context { sold: shop.sold(), known: &Ledger::default() };
        let mut fetched = Fetched::new();
        for answer in answers {
            match stripe().translate(&delivery, &context, &fetched) {
                Outcome::Needs(needs) => {
                    for need in needs {
                        // A path is made of ids alone, whatever was sent as one.
                        prop_assert!(need.0.starts_with("/v1/") && !need.0.contains("..") && need.0.is_ascii());
                        fetched.insert(need, answer.clone());
                    }
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_cut_off_is_no_event() {
    let payloads = payloads();
    let inputs = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..4));
    drive(&inputs, |(which, cut, rest)| {
        let mut body = serde_json::to_vec(which.get(&payloads)).unwrap();
        body.truncate(cut.index(body.len()));
        body.extend(rest);
        let header = format!("t={START},v1={}", sign(SECRET, START, &body));
        let request = Request { headers: &[("stripe-signature", header.as_bytes())], body: &body };
        let refusal = stripe().verify(&request, at(START)).map(|_| ()).unwrap_err();
        prop_assert!(matches!(refusal, Refusal::NotJson(_) | Refusal::NotAnEvent(_) | Refusal::TestMode), "{refusal}");
        Ok(())
    });
}
