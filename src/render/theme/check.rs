//! Names and fields that no page has, found before a page is rendered.
//!
//! Tera takes an unknown name in `{% if … %}` for false, so a misspelt one would go unseen for ever. This reads the
//! tags of a template for what it asks for; it does not run anything.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Lists, Strings, TextFile, quoted};
use crate::diagnostic::{Diagnostic, nearest};

/// The names that every template has.
const NAMES: [&str; 13] = [
    "ancestors",
    "entries",
    "named",
    "next",
    "page",
    "paywall",
    "previous",
    "section",
    "siblings",
    "site",
    "strings",
    "tags",
    "unlock",
];

const SITE: [&str; 10] = [
    "base_url",
    "description",
    "direction",
    "extra",
    "language",
    "login_url",
    "menu",
    "products",
    "title",
    "upgrade_url",
];

const PAGE: [&str; 21] = [
    "categories",
    "content",
    "date",
    "description",
    "extra",
    "form",
    "gated",
    "image",
    "kind",
    "language",
    "permalink",
    "products",
    "reading_time",
    "reason",
    "tags",
    "title",
    "toc",
    "updated",
    "url",
    "weight",
    "word_count",
];

/// Longer lists are not printed: only that of strings is.
const MOST_NAMED: usize = 24;

const PAYWALL: [&str; 4] = ["drip_days", "opens", "state", "ways"];

/// Checks all templates; what one binds with `for` or `set`, those that it includes may use.
pub(super) fn names(files: &[&TextFile], strings: &Strings, found: &mut Vec<Diagnostic>) {
    let tags: Vec<(&TextFile, Vec<Tag<'_>>)> = files.iter().map(|file| (*file, tags(&file.text))).collect();
    let bound: BTreeSet<&str> =
        tags.iter().flat_map(|(_, tags)| tags).flat_map(|tag| bound(tag)).chain(["loop", "body"]).collect();
    for (file, tags) in &tags {
        for path in tags.iter().flat_map(paths) {
            found.extend(fault(file, &path, &bound, strings));
        }
    }
}

/// Warns of lists that a template reads and that `theme.yaml` declares for none: they are always empty.
pub(super) fn undeclared(files: &[&TextFile], lists: &BTreeMap<String, Lists>, found: &mut Vec<Diagnostic>) {
    let declared = |wanted: &str| {
        lists.values().any(|lists| match wanted {
            "ancestors" => lists.ancestors,
            "entries" => lists.entries,
            "siblings" => lists.siblings,
            "tags" => lists.tags,
            "previous" | "next" => lists.previous_next,
            _ => true,
        })
    };
    for file in files {
        let tags = tags(&file.text);
        let mut said = BTreeSet::new();
        for path in tags.iter().flat_map(paths).filter(|path| !declared(path.root)) {
            if said.insert(path.root.to_owned()) {
                let message = format!("`{}` is always empty: theme.yaml declares it for no template", path.root);
                let place = file.source().locate(path.place.clone());
                let help = "write `lists: [siblings]` or the like under the template in theme.yaml";
                found.push(Diagnostic::warning(message).at(place).help(help));
            }
        }
    }
}

fn fault(file: &TextFile, path: &Path<'_>, bound: &BTreeSet<&str>, strings: &Strings) -> Option<Diagnostic> {
    if bound.contains(path.root) {
        return None;
    }
    if !NAMES.contains(&path.root) {
        return Some(unknown(file, "name", path.root, &path.place).help(hint(path.root, NAMES)));
    }
    let field = path.field?;
    match path.root {
        "site" => missing(file, field, path, SITE),
        "page" => missing(file, field, path, PAGE),
        "paywall" => missing(file, field, path, PAYWALL),
        "strings" => missing(file, field, path, strings.keys()),
        _ => None,
    }
}

fn missing<'a>(
    file: &TextFile,
    field: &str,
    path: &Path<'_>,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<Diagnostic> {
    let is_known = known.clone().into_iter().any(|name| name == field);
    let what = if path.root == "strings" { "string" } else { "field" };
    (!is_known).then(|| unknown(file, what, field, &path.place).help(hint(field, known)))
}

fn unknown(file: &TextFile, what: &str, name: &str, place: &Range<usize>) -> Diagnostic {
    Diagnostic::error(format!("unknown {what} `{name}`")).at(file.source().locate(place.clone()))
}

fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.clone().into_iter().count() > MOST_NAMED => "give it a text in `strings.yaml`".to_owned(),
        None => format!("known are {}", quoted(known)),
    }
}

/// What stands between `{{` or `{%` and its end.
struct Tag<'a> {
    body: &'a str,
    start: usize,
}

/// A name that a tag reads, with the field that it asks for.
struct Path<'a> {
    root: &'a str,
    field: Option<&'a str>,
    place: Range<usize>,
}

