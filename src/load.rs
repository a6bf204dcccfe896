//! From a folder to a [`Site`]: the only stage that reads content.
//!
//! Front matter is read first, for all pages; then every page's rules are decided; then the text is parsed, once, and its
//! pieces go under their rules as they are made. All faults of all files come together. What is half-read is never
//! handed on.

pub mod again;
pub mod assets;
pub mod blocks;
mod catalogue;
pub mod config;
pub mod dates;
pub mod document;
pub mod elsewhere;
pub mod frame;
pub mod front_matter;
pub mod gate_keys;
pub mod html;
pub mod inherit;
pub mod keys;
pub mod links;
pub mod markdown;
pub mod names;
mod open_files;
pub mod pages;
mod products;
mod reading;
pub mod references;
mod remembered;
pub mod sources;
pub mod texts;
pub mod timeline;
pub mod toml;
pub mod tree;
pub mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::access::gated::{Gated, RuleBook, RuleId};
use crate::access::rule::Rule;
use crate::config::Config;
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{self, Diagnostic, Location};
use crate::load::inherit::{Decided, Givens};
use crate::load::markdown::Use;
use crate::load::pages::RawPage;
use crate::load::sources::{FileSource, Sources};
use crate::load::texts::Text;
use crate::load::tree::{Tree, TreeChild};
use crate::site::written::{How, Shown, Unpublished, Why, Written};
use crate::site::{
    self, Access, Block, Body, Child, Content, File, FileId, Kept, Link, LinkTarget, Open, Page, PageId, PageKind,
    Section, SectionId, Site, Skipped, StaticFile, TagPage,
};
use crate::time::Timestamp;

pub use remembered::Remembered;
use remembered::Setting;

/// What a load is asked for.
#[derive(Clone)]
pub struct Request<'a> {
    /// The folder that holds `site.yaml`.
    pub root: &'a Path,
    /// The instant for which windows are settled.
    pub clock: Timestamp,
    /// Whether drafts are published too.
    pub drafts: bool,
    /// Titles of alerts, by kind.
    pub alerts: &'a BTreeMap<String, String>,
    /// What to say of a template that a page asks for, if the theme does not have it.
    pub missing_template: &'a dyn Fn(&str) -> Option<Diagnostic>,
    /// The theme's own files: everybody's.
    pub theme_files: Vec<StaticFile>,
    /// An earlier load of the same folder, of which as much is taken over as is still true.
    pub earlier: Option<Earlier<'a>>,
}

/// An earlier load.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// What it worked out.
    pub remembered: &'a Remembered,
    /// The files, below the site's root, that changed since; where it is not known, all may have.
    pub changed: Option<&'a BTreeSet<String>>,
}

/// A site that was read, and what the writer should know about it.
#[derive(Debug)]
pub struct Loaded {
    /// The site.
    pub site: Site,
    /// Warnings, in source order.
    pub warnings: Vec<Diagnostic>,
    /// How many pages were parsed.
    pub parsed: usize,
    /// What was worked out on the way, for whoever reads one of its texts again.
    pub remembered: Remembered,
}

