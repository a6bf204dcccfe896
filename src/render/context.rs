//! What templates see: plain values, made afresh for each page from a view.
//!
//! Nothing here can reach back into the site. What a reader may not see is not in these structs, so no template, ours or
//! a stranger's, can print it. Every field is always present (an absent value is null), so that a template that asks for
//! a field that does not exist is an error with a line.
//!
//! What many pages share (the site, lists of entries) is turned into a template's value once, as [`Prepared`], and handed
//! to each page by a cheap clone.

use std::fmt;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use tera::Value;

/// The whole of a template's world, under these names; and `strings`, every string of `strings.yaml` by key, which the
/// theme adds itself.
#[derive(Debug, Serialize)]
pub struct Context {
    /// The site.
    pub site: Prepared<Site>,
    /// The page, or the section's own page.
    pub page: Page,
    /// The section the page stands in; for a section's own page, that section.
    pub section: Option<Link>,
    /// From the home page down to the section; without the page itself.
    pub ancestors: Prepared<Vec<Link>>,
    /// What a section, a tag page or the home page lists, in reading order.
    pub entries: Prepared<Vec<Entry>>,
    /// The entries of the section that the page stands in, the page itself included (it has the same `url`).
    pub siblings: Prepared<Vec<Entry>>,
    /// The sections that `theme.yaml` names for this template, in its order.
    pub named: Vec<Section>,
    /// All tags of the site that a visitor may know of, where the template lists `tags`.
    pub tags: Prepared<Vec<Tag>>,
    /// The page before in reading order.
    pub previous: Option<Link>,
    /// The page after in reading order.
    pub next: Option<Link>,
    /// What opens the page; null where it is open.
    pub paywall: Option<Paywall>,
    /// Stylesheets that take the lock badges of this page away, root-relative URLs.
    pub unlock: Vec<String>,
    /// Of an account page what it shows; null for every page of a build.
    pub account: Option<super::account::Account>,
}

/// One of the structs of this file, or a list of them, already turned into what templates read. A clone costs a counter.
pub struct Prepared<T> {
    value: Value,
    of: PhantomData<fn() -> T>,
}

impl<T: Visible> Prepared<T> {
    /// Does the work, once.
    #[must_use]
    pub fn new(visible: &T) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "serialising fails for map keys that are no strings; these structs have none"
        )]
        let value = Value::try_from_serializable(visible).expect("the structs of the template context serialise");
        Self::wrap(value)
    }

    /// What a template reads.
    pub(super) fn value(&self) -> Value {
        self.value.clone()
    }

    fn wrap(value: Value) -> Self {
        Self { value, of: PhantomData }
    }
}

impl<T: Visible> Prepared<Vec<T>> {
    /// Whether nothing is in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.value.as_array().map_or(0, <[Value]>::len)
    }
}

/// A list of what is prepared already: an entry that stands in many lists is turned into a value once.
impl<T: Visible> FromIterator<Prepared<T>> for Prepared<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = Prepared<T>>>(prepared: I) -> Self {
        Self::wrap(Value::from(prepared.into_iter().map(|each| each.value).collect::<Vec<Value>>()))
    }
}

/// The empty list.
impl<T: Visible> Default for Prepared<Vec<T>> {
    fn default() -> Self {
        Self::wrap(Value::from(Vec::<Value>::new()))
    }
}

impl<T> Clone for Prepared<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for Prepared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Serialize for Prepared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// What may be [`Prepared`]: the structs of this file and nothing else, so that nothing else gets into a template.
pub trait Visible: Serialize + sealed::Sealed {}

impl<T: Serialize + sealed::Sealed> Visible for T {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Site {}
    impl Sealed for super::Link {}
    impl Sealed for super::Tag {}
    impl Sealed for super::Entry {}
    impl Sealed for super::Product {}
    impl<T: Sealed> Sealed for Vec<T> {}
}

