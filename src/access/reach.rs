//! Which sets of gates some reader can have open, now or later.
//!
//! A page is rendered once for each such set. None that a reader can reach may be missing: the search starts from a
//! visitor and adds, one by one, the least grants that open one more gate, in every piece of time between window bounds.

use std::collections::BTreeSet;

use super::implication::{LAST, Slot, Slots, least, minimal, window};
use super::rule::{Clause, Rule};
use crate::time::Timestamp;

/// A set of open gates, by their number in the list that was asked about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct GateSet(Vec<usize>);

impl GateSet {
    /// Whether a gate is open.
    #[must_use]
    pub fn contains(&self, gate: usize) -> bool {
        self.0.binary_search(&gate).is_ok()
    }

    /// The open gates, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().copied()
    }

    /// How many gates are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no gate is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<usize> for GateSet {
    fn from_iter<I: IntoIterator<Item = usize>>(gates: I) -> Self {
        let gates: BTreeSet<usize> = gates.into_iter().collect();
        Self(gates.into_iter().collect())
    }
}

/// There are more sets than the limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("more than {limit} combinations of open gates")]
pub struct TooMany {
    /// The limit that was given.
    pub limit: usize,
}

/// Partial answers per set of the limit, past which the search is given up.
const STATES_PER_SET: usize = 64;

/// All sets of gates that some reader, entitled in whatever way and for however long, has open at some instant at or
/// after `clock`. Larger sets come first, so that the first set whose gates all hold is exactly the reader's.
///
/// # Errors
/// [`TooMany`] if there are more sets than `limit`.
pub fn reachable(gates: &[Rule], clock: Timestamp, limit: usize) -> Result<Vec<GateSet>, TooMany> {
    let clock = clock.seconds();
    let bounds = gates.iter().flat_map(Rule::bounds).map(Timestamp::seconds);
    let mut cuts: BTreeSet<i64> = bounds.filter(|bound| clock < *bound).collect();
    cuts.insert(LAST + 1);
    let mut found = BTreeSet::new();
    let mut first = clock;
    for next in cuts {
        Piece::new(gates, first, next - 1).search(&mut found, limit)?;
        first = next;
    }
    let mut sets: Vec<GateSet> = found.into_iter().collect();
    sets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    Ok(sets)
}

/// The gates at instants between two window bounds: for each its active clauses, as sets of slots.
struct Piece {
    gates: Vec<Vec<Vec<usize>>>,
    /// For each slot the smallest sets of slots that one entitlement meeting it meets.
    steps: Vec<Vec<Slots>>,
}

impl Piece {
    fn new(gates: &[Rule], first: i64, last: i64) -> Self {
        let mut slots: Vec<Slot<'_>> = Vec::new();
        let active = |clause: &&Clause| {
            let (from, until) = window(clause);
            from <= first && last < until
        };
        let mut numbered = Vec::with_capacity(gates.len());
        for gate in gates {
            let clauses = gate.clauses().iter().filter(active).map(|clause| {
                let number = |need| {
                    let slot = Slot::new(clause, need);
                    slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
                        slots.push(slot);
                        slots.len() - 1
                    })
                };
                clause.all.iter().map(number).collect::<Vec<_>>()
            });
            numbered.push(clauses.collect());
        }
        let steps = slots.iter().map(|slot| least(slot, &slots, last)).collect();
        Self { gates: numbered, steps }
    }

    fn search(&self, found: &mut BTreeSet<GateSet>, limit: usize) -> Result<(), TooMany> {
        let most = limit.saturating_mul(STATES_PER_SET).max(1 << 12);
        let mut seen = BTreeSet::from([Slots::default()]);
        let mut waiting = vec![Slots::default()];
        while let Some(state) = waiting.pop() {
            let open = self.open(&state);
            let closed = self.gates.iter().enumerate().filter(|(gate, _)| !open.contains(*gate));
            for clause in closed.flat_map(|(_, clauses)| clauses) {
                for next in self.opened(&state, clause) {
                    if seen.insert(next.clone()) {
                        waiting.push(next);
                    }
                }
            }
            found.insert(open);
            if found.len() > limit || seen.len() > most {
                return Err(TooMany { limit });
            }
        }
        Ok(())
    }

    /// The gates that are open where these slots are met.
    fn open(&self, state: &Slots) -> GateSet {
        let met = |clause: &Vec<usize>| clause.iter().all(|slot| state.contains(*slot));
        let open = self.gates.iter().enumerate().filter(|(_, clauses)| clauses.iter().any(met));
        GateSet(open.map(|(gate, _)| gate).collect())
    }

    /// The least states beyond this one in which a clause holds.
    fn opened(&self, state: &Slots, clause: &[usize]) -> Vec<Slots> {
        let mut states = vec![state.clone()];
        for slot in clause {
            let steps = self.steps.get(*slot).map(Vec::as_slice).unwrap_or_default();
            let extend = |state: &Slots| -> Vec<Slots> {
                if state.contains(*slot) {
                    return vec![state.clone()];
                }
                steps.iter().map(|step| state.union(step)).collect()
            };
            states = minimal(states.iter().flat_map(extend).collect());
        }
        states
    }
}
