//! What should come of a timeline: `2027-02-01: {tier: basic, grants: {basic-monthly: active}}`.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::super::config::Section;
use super::super::dates;
use super::super::document::{Fault, Map, Node, Value};
use super::super::reading::{Faults, text, wrong};
use super::events::Known;
use super::{dated, end, instant, no_date};
use crate::access::entitlement::Entitlement;
use crate::config::Config;
use crate::diagnostic::{Source, nearest};
use crate::id::Id;
use crate::members::timeline::{Dated, Expected, Wanted};
use crate::members::{Code, State, Topic};
use crate::time::{Date, Timestamp};

/// What is expected, as far as it was read.
pub(super) struct Reading<'a> {
    pub(super) sites: &'a [(Timestamp, Config)],
    pub(super) zone: &'a TimeZone,
    pub(super) source: Source<'a>,
    pub(super) names: &'a BTreeMap<String, Known>,
    pub(super) found: Vec<Expected>,
}

const KEYS: [&str; 8] = ["tier", "grants", "holds", "token", "remarks", "credit", "open", "closed"];

/// The last instant that an expectation is about.
pub(super) fn last(expected: &Expected) -> Timestamp {
    match &expected.wanted {
        Wanted::Told(until, _) | Wanted::Opened(until, _) => *until,
        _ => expected.at,
    }
}

