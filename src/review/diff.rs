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
mod texts;
mod ways;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::catalogue::Cancellation;
use crate::access::rule::{Clause, Need, Rule};
use crate::digest::ObjectName;
use crate::id::Id;
use crate::manifest::{Kind, Manifest, Otherwise, Policy, Route};
use crate::review::texts::Texts;
use crate::time::Timestamp;

pub use allow::{Allowed, BadEntry, Stopped, Verdict};
pub use ways::{Held, Way};

use texts::Said;
use ways::{Names, difference};

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
    /// Texts on it that other pages showed, to fewer readers.
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

/// Texts that stood on another page.
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
        Self { format: FORMAT.to_owned(), clock, changes }
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
        let stays = matches!(self.what, What::Kept | What::Moved);
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
        let stays = matches!(self.what, What::Kept | What::Moved);
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
        !self.opened.is_empty() || self.before.iter().any(|words| !self.after.contains(words))
    }
}

/// Two manifests, and what was found out of their policies.
struct Pair<'a> {
    before: Side<'a>,
    after: Side<'a>,
    clock: Timestamp,
    names: Names,
}

/// A manifest with the rules that count, settled at one clock.
struct Side<'a> {
    manifest: &'a Manifest,
    said: Option<Said<'a>>,
    rules: Vec<Rule>,
    /// For each policy: who may open, and who may know.
    policies: Vec<(Rule, Rule)>,
}

impl<'a> Pair<'a> {
    fn new(old: Compared<'a>, new: Compared<'a>, clock: Timestamp) -> Self {
        let (before, after) = (old.manifest, new.manifest);
        let cancellation = if keeps(before) || keeps(after) { Cancellation::KeepUnlocked } else { Cancellation::Hard };
        let ids = |manifest: &Manifest, kind: Kind| -> Vec<Id> {
            let controls = manifest.access_controls.iter().filter(|control| control.kind == kind);
            controls.map(|control| control.id.clone()).collect()
        };
        let mut bundles = ids(after, Kind::Bundle);
        bundles.extend(ids(before, Kind::Bundle));
        let names = Names { tiers: ids(after, Kind::Tier), former_tiers: ids(before, Kind::Tier), bundles };
        let side = |compared| Side::new(compared, cancellation, clock);
        Self { before: side(old), after: side(new), clock, names }
    }

    fn difference(&self, rule: &Rule, minus: &Rule) -> Vec<Way> {
        difference((rule, minus), self.clock, &self.names)
    }

    /// For whom two policies differ; of what is on one side alone, who can open it.
    fn access(&self, before: Option<usize>, after: Option<usize>) -> Access {
        let nobody = (Rule::nobody(), Rule::nobody());
        let (was, knew) = before.and_then(|policy| self.before.policies.get(policy)).unwrap_or(&nobody);
        let (is, knows) = after.and_then(|policy| self.after.policies.get(policy)).unwrap_or(&nobody);
        if before.is_none() || after.is_none() {
            let (opened, closed) = (self.difference(is, was), self.difference(was, is));
            return Access { opened, closed, ..Access::default() };
        }
        let lost = self.difference(was, is);
        let (relocked, closed) = lost.into_iter().partition(Way::by_drip);
        Access {
            opened: self.difference(is, was),
            closed,
            relocked,
            revealed: self.difference(knows, &knew.or(is)),
            concealed: self.difference(knew, &knows.or(was)),
            windows: windows(was, is),
        }
    }

    /// What shows in parts of a page, or in what stands in its place, to those who were given it and still are.
    fn parts(&self, before: (&str, &Route), after: (&str, &Route)) -> Option<Parts> {
        let mut parts = Parts::default();
        for open in [true, false] {
            let (old, new) = (self.before.forms(before.1, open), self.after.forms(after.1, open));
            if old.len().max(new.len()) > 1 {
                self.same_forms((&old, &new), &mut parts);
            }
            // Of what stands in place of a page only the same bytes tell anything: a drip makes a waiting form, and takes it.
            if open && self.said().is_none() {
                self.other_forms((&old, &new), &mut parts);
            }
        }
        self.same_texts((before.0, before.1.policy), (after.0, after.1.policy), &mut parts);
        dedup(&mut parts.opened);
        dedup(&mut parts.closed);
        (parts != Parts::default()).then_some(parts)
    }

