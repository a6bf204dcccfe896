//! Chains: clauses laid in rows in which each implies the next, so that one small file per row can say which of them
//! hold for a reader.
//!
//! The partition is greedy, not the smallest there is; it is the same for the same clauses on every machine.

use std::collections::BTreeSet;

use super::rule::{Clause, Rule};

/// Lays clauses in chains, the strongest clause of each first. Every clause is in exactly one.
#[must_use]
pub fn chains(clauses: &BTreeSet<Clause>) -> Vec<Vec<Clause>> {
    let rules: Vec<(&Clause, Rule)> = clauses.iter().map(|clause| (clause, Rule::from(clause.clone()))).collect();
    let weaker = |rule: &Rule| rules.iter().filter(|(_, other)| rule.implies(other)).count();
    // What implies more is stronger, so that this order never puts a clause before one that implies it.
    let mut order: Vec<_> = rules.iter().map(|(clause, rule)| (weaker(rule), *clause, rule)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut chains: Vec<(Vec<Clause>, &Rule)> = Vec::new();
    for (_, clause, rule) in order {
        match chains.iter_mut().find(|(_, last)| last.implies(rule)) {
            Some((chain, last)) => {
                chain.push(clause.clone());
                *last = rule;
            }
            None => chains.push((vec![clause.clone()], rule)),
        }
    }
    chains.into_iter().map(|(chain, _)| chain).collect()
}
