//! Gated blocks under their rules: each narrows the one around it, the outermost the page.

use std::ops::Range;

use super::{Around, RuledBlock};
use crate::access::tags::{self, Drip, Tag};
use crate::diagnostic::{Diagnostic, Source};
use crate::load::markdown::RawBlock;
use crate::load::{dates, inherit};
use crate::time::Length;

/// Puts the blocks of a page under their rules.
pub(super) fn blocks(
    around: &Around<'_>,
    source: Source<'_>,
    (page, raw): (usize, &[RawBlock]),
    faults: &mut Vec<Diagnostic>,
) -> Vec<RuledBlock> {
    let mut ruled: Vec<RuledBlock> = Vec::new();
    let (Some(decided), Some(matter)) = (around.decided.get(page), around.raw.get(page)) else { return ruled };
    let config = around.config;
    for block in raw {
        let parent = block.parent.and_then(|parent| ruled.get(parent));
        let outer = parent.map_or(&decided.rule, |parent| &parent.rule);
        let tags = block_tags(around, source, block.tags.clone(), faults);
        let drip = block.drip.clone().map_or(Drip::None, |drip| block_drip(source, drip, faults));
        let tags = tags::resolve_plus(&tags, &decided.tags);
        let mut fault = |message: &str, help: &str| {
            faults.push(Diagnostic::error(message).at(source.locate(block.tags.clone())).help(help));
        };
        if tags.iter().any(|tag| tag.since_joining) && matter.date.is_none() && !decided.doubtful {
            fault("`since joining` needs the page's date", "write `date:` in its front matter");
        }
        if drip != Drip::None && !tags.is_empty() && tags.iter().all(Tag::is_public) && !decided.doubtful {
            fault("a block that anyone may open cannot drip", "say who it is for, or remove `drip`");
        }
        let own = tags::rule(&tags, &drip, decided.next_date, &config.catalogue);
        let own = inherit::kept_unlocked(&own, decided.published, &config.catalogue);
        let rule = outer.and(&own).settled(around.clock, config.catalogue.cancellation());
        let secret = block.hidden || parent.is_some_and(|parent| parent.secret);
        let (hidden, parent, range) = (block.hidden, block.parent, block.range.clone());
        let span = block.tags.clone();
        ruled.push(RuledBlock { rule, hidden, secret, tags, span, drip, parent, range });
    }
    ruled
}

fn block_tags(around: &Around<'_>, source: Source<'_>, range: Range<usize>, faults: &mut Vec<Diagnostic>) -> Vec<Tag> {
    let text = source.text.get(range.clone()).unwrap_or_default();
    let dates = |text: &str| dates::parse(text, &around.config.zone);
    let mut tags = Vec::new();
    let mut spans = Vec::new();
    if text.starts_with('[') {
        let plain = text.trim_matches(['[', ']']);
        let fault = Diagnostic::error("tags in a marker stand without brackets").at(source.locate(range));
        faults.push(fault.help(format!("write `<!-- access: {plain} -->`")));
        return tags;
    }
    let place = |part: Range<usize>| source.locate(range.start + part.start..range.start + part.end);
    for (at, written) in tags::split_list(text) {
        match Tag::parse(written, &around.config.catalogue, &dates) {
            Ok(parsed) => {
                for (former, now) in parsed.former {
                    let shown = written.get(former.clone()).unwrap_or_default();
                    let warning = Diagnostic::warning(format!("`{shown}` is a former id of `{now}`"));
                    let former = at.start + former.start..at.start + former.end;
                    faults.push(warning.at(place(former)).help(format!("write `{now}`")));
                }
                spans.push(at);
                tags.push(parsed.tag);
            }
            Err(fault) => {
                let found = place(at.start + fault.range.start..at.start + fault.range.end);
                let error = Diagnostic::error(fault.message).at(found);
                faults.push(Diagnostic { help: fault.help, ..error });
            }
        }
    }
    if let Some((index, message, help)) = tags::bare_public_beside(&tags) {
        let span = spans.get(index).cloned().unwrap_or(0..text.len());
        faults.push(Diagnostic::error(message).at(place(span)).help(help));
    }
    tags
}

fn block_drip(source: Source<'_>, range: Range<usize>, faults: &mut Vec<Diagnostic>) -> Drip {
    let written = source.text.get(range.clone()).unwrap_or_default();
    let (message, help) = match written.parse::<Length>() {
        Ok(Length::ZERO) => (format!("`{written}` is no time at all"), "take `drip` out"),
        Ok(length) => return Drip::All(length),
        Err(_) if written.is_empty() => ("`drip` is empty".to_owned(), "write it like `drip: 7d`"),
        Err(_) if written.starts_with("every") => {
            let help = "write a length such as `7d`; a block stands alone, so there is nothing to count";
            ("`drip: every` counts the pages of a section".to_owned(), help)
        }
        Err(_) if written.starts_with('{') => {
            ("the drip of a block counts for all who open it".to_owned(), "write a length such as `7d`")
        }
        Err(error) => (format!("`{written}` is not a length: {error}"), "write it like `12h`, `7d` or `2w`"),
    };
    // Where nothing is written there is still a place to point at: the blank after the colon.
    let place = if range.is_empty() { range.start.saturating_sub(1)..range.start } else { range };
    faults.push(Diagnostic::error(message).at(source.locate(place)).help(help));
    Drip::None
}
