//! What is told, and what became of it at each place that is told: who delivers it, and in which order.
//!
//! Each notification arrives at each place at least once, and those of one member one after the other: the next is given out
//! when the one before it has arrived or was given up. Whoever takes one has it for some time; if they die, another takes
//! it. It refuses to know how anything is delivered.

use sqlx::{AnyConnection, Row as _};

use super::database::{Kind, Ledger};
use super::endpoints::{self, Health};
use super::{Error, Refused};
use crate::time::Timestamp;

/// A notification as it is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct News {
    /// Its name: the same at each attempt and at each place, so that receivers see what they had before.
    pub id: String,
    /// Of whom it tells.
    pub member: String,
    /// Its number among that member's, from 1.
    pub number: i64,
    /// What kind of news it is.
    pub kind: String,
    /// When it came about.
    pub at: Timestamp,
    /// The news, as JSON.
    pub body: String,
}

/// A notification on its way to a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// What is told.
    pub news: News,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// How many of those before have failed: the others were broken off with the program that made them.
    pub failures: i64,
}

/// What came of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It arrived.
    Arrived,
    /// It did not, and is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Until when the place asked to be left alone altogether.
        rests: Option<Timestamp>,
        /// Why it did not arrive.
        why: String,
    },
    /// It did not, and is given up: the next of that member has its turn.
    Dead {
        /// Why it did not arrive.
        why: String,
    },
    /// The place wants nothing more: what waits for it stays until somebody says what becomes of it.
    Gone {
        /// What it said.
        why: String,
    },
}

/// A line of the log of notifications.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What is told.
    pub news: News,
    /// When it came about.
    pub at: Timestamp,
    /// What became of it at each place, in the order of their names.
    pub ways: Vec<Way>,
}

/// What became of a notification at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Way {
    /// The place.
    pub endpoint: String,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it did not arrive the last time.
    pub why: Option<String>,
}

/// What became of a notification at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// To be tried at that instant.
    Waiting(Timestamp),
    /// It arrived at that instant.
    Delivered(Timestamp),
    /// Given up at that instant.
    Dead(Timestamp),
}

/// What is looked for in the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// The news of one member.
    pub member: Option<&'a str>,
    /// What one place is told.
    pub endpoint: Option<&'a str>,
    /// What was given up.
    pub dead: bool,
    /// What has not arrived yet, or was given up.
    pub open: bool,
    /// At most so many, the newest.
    pub most: u32,
}

/// What is sent again.
#[derive(Clone, Copy, Debug)]
pub enum Replay<'a> {
    /// One notification, by its name.
    One(&'a str),
    /// Everything that was given up and came about at an instant or later.
    Dead(Timestamp),
    /// Everything that came about at an instant or later, whether it arrived or not, or was never meant for a place.
    All(Timestamp),
}

