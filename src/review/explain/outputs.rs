//! What there is to say of a page and its parts, and of what the build makes beside pages.

use std::ops::Range;

use super::{At, BlockSaid, Explained, Explainer, FormSaid, Key, KeyFrom};
use crate::access::rule::Rule;
use crate::access::tags::Drip;
use crate::plan::{Form, Output, PageId, Subject};
use crate::review::target::{self, Part};
use crate::review::words;
use crate::site::Page;
use crate::site::written::{Unpublished, Why};

impl Explainer<'_> {
    /// Something that edges serve; of a page perhaps a part.
    pub(super) fn output(&self, output: &Output, part: Option<Part>) -> Explained {
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

    pub(super) fn not_found(&self, page: PageId) -> Explained {
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

    pub(super) fn moved(&self, from: &str, to: &str) -> Explained {
        let there = |output: &&Output| output.url.as_deref() == Some(to);
        let page = self.plan.outputs.iter().find(there).map(|output| self.output(output, None)).unwrap_or_default();
        Explained { path: from.to_owned(), what: "redirect".to_owned(), moved_to: Some(to.to_owned()), ..page }
    }

    pub(super) fn unpublished(&self, page: &Unpublished) -> Explained {
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

    /// The forms that there are, each with its own rule; what else makes variants of them is counted.
    fn forms(&self, output: &Output) -> Vec<FormSaid> {
        let page = if let Subject::Page(page) = output.subject { self.plan.site().page(page) } else { None };
        let mut forms: Vec<FormSaid> = Vec::new();
        for variant in &output.shape.variants {
            let form = words::form_name(variant.form);
            let rule = match variant.form {
                Form::Open => page.map(|page| page.access.rule),
                Form::Waiting => page.and_then(|page| page.access.waiting),
                Form::Teaser => page.map(|page| page.access.teaser),
                Form::Cover => page.map(|page| page.access.known),
            };
            let rule = self.said(rule.unwrap_or(variant.requirement));
            match forms.iter_mut().find(|said| said.form == form) {
                Some(said) => said.variants += 1,
                None => {
                    let words = words::form(variant.form);
                    forms.push(FormSaid { form: form.to_owned(), words, rule, variants: 1 });
                }
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
