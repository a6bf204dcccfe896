//! The events of a timeline: `2027-01-01: {buys: basic-monthly}`.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::super::config::Section;
use super::super::document::{Fault, Map, Node, Value};
use super::super::reading::{Faults, boolean, text, wrong};
use super::instant;
use crate::config::Config;
use crate::config::product::{Billing, Money};
use crate::diagnostic::nearest;
use crate::id::Id;
use crate::members::event::{By, Event, PaidFor, Terms, What, Why};
use crate::time::period::Period;
use crate::time::{Date, Timestamp};

/// What happens, as far as it was read.
pub(super) struct Story<'a> {
    sites: &'a [(Timestamp, Config)],
    zone: &'a TimeZone,
    pub(super) events: Vec<Event>,
    /// What grants are called, with what is known of each.
    pub(super) names: BTreeMap<String, Known>,
}

/// What is known of a grant.
#[derive(Default)]
pub(super) struct Known {
    terms: Option<Terms>,
    payments: Vec<(String, u64)>,
}

/// What can happen, and what can be said of it.
const VERBS: [(&str, &[&str]); 14] = [
    ("joins", &[]),
    ("buys", &["as", "paid", "trial_until"]),
    ("pays", &["amount", "for", "from", "until", "payment", "times"]),
    ("fails", &[]),
    ("cancels", &["by", "until"]),
    ("uncancels", &[]),
    ("switches", &["to"]),
    ("refunds", &["amount", "payment"]),
    ("disputes", &["payment"]),
    ("takes", &["as", "since", "until"]),
    ("given", &["as", "since", "until"]),
    ("imported", &["as", "since", "until"]),
    ("revokes", &[]),
    ("erased", &[]),
];

/// One thing that happens, as it is written.
struct Line<'m> {
    section: Section<'m>,
    verb: &'static str,
    object: String,
    node: &'m Node,
    at: Timestamp,
}

impl<'a> Story<'a> {
    pub(super) fn new(sites: &'a [(Timestamp, Config)], zone: &'a TimeZone) -> Self {
        Self { sites, zone, events: Vec::new(), names: BTreeMap::new() }
    }

    /// Reads what happens at a date: one thing, or a list.
    pub(super) fn read(&mut self, date: Date, node: &Node, faults: &mut Faults<'_>) {
        let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
        for item in items {
            let read = match &item.value {
                Value::Text(word) if word == "joins" || word == "erased" => {
                    let map = Map::default();
                    let verb = if word == "joins" { "joins" } else { "erased" };
                    let section = Section { map: &map, path: "" };
                    let line = Line { section, verb, object: String::new(), node: item, at: date.first };
                    self.line(&line, faults)
                }
                Value::Map(map) => match self.parts(map, item, date.first, faults) {
                    Some(line) => self.line(&line, faults),
                    None => Ok(()),
                },
                other => Err(wrong("events", other, "something that happens", item)
                    .help("write `{buys: PRODUCT}`, `{pays: NAME}`, `{cancels: NAME}`, `joins` or `erased`")),
            };
            faults.keep(read);
        }
    }

