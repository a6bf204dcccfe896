//! What time alone changes: told when it is due, and found again when the rules of the site, or its pages, have changed.

use std::fmt::Write as _;

use sqlx::Row as _;

use super::append::TRIES;
use super::database::Ledger;
use super::mark::{Mark, Openings};
use super::{Error, Present, read};
use crate::digest::sha256_hex;
use crate::members::Pages;
use crate::members::event::MemberId;
use crate::time::Timestamp;

/// How many members are gone through in one transaction.
const PAGE: usize = 50;
/// How often it is written down that everything was told, in seconds.
const NOTED: i64 = 60;
/// For how long a newer manifest is waited for that another instance has, in seconds: then the older one is in force again.
const PATIENCE: i64 = 180;

impl Ledger {
    /// Tells what time alone has changed, of at most so many members, and says of how many. Where it says as many as were
    /// asked for, there may be more.
    ///
    /// When something is due was worked out by the rules of that day: where they are others now, all members are gone
    /// through first. What other rules change about the time that was told already is no news.
    ///
    /// # Errors
    /// Where the database fails: what was told until then is kept.
    pub async fn tick(&self, most: u32, present: &Present<'_>) -> Result<usize, Error> {
        self.tick_with(most, present, None).await
    }

    /// The same, and tells which pages opened, where it is known which there are. Of a manifest that is new, or that has not
    /// been seen for a while, it is told what opens from then on; where its instants are others, all members are looked at.
    ///
    /// # Errors
    /// As [`Ledger::tick`].
    pub async fn tick_with(&self, most: u32, present: &Present<'_>, pages: Option<&Pages<'_>>) -> Result<usize, Error> {
        self.reckon(present).await?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let openings = match pages {
            Some(pages) => self.openings(pages, present.now).await?.map(|since| Openings { pages, since }),
            None => None,
        };
        let question = "SELECT member FROM members WHERE due <= $1 AND member = holder ORDER BY due, member LIMIT $2";
        let mut told = self.tell_due(question, most, (present, openings)).await?;
        if openings.is_some() && told < most {
            let question =
                "SELECT member FROM members WHERE opens <= $1 AND member = holder ORDER BY opens, member LIMIT $2";
            told += self.tell_due(question, most - told, (present, openings)).await?;
        }
        if openings.is_some() && told < most {
            self.looked(present.now).await?;
        }
        Ok(told)
    }

    async fn tell_due(
        &self,
        question: &'static str,
        most: usize,
        present: (&Present<'_>, Option<Openings<'_>>),
    ) -> Result<usize, Error> {
        let mut due: Vec<MemberId> = sqlx::query_scalar(question)
            .bind(present.0.now.seconds())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
        // In one order, so that two instances cannot wait for each other.
        due.sort_unstable();
        for members in due.chunks(PAGE) {
            self.tell(members, present).await?;
        }
        Ok(due.len())
    }

    /// From when on it is told what opens, by this manifest; nothing where another one is in force that is newer.
    async fn openings(&self, pages: &Pages<'_>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let timetable = sha256_hex(pages.timetable().as_bytes());
        let version = i64::try_from(pages.version()).unwrap_or(i64::MAX);
        let question = "SELECT timetable, version, since, looked FROM ledger_openings";
        let mut since = now;
        if let Some(row) = sqlx::query(question).fetch_optional(self.reader()).await? {
            let instant = |column| row.try_get(column).map(|seconds: i64| Timestamp::saturating(seconds));
            let (known, newest): (String, i64) = (row.try_get("timetable")?, row.try_get("version")?);
            let looked = instant("looked")?;
            if known == timetable {
                return instant("since").map(Some).map_err(Error::from);
            }
            if version < newest && now.seconds() - looked.seconds() < PATIENCE {
                return Ok(None);
            }
            since = looked.min(now);
        }
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO ledger_openings (one, timetable, version, since, looked) VALUES (1, $1, $2, $3, $3) \
             ON CONFLICT (one) DO UPDATE SET timetable = excluded.timetable, version = excluded.version, \
             since = excluded.since",
        )
        .bind(timetable)
        .bind(version)
        .bind(since.seconds())
        .execute(&mut *transaction)
        .await?;
        // When something opens next is worked out anew for everybody, page by page.
        sqlx::query("UPDATE members SET opens = $1 WHERE opens > $1 AND member = holder")
            .bind(now.seconds())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(since))
    }

    /// Notes that everything was told that opened until now.
    async fn looked(&self, now: Timestamp) -> Result<(), Error> {
        let looked: Option<i64> =
            sqlx::query_scalar("SELECT looked FROM ledger_openings").fetch_optional(self.reader()).await?;
        if looked.is_some_and(|looked| now.seconds() - looked < NOTED) {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE ledger_openings SET looked = $1 WHERE looked < $1")
            .bind(now.seconds())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Works out anew when each member changes next, if the rules are not those by which that was done.
    async fn reckon(&self, present: &Present<'_>) -> Result<(), Error> {
        let rules = fingerprint(present);
        let known: Option<String> =
            sqlx::query_scalar("SELECT rules FROM ledger_rules").fetch_optional(self.reader()).await?;
        if known.as_deref() == Some(rules.as_str()) {
            return Ok(());
        }
        let mut after = String::new();
        loop {
            let members: Vec<MemberId> = sqlx::query_scalar(
                "SELECT member FROM members WHERE member = holder AND member > $1 ORDER BY member LIMIT $2",
            )
            .bind(&after)
            .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
            let Some(last) = members.last() else { break };
            after.clone_from(last);
            self.tell(&members, (present, None)).await?;
        }
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO ledger_rules (one, rules) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET rules = excluded.rules",
        )
        .bind(rules)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Tells what time has changed for some members, in the order of their names.
    async fn tell(&self, members: &[MemberId], present: (&Present<'_>, Option<Openings<'_>>)) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            match self.try_to_tell(members, present).await {
                Err(error) if error.will_pass() && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn try_to_tell(
        &self,
        members: &[MemberId],
        present: (&Present<'_>, Option<Openings<'_>>),
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        for member in members {
            let mark = Mark::take(&mut transaction, member).await?;
            let events = read::events(&mut transaction, &mark.member).await?;
            mark.settle_all(&mut transaction, (&events, &events), present).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// The same for the same rules.
fn fingerprint(present: &Present<'_>) -> String {
    let crate::members::Rules { catalogue, billing, zone } = present.rules;
    let mut text = String::new();
    // Writing to a string cannot fail; and if it did, members would be gone through once more.
    if write!(text, "{catalogue:?}{billing:?}{:?}", zone.iana_name()).is_err() {
        text.clear();
    }
    sha256_hex(text.as_bytes())
}
