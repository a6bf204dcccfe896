//! What the pages of a build say, as hashes: `review.json`, which lies beside the manifest for the next review.
//!
//! A manifest knows who gets which bytes, and not what is in them. With this beside it, a comparison sees a text that was
//! moved in front of its gate. It is for those who have the output anyway: as private as the objects, and never served.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rayon::prelude::*;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::access::gated::RuleId;
use crate::access::rule::Rule;
use crate::id::Id;
use crate::plan::sentences::{Mark, Sentences};
use crate::plan::{Plan, Subject};

/// The format that this version writes.
const FORMAT: &str = "tierpress-review/3";

/// In place of a path, what templates may show on any page: the words of `site.yaml`.
const SITE: &str = "site.yaml";

/// What every page of a build says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    format: String,
    /// The build that it belongs to, as its manifest calls it.
    build: String,
    /// What anybody may join who asks.
    free: BTreeSet<Id>,
    rules: Vec<Rule>,
    pages: BTreeMap<String, Page>,
}

/// What one page says. Rules by their numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// What stands in lists, under the rule of who may know of it.
    head: (usize, Marks),
    /// All the rest, by rule.
    body: Vec<(usize, Marks)>,
}

/// Sentences in the order in which they stand.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Marks(Vec<Mark>);

/// The sentences of a page that stand under one rule, by its number among those of [`Texts::rules`].
pub(super) type Group<'a> = (usize, &'a [Mark]);

/// The file is none of these, or was damaged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Texts {
    /// What the pages of a plan say; `build` is what the manifest of that build calls itself.
    #[must_use]
    pub fn of(plan: &Plan, build: String) -> Self {
        let page = |output: &crate::plan::Output| match (output.subject, &output.url) {
            (Subject::Page(page), Some(url)) => Some((url.clone(), plan.sentences(page)?)),
            _ => None,
        };
        let mut said: Vec<(String, Sentences)> = plan.outputs.par_iter().filter_map(page).collect();
        said.push((SITE.to_owned(), plan.sentences_of_site()));
        let mut numbers: BTreeMap<RuleId, usize> = BTreeMap::new();
        let mut rules: Vec<Rule> = Vec::new();
        let mut number = |rule: RuleId| {
            *numbers.entry(rule).or_insert_with(|| {
                rules.push(plan.book().rule(rule).clone());
                rules.len() - 1
            })
        };
        let mut pages = BTreeMap::new();
        for (url, Sentences { known, head, body }) in said {
            let head = (number(known), Marks(head));
            let body = body.into_iter().filter(|(_, marks)| !marks.is_empty());
            let body = body.map(|(rule, marks)| (number(rule), Marks(marks))).collect();
            pages.insert(url, Page { head, body });
        }
        let catalogue = &plan.site().config.catalogue;
        let tiers = catalogue.tiers().iter().filter(|tier| tier.free).map(|tier| tier.id.clone());
        let bundles = catalogue.bundles().iter().filter(|bundle| bundle.free).map(|bundle| bundle.id.clone());
        let free = tiers.chain(bundles).collect();
        Self { format: FORMAT.to_owned(), build, free, rules, pages }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is of no or of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let texts: Self = serde_json::from_slice(bytes).map_err(|error| Unreadable(error.to_string()))?;
        let known = |(rule, _): &(usize, Marks)| *rule < texts.rules.len();
        let groups = texts.pages.values().flat_map(|page| std::iter::once(&page.head).chain(&page.body));
        if texts.format != FORMAT || !groups.into_iter().all(known) {
            return Err(Unreadable(format!("it is no `{FORMAT}`")));
        }
        Ok(texts)
    }

    /// The file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// The build that it belongs to.
    #[must_use]
    pub fn build(&self) -> &str {
        &self.build
    }

    /// What anybody may join who asks.
    pub(super) fn free(&self) -> &BTreeSet<Id> {
        &self.free
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.pages.keys().map(String::as_str)
    }

    /// What a page says: its head first; nothing where there is no page.
    pub(super) fn page(&self, path: &str) -> impl Iterator<Item = Group<'_>> {
        let groups = self.pages.get(path).into_iter().flat_map(|page| std::iter::once(&page.head).chain(&page.body));
        groups.map(|(rule, marks)| (*rule, marks.0.as_slice()))
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|mark| *mark.bytes()).collect();
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(D::Error::custom)?;
        let (marks, []) = bytes.as_chunks::<{ Mark::BYTES }>() else {
            return Err(D::Error::custom("a mark is cut off"));
        };
        Ok(Self(marks.iter().map(|mark| Mark::from_bytes(*mark)).collect()))
    }
}
