//! A theme: templates, the words they use and what each template lists.
//!
//! It is made from texts, once, and refuses what it can see to be wrong before a page is rendered: syntax, unknown
//! filters, a name or field that no page has, a misspelt key of `theme.yaml`. It reads no files, and its templates can
//! reach nothing but the structs of [`context`](super::context) and the theme's strings.

mod check;
mod embedded;
mod filters;
mod lists;
mod report;
mod strings;

use std::collections::BTreeMap;
use std::sync::Arc;

use tera::Tera;

pub use embedded::{Embedded, Part, embedded};
pub use lists::Lists;
pub use strings::Strings;

use super::context::Context;
use crate::diagnostic::{self, Diagnostic, Source, nearest};

/// A file of a theme or of the site's own `templates/`, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextFile {
    /// What templates call it: the path below `templates/`, with `/`.
    pub name: String,
    /// The path below the site's root, for messages.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl TextFile {
    fn source(&self) -> Source<'_> {
        Source { file: &self.path, text: &self.text }
    }
}

/// Everything a theme is made from.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The theme's templates, then the site's: a later file takes the place of an earlier one of that name.
    pub templates: Vec<TextFile>,
    /// `theme.yaml`.
    pub manifest: Option<TextFile>,
    /// The theme's `strings.yaml`.
    pub theme_strings: Option<TextFile>,
    /// The site's `strings.yaml`.
    pub site_strings: Option<TextFile>,
    /// The site's language, a BCP 47 tag.
    pub language: String,
    /// The site's `base_url`, without a trailing slash.
    pub base_url: String,
}

/// A theme that renders.
#[derive(Debug)]
pub struct Theme {
    tera: Tera,
    files: BTreeMap<String, TextFile>,
    lists: BTreeMap<String, Lists>,
    strings: Strings,
}

/// The template that every theme has; what has no template of its own is rendered by it.
const PAGE: &str = "page.html";

/// What a template usually adds to the content, in bytes.
const ROOM: usize = 8 * 1024;

impl Theme {
    /// Makes a theme, with its warnings.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its files, in source order.
    pub fn load(parts: Parts) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut found = Vec::new();
        let strings = Strings::load(&parts, &mut found);
        let files: BTreeMap<String, TextFile> =
            parts.templates.into_iter().map(|file| (file.name.clone(), file)).collect();
        let lists = lists::load(parts.manifest.as_ref(), &files, &mut found);
        if !files.contains_key(PAGE) {
            found.push(Diagnostic::error(format!("the theme has no template `{PAGE}`")));
        }
        let (tera, sound) = compile(&files, &parts.base_url, &mut found);
        check::names(&sound, &strings, &mut found);
        if !diagnostic::any_error(&found) {
            check::undeclared(&sound, &lists, &mut found);
        }
        diagnostic::sort(&mut found);
        if diagnostic::any_error(&found) {
            return Err(found);
        }
        let mut tera = tera;
        tera.global_context().insert_value("strings", strings.value());
        Ok((Self { tera, files, lists, strings }, found))
    }

    /// The theme's words, in the site's language.
    #[must_use]
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    /// What a template lists; nothing where `theme.yaml` does not say.
    #[must_use]
    pub fn lists(&self, template: &str) -> &Lists {
        self.lists.get(template).unwrap_or(&lists::NOTHING)
    }

    /// Whether there is a template of that name.
    #[must_use]
    pub fn has(&self, template: &str) -> bool {
        self.files.contains_key(template)
    }

    /// The template for a kind of page (`page`, `section`, `home`, `tag`, `not_found` or `denial`): its own, or the
    /// nearest that the theme has.
    #[must_use]
    pub fn template(&self, kind: &str) -> &'static str {
        let candidates: &[&'static str] = match kind {
            "section" => &["section.html"],
            "home" => &["home.html", "section.html"],
            "tag" => &["tag.html", "section.html"],
            "not_found" => &["404.html"],
            "denial" => &["denied.html"],
            _ => &[],
        };
        candidates.iter().copied().find(|name| self.has(name)).unwrap_or(PAGE)
    }

    /// What to say of a template that a page asks for and the theme does not have.
    #[must_use]
    pub fn missing(&self, template: &str) -> Diagnostic {
        let fault = Diagnostic::error(format!("unknown template `{template}`"));
        match nearest(template, self.files.keys().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(format!("the theme has {}", quoted(self.files.keys().map(String::as_str)))),
        }
    }

    /// Renders a page; `page` is its source's path, for messages.
    ///
    /// # Errors
    ///
    /// A missing template, or what went wrong in it: the template's file, line and column, and the page.
    pub fn render(&self, template: &str, page: &str, context: &Context) -> Result<Vec<u8>, Box<Diagnostic>> {
        if !self.has(template) {
            return Err(Box::new(self.missing(template)));
        }
        let mut out = Vec::with_capacity(context.page.content.len() + ROOM);
        values(context)
            .and_then(|context| self.tera.render_to(template, &context, &mut out))
            .map_err(|error| Box::new(report::rendering(&error, page, &self.files)))?;
        Ok(out)
    }
}

/// A context as Tera takes it. Taken apart by name, so that a field added there must be thought of here.
fn values(context: &Context) -> Result<tera::Context, tera::Error> {
    let Context {
        site,
        page,
        section,
        ancestors,
        entries,
        siblings,
        named,
        tags,
        previous,
        next,
        paywall,
        unlock,
        account,
    } = context;
    let mut values = tera::Context::new();
    let mut insert = |name: &'static str, value: tera::Value| values.insert_value(name, value);
    insert("site", site.value());
    insert("page", tera::Value::try_from_serializable(page)?);
    insert("section", tera::Value::try_from_serializable(section)?);
    insert("ancestors", ancestors.value());
    insert("entries", entries.value());
    insert("siblings", siblings.value());
    insert("named", tera::Value::try_from_serializable(named)?);
    insert("tags", tags.value());
    insert("previous", tera::Value::try_from_serializable(previous)?);
    insert("next", tera::Value::try_from_serializable(next)?);
    insert("paywall", tera::Value::try_from_serializable(paywall)?);
    insert("unlock", tera::Value::try_from_serializable(unlock)?);
    insert("account", tera::Value::try_from_serializable(account)?);
    Ok(values)
}

/// Parses all templates; faults go to `found`. Also returns the files that have no syntax error.
fn compile<'a>(
    files: &'a BTreeMap<String, TextFile>,
    base_url: &str,
    found: &mut Vec<Diagnostic>,
) -> (Tera, Vec<&'a TextFile>) {
    let mut tera = Tera::new();
    // Every file is HTML, whatever its name: a partial without an extension must not print raw.
    tera.autoescape_on(vec![""]);
    filters::register(&mut tera, base_url);
    let mut sound = Vec::with_capacity(files.len());
    for file in files.values() {
        // Each by itself first, for Tera stops at the first syntax error; what refers to other files comes after.
        let alone = Tera::new().add_raw_template(&file.name, &file.text);
        match alone.err().and_then(|error| report::syntax(&error, files)) {
            Some(fault) => found.push(fault),
            None => sound.push(file),
        }
    }
    if sound.len() == files.len() {
        let texts = files.values().map(|file| (file.name.as_str(), file.text.as_ref()));
        if let Err(error) = tera.add_raw_templates(texts) {
            found.extend(report::linking(&error, files));
        }
    }
    (tera, sound)
}

/// Names in backticks, separated by commas.
fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
