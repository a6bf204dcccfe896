//! What can be asked about, and what a reader gets.

use expect_test::expect;
use tierpress::access::entitlement::Reader;
use tierpress::build::{self, Request};
use tierpress::edge;
use tierpress::plan::Subject;
use tierpress::review::explain;
use tierpress::review::target::{Target, What};
use tierpress::time::Timestamp;

use super::{SITE, check, said};
use crate::built::NOW_SECONDS;
use crate::fixture::Fixture;

#[test]
fn a_block_by_number_and_by_line() {
    check(
        &["/course/two/#block-2", "--as", "rust-course"],
        &expect![[r#"
            /course/two/#block-2 is a block from content/course/02-two.md:16
              access: rust-course+basic  (content/course/02-two.md:16)
              access: pro  (content/course/02-two.md:12, the block around it)
              access: rust-course  (content/course/_index.md:6, cascade)
              drip: 0 days  (content/course/_index.md:7, cascade)
              until: 2027-06-30  (content/course/_index.md:4)

            for rust-course with pro, held for 3 days until 2027-06-30 (hidden from the others)
              never                           visitor, free, basic, pro, rust-course
              after 3 days, until 2027-06-30  rust-course+pro

            as rust-course: does not read it
              it would open with pro
        "#]],
    );
    let fixture = Fixture::new(SITE);
    let block = said(&fixture, &["explain", "/course/two/#block-2", "--as", "rust-course"]);
    for call in
        [&["/course/two/", "--line", "18"][..], &["content/course/02-two.md:18"], &["content/course/02-two.md:18:5"]]
    {
        let call: Vec<&str> = ["explain", "--as", "rust-course"].into_iter().chain(call.iter().copied()).collect();
        assert_eq!(said(&fixture, &call), block, "{call:?}");
    }
}

#[test]
fn a_line_above_the_divider_is_the_teaser() {
    check(
        &["content/course/02-two.md:6"],
        &expect![[r#"
        /course/two/, above the divider, from content/course/02-two.md
          access: rust-course  (content/course/_index.md:6, cascade)
          drip: 0 days  (content/course/_index.md:7, cascade)
          until: 2027-06-30  (content/course/_index.md:4)

        for everybody until 2027-06-30
          now, until 2027-06-30  visitor, free, basic, pro, rust-course
    "#]],
    );
}

#[test]
fn a_line_of_front_matter_is_the_page() {
    let fixture = Fixture::new(SITE);
    let whole = said(&fixture, &["explain", "/course/two/"]);
    assert_eq!(said(&fixture, &["explain", "content/course/02-two.md:2"]), whole);
    assert_eq!(said(&fixture, &["explain", "content/course/02-two.md:10"]), whole, "a line below the divider");
    assert_eq!(said(&fixture, &["explain", "https://school.example/course/two"]), whole);
    assert_eq!(said(&fixture, &["explain", "./content/course/02-two.md"]), whole);
}

#[test]
fn a_block_that_is_not_there() {
    check(
        &["/course/two/#block-3"],
        &expect![[r#"
        error: `content/course/02-two.md` has 2 gated blocks, not `#block-3`

        1 error
        exit 1
    "#]],
    );
    check(
        &["/course/sample/#block-1"],
        &expect![[r#"
        error: `content/course/01-sample.md` has no gated block, not `#block-1`

        1 error
        exit 1
    "#]],
    );
}

#[test]
fn a_line_that_is_not_there() {
    for call in
        [&["content/course/02-two.md:400"][..], &["/course/two/", "--line", "400"], &["content/blog/draft.md:9"]]
    {
        let fixture = Fixture::new(SITE);
        let call: Vec<&str> = ["explain"].into_iter().chain(call.iter().copied()).collect();
        let answer = said(&fixture, &call);
        let told = answer.contains(" lines, not 400") || answer.contains(" lines, not 9");
        assert!(told && answer.contains("exit 1"), "{call:?}: {answer}");
    }
}

#[test]
fn what_no_page_stands_for() {
    for (path, heading) in [
        ("/sitemap.xml", "/sitemap.xml is made by the build, for search engines"),
        ("/blog/", "/blog/ is a list made from a folder without `_index.md`"),
    ] {
        let fixture = Fixture::new(SITE);
        let answer = said(&fixture, &["explain", path]);
        assert_eq!(answer.lines().next(), Some(heading), "{answer}");
    }
}

#[test]
fn an_unknown_path() {
    check(
        &["/course/tow/"],
        &expect![[r#"
        error: there is no `/course/tow/`
          help: did you mean `/course/two/`?

        1 error
        exit 1
    "#]],
    );
    check(
        &["content/course/02-twoo.md"],
        &expect![[r#"
        error: there is no `content/course/02-twoo.md`
          help: did you mean `content/course/02-two.md`?

        1 error
        exit 1
    "#]],
    );
    for (asked, near) in [
        ("course/tow", "/course/two/"),
        ("/course/TWO", "/course/two/"),
        ("/two/", "/course/two/"),
        ("content/02-two.md", "content/course/02-two.md"),
        ("sheet.txt", "/course/sheet.txt"),
    ] {
        let fixture = Fixture::new(SITE);
        let answer = said(&fixture, &["explain", asked]);
        assert!(answer.contains(&format!("did you mean `{near}`?")), "{asked}: {answer}");
    }
    check(
        &["/quite/another/thing/"],
        &expect![[r#"
        error: there is no `/quite/another/thing/`
          help: `tierpress list` shows all pages

        1 error
        exit 1
    "#]],
    );
}

#[test]
fn a_hidden_page_and_its_former_address() {
    check(
        &["/secret/", "--as", "basic"],
        &expect![[r#"
            /secret/ is a page from content/secret.md
              access: pro  (content/secret.md:2)
              hidden: true  (content/secret.md:3)

            for pro (hidden from the others)
              never  visitor, free, basic, rust-course
              now    pro

            as basic: 404 not found
              it would open with pro
        "#]],
    );
    check(
        &["/old/", "--as", "pro"],
        &expect![[r#"
        /old/ is a former address of /secret/, from content/secret.md
          access: pro  (content/secret.md:2)
          hidden: true  (content/secret.md:3)

        for pro (hidden from the others)
          never  visitor, free, basic, rust-course
          now    pro

        as pro: 308 moved, to /secret/
    "#]],
    );
}

#[test]
fn a_reader_who_waits() {
    check(
        &["/course/two/", "--as", "rust-course/2d@2026-12-02"],
        &expect![[r#"
        /course/two/ is a page from content/course/02-two.md
          access: rust-course  (content/course/_index.md:6, cascade)
          drip: 0 days  (content/course/_index.md:7, cascade)
          until: 2027-06-30  (content/course/_index.md:4)

        for rust-course with any tier until 2027-06-30
          never                  visitor, free, basic, pro
          now, until 2027-06-30  rust-course

        forms, in the order in which an edge tries them
          the page, for rust-course with any tier until 2027-06-30, in 4 variants
          its teaser, for everybody until 2027-06-30, in 2 variants

        gated blocks
          #block-1 at content/course/02-two.md:12: pro
            for rust-course with pro, held for 3 days until 2027-06-30
          #block-2 at content/course/02-two.md:16: rust-course+basic, hidden
            for rust-course with pro, held for 3 days until 2027-06-30

        files it shows
          /course/sheet.txt, for rust-course with pro, held for 3 days until 2027-06-30
            linked at content/course/02-two.md:14, for rust-course with pro, held for 3 days until 2027-06-30
          /course/two.png, for everybody until 2027-06-30
            embedded at content/course/02-two.md:4, for everybody until 2027-06-30

        as rust-course/2d@2026-12-02: 200 open
    "#]],
    );
}

/// Who waits for what they hold is not told to get it.
#[test]
fn what_is_held_is_not_offered() {
    let fixture = Fixture::new("---\naccess: [pro, basic]\ndrip: {basic: 14d}\n---\n");
    let as_reader = |reader: &str| {
        let answer = said(&fixture, &["explain", "/a/", "--as", reader]);
        answer.split("\n\n").last().unwrap().to_owned()
    };
    expect![[r#"
        as basic/2d: 200 not yet, not_yet, opens on 2026-12-13
          it would open with pro
    "#]]
    .assert_eq(&as_reader("basic/2d"));
    expect![[r#"
        as basic/20d!expired: 200 teaser, expired
          it would open with basic or pro
    "#]]
    .assert_eq(&as_reader("basic/20d!expired"));
    expect![[r#"
        as free: 200 teaser, not_entitled
          it would open with basic or pro
    "#]]
    .assert_eq(&as_reader("free"));
    fixture.write("content/a.md", "---\naccess: pro\ndrip: 14d\n---\n");
    expect![[r#"
        as pro/2d: 200 not yet, not_yet, opens on 2026-12-13
    "#]]
    .assert_eq(&as_reader("pro/2d"));
}

/// What the docs show is what the tour says.
#[test]
fn the_docs_show_what_is_said() {
    let root = env!("CARGO_MANIFEST_DIR");
    let fixture = Fixture::new(SITE);
    let said = said(&fixture, &["explain", "/sourdough/mixing/", "--root", root, "--now", "2026-11-22"]);
    let docs = std::fs::read_to_string(format!("{root}/docs/pages.md")).unwrap();
    assert!(docs.contains(&said), "docs/pages.md does not show this:\n{said}");
}

#[test]
fn json_is_as_its_schema_says() {
    let fixture = Fixture::new(SITE);
    let schema: serde_json::Value = serde_json::from_str(&said(&fixture, &["schema", "explain"])).unwrap();
    let known = schema["properties"].as_object().unwrap();
    for path in ["/course/two/", "/course/two/#block-1", "/course/sheet.txt", "/old/", "content/blog/draft.md"] {
        let text = said(&fixture, &["explain", path, "--as", "visitor", "--format", "json"]);
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        let answer = answer.as_object().unwrap();
        for key in answer.keys() {
            assert!(known.contains_key(key), "{path}: `{key}` is not in the schema");
        }
        for required in schema["required"].as_array().unwrap() {
            assert!(answer.contains_key(required.as_str().unwrap()), "{path}: {required} is missing");
        }
    }
}

/// What is said of each kind of reader is what an edge does, on every day around every bound.
#[test]
fn what_is_said_is_what_edges_do() {
    let fixture = Fixture::new(SITE);
    let now = Timestamp::try_from(NOW_SECONDS).unwrap();
    let root = fixture.root();
    let plan = build::plan_only(&Request { root: &root, now, created: now, ..Request::default() }).unwrap();
    let manifest = build::model(&plan);
    let mut compared = 0;
    for (number, output) in plan.outputs.iter().enumerate().filter(|(_, output)| output.url.is_some()) {
        let target = Target { what: What::Output(number), part: None };
        let explained = explain::explain(&plan, &target, &|_| None);
        if !matches!(output.subject, Subject::Page(_)) {
            continue;
        }
        for opens in &explained.readers {
            for day in 0..300 {
                for age in [0, 3, 6, 7, 8, 13, 14, 15, 400] {
                    let at = Timestamp::saturating(now.seconds() + day * 86_400);
                    let since = at.seconds() - age * 86_400;
                    let held = |id: &str| format!("{id}/{age}d");
                    let word = match opens.reader.as_str() {
                        "visitor" => "visitor".to_owned(),
                        ids => ids.split('+').map(held).collect::<Vec<_>>().join("+"),
                    };
                    let catalogue = &plan.site().config.catalogue;
                    let (reader, _) =
                        tierpress::access::entitlement::parse_reader(&word, catalogue, &|_| None, at).unwrap();
                    let said = opens.ways.iter().any(|way| {
                        (reader == Reader::Visitor || age * 86_400 >= way.after.seconds())
                            && way.from.is_none_or(|from| from <= at)
                            && way.until.is_none_or(|until| at < until)
                            && way.joined_before.is_none_or(|before| since < before.seconds())
                    });
                    let target = edge::canonical::encode(&explained.path);
                    let request = edge::Request {
                        method: "GET",
                        target: target.as_bytes(),
                        reader: &reader,
                        now: at,
                        html_navigation: false,
                    };
                    let is = edge::decide(&manifest, &request).outcome == edge::Outcome::Open;
                    assert_eq!(said, is, "{} as {word} on day {day}: {:?}", explained.path, opens.ways);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 50_000, "{compared}");
}
