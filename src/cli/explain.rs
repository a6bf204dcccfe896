//! `tierpress explain`.

use std::path::Path;

use clap::Args;
use tierpress::access::entitlement::{Reader, parse_reader};
use tierpress::build::{self, Request};
use tierpress::diagnostic::Diagnostic;
use tierpress::load::dates;
use tierpress::plan::Plan;
use tierpress::review::explain::{self, Answer, Explained, ForReader, Key, ShownAt};
use tierpress::review::target::{self, Target, Unknown};
use tierpress::review::words::Words;
use tierpress::time::Timestamp;

use super::build::failed;
use super::{Ending, Format, SiteArguments, clocks, say};

/// What `explain` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to explain: /course/two/, /course/two/#block-2, or a source such as content/course/02-two.md:14
    path: String,
    /// The part of the page that this line of its source is in
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    line: Option<u32>,
    /// As whom: `visitor`, or entitlements such as basic/30d+rust-course@2026-12-01
    #[arg(long = "as", value_name = "READER")]
    reader: Option<String>,
    #[command(flatten)]
    site: SiteArguments,
    /// How the answer is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match explain(arguments) {
        Ok(()) => Ending::Done,
        Err(faults) => failed(&faults, arguments.format, ""),
    }
}

fn explain(arguments: &Arguments) -> Result<(), Vec<Diagnostic>> {
    let clocks = clocks(arguments.site.now.as_deref()).map_err(|fault| vec![*fault])?;
    let root = &arguments.site.root;
    let request = Request {
        root,
        now: clocks.now,
        drafts: arguments.site.drafts,
        base_url: arguments.site.base_url.as_deref(),
        ..Request::default()
    };
    let plan = build::plan_only(&request)?;
    let target =
        target::find(&plan, &arguments.path, arguments.line).map_err(|unknown| vec![nothing_there(&unknown)])?;
    let texts = |file: &str| tierpress::fs::read_text(&root.join(Path::new(file))).ok();
    check_part(&plan, &target, &texts).map_err(|fault| vec![*fault])?;
    let reader = match &arguments.reader {
        None => None,
        Some(text) => Some(read_reader(&plan, text, clocks.now).map_err(|fault| vec![*fault])?),
    };
    let explained = explain::explain(&plan, &target, &texts);
    let target = meant(target, &explained);
    let decision = reader.map(|(reader, now)| {
        let manifest = build::model(&plan);
        explain::for_reader(&plan, &manifest, &target, (&reader, now))
    });
    match arguments.format {
        Format::Json => {
            let answer = Answer { explained, decision };
            let answer = serde_json::to_value(&answer).map_err(|fault| vec![Diagnostic::error(fault.to_string())])?;
            say::json(&answer);
        }
        Format::Text => {
            for line in lines(&explained) {
                say::line(&line);
            }
            if let (Some(decision), Some(reader)) = (decision, &arguments.reader) {
                for line in decision_lines(reader, &decision, Words::new(&plan.site().config)) {
                    say::line(&line);
                }
            }
        }
    }
    Ok(())
}

fn nothing_there(unknown: &Unknown) -> Diagnostic {
    let fault = Diagnostic::error(format!("there is no `{}`", unknown.path));
    match &unknown.near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help("`tierpress list` shows all pages"),
    }
}

/// A block that is asked for by its number must be there, and so must a line.
fn check_part(plan: &Plan, target: &Target, texts: explain::Texts<'_>) -> Result<(), Box<Diagnostic>> {
    if let (Some(source), Some(target::Part::Line(line))) = (target::source(plan, target), target.part) {
        let lines = texts(source).map_or(usize::MAX, |text| text.lines().count().max(1));
        if usize::try_from(line).unwrap_or(usize::MAX) > lines {
            let fault = Diagnostic::error(format!("`{source}` has {}, not {line}", say::number(lines, "line")));
            return Err(Box::new(fault.help("leave the line out to ask about all of it")));
        }
    }
    let (Some(page), Some(target::Part::Block(number))) = (explain::page_of(plan, target), target.part) else {
        return Ok(());
    };
    let count = page.body.blocks.len();
    if (1..=count).contains(&number) {
        return Ok(());
    }
    let has = if count == 0 { "no gated block".to_owned() } else { say::number(count, "gated block") };
    Err(Box::new(Diagnostic::error(format!("`{}` has {has}, not `#block-{number}`", page.source))))
}

/// A line in a block is asked about like the block itself.
fn meant(target: Target, explained: &Explained) -> Target {
    let number = explained.path.rsplit_once("#block-").and_then(|(_, number)| number.parse().ok());
    Target { part: number.map(target::Part::Block), ..target }
}

fn read_reader(plan: &Plan, text: &str, now: Timestamp) -> Result<(Reader, Timestamp), Box<Diagnostic>> {
    let config = &plan.site().config;
    let parse = |text: &str| dates::parse(text, &config.zone);
    let read = parse_reader(text, &config.catalogue, &parse, now);
    read.map_err(|fault| Box::new(Diagnostic::setup(format!("`--as {text}`: {fault}"))))
}

