//! From views to bytes: pure, parallel, and blind to everything a view does not show.
//!
//! Templates get the structs of [`context`] and nothing else. What pages share (entries, whole lists, the site with its
//! menu) is turned into a template's value once, when the first page asks for it, and kept on a [`Shelf`].

pub mod account;
pub mod body;
pub mod context;
pub mod sitemap;
pub mod theme;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{OnceLock, PoisonError, RwLock};

use crate::diagnostic::Diagnostic;
use crate::plan::view::{EntryView, View, Visible};
use crate::plan::{Child, Form, SectionId, Subject};
use crate::render::context::{Context, Entry, Link, Page, Prepared, Section, Site, Tag};
use crate::render::theme::Theme;
use crate::render::words::Words;

/// What is rendered with, the same for all pages.
pub struct Renderer<'a> {
    /// The theme.
    pub theme: &'a Theme,
    /// The site as templates see it, less its menu.
    pub site: &'a Site,
    /// Strings, titles and prices.
    pub words: Words<'a>,
    /// What pages share.
    pub shelf: &'a Shelf,
}

/// What the pages of one plan share: entries and lists, each made when it is first asked for.
pub struct Shelf {
    pages: Vec<OnceLock<Listed>>,
    sections: Vec<SectionLists>,
    sites: RwLock<BTreeMap<Vec<bool>, Prepared<Site>>>,
}

/// An entry that is ready for any list.
struct Listed {
    entry: Prepared<Entry>,
    link: Link,
    description: String,
    sheets: BTreeSet<usize>,
}

/// A section as an entry, and its list.
struct SectionLists {
    own: OnceLock<Listed>,
    children: Vec<Child>,
    all: OnceLock<List>,
}

/// A list of entries with the stylesheets their badges need.
#[derive(Clone, Default)]
struct List {
    entries: Prepared<Vec<Entry>>,
    sheets: BTreeSet<usize>,
}

/// Bytes of an output, with the extension of their object.
pub struct Rendered {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// `html`, `css`, `xml` or `txt`.
    pub extension: &'static str,
}

impl Shelf {
    /// An empty shelf, for a number of pages and for sections with what they list.
    #[must_use]
    pub fn new<'a>(pages: usize, sections: impl Iterator<Item = &'a [Child]>) -> Self {
        let section = |children: &[Child]| SectionLists {
            own: OnceLock::new(),
            children: children.to_vec(),
            all: OnceLock::new(),
        };
        Self {
            pages: std::iter::repeat_with(OnceLock::new).take(pages).collect(),
            sections: sections.map(section).collect(),
            sites: RwLock::default(),
        }
    }
}

