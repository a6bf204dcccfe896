//! Gate markers: the comments that open and close gated blocks, and the divider.
//!
//! A marker is a whole top-level HTML block of its own, written exactly. Anything outside code that merely looks like
//! one is a fault: a misspelt marker must never leave the text behind it open. This module tells markers from other
//! comments; it does not know what the tags in them mean.

use std::ops::Range;

/// What a comment is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Marker {
    /// `<!-- access: TAGS; drip: 7d; hidden -->`; ranges are within the text that was classified.
    Open(Opening),
    /// `<!-- /access -->`
    Close,
    /// `<!-- more -->`
    Divider,
}

/// The parts of an opening marker, as byte ranges of the classified text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// The tags.
    pub tags: Range<usize>,
    /// What stands after `drip:`.
    pub drip: Option<Range<usize>>,
    /// Whether `hidden` stands there.
    pub hidden: bool,
}

/// A comment that looks like a marker and is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suspect {
    /// What is wrong.
    pub message: String,
    /// How it should be written.
    pub help: String,
}

/// Reads one whole comment, `<!--` to `-->`.
///
/// # Errors
///
/// A [`Suspect`] where the comment is near to a marker without being one.
pub fn classify(comment: &str) -> Result<Option<Marker>, Suspect> {
    let inner = comment.strip_prefix("<!--").unwrap_or_default();
    let inner = inner.strip_suffix("-->").or_else(|| inner.strip_suffix("--!>")).unwrap_or(inner);
    match comment {
        "<!-- more -->" | "<!--more-->" => return Ok(Some(Marker::Divider)),
        "<!-- /access -->" => return Ok(Some(Marker::Close)),
        _ => {}
    }
    if let Some(attributes) = comment.strip_prefix("<!-- access: ").and_then(|rest| rest.strip_suffix(" -->"))
        && !attributes.starts_with(' ')
        && !attributes.contains('\n')
    {
        return opening(attributes, "<!-- access: ".len()).map(|opening| Some(Marker::Open(opening)));
    }
    match likeness(inner) {
        Some(Likeness::Open) => Err(suspect(comment, "write `<!-- access: TAGS -->`, on a line of its own")),
        Some(Likeness::Close) => Err(suspect(comment, "write `<!-- /access -->`, on a line of its own")),
        Some(Likeness::Divider) => Err(suspect(comment, "write `<!-- more -->`, on a line of its own")),
        None => Ok(None),
    }
}

/// Whether a comment is a marker or near to one: what may not stand anywhere but at the top level, outside code.
#[must_use]
pub fn looks_like_marker(comment: &str) -> bool {
    !matches!(classify(comment), Ok(None))
}

/// What a text begins with, if that would be near to a marker were it a comment: `<! -- access: pro -->`, `<-- more -->`.
#[must_use]
pub fn broken_marker(text: &str) -> Option<&str> {
    let signs = ['!', '-', ' '];
    let line = text.lines().next()?;
    let broken = line.get(..=line.find('>')?)?;
    let inner = broken.strip_prefix('<')?.strip_suffix('>')?;
    let word = inner.trim_start_matches(signs);
    // Arrows are left alone: `a <- more > b`.
    let is_drawn = inner.starts_with('!') || inner.ends_with('-');
    let is_near = is_drawn
        && inner.len() > word.len()
        && looks_like_marker(&format!("<!-- {} -->", word.trim_end_matches(signs)));
    is_near.then_some(broken)
}

/// The byte ranges of all comments in a piece of raw HTML; an unclosed one ends with the text.
#[must_use]
pub fn comments(html: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = html.get(from..).and_then(|rest| rest.find("<!--")).map(|at| at + from) {
        let rest = html.get(start + 4..).unwrap_or_default();
        // Browsers take `--!>` for an end as well.
        let ends = [rest.find("-->").map(|at| at + 3), rest.find("--!>").map(|at| at + 4)];
        let end = ends.into_iter().flatten().min().map_or(html.len(), |at| start + 4 + at);
        found.push(start..end);
        from = end;
    }
    found
}

