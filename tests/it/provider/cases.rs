//! What single events mean, and that Stripe's own library knows them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tierpress::provider::stripe::{API_VERSION, EVENTS};
use tierpress::provider::{Api, Known, Outcome, Subject};

use super::payload::{Event, Shape, object};
use super::{Answers, KnowsGrants, line, python, shop, translate};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    what: String,
    #[serde(default)]
    shapes: Vec<String>,
    pub(super) event: Event,
    known: Option<Value>,
    api: Option<BTreeMap<String, Map<String, Value>>>,
    facts: Option<Vec<String>>,
    subject: Option<Value>,
    ignored: Option<String>,
    unknown: Option<String>,
    needs: Option<String>,
}

pub(super) fn cases() -> Vec<Case> {
    let mut all: serde_yaml::Value = serde_yaml::from_str(include_str!("cases.yaml")).unwrap();
    all.apply_merge().unwrap();
    serde_yaml::from_value(all).unwrap()
}

impl Case {
    pub(super) fn shapes(&self) -> Vec<Shape> {
        let all = [("new", Shape::New), ("old", Shape::Old)];
        let named = |name: &str| self.shapes.is_empty() || self.shapes.iter().any(|own| own == name);
        all.into_iter().filter(|(name, _)| named(name)).map(|(_, shape)| shape).collect()
    }

    fn answers(&self) -> Option<Answers> {
        let objects = self.api.as_ref()?.iter().map(|(path, said)| (path.clone(), object(said, Shape::New)));
        Some(Answers { objects: objects.collect(), ..Answers::default() })
    }
}

/// What a case says is known.
struct Said<'a>(&'a Value);

impl Known for Said<'_> {
    fn has(&self, _: &str) -> bool {
        self.0 != "none"
    }

    fn paid_by(&self, payment: &str) -> Vec<String> {
        let grants = self.0.get(payment).and_then(Value::as_array);
        grants.into_iter().flatten().map(|grant| grant.as_str().unwrap().to_owned()).collect()
    }
}

fn subject(subject: &Subject) -> Value {
    let Subject { member, grants, reference, customer, address } = subject;
    assert_eq!(member, &None);
    let mut said = json!({"reference": reference, "customer": customer, "address": address, "grants": grants});
    said.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    said
}

#[test]
fn every_event_means_what_it_says() {
    let shop = shop();
    let mut faults = Vec::new();
    for case in cases() {
        for shape in case.shapes() {
            let answers = case.answers();
            let said = case.known.as_ref().map(Said);
            let known: &dyn Known = said.as_ref().map_or(&KnowsGrants, |said| said);
            let api = answers.as_ref().map(|answers| answers as &dyn Api);
            let outcome = translate(&shop, known, api, &case.event.payload(shape));
            let mut fault = |found: String| faults.push(format!("{} ({shape:?}): {found}", case.what));
            match (&outcome, &case.facts, &case.ignored, &case.unknown, &case.needs) {
                (Outcome::Facts(told), Some(facts), None, None, None) => {
                    // Facts of a checkout stand together by product; here by what they say.
                    let (mut found, mut facts) = (told.facts.iter().map(line).collect::<Vec<_>>(), facts.clone());
                    found.sort();
                    facts.sort();
                    if found != facts {
                        fault(found.join("\n    "));
                    }
                    if let Some(expected) = &case.subject
                        && *expected != subject(&told.subject)
                    {
                        fault(subject(&told.subject).to_string());
                    }
                }
                (Outcome::Ignored(why), None, Some(expected), None, None) if why.contains(expected.as_str()) => {}
                (Outcome::Unknown(unknown), None, None, Some(expected), None) if unknown.why == *expected => {
                    assert!(!unknown.help.is_empty());
                }
                (Outcome::Needs(needs), None, None, None, Some(expected)) if needs[0].0 == *expected => {}
                (other, ..) => fault(format!("{other:?}")),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every kind of event that an endpoint is subscribed to has a case that gives facts, but for the one that says that a
/// payment failed before anything was granted.
#[test]
fn every_kind_of_event_is_tried() {
    let tried: BTreeSet<_> =
        cases().into_iter().filter(|case| case.facts.is_some()).map(|case| case.event.kind).collect();
    for event in EVENTS.iter().filter(|event| **event != "checkout.session.async_payment_failed") {
        assert!(tried.contains(*event), "{event}");
    }
}

/// What these payloads hold is what Stripe's objects hold: the library reads each as its class, and knows every field of
/// those in the shape that is pinned.
#[test]
fn stripe_knows_these_payloads() {
    let all: Vec<_> = cases()
        .into_iter()
        .flat_map(|case| case.shapes().into_iter().map(move |it| (it, case.event.payload(it))))
        .collect();
    let questions: Vec<_> = all.iter().map(|(_, event)| json!({"ask": "event", "event": event})).collect();
    let answers = python(&questions);
    for ((shape, event), said) in all.iter().zip(answers) {
        let object = &event["data"]["object"];
        let class: String =
            object["object"].as_str().unwrap().rsplit('.').next().unwrap().split('_').map(capital).collect();
        assert_eq!(said["class"], class.as_str(), "{event}");
        assert_eq!(said["id"], object["id"]);
        assert_eq!(said["type"], event["type"]);
        if *shape == Shape::New {
            assert_eq!(said["strange"], json!([]), "{}", event["type"]);
        }
    }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// The version that is asked for is the one of the library that these tests are run against.
#[test]
fn the_version_is_that_of_the_library() {
    assert_eq!(python(&[json!({"ask": "version"})]), [json!(API_VERSION)]);
}

/// The page for sellers names every event that an endpoint is to be subscribed to, and the version.
#[test]
fn the_page_names_what_is_to_be_enabled() {
    let page = include_str!("../../../docs/stripe.md");
    for name in EVENTS.iter().chain(&[API_VERSION]) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `c") || line.starts_with("| `invoice"));
    let named: BTreeSet<_> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split(", ")).map(|it| it.trim().trim_matches('`')).collect();
    assert_eq!(named, EVENTS.into_iter().collect());
}
