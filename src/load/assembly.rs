//! What was read and decided, put together into a site.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Fate, Laid, Remembered, Request, assets, html, inherit, links, pages, sources, static_url, texts};
use crate::access::gated::{Gated, RuleBook, RuleId};
use crate::access::rule::Rule;
use crate::config::Config;
use crate::load::inherit::Decided;
use crate::load::markdown::Use;
use crate::load::pages::RawPage;
use crate::load::texts::Text;
use crate::load::tree::TreeChild;
use crate::site::written::{How, Shown, Unpublished, Why, Written};
use crate::site::{
    self, Access, Block, Body, Child, Content, File, FileId, Kept, Link, LinkTarget, Open, Page, PageId, PageKind,
    Section, SectionId, Site, Skipped, StaticFile, TagPage,
};
use crate::time::Timestamp;

/// Everything at hand, to be put together into a site.
pub(super) struct Assembly<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) fates: &'a [Fate],
    pub(super) tags: &'a [TagPage],
    pub(super) known: &'a Remembered,
}

impl Assembly<'_> {
    pub(super) fn site(&self, config: Config) -> Site {
        let mut rules = RuleBook::default();
        let Remembered { laid: Laid { raw, tree, .. }, ids, decided, texts, .. } = self.known;
        let sections = self.sections(&mut rules);
        let skipped = self.skipped();
        let (files, statics) = self.files(&mut rules);
        let mut redirects = BTreeMap::new();
        for (raw, fate) in raw.iter().zip(self.fates) {
            if *fate == Fate::Published {
                redirects.extend(raw.aliases.iter().map(|(alias, _)| (alias.clone(), raw.url.clone())));
            }
        }
        let tags = self.tags.iter().map(|tag| TagPage {
            pages: tag.pages.iter().filter_map(|page| ids.get(page.0).copied().flatten()).collect(),
            ..tag.clone()
        });
        let tags = tags.collect();
        let targets = Targets::new(self.known);
        let mut pages = Vec::new();
        let mut not_found = None;
        let owned =
            (0..raw.len()).map(|page| SectionId(tree.own_section(page).unwrap_or_else(|| tree.section_of(page))));
        let all = raw.iter().zip(decided).zip(texts).zip(self.fates).zip(owned);
        for ((((raw, decided), text), fate), section) in all {
            if *fate == Fate::Published {
                if raw.is_not_found() {
                    not_found = Some(PageId(pages.len()));
                }
                pages.push(Arc::new(page(raw, decided, text, (section, self.request.clock, &targets, &mut rules))));
            }
        }
        let clock = self.request.clock;
        Site { config, clock, rules, pages, sections, files, statics, redirects, not_found, skipped, tags }
    }

    fn sections(&self, rules: &mut RuleBook) -> Vec<Section> {
        let Remembered { laid: Laid { raw, tree, .. }, ids, decided, published, .. } = self.known;
        let known = inherit::known_sections(tree, decided, published);
        let make = |(section, rule): (usize, Rule)| Section {
            folder: tree.folder(section).into(),
            url: pages::section_url(raw, tree, section),
            title: pages::section_title(tree, section),
            parent: tree.parent(section).map(SectionId),
            page: tree.page_of(section).and_then(|page| ids.get(page).copied().flatten()),
            children: tree
                .children(section)
                .iter()
                .filter_map(|child| match child {
                    TreeChild::Page(page) => ids.get(*page).copied().flatten().map(Child::Page),
                    TreeChild::Section(below) => Some(Child::Section(SectionId(*below))),
                })
                .collect(),
            listed: rules.enter(rule.public_part()),
            known: rules.enter(rule),
        };
        known.into_iter().enumerate().map(make).collect()
    }

    fn skipped(&self) -> Skipped {
        let mut skipped = Skipped::default();
        let Remembered { laid: Laid { raw, .. }, decided, .. } = self.known;
        for ((raw, fate), decided) in raw.iter().zip(self.fates).zip(decided) {
            let source = Arc::clone(&raw.source.path);
            match fate {
                Fate::Published => {}
                Fate::Draft => skipped.drafts.push(source),
                Fate::Later(release) => skipped.later.push((source, *release)),
                Fate::Expired => skipped.expired.push(source),
            }
            skipped.pages.extend(unpublished(raw, decided, *fate));
        }
        skipped
    }

    /// The places that show each file.
    fn shown(&self) -> Vec<Vec<Shown>> {
        let Remembered { laid: Laid { raw, sources, .. }, decided, texts, .. } = self.known;
        let mut shown = vec![Vec::new(); sources.files.len()];
        let showings = texts.iter().flat_map(|text| &text.showings).filter(|showing| showing.published);
        for showing in showings {
            let place = shown.get_mut(showing.file).zip(raw.get(showing.page));
            let Some((places, page)) = place else { continue };
            let for_all = decided.get(showing.page).is_some_and(|page| page.known == showing.rule);
            let how = match (&showing.usage, &showing.range) {
                (_, None) if for_all => How::Image,
                (_, None) => How::FrontMatter,
                (None, _) => How::Named,
                (Some(html::Usage::Embed), _) => How::Embedded,
                (Some(html::Usage::Link | html::Usage::Anchor), _) => How::Linked,
            };
            let (file, span) = (Arc::clone(&page.source.path), showing.range.clone().unwrap_or_default());
            let written = Written { file, span, cascade: false };
            places.push(Shown { written, how, hidden: showing.hidden });
        }
        // A name in a text counts only where nothing else shows the file.
        for places in shown.iter_mut().filter(|places| places.iter().any(|place| place.how != How::Named)) {
            places.retain(|place| place.how != How::Named);
        }
        shown
    }

    fn files(&self, rules: &mut RuleBook) -> (Vec<File>, Vec<StaticFile>) {
        let mut files = Vec::new();
        let shown = self.shown();
        let Remembered { laid: Laid { sources, .. }, verdicts, .. } = self.known;
        for ((file, verdict), shown) in sources.files.iter().zip(verdicts).zip(shown) {
            if !verdict.rule.is_nobody() {
                files.push(File {
                    source: Arc::clone(&file.path),
                    url: pages::file_url(&self.known.laid.folders, file),
                    rule: rules.enter(verdict.rule.clone()),
                    hidden: verdict.hidden,
                    why: verdict.why.clone(),
                    shown,
                });
            }
        }
        let own = self.known.laid.sources.static_files.iter();
        let own =
            own.map(|file| StaticFile { url: static_url(file), content: Content::OnDisk(Arc::clone(&file.path)) });
        (files, own.chain(self.request.theme_files.iter().cloned()).collect())
    }
}

