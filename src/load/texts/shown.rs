//! What a page shows of the files beside pages: by its text, by its front matter, by a name that it mentions.

use std::ops::Range;

use super::around::Finders;
use super::{Around, RuledBlock};
use crate::access::rule::Rule;
use crate::diagnostic::Source;
use crate::load::assets::Showing;
use crate::load::html::Usage;
use crate::load::inherit::Decided;
use crate::load::links::Target;
use crate::load::markdown::{Document, Use};
use crate::load::pages::RawPage;
use crate::site::Place;

/// Collects what a page shows.
pub(super) struct Shown<'a> {
    pub(super) around: &'a Around<'a>,
    pub(super) page: usize,
    pub(super) decided: &'a Decided,
    pub(super) blocks: &'a [RuledBlock],
    pub(super) showings: Vec<Showing>,
}

impl Shown<'_> {
    fn push(
        &mut self,
        (file, range): (usize, Option<Range<usize>>),
        usage: Option<Usage>,
        (rule, block): (Rule, Option<usize>),
    ) {
        let secret = block.and_then(|index| self.blocks.get(index)).is_some_and(|block| block.secret);
        let (hidden, published) = (self.decided.hidden || secret, self.around.is_published(self.page));
        self.showings.push(Showing { file, usage, rule, hidden, published, page: self.page, range });
    }

    /// Who reads a place.
    fn rule(&self, place: Place, divider: bool) -> Rule {
        match place.block.and_then(|index| self.blocks.get(index)) {
            Some(block) => block.rule.clone(),
            None if place.teaser && divider => self.decided.rule.or(&self.decided.teaser),
            None => self.decided.rule.clone(),
        }
    }

    pub(super) fn uses(&mut self, uses: &[Use<Target>], divider: bool) {
        for used in uses {
            if let Target::File(file) = used.target {
                let rule = self.rule(used.place, divider);
                self.push((file, Some(used.range.clone())), Some(used.usage), (rule, used.place.block));
            }
        }
    }

    /// Names of files that stand in the text in any other way.
    pub(super) fn mentions(
        &mut self,
        source: Source<'_>,
        (raw, document): (&RawPage, &Document<Target>),
        finders: &Finders,
    ) {
        let Some((finder, files)) = finders.get(&raw.source.folder) else { return };
        let text = source.text.get(raw.body.clone()).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        for found in finder.find_overlapping_iter(text) {
            // `data.zip` does not name `a.zip`.
            let before = text.get(..found.start()).and_then(|before| before.chars().next_back());
            let after = text.get(found.end()..).and_then(|after| after.chars().next());
            if before.is_some_and(|c| is_word(c) || c == '.') || after.is_some_and(is_word) {
                continue;
            }
            let at = raw.body.start + found.start();
            let block = document.blocks.iter().rposition(|block| block.range.contains(&at));
            let rule = self.rule(Place { block, teaser: false }, false);
            if let Some(file) = files.get(found.pattern().as_usize()) {
                let range = at..raw.body.start + found.end();
                self.push((*file, Some(range)), None, (rule, block));
            }
        }
    }

    /// Files that front matter names: the image is the teaser's, all else the open page's. Gives the image's URL.
    pub(super) fn front_matter(&mut self, find: &dyn Fn(&str) -> Option<(String, Target)>) -> Option<String> {
        let matter = &self.around.raw.get(self.page)?.front_matter;
        let mut strings = Vec::new();
        for value in matter.extra.values() {
            collect_strings(value, &mut strings);
        }
        for text in strings {
            if let Some((_, Target::File(file))) = find(text) {
                self.push((file, None), Some(Usage::Embed), (self.decided.rule.clone(), None));
            }
        }
        let image = &matter.image.as_ref()?.value;
        match find(image) {
            Some((url, Target::File(file))) => {
                self.push((file, None), Some(Usage::Embed), (self.decided.known.clone(), None));
                Some(url)
            }
            Some((url, _)) => Some(url),
            None => Some(image.clone()),
        }
    }
}

/// Strings that could be paths: with a dot in them, on one line.
fn collect_strings<'a>(value: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) if text.contains('.') && text.len() < 512 && !text.contains('\n') => {
            found.push(text)
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect_strings(value, found)),
        serde_json::Value::Object(map) => map.values().for_each(|value| collect_strings(value, found)),
        serde_json::Value::String(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_) => {}
    }
}