impl Reading<'_> {
    pub(super) fn read(&mut self, section: &Section<'_>, faults: &mut Faults<'_>) {
        for (date, _, node) in dated(section, "expect", self.zone, faults) {
            let Value::Map(map) = &node.value else {
                faults.error(wrong("expect", &node.value, "a map", node).help("write `{tier: basic}`"));
                continue;
            };
            self.at(date.first, map, faults);
        }
        self.told(section, faults);
        let Some((opened, _)) = section.map.entry("opened") else { return };
        let mut days = Vec::new();
        for (date, key, node) in dated(section, "opened", self.zone, faults) {
            days.push((date.first, end(date)));
            if let Some(paths) = faults.keep(each("opened", node, path)) {
                self.push(date.first, key.span.clone(), Wanted::Opened(end(date), paths));
            }
        }
        self.push(Timestamp::MIN, opened.span.clone(), Wanted::OpenedNoMore(days));
    }

    fn push(&mut self, at: Timestamp, place: Range<usize>, wanted: Wanted) {
        self.found.push(Expected { at, place: self.source.locate(place), wanted });
    }

    fn told(&mut self, section: &Section<'_>, faults: &mut Faults<'_>) {
        let Some((key, _)) = section.map.entry("told") else { return };
        let mut days = Vec::new();
        for (date, written, node) in dated(section, "told", self.zone, faults) {
            days.push((date.first, end(date)));
            if let Some(topics) = faults.keep(each("told", node, topic)) {
                self.push(date.first, written.span.clone(), Wanted::Told(end(date), topics));
            }
        }
        self.push(Timestamp::MIN, key.span.clone(), Wanted::ToldNoMore(days));
    }

    fn at(&mut self, at: Timestamp, map: &Map, faults: &mut Faults<'_>) {
        let section = Section { map, path: "" };
        section.only(&KEYS, faults);
        for (key, node) in &map.entries {
            let name = key.value.as_str();
            let wanted = match name {
                "tier" => self.tier(node, at).map(|tier| vec![Wanted::Tier(tier)]),
                "grants" => {
                    self.grants(at, node, faults);
                    continue;
                }
                "holds" => each(name, node, |key, node| self.id(key, node, at)).map(|ids| vec![Wanted::Holds(ids)]),
                "token" => each(name, node, |key, node| self.entry(key, node, at)).map(|it| vec![Wanted::Token(it)]),
                "remarks" => each(name, node, code).map(|codes| vec![Wanted::Remarks(codes)]),
                "credit" => self.credit(node, at, faults).map(|credit| vec![credit]),
                "open" => each(name, node, path).map(|paths| vec![Wanted::Open(paths)]),
                "closed" => each(name, node, path).map(|paths| vec![Wanted::Closed(paths)]),
                _ => continue,
            };
            for wanted in faults.keep(wanted).into_iter().flatten() {
                self.push(at, key.span.start..node.span.end, wanted);
            }
        }
    }

    fn tier(&self, node: &Node, at: Timestamp) -> Result<Option<Id>, Fault> {
        match text("tier", node)? {
            "none" => Ok(None),
            _ => self.id("tier", node, at).map(Some),
        }
    }

    fn id(&self, key: &str, node: &Node, at: Timestamp) -> Result<Id, Fault> {
        let text = text(key, node)?;
        let catalogue = self.sites.iter().rev().find(|(from, _)| *from <= at).map(|(_, site)| &site.catalogue);
        let found = catalogue.and_then(|catalogue| catalogue.lookup(text)).filter(|found| !found.former);
        found.map(|found| found.id).ok_or_else(|| {
            let fault = Fault::new(format!("unknown tier or bundle `{text}`"), node.span.clone());
            match catalogue.and_then(|catalogue| catalogue.nearest(text)) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault,
            }
        })
    }

    /// What grants are worth: `basic-monthly: active`, or `basic-monthly: {state: active, due: 2027-02-01}`.
    fn grants(&mut self, at: Timestamp, node: &Node, faults: &mut Faults<'_>) {
        let Value::Map(map) = &node.value else {
            return faults.error(wrong("grants", &node.value, "a map", node).help("write `grants: {NAME: active}`"));
        };
        for (name, node) in &map.entries {
            let grant = &name.value;
            let made = grant.split_once(':').map_or(grant.as_str(), |(_, of)| of);
            if !self.names.contains_key(made) {
                let fault = Fault::new(format!("no event begins a grant `{grant}`"), name.span.clone());
                faults.error(match nearest(grant, self.names.keys().map(String::as_str)) {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault,
                });
                continue;
            }
            let place = name.span.start..node.span.end;
            let Value::Map(more) = &node.value else {
                if let Some(state) = faults.keep(state(grant, node)) {
                    self.push(at, place, Wanted::Grant(grant.clone(), state));
                }
                continue;
            };
            let section = Section { map: more, path: "" };
            section.only(&["state", "since", "until", "due", "frozen"], faults);
            if let Some(state) = section.read("state", faults, |key, node, _| state(key, node)) {
                self.push(at, place, Wanted::Grant(grant.clone(), state));
            }
            let dates =
                [("since", Dated::Since), ("until", Dated::Until), ("due", Dated::Due), ("frozen", Dated::Frozen)];
            for (key, dated) in dates {
                let date = |_: &str, node: &Node, written: &str| match written {
                    "never" => Ok(None),
                    _ => instant(written, node, self.zone).map(Some),
                };
                let place = more.get(key).map(|node| node.span.clone());
                if let Some((date, place)) = section.read(key, faults, date).zip(place) {
                    self.push(at, place, Wanted::Date(grant.clone(), dated, date));
                }
            }
        }
    }

    /// An entry of a token: `basic since 2027-01-01 until 2027-02-01`.
    fn entry(&self, key: &str, node: &Node, at: Timestamp) -> Result<Entitlement, Fault> {
        let text = text(key, node)?;
        let mut parts = text.split(' ');
        let id = Node { value: Value::Text(parts.next().unwrap_or_default().to_owned()), span: node.span.clone() };
        let value = self.id(key, &id, at)?;
        let rest = text.split_once(' ').map_or("", |(_, rest)| rest);
        let date = |word: &str| -> Result<Option<Timestamp>, Fault> {
            let Some((_, after)) = rest.split_once(&format!("{word} ")) else { return Ok(None) };
            let ends = [" until ", " frozen "].iter().filter_map(|word| after.find(word)).min().unwrap_or(after.len());
            let written = after.get(..ends).unwrap_or(after);
            let date: Option<Date> = dates::parse(written, self.zone);
            date.map(|date| Some(date.first)).ok_or_else(|| no_date(written, node.span.clone()))
        };
        let Some(since) = date("since")? else {
            let fault = Fault::new(format!("`{text}` does not say since when"), node.span.clone());
            return Err(fault.help("write it like `basic since 2027-01-01 until 2027-02-01`"));
        };
        Ok(Entitlement { value, since, until: date("until")?, frozen: date("frozen")? })
    }

    /// `credit: {grant: basic-monthly, to: pro-monthly, amount: 450}`.
    fn credit(&self, node: &Node, at: Timestamp, faults: &mut Faults<'_>) -> Result<Wanted, Fault> {
        let help = "write `credit: {grant: NAME, to: PRODUCT, amount: 450}`, in minor units";
        let Value::Map(map) = &node.value else {
            return Err(wrong("credit", &node.value, "a map", node).help(help));
        };
        let section = Section { map, path: "credit." };
        section.only(&["grant", "to", "amount"], faults);
        let word = |key: &str, node: &Node, _: &str| text(key, node).map(str::to_owned);
        let grant = section.read("grant", faults, word);
        let to = section.read("to", faults, word);
        let amount = section.read("amount", faults, |key, node, _| match &node.value {
            Value::Number(number) if number.is_u64() => Ok(number.as_u64().unwrap_or_default()),
            other => Err(wrong(key, other, "a whole number", node)),
        });
        let (Some(grant), Some(to), Some(amount)) = (grant, to, amount) else {
            return Err(Fault::new("this credit is not whole", node.span.clone()).help(help));
        };
        let site = self.sites.iter().rev().find(|(from, _)| *from <= at).map(|(_, site)| site);
        let product = site.and_then(|site| site.products.iter().find(|product| product.id.as_str() == to));
        match product.filter(|_| self.names.contains_key(&grant)) {
            Some(product) => Ok(Wanted::Credit(grant, product.id.clone(), amount)),
            None => Err(Fault::new("there is no such grant, or no such product", node.span.clone()).help(help)),
        }
    }
}

