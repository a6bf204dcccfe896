//! Links that sign people in, sessions and the keys of tokens: what several instances of the service must agree about.
//!
//! Secrets that people hold lie here as hashes alone; whoever reads the database can sign in as nobody. The keys of tokens
//! are whole, for somebody must sign with them.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::Error;
use super::address::Address;
use super::database::Ledger;
use crate::members::event::MemberId;
use crate::time::Timestamp;

/// How often a link may be tried with a wrong address.
const MISSES: i64 = 5;

/// A link that was mailed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The hash of its secret.
    pub hash: String,
    /// Where it was mailed to.
    pub address: String,
    /// The hash of what the browser that asked for it holds.
    pub browser: String,
    /// Where to go then: an encoded path.
    pub next: String,
    /// The free tier that was asked for with it; empty where none was.
    pub wish: String,
    /// The first instant at which it is good no more.
    pub until: Timestamp,
}

/// Somebody who is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The hash of its secret.
    pub hash: String,
    /// Who.
    pub member: MemberId,
    /// The first instant at which it is good no more.
    pub until: Timestamp,
}

/// A key that tokens are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// What tokens call it.
    pub kid: String,
    /// The private key, PKCS#8 in PEM.
    pub pem: String,
    /// From when on it is signed with.
    pub since: Timestamp,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("since", &self.since).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Keeps a link that is about to be mailed, and forgets those whose time is over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_link(&self, link: &Link, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        for statement in ["DELETE FROM links WHERE until <= $1", "DELETE FROM sessions WHERE until <= $1"] {
            sqlx::query(statement).bind(now.seconds()).execute(&mut *transaction).await?;
        }
        // However it was typed: it is deleted with its member.
        let key = link.address.parse::<Address>().map(|address| address.key().to_owned()).unwrap_or_default();
        sqlx::query(
            "INSERT INTO links (hash, address, browser, next, wish, until, misses, address_key) \
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
        )
        .bind(&link.hash)
        .bind(&link.address)
        .bind(&link.browser)
        .bind(&link.next)
        .bind(&link.wish)
        .bind(link.until.seconds())
        .bind(key)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// A link that is good now. It stays so.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn link(&self, hash: &str, now: Timestamp) -> Result<Option<Link>, Error> {
        let row = sqlx::query(
            "SELECT hash, address, browser, next, wish, until FROM links WHERE hash = $1 AND until > $2 AND misses < $3",
        )
        .bind(hash)
        .bind(now.seconds())
        .bind(MISSES)
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| link(&row)).transpose()
    }

    /// Notes that somebody who has the link says whose it is, before that is compared: of many who guess at once no more
    /// may than one after the other. After a few times it is good no more, and this is `false`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn try_link(&self, hash: &str) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        let tried = sqlx::query("UPDATE links SET misses = misses + 1 WHERE hash = $1 AND misses < $2")
            .bind(hash)
            .bind(MISSES)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(tried.rows_affected() == 1)
    }

    /// Uses a link up. Of several who try at once one is told that it was good.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_link(&self, hash: &str, now: Timestamp) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        // The last try may have been the right one.
        let taken = sqlx::query("DELETE FROM links WHERE hash = $1 AND until > $2 AND misses <= $3")
            .bind(hash)
            .bind(now.seconds())
            .bind(MISSES)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Keeps a session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_session(&self, session: &Session) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO sessions (hash, member, until) VALUES ($1, $2, $3)")
            .bind(&session.hash)
            .bind(&session.member)
            .bind(session.until.seconds())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// A session that is good now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session(&self, hash: &str, now: Timestamp) -> Result<Option<Session>, Error> {
        let row = sqlx::query("SELECT hash, member, until FROM sessions WHERE hash = $1 AND until > $2")
            .bind(hash)
            .bind(now.seconds())
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let until: i64 = row.try_get("until")?;
        let until = Timestamp::saturating(until);
        Ok(Some(Session { hash: row.try_get("hash")?, member: row.try_get("member")?, until }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_session(&self, hash: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(hash).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// What references at checkouts are signed with; the first time, what is brought for it is kept.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn checkout_secret(&self, fresh: Option<&str>) -> Result<Option<String>, Error> {
        if let Some(fresh) = fresh {
            let mut transaction = self.begin().await?;
            sqlx::query("INSERT INTO checkout_secret (one, secret) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
                .bind(fresh)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        Ok(sqlx::query_scalar("SELECT secret FROM checkout_secret").fetch_optional(self.reader()).await?)
    }

    /// All keys of tokens, the oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, Error> {
        let rows = sqlx::query("SELECT kid, pem, since FROM signing_keys ORDER BY since, kid");
        let mut keys = Vec::new();
        for row in rows.fetch_all(self.reader()).await? {
            let since: i64 = row.try_get("since")?;
            let since = Timestamp::saturating(since);
            keys.push(SigningKey { kid: row.try_get("kid")?, pem: row.try_get("pem")?, since });
        }
        Ok(keys)
    }

    /// Adds a key of tokens, and deletes others that are over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_signing_key(&self, key: &SigningKey, over: &[&str]) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        for kid in over {
            sqlx::query("DELETE FROM signing_keys WHERE kid = $1").bind(*kid).execute(&mut *transaction).await?;
        }
        sqlx::query("INSERT INTO signing_keys (kid, pem, since) VALUES ($1, $2, $3)")
            .bind(&key.kid)
            .bind(&key.pem)
            .bind(key.since.seconds())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

fn link(row: &AnyRow) -> Result<Link, Error> {
    let until: i64 = row.try_get("until")?;
    Ok(Link {
        hash: row.try_get("hash")?,
        address: row.try_get("address")?,
        browser: row.try_get("browser")?,
        next: row.try_get("next")?,
        wish: row.try_get("wish")?,
        until: Timestamp::saturating(until),
    })
}
