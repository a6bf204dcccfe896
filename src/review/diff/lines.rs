//! A difference for people: one change a line, many alike in one.

use std::collections::BTreeMap;

use super::{Brought, Change, Diff, Parts, Way, What};

/// So many paths are named where many changed alike.
const MOST_NAMED: usize = 5;

/// The kinds of lines in the order in which they are said.
const KINDS: [&str; 12] = [
    "opened",
    "opened a part of",
    "a part may have opened in",
    "closed",
    "closed a part of",
    "locked again",
    "revealed",
    "hidden",
    "moved",
    "vanished",
    "appeared",
    "changed",
];

pub(super) fn lines(diff: &Diff, all: bool) -> Vec<String> {
    let mut groups: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    for (kind, path, rest) in diff.changes.iter().flat_map(said) {
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
        groups.entry((place, rest)).or_default().push(path);
    }
    let mut lines: Vec<String> = diff.settings.iter().map(|setting| setting.words.clone()).collect();
    for ((place, rest), paths) in groups {
        let kind = KINDS.get(place).copied().unwrap_or_default();
        if all || paths.len() <= MOST_NAMED {
            lines.extend(paths.iter().map(|path| format!("{kind} {path}{rest}")));
        } else {
            let named = paths.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
            lines.push(format!("{kind} {} paths{rest}: {named} and {} more", paths.len(), paths.len() - MOST_NAMED));
        }
    }
    lines
}

/// What there is to say of a change: its kind, the path, and the rest of the line.
pub(super) fn said(change: &Change) -> Vec<(&'static str, String, String)> {
    let Change { path, what, was, redirect, led_to, access, parts, brought, content } = change;
    let path = || path.clone();
    let from = |Brought { was, readers, opened }: &Brought| {
        ("opened a part of", path(), format!(" to {}: it was in {was}, for {readers}", list(opened)))
    };
    let mut found: Vec<_> = brought.iter().map(from).collect();
    match (what, was, led_to) {
        (What::Appeared, ..) => {
            found.push(("appeared", path(), open_to(", open to", &access.opened)));
            if let Some(parts) = parts {
                let ways = list(&parts.opened);
                found.push(("opened", path(), format!(" to {ways}, who were not given the same bytes elsewhere")));
            }
            return found;
        }
        (What::Vanished, _, Some(led_to)) => {
            return vec![("vanished", path(), format!(", a former address of {led_to}"))];
        }
        (What::Vanished, ..) => {
            return vec![("vanished", path(), open_to(" without a redirect; it was open to", &access.closed))];
        }
        (What::Moved, Some(was), _) => {
            let lost = if *redirect { "" } else { " without a redirect" };
            found.push(("moved", was.clone(), format!(" to {}{lost}", change.path)));
        }
        (What::Kept | What::Moved, ..) => {}
    }
    let dates = access
        .windows
        .as_ref()
        .map(|windows| format!(" ({}, it was {})", windows.after.join(" and "), windows.before.join(" and ")));
    let dates = dates.unwrap_or_default();
    let mut say = |kind, ways: &[Way], joint: &str, dates: &str| {
        if !ways.is_empty() {
            found.push((kind, path(), format!(" {joint} {}{dates}", list(ways))));
        }
    };
    say("opened", &access.opened, "to", &dates);
    say("closed", &access.closed, "to", &dates);
    say("locked again", &access.relocked, "for", "");
    if access.windows.is_none() {
        say("revealed", &access.revealed, "to", "");
        say("hidden", &access.concealed, "from", "");
    }
    if let Some(parts) = parts {
        let Parts { opened, closed, before, after } = parts;
        say("opened a part of", opened, "to", "");
        say("closed a part of", closed, "to", "");
        if before != after {
            let kind = if parts.may_open() { "a part may have opened in" } else { "closed a part of" };
            found.push((kind, path(), gates(before, after)));
        }
    }
    if *content && found.is_empty() {
        found.push(("changed", path(), String::new()));
    }
    found
}

/// Gates that a page lost, and got.
fn gates(before: &[String], after: &[String]) -> String {
    let words = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join("; ") };
    format!(", whose text changed too: parts for {}, before for {}", words(after), words(before))
}

fn open_to(words: &str, ways: &[Way]) -> String {
    format!("{words} {}", if ways.is_empty() { "nobody".to_owned() } else { list(ways) })
}

/// `visitors, members of free`
pub(super) fn list(ways: &[Way]) -> String {
    ways.iter().map(|way| way.words.as_str()).collect::<Vec<_>>().join(", ")
}
