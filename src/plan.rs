//! Decides which variants exist: the one place where access is worked out.
//!
//! Every page, list and small stylesheet becomes an [`Output`] with a [`Shape`]: the forms it has, each with the
//! requirement under which an edge serves it. What a form shows is then answered by its requirement alone, through
//! [`view`]. Nobody below asks who reads.

pub mod badges;
pub mod gates;
pub mod sentences;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::gated::{Pass, RuleBook, RuleId};
use crate::diagnostic::{Diagnostic, Location};
use crate::plan::badges::Badges;
use crate::plan::gates::{Gates, Shapes};
use crate::plan::view::{EntryView, View};
use crate::site::{Page, Site, Words};

pub use crate::plan::gates::{Form, Shape, Variant};
pub use crate::site::{Child, PageId, SectionId};

/// What a template lists, as `theme.yaml` says.
pub trait Templates {
    /// The template of a kind of page (`page`, `section`, `home`, `tag`, `not_found`, `denial`).
    fn template(&self, kind: &str) -> &str;
    /// What a template lists.
    fn lists(&self, template: &str) -> Lists<'_>;
}

/// What a template lists; every list makes gates of the entries that not everybody may know of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lists<'a> {
    /// What stands in the section.
    pub entries: bool,
    /// The sections above.
    pub ancestors: bool,
    /// What stands beside the page.
    pub siblings: bool,
    /// The pages before and after.
    pub previous_next: bool,
    /// All tags.
    pub tags: bool,
    /// Sections by folder.
    pub sections: &'a [String],
}

/// All outputs of a site.
#[derive(Clone, Debug)]
pub struct Plan {
    site: Site,
    book: RuleBook,
    badges: Badges,
    /// What each section lists, in order.
    lists: Vec<Vec<Child>>,
    /// What gates the menu, see [`Plan::menu_rules`].
    menu_rules: Vec<RuleId>,
    /// Tags by lower-case name: their place in the site's list, and who may know of them.
    tags: BTreeMap<String, (usize, RuleId)>,
    /// Every page the build makes, with a URL or (404, denials) without.
    pub outputs: Vec<Output>,
}

/// One URL and its forms.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its URL; none for what edges show in place of a page.
    pub url: Option<String>,
    /// What it is.
    pub subject: Subject,
    /// Its template; empty where it has none.
    pub template: String,
    /// Its forms.
    pub shape: Arc<Shape>,
    /// Whether those whom no form fits are told that there is nothing.
    pub hidden: bool,
}

/// What an output is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A page, or a section's own page.
    Page(PageId),
    /// A section without a page.
    Section(SectionId),
    /// The list of tags.
    Tags,
    /// A tag, an index into [`Site::tags`].
    Tag(usize),
    /// `sitemap.xml`
    Sitemap,
    /// `robots.txt`, where the site has none.
    Robots,
    /// An unlock stylesheet, an index into [`Badges::sheets`].
    Unlock(usize),
    /// The words for "not found".
    NotFound,
    /// A denial, by its reason.
    Denial(&'static str),
}

/// Reasons for which edges show a page of ours.
pub const DENIALS: [&str; 5] = ["not_signed_in", "not_entitled", "not_yet", "expired", "no_tier"];

/// The most variants of one page.
pub const MOST_VARIANTS: usize = 1_024;

