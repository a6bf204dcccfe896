//! The keys that decide who reads, at the top of a page and under `cascade`.
//!
//! No fault here has a default: an empty, misspelt or wrongly typed gate key stops the build. What other tools use to hold
//! a page back is honoured with a warning, or refused with our word for it; it is never passed over.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is a fault: no such arm lets anything pass"
)]

use std::ops::Range;

use super::document::{Fault, Map, Node, Value};
use super::front_matter::{DATE_HELP, Reader};
use super::reading::{boolean, wrong};
use crate::access::catalogue::Catalogue;
use crate::access::tags::{self, Drip, Tag};
use crate::diagnostic::Spanned;
use crate::id::Id;
use crate::time::{Date, Length};

/// Gate keys as they are written: `None` is inherited.
#[derive(Clone, Debug, Default)]
pub struct GateKeys {
    /// `access`: never empty.
    pub access: Option<Spanned<Vec<Spanned<Tag>>>>,
    /// `drip`.
    pub drip: Option<Spanned<Drip>>,
    /// The ids that `drip` names, where it names some: the same, in the same order, with their places.
    pub drip_ids: Vec<Spanned<Id>>,
    /// `release`, or `publishDate`; the inner `None` is a written `none`.
    pub release: Option<Spanned<Option<Date>>>,
    /// `until`, or `expiryDate`; the inner `None` is a written `none`.
    pub until: Option<Spanned<Option<Date>>>,
    /// `hidden`.
    pub hidden: Option<Spanned<bool>>,
    /// `announce`.
    pub announce: Option<Spanned<bool>>,
    /// `draft`, or `published` turned round.
    pub draft: Option<Spanned<bool>>,
    /// `teaser`.
    pub teaser: Option<Spanned<Teaser>>,
    /// `files`: names or globs, with who may have them.
    pub files: Vec<(Spanned<String>, Vec<Spanned<Tag>>)>,
}

/// Who reads the part above the divider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Teaser {
    /// Readers whom one of these tags lets in; never empty.
    Tags(Vec<Tag>),
    /// Nobody: `none`.
    Nobody,
}

impl Teaser {
    /// The tags; none for nobody.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        match self {
            Self::Tags(tags) => tags,
            Self::Nobody => &[],
        }
    }
}

impl GateKeys {
    /// Where the first key stands, if anything is written.
    #[must_use]
    pub fn first_place(&self) -> Option<Range<usize>> {
        let Self { access, drip, drip_ids: _, release, until, hidden, announce, draft, teaser, files } = self;
        let places = [
            access.as_ref().map(|key| &key.span),
            drip.as_ref().map(|key| &key.span),
            release.as_ref().map(|key| &key.span),
            until.as_ref().map(|key| &key.span),
            hidden.as_ref().map(|key| &key.span),
            announce.as_ref().map(|key| &key.span),
            draft.as_ref().map(|key| &key.span),
            teaser.as_ref().map(|key| &key.span),
        ];
        let files = files.iter().map(|(name, _)| &name.span);
        places.into_iter().flatten().chain(files).min_by_key(|place| place.start).cloned()
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { access, drip, drip_ids: _, release, until, hidden, announce, draft, teaser, files } = self;
        let dates = release.is_none() && until.is_none();
        let switches = hidden.is_none() && announce.is_none() && draft.is_none();
        access.is_none() && drip.is_none() && dates && switches && teaser.is_none() && files.is_empty()
    }

    /// Reads a key that decides who reads; false for any other, and for `cascade`.
    pub(super) fn read(&mut self, key: &Spanned<String>, node: &Node, reader: &mut Reader<'_>) -> bool {
        let name = key.value.as_str();
        match name {
            "access" => self.access = access(node, reader),
            "drip" => self.drip(node, reader),
            "release" | "publishDate" | "publishdate" | "pubdate" => self.release(key, node, reader),
            "until" | "expiryDate" | "expirydate" | "unpublishdate" => self.until(key, node, reader),
            "hidden" => self.hidden = switch(name, node, reader),
            "announce" => self.announce = switch(name, node, reader),
            "draft" => {
                let draft = switch(name, node, reader);
                self.hold_back(draft);
            }
            "published" => self.published(key, node, reader),
            "teaser" => self.teaser = teaser(node, reader),
            "files" => self.files(node, reader),
            _ => return refuse_foreign(key, node, reader),
        }
        true
    }

