//! Lines to show: where in a file something stands that the site only knows by its bytes, or not at all.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Location, Source};
use crate::fs;

/// Finds places in the files of a site. A file that cannot be read any more is named without a line.
pub(super) struct Places<'a> {
    root: &'a Path,
    texts: RefCell<BTreeMap<Arc<str>, Option<Arc<str>>>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, texts: RefCell::default() }
    }

    /// Bytes of a file.
    pub(super) fn span(&self, file: &Arc<str>, span: Range<usize>) -> Location {
        match self.text(file) {
            Some(text) => Source { file, text: &text }.locate(span),
            None => Location::file(file),
        }
    }

    /// The first of these keys that is written on a line of its own in the front matter, else the whole file.
    pub(super) fn key(&self, file: &Arc<str>, keys: &[&str]) -> Location {
        let is_key = |line: &str, key: &str| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with([':', '=']))
        };
        let fences = |line: &str| matches!(line.trim_end(), "---" | "+++" | "...");
        let Some(text) = self.text(file) else { return Location::file(file) };
        let matter = lines(&text).scan(0, |seen, (at, line)| {
            *seen += usize::from(fences(line));
            (*seen < 2).then_some((at, line))
        });
        let matter: Vec<_> = matter.collect();
        let written = keys.iter().find_map(|key| matter.iter().find(|(_, line)| is_key(line, key)));
        written.map_or_else(|| Location::file(file), |(at, line)| self.span(file, *at..at + line.trim_end().len()))
    }

    /// The first line that is this, blanks aside.
    pub(super) fn line(&self, file: &Arc<str>, is: impl Fn(&str) -> bool) -> Location {
        let Some(text) = self.text(file) else { return Location::file(file) };
        let found = lines(&text).find(|(_, line)| is(line.trim()));
        found.map_or_else(|| Location::file(file), |(at, line)| self.span(file, at..at + line.trim_end().len()))
    }

    fn text(&self, file: &Arc<str>) -> Option<Arc<str>> {
        let mut texts = self.texts.borrow_mut();
        let read = || fs::read_text(&self.root.join(file.as_ref())).map(Arc::from).ok();
        texts.entry(Arc::clone(file)).or_insert_with(read).clone()
    }
}

/// Lines with their first byte.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}
