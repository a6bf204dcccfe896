//! What there is to say of a file: who may have it, and what shows it.

use super::{At, Explained, Explainer, FileSaid, ShownAt};
use crate::access::rule::Rule;
use crate::review::target;
use crate::site::written::{FileRule, How, Shown, Written};
use crate::site::{Content, File, Page};

impl Explainer<'_> {
    pub(super) fn file(&self, file: &File) -> Explained {
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

    pub(super) fn fixed(&self, number: usize) -> Explained {
        let Some(file) = self.plan.site().statics.get(number) else { return Explained::default() };
        let source = match &file.content {
            Content::OnDisk(path) => Some(At { file: path.to_string(), line: None }),
            Content::Embedded(_) => None,
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

    /// The files that a page shows.
    pub(super) fn files(&self, page: &Page) -> Vec<FileSaid> {
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
}
