//! Keys that a writer may think are handed down, and are not: only an `_index.md` hands keys down.
//!
//! `course.md` and `course/index.md` can be a section's page all the same. What is written there under `cascade` would
//! close nothing, so it is an error; a key that holds readers back, and that a page below does not have, is a warning.

use std::ops::Range;

use super::Givens;
use crate::access::tags::{Drip, Tag};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::load::gate_keys::GateKeys;
use crate::load::tree::TreeChild;

/// A key that holds readers back.
struct Held<'k> {
    name: &'static str,
    place: Range<usize>,
    /// Whether another page has the same, or says something else on purpose.
    settled: Box<dyn Fn(usize) -> bool + 'k>,
}

impl Givens<'_> {
    /// Says what stands in a page as if it were handed down.
    pub(super) fn not_handed_down(&self, page: usize, diagnostics: &mut Vec<Diagnostic>) {
        let Some(matter) = self.pages.get(page).filter(|_| !self.tree.is_index(page)) else { return };
        let section = self.tree.own_section(page);
        let index = section.map(|section| match self.tree.folder(section) {
            "" => "content/_index.md".to_owned(),
            folder => format!("content/{folder}/_index.md"),
        });
        if let Some(place) = matter.cascade.first_place() {
            let help = index.as_ref().map(|index| format!("put `cascade` into `{index}`"));
            let help = help.unwrap_or_else(|| "write the keys of this page without `cascade`".to_owned());
            let fault = Diagnostic::error("only an `_index.md` hands keys down: this `cascade` closes nothing");
            diagnostics.push(fault.at((self.locate)(page, place)).help(help));
        }
        let Some((section, index)) = section.zip(index) else { return };
        let below = self.all_below(section);
        for Held { name, place, settled } in self.held(page, section, &matter.gates) {
            let Some(other) = below.iter().find(|below| !self.is_draft(**below) && !settled(**below)) else { continue };
            let warning = Diagnostic::warning(format!("`{name}` here is not handed down to the pages below"));
            let warning = warning.at((self.locate)(page, place)).also((self.locate)(*other, 0..0));
            diagnostics.push(warning.help(format!("only an `_index.md` hands keys down: put it into `{index}`")));
        }
    }

    fn held<'k>(&'k self, page: usize, section: usize, gates: &'k GateKeys) -> Vec<Held<'k>> {
        let gated = |tags: &[Spanned<Tag>]| !tags.iter().all(|tag| tag.value.is_public());
        let access = gates.access.as_ref().filter(|access| gated(&access.value)).map(|access| {
            let own = self.chain(page).tags(self.default);
            let settled = move |other: usize| {
                self.says(section, other, |keys| keys.access.as_ref()) || self.chain(other).tags(self.default) == own
            };
            Held { name: "access", place: access.span.clone(), settled: Box::new(settled) }
        });
        let drip = gates.drip.as_ref().filter(|drip| drip.value != Drip::None);
        let release = gates.release.as_ref().filter(|release| release.value.is_some());
        let until = gates.until.as_ref().filter(|until| until.value.is_some());
        let hidden = gates.hidden.as_ref().filter(|hidden| hidden.value);
        let draft = gates.draft.as_ref().filter(|draft| draft.value);
        let held = [
            access,
            drip.map(|own| self.held_key("drip", (section, own), |keys| keys.drip.as_ref())),
            release.map(|own| self.held_key("release", (section, own), |keys| keys.release.as_ref())),
            until.map(|own| self.held_key("until", (section, own), |keys| keys.until.as_ref())),
            hidden.map(|own| self.held_key("hidden", (section, own), |keys| keys.hidden.as_ref())),
            draft.map(|own| self.held_key("draft", (section, own), |keys| keys.draft.as_ref())),
        ];
        held.into_iter().flatten().collect()
    }

    fn held_key<'k, T: PartialEq>(
        &'k self,
        name: &'static str,
        (section, own): (usize, &'k Spanned<T>),
        key: fn(&GateKeys) -> Option<&Spanned<T>>,
    ) -> Held<'k> {
        let settled = move |other: usize| {
            let theirs = self.chain(other);
            self.says(section, other, key) || theirs.find(key).is_some_and(|(_, theirs)| theirs.value == own.value)
        };
        Held { name, place: own.span.clone(), settled: Box::new(settled) }
    }

    /// Whether a page has a key of its own, or one from a section that lies in `section`.
    fn says<T>(&self, section: usize, page: usize, key: fn(&GateKeys) -> Option<&T>) -> bool {
        let within = |from| std::iter::successors(Some(from), |at| self.tree.parent(*at)).any(|at| at == section);
        self.chain(page).find(key).is_some_and(|(from, _)| from.is_none_or(within))
    }

    /// All pages below a section: those that stand in it, and the own pages of sections in it.
    fn all_below(&self, section: usize) -> Vec<usize> {
        let mut pages = self.reading_order(section);
        let mut sections = vec![section];
        while let Some(at) = sections.pop() {
            for child in self.tree.children(at) {
                if let TreeChild::Section(child) = child {
                    pages.extend(self.tree.page_of(*child));
                    sections.push(*child);
                }
            }
        }
        pages
    }
}
