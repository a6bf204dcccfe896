//! The words of a theme: `strings.yaml`, by language, with the site's own on top.
//!
//! Our own strings lie underneath, so that a theme may have none and still say everything. A string of the site that
//! nothing uses is a warning, for it is a misspelt key; a string whose `{places}` differ from the original is an error,
//! for it would fail on the one page that uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil;
use jiff::tz::TimeZone;
use serde_yaml::Value;

use super::lists::{place_of, yaml_fault};
use super::{Parts, TextFile, embedded};
use crate::config::product::Currency;
use crate::diagnostic::{Diagnostic, nearest};
use crate::render::context::Moment;
use crate::time::{Date, Timestamp};

/// The strings of one language, complete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strings {
    texts: BTreeMap<String, String>,
    language: String,
}

/// The language of strings that no other layer has.
const FALLBACK: &str = "en";
const MONTHS: &str = "months";
const SIGNS: &str = "currency_signs";
const THOUSANDS: &str = "thousands_sign";

/// A `strings.yaml` as it is written: flat strings, and strings by language.
#[derive(Default)]
struct Layer {
    flat: BTreeMap<String, String>,
    languages: BTreeMap<String, BTreeMap<String, String>>,
}

impl Strings {
    pub(super) fn load(parts: &Parts, found: &mut Vec<Diagnostic>) -> Self {
        let (theme, site) = (parts.theme_strings.as_ref(), parts.site_strings.as_ref());
        let language = parts.language.as_str();
        let ours = read(&embedded::strings(), found);
        let theirs = theme.map(|file| read(file, found)).unwrap_or_default();
        let mut texts = BTreeMap::new();
        for name in [FALLBACK, primary(language), language] {
            for layer in [&ours, &theirs] {
                texts.extend(layer.language(name));
            }
        }
        // How a language that nobody has spoken for writes amounts is not known: codes are right in all of them.
        let spoken =
            |layer: &Layer| [primary(language), language].iter().any(|name| layer.language(name).contains_key(SIGNS));
        if primary(language) != FALLBACK && !spoken(&ours) && !spoken(&theirs) {
            texts.extend([SIGNS, THOUSANDS].map(|key| (key.to_owned(), String::new())));
        }
        texts.extend(theirs.flat);
        if let Some(file) = site {
            let own = read(file, found);
            check(file, &own, &texts, found);
            unused(parts, &own, &texts, found);
            texts.extend(own.flat.clone());
            for name in [primary(language), language] {
                texts.extend(own.language(name));
            }
        }
        let strings = Self { texts, language: language.to_ascii_lowercase() };
        if strings.get(MONTHS).split_whitespace().count() != 12 {
            let fault = Diagnostic::error(format!("`{MONTHS}` must be twelve words"));
            let place = [site, theme].into_iter().flatten().find(|file| file.text.contains(MONTHS));
            found.push(match place {
                Some(file) => fault.at(place_of(file, MONTHS)),
                None => fault,
            });
        }
        strings
    }

    /// The text of a key; the key itself where there is none.
    #[must_use]
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(key).map_or(key, String::as_str)
    }

    /// The text of a key with its `{places}` filled.
    #[must_use]
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.get(key).to_owned();
        values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The sign of a currency, where everybody who reads this language takes it for that currency.
    #[must_use]
    pub fn currency_sign(&self, currency: Currency) -> Option<&str> {
        // A dollar is another one in each country.
        let region = self.language.split('-').nth(1).filter(|region| *region != "us");
        sign(self.get(SIGNS), currency).filter(|sign| *sign != "$" || region.is_none())
    }

    /// The titles of alerts, by kind: `note`, `tip`, `important`, `warning`, `caution`.
    #[must_use]
    pub fn alerts(&self) -> BTreeMap<String, String> {
        let named = |(key, text): (&String, &String)| Some((key.strip_prefix("alert_")?.to_owned(), text.clone()));
        self.texts.iter().filter_map(named).collect()
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.texts.keys().map(String::as_str)
    }

    /// All strings, as templates read them.
    pub(super) fn value(&self) -> tera::Value {
        tera::Value::from(self.texts.clone())
    }

    /// A day in words: `1 November 2026`.
    #[must_use]
    pub fn date(&self, date: civil::Date) -> String {
        let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
        let month = self.get(MONTHS).split_whitespace().nth(month).unwrap_or_default();
        let day = date.day().to_string();
        let year = date.year().to_string();
        self.fill("date_format", &[("day", &day), ("month", month), ("year", &year)])
    }

    /// A date that a writer typed: the day alone is in its words.
    #[must_use]
    pub fn day(&self, date: &Date) -> Moment {
        let iso = if date.bare { date.civil.date().to_string() } else { with_offset(date.civil, date.first) };
        Moment { iso, text: self.date(date.civil.date()), seconds: date.first.seconds() }
    }

    /// An instant at which something begins; its words have the time unless that is midnight.
    #[must_use]
    pub fn from(&self, instant: Timestamp, zone: &TimeZone) -> Moment {
        let civil = instant.civil(zone);
        let time = format!("{:02}:{:02}", civil.hour(), civil.minute());
        let text = match time.as_str() {
            "00:00" => self.date(civil.date()),
            _ => self.fill("date_time_format", &[("date", &self.date(civil.date())), ("time", &time)]),
        };
        Moment { iso: with_offset(civil, instant), text, seconds: instant.seconds() }
    }

    /// An instant at which something ends: at midnight its words name the last day.
    #[must_use]
    pub fn until(&self, instant: Timestamp, zone: &TimeZone) -> Moment {
        let civil = instant.civil(zone);
        let moment = self.from(instant, zone);
        match civil.date().yesterday() {
            Ok(last) if civil.time() == civil::Time::midnight() => Moment { text: self.date(last), ..moment },
            _ => moment,
        }
    }
}

