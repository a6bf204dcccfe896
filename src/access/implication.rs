//! The mathematics of rules: exact implication, and the normal form that rests on it.
//!
//! What an entitlement does for a need depends on two numbers only: `since`, and the instant `seen` up to which it counts
//! (`now`, or where it was frozen before that). A need of an id is a region of that plane, `since + after <= seen`,
//! `since < joined_before`, `floor <= seen`: closed downwards in `since` and upwards in `seen`. So the entitlements that
//! meet it and little else lie on its edge, and along that edge only finitely many points differ. Trying those is exact.
//! Within a piece of time without window bounds, all that could be at any instant can also be at its last one, by an
//! entitlement frozen where `now` stood.

use std::collections::BTreeSet;

use super::rule::{Clause, Need};
use crate::id::Id;
use crate::time::{Length, Timestamp};

/// The last instant there is.
pub(super) const LAST: i64 = 253_402_300_799;
/// Past this many partial answers a question is given up, and answered with the safe "no".
const MOST_STATES: usize = 1 << 16;

/// A need with the floor its clause gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Slot<'a> {
    /// The ids, sorted.
    any: &'a [Id],
    after: i64,
    /// The last `since` that will do.
    latest: i64,
    floor: i64,
}

impl<'a> Slot<'a> {
    pub(super) fn new(clause: &'a Clause, need: &'a Need) -> Self {
        Self {
            any: &need.any,
            after: need.after.seconds(),
            latest: need.joined_before.map_or(LAST, |before| before.seconds() - 1),
            floor: clause.floor(need).seconds(),
        }
    }

    fn met_at(&self, (since, seen): Point) -> bool {
        (since + self.after).min(LAST) <= seen && since <= self.latest && self.floor <= seen
    }

    /// The points on the edge of this slot's region, by the last instant `last`, that differ in which of `others` they
    /// meet. None where nothing meets the slot so early.
    fn edge(&self, others: &[Slot<'_>], last: i64) -> Vec<Point> {
        let mut points = Vec::new();
        let first = self.floor.max(self.after);
        let end = last.min(self.latest.saturating_add(self.after));
        if self.latest < 0 {
            return points;
        }
        if first <= end {
            let mut steps = vec![first];
            for other in others {
                steps.extend([other.floor, other.latest.saturating_add(1).saturating_add(self.after)]);
            }
            steps.retain(|seen| (first..=end).contains(seen));
            steps.sort_unstable();
            steps.dedup();
            points.extend(steps.into_iter().map(|seen| (seen - self.after, seen)));
        } else if first <= last {
            points.push((self.latest, first));
        }
        if last == LAST {
            // Sums saturate: at the last instant of all every drip has passed.
            points.push((self.latest, LAST));
        }
        points
    }

    /// Whether whatever meets this slot by `last` meets the other one.
    fn implies(&self, other: &Slot<'_>, last: i64) -> bool {
        subset(self.any, other.any)
            && self.edge(std::slice::from_ref(other), last).into_iter().all(|point| other.met_at(point))
    }
}

/// `since`, and the instant up to which an entitlement counts.
type Point = (i64, i64);

/// A set of slots, by their number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Slots(Vec<u64>);

impl Slots {
    pub(super) fn insert(&mut self, slot: usize) {
        let word = slot / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (slot % 64);
        }
    }

    pub(super) fn contains(&self, slot: usize) -> bool {
        self.0.get(slot / 64).is_some_and(|bits| bits & (1 << (slot % 64)) != 0)
    }

    pub(super) fn within(&self, other: &Self) -> bool {
        self.0.iter().enumerate().all(|(word, bits)| bits & !other.0.get(word).copied().unwrap_or(0) == 0)
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let (long, short) = if self.0.len() < other.0.len() { (other, self) } else { (self, other) };
        let mut union = long.clone();
        for (bits, more) in union.0.iter_mut().zip(&short.0) {
            *bits |= more;
        }
        union
    }
}

impl FromIterator<usize> for Slots {
    fn from_iter<I: IntoIterator<Item = usize>>(slots: I) -> Self {
        let mut set = Self::default();
        for slot in slots {
            set.insert(slot);
        }
        set
    }
}

