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

/// The errors of all links that show something to more readers than its own place does, each link once.
pub(super) fn check(around: &Around<'_>, texts: &[Arc<Text>], verdicts: &[Verdict]) -> Vec<Diagnostic> {
    let mut found: BTreeMap<&str, (&Original, &str, usize)> = BTreeMap::new();
    let sources = around.sources;
    let pages: BTreeMap<&str, usize> =
        around.raw.iter().enumerate().map(|(at, raw)| (raw.source.path.as_ref(), at)).collect();
    let files: BTreeMap<&str, usize> =
        sources.files.iter().enumerate().map(|(at, file)| (file.path.as_ref(), at)).collect();
    for (path, original) in &sources.originals {
        let number =
            |of: &BTreeMap<&str, usize>| of.get(path.as_ref()).copied().zip(of.get(original.path.as_ref()).copied());
        let opens = match (number(&pages), number(&files)) {
            (Some((page, own)), _) => page_opens(around, texts, (page, own)),
            (None, Some((file, own))) => verdicts.get(file).zip(verdicts.get(own)).is_some_and(file_opens),
            // It has no place of its own: a dot file, or one that is not read.
            (None, None) => false,
        };
        if opens {
            found.entry(original.link.as_ref()).or_insert((original, path, 0)).2 += 1;
        }
    }
    let fault = |(link, (original, path, count)): (&str, (&Original, &str, usize))| {
        let what = match count {
            1 => format!("`{}`", original.path),
            2 => format!("`{}` and another one", original.path),
            _ => format!("`{}` and {} others", original.path, count - 1),
        };
        let here = if link == path { "here".to_owned() } else { format!("as `{path}`") };
        Diagnostic::error(format!("this link shows {what} to readers for whom it is not: {here} other rules hold"))
            .at(Location::file(&original.link))
            .help(
                "give this place the same `access`, or put a copy here; what lies outside of `content/` can be linked from many \
                 places, each with rules of its own",
            )
    };
    found.into_iter().map(fault).collect()
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
