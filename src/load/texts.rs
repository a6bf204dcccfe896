//! The texts of all pages: parsed once, in parallel, with every address resolved and every block under its rule.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use globset::{GlobBuilder, GlobMatcher};
use rayon::prelude::*;

use crate::access::rule::Rule;
use crate::access::tags::{self, Drip, Tag};
use crate::config::{Config, Links};
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Location, Source};
use crate::load::assets::{self, Showing};
use crate::load::html::Usage;
use crate::load::inherit::{self, Decided};
use crate::load::links::{From, Index, Target};
use crate::load::markdown::{self, Document, RawBlock, Resolved, Settings, Use};
use crate::load::pages::{self, RawPage};
use crate::load::remembered::EarlierTexts;
use crate::load::sources::{self, FileSource, Kind, Sources};
use crate::load::tree::Tree;
use crate::load::{dates, names};
use crate::site::written::Written;
use crate::site::{PageId, Part, Piece, Place, StaticFile, TagPage};
use crate::time::{Length, Timestamp};

/// All that is known before the first text is parsed.
pub struct Around<'a> {
    /// `site.yaml`.
    pub config: &'a Config,
    /// Pages.
    pub raw: &'a [RawPage],
    /// What was decided about each.
    pub decided: &'a [Decided],
    /// Which of them are published.
    pub published: &'a [bool],
    /// Titles of alerts.
    pub alerts: &'a BTreeMap<String, String>,
    /// Files.
    pub sources: &'a Sources,
    /// Sections.
    pub tree: &'a Tree,
    /// URLs of folders.
    pub folders: &'a BTreeMap<String, String>,
    /// The theme's own files.
    pub theme_files: &'a [StaticFile],
    /// The instant for which windows are settled.
    pub clock: Timestamp,
    /// What `files:` keys say.
    pub files_keys: &'a [FilesKey],
}

/// What a `files:` key says of some files.
#[derive(Debug)]
pub struct FilesKey {
    written: Written,
    folder: Arc<str>,
    is_index: bool,
    draft: bool,
    names: GlobMatcher,
    rule: Rule,
}

/// Reads the `files:` keys of all pages; those of drafts open nothing, unless `drafts` are published too.
#[must_use]
pub fn files_keys(
    raw: &[RawPage],
    decided: &[Decided],
    (config, clock, drafts): (&Config, Timestamp, bool),
) -> Vec<FilesKey> {
    let mut keys = Vec::new();
    for (page, decided) in raw.iter().zip(decided) {
        for (pattern, tags) in &page.front_matter.gates.files {
            // The pattern was checked where it was read.
            let Ok(glob) = GlobBuilder::new(&pattern.value).literal_separator(true).build() else { continue };
            let tags: Vec<Tag> = tags.iter().map(|tag| tag.value.clone()).collect();
            let rule = tags::rule(&tags, &Drip::None, decided.next_date, &config.catalogue);
            let rule = inherit::kept_unlocked(&rule, decided.published, &config.catalogue);
            let from = decided.release.map(|date| date.first);
            let rule = rule.within(from, decided.until.map(|date| date.end));
            let file = Arc::clone(&page.source.path);
            keys.push(FilesKey {
                written: Written { file, span: pattern.span.clone(), cascade: false },
                folder: Arc::clone(&page.source.folder),
                is_index: page.source.kind == Kind::Section,
                draft: decided.draft && !drafts,
                names: glob.compile_matcher(),
                rule: rule.settled(clock, config.catalogue.cancellation()),
            });
        }
    }
    keys
}

/// A page's text, its blocks under rules, and what it shows.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// The body, step by step.
    pub parts: Vec<Part>,
    /// Its pieces.
    pub pieces: Vec<Arc<Piece>>,
    /// Its footnotes.
    pub notes: Vec<Arc<Piece>>,
    /// Its blocks.
    pub blocks: Vec<RuledBlock>,
    /// Where its addresses lead, for the check of links.
    pub uses: Vec<Use<Target>>,
    /// Its anchors.
    pub anchors: BTreeSet<String>,
    /// Its first heading outside blocks.
    pub first_heading: Option<String>,
    /// Whether there is a divider.
    pub divider: bool,
    /// Where it begins, in bytes of the file.
    pub divided_at: Option<usize>,
    /// The URL of its image.
    pub image: Option<String>,
    /// The files it shows.
    pub showings: Vec<Showing>,
    /// Every address in it that could be the site's own, as it was looked up.
    pub lookups: Vec<Lookup>,
}

