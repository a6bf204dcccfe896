//! Texts that stand under another rule than before, found by their marks: exact, where both sides know what their pages
//! say.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::{Pair, Side};
use super::{Parts, Way, lines};
use crate::access::rule::Rule;
use crate::plan::sentences::Mark;
use crate::review::texts::Texts;

/// What one side's pages say, under rules that are settled at the clock of the comparison.
pub(super) struct Said<'a> {
    texts: &'a Texts,
    rules: Vec<Rule>,
}

/// What stands on a page under one rule.
pub(super) type Group<'s> = (&'s Rule, &'s [Mark]);

/// The rules under which a text stands, once for each time that it does.
type Rules<'s> = Vec<&'s Rule>;

/// Who can open a page, before and after.
#[derive(Clone, Copy)]
struct Open<'s> {
    could: &'s Rule,
    can: &'s Rule,
}

impl<'a> Said<'a> {
    pub(super) fn new(texts: &'a Texts, settle: impl Fn(&Rule) -> Rule) -> Self {
        Self { texts, rules: texts.rules().iter().map(settle).collect() }
    }

    /// Every page.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.paths()
    }

    /// What a page says: its head first; nothing where there is no page.
    pub(super) fn page(&self, path: &str) -> Vec<Group<'_>> {
        self.texts.page(path).filter_map(|(rule, marks)| Some((self.rules.get(rule)?, marks))).collect()
    }
}

impl Pair<'_> {
    /// What both sides say; nothing where one of them does not know.
    pub(super) fn said(&self) -> Option<(&Said<'_>, &Said<'_>)> {
        self.before.said.as_ref().zip(self.after.said.as_ref())
    }

    /// Who reads texts of a page now that they could not read, and who does no more. Those for whom the page as a whole
    /// opened or closed are told so already.
    pub(super) fn same_texts(&self, before: (&str, usize), after: (&str, usize), parts: &mut Parts) {
        let Some((was, is)) = self.said() else { return };
        let (old, new) = (was.page(before.0), is.page(after.0));
        if old == new {
            return;
        }
        let nobody = Rule::nobody();
        let open = |side: &'_ Side<'_>, policy: usize| side.policies.get(policy).map(|(open, _)| open.clone());
        let (could, can) = (open(&self.before, before.1), open(&self.after, after.1));
        let open = Open { could: could.as_ref().unwrap_or(&nobody), can: can.as_ref().unwrap_or(&nobody) };
        let (stood, stand) = (places(&old), places(&new));
        let moved = |mark: &Mark, rules: &Rules<'_>, others: &Rules<'_>| !mark.is_short() || !stay(rules, others);
        let mut opened: BTreeSet<(&Rules<'_>, &Rules<'_>)> = BTreeSet::new();
        let mut closed = opened.clone();
        for (mark, is) in &stand {
            let Some(was) = stood.get(mark).filter(|was| *was != is) else { continue };
            // Who learns of a page learns its title: that is said by itself.
            if [&old, &new].iter().all(|groups| groups.first().is_some_and(|(_, head)| head.contains(mark))) {
                continue;
            }
            // Few words may be the same by chance: of them only what left its place counts.
            opened.extend(Some((was, is)).filter(|_| moved(mark, was, is)));
            closed.extend(Some((is, was)).filter(|_| moved(mark, is, was)));
        }
        for (was, is) in opened {
            parts.opened.extend(self.gained((is, was), open));
        }
        for (is, was) in closed {
            parts.closed.extend(self.gained((was, is), Open { could: open.can, can: open.could }));
        }
        self.other_texts((&old, &stand), (&new, &stood), open, parts);
    }

    /// A gate that is gone, with a text in it that is gone too; and a new text that more may read.
    fn other_texts(
        &self,
        (old, stand): (&[Group<'_>], &BTreeMap<Mark, Rules<'_>>),
        (new, stood): (&[Group<'_>], &BTreeMap<Mark, Rules<'_>>),
        open: Open<'_>,
        parts: &mut Parts,
    ) {
        let apart =
            |marks: &[Mark], others: &BTreeMap<Mark, Rules<'_>>| marks.iter().any(|mark| !others.contains_key(mark));
        let lost = old
            .iter()
            .skip(1)
            .filter(|(rule, marks)| !new.iter().any(|(other, _)| other == rule) && apart(marks, stand));
        let come: Vec<&Rule> = new.iter().filter(|(_, marks)| apart(marks, stood)).map(|(rule, _)| *rule).collect();
        let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
        for (lost, _) in lost {
            for come in &come {
                let ways = self.gained((&vec![come], &vec![lost]), open);
                let known = |way: &Way| parts.opened.iter().any(|opened| opened.words == way.words);
                if !ways.iter().all(known) {
                    before.insert(*lost);
                    after.insert(*come);
                }
            }
        }
        let words = |rule: &Rule| lines::list(&self.difference(rule, &Rule::nobody()));
        parts.before.extend(before.into_iter().map(words));
        parts.after.extend(after.into_iter().map(words));
    }

    /// For whom one of some rules holds and none of the others, less those for whom the page opened as a whole.
    fn gained(&self, (is, was): (&Rules<'_>, &Rules<'_>), Open { could, can }: Open<'_>) -> Vec<Way> {
        let (is, was) = (Rule::any(is.iter().copied()), Rule::any(was.iter().copied()));
        if is.implies(&was) {
            return Vec::new();
        }
        if can.implies(could) {
            return self.difference(&is, &was);
        }
        let mut ways = self.difference(&is, &was.or(can));
        ways.extend(self.difference(&is.and(could), &was));
        ways
    }
}

fn places<'s>(groups: &[Group<'s>]) -> BTreeMap<Mark, Rules<'s>> {
    let mut places: BTreeMap<Mark, Rules<'s>> = BTreeMap::new();
    for (rule, marks) in groups {
        marks.iter().for_each(|mark| places.entry(*mark).or_default().push(*rule));
    }
    places.values_mut().for_each(|rules| rules.sort_unstable());
    places
}

/// Whether a text stands still wherever it stood, be it elsewhere besides.
fn stay(rules: &Rules<'_>, now: &Rules<'_>) -> bool {
    let count = |rules: &Rules<'_>, wanted: &Rule| rules.iter().filter(|rule| **rule == wanted).count();
    rules.iter().all(|rule| count(rules, rule) <= count(now, rule))
}