impl Renderer<'_> {
    /// Renders one variant; `number` is its place among the variants of its output.
    ///
    /// # Errors
    ///
    /// A fault of the template, with the page it was rendered for.
    pub fn render(&self, view: &View<'_>, number: usize) -> Result<Rendered, Box<Diagnostic>> {
        let text = |text: String, extension| Ok(Rendered { bytes: text.into_bytes(), extension });
        match view.subject() {
            Subject::Sitemap => text(sitemap::sitemap(&self.site.base_url, view), "xml"),
            Subject::Robots => text(sitemap::robots(&self.site.base_url), "txt"),
            Subject::Unlock(_) => text(view.sheet_text(number).to_owned(), "css"),
            Subject::Page(_)
            | Subject::Section(_)
            | Subject::Tags
            | Subject::Tag(_)
            | Subject::NotFound
            | Subject::Denial(_) => {
                let context = self.context(view);
                let bytes = self.theme.render(view.template(), view.source(), &context)?;
                Ok(Rendered { bytes, extension: "html" })
            }
        }
    }

    fn context(&self, view: &View<'_>) -> Context {
        let lists = self.theme.lists(view.template());
        let body = body::assemble(view, &self.words);
        let entries = if lists.entries { self.entries(view) } else { List::default() };
        let siblings =
            view.siblings().filter(|_| lists.siblings).map(|(section, visible)| self.list(view, section, &visible));
        let siblings = siblings.unwrap_or_default();
        let mut sheets: BTreeSet<usize> = entries.sheets.union(&siblings.sheets).copied().collect();
        let named = self.named(view, &lists.sections, &mut sheets);
        let (previous, next) = if lists.previous_next { view.neighbours() } else { (None, None) };
        let ancestors: Vec<Link> =
            if lists.ancestors { view.ancestors().iter().map(link).collect() } else { Vec::new() };
        let tags: Vec<Tag> = if lists.tags { view.tags().into_iter().map(tag).collect() } else { Vec::new() };
        let terms = view.terms().filter(|_| view.form() != Form::Open);
        let paywall = terms.map(|terms| self.words.paywall(&terms, view.form()));
        let products = paywall.as_ref().map(context::Paywall::products).unwrap_or_default();
        Context {
            site: self.site(view),
            section: view.section().as_ref().map(link),
            ancestors: Prepared::new(&ancestors),
            entries: entries.entries,
            siblings: siblings.entries,
            named,
            tags: Prepared::new(&tags),
            previous: previous.as_ref().map(link),
            next: next.as_ref().map(link),
            paywall,
            unlock: view.sheet_urls(&sheets),
            account: None,
            page: Page { products, ..self.page(view, body) },
        }
    }

    fn page(&self, view: &View<'_>, body: body::Assembled) -> Page {
        let open = view.open();
        let kept = view.kept();
        let url = view.url().unwrap_or_default();
        let written = kept.and_then(|kept| kept.title.as_deref()).or_else(|| open.map(|open| open.title.as_str()));
        let title = match view.subject() {
            Subject::Tags => self.words.get("tags"),
            Subject::NotFound => open.map_or("", |open| &open.title),
            Subject::Page(_)
            | Subject::Section(_)
            | Subject::Tag(_)
            | Subject::Denial(_)
            | Subject::Sitemap
            | Subject::Robots
            | Subject::Unlock(_) => written.or_else(|| view.section_title()).or_else(|| view.tag()).unwrap_or_default(),
        };
        let title = if title.is_empty() && view.kind() == "home" { &self.site.title } else { title };
        let tags = open.map(|open| open.tags.as_slice()).unwrap_or_default();
        Page {
            title: title.to_owned(),
            url: url.to_owned(),
            permalink: format!("{}{url}", self.site.base_url),
            description: open.map(|open| open.description.clone()).unwrap_or_default(),
            form: form(view.form()),
            kind: view.kind(),
            reason: if let Subject::Denial(reason) = view.subject() { Some(reason) } else { None },
            date: open.and_then(|open| open.date).map(|date| self.words.day(&date)),
            updated: open.and_then(|open| open.updated).map(|date| self.words.day(&date)),
            image: open.and_then(|open| open.image.clone()),
            tags: tags
                .iter()
                .map(|title| Tag { title: title.clone(), url: view.tag_url(title).map(str::to_owned) })
                .collect(),
            categories: open.map(|open| open.categories.clone()).unwrap_or_default(),
            weight: open.and_then(|open| open.weight),
            language: open.and_then(|open| open.language.clone()).unwrap_or_else(|| self.site.language.clone()),
            reading_time: body.words.div_ceil(WORDS_A_MINUTE),
            word_count: body.words,
            content: body.html,
            toc: body.toc,
            extra: kept.map_or(serde_json::Value::Null, |kept| kept.extra.clone()),
            gated: view.is_gated(),
            products: Vec::new(),
        }
    }

    fn listed(&self, view: &EntryView<'_>) -> Listed {
        let open = view.open();
        let lock = view.lock();
        let tags = open.map(|open| open.tags.as_slice()).unwrap_or_default();
        let summary = body::summary(view, &self.words);
        let entry = Entry {
            title: view.title().to_owned(),
            url: view.url().to_owned(),
            permalink: format!("{}{}", self.site.base_url, view.url()),
            description: open.map(|open| open.description.clone()).unwrap_or_default(),
            summary: (!summary.is_empty()).then_some(summary),
            kind: if view.is_section() { "section" } else { "page" },
            date: open.and_then(|open| open.date).map(|date| self.words.day(&date)),
            updated: open.and_then(|open| open.updated).map(|date| self.words.day(&date)),
            image: open.and_then(|open| open.image.clone()),
            tags: tags
                .iter()
                .map(|title| Tag { title: title.clone(), url: view.tag_url(title).map(str::to_owned) })
                .collect(),
            categories: open.map(|open| open.categories.clone()).unwrap_or_default(),
            weight: open.and_then(|open| open.weight),
            release: lock.and_then(|(terms, _)| terms.release).map(|date| self.words.day(&date)),
            lock: lock.map(|(terms, lock)| context::Lock {
                keys: lock.keys.clone(),
                label: self.words.label(terms.tags),
                waiting: lock.waiting.clone(),
                later: self.words.later(&terms, lock.after),
            }),
        };
        let sheets = lock.map(|(_, lock)| lock.sheets.clone()).unwrap_or_default();
        Listed { link: link(view), description: entry.description.clone(), entry: Prepared::new(&entry), sheets }
    }

    /// The site with the menu that a view may show; most views share one.
    #[must_use]
    pub fn site(&self, view: &View<'_>) -> Prepared<Site> {
        let key = view.menu_gates();
        if let Some(site) = self.shelf.sites.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return site.clone();
        }
        let menu = view.menu().iter().map(link).collect();
        let site = Prepared::new(&Site { menu, ..self.site.clone() });
        self.shelf.sites.write().unwrap_or_else(PoisonError::into_inner).insert(key, site.clone());
        site
    }

    fn entries(&self, view: &View<'_>) -> List {
        match view.subject() {
            Subject::Tags => {
                let tags = view.tags().into_iter().map(|(title, url)| self.bare(title, url));
                List { entries: tags.map(|entry| Prepared::new(&entry)).collect(), sheets: BTreeSet::new() }
            }
            Subject::Tag(_) => self.collect(view, view.listed().into_iter()),
            Subject::Page(_)
            | Subject::Section(_)
            | Subject::NotFound
            | Subject::Denial(_)
            | Subject::Sitemap
            | Subject::Robots
            | Subject::Unlock(_) => {
                view.entries().map(|(section, visible)| self.list(view, section, &visible)).unwrap_or_default()
            }
        }
    }

    fn bare(&self, title: &str, url: &str) -> Entry {
        Entry {
            title: title.to_owned(),
            url: url.to_owned(),
            permalink: format!("{}{url}", self.site.base_url),
            description: String::new(),
            summary: None,
            kind: "page",
            date: None,
            updated: None,
            image: None,
            tags: Vec::new(),
            categories: Vec::new(),
            weight: None,
            lock: None,
            release: None,
        }
    }

    fn named(&self, view: &View<'_>, folders: &[String], sheets: &mut BTreeSet<usize>) -> Vec<Section> {
        let mut named = Vec::new();
        for folder in folders {
            let Some((section, visible)) = view.named(folder) else { continue };
            let Some(own) = self.of(view, Child::Section(section)) else { continue };
            let list = self.list(view, section, &visible);
            sheets.extend(&list.sheets);
            named.push(Section { link: own.link.clone(), description: own.description.clone(), entries: list.entries });
        }
        named
    }

    fn list(&self, view: &View<'_>, section: SectionId, visible: &Visible) -> List {
        let Some(lists) = self.shelf.sections.get(section.0) else { return List::default() };
        match visible {
            Visible::All => lists.all.get_or_init(|| self.collect(view, lists.children.iter().copied())).clone(),
            Visible::Some(shown) => {
                let children = lists.children.iter().zip(shown).filter(|(_, shown)| **shown);
                self.collect(view, children.map(|(child, _)| *child))
            }
        }
    }

    fn collect(&self, view: &View<'_>, children: impl Iterator<Item = Child>) -> List {
        let listed: Vec<&Listed> = children.filter_map(|child| self.of(view, child)).collect();
        let sheets = listed.iter().flat_map(|listed| listed.sheets.iter().copied()).collect();
        List { entries: listed.iter().map(|listed| listed.entry.clone()).collect(), sheets }
    }

    /// An entry from the shelf; a view that may not name it has none.
    fn of(&self, view: &View<'_>, child: Child) -> Option<&Listed> {
        let place = match child {
            Child::Page(page) => self.shelf.pages.get(page.0)?,
            Child::Section(section) => &self.shelf.sections.get(section.0)?.own,
        };
        let entry = view.entry(child)?;
        Some(place.get_or_init(|| self.listed(&entry)))
    }
}

/// How many words are read in a minute.
const WORDS_A_MINUTE: usize = 200;

fn form(form: Form) -> &'static str {
    match form {
        Form::Open => "open",
        Form::Waiting => "waiting",
        Form::Teaser => "teaser",
        Form::Cover => "cover",
    }
}

fn link(view: &EntryView<'_>) -> Link {
    Link { title: view.title().to_owned(), url: view.url().to_owned() }
}

fn tag((title, url): (&str, &str)) -> Tag {
    Tag { title: title.to_owned(), url: Some(url.to_owned()) }
}
