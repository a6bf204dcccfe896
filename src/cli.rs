//! The command line: the only place that prints and that reads a clock.
//!
//! Each command is a file; each turns its arguments into a request, hands it to the library and says what came back.
//! Diagnostics go to standard error, answers to standard output; `--format json` says both for machines.

mod build;
mod check;
mod completions;
mod diff;
mod edge;
mod examples;
mod explain;
mod export;
mod init;
mod keygen;
mod list;
mod man;
mod matrix;
mod members;
mod new;
mod say;
mod schema;
mod serve;
mod sign;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use tierpress::diagnostic::Diagnostic;
use tierpress::time::Timestamp;

/// A static-site generator for people who sell what they write.
#[derive(Debug, Parser)]
#[command(name = "tierpress", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tierpress init my-school            a small site to begin with
  tierpress new post 'Why salt'       a page where it belongs, with front matter that builds
  tierpress serve                     see it as any reader, while you write
  tierpress check                     find every fault without writing anything
  tierpress build                     build the site in this folder into tierpress-out/
  tierpress explain /course/two/ --as basic/30d+rust-course@2026-12-01

Exit codes: 0 done; 1 the content is at fault; 2 the call or site.yaml is; 3 --strict found something.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a small site that builds: two tiers, a bundle, a sample lesson
    Init(init::Arguments),
    /// Make a post, a lesson or a course, where it belongs
    New(new::Arguments),
    /// Build the site: an output tree per tier and bundle, and the manifest
    Build(build::Arguments),
    /// See the site as any reader on any day, while you write it
    Serve(serve::Arguments),
    /// Find everything that a build would refuse, without writing anything
    Check(check::Arguments),
    /// Say what a change opened and closed: two outputs, or two git revisions
    Diff(diff::Arguments),
    /// Say what a visitor, each tier and each bundle gets of every path
    Matrix(matrix::Arguments),
    /// Serve a build, or decide for nginx, Caddy, Traefik and Envoy
    Edge(Box<edge::Arguments>),
    /// Say who can open a path, through which tags, and why not
    Explain(explain::Arguments),
    /// Show all pages with access, state and dates, and why some are not published
    List(list::Arguments),
    /// Make a pair of keys: for tokens, or for manifests
    Keygen(keygen::Arguments),
    /// Sign the manifest of an output folder, for edges that believe only signed ones
    Sign(sign::Arguments),
    /// Sign a token for a reader: for tests and small sites
    Token(token::Arguments),
    /// See what people bought and what it gives them
    Members(members::Arguments),
    /// Make configuration for a proxy or a runtime from a manifest
    Export(export::Arguments),
    /// Print the JSON Schema of a format
    Schema(schema::Arguments),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Arguments),
    /// Print or write the manual
    Man(man::Arguments),
}

/// Where the site is and how it is looked at.
#[derive(Debug, Args)]
struct SiteArguments {
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The address of the site, in place of base_url in site.yaml
    #[arg(long, value_name = "URL", env = "TIERPRESS_BASE_URL")]
    base_url: Option<String>,
    /// The content's clock: a date or an instant [default: SOURCE_DATE_EPOCH, else the present]
    #[arg(long, value_name = "T")]
    now: Option<String>,
    /// Publish drafts too
    #[arg(long)]
    drafts: bool,
}

/// How answers are said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For machines
    Json,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Done,
    ContentAtFault,
    CallAtFault,
    Found,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::ContentAtFault => 1,
            Ending::CallAtFault => 2,
            Ending::Found => 3,
        })
    }
}

/// Runs the command that was asked for.
pub(crate) fn run() -> ExitCode {
    let called = Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit());
    let ending = match called.command {
        Command::Init(arguments) => init::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Matrix(arguments) => matrix::run(&arguments),
        Command::Edge(arguments) => edge::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Sign(arguments) => sign::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Members(arguments) => members::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    ending.into()
}

/// The whole command line, with examples at the end of each command's help.
fn command() -> clap::Command {
    let mut command = Cli::command();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let text = examples::of(&name).unwrap_or_default();
        command = command.mut_subcommand(&name, |sub| match sub.get_after_help() {
            Some(_) => sub,
            None => sub.after_help(text),
        });
    }
    command
}

/// Whose fault the faults are: the call's before the content's.
fn ending(faults: &[Diagnostic]) -> Ending {
    let setup = faults.iter().any(|fault| fault.is_error() && fault.origin == tierpress::diagnostic::Origin::Setup);
    if setup { Ending::CallAtFault } else { Ending::ContentAtFault }
}

/// The two clocks of a build.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    /// The content's.
    now: Timestamp,
    /// The real one, or `SOURCE_DATE_EPOCH`.
    created: Timestamp,
}

/// Reads the clocks.
fn clocks(now: Option<&str>) -> Result<Clocks, Box<Diagnostic>> {
    let created = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => {
            let seconds = text.trim().parse().ok().and_then(|seconds: i64| Timestamp::try_from(seconds).ok());
            seconds.ok_or_else(|| {
                Diagnostic::setup(format!("SOURCE_DATE_EPOCH is `{text}`"))
                    .help("it must be seconds since 1970, as a whole number")
            })?
        }
        Err(_) => present(),
    };
    let now = match now {
        None => created,
        Some(text) => {
            let date = tierpress::load::dates::parse(text, &jiff::tz::TimeZone::UTC);
            let number = text.parse().ok().and_then(|seconds: i64| Timestamp::try_from(seconds).ok());
            date.map(|date| date.first).or(number).ok_or_else(|| {
                Diagnostic::setup(format!("`--now {text}` is no date"))
                    .help("write 2026-12-01, or 2026-12-01T09:00:00Z")
            })?
        }
    };
    Ok(Clocks { now, created })
}

#[expect(clippy::disallowed_methods, reason = "the one place where the real clock is read")]
fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::saturating(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
}

/// What tells this program from another build of it: another program builds anew.
fn program() -> String {
    let hash = std::env::current_exe().ok().and_then(|path| tierpress::fs::read(&path).ok());
    let hash = hash.map(|bytes| tierpress::digest::sha256_hex(&bytes)).unwrap_or_default();
    format!("{} {hash}", env!("CARGO_PKG_VERSION"))
}
