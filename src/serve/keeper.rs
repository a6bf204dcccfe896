//! Keeps the site up to date: builds again when something changed, and holds on to the last good site where it cannot.
//!
//! Where only words changed, or the bytes of files that are published as they are, the plan that is there is kept. Whatever
//! could mean more means a whole build.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{self, Prepared, Request};
use crate::diagnostic::Diagnostic;
use crate::fs::{self, Kind};
use crate::load::{Earlier, Remembered};
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
    /// A part of the site is not watched any more, as this warning says; anything may have changed.
    Unwatched(Diagnostic),
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
    /// What that one found in the folders of templates.
    templates: BTreeSet<String>,
    /// What the newest build that went well warned of.
    warnings: Vec<Diagnostic>,
    /// What is not watched.
    unwatched: Option<Diagnostic>,
}

impl Keeper {
    /// A keeper that has built nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::default(),
            remembered: None,
            changed: None,
            templates: BTreeSet::new(),
            warnings: Vec::new(),
            unwatched: None,
        }
    }

    /// Builds again what the changes touch. Where there is a fault, the last good site stays; where nothing is touched, all
    /// stays as it is, and no build is counted.
    pub fn rebuild(&mut self, changes: &Changes) -> State {
        if let Changes::Unwatched(warning) = changes {
            self.unwatched = Some(warning.clone());
        }
        if self.touches_nothing(changes) {
            return self.state.clone();
        }
        self.state.number += 1;
        self.note(changes);
        if let Some(held) = self.reword() {
            self.state.held = Some(held);
            self.state.faults = Vec::new();
            // A build that failed since has said other things.
            self.state.warnings.clone_from(&self.warnings);
            self.changed = Some(BTreeSet::new());
            return self.state.clone();
        }
        let before = self.found_templates();
        match self.build() {
            Ok((held, mut warnings, remembered)) => {
                warnings.extend(self.unwatched.clone());
                // What came or went meanwhile may have been read.
                self.templates = before.into_iter().chain(self.found_templates()).collect();
                self.state.until = build::next_change(held.plan());
                self.state.held = Some(Arc::new(held));
                self.warnings.clone_from(&warnings);
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
                self.state.warnings = self.unwatched.iter().cloned().collect();
            }
        }
        self.state.clone()
    }

    /// Whether the newest build went well and these changes touch nothing of it: an editor tried out whether it may write, or
    /// saved what was there already.
    fn touches_nothing(&self, changes: &Changes) -> bool {
        let Changes::Paths(paths) = changes else { return false };
        let (Some(held), Some(remembered)) = (self.state.held.as_ref(), self.remembered.as_ref()) else { return false };
        let is_due = self.state.until.is_some_and(|until| until <= self.settings.clock.now());
        if is_due || !self.changed.as_ref().is_some_and(BTreeSet::is_empty) || !remembered.has_plain_names() {
            return false;
        }
        let said = self.said();
        let known = Known { root: &self.settings.root, held, remembered, templates: &self.templates, said: &said };
        paths
            .iter()
            .all(|path| below(&self.settings.root, path).is_some_and(|path| known.touched(&path) == Touched::Nothing))
    }

    /// The files that something is said of: what is said may be otherwise when they are gone.
    fn said(&self) -> BTreeSet<Arc<str>> {
        let said = self.warnings.iter().chain(&self.state.warnings).chain(&self.state.faults);
        let places = said.flat_map(|said| [&said.location, &said.also]);
        places.flatten().map(|place| Arc::clone(&place.file)).collect()
    }

    /// What lies in the folders of templates.
    fn found_templates(&self) -> BTreeSet<String> {
        let root = &self.settings.root;
        let found =
            ["templates", "themes"].into_iter().flat_map(|folder| fs::walk(&root.join(folder)).unwrap_or_default());
        found.filter_map(|entry| below(root, &entry.path)).collect()
    }

    /// Adds to what changed since a build went well.
    fn note(&mut self, changes: &Changes) {
        let paths = match changes {
            Changes::Everything | Changes::Unwatched(_) => None,
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
        let said = self.said();
        let remembered = self.remembered.as_mut().filter(|remembered| remembered.has_plain_names())?;
        let (held, changed) = (self.state.held.as_ref()?, self.changed.as_ref()?);
        if self.state.until.is_some_and(|until| until <= self.settings.clock.now()) {
            return None;
        }
        let known = Known { root: &self.settings.root, held, remembered, templates: &self.templates, said: &said };
        let mut pages = Vec::new();
        for path in changed {
            match known.touched(path) {
                Touched::Page => pages.push(path.as_str()),
                Touched::File | Touched::Nothing => {}
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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    /// A page's file.
    Page,
    /// Bytes that are read when they are asked for, and nothing that is planned.
    File,
    /// Nothing: a file that came and went, or is as it was.
    Nothing,
    /// Anything.
    Site,
}

/// What a site that was built well is made of.
struct Known<'a> {
    root: &'a Path,
    held: &'a Held,
    remembered: &'a Remembered,
    templates: &'a BTreeSet<String>,
    /// The files that something is said of.
    said: &'a BTreeSet<Arc<str>>,
}

impl Known<'_> {
    fn touched(&self, path: &str) -> Touched {
        let Self { root, held, remembered, templates, said } = *self;
        let there = match fs::metadata(&root.join(path)) {
            Ok(there) => there.map(|there| there.kind),
            Err(_) => return Touched::Site,
        };
        match there {
            Some(Kind::File) if remembered.is_page(path) => {
                if remembered.is_text_of(path) {
                    Touched::Nothing
                } else {
                    Touched::Page
                }
            }
            Some(Kind::File) => match held.is_as_it_was(path) {
                Some(true) => Touched::Nothing,
                Some(false) => Touched::File,
                None => Touched::Site,
            },
            // Editors try out whether they may write.
            None if !said.contains(path) && !remembered.is_known(path) && !is_at_or_below(templates, path) => {
                let folders = ["content/", "static/", "templates/", "themes/"];
                if folders.iter().any(|folder| path.starts_with(folder)) { Touched::Nothing } else { Touched::Site }
            }
            Some(_) | None => Touched::Site,
        }
    }
}

/// Whether one of these paths is this one, or lies below it.
fn is_at_or_below(paths: &BTreeSet<String>, path: &str) -> bool {
    let mut from = paths.range::<str, _>((Bound::Included(path), Bound::Unbounded));
    // What begins with it stands behind it in order, but so does `path-x/`.
    from.by_ref().take_while(|other| other.starts_with(path)).any(|other| {
        let rest = other.strip_prefix(path).unwrap_or_default();
        rest.is_empty() || rest.starts_with('/')
    })
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
