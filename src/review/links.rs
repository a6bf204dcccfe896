//! Links by reader: what everybody who can see a link is given where it leads.
//!
//! The forms that are asked are the plan's, in the order in which an edge tries them; so the answers are the edge's.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::access::entitlement::Entitlement;
use crate::access::gated::RuleId;
use crate::access::rule::Rule;
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Location};
use crate::plan::{Form, Output, PageId, Plan, SectionId, Subject};
use crate::review::places::Places;
use crate::review::readers::{self, Kind, Moment};
use crate::site::{FileId, Link, LinkTarget, Page, PageKind, Place};
use crate::time::Timestamp;

/// What somebody is given at an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Given {
    /// The thing itself.
    Open,
    /// Time alone will open it: a waiting form, or a denial with a date.
    Later,
    /// What stands above the divider.
    Teaser,
    /// Title, description, and what opens it.
    Cover,
    /// A denial.
    Denied,
    /// Not found, though others find it.
    Hidden,
    /// Not found: it is not released yet, or over, for everybody.
    Gone,
}

impl Given {
    /// Its name, as machines are told it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Later => "later",
            Self::Teaser => "teaser",
            Self::Cover => "cover",
            Self::Denied => "denied",
            Self::Hidden => "hidden",
            Self::Gone => "gone",
        }
    }

    fn is_dead_end(self) -> bool {
        matches!(self, Self::Denied | Self::Hidden | Self::Gone)
    }
}

/// What one kind of reader is given by a link, whenever they can see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Seen {
    /// `visitor`, a tier, a bundle.
    pub reader: String,
    /// All that they are given, on one day or another; never empty.
    pub given: BTreeSet<Given>,
    /// From when on some of them come to a dead end, where that is not so at the clock of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_from: Option<Timestamp>,
}

/// A link with all who can see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ByReader {
    /// Where it stands.
    pub location: Location,
    /// The URL it leads to.
    pub url: String,
    /// Who can see it, and what they are given.
    pub readers: Vec<Seen>,
}

/// The forms of a target: what each is, and its requirement; whether it is hidden from the others.
type Forms = (Vec<(Form, RuleId)>, bool);

/// What was worked out, by the rule of a place and the forms of a target.
type Known = BTreeMap<(RuleId, Forms), Rc<Vec<Seen>>>;

/// The links of a planned site.
pub struct Links<'a> {
    plan: &'a Plan,
    kinds: Vec<Kind>,
    pages: BTreeMap<PageId, &'a Output>,
    sections: BTreeMap<SectionId, &'a Output>,
    /// Places and targets with the same rules are worked out once.
    known: RefCell<Known>,
}

