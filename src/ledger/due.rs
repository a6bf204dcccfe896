//! What time alone changes: told when it is due, and found again when the rules of the site have changed.

use std::fmt::Write as _;

use super::append::Mark;
use super::database::Ledger;
use super::{Error, Present, read};
use crate::digest::sha256_hex;
use crate::members::event::MemberId;

/// How many members are gone through in one transaction.
const PAGE: i64 = 200;

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
        self.reckon(present).await?;
        let due: Vec<MemberId> = sqlx::query_scalar(
            "SELECT member FROM members WHERE due <= $1 AND member = holder ORDER BY due, member LIMIT $2",
        )
        .bind(present.now.seconds())
        .bind(i64::from(most))
        .fetch_all(self.reader())
        .await?;
        for member in &due {
            self.tell(std::slice::from_ref(member), present).await?;
        }
        Ok(due.len())
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
            .bind(PAGE)
            .fetch_all(self.reader())
            .await?;
            let Some(last) = members.last() else { break };
            after.clone_from(last);
            self.tell(&members, present).await?;
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
    async fn tell(&self, members: &[MemberId], present: &Present<'_>) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        for member in members {
            let mark = Mark::take(&mut transaction, member).await?;
            let events = read::events(&mut transaction, &mark.member).await?;
            mark.settle(&mut transaction, (&events, &events), present).await?;
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
