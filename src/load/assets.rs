//! Who may have a file that lies beside pages (what shows it decides).
//!
//! A file is for those who read a place that embeds it; a link gives it to no more readers than the folder would; what
//! nothing shows is kept closed. A link never opens a file.

use std::ops::Range;

use crate::access::rule::Rule;
use crate::load::html::Usage;
use crate::site::written::{FileRule, Written};

/// One place that shows a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Showing {
    /// The file, by its number among the files as they were found.
    pub file: usize,
    /// How it is shown; nothing where its name merely occurs in the text.
    pub usage: Option<Usage>,
    /// Who reads the place.
    pub rule: Rule,
    /// Whether the place is hidden from the others.
    pub hidden: bool,
    /// Whether the page is published.
    pub published: bool,
    /// The page, by its number among the pages as they were read.
    pub page: usize,
    /// Where it stands in the page's file; nothing where front matter names the file.
    pub range: Option<Range<usize>>,
}

/// A place that shows a file, and what a page would inherit that lay beside the file and came when the place's page comes.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The place.
    pub showing: &'a Showing,
    /// What such a page would inherit: of a row of pages that drip one after the other, what the place's page does.
    pub inherited: Rule,
}

/// What the folder of a file says about it.
#[derive(Clone, Debug)]
pub struct Folder<'a> {
    /// What a page lying there would inherit.
    pub inherited: Rule,
    /// Whether such a page would be hidden.
    pub hidden: bool,
    /// Published pages that lie there: rule, hidden.
    pub pages: &'a [(Rule, bool)],
    /// Whether it is the drafts' alone: pages lie there and none of them is published, or a draft says whose the file is.
    pub only_drafts: bool,
}

/// Who may have a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Nobody's where it is not published.
    pub rule: Rule,
    /// Whether its existence is not revealed.
    pub hidden: bool,
    /// What made the rule.
    pub why: FileRule,
}

impl Verdict {
    /// Whether nothing shows it, which deserves a warning.
    #[must_use]
    pub fn is_unshown(&self) -> bool {
        self.why == FileRule::Unshown
    }
}

/// Decides about a file from all places that show it; `written` is what `files:` keys say of it.
#[must_use]
pub fn decide(places: &[Place<'_>], folder: &Folder<'_>, written: Option<(Rule, Vec<Written>)>) -> Verdict {
    let published: Vec<&Place<'_>> = places.iter().filter(|place| place.showing.published).collect();
    let drafts_alone = published.is_empty() && !places.is_empty();
    if drafts_alone || (places.is_empty() && folder.only_drafts) {
        return Verdict { rule: Rule::nobody(), hidden: true, why: FileRule::Written(Vec::new()) };
    }
    let hidden = !published.is_empty() && published.iter().all(|place| place.showing.hidden);
    if let Some((rule, keys)) = written {
        let hidden = hidden || (published.is_empty() && folder.is_hidden());
        return Verdict { rule, hidden, why: FileRule::Written(keys) };
    }
    if published.is_empty() {
        let rule = folder.pages.iter().fold(folder.inherited.clone(), |rule, (page, _)| rule.and(page));
        return Verdict { rule, hidden: folder.is_hidden(), why: FileRule::Unshown };
    }
    let of = |usage: &[Option<Usage>], rule: &dyn Fn(&Place<'_>) -> Rule| {
        let places = published.iter().filter(|place| usage.contains(&place.showing.usage));
        places.fold(Rule::nobody(), |all, place| all.or(&rule(place)))
    };
    let embedded = of(&[Some(Usage::Embed)], &|place| place.showing.rule.clone());
    // A link never opens a file.
    let within = |place: &Place<'_>| place.showing.rule.and(&place.inherited);
    let linked = of(&[Some(Usage::Link), Some(Usage::Anchor)], &within);
    let is_linked = !of(&[Some(Usage::Link), Some(Usage::Anchor)], &|place| place.showing.rule.clone()).is_nobody();
    let shown = embedded.or(&linked);
    // A bare mention counts only where nothing else does: words in a teaser must not open what a gated link keeps, nor
    // words anywhere what a block showed whose time is over.
    let mentioned = published.iter().all(|place| place.showing.usage.is_none());
    let rule = if mentioned { of(&[None], &within) } else { shown };
    let why = match (mentioned, embedded.is_nobody(), !is_linked) {
        (true, _, _) => FileRule::Named,
        (false, false, true) => FileRule::Embedded,
        (false, true, _) => FileRule::Linked,
        (false, false, false) => FileRule::EmbeddedAndLinked,
    };
    Verdict { rule, hidden, why }
}

impl Folder<'_> {
    fn is_hidden(&self) -> bool {
        self.hidden || self.pages.iter().any(|(_, hidden)| *hidden)
    }
}
