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

/// Keys of every entry that has a badge, those of who waits for it, and its address.
fn badges(page: &str) -> Vec<(BTreeSet<&str>, BTreeSet<&str>, &str)> {
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
        let waits = between(&rest[..start], "data-waits=\"").map(|(start, end)| rest[start..end].split(' ').collect());
        found.push((keys, waits.unwrap_or_default(), &rest[start..end]));
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
        let (mut seen, mut waiting) = (0, 0);
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
                    for (keys, waits, url) in badges(&page) {
                        let at = format!("{url} on {path} for {reader} at {now}, built at {clock}");
                        let is_said = |key: &&&str| unlocked.contains(&format!("~=\"{key}\""));
                        let gone = keys.iter().find(is_said).is_some();
                        let decision = built.decide(&who, url, false);
                        assert_eq!(gone, decision.outcome == Outcome::Open, "{at}");
                        // Who is told on the page that it is theirs is told so in lists.
                        let form = decision.object.filter(|_| decision.status == 200).map(|name| built.object(name));
                        let form = String::from_utf8(form.unwrap_or_default()).unwrap();
                        let told = waits.iter().find(is_said).is_some() && !gone;
                        assert_eq!(told, form.contains("Yours, but not yet"), "{at}");
                        (seen, waiting) = (seen + 1, waiting + usize::from(told));
                    }
                }
            }
        }
        assert!(seen > 1_000 && waiting > 50, "{seen}, {waiting} of them wait");
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

/// What is said in place of the lock is true for everybody who waits, or says no number of days.
#[test]
fn who_waits_is_told_when_it_opens() {
    let site = "//- content/_index.md\n---\ntitle: Home\n---\n\
        //- content/a.md\n---\naccess: pro\ndrip: 7d\n---\n\
        //- content/b.md\n---\naccess: pro\ndrip: 20h\n---\n\
        //- content/c.md\n---\naccess: [pro, course]\ndrip: {pro: 2d, course: 14d}\n---\n\
        //- content/d.md\n---\naccess: [pro, course]\ndrip: {course: 14d}\n---\n\
        //- content/e.md\n---\naccess: pro\nrelease: 2026-12-20\nannounce: true\n---\n\
        //- content/f.md\n---\naccess: pro\n---\n\
        //- content/g.md\n---\naccess: [pro, public from 2026-12-10]\n---\n";
    let built = Built::new(site);
    let (_, page) = built.get("visitor", "/");
    let entries = page.split("<li class=\"entry\"").skip(1).map(|entry| entry.split("</li>").next().unwrap());
    let said = entries.map(|entry| {
        let later = entry.split("<span class=\"tp-waits\" hidden>").nth(1).and_then(|rest| rest.split('<').next());
        later.unwrap_or("nobody waits")
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            "Yours: opens 7 days after your access began",
            "Yours: opens one day after your access began",
            "Yours: opens later",
            "Yours: opens 14 days after your access began",
            "Yours: opens on 20 December 2026",
            "nobody waits",
            "nobody waits",
        ]
    );
}

/// A long course of which every lesson has a drip of its own: its stylesheet says as much in less.
#[test]
fn a_chain_of_many_steps_is_right_and_small() {
    let lessons: String =
        (1..=150).map(|day| format!("//- content/l{day:03}.md\n---\naccess: basic\ndrip: {day}d\n---\n")).collect();
    let plain = "//- content/now.md\n---\naccess: basic\n---\n//- content/pro.md\n---\naccess: pro\n---\n";
    let built = Built::new(&format!("//- content/_index.md\n---\ntitle: Home\n---\n{plain}{lessons}"));
    for reader in [
        "visitor",
        "basic/0d",
        "basic/1d",
        "pro/1d",
        "basic/63d",
        "basic/86d",
        "pro/87d",
        "basic/118d",
        "basic/119d",
        "basic/150d",
    ] {
        let who = built.reader(reader);
        let page = String::from_utf8(built.object(built.decide(&who, "/", false).object.unwrap())).unwrap();
        let sheets = sheets(&page);
        let texts = sheets.iter().map(|sheet| built.object(built.decide(&who, sheet, false).object.unwrap()));
        let unlocked: String = texts.map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        let found = badges(&page);
        assert_eq!(found.len(), 152);
        for (keys, _, url) in found {
            let gone = keys.iter().any(|key| unlocked.contains(&format!("~=\"{key}\"")));
            assert_eq!(gone, built.decide(&who, url, false).outcome == Outcome::Open, "{url} for {reader}");
        }
        let named = unlocked.matches("data-access~=").count();
        assert!(named < 75, "{reader}: {named} keys");
    }
}
