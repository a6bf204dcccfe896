//! Why something is as it is: the rule of a page, a file or a block, who can open it and when, and where it is written.
//!
//! Everything is read off the plan that a build would publish; nothing is decided here a second time.

mod files;
mod keys;
mod outputs;
mod reader;

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::gated::RuleId;
use crate::access::rule::Rule;
use crate::diagnostic::Source;
use crate::plan::{Plan, Subject};
use crate::review::openings::{self, Opens};
use crate::review::target::{Target, What};
use crate::review::words::Words;
use crate::site::Page;
use crate::site::written::Written;
use crate::time::Timestamp;

pub use reader::for_reader;

/// The text of a source, by its path below the site's root; nothing where it cannot be read.
pub type Texts<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What there is to say of a path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Explained {
    /// Its URL; of a block with `#block-N`.
    pub path: String,
    /// `page`, `list`, `block`, `teaser`, `file`, `static`, `made` or `redirect`.
    pub what: String,
    /// What it is called; empty where it has no title.
    pub title: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<At>,
    /// What makes it, where that is no file of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// `published`, `announced`, `draft`, `later` or `expired`.
    pub state: String,
    /// Where a former address leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// The gate keys in force, and where each comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// Who can open it, in words.
    pub rule: String,
    /// Whether those who may not open it are told that there is nothing.
    pub hidden: bool,
    /// When it opens for each kind of reader.
    pub readers: Vec<Opens>,
    /// Its forms in the order in which an edge tries them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<FormSaid>,
    /// Its gated blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockSaid>,
    /// The files it shows, and those that lie with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileSaid>,
    /// Of a file: what shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown_by: Vec<ShownAt>,
    /// Of a file: why that is its rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A place in a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct At {
    /// The path below the site's root.
    pub file: String,
    /// The line, from 1; none where the whole file is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// `content/course/_index.md:4`.
impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// A gate key in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Key {
    /// `access`, `drip`, `release`, `until`, `hidden`, `announce`, `teaser` or `draft`.
    pub key: String,
    /// What it is on this page.
    pub value: String,
    /// Where it comes from; several places where a `+` takes what stands above.
    pub from: Vec<KeyFrom>,
}

/// Where a key comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct KeyFrom {
    /// The place.
    pub at: At,
    /// `own`, `section`, `cascade`, `default`, or `name` for the date in a file's name.
    pub by: String,
}

/// A form of a page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FormSaid {
    /// `page`, `waiting`, `teaser` or `cover`.
    pub form: String,
    /// The same in words.
    #[serde(skip)]
    pub words: &'static str,
    /// For whom.
    pub rule: String,
    /// In how many variants it is built: more where its blocks, or what it lists, are not for all of them.
    pub variants: usize,
}

/// A gated block of a page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct BlockSaid {
    /// From 1, in the order of the opening markers.
    pub number: usize,
    /// Where its opening marker stands.
    pub at: At,
    /// Its own tags.
    pub access: String,
    /// Who reads it, the page's rule included.
    pub rule: String,
    /// Whether it leaves no line where it is closed.
    pub hidden: bool,
}

/// A file of a page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FileSaid {
    /// Its URL.
    pub path: String,
    /// Its source.
    pub source: String,
    /// Who may have it.
    pub rule: String,
    /// What shows it on this page.
    pub shown: Vec<ShownAt>,
}

/// A place that shows a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct ShownAt {
    /// Where.
    pub at: At,
    /// `embedded`, `image`, `front matter`, `linked` or `named`.
    pub how: String,
    /// Who reads that place.
    pub rule: String,
}

/// What one reader gets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct ForReader {
    /// When.
    pub at: Timestamp,
    /// The HTTP status.
    pub status: u16,
    /// `open`, `preview`, `moved`, `denied`, `not_found`, …
    pub outcome: String,
    /// The same in words.
    #[serde(skip)]
    pub words: &'static str,
    /// Why it is not the thing itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it opens for what the reader holds already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_at: Option<Timestamp>,
    /// Where the reader is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Of a block: whether the reader reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_open: Option<bool>,
    /// What would open it then, held for long: tiers and bundles, else pairs of them.
    pub opens_with: Vec<String>,
}

/// Explains what was found; `texts` is asked for the sources that places are in.
#[must_use]
pub fn explain(plan: &Plan, target: &Target, texts: Texts<'_>) -> Explained {
    let explainer = Explainer { plan, words: Words::new(&plan.site().config), texts };
    match &target.what {
        What::Output(number) => match plan.outputs.get(*number) {
            Some(output) => explainer.output(output, target.part),
            None => Explained::default(),
        },
        What::NotFound(page) => explainer.not_found(*page),
        What::File(number) => plan.site().files.get(*number).map(|file| explainer.file(file)).unwrap_or_default(),
        What::Static(number) => explainer.fixed(*number),
        What::Moved(from, to) => explainer.moved(from, to),
        What::Unpublished(number) => {
            let page = plan.site().skipped.pages.get(*number);
            page.map(|page| explainer.unpublished(page)).unwrap_or_default()
        }
    }
}

/// The page that is meant, if it is one.
#[must_use]
pub fn page_of<'p>(plan: &'p Plan, target: &Target) -> Option<&'p Page> {
    let What::Output(number) = target.what else { return None };
    let Subject::Page(page) = plan.outputs.get(number)?.subject else { return None };
    plan.site().page(page)
}

struct Explainer<'a> {
    plan: &'a Plan,
    words: Words<'a>,
    texts: Texts<'a>,
}

impl Explainer<'_> {
    fn rule(&self, rule: RuleId) -> &Rule {
        self.plan.book().rule(rule)
    }

    fn said(&self, rule: RuleId) -> String {
        self.words.rule(self.rule(rule))
    }

    fn readers(&self, rule: &Rule) -> Vec<Opens> {
        let site = self.plan.site();
        openings::by_reader(rule, &site.config, site.clock)
    }

    fn written(&self, written: &Written) -> At {
        let text = if written.span.is_empty() { None } else { (self.texts)(&written.file) };
        self.at(&written.file, &written.span, text.as_deref())
    }

    fn at(&self, file: &std::sync::Arc<str>, span: &Range<usize>, text: Option<&str>) -> At {
        let line = text.map(|text| Source { file, text }.locate(span.clone()).line);
        At { file: file.to_string(), line }
    }
}

/// A line in words for each way a site's kinds of readers have: readers of one kind of words together.
#[must_use]
pub fn grouped(readers: &[Opens]) -> Vec<(String, Vec<&str>)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for opens in readers {
        match groups.iter_mut().find(|(words, _)| *words == opens.words) {
            Some((_, readers)) => readers.push(&opens.reader),
            None => groups.push((opens.words.clone(), vec![&opens.reader])),
        }
    }
    groups
}

/// The JSON Schema of what `explain --format json` says.
#[must_use]
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Answer>().to_value()
}

/// What `explain --format json` says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// What there is to say of it.
    #[serde(flatten)]
    pub explained: Explained,
    /// What the reader of `--as` gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<ForReader>,
}
