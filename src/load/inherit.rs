//! Which rules a page is under: its own keys, then what its sections hand down, key by key.
//!
//! Works on front matter alone, before any text is parsed, so that a page's pieces can be put under their rules the
//! moment they exist. Nothing is opened by silence: where no key and no default says otherwise, nobody gets in.

mod drips;
mod handed;
mod keys;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::access::catalogue::{Cancellation, Catalogue};
use crate::access::rule::Rule;
use crate::access::tags::{self, Drip, Tag};
use crate::diagnostic::{Diagnostic, Location};
use crate::load::front_matter::FrontMatter;
use crate::load::gate_keys::{GateKeys, Teaser};
use crate::load::tree::{Tree, TreeChild};
use crate::site::written::Keys;
use crate::time::{Date, Length, Timestamp};

/// What the rules of all pages are made from.
pub struct Givens<'a> {
    /// Front matter of every page that was read, in the order of the sources.
    pub pages: &'a [FrontMatter],
    /// Their files.
    pub files: &'a [Arc<str>],
    /// Their dates: written, or from their names.
    pub dates: &'a [Option<Date>],
    /// Sections, and which page stands where.
    pub tree: &'a Tree,
    /// Tiers and bundles.
    pub catalogue: &'a Catalogue,
    /// `access.default`.
    pub default: &'a [Tag],
    /// The instant for which windows are settled.
    pub clock: Timestamp,
    /// Whether drafts are published too.
    pub drafts: bool,
    /// Finds a byte range of a page's file, for messages.
    pub locate: &'a (dyn Fn(usize, std::ops::Range<usize>) -> Location + Sync),
}

/// What is worked out once per section.
#[derive(Debug, Default)]
pub struct Tables {
    /// For sections whose `_index.md` says `drip: every`: the pages that drip with them, and their places.
    positions: BTreeMap<usize, BTreeMap<usize, usize>>,
    /// The dates of each section's pages, sorted.
    dates: BTreeMap<usize, Vec<Timestamp>>,
}

/// What a page's place and keys make of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Decided {
    /// Whether its front matter, or that of a section above it, has faults: then all of this may be wrong.
    pub doubtful: bool,
    /// Not to be published.
    pub draft: bool,
    /// Its tags, with what `+` adds.
    pub tags: Vec<Tag>,
    /// Its drip, `every` turned into a length.
    pub drip: Drip,
    /// For `since joining`: the date of the next page.
    pub next_date: Option<Timestamp>,
    /// Not before, for anybody.
    pub release: Option<Date>,
    /// When it was or will be new: its release, else its date.
    pub published: Option<Date>,
    /// Not after.
    pub until: Option<Date>,
    /// Listed before its release.
    pub announce: bool,
    /// Existence not revealed.
    pub hidden: bool,
    /// Who may open it.
    pub rule: Rule,
    /// Who will be able to, where that differs.
    pub waiting: Option<Rule>,
    /// Who reads the part above the divider, apart from those who may open the page.
    pub teaser: Rule,
    /// Who may know of it.
    pub known: Rule,
    /// Where all of that is written.
    pub keys: Keys,
}

/// The keys that count for something at one place: its own first, then those of its sections.
struct Chain<'a> {
    own: Option<&'a GateKeys>,
    above: Vec<(usize, &'a FrontMatter)>,
}

impl<'a> Chain<'a> {
    /// The nearest value of a key, and the section that hands it down.
    fn find<T>(&self, key: impl Fn(&'a GateKeys) -> Option<&'a T>) -> Option<(Option<usize>, &'a T)> {
        if let Some(value) = self.own.and_then(&key) {
            return Some((None, value));
        }
        self.above.iter().find_map(|(section, front_matter)| {
            let value = key(&front_matter.cascade).or_else(|| key(&front_matter.gates))?;
            Some((Some(*section), value))
        })
    }

    /// The tags in force; `+` takes what stands above it.
    fn tags(&self, default: &[Tag]) -> Vec<Tag> {
        let own = self.own.into_iter().map(|keys| &keys.access);
        let above = self.above.iter().map(|(_, matter)| {
            if matter.cascade.access.is_some() { &matter.cascade.access } else { &matter.gates.access }
        });
        let mut pending: Vec<Vec<Tag>> = Vec::new();
        for written in own.chain(above).flatten() {
            let level: Vec<Tag> = written.value.iter().map(|tag| tag.value.clone()).collect();
            let done = level.iter().all(|tag| !tag.plus);
            pending.push(level);
            if done {
                return resolve(pending, Vec::new());
            }
        }
        resolve(pending, default.to_vec())
    }
}

fn resolve(pending: Vec<Vec<Tag>>, bottom: Vec<Tag>) -> Vec<Tag> {
    pending.into_iter().rev().fold(bottom, |inherited, level| tags::resolve_plus(&level, &inherited))
}

impl<'a> Givens<'a> {
    /// Decides for every page, in their order.
    pub fn decide(&self, tables: &Tables, diagnostics: &mut Vec<Diagnostic>) -> Vec<Decided> {
        let one = |page| {
            self.not_handed_down(page, diagnostics);
            self.page(page, tables, diagnostics)
        };
        (0..self.pages.len()).map(one).collect()
    }

