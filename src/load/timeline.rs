//! A timeline file: what happens to one member, day by day, in a form that sellers can read.
//!
//! What is sold stands in it as it does in `site.yaml`, and is read by the same code. Every fault is shown at once.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

mod events;
mod expected;

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::config::{self, Section, words};
use super::document::{Fault, Map, Node, Value};
use super::reading::{Faults, text, wrong};
use super::{dates, yaml};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Origin, Source, Spanned};
use crate::members::timeline::Timeline;
use crate::time::{Date, Timestamp};

/// Reads a timeline from a file. All faults are added to `diagnostics`; `None` where there was an error.
#[must_use]
pub fn load(path: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<Timeline> {
    let file: Arc<str> = path.display().to_string().into();
    match super::sources::read_text(path, &file) {
        Ok(text) => {
            let folder = path.parent().unwrap_or(Path::new("."));
            parse(Source { file: &file, text: &text }, folder, diagnostics)
        }
        Err(diagnostic) => {
            diagnostics.push(Diagnostic { origin: Origin::Setup, ..*diagnostic });
            None
        }
    }
}

const KEYS: [&str; 10] =
    ["title", "site", "timezone", "access", "products", "edits", "events", "expect", "told", "opened"];

/// Reads the text of a timeline; the path of a `site:` begins in `folder`. All faults are added to `diagnostics`; `None`
/// where there was an error.
#[must_use]
pub fn parse(source: Source<'_>, folder: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<Timeline> {
    let mut faults = Faults::new(source, Origin::Setup);
    let mut elsewhere = Vec::new();
    let timeline = root(source.text)
        .map_err(|fault| faults.error(fault))
        .ok()
        .and_then(|map| read(&map, (source, folder), &mut faults, &mut elsewhere));
    let failed = faults.any_error();
    let mut found = faults.into_diagnostics();
    found.extend(elsewhere);
    crate::diagnostic::sort(&mut found);
    let failed = failed || crate::diagnostic::any_error(&found);
    diagnostics.extend(found);
    timeline.filter(|_| !failed)
}

fn root(text: &str) -> Result<Map, Fault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let node = yaml::read(text, start..text.len())?;
    match node.value {
        Value::Map(map) => Ok(map),
        other => Err(Fault::new(format!("this is {}, not keys with values", other.kind()), node.span)
            .help("a timeline has `access`, `products`, `events` and `expect`")),
    }
}

