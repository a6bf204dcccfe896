//! What the account service is given on the command line, for `edge --members` and `members serve` alike.
//!
//! Secrets never come as arguments, which all users of a machine can read: they come in files or in the environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tierpress::account::{MailError, Mailer, Network, Parts, Service};
use tierpress::build::{self, Frame, Request};
use tierpress::diagnostic::Diagnostic;
use tierpress::ledger::Ledger;
use tierpress::server::account::Account;
use tokio::sync::OnceCell;

use super::super::{Format, present, say};
use super::providers::ProviderArguments;
use super::webhooks::WebhookArguments;

/// The account service.
#[derive(Clone, Debug, Default, Args)]
pub(in super::super) struct ServiceArguments {
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The address of the site, in place of base_url in site.yaml
    #[arg(long, value_name = "URL", env = "TIERPRESS_BASE_URL")]
    base_url: Option<String>,
    /// A file with the URL of the mail server: smtps://USER:PASSWORD@HOST [default: TIERPRESS_SMTP of the environment]
    #[arg(long, value_name = "FILE")]
    smtp: Option<PathBuf>,
    /// Whom mails are from: ADDRESS or NAME <ADDRESS> [default: noreply@ and the site's host]
    #[arg(long, value_name = "SENDER", env = "TIERPRESS_MAIL_FROM")]
    mail_from: Option<String>,
    /// Write mails into this folder and send none: while a site is being made
    #[arg(long, value_name = "DIR", conflicts_with = "smtp")]
    mail_dir: Option<PathBuf>,
    /// A proxy whose X-Forwarded-For is believed, besides those of this machine, or a range of them such as 10.0.0.0/8; may be given several times
    #[arg(long, value_name = "IP")]
    trust: Vec<Network>,
    #[command(flatten)]
    providers: ProviderArguments,
    #[command(flatten)]
    webhooks: WebhookArguments,
}

/// Starts the service on a ledger, which is made where there is none.
pub(in super::super) fn start(arguments: &ServiceArguments, ledger: &str) -> Result<Account, Vec<Diagnostic>> {
    let given = Arc::new((arguments.clone(), ledger.to_owned(), OnceCell::new()));
    let endpoints = arguments.webhooks.read()?;
    let account = Account::start(Box::new(move || Box::pin(make(Arc::clone(&given)))))?;
    Ok(account.telling(endpoints))
}

/// What the service is made of each time, and the ledger once it is open.
type Given = (ServiceArguments, String, OnceCell<Ledger>);

async fn make(given: Arc<Given>) -> Result<Service, Vec<Diagnostic>> {
    let setup = |error: &dyn std::fmt::Display| vec![Diagnostic::setup(error.to_string())];
    let asked = Arc::clone(&given);
    // Reading a site takes its time, and others are answered meanwhile.
    let read = move || {
        let arguments = &asked.0;
        let frame = frame(arguments)?;
        let mailer = mailer(arguments, &frame).map_err(|fault| vec![*fault])?;
        let providers = arguments.providers.read().map_err(|fault| vec![*fault])?;
        Ok::<_, Vec<Diagnostic>>((frame, mailer, providers))
    };
    let (frame, mailer, providers) = tokio::task::spawn_blocking(read).await.map_err(|error| setup(&error))??;
    let (arguments, place, opened) = &*given;
    let ledger = opened.get_or_try_init(|| Ledger::create(place)).await.map_err(|error| setup(&error))?.clone();
    let hooks = providers.hooks(&frame.config, &ledger);
    let parts = Parts { frame, ledger, mailer, trusted: arguments.trust.clone(), hooks };
    Service::start(parts, present()).await.map_err(|error| setup(&error))
}

fn frame(arguments: &ServiceArguments) -> Result<Frame, Vec<Diagnostic>> {
    let now = present();
    let request = Request {
        root: &arguments.root,
        base_url: arguments.base_url.as_deref(),
        now,
        created: now,
        ..Request::default()
    };
    let (frame, warnings) = build::frame(&request)?;
    // What the site's texts are at fault with is the business of a build.
    let mut ours: Vec<Diagnostic> =
        warnings.into_iter().filter(|warning| warning.message.contains("of the account")).collect();
    if frame.config.refresh_url.is_none() {
        let fault = Diagnostic::warning(
            "readers are signed out by edges as soon as their token ends: there is no `refresh_url`",
        );
        ours.push(fault.help("write `refresh_url: /account/refresh` into site.yaml, and build it again"));
    }
    say::diagnostics(&ours, Format::Text);
    Ok(frame)
}

fn mailer(arguments: &ServiceArguments, frame: &Frame) -> Result<Mailer, Box<Diagnostic>> {
    let url = &frame.config.base_url;
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let from = arguments.mail_from.clone().unwrap_or_else(|| format!("noreply@{host}"));
    let fault = |error: MailError| {
        let help = match error {
            MailError::From(_) => "give it with `--mail-from`: ADDRESS or NAME <ADDRESS>",
            MailError::Open => "write smtps://HOST, or smtp://HOST:587?tls=required",
            MailError::Folder(_) => "give `--mail-dir` a folder that can be written into",
            MailError::Url(_) | MailError::Message | MailError::Server(_) => {
                "a password with other characters than letters and digits is percent-encoded"
            }
        };
        Box::new(Diagnostic::setup(error.to_string()).help(help))
    };
    if let Some(folder) = &arguments.mail_dir {
        return Mailer::folder(folder.clone(), &from).map_err(fault);
    }
    let from_environment = || std::env::var("TIERPRESS_SMTP").ok().filter(|url| !url.is_empty());
    let url = match &arguments.smtp {
        Some(path) => Some(read(path)?),
        None => from_environment(),
    };
    let url = url.ok_or_else(|| {
        Diagnostic::setup("nobody could sign in: there is no mail server")
            .help("give `--smtp FILE` or TIERPRESS_SMTP; while a site is being made, `--mail-dir DIR`")
    })?;
    Mailer::server(&url, &from).map_err(fault)
}

fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    tierpress::fs::read_text(path).map_err(|error| Box::new(Diagnostic::setup(error.to_string())))
}
