//! Many pages that come or go at instants of their own: said before a build takes its time.

use tierpress::build::{self, Request};

use crate::fixture::{Fixture, SCHOOL};

fn said(site: &str) -> Vec<String> {
    let site = Fixture::new(site);
    let (root, out) = (site.root(), site.out());
    let prepared = build::plan_and_theme(&Request { ..site.request(&root, &out) }, None).unwrap();
    prepared.warnings.iter().map(ToString::to_string).collect()
}

fn lessons(key: impl Fn(usize) -> String) -> String {
    let lesson =
        |number: usize| format!("//- content/course/l{number}.md\n---\naccess: pro\n{}\n---\nText.\n", key(number));
    (0..60).map(lesson).collect()
}

#[test]
fn pages_that_come_and_go_one_by_one_are_warned_of() {
    let until = |number: usize| format!("until: 2027-{:02}-{:02}", 1 + number / 28, 1 + number % 28);
    let all = said(&lessons(until));
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(all[0].starts_with("warning: the 60 pages of this section have 3"), "{}", all[0]);
    assert!(
        all[0].contains("at 60 different instants (2027-01-02, 2027-01-03, 2027-01-04, … 2027-03-05)"),
        "{}",
        all[0]
    );
    assert!(all[0].contains("--> content/course\n"), "{}", all[0]);
    let release = |number: usize| format!("release: 2026-12-{:02}T{:02}:00:00", 1 + number / 3, number % 3);
    assert_eq!(said(&lessons(release)).len(), 1);
    // Together, they are one instant.
    assert_eq!(said(&lessons(|_| "until: 2027-01-01".to_owned())), Vec::<String>::new());
    let allowed = format!("{}//- site.yaml\n{SCHOOL}check: {{allow: [many-forms]}}\n", lessons(until));
    assert_eq!(said(&allowed), Vec::<String>::new());
}
