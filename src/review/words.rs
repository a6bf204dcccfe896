//! Rules, tags, entitlements, answers and instants in plain words: with the ids that a writer typed, or with the titles that
//! readers see.

use jiff::tz::TimeZone;

use crate::access::catalogue::{Catalogue, Kind};
use crate::access::entitlement::Entitlement;
use crate::access::rule::{Clause, Need, Rule};
use crate::access::tags::{Drip, Tag};
use crate::config::Config;
use crate::edge::{Outcome, Reason};
use crate::id::Id;
use crate::plan::Form;
use crate::time::{Length, Timestamp};

/// What a site calls things.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    catalogue: &'a Catalogue,
    zone: &'a TimeZone,
    names: Names,
}

/// How tiers, bundles and days are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Names {
    /// `pro`, `2026-12-03`
    Ids,
    /// `Pro`, `3 December 2026`
    Titles,
}

impl<'a> Words<'a> {
    /// The words of a site, with ids.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { catalogue: &config.catalogue, zone: &config.zone, names: Names::Ids }
    }

    /// The same with titles.
    #[must_use]
    pub fn titled(config: &'a Config) -> Self {
        Self { names: Names::Titles, ..Self::new(config) }
    }

    /// The tier or bundle with an id.
    #[must_use]
    pub fn named(&self, id: &Id) -> String {
        let title = self.catalogue.title(id).filter(|title| self.names == Names::Titles && !title.is_empty());
        title.map_or_else(|| id.to_string(), str::to_owned)
    }

    /// What somebody holds: `Basic for 30 days`, `Basic since 3 November 2026, frozen`.
    #[must_use]
    pub fn entitlement(&self, held: &Entitlement, now: Timestamp) -> String {
        let mut words = self.named(&held.value);
        let age = now.seconds().saturating_sub(held.since.seconds());
        if held.since > Timestamp::MIN {
            words.push_str(&match age {
                age if age > 0 && age % DAY == 0 => format!(" for {}", count(age / DAY, "day")),
                _ => format!(" since {}", self.day(held.since)),
            });
        }
        match state(held, now) {
            "active" => {}
            state => words.push_str(&format!(", {state}")),
        }
        words
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
        let mut words: Vec<String> = bundles.map(|bundle| self.named(&bundle.id)).collect();
        let lowest = tiers.iter().position(|tier| is_held(&tier.id));
        let above = lowest.and_then(|lowest| tiers.get(lowest..)).unwrap_or_default();
        match above {
            [] => {}
            [only] => words.push(self.named(&only.id)),
            all if all.len() == tiers.len() && all.iter().all(|tier| is_held(&tier.id)) => {
                words.push("any tier".to_owned());
            }
            [first, rest @ ..] if rest.iter().all(|tier| is_held(&tier.id)) => {
                words.push(format!("{} or higher", self.named(&first.id)));
            }
            some => words.extend(some.iter().filter(|tier| is_held(&tier.id)).map(|tier| self.named(&tier.id))),
        }
        if words.is_empty() {
            words = ids.iter().map(|id| self.named(id)).collect();
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
        let day = self.date(civil.date());
        if civil.time() == jiff::civil::Time::midnight() {
            return day;
        }
        let time = civil.time().to_string();
        let time = time.strip_suffix(":00").unwrap_or(&time);
        match self.names {
            Names::Ids => format!("{day} {time}"),
            Names::Titles => format!("{day} at {time}"),
        }
    }

    fn date(&self, day: jiff::civil::Date) -> String {
        match self.names {
            Names::Ids => day.to_string(),
            Names::Titles => day.strftime("%-d %B %Y").to_string(),
        }
    }

    /// The end of a window as it is written: midnight is the day before, which it takes in.
    #[must_use]
    pub fn last_day(&self, until: Timestamp) -> String {
        let civil = until.civil(self.zone);
        match civil.date().yesterday() {
            Ok(day) if civil.time() == jiff::civil::Time::midnight() => self.date(day),
            Ok(_) | Err(_) => self.day(until),
        }
    }

    /// `tier` or `bundle`; nothing for a visitor.
    #[must_use]
    pub fn kind(&self, id: &Id) -> &'static str {
        if self.catalogue.kind(id) == Some(Kind::Bundle) { "bundle" } else { "tier" }
    }
}

/// Seconds.
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A length in days where it is whole days, else in hours.
#[must_use]
pub fn length(length: Length) -> String {
    match length.seconds() {
        seconds if seconds % DAY == 0 => count(seconds / DAY, "day"),
        seconds => count(seconds / HOUR, "hour"),
    }
}

fn count(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// What an entitlement is at an instant.
#[must_use]
pub fn state(held: &Entitlement, now: Timestamp) -> &'static str {
    if held.until.is_some_and(|until| until <= now) {
        "expired"
    } else if held.since > now {
        "not begun"
    } else if held.frozen.is_some() {
        "frozen"
    } else {
        "active"
    }
}

