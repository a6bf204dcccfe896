//! Out of one ledger and into another, and in from elsewhere.

use std::sync::Arc;

use expect_test::{Expect, expect};
use tierpress::diagnostic::Source;
use tierpress::ledger::address::Address;
use tierpress::ledger::table::{self, Row};
use tierpress::ledger::{About, Imported, Ledger, Line, Present, Refused};
use tierpress::load::dates;
use tierpress::members::event::What;

use super::{Place, append, bought, day, event, granted, has, holds, on_both, rules, school};

on_both! {
    all_that_goes_out_comes_in,
    an_import_is_whole_or_nothing,
    another_systems_members_keep_their_dates,
}

async fn export(ledger: &Ledger) -> String {
    let mut text = String::new();
    let mut write = |line: &str| {
        text.push_str(line);
        text.push('\n');
        Ok(())
    };
    ledger.export(&mut write).await.unwrap();
    text
}

fn read(text: &str) -> Vec<(usize, Line)> {
    Line::read(Source { file: &"export.jsonl".into(), text }).unwrap()
}

async fn all_that_goes_out_comes_in(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    let ada: Address = "Ada@school.example".parse().unwrap();
    let member = ledger.join(&ada).await.unwrap();
    append(&ledger, &granted("1", &member, day(0), "pro"), &present).await;
    append(&ledger, &granted("2", "m_former", day(1), "rust-course"), &present).await;
    ledger.merge("m_former", &member, &present).await.unwrap();
    append(&ledger, &granted("3", "m_gone", day(1), "pro"), &present).await;
    append(&ledger, &event("4", "m_gone", day(2), What::Erased {}), &present).await;
    let about = About { address: Some(&ada), customer: Some("cus_'1"), ..About::default() };
    let [first, paid] = bought("5", "", day(3), "basic");
    let (apart, _) =
        ledger.append_about(("shop", &about), std::slice::from_ref(&first), Some(b"payload"), &present).await.unwrap();
    ledger.append_about(("shop", &about), std::slice::from_ref(&paid), None, &present).await.unwrap();
    let exported = export(&ledger).await;
    assert!(!holds(exported.as_bytes(), "payload"));

    // Into both kinds of database, whichever this one is.
    for other in [Place::sqlite(), Place::postgres()] {
        let copy = other.ledger().await;
        let lines = read(&exported);
        let imported = copy.import(&lines, &present).await.unwrap().unwrap();
        assert_eq!((imported.new, imported.known), (6, 0));
        assert_eq!(export(&copy).await, exported, "byte for byte");
        let again = copy.import(&lines, &present).await.unwrap().unwrap();
        assert_eq!((again.new, again.known), (0, 6), "a second time changes nothing");
        assert_eq!(export(&copy).await, exported);
        assert_eq!(copy.told(&member).await.unwrap(), [], "what is moved is no news");
        // It goes on where the other one stopped.
        assert_eq!(has(&copy, "m_former", &present).await, "pro+rust-course");
        assert_eq!(copy.member_by_address(&ada).await.unwrap().as_ref(), Some(&member));
        assert_eq!(copy.waiting_for(&member).await.unwrap()[0].id, apart);
        let late = event("6", "", day(4), What::PaymentFailed { grant: "order-5".to_owned() });
        let about = About::default();
        assert_eq!(
            copy.append_about(("shop", &about), std::slice::from_ref(&late), None, &present).await.unwrap().0,
            apart
        );
        copy.accept(&member, &apart, &present).await.unwrap();
        append(&copy, &granted("7", &member, day(5), "sourdough"), &present).await;
        assert!(!copy.told(&member).await.unwrap().is_empty(), "what happens then is news");
    }
}

