//! `tierpress members quote`: what the rest of a running period is worth to somebody who switches tiers.

use std::path::PathBuf;

use clap::Args;
use tierpress::config::Config;
use tierpress::config::product::{Billing, Money, Product};
use tierpress::diagnostic::{Diagnostic, any_error, nearest};
use tierpress::load::{config, dates};
use tierpress::members::credit::{Running, credit};
use tierpress::time::Timestamp;

use super::super::build::failed;
use super::super::{Ending, Format, present, say};

/// What `members quote` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members quote basic-monthly pro-monthly --since 2027-01-01 --at 2027-01-16
  tierpress members quote basic-yearly pro-yearly --since 2027-01-01 --paid 9000 --refunded 1000 --format json

The credit is information: the payment provider charges. It is rounded down, at most what the new product costs, and
there is none for bundles or in another currency.")]
pub(in super::super) struct Arguments {
    /// The product that somebody has
    from: String,
    /// The product that they switch to
    to: String,
    /// When the running period began: a date or an instant
    #[arg(long, value_name = "T")]
    since: String,
    /// When it ends [default: one period of the product later]
    #[arg(long, value_name = "T")]
    until: Option<String>,
    /// When they switch [default: the present]
    #[arg(long, value_name = "T")]
    at: Option<String>,
    /// What was paid for the period, in minor units [default: the price]
    #[arg(long, value_name = "AMOUNT")]
    paid: Option<u64>,
    /// What of it was refunded, in minor units
    #[arg(long, value_name = "AMOUNT", default_value_t = 0)]
    refunded: u64,
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match quote(arguments) {
        Ok(()) => Ending::Done,
        Err(faults) => failed(&faults, arguments.format, ""),
    }
}

fn quote(arguments: &Arguments) -> Result<(), Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let config = config::load(&arguments.root, &mut faults);
    let config = config.filter(|_| !any_error(&faults)).ok_or(faults)?;
    let from = product(&config, &arguments.from).map_err(|fault| vec![*fault])?;
    let to = product(&config, &arguments.to).map_err(|fault| vec![*fault])?;
    let at = arguments.at.as_deref().map_or(Ok(present()), |at| instant(&config, "at", at))?;
    let start = instant(&config, "since", &arguments.since)?;
    let end = match (&arguments.until, from.billing) {
        (Some(until), _) => instant(&config, "until", until)?,
        (None, Billing::Subscription { every } | Billing::Plan { every, .. }) => every.after(start, 1, &config.zone),
        (None, Billing::Once) => {
            let fault = Diagnostic::setup(format!("`{}` is paid once: it has no period", from.id));
            return Err(vec![fault.help("say with `--until` when what it sells ends")]);
        }
    };
    let paid = Money { amount: arguments.paid.unwrap_or(from.price.amount), ..from.price };
    let running = Running { start, end, paid, refunded: arguments.refunded };
    let (since, refunded) = (&arguments.since, arguments.refunded);
    if at < start {
        let fault =
            Diagnostic::setup(format!("the switch is before the period that it cuts short, which begins at `{since}`"));
        return Err(vec![fault.help("write an `--at` that is not before `--since`")]);
    }
    if end <= start {
        let fault = Diagnostic::setup(format!("the period ends before it begins, at `{since}`"));
        return Err(vec![fault.help("write an `--until` that is after `--since`")]);
    }
    if refunded > paid.amount {
        let message = format!("`--refunded {refunded}` is more than the {} that was paid", paid.amount);
        return Err(vec![Diagnostic::setup(message).help("both are in minor units; say with `--paid` what was paid")]);
    }
    let tiers = [from, to].iter().all(|product| config.catalogue.tier(&product.sells).is_some());
    let credit = Some(credit(&running, to.price, at)).filter(|_| tiers).flatten();
    let left = end.seconds().saturating_sub(at.max(start).seconds()).max(0);
    match arguments.format {
        Format::Json => say::json(&serde_json::json!({
            "from": from.id, "to": to.id, "at": at, "since": start, "until": end, "seconds_left": left,
            "paid": paid, "refunded": arguments.refunded, "credit": credit,
        })),
        Format::Text => say::line(&match credit {
            Some(credit) => format!(
                "{credit} of credit on the first {} of `{}`: {} of {} seconds are left",
                to.price,
                to.id,
                left,
                end.seconds().saturating_sub(start.seconds()),
            ),
            None if !tiers => "no credit: only tiers have one".to_owned(),
            None if from.price.currency != to.price.currency => "no credit: the currencies differ".to_owned(),
            None if left == 0 => "no credit: nothing is left of the period".to_owned(),
            None => "no credit: less than one unit is left of what was paid, or nothing is charged".to_owned(),
        }),
    }
    Ok(())
}

fn product<'a>(config: &'a Config, id: &str) -> Result<&'a Product, Box<Diagnostic>> {
    let found = config.products.iter().find(|product| product.id.as_str() == id);
    found.ok_or_else(|| {
        let fault = Diagnostic::setup(format!("there is no product `{id}` in site.yaml"));
        let near = nearest(id, config.products.iter().map(|product| product.id.as_str()));
        Box::new(match near {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("products stand under `products:`"),
        })
    })
}

fn instant(config: &Config, option: &str, text: &str) -> Result<Timestamp, Vec<Diagnostic>> {
    let date = dates::parse(text, &config.zone).ok_or_else(|| {
        let fault = Diagnostic::setup(format!("`--{option} {text}` is no date"));
        vec![fault.help("write 2027-01-01, or 2027-01-01T09:00:00Z")]
    })?;
    Ok(date.first)
}