/// Works out every output of a site.
///
/// # Errors
///
/// Pages with more than [`MOST_VARIANTS`] variants; templates that name a section that is not there.
pub fn plan(mut site: Site, templates: &dyn Templates) -> Result<Plan, Vec<Diagnostic>> {
    let book = std::mem::take(&mut site.rules);
    let lists = (0..site.sections.len()).map(|section| list(&site, SectionId(section))).collect();
    let mut plan = Plan {
        site,
        book,
        badges: Badges::default(),
        lists,
        menu_rules: Vec::new(),
        tags: BTreeMap::new(),
        outputs: Vec::new(),
    };
    let menu_rules: BTreeSet<RuleId> = plan.menu().map(|(_, section)| section.listed).collect();
    plan.menu_rules = menu_rules.into_iter().filter(|rule| *rule != RuleId::PUBLIC).collect();
    for tag in 0..plan.site.tags.len() {
        let rule = plan.tag_rule(tag);
        let rule = plan.book.enter(rule);
        let name = plan.site.tags.get(tag).map(|tag| tag.title.to_lowercase()).unwrap_or_default();
        plan.tags.insert(name, (tag, rule));
    }
    plan.badges = Badges::new(&plan.site, &mut plan.book);
    let shapes = Shapes::new(plan.site.clock, plan.site.config.catalogue.cancellation());
    let mut maker = Maker { shapes, outputs: Vec::new(), faults: Vec::new(), templates };
    maker.pages(&mut plan);
    maker.generated(&mut plan);
    let Maker { outputs, faults, .. } = maker;
    if !faults.is_empty() {
        return Err(faults);
    }
    plan.outputs = outputs;
    plan.outputs.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(plan)
}

/// What a section lists: reading order; but where all its pages go by date, the newest first.
fn list(site: &Site, section: SectionId) -> Vec<Child> {
    let mut children = site.section(section).map(|section| section.children.clone()).unwrap_or_default();
    let dated = |child: &Child| match child {
        Child::Page(page) => {
            site.page(*page).is_some_and(|page| page.open.date.is_some() && page.open.weight.is_none())
        }
        Child::Section(_) => true,
    };
    let any_page = children.iter().any(|child| matches!(child, Child::Page(_)));
    let numbered = children
        .iter()
        .any(|child| matches!(child, Child::Page(page) if site.page(*page).is_some_and(|page| page.numbered)));
    if any_page && !numbered && children.iter().all(dated) {
        let first_section =
            children.iter().position(|child| matches!(child, Child::Section(_))).unwrap_or(children.len());
        let (pages, sections): (Vec<Child>, Vec<Child>) =
            children.iter().partition(|child| matches!(child, Child::Page(_)));
        let newest = pages.into_iter().rev();
        children = if first_section == 0 {
            sections.into_iter().chain(newest).collect()
        } else {
            newest.chain(sections).collect()
        };
    }
    children
}

struct Maker<'t> {
    shapes: Shapes,
    outputs: Vec<Output>,
    faults: Vec<Diagnostic>,
    templates: &'t dyn Templates,
}