async fn an_import_is_whole_or_nothing(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let present = Present { rules: &rules, now: day(10) };
    append(&ledger, &granted("1", "m_ada", day(0), "pro"), &present).await;
    let ada: Address = "ada@school.example".parse().unwrap();
    let member = ledger.join(&ada).await.unwrap();
    let before = export(&ledger).await;
    let line = |event| serde_json::to_string(&event).unwrap();
    let text = [
        line(granted("2", "m_new", day(0), "pro")),
        line(granted("1", "m_ada", day(0), "basic")),
        r#"{"record":"person","member":"m_other","address":"ADA@school.example"}"#.to_owned(),
        String::new(),
        r#"{"record":"person","member":"m_third","address":"nobody"}"#.to_owned(),
        line(granted("2", "m_new", day(0), "basic")),
    ]
    .join("\n");
    let faults = ledger.import(&read(&text), &present).await.unwrap().unwrap_err();
    let numbers: Vec<usize> = faults.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [2, 3, 5, 6], "{faults:?}");
    assert_eq!(faults[1].1, Refused::Taken(member));
    assert_eq!(export(&ledger).await, before, "and nothing of the others");
}

#[test]
fn an_old_export_does_not_bring_back_who_was_erased() {
    super::run(Place::sqlite(), async |place| {
        let (ledger, config) = (place.ledger().await, school());
        let rules = rules(&config);
        let present = Present { rules: &rules, now: day(10) };
        let ada: Address = "canary@school.example".parse().unwrap();
        let member = ledger.join(&ada).await.unwrap();
        append(&ledger, &granted("1", &member, day(0), "pro"), &present).await;
        let old = export(&ledger).await;
        append(&ledger, &event("2", &member, day(1), What::Erased {}), &present).await;
        let faults = ledger.import(&read(&old), &present).await.unwrap().unwrap_err();
        assert_eq!(faults, [(1, Refused::Erased(member.clone()))]);
        ledger.close().await;
        assert!(!holds(&place.bytes(), "canary"));
    });
}

fn rows(text: &str) -> Result<Vec<Row>, String> {
    let config = school();
    let source = Source { file: &"members.csv".into(), text };
    let dates = |text: &str| dates::parse(text, &config.zone);
    let read = table::read(source, &config.catalogue, &dates);
    read.map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect())
}

