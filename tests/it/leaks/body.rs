//! What is in a page: blocks, footnotes, titles, contents and counts.

use super::{Built, check, refused};

#[test]
fn of_a_locked_page_little_is_open() {
    let built = check(
        "\
//- content/a.md
---
description: zqdescription
access: pro
tags: [zqtag]
image: /zqimage.png
extra: {note: zqextra}
podcast: zqpodcast
excerpt: zqexcerpt
author: zqauthor
---
# zqtitle

## zqheading {#zqanchor}

zqtext ![zqalt](/p.png \"zqcaption\") `zqcode` $zqmath$ [^1] [link](https://x.example/zqlink \"zqlinktitle\")

| zqtable |
|---------|
| zqcell  |

[^1]: zqnote

```
zqfence
```

<div data-x=\"zqattribute\">zqraw</div>
//- static/p.png
x
//- static/zqimage.png
x
",
        "visitor: description tag image
         basic: description tag image
         pro: description tag image title heading anchor text alt caption code math link linktitle table cell note \
         fence attribute raw",
    );
    let (_, cover) = built.get("visitor", "/a/");
    assert!(cover.contains(">A</h1>"), "the title comes from the file's name: {cover}");
    assert!(!cover.contains("minute"), "{cover}");
    assert!(built.get("pro", "/a/").1.contains("minute"));
    assert!(!built.get("pro", "/").1.contains("zqtitle"), "lists show what is open");
}

#[test]
fn the_divider_ends_the_teaser() {
    check(
        "\
//- content/a.md
---
access: pro
---
# zqtitle

zqlead[^up][^down]

[^up]: zqup

## zqhead

<!-- more -->

## zqbelow

zqrest[^low]

[^down]: zqdown

[^low]: zqlow
//- content/b.md
---
access: pro
teaser: members
---
zqbl

<!-- more -->

zqbr
//- content/c.md
---
access: pro
teaser: none
---
zqcl

<!-- more -->

zqcr
//- content/d.md
zqdl

<!--more-->

zqdr
",
        "visitor: title lead up head dl dr
         free: title lead up head dl dr bl
         course: title lead up head dl dr bl
         pro: title lead up head below rest down low dl dr bl br cl cr",
    );
}

#[test]
fn footnotes_are_numbered_by_what_is_shown() {
    let built = Built::new(
        "\
//- content/a.md
Open[^a].

<!-- access: pro -->

Closed[^b].

[^b]: zqb

<!-- /access -->

Open again[^c].

[^a]: zqa
[^c]: zqc
//- content/t.md
---
access: pro
---
Lead[^below] and[^above].

[^above]: zqabove

<!-- more -->

[^below]: zqbelow
",
    );
    built.check("visitor: a c above\npro: a b c above below");
    let (_, page) = built.get("visitor", "/a/");
    assert!(page.contains(">2</a></sup>") && !page.contains(">3</a></sup>"), "{page}");
    assert_eq!(page.matches("<li id=\"fn-").count(), 2, "{page}");
    let (_, page) = built.get("pro", "/a/");
    assert!(page.contains(">3</a></sup>"), "{page}");
    let (_, teaser) = built.get("visitor", "/t/");
    assert!(teaser.contains(">1</a></sup>") && !teaser.contains(">2</a></sup>"), "{teaser}");
}

#[test]
fn definitions_belong_to_their_block() {
    for body in [
        "Out[^n].\n\n<!-- access: pro -->\n\n[^n]: note\n\n<!-- /access -->",
        "Out[^n].\n\n<!-- access: pro -->\n\n- x\n\n  [^n]: note\n\n<!-- /access -->",
        "Out [x][n].\n\n<!-- access: pro -->\n\n[n]: /url\n\n<!-- /access -->",
        "Out [n].\n\n<!-- access: pro -->\n\n> [n]: /url\n\n<!-- /access -->",
        "Out [SS].\n\n<!-- access: pro -->\n\n[ẞ]: /url\n\n<!-- /access -->",
        "Out [a b].\n\n<!-- access: pro -->\n\n[A\n  B]: /url\n\n<!-- /access -->",
        "Out [a\\]b].\n\n<!-- access: pro -->\n\n[a\\]b]: /url\n\n<!-- /access -->",
        "Out [a].\n\n<!-- access: pro -->\n\n- x\n\n  > [a]: /url\n\n<!-- /access -->",
        "Out [*a*].\n\n<!-- access: pro -->\n\n[*a*]: /url\n\n<!-- /access -->",
        "![n][]\n\n<!-- access: pro -->\n\n[N]: /url\n\n<!-- /access -->",
    ] {
        let faults = refused(&format!("//- site.yaml\n{}links: warn\n//- content/a.md\n{body}\n", super::SITE));
        assert!(faults.iter().any(|fault| fault.contains("used outside the gated block")), "{body}: {faults:?}");
    }
    for body in [
        "[^n]: one\n\n<!-- access: pro -->\n\nx[^n]\n\n[^n]: two\n\n<!-- /access -->",
        "[n]: /url\n\n<!-- access: pro -->\n\n[n]\n\n[n]: /two\n\n<!-- /access -->",
        "<!-- access: pro -->\n\n[n]: /two\n\n<!-- /access -->\n\n<!-- access: course -->\n\n[n]: /x\n\n<!-- /access -->",
    ] {
        let faults = refused(&format!("//- content/a.md\n{body}\n"));
        assert!(faults.iter().any(|fault| fault.contains("on both sides")), "{body}: {faults:?}");
    }
}

#[test]
fn blocks_narrow_their_page() {
    let built = check(
        "\
//- content/a.md
---
access: basic
---
zqa

<!-- access: pro -->

## zqhead

zqpro

<!-- access: course -->

zqboth

<!-- access: other; hidden -->

zqthree

<!-- /access -->

<!-- /access -->

zqpro2

<!-- /access -->

<!-- access: course; hidden -->

zqhidden

<!-- /access -->

<!-- access: public -->

zqany

<!-- /access -->
",
        "visitor:
         course:
         basic: a any
         pro: a head pro pro2 any
         basic+course: a hidden any
         pro+course: a head pro both pro2 hidden any
         pro+course+other: a head pro both three pro2 hidden any",
    );
    assert_eq!(built.get("basic", "/a/").1.matches("tp-gate").count(), 1);
    assert_eq!(built.get("pro", "/a/").1.matches("tp-gate").count(), 1);
    assert_eq!(built.get("pro+course", "/a/").1.matches("tp-gate").count(), 0);
    assert_eq!(built.get("visitor", "/a/").1.matches("tp-gate").count(), 0);
    assert!(!built.get("basic", "/a/").1.contains("Course"));
}

#[test]
fn a_block_above_the_divider_is_no_teaser() {
    let built = check(
        "\
//- content/_index.md
---
title: Home
---
//- content/a.md
---
title: A
access: basic
---
zqlead

<!-- access: pro -->

zqpro

<!-- /access -->

<!-- access: course; hidden -->

zqcourse

<!-- /access -->

zqlead2

<!-- more -->

zqrest
//- content/b.md
---
title: B
access: basic
teaser: none
---
Lead

<!-- access: pro -->

zqbpro

<!-- /access -->

<!-- more -->

Rest
",
        "visitor: lead lead2
         course: lead lead2
         basic: lead lead2 rest
         basic+course: lead lead2 course rest
         pro: lead lead2 pro rest bpro",
    );
    assert_eq!(built.get("visitor", "/a/").1.matches("tp-gate").count(), 1);
    // Who may not read a teaser does not see where its blocks are, neither on the page nor in a list.
    assert_eq!(built.get("visitor", "/b/").1.matches("tp-gate").count(), 0);
    assert_eq!(built.get("visitor", "/").1.matches("tp-gate").count(), 1);
}

#[test]
fn a_waiting_form_without_a_teaser_shows_no_block() {
    let built = Built::new(
        "//- content/a.md\n---\naccess: basic\nteaser: none\ndrip: 7d\n---\nzqlead\n\n<!-- access: pro -->\n\nzqpro\n\n\
         <!-- /access -->\n\n<!-- more -->\n\nzqrest\n",
    );
    built.check("visitor:\nbasic/1d:\nbasic/7d: lead rest\npro/7d: lead rest pro\npro/1d:");
    assert_eq!(built.get("basic/1d", "/a/").1.matches("tp-gate").count(), 0);
}

#[test]
fn contents_and_counts_are_of_what_is_shown() {
    let words = "word ".repeat(1_000);
    let built = Built::new(&format!(
        "//- content/a.md\n## zqone\n\n## zqtwo\n\n<!-- access: pro -->\n\n## zqthree\n\n{words}\n\n<!-- /access -->\n\n## zqfour\n"
    ));
    built.check("visitor: one two four\npro: one two three four");
    let (_, page) = built.get("visitor", "/a/");
    assert!(page.contains("class=\"contents\"") && page.contains("1 minute"), "{page}");
    assert!(built.get("pro", "/a/").1.contains("6 minutes"), "{}", built.get("pro", "/a/").1);
}

#[test]
fn anchors_do_not_tell_of_headings_in_closed_places() {
    let built = Built::new(
        "//- content/a.md\n<!-- access: pro; hidden -->\n\n## Same\n\n<!-- /access -->\n\n\
         <!-- access: course -->\n\n## Same\n\n<!-- /access -->\n\n## Same\n\n<!-- access: pro -->\n\n## Other {#taken}\n\n\
         <!-- /access -->\n\n## Taken\n\
         //- content/b.md\n---\naccess: pro\n---\n## Same\n\n<!-- more -->\n\n## Other {#same}\n",
    );
    assert!(built.get("visitor", "/a/").1.contains("<h2 id=\"same\">"));
    assert!(built.get("visitor", "/a/").1.contains("<h2 id=\"taken\">"));
    assert!(built.get("visitor", "/b/").1.contains("<h2 id=\"same\">"));
}

#[test]
fn markers_in_code_are_text() {
    let built = Built::new(
        "//- content/a.md\n```\n<!-- access: pro -->\nzqone\n<!-- /access -->\n```\n\n`<!-- access: pro -->` zqtwo\n\n    \
         write <!-- access: pro -->\n\nzqthree\n\n~~~\n<!-- more -->\n~~~\n\n- x\n\n  ```\n  <!-- /access -->\n  ```\n\n\
         \\<!-- access: pro --> zqfour\n",
    );
    built.check("visitor: one two three four");
}

#[test]
fn a_marker_ends_what_stands_above_it() {
    let built = Built::new(
        "//- content/a.md\n[a]: /u \"\n<!-- access: pro -->\nzqone\n<!-- /access -->\n\"\n\nzqtext\n\
         <!-- access: pro -->\nzqtwo\n<!-- /access -->\nzqmore\n\n- zqitem\n<!-- access: pro -->\nzqthree\n<!-- /access -->\n",
    );
    built.check("visitor: text more item\npro: text more item one two three");
}

#[test]
fn swallowed_markers_are_faults() {
    for body in [
        "<div>\n<!-- access: pro -->\n</div>\n\nx\n\n<!-- /access -->",
        "<!-- a note\n<!-- access: pro -->\n\nx\n\n<!-- b\n<!-- /access -->\n",
        "<!-- a note <!-- access: pro -->\n\nx\n\n<!-- and <!-- /access -->\n",
        "<-- access: pro -->\n\nx\n\n<-- /access -->",
        "[a](/u \"<!-- access: pro -->\nx <!-- /access -->\")",
        "$$ <!-- access: pro --> x <!-- /access --> $$",
        "- a\n\n  <!-- access: pro -->\n\n  x\n\n  <!-- /access -->\n",
        "> <!-- access: pro -->\n>\n> x\n>\n> <!-- /access -->\n",
        "<script>\n<!-- access: pro -->\nx\n<!-- /access -->\n</script>",
        "<pre>\n\n<!-- access: pro -->\n\nx\n\n<!-- /access -->\n\n</pre>",
        "<?php\n<!-- access: pro -->\nx\n<!-- /access -->\n?>",
        "<![CDATA[\n<!-- access: pro -->\nx\n<!-- /access -->\n]]>",
        "<img alt=\"<!-- access: pro -->\nx\n<!-- /access -->\">",
        "[^1]: note\n\n    <!-- access: pro -->\n\n    x\n\n    <!-- /access -->\n\n[^1]",
        "Term\n: <!-- access: pro -->\n\n  x\n\n  <!-- /access -->\n",
        "# <!-- access: pro --> x <!-- /access -->",
        "x <!-- access: pro --> x <!-- /access -->",
        "<!-- access: pro --> x <!-- /access -->",
        "<!-- access: pro --!>\n\nx\n\n<!-- /access --!>",
        "<!-- access: pro ->\n\nx\n\n<!-- /access ->",
        "<!--- access: pro -->\n\nx\n\n<!--- /access -->",
        "<! -- access: pro -->\n\nx\n\n<! -- /access -->",
        "<!-access: pro->\n\nx\n\n<!-/access->",
    ] {
        let (text, settings) = (format!("zqx\n\n{body}\n"), super::SITE);
        let faults = refused(&format!("//- site.yaml\n{settings}links: warn\n//- content/a.md\n{text}"));
        assert!(faults.iter().any(|fault| fault.contains("marker")), "{body}: {faults:?}");
    }
}
