//! Says things that clients can bring about at most once a second, so that none of them fills the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(1);

/// When something was last said, and how often it has not been since.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Option<(Instant, u64)>>);

impl Seldom {
    /// Whether it is time to say something: then, how many times nothing was said before.
    pub(super) fn now(&self) -> Option<u64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *last {
            Some((at, unsaid)) if at.elapsed() < INTERVAL => {
                *unsaid = unsaid.saturating_add(1);
                None
            }
            last => {
                let unsaid = last.map_or(0, |(_, unsaid)| unsaid);
                *last = Some((Instant::now(), 0));
                Some(unsaid)
            }
        }
    }
}
