//! `tierpress list`: every page once, with its state.

use std::process::Command;

use expect_test::{Expect, expect};

use crate::built::{NOW, NOW_SECONDS};
use crate::fixture::Fixture;

const SITE: &str = "\
//- content/_index.md
Home.
//- content/404.md
Nothing here.
//- content/course/_index.md
---
access: public
cascade: {access: [rust-course, pro], drip: every 7d}
---
//- content/course/01-one.md
One.
//- content/course/02-two.md
---
title: \"Two, with a comma\"
---
//- content/blog/2026-12-24-eve.md
---
announce: true
---
//- content/blog/2027-12-24-far.md
Far.
//- content/blog/draft.md
---
draft: true
access: members
---
//- content/blog/over.md
---
until: 2026-11-01
---
//- content/secret.md
---
access: pro
hidden: true
until: 2027-01-31
---
";

#[track_caller]
fn check(arguments: &[&str], expected: &Expect) {
    let fixture = Fixture::new(SITE);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.arg("list").args(arguments).args(["--now", NOW]).current_dir(fixture.root());
    let output = command.env("SOURCE_DATE_EPOCH", NOW_SECONDS.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    expected.assert_eq(&format!("{text}exit {}\n", output.status.code().unwrap()));
}

#[test]
fn all_pages() {
    check(
        &[],
        &expect![[r#"
        path          access            state      date        release     until       drip    hidden  source
        /             public            published                                                      content/_index.md
                      public            published                                                      content/404.md
        /blog/eve/    public            announced  2026-12-24  2026-12-24                              content/blog/2026-12-24-eve.md
        /blog/far/    public            later      2027-12-24  2027-12-24                              content/blog/2027-12-24-far.md
        /blog/draft/  members           draft                                                          content/blog/draft.md
        /blog/over/   public            expired                            2026-11-01                  content/blog/over.md
        /course/      public            published                                                      content/course/_index.md
        /course/one/  rust-course, pro  published                                                      content/course/01-one.md
        /course/two/  rust-course, pro  published                                      7 days          content/course/02-two.md
        /secret/      pro               published                          2027-01-31          hidden  content/secret.md
        content/blog/2027-12-24-far.md is not published: its release, 2027-12-24, is more than 90 days away
        content/blog/over.md is not published: its time is over
        10 pages, 3 not published
        exit 0
    "#]],
    );
}

#[test]
fn drafts_and_skipped() {
    check(
        &["--drafts"],
        &expect![[r#"
        path          access   state  source
        /blog/draft/  members  draft  content/blog/draft.md
        1 page, 1 not published
        exit 0
    "#]],
    );
    check(
        &["--skipped", "--format", "csv"],
        &expect![[r#"
        path,access,state,date,release,until,drip,hidden,title,source,skipped
        /blog/far/,public,later,2027-12-24,2027-12-24,,,,Far,content/blog/2027-12-24-far.md,"its release, 2027-12-24, is more than 90 days away"
        /blog/draft/,members,draft,,,,,,Draft,content/blog/draft.md,it is a draft
        /blog/over/,public,expired,,,2026-11-01,,,Over,content/blog/over.md,its time is over
        exit 0
    "#]],
    );
}

#[test]
fn by_access() {
    check(
        &["--access", "pro"],
        &expect![[r#"
        path          access            state      until       drip    hidden  source
        /course/one/  rust-course, pro  published                              content/course/01-one.md
        /course/two/  rust-course, pro  published              7 days          content/course/02-two.md
        /secret/      pro               published  2027-01-31          hidden  content/secret.md
        3 pages
        exit 0
    "#]],
    );
    check(
        &["--access", "members"],
        &expect![[r#"
        path          access   state  source
        /blog/draft/  members  draft  content/blog/draft.md
        1 page, 1 not published
        exit 0
    "#]],
    );
    check(
        &["--access", "pr"],
        &expect![[r#"
        error: `--access`: unknown tier or bundle `pr`
          help: did you mean `pro`?

        1 error
        exit 2
    "#]],
    );
}

/// RFC 4180, and no title is a formula.
#[test]
fn a_spreadsheet_is_given_text() {
    let fixture = Fixture::new(
        "---\ntitle: '=HYPERLINK(\"http://evil.example\", \"x\")'\n---\n//- content/b.md\n---\ntitle: '+1'\n---\n",
    );
    let output = Command::new(env!("CARGO_BIN_EXE_tierpress"))
        .args(["list", "--format", "csv", "--now", NOW])
        .current_dir(fixture.root())
        .output()
        .unwrap();
    expect![[r#"
        path,access,state,date,release,until,drip,hidden,title,source,skipped
        /a/,public,published,,,,,,"'=HYPERLINK(""http://evil.example"", ""x"")",content/a.md,
        /b/,public,published,,,,,,'+1,content/b.md,
    "#]]
    .assert_eq(&String::from_utf8(output.stdout.clone()).unwrap().replace("\r\n", "\n"));
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    assert!(
        lines.clone().count() == 3 && lines.into_iter().all(|line| line.ends_with(b"\r")),
        "every line ends with CRLF"
    );
}

#[test]
fn for_machines() {
    check(
        &["--access", "rust-course", "--format", "csv"],
        &expect![[r#"
        path,access,state,date,release,until,drip,hidden,title,source,skipped
        /course/one/,"rust-course, pro",published,,,,,,One,content/course/01-one.md,
        /course/two/,"rust-course, pro",published,,,,7 days,,"Two, with a comma",content/course/02-two.md,
        exit 0
    "#]],
    );
    check(
        &["--drafts", "--format", "json"],
        &expect![[r#"
        {
          "pages": [
            {
              "path": "/blog/draft/",
              "source": "content/blog/draft.md",
              "title": "Draft",
              "access": "members",
              "state": "draft",
              "hidden": false,
              "skipped": "it is a draft"
            }
          ]
        }
        exit 0
    "#]],
    );
}