fn opening(attributes: &str, offset: usize) -> Result<Opening, Suspect> {
    let mut parts = attributes.split(';');
    let tags = parts.next().unwrap_or_default();
    let mut opening = Opening { tags: offset..offset + tags.trim_end().len(), drip: None, hidden: false };
    let mut at = offset + tags.len() + 1;
    for part in parts {
        let lead = part.len() - part.trim_start().len();
        let word = part.trim();
        if word == "hidden" && !opening.hidden {
            opening.hidden = true;
        } else if let Some(drip) = word.strip_prefix("drip:")
            && opening.drip.is_none()
        {
            let start = at + lead + (word.len() - drip.trim_start().len());
            opening.drip = Some(start..at + lead + word.len());
        } else {
            let message = format!("`{word}` is not understood in an access marker");
            let help = "after the tags stand `; drip: 7d`, `; hidden`, or both";
            return Err(Suspect { message, help: help.to_owned() });
        }
        at += part.len() + 1;
    }
    Ok(opening)
}

enum Likeness {
    Open,
    Close,
    Divider,
}

/// Case, spacing, or up to two letters away from `access`, `/access` or `more`.
fn likeness(inner: &str) -> Option<Likeness> {
    let text = inner.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '>' | '!')).to_lowercase();
    let word_end = text.find(|c: char| !(c.is_alphanumeric() || c == '/' || c == '\\')).unwrap_or(text.len());
    let (word, rest) = text.split_at(word_end);
    let rest = rest.trim_start();
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if compact == "more" || (rest.is_empty() && word.len() > 2 && near_divider(word)) {
        return Some(Likeness::Divider);
    }
    if compact == "/access" || compact == "endaccess" {
        return Some(Likeness::Close);
    }
    let slashed = word.starts_with(['/', '\\']);
    let distance = strsim::osa_distance(word.trim_start_matches(['/', '\\']), "access");
    // A sentence may begin with a word like `across`; a marker goes on with a colon, or with nothing.
    let marks = rest.is_empty() || rest.starts_with([':', '=', ';']);
    if distance == 0 || (distance <= 2 && marks) {
        return Some(if slashed || (rest.is_empty() && distance > 0) { Likeness::Close } else { Likeness::Open });
    }
    None
}

/// `more` itself, its parts run together, or one or two letters off with the same first letter.
fn near_divider(word: &str) -> bool {
    let distance = strsim::osa_distance(word, "more");
    distance <= 1 || (distance == 2 && word.starts_with('m'))
}

fn suspect(comment: &str, help: &str) -> Suspect {
    let shown: String = comment.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    Suspect { message: format!("`{shown}` looks like a marker and is none"), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Marker, classify, comments};

    #[test]
    fn exact_markers_are_read() {
        assert_eq!(classify("<!-- more -->"), Ok(Some(Marker::Divider)));
        assert_eq!(classify("<!--more-->"), Ok(Some(Marker::Divider)));
        assert_eq!(classify("<!-- /access -->"), Ok(Some(Marker::Close)));
        let text = "<!-- access: pro, rust-course ; drip: 7d; hidden -->";
        let Ok(Some(Marker::Open(opening))) = classify(text) else { panic!("no opening") };
        assert_eq!(&text[opening.tags.clone()], "pro, rust-course");
        assert_eq!(opening.drip.map(|range| &text[range]), Some("7d"));
        assert!(opening.hidden);
    }

    #[test]
    fn other_comments_are_left_alone() {
        for comment in
            ["<!-- a note -->", "<!---->", "<!-- across the river -->", "<!-- todo -->", "<!-- more about it -->"]
        {
            assert_eq!(classify(comment), Ok(None), "{comment}");
        }
    }

    #[test]
    fn near_misses_are_faults() {
        for comment in [
            "<!--access: pro-->",
            "<!-- Access: pro -->",
            "<!-- acess: pro -->",
            "<!-- access pro -->",
            "<!--  access: pro -->",
            "<!-- access : pro -->",
            "<!--/access-->",
            "<!-- /acces -->",
            "<!-- / access -->",
            "<!-- More -->",
            "<!-- moer -->",
            "<!--  more  -->",
            "<!-- access: pro; hiden -->",
            "<!-- ACCESS -->",
            "<!--\naccess: pro\n-->",
            "<!-- mroe -->",
            "<!-- access: pro --!>",
            "<!-- access: pro",
            "<!-- access: pro ->\n\ntext",
            "<!-->access: pro-->",
        ] {
            assert!(classify(comment).is_err(), "{comment}");
        }
    }

    #[test]
    fn all_comments_are_found() {
        assert_eq!(comments("a<!-- x -->b<!--y-->"), [1..11, 12..20]);
        assert_eq!(comments("<!-- open"), [0..9]);
    }
}
