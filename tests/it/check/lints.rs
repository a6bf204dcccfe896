//! Each lint: the smallest site that shows it, with its whole message; and sites that look like it and are right.

use expect_test::{Expect, expect};

use super::{look, said, shop};

#[track_caller]
fn check(site: &str, expected: &Expect) {
    expected.assert_eq(&said(&look(&shop(site)).1));
}

/// Nothing at all is said.
#[track_caller]
fn check_right(site: &str) {
    assert_eq!(said(&look(&shop(site)).1), "");
}

#[test]
fn a_file_that_some_who_see_its_link_may_not_have() {
    check(
        "\
//- content/pro/_index.md
---
title: Pro
access: pro
cascade: {access: pro}
description: For pros
---
[the sheet](sheet.txt)
//- content/pro/sheet.txt
x
//- content/a.md
---
title: A
---
Get [the sheet](pro/sheet.txt).

<!-- access: pro -->
Get [the sheet](pro/sheet.txt).
<!-- /access -->
",
        &expect![[r#"
            [dead-end] warning: the link leads to `content/pro/sheet.txt`, which is closed to visitors and members with `free`, `basic`, `rust-course` or `cheatsheets`, who see the link
              --> content/a.md:4:17
               |
             4 | Get [the sheet](pro/sheet.txt).
               |                 ^^^^^^^^^^^^^
              help: put the link into a gated block, or say with `files:` in the front matter who the file is for
        "#]],
    );
}

#[test]
fn a_file_that_is_gone_before_its_link() {
    check(
        "\
//- content/_index.md
---
title: Home
files: {\"fair.txt\": public until 2027-01-01}
---
[the fair](fair.txt)
//- content/fair.txt
x
",
        &expect![[r#"
            [dead-end] warning: `content/fair.txt` is not there from 2027-01-02 on for visitors and members with `free`, `basic`, `pro`, `rust-course` or `cheatsheets`, who see this link
              --> content/_index.md:5:12
               |
             5 | [the fair](fair.txt)
               |            ^^^^^^^^
              help: end this place when its target ends: put the link into a gated block with the same dates
        "#]],
    );
}

#[test]
fn a_file_that_drips_is_no_dead_end() {
    check_right(
        "\
//- content/course/_index.md
---
title: Course
cascade: {access: basic, drip: 7d}
---
[two](02-two.md)
//- content/course/02-two.md
---
title: Two
description: What two is about
---
[data](data.txt) ![data](picture.png)
//- content/course/data.txt
x
//- content/course/picture.png
x
",
    );
}

#[test]
fn locked_pages_with_nothing_but_a_title() {
    check(
        "\
//- content/course/_index.md
---
title: Course
cascade: {access: basic}
---
//- content/course/01-one.md
---
title: One
---
one
//- content/course/02-two.md
---
title: Two
---
two
//- content/course/03-three.md
---
title: Three
description: It says what it is
---
three
//- content/course/04-four.md
---
title: Four
---
What four is about.

<!-- more -->
four
//- content/b.md
---
title: B
access: [pro, rust-course]
---
b
",
        &expect![[r#"
            [nothing-to-see] warning: this page shows visitors and members with `free`, `basic` or `cheatsheets` nothing but its title
              --> content/b.md:2:1
               |
             2 | title: B
               | ^^^^^^^^
              help: write a `description`, or put `<!-- more -->` below what everybody may read, to say what one would get
            [nothing-to-see] warning: this page and another one here show visitors and members with `free`, `rust-course` or `cheatsheets` nothing but their titles
              --> content/course/01-one.md:2:1
               |
             2 | title: One
               | ^^^^^^^^^^
              help: write a `description`, or put `<!-- more -->` below what everybody may read, to say what one would get
        "#]],
    );
}

#[test]
fn one_number_for_two() {
    check(
        "\
//- content/course/01-one.md
one
//- content/course/02-two.md
two
//- content/course/2_again/index.md
two
//- content/course/02-more/_index.md
---
title: More
---
more
//- content/course/10-ten.md
ten
",
        &expect![[r#"
            [duplicate-order] warning: the order number 2 is given twice here; their names alone say which comes first
              --> content/course/02-two.md
              --> content/course/02-more/_index.md
              help: rename one of the two; numbers are no part of a URL
            [duplicate-order] warning: the order number 2 is given twice here; their names alone say which comes first
              --> content/course/2_again/index.md
              --> content/course/02-more/_index.md
              help: rename one of the two; numbers are no part of a URL
        "#]],
    );
}

#[test]
fn numbers_that_are_no_order() {
    check_right(
        "\
//- content/blog/1.47.0-released.md
x
//- content/blog/1.48.0-released.md
---
date: 2026-01-02
---
x
//- content/blog/2026-01-03-three.md
x
//- content/blog/2026-01-04-four.md
x
",
    );
}

#[test]
fn a_drip_that_goes_back() {
    check(
        "\
//- content/course/_index.md
---
title: Course
cascade: {access: basic}
---
//- content/course/01-one.md
---
description: d
drip: 7d
---
one
//- content/course/02-sample.md
---
access: public
---
a sample
//- content/course/03-three.md
---
description: d
drip: {basic: 14d}
---
three
//- content/course/04-part/_index.md
---
title: Part
description: d
---
//- content/course/04-part/01-four.md
---
description: d
drip: 1w
---
four
//- content/course/05-five.md
---
description: d
---
five
",
        &expect![[r#"
            [drip-goes-back] warning: this lesson opens after 7d for members with `basic` or `pro`, the one before it (`content/course/03-three.md`) only after 14d
              --> content/course/04-part/01-four.md:3:1
               |
             3 | drip: 1w
               | ^^^^^^^^
              help: write `drip: 14d` or more here, or put the lesson where it opens
            [drip-goes-back] warning: this lesson opens at once for members with `basic` or `pro`, the one before it (`content/course/04-part/01-four.md`) only after 7d
              --> content/course/05-five.md
              help: write `drip: 7d` or more here, or put the lesson where it opens
        "#]],
    );
}

#[test]
fn a_drip_that_goes_on() {
    check_right(
        "\
//- content/course/_index.md
---
title: Course
cascade: {access: [pro, rust-course], drip: every 7d}
---
//- content/course/01-one.md
---
description: d
---
one
//- content/course/02-two.md
---
description: d
---
two
//- content/course/03-three/index.md
---
description: d
---
three
//- content/course/04-glossary.md
---
description: It is meant to be there from the first day
drip: none
---
words
//- content/other/_index.md
---
title: What is for pros and what is for all who pay, side by side
cascade: {access: pro}
---
//- content/other/01-one.md
---
description: d
drip: {pro: 14d}
---
one
//- content/other/02-two.md
---
description: d
access: [pro, rust-course]
drip: {pro: 14d}
---
two
",
    );
}

#[test]
fn a_lesson_that_nobody_reaches_from_the_one_before() {
    check(
        "\
//- content/course/_index.md
---
title: Course
cascade: {access: rust-course}
---
//- content/course/01-one.md
---
description: d
---
one
//- content/course/02-two.md
---
access: cheatsheets
description: d
---
two
//- content/course/03-three.md
---
description: d
---
three
//- content/course/04-four.md
---
access: [rust-course, pro]
description: d
---
four
",
        &expect![[r#"
            [out-of-sequence] warning: members with `cheatsheets`, who may open this lesson, may open no locked lesson before it, such as `content/course/01-one.md`
              --> content/course/02-two.md:2:1
               |
             2 | access: cheatsheets
               | ^^^^^^^^^^^^^^^^^^^
              help: add the tier or bundle of the course to its `access`, or move it to a place of its own
        "#]],
    );
}

#[test]
fn what_nobody_can_open() {
    check(
        "\
//- content/a.md
---
title: A
description: d
access: basic until 2026-06-01
---
text
//- content/b.md
---
title: B
---
text

<!-- access: basic until 2026-06-01 -->
over
<!-- /access -->
",
        &expect![[r#"
            [unopenable] warning: nobody can open this page: its time is over
              --> content/a.md:4:1
               |
             4 | access: basic until 2026-06-01
               | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: change the dates in `access`, or make the page a `draft`
            [unopenable] warning: nobody can open this block
              --> content/b.md:6:14
               |
             6 | <!-- access: basic until 2026-06-01 -->
               |              ^^^^^^^^^^^^^^^^^^^^^^
              help: change the dates of the block, or take it out
        "#]],
    );
}

/// A site in which `pro` and a bundle are not for sale.
fn unsold(more: &str) -> String {
    format!(
        "\
//- site.yaml
title: School
base_url: https://school.example
{more}access:
  default: public
  tiers:
    - {{id: free, title: Free, free: true}}
    - {{id: basic, title: Basic, buy: https://buy.example/}}
    - {{id: pro, title: Pro}}
  bundles:
    - {{id: talks, title: Talks}}
  default_tier: free
//- content/a.md
---
description: d
access: pro
---
a
//- content/b.md
---
description: d
access: talks
---
b
//- content/c.md
---
description: d
access: [pro, talks]
---
c
//- content/d.md
---
description: d
access: [talks, basic]
---
d
//- content/e.md
---
description: d
access: pro
---
e
//- content/f.md
---
date: 2026-01-01
description: d
access: basic since joining
---
f
//- content/g.md
---
date: 2026-02-01
description: d
access: basic since joining
---
g
"
    )
}

#[test]
fn what_is_not_for_sale() {
    check(
        &unsold(""),
        &expect![[r#"
            [unsold] warning: this page and another one open only with `pro`, and nobody can get that: it is neither free nor for sale
              --> content/a.md:3:1
               |
             3 | access: pro
               | ^^^^^^^^^^^
              help: write `price` or `buy` beside its id in site.yaml, or an `upgrade_url` where everything is sold
            [unsold] warning: this page opens only with `talks`, and nobody can get that: it is neither free nor for sale
              --> content/b.md:3:1
               |
             3 | access: talks
               | ^^^^^^^^^^^^^
              help: write `price` or `buy` beside its id in site.yaml, or an `upgrade_url` where everything is sold
            [unsold] warning: this page opens only with `pro` or `talks`, and nobody can get that: it is neither free nor for sale
              --> content/c.md:3:1
               |
             3 | access: [pro, talks]
               | ^^^^^^^^^^^^^^^^^^^^
              help: write `price` or `buy` beside its id in site.yaml, or an `upgrade_url` where everything is sold
        "#]],
    );
}

#[test]
fn what_is_sold_elsewhere() {
    check_right(&unsold("upgrade_url: https://shop.example/\n"));
}

#[test]
fn a_shop_without_prices_is_one_mistake() {
    check(
        "\
//- site.yaml
title: School
base_url: https://school.example
access:
  default: public
  tiers: [{id: basic, title: Basic}, {id: pro, title: Pro}]
//- content/a.md
---
description: d
access: basic
---
a
//- content/b.md
---
description: d
access: pro
---
b
",
        &expect![[r#"
            [unsold] warning: this page and another one open only with tiers and bundles, and nobody can get that: it is neither free nor for sale
              --> content/a.md:3:1
               |
             3 | access: basic
               | ^^^^^^^^^^^^^
              help: write `price` or `buy` beside its id in site.yaml, or an `upgrade_url` where everything is sold
        "#]],
    );
}

#[test]
fn blocks_that_never_close() {
    check(
        "\
//- content/a.md
---
title: A
description: d
access: basic
---
text

<!-- access: members -->
for all of them
<!-- /access -->

<!-- access: pro -->
for some

<!-- access: basic -->
again for all of them
<!-- /access -->

<!-- access: pro; drip: 7d -->
later
<!-- /access -->
<!-- /access -->
",
        &expect![[r#"
            [idle-block] warning: this block never closes: whoever reads what is around it may read it too
              --> content/a.md:8:14
               |
             8 | <!-- access: members -->
               |              ^^^^^^^
              help: a block narrows the page's `access`: name those of its readers who may go on, or take the two markers out
            [idle-block] warning: this block never closes: whoever reads what is around it may read it too
              --> content/a.md:15:14
                |
             15 | <!-- access: basic -->
                |              ^^^^^
              help: a block narrows the page's `access`: name those of its readers who may go on, or take the two markers out
        "#]],
    );
}

#[test]
fn dividers_that_do_nothing() {
    check(
        "\
//- content/a.md
---
title: A
description: d
access: basic
---

<!-- more -->
nothing is above
//- content/b.md
---
title: B
access: basic
---
everything is above

<!-- more -->
//- content/c.md
---
title: C
access: basic
hidden: true
---
above

<!--more-->
below
//- content/d.md
---
title: D
access: basic
teaser: none
---
above

<!-- more -->
below
//- content/e.md
---
title: E
access: basic
teaser: pro
---
above

<!-- more -->
below
//- content/f.md
---
title: F
access: basic
---
above

<!-- more -->
below
//- content/g.md
---
title: G
---
above

<!-- more -->
below
",
        &expect![[r#"
            [idle-divider] warning: this divider does nothing: there is no text above it
              --> content/a.md:7:1
               |
             7 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: put it below what may be read as a teaser, or take it out
            [whole-teaser] warning: the teaser shows the whole of this page: there is no text below the divider
              --> content/b.md:7:1
               |
             7 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: move the divider up, or open the page with `access: public`
            [idle-divider] warning: this divider does nothing: a hidden page has no teaser
              --> content/c.md:8:1
               |
             8 | <!--more-->
               | ^^^^^^^^^^^
              help: take it out, or take `hidden` out
            [idle-divider] warning: this divider does nothing: `teaser: none` keeps what is above it from everybody
              --> content/d.md:8:1
               |
             8 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: take the divider out, or take `teaser: none` out
            [idle-divider] warning: this divider does nothing: whoever may read the teaser may open the page
              --> content/e.md:8:1
               |
             8 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: name more readers in `teaser`, or take the divider out
        "#]],
    );
}

#[test]
fn files_that_nothing_shows() {
    check(
        "\
//- content/a.md
---
title: A
---
![one](one.png)
//- content/one.png
x
//- content/two.png
x
//- content/three.png
x
//- content/pro/_index.md
---
title: Pro
access: pro
cascade: {access: pro}
description: d
---
//- content/pro/four.png
x
",
        &expect![[r#"
            [unshown-file] warning: no page shows this file, so it is kept for those who may read all beside it
              --> content/pro/four.png
              help: link it from a page, or say who it is for with `files:` in the front matter beside it
            [unshown-file] warning: no page shows this file and another one here, and everybody may have them
              --> content/three.png
              help: link or show it, say who it is for with `files:` in the front matter beside it, or delete it
        "#]],
    );
}

#[test]
fn names_that_tell_of_hidden_pages() {
    check(
        "\
//- content/summer-sale/index.md
---
title: Sale
access: pro
hidden: true
---
![own](own.png)
//- content/summer-sale/own.png
x
//- content/a.md
---
title: A
---
![b](banner-summer-sale.png) ![c](summer-sale-2.png) ![d](midsummer-sales.png)
//- content/banner-summer-sale.png
x
//- content/summer-sale-2.png
x
//- content/midsummer-sales.png
x
//- static/summer-sale.css
x
//- content/pro.md
---
title: P
description: d
access: pro
---
<!-- access: pro -->
[sale](summer-sale/index.md)
<!-- /access -->
",
        &expect![[r#"
            [telling-name] warning: the address `/banner-summer-sale.png` tells of `content/summer-sale/index.md`, which is hidden: both are called `summer-sale`
              --> content/banner-summer-sale.png
              --> content/summer-sale/index.md
              help: rename one of the two, or give the hidden page another `slug`
            [idle-block] warning: this block never closes: whoever reads what is around it may read it too
              --> content/pro.md:6:14
               |
             6 | <!-- access: pro -->
               |              ^^^
              help: a block narrows the page's `access`: name those of its readers who may go on, or take the two markers out
            [telling-name] warning: the address `/summer-sale-2.png` tells of `content/summer-sale/index.md`, which is hidden: both are called `summer-sale`
              --> content/summer-sale-2.png
              --> content/summer-sale/index.md
              help: rename one of the two, or give the hidden page another `slug`
            [telling-name] warning: the address `/summer-sale.css` tells of `content/summer-sale/index.md`, which is hidden: both are called `summer-sale`
              --> static/summer-sale.css
              --> content/summer-sale/index.md
              help: rename one of the two, or give the hidden page another `slug`
        "#]],
    );
}

#[test]
fn a_whole_school_with_nothing_to_say_of() {
    check_right(
        "\
//- content/_index.md
---
title: Home
---
Take [the course](course/), read [a sample](course/01-start.md), or see [what pros read](notes/deep.md).

<!-- access: pro -->
Here is [the sheet](course/02-borrowing/sheet.pdf), and [a secret](secret-page.md).
<!-- /access -->
//- content/secret-page.md
---
title: Secret
access: pro
hidden: true
---
text
//- content/course/_index.md
---
title: Course
cascade:
  access: [pro, rust-course]
  drip: every 7d
---
[one](01-start.md) [two](02-borrowing/index.md) [three](03-end.md)
//- content/course/01-start.md
---
title: Start
access: public
---
text
//- content/course/02-borrowing/index.md
---
title: Borrowing
description: What borrowing is
---
[sheet](sheet.pdf)

<!-- access: pro -->
More for pros, and [the end](../03-end.md).
<!-- /access -->
//- content/course/02-borrowing/sheet.pdf
x
//- content/course/03-end.md
---
title: End
---
It ends here.

<!-- more -->
text
//- content/notes/deep.md
---
title: Deep
access: pro
description: What is deep
---
text
",
    );
}

#[test]
fn what_is_allowed_is_not_said() {
    let site = shop("//- content/a.md\n---\naccess: basic\n---\na\n//- content/b/b.md\n---\naccess: basic\n---\nb\n");
    let found = look(&site).1;
    let left = |allowed: &[&str]| {
        let allowed: Vec<_> = allowed.iter().map(|allowed| allowed.parse().unwrap()).collect();
        let left = tierpress::review::lints::without(found.clone(), &allowed);
        left.into_iter().map(|finding| finding.location.unwrap().file.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(left(&[]), ["content/a.md", "content/b/b.md"]);
    assert_eq!(left(&["nothing-to-see"]), <[&str; 0]>::default());
    assert_eq!(left(&["dead-end", "nothing-to-see content/b/**"]), ["content/a.md"]);
}

#[test]
fn settings_of_check_are_read() {
    let yaml =
        |check: &str| format!("//- site.yaml\ntitle: T\nbase_url: https://t.example\n{check}//- content/a.md\na\n");
    let said = |check: &str| said(&look(&crate::fixture::Fixture::new(&yaml(check))).1);
    assert_eq!(said("check: {allow: [dead-end, 'unsold content/**']}\n"), "");
    expect![[r#"
        [build-error] error: there is no lint `dead-ends`
          --> site.yaml:3:17
           |
         3 | check: {allow: [dead-ends]}
           |                 ^^^^^^^^^
          help: did you mean `dead-end`?
        [build-error] error: unknown key `check.alow`
          --> site.yaml:3:9
           |
         3 | check: {alow: []}
           |         ^^^^
          help: did you mean `allow`?
        [build-error] error: `content/[` is no pattern
          --> site.yaml:3:17
           |
         3 | check: {allow: ['unsold content/[']}
           |                 ^^^^^^^^^^^^^^^^^^
          help: write a lint, and after it the files that are meant: `dead-end content/blog/**`
        [build-error] error: there is no lint `x`
          --> site.yaml:3:17
           |
         3 | check: {allow: [x]}
           |                 ^
          help: each warning of `tierpress check` says its id in brackets
    "#]]
    .assert_eq(
        &[
            "check: {allow: [dead-ends]}\n",
            "check: {alow: []}\n",
            "check: {allow: ['unsold content/[']}\n",
            "check: {allow: [x]}\n",
        ]
        .map(said)
        .concat(),
    );
}

#[test]
fn a_file_for_all_that_only_gated_places_show() {
    check(
        "\
//- static/plan.pdf
x
//- static/deep/cover.png
x
//- static/named.png
x
//- static/both.png
x
//- static/later.png
x
//- static/unshown.png
x
//- content/a.md
---
title: A
description: About A
access: pro
image: /both.png
shown: /named.png
---
[The plan](/plan.pdf)

![both](/both.png)
//- content/b.md
---
title: B
---
Text.

<!-- access: basic -->
![cover](/deep/cover.png)
<!-- /access -->
//- content/c.md
---
title: C
release: 2026-12-24
---
![later](/later.png)
//- content/d.md
---
title: D
draft: true
---
![unshown](/unshown.png) ![cover](/deep/cover.png)
",
        &expect![[r#"
            [open-file] warning: only gated places show this file, and everybody may have it
              --> static/deep/cover.png
              --> content/b.md:7:10
               |
             7 | ![cover](/deep/cover.png)
               |          ^^^^^^^^^^^^^^^
              help: put it beside the page that shows it, into `content/`: there it is for those who read the page
            [open-file] warning: only gated places show this file, and everybody may have it
              --> static/named.png
              --> content/a.md
              help: put it beside the page that shows it, into `content/`: there it is for those who read the page
            [open-file] warning: only gated places show this file, and everybody may have it
              --> static/plan.pdf
              --> content/a.md:8:12
               |
             8 | [The plan](/plan.pdf)
               |            ^^^^^^^^^
              help: put it beside the page that shows it, into `content/`: there it is for those who read the page
        "#]],
    );
}

#[test]
fn every_lint_is_in_the_documentation() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    let page = std::fs::read_to_string(page).unwrap();
    let row = |line: &str| line.strip_prefix("| `").and_then(|line| line.split_once('`')).map(|(id, _)| id.to_owned());
    let (table, _) = page.split_once("## Links by reader").unwrap();
    let rows: Vec<String> = table.lines().filter_map(row).collect();
    assert_eq!(rows, tierpress::diagnostic::lint::Lint::ALL.map(|lint| lint.id().to_owned()));
}