/// A string that is HTML already and is not escaped again.
fn html<S: Serializer>(html: &str, serializer: S) -> Result<S::Ok, S::Error> {
    Value::safe_string(html).serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde hands over the field as it is declared")]
fn optional_html<S: Serializer>(html: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    html.as_deref().map(Value::safe_string).serialize(serializer)
}

/// The site, the same for every page.
#[derive(Clone, Debug, Serialize)]
pub struct Site {
    /// Its title.
    pub title: String,
    /// What it is about; may be empty.
    pub description: String,
    /// `https://learn.example`, without a trailing slash.
    pub base_url: String,
    /// A BCP 47 tag.
    pub language: String,
    /// `ltr` or `rtl`, from the language.
    pub direction: String,
    /// Where to sign in, if the site has such a place.
    pub login_url: Option<String>,
    /// Where to buy more.
    pub upgrade_url: Option<String>,
    /// What is for sale, as site.yaml has it; without what only hidden pages need.
    pub products: Prepared<Vec<Product>>,
    /// `extra` of site.yaml.
    pub extra: serde_json::Value,
    /// Top-level sections that a visitor may know of, for the site's menu.
    pub menu: Vec<Link>,
}

/// A page in one of its forms.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Its title: written, or (in the open form alone) its first heading; else made from the file name.
    pub title: String,
    /// Root-relative URL.
    pub url: String,
    /// Absolute URL.
    pub permalink: String,
    /// The written description; may be empty.
    pub description: String,
    /// `open`, `waiting`, `teaser` (something above a divider) or `cover` (nothing of the body).
    pub form: &'static str,
    /// `page`, `section`, `home`, `tag`, `not_found`, `denial` or `account`.
    pub kind: &'static str,
    /// For a denial, why: `not_signed_in`, `not_entitled`, `not_yet`, `expired` or `no_tier`; null for every other page.
    pub reason: Option<&'static str>,
    /// When it was published.
    pub date: Option<Moment>,
    /// When it was last changed.
    pub updated: Option<Moment>,
    /// The image's URL.
    pub image: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its categories.
    pub categories: Vec<String>,
    /// The written weight.
    pub weight: Option<i64>,
    /// A BCP 47 tag.
    pub language: String,
    /// The body as far as this form shows it: safe HTML.
    #[serde(serialize_with = "html")]
    pub content: String,
    /// The table of contents of what `content` shows.
    pub toc: Vec<Heading>,
    /// Words in `content`; 0 where the page is not open.
    pub word_count: usize,
    /// Minutes; 0 where the page is not open.
    pub reading_time: usize,
    /// Keys of the writer's own; empty where the page is not open.
    pub extra: serde_json::Value,
    /// Whether the page is gated at all (a badge, `isAccessibleForFree`).
    pub gated: bool,
    /// The products of which each by itself opens the page, the cheapest first; empty where the page is open.
    pub products: Vec<Product>,
}

/// A link with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Plain text.
    pub title: String,
    /// Root-relative URL.
    pub url: String,
}

/// A tag; `url` is null where no page of that tag exists for this reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// The tag as it is written.
    pub title: String,
    /// Root-relative URL of its page.
    pub url: Option<String>,
}

/// A page as it stands in a list: only what is open of a locked page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Written title, or one made from the file name.
    pub title: String,
    /// Root-relative URL.
    pub url: String,
    /// Absolute URL.
    pub permalink: String,
    /// The written description; may be empty.
    pub description: String,
    /// The part above the divider, safe HTML, where everybody who sees this list may read it.
    #[serde(serialize_with = "optional_html")]
    pub summary: Option<String>,
    /// `page` or `section`.
    pub kind: &'static str,
    /// When it was published.
    pub date: Option<Moment>,
    /// When it was last changed.
    pub updated: Option<Moment>,
    /// The image's URL.
    pub image: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its categories.
    pub categories: Vec<String>,
    /// The written weight.
    pub weight: Option<i64>,
    /// The lock, for entries that not everybody may open.
    pub lock: Option<Lock>,
    /// An announced release that is still to come.
    pub release: Option<Moment>,
}

