//! Second names: what a symbolic link in `content/` publishes once more, under the rules of another place.
//!
//! A link may show what lies outside of `content/` as often as somebody likes: each place says who it is for. But what has
//! a place of its own in `content/` is for whom that place says; a link to it opens it to no one else.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::rule::Rule;
use crate::diagnostic::{Diagnostic, Location};
use crate::load::assets::Verdict;
use crate::load::texts::{Around, Text};

/// Where something lies that was found by a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Original {
    /// Its own path below the site's root.
    pub path: Arc<str>,
    /// The path of the link.
    pub link: Arc<str>,
}

/// What a link shows that it should not.
#[derive(Clone, Copy)]
enum Fault {
    /// What its own place shows to fewer readers.
    Opens,
    /// What its own place shows to nobody: a copy that an editor left, a kind of Markdown that is not read.
    Unread,
}

/// What lies somewhere in `content/`.
#[derive(Clone, Copy)]
enum Place {
    Page(usize),
    File(usize),
}

/// The errors of all links that show something to more readers than its own place does, each link once.
pub(super) fn check(around: &Around<'_>, texts: &[Arc<Text>], verdicts: &[Verdict]) -> Vec<Diagnostic> {
    let mut found: BTreeMap<&str, (&Original, &str, Fault, usize)> = BTreeMap::new();
    let sources = around.sources;
    let pages = around.raw.iter().enumerate().map(|(at, raw)| (raw.source.path.as_ref(), Place::Page(at)));
    let files = sources.files.iter().enumerate().map(|(at, file)| (file.path.as_ref(), Place::File(at)));
    let places: BTreeMap<&str, Place> = pages.chain(files).collect();
    let site = Rules { around, texts, verdicts };
    for (path, original) in &sources.originals {
        let Some(here) = places.get(path.as_ref()) else { continue };
        if let Some(fault) = site.fault(*here, places.get(original.path.as_ref()).copied()) {
            found.entry(original.link.as_ref()).or_insert((original, path, fault, 0)).3 += 1;
        }
    }
    found.into_iter().map(said).collect()
}

fn said((link, (original, path, fault, count)): (&str, (&Original, &str, Fault, usize))) -> Diagnostic {
    let what = match count {
        1 => format!("`{}`", original.path),
        2 => format!("`{}` and another one", original.path),
        _ => format!("`{}` and {} others", original.path, count - 1),
    };
    let here = if link == path { "here".to_owned() } else { format!("as `{path}`") };
    let message = match fault {
        Fault::Opens => format!("this link shows {what} to readers for whom it is not: {here} other rules hold"),
        Fault::Unread => format!("this link shows {what}, and where that lies it is shown to nobody"),
    };
    Diagnostic::error(message).at(Location::file(&original.link)).help(
        "give this place the same `access`, or put a copy here; what lies outside of `content/` can be linked from many \
         places, each with rules of its own",
    )
}

/// What was decided about all places.
struct Rules<'a> {
    around: &'a Around<'a>,
    texts: &'a [Arc<Text>],
    verdicts: &'a [Verdict],
}

impl Rules<'_> {
    /// What is wrong with a link from one place to another; `own` is none where what it leads to has no place.
    fn fault(&self, here: Place, own: Option<Place>) -> Option<Fault> {
        let Self { around, texts, verdicts } = *self;
        let verdict = |file: usize| verdicts.get(file);
        let opens = match (here, own) {
            (_, None) => return self.is_shown(here).then_some(Fault::Unread),
            (Place::Page(page), Some(Place::Page(own))) => page_opens(around, texts, (page, own)),
            (Place::File(file), Some(Place::File(own))) => verdict(file).zip(verdict(own)).is_some_and(file_opens),
            (Place::File(file), Some(Place::Page(own))) => {
                verdict(file).is_some_and(|file| self.source_opens(file, own))
            }
            (Place::Page(page), Some(Place::File(own))) => verdict(own).is_some_and(|own| self.text_opens(page, own)),
        };
        opens.then_some(Fault::Opens)
    }

    fn is_shown(&self, place: Place) -> bool {
        match place {
            Place::Page(page) => self.around.is_published(page),
            Place::File(file) => self.verdicts.get(file).is_none_or(|verdict| !verdict.rule.is_nobody()),
        }
    }

    /// Whether a file shows the source of a page to those who may not read all of the page: no gate holds in it.
    fn source_opens(&self, here: &Verdict, own: usize) -> bool {
        let Some(there) = self.around.decided.get(own) else { return true };
        if here.rule.is_nobody() || there.doubtful {
            return false;
        }
        let blocks = self.texts.get(own).map(|text| text.blocks.iter().map(|block| &block.rule));
        let mut rules = [&there.rule, &there.known].into_iter().chain(blocks.into_iter().flatten());
        !self.around.is_published(own) || rules.any(|rule| !here.rule.implies(rule)) || (there.hidden && !here.hidden)
    }

    /// Whether a page has a file for its text that not all may have who see something of the page.
    fn text_opens(&self, page: usize, own: &Verdict) -> bool {
        let Some(here) = self.around.decided.get(page) else { return true };
        if !self.around.is_published(page) || here.doubtful {
            return false;
        }
        // What its front matter says stands in lists, and what is above its divider in the teaser.
        let [head, divided] = [
            self.around.raw.get(page).is_none_or(|raw| !raw.head.trim().is_empty()),
            self.texts.get(page).is_none_or(|text| text.divider),
        ];
        let mut seen = here.rule.clone();
        for (is_seen, rule) in [(head, &here.known), (divided, &here.teaser)] {
            seen = if is_seen { seen.or(rule) } else { seen };
        }
        !seen.implies(&own.rule) || (own.hidden && !here.hidden)
    }
}

/// Whether a page shows something to more readers than the page does that is the same file.
fn page_opens(around: &Around<'_>, texts: &[Arc<Text>], (page, own): (usize, usize)) -> bool {
    let (Some(here), Some(there)) = (around.decided.get(page), around.decided.get(own)) else { return false };
    if !around.is_published(page) || here.doubtful || there.doubtful {
        return false;
    }
    if !around.is_published(own) {
        return !here.known.is_nobody();
    }
    let teaser = |of: usize, decided: &crate::load::inherit::Decided| {
        let divided = texts.get(of).is_some_and(|text| text.divider);
        if divided { decided.rule.or(&decided.teaser) } else { decided.rule.clone() }
    };
    let blocks =
        |of: usize| texts.get(of).map(|text| text.blocks.iter().map(|block| &block.rule)).into_iter().flatten();
    let opens = |here: &Rule, there: &Rule| !here.implies(there);
    opens(&here.rule, &there.rule)
        || opens(&here.known, &there.known)
        || opens(&teaser(page, here), &teaser(own, there))
        || blocks(page).zip(blocks(own)).any(|(here, there)| opens(here, there))
}

fn file_opens((here, there): (&Verdict, &Verdict)) -> bool {
    !here.rule.implies(&there.rule) || (there.hidden && !here.hidden && !here.rule.is_nobody())
}
