//! Everything that `check` finds beyond what stops a build, in source order.

use std::path::Path;

use globset::Glob;

use crate::config::Allowed;
use crate::diagnostic::{self, Diagnostic};
use crate::plan::Plan;
use crate::review::links::Links;
use crate::review::places::Places;
use crate::review::{course, files, gates};

/// Looks a planned site over. Files are read again where a line is to be shown; the site lies in `root`.
#[must_use]
pub fn find(plan: &Plan, root: &Path) -> Vec<Diagnostic> {
    let places = Places::new(root);
    let links = Links::new(plan);
    let mut found = links.dead_ends(&places);
    found.extend(links.nothing_to_see(&places));
    found.extend(course::check(plan, &places));
    found.extend(gates::check(plan, &places));
    found.extend(files::check(plan));
    diagnostic::sort(&mut found);
    found
}

/// The findings without those warnings that are allowed. Errors stay.
#[must_use]
pub fn without(found: Vec<Diagnostic>, allowed: &[Allowed]) -> Vec<Diagnostic> {
    found.into_iter().filter(|finding| finding.is_error() || !allowed.iter().any(|one| covers(one, finding))).collect()
}

fn covers(allowed: &Allowed, finding: &Diagnostic) -> bool {
    let file = finding.location.as_ref().map_or("", |place| &place.file);
    let matches = |files: &String| Glob::new(files).is_ok_and(|glob| glob.compile_matcher().is_match(file));
    allowed.lint == finding.lint() && allowed.files.as_ref().is_none_or(matches)
}
