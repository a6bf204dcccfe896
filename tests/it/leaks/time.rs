//! Gates that time opens and closes, around their instants, built before and after.

use super::Built;

/// Checks a table against builds made at several instants; the readers come when their line says.
#[track_caller]
fn check_built_at(text: &str, clocks: &[&str], table: &str) {
    for clock in clocks {
        let built = Built::at(text, clock);
        // An edge never looks at windows before the build's own clock.
        let at = |line: &str| {
            let when = line.split(':').next().unwrap().split_once('@').map(|(_, _)| ());
            when.is_some()
                && built.reader(line.rsplit_once(": ").map_or(line, |(who, _)| who)).1 >= built.reader("visitor").1
        };
        let lines: Vec<String> =
            table.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        let lines: Vec<String> = lines
            .into_iter()
            .map(|line| if line.ends_with(':') { line.trim_end_matches(':').to_owned() + ": " } else { line })
            .filter(|line| at(line))
            .collect();
        assert!(!lines.is_empty(), "{clock} is after all lines");
        built.check(&lines.join("\n"));
    }
}

#[test]
fn release_announce_and_until() {
    check_built_at(
        "\
//- content/a.md
---
title: zqa
release: 2026-12-10T09:00:00Z
until: 2026-12-20T09:00:00Z
---
zqabody
//- content/b.md
---
title: zqb
access: pro
release: 2026-12-10T09:00:00Z
announce: true
---
zqblead

<!-- more -->

zqbbody
//- content/c.md
---
title: zqc
access: pro
until: 2026-12-20T09:00:00Z
---
zqclead

<!-- more -->

zqcbody
//- content/d.md
---
title: zqd
access: pro
hidden: true
release: 2026-12-10T09:00:00Z
---
zqdbody
",
        &["2026-12-01", "2026-12-10T08:59:59Z", "2026-12-10T09:00:00Z", "2026-12-20T08:59:59Z", "2026-12-20T09:00:00Z"],
        "visitor@2026-12-10T08:59:59Z: b blead c clead
         basic@2026-12-10T08:59:59Z: b blead c clead
         pro@2026-12-10T08:59:59Z: b blead c clead cbody
         visitor@2026-12-10T09:00:00Z: a abody b blead c clead
         pro@2026-12-10T09:00:00Z: a abody b blead bbody c clead cbody d dbody
         visitor@2026-12-10T09:00:01Z: a abody b blead c clead
         visitor@2026-12-20T08:59:59Z: a abody b blead c clead
         pro@2026-12-20T08:59:59Z: a abody b blead bbody c clead cbody d dbody
         visitor@2026-12-20T09:00:00Z: b blead
         pro@2026-12-20T09:00:00Z: b blead bbody d dbody
         pro@2026-12-20T09:00:01Z: b blead bbody d dbody",
    );
}

#[test]
fn a_build_of_later_never_takes_a_release_back() {
    let built = Built::at("//- content/a.md\n---\nuntil: 2026-12-20\ntitle: zqa\n---\nzqb\n", "2026-12-21");
    built.check("visitor@2026-12-01: \nvisitor@2026-12-25: ");
}

#[test]
fn early_access_and_archive() {
    check_built_at(
        "\
//- content/early.md
---
access: [pro, public from 2026-12-10]
---
zqearly
//- content/archive.md
---
access: [public until 2026-12-09, pro]
---
zqarchive
//- content/both.md
---
access: [pro, basic from 2026-12-10, public from 2026-12-12]
---
zqboth

<!-- access: [course] -->
"
        .replace("<!-- access: [course] -->", "")
        .as_str(),
        &["2026-12-01", "2026-12-09T23:59:59Z", "2026-12-10T00:00:00Z", "2026-12-12"],
        "visitor@2026-12-09T23:59:59Z: archive
         basic@2026-12-09T23:59:59Z: archive
         pro@2026-12-09T23:59:59Z: archive early both
         visitor@2026-12-10T00:00:00Z: early
         basic@2026-12-10T00:00:00Z: early both
         pro@2026-12-10T00:00:00Z: early both archive
         visitor@2026-12-12T00:00:00Z: early both
         visitor@2026-12-13: early both",
    );
}

