//! Since when something is held: unbroken membership at each rung of the tiers, and of each bundle.
//!
//! Drips count from here, so a gap that heals is no gap: what is overdue and then paid, a tier that was superseded and
//! comes back, a bundle without a tier for a while. Only what ended begins anew.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::History;
use super::member::{Run, State};
use crate::access::catalogue::Kind;
use crate::config::Rejoin;
use crate::id::Id;
use crate::time::Timestamp;

/// How something is held at an instant.
#[derive(Clone, Copy, Default)]
struct Hold {
    /// The beginning of what gives access; none where nothing does.
    gives: Option<Timestamp>,
    /// Whether some grant of it has not ended.
    lives: bool,
    /// Whether one of those began before this instant.
    goes_on: bool,
}

impl History<'_> {
    /// Brings what is held up to an instant. Grants from place `known` on began at it.
    pub(super) fn hold(&mut self, now: Timestamp, known: usize) {
        if self.erased.is_some() {
            self.held.runs.clear();
            self.held.past.clear();
            return;
        }
        let holds = self.holds(known);
        let ids: BTreeSet<Id> = self.held.runs.keys().chain(holds.keys()).cloned().collect();
        for id in ids {
            self.hold_one(&id, holds.get(&id).copied().unwrap_or_default(), now);
        }
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
        let mut run = self.held.runs.get(id).copied();
        // A gap heals by what it interrupted, and not by something new.
        if let Some(Run { since, gap: Some(gap) }) = run.filter(|_| !hold.goes_on) {
            self.held.runs.remove(id);
            self.held.past.insert(id.clone(), (since, gap));
            run = None;
        }
        match (hold.gives, run) {
            (Some(begun), None) => {
                let since = Timestamp::saturating(begun.min(now).seconds().saturating_sub(self.before(id)));
                self.held.runs.insert(id.clone(), Run { since, gap: None });
            }
            (Some(begun), Some(run)) => {
                self.held.runs.insert(id.clone(), Run { since: run.since.min(begun), gap: None });
            }
            (None, Some(run)) if hold.lives => {
                self.held.runs.insert(id.clone(), Run { gap: run.gap.or(Some(now)), ..run });
            }
            (None, Some(run)) => {
                self.held.runs.remove(id);
                self.held.past.insert(id.clone(), (run.since, now));
            }
            (None, None) => {}
        }
    }

    /// How long it was held before, in seconds, where a drip goes on for those who come back.
    fn before(&self, id: &Id) -> i64 {
        let past = self.held.past.get(id).filter(|_| self.rules.billing.rejoin == Rejoin::Resume);
        past.map_or(0, |(since, until)| until.seconds() - since.seconds())
    }

    fn holds(&self, known: usize) -> BTreeMap<Id, Hold> {
        let catalogue = self.rules.catalogue;
        let mut holds: BTreeMap<Id, Hold> = BTreeMap::new();
        for (place, life) in self.lives.iter().enumerate().filter(|(_, life)| life.ended.is_none()) {
            let ids: Vec<&Id> = match life.kind {
                None => Vec::new(),
                Some(Kind::Bundle) => vec![&life.access_control],
                Some(Kind::Tier) => {
                    let rank = catalogue.rank(&life.access_control).unwrap_or_default();
                    catalogue.tiers().iter().take(rank + 1).map(|tier| &tier.id).collect()
                }
            };
            let given = match life.kind {
                Some(Kind::Tier) => self.tier == Some(place),
                Some(Kind::Bundle) | None => {
                    let tier = self.tier.is_some() || catalogue.tiers().is_empty();
                    life.gives(self.rules) && life.state != State::Suspended && tier
                }
            };
            for id in ids {
                let hold = holds.entry(id.clone()).or_default();
                hold.lives = true;
                hold.goes_on |= place < known;
                if given {
                    hold.gives = Some(hold.gives.map_or(life.since, |since| since.min(life.since)));
                }
            }
        }
        holds
    }
}
