//! What is known of the whole site before the first text is parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aho_corasick::AhoCorasick;

use super::FilesKey;
use crate::access::rule::Rule;
use crate::config::Config;
use crate::load::inherit::Decided;
use crate::load::links::{Index, Target};
use crate::load::names;
use crate::load::pages::{self, RawPage};
use crate::load::sources::{FileSource, Kind, Sources};
use crate::load::tree::Tree;
use crate::site::written::Written;
use crate::site::{PageId, StaticFile, TagPage};
use crate::time::Timestamp;

/// All that is known before the first text is parsed.
pub struct Around<'a> {
    /// `site.yaml`.
    pub config: &'a Config,
    /// Pages.
    pub raw: &'a [RawPage],
    /// What was decided about each.
    pub decided: &'a [Decided],
    /// Which of them are published.
    pub published: &'a [bool],
    /// Titles of alerts.
    pub alerts: &'a BTreeMap<String, String>,
    /// Files.
    pub sources: &'a Sources,
    /// Sections.
    pub tree: &'a Tree,
    /// URLs of folders.
    pub folders: &'a BTreeMap<String, String>,
    /// The theme's own files.
    pub theme_files: &'a [StaticFile],
    /// The instant for which windows are settled.
    pub clock: Timestamp,
    /// What `files:` keys say.
    pub files_keys: &'a [FilesKey],
}

/// Finds the names of a folder's files in a text.
pub(super) type Finders = BTreeMap<Arc<str>, (AhoCorasick, Vec<usize>)>;

/// A text that is no longer than so many bytes.
fn cut_to(mut text: String, most: usize) -> String {
    while text.len() > most {
        text.pop();
    }
    text
}