/// The smallest sets of `slots` that an entitlement meeting `slot` by `last` can meet. None: nothing can meet it.
pub(super) fn least(slot: &Slot<'_>, slots: &[Slot<'_>], last: i64) -> Vec<Slots> {
    let points = slot.edge(slots, last);
    let mut sets = BTreeSet::new();
    for id in slot.any {
        let near: Vec<_> = slots.iter().enumerate().filter(|(_, other)| other.any.binary_search(id).is_ok()).collect();
        for point in &points {
            sets.insert(near.iter().filter(|(_, other)| other.met_at(*point)).map(|(number, _)| *number).collect());
        }
    }
    minimal(sets)
}

/// The sets that contain no other one.
pub(super) fn minimal(sets: BTreeSet<Slots>) -> Vec<Slots> {
    let sets: Vec<_> = sets.into_iter().collect();
    let beaten = |set: &Slots| sets.iter().any(|other| other != set && other.within(set));
    sets.iter().filter(|set| !beaten(set)).cloned().collect()
}

/// Whether every reader for whom a clause of `these` holds has one of `those` hold, at every instant.
pub(super) fn implies(these: &[Clause], those: &[Clause]) -> bool {
    these.iter().all(|clause| covered(clause, those.iter()))
}

/// Whether one clause, which holds for somebody, implies the disjunction of others.
fn covered<'a>(clause: &Clause, others: impl Iterator<Item = &'a Clause> + Clone) -> bool {
    others.clone().any(|other| plainly(clause, other)) || pieces(clause, others)
}

/// A necessary condition for two clauses to have anything to do with each other: whoever needs nothing but what `clause`
/// asks for could have `other` hold.
fn near(clause: &Clause, other: &Clause) -> bool {
    let (from, until) = window(clause);
    let (start, end) = window(other);
    let shares = |a: &Need, b: &Need| a.any.iter().any(|id| b.any.binary_search(id).is_ok());
    start < until && from < end && other.all.iter().all(|need| clause.all.iter().any(|own| shares(need, own)))
}

/// A sufficient condition that settles nearly all questions: window in window, and for each need a stronger one.
fn plainly(clause: &Clause, other: &Clause) -> bool {
    let window = other.from.unwrap_or(Timestamp::MIN) <= clause.from.unwrap_or(Timestamp::MIN)
        && other.until.is_none_or(|end| clause.until.is_some_and(|until| until <= end));
    window
        && other.all.iter().all(|weak| {
            clause.all.iter().any(|strong| {
                weak.after <= strong.after
                    && weak.joined_before.is_none_or(|w| strong.joined_before.is_some_and(|s| s <= w))
                    && other.floor(weak) <= clause.floor(strong)
                    && subset(&strong.any, &weak.any)
            })
        })
}

/// A sufficient condition for the opposite: somebody for whom `clause` holds is seen at once for whom `other` does not.
fn plainly_not(clause: &Clause, other: &Clause) -> bool {
    let (start, end) = window(clause);
    let (from, until) = window(other);
    // Each need of a clause in normal form can be met by the last instant of its window; by an earlier one, if not before
    // its drip has passed and its floor is reached.
    let met_by =
        |last: i64| clause.all.iter().all(|need| clause.floor(need).seconds().max(need.after.seconds()) <= last);
    if until < end || (start < from && met_by(from - 1)) {
        return true;
    }
    // Who holds something else than `weak` asks for, or has held it for just as long as `clause` does. At the last instant of
    // all every drip has passed, so it is asked about the one before.
    let late = (end - 1).min(LAST - 1);
    let tells_ages = start <= late && met_by(late);
    let misses = |weak: &Need, strong: &Need| {
        let young = tells_ages && strong.joined_before.is_none() && strong.after < weak.after;
        !subset(&strong.any, &weak.any) || young
    };
    other.all.iter().any(|weak| clause.all.iter().all(|strong| misses(weak, strong)))
}

