//! `tierpress check`.

use clap::Args;
use tierpress::build::{self, Request};

use super::build::failed;
use super::{Ending, Format, SiteArguments, clocks, say};

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    site: SiteArguments,
    /// Fail (exit code 3) on a warning
    #[arg(long)]
    strict: bool,
    /// How the result is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let result = clocks(arguments.site.now.as_deref()).map_err(|fault| vec![*fault]).and_then(|clocks| {
        build::check(&Request {
            root: &arguments.site.root,
            now: clocks.now,
            drafts: arguments.site.drafts,
            base_url: arguments.site.base_url.as_deref(),
            ..Request::default()
        })
    });
    match result {
        Ok((plan, warnings)) => {
            say::diagnostics(&warnings, arguments.format);
            match arguments.format {
                Format::Json => say::json(&serde_json::json!({ "diagnostics": warnings })),
                Format::Text => {
                    let pages =
                        plan.outputs.iter().filter(|output| output.url.is_some() && !output.template.is_empty());
                    let pages = say::number(pages.count(), "page");
                    say::line(&format!(
                        "{pages} in {}; {}",
                        say::number(plan.variants(), "form"),
                        say::number(warnings.len(), "warning")
                    ));
                }
            }
            if arguments.strict && !warnings.is_empty() { Ending::Found } else { Ending::Done }
        }
        Err(faults) => failed(&faults, arguments.format, ""),
    }
}
