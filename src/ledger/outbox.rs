//! What is still to be told: who delivers it, and in which order.
//!
//! Each notification is delivered at least once, and those of one member one after the other: the next is given out when
//! the one before it was delivered or given up. Whoever takes one has it for some time; if they die, another takes it. It
//! refuses to know how anything is delivered.

use sqlx::Row as _;

use super::database::{Kind, Ledger};
use super::{Error, Refused};
use crate::time::Timestamp;

/// A notification on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Its name: the same at each attempt, so that receivers see what they had before.
    pub id: String,
    /// Of whom it tells.
    pub member: String,
    /// Its number among that member's, from 1.
    pub number: i64,
    /// What kind of news it is.
    pub kind: String,
    /// The news, as JSON.
    pub body: String,
    /// Which attempt this is, from 1.
    pub attempt: i64,
}

/// A line of the log of notifications.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The notification; its attempt is the last one made, 0 for none.
    pub delivery: Delivery,
    /// When it happened.
    pub at: Timestamp,
    /// What became of it.
    pub state: State,
}

/// What became of a notification.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// To be tried at that instant.
    Waiting(Timestamp),
    /// Delivered at that instant.
    Delivered(Timestamp),
    /// Given up.
    Dead,
}

impl Ledger {
    /// Takes notifications to deliver: at most so many, no two of one member. Nobody else gets them before `until`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claim(&self, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<Delivery>, Error> {
        macro_rules! claim {
            ($lock:literal) => {
                concat!(
                    "UPDATE outbox SET attempts = attempts + 1, next_attempt = $2 WHERE (member, number) IN \
                     (SELECT o.member, o.number FROM outbox o WHERE o.state = 'waiting' AND o.next_attempt <= $1 \
                     AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.member = o.member AND p.number < o.number \
                     AND p.state = 'waiting') ORDER BY o.next_attempt, o.member, o.number LIMIT $3 ",
                    $lock,
                    ") RETURNING id, member, number, kind, body, attempts"
                )
            };
        }
        let statement = match self.kind() {
            Kind::Sqlite => claim!(""),
            Kind::Postgres => claim!("FOR UPDATE SKIP LOCKED"),
        };
        let mut transaction = self.begin().await?;
        let rows = sqlx::query(statement)
            .bind(now.seconds())
            .bind(until.seconds())
            .bind(i64::from(most))
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        rows.iter().map(|row| Ok(delivery(row)?)).collect()
    }

    /// Notes that a notification has arrived.
    ///
    /// # Errors
    /// Where the database fails: then it will be delivered again.
    pub async fn delivered(&self, delivery: &Delivery, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE outbox SET state = 'delivered', delivered = $2 WHERE id = $1 AND state <> 'delivered'")
            .bind(&delivery.id)
            .bind(now.seconds())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Notes that an attempt failed: the next one is at that instant, or there is none and the member's next notification
    /// has its turn. An attempt that another one has overtaken says nothing.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn failed(&self, delivery: &Delivery, again: Option<Timestamp>) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE outbox SET state = $3, next_attempt = $4 WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
        )
        .bind(&delivery.id)
        .bind(delivery.attempt)
        .bind(if again.is_some() { "waiting" } else { "dead" })
        .bind(again.map_or(0, Timestamp::seconds))
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Gives a dead notification another life.
    ///
    /// # Errors
    /// [`Refused::NotDead`] where none of that name is.
    pub async fn replay(&self, id: &str, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let found =
            sqlx::query("UPDATE outbox SET state = 'waiting', next_attempt = $2 WHERE id = $1 AND state = 'dead'")
                .bind(id)
                .bind(now.seconds())
                .execute(&mut *transaction)
                .await?;
        if found.rows_affected() == 0 {
            return Err(Refused::NotDead(id.to_owned()).into());
        }
        Ok(transaction.commit().await?)
    }

    /// The log of what was told of a member and what is still to be told, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn told(&self, member: &str) -> Result<Vec<Entry>, Error> {
        let rows = sqlx::query(
            "SELECT id, member, number, kind, body, attempts, at, state, next_attempt, delivered FROM outbox \
             WHERE member = $1 ORDER BY number",
        )
        .bind(member)
        .fetch_all(self.reader())
        .await?;
        let mut told = Vec::with_capacity(rows.len());
        for row in &rows {
            let instant = |column| row.try_get(column).map(|seconds: i64| Timestamp::saturating(seconds));
            let state: String = row.try_get("state")?;
            let state = match state.as_str() {
                "delivered" => State::Delivered(instant("delivered")?),
                "dead" => State::Dead,
                _ => State::Waiting(instant("next_attempt")?),
            };
            told.push(Entry { delivery: delivery(row)?, at: instant("at")?, state });
        }
        Ok(told)
    }
}

fn delivery(row: &sqlx::any::AnyRow) -> Result<Delivery, sqlx::Error> {
    Ok(Delivery {
        id: row.try_get("id")?,
        member: row.try_get("member")?,
        number: row.try_get("number")?,
        kind: row.try_get("kind")?,
        body: row.try_get("body")?,
        attempt: row.try_get("attempts")?,
    })
}