impl Layer {
    fn language(&self, name: &str) -> BTreeMap<String, String> {
        self.languages.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default()
    }
}

/// `nl` of `nl-BE`.
fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

/// RFC 3339 with the offset that the civil time has to the instant.
fn with_offset(civil: civil::DateTime, instant: Timestamp) -> String {
    let utc = instant.civil(&TimeZone::UTC);
    let minutes = civil.duration_since(utc).as_secs() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    format!("{civil}{sign}{hours:02}:{minutes:02}")
}

/// The sign in a list of codes with their signs: `eur € gbp £`.
fn sign(list: &str, currency: Currency) -> Option<&str> {
    let mut words = list.split_whitespace();
    while let (Some(code), Some(sign)) = (words.next(), words.next()) {
        if code.eq_ignore_ascii_case(currency.as_str()) {
            return Some(sign);
        }
    }
    None
}

fn read(file: &TextFile, found: &mut Vec<Diagnostic>) -> Layer {
    let mut layer = Layer::default();
    let values: Option<BTreeMap<String, Value>> = match serde_yaml::from_str(&file.text) {
        Ok(values) => values,
        Err(error) => {
            found.push(yaml_fault(file, &error));
            return layer;
        }
    };
    for (key, value) in values.into_iter().flatten() {
        if let Value::Mapping(strings) = &value {
            let mut texts = BTreeMap::new();
            for (key, value) in strings {
                add(file, (key.as_str().unwrap_or_default(), value), &mut texts, found);
            }
            layer.languages.insert(key.to_ascii_lowercase(), texts);
        } else {
            add(file, (&key, &value), &mut layer.flat, found);
        }
    }
    layer
}

fn add(
    file: &TextFile,
    (key, value): (&str, &Value),
    texts: &mut BTreeMap<String, String>,
    found: &mut Vec<Diagnostic>,
) {
    match value {
        Value::String(text) => {
            texts.insert(key.to_owned(), text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => {
            found.push(
                Diagnostic::error(format!("`{key}` is not a text"))
                    .at(place_of(file, key))
                    .help("put the text in quotes"),
            );
        }
    }
}

/// The site's strings that override nothing and that no template, its own included, names.
fn unused(parts: &Parts, own: &Layer, known: &BTreeMap<String, String>, found: &mut Vec<Diagnostic>) {
    let all = own.flat.keys().chain(own.languages.values().flat_map(BTreeMap::keys));
    let uses = |text: &str, key: &str| {
        let starts = text.match_indices("strings.").filter_map(|(at, _)| text.get(at + "strings.".len()..));
        starts.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()).any(|name| name == key)
    };
    for key in all.filter(|key| !known.contains_key(*key)) {
        if parts.templates.iter().any(|template| uses(&template.text, key)) {
            continue;
        }
        let fault = Diagnostic::warning(format!("no template uses the string `{key}`"));
        let fault = Diagnostic { location: parts.site_strings.as_ref().map(|file| place_of(file, key)), ..fault };
        found.push(match nearest(key, known.keys().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault,
        });
    }
}

/// The `{places}` of the site's strings against those of what they override.
fn check(file: &TextFile, own: &Layer, known: &BTreeMap<String, String>, found: &mut Vec<Diagnostic>) {
    let all = own.flat.iter().chain(own.languages.values().flatten());
    for (key, text) in all {
        let Some(original) = known.get(key) else { continue };
        let allowed = places(original);
        for place in places(text).difference(&allowed) {
            let names: Vec<String> = allowed.iter().map(|name| format!("`{{{name}}}`")).collect();
            let help = if names.is_empty() {
                "this string has none".to_owned()
            } else {
                format!("it has {}", names.join(", "))
            };
            found.push(
                Diagnostic::error(format!("nothing fills `{{{place}}}` in the string `{key}`"))
                    .at(place_of(file, key))
                    .help(help),
            );
        }
    }
}

/// The names of a text's `{places}`.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

impl TextFile {
    /// A file of our own theme.
    pub(super) fn ours(name: &str, text: &'static str) -> Self {
        Self { name: name.to_owned(), path: format!("themes/default/{name}").into(), text: Arc::from(text) }
    }
}
