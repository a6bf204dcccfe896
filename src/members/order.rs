//! The order in which events are folded: by instant, then kind, then source and id. When they arrived does not matter.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::event::{Event, What};
use crate::time::Timestamp;

impl What {
    /// The place of a kind among events of one instant, the same for ever. What begins comes before what happens to it;
    /// a payment that fails before one that succeeds, and a cancellation before its undoing, so that of two that say
    /// the opposite the kinder one holds.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Joined {} => 0,
            Self::Granted { .. } => 1,
            Self::Purchased { .. } => 2,
            Self::Switched { .. } => 3,
            Self::PaymentFailed { .. } => 4,
            Self::PaymentSucceeded { .. } => 5,
            Self::Cancelled { .. } => 6,
            Self::Uncancelled { .. } => 7,
            Self::Refunded { .. } => 8,
            Self::Disputed { .. } => 9,
            Self::Revoked { .. } => 10,
            Self::Erased {} => 11,
        }
    }
}

/// The events in their order, each once: of two with one source and id the first counts.
pub(super) fn ordered(events: &[Event]) -> Vec<&Event> {
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by(|a, b| compare(a, b));
    let mut known = BTreeSet::new();
    ordered.retain(|event| known.insert((event.source.as_str(), event.id.as_str())));
    ordered
}

fn compare(a: &Event, b: &Event) -> Ordering {
    fn key(event: &Event) -> (Timestamp, u8, &str, &str) {
        (event.at, event.what.rank(), &event.source, &event.id)
    }
    // Two that differ though they have one name: some order, but always the same.
    let text = |event: &Event| serde_json::to_string(event).unwrap_or_default();
    key(a).cmp(&key(b)).then_with(|| if a == b { Ordering::Equal } else { text(a).cmp(&text(b)) })
}
