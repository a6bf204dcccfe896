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

    /// What was not understood of what a source said of a customer, or of nobody whom it names.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unread_of(&self, source: &str, customer: &str) -> Result<Vec<Unread>, Error> {
        let rows = sqlx::query(
            "SELECT source, id, at, why, payload FROM unread WHERE source = $1 AND customer_key IN ($2, '') \
             ORDER BY at, id",
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

fn listed(rows: Vec<sqlx::any::AnyRow>) -> Result<Vec<Unread>, Error> {
    let mut unread = Vec::with_capacity(rows.len());
    for row in rows {
        let at = Timestamp::saturating(row.try_get("at")?);
        let (source, id) = (row.try_get("source")?, row.try_get("id")?);
        unread.push(Unread { source, id, at, why: row.try_get("why")?, payload: row.try_get("payload")? });
    }
    Ok(unread)
}
