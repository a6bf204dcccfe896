//! A page's front matter, read and checked; other tools' keys are taken for what they mean here.
//!
//! A fault never leads to a default: the page has no front matter then, and the build stops. What a key does to the
//! pages below, and what the clock makes of a date, is not decided here.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault, or is kept as it is")]

use std::ops::Range;

use jiff::tz::TimeZone;

use super::document::{Fault, Map, Node, Value};
use super::frame::{self, Format};
use super::gate_keys::GateKeys;
use super::reading::{Faults, text, wrong};
use super::{dates, keys, names, toml, yaml};
use crate::access::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Origin, Source, Spanned};
use crate::time::Date;

/// What reading a page's front matter needs to know of the site.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The site's time zone, for dates without an offset.
    pub zone: &'a TimeZone,
    /// The tiers and bundles that tags may name.
    pub catalogue: &'a Catalogue,
    /// Keys that the site uses for itself: never read as gate keys.
    pub own_keys: &'a [String],
}

/// A page's front matter, and where its body lies.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What is written above the body; empty where there is nothing.
    pub front_matter: FrontMatter,
    /// The body's bytes in the file.
    pub body: Range<usize>,
}

/// What is written in front matter. Nothing is inherited yet.
#[derive(Clone, Debug, Default)]
pub struct FrontMatter {
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `date`.
    pub date: Option<Spanned<Date>>,
    /// `updated`, or `lastmod`.
    pub updated: Option<Date>,
    /// `slug`.
    pub slug: Option<Spanned<String>>,
    /// `path`, `url` or a literal `permalink`: checked, see [`names::written_url`] for the URL.
    pub path: Option<Spanned<String>>,
    /// `weight`.
    pub weight: Option<i64>,
    /// The URLs that `aliases` and `redirect_from` mean.
    pub aliases: Vec<Spanned<String>>,
    /// `tags`, each once.
    pub tags: Vec<String>,
    /// `categories` and `category`, each once.
    pub categories: Vec<String>,
    /// `template`.
    pub template: Option<Spanned<String>>,
    /// `image`, as it is written.
    pub image: Option<Spanned<String>>,
    /// `language`, `lang` or `locale`: a BCP 47 tag.
    pub language: Option<String>,
    /// The gate keys of the page itself.
    pub gates: GateKeys,
    /// The gate keys under `cascade`.
    pub cascade: GateKeys,
    /// `extra`, and every key that means nothing here.
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// Whether there was an error in it: then a key may be missing that is written, and nothing may be made of that.
    pub faulty: bool,
}

/// Reads the front matter of a page; a page without any has an empty one. `None` where there was an error. All faults are
/// added to `diagnostics`.
#[must_use]
pub fn read(source: Source<'_>, context: &Context<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Parsed> {
    Some(read_what_can_be(source, context, diagnostics)).filter(|parsed| !parsed.front_matter.faulty)
}

/// The same for a build that is to name the faults of all pages at once: what could be read of a faulty page is given as
/// well, so that its text can be looked at and the links to it are not taken for broken. It must never be published.
#[must_use]
pub fn read_what_can_be(source: Source<'_>, context: &Context<'_>, diagnostics: &mut Vec<Diagnostic>) -> Parsed {
    let mut reader = Reader::new(source, Origin::Content, context);
    let mut body = 0..0;
    match frame::part(source.text) {
        Ok(frame) => {
            body = frame.body;
            match frame.front_matter.map_or(Ok(Map::default()), |(format, range)| keys_of(source, format, range)) {
                Ok(map) => reader.page(&map),
                Err(fault) => reader.faults.error(fault),
            }
        }
        Err(fault) => reader.faults.error(fault),
    }
    let faulty = reader.faults.any_error();
    let Reader { faults, front_matter, .. } = reader;
    diagnostics.extend(faults.into_diagnostics());
    Parsed { front_matter: FrontMatter { faulty, ..front_matter }, body }
}

fn keys_of(source: Source<'_>, format: Format, range: Range<usize>) -> Result<Map, Fault> {
    let node = match format {
        Format::Toml => return toml::read(source.text, range),
        Format::Yaml => yaml::read(source.text, range)?,
    };
    match node.value {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::default()),
        other => {
            let message = format!("this front matter is {}, not keys with values", other.kind());
            Err(Fault::new(message, node.span).help("write `key: value`, one on each line"))
        }
    }
}

