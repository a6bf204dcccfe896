//! What a build opened to whom, compared with the manifest it replaces: the part of a review that needs no asking.

use serde::{Deserialize, Serialize};

use crate::publish::{PublishError, Publisher};
use crate::review::diff::{Change, Compared, Diff, Way, What};
use crate::review::texts::Texts;

/// A path that somebody may open now who could not before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// The path.
    pub path: String,
    /// To whom: `visitors`, `members of free`, `holders of rust-course of 7 to 13 days`.
    pub readers: Vec<String>,
    /// Whether they are shown a part of it alone, or more of it than before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
}

/// What a build opens that is about to replace what is published. Where nothing is, it opens nothing that was closed.
///
/// # Errors
/// When what is there for reviews cannot be read.
pub(super) fn by(publisher: &Publisher, after: Compared<'_>) -> Result<Vec<Opened>, PublishError> {
    let Some(manifest) = publisher.previous() else { return Ok(Vec::new()) };
    // What is of another form, or of another build, says nothing.
    let texts = publisher.previous_review()?.and_then(|bytes| Texts::parse(&bytes).ok());
    let texts = texts.filter(|texts| texts.build() == manifest.build);
    Ok(opened(Compared { manifest, texts: texts.as_ref() }, after))
}

/// Everything that stood in the manifest before, under this path or another, and is open to more readers now. Time alone opens nothing here: both are
/// looked at from the new clock on.
#[must_use]
fn opened(before: Compared<'_>, after: Compared<'_>) -> Vec<Opened> {
    let changes = Diff::between(before, after).changes.into_iter();
    changes.map(of).filter(|opened| !opened.readers.is_empty()).collect()
}

fn of(Change { path, what, access, parts, brought, .. }: Change) -> Opened {
    let stays = matches!(what, What::Kept | What::Moved);
    let words = |ways: Vec<Way>| ways.into_iter().map(|way| way.words);
    if stays && !access.opened.is_empty() {
        return Opened { path, readers: words(access.opened).collect(), part: false };
    }
    // Of what is new only what was there before tells anything.
    let parts = parts.map(|parts| parts.opened).unwrap_or_default();
    let part = stays || parts.is_empty();
    let mut readers: Vec<String> = Vec::new();
    for reader in words(parts).chain(brought.into_iter().flat_map(|brought| words(brought.opened))) {
        if !readers.contains(&reader) {
            readers.push(reader);
        }
    }
    Opened { path, readers, part }
}