    /// What a new path gives of what was there before, under any path, to those who were given it nowhere.
    fn again(&self, readers: &BTreeMap<&ObjectName, Rule>, route: &Route) -> Option<Parts> {
        let mut parts = Parts::default();
        for (object, rule) in self.after.forms(route, true) {
            if let Some(before) = readers.get(object) {
                parts.opened.extend(self.difference(&rule, before));
            }
        }
        dedup(&mut parts.opened);
        (parts != Parts::default()).then_some(parts)
    }

    /// Who is given forms now that were there before, and who is not.
    fn same_forms(&self, (old, new): (&Forms<'_>, &Forms<'_>), parts: &mut Parts) {
        let (was, is) = (Rule::any(old.values()), Rule::any(new.values()));
        for (object, rule) in new {
            if let Some(before) = old.get(*object) {
                parts.opened.extend(self.difference(&rule.and(&was), before));
                parts.closed.extend(self.difference(&before.and(&is), rule));
            }
        }
    }

    /// For whom there were and are forms of which there is no other with the same bytes.
    fn other_forms(&self, (old, new): (&Forms<'_>, &Forms<'_>), parts: &mut Parts) {
        let (was, is) = (Rule::any(old.values()), Rule::any(new.values()));
        // What everybody is given who is given any form is no part of it.
        let unlike = |forms: &Forms<'_>, others: &Forms<'_>, whole: &Rule| -> Vec<String> {
            let unlike = forms.iter().filter(|(object, rule)| !others.contains_key(*object) && *rule != whole);
            let rules: BTreeSet<&Rule> = unlike.map(|(_, rule)| rule).collect();
            rules.into_iter().map(|rule| lines::list(&self.difference(rule, &Rule::nobody()))).collect()
        };
        let (gone, come) = (unlike(old, new, &was), unlike(new, old, &is));
        if gone != come {
            parts.before.extend(gone);
            parts.after.extend(come);
        }
    }
}

/// Forms of a path: each object, and who may have it.
type Forms<'a> = BTreeMap<&'a ObjectName, Rule>;

fn dedup(ways: &mut Vec<Way>) {
    let mut seen = BTreeSet::new();
    ways.retain(|way| seen.insert(way.words.clone()));
}

impl<'a> Side<'a> {
    /// Who is given each object, under any path.
    fn readers(&self) -> BTreeMap<&'a ObjectName, Rule> {
        let mut readers: BTreeMap<&'a ObjectName, BTreeSet<Rule>> = BTreeMap::new();
        for (_, route) in self.routes() {
            for (object, rule) in [true, false].into_iter().flat_map(|open| self.forms(route, open)) {
                readers.entry(object).or_default().insert(rule);
            }
        }
        readers.into_iter().map(|(object, rules)| (object, Rule::any(&rules))).collect()
    }

    fn new(Compared { manifest, texts }: Compared<'a>, cancellation: Cancellation, clock: Timestamp) -> Self {
        let settle = |rule: &Rule| settled(rule, cancellation, clock);
        let said = texts.map(|texts| Said::new(texts, settle));
        let rules = manifest.rules.iter().map(settle).collect();
        let mut side = Self { manifest, said, rules, policies: Vec::new() };
        side.policies = manifest.policies.iter().map(|policy| (side.open(policy), side.known(policy, clock))).collect();
        side
    }

    fn rules(&self, policy: &Policy) -> impl Iterator<Item = &Rule> {
        policy.variants.iter().filter_map(|rule| self.rules.get(*rule))
    }

    /// Who is served the thing itself.
    fn open(&self, policy: &Policy) -> Rule {
        any(self.rules(policy).take(policy.open))
    }

    /// Who is not told that there is nothing.
    fn known(&self, policy: &Policy, clock: Timestamp) -> Rule {
        let served = any(self.rules(policy));
        match policy.otherwise {
            Otherwise::Hidden => served,
            Otherwise::Denied => {
                // An edge looks at the windows as they stand in the manifest.
                let rules = policy.variants.iter().filter_map(|rule| self.manifest.rules.get(*rule));
                let open = |clause: &Clause| Clause { all: Vec::new(), ..clause.clone() };
                let windows = Rule::from(rules.flat_map(Rule::clauses).map(open).collect::<Vec<_>>());
                served.or(&windows.settled(clock, Cancellation::Hard))
            }
        }
    }

    /// The forms of a route: those that are the thing itself, or those in its place.
    fn forms(&self, route: &'a Route, open: bool) -> Forms<'a> {
        let mut forms: Forms<'_> = BTreeMap::new();
        let Some(policy) = self.manifest.policies.get(route.policy) else { return forms };
        let (first, last) = if open { (0, policy.open) } else { (policy.open, policy.variants.len()) };
        for (object, rule) in route.objects.iter().zip(self.rules(policy)).take(last).skip(first) {
            let either = forms.get(object).map_or_else(|| rule.clone(), |known| known.or(rule));
            forms.insert(object, either);
        }
        forms
    }
}

