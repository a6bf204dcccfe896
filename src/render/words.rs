//! What opens something, in the site's words.

pub mod price;

use jiff::tz::TimeZone;

use crate::access::catalogue::Catalogue;
use crate::access::tags::{Drip, Name, Tag};
use crate::config::product::Product;
use crate::id::Id;
use crate::plan::Form;
use crate::plan::view::Terms;
use crate::render::context::{self, Moment, Offer, Paywall, Way};
use crate::render::theme::Strings;
use crate::time::{Date, Length, Timestamp};

/// Strings, titles and prices.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The theme's strings.
    pub strings: &'a Strings,
    /// Tiers and bundles.
    pub catalogue: &'a Catalogue,
    /// What sells them.
    pub products: &'a [Product],
    /// The site's time zone.
    pub zone: &'a TimeZone,
    /// The clock of the build: ways in that are over are not named.
    pub clock: Timestamp,
}

/// What a way in costs at first: by currency, then by amount. Unknown comes last.
type Cost = (usize, u64);
const UNKNOWN: Cost = (usize::MAX, u64::MAX);

impl<'a> Words<'a> {
    /// A string by its key.
    #[must_use]
    pub fn get(&self, key: &'a str) -> &'a str {
        self.strings.get(key)
    }

    /// A date in words.
    #[must_use]
    pub fn day(&self, date: &Date) -> Moment {
        self.strings.day(date)
    }

    /// `Pro`, `Pro or Rust from zero`, `Basic together with Rust from zero`.
    #[must_use]
    pub fn label(&self, tags: &[Tag]) -> String {
        let closed = |tag: &&Tag| !tag.is_public() && !self.is_over(tag);
        let mut ways: Vec<String> = tags.iter().filter(closed).map(|tag| self.way_label(tag)).collect();
        ways.dedup();
        if ways.is_empty() { self.get("everyone").to_owned() } else { ways.join(&format!(" {} ", self.get("or"))) }
    }

    fn way_label(&self, tag: &Tag) -> String {
        let names: Vec<&str> = self.named(tag).filter_map(|id| self.catalogue.title(id)).collect();
        names.join(&format!(" {} ", self.get("with")))
    }

    /// What an entry says to those who have what opens it, and wait.
    #[must_use]
    pub fn later(&self, terms: &Terms<'_>, after: Option<Length>) -> String {
        let days = after.map_or(0, |after| (after.seconds() + DAY - 1) / DAY);
        match (terms.release, days) {
            (Some(date), _) => {
                self.strings.fill("waits_date", &[("date", &self.strings.from(date.first, self.zone).text)])
            }
            (None, 0) => self.get("waits").to_owned(),
            (None, 1) => self.get("waits_day").to_owned(),
            (None, days) => self.strings.fill("waits_days", &[("count", &days.to_string())]),
        }
    }

    /// What a closed block says.
    #[must_use]
    pub fn closed_block(&self, tags: &[Tag], drip: &Drip) -> String {
        let names = self.label(tags);
        let days = if let Drip::All(after) = drip { (after.seconds() + DAY - 1) / DAY } else { 0 };
        match days {
            0 => self.strings.fill("block_locked", &[("names", &names)]),
            1 => self.strings.fill("block_locked_day", &[("names", &names)]),
            days => self.strings.fill("block_locked_days", &[("names", &names), ("count", &days.to_string())]),
        }
    }

    /// What opens a page: ways whose price is known first, the cheapest before the others.
    #[must_use]
    pub fn paywall(&self, terms: &Terms<'_>, form: Form) -> Paywall {
        let ways = terms.tags.iter().filter(|tag| !self.is_over(tag)).map(|tag| {
            let (cost, needs) = self.needs(tag);
            let from = tag.from.filter(|from| *from > self.clock).map(|from| self.strings.from(from, self.zone));
            (cost, Way { needs, from, until: tag.until.map(|until| self.strings.until(until, self.zone)) })
        });
        let mut ways: Vec<(Cost, Way)> = ways.collect();
        ways.sort_by_key(|(cost, _)| *cost);
        Paywall {
            state: if form == Form::Waiting { "waiting" } else { "locked" },
            ways: ways.into_iter().map(|(_, way)| way).collect(),
            opens: terms.release.map(|date| self.strings.from(date.first, self.zone)),
            drip_days: (terms.drip.seconds() + DAY - 1) / DAY,
        }
    }

    fn is_over(&self, tag: &Tag) -> bool {
        tag.until.is_some_and(|until| until <= self.clock)
    }

    /// The ids that a tag names; of `members`, the lowest tier.
    fn named(&self, tag: &'a Tag) -> impl Iterator<Item = &'a Id> {
        let lowest = self.catalogue.tiers().first().map(|tier| &tier.id);
        tag.names.iter().filter_map(move |name| match name {
            Name::Public => None,
            Name::Members => lowest,
            Name::Id(id) => Some(id),
        })
    }

    /// What a tag needs, and what all of it costs together.
    fn needs(&self, tag: &Tag) -> (Cost, Vec<Offer>) {
        let mut ids: Vec<Id> = Vec::new();
        for id in self.named(tag).map(|id| self.got_by(id)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let (costs, needs): (Vec<Cost>, Vec<Offer>) = ids.iter().filter_map(|id| self.offer(id)).unzip();
        (sum(&costs), needs)
    }

    /// What somebody who wants this is offered: itself; or, where products sell it only by way of a tier that opens it too,
    /// the lowest such tier.
    fn got_by(&self, id: &Id) -> Id {
        let is_sold = |id: &Id| self.products.iter().any(|product| product.sells == *id);
        let itself = self.catalogue.tier(id).map(|tier| tier.price.is_some() || tier.buy.is_some());
        let itself = itself.or(self.catalogue.bundle(id).map(|bundle| bundle.price.is_some() || bundle.buy.is_some()));
        if is_sold(id) || self.catalogue.is_free(id) || itself.unwrap_or(false) {
            return id.clone();
        }
        let opening = self.catalogue.opened_by(id);
        let above =
            self.catalogue.tiers().iter().map(|tier| &tier.id).find(|tier| opening.contains(tier) && is_sold(tier));
        above.unwrap_or(id).clone()
    }

    fn offer(&self, id: &Id) -> Option<(Cost, Offer)> {
        let mut sold: Vec<&Product> = self.products.iter().filter(|product| product.sells == *id).collect();
        let cost = |product: &Product| price::cost(self.products, product.price);
        sold.sort_by_key(|product| cost(product));
        let first = sold.first().map(|product| cost(product));
        let products: Vec<context::Product> = sold.into_iter().map(|product| self.product(product)).collect();
        let (kind, title, free, price, buy) = match (self.catalogue.tier(id), self.catalogue.bundle(id)) {
            (Some(tier), _) => ("tier", &tier.title, tier.free, &tier.price, &tier.buy),
            (None, Some(bundle)) => ("bundle", &bundle.title, bundle.free, &bundle.price, &bundle.buy),
            (None, None) => return None,
        };
        // Products take the place of the words beside an id; a theme that knows of none of them shows the cheapest.
        let (price, buy) = match products.first() {
            Some(product) => (product.price.clone(), product.buy.clone()),
            None => (price.clone().unwrap_or_default(), buy.clone()),
        };
        let cost = first.unwrap_or(if free && !self.products.is_empty() { (0, 0) } else { UNKNOWN });
        Some((cost, Offer { id: id.to_string(), title: title.clone(), kind, price, buy, free, products }))
    }
}

/// What is needed together costs together; unknown where a part is, or where currencies differ.
fn sum(costs: &[Cost]) -> Cost {
    let mut paid = costs.iter().filter(|(_, amount)| *amount > 0);
    let Some(&(currency, mut total)) = paid.next() else {
        return if costs.is_empty() { UNKNOWN } else { (0, 0) };
    };
    for (other, amount) in paid {
        if *other != currency {
            return UNKNOWN;
        }
        total = total.saturating_add(*amount);
    }
    (currency, total)
}

/// Seconds.
const DAY: i64 = 86_400;
