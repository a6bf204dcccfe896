//! Where things lie: two for one URL, names that no edge would serve, aliases.

use expect_test::expect;

use super::check;
use crate::fixture::Fixture;

#[test]
fn two_sources_for_one_url() {
    check(
        "//- content/one.md\n//- content/01-one.md\n//- content/two.md\n//- content/two/index.md\n//- content/three.md\n---\nslug: one\n---\n//- content/four.md\n---\npath: /two\n---\n",
        &expect![[r#"
            error: two sources for `/one/`
              --> content/one.md
              --> content/01-one.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: two sources for `/one/`
              --> content/three.md
              --> content/01-one.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: two sources for `/two/`
              --> content/two.md
              --> content/four.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: two sources for `/two/`
              --> content/two/index.md
              --> content/four.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            exit 1
        "#]],
    );
}

#[test]
fn two_sources_for_one_url_but_for_case_or_form() {
    let fixture =
        Fixture::new("//- content/Hello.md\n//- content/hello.md\n//- content/pic.png\nx\n//- content/Pic.png\ny\n");
    fixture.write("content/caf\u{e9}.md", "one\n");
    fixture.write("content/cafe\u{301}.md", "two\n");
    fixture.write("content/caf\u{e9}.png", "one\n");
    fixture.write("content/cafe\u{301}.png", "two\n");
    expect![[r#"
        error: two sources for `/café/`
          --> content/café.md
          --> content/café.md
          help: rename one of the two; a page can also have a `slug` or a `path`
        error: two sources for `/café.png`, in two Unicode forms
          --> content/café.png
          --> content/café.png
          help: rename one of the two; a page can also have a `slug` or a `path`
        error: two sources for `/hello/`
          --> content/hello.md
          --> content/Hello.md
          help: rename one of the two; a page can also have a `slug` or a `path`
        error: `/Pic.png` and `/pic.png` differ only in case
          --> content/pic.png
          --> content/Pic.png
          help: rename one of the two; a page can also have a `slug` or a `path`
        exit 1
    "#]]
    .assert_eq(&fixture.said());
}

#[test]
fn a_page_and_a_file_for_one_url() {
    check(
        "//- content/a.md\n---\npath: /x.pdf\n---\n//- content/x.pdf\npdf\n//- content/b.md\n//- content/b/index.html\nx\n//- static/c/index.html\nx\n//- content/c.md\n//- static/sitemap.xml\nx\n//- static/d\nx\n//- content/d/e.md\n//- static/x.pdf\n",
        &expect![[r#"
            error: `/b/` and `/b/index.html` are one URL
              --> content/b/index.html
              --> content/b.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: `/x.pdf/` and `/x.pdf` are one URL
              --> content/x.pdf
              --> content/a.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: `/c/` and `/c/index.html` are one URL
              --> static/c/index.html
              --> content/c.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: `/d/` and `/d` are one URL
              --> static/d
              --> content/d
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: the build itself makes `/sitemap.xml`
              --> static/sitemap.xml
              help: rename this file, or give the page a `slug` or a `path`
            error: `/x.pdf/` and `/x.pdf` are one URL
              --> static/x.pdf
              --> content/a.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            exit 1
        "#]],
    );
}

#[test]
fn names_that_no_edge_would_serve() {
    check(
        "//- content/50%.pdf\nx\n//- content/a;b.md\n//- content/c#.png\nx\n//- content/back\\slash.md\n//- static/100%.txt\nx\n//- content/???.md\n//- content/q?.pdf\nx\n//- content/!!.md\n",
        &expect![[r#"
            error: no URL can be made for this page: there is no letter and no digit in its name
              --> content/!!.md
              help: give it a `slug` or a `path`
            error: no edge would serve a file of this name: a URL cannot hold `%`
              --> content/50%.pdf
              help: rename the file
            error: no URL can be made for this page: there is no letter and no digit in its name
              --> content/???.md
              help: give it a `slug` or a `path`
            error: no edge would serve a file of this name: a URL cannot hold `#`
              --> content/c#.png
              help: rename the file
            error: no edge would serve a file of this name: a URL cannot hold `%`
              --> static/100%.txt
              help: rename the file
            exit 1
        "#]],
    );
}

#[test]
fn paths_that_are_written_wrong() {
    check(
        "//- content/a.md\n---\npath: ../up\n---\n//- content/b.md\n---\npath: a//b\n---\n//- content/c.md\n---\nslug: ''\n---\n//- content/d.md\n---\naliases: [../x, 'a;b']\n---\n//- content/e.md\n---\npath: https://example.org/x\n---\n//- content/f.md\n---\npath:\n---\n",
        &expect![[r#"
            error: no page can lie at `../up`: a URL cannot hold `.` or `..` as a part of its own
              --> content/a.md:2:7
               |
             2 | path: ../up
               |       ^^^^^
            error: no page can lie at `a//b`: a URL cannot hold `//`
              --> content/b.md:2:7
               |
             2 | path: a//b
               |       ^^^^
            error: no alias can lie at `../x`: a URL cannot hold `.` or `..` as a part of its own
              --> content/d.md:2:11
               |
             2 | aliases: [../x, 'a;b']
               |           ^^^^
            error: no alias can lie at `a;b`: a URL cannot hold `;`
              --> content/d.md:2:17
               |
             2 | aliases: [../x, 'a;b']
               |                 ^^^^^
            error: no page can lie at `https://example.org/x`: a URL cannot hold `//`
              --> content/e.md:2:7
               |
             2 | path: https://example.org/x
               |       ^^^^^^^^^^^^^^^^^^^^^
            exit 1
        "#]],
    );
}

#[test]
fn aliases_that_hit_something() {
    check(
        "//- content/a.md\n---\naliases: [/b/, /x.png, /A]\n---\n//- content/b.md\n---\naliases: [/old/, /c]\n---\n//- content/c.md\n---\naliases: /old\n---\n//- content/x.png\nx\n//- content/s/d.md\n---\naliases: /s/\n---\n",
        &expect![[r#"
            error: the alias `/b/` is the address of something else
              --> content/a.md:2:11
               |
             2 | aliases: [/b/, /x.png, /A]
               |           ^^^
              --> content/b.md
              help: remove it from one of the two
            error: the alias `/x.png/` is the address of something else
              --> content/a.md:2:16
               |
             2 | aliases: [/b/, /x.png, /A]
               |                ^^^^^^
              --> content/x.png
              help: remove it from one of the two
            error: the alias `/c/` is the address of something else
              --> content/b.md:2:18
               |
             2 | aliases: [/old/, /c]
               |                  ^^
              --> content/c.md
              help: remove it from one of the two
            error: the alias `/old/` is the address of something else
              --> content/c.md:2:10
               |
             2 | aliases: /old
               |          ^^^^
              --> content/b.md:2:11
               |
             2 | aliases: [/old/, /c]
               |           ^^^^^
              help: remove it from one of the two
            error: the alias `/s/` is the address of something else
              --> content/s/d.md:2:10
               |
             2 | aliases: /s/
               |          ^^^
              --> content/s
              help: remove it from one of the two
            exit 1
        "#]],
    );
}

#[test]
fn more_than_1024_variants() {
    let mut body = "---\naccess: public\n---\n".to_owned();
    for day in 1..=11 {
        body.push_str(&format!("<!-- access: b{day} -->\n\ntext {day}\n\n<!-- /access -->\n\n"));
    }
    let bundles: String = (1..=11).map(|day| format!("    - {{id: b{day}, title: Bundle {day}}}\n")).collect();
    let site = format!("title: A\nbase_url: https://a.example\naccess:\n  default: public\n  bundles:\n{bundles}");
    check(
        &format!("{body}//- site.yaml\n{site}"),
        &expect![[r#"
            error: this page would have more than 1024 variants; these gates multiply: `b1`, `b2`, `b3`, `b4`, `b5`, `b6`, `b7`, `b8`, `b9`, `b10`, `b11`
              --> content/a.md
              help: use fewer independent tags in its blocks, or hide fewer pages beside it
            exit 1
        "#]],
    );
}
