//! A thousand manifests, one after the other, under load: no request sees a mixture of two, and none fails.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::http::{Client, request};
use super::stage::{Stage, token};

const SWAPS: u64 = 1_000;
const CLIENTS: usize = 4;

/// The mark that a manifest of this number puts into every page, and into a header of each.
fn mark(number: u64) -> String {
    format!("m{number}")
}

#[test]
fn a_thousand_swaps_under_load() {
    let stage = Stage::new();
    let manifest = |number: u64| {
        let mut manifest = stage.manifest(number, &mark(number));
        // The number is in bodies and in headers: a type that is as old as the page, a policy that decides as it does.
        for (_, object) in manifest["objects"].as_object_mut().unwrap() {
            let media_type = object["type"].as_str().unwrap().to_owned();
            object["type"] = format!("{media_type}; mark={}", mark(number)).into();
        }
        if number.is_multiple_of(2) {
            manifest["rules"][1] = json!([{"all": [{"any": ["free"]}]}]);
        }
        manifest
    };
    stage.publish(&manifest(1));
    // Little memory, so that objects are read from the disk as well.
    let edge = stage.serve(&["--threads", "2", "--memory", "100K"]);
    let (done, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let free = format!("Authorization: Bearer {}", token(&["free"]));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (done, answers, free, address) = (&done, &answers, &free, edge.address);
            scope.spawn(move || {
                let mut connection = Client::connect(address);
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    for target in ["/", "/pro/", "/nothing/", "/style.css", "/big.bin"] {
                        if target == "/big.bin" && client > 0 {
                            continue;
                        }
                        assert!(connection.send(&request("GET", target, &[free])));
                        let answer = connection.answer("GET").expect("an answer");
                        let number = seen(target, &answer);
                        assert!(number >= last, "{number} after {last}");
                        last = number;
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let mut kept = VecDeque::new();
        for number in 2..=SWAPS + 1 {
            let next = manifest(number);
            stage.publish(&next);
            kept.push_back(next);
            edge.signal("HUP");
            if number % 10 == 0 {
                super::stage::until("a manifest of this time", || {
                    edge.health()["version"].as_u64() >= Some(number - 5)
                });
            }
            if kept.len() > 10 {
                prune(&stage, &kept.pop_front().unwrap());
            }
        }
        super::stage::until("the last manifest", || edge.health()["version"] == SWAPS + 1);
        done.store(true, Ordering::Relaxed);
    });
    let manifests = edge.health()["manifests"].clone();
    println!("{} answers over {manifests} manifests", answers.load(Ordering::Relaxed));
    assert_eq!(manifests["refused"], 0, "{manifests}");
    assert!(answers.load(Ordering::Relaxed) > 1_000);
}

/// Which manifest an answer is of; all of it must be of that one.
#[track_caller]
fn seen(target: &str, answer: &super::http::Response) -> u64 {
    let media_type = answer.header("content-type").unwrap();
    let number: u64 = media_type.split("mark=m").nth(1).unwrap().parse().unwrap();
    let own = mark(number);
    let expected = match target {
        "/" | "/style.css" | "/big.bin" => 200,
        "/pro/" if number.is_multiple_of(2) => 200,
        "/pro/" => 403,
        _ => 404,
    };
    assert_eq!(answer.status, expected, "{target} of {own}");
    let text = answer.text();
    match target {
        "/big.bin" => assert_eq!(answer.body, super::stage::big()),
        "/style.css" => assert!(text.starts_with(&format!("p{{}}/* {own} long")), "{own} says {text:.40}"),
        _ => assert!(text.ends_with(&format!("in build {own}, build {own}\n")), "{own} says {text}"),
    }
    number
}

/// Takes away what only this manifest has, as later builds do.
fn prune(stage: &Stage, manifest: &serde_json::Value) {
    for name in manifest["objects"].as_object().unwrap().keys() {
        if !name.ends_with(".bin") {
            std::fs::remove_file(stage.out().join("objects").join(name)).unwrap();
        }
    }
}
