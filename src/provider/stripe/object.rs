//! What Stripe sends, read field by field: what is not there, or not of its form, is nothing, and what nobody asks for is
//! not looked at.

use serde_json::Value;

use super::Stop;
use crate::config::product::{Currency, Money, Product};
use crate::provider::Sold;
use crate::time::Timestamp;

/// A JSON object of Stripe's, read by JSON pointers (RFC 6901).
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a>(&'a Value);

/// The longest id that Stripe makes is shorter.
const LONGEST_ID: usize = 255;

impl<'a> Object<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    pub(super) fn value(self) -> &'a Value {
        self.0
    }

    /// What is there; `null` is nothing.
    pub(super) fn at(self, pointer: &str) -> Option<Self> {
        self.0.pointer(pointer).filter(|value| !value.is_null()).map(Self)
    }

    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.at(pointer)?.0.as_str()
    }

    pub(super) fn truth(self, pointer: &str) -> Option<bool> {
        self.at(pointer)?.0.as_bool()
    }

    pub(super) fn number(self, pointer: &str) -> Option<i64> {
        self.at(pointer)?.0.as_i64()
    }

    pub(super) fn instant(self, pointer: &str) -> Option<Timestamp> {
        Timestamp::try_from(self.number(pointer)?).ok()
    }

    /// The id of an object that is there by its id, or whole. It has no character that means something in a URL.
    pub(super) fn id(self, pointer: &str) -> Option<&'a str> {
        let there = self.at(pointer)?;
        let id = there.0.as_str().or_else(|| there.text("/id"))?;
        let plain = id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
        (plain && (1..=LONGEST_ID).contains(&id.len())).then_some(id)
    }

    /// An object that is there whole, not by its id.
    pub(super) fn whole(self, pointer: &str) -> Option<Self> {
        self.at(pointer).filter(|there| there.0.is_object())
    }

    /// The entries of one of Stripe's lists.
    pub(super) fn list(self, pointer: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.at(pointer).and_then(|list| list.0.get("data")?.as_array()).into_iter().flatten().map(Self)
    }

    /// An amount with the object's own currency.
    pub(super) fn money(self, pointer: &str) -> Option<Money> {
        let amount = u64::try_from(self.number(pointer)?).ok()?;
        Some(Money { amount, currency: self.currency()? })
    }

    pub(super) fn currency(self) -> Option<Currency> {
        self.text("/currency")?.parse().ok()
    }
}

/// A field that must be there.
pub(super) fn needed<T>(found: Option<T>, object: &str, field: &str) -> Result<T, Stop> {
    found.ok_or_else(|| Stop::unreadable(object, field))
}

/// The product that has a price.
pub(super) fn by_price<'a>(sold: &Sold<'a>, price: &str) -> Option<&'a Product> {
    sold.products.iter().find(|product| product.stripe.prices.iter().any(|own| own == price))
}

/// The product that a payment link sells.
pub(super) fn by_link<'a>(sold: &Sold<'a>, link: &str) -> Option<&'a Product> {
    sold.products.iter().find(|product| product.stripe.links.iter().any(|own| own == link))
}

/// Prices for a message.
pub(super) fn list(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