impl Maker<'_> {
    fn pages(&mut self, plan: &mut Plan) {
        for number in 0..plan.site.pages.len() {
            let id = PageId(number);
            let Some(page) = plan.site.page(id) else { continue };
            if plan.site.not_found == Some(id) {
                continue;
            }
            let home = page.section == SectionId(0) && plan.own_section(id).is_some();
            let kind = if home {
                "home"
            } else if plan.own_section(id).is_some() {
                "section"
            } else {
                "page"
            };
            let template = page.open.template.clone().unwrap_or_else(|| self.templates.template(kind).to_owned());
            let mut gates = Gates {
                known: page.access.known,
                rule: page.access.rule,
                waiting: page.access.waiting,
                teaser: page.access.teaser,
                others: page.body.blocks.iter().map(|block| block.rule).collect(),
            };
            let lists = self.templates.lists(&template);
            gates.others.extend(plan.listed_rules(plan.around_page(id, page), &lists));
            let (source, url, hidden) = (Arc::clone(&page.source), page.url.clone(), page.access.hidden);
            match self.shapes.shape(gates, &mut plan.book) {
                Ok(shape) => {
                    let subject = Subject::Page(id);
                    self.outputs.push(Output { url: Some(url), subject, template, shape, hidden });
                }
                Err(many) => self.faults.push(too_many(plan, &source, &many)),
            }
        }
    }

    fn generated(&mut self, plan: &mut Plan) {
        for number in 0..plan.site.sections.len() {
            let id = SectionId(number);
            let Some(section) = plan.site.section(id).filter(|section| section.page.is_none()) else { continue };
            let kind = if number == 0 { "home" } else { "section" };
            let around = Around { list: Some(id), section: id, page: None };
            let (known, url) = (section.known, section.url.clone());
            if number == 0 || !plan.book.rule(known).is_nobody() {
                self.list(plan, (Subject::Section(id), Some(url)), kind, (known, around));
            }
        }
        for number in 0..plan.site.tags.len() {
            let Some(tag) = plan.site.tags.get(number) else { continue };
            let url = Some(tag.url.clone());
            let known = plan.tags.get(&tag.title.to_lowercase()).map_or(RuleId::PUBLIC, |(_, rule)| *rule);
            let bearers = plan.bearers(number);
            self.list_of(plan, (Subject::Tag(number), url), "tag", (known, bearers));
        }
        let tags: Vec<RuleId> = plan.tags.values().map(|(_, rule)| *rule).collect();
        if !tags.is_empty() && !plan.has_url("/tags/") {
            let all = crate::access::rule::Rule::any(tags.iter().map(|tag| plan.book.rule(*tag)));
            let known = plan.book.enter(all);
            self.list_of(plan, (Subject::Tags, Some("/tags/".to_owned())), "tag", (known, tags));
        }
        let listed: Vec<RuleId> = plan
            .site
            .pages
            .iter()
            .map(|page| page.access.listed)
            .chain(plan.site.sections.iter().map(|section| section.listed))
            .collect();
        self.list_of(plan, (Subject::Sitemap, Some("/sitemap.xml".to_owned())), "", (RuleId::PUBLIC, listed));
        if !plan.site.statics.iter().any(|file| file.url == "/robots.txt") {
            self.list_of(plan, (Subject::Robots, Some("/robots.txt".to_owned())), "", (RuleId::PUBLIC, Vec::new()));
        }
        for (number, sheet) in plan.badges.sheets.iter().enumerate() {
            let subject = Subject::Unlock(number);
            let (url, shape) = (Some(sheet.url.clone()), Arc::clone(&sheet.shape));
            self.outputs.push(Output { url, subject, template: String::new(), shape, hidden: true });
        }
        let alone = Arc::new(Shape::public());
        let specials = std::iter::once((Subject::NotFound, "not_found"));
        for (subject, kind) in specials.chain(DENIALS.map(|reason| (Subject::Denial(reason), "denial"))) {
            let template = self.templates.template(kind).to_owned();
            self.outputs.push(Output { url: None, subject, template, shape: Arc::clone(&alone), hidden: false });
        }
    }

    /// A section's list.
    fn list(
        &mut self,
        plan: &mut Plan,
        (subject, url): (Subject, Option<String>),
        kind: &str,
        (known, around): (RuleId, Around),
    ) {
        let template = self.templates.template(kind).to_owned();
        let others = plan.listed_rules(around, &self.templates.lists(&template));
        self.output(plan, (subject, url, template), (known, others));
    }

    /// A list whose own gates are known already.
    fn list_of(
        &mut self,
        plan: &mut Plan,
        (subject, url): (Subject, Option<String>),
        kind: &str,
        (known, mut others): (RuleId, Vec<RuleId>),
    ) {
        let template = if kind.is_empty() { String::new() } else { self.templates.template(kind).to_owned() };
        if !kind.is_empty() {
            others.extend(plan.rules_anywhere(&self.templates.lists(&template)));
        }
        self.output(plan, (subject, url, template), (known, others));
    }

    fn output(
        &mut self,
        plan: &mut Plan,
        (subject, url, template): (Subject, Option<String>, String),
        (known, others): (RuleId, Vec<RuleId>),
    ) {
        let gates = Gates { known, rule: known, waiting: None, teaser: known, others };
        match self.shapes.shape(gates, &mut plan.book) {
            Ok(shape) => self.outputs.push(Output { url, subject, template, shape, hidden: true }),
            Err(many) => {
                let source: Arc<str> = url.unwrap_or_default().into();
                self.faults.push(too_many(plan, &source, &many));
            }
        }
    }
}

