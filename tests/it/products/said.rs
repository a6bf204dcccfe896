//! What is said of products that would take money and give nothing: the second half of `docs/products.md`, word for word.
//! `UPDATE_EXPECT=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use tierpress::diagnostic::{Diagnostic, Severity};

use super::look;

const CASES: &str = include_str!("said.txt");

/// What stands above a case that does not write its own `access`.
const SHOP: &str = "\
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic, also: [bronze]}
    - {id: pro, title: Pro, includes: [sheets]}
  bundles:
    - {id: rust-course, title: Rust from zero}
    - {id: sheets, title: Cheat sheets}
  default_tier: free
";

struct Case {
    title: &'static str,
    /// What is said of it in the documentation, beside the messages.
    words: &'static str,
    yaml: &'static str,
    pages: &'static str,
}

/// What is refused, and what is warned of.
fn cases() -> [Vec<Case>; 2] {
    let (refused, warned) = CASES.split_once("\n# Warned\n").unwrap();
    [refused, warned].map(|part| part.split("## ").map(str::trim).filter(|case| !case.is_empty()).map(case).collect())
}

fn case(text: &'static str) -> Case {
    let (title, rest) = text.split_once("\n\n").unwrap();
    let is_yaml = |text: &str| text.lines().next().is_some_and(|line| line.ends_with(':') || line.contains(": {"));
    let (words, rest) = if is_yaml(rest) { ("", rest) } else { rest.split_once("\n\n").unwrap() };
    let (yaml, pages) = rest.find("//- ").map_or((rest, ""), |at| rest.split_at(at));
    Case { title, words, yaml, pages }
}

impl Case {
    fn found(&self) -> Vec<Diagnostic> {
        let access = if self.yaml.contains("access:\n") { "" } else { SHOP };
        let allow = if self.yaml.contains("check:") { "" } else { "check: {allow: [unsold, nothing-to-see]}\n" };
        // What is shown begins with the first line, so that its numbers are those of the messages.
        let yaml = format!("{}\n{access}base_url: https://school.example\n{allow}", self.yaml.trim_end());
        look(&format!("//- site.yaml\n{yaml}{}", self.pages))
    }
}

fn section(cases: &[Case], page: &mut String) {
    for case in cases {
        write!(page, "\n### {}\n\n", case.title).unwrap();
        if !case.words.is_empty() {
            write!(page, "{}\n\n", case.words).unwrap();
        }
        write!(page, "```yaml\n{}\n```\n\n", case.yaml.trim_end()).unwrap();
        for file in case.pages.split("//- ").filter(|file| !file.is_empty()) {
            let (name, text) = file.split_once('\n').unwrap();
            write!(page, "`{name}`\n\n````markdown\n{}\n````\n\n", text.trim_end()).unwrap();
        }
        let said: Vec<String> = case.found().iter().map(ToString::to_string).collect();
        write!(page, "```text\n{}\n```\n", said.join("\n\n")).unwrap();
    }
}

#[test]
fn the_documentation_says_what_is_said() {
    let [refused, warned] = cases();
    assert!(refused.len() >= 25 && warned.len() >= 6);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/products.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let begin = "## What is refused\n";
    let (before, rest) = written.split_once(begin).unwrap();
    let (words, _) = rest.split_once("\n### ").unwrap_or((rest, ""));
    let mut page = format!("{before}{begin}{}\n", words.trim_end());
    section(&refused, &mut page);
    page.push_str("\n## What is warned of\n");
    section(&warned, &mut page);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == page, "docs/products.md is not true; UPDATE_EXPECT=1 writes it anew");
}

/// Each says one thing, of the right weight, with a place in site.yaml and a help.
#[test]
fn each_is_said_once_with_a_place_and_a_help() {
    for (cases, severity) in cases().into_iter().zip([Severity::Error, Severity::Warning]) {
        for case in cases {
            let found = case.found();
            assert!(!found.is_empty() && found.len() < 3, "{}: {found:#?}", case.title);
            for finding in found {
                assert_eq!(finding.severity, severity, "{}\n{finding}", case.title);
                let place = finding.location.as_ref().unwrap_or_else(|| panic!("no place: {finding}"));
                assert!(&*place.file == "site.yaml" && place.line > 0, "{}\n{finding}", case.title);
                assert!(finding.help.is_some(), "{}\n{finding}", case.title);
            }
        }
    }
}

