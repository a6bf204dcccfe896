//! Tags: what writers type after `access:`, and the rule it means (design 4.2, 4.5).
//!
//! Doubt is an error here: an unknown id, a word out of place, a window that is never open. Nothing in this file reads a
//! page or inherits anything; it is given the tags that count.

use std::ops::Range;

use super::catalogue::{Catalogue, Kind};
use super::rule::{Clause, Need, Rule};
use crate::id::Id;
use crate::time::{Date, Length, Timestamp};

/// One way to be let in: all of its names, within its window.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag {
    /// Whether it began with `+`: it is joint with what the page inherits.
    pub plus: bool,
    /// Who; never empty, each name once. `public` stands alone.
    pub names: Vec<Name>,
    /// Whether it only lets in those who had joined by then.
    pub since_joining: bool,
    /// When it begins.
    pub from: Option<Timestamp>,
    /// When it ends: the first instant at which it no longer holds.
    pub until: Option<Timestamp>,
}

/// One name in a tag.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Name {
    /// Anyone.
    Public,
    /// Any tier.
    Members,
    /// A tier and those above it, or a bundle: the id of today.
    Id(Id),
}

/// What [`Tag::parse`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// The tag.
    pub tag: Tag,
    /// Former ids in it: where they stand, and what they are called now.
    pub former: Vec<(Range<usize>, Id)>,
}

/// A fault in a tag.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TagFault {
    /// Where it stands, in bytes of the text that was given.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// How long after the start of a grant a tag opens.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Drip {
    /// At once.
    #[default]
    None,
    /// All that is not public opens that much later.
    All(Length),
    /// Only tags that name one of these ids do.
    ByName(Vec<(Id, Length)>),
    /// In a section: one page after the other. It is turned into [`Drip::All`] for each page before a rule is made.
    Every(Length),
}

/// The rule that a list of tags means. `next_date` is what `since joining` refers to: the date of the next page in the
/// section, if there is one. Tags that begin with `+` are resolved before (see [`resolve_plus`]).
#[must_use]
pub fn rule(tags: &[Tag], drip: &Drip, next_date: Option<Timestamp>, catalogue: &Catalogue) -> Rule {
    let clause = |tag: &Tag| {
        let after = tag.after(drip);
        let joined_before = next_date.filter(|_| tag.since_joining);
        let need = |any, after, joined_before| Need { after, any, joined_before, kept: None };
        let mut all = Vec::new();
        for name in &tag.names {
            let any = match name {
                Name::Public => continue,
                Name::Members => catalogue.any_tier(),
                Name::Id(id) => catalogue.opened_by(id),
            };
            all.push(need(any, after, joined_before));
        }
        let bundle = |name: &Name| matches!(name, Name::Id(id) if catalogue.kind(id) == Some(Kind::Bundle));
        if tag.names.iter().any(bundle) && !catalogue.tiers().is_empty() {
            all.push(need(catalogue.any_tier(), Length::ZERO, None));
        }
        Clause { all, from: tag.from, until: tag.until }
    };
    Rule::from(tags.iter().map(clause).collect::<Vec<_>>())
}

/// Puts what is inherited in the place of the `+` of each tag that begins with one.
#[must_use]
pub fn resolve_plus(tags: &[Tag], inherited: &[Tag]) -> Vec<Tag> {
    let mut resolved: Vec<Tag> = Vec::new();
    for tag in tags {
        let joint = inherited.iter().filter(|_| tag.plus).map(|inherited| Tag::join(inherited, tag));
        let alone = std::iter::once(tag).filter(|tag| !tag.plus).cloned();
        for tag in joint.chain(alone) {
            if !resolved.contains(&tag) {
                resolved.push(tag);
            }
        }
    }
    resolved
}

/// The tags of the comma form, `pro, rust-course`: each with its place, without the blanks around it.
#[must_use]
pub fn split_list(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut start = 0;
    let piece = |piece: &'_ str| {
        let range = start..start + piece.len();
        start = range.end + 1;
        trimmed(text, range)
    };
    text.split(',').map(piece).map(|range| (range.clone(), slice(text, &range))).collect()
}