/// A word of a tag with what stands around it.
struct Word<'a> {
    text: &'a str,
    start: usize,
    /// The last character before it that is no space.
    before: Option<char>,
    /// What follows it, spaces skipped.
    after: &'a str,
}

/// Words of the language itself.
const KEYWORDS: [&str; 17] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "elif",
    "else",
    "for",
    "set",
    "set_global",
    "true",
    "false",
    "none",
    "null",
    "True",
    "False",
];

/// Tags that name templates, blocks, filters and components, not values.
const OTHER_NAMES: [&str; 9] =
    ["block", "endblock", "extends", "include", "component", "endcomponent", "filter", "raw", "endraw"];

/// All tags of a template; comments and raw text are left out.
fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')).map(|open| open + at) {
        let rest = text.get(open + 1..).unwrap_or_default();
        match rest.chars().next() {
            Some('#') => at = after(text, open, "#}"),
            Some('{' | '%') => {
                let start = open + 2;
                let length = length(text.get(start..).unwrap_or_default());
                let body = text.get(start..start + length).unwrap_or_default();
                at = start + length;
                if first_word(body) == Some("raw") {
                    at = after(text, at, "endraw");
                }
                found.push(Tag { body, start });
            }
            _ => at = open + 1,
        }
    }
    found
}

fn after(text: &str, at: usize, end: &str) -> usize {
    text.get(at..).and_then(|rest| rest.find(end)).map_or(text.len(), |found| at + found + end.len())
}

/// How long a tag's body is: to its end, but not one inside a string or a map.
fn length(text: &str) -> usize {
    let mut quote = None;
    let mut depth = 0_usize;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth > 0 => depth -= 1,
            (None, '}' | '%') if next == Some('}') => return at,
            (None, _) => {}
        }
    }
    text.len()
}

fn first_word(body: &str) -> Option<&str> {
    body.trim_start_matches('-').split_whitespace().next()
}

/// The words of a tag, without what stands in quotes.
fn words<'a>(tag: &Tag<'a>) -> Vec<Word<'a>> {
    let mut found = Vec::new();
    let mut before = None;
    let mut at = 0;
    while let Some(c) = tag.body.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = tag.body.get(at..).unwrap_or_default();
        let mut step = c.len_utf8();
        if matches!(c, '"' | '\'' | '`') {
            step = after(rest, 1, &c.to_string());
        } else if c.is_alphanumeric() || c == '_' {
            step = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let text = rest.get(..step).unwrap_or_default();
            let after = rest.get(step..).unwrap_or_default().trim_start();
            if !c.is_ascii_digit() {
                found.push(Word { text, start: tag.start + at, before, after });
            }
        }
        if !c.is_whitespace() {
            before = Some(c);
        }
        at += step;
    }
    found
}

/// The names that a tag binds: of `for`, `set` and a component's arguments.
fn bound<'a>(tag: &Tag<'a>) -> Vec<&'a str> {
    let words = words(tag);
    let mut names = Vec::new();
    let mut binding = false;
    for (index, word) in words.iter().enumerate() {
        match word.text {
            "for" | "set" | "set_global" => binding = true,
            "component" if index == 0 => binding = true,
            "in" => binding = false,
            _ if binding => {
                names.push(word.text);
                binding = !word.after.starts_with('=') || words.first().is_some_and(|first| first.text == "component");
            }
            _ => {}
        }
    }
    names
}

/// The names that a tag reads.
fn paths<'a>(tag: &Tag<'a>) -> Vec<Path<'a>> {
    let words = words(tag);
    let is_other =
        words.first().is_some_and(|first| OTHER_NAMES.contains(&first.text) || first.text.starts_with("end"));
    if is_other || tag.body.trim_start().starts_with('<') {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut previous = "";
    for (index, word) in words.iter().enumerate() {
        let before = std::mem::replace(&mut previous, word.text);
        let is_test =
            before == "is" || (before == "not" && index >= 2 && words.get(index - 2).is_some_and(|w| w.text == "is"));
        let is_argument = word.after.starts_with('=') && !word.after.starts_with("==");
        let is_field = word.before == Some('.');
        let is_filter = word.before == Some('|');
        let names_something = is_test || is_argument || is_field || is_filter || word.after.starts_with(['(', ':']);
        if names_something || KEYWORDS.contains(&word.text) {
            continue;
        }
        let dotted = word.after.starts_with('.') || word.after.starts_with("?.");
        let field = words.get(index + 1).filter(|_| dotted).map(|next| next.text);
        let start = word.start;
        let end = words
            .get(index + 1)
            .filter(|_| dotted)
            .map_or(start + word.text.len(), |next| next.start + next.text.len());
        found.push(Path { root: word.text, field, place: start..end });
    }
    found
}
