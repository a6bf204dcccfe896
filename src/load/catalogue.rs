//! The `access` section of `site.yaml`: tiers, bundles, and what becomes of access that is not paid.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

use std::ops::Range;

use super::config::{Section, address, days, length, period, words};
use super::document::{Fault, Node, Value};
use super::reading::{Faults, boolean, wrong};
use crate::access::catalogue::{Bundle, Cancellation, Catalogue, CatalogueFault, Tier};
use crate::config::{Billing, Overdue, Rejoin};
use crate::diagnostic::Spanned;
use crate::id::{Id, IdError};
use crate::time::period::Period;

/// What the section says; no catalogue where it has a fault.
pub(super) struct Declared {
    pub(super) catalogue: Option<Catalogue>,
    pub(super) billing: Billing,
    /// Where its tiers and bundles are written, in their order.
    pub(super) written: Vec<Written>,
}

/// Where a tier or a bundle is written, for faults that only its products show.
pub(super) struct Written {
    pub(super) id: Spanned<Id>,
    pub(super) expires_after: Option<Range<usize>>,
    /// `price` and `buy`.
    pub(super) words: Vec<(&'static str, Range<usize>)>,
}

const KEYS: [&str; 8] =
    ["default", "tiers", "bundles", "default_tier", "cancellation", "overdue", "overdue_max", "rejoin"];
const TIER_KEYS: [&str; 9] =
    ["id", "title", "free", "price", "buy", "also", "includes", "expires_after", "downgrade_to"];
const BUNDLE_KEYS: [&str; 7] = ["id", "title", "free", "price", "buy", "also", "expires_after"];

pub(super) fn read(section: Option<&Section<'_>>, faults: &mut Faults<'_>) -> Declared {
    let mut billing = Billing { overdue: Overdue::Revoke, overdue_max: days(30), rejoin: Rejoin::Restart };
    let Some(section) = section else {
        return Declared { catalogue: Some(Catalogue::empty()), billing, written: Vec::new() };
    };
    section.only(&KEYS, faults);
    billing.overdue =
        section.choose("overdue", faults, &[("revoke", Overdue::Revoke), ("keep", Overdue::Keep)]).unwrap_or_default();
    billing.overdue_max = section.read("overdue_max", faults, length).unwrap_or(billing.overdue_max);
    billing.rejoin = section
        .choose("rejoin", faults, &[("restart", Rejoin::Restart), ("resume", Rejoin::Resume)])
        .unwrap_or_default();
    let modes = [("hard", Cancellation::Hard), ("keep-unlocked", Cancellation::KeepUnlocked)];
    let cancellation = section.choose("cancellation", faults, &modes).unwrap_or_default();

    let mut places = Places::default();
    let tiers = controls(section, "tiers", faults);
    let bundles = controls(section, "bundles", faults);
    let default_tier = section.map.get("default_tier").map(|node| faults.keep(id("access.default_tier", node, faults)));
    let (Some(tiers), Some(bundles)) = (tiers, bundles) else {
        return Declared { catalogue: None, billing, written: Vec::new() };
    };
    for control in tiers.iter().chain(&bundles) {
        places.declared.push(control.id.clone());
        places.declared.extend(control.also.iter().cloned());
        places.values.extend(control.values());
    }
    let written = tiers.iter().chain(&bundles).map(Control::written).collect();
    let known = |id: &Id| bundles.iter().any(|bundle| bundle.id.value == *id);
    let included = tiers.iter().flat_map(|tier| &tier.includes);
    places.unknown_includes = included.filter(|include| !known(&include.value)).cloned().collect();
    let section_place = section.map.entry("bundles").map_or(0..0, |(key, _)| key.span.clone());
    places.default_tier = section.map.get("default_tier").map_or(section_place, |node| node.span.clone());
    // A default tier that is no id was reported above: a second fault about it would say nothing new.
    if default_tier == Some(None) {
        return Declared { catalogue: None, billing, written };
    }
    let tiers = tiers.into_iter().map(Control::into_tier).collect();
    let bundles = bundles.into_iter().map(Control::into_bundle).collect();
    let default_tier = default_tier.flatten().map(|id| id.value);
    let catalogue = match Catalogue::new(tiers, bundles, default_tier, cancellation) {
        Ok(catalogue) => Some(catalogue),
        Err(found) => {
            for fault in found {
                faults.error(places.fault(fault));
            }
            None
        }
    };
    Declared { catalogue, billing, written }
}

/// Where ids stand, to show the faults of the catalogue.
#[derive(Default)]
struct Places {
    /// Ids and former ids, tiers before bundles.
    declared: Vec<Spanned<Id>>,
    unknown_includes: Vec<Spanned<Id>>,
    /// Values beside ids, by id and key.
    values: Vec<(Id, &'static str, Range<usize>)>,
    default_tier: Range<usize>,
}

impl Places {
    fn fault(&mut self, fault: CatalogueFault) -> Fault {
        let CatalogueFault { id, occurrence, key, message, help } = fault;
        let same = |spanned: &&Spanned<Id>| Some(&spanned.value) == id.as_ref();
        let mut found = Fault { help, ..Fault::new(message, self.default_tier.clone()) };
        if let Some(key) = key {
            let beside = |value: &&(Id, &str, Range<usize>)| Some(&value.0) == id.as_ref() && value.1 == key;
            if let Some((_, _, span)) = self.values.iter().find(beside) {
                found.span = span.clone();
            }
        } else if occurrence > 0 {
            found.also = self.declared.iter().find(same).map(|first| first.span.clone());
            if let Some(again) = self.declared.iter().filter(same).nth(occurrence) {
                found.span = again.span.clone();
            }
        } else if let Some(index) = self.unknown_includes.iter().position(|spanned| same(&spanned)) {
            found.span = self.unknown_includes.remove(index).span;
        }
        found
    }
}

/// A tier or a bundle as it is written.
struct Control {
    id: Spanned<Id>,
    title: String,
    free: bool,
    price: Option<String>,
    buy: Option<String>,
    also: Vec<Spanned<Id>>,
    includes: Vec<Spanned<Id>>,
    expires_after: Option<Spanned<Period>>,
    downgrade_to: Option<Spanned<Id>>,
    words: Vec<(&'static str, Range<usize>)>,
}

impl Control {
    /// Where the values stand that the catalogue may find a fault with.
    fn values(&self) -> impl Iterator<Item = (Id, &'static str, Range<usize>)> {
        let expires = self.expires_after.as_ref().map(|period| ("expires_after", period.span.clone()));
        let downgrade = self.downgrade_to.as_ref().map(|id| ("downgrade_to", id.span.clone()));
        expires.into_iter().chain(downgrade).map(|(key, span)| (self.id.value.clone(), key, span))
    }

