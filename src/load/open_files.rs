//! Files of `static/` that only gated places show: they are open to all, and nobody may have meant that.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::access::rule::Rule;
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Location};
use crate::load::links::Target;
use crate::load::pages;
use crate::load::texts::{Around, Text};

/// The warnings, one for each file.
pub(super) fn check(around: &Around<'_>, texts: &[Arc<Text>]) -> Vec<Diagnostic> {
    // Of each file whether some place shows it that everybody reads; and the first place of all. What stands on which line is
    // asked of the file again, so only for those that are at fault.
    let mut shown: BTreeMap<usize, (bool, (usize, Range<usize>))> = BTreeMap::new();
    for (page, text) in texts.iter().enumerate().filter(|(page, _)| around.is_published(*page)) {
        let mut show = |file: usize, rule: &Rule, range: Range<usize>| {
            // What everybody reads at some time is no secret of somebody's.
            let open = rule.is_nobody() || !rule.public_part().is_nobody();
            shown.entry(file).or_insert((false, (page, range))).0 |= open;
        };
        for used in &text.uses {
            if let Target::Static(file) = used.target
                && let Some(rule) = text.rule_of(around, (page, used.place))
            {
                show(file, &rule, used.range.clone());
            }
        }
        for (file, rule) in text.named_in_front_matter(around, page) {
            show(file, rule, 0..0);
        }
    }
    let fault = |(file, (open, (page, range))): (usize, (bool, (usize, Range<usize>)))| {
        let file = around.sources.static_files.get(file).filter(|_| !open)?;
        let fault = Diagnostic::warning("only gated places show this file, and everybody may have it");
        let place = pages::locate(around.raw, page, range);
        let help = "put it beside the page that shows it, into `content/`: there it is for those who read the page";
        Some(fault.at(Location::file(&file.path)).also(place).help(help).named(Lint::OpenFile))
    };
    shown.into_iter().filter_map(fault).collect()
}
