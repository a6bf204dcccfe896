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
        error: `content/cafe\u{301}.md` and `content/caf\u{e9}.md` look alike: they are two Unicode forms of one name
          --> content/café.md
          --> content/café.md
          help: rename one of the two; a page can also have a `slug` or a `path`
        error: `/cafe\u{301}.png` and `/caf\u{e9}.png` look alike: they are two Unicode forms of one URL
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

#[test]
fn names_that_look_alike_or_are_no_names() {
    let long = "x".repeat(300);
    let mut said = String::new();
    for (name, site) in [
        (
            "two forms of a file",
            "//- content/e\u{301}t\u{e9}.txt\nx\n//- content/\u{e9}te\u{301}.txt\nx\n//- content/a.md\n[x](\u{e9}te\u{301}.txt)\n",
        ),
        ("two forms of a page", "//- content/caf\u{e9}.md\nx\n//- content/cafe\u{301}.md\nx\n"),
        ("a line's end in a page's name", "x\n"),
        ("the build's folder as a page", "//- content/_tierpress.md\nx\n"),
        ("the build's folder as a section", "//- content/_Tierpress/a.md\nx\n"),
        ("the build's folder in static", "//- static/_tierpress/theme/style.css\nx\n"),
        ("the build's folder by `path`", "---\npath: /_tierpress/x/\n---\n"),
        ("the build's folder by an alias", "---\naliases: [/_tierpress/old/]\n---\n"),
        ("a long slug", &format!("---\nslug: {long}\n---\n")),
        ("a long path", &format!("---\npath: /a/{long}/\n---\n")),
        ("a long tag", &format!("---\ntags: [{long}]\n---\n")),
    ] {
        let fixture = crate::fixture::Fixture::new(site);
        if name.starts_with("a line's end") {
            std::fs::create_dir_all(fixture.root().join("content/b\u{1b}[31m")).unwrap();
            for file in ["content/b\nc.md", "content/b\u{1b}[31m/c.md", "content/b\u{7}.txt"] {
                std::fs::write(fixture.root().join(file), "x\n").unwrap();
            }
        }
        said.push_str(&format!("=== {name}\n{}", fixture.said().replace(&long, "LONG")));
    }
    expect![[r#"
        === two forms of a file
        error: `/e\u{301}t\u{e9}.txt` and `/\u{e9}te\u{301}.txt` look alike: they are two Unicode forms of one URL
          --> content/été.txt
          --> content/été.txt
          help: rename one of the two; a page can also have a `slug` or a `path`
        exit 1
        === two forms of a page
        error: `content/cafe\u{301}.md` and `content/caf\u{e9}.md` look alike: they are two Unicode forms of one name
          --> content/café.md
          --> content/café.md
          help: rename one of the two; a page can also have a `slug` or a `path`
        exit 1
        === a line's end in a page's name
        error: this name holds a control character, such as a line's end
          --> content/b\u{7}.txt
          help: rename it
        error: this name holds a control character, such as a line's end
          --> content/b\u{a}c.md
          help: rename it
        error: this name holds a control character, such as a line's end
          --> content/b\u{1b}[31m
          help: rename it
        exit 1
        === the build's folder as a page
        error: `/_tierpress/` belongs to the build, which puts files of its own into `/_tierpress/`
          --> content/_tierpress.md
          help: rename it, or the folder it lies in; a page can also have a `slug` or a `path`
        exit 1
        === the build's folder as a section
        error: `/_tierpress/` belongs to the build, which puts files of its own into `/_tierpress/`
          --> content/_Tierpress
          help: rename it, or the folder it lies in; a page can also have a `slug` or a `path`
        error: `/_tierpress/a/` belongs to the build, which puts files of its own into `/_tierpress/`
          --> content/_Tierpress/a.md
          help: rename it, or the folder it lies in; a page can also have a `slug` or a `path`
        exit 1
        === the build's folder in static
        error: `/_tierpress/theme/style.css` belongs to the build, which puts files of its own into `/_tierpress/`
          --> static/_tierpress/theme/style.css
          help: rename it, or the folder it lies in; a page can also have a `slug` or a `path`
        exit 1
        === the build's folder by `path`
        error: `/_tierpress/x/` belongs to the build, which puts files of its own into `/_tierpress/`
          --> content/a.md
          help: rename it, or the folder it lies in; a page can also have a `slug` or a `path`
        exit 1
        === the build's folder by an alias
        error: the alias `/_tierpress/old/` belongs to the build, which puts files of its own there
          --> content/a.md:2:11
           |
         2 | aliases: [/_tierpress/old/]
           |           ^^^^^^^^^^^^^^^^
          help: remove it
        exit 1
        === a long slug
        error: no URL can be made for this page: a part of a URL between slashes has at most 255 bytes
          --> content/a.md
          help: give it a `slug` or a `path`
        exit 1
        === a long path
        error: no page can lie at `/a/LONG/`: a part of a URL between slashes has at most 255 bytes
          --> content/a.md:2:7
           |
         2 | path: /a/LONG/
           |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        exit 1
        === a long tag
        exit 0
    "#]].assert_eq(&said);
}

#[test]
fn what_is_said_moves_no_cursor() {
    let fixture = crate::fixture::Fixture::new(
        "---\naccess: \"pr\u{1b}[31mo\u{202e}\"\n---\n[\u{1b}]0;x\u{7}](nowhere\u{9b}31m.md)\n",
    );
    let said = fixture.said();
    assert!(said.contains("error"), "{said}");
    let raw = said.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(raw, None, "{said}");
}
