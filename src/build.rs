//! The main job, whole: a folder in, trees and a manifest out.
//!
//! The five stages in their order, each a value for the next. This module reads no clock and prints nothing; it refuses
//! to publish anything while a single fault is left.

mod contract;
mod for_sale;
mod frame;
mod inputs;
mod model;
mod opened;
mod rendering;
mod stand_ins;
mod theme_files;

use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::diagnostic::{self, Diagnostic};
use crate::fs;
use crate::load::config;
use crate::load::{self, Earlier, Loaded, Remembered};
use crate::manifest::Manifest;
use crate::plan::{self, Lists, Plan, Templates};
use crate::publish::{LinkMode, Modes, Publisher, Record, TreeMode};
use crate::render::theme::Theme;
use crate::review::diff::Compared;
use crate::review::texts::Texts;
use crate::review::{lints, moments, subscriptions};
use crate::time::Timestamp;

pub use frame::{Frame, frame};
pub use model::model;
pub use opened::Opened;
pub use rendering::{renderer, shelf, theme_site};
pub use stand_ins::Source;

use rendering::{Objects, once_per_place, render};

/// What a build is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The folder that holds `site.yaml`.
    pub root: &'a Path,
    /// Where the output goes.
    pub out: &'a Path,
    /// The content's clock.
    pub now: Timestamp,
    /// When the build is made: for the manifest's `created` and `version`.
    pub created: Timestamp,
    /// Whether drafts are published too.
    pub drafts: bool,
    /// Whether what opens something that was closed is not published.
    pub strict: bool,
    /// In place of `base_url` of site.yaml.
    pub base_url: Option<&'a str>,
    /// How trees are laid out.
    pub modes: Modes,
    /// What identifies this program: another program builds anew.
    pub program: &'a str,
    /// Told how many of how many variants are rendered.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What a build made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Pages that were written, by people or by the build.
    pub pages: usize,
    /// Trees.
    pub trees: usize,
    /// Objects that the manifest names.
    pub objects: usize,
    /// How many of them are there encoded too.
    #[serde(default)]
    pub compressed: usize,
    /// How many texts were parsed.
    pub parsed: usize,
    /// How many variants were rendered.
    pub rendered: usize,
    /// Sources of drafts that were left out.
    pub drafts: Vec<String>,
    /// Sources of pages left out because they are released beyond the horizon.
    pub later: Vec<String>,
    /// Sources of pages that are gone.
    pub expired: Vec<String>,
    /// Until when `public/` is current: the next release or end.
    pub current_until: Option<Timestamp>,
}

/// A finished build.
#[derive(Debug)]
pub struct Built {
    /// What it made.
    pub summary: Summary,
    /// Warnings, in source order.
    pub warnings: Vec<Diagnostic>,
    /// What it opened, compared with the manifest that was there; or would have opened, where it was withheld.
    pub opened: Vec<Opened>,
    /// Whether nothing was published because of that: what was there before stays, and the next build says the same.
    pub withheld: bool,
    /// Whether the output was as it should be already.
    pub unchanged: bool,
}