impl<'a> Links<'a> {
    /// Of a plan.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        let mut pages = BTreeMap::new();
        let mut sections = BTreeMap::new();
        for output in &plan.outputs {
            match output.subject {
                Subject::Page(page) => {
                    pages.insert(page, output);
                }
                Subject::Section(section) => {
                    sections.insert(section, output);
                }
                Subject::Tags | Subject::Tag(_) | Subject::NotFound | Subject::Denial(_) => {}
                Subject::Sitemap | Subject::Robots | Subject::Unlock(_) => {}
            }
        }
        let kinds = readers::kinds(&plan.site().config.catalogue);
        Self { plan, kinds, pages, sections, known: RefCell::default() }
    }

    /// Every link with all who can see it, in source order.
    #[must_use]
    pub fn by_reader(&self, root: &std::path::Path) -> Vec<ByReader> {
        let places = Places::new(root);
        let one = |(page, link, seen): (&Page, &Link, Rc<Vec<Seen>>)| ByReader {
            location: places.span(&page.source, link.span.clone()),
            url: self.name(link.target).1,
            readers: seen.to_vec(),
        };
        self.each().map(one).collect()
    }

    /// Links that some who see them follow to a denial or to nothing.
    pub(super) fn dead_ends(&self, places: &Places<'_>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (page, link, seen) in self.each() {
            let lost: Vec<&Seen> =
                seen.iter().filter(|seen| seen.given.iter().any(|given| given.is_dead_end())).collect();
            if !lost.is_empty() {
                found.push(self.dead_end(link, &lost).at(places.span(&page.source, link.span.clone())));
            }
        }
        found
    }

    fn dead_end(&self, link: &Link, lost: &[&Seen]) -> Diagnostic {
        let kinds = self.kinds.iter().filter(|kind| lost.iter().any(|seen| seen.reader == kind.name));
        let who = readers::words(kinds);
        let (source, _) = self.name(link.target);
        let since = lost.iter().map(|seen| seen.dead_from).min().flatten();
        let zone = &self.plan.site().config.zone;
        let when = since.map(|at| format!(" from {} on", day(at, zone))).unwrap_or_default();
        let gone = lost.iter().all(|seen| seen.given.contains(&Given::Gone));
        let (message, help) = match (gone, link.embeds) {
            (true, _) => (
                format!("`{source}` is not there{when} for {who}, who see this link"),
                "end this place when its target ends: put the link into a gated block with the same dates",
            ),
            (false, true) => (
                format!("`{source}` is shown here and closed{when} to {who}, who read this place"),
                "let `files:` say that it is for all who read this place, or move it into a gated block",
            ),
            (false, false) => (
                format!("the link leads to `{source}`, which is closed{when} to {who}, who see the link"),
                "put the link into a gated block, or say with `files:` in the front matter who the file is for",
            ),
        };
        Diagnostic::warning(message).help(help).named(Lint::DeadEnd)
    }

    /// Locked pages with nothing to show but a title, section by section.
    pub(super) fn nothing_to_see(&self, places: &Places<'_>) -> Vec<Diagnostic> {
        let site = self.plan.site();
        let mut bare: BTreeMap<SectionId, Vec<(&Page, Vec<&Kind>)>> = BTreeMap::new();
        for (id, output) in &self.pages {
            let Some(page) = site.page(*id).filter(|page| page.kind == PageKind::Page && !page.access.hidden) else {
                continue;
            };
            let tells = !page.open.description.is_empty() || page.body.divider;
            let forms = self.forms_of(output);
            let is_locked = |kind: &&Kind| self.given(&forms, &kind.long_since(site.clock)) == Given::Cover;
            let locked: Vec<&Kind> = self.kinds.iter().filter(is_locked).collect();
            if !tells && !locked.is_empty() {
                bare.entry(page.section).or_default().push((page, locked));
            }
        }
        bare.into_values().filter_map(|pages| nothing_but_titles(&pages, places)).collect()
    }

    /// Every link that leads from one page to something else, in source order.
    fn each(&self) -> impl Iterator<Item = (&'a Page, &'a Link, Rc<Vec<Seen>>)> {
        let pages = self.plan.site().pages.iter().enumerate();
        pages.flat_map(move |(number, page)| {
            let elsewhere = page.links.iter().filter(move |link| link.target != LinkTarget::Page(PageId(number)));
            elsewhere.filter_map(move |link| Some((page, link, self.seen(page, link)?)))
        })
    }

    fn seen(&self, page: &Page, link: &Link) -> Option<Rc<Vec<Seen>>> {
        let key = (place_rule(page, link.place), self.forms(link.target)?);
        if let Some(seen) = self.known.borrow().get(&key) {
            return Some(Rc::clone(seen));
        }
        let seen = Rc::new(self.kinds.iter().filter_map(|kind| self.seen_by(kind, &key)).collect::<Vec<_>>());
        self.known.borrow_mut().insert(key, Rc::clone(&seen));
        Some(seen)
    }

    /// What a kind of reader is given at every moment at which they can see a place.
    fn seen_by(&self, kind: &Kind, (place, forms): &(RuleId, Forms)) -> Option<Seen> {
        let (book, clock) = (self.plan.book(), self.plan.site().clock);
        let place = book.rule(*place);
        let rules: Vec<&Rule> =
            std::iter::once(place).chain(forms.0.iter().map(|(_, rule)| book.rule(*rule))).collect();
        let mut seen = Seen { reader: kind.name.clone(), given: BTreeSet::new(), dead_from: None };
        let mut dead: Option<Timestamp> = None;
        for moment in kind.moments(&rules, clock) {
            if place.holds_with(&moment.held, moment.now, moment.now) {
                let given = self.given(forms, &moment);
                if given.is_dead_end() {
                    dead = Some(dead.map_or(moment.now, |dead| dead.min(moment.now)));
                }
                seen.given.insert(given);
            }
        }
        seen.dead_from = dead.filter(|dead| *dead > clock);
        (!seen.given.is_empty()).then_some(seen)
    }

    /// What an edge would answer, in the order in which it looks.
    fn given(&self, (forms, hidden): &Forms, moment: &Moment) -> Given {
        let book = self.plan.book();
        let holds = |rule: RuleId| book.rule(rule).holds_with(&moment.held, moment.now, moment.now);
        match forms.iter().find(|(_, rule)| holds(*rule)) {
            Some((Form::Open, _)) => Given::Open,
            Some((Form::Waiting, _)) => Given::Later,
            Some((Form::Teaser, _)) => Given::Teaser,
            Some((Form::Cover, _)) => Given::Cover,
            None if !forms.iter().any(|(_, rule)| book.rule(*rule).active(moment.now)) => Given::Gone,
            None if *hidden => Given::Hidden,
            None if self.opens_later(forms, moment) => Given::Later,
            None => Given::Denied,
        }
    }

    /// Whether the thing itself opens by time alone.
    fn opens_later(&self, forms: &[(Form, RuleId)], moment: &Moment) -> bool {
        let open = forms.iter().filter(|(form, _)| *form == Form::Open);
        open.map(|(_, rule)| self.plan.book().rule(*rule)).any(|rule| later(rule, &moment.held, moment.now))
    }

    fn forms(&self, target: LinkTarget) -> Option<Forms> {
        match target {
            LinkTarget::Page(page) => self.pages.get(&page).map(|output| self.forms_of(output)),
            LinkTarget::Section(section) => self.sections.get(&section).map(|output| self.forms_of(output)),
            LinkTarget::File(FileId(file)) => {
                let file = self.plan.site().files.get(file)?;
                Some((vec![(Form::Open, file.rule)], file.hidden))
            }
        }
    }

    fn forms_of(&self, output: &Output) -> Forms {
        let forms = output.shape.variants.iter().map(|variant| (variant.form, variant.requirement));
        (forms.collect(), output.hidden)
    }

    /// Source and URL of a target.
    fn name(&self, target: LinkTarget) -> (String, String) {
        let site = self.plan.site();
        let found = match target {
            LinkTarget::Page(page) => site.page(page).map(|page| (page.source.to_string(), page.url.clone())),
            LinkTarget::Section(section) => {
                site.section(section).map(|section| (format!("content/{}", section.folder), section.url.clone()))
            }
            LinkTarget::File(FileId(file)) => {
                site.files.get(file).map(|file| (file.source.to_string(), file.url.clone()))
            }
        };
        found.unwrap_or_default()
    }
}