#[test]
fn drips_by_name_and_by_need() {
    let built = Built::new(
        "\
//- content/a.md
---
access: [pro, basic, course]
drip: {basic: 14d}
---
zqa
//- content/b.md
---
access: basic
drip: {basic: 14d}
---
zqb
//- content/c.md
---
access: basic+course
drip: 7d
---
zqc
//- content/d.md
---
access: [pro, basic+course]
---
zqd
",
    );
    built.check(
        "visitor:
         basic/13d: 
         basic/14d: a b
         pro/0d: a d
         pro/14d: a b d
         course/0d: a
         basic/7d+course/6d: a d
         basic/6d+course/7d: a d
         basic/7d+course/7d: a c d
         basic/7d+course/7d!expired: 
         course/30d+free/30d: a",
    );
}

#[test]
fn upgrading_never_starts_again() {
    let built = Built::new(
        "//- content/a.md\n---\naccess: basic\ndrip: 30d\n---\nzqa\n//- content/b.md\n---\naccess: pro\ndrip: 30d\n---\nzqb\n",
    );
    // The token of a member who moved up has an entry for each rung, with the first instant at that rung or higher.
    built.check(
        "basic/40d+pro/1d: a
         basic/40d: a
         pro/1d: 
         basic/40d+pro/30d: a b
         basic/40d!expired+pro/1d: ",
    );
}

#[test]
fn since_joining() {
    let built = Built::new(
        "\
//- content/news/01.md
---
title: One
date: 2026-09-01
access: [pro, basic since joining]
---
zqone
//- content/news/02.md
---
title: Two
date: 2026-10-01
access: [pro, basic since joining]
---
zqtwo
//- content/news/03.md
---
title: Three
date: 2026-11-01
access: [pro, basic since joining]
---
zqthree
",
    );
    built.check(
        "visitor:
         pro: one two three
         basic/2026-09-30T23:59:59: one two three
         basic/2026-10-01: two three
         basic/2026-10-31T23:59:59: two three
         basic/2026-11-01: three
         basic/2026-11-30: three
         pro/2026-11-30: one two three",
    );
}

#[test]
fn frozen_grants_keep_what_they_had() {
    let site = super::SITE.replace("access:\n", "access:\n  cancellation: keep-unlocked\n");
    let text = format!(
        "//- site.yaml\n{site}//- content/a.md\n---\ndate: 2026-10-01\naccess: basic\n---\nzqa\n\
         //- content/b.md\n---\ndate: 2026-11-15\naccess: basic\n---\nzqb\n\
         //- content/c.md\n---\ndate: 2026-10-01\naccess: basic\ndrip: 30d\n---\nzqc\n\
         //- content/d.md\n---\ndate: 2026-12-10\naccess: basic\ntitle: zqd\n---\nzqdd\n\
         //- content/e.md\n---\ndate: 2026-10-01\naccess: basic\n---\nzqe\n\n<!-- access: course -->\n\nzqf\n\n<!-- /access -->\n"
    );
    let built = Built::new(&text);
    let frozen = |since: &str, frozen: &str| {
        let (reader, _) = built.reader(&format!("basic/{since}!frozen@{frozen}"));
        reader
    };
    let found = |reader: &tierpress::access::entitlement::Reader, now: &str| {
        let now = built.reader(&format!("visitor@{now}")).1;
        let mut found = Vec::new();
        for path in ["/a/", "/b/", "/c/", "/d/", "/e/"] {
            let decision = built.decide(&(reader.clone(), now), path, false);
            if let (200, Some(object)) = (decision.status, decision.object) {
                let text = String::from_utf8(built.object(object)).unwrap();
                found.extend(
                    ["zqa", "zqb", "zqc", "zqdd", "zqe", "zqf"]
                        .into_iter()
                        .filter(|word| text.contains(&format!("{word}<"))),
                );
            }
        }
        found.join(" ")
    };
    assert_eq!(found(&frozen("2026-09-01", "2026-11-01"), "2026-12-20"), "zqa zqc zqe");
    assert_eq!(found(&frozen("2026-09-01", "2026-11-14T23:59:59"), "2026-12-20"), "zqa zqc zqe");
    assert_eq!(found(&frozen("2026-09-01", "2026-11-15"), "2026-12-20"), "zqa zqb zqc zqe");
    assert_eq!(found(&frozen("2026-10-15", "2026-11-01"), "2026-12-20"), "zqa zqe");
    assert_eq!(found(&frozen("2026-10-15", "2026-12-09T23:59:59"), "2026-12-20"), "zqa zqb zqc zqe");
    assert_eq!(found(&frozen("2026-10-15", "2026-12-10"), "2026-12-20"), "zqa zqb zqc zqdd zqe");
    built.check("visitor: \nvisitor@2026-12-10: d\nbasic@2026-12-10: a b c d dd e\nbasic+course: a b c e f");
}
