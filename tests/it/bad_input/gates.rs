//! Gate keys: whom a page is for, and when.

use expect_test::expect;

use super::{check, check_each, check_keys};
use crate::fixture::Fixture;

#[test]
fn access_that_says_nothing() {
    check_keys(
        [
            "access:",
            "access: null",
            "access: ~",
            "access: 7",
            "access: {pro: true}",
            "access: []",
            "access: ''",
            "access: [pro, ]\ndrip:",
            "access: [pro, null]",
            "access: true",
            "access: 2026-01-01",
            "access: [[pro]]",
            "access: ','",
        ],
        &expect![[r#"
            === access:
            error: `access` is empty
              --> content/a.md:2:1
               |
             2 | access:
               | ^^^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: null
            error: `access` is empty
              --> content/a.md:2:9
               |
             2 | access: null
               |         ^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: ~
            error: `access` is empty
              --> content/a.md:2:9
               |
             2 | access: ~
               |         ^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: 7
            error: `access` is a number, not a list of tags
              --> content/a.md:2:9
               |
             2 | access: 7
               |         ^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: {pro: true}
            error: `access` is a map, not a list of tags
              --> content/a.md:2:9
               |
             2 | access: {pro: true}
               |         ^^^^^^^^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: []
            error: `access` is an empty list
              --> content/a.md:2:9
               |
             2 | access: []
               |         ^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: \'\'
            error: `access` is empty
              --> content/a.md:2:9
               |
             2 | access: ''
               |         ^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: [pro, ]\ndrip:
            error: `drip` is empty
              --> content/a.md:3:1
               |
             3 | drip:
               | ^^^^
              help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`
            exit 1
            === access: [pro, null]
            error: an item of `access` is empty
              --> content/a.md:2:15
               |
             2 | access: [pro, null]
               |               ^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: true
            error: `access` is true or false, not a list of tags
              --> content/a.md:2:9
               |
             2 | access: true
               |         ^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: 2026-01-01
            error: unknown tier or bundle `2026-01-01`
              --> content/a.md:2:9
               |
             2 | access: 2026-01-01
               |         ^^^^^^^^^^
              help: there are `free`, `basic`, `pro`, `rust-course`
            exit 1
            === access: [[pro]]
            error: an item of `access` is a list, not a tag
              --> content/a.md:2:10
               |
             2 | access: [[pro]]
               |          ^^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access: \',\'
            error: a tier or bundle is missing
              --> content/a.md:2:10
               |
             2 | access: ','
               |          ^
              help: a tag is `id`, `id+id`, `public` or `members`
            error: a tier or bundle is missing
              --> content/a.md:2:11
               |
             2 | access: ','
               |           ^
              help: a tag is `id`, `id+id`, `public` or `members`
            exit 1
        "#]],
    );
}

#[test]
fn access_that_names_nobody() {
    check_keys(
        [
            "access: [prro, rust-course]",
            "access: Pro",
            "access: pro+rust-corse",
            "access: gold",
            "access: pro rust-course",
            "access: public, pro",
            "access: [pro, public]",
            "access: pro since yesterday",
            "access: pro +basic",
            "access: pro from",
            "access: members+pro",
            "access: all",
            "access: none",
            "access: pro from 2027-01-01 until 2026-01-01",
            "access: pro from 2026-13-01",
            "access: [pro, public from 1 May]",
        ],
        &expect![[r#"
            === access: [prro, rust-course]
            error: unknown tier or bundle `prro`
              --> content/a.md:2:10
               |
             2 | access: [prro, rust-course]
               |          ^^^^
              help: did you mean `pro`?
            exit 1
            === access: Pro
            error: unknown tier or bundle `Pro`
              --> content/a.md:2:9
               |
             2 | access: Pro
               |         ^^^
              help: did you mean `pro`?
            exit 1
            === access: pro+rust-corse
            error: unknown tier or bundle `rust-corse`
              --> content/a.md:2:13
               |
             2 | access: pro+rust-corse
               |             ^^^^^^^^^^
              help: did you mean `rust-course`?
            exit 1
            === access: gold
            error: unknown tier or bundle `gold`
              --> content/a.md:2:9
               |
             2 | access: gold
               |         ^^^^
              help: there are `free`, `basic`, `pro`, `rust-course`
            exit 1
            === access: pro rust-course
            error: unexpected `rust-course` in a tag
              --> content/a.md:2:13
               |
             2 | access: pro rust-course
               |             ^^^^^^^^^^^
              help: a tag is `id+id since joining from 2026-12-15 until 2026-12-31`; tags are parted by commas
            exit 1
            === access: public, pro
            error: a bare `public` beside another tag opens this to everybody
              --> content/a.md:2:9
               |
             2 | access: public, pro
               |         ^^^^^^
              help: take it out, or give it a window: `public from 2026-12-15`
            exit 1
            === access: [pro, public]
            error: a bare `public` beside another tag opens this to everybody
              --> content/a.md:2:15
               |
             2 | access: [pro, public]
               |               ^^^^^^
              help: take it out, or give it a window: `public from 2026-12-15`
            exit 1
            === access: pro since yesterday
            error: `since` without `joining`
              --> content/a.md:2:13
               |
             2 | access: pro since yesterday
               |             ^^^^^
              help: write `since joining`; for a date write `from 2026-12-15`
            exit 1
            === access: pro +basic
            exit 0
            === access: pro from
            error: `from` without a date
              --> content/a.md:2:13
               |
             2 | access: pro from
               |             ^^^^
              help: write it like `from 2026-12-15`
            exit 1
            === access: members+pro
            exit 0
            === access: all
            error: unknown tier or bundle `all`
              --> content/a.md:2:9
               |
             2 | access: all
               |         ^^^
              help: `public` lets everybody in, `members` those with any tier
            exit 1
            === access: none
            error: unknown tier or bundle `none`
              --> content/a.md:2:9
               |
             2 | access: none
               |         ^^^^
              help: `public` lets everybody in, `members` those with any tier
            exit 1
            === access: pro from 2027-01-01 until 2026-01-01
            error: `until 2026-01-01` is not after `from 2027-01-01`
              --> content/a.md:2:35
               |
             2 | access: pro from 2027-01-01 until 2026-01-01
               |                                   ^^^^^^^^^^
              help: this would never be open: swap the dates
            exit 1
            === access: pro from 2026-13-01
            error: `2026-13-01` is not a date
              --> content/a.md:2:18
               |
             2 | access: pro from 2026-13-01
               |                  ^^^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === access: [pro, public from 1 May]
            error: `1 May` is not a date
              --> content/a.md:2:27
               |
             2 | access: [pro, public from 1 May]
               |                           ^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
        "#]],
    );
}

#[test]
fn public_for_all_below() {
    check_each(
        [
            "access: public",
            "access: public\ncascade: {drip: 7d}",
            "access: public\ncascade: {access: pro}",
            "access: [public until 2027-01-01]",
        ],
        |keys| format!("//- content/course/_index.md\n---\n{keys}\n---\n//- content/course/a.md\n---\ntitle: A\n---\n"),
        &expect![[r#"
            === access: public
            error: a bare `access: public` here opens everything below this section
              --> content/course/_index.md:2:9
               |
             2 | access: public
               |         ^^^^^^
              help: say what is below as well: `cascade: {access: …}`
            exit 1
            === access: public\ncascade: {drip: 7d}
            error: a bare `access: public` here opens everything below this section
              --> content/course/_index.md:2:9
               |
             2 | access: public
               |         ^^^^^^
              help: say what is below as well: `cascade: {access: …}`
            exit 1
            === access: public\ncascade: {access: pro}
            exit 0
            === access: [public until 2027-01-01]
            exit 0
        "#]],
    );
}

#[test]
fn keys_that_are_not_handed_down() {
    let site = |file: &str, keys: &str, lesson: &str| {
        format!("//- content/{file}\n---\n{keys}\n---\n//- content/course/a.md\n---\n{lesson}\n---\nA\n")
    };
    // Nothing of it would be closed.
    for file in ["course.md", "course/index.md", "course/b.md"] {
        let said = Fixture::new(&site(file, "cascade: {access: pro}", "title: A")).said();
        assert!(said.contains("only an `_index.md` hands keys down: this `cascade` closes nothing"), "{said}");
        assert_eq!(said.contains("put `cascade` into `content/course/_index.md`"), file != "course/b.md", "{said}");
        assert!(said.ends_with("exit 1\n"), "{said}");
    }
    let warned = |file: &str, keys: &str, lesson: &str| {
        let said = Fixture::new(&site(file, keys, lesson)).said();
        assert!(said.ends_with("exit 0\n"), "{said}");
        said.contains("here is not handed down to the pages below")
    };
    for file in ["course.md", "course/index.md"] {
        for keys in
            ["access: pro", "hidden: true\naccess: pro", "release: 2026-12-20", "until: 2027-01-01", "draft: true"]
        {
            assert!(warned(file, keys, "title: A"), "{file} {keys}");
        }
        assert!(warned(file, "access: pro\ndrip: 7d", "access: pro"));
        for (keys, lesson) in [
            ("access: pro", "access: public"),
            ("access: pro", "access: [basic]"),
            ("access: public", "title: A"),
            ("hidden: false", "title: A"),
            ("drip: none", "title: A"),
            ("until: 2027-01-01", "until: 2027-01-01"),
            ("access: pro", "draft: true"),
        ] {
            assert!(!warned(file, keys, lesson), "{file} {keys} {lesson}");
        }
        // It has the same from above.
        let above = "//- content/_index.md\n---\naccess: pro\n---\n";
        assert!(
            !warned(file, "access: pro", &format!("title: A\n---\nA\n{above}//- content/c.md\n---\ntitle: C")),
            "{file}"
        );
        // A section in between says something.
        let between =
            "//- content/course/x/_index.md\n---\naccess: basic\n---\n//- content/course/x/y.md\n---\ntitle: Y";
        assert!(!warned(file, "access: pro", &format!("access: pro\n---\nA\n{between}")), "{file}");
    }
    // A page folder is one page, with nothing below it.
    let alone = "//- content/course/index.md\n---\naccess: pro\n---\nA\n//- content/course/sheet.txt\nx\n";
    assert!(!Fixture::new(alone).said().contains("handed down"));
    let said = Fixture::new(&site("course.md", "access: pro", "title: A")).said();
    expect![[r#"
        warning: `access` here is not handed down to the pages below
          --> content/course.md:2:9
           |
         2 | access: pro
           |         ^^^
          --> content/course/a.md
          help: only an `_index.md` hands keys down: put it into `content/course/_index.md`
        exit 0
    "#]]
    .assert_eq(&said);
}

#[test]
fn misspelt_gate_keys() {
    check_keys(
        [
            "acess: pro",
            "Access: pro",
            "ACCESS: pro",
            "hiden: true",
            "cascad: {access: pro}",
            "cascade: {acess: pro}",
            "cascade: {Drip: 7d}",
            "cascade: pro",
            "cascade: {title: x}",
            "extra: {access: pro}",
            "extra: {hiden: true}",
            "hidden: \"yes\"",
            "hidden: yes",
            "hidden: 1",
            "hidden:",
            "draft: no",
            "announce: \"true\"",
            "tier: pro",
            "visibility: paid",
            "visibility: members",
            "visibility: public",
            "drips: 7d",
            "realease: 2026-12-01",
            "untill: 2026-12-01",
            "teaser:",
            "teaser: gold",
            "files: workbook.pdf",
            "files: {'[': pro}",
            "'access ': pro",
        ],
        &expect![[r#"
            === acess: pro
            error: unknown key `acess`
              --> content/a.md:2:1
               |
             2 | acess: pro
               | ^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === Access: pro
            error: unknown key `Access`
              --> content/a.md:2:1
               |
             2 | Access: pro
               | ^^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === ACCESS: pro
            error: unknown key `ACCESS`
              --> content/a.md:2:1
               |
             2 | ACCESS: pro
               | ^^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === hiden: true
            error: unknown key `hiden`
              --> content/a.md:2:1
               |
             2 | hiden: true
               | ^^^^^
              help: did you mean `hidden`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === cascad: {access: pro}
            error: unknown key `cascad`
              --> content/a.md:2:1
               |
             2 | cascad: {access: pro}
               | ^^^^^^
              help: did you mean `cascade`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === cascade: {acess: pro}
            error: unknown key `acess`
              --> content/a.md:2:11
               |
             2 | cascade: {acess: pro}
               |           ^^^^^
              help: did you mean `access`?
            exit 1
            === cascade: {Drip: 7d}
            error: unknown key `Drip`
              --> content/a.md:2:11
               |
             2 | cascade: {Drip: 7d}
               |           ^^^^
              help: did you mean `drip`?
            exit 1
            === cascade: pro
            error: `cascade` is text, not a map of gate keys
              --> content/a.md:2:10
               |
             2 | cascade: pro
               |          ^^^
              help: write the keys for everything below, indented under `cascade:`
            exit 1
            === cascade: {title: x}
            warning: only gate keys are inherited, not `title`
              --> content/a.md:2:11
               |
             2 | cascade: {title: x}
               |           ^^^^^
            exit 0
            === extra: {access: pro}
            error: `access` under `extra` gates nothing
              --> content/a.md:2:9
               |
             2 | extra: {access: pro}
               |         ^^^^^^
              help: write `access` outside of `extra`, or name it in `own_keys` of site.yaml where it is a key of your own
            exit 1
            === extra: {hiden: true}
            exit 0
            === hidden: \"yes\"
            error: `hidden` is text, not true or false
              --> content/a.md:2:9
               |
             2 | hidden: "yes"
               |         ^^^^^
              help: write `hidden: true` or `hidden: false`
            exit 1
            === hidden: yes
            error: `hidden` is text, not true or false
              --> content/a.md:2:9
               |
             2 | hidden: yes
               |         ^^^
              help: write `hidden: true` or `hidden: false`
            exit 1
            === hidden: 1
            error: `hidden` is a number, not true or false
              --> content/a.md:2:9
               |
             2 | hidden: 1
               |         ^
              help: write `hidden: true` or `hidden: false`
            exit 1
            === hidden:
            error: `hidden` is empty
              --> content/a.md:2:1
               |
             2 | hidden:
               | ^^^^^^
              help: write `hidden: true` or `hidden: false`
            exit 1
            === draft: no
            error: `draft` is text, not true or false
              --> content/a.md:2:8
               |
             2 | draft: no
               |        ^^
              help: write `draft: true` or `draft: false`
            exit 1
            === announce: \"true\"
            error: `announce` is text, not true or false
              --> content/a.md:2:11
               |
             2 | announce: "true"
               |           ^^^^^^
              help: write `announce: true` or `announce: false`
            exit 1
            === tier: pro
            exit 0
            === visibility: paid
            error: `visibility` holds nothing back here
              --> content/a.md:2:1
               |
             2 | visibility: paid
               | ^^^^^^^^^^
              help: write `access: members`, or a tier or bundle; or name the key in `own_keys` of site.yaml
            exit 1
            === visibility: members
            error: `visibility` holds nothing back here
              --> content/a.md:2:1
               |
             2 | visibility: members
               | ^^^^^^^^^^
              help: write `access: members`, or a tier or bundle; or name the key in `own_keys` of site.yaml
            exit 1
            === visibility: public
            exit 0
            === drips: 7d
            error: unknown key `drips`
              --> content/a.md:2:1
               |
             2 | drips: 7d
               | ^^^^^
              help: did you mean `drip`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === realease: 2026-12-01
            error: unknown key `realease`
              --> content/a.md:2:1
               |
             2 | realease: 2026-12-01
               | ^^^^^^^^
              help: did you mean `release`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === untill: 2026-12-01
            error: unknown key `untill`
              --> content/a.md:2:1
               |
             2 | untill: 2026-12-01
               | ^^^^^^
              help: did you mean `until`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === teaser:
            error: `teaser` is empty
              --> content/a.md:2:1
               |
             2 | teaser:
               | ^^^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === teaser: gold
            error: unknown tier or bundle `gold`
              --> content/a.md:2:9
               |
             2 | teaser: gold
               |         ^^^^
              help: there are `free`, `basic`, `pro`, `rust-course`
            exit 1
            === files: workbook.pdf
            error: `files` is text, not a map of names
              --> content/a.md:2:8
               |
             2 | files: workbook.pdf
               |        ^^^^^^^^^^^^
              help: write `files: {workbook.pdf: pro}`
            exit 1
            === files: {\'[\': pro}
            error: `[` is no name and no pattern of names
              --> content/a.md:2:9
               |
             2 | files: {'[': pro}
               |         ^^^
              help: `*`, `?`, `[abc]` and `{a,b}` stand for parts of names
            exit 1
            === \'access \': pro
            error: unknown key `access `
              --> content/a.md:2:1
               |
             2 | 'access ': pro
               | ^^^^^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
        "#]],
    );
}

#[test]
fn misspelt_gate_keys_in_toml() {
    check_each(
        [
            "acess = \"pro\"",
            "access = 7",
            "access = \"prro\"",
            "hidden = \"yes\"",
            "[extra]\naccess = \"pro\"",
            "access = \"pro",
            "access = []",
            "access = \"pro\"\naccess = \"basic\"",
        ],
        |keys| format!("+++\n{keys}\n+++\ntext\n"),
        &expect![[r#"
            === acess = \"pro\"
            error: unknown key `acess`
              --> content/a.md:2:1
               |
             2 | acess = "pro"
               | ^^^^^
              help: did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml
            exit 1
            === access = 7
            error: `access` is a number, not a list of tags
              --> content/a.md:2:10
               |
             2 | access = 7
               |          ^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access = \"prro\"
            error: unknown tier or bundle `prro`
              --> content/a.md:2:11
               |
             2 | access = "prro"
               |           ^^^^
              help: did you mean `pro`?
            exit 1
            === hidden = \"yes\"
            error: `hidden` is text, not true or false
              --> content/a.md:2:10
               |
             2 | hidden = "yes"
               |          ^^^^^
              help: write `hidden: true` or `hidden: false`
            exit 1
            === [extra]\naccess = \"pro\"
            error: `access` under `extra` gates nothing
              --> content/a.md:3:1
               |
             3 | access = "pro"
               | ^^^^^^
              help: write `access` outside of `extra`, or name it in `own_keys` of site.yaml where it is a key of your own
            exit 1
            === access = \"pro
            error: not valid TOML: invalid basic string, expected `"`
              --> content/a.md:2:14
               |
             2 | access = "pro
               |              ^
            exit 1
            === access = []
            error: `access` is an empty list
              --> content/a.md:2:10
               |
             2 | access = []
               |          ^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 1
            === access = \"pro\"\naccess = \"basic\"
            error: the key `access` is written twice
              --> content/a.md:3:1
               |
             3 | access = "basic"
               | ^^^^^^
            exit 1
        "#]],
    );
}

#[test]
fn drips() {
    check_keys(
        [
            "access: pro\ndrip: 7",
            "access: pro\ndrip: 7x",
            "access: pro\ndrip: -1d",
            "access: pro\ndrip: 40000d",
            "access: pro\ndrip: 0d",
            "access: pro\ndrip: 1.5d",
            "access: pro\ndrip: 7 d",
            "access: pro\ndrip:",
            "access: pro\ndrip: soon",
            "access: pro\ndrip: [7d]",
            "access: pro\ndrip: {pro: 7}",
            "access: pro\ndrip: {prro: 7d}",
            "access: pro\ndrip: every",
            "access: pro\ndrip: every 7d",
            "drip: 7d",
            "access: public\ndrip: 7d",
            "access: public\ndrip: {pro: 7d}",
            "access: [pro, rust-course]\ndrip: {basic: 7d, pro: 1d, free: 2w}",
            "access: pro\ndrip: {\n  basic: 7d,\n  }",
            "access: members\ndrip: {pro: 7d}",
            "access: basic\ndrip: {basic: 7d, basic: 8d}",
        ],
        &expect![[r#"
            === access: pro\ndrip: 7
            error: `drip` is a number without a unit
              --> content/a.md:3:7
               |
             3 | drip: 7
               |       ^
              help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`
            exit 1
            === access: pro\ndrip: 7x
            error: `7x` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
              --> content/a.md:3:7
               |
             3 | drip: 7x
               |       ^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === access: pro\ndrip: -1d
            error: `-1d` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
              --> content/a.md:3:7
               |
             3 | drip: -1d
               |       ^^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === access: pro\ndrip: 40000d
            error: `40000d` is not a length: a length is at most 36500 days
              --> content/a.md:3:7
               |
             3 | drip: 40000d
               |       ^^^^^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === access: pro\ndrip: 0d
            error: `0d` is no time at all
              --> content/a.md:3:7
               |
             3 | drip: 0d
               |       ^^
              help: write `none`
            exit 1
            === access: pro\ndrip: 1.5d
            error: `1.5d` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
              --> content/a.md:3:7
               |
             3 | drip: 1.5d
               |       ^^^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === access: pro\ndrip: 7 d
            error: `7 d` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
              --> content/a.md:3:7
               |
             3 | drip: 7 d
               |       ^^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === access: pro\ndrip:
            error: `drip` is empty
              --> content/a.md:3:1
               |
             3 | drip:
               | ^^^^
              help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`
            exit 1
            === access: pro\ndrip: soon
            error: `soon` is not a length: a length is a whole number and a unit: `h`, `d` or `w`
              --> content/a.md:3:7
               |
             3 | drip: soon
               |       ^^^^
              help: write it like `12h`, `7d` or `2w`
            exit 1
            === access: pro\ndrip: [7d]
            error: `drip` is a list, not a length
              --> content/a.md:3:7
               |
             3 | drip: [7d]
               |       ^^^^
              help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`
            exit 1
            === access: pro\ndrip: {pro: 7}
            error: the drip of `pro` is a number without a unit
              --> content/a.md:3:13
               |
             3 | drip: {pro: 7}
               |             ^
              help: write `14d`: units are `h`, `d` and `w`
            exit 1
            === access: pro\ndrip: {prro: 7d}
            error: unknown tier or bundle `prro`
              --> content/a.md:3:8
               |
             3 | drip: {prro: 7d}
               |        ^^^^
              help: did you mean `pro`?
            exit 1
            === access: pro\ndrip: every
            error: `every` without a length
              --> content/a.md:3:7
               |
             3 | drip: every
               |       ^^^^^
              help: write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`
            exit 1
            === access: pro\ndrip: every 7d
            error: `drip: every` counts the pages of a section
              --> content/a.md:3:7
               |
             3 | drip: every 7d
               |       ^^^^^^^^
              help: put it in the section's `_index.md`, or write a length such as `7d` here
            exit 1
            === drip: 7d
            error: a page that anyone may open cannot drip
              --> content/a.md:2:7
               |
             2 | drip: 7d
               |       ^^
              help: remove `drip`, or say in `access` who the page is for; `release` opens it for everybody at once
            exit 1
            === access: public\ndrip: 7d
            error: a page that anyone may open cannot drip
              --> content/a.md:3:7
               |
             3 | drip: 7d
               |       ^^
              help: remove `drip`, or say in `access` who the page is for; `release` opens it for everybody at once
            exit 1
            === access: public\ndrip: {pro: 7d}
            error: a page that anyone may open cannot drip
              --> content/a.md:3:7
               |
             3 | drip: {pro: 7d}
               |       ^^^^^^^^^
              help: remove `drip`, or say in `access` who the page is for; `release` opens it for everybody at once
            exit 1
            === access: [pro, rust-course]\ndrip: {basic: 7d, pro: 1d, free: 2w}
            error: `drip` names `basic`, which the page's access does not
              --> content/a.md:3:8
               |
             3 | drip: {basic: 7d, pro: 1d, free: 2w}
               |        ^^^^^
              help: name a tier or bundle that stands in `access`
            error: `drip` names `free`, which the page's access does not
              --> content/a.md:3:28
               |
             3 | drip: {basic: 7d, pro: 1d, free: 2w}
               |                            ^^^^
              help: name a tier or bundle that stands in `access`
            exit 1
            === access: pro\ndrip: {\n  basic: 7d,\n  }
            error: `drip` names `basic`, which the page's access does not
              --> content/a.md:4:3
               |
             4 |   basic: 7d,
               |   ^^^^^
              help: name a tier or bundle that stands in `access`
            exit 1
            === access: members\ndrip: {pro: 7d}
            error: `drip` names `pro`, which the page's access does not
              --> content/a.md:3:8
               |
             3 | drip: {pro: 7d}
               |        ^^^
              help: name a tier or bundle that stands in `access`
            exit 1
            === access: basic\ndrip: {basic: 7d, basic: 8d}
            error: the key `basic` is written twice
              --> content/a.md:3:19
               |
             3 | drip: {basic: 7d, basic: 8d}
               |                   ^^^^^
              --> content/a.md:3:8
               |
             3 | drip: {basic: 7d, basic: 8d}
               |        ^^^^^
              help: keep one of the two
            exit 1
        "#]],
    );
}

#[test]
fn drips_that_are_inherited_skip_what_is_open() {
    check(
        "//- content/course/_index.md\n---\naccess: pro\ndrip: {pro: 7d, basic: 3d}\n---\n//- content/course/a.md\n---\naccess: public\n---\n//- content/course/b.md\n",
        &expect![[r#"
            exit 0
        "#]],
    );
}

#[test]
fn windows_that_never_open() {
    check_keys(
        [
            "release: 2027-02-01\nuntil: 2027-01-01",
            "release: 2027-01-01\nuntil: 2027-01-01",
            "release: 2027-01-01T09:00:00\nuntil: 2027-01-01T09:00:00",
            "date: 2027-02-01\nuntil: 2027-01-01",
            "release: tomorrow",
            "until: 2026-02-30",
            "release:",
            "until: 7",
            "release: true",
        ],
        &expect![[r#"
            === release: 2027-02-01\nuntil: 2027-01-01
            error: this page is gone before its `release`: `until` is not after it
              --> content/a.md:3:8
               |
             3 | until: 2027-01-01
               |        ^^^^^^^^^^
              --> content/a.md:2:10
               |
             2 | release: 2027-02-01
               |          ^^^^^^^^^^
              help: change one of the two dates, or write `until: none`
            exit 1
            === release: 2027-01-01\nuntil: 2027-01-01
            exit 0
            === release: 2027-01-01T09:00:00\nuntil: 2027-01-01T09:00:00
            error: this page is gone before its `release`: `until` is not after it
              --> content/a.md:3:8
               |
             3 | until: 2027-01-01T09:00:00
               |        ^^^^^^^^^^^^^^^^^^^
              --> content/a.md:2:10
               |
             2 | release: 2027-01-01T09:00:00
               |          ^^^^^^^^^^^^^^^^^^^
              help: change one of the two dates, or write `until: none`
            exit 1
            === date: 2027-02-01\nuntil: 2027-01-01
            error: this page is gone before its `date`, when it is released: `until` is not after it
              --> content/a.md:3:8
               |
             3 | until: 2027-01-01
               |        ^^^^^^^^^^
              --> content/a.md:2:7
               |
             2 | date: 2027-02-01
               |       ^^^^^^^^^^
              help: change one of the two dates, or write `until: none`
            exit 1
            === release: tomorrow
            error: `tomorrow` is not a date
              --> content/a.md:2:10
               |
             2 | release: tomorrow
               |          ^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === until: 2026-02-30
            error: `2026-02-30` is not a date
              --> content/a.md:2:8
               |
             2 | until: 2026-02-30
               |        ^^^^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === release:
            error: `release` is empty
              --> content/a.md:2:1
               |
             2 | release:
               | ^^^^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === until: 7
            error: `until` is a number, not a date
              --> content/a.md:2:8
               |
             2 | until: 7
               |        ^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === release: true
            error: `release` is true or false, not a date
              --> content/a.md:2:10
               |
             2 | release: true
               |          ^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`; a key of your own can be named in `own_keys` of site.yaml
            exit 1
        "#]],
    );
}

#[test]
fn windows_that_are_inherited() {
    check(
        "//- content/course/_index.md\n---\nuntil: 2026-12-31\n---\n//- content/course/a.md\n---\nrelease: 2027-01-15\n---\n//- content/course/b.md\n---\ndate: 2027-01-15\n---\n",
        &expect![[r#"
            error: this page is gone before its `release`: `until` is not after it
              --> content/course/a.md:2:10
               |
             2 | release: 2027-01-15
               |          ^^^^^^^^^^
              --> content/course/_index.md:2:8
               |
             2 | until: 2026-12-31
               |        ^^^^^^^^^^
              help: change one of the two dates, or write `until: none`
            error: this page is gone before its `date`, when it is released: `until` is not after it
              --> content/course/b.md:2:7
               |
             2 | date: 2027-01-15
               |       ^^^^^^^^^^
              --> content/course/_index.md:2:8
               |
             2 | until: 2026-12-31
               |        ^^^^^^^^^^
              help: change one of the two dates, or write `until: none`
            exit 1
        "#]],
    );
}

#[test]
fn since_joining_without_a_date() {
    check_keys(
        ["access: [pro, basic since joining]", "access: pro\nteaser: basic since joining"],
        &expect![[r#"
            === access: [pro, basic since joining]
            error: `since joining` needs the page's date
              --> content/a.md:2:9
               |
             2 | access: [pro, basic since joining]
               |         ^^^^^^^^^^^^^^^^^^^^^^^^^^
              help: write `date:` in its front matter
            exit 1
            === access: pro\nteaser: basic since joining
            error: `since joining` needs the page's date
              --> content/a.md:3:9
               |
             3 | teaser: basic since joining
               |         ^^^^^^^^^^^^^^^^^^^
              help: write `date:` in its front matter
            exit 1
        "#]],
    );
}

#[test]
fn keep_unlocked_needs_dates() {
    let site = |body: &str| {
        let school = crate::fixture::SCHOOL.replace("  default_tier", "  cancellation: keep-unlocked\n  default_tier");
        format!("{body}//- site.yaml\n{school}")
    };
    check(
        &site(
            "---\naccess: pro\n---\n//- content/course/_index.md\n---\naccess: basic\ndate: 2026-01-01\n---\n//- content/course/b.md\n---\ntitle: B\n---\n//- content/course/c.md\n---\nrelease: 2026-01-01\n---\n",
        ),
        &expect![[r#"
            error: a gated page needs a date where `access.cancellation` is `keep-unlocked`
              --> content/a.md:2:9
               |
             2 | access: pro
               |         ^^^
              help: write `date:` or `release:`, so that it can be told whether the page is new to a member who left
            error: a gated page needs a date where `access.cancellation` is `keep-unlocked`
              --> content/course/b.md
              help: write `date:` or `release:`, so that it can be told whether the page is new to a member who left
            exit 1
        "#]],
    );
}

#[test]
fn other_tools_ways_to_hold_back() {
    check_keys(
        [
            "published: false",
            "status: draft",
            "password: secret",
            "private: true",
            "published: maybe",
            "publishDate: soon",
            "members_only: true",
        ],
        &expect![[r#"
            === published: false
            warning: `published: false` is read as `draft: true`
              --> content/a.md:2:1
               |
             2 | published: false
               | ^^^^^^^^^
            exit 0
            === status: draft
            error: `status` holds nothing back here
              --> content/a.md:2:1
               |
             2 | status: draft
               | ^^^^^^
              help: write `draft: true`; or name the key in `own_keys` of site.yaml
            exit 1
            === password: secret
            error: `password` holds nothing back here
              --> content/a.md:2:1
               |
             2 | password: secret
               | ^^^^^^^^
              help: write `access:` with a tier, a bundle or `members`; or name the key in `own_keys` of site.yaml
            exit 1
            === private: true
            error: `private` holds nothing back here
              --> content/a.md:2:1
               |
             2 | private: true
               | ^^^^^^^
              help: write `draft: true`, or `access:` with a tier, a bundle or `members`; or name the key in `own_keys` of site.yaml
            exit 1
            === published: maybe
            error: `published` is text, not true or false
              --> content/a.md:2:12
               |
             2 | published: maybe
               |            ^^^^^
              help: write `published: true` or `published: false`
            exit 1
            === publishDate: soon
            warning: `publishDate` is read as `release`
              --> content/a.md:2:1
               |
             2 | publishDate: soon
               | ^^^^^^^^^^^
            error: `soon` is not a date
              --> content/a.md:2:14
               |
             2 | publishDate: soon
               |              ^^^^
              help: write it like `2026-12-15` or `2026-12-15T09:00:00`
            exit 1
            === members_only: true
            error: `members_only` holds nothing back here
              --> content/a.md:2:1
               |
             2 | members_only: true
               | ^^^^^^^^^^^^
              help: write `draft: true`, or `access:` with a tier, a bundle or `members`; or name the key in `own_keys` of site.yaml
            exit 1
        "#]],
    );
}