async fn another_systems_members_keep_their_dates(place: Arc<Place>) {
    let (ledger, config) = (place.ledger().await, school());
    let rules = rules(&config);
    let at = |now| Present { rules: &rules, now: day(now) };
    let text = "email,access_control,since,until\r\n\
                Ada@School.example,pro,2026-03-01,2027-01-31\r\n\
                \"bob,jr@school.example\",pro,2026-03-01,\r\n";
    assert!(rows(text).unwrap_err().contains("no mail address"), "a comma is none of an address");
    let text = "since,email,access_control,until\n\
                2026-03-01,Ada@School.example,pro,2027-01-31\n\
                2026-04-01,ada@school.example,rust-course,\n\
                \"2026-05-01\",zo\u{eb}@school.example,basic,2026-12-31\n\
                2026-05-01,o'hara@school.example,basic,\n";
    let rows = rows(text).unwrap();
    let imported = ledger.import_table(&rows, &at(10)).await.unwrap().unwrap();
    assert_eq!(imported, Imported { new: 4, known: 0, members: 3 });
    let ada = ledger.member_by_address(&"ada@school.example".parse().unwrap()).await.unwrap().unwrap();
    let zoe = ledger.member_by_address(&"zoe\u{308}@school.example".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(has(&ledger, &ada, &at(10)).await, "pro+rust-course");
    let held = ledger.member(&ada, &at(10)).await.unwrap().unwrap().member;
    let pro = held.grants.iter().find(|grant| grant.access_control.as_str() == "pro").unwrap();
    assert_eq!(pro.since.to_string(), "2026-03-01T00:00:00Z");
    assert_eq!(pro.until.unwrap().to_string(), "2027-02-01T00:00:00Z", "the last day is one of them");
    assert!(!has(&ledger, &zoe, &at(10)).await.contains("basic"), "what is over is over");
    assert!(!has(&ledger, &ada, &at(31)).await.contains("pro"), "and what will be over will be");
    assert_eq!(ledger.told(&ada).await.unwrap(), [], "what is moved is no news");
    ledger.tick(10, &at(31)).await.unwrap();
    assert!(!ledger.told(&ada).await.unwrap().is_empty(), "what ends later is");

    let before = export(&ledger).await;
    let again = ledger.import_table(&rows, &at(20)).await.unwrap().unwrap();
    assert_eq!(again, Imported { new: 0, known: 4, members: 3 });
    assert_eq!(export(&ledger).await, before);
    let renewed =
        self::rows("email,access_control,since,until\nada@school.example,pro,2026-03-01,2028-01-31\n").unwrap();
    let renewed = ledger.import_table(&renewed, &at(20)).await.unwrap().unwrap();
    assert_eq!(renewed, Imported { new: 1, known: 0, members: 1 });
    assert_eq!(has(&ledger, &ada, &at(31)).await, "pro+rust-course");
}

fn faulty(text: &str, expected: Expect) {
    expected.assert_eq(&rows(text).expect_err("faults"));
}

#[test]
fn every_fault_of_a_table_in_one_run() {
    faulty(
        "email;access_control;since;until\n\
         ada@school.example;pro;2026-03-01;\n\
         ada at school;prro;1/2/2026;never\n\
         bob@school.example;rust-course;2026-03-01;2026-02-01\n\
         \"two\nlines\";basic;;\n\
         eve@school.example;pro\n\
         ADA@school.example;pro;2026-03-01;\n",
        expect![[r#"
            error: `ada at school` is no mail address
              --> members.csv:3:1
               |
             3 | ada at school;prro;1/2/2026;never
               | ^^^^^^^^^^^^^
              help: a mail address is a name, `@` and a domain
            error: unknown tier or bundle `prro`
              --> members.csv:3:15
               |
             3 | ada at school;prro;1/2/2026;never
               |               ^^^^
              help: did you mean `pro`?
            error: `1/2/2026` is no date
              --> members.csv:3:20
               |
             3 | ada at school;prro;1/2/2026;never
               |                    ^^^^^^^^
              help: write 2026-12-01, or 2026-12-01T09:00:00Z
            error: `never` is no date
              --> members.csv:3:29
               |
             3 | ada at school;prro;1/2/2026;never
               |                             ^^^^^
              help: write 2026-12-01, or 2026-12-01T09:00:00Z
            error: this ends before it begins
              --> members.csv:4:43
               |
             4 | bob@school.example;rust-course;2026-03-01;2026-02-01
               |                                           ^^^^^^^^^^
            error: `two lines` is no mail address
              --> members.csv:5:1
               |
             5 | "two
               | ^^^^
              help: a mail address is a name, `@` and a domain
            error: a start is missing
              --> members.csv:6:14
               |
             6 | lines";basic;;
               |              ^
              help: write 2026-12-01, or 2026-12-01T09:00:00Z
            error: this line has 2 fields, and the first one 4
              --> members.csv:7:1
               |
             7 | eve@school.example;pro
               | ^^^^^^^^^^^^^^^^^^
            error: this line says what another one says
              --> members.csv:8:1
               |
             8 | ADA@school.example;pro;2026-03-01;
               | ^^^^^^^^^^^^^^^^^^
              --> members.csv:2:1
               |
             2 | ada@school.example;pro;2026-03-01;
               | ^^^^^^^^^^^^^^^^^^
        "#]],
    );
    faulty(
        "mail,access_control,start,Since,until,since\n",
        expect![[r#"
        error: unknown column `mail`
          --> members.csv:1:1
           |
         1 | mail,access_control,start,Since,until,since
           | ^^^^
          help: did you mean `email`?
        error: unknown column `start`
          --> members.csv:1:21
           |
         1 | mail,access_control,start,Since,until,since
           |                     ^^^^^
          help: the first line names the columns: email,access_control,since,until,stripe_customer
        error: the column `since` stands here twice
          --> members.csv:1:39
           |
         1 | mail,access_control,start,Since,until,since
           |                                       ^^^^^
        error: there is no column `email`
          --> members.csv:1:1
           |
         1 | mail,access_control,start,Since,until,since
           | ^^^^
          help: the first line names the columns: email,access_control,since,until,stripe_customer
    "#]],
    );
    faulty(
        "",
        expect![[r#"
        error: the table is empty
          --> members.csv:1:1
          help: the first line names the columns: email,access_control,since,until,stripe_customer
    "#]],
    );
    faulty(
        "email,access_control\n",
        expect![[r#"
        error: there is no column `since`
          --> members.csv:1:1
           |
         1 | email,access_control
           | ^^^^^
          help: the first line names the columns: email,access_control,since,until,stripe_customer
    "#]],
    );
}

#[test]
fn customers_of_stripe_are_named_or_left_out() {
    let table = "email,access_control,since,until,stripe_customer\n\
                 ada@school.example,pro,2026-03-01,,cus_A1\n\
                 ADA@school.example,rust-course,2026-03-01,, cus_A1 \n\
                 bob@school.example,pro,2026-03-01,,\n";
    let customers: Vec<_> = rows(table).unwrap().into_iter().map(|row| row.customer).collect();
    assert_eq!(customers, [Some("cus_A1".to_owned()), Some("cus_A1".to_owned()), None]);
    faulty(
        "email,access_control,since,stripe_customer\n\
         ada@school.example,pro,2026-03-01,sub_1\n\
         ada@school.example,pro,2026-03-02,cus_A1\n\
         bob@school.example,pro,2026-03-01,cus_A1\n",
        expect![[r#"
            error: `sub_1` is no customer of Stripe
              --> members.csv:2:35
               |
             2 | ada@school.example,pro,2026-03-01,sub_1
               |                                   ^^^^^
              help: it begins with `cus_`; leave it empty for those who do not pay there
            error: the customer `cus_A1` is somebody else's in this table
              --> members.csv:4:1
               |
             4 | bob@school.example,pro,2026-03-01,cus_A1
               | ^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn every_fault_of_lines_in_one_run() {
    let text = "\u{feff}{\"source\":\"a\",\"id\":\"1\",\"at\":0,\"member\":\"m_ada\",\"kind\":\"joined\"}\n\
                \n  {\"source\":\"a\",\"id\":\"2\",\"at\":0,\"member\":\"m_ada\",\"kind\":\"vanished\"}\n\
                {\"source\":\"a\",\"id\":\"3\",\"at\":0,\"member\":\"ada@school.example\",\"kind\":\"joined\"}\n\
                {\"record\":\"person\",\"member\":\"m_ada\",\"adress\":\"ada@school.example\"}\n\
                {\"source\":\"a\",,}\nnothing\n";
    let faults = Line::read(Source { file: &"export.jsonl".into(), text }).unwrap_err();
    let text: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    expect![[r#"
        error: unknown variant `vanished`, expected one of `joined`, `purchased`, `payment_succeeded`, `payment_failed`, `cancelled`, `uncancelled`, `switched`, `refunded`, `disputed`, `granted`, `revoked`, `erased`
          --> export.jsonl:3:3
           |
         3 |   {"source":"a","id":"2","at":0,"member":"m_ada","kind":"vanished"}
           |   ^
          help: each line is an event or a record, as `tierpress members export` writes them
        error: `member` of an event looks like a mail address: names outlive those whom they would name
          --> export.jsonl:4:1
           |
         4 | {"source":"a","id":"3","at":0,"member":"ada@school.example","kind":"joined"}
           | ^
          help: each line is an event or a record, as `tierpress members export` writes them
        error: unknown field `adress`, expected `member` or `address`
          --> export.jsonl:5:1
           |
         5 | {"record":"person","member":"m_ada","adress":"ada@school.example"}
           | ^
          help: each line is an event or a record, as `tierpress members export` writes them
        error: this is no JSON: key must be a string
          --> export.jsonl:6:15
           |
         6 | {"source":"a",,}
           |               ^
          help: each line is an event or a record, as `tierpress members export` writes them
        error: this is no JSON: expected ident
          --> export.jsonl:7:2
           |
         7 | nothing
           |  ^
          help: each line is an event or a record, as `tierpress members export` writes them
    "#]].assert_eq(&text);
}