    /// Works out what whole sections are asked for.
    #[must_use]
    pub fn tables(&self) -> Tables {
        let mut tables = Tables::default();
        for section in 0..self.tree.len() {
            let index = self.tree.index_of(section).and_then(|page| self.pages.get(page));
            let drip = index.and_then(|matter| matter.cascade.drip.as_ref().or(matter.gates.drip.as_ref()));
            if drip.is_some_and(|drip| matches!(drip.value, Drip::Every(_))) {
                let pages = self.dripping_with(section).into_iter().enumerate().map(|(at, page)| (page, at)).collect();
                tables.positions.insert(section, pages);
            }
            let pages = self.tree.children(section).iter().filter_map(|child| match child {
                TreeChild::Page(page) if !self.is_draft(*page) => Some(*page),
                TreeChild::Page(_) | TreeChild::Section(_) => None,
            });
            let mut dates: Vec<_> = pages.filter_map(|page| self.date(page)).map(|date| date.first).collect();
            dates.sort_unstable();
            tables.dates.insert(section, dates);
        }
        tables
    }

    fn date(&self, page: usize) -> Option<Date> {
        self.dates.get(page).copied().flatten()
    }

    fn is_draft(&self, page: usize) -> bool {
        self.chain(page).find(|keys| keys.draft.as_ref()).is_some_and(|(_, draft)| draft.value)
    }

    /// What a page would inherit that lay in a section, windows included; and whether it would be hidden.
    #[must_use]
    pub fn lying_in(&self, section: usize, tables: &Tables) -> (Rule, bool) {
        self.lying_at(section, None, tables)
    }

    /// The same as [`Givens::lying_in`] of a page with that place in the row, where the section's pages drip one after the
    /// other. Without a place it comes with the last one.
    #[must_use]
    pub fn lying_at(&self, section: usize, place: Option<usize>, tables: &Tables) -> (Rule, bool) {
        let chain = Chain { own: None, above: self.above(Some(section)) };
        if !self.drafts && chain.find(|keys| keys.draft.as_ref()).is_some_and(|(_, draft)| draft.value) {
            return (Rule::nobody(), true);
        }
        let drip = match chain.find(|keys| keys.drip.as_ref()) {
            Some((Some(at), drip)) => match &drip.value {
                Drip::Every(step) => {
                    let last = || tables.positions.get(&at).map_or(0, BTreeMap::len).saturating_sub(1);
                    Drip::All(step.times(place.unwrap_or_else(last)))
                }
                Drip::None | Drip::All(_) | Drip::ByName(_) => drip.value.clone(),
            },
            Some((None, _)) | None => Drip::None,
        };
        let hidden = chain.find(|keys| keys.hidden.as_ref()).is_some_and(|(_, hidden)| hidden.value);
        let tags = chain.tags(self.default);
        let (release, until) = windows(&chain);
        let rule = tags::rule(&tags, &drip, None, self.catalogue);
        (self.settle(&rule.within(release.map(|date| date.first), until.map(|date| date.end))), hidden)
    }

    fn chain(&self, page: usize) -> Chain<'a> {
        let own = self.pages.get(page).map(|front_matter| &front_matter.gates);
        let section = match self.tree.own_section(page) {
            Some(section) => self.tree.parent(section),
            None => Some(self.tree.section_of(page)),
        };
        Chain { own, above: self.above(section) }
    }

    /// The front matter of a section's `_index.md` and of those above it, nearest first.
    fn above(&self, section: Option<usize>) -> Vec<(usize, &'a FrontMatter)> {
        let mut above = Vec::new();
        let mut at = section;
        while let Some(section) = at {
            if let Some(front_matter) = self.tree.index_of(section).and_then(|page| self.pages.get(page)) {
                above.push((section, front_matter));
            }
            at = self.tree.parent(section);
        }
        above
    }

