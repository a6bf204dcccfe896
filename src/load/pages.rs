//! Pages as their front matter and their names describe them, before any text is parsed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::config::{Config, Links};
use crate::diagnostic::{Diagnostic, Location, Severity, Source};
use crate::load::front_matter::{self, FrontMatter, Parsed};
use crate::load::names;
use crate::load::remembered::EarlierPages;
use crate::load::sources::{self, FileSource, Kind, PageSource, Sources};
use crate::load::tree::{Leaf, Order, Tree};
use crate::time::{Date, Timestamp};

/// A page whose front matter was read.
#[derive(Clone, Debug)]
pub struct RawPage {
    /// Its file.
    pub source: PageSource,
    /// What stands in its front matter.
    pub front_matter: FrontMatter,
    /// What stands above its text, as it is written.
    pub head: Box<str>,
    /// Where its text stands in the file.
    pub body: Range<usize>,
    /// The whole file's length, to notice that it changed meanwhile.
    pub length: usize,
    /// What tells this text from an earlier one; nothing where it was read again since, and something was amiss.
    pub hash: Option<u64>,
    /// Its URL.
    pub url: String,
    /// Former addresses, and where they are written.
    pub aliases: Vec<(String, Location)>,
    /// Its date: written, else from the file's name.
    pub date: Option<Date>,
    /// A title made from the file's name.
    pub fallback_title: String,
}

impl RawPage {
    /// Whether it is the site's words for "not found", which stand at no URL.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.source.kind == Kind::NotFound
    }

    /// The folder it lies in, below `content/`.
    #[must_use]
    pub fn folder(&self) -> &str {
        below_content(&self.source.folder)
    }
}

/// A path without `content` or `content/` in front.
#[must_use]
pub fn below_content(path: &str) -> &str {
    path.strip_prefix("content/").unwrap_or(if path == "content" { "" } else { path })
}

