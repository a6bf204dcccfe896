//! Where a grant comes from: who would have to be told that it is to end.

use super::event::{Event, What};
use crate::config::product::Billing;

/// Where a grant comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// The source that told of it; empty where none did.
    pub source: String,
    /// Whether money is collected for it again and again.
    pub collects: bool,
}

/// Says where a grant comes from, by all events of its member.
#[must_use]
pub fn origin(events: &[Event], grant: &str) -> Origin {
    let mut origin = Origin::default();
    for event in events.iter().filter(|event| event.what.grant() == Some(grant)) {
        match &event.what {
            What::Purchased { terms, .. } | What::Switched { terms, .. } => {
                origin = Origin { source: event.source.clone(), collects: terms.billing != Billing::Once };
            }
            What::Granted { .. } => origin.source.clone_from(&event.source),
            What::Joined {}
            | What::PaymentSucceeded { .. }
            | What::PaymentFailed { .. }
            | What::Cancelled { .. }
            | What::Uncancelled { .. }
            | What::Refunded { .. }
            | What::Disputed { .. }
            | What::Revoked { .. }
            | What::Erased {} => {}
        }
    }
    origin
}
