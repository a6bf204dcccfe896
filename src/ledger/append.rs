//! Takes events in: once each, in one transaction with what is to be told of them.
//!
//! A member's row is held from before their events are read until all is written, so that two instances never work out the
//! same change twice, or one from half of the events. What was acknowledged before is acknowledged again and changes
//! nothing; the same name with another content is refused and shown.

use sqlx::{AnyConnection, Row as _};

use super::about::{self, About};
use super::database::Ledger;
use super::mark::Mark;
use super::{Error, Present, Refused, check, customers, people, read};
use crate::members::event::{Event, MemberId, What};
use crate::time::Timestamp;

/// What became of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Appended {
    /// It is in the ledger now.
    New,
    /// It was there before, the same in every part.
    Known,
    /// Its source used its id before, for this: nothing was written.
    Conflict(Box<Event>),
}

/// An event to be appended, and what the source sent word for word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived<'a> {
    pub(super) event: &'a Event,
    pub(super) payload: Option<&'a [u8]>,
}

impl Ledger {
    /// Appends an event. When this returns, it is on the disk.
    ///
    /// # Errors
    /// [`Refused::Name`] for names that cannot be kept, and where the database fails: then nothing was written.
    pub async fn append(
        &self,
        event: &Event,
        payload: Option<&[u8]>,
        present: &Present<'_>,
    ) -> Result<Appended, Error> {
        check(event)?;
        let mut tries = 0;
        loop {
            match self.try_to_append(event, payload, present).await {
                Err(error) if error.will_pass() && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn try_to_append(
        &self,
        event: &Event,
        payload: Option<&[u8]>,
        present: &Present<'_>,
    ) -> Result<Appended, Error> {
        let arrived = [Arrived { event, payload }];
        let mut turn = self.turn().await?;
        let appended = append_to(&mut turn, &event.member, &arrived, present).await;
        let appended = turn.end(appended).await?;
        self.forget_after(event).await?;
        Ok(appended.into_iter().next().unwrap_or(Appended::Known))
    }

    /// Appends events of one source about a member whom it may not know, and says who they are: all of them or none.
    /// `event.member` is not looked at. Without events it notes only whose customer that is.
    ///
    /// By an address alone nothing takes the place of a tier that somebody has: such a purchase waits, with all that
    /// follows of it, until the member accepts it ([`Ledger::accept`]).
    ///
    /// # Errors
    /// [`Refused::Nobody`] where nothing says whom they are about, [`Refused::Foreign`] where they are about a grant of
    /// another source, and as [`Ledger::append`].
    pub async fn append_about(
        &self,
        (source, about): (&str, &About<'_>),
        events: &[Event],
        payload: Option<&[u8]>,
        present: &Present<'_>,
    ) -> Result<(MemberId, Vec<Appended>), Error> {
        let mut tries = 0;
        loop {
            match self.try_to_append_about((source, about), events, payload, present).await {
                Err(error) if error.will_pass() && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn try_to_append_about(
        &self,
        (source, about): (&str, &About<'_>),
        events: &[Event],
        payload: Option<&[u8]>,
        present: &Present<'_>,
    ) -> Result<(MemberId, Vec<Appended>), Error> {
        let mut turn = self.turn().await?;
        let done = append_about_to(&mut turn, (source, about), (events, payload), present).await;
        let (member, appended) = turn.end(done).await?;
        for event in events {
            self.forget_after(event).await?;
        }
        Ok((member, appended))
    }

    async fn forget_after(&self, event: &Event) -> Result<(), Error> {
        if event.what == (What::Erased {}) { self.forget().await } else { Ok(()) }
    }
}

async fn append_about_to(
    connection: &mut AnyConnection,
    (source, about): (&str, &About<'_>),
    (events, payload): (&[Event], Option<&[u8]>),
    present: &Present<'_>,
) -> Result<(MemberId, Vec<Appended>), Error> {
    let found = about::find(connection, (source, about), events, present).await?;
    let about::Found { member, proof } = found.ok_or(Refused::Nobody)?;
    let named = |event: &Event| Event { member: member.clone(), source: source.to_owned(), ..event.clone() };
    let events: Vec<Event> = events.iter().map(named).collect();
    events.iter().try_for_each(check)?;
    // What was sent is kept once, with the first of its events.
    let payloads = std::iter::once(payload).chain(std::iter::repeat(None));
    let arrived: Vec<Arrived<'_>> =
        events.iter().zip(payloads).map(|(event, payload)| Arrived { event, payload }).collect();
    let appended = append_to(connection, &member, &arrived, present).await?;
    if let Some(customer) = about.customer {
        customers::link(connection, (source, customer), &member, proof).await?;
    }
    Ok((member, appended))
}

/// How often something is tried again that another instance was in the way of.
pub(super) const TRIES: usize = 3;

/// Appends events of one member, and tells what they change.
pub(super) async fn append_to(
    connection: &mut AnyConnection,
    member: &str,
    arrived: &[Arrived<'_>],
    present: &Present<'_>,
) -> Result<Vec<Appended>, Error> {
    let mark = Mark::take(connection, member).await?;
    let before = read::events(connection, &mark.member).await?;
    let was_erased = before.iter().any(|event| event.what == (What::Erased {}));
    let mut after = before.clone();
    let mut appended = Vec::with_capacity(arrived.len());
    for Arrived { event, payload } in arrived {
        // What comes of somebody who was forgotten is kept without what the provider says of them.
        let payload = payload.filter(|_| !was_erased);
        let outcome = insert(connection, event, payload, present.now).await?;
        if outcome == Appended::New {
            about::is_own(&after, event)?;
            about::is_new(&after, event)?;
            after.push(Event { member: mark.member.clone(), ..Event::clone(event) });
        }
        appended.push(outcome);
    }
    let is_erased = after.iter().any(|event| event.what == (What::Erased {}));
    if is_erased && !was_erased {
        people::erase(connection, &mark.member, present.now).await?;
    }
    if after.len() > before.len() {
        mark.settle(connection, (&before, &after), present).await?;
    }
    Ok(appended)
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    event: &Event,
    payload: Option<&[u8]>,
    now: Timestamp,
) -> Result<Appended, Error> {
    let body = serde_json::to_value(event).map_err(|error| Error::Damaged(error.to_string()))?;
    let kind = body.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
    let inserted = sqlx::query(
        "INSERT INTO events (source, id, at, member, kind, body, received) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (source, id) DO NOTHING RETURNING sequence",
    )
    .bind(&event.source)
    .bind(&event.id)
    .bind(event.at.seconds())
    .bind(&event.member)
    .bind(kind)
    .bind(body.to_string())
    .bind(now.seconds())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(inserted) = inserted else { return compare(connection, event).await };
    let sequence: i64 = inserted.try_get("sequence")?;
    if let Some(payload) = payload {
        sqlx::query("INSERT INTO payloads (sequence, payload) VALUES ($1, $2)")
            .bind(sequence)
            .bind(payload.to_vec())
            .execute(&mut *connection)
            .await?;
    }
    people::remember(connection, event).await?;
    Ok(Appended::New)
}

/// An event whose name is taken: the same one again, or another.
async fn compare(connection: &mut AnyConnection, event: &Event) -> Result<Appended, Error> {
    let Some(known) = by_name(connection, (&event.source, &event.id)).await? else {
        return Err(Error::Damaged(format!("the event `{}` of `{}` was there and is not", event.id, event.source)));
    };
    // Under which of their names somebody was told of is no difference.
    let (of_known, of_event) =
        (people::holder(connection, &known.member).await?, people::holder(connection, &event.member).await?);
    let same_member = of_known == of_event;
    let is_same = same_member && Event { member: event.member.clone(), ..known.clone() } == *event;
    Ok(if is_same { Appended::Known } else { Appended::Conflict(Box::new(known)) })
}

pub(super) async fn by_name(
    connection: &mut AnyConnection,
    (source, id): (&str, &str),
) -> Result<Option<Event>, Error> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM events WHERE source = $1 AND id = $2")
        .bind(source)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    body.map(|body| read::parse(&body)).transpose()
}

/// The grant and the payment that an event names.
pub(super) fn named(event: &Event) -> (Option<&str>, Option<&str>) {
    let payment = match &event.what {
        What::PaymentSucceeded { payment, .. } | What::Refunded { payment, .. } => Some(payment.as_str()),
        What::Joined {}
        | What::Purchased { .. }
        | What::PaymentFailed { .. }
        | What::Cancelled { .. }
        | What::Uncancelled { .. }
        | What::Switched { .. }
        | What::Disputed { .. }
        | What::Granted { .. }
        | What::Revoked { .. }
        | What::Erased {} => None,
    };
    (event.what.grant(), payment)
}
