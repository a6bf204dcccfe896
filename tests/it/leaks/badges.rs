//! Lock badges: what stays visible is what the reader cannot open.

use std::collections::BTreeSet;

use tierpress::edge::Outcome;

use super::Built;

const SITE: &str = "\
//- content/_index.md
---
title: Home
---
//- content/a.md
---
access: pro
---
//- content/b.md
---
access: [basic, course]
---
//- content/c.md
---
access: basic+other
drip: 7d
---
//- content/d.md
---
access: [pro, public from 2026-12-10]
---
//- content/e.md
---
access: other
hidden: true
drip: 3d
---
//- content/f.md
---
access: basic
drip: 30d
---
//- content/g.md
---
access: [pro, sheets until 2026-12-05]
release: 2026-12-03
---
//- content/h.md
---
access: pro
release: 2026-12-20
announce: true
---
//- content/course/_index.md
---
access: course
drip: every 7d
---
//- content/course/1.md
//- content/course/2.md
//- content/course/3.md
---
hidden: true
---
//- content/course/4.md
---
access: +pro
---
";

/// Keys and address of every entry that has a badge.
fn badges(page: &str) -> Vec<(BTreeSet<&str>, &str)> {
    let between = |text: &'_ str, from: &str| -> Option<(usize, usize)> {
        let start = text.find(from)? + from.len();
        Some((start, start + text[start..].find('"')?))
    };
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((start, end)) = between(rest, "data-access=\"") {
        let keys = rest[start..end].split(' ').collect();
        rest = &rest[end..];
        let (start, end) = between(rest, "href=\"").unwrap();
        found.push((keys, &rest[start..end]));
    }
    found
}

/// The unlock stylesheets that a page links.
fn sheets(page: &str) -> Vec<&str> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|url| url.contains("/unlock/"))
        .collect()
}

#[test]
fn badges_stay_where_the_reader_may_not_go() {
    let readers = [
        "visitor",
        "free",
        "basic",
        "pro",
        "course",
        "other",
        "sheets",
        "basic/0d",
        "basic/29d",
        "basic/30d",
        "pro/29d",
        "basic+other/6d",
        "basic/7d+other/7d",
        "pro+course/0d",
        "course/6d",
        "course/7d",
        "course/14d",
        "course/21d",
        "other/2d",
        "other/3d",
        "pro+course+other",
        "basic!expired",
        "pro/2026-12-04",
        "course+free!expired",
    ];
    for clock in ["2026-12-01", "2026-12-04", "2026-12-10"] {
        let built = Built::at(SITE, clock);
        let mut seen = 0;
        for reader in readers {
            for now in ["2026-12-01", "2026-12-02T23:59:59", "2026-12-03", "2026-12-06", "2026-12-10", "2026-12-20"] {
                let who = built.reader(&format!("{reader}@{now}"));
                for path in ["/", "/course/", "/course/1/", "/a/"] {
                    let decision = built.decide(&who, path, false);
                    let page = String::from_utf8(built.object(decision.object.unwrap())).unwrap();
                    let mut unlocked = String::new();
                    for sheet in sheets(&page) {
                        let decision = built.decide(&who, sheet, false);
                        assert_eq!(decision.status, 200, "{sheet} for {reader}");
                        unlocked += &String::from_utf8(built.object(decision.object.unwrap())).unwrap();
                    }
                    for (keys, url) in badges(&page) {
                        let gone = keys.iter().any(|key| unlocked.contains(&format!("~=\"{key}\"")));
                        let open = built.decide(&who, url, false).outcome == Outcome::Open;
                        assert_eq!(gone, open, "{url} on {path} for {reader} at {now}, built at {clock}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 1_000, "{seen}");
    }
}

#[test]
fn nothing_of_hidden_pages_is_in_a_stylesheet() {
    let open = "//- content/_index.md\n---\ntitle: Home\n---\n//- content/a.md\n---\naccess: pro\n---\n";
    let hidden = "//- content/b.md\n---\naccess: other\nhidden: true\n---\n//- content/c.md\n---\naccess: pro\nhidden: true\ndrip: 3d\n---\n";
    let later = "//- content/d.md\n---\naccess: basic\nrelease: 2026-12-10\n---\n";
    let urls = |built: &Built, who: &str| -> Vec<(String, u16, String)> {
        let sheets = built.manifest().routes.keys().filter(|path| path.contains("/unlock/"));
        let answers = sheets.map(|path| (path.clone(), built.get(who, path)));
        answers.filter(|(_, (status, _))| *status == 200).map(|(path, (status, text))| (path, status, text)).collect()
    };
    let without = Built::new(open);
    let with = Built::new(&format!("{open}{hidden}{later}"));
    for reader in ["visitor", "basic", "pro/0d", "pro", "sheets"] {
        assert_eq!(urls(&without, reader), urls(&with, reader), "{reader}");
    }
    assert_eq!(urls(&with, "visitor@2026-12-10").len(), 2);
}