impl Ledger {
    /// Takes notifications to deliver to a place: at most so many, no two of one member. Nobody else gets them before
    /// `until`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claim(
        &self,
        endpoint: &str,
        (now, until): (Timestamp, Timestamp),
        most: u32,
    ) -> Result<Vec<Delivery>, Error> {
        macro_rules! due {
            ($lock:literal) => {
                concat!(
                    "SELECT d.member, d.number, d.attempts, d.failures, o.id, o.kind, o.at, o.body FROM deliveries d \
                     JOIN outbox o ON o.member = d.member AND o.number = d.number \
                     WHERE d.endpoint = $1 AND d.state = 'waiting' AND d.next_attempt <= $2 \
                     AND NOT EXISTS (SELECT 1 FROM deliveries p WHERE p.endpoint = d.endpoint AND p.member = d.member \
                     AND p.number < d.number AND p.state = 'waiting') \
                     ORDER BY d.next_attempt, d.member, d.number LIMIT $3 ",
                    $lock
                )
            };
        }
        let question = |lock| match (lock, self.kind()) {
            (true, Kind::Postgres) => due!("FOR UPDATE OF d SKIP LOCKED"),
            _ => due!(""),
        };
        let ask = |lock, most: u32| {
            sqlx::query(question(lock)).bind(endpoint.to_owned()).bind(now.seconds()).bind(i64::from(most))
        };
        let room = endpoints::room(&mut *self.reader().acquire().await?, endpoint, (now, most)).await?;
        // Nobody who writes waits for a look at an empty queue.
        if room == 0 || ask(false, 1).fetch_optional(self.reader()).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut transaction = self.begin().await?;
        let mut claimed = Vec::new();
        for row in ask(true, room).fetch_all(&mut *transaction).await? {
            let attempts: i64 = row.try_get("attempts")?;
            claimed.push(Delivery { news: news(&row)?, attempt: attempts + 1, failures: row.try_get("failures")? });
        }
        for Delivery { news, attempt, failures: _ } in &claimed {
            sqlx::query(
                "UPDATE deliveries SET attempts = $4, next_attempt = $5 \
                 WHERE endpoint = $1 AND member = $2 AND number = $3",
            )
            .bind(endpoint)
            .bind(&news.member)
            .bind(news.number)
            .bind(*attempt)
            .bind(until.seconds())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(claimed)
    }

    /// Notes what came of attempts at a place. That something arrived is true, whoever says so; a failure that another
    /// attempt has overtaken says nothing.
    ///
    /// # Errors
    /// Where the database fails: then all of it will be delivered again.
    pub async fn attempted(
        &self,
        endpoint: &str,
        attempts: &[(Delivery, Outcome)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let mut health = Health::default();
        for (delivery, outcome) in attempts {
            let (state, at, why) = match outcome {
                Outcome::Arrived => ("delivered", now, ""),
                Outcome::Again { at, why, .. } => ("waiting", *at, why.as_str()),
                Outcome::Dead { why } => ("dead", now, why.as_str()),
                Outcome::Gone { why } => ("waiting", now, why.as_str()),
            };
            match outcome {
                Outcome::Arrived => health.arrived = true,
                Outcome::Again { rests, .. } => {
                    health.failed += 1;
                    health.rests = health.rests.max(*rests);
                }
                Outcome::Dead { .. } => health.failed += 1,
                Outcome::Gone { .. } => health.gone = true,
            }
            let of = (endpoint, delivery);
            let written = write(&mut transaction, of, (state, at, why)).await?;
            // Behind a first attempt that arrived nothing was moved.
            if written && (delivery.attempt > 1 || state == "waiting") {
                move_those_behind(&mut transaction, of, at).await?;
            }
        }
        endpoints::note(&mut transaction, endpoint, (health, now)).await?;
        Ok(transaction.commit().await?)
    }

    /// Sends again what arrived, or was given up: at one place, or at all that it was for. How many notifications that are.
    ///
    /// # Errors
    /// [`Refused::NotTold`] where none of that name can be, and [`Refused::NoEndpoint`].
    pub async fn replay(&self, replay: Replay<'_>, endpoint: Option<&str>, now: Timestamp) -> Result<u64, Error> {
        let known = self.endpoints().await?;
        let named = |name: &&endpoints::Known| endpoint.is_none_or(|endpoint| endpoint == name.endpoint);
        let places: Vec<&endpoints::Known> = known.iter().filter(named).collect();
        if let (Some(endpoint), []) = (endpoint, places.as_slice()) {
            return Err(Refused::NoEndpoint(endpoint.to_owned()).into());
        }
        let (id, since, dead) = match replay {
            Replay::One(id) => (id, Timestamp::MIN, false),
            Replay::Dead(since) => ("", since, true),
            Replay::All(since) => ("", since, false),
        };
        let mut transaction = self.begin().await?;
        // Nothing that was told of somebody before they were forgotten.
        let question = "SELECT member, number, kind FROM outbox o WHERE ($1 = '' OR o.id = $1) AND o.at >= $2 \
                        AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.member = o.member AND e.number > o.number \
                        AND e.kind = 'member.erased') ORDER BY member, number";
        let rows = sqlx::query(question).bind(id).bind(since.seconds()).fetch_all(&mut *transaction).await?;
        let mut count = 0;
        for row in &rows {
            let (member, number, kind): (String, i64, String) =
                (row.try_get("member")?, row.try_get("number")?, row.try_get("kind")?);
            for place in &places {
                let of = (place.endpoint.as_str(), (member.as_str(), number));
                let mut again = revive(&mut transaction, of, (dead, now)).await?;
                // What a place was never meant to be told it is told only where it is named.
                if !again && !dead && endpoint.is_some() && endpoints::wants(&place.kinds, &kind) {
                    again = endpoints::queue(&mut transaction, of.0, of.1, now).await?;
                }
                count += u64::from(again);
            }
        }
        if count == 0 && !id.is_empty() {
            return Err(Refused::NotTold(id.to_owned()).into());
        }
        transaction.commit().await?;
        Ok(count)
    }

    /// The log of what was told of a member and what is still to be told, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn told(&self, member: &str) -> Result<Vec<Entry>, Error> {
        self.log(&Wish { member: Some(member), most: u32::MAX, ..Wish::default() }).await
    }

    /// The log of what was told, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn log(&self, wish: &Wish<'_>) -> Result<Vec<Entry>, Error> {
        let question = "SELECT id, member, number, kind, at, body FROM outbox o WHERE ($1 = '' OR member = $1) \
                        AND (($2 = '' AND $3 = 0 AND $4 = 0) OR EXISTS (SELECT 1 FROM deliveries d \
                        WHERE d.member = o.member AND d.number = o.number AND ($2 = '' OR d.endpoint = $2) \
                        AND ($3 = 0 OR d.state = 'dead') AND ($4 = 0 OR d.state <> 'delivered'))) \
                        ORDER BY at DESC, member DESC, number DESC LIMIT $5";
        let own = "SELECT id, member, number, kind, at, body FROM outbox WHERE member = $1 ORDER BY number DESC";
        let everything = wish.endpoint.is_none() && !wish.dead && !wish.open && wish.most == u32::MAX;
        let mut connection = self.reader().acquire().await?;
        let mut rows = match wish.member.filter(|_| everything) {
            Some(member) => sqlx::query(own).bind(member).fetch_all(&mut *connection).await?,
            None => {
                sqlx::query(question)
                    .bind(wish.member.unwrap_or_default())
                    .bind(wish.endpoint.unwrap_or_default())
                    .bind(i64::from(wish.dead))
                    .bind(i64::from(wish.open))
                    .bind(i64::from(wish.most))
                    .fetch_all(&mut *connection)
                    .await?
            }
        };
        rows.reverse();
        let mut told = Vec::with_capacity(rows.len());
        for row in &rows {
            let news = news(row)?;
            let ways = ways(&mut connection, (&news.member, news.number)).await?;
            told.push(Entry { at: news.at, news, ways });
        }
        Ok(told)
    }
}