    /// A page is a draft if any key says so.
    fn hold_back(&mut self, draft: Option<Spanned<bool>>) {
        if self.draft.as_ref().is_none_or(|before| !before.value) && draft.is_some() {
            self.draft = draft;
        }
    }

    /// Jekyll writes true or false, Hugo a date.
    fn published(&mut self, key: &Spanned<String>, node: &Node, reader: &mut Reader<'_>) {
        let is_date = match &node.value {
            Value::Text(text) => super::dates::parse(text, reader.context.zone).is_some(),
            other => matches!(other, Value::Date(_)),
        };
        if is_date {
            return self.release(key, node, reader);
        }
        let Some(published) = switch("published", node, reader) else { return };
        if !published.value {
            said(key, "`published: false` is read as `draft: true`", reader);
            self.hold_back(Some(Spanned::new(true, published.span)));
        }
    }

    fn release(&mut self, key: &Spanned<String>, node: &Node, reader: &mut Reader<'_>) {
        if let Some(before) = &self.release {
            return twice(key, "release", before.span.clone(), reader);
        }
        if key.value != "release" {
            said(key, &format!("`{}` is read as `release`", key.value), reader);
        }
        self.release = instant(&key.value, node, reader);
    }

    fn until(&mut self, key: &Spanned<String>, node: &Node, reader: &mut Reader<'_>) {
        if let Some(before) = &self.until {
            return twice(key, "until", before.span.clone(), reader);
        }
        if key.value != "until" {
            said(key, &format!("`{}` is read as `until`", key.value), reader);
        }
        self.until = instant(&key.value, node, reader);
    }

    fn drip(&mut self, node: &Node, reader: &mut Reader<'_>) {
        let drip = match &node.value {
            Value::Text(text) => drip_text(text, node, reader),
            Value::Map(map) => self.drip_map(map, node, reader),
            Value::Number(_) => Err(Fault::new("`drip` is a number without a unit", node.span.clone()).help(DRIP_HELP)),
            other => Err(wrong("drip", other, "a length", node).help(DRIP_HELP)),
        };
        self.drip = reader.faults.keep(drip).map(|drip| Spanned::new(drip, node.span.clone()));
    }

    fn drip_map(&mut self, map: &Map, node: &Node, reader: &mut Reader<'_>) -> Result<Drip, Fault> {
        if map.entries.is_empty() {
            return Err(Fault::new("`drip` is an empty map", node.span.clone()).help(DRIP_HELP));
        }
        let mut lengths: Vec<(Id, Length)> = Vec::new();
        for (key, node) in &map.entries {
            let id = reader.faults.keep(known_id(key, reader.context.catalogue));
            let length = match &node.value {
                Value::Text(text) => length(text, reader.faults.place_in(node, text, &(0..text.len()))),
                Value::Number(_) => {
                    let message = format!("the drip of `{}` is a number without a unit", key.value);
                    Err(Fault::new(message, node.span.clone()).help("write `14d`: units are `h`, `d` and `w`"))
                }
                other => Err(wrong(&key.value, other, "a length", node).help("write `14d`")),
            };
            let length = reader.faults.keep(length);
            if let (Some(id), Some(length)) = (id, length) {
                if lengths.iter().any(|(other, _)| *other == id) {
                    reader.faults.error(Fault::new(format!("`drip` names `{id}` twice"), key.span.clone()));
                }
                self.drip_ids.push(Spanned::new(id.clone(), key.span.clone()));
                lengths.push((id, length));
            }
        }
        Ok(Drip::ByName(lengths))
    }

    fn files(&mut self, node: &Node, reader: &mut Reader<'_>) {
        let map = match &node.value {
            Value::Map(map) if !map.entries.is_empty() => map,
            Value::Map(_) => {
                let fault = Fault::new("`files` is an empty map", node.span.clone());
                return reader.faults.error(fault.help(FILES_HELP));
            }
            other => return reader.faults.error(wrong("files", other, "a map of names", node).help(FILES_HELP)),
        };
        for (key, node) in &map.entries {
            if globset::Glob::new(&key.value).is_err() {
                let fault = Fault::new(format!("`{}` is no name and no pattern of names", key.value), key.span.clone());
                reader.faults.error(fault.help("`*`, `?`, `[abc]` and `{a,b}` stand for parts of names"));
            }
            let Some(tags) = tag_list(&key.value, node, reader) else { continue };
            no_plus(&tags, "files", reader);
            self.files.push((key.clone(), tags));
        }
    }
}

