//! What a history has come to, as a value for others; and the entries of a member's token.

use super::fold::History;
use super::life::Life;
use super::member::{Code, Grant, Member, Remark, Rules, State};
use crate::access::entitlement::Entitlement;
use crate::config::Overdue;
use crate::id::Id;
use crate::time::Timestamp;

pub(super) fn of(history: &History<'_>) -> Member {
    let given = || history.lives.iter().filter(|life| !life.refused);
    let mut remarks = history.remarks.clone();
    for (grant, events) in &history.waiting {
        let unknown =
            |at: Timestamp| Remark { at, code: Code::GrantUnknown, grant: Some((*grant).to_owned()), other: None };
        remarks.extend(events.iter().map(|event| unknown(event.at)));
    }
    remarks.sort();
    remarks.dedup();
    let in_force = history.tier.and_then(|tier| history.lives.get(tier));
    Member {
        grants: given().map(grant).collect(),
        tier: in_force.map(|life| life.access_control.clone()),
        joined: history.joined.into_iter().chain(given().map(|life| life.since)).min(),
        erased: history.erased,
        remarks,
        changes: history.turn(),
        held: history.held.clone(),
        frozen: given().flat_map(frozen).collect(),
    }
}

fn grant(life: &Life) -> Grant {
    Grant {
        reference: life.reference.clone(),
        source: life.source,
        access_control: life.access_control.clone(),
        kind: life.kind,
        product: life.terms.as_ref().map(|terms| terms.product.clone()),
        since: life.since,
        until: life.until(),
        due: life.due.filter(|_| life.ended.is_none()),
        frozen: life.frozen.as_ref().map(|(at, _)| *at).or(life.kept.filter(|_| life.state == State::Suspended)),
        state: life.state,
        ended: life.ended.map(|(_, why)| why),
        payments: life.periods(),
        finished: life.settled && life.periods().is_some(),
        paid: life.running(),
    }
}

/// The entries of a grant that was cancelled and keeps what was open.
fn frozen(life: &Life) -> Vec<Entitlement> {
    let Some((at, kept)) = &life.frozen else { return Vec::new() };
    let entry = |(value, since): &(Id, Timestamp)| Entitlement {
        value: value.clone(),
        since: *since,
        until: life.expires,
        frozen: Some(*at),
    };
    kept.iter().map(entry).collect()
}

impl Member {
    /// What the member's token says: an entry for each rung at or below the tier in force, highest first, and for each
    /// bundle; then what is frozen; then what has ended, newest first, as far as there is room.
    ///
    /// What has ended opens nothing: it lets an edge say that something was open. So does a bundle without a tier.
    #[must_use]
    pub fn entitlements(&self, rules: &Rules<'_>, max: usize) -> Vec<Entitlement> {
        if self.erased.is_some() {
            return Vec::new();
        }
        let mut entries = self.rungs(rules);
        for bundle in rules.catalogue.bundles() {
            entries.extend(self.bundle(&bundle.id, rules));
        }
        entries.extend(self.kept());
        let mut ended = self.ended(rules);
        ended.retain(|ended| entries.iter().all(|entry| entry.value != ended.value || entry.frozen.is_some()));
        entries.extend(ended);
        let mut known = std::collections::BTreeSet::new();
        entries.retain(|entry| known.insert(entry.clone()));
        entries.truncate(max);
        entries
    }

    /// What is frozen, the newest first.
    fn kept(&self) -> Vec<Entitlement> {
        let mut kept = self.frozen.clone();
        kept.sort_by_key(|entry| std::cmp::Reverse(entry.frozen));
        kept
    }

    fn rungs(&self, rules: &Rules<'_>) -> Vec<Entitlement> {
        let Some(tier) = &self.tier else { return Vec::new() };
        let own = self.grants.iter().filter(|grant| grant.access_control == *tier && grant.ended.is_none());
        // Of two grants of the tier in force one is superseded, and goes on when the other ends.
        let live = own.filter(|grant| gives(grant, rules) || grant.state == State::Superseded);
        let ends: Vec<Option<Timestamp>> = live.map(|grant| grant.until).collect();
        let until = if ends.contains(&None) { None } else { ends.into_iter().flatten().max() };
        let rank = rules.catalogue.rank(tier).unwrap_or_default();
        let rungs = rules.catalogue.tiers().iter().take(rank + 1).rev();
        let entry = |id: &Id| {
            let run = self.held.runs.get(id)?;
            Some(Entitlement { value: id.clone(), since: run.since, until, frozen: None })
        };
        rungs.filter_map(|tier| entry(&tier.id)).collect()
    }

    /// The entry of a bundle: from its first unbroken instant to the last of its grants' ends.
    ///
    /// Without a tier a bundle opens nothing; but a frozen tier counts as one at an edge, and must not open what it never
    /// did, whatever the bundle's own grants are worth.
    fn bundle(&self, id: &Id, rules: &Rules<'_>) -> Option<Entitlement> {
        let run = self.held.runs.get(id)?;
        let own = self.grants.iter().filter(|grant| grant.access_control == *id);
        let mut live: Vec<&Grant> = own.filter(|it| gives(it, rules) || it.state == State::Suspended).collect();
        let closed = self.tier.is_none() && !rules.catalogue.tiers().is_empty();
        let frozen = live.iter().filter_map(|grant| grant.frozen).max().filter(|_| closed);
        if frozen.is_some() {
            live.retain(|grant| grant.frozen.is_some());
        } else if closed && !self.frozen.is_empty() {
            return None;
        }
        let last = live.iter().map(|grant| grant.until.unwrap_or(Timestamp::MAX)).max()?;
        let until = live.iter().all(|grant| grant.until.is_some()).then_some(last);
        Some(Entitlement { value: id.clone(), since: run.since, until, frozen })
    }

    /// What was held and is not: until when it was.
    fn ended(&self, rules: &Rules<'_>) -> Vec<Entitlement> {
        let gaps = self.held.runs.iter().filter_map(|(id, run)| Some((id, (run.since, run.gap?))));
        let mut ended: Vec<(Option<usize>, Entitlement)> = self
            .held
            .past
            .iter()
            .map(|(id, span)| (id, *span))
            .filter(|(id, _)| !self.held.runs.contains_key(*id))
            .chain(gaps)
            .map(|(id, (since, until))| {
                let entry = Entitlement { value: id.clone(), since, until: Some(until), frozen: None };
                (rules.catalogue.rank(id), entry)
            })
            .collect();
        ended.sort_by(|(a_rank, a), (b_rank, b)| (b.until, b_rank).cmp(&(a.until, a_rank)).then(a.cmp(b)));
        // A tier says what the tiers below it would say, unless they were held longer.
        let mut highest = None;
        ended.retain(|(rank, _)| {
            let says = rank.is_none() || *rank > highest;
            highest = highest.max(*rank);
            says
        });
        ended.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// Whether a grant gives access now.
fn gives(grant: &Grant, rules: &Rules<'_>) -> bool {
    match grant.state {
        State::Active | State::PendingCancellation => true,
        State::Overdue => rules.billing.overdue == Overdue::Keep,
        State::Superseded | State::Suspended | State::Cancelled | State::Expired => false,
    }
}
