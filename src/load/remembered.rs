//! What a load worked out before it parsed the texts, kept so that one of them can be parsed again alone.
//!
//! A writer saves a page, and mostly only words between its markers are other ones. Then nothing of what was decided about
//! the site is in question. What could be in question is looked at, and is a reason to refuse: whoever asked loads the whole
//! site then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::load::assembly::{Targets, gated};
use crate::load::inherit::Decided;
use crate::load::links::Target;
use crate::load::markdown::Use;
use crate::load::pages::RawPage;
use crate::load::sources::{self, PageSource, Sources};
use crate::load::texts::{self, Addresses, Around, FilesKey, RuledBlock, Text};
use crate::load::{Earlier, Laid, Request, assets, frame, pages};
use crate::site::{Block, PageId, Place, Site, StaticFile, Words};
use crate::time::Timestamp;

/// See the module.
#[derive(Debug)]
pub struct Remembered {
    /// Files that were warned about.
    pub(super) warned: BTreeSet<Arc<str>>,
    pub(super) ids: Vec<Option<PageId>>,
    pub(super) setting: Setting,
    pub(super) laid: Laid,
    pub(super) decided: Vec<Decided>,
    pub(super) published: Vec<bool>,
    pub(super) files_keys: Vec<FilesKey>,
    pub(super) addresses: Addresses,
    pub(super) verdicts: Vec<assets::Verdict>,
    pub(super) texts: Vec<Arc<Text>>,
}

/// What a load was asked for.
#[derive(Debug)]
pub(super) struct Setting {
    config: Config,
    alerts: BTreeMap<String, String>,
    theme_files: Vec<StaticFile>,
    clock: Timestamp,
}

impl Setting {
    pub(super) fn new(request: &Request<'_>, config: &Config) -> Self {
        Self {
            config: config.clone(),
            alerts: request.alerts.clone(),
            theme_files: request.theme_files.clone(),
            clock: request.clock,
        }
    }
}

impl<'a> Earlier<'a> {
    /// The pages as they were read, less those that have to be read again; none where they would be read otherwise now.
    pub(super) fn pages(self, config: &Config) -> Option<EarlierPages<'a>> {
        let Self { remembered, changed } = self;
        let changed = changed.filter(|_| !remembered.laid.sources.linked)?;
        is_same_config(&remembered.setting.config, config).then_some(EarlierPages { remembered, changed })
    }

    /// The texts as they were parsed; none where something that all of them depend on is different.
    pub(super) fn texts(self, around: &Around<'_>, addresses: &Addresses) -> Option<EarlierTexts<'a>> {
        let before = self.remembered;
        let same = is_same_config(&before.setting.config, around.config)
            && before.setting.alerts == *around.alerts
            && before.setting.clock == around.clock
            && before.setting.theme_files == *around.theme_files
            && before.laid.sources.files == around.sources.files
            && before.laid.sources.static_files == around.sources.static_files;
        if !same {
            return None;
        }
        let pages = before.laid.raw.iter().map(|page| position(around.raw, &page.source.path)).collect();
        let folders: BTreeMap<&str, usize> =
            (0..around.tree.len()).map(|section| (around.tree.folder(section), section)).collect();
        let tree = &before.laid.tree;
        let sections = (0..tree.len()).map(|section| folders.get(tree.folder(section)).copied()).collect();
        Some(EarlierTexts { remembered: before, same_index: before.addresses.is_same(addresses), pages, sections })
    }
}

/// Pages that were read before.
#[derive(Clone, Copy)]
pub(super) struct EarlierPages<'a> {
    remembered: &'a Remembered,
    changed: &'a BTreeSet<String>,
}

impl<'a> EarlierPages<'a> {
    /// A page that nothing was said about and that nobody touched.
    pub(super) fn get(self, source: &PageSource) -> Option<&'a RawPage> {
        let path = source.path.as_ref();
        let page = self.remembered.laid.raw.get(self.remembered.number(path)?)?;
        let folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        let touched = folders.chain([path]).any(|part| self.changed.contains(part));
        let same = !touched && !self.remembered.warned.contains(path) && page.source == *source;
        same.then_some(page)
    }
}

