//! What the random sites once found, each as the smallest site that shows it.

use std::fs;

use super::school::{CLOCK, DAY};
use super::{build, decide};
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::edge::Outcome;
use tierpress::time::Timestamp;

const TIERS: &str = "{default: public, tiers: [{id: basic, title: Basic, free: true}, {id: pro, title: Pro}]}";
const BOTH: &str = "{default: public, tiers: [{id: basic, title: Basic, free: true}], default_tier: basic, \
                    bundles: [{id: extras, title: Extras}]}";
const KEEP: &str = "{cancellation: keep-unlocked, default: public, tiers: [{id: basic, title: Basic, free: true}, \
                    {id: pro, title: Pro}]}";

/// A site with this catalogue and these files (`//- content/a.md` begins one), and a template that prints the form, the
/// text, all tags and the pages of the section `school/course`.
fn site(access: &str, files: &str) -> super::Site {
    let folder = tempfile::tempdir().unwrap();
    let template = "form {{ page.form }} {{ page.content }}\n\
                    tags {% for tag in tags %}{{ tag.title }} {% endfor %}\n\
                    {% for each in named %}{% for entry in each.entries %}names {{ entry.title }}\n{% endfor %}{% endfor %}";
    let head =
        "title: T\nbase_url: https://t.example\nlanguage: en\ntimezone: UTC\ntheme: probe\nrelease_horizon: 90d\n";
    let mut all = vec![
        ("site.yaml".to_owned(), format!("{head}access: {access}\n")),
        ("themes/probe/templates/page.html".to_owned(), template.to_owned()),
        ("themes/probe/templates/tag.html".to_owned(), template.to_owned()),
        (
            "themes/probe/theme.yaml".to_owned(),
            "templates:\n  page.html: {sections: [school/course]}\n  tag.html: {lists: [tags]}\n".to_owned(),
        ),
        ("content/school/course/01-first.md".to_owned(), "---\ntitle: First\n---\n\nFirst.\n".to_owned()),
    ];
    for file in files.split("//- ").skip(1) {
        let (name, text) = file.split_once('\n').unwrap();
        all.push((name.to_owned(), text.to_owned()));
    }
    for (name, text) in all {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    build(folder.path()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn held(id: &str) -> Entitlement {
    Entitlement::new(id.parse().unwrap(), Timestamp::MIN)
}

fn frozen(id: &str, at: i64) -> Entitlement {
    Entitlement { frozen: Some(Timestamp::saturating(at)), ..held(id) }
}

/// What is served to these entitlements.
#[track_caller]
fn served(site: &super::Site, url: &str, held: &[Entitlement], now: i64) -> String {
    let found = decide(site, url, &Reader::Member(held.to_vec()), now);
    match (found.outcome, found.object) {
        (Outcome::Open | Outcome::Preview, Some(object)) => site.texts[object].clone(),
        (outcome, _) => format!("{outcome:?}"),
    }
}

#[test]
fn a_gate_of_locked_forms_does_not_put_fewer_gates_first() {
    // The teaser's window counts for locked forms alone; the scheduled entry counts for all.
    let site = site(
        TIERS,
        "//- content/lesson.md
---
access: pro
teaser: public until 2026-12-08
---

Teaser.

<!-- more -->

Lesson.

//- content/school/course/02-second.md
---
title: Second
release: 2026-12-21
---

Second.
",
    );
    let page = served(&site, "/lesson/", &[held("pro")], CLOCK + 25 * DAY);
    assert!(page.contains("Lesson.") && page.contains("names Second"), "{page}");
    assert!(!served(&site, "/lesson/", &[held("pro")], CLOCK).contains("names Second"));
}

#[test]
fn a_tag_page_lists_tags_that_are_yet_to_come() {
    let site = site(
        TIERS,
        "//- content/now.md
---
tags: [early]
---

Now.

//- content/later.md
---
tags: [late]
release: 2026-12-08
---

Later.
",
    );
    assert!(served(&site, "/tags/early/", &[], CLOCK).contains("tags early \n"));
    assert!(served(&site, "/tags/early/", &[], CLOCK + 8 * DAY).contains("tags early late \n"));
}

#[test]
fn a_cancelled_membership_opens_no_new_block_teaser_or_file() {
    let site = site(
        KEEP,
        "//- content/blocks.md
---
date: 2026-11-20
---

Open.

<!-- access: pro -->
Block.
<!-- /access -->

//- content/teased.md
---
date: 2026-11-20
access: pro
drip: 7d
teaser: basic
---

Teaser.

<!-- more -->

Rest.

//- content/school/course/02-second.md
---
title: Second
date: 2026-11-20
access: basic
files: {sheet.pdf: pro}
---

Second.

//- content/school/course/sheet.pdf
bytes
",
    );
    let before = [frozen("pro", CLOCK - 30 * DAY)];
    let after = [frozen("pro", CLOCK - DAY)];
    let open = |held: &[Entitlement], url, word: &str| served(&site, url, held, CLOCK).contains(word);
    for (url, word) in [("/blocks/", "Block."), ("/teased/", "Teaser."), ("/school/course/sheet.pdf", "bytes")] {
        assert!(!open(&before, url, word), "{url} is new to a member who left before it");
        assert!(open(&after, url, word), "{url} was there before the member left");
    }
    assert!(open(&before, "/blocks/", "Open."));
}

#[test]
fn an_announced_page_waits_for_members_where_they_keep_what_they_had() {
    let site = site(KEEP, "//- content/soon.md\n---\naccess: pro\nrelease: 2026-12-08\nannounce: true\n---\n\nSoon.\n");
    assert!(served(&site, "/soon/", &[held("pro")], CLOCK).contains("form waiting"));
    assert!(served(&site, "/soon/", &[held("basic")], CLOCK).contains("form cover"));
    assert!(served(&site, "/soon/", &[held("pro")], CLOCK + 8 * DAY).contains("Soon."));
}

#[test]
fn where_access_ends_at_once_no_need_keeps_an_instant_of_its_own() {
    let site = site(
        BOTH,
        "//- content/lesson.md
---
access: basic
release: 2026-12-08
---

Lesson.

<!-- access: extras -->
Block.
<!-- /access -->

![](sheet.png)

//- content/sheet.png
bytes
",
    );
    let needs = site.manifest.rules.iter().flat_map(|rule| rule.clauses()).flat_map(|clause| &clause.all);
    assert!(needs.clone().count() > 2, "{:#?}", site.manifest.rules);
    assert!(needs.clone().all(|need| need.kept.is_none()), "{:#?}", site.manifest.rules);
}

#[test]
fn a_file_that_a_hidden_block_shows_is_hidden() {
    let site = site(
        TIERS,
        "//- content/lesson.md
Open.

<!-- access: pro; hidden -->

![](sheet.png)

<!-- /access -->

//- content/sheet.png
bytes
",
    );
    assert_eq!(served(&site, "/sheet.png", &[held("basic")], CLOCK), "NotFound");
    assert!(served(&site, "/sheet.png", &[held("pro")], CLOCK).contains("bytes"));
}

#[test]
fn a_section_that_a_theme_names_is_named_from_its_release_on() {
    // What stands in it is known before.
    let site = site(
        TIERS,
        "//- content/school/_index.md
School.

//- content/school/course/_index.md
---
title: Course
release: 2026-12-08
cascade: {release: none}
---

Course.

//- content/lesson.md
Lesson.
",
    );
    assert!(!served(&site, "/lesson/", &[], CLOCK).contains("names First"));
    assert!(served(&site, "/lesson/", &[], CLOCK + 8 * DAY).contains("names First"));
}

#[test]
fn a_word_does_not_open_a_file_whose_block_is_over() {
    let site = site(
        TIERS,
        "//- content/lesson.md
See sheet.png.

//- content/other.md
<!-- access: pro until 2026-11-30 -->

![](sheet.png)

<!-- /access -->

//- content/sheet.png
bytes
",
    );
    // The block shows it still, and fails no build by doing so.
    assert_eq!(served(&site, "/sheet.png", &[held("pro")], CLOCK), "NotFound");
}

#[test]
fn what_a_draft_says_of_a_file_does_not_open_it_by_being_left_out() {
    let site = site(
        TIERS,
        "//- content/school/course/02-second.md
---
draft: true
files: {sheet.pdf: pro}
---

Second.

//- content/school/course/sheet.pdf
bytes
",
    );
    for id in ["basic", "pro"] {
        assert_eq!(served(&site, "/school/course/sheet.pdf", &[held(id)], CLOCK), "NotFound");
    }
}