/// An address of a text and what it led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lookup {
    /// As it is written.
    address: Box<str>,
    /// The URL and the target; nothing where it led nowhere.
    found: Option<(String, Target)>,
}

impl Text {
    /// The same text in another site, where every address leads to what it led to, by whatever number that has there: the
    /// page's own, and those that `renumber` gives. `None` where an address leads elsewhere now.
    pub(super) fn in_site(
        &self,
        around: &Around<'_>,
        addresses: &Addresses,
        (page, renumber): (usize, &dyn Fn(Target) -> Option<Target>),
    ) -> Option<Self> {
        let raw = around.raw.get(page)?;
        // Nothing is said of a text whose addresses are only looked up.
        let source = Source { file: &raw.source.path, text: "" };
        let from = From { folder: raw.folder(), url: &raw.url, page, source };
        let is_same = |lookup: &Lookup| match (addresses.index.quietly(from, &lookup.address), &lookup.found) {
            (None, None) => true,
            (Some((url, target)), Some((before, then))) => url == *before && renumber(*then) == Some(target),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !self.lookups.iter().all(is_same) {
            return None;
        }
        let mut text = self.clone();
        for used in &mut text.uses {
            used.target = renumber(used.target)?;
        }
        for lookup in &mut text.lookups {
            lookup.found = match lookup.found.take() {
                Some((url, target)) => Some((url, renumber(target)?)),
                None => None,
            };
        }
        for showing in &mut text.showings {
            showing.page = page;
        }
        Some(text)
    }
}

/// A gated block under its rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuledBlock {
    /// With the page's rule and those of the blocks around it.
    pub rule: Rule,
    /// Whether the closed block leaves no line.
    pub hidden: bool,
    /// Whether it, or a block around it, is hidden: who may not read it learns of nothing in it.
    pub secret: bool,
    /// Its own tags.
    pub tags: Vec<Tag>,
    /// Where they are written: bytes of the page's file.
    pub span: Range<usize>,
    /// Its own drip.
    pub drip: Drip,
    /// The block around it.
    pub parent: Option<usize>,
    /// From its opening marker to the end of the closing one, in bytes of the file.
    pub range: Range<usize>,
}

/// What every address and every name of a file in a text is looked up in.
#[derive(Debug)]
pub struct Addresses {
    index: Index,
    finders: Finders,
}

impl Addresses {
    /// Of everything that can be linked, and of the files beside pages.
    #[must_use]
    pub fn new(around: &Around<'_>, tags: &[TagPage]) -> Self {
        Self { index: around.index(tags), finders: around.finders() }
    }