/// Texts that were parsed before.
pub(super) struct EarlierTexts<'a> {
    remembered: &'a Remembered,
    /// Whether every address leads where it led, under the same number.
    same_index: bool,
    /// The numbers that pages have now, by those that they had.
    pages: Vec<Option<usize>>,
    /// The same of sections.
    sections: Vec<Option<usize>>,
}

impl EarlierTexts<'_> {
    /// A text, where its file and all that was decided about its page are what they were.
    pub(super) fn get(&self, around: &Around<'_>, addresses: &Addresses, page: usize) -> Option<Arc<Text>> {
        let before = self.remembered;
        let now = around.raw.get(page)?;
        let number = before.number(&now.source.path)?;
        let then = before.laid.raw.get(number)?;
        let same = then.source == now.source
            && then.hash.is_some()
            && then.hash == now.hash
            && then.length == now.length
            && then.url == now.url
            && then.date == now.date
            && before.decided.get(number)? == around.decided.get(page)?
            && *before.published.get(number)? == around.is_published(page)
            && !before.warned.contains(&now.source.path);
        let text = before.texts.get(number).filter(|_| same)?;
        if self.same_index && number == page {
            return Some(Arc::clone(text));
        }
        text.in_site(around, addresses, (page, &|target| self.renumber(target))).map(Arc::new)
    }

    fn renumber(&self, target: Target) -> Option<Target> {
        match target {
            Target::Page(page) => self.pages.get(page).copied().flatten().map(Target::Page),
            Target::Section(section) => self.sections.get(section).copied().flatten().map(Target::Section),
            // Files are the same in the same order.
            Target::File(_) | Target::Static(_) | Target::Generated => Some(target),
        }
    }
}

/// The number of a page among those that were read: they stand in the order of their paths.
fn position(pages: &[RawPage], path: &str) -> Option<usize> {
    pages.binary_search_by(|page| page.source.path.as_ref().cmp(path)).ok()
}

/// Whether two readings of site.yaml say the same.
fn is_same_config(a: &Config, b: &Config) -> bool {
    // Written out, for what it is made of cannot all be compared.
    format!("{a:?}") == format!("{b:?}")
}

impl Remembered {
    /// Whether every file that was read has one name: where there are symbolic links it may have others.
    #[must_use]
    pub fn has_plain_names(&self) -> bool {
        !self.laid.sources.linked
    }

    /// Whether this path, below the site's root, is a page that was read.
    #[must_use]
    pub fn is_page(&self, path: &str) -> bool {
        self.number(path).is_some()
    }

    /// Whether something that was found lies at this path or below it.
    #[must_use]
    pub fn is_known(&self, path: &str) -> bool {
        let at = |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let Sources { pages, files, static_files, folders, linked: _, originals: _ } = &self.laid.sources;
        pages.iter().any(|page| at(&page.path))
            || files.iter().chain(static_files).any(|file| at(&file.path))
            || folders.iter().any(|folder| at(folder))
    }

    /// Whether a page's file holds the text that was read.
    #[must_use]
    pub fn is_text_of(&self, path: &str) -> bool {
        let raw = self.number(path).and_then(|number| self.laid.raw.get(number));
        raw.filter(|raw| raw.hash.is_some()).is_some_and(|raw| {
            let text = sources::read_text(&raw.source.disk, &raw.source.path).ok();
            text.is_some_and(|text| text.len() == raw.length && Some(pages::hash(&text)) == raw.hash)
        })
    }

    fn number(&self, path: &str) -> Option<usize> {
        position(&self.laid.raw, path)
    }

    /// Reads the texts of some pages again. `None` where more than words changed, or could have: then nothing of it is
    /// remembered, for the site that is held says nothing of it.
    pub(crate) fn reread(&mut self, site: &Site, paths: &[&str]) -> Option<Vec<(PageId, Words)>> {
        let numbers = paths.iter().filter_map(|path| self.number(path));
        let of =
            |number: usize| Some((number, self.laid.raw.get(number)?.clone(), Arc::clone(self.texts.get(number)?)));
        let before: Vec<(usize, RawPage, Arc<Text>)> = numbers.filter_map(of).collect();
        let words: Option<Vec<_>> = paths.iter().map(|path| self.reread_one(site, path)).collect();
        if words.is_none() {
            for (number, page, text) in before {
                if let Some((now, parsed)) = self.laid.raw.get_mut(number).zip(self.texts.get_mut(number)) {
                    (*now, *parsed) = (page, text);
                }
            }
        }
        words
    }

