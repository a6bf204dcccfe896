//! `tierpress check`.

mod external;
mod report;

use std::path::Path;

use clap::{Args, ValueEnum};
use tierpress::build::{self, Request};
use tierpress::config::Allowed;
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::plan::Plan;
use tierpress::review::links::{ByReader, Links};
use tierpress::review::lints;

use super::{Ending, SiteArguments, clocks, ending, say};

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    site: SiteArguments,
    /// Fail (exit code 3) on a warning
    #[arg(long)]
    strict: bool,
    /// Do not say warnings of this kind, or of this kind in some files: `dead-end`, `dead-end content/blog/**`
    #[arg(long, value_name = "ID")]
    allow: Vec<String>,
    /// Say of every link what each kind of reader is given
    #[arg(long)]
    links: bool,
    /// Ask the addresses on other sites whether they are there
    #[arg(long)]
    external: bool,
    /// How long to wait for an answer from another site, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, requires = "external")]
    timeout: u64,
    /// How the result is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How findings are said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For machines
    Json,
    /// As annotations of GitHub Actions
    Github,
    /// As SARIF 2.1.0, for code scanning and editors
    Sarif,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let (findings, plan) = match check(arguments) {
        Ok((plan, findings)) => (findings, Some(plan)),
        Err(faults) => (faults, None),
    };
    let links = plan.as_ref().filter(|_| arguments.links);
    let links = links.map(|plan| Links::new(plan).by_reader(&arguments.site.root));
    let root = &arguments.site.root;
    match arguments.format {
        Format::Text => text(&findings, plan.as_ref(), links.as_deref()),
        Format::Json => say::json(&report::json(&findings, links.as_deref())),
        Format::Github => report::github(&findings, root).iter().for_each(|line| say::line(line)),
        Format::Sarif => say::json(&report::sarif(&findings, root)),
    }
    if diagnostic::any_error(&findings) {
        ending(&findings)
    } else if arguments.strict && !findings.is_empty() {
        Ending::Found
    } else {
        Ending::Done
    }
}

/// Everything that is found, less what is allowed. Nothing but the faults where a build would be refused.
fn check(arguments: &Arguments) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (mut allowed, unknown) = allowed(&arguments.allow);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let root = arguments.site.root.as_path();
    let clocks = clocks(arguments.site.now.as_deref()).map_err(|fault| vec![*fault])?;
    let request = Request {
        root,
        now: clocks.now,
        drafts: arguments.site.drafts,
        base_url: arguments.site.base_url.as_deref(),
        ..Request::default()
    };
    let (plan, mut findings) = match build::check(&request) {
        Ok(built) => built,
        Err(faults) => return Err(lints::without(faults, &allowed)),
    };
    findings.extend(lints::find(&plan, root));
    if arguments.external {
        findings.extend(other_sites(&plan, root, arguments.timeout));
    }
    allowed.extend(plan.site().config.allowed.iter().cloned());
    let mut findings = lints::without(findings, &allowed);
    diagnostic::sort(&mut findings);
    Ok((plan, findings))
}

fn allowed(written: &[String]) -> (Vec<Allowed>, Vec<Diagnostic>) {
    let mut allowed = Vec::new();
    let mut unknown = Vec::new();
    for text in written {
        match text.parse() {
            Ok(one) => allowed.push(one),
            Err(error) => {
                let error: diagnostic::lint::UnknownLint = error;
                unknown.push(Diagnostic::setup(format!("`--allow {text}`: {error}")).help(error.help()));
            }
        }
    }
    (allowed, unknown)
}

fn other_sites(plan: &Plan, root: &Path, timeout: u64) -> Vec<Diagnostic> {
    let site = plan.site();
    let pages = site.pages.iter().map(|page| &page.source);
    let found = pages.flat_map(|source| tierpress::load::elsewhere::addresses(root, source));
    let own = format!("{}/", site.config.base_url.trim_end_matches('/'));
    let others = found.filter(|(url, _)| !url.starts_with(&own) && *url != own.trim_end_matches('/'));
    external::check(others.collect(), timeout)
}

fn text(findings: &[Diagnostic], plan: Option<&Plan>, links: Option<&[ByReader]>) {
    say::findings(findings);
    for link in links.unwrap_or_default() {
        say::line(&report::link(link));
    }
    match plan.filter(|_| !diagnostic::any_error(findings)) {
        Some(plan) => {
            let pages = plan.outputs.iter().filter(|output| output.url.is_some() && !output.template.is_empty());
            let (pages, forms) = (say::number(pages.count(), "page"), say::number(plan.variants(), "form"));
            say::line(&format!("{pages} in {forms}; {}", say::number(findings.len(), "warning")));
        }
        None => say::count(findings, super::Format::Text, ""),
    }
}
