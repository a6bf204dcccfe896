//! A difference for a pull request: a table that is short, details that are folded.

use std::collections::BTreeMap;

use super::{Alarm, Diff, Opening, lines};

/// GitHub cuts comments off at 65,536 characters.
const MOST_LINES: usize = 400;

pub(super) fn markdown(diff: &Diff) -> String {
    let mut counts: BTreeMap<Alarm, usize> = BTreeMap::new();
    let mut perhaps = 0_usize;
    for change in &diff.changes {
        for alarm in change.alarms() {
            if alarm == Alarm::Open && change.opening() == Opening::Perhaps {
                perhaps += 1;
            } else {
                *counts.entry(alarm).or_default() += 1;
            }
        }
    }
    let moved = diff.changes.iter().filter(|change| change.was.is_some()).count();
    let changed = diff.changes.iter().filter(|change| change.content && change.is_content_alone()).count();
    let mut text = "### What this opens and closes\n\n".to_owned();
    let rows = [
        ("settings that let people in", Some(diff.settings.len()).filter(|settings| *settings > 0)),
        ("opened", counts.get(&Alarm::Open).copied()),
        ("a part may have opened", Some(perhaps).filter(|perhaps| *perhaps > 0)),
        ("closed", counts.get(&Alarm::Closed).copied()),
        ("locked again by a drip", counts.get(&Alarm::Relocked).copied()),
        ("revealed", counts.get(&Alarm::Revealed).copied()),
        ("vanished without a redirect", counts.get(&Alarm::Vanished).copied()),
        ("moved", Some(moved).filter(|moved| *moved > 0)),
        ("appeared", counts.get(&Alarm::Appeared).copied()),
        ("changed in content alone", Some(changed).filter(|changed| *changed > 0)),
    ];
    if diff.is_empty() {
        text.push_str("Nothing: every path opens to the same readers as before.\n");
        return text;
    }
    text.push_str("| what | paths |\n| --- | ---: |\n");
    for (what, count) in rows {
        text.extend(count.map(|count| format!("| {what} | {count} |\n")));
    }
    let lines = lines::lines(diff, false);
    text.push_str("\n<details><summary>Each change</summary>\n\n");
    for line in lines.iter().take(MOST_LINES) {
        text.push_str(&format!("- {}\n", escaped(line)));
    }
    if lines.len() > MOST_LINES {
        text.push_str(&format!("- and {} more lines\n", lines.len() - MOST_LINES));
    }
    text.push_str("\n</details>\n");
    text
}

/// Text in which nothing is Markdown.
fn escaped(line: &str) -> String {
    let mut text = String::new();
    for c in line.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '&' => text.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}