/// What the documentation begins with is a site of which nothing is to be said.
#[test]
fn the_example_of_the_documentation_is_right() {
    let page = include_str!("../../../docs/products.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (yaml, _) = rest.split_once("```").unwrap();
    let found = look(&format!(
        "//- site.yaml\nbase_url: https://school.example\n{yaml}//- content/_index.md\n---\ntitle: Home\n---\nh\n"
    ));
    assert_eq!(found, []);
}

/// A course that drips, sold as a subscription; with something else that its buyers get, or may get one day.
#[test]
fn what_may_still_grow_is_no_course() {
    let site = |product: &str, more: &str| {
        format!(
            "//- site.yaml\nbase_url: https://school.example\ncheck: {{allow: [unsold, nothing-to-see, dead-end]}}\n{SHOP}products:\n  \
             - {{id: rust, sells: rust-course, price: {{amount: 3500, currency: eur}}, billing: {product}}}\n\
             //- content/course/_index.md\n---\ntitle: Course\naccess: public\ncascade: {{access: rust-course, drip: every 7d}}\n---\n\
             //- content/course/01-one.md\n---\ntitle: One\n---\n//- content/course/02-two.md\n---\ntitle: Two\n---\n{more}"
        )
    };
    let page =
        |name: &str, keys: &str, body: &str| format!("//- content/{name}.md\n---\ntitle: More\n{keys}\n---\n{body}\n");
    let open = "{every: 1 month}";
    let said = |site: String| -> Vec<String> { look(&site).into_iter().map(|found| found.message).collect() };
    let endless = "`rust` is paid until it is cancelled, but nothing new opens in `rust-course` after 7 days";
    // Nothing comes but the course: what others have, or everybody, changes nothing.
    for more in [
        String::new(),
        page("open", "date: 2026-01-01", "o"),
        page("basic", "access: basic\ndate: 2026-01-01", "o"),
        page("course/03-three", "drip: 7d\naccess: [rust-course, basic]", "o"),
    ] {
        assert_eq!(said(site(open, &more)), [endless], "{more}");
    }
    for (product, more) in [
        ("once", String::new()),
        ("{every: 1 month, payments: 2}", String::new()),
        (open, page("letter", "access: rust-course\ndate: 2026-01-01", "o")),
        (open, page("letter", "access: [basic, rust-course]\nrelease: 2026-12-03", "o")),
        (open, page("later", "access: rust-course\nrelease: 2028-12-03", "o")),
        (open, page("draft", "access: rust-course\ndraft: true", "o")),
        (open, page("library", "access: rust-course", "o")),
        (open, page("early", "access: [rust-course, public from 2027-01-01]", "o")),
        (open, page("post", "access: public", "o\n\n<!-- access: rust-course -->\n\nfor them\n\n<!-- /access -->")),
    ] {
        assert_eq!(said(site(product, &more)), Vec::<String>::new(), "{product} {more}");
    }
}

/// What a tier becomes, and the default tier: free ones that stay.
#[test]
fn what_comes_after_an_end_is_free_and_stays() {
    let said = |tier: &str, rest: &str| {
        let site = format!(
            "//- site.yaml\nbase_url: https://school.example\naccess:\n  default: public\n  tiers:\n    - {{id: free, free: true, also: [gratis]}}\n    \
             - {{id: taste, free: true, expires_after: 14d, downgrade_to: free}}\n    - {{id: pro{tier}}}\n{rest}//- content/_index.md\n---\ntitle: Home\n---\nh\n"
        );
        let found = look(&site);
        assert!(found.len() < 2, "{found:#?}");
        found.first().map_or(String::new(), |found| {
            let place = found.location.as_ref().unwrap();
            format!("{}:{} {}; {}", place.line, place.column, found.message, found.help.as_deref().unwrap_or_default())
        })
    };
    let bundle = |default: &str| format!("  bundles: [{{id: kit}}]\n  default_tier: {default}\n");
    for (tier, rest, expected) in [
        ("", String::new(), ""),
        (", expires_after: 1 year", String::new(), ""),
        (", downgrade_to: free", bundle("free"), ""),
        (
            ", downgrade_to: pro",
            String::new(),
            "7:31 `pro` cannot become itself when it ends; name another free tier, or take `downgrade_to` out",
        ),
        (
            ", downgrade_to: gratis",
            String::new(),
            "7:31 `downgrade_to` names a former id `gratis`; it is called `free` now",
        ),
        (
            ", downgrade_to: taste",
            String::new(),
            "7:31 `downgrade_to` is `taste`, which itself ends after 14d; name a free tier: `free`",
        ),
        (", downgrade_to: fre", String::new(), "7:31 unknown tier `fre`; did you mean `free`?"),
        (
            ", downgrade_to: kit",
            bundle("free"),
            "7:31 `downgrade_to` is `kit`, which is a bundle; name a free tier: `free`",
        ),
        ("", bundle("taste"), "9:17 `default_tier` is `taste`, which itself ends after 14d; name a free tier: `free`"),
        (
            ", expires_after: yearly",
            String::new(),
            "7:32 `yearly` is not a length: a length is a whole number and a unit: `h`, `d`, `w`, `month` or `year`; write it like `14d`, `2w`, `1 month` or `1 year`",
        ),
    ] {
        assert_eq!(said(tier, &rest), expected, "{tier} {rest}");
    }
}

/// Where products are declared, what nothing sells is said once, beside its id, and not again for each page.
#[test]
fn what_nothing_sells_is_said_once() {
    let found = |allow: &str| {
        let found = look(&format!(
            "//- site.yaml\nbase_url: https://school.example\n{allow}{SHOP}products:\n  - {{id: pro, sells: pro, price: {{amount: 900, currency: eur}}, \
             billing: once}}\n//- content/a.md\n---\ntitle: A\ndescription: d\naccess: rust-course\n---\na\n"
        ));
        found.into_iter().map(|found| format!("{} {}", found.lint(), found.message)).collect::<Vec<_>>()
    };
    let both =
        ["unsold nothing sells `basic`, and it is not free", "unsold nothing sells `rust-course`, and it is not free"];
    assert_eq!(found(""), both);
    assert_eq!(found("check: {allow: ['unsold content/**']}\n"), both);
    for allow in
        ["check: {allow: [unsold]}\n", "check: {allow: ['unsold site.yaml']}\n", "check: {allow: ['unsold *.yaml']}\n"]
    {
        assert_eq!(found(allow), Vec::<String>::new());
    }
}