/// The fault of a list in which a bare `public` stands beside another tag, which then means nothing: the number of that
/// tag, the message and the help.
#[must_use]
pub fn bare_public_beside(tags: &[Tag]) -> Option<(usize, &'static str, &'static str)> {
    let bare = tags.iter().position(Tag::is_bare_public).filter(|_| tags.len() > 1)?;
    let message = "a bare `public` beside another tag opens this to everybody";
    Some((bare, message, "take it out, or give it a window: `public from 2026-12-15`"))
}

impl Tag {
    /// `public`, without a window.
    #[must_use]
    pub fn public() -> Self {
        Self { plus: false, names: vec![Name::Public], since_joining: false, from: None, until: None }
    }

    /// Whether it lets in everybody, always.
    #[must_use]
    pub fn is_bare_public(&self) -> bool {
        !self.plus && self.is_public() && self.from.is_none() && self.until.is_none()
    }

    /// Whether it lets in everybody within its window.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.names.iter().all(|name| *name == Name::Public)
    }

    /// Who, as it is written: `basic+rust-course`.
    #[must_use]
    pub fn words(&self) -> String {
        let name = |name: &Name| match name {
            Name::Public => "public".to_owned(),
            Name::Members => "members".to_owned(),
            Name::Id(id) => id.to_string(),
        };
        self.names.iter().map(name).collect::<Vec<_>>().join("+")
    }

    /// Whether it names a tier or a bundle by this id.
    #[must_use]
    pub fn names_id(&self, id: &Id) -> bool {
        self.names.iter().any(|name| matches!(name, Name::Id(named) if named == id))
    }

    /// What is inherited and what the page says, together: all names, the later start, the earlier end.
    #[must_use]
    pub fn join(inherited: &Self, own: &Self) -> Self {
        let mut names: Vec<Name> = Vec::new();
        for name in inherited.names.iter().chain(&own.names) {
            if *name != Name::Public && !names.contains(name) {
                names.push(name.clone());
            }
        }
        if names.is_empty() {
            names.push(Name::Public);
        }
        Self {
            plus: inherited.plus,
            names,
            since_joining: inherited.since_joining || own.since_joining,
            from: inherited.from.max(own.from),
            until: [inherited.until, own.until].into_iter().flatten().min(),
        }
    }

    /// Reads one tag: `id(+id)* [since joining] [from DATE] [until DATE]`, perhaps after a `+`. `dates` reads a date; a
    /// bare one after `until` ends with its day.
    ///
    /// # Errors
    /// The first fault, with its place in `text`.
    pub fn parse(text: &str, catalogue: &Catalogue, dates: &dyn Fn(&str) -> Option<Date>) -> Result<Parsed, TagFault> {
        if let Some(fault) = title_for_id(text, catalogue) {
            return Err(fault);
        }
        let parts = Parts::split(text)?;
        let (plus, names, former) = names(text, &parts.names, catalogue)?;
        let date = |range: &Option<Range<usize>>| {
            let read = |range: &Range<usize>| dates(slice(text, range)).ok_or_else(|| no_date(text, range));
            range.as_ref().map(read).transpose()
        };
        let from = date(&parts.from)?.map(|date| date.first);
        let until = date(&parts.until)?.map(|date| date.end);
        if let (Some(_), Some(range)) = (from.filter(|from| until.is_some_and(|until| until <= *from)), &parts.until) {
            let (from, until) = (parts.from.as_ref().map_or("", |range| slice(text, range)), slice(text, range));
            let message = format!("`until {until}` is not after `from {from}`");
            return Err(fault(range.clone(), message, Some("this would never be open: swap the dates".to_owned())));
        }
        let tag = Self { plus, names, since_joining: parts.since_joining.is_some(), from, until };
        if let Some(range) = parts.since_joining.filter(|_| tag.is_public() && !tag.plus) {
            let help = "name a tier or a bundle: `basic since joining`".to_owned();
            return Err(fault(range, "a visitor has not joined anything".to_owned(), Some(help)));
        }
        Ok(Parsed { tag, former })
    }

    /// How long after the start of a grant this tag opens.
    fn after(&self, drip: &Drip) -> Length {
        match drip {
            Drip::None | Drip::Every(_) => Length::ZERO,
            Drip::All(length) => *length,
            Drip::ByName(lengths) => {
                let named = lengths.iter().filter(|(id, _)| self.names_id(id));
                named.map(|(_, length)| *length).max().unwrap_or(Length::ZERO)
            }
        }
    }
}

