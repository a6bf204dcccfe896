//! `tierpress man`: the manual, a page for each command.

use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man;
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::fs;

use super::build::failed;
use super::{Ending, Format, command, say};

/// What `man` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The command to print the page of [default: tierpress itself]
    #[arg(conflicts_with = "out")]
    command: Option<String>,
    /// Write all pages into this folder: tierpress.1, tierpress-build.1, …
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let pages = pages();
    let done = match &arguments.out {
        Some(folder) => write(folder, &pages),
        None => print(arguments.command.as_deref(), &pages),
    };
    match done {
        Ok(()) => Ending::Done,
        Err(fault) => failed(&[*fault], Format::Text, ""),
    }
}

/// Name and text of every page.
fn pages() -> Vec<(String, String)> {
    let mut whole = command();
    whole.build();
    let mut commands = vec![("tierpress".to_owned(), whole.clone())];
    for sub in whole.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("tierpress-{}", sub.get_name());
        commands.push((name, sub.clone()));
    }
    let render = |(name, command): (String, clap::Command)| {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let written = Man::new(command).render(&mut text);
        drop(written);
        (name, String::from_utf8_lossy(&text).into_owned())
    };
    commands.into_iter().map(render).collect()
}

fn print(asked: Option<&str>, pages: &[(String, String)]) -> Result<(), Box<Diagnostic>> {
    let name = asked.map_or("tierpress".to_owned(), |command| format!("tierpress-{command}"));
    match pages.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => {
            say::text(text);
            Ok(())
        }
        None => {
            let asked = asked.unwrap_or_default();
            let known = pages.iter().filter_map(|(name, _)| name.strip_prefix("tierpress-"));
            let near = diagnostic::nearest(asked, known).map(|near| format!("did you mean `{near}`?"));
            let fault = Diagnostic::setup(format!("there is no command `{asked}`"));
            Err(Box::new(fault.help(near.unwrap_or_else(|| "`tierpress --help` lists them".to_owned()))))
        }
    }
}

fn write(folder: &Path, pages: &[(String, String)]) -> Result<(), Box<Diagnostic>> {
    let disk = |fault: fs::Error| Box::new(Diagnostic::setup(fault.to_string()));
    fs::create_dir_all(folder).map_err(disk)?;
    for (name, text) in pages {
        fs::write_atomic(&folder.join(format!("{name}.1")), text.as_bytes()).map_err(disk)?;
    }
    say::line(&format!("wrote {} into {}", say::number(pages.len(), "page"), folder.display()));
    Ok(())
}