fn read(
    map: &Map,
    (source, folder): (Source<'_>, &Path),
    faults: &mut Faults<'_>,
    elsewhere: &mut Vec<Diagnostic>,
) -> Option<Timeline> {
    let section = Section { map, path: "" };
    section.only(&[&KEYS[..], &["until"]].concat(), faults);
    let first = match section.read("site", faults, |key, node, _| text(key, node).map(str::to_owned)) {
        Some(site) => {
            for (key, _) in map.entries.iter().filter(|(key, _)| SITE_KEYS.contains(&key.value.as_str())) {
                let message = format!("`{}` stands in the site that `site` names", key.value);
                faults.error(Fault::new(message, key.span.clone()).help("take one of the two out"));
            }
            config::load(&folder.join(site), elsewhere)
        }
        None => site(map, map, source, elsewhere),
    };
    let zone = first.as_ref().map_or(TimeZone::UTC, |site| site.zone.clone());
    let mut sites: Vec<(Timestamp, Config)> = first.map(|site| (Timestamp::MIN, site)).into_iter().collect();
    for (date, _, node) in dated(&section, "edits", &zone, faults) {
        let Value::Map(edited) = &node.value else {
            faults.error(
                wrong("edits", &node.value, "a map", node).help("write `access` and `products` as they are then"),
            );
            continue;
        };
        Section { map: edited, path: "edits." }.only(&["access", "products"], faults);
        sites.extend(site(edited, map, source, elsewhere).map(|site| (date.first, site)));
    }
    sites.sort_by_key(|(from, _)| *from);
    if sites.is_empty() || crate::diagnostic::any_error(elsewhere) {
        return None;
    }
    let title = section.read("title", faults, words).unwrap_or_default();
    let until = section.read("until", faults, |_, node, written| instant(written, node, &zone));
    let mut story = events::Story::new(&sites, &zone);
    for (date, _, node) in dated(&section, "events", &zone, faults) {
        story.read(date, node, faults);
    }
    if story.events.is_empty() && !faults.any_error() {
        let place = map.entry("events").map_or(0..0, |(key, _)| key.span.clone());
        faults.error(Fault::new("nothing happens", place).help("write `events: {2027-01-01: {buys: PRODUCT}}`"));
    }
    let mut expected = expected::Reading { sites: &sites, zone: &zone, source, names: &story.names, found: Vec::new() };
    expected.read(&section, faults);
    let expected = expected.found;
    let last = story.events.iter().map(|event| event.at).chain(expected.iter().map(expected::last));
    let last = last.chain(sites.iter().map(|(from, _)| *from)).max().unwrap_or(Timestamp::MIN);
    Some(Timeline { title, until: until.unwrap_or(last), events: story.events, expected, sites })
}

const SITE_KEYS: [&str; 3] = ["timezone", "access", "products"];

/// What is sold, as `site.yaml` would say it. What a timeline need not say is filled in; warnings are for the site.
fn site(map: &Map, top: &Map, source: Source<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Config> {
    let node = |text: &str| Node { value: Value::Text(text.to_owned()), span: 0..0 };
    let key = |key: &str| Spanned::new(key.to_owned(), 0..0);
    let mut entries = vec![(key("base_url"), node("https://timeline.example"))];
    entries.extend(top.entry("timezone").cloned());
    for (name, value) in ["access", "products"].iter().filter_map(|key| map.entry(key)) {
        let mut value = value.clone();
        if let Value::Map(access) = &mut value.value
            && name.value == "access"
            && access.get("default").is_none()
        {
            access.entries.push((key("default"), node("public")));
        }
        entries.push((name.clone(), value));
    }
    let mut faults = Faults::new(source, Origin::Setup);
    let site = config::decide(&Map { entries }, source, &mut faults);
    let site = site.filter(|_| !faults.any_error());
    diagnostics.extend(faults.into_diagnostics().into_iter().filter(Diagnostic::is_error));
    site
}

/// The entries of a map whose keys are dates.
fn dated<'m>(
    section: &Section<'m>,
    key: &str,
    zone: &TimeZone,
    faults: &mut Faults<'_>,
) -> Vec<(Date, &'m Spanned<String>, &'m Node)> {
    let Some(node) = section.map.get(key) else { return Vec::new() };
    let Value::Map(map) = &node.value else {
        faults.error(wrong(key, &node.value, "a map", node).help("write a date before each: `2027-01-01: …`"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (written, node) in &map.entries {
        match dates::parse(&written.value, zone) {
            Some(date) => found.push((date, written, node)),
            None => faults.error(no_date(&written.value, written.span.clone())),
        }
    }
    found
}

fn no_date(text: &str, span: std::ops::Range<usize>) -> Fault {
    Fault::new(format!("`{text}` is no date"), span).help("write 2027-01-01, or 2027-01-01T09:00")
}

/// An instant: the first one of a bare day.
fn instant(written: &str, node: &Node, zone: &TimeZone) -> Result<Timestamp, Fault> {
    let written = written.trim_matches(['"', '\'']);
    dates::parse(written, zone).map(|date| date.first).ok_or_else(|| no_date(written, node.span.clone()))
}

/// The last instant of a day, or the instant itself.
fn end(date: Date) -> Timestamp {
    if date.bare { Timestamp::saturating(date.end.seconds() - 1) } else { date.first }
}
