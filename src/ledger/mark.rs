//! A member's row, held while something is written of them; and what is told of what changes meanwhile.
//!
//! What is told goes into the outbox in the same transaction as the event that made it, once for each place that wants to be
//! told. What time alone changes, and what it opens, is told by whoever holds the row next; when that has to be is written
//! down with it.

use sqlx::{AnyConnection, Row as _};

use super::endpoints::{self, Wanting};
use super::names::{self, WAITING};
use super::{Error, Present, people, read};
use crate::members::event::{Event, MemberId, What};
use crate::members::{self, Notification, Pages};
use crate::time::Timestamp;

/// What opens when, and from when on that is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Openings<'a> {
    pub(super) pages: &'a Pages<'a>,
    pub(super) since: Timestamp,
}

/// A member's row, held until the transaction ends.
#[derive(Debug)]
pub(super) struct Mark {
    /// Who they are now.
    pub(super) member: MemberId,
    /// Up to when notifications were made; `None` for somebody new.
    told: Option<Timestamp>,
    /// Up to when was told what opened; `None` where it never was.
    opened: Option<Timestamp>,
    /// The number of the last one.
    number: i64,
}

impl Mark {
    /// Takes hold of a member, who is made if need be. Others who want to write of them wait.
    pub(super) async fn take(connection: &mut AnyConnection, member: &str) -> Result<Self, Error> {
        let mut member = member.to_owned();
        loop {
            let row = sqlx::query(
                "INSERT INTO members (member, holder, told, number, due) VALUES ($1, $1, -1, 0, $2) \
                 ON CONFLICT (member) DO UPDATE SET holder = members.holder RETURNING holder, told, number, opened",
            )
            .bind(&member)
            .bind(NEVER)
            .fetch_one(&mut *connection)
            .await?;
            let holder: String = row.try_get("holder")?;
            // Somebody who was merged is called otherwise now.
            if holder == member {
                let (told, opened): (i64, i64) = (row.try_get("told")?, row.try_get("opened")?);
                let instant = |seconds| Timestamp::try_from(seconds).ok();
                let number = row.try_get("number")?;
                return Ok(Self { member, told: instant(told), opened: instant(opened), number });
            }
            member = holder;
        }
    }

    /// Writes what is to be told: first what time changed, by the events of before; then what the new ones change now.
    pub(super) async fn settle(
        self,
        connection: &mut AnyConnection,
        histories: (&[Event], &[Event]),
        present: &Present<'_>,
    ) -> Result<(), Error> {
        self.settle_all(connection, histories, (present, None)).await
    }

    /// The same, and what opened.
    pub(super) async fn settle_all(
        self,
        connection: &mut AnyConnection,
        (before, after): (&[Event], &[Event]),
        (present, openings): (&Present<'_>, Option<Openings<'_>>),
    ) -> Result<(), Error> {
        let rules = present.rules;
        // An instance whose clock is behind does not tell a second time what another one has told.
        let now = self.told.map_or(present.now, |told| told.max(present.now));
        // A purchase that waits is nothing that anybody has.
        let is_waiting = self.member.starts_with(WAITING);
        let mut said: Vec<Notification> = Vec::new();
        if let (Some(told), false) = (self.told, is_waiting) {
            said.extend(members::notifications(before, rules, told, now));
        }
        let holds = members::fold(after, rules, now);
        if !is_waiting && before.len() != after.len() {
            said.extend(members::changed(&members::fold(before, rules, now), &holds, now));
        }
        let (opened, opens) = match openings {
            _ if is_waiting => (self.opened, Some(NEVER)),
            Some(Openings { pages, since }) => {
                let from = self.opened.map_or(since, |opened| opened.max(since));
                said.extend(pages.opened(after, rules, (from, now)));
                said.sort_by_key(|notification| notification.at);
                (Some(now.max(from)), pages.next(&holds, rules, now).map(Timestamp::seconds))
            }
            // Whoever knows the pages looks at once. To somebody new nothing opened that was told to nobody.
            None => (self.opened.filter(|_| self.told.is_some()).or(Some(now)), Some(now.seconds())),
        };
        let number = tell(connection, (&self.member, self.number), &said, now).await?;
        let coming = after.iter().map(|event| event.at).filter(|at| *at > now).min();
        let due = holds.changes.into_iter().chain(coming).min().filter(|_| !is_waiting);
        sqlx::query("UPDATE members SET told = $2, number = $3, due = $4, opened = $5, opens = $6 WHERE member = $1")
            .bind(&self.member)
            .bind(now.seconds())
            .bind(number)
            .bind(due.map_or(NEVER, Timestamp::seconds))
            .bind(opened.map_or(-1, Timestamp::seconds))
            .bind(opens.unwrap_or(NEVER))
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Sets the instant from which on there is something to tell, and tells nothing of what lies before it.
    pub(super) async fn settle_in_silence(
        self,
        connection: &mut AnyConnection,
        present: &Present<'_>,
    ) -> Result<(), Error> {
        let events = read::events(connection, &self.member).await?;
        if events.iter().any(|event| event.what == (What::Erased {})) {
            people::erase(connection, &self.member, present.now).await?;
        }
        let silent = Self { told: None, ..self };
        silent.settle(connection, (&events, &events), present).await
    }
}

/// What is due at no time.
pub(super) const NEVER: i64 = i64::MAX;

/// How many pages a notification names; a release of a whole course would be told at length to each of its members.
const NAMED: usize = 100;

/// Writes what is told into the outbox, for each place that wants it, and gives back the number of the last one.
async fn tell(
    connection: &mut AnyConnection,
    (member, mut number): (&str, i64),
    said: &[Notification],
    now: Timestamp,
) -> Result<i64, Error> {
    if said.is_empty() {
        return Ok(number);
    }
    let places: Vec<Wanting> = endpoints::wanting(connection, now).await?;
    for notification in said {
        number += 1;
        let kind = notification.topic.as_str();
        let body = serde_json::to_string(&notification.clone().brief(NAMED))
            .map_err(|error| Error::Damaged(error.to_string()))?;
        sqlx::query("INSERT INTO outbox (member, number, id, at, kind, body) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(member)
            .bind(number)
            .bind(names::message_id()?)
            .bind(notification.at.seconds())
            .bind(kind)
            .bind(body)
            .execute(&mut *connection)
            .await?;
        for place in places.iter().filter(|place| place.wants(kind)) {
            endpoints::queue(connection, &place.endpoint, (member, number), now).await?;
        }
    }
    Ok(number)
}