/// Builds a site.
///
/// # Errors
///
/// Every fault of the site, the theme, the call or the disk, in source order; what was published before stays.
pub fn build(request: &Request<'_>) -> Result<Built, Vec<Diagnostic>> {
    let (config, mut warnings) = settings(request.root, request.base_url)?;
    check_out(request).map_err(|fault| vec![*fault])?;
    let inputs = inputs::fingerprint(request, &config).map_err(|fault| vec![*fault])?;
    if let Some(built) = unchanged(request, &inputs) {
        return Ok(built);
    }
    let Prepared { plan, theme, warnings: more, parsed, remembered: _ } = prepare(request, config, None)?;
    warnings.extend(more);
    let mut publisher =
        Publisher::open(request.out, request.modes.link).map_err(|fault| vec![Diagnostic::from(&fault)])?;
    let unknown = opened::unknown(&publisher, request).map_err(|fault| vec![Diagnostic::from(&fault)])?;
    if let Some(fault) = unknown.as_ref().filter(|fault| fault.is_error()) {
        publisher.abandon().map_err(|fault| vec![Diagnostic::from(&fault)])?;
        return Err(sorted(warnings.into_iter().chain([fault.clone()]).collect()));
    }
    let manifest = render(&plan, &theme, &publisher, request)
        .and_then(|stored| checked(contract::manifest(&plan, &stored, request.created)));
    let manifest = manifest.and_then(|mut manifest| {
        if request.modes.compress {
            publisher.encode(&mut manifest.objects).map_err(|fault| vec![Diagnostic::from(&fault)])?;
        }
        Ok(manifest)
    });
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(mut faults) => {
            faults.extend(publisher.abandon().err().map(|fault| Diagnostic::from(&fault)));
            faults.append(&mut warnings);
            return Err(sorted(faults));
        }
    };
    let trees = match request.modes.trees {
        TreeMode::All => contract::trees(plan.site(), &manifest),
        TreeMode::None => Vec::new(),
    };
    let texts = Texts::of(&plan, manifest.build_id());
    let opened = opened::by(&publisher, Compared { manifest: &manifest, texts: Some(&texts) });
    let opened = opened.map_err(|fault| vec![Diagnostic::from(&fault)])?;
    let summary = summary(&plan, (parsed, trees.len(), &manifest));
    if request.strict && !opened.is_empty() {
        publisher.abandon().map_err(|fault| vec![Diagnostic::from(&fault)])?;
        diagnostic::sort(&mut warnings);
        return Ok(Built { summary, warnings, opened, withheld: true, unchanged: false });
    }
    let record = Record {
        inputs,
        valid_from: request.now,
        valid_until: contract::next_change(&plan),
        summary: serde_json::json!({"summary": summary, "warnings": warnings}),
    };
    let published = publisher.finish(manifest, &trees, record, Some(&texts.to_json()));
    let published = published.map_err(|fault| vec![Diagnostic::from(&fault)])?;
    warnings.extend(unknown);
    diagnostic::sort(&mut warnings);
    Ok(Built { summary, warnings, opened, withheld: false, unchanged: published.unchanged })
}

/// The output may not lie among the sources: the next build would read it.
fn check_out(request: &Request<'_>) -> Result<(), Box<Diagnostic>> {
    let disk = |error: fs::Error| Box::new(Diagnostic::setup(error.to_string()));
    // The part of the path that is there already says where the rest will be.
    let there = request.out.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let mut out = None;
    for path in there {
        if fs::exists(path).map_err(disk)? {
            out = Some(fs::canonicalize(path).map_err(disk)?);
            break;
        }
    }
    for folder in ["content", "static", "templates", "themes"] {
        let sources = request.root.join(folder);
        if fs::exists(&sources).map_err(disk)? {
            let sources = fs::canonicalize(&sources).map_err(disk)?;
            if out.as_ref().is_some_and(|out| out.starts_with(&sources)) {
                let message = format!("the output cannot lie in `{folder}/`, which the next build would read");
                return Err(Box::new(Diagnostic::setup(message).help("choose another folder with `--out`")));
            }
        }
    }
    Ok(())
}

/// Reads and plans a site and renders everything once, without publishing: what `check` does.
///
/// # Errors
///
/// Every fault that a build would find.
pub fn check(request: &Request<'_>) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (config, mut warnings) = settings(request.root, request.base_url)?;
    let Prepared { plan, theme, warnings: more, .. } = prepare(request, config, None)?;
    warnings.extend(more);
    let (site, shelf) = (theme_site(&plan, &theme), shelf(&plan));
    let renderer = renderer(&plan, &theme, (&site, &shelf));
    let faults: Vec<Diagnostic> = plan
        .outputs
        .par_iter()
        .flat_map_iter(|output| output.shape.variants.iter().enumerate().map(move |variant| (output, variant)))
        .filter_map(|(output, (number, variant))| renderer.render(&plan.view(output, variant), number).err())
        .map(|fault| *fault)
        .collect();
    if faults.is_empty() {
        diagnostic::sort(&mut warnings);
        return Ok((plan, warnings));
    }
    Err(with_warnings(faults, &warnings))
}

