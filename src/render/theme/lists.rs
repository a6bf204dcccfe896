//! `theme.yaml`: what each template lists.
//!
//! The planner makes a gate of every list that a template is given, so a template gets no list that it does not name
//! here. A misspelt key is an error: it would leave a list empty without a word.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{TextFile, quoted};
use crate::diagnostic::{Diagnostic, nearest};

/// What a template lists.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lists {
    /// What a section, a tag page or the home page lists.
    pub entries: bool,
    /// The way from the home page down.
    pub ancestors: bool,
    /// The entries of the section that the page stands in.
    pub siblings: bool,
    /// The page before and the page after.
    pub previous_next: bool,
    /// All tags of the site.
    pub tags: bool,
    /// Paths of sections below `content/`.
    pub sections: Vec<String>,
}

/// For templates that `theme.yaml` does not name.
pub(super) static NOTHING: Lists = Lists {
    entries: false,
    ancestors: false,
    siblings: false,
    previous_next: false,
    tags: false,
    sections: Vec::new(),
};

const LISTS: [&str; 5] = ["ancestors", "entries", "previous_next", "siblings", "tags"];
const KEYS: [&str; 2] = ["lists", "sections"];
const TOP: [&str; 3] = ["description", "name", "templates"];

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    templates: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(flatten)]
    other: BTreeMap<String, serde_yaml::Value>,
}

/// Reads `theme.yaml`.
pub(super) fn load(
    manifest: Option<&TextFile>,
    templates: &BTreeMap<String, TextFile>,
    found: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Lists> {
    let Some(manifest) = manifest else { return BTreeMap::new() };
    let raw: Raw = match serde_yaml::from_str(&manifest.text) {
        Ok(raw) => raw,
        Err(error) => {
            found.push(yaml_fault(manifest, &error));
            return BTreeMap::new();
        }
    };
    for key in raw.other.keys().filter(|key| !TOP.contains(&key.as_str())) {
        found.push(unknown(manifest, "key", key, TOP));
    }
    for name in raw.templates.keys().filter(|name| !templates.contains_key(*name)) {
        let known = templates.keys().map(String::as_str);
        found.push(unknown(manifest, "template", name, known));
    }
    raw.templates.into_iter().map(|(name, keys)| (name, read(manifest, &keys, found))).collect()
}

fn read(manifest: &TextFile, keys: &BTreeMap<String, Vec<String>>, found: &mut Vec<Diagnostic>) -> Lists {
    let mut lists = Lists::default();
    for (key, values) in keys {
        match key.as_str() {
            "sections" => lists.sections.clone_from(values),
            "lists" => values.iter().for_each(|list| match list.as_str() {
                "entries" => lists.entries = true,
                "ancestors" => lists.ancestors = true,
                "siblings" => lists.siblings = true,
                "previous_next" => lists.previous_next = true,
                "tags" => lists.tags = true,
                other => found.push(unknown(manifest, "list", other, LISTS)),
            }),
            other => found.push(unknown(manifest, "key", other, KEYS)),
        }
    }
    lists
}

/// A YAML error at its place.
pub(super) fn yaml_fault(file: &TextFile, error: &serde_yaml::Error) -> Diagnostic {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    let fault = Diagnostic::error(format!("`{}` cannot be read: {said}", file.path));
    match error.location() {
        Some(place) => fault.at(file.source().locate(place.index()..place.index() + 1)),
        None => fault.at(crate::diagnostic::Location::file(&file.path)),
    }
}

fn unknown<'a>(
    file: &TextFile,
    what: &str,
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let fault = Diagnostic::error(format!("unknown {what} `{word}`")).at(place_of(file, word));
    match nearest(word, known.clone()) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help(format!("known are {}", quoted(known))),
    }
}

/// Where a word stands first in a file, as a whole word outside comments.
pub(super) fn place_of(file: &TextFile, word: &str) -> crate::diagnostic::Location {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '/'));
    let whole = |start: usize| {
        let before = file.text.get(..start).unwrap_or_default();
        let after = file.text.get(start + word.len()..).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        edge(before.chars().next_back()) && edge(after.chars().next()) && !line.trim_start().starts_with('#')
    };
    match file.text.match_indices(word).map(|(start, _)| start).find(|start| whole(*start)) {
        Some(start) => file.source().locate(start..start + word.len()),
        None => crate::diagnostic::Location::file(&file.path),
    }
}