impl Around<'_> {
    /// Whether a page is published.
    #[must_use]
    pub fn is_published(&self, page: usize) -> bool {
        self.published.get(page).copied().unwrap_or_default()
    }

    /// The section that a page lying in a folder would belong to: a page folder belongs to the one above.
    #[must_use]
    pub fn section_of_folder(&self, folder: &str) -> usize {
        let mut folder = pages::below_content(folder);
        loop {
            if let Some(section) = self.tree.by_folder(folder) {
                return section;
            }
            folder = crate::load::tree::parent_folder(folder);
        }
    }

    /// Pages by the folder they lie in.
    #[must_use]
    pub fn pages_by_folder(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (page, raw) in self.raw.iter().enumerate() {
            folders.entry(&raw.source.folder).or_default().push(page);
        }
        folders
    }

    /// Rule and hiddenness of the published pages in a folder; whether there are pages and none is published.
    ///
    /// A folder without pages of its own belongs to the page folder it lies in.
    #[must_use]
    pub fn pages_of_folder(&self, folder: &str, pages: &BTreeMap<&str, Vec<usize>>) -> (Vec<(Rule, bool)>, bool) {
        let mut owner = folder;
        while !pages.contains_key(owner) && self.tree.by_folder(pages::below_content(owner)).is_none() {
            owner = crate::load::tree::parent_folder(owner);
        }
        let lying_in = |folder: &str| pages.get(folder).map(Vec::as_slice).unwrap_or_default();
        let is_folder = |page: &usize| self.raw.get(*page).is_some_and(|raw| raw.source.kind == Kind::PageFolder);
        let here = lying_in(if lying_in(owner).iter().any(is_folder) { owner } else { folder });
        let published = here.iter().filter(|page| self.is_published(**page));
        let rules: Vec<_> =
            published.filter_map(|page| self.decided.get(*page)).map(|page| (page.rule.clone(), page.hidden)).collect();
        let only_drafts = rules.is_empty() && !here.is_empty();
        (rules, only_drafts)
    }

    /// What `files:` keys say of a file, of a page in its folder, else of the nearest `_index.md`; and where.
    #[must_use]
    pub fn written_rule(&self, file: &FileSource) -> Option<(Rule, Vec<Written>)> {
        let keys: Vec<&FilesKey> = self.keys_of(file).into_iter().filter(|key| !key.draft).collect();
        let places = || keys.iter().map(|key| key.written.clone()).collect();
        (!keys.is_empty()).then(|| (Rule::any(keys.iter().map(|key| &key.rule)), places()))
    }

    /// Whether a draft says whose a file is: then it is the draft's, unless something published says so as near to it.
    #[must_use]
    pub fn is_of_draft(&self, file: &FileSource) -> bool {
        let keys = self.keys_of(file);
        !keys.is_empty() && keys.iter().all(|key| key.draft)
    }

    /// The `files:` keys, of drafts and of others, that name a file: all beside it, else those of the nearest folder above.
    fn keys_of(&self, file: &FileSource) -> Vec<&FilesKey> {
        let keys = || self.files_keys.iter();
        let mut found: Vec<_> =
            keys().filter(|key| key.folder == file.folder && key.names.is_match(&file.name)).collect();
        let mut folder = file.folder.as_ref();
        while let Some((parent, _)) = folder.rsplit_once('/').filter(|_| found.is_empty()) {
            folder = parent;
            let below = file.path.strip_prefix(folder).unwrap_or(&file.path).trim_start_matches('/');
            let above = keys().filter(|key| key.is_index && key.folder.as_ref() == folder);
            found = above.filter(|key| key.names.is_match(below)).collect();
        }
        found
    }

    /// The URL of a section.
    #[must_use]
    pub fn section_url(&self, section: usize) -> String {
        pages::section_url(self.raw, self.tree, section)
    }

    /// The folder of a section, for messages.
    #[must_use]
    pub fn section_source(&self, section: usize) -> Arc<str> {
        self.tree.source(section)
    }

    /// The URL of a file.
    #[must_use]
    pub fn file_url(&self, file: &FileSource) -> String {
        pages::file_url(self.folders, file)
    }

    /// Whether a page stands where the list of tags would.
    #[must_use]
    pub fn has_tag_page(&self) -> bool {
        self.raw.iter().enumerate().any(|(page, raw)| raw.url == "/tags/" && self.is_published(page))
    }

    /// The tags that lists for everybody may show: of pages that a visitor may know of, now or later.
    #[must_use]
    pub fn tag_pages(&self) -> Vec<TagPage> {
        let mut tags: BTreeMap<String, (String, Vec<usize>)> = BTreeMap::new();
        for (page, (raw, decided)) in self.raw.iter().zip(self.decided).enumerate() {
            if self.is_published(page) && !raw.is_not_found() && !decided.known.public_part().is_nobody() {
                for tag in &raw.front_matter.tags {
                    let (_, bearers) = tags.entry(tag.to_lowercase()).or_insert_with(|| (tag.clone(), Vec::new()));
                    if bearers.last() != Some(&page) {
                        bearers.push(page);
                    }
                }
            }
        }
        let mut taken = BTreeSet::new();
        let mut made = Vec::with_capacity(tags.len());
        for (title, mut bearers) in tags.into_values() {
            // As a part of a URL it has room for a number.
            let slug = cut_to(names::slugify(&title), 200);
            let slug = if slug.is_empty() { "tag".to_owned() } else { slug };
            let free = |slug: &String| !taken.contains(slug);
            let numbered = (2_usize..).map(|number| format!("{slug}-{number}"));
            let Some(slug) = std::iter::once(slug.clone()).chain(numbered).find(free) else { continue };
            bearers.sort_by_key(|page| {
                std::cmp::Reverse(self.raw.get(*page).and_then(|raw| raw.date).map(|date| date.first))
            });
            made.push(TagPage {
                title,
                url: format!("/tags/{slug}/"),
                pages: bearers.into_iter().map(PageId).collect(),
            });
            taken.insert(slug);
        }
        made
    }

    pub(super) fn index(&self, tags: &[TagPage]) -> Index {
        let mut index = Index {
            base_url: self.config.base_url.trim_end_matches('/').to_owned(),
            passthrough: self.config.passthrough.clone(),
            broken: self.config.links,
            ..Index::default()
        };
        let mut urls: Vec<(String, String, Target)> = Vec::new();
        for url in ["/sitemap.xml", "/robots.txt", "/tags/"].into_iter().chain(tags.iter().map(|tag| tag.url.as_str()))
        {
            urls.push((url.to_owned(), url.to_owned(), Target::Generated));
        }
        for (number, raw) in self.raw.iter().enumerate().filter(|(_, raw)| !raw.is_not_found()) {
            for (alias, _) in &raw.aliases {
                urls.push((alias.clone(), raw.url.clone(), Target::Page(number)));
            }
            let below = pages::below_content(&raw.source.path).to_owned();
            index.by_source.insert(below, (raw.url.clone(), Target::Page(number)));
            urls.push((raw.url.clone(), raw.url.clone(), Target::Page(number)));
        }
        for section in (0..self.tree.len()).filter(|section| self.tree.page_of(*section).is_none()) {
            let url = self.section_url(section);
            index.by_source.insert(self.tree.folder(section).to_owned(), (url.clone(), Target::Section(section)));
            urls.push((url.clone(), url, Target::Section(section)));
        }
        for (number, file) in self.sources.files.iter().enumerate() {
            let url = self.file_url(file);
            let below = pages::below_content(&file.path).to_owned();
            index.by_source.insert(below, (url.clone(), Target::File(number)));
            urls.push((url.clone(), url, Target::File(number)));
        }
        for (number, file) in self.sources.static_files.iter().enumerate() {
            let url = crate::load::static_url(file);
            urls.push((url.clone(), url, Target::Static(number)));
        }
        urls.extend(self.theme_files.iter().map(|file| (file.url.clone(), file.url.clone(), Target::Generated)));
        index.by_url = urls.into_iter().map(|(from, to, target)| (from, (to, target))).collect();
        index
    }

    pub(super) fn finders(&self) -> Finders {
        let mut names: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (number, file) in self.sources.files.iter().enumerate() {
            names.entry(Arc::clone(&file.folder)).or_default().push(number);
        }
        let finder = |files: &[usize]| {
            AhoCorasick::new(
                files.iter().filter_map(|number| self.sources.files.get(*number)).map(|file| file.name.as_str()),
            )
        };
        // An automaton is refused only beyond sizes that no folder has; then nothing is found, and files stay closed.
        let finders = names.into_iter().filter_map(|(folder, files)| Some((folder, (finder(&files).ok()?, files))));
        finders.collect()
    }
}
