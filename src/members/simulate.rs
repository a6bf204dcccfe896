//! Plays a timeline: events in; states, tokens, notifications and pages out, instant by instant, and what was expected
//! and is not so.
//!
//! It has no rules of its own: everything comes from [`fold`](super::fold()), [`notifications`] and
//! [`opened`](super::opened()).

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::credit::credit;
use super::fold::fold;
use super::member::{Grant, Member, Rules};
use super::notification::{Notification, notifications, walk};
use super::opened::{Pages, opened};
use super::timeline::{Dated, Expected, Timeline, Wanted};
use super::words::{self, day};
use crate::access::entitlement::Entitlement;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::id::Id;
use crate::manifest::Manifest;
use crate::time::Timestamp;

/// What came of a timeline.
#[derive(Clone, Debug, Serialize)]
pub struct Simulation {
    /// What it is about.
    pub title: String,
    /// Every instant at which something happens or changes, in order.
    pub steps: Vec<Step>,
    /// Where it ends.
    pub until: Timestamp,
    /// What was expected and is not so.
    pub failures: Vec<Diagnostic>,
    /// How many things were expected.
    pub expectations: usize,
}

/// An instant at which something happens or changes.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What happens, in words.
    pub events: Vec<String>,
    /// What the member has from then on.
    pub member: Member,
    /// What their token says.
    pub token: Vec<Entry>,
    /// What is told.
    pub told: Vec<Notification>,
    /// The pages that open, if there is a manifest.
    pub opens: Vec<String>,
    /// The pages that close.
    pub closes: Vec<String>,
}

/// An entry of a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    /// The tier or bundle.
    pub value: Id,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When it was frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Timestamp>,
}

impl From<&Entitlement> for Entry {
    fn from(entitlement: &Entitlement) -> Self {
        let Entitlement { value, since, until, frozen } = entitlement.clone();
        Self { value, since, until, frozen }
    }
}

/// The rules of a site.
fn rules(site: &Config) -> Rules<'_> {
    Rules { catalogue: &site.catalogue, billing: site.billing, zone: &site.zone }
}

/// Plays a timeline; pages open and close only where a manifest says which there are.
#[must_use]
pub fn simulate(timeline: &Timeline, manifest: Option<&Manifest>) -> Simulation {
    let play = Play { timeline, manifest, pages: manifest.map(Pages::of) };
    let steps = play.steps();
    let failures = timeline.expected.iter().filter_map(|expected| play.check(expected, &steps)).collect();
    Simulation {
        title: timeline.title.clone(),
        until: timeline.until,
        failures,
        expectations: timeline.expected.len(),
        steps,
    }
}

struct Play<'a> {
    timeline: &'a Timeline,
    manifest: Option<&'a Manifest>,
    pages: Option<Pages<'a>>,
}

