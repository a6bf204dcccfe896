//! Footnotes and link definitions at the edges of gated blocks.
//!
//! A definition written inside a block belongs to it. Markdown itself knows no such thing: one definition serves a whole
//! document, wherever it stands, and the first of two wins. So a definition that is used outside its block, or whose
//! label is defined on both sides of a block's edge, is a fault here.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and few refer to something")]

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag};

use crate::diagnostic::{Diagnostic, Source};
use crate::load::markdown::RawBlock;

/// A page's text as its parser saw it.
pub struct Written<'a> {
    /// Where the Markdown begins in the file.
    pub offset: usize,
    /// The Markdown.
    pub text: &'a str,
    /// Its events; ranges are bytes of `text`.
    pub events: &'a [(Event<'a>, Range<usize>)],
    /// Link definitions: label and bytes of `text`.
    pub definitions: &'a [(String, Range<usize>)],
    /// Gated blocks; ranges are bytes of the file.
    pub blocks: &'a [RawBlock],
}

/// Reports every definition that crosses a block's edge.
pub fn check(source: Source<'_>, written: &Written<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if written.blocks.is_empty() {
        return;
    }
    let defined = definition_lines(written);
    for lines in defined.values() {
        let Some((first, rest)) = lines.split_first() else { continue };
        let home = written.block_at(first.start);
        for other in rest.iter().filter(|other| written.block_at(other.start) != home) {
            let message = format!("`{}` is defined on both sides of a gated block's edge", label_text(written, other));
            let fault =
                Diagnostic::error(message).at(written.locate(source, other)).also(written.locate(source, first));
            diagnostics.push(fault.help("give one of them another label"));
        }
    }
    for (event, range) in written.events {
        let label = match event {
            Event::Start(
                Tag::Link { link_type: LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut, id, .. }
                | Tag::Image { link_type: LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut, id, .. },
            ) => normal(id),
            Event::FootnoteReference(label) => format!("^{}", normal(label)),
            _ => continue,
        };
        let Some(definition) = defined.get(&label).and_then(|lines| lines.first()) else { continue };
        if !written.encloses(written.block_at(definition.start), written.block_at(range.start)) {
            let message =
                format!("`{}` is used outside the gated block it is defined in", label_text(written, definition));
            let fault =
                Diagnostic::error(message).at(written.locate(source, range)).also(written.locate(source, definition));
            diagnostics.push(fault.help("move the definition out of the block, or the use into it"));
        }
    }
}

impl Written<'_> {
    fn block_at(&self, at: usize) -> Option<usize> {
        let at = self.offset + at;
        self.blocks.iter().rposition(|block| block.range.contains(&at))
    }

    /// Whether `inner` is `outer` or stands inside it.
    fn encloses(&self, outer: Option<usize>, inner: Option<usize>) -> bool {
        let mut place = inner;
        loop {
            if place == outer {
                return true;
            }
            match place.and_then(|index| self.blocks.get(index)) {
                Some(block) => place = block.parent,
                None => return false,
            }
        }
    }

    fn locate(&self, source: Source<'_>, range: &Range<usize>) -> crate::diagnostic::Location {
        source.locate(self.offset + range.start..self.offset + range.end)
    }
}

/// Every definition by its label (footnotes with `^` before it), in source order. The parser keeps only the first of
/// several link definitions with one label, so the others are found by their lines.
fn definition_lines(written: &Written<'_>) -> BTreeMap<String, Vec<Range<usize>>> {
    let mut found: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    for (label, range) in written.definitions {
        found.entry(normal(label)).or_default().push(range.clone());
    }
    // Footnotes in lists begin at no line's start.
    for (event, range) in written.events {
        if let Event::Start(Tag::FootnoteDefinition(label)) = event {
            found.entry(format!("^{}", normal(label))).or_default().push(range.clone());
        }
    }
    let literal = literal_ranges(written);
    let mut start = 0;
    for line in written.text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '>']).len();
        if let Some(label) =
            line.get(indent..).and_then(|rest| rest.strip_prefix('[')).and_then(|rest| rest.split_once("]:"))
        {
            let at = start + indent;
            if !literal.iter().any(|range| range.contains(&at)) && !label.0.contains([']', '[']) {
                let lines = found.entry(normal(label.0)).or_default();
                if !lines.iter().any(|known| known.contains(&at)) {
                    lines.push(at..start + line.trim_end().len());
                }
            }
        }
        start += line.len();
    }
    for lines in found.values_mut() {
        lines.sort_by_key(|range| range.start);
    }
    found
}

/// Code and raw HTML: nothing is defined there.
fn literal_ranges(written: &Written<'_>) -> Vec<Range<usize>> {
    let literal = |event: &Event<'_>| {
        matches!(event, Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock) | Event::Code(_) | Event::InlineHtml(_))
    };
    written.events.iter().filter(|(event, _)| literal(event)).map(|(_, range)| range.clone()).collect()
}

fn label_text<'a>(written: &'a Written<'_>, definition: &Range<usize>) -> &'a str {
    let line = written.text.get(definition.clone()).unwrap_or_default();
    line.split_once("]:").map_or(line, |(label, _)| label).trim_start_matches([' ', '>', '['])
}

/// CommonMark 0.31, section 6.3: labels match without regard to case (folded: `ẞ` is `SS`) and to the amount of white
/// space.
fn normal(label: &str) -> String {
    let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
    label.to_lowercase().to_uppercase().to_lowercase()
}
