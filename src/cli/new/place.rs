//! Where a new page belongs, and what its file is called.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil;
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::load::names;
use tierpress::load::sources::{self, PageSource, Sources};

use super::Kind;

/// The part of the URL, from what is asked for or from the title.
pub(super) fn slug(title: &str, asked: Option<&str>) -> Result<String, Box<Diagnostic>> {
    if title.is_empty() {
        return Err(Box::new(Diagnostic::setup("the title is empty")));
    }
    if let Some(asked) = asked.filter(|asked| asked.contains(['/', '\\'])) {
        let fault = Diagnostic::setup(format!("`--slug {asked}` is more than one part of a URL"));
        return Err(Box::new(fault.help("leave the slashes out; which section it goes into says `--section FOLDER`")));
    }
    let slug = names::slugify(asked.unwrap_or(title));
    if slug.trim_matches(['-', '_', '.']).is_empty() {
        let message = format!("no URL can be made from `{}`", asked.unwrap_or(title));
        return Err(Box::new(Diagnostic::setup(message).help("give it one: `--slug WORD`")));
    }
    // A dot or a dash in front would hide the file or look like an option; two dashes are what a dropped sign leaves.
    let words = slug.trim_matches(['-', '_', '.']).split('-').filter(|word| !word.is_empty());
    Ok(words.collect::<Vec<_>>().join("-"))
}

/// The folder, `content/…`, that a new page goes into.
pub(super) fn folder(kind: Kind, asked: Option<&str>, found: &Sources) -> Result<String, Box<Diagnostic>> {
    if let Some(asked) = asked {
        return named(asked, found);
    }
    match kind {
        Kind::Course => Ok("content".to_owned()),
        Kind::Post => post_folder(found),
        Kind::Lesson => lesson_folder(found),
    }
}

/// A section by its folder, or by its URL.
fn named(asked: &str, found: &Sources) -> Result<String, Box<Diagnostic>> {
    let below = asked.trim().trim_matches('/');
    let below = below.strip_prefix("content/").unwrap_or(below);
    if matches!(below, "" | "." | "content") {
        return Ok("content".to_owned());
    }
    let folder = format!("content/{below}");
    if found.folders.iter().any(|known| known.as_ref() == folder) {
        return Ok(folder);
    }
    let address = |folder: &str| {
        let parts = folder.trim_start_matches("content").trim_start_matches('/').split('/');
        parts.map(|part| names::name_of(part).slug).collect::<Vec<_>>().join("/")
    };
    if let Some(known) = found.folders.iter().find(|known| address(known) == below) {
        return Ok(known.to_string());
    }
    let known: Vec<&str> = found.folders.iter().filter_map(|folder| folder.strip_prefix("content/")).collect();
    let fault = Diagnostic::setup(format!("there is no section `{below}`"));
    let near = diagnostic::nearest(below, known.iter().copied());
    Err(Box::new(match near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault
            .help("a new one is made with `tierpress new course TITLE`, or by hand: its `_index.md` says who reads it"),
    }))
}

/// Where posts are: the only section with dated pages, else the one that is called so.
fn post_folder(found: &Sources) -> Result<String, Box<Diagnostic>> {
    let usual = ["content/blog", "content/posts"];
    let dated = folders_where(found, |page| page.naming.date.is_some());
    match dated.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let there = usual.into_iter().find(|usual| found.folders.iter().any(|folder| folder.as_ref() == *usual));
            Ok(there.unwrap_or("content/blog").to_owned())
        }
        several => match usual.into_iter().find(|usual| several.iter().any(|folder| folder == usual)) {
            Some(usual) => Ok(usual.to_owned()),
            None => Err(which("posts", several)),
        },
    }
}

/// Where lessons are: the only section with numbered pages.
fn lesson_folder(found: &Sources) -> Result<String, Box<Diagnostic>> {
    let numbered = folders_where(found, |page| page.naming.number.is_some());
    match numbered.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let fault = Diagnostic::setup("no section has lessons yet");
            Err(Box::new(fault.help("say which one: `--section FOLDER`; a new one: `tierpress new course TITLE`")))
        }
        several => Err(which("lessons", several)),
    }
}