/// What there is to say of a page that is not published.
fn unpublished(raw: &RawPage, decided: &Decided, fate: Fate) -> Option<Unpublished> {
    let why = match fate {
        Fate::Published => return None,
        Fate::Draft => Why::Draft,
        Fate::Later(release) => Why::Later(release),
        Fate::Expired => Why::Expired,
    };
    Some(Unpublished {
        source: Arc::clone(&raw.source.path),
        url: raw.url.clone(),
        title: raw.front_matter.title.clone().unwrap_or_else(|| raw.fallback_title.clone()),
        tags: decided.tags.clone(),
        date: raw.date,
        why,
        keys: decided.keys.clone(),
    })
}

/// Puts a page's pieces under their rules.
fn page(
    raw: &RawPage,
    decided: &Decided,
    text: &Text,
    (section, clock, targets, rules): (SectionId, Timestamp, &Targets, &mut RuleBook),
) -> Page {
    let links = targets.links(&text.uses);
    let rule = rules.enter(decided.rule.clone());
    let for_all = decided.rule == decided.known;
    let matter = raw.front_matter.clone();
    let heading = text.first_heading.clone().filter(|_| matter.title.is_none());
    let title = matter.title.or_else(|| heading.clone().filter(|_| for_all));
    let body = body(text, decided, rules);
    let access = access(decided, (text.divider, clock), rules);
    Page {
        url: raw.url.clone(),
        kind: match raw.source.kind {
            sources::Kind::Section => PageKind::Section,
            sources::Kind::NotFound => PageKind::NotFound,
            sources::Kind::Page | sources::Kind::PageFolder => PageKind::Page,
        },
        section,
        open: Open {
            title: title.unwrap_or_else(|| raw.fallback_title.clone()),
            description: matter.description.unwrap_or_default(),
            image: text.image.clone(),
            date: raw.date,
            updated: matter.updated,
            tags: matter.tags,
            categories: matter.categories,
            weight: matter.weight,
            language: matter.language,
            template: matter.template.map(|template| template.value),
        },
        numbered: raw.source.naming.number.is_some(),
        kept: Gated::new(rule, Kept { title: heading, extra: serde_json::Value::Object(matter.extra) }),
        source: Arc::clone(&raw.source.path),
        access,
        keys: decided.keys.clone(),
        body,
        links,
    }
}

