//! `site.yaml`, decided: what a site is called, what it sells, where things are.
//!
//! Made by `load`, read by everybody after it. Every field is checked; nothing here knows how it was written.

pub mod largest;
pub mod product;

use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::access::catalogue::Catalogue;
use crate::access::tags::Tag;
use crate::diagnostic::lint::{Lint, UnknownLint};
use crate::id::Id;
use crate::time::Length;
use product::Product;

/// A site's settings, all decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// The site's title; may be empty.
    pub title: String,
    /// `https://learn.example`, without a slash at its end.
    pub base_url: String,
    /// A BCP 47 tag; `en` where none is written.
    pub language: String,
    /// What the site is about; may be empty.
    pub description: String,
    /// Where dates without an offset stand; UTC where none is written.
    pub zone: TimeZone,
    /// The theme's folder below `themes/`; `default` where none is written.
    pub theme: String,
    /// What a broken link is.
    pub links: Links,
    /// Whether straight quotes, `--` and `...` become typographic ones.
    pub smart_punctuation: bool,
    /// Tiers and bundles.
    pub catalogue: Catalogue,
    /// Who reads a page that neither says so nor inherits it; never empty.
    pub default_access: Vec<Tag>,
    /// What becomes of access that is not paid; nothing in a build depends on it.
    pub billing: Billing,
    /// What is sold, and how it is paid; nothing in a manifest depends on it.
    pub products: Vec<Product>,
    /// What a token must look like.
    pub token: Token,
    /// Where to sign in.
    pub login_url: Option<String>,
    /// Where to have a token renewed.
    pub refresh_url: Option<String>,
    /// Where to buy more.
    pub upgrade_url: Option<String>,
    /// 402 or 403: the answer to a member whose access is not enough.
    pub denied_status: u16,
    /// What is released later than this is left out of the build.
    pub release_horizon: Length,
    /// Paths that are another server's; each begins and ends with `/`.
    pub passthrough: Vec<String>,
    /// Values of the site's own, for templates.
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// Front matter keys that the site uses for itself: never read as gate keys.
    pub own_keys: Vec<String>,
    /// What `check` is not to say.
    pub allowed: Vec<Allowed>,
}

impl Config {
    /// The product of this id.
    #[must_use]
    pub fn product(&self, id: &Id) -> Option<&Product> {
        self.products.iter().find(|product| product.id == *id)
    }

    /// The products that sell a tier or a bundle, as they are written.
    pub fn products_of(&self, access_control: &Id) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |product| product.sells == *access_control)
    }

    /// The product that a price of Stripe stands for.
    #[must_use]
    pub fn product_of_stripe_price(&self, price: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.stripe.prices.iter().any(|known| known == price))
    }

    /// The product that a payment link of Stripe sells.
    #[must_use]
    pub fn product_of_stripe_link(&self, link: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.stripe.links.iter().any(|known| known == link))
    }
}

/// A kind of warning that `check` is not to say: `dead-end`, or `dead-end content/blog/**`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// The kind.
    pub lint: Lint,
    /// In which files; everywhere, where nothing is written. A glob.
    pub files: Option<String>,
}

impl FromStr for Allowed {
    type Err = UnknownLint;

    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        let text = text.trim();
        let (lint, files) =
            text.split_once(char::is_whitespace).map_or((text, None), |(lint, files)| (lint, Some(files)));
        Ok(Self { lint: lint.parse()?, files: files.map(|files| files.trim().to_owned()) })
    }
}

/// What a broken link is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Links {
    /// An error.
    #[default]
    Error,
    /// A warning.
    Warn,
}

/// What becomes of access that is not paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Billing {
    /// What an overdue payment does.
    pub overdue: Overdue,
    /// How long it may be overdue before it counts as cancelled.
    pub overdue_max: Length,
    /// What a drip does for somebody who comes back.
    pub rejoin: Rejoin,
}

/// What an overdue payment does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Overdue {
    /// Access ends at once.
    #[default]
    Revoke,
    /// Access stays.
    Keep,
}

/// What a drip does for somebody who comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rejoin {
    /// It begins again.
    #[default]
    Restart,
    /// It goes on.
    Resume,
}

/// What a token must look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its `iss`; `base_url` where none is written.
    pub issuer: String,
    /// Its `aud`; `base_url` where none is written.
    pub audience: String,
    /// The claim that holds the entitlements.
    pub claim: String,
    /// The cookie it comes in.
    pub cookie: String,
    /// The longest life, in seconds.
    pub max_ttl: u32,
    /// The most entitlements.
    pub max_entitlements: u32,
}
