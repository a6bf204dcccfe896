//! The site as it was read: immutable, complete, with a rule on everything.
//!
//! `load` makes it, `plan` reads it, nobody changes it. Text that somebody may not read sits in
//! [`Gated`] values; what is open of every page, locked or not, stands beside them in [`Page`].

pub mod written;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::access::gated::{Gated, RuleBook, RuleId};
use crate::access::tags::{Drip, Tag};
use crate::config::Config;
use crate::site::written::{FileRule, Keys, Shown, Unpublished};
use crate::time::{Date, Length, Timestamp};

/// An index into [`Site::pages`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PageId(pub usize);

/// An index into [`Site::sections`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SectionId(pub usize);

/// An index into [`Site::files`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FileId(pub usize);

/// A whole site.
#[derive(Clone, Debug)]
pub struct Site {
    /// `site.yaml`.
    pub config: Config,
    /// The instant for which windows are settled.
    pub clock: Timestamp,
    /// Every rule.
    pub rules: RuleBook,
    /// Pages that are published, in the order of their sources.
    pub pages: Vec<Arc<Page>>,
    /// Sections; the first is the root.
    pub sections: Vec<Section>,
    /// Files beside pages, in the order of their sources.
    pub files: Vec<File>,
    /// Files of `static/` and of the theme: URL and path on disk below the root, or the embedded theme's bytes.
    pub statics: Vec<StaticFile>,
    /// Former addresses: from, to.
    pub redirects: BTreeMap<String, String>,
    /// Tags that lists for everybody may show.
    pub tags: Vec<TagPage>,
    /// The words for "not found", if the site has its own.
    pub not_found: Option<PageId>,
    /// What was left out.
    pub skipped: Skipped,
}

/// What a build leaves out, for its summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Sources of drafts.
    pub drafts: Vec<Arc<str>>,
    /// Sources of pages released further away than the horizon, with the release.
    pub later: Vec<(Arc<str>, Timestamp)>,
    /// Sources of pages that are gone.
    pub expired: Vec<Arc<str>>,
    /// All of them, in the order of their sources.
    pub pages: Vec<Unpublished>,
}

/// What a page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageKind {
    /// An ordinary page.
    Page,
    /// A section's own page.
    Section,
    /// `404.md`.
    NotFound,
}

/// A page: what is open of it, its rules, and its body behind them.
#[derive(Clone, Debug)]
pub struct Page {
    /// `content/course/01-ownership.md`.
    pub source: Arc<str>,
    /// `/course/ownership/`.
    pub url: String,
    /// What it is.
    pub kind: PageKind,
    /// The section it stands in; its own for a section's page.
    pub section: SectionId,
    /// Whether its name bears an order number.
    pub numbered: bool,
    /// What is open of it even where it is locked.
    pub open: Open,
    /// What the page's own rule guards besides its body.
    pub kept: Gated<Kept>,
    /// Its rules.
    pub access: Access,
    /// What they are made from.
    pub keys: Keys,
    /// Its body.
    pub body: Body,
    /// Where its text leads within the site.
    pub links: Vec<Link>,
}

/// An address in a page's text that leads to a page, a section or a file beside pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// What it leads to.
    pub target: LinkTarget,
    /// Whether it shows its target as a part of the page.
    pub embeds: bool,
    /// Where it stands.
    pub place: Place,
    /// Its bytes in the page's file.
    pub span: Range<usize>,
}

/// What a link leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LinkTarget {
    /// A page.
    Page(PageId),
    /// A section without a page.
    Section(SectionId),
    /// A file.
    File(FileId),
}

/// What is open of a locked page.
#[derive(Clone, Debug)]
pub struct Open {
    /// The written title, else one made from the file name.
    pub title: String,
    /// The written description; may be empty.
    pub description: String,
    /// The image's URL.
    pub image: Option<String>,
    /// When it was published.
    pub date: Option<Date>,
    /// When it was last changed.
    pub updated: Option<Date>,
    /// Tags.
    pub tags: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// The written weight.
    pub weight: Option<i64>,
    /// The language, where it is not the site's.
    pub language: Option<String>,
    /// The template, where it is not the usual one.
    pub template: Option<String>,
}

/// What only those who may open the page learn besides its body.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The title from the first heading, where none is written.
    pub title: Option<String>,
    /// Keys of the writer's own.
    pub extra: serde_json::Value,
}

/// The rules of a page, windows settled and included.
#[derive(Clone, Debug)]
pub struct Access {
    /// Who may open it.
    pub rule: RuleId,
    /// Who will be able to, where that differs.
    pub waiting: Option<RuleId>,
    /// Who reads the part above the divider (nobody, where there is none).
    pub teaser: RuleId,
    /// Who may know that it exists.
    pub known: RuleId,
    /// The part of `known` that needs no entitlement: what lists for everybody go by.
    pub listed: RuleId,
    /// Whether its existence is not revealed to those who may not open it.
    pub hidden: bool,
    /// The tags as they are in force.
    pub tags: Vec<Tag>,
    /// Those of them by which somebody who buys today gets in.
    pub offered: Vec<Tag>,
    /// The shortest drip of any way in.
    pub drip: Length,
    /// A release to come that is announced.
    pub announced: Option<Date>,
}

