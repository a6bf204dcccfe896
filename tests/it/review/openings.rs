//! What a build stops at that may open nothing: the same as `tierpress diff --fail-on open`, and said in the same words.

use std::collections::BTreeSet;

use tierpress::build::{self, Built, Opened, Request};
use tierpress::diagnostic::Diagnostic;
use tierpress::manifest::Manifest;
use tierpress::review::diff::{Alarm, Allowed, Compared, Diff};
use tierpress::review::texts::Texts;

use crate::fixture::{Fixture, SCHOOL};

fn strict(site: &Fixture) -> Result<Built, Vec<Diagnostic>> {
    let (root, out) = (site.root(), site.out());
    build::build(&Request { strict: true, ..site.request(&root, &out) })
}

fn published(site: &Fixture) -> (Manifest, Texts) {
    let read = |name: &str| std::fs::read(site.out().join(name)).unwrap();
    (Manifest::parse(&read("manifest.json")).unwrap(), Texts::parse(&read("review.json")).unwrap())
}

/// What a change of a site opens: as a strict build says, which publishes nothing then, and as `diff` says of both.
fn opens(before: &str, after: &[(&str, &str)]) -> (Vec<Opened>, Diff) {
    let site = Fixture::new(before);
    assert!(!strict(&site).unwrap().withheld);
    let (manifest, texts) = published(&site);
    for (name, text) in after {
        site.write(name, text);
    }
    let built = strict(&site).unwrap();
    site.build().unwrap();
    let (new_manifest, new_texts) = published(&site);
    let before = Compared { manifest: &manifest, texts: Some(&texts) };
    let diff = Diff::between(before, Compared { manifest: &new_manifest, texts: Some(&new_texts) });
    let verdict = diff.judge(&BTreeSet::from([Alarm::Open]), &Allowed::default());
    assert_eq!(built.withheld, !verdict.found.is_empty(), "build and diff stop at the same: {:#?}", diff.lines(true));
    let paths = |all: Vec<&String>| all.into_iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        paths(built.opened.iter().map(|opened| &opened.path).collect()),
        paths(verdict.found.iter().map(|stopped| &stopped.path).collect())
    );
    (built.opened, diff)
}

const FILES: &str = "---\naccess: public\n---\n![plan](plan.txt)\n\
    //- content/plan.txt\nThe plan.\n\
    //- content/keys.md\n---\naccess: pro\n---\n![the answers](answers.txt)\n\
    //- content/answers.txt\nAll the answers.\n";

#[test]
fn gated_bytes_put_into_a_file_that_is_open_are_an_opening() {
    let (opened, diff) = opens(FILES, &[("content/plan.txt", "All the answers.\n")]);
    assert_eq!(opened.len(), 1, "{opened:#?}");
    assert_eq!(
        (opened[0].path.as_str(), opened[0].readers.join(", ")),
        ("/plan.txt", "visitors, members of free or basic".to_owned())
    );
    let line =
        "opened a part of /plan.txt to visitors, members of free or basic: it was in /answers.txt, for members of pro";
    assert_eq!(diff.lines(true)[0], line);
    // The other way round nothing opens, nor by other bytes.
    assert_eq!(opens(FILES, &[("content/answers.txt", "The plan.\n")]).0, []);
    assert_eq!(opens(FILES, &[("content/plan.txt", "Another plan.\n")]).0, []);
}

#[test]
fn gated_bytes_put_into_a_static_file_are_an_opening() {
    let before = format!("{FILES}//- static/x.txt\nX.\n");
    let (opened, _) = opens(&before, &[("static/x.txt", "All the answers.\n")]);
    assert_eq!(opened.iter().map(|opened| opened.path.as_str()).collect::<Vec<_>>(), ["/x.txt"]);
}

#[test]
fn a_gate_that_is_gone_with_its_text_withholds_a_strict_build() {
    let before = "---\naccess: public\n---\nOpen words for everybody.\n\n<!-- access: pro -->\n\nThe canary sings in the cellar.\n\n<!-- /access -->\n";
    let after = "---\naccess: public\n---\nOpen words for everybody.\n\nDown there a small yellow bird is singing.\n";
    let (opened, diff) = opens(before, &[("content/a.md", after)]);
    assert_eq!(opened.len(), 1, "{opened:#?}");
    assert_eq!(opened[0].lost, ["members of pro"]);
    assert!(opened[0].readers.is_empty() && opened[0].part);
    assert!(diff.lines(true)[0].starts_with("a part may have opened in /a/"), "{:#?}", diff.lines(true));
    // Other words in the open part alone are nobody's business.
    assert_eq!(opens(before, &[("content/a.md", &before.replace("Open words", "Other words"))]).0, []);
}

#[test]
fn a_strict_build_stops_where_it_cannot_tell_what_was_published() {
    let site = Fixture::new("---\naccess: pro\n---\nText.\n");
    strict(&site).unwrap();
    let manifest = site.out().join("manifest.json");
    let whole = std::fs::read(&manifest).unwrap();
    let objects = || crate::built::contents(&site.out().join("objects")).len();
    let before = objects();
    site.write("content/a.md", "---\naccess: public\n---\nText.\n");
    for (bytes, why) in [(Some(&whole[..whole.len() / 2]), "cannot be understood"), (None, "is gone")] {
        match bytes {
            Some(bytes) => std::fs::write(&manifest, bytes).unwrap(),
            None => std::fs::remove_file(&manifest).unwrap(),
        }
        // However often it is asked.
        for _ in 0..2 {
            let faults = strict(&site).unwrap_err();
            let said: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
            let expected = format!("it cannot be told what this build opens: `{}` {why}", manifest.display());
            assert_eq!(said, [expected]);
            assert_eq!(objects(), before);
        }
        std::fs::write(&manifest, &whole).unwrap();
        assert!(strict(&site).unwrap().withheld);
    }
    std::fs::remove_file(&manifest).unwrap();
    let built = site.build().unwrap();
    assert_eq!(built.warnings.len(), 1, "{:#?}", built.warnings);
    assert!(built.warnings[0].message.starts_with("it cannot be told what this build opens"));
    assert!(site.build().unwrap().warnings.is_empty());
    assert!(strict(&site).unwrap().opened.is_empty());
}

