//! The site as the writer's loop holds it: planned and decided whole, rendered when somebody asks.
//!
//! What [`Held::object`] gives are the very bytes that a build would publish for what a decision names. A held site never
//! changes; the next one takes its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::build::{self, Prepared, Source};
use crate::diagnostic::Diagnostic;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::render::theme::Theme;
use crate::render::{Shelf, context};
use crate::site::Content;
use crate::time::Timestamp;

/// A site that is held.
pub struct Held {
    root: PathBuf,
    plan: Plan,
    theme: Theme,
    site: context::Site,
    shelf: Shelf,
    manifest: Manifest,
    rendered: RwLock<BTreeMap<(usize, usize), Rendered>>,
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
    pub(super) fn new(root: &Path, prepared: Prepared) -> Result<Self, Vec<Diagnostic>> {
        let Prepared { plan, theme, warnings: _, parsed: _ } = prepared;
        let manifest = build::stand_in_manifest(&plan)?;
        let (site, shelf) = (build::theme_site(plan.site()), build::shelf(&plan));
        Ok(Self { root: root.to_owned(), plan, theme, site, shelf, manifest, rendered: RwLock::default() })
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
        let content = match Source::of_stand_in(name) {
            Some(Source::Output(output, variant)) => {
                return self.variant(output, variant).map(Bytes::InMemory);
            }
            Some(Source::File(file)) => {
                site.files.get(file).map(|file| Bytes::OnDisk(self.root.join(file.source.as_ref())))
            }
            Some(Source::Static(file)) => site.statics.get(file).map(|file| match &file.content {
                Content::OnDisk(path) => Bytes::OnDisk(self.root.join(path.as_ref())),
                Content::Embedded(bytes) => Bytes::InMemory((*bytes).into()),
            }),
            None => None,
        };
        content.ok_or_else(|| unknown(name))
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
