//! How much work a build does, counted, so that no noise of the machine can hide it.

use crate::built::json;
use crate::fixture::{Fixture, SCHOOL};
use crate::generated::course::Course;
use crate::generated::ours::{self, Gating};

const COURSE: Course = Course { lessons: 130, seed: 3 };

fn generated(gating: Gating) -> Fixture {
    let fixture = Fixture::new("//- content/_index.md\n");
    ours::write(&fixture.root(), COURSE, gating).unwrap();
    fixture
}

/// How many pages a build parsed and how many variants it rendered; and how many it publishes, by its manifest.
fn counts(fixture: &Fixture) -> (usize, usize, usize) {
    let built = fixture.build().unwrap();
    let manifest = json(&fixture.out().join("manifest.json"));
    // The theme's own file is copied, not rendered.
    let routes =
        manifest["routes"].as_object().unwrap().iter().filter(|(path, _)| *path != "/_tierpress/theme/style.css");
    let variants = routes.map(|(_, route)| route["objects"].as_array().unwrap().len()).sum();
    (built.summary.parsed, built.summary.rendered, variants)
}

/// The pages that are shown where a path cannot be: not found, and five denials.
const ANSWERS: usize = 6;

#[test]
fn each_text_is_parsed_once_and_each_variant_rendered_once() {
    for gating in [Gating::Gated, Gating::Open] {
        let (parsed, rendered, variants) = counts(&generated(gating));
        let sections = COURSE.sections().count();
        assert_eq!(parsed, COURSE.lessons + sections + 1, "one for each lesson, section and the home page");
        assert_eq!(rendered, variants + ANSWERS, "{gating:?}");
    }
}

#[test]
fn a_gated_page_is_a_lesson_and_a_teaser() {
    let (_, open, _) = counts(&generated(Gating::Open));
    let (_, gated, _) = counts(&generated(Gating::Gated));
    // Each lesson at most twice; lists and tag pages, which hold the same for everybody, once as before.
    assert!(gated <= open + COURSE.lessons, "{gated} renders, and {open} where all is public");
}

#[test]
fn a_bundle_that_no_page_tells_apart_adds_no_render() {
    let site =
        "//- content/a.md\n---\naccess: [pro, rust-course]\n---\nA\n//- content/b.md\n---\naccess: basic\n---\nB\n";
    let fixture = Fixture::new(site);
    let (parsed, rendered, variants) = counts(&fixture);
    let more = SCHOOL.replace("  bundles:\n", "  bundles:\n    - {id: extra, title: Extra}\n");
    let more =
        more.replace("    - {id: pro, title: Pro}\n", "    - {id: pro, title: Pro}\n    - {id: team, title: Team}\n");
    assert!(more.contains("extra") && more.contains("team"));
    fixture.write("site.yaml", more);
    assert_eq!(counts(&fixture), (parsed, rendered, variants));
}

#[test]
fn a_build_without_changes_renders_nothing() {
    let fixture = generated(Gating::Gated);
    assert!(!fixture.build().unwrap().unchanged);
    assert!(fixture.build().unwrap().unchanged);
}
