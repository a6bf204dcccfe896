//! Customers: what sources call those who pay, whose they are, and how well that is shown.
//!
//! A customer is found by a hash, so that the name itself can be forgotten with its member.

use sqlx::{AnyConnection, Row as _};

use super::about::Proof;
use super::database::Ledger;
use super::names::WAITING;
use super::{Error, Refused, people};
use crate::digest::sha256_hex;
use crate::members::event::MemberId;

impl Ledger {
    /// Whether a source's customer is somebody who was forgotten.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_forgotten(&self, source: &str, customer: &str) -> Result<bool, Error> {
        let mut connection = self.reader().acquire().await?;
        let Some((member, _)) = by_customer(&mut connection, source, customer).await? else { return Ok(false) };
        match people::is_not_erased(&mut connection, &member).await {
            Err(Error::Refused(Refused::Erased(_))) => Ok(true),
            done => done.map(|()| false),
        }
    }
}

/// Whom a source means by a customer, and whether that was shown.
pub(super) async fn by_customer(
    connection: &mut AnyConnection,
    source: &str,
    customer: &str,
) -> Result<Option<(MemberId, bool)>, Error> {
    let row = sqlx::query("SELECT member, proved FROM customers WHERE source = $1 AND customer_key = $2")
        .bind(source)
        .bind(customer_key(customer))
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let proved: i64 = row.try_get("proved")?;
    Ok(Some((row.try_get("member")?, proved != 0)))
}

/// Remembers whom a source means by a customer. Who was meant first stays meant, unless another one is shown to be.
pub(super) async fn link(
    connection: &mut AnyConnection,
    (source, customer): (&str, &str),
    member: &str,
    proof: Proof,
) -> Result<(), Error> {
    let statement = match proof {
        Proof::None if !member.starts_with(WAITING) => {
            "INSERT INTO customers (source, customer_key, customer, member, proved) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (source, customer_key) DO NOTHING"
        }
        // With a purchase that waits its customer waits: accepting the one accepts the other.
        Proof::None | Proof::Enough => {
            "INSERT INTO customers (source, customer_key, customer, member, proved) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (source, customer_key) DO UPDATE SET member = excluded.member, proved = excluded.proved \
             WHERE customers.proved = 0"
        }
        Proof::Signed => {
            "INSERT INTO customers (source, customer_key, customer, member, proved) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (source, customer_key) DO UPDATE SET member = excluded.member, proved = excluded.proved"
        }
    };
    sqlx::query(statement)
        .bind(source)
        .bind(customer_key(customer))
        .bind(customer)
        .bind(member)
        .bind(match proof {
            Proof::None => 0,
            Proof::Enough => FIRST,
            Proof::Signed => SHOWN,
        })
        .execute(&mut *connection)
        .await?;
    match proof {
        Proof::Signed => doubt(connection, member).await,
        Proof::None | Proof::Enough => Ok(()),
    }
}

/// How a customer is proved: nothing was there that it could have changed; or the member has shown that it is theirs.
const FIRST: i64 = 1;
pub(super) const SHOWN: i64 = 2;

/// Believes a member's other customers no more than the address by which they came: somebody else may have typed it.
pub(super) async fn doubt(connection: &mut AnyConnection, member: &str) -> Result<(), Error> {
    sqlx::query("UPDATE customers SET proved = 0 WHERE member = $1 AND proved = $2")
        .bind(member)
        .bind(FIRST)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn customer_key(customer: &str) -> String {
    sha256_hex(customer.as_bytes())
}
