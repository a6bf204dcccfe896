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
const FOREIGN: [&str; 17] = [
    "file",
    "header",
    "leader",
    "reader",
    "accent",
    "success",
    "publisher",
    "tag",
    "images",
    "data",
    "height",
    "math",
    "tabs",
    "rate",
    "update",
    "late",
    "tile",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_foreign_key_is_near_one_of_ours() {
        for key in FOREIGN {
            assert!(near(key, GATES.into_iter().chain(HELD_BACK).chain(KNOWN)).is_some(), "{key}");
        }
    }

    #[test]
    fn known_keys_are_not_near_each_other() {
        for key in [
            "title", "author", "layout", "excerpt", "type", "series", "summary", "cover", "featured", "comments", "toc",
        ] {
            assert_eq!(near_gate(key, &Value::Null), None, "{key}");
        }
        assert_eq!(near_gate("ACCESS", &Value::Null), Some("access"));
        assert_eq!(near_gate("acsess", &Value::Null), Some("access"));
        assert_eq!(near_gate("releese", &Value::Null), Some("release"));
        assert_eq!(near_gate("untill", &Value::Null), Some("until"));
        assert_eq!(near_gate("hide", &Value::List(Vec::new())), None);
    }
}
