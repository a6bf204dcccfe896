//! Keeps the site up to date: builds again when something changed, and holds on to the last good site where it cannot.
//!
//! Where only words changed, or the bytes of files that are published as they are, the plan that is there is kept. Whatever
//! could mean more means a whole build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{self, Prepared, Request};
use crate::diagnostic::Diagnostic;
use crate::fs::{self, Kind};
use crate::load::{Earlier, Remembered};
use crate::serve::held::Held;
use crate::site::{Content, Site};
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
    /// What the newest build that went well worked out.
    remembered: Option<Remembered>,
    /// What changed since that one; where it is not known, anything may have.
    changed: Option<BTreeSet<String>>,
}

impl Keeper {
    /// A keeper that has built nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: State::default(), remembered: None, changed: None }
    }

    /// Builds again what the changes touch. Where there is a fault, the last good site stays.
    pub fn rebuild(&mut self, changes: &Changes) -> State {
        self.state.number += 1;
        self.note(changes);
        if let Some(held) = self.reword() {
            self.state.held = Some(held);
            self.state.faults = Vec::new();
            self.changed = Some(BTreeSet::new());
            return self.state.clone();
        }
        match self.build() {
            Ok((held, warnings, remembered)) => {
                self.state.until = build::next_change(held.plan());
                self.state.held = Some(Arc::new(held));
                self.state.warnings = warnings;
                self.state.faults = Vec::new();
                self.remembered = Some(remembered);
                self.changed = Some(BTreeSet::new());
            }
            Err(faults) => {
                if let Some(held) = &self.state.held {
                    held.doubt();
                }
                self.state.faults = faults;
                self.state.warnings = Vec::new();
            }
        }
        self.state.clone()
    }

    /// Adds to what changed since a build went well.
    fn note(&mut self, changes: &Changes) {
        let paths = match changes {
            Changes::Everything => None,
            Changes::Paths(paths) => paths.iter().map(|path| below(&self.settings.root, path)).collect(),
        };
        self.changed = self.changed.take().zip(paths).map(|(mut changed, paths): (_, BTreeSet<String>)| {
            changed.extend(paths);
            changed
        });
    }

    /// Takes in what [`Held::faults`] found on the site of a state. `None` where another one took its place meanwhile.
    pub fn found(&mut self, number: u64, faults: Vec<Diagnostic>) -> Option<State> {
        if self.state.number != number || faults.is_empty() {
            return None;
        }
        self.state.faults = build::with_warnings(faults, &self.state.warnings);
        Some(self.state.clone())
    }

    fn build(&self) -> Result<(Held, Vec<Diagnostic>, Remembered), Vec<Diagnostic>> {
        let request = Request {
            root: &self.settings.root,
            now: self.clock(),
            drafts: self.settings.drafts,
            base_url: self.settings.base_url.as_deref(),
            ..Request::default()
        };
        let changed = self.changed.as_ref();
        let earlier = self.remembered.as_ref().map(|remembered| Earlier { remembered, changed });
        let Prepared { plan, theme, warnings, parsed: _, remembered } = build::plan_and_theme(&request, earlier)?;
        Held::new(&self.settings.root, plan, theme).map(|held| (held, warnings, remembered))
    }

    /// The present, but as long as time changes nothing the instant of the build before: what was settled stays so, and what
    /// opens later opens by the manifest.
    fn clock(&self) -> Timestamp {
        let now = self.settings.clock.now();
        let before = self.state.held.as_ref().map(|held| held.clock());
        before.filter(|before| *before <= now && self.state.until.is_none_or(|until| now < until)).unwrap_or(now)
    }

    /// The site with the new words of some pages; `None` where there is more to it.
    fn reword(&mut self) -> Option<Arc<Held>> {
        let remembered = self.remembered.as_mut().filter(|remembered| remembered.has_plain_names())?;
        let (held, changed) = (self.state.held.as_ref()?, self.changed.as_ref()?);
        if self.state.until.is_some_and(|until| until <= self.settings.clock.now()) {
            return None;
        }
        let mut pages = Vec::new();
        for path in changed {
            match touched(&self.settings.root, held.plan().site(), (remembered, path)) {
                Touched::Page => pages.push(path.as_str()),
                Touched::Nothing => {}
                Touched::Site => return None,
            }
        }
        if pages.is_empty() {
            held.look();
            return Some(Arc::clone(held));
        }
        build::reread(held.plan(), remembered, &pages).map(|plan| Arc::new(held.reworded(plan)))
    }
}

/// What a change of a path touches.
enum Touched {
    /// A page's file.
    Page,
    /// Nothing that is planned: bytes that are read when they are asked for, or a file that came and went.
    Nothing,
    /// Anything.
    Site,
}

fn touched(root: &Path, site: &Site, (remembered, path): (&Remembered, &str)) -> Touched {
    let there = match fs::metadata(&root.join(path)) {
        Ok(there) => there.map(|there| there.kind),
        Err(_) => return Touched::Site,
    };
    let is_file = || {
        let static_file = |content: &Content| matches!(content, Content::OnDisk(known) if known.as_ref() == path);
        site.files.iter().any(|file| file.source.as_ref() == path)
            || site.statics.iter().any(|file| static_file(&file.content))
    };
    match there {
        Some(Kind::File) if remembered.is_page(path) => Touched::Page,
        Some(Kind::File) if is_file() => Touched::Nothing,
        // Editors try out whether they may write.
        None if ["content/", "static/"].iter().any(|folder| path.starts_with(folder)) => {
            if remembered.is_known(path) {
                Touched::Site
            } else {
                Touched::Nothing
            }
        }
        _ => Touched::Site,
    }
}

/// A path below the site's root, with `/`; `None` for one that lies elsewhere.
fn below(root: &Path, path: &Path) -> Option<String> {
    let inside = |root: &Path| path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned);
    inside(root).or_else(|| fs::canonicalize(root).ok().and_then(|root| inside(&root)))
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
