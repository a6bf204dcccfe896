//! Turns dealt nodes into pieces of HTML, with addresses, anchors and footnotes seen to.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{BlockQuoteKind, CowStr, Event, LinkType, Tag, TagEnd, html};

use super::tables;
use super::{Document, Node, Resolved, SENTINEL, Settings, Spanned, Step, Use, node_end};
use crate::diagnostic::{Diagnostic, Source};
use crate::escape::push_escaped;
use crate::load::html as raw_html;
use crate::load::html::Usage;
use crate::site::{Heading, Part, Piece, Place};

/// Turns steps into parts and pieces.
pub(super) struct Writer<'a, 's, 'd, T> {
    pub(super) source: Source<'a>,
    pub(super) offset: usize,
    pub(super) events: Vec<Spanned<'a>>,
    pub(super) settings: &'s Settings<'s, T>,
    pub(super) ids: BTreeMap<usize, (String, String)>,
    pub(super) labels: BTreeMap<String, usize>,
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
    pub(super) document: Document<T>,
}

impl<'a, T> Writer<'a, '_, '_, T> {
    pub(super) fn write(&mut self, steps: Vec<Step>) {
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
        html::push_html(&mut marked, tables::with_classes(events.into_iter()));
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