    /// Whether the same is found in both, where the files beside pages are the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

/// Parses all texts, drafts among them: what a draft shows is not published.
pub(super) fn parse_all(
    around: &Around<'_>,
    addresses: &Addresses,
    (earlier, diagnostics): (Option<EarlierTexts<'_>>, &mut Vec<Diagnostic>),
) -> Vec<Arc<Text>> {
    let parse = |page: usize| match earlier.as_ref().and_then(|earlier| earlier.get(around, addresses, page)) {
        Some(text) => (text, Vec::new()),
        None => {
            let (text, faults) = parse_one(around, addresses, page);
            (Arc::new(text), faults)
        }
    };
    let parsed: Vec<_> = (0..around.raw.len()).into_par_iter().map(parse).collect();
    let mut texts = Vec::with_capacity(parsed.len());
    for (page, (text, faults)) in parsed.into_iter().enumerate() {
        if around.is_published(page) {
            diagnostics.extend(faults);
        }
        texts.push(text);
    }
    texts
}

fn parse_one(around: &Around<'_>, addresses: &Addresses, page: usize) -> (Text, Vec<Diagnostic>) {
    let Some(raw) = around.raw.get(page) else { return (Text::default(), Vec::new()) };
    match sources::read_text(&raw.source.disk, &raw.source.path) {
        Ok(text) if text.len() == raw.length && raw.hash.is_none_or(|hash| hash == pages::hash(&text)) => {
            parse(around, addresses, (page, &text))
        }
        Ok(_) => {
            let place = Location::file(&raw.source.path);
            (Text::default(), vec![Diagnostic::error("the file changed during the build").at(place)])
        }
        Err(fault) => (Text::default(), vec![*fault]),
    }
}

/// Parses one text.
#[must_use]
pub fn parse(
    around: &Around<'_>,
    Addresses { index, finders }: &Addresses,
    (page, text): (usize, &str),
) -> (Text, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let (Some(raw), Some(decided)) = (around.raw.get(page), around.decided.get(page)) else {
        return (Text::default(), faults);
    };
    let source = Source { file: &raw.source.path, text };
    let from = From { folder: raw.folder(), url: &raw.url, page, source };
    let lookups = RefCell::new(Vec::new());
    let note = |address: &str, found| lookups.borrow_mut().push(Lookup { address: address.into(), found });
    let resolve = |address: &str, range| {
        let resolved = index.resolve(from, address, range);
        match &resolved {
            Resolved::Ours { url, target, .. } => note(address, Some((url.clone(), *target))),
            Resolved::Broken(_) => note(address, None),
            Resolved::Elsewhere => {}
        }
        resolved
    };
    let settings =
        Settings { smart_punctuation: around.config.smart_punctuation, alerts: around.alerts, resolve: &resolve };
    let document = markdown::parse(source, raw.body.clone(), &settings, &mut faults);
    let blocks = blocks(around, source, (page, &document.blocks), &mut faults);
    let mut shown = Shown { around, page, decided, blocks: &blocks, showings: Vec::new() };
    shown.uses(&document.uses, document.divider);
    shown.mentions(source, (raw, &document), finders);
    let image = shown.front_matter(&|address| {
        let found = index.quietly(from, address);
        note(address, found.clone());
        found
    });
    let showings = shown.showings;
    let Document { parts, pieces, notes, uses, anchors, first_heading, divider, divided_at, .. } = document;
    let shared = |pieces: Vec<Piece>| pieces.into_iter().map(Arc::new).collect();
    let (pieces, notes) = (shared(pieces), shared(notes));
    let text = Text {
        parts,
        pieces,
        notes,
        blocks,
        uses,
        anchors,
        first_heading,
        divider,
        divided_at,
        image,
        showings,
        lookups: lookups.into_inner(),
    };
    (text, faults)
}

/// Puts blocks under their rules: each narrows the one around it, the outermost the page.
fn blocks(
    around: &Around<'_>,
    source: Source<'_>,
    (page, raw): (usize, &[RawBlock]),
    faults: &mut Vec<Diagnostic>,
) -> Vec<RuledBlock> {
    let mut ruled: Vec<RuledBlock> = Vec::new();
    let (Some(decided), Some(matter)) = (around.decided.get(page), around.raw.get(page)) else { return ruled };
    let config = around.config;
    for block in raw {
        let parent = block.parent.and_then(|parent| ruled.get(parent));
        let outer = parent.map_or(&decided.rule, |parent| &parent.rule);
        let tags = block_tags(around, source, block.tags.clone(), faults);
        let drip = block.drip.clone().map_or(Drip::None, |drip| block_drip(source, drip, faults));
        let tags = tags::resolve_plus(&tags, &decided.tags);
        let mut fault = |message: &str, help: &str| {
            faults.push(Diagnostic::error(message).at(source.locate(block.tags.clone())).help(help));
        };
        if tags.iter().any(|tag| tag.since_joining) && matter.date.is_none() && !decided.doubtful {
            fault("`since joining` needs the page's date", "write `date:` in its front matter");
        }
        if drip != Drip::None && !tags.is_empty() && tags.iter().all(Tag::is_public) && !decided.doubtful {
            fault("a block that anyone may open cannot drip", "say who it is for, or remove `drip`");
        }
        let own = tags::rule(&tags, &drip, decided.next_date, &config.catalogue);
        let own = inherit::kept_unlocked(&own, decided.published, &config.catalogue);
        let rule = outer.and(&own).settled(around.clock, config.catalogue.cancellation());
        let secret = block.hidden || parent.is_some_and(|parent| parent.secret);
        let (hidden, parent, range) = (block.hidden, block.parent, block.range.clone());
        let span = block.tags.clone();
        ruled.push(RuledBlock { rule, hidden, secret, tags, span, drip, parent, range });
    }
    ruled
}

fn block_tags(around: &Around<'_>, source: Source<'_>, range: Range<usize>, faults: &mut Vec<Diagnostic>) -> Vec<Tag> {
    let text = source.text.get(range.clone()).unwrap_or_default();
    let dates = |text: &str| dates::parse(text, &around.config.zone);
    let mut tags = Vec::new();
    let mut spans = Vec::new();
    if text.starts_with('[') {
        let plain = text.trim_matches(['[', ']']);
        let fault = Diagnostic::error("tags in a marker stand without brackets").at(source.locate(range));
        faults.push(fault.help(format!("write `<!-- access: {plain} -->`")));
        return tags;
    }
    let place = |part: Range<usize>| source.locate(range.start + part.start..range.start + part.end);
    for (at, written) in tags::split_list(text) {
        match Tag::parse(written, &around.config.catalogue, &dates) {
            Ok(parsed) => {
                for (former, now) in parsed.former {
                    let shown = written.get(former.clone()).unwrap_or_default();
                    let warning = Diagnostic::warning(format!("`{shown}` is a former id of `{now}`"));
                    let former = at.start + former.start..at.start + former.end;
                    faults.push(warning.at(place(former)).help(format!("write `{now}`")));
                }
                spans.push(at);
                tags.push(parsed.tag);
            }
            Err(fault) => {
                let found = place(at.start + fault.range.start..at.start + fault.range.end);
                let error = Diagnostic::error(fault.message).at(found);
                faults.push(Diagnostic { help: fault.help, ..error });
            }
        }
    }
    if let Some((index, message, help)) = tags::bare_public_beside(&tags) {
        let span = spans.get(index).cloned().unwrap_or(0..text.len());
        faults.push(Diagnostic::error(message).at(place(span)).help(help));
    }
    tags
}

fn block_drip(source: Source<'_>, range: Range<usize>, faults: &mut Vec<Diagnostic>) -> Drip {
    let written = source.text.get(range.clone()).unwrap_or_default();
    let (message, help) = match written.parse::<Length>() {
        Ok(Length::ZERO) => (format!("`{written}` is no time at all"), "take `drip` out"),
        Ok(length) => return Drip::All(length),
        Err(_) if written.is_empty() => ("`drip` is empty".to_owned(), "write it like `drip: 7d`"),
        Err(_) if written.starts_with("every") => {
            let help = "write a length such as `7d`; a block stands alone, so there is nothing to count";
            ("`drip: every` counts the pages of a section".to_owned(), help)
        }
        Err(_) if written.starts_with('{') => {
            ("the drip of a block counts for all who open it".to_owned(), "write a length such as `7d`")
        }
        Err(error) => (format!("`{written}` is not a length: {error}"), "write it like `12h`, `7d` or `2w`"),
    };
    // Where nothing is written there is still a place to point at: the blank after the colon.
    let place = if range.is_empty() { range.start.saturating_sub(1)..range.start } else { range };
    faults.push(Diagnostic::error(message).at(source.locate(place)).help(help));
    Drip::None
}

/// Finds the names of a folder's files in a text.
type Finders = BTreeMap<Arc<str>, (AhoCorasick, Vec<usize>)>;

/// Collects what a page shows.
struct Shown<'a> {
    around: &'a Around<'a>,
    page: usize,
    decided: &'a Decided,
    blocks: &'a [RuledBlock],
    showings: Vec<Showing>,
}

impl Shown<'_> {
    fn push(
        &mut self,
        (file, range): (usize, Option<Range<usize>>),
        usage: Option<Usage>,
        (rule, block): (Rule, Option<usize>),
    ) {
        let secret = block.and_then(|index| self.blocks.get(index)).is_some_and(|block| block.secret);
        let (hidden, published) = (self.decided.hidden || secret, self.around.is_published(self.page));
        self.showings.push(Showing { file, usage, rule, hidden, published, page: self.page, range });
    }