    fn written(&self) -> Written {
        Written {
            id: self.id.clone(),
            expires_after: self.expires_after.as_ref().map(|period| period.span.clone()),
            words: self.words.clone(),
        }
    }

    fn into_tier(self) -> Tier {
        let Self { id, title, free, price, buy, also, includes, expires_after, downgrade_to, words: _ } = self;
        Tier {
            id: id.value,
            title,
            free,
            price,
            buy,
            also: plain(also),
            includes: plain(includes),
            expires_after: expires_after.map(|period| period.value),
            downgrade_to: downgrade_to.map(|id| id.value),
        }
    }

    fn into_bundle(self) -> Bundle {
        let Self { id, title, free, price, buy, also, expires_after, includes: _, downgrade_to: _, words: _ } = self;
        let expires_after = expires_after.map(|period| period.value);
        Bundle { id: id.value, title, free, price, buy, also: plain(also), expires_after }
    }
}

fn plain(ids: Vec<Spanned<Id>>) -> Vec<Id> {
    ids.into_iter().map(|id| id.value).collect()
}

/// The tiers or the bundles; `None` where one of them has no id.
fn controls(section: &Section<'_>, key: &str, faults: &mut Faults<'_>) -> Option<Vec<Control>> {
    let Some(node) = section.map.get(key) else { return Some(Vec::new()) };
    let Value::List(items) = &node.value else {
        let fault = wrong(&format!("access.{key}"), &node.value, "a list", node);
        faults.error(fault.help("write `- {id: …, title: …}`, one on each line"));
        return None;
    };
    let controls: Vec<_> = items.iter().map(|item| control(item, key, faults)).collect();
    controls.into_iter().collect()
}

fn control(node: &Node, list: &str, faults: &mut Faults<'_>) -> Option<Control> {
    let (kind, keys) = if list == "tiers" { ("tier", &TIER_KEYS[..]) } else { ("bundle", &BUNDLE_KEYS[..]) };
    let Value::Map(map) = &node.value else {
        let message = format!("an item of `access.{list}` is {}, not a map", node.value.kind());
        faults.error(Fault::new(message, node.span.clone()).help("write `- {id: …, title: …}`"));
        return None;
    };
    let section = Section { map, path: "" };
    section.only(keys, faults);
    let Some(written) = map.get("id") else {
        faults.error(Fault::new(format!("this {kind} has no id"), node.span.clone()));
        return None;
    };
    let id = faults.keep(id("id", written, faults));
    let also = section.read_list("also", faults, id_in);
    let includes = section.read_list("includes", faults, id_in);
    let title = section.read("title", faults, words);
    let free = section.read("free", faults, |key, node, _| boolean(key, node)).unwrap_or(false);
    let price = section.read("price", faults, words);
    let buy = section.read("buy", faults, address);
    let expires_after = section.read("expires_after", faults, period);
    let downgrade_to = map.get("downgrade_to").and_then(|node| faults.keep(self::id("downgrade_to", node, faults)));
    let words = ["price", "buy"].into_iter().filter_map(|key| Some((key, map.entry(key)?.0.span.clone())));
    let words = words.collect();
    let id = id?;
    let title = title.unwrap_or_else(|| id.value.to_string());
    Some(Control { id, title, free, price, buy, also, includes, expires_after, downgrade_to, words })
}

pub(super) fn id(key: &str, node: &Node, faults: &Faults<'_>) -> Result<Spanned<Id>, Fault> {
    match &node.value {
        Value::Number(_) | Value::Bool(_) => parse_id(faults.written(&node.span), node),
        _ => id_in(key, node),
    }
}

fn id_in(key: &str, node: &Node) -> Result<Spanned<Id>, Fault> {
    match &node.value {
        Value::Text(text) => parse_id(text, node),
        Value::Number(number) => parse_id(&number.to_string(), node),
        other => Err(wrong(key, other, "an id", node)),
    }
}

fn parse_id(text: &str, node: &Node) -> Result<Spanned<Id>, Fault> {
    text.parse().map(|id| Spanned::new(id, node.span.clone())).map_err(|error: IdError| {
        let message = match error {
            IdError::Reserved => format!("the id `{text}` is a reserved word"),
            other => format!("`{text}` is no id: {other}"),
        };
        Fault::new(message, node.span.clone())
    })
}
