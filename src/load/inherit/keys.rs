//! Where the keys in force on a page are written: found the way their values are, nearest first.

use crate::access::tags::Drip;
use crate::diagnostic::Spanned;
use crate::load::gate_keys::{GateKeys, Teaser};
use crate::site::written::{Keys, Written};

use super::{Chain, Givens};

impl<'a> Givens<'a> {
    /// The keys in force on a page; `drip` is what became of the one that is written.
    pub(super) fn keys(&self, page: usize, chain: &Chain<'a>, drip: &Drip) -> Keys {
        let (access, default) = self.access_keys(page, chain);
        let teaser = |teaser: &Teaser| teaser.tags().to_vec();
        Keys {
            access,
            default,
            drip: self.nearest(page, chain, |keys| keys.drip.as_ref()).map(|(_, at)| (drip.clone(), at)),
            release: self.nearest(page, chain, |keys| keys.release.as_ref()).map(|(date, at)| (*date, at)),
            dated: self.dated(page, chain),
            until: self.nearest(page, chain, |keys| keys.until.as_ref()).map(|(date, at)| (*date, at)),
            hidden: self.nearest(page, chain, |keys| keys.hidden.as_ref()).map(|(hidden, at)| (*hidden, at)),
            announce: self.nearest(page, chain, |keys| keys.announce.as_ref()).map(|(announce, at)| (*announce, at)),
            draft: self.nearest(page, chain, |keys| keys.draft.as_ref()).map(|(draft, at)| (*draft, at)),
            teaser: self.nearest(page, chain, |keys| keys.teaser.as_ref()).map(|(tags, at)| (teaser(tags), at)),
        }
    }

    /// Where the tags come from, nearest first, and whether the default is among them.
    fn access_keys(&self, page: usize, chain: &Chain<'a>) -> (Vec<Written>, bool) {
        let own = chain.own.and_then(|keys| keys.access.as_ref()).map(|access| (access, page, false));
        let above = chain.above.iter().filter_map(|(section, matter)| {
            let index = self.tree.index_of(*section)?;
            let cascade = matter.cascade.access.as_ref().map(|access| (access, index, true));
            cascade.or_else(|| matter.gates.access.as_ref().map(|access| (access, index, false)))
        });
        let mut found = Vec::new();
        for (access, page, cascade) in own.into_iter().chain(above) {
            found.extend(self.written(page, access, cascade));
            if access.value.iter().all(|tag| !tag.value.plus) {
                return (found, false);
            }
        }
        (found, true)
    }

    /// A date to come that counts as a release.
    fn dated(&self, page: usize, chain: &Chain<'a>) -> Option<(crate::time::Date, Written)> {
        let date = self.date(page).filter(|date| date.first > self.clock)?;
        if chain.own.is_some_and(|keys| keys.release.is_some()) {
            return None;
        }
        let written = self.pages.get(page)?.date.as_ref().and_then(|date| self.written(page, date, false));
        let named = self.files.get(page).map(|file| Written { file: file.clone(), span: 0..0, cascade: false });
        written.or(named).map(|at| (date, at))
    }

    fn nearest<T: 'a>(
        &self,
        page: usize,
        chain: &Chain<'a>,
        key: impl Fn(&'a GateKeys) -> Option<&'a Spanned<T>>,
    ) -> Option<(&'a T, Written)> {
        if let Some(own) = chain.own.and_then(&key) {
            return Some((&own.value, self.written(page, own, false)?));
        }
        chain.above.iter().find_map(|(section, matter)| {
            let cascade = key(&matter.cascade);
            let found = cascade.or_else(|| key(&matter.gates))?;
            let index = self.tree.index_of(*section)?;
            Some((&found.value, self.written(index, found, cascade.is_some())?))
        })
    }

    fn written<T>(&self, page: usize, key: &Spanned<T>, cascade: bool) -> Option<Written> {
        Some(Written { file: self.files.get(page)?.clone(), span: key.span.clone(), cascade })
    }
}
