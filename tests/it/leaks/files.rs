//! Files beside pages: who may have one is decided by what shows it.

use super::{Built, check, refused};

#[test]
fn whoever_reads_a_place_that_embeds_a_file_has_it() {
    check(
        "\
//- content/a.md
---
access: basic
---
![x](one.txt) ![y](two.txt)
//- content/b.md
---
access: course
---
![x](one.txt)
//- content/c.md
---
access: pro
---
[link](three.txt)
//- content/d.md
---
access: pro
---
Lead ![in the teaser](four.txt) and a [link](five.txt).

<!-- more -->

![below](six.txt)

<!-- access: course -->

![inside](seven.txt)

<!-- /access -->
//- content/one.txt
zqone
//- content/two.txt
zqtwo
//- content/three.txt
zqthree
//- content/four.txt
zqfour
//- content/five.txt
zqfive
//- content/six.txt
zqsix
//- content/seven.txt
zqseven
",
        "visitor: four five
         free: four five
         basic: one two four five
         course: one four five
         pro: one two three four five six
         pro+course: one two three four five six seven",
    );
}

#[test]
fn a_link_never_opens_a_file() {
    check(
        "\
//- content/blog.md
[get it](course/sheet.txt), [and](course/lesson/own.txt)
//- content/course/_index.md
---
access: course
---
//- content/course/lesson/index.md
---
access: public
---
[own](own.txt) ![image](image.txt)
//- content/course/sheet.txt
zqsheet
//- content/course/lesson/own.txt
zqown
//- content/course/lesson/image.txt
zqimage
",
        "visitor: image
         pro: image
         course: image sheet own",
    );
}

#[test]
fn raw_html_shows_files_in_many_ways() {
    let ways = [
        ("src", "<img src=\"f.txt\">"),
        ("unquoted", "<img src=f.txt alt=x>"),
        ("single", "<IMG alt='>' SRC='f.txt'>"),
        ("entities", "<img src=\"f&#46;txt\">"),
        ("named", "<img src=\"f&period;txt\">"),
        ("srcset", "<img srcset=\"/no.txt 1x, f.txt 2x\">"),
        ("only", "<source srcset='f.txt'>"),
        ("poster", "<video poster=f.txt></video>"),
        ("object", "<object data=\"./f.txt\"></object>"),
        ("audio", "<audio src=f.txt></audio>"),
        ("style", "<p style=\"background: url(f.txt)\">x</p>"),
        ("quoted", "<p style='background:URL( \"f.txt\" )'>x</p>"),
        ("encoded", "<p style=\"background: url(&quot;f.txt&quot;)\">x</p>"),
        ("sheet", "<style>\np { background: url('f.txt') }\n</style>"),
        ("inline", "Text <img src=f.txt> inline."),
        ("percent", "<img src=\"%66.txt\">"),
        ("absolute", "<img src=\"https://learn.example/lesson/f.txt\">"),
        ("input", "<input type=image src=f.txt>"),
        ("table", "| a |\n|---|\n| <img src=f.txt> |"),
        ("list", "- one\n  <img src=f.txt>"),
        ("reference", "![x][y]\n\n[y]: f.txt"),
    ];
    for (name, html) in ways {
        // The file lies in a closed folder, so that only what embeds it opens it.
        let text = format!(
            "//- static/no.txt\nx\n//- content/_index.md\n---\naccess: pro\ncascade: {{access: pro}}\n---\n\
             //- content/lesson/index.md\n---\naccess: basic\n---\n{html}\n//- content/lesson/f.txt\nzqfile\n"
        );
        let built = Built::new(&text);
        assert_eq!(built.get("visitor", "/lesson/f.txt").0, 401, "{name}");
        assert_eq!(built.get("free", "/lesson/f.txt").0, 403, "{name}");
        assert_eq!(built.get("basic", "/lesson/f.txt").0, 200, "{name}");
    }
}

#[test]
fn raw_html_stays_what_it_is() {
    let built = Built::new(
        "//- content/a/index.md\n<img alt=\"x\" src=f.txt class='c'> and <img src=\"f&#46;txt\" alt=y>\n\n\
         <p style=\"background: url('f.txt')\">text</p>\n\n<picture><source srcset=\"f.txt 1x, f.txt 2x\"></picture>\n\
         //- content/a/f.txt\nx\n",
    );
    let (_, page) = built.get("visitor", "/a/");
    for html in [
        "<img alt=\"x\" src=/a/f.txt class='c'> and <img src=\"/a/f.txt\" alt=y>",
        "<p style=\"background: url('/a/f.txt')\">text</p>",
        "<picture><source srcset=\"/a/f.txt 1x, /a/f.txt 2x\"></picture>",
    ] {
        assert!(page.contains(html), "{html}: {page}");
    }
}

