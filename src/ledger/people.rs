//! Who members are: the only tables with personal data, and all that moves between people.
//!
//! A purchase that came by an address alone lives under a name of its own (`w_…`); accepting it, and merging two members
//! into one, is the same deed: another name for whoever holds the events. Nothing is rewritten.

use sqlx::{AnyConnection, Row as _};

use super::address::Address;
use super::database::Ledger;
use super::mark::Mark;
use super::{Error, Present, Refused, customers, names, read};
use crate::members::event::{Event, MemberId, What};
use crate::time::Timestamp;

/// A purchase that waits until its member accepts it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The name it waits under.
    pub id: MemberId,
    /// Whose address it came with.
    pub member: MemberId,
    /// Since when.
    pub since: Timestamp,
}

impl Ledger {
    /// Who has an address.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn member_by_address(&self, address: &Address) -> Result<Option<MemberId>, Error> {
        by_address(&mut *self.reader().acquire().await?, address).await
    }

    /// Whoever has an address, or a new member with it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn join(&self, address: &Address) -> Result<MemberId, Error> {
        let mut transaction = self.begin().await?;
        let member = match by_address(&mut transaction, address).await? {
            Some(member) => member,
            None => join(&mut transaction, address).await?,
        };
        transaction.commit().await?;
        Ok(member)
    }

    /// Gives a member another address. Whoever had the old one's mails is signed out.
    ///
    /// # Errors
    /// [`Refused::Taken`] where it is another member's, [`Refused::Unknown`] and [`Refused::Erased`].
    pub async fn readdress(&self, member: &str, address: &Address) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let held = known(&mut transaction, member).await?;
        if let Some(taken) = by_address(&mut transaction, address).await?
            && taken != held.member
        {
            return Err(Refused::Taken(taken).into());
        }
        sqlx::query("DELETE FROM links WHERE address_key IN (SELECT address_key FROM people WHERE member = $1)")
            .bind(&held.member)
            .execute(&mut *transaction)
            .await?;
        set_address(&mut transaction, &held.member, address).await?;
        end_sessions(&mut transaction, &held.member).await?;
        transaction.commit().await?;
        // What the old address was is nobody's business any longer.
        self.forget().await
    }

    /// Ends all sessions of a member, and says how many there were.
    ///
    /// # Errors
    /// [`Refused::Unknown`] and [`Refused::Erased`].
    pub async fn end_sessions(&self, member: &str) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let held = known(&mut transaction, member).await?;
        let ended = end_sessions(&mut transaction, &held.member).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// What waits for a member to accept it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn waiting_for(&self, member: &str) -> Result<Vec<Waiting>, Error> {
        let mut connection = self.reader().acquire().await?;
        let member = holder(&mut connection, member).await?;
        let rows = sqlx::query("SELECT member, holder, since FROM waiting WHERE holder = $1 ORDER BY since, member")
            .bind(member)
            .fetch_all(&mut *connection)
            .await?;
        let mut waiting = Vec::with_capacity(rows.len());
        for row in rows {
            let since: i64 = row.try_get("since")?;
            let since = Timestamp::saturating(since);
            waiting.push(Waiting { id: row.try_get("member")?, member: row.try_get("holder")?, since });
        }
        Ok(waiting)
    }

    /// Gives a purchase that waits to the member it waits for.
    ///
    /// # Errors
    /// [`Refused::NothingWaits`] where nothing waits for this member under that name.
    pub async fn accept(&self, member: &str, waiting: &str, present: &Present<'_>) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let held = known(&mut transaction, member).await?;
        let taken = sqlx::query("DELETE FROM waiting WHERE member = $1 AND holder = $2")
            .bind(waiting)
            .bind(&held.member)
            .execute(&mut *transaction)
            .await?;
        if taken.rows_affected() == 0 {
            return Err(Refused::NothingWaits(waiting.to_owned()).into());
        }
        // Whose purchase was accepted once is known from then on.
        sqlx::query("UPDATE customers SET proved = $2 WHERE member = $1")
            .bind(waiting)
            .bind(customers::SHOWN)
            .execute(&mut *transaction)
            .await?;
        customers::doubt(&mut transaction, &held.member).await?;
        unite(&mut transaction, waiting, held, present).await?;
        Ok(transaction.commit().await?)
    }

    /// Makes two members one: all that `former` has is `member`'s, who keeps their own address if they have one. Gives
    /// back whether the former one's address was dropped.
    ///
    /// # Errors
    /// [`Refused::Same`], [`Refused::Unknown`], and [`Refused::Erased`] where one of the two was.
    pub async fn merge(&self, former: &str, member: &str, present: &Present<'_>) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        // In one order, whoever is merged into whom: two instances cannot wait for each other.
        let (first, second) = if former < member { (former, member) } else { (member, former) };
        let first = known(&mut transaction, first).await?;
        let second = known(&mut transaction, second).await?;
        let (gone, held) = if former < member { (first, second) } else { (second, first) };
        if gone.member == held.member {
            return Err(Refused::Same(held.member).into());
        }
        let dropped =
            match (address(&mut transaction, &gone.member).await?, address(&mut transaction, &held.member).await?) {
                (Some(_), Some(_)) => {
                    forget_address(&mut transaction, &gone.member).await?;
                    true
                }
                (Some(_), None) => {
                    sqlx::query("UPDATE people SET member = $2 WHERE member = $1")
                        .bind(&gone.member)
                        .bind(&held.member)
                        .execute(&mut *transaction)
                        .await?;
                    false
                }
                (None, _) => false,
            };
        sqlx::query("UPDATE waiting SET holder = $2 WHERE holder = $1")
            .bind(&gone.member)
            .bind(&held.member)
            .execute(&mut *transaction)
            .await?;
        unite(&mut transaction, &gone.member, held, present).await?;
        transaction.commit().await?;
        if dropped {
            self.forget().await?;
        }
        Ok(dropped)
    }
}

