//! What `files:` keys say: of which files, and for whom.
//!
//! A key that names no file decides nothing, and the file that it was written for may be open: so it is refused, and so
//! are two pages that do not agree about one file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use super::Around;
use crate::access::rule::Rule;
use crate::access::tags::{self, Drip, Tag};
use crate::config::Config;
use crate::diagnostic::{self, Diagnostic};
use crate::load::inherit::{self, Decided};
use crate::load::names;
use crate::load::pages::{self, RawPage};
use crate::load::sources::{FileSource, Kind};
use crate::site::written::Written;
use crate::time::Timestamp;

/// What a `files:` key says of some files.
#[derive(Debug)]
pub struct FilesKey {
    pub(super) written: Written,
    pub(super) folder: Arc<str>,
    pub(super) is_index: bool,
    pub(super) draft: bool,
    pub(super) names: GlobMatcher,
    pub(super) rule: Rule,
    /// The tags alone, without the dates of the page.
    said: Rule,
    page: usize,
}

/// Reads the `files:` keys of all pages; those of drafts open nothing, unless `drafts` are published too.
#[must_use]
pub fn files_keys(
    raw: &[RawPage],
    decided: &[Decided],
    (config, clock, drafts): (&Config, Timestamp, bool),
) -> Vec<FilesKey> {
    let mut keys = Vec::new();
    for (index, (page, decided)) in raw.iter().zip(decided).enumerate() {
        for (pattern, tags) in &page.front_matter.gates.files {
            // The pattern was checked where it was read.
            let Ok(glob) = GlobBuilder::new(&pattern.value).literal_separator(true).build() else { continue };
            let tags: Vec<Tag> = tags.iter().map(|tag| tag.value.clone()).collect();
            let rule = tags::rule(&tags, &Drip::None, decided.next_date, &config.catalogue);
            let rule = inherit::kept_unlocked(&rule, decided.published, &config.catalogue);
            let from = decided.release.map(|date| date.first);
            let rule = rule.within(from, decided.until.map(|date| date.end));
            let file = Arc::clone(&page.source.path);
            keys.push(FilesKey {
                written: Written { file, span: pattern.span.clone(), cascade: false },
                folder: Arc::clone(&page.source.folder),
                is_index: page.source.kind == Kind::Section,
                draft: decided.draft && !drafts,
                names: glob.compile_matcher(),
                rule: rule.settled(clock, config.catalogue.cancellation()),
                said: tags::rule(&tags, &Drip::None, Some(clock), &config.catalogue),
                page: index,
            });
        }
    }
    keys
}

/// The errors of all keys: those that name no file, and those of two pages that say different things of one.
#[must_use]
pub fn check_files_keys(around: &Around<'_>) -> Vec<Diagnostic> {
    let files = &around.sources.files;
    let idle = |key: &&FilesKey| !key.reach(files).any(|name| key.names.is_match(name));
    let mut faults: Vec<Diagnostic> =
        around.files_keys.iter().filter(idle).map(|key| names_nothing(around, key)).collect();
    faults.extend(disagreements(around));
    faults
}

impl FilesKey {
    /// As it is written.
    fn pattern(&self) -> &str {
        self.names.glob().glob()
    }

    fn is_name(&self) -> bool {
        !self.pattern().contains(['*', '?', '[', '{', '\\'])
    }

    /// The names of all files that it could speak of: those beside its page, below an `_index.md` all.
    fn reach<'f>(&self, files: &'f [FileSource]) -> impl Iterator<Item = &'f str> + use<'f> {
        let is_index = self.is_index;
        below(files, &self.folder).filter(move |name| is_index || !name.contains('/'))
    }
}

/// The files below a folder, named from there.
fn below<'f>(files: &'f [FileSource], folder: &str) -> impl Iterator<Item = &'f str> + use<'f> {
    let folder = format!("{folder}/");
    // They are ordered by path.
    let first = files.partition_point(|file| *file.path < *folder);
    files.iter().skip(first).map_while(move |file| file.path.strip_prefix(&folder))
}

