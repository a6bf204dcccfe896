//! The site as the writer's loop holds it: planned and decided whole, rendered when somebody asks.
//!
//! What [`Held::object`] gives are the very bytes that a build would publish for what a decision names. A held site never
//! changes; the next one takes its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::build::{self, Source};
use crate::diagnostic::{Diagnostic, Location};
use crate::fs;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::render::theme::Theme;
use crate::render::{Shelf, context};
use crate::site::{Content, Site};
use crate::time::Timestamp;

/// A site that is held.
pub struct Held {
    root: PathBuf,
    plan: Plan,
    theme: Arc<Theme>,
    site: context::Site,
    shelf: Shelf,
    manifest: Arc<Manifest>,
    /// What stood at the path of each file when it was decided who may have it.
    planned: Stood,
    /// The same, where files alone were changed since.
    looked: RwLock<Option<Stood>>,
    rendered: RwLock<BTreeMap<(usize, usize), Rendered>>,
}

/// Files beside pages, and static ones, in the site's order; those that are read from the disk.
struct Stood {
    files: Vec<Option<fs::Metadata>>,
    statics: Vec<Option<fs::Metadata>>,
}

impl Stood {
    fn of(root: &Path, site: &Site) -> Self {
        let stands = |path: &str| fs::metadata_followed(&root.join(path)).ok().flatten();
        let files = site.files.iter().map(|file| stands(&file.source)).collect();
        let statics = site.statics.iter().map(|file| match &file.content {
            Content::OnDisk(path) => stands(path),
            Content::Embedded(_) => None,
        });
        Self { files, statics: statics.collect() }
    }
}

/// What came of rendering a variant: its bytes, or a template's fault.
type Rendered = Result<Arc<[u8]>, Box<Diagnostic>>;

/// Where the bytes of an object are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bytes {
    /// Here.
    InMemory(Arc<[u8]>),
    /// In a file of the site, which may be large.
    OnDisk(PathBuf),
}

impl Held {
    /// Holds a site that was read and planned.
    ///
    /// # Errors
    ///
    /// What makes a build refuse to publish its manifest.
    pub(super) fn new(root: &Path, plan: Plan, theme: Theme) -> Result<Self, Vec<Diagnostic>> {
        let manifest = Arc::new(build::stand_in_manifest(&plan)?);
        Ok(Self::with(root, plan, (Arc::new(theme), manifest)))
    }

    /// The same site with other words on some of its pages: what is decided is the same.
    pub(super) fn reworded(&self, plan: Plan) -> Self {
        Self::with(&self.root, plan, (Arc::clone(&self.theme), Arc::clone(&self.manifest)))
    }

    fn with(root: &Path, plan: Plan, (theme, manifest): (Arc<Theme>, Arc<Manifest>)) -> Self {
        let (site, shelf) = (build::theme_site(&plan, &theme), build::shelf(&plan));
        let root = root.to_owned();
        let planned = Stood::of(&root, plan.site());
        let (looked, rendered) = (RwLock::default(), RwLock::default());
        Self { root, plan, theme, site, shelf, manifest, planned, looked, rendered }
    }

    /// Takes the files as they lie there now: they were changed, and nothing else was.
    pub(super) fn look(&self) {
        let stood = Stood::of(&self.root, self.plan.site());
        *self.looked.write().unwrap_or_else(PoisonError::into_inner) = Some(stood);
    }

