//! Hidden pages: in no list, no count, no address of those who may not know of them.

use super::{Built, check, refused};

/// A course with a hidden lesson in its middle.
const COURSE: &str = "\
//- content/_index.md
---
title: Home
---
//- content/course/_index.md
---
title: Course zqcourse
cascade: {access: course}
---
//- content/course/01-one.md
---
title: One zqone
tags: [common]
---
zqonebody
//- content/course/02-two.md
---
title: Two zqtwo
description: zqtwodesc
hidden: true
tags: [common, zqtag]
aliases: [/zqalias/]
date: 2026-01-01
---
zqtwobody

<!-- more -->

zqtworest
//- content/course/03-three.md
---
title: Three zqthree
---
zqthreebody
";

#[test]
fn a_hidden_page_is_in_no_list_of_those_who_may_not_know_of_it() {
    let built = check(
        COURSE,
        "visitor: course one three
         free: course one three
         pro: course one three
         other: course one three
         course!expired: course one three
         course: course one onebody two twodesc twobody tworest tag three threebody alias",
    );
    let (_, listed) = built.get("visitor", "/course/");
    assert_eq!(listed.matches("class=\"entry\"").count(), 2, "{listed}");
    let (_, listed) = built.get("course", "/course/");
    assert_eq!(listed.matches("class=\"entry\"").count(), 3, "{listed}");
}

#[test]
fn previous_and_next_step_over_a_hidden_page() {
    let built = Built::new(COURSE);
    let (_, one) = built.get("visitor", "/course/one/");
    assert!(one.contains("rel=\"next\" href=\"/course/three/\""), "{one}");
    let (_, three) = built.get("course", "/course/three/");
    assert!(three.contains("rel=\"prev\" href=\"/course/two/\""), "{three}");
}

#[test]
fn no_address_tells_a_hidden_page_from_nothing() {
    let built = Built::new(COURSE);
    for reader in ["visitor", "free", "pro", "other", "course!expired", "course/2026-12-02"] {
        let who = built.reader(reader);
        for html in [false, true] {
            let nothing = built.decide(&who, "/course/nothing/", html);
            for path in ["/course/two/", "/course/two", "/zqalias/", "/zqalias", "/tags/zqtag/", "/tags/zqtag"] {
                assert_eq!(built.decide(&who, path, html), nothing, "{path} for {reader}");
            }
        }
    }
    assert_eq!(built.get("course", "/course/two").0, 308);
    assert_eq!(built.get("course", "/zqalias/").0, 308);
}

#[test]
fn an_expired_token_learns_nothing_either() {
    let text = COURSE.to_owned() + "//- site.yaml\n" + super::SITE + "refresh_url: /refresh\n";
    let built = Built::new(&text);
    let who = (tierpress::access::entitlement::Reader::Expired(Vec::new()), built.reader("visitor").1);
    for html in [false, true] {
        let unknown = built.decide(&who, "/course/zz/", html);
        let hidden = built.decide(&who, "/course/two/", html);
        assert_eq!(
            hidden.location.as_deref().map(|place| place.replace("two", "zz")).as_deref(),
            unknown.location.as_deref()
        );
        let same = |decision: &tierpress::edge::Decision<'_>| {
            (decision.status, decision.outcome, decision.reason, decision.object.map(str::to_owned), decision.cache)
        };
        assert_eq!(same(&hidden), same(&unknown));
        assert_eq!(hidden.clear_cookie, unknown.clear_cookie);
    }
}

#[test]
fn a_hidden_section_is_in_no_list() {
    check(
        "\
//- content/course/_index.md
---
title: zqcourse
description: zqdesc
access: course
hidden: true
---
zqindex
//- content/course/01-one.md
---
title: zqone
tags: [zqtag]
---
zqbody
//- content/course/02-deep/_index.md
---
title: zqdeep
---
//- content/course/02-deep/lesson.md
zqlesson
//- content/course/03-open.md
---
title: zqopen
access: public
hidden: false
---
zqopenbody
//- content/course/sheet.txt
zqsheet
",
        "visitor: open openbody
         pro: open openbody
         course: course desc index one tag body deep lesson open openbody sheet",
    );
}

