//! Why something is as it is: the rule of a page, a file or a block, who can open it and when, and where it is written.
//!
//! Everything is read off the plan that a build would publish; nothing is decided here a second time.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::entitlement::{Entitlement, Reader};
use crate::access::gated::RuleId;
use crate::access::rule::Rule;
use crate::access::tags::Drip;
use crate::diagnostic::Source;
use crate::edge;
use crate::id::Id;
use crate::manifest::Manifest;
use crate::plan::{Form, Output, PageId, Plan, Subject};
use crate::review::openings::{self, Opens};
use crate::review::target::{self, Part, Target, What};
use crate::review::words::Words;
use crate::site::written::{FileRule, How, Keys, Shown, Unpublished, Why, Written};
use crate::site::{File, Page};
use crate::time::Timestamp;

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

/// What a reader gets of it at an instant, as an edge would answer; `manifest` is that of the same plan.
#[must_use]
pub fn for_reader(plan: &Plan, manifest: &Manifest, target: &Target, reader: (&Reader, Timestamp)) -> ForReader {
    let (reader, now) = reader;
    let url = url(plan, target);
    let decided = |reader: &Reader| {
        let encoded = edge::canonical::encode(&url);
        let request = edge::Request { method: "GET", target: encoded.as_bytes(), reader, now, html_navigation: false };
        edge::decide(manifest, &request)
    };
    let decision = decided(reader);
    let block = page_of(plan, target).zip(target.part).and_then(|(page, part)| match part {
        Part::Block(number) => page.body.blocks.get(number.checked_sub(1)?).map(|block| block.rule),
        Part::Line(_) => None,
    });
    let window = now.max(plan.site().clock);
    let reads =
        |reader: &Reader| block.map(|rule| plan.book().rule(rule).holds_with(reader.entitlements(), now, window));
    let is_open = |reader: &Reader| reads(reader).unwrap_or(decided(reader).outcome == edge::Outcome::Open);
    let opens_with = if is_open(reader) { Vec::new() } else { opens_with(plan, reader, &is_open) };
    ForReader {
        at: now,
        status: decision.status,
        outcome: outcome(decision.outcome).to_owned(),
        reason: decision.reason.map(|reason| reason.as_str().to_owned()),
        available_at: decision.available_at,
        location: decision.location,
        block_open: reads(reader),
        opens_with,
    }
}

/// What would open it on top of what the reader holds: tiers and bundles, else pairs of them.
fn opens_with(plan: &Plan, reader: &Reader, is_open: &dyn Fn(&Reader) -> bool) -> Vec<String> {
    let catalogue = &plan.site().config.catalogue;
    let grant = |id: &Id| Entitlement::new(id.clone(), Timestamp::MIN);
    let with = |ids: &[&Id]| {
        let mut held = reader.entitlements().to_vec();
        held.extend(ids.iter().map(|id| grant(id)));
        let has_tier = held.iter().any(|held| catalogue.tier(&held.value).is_some());
        held.extend(catalogue.default_tier().filter(|_| !has_tier).map(grant));
        is_open(&Reader::Member(held))
    };
    // What the reader holds does not open it by being held once more: it opens in time, which is said.
    let has = |id: &Id| reader.entitlements().iter().any(|held| held.value == *id && held.until.is_none());
    let ids: Vec<&Id> = catalogue.ids().filter(|id| !has(id)).collect();
    let alone: Vec<String> = ids.iter().filter(|id| with(&[id])).map(ToString::to_string).collect();
    if !alone.is_empty() {
        return alone;
    }
    let pairs = ids.iter().enumerate().flat_map(|(at, a)| ids.iter().skip(at + 1).map(move |b| (*a, *b)));
    pairs.filter(|(a, b)| with(&[a, b])).map(|(a, b)| format!("{a}+{b}")).collect()
}

fn outcome(outcome: edge::Outcome) -> &'static str {
    match outcome {
        edge::Outcome::Open => "open",
        edge::Outcome::Preview => "preview",
        edge::Outcome::Moved => "moved",
        edge::Outcome::SignIn => "sign_in",
        edge::Outcome::Denied => "denied",
        edge::Outcome::NotFound => "not_found",
        edge::Outcome::Passthrough => "passthrough",
        edge::Outcome::BadTarget => "bad_target",
        edge::Outcome::BadMethod => "bad_method",
    }
}

