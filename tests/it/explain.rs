//! `tierpress explain`: what is in force, where it is written, who can open it when; and that it says what is true.

mod asked;
mod provenance;

use std::process::Command;

use expect_test::Expect;

use crate::built::{NOW, NOW_SECONDS};
use crate::fixture::Fixture;

/// A school with every key somewhere.
const SITE: &str = "\
//- content/_index.md
Home.
//- content/course/_index.md
---
title: Course
access: public
until: 2027-06-30
cascade:
  access: rust-course
  drip: every 7d
---
//- content/course/01-sample.md
---
access: public
---
//- content/course/02-two.md
---
title: Two
---
![](two.png)

Teaser.

<!-- more -->

The rest.

<!-- access: pro; drip: 3d -->

For pro, [the sheet](sheet.txt).

<!-- access: +basic; hidden -->

Deep.

<!-- /access -->
<!-- /access -->
//- content/course/03-bonus.md
---
access: +pro
teaser: none
drip: none
---
//- content/course/two.png
png
//- content/course/sheet.txt
sheet
//- content/course/kept.txt
kept
//- content/blog/2026-12-24-eve.md
Soon.
//- content/blog/2027-12-24-far.md
Far.
//- content/blog/draft.md
---
title: Not yet
draft: true
access: pro
---
//- content/blog/over.md
---
until: 2026-11-01
---
//- content/secret.md
---
access: pro
hidden: true
aliases: [/old/]
---
";

/// Runs the program on a site and gives what it says, errors after answers.
fn said(fixture: &Fixture, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.args(arguments).current_dir(fixture.root()).env("SOURCE_DATE_EPOCH", NOW_SECONDS.to_string());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let code = output.status.code().unwrap();
    let code = if code == 0 { String::new() } else { format!("exit {code}\n") };
    format!("{out}{err}{code}")
}

#[track_caller]
fn check(arguments: &[&str], expected: &Expect) {
    let fixture = Fixture::new(SITE);
    let all: Vec<&str> = ["explain"].into_iter().chain(arguments.iter().copied()).chain(["--now", NOW]).collect();
    expected.assert_eq(&said(&fixture, &all));
}
