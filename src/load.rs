//! From a folder to a [`Site`]: the only stage that reads content.
//!
//! Front matter is read first, for all pages; then every page's rules are decided; then the text is parsed, once, and its
//! pieces go under their rules as they are made. All faults of all files come together. What is half-read is never
//! handed on.

pub mod again;
mod assembly;
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

use crate::access::rule::Rule;
use crate::config::Config;
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{self, Diagnostic, Location};
use crate::load::inherit::{Decided, Givens};
use crate::load::pages::RawPage;
use crate::load::sources::{FileSource, Sources};
use crate::load::texts::Text;
use crate::load::tree::Tree;
use crate::site::{PageId, Site, StaticFile, TagPage};
use crate::time::Timestamp;

use assembly::Assembly;
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
    let sections =
        sections.map(|section| (pages::section_url(raw, tree, section), Location::file(&tree.source(section))));
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