fn url(plan: &Plan, target: &Target) -> String {
    let site = plan.site();
    let found = match &target.what {
        What::Output(number) => plan.outputs.get(*number).and_then(|output| output.url.clone()),
        What::NotFound(_) => None,
        What::File(number) => site.files.get(*number).map(|file| file.url.clone()),
        What::Static(number) => site.statics.get(*number).map(|file| file.url.clone()),
        What::Moved(from, _) => Some(from.clone()),
        What::Unpublished(number) => site.skipped.pages.get(*number).map(|page| page.url.clone()),
    };
    found.unwrap_or_else(|| "/404".to_owned())
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

    /// Something that edges serve; of a page perhaps a part.
    fn output(&self, output: &Output, part: Option<Part>) -> Explained {
        let url = output.url.clone().unwrap_or_default();
        if let Subject::Page(page) = output.subject
            && let Some(page) = self.plan.site().page(page)
        {
            return match part.map(|part| self.part(page, part)) {
                Some(Inside::Block(block)) => self.block(page, block),
                Some(Inside::Teaser) => self.teaser(page),
                Some(Inside::Page) | None => self.page(page, output),
            };
        }
        let open: Vec<&Rule> =
            output.shape.variants.iter().take(output.shape.open).map(|form| self.rule(form.requirement)).collect();
        let rule = Rule::any(open);
        let (what, made) = match output.subject {
            Subject::Section(_) => ("list", "a folder without `_index.md`"),
            Subject::Tag(_) | Subject::Tags => ("list", "the tags of pages"),
            Subject::Unlock(_) => ("made", "the build: a stylesheet that takes lock badges away"),
            Subject::Sitemap | Subject::Robots => ("made", "the build, for search engines"),
            Subject::Page(_) | Subject::NotFound | Subject::Denial(_) => ("made", "the build"),
        };
        Explained {
            path: url,
            what: what.to_owned(),
            made: Some(made.to_owned()),
            state: "published".to_owned(),
            rule: self.words.rule(&rule),
            hidden: output.hidden && !rule.is_public(),
            readers: self.readers(&rule),
            forms: self.forms(output),
            ..Explained::default()
        }
    }

    fn page(&self, page: &Page, output: &Output) -> Explained {
        let rule = self.rule(page.access.rule);
        Explained {
            path: page.url.clone(),
            what: "page".to_owned(),
            title: page.open.title.clone(),
            source: Some(At { file: page.source.to_string(), line: None }),
            state: if page.access.announced.is_some() { "announced" } else { "published" }.to_owned(),
            keys: self.keys(&page.source, &page.keys, self.words.tags(&page.access.tags)),
            rule: self.words.rule(rule),
            hidden: page.access.hidden,
            readers: self.readers(rule),
            forms: self.forms(output),
            blocks: self.blocks(page),
            files: self.files(page),
            ..Explained::default()
        }
    }

    fn not_found(&self, page: PageId) -> Explained {
        let source = self.plan.site().page(page).map(|page| At { file: page.source.to_string(), line: None });
        Explained {
            path: String::new(),
            what: "page".to_owned(),
            source,
            made: Some("shown where nothing is found".to_owned()),
            state: "published".to_owned(),
            rule: self.words.rule(&Rule::public()),
            readers: self.readers(&Rule::public()),
            ..Explained::default()
        }
    }

    fn part(&self, page: &Page, part: Part) -> Inside {
        let line = match part {
            Part::Block(number) => {
                let block = number.checked_sub(1).filter(|block| *block < page.body.blocks.len());
                return block.map_or(Inside::Page, Inside::Block);
            }
            Part::Line(line) => line,
        };
        let text = (self.texts)(&page.source).unwrap_or_default();
        let Some(bytes) = line_bytes(&text, line) else { return Inside::Page };
        // Front matter is the page's, though it stands above the divider.
        let in_front_matter = front_matter_end(&text).is_some_and(|end| bytes.start < end);
        match target::place_in(page, &bytes) {
            _ if in_front_matter => Inside::Page,
            (Some(block), _) => Inside::Block(block),
            (None, true) => Inside::Teaser,
            (None, false) => Inside::Page,
        }
    }

    fn block(&self, page: &Page, number: usize) -> Explained {
        let Some(block) = page.body.blocks.get(number) else { return Explained::default() };
        let text = (self.texts)(&page.source);
        let at = self.at(&page.source, &block.range, text.as_deref());
        let own = |key: &str, value: String| Key {
            key: key.to_owned(),
            value,
            from: vec![KeyFrom { at: at.clone(), by: "own".to_owned() }],
        };
        let mut keys = vec![own("access", self.words.tags(&block.tags))];
        if block.drip != Drip::None {
            keys.push(own("drip", self.words.drip(&block.drip)));
        }
        let mut outer = block.parent;
        while let Some(around) = outer.and_then(|outer| page.body.blocks.get(outer)) {
            let at = self.at(&page.source, &around.range, text.as_deref());
            let from = vec![KeyFrom { at, by: "block".to_owned() }];
            keys.push(Key { key: "access".to_owned(), value: self.words.tags(&around.tags), from });
            outer = around.parent;
        }
        keys.extend(self.keys(&page.source, &page.keys, self.words.tags(&page.access.tags)));
        let rule = self.rule(block.rule);
        Explained {
            path: format!("{}#block-{}", page.url, number + 1),
            what: "block".to_owned(),
            title: page.open.title.clone(),
            source: Some(at),
            state: if page.access.announced.is_some() { "announced" } else { "published" }.to_owned(),
            keys,
            rule: self.words.rule(rule),
            hidden: block.hidden,
            readers: self.readers(rule),
            ..Explained::default()
        }
    }

    fn teaser(&self, page: &Page) -> Explained {
        let rule = self.rule(page.body.above);
        Explained {
            path: page.url.clone(),
            what: "teaser".to_owned(),
            title: page.open.title.clone(),
            source: Some(At { file: page.source.to_string(), line: None }),
            state: if page.access.announced.is_some() { "announced" } else { "published" }.to_owned(),
            keys: self.keys(&page.source, &page.keys, self.words.tags(&page.access.tags)),
            rule: self.words.rule(rule),
            hidden: page.access.hidden,
            readers: self.readers(rule),
            ..Explained::default()
        }
    }

    fn file(&self, file: &File) -> Explained {
        let rule = self.rule(file.rule);
        let from = |written: &Vec<Written>| written.iter().map(|written| self.written(written).to_string()).collect();
        let because = match &file.why {
            FileRule::Written(keys) => {
                let places: Vec<String> = from(keys);
                format!("`files:` says so ({})", places.join(", "))
            }
            FileRule::Embedded => "it is for whoever reads a place that embeds it".to_owned(),
            FileRule::EmbeddedAndLinked => "it is for whoever reads a place that embeds it, and for whoever reads a \
                 link to it as far as a page that lay beside it would be open"
                .to_owned(),
            FileRule::Linked => "it is for whoever reads a link to it, as far as a page that lay beside it would be \
                 open: a link never opens a file"
                .to_owned(),
            FileRule::Named => "it is for whoever reads a place that names it, as far as a page that lay beside it \
                 would be open"
                .to_owned(),
            FileRule::Unshown => "no page shows it, so it is for those who may read all beside it".to_owned(),
        };
        Explained {
            path: file.url.clone(),
            what: "file".to_owned(),
            source: Some(At { file: file.source.to_string(), line: None }),
            state: "published".to_owned(),
            rule: self.words.rule(rule),
            hidden: file.hidden,
            readers: self.readers(rule),
            shown_by: file.shown.iter().map(|shown| self.shown(shown)).collect(),
            because: Some(because),
            ..Explained::default()
        }
    }

    fn fixed(&self, number: usize) -> Explained {
        let Some(file) = self.plan.site().statics.get(number) else { return Explained::default() };
        let source = match &file.content {
            crate::site::Content::OnDisk(path) => Some(At { file: path.to_string(), line: None }),
            crate::site::Content::Embedded(_) => None,
        };
        Explained {
            path: file.url.clone(),
            what: "static".to_owned(),
            made: source.is_none().then(|| "the theme".to_owned()),
            source,
            state: "published".to_owned(),
            rule: self.words.rule(&Rule::public()),
            readers: self.readers(&Rule::public()),
            because: Some("what lies in `static/` or comes with the theme is for everybody".to_owned()),
            ..Explained::default()
        }
    }

    fn moved(&self, from: &str, to: &str) -> Explained {
        let there = |output: &&Output| output.url.as_deref() == Some(to);
        let page = self.plan.outputs.iter().find(there).map(|output| self.output(output, None)).unwrap_or_default();
        Explained { path: from.to_owned(), what: "redirect".to_owned(), moved_to: Some(to.to_owned()), ..page }
    }

    fn unpublished(&self, page: &Unpublished) -> Explained {
        let state = match page.why {
            Why::Draft => "draft",
            Why::Later(_) => "later",
            Why::Expired => "expired",
        };
        Explained {
            path: page.url.clone(),
            what: "page".to_owned(),
            title: page.title.clone(),
            source: Some(At { file: page.source.to_string(), line: None }),
            state: state.to_owned(),
            keys: self.keys(&page.source, &page.keys, self.words.tags(&page.tags)),
            rule: self.words.rule(&Rule::nobody()),
            readers: Vec::new(),
            ..Explained::default()
        }
    }

    /// The gate keys in force on a page.
    fn keys(&self, page: &str, keys: &Keys, tags: String) -> Vec<Key> {
        let Keys { access, default, drip, release, dated, until, hidden, announce, draft, teaser } = keys;
        let mut said = Vec::new();
        let mut from: Vec<KeyFrom> = access.iter().map(|written| self.key_from(page, written)).collect();
        if *default {
            let line = (self.texts)("site.yaml").and_then(|text| default_line(&text));
            let at = At { file: "site.yaml".to_owned(), line };
            from.push(KeyFrom { at, by: "default".to_owned() });
        }
        said.push(Key { key: "access".to_owned(), value: tags, from });
        let mut say = |key: &str, value: Option<(String, &Written)>| {
            said.extend(value.map(|(value, written)| {
                let from = vec![self.key_from(page, written)];
                Key { key: key.to_owned(), value, from }
            }));
        };
        let word = |value: bool| if value { "true" } else { "false" }.to_owned();
        let day = |date: &Option<crate::time::Date>| date.map_or("none".to_owned(), |date| self.words.day(date.first));
        let last = |date: &Option<crate::time::Date>| {
            date.map_or("none".to_owned(), |date| {
                if date.bare { self.words.last_day(date.end) } else { self.words.day(date.end) }
            })
        };
        let who = |tags: &[crate::access::tags::Tag]| {
            if tags.is_empty() { "none".to_owned() } else { self.words.tags(tags) }
        };
        say("drip", drip.as_ref().map(|(drip, written)| (self.words.drip(drip), written)));
        say("release", release.as_ref().map(|(date, written)| (day(date), written)));
        say("date", dated.as_ref().map(|(date, written)| (self.words.day(date.first), written)));
        say("until", until.as_ref().map(|(date, written)| (last(date), written)));
        say("hidden", hidden.as_ref().map(|(hidden, written)| (word(*hidden), written)));
        say("announce", announce.as_ref().map(|(announce, written)| (word(*announce), written)));
        say("teaser", teaser.as_ref().map(|(tags, written)| (who(tags), written)));
        say("draft", draft.as_ref().map(|(draft, written)| (word(*draft), written)));
        said
    }

    fn key_from(&self, page: &str, written: &Written) -> KeyFrom {
        let by = if written.cascade {
            "cascade"
        } else if written.span.is_empty() {
            "name"
        } else if written.file.as_ref() == page {
            "own"
        } else {
            "section"
        };
        KeyFrom { at: self.written(written), by: by.to_owned() }
    }

    /// The forms that there are, each with its own rule; what else makes variants of them is counted.
    fn forms(&self, output: &Output) -> Vec<FormSaid> {
        let page = if let Subject::Page(page) = output.subject { self.plan.site().page(page) } else { None };
        let mut forms: Vec<FormSaid> = Vec::new();
        for variant in &output.shape.variants {
            let (form, rule) = match variant.form {
                Form::Open => ("page", page.map(|page| page.access.rule)),
                Form::Waiting => ("waiting", page.and_then(|page| page.access.waiting)),
                Form::Teaser => ("teaser", page.map(|page| page.access.teaser)),
                Form::Cover => ("cover", page.map(|page| page.access.known)),
            };
            let rule = self.said(rule.unwrap_or(variant.requirement));
            match forms.iter_mut().find(|said| said.form == form) {
                Some(said) => said.variants += 1,
                None => forms.push(FormSaid { form: form.to_owned(), rule, variants: 1 }),
            }
        }
        forms
    }

    fn blocks(&self, page: &Page) -> Vec<BlockSaid> {
        let text = if page.body.blocks.is_empty() { None } else { (self.texts)(&page.source) };
        let blocks = page.body.blocks.iter().zip(1..);
        blocks
            .map(|(block, number)| BlockSaid {
                number,
                at: self.at(&page.source, &block.range, text.as_deref()),
                access: self.words.tags(&block.tags),
                rule: self.said(block.rule),
                hidden: block.hidden,
            })
            .collect()
    }

    /// The files that a page shows.
    fn files(&self, page: &Page) -> Vec<FileSaid> {
        let here = |shown: &&Shown| shown.written.file == page.source;
        let files = self.plan.site().files.iter();
        let said = files.filter_map(|file| {
            let shown: Vec<ShownAt> = file.shown.iter().filter(here).map(|shown| self.shown(shown)).collect();
            (!shown.is_empty()).then(|| FileSaid {
                path: file.url.clone(),
                source: file.source.to_string(),
                rule: self.said(file.rule),
                shown,
            })
        });
        said.collect()
    }

    fn shown(&self, shown: &Shown) -> ShownAt {
        let how = match shown.how {
            How::Embedded => "embedded",
            How::Image => "image",
            How::FrontMatter => "front matter",
            How::Linked => "linked",
            How::Named => "named",
        };
        let page = self.plan.site().pages.iter().find(|page| page.source == shown.written.file);
        let rule = page.map(|page| match (shown.how, target::place_in(page, &shown.written.span)) {
            (How::Image, _) => page.access.known,
            (How::FrontMatter, _) => page.access.rule,
            (_, (Some(block), _)) => page.body.blocks.get(block).map_or(page.access.rule, |block| block.rule),
            (How::Embedded | How::Linked, (None, true)) => page.body.above,
            (_, (None, _)) => page.access.rule,
        });
        let rule = rule.map(|rule| self.said(rule)).unwrap_or_default();
        ShownAt { at: self.written(&shown.written), how: how.to_owned(), rule }
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

/// What part of a page is meant.
enum Inside {
    Page,
    Block(usize),
    Teaser,
}

/// The bytes of a line, from 1, its end included.
fn line_bytes(text: &str, line: u32) -> Option<Range<usize>> {
    let number = usize::try_from(line).ok()?.checked_sub(1)?;
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index == number {
            return Some(start..start + line.len());
        }
        start += line.len();
    }
    None
}

/// Where front matter ends: after the second line that is its fence.
fn front_matter_end(text: &str) -> Option<usize> {
    let mut start = 0;
    let mut fence: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let word = line.trim_start_matches('\u{feff}').trim_end();
        start += line.len();
        match fence {
            None if word == "---" || word == "+++" => fence = Some(word),
            None if word.is_empty() => {}
            None => return None,
            Some(fence) if word == fence => return Some(start),
            Some(_) => {}
        }
    }
    None
}

/// The line of `access.default` in site.yaml.
fn default_line(text: &str) -> Option<u32> {
    let mut inside = false;
    for (line, number) in text.lines().zip(1..) {
        if !line.starts_with([' ', '\t', '#']) && !line.trim().is_empty() {
            inside = line.starts_with("access:");
        }
        let key = line.trim_start().trim_start_matches("access:").trim_start().trim_start_matches('{').trim_start();
        if inside && key.starts_with("default:") {
            return Some(number);
        }
    }
    None
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
