//! What a build opened to whom, compared with the manifest it replaces: the part of a review that needs no asking.

use serde::{Deserialize, Serialize};

use super::Request;
use crate::diagnostic::Diagnostic;
use crate::publish::{PublishError, Publisher};
use crate::review::diff::{Alarm, Change, Compared, Diff, Opening, Setting, Way};
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
    /// Where it is not sure that anything opened, for then there are no readers: for whom parts were that are gone,
    /// while there is new text that others read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// Where it is no path but a setting that lets people in: what comes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
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

/// What is said where something was published and it cannot be told what: an error for those who want nothing opened.
///
/// # Errors
/// When the disk will not say.
pub(super) fn unknown(publisher: &Publisher, request: &Request<'_>) -> Result<Option<Diagnostic>, PublishError> {
    let Some(why) = publisher.previous_fault()? else { return Ok(None) };
    let manifest = request.out.join("manifest.json");
    let message = format!("it cannot be told what this build opens: `{}` {why}", manifest.display());
    let help = match request.strict {
        true => "put the manifest back that was published, or build once without `--strict`",
        false => "look at what was published with `tierpress diff`, and a revision",
    };
    let fault = if request.strict { Diagnostic::setup(message) } else { Diagnostic::warning(message) };
    Ok(Some(fault.help(help)))
}

/// Everything that stood in the manifest before, under this path or another, and is open to more readers now, or may
/// be: what `tierpress diff --fail-on open` stops at. Time alone opens nothing here: both are looked at from the new
/// clock on.
#[must_use]
fn opened(before: Compared<'_>, after: Compared<'_>) -> Vec<Opened> {
    let Diff { changes, settings, .. } = Diff::between(before, after);
    let changes = changes.into_iter().filter(|change| change.alarms().contains(&Alarm::Open)).map(of);
    settings.into_iter().map(let_in).chain(changes).collect()
}

fn let_in(setting: Setting) -> Opened {
    let (path, setting) = (setting.path(), Some(setting.words));
    Opened { path, readers: Vec::new(), part: false, lost: Vec::new(), setting }
}

fn of(change: Change) -> Opened {
    let opening = change.opening();
    let Change { path, what, access, parts, brought, .. } = change;
    let parts = parts.unwrap_or_default();
    let lost = parts.lost().cloned().collect();
    // Of what is new only what was there before tells anything.
    let whole = if what.stays() { access.opened } else { Vec::new() };
    let sure = Opened { path, readers: Vec::new(), part: opening != Opening::Whole, lost: Vec::new(), setting: None };
    if opening == Opening::Perhaps {
        return Opened { lost, ..sure };
    }
    let ways: Vec<Way> = match whole.is_empty() {
        true => parts.opened.into_iter().chain(brought.into_iter().flat_map(|brought| brought.opened)).collect(),
        false => whole,
    };
    let mut readers: Vec<String> = Vec::new();
    for way in ways {
        if !readers.contains(&way.words) {
            readers.push(way.words);
        }
    }
    Opened { readers, ..sure }
}