/// The exact question, piece by piece of the clause's window.
fn pieces<'a>(clause: &Clause, others: impl Iterator<Item = &'a Clause>) -> bool {
    let others: Vec<&Clause> = others.filter(|other| near(clause, other)).collect();
    match others.as_slice() {
        [] => return false,
        [other] if plainly_not(clause, other) => return false,
        _ => {}
    }
    let (start, end) = window(clause);
    let bounds = others.iter().flat_map(|other| <[i64; 2]>::from(window(other)));
    let mut cuts: BTreeSet<i64> = bounds.filter(|bound| start < *bound && *bound < end).collect();
    cuts.insert(end);
    let mut first = start;
    cuts.into_iter().all(|next| {
        let piece = (first, next - 1);
        first = next;
        let active = others.iter().copied().filter(|other| {
            let (from, until) = window(other);
            from <= piece.0 && piece.1 < until
        });
        piece_covered(clause, &active.collect::<Vec<_>>(), piece.1)
    })
}

/// The exact question at instants at which all the windows are open, the last of them being `last`.
fn piece_covered(clause: &Clause, others: &[&Clause], last: i64) -> bool {
    let mut slots: Vec<Slot<'_>> = Vec::new();
    let mut wanted = Vec::new();
    for other in others {
        let number = |need| {
            let slot = Slot::new(other, need);
            slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
                slots.push(slot);
                slots.len() - 1
            })
        };
        wanted.push(other.all.iter().map(number).collect::<Slots>());
    }
    let open = |met: &Slots| wanted.iter().any(|slots| slots.within(met));
    let mut states = BTreeSet::from([Slots::default()]);
    for need in &clause.all {
        let steps = least(&Slot::new(clause, need), &slots, last);
        let mut next = BTreeSet::new();
        for state in &states {
            next.extend(steps.iter().map(|step| state.union(step)).filter(|met| !open(met)));
            if next.len() > MOST_STATES {
                return false;
            }
        }
        states = minimal(next).into_iter().collect();
        if states.is_empty() {
            return true;
        }
    }
    states.iter().all(open)
}

/// The clauses in normal form: each as simple as it can be, none that others cover, those with fewer needs first.
pub(super) fn normal(clauses: Vec<Clause>) -> Vec<Clause> {
    let clauses: BTreeSet<Clause> = clauses.into_iter().filter_map(simple).collect();
    if clauses.len() < 2 {
        return clauses.into_iter().collect();
    }
    let (open, needy): (Vec<_>, Vec<_>) = clauses.into_iter().partition(|clause| clause.all.is_empty());
    let mut clauses = merged(open);
    clauses.extend(needy);
    let mut clauses = widened(absorbed(clauses));
    clauses.sort_unstable_by(|a, b| a.all.len().cmp(&b.all.len()).then_with(|| a.cmp(b)));
    clauses
}

/// Unites windows without needs that meet or overlap. They come sorted by `from`.
fn merged(open: Vec<Clause>) -> Vec<Clause> {
    let mut merged: Vec<Clause> = Vec::new();
    for clause in open {
        match merged.last_mut() {
            Some(last) if window(&clause).0 <= window(last).1 => {
                last.until = last.until.and_then(|a| clause.until.map(|b| a.max(b)));
            }
            _ => merged.push(clause),
        }
    }
    merged
}

/// Drops clauses that another one implies, then those that the others imply together.
fn absorbed(mut clauses: Vec<Clause>) -> Vec<Clause> {
    let mut index = 0;
    while let Some(clause) = clauses.get(index) {
        let beaten = |(other, weaker): (usize, &Clause)| {
            let one = |clause| std::slice::from_ref(clause).iter();
            other != index && covered(clause, one(weaker)) && (other < index || !covered(weaker, one(clause)))
        };
        if clauses.iter().enumerate().any(beaten) {
            clauses.remove(index);
        } else {
            index += 1;
        }
    }
    for index in (0..clauses.len()).rev() {
        let others = clauses.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        if clauses.len() > 2 && clauses.get(index).is_some_and(|clause| pieces(clause, others)) {
            clauses.remove(index);
        }
    }
    clauses
}

/// Opens the windows of clauses with needs as far as the other clauses allow, so that `pro until D, public from D` and
/// `pro, public from D` are one value.
fn widened(mut clauses: Vec<Clause>) -> Vec<Clause> {
    let bounds: BTreeSet<Timestamp> = clauses.iter().flat_map(|clause| [clause.from, clause.until]).flatten().collect();
    let mut changed = false;
    for index in 0..clauses.len() {
        let Some(clause) = clauses.get(index).filter(|clause| !clause.all.is_empty()) else { continue };
        let wider = later_ends(clause, &bounds).chain(earlier_starts(clause, &bounds));
        let wider = wider.filter_map(simple).find(|wider| wider != clause && covered(wider, clauses.iter()));
        if let (Some(wider), Some(clause)) = (wider, clauses.get_mut(index)) {
            *clause = wider;
            changed = true;
        }
    }
    if changed { widened(absorbed(clauses)) } else { clauses }
}