/// A lock badge. Put `data-access="{{ lock.keys }}"` on the entry's element and the badge inside it as
/// `<span class="tp-lock">`: unlock stylesheets hide `[data-access~="KEY"] .tp-lock`. Where `waiting` is not empty, put
/// `data-waits="{{ lock.waiting }}"` there too, and `later` inside as `<span class="tp-waits" hidden>`: they show
/// `[data-waits~="KEY"] .tp-waits` in place of the lock to those who have what opens it, and wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// Opaque keys, separated by spaces.
    pub keys: String,
    /// What opens it, in words: `Pro`, `Pro or Rust from zero`.
    pub label: String,
    /// The opaque keys of those who wait, separated by spaces; empty where nobody does.
    pub waiting: String,
    /// What those are told: `Yours: opens 7 days after your access began`.
    pub later: String,
}

/// A section with its entries, for `named`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    /// Title and URL.
    pub link: Link,
    /// Its description; may be empty.
    pub description: String,
    /// What it lists.
    pub entries: Prepared<Vec<Entry>>,
}

/// A date, ready to print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// `2026-11-01` where only a day was written, else RFC 3339 with offset.
    pub iso: String,
    /// `1 November 2026`, in the site's words.
    pub text: String,
    /// Seconds since 1970.
    pub seconds: i64,
}

/// A heading in the table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its anchor.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// Headings below it.
    pub children: Vec<Heading>,
}

/// Why the page is not open in this form, and what would open it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paywall {
    /// `locked`, or `waiting` where it will open by itself.
    pub state: &'static str,
    /// Each way in; any one is enough.
    pub ways: Vec<Way>,
    /// When it opens, where that is one instant for all (a release).
    pub opens: Option<Moment>,
    /// After how many whole days of a member's access it opens, where it drips; 0 where it does not.
    pub drip_days: i64,
}

impl Paywall {
    /// The products of which each by itself opens the page, the cheapest way first.
    #[must_use]
    pub fn products(&self) -> Vec<Product> {
        let alone = self.ways.iter().filter_map(|way| match way.needs.as_slice() {
            [offer] if way.from.is_none() => Some(&offer.products),
            _ => None,
        });
        alone.flatten().cloned().collect()
    }
}

/// One way in: all of these are needed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// What is needed together: the lowest tier, or the bundle.
    pub needs: Vec<Offer>,
    /// From when on this way exists, where that is still to come.
    pub from: Option<Moment>,
    /// Until when this way exists.
    pub until: Option<Moment>,
}

/// A tier or a bundle as the paywall names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `tier` or `bundle`.
    pub kind: &'static str,
    /// The price in words, of the cheapest product where there are some; may be empty.
    pub price: String,
    /// Where to buy it at that price.
    pub buy: Option<String>,
    /// Whether it is free.
    pub free: bool,
    /// What sells it, the cheapest first.
    pub products: Vec<Product>,
}

/// Payment terms that sell a tier or a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// The id of the tier or bundle that it sells.
    pub sells: String,
    /// The title of that.
    pub title: String,
    /// `tier` or `bundle`.
    pub kind: &'static str,
    /// The price in words: `€9.00 a month, first 14 days free`.
    pub price: String,
    /// What one payment costs, for machines: `9.00`.
    pub amount: String,
    /// What all payments of a plan cost together; else the same.
    pub total: String,
    /// A code of ISO 4217: `EUR`.
    pub currency: String,
    /// `once`, `subscription` or `plan`.
    pub billing: &'static str,
    /// How often is paid; null where it is once.
    pub every: Option<Length>,
    /// How many payments there are; 0 for a subscription.
    pub payments: u32,
    /// How long the trial is, if there is one.
    pub trial: Option<Length>,
    /// What the trial costs, for machines: `0.00`.
    pub trial_amount: Option<String>,
    /// Where to buy it.
    pub buy: Option<String>,
}

/// A length of the calendar, for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Length {
    /// How many.
    pub count: u32,
    /// `hour`, `day`, `week`, `month` or `year`.
    pub unit: &'static str,
    /// A duration of ISO 8601: `P1M`.
    pub iso: String,
    /// The unit's code of UN/ECE Recommendation 20: `MON`.
    pub code: &'static str,
}
