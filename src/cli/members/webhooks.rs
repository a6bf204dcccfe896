//! `tierpress members webhooks`: who is told what changes, what became of it, and telling it again.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tierpress::diagnostic::{Diagnostic, Source};
use tierpress::fs;
use tierpress::ledger::endpoints::Known;
use tierpress::ledger::outbox::{Entry, Replay, State, Way, Wish};
use tierpress::webhooks::{self, Answer, Client, Endpoint, Ping, Secret};

use super::super::build::failed;
use super::super::{Ending, Format, present, say};
use super::desk::{At, Desk, Faults, If, fault, json, one, table, with};

/// Who is told.
#[derive(Clone, Debug, Default, Args)]
pub(in super::super) struct WebhookArguments {
    /// A file with the endpoints that are told what changes, NAME URL SECRETS [TYPES] on each line [default: TIERPRESS_WEBHOOKS of the environment]
    #[arg(long, value_name = "FILE")]
    webhooks: Option<PathBuf>,
}

impl WebhookArguments {
    /// The endpoints; none where nothing names any.
    pub(super) fn read(&self) -> Result<Vec<Endpoint>, Faults> {
        let from_environment = || std::env::var("TIERPRESS_WEBHOOKS").ok().filter(|text| !text.is_empty());
        let (name, text) = match &self.webhooks {
            Some(path) => (path.display().to_string(), fs::read_text(path).map_err(|error| one(&error.to_string()))?),
            None => match from_environment() {
                Some(text) => ("TIERPRESS_WEBHOOKS".to_owned(), text),
                None => return Ok(Vec::new()),
            },
        };
        webhooks::read(Source { file: &name.into(), text: &text })
    }
}

/// What `members webhooks` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks secret
  tierpress members webhooks test crm --webhooks webhooks.txt
  tierpress members webhooks list --db members.db
  tierpress members webhooks log ada@learn.example --db members.db
  tierpress members webhooks replay --dead --db members.db

