//! Markdown, parsed once per page into pieces that are each wholly inside or outside every gate.
//!
//! The parser's top-level nodes are dealt out to *places*: the part above the divider, the part below it, each gated
//! block. A piece of HTML never spans two places, so a variant is put together by leaving pieces out, and nothing has to
//! be cut out of finished HTML. Footnotes and link definitions belong to the place they are written in.
//! Liquid tags and shortcodes are text; nothing is executed.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

use crate::diagnostic::{Diagnostic, Source};
use crate::escape::push_escaped;
use crate::load::blocks::{self, Kind, Marker};
use crate::load::html as raw_html;
use crate::load::html::Usage;
use crate::load::references;
use crate::site::{Heading, Part, Piece, Place};

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
    let mut dealer = Dealer::new(source, body.clone(), diagnostics);
    dealer.deal(&events);
    let Dealer { steps, blocks, labels, divider, .. } = dealer;
    references::check(
        source,
        &references::Written { offset: body.start, text, events: &events, definitions: &definitions, blocks: &blocks },
        diagnostics,
    );
    let edges = Edges { offset: body.start, divider: divider.as_ref().map(|range| range.start) };
    let ids = heading_ids(&events, &blocks, &edges);
    let mut writer =
        Writer { source, offset: body.start, events, settings, ids, labels, diagnostics, document: Document::empty() };
    writer.document.blocks = blocks;
    writer.document.divider = divider.is_some();
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
        }
    }
}

