//! Markdown, parsed once per page into pieces that are each wholly inside or outside every gate.
//!
//! The parser's top-level nodes are dealt out to *places*: the part above the divider, the part below it, each gated
//! block. A piece of HTML never spans two places, so a variant is put together by leaving pieces out, and nothing has to
//! be cut out of finished HTML. Footnotes and link definitions belong to the place they are written in.
//! Liquid tags and shortcodes are text; nothing is executed.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

mod code;
mod deal;
mod headings;
mod tables;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser};

use crate::diagnostic::{Diagnostic, Source};
use crate::load::html::Usage;
use crate::load::references;
use crate::site::{Part, Piece, Place};

/// Stands around the number of a footnote in a piece's HTML while it is made; sources that hold it are refused.
const SENTINEL: char = '\0';

/// A gated block as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawBlock {
    /// The block around it.
    pub parent: Option<usize>,
    /// Whether it stands above the divider.
    pub teaser: bool,
    /// The tags, as bytes of the file.
    pub tags: Range<usize>,
    /// What stands after `drip:`, as bytes of the file.
    pub drip: Option<Range<usize>>,
    /// Whether the closed block leaves no line.
    pub hidden: bool,
    /// From the opening marker to the end of the closing one, as bytes of the file.
    pub range: Range<usize>,
}

/// An address in the text: what it was resolved to and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use<T> {
    /// How it is used.
    pub usage: Usage,
    /// What it leads to.
    pub target: T,
    /// The fragment, decoded, without `#`.
    pub fragment: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

/// What a resolver makes of an address.
pub enum Resolved<T> {
    /// Another site, a mail address, or nothing that is ours to check: left as it is.
    Elsewhere,
    /// Something of this site: the URL to write, what it is, and the fragment.
    Ours {
        /// Root-relative URL with fragment, as it stands in the HTML.
        url: String,
        /// What it is.
        target: T,
        /// The fragment, decoded.
        fragment: Option<String>,
    },
    /// Nothing of this site: a message.
    Broken(Diagnostic),
}

/// What a page's text needs to know of the rest of the site.
pub struct Settings<'a, T> {
    /// Curly quotes and dashes.
    pub smart_punctuation: bool,
    /// Titles of alerts, by the lower-case word of the kind.
    pub alerts: &'a BTreeMap<String, String>,
    /// Turns an address into a URL; gets the address and its bytes in the file.
    pub resolve: &'a dyn Fn(&str, Range<usize>) -> Resolved<T>,
}

/// A parsed page body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document<T> {
    /// The body, step by step.
    pub parts: Vec<Part>,
    /// Its pieces.
    pub pieces: Vec<Piece>,
    /// Footnotes: pieces of their own, numbered when a page is put together.
    pub notes: Vec<Piece>,
    /// Gated blocks in order of their opening markers.
    pub blocks: Vec<RawBlock>,
    /// Every address that leads to something of this site.
    pub uses: Vec<Use<T>>,
    /// Every anchor of the page: headings, `id` and `name` of raw HTML.
    pub anchors: BTreeSet<String>,
    /// The text of the first heading that stands in no block.
    pub first_heading: Option<String>,
    /// Whether there is a divider.
    pub divider: bool,
    /// Where it begins, in bytes of the file.
    pub divided_at: Option<usize>,
}

type Spanned<'a> = (Event<'a>, Range<usize>);

/// A top-level node, or a footnote from wherever it stands.
struct Node {
    events: Range<usize>,
    place: Place,
    note: Option<usize>,
}

enum Step {
    Node(Node),
    Part(Part),
}

/// Parses the body of a page.
///
/// Ranges in the result and in diagnostics are bytes of the whole file; `body` is where the Markdown stands in it.
#[must_use]
pub fn parse<T>(
    source: Source<'_>,
    body: Range<usize>,
    settings: &Settings<'_, T>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Document<T> {
    let text = source.text.get(body.clone()).unwrap_or_default();
    if let Some(at) = text.find(SENTINEL) {
        let place = source.locate(body.start + at..body.start + at + 1);
        diagnostics.push(Diagnostic::error("a NUL character stands in the text").at(place).help("remove it"));
        return Document::empty();
    }
    let parser = Parser::new_ext(text, options(settings.smart_punctuation)).into_offset_iter();
    let definitions: Vec<(String, Range<usize>)> =
        parser.reference_definitions().iter().map(|(label, def)| (label.to_owned(), def.span.clone())).collect();
    let events: Vec<Spanned<'_>> = parser.collect();
    let mut dealer = deal::Dealer::new(source, body.clone(), diagnostics);
    dealer.deal(&events);
    let deal::Dealer { steps, blocks, labels, divider, .. } = dealer;
    references::check(
        source,
        &references::Written { offset: body.start, text, events: &events, definitions: &definitions, blocks: &blocks },
        diagnostics,
    );
    let edges = headings::Edges { offset: body.start, divider: divider.as_ref().map(|range| range.start) };
    let ids = headings::heading_ids(&events, &blocks, &edges);
    let divided_at = divider.as_ref().map(|range| body.start + range.start);
    let document = Document { blocks, divider: divider.is_some(), divided_at, ..Document::empty() };
    let mut writer = write::Writer { source, offset: body.start, events, settings, ids, labels, diagnostics, document };
    writer.write(steps);
    writer.document
}

fn options(smart_punctuation: bool) -> Options {
    let mut options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
        | Options::ENABLE_DEFINITION_LIST;
    options.set(Options::ENABLE_SMART_PUNCTUATION, smart_punctuation);
    options
}

impl<T> Document<T> {
    fn empty() -> Self {
        Self {
            parts: Vec::new(),
            pieces: Vec::new(),
            notes: Vec::new(),
            blocks: Vec::new(),
            uses: Vec::new(),
            anchors: BTreeSet::new(),
            first_heading: None,
            divider: false,
            divided_at: None,
        }
    }
}

/// The index after the node that begins at `start`.
fn node_end(events: &[Spanned<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, (event, _)) in events.iter().enumerate().skip(start) {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    events.len()
}