/// Names the gates that multiply.
fn too_many(plan: &Plan, source: &Arc<str>, gates: &[RuleId]) -> Diagnostic {
    const MOST_NAMED: usize = 20;
    let words = |gate: &RuleId| format!("`{}`", view::rule_words(plan.book.rule(*gate)));
    let mut names: Vec<String> = gates.iter().take(MOST_NAMED).map(words).collect();
    if gates.len() > MOST_NAMED {
        names.push(format!("and {} more", gates.len() - MOST_NAMED));
    }
    let message =
        format!("this page would have more than {MOST_VARIANTS} variants; these gates multiply: {}", names.join(", "));
    Diagnostic::error(message)
        .at(Location::file(source))
        .help("use fewer independent tags in its blocks, or hide fewer pages beside it")
}

/// What a page stands among.
#[derive(Clone, Copy, Debug)]
struct Around {
    /// The section whose entries it lists.
    list: Option<SectionId>,
    /// The section it stands in.
    section: SectionId,
    /// The page, where it has a place among others.
    page: Option<PageId>,
}

impl Plan {
    /// The clock of the build.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Every rule.
    #[must_use]
    pub fn book(&self) -> &RuleBook {
        &self.book
    }

    /// Lock badges and the stylesheets that take them away.
    #[must_use]
    pub fn badges(&self) -> &Badges {
        &self.badges
    }

    /// What a section lists.
    #[must_use]
    pub fn list(&self, section: SectionId) -> &[Child] {
        self.lists.get(section.0).map_or(&[], Vec::as_slice)
    }

    /// The view of a variant: all that a renderer gets.
    #[must_use]
    pub fn view<'a>(&'a self, output: &'a Output, variant: &Variant) -> View<'a> {
        View::new(self, output, Pass::under(&self.book, variant.requirement), variant.form)
    }

