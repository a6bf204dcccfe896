//! Writes of several who come at once, put on the disk together.
//!
//! SQLite has one writer, and each of its commits waits for the disk. Whoever writes while others wait for their turn leaves
//! the commit to the last of them: each has a savepoint of their own in one transaction, and nobody is answered before all of
//! it is durable. What one of them breaks off is rolled back alone. PostgreSQL does as much by itself, and everybody has a
//! transaction of their own there.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{Any, AnyConnection, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::Error;
use super::database::{Kind, Ledger};

/// How many are put on the disk together at most.
const MOST: usize = 64;
/// How long somebody waits for another one's commit before they see to it themselves.
const PATIENCE: Duration = Duration::from_millis(2);

/// Those who write together.
#[derive(Clone, Debug, Default)]
pub(super) struct Together {
    group: Arc<Mutex<Group>>,
    /// How many wait for their turn.
    coming: Arc<AtomicUsize>,
}

/// What several have written and nobody has put on the disk.
#[derive(Debug, Default)]
struct Group(Option<Written>);

#[derive(Debug)]
struct Written {
    transaction: Transaction<'static, Any>,
    /// Who is told when it is on the disk.
    told: Vec<oneshot::Sender<Result<(), String>>>,
}

/// A turn at writing. Where it is dropped before its [end](Turn::end), what it and those before it wrote is undone, and
/// they are told.
#[derive(Debug)]
pub(super) struct Turn {
    written: Written,
    shared: Option<(Together, OwnedMutexGuard<Group>)>,
}

impl Ledger {
    /// A turn at writing, for what comes often.
    pub(super) async fn turn(&self) -> Result<Turn, Error> {
        if self.kind() == Kind::Postgres {
            return Ok(Turn { written: Written::new(self.begin().await?), shared: None });
        }
        let together = self.together().clone();
        let coming = Coming::new(&together.coming);
        let mut group = Arc::clone(&together.group).lock_owned().await;
        drop(coming);
        let mut written = match group.0.take() {
            Some(written) => written,
            None => Written::new(self.begin().await?),
        };
        sqlx::query("SAVEPOINT turn").execute(&mut *written.transaction).await?;
        Ok(Turn { written, shared: Some((together, group)) })
    }
}

impl Turn {
    /// Ends the turn: what was done is on the disk when this returns, or undone where it failed.
    pub(super) async fn end<T>(self, done: Result<T, Error>) -> Result<T, Error> {
        let Self { mut written, shared } = self;
        let Some((together, mut group)) = shared else {
            let done = done?;
            written.transaction.commit().await?;
            return Ok(done);
        };
        let statement = if done.is_ok() { "RELEASE turn" } else { "ROLLBACK TO turn; RELEASE turn" };
        sqlx::raw_sql(statement).execute(&mut *written.transaction).await?;
        let (tell, mut told) = oneshot::channel();
        if done.is_ok() {
            written.told.push(tell);
        }
        let is_last = together.coming.load(Ordering::SeqCst) == 0 || written.told.len() >= MOST;
        if is_last {
            // Nobody's turn begins before this is done: the database has one writer.
            written.commit().await;
        } else {
            group.0 = Some(written);
        }
        drop(group);
        let done = done?;
        loop {
            match tokio::time::timeout(PATIENCE, &mut told).await {
                Ok(Ok(committed)) => return committed.map(|()| done).map_err(broken),
                Ok(Err(_)) => return Err(broken("a transaction was broken off".to_owned())),
                // Whoever was to come may have gone.
                Err(_) => {
                    if let Some(written) = together.group.lock().await.0.take() {
                        written.commit().await;
                    }
                }
            }
        }
    }
}

impl Deref for Turn {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.written.transaction
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.written.transaction
    }
}

impl Written {
    fn new(transaction: Transaction<'static, Any>) -> Self {
        Self { transaction, told: Vec::new() }
    }

    /// Puts all of it on the disk, and tells those who wait for that.
    async fn commit(self) {
        let Self { transaction, told } = self;
        let done = if told.is_empty() { transaction.rollback().await } else { transaction.commit().await };
        let done = done.map_err(|error| error.to_string());
        for tell in told {
            // Whoever does not listen any more is told when they ask again.
            drop(tell.send(done.clone()));
        }
    }
}

/// A place in the row of those who wait, given up where nobody waits any more.
struct Coming(Arc<AtomicUsize>);

impl Coming {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn broken(why: String) -> Error {
    Error::Database(sqlx::Error::AnyDriverError(why.into()))
}
