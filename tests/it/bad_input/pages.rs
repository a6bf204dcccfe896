//! Files of pages: their front matter's edges, its YAML, their bytes.

use expect_test::expect;

use super::{check, check_each};
use crate::fixture::Fixture;

#[test]
fn front_matter_that_is_none() {
    check_each(
        [
            "\n---\naccess: pro\n---\n",
            "  \n\n---\naccess: pro\n---\n",
            "----\naccess: pro\n----\n",
            "---\naccess: pro\n",
            "---\naccess: pro\n----\n",
            "+++\naccess = \"pro\"\n",
            "+++\naccess = \"pro\"\n---\n",
            "{\n\"access\": \"pro\"\n}\n",
            "{\"access\": \"pro\"}\n",
            "–––\naccess: pro\n–––\n",
            "—\naccess: pro\n—\n",
            " ---\naccess: pro\n ---\n",
            "access: pro\n---\n",
            "<!-- a note -->\n---\naccess: pro\n---\n",
            "\u{feff}\n---\naccess: pro\n---\n",
            "--- \naccess: pro\n",
            "---yaml\naccess: pro\n---\n",
            "-- -\naccess: pro\n",
            ";;;\n{}\n;;;\n",
            "--\naccess: pro\n--\n",
        ],
        str::to_owned,
        &expect![[r#"
            === \n---\naccess: pro\n---\n
            error: front matter begins on the first line of a file
              --> content/a.md:2:1
               |
             2 | ---
               | ^^^
              help: delete the blank lines above it
            exit 1
            ===   \n\n---\naccess: pro\n---\n
            error: front matter begins on the first line of a file
              --> content/a.md:3:1
               |
             3 | ---
               | ^^^
              help: delete the blank lines above it
            exit 1
            === ----\naccess: pro\n----\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:1
               |
             1 | ----
               | ^^^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
            === ---\naccess: pro\n
            error: this front matter is never closed
              --> content/a.md:1:1
               |
             1 | ---
               | ^^^
              help: end it with a line of its own: `---`
            exit 1
            === ---\naccess: pro\n----\n
            error: this front matter is never closed
              --> content/a.md:1:1
               |
             1 | ---
               | ^^^
              help: end it with a line of its own: `---`
            exit 1
            === +++\naccess = \"pro\"\n
            error: this front matter is never closed
              --> content/a.md:1:1
               |
             1 | +++
               | ^^^
              help: end it with a line of its own: `+++`
            exit 1
            === +++\naccess = \"pro\"\n---\n
            error: this front matter is never closed
              --> content/a.md:1:1
               |
             1 | +++
               | ^^^
              help: end it with a line of its own: `+++`
            exit 1
            === {\n\"access\": \"pro\"\n}\n
            error: front matter in braces is not read
              --> content/a.md:1:1
               |
             1 | {
               | ^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`
            exit 1
            === {\"access\": \"pro\"}\n
            error: front matter in braces is not read
              --> content/a.md:1:1
               |
             1 | {"access": "pro"}
               | ^^^^^^^^^^^^^^^^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`
            exit 1
            === –––\naccess: pro\n–––\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:1
               |
             1 | –––
               | ^^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
            === —\naccess: pro\n—\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:1
               |
             1 | —
               | ^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
            ===  ---\naccess: pro\n ---\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:2
               |
             1 |  ---
               |  ^^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
            === access: pro\n---\n
            error: these keys are not front matter: no `---` stands above them
              --> content/a.md:1:1
               |
             1 | access: pro
               | ^^^^^^^^^^^
              help: begin the file with a line `---`, and end the keys with another
            exit 1
            === <!-- a note -->\n---\naccess: pro\n---\n
            error: front matter begins on the first line of a file
              --> content/a.md:2:1
               |
             2 | ---
               | ^^^
              help: move the comment above it below it
            exit 1
            === \u{feff}\n---\naccess: pro\n---\n
            error: front matter begins on the first line of a file
              --> content/a.md:2:1
               |
             2 | ---
               | ^^^
              help: delete the blank lines above it
            exit 1
            === --- \naccess: pro\n
            error: this front matter is never closed
              --> content/a.md:1:1
               |
             1 | --- 
               | ^^^
              help: end it with a line of its own: `---`
            exit 1
            === ---yaml\naccess: pro\n---\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:1
               |
             1 | ---yaml
               | ^^^^^^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
            === -- -\naccess: pro\n
            exit 0
            === ;;;\n{}\n;;;\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:1
               |
             1 | ;;;
               | ^^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
            === --\naccess: pro\n--\n
            error: this looks like front matter, but is not well formed
              --> content/a.md:1:1
               |
             1 | --
               | ^^
              help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`
            exit 1
        "#]],
    );
}

#[test]
fn front_matter_that_is_some() {
    check_each(
        [
            "---\ntitle: A\n...\ntext\n",
            "\u{feff}---\r\ntitle: A\r\n---\r\ntext\r\n",
            "---\n---\n",
            "{% include x %}\n",
            "{{ shortcode }}\n",
            "***\n\ntext\n",
            "text\n\n---\n\ntext\n",
        ],
        str::to_owned,
        &expect![[r#"
            === ---\ntitle: A\n...\ntext\n
            exit 0
            === \u{feff}---\r\ntitle: A\r\n---\r\ntext\r\n
            exit 0
            === ---\n---\n
            exit 0
            === {% include x %}\n
            exit 0
            === {{ shortcode }}\n
            exit 0
            === ***\n\ntext\n
            exit 0
            === text\n\n---\n\ntext\n
            exit 0
        "#]],
    );
}

#[test]
fn invalid_yaml() {
    check_each(
        [
            "title: A\n\taccess: pro",
            "title: A\naccess: pro\ntitle: B",
            "title: A\naccess: [pro, basic",
            "title: A\naccess: \"pro",
            "title: 'A\naccess: pro",
            "title: A\naccess: {pro",
            "title: A: B",
            "title: @home",
            "title: A\n access: pro",
            "- a\n- b",
            "just words",
            "title: A\naccess: *x",
            "title: A\n--- b",
            "title: %a",
            "access: [pro,\ntitle: A",
            "title: `x`",
            "title: \"a\\qb\"",
            "tags: [a, b",
            "title: A\naccess: pro]",
            "title: [a] b",
            "a: b: c\n",
        ],
        |keys| format!("---\n{keys}\n---\ntext\n"),
        &expect![[r#"
            === title: A\n\taccess: pro
            error: a tab cannot indent YAML
              --> content/a.md:3:1
               |
             3 | 	access: pro
               | ^
              help: indent with spaces
            exit 1
            === title: A\naccess: pro\ntitle: B
            error: the key `title` is written twice
              --> content/a.md:4:1
               |
             4 | title: B
               | ^^^^^
              --> content/a.md:2:1
               |
             2 | title: A
               | ^^^^^
              help: keep one of the two
            exit 1
            === title: A\naccess: [pro, basic
            error: this bracket is never closed
              --> content/a.md:3:9
               |
             3 | access: [pro, basic
               |         ^
              help: put a `]` where it ends
            exit 1
            === title: A\naccess: \"pro
            error: this quote is never closed
              --> content/a.md:3:9
               |
             3 | access: "pro
               |         ^
              help: put a `"` where the text ends
            exit 1
            === title: \'A\naccess: pro
            error: this line is swallowed by the quote above it
              --> content/a.md:3:1
               |
             3 | access: pro
               | ^^^^^^^^^^^
              --> content/a.md:2:8
               |
             2 | title: 'A
               |        ^
              help: close the quote, or indent the line
            exit 1
            === title: A\naccess: {pro
            error: this bracket is never closed
              --> content/a.md:3:9
               |
             3 | access: {pro
               |         ^
              help: put a `}` where it ends
            exit 1
            === title: A: B
            error: a value cannot hold a colon and a space
              --> content/a.md:2:9
               |
             2 | title: A: B
               |         ^
              help: if it is text, put all of it in quotes: `title: "A: B"`
            exit 1
            === title: @home
            error: a value cannot begin with `@`
              --> content/a.md:2:8
               |
             2 | title: @home
               |        ^
              help: if it is text, put the whole value in quotes: `key: "value"`
            exit 1
            === title: A\n access: pro
            error: this line is indented further than the one above it allows
              --> content/a.md:3:8
               |
             3 |  access: pro
               |        ^
              help: begin keys that belong together in the same column, or put a text of two lines in quotes
            exit 1
            === - a\n- b
            error: this front matter is a list, not keys with values
              --> content/a.md:2:1
               |
             2 | - a
               | ^^^
              help: write `key: value`, one on each line
            exit 1
            === just words
            error: this front matter is text, not keys with values
              --> content/a.md:2:1
               |
             2 | just words
               | ^^^^^^^^^^
              help: write `key: value`, one on each line
            exit 1
            === title: A\naccess: *x
            error: a value that begins with `*` stands for another one, and there is none of this name
              --> content/a.md:3:9
               |
             3 | access: *x
               |         ^
              help: if it is text, put the whole value in quotes: `key: "value"`
            exit 1
            === title: A\n--- b
            error: a second YAML document begins here
              --> content/a.md:3:1
               |
             3 | --- b
               | ^^^
            exit 1
            === title: %a
            error: a value cannot begin with `%`
              --> content/a.md:2:8
               |
             2 | title: %a
               |        ^
              help: if it is text, put the whole value in quotes: `key: "value"`
            exit 1
            === access: [pro,\ntitle: A
            error: this bracket is never closed
              --> content/a.md:2:9
               |
             2 | access: [pro,
               |         ^
              help: put a `]` where it ends
            exit 1
            === title: `x`
            error: a value cannot begin with a backtick
              --> content/a.md:2:8
               |
             2 | title: `x`
               |        ^
              help: if it is text, put the whole value in quotes: `key: "value"`
            exit 1
            === title: \"a\\qb\"
            error: a backslash in double quotes begins an escape, and this one is unknown
              --> content/a.md:2:8
               |
             2 | title: "a\qb"
               |        ^
              help: write `\\` for a backslash, or use single quotes
            exit 1
            === tags: [a, b
            error: this bracket is never closed
              --> content/a.md:2:7
               |
             2 | tags: [a, b
               |       ^
              help: put a `]` where it ends
            exit 1
            === title: A\naccess: pro]
            error: unknown tier or bundle `pro]`
              --> content/a.md:3:9
               |
             3 | access: pro]
               |         ^^^^
              help: did you mean `pro`?
            exit 1
            === title: [a] b
            error: this belongs to no key and to no value
              --> content/a.md:2:12
               |
             2 | title: [a] b
               |            ^
              help: if it is text, put the whole value in quotes: `key: "value"`
            exit 1
            === a: b: c\n
            error: a value cannot hold a colon and a space
              --> content/a.md:2:5
               |
             2 | a: b: c
               |     ^
              help: if it is text, put all of it in quotes: `a: "b: c"`
            exit 1
        "#]],
    );
}

#[test]
fn wrong_types() {
    check_each(
        [
            "title: [a]",
            "title: {a: b}",
            "date: soon",
            "date: 2026-02-30",
            "weight: heavy",
            "tags: {a: b}",
            "aliases: 7",
            "slug: [x]",
            "path: 7",
            "template: []",
            "extra: x",
            "description: [a]",
            "titel: A",
            "updated: 7",
        ],
        |keys| format!("---\n{keys}\n---\ntext\n"),
        &expect![[r#"
            === title: [a]
            error: `title` is a list, not text
              --> content/a.md:2:8
               |
             2 | title: [a]
               |        ^^^
            exit 1
            === title: {a: b}
            error: `title` is a map, not text
              --> content/a.md:2:8
               |
             2 | title: {a: b}
               |        ^^^^^^
            exit 1
            === date: soon
            error: `soon` is not a date
              --> content/a.md:2:7
               |
             2 | date: soon
               |       ^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === date: 2026-02-30
            error: `2026-02-30` is not a date
              --> content/a.md:2:7
               |
             2 | date: 2026-02-30
               |       ^^^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === weight: heavy
            error: `weight` is not a whole number
              --> content/a.md:2:9
               |
             2 | weight: heavy
               |         ^^^^^
            exit 1
            === tags: {a: b}
            error: `tags` is a map, not a list
              --> content/a.md:2:7
               |
             2 | tags: {a: b}
               |       ^^^^^^
            exit 1
            === aliases: 7
            exit 0
            === slug: [x]
            error: `slug` is a list, not text
              --> content/a.md:2:7
               |
             2 | slug: [x]
               |       ^^^
            exit 1
            === path: 7
            error: `path` is a number, not text
              --> content/a.md:2:7
               |
             2 | path: 7
               |       ^
            exit 1
            === template: []
            error: `template` is an empty list
              --> content/a.md:2:11
               |
             2 | template: []
               |           ^^
            exit 1
            === extra: x
            error: `extra` is text, not a map
              --> content/a.md:2:8
               |
             2 | extra: x
               |        ^
            exit 1
            === description: [a]
            error: `description` is a list, not text
              --> content/a.md:2:14
               |
             2 | description: [a]
               |              ^^^
            exit 1
            === titel: A
            warning: unknown key `titel`
              --> content/a.md:2:1
               |
             2 | titel: A
               | ^^^^^
              help: did you mean `title`?
            exit 0
            === updated: 7
            error: `updated` is a number, not a date
              --> content/a.md:2:10
               |
             2 | updated: 7
               |          ^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
        "#]],
    );
}

#[test]
fn bytes_that_are_no_text() {
    let mut said = String::new();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| {
        "\u{feff}---\naccess: pro\n---\n".encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let files: [(&str, Vec<u8>); 6] = [
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        ("invalid UTF-8", b"---\ntitle: A\n---\ncaf\xe9 au lait\n".to_vec()),
        ("invalid UTF-8 in the front matter", b"---\ntitle: caf\xe9\n---\n".to_vec()),
        ("NUL", b"---\ntitle: A\n---\na \0 b\n".to_vec()),
        ("NUL in the front matter", b"---\ntitle: a\0b\n---\n".to_vec()),
    ];
    for (name, bytes) in files {
        let fixture = Fixture::new("//- content/b.md\n");
        fixture.write("content/a.md", bytes);
        said.push_str(&format!("=== {name}\n{}", fixture.said()));
    }
    expect![[r#"
        === UTF-16, little end first
        error: this file is UTF-16, not UTF-8
          --> content/a.md
          help: save the file as UTF-8
        exit 1
        === UTF-16, big end first
        error: this file is UTF-16, not UTF-8
          --> content/a.md
          help: save the file as UTF-8
        exit 1
        === invalid UTF-8
        error: this file is not valid UTF-8
          --> content/a.md:4:4
           |
         4 | caf�
           |    ^
          help: save the file as UTF-8
        exit 1
        === invalid UTF-8 in the front matter
        error: this file is not valid UTF-8
          --> content/a.md:2:11
           |
         2 | title: caf�
           |           ^
          help: save the file as UTF-8
        exit 1
        === NUL
        error: this file is no text: it holds a NUL byte
          --> content/a.md:4:3
           |
         4 | a ␀
           |   ^
          help: save the file as UTF-8
        exit 1
        === NUL in the front matter
        error: this file is no text: it holds a NUL byte
          --> content/a.md:2:9
           |
         2 | title: a␀
           |         ^
          help: save the file as UTF-8
        exit 1
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_symlink_that_leaves_the_site() {
    let mut said = String::new();
    for (name, target) in [
        ("content/b.md", "../../secret.md"),
        ("content/c", "../.."),
        ("static/d.txt", "/etc/hostname"),
        ("content/e.md", "nowhere.md"),
        ("content/f", "."),
    ] {
        let fixture = Fixture::new("---\ntitle: A\n---\n");
        std::fs::create_dir_all(fixture.root().join("static")).unwrap();
        std::fs::write(fixture.root().parent().unwrap().join("secret.md"), "secret\n").unwrap();
        std::os::unix::fs::symlink(target, fixture.root().join(name)).unwrap();
        said.push_str(&format!("=== {name} -> {target}\n{}", fixture.said()));
    }
    expect![[r#"
        === content/b.md -> ../../secret.md
        error: this link leaves the site
          --> content/b.md
          help: put a copy in its place
        exit 1
        === content/c -> ../..
        error: this link leaves the site
          --> content/c
          help: put a copy in its place
        exit 1
        === static/d.txt -> /etc/hostname
        error: this link leaves the site
          --> static/d.txt
          help: put a copy in its place
        exit 1
        === content/e.md -> nowhere.md
        error: this link leads nowhere
          --> content/e.md
        exit 1
        === content/f -> .
        error: this link leads back to `content`, above it
          --> content/f
        exit 1
    "#]]
    .assert_eq(&said);
}

#[test]
fn all_faults_of_all_files_in_source_order() {
    check(
        "//- content/z.md\n---\nacess: pro\nhidden: maybe\naccess: prro\n---\n<!-- acess: pro -->\n//- content/a.md\n---\naccess: gold\n---\n\n[x](nowhere.md)\n\n<!-- more -->\n\n<!-- more -->\n//- content/m/b.md\n---\ntitle: [\n---\n//- content/m/c.md\n[x](../a.md#none) and [y](z.md)\n//- templates/page.html\n{{ page.titel }}\n//- strings.yaml\nnonsense: x\n",
        &expect![[r#"
            error: unknown tier or bundle `gold`
              --> content/a.md:2:9
               |
             2 | access: gold
               |         ^^^^
              help: there are `free`, `basic`, `pro`, `rust-course`
            error: the link `nowhere.md` leads nowhere
              --> content/a.md:5:5
               |
             5 | [x](nowhere.md)
               |     ^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: a page has one divider, and this is the second
              --> content/a.md:9:1
               |
             9 | <!-- more -->
               | ^^^^^^^^^^^^^
              --> content/a.md:7:1
               |
             7 | <!-- more -->
               | ^^^^^^^^^^^^^
              help: remove one of them
            error: this bracket is never closed
              --> content/m/b.md:2:8
               |
             2 | title: [
               |        ^
              help: put a `]` where it ends
            error: the link `z.md` leads nowhere
              --> content/m/c.md:1:27
               |
             1 | [x](../a.md#none) and [y](z.md)
               |                           ^^^^
              help: did you mean `/z.md`?
            error: unknown key `acess`
              --> content/z.md:2:1
               |
             2 | acess: pro
               | ^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            error: `hidden` is text, not true or false
              --> content/z.md:3:9
               |
             3 | hidden: maybe
               |         ^^^^^
              help: write `hidden: true` or `hidden: false`
            error: unknown tier or bundle `prro`
              --> content/z.md:4:9
               |
             4 | access: prro
               |         ^^^^
              help: did you mean `pro`?
            error: `<!-- acess: pro -->` looks like a marker and is none
              --> content/z.md:6:1
               |
             6 | <!-- acess: pro -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            warning: no template uses the string `nonsense`
              --> strings.yaml:1:1
               |
             1 | nonsense: x
               | ^^^^^^^^
            error: unknown field `titel`
              --> templates/page.html:1:4
               |
             1 | {{ page.titel }}
               |    ^^^^^^^^^^
              help: did you mean `title`?
            exit 1
        "#]],
    );
}

#[test]
fn faults_of_a_page_whose_front_matter_is_at_fault_too() {
    check(
        "---\naccess: prro\n---\n[x](nowhere.md)\n\n<!-- acces: pro -->\n\ntext\n\n<!-- /access -->\n",
        &expect![[r#"
            error: unknown tier or bundle `prro`
              --> content/a.md:2:9
               |
             2 | access: prro
               |         ^^^^
              help: did you mean `pro`?
            error: the link `nowhere.md` leads nowhere
              --> content/a.md:4:5
               |
             4 | [x](nowhere.md)
               |     ^^^^^^^^^^
              help: write the path of a page or file below `content/`, or the URL it is served at
            error: `<!-- acces: pro -->` looks like a marker and is none
              --> content/a.md:6:1
               |
             6 | <!-- acces: pro -->
               | ^^^^^^^^^^^^^^^^^^^
              help: write `<!-- access: pro -->`, whole, on a line of its own
            exit 1
        "#]],
    );
}