/// Reads the front matter of all pages; their faults are added. A page with a fault is there as well, marked as faulty.
#[must_use]
pub(super) fn read(
    sources: &Sources,
    config: &Config,
    (earlier, diagnostics): (Option<EarlierPages<'_>>, &mut Vec<Diagnostic>),
) -> Vec<RawPage> {
    let read = |source: &PageSource| match earlier.and_then(|earlier| earlier.get(source)) {
        Some(page) => (RawPage { url: String::new(), aliases: Vec::new(), ..page.clone() }, Vec::new()),
        None => read_one(source, config),
    };
    let read: Vec<_> = sources.pages.par_iter().map(read).collect();
    let mut pages = Vec::with_capacity(read.len());
    for (page, faults) in read {
        pages.push(page);
        diagnostics.extend(faults);
    }
    let mut written: BTreeMap<Arc<str>, String> = BTreeMap::new();
    // Folders come before what is in them, because sources are ordered by path and `_index.md` is looked at first.
    let mut order: Vec<usize> = (0..pages.len()).collect();
    order.sort_by_key(|index| {
        pages
            .get(*index)
            .map(|page: &RawPage| (page.source.folder.matches('/').count(), page.source.kind == Kind::Page))
    });
    for index in order {
        if let Some(page) = pages.get_mut(index) {
            place(page, &mut written, diagnostics);
        }
    }
    if config.links == Links::Warn {
        keep_dates(&mut pages, diagnostics);
    }
    pages
}

/// Posts that differ in their dates alone have one URL here, and had two where dates are part of it: where such things
/// are warnings, the later ones keep their date.
fn keep_dates(pages: &mut [RawPage], diagnostics: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<String, Location> = BTreeMap::new();
    for page in pages.iter_mut().filter(|page| !page.is_not_found()) {
        let place = Location::file(&page.source.path);
        let named = page.front_matter.path.is_none() && page.front_matter.slug.is_none();
        let date = page.source.naming.date.filter(|_| named);
        if let (Some(first), Some(date)) = (taken.get(&names::folded_path(&page.url)), date) {
            let parent = page.url.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
            let url = format!("{parent}/{date}-{}/", page.source.naming.slug);
            let message = format!("two sources for `{}`: this one is published at `{url}`", page.url);
            diagnostics.push(Diagnostic::warning(message).at(place.clone()).also(first.clone()));
            page.url = url;
        }
        taken.entry(names::folded_path(&page.url)).or_insert(place);
    }
}

/// A former address must not be one that something else has, or had: a page, or what `others` has by its URL.
pub fn settle_aliases(
    pages: &mut [RawPage],
    others: impl Iterator<Item = (String, Location)>,
    links: Links,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let own = pages.iter().filter(|page| !page.is_not_found());
    let own = own.map(|page| (page.url.clone(), Location::file(&page.source.path)));
    let mut taken: BTreeMap<String, (String, Location)> =
        others.chain(own).map(|(url, place)| (names::folded_path(&url), (url, place))).collect();
    for page in pages {
        let (own, url) = (names::folded_path(&page.url), page.url.clone());
        page.aliases.retain(|(alias, place)| {
            let key = names::folded_path(alias);
            if names::is_own(alias) {
                let fault = Diagnostic::error(format!(
                    "the alias `{alias}` belongs to the build, which puts files of its own there"
                ));
                diagnostics.push(fault.at(place.clone()).help("remove it"));
                return false;
            }
            match taken.get(&key) {
                _ if key == own => false,
                Some((target, _)) if *target == url => false,
                Some((_, other)) => {
                    let message = format!("the alias `{alias}` is the address of something else");
                    let fault =
                        if links == Links::Warn { Diagnostic::warning(message) } else { Diagnostic::error(message) };
                    diagnostics.push(fault.at(place.clone()).also(other.clone()).help("remove it from one of the two"));
                    false
                }
                None => {
                    taken.insert(key, (url.clone(), place.clone()));
                    true
                }
            }
        });
    }
}

fn read_one(source: &PageSource, config: &Config) -> (RawPage, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let text = match sources::read_text(&source.disk, &source.path) {
        Ok(text) => text,
        Err(fault) => {
            let front_matter = FrontMatter { faulty: true, ..FrontMatter::default() };
            return (raw(source, config, (Parsed { front_matter, body: 0..0 }, "")), vec![*fault]);
        }
    };
    let context =
        front_matter::Context { zone: &config.zone, catalogue: &config.catalogue, own_keys: &config.own_keys };
    let parsed = front_matter::read_what_can_be(Source { file: &source.path, text: &text }, &context, &mut faults);
    (raw(source, config, (parsed, &text)), faults)
}

fn raw(source: &PageSource, config: &Config, (parsed, text): (Parsed, &str)) -> RawPage {
    RawPage {
        date: parsed
            .front_matter
            .date
            .as_ref()
            .map(|date| date.value)
            .or_else(|| source.naming.date.map(|day| named_date(day, config))),
        fallback_title: names::title_of(&source.naming),
        front_matter: parsed.front_matter,
        head: text.get(..parsed.body.start).unwrap_or_default().into(),
        body: parsed.body,
        length: text.len(),
        hash: Some(hash(text)),
        url: String::new(),
        aliases: Vec::new(),
        source: source.clone(),
    }
}

/// A hash that is good enough to tell one text from the next.
pub(super) fn hash(text: &str) -> u64 {
    use std::hash::Hasher as _;
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The date in a file's name: that day in the site's time zone.
fn named_date(day: jiff::civil::Date, config: &Config) -> Date {
    let instant = |day: jiff::civil::Date| {
        let zoned = config.zone.to_zoned(day.to_datetime(jiff::civil::Time::midnight()));
        Timestamp::saturating(zoned.map_or(0, |zoned| zoned.timestamp().as_second()))
    };
    let next = day.tomorrow().unwrap_or(day);
    Date { first: instant(day), end: instant(next), civil: day.to_datetime(jiff::civil::Time::midnight()), bare: true }
}

/// Gives a page its URL and former addresses.
fn place(page: &mut RawPage, written: &mut BTreeMap<Arc<str>, String>, diagnostics: &mut Vec<Diagnostic>) {
    let matter = &page.front_matter;
    let path = matter.path.as_ref();
    match names::url_of(
        &page.source,
        path.map(|path| path.value.as_str()),
        matter.slug.as_ref().map(|slug| slug.value.as_str()),
        written,
    ) {
        Ok(found) => {
            page.url = found.url;
            let place = Location::file(&page.source.path);
            page.aliases.extend(found.alias.map(|alias| (alias, place)));
        }
        Err(fault) => {
            let place = match path {
                Some(path) => locate_in(&page.source, path.span.clone()),
                None => Location::file(&page.source.path),
            };
            diagnostics.push(
                Diagnostic::error(format!("no URL can be made for this page: {fault}"))
                    .at(place)
                    .help("give it a `slug` or a `path`"),
            );
        }
    }
    for alias in &page.front_matter.aliases {
        match names::alias_url(&alias.value) {
            Ok(url) if url == page.url => {}
            Ok(url) => page.aliases.push((url, locate_in(&page.source, alias.span.clone()))),
            Err(fault) => {
                let place = locate_in(&page.source, alias.span.clone());
                diagnostics.push(Diagnostic::error(format!("no edge would serve this alias: {fault}")).at(place));
            }
        }
    }
    if matches!(page.source.kind, Kind::Section | Kind::PageFolder) {
        written.entry(Arc::clone(&page.source.folder)).or_insert_with(|| page.url.clone());
    }
}

/// A page may ask for a template that the theme has; where another generator's mechanisms are warnings, it gets the usual
/// one instead.
pub fn settle_templates(
    pages: &mut [RawPage],
    links: Links,
    missing: &dyn Fn(&str) -> Option<Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for page in pages {
        let Some(template) = &page.front_matter.template else { continue };
        if let Some(fault) = missing(&template.value) {
            let fault = fault.at(locate_in(&page.source, template.span.clone()));
            let warn = links == Links::Warn;
            diagnostics.push(if warn { Diagnostic { severity: Severity::Warning, ..fault } } else { fault });
            page.front_matter.template = None;
        }
    }
}

/// Finds a byte range of a page's file, for messages; the file is read once more.
#[must_use]
pub fn locate(pages: &[RawPage], page: usize, range: Range<usize>) -> Location {
    match pages.get(page) {
        Some(page) => locate_in(&page.source, range),
        None => Location::file(&"content".into()),
    }
}

/// The same for a source.
#[must_use]
pub fn locate_in(source: &PageSource, range: Range<usize>) -> Location {
    match sources::read_text(&source.disk, &source.path) {
        Ok(text) if !range.is_empty() => Source { file: &source.path, text: &text }.locate(range),
        Ok(_) | Err(_) => Location::file(&source.path),
    }
}

/// Sections and what stands in them.
#[must_use]
pub fn tree(pages: &[RawPage], folders: &BTreeMap<String, String>) -> Tree {
    let leaves: Vec<Leaf> = pages
        .iter()
        .map(|page| Leaf {
            folder: page.folder().into(),
            is_index: page.source.kind == Kind::Section,
            is_folder_page: page.source.kind == Kind::PageFolder,
            order: order(page),
            url: page.url.clone(),
        })
        .collect();
    let folder_url = |folder: &str| {
        let folder = format!("content/{folder}");
        folders.get(folder.trim_end_matches('/')).cloned().unwrap_or_default()
    };
    Tree::new(&leaves, &folder_order, &folder_url)
}

/// Reading order: weight, else number; then date; then the name.
fn order(page: &RawPage) -> Order {
    let number = page.source.naming.number.map(i64::from);
    let rank = page.front_matter.weight.or(number);
    let date = page.date.map(|date| date.first);
    Order {
        rank: (rank.is_none(), rank.unwrap_or_default()),
        date: (date.is_none(), date.unwrap_or(Timestamp::MIN)),
        name: Arc::clone(&page.source.path),
    }
}

fn folder_order(name: &str) -> Order {
    let number = names::name_of(name).number.map(i64::from);
    Order { rank: (number.is_none(), number.unwrap_or_default()), date: (true, Timestamp::MIN), name: name.into() }
}

/// The URL of a section: its page's, else made from its folder.
#[must_use]
pub fn section_url(pages: &[RawPage], tree: &Tree, section: usize) -> String {
    if let Some(page) = tree.page_of(section).and_then(|page| pages.get(page)) {
        return page.url.clone();
    }
    match tree.parent(section) {
        Some(parent) => {
            let folder = tree.folder(section);
            let name = folder.rsplit('/').next().unwrap_or(folder);
            format!("{}{}/", section_url(pages, tree, parent), names::name_of(name).slug)
        }
        None => "/".to_owned(),
    }
}

/// A title made from a section's folder.
#[must_use]
pub fn section_title(tree: &Tree, section: usize) -> String {
    let folder = tree.folder(section);
    names::title_of(&names::name_of(folder.rsplit('/').next().unwrap_or(folder)))
}

/// The URL of a file: its folder's URL and its name.
#[must_use]
pub fn file_url(folders: &BTreeMap<String, String>, file: &FileSource) -> String {
    let folder = folders.get(file.folder.as_ref()).map_or("/", String::as_str);
    format!("{folder}{}", file.name)
}

/// The URL of every folder below `content/`, by its path.
#[must_use]
pub fn folder_urls(pages: &[RawPage], sources: &Sources) -> BTreeMap<String, String> {
    let mut written: BTreeMap<Arc<str>, String> = BTreeMap::new();
    for page in pages.iter().filter(|page| matches!(page.source.kind, Kind::Section | Kind::PageFolder)) {
        let section = page.source.kind == Kind::Section;
        if section || !written.contains_key(&page.source.folder) {
            written.insert(Arc::clone(&page.source.folder), page.url.clone());
        }
    }
    sources.folders.iter().map(|folder| (folder.to_string(), names::folder_url(folder, &written))).collect()
}
