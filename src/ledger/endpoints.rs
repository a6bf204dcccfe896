//! Where notifications go: what the ledger knows of each place, so that whoever tells something queues it for all of them,
//! also a command that has never heard of one.
//!
//! Addresses and secrets are in a file of whoever runs the site. Here are names, what each wants to be told, and how it does.

use sqlx::{AnyConnection, Row as _};

use super::database::Ledger;
use super::{Error, Refused};
use crate::digest::sha256_hex;
use crate::time::Timestamp;

/// A place that is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its name.
    pub endpoint: String,
    /// What it wants to be told: names of notifications, or `tier.*`; empty for everything.
    pub kinds: Vec<String>,
    /// Since when it is told.
    pub since: Timestamp,
    /// When a program last had it among its endpoints.
    pub seen: Timestamp,
    /// When it said that it wants nothing more (410 Gone).
    pub gone: Option<Timestamp>,
    /// How many attempts in a row have failed.
    pub failures: i64,
    /// Until when it is left alone.
    pub rests: Option<Timestamp>,
    /// How many notifications wait for it, have arrived, and were given up.
    pub counts: [i64; 3],
    /// Why the last of those that wait, or were given up, did not arrive.
    pub why: Option<String>,
}

/// What is sent where.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The name of the endpoint.
    pub endpoint: &'a str,
    /// Its URL: a hash of it is kept.
    pub url: &'a str,
    /// What it wants to be told; empty for everything.
    pub kinds: &'a [String],
}

/// For how long something is queued for a place that no program knows any longer, in seconds.
const KEPT: i64 = 30 * 86_400;
/// How many failures in a row are taken for the fault of single notifications.
const FEW: i64 = 5;
/// How long a place rests then, doubled with each failure, and at most, in seconds.
const REST: (i64, i64) = (5, 300);