#[test]
fn settings_that_let_people_in_are_openings() {
    let site = |more: &str| format!("---\naccess: pro\n---\nText.\n//- site.yaml\n{SCHOOL}{more}");
    let token = |issuer: &str, audience: &str, claim: &str| {
        format!("{SCHOOL}token: {{issuer: {issuer}, audience: {audience}, claim: {claim}}}\n")
    };
    let yaml = token("https://id.example", "https://school.example", "entitlements");
    let before = format!("---\naccess: pro\n---\nText.\n//- site.yaml\n{yaml}");
    for (name, now) in [
        ("issuer", token("https://other.example", "https://school.example", "entitlements")),
        ("audience", token("https://id.example", "https://other.example", "entitlements")),
        ("claim", token("https://id.example", "https://school.example", "groups")),
    ] {
        let (opened, diff) = opens(&before, &[("site.yaml", &now)]);
        let path = format!("site.yaml:token.{name}");
        assert_eq!(opened.iter().map(|opened| &opened.path).collect::<Vec<_>>(), [&path]);
        let line = &diff.lines(false)[0];
        assert!(line.starts_with(&format!("other tokens open what they name: `token.{name}` is `")), "{line}");
        assert!(diff.markdown().contains("| settings that let people in | 1 |"));
        let allowed = Allowed::parse(&format!("{path}  another identity provider\n")).unwrap();
        let verdict = diff.judge(&BTreeSet::from([Alarm::Open]), &allowed);
        assert_eq!((verdict.found.len(), verdict.allowed, verdict.idle.len()), (0, 1, 0));
    }
    let free = SCHOOL
        .replace("title: Pro}", "title: Pro, free: true}")
        .replace("title: Rust from zero}", "title: Rust from zero, free: true}");
    let (opened, diff) = opens(&site(""), &[("site.yaml", &free)]);
    assert_eq!(
        opened.iter().map(|opened| opened.setting.clone().unwrap()).collect::<Vec<_>>(),
        [
            "anyone may now join `pro`: it is free, and was not",
            "anyone may now join `rust-course`: it is free, and was not"
        ]
    );
    let lines = diff.of_access().lines(true);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    // The other way round it closes.
    assert_eq!(opens(&format!("---\naccess: pro\n---\nText.\n//- site.yaml\n{free}"), &[("site.yaml", SCHOOL)]).0, []);
    // What is new opens what its pages say it does.
    let new = SCHOOL.replace("  bundles:\n", "  bundles:\n    - {id: gifts, title: Gifts, free: true}\n");
    assert_eq!(opens(&site(""), &[("site.yaml", &new)]).0, []);
}

/// Wherever a gated text goes that everybody reads.
#[test]
fn a_gated_text_is_found_in_all_that_is_said_of_a_page_and_of_the_site() {
    let secret = "The canary sings in the cellar";
    let before = format!("---\naccess: public\n---\nOpen.\n//- content/p.md\n---\naccess: pro\n---\n{secret}.\n");
    let front = |line: &str| format!("---\naccess: public\n{line}\n---\nOpen.\n");
    let body = |text: &str| format!("---\naccess: public\n---\nOpen. {text}\n");
    for (name, text, path) in [
        ("content/a.md", front(&format!("tags: [\"{secret}\"]")), "/a/"),
        ("content/a.md", front(&format!("categories: [\"{secret}\"]")), "/a/"),
        ("content/a.md", front(&format!("description: {secret}")), "/a/"),
        ("content/a.md", front(&format!("note: {secret}")), "/a/"),
        ("content/a.md", body(&format!("[x](/ \"{secret}\")")), "/a/"),
        ("content/a.md", body(&format!("<b aria-label=\"{secret}\">x</b> <input placeholder=\"{secret}\">")), "/a/"),
        ("site.yaml", format!("{SCHOOL}description: {secret}\n"), "site.yaml"),
        ("site.yaml", format!("{SCHOOL}extra: {{note: [\"{secret}\"]}}\n"), "site.yaml"),
    ] {
        let (opened, diff) = opens(&before, &[(name, &text)]);
        let found = opened.iter().find(|opened| opened.path == path);
        let line =
            format!("opened a part of {path} to visitors, members of free or basic: it was in /p/, for members of pro");
        assert!(found.is_some() && diff.lines(true).contains(&line), "{name}: {text}: {:#?}", diff.lines(true));
    }
    // An image that only a gated page showed becomes what lists show.
    let picture = "//- content/pics/the-secret-of-the-course.png\npicture\n";
    let before = format!("{before}\n![a](/pics/the-secret-of-the-course.png)\n{picture}");
    let (opened, _) = opens(&before, &[("content/a.md", &front("image: /pics/the-secret-of-the-course.png"))]);
    assert!(opened.iter().any(|opened| opened.path == "/a/"), "{opened:#?}");
}