/// One value, or a list of them.
fn each<T>(key: &str, node: &Node, read: impl Fn(&str, &Node) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    match &node.value {
        Value::List(items) => items.iter().map(|item| read(key, item)).collect(),
        Value::Text(text) if text == "nothing" => Ok(Vec::new()),
        _ => Ok(vec![read(key, node)?]),
    }
}

fn path(key: &str, node: &Node) -> Result<String, Fault> {
    let path = text(key, node)?;
    if path.starts_with('/') && path.ends_with('/') {
        return Ok(path.to_owned());
    }
    Err(Fault::new(format!("`{path}` is no page"), node.span.clone()).help("write it like `/course/one/`"))
}

fn state(_: &str, node: &Node) -> Result<Option<State>, Fault> {
    let written = text("grants", node)?;
    if written == "absent" {
        return Ok(None);
    }
    let found = State::ALL.into_iter().find(|state| state.as_str() == written);
    let known = || State::ALL.into_iter().map(State::as_str).chain(["absent"]);
    found.map(Some).ok_or_else(|| unknown("state", written, known().collect(), node))
}

fn topic(_: &str, node: &Node) -> Result<Topic, Fault> {
    let written = text("told", node)?;
    let found = Topic::ALL.iter().copied().find(|topic| topic.as_str() == written);
    found.ok_or_else(|| unknown("notification", written, Topic::ALL.iter().map(|topic| topic.as_str()).collect(), node))
}

fn code(_: &str, node: &Node) -> Result<Code, Fault> {
    let written = text("remarks", node)?;
    let found = Code::ALL.into_iter().find(|code| code.as_str() == written);
    found.ok_or_else(|| unknown("remark", written, Code::ALL.into_iter().map(Code::as_str).collect(), node))
}

fn unknown(what: &str, written: &str, known: Vec<&str>, node: &Node) -> Fault {
    let fault = Fault::new(format!("there is no {what} `{written}`"), node.span.clone());
    match nearest(written, known.iter().copied()) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help(format!("there are {}", known.join(", "))),
    }
}