/// Takes hold of somebody who exists and was not erased.
async fn known(connection: &mut AnyConnection, member: &str) -> Result<Mark, Error> {
    let name = holder(connection, member).await?;
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT 1 + 0 * COUNT(*) FROM (SELECT member FROM members WHERE member = $1 UNION \
         SELECT member FROM people WHERE member = $1) AS found HAVING COUNT(*) > 0",
    )
    .bind(&name)
    .fetch_optional(&mut *connection)
    .await?;
    if found.is_none() {
        return Err(Refused::Unknown(member.to_owned()).into());
    }
    let mark = Mark::take(connection, &name).await?;
    is_not_erased(connection, &mark.member).await?;
    Ok(mark)
}

/// Nothing that says who somebody is comes back once it was erased.
pub(super) async fn is_not_erased(connection: &mut AnyConnection, member: &str) -> Result<(), Error> {
    let member = holder(connection, member).await?;
    let events = read::events(connection, &member).await?;
    if events.iter().any(|event| event.what == (What::Erased {})) {
        Err(Refused::Erased(member).into())
    } else {
        Ok(())
    }
}

/// Gives what waits for whomever, or what somebody has whom nobody knows, to a member. The address that came with it is
/// nobody's then.
pub(super) async fn give(
    connection: &mut AnyConnection,
    former: &str,
    member: &str,
    present: &Present<'_>,
) -> Result<(), Error> {
    let held = Mark::take(connection, member).await?;
    sqlx::query("DELETE FROM waiting WHERE member = $1").bind(former).execute(&mut *connection).await?;
    sqlx::query("UPDATE waiting SET holder = $2 WHERE holder = $1")
        .bind(former)
        .bind(&held.member)
        .execute(&mut *connection)
        .await?;
    forget_address(connection, former).await?;
    unite(connection, former, held, present).await
}

/// Whether somebody signed in as a member, and is still.
pub(super) async fn has_sessions(connection: &mut AnyConnection, member: &str) -> Result<bool, Error> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE member = $1")
        .bind(member)
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}

async fn end_sessions(connection: &mut AnyConnection, member: &str) -> Result<u64, Error> {
    let ended =
        sqlx::query("DELETE FROM sessions WHERE member IN (SELECT member FROM members WHERE holder = $1)").bind(member);
    Ok(ended.execute(connection).await?.rows_affected())
}

/// Everything told of one name is told of another from now on; what that changes is told.
async fn unite(connection: &mut AnyConnection, former: &str, held: Mark, present: &Present<'_>) -> Result<(), Error> {
    let before = read::events(connection, &held.member).await?;
    for statement in [
        "UPDATE members SET holder = $2 WHERE holder = $1",
        "UPDATE customers SET member = $2 WHERE member = $1",
        "UPDATE grants SET member = $2 WHERE member = $1",
    ] {
        sqlx::query(statement).bind(former).bind(&held.member).execute(&mut *connection).await?;
    }
    let after = read::events(connection, &held.member).await?;
    held.settle(connection, (&before, &after), present).await
}

/// Deletes all that could say who a member is, and all that was still to be told of them.
pub(super) async fn erase(connection: &mut AnyConnection, member: &str, now: Timestamp) -> Result<(), Error> {
    // Links that are over may be theirs under an address of before.
    sqlx::query("DELETE FROM links WHERE until <= $1").bind(now.seconds()).execute(&mut *connection).await?;
    for statement in [
        // What waits for them is theirs, and is erased with them.
        "UPDATE members SET holder = $1 WHERE holder IN \
         (SELECT member FROM waiting WHERE holder = $1)",
        "DELETE FROM waiting WHERE holder = $1",
        "DELETE FROM unread WHERE EXISTS (SELECT 1 FROM customers c JOIN members m ON m.member = c.member \
         WHERE m.holder = $1 AND c.source = unread.source AND c.customer_key = unread.customer_key)",
        "DELETE FROM unread WHERE address_key IN \
         (SELECT p.address_key FROM people p JOIN members m ON m.member = p.member WHERE m.holder = $1)",
        "DELETE FROM links WHERE address_key IN \
         (SELECT p.address_key FROM people p JOIN members m ON m.member = p.member WHERE m.holder = $1)",
        "DELETE FROM people WHERE member IN (SELECT member FROM members WHERE holder = $1)",
        "DELETE FROM sessions WHERE member IN (SELECT member FROM members WHERE holder = $1)",
        "UPDATE customers SET customer = '', member = $1 WHERE member IN \
         (SELECT member FROM members WHERE holder = $1)",
        "DELETE FROM payloads WHERE sequence IN \
         (SELECT e.sequence FROM members m JOIN events e ON e.member = m.member WHERE m.holder = $1)",
        "DELETE FROM deliveries WHERE state <> 'delivered' AND member IN (SELECT member FROM members WHERE holder = $1)",
        "DELETE FROM outbox WHERE member IN (SELECT member FROM members WHERE holder = $1) AND NOT EXISTS \
         (SELECT 1 FROM deliveries d WHERE d.member = outbox.member AND d.number = outbox.number)",
    ] {
        sqlx::query(statement).bind(member).execute(&mut *connection).await?;
    }
    Ok(())
}

