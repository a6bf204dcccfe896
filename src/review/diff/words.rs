//! Readers in words.

use super::ways::{Held, Names, Way};
use crate::id::Id;
use crate::review::dates::{ages, date, length, window};
use crate::time::Length;

/// `members of basic and above of 7 to 13 days without rust-course until 2026-12-31`
pub(super) fn way(way: &Way, names: &Names) -> String {
    let mut text = readers(way, names);
    let (plain, other): (Vec<_>, Vec<_>) = way.without.iter().partition(|held| is_plain_bundle(held, names));
    let ids: Vec<&str> = plain.iter().flat_map(|held| held.iter()).flat_map(|held| known(held, names)).collect();
    if !ids.is_empty() {
        text.push_str(&format!(" without {}", or(&ids)));
    }
    for held in other {
        let all: Vec<String> = held.iter().map(|held| verb(held, names)).collect();
        text.push_str(&format!(" unless they {}", all.join(" and ")));
    }
    text + &window(way.from, way.until)
}

fn readers(way: &Way, names: &Names) -> String {
    // Some tier is what every holder of a bundle has: it is said only where it is all that is asked for.
    let told = |held: &&Held| way.needs.len() == 1 || !is_any_tier(held, names);
    let mut needs: Vec<&Held> = way.needs.iter().filter(told).collect();
    if needs.is_empty() {
        needs.extend(way.needs.first());
    }
    // What is bought comes before what it is bought with.
    needs.sort_by_key(|held| held.any.iter().any(|id| names.is_tier(id)));
    let mut needs = needs.into_iter();
    match needs.next() {
        None if way.visitors => "visitors".to_owned(),
        None => "everybody".to_owned(),
        Some(first) => {
            let rest: Vec<String> = needs.map(|held| verb(held, names)).collect();
            let rest = if rest.is_empty() { String::new() } else { format!(" who {}", rest.join(" and ")) };
            noun(first, names) + &rest
        }
    }
}

fn is_any_tier(held: &Held, names: &Names) -> bool {
    let all = !names.tiers.is_empty() && names.tiers.iter().all(|tier| held.any.contains(tier));
    let Held { any: _, at_least, below, joined_from, joined_before, frozen_before } = held;
    let bounds = [joined_from, joined_before, frozen_before];
    all && *at_least == Length::ZERO && below.is_none() && bounds.iter().all(|bound| bound.is_none())
}

fn is_plain_bundle(held: &[Held], names: &Names) -> bool {
    let [held] = held else { return false };
    let bundles = held.any.iter().all(|id| !names.is_tier(id));
    bundles && limits(held).is_empty()
}

/// `members of basic and above`, `holders of rust-course of 7 days and more`
fn noun(held: &Held, names: &Names) -> String {
    let (tiers, bundles) = kinds(held, names);
    let mut parts = Vec::new();
    if !bundles.is_empty() {
        parts.push(format!("holders of {}", or(&bundles)));
    }
    match tiers {
        Tiers::None => {}
        Tiers::All => parts.push("members".to_owned()),
        Tiers::Some(words) => parts.push(format!("members of {words}")),
    }
    parts.join(" or ") + &limits(held)
}

/// `are members of basic and above`, `hold rust-course of 7 days and more`
fn verb(held: &Held, names: &Names) -> String {
    let (tiers, bundles) = kinds(held, names);
    let mut parts = Vec::new();
    if !bundles.is_empty() {
        parts.push(format!("hold {}", or(&bundles)));
    }
    match tiers {
        Tiers::None => {}
        Tiers::All => parts.push("are members".to_owned()),
        Tiers::Some(words) => parts.push(format!("are members of {words}")),
    }
    parts.join(" or ") + &limits(held)
}

enum Tiers {
    None,
    All,
    Some(String),
}

/// The tiers of a need in words, and its bundles.
fn kinds<'a>(held: &'a Held, names: &Names) -> (Tiers, Vec<&'a str>) {
    let known = known(held, names);
    let is_tier = |id: &&str| names.tiers.iter().chain(&names.former_tiers).any(|tier| tier.as_str() == *id);
    let (tiers, bundles): (Vec<&str>, Vec<&str>) = known.into_iter().partition(is_tier);
    if tiers.is_empty() {
        return (Tiers::None, bundles);
    }
    for ranks in [&names.tiers, &names.former_tiers] {
        let ranks: Vec<&str> = ranks.iter().map(Id::as_str).collect();
        let above: Vec<&str> = ranks.iter().copied().skip_while(|rank| !tiers.contains(rank)).collect();
        let alike = above.len() == tiers.len() && above.iter().all(|rank| tiers.contains(rank));
        match above.as_slice() {
            _ if !alike => {}
            all if all.len() == ranks.len() && all.len() > 1 => return (Tiers::All, bundles),
            [only] => return (Tiers::Some((*only).to_owned()), bundles),
            [lowest, ..] => return (Tiers::Some(format!("{lowest} and above")), bundles),
            [] => {}
        }
    }
    let mut ranked = tiers;
    ranked.sort_by_key(|id| names.tiers.iter().position(|tier| tier.as_str() == *id));
    (Tiers::Some(or(&ranked)), bundles)
}

/// The ids of today; the others only where there is none.
fn known<'a>(held: &'a Held, names: &Names) -> Vec<&'a str> {
    let known: Vec<&str> = held.any.iter().filter(|id| names.knows(id)).map(Id::as_str).collect();
    if known.is_empty() { held.any.iter().map(Id::as_str).collect() } else { known }
}

/// ` of 7 to 13 days`, ` who joined before 2026-12-01`
fn limits(held: &Held) -> String {
    let mut text = match (held.at_least, held.below) {
        (Length::ZERO, None) => String::new(),
        (at_least, None) => format!(" of {} and more", length(at_least)),
        (at_least, Some(below)) => format!(" of {}", ages(at_least, below)),
    };
    let joined = [(held.joined_from, "on {} or later"), (held.joined_before, "before {}")];
    let joined = joined.into_iter().filter_map(|(bound, words)| Some(words.replace("{}", &date(bound?))));
    let joined: Vec<String> = joined.collect();
    if !joined.is_empty() {
        text.push_str(&format!(" who joined {}", joined.join(" and ")));
    }
    if let Some(before) = held.frozen_before {
        text.push_str(&format!(" whose access was frozen before {}", date(before)));
    }
    text
}

/// `a`, `a or b`, `a, b or c`
fn or(ids: &[&str]) -> String {
    match ids {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
