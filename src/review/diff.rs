//! What a change opened and closed: two manifests, compared by their rules.
//!
//! For each path and each reader the question is what [`edge::decide`](crate::edge::decide) answers before and after; it
//! is answered for all readers at once, by implication and not by samples. Both are looked at from the later of the two
//! clocks on: what time alone opens is no change. It refuses to know files: bytes become manifests elsewhere.

mod allow;
mod elsewhere;
mod lines;
mod markdown;
mod pages;
mod pair;
mod settings;
mod texts;
mod ways;
mod words;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::manifest::Manifest;
use crate::review::texts::Texts;
use crate::time::Timestamp;

pub use allow::{Allowed, BadEntry, Stopped, Verdict};
pub use settings::Setting;
pub use ways::{Held, Way};

use pair::Pair;

/// The format that this version writes.
pub const FORMAT: &str = "tierpress-diff/1";

/// Everything that differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Diff {
    /// Always [`FORMAT`].
    pub format: String,
    /// The instant from which both are looked at, in seconds since 1970.
    pub clock: Timestamp,
    /// By path.
    pub changes: Vec<Change>,
    /// Settings of the site that let people in without any page being another.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

/// What became of a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It is where it was.
    Kept,
    /// It was not there before.
    Appeared,
    /// It is gone, and nothing leads on from it.
    Vanished,
    /// It is at another path now.
    Moved,
}

/// One path that is not as it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// The path; of what moved, the new one.
    pub path: String,
    /// What became of it.
    pub what: What,
    /// Of what moved: the path it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Of what moved: whether the old path leads to the new one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redirect: bool,
    /// Of a former address that vanished: where it led.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub led_to: Option<String>,
    /// For whom it differs.
    #[serde(flatten)]
    pub access: Access,
    /// Parts of a page, or of the teaser in its place, that show to others than before: of those who were given it and still are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// Texts on it that other pages showed, or bytes that other paths gave, to fewer readers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub brought: Vec<Brought>,
    /// Whether some form of it has other bytes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub content: bool,
}

/// For whom a path differs. Readers: [`Way`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Access {
    /// Who can open it now, and could not.
    pub opened: Vec<Way>,
    /// Who could open it, and cannot now; less those of `relocked`.
    pub closed: Vec<Way>,
    /// Who had it by a drip that takes longer now.
    pub relocked: Vec<Way>,
    /// Who learns now that it exists, and cannot open it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revealed: Vec<Way>,
    /// Who knew that it exists without being able to open it, and is told now that there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concealed: Vec<Way>,
    /// Where only dates differ: these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
}

/// The dates between which something is open, in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Windows {
    /// As they were.
    pub before: Vec<String>,
    /// As they are.
    pub after: Vec<String>,
}

/// What there is on one side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// Who gets what.
    pub manifest: &'a Manifest,
    /// What the pages say, where it is known.
    pub texts: Option<&'a Texts>,
}

impl<'a> From<&'a Manifest> for Compared<'a> {
    fn from(manifest: &'a Manifest) -> Self {
        Self { manifest, texts: None }
    }
}

/// Parts of a page: gated blocks, a teaser, single sentences, entries of its lists.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Parts {
    /// Who is shown now what only others were shown: the same bytes of a form, the same text.
    pub opened: Vec<Way>,
    /// Who was shown it, and is not now.
    pub closed: Vec<Way>,
    /// Where something may have opened: for whom a part was that is gone. Where texts are not known it is for whom there
    /// were forms with other bytes.
    pub before: Vec<String>,
    /// For whom parts are that are new; or forms.
    pub after: Vec<String>,
}

/// Texts that stood on another page, or a file's bytes that were at another path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Brought {
    /// The path of that page, or of the first where there were several.
    pub was: String,
    /// Who could read them, there or anywhere: `members of pro`.
    pub readers: String,
    /// Who can read them now and could not.
    pub opened: Vec<Way>,
}

/// What a pipeline may be told to stop at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Alarm {
    /// Something that was there is open to more readers; or a part of it, or it lost a gate while its text changed.
    Open,
    /// Something is open to fewer readers.
    Closed,
    /// A path leads nowhere now.
    Vanished,
    /// A drip locks again what members had.
    Relocked,
    /// There is something new.
    Appeared,
    /// Something that was hidden is known to more readers.
    Revealed,
}

