//! `tierpress build`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use tierpress::build::{self, Built, Opened, Request};
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::publish::{LinkMode, Modes, TreeMode};

use super::{Ending, Format, SiteArguments, clocks, ending, program, say};

/// What `build` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    site: SiteArguments,
    /// Where the output goes [default: tierpress-out in the site's folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How trees are laid out: hard links to the objects, or copies
    #[arg(long, value_enum, default_value_t = Link::Hard)]
    link: Link,
    /// Which trees are laid out; edges that read the manifest need none
    #[arg(long, value_enum, default_value_t = Trees::All)]
    trees: Trees,
    /// Make br and gzip of everything that compresses, once, for edges and hosts that send them
    #[arg(long)]
    compress: bool,
    /// Fail (exit code 3) on a warning; and publish nothing where the build would open what was closed
    #[arg(long)]
    strict: bool,
    /// How the result is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Link {
    Hard,
    Copy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Trees {
    All,
    None,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let start = Instant::now();
    let result = clocks(arguments.site.now.as_deref()).map_err(|fault| vec![*fault]).and_then(|clocks| {
        let out = arguments.out.clone().unwrap_or_else(|| arguments.site.root.join("tierpress-out"));
        let bar = Bar::new(start, arguments.format);
        let link = match arguments.link {
            Link::Hard => LinkMode::Hard,
            Link::Copy => LinkMode::Copy,
        };
        let trees = match arguments.trees {
            Trees::All => TreeMode::All,
            Trees::None => TreeMode::None,
        };
        build::build(&Request {
            root: &arguments.site.root,
            out: &out,
            now: clocks.now,
            created: clocks.created,
            drafts: arguments.site.drafts,
            strict: arguments.strict,
            base_url: arguments.site.base_url.as_deref(),
            modes: Modes { link, trees, compress: arguments.compress },
            program: &program(),
            progress: &|done, total| bar.show(done, total),
        })
    });
    match result {
        Ok(built) => done(&built, arguments, start.elapsed()),
        Err(faults) => failed(&faults, arguments.format, "; nothing was published"),
    }
}

fn done(built: &Built, arguments: &Arguments, took: Duration) -> Ending {
    say::diagnostics(&built.warnings, arguments.format);
    let found = arguments.strict && (!built.warnings.is_empty() || !built.opened.is_empty());
    match arguments.format {
        Format::Json => say::json(&serde_json::json!({
            "summary": built.summary,
            "diagnostics": built.warnings,
            "opened": built.opened,
            "published": !built.withheld,
            "unchanged": built.unchanged,
            "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })),
        Format::Text => {
            let opened = if built.withheld { "would open" } else { "opened" };
            for each in built.opened.iter().take(MOST_NAMED) {
                say::line(&opened_line(each, opened, built.withheld));
            }
            if built.opened.len() > MOST_NAMED {
                say::line(&format!("{opened} {} more", built.opened.len() - MOST_NAMED));
            }
            say::line(&summary(built, took));
        }
    }
    if built.withheld && arguments.format == Format::Text {
        let message = match built.opened.iter().all(is_unsure) {
            true => "nothing was published: it may open what was closed, and what is published stays",
            false => "nothing was published: it would open what was closed, and what is published stays",
        };
        let fault = Diagnostic::error(message).help("where that is meant, build without `--strict`");
        say::diagnostics(&[fault], Format::Text);
    }
    if found { Ending::Found } else { Ending::Done }
}

/// `opened a part of /a/ to visitors`
fn opened_line(each: &Opened, opened: &str, withheld: bool) -> String {
    let Opened { path, readers, part, lost, setting } = each;
    if let Some(words) = setting {
        return words.clone();
    }
    if is_unsure(each) {
        let may = if withheld { "may open" } else { "may have opened" };
        return format!("a part {may} in {path}: what was for {} is gone, and its text changed", lost.join("; "));
    }
    let part = if *part { "a part of " } else { "" };
    format!("{opened} {part}{path} to {}", readers.join(", "))
}

/// Whether it is not sure that anything opened.
fn is_unsure(opened: &Opened) -> bool {
    !opened.lost.is_empty()
}

/// How many opened paths are named one by one.
const MOST_NAMED: usize = 20;

/// `812 pages, 5 trees, 1,204 objects, 340 ms; skipped 3 drafts; opened 2 pages to visitors`
fn summary(built: &Built, took: Duration) -> String {
    let summary = &built.summary;
    let mut objects = say::number(summary.objects, "object");
    if summary.compressed > 0 {
        objects.push_str(&format!(" ({} compressed)", say::grouped(summary.compressed)));
    }
    let (pages, trees) = (say::number(summary.pages, "page"), say::number(summary.trees, "tree"));
    let mut text = [pages, trees, objects, format!("{} ms", took.as_millis())].join(", ");
    if built.unchanged {
        text.push_str("; nothing changed");
    }
    let skipped = [(&summary.drafts, "draft"), (&summary.later, "later page"), (&summary.expired, "expired page")];
    let skipped = skipped.iter().filter(|(sources, _)| !sources.is_empty());
    let skipped: Vec<String> = skipped.map(|(sources, noun)| say::number(sources.len(), noun)).collect();
    if !skipped.is_empty() {
        text.push_str(&format!("; skipped {}", skipped.join(", ")));
    }
    let opened = if built.withheld { "would open" } else { "opened" };
    let to_visitors = built.opened.iter().filter(|opened| opened.readers.iter().any(|reader| to_all(reader))).count();
    if to_visitors > 0 {
        text.push_str(&format!("; {opened} {} to visitors", say::number(to_visitors, "page")));
    }
    let unsure = built.opened.iter().filter(|opened| is_unsure(opened)).count();
    let settings = built.opened.iter().filter(|opened| opened.setting.is_some()).count();
    let to_members = built.opened.len() - to_visitors - unsure - settings;
    if to_members > 0 {
        text.push_str(&format!("; {opened} {} to members", say::number(to_members, "page")));
    }
    if unsure > 0 {
        let may = if built.withheld { "may open" } else { "may have opened" };
        text.push_str(&format!("; a part {may} in {}", say::number(unsure, "page")));
    }
    if settings > 0 {
        text.push_str(&format!("; let in by {}", say::number(settings, "setting")));
    }
    if !built.warnings.is_empty() {
        text.push_str(&format!("; {}", say::number(built.warnings.len(), "warning")));
    }
    if let Some(until) = summary.current_until {
        text.push_str(&format!("; public/ is current until {until}"));
    }
    text
}

/// Whether visitors are among these readers, from some day on.
fn to_all(readers: &str) -> bool {
    readers.starts_with("visitors") || readers.starts_with("everybody")
}

/// Says what is wrong, and at the end what that means.
pub(super) fn failed(faults: &[Diagnostic], format: Format, therefore: &str) -> Ending {
    let mut faults = faults.to_vec();
    diagnostic::sort(&mut faults);
    say::diagnostics(&faults, format);
    say::count(&faults, format, therefore);
    if format == Format::Json {
        say::json(&serde_json::json!({ "diagnostics": faults }));
    }
    ending(&faults)
}

/// A progress bar, for builds that take over a second on a terminal.
struct Bar {
    start: Instant,
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn new(start: Instant, format: Format) -> Self {
        let shown = format == Format::Text && std::io::stderr().is_terminal();
        Self { start, shown, bar: Mutex::new(None) }
    }

    fn show(&self, done: usize, total: usize) {
        if !self.shown || self.start.elapsed() < Duration::from_secs(1) {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
            let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} pages rendered");
            style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
        });
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        if done == total {
            bar.finish_and_clear();
        }
    }
}