/// Where in a page something stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    /// The innermost gated block, an index into the page's blocks.
    pub block: Option<usize>,
    /// Above the divider.
    pub teaser: bool,
}

/// One step of a page's body, in source order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Text: an index into the body's pieces.
    Piece(usize),
    /// A gated block begins: an index into the page's blocks.
    Open(usize),
    /// The innermost block ends.
    Close,
    /// The divider.
    Divider,
}

/// HTML that stands in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// Where it stands.
    pub place: Place,
    /// The HTML, less footnote numbers.
    pub html: String,
    /// Where footnote numbers go: byte offset into `html`, and the note's index.
    pub notes: Vec<(usize, usize)>,
    /// Its headings, in order.
    pub headings: Vec<Heading>,
    /// Words of text.
    pub words: usize,
}

/// A heading with its anchor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// The anchor.
    pub id: String,
    /// Plain text.
    pub title: String,
}

/// What is new of a page whose words alone changed.
#[derive(Clone, Debug)]
pub struct Words {
    /// Its body.
    pub body: Body,
    /// Where its links lead.
    pub links: Vec<Link>,
}

/// A page's body.
#[derive(Clone, Debug)]
pub struct Body {
    /// What it is made of, in order.
    pub parts: Vec<Part>,
    /// Its pieces, each under the rule of its place.
    pub pieces: Vec<Gated<Arc<Piece>>>,
    /// Its footnotes.
    pub notes: Vec<Gated<Arc<Piece>>>,
    /// Its gated blocks.
    pub blocks: Vec<Block>,
    /// Whether there is a divider.
    pub divider: bool,
    /// Where it begins, in bytes of the file.
    pub divided_at: Option<usize>,
    /// Who reads what stands above it, blocks left out.
    pub above: RuleId,
}

/// A gated block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Who may read it: its own tags, those of the blocks around it, and the page's rule.
    pub rule: RuleId,
    /// Whether the closed block leaves no line.
    pub hidden: bool,
    /// Its own tags, for words.
    pub tags: Vec<Tag>,
    /// Where they are written: bytes of the page's file.
    pub span: Range<usize>,
    /// Its own drip.
    pub drip: Drip,
    /// The block around it.
    pub parent: Option<usize>,
    /// From its opening marker to the end of the closing one, in bytes of the file.
    pub range: Range<usize>,
}

/// A section: a folder of content.
#[derive(Clone, Debug)]
pub struct Section {
    /// `course/rust`, or empty for the root.
    pub folder: Arc<str>,
    /// `/course/rust/`.
    pub url: String,
    /// A title made from the folder's name, for sections without a page.
    pub title: String,
    /// The section above.
    pub parent: Option<SectionId>,
    /// Its own page, if it has one.
    pub page: Option<PageId>,
    /// Pages and sections in it, in reading order.
    pub children: Vec<Child>,
    /// Who may know of it: as its page says, else whoever may know of something in it.
    pub known: RuleId,
    /// The part of `known` that needs no entitlement.
    pub listed: RuleId,
}

/// Something a section lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Child {
    /// A page.
    Page(PageId),
    /// A section.
    Section(SectionId),
}

/// A tag with the pages that bear it.
#[derive(Clone, Debug)]
pub struct TagPage {
    /// As it is written where it first occurs.
    pub title: String,
    /// `/tags/baking/`.
    pub url: String,
    /// Who bears it, newest first.
    pub pages: Vec<PageId>,
}

/// A file beside pages.
#[derive(Clone, Debug)]
pub struct File {
    /// `content/course/02-borrowing/sheet.pdf`.
    pub source: Arc<str>,
    /// `/course/borrowing/sheet.pdf`.
    pub url: String,
    /// Who may have it.
    pub rule: RuleId,
    /// Whether its existence is not revealed to the others.
    pub hidden: bool,
    /// Why that is its rule.
    pub why: FileRule,
    /// What shows it: places of published pages.
    pub shown: Vec<Shown>,
}

/// A file that everybody may have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaticFile {
    /// Its URL.
    pub url: String,
    /// Where its bytes are.
    pub content: Content,
}

/// Where a file's bytes are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// On disk, a path below the site's root.
    OnDisk(Arc<str>),
    /// In this program: the embedded theme.
    Embedded(&'static [u8]),
}

impl Site {
    /// A page.
    #[must_use]
    pub fn page(&self, id: PageId) -> Option<&Page> {
        self.pages.get(id.0).map(Arc::as_ref)
    }

    /// A section.
    #[must_use]
    pub fn section(&self, id: SectionId) -> Option<&Section> {
        self.sections.get(id.0)
    }
}