    /// The view of something as it stands in lists: shown to whoever may know of it.
    #[must_use]
    pub fn entry(&self, child: Child) -> Option<EntryView<'_>> {
        EntryView::new(self, child, Pass::under(&self.book, self.known(child)))
    }

    /// Puts other words into a page, whose blocks, divider and rules are the same: then no output has another shape.
    pub fn reword(&mut self, page: PageId, Words { body, links }: Words) {
        if let Some(page) = self.site.pages.get_mut(page.0) {
            let page = Arc::make_mut(page);
            (page.body, page.links) = (body, links);
        }
    }

    fn own_section(&self, page: PageId) -> Option<SectionId> {
        let section = self.site.page(page)?.section;
        (self.site.section(section)?.page == Some(page)).then_some(section)
    }

    fn around_page(&self, id: PageId, page: &Page) -> Around {
        match self.own_section(id) {
            Some(section) => Around { list: Some(section), section, page: None },
            None => Around { list: None, section: page.section, page: Some(id) },
        }
    }

    fn known(&self, child: Child) -> RuleId {
        match child {
            Child::Page(page) => self.site.page(page).map(|page| page.access.known),
            Child::Section(section) => self.site.section(section).map(|section| section.known),
        }
        .unwrap_or(RuleId::PUBLIC)
    }

    fn listed(&self, child: Child) -> RuleId {
        match child {
            Child::Page(page) => self.site.page(page).map(|page| page.access.listed),
            Child::Section(section) => self.site.section(section).map(|section| section.listed),
        }
        .unwrap_or(RuleId::PUBLIC)
    }

    /// The rules of everything that a template may list and that not everybody may know of.
    fn listed_rules(&self, around: Around, lists: &Lists<'_>) -> Vec<RuleId> {
        let mut rules = self.rules_anywhere(lists);
        let section_rules = |section: SectionId| self.list(section).iter().map(|child| self.known(*child));
        if let Some(section) = around.list.filter(|_| lists.entries) {
            rules.extend(section_rules(section));
        }
        if lists.siblings && around.page.is_some() {
            rules.extend(section_rules(around.section));
        }
        let mut above = Some(around.section);
        while let Some(section) = above.filter(|_| lists.ancestors).and_then(|section| self.site.section(section)) {
            rules.push(section.known);
            above = section.parent;
        }
        if let Some(page) = around.page.filter(|_| lists.previous_next) {
            rules.extend(self.neighbours(around.section, page));
        }
        rules
    }

    /// The rules of what a template lists wherever its page stands; the menu comes with every template.
    fn rules_anywhere(&self, lists: &Lists<'_>) -> Vec<RuleId> {
        let mut rules = self.menu_rules().to_vec();
        if lists.tags {
            rules.extend(self.tags.values().map(|(_, rule)| *rule));
        }
        for folder in lists.sections {
            if let Some(section) = self.section_by_folder(folder) {
                rules.push(self.listed(Child::Section(section)));
                rules.extend(self.list(section).iter().map(|child| self.listed(*child)));
            }
        }
        rules
    }

    fn section_by_folder(&self, folder: &str) -> Option<SectionId> {
        let folder = folder.trim_matches('/');
        self.site.sections.iter().position(|section| section.folder.as_ref() == folder).map(SectionId)
    }

    /// The rules of those sections of the menu that not everybody may know of, each once.
    fn menu_rules(&self) -> &[RuleId] {
        &self.menu_rules
    }

    /// Top-level sections, in the order in which the home page lists them.
    fn menu(&self) -> impl Iterator<Item = (SectionId, &crate::site::Section)> {
        let children = self.list(SectionId(0)).iter();
        children.filter_map(|child| match child {
            Child::Section(id) => self.site.section(*id).map(|section| (*id, section)),
            Child::Page(_) => None,
        })
    }

    /// On either side of a page, the rules of the pages up to the first that everybody may know of.
    fn neighbours(&self, section: SectionId, page: PageId) -> Vec<RuleId> {
        let order = self.pages_in_order(section);
        let Some(at) = order.iter().position(|other| *other == page) else { return Vec::new() };
        let (before, after) = order.split_at(at);
        let mut rules = Vec::new();
        let mut side = |pages: &mut dyn Iterator<Item = &PageId>| {
            for page in pages {
                let known = self.known(Child::Page(*page));
                if known == RuleId::PUBLIC {
                    return;
                }
                rules.push(known);
            }
        };
        side(&mut before.iter().rev());
        side(&mut after.iter().skip(1));
        rules
    }

    /// The pages of a section in reading order.
    fn pages_in_order(&self, section: SectionId) -> Vec<PageId> {
        let children = self.site.section(section).map(|section| section.children.as_slice()).unwrap_or_default();
        children.iter().filter_map(|child| if let Child::Page(page) = child { Some(*page) } else { None }).collect()
    }

    fn bearers(&self, tag: usize) -> Vec<RuleId> {
        let pages = self.site.tags.get(tag).map(|tag| tag.pages.as_slice()).unwrap_or_default();
        pages.iter().map(|page| self.listed(Child::Page(*page))).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Who may know of a tag: whoever, as a visitor, may know of a page that bears it.
    fn tag_rule(&self, tag: usize) -> crate::access::rule::Rule {
        let rules = self.bearers(tag);
        crate::access::rule::Rule::any(rules.iter().map(|rule| self.book.rule(*rule)))
    }

    fn has_url(&self, url: &str) -> bool {
        self.site.pages.iter().any(|page| page.url == url)
            || self.site.sections.iter().any(|section| section.url == url)
    }

    /// How many forms there are in all: each is rendered once.
    #[must_use]
    pub fn variants(&self) -> usize {
        self.outputs.iter().map(|output| output.shape.variants.len()).sum()
    }

    /// Titles and targets by URL, for what is said about pages.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<&str, &str> {
        self.site.pages.iter().map(|page| (page.url.as_str(), page.source.as_ref())).collect()
    }
}
