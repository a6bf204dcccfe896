//! Reads what the ledger holds: events of one member or of all, and what they have.

use sqlx::{AnyConnection, Row as _};

use super::database::{Kind, Ledger};
use super::names::WAITING;
use super::{Error, Present, people};
use crate::members::event::{Event, MemberId};
use crate::members::{self, Member};
use crate::time::Timestamp;

/// A member, and what the ledger knows of them.
#[derive(Clone, Debug)]
pub struct Held {
    /// Their name today.
    pub id: MemberId,
    /// Their address, where there is one.
    pub address: Option<String>,
    /// What they have.
    pub member: Member,
}

/// An event as it lies in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filed {
    /// Its place in the order of arrival.
    pub sequence: i64,
    /// When it arrived.
    pub received: Timestamp,
    /// The event.
    pub event: Event,
}

/// How many members are read at once where all are.
const PAGE: i64 = 500;

impl Ledger {
    /// The events of a member, under whatever name they were told, with the name of today. Empty for somebody unknown.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn events_of(&self, member: &str) -> Result<Vec<Event>, Error> {
        let mut connection = self.reader().acquire().await?;
        let member = people::holder(&mut connection, member).await?;
        events(&mut connection, &member).await
    }

    /// What a member has; `None` where there is no such member.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn member(&self, member: &str, present: &Present<'_>) -> Result<Option<Held>, Error> {
        let mut connection = self.reader().acquire().await?;
        let id = people::holder(&mut connection, member).await?;
        let known: Option<String> = sqlx::query_scalar("SELECT member FROM members WHERE member = $1")
            .bind(&id)
            .fetch_optional(&mut *connection)
            .await?;
        let address = people::address(&mut connection, &id).await?;
        if known.is_none() && address.is_none() {
            return Ok(None);
        }
        let events = events(&mut connection, &id).await?;
        let member = members::fold(&events, present.rules, present.now);
        Ok(Some(Held { id, address, member }))
    }

    /// The next members after one, in the order of their names; purchases that wait are none. Empty after the last.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn members(&self, after: &str, present: &Present<'_>) -> Result<Vec<Held>, Error> {
        let mut connection = self.reader().acquire().await?;
        let mut page = Vec::new();
        for (id, events) in page_of_events(&mut connection, (self.kind(), after)).await? {
            let member = members::fold(&events, present.rules, present.now);
            page.push(Held { id, address: None, member });
        }
        let Some(last) = page.last().map(|held| held.id.clone()) else { return Ok(page) };
        let addresses = sqlx::query("SELECT member, address FROM people WHERE member > $1 AND member <= $2")
            .bind(after)
            .bind(last)
            .fetch_all(&mut *connection)
            .await?;
        for row in addresses {
            let (member, address): (String, String) = (row.try_get("member")?, row.try_get("address")?);
            if let Ok(at) = page.binary_search_by(|held| held.id.cmp(&member))
                && let Some(held) = page.get_mut(at)
            {
                held.address = Some(address);
            }
        }
        Ok(page)
    }

    /// The events after one in the order of arrival, at most so many; of one member, or of all.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn filed(&self, member: Option<&str>, after: i64, most: u32) -> Result<Vec<Filed>, Error> {
        let mut connection = self.reader().acquire().await?;
        let most = i64::from(most);
        let rows = match member {
            None => {
                sqlx::query(
                    "SELECT sequence, received, body FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                )
                .bind(after)
                .bind(most)
                .fetch_all(&mut *connection)
                .await?
            }
            Some(member) => {
                let member = people::holder(&mut connection, member).await?;
                sqlx::query(
                    "SELECT e.sequence, e.received, e.body FROM members m JOIN events e ON e.member = m.member \
                     WHERE m.holder = $1 AND e.sequence > $2 ORDER BY e.sequence LIMIT $3",
                )
                .bind(member)
                .bind(after)
                .bind(most)
                .fetch_all(&mut *connection)
                .await?
            }
        };
        let mut filed = Vec::with_capacity(rows.len());
        for row in rows {
            let (body, received): (String, i64) = (row.try_get("body")?, row.try_get("received")?);
            let received = Timestamp::saturating(received);
            filed.push(Filed { sequence: row.try_get("sequence")?, received, event: parse(&body)? });
        }
        Ok(filed)
    }
}

/// The events of somebody by their name of today.
pub(super) async fn events(connection: &mut AnyConnection, holder: &str) -> Result<Vec<Event>, Error> {
    let bodies: Vec<String> = sqlx::query_scalar(
        "SELECT e.body FROM members m JOIN events e ON e.member = m.member WHERE m.holder = $1 ORDER BY e.sequence",
    )
    .bind(holder)
    .fetch_all(connection)
    .await?;
    bodies.iter().map(|body| named(body, holder)).collect()
}

/// Members after one with their events. One row for each member: a database joins texts faster than rows are taken apart.
async fn page_of_events(
    connection: &mut AnyConnection,
    (kind, after): (Kind, &str),
) -> Result<Vec<(MemberId, Vec<Event>)>, Error> {
    let last: Option<String> = sqlx::query_scalar(
        "SELECT MAX(holder) FROM (SELECT holder FROM members WHERE holder > $1 AND member = holder \
         ORDER BY holder LIMIT $2) AS page",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_one(&mut *connection)
    .await?;
    let Some(last) = last else { return Ok(Vec::new()) };
    let question = match kind {
        Kind::Sqlite => {
            "SELECT m.holder, COALESCE(group_concat(e.body, char(10)), '') AS bodies FROM members m \
             LEFT JOIN events e ON e.member = m.member WHERE m.holder > $1 AND m.holder <= $2 \
             GROUP BY m.holder ORDER BY m.holder"
        }
        Kind::Postgres => {
            "SELECT m.holder, COALESCE(string_agg(e.body, chr(10)), '') AS bodies FROM members m \
             LEFT JOIN events e ON e.member = m.member WHERE m.holder > $1 AND m.holder <= $2 \
             GROUP BY m.holder ORDER BY m.holder"
        }
    };
    let rows = sqlx::query(question).bind(after).bind(last).fetch_all(connection).await?;
    let mut page = Vec::with_capacity(rows.len());
    for row in rows {
        let (holder, bodies): (String, String) = (row.try_get("holder")?, row.try_get("bodies")?);
        let events = bodies.lines().map(|body| named(body, &holder)).collect::<Result<_, _>>()?;
        if !holder.starts_with(WAITING) {
            page.push((holder, events));
        }
    }
    Ok(page)
}

fn named(body: &str, holder: &str) -> Result<Event, Error> {
    Ok(Event { member: holder.to_owned(), ..parse(body)? })
}

pub(super) fn parse(body: &str) -> Result<Event, Error> {
    serde_json::from_str(body).map_err(|error| Error::Damaged(format!("an event cannot be read: {error}")))
}
