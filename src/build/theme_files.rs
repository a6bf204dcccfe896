//! Reads a theme's files, and the site's own that stand in for some of them.

use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Location, Source, nearest};
use crate::fs;
use crate::load::document::Value;
use crate::load::{config, sources, yaml};
use crate::render::theme::Part;
use crate::render::theme::{Parts, TextFile, embedded};
use crate::site::{Content, StaticFile};

/// Where a theme's static files are published.
const BELOW: &str = "/_tierpress/theme/";

/// A theme's texts, and its static files. A site without `themes/default` has the one in this program.
pub(super) fn read(root: &Path, config: &Config, diagnostics: &mut Vec<Diagnostic>) -> (Parts, Vec<StaticFile>) {
    let folder = format!("themes/{}", config.theme);
    let here = fs::exists(&root.join(&folder)).unwrap_or(false);
    let (mut parts, statics) = match here {
        true => on_disk(root, &folder, diagnostics),
        false if config.theme == "default" => (Parts::default_theme(&config.language, &config.base_url), built_in()),
        false => {
            diagnostics.push(missing(root, &config.theme));
            (Parts::default(), Vec::new())
        }
    };
    parts.templates.extend(texts(root, "templates", diagnostics));
    parts.site_strings = text(root, "strings.yaml", diagnostics);
    config.language.clone_into(&mut parts.language);
    config.base_url.clone_into(&mut parts.base_url);
    (parts, statics)
}

/// What is said of a theme that is not there, at the place where it is named.
fn missing(root: &Path, name: &str) -> Diagnostic {
    let file: Arc<str> = config::FILE.into();
    let place = sources::read_text(&root.join(config::FILE), &file).ok().and_then(|text| {
        let Value::Map(settings) = yaml::read(&text, 0..text.len()).ok()?.value else { return None };
        Some(Source { file: &file, text: &text }.locate(settings.get("theme")?.span.clone()))
    });
    let there = fs::list(&root.join("themes")).unwrap_or_default().into_iter();
    let there: Vec<String> = there
        .filter_map(|entry| entry.path.file_name()?.to_str().map(str::to_owned))
        .chain(["default".to_owned()])
        .collect();
    let help = match nearest(name, there.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("put it into `themes/{name}/`, or leave `theme` out to use the default one"),
    };
    let fault = Diagnostic::setup(format!("there is no theme `{name}`"));
    fault.at(place.unwrap_or_else(|| Location::file(&file))).help(help)
}

fn on_disk(root: &Path, folder: &str, diagnostics: &mut Vec<Diagnostic>) -> (Parts, Vec<StaticFile>) {
    let parts = Parts {
        templates: texts(root, &format!("{folder}/templates"), diagnostics),
        manifest: text(root, &format!("{folder}/theme.yaml"), diagnostics),
        theme_strings: text(root, &format!("{folder}/strings.yaml"), diagnostics),
        ..Parts::default()
    };
    let below = format!("{folder}/static/");
    let files = sources::walk(root, below.trim_end_matches('/'), diagnostics).files;
    let statics = files.into_iter().map(|file| StaticFile {
        url: format!("{BELOW}{}", file.path.strip_prefix(&below).unwrap_or(&file.path)),
        content: Content::OnDisk(file.path),
    });
    (parts, statics.collect())
}

fn built_in() -> Vec<StaticFile> {
    let files = embedded().iter().filter(|file| file.part == Part::Static);
    files
        .map(|file| StaticFile {
            url: format!("{BELOW}{}", file.name),
            content: Content::Embedded(file.text.as_bytes()),
        })
        .collect()
}

/// All texts below a folder, named by their path in it.
fn texts(root: &Path, folder: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<TextFile> {
    let files = sources::walk(root, folder, diagnostics).files;
    let below = format!("{folder}/");
    let mut found = Vec::new();
    for file in files {
        match sources::read_text(&file.disk, &file.path) {
            Ok(text) => {
                let name = file.path.strip_prefix(&below).unwrap_or(&file.path).to_owned();
                found.push(TextFile { name, path: Arc::clone(&file.path), text: text.into() });
            }
            Err(fault) => diagnostics.push(*fault),
        }
    }
    found
}

fn text(root: &Path, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<TextFile> {
    let disk = root.join(name);
    if !fs::exists(&disk).unwrap_or(true) {
        return None;
    }
    match sources::read_text(&disk, &name.into()) {
        Ok(text) => Some(TextFile { name: name.to_owned(), path: name.into(), text: text.into() }),
        Err(fault) => {
            diagnostics.push(*fault);
            None
        }
    }
}