    fn reread_one(&mut self, site: &Site, path: &str) -> Option<(PageId, Words)> {
        let number = self.number(path)?;
        let id = (*self.ids.get(number)?)?;
        if self.warned.contains(path) {
            return None;
        }
        let raw = self.laid.raw.get_mut(number)?;
        let text = sources::read_text(&raw.source.disk, &raw.source.path).ok()?;
        let body = frame::part(&text).ok()?.body;
        if text.get(..body.start)? != raw.head.as_ref() {
            return None;
        }
        (raw.body, raw.length, raw.hash) = (body, text.len(), None);
        let around = self.around(site);
        let (parsed, faults) = texts::parse(&around, &self.addresses, (number, &text));
        let before = self.texts.get(number)?;
        // A heading is a title only where none is written.
        let title =
            self.laid.raw.get(number)?.front_matter.title.is_some() || parsed.first_heading == before.first_heading;
        if !faults.is_empty() || !title || !is_alike(before, &parsed) || self.is_missed(number, &parsed) {
            return None;
        }
        *self.texts.get_mut(number)? = Arc::new(parsed);
        if !texts::check_links_of(&self.around(site), &self.texts, &self.verdicts, number).is_empty() {
            return None;
        }
        self.laid.raw.get_mut(number)?.hash = Some(pages::hash(&text));
        let page = site.page(id)?;
        let text = self.texts.get(number)?;
        let blocks = page.body.blocks.iter().zip(&text.blocks);
        let blocks = blocks
            .map(|(block, text)| Block { span: text.span.clone(), range: text.range.clone(), ..block.clone() })
            .collect();
        let body = gated(text, (page.access.rule, page.body.above), blocks);
        Some((id, Words { body, links: Targets::new(self).links(&text.uses) }))
    }

    /// Whether an anchor is gone that another page's link leads to; or one came where links were warned about.
    fn is_missed(&self, number: usize, text: &Text) -> bool {
        let Some(before) = self.texts.get(number).filter(|before| before.anchors != text.anchors) else { return false };
        let leads_there = |used: &Use<Target>| {
            let gone = |fragment: &String| before.anchors.contains(fragment) && !text.anchors.contains(fragment);
            used.target == Target::Page(number) && used.fragment.as_ref().is_some_and(gone)
        };
        let others = self.texts.iter().enumerate().filter(|(other, _)| *other != number);
        !self.warned.is_empty() || others.flat_map(|(_, other)| &other.uses).any(leads_there)
    }

    fn around<'a>(&'a self, site: &'a Site) -> Around<'a> {
        Around {
            config: &site.config,
            raw: &self.laid.raw,
            decided: &self.decided,
            published: &self.published,
            alerts: &self.setting.alerts,
            sources: &self.laid.sources,
            tree: &self.laid.tree,
            folders: &self.laid.folders,
            theme_files: &self.setting.theme_files,
            clock: self.setting.clock,
            files_keys: &self.files_keys,
        }
    }
}

/// Whether all that other parts of the site go by is the same in two texts, less what else could be their title.
fn is_alike(before: &Text, after: &Text) -> bool {
    // Taken apart by all fields, so that a new one must be thought of here.
    let Text {
        parts: _,
        pieces: _,
        notes: _,
        blocks,
        uses,
        anchors: _,
        first_heading: _,
        divider,
        divided_at: _,
        image,
        showings,
        lookups: _,
    } = after;
    // Where a block stands is nobody's business but its own.
    let bare = |block: &RuledBlock| RuledBlock { span: 0..0, range: 0..0, ..block.clone() };
    blocks.iter().map(bare).eq(before.blocks.iter().map(bare))
        && statics(uses) == statics(&before.uses)
        && *divider == before.divider
        && *image == before.image
        && *showings == before.showings
}

/// What a text shows of `static/`, and where: whether only gated places show a file is a question to all pages.
fn statics(uses: &[Use<Target>]) -> BTreeSet<(usize, Place)> {
    let of = |used: &Use<Target>| match used.target {
        Target::Static(file) => Some((file, used.place)),
        Target::Page(_) | Target::Section(_) | Target::File(_) | Target::Generated => None,
    };
    uses.iter().filter_map(of).collect()
}
