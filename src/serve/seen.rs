//! What the bar shows: how a page looks to a reader, why, and what would open it.
//!
//! The decision is [`edge::decide`]'s; everything else is words around it.

use serde_json::{Value, json};

use crate::access::entitlement::{Reader, Written, WrittenPart};
use crate::access::rule::Rule;
use crate::config::Config;
use crate::edge::{self, Decision, Outcome, Reason, canonical};
use crate::manifest::{Manifest, Otherwise, Policy, Route};
use crate::review::words::{self, Words};
use crate::review::{explain, target};
use crate::serve::asked::Known;
use crate::serve::held::Held;
use crate::time::{Length, Timestamp};

/// One look at one path.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) held: &'a Held,
    /// The raw path.
    pub(super) target: &'a str,
    pub(super) known: &'a Known,
}

impl<'a> Seen<'a> {
    /// All of it, for the bar.
    pub(super) fn json(self) -> Value {
        let decision = self.decide(&self.known.reader, self.known.now, false);
        let by_browser = self.decide(&self.known.reader, self.known.now, true);
        let path = canonical::canonical(self.target.as_bytes()).unwrap_or_default();
        let path = decision.location.as_deref().filter(|_| decision.outcome == Outcome::Moved).unwrap_or(&path);
        let redirected = (by_browser.status != decision.status)
            .then(|| json!({"status": by_browser.status, "location": by_browser.location}));
        let route = self.route(path);
        let manifest = self.held.manifest();
        json!({
            "path": path,
            "source": self.source(path),
            "reader": self.reader(),
            "day": self.day(),
            "decision": self.decision(&decision, route.is_some()),
            "browser": redirected,
            "rule": route.map(|(_, policy)| self.words().rule(&open_rule(manifest, policy))),
            "hidden": route.is_some_and(|(_, policy)| policy.otherwise == Otherwise::Hidden),
            "forms": route.map(|(route, policy)| self.forms(path, (route, policy), &decision)),
            "opens": self.opens(&decision),
        })
    }

    /// The file it is made from, or what makes it.
    fn source(self, path: &str) -> Option<String> {
        let plan = self.held.plan();
        let target = target::find(plan, path, None).ok()?;
        let explained = explain::explain(plan, &target, &|_| None);
        explained.source.map(|at| at.file).or(explained.made)
    }