#[test]
fn words_that_only_look_like_html_open_nothing() {
    for html in [
        "<!-- <img src=f.txt> -->",
        "`<img src=f.txt>`",
        "    <img src=f.txt>",
        "```html\n<img src=f.txt>\n```",
        "f.txt",
        "\\<img src=f.txt>",
        "&lt;img src=f.txt&gt;",
        "<a href=f.txt>x</a>",
        "<textarea>\n<img src=f.txt>\n</textarea>",
        "$f.txt$",
    ] {
        let text = format!(
            "//- content/_index.md\n---\naccess: pro\n---\n//- content/lesson/index.md\n---\naccess: public\n---\n\
             {html}\n//- content/lesson/f.txt\nzqfile\n"
        );
        let built = Built::new(&text);
        assert_eq!(built.get("basic", "/lesson/f.txt").0, 403, "{html}");
        assert_eq!(built.get("pro", "/lesson/f.txt").0, 200, "{html}");
    }
}

#[test]
fn front_matter_shows_files() {
    check(
        "\
//- content/a/index.md
---
title: A
access: pro
image: cover.txt
podcast: sound.txt
nested: {list: [deep.txt]}
---
//- content/b/index.md
---
title: zqb
access: pro
hidden: true
image: hidden.txt
---
//- content/a/cover.txt
zqcover
//- content/a/sound.txt
zqsound
//- content/a/deep.txt
zqdeep
//- content/b/hidden.txt
zqhidden
",
        "visitor: cover
         pro: cover sound deep b hidden",
    );
}

#[test]
fn names_in_text_count_where_they_stand() {
    check(
        "\
//- content/a.md
---
access: pro
---
Look at one.txt above.

<!-- more -->

<!-- access: course -->

`two.txt`

<!-- /access -->
//- content/one.txt
zqone
//- content/two.txt
zqtwo
",
        "visitor:
         basic:
         pro: one
         course:
         pro+course: one two",
    );
}

#[test]
fn part_of_a_word_is_no_name() {
    check(
        "//- content/a.md\nSee data.zip, a.zipper, x-a.zip and ä.a.zip.\n//- content/b.md\n---\naccess: pro\n---\n\
         //- content/a.zip\nzqa\n//- content/data.zip\nzqdata\n",
        "visitor: data\npro: data a",
    );
}

#[test]
fn what_nothing_shows_is_closed() {
    check(
        "\
//- content/a.md
---
access: pro
---
//- content/b.md
---
access: course
---
//- content/file.txt
zqfile
//- content/open/c.md
//- content/open/file.txt
zqopen
//- content/lesson/index.md
---
access: pro
---
//- content/lesson/own.txt
zqown
//- content/lesson/deep/er/sub.txt
zqsub
",
        "visitor: open
         pro: open own sub
         course: open
         pro+course: open file own sub",
    );
}

#[test]
fn a_key_far_above_does_not_open_what_a_draft_closes_beside_it() {
    check(
        "\
//- content/_index.md
---
files: {'**/*.pdf': public}
---
//- content/course/a.md
//- content/course/b.md
---
draft: true
access: pro
files: {'*.pdf': pro}
---
//- content/course/book.pdf
zqbook
//- content/other/free.pdf
zqfree
",
        "visitor: free
         pro: free
         course: free
         pro+course: free",
    );
}

#[test]
fn files_of_drafts_are_not_published() {
    check(
        "\
//- content/a/index.md
---
draft: true
---
![x](shown.txt)
//- content/a/shown.txt
zqshown
//- content/a/unshown.txt
zqunshown
//- content/a/deep/er.txt
zqdeep
//- content/b.md
---
draft: true
files: {kept.txt: public}
---
![x](only.txt)
//- content/c.md
---
access: pro
---
![x](both.txt)
//- content/d.md
---
draft: true
---
![x](both.txt)
//- content/only.txt
zqonly
//- content/both.txt
zqboth
//- content/kept.txt
zqkept
//- content/e/index.md
---
until: 2026-11-01
---
![x](gone.txt)
//- content/e/gone.txt
zqgone
//- content/f/index.md
---
release: 2027-11-01
---
![x](later.txt)
//- content/f/later.txt
zqlater
",
        "visitor:
         pro: both",
    );
}

