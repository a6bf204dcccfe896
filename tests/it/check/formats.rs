//! How findings are said to people and to other programs, as the program says them.

use std::collections::BTreeSet;

use expect_test::expect;
use serde_json::Value;
use tierpress::diagnostic::lint::Lint;

use super::{run, shop, stdout};
use crate::fixture::Fixture;

/// Two warnings, one with a line and one with two places; names that have to be escaped.
const SITE: &str = "\
//- content/course/01-one.md
one
//- content/course/01-two, 100%: ü.md
---
title: Two
---
two

<!-- access: basic -->
[ä](https://x.example) and ![x](x.png)
<!-- /access -->

<!-- access: public -->
for all
<!-- /access -->
//- content/course/x.png
x
";

fn fixture() -> Fixture {
    shop(SITE)
}

#[test]
fn people_are_told_the_id() {
    let output = run(&fixture(), &[]);
    assert_eq!(output.status.code(), Some(0));
    expect![[r#"
        warning[duplicate-order]: the order number 1 is given twice here; their names alone say which comes first
          --> content/course/01-two, 100%: ü.md
          --> content/course/01-one.md
          help: rename one of the two; numbers are no part of a URL

        warning[idle-block]: this block never closes: whoever reads what is around it may read it too
          --> content/course/01-two, 100%: ü.md:10:14
            |
         10 | <!-- access: public -->
            |              ^^^^^^
          help: a block narrows the page's `access`: name those of its readers who may go on, or take the two markers out

    "#]].assert_eq(&String::from_utf8(output.stderr.clone()).unwrap());
    expect![[r#"
        4 pages in 13 forms; 2 warnings
    "#]]
    .assert_eq(&stdout(&output));
    assert_eq!(run(&fixture(), &["--strict"]).status.code(), Some(3));
    let allowed = run(&fixture(), &["--strict", "--allow", "idle-block", "--allow", "duplicate-order content/**"]);
    assert_eq!(allowed.status.code(), Some(0));
    let unknown = run(&fixture(), &["--allow", "idle-blocks"]);
    assert_eq!(unknown.status.code(), Some(2));
    expect![[r#"
        error: `--allow idle-blocks`: there is no lint `idle-blocks`
          help: did you mean `idle-block`?

        1 error
    "#]]
    .assert_eq(&String::from_utf8(unknown.stderr).unwrap());
}

#[test]
fn json_has_the_id_of_every_finding() {
    let output: Value = serde_json::from_str(&stdout(&run(&fixture(), &["--format", "json"]))).unwrap();
    let ids: Vec<&str> =
        output["diagnostics"].as_array().unwrap().iter().map(|finding| finding["lint"].as_str().unwrap()).collect();
    assert_eq!(ids, ["duplicate-order", "idle-block"]);
    assert_eq!(output["diagnostics"][1]["location"]["line"], 10);
    let faulty = Fixture::new("---\nacces: pro\n---\n");
    let output = run(&faulty, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let output: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(output["diagnostics"][0]["lint"], "build-error");
    assert_eq!(output["diagnostics"][0]["severity"], "error");
}

#[test]
fn github_is_told_by_workflow_commands() {
    expect![[r#"
        ::warning file=content/course/01-two%2C 100%25%3A ü.md,title=tierpress%3A duplicate-order::the order number 1 is given twice here; their names alone say which comes first%0Asee also content/course/01-one.md%0Ahelp: rename one of the two; numbers are no part of a URL
        ::warning file=content/course/01-two%2C 100%25%3A ü.md,line=10,col=14,endColumn=20,title=tierpress%3A idle-block::this block never closes: whoever reads what is around it may read it too%0Ahelp: a block narrows the page's `access`: name those of its readers who may go on, or take the two markers out
    "#]].assert_eq(&stdout(&run(&fixture(), &["--format", "github"])));
    // Where the site lies in a folder of the repository, annotations name files from its root.
    let fixture = fixture();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(fixture.root().parent().unwrap());
    let output =
        command.args(["check", "--root", "./site/", "--now", crate::built::NOW, "--format", "github"]).output();
    let said = stdout(&output.unwrap());
    assert!(said.lines().all(|line| line.contains(" file=site/content/course/01-two")), "{said}");
}

/// What the schema of SARIF 2.1.0 requires of the objects that are written, and the rules of its text about them.
#[test]
fn sarif_is_well_formed() {
    let output = run(&fixture(), &["--format", "sarif"]);
    assert_eq!(output.status.code(), Some(0));
    let log: Value = serde_json::from_str(&stdout(&output)).unwrap();
    keys(&log, &["$schema", "version", "runs"]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    keys(run, &["tool", "columnKind", "results"]);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    keys(driver, &["name", "semanticVersion", "rules"]);
    let rules = driver["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "rule ids are unique");
    assert_eq!(ids, Lint::ALL.iter().map(|lint| lint.id()).collect());
    for rule in rules {
        keys(rule, &["id", "shortDescription", "defaultConfiguration"]);
        keys(&rule["shortDescription"], &["text"]);
        assert!(["warning", "error"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["level"], "warning");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(artifact["uri"], "content/course/01-two%2C%20100%25%3A%20%C3%BC.md");
        assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
    }
    let other = &results[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(other["uri"], "content/course/01-one.md");
    let region = &results[1]["locations"][0]["physicalLocation"]["region"];
    keys(region, &["startLine", "startColumn", "endColumn", "snippet"]);
    assert_eq!([&region["startLine"], &region["startColumn"], &region["endColumn"]], [10, 14, 20]);
}

#[track_caller]
fn keys(object: &Value, expected: &[&str]) {
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(keys, expected);
}

#[test]
fn links_are_told_by_reader() {
    let fixture = shop(
        "\
//- content/_index.md
---
title: Home
---
[one](course/01-one.md) [two](course/02-two.md)

<!-- access: basic -->
[hidden](hidden.md) [sheet](course/sheet.txt)
<!-- /access -->
//- content/hidden.md
---
access: basic
hidden: true
---
x
//- content/course/_index.md
---
title: Course
cascade: {access: [pro, rust-course]}
---
//- content/course/01-one.md
---
title: One
---
above

<!-- more -->
[sheet](sheet.txt)
//- content/course/02-two.md
---
title: Two
drip: 7d
---
two
//- content/course/sheet.txt
x
",
    );
    let output = run(&fixture, &["--links", "--format", "text"]);
    expect![[r#"
        content/_index.md:4:7 leads to /course/one/: visitor teaser; free teaser; basic teaser; pro open; rust-course open; cheatsheets teaser
        content/_index.md:4:31 leads to /course/two/: visitor cover; free cover; basic cover; pro open, later; rust-course open, later; cheatsheets cover
        content/_index.md:7:10 leads to /hidden/: basic open; pro open
        content/_index.md:7:29 leads to /course/sheet.txt: basic denied; pro open
        content/course/01-one.md:7:9 leads to /course/sheet.txt: pro open; rust-course open
        5 pages in 23 forms; 2 warnings
    "#]].assert_eq(&stdout(&output));
    let output: Value = serde_json::from_str(&stdout(&run(&fixture, &["--links", "--format", "json"]))).unwrap();
    assert_eq!(output["links"][1]["url"], "/course/two/");
    assert_eq!(output["links"][1]["readers"][0]["reader"], "visitor");
    assert_eq!(output["links"][1]["readers"][0]["given"][0], "cover");
}