    fn parts<'m>(&self, map: &'m Map, node: &'m Node, at: Timestamp, faults: &mut Faults<'_>) -> Option<Line<'m>> {
        let verb = VERBS.iter().find(|(verb, _)| map.get(verb).is_some());
        let Some((verb, keys)) = verb else {
            let first = map.entries.first().map(|(key, _)| key);
            let verbs = || VERBS.iter().map(|(verb, _)| *verb);
            let near = first.and_then(|key| nearest(&key.value, verbs()));
            let fault =
                Fault::new("nothing is said that happens", first.map_or(node.span.clone(), |key| key.span.clone()));
            faults.error(match near {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help(format!("what can happen is {}", verbs().collect::<Vec<_>>().join(", "))),
            });
            return None;
        };
        let section = Section { map, path: "" };
        section.only(&[&[*verb], *keys].concat(), faults);
        let object = match map.get(verb).map(|node| &node.value) {
            Some(Value::Bool(true)) if *verb == "joins" || *verb == "erased" => String::new(),
            _ => section.read(verb, faults, |key, node, _| text(key, node).map(str::to_owned))?,
        };
        Some(Line { section, verb, object, node, at })
    }

    fn line(&mut self, line: &Line<'_>, faults: &mut Faults<'_>) -> Result<(), Fault> {
        match line.verb {
            "joins" => self.push(line.at, What::Joined {}),
            "erased" => self.push(line.at, What::Erased {}),
            "buys" => return self.buys(line, faults),
            "takes" => return self.given(line, Why::Free, faults),
            "given" => return self.given(line, Why::Complimentary, faults),
            "imported" => return self.given(line, Why::Imported, faults),
            "pays" => return self.pays(line, faults),
            "switches" => return self.switches(line, faults),
            "refunds" => return self.refunds(line, faults),
            _ => {
                let grant = self.known(line)?;
                let what = match line.verb {
                    "fails" => What::PaymentFailed { grant },
                    "uncancels" => What::Uncancelled { grant },
                    "disputes" => {
                        let text = |key: &str, node: &Node, _: &str| text(key, node).map(str::to_owned);
                        What::Disputed { grant, payment: line.section.read("payment", faults, text) }
                    }
                    "revokes" => What::Revoked { grant },
                    _ => {
                        let by = [("member", By::Member), ("admin", By::Admin), ("provider", By::Provider)];
                        let by = line.section.choose("by", faults, &by).unwrap_or(By::Member);
                        What::Cancelled { grant, by, until: self.date(line, "until", faults) }
                    }
                };
                self.push(line.at, what);
            }
        }
        Ok(())
    }

    fn push(&mut self, at: Timestamp, what: What) {
        let id = format!("{:04}", self.events.len() + 1);
        self.events.push(Event { source: "timeline".to_owned(), id, at, member: "m_timeline".to_owned(), what });
    }

    fn date(&self, line: &Line<'_>, key: &str, faults: &mut Faults<'_>) -> Option<Timestamp> {
        line.section.read(key, faults, |_, node, written| instant(written, node, self.zone))
    }

    /// The place of what a line is about.
    fn place(line: &Line<'_>) -> std::ops::Range<usize> {
        line.section.map.get(line.verb).map_or(line.node.span.clone(), |node| node.span.clone())
    }

    /// A grant that was named before. A name that was not is most often a slip.
    fn known(&self, line: &Line<'_>) -> Result<String, Fault> {
        if self.names.contains_key(&line.object) {
            return Ok(line.object.clone());
        }
        let fault = Fault::new(format!("there is no grant `{}` up to here", line.object), Self::place(line));
        let near = nearest(&line.object, self.names.keys().map(String::as_str));
        Err(match near {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("a grant is called like its product, its tier or its bundle, or as `as:` says"),
        })
    }

    fn site(&self, at: Timestamp) -> Option<&'a Config> {
        self.sites.iter().rev().find(|(from, _)| *from <= at).map(|(_, site)| site)
    }

    /// The terms of a product on a day.
    fn terms(&self, product: &str, at: Timestamp, place: std::ops::Range<usize>) -> Result<Terms, Fault> {
        let products = self.site(at).map(|site| site.products.as_slice()).unwrap_or_default();
        let Some(found) = products.iter().find(|known| known.id.as_str() == product) else {
            let fault = Fault::new(format!("there is no product `{product}`"), place);
            return Err(match nearest(product, products.iter().map(|product| product.id.as_str())) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help("products stand under `products:`"),
            });
        };
        Ok(Terms::of(found, self.expiry(&found.sells, at)))
    }

    fn expiry(&self, id: &Id, at: Timestamp) -> Option<Period> {
        let catalogue = self.site(at).map(|site| &site.catalogue)?;
        let tier = catalogue.tier(id).and_then(|tier| tier.expires_after);
        tier.or_else(|| catalogue.bundle(id).and_then(|bundle| bundle.expires_after))
    }

    /// The name of a new grant.
    fn name(&mut self, line: &Line<'_>, faults: &mut Faults<'_>) -> Result<String, Fault> {
        let name = line.section.read("as", faults, |key, node, _| text(key, node).map(str::to_owned));
        let name = name.unwrap_or_else(|| line.object.clone());
        if self.names.contains_key(&name) {
            let fault = Fault::new(format!("there is a grant `{name}` already"), Self::place(line));
            return Err(fault.help("give this one a name of its own: `as: second`"));
        }
        Ok(name)
    }

    fn buys(&mut self, line: &Line<'_>, faults: &mut Faults<'_>) -> Result<(), Fault> {
        let terms = self.terms(&line.object, line.at, Self::place(line))?;
        let grant = self.name(line, faults)?;
        let trial_until = self.date(line, "trial_until", faults);
        let paid = line.section.read("paid", faults, |key, node, _| boolean(key, node)).unwrap_or(true);
        let trial = trial_until.is_some() || terms.trial.is_some();
        let (amount, paid_for) = match (trial, terms.trial) {
            (true, trial) => (trial.map_or(0, |trial| trial.amount), PaidFor::Trial {}),
            (false, _) => (terms.price.amount, PaidFor::Period { start: None, end: None }),
        };
        let known = Known { terms: Some(terms.clone()), payments: Vec::new() };
        self.names.insert(grant.clone(), known);
        let price = terms.price;
        self.push(line.at, What::Purchased { grant: grant.clone(), terms, trial_until });
        if paid && amount > 0 {
            self.pay(line.at, &grant, None, (Money { amount, ..price }, paid_for));
        }
        Ok(())
    }

    fn pay(&mut self, at: Timestamp, grant: &str, name: Option<String>, (paid, paid_for): (Money, PaidFor)) {
        let Some(known) = self.names.get_mut(grant) else { return };
        let payment = name.unwrap_or_else(|| format!("{grant}/{}", known.payments.len() + 1));
        known.payments.push((payment.clone(), paid.amount));
        self.push(at, What::PaymentSucceeded { grant: grant.to_owned(), payment, paid, paid_for });
    }

    fn pays(&mut self, line: &Line<'_>, faults: &mut Faults<'_>) -> Result<(), Fault> {
        let grant = self.known(line)?;
        let section = &line.section;
        let terms = self.names.get(&grant).and_then(|known| known.terms.clone());
        let price = terms.as_ref().map(|terms| terms.price);
        let amount = section.read("amount", faults, amount);
        let currency = price.map(|price| price.currency).or_else(|| "eur".parse().ok());
        let (Some(amount), Some(currency)) = (amount.or(price.map(|price| price.amount)), currency) else {
            let fault = Fault::new(format!("`{grant}` has no price"), Self::place(line));
            return Err(fault.help("say how much: `amount: 900`"));
        };
        let choices = [("period", 0), ("trial", 1), ("proration", 2)];
        let kind = section.choose("for", faults, &choices).unwrap_or(0);
        let (start, end) = (self.date(line, "from", faults), self.date(line, "until", faults));
        let paid_for = match kind {
            1 => PaidFor::Trial {},
            2 => PaidFor::Proration {},
            _ => PaidFor::Period { start, end },
        };
        let name = section.read("payment", faults, |key, node, _| text(key, node).map(str::to_owned));
        let times = section.read("times", faults, |key, node, _| match &node.value {
            Value::Number(number) => number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
                .filter(|it| (1..=600).contains(it))
                .ok_or_else(|| Fault::new(format!("`{key}` is a number from 1 to 600"), node.span.clone())),
            other => Err(wrong(key, other, "a number", node)),
        });
        let every = terms.as_ref().and_then(|terms| match terms.billing {
            Billing::Once => None,
            Billing::Subscription { every } | Billing::Plan { every, .. } => Some(every),
        });
        for number in 0..times.unwrap_or(1) {
            let at = every.map_or(line.at, |every| every.after(line.at, number, self.zone));
            self.pay(at, &grant, name.clone(), (Money { amount, currency }, paid_for));
        }
        Ok(())
    }

    fn switches(&mut self, line: &Line<'_>, faults: &mut Faults<'_>) -> Result<(), Fault> {
        let grant = self.known(line)?;
        let place = line.section.map.get("to").map_or(line.node.span.clone(), |node| node.span.clone());
        let to = line.section.read("to", faults, |key, node, _| text(key, node).map(str::to_owned));
        let Some(to) = to else {
            let fault = Fault::new("it is not said what is switched to", place);
            return Err(fault.help("name a product: `to: pro-monthly`"));
        };
        let terms = self.terms(&to, line.at, place)?;
        if let Some(known) = self.names.get_mut(&grant) {
            known.terms = Some(terms.clone());
        }
        self.push(line.at, What::Switched { grant, terms });
        Ok(())
    }

    fn refunds(&mut self, line: &Line<'_>, faults: &mut Faults<'_>) -> Result<(), Fault> {
        let grant = self.known(line)?;
        let known = self.names.get(&grant);
        let name = line.section.read("payment", faults, |key, node, _| text(key, node).map(str::to_owned));
        let payments = known.map(|known| known.payments.as_slice()).unwrap_or_default();
        let payment = payments.iter().rev().find(|(known, _)| name.as_ref().is_none_or(|name| name == known));
        let Some((payment, paid)) = payment.cloned() else {
            let fault = Fault::new(format!("nothing was paid for `{grant}` up to here"), Self::place(line));
            return Err(fault.help(format!("payments are called `{grant}/1`, `{grant}/2` and so on")));
        };
        let currency = known.and_then(|known| known.terms.as_ref()).map(|terms| terms.price.currency);
        let Some(currency) = currency.or_else(|| "eur".parse().ok()) else { return Ok(()) };
        let amount = line.section.read("amount", faults, amount).unwrap_or(paid);
        let refunded = Money { amount, currency };
        self.push(line.at, What::Refunded { grant, payment, refunded, full: amount >= paid });
        Ok(())
    }

    fn given(&mut self, line: &Line<'_>, why: Why, faults: &mut Faults<'_>) -> Result<(), Fault> {
        let id = line
            .object
            .parse::<Id>()
            .map_err(|error| Fault::new(format!("`{}` is no id: {error}", line.object), Self::place(line)))?;
        let catalogue = self.site(line.at).map(|site| &site.catalogue);
        if catalogue.is_some_and(|catalogue| catalogue.kind(&id).is_none()) {
            let fault = Fault::new(format!("unknown tier or bundle `{id}`"), Self::place(line));
            let near = catalogue.and_then(|catalogue| catalogue.nearest(id.as_str()));
            return Err(match near {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault,
            });
        }
        let grant = self.name(line, faults)?;
        let (since, until) = (self.date(line, "since", faults), self.date(line, "until", faults));
        let expires_after = if why == Why::Free { self.expiry(&id, line.at) } else { None };
        self.names.insert(grant.clone(), Known::default());
        self.push(line.at, What::Granted { grant, access_control: id, why, since, until, expires_after });
        Ok(())
    }
}

/// An amount in minor units.
fn amount(key: &str, node: &Node, written: &str) -> Result<u64, Fault> {
    let number = if let Value::Number(number) = &node.value { number.as_u64() } else { None };
    number.ok_or_else(|| {
        Fault::new(format!("`{key}` cannot be `{written}`"), node.span.clone())
            .help("write a whole number of minor units: `amount: 900` is 9.00")
    })
}
