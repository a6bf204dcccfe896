//! Chains: clauses laid in rows in which each implies the next, so that one small file per row can say which of them
//! hold for a reader.
//!
//! The partition is greedy, not the smallest there is; it is the same for the same clauses on every machine.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Clause, Rule};
use crate::id::Id;

/// Lays clauses in chains, the strongest clause of each first. Every clause is in exactly one.
#[must_use]
pub fn chains(clauses: &BTreeSet<Clause>) -> Vec<Vec<Clause>> {
    let rules: Vec<(&Clause, Rule)> = clauses.iter().map(|clause| (clause, Rule::from(clause.clone()))).collect();
    let weaker = weaker(&rules);
    let mut stronger: Vec<Vec<usize>> = vec![Vec::new(); rules.len()];
    for (number, weaker) in weaker.iter().enumerate() {
        for other in weaker {
            stronger.get_mut(*other).into_iter().for_each(|stronger| stronger.push(number));
        }
    }
    // What implies more is stronger, so that this order never puts a clause before one that implies it.
    let mut order: Vec<_> = rules.iter().zip(weaker).zip(stronger).enumerate().collect();
    order.sort_by(|(_, ((a, weaker), _)), (_, ((b, others), _))| {
        others.len().cmp(&weaker.len()).then_with(|| a.0.cmp(b.0))
    });
    let mut chains: Vec<Vec<Clause>> = Vec::new();
    // The chains that end with a clause, by its number.
    let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, (((clause, _), _), stronger)) in order {
        let end = stronger.iter().filter_map(|stronger| Some((*ends.get(stronger)?, *stronger))).min();
        let chain = end.map_or(chains.len(), |(chain, _)| chain);
        match (end, chains.get_mut(chain)) {
            (Some((_, last)), Some(chain)) => {
                ends.remove(&last);
                chain.push((*clause).clone());
            }
            (_, _) => chains.push(vec![(*clause).clone()]),
        }
        ends.insert(number, chain);
    }
    chains
}

/// Of each clause the numbers of those that it implies, itself among them.
fn weaker(rules: &[(&Clause, Rule)]) -> Vec<Vec<usize>> {
    // Whoever meets a clause meets another one only where some id serves both: for the first need of the other, say.
    let mut by_id: BTreeMap<&Id, Vec<usize>> = BTreeMap::new();
    let mut for_all: Vec<usize> = Vec::new();
    for (number, (clause, _)) in rules.iter().enumerate() {
        match clause.all.first() {
            Some(need) => need.any.iter().for_each(|id| by_id.entry(id).or_default().push(number)),
            None => for_all.push(number),
        }
    }
    let of = |(clause, rule): &(&Clause, Rule)| {
        let ids = clause.all.iter().flat_map(|need| &need.any);
        let near: BTreeSet<usize> = ids.filter_map(|id| by_id.get(id)).flatten().chain(&for_all).copied().collect();
        let implied = |other: &usize| rules.get(*other).is_some_and(|(_, other)| rule.implies(other));
        near.into_iter().filter(implied).collect()
    };
    rules.iter().map(of).collect()
}