#[test]
fn a_link_to_the_file_of_a_draft_is_refused() {
    let faults = refused(
        "//- content/a/index.md\n---\ndraft: true\n---\n![x](f.txt)\n//- content/b.md\n---\ndraft: true\n---\n\
         [x](a/f.txt)\n//- content/c.md\n[x](a/)\n//- content/a/f.txt\nx\n",
    );
    assert_eq!(faults, ["the link leads to `content/a/index.md`, which is not published"]);
}

#[test]
fn hidden_files_are_not_there() {
    let built = check(
        "\
//- content/a/index.md
---
access: pro
hidden: true
title: zqa
---
![x](f.txt)
//- content/a/f.txt
zqf
//- content/a/unshown.txt
zqunshown
//- content/b/index.md
Open.

<!-- access: pro; hidden -->

![x](secret.txt)

<!-- access: course -->

![x](deeper.txt)

<!-- /access -->

<!-- /access -->

<!-- access: pro -->

![x](closed.txt)

<!-- /access -->
//- content/b/secret.txt
zqsecret
//- content/b/deeper.txt
zqdeeper
//- content/b/closed.txt
zqclosed
//- content/c.md
---
access: pro
---
![x](shared.txt)
//- content/d.md
---
access: pro
hidden: true
title: zqd
---
![x](shared.txt)
//- content/shared.txt
zqshared
",
        "visitor:
         basic:
         pro: a f unshown secret closed shared d
         pro+course: a f unshown secret deeper closed shared d",
    );
    for path in ["/a/f.txt", "/a/unshown.txt", "/b/secret.txt", "/b/deeper.txt"] {
        assert_eq!(built.get("visitor", path).0, 404, "{path}");
        assert_eq!(built.get("basic", path).0, 404, "{path}");
    }
    assert_eq!(built.get("visitor", "/b/closed.txt").0, 401);
    assert_eq!(built.get("visitor", "/shared.txt").0, 401);
}

#[test]
fn a_files_key_goes_before_all_that() {
    check(
        "\
//- content/_index.md
---
files: {'deep/*.txt': course}
---
//- content/deep/a.md
![x](one.txt)
//- content/deep/b.md
---
access: pro
files: {two.txt: public, three.txt: [pro, course]}
---
![x](two.txt)
//- content/deep/one.txt
zqone
//- content/deep/two.txt
zqtwo
//- content/deep/three.txt
zqthree
",
        "visitor: two
         pro: two three
         course: one two three",
    );
}

#[test]
fn files_live_as_long_as_what_shows_them() {
    check(
        "\
//- content/a/index.md
---
title: A
release: 2026-12-10
until: 2026-12-20
access: pro
image: i.txt
files: {k.txt: public}
---
![x](f.txt)
//- content/a/f.txt
zqf
//- content/a/i.txt
zqi
//- content/a/k.txt
zqk
//- content/a/unshown.txt
zqunshown
",
        "visitor:
         pro:
         pro@2026-12-09T23:59:59:
         visitor@2026-12-10: i k
         pro@2026-12-10: f i k unshown
         pro@2026-12-20T23:59:59: f i k unshown
         visitor@2026-12-20T23:59:59: i k
         pro@2026-12-21:",
    );
}

#[test]
fn what_a_lesson_links_comes_with_the_lesson() {
    let lesson = |name: &str, text: &str| format!("//- content/course/{name}.md\n{text}\n");
    let built = Built::new(&format!(
        "//- content/blog.md\n---\naccess: course\n---\n[early](course/blog.txt)\n\
         //- content/course/_index.md\n---\naccess: course\ndrip: every 7d\n---\n[index](index.txt)\n{}{}{}{}",
        lesson("01-one", "[one](one.txt), [both](both.txt) and `named.txt`"),
        lesson("02-two", "[two](two.txt) and [below](part/below.txt)"),
        lesson("03-three", "[three](three.txt), [both](both.txt) and [blog](blog.txt)"),
        ["one", "two", "three", "both", "named", "blog", "index", "part/below"]
            .map(|name| format!("//- content/course/{name}.txt\nzq{name}\n"))
            .concat(),
    ));
    for (name, day) in [
        ("one", 0),
        ("two", 7),
        ("three", 14),
        ("both", 0),
        ("named", 0),
        // What lies outside of the row links it for the last one's readers alone.
        ("blog", 14),
        ("index", 14),
        ("part/below", 7),
    ] {
        let path = format!("/course/{name}.txt");
        assert_eq!(built.get("visitor", &path).0, 401, "{name}");
        assert_eq!(built.get("pro", &path).0, 403, "{name}");
        assert_eq!(built.get(&format!("course/{day}d"), &path).0, 200, "{name}");
        if day > 0 {
            assert_eq!(built.get(&format!("course/{}d", day - 1), &path).0, 403, "{name}");
        }
    }
}
