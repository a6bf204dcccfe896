//! What the bar says, in the words of somebody who writes and does not program.

use jiff::tz::TimeZone;

use crate::access::catalogue::{Catalogue, Kind};
use crate::access::entitlement::Entitlement;
use crate::access::rule::{Clause, Need, Rule};
use crate::edge::{Outcome, Reason};
use crate::id::Id;
use crate::plan::Form;
use crate::time::{Length, Timestamp};

/// Says things of one site.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) zone: &'a TimeZone,
}

impl Words<'_> {
    /// `3 December 2026`, or `3 December 2026 at 09:00`, in the site's time zone.
    pub(super) fn day(self, at: Timestamp) -> String {
        let civil = at.civil(self.zone);
        let day = civil.strftime("%-d %B %Y");
        if civil.time() == jiff::civil::Time::midnight() {
            day.to_string()
        } else {
            format!("{day} at {}", civil.strftime("%H:%M"))
        }
    }

    /// `Basic or a higher tier, from 3 December 2026; or Rust from zero, after 7 days`
    pub(super) fn rule(self, rule: &Rule) -> String {
        if rule.is_public() {
            return "everybody".to_owned();
        }
        let ways: Vec<String> = rule.clauses().iter().map(|clause| self.clause(clause)).collect();
        if ways.is_empty() { "nobody".to_owned() } else { ways.join("; or ") }
    }

    fn clause(self, clause: &Clause) -> String {
        let any_tier = self.catalogue.any_tier();
        // A bundle is held together with some tier: that goes without saying.
        let goes_without_saying = |need: &&Need| {
            clause.all.len() > 1 && need.any == any_tier && need.after == Length::ZERO && need.joined_before.is_none()
        };
        let needs: Vec<String> =
            clause.all.iter().filter(|need| !goes_without_saying(need)).map(|need| self.need(need)).collect();
        let mut words = match (needs.is_empty(), clause.all.is_empty()) {
            (true, true) => "everybody".to_owned(),
            (true, false) => "any tier".to_owned(),
            (false, _) => needs.join(", together with "),
        };
        if let Some(from) = clause.from {
            words.push_str(&format!(", from {}", self.day(from)));
        }
        if let Some(until) = clause.until {
            // The last day on which it is open, as writers write it.
            let midnight = until.civil(self.zone).time() == jiff::civil::Time::midnight();
            let last = if midnight { Timestamp::saturating(until.seconds() - 1) } else { until };
            let day = if midnight { last.civil(self.zone).strftime("%-d %B %Y").to_string() } else { self.day(until) };
            words.push_str(&format!(", until {day}"));
        }
        words
    }

    fn need(self, need: &Need) -> String {
        let mut words = self.who(&need.any);
        if need.after != Length::ZERO {
            words.push_str(&format!(", after {}", length(need.after)));
        }
        if let Some(before) = need.joined_before {
            words.push_str(&format!(", joined before {}", self.day(before)));
        }
        words
    }

    /// Who has one of these ids, said by the tier or bundle that they all open.
    fn who(self, any: &[Id]) -> String {
        let tiers = self.catalogue.tiers();
        if any == self.catalogue.any_tier() {
            return if let [only] = tiers { title(&only.title, &only.id) } else { "any tier".to_owned() };
        }
        if let Some((rank, tier)) = tiers.iter().enumerate().find(|(_, tier)| self.catalogue.opened_by(&tier.id) == any)
        {
            let name = title(&tier.title, &tier.id);
            return if rank + 1 == tiers.len() { name } else { format!("{name} or a higher tier") };
        }
        if let Some(bundle) = self.catalogue.bundles().iter().find(|bundle| self.catalogue.opened_by(&bundle.id) == any)
        {
            let name = title(&bundle.title, &bundle.id);
            let with = tiers.iter().find(|tier| tier.includes.contains(&bundle.id));
            return with.map_or(name.clone(), |tier| format!("{name} (comes with {})", title(&tier.title, &tier.id)));
        }
        any.iter().map(|id| self.named(id)).collect::<Vec<_>>().join(" or ")
    }

    /// What readers call a tier or a bundle.
    pub(super) fn named(self, id: &Id) -> String {
        self.catalogue.title(id).map_or_else(|| id.to_string(), |name| title(name, id))
    }

    /// `Basic for 30 days`, `Basic since 3 November 2026, frozen`
    pub(super) fn entitlement(self, held: &Entitlement, now: Timestamp) -> String {
        let mut words = self.named(&held.value);
        let age = now.seconds().saturating_sub(held.since.seconds());
        if held.since > Timestamp::MIN {
            words.push_str(&match age {
                age if age > 0 && age % 86_400 == 0 => format!(" for {}", count(age / 86_400, "day")),
                _ => format!(" since {}", self.day(held.since)),
            });
        }
        match state(held, now) {
            "active" => {}
            state => words.push_str(&format!(", {state}")),
        }
        words
    }

    /// Whether something is a tier or a bundle.
    pub(super) fn kind(self, id: &Id) -> &'static str {
        match self.catalogue.kind(id) {
            Some(Kind::Tier) => "tier",
            Some(Kind::Bundle) | None => "bundle",
        }
    }
}

