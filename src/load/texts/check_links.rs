//! Where links lead: anchors that are there, pages that are published and that may be known of where the link is.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Around, Text};
use crate::access::rule::Rule;
use crate::access::tags::Tag;
use crate::config::Links;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::lint::Lint;
use crate::load::links::Target;
use crate::load::markdown::Use;
use crate::load::{assets, inherit, pages};
use crate::site::Place;

/// What a fragment could name, and where that comes from.
fn anchors_there(anchors: &BTreeSet<String>) -> String {
    const MOST_NAMED: usize = 5;
    let named: Vec<String> = anchors.iter().take(MOST_NAMED).map(|anchor| format!("`#{anchor}`")).collect();
    let made = "anchors are made from headings, or written as `## Heading {#anchor}`";
    let more = if anchors.len() > MOST_NAMED { ", …" } else { "" };
    if named.is_empty() { made.to_owned() } else { format!("there are {}{more}; {made}", named.join(", ")) }
}

/// Checks where links lead: anchors that are there, pages that are published and that may be known of where the link is.
pub fn check_links(
    around: &Around<'_>,
    texts: &[Arc<Text>],
    verdicts: &[assets::Verdict],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let sections = inherit::known_sections(around.tree, around.decided, around.published);
    let check = |page: usize| LinkCheck { around, texts, verdicts, sections: &sections, page }.faults();
    let found: Vec<Vec<Diagnostic>> = (0..texts.len()).into_par_iter().map(check).collect();
    diagnostics.extend(found.into_iter().flatten());
}

/// The same for the links of one page.
#[must_use]
pub fn check_links_of(
    around: &Around<'_>,
    texts: &[Arc<Text>],
    verdicts: &[assets::Verdict],
    page: usize,
) -> Vec<Diagnostic> {
    let sections = inherit::known_sections(around.tree, around.decided, around.published);
    LinkCheck { around, texts, verdicts, sections: &sections, page }.faults()
}

struct LinkCheck<'a> {
    around: &'a Around<'a>,
    texts: &'a [Arc<Text>],
    verdicts: &'a [assets::Verdict],
    sections: &'a [Rule],
    page: usize,
}

impl LinkCheck<'_> {
    fn faults(&self) -> Vec<Diagnostic> {
        let text = self.texts.get(self.page).filter(|_| self.around.is_published(self.page));
        text.into_iter().flat_map(|text| &text.uses).filter_map(|used| self.fault(used)).collect()
    }

    fn fault(&self, used: &Use<Target>) -> Option<Diagnostic> {
        match used.target {
            Target::Page(target) => self.page_fault(used, target),
            Target::File(target) => {
                let verdict = self.verdicts.get(target)?;
                let place = self.place_rule(used.place)?;
                let file = self.around.sources.files.get(target)?;
                // A place whose time is over leads nobody astray, and time alone must not fail a build.
                if verdict.rule.is_nobody() && !place.is_nobody() && !self.is_doubtful() {
                    let message = format!("`{}` is not published", file.path);
                    Some(
                        self.at(used, Diagnostic::error(message))
                            .help("only drafts show it; publish one of them, or say who it is for with `files:`"),
                    )
                } else if verdict.hidden && !self.is_doubtful() && !place.implies(&verdict.rule) {
                    let message = format!("this place reveals `{}`, which is hidden from some who read it", file.path);
                    Some(
                        self.at(used, Self::revealing(message))
                            .help("move it into a gated block, or do not hide the file"),
                    )
                } else {
                    None
                }
            }
            Target::Section(target) => {
                let known = self.sections.get(target)?;
                let place = self.place_rule(used.place)?;
                let source = self.around.section_source(target);
                if known.is_nobody() {
                    let message = format!("the link leads to `{source}`, which is not published");
                    let help = "nothing in it is published; remove the link or publish a page there";
                    return Some(self.at(used, self.by_setting(message)).help(help));
                }
                let message = format!("the link reveals `{source}`, of which some who read this place do not know");
                let help = "move the link into a gated block for those who may know of something in it";
                (!place.implies(known)).then(|| self.at(used, Self::revealing(message)).help(help))
            }
            Target::Static(_) | Target::Generated => None,
        }
    }

    fn page_fault(&self, used: &Use<Target>, target: usize) -> Option<Diagnostic> {
        let (raw, decided) = (self.around.raw.get(target)?, self.around.decided.get(target)?);
        if raw.front_matter.faulty {
            return None;
        }
        if !self.around.is_published(target) {
            if decided.doubtful || self.place_rule(used.place)?.is_nobody() {
                return None;
            }
            let message = format!("the link leads to `{}`, which is not published", raw.source.path);
            let help = if decided.draft {
                "it is a draft: remove the link, or take `draft` out there"
            } else {
                "it is gone, or released too far ahead; remove the link or publish the page"
            };
            return Some(self.at(used, self.by_setting(message)).help(help));
        }
        let place = self.place_rule(used.place)?;
        let sure = !decided.doubtful && !self.is_doubtful();
        if sure && target != self.page && !place.implies(&decided.known) {
            let waits = decided.release.is_some_and(|release| release.first > self.around.clock) && !decided.announce;
            let source = &raw.source.path;
            if !decided.hidden && !waits {
                let message =
                    format!("the link leads to `{source}`, which will be gone while this place is still read");
                let help = "end this page too, with the same `until`; or move the link into a gated block that ends: \
                    `<!-- access: public until 2026-12-31 -->`";
                return Some(self.at(used, Self::revealing(message)).help(help));
            }
            let why = if decided.hidden { "is hidden from" } else { "is not released yet for" };
            let message = format!("the link reveals `{source}`, which {why} some who read this place");
            let help = if decided.hidden {
                let tags: Vec<String> = decided.tags.iter().map(Tag::words).collect();
                let tags = tags.join(", ");
                format!("put the link into a gated block, `<!-- access: {tags} -->`, or take `hidden` out of that page")
            } else {
                "move the link into a gated block for those who may know of the page, or announce the page".to_owned()
            };
            return Some(self.at(used, Self::revealing(message)).help(help));
        }
        let fragment = used.fragment.as_deref()?;
        let anchors = &self.texts.get(target)?.anchors;
        if anchors.contains(fragment) || fragment == "top" || fragment.starts_with(":~:") {
            return None;
        }
        let message = format!("`{}` has no anchor `#{fragment}`", raw.source.path);
        let near = crate::diagnostic::nearest(fragment, anchors.iter().map(String::as_str));
        let help = near.map_or_else(|| anchors_there(anchors), |near| format!("did you mean `#{near}`?"));
        Some(self.at(used, self.by_setting(message)).help(help))
    }

    /// Whether anything in the site has faults that could make this page another one than it is meant to be.
    fn is_doubtful(&self) -> bool {
        self.around.decided.get(self.page).is_some_and(|page| page.doubtful)
    }

    fn by_setting(&self, message: String) -> Diagnostic {
        let warns = self.around.config.links == Links::Warn;
        let fault = if warns { Diagnostic::warning(message) } else { Diagnostic::error(message) };
        fault.named(Lint::BrokenLink)
    }

    /// A link that tells of something to those who may not know of it.
    fn revealing(message: String) -> Diagnostic {
        Diagnostic::error(message).named(Lint::RevealingLink)
    }

    fn at(&self, used: &Use<Target>, fault: Diagnostic) -> Diagnostic {
        fault.at(pages::locate(self.around.raw, self.page, used.range.clone()))
    }

    /// Who reads the place a link stands in.
    fn place_rule(&self, place: Place) -> Option<Rule> {
        self.texts.get(self.page)?.rule_of(self.around, (self.page, place))
    }
}