    fn page(&self, page: usize, tables: &Tables, diagnostics: &mut Vec<Diagnostic>) -> Decided {
        let chain = self.chain(page);
        let tags = chain.tags(self.default);
        let draft = self.is_draft(page);
        let doubtful =
            self.pages.get(page).is_some_and(|own| own.faulty) || chain.above.iter().any(|(_, above)| above.faulty);
        let hidden = chain.find(|keys| keys.hidden.as_ref()).is_some_and(|(_, hidden)| hidden.value);
        let announce = chain.find(|keys| keys.announce.as_ref()).is_some_and(|(_, announce)| announce.value);
        let (mut release, until) = windows(&chain);
        let date = self.date(page);
        let own_release = chain.own.is_some_and(|keys| keys.release.is_some());
        if let Some(date) = date
            && date.first > self.clock
            && !own_release
        {
            release = Some(release.map_or(date, |release| release.max(date)));
        }
        let mut faults = Vec::new();
        let drip = self.drip(page, (&chain, &tags), tables, &mut faults);
        let next_date = self.next_date(page, tables);
        self.check(page, (&chain, &tags, draft), (release, until), &mut faults);
        if !doubtful {
            diagnostics.append(&mut faults);
        }
        let open = tags::rule(&tags, &drip, next_date, self.catalogue);
        let announced = announce && release.is_some_and(|date| date.first > self.clock) && !hidden;
        let published = release.or(date);
        // What is shown before an announced release does not wait for it.
        let shown = if announced { date.filter(|date| date.first <= self.clock) } else { published };
        let (from, end) = (release.map(|date| date.first), until.map(|date| date.end));
        let shown_from = if announced { None } else { from };
        let rule = self.settle(&kept_unlocked(&open, published, self.catalogue).within(from, end));
        let covers = self.settle(&Rule::public().within(shown_from, end));
        let known = if hidden { rule.clone() } else { covers.clone() };
        let waiting = kept_unlocked(&open.without_after(), shown, self.catalogue);
        let waiting = self.settle(&waiting.within(shown_from, end));
        let teaser = match chain.find(|keys| keys.teaser.as_ref()).map(|(_, teaser)| &teaser.value) {
            _ if hidden => Rule::nobody(),
            Some(Teaser::Nobody) => Rule::nobody(),
            Some(Teaser::Tags(tags)) => {
                let rule = tags::rule(tags, &Drip::None, next_date, self.catalogue);
                self.settle(&kept_unlocked(&rule, shown, self.catalogue).within(shown_from, end))
            }
            None => covers,
        };
        Decided {
            keys: self.keys(page, &chain, &drip),
            doubtful,
            draft,
            drip,
            next_date,
            release,
            published,
            until,
            announce: announced,
            hidden,
            waiting: (!hidden && waiting != rule).then_some(waiting),
            rule,
            teaser,
            known,
            tags,
        }
    }

    fn settle(&self, rule: &Rule) -> Rule {
        rule.settled(self.clock, self.catalogue.cancellation())
    }

    /// The date of the next page by date in the same section.
    fn next_date(&self, page: usize, tables: &Tables) -> Option<Timestamp> {
        let date = self.date(page)?.first;
        let dates = tables.dates.get(&self.tree.section_of(page))?;
        dates.get(dates.partition_point(|other| *other <= date)).copied()
    }

