//! What opens something, in the site's words.

use jiff::tz::TimeZone;

use crate::access::catalogue::Catalogue;
use crate::access::tags::{Drip, Name, Tag};
use crate::id::Id;
use crate::plan::Form;
use crate::plan::view::Terms;
use crate::render::context::{Moment, Offer, Paywall, Way};
use crate::render::theme::Strings;
use crate::time::{Date, Length, Timestamp};

/// Strings, titles and prices.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The theme's strings.
    pub strings: &'a Strings,
    /// Tiers and bundles.
    pub catalogue: &'a Catalogue,
    /// The site's time zone.
    pub zone: &'a TimeZone,
    /// The clock of the build: ways in that are over are not named.
    pub clock: Timestamp,
}

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
        let names: Vec<String> = self.offers(tag).into_iter().map(|offer| offer.title).collect();
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

    /// What opens a page.
    #[must_use]
    pub fn paywall(&self, terms: &Terms<'_>, form: Form) -> Paywall {
        let ways = terms.tags.iter().filter(|tag| !self.is_over(tag)).map(|tag| Way {
            needs: self.offers(tag),
            from: tag.from.filter(|from| *from > self.clock).map(|from| self.strings.from(from, self.zone)),
            until: tag.until.map(|until| self.strings.until(until, self.zone)),
        });
        Paywall {
            state: if form == Form::Waiting { "waiting" } else { "locked" },
            ways: ways.collect(),
            opens: terms.release.map(|date| self.strings.from(date.first, self.zone)),
            drip_days: (terms.drip.seconds() + DAY - 1) / DAY,
        }
    }

    fn is_over(&self, tag: &Tag) -> bool {
        tag.until.is_some_and(|until| until <= self.clock)
    }

    fn offers(&self, tag: &Tag) -> Vec<Offer> {
        tag.names
            .iter()
            .filter_map(|name| match name {
                Name::Public => None,
                Name::Members => self.catalogue.tiers().first().and_then(|tier| self.offer(&tier.id)),
                Name::Id(id) => self.offer(id),
            })
            .collect()
    }

    fn offer(&self, id: &Id) -> Option<Offer> {
        if let Some(tier) = self.catalogue.tier(id) {
            return Some(Offer {
                id: id.to_string(),
                title: tier.title.clone(),
                kind: "tier",
                price: tier.price.clone().unwrap_or_default(),
                buy: tier.buy.clone(),
                free: tier.free,
            });
        }
        self.catalogue.bundle(id).map(|bundle| Offer {
            id: id.to_string(),
            title: bundle.title.clone(),
            kind: "bundle",
            price: bundle.price.clone().unwrap_or_default(),
            buy: bundle.buy.clone(),
            free: bundle.free,
        })
    }
}

/// Seconds.
const DAY: i64 = 86_400;