/// Numbers of the site for what was read: none for what is not published.
pub(super) struct Targets {
    pages: Vec<Option<PageId>>,
    files: Vec<Option<FileId>>,
}

impl Targets {
    pub(super) fn new(known: &Remembered) -> Self {
        let mut count = 0;
        let number = |verdict: &assets::Verdict| {
            let is_published = !verdict.rule.is_nobody();
            count += usize::from(is_published);
            is_published.then(|| FileId(count - 1))
        };
        Self { pages: known.ids.clone(), files: known.verdicts.iter().map(number).collect() }
    }

    pub(super) fn links(&self, uses: &[Use<links::Target>]) -> Vec<Link> {
        uses.iter().filter_map(|used| self.link(used)).collect()
    }

    fn link(&self, used: &Use<links::Target>) -> Option<Link> {
        let target = match used.target {
            links::Target::Page(page) => LinkTarget::Page(self.pages.get(page).copied().flatten()?),
            links::Target::Section(section) => LinkTarget::Section(SectionId(section)),
            links::Target::File(file) => LinkTarget::File(self.files.get(file).copied().flatten()?),
            links::Target::Static(_) | links::Target::Generated => return None,
        };
        let embeds = used.usage == html::Usage::Embed;
        Some(Link { target, embeds, place: used.place, span: used.range.clone() })
    }
}

/// A body, every piece under the rule of its place.
fn body(text: &Text, decided: &Decided, rules: &mut RuleBook) -> Body {
    let rule = rules.enter(decided.rule.clone());
    let above = rules.enter(decided.rule.or(&decided.teaser));
    let blocks = text.blocks.iter().map(|block| {
        let texts::RuledBlock { rule, hidden, secret: _, tags, span, drip, parent, range } = block.clone();
        Block { rule: rules.enter(rule), hidden, tags, span, drip, parent, range }
    });
    gated(text, (rule, above), blocks.collect())
}

/// The pieces of a text under the rules of their places.
pub(super) fn gated(text: &Text, (rule, above): (RuleId, RuleId), blocks: Vec<Block>) -> Body {
    let of = |place: site::Place| match place.block.and_then(|index| blocks.get(index)) {
        Some(block) => block.rule,
        None if place.teaser && text.divider => above,
        None => rule,
    };
    let gate = |pieces: &[Arc<site::Piece>]| {
        pieces.iter().map(|piece| Gated::new(of(piece.place), Arc::clone(piece))).collect()
    };
    let (pieces, notes) = (gate(&text.pieces), gate(&text.notes));
    let (parts, divided_at) = (text.parts.clone(), text.divided_at);
    Body { parts, pieces, notes, divider: text.divider, divided_at, above, blocks }
}

/// A page's rules, entered into the book.
fn access(decided: &Decided, (divider, clock): (bool, Timestamp), rules: &mut RuleBook) -> Access {
    // Who joins today has missed what `since joining` keeps for those who were there.
    let missed = decided.next_date.is_some_and(|next| next <= clock);
    let offered = decided.tags.iter().filter(|tag| !(tag.since_joining && missed)).cloned().collect();
    Access {
        offered,
        waiting: decided.waiting.clone().map(|rule| rules.enter(rule)),
        teaser: rules.enter(if divider { decided.teaser.clone() } else { Rule::nobody() }),
        listed: rules.enter(decided.known.public_part()),
        known: rules.enter(decided.known.clone()),
        hidden: decided.hidden,
        drip: inherit::shortest_drip(&decided.rule),
        rule: rules.enter(decided.rule.clone()),
        announced: decided.release.filter(|_| decided.announce),
        tags: decided.tags.clone(),
    }
}
