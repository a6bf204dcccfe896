//! The default theme, inside the program: a folder with `site.yaml` and `content/` is a whole site.
//!
//! `themes/default` in a site takes the place of this one as a whole; the texts here are made from the same files.

use super::TextFile;

/// What a file of a theme is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Below `templates/`.
    Template,
    /// Below `static/`: published under `/_tierpress/theme/`.
    Static,
    /// `theme.yaml`.
    Manifest,
    /// `strings.yaml`.
    Strings,
}

/// A file of the default theme.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Embedded {
    /// What it is for.
    pub part: Part,
    /// The path below `templates/` or `static/`, or the file's name.
    pub name: &'static str,
    /// Its text; the default theme has no other files.
    pub text: &'static str,
}

macro_rules! files {
    ($($part:ident $folder:literal $name:literal),* $(,)?) => {
        [$(Embedded {
            part: Part::$part,
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/themes/default/", $folder, $name)),
        }),*]
    };
}

static FILES: [Embedded; 18] = files![
    Manifest "" "theme.yaml",
    Strings "" "strings.yaml",
    Template "templates/" "404.html",
    Template "templates/" "account/confirm.html",
    Template "templates/" "account/form.html",
    Template "templates/" "account/home.html",
    Template "templates/" "account/message.html",
    Template "templates/" "account/sign-in.html",
    Template "templates/" "base.html",
    Template "templates/" "denied.html",
    Template "templates/" "entry.html",
    Template "templates/" "home.html",
    Template "templates/" "page.html",
    Template "templates/" "paywall.html",
    Template "templates/" "section.html",
    Template "templates/" "structured.html",
    Template "templates/" "tag.html",
    Static "static/" "style.css",
];

/// The files of the default theme.
#[must_use]
pub fn embedded() -> &'static [Embedded] {
    &FILES
}

/// The strings that lie under every theme's own.
pub(super) fn strings() -> TextFile {
    let text = FILES.iter().find(|file| file.part == Part::Strings).map_or("", |file| file.text);
    TextFile::ours("strings.yaml", text)
}

impl super::Parts {
    /// The default theme; the site's own files are added to it.
    #[must_use]
    pub fn default_theme(language: &str, base_url: &str) -> Self {
        let mut parts = Self { language: language.to_owned(), base_url: base_url.to_owned(), ..Self::default() };
        for file in embedded() {
            match file.part {
                Part::Template => {
                    let path = format!("themes/default/templates/{}", file.name).into();
                    parts.templates.push(TextFile { name: file.name.to_owned(), path, text: file.text.into() });
                }
                Part::Manifest => parts.manifest = Some(TextFile::ours(file.name, file.text)),
                Part::Strings => parts.theme_strings = Some(TextFile::ours(file.name, file.text)),
                Part::Static => {}
            }
        }
        parts
    }
}
