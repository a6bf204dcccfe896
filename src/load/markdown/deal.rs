//! Deals a page's top-level nodes out to places, and reads the markers between them.
//!
//! Whatever looks like a marker and cannot work as one is a fault: swallowed, indented, unclosed, misspelt.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{Node, RawBlock, Spanned, Step, code, node_end};
use crate::diagnostic::{Diagnostic, Source};
use crate::load::blocks::{self, Kind, Marker};
use crate::site::{Part, Place};

/// Deals top-level nodes out to places and reads the markers.
pub(super) struct Dealer<'a, 'd> {
    source: Source<'a>,
    offset: usize,
    text: &'a str,
    /// Whether `<!` stands anywhere: most pages have no comment at all.
    has_marks: bool,
    pub(super) steps: Vec<Step>,
    pub(super) blocks: Vec<RawBlock>,
    open: Vec<usize>,
    pub(super) labels: BTreeMap<String, usize>,
    pub(super) divider: Option<Range<usize>>,
    /// Markers that were refused, and whose other halves are still to come.
    lost_opens: usize,
    /// Closing markers that were refused.
    lost_closes: usize,
    /// Comments that were judged.
    seen: Vec<Range<usize>>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a, 'd> Dealer<'a, 'd> {
    pub(super) fn new(source: Source<'a>, body: Range<usize>, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        let text = source.text.get(body.clone()).unwrap_or_default();
        Self {
            source,
            offset: body.start,
            has_marks: text.contains("<!"),
            text,
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

    pub(super) fn deal(&mut self, events: &[Spanned<'_>]) {
        if self.has_marks {
            for code in code::swallowed(self.text, events) {
                code.markers.iter().for_each(|marker| self.lose_marker(marker));
                self.fault(code.range, code.message, code.help);
            }
        }
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
        let text = self.text;
        let begins = |start: usize| matches!(text.as_bytes().get(start + 1), Some(b'!' | b'-' | b' '));
        if !text.match_indices('<').any(|(start, _)| begins(start)) {
            return;
        }
        let code = |(event, range): &Spanned<'_>| {
            matches!(event, Event::Start(Tag::CodeBlock(_)) | Event::Code(_)).then(|| range.clone())
        };
        let mut seen: Vec<Range<usize>> = events.iter().filter_map(code).collect();
        seen.append(&mut self.seen);
        for (start, _) in text.match_indices('<') {
            let escaped = text.get(..start).is_some_and(|before| before.ends_with('\\'));
            let rest = text.get(start..).unwrap_or_default();
            if !begins(start) || escaped || seen.iter().any(|range| range.contains(&start)) {
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
                Event::Text(_) if !in_code && self.has_marks => self.refuse_text(range.clone()),
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