/// A form of a page, for machines.
#[must_use]
pub fn form_name(form: Form) -> &'static str {
    match form {
        Form::Open => "page",
        Form::Waiting => "waiting",
        Form::Teaser => "teaser",
        Form::Cover => "cover",
    }
}

/// What a form of a page is called.
#[must_use]
pub fn form(form: Form) -> &'static str {
    match form {
        Form::Open => "the page",
        Form::Waiting => "its waiting form",
        Form::Teaser => "its teaser",
        Form::Cover => "title, description and what opens it",
    }
}

/// What kind of answer it is, for machines.
#[must_use]
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "open",
        Outcome::Preview => "preview",
        Outcome::Moved => "moved",
        Outcome::SignIn => "sign_in",
        Outcome::Denied => "denied",
        Outcome::NotFound => "not_found",
        Outcome::Passthrough => "passthrough",
        Outcome::BadTarget => "bad_target",
        Outcome::BadMethod => "bad_method",
    }
}

/// What is served, in a few words.
#[must_use]
pub fn outcome(outcome: Outcome, reason: Option<Reason>) -> &'static str {
    match outcome {
        Outcome::Open => "open",
        Outcome::Preview if reason == Some(Reason::NotYet) => "not yet",
        Outcome::Preview => "teaser",
        Outcome::Moved => "moved",
        Outcome::SignIn => "sent to sign in",
        Outcome::Denied => "denied",
        Outcome::NotFound => "not found",
        Outcome::Passthrough => "another server's",
        Outcome::BadTarget => "an address that edges refuse",
        Outcome::BadMethod => "a method that edges refuse",
    }
}

/// Why it is not more.
#[must_use]
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::TokenExpired => "the token has run out",
        Reason::NotSignedIn => "nobody is signed in, and visitors do not get more",
        Reason::NotYet => "it opens later for this reader",
        Reason::Expired => "what this reader had has ended",
        Reason::NoTier => "all that is missing is a tier",
        Reason::NotEntitled => "what this reader has is not enough",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::catalogue::{Bundle, Cancellation, Tier};

    fn catalogue() -> Catalogue {
        let tier = |id: &str, title: &str, free, includes: &[&str]| Tier {
            id: id.parse().unwrap(),
            title: title.to_owned(),
            free,
            price: None,
            buy: None,
            also: Vec::new(),
            includes: includes.iter().map(|id| id.parse().unwrap()).collect(),
            expires_after: None,
            downgrade_to: None,
        };
        let bundle = |id: &str, title: &str| Bundle {
            id: id.parse().unwrap(),
            title: title.to_owned(),
            free: false,
            price: None,
            buy: None,
            also: Vec::new(),
            expires_after: None,
        };
        let tiers = vec![
            tier("free", "Free", true, &[]),
            tier("basic", "Basic", false, &[]),
            tier("pro", "", false, &["sheets"]),
        ];
        let bundles = vec![bundle("rust", "Rust from zero"), bundle("sheets", "Sheets")];
        Catalogue::new(tiers, bundles, Some("free".parse().unwrap()), Cancellation::Hard).unwrap()
    }

    #[test]
    fn rules_are_said_by_what_opens_them() {
        let catalogue = catalogue();
        let check = |rule: serde_json::Value, titles: &str, ids: &str| {
            let rule = serde_json::from_value(rule).unwrap();
            for (names, expected) in [(Names::Titles, titles), (Names::Ids, ids)] {
                let words = Words { catalogue: &catalogue, zone: &TimeZone::UTC, names };
                assert_eq!(words.rule(&rule), expected);
            }
        };
        let any = serde_json::json!({"any": ["basic", "free", "pro"]});
        check(serde_json::json!([{"all": []}]), "everybody", "everybody");
        check(serde_json::json!([]), "nobody", "nobody");
        check(
            serde_json::json!([{"all": [], "from": 1_796_112_000}]),
            "everybody from 1 December 2026 at 08:00",
            "everybody from 2026-12-01 08:00",
        );
        check(
            serde_json::json!([{"all": [], "until": 1_796_083_200}]),
            "everybody until 30 November 2026",
            "everybody until 2026-11-30",
        );
        check(serde_json::json!([{"all": [&any]}]), "any tier", "any tier");
        check(serde_json::json!([{"all": [{"any": ["basic", "pro"]}]}]), "Basic or higher", "basic or higher");
        check(serde_json::json!([{"all": [{"any": ["pro"]}]}]), "pro", "pro");
        check(
            serde_json::json!([{"all": [{"any": ["pro", "rust"]}, &any]}]),
            "Rust from zero or pro with any tier",
            "rust or pro with any tier",
        );
        check(
            serde_json::json!([{"all": [&any, {"any": ["rust"], "after": 604_800}]}]),
            "Rust from zero, held for 7 days with any tier",
            "rust, held for 7 days with any tier",
        );
        check(
            serde_json::json!([{"all": [{"any": ["basic", "pro"]}]}, {"all": [], "from": 1_796_083_200}]),
            "everybody from 1 December 2026; or Basic or higher",
            "everybody from 2026-12-01; or basic or higher",
        );
    }
}