/// What a tag is made of, as places in its text.
#[derive(Default)]
struct Parts {
    names: Range<usize>,
    since_joining: Option<Range<usize>>,
    from: Option<Range<usize>>,
    until: Option<Range<usize>>,
}

impl Parts {
    /// Finds the words `since joining`, `from` and `until`; what stands before the first of them are the names.
    fn split(text: &str) -> Result<Self, TagFault> {
        let words = words(text);
        let clause = |word: &Range<usize>| matches!(slice(text, word), "since" | "from" | "until");
        let first = words.iter().position(clause).unwrap_or(words.len());
        let mut parts = Self { names: spread(words.get(..first).unwrap_or_default(), text), ..Self::default() };
        let mut rest = words.get(first..).unwrap_or_default();
        while let [word, after @ ..] = rest {
            let length = after.iter().position(clause).unwrap_or(after.len());
            let (value, next) = after.split_at(length);
            parts.take(text, word, value)?;
            rest = next;
        }
        Ok(parts)
    }

    fn take(&mut self, text: &str, word: &Range<usize>, value: &[Range<usize>]) -> Result<(), TagFault> {
        let name = slice(text, word);
        let (target, value) = match (name, value) {
            ("since", [joining, junk @ ..]) if slice(text, joining) == "joining" => {
                if let Some(junk) = junk.first() {
                    return Err(unexpected(text, junk));
                }
                (&mut self.since_joining, word.start..joining.end)
            }
            ("since", _) => {
                let help = "write `since joining`; for a date write `from 2026-12-15`".to_owned();
                return Err(fault(word.clone(), "`since` without `joining`".to_owned(), Some(help)));
            }
            (_, []) => {
                let help = format!("write it like `{name} 2026-12-15`");
                return Err(fault(word.clone(), format!("`{name}` without a date"), Some(help)));
            }
            ("from", value) => (&mut self.from, spread(value, text)),
            (_, value) => (&mut self.until, spread(value, text)),
        };
        match target.replace(value) {
            None => Ok(()),
            Some(_) => Err(fault(word.clone(), format!("`{name}` stands here twice"), None)),
        }
    }
}

/// Whether there is a leading `+`, the names joined by `+`, and the former ids among them.
type Names = (bool, Vec<Name>, Vec<(Range<usize>, Id)>);

