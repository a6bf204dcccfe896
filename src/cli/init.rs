//! `tierpress init`: a small site that builds.

use std::path::{Path, PathBuf};

use clap::Args;
use tierpress::diagnostic::Diagnostic;
use tierpress::fs;

use super::build::failed;
use super::{Ending, Format, say};

/// What `init` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to put the site into; it may exist if it is empty
    dir: PathBuf,
}

/// The site, file by file.
const FILES: [(&str, &str); 9] = [
    ("site.yaml", include_str!("init/site.yaml")),
    ("content/_index.md", include_str!("init/_index.md")),
    ("content/about.md", include_str!("init/about.md")),
    ("content/letters/_index.md", include_str!("init/letters.md")),
    ("content/letters/2026-11-01-first-letter.md", include_str!("init/first-letter.md")),
    ("content/course/_index.md", include_str!("init/course.md")),
    ("content/course/01-welcome.md", include_str!("init/welcome.md")),
    ("content/course/02-first-steps.md", include_str!("init/first-steps.md")),
    (".gitignore", "/tierpress-out/\n"),
];

pub(super) fn run(arguments: &Arguments) -> Ending {
    match init(&arguments.dir) {
        Ok(()) => {
            say::line(&format!("made a site of {} in {}", say::number(FILES.len(), "file"), arguments.dir.display()));
            say::line(&format!("build it with: tierpress build --root {}", arguments.dir.display()));
            Ending::Done
        }
        Err(fault) => failed(&[*fault], Format::Text, ""),
    }
}

fn init(dir: &Path) -> Result<(), Box<Diagnostic>> {
    let disk = |fault: fs::Error| Box::new(Diagnostic::setup(fault.to_string()));
    if fs::exists(dir).map_err(disk)? && !fs::list(dir).map_err(disk)?.is_empty() {
        let fault = Diagnostic::setup(format!("`{}` is not empty", dir.display()));
        return Err(Box::new(fault.help("choose a folder that is empty or does not exist yet")));
    }
    for (name, text) in FILES {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        fs::write_atomic(&path, text.as_bytes()).map_err(disk)?;
    }
    Ok(())
}