    /// Who reads a place.
    fn rule(&self, place: Place, divider: bool) -> Rule {
        match place.block.and_then(|index| self.blocks.get(index)) {
            Some(block) => block.rule.clone(),
            None if place.teaser && divider => self.decided.rule.or(&self.decided.teaser),
            None => self.decided.rule.clone(),
        }
    }

    fn uses(&mut self, uses: &[Use<Target>], divider: bool) {
        for used in uses {
            if let Target::File(file) = used.target {
                let rule = self.rule(used.place, divider);
                self.push((file, Some(used.range.clone())), Some(used.usage), (rule, used.place.block));
            }
        }
    }

    /// Names of files that stand in the text in any other way.
    fn mentions(&mut self, source: Source<'_>, (raw, document): (&RawPage, &Document<Target>), finders: &Finders) {
        let Some((finder, files)) = finders.get(&raw.source.folder) else { return };
        let text = source.text.get(raw.body.clone()).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        for found in finder.find_overlapping_iter(text) {
            // `data.zip` does not name `a.zip`.
            let before = text.get(..found.start()).and_then(|before| before.chars().next_back());
            let after = text.get(found.end()..).and_then(|after| after.chars().next());
            if before.is_some_and(|c| is_word(c) || c == '.') || after.is_some_and(is_word) {
                continue;
            }
            let at = raw.body.start + found.start();
            let block = document.blocks.iter().rposition(|block| block.range.contains(&at));
            let rule = self.rule(Place { block, teaser: false }, false);
            if let Some(file) = files.get(found.pattern().as_usize()) {
                let range = at..raw.body.start + found.end();
                self.push((*file, Some(range)), None, (rule, block));
            }
        }
    }