/// Who reads a place of a page.
fn place_rule(page: &Page, place: Place) -> RuleId {
    match place.block.and_then(|block| page.body.blocks.get(block)) {
        Some(block) => block.rule,
        None if place.teaser && page.body.divider => page.body.above,
        None => page.access.rule,
    }
}

/// An instant as writers write it: a day alone where one begins.
fn day(at: Timestamp, zone: &TimeZone) -> String {
    let civil = at.civil(zone);
    if civil.time() == jiff::civil::Time::midnight() { civil.date().to_string() } else { civil.to_string() }
}

/// Whether a rule will hold for what is held now.
fn later(rule: &Rule, held: &[Entitlement], now: Timestamp) -> bool {
    let mut instants: BTreeSet<Timestamp> = rule.bounds();
    for need in rule.clauses().iter().flat_map(|clause| &clause.all) {
        instants.extend(held.iter().map(|held| held.since.after(need.after)));
    }
    instants.into_iter().any(|at| at > now && rule.holds_with(held, at, at))
}

fn nothing_but_titles(pages: &[(&Page, Vec<&Kind>)], places: &Places<'_>) -> Option<Diagnostic> {
    let (first, kinds) = pages.first()?;
    let who = readers::words(kinds.iter().copied());
    let message = match pages.len() {
        1 => format!("this page shows {who} nothing but its title"),
        2 => format!("this page and another one here show {who} nothing but their titles"),
        count => format!("this page and {} others here show {who} nothing but their titles", count - 1),
    };
    let help = "write a `description`, or put `<!-- more -->` below what everybody may read, to say what one would get";
    let place = places.key(&first.source, &["title", "access"]);
    Some(Diagnostic::warning(message).at(place).help(help).named(Lint::NothingToSee))
}
