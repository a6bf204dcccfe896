//! The deliverer: takes what is to be told out of the ledger, sends it, and notes what came of it.
//!
//! When something is tried again is the schedule that the specification recommends: ten attempts in three days, each with some
//! chance in its time, and then it is given up until somebody asks for it.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::client::{Answer, Client};
use super::endpoints::Endpoint;
use super::message::Message;
use crate::ledger::outbox::{Delivery, Outcome};
use crate::ledger::{self, Ledger};
use crate::time::Timestamp;

/// How long after each attempt that failed the next one is, in seconds.
const DELAYS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// How much later an attempt may be than that, in hundredths: those that failed together do not come back together.
const CHANCE: i64 = 20;
/// The longest that an endpoint may ask to be left alone for a notification, and altogether, in seconds.
const LONGEST: i64 = 86_400;
const LONGEST_REST: i64 = 3_600;
/// How long whoever takes a notification has it, in seconds: longer than an attempt takes.
const LEASE: i64 = 60;
/// How many notifications an endpoint is sent at once.
const AT_ONCE: u32 = 16;
/// How long nobody looks again after there was nothing, and after the ledger failed.
const IDLE: Duration = Duration::from_secs(1);
const FAILED: Duration = Duration::from_secs(5);
/// How often it is said that an endpoint is still known, in seconds.
const KNOWN: i64 = 600;

/// The clock of a deliverer.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Sends what is to be told.
#[derive(Clone)]
pub struct Deliverer {
    ledger: Ledger,
    endpoints: Arc<[Arc<Endpoint>]>,
    clock: Clock,
    client: Client,
}

/// What came of what was due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Drained {
    /// How much arrived.
    pub arrived: usize,
    /// How much did not.
    pub failed: usize,
}

impl Deliverer {
    /// Makes one for some endpoints.
    #[must_use]
    pub fn new(ledger: Ledger, endpoints: Vec<Endpoint>, clock: Clock) -> Self {
        Self { ledger, endpoints: endpoints.into_iter().map(Arc::new).collect(), clock, client: Client::default() }
    }

    /// Delivers until it is told to stop; what is being sent then is sent to its end.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut places = JoinSet::new();
        for endpoint in &*self.endpoints {
            let (own, endpoint, stop) = (self.clone(), Arc::clone(endpoint), stop.clone());
            places.spawn(async move { own.serve(&endpoint, stop).await });
        }
        while let Some(ended) = places.join_next().await {
            if let Err(error) = ended {
                tracing::error!(reason = %error, "an endpoint is told nothing more");
            }
        }
    }

    /// Says that the endpoints are to be told: what comes about from now on.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn register(&self) -> Result<(), ledger::Error> {
        for endpoint in &*self.endpoints {
            self.ledger.register(&endpoint.place(), (self.clock)()).await?;
        }
        Ok(())
    }

    /// Delivers what is due now, once, to endpoints that are registered.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn drain(&self) -> Result<Drained, ledger::Error> {
        let due = (self.clock)();
        let mut places = JoinSet::new();
        for endpoint in &*self.endpoints {
            let (own, endpoint) = (self.clone(), Arc::clone(endpoint));
            places.spawn(async move {
                let mut all = Drained::default();
                while let Some(Drained { arrived, failed }) = own.round(&endpoint, due).await? {
                    all = Drained { arrived: all.arrived + arrived, failed: all.failed + failed };
                }
                Ok::<_, ledger::Error>(all)
            });
        }
        let mut all = Drained::default();
        while let Some(ended) = places.join_next().await {
            let Drained { arrived, failed } =
                ended.map_err(|error| ledger::Error::Damaged(format!("a delivery was broken off: {error}")))??;
            all = Drained { arrived: all.arrived + arrived, failed: all.failed + failed };
        }
        Ok(all)
    }

    /// Tells one endpoint.
    async fn serve(&self, endpoint: &Arc<Endpoint>, mut stop: watch::Receiver<bool>) {
        let mut said: Option<Timestamp> = None;
        while !*stop.borrow() {
            let now = (self.clock)();
            let known = said.is_some_and(|said| now.seconds() - said.seconds() < KNOWN);
            let done = if known {
                self.round(endpoint, now).await
            } else {
                said = Some(now);
                self.ledger.register(&endpoint.place(), now).await.map(|()| Some(Drained::default()))
            };
            let pause = match done {
                Ok(Some(_)) => continue,
                Ok(None) => IDLE,
                Err(error) => {
                    said = None;
                    tracing::error!(endpoint = endpoint.name, reason = %error, "nothing is delivered for the moment");
                    FAILED
                }
            };
            drop(tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await);
        }
    }

    /// Sends what is due at an instant, as much as may be on its way at once. Nothing where nothing is due.
    async fn round(&self, endpoint: &Arc<Endpoint>, due: Timestamp) -> Result<Option<Drained>, ledger::Error> {
        let until = later((self.clock)(), LEASE);
        let claimed = self.ledger.claim(&endpoint.name, (due, until), AT_ONCE).await?;
        if claimed.is_empty() {
            return Ok(None);
        }
        let mut sending = JoinSet::new();
        for delivery in claimed {
            let (endpoint, client, clock) = (Arc::clone(endpoint), self.client.clone(), Arc::clone(&self.clock));
            sending.spawn_blocking(move || {
                let answer = send(&client, &endpoint, &delivery, clock());
                let outcome = outcome(answer, delivery.failures + 1, clock());
                (delivery, outcome)
            });
        }
        let mut attempts = Vec::new();
        while let Some(sent) = sending.join_next().await {
            match sent {
                Ok(attempt) => attempts.push(attempt),
                // Whoever has it next sends it again.
                Err(error) => tracing::error!(reason = %error, "a delivery was broken off"),
            }
        }
        let now = (self.clock)();
        self.ledger.attempted(&endpoint.name, &attempts, now).await?;
        let arrived = attempts.iter().filter(|(_, outcome)| *outcome == Outcome::Arrived).count();
        let failed = attempts.len() - arrived;
        say(endpoint, &attempts);
        Ok(Some(Drained { arrived, failed }))
    }
}

