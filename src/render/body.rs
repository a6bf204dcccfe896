//! Puts a body together from the pieces that a view shows.
//!
//! Footnotes are numbered here, by what is shown: a gap in the numbers would tell that something is missing. The same
//! goes for the contents and for the count of words.

use std::fmt::Write as _;

use crate::escape::push_escaped;
use crate::plan::Form;
use crate::plan::view::{EntryView, Shown, View};
use crate::render::context::Heading;
use crate::render::words::Words;

/// A body, ready for a template.
#[derive(Debug, Default)]
pub struct Assembled {
    /// Safe HTML.
    pub html: String,
    /// The contents; of an open page alone.
    pub toc: Vec<Heading>,
    /// Words; of an open page alone.
    pub words: usize,
}

/// The anchor of a heading in the page: one of another place may be the same.
fn tell_apart(html: &mut String, start: usize, (level, id): (u8, &str), before: &[(u8, String, &str)]) -> String {
    let is_taken = |id: &str| before.iter().any(|(_, other, _)| other == id);
    if !is_taken(id) {
        return id.to_owned();
    }
    let Some(other) = (1_usize..).map(|number| format!("{id}-{number}")).find(|id| !is_taken(id)) else {
        return id.to_owned();
    };
    let tag = |id: &str| {
        let mut tag = format!("<h{level} id=\"");
        push_escaped(&mut tag, id);
        tag.push('"');
        tag
    };
    let (old, new) = (tag(id), tag(&other));
    if let Some(at) = html.get(start..).and_then(|piece| piece.find(&old)).map(|at| start + at) {
        html.replace_range(at..at + old.len(), &new);
    }
    other
}

/// Puts together what a view shows of a page.
#[must_use]
pub fn assemble(view: &View<'_>, words: &Words<'_>) -> Assembled {
    let shown = view.body();
    let mut notes = Notes { numbers: Vec::new() };
    let mut body = Assembled::default();
    let mut headings = Vec::new();
    for step in &shown {
        match step {
            Shown::Closed(block) => closed(&mut body.html, &words.closed_block(&block.tags, &block.drip)),
            Shown::Piece(piece) => {
                let (first, start) = (body.html.is_empty(), body.html.len());
                notes.push(&mut body.html, (&piece.html, &piece.notes), |note| view.note(note).is_some());
                if first && view.kept().is_some_and(|kept| kept.title.is_some()) {
                    drop_title(&mut body.html);
                }
                for heading in &piece.headings {
                    let id = tell_apart(&mut body.html, start, (heading.level, &heading.id), &headings);
                    headings.push((heading.level, id, heading.title.as_str()));
                }
                body.words += piece.words;
            }
        }
    }
    notes.finish(&mut body.html, view, words);
    if view.form() == Form::Open {
        body.toc = nest(&headings);
    } else {
        body.words = 0;
    }
    body
}

/// The summary of an entry: what stands above its divider, less footnotes.
#[must_use]
pub fn summary(view: &EntryView<'_>, words: &Words<'_>) -> String {
    let mut html = String::new();
    let mut notes = Notes { numbers: Vec::new() };
    for step in view.summary() {
        match step {
            Shown::Closed(block) => closed(&mut html, &words.closed_block(&block.tags, &block.drip)),
            Shown::Piece(piece) => notes.push(&mut html, (&piece.html, &piece.notes), |_| false),
        }
    }
    html
}

fn closed(html: &mut String, text: &str) {
    html.push_str("<p class=\"tp-gate\"><span class=\"tp-lock\">");
    push_escaped(html, text);
    html.push_str("</span></p>\n");
}

/// Where a page's title comes from its first heading, that heading would stand there twice: its anchor stays.
fn drop_title(html: &mut String) {
    let Some(rest) = html.strip_prefix("<h1 id=\"") else { return };
    let Some((id, rest)) = rest.split_once('"') else { return };
    if let Some((_, after)) = rest.split_once("</h1>") {
        *html = format!("<span id=\"{id}\"></span>{after}");
    }
}

/// Footnotes in the order of their first reference.
struct Notes {
    numbers: Vec<usize>,
}

impl Notes {
    /// Appends HTML with the numbers of those notes that are shown.
    fn push(&mut self, out: &mut String, (html, places): (&str, &[(usize, usize)]), shown: impl Fn(usize) -> bool) {
        let mut from = 0;
        for (at, note) in places {
            out.push_str(html.get(from..*at).unwrap_or_default());
            from = *at;
            if !shown(*note) {
                continue;
            }
            let known = self.numbers.iter().position(|other| other == note);
            let number = known.unwrap_or_else(|| {
                self.numbers.push(*note);
                self.numbers.len() - 1
            }) + 1;
            let back = if known.is_none() { format!(" id=\"fnref-{number}\"") } else { String::new() };
            let reference =
                write!(out, "<sup class=\"footnote-ref\"><a href=\"#fn-{number}\"{back}>{number}</a></sup>");
            debug_assert!(reference.is_ok(), "writing to a string cannot fail");
        }
        out.push_str(html.get(from..).unwrap_or_default());
    }

    /// Appends the notes themselves; a note may refer to others.
    fn finish(&mut self, out: &mut String, view: &View<'_>, words: &Words<'_>) {
        if self.numbers.is_empty() {
            return;
        }
        out.push_str("<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"");
        push_escaped(out, words.get("footnotes"));
        out.push_str("\">\n<ol>\n");
        let mut number = 0;
        while let Some(note) = self.numbers.get(number).copied() {
            number += 1;
            out.push_str(&format!("<li id=\"fn-{number}\">\n"));
            if let Some(piece) = view.note(note) {
                self.push(out, (&piece.html, &piece.notes), |note| view.note(note).is_some());
            }
            out.push_str(&format!("<a class=\"footnote-back\" href=\"#fnref-{number}\" aria-label=\""));
            push_escaped(out, words.get("footnote_back"));
            out.push_str("\">↩</a></li>\n");
        }
        out.push_str("</ol>\n</section>\n");
    }
}

/// Turns a run of headings into a tree.
fn nest(headings: &[(u8, String, &str)]) -> Vec<Heading> {
    let mut nested = Vec::new();
    let mut rest = headings;
    while let Some(((level, id, title), after)) = rest.split_first() {
        let below = after.iter().take_while(|(deeper, _, _)| deeper > level).count();
        let (children, others) = after.split_at(below);
        let children = nest(children);
        nested.push(Heading { level: *level, id: id.clone(), title: (*title).to_owned(), children });
        rest = others;
    }
    nested
}
