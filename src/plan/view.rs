//! What renderers get: all that a variant's requirement allows, and no way to anything else.
//!
//! A [`View`] is made for one variant of one output; an [`EntryView`] for something as it stands in lists. Their fields
//! are private and every answer goes through the pass: text by [`Gated::open`](crate::access::gated::Gated::open),
//! entries by who may know of them. Only `plan` makes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::gated::{Pass, RuleId};
use crate::access::rule::Rule;
use crate::access::tags::Tag;
use crate::plan::badges::Lock;
use crate::plan::gates::Form;
use crate::plan::{Output, Plan, Subject};
use crate::site::{Block, Child, Kept, Open, Page, PageId, Part, Piece, Section, SectionId};
use crate::time::{Date, Length, Timestamp};

/// One variant of one output.
#[derive(Clone, Copy)]
pub struct View<'a> {
    plan: &'a Plan,
    output: &'a Output,
    pass: Pass<'a>,
    form: Form,
}

/// A page or section in a list.
#[derive(Clone, Copy)]
pub struct EntryView<'a> {
    plan: &'a Plan,
    pass: Pass<'a>,
    child: Child,
    page: Option<&'a Page>,
    section: Option<&'a Section>,
}

/// A step of a body as a variant shows it.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// A piece of HTML.
    Piece(&'a Piece),
    /// A gated block that is closed and says so.
    Closed(&'a Block),
}

/// Which of a section's entries a view shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Visible {
    /// All of them.
    All,
    /// Some: true for those that are shown, in the list's order.
    Some(Vec<bool>),
}

/// What locks a page, for words.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The tags by which somebody who buys today gets in.
    pub tags: &'a [Tag],
    /// The shortest drip.
    pub drip: Length,
    /// A release to come that is announced.
    pub release: Option<Date>,
}

impl<'a> View<'a> {
    pub(super) fn new(plan: &'a Plan, output: &'a Output, pass: Pass<'a>, form: Form) -> Self {
        Self { plan, output, pass, form }
    }

