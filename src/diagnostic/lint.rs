//! The names of what `check` finds: each stays what it is, for settings and for other programs.
//!
//! What a build refuses or warns of and that nobody may want to allow by itself goes under two names for all of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::nearest;

/// A kind of finding, by its permanent id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lint {
    /// What a build refuses.
    BuildError,
    /// What a build warns of.
    BuildWarning,
    /// A link that leads to nothing of the site, or to an anchor that is not there.
    BrokenLink,
    /// A link that reveals a page or file to some who may not know of it.
    RevealingLink,
    /// A link whose target some who see it do not get.
    DeadEnd,
    /// A locked page that shows nothing but its title.
    NothingToSee,
    /// Two lessons with one order number.
    DuplicateOrder,
    /// A drip that decreases along a course.
    DripGoesBack,
    /// A lesson whose readers may open no lesson before it.
    OutOfSequence,
    /// A page or block that nobody can open.
    Unopenable,
    /// Pages that open with nothing that is free or sold.
    Unsold,
    /// A subscription that goes on when nothing new comes.
    EndlessPayment,
    /// A gated block that never closes.
    IdleBlock,
    /// A divider that does nothing.
    IdleDivider,
    /// A divider that leaves nothing of a gated page closed.
    WholeTeaser,
    /// A file that no page shows.
    UnshownFile,
    /// A file for everybody that only gated places show.
    OpenFile,
    /// An open address that holds the name of a hidden page.
    TellingName,
    /// A section whose pages come and go at so many instants that they have thousands of forms.
    ManyForms,
    /// An address on another site that does not answer.
    ExternalLink,
}

impl Lint {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::BuildError,
        Self::BuildWarning,
        Self::BrokenLink,
        Self::RevealingLink,
        Self::DeadEnd,
        Self::NothingToSee,
        Self::DuplicateOrder,
        Self::DripGoesBack,
        Self::OutOfSequence,
        Self::Unopenable,
        Self::Unsold,
        Self::EndlessPayment,
        Self::IdleBlock,
        Self::IdleDivider,
        Self::WholeTeaser,
        Self::UnshownFile,
        Self::OpenFile,
        Self::TellingName,
        Self::ManyForms,
        Self::ExternalLink,
    ];

    /// Its id: lower case, words joined by `-`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::BuildError => "build-error",
            Self::BuildWarning => "build-warning",
            Self::BrokenLink => "broken-link",
            Self::RevealingLink => "revealing-link",
            Self::DeadEnd => "dead-end",
            Self::NothingToSee => "nothing-to-see",
            Self::DuplicateOrder => "duplicate-order",
            Self::DripGoesBack => "drip-goes-back",
            Self::OutOfSequence => "out-of-sequence",
            Self::Unopenable => "unopenable",
            Self::Unsold => "unsold",
            Self::EndlessPayment => "endless-payment",
            Self::IdleBlock => "idle-block",
            Self::IdleDivider => "idle-divider",
            Self::WholeTeaser => "whole-teaser",
            Self::UnshownFile => "unshown-file",
            Self::OpenFile => "open-file",
            Self::TellingName => "telling-name",
            Self::ManyForms => "many-forms",
            Self::ExternalLink => "external-link",
        }
    }

    /// What it finds, in a line.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::BuildError => "what a build refuses",
            Self::BuildWarning => "what a build warns of",
            Self::BrokenLink => {
                "a link leads nowhere, to a page that is not published, or to an anchor that is not there"
            }
            Self::RevealingLink => "a link reveals a page or file to some who may not know of it",
            Self::DeadEnd => "some who see a link do not get what it leads to",
            Self::NothingToSee => "locked pages show nothing but their titles to those who may not open them",
            Self::DuplicateOrder => "two lessons have one order number",
            Self::DripGoesBack => "a lesson opens earlier than one before it",
            Self::OutOfSequence => "who may open a lesson may open no lesson before it",
            Self::Unopenable => "nobody can open a page or a gated block",
            Self::Unsold => "nothing sells a tier or a bundle, or pages open with nothing that is free or sold",
            Self::EndlessPayment => "a subscription goes on when nothing new comes any more",
            Self::IdleBlock => "a gated block never closes",
            Self::IdleDivider => "a divider does nothing",
            Self::WholeTeaser => "a teaser shows the whole of a gated page",
            Self::UnshownFile => "no page shows a file",
            Self::OpenFile => "a file in `static/` is open to all, and only gated places show it",
            Self::TellingName => "an open address holds the name of a hidden page",
            Self::ManyForms => {
                "the pages of a section come and go at so many instants that they have thousands of forms"
            }
            Self::ExternalLink => "an address on another site does not answer",
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A word that is no id of a lint.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no lint `{word}`")]
pub struct UnknownLint {
    word: String,
}

impl UnknownLint {
    /// What to write in its place.
    #[must_use]
    pub fn help(&self) -> String {
        match nearest(&self.word.to_lowercase(), Lint::ALL.map(Lint::id)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "each warning of `tierpress check` says its id in brackets".to_owned(),
        }
    }
}

impl FromStr for Lint {
    type Err = UnknownLint;

    fn from_str(word: &str) -> Result<Self, UnknownLint> {
        Self::ALL.into_iter().find(|lint| lint.id() == word).ok_or_else(|| UnknownLint { word: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_and_people_are_told_the_same_id() {
        for lint in Lint::ALL {
            assert_eq!(serde_json::to_value(lint).unwrap(), lint.id());
            assert_eq!(lint.id().parse(), Ok(lint));
        }
    }
}
