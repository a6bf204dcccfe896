//! Renders every page of a good site in the background, so that a template's fault is told though nobody opened its page.
//!
//! It begins after a moment, for whoever saved a page looks at it first, and is broken off when the next build begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::serve::keeper::State;

/// How long it waits for whoever looks at the page that was saved.
const PATIENCE: Duration = Duration::from_millis(300);
const STEPS: u32 = 15;

/// A survey that is under way, or done.
pub(super) struct Survey {
    number: u64,
    stop: Arc<AtomicBool>,
    found: Option<Receiver<Vec<Diagnostic>>>,
}

impl Survey {
    /// Begins on the site of a state, where that is its newest build.
    pub(super) fn begin(state: &State) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let held = state.held.clone().filter(|_| state.faults.is_empty());
        let found = held.map(|held| {
            let (sender, receiver) = mpsc::channel();
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                for _ in 0..STEPS {
                    std::thread::sleep(PATIENCE / STEPS);
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                }
                if let Some(faults) = held.faults(&|| !stop.load(Ordering::Relaxed)) {
                    // Whoever began it may be gone.
                    drop(sender.send(faults));
                }
            });
            receiver
        });
        Self { number: state.number, stop, found }
    }

    /// One that has nothing left to find.
    pub(super) fn done() -> Self {
        Self { number: 0, stop: Arc::default(), found: None }
    }

    /// Whether there may still be something to find.
    pub(super) fn is_under_way(&self) -> bool {
        self.found.is_some()
    }

    /// What it found, with the number of the build: said once, and not before it is done.
    pub(super) fn found(&mut self) -> Option<(u64, Vec<Diagnostic>)> {
        let found = self.found.as_ref()?.try_recv();
        if found != Err(TryRecvError::Empty) {
            self.found = None;
        }
        found.ok().map(|faults| (self.number, faults))
    }
}

impl Drop for Survey {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