fn send(client: &Client, endpoint: &Endpoint, delivery: &Delivery, now: Timestamp) -> Answer {
    let message = Message::of(&delivery.news).and_then(|message| serde_json::to_string(&message));
    match message {
        Ok(body) => client.send(endpoint, (&delivery.news.id, &body), now),
        Err(error) => Answer::Silent(format!("what is told cannot be read: {error}")),
    }
}

/// What an answer means for a notification that would have failed so often with this attempt.
fn outcome(answer: Answer, failures: i64, now: Timestamp) -> Outcome {
    let (why, again, rests) = match answer {
        Answer::Taken(_) => return Outcome::Arrived,
        Answer::Gone => return Outcome::Gone { why: "410 Gone: it wants nothing more".to_owned() },
        Answer::Silent(why) => (why, None, None),
        Answer::Refused { status, again } => {
            let rests = again.filter(|_| matches!(status, 429 | 503)).map(|at| at.min(later(now, LONGEST_REST)));
            (format!("it answered {status}"), again.map(|at| at.min(later(now, LONGEST))), rests)
        }
    };
    let delay = usize::try_from(failures - 1).ok().and_then(|failures| DELAYS.get(failures));
    match delay {
        Some(delay) => Outcome::Again { at: later(now, by_chance(*delay)).max(again.unwrap_or(now)), rests, why },
        None => Outcome::Dead { why },
    }
}

/// A length with some chance in it.
fn by_chance(seconds: i64) -> i64 {
    let mut bytes = [0; 2];
    // Without chance it is as good, but for what failed together.
    let hundredths = match rand::fill(&mut bytes) {
        Ok(()) => i64::from(u16::from_le_bytes(bytes)) * CHANCE / i64::from(u16::MAX),
        Err(_) => 0,
    };
    seconds + seconds * hundredths / 100
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::saturating(at.seconds() + seconds)
}

/// The log says what went wrong, and of whom by the name of the notification alone.
fn say(endpoint: &Endpoint, attempts: &[(Delivery, Outcome)]) {
    for (Delivery { news, attempt, failures: _ }, outcome) in attempts {
        let (endpoint, id, attempt) = (&endpoint.name, &news.id, *attempt);
        match outcome {
            Outcome::Arrived => {}
            Outcome::Again { why, at, .. } => {
                tracing::warn!(endpoint, id, attempt, why, again = %at, "a notification did not arrive");
            }
            Outcome::Dead { why } => tracing::error!(endpoint, id, attempt, why, "a notification was given up"),
            Outcome::Gone { why } => tracing::error!(endpoint, id, attempt, why, "an endpoint is told nothing more"),
        }
    }
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliverer").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_go_on_for_three_days() {
        let now = Timestamp::saturating(1_000_000);
        let refused = |status, again| Answer::Refused { status, again };
        let mut at = now;
        for failures in 1..10 {
            let Outcome::Again { at: next, rests, .. } = outcome(refused(500, None), failures, at) else { panic!() };
            let delay = DELAYS[usize::try_from(failures).unwrap() - 1];
            let waited = next.seconds() - at.seconds();
            assert!((delay..=delay * 120 / 100).contains(&waited), "{failures}: {waited}");
            assert_eq!(rests, None);
            at = next;
        }
        assert!(at.seconds() - now.seconds() > 3 * 86_400);
        assert!(matches!(outcome(refused(500, None), 10, at), Outcome::Dead { .. }));
        assert_eq!(outcome(Answer::Taken(204), 10, at), Outcome::Arrived);
        assert!(matches!(outcome(Answer::Gone, 1, at), Outcome::Gone { .. }));
    }

    #[test]
    fn who_asks_to_be_left_alone_is_for_a_while() {
        let now = Timestamp::saturating(1_000_000);
        let asked = |status, seconds| {
            let answer = Answer::Refused { status, again: Some(later(now, seconds)) };
            let Outcome::Again { at, rests, .. } = outcome(answer, 1, now) else { panic!() };
            (at.seconds() - now.seconds(), rests.map(|rests| rests.seconds() - now.seconds()))
        };
        assert_eq!(asked(503, 120), (120, Some(120)));
        assert_eq!(asked(429, 9_000), (9_000, Some(3_600)));
        assert_eq!(asked(429, 1_000_000), (86_400, Some(3_600)));
        assert_eq!(asked(500, 120), (120, None));
        let (at, rests) = asked(503, -50);
        assert!((5..=6).contains(&at) && rests.is_some_and(|rests| rests < 0));
    }
}