/// Deals top-level nodes out to places and reads the markers.
struct Dealer<'a, 'd> {
    source: Source<'a>,
    offset: usize,
    text: &'a str,
    steps: Vec<Step>,
    blocks: Vec<RawBlock>,
    open: Vec<usize>,
    labels: BTreeMap<String, usize>,
    divider: Option<Range<usize>>,
    /// Markers that were refused, and whose other halves are still to come.
    lost_opens: usize,
    /// Closing markers that were refused.
    lost_closes: usize,
    /// Comments that were judged.
    seen: Vec<Range<usize>>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a, 'd> Dealer<'a, 'd> {
    fn new(source: Source<'a>, body: Range<usize>, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self {
            source,
            offset: body.start,
            text: source.text.get(body).unwrap_or_default(),
            steps: Vec::new(),
            blocks: Vec::new(),
            open: Vec::new(),
            labels: BTreeMap::new(),
            divider: None,
            lost_opens: 0,
            lost_closes: 0,
            seen: Vec::new(),
            diagnostics,
        }
    }

    fn deal(&mut self, events: &[Spanned<'_>]) {
        let mut index = 0;
        while let Some((event, range)) = events.get(index) {
            let end = node_end(events, index);
            if matches!(event, Event::Start(Tag::HtmlBlock)) {
                self.html_block(index..end, range.clone());
            } else {
                self.node(events, index..end);
            }
            index = end;
        }
        self.refuse_the_rest(events);
        self.finish();
    }

    /// Whatever is neither a marker that works, nor code, nor a fault already: what another comment, a link's title or
    /// mathematics has swallowed.
    fn refuse_the_rest(&mut self, events: &[Spanned<'_>]) {
        let code = |(event, range): &Spanned<'_>| {
            matches!(event, Event::Start(Tag::CodeBlock(_)) | Event::Code(_)).then(|| range.clone())
        };
        let mut seen: Vec<Range<usize>> = events.iter().filter_map(code).collect();
        seen.append(&mut self.seen);
        let text = self.text;
        for (start, _) in text.match_indices('<') {
            let escaped = text.get(..start).is_some_and(|before| before.ends_with('\\'));
            let rest = text.get(start..).unwrap_or_default();
            let begins = rest.as_bytes().get(1).is_some_and(|next| matches!(next, b'!' | b'-' | b' '));
            if !begins || escaped || seen.iter().any(|range| range.contains(&start)) {
                continue;
            }
            if rest.starts_with("<!--") {
                let end = blocks::comments(rest).first().map_or(text.len(), |comment| start + comment.end);
                self.refuse_markers(start..end, "what stands around it");
            } else if let Some(broken) = blocks::broken_marker(rest) {
                let message = format!("`{broken}` looks like a marker and is none");
                let help = "a marker is a comment: it begins with `<!--` and ends with `-->`";
                self.fault(start..start + broken.len(), message, help);
            }
        }
    }

    fn place(&self) -> Place {
        Place { block: self.open.last().copied(), teaser: self.divider.is_none() }
    }

    /// A top-level node other than an HTML block: no marker may stand in it.
    fn node(&mut self, events: &[Spanned<'_>], node: Range<usize>) {
        let container = events.get(node.start).map_or("", |(event, _)| container_name(event));
        let mut in_code = false;
        for (event, range) in events.get(node.clone()).unwrap_or_default() {
            match event {
                Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_) => self.refuse_markers(range.clone(), container),
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                Event::Text(_) if !in_code => self.refuse_text(range.clone()),
                _ => {}
            }
        }
        let place = self.place();
        let mut rest = node.start;
        for note in notes_within(events, node.clone()) {
            if let Some((Event::Start(Tag::FootnoteDefinition(label)), _)) = events.get(note.start) {
                let index = self.labels.len();
                let index = *self.labels.entry(label.to_string()).or_insert(index);
                self.push_node(rest..note.start, place, None);
                self.push_node(note.clone(), place, Some(index));
                rest = note.end;
            }
        }
        self.push_node(rest..node.end, place, None);
    }

    fn push_node(&mut self, events: Range<usize>, place: Place, note: Option<usize>) {
        if !events.is_empty() {
            self.steps.push(Step::Node(Node { events, place, note }));
        }
    }

    /// A top-level HTML block: a marker, or raw HTML that must not hold one.
    fn html_block(&mut self, node: Range<usize>, range: Range<usize>) {
        let block = self.text.get(range.clone()).unwrap_or_default();
        let trimmed = block.trim();
        let start = range.start + (block.len() - block.trim_start().len());
        let only = blocks::comments(trimmed).first() == Some(&(0..trimmed.len()));
        if !only {
            self.refuse_markers(range, "raw HTML");
            let place = self.place();
            self.push_node(node, place, None);
            return;
        }
        let line_start = self.text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        let marker = start..start + trimmed.len();
        self.seen.push(start..start + 4);
        match blocks::classify(trimmed) {
            Err(suspect) => {
                self.lose(suspect.kind);
                let place = start + suspect.range.start..start + suspect.range.end;
                self.fault(place, suspect.message, suspect.help);
            }
            Ok(None) => {
                self.refuse_markers(range, "raw HTML");
                if !blocks::is_closed(trimmed) {
                    let help = "write `-->` where it ends; all text below it would vanish";
                    self.fault(start..start + "<!--".len(), "this comment is never closed".to_owned(), help);
                }
                let place = self.place();
                self.push_node(node, place, None);
            }
            Ok(Some(_)) if line_start != start => {
                self.lose_marker(trimmed);
                self.fault(marker, format!("the marker `{trimmed}` is indented"), "write it at the start of its line");
            }
            Ok(Some(found)) => self.marker(found, marker),
        }
    }

    /// Notes a marker that cannot work, so that its other half is not reported as well.
    fn lose(&mut self, kind: Kind) {
        match kind {
            Kind::Open => self.lost_opens += 1,
            Kind::Close => self.lost_closes += 1,
            Kind::Divider => {}
        }
    }

    fn lose_marker(&mut self, written: &str) {
        if let Some(kind) = blocks::kind_of(written) {
            self.lose(kind);
        }
    }

    fn marker(&mut self, marker: Marker, range: Range<usize>) {
        match marker {
            Marker::Open(opening) => {
                let shift =
                    |part: Range<usize>| self.offset + range.start + part.start..self.offset + range.start + part.end;
                let block = RawBlock {
                    parent: self.open.last().copied(),
                    teaser: self.divider.is_none(),
                    tags: shift(opening.tags),
                    drip: opening.drip.map(shift),
                    hidden: opening.hidden,
                    range: self.in_file(range),
                };
                let index = self.blocks.len();
                self.blocks.push(block);
                self.open.push(index);
                self.steps.push(Step::Part(Part::Open(index)));
            }
            Marker::Close => match self.open.pop() {
                Some(index) => {
                    let end = self.offset + range.end;
                    if let Some(block) = self.blocks.get_mut(index) {
                        block.range.end = end;
                    }
                    self.steps.push(Step::Part(Part::Close));
                }
                None if self.lost_opens > 0 => self.lost_opens -= 1,
                None => self.fault(
                    range,
                    "this marker closes a block that is not open".to_owned(),
                    "remove it, or open the block with `<!-- access: TAGS -->` above",
                ),
            },
            Marker::Divider => self.divide(range),
        }
    }

    fn divide(&mut self, range: Range<usize>) {
        if !self.open.is_empty() {
            let help = "put it before the block or after `<!-- /access -->`";
            self.fault(range, "the divider stands inside a gated block".to_owned(), help);
        } else if let Some(first) = self.divider.clone() {
            let here = self.source.locate(self.in_file(range));
            let first = self.source.locate(self.in_file(first));
            let message = "a page has one divider, and this is the second";
            self.diagnostics.push(Diagnostic::error(message).at(here).also(first).help("remove one of them"));
        } else {
            self.divider = Some(range);
            self.steps.push(Step::Part(Part::Divider));
        }
    }

    /// Every comment in these bytes that is or looks like a marker is a fault: it stands where none can work.
    fn refuse_markers(&mut self, range: Range<usize>, container: &str) {
        let html = self.text.get(range.clone()).unwrap_or_default();
        for comment in blocks::comments(html) {
            let written = html.get(comment.clone()).unwrap_or_default();
            self.seen.push(range.start + comment.start..range.start + comment.start + 4);
            if blocks::kind_of(written).is_some() {
                self.swallowed(range.start + comment.start, written, container);
            } else if let Some(at) = written.rfind("<!--").filter(|at| *at > 0) {
                let inner = written.get(at..).unwrap_or_default();
                if blocks::kind_of(inner).is_some() {
                    self.swallowed(range.start + comment.start + at, inner, "the comment that begins above it");
                }
            }
        }
        self.refuse_near_comments(range);
    }

    fn swallowed(&mut self, start: usize, written: &str, container: &str) {
        self.lose_marker(written);
        let message = format!("the marker `{}` is swallowed by {container}", blocks::shown(written));
        let help = "a marker stands alone on its line, at the top level, with an empty line before and after it";
        self.fault(start..start + written.len(), message, help);
    }

    /// A comment that is not closed is text to Markdown; so is one that is no comment, for its dashes or blanks.
    fn refuse_text(&mut self, range: Range<usize>) {
        let is_escaped = self.text.get(..range.start).is_some_and(|before| before.ends_with('\\'));
        let text = self.text.get(range.clone()).unwrap_or_default();
        // The parser may end a text after the `<`, so the rest of the line is looked at.
        let rest = self.text.get(range.start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        if text.is_empty() || !line.starts_with("<!") || is_escaped {
            return self.refuse_near_comments(range);
        }
        match blocks::classify(line) {
            Err(suspect) if line.starts_with("<!--") => {
                self.lose(suspect.kind);
                self.fault(range.start..range.start + line.len(), suspect.message, suspect.help);
            }
            _ => self.refuse_near_comments(range.start..range.start + line.len()),
        }
    }

    fn refuse_near_comments(&mut self, range: Range<usize>) {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let is_escaped = self.text.get(..range.start).is_some_and(|before| before.ends_with('\\'));
        for (at, suspect) in blocks::near_comments(text) {
            if !(at.start == 0 && is_escaped) {
                self.lose(suspect.kind);
                self.fault(range.start + at.start..range.start + at.end, suspect.message, suspect.help);
            }
        }
    }

    fn fault(&mut self, range: Range<usize>, message: String, help: impl Into<String>) {
        let place = self.source.locate(self.in_file(range.clone()));
        self.seen.push(range);
        self.diagnostics.push(Diagnostic::error(message).at(place).help(help));
    }

    fn in_file(&self, range: Range<usize>) -> Range<usize> {
        self.offset + range.start..self.offset + range.end
    }

    fn finish(&mut self) {
        let mut open = std::mem::take(&mut self.open);
        open.truncate(open.len().saturating_sub(self.lost_closes));
        for index in open {
            if let Some(block) = self.blocks.get(index) {
                let place = self.source.locate(block.range.clone());
                let fault = Diagnostic::error("this gated block is never closed").at(place);
                self.diagnostics.push(fault.help("write `<!-- /access -->` where it ends"));
            }
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

/// The footnote definitions in a node, outermost ones, in order.
fn notes_within(events: &[Spanned<'_>], node: Range<usize>) -> Vec<Range<usize>> {
    let mut notes = Vec::new();
    let mut index = node.start;
    while index < node.end {
        if let Some((Event::Start(Tag::FootnoteDefinition(_)), _)) = events.get(index) {
            let end = node_end(events, index);
            notes.push(index..end);
            index = end;
        } else {
            index += 1;
        }
    }
    notes
}

fn container_name(event: &Event<'_>) -> &'static str {
    match event {
        Event::Start(Tag::List(_)) => "a list",
        Event::Start(Tag::BlockQuote(_)) => "a quote",
        Event::Start(Tag::Table(_)) => "a table",
        Event::Start(Tag::FootnoteDefinition(_)) => "a footnote",
        Event::Start(Tag::Heading { .. }) => "a heading",
        Event::Start(Tag::DefinitionList) => "a definition list",
        _ => "a paragraph",
    }
}

/// Anchors for all headings, by event index.
///
/// An anchor avoids those of its own place and of what encloses it, and no others: a number behind it would tell that a
/// closed block, or what stands below the divider, has a heading of the same words. Where both are shown they are told
/// apart when the page is put together.
fn heading_ids(events: &[Spanned<'_>], blocks: &[RawBlock], edges: &Edges) -> BTreeMap<usize, (String, String)> {
    let mut headings: Vec<(bool, usize, Option<String>, String)> = Vec::new();
    for (index, (event, range)) in events.iter().enumerate() {
        if let Event::Start(Tag::Heading { id, .. }) = event {
            let title = plain_text(events.get(index..node_end(events, index)).unwrap_or_default());
            headings.push((edges.is_below(range.start), index, id.as_ref().map(ToString::to_string), title));
        }
    }
    headings.sort_by_key(|(below, index, id, _)| (*below, id.is_none(), *index));
    let mut taken: BTreeMap<Option<usize>, BTreeSet<String>> = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for depth in 0..=blocks.len() {
        let mut deeper = Vec::new();
        for (below, index, id, title) in headings {
            let start = events.get(index).map_or(0, |(_, range)| edges.offset + range.start);
            let around: Vec<usize> = (0..blocks.len())
                .filter(|block| blocks.get(*block).is_some_and(|block| block.range.contains(&start)))
                .collect();
            if around.len() > depth {
                deeper.push((below, index, id, title));
                continue;
            }
            let places = || std::iter::once(None).chain(around.iter().copied().map(Some));
            let is_taken = |id: &str| places().any(|place| taken.get(&place).is_some_and(|ids| ids.contains(id)));
            let id = id.unwrap_or_else(|| unique(&anchor(&title), is_taken));
            taken.entry(around.last().copied()).or_default().insert(id.clone());
            ids.insert(index, (id, title));
        }
        if deeper.is_empty() {
            break;
        }
        headings = deeper;
    }
    ids
}

/// Where a text begins in its file, and where its teaser ends.
struct Edges {
    offset: usize,
    divider: Option<usize>,
}

impl Edges {
    fn is_below(&self, at: usize) -> bool {
        self.divider.is_some_and(|divider| divider < at)
    }
}

/// The anchor of a heading: lower case, letters and digits of any script, `-` for spaces.
#[must_use]
pub fn anchor(title: &str) -> String {
    let mut id = String::with_capacity(title.len());
    for c in title.trim().to_lowercase().chars() {
        if c.is_alphanumeric() || c == '_' || c == '-' {
            id.push(c);
        } else if c.is_whitespace() {
            id.push('-');
        }
    }
    if id.is_empty() { "section".to_owned() } else { id }
}

fn unique(id: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(id) {
        return id.to_owned();
    }
    let mut number = 1_usize;
    loop {
        let candidate = format!("{id}-{number}");
        if !is_taken(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

fn plain_text(events: &[Spanned<'_>]) -> String {
    let mut text = String::new();
    for (event, _) in events {
        match event {
            Event::Text(part) | Event::Code(part) | Event::InlineMath(part) | Event::DisplayMath(part) => {
                text.push_str(part)
            }
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text.trim().to_owned()
}

/// Turns steps into parts and pieces.
struct Writer<'a, 's, 'd, T> {
    source: Source<'a>,
    offset: usize,
    events: Vec<Spanned<'a>>,
    settings: &'s Settings<'s, T>,
    ids: BTreeMap<usize, (String, String)>,
    labels: BTreeMap<String, usize>,
    diagnostics: &'d mut Vec<Diagnostic>,
    document: Document<T>,
}

impl<'a, T> Writer<'a, '_, '_, T> {
    fn write(&mut self, steps: Vec<Step>) {
        let mut notes: BTreeMap<usize, Piece> = BTreeMap::new();
        let mut run: Vec<Node> = Vec::new();
        for step in steps {
            match step {
                Step::Node(node) => match node.note {
                    Some(index) => {
                        let piece = self.piece(std::slice::from_ref(&node));
                        notes.entry(index).or_insert(piece);
                    }
                    None => run.push(node),
                },
                Step::Part(part) => {
                    self.flush(&mut run);
                    self.document.parts.push(part);
                }
            }
        }
        self.flush(&mut run);
        self.document.notes = notes.into_values().collect();
    }

    fn flush(&mut self, run: &mut Vec<Node>) {
        if !run.is_empty() {
            let piece = self.piece(run);
            run.clear();
            self.document.parts.push(Part::Piece(self.document.pieces.len()));
            self.document.pieces.push(piece);
        }
    }

    fn piece(&mut self, nodes: &[Node]) -> Piece {
        let place = nodes.first().map_or_else(Place::default, |node| node.place);
        let mut piece = Piece { place, html: String::new(), notes: Vec::new(), headings: Vec::new(), words: 0 };
        let mut events = Vec::new();
        for node in nodes {
            self.node(node, &mut piece, &mut events);
        }
        let mut marked = String::new();
        html::push_html(&mut marked, events.into_iter());
        (piece.html, piece.notes) = take_note_marks(&marked);
        piece
    }

    /// Moves a node's events out, with addresses, anchors and footnotes seen to.
    fn node(&mut self, node: &Node, piece: &mut Piece, out: &mut Vec<Event<'a>>) {
        let mut images = 0_usize;
        let mut index = node.events.start;
        while index < node.events.end {
            let end = match self.events.get(index) {
                Some((Event::Start(Tag::HtmlBlock), _)) => node_end(&self.events, index),
                Some(_) => index + 1,
                None => break,
            };
            let Some(slot) = self.events.get_mut(index) else { break };
            let (event, range) = std::mem::replace(slot, (Event::SoftBreak, 0..0));
            index += 1;
            match event {
                Event::Start(Tag::HtmlBlock) => {
                    let html = self.html_text(index..end);
                    out.push(Event::Html(self.raw(&html, range, piece.place).into()));
                    index = end;
                }
                Event::InlineHtml(html) => {
                    let html = self.raw(&html, range, piece.place);
                    out.push(Event::InlineHtml(html.into()));
                }
                Event::Start(Tag::FootnoteDefinition(_)) | Event::End(TagEnd::FootnoteDefinition) => {}
                Event::FootnoteReference(label) => {
                    if images == 0
                        && let Some(note) = self.labels.get(label.as_ref())
                    {
                        out.push(Event::InlineHtml(format!("{SENTINEL}{note}{SENTINEL}").into()));
                    }
                }
                Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                    let (id, title) = self.ids.get(&(index - 1)).cloned().unwrap_or_default();
                    self.heading(piece, level as u8, (&id, &title));
                    out.push(Event::Start(Tag::Heading { level, id: Some(id.into()), classes, attrs }));
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let dest_url = match link_type {
                        LinkType::Email => dest_url,
                        _ => self.address(dest_url, Usage::Link, (piece.place, range)),
                    };
                    out.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
                Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                    images += 1;
                    let dest_url = self.address(dest_url, Usage::Embed, (piece.place, range));
                    out.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
                }
                Event::End(TagEnd::Image) => {
                    images = images.saturating_sub(1);
                    out.push(Event::End(TagEnd::Image));
                }
                Event::Start(Tag::BlockQuote(Some(kind))) => out.push(self.alert(kind)),
                Event::End(TagEnd::BlockQuote(Some(_))) => out.push(Event::Html("</blockquote>\n".into())),
                Event::Text(text) => {
                    piece.words += text.split_whitespace().count();
                    out.push(Event::Text(text));
                }
                other => out.push(other),
            }
        }
    }

    fn heading(&mut self, piece: &mut Piece, level: u8, (id, title): (&str, &str)) {
        if piece.place.block.is_none() && self.document.first_heading.is_none() && !title.is_empty() {
            self.document.first_heading = Some(title.to_owned());
        }
        self.document.anchors.insert(id.to_owned());
        piece.headings.push(Heading { level, id: id.to_owned(), title: title.to_owned() });
    }

    fn alert(&self, kind: BlockQuoteKind) -> Event<'static> {
        let word = match kind {
            BlockQuoteKind::Note => "note",
            BlockQuoteKind::Tip => "tip",
            BlockQuoteKind::Important => "important",
            BlockQuoteKind::Warning => "warning",
            BlockQuoteKind::Caution => "caution",
        };
        let mut html = format!("<blockquote class=\"markdown-alert markdown-alert-{word}\">\n");
        if let Some(title) = self.settings.alerts.get(word) {
            html.push_str("<p class=\"markdown-alert-title\">");
            push_escaped(&mut html, title);
            html.push_str("</p>\n");
        }
        Event::Html(html.into())
    }

    fn html_text(&self, events: Range<usize>) -> String {
        let events = self.events.get(events).unwrap_or_default();
        events
            .iter()
            .filter_map(|(event, _)| if let Event::Html(html) = event { Some(html.as_ref()) } else { None })
            .collect()
    }

    /// Raw HTML with its addresses resolved.
    fn raw(&mut self, html: &str, range: Range<usize>, place: Place) -> String {
        let mut out = String::with_capacity(html.len());
        let mut copied = 0;
        for address in raw_html::addresses(html) {
            if address.usage == Usage::Anchor {
                self.document.anchors.insert(address.value);
                continue;
            }
            let at = self.offset + range.start + address.range.start;
            let at = at..(at + address.range.len()).max(at + 1);
            if let Some(url) = self.resolve(&address.value, address.usage, (place, at))
                && address.range.start >= copied
                && !address.range.is_empty()
            {
                out.push_str(html.get(copied..address.range.start).unwrap_or_default());
                push_escaped(&mut out, &url);
                copied = address.range.end;
            }
        }
        out.push_str(html.get(copied..).unwrap_or_default());
        out
    }

    fn address<'e>(&mut self, dest: CowStr<'e>, usage: Usage, (place, range): (Place, Range<usize>)) -> CowStr<'e> {
        let node = self.source.text.get(self.offset + range.start..self.offset + range.end).unwrap_or_default();
        // The address itself where it is written there; the whole link where it comes from a definition.
        let range = match node.rfind(dest.as_ref()) {
            Some(at) if !dest.is_empty() => range.start + at..range.start + at + dest.len(),
            _ => range,
        };
        let in_file = self.offset + range.start..self.offset + range.end;
        match self.resolve(&dest, usage, (place, in_file)) {
            Some(url) => url.into(),
            None => dest,
        }
    }

    /// The URL to write in place of an address, if it leads to something of ours.
    fn resolve(&mut self, dest: &str, usage: Usage, (place, range): (Place, Range<usize>)) -> Option<String> {
        match (self.settings.resolve)(dest, range.clone()) {
            Resolved::Elsewhere => None,
            Resolved::Ours { url, target, fragment } => {
                self.document.uses.push(Use { usage, target, fragment, place, range });
                Some(url)
            }
            Resolved::Broken(fault) => {
                self.diagnostics.push(fault);
                None
            }
        }
    }
}

/// Takes the footnote marks out of finished HTML and remembers where they stood.
fn take_note_marks(marked: &str) -> (String, Vec<(usize, usize)>) {
    if !marked.contains(SENTINEL) {
        return (marked.to_owned(), Vec::new());
    }
    let mut html = String::with_capacity(marked.len());
    let mut notes = Vec::new();
    for (index, part) in marked.split(SENTINEL).enumerate() {
        match part.parse() {
            Ok(note) if index % 2 == 1 => notes.push((html.len(), note)),
            _ => html.push_str(part),
        }
    }
    (html, notes)
}
