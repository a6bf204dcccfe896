//! Small random sites: what a writer could have typed, as plain values.
//!
//! Every place that holds text holds a word that occurs nowhere else. Nothing here knows what may be shown to whom.

pub(crate) const CLOCK: i64 = 1_796_083_200;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// SplitMix64: deterministic, good enough to draw sites.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

/// A word that stands in one place of the site.
pub(crate) type Word = u32;

pub(crate) fn spelt(word: Word) -> String {
    format!("zq{word}x")
}

#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) id: String,
    pub(crate) also: Option<String>,
    /// Of a tier: the bundles that come with it.
    pub(crate) includes: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    Public,
    Members,
    Tier(usize),
    Bundle(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) who: Who,
    pub(crate) written: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) plus: bool,
    pub(crate) names: Vec<Name>,
    pub(crate) joining: bool,
    pub(crate) from: Option<i64>,
    pub(crate) until: Option<i64>,
}

impl Tag {
    pub(crate) fn is_public(&self) -> bool {
        self.names.iter().all(|name| name.who == Who::Public)
    }

    pub(crate) fn is_bare_public(&self) -> bool {
        self.is_public() && self.from.is_none() && self.until.is_none() && !self.plus
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Drip {
    None,
    All(i64),
    Named(Vec<(Name, i64)>),
    Every(i64),
}

#[derive(Clone, Debug)]
pub(crate) enum Teaser {
    Nobody,
    Tags(Vec<Tag>),
}

/// Gate keys; the inner `None` of a date is a written `none`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) access: Option<Vec<Tag>>,
    pub(crate) drip: Option<Drip>,
    pub(crate) release: Option<Option<i64>>,
    pub(crate) until: Option<Option<i64>>,
    pub(crate) hidden: Option<bool>,
    pub(crate) announce: Option<bool>,
    pub(crate) teaser: Option<Teaser>,
    pub(crate) draft: Option<bool>,
}

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) slug: Word,
    pub(crate) number: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) index: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `_index.md`
    Index,
    /// `01-name.md`
    Leaf,
    /// `01-name/index.md`
    Own,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Showing {
    Image,
    Video,
    Link,
    RawLink,
    Mention,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Text(Word),
    Heading(Word),
    /// A reference in a paragraph, and the footnote: right behind it, or at the end of the body.
    Note {
        text: Word,
        note: Word,
        late: bool,
    },
    File {
        word: Word,
        file: usize,
        how: Showing,
    },
    Block(Block),
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) tags: Vec<Tag>,
    pub(crate) drip: Option<i64>,
    pub(crate) hidden: bool,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) folder: usize,
    pub(crate) kind: Kind,
    pub(crate) number: usize,
    pub(crate) slug: Word,
    pub(crate) title: Option<Word>,
    pub(crate) description: Option<Word>,
    pub(crate) date: Option<i64>,
    pub(crate) tags: Vec<Word>,
    pub(crate) alias: Option<String>,
    pub(crate) extra: Option<Word>,
    /// A file that a key of the writer's own names.
    pub(crate) extra_file: Option<usize>,
    pub(crate) image: Option<usize>,
    pub(crate) keys: Keys,
    pub(crate) cascade: Keys,
    pub(crate) files: Vec<(String, Vec<Tag>)>,
    pub(crate) body: Vec<Item>,
    /// The divider stands before this item.
    pub(crate) divider: Option<usize>,
}

/// A file beside pages, or in the folder of the page `own`.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) folder: usize,
    pub(crate) own: Option<usize>,
    pub(crate) name: String,
    pub(crate) word: Word,
}

#[derive(Clone, Debug)]
pub(crate) struct School {
    pub(crate) keep: bool,
    /// Whether anything begins or ends at an instant of its own.
    pub(crate) windows: bool,
    pub(crate) tiers: Vec<Control>,
    pub(crate) bundles: Vec<Control>,
    pub(crate) default: Vec<Tag>,
    pub(crate) folders: Vec<Folder>,
    pub(crate) pages: Vec<Page>,
    pub(crate) files: Vec<File>,
    /// The section that the theme names.
    pub(crate) named: usize,
}

impl School {
    pub(crate) fn folder_url(&self, folder: usize) -> String {
        match self.folders[folder].parent {
            None => "/".to_owned(),
            Some(parent) => format!("{}{}/", self.folder_url(parent), spelt(self.folders[folder].slug)),
        }
    }

    pub(crate) fn page_url(&self, page: usize) -> String {
        let written = &self.pages[page];
        let folder = self.folder_url(written.folder);
        if written.kind == Kind::Index { folder } else { format!("{folder}{}/", spelt(written.slug)) }
    }

    pub(crate) fn file_url(&self, file: usize) -> String {
        let file = &self.files[file];
        let folder = file.own.map_or_else(|| self.folder_url(file.folder), |page| self.page_url(page));
        format!("{folder}{}", file.name)
    }
}