    /// Its URL; none for what edges show in place of a page.
    #[must_use]
    pub fn url(&self) -> Option<&'a str> {
        self.output.url.as_deref()
    }

    /// What it is a view of.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.output.subject
    }

    /// How much of the page it shows.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The template.
    #[must_use]
    pub fn template(&self) -> &'a str {
        &self.output.template
    }

    /// `page`, `section`, `home`, `tag`, `not_found` or `denial`; empty for what has no template.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.output.subject {
            Subject::Page(_) | Subject::Section(_) => match self.own_section() {
                Some(SectionId(0)) => "home",
                Some(_) => "section",
                None => "page",
            },
            Subject::Tags | Subject::Tag(_) => "tag",
            Subject::NotFound => "not_found",
            Subject::Denial(_) => "denial",
            Subject::Sitemap | Subject::Robots | Subject::Unlock(_) => "",
        }
    }

    /// The page's source, for messages.
    #[must_use]
    pub fn source(&self) -> &'a str {
        match (self.page(), self.url()) {
            (Some(page), _) => &page.source,
            (None, Some(url)) => url,
            (None, None) => self.template(),
        }
    }

    fn page(&self) -> Option<&'a Page> {
        let page = match self.output.subject {
            Subject::Page(page) => Some(page),
            Subject::NotFound => self.plan.site.not_found,
            Subject::Section(_) | Subject::Tags | Subject::Tag(_) | Subject::Denial(_) => None,
            Subject::Sitemap | Subject::Robots | Subject::Unlock(_) => None,
        };
        page.and_then(|page| self.plan.site.page(page))
    }

    fn own_section(&self) -> Option<SectionId> {
        match self.output.subject {
            Subject::Page(page) => self.plan.own_section(page),
            Subject::Section(section) => Some(section),
            Subject::Tags | Subject::Tag(_) | Subject::NotFound | Subject::Denial(_) => None,
            Subject::Sitemap | Subject::Robots | Subject::Unlock(_) => None,
        }
    }

    /// What is open of the page, locked or not.
    #[must_use]
    pub fn open(&self) -> Option<&'a Open> {
        self.page().map(|page| &page.open)
    }

    /// What only those learn who may open the page.
    #[must_use]
    pub fn kept(&self) -> Option<&'a Kept> {
        if self.form == Form::Open { self.page()?.kept.open(&self.pass) } else { None }
    }

    /// The title of a section without a page.
    #[must_use]
    pub fn section_title(&self) -> Option<&'a str> {
        let section = self.plan.site.section(self.own_section()?)?;
        section.page.is_none().then_some(section.title.as_str())
    }

    /// The tag of a tag page.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        let Subject::Tag(tag) = self.output.subject else { return None };
        self.plan.site.tags.get(tag).map(|tag| tag.title.as_str())
    }

    /// Whether the page is for some readers only.
    #[must_use]
    pub fn is_gated(&self) -> bool {
        self.page().is_some_and(|page| page.access.rule != page.access.known || page.access.hidden)
    }

    /// What locks the page.
    #[must_use]
    pub fn terms(&self) -> Option<Terms<'a>> {
        self.page().map(terms)
    }

    /// The body as far as this variant shows it.
    #[must_use]
    pub fn body(&self) -> Vec<Shown<'a>> {
        let Some(page) = self.page() else { return Vec::new() };
        match self.form {
            Form::Open => shown(page, &self.pass),
            Form::Waiting | Form::Teaser => above_divider(page, &self.pass),
            Form::Cover => Vec::new(),
        }
    }

    /// A footnote, if this variant shows it.
    #[must_use]
    pub fn note(&self, number: usize) -> Option<&'a Piece> {
        self.page()?.body.notes.get(number)?.open(&self.pass).map(Arc::as_ref)
    }

    /// Whether this variant may show something under a rule; for what is worked out before.
    #[must_use]
    pub fn allows(&self, rule: RuleId) -> bool {
        self.pass.implies(rule)
    }

    /// The section whose entries the page lists, and which of them.
    #[must_use]
    pub fn entries(&self) -> Option<(SectionId, Visible)> {
        let section = self.own_section()?;
        Some((section, self.visible(self.plan.list(section).iter().map(|child| self.plan.known(*child)))))
    }

    /// What a tag page or the sitemap lists: what everybody may know of.
    #[must_use]
    pub fn listed(&self) -> Vec<Child> {
        let children: Vec<Child> = match self.output.subject {
            Subject::Tag(tag) => {
                let pages = self.plan.site.tags.get(tag).map(|tag| tag.pages.as_slice()).unwrap_or_default();
                pages.iter().map(|page| Child::Page(*page)).collect()
            }
            Subject::Sitemap => self.all(),
            Subject::Page(_) | Subject::Section(_) | Subject::Tags | Subject::NotFound => Vec::new(),
            Subject::Denial(_) | Subject::Robots | Subject::Unlock(_) => Vec::new(),
        };
        children.into_iter().filter(|child| self.allows(self.plan.listed(*child))).collect()
    }

    /// Every page and every section without a page.
    fn all(&self) -> Vec<Child> {
        let site = &self.plan.site;
        let pages = (0..site.pages.len()).map(PageId).filter(|page| site.not_found != Some(*page)).map(Child::Page);
        let sections = site.sections.iter().enumerate().filter(|(_, section)| section.page.is_none());
        pages.chain(sections.map(|(id, _)| Child::Section(SectionId(id)))).collect()
    }

    /// The section the page stands in, and which of its entries are shown beside it.
    #[must_use]
    pub fn siblings(&self) -> Option<(SectionId, Visible)> {
        let page = self.page().filter(|_| self.own_section().is_none() && self.url().is_some())?;
        let rules = self.plan.list(page.section).iter().map(|child| self.plan.known(*child));
        Some((page.section, self.visible(rules)))
    }

    /// A section by its folder, and which of its entries everybody may know of.
    #[must_use]
    pub fn named(&self, folder: &str) -> Option<(SectionId, Visible)> {
        let section = self.plan.section_by_folder(folder)?;
        let rules = self.plan.list(section).iter().map(|child| self.plan.listed(*child));
        self.allows(self.plan.listed(Child::Section(section))).then(|| (section, self.visible(rules)))
    }

    fn visible(&self, rules: impl Iterator<Item = RuleId> + Clone) -> Visible {
        if rules.clone().all(|rule| self.allows(rule)) {
            return Visible::All;
        }
        Visible::Some(rules.map(|rule| self.allows(rule)).collect())
    }

    /// The section it stands in, if this variant may name it.
    #[must_use]
    pub fn section(&self) -> Option<EntryView<'a>> {
        let section =
            self.own_section().or_else(|| self.page().filter(|_| self.url().is_some()).map(|page| page.section))?;
        self.entry(Child::Section(section))
    }

    /// From the home page down to the section above.
    #[must_use]
    pub fn ancestors(&self) -> Vec<EntryView<'a>> {
        let mut above = match self.own_section() {
            Some(own) => self.plan.site.section(own).and_then(|section| section.parent),
            None => self.page().filter(|_| self.url().is_some()).map(|page| page.section),
        };
        let mut found = Vec::new();
        while let Some(section) = above {
            found.extend(self.entry(Child::Section(section)));
            above = self.plan.site.section(section).and_then(|section| section.parent);
        }
        found.reverse();
        found
    }

    /// The pages before and after in reading order that this variant may name.
    #[must_use]
    pub fn neighbours(&self) -> (Option<EntryView<'a>>, Option<EntryView<'a>>) {
        let Subject::Page(id) = self.output.subject else { return (None, None) };
        let Some(page) = self.page().filter(|_| self.own_section().is_none()) else { return (None, None) };
        let order = self.plan.pages_in_order(page.section);
        let Some(at) = order.iter().position(|other| *other == id) else { return (None, None) };
        let (before, after) = order.split_at(at);
        let previous = before.iter().rev().find_map(|page| self.entry(Child::Page(*page)));
        let next = after.iter().skip(1).find_map(|page| self.entry(Child::Page(*page)));
        (previous, next)
    }

    /// Which gates of the menu are open: views with the same answer have the same menu.
    #[must_use]
    pub fn menu_gates(&self) -> Vec<bool> {
        self.plan.menu_rules().iter().map(|rule| self.allows(*rule)).collect()
    }

    /// Top-level sections that everybody may know of.
    #[must_use]
    pub fn menu(&self) -> Vec<EntryView<'a>> {
        let sections = self.plan.menu().filter(|(_, section)| self.allows(section.listed));
        sections.filter_map(|(id, _)| self.plan.entry(Child::Section(id))).collect()
    }

    /// Something in a list, if this variant may name it.
    #[must_use]
    pub fn entry(&self, child: Child) -> Option<EntryView<'a>> {
        if self.allows(self.plan.known(child)) { self.plan.entry(child) } else { None }
    }

    /// All tags that this variant may name, with their URLs.
    #[must_use]
    pub fn tags(&self) -> Vec<(&'a str, &'a str)> {
        let shown = self.plan.tags.values().filter(|(_, rule)| self.allows(*rule));
        let tags = shown.filter_map(|(tag, _)| self.plan.site.tags.get(*tag));
        tags.map(|tag| (tag.title.as_str(), tag.url.as_str())).collect()
    }

    /// The URL of a tag's page, if this variant may name it.
    #[must_use]
    pub fn tag_url(&self, tag: &str) -> Option<&'a str> {
        tag_url(self.plan, &self.pass, tag)
    }

    /// What this variant of a stylesheet says.
    #[must_use]
    pub fn sheet_text(&self, number: usize) -> &'a str {
        let Subject::Unlock(sheet) = self.output.subject else { return "" };
        let text = self.plan.badges.sheet(sheet).and_then(|sheet| sheet.texts.get(number));
        text.map_or("", String::as_str)
    }

    /// Where the stylesheets of some locks are.
    #[must_use]
    pub fn sheet_urls(&self, sheets: &BTreeSet<usize>) -> Vec<String> {
        sheets.iter().filter_map(|sheet| self.plan.badges.sheet(*sheet)).map(|sheet| sheet.url.clone()).collect()
    }
}

