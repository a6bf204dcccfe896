//! Links: to nowhere, to no anchor, and from an open place to what not all who read it may know of.

use expect_test::expect;

use super::check;
use crate::fixture::SCHOOL;

const BROKEN: &str = "---\naliases: /b/\n---\n[x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href=\"gone.md\">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)\n\n## Here it is\n//- content/b.md\n---\ntemplate: nope.html\n---\n## Section\n//- content/draft.md\n---\ndraft: true\n---\n";

#[test]
fn broken() {
    check(
        BROKEN,
        &expect![[r#"
            error: the alias `/b/` is the address of something else
              --> content/a.md:2:10
               |
             2 | aliases: /b/
               |          ^^^
              --> content/b.md
              help: remove it from one of the two
            error: the link `nowhere.md` leads nowhere
              --> content/a.md:4:5
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |     ^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: the link `/no/where/` leads nowhere
              --> content/a.md:4:22
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                      ^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: `content/b.md` has no anchor `#nothing`
              --> content/a.md:4:39
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                       ^^^^^^^^^^^^
              help: there are `#section`; anchors are made from headings, or written as `## Heading {#anchor}`
            error: `content/b.md` has no anchor `#secton`
              --> content/a.md:4:58
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                          ^^^^^^^^^^^
              help: did you mean `#section`?
            error: `content/a.md` has no anchor `#here`
              --> content/a.md:4:76
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                            ^^^^^
              help: there are `#here-it-is`; anchors are made from headings, or written as `## Heading {#anchor}`
            error: the link `pic.png` leads nowhere
              --> content/a.md:4:89
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                         ^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: the link leads to `content/draft.md`, which is not published
              --> content/a.md:4:103
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                       ^^^^^^^^
              help: it is a draft: remove the link, or take `draft` out there
            error: the link `gone.md` leads nowhere
              --> content/a.md:4:123
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                                           ^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: the link `https://school.example/nope/` leads nowhere
              --> content/a.md:4:147
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: the link `@/nope.md` leads nowhere
              --> content/a.md:4:182
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                                                                                                      ^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: unknown template `nope.html`
              --> content/b.md:2:11
               |
             2 | template: nope.html
               |           ^^^^^^^^^
              help: did you mean `home.html`?
            exit 1
        "#]],
    );
}

#[test]
fn broken_as_warnings() {
    check(
        &format!("{BROKEN}//- site.yaml\n{SCHOOL}links: warn\n"),
        &expect![[r#"
            warning: the alias `/b/` is the address of something else
              --> content/a.md:2:10
               |
             2 | aliases: /b/
               |          ^^^
              --> content/b.md
              help: remove it from one of the two
            warning: the link `nowhere.md` leads nowhere
              --> content/a.md:4:5
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |     ^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            warning: the link `/no/where/` leads nowhere
              --> content/a.md:4:22
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                      ^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            warning: `content/b.md` has no anchor `#nothing`
              --> content/a.md:4:39
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                       ^^^^^^^^^^^^
              help: there are `#section`; anchors are made from headings, or written as `## Heading {#anchor}`
            warning: `content/b.md` has no anchor `#secton`
              --> content/a.md:4:58
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                          ^^^^^^^^^^^
              help: did you mean `#section`?
            warning: `content/a.md` has no anchor `#here`
              --> content/a.md:4:76
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                            ^^^^^
              help: there are `#here-it-is`; anchors are made from headings, or written as `## Heading {#anchor}`
            warning: the link `pic.png` leads nowhere
              --> content/a.md:4:89
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                         ^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            warning: the link leads to `content/draft.md`, which is not published
              --> content/a.md:4:103
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                       ^^^^^^^^
              help: it is a draft: remove the link, or take `draft` out there
            warning: the link `gone.md` leads nowhere
              --> content/a.md:4:123
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                                           ^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            warning: the link `https://school.example/nope/` leads nowhere
              --> content/a.md:4:147
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            warning: the link `@/nope.md` leads nowhere
              --> content/a.md:4:182
               |
             4 | [x](nowhere.md), [y](/no/where/), [z](b.md#nothing), [s](b.md#secton), [i](#here), ![p](pic.png), [d](draft.md), <a href="gone.md">raw</a>, [abs](https://school.example/nope/), [t](@/nope.md)
               |                                                                                                                                                                                      ^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            warning: unknown template `nope.html`
              --> content/b.md:2:11
               |
             2 | template: nope.html
               |           ^^^^^^^^^
              help: did you mean `home.html`?
            exit 0
        "#]],
    );
}

const REVEALING: &str = "[h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)\n\n<!-- access: pro -->\n\n[h](hidden.md), [l](later.md)\n\n<!-- /access -->\n\n<!-- access: basic -->\n\n[h](hidden.md)\n\n<!-- /access -->\n//- content/hidden.md\n---\naccess: pro\nhidden: true\n---\n//- content/later.md\n---\nrelease: 2026-12-15\n---\n//- content/far.md\n---\nrelease: 2028-01-01\n---\n//- content/hidden/index.md\n---\npath: /hid/\naccess: pro\nhidden: true\n---\n[s](sheet.pdf)\n//- content/hidden/sheet.pdf\npdf\n//- content/gated.md\n---\naccess: pro\n---\n[h](hidden.md)\n\n<!-- more -->\n\n[h](hidden.md)\n//- content/announced.md\n---\nrelease: 2026-12-15\nannounce: true\n---\n//- content/z.md\n[ok](announced.md), <a href=\"/hidden/\">raw</a>\n";

#[test]
fn revealing() {
    check(
        REVEALING,
        &expect![[r#"
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/a.md:1:5
               |
             1 | [h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)
               |     ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/later.md`, which is not released yet for some who read this place
              --> content/a.md:1:21
               |
             1 | [h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)
               |                     ^^^^^^^^
              help: move the link into a gated block for those who may know of the page, or announce the page
            error: the link leads to `content/far.md`, which is not published
              --> content/a.md:1:61
               |
             1 | [h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)
               |                                                             ^^^^^^
              help: it is gone, or released too far ahead; remove the link or publish the page
            error: the link reveals `content/later.md`, which is not released yet for some who read this place
              --> content/a.md:5:21
               |
             5 | [h](hidden.md), [l](later.md)
               |                     ^^^^^^^^
              help: move the link into a gated block for those who may know of the page, or announce the page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/a.md:11:5
                |
             11 | [h](hidden.md)
                |     ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/gated.md:4:5
               |
             4 | [h](hidden.md)
               |     ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/z.md:1:30
               |
             1 | [ok](announced.md), <a href="/hidden/">raw</a>
               |                              ^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            exit 1
        "#]],
    );
}

#[test]
fn revealing_is_never_a_warning() {
    check(
        &format!("{REVEALING}//- site.yaml\n{SCHOOL}links: warn\n"),
        &expect![[r#"
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/a.md:1:5
               |
             1 | [h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)
               |     ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/later.md`, which is not released yet for some who read this place
              --> content/a.md:1:21
               |
             1 | [h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)
               |                     ^^^^^^^^
              help: move the link into a gated block for those who may know of the page, or announce the page
            warning: the link leads to `content/far.md`, which is not published
              --> content/a.md:1:61
               |
             1 | [h](hidden.md), [l](later.md), [f](hidden/sheet.pdf), [far](far.md)
               |                                                             ^^^^^^
              help: it is gone, or released too far ahead; remove the link or publish the page
            error: the link reveals `content/later.md`, which is not released yet for some who read this place
              --> content/a.md:5:21
               |
             5 | [h](hidden.md), [l](later.md)
               |                     ^^^^^^^^
              help: move the link into a gated block for those who may know of the page, or announce the page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/a.md:11:5
                |
             11 | [h](hidden.md)
                |     ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/gated.md:4:5
               |
             4 | [h](hidden.md)
               |     ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/z.md:1:30
               |
             1 | [ok](announced.md), <a href="/hidden/">raw</a>
               |                              ^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            exit 1
        "#]],
    );
}

#[test]
fn a_hidden_page_that_is_revealed_by_other_ways() {
    check(
        "[h](/old/)\n//- content/hidden.md\n---\naccess: pro\nhidden: true\naliases: /old/\n---\n//- content/b.md\n![pic](hidden.md)\n",
        &expect![[r#"
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/a.md:1:5
               |
             1 | [h](/old/)
               |     ^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            error: the link reveals `content/hidden.md`, which is hidden from some who read this place
              --> content/b.md:1:8
               |
             1 | ![pic](hidden.md)
               |        ^^^^^^^^^
              help: put the link into a gated block, `<!-- access: pro -->`, or take `hidden` out of that page
            exit 1
        "#]],
    );
}