/// What of a path is open to more readers, where it has that alarm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Opening {
    /// The thing itself.
    Whole,
    /// A part of it.
    Part,
    /// A part of it, perhaps.
    Perhaps,
    /// Whatever those may open whom a setting lets in.
    Setting,
}

impl Diff {
    /// Compares what two manifests serve.
    #[must_use]
    pub fn of(before: &Manifest, after: &Manifest) -> Self {
        Self::between(before.into(), after.into())
    }

    /// Compares what two builds serve; where both know what their pages say, also what stands under which rule.
    #[must_use]
    pub fn between(before: Compared<'_>, after: Compared<'_>) -> Self {
        let clock = before.manifest.clock.max(after.manifest.clock);
        let pair = Pair::new(before, after, clock);
        let changes = pages::changes(&pair);
        Self { format: FORMAT.to_owned(), clock, changes, settings: settings::changes(before, after) }
    }

    /// Whether nothing differs that is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.settings.is_empty()
    }

    /// The same without paths of which only bytes differ.
    #[must_use]
    pub fn of_access(mut self) -> Self {
        self.changes.retain(|change| !change.is_content_alone());
        self
    }

    /// The JSON Schema of the format.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// For people: one change a line, many alike in one. With `all`, each by itself.
    #[must_use]
    pub fn lines(&self, all: bool) -> Vec<String> {
        lines::lines(self, all)
    }

    /// For a pull request: a short table, the details folded.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }
}

impl What {
    /// Whether it was there before.
    #[must_use]
    pub fn stays(self) -> bool {
        matches!(self, Self::Kept | Self::Moved)
    }
}

impl Change {
    fn new(path: &str, what: What) -> Self {
        Self {
            path: path.to_owned(),
            what,
            was: None,
            redirect: false,
            led_to: None,
            access: Access::default(),
            parts: None,
            brought: Vec::new(),
            content: false,
        }
    }

    /// Whether nothing but bytes differs.
    #[must_use]
    pub fn is_content_alone(&self) -> bool {
        let part = self.parts.is_some() || !self.brought.is_empty();
        self.what == What::Kept && self.access == Access::default() && !part
    }

    /// How sure it is that something is open to more readers.
    #[must_use]
    pub fn opening(&self) -> Opening {
        let part = self.parts.as_ref().is_some_and(|parts| !parts.opened.is_empty());
        let stays = self.what.stays();
        match (stays && !self.access.opened.is_empty(), part) {
            (true, _) => Opening::Whole,
            (false, true) if !stays => Opening::Whole,
            (false, true) => Opening::Part,
            (false, false) if !self.brought.is_empty() => Opening::Part,
            (false, false) => Opening::Perhaps,
        }
    }

    /// What it is that a pipeline may be told to stop at.
    #[must_use]
    pub fn alarms(&self) -> BTreeSet<Alarm> {
        let stays = self.what.stays();
        let parts = |some: fn(&Parts) -> bool| self.parts.as_ref().is_some_and(some);
        let opened = !self.access.opened.is_empty();
        let lost = self.what == What::Vanished || (self.what == What::Moved && !self.redirect);
        let alarms = [
            (Alarm::Open, (stays && opened) || parts(Parts::may_open) || !self.brought.is_empty()),
            (Alarm::Closed, stays && (!self.access.closed.is_empty() || parts(|parts| !parts.closed.is_empty()))),
            (Alarm::Vanished, lost),
            (Alarm::Relocked, stays && !self.access.relocked.is_empty()),
            (Alarm::Appeared, self.what == What::Appeared),
            (Alarm::Revealed, stays && !self.access.revealed.is_empty()),
        ];
        alarms.into_iter().filter(|(_, is)| *is).map(|(alarm, _)| alarm).collect()
    }
}

impl Parts {
    /// Whether more may be shown to somebody: certain for the same bytes and texts, possible where a gate is gone.
    #[must_use]
    pub fn may_open(&self) -> bool {
        !self.opened.is_empty() || self.lost().next().is_some()
    }

    /// For whom parts were that are gone, and with them perhaps their gate.
    pub fn lost(&self) -> impl Iterator<Item = &String> {
        self.before.iter().filter(|words| !self.after.contains(words))
    }
}