async fn ways(connection: &mut AnyConnection, (member, number): (&str, i64)) -> Result<Vec<Way>, Error> {
    let question = "SELECT endpoint, state, attempts, next_attempt, ended, why FROM deliveries \
                    WHERE member = $1 AND number = $2 ORDER BY endpoint";
    let mut ways = Vec::new();
    for row in sqlx::query(question).bind(member).bind(number).fetch_all(connection).await? {
        let instant = |column| row.try_get(column).map(|seconds: i64| Timestamp::saturating(seconds));
        let (state, why): (String, String) = (row.try_get("state")?, row.try_get("why")?);
        let state = match state.as_str() {
            "delivered" => State::Delivered(instant("ended")?),
            "dead" => State::Dead(instant("ended")?),
            _ => State::Waiting(instant("next_attempt")?),
        };
        let why = Some(why).filter(|why| !why.is_empty());
        ways.push(Way { endpoint: row.try_get("endpoint")?, state, attempts: row.try_get("attempts")?, why });
    }
    Ok(ways)
}

/// Writes what became of a notification; whether that is the last word on it.
async fn write(
    connection: &mut AnyConnection,
    (endpoint, delivery): (&str, &Delivery),
    (state, at, why): (&str, Timestamp, &str),
) -> Result<bool, Error> {
    let statement = if state == "delivered" {
        "UPDATE deliveries SET state = $5, ended = $6, why = $7 WHERE endpoint = $1 AND member = $2 AND number = $3 \
         AND state <> 'delivered' AND $4 > 0"
    } else if state == "dead" {
        "UPDATE deliveries SET state = $5, ended = $6, why = $7, failures = failures + 1 \
         WHERE endpoint = $1 AND member = $2 AND number = $3 AND attempts = $4 AND state = 'waiting'"
    } else {
        "UPDATE deliveries SET state = $5, next_attempt = $6, why = $7, failures = failures + 1 WHERE endpoint = $1 AND member = $2 \
         AND number = $3 AND attempts = $4 AND state = 'waiting'"
    };
    let written = sqlx::query(statement)
        .bind(endpoint)
        .bind(&delivery.news.member)
        .bind(delivery.news.number)
        .bind(delivery.attempt)
        .bind(state)
        .bind(at.seconds())
        .bind(why)
        .execute(connection)
        .await?;
    Ok(written.rows_affected() > 0)
}

/// What waits behind a notification need not be looked at before it is that one's turn again.
async fn move_those_behind(
    connection: &mut AnyConnection,
    (endpoint, delivery): (&str, &Delivery),
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE deliveries SET next_attempt = $4 WHERE endpoint = $1 AND member = $2 AND number > $3 \
         AND state = 'waiting'",
    )
    .bind(endpoint)
    .bind(&delivery.news.member)
    .bind(delivery.news.number)
    .bind(at.seconds())
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets something wait again that has arrived or was given up.
async fn revive(
    connection: &mut AnyConnection,
    (endpoint, (member, number)): (&str, (&str, i64)),
    (dead, now): (bool, Timestamp),
) -> Result<bool, Error> {
    let revived = sqlx::query(
        "UPDATE deliveries SET state = 'waiting', attempts = 0, failures = 0, next_attempt = $4, ended = -1, why = '' \
         WHERE endpoint = $1 AND member = $2 AND number = $3 AND (state = 'dead' OR ($5 = 0 AND state = 'delivered'))",
    )
    .bind(endpoint)
    .bind(member)
    .bind(number)
    .bind(now.seconds())
    .bind(i64::from(dead))
    .execute(connection)
    .await?;
    Ok(revived.rows_affected() > 0)
}

fn news(row: &sqlx::any::AnyRow) -> Result<News, sqlx::Error> {
    Ok(News {
        id: row.try_get("id")?,
        member: row.try_get("member")?,
        number: row.try_get("number")?,
        kind: row.try_get("kind")?,
        at: Timestamp::saturating(row.try_get("at")?),
        body: row.try_get("body")?,
    })
}
