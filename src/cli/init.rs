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
    /// A whole small school to look at: members, a course that drips, a bundle, gated blocks, a hidden page
    #[arg(long)]
    example: bool,
}

/// A site, file by file.
type Files = [(&'static str, &'static str)];

/// What is made anew at any time, and what is secret or about people.
const IGNORED: &str = "/tierpress-out/\n/mails/\n*.db\n*.db-*\n*.pem\n*.secret\n*.key\n*.url\n";

const SMALL: [(&str, &str); 9] = [
    ("site.yaml", include_str!("init/site.yaml")),
    ("content/_index.md", include_str!("init/_index.md")),
    ("content/about.md", include_str!("init/about.md")),
    ("content/letters/_index.md", include_str!("init/letters.md")),
    ("content/letters/2026-11-01-first-letter.md", include_str!("init/first-letter.md")),
    ("content/course/_index.md", include_str!("init/course.md")),
    ("content/course/01-welcome.md", include_str!("init/welcome.md")),
    ("content/course/02-first-steps.md", include_str!("init/first-steps.md")),
    (".gitignore", IGNORED),
];

const EXAMPLE: [(&str, &str); 15] = [
    ("site.yaml", include_str!("init/example/site.yaml")),
    ("content/_index.md", include_str!("init/example/_index.md")),
    ("content/join.md", include_str!("init/example/join.md")),
    ("content/letters/_index.md", include_str!("init/example/letters.md")),
    ("content/letters/2026-09-06-grain.md", include_str!("init/example/letter-grain.md")),
    ("content/letters/2026-10-04-paste.md", include_str!("init/example/letter-paste.md")),
    ("content/course/_index.md", include_str!("init/example/course.md")),
    ("content/course/01-what-you-need.md", include_str!("init/example/lesson-tools.md")),
    ("content/course/02-folding.md", include_str!("init/example/lesson-fold.md")),
    ("content/course/03-sewing/index.md", include_str!("init/example/lesson-sew.md")),
    ("content/course/03-sewing/stations.svg", include_str!("init/example/stations.svg")),
    ("content/course/04-the-case.md", include_str!("init/example/lesson-case.md")),
    ("content/patterns/_index.md", include_str!("init/example/patterns.md")),
    ("content/friends.md", include_str!("init/example/friends.md")),
    (".gitignore", IGNORED),
];

pub(super) fn run(arguments: &Arguments) -> Ending {
    let (dir, files) = (&arguments.dir, if arguments.example { &EXAMPLE[..] } else { &SMALL[..] });
    match init(dir, files) {
        Ok(()) => {
            say::line(&format!("made a site of {} in {}", say::number(files.len(), "file"), dir.display()));
            let root = say::word(&dir.display().to_string());
            say::line(&format!("build it with: tierpress build --root {root}"));
            if arguments.example {
                say::line(&format!("and ask who reads what: tierpress list --root {root}"));
                say::line(&format!("  tierpress explain /course/sewing/ --root {root}"));
            }
            Ending::Done
        }
        Err(fault) => failed(&[*fault], Format::Text, ""),
    }
}

fn init(dir: &Path, files: &Files) -> Result<(), Box<Diagnostic>> {
    let disk = |fault: fs::Error| Box::new(Diagnostic::setup(fault.to_string()));
    if fs::exists(dir).map_err(disk)? && !fs::list(dir).map_err(disk)?.is_empty() {
        let fault = Diagnostic::setup(format!("`{}` is not empty", dir.display()));
        return Err(Box::new(fault.help("choose a folder that is empty or does not exist yet")));
    }
    for (name, text) in files {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        fs::write_atomic(&path, text.as_bytes()).map_err(disk)?;
    }
    Ok(())
}
