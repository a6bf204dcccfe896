//! All pages of a site in one table: what each is, for whom, and since when or why not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::tags::{Drip, Name, Tag};
use crate::id::Id;
use crate::plan::Plan;
use crate::review::words::{self, Words};
use crate::site::written::{Keys, Why};
use crate::site::{Page, Site};
use crate::time::{Date, Length};

/// One page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// Its URL; empty for the words for "not found".
    pub path: String,
    /// Its file.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its tags, as they are in force.
    pub access: String,
    /// `published`, `announced`, `draft`, `later` or `expired`.
    pub state: String,
    /// Its date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// When it opens for everybody who is entitled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How long after the start of a grant it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drip: Option<String>,
    /// Whether its existence is not revealed.
    pub hidden: bool,
    /// Why it is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// Which pages are asked for; all where nothing is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Drafts.
    pub drafts: bool,
    /// Everything that is not published.
    pub skipped: bool,
    /// Pages whose tags name this.
    pub access: Option<Named>,
}

/// What tags may name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Named {
    /// Anyone.
    Public,
    /// Any tier.
    Members,
    /// A tier or a bundle.
    Id(Id),
}

/// The pages of a site, in the order of their sources.
#[must_use]
pub fn list(plan: &Plan, filter: &Filter) -> Vec<Row> {
    let site = plan.site();
    let words = Words::new(&site.config);
    let named = |tags: &[Tag]| filter.access.as_ref().is_none_or(|named| tags.iter().any(|tag| names(tag, named)));
    let wanted = |why: Option<Why>| match why {
        None => !filter.drafts && !filter.skipped,
        Some(Why::Draft) => true,
        Some(Why::Later(_) | Why::Expired) => filter.skipped || !filter.drafts,
    };
    let published = site.pages.iter().filter(|page| wanted(None) && named(&page.access.tags));
    let mut rows: Vec<Row> = published.map(|page| published_row(site, page, words)).collect();
    for page in site.skipped.pages.iter().filter(|page| wanted(Some(page.why)) && named(&page.tags)) {
        let (state, skipped) = match page.why {
            Why::Draft => ("draft", "it is a draft".to_owned()),
            Why::Later(release) => {
                let horizon = words::length(site.config.release_horizon);
                ("later", format!("its release, {}, is more than {horizon} away", words.day(release)))
            }
            Why::Expired => ("expired", "its time is over".to_owned()),
        };
        let row = Row {
            path: page.url.clone(),
            source: page.source.to_string(),
            title: page.title.clone(),
            access: words.tags(&page.tags),
            state: state.to_owned(),
            date: page.date.map(|date| words.day(date.first)),
            release: None,
            until: None,
            drip: None,
            hidden: false,
            skipped: Some(skipped),
        };
        rows.push(with_keys(row, &page.keys, words));
    }
    // A section's own page stands before what is in it.
    rows.sort_by_key(|row| row.source.replace("/_index.", "/\0."));
    rows
}

fn published_row(site: &Site, page: &Page, words: Words<'_>) -> Row {
    let not_found = site.not_found.and_then(|page| site.page(page)).is_some_and(|other| other.source == page.source);
    let row = Row {
        path: if not_found { String::new() } else { page.url.clone() },
        source: page.source.to_string(),
        title: page.open.title.clone(),
        access: words.tags(&page.access.tags),
        state: if page.access.announced.is_some() { "announced" } else { "published" }.to_owned(),
        date: page.open.date.map(|date| words.day(date.first)),
        release: None,
        until: None,
        drip: None,
        hidden: false,
        skipped: None,
    };
    with_keys(row, &page.keys, words)
}

fn with_keys(row: Row, keys: &Keys, words: Words<'_>) -> Row {
    let last = |date: Date| if date.bare { words.last_day(date.end) } else { words.day(date.end) };
    let dated = keys.dated.as_ref().map(|(date, _)| date);
    let release = keys.release.as_ref().and_then(|(date, _)| date.as_ref());
    let drips = |drip: &&Drip| !matches!(drip, Drip::None | Drip::All(Length::ZERO));
    Row {
        release: release.max(dated).map(|date| words.day(date.first)),
        until: keys.until.as_ref().and_then(|(date, _)| *date).map(last),
        drip: keys.drip.as_ref().map(|(drip, _)| drip).filter(drips).map(|drip| words.drip(drip)),
        hidden: keys.hidden.as_ref().is_some_and(|(hidden, _)| *hidden),
        ..row
    }
}

fn names(tag: &Tag, named: &Named) -> bool {
    tag.names.iter().any(|name| match (name, named) {
        (Name::Public, Named::Public) | (Name::Members, Named::Members) => true,
        (Name::Id(id), Named::Id(named)) => id == named,
        (Name::Public | Name::Members | Name::Id(_), _) => false,
    })
}
