//! Rules, tags and instants in plain words, with the ids that a writer typed.

use jiff::tz::TimeZone;

use crate::access::catalogue::{Catalogue, Kind};
use crate::access::rule::{Clause, Need, Rule};
use crate::access::tags::{Drip, Tag};
use crate::config::Config;
use crate::id::Id;
use crate::time::{Length, Timestamp};

/// What a site calls things.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    catalogue: &'a Catalogue,
    zone: &'a TimeZone,
}

impl<'a> Words<'a> {
    /// The words of a site.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { catalogue: &config.catalogue, zone: &config.zone }
    }

    /// Who satisfies a rule: `basic or higher; or rust-course with any tier, held for 7 days`.
    #[must_use]
    pub fn rule(&self, rule: &Rule) -> String {
        if rule.is_public() {
            return "everybody".to_owned();
        }
        let ways: Vec<String> = rule.clauses().iter().map(|clause| self.clause(clause)).collect();
        if ways.is_empty() { "nobody".to_owned() } else { ways.join("; or ") }
    }

    fn clause(&self, clause: &Clause) -> String {
        // That some tier is needed at all is said last.
        let any_tier = self.catalogue.any_tier();
        let mut all: Vec<&Need> = clause.all.iter().collect();
        all.sort_by_key(|need| need.any == any_tier);
        let needs: Vec<String> = all.into_iter().map(|need| self.need(need)).collect();
        let mut words = if needs.is_empty() { "everybody".to_owned() } else { needs.join(" with ") };
        if let Some(from) = clause.from {
            words.push_str(&format!(" from {}", self.day(from)));
        }
        if let Some(until) = clause.until {
            words.push_str(&format!(" until {}", self.last_day(until)));
        }
        words
    }

    fn need(&self, need: &Need) -> String {
        let mut words = self.any(&need.any);
        if need.after > Length::ZERO {
            words.push_str(&format!(", held for {},", length(need.after)));
        }
        if let Some(before) = need.joined_before {
            words.push_str(&format!(", held since before {},", self.day(before)));
        }
        words.trim_end_matches(',').to_owned()
    }

    /// Any of some ids: bundles by name, tiers from the lowest.
    fn any(&self, ids: &[Id]) -> String {
        let tiers = self.catalogue.tiers();
        let is_held = |id: &Id| ids.binary_search(id).is_ok();
        let bundles = self.catalogue.bundles().iter().filter(|bundle| is_held(&bundle.id));
        let mut words: Vec<String> = bundles.map(|bundle| bundle.id.to_string()).collect();
        let lowest = tiers.iter().position(|tier| is_held(&tier.id));
        let above = lowest.and_then(|lowest| tiers.get(lowest..)).unwrap_or_default();
        match above {
            [] => {}
            [only] => words.push(only.id.to_string()),
            all if all.len() == tiers.len() && all.iter().all(|tier| is_held(&tier.id)) => {
                words.push("any tier".to_owned());
            }
            [first, rest @ ..] if rest.iter().all(|tier| is_held(&tier.id)) => {
                words.push(format!("{} or higher", first.id));
            }
            some => words.extend(some.iter().filter(|tier| is_held(&tier.id)).map(|tier| tier.id.to_string())),
        }
        if words.is_empty() {
            words = ids.iter().map(ToString::to_string).collect();
        }
        words.join(" or ")
    }

    /// Tags as a writer types them: `pro, basic since joining`.
    #[must_use]
    pub fn tags(&self, tags: &[Tag]) -> String {
        tags.iter().map(|tag| self.tag(tag)).collect::<Vec<_>>().join(", ")
    }

    fn tag(&self, tag: &Tag) -> String {
        let mut words = tag.words();
        if tag.since_joining {
            words.push_str(" since joining");
        }
        if let Some(from) = tag.from {
            words.push_str(&format!(" from {}", self.day(from)));
        }
        if let Some(until) = tag.until {
            words.push_str(&format!(" until {}", self.last_day(until)));
        }
        words
    }

    /// A drip: `7 days`, `14 days for basic`.
    #[must_use]
    pub fn drip(&self, drip: &Drip) -> String {
        match drip {
            Drip::None => "none".to_owned(),
            Drip::All(Length::ZERO) => "0 days".to_owned(),
            Drip::All(after) => length(*after),
            Drip::Every(step) => format!("every {}", length(*step)),
            Drip::ByName(lengths) => {
                let each = lengths.iter().map(|(id, after)| format!("{} for {id}", length(*after)));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// An instant in the site's time zone; midnight is the day alone.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> String {
        let civil = at.civil(self.zone);
        if civil.time() == jiff::civil::Time::midnight() {
            return civil.date().to_string();
        }
        let time = civil.time().to_string();
        format!("{} {}", civil.date(), time.strip_suffix(":00").unwrap_or(&time))
    }

    /// The end of a window as it is written: midnight is the day before, which it takes in.
    #[must_use]
    pub fn last_day(&self, until: Timestamp) -> String {
        let civil = until.civil(self.zone);
        match civil.date().yesterday() {
            Ok(day) if civil.time() == jiff::civil::Time::midnight() => day.to_string(),
            Ok(_) | Err(_) => self.day(until),
        }
    }

    /// `tier` or `bundle`; nothing for a visitor.
    #[must_use]
    pub fn kind(&self, id: &Id) -> &'static str {
        if self.catalogue.kind(id) == Some(Kind::Bundle) { "bundle" } else { "tier" }
    }
}

/// A length in days where it is whole days, else in hours.
#[must_use]
pub fn length(length: Length) -> String {
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    let seconds = length.seconds();
    let (count, unit) = if seconds % DAY == 0 { (seconds / DAY, "day") } else { (seconds / HOUR, "hour") };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}
