//! The gate keys in force on a page, each with the place that it comes from.

use super::{At, Explainer, Key, KeyFrom};
use crate::access::tags::Tag;
use crate::site::written::{Keys, Written};
use crate::time::Date;

impl Explainer<'_> {
    /// The gate keys in force on a page.
    pub(super) fn keys(&self, page: &str, keys: &Keys, tags: String) -> Vec<Key> {
        let Keys { access, default, drip, release, dated, until, hidden, announce, draft, teaser } = keys;
        let mut said = Vec::new();
        let mut from: Vec<KeyFrom> = access.iter().map(|written| self.key_from(page, written)).collect();
        if *default {
            let line = (self.texts)("site.yaml").and_then(|text| default_line(&text));
            let at = At { file: "site.yaml".to_owned(), line };
            from.push(KeyFrom { at, by: "default".to_owned() });
        }
        said.push(Key { key: "access".to_owned(), value: tags, from });
        let mut say = |key: &str, value: Option<(String, &Written)>| {
            said.extend(value.map(|(value, written)| {
                let from = vec![self.key_from(page, written)];
                Key { key: key.to_owned(), value, from }
            }));
        };
        let word = |value: bool| if value { "true" } else { "false" }.to_owned();
        let day = |date: &Option<Date>| date.map_or("none".to_owned(), |date| self.words.day(date.first));
        let last = |date: &Option<Date>| {
            date.map_or("none".to_owned(), |date| {
                if date.bare { self.words.last_day(date.end) } else { self.words.day(date.end) }
            })
        };
        let who = |tags: &[Tag]| {
            if tags.is_empty() { "none".to_owned() } else { self.words.tags(tags) }
        };
        say("drip", drip.as_ref().map(|(drip, written)| (self.words.drip(drip), written)));
        say("release", release.as_ref().map(|(date, written)| (day(date), written)));
        say("date", dated.as_ref().map(|(date, written)| (self.words.day(date.first), written)));
        say("until", until.as_ref().map(|(date, written)| (last(date), written)));
        say("hidden", hidden.as_ref().map(|(hidden, written)| (word(*hidden), written)));
        say("announce", announce.as_ref().map(|(announce, written)| (word(*announce), written)));
        say("teaser", teaser.as_ref().map(|(tags, written)| (who(tags), written)));
        say("draft", draft.as_ref().map(|(draft, written)| (word(*draft), written)));
        said
    }

    fn key_from(&self, page: &str, written: &Written) -> KeyFrom {
        let by = if written.cascade {
            "cascade"
        } else if written.span.is_empty() {
            "name"
        } else if written.file.as_ref() == page {
            "own"
        } else {
            "section"
        };
        KeyFrom { at: self.written(written), by: by.to_owned() }
    }
}

/// The line of `access.default` in site.yaml.
fn default_line(text: &str) -> Option<u32> {
    let mut inside = false;
    for (line, number) in text.lines().zip(1..) {
        if !line.starts_with([' ', '\t', '#']) && !line.trim().is_empty() {
            inside = line.starts_with("access:");
        }
        let key = line.trim_start().trim_start_matches("access:").trim_start().trim_start_matches('{').trim_start();
        if inside && key.starts_with("default:") {
            return Some(number);
        }
    }
    None
}
