//! Drips: the delay of each page, and the row in which the pages of a section open one after the other.

use std::ops::Range;

use super::{Chain, Givens, Tables};
use crate::access::tags::{Drip, Tag};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::id::Id;
use crate::load::tree::TreeChild;

impl Givens<'_> {
    /// The place of a page in the row in which the pages of a section drip, if it is one of them.
    #[must_use]
    pub fn place_in_row(&self, section: usize, page: usize, tables: &Tables) -> Option<usize> {
        let (from, drip) = Chain { own: None, above: self.above(Some(section)) }.find(|keys| keys.drip.as_ref())?;
        from.filter(|_| matches!(drip.value, Drip::Every(_)))
            .and_then(|row| tables.positions.get(&row)?.get(&page).copied())
    }

    pub(super) fn drip(
        &self,
        page: usize,
        (chain, tags): (&Chain<'_>, &[Tag]),
        tables: &Tables,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Drip {
        let Some((from, drip)) = chain.find(|keys| keys.drip.as_ref()) else { return Drip::None };
        let is_section = self.tree.own_section(page).is_some();
        if from.is_none() && !is_section {
            let ids = chain.own.map_or(&[][..], |keys| &keys.drip_ids);
            self.check_own_drip(page, (drip, ids), tags, diagnostics);
        }
        match &drip.value {
            Drip::Every(step) => match from {
                Some(section) => {
                    self.position(section, page, tables).map_or(Drip::None, |at| Drip::All(step.times(at)))
                }
                None => Drip::None,
            },
            Drip::None | Drip::All(_) | Drip::ByName(_) => drip.value.clone(),
        }
    }

    fn check_own_drip(
        &self,
        page: usize,
        (drip, ids): (&Spanned<Drip>, &[Spanned<Id>]),
        tags: &[Tag],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let mut fault = |span: Range<usize>, message: String, help: &str| {
            let place = (self.locate)(page, span);
            diagnostics.push(Diagnostic::error(message).at(place).help(help));
        };
        match &drip.value {
            Drip::None => {}
            Drip::Every(_) => fault(
                drip.span.clone(),
                "`drip: every` counts the pages of a section".to_owned(),
                "put it in the section's `_index.md`, or write a length such as `7d` here",
            ),
            Drip::All(_) | Drip::ByName(_) if tags.iter().all(Tag::is_public) => fault(
                drip.span.clone(),
                "a page that anyone may open cannot drip".to_owned(),
                "remove `drip`, or say in `access` who the page is for; `release` opens it for everybody at once",
            ),
            Drip::All(_) => {}
            Drip::ByName(lengths) => {
                for (index, (id, _)) in lengths.iter().enumerate() {
                    if !tags.iter().any(|tag| tag.names_id(id)) {
                        let place = ids.get(index).map_or_else(|| drip.span.clone(), |id| id.span.clone());
                        fault(
                            place,
                            format!("`drip` names `{id}`, which the page's access does not"),
                            "name a tier or bundle that stands in `access`",
                        );
                    }
                }
            }
        }
    }

    /// The place of a page among those that drip with a section, from 0.
    fn position(&self, section: usize, page: usize, tables: &Tables) -> Option<usize> {
        let positions = tables.positions.get(&section)?;
        positions.get(&page).copied().or_else(|| {
            // A section's own page comes with the first page below it.
            let own = self.tree.own_section(page)?;
            self.reading_order(own).iter().filter_map(|below| positions.get(below)).min().copied()
        })
    }

    /// Gated pages that inherit the section's `drip: every`, in reading order.
    pub(super) fn dripping_with(&self, section: usize) -> Vec<usize> {
        let mut pages = self.reading_order(section);
        pages.retain(|page| {
            let chain = self.chain(*page);
            let inherits = chain.find(|keys| keys.drip.as_ref()).is_some_and(|(from, _)| from == Some(section));
            let gated = !chain.tags(self.default).iter().all(Tag::is_public);
            inherits && gated && !self.is_draft(*page) && self.tree.own_section(*page).is_none()
        });
        pages
    }

    /// All pages in and below a section, in reading order.
    pub(super) fn reading_order(&self, section: usize) -> Vec<usize> {
        let mut pages = Vec::new();
        for child in self.tree.children(section) {
            match child {
                TreeChild::Page(page) => pages.push(*page),
                TreeChild::Section(below) => pages.extend(self.reading_order(*below)),
            }
        }
        pages
    }
}
