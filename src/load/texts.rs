//! The texts of all pages: parsed once, in parallel, with every address resolved and every block under its rule.

mod around;
mod check_links;
mod files_keys;
mod gates;
mod shown;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::access::rule::Rule;
use crate::access::tags::{Drip, Tag};
use crate::diagnostic::{Diagnostic, Location, Source};
use crate::load::assets::Showing;
use crate::load::links::{From, Index, Target};
use crate::load::markdown::{self, Document, Resolved, Settings, Use};
use crate::load::pages;
use crate::load::remembered::EarlierTexts;
use crate::load::sources;
use crate::site::{Part, Piece, Place, TagPage};

pub use around::Around;
pub use check_links::{check_links, check_links_of};
pub use files_keys::{FilesKey, check_files_keys, files_keys};

use around::Finders;
use shown::Shown;

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
    /// Who reads a place of a page that has this text.
    pub(super) fn rule_of(&self, around: &Around<'_>, (page, place): (usize, Place)) -> Option<Rule> {
        let decided = around.decided.get(page)?;
        Some(match place.block.and_then(|index| self.blocks.get(index)) {
            Some(block) => block.rule.clone(),
            None if place.teaser && self.divider => decided.rule.or(&decided.teaser),
            None => decided.rule.clone(),
        })
    }

    /// The files of `static/` that a page's front matter names, and who learns of them: of its image, all who know of the page.
    pub(super) fn named_in_front_matter<'a>(&self, around: &Around<'a>, page: usize) -> Vec<(usize, &'a Rule)> {
        let (Some(raw), Some(decided)) = (around.raw.get(page), around.decided.get(page)) else { return Vec::new() };
        let mut found = Vec::new();
        for lookup in &self.lookups {
            let Some((url, Target::Static(file))) = &lookup.found else { continue };
            let is_image =
                raw.front_matter.image.as_ref().is_some_and(|image| image.value.as_str() == &*lookup.address);
            // What stands in the text is found with its place.
            if is_image && self.image.as_ref() == Some(url) {
                found.push((*file, &decided.known));
            } else if !self.uses.iter().any(|used| used.target == Target::Static(*file)) {
                found.push((*file, &decided.rule));
            }
        }
        found
    }

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
    let blocks = gates::blocks(around, source, (page, &document.blocks), &mut faults);
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
