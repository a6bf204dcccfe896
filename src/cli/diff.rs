//! `tierpress diff`.

mod sides;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tierpress::diagnostic::{Diagnostic, Location};
use tierpress::fs;
use tierpress::review::diff::{Alarm, Allowed, Diff, Opening, Stopped, Verdict};

use super::build::failed;
use super::{Ending, Format, SiteArguments, say};

/// What `diff` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress diff main                     the work tree, compared with the branch main
  tierpress diff v1.2 HEAD --format markdown
  tierpress diff live/manifest.json tierpress-out --fail-on open,vanished --allow opened.txt

A file for --allow has a glob and a reason on each line:
  /blog/**    the blog is free from December on")]
pub(super) struct Arguments {
    /// What was: an output folder, a manifest, a signed envelope, or a git revision
    old: String,
    /// What is, the same way [default: the site as it lies there]
    new: Option<String>,
    /// Fail (exit code 3) where the change does this
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_enum)]
    fail_on: Vec<Stop>,
    /// Paths that may: a glob and a reason on each line
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// The public key of signed envelopes
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// List paths too of which only the content differs
    #[arg(long)]
    content: bool,
    /// Name every path, also where many changed alike
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    site: SiteArguments,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Say,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
enum Stop {
    /// Something that was there is open to more readers
    Open,
    /// Something is open to fewer readers
    Closed,
    /// A path leads nowhere now
    Vanished,
    /// A drip locks again what members had
    Relocked,
    /// There is something new
    Appeared,
    /// Something hidden is known to more readers
    Revealed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Say {
    /// For people
    #[default]
    Text,
    /// For a pull request
    Markdown,
    /// For machines; `tierpress schema diff` says how
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let format = if arguments.format == Say::Json { Format::Json } else { Format::Text };
    match compare(arguments) {
        Ok((diff, verdict)) => {
            say(&diff, arguments);
            let found = judged(&verdict, arguments);
            say::diagnostics(&found, Format::Text);
            if verdict.found.is_empty() { Ending::Done } else { Ending::Found }
        }
        Err(faults) => failed(&faults, format, "; nothing was compared"),
    }
}

fn compare(arguments: &Arguments) -> Result<(Diff, Verdict), Vec<Diagnostic>> {
    let allowed = allowed(arguments)?;
    let sides = sides::Sides::new(&arguments.site, arguments.public_key.as_deref())?;
    let before = sides.read(Some(&arguments.old))?;
    let after = sides.read(arguments.new.as_deref())?;
    let silent = [&before, &after].into_iter().find(|side| side.texts.is_none());
    say::diagnostics(silent.map(sides::Side::untold).as_slice(), Format::Text);
    let mut diff = Diff::between(before.compared(), after.compared());
    if !arguments.content {
        diff = diff.of_access();
    }
    let stop_at: BTreeSet<Alarm> = arguments.fail_on.iter().copied().map(Alarm::from).collect();
    let verdict = diff.judge(&stop_at, &allowed);
    Ok((diff, verdict))
}

fn say(diff: &Diff, arguments: &Arguments) {
    match arguments.format {
        Say::Json => say::json(&serde_json::json!(diff)),
        Say::Markdown => say::line(diff.markdown().trim_end()),
        Say::Text if diff.is_empty() => say::line("nothing opened, closed, moved or vanished"),
        Say::Text => diff.lines(arguments.all).iter().for_each(|line| say::line(line)),
    }
}

/// So many paths are named one by one.
const MOST_NAMED: usize = 20;

fn judged(verdict: &Verdict, arguments: &Arguments) -> Vec<Diagnostic> {
    let Verdict { found, allowed: _, idle } = verdict;
    let mut said: Vec<Diagnostic> = found.iter().take(MOST_NAMED).map(alarmed).collect();
    if found.len() > MOST_NAMED {
        said.push(Diagnostic::error(format!("and {} more", found.len() - MOST_NAMED)));
    }
    if let (Some(last), false) = (said.last_mut(), found.is_empty()) {
        last.help = Some("where that is meant, name the path and a reason in the file of `--allow`".to_owned());
    }
    for (line, glob) in idle {
        let file = arguments.allow.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let line = u32::try_from(*line).unwrap_or(0);
        let place = Location { line, column: 1, ..Location::file(&file.into()) };
        said.push(Diagnostic::warning(format!("`{glob}` allows nothing")).at(place).help("take it out"));
    }
    said
}

fn alarmed(Stopped { path, alarm, opening }: &Stopped) -> Diagnostic {
    Diagnostic::error(match (alarm, opening) {
        (Alarm::Open, Opening::Whole) => format!("`{path}` is open to more readers"),
        (Alarm::Open, Opening::Part) => format!("a part of `{path}` is open to more readers"),
        (Alarm::Open, Opening::Setting) => format!("`{path}` lets in whom it did not let in before"),
        (Alarm::Open, Opening::Perhaps) => format!("a part of `{path}` may be open to more readers"),
        (Alarm::Closed, _) => format!("`{path}` is open to fewer readers"),
        (Alarm::Vanished, _) => format!("`{path}` leads nowhere now"),
        (Alarm::Relocked, _) => format!("`{path}` is locked again for members who had it"),
        (Alarm::Appeared, _) => format!("`{path}` is new"),
        (Alarm::Revealed, _) => format!("`{path}` is known to more readers"),
    })
}

fn allowed(arguments: &Arguments) -> Result<Allowed, Vec<Diagnostic>> {
    let Some(path) = &arguments.allow else { return Ok(Allowed::default()) };
    let text = fs::read_text(path).map_err(|fault| vec![Diagnostic::setup(fault.to_string())])?;
    let file = path.display().to_string().into();
    Allowed::parse(&text).map_err(|faults| {
        let fault = |fault: tierpress::review::diff::BadEntry| {
            let line = u32::try_from(fault.line).unwrap_or(0);
            let length = u32::try_from(fault.text.chars().count()).unwrap_or(1);
            let place = Location { line, column: 1, length, text: fault.text, ..Location::file(&file) };
            Diagnostic::setup(fault.message)
                .at(place)
                .help("write a glob and a reason: `/blog/** the blog is free now`")
        };
        faults.into_iter().map(fault).collect()
    })
}

impl From<Stop> for Alarm {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Open => Self::Open,
            Stop::Closed => Self::Closed,
            Stop::Vanished => Self::Vanished,
            Stop::Relocked => Self::Relocked,
            Stop::Appeared => Self::Appeared,
            Stop::Revealed => Self::Revealed,
        }
    }
}
