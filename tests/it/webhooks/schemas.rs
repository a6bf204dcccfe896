//! The JSON Schemas of events and webhooks: what is really said fits them, and what nobody says does not.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tierpress::ledger::outbox::News;
use tierpress::load::timeline;
use tierpress::members::event::Event;
use tierpress::members::simulate::simulate;
use tierpress::members::{Notification, Topic};
use tierpress::webhooks::{self, Message, Ping};

use super::receiver::{Receiver, SECRETS, all_well, ask, status};
use super::{School, repository};

fn question(schema: &Value, value: &Value) -> Value {
    json!({ "do": "validate", "schema": schema, "value": value })
}

/// Everything that happens in the timelines, and everything that is told in them.
fn played() -> (Vec<Event>, Vec<Notification>) {
    let (mut events, mut told) = (Vec::new(), Vec::new());
    let mut files: Vec<_> =
        std::fs::read_dir(repository("tests/members")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let timeline = timeline::load(file, &mut Vec::new()).unwrap();
        events.extend(timeline.events.iter().cloned());
        told.extend(simulate(&timeline, None).steps.into_iter().flat_map(|step| step.told));
    }
    (events, told)
}

fn message(notification: &Notification) -> Value {
    let news = News {
        id: "msg_1".to_owned(),
        member: "m_ada".to_owned(),
        number: 1,
        kind: notification.topic.as_str().to_owned(),
        at: notification.at,
        body: serde_json::to_string(notification).unwrap(),
    };
    serde_json::to_value(Message::of(&news).unwrap()).unwrap()
}

#[test]
fn what_is_said_fits() {
    let (events, told) = played();
    let (of_events, of_webhooks) = (Event::schema(), webhooks::schema());
    let mut questions: Vec<Value> =
        events.iter().map(|event| question(&of_events, &serde_json::to_value(event).unwrap())).collect();
    let kinds: BTreeSet<&str> = told.iter().map(|told| told.topic.as_str()).collect();
    assert!(events.len() > 200 && kinds.len() >= Topic::ALL.len() - 3, "{} {kinds:?}", events.len());
    questions.extend(told.iter().map(|told| question(&of_webhooks, &message(told))));
    let ping = serde_json::to_value(Ping::new("crm", tierpress::time::Timestamp::saturating(1))).unwrap();
    questions.push(question(&of_webhooks, &ping));
    all_well(&questions);
}

/// Takes a key away, puts one in, or gives one a value of another kind: everything that nobody says is refused by both.
#[test]
fn what_nobody_says_does_not_fit() {
    let (events, told) = played();
    let (of_events, of_webhooks) = (Event::schema(), webhooks::schema());
    let mut questions = Vec::new();
    let mut wrong = |schema: &Value, value: &Value, needed: &[&str]| {
        for name in needed {
            let mut without = value.clone();
            without.as_object_mut().unwrap().remove(*name);
            questions.push(question(schema, &without));
        }
        let mut more = value.clone();
        more["surprise"] = json!(1);
        questions.push(question(schema, &more));
    };
    let mut seen = BTreeSet::new();
    for event in &events {
        let value = serde_json::to_value(event).unwrap();
        if seen.insert(value["kind"].as_str().unwrap().to_owned()) {
            let more = Some("grant").filter(|grant| value.get(grant).is_some());
            let needed: Vec<&str> = ["source", "id", "at", "member", "kind"].into_iter().chain(more).collect();
            wrong(&of_events, &value, &needed);
        }
    }
    assert!(seen.len() >= 11, "{seen:?}");
    for told in told.iter().take(40) {
        wrong(&of_webhooks, &message(told), &["type", "timestamp", "data"]);
    }
    for (schema, value) in [
        (&of_events, json!({"source": "a", "id": "1", "at": -1, "member": "m", "kind": "joined"})),
        (&of_events, json!({"source": "a", "id": "1", "at": 1, "member": "m", "kind": "vanished"})),
        (
            &of_webhooks,
            json!({"type": "tier.vanished", "timestamp": "2027-01-01T00:00:00Z", "data": {"member": "m", "number": 1}}),
        ),
        (&of_webhooks, json!({"type": "tier.added", "timestamp": "2027-01-01T00:00:00Z", "data": {"number": 1}})),
    ] {
        assert!(serde_json::from_value::<Event>(value.clone()).is_err());
        questions.push(question(schema, &value));
    }
    for (question, said) in questions.iter().zip(ask(&questions)) {
        assert!(said.is_string(), "{}", question["value"]);
    }
}