    /// The newest site cannot be built: what of files was taken as it lay there may have belonged to it.
    pub(super) fn doubt(&self) {
        *self.looked.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether a file that is published as it is stands there as it was looked at last; `None` for a path of no such file.
    pub(super) fn is_as_it_was(&self, path: &str) -> Option<bool> {
        let site = self.plan.site();
        let is_static = |content: &Content| matches!(content, Content::OnDisk(known) if known.as_ref() == path);
        let file = site.files.iter().position(|file| file.source.as_ref() == path);
        let fixed = || site.statics.iter().position(|file| is_static(&file.content));
        let looked = self.looked.read().unwrap_or_else(PoisonError::into_inner);
        let stood = looked.as_ref().unwrap_or(&self.planned);
        let known = match file {
            Some(number) => stood.files.get(number),
            None => stood.statics.get(fixed()?),
        };
        let stands = fs::metadata_followed(&self.root.join(path)).ok().flatten();
        Some(stands.is_some() && known.copied().flatten() == stands)
    }

    /// A file, if it is the one about which was decided who may have it. While the newest site cannot be built, another one
    /// may stand there.
    fn on_disk(&self, path: &str, stood: impl Fn(&Stood) -> Option<fs::Metadata>) -> Result<Bytes, Box<Diagnostic>> {
        let disk = self.root.join(path);
        let stands = fs::metadata_followed(&disk).ok().flatten();
        let looked = self.looked.read().unwrap_or_else(PoisonError::into_inner);
        let stood = stood(looked.as_ref().unwrap_or(&self.planned));
        if stands.is_some() && stands == stood {
            return Ok(Bytes::OnDisk(disk));
        }
        let fault = Diagnostic::error("this file changed since the site was built").at(Location::file(&path.into()));
        Err(Box::new(fault.help("it is shown again as soon as the site can be built")))
    }

    /// What [`crate::edge::decide`] goes by. Its objects have stand-ins for names, and no size.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The plan, for questions about pages.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The instant for which windows were settled: no decision looks at the site from an earlier one.
    #[must_use]
    pub fn clock(&self) -> Timestamp {
        self.plan.site().clock
    }

    /// The media type of what a decision names.
    #[must_use]
    pub fn media_type(&self, name: &str) -> &str {
        self.manifest.objects.get(name).map_or("application/octet-stream", |object| object.media_type.as_str())
    }

    /// What a decision names, by the name in [`Held::manifest`].
    ///
    /// # Errors
    ///
    /// A fault of the template; a name that this manifest does not have.
    pub fn object(&self, name: &str) -> Result<Bytes, Box<Diagnostic>> {
        let site = self.plan.site();
        match Source::of_stand_in(name) {
            Some(Source::Output(output, variant)) => self.variant(output, variant).map(Bytes::InMemory),
            Some(Source::File(number)) => {
                let file = site.files.get(number).ok_or_else(|| unknown(name))?;
                self.on_disk(&file.source, |stood| stood.files.get(number).copied().flatten())
            }
            Some(Source::Static(number)) => match &site.statics.get(number).ok_or_else(|| unknown(name))?.content {
                Content::OnDisk(path) => self.on_disk(path, |stood| stood.statics.get(number).copied().flatten()),
                Content::Embedded(bytes) => Ok(Bytes::InMemory((*bytes).into())),
            },
            None => Err(unknown(name)),
        }
    }

    /// What is wrong with templates on any page, each place once: all is rendered for it, and thrown away. `None` where
    /// `go_on`, which is asked before every page, would not.
    #[must_use]
    pub fn faults(&self, go_on: &dyn Fn() -> bool) -> Option<Vec<Diagnostic>> {
        let mut faults = Vec::new();
        for (number, output) in self.plan.outputs.iter().enumerate() {
            for variant in 0..output.shape.variants.len() {
                if !go_on() {
                    return None;
                }
                faults.extend(self.render(number, variant).err().map(|fault| *fault));
            }
        }
        Some(faults)
    }

    fn variant(&self, output: usize, variant: usize) -> Rendered {
        let place = (output, variant);
        if let Some(known) = self.rendered.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return known.clone();
        }
        let rendered = self.render(output, variant);
        self.rendered.write().unwrap_or_else(PoisonError::into_inner).insert(place, rendered.clone());
        rendered
    }

    fn render(&self, output: usize, number: usize) -> Rendered {
        let planned = self.plan.outputs.get(output);
        let found = planned.and_then(|output| Some((output, output.shape.variants.get(number)?)));
        let (output, variant) = found.ok_or_else(|| unknown(&format!("{output}/{number}")))?;
        let renderer = build::renderer(&self.plan, &self.theme, (&self.site, &self.shelf));
        let rendered = renderer.render(&self.plan.view(output, variant), number)?;
        Ok(rendered.bytes.into())
    }
}

fn unknown(name: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(format!("the site has no object `{name}`")))
}
