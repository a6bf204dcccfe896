//! Code that has swallowed a marker by mistake: a fence that nobody closed, a line that somebody indented.
//!
//! In a code block that has an end, a marker is an example and stays text.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::Spanned;
use crate::load::blocks::{self, Marker};

/// A code block that is a fault; all ranges are bytes of the parsed text.
pub(super) struct Swallowed<'t> {
    /// Where the fault is: the line with the fence, or the marker.
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
    /// The markers in it.
    pub(super) markers: Vec<&'t str>,
}

struct CodeBlock<'t> {
    range: Range<usize>,
    fenced: bool,
    /// Its lines, without blanks around them.
    lines: Vec<(Range<usize>, &'t str)>,
    /// Where its text ends.
    end: usize,
}

/// All code blocks of a text that hold a marker and should not.
pub(super) fn swallowed<'t>(text: &'t str, events: &[Spanned<'_>]) -> Vec<Swallowed<'t>> {
    let mut found = Vec::new();
    let mut open: Option<CodeBlock<'t>> = None;
    for (event, range) in events {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let fenced = matches!(kind, CodeBlockKind::Fenced(_));
                open = Some(CodeBlock { range: range.clone(), fenced, lines: Vec::new(), end: range.start });
            }
            Event::Text(_) => {
                if let Some(block) = &mut open {
                    block.lines.extend(lines(text, range.clone()));
                    block.end = range.end;
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let block = open.take();
                found.extend(block.into_iter().flat_map(|block| block.faults(text)));
            }
            _ => {}
        }
    }
    found
}

fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = range.start;
    text.get(range).unwrap_or_default().split_inclusive('\n').map(move |line| {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        (start..start + line.trim().len(), line.trim())
    })
}

impl<'t> CodeBlock<'t> {
    fn faults(self, text: &'t str) -> Vec<Swallowed<'t>> {
        if self.fenced { self.unclosed(text).into_iter().collect() } else { self.indented() }
    }

    /// A fence without an end takes all that follows for code, and the markers with it.
    fn unclosed(&self, text: &'t str) -> Option<Swallowed<'t>> {
        let after = text.get(self.end..self.range.end).unwrap_or_default();
        let is_near = |line: &str| line.starts_with("<!--") && line.ends_with("-->") && blocks::kind_of(line).is_some();
        let markers: Vec<&str> = self.lines.iter().map(|(_, line)| *line).filter(|line| is_near(line)).collect();
        if markers.is_empty() || after.contains(['`', '~']) {
            return None;
        }
        let first = text.get(self.range.clone()).and_then(|block| block.lines().next()).unwrap_or_default();
        let range = self.range.start..self.range.start + first.trim_end().len();
        let message = "this code block is never closed, and holds a marker".to_owned();
        let help = "end it with a line like its first one, of as many of these signs and nothing else";
        Some(Swallowed { range, message, help, markers })
    }

    fn indented(self) -> Vec<Swallowed<'t>> {
        let is_marker = |line: &str| matches!(blocks::classify(line), Ok(Some(Marker::Open(_) | Marker::Close)));
        let fault = |(range, line): (Range<usize>, &'t str)| Swallowed {
            range,
            message: format!("the marker `{line}` is indented so far that it is code"),
            help: "write it at the start of its line; an example of a marker stands between two lines of three backticks",
            markers: vec![line],
        };
        self.lines.into_iter().filter(|(_, line)| is_marker(line)).map(fault).collect()
    }
}