#[test]
fn a_generated_section_exists_for_those_who_know_of_something_in_it() {
    let built = check(
        "\
//- content/_index.md
---
title: Home
---
//- content/zqbox/a.md
---
title: zqa
access: pro
hidden: true
---
zqabody
//- content/zqbox/b.md
---
title: zqb
access: course
hidden: true
---
zqbbody
//- content/zqbox/inner/c.md
---
title: zqc
access: other
hidden: true
---
zqcbody
//- content/mixed/d.md
---
title: zqd
access: pro
---
//- content/mixed/e.md
---
title: zqe
access: pro
hidden: true
---
//- content/drafts/f.md
---
title: zqf
draft: true
---
zqfbody
",
        "visitor: d
         free: d
         pro: box a abody d e
         course: box b bbody d
         other: box c cbody d
         pro+other: box a abody c cbody d e
         course+other: box b bbody c cbody d",
    );
    assert_eq!(built.get("visitor", "/zqbox/").0, 404);
    assert_eq!(built.get("visitor", "/zqbox").0, 404);
    assert_eq!(built.get("visitor", "/drafts/").0, 404);
    assert_eq!(built.get("course", "/zqbox/inner/").0, 404);
    // The menu is for everybody.
    assert!(!built.get("pro", "/mixed/d/").1.contains("/zqbox/"));
}

#[test]
fn tags_show_what_a_visitor_may_know_of() {
    let built = check(
        "\
//- content/a.md
---
title: zqa
tags: [zqshared, zqlocked]
access: pro
---
zqabody
//- content/b.md
---
title: zqb
tags: [zqshared, zqsecret]
access: pro
hidden: true
---
//- content/c.md
---
title: zqc
tags: [zqshared, zqlater]
release: 2026-12-10
---
",
        "visitor: a shared locked
         pro: a abody shared locked b secret
         visitor@2026-12-09T23:59:59: a shared locked
         visitor@2026-12-10: a shared locked c later",
    );
    assert_eq!(built.get("pro", "/tags/zqsecret/").0, 404);
    assert_eq!(built.get("visitor@2026-12-09", "/tags/zqlater/").0, 404);
    assert_eq!(built.get("visitor@2026-12-10", "/tags/zqlater/").0, 200);
    assert!(!built.get("pro", "/tags/zqshared/").1.contains("zqb"));
    assert!(!built.get("pro", "/sitemap.xml").1.contains("/b/"));
    assert!(!built.get("visitor@2026-12-09", "/tags/").1.contains("zqlater"));
}

#[test]
fn an_open_place_does_not_link_what_is_hidden() {
    for (link, page) in [
        ("[x](secret.md)", "access: pro\nhidden: true"),
        ("[x](/secret/)", "access: pro\nhidden: true"),
        ("[x](https://learn.example/secret/)", "access: pro\nhidden: true"),
        ("<a href=/secret>x</a>", "access: pro\nhidden: true"),
        ("<a href=\"&#47;secret\">x</a>", "access: pro\nhidden: true"),
        ("[x](/old/)", "access: pro\nhidden: true\naliases: [/old/]"),
        ("[x](secret.md)", "release: 2026-12-10"),
    ] {
        let text = format!("//- content/a.md\n{link}\n//- content/secret.md\n---\n{page}\n---\nbody\n");
        let faults = refused(&text);
        assert!(faults[0].starts_with("the link reveals `content/secret.md`"), "{link}: {faults:?}");
    }
}

#[test]
fn an_open_place_does_not_link_a_section_of_hidden_pages() {
    let hidden = "//- content/box/a.md\n---\naccess: pro\nhidden: true\n---\n";
    let faults = refused(&format!("//- content/a.md\n[x](/box/)\n{hidden}"));
    assert!(faults[0].starts_with("the link reveals `content/box`"), "{faults:?}");
    let draft = "//- content/box/a.md\n---\ndraft: true\n---\n";
    let faults = refused(&format!("//- content/a.md\n[x](/box/)\n{draft}"));
    assert!(faults[0].contains("`content/box`, which is not published"), "{faults:?}");
    Built::new(&format!("//- content/a.md\n---\naccess: pro\n---\n[x](/box/)\n{hidden}"));
}

#[test]
fn what_everybody_gets_for_an_error_names_nothing() {
    let built = Built::new(&(COURSE.to_owned() + "//- content/404.md\n---\ntitle: Nothing\n---\nGone.\n"));
    let pages = &built.manifest().pages;
    for page in
        [&pages.not_found, &pages.not_signed_in, &pages.not_entitled, &pages.not_yet, &pages.expired, &pages.no_tier]
    {
        let text = String::from_utf8(built.object(page.as_str())).unwrap();
        assert!(!text.contains("zqtwo") && !text.contains("/course/two"), "{text}");
    }
}

#[test]
fn a_404_page_that_is_gated_shows_nothing_of_itself() {
    let text = "//- content/404.md\n---\naccess: pro\n---\n# zqtitle\n\nzqbody\n//- content/a.md\nzqa\n";
    check(text, "visitor: a\npro: a");
}