impl<'a> EntryView<'a> {
    pub(super) fn new(plan: &'a Plan, child: Child, pass: Pass<'a>) -> Option<Self> {
        let (page, section) = match child {
            Child::Page(page) => (Some(plan.site.page(page)?), None),
            Child::Section(section) => {
                let section = plan.site.section(section)?;
                (section.page.and_then(|page| plan.site.page(page)), Some(section))
            }
        };
        Some(Self { plan, pass, child, page, section })
    }

    /// Whether it is a section.
    #[must_use]
    pub fn is_section(&self) -> bool {
        matches!(self.child, Child::Section(_))
    }

    /// Its title: what is open of it.
    #[must_use]
    pub fn title(&self) -> &'a str {
        match (self.page, self.section) {
            (Some(page), _) => &page.open.title,
            (None, Some(section)) => &section.title,
            (None, None) => "",
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &'a str {
        match (self.page, self.section) {
            (Some(page), _) => &page.url,
            (None, Some(section)) => &section.url,
            (None, None) => "",
        }
    }

    /// What is open of its page.
    #[must_use]
    pub fn open(&self) -> Option<&'a Open> {
        self.page.map(|page| &page.open)
    }

    /// Whether no page stands for the section in the list of the section above.
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.child == Child::Section(SectionId(0))
    }

    /// What locks it, with its badge.
    #[must_use]
    pub fn lock(&self) -> Option<(Terms<'a>, &'a Lock)> {
        let page = self.page?;
        let lock = self.plan.badges.lock(&page.access)?;
        Some((terms(page), lock))
    }

    /// What stands above its divider, where whoever sees the entry may read it.
    #[must_use]
    pub fn summary(&self) -> Vec<Shown<'a>> {
        match self.page {
            Some(page) if page.body.divider => above_divider(page, &self.pass),
            _ => Vec::new(),
        }
    }

    /// The URL of a tag's page, if whoever sees the entry may know of it.
    #[must_use]
    pub fn tag_url(&self, tag: &str) -> Option<&'a str> {
        tag_url(self.plan, &self.pass, tag)
    }

    /// Who may know of it.
    #[must_use]
    pub fn known(&self) -> RuleId {
        self.pass.requirement()
    }
}

