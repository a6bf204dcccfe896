//! `tierpress members events` and `record`: what was told, and telling it.

use std::io::BufRead as _;

use clap::Args;
use tierpress::diagnostic::{Diagnostic, Source};
use tierpress::ledger::{Appended, Error, Filed, Line, Unread};

use super::super::{Ending, Format, say};
use super::desk::{At, Desk, Faults, If, fault, json, one, table, with};

/// What `members events` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members events ada@learn.example --db members.db
  tierpress members events --db members.db --after 1200 --limit 50 --format json
  tierpress members events --db members.db --unread
  tierpress members events --db members.db --dismiss evt_1042")]
pub(in super::super) struct Arguments {
    /// Whose: an id or a mail address [default: everybody's]
    member: Option<String>,
    /// Only those that arrived after the one with this number
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: i64,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: u32,
    /// Only what a payment provider sent and nobody here could read, and why
    #[arg(long, conflicts_with_all = ["member", "after", "limit"])]
    unread: bool,
    /// Drop one of those, by its id: it is settled, and is not read again
    #[arg(long, value_name = "ID", conflicts_with_all = ["member", "after", "limit", "unread"])]
    dismiss: Option<String>,
    /// Who sent it, where several call something by that id
    #[arg(long, value_name = "SOURCE", requires = "dismiss")]
    source: Option<String>,
    #[command(flatten)]
    at: At,
    /// How they are said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What `members record` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members record --db members.db < events.jsonl
  tail -f shop.jsonl | tierpress members record --db members.db

Each line is an event. Each is answered by a line of JSON as soon as it is on the disk: `new`, or `known` where it was there
before, so that whoever was not answered may tell everything again; `conflict` where its id stands for something else, and
`refused` where it cannot be read: then the exit code is 1, and the other lines are taken in all the same.")]
pub(in super::super) struct RecordArguments {
    #[command(flatten)]
    at: At,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let Arguments { member, after, limit, unread, dismiss, source, at, format } = arguments;
    with(at, (If::There, *format), async |desk| {
        if let Some(id) = dismiss {
            drop_unread(desk, (id, source.as_deref())).await?;
            return show_unread(desk, *format).await;
        }
        if *unread {
            return show_unread(desk, *format).await;
        }
        let member = match member {
            Some(member) => Some(desk.find(member).await?),
            None => None,
        };
        let filed = desk.ledger.filed(member.as_deref(), *after, *limit).await.map_err(fault)?;
        match format {
            Format::Json => {
                let events: Vec<_> = filed
                    .iter()
                    .map(|Filed { sequence, received, event }| {
                        serde_json::json!({ "number": sequence, "received": received, "event": event })
                    })
                    .collect();
                json(&serde_json::json!({ "events": events }))?;
            }
            Format::Text => text(desk, &filed),
        }
        Ok(Ending::Done)
    })
}

/// Drops something that was not understood, and that somebody has settled otherwise.
async fn drop_unread(desk: &Desk, (id, source): (&str, Option<&str>)) -> Result<(), Faults> {
    let unread = desk.ledger.unread().await.map_err(fault)?;
    let fits = |unread: &&Unread| unread.id == id && source.is_none_or(|source| source == unread.source);
    let found: Vec<&Unread> = unread.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => desk.ledger.was_read(&one.source, &one.id).await.map_err(fault),
        [] => {
            let none = Diagnostic::setup(format!("nothing that is not understood has the id `{id}`"));
            Err(vec![none.help("`tierpress members events --unread` shows what there is")])
        }
        several => {
            let sources: Vec<&str> = several.iter().map(|unread| unread.source.as_str()).collect();
            let twice = Diagnostic::setup(format!("several sources call something `{id}`"));
            Err(vec![twice.help(format!("say which with `--source`: {}", sources.join(", ")))])
        }
    }
}

async fn show_unread(desk: &Desk, format: Format) -> Result<Ending, Faults> {
    let unread = desk.ledger.unread().await.map_err(fault)?;
    match format {
        Format::Json => {
            let unread: Vec<_> = unread
                .iter()
                .map(|Unread { source, id, at, why, payload }| {
                    let sent = String::from_utf8_lossy(payload);
                    serde_json::json!({ "source": source, "id": id, "at": at, "why": why, "sent": sent })
                })
                .collect();
            json(&serde_json::json!({ "unread": unread }))?;
        }
        Format::Text => {
            for Unread { source, id, at, why, payload: _ } in &unread {
                say::line(&format!("{} {source} {}: {why}", desk.words().day(*at), id.escape_debug()));
            }
            say::line(&format!("{} not understood", say::number(unread.len(), "event")));
        }
    }
    Ok(Ending::Done)
}

fn text(desk: &Desk, filed: &[Filed]) {
    let mut rows = vec![["number", "at", "member", "what", "grant", "source", "id"].map(ToOwned::to_owned).to_vec()];
    for Filed { sequence, received: _, event } in filed {
        let kind = serde_json::to_value(&event.what).unwrap_or_default();
        rows.push(vec![
            sequence.to_string(),
            desk.words().day(event.at),
            event.member.clone(),
            kind.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().replace('_', " "),
            event.what.grant().unwrap_or("-").to_owned(),
            event.source.clone(),
            event.id.clone(),
        ]);
    }
    if !filed.is_empty() {
        table(&rows);
    }
    say::line(&say::number(filed.len(), "event"));
}

pub(super) fn record(arguments: &RecordArguments) -> Ending {
    with(&arguments.at, (If::Missing, Format::Text), async |desk| {
        let mut ending = Ending::Done;
        for (number, line) in (1_usize..).zip(std::io::stdin().lock().lines()) {
            let line = line.map_err(|error| one(&format!("standard input cannot be read: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let answer = take(desk, &line).await?;
            let good = matches!(answer.get("appended").and_then(serde_json::Value::as_str), Some("new" | "known"));
            if !good {
                ending = Ending::ContentAtFault;
            }
            let answer = if good { answer } else { numbered(answer, number) };
            say::line(&answer.to_string());
        }
        Ok(ending)
    })
}

async fn take(desk: &Desk, line: &str) -> Result<serde_json::Value, Faults> {
    let read = Line::read(Source { file: &"-".into(), text: line });
    let event = match read.map(|mut lines| lines.pop()) {
        Ok(Some((_, Line::Event(event)))) => event,
        Ok(Some((_, Line::Record(_))) | None) => {
            return Ok(serde_json::json!({ "appended": "refused", "fault": "this is no event" }));
        }
        Err(faults) => {
            let fault = faults.first().map(|fault| fault.message.clone());
            return Ok(serde_json::json!({ "appended": "refused", "fault": fault }));
        }
    };
    let rules = desk.rules();
    let appended = match desk.ledger.append(&event, None, &desk.present(&rules)).await {
        // Of this line alone: the others are told all the same.
        Err(Error::Refused(refused)) => {
            return Ok(serde_json::json!({ "appended": "refused", "fault": refused.to_string() }));
        }
        appended => appended.map_err(fault)?,
    };
    let word = match &appended {
        Appended::New => "new",
        Appended::Known => "known",
        Appended::Conflict(_) => "conflict",
    };
    let mut answer = serde_json::json!({ "appended": word, "source": event.source, "id": event.id });
    if let (Appended::Conflict(known), Some(answer)) = (appended, answer.as_object_mut()) {
        answer.insert("known".to_owned(), serde_json::to_value(&known).map_err(|error| one(&error.to_string()))?);
    }
    Ok(answer)
}

fn numbered(mut answer: serde_json::Value, number: usize) -> serde_json::Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("line".to_owned(), number.into());
    }
    answer
}
