//! Front matter: what is read, and every fault with its exact message.
#![allow(clippy::too_many_lines, reason = "a list of faults with their messages is data")]

use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use tierpress::access::catalogue::{Bundle, Cancellation, Catalogue, Tier};
use tierpress::access::tags::{Drip, Tag};
use tierpress::diagnostic::Source;
use tierpress::load::front_matter::{self, Context, FrontMatter, Parsed};
use tierpress::load::gate_keys::Teaser;

fn catalogue() -> Catalogue {
    let tier = |id: &str, free, also: &[&str]| Tier {
        id: id.parse().unwrap(),
        title: id.to_owned(),
        free,
        price: None,
        buy: None,
        also: also.iter().map(|id| id.parse().unwrap()).collect(),
        includes: Vec::new(),
        expires_after: None,
        downgrade_to: None,
    };
    let bundle = |id: &str| Bundle {
        id: id.parse().unwrap(),
        title: id.to_owned(),
        free: false,
        price: None,
        buy: None,
        also: Vec::new(),
        expires_after: None,
    };
    let tiers = vec![tier("free", true, &[]), tier("basic", false, &["bronze"]), tier("pro", false, &[])];
    let default = Some("free".parse().unwrap());
    Catalogue::new(tiers, vec![bundle("rust-course")], default, Cancellation::Hard).unwrap()
}

/// Reads a page; what is said of it is the second value.
fn read_with(text: &str, own_keys: &[&str]) -> (Option<Parsed>, String) {
    let file: Arc<str> = "content/a.md".into();
    let catalogue = catalogue();
    let own_keys: Vec<String> = own_keys.iter().map(|key| (*key).to_owned()).collect();
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let context = Context { zone: &zone, catalogue: &catalogue, own_keys: &own_keys };
    let mut diagnostics = Vec::new();
    let parsed = front_matter::read(Source { file: &file, text }, &context, &mut diagnostics);
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    (parsed, said.join("\n"))
}

/// A page without faults and without warnings.
fn good(keys: &str) -> FrontMatter {
    let (parsed, said) = read_with(&format!("---\n{keys}\n---\nbody\n"), &[]);
    assert_eq!(said, "");
    parsed.unwrap().front_matter
}

/// What is said of these keys, which must be an error.
fn bad(keys: &str, expected: &Expect) {
    bad_file(&format!("---\n{keys}\n---\nbody\n"), expected);
}

fn bad_file(text: &str, expected: &Expect) {
    let (parsed, said) = read_with(text, &[]);
    assert!(parsed.is_none(), "{said}");
    expected.assert_eq(&said);
}

/// What is said of these keys, which must be no error.
fn warned(keys: &str, expected: &Expect) -> FrontMatter {
    let (parsed, said) = read_with(&format!("---\n{keys}\n---\nbody\n"), &[]);
    expected.assert_eq(&said);
    parsed.unwrap().front_matter
}

fn tags(front_matter: &FrontMatter) -> Vec<Tag> {
    front_matter.gates.access.iter().flat_map(|access| &access.value).map(|tag| tag.value.clone()).collect()
}

