//! Gaps in a course: order numbers, drips and access along the way that a reader takes.
//!
//! Only sections whose order somebody wrote count, by numbers in names or by weights: a blog is read in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Location};
use crate::plan::{Child, PageId, Plan, SectionId};
use crate::review::places::Places;
use crate::review::readers::{self, Kind};
use crate::site::{Page, Section, Site};
use crate::time::Length;

/// Looks every course over.
pub(super) fn check(plan: &Plan, places: &Places<'_>) -> Vec<Diagnostic> {
    let site = plan.site();
    let mut found = Vec::new();
    for (number, section) in site.sections.iter().enumerate() {
        found.extend(duplicate_orders(site, section));
        let parent_is_course = section.parent.is_some_and(|parent| parent.0 > 0 && is_ordered(site, parent));
        if number > 0 && is_ordered(site, SectionId(number)) && !parent_is_course {
            let course = Course { plan, places, kinds: readers::kinds(&site.config.catalogue) };
            let lessons = lessons(site, SectionId(number));
            found.extend(course.drips(&lessons));
            found.extend(course.sequence(&lessons));
        }
    }
    found
}

/// Whether somebody wrote an order for what stands in a section.
fn is_ordered(site: &Site, section: SectionId) -> bool {
    let children = site.section(section).map(|section| section.children.as_slice()).unwrap_or_default();
    children.iter().any(|child| match child {
        Child::Page(page) => site.page(*page).is_some_and(is_placed),
        Child::Section(below) => {
            site.section(*below).is_some_and(|below| order_number(name_of(&below.folder)).is_some())
        }
    })
}

/// Whether a page's place is written. One with a date goes by it, whatever its name begins with: `1.71.0-released.md`.
fn is_placed(page: &Page) -> bool {
    (page.numbered && page.open.date.is_none()) || page.open.weight.is_some()
}

/// The pages in and below a section, in reading order.
fn lessons(site: &Site, section: SectionId) -> Vec<PageId> {
    let children = site.section(section).map(|section| section.children.as_slice()).unwrap_or_default();
    let below = |child: &Child| match child {
        Child::Page(page) => vec![*page],
        Child::Section(below) => lessons(site, *below),
    };
    children.iter().flat_map(below).collect()
}

/// Pages and folders of a section that bear one number: which comes first is then left to their names.
fn duplicate_orders(site: &Site, section: &Section) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<u32, Arc<str>> = BTreeMap::new();
    let mut found = Vec::new();
    for child in &section.children {
        let (source, name): (Arc<str>, String) = match child {
            Child::Page(page) => {
                let Some(page) = site.page(*page).filter(|page| page.numbered && is_placed(page)) else { continue };
                (Arc::clone(&page.source), lesson_name(&page.source).to_owned())
            }
            Child::Section(below) => {
                let Some(below) = site.section(*below) else { continue };
                let page = below.page.and_then(|page| site.page(page));
                let source =
                    page.map_or_else(|| format!("content/{}", below.folder).into(), |page| Arc::clone(&page.source));
                (source, name_of(&below.folder).to_owned())
            }
        };
        let Some(number) = order_number(&name) else { continue };
        if let Some(first) = taken.get(&number) {
            let message =
                format!("the order number {number} is given twice here; their names alone say which comes first");
            let fault = Diagnostic::warning(message).at(Location::file(&source)).also(Location::file(first));
            found.push(fault.help("rename one of the two; numbers are no part of a URL").named(Lint::DuplicateOrder));
        } else {
            taken.insert(number, source);
        }
    }
    found
}

/// `01-ownership.md` of `content/course/01-ownership.md`; of a page folder, the folder's name.
fn lesson_name(source: &str) -> &str {
    match source.rsplit_once('/') {
        Some((folder, "index.md" | "index.markdown")) => name_of(folder),
        Some((_, name)) => name,
        None => source,
    }
}

fn name_of(folder: &str) -> &str {
    folder.rsplit_once('/').map_or(folder, |(_, name)| name)
}

/// One to three digits, and `-`, `_` or `.` behind them.
fn order_number(name: &str) -> Option<u32> {
    let digits = name.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = name.split_at_checked(digits)?;
    let is_order = (1..=3).contains(&digits) && rest.starts_with(['-', '_', '.']) && rest != ".md";
    if is_order { number.parse().ok() } else { None }
}

