//! `tierpress serve`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use tierpress::diagnostic::Diagnostic;
use tierpress::serve::keeper::{Changes, Clock, Settings, State};
use tierpress::serve::{self, Options, Told};

use super::build::failed;
use super::{Ending, Format, SiteArguments, clocks, present, say};

/// What `serve` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress serve                     look at the site as you write it, at http://127.0.0.1:1111/
  tierpress serve --open --as basic/30d+rust-course@2026-12-01
  tierpress serve --now 2026-12-01    the site as it will be on that day

The bar in each page changes the reader and the day. Control-C ends it.")]
pub(super) struct Arguments {
    #[command(flatten)]
    site: SiteArguments,
    /// As whom pages are shown first: `visitor`, or entitlements such as basic/30d+rust-course@2026-12-01
    #[arg(long = "as", value_name = "READER", default_value = "visitor")]
    reader: String,
    /// The port [default: the first free one from 1111 on]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Answer others too, at this address of the machine: they see all that is gated
    #[arg(long, value_name = "ADDR")]
    host: Option<String>,
    /// Open the site in the browser
    #[arg(long)]
    open: bool,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let clock = match &arguments.site.now {
        None => Clock::Present(present),
        Some(now) => match clocks(Some(now)) {
            Ok(clocks) => Clock::Fixed(clocks.now),
            Err(fault) => return failed(&[*fault], Format::Text, "; nothing is served"),
        },
    };
    let settings = Settings {
        root: arguments.site.root.clone(),
        drafts: arguments.site.drafts,
        base_url: arguments.site.base_url.clone(),
        clock,
    };
    let teller = Teller { root: arguments.site.root.clone(), open: arguments.open, said: Mutex::default() };
    let options = Options {
        settings,
        reader: arguments.reader.clone(),
        host: arguments.host.clone(),
        port: arguments.port,
        told: Box::new(move |told| teller.tell(told)),
    };
    match serve::run(options) {
        Ok(never) => match never {},
        Err(faults) => failed(&faults, Format::Text, "; nothing is served"),
    }
}

/// Says what happens.
struct Teller {
    root: PathBuf,
    open: bool,
    said: Mutex<Said>,
}

/// What was said and is so still: it is not said again until it is gone.
#[derive(Default)]
struct Said {
    /// Each warning by itself.
    warnings: BTreeSet<String>,
    /// All faults together.
    faults: Vec<String>,
}

impl Teller {
    fn tell(&self, told: &Told<'_>) {
        match told {
            Told::Listening { url, others, open } => {
                say::line(&format!("serving at {url}"));
                if let Some(others) = others {
                    say::line(&format!("others reach it at {others}"));
                }
                if *open {
                    let fault = Diagnostic::warning("gated text is shown to everybody who can reach this address")
                        .help("leave `--host` out to serve this machine alone");
                    say::diagnostics(&[fault], Format::Text);
                }
                if self.open
                    && let Err(error) = open::that_detached(url)
                {
                    let fault = Diagnostic::warning(format!("no browser was opened: {error}"));
                    say::diagnostics(&[fault.help(format!("open {url} yourself"))], Format::Text);
                }
            }
            Told::Built { changes, state, pages, took } => self.built(changes, state, (*pages, *took)),
        }
    }

    fn built(&self, changes: &Changes, state: &State, (pages, took): (usize, Duration)) {
        self.warnings(&state.warnings);
        let still = if self.are_new(&state.faults) {
            say::diagnostics(&state.faults, Format::Text);
            ""
        } else {
            "still "
        };
        let what = self.what(changes, state.number);
        let took = took.as_millis();
        if state.faults.is_empty() {
            say::line(&format!("{what}: {}, {took} ms", say::number(pages, "page")));
        } else {
            let stays = if state.held.is_some() { "; the last good site is served" } else { "; nothing is served yet" };
            let errors = state.faults.iter().filter(|fault| fault.is_error()).count();
            say::line(&format!("{what}: {still}{}{stays}, {took} ms", say::number(errors, "error")));
        }
    }

    /// Whether these faults are others than those that were said last.
    fn are_new(&self, faults: &[Diagnostic]) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<String> = faults.iter().map(ToString::to_string).collect();
        std::mem::replace(&mut said.faults, now.clone()) != now
    }

    fn warnings(&self, warnings: &[Diagnostic]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now: BTreeSet<String> = warnings.iter().map(ToString::to_string).collect();
        let new: Vec<Diagnostic> =
            warnings.iter().filter(|warning| !said.warnings.contains(&warning.to_string())).cloned().collect();
        say::diagnostics(&new, Format::Text);
        said.warnings = now;
    }

    /// What was changed, by the names that the writer knows.
    fn what(&self, changes: &Changes, number: u64) -> String {
        let paths = match changes {
            Changes::Everything if number <= 1 => return "built".to_owned(),
            Changes::Everything | Changes::Unwatched(_) => return "built again".to_owned(),
            Changes::Paths(paths) => paths,
        };
        let root = tierpress::fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
        let mut names = paths.iter().map(|path| path.strip_prefix(&root).unwrap_or(path).display().to_string());
        match (names.next(), paths.len()) {
            (None, _) => "built again".to_owned(),
            (Some(first), 1) => first,
            (Some(first), more) => format!("{first} and {} more", say::grouped(more - 1)),
        }
    }
}