/// What a build says that found these faults of templates.
#[must_use]
pub fn with_warnings(faults: Vec<Diagnostic>, warnings: &[Diagnostic]) -> Vec<Diagnostic> {
    sorted(once_per_place(faults).into_iter().chain(warnings.iter().cloned()).collect())
}

/// Reads and plans a site: for questions about it.
///
/// # Errors
///
/// Every fault of the site and its theme.
pub fn plan_only(request: &Request<'_>) -> Result<Plan, Vec<Diagnostic>> {
    plan_and_theme(request, None).map(|prepared| prepared.plan)
}

/// Reads and plans a site, to be rendered as it is asked for; what an earlier load worked out is not worked out again.
///
/// # Errors
///
/// Every fault of the site and its theme.
pub fn plan_and_theme(request: &Request<'_>, earlier: Option<Earlier<'_>>) -> Result<Prepared, Vec<Diagnostic>> {
    let (config, mut warnings) = settings(request.root, request.base_url)?;
    let mut prepared = prepare(request, config, earlier)?;
    warnings.append(&mut prepared.warnings);
    diagnostic::sort(&mut warnings);
    Ok(Prepared { warnings, ..prepared })
}

/// A plan with the texts of some pages read again: `None` where something else than their bodies changed, or could have, and
/// a whole build has to say what comes of it.
#[must_use]
pub fn reread(plan: &Plan, remembered: &mut Remembered, sources: &[&str]) -> Option<Plan> {
    let words = remembered.reread(plan.site(), sources)?;
    let mut plan = plan.clone();
    for (page, words) in words {
        plan.reword(page, words);
    }
    Some(plan)
}

/// The manifest of a plan whose objects are not made yet: what a decision names is told by [`Source::of_stand_in`].
///
/// # Errors
///
/// What makes a build refuse to publish a manifest.
pub fn stand_in_manifest(plan: &Plan) -> Result<Manifest, Vec<Diagnostic>> {
    checked(contract::manifest(plan, &stand_ins::objects(plan), plan.site().clock))
}

/// The next instant at which time alone changes what a build of this plan makes.
#[must_use]
pub fn next_change(plan: &Plan) -> Option<Timestamp> {
    contract::next_change(plan)
}

/// No edge would take a manifest that does not hold together, so none is published.
fn checked(manifest: Manifest) -> Result<Manifest, Vec<Diagnostic>> {
    let checked = manifest.check().map_err(|fault| vec![Diagnostic::error(fault.to_string())]);
    checked.map(|()| manifest)
}

/// A site that was read and planned, and what renders it.
#[derive(Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The theme.
    pub theme: Theme,
    /// Warnings, in no order.
    pub warnings: Vec<Diagnostic>,
    /// How many texts were parsed.
    pub parsed: usize,
    /// What [`reread`] goes by.
    pub remembered: Remembered,
}

fn settings(root: &Path, base_url: Option<&str>) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let config = config::load(root, &mut diagnostics);
    match config {
        Some(mut config) if !diagnostic::any_error(&diagnostics) => {
            if let Some(base_url) = base_url {
                config.base_url = config::site_address(base_url).map_err(|(message, help)| {
                    let fault = Diagnostic::setup(format!("`--base-url`: {message}"));
                    vec![Diagnostic { help, ..fault }]
                })?;
            }
            Ok((config, diagnostics))
        }
        _ => Err(sorted(diagnostics)),
    }
}

