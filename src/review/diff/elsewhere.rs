//! Texts that stood on other pages, for fewer readers than read them now: a gated page whose text is put into an open one.
//!
//! What has few words may stand anywhere, and does not count. Nor does what any page told to the same readers before.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::{Pair, dedup};
use super::{Brought, Change, Way, What, lines};
use crate::access::rule::Rule;
use crate::plan::sentences::Mark;

/// Rules, each once.
type Rules<'s> = BTreeSet<&'s Rule>;

/// The texts that are new to each page, and under which rules they stand there.
type Come<'s> = BTreeMap<&'s str, BTreeMap<Mark, Rules<'s>>>;

/// Where a text stood: the first page that had it, and the rules of all that had.
struct Stood<'s> {
    path: &'s str,
    rules: Rules<'s>,
}

impl Pair<'_> {
    /// Puts what was brought from other pages to the changes of the pages that show it.
    pub(super) fn add_moved_in(&self, changes: &mut Vec<Change>) {
        let come = self.come(changes);
        if come.is_empty() {
            return;
        }
        let stood = self.stood(&come);
        let mut known: BTreeMap<(&Rules<'_>, &Rules<'_>), (Vec<Way>, String)> = BTreeMap::new();
        let mut brought: BTreeMap<&str, Vec<Brought>> = BTreeMap::new();
        for (path, marks) in &come {
            let mut found: BTreeMap<(&str, String), Vec<Way>> = BTreeMap::new();
            for (rules, place) in marks.iter().filter_map(|(mark, rules)| Some((rules, stood.get(mark)?))) {
                let known = known.entry((rules, &place.rules));
                let (ways, readers) = known.or_insert_with(|| self.brought(rules, &place.rules));
                if !ways.is_empty() {
                    found.entry((place.path, readers.clone())).or_default().extend(ways.iter().cloned());
                }
            }
            for ((was, readers), mut opened) in found {
                dedup(&mut opened);
                brought.entry(path).or_default().push(Brought { was: was.to_owned(), readers, opened });
            }
        }
        for change in changes.iter_mut().filter(|change| change.what != What::Vanished) {
            change.brought.extend(brought.remove(change.path.as_str()).unwrap_or_default());
        }
        changes.extend(brought.into_iter().map(|(path, brought)| Change { brought, ..Change::new(path, What::Kept) }));
    }

    /// What no page said before that was at this path, or moved to it.
    fn come(&self, changes: &[Change]) -> Come<'_> {
        let mut come = Come::new();
        let Some((was, is)) = self.said() else { return come };
        let moved: BTreeSet<(&str, &str)> =
            changes.iter().filter_map(|change| Some((change.path.as_str(), change.was.as_deref()?))).collect();
        for path in is.paths() {
            let (old, new) = (was.page(path), is.page(path));
            if old == new {
                continue;
            }
            let before = moved.range((path, "")..).take_while(|(to, _)| *to == path);
            let before = before.flat_map(|(_, from)| was.page(from)).chain(old);
            let own: BTreeSet<Mark> = before.flat_map(|(_, marks)| marks).copied().collect();
            for (rule, marks) in new {
                for mark in marks.iter().filter(|mark| !mark.is_short() && !own.contains(mark)) {
                    come.entry(path).or_default().entry(*mark).or_default().insert(rule);
                }
            }
        }
        come
    }

    /// Where these texts stood, on whatever page.
    fn stood(&self, come: &Come<'_>) -> BTreeMap<Mark, Stood<'_>> {
        let mut stood: BTreeMap<Mark, Stood<'_>> = BTreeMap::new();
        let Some((was, _)) = self.said() else { return stood };
        let wanted: BTreeSet<Mark> = come.values().flat_map(BTreeMap::keys).copied().collect();
        for path in was.paths() {
            for (rule, marks) in was.page(path) {
                for mark in marks.iter().filter(|mark| wanted.contains(mark)) {
                    let known = stood.entry(*mark).or_insert_with(|| Stood { path, rules: Rules::new() });
                    known.rules.insert(rule);
                }
            }
        }
        stood
    }

    /// Who reads what only others could read, and who those were.
    fn brought(&self, is: &Rules<'_>, was: &Rules<'_>) -> (Vec<Way>, String) {
        let (is, was) = (Rule::any(is.iter().copied()), Rule::any(was.iter().copied()));
        if is.implies(&was) {
            return (Vec::new(), String::new());
        }
        (self.difference(&is, &was), lines::list(&self.difference(&was, &Rule::nobody())))
    }
}