const ACCESS_HELP: &str = "write a tier, a bundle, `members` or `public`, or a list of them";
const DRIP_HELP: &str = "write `drip: 7d`, `drip: every 7d` or `drip: {basic: 14d}`; units are `h`, `d` and `w`";
const FILES_HELP: &str = "write `files: {workbook.pdf: pro}`";

fn access(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<Vec<Spanned<Tag>>>> {
    tag_list("access", node, reader).map(|tags| Spanned::new(tags, node.span.clone()))
}

fn teaser(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<Teaser>> {
    if matches!(&node.value, Value::Text(text) if text.trim() == "none") {
        return Some(Spanned::new(Teaser::Nobody, node.span.clone()));
    }
    let tags = tag_list("teaser", node, reader)?;
    no_plus(&tags, "teaser", reader);
    let tags = tags.into_iter().map(|tag| tag.value).collect();
    Some(Spanned::new(Teaser::Tags(tags), node.span.clone()))
}

fn no_plus(tags: &[Spanned<Tag>], key: &str, reader: &mut Reader<'_>) {
    for tag in tags.iter().filter(|tag| tag.value.plus) {
        let fault =
            Fault::new(format!("a leading `+` has a meaning in `access` alone, not in `{key}`"), tag.span.clone());
        reader.faults.error(fault);
    }
}

/// Tags, as text with commas or as a list. `None` where there was a fault: no tag of a faulty list is used.
pub(super) fn tag_list(key: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Vec<Spanned<Tag>>> {
    let items = match &node.value {
        Value::Text(_) => std::slice::from_ref(node),
        Value::List(items) if !items.is_empty() => items.as_slice(),
        other => {
            reader.faults.error(wrong(key, other, "a list of tags", node).help(ACCESS_HELP));
            return None;
        }
    };
    let mut tags = Vec::new();
    let mut good = true;
    for item in items {
        let read = item_tags(key, item, reader);
        good &= read.is_some();
        tags.extend(read.unwrap_or_default());
    }
    let plain: Vec<Tag> = tags.iter().map(|tag| tag.value.clone()).collect();
    if let Some((index, message, help)) = tags::bare_public_beside(&plain).filter(|_| good) {
        let span = tags.get(index).map_or_else(|| node.span.clone(), |tag| tag.span.clone());
        reader.faults.error(Fault::new(message, span).help(help));
        good = false;
    }
    good.then_some(tags)
}

/// The tags of one text: one for each comma and one more.
fn item_tags(key: &str, item: &Node, reader: &mut Reader<'_>) -> Option<Vec<Spanned<Tag>>> {
    let Value::Text(text) = &item.value else {
        let fault = match &item.value {
            Value::Null => Fault::new(format!("an item of `{key}` is empty"), item.span.clone()),
            other => Fault::new(format!("an item of `{key}` is {}, not a tag", other.kind()), item.span.clone()),
        };
        reader.faults.error(fault.help(ACCESS_HELP));
        return None;
    };
    if text.trim().is_empty() {
        reader.faults.error(Fault::new(format!("`{key}` is empty"), item.span.clone()).help(ACCESS_HELP));
        return None;
    }
    let dates = |text: &str| super::dates::parse(text, reader.context.zone);
    let mut tags = Vec::new();
    let mut faults = Vec::new();
    for (range, part) in tags::split_list(text) {
        let place = |part: &Range<usize>| {
            reader.faults.place_in(item, text, &(range.start + part.start..range.start + part.end))
        };
        match Tag::parse(part, reader.context.catalogue, &dates) {
            Ok(parsed) => {
                for (part, now) in &parsed.former {
                    let former = part_of(text, &(range.start + part.start..range.start + part.end));
                    let fault = Fault::new(format!("`{former}` is a former id"), place(part));
                    faults.push((false, fault.help(format!("it is called `{now}` now"))));
                }
                tags.push(Spanned::new(parsed.tag, place(&(0..part.len()))));
            }
            Err(error) => {
                let fault = Fault { help: error.help, ..Fault::new(error.message, place(&error.range)) };
                faults.push((true, fault));
            }
        }
    }
    let good = !faults.iter().any(|(is_error, _)| *is_error);
    for (is_error, fault) in faults {
        if is_error { reader.faults.error(fault) } else { reader.faults.warn(fault) }
    }
    good.then_some(tags)
}

fn part_of<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    text.get(range.clone()).unwrap_or_default()
}

fn drip_text(text: &str, node: &Node, reader: &Reader<'_>) -> Result<Drip, Fault> {
    let trimmed = text.trim();
    let place = |part: &str| {
        let start = text.find(part).unwrap_or(0);
        reader.faults.place_in(node, text, &(start..start + part.len()))
    };
    match trimmed.split_once(char::is_whitespace) {
        None if trimmed == "none" => Ok(Drip::None),
        None if trimmed == "every" => Err(Fault::new("`every` without a length", place(trimmed)).help(DRIP_HELP)),
        Some(("every", written)) => length(written.trim(), place(written.trim())).map(Drip::Every),
        None | Some(_) => length(trimmed, place(trimmed)).map(Drip::All),
    }
}

/// A length of at least an hour: dripping at once is `none`.
fn length(written: &str, span: Range<usize>) -> Result<Length, Fault> {
    match written.trim().parse::<Length>() {
        Ok(Length::ZERO) => Err(Fault::new(format!("`{written}` is no time at all"), span).help("write `none`")),
        Ok(length) => Ok(length),
        Err(error) => {
            Err(Fault::new(format!("`{written}` is not a length: {error}"), span)
                .help("write it like `12h`, `7d` or `2w`"))
        }
    }
}

fn known_id(key: &Spanned<String>, catalogue: &Catalogue) -> Result<Id, Fault> {
    if let Some(found) = catalogue.lookup(&key.value) {
        return Ok(found.id);
    }
    let fault = Fault::new(format!("unknown tier or bundle `{}`", key.value), key.span.clone());
    Err(match catalogue.nearest(&key.value) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help("`drip` names tiers and bundles of site.yaml"),
    })
}

fn switch(key: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<bool>> {
    reader.faults.keep(boolean(key, node)).map(|value| Spanned::new(value, node.span.clone()))
}

/// A date, or `none`.
fn instant(key: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<Option<Date>>> {
    match &node.value {
        Value::Text(text) if text.trim() == "none" => Some(Spanned::new(None, node.span.clone())),
        Value::Null => {
            reader.faults.error(wrong(key, &node.value, "a date", node).help(DATE_HELP));
            None
        }
        Value::Bool(_) => {
            let own = "a key of your own can be named in `own_keys` of site.yaml";
            reader.faults.error(wrong(key, &node.value, "a date", node).help(format!("{DATE_HELP}; {own}")));
            None
        }
        _ => reader.date(key, node).map(|date| Spanned::new(Some(date.value), date.span)),
    }
}

fn twice(key: &Spanned<String>, ours: &str, before: Range<usize>, reader: &mut Reader<'_>) {
    let fault = Fault::new(format!("`{ours}` is written here twice, once as `{}`", key.value), key.span.clone());
    reader.faults.error(Fault { also: Some(before), ..fault.help("keep one of them") });
}

fn said(key: &Spanned<String>, message: &str, reader: &mut Reader<'_>) {
    reader.faults.warn(Fault::new(message, key.span.clone()));
}

/// What other tools hold a page back with and we have another word for; false where the key holds nothing back.
fn refuse_foreign(key: &Spanned<String>, node: &Node, reader: &mut Reader<'_>) -> bool {
    let text = if let Value::Text(text) = &node.value { text.to_lowercase() } else { String::new() };
    let help = match (key.value.as_str(), &node.value) {
        ("visibility", Value::Text(_)) if text == "public" => return false,
        ("visibility", _) => match text.as_str() {
            "members" | "paid" => "write `access: members`, or a tier or bundle",
            "private" => "write `draft: true`",
            _ => "write `access:` with a tier, a bundle or `members`",
        },
        ("status", Value::Text(_)) => match text.as_str() {
            "draft" | "private" | "pending" => "write `draft: true`",
            "scheduled" | "future" => "write `release:` with its date",
            "hidden" => "write `draft: true`, or `hidden: true` with `access:`",
            _ => return false,
        },
        ("private" | "protected" | "members_only" | "headless", Value::Bool(true)) => {
            "write `draft: true`, or `access:` with a tier, a bundle or `members`"
        }
        ("password", value) if *value != Value::Null => "write `access:` with a tier, a bundle or `members`",
        _ => return false,
    };
    let fault = Fault::new(format!("`{}` holds nothing back here", key.value), key.span.clone());
    let own = "or name the key in `own_keys` of site.yaml";
    reader.faults.error(fault.help(format!("{help}; {own}")));
    true
}