    fn check(
        &self,
        page: usize,
        (chain, tags, draft): (&Chain<'a>, &[Tag], bool),
        (release, until): (Option<Date>, Option<Date>),
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(front_matter) = self.pages.get(page) else { return };
        let gates = &front_matter.gates;
        if let (Some(release), Some(until)) = (release, until)
            && until.end <= release.first
        {
            diagnostics.push(self.never_shown(page, chain, release));
        }
        let mut fault = |span: Range<usize>, message: &str, help: &str| {
            let place = (self.locate)(page, span);
            diagnostics.push(Diagnostic::error(message).at(place).help(help));
        };
        let access = || gates.access.as_ref().map_or(0..0, |key| key.span.clone());
        let joins = |tag: &Tag| tag.since_joining;
        let written = gates.teaser.as_ref().filter(|teaser| teaser.value.tags().iter().any(joins));
        let written = written.map(|teaser| teaser.span.clone());
        let files = || gates.files.iter().flat_map(|(_, tags)| tags).find(|tag| tag.value.since_joining);
        let written = written.or_else(|| files().map(|tag| tag.span.clone()));
        let undated = self.date(page).is_none();
        let joining = if tags.iter().any(joins) { Some(access()) } else { written };
        if let Some(span) = joining.filter(|_| undated && self.tree.own_section(page).is_none()) {
            fault(span, "`since joining` needs the page's date", "write `date:` in its front matter");
        }
        let gated = !tags.iter().all(Tag::is_public);
        let unplaced = undated && release.is_none();
        if self.catalogue.cancellation() == Cancellation::KeepUnlocked && gated && unplaced && !draft {
            fault(
                access(),
                "a gated page needs a date where `access.cancellation` is `keep-unlocked`",
                "write `date:` or `release:`, so that it can be told whether the page is new to a member who left",
            );
        }
        if let Some(access) = &gates.access
            && self.tree.is_index(page)
            && front_matter.cascade.access.is_none()
            && matches!(access.value.as_slice(), [tag] if tag.value.is_bare_public())
        {
            fault(
                access.span.clone(),
                "a bare `access: public` here opens everything below this section",
                "say what is below as well: `cascade: {access: …}`",
            );
        }
    }

    /// The end of a page's window is not after its beginning: says which keys, wherever they are written.
    fn never_shown(&self, page: usize, chain: &Chain<'a>, release: Date) -> Diagnostic {
        let place = |(section, span): (Option<usize>, Range<usize>)| {
            let file = section.map_or(Some(page), |section| self.tree.index_of(section));
            file.map(|file| (self.locate)(file, span))
        };
        let until = chain.find(|keys| keys.until.as_ref()).map(|(at, key)| (at, key.span.clone()));
        let written = chain.find(|keys| keys.release.as_ref()).filter(|(_, key)| key.value == Some(release));
        let written = written.map(|(at, key)| (at, key.span.clone()));
        let date = self.pages.get(page).and_then(|matter| matter.date.as_ref()).map(|date| (None, date.span.clone()));
        let word = if written.is_some() { "its `release`" } else { "its `date`, when it is released" };
        let (until, release) = (until.and_then(place), written.or(date).and_then(place));
        let own = (self.locate)(page, 0..0);
        let fault = Diagnostic::error(format!("this page is gone before {word}: `until` is not after it"));
        let fault = fault.help("change one of the two dates, or write `until: none`");
        let here = |place: &Location| place.file == own.file;
        // A page that is at odds with its section is named first, for the section may be right for all others.
        match (until, release) {
            (Some(until), Some(release)) if !here(&until) && here(&release) => fault.at(release).also(until),
            (Some(until), Some(release)) if here(&until) => fault.at(until).also(release),
            (Some(until), _) if !here(&until) => fault.at(own).also(until),
            (Some(until), _) => fault.at(until),
            (None, _) => fault.at(own),
        }
    }
}

/// Where a cancelled membership keeps what it had, the page's own date tells what that was: of the page and of everything
/// that is in it or beside it.
#[must_use]
pub fn kept_unlocked(rule: &Rule, published: Option<Date>, catalogue: &Catalogue) -> Rule {
    match (catalogue.cancellation(), published) {
        (Cancellation::KeepUnlocked, Some(date)) if !rule.is_public() => {
            let public = rule.public_part();
            rule.within(Some(date.first), None).or(&public)
        }
        _ => rule.clone(),
    }
}

fn windows(chain: &Chain<'_>) -> (Option<Date>, Option<Date>) {
    let release = chain.find(|keys| keys.release.as_ref()).and_then(|(_, date)| date.value);
    let until = chain.find(|keys| keys.until.as_ref()).and_then(|(_, date)| date.value);
    (release, until)
}

/// Who may know of each section: as its published page says, else whoever may know of something in it.
#[must_use]
pub fn known_sections(tree: &Tree, decided: &[Decided], published: &[bool]) -> Vec<Rule> {
    let of_page = |page: usize| {
        let decided = decided.get(page).filter(|_| published.get(page).copied().unwrap_or_default());
        decided.map(|decided| &decided.known)
    };
    let mut known: Vec<Rule> = vec![Rule::nobody(); tree.len()];
    // Parents stand before their children, so from the end every section finds those below it done.
    for section in (0..tree.len()).rev() {
        let below = tree.children(section).iter().filter_map(|child| match child {
            TreeChild::Page(page) => of_page(*page),
            TreeChild::Section(below) => known.get(*below),
        });
        let rule = match tree.page_of(section).and_then(of_page) {
            Some(known) => known.clone(),
            None if section == 0 => Rule::public(),
            None => Rule::any(below),
        };
        if let Some(slot) = known.get_mut(section) {
            *slot = rule;
        }
    }
    known
}

/// The shortest wait of any way in.
#[must_use]
pub fn shortest_drip(rule: &Rule) -> Length {
    let waits = rule.clauses().iter().map(|clause| clause.all.iter().map(|need| need.after).max().unwrap_or_default());
    waits.min().unwrap_or_default()
}