    /// Files that front matter names: the image is the teaser's, all else the open page's. Gives the image's URL.
    fn front_matter(&mut self, find: &dyn Fn(&str) -> Option<(String, Target)>) -> Option<String> {
        let matter = &self.around.raw.get(self.page)?.front_matter;
        let mut strings = Vec::new();
        for value in matter.extra.values() {
            collect_strings(value, &mut strings);
        }
        for text in strings {
            if let Some((_, Target::File(file))) = find(text) {
                self.push((file, None), Some(Usage::Embed), (self.decided.rule.clone(), None));
            }
        }
        let image = &matter.image.as_ref()?.value;
        match find(image) {
            Some((url, Target::File(file))) => {
                self.push((file, None), Some(Usage::Embed), (self.decided.known.clone(), None));
                Some(url)
            }
            Some((url, _)) => Some(url),
            None => Some(image.clone()),
        }
    }
}

/// Strings that could be paths: with a dot in them, on one line.
fn collect_strings<'a>(value: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) if text.contains('.') && text.len() < 512 && !text.contains('\n') => {
            found.push(text)
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect_strings(value, found)),
        serde_json::Value::Object(map) => map.values().for_each(|value| collect_strings(value, found)),
        serde_json::Value::String(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_) => {}
    }
}

impl Around<'_> {
    /// Whether a page is published.
    #[must_use]
    pub fn is_published(&self, page: usize) -> bool {
        self.published.get(page).copied().unwrap_or_default()
    }

    /// The section that a page lying in a folder would belong to: a page folder belongs to the one above.
    #[must_use]
    pub fn section_of_folder(&self, folder: &str) -> usize {
        let mut folder = pages::below_content(folder);
        loop {
            if let Some(section) = self.tree.by_folder(folder) {
                return section;
            }
            folder = crate::load::tree::parent_folder(folder);
        }
    }

    /// Pages by the folder they lie in.
    #[must_use]
    pub fn pages_by_folder(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (page, raw) in self.raw.iter().enumerate() {
            folders.entry(&raw.source.folder).or_default().push(page);
        }
        folders
    }

    /// Rule and hiddenness of the published pages in a folder; whether there are pages and none is published.
    ///
    /// A folder without pages of its own belongs to the page folder it lies in.
    #[must_use]
    pub fn pages_of_folder(&self, folder: &str, pages: &BTreeMap<&str, Vec<usize>>) -> (Vec<(Rule, bool)>, bool) {
        let mut owner = folder;
        while !pages.contains_key(owner) && self.tree.by_folder(pages::below_content(owner)).is_none() {
            owner = crate::load::tree::parent_folder(owner);
        }
        let lying_in = |folder: &str| pages.get(folder).map(Vec::as_slice).unwrap_or_default();
        let is_folder = |page: &usize| self.raw.get(*page).is_some_and(|raw| raw.source.kind == Kind::PageFolder);
        let here = lying_in(if lying_in(owner).iter().any(is_folder) { owner } else { folder });
        let published = here.iter().filter(|page| self.is_published(**page));
        let rules: Vec<_> =
            published.filter_map(|page| self.decided.get(*page)).map(|page| (page.rule.clone(), page.hidden)).collect();
        let only_drafts = rules.is_empty() && !here.is_empty();
        (rules, only_drafts)
    }

    /// What `files:` keys say of a file, of a page in its folder, else of the nearest `_index.md`; and where.
    #[must_use]
    pub fn written_rule(&self, file: &FileSource) -> Option<(Rule, Vec<Written>)> {
        let keys: Vec<&FilesKey> = self.keys_of(file).into_iter().filter(|key| !key.draft).collect();
        let places = || keys.iter().map(|key| key.written.clone()).collect();
        (!keys.is_empty()).then(|| (Rule::any(keys.iter().map(|key| &key.rule)), places()))
    }

    /// Whether a draft says whose a file is: then it is the draft's, unless something published says so as near to it.
    #[must_use]
    pub fn is_of_draft(&self, file: &FileSource) -> bool {
        let keys = self.keys_of(file);
        !keys.is_empty() && keys.iter().all(|key| key.draft)
    }

    /// The `files:` keys, of drafts and of others, that name a file: all beside it, else those of the nearest folder above.
    fn keys_of(&self, file: &FileSource) -> Vec<&FilesKey> {
        let keys = || self.files_keys.iter();
        let mut found: Vec<_> =
            keys().filter(|key| key.folder == file.folder && key.names.is_match(&file.name)).collect();
        let mut folder = file.folder.as_ref();
        while let Some((parent, _)) = folder.rsplit_once('/').filter(|_| found.is_empty()) {
            folder = parent;
            let below = file.path.strip_prefix(folder).unwrap_or(&file.path).trim_start_matches('/');
            let above = keys().filter(|key| key.is_index && key.folder.as_ref() == folder);
            found = above.filter(|key| key.names.is_match(below)).collect();
        }
        found
    }

    /// The URL of a section.
    #[must_use]
    pub fn section_url(&self, section: usize) -> String {
        pages::section_url(self.raw, self.tree, section)
    }

    /// The folder of a section, for messages.
    #[must_use]
    pub fn section_source(&self, section: usize) -> Arc<str> {
        format!("content/{}", self.tree.folder(section)).trim_end_matches('/').into()
    }

    /// The URL of a file.
    #[must_use]
    pub fn file_url(&self, file: &FileSource) -> String {
        pages::file_url(self.folders, file)
    }

    /// Whether a page stands where the list of tags would.
    #[must_use]
    pub fn has_tag_page(&self) -> bool {
        self.raw.iter().enumerate().any(|(page, raw)| raw.url == "/tags/" && self.is_published(page))
    }

    /// The tags that lists for everybody may show: of pages that a visitor may know of, now or later.
    #[must_use]
    pub fn tag_pages(&self) -> Vec<TagPage> {
        let mut tags: BTreeMap<String, (String, Vec<usize>)> = BTreeMap::new();
        for (page, (raw, decided)) in self.raw.iter().zip(self.decided).enumerate() {
            if self.is_published(page) && !raw.is_not_found() && !decided.known.public_part().is_nobody() {
                for tag in &raw.front_matter.tags {
                    let (_, bearers) = tags.entry(tag.to_lowercase()).or_insert_with(|| (tag.clone(), Vec::new()));
                    if bearers.last() != Some(&page) {
                        bearers.push(page);
                    }
                }
            }
        }
        let mut taken = BTreeSet::new();
        let mut made = Vec::with_capacity(tags.len());
        for (title, mut bearers) in tags.into_values() {
            let slug = names::slugify(&title);
            let slug = if slug.is_empty() { "tag".to_owned() } else { slug };
            let free = |slug: &String| !taken.contains(slug);
            let numbered = (2_usize..).map(|number| format!("{slug}-{number}"));
            let Some(slug) = std::iter::once(slug.clone()).chain(numbered).find(free) else { continue };
            bearers.sort_by_key(|page| {
                std::cmp::Reverse(self.raw.get(*page).and_then(|raw| raw.date).map(|date| date.first))
            });
            made.push(TagPage {
                title,
                url: format!("/tags/{slug}/"),
                pages: bearers.into_iter().map(PageId).collect(),
            });
            taken.insert(slug);
        }
        made
    }

    fn index(&self, tags: &[TagPage]) -> Index {
        let mut index = Index {
            base_url: self.config.base_url.trim_end_matches('/').to_owned(),
            passthrough: self.config.passthrough.clone(),
            broken: self.config.links,
            ..Index::default()
        };
        let mut urls: Vec<(String, String, Target)> = Vec::new();
        for url in ["/sitemap.xml", "/robots.txt", "/tags/"].into_iter().chain(tags.iter().map(|tag| tag.url.as_str()))
        {
            urls.push((url.to_owned(), url.to_owned(), Target::Generated));
        }
        for (number, raw) in self.raw.iter().enumerate().filter(|(_, raw)| !raw.is_not_found()) {
            for (alias, _) in &raw.aliases {
                urls.push((alias.clone(), raw.url.clone(), Target::Page(number)));
            }
            let below = pages::below_content(&raw.source.path).to_owned();
            index.by_source.insert(below, (raw.url.clone(), Target::Page(number)));
            urls.push((raw.url.clone(), raw.url.clone(), Target::Page(number)));
        }
        for section in (0..self.tree.len()).filter(|section| self.tree.page_of(*section).is_none()) {
            let url = self.section_url(section);
            index.by_source.insert(self.tree.folder(section).to_owned(), (url.clone(), Target::Section(section)));
            urls.push((url.clone(), url, Target::Section(section)));
        }
        for (number, file) in self.sources.files.iter().enumerate() {
            let url = self.file_url(file);
            let below = pages::below_content(&file.path).to_owned();
            index.by_source.insert(below, (url.clone(), Target::File(number)));
            urls.push((url.clone(), url, Target::File(number)));
        }
        for (number, file) in self.sources.static_files.iter().enumerate() {
            let url = format!("/{}", file.path.strip_prefix("static/").unwrap_or(&file.path));
            urls.push((url.clone(), url, Target::Static(number)));
        }
        urls.extend(self.theme_files.iter().map(|file| (file.url.clone(), file.url.clone(), Target::Generated)));
        index.by_url = urls.into_iter().map(|(from, to, target)| (from, (to, target))).collect();
        index
    }

    fn finders(&self) -> Finders {
        let mut names: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (number, file) in self.sources.files.iter().enumerate() {
            names.entry(Arc::clone(&file.folder)).or_default().push(number);
        }
        let finder = |files: &[usize]| {
            AhoCorasick::new(
                files.iter().filter_map(|number| self.sources.files.get(*number)).map(|file| file.name.as_str()),
            )
        };
        // An automaton is refused only beyond sizes that no folder has; then nothing is found, and files stay closed.
        let finders = names.into_iter().filter_map(|(folder, files)| Some((folder, (finder(&files).ok()?, files))));
        finders.collect()
    }
}