#[test]
fn ordinary_keys_are_read() {
    let page = good(
        "title: Ownership\ndescription: 2026\ndate: 2026-11-01\nupdated: 2026-11-02T10:00:00Z\nslug: own\npath: /a/b.html\n\
         weight: 3\naliases: [old, /older/]\ntags: 'a, b, a'\ncategories: [c, 'd, e']\ntemplate: wide.html\nimage: x.png\n\
         language: pt_BR\nlayout: post\nextra: {colour: red}",
    );
    assert_eq!(page.title.as_deref(), Some("Ownership"));
    assert_eq!(page.description.as_deref(), Some("2026"));
    let date = page.date.unwrap().value;
    assert!(
        date.bare && date.first.to_string() == "2026-10-31T23:00:00Z" && date.end.to_string() == "2026-11-01T23:00:00Z"
    );
    assert_eq!(page.updated.unwrap().first.to_string(), "2026-11-02T10:00:00Z");
    assert_eq!(page.slug.unwrap().value, "own");
    assert_eq!(page.path.unwrap().value, "/a/b.html");
    assert_eq!(page.weight, Some(3));
    assert_eq!(page.aliases.iter().map(|alias| alias.value.as_str()).collect::<Vec<_>>(), ["/old/", "/older/"]);
    assert_eq!(page.tags, ["a", "b"]);
    assert_eq!(page.categories, ["c", "d, e"]);
    assert_eq!(page.template.unwrap().value, "wide.html");
    assert_eq!(page.image.unwrap().value, "x.png");
    assert_eq!(page.language.as_deref(), Some("pt-BR"));
    assert_eq!(serde_json::Value::Object(page.extra).to_string(), r#"{"layout":"post","colour":"red"}"#);
    assert!(page.gates.is_empty() && page.cascade.is_empty());
}

#[test]
fn toml_says_the_same() {
    let text = "+++\ntitle = \"A\"\ndate = 2026-11-01\nupdated = 2026-11-02T10:00:00+01:00\naccess = [\"pro\", \"rust-course\"]\n\
                hidden = true\n[extra]\nn = 1_000\n[cascade]\ndrip = \"7d\"\n[taxonomies]\ntags = [\"x\"]\n+++\nbody";
    let (parsed, said) = read_with(text, &[]);
    assert_eq!(said, "");
    let Parsed { front_matter: page, body } = parsed.unwrap();
    assert_eq!(&text[body], "body");
    assert_eq!(page.title.as_deref(), Some("A"));
    assert_eq!(page.date.as_ref().unwrap().value.first.to_string(), "2026-10-31T23:00:00Z");
    assert_eq!(page.updated.unwrap().first.to_string(), "2026-11-02T09:00:00Z");
    assert_eq!(tags(&page).len(), 2);
    assert_eq!(&text[page.gates.access.as_ref().unwrap().value[1].span.clone()], "rust-course");
    assert!(page.gates.hidden.unwrap().value);
    assert_eq!(page.cascade.drip.unwrap().value, Drip::All("7d".parse().unwrap()));
    assert_eq!(page.tags, ["x"]);
    assert_eq!(page.extra["n"], 1000);
}

#[test]
fn gate_keys_are_read() {
    let page = good(
        "access: [pro, public from 2026-12-15]\ndrip: {basic: 14d}\nrelease: 2026-12-01T09:00:00\nuntil: 2027-01-01\n\
         hidden: true\nannounce: false\nteaser: members\nfiles: {workbook.pdf: pro, '*.zip': [basic, rust-course]}\n\
         cascade:\n  access: basic\n  release: none\n  draft: true",
    );
    assert_eq!(tags(&page).len(), 2);
    assert_eq!(page.gates.drip.unwrap().value, Drip::ByName(vec![("basic".parse().unwrap(), "14d".parse().unwrap())]));
    assert_eq!(page.gates.drip_ids[0].value.as_str(), "basic");
    assert_eq!(page.gates.release.unwrap().value.unwrap().first.to_string(), "2026-12-01T08:00:00Z");
    assert_eq!(page.gates.until.unwrap().value.unwrap().end.to_string(), "2027-01-01T23:00:00Z");
    assert!(page.gates.hidden.unwrap().value && !page.gates.announce.unwrap().value);
    assert!(matches!(page.gates.teaser.unwrap().value, Teaser::Tags(tags) if tags.len() == 1));
    assert_eq!(page.gates.files[1].0.value, "*.zip");
    assert_eq!(page.gates.files[1].1.len(), 2);
    assert_eq!(page.cascade.access.unwrap().value.len(), 1);
    assert_eq!(page.cascade.release.unwrap().value, None);
    assert!(page.cascade.draft.unwrap().value && page.gates.draft.is_none());

    for (keys, drip) in [
        ("drip: 7d", Drip::All("7d".parse().unwrap())),
        ("drip: every 2w", Drip::Every("2w".parse().unwrap())),
        ("drip: none", Drip::None),
    ] {
        assert_eq!(good(keys).gates.drip.unwrap().value, drip);
    }
    assert_eq!(good("teaser: none").gates.teaser.unwrap().value, Teaser::Nobody);
    assert_eq!(good("until: none").gates.until.unwrap().value, None);
    assert_eq!(tags(&good("access: pro, rust-course")), tags(&good("access: [pro, rust-course]")));
    assert_eq!(tags(&good("access: pro, rust-course")), tags(&good("access:\n- pro\n- rust-course")));
    assert!(tags(&good("access: +pro"))[0].plus);
}

#[test]
fn every_shape_of_frame_is_read() {
    for (text, title, body) in [
        ("no front matter\n", None, "no front matter\n"),
        ("", None, ""),
        ("\n\n# Heading\n", None, "\n\n# Heading\n"),
        ("---\ntitle: A\n---\nbody", Some("A"), "body"),
        ("\u{feff}---\r\ntitle: A\r\n---\r\nbody\r\n", Some("A"), "body\r\n"),
        ("---  \ntitle: A\n...\nbody\n---\nmore", Some("A"), "body\n---\nmore"),
        ("---\n---\nbody", None, "body"),
        ("---\n# a comment\n---\n", None, ""),
        ("---\ntitle: A\n---", Some("A"), ""),
        ("+++\ntitle = \"A\"\n+++\n---\n", Some("A"), "---\n"),
        ("---\ntitle: |\n  A\nextra: {b: '---'}\n---\n", Some("A"), ""),
        ("{% include x %}\n", None, "{% include x %}\n"),
        ("{{< figure >}}\n", None, "{{< figure >}}\n"),
        ("***\n", None, "***\n"),
        ("<!-- note -->\n---\n\nText\n", None, "<!-- note -->\n---\n\nText\n"),
    ] {
        let (parsed, said) = read_with(text, &[]);
        assert_eq!(said, "", "{text:?}");
        let parsed = parsed.unwrap();
        assert_eq!((parsed.front_matter.title.as_deref(), &text[parsed.body]), (title, body), "{text:?}");
    }
}

#[test]
fn what_looks_like_front_matter_is_never_text() {
    bad_file(
        "\n---\naccess: pro\n---\n",
        &expect![[r#"
        error: front matter begins on the first line of a file
          --> content/a.md:2:1
           |
         2 | ---
           | ^^^
          help: delete the blank lines above it"#]],
    );
    bad_file(
        "  ---\naccess: pro\n---\n",
        &expect![[r#"
        error: this looks like front matter, but is not well formed
          --> content/a.md:1:3
           |
         1 |   ---
           |   ^^^
          help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`"#]],
    );
    bad_file(
        "----\naccess: pro\n----\n",
        &expect![[r#"
        error: this looks like front matter, but is not well formed
          --> content/a.md:1:1
           |
         1 | ----
           | ^^^^
          help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`"#]],
    );
    bad_file(
        "--- # keys\naccess: pro\n---\n",
        &expect![[r#"
        error: this looks like front matter, but is not well formed
          --> content/a.md:1:1
           |
         1 | --- # keys
           | ^^^^^^^^^^
          help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`"#]],
    );
    bad_file(
        "\u{2014}\naccess: pro\n\u{2014}\n",
        &expect![[r#"
        error: this looks like front matter, but is not well formed
          --> content/a.md:1:1
           |
         1 | —
           | ^
          help: front matter is YAML between lines of exactly `---`, or TOML between `+++`; a rule at the top of a page can be written `***`"#]],
    );
    bad_file(
        "---\naccess: pro\n",
        &expect![[r#"
        error: this front matter is never closed
          --> content/a.md:1:1
           |
         1 | ---
           | ^^^
          help: end it with a line of its own: `---`"#]],
    );
    bad_file(
        "---\naccess: pro\n+++\n",
        &expect![[r#"
        error: this front matter is never closed
          --> content/a.md:1:1
           |
         1 | ---
           | ^^^
          help: end it with a line of its own: `---`"#]],
    );
    bad_file(
        "{\n  \"access\": \"pro\"\n}\n",
        &expect![[r#"
        error: front matter in braces is not read
          --> content/a.md:1:1
           |
         1 | {
           | ^
          help: front matter is YAML between lines of exactly `---`, or TOML between `+++`"#]],
    );
    bad_file(
        "{\"access\": \"pro\"}\n",
        &expect![[r#"
        error: front matter in braces is not read
          --> content/a.md:1:1
           |
         1 | {"access": "pro"}
           | ^^^^^^^^^^^^^^^^^
          help: front matter is YAML between lines of exactly `---`, or TOML between `+++`"#]],
    );
    bad_file(
        "title: A\naccess: pro\n---\nbody\n",
        &expect![[r#"
        error: these keys are not front matter: no `---` stands above them
          --> content/a.md:1:1
           |
         1 | title: A
           | ^^^^^^^^
          help: begin the file with a line `---`, and end the keys with another"#]],
    );
    bad_file(
        "<!-- mine -->\n\n---\naccess: pro\n---\n",
        &expect![[r#"
        error: front matter begins on the first line of a file
          --> content/a.md:3:1
           |
         3 | ---
           | ^^^
          help: move the comment above it below it"#]],
    );
    let (parsed, said) = read_with("\u{200b}---\naccess: pro\n---\n", &[]);
    assert!(parsed.is_none() && said.starts_with("error: this looks like front matter, but is not well formed"));
    bad_file(
        "---\n- a\n- b\n---\n",
        &expect![[r#"
        error: this front matter is a list, not keys with values
          --> content/a.md:2:1
           |
         2 | - a
           | ^^^
          help: write `key: value`, one on each line"#]],
    );
    bad_file(
        "---\njust text\n---\n",
        &expect![[r#"
        error: this front matter is text, not keys with values
          --> content/a.md:2:1
           |
         2 | just text
           | ^^^^^^^^^
          help: write `key: value`, one on each line"#]],
    );
}

#[test]
fn invalid_yaml_is_shown_at_its_line_in_the_file() {
    bad(
        "title: A\n\tslug: b",
        &expect![[r#"
            error: a tab cannot indent YAML
              --> content/a.md:3:1
               |
             3 | 	slug: b
               | ^
              help: indent with spaces"#]],
    );
    assert_eq!(tags(&good("\taccess: pro")).len(), 1);
    bad(
        "extra:\n\ta: 1",
        &expect![[r#"
            error: a tab cannot indent YAML
              --> content/a.md:3:1
               |
             3 | 	a: 1
               | ^
              help: indent with spaces"#]],
    );
    bad(
        "title: \"A",
        &expect![[r#"
            error: this quote is never closed
              --> content/a.md:2:8
               |
             2 | title: "A
               |        ^
              help: put a `"` where the text ends"#]],
    );
    bad(
        "title: A\ntags: [a, b\nslug: [b]",
        &expect![[r#"
        error: not valid YAML: illegal placement of ':' indicator
          --> content/a.md:4:5
           |
         4 | slug: [b]
           |     ^
          --> content/a.md:3:7
           |
         3 | tags: [a, b
           |       ^"#]],
    );
    bad(
        "extra: {a: 1\nslug: b",
        &expect![[r#"
        error: this bracket is never closed
          --> content/a.md:2:8
           |
         2 | extra: {a: 1
           |        ^
          help: put a `}` where it ends"#]],
    );
    bad(
        "title: é: ü",
        &expect![[r#"
            error: a value cannot hold a colon and a space
              --> content/a.md:2:9
               |
             2 | title: é: ü
               |         ^
              help: if it is text, put all of it in quotes: `title: "é: ü"`"#]],
    );
    bad(
        "title: A\naccess: pro\ntitle: B",
        &expect![[r#"
            error: the key `title` is written twice
              --> content/a.md:4:1
               |
             4 | title: B
               | ^^^^^
              --> content/a.md:2:1
               |
             2 | title: A
               | ^^^^^
              help: keep one of the two"#]],
    );
    bad(
        "title: A\ntags: [a, b\nslug: b",
        &expect![[r#"
            error: this bracket is never closed
              --> content/a.md:3:7
               |
             3 | tags: [a, b
               |       ^
              help: put a `]` where it ends"#]],
    );
    bad(
        "title: \"A\nslug: b",
        &expect![[r#"
        error: this line is swallowed by the quote above it
          --> content/a.md:3:1
           |
         3 | slug: b
           | ^^^^^^^
          --> content/a.md:2:8
           |
         2 | title: "A
           |        ^
          help: close the quote, or indent the line"#]],
    );
    bad(
        "title: \"A\naccess: pro\ndescription: \"b\"",
        &expect![[r#"
        error: this line is swallowed by the quote above it
          --> content/a.md:3:1
           |
         3 | access: pro
           | ^^^^^^^^^^^
          --> content/a.md:2:8
           |
         2 | title: "A
           |        ^
          help: close the quote, or indent the line"#]],
    );
    bad(
        "title: A: B",
        &expect![[r#"
            error: a value cannot hold a colon and a space
              --> content/a.md:2:9
               |
             2 | title: A: B
               |         ^
              help: if it is text, put all of it in quotes: `title: "A: B"`"#]],
    );
    bad(
        "title: A\n  slug: b",
        &expect![[r#"
            error: this line is indented further than the one above it allows
              --> content/a.md:3:7
               |
             3 |   slug: b
               |       ^
              help: begin keys that belong together in the same column, or put a text of two lines in quotes"#]],
    );
    bad(
        "extra:\n  a: 1\n  a: 2",
        &expect![[r#"
            error: the key `a` is written twice
              --> content/a.md:4:3
               |
             4 |   a: 2
               |   ^
              --> content/a.md:3:3
               |
             3 |   a: 1
               |   ^
              help: keep one of the two"#]],
    );
    bad(
        "title: *nothing",
        &expect![[r#"
            error: a value that begins with `*` stands for another one, and there is none of this name
              --> content/a.md:2:8
               |
             2 | title: *nothing
               |        ^
              help: if it is text, put the whole value in quotes: `key: "value"`"#]],
    );
    bad(
        "? [a, b]\n: c",
        &expect![[r#"
        error: a key is text, not a list
          --> content/a.md:2:3
           |
         2 | ? [a, b]
           |   ^^^^^^"#]],
    );
    bad_file(
        "+++\ntitle = A\n+++\n",
        &expect![[r#"
        error: not valid TOML: string values must be quoted, expected literal string
          --> content/a.md:2:9
           |
         2 | title = A
           |         ^"#]],
    );
    bad_file(
        "+++\ntitle = \"A\"\ntitle = \"B\"\n+++\n",
        &expect![[r#"
        error: the key `title` is written twice
          --> content/a.md:3:1
           |
         3 | title = "B"
           | ^^^^^"#]],
    );
    bad_file(
        "+++\ntags = [1,\n+++\n",
        &expect![[r#"
        error: not valid TOML: unclosed array, expected `]`
          --> content/a.md:2:11
           |
         2 | tags = [1,
           |           ^"#]],
    );
}

#[test]
fn access_of_a_wrong_type_is_refused() {
    bad(
        "access:",
        &expect![[r#"
        error: `access` is empty
          --> content/a.md:2:1
           |
         2 | access:
           | ^^^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: null",
        &expect![[r#"
        error: `access` is empty
          --> content/a.md:2:9
           |
         2 | access: null
           |         ^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: ''",
        &expect![[r#"
        error: `access` is empty
          --> content/a.md:2:9
           |
         2 | access: ''
           |         ^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: 5",
        &expect![[r#"
        error: `access` is a number, not a list of tags
          --> content/a.md:2:9
           |
         2 | access: 5
           |         ^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: true",
        &expect![[r#"
        error: `access` is true or false, not a list of tags
          --> content/a.md:2:9
           |
         2 | access: true
           |         ^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: {pro: true}",
        &expect![[r#"
        error: `access` is a map, not a list of tags
          --> content/a.md:2:9
           |
         2 | access: {pro: true}
           |         ^^^^^^^^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: []",
        &expect![[r#"
        error: `access` is an empty list
          --> content/a.md:2:9
           |
         2 | access: []
           |         ^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: [pro, ]\ntitle: {",
        &expect![[r#"
            error: this bracket is never closed
              --> content/a.md:3:8
               |
             3 | title: {
               |        ^
              help: put a `}` where it ends"#]],
    );
    bad(
        "access: [pro, null]",
        &expect![[r#"
        error: an item of `access` is empty
          --> content/a.md:2:15
           |
         2 | access: [pro, null]
           |               ^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "access: [pro, [basic]]",
        &expect![[r#"
        error: an item of `access` is a list, not a tag
          --> content/a.md:2:15
           |
         2 | access: [pro, [basic]]
           |               ^^^^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "cascade:\n  access:\n",
        &expect![[r#"
        error: `access` is empty
          --> content/a.md:3:3
           |
         3 |   access:
           |   ^^^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
}

#[test]
fn bad_tags_are_shown_where_they_stand() {
    bad(
        "access: [prro, rust-course]",
        &expect![[r#"
        error: unknown tier or bundle `prro`
          --> content/a.md:2:10
           |
         2 | access: [prro, rust-course]
           |          ^^^^
          help: did you mean `pro`?"#]],
    );
    bad(
        "access: rust-course, prro",
        &expect![[r#"
        error: unknown tier or bundle `prro`
          --> content/a.md:2:22
           |
         2 | access: rust-course, prro
           |                      ^^^^
          help: did you mean `pro`?"#]],
    );
    bad(
        "access:\n  - pro\n  - \"basci\"",
        &expect![[r#"
        error: unknown tier or bundle `basci`
          --> content/a.md:4:6
           |
         4 |   - "basci"
           |      ^^^^^
          help: did you mean `basic`?"#]],
    );
    bad(
        "access: [public, pro]",
        &expect![[r#"
        error: a bare `public` beside another tag opens this to everybody
          --> content/a.md:2:10
           |
         2 | access: [public, pro]
           |          ^^^^^^
          help: take it out, or give it a window: `public from 2026-12-15`"#]],
    );
    bad(
        "access: [pro, basic from 2026-12-02 until 2026-12-01]",
        &expect![[r#"
        error: `until 2026-12-01` is not after `from 2026-12-02`
          --> content/a.md:2:43
           |
         2 | access: [pro, basic from 2026-12-02 until 2026-12-01]
           |                                           ^^^^^^^^^^
          help: this would never be open: swap the dates"#]],
    );
    bad(
        "access: [pro, public from soon]",
        &expect![[r#"
        error: `soon` is not a date
          --> content/a.md:2:27
           |
         2 | access: [pro, public from soon]
           |                           ^^^^
          help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "access: pro,",
        &expect![[r#"
        error: a tier or bundle is missing
          --> content/a.md:2:13
           |
         2 | access: pro,
           |             ^
          help: a tag is `id`, `id+id`, `public` or `members`"#]],
    );
    bad(
        "teaser: +pro",
        &expect![[r#"
        error: a leading `+` has a meaning in `access` alone, not in `teaser`
          --> content/a.md:2:9
           |
         2 | teaser: +pro
           |         ^^^^"#]],
    );
    bad(
        "files: {a.pdf: nobody}",
        &expect![[r#"
        error: unknown tier or bundle `nobody`
          --> content/a.md:2:16
           |
         2 | files: {a.pdf: nobody}
           |                ^^^^^^
          help: there are `free`, `basic`, `pro`, `rust-course`"#]],
    );
    bad(
        "files: {'[': pro}",
        &expect![[r#"
        error: `[` is no name and no pattern of names
          --> content/a.md:2:9
           |
         2 | files: {'[': pro}
           |         ^^^
          help: `*`, `?`, `[abc]` and `{a,b}` stand for parts of names"#]],
    );
    bad(
        "files: [a.pdf]",
        &expect![[r#"
        error: `files` is a list, not a map of names
          --> content/a.md:2:8
           |
         2 | files: [a.pdf]
           |        ^^^^^^^
          help: write `files: {workbook.pdf: pro}`"#]],
    );
    warned(
        "access: bronze",
        &expect![[r#"
        warning: `bronze` is a former id
          --> content/a.md:2:9
           |
         2 | access: bronze
           |         ^^^^^^
          help: it is called `basic` now"#]],
    );
}

#[test]
fn bad_drips_are_refused() {
    bad(
        "drip: 7",
        &expect![[r#"
        error: `drip` is a number without a unit
          --> content/a.md:2:7
           |
         2 | drip: 7
           |       ^
          help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`"#]],
    );
    bad(
        "drip: 7x",
        &expect![[r#"
        error: `7x` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
          --> content/a.md:2:7
           |
         2 | drip: 7x
           |       ^^
          help: write it like `12h`, `7d` or `2w`"#]],
    );
    bad(
        "drip: -1d",
        &expect![[r#"
        error: `-1d` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
          --> content/a.md:2:7
           |
         2 | drip: -1d
           |       ^^^
          help: write it like `12h`, `7d` or `2w`"#]],
    );
    bad(
        "drip: 40000d",
        &expect![[r#"
        error: `40000d` is not a length: a length is at most 36500 days
          --> content/a.md:2:7
           |
         2 | drip: 40000d
           |       ^^^^^^
          help: write it like `12h`, `7d` or `2w`"#]],
    );
    bad(
        "drip: 0d",
        &expect![[r#"
        error: `0d` is no time at all
          --> content/a.md:2:7
           |
         2 | drip: 0d
           |       ^^
          help: write `none`"#]],
    );
    bad(
        "drip:",
        &expect![[r#"
        error: `drip` is empty
          --> content/a.md:2:1
           |
         2 | drip:
           | ^^^^
          help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`"#]],
    );
    bad(
        "drip: every",
        &expect![[r#"
        error: `every` without a length
          --> content/a.md:2:7
           |
         2 | drip: every
           |       ^^^^^
          help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`"#]],
    );
    bad(
        "drip: every week",
        &expect![[r#"
        error: `week` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
          --> content/a.md:2:13
           |
         2 | drip: every week
           |             ^^^^
          help: write it like `12h`, `7d` or `2w`"#]],
    );
    bad(
        "drip: {basci: 7d}",
        &expect![[r#"
        error: unknown tier or bundle `basci`
          --> content/a.md:2:8
           |
         2 | drip: {basci: 7d}
           |        ^^^^^
          help: did you mean `basic`?"#]],
    );
    bad(
        "drip: {basic: 7}",
        &expect![[r#"
        error: the drip of `basic` is a number without a unit
          --> content/a.md:2:15
           |
         2 | drip: {basic: 7}
           |               ^
          help: write `14d`: units are `h`, `d` and `w`"#]],
    );
    bad(
        "drip: {basic: 7d, bronze: 8d}",
        &expect![[r#"
        error: `drip` names `basic` twice
          --> content/a.md:2:19
           |
         2 | drip: {basic: 7d, bronze: 8d}
           |                   ^^^^^^"#]],
    );
    bad(
        "drip: {}",
        &expect![[r#"
        error: `drip` is an empty map
          --> content/a.md:2:7
           |
         2 | drip: {}
           |       ^^
          help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`"#]],
    );
    bad(
        "drip: [7d]",
        &expect![[r#"
        error: `drip` is a list, not a length
          --> content/a.md:2:7
           |
         2 | drip: [7d]
           |       ^^^^
          help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`"#]],
    );
}

#[test]
fn other_gate_keys_of_a_wrong_type_are_refused() {
    bad(
        "hidden: \"yes\"",
        &expect![[r#"
        error: `hidden` is text, not true or false
          --> content/a.md:2:9
           |
         2 | hidden: "yes"
           |         ^^^^^
          help: write `hidden: true` or `hidden: false`"#]],
    );
    bad(
        "hidden: yes",
        &expect![[r#"
        error: `hidden` is text, not true or false
          --> content/a.md:2:9
           |
         2 | hidden: yes
           |         ^^^
          help: write `hidden: true` or `hidden: false`"#]],
    );
    bad(
        "hidden:",
        &expect![[r#"
        error: `hidden` is empty
          --> content/a.md:2:1
           |
         2 | hidden:
           | ^^^^^^
          help: write `hidden: true` or `hidden: false`"#]],
    );
    bad(
        "draft: 1",
        &expect![[r#"
        error: `draft` is a number, not true or false
          --> content/a.md:2:8
           |
         2 | draft: 1
           |        ^
          help: write `draft: true` or `draft: false`"#]],
    );
    bad(
        "announce: 'true'",
        &expect![[r#"
        error: `announce` is text, not true or false
          --> content/a.md:2:11
           |
         2 | announce: 'true'
           |           ^^^^^^
          help: write `announce: true` or `announce: false`"#]],
    );
    bad(
        "release: true",
        &expect![[r#"
            error: `release` is true or false, not a date
              --> content/a.md:2:10
               |
             2 | release: true
               |          ^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`; a key of your own can be named in `own_keys` of site.yaml"#]],
    );
    bad(
        "release: tomorrow",
        &expect![[r#"
            error: `tomorrow` is not a date
              --> content/a.md:2:10
               |
             2 | release: tomorrow
               |          ^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "release:",
        &expect![[r#"
            error: `release` is empty
              --> content/a.md:2:1
               |
             2 | release:
               | ^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "until: 2026-13-01",
        &expect![[r#"
            error: `2026-13-01` is not a date
              --> content/a.md:2:8
               |
             2 | until: 2026-13-01
               |        ^^^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "until: 2026",
        &expect![[r#"
            error: `until` is a number, not a date
              --> content/a.md:2:8
               |
             2 | until: 2026
               |        ^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "teaser: []",
        &expect![[r#"
        error: `teaser` is an empty list
          --> content/a.md:2:9
           |
         2 | teaser: []
           |         ^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad(
        "cascade: pro",
        &expect![[r#"
        error: `cascade` is text, not a map of gate keys
          --> content/a.md:2:10
           |
         2 | cascade: pro
           |          ^^^
          help: write the keys for everything below, indented under `cascade:`"#]],
    );
    bad(
        "cascade:",
        &expect![[r#"
        error: `cascade` is empty
          --> content/a.md:2:1
           |
         2 | cascade:
           | ^^^^^^^
          help: write the keys for everything below, indented under `cascade:`"#]],
    );
    bad(
        "cascade: {cascade: {access: pro}}",
        &expect![[r#"
        error: `cascade` cannot stand in `cascade`
          --> content/a.md:2:11
           |
         2 | cascade: {cascade: {access: pro}}
           |           ^^^^^^^"#]],
    );
    bad(
        "cascade: [{access: pro}]",
        &expect![[r#"
        error: `cascade` is a list, not a map of gate keys
          --> content/a.md:2:10
           |
         2 | cascade: [{access: pro}]
           |          ^^^^^^^^^^^^^^^
          help: write the keys for everything below, indented under `cascade:`"#]],
    );
}

#[test]
fn a_misspelt_gate_key_is_an_error() {
    bad(
        "acess: pro",
        &expect![[r#"
        error: unknown key `acess`
          --> content/a.md:2:1
           |
         2 | acess: pro
           | ^^^^^
          help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "Access: pro",
        &expect![[r#"
        error: unknown key `Access`
          --> content/a.md:2:1
           |
         2 | Access: pro
           | ^^^^^^
          help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "hiden: true",
        &expect![[r#"
        error: unknown key `hiden`
          --> content/a.md:2:1
           |
         2 | hiden: true
           | ^^^^^
          help: did you mean `hidden`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "cascad:\n  access: pro",
        &expect![[r#"
        error: unknown key `cascad`
          --> content/a.md:2:1
           |
         2 | cascad:
           | ^^^^^^
          help: did you mean `cascade`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "drpi: 7d",
        &expect![[r#"
        error: unknown key `drpi`
          --> content/a.md:2:1
           |
         2 | drpi: 7d
           | ^^^^
          help: did you mean `drip`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "cascade:\n  acces: pro",
        &expect![[r#"
        error: unknown key `acces`
          --> content/a.md:3:3
           |
         3 |   acces: pro
           |   ^^^^^
          help: did you mean `access`?"#]],
    );
    bad(
        "extra: {access: pro}",
        &expect![[r#"
        error: `access` under `extra` gates nothing
          --> content/a.md:2:9
           |
         2 | extra: {access: pro}
           |         ^^^^^^
          help: write `access` outside of `extra`, or name it in `own_keys` of site.yaml where it is a key of your own"#]],
    );
    bad(
        "extra: {Access: pro}",
        &expect![[r#"
        error: `Access` under `extra` gates nothing
          --> content/a.md:2:9
           |
         2 | extra: {Access: pro}
           |         ^^^^^^
          help: write `access` outside of `extra`, or name it in `own_keys` of site.yaml where it is a key of your own"#]],
    );
    bad_file(
        "+++\n[extra]\nrelease = true\n+++\n",
        &expect![[r#"
        error: `release` under `extra` gates nothing
          --> content/a.md:3:1
           |
         3 | release = true
           | ^^^^^^^
          help: write `release` outside of `extra`, or name it in `own_keys` of site.yaml where it is a key of your own"#]],
    );
    bad(
        "publised: false",
        &expect![[r#"
        error: unknown key `publised`
          --> content/a.md:2:1
           |
         2 | publised: false
           | ^^^^^^^^
          help: did you mean `published`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "hide: true",
        &expect![[r#"
        error: unknown key `hide`
          --> content/a.md:2:1
           |
         2 | hide: true
           | ^^^^
          help: did you mean `hidden`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
    bad(
        "\u{430}ccess: pro",
        &expect![[r#"
        error: unknown key `аccess`
          --> content/a.md:2:1
           |
         2 | аccess: pro
           | ^^^^^^
          help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml"#]],
    );
}

#[test]
fn own_keys_are_not_gates() {
    let (parsed, said) =
        read_with("---\nrelease: true\nextra: {hidden: 1}\nteasers: 2\n---\n", &["release", "hidden", "teasers"]);
    assert_eq!(said, "");
    let page = parsed.unwrap().front_matter;
    assert!(page.gates.is_empty());
    assert_eq!(serde_json::Value::Object(page.extra).to_string(), r#"{"release":true,"teasers":2,"hidden":1}"#);
}

#[test]
fn what_other_tools_hold_a_page_back_with_is_honoured() {
    let page = warned(
        "published: false",
        &expect![[r#"
        warning: `published: false` is read as `draft: true`
          --> content/a.md:2:1
           |
         2 | published: false
           | ^^^^^^^^^"#]],
    );
    assert!(page.gates.draft.unwrap().value);
    let page = warned(
        "draft: false\npublished: false",
        &expect![[r#"
        warning: `published: false` is read as `draft: true`
          --> content/a.md:3:1
           |
         3 | published: false
           | ^^^^^^^^^"#]],
    );
    assert!(page.gates.draft.unwrap().value);
    let page = warned(
        "publishDate: 2027-01-01\nexpiryDate: 2028-01-01",
        &expect![[r#"
        warning: `publishDate` is read as `release`
          --> content/a.md:2:1
           |
         2 | publishDate: 2027-01-01
           | ^^^^^^^^^^^
        warning: `expiryDate` is read as `until`
          --> content/a.md:3:1
           |
         3 | expiryDate: 2028-01-01
           | ^^^^^^^^^^"#]],
    );
    assert!(page.gates.release.unwrap().value.is_some() && page.gates.until.unwrap().value.is_some());
    assert!(good("published: true").gates.draft.is_none());
    assert!(good("visibility: public").gates.is_empty());
    bad(
        "visibility: paid",
        &expect![[r#"
        error: `visibility` holds nothing back here
          --> content/a.md:2:1
           |
         2 | visibility: paid
           | ^^^^^^^^^^
          help: write `access: members`, or a tier or bundle; or name the key in `own_keys` of site.yaml"#]],
    );
    bad(
        "status: draft",
        &expect![[r#"
        error: `status` holds nothing back here
          --> content/a.md:2:1
           |
         2 | status: draft
           | ^^^^^^
          help: write `draft: true`; or name the key in `own_keys` of site.yaml"#]],
    );
    bad(
        "password: secret",
        &expect![[r#"
        error: `password` holds nothing back here
          --> content/a.md:2:1
           |
         2 | password: secret
           | ^^^^^^^^
          help: write `access:` with a tier, a bundle or `members`; or name the key in `own_keys` of site.yaml"#]],
    );
    bad(
        "published: maybe",
        &expect![[r#"
            error: `published` is text, not true or false
              --> content/a.md:2:12
               |
             2 | published: maybe
               |            ^^^^^
              help: write `published: true` or `published: false`"#]],
    );
    bad(
        "release: 2027-01-01\npublishDate: 2027-01-02",
        &expect![[r#"
        error: `release` is written here twice, once as `publishDate`
          --> content/a.md:3:1
           |
         3 | publishDate: 2027-01-02
           | ^^^^^^^^^^^
          --> content/a.md:2:10
           |
         2 | release: 2027-01-01
           |          ^^^^^^^^^^
          help: keep one of them"#]],
    );
    bad(
        "cascade: {visibility: members}",
        &expect![[r#"
        error: `visibility` holds nothing back here
          --> content/a.md:2:11
           |
         2 | cascade: {visibility: members}
           |           ^^^^^^^^^^
          help: write `access: members`, or a tier or bundle; or name the key in `own_keys` of site.yaml"#]],
    );
}

#[test]
fn other_near_misses_are_warnings() {
    let page = warned(
        "tilte: A",
        &expect![[r#"
        warning: unknown key `tilte`
          --> content/a.md:2:1
           |
         2 | tilte: A
           | ^^^^^
          help: did you mean `title`?"#]],
    );
    assert_eq!(page.extra["tilte"], "A");
    warned(
        "cascade: {layout: wide}",
        &expect![[r#"
        warning: only gate keys are inherited, not `layout`
          --> content/a.md:2:11
           |
         2 | cascade: {layout: wide}
           |           ^^^^^^"#]],
    );
    warned(
        "permalink: /blog/:title/",
        &expect![[r#"
        warning: the placeholders of this `permalink` are not followed
          --> content/a.md:2:12
           |
         2 | permalink: /blog/:title/
           |            ^^^^^^^^^^^^^
          help: the page lies where its file does; write `path` to move it"#]],
    );
    good(
        "author: x\nlayout: y\nlang: en\ntype: z\nfile: f\ntag: t\nheader: {image: i}\nmath: true\nhide: [toc]\nurl: https://x.example/",
    );
}

#[test]
fn other_wrong_types_are_errors() {
    bad(
        "date: 1/2/2026",
        &expect![[r#"
            error: `1/2/2026` is not a date
              --> content/a.md:2:7
               |
             2 | date: 1/2/2026
               |       ^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "date: [2026-01-02]",
        &expect![[r#"
            error: `date` is a list, not a date
              --> content/a.md:2:7
               |
             2 | date: [2026-01-02]
               |       ^^^^^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
    bad(
        "title: [A]",
        &expect![[r#"
        error: `title` is a list, not text
          --> content/a.md:2:8
           |
         2 | title: [A]
           |        ^^^"#]],
    );
    bad(
        "weight: heavy",
        &expect![[r#"
        error: `weight` is not a whole number
          --> content/a.md:2:9
           |
         2 | weight: heavy
           |         ^^^^^"#]],
    );
    bad(
        "slug: a/b",
        &expect![[r#"
        error: a slug is one part of a URL, without `/`
          --> content/a.md:2:7
           |
         2 | slug: a/b
           |       ^^^
          help: write a whole URL as `path`"#]],
    );
    bad(
        "slug: '!'",
        &expect![[r#"
        error: no URL can be made from this slug
          --> content/a.md:2:7
           |
         2 | slug: '!'
           |       ^^^
          help: a slug needs a letter or a digit"#]],
    );
    bad(
        "path: /a%2Fb/",
        &expect![[r#"
        error: no page can lie at `/a%2Fb/`: a URL cannot hold `%`
          --> content/a.md:2:7
           |
         2 | path: /a%2Fb/
           |       ^^^^^^^"#]],
    );
    bad(
        "path: /a/../b/",
        &expect![[r#"
        error: no page can lie at `/a/../b/`: a URL cannot hold `.` or `..` as a part of its own
          --> content/a.md:2:7
           |
         2 | path: /a/../b/
           |       ^^^^^^^^"#]],
    );
    bad(
        "aliases: ['/a;b/']",
        &expect![[r#"
        error: no alias can lie at `/a;b/`: a URL cannot hold `;`
          --> content/a.md:2:11
           |
         2 | aliases: ['/a;b/']
           |           ^^^^^^^"#]],
    );
    bad(
        "aliases: {a: b}",
        &expect![[r#"
        error: `aliases` is a map, not a list
          --> content/a.md:2:10
           |
         2 | aliases: {a: b}
           |          ^^^^^^"#]],
    );
    bad(
        "language: engels!",
        &expect![[r#"
        error: `engels!` is no language tag
          --> content/a.md:2:11
           |
         2 | language: engels!
           |           ^^^^^^^
          help: write `en`, `pt-BR` or another tag of BCP 47"#]],
    );
    bad(
        "extra: 5",
        &expect![[r#"
        error: `extra` is a number, not a map
          --> content/a.md:2:8
           |
         2 | extra: 5
           |        ^"#]],
    );
    bad(
        "image: [a, b]",
        &expect![[r#"
        error: `image` is a list, not the name of a file
          --> content/a.md:2:8
           |
         2 | image: [a, b]
           |        ^^^^^^"#]],
    );
}

#[test]
fn every_fault_of_a_page_comes_in_one_run() {
    bad(
        "acess: pro\ndrip: 7\nhidden: 'no'\naccess: [prro, basci]\ndate: never",
        &expect![[r#"
            error: unknown key `acess`
              --> content/a.md:2:1
               |
             2 | acess: pro
               | ^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            error: `drip` is a number without a unit
              --> content/a.md:3:7
               |
             3 | drip: 7
               |       ^
              help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`
            error: `hidden` is text, not true or false
              --> content/a.md:4:9
               |
             4 | hidden: 'no'
               |         ^^^^
              help: write `hidden: true` or `hidden: false`
            error: unknown tier or bundle `prro`
              --> content/a.md:5:10
               |
             5 | access: [prro, basci]
               |          ^^^^
              help: did you mean `pro`?
            error: unknown tier or bundle `basci`
              --> content/a.md:5:16
               |
             5 | access: [prro, basci]
               |                ^^^^^
              help: did you mean `basic`?
            error: `never` is not a date
              --> content/a.md:6:7
               |
             6 | date: never
               |       ^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`"#]],
    );
}

#[test]
fn hostile_front_matter_does_not_panic() {
    let deep = format!("---\na: {}{}\n---\n", "[".repeat(5_000), "]".repeat(5_000));
    let laughs = "---\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                  d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n---\n";
    for text in [
        deep.as_str(),
        laughs,
        "---\na: &a {b: *a}\n---\n",
        "---\n1: 2\nnull: 3\ntrue: 4\n---\n",
        "---\nweight: 99999999999999999999999\n---\n",
        "---\nx: 1e999\ny: .inf\nz: -.nan\n---\n",
        "---\n<<: {access: pro}\ntitle: A\n---\n",
        "---\n\u{0}\n---\n",
        "---\n!!binary x: y\n---\n",
        "---\ntitle: !tag A\n---\n",
        "---\ntitle: >\n\n  é\n  ü\n---\n",
        "---\naccess: 'pro\n\n  , basic'\n---\n",
        "+++\nx = 0xffffffffffffffffffff\n+++\n",
        "+++\nx = inf\n+++\n",
        "---\r---\r",
        "---\n? \n---\n",
    ] {
        let (parsed, said) = read_with(text, &[]);
        assert!(parsed.is_some() || said.contains("error: "), "{text:?}");
    }
    let (parsed, said) = read_with("---\n<<: {access: pro}\ntitle: A\n---\n", &[]);
    assert_eq!((tags(&parsed.unwrap().front_matter).len(), said.as_str()), (1, ""));
}
