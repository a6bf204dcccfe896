//! `tierpress members simulate` and `quote`.

use std::path::Path;
use std::process::{Command, Output};

use expect_test::expect;

const SHOP: &str = "\
access:
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic, downgrade_to: free}
    - {id: pro, title: Pro, downgrade_to: free}
products:
  - {id: basic-monthly, sells: basic, price: {amount: 900, currency: eur}, billing: {every: 1 month}}
  - {id: pro-monthly, sells: pro, price: {amount: 1900, currency: eur}, billing: {every: 1 month}}
";

fn members(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(folder).arg("members").args(arguments).env_remove("SOURCE_DATE_EPOCH");
    command.output().unwrap()
}

/// Plays a timeline: exit code, what it says, and what it complains of.
fn play(text: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ada.yaml"), text).unwrap();
    let output = members(folder.path(), &[&["simulate", "ada.yaml"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn shop(rest: &str) -> String {
    format!("{SHOP}{rest}")
}

#[test]
fn a_timeline_is_told_step_by_step() {
    let story = "title: Ada
events:
  2027-01-01: {buys: basic-monthly}
  2027-01-20: {cancels: basic-monthly}
expect:
  2027-02-01: {tier: free}
";
    let (code, said, faults) = play(&shop(story), &[]);
    expect![[r#"
        Ada

        2027-01-01  buys basic-monthly; pays 9.00 EUR for basic-monthly
          basic-monthly (basic): active, due 2027-02-01
          tier: basic
          token: basic since 2027-01-01; free since 2027-01-01
          > member.joined
          > tier.added: basic-monthly
          > tier.changed: none to basic

        2027-01-20  cancels basic-monthly
          basic-monthly (basic): pending cancellation, until 2027-02-01, due 2027-02-01
          tier: basic
          token: basic since 2027-01-01 until 2027-02-01; free since 2027-01-01 until 2027-02-01
          > tier.cancelling: basic-monthly

        2027-02-01
          basic-monthly (basic): cancelled, until 2027-02-01
          downgrade:basic-monthly (free): active
          tier: free
          token: free since 2027-01-01; basic since 2027-01-01 until 2027-02-01
          > tier.cancelled: basic-monthly
          > tier.added: downgrade:basic-monthly
          > tier.changed: basic to free

        1 expectation, all met
    "#]]
    .assert_eq(&said);
    assert_eq!((code, faults.as_str()), (0, ""));
}

#[test]
fn what_is_not_as_expected_is_said_with_its_place() {
    let story = "events:
  2027-01-01: {buys: basic-monthly}
expect:
  2027-01-02: {tier: pro, grants: {basic-monthly: {state: overdue, due: 2027-02-02}}, holds: basic}
told:
  2027-01-01: [member.joined, tier.changed]
";
    let (code, _, faults) = play(&shop(story), &[]);
    assert_eq!(code, 3);
    expect![[r#"
        error: on 2027-01-02 there should be the tier `pro`, and there is the tier `basic`
          --> ada.yaml:12:16
           |
        12 |   2027-01-02: {tier: pro, grants: {basic-monthly: {state: overdue, due: 2027-02-02}}, holds: basic}
           |                ^^^^^^^^^
    "#]]
    .assert_eq(&faults.split_inclusive("^\n").next().unwrap().replace(" 12 |", "12 |").replace("\n    |", "\n   |"));
    for wanted in [
        "there should be `basic-monthly` overdue, and there is `basic-monthly` active",
        "there should be `basic-monthly` due 2027-02-02, and there is `basic-monthly` due 2027-02-01",
        "there should be `basic`, and there is `basic`, `free`",
        "there should be `member.joined`, `tier.changed`, and there is `member.joined`, `tier.added`, `tier.changed`",
    ] {
        assert!(faults.contains(wanted), "{wanted}\n{faults}");
    }
}

/// Each with the part of its fault, and where it stands: line and column of the timeline after the shop's eight lines.
#[test]
fn mistakes_are_shown_where_they_are() {
    let cases = [
        (
            "events:\n  2027-01-01: {byus: basic-monthly}\n",
            "nothing is said that happens",
            "10:16",
            "did you mean `buys`?",
        ),
        (
            "events:\n  2027-01-01: {buys: basic-montly}\n",
            "there is no product `basic-montly`",
            "10:22",
            "`basic-monthly`?",
        ),
        ("events:\n  2027-13-01: {buys: basic-monthly}\n", "`2027-13-01` is no date", "10:3", "write 2027-01-01"),
        ("events:\n  2027-01-01: {pays: basic-monthly}\n", "there is no grant `basic-monthly`", "10:22", "called like"),
        ("events:\n  2027-01-01: {buys: basic-monthly, at: x}\n", "unknown key `at`", "10:37", "did you mean `as`?"),
        ("events:\n  2027-01-01: {given: por}\n", "unknown tier or bundle `por`", "10:23", "`pro`?"),
        ("events:\n  2027-01-01: {buys: basic-monthly, paid: perhaps}\n", "`paid` is text", "10:43", "`paid: true`"),
        (
            "events:\n  2027-01-01: [joins, {takes: free}, {takes: free}]\n",
            "a grant `free` already",
            "10:46",
            "as: second",
        ),
        ("events: []\n", "`events` is an empty list", "9:9", "write a date"),
        ("expect:\n  2027-01-01: {tier: none}\n", "nothing happens", "1:1", "write `events:"),
        (
            "events:\n  2027-01-01: joins\nexpect:\n  2027-01-02: {teir: free}\n",
            "unknown key `teir`",
            "12:16",
            "`tier`?",
        ),
        (
            "events:\n  2027-01-01: joins\nexpect:\n  2027-01-02: {tier: fre}\n",
            "unknown tier or bundle `fre`",
            "12:22",
            "`free`?",
        ),
        (
            "events:\n  2027-01-01: joins\nexpect:\n  2027-01-02: {grants: {gift: active}}\n",
            "no event begins a grant `gift`",
            "12:25",
            "",
        ),
        (
            "events:\n  2027-01-01: {takes: free}\nexpect:\n  2027-01-02: {grants: {free: activ}}\n",
            "there is no state `activ`",
            "12:31",
            "`active`?",
        ),
        (
            "events:\n  2027-01-01: joins\ntold:\n  2027-01-01: member.jioned\n",
            "no notification `member.jioned`",
            "12:15",
            "`member.joined`?",
        ),
        (
            "events:\n  2027-01-01: joins\nexpect:\n  2027-01-02: {token: free}\n",
            "does not say since when",
            "12:23",
            "since 2027-01-01",
        ),
        (
            "events:\n  2027-01-01: joins\nexpect:\n  2027-01-02: {open: course}\n",
            "`course` is no page",
            "12:22",
            "/course/one/",
        ),
        ("event:\n  2027-01-01: joins\n", "unknown key `event`", "9:1", "`events`?"),
        ("site: elsewhere\nevents:\n  2027-01-01: joins\n", "stands in the site", "1:1", "take one of the two out"),
    ];
    for (rest, message, place, help) in cases {
        let (code, said, faults) = play(&shop(rest), &[]);
        assert_eq!((code, said.as_str()), (2, ""), "{rest}\n{faults}");
        assert!(faults.contains(message), "{rest}\n{faults}");
        assert!(faults.contains(&format!("ada.yaml:{place}")), "{place}: {rest}\n{faults}");
        assert!(faults.contains(help), "{help}\n{faults}");
    }
}

#[test]
fn what_site_yaml_refuses_a_timeline_refuses_too() {
    let text = "access: {tiers: [{id: basic, title: Basic}]}
products: [{id: monthly, sells: [basic], price: {amount: 900, currency: eur}, billing: once}]
events: {2027-01-01: joins}
";
    let (code, _, faults) = play(text, &[]);
    assert_eq!(code, 2, "{faults}");
    assert!(faults.contains("ada.yaml:2:"), "{faults}");
    // The eight days of a plan: with seven it is refused; `plan-eight-days` and `plan-nine-days` are played.
    let text = "access: {bundles: [{id: rust, title: Rust, expires_after: 14d}]}
products: [{id: plan, sells: rust, price: {amount: 900, currency: eur}, billing: {every: 1w, payments: 2}}]
events: {2027-01-01: joins}
";
    let (code, _, faults) = play(text, &[]);
    assert!(code == 2 && faults.contains("ada.yaml:2:") && faults.contains("7 days"), "{faults}");
    let (code, _, faults) = play("[", &[]);
    assert_eq!(code, 2, "{faults}");
    let (code, _, faults) = play("", &[]);
    assert!(code == 2 && faults.contains("ada.yaml"), "{faults}");
}

#[test]
fn pages_need_a_manifest() {
    let story = "events: {2027-01-01: joins}\nexpect: {2027-01-02: {closed: /course/one/}}\n";
    let (code, said, faults) = play(&shop(story), &[]);
    assert_eq!((code, said.as_str()), (2, ""));
    assert!(faults.contains("ada.yaml:10:") && faults.contains("--manifest"), "{faults}");
}

#[test]
fn with_a_manifest_pages_open_and_close() {
    let folder = tempfile::tempdir().unwrap();
    super::pages::manifest("school", &folder.path().join("out"));
    let timelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/members");
    let manifest = folder.path().join("out/manifest.json");
    let output = members(&timelines, &["simulate", "pages-drip.yaml", "--manifest", manifest.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("\n  > content.opened: /course/two/\n  opens: /course/two/\n"), "{said}");
}

#[test]
fn for_machines_it_is_json() {
    let story = "events:\n  2027-01-01: {buys: basic-monthly}\nexpect:\n  2027-01-02: {tier: pro}\n";
    let (code, said, faults) = play(&shop(story), &["--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, faults.as_str()), (3, ""));
    let step = &said["steps"][0];
    assert_eq!(step["member"]["tier"], "basic");
    assert_eq!(step["member"]["grants"][0]["state"], "active");
    assert_eq!(step["member"]["grants"][0]["reference"], "basic-monthly");
    assert_eq!(step["token"][0]["value"], "basic");
    assert_eq!(step["told"][1]["type"], "tier.added");
    assert_eq!(said["failures"][0]["location"]["line"], 12);
}

#[test]
fn the_picture_needs_nothing_else_and_leaks_no_markup() {
    let story = "title: <b>Ada</b>\nevents:\n  2027-01-01: {buys: basic-monthly, as: \"<script>x\"}\n  2027-03-01: {given: pro}\n";
    let (code, said, _) = play(&shop(story), &["--format", "html"]);
    assert_eq!(code, 0);
    for word in ["<script", "<b>", "http:", "https:", "src=", "@import", "url("] {
        assert!(!said.contains(word), "{word}\n{said}");
    }
    for word in ["<svg", "&lt;script&gt;x", "prefers-color-scheme:dark", ">active<", "overdue"] {
        assert!(said.contains(word), "{word}\n{said}");
    }
}

#[test]
fn a_quote_is_worked_out_of_products() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("site.yaml"),
        format!("base_url: https://a.example\n{SHOP}").replace("access:\n", "access:\n  default: public\n"),
    )
    .unwrap();
    let quote = |arguments: &[&str]| {
        let output = members(folder.path(), &[&["quote"], arguments].concat());
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    };
    let usual = ["basic-monthly", "pro-monthly", "--since", "2027-01-01", "--at"];
    let at = |day: &str, more: &[&str]| quote(&[&usual[..], &[day], more].concat());
    let said = "4.64 EUR of credit on the first 19.00 EUR of `pro-monthly`: 1382400 of 2678400 seconds are left\n";
    assert_eq!(at("2027-01-16", &[]), (0, said.to_owned()));
    assert!(at("2027-01-16", &["--refunded", "900"]).1.starts_with("no credit"));
    assert!(at("2027-02-01", &[]).1.starts_with("no credit"));
    let (code, said) = at("2027-01-16", &["--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["credit"]["amount"]), (0, &serde_json::json!(464)));

    for (day, more, reason) in [
        ("2027-01-16", &["--refunded", "901"][..], "`--refunded 901` is more than the 900 that was paid"),
        ("2027-01-16", &["--paid", "300", "--refunded", "301"], "`--refunded 301` is more than the 300 that was paid"),
        ("2026-12-31", &[], "the switch is before the period that it cuts short, which begins at `2027-01-01`"),
        ("2027-01-16", &["--until", "2027-01-01"], "the period ends before it begins, at `2027-01-01`"),
    ] {
        let (code, said) = at(day, more);
        assert!(code == 2 && said.contains(reason), "{said}");
    }
    assert_eq!(at("2027-02-01", &[]).1, "no credit: nothing is left of the period\n");
    let (code, said) = quote(&["basic-montly", "pro-monthly", "--since", "2027-01-01"]);
    assert!(code == 2 && said.contains("did you mean `basic-monthly`?"), "{said}");
    let (code, said) = quote(&["basic-monthly", "pro-monthly", "--since", "soon"]);
    assert!(code == 2 && said.contains("`--since soon` is no date"), "{said}");
}