impl Play<'_> {
    fn member(&self, at: Timestamp) -> Member {
        let site = self.timeline.site(at);
        site.map(|site| fold(&self.timeline.events, &rules(site), at)).unwrap_or_default()
    }

    fn token(&self, member: &Member, at: Timestamp) -> Vec<Entitlement> {
        let site = self.timeline.site(at);
        site.map(|site| member.entitlements(&rules(site), site.token.max_entitlements as usize)).unwrap_or_default()
    }

    fn zone(&self) -> TimeZone {
        self.timeline.site(self.timeline.until).map_or(TimeZone::UTC, |site| site.zone.clone())
    }

    /// Every stretch of time that one site rules: its first instant and its last.
    fn reigns(&self) -> impl Iterator<Item = (Timestamp, Timestamp, &Config)> {
        let sites = &self.timeline.sites;
        let ends = sites.iter().skip(1).map(|(from, _)| Timestamp::saturating(from.seconds() - 1));
        let ends = ends.chain([self.timeline.until]);
        sites.iter().zip(ends).map(|((from, site), end)| (*from, end.min(self.timeline.until), site))
    }

    fn instants(&self) -> BTreeSet<Timestamp> {
        let events = &self.timeline.events;
        let mut instants: BTreeSet<Timestamp> = events.iter().map(|event| event.at).collect();
        instants.extend(self.timeline.sites.iter().skip(1).map(|(from, _)| *from));
        for (_, end, site) in self.reigns() {
            walk(events, &rules(site), (Timestamp::MIN, end), &mut |before, after, at| {
                if before != after {
                    instants.insert(at);
                }
            });
        }
        if let Some(pages) = &self.pages {
            let first = instants.first().copied();
            for at in instants.clone() {
                instants.extend(pages.instants(&self.token(&self.member(at), at), (Timestamp::MIN, Timestamp::MAX)));
            }
            instants.retain(|at| first.is_some_and(|first| first <= *at));
        }
        instants.retain(|at| *at <= self.timeline.until);
        instants
    }

    fn told(&self) -> Vec<Notification> {
        let mut told = Vec::new();
        for (from, end, site) in self.reigns() {
            let before = if from == Timestamp::MIN { from } else { Timestamp::saturating(from.seconds() - 1) };
            told.extend(notifications(&self.timeline.events, &rules(site), before, end));
            if let Some(manifest) = self.manifest {
                told.extend(opened(&self.timeline.events, &rules(site), (before, end), manifest));
            }
        }
        told.sort_by_key(|told| told.at);
        told
    }

    fn steps(&self) -> Vec<Step> {
        let told = self.told();
        let zone = self.zone();
        let mut open: BTreeSet<String> = BTreeSet::new();
        let mut steps: Vec<Step> = Vec::new();
        for at in self.instants() {
            let member = self.member(at);
            let token = self.token(&member, at);
            let now = self.pages.as_ref().map(|pages| pages.open(&token, at)).unwrap_or_default();
            let here = self.timeline.events.iter().filter(|event| event.at == at);
            let step = Step {
                at,
                events: here.map(|event| words::event(event, &zone)).collect(),
                token: token.iter().map(Entry::from).collect(),
                told: told.iter().filter(|told| told.at == at).cloned().collect(),
                opens: now.difference(&open).cloned().collect(),
                closes: open.difference(&now).cloned().collect(),
                member,
            };
            open = now;
            let idle =
                step.events.is_empty() && step.told.is_empty() && step.opens.is_empty() && step.closes.is_empty();
            if !idle || steps.last().is_none_or(|last| last.member.grants != step.member.grants) {
                steps.push(step);
            }
        }
        steps
    }

    /// What is not as it was expected to be.
    fn check(&self, expected: &Expected, steps: &[Step]) -> Option<Diagnostic> {
        let Expected { at, place, wanted } = expected;
        let (wanted, found) = self.compare(wanted, *at, steps)?;
        let when = day(*at, &self.zone());
        Some(Diagnostic::error(format!("on {when} there should be {wanted}, and there is {found}")).at(place.clone()))
    }

    /// What was wanted and what was found, in words, where they differ.
    fn compare(&self, wanted: &Wanted, at: Timestamp, steps: &[Step]) -> Option<(String, String)> {
        let zone = self.zone();
        let member = self.member(at);
        let token = || self.token(&member, at);
        let quoted = |id: Option<&Id>| id.map_or("no tier".to_owned(), |id| format!("the tier `{id}`"));
        match wanted {
            Wanted::Tier(tier) => differ(quoted(tier.as_ref()), quoted(member.tier.as_ref())),
            Wanted::Grant(name, state) => {
                let found = named(&member, name).map(|grant| grant.state);
                differ(words::state(name, *state), words::state(name, found))
            }
            Wanted::Date(name, dated, wanted) => {
                let found = named(&member, name).and_then(|grant| date(grant, *dated));
                let say = |date| words::dated(name, *dated, date, &zone);
                differ(say(*wanted), say(found))
            }
            Wanted::Holds(ids) => {
                let held: BTreeSet<Id> = token().into_iter().filter(|it| it.in_force(at)).map(|it| it.value).collect();
                differ(words::list(ids.iter().collect::<BTreeSet<_>>()), words::list(&held))
            }
            Wanted::Token(entries) => {
                let say = |entries: &[Entitlement]| words::list(entries.iter().map(|entry| words::entry(entry, &zone)));
                differ(say(entries), say(&token()))
            }
            Wanted::Remarks(codes) => {
                let found: Vec<_> = member.remarks.iter().map(|remark| remark.code).collect();
                let say = |codes: &[super::Code]| words::list(codes.iter().map(|code| code.as_str()));
                differ(say(codes), say(&found))
            }
            Wanted::Credit(name, product, amount) => {
                let found = self.credit(&member, name, product, at).unwrap_or(0);
                differ(format!("{amount} of credit"), format!("{found} of credit"))
            }
            Wanted::Open(paths) => self.pages(paths, true, &token(), at),
            Wanted::Closed(paths) => self.pages(paths, false, &token(), at),
            Wanted::Told(until, topics) => {
                let here = steps.iter().filter(|step| at <= step.at && step.at <= *until).flat_map(|step| &step.told);
                let found = here.filter(|told| told.paths.is_empty()).map(|told| told.topic.as_str());
                differ(words::list(topics.iter().map(|topic| topic.as_str())), words::list(found))
            }
            Wanted::ToldNoMore(days) => {
                let named = |at: Timestamp| days.iter().any(|(from, until)| *from <= at && at <= *until);
                let more = steps.iter().filter(|step| !named(step.at));
                let more = more.flat_map(|step| step.told.iter().filter(|told| told.paths.is_empty()));
                let more = more.map(|told| format!("{} on {}", told.topic.as_str(), day(told.at, &zone)));
                differ(words::list(std::iter::empty::<&str>()), words::list(more))
            }
            Wanted::OpenedNoMore(days) => {
                let named = |at: Timestamp| days.iter().any(|(from, until)| *from <= at && at <= *until);
                let more = steps.iter().filter(|step| !named(step.at)).flat_map(|step| &step.told);
                let more =
                    more.flat_map(|told| told.paths.iter().map(|path| format!("{path} on {}", day(told.at, &zone))));
                differ(words::list(std::iter::empty::<&str>()), words::list(more))
            }
            Wanted::Opened(until, paths) => {
                let here = steps.iter().filter(|step| at <= step.at && step.at <= *until).flat_map(|step| &step.told);
                let found: BTreeSet<&String> = here.flat_map(|told| &told.paths).collect();
                differ(words::list(paths.iter().collect::<BTreeSet<_>>()), words::list(found))
            }
        }
    }

    fn pages(&self, paths: &[String], open: bool, token: &[Entitlement], at: Timestamp) -> Option<(String, String)> {
        let now = self.pages.as_ref().map(|pages| pages.open(token, at)).unwrap_or_default();
        let wrong: Vec<&String> = paths.iter().filter(|path| now.contains(*path) != open).collect();
        let (wanted, found) = if open { ("open", "closed") } else { ("closed", "open") };
        let say = |word: &str| format!("{} {word}", words::list(&wrong));
        (!wrong.is_empty()).then(|| (say(wanted), say(found)))
    }

    fn credit(&self, member: &Member, name: &str, product: &Id, at: Timestamp) -> Option<u64> {
        let site = self.timeline.site(at)?;
        let product = site.products.iter().find(|known| known.id == *product)?;
        let grant = named(member, name)?;
        let tiers = [&grant.access_control, &product.sells].iter().all(|id| site.catalogue.tier(id).is_some());
        let running = grant.paid.as_ref().filter(|_| tiers)?;
        credit(running, product.price, at).map(|credit| credit.amount)
    }
}

/// The newest grant of a name.
fn named<'a>(member: &'a Member, name: &str) -> Option<&'a Grant> {
    member.grants.iter().rev().find(|grant| grant.reference == name)
}

fn date(grant: &Grant, dated: Dated) -> Option<Timestamp> {
    match dated {
        Dated::Since => Some(grant.since),
        Dated::Until => grant.until,
        Dated::Due => grant.due,
        Dated::Frozen => grant.frozen,
    }
}

fn differ(wanted: String, found: String) -> Option<(String, String)> {
    (wanted != found).then_some((wanted, found))
}
