//! `tierpress explain`.

use clap::Args;
use jiff::tz::TimeZone;
use tierpress::access::entitlement::{Reader, parse_reader};
use tierpress::build::{self, Request, Way};
use tierpress::diagnostic::Diagnostic;
use tierpress::edge;
use tierpress::load::dates;
use tierpress::time::Timestamp;

use super::build::failed;
use super::{Ending, Format, SiteArguments, clocks, say};

/// What `explain` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The path as a reader asks for it: /course/ownership/
    path: String,
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
    let request = Request {
        root: &arguments.site.root,
        now: clocks.now,
        drafts: arguments.site.drafts,
        base_url: arguments.site.base_url.as_deref(),
        ..Request::default()
    };
    let plan = build::plan_only(&request)?;
    let explained = build::explain(&plan, &arguments.path);
    let decided = match &arguments.reader {
        None => None,
        Some(text) => {
            let config = &plan.site().config;
            let parse = |text: &str| dates::parse(text, &config.zone);
            let (reader, now) = parse_reader(text, &config.catalogue, &parse, clocks.now)
                .map_err(|fault| vec![Diagnostic::setup(format!("`--as {text}`: {fault}"))])?;
            Some((reader, now))
        }
    };
    let manifest = build::model(&plan);
    let decision = decided.as_ref().map(|(reader, now)| decide(&manifest, &arguments.path, reader, *now));
    match arguments.format {
        Format::Json => say::json(&serde_json::json!({
            "path": arguments.path,
            "source": explained.source,
            "ways": explained.ways,
            "forms": explained.forms,
            "opens_for": explained.opens_for,
            "decision": decision.as_ref().map(edge_json),
        })),
        Format::Text => {
            for line in lines(arguments, &explained) {
                say::line(&line);
            }
            if let (Some(decision), Some(reader)) = (decision, &arguments.reader) {
                say::line(&format!("as {reader}: {}", decision_words(&decision)));
            }
        }
    }
    Ok(())
}

fn decide<'a>(
    manifest: &'a tierpress::manifest::Manifest,
    path: &str,
    reader: &Reader,
    now: Timestamp,
) -> edge::Decision<'a> {
    let target = edge::canonical::encode(path);
    let request = edge::Request { method: "GET", target: target.as_bytes(), reader, now, html_navigation: false };
    edge::decide(manifest, &request)
}

fn lines(arguments: &Arguments, explained: &build::Explained) -> Vec<String> {
    let Some(source) = &explained.source else {
        return vec![format!("{}: there is no such path", arguments.path)];
    };
    let mut lines = vec![format!("{} is {source}", arguments.path)];
    for Way { words, span } in &explained.ways {
        lines.push(format!("  opens with {words}{span}"));
    }
    for form in &explained.forms {
        lines.push(format!("  {form}"));
    }
    let readers = if explained.opens_for.is_empty() { "nobody".to_owned() } else { explained.opens_for.join(", ") };
    lines.push(format!("  open now to {readers}"));
    lines
}

fn decision_words(decision: &edge::Decision<'_>) -> String {
    let mut words = format!("{} {}", decision.status, outcome_words(decision.outcome));
    if let Some(reason) = decision.reason {
        words.push_str(&format!(", {}", reason.as_str()));
    }
    if let Some(at) = decision.available_at {
        words.push_str(&format!(", opens at {}", at.civil(&TimeZone::UTC)));
        words.push('Z');
    }
    if let Some(location) = &decision.location {
        words.push_str(&format!(", to {location}"));
    }
    words
}

fn outcome_words(outcome: edge::Outcome) -> &'static str {
    match outcome {
        edge::Outcome::Open => "open",
        edge::Outcome::Preview => "a teaser or waiting form",
        edge::Outcome::Moved => "moved",
        edge::Outcome::SignIn => "sent to sign in",
        edge::Outcome::Denied => "denied",
        edge::Outcome::NotFound => "not found",
        edge::Outcome::Passthrough => "another server's",
        edge::Outcome::BadTarget => "a path that edges refuse",
        edge::Outcome::BadMethod => "a method that edges refuse",
    }
}

fn edge_json(decision: &edge::Decision<'_>) -> serde_json::Value {
    serde_json::json!({
        "status": decision.status,
        "reason": decision.reason,
        "available_at": decision.available_at,
        "location": decision.location,
    })
}
