//! Since when something is held: unbroken membership at each rung of the tiers, and of each bundle.
//!
//! Drips count from here, so a gap that heals is no gap: what is overdue and then paid, a tier that was superseded and
//! comes back, a bundle without a tier for a while. Only what ended begins anew. Each grant remembers since when that was
//! held which it gives: a gap heals by the grants that it interrupted, and as long as they are not paid by none.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::History;
use super::life::Life;
use super::member::{Run, State};
use crate::access::catalogue::{Catalogue, Kind};
use crate::config::Rejoin;
use crate::id::Id;
use crate::time::Timestamp;

/// How something is held at an instant.
#[derive(Clone, Copy, Default)]
struct Hold {
    /// The beginning of what gives access; none where nothing does.
    gives: Option<Timestamp>,
    /// Since when it was held by grants of it that are paid, when those gave it last.
    before: Option<Timestamp>,
    /// Whether some grant by which it was held has not ended.
    lives: bool,
}

impl History<'_> {
    /// Brings what is held up to an instant. Grants from place `known` on began at it.
    pub(super) fn hold(&mut self, now: Timestamp, known: usize) {
        if self.erased.is_some() {
            self.held.runs.clear();
            self.held.past.clear();
            return;
        }
        let holds = self.holds();
        let ids: BTreeSet<Id> = self.held.runs.keys().chain(holds.keys()).cloned().collect();
        for id in ids {
            self.hold_one(&id, holds.get(&id).copied().unwrap_or_default(), now);
        }
        self.remember();
        // What had ended before anybody told of it, such as an old membership that was imported.
        for life in self.lives.iter().skip(known).filter(|life| life.kind.is_some() && !life.refused) {
            let ended = life.ended.map(|(at, _)| at).filter(|at| life.since < *at);
            let past = self.held.past.get(&life.access_control);
            if let Some(ended) = ended.filter(|ended| past.is_none_or(|(_, until)| until < ended)) {
                self.held.past.insert(life.access_control.clone(), (life.since, ended));
            }
        }
    }

    fn hold_one(&mut self, id: &Id, hold: Hold, now: Timestamp) {
        let run = self.held.runs.get(id).copied();
        let Some(begun) = hold.gives else {
            match run {
                Some(run) if hold.lives => {
                    self.held.runs.insert(id.clone(), Run { gap: run.gap.or(Some(now)), ..run });
                }
                Some(Run { since, gap }) => {
                    self.held.runs.remove(id);
                    self.held.past.insert(id.clone(), (since, gap.unwrap_or(now)));
                }
                None => {}
            }
            return;
        };
        let unbroken = run.filter(|run| run.gap.is_none()).map(|run| run.since);
        // A gap heals by what it interrupted, and not by something new.
        if let (Some(Run { since, gap: Some(gap) }), None) = (run, hold.before) {
            self.held.past.insert(id.clone(), (since, gap));
        }
        let since = match [unbroken, hold.before].into_iter().flatten().min() {
            Some(since) => since.min(begun),
            None => Timestamp::saturating(begun.min(now).seconds().saturating_sub(self.before(id))),
        };
        self.held.runs.insert(id.clone(), Run { since, gap: None });
    }

    /// Tells each grant that is paid since when that is held which it gives.
    fn remember(&mut self) {
        let rules = self.rules;
        for life in self.lives.iter_mut().filter(|life| life.ended.is_none()) {
            let covered = covered(life, rules.catalogue);
            // After a switch to less, the rest is held no more.
            life.held.retain(|id, _| covered.contains(&id));
            if life.gives(rules) {
                let held = covered.into_iter().filter_map(|id| Some((id, self.held.runs.get(id)?)));
                let unbroken = held.filter(|(_, run)| run.gap.is_none());
                life.held.extend(unbroken.map(|(id, run)| (id.clone(), run.since)));
            }
        }
    }

    /// How long it was held before, in seconds, where a drip goes on for those who come back.
    fn before(&self, id: &Id) -> i64 {
        let past = self.held.past.get(id).filter(|_| self.rules.billing.rejoin == Rejoin::Resume);
        past.map_or(0, |(since, until)| until.seconds() - since.seconds())
    }

    fn holds(&self) -> BTreeMap<Id, Hold> {
        let catalogue = self.rules.catalogue;
        let mut holds: BTreeMap<Id, Hold> = BTreeMap::new();
        for (place, life) in self.lives.iter().enumerate().filter(|(_, life)| life.ended.is_none()) {
            let paid = life.gives(self.rules);
            let given = match life.kind {
                Some(Kind::Tier) => self.tier == Some(place),
                Some(Kind::Bundle) | None => {
                    let tier = self.tier.is_some() || catalogue.tiers().is_empty();
                    paid && life.state != State::Suspended && tier
                }
            };
            for id in covered(life, catalogue) {
                let hold = holds.entry(id.clone()).or_default();
                let before = life.held.get(id).copied();
                hold.lives |= before.is_some();
                if paid {
                    hold.before = hold.before.into_iter().chain(before).min();
                }
                if given {
                    hold.gives = Some(hold.gives.map_or(life.since, |since| since.min(life.since)));
                }
            }
        }
        holds
    }
}

/// What a grant gives: a bundle, or a tier with those below it.
fn covered<'c>(life: &Life, catalogue: &'c Catalogue) -> Vec<&'c Id> {
    match life.kind {
        None => Vec::new(),
        Some(Kind::Bundle) => catalogue.bundle(&life.access_control).map(|bundle| &bundle.id).into_iter().collect(),
        Some(Kind::Tier) => {
            let rank = catalogue.rank(&life.access_control).unwrap_or_default();
            catalogue.tiers().iter().take(rank + 1).map(|tier| &tier.id).collect()
        }
    }
}