/// Reads a site.
///
/// # Errors
///
/// Every fault of every file, in source order, warnings among them.
pub fn load(request: &Request<'_>, config: Config) -> Result<Loaded, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let laid = lay(request, &config, &mut diagnostics)?;
    let Laid { sources, raw, tree, folders } = &laid;
    let locate = |page: usize, range| pages::locate(raw, page, range);
    let front_matter: Vec<_> = raw.iter().map(|page| page.front_matter.clone()).collect();
    let paths: Vec<_> = raw.iter().map(|page| Arc::clone(&page.source.path)).collect();
    let givens = Givens {
        pages: &front_matter,
        files: &paths,
        dates: &raw.iter().map(|page| page.date).collect::<Vec<_>>(),
        tree,
        catalogue: &config.catalogue,
        default: &config.default_access,
        clock: request.clock,
        drafts: request.drafts,
        locate: &locate,
    };
    let tables = givens.tables();
    let decided = givens.decide(&tables, &mut diagnostics);
    let fates = fates(request, &config, &decided);
    let published: Vec<bool> = fates.iter().map(|fate| *fate == Fate::Published).collect();
    let files_keys = texts::files_keys(raw, &decided, (&config, request.clock, request.drafts));
    let around = texts::Around {
        config: &config,
        raw,
        decided: &decided,
        published: &published,
        alerts: request.alerts,
        sources,
        tree,
        theme_files: &request.theme_files,
        folders,
        clock: request.clock,
        files_keys: &files_keys,
    };
    let tags = around.tag_pages();
    let addresses = texts::Addresses::new(&around, &tags);
    let earlier = request.earlier.and_then(|earlier| earlier.texts(&around, &addresses));
    let texts = texts::parse_all(&around, &addresses, (earlier, &mut diagnostics));
    let verdicts = files(&around, &givens, &tables, &texts, &mut diagnostics);
    check(&around, &tags, (&texts, &verdicts), &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    if diagnostic::any_error(&diagnostics) {
        return Err(diagnostics);
    }
    let remembered = Remembered {
        warned: diagnostics.iter().flat_map(Diagnostic::files).collect(),
        ids: numbers(&published),
        setting: Setting::new(request, &config),
        laid,
        decided,
        published,
        files_keys,
        addresses,
        verdicts,
        texts,
    };
    let site = Assembly { request, fates: &fates, tags: &tags, known: &remembered }.site(config);
    Ok(Loaded { site, warnings: diagnostics, parsed: remembered.texts.len(), remembered })
}

/// What can only be said once everything is read and decided.
fn check(
    around: &texts::Around<'_>,
    tags: &[TagPage],
    (texts, verdicts): (&[Arc<Text>], &[assets::Verdict]),
    diagnostics: &mut Vec<Diagnostic>,
) {
    diagnostics.extend(texts::check_files_keys(around));
    texts::check_links(around, texts, verdicts, diagnostics);
    diagnostics.extend(again::check(around, texts, verdicts));
    diagnostics.extend(open_files::check(around, texts));
    diagnostics.extend(collisions(around, tags, verdicts));
}

/// What lies in the folder, and where: nothing is decided yet, and no text is parsed.
#[derive(Debug)]
struct Laid {
    sources: Sources,
    raw: Vec<RawPage>,
    tree: Tree,
    folders: BTreeMap<String, String>,
}

fn lay(request: &Request<'_>, config: &Config, diagnostics: &mut Vec<Diagnostic>) -> Result<Laid, Vec<Diagnostic>> {
    let sources = sources::find(request.root, diagnostics);
    if sources.folders.is_empty() && diagnostics.is_empty() {
        // Built all the same, this would take down whatever was published.
        let missing = Diagnostic::setup(format!("there is no folder `content` in `{}`", request.root.display()));
        return Err(vec![missing.help("pages lie in `content/`, beside site.yaml")]);
    }
    let known = request.earlier.and_then(|earlier| earlier.pages(config));
    let mut raw = pages::read(&sources, config, (known, diagnostics));
    pages::settle_templates(&mut raw, config.links, request.missing_template, diagnostics);
    let folders = pages::folder_urls(&raw, &sources);
    let tree = pages::tree(&raw, &folders);
    let others = beside_pages(&sources, &raw, (&tree, &folders));
    pages::settle_aliases(&mut raw, others.into_iter(), config.links, diagnostics);
    Ok(Laid { sources, raw, tree, folders })
}

/// The numbers that published pages get in the site.
fn numbers(published: &[bool]) -> Vec<Option<PageId>> {
    let mut count = 0;
    let mut number = |published: &bool| {
        let number = published.then_some(PageId(count));
        count += usize::from(*published);
        number
    };
    published.iter().map(&mut number).collect()
}

/// Whether a page is published, and if not, why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Published,
    Draft,
    Later(Timestamp),
    Expired,
}

fn fates(request: &Request<'_>, config: &Config, decided: &[Decided]) -> Vec<Fate> {
    let horizon = request.clock.after(config.release_horizon);
    let fate = |page: &Decided| match page.release {
        _ if page.draft && !request.drafts => Fate::Draft,
        Some(release) if release.first > horizon => Fate::Later(release.first),
        _ if page.known.is_nobody() && page.rule.is_nobody() => Fate::Expired,
        _ => Fate::Published,
    };
    decided.iter().map(fate).collect()
}

