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
    /// What it was probably meant to be.
    pub kind: Kind,
    /// What is wrong.
    pub message: String,
    /// The part that is wrong, as bytes of the classified text.
    pub range: Range<usize>,
    /// How it should be written.
    pub help: String,
}

/// Which marker something is, or is near to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The beginning of a block.
    Open,
    /// Its end.
    Close,
    /// The divider.
    Divider,
}

impl Marker {
    fn kind(&self) -> Kind {
        match self {
            Self::Open(_) => Kind::Open,
            Self::Close => Kind::Close,
            Self::Divider => Kind::Divider,
        }
    }
}

/// Reads one whole comment, `<!--` to `-->`, or to the end of the text where it is not closed.
///
/// # Errors
///
/// A [`Suspect`] where the comment is near to a marker without being one.
pub fn classify(comment: &str) -> Result<Option<Marker>, Suspect> {
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
    let inner = comment.strip_prefix("<!--").unwrap_or(comment);
    let inner = inner.strip_suffix("-->").or_else(|| inner.strip_suffix("--!>")).unwrap_or(inner);
    near(comment, inner).map_or(Ok(None), Err)
}

/// What is near to a marker without even being a comment, `<! -- access: pro -->` or with dashes that a word processor
/// made: browsers show it or pass over it, and what follows would be open to all.
#[must_use]
pub fn near_comments(text: &str) -> Vec<(Range<usize>, Suspect)> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices("<!") {
        let Some(rest) = text.get(start..).filter(|rest| !rest.starts_with("<!--") && !rest.starts_with("<![")) else {
            continue;
        };
        let line = rest.lines().next().unwrap_or_default();
        let written = line.find('>').and_then(|end| line.get(..=end)).unwrap_or(line).trim_end();
        let inner = written.trim_start_matches("<!").trim_end_matches('>');
        let dash = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}') || c.is_whitespace();
        if let Some(suspect) = near(written, inner.trim_matches(dash)) {
            found.push((start..start + written.len(), suspect));
        }
    }
    found
}

fn near(written: &str, inner: &str) -> Option<Suspect> {
    let kind = likeness(inner)?;
    let bare = !inner.contains([':', '=']);
    let help = match kind {
        Kind::Open if bare => "write `<!-- access: TAGS -->` to open a block, `<!-- /access -->` to close it",
        Kind::Open => {
            &format!("write `<!-- access: {} -->`, whole, on a line of its own", tags_in(inner).unwrap_or("TAGS"))
        }
        Kind::Close => "write `<!-- /access -->`, on a line of its own",
        Kind::Divider => "write `<!-- more -->`, on a line of its own",
    };
    let message = format!("`{}` looks like a marker and is none", shown(written));
    Some(Suspect { kind, message, range: 0..written.len(), help: help.to_owned() })
}

/// What was probably meant as the tags of a marker that is none.
fn tags_in(inner: &str) -> Option<&str> {
    let (_, tags) = inner.split_once([':', '='])?;
    let tags = tags.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '-' | '>' | '/'));
    let is_tag = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | ',' | ' ' | ';');
    (!tags.is_empty() && tags.len() <= 60 && tags.chars().all(is_tag)).then_some(tags)
}

/// A comment as messages show it: its first line, cut where it is long.
#[must_use]
pub fn shown(comment: &str) -> String {
    let line = comment.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cut.len() < comment.len() { format!("{cut} …") } else { cut }
}

/// Which marker a comment is or is near to: what may not stand anywhere but at the top level, outside code.
#[must_use]
pub fn kind_of(comment: &str) -> Option<Kind> {
    match classify(comment) {
        Ok(marker) => marker.map(|marker| marker.kind()),
        Err(suspect) => Some(suspect.kind),
    }
}

/// Whether a comment, `<!--` to the end of the text, has its `-->`.
#[must_use]
pub fn is_closed(comment: &str) -> bool {
    comment.get("<!--".len()..).is_some_and(|rest| rest.ends_with("-->"))
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
        && kind_of(&format!("<!-- {} -->", word.trim_end_matches(signs))).is_some();
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
        let end = at + part.len();
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
            let (message, range) = if word.is_empty() {
                ("nothing stands after this `;`".to_owned(), at - 1..at)
            } else {
                let start = at + lead;
                (format!("`{word}` is not understood in an access marker"), start..start + word.len())
            };
            let help = "after the tags stand `; drip: 7d`, `; hidden`, or both".to_owned();
            return Err(Suspect { kind: Kind::Open, message, range, help });
        }
        at = end + 1;
    }
    Ok(opening)
}

/// Case, spacing, or up to two letters away from `access`, `/access` or `more`.
fn likeness(inner: &str) -> Option<Kind> {
    let text = inner.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '>' | '!')).to_lowercase();
    let word_end = text.find(|c: char| !(c.is_alphanumeric() || c == '/' || c == '\\')).unwrap_or(text.len());
    let (word, rest) = text.split_at(word_end);
    let rest = rest.trim_start();
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if compact == "more" || (rest.is_empty() && word.len() > 2 && near_divider(word)) {
        return Some(Kind::Divider);
    }
    if compact == "/access" || compact == "endaccess" {
        return Some(Kind::Close);
    }
    let slashed = word.starts_with(['/', '\\']);
    let distance = strsim::osa_distance(word.trim_start_matches(['/', '\\']), "access");
    // A sentence may begin with a word like `across`; a marker goes on with a colon, or with nothing.
    let marks = rest.is_empty() || rest.starts_with([':', '=', ';']);
    if distance == 0 || (distance <= 2 && marks) {
        return Some(if slashed || (rest.is_empty() && distance > 0) { Kind::Close } else { Kind::Open });
    }
    None
}

/// `more` itself, its parts run together, or one or two letters off with the same first letter.
fn near_divider(word: &str) -> bool {
    let distance = strsim::osa_distance(word, "more");
    distance <= 1 || (distance == 2 && word.starts_with('m'))
}

#[cfg(test)]
mod tests {
    use super::{Marker, classify, comments, near_comments};

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
            "<!-- access: pro ->",
            "<!-- access: pro",
            "<!-- access: pro --!>",
            "<!-->access: pro-->",
        ] {
            assert!(classify(comment).is_err(), "{comment}");
        }
    }

    #[test]
    fn what_is_no_comment_may_be_near_to_a_marker() {
        for text in ["a <! -- access: pro -->", "<!— access: pro —>", "<!access: pro>", "<!- /access ->", "<!–more–>"]
        {
            assert_eq!(near_comments(text).len(), 1, "{text}");
        }
        for text in ["<!-- access: pro -->", "<!DOCTYPE html>", "<![CDATA[ more ]]>", "a <! b", "<!"] {
            assert_eq!(near_comments(text).len(), 0, "{text}");
        }
    }

    #[test]
    fn all_comments_are_found() {
        assert_eq!(comments("a<!-- x -->b<!--y-->"), [1..11, 12..20]);
        assert_eq!(comments("<!-- open").first(), Some(&(0..9)));
    }
}