fn names(text: &str, range: &Range<usize>, catalogue: &Catalogue) -> Result<Names, TagFault> {
    let written = slice(text, range);
    let plus = written.starts_with('+');
    let mut start = range.start + usize::from(plus);
    let mut ranges = Vec::new();
    for piece in slice(text, &(start..range.end)).split('+') {
        ranges.push(trimmed(text, start..start + piece.len()));
        start += piece.len() + 1;
    }
    let mut names = Vec::new();
    let mut former = Vec::new();
    for name_range in &ranges {
        let (name, id) = name(text, name_range, catalogue)?;
        former.extend(id.map(|id| (name_range.clone(), id)));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > 1 && names.contains(&Name::Public) {
        let help = "everybody is let in by `public` already: take it out".to_owned();
        return Err(fault(range.clone(), format!("`public` is joined with another name in `{written}`"), Some(help)));
    }
    Ok((plus, names, former))
}

/// One name; with it the id of today, if a former one is written.
fn name(text: &str, range: &Range<usize>, catalogue: &Catalogue) -> Result<(Name, Option<Id>), TagFault> {
    let written = slice(text, range);
    if let Some(junk) = words(written).get(1) {
        return Err(unexpected(text, &(range.start + junk.start..range.start + junk.end)));
    }
    match written {
        "" => {
            let whole = if text.is_empty() { 0..0 } else { range.clone() };
            let help = "a tag is `id`, `id+id`, `public` or `members`".to_owned();
            return Err(fault(whole, "a tier or bundle is missing".to_owned(), Some(help)));
        }
        "public" => return Ok((Name::Public, None)),
        "members" if catalogue.tiers().is_empty() => {
            let help = "`members` means any tier; declare tiers in site.yaml, or name a bundle".to_owned();
            return Err(fault(range.clone(), "`members`, but there are no tiers".to_owned(), Some(help)));
        }
        "members" => return Ok((Name::Members, None)),
        _ => {}
    }
    match catalogue.lookup(written) {
        Some(found) => Ok((Name::Id(found.id.clone()), found.former.then_some(found.id))),
        None => {
            let help = unknown_help(written, catalogue);
            Err(fault(range.clone(), format!("unknown tier or bundle `{written}`"), Some(help)))
        }
    }
}

fn unknown_help(written: &str, catalogue: &Catalogue) -> String {
    let words = ["public", "members"];
    let known = catalogue.nearest(written).or_else(|| crate::diagnostic::nearest(&written.to_lowercase(), words));
    match (known, written) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, "all" | "any" | "everyone" | "everybody" | "none") => {
            "`public` lets everybody in, `members` those with any tier".to_owned()
        }
        (None, _) if catalogue.is_empty() => "site.yaml declares no tiers and no bundles".to_owned(),
        (None, _) => {
            let ids: Vec<String> = catalogue.ids().map(|id| format!("`{id}`")).collect();
            format!("there are {}", ids.join(", "))
        }
    }
}

fn unexpected(text: &str, range: &Range<usize>) -> TagFault {
    let help = "a tag is `id+id since joining from 2026-12-15 until 2026-12-31`; tags are parted by commas".to_owned();
    fault(range.clone(), format!("unexpected `{}` in a tag", slice(text, range)), Some(help))
}

/// Writers see titles, and take them for ids.
fn title_for_id(text: &str, catalogue: &Catalogue) -> Option<TagFault> {
    let written = trimmed(text, 0..text.len());
    let title = slice(text, &written);
    let is_title = |id: &&Id| catalogue.title(id).is_some_and(|known| known.to_lowercase() == title.to_lowercase());
    let id = catalogue.ids().find(is_title).filter(|_| catalogue.lookup(&title.to_lowercase()).is_none())?;
    let message = format!("`{title}` is the title of `{id}`");
    Some(fault(written, message, Some(format!("write its id: `{id}`"))))
}

fn no_date(text: &str, range: &Range<usize>) -> TagFault {
    let help = "write it like `2026-12-15` or `2026-12-15T09:00:00`".to_owned();
    fault(range.clone(), format!("`{}` is not a date", slice(text, range)), Some(help))
}

fn fault(range: Range<usize>, message: String, help: Option<String>) -> TagFault {
    TagFault { range, message, help }
}

/// The places of the words between blanks.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (index, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (start, c.is_whitespace()) {
            (None, false) => start = Some(index),
            (Some(first), true) => {
                words.push(first..index);
                start = None;
            }
            (None, true) | (Some(_), false) => {}
        }
    }
    words
}

/// From the first to the last of some words; the beginning of the text, if there are none.
fn spread(words: &[Range<usize>], text: &str) -> Range<usize> {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.start..last.end,
        (Some(_), None) | (None, _) => {
            let start = text.len() - text.trim_start().len();
            start..start
        }
    }
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = slice(text, &range);
    let start = range.start + (piece.len() - piece.trim_start().len());
    start..start + piece.trim().len()
}

fn slice<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).unwrap_or_default()
}
