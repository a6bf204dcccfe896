//! Anchors of headings: readable, unique among what encloses them, and silent about what is gated.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Tag};

use super::{RawBlock, Spanned, node_end};

/// Anchors for all headings, by event index.
///
/// An anchor avoids those of its own place and of what encloses it, and no others: a number behind it would tell that a
/// closed block, or what stands below the divider, has a heading of the same words. Where both are shown they are told
/// apart when the page is put together.
pub(super) fn heading_ids(
    events: &[Spanned<'_>],
    blocks: &[RawBlock],
    edges: &Edges,
) -> BTreeMap<usize, (String, String)> {
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
pub(super) struct Edges {
    pub(super) offset: usize,
    pub(super) divider: Option<usize>,
}

impl Edges {
    fn is_below(&self, at: usize) -> bool {
        self.divider.is_some_and(|divider| divider < at)
    }
}

/// The anchor of a heading: lower case, letters and digits of any script, `-` for spaces.
#[must_use]
fn anchor(title: &str) -> String {
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
