//! Whole stories, told in every order: the same facts, and by the fold what a member has.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};
use tierpress::config::{Billing, Overdue, Rejoin};
use tierpress::members::{Rules, fold};
use tierpress::provider::{Api, Fact, Outcome};

use super::payload::{Event, Shape, object};
use super::{Answers, DAY, KnowsGrants, Ledger, START, Shop, at, id, line, shop, translate};
use crate::access::config;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    what: String,
    events: Vec<Event>,
    #[serde(default)]
    api: BTreeMap<String, Map<String, Value>>,
    states: BTreeMap<i64, String>,
}

fn stories() -> Vec<Story> {
    serde_yaml::from_str(include_str!("stories.yaml")).unwrap()
}

impl Story {
    fn payloads(&self, shape: Shape) -> Vec<Value> {
        self.events.iter().map(|event| event.payload(shape)).collect()
    }

    fn answers(&self) -> Answers {
        let objects = self.api.iter().map(|(path, said)| (path.clone(), object(said, Shape::New)));
        Answers { objects: objects.collect(), ..Answers::default() }
    }
}

/// Tells events to a ledger; with `itself` the ledger answers what is known, else every grant is.
fn tell(shop: &Shop, api: &dyn Api, events: &[Value], itself: bool) -> Ledger {
    let mut ledger = Ledger::default();
    for event in events {
        let outcome = if itself {
            translate(shop, &ledger, Some(api), event)
        } else {
            translate(shop, &KnowsGrants, Some(api), event)
        };
        match outcome {
            Outcome::Facts(told) => ledger.take(&told),
            Outcome::Ignored(_) => {}
            other => panic!("{other:?}"),
        }
    }
    ledger
}

fn states(shop: &Shop, ledger: &Ledger, day: i64) -> String {
    let billing = Billing { overdue: Overdue::Revoke, overdue_max: id("30d"), rejoin: Rejoin::Restart };
    let rules = Rules { catalogue: &shop.catalogue, billing, zone: &TimeZone::UTC };
    let about = |fact: &Fact| fact.clone().about("m_0123456789abcdef".to_owned(), "stripe");
    let told: Vec<_> = ledger.facts.values().map(about).collect();
    let member = fold(&told, &rules, at(START + day * DAY));
    let state = |state| serde_json::to_value(state).unwrap().as_str().unwrap().to_owned();
    let grants = member.grants.iter().map(|grant| format!("{} {}", grant.access_control, state(grant.state)));
    grants.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_member_has_what_the_story_says() {
    let shop = shop();
    let mut faults = Vec::new();
    for story in stories() {
        for shape in [Shape::New, Shape::Old] {
            let ledger = tell(&shop, &story.answers(), &story.payloads(shape), true);
            for (day, expected) in &story.states {
                let found = states(&shop, &ledger, *day);
                if found != *expected {
                    let told: Vec<_> = ledger.told().into_iter().map(line).collect();
                    faults.push(format!("{} ({shape:?}), @{day}: {found}\n    {}", story.what, told.join("\n    ")));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Each event three times, in any order at all: what comes of one does not depend on what came before, and no two facts
/// have one name.
#[test]
fn order_and_repetition_change_nothing() {
    let shop = shop();
    for story in stories() {
        for shape in [Shape::New, Shape::Old] {
            let events = story.payloads(shape);
            let api = story.answers();
            let once = tell(&shop, &api, &events, false);
            assert!(once.conflicts.is_empty(), "{}: {:?}", story.what, once.conflicts);
            let thrice: Vec<_> = events.iter().chain(&events).chain(&events).cloned().collect();
            proptest!(config(8), |(events in Just(thrice).prop_shuffle())| {
                let ledger = tell(&shop, &api, &events, false);
                prop_assert_eq!(&ledger.facts, &once.facts);
                prop_assert!(ledger.conflicts.is_empty());
            });
        }
    }
}

/// The same with a ledger that knows no more than it was told, and events that are late by three days at most, as long as
/// Stripe goes on trying.
#[test]
fn a_real_ledger_comes_to_the_same() {
    let shop = shop();
    for story in stories() {
        for shape in [Shape::New, Shape::Old] {
            let events = story.payloads(shape);
            let api = story.answers();
            let once = tell(&shop, &api, &events, true);
            let late = prop::collection::vec(0..3 * DAY, 2 * events.len());
            proptest!(config(16), |(late in late)| {
                let mut arrivals: Vec<_> = events.iter().chain(&events).zip(late).collect();
                arrivals.sort_by_key(|(event, late)| event["created"].as_i64().unwrap() + late);
                let arrived: Vec<_> = arrivals.into_iter().map(|(event, _)| event.clone()).collect();
                let ledger = tell(&shop, &api, &arrived, true);
                prop_assert_eq!(&ledger.facts, &once.facts);
                prop_assert!(ledger.conflicts.is_empty());
            });
        }
    }
}
