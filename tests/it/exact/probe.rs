//! Reads what was built: the regions of each page, with the words in them.

use std::collections::{BTreeMap, BTreeSet};

use super::school::Word;

/// Words between `zq` and `x`, in any case.
pub(crate) fn words(text: &str) -> BTreeSet<Word> {
    let lower = text.to_lowercase();
    let mut found = BTreeSet::new();
    for (at, _) in lower.match_indices("zq") {
        let digits: String = lower[at + 2..].chars().take_while(char::is_ascii_digit).collect();
        if lower[at + 2 + digits.len()..].starts_with('x') {
            found.extend(digits.parse::<Word>());
        }
    }
    found
}

/// An entry of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) words: BTreeSet<Word>,
    pub(crate) summary: BTreeSet<Word>,
    pub(crate) keys: Vec<String>,
}

/// A page as the theme of these sites prints it.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    pub(crate) regions: BTreeMap<String, String>,
    pub(crate) words: BTreeMap<String, BTreeSet<Word>>,
    /// The lists `siblings`, `entries` and `named`, by the URLs of their entries.
    pub(crate) lists: BTreeMap<String, BTreeMap<String, Entry>>,
    pub(crate) unlock: Vec<String>,
}

impl Probe {
    pub(crate) fn read(text: &str) -> Self {
        let text = text.replace("&#x2F;", "/");
        let mut probe = Self::default();
        for region in text.split("@@").skip(1) {
            let (name, rest) = region.split_once([' ', '\n']).unwrap();
            probe.words.insert(name.to_owned(), words(rest));
            probe.regions.insert(name.to_owned(), rest.trim().to_owned());
            let entries = rest.split("@[").skip(1).map(|entry| {
                let mut parts = entry.split("@|");
                let url = parts.next().unwrap().to_owned();
                let own = words(&(url.clone() + " " + parts.next().unwrap()));
                let summary = words(parts.next().unwrap());
                let keys = parts.next().unwrap().split("@]").next().unwrap();
                (url, Entry { words: own, summary, keys: keys.split_whitespace().map(str::to_owned).collect() })
            });
            probe.lists.insert(name.to_owned(), entries.collect());
        }
        let unlock = probe.regions.get("unlock").map(String::as_str).unwrap_or_default();
        probe.unlock = unlock.split_whitespace().map(str::to_owned).collect();
        probe
    }

    pub(crate) fn region(&self, name: &str) -> &str {
        self.regions.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// The keys whose badges a stylesheet takes away.
pub(crate) fn unlocked(css: &str) -> BTreeSet<String> {
    css.split("data-access~=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