    fn words(self) -> Words<'a> {
        Words::titled(self.config())
    }

    fn config(self) -> &'a Config {
        &self.held.plan().site().config
    }

    fn decide(self, reader: &Reader, now: Timestamp, html_navigation: bool) -> Decision<'a> {
        let target = self.target.as_bytes();
        edge::decide(self.held.manifest(), &edge::Request { method: "GET", target, reader, now, html_navigation })
    }

    fn route(self, path: &str) -> Option<(&'a Route, &'a Policy)> {
        let manifest = self.held.manifest();
        let route = manifest.routes.get(path)?;
        Some((route, manifest.policies.get(route.policy)?))
    }

    /// Who reads, in words and taken apart for the form.
    fn reader(self) -> Value {
        let Known { text, reader, now, fault } = self.known;
        let written = Written::of(text);
        let words = self.words();
        let held = reader.entitlements().iter().map(|held| {
            json!({
                "id": held.value, "title": words.named(&held.value), "kind": words.kind(&held.value),
                "since": held.since, "until": held.until, "frozen": held.frozen,
                "state": words::state(held, *now), "words": words.entitlement(held, *now),
            })
        });
        let held: Vec<Value> = held.collect();
        let named: Vec<&str> = held.iter().filter_map(|held| held.get("words")?.as_str()).collect();
        let parts = written.parts.iter().filter(|part| part.id != "visitor").map(|part| {
            let id = self
                .config()
                .catalogue
                .lookup(part.id)
                .map_or_else(|| part.id.to_owned(), |found| found.id.to_string());
            json!({"id": id, "start": part.start, "state": part.state})
        });
        json!({
            "text": text,
            "words": if named.is_empty() { "Visitor".to_owned() } else { named.join(" + ") },
            "entitlements": held,
            "parts": parts.collect::<Vec<_>>(),
            "day": written.day,
            "fault": fault,
        })
    }

    /// Which day it is, for the reader and for the site.
    fn day(self) -> Value {
        let (now, clock) = (self.known.now, self.held.clock());
        let words = self.words();
        let note = (now < clock).then(|| {
            format!(
                "this is before the day for which the site is built, {}: drips are counted to it, but releases and ends are \
                 those of the later day; `--now` builds the site for an earlier one",
                words.day(clock)
            )
        });
        let date = |at: Timestamp| at.civil(&self.config().zone).date().to_string();
        json!({
            "now": now, "date": date(now), "words": words.day(now), "site": clock, "site_date": date(clock),
            "site_words": words.day(clock), "note": note,
        })
    }

    fn decision(self, decision: &Decision<'_>, is_there: bool) -> Value {
        let mut why = decision.reason.map(words::reason).map(str::to_owned);
        if let (Some(at), Some(Reason::NotYet)) = (decision.available_at, decision.reason) {
            why = Some(format!("it opens on {}", self.words().day(at)));
        }
        let why = why.or_else(|| match decision.outcome {
            Outcome::NotFound if is_there => Some("there is a page, but this reader may not know of it now".to_owned()),
            Outcome::NotFound => Some("no page has this address".to_owned()),
            Outcome::Passthrough => Some("`passthrough` in site.yaml gives this address to another server".to_owned()),
            Outcome::BadTarget => Some("edges refuse an address that is written like this".to_owned()),
            Outcome::Moved => decision.location.as_ref().map(|to| format!("it is at {to}")),
            Outcome::Open | Outcome::Preview | Outcome::SignIn | Outcome::Denied | Outcome::BadMethod => None,
        });
        json!({
            "status": decision.status,
            "outcome": words::outcome_name(decision.outcome),
            "words": words::outcome(decision.outcome, decision.reason),
            "reason": decision.reason,
            "why": why,
            "available_at": decision.available_at,
            "location": decision.location,
        })
    }

    /// The forms in which the page is served, in the order in which they are tried.
    fn forms(self, path: &str, (route, policy): (&Route, &Policy), decision: &Decision<'_>) -> Vec<Value> {
        let manifest = self.held.manifest();
        let planned = self.held.plan().outputs.iter().find(|output| output.url.as_deref() == Some(path));
        let variants = policy.variants.iter().enumerate();
        let form = |(number, rule): (usize, &usize)| {
            let variant = planned.and_then(|output| output.shape.variants.get(number));
            let file = if number < policy.open { "the file" } else { "a form of it" };
            json!({
                "form": variant.map_or(file, |variant| words::form(variant.form)),
                "rule": manifest.rules.get(*rule).map(|rule| self.words().rule(rule)),
                "shown": decision.status == 200
                    && route.objects.get(number).is_some_and(|object| Some(object.as_str()) == decision.object),
            })
        };
        variants.map(form).collect()
    }

    /// Readers for whom it is open, nearest first: this one later, this one with more, others.
    fn opens(self, decision: &Decision<'_>) -> Vec<Value> {
        if matches!(decision.outcome, Outcome::Open | Outcome::Passthrough | Outcome::BadTarget | Outcome::Moved) {
            return Vec::new();
        }
        let Known { text, now, reader, fault: _ } = self.known;
        let (who, day) =
            text.split_once('@').map_or((text.as_str(), String::new()), |(who, day)| (who, format!("@{day}")));
        let mut found = Vec::new();
        let mut offer = |written: String, words: String| {
            let Ok(known) = Known::read(&written, self.held, *now) else { return false };
            let opens = self.decide(&known.reader, known.now, false).outcome == Outcome::Open;
            if opens {
                found.push(json!({"as": written, "words": words}));
            }
            opens
        };
        if let Some(at) = decision.available_at {
            offer(format!("{}@{at}", self.who_stays()), format!("on {}", self.words().day(at)));
        }
        let catalogue = &self.config().catalogue;
        for tier in catalogue.tiers() {
            // What a tier opens the higher ones open too.
            if offer(format!("{}{day}", tier.id), format!("as {}", self.words().named(&tier.id))) {
                break;
            }
        }
        for bundle in catalogue.bundles() {
            let name = self.words().named(&bundle.id);
            let has_it = reader.entitlements().iter().any(|held| held.value == bundle.id);
            let with = !reader.entitlements().is_empty() && !has_it;
            let more = with && offer(format!("{who}+{}{day}", bundle.id), format!("with {name} as well"));
            if !more {
                offer(format!("{}{day}", bundle.id), format!("with {name}"));
            }
        }
        found
    }

    /// The reader, with the instants at which their ages began in place of ages: the same person on another day.
    fn who_stays(self) -> String {
        let written = Written::of(&self.known.text);
        let mut held = self.known.reader.entitlements().iter();
        let part = |part: &WrittenPart<'_>| {
            let held = held.next();
            let is_age = part.start.is_some_and(|start| start.parse::<Length>().is_ok());
            let since = held.filter(|_| is_age).map(|held| held.since.to_string());
            let start = since.as_deref().or(part.start).map(|start| format!("/{start}")).unwrap_or_default();
            let state = part.state.map(|state| format!("!{state}")).unwrap_or_default();
            format!("{}{start}{state}", part.id)
        };
        written.parts.iter().map(part).collect::<Vec<_>>().join("+")
    }
}

/// The rule of the page itself: any of its open forms'.
fn open_rule(manifest: &Manifest, policy: &Policy) -> Rule {
    Rule::any(policy.variants.iter().take(policy.open).filter_map(|rule| manifest.rules.get(*rule)))
}

/// The tiers and bundles that a reader may have.
pub(super) fn readers(held: &Held, call: &str) -> Value {
    let config = &held.plan().site().config;
    let words = Words::titled(config);
    let named = |id: &crate::id::Id| json!({"id": id, "title": words.named(id)});
    json!({
        "tiers": config.catalogue.tiers().iter().map(|tier| named(&tier.id)).collect::<Vec<_>>(),
        "bundles": config.catalogue.bundles().iter().map(|bundle| named(&bundle.id)).collect::<Vec<_>>(),
        "default_tier": config.catalogue.default_tier(),
        "call": call,
    })
}
