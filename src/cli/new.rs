//! `tierpress new`: a post, a lesson or a course, where it belongs, with front matter that builds.
//!
//! Nothing is ever written over, and what is made is a draft: it opens when its writer takes that line out.

mod archetype;
mod place;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::civil;
use tierpress::config::Config;
use tierpress::diagnostic::{self, Diagnostic, Source};
use tierpress::fs;
use tierpress::load::front_matter::{self, Context};
use tierpress::load::{config, sources};

use super::build::failed;
use super::{Ending, Format, clocks, say};

/// What `new` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to make
    #[arg(value_enum)]
    kind: Kind,
    /// Its title; file name and URL are made from it
    title: String,
    /// The section it goes into: a folder below content/ [default: the one that has such pages; a course: none]
    #[arg(long, value_name = "FOLDER")]
    section: Option<String>,
    /// Its part of the URL, in place of one made from the title
    #[arg(long, value_name = "WORD")]
    slug: Option<String>,
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The day of a post: a date or an instant [default: SOURCE_DATE_EPOCH, else the present]
    #[arg(long, value_name = "T")]
    now: Option<String>,
}

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Kind {
    /// A dated page: 2026-12-01-title.md
    Post,
    /// A page with the next order number: 03-title.md
    Lesson,
    /// A folder with a page of its own: title/_index.md
    Course,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Lesson => "lesson",
            Self::Course => "course",
        }
    }
}

/// What a new page is made from.
#[derive(Debug)]
struct Made<'a> {
    kind: Kind,
    title: &'a str,
    slug: &'a str,
    date: civil::Date,
    number: u32,
    config: &'a Config,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match make(arguments) {
        Ok((path, warnings)) => {
            say::diagnostics(&warnings, Format::Text);
            say::line(&path.display().to_string());
            Ending::Done
        }
        Err(faults) => failed(&faults, Format::Text, ""),
    }
}

fn make(arguments: &Arguments) -> Result<(PathBuf, Vec<Diagnostic>), Vec<Diagnostic>> {
    let root = &arguments.root;
    let clocks = clocks(arguments.now.as_deref()).map_err(|fault| vec![*fault])?;
    let mut diagnostics = Vec::new();
    let Some(config) = config::load(root, &mut diagnostics) else { return Err(diagnostics) };
    let found = sources::find(root, &mut diagnostics);
    diagnostics.retain(Diagnostic::is_error);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let one = |fault: Box<Diagnostic>| vec![*fault];
    let title = arguments.title.trim();
    let slug = place::slug(title, arguments.slug.as_deref()).map_err(one)?;
    let folder = place::folder(arguments.kind, arguments.section.as_deref(), &found).map_err(one)?;
    let around = place::Around::of(&folder, &found);
    around.check(&slug).map_err(one)?;
    let date = clocks.now.civil(&config.zone).date();
    let path = around.path(arguments.kind, &slug, date).map_err(one)?;
    let made = Made { kind: arguments.kind, title, slug: &slug, date, number: around.next_number(), config: &config };
    let (text, origin) = archetype::text(root, &made).map_err(one)?;
    let warnings = check(&text, origin.as_deref().unwrap_or(&path), &config)?;
    write(&root.join(&path), &text).map_err(one)?;
    // In the folder itself the path is as short as it can be.
    let here = root == Path::new(".");
    Ok((if here { PathBuf::from(path) } else { root.join(path) }, warnings))
}

/// The front matter must be readable: who gets a new page that does not build has to learn two things at once.
fn check(text: &str, file: &str, config: &Config) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let file: Arc<str> = file.into();
    let context = Context { zone: &config.zone, catalogue: &config.catalogue, own_keys: &config.own_keys };
    let mut diagnostics = Vec::new();
    let read = front_matter::read(Source { file: &file, text }, &context, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    if read.is_some() { Ok(diagnostics) } else { Err(diagnostics) }
}

fn write(path: &Path, text: &str) -> Result<(), Box<Diagnostic>> {
    let disk = |fault: fs::Error| Box::new(Diagnostic::setup(fault.to_string()));
    if fs::exists(path).map_err(disk)? {
        let fault = Diagnostic::setup(format!("`{}` is there already", path.display()));
        return Err(Box::new(fault.help("choose another title, or another `--slug`")));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(disk)?;
    }
    fs::write_new(path, text.as_bytes()).map_err(disk)
}