`edge --members`, `members serve` and `members deliver` tell the endpoints of `--webhooks FILE` what changes for members.")]
pub(in super::super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show who is told, and how that goes
    List(ListArguments),
    /// Show what was told, and what became of it
    Log(LogArguments),
    /// Send again what was given up, or anything else
    Replay(ReplayArguments),
    /// Send a ping to an endpoint, and say what it answers
    Test(TestArguments),
    /// Make a secret
    Secret(SecretArguments),
    /// Tell an endpoint again that wanted nothing more, or that rests
    Enable(NameArguments),
    /// Forget an endpoint, with all that waits for it
    Forget(NameArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks list --db members.db --format json")]
struct ListArguments {
    #[command(flatten)]
    at: At,
    /// How they are said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks log --db members.db
  tierpress members webhooks log ada@learn.example --db members.db
  tierpress members webhooks log --dead --endpoint crm --db members.db --format json")]
struct LogArguments {
    /// Of whom: an id or a mail address [default: everybody]
    member: Option<String>,
    /// Only what this endpoint is told
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Only what was given up
    #[arg(long)]
    dead: bool,
    /// Only what has not arrived, yet or at all
    #[arg(long)]
    open: bool,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    #[command(flatten)]
    at: At,
    /// How they are said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks replay msg_4dk7gq2nx9wz0vj3 --db members.db
  tierpress members webhooks replay --dead --endpoint crm --db members.db
  tierpress members webhooks replay --since 2027-01-15 --endpoint crm --db members.db

What is sent again has the webhook-id it had. With --since and --endpoint an endpoint is also told what came about before it was one.
Of somebody who was erased nothing is sent again.")]
struct ReplayArguments {
    /// One notification, by its webhook-id
    #[arg(required_unless_present_any = ["dead", "since"], conflicts_with_all = ["dead", "since"])]
    id: Option<String>,
    /// To this endpoint alone
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// All that was given up
    #[arg(long)]
    dead: bool,
    /// What came about on this day or later; with --dead, what of that was given up
    #[arg(long, value_name = "T")]
    since: Option<String>,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks test crm --webhooks webhooks.txt

Exit code 3 where it does not take the ping.")]
struct TestArguments {
    /// The name of the endpoint
    name: String,
    #[command(flatten)]
    webhooks: WebhookArguments,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks secret

Give it to the endpoint, and write it behind its URL in the file of `--webhooks`.")]
struct SecretArguments {}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members webhooks enable crm --db members.db
  tierpress members webhooks forget crm --db members.db")]
struct NameArguments {
    /// The name of the endpoint
    name: String,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match &arguments.command {
        Command::List(ListArguments { at, format }) => with(at, (If::There, *format), async |desk| {
            list(desk, *format).await?;
            Ok(Ending::Done)
        }),
        Command::Log(arguments) => with(&arguments.at, (If::There, arguments.format), async |desk| {
            log(desk, arguments).await?;
            Ok(Ending::Done)
        }),
        Command::Replay(arguments) => with(&arguments.at, (If::There, arguments.format), async |desk| {
            replay(desk, arguments).await?;
            Ok(Ending::Done)
        }),
        Command::Test(arguments) => {
            test(arguments).unwrap_or_else(|faults| failed(&faults, arguments.format, "; nothing was sent"))
        }
        Command::Secret(SecretArguments {}) => match Secret::generate() {
            Ok(secret) => {
                say::line(&secret);
                Ending::Done
            }
            Err(error) => failed(&one(&error.to_string()), Format::Text, ""),
        },
        Command::Enable(NameArguments { name, at, format }) => with(at, (If::There, *format), async |desk| {
            desk.ledger.enable(name).await.map_err(fault)?;
            list(desk, *format).await?;
            Ok(Ending::Done)
        }),
        Command::Forget(NameArguments { name, at, format }) => with(at, (If::There, *format), async |desk| {
            desk.ledger.forget_endpoint(name).await.map_err(fault)?;
            list(desk, *format).await?;
            Ok(Ending::Done)
        }),
    }
}

async fn list(desk: &Desk, format: Format) -> Result<(), Faults> {
    let known = desk.ledger.endpoints().await.map_err(fault)?;
    if format == Format::Json {
        let endpoints: Vec<_> = known
            .iter()
            .map(
                |Known {
                     endpoint,
                     kinds,
                     since,
                     seen,
                     gone,
                     failures,
                     rests,
                     counts: [waiting, delivered, dead],
                     why,
                 }| {
                    serde_json::json!({
                        "endpoint": endpoint, "types": kinds, "since": since, "seen": seen, "gone": gone,
                        "failures": failures, "rests_until": rests, "waiting": waiting, "delivered": delivered,
                        "dead": dead, "why": why,
                    })
                },
            )
            .collect();
        return json(&serde_json::json!({ "endpoints": endpoints }));
    }
    let words = desk.words();
    let mut rows = vec![["endpoint", "waiting", "delivered", "dead", "how it is"].map(ToOwned::to_owned).to_vec()];
    for known in &known {
        let how = match (known.gone, known.failures, known.counts) {
            (Some(gone), ..) => format!("wants nothing more since {}", words.day(gone)),
            (None, 1.., _) => format!("fails: {}", known.why.as_deref().unwrap_or("unknown why")),
            (None, _, [waiting, ..]) if waiting > 0 => "is being told".to_owned(),
            (None, ..) => "was told everything".to_owned(),
        };
        let [waiting, delivered, dead] = known.counts.map(|count| count.to_string());
        rows.push(vec![known.endpoint.clone(), waiting, delivered, dead, how]);
    }
    if !known.is_empty() {
        table(&rows);
    }
    say::line(&say::number(known.len(), "endpoint"));
    Ok(())
}

async fn log(desk: &Desk, arguments: &LogArguments) -> Result<(), Faults> {
    let LogArguments { member, endpoint, dead, open, limit, at: _, format } = arguments;
    let member = match member {
        Some(member) => Some(desk.find(member).await?),
        None => None,
    };
    let (member, endpoint) = (member.as_deref(), endpoint.as_deref());
    let wish = Wish { member, endpoint, dead: *dead, open: *open, most: *limit };
    let told = desk.ledger.log(&wish).await.map_err(fault)?;
    if *format == Format::Json {
        return json(&serde_json::json!({ "notifications": told.iter().map(entry).collect::<Vec<_>>() }));
    }
    let words = desk.words();
    let mut rows = vec![["at", "member", "what", "endpoints", "id"].map(ToOwned::to_owned).to_vec()];
    for Entry { news, at, ways } in &told {
        let ways = ways.iter().filter(|way| endpoint.is_none_or(|endpoint| endpoint == way.endpoint));
        let ways: Vec<String> = ways.map(way).collect();
        let ways = if ways.is_empty() { "-".to_owned() } else { ways.join("; ") };
        rows.push(vec![words.day(*at), news.member.clone(), news.kind.clone(), ways, news.id.clone()]);
    }
    if !told.is_empty() {
        table(&rows);
    }
    say::line(&say::number(told.len(), "notification"));
    Ok(())
}

fn way(Way { endpoint, state, attempts, why }: &Way) -> String {
    let why = why.as_deref().map_or_else(String::new, |why| format!(", {why}"));
    match state {
        State::Delivered(_) => format!("{endpoint}: arrived"),
        State::Dead(_) => format!("{endpoint}: given up{why}"),
        State::Waiting(_) if *attempts == 0 => format!("{endpoint}: waits"),
        State::Waiting(at) => format!("{endpoint}: again at {at}{why}"),
    }
}

/// A line of the log, for machines.
pub(super) fn entry(Entry { news, at: _, ways }: &Entry) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_str(&news.body).unwrap_or_default();
    let ways: Vec<_> = ways
        .iter()
        .map(|Way { endpoint, state, attempts, why }| {
            let (state, at) = match state {
                State::Waiting(at) => ("waiting", at),
                State::Delivered(at) => ("delivered", at),
                State::Dead(at) => ("dead", at),
            };
            serde_json::json!({ "endpoint": endpoint, "state": state, "when": at, "attempts": attempts, "why": why })
        })
        .collect();
    serde_json::json!({
        "id": news.id, "member": news.member, "number": news.number, "news": body, "endpoints": ways,
    })
}

async fn replay(desk: &Desk, arguments: &ReplayArguments) -> Result<(), Faults> {
    let ReplayArguments { id, endpoint, dead, since, at: _, format } = arguments;
    let since = desk.date("--since", since.as_deref())?.map(|date| date.first);
    let replay = match (id, dead, since) {
        (Some(id), ..) => Replay::One(id),
        (None, true, since) => Replay::Dead(since.unwrap_or(tierpress::time::Timestamp::MIN)),
        (None, false, Some(since)) => Replay::All(since),
        (None, false, None) => return Err(one("nothing says what is to be sent again")),
    };
    let count = desk.ledger.replay(replay, endpoint.as_deref(), desk.now).await.map_err(|error| {
        let faults = fault(error);
        let help = "`tierpress members webhooks log` shows what was told, `list` who is";
        faults.into_iter().map(|fault| fault.help(help)).collect::<Faults>()
    })?;
    match format {
        Format::Json => json(&serde_json::json!({ "replayed": count })),
        Format::Text => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            say::line(&format!("{} sent again", say::number(count, "notification")));
            Ok(())
        }
    }
}

fn test(arguments: &TestArguments) -> Result<Ending, Faults> {
    let endpoints = arguments.webhooks.read()?;
    let endpoint = endpoints.iter().find(|endpoint| endpoint.name == arguments.name).ok_or_else(|| {
        let unknown = Diagnostic::setup(format!("there is no endpoint `{}`", arguments.name));
        vec![unknown.help("name one of the file of `--webhooks`")]
    })?;
    let now = present();
    let body = serde_json::to_string(&Ping::new(&endpoint.name, now)).map_err(|error| one(&error.to_string()))?;
    let id = tierpress::ledger::message_id().map_err(fault)?;
    let answer = Client::default().send(endpoint, (&id, &body), now);
    let (taken, words) = match &answer {
        Answer::Taken(status) => (true, format!("`{}` took the ping: it answered {status}", endpoint.name)),
        Answer::Gone => (false, format!("`{}` answered 410: it wants nothing more", endpoint.name)),
        Answer::Refused { status, .. } => {
            (false, format!("`{}` did not take the ping: it answered {status}", endpoint.name))
        }
        Answer::Silent(why) => (false, format!("`{}` did not take the ping: {why}", endpoint.name)),
    };
    match arguments.format {
        Format::Json => json(&serde_json::json!({ "endpoint": endpoint.name, "taken": taken, "said": words }))?,
        Format::Text => say::line(&words),
    }
    Ok(if taken { Ending::Done } else { Ending::Found })
}

/// What `members deliver` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members deliver --db members.db --webhooks webhooks.txt --manifest tierpress-out/manifest.json

For those who run no service: call it by cron, every minute or so. It tells what time has changed and, with a manifest, what opened;
sends what is due to each endpoint, once, and ends. What does not arrive is due again later.")]
pub(in super::super) struct DeliverArguments {
    #[command(flatten)]
    webhooks: WebhookArguments,
    /// The manifest of the site: it says which pages open
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn deliver(arguments: &DeliverArguments) -> Ending {
    let DeliverArguments { webhooks, manifest, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        let endpoints = webhooks.read()?;
        let manifest = manifest.as_deref().map(read).transpose()?;
        let deliverer = webhooks::Deliverer::new(desk.ledger.clone(), endpoints, at.clock(desk.now));
        deliverer.register().await.map_err(fault)?;
        let rules = desk.rules();
        let pages = manifest.as_ref().map(tierpress::members::Pages::of);
        while desk.ledger.tick_with(TICKS, &desk.present(&rules), pages.as_ref()).await.map_err(fault)? >= TICKED {}
        let webhooks::Drained { arrived, failed } = deliverer.drain().await.map_err(fault)?;
        match format {
            Format::Json => json(&serde_json::json!({ "delivered": arrived, "failed": failed }))?,
            Format::Text => {
                say::line(&format!(
                    "{} delivered, {} failed",
                    say::number(arrived, "notification"),
                    say::grouped(failed)
                ));
            }
        }
        Ok(Ending::Done)
    })
}

const TICKS: u32 = 200;
const TICKED: usize = 200;

fn read(path: &Path) -> Result<tierpress::manifest::Manifest, Faults> {
    let bytes = fs::read(path).map_err(|error| one(&error.to_string()))?;
    tierpress::manifest::Manifest::parse(&bytes).map_err(|error| one(&format!("`{}`: {error}", path.display())))
}
