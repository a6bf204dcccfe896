//! What a provider says of a purchase, asked and kept.
//!
//! Providers name things by their own names: a refund names a payment, a failed invoice a subscription. What was told before
//! answers. What nobody can read yet, such as the price of something that is not sold here, is kept until somebody can.

use sqlx::Row as _;

use super::address::Address;
use super::database::Ledger;
use super::{Error, customers, people};
use crate::members::event::Reference;
use crate::time::Timestamp;

/// Something that was sent and not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// Who sent it.
    pub source: String,
    /// What they call it.
    pub id: String,
    /// When it happened, as they say.
    pub at: Timestamp,
    /// What is not understood, and what to do about it. It names nobody.
    pub why: String,
    /// What was sent, word for word.
    pub payload: Vec<u8>,
}

impl Ledger {
    /// Keeps something that was not understood. The same once more changes only why.
    ///
    /// # Errors
    /// Where the database fails: then it is not kept.
    pub async fn keep_unread(
        &self,
        unread: &Unread,
        customer: Option<&str>,
        address: Option<&Address>,
    ) -> Result<(), Error> {
        let Unread { source, id, at, why, payload } = unread;
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO unread (source, id, at, why, customer_key, address_key, payload) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, id) DO UPDATE SET why = excluded.why",
        )
        .bind(source)
        .bind(id)
        .bind(at.seconds())
        .bind(why)
        .bind(customer.map(customers::customer_key).unwrap_or_default())
        .bind(address.map(Address::key).unwrap_or_default())
        .bind(payload.clone())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// What was not understood, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unread(&self) -> Result<Vec<Unread>, Error> {
        let rows = sqlx::query("SELECT source, id, at, why, payload FROM unread ORDER BY at, source, id")
            .fetch_all(self.reader())
            .await?;
        listed(rows)
    }

    /// What was not understood and is to be read again, of sources that are somebody's: at most so many, those that have waited
    /// longest first. What has been read in vain is read less and less often.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unread_due(
        &self,
        owns: &(dyn Fn(&str) -> bool + Sync),
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Unread>, Error> {
        let mut connection = self.reader().acquire().await?;
        let question = "SELECT source, id FROM unread WHERE next_try <= $1 ORDER BY next_try, source, id";
        let names = sqlx::query(question).bind(now.seconds()).fetch_all(&mut *connection).await?;
        let mut due = Vec::new();
        for name in names {
            let (source, id): (String, String) = (name.try_get("source")?, name.try_get("id")?);
            if !owns(&source) {
                continue;
            }
            let question = "SELECT source, id, at, why, payload FROM unread WHERE source = $1 AND id = $2";
            let rows = sqlx::query(question).bind(source).bind(id).fetch_all(&mut *connection).await?;
            due.extend(listed(rows)?);
            if due.len() >= most {
                break;
            }
        }
        // What happened first is read first: later news may build on it.
        due.sort_by(|a, b| (a.at, &a.source, &a.id).cmp(&(b.at, &b.source, &b.id)));
        Ok(due)
    }

    /// Notes that some were read again in vain: each is left alone for ten minutes, then for twice as long as the last time, up to
    /// four hours.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn read_in_vain(&self, unread: &[Unread], now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        for Unread { source, id, .. } in unread {
            let question = "SELECT attempts FROM unread WHERE source = $1 AND id = $2";
            let attempts: Option<i64> =
                sqlx::query_scalar(question).bind(source).bind(id).fetch_optional(&mut *transaction).await?;
            let Some(attempts) = attempts else { continue };
            let doubled = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
            sqlx::query("UPDATE unread SET attempts = $3, next_try = $4 WHERE source = $1 AND id = $2")
                .bind(source)
                .bind(id)
                .bind(attempts.saturating_add(1))
                .bind(now.seconds().saturating_add((PAUSE << doubled).min(LONGEST)))
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Lets everything that was not understood be read again at once: what is sold here may be something else now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unread_anew(&self) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE unread SET next_try = 0 WHERE next_try > 0").execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// What was not understood of what a source said of a customer, or of nobody whom it names: at most 200, the oldest.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unread_of(&self, source: &str, customer: &str) -> Result<Vec<Unread>, Error> {
        let rows = sqlx::query(
            "SELECT source, id, at, why, payload FROM unread WHERE source = $1 AND customer_key IN ($2, '') \
             ORDER BY at, id LIMIT 200",
        )
        .bind(source)
        .bind(customers::customer_key(customer))
        .fetch_all(self.reader())
        .await?;
        listed(rows)
    }

    /// Drops something that is understood now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn was_read(&self, source: &str, id: &str) -> Result<(), Error> {
        let kept: Option<i64> = sqlx::query_scalar("SELECT at FROM unread WHERE source = $1 AND id = $2")
            .bind(source)
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        // Most of what comes is understood at once, and nothing of it was kept.
        if kept.is_none() {
            return Ok(());
        }
        let mut turn = self.turn().await?;
        let dropped = sqlx::query("DELETE FROM unread WHERE source = $1 AND id = $2")
            .bind(source)
            .bind(id)
            .execute(&mut *turn)
            .await;
        turn.end(dropped.map(drop).map_err(Error::from)).await
    }

    /// Whether a source told of a grant's beginning.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has_grant(&self, source: &str, grant: &str) -> Result<bool, Error> {
        Ok(people::by_grant(&mut *self.reader().acquire().await?, source, grant).await?.is_some())
    }

    /// The grants that a payment paid, in the order of their names.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn paid_by(&self, source: &str, payment: &str) -> Result<Vec<Reference>, Error> {
        let question = "SELECT reference FROM payments WHERE source = $1 AND payment = $2 ORDER BY reference";
        Ok(sqlx::query_scalar(question).bind(source).bind(payment).fetch_all(self.reader()).await?)
    }
}

/// How long something is left alone that was read in vain once, and at most, in seconds.
const PAUSE: i64 = 600;
const LONGEST: i64 = 4 * 3_600;

fn listed(rows: Vec<sqlx::any::AnyRow>) -> Result<Vec<Unread>, Error> {
    let mut unread = Vec::with_capacity(rows.len());
    for row in rows {
        let at = Timestamp::saturating(row.try_get("at")?);
        let (source, id) = (row.try_get("source")?, row.try_get("id")?);
        unread.push(Unread { source, id, at, why: row.try_get("why")?, payload: row.try_get("payload")? });
    }
    Ok(unread)
}
