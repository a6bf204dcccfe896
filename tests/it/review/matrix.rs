//! The matrix: tables, values, and what a cell says.

use expect_test::{Expect, expect};
use tierpress::build;
use tierpress::manifest::Manifest;
use tierpress::review::matrix::Matrix;
use tierpress::time::Timestamp;

use crate::built::NOW_SECONDS;
use crate::fixture::Fixture;

const SITE: &str = r#"---
access: basic
drip: 7d
---
//- content/open.md
Text.
//- content/pro.md
---
access: pro
---
//- content/secret.md
---
access: pro
hidden: true
---
//- content/letters/2026-11-01-a.md
---
access: basic since joining
---
//- content/letters/2026-11-10-b.md
---
access: [pro, public from 2026-12-15]
---
//- content/course/01-one/index.md
---
access: rust-course
until: 2026-12-31
---
//- content/course/01-one/sheet.pdf
bytes
//- content/course/02-two.md
---
access: rust-course
release: 2026-12-10
---
//- content/course/03-three.md
---
access: rust-course
drip: 12h
release: 2026-12-10
announce: true
---
"#;

fn matrix(site: &Fixture, days: i64) -> Matrix {
    let now = Timestamp::saturating(NOW_SECONDS);
    let root = site.root();
    let plan = build::plan_only(&build::Request { root: &root, now, ..build::Request::default() }).unwrap();
    let tier = plan.site().config.catalogue.default_tier();
    Matrix::of(&build::model(&plan), tier, Timestamp::saturating(NOW_SECONDS + days * 86_400))
}

#[track_caller]
fn check(days: i64, expected: &Expect) {
    let table = matrix(&Fixture::new(SITE), days).table(200);
    expected.assert_eq(&(table.join("\n") + "\n"));
}

#[test]
fn each_reader_gets_a_cell() {
    check(
        0,
        &expect![[r#"
        path                   visitor                       free                  basic                                               pro
        /                      open                          open                  open                                                open
        /a/                    teaser                        teaser                waiting (day 7)                                     waiting (day 7)
        /course/               open                          open                  open                                                open
        /course/one/           teaser                        teaser                teaser                                              teaser
        /course/one/sheet.pdf  denied                        denied                denied                                              denied
        /course/three/         teaser                        teaser                teaser                                              teaser
        /course/two/           hidden                        hidden                hidden                                              hidden
        /letters/              open                          open                  open                                                open
        /letters/a/            teaser                        teaser                teaser, open to those who joined before 2026-11-10  teaser, open to those who joined before 2026-11-10
        /letters/b/            teaser, open from 2026-12-15  waiting (2026-12-15)  waiting (2026-12-15)                                open
        /open/                 open                          open                  open                                                open
        /pro/                  teaser                        teaser                teaser                                              open
        /robots.txt            open                          open                  open                                                open
        /secret/               hidden                        hidden                hidden                                              open
        /sitemap.xml           open                          open                  open                                                open

        path                   rust-course
        /                      open
        /a/                    teaser
        /course/               open
        /course/one/           open until 2026-12-31
        /course/one/sheet.pdf  open until 2026-12-31
        /course/three/         waiting (2026-12-10)
        /course/two/           hidden, open from 2026-12-10
        /letters/              open
        /letters/a/            teaser
        /letters/b/            waiting (2026-12-15)
        /open/                 open
        /pro/                  teaser
        /robots.txt            open
        /secret/               hidden
        /sitemap.xml           open
    "#]],
    );
}

#[test]
fn another_date_has_other_cells() {
    check(
        60,
        &expect![[r#"
        path                   visitor  free    basic                                               pro                                                 rust-course
        /                      open     open    open                                                open                                                open
        /a/                    teaser   teaser  waiting (day 7)                                     waiting (day 7)                                     teaser
        /course/               open     open    open                                                open                                                open
        /course/one/           hidden   hidden  hidden                                              hidden                                              hidden
        /course/one/sheet.pdf  hidden   hidden  hidden                                              hidden                                              hidden
        /course/three/         teaser   teaser  teaser                                              teaser                                              waiting (hour 12)
        /course/two/           teaser   teaser  teaser                                              teaser                                              open
        /letters/              open     open    open                                                open                                                open
        /letters/a/            teaser   teaser  teaser, open to those who joined before 2026-11-10  teaser, open to those who joined before 2026-11-10  teaser
        /letters/b/            open     open    open                                                open                                                open
        /open/                 open     open    open                                                open                                                open
        /pro/                  teaser   teaser  teaser                                              open                                                teaser
        /robots.txt            open     open    open                                                open                                                open
        /secret/               hidden   hidden  hidden                                              open                                                hidden
        /sitemap.xml           open     open    open                                                open                                                open
    "#]],
    );
}

#[test]
fn narrow_terminals_get_several_tables() {
    let table =
        matrix(&Fixture::new("---\naccess: pro\ntitle: A\n---\n//- content/a-rather-long-name-of-a-page.md\n"), 0)
            .table(40);
    assert!(table.iter().all(|line| line.chars().count() <= 40), "{table:#?}");
    expect![[r#"
        path                     visitor  free
        /                        open     open
        /a-rath…name-of-a-page/  open     open
        /a/                      teaser   teaser
        /robots.txt              open     open
        /sitemap.xml             open     open

        path                        basic   pro
        /                           open    open
        /a-rathe…g-name-of-a-page/  open    open
        /a/                         teaser  open
        /robots.txt                 open    open
        /sitemap.xml                open    open

        path                         rust-course
        /                            open
        /a-rather…g-name-of-a-page/  open
        /a/                          teaser
        /robots.txt                  open
        /sitemap.xml                 open
    "#]]
    .assert_eq(&(table.join("\n") + "\n"));
}

#[test]
fn values_are_quoted_where_they_must_be() {
    let csv = matrix(&Fixture::new("---\naccess: pro\n---\n//- content/x,y/\"z\".pdf\nbytes\n"), 0).csv();
    expect![[r#"
        path,visitor,free,basic,pro,rust-course
        /,open,open,open,open,open
        /a/,teaser,teaser,teaser,open,teaser
        /robots.txt,open,open,open,open,open
        /sitemap.xml,open,open,open,open,open
        "/xy/""z"".pdf",open,open,open,open,open
    "#]]
    .assert_eq(&csv.replace("\r\n", "\n"));
    assert!(csv.ends_with("\r\n"));
}

#[test]
fn a_built_manifest_gives_the_same_matrix() {
    let site = Fixture::new(SITE);
    site.build().unwrap();
    let manifest = Manifest::parse(&std::fs::read(site.out().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(Matrix::of(&manifest, None, Timestamp::saturating(NOW_SECONDS)), matrix(&site, 0));
}
