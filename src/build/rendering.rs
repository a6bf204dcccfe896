//! Views to bytes, and bytes to objects: everything that a plan shows, rendered in parallel.

use rayon::prelude::*;

use super::{Request, for_sale, sorted};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::plan::{Output, Plan, SectionId};
use crate::publish::{Publisher, Stored};
use crate::render::theme::Theme;
use crate::render::words::Words;
use crate::render::{Renderer, Shelf, context};
use crate::site::{Content, Site};

/// Objects of every output, in the plan's order; then of files and of what everybody may have.
pub(super) struct Objects {
    pub(super) outputs: Vec<Vec<Stored>>,
    pub(super) files: Vec<Stored>,
    pub(super) statics: Vec<Stored>,
}

pub(super) fn render(
    plan: &Plan,
    theme: &Theme,
    publisher: &Publisher,
    request: &Request<'_>,
) -> Result<Objects, Vec<Diagnostic>> {
    let (site, shelf) = (theme_site(plan, theme), shelf(plan));
    let renderer = renderer(plan, theme, (&site, &shelf));
    let total = plan.variants();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let one = |output: &Output| -> Vec<Result<Stored, Box<Diagnostic>>> {
        let variants = output.shape.variants.iter().enumerate();
        let stored: Vec<_> = variants
            .map(|(number, variant)| {
                let rendered = renderer.render(&plan.view(output, variant), number)?;
                publisher.put(&rendered.bytes, rendered.extension).map_err(|fault| Box::new(Diagnostic::from(&fault)))
            })
            .collect();
        let before = done.fetch_add(stored.len(), std::sync::atomic::Ordering::Relaxed);
        (request.progress)(before + stored.len(), total);
        stored
    };
    let outputs: Vec<Vec<_>> = plan.outputs.par_iter().map(one).collect();
    let put = |content: &Content, url: &str| {
        let extension = extension(url);
        let stored = match content {
            Content::OnDisk(path) => publisher.put_file(&request.root.join(path.as_ref()), extension),
            Content::Embedded(bytes) => publisher.put(bytes, extension),
        };
        stored.map_err(|fault| Box::new(Diagnostic::from(&fault)))
    };
    let site = plan.site();
    let files = site.files.par_iter().map(|file| put(&Content::OnDisk(file.source.clone()), &file.url)).collect();
    let statics = site.statics.par_iter().map(|file| put(&file.content, &file.url)).collect();
    settle(outputs, files, statics)
}

/// All objects, or all faults.
fn settle(
    outputs: Vec<Vec<Result<Stored, Box<Diagnostic>>>>,
    files: Vec<Result<Stored, Box<Diagnostic>>>,
    statics: Vec<Result<Stored, Box<Diagnostic>>>,
) -> Result<Objects, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut keep = |stored: Vec<Result<Stored, Box<Diagnostic>>>| {
        let mut kept = Vec::with_capacity(stored.len());
        for each in stored {
            match each {
                Ok(stored) => kept.push(stored),
                Err(fault) => faults.push(*fault),
            }
        }
        kept
    };
    let objects =
        Objects { outputs: outputs.into_iter().map(&mut keep).collect(), files: keep(files), statics: keep(statics) };
    if faults.is_empty() { Ok(objects) } else { Err(once_per_place(faults)) }
}

/// Sorted, and a template's fault said once: for the first page that shows it, with the number of the others.
pub(super) fn once_per_place(faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut said: Vec<(Diagnostic, usize)> = Vec::new();
    for fault in sorted(faults) {
        match said.last_mut().filter(|(before, _)| before.location.is_some() && before.location == fault.location) {
            Some((_, more)) => *more += 1,
            None => said.push((fault, 0)),
        }
    }
    let say = |(fault, more): (Diagnostic, usize)| match more {
        0 => fault,
        1 => Diagnostic { message: format!("{} and 1 other page", fault.message), ..fault },
        _ => Diagnostic { message: format!("{} and {more} other pages", fault.message), ..fault },
    };
    said.into_iter().map(say).collect()
}

/// What stands behind the last dot of a URL's last segment.
fn extension(url: &str) -> &str {
    let name = url.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// A site as templates see it, less its menu.
#[must_use]
pub fn theme_site(plan: &Plan, theme: &Theme) -> context::Site {
    let words = words(plan, theme);
    let products = for_sale::products(plan).into_iter().map(|product| words.product(product));
    let products = context::Prepared::new(&products.collect::<Vec<context::Product>>());
    context::Site { products, ..bare_site(&plan.site().config) }
}

/// The same without what is for sale.
pub(super) fn bare_site(config: &Config) -> context::Site {
    let primary = config.language.split('-').next().unwrap_or_default();
    let right_to_left = ["ar", "fa", "he", "ur", "yi", "ps", "sd", "ug", "dv"].contains(&primary);
    context::Site {
        title: config.title.clone(),
        description: config.description.clone(),
        base_url: config.base_url.clone(),
        language: config.language.clone(),
        direction: if right_to_left { "rtl" } else { "ltr" }.to_owned(),
        login_url: config.login_url.clone(),
        upgrade_url: config.upgrade_url.clone(),
        products: context::Prepared::default(),
        extra: serde_json::Value::Object(config.extra.clone()),
        menu: Vec::new(),
    }
}

/// An empty shelf for the entries of a plan.
#[must_use]
pub fn shelf(plan: &Plan) -> Shelf {
    let sections = (0..plan.site().sections.len()).map(|section| plan.list(SectionId(section)));
    Shelf::new(plan.site().pages.len(), sections)
}

/// What renders the views of a plan.
#[must_use]
pub fn renderer<'a>(plan: &'a Plan, theme: &'a Theme, (site, shelf): (&'a context::Site, &'a Shelf)) -> Renderer<'a> {
    Renderer { theme, site, words: words(plan, theme), shelf }
}

pub(super) fn words<'a>(plan: &'a Plan, theme: &'a Theme) -> Words<'a> {
    let Site { config, clock, .. } = plan.site();
    Words {
        strings: theme.strings(),
        catalogue: &config.catalogue,
        products: &config.products,
        zone: &config.zone,
        clock: *clock,
    }
}