fn tag_url<'a>(plan: &'a Plan, pass: &Pass<'_>, tag: &str) -> Option<&'a str> {
    let (number, rule) = plan.tags.get(&tag.to_lowercase())?;
    if pass.implies(*rule) { plan.site.tags.get(*number).map(|tag| tag.url.as_str()) } else { None }
}

fn terms(page: &Page) -> Terms<'_> {
    Terms { tags: &page.access.offered, drip: page.access.drip, release: page.access.announced }
}

/// A whole body, closed blocks named or left out.
fn shown<'a>(page: &'a Page, pass: &Pass<'_>) -> Vec<Shown<'a>> {
    steps(page, &page.body.parts, pass)
}

fn steps<'a>(page: &'a Page, parts: &[Part], pass: &Pass<'_>) -> Vec<Shown<'a>> {
    let body = &page.body;
    let mut found = Vec::new();
    let mut closed = 0_usize;
    for part in parts {
        match part {
            Part::Open(_) if closed > 0 => closed += 1,
            Part::Open(number) => {
                let Some(block) = body.blocks.get(*number) else { continue };
                if !pass.implies(block.rule) {
                    closed = 1;
                    if !block.hidden {
                        found.push(Shown::Closed(block));
                    }
                }
            }
            Part::Close => closed = closed.saturating_sub(1),
            Part::Piece(number) if closed == 0 => {
                let piece = body.pieces.get(*number).and_then(|piece| piece.open(pass));
                found.extend(piece.map(|piece| Shown::Piece(piece)));
            }
            Part::Piece(_) | Part::Divider => {}
        }
    }
    found
}

/// What stands above the divider, as far as a pass goes.
fn above_divider<'a>(page: &'a Page, pass: &Pass<'_>) -> Vec<Shown<'a>> {
    let parts = page.body.parts.as_slice();
    // Without a divider there is nothing above it.
    let Some(divider) = parts.iter().position(|part| *part == Part::Divider) else { return Vec::new() };
    // Who may not read the teaser does not see where its blocks are either.
    if !pass.implies(page.body.above) {
        return Vec::new();
    }
    steps(page, parts.get(..divider).unwrap_or_default(), pass)
}

/// A rule in words, for messages: the ids of each way in.
#[must_use]
pub fn rule_words(rule: &Rule) -> String {
    if rule.is_public() {
        return "public".to_owned();
    }
    let ways = rule.clauses().iter().map(|clause| {
        let needs: Vec<String> = clause
            .all
            .iter()
            .map(|need| need.any.iter().map(ToString::to_string).collect::<Vec<_>>().join("/"))
            .collect();
        let mut words = if needs.is_empty() { "public".to_owned() } else { needs.join(" with ") };
        for (word, bound) in [(" from ", clause.from), (" until ", clause.until)] {
            if let Some(bound) = bound {
                words.push_str(word);
                words.push_str(&Timestamp::to_string(&bound));
            }
        }
        words
    });
    let words = ways.collect::<Vec<_>>().join(" or ");
    if words.is_empty() { "nobody".to_owned() } else { words }
}