fn which(what: &str, folders: &[String]) -> Box<Diagnostic> {
    let names: Vec<String> =
        folders.iter().map(|folder| format!("`{}`", folder.trim_start_matches("content/"))).collect();
    let fault = Diagnostic::setup(format!("{} sections have {what}: {}", folders.len(), names.join(", ")));
    Box::new(fault.help("say which one: `--section FOLDER`"))
}

/// The folders in which such a page stands: an `index.md` stands in the folder above its own.
fn folders_where(found: &Sources, is_such: impl Fn(&PageSource) -> bool) -> Vec<String> {
    let folders: BTreeSet<&str> = found
        .pages
        .iter()
        .filter(|page| matches!(page.kind, sources::Kind::Page | sources::Kind::PageFolder) && is_such(page))
        .map(|page| match page.kind {
            sources::Kind::PageFolder => page.folder.rsplit_once('/').map_or("content", |(above, _)| above),
            sources::Kind::Page | sources::Kind::Section | sources::Kind::NotFound => page.folder.as_ref(),
        })
        .collect();
    folders.into_iter().map(str::to_owned).collect()
}

/// What stands in a folder already.
pub(super) struct Around {
    folder: String,
    /// Part of the URL to path: pages and folders.
    slugs: BTreeMap<String, String>,
    /// Order numbers: the highest, and how many digits they are written with.
    highest: Option<u32>,
    digits: usize,
    numbered_folders: bool,
}

impl Around {
    /// What stands in `folder`, itself.
    pub(super) fn of(folder: &str, found: &Sources) -> Self {
        let mut around = Self {
            folder: folder.to_owned(),
            slugs: BTreeMap::new(),
            highest: None,
            digits: 2,
            numbered_folders: false,
        };
        let inside = |path: &str| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        let mut names: Vec<(String, bool)> = Vec::new();
        for page in found.pages.iter().filter(|page| page.folder.as_ref() == folder) {
            if page.kind == sources::Kind::Page {
                names.extend(inside(&page.path).map(|name| (name, false)));
            }
        }
        for below in &found.folders {
            names.extend(inside(below).filter(|name| !name.contains('/')).map(|name| (name, true)));
        }
        for (name, is_folder) in names {
            let stem = if is_folder { name.as_str() } else { names::markdown_stem(&name).unwrap_or(&name) };
            let naming = names::name_of(stem);
            if let Some(number) = naming.number {
                around.numbered_folders |= is_folder;
                if around.highest.is_none_or(|highest| highest < number) {
                    around.highest = Some(number);
                    around.digits = stem.chars().take_while(char::is_ascii_digit).count();
                }
            }
            around.slugs.insert(naming.slug, format!("{folder}/{name}"));
        }
        around
    }

    /// Two pages cannot have one URL.
    pub(super) fn check(&self, slug: &str) -> Result<(), Box<Diagnostic>> {
        match self.slugs.get(slug) {
            None => Ok(()),
            Some(other) => {
                let fault = Diagnostic::setup(format!("`{other}` has that URL already"));
                Err(Box::new(fault.help("choose another title, or another `--slug`")))
            }
        }
    }

    /// One more than the highest order number.
    pub(super) fn next_number(&self) -> u32 {
        self.highest.map_or(1, |highest| highest + 1)
    }

    /// The path below the site's root.
    pub(super) fn path(&self, kind: Kind, slug: &str, date: civil::Date) -> Result<String, Box<Diagnostic>> {
        let (folder, number, digits) = (&self.folder, self.next_number(), self.digits);
        // What begins like an order number or a date is none behind an order number: `7-habits` is all of the name.
        let is_cut = || names::name_of(slug).slug != slug;
        let is_numbered = kind == Kind::Lesson || (kind == Kind::Course && (self.numbered_folders || is_cut()));
        if is_numbered && number > 999 {
            let fault = Diagnostic::setup(format!("`{folder}` has no order number left: the highest is 999"));
            return Err(Box::new(fault));
        }
        Ok(match kind {
            Kind::Post => format!("{folder}/{date}-{slug}.md"),
            Kind::Lesson => format!("{folder}/{number:0digits$}-{slug}.md"),
            Kind::Course if is_numbered => format!("{folder}/{number:0digits$}-{slug}/_index.md"),
            Kind::Course => format!("{folder}/{slug}/_index.md"),
        })
    }
}
