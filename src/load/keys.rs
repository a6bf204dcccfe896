//! The keys of front matter: ours, those of other tools that mean the same, and how near an unknown one comes.
//!
//! A misspelt gate must not open a page, so what is near a gate key is an error. What many themes use and only happens to
//! be near is listed here by name.

use super::document::Value;

/// The keys that decide who reads.
pub const GATES: [&str; 10] =
    ["access", "drip", "release", "until", "hidden", "announce", "teaser", "files", "cascade", "draft"];

/// What other tools hold a page back with; read as gate keys, so guarded like them.
pub const HELD_BACK: [&str; 4] = ["published", "publishDate", "expiryDate", "visibility"];

/// The other keys with a meaning, other tools' words for them included.
pub const KNOWN: [&str; 24] = [
    "title",
    "description",
    "date",
    "updated",
    "slug",
    "path",
    "weight",
    "aliases",
    "tags",
    "categories",
    "template",
    "image",
    "language",
    "extra",
    "url",
    "permalink",
    "lastmod",
    "lang",
    "locale",
    "redirect_from",
    "category",
    "taxonomies",
    "pubdate",
    "unpublishdate",
];

/// Keys of other tools that are near one of ours and mean something else.
const FOREIGN: [&str; 33] = [
    "file",
    "header",
    "leader",
    "reader",
    "related",
    "accent",
    "success",
    "publisher",
    "tag",
    "type",
    "images",
    "data",
    "height",
    "math",
    "tabs",
    "name",
    "page",
    "pages",
    "menu",
    "text",
    "rate",
    "style",
    "author",
    "authors",
    "layout",
    "modified",
    "update",
    "usage",
    "stage",
    "late",
    "gate",
    "hash",
    "released_in",
];

/// Whether a key decides who reads.
#[must_use]
pub fn is_gate(key: &str) -> bool {
    GATES.contains(&key)
}

/// Whether a key means anything here.
#[must_use]
pub fn is_known(key: &str) -> bool {
    is_gate(key) || HELD_BACK.contains(&key) || KNOWN.contains(&key)
}

/// The gate key that an unknown key is near to: the same but for case, or one letter away (two for six letters and more).
#[must_use]
pub fn near_gate(key: &str, value: &Value) -> Option<&'static str> {
    // MkDocs lists in `hide` what a page's layout leaves out.
    let foreign = FOREIGN.contains(&key) || (key == "hide" && !matches!(value, Value::Bool(_)));
    if foreign { None } else { near(key, GATES.into_iter().chain(HELD_BACK)) }
}

/// The other key that an unknown key is near to.
#[must_use]
pub fn near_known(key: &str) -> Option<&'static str> {
    if FOREIGN.contains(&key) { None } else { near(key, KNOWN) }
}

fn near(key: &str, candidates: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let key = key.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let reach = if candidate.len() < 6 { 1 } else { 2 };
            let distance = strsim::osa_distance(&key, &candidate.to_lowercase());
            (distance <= reach).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}