fn later_ends(clause: &Clause, bounds: &BTreeSet<Timestamp>) -> impl Iterator<Item = Clause> {
    let later = clause.until.into_iter().flat_map(|until| {
        let bounds = bounds.iter().rev().copied().filter(move |bound| *bound > until);
        std::iter::once(None).chain(bounds.map(Some))
    });
    later.map(|until| Clause { until, ..clause.clone() })
}

fn earlier_starts(clause: &Clause, bounds: &BTreeSet<Timestamp>) -> impl Iterator<Item = Clause> {
    let floor = clause.all.iter().map(|need| clause.floor(need)).max().unwrap_or(Timestamp::MIN);
    let earlier = clause.from.into_iter().flat_map(move |from| {
        let bounds = bounds.iter().copied().filter(move |bound| floor < *bound && *bound < from);
        std::iter::once(floor).filter(move |floor| *floor < from).chain(bounds)
    });
    earlier.map(|from| {
        let floors = clause.all.iter().map(|need| Need { kept: Some(clause.floor(need)), ..need.clone() });
        Clause { all: floors.collect(), from: Some(from), until: clause.until }
    })
}

/// A clause as simple as it can be by itself; none where it never holds.
fn simple(clause: Clause) -> Option<Clause> {
    let floors: Vec<Timestamp> = clause.all.iter().map(|need| clause.floor(need)).collect();
    let from = clause.from.unwrap_or(Timestamp::MIN);
    if clause.until.is_some_and(|until| until <= from) {
        return None;
    }
    let last = window(&clause).1 - 1;
    let mut all = BTreeSet::new();
    for (need, floor) in clause.all.into_iter().zip(floors) {
        all.insert(simple_need(Need { kept: Some(floor), ..need }, last)?);
    }
    let mut clause = Clause { all: all.into_iter().collect(), from: Some(from), until: clause.until };
    drop_implied(&mut clause, last);
    for need in &mut clause.all {
        need.kept = need.kept.filter(|floor| *floor < from);
    }
    clause.all.sort_unstable();
    clause.from = Some(from).filter(|from| *from > Timestamp::MIN);
    Some(clause)
}

/// A need (its floor written out) without what cannot matter by `last`; none where nothing meets it.
fn simple_need(mut need: Need, last: i64) -> Option<Need> {
    need.any.sort_unstable();
    need.any.dedup();
    let floor = need.kept.map_or(0, Timestamp::seconds);
    let after = need.after.seconds();
    if need.any.is_empty() || (last < LAST && floor.max(after) > last) {
        return None;
    }
    if let Some(before) = need.joined_before.map(Timestamp::seconds) {
        if before == 0 {
            return None;
        }
        if last < LAST && before > last - after {
            need.joined_before = None;
        } else if before - 1 + after <= floor {
            need.after = Length::ZERO;
        }
    }
    Some(need)
}

/// Takes away every need that another need of the clause implies. Floors are written out.
fn drop_implied(clause: &mut Clause, last: i64) {
    let mut index = 0;
    while let Some(weak) = clause.all.get(index) {
        let weak = Slot::new(clause, weak);
        let implied = clause.all.iter().enumerate().any(|(other, strong)| {
            let strong = Slot::new(clause, strong);
            other != index && strong.implies(&weak, last) && (other < index || !weak.implies(&strong, last))
        });
        if implied {
            clause.all.remove(index);
        } else {
            index += 1;
        }
    }
}

/// The first instant of a clause's window, and the first one after it.
pub(super) fn window(clause: &Clause) -> (i64, i64) {
    (clause.from.map_or(0, Timestamp::seconds), clause.until.map_or(LAST + 1, Timestamp::seconds))
}

/// Whether all of these sorted ids are among those.
fn subset(these: &[Id], those: &[Id]) -> bool {
    these.len() <= those.len() && these.iter().all(|id| those.binary_search(id).is_ok())
}