fn lines(explained: &Explained) -> Vec<String> {
    let mut lines = vec![heading(explained)];
    match explained.state.as_str() {
        "draft" => lines.push("  not published: it is a draft".to_owned()),
        "later" => lines.push("  not published: it is released too far ahead".to_owned()),
        "expired" => lines.push("  not published: its time is over".to_owned()),
        "announced" => lines.push("  announced: listed before its release".to_owned()),
        _ => {}
    }
    lines.extend(explained.keys.iter().map(key_line));
    if explained.readers.is_empty() {
        return lines;
    }
    lines.push(String::new());
    let hidden = if explained.hidden { " (hidden from the others)" } else { "" };
    lines.push(format!("for {}{hidden}", explained.rule));
    lines.extend(explained.because.iter().map(|because| format!("  {because}")));
    let groups = explain::grouped(&explained.readers);
    let width = groups.iter().map(|(words, _)| words.chars().count()).max().unwrap_or_default();
    lines.extend(groups.iter().map(|(words, readers)| format!("  {words:width$}  {}", readers.join(", "))));
    lines.extend(parts(explained));
    lines
}

fn heading(explained: &Explained) -> String {
    let path = if explained.path.is_empty() { "404" } else { &explained.path };
    let source = explained.source.as_ref().map(ToString::to_string);
    let from = source.or_else(|| explained.made.clone()).unwrap_or_default();
    match (explained.what.as_str(), &explained.moved_to) {
        ("redirect", Some(to)) => format!("{path} is a former address of {to}, from {from}"),
        ("teaser", _) => format!("{path}, above the divider, from {from}"),
        ("made", _) => format!("{path} is made by {from}"),
        ("list", _) => format!("{path} is a list made from {from}"),
        (what, _) => {
            let what = if what == "static" { "file for everybody" } else { what };
            format!("{path} is a {what} from {from}")
        }
    }
}

fn key_line(Key { key, value, from }: &Key) -> String {
    let place = |from: &explain::KeyFrom| match from.by.as_str() {
        "cascade" => format!("{}, cascade", from.at),
        "default" => format!("{}, the default", from.at),
        "name" => format!("{}, by its name", from.at.file),
        "block" => format!("{}, the block around it", from.at),
        _ => from.at.to_string(),
    };
    let places: Vec<String> = from.iter().map(place).collect();
    format!("  {key}: {value}  ({})", places.join(" + "))
}

/// The forms, blocks and files of a page; what shows a file.
fn parts(explained: &Explained) -> Vec<String> {
    let mut lines = Vec::new();
    let shown = |shown: &ShownAt| format!("    {} at {}, for {}", shown.how, shown.at, shown.rule);
    if explained.forms.len() > 1 {
        lines.extend([String::new(), "forms, in the order in which an edge tries them".to_owned()]);
        let variants = |count: usize| if count > 1 { format!(", in {count} variants") } else { String::new() };
        let said = |said: &explain::FormSaid| format!("  {}, for {}{}", said.words, said.rule, variants(said.variants));
        lines.extend(explained.forms.iter().map(said));
    }
    if !explained.blocks.is_empty() {
        lines.extend([String::new(), "gated blocks".to_owned()]);
        for block in &explained.blocks {
            let hidden = if block.hidden { ", hidden" } else { "" };
            lines.push(format!("  #block-{} at {}: {}{hidden}", block.number, block.at, block.access));
            lines.push(format!("    for {}", block.rule));
        }
    }
    if !explained.files.is_empty() {
        lines.extend([String::new(), "files it shows".to_owned()]);
        for file in &explained.files {
            lines.push(format!("  {}, for {}", file.path, file.rule));
            lines.extend(file.shown.iter().map(shown));
        }
    }
    if !explained.shown_by.is_empty() {
        lines.extend([String::new(), "shown by".to_owned()]);
        lines.extend(explained.shown_by.iter().map(shown));
    }
    lines
}

fn decision_lines(reader: &str, decision: &ForReader, words: Words<'_>) -> Vec<String> {
    let mut said = match decision.block_open {
        Some(true) => "reads it".to_owned(),
        Some(false) => "does not read it".to_owned(),
        None => format!("{} {}", decision.status, decision.words),
    };
    if decision.block_open.is_none() {
        said.extend(decision.reason.iter().flat_map(|reason| [", ", reason]).map(str::to_owned));
        if let Some(at) = decision.available_at {
            said.push_str(&format!(", opens on {}", words.day(at)));
        }
        said.extend(decision.location.iter().map(|location| format!(", to {location}")));
    }
    let mut lines = vec![String::new(), format!("as {reader}: {said}")];
    if !decision.opens_with.is_empty() {
        lines.push(format!("  it would open with {}", decision.opens_with.join(" or ")));
    }
    lines
}