/// Decides who may have each file.
fn files(
    around: &texts::Around<'_>,
    givens: &Givens<'_>,
    tables: &inherit::Tables,
    texts: &[Arc<Text>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<assets::Verdict> {
    let mut showings: BTreeMap<usize, Vec<&assets::Showing>> = BTreeMap::new();
    for showing in texts.iter().flat_map(|text| &text.showings) {
        showings.entry(showing.file).or_default().push(showing);
    }
    type Known = (Rule, bool, Vec<(Rule, bool)>, bool);
    let mut folders: BTreeMap<&str, Known> = BTreeMap::new();
    let by_folder = around.pages_by_folder();
    let mut verdicts = Vec::with_capacity(around.sources.files.len());
    for (index, file) in around.sources.files.iter().enumerate() {
        let (inherited, hidden, pages, only_drafts) = folders.entry(&file.folder).or_insert_with(|| {
            let (inherited, hidden) = givens.lying_in(around.section_of_folder(&file.folder), tables);
            let (pages, only_drafts) = around.pages_of_folder(&file.folder, &by_folder);
            (inherited, hidden, pages, only_drafts)
        });
        let written = around.written_rule(file);
        let only_drafts = *only_drafts || (written.is_none() && around.is_of_draft(file));
        let folder = assets::Folder { inherited: inherited.clone(), hidden: *hidden, pages, only_drafts };
        let section = around.section_of_folder(&file.folder);
        let mut shown = Vec::new();
        for showing in showings.get(&index).into_iter().flatten().copied() {
            // What a lesson links comes with it, not with the last lesson of all.
            let at = givens.place_in_row(section, showing.page, tables);
            let inherited = at.map_or_else(|| inherited.clone(), |at| givens.lying_at(section, Some(at), tables).0);
            shown.push(assets::Place { showing, inherited });
        }
        let mut verdict = assets::decide(&shown, &folder, written);
        verdict.rule = verdict.rule.settled(around.clock, around.config.catalogue.cancellation());
        if verdict.is_unshown() && !verdict.rule.is_public() && !diagnostic::any_error(diagnostics) {
            let warning =
                Diagnostic::warning("no page shows this file, so it is kept for those who may read all beside it");
            let help = "link it from a page, or say who it is for with `files:` in the front matter beside it";
            diagnostics.push(warning.at(Location::file(&file.path)).help(help).named(Lint::UnshownFile));
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// Two sources for one URL.
fn collisions(around: &texts::Around<'_>, tags: &[TagPage], verdicts: &[assets::Verdict]) -> Vec<Diagnostic> {
    let pages = around.raw.iter().enumerate().filter(|(page, raw)| around.is_published(*page) && !raw.is_not_found());
    // A page without a URL was reported already.
    let pages = pages.filter(|(_, raw)| !raw.url.is_empty());
    let pages = pages.map(|(_, raw)| (raw.url.clone(), Location::file(&raw.source.path)));
    let sections = (0..around.tree.len())
        .filter(|section| around.tree.page_of(*section).is_none())
        .map(|section| (around.section_url(section), Location::file(&around.section_source(section))));
    let files = around.sources.files.iter().zip(verdicts).filter(|(_, verdict)| !verdict.rule.is_nobody());
    let files = files.map(|(file, _)| (around.file_url(file), Location::file(&file.path)));
    let statics = around.sources.static_files.iter().map(|file| (static_url(file), Location::file(&file.path)));
    let made: Arc<str> = "(made by the build)".into();
    let own = ["/sitemap.xml".to_owned()];
    let tags = tags.iter().map(|tag| tag.url.clone()).chain(own).map(|url| (url, Location::file(&made)));
    let sources = pages.chain(sections).chain(files).chain(statics);
    let mut faults = names::collisions(sources.chain(tags));
    for fault in faults.iter_mut().filter(|fault| fault.location.as_ref().is_some_and(|place| place.file == made)) {
        // The build's own pages cannot be renamed: the writer's file is what is at fault.
        fault.location = fault.also.take();
        fault.message = fault.message.replacen("two sources for", "the build itself makes", 1);
        fault.help = Some("rename this file, or give the page a `slug` or a `path`".to_owned());
    }
    faults
}

/// Everything but pages that has a URL, or may have one.
fn beside_pages(
    sources: &Sources,
    raw: &[pages::RawPage],
    (tree, folders): (&Tree, &BTreeMap<String, String>),
) -> Vec<(String, Location)> {
    let sections = (0..tree.len()).filter(|section| tree.page_of(*section).is_none());
    let sections = sections.map(|section| {
        let folder: Arc<str> = format!("content/{}", tree.folder(section)).trim_end_matches('/').into();
        (pages::section_url(raw, tree, section), Location::file(&folder))
    });
    let files = sources.files.iter().map(|file| (pages::file_url(folders, file), Location::file(&file.path)));
    let statics = sources.static_files.iter().map(|file| (static_url(file), Location::file(&file.path)));
    let made: Arc<str> = "(made by the build)".into();
    let tags = raw.iter().flat_map(|page| &page.front_matter.tags);
    let tags = tags.map(|tag| format!("/tags/{}/", names::slugify(tag)));
    let tags = tags.chain(["/tags/".to_owned(), "/sitemap.xml".to_owned(), "/robots.txt".to_owned()]);
    let tags = tags.map(|url| (url, Location::file(&made)));
    sections.chain(files).chain(statics).chain(tags).collect()
}

fn static_url(file: &FileSource) -> String {
    format!("/{}", file.path.strip_prefix("static/").unwrap_or(&file.path))
}

/// Everything at hand, to be put together into a site.
struct Assembly<'a> {
    request: &'a Request<'a>,
    fates: &'a [Fate],
    tags: &'a [TagPage],
    known: &'a Remembered,
}

impl Assembly<'_> {
    fn site(&self, config: Config) -> Site {
        let mut rules = RuleBook::default();
        let Remembered { laid: Laid { raw, tree, .. }, ids, decided, texts, .. } = self.known;
        let sections = self.sections(&mut rules);
        let skipped = self.skipped();
        let (files, statics) = self.files(&mut rules);
        let mut redirects = BTreeMap::new();
        for (raw, fate) in raw.iter().zip(self.fates) {
            if *fate == Fate::Published {
                redirects.extend(raw.aliases.iter().map(|(alias, _)| (alias.clone(), raw.url.clone())));
            }
        }
        let tags = self.tags.iter().map(|tag| TagPage {
            pages: tag.pages.iter().filter_map(|page| ids.get(page.0).copied().flatten()).collect(),
            ..tag.clone()
        });
        let tags = tags.collect();
        let targets = Targets::new(self.known);
        let mut pages = Vec::new();
        let mut not_found = None;
        let owned =
            (0..raw.len()).map(|page| SectionId(tree.own_section(page).unwrap_or_else(|| tree.section_of(page))));
        let all = raw.iter().zip(decided).zip(texts).zip(self.fates).zip(owned);
        for ((((raw, decided), text), fate), section) in all {
            if *fate == Fate::Published {
                if raw.is_not_found() {
                    not_found = Some(PageId(pages.len()));
                }
                pages.push(Arc::new(page(raw, decided, text, (section, self.request.clock, &targets, &mut rules))));
            }
        }
        let clock = self.request.clock;
        Site { config, clock, rules, pages, sections, files, statics, redirects, not_found, skipped, tags }
    }

    fn sections(&self, rules: &mut RuleBook) -> Vec<Section> {
        let Remembered { laid: Laid { raw, tree, .. }, ids, decided, published, .. } = self.known;
        let known = inherit::known_sections(tree, decided, published);
        let make = |(section, rule): (usize, Rule)| Section {
            folder: tree.folder(section).into(),
            url: pages::section_url(raw, tree, section),
            title: pages::section_title(tree, section),
            parent: tree.parent(section).map(SectionId),
            page: tree.page_of(section).and_then(|page| ids.get(page).copied().flatten()),
            children: tree
                .children(section)
                .iter()
                .filter_map(|child| match child {
                    TreeChild::Page(page) => ids.get(*page).copied().flatten().map(Child::Page),
                    TreeChild::Section(below) => Some(Child::Section(SectionId(*below))),
                })
                .collect(),
            listed: rules.enter(rule.public_part()),
            known: rules.enter(rule),
        };
        known.into_iter().enumerate().map(make).collect()
    }

    fn skipped(&self) -> Skipped {
        let mut skipped = Skipped::default();
        let Remembered { laid: Laid { raw, .. }, decided, .. } = self.known;
        for ((raw, fate), decided) in raw.iter().zip(self.fates).zip(decided) {
            let source = Arc::clone(&raw.source.path);
            match fate {
                Fate::Published => {}
                Fate::Draft => skipped.drafts.push(source),
                Fate::Later(release) => skipped.later.push((source, *release)),
                Fate::Expired => skipped.expired.push(source),
            }
            skipped.pages.extend(unpublished(raw, decided, *fate));
        }
        skipped
    }

    /// The places that show each file.
    fn shown(&self) -> Vec<Vec<Shown>> {
        let Remembered { laid: Laid { raw, sources, .. }, decided, texts, .. } = self.known;
        let mut shown = vec![Vec::new(); sources.files.len()];
        let showings = texts.iter().flat_map(|text| &text.showings).filter(|showing| showing.published);
        for showing in showings {
            let place = shown.get_mut(showing.file).zip(raw.get(showing.page));
            let Some((places, page)) = place else { continue };
            let for_all = decided.get(showing.page).is_some_and(|page| page.known == showing.rule);
            let how = match (&showing.usage, &showing.range) {
                (_, None) if for_all => How::Image,
                (_, None) => How::FrontMatter,
                (None, _) => How::Named,
                (Some(html::Usage::Embed), _) => How::Embedded,
                (Some(html::Usage::Link | html::Usage::Anchor), _) => How::Linked,
            };
            let (file, span) = (Arc::clone(&page.source.path), showing.range.clone().unwrap_or_default());
            let written = Written { file, span, cascade: false };
            places.push(Shown { written, how, hidden: showing.hidden });
        }
        // A name in a text counts only where nothing else shows the file.
        for places in shown.iter_mut().filter(|places| places.iter().any(|place| place.how != How::Named)) {
            places.retain(|place| place.how != How::Named);
        }
        shown
    }

    fn files(&self, rules: &mut RuleBook) -> (Vec<File>, Vec<StaticFile>) {
        let mut files = Vec::new();
        let shown = self.shown();
        let Remembered { laid: Laid { sources, .. }, verdicts, .. } = self.known;
        for ((file, verdict), shown) in sources.files.iter().zip(verdicts).zip(shown) {
            if !verdict.rule.is_nobody() {
                files.push(File {
                    source: Arc::clone(&file.path),
                    url: pages::file_url(&self.known.laid.folders, file),
                    rule: rules.enter(verdict.rule.clone()),
                    hidden: verdict.hidden,
                    why: verdict.why.clone(),
                    shown,
                });
            }
        }
        let own = self.known.laid.sources.static_files.iter();
        let own =
            own.map(|file| StaticFile { url: static_url(file), content: Content::OnDisk(Arc::clone(&file.path)) });
        (files, own.chain(self.request.theme_files.iter().cloned()).collect())
    }
}

/// What there is to say of a page that is not published.
fn unpublished(raw: &RawPage, decided: &Decided, fate: Fate) -> Option<Unpublished> {
    let why = match fate {
        Fate::Published => return None,
        Fate::Draft => Why::Draft,
        Fate::Later(release) => Why::Later(release),
        Fate::Expired => Why::Expired,
    };
    Some(Unpublished {
        source: Arc::clone(&raw.source.path),
        url: raw.url.clone(),
        title: raw.front_matter.title.clone().unwrap_or_else(|| raw.fallback_title.clone()),
        tags: decided.tags.clone(),
        date: raw.date,
        why,
        keys: decided.keys.clone(),
    })
}

/// Puts a page's pieces under their rules.
fn page(
    raw: &RawPage,
    decided: &Decided,
    text: &Text,
    (section, clock, targets, rules): (SectionId, Timestamp, &Targets, &mut RuleBook),
) -> Page {
    let links = targets.links(&text.uses);
    let rule = rules.enter(decided.rule.clone());
    let for_all = decided.rule == decided.known;
    let matter = raw.front_matter.clone();
    let heading = text.first_heading.clone().filter(|_| matter.title.is_none());
    let title = matter.title.or_else(|| heading.clone().filter(|_| for_all));
    let body = body(text, decided, rules);
    let access = access(decided, (text.divider, clock), rules);
    Page {
        url: raw.url.clone(),
        kind: match raw.source.kind {
            sources::Kind::Section => PageKind::Section,
            sources::Kind::NotFound => PageKind::NotFound,
            sources::Kind::Page | sources::Kind::PageFolder => PageKind::Page,
        },
        section,
        open: Open {
            title: title.unwrap_or_else(|| raw.fallback_title.clone()),
            description: matter.description.unwrap_or_default(),
            image: text.image.clone(),
            date: raw.date,
            updated: matter.updated,
            tags: matter.tags,
            categories: matter.categories,
            weight: matter.weight,
            language: matter.language,
            template: matter.template.map(|template| template.value),
        },
        numbered: raw.source.naming.number.is_some(),
        kept: Gated::new(rule, Kept { title: heading, extra: serde_json::Value::Object(matter.extra) }),
        source: Arc::clone(&raw.source.path),
        access,
        keys: decided.keys.clone(),
        body,
        links,
    }
}

/// Numbers of the site for what was read: none for what is not published.
struct Targets {
    pages: Vec<Option<PageId>>,
    files: Vec<Option<FileId>>,
}

impl Targets {
    fn new(known: &Remembered) -> Self {
        let mut count = 0;
        let number = |verdict: &assets::Verdict| {
            let is_published = !verdict.rule.is_nobody();
            count += usize::from(is_published);
            is_published.then(|| FileId(count - 1))
        };
        Self { pages: known.ids.clone(), files: known.verdicts.iter().map(number).collect() }
    }

    fn links(&self, uses: &[Use<links::Target>]) -> Vec<Link> {
        uses.iter().filter_map(|used| self.link(used)).collect()
    }

    fn link(&self, used: &Use<links::Target>) -> Option<Link> {
        let target = match used.target {
            links::Target::Page(page) => LinkTarget::Page(self.pages.get(page).copied().flatten()?),
            links::Target::Section(section) => LinkTarget::Section(SectionId(section)),
            links::Target::File(file) => LinkTarget::File(self.files.get(file).copied().flatten()?),
            links::Target::Static(_) | links::Target::Generated => return None,
        };
        let embeds = used.usage == html::Usage::Embed;
        Some(Link { target, embeds, place: used.place, span: used.range.clone() })
    }
}

/// A body, every piece under the rule of its place.
fn body(text: &Text, decided: &Decided, rules: &mut RuleBook) -> Body {
    let rule = rules.enter(decided.rule.clone());
    let above = rules.enter(decided.rule.or(&decided.teaser));
    let blocks = text.blocks.iter().map(|block| {
        let texts::RuledBlock { rule, hidden, secret: _, tags, span, drip, parent, range } = block.clone();
        Block { rule: rules.enter(rule), hidden, tags, span, drip, parent, range }
    });
    gated(text, (rule, above), blocks.collect())
}

/// The pieces of a text under the rules of their places.
fn gated(text: &Text, (rule, above): (RuleId, RuleId), blocks: Vec<Block>) -> Body {
    let of = |place: site::Place| match place.block.and_then(|index| blocks.get(index)) {
        Some(block) => block.rule,
        None if place.teaser && text.divider => above,
        None => rule,
    };
    let gate = |pieces: &[Arc<site::Piece>]| {
        pieces.iter().map(|piece| Gated::new(of(piece.place), Arc::clone(piece))).collect()
    };
    let (pieces, notes) = (gate(&text.pieces), gate(&text.notes));
    let (parts, divided_at) = (text.parts.clone(), text.divided_at);
    Body { parts, pieces, notes, divider: text.divider, divided_at, above, blocks }
}

/// A page's rules, entered into the book.
fn access(decided: &Decided, (divider, clock): (bool, Timestamp), rules: &mut RuleBook) -> Access {
    // Who joins today has missed what `since joining` keeps for those who were there.
    let missed = decided.next_date.is_some_and(|next| next <= clock);
    let offered = decided.tags.iter().filter(|tag| !(tag.since_joining && missed)).cloned().collect();
    Access {
        offered,
        waiting: decided.waiting.clone().map(|rule| rules.enter(rule)),
        teaser: rules.enter(if divider { decided.teaser.clone() } else { Rule::nobody() }),
        listed: rules.enter(decided.known.public_part()),
        known: rules.enter(decided.known.clone()),
        hidden: decided.hidden,
        drip: inherit::shortest_drip(&decided.rule),
        rule: rules.enter(decided.rule.clone()),
        announced: decided.release.filter(|_| decided.announce),
        tags: decided.tags.clone(),
    }
}