/// Loads and plans.
fn prepare(request: &Request<'_>, config: Config, earlier: Option<Earlier<'_>>) -> Result<Prepared, Vec<Diagnostic>> {
    let mut warnings = Vec::new();
    let (parts, statics) = theme_files::read(request.root, &config, &mut warnings);
    let theme = if diagnostic::any_error(&warnings) { None } else { Some(Theme::load(parts)) };
    let (theme, mut faults) = match theme {
        Some(Ok((theme, more))) => {
            warnings.extend(more);
            (Some(theme), Vec::new())
        }
        Some(Err(faults)) => (None, faults),
        None => (None, std::mem::take(&mut warnings)),
    };
    let alerts = theme.as_ref().map(|theme| theme.strings().alerts()).unwrap_or_default();
    let load = load::Request {
        root: request.root,
        clock: request.now,
        drafts: request.drafts,
        alerts: &alerts,
        missing_template: &|name| theme.as_ref().filter(|theme| !theme.has(name)).map(|theme| theme.missing(name)),
        theme_files: statics,
        earlier,
    };
    let loaded = load::load(&load, config).map_err(|more| faults.extend(more));
    let (Some(theme), Ok(Loaded { site, warnings: more, parsed, remembered })) = (theme, loaded) else {
        return Err(sorted(faults));
    };
    warnings.extend(more);
    let plan = plan::plan(site, &Lister(&theme)).map_err(sorted)?;
    let mut found = subscriptions::check(&plan, request.root);
    found.extend(moments::check(&plan));
    warnings.extend(lints::without(found, &plan.site().config.allowed));
    Ok(Prepared { plan, theme, warnings, parsed, remembered })
}

fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostic::sort(&mut diagnostics);
    diagnostics
}

/// The theme, as the plan asks it.
struct Lister<'a>(&'a Theme);

impl Templates for Lister<'_> {
    fn template(&self, kind: &str) -> &str {
        self.0.template(kind)
    }

    fn lists(&self, template: &str) -> Lists<'_> {
        let lists = self.0.lists(template);
        Lists {
            entries: lists.entries,
            ancestors: lists.ancestors,
            siblings: lists.siblings,
            previous_next: lists.previous_next,
            tags: lists.tags,
            sections: &lists.sections,
        }
    }
}

fn unchanged(request: &Request<'_>, inputs: &str) -> Option<Built> {
    #[derive(Deserialize)]
    struct Said {
        summary: Summary,
    }
    let said = Publisher::is_current(request.out, inputs, request.now, request.modes)?;
    let warnings = said.get("warnings").map(diagnostic::read).unwrap_or_default();
    let Said { summary } = serde_json::from_value(said).ok()?;
    Some(Built { summary, warnings, opened: Vec::new(), withheld: false, unchanged: true })
}

fn summary(plan: &Plan, (parsed, trees, manifest): (usize, usize, &Manifest)) -> Summary {
    let names = |sources: &[std::sync::Arc<str>]| sources.iter().map(ToString::to_string).collect();
    let skipped = &plan.site().skipped;
    Summary {
        pages: plan.outputs.iter().filter(|output| output.url.is_some() && !output.template.is_empty()).count(),
        trees,
        objects: manifest.objects.len(),
        compressed: manifest.objects.values().filter(|object| !object.encodings.is_empty()).count(),
        parsed,
        rendered: plan.variants(),
        drafts: names(&skipped.drafts),
        later: skipped.later.iter().map(|(source, _)| source.to_string()).collect(),
        expired: names(&skipped.expired),
        current_until: contract::next_change(plan),
    }
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            root: Path::new("."),
            out: Path::new("tierpress-out"),
            now: Timestamp::MIN,
            created: Timestamp::MIN,
            drafts: false,
            strict: false,
            base_url: None,
            modes: Modes { link: LinkMode::Hard, trees: TreeMode::All, compress: false },
            program: "",
            progress: &|_, _| {},
        }
    }
}