/// What an entitlement is at an instant.
pub(super) fn state(held: &Entitlement, now: Timestamp) -> &'static str {
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

/// A length as it is spoken.
fn length(length: Length) -> String {
    match length.seconds() {
        seconds if seconds % 86_400 == 0 => count(seconds / 86_400, "day"),
        seconds => count(seconds / 3_600, "hour"),
    }
}

fn count(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn title(title: &str, id: &Id) -> String {
    if title.is_empty() { id.to_string() } else { title.to_owned() }
}

/// What a form of a page is called.
pub(super) fn form(form: Form) -> &'static str {
    match form {
        Form::Open => "the page",
        Form::Waiting => "its waiting form",
        Form::Teaser => "its teaser",
        Form::Cover => "title, description and what opens it",
    }
}

/// What is served, in a few words.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "open",
        Outcome::Preview => "teaser",
        Outcome::Moved => "moved",
        Outcome::SignIn => "sent to sign in",
        Outcome::Denied => "denied",
        Outcome::NotFound => "not found",
        Outcome::Passthrough => "another server's",
        Outcome::BadTarget => "refused",
        Outcome::BadMethod => "refused",
    }
}

/// Why it is not more.
pub(super) fn reason(reason: Reason) -> &'static str {
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
        let words = Words { catalogue: &catalogue, zone: &TimeZone::UTC };
        let check = |rule: serde_json::Value, expected: &str| {
            assert_eq!(words.rule(&serde_json::from_value(rule).unwrap()), expected);
        };
        let any = serde_json::json!({"any": ["basic", "free", "pro"]});
        check(serde_json::json!([{"all": []}]), "everybody");
        check(serde_json::json!([]), "nobody");
        check(serde_json::json!([{"all": [], "from": 1_796_112_000}]), "everybody, from 1 December 2026 at 08:00");
        check(serde_json::json!([{"all": [&any]}]), "any tier");
        check(serde_json::json!([{"all": [{"any": ["basic", "pro"]}]}]), "Basic or a higher tier");
        check(serde_json::json!([{"all": [{"any": ["pro"]}]}]), "pro");
        check(serde_json::json!([{"all": [{"any": ["pro", "rust"]}, &any]}]), "pro or Rust from zero");
        check(
            serde_json::json!([{"all": [{"any": ["rust"], "after": 604_800}, &any]}]),
            "Rust from zero, after 7 days",
        );
        check(serde_json::json!([{"all": [{"any": ["pro", "sheets"]}, &any]}]), "Sheets (comes with pro)");
        check(
            serde_json::json!([{"all": [{"any": ["basic", "pro"]}]}, {"all": [], "from": 1_796_083_200}]),
            "everybody, from 1 December 2026; or Basic or a higher tier",
        );
    }
}