#[test]
fn shops_may_say_it_in_fewer_words() {
    let of_shops = Event::schema_for_shops();
    let fits = [
        json!({"id": "1", "at": 1, "email": "ada@learn.example", "kind": "joined"}),
        json!({"id": "1", "at": 1, "customer": "c-7", "kind": "purchased", "grant": "o-1", "product": "rust-once"}),
        json!({"id": "1", "at": 1, "kind": "payment_failed", "grant": "o-1"}),
    ];
    let (events, _) = played();
    let events = events.iter().map(|event| serde_json::to_value(event).unwrap());
    all_well(&fits.iter().cloned().chain(events).map(|value| question(&of_shops, &value)).collect::<Vec<_>>());
    let wrong = [
        json!({"id": "1", "at": 1, "kind": "joined"}),
        json!({"id": "1", "at": 1, "customer": "c-7", "kind": "purchased", "grant": "o-1"}),
        json!({"at": 1, "customer": "c-7", "kind": "joined"}),
        json!({"id": "1", "at": 1, "customer": "c-7", "kind": "payment_failed", "grant": "o-1", "product": "rust-once"}),
    ];
    for (value, said) in wrong.iter().zip(ask(&wrong.clone().map(|value| question(&of_shops, &value)))) {
        assert!(said.is_string(), "{value}");
    }
}

/// Every example of the reference fits, and there is one of each kind of event and of notification.
#[test]
fn the_reference_has_an_example_of_each() {
    let text = std::fs::read_to_string(repository("docs/webhooks.md")).unwrap();
    let (of_events, of_webhooks) = (Event::schema(), webhooks::schema());
    let (mut questions, mut topics, mut kinds) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for block in text.split("```json\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for value in serde_json::Deserializer::from_str(block).into_iter::<Value>() {
            let value = value.unwrap_or_else(|error| panic!("{error}: {block}"));
            if let Some(topic) = value.get("type").and_then(Value::as_str) {
                topics.insert(topic.to_owned());
                if topic != "ping" {
                    serde_json::from_value::<Message>(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
                }
                questions.push(question(&of_webhooks, &value));
            } else {
                let event: Event =
                    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
                tierpress::ledger::check(&event).unwrap();
                kinds.insert(value["kind"].as_str().unwrap().to_owned());
                questions.push(question(&of_events, &value));
            }
        }
    }
    all_well(&questions);
    let missing: Vec<&str> =
        Topic::ALL.iter().map(|topic| topic.as_str()).filter(|topic| !topics.contains(*topic)).collect();
    assert!(missing.is_empty() && topics.contains("ping"), "no example: {missing:?}");
    let all: BTreeSet<String> = played()
        .0
        .iter()
        .map(|event| serde_json::to_value(event).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(all.difference(&kinds).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What the reference says that receivers do believes what is genuine, and nothing else.
#[test]
fn the_snippets_check_signatures() {
    let receiver = Receiver::start(|_, _| status(200));
    let school = School::new(&receiver.line("crm"));
    school.says("members webhooks test crm --webhooks webhooks.txt");
    let sent = receiver.got().remove(0);
    let text = std::fs::read_to_string(repository("docs/webhooks.md")).unwrap();
    let snippet = |language: &str| text.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let python = "\nimport json, sys\nq = json.loads(sys.argv[1])\nprint(verify(q['secret'], q['headers'], q['body'])['type'])\n";
    let node = "\nconst q = JSON.parse(process.argv[2]);\nconsole.log(verify(q.secret, q.headers, q.body).type);\n";
    for (program, name, code) in [
        (repository("target/stripe/bin/python"), "verify.py", snippet("python").to_owned() + python),
        ("node".into(), "verify.mjs", snippet("js").to_owned() + node),
    ] {
        let file = school.root().join(name);
        std::fs::write(&file, code).unwrap();
        let run = |question: &Value| {
            std::process::Command::new(&program).arg(&file).arg(question.to_string()).output().expect("python and node")
        };
        for secret in SECRETS {
            let output = run(&sent.question(secret, 0));
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                "ping\n",
                "{name}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let mut changed = sent.question(SECRETS[0], 0);
        changed["body"] = json!(sent.body.replace("crm", "crx"));
        assert!(!run(&changed).status.success(), "{name} believes what was changed");
        let mut old = sent.question(SECRETS[0], 0);
        old["headers"]["webhook-timestamp"] = json!((sent.timestamp() - 400).to_string());
        assert!(!run(&old).status.success(), "{name} believes what is old");
    }
}
