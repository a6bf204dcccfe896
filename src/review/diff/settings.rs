//! Settings of a site that let people in without any page being another: whose tokens count, and what may be joined.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::Compared;
use crate::id::Id;
use crate::manifest::Token;

/// A setting that lets in whom it did not let in before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Setting {
    /// What it is called: `token.issuer`, `pro.free`.
    pub name: String,
    /// What it was; nothing where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is.
    pub after: String,
    /// What comes of it.
    pub words: String,
}

impl Setting {
    /// What a list of allowed changes calls it: `site.yaml:token.issuer`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{PATH}:{}", self.name)
    }
}

/// Where settings are written.
pub(super) const PATH: &str = "site.yaml";

/// All that differ.
pub(super) fn changes(before: Compared<'_>, after: Compared<'_>) -> Vec<Setting> {
    let mut found = Vec::new();
    if let Some(now) = &after.manifest.token {
        let was = before.manifest.token.as_ref();
        for name in ["issuer", "audience", "claim"] {
            let value = |token: &'_ Token| value(token, name).to_owned();
            let (was, now) = (was.map(value), value(now));
            if was.as_ref() != Some(&now) {
                let then = was.as_ref().map_or("there were no tokens".to_owned(), |was| format!("it was `{was}`"));
                let words = format!("other tokens open what they name: `token.{name}` is `{now}`, {then}");
                found.push(Setting { name: format!("token.{name}"), before: was, after: now, words });
            }
        }
    }
    found.extend(joined(before, after).into_iter().map(|id| Setting {
        words: format!("anyone may now join `{id}`: it is free, and was not"),
        name: format!("{id}.free"),
        before: Some("false".to_owned()),
        after: "true".to_owned(),
    }));
    found
}

fn value<'t>(token: &'t Token, name: &str) -> &'t str {
    match name {
        "issuer" => &token.issuer,
        "audience" => &token.audience,
        _ => &token.claim,
    }
}

/// What was there and is free now. What is new is said of the pages that it opens.
fn joined(before: Compared<'_>, after: Compared<'_>) -> BTreeSet<Id> {
    let Some((was, is)) = before.texts.zip(after.texts) else { return BTreeSet::new() };
    let known = |id: &&Id| before.manifest.access_controls.iter().any(|control| control.id == **id);
    is.free().difference(was.free()).filter(known).cloned().collect()
}