pub(super) struct Reader<'a> {
    pub(super) faults: Faults<'a>,
    pub(super) context: &'a Context<'a>,
    front_matter: FrontMatter,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>, origin: Origin, context: &'a Context<'a>) -> Self {
        Self { faults: Faults::new(source, origin), context, front_matter: FrontMatter::default() }
    }

    pub(super) fn is_own(&self, key: &str) -> bool {
        self.context.own_keys.iter().any(|own| own == key)
    }

    fn page(&mut self, map: &Map) {
        let mut gates = GateKeys::default();
        for (key, node) in &map.entries {
            let name = key.value.as_str();
            if !self.is_own(name) && (gates.read(key, node, self) || self.known(key, node)) {
                continue;
            }
            self.unknown(key, node);
            self.keep(name, node);
        }
        self.front_matter.gates = gates;
        // A page says where it lies in one of three ways; ours comes first.
        let path = ["path", "url", "permalink"].into_iter().find_map(|key| Some((key, map.get(key)?)));
        if let Some((key, node)) = path.filter(|(key, _)| !self.is_own(key)) {
            self.front_matter.path = self.path(key, node);
        }
        let language = ["language", "lang", "locale"].into_iter().find_map(|key| Some((key, map.get(key)?)));
        if let Some((key, node)) = language.filter(|(key, _)| !self.is_own(key)) {
            self.front_matter.language = self.language(key, node);
        }
        // What is written under `extra` itself wins over a key of that name beside it.
        if let Some(node) = map.get("extra").filter(|_| !self.is_own("extra")) {
            self.extra(node);
        }
    }

    /// Reads a key with a meaning; false for any other.
    fn known(&mut self, key: &Spanned<String>, node: &Node) -> bool {
        match key.value.as_str() {
            "title" => self.front_matter.title = self.words("title", node),
            "description" => self.front_matter.description = self.words("description", node),
            "date" => self.front_matter.date = self.date("date", node),
            "updated" => self.front_matter.updated = self.date("updated", node).map(|date| date.value),
            "lastmod" => {
                let date = self.date("lastmod", node).map(|date| date.value);
                self.front_matter.updated = self.front_matter.updated.or(date);
            }
            "slug" => self.front_matter.slug = self.slug(node),
            "weight" => self.front_matter.weight = self.weight(node),
            "aliases" | "redirect_from" => self.aliases(&key.value, node),
            "tags" | "categories" | "category" => self.labels(&key.value, node),
            "taxonomies" => self.taxonomies(node),
            "template" => self.front_matter.template = self.spanned("template", node),
            "image" => self.image(node),
            "cascade" => self.cascade(key, node),
            "lang" | "locale" => self.keep(&key.value, node),
            "path" | "url" | "permalink" | "language" | "extra" => {}
            _ => return false,
        }
        true
    }

    fn unknown(&mut self, key: &Spanned<String>, node: &Node) {
        let name = &key.value;
        if self.is_own(name) || keys::is_known(name) {
            return;
        }
        let fault = |message: String, near: &str| {
            let own = "put a key of your own under `extra`, or name it in `own_keys` of site.yaml";
            Fault::new(message, key.span.clone()).help(format!("did you mean `{near}`? Else {own}"))
        };
        if let Some(near) = keys::near_gate(name, &node.value) {
            self.faults.error(fault(format!("unknown key `{name}`"), near));
        } else if let Some(near) = keys::near_known(name) {
            let message = format!("unknown key `{name}`");
            self.faults.warn(Fault::new(message, key.span.clone()).help(format!("did you mean `{near}`?")));
        }
    }

    fn keep(&mut self, key: &str, node: &Node) {
        self.front_matter.extra.insert(key.to_owned(), node.value.to_json());
    }

    fn extra(&mut self, node: &Node) {
        let map = match &node.value {
            Value::Null => return,
            Value::Map(map) => map,
            other => return self.faults.error(wrong("extra", other, "a map", node)),
        };
        for (key, node) in &map.entries {
            let lower = key.value.to_lowercase();
            if keys::is_gate(&lower) && !self.is_own(&key.value) {
                let fault = Fault::new(format!("`{}` under `extra` gates nothing", key.value), key.span.clone());
                self.faults.error(fault.help(format!(
                    "write `{lower}` outside of `extra`, or name it in `own_keys` of site.yaml where it is a key of your own"
                )));
            }
            self.keep(&key.value, node);
        }
    }

    fn cascade(&mut self, key: &Spanned<String>, node: &Node) {
        let map = match &node.value {
            Value::Map(map) => map,
            Value::List(items) if !items.is_empty() && !items.iter().any(holds_gate) => {
                let fault =
                    Fault::new("this `cascade` carries no gate keys, and nothing else is inherited", key.span.clone());
                self.faults.warn(fault);
                return self.keep("cascade", node);
            }
            other => {
                let fault = wrong("cascade", other, "a map of gate keys", node);
                return self.faults.error(fault.help("write the keys for everything below, indented under `cascade:`"));
            }
        };
        let mut gates = GateKeys::default();
        for (key, node) in &map.entries {
            if key.value == "cascade" {
                self.faults.error(Fault::new("`cascade` cannot stand in `cascade`", key.span.clone()));
            } else if key.value == "files" && !self.is_own("files") {
                let fault = Fault::new("`files` under `cascade` closes nothing", key.span.clone());
                let help = "write `files` beside `cascade`, in the `_index.md` of the folder where the files lie";
                self.faults.error(fault.help(help));
            } else if self.is_own(&key.value) || !gates.read(key, node, self) {
                self.not_inherited(key, node);
            }
        }
        self.front_matter.cascade = gates;
    }

    fn not_inherited(&mut self, key: &Spanned<String>, node: &Node) {
        let fault = |message: &str| Fault::new(format!("{message} `{}`", key.value), key.span.clone());
        match keys::near_gate(&key.value, &node.value).filter(|_| !self.is_own(&key.value)) {
            Some(near) => self.faults.error(fault("unknown key").help(format!("did you mean `{near}`?"))),
            None => self.faults.warn(fault("only gate keys are inherited, not")),
        }
    }

    /// A number or a truth value is text here as well, as it is written: `title: 2026`.
    fn words(&mut self, key: &str, node: &Node) -> Option<String> {
        let words = match &node.value {
            Value::Null => return None,
            Value::Text(text) => text.as_str(),
            Value::Bool(_) | Value::Number(_) | Value::Date(_) => self.faults.written(&node.span),
            Value::List(_) | Value::Map(_) => {
                self.faults.error(wrong(key, &node.value, "text", node));
                return None;
            }
        };
        (!words.trim().is_empty()).then(|| words.trim().to_owned())
    }

    fn spanned(&mut self, key: &str, node: &Node) -> Option<Spanned<String>> {
        self.words(key, node).map(|words| Spanned::new(words, node.span.clone()))
    }

    /// A date, empty where nothing is written.
    pub(super) fn date(&mut self, key: &str, node: &Node) -> Option<Spanned<Date>> {
        let written = match &node.value {
            Value::Null => return None,
            Value::Text(text) | Value::Date(text) => text,
            other => {
                self.faults.error(wrong(key, other, "a date", node).help(DATE_HELP));
                return None;
            }
        };
        match dates::parse(written, self.context.zone) {
            Some(date) => Some(Spanned::new(date, node.span.clone())),
            None => {
                self.faults.error(Fault::new(format!("`{written}` is not a date"), node.span.clone()).help(DATE_HELP));
                None
            }
        }
    }

    fn slug(&mut self, node: &Node) -> Option<Spanned<String>> {
        let slug = self.spanned("slug", node)?;
        let fault = if slug.value.contains('/') {
            Some(("a slug is one part of a URL, without `/`", "write a whole URL as `path`"))
        } else if names::slugify(&slug.value).is_empty() {
            Some(("no URL can be made from this slug", "a slug needs a letter or a digit"))
        } else {
            None
        };
        match fault {
            Some((message, help)) => {
                self.faults.error(Fault::new(message, node.span.clone()).help(help));
                None
            }
            None => Some(slug),
        }
    }

    fn weight(&mut self, node: &Node) -> Option<i64> {
        let weight = match &node.value {
            Value::Null => return None,
            Value::Number(number) => number.as_i64(),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Bool(_) | Value::Date(_) | Value::List(_) | Value::Map(_) => None,
        };
        if weight.is_none() {
            self.faults.error(Fault::new("`weight` is not a whole number", node.span.clone()));
        }
        weight
    }

    fn image(&mut self, node: &Node) {
        // Other tools write a map with the file under one of these.
        let inner = match &node.value {
            Value::Map(map) => ["path", "src", "url", "file"].into_iter().find_map(|key| map.get(key)),
            _ => Some(node),
        };
        match inner.map(|inner| (&inner.value, inner)) {
            Some((Value::Text(text), inner)) if !text.trim().is_empty() => {
                self.front_matter.image = Some(Spanned::new(text.trim().to_owned(), inner.span.clone()));
            }
            Some((Value::Null | Value::Text(_) | Value::Bool(false), _)) => {}
            _ => self.faults.error(wrong("image", &node.value, "the name of a file", node)),
        }
        if matches!(node.value, Value::Map(_)) {
            self.keep("image", node);
        }
    }

    fn path(&mut self, key: &str, node: &Node) -> Option<Spanned<String>> {
        match &node.value {
            Value::Null => return None,
            Value::Bool(false) if key == "permalink" => {
                let fault = Fault::new("`permalink: false` holds nothing back here", node.span.clone());
                self.faults.warn(fault.help("write `draft: true`"));
                return None;
            }
            _ => {}
        }
        let path = self.faults.keep(text(key, node))?;
        if key != "path" && path.contains("://") {
            self.keep(key, node);
            return None;
        }
        if key != "path" && path.contains([':', '{']) {
            let fault = Fault::new(format!("the placeholders of this `{key}` are not followed"), node.span.clone());
            self.faults.warn(fault.help("the page lies where its file does; write `path` to move it"));
            self.keep(key, node);
            return None;
        }
        match names::written_url(path) {
            Ok(_) => Some(Spanned::new(path.to_owned(), node.span.clone())),
            Err(fault) => {
                self.faults.error(Fault::new(format!("no page can lie at `{path}`: {fault}"), node.span.clone()));
                None
            }
        }
    }

    fn aliases(&mut self, key: &str, node: &Node) {
        for (alias, span) in self.list(key, node) {
            match names::alias_url(&alias) {
                Ok(url) if self.front_matter.aliases.iter().any(|other| other.value == url) => {}
                Ok(url) => self.front_matter.aliases.push(Spanned::new(url, span)),
                Err(fault) => self.faults.error(Fault::new(format!("no alias can lie at `{alias}`: {fault}"), span)),
            }
        }
    }

    fn labels(&mut self, key: &str, node: &Node) {
        let mut written = Vec::new();
        for (label, _) in self.list(key, node) {
            // A single text may hold several, with commas; an item of a list is one.
            let parts = if matches!(node.value, Value::Text(_)) { label.split(',').collect() } else { vec![&*label] };
            written.extend(parts.into_iter().map(|part| part.trim().to_owned()));
        }
        let labels = if key == "tags" { &mut self.front_matter.tags } else { &mut self.front_matter.categories };
        for label in written {
            if !label.is_empty() && !labels.contains(&label) {
                labels.push(label);
            }
        }
    }

    /// Zola's table of lists.
    fn taxonomies(&mut self, node: &Node) {
        let Value::Map(map) = &node.value else {
            return self.faults.error(wrong("taxonomies", &node.value, "a map of lists", node));
        };
        for (key, node) in &map.entries {
            if matches!(key.value.as_str(), "tags" | "categories") {
                self.labels(&key.value, node);
            }
        }
        self.keep("taxonomies", node);
    }

    /// Text, or a list of texts; numbers are taken as they are written, empty items are left out.
    fn list(&mut self, key: &str, node: &Node) -> Vec<(String, Range<usize>)> {
        let items = match &node.value {
            Value::Null => return Vec::new(),
            Value::List(items) => items.as_slice(),
            Value::Map(_) => {
                self.faults.error(wrong(key, &node.value, "a list", node));
                return Vec::new();
            }
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Date(_) => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| Some((self.words(key, item)?, item.span.clone()))).collect()
    }

    fn language(&mut self, key: &str, node: &Node) -> Option<String> {
        let language = self.words(key, node)?.replace('_', "-");
        if is_language(&language) {
            return Some(language);
        }
        if key == "language" {
            let fault = Fault::new(format!("`{language}` is no language tag"), node.span.clone());
            self.faults.error(fault.help("write `en`, `pt-BR` or another tag of BCP 47"));
        }
        None
    }
}

/// The shape of a language tag (BCP 47, section 2.1): parts of 1 to 8 letters and digits, the first of letters alone.
pub(super) fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric()))
}

pub(super) const DATE_HELP: &str = "write it like `2026-12-15` or `2026-12-15T09:00:00`";

fn holds_gate(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map
            .entries
            .iter()
            .any(|(key, node)| keys::is_gate(&key.value) || keys::near_gate(&key.value, &node.value).is_some()),
        _ => true,
    }
}