/// What a fragment could name, and where that comes from.
fn anchors_there(anchors: &BTreeSet<String>) -> String {
    const MOST_NAMED: usize = 5;
    let named: Vec<String> = anchors.iter().take(MOST_NAMED).map(|anchor| format!("`#{anchor}`")).collect();
    let made = "anchors are made from headings, or written as `## Heading {#anchor}`";
    let more = if anchors.len() > MOST_NAMED { ", …" } else { "" };
    if named.is_empty() { made.to_owned() } else { format!("there are {}{more}; {made}", named.join(", ")) }
}

/// Checks where links lead: anchors that are there, pages that are published and that may be known of where the link is.
pub fn check_links(
    around: &Around<'_>,
    texts: &[Arc<Text>],
    verdicts: &[assets::Verdict],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let sections = inherit::known_sections(around.tree, around.decided, around.published);
    let check = |page: usize| LinkCheck { around, texts, verdicts, sections: &sections, page }.faults();
    let found: Vec<Vec<Diagnostic>> = (0..texts.len()).into_par_iter().map(check).collect();
    diagnostics.extend(found.into_iter().flatten());
}

/// The same for the links of one page.
#[must_use]
pub fn check_links_of(
    around: &Around<'_>,
    texts: &[Arc<Text>],
    verdicts: &[assets::Verdict],
    page: usize,
) -> Vec<Diagnostic> {
    let sections = inherit::known_sections(around.tree, around.decided, around.published);
    LinkCheck { around, texts, verdicts, sections: &sections, page }.faults()
}

