//! Sections whose pages come and go one by one: each of those instants is another form of every page that lists the
//! others.
//!
//! It is said before anything is rendered, for it is what makes a build long and an output large.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Location};
use crate::plan::{Plan, SectionId, Subject};
use crate::time::Timestamp;

/// From so many forms of a section's pages on, and so many for each of them, something is said.
const MANY: usize = 2_000;
const MANY_EACH: usize = 20;
/// So many instants are named.
const NAMED: usize = 3;

/// Looks every section over.
#[must_use]
pub fn check(plan: &Plan) -> Vec<Diagnostic> {
    let site = plan.site();
    let mut sections: BTreeMap<SectionId, Section> = BTreeMap::new();
    for output in &plan.outputs {
        let Subject::Page(page) = output.subject else { continue };
        let Some(page) = site.page(page) else { continue };
        let section = sections.entry(page.section).or_default();
        section.pages += 1;
        section.forms += output.shape.variants.len();
        let clauses = plan.book().rule(page.access.known).clauses();
        let bounds = clauses.iter().flat_map(|clause| [clause.from, clause.until]).flatten();
        section.instants.extend(bounds.filter(|bound| *bound > site.clock));
    }
    sections.into_iter().filter_map(|(section, found)| found.fault(plan, section)).collect()
}

#[derive(Default)]
struct Section {
    pages: usize,
    /// Of all of them together.
    forms: usize,
    /// When one of its pages comes or goes.
    instants: BTreeSet<Timestamp>,
}

impl Section {
    fn fault(&self, plan: &Plan, section: SectionId) -> Option<Diagnostic> {
        let Self { pages, forms, instants } = self;
        if *forms < MANY || *forms < pages * MANY_EACH || instants.len() < MANY_EACH {
            return None;
        }
        let folder = &plan.site().section(section)?.folder;
        let place = Location::file(&format!("content/{folder}").trim_end_matches('/').into());
        let zone = &plan.site().config.zone;
        let day = |at: &Timestamp| at.civil(zone).date().to_string();
        let mut named: Vec<String> = instants.iter().take(NAMED).map(day).collect();
        named.extend(instants.last().map(|last| format!("… {}", day(last))));
        let message = format!(
            "the {pages} pages of this section have {forms} forms: some come or go at {} different instants ({}), and each \
             time it is another list",
            instants.len(),
            named.join(", ")
        );
        let help = "let pages share a `release` or an `until`, or put them into sections of their own";
        Some(Diagnostic::warning(message).at(place).help(help).named(Lint::ManyForms))
    }
}
