//! Access that is handed down, key by key.

use super::check;

#[test]
fn each_key_comes_from_the_nearest_that_has_it() {
    check(
        "\
//- content/course/_index.md
---
title: Course
access: course
drip: 7d
---
zqindex
//- content/course/a.md
zqa
//- content/course/b.md
---
access: pro
---
zqb
//- content/course/c.md
---
drip: none
---
zqc
//- content/course/d.md
---
access: public
---
zqd
//- content/course/e.md
---
access: +pro
---
zqe
//- content/course/deep/_index.md
---
access: other
---
//- content/course/deep/f.md
zqf
//- content/course/deep/g.md
---
access: +basic
drip: none
---
zqg
",
        "visitor: d
         course/0d: c d
         course/6d: c d
         course/7d: c d a index
         pro/6d: d
         pro/7d: d b
         pro/7d+course/6d: d b c
         pro/6d+course/7d: d a c index
         pro/7d+course/7d: d a b c e index
         other/7d: d f
         basic/7d: d
         basic/0d+other/0d: d g
         course+other: a c d f index",
    );
}

#[test]
fn what_cascades_is_not_for_the_section_itself() {
    check(
        "\
//- content/course/_index.md
---
title: Course
access: public
cascade: {access: course, hidden: true, teaser: none}
---
zqlanding
//- content/course/a.md
---
title: zqatitle
---
zqa
//- content/course/sample.md
---
access: public
hidden: false
---
zqsample
//- content/course/deep/_index.md
---
title: zqdeep
---
zqdeepbody
//- content/course/deep/b.md
---
hidden: false
---
zqlead

<!-- more -->

zqb
//- content/course/file.txt
zqfile
",
        "visitor: landing sample
         pro: landing sample
         course: landing sample atitle a deep deepbody lead b file",
    );
}

#[test]
fn the_default_closes_what_says_nothing() {
    check(
        "\
//- site.yaml
title: T
base_url: https://learn.example
access:
  default: members
  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]
//- content/_index.md
zqhome
//- content/a.md
zqa
//- content/b.md
---
access: public
---
zqb
//- content/c.txt
zqc
//- content/d/e.md
---
access: [+pro, public from 2026-12-10]
---
zqe
",
        "visitor: b
         free: home a b c
         pro: home a b c e
         visitor@2026-12-10: b e",
    );
}

#[test]
fn drafts_are_handed_down() {
    check(
        "\
//- content/a/_index.md
---
title: zqtitle
draft: true
---
zqindex
//- content/a/b.md
zqb
//- content/a/c.md
---
draft: false
---
zqc
//- content/a/sub/d.md
zqd
//- content/a/file.txt
zqfile
",
        "visitor: c",
    );
}

#[test]
fn a_bonus_needs_what_stands_above_as_well() {
    check(
        "\
//- content/a/_index.md
---
access: course
---
//- content/a/b/_index.md
---
access: +other
---
//- content/a/b/c.md
---
access: +pro
---
zqc
//- content/a/b/d.md
zqd
",
        "visitor:
         course:
         other:
         pro:
         pro+course:
         course+other: d
         pro+course+other: c d",
    );
}