fn names_nothing(around: &Around<'_>, key: &FilesKey) -> Diagnostic {
    let pattern = key.pattern();
    let whose = if key.is_name() { "has the name" } else { "fits" };
    let message = format!("no file in `{}` {whose} `{pattern}`, so this says nothing of any", key.folder);
    let place = pages::locate(around.raw, key.page, key.written.span.clone());
    Diagnostic::error(message).at(place).help(meant(around, key))
}

/// What to do about a key that names nothing.
fn meant(around: &Around<'_>, key: &FilesKey) -> String {
    let files = &around.sources.files;
    let pattern = key.pattern();
    let caseless = GlobBuilder::new(pattern).literal_separator(true).case_insensitive(true).build();
    let caseless = caseless.map(|glob| glob.compile_matcher());
    let other_case = caseless.ok().and_then(|names| key.reach(files).find(|name| names.is_match(name)));
    if let Some(name) = other_case {
        return if key.is_name() {
            format!("did you mean `{name}`?")
        } else {
            format!("capitals count: there is `{name}`")
        };
    }
    if key.is_name() {
        let resolved = resolved(&key.folder, pattern);
        if let Some(name) = resolved.strip_prefix(&*key.folder).map(|name| name.trim_start_matches('/'))
            && key.reach(files).any(|other| other == name)
        {
            return format!("did you mean `{name}`?");
        }
        if files.iter().any(|file| *file.path == *resolved) {
            return format!(
                "`{resolved}` lies in another folder: write this in a page beside it, or in an `_index.md` above it"
            );
        }
        if let Some(near) = diagnostic::nearest(pattern, key.reach(files)) {
            return format!("did you mean `{near}`?");
        }
    } else if let Some(near) = near_ending(pattern, key.reach(files)) {
        return format!("did you mean `{near}`?");
    }
    if names::markdown_stem(pattern).is_some() {
        return "a page says in its own front matter who it is for".to_owned();
    }
    let reach = if key.is_index { "in this folder and below it" } else { "beside this page" };
    format!("`files` speaks of files {reach}, by name, or by a pattern such as `*.pdf`")
}

/// A pattern that ends like one of the files: `*.pdf` for `*.pfd`.
fn near_ending<'f>(pattern: &str, names: impl Iterator<Item = &'f str>) -> Option<String> {
    let (start, ending) = pattern.rsplit_once('.').filter(|(_, ending)| !ending.contains(['*', '?', '[', '{', '}']))?;
    let endings: BTreeSet<&str> = names.filter_map(|name| name.rsplit_once('.')).map(|(_, ending)| ending).collect();
    let near = diagnostic::nearest(ending, endings)?;
    Some(format!("{start}.{near}"))
}

/// Where a relative path leads.
fn resolved(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Pages of one folder that say different things of one file. What a draft says does not count yet.
fn disagreements(around: &Around<'_>) -> Vec<Diagnostic> {
    let mut folders: BTreeMap<&str, Vec<&FilesKey>> = BTreeMap::new();
    for key in around.files_keys.iter().filter(|key| !key.draft) {
        folders.entry(&key.folder).or_default().push(key);
    }
    let mut said = BTreeSet::new();
    let mut faults = Vec::new();
    for (folder, keys) in folders {
        for name in below(&around.sources.files, folder).filter(|name| !name.contains('/')) {
            let of_it: Vec<&FilesKey> = keys.iter().filter(|key| key.names.is_match(name)).copied().collect();
            for (at, key) in of_it.iter().enumerate() {
                let others = of_it.iter().take(at).filter(|other| other.page != key.page && other.said != key.said);
                for other in others {
                    let place = |key: &FilesKey| (key.page, key.written.span.start);
                    if said.insert((place(other), place(key))) {
                        faults.push(disagreement(around, name, (other, key)));
                    }
                }
            }
        }
    }
    faults
}

fn disagreement(around: &Around<'_>, name: &str, (first, second): (&FilesKey, &FilesKey)) -> Diagnostic {
    let place = |key: &FilesKey| pages::locate(around.raw, key.page, key.written.span.clone());
    Diagnostic::error(format!("two pages say of `{name}` that it is for different readers"))
        .at(place(second))
        .also(place(first))
        .help("say it in one of them, or the same in both")
}
