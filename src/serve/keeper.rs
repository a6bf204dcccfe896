//! Keeps the site up to date: builds again when something changed, and holds on to the last good site where it cannot.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::build::{self, Request};
use crate::diagnostic::Diagnostic;
use crate::serve::held::Held;
use crate::time::Timestamp;

/// Which site, and how it is to be built.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that holds `site.yaml`.
    pub root: PathBuf,
    /// Whether drafts are published too.
    pub drafts: bool,
    /// In place of `base_url` of site.yaml.
    pub base_url: Option<String>,
    /// The content's clock.
    pub clock: Clock,
}

/// What time it is for the site.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Always this.
    Fixed(Timestamp),
    /// What this says at each build.
    Present(crate::server::Clock),
}

/// What changed since the site was built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Changes {
    /// Anything may have.
    Everything,
    /// These paths, and nothing else.
    Paths(BTreeSet<PathBuf>),
}

/// How things stand.
#[derive(Clone, Default)]
pub struct State {
    /// Counts builds, from 1.
    pub number: u64,
    /// The last good site.
    pub held: Option<Arc<Held>>,
    /// What is wrong with the newest build; empty where that is the site which is held and all of it could be rendered.
    pub faults: Vec<Diagnostic>,
    /// Warnings about the newest build.
    pub warnings: Vec<Diagnostic>,
    /// When time alone changes the site.
    pub until: Option<Timestamp>,
}

/// Keeps a site.
pub struct Keeper {
    settings: Settings,
    state: State,
}

impl Keeper {
    /// A keeper that has built nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: State::default() }
    }

    /// Builds again what the changes touch. Where there is a fault, the last good site stays.
    pub fn rebuild(&mut self, _changes: &Changes) -> State {
        self.state.number += 1;
        match self.build() {
            Ok((held, warnings)) => {
                self.state.until = build::next_change(held.plan());
                self.state.held = Some(Arc::new(held));
                self.state.warnings = warnings;
                self.state.faults = Vec::new();
            }
            Err(faults) => {
                self.state.faults = faults;
                self.state.warnings = Vec::new();
            }
        }
        self.state.clone()
    }

    fn build(&self) -> Result<(Held, Vec<Diagnostic>), Vec<Diagnostic>> {
        let request = Request {
            root: &self.settings.root,
            now: self.settings.clock.now(),
            drafts: self.settings.drafts,
            base_url: self.settings.base_url.as_deref(),
            ..Request::default()
        };
        let mut prepared = build::plan_and_theme(&request)?;
        let warnings = std::mem::take(&mut prepared.warnings);
        Held::new(&self.settings.root, prepared).map(|held| (held, warnings))
    }
}

impl Clock {
    /// What time it is.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Fixed(now) => now,
            Self::Present(now) => now(),
        }
    }
}
