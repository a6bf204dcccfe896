//! Where what is in force on a page is written: for those who explain a page, never for those who decide about it.
//!
//! Places are byte ranges of files; whoever shows them turns them into lines, so that a build counts none.

use std::ops::Range;
use std::sync::Arc;

use crate::access::tags::{Drip, Tag};
use crate::time::{Date, Timestamp};

/// Where something is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The path below the site's root, with `/`.
    pub file: Arc<str>,
    /// Bytes of that file; empty where the whole file is meant.
    pub span: Range<usize>,
    /// Whether it stands under `cascade`.
    pub cascade: bool,
}

/// The gate keys in force on a page: nearest wins, key by key. What nobody wrote is not here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keys {
    /// `access`, nearest first: several where the `+` of a tag takes what stands above it.
    pub access: Vec<Written>,
    /// Whether `access.default` of site.yaml counts, alone or by such a `+`.
    pub default: bool,
    /// `drip` as it is on this page: `every` is turned into a length.
    pub drip: Option<(Drip, Written)>,
    /// `release`; nothing is a written `none`.
    pub release: Option<(Option<Date>, Written)>,
    /// A date to come that releases the page like `release`, written or in the file's name.
    pub dated: Option<(Date, Written)>,
    /// `until`; nothing is a written `none`.
    pub until: Option<(Option<Date>, Written)>,
    /// `hidden`.
    pub hidden: Option<(bool, Written)>,
    /// `announce`.
    pub announce: Option<(bool, Written)>,
    /// `draft`.
    pub draft: Option<(bool, Written)>,
    /// `teaser`; no tags are `none`.
    pub teaser: Option<(Vec<Tag>, Written)>,
}

/// A page that was read and is not published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unpublished {
    /// `content/course/01-ownership.md`.
    pub source: Arc<str>,
    /// Where it would lie.
    pub url: String,
    /// The written title, else one made from the file's name.
    pub title: String,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its date.
    pub date: Option<Date>,
    /// Why it is not published.
    pub why: Why,
    /// The keys in force on it.
    pub keys: Keys,
}

/// Why a page is not published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It is a draft.
    Draft,
    /// It is released further away than the horizon.
    Later(Timestamp),
    /// Its time is over.
    Expired,
}

/// A place that shows a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Where it stands; the span is empty where front matter shows it.
    pub written: Written,
    /// How.
    pub how: How,
    /// Whether the place is hidden from the others.
    pub hidden: bool,
}

/// How a place shows a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// An image, audio, video or the like.
    Embedded,
    /// The page's `image`, which its teaser shows too.
    Image,
    /// Named by another key of front matter.
    FrontMatter,
    /// Led to by a link.
    Linked,
    /// Its name occurs in the text.
    Named,
}

/// What made a file's rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileRule {
    /// `files:` keys.
    Written(Vec<Written>),
    /// What embeds it: whoever reads such a place has the file.
    Embedded,
    /// What embeds it, and links as far as a page that lay there would be open.
    EmbeddedAndLinked,
    /// Links alone, as far as a page that lay there would be open.
    Linked,
    /// Its name in texts, as far as a page that lay there would be open.
    Named,
    /// Nothing shows it: what a page that lay there would inherit, and the rules of all pages there.
    Unshown,
}