impl Ledger {
    /// Says that a place is to be told: what comes about from its first time on. One that has another URL than before is
    /// tried again, whatever became of the old one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn register(&self, place: &Place<'_>, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO endpoints (endpoint, address, kinds, since, seen, gone, failures, rests) \
             VALUES ($1, $2, $3, $4, $4, -1, 0, -1) ON CONFLICT (endpoint) DO UPDATE SET seen = excluded.seen, \
             kinds = excluded.kinds, address = excluded.address, \
             gone = CASE WHEN endpoints.address = excluded.address THEN endpoints.gone ELSE -1 END, \
             failures = CASE WHEN endpoints.address = excluded.address THEN endpoints.failures ELSE 0 END, \
             rests = CASE WHEN endpoints.address = excluded.address THEN endpoints.rests ELSE -1 END",
        )
        .bind(place.endpoint)
        .bind(sha256_hex(place.url.as_bytes()))
        .bind(place.kinds.join(" "))
        .bind(now.seconds())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// All places, and how they do, in the order of their names.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn endpoints(&self) -> Result<Vec<Known>, Error> {
        let mut connection = self.reader().acquire().await?;
        let question = "SELECT endpoint, kinds, since, seen, gone, failures, rests FROM endpoints ORDER BY endpoint";
        let mut known = Vec::new();
        for row in sqlx::query(question).fetch_all(&mut *connection).await? {
            let endpoint: String = row.try_get("endpoint")?;
            let instant = |column| row.try_get(column).map(|seconds: i64| Timestamp::try_from(seconds).ok());
            let mut counts = [0; 3];
            for (count, state) in counts.iter_mut().zip(["waiting", "delivered", "dead"]) {
                *count = sqlx::query_scalar("SELECT COUNT(*) FROM deliveries WHERE endpoint = $1 AND state = $2")
                    .bind(&endpoint)
                    .bind(state)
                    .fetch_one(&mut *connection)
                    .await?;
            }
            let why = "SELECT why FROM deliveries WHERE endpoint = $1 AND state <> 'delivered' AND why <> '' \
                       ORDER BY next_attempt DESC, ended DESC LIMIT 1";
            let why = sqlx::query_scalar(why).bind(&endpoint).fetch_optional(&mut *connection).await?;
            known.push(Known {
                kinds: kinds(row.try_get("kinds")?),
                since: instant("since")?.unwrap_or(Timestamp::MIN),
                seen: instant("seen")?.unwrap_or(Timestamp::MIN),
                gone: instant("gone")?,
                failures: row.try_get("failures")?,
                rests: instant("rests")?,
                endpoint,
                counts,
                why,
            });
        }
        Ok(known)
    }

    /// Tries a place again that said it wants nothing more, or that rests.
    ///
    /// # Errors
    /// [`Refused::NoEndpoint`].
    pub async fn enable(&self, endpoint: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let found = sqlx::query("UPDATE endpoints SET gone = -1, failures = 0, rests = -1 WHERE endpoint = $1")
            .bind(endpoint)
            .execute(&mut *transaction)
            .await?;
        if found.rows_affected() == 0 {
            return Err(Refused::NoEndpoint(endpoint.to_owned()).into());
        }
        Ok(transaction.commit().await?)
    }

    /// Forgets a place, with all that waits for it.
    ///
    /// # Errors
    /// [`Refused::NoEndpoint`].
    pub async fn forget_endpoint(&self, endpoint: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let found =
            sqlx::query("DELETE FROM endpoints WHERE endpoint = $1").bind(endpoint).execute(&mut *transaction).await?;
        if found.rows_affected() == 0 {
            return Err(Refused::NoEndpoint(endpoint.to_owned()).into());
        }
        sqlx::query("DELETE FROM deliveries WHERE endpoint = $1").bind(endpoint).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// A place that may want to be told something.
#[derive(Debug)]
pub(super) struct Wanting {
    pub(super) endpoint: String,
    kinds: Vec<String>,
}

impl Wanting {
    /// Whether it wants to be told this.
    pub(super) fn wants(&self, kind: &str) -> bool {
        wants(&self.kinds, kind)
    }
}

/// Whether some wishes, `tier.added` or `tier.*`, name a kind of notification. No wish is for everything.
#[must_use]
pub fn wants(wishes: &[String], kind: &str) -> bool {
    let fits = |wish: &String| match wish.strip_suffix('*') {
        Some(group) => kind.starts_with(group),
        None => wish == kind,
    };
    wishes.is_empty() || wishes.iter().any(fits)
}

/// Whom something is told now. Of one that has gone it is kept too: it may have been a mistake.
pub(super) async fn wanting(connection: &mut AnyConnection, now: Timestamp) -> Result<Vec<Wanting>, Error> {
    let question = "SELECT endpoint, kinds FROM endpoints WHERE seen >= $1 ORDER BY endpoint";
    let rows = sqlx::query(question).bind(now.seconds() - KEPT).fetch_all(connection).await?;
    rows.iter()
        .map(|row| Ok(Wanting { endpoint: row.try_get("endpoint")?, kinds: kinds(row.try_get("kinds")?) }))
        .collect()
}

fn kinds(text: String) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Queues a notification for a place.
pub(super) async fn queue(
    connection: &mut AnyConnection,
    endpoint: &str,
    (member, number): (&str, i64),
    now: Timestamp,
) -> Result<bool, Error> {
    let queued = sqlx::query(
        "INSERT INTO deliveries (endpoint, member, number, state, attempts, failures, next_attempt, ended, why) \
         VALUES ($1, $2, $3, 'waiting', 0, 0, $4, -1, '') ON CONFLICT (endpoint, member, number) DO NOTHING",
    )
    .bind(endpoint)
    .bind(member)
    .bind(number)
    .bind(now.seconds())
    .execute(connection)
    .await?;
    Ok(queued.rows_affected() > 0)
}

/// How many notifications a place is given at once: none while it rests or is gone, one after it failed.
pub(super) async fn room(
    connection: &mut AnyConnection,
    endpoint: &str,
    (now, most): (Timestamp, u32),
) -> Result<u32, Error> {
    let question = "SELECT gone, failures, rests FROM endpoints WHERE endpoint = $1";
    let Some(row) = sqlx::query(question).bind(endpoint).fetch_optional(connection).await? else { return Ok(0) };
    let (gone, failures, rests): (i64, i64, i64) =
        (row.try_get("gone")?, row.try_get("failures")?, row.try_get("rests")?);
    Ok(match (gone >= 0 || rests > now.seconds(), failures) {
        (true, _) => 0,
        (false, 0..FEW) => most,
        (false, _) => most.min(1),
    })
}

/// How the attempts of a while went at a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Health {
    pub(super) arrived: bool,
    pub(super) failed: i64,
    pub(super) gone: bool,
    /// Until when it asked to be left alone.
    pub(super) rests: Option<Timestamp>,
}

/// Notes how a place does. While it fails, it is asked seldom; once something arrives, all is well.
pub(super) async fn note(
    connection: &mut AnyConnection,
    endpoint: &str,
    (health, now): (Health, Timestamp),
) -> Result<(), Error> {
    let question = "SELECT failures FROM endpoints WHERE endpoint = $1";
    let Some(known) = sqlx::query_scalar::<_, i64>(question).bind(endpoint).fetch_optional(&mut *connection).await?
    else {
        return Ok(());
    };
    let failures = if health.arrived { 0 } else { known.saturating_add(health.failed) };
    let doubled = u32::try_from(failures.saturating_sub(FEW)).unwrap_or(0).min(16);
    let rest = (failures >= FEW).then(|| Timestamp::saturating(now.seconds() + (REST.0 << doubled).min(REST.1)));
    let rests = rest.max(health.rests).map_or(-1, Timestamp::seconds);
    let gone = if health.gone { now.seconds() } else { -1 };
    if (known, failures, rests, gone) == (0, 0, -1, -1) {
        return Ok(());
    }
    sqlx::query(
        "UPDATE endpoints SET failures = $2, rests = $3, gone = CASE WHEN $4 < 0 THEN gone ELSE $4 END \
         WHERE endpoint = $1",
    )
    .bind(endpoint)
    .bind(failures)
    .bind(rests)
    .bind(gone)
    .execute(connection)
    .await?;
    Ok(())
}