struct Course<'a> {
    plan: &'a Plan,
    places: &'a Places<'a>,
    kinds: Vec<Kind>,
}

impl Course<'_> {
    fn page(&self, page: PageId) -> Option<&Page> {
        self.plan.site().page(page)
    }

    /// Gated lessons, with what each kind of reader waits for them.
    fn gated<'p>(&'p self, lessons: &[PageId]) -> Vec<(&'p Page, Vec<Option<Length>>)> {
        let pages = lessons.iter().filter_map(|page| self.page(*page));
        let gated = pages.filter(|page| !self.plan.book().rule(page.access.rule).same_for_all());
        gated.map(|page| (page, self.waits(page))).collect()
    }

    fn waits(&self, page: &Page) -> Vec<Option<Length>> {
        self.kinds.iter().map(|kind| kind.wait(self.plan.book().rule(page.access.rule))).collect()
    }

    /// Lessons that open earlier than the one before them that the same reader may open.
    fn drips(&self, lessons: &[PageId]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut before: Vec<Option<(&Page, Length)>> = vec![None; self.kinds.len()];
        for (page, waits) in self.gated(lessons) {
            let mut earlier: Vec<&Kind> = Vec::new();
            let mut than: Option<(&Page, Length, Length)> = None;
            for ((kind, wait), before) in self.kinds.iter().zip(&waits).zip(&mut before) {
                let Some(wait) = *wait else { continue };
                if let Some((other, longer)) = before.filter(|(_, longer)| wait < *longer) {
                    earlier.push(kind);
                    than = than.or(Some((other, longer, wait)));
                }
                *before = Some((page, wait));
            }
            if let Some((other, longer, wait)) = than {
                let after = if wait == Length::ZERO { "at once".to_owned() } else { format!("after {}", length(wait)) };
                let message = format!(
                    "this lesson opens {after} for {}, the one before it (`{}`) only after {}",
                    readers::words(earlier),
                    other.source,
                    length(longer)
                );
                let place = self.places.key(&page.source, &["drip", "access"]);
                let help = format!("write `drip: {}` or more here, or put the lesson where it opens", length(longer));
                found.push(Diagnostic::warning(message).at(place).help(help).named(Lint::DripGoesBack));
            }
        }
        found
    }

    /// Lessons that nobody who holds one thing reaches by way of the others.
    fn sequence(&self, lessons: &[PageId]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut read: Vec<bool> = vec![false; self.kinds.len()];
        let mut previous: Option<(&Page, Vec<bool>)> = None;
        for (page, waits) in self.gated(lessons) {
            let opens: Vec<bool> = waits.iter().map(Option::is_some).collect();
            let any = opens.iter().any(|opens| *opens);
            let reached = opens.iter().zip(&read).any(|(opens, read)| *opens && *read);
            if let Some((before, of_before)) = previous.as_ref().filter(|_| any && !reached) {
                // Said where the readers change, and not again for every lesson behind it.
                if *of_before != opens {
                    found.push(self.out_of_sequence(page, &opens, before));
                }
            }
            if any {
                for (read, opens) in read.iter_mut().zip(&opens) {
                    *read |= *opens;
                }
                previous = Some((page, opens));
            }
        }
        found
    }

    fn out_of_sequence(&self, page: &Page, opens: &[bool], before: &Page) -> Diagnostic {
        let kinds = self.kinds.iter().zip(opens).filter(|(_, opens)| **opens).map(|(kind, _)| kind);
        let message = format!(
            "{}, who may open this lesson, may open no locked lesson before it, such as `{}`",
            readers::words(kinds),
            before.source
        );
        let help = "add the tier or bundle of the course to its `access`, or move it to a place of its own";
        let place = self.places.key(&page.source, &["access", "title"]);
        Diagnostic::warning(message).at(place).help(help).named(Lint::OutOfSequence)
    }
}

/// `7d`, `36h`.
fn length(length: Length) -> String {
    let seconds = length.seconds();
    if seconds % 86_400 == 0 { format!("{}d", seconds / 86_400) } else { format!("{}h", seconds / 3_600) }
}
