//! What pages that are made while a server runs share with those of a build: the settings, the theme, the menu.
//!
//! A shop must come up when its texts are being written on: where they cannot be read the pages have no menu, and say so in
//! a warning. Settings and theme must be sound.

use std::collections::BTreeMap;
use std::path::Path;

use super::rendering::{bare_site, renderer, shelf, theme_site, words};
use super::{Request, for_sale, settings, sorted, theme_files};
use crate::config::Config;
use crate::diagnostic::{self, Diagnostic};
use crate::plan::{Plan, Subject};
use crate::render::context::{self, Prepared};
use crate::render::theme::{Part, Parts, TextFile, Theme, embedded};

/// Settings, theme and menu of a site.
#[derive(Debug)]
pub struct Frame {
    /// `site.yaml`.
    pub config: Config,
    /// The theme, with templates for account pages.
    pub theme: Theme,
    /// The site as its pages see it.
    pub site: Prepared<context::Site>,
    /// What pages are called, by URL: what they are called in lists.
    pub titles: BTreeMap<String, String>,
    /// What is for sale; without what only hidden pages need.
    pub products: Vec<context::Product>,
}

/// Reads the frame of a site, with warnings.
///
/// # Errors
/// Every fault of its settings and its theme.
pub fn frame(request: &Request<'_>) -> Result<(Frame, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (config, mut warnings) = settings(request.root, request.base_url)?;
    let theme = theme(request.root, &config, &mut warnings)?;
    match super::plan_and_theme(request, None) {
        Ok(prepared) => {
            let (site, titles) = of_plan(&prepared.plan, &theme);
            let words = words(&prepared.plan, &theme);
            let for_sale = for_sale::products(&prepared.plan);
            let products = for_sale.into_iter().map(|product| words.product(product)).collect();
            Ok((Frame { config, theme, site, titles, products }, warnings))
        }
        Err(faults) => {
            let count = faults.iter().filter(|fault| fault.is_error()).count();
            let what = if count == 1 { "fault" } else { "faults" };
            let warning =
                Diagnostic::warning(format!("the pages of the account have no menu: the site has {count} {what}"));
            warnings.push(warning.help("`tierpress check` names them"));
            let site = Prepared::new(&bare_site(&config));
            Ok((Frame { config, theme, site, titles: BTreeMap::new(), products: Vec::new() }, warnings))
        }
    }
}

/// The site as a visitor's "not found" sees it, and the titles of its pages.
fn of_plan(plan: &Plan, theme: &Theme) -> (Prepared<context::Site>, BTreeMap<String, String>) {
    let (site, shelf) = (theme_site(plan, theme), shelf(plan));
    let renderer = renderer(plan, theme, (&site, &shelf));
    let not_found = plan.outputs.iter().find(|output| output.subject == Subject::NotFound);
    let variant = not_found.and_then(|output| Some((output, output.shape.variants.last()?)));
    let prepared = match variant {
        Some((output, variant)) => renderer.site(&plan.view(output, variant)),
        None => Prepared::new(&site),
    };
    let titles = plan.site().pages.iter().map(|page| (page.url.clone(), page.open.title.clone())).collect();
    (prepared, titles)
}

/// A site's theme, whose account templates may be ours.
fn theme(root: &Path, config: &Config, warnings: &mut Vec<Diagnostic>) -> Result<Theme, Vec<Diagnostic>> {
    let (mut parts, _) = theme_files::read(root, config, warnings);
    if diagnostic::any_error(warnings) {
        return Err(sorted(std::mem::take(warnings)));
    }
    add_ours(&mut parts);
    let (theme, more) = Theme::load(parts)?;
    warnings.extend(more);
    let missing: Vec<&str> = TEMPLATES.into_iter().filter(|name| !theme.has(name)).collect();
    if missing.is_empty() {
        return Ok(theme);
    }
    let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let fault = Diagnostic::setup(format!("the theme `{}` has no templates for the account: {names}", config.theme));
    Err(vec![fault.help("give it a `base.html` with a block `main`, which ours extend, or templates of those names")])
}

/// The templates of account pages.
const TEMPLATES: [&str; 4] =
    ["account/confirm.html", "account/home.html", "account/message.html", "account/sign-in.html"];

/// Puts our own account templates under those of a theme that has a base for them.
fn add_ours(parts: &mut Parts) {
    let has_base = |file: &TextFile| file.name == "base.html" && file.text.contains("{% block main");
    if !parts.templates.iter().any(has_base) {
        return;
    }
    let ours = embedded().iter().filter(|file| file.part == Part::Template && file.name.starts_with("account/"));
    let ours = ours.map(|file| TextFile {
        name: file.name.to_owned(),
        path: format!("themes/default/templates/{}", file.name).into(),
        text: file.text.into(),
    });
    parts.templates.splice(0..0, ours);
}
