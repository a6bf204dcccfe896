//! `tierpress members webhooks`, as it is typed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tierpress::ledger::{Ledger, Unread};
use tierpress::time::Timestamp;

use super::School;
use super::receiver::{Receiver, SECRETS, all_well, status};

#[test]
fn a_manager_sees_what_was_told_and_tells_it_again() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| status(if is_well.load(Ordering::Relaxed) { 200 } else { 500 }));
    let school = School::new(&format!("crm http://{}/ {} tier.*\n", receiver.address, SECRETS[0]));
    let deliver = |now: &str| school.says(&format!("members deliver --webhooks webhooks.txt --now {now}"));
    school.says("members grant ada@school.example free --new --now 2026-12-01");
    assert_eq!(deliver("2027-01-01"), "0 notifications delivered, 0 failed\n");
    assert_eq!(
        school.says("members webhooks list --now 2027-01-01"),
        "endpoint  waiting  delivered  dead  how it is\ncrm       0        0          0     was told everything\n1 endpoint\n"
    );
    let shown = school.says("members grant ada@school.example pro --id gift --now 2027-01-02");
    assert!(shown.contains("notifications not delivered yet"), "{shown}");
    assert_eq!(deliver("2027-01-02T00:00:00Z"), "0 notifications delivered, 1 failed\n");
    assert_eq!(deliver("2027-01-02T00:00:04Z"), "0 notifications delivered, 0 failed\n", "it is too soon");
    let log = school.says("members webhooks log ada@school.example --now 2027-01-02");
    assert!(log.contains("crm: again at 2027-01-02T00:00:0") && log.contains(", it answered 500"), "{log}");
    assert!(log.contains("crm: waits"), "{log}");
    // Ten attempts, whenever they are made, and it is given up; the next one has its turn.
    for day in (10..28).step_by(2) {
        assert_eq!(deliver(&format!("2027-01-{day}")), "0 notifications delivered, 1 failed\n");
    }
    let dead: serde_json::Value =
        serde_json::from_str(&school.says("members webhooks log --dead --endpoint crm --format json")).unwrap();
    let dead = dead["notifications"].as_array().unwrap();
    assert_eq!((dead.len(), &dead[0]["news"]["type"]), (1, &"tier.superseded".into()));
    assert_eq!((&dead[0]["endpoints"][0]["state"], &dead[0]["endpoints"][0]["attempts"]), (&"dead".into(), &10.into()));
    let list = school.says("members webhooks list --now 2027-01-28");
    assert!(list.contains("fails: it answered 500"), "{list}");
    well.store(true, Ordering::Relaxed);
    let id = dead[0]["id"].as_str().unwrap();
    let before = receiver.count();
    assert_eq!(school.says("members webhooks replay --dead --now 2027-01-29"), "1 notification sent again\n");
    deliver("2027-01-29");
    let got = receiver.got()[before..].to_vec();
    assert_eq!(got[0].id(), id, "it comes before what waited behind it, under the name it had");
    assert!(got.len() >= 2 && got.is_sorted_by_key(|received| received.number().1));
    let log = school.says("members webhooks log --endpoint crm --now 2027-01-29");
    assert!(log.contains("crm: arrived") && !log.contains("again at") && !log.contains("given up"), "{log}");
    assert!(!school.says("members show ada@school.example --now 2027-01-29").contains("not delivered"));
    // One by its name, and all since a day.
    assert_eq!(school.says(&format!("members webhooks replay {id} --now 2027-01-30")), "1 notification sent again\n");
    let all = school.says("members webhooks replay --since 2026-01-01 --endpoint crm --now 2027-01-30 --format json");
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert!(all["replayed"].as_u64().unwrap() >= 3, "{all}");
    deliver("2027-01-30");
    let (code, said) = school.refuses("members webhooks replay msg_nothing --now 2027-01-30");
    assert!(code == 2 && said.contains("there is no notification `msg_nothing`"), "{said}");
    assert_eq!(school.refuses("members webhooks replay --now 2027-01-30").0, 2, "nothing says what");
    let list = school.says("members webhooks forget crm --now 2027-01-30");
    assert_eq!(list, "0 endpoints\n");
    assert!(school.refuses("members webhooks enable crm").1.contains("no endpoint `crm` is known"));
}

#[test]
fn a_secret_is_made_and_faults_show_none() {
    let school = School::new("");
    let secret = school.says("members webhooks secret");
    school.endpoints(&format!("crm https://crm.example/ {}", secret));
    school.says("members grant ada@school.example pro --new");
    school.endpoints(&format!(
        "crm http://crm.example/canarypath {secret}mails https://crm.example/ whsec_canary tier.add\n"
    ));
    let (code, said) = school.refuses("members deliver --webhooks webhooks.txt");
    assert_eq!(code, 2);
    for part in
        ["webhooks.txt:1:5", "webhooks.txt:2:28", "would be sent in the clear", "unknown notification `tier.add`"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("canary") && !said.contains(secret.trim()), "{said}");
}

#[test]
fn what_is_settled_is_dismissed() {
    let school = School::new("");
    school.says("members grant ada@school.example pro --new");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = Ledger::open(school.root().join("members.db").to_str().unwrap()).await.unwrap();
        for (source, id) in [("stripe", "evt_1"), ("stripe", "evt_2"), ("books", "evt_2")] {
            let (source, id, why) = (source.to_owned(), id.to_owned(), "nobody sells that".to_owned());
            let unread = Unread { source, id, at: Timestamp::saturating(1), why, payload: b"{}".to_vec() };
            ledger.keep_unread(&unread, None, None).await.unwrap();
        }
        ledger.close().await;
    });
    assert!(school.says("members events --dismiss evt_1").contains("2 events not understood"));
    let (code, said) = school.refuses("members events --dismiss evt_1");
    assert!(code == 2 && said.contains("nothing that is not understood has the id `evt_1`"), "{said}");
    assert!(school.refuses("members events --dismiss evt_2").1.contains("say which with `--source`: books, stripe"));
    assert!(school.says("members events --dismiss evt_2 --source books").contains("1 event not understood"));
}

#[test]
fn a_ping_tries_an_endpoint() {
    let receiver = Receiver::start(|number, _| status(if number == 0 { 204 } else { 404 }));
    let school = School::new(&receiver.line("crm"));
    let said = school.says("members webhooks test crm --webhooks webhooks.txt");
    assert_eq!(said, "`crm` took the ping: it answered 204\n");
    let got = receiver.got();
    assert_eq!((&got[0].json()["type"], &got[0].json()["data"]["endpoint"]), (&"ping".into(), &"crm".into()));
    all_well(&[got[0].question(SECRETS[1], got[0].timestamp())]);
    let (code, said) = school.refuses("members webhooks test crm --webhooks webhooks.txt");
    assert_eq!((code, said.as_str()), (3, "`crm` did not take the ping: it answered 404\n"));
    let (code, said) = school.refuses("members webhooks test mails --webhooks webhooks.txt");
    assert!(code == 2 && said.contains("there is no endpoint `mails`"), "{said}");
}