/// What somebody is called today.
pub(super) async fn holder(connection: &mut AnyConnection, member: &str) -> Result<MemberId, Error> {
    let holder: Option<String> = sqlx::query_scalar("SELECT holder FROM members WHERE member = $1")
        .bind(member)
        .fetch_optional(connection)
        .await?;
    Ok(holder.unwrap_or_else(|| member.to_owned()))
}

pub(super) async fn address(connection: &mut AnyConnection, member: &str) -> Result<Option<String>, Error> {
    let address = sqlx::query_scalar("SELECT address FROM people WHERE member = $1").bind(member);
    Ok(address.fetch_optional(connection).await?)
}

pub(super) async fn by_address(connection: &mut AnyConnection, address: &Address) -> Result<Option<MemberId>, Error> {
    let member = sqlx::query_scalar("SELECT member FROM people WHERE address_key = $1").bind(address.key());
    Ok(member.fetch_optional(connection).await?)
}

pub(super) async fn by_grant(
    connection: &mut AnyConnection,
    source: &str,
    grant: &str,
) -> Result<Option<MemberId>, Error> {
    let member = sqlx::query_scalar("SELECT member FROM grants WHERE source = $1 AND reference = $2");
    Ok(member.bind(source).bind(grant).fetch_optional(connection).await?)
}

/// Remembers whose a grant is, and what a payment paid.
pub(super) async fn remember(connection: &mut AnyConnection, event: &Event) -> Result<(), Error> {
    let (statement, name, value) = match &event.what {
        What::Purchased { grant, .. } | What::Granted { grant, .. } => (
            "INSERT INTO grants (source, reference, member) VALUES ($1, $2, $3) \
             ON CONFLICT (source, reference) DO NOTHING",
            grant,
            &event.member,
        ),
        What::PaymentSucceeded { grant, payment, .. } => (
            "INSERT INTO payments (source, payment, reference) VALUES ($1, $2, $3) \
             ON CONFLICT (source, payment, reference) DO NOTHING",
            payment,
            grant,
        ),
        What::Joined {}
        | What::PaymentFailed { .. }
        | What::Cancelled { .. }
        | What::Uncancelled { .. }
        | What::Switched { .. }
        | What::Refunded { .. }
        | What::Disputed { .. }
        | What::Revoked { .. }
        | What::Erased {} => return Ok(()),
    };
    sqlx::query(statement).bind(&event.source).bind(name).bind(value).execute(connection).await?;
    Ok(())
}

/// A new member with an address. Where another instance has just given it to somebody, it is theirs.
pub(super) async fn join(connection: &mut AnyConnection, address: &Address) -> Result<MemberId, Error> {
    let member = names::member_id()?;
    let made: String = sqlx::query_scalar(
        "INSERT INTO people (member, address, address_key) VALUES ($1, $2, $3) \
         ON CONFLICT (address_key) DO UPDATE SET address = people.address RETURNING member",
    )
    .bind(&member)
    .bind(address.as_str())
    .bind(address.key())
    .fetch_one(&mut *connection)
    .await?;
    Mark::take(connection, &made).await?;
    Ok(made)
}

pub(super) async fn set_address(connection: &mut AnyConnection, member: &str, address: &Address) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO people (member, address, address_key) VALUES ($1, $2, $3) ON CONFLICT (member) \
         DO UPDATE SET address = excluded.address, address_key = excluded.address_key",
    )
    .bind(member)
    .bind(address.as_str())
    .bind(address.key())
    .execute(connection)
    .await?;
    Ok(())
}

async fn forget_address(connection: &mut AnyConnection, member: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM people WHERE member = $1").bind(member).execute(connection).await?;
    Ok(())
}

/// A name for a purchase that waits for a member.
pub(super) async fn wait(connection: &mut AnyConnection, holder: &str, now: Timestamp) -> Result<MemberId, Error> {
    let waiting = names::waiting_id()?;
    sqlx::query("INSERT INTO waiting (member, holder, since) VALUES ($1, $2, $3)")
        .bind(&waiting)
        .bind(holder)
        .bind(now.seconds())
        .execute(connection)
        .await?;
    Ok(waiting)
}