struct LinkCheck<'a> {
    around: &'a Around<'a>,
    texts: &'a [Arc<Text>],
    verdicts: &'a [assets::Verdict],
    sections: &'a [Rule],
    page: usize,
}

impl LinkCheck<'_> {
    fn faults(&self) -> Vec<Diagnostic> {
        let text = self.texts.get(self.page).filter(|_| self.around.is_published(self.page));
        text.into_iter().flat_map(|text| &text.uses).filter_map(|used| self.fault(used)).collect()
    }

    fn fault(&self, used: &Use<Target>) -> Option<Diagnostic> {
        match used.target {
            Target::Page(target) => self.page_fault(used, target),
            Target::File(target) => {
                let verdict = self.verdicts.get(target)?;
                let place = self.place_rule(used.place)?;
                let file = self.around.sources.files.get(target)?;
                // A place whose time is over leads nobody astray, and time alone must not fail a build.
                if verdict.rule.is_nobody() && !place.is_nobody() && !self.is_doubtful() {
                    let message = format!("`{}` is not published", file.path);
                    Some(
                        self.at(used, Diagnostic::error(message))
                            .help("only drafts show it; publish one of them, or say who it is for with `files:`"),
                    )
                } else if verdict.hidden && !self.is_doubtful() && !place.implies(&verdict.rule) {
                    let message = format!("this place reveals `{}`, which is hidden from some who read it", file.path);
                    Some(
                        self.at(used, Self::revealing(message))
                            .help("move it into a gated block, or do not hide the file"),
                    )
                } else {
                    None
                }
            }
            Target::Section(target) => {
                let known = self.sections.get(target)?;
                let place = self.place_rule(used.place)?;
                let source = self.around.section_source(target);
                if known.is_nobody() {
                    let message = format!("the link leads to `{source}`, which is not published");
                    let help = "nothing in it is published; remove the link or publish a page there";
                    return Some(self.at(used, self.by_setting(message)).help(help));
                }
                let message = format!("the link reveals `{source}`, of which some who read this place do not know");
                let help = "move the link into a gated block for those who may know of something in it";
                (!place.implies(known)).then(|| self.at(used, Self::revealing(message)).help(help))
            }
            Target::Static(_) | Target::Generated => None,
        }
    }

    fn page_fault(&self, used: &Use<Target>, target: usize) -> Option<Diagnostic> {
        let (raw, decided) = (self.around.raw.get(target)?, self.around.decided.get(target)?);
        if raw.front_matter.faulty {
            return None;
        }
        if !self.around.is_published(target) {
            if decided.doubtful || self.place_rule(used.place)?.is_nobody() {
                return None;
            }
            let message = format!("the link leads to `{}`, which is not published", raw.source.path);
            let help = if decided.draft {
                "it is a draft: remove the link, or take `draft` out there"
            } else {
                "it is gone, or released too far ahead; remove the link or publish the page"
            };
            return Some(self.at(used, self.by_setting(message)).help(help));
        }
        let place = self.place_rule(used.place)?;
        let sure = !decided.doubtful && !self.is_doubtful();
        if sure && target != self.page && !place.implies(&decided.known) {
            let waits = decided.release.is_some_and(|release| release.first > self.around.clock) && !decided.announce;
            let source = &raw.source.path;
            if !decided.hidden && !waits {
                let message =
                    format!("the link leads to `{source}`, which will be gone while this place is still read");
                let help = "end this page too, with the same `until`; or move the link into a gated block that ends: \
                    `<!-- access: public until 2026-12-31 -->`";
                return Some(self.at(used, Self::revealing(message)).help(help));
            }
            let why = if decided.hidden { "is hidden from" } else { "is not released yet for" };
            let message = format!("the link reveals `{source}`, which {why} some who read this place");
            let help = if decided.hidden {
                let tags: Vec<String> = decided.tags.iter().map(Tag::words).collect();
                let tags = tags.join(", ");
                format!("put the link into a gated block, `<!-- access: {tags} -->`, or take `hidden` out of that page")
            } else {
                "move the link into a gated block for those who may know of the page, or announce the page".to_owned()
            };
            return Some(self.at(used, Self::revealing(message)).help(help));
        }
        let fragment = used.fragment.as_deref()?;
        let anchors = &self.texts.get(target)?.anchors;
        if anchors.contains(fragment) || fragment == "top" || fragment.starts_with(":~:") {
            return None;
        }
        let message = format!("`{}` has no anchor `#{fragment}`", raw.source.path);
        let near = crate::diagnostic::nearest(fragment, anchors.iter().map(String::as_str));
        let help = near.map_or_else(|| anchors_there(anchors), |near| format!("did you mean `#{near}`?"));
        Some(self.at(used, self.by_setting(message)).help(help))
    }

    /// Whether anything in the site has faults that could make this page another one than it is meant to be.
    fn is_doubtful(&self) -> bool {
        self.around.decided.get(self.page).is_some_and(|page| page.doubtful)
    }

    fn by_setting(&self, message: String) -> Diagnostic {
        let warns = self.around.config.links == Links::Warn;
        let fault = if warns { Diagnostic::warning(message) } else { Diagnostic::error(message) };
        fault.named(Lint::BrokenLink)
    }

    /// A link that tells of something to those who may not know of it.
    fn revealing(message: String) -> Diagnostic {
        Diagnostic::error(message).named(Lint::RevealingLink)
    }

    fn at(&self, used: &Use<Target>, fault: Diagnostic) -> Diagnostic {
        fault.at(pages::locate(self.around.raw, self.page, used.range.clone()))
    }

    /// Who reads the place a link stands in.
    fn place_rule(&self, place: Place) -> Option<Rule> {
        let (text, decided) = (self.texts.get(self.page)?, self.around.decided.get(self.page)?);
        Some(match place.block.and_then(|index| text.blocks.get(index)) {
            Some(block) => block.rule.clone(),
            None if place.teaser && text.divider => decided.rule.or(&decided.teaser),
            None => decided.rule.clone(),
        })
    }
}