/// A rule as it counts from the clock on. Where nothing is ever frozen, what only matters to the frozen is forgotten.
fn settled(rule: &Rule, cancellation: Cancellation, clock: Timestamp) -> Rule {
    let settled = rule.settled(clock, cancellation);
    if cancellation == Cancellation::KeepUnlocked {
        return settled;
    }
    let thaw = |need: &Need| Need { kept: Some(Timestamp::MIN), ..need.clone() };
    let thawed = |clause: &Clause| Clause { all: clause.all.iter().map(thaw).collect(), ..clause.clone() };
    Rule::from(settled.clauses().iter().map(thawed).collect::<Vec<_>>())
}

/// Any of some rules, of which the last is mostly the weakest: what it implies is not looked at again.
fn any<'a>(rules: impl Iterator<Item = &'a Rule>) -> Rule {
    let weaken = |all: Rule, rule: &&Rule| if rule.implies(&all) { all } else { all.or(rule) };
    let rules: Vec<&Rule> = rules.collect();
    rules.iter().rev().fold(Rule::nobody(), weaken)
}

/// Whether a manifest tells frozen entitlements apart, which only those of sites do that keep what was unlocked.
fn keeps(manifest: &Manifest) -> bool {
    let clauses = manifest.rules.iter().flat_map(Rule::clauses);
    let begun = |clause: &Clause| clause.from.is_some_and(|from| from <= manifest.clock);
    clauses
        .filter(|clause| !clause.all.is_empty())
        .any(|clause| begun(clause) || clause.all.iter().any(|need| need.kept.is_some()))
}

/// The dates of both, where nothing else differs.
fn windows(was: &Rule, is: &Rule) -> Option<Windows> {
    let bare = |rule: &Rule| {
        let all = |clause: &Clause| clause.all.iter().map(|need| Need { kept: None, ..need.clone() }).collect();
        let clauses = rule.clauses().iter().map(|clause| Clause { all: all(clause), from: None, until: None });
        Rule::from(clauses.collect::<Vec<_>>())
    };
    let spans = |rule: &Rule| -> Vec<String> {
        let span = |clause: &Clause| crate::review::dates::window(clause.from, clause.until).trim().to_owned();
        let spans: BTreeSet<String> = rule.clauses().iter().map(span).collect();
        spans.into_iter().map(|span| if span.is_empty() { "always".to_owned() } else { span }).collect()
    };
    let (before, after) = (spans(was), spans(is));
    let one = before.len() == 1 && after.len() == 1 && before != after;
    (one && bare(was) == bare(is)).then_some(Windows { before, after })
}
