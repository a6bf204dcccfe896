//! Opens the ledger's database and brings its schema up to date.
//!
//! What is promised must hold after a power cut: SQLite runs in WAL mode with `synchronous=FULL`, PostgreSQL with
//! `synchronous_commit` on; where that cannot be had, nothing is opened. Both get the same statements; the few words in
//! which they differ are [`Kind`]'s.

use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Row as _, Transaction};

use super::Error;
use super::turn::Together;
use crate::fs;

/// A database of events, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Where transactions that write begin: one connection for SQLite, which has one writer.
    write: AnyPool,
    read: AnyPool,
    kind: Kind,
    together: Together,
}

/// Which database it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

/// How long a writer waits for another process's.
const PATIENCE: Duration = Duration::from_secs(30);

impl Ledger {
    /// Opens a ledger that is there: a file, or a database at a `postgres://` URL.
    ///
    /// # Errors
    /// [`Error::Missing`] where there is no such file, and the others where the database does not do as it must.
    pub async fn open(place: &str) -> Result<Self, Error> {
        match Place::of(place) {
            Place::File(path) if !fs::exists(&path)? => Err(Error::Missing(path.display().to_string())),
            place @ (Place::File(_) | Place::Server(_)) => Self::connect(place).await,
        }
    }

    /// Opens a ledger, and makes it first where there is none.
    ///
    /// # Errors
    /// Where the database does not do as it must.
    pub async fn create(place: &str) -> Result<Self, Error> {
        let place = Place::of(place);
        if let Place::File(path) = &place
            && !fs::exists(path)?
        {
            // It will hold addresses: nobody else on the machine is to read it. Another process may be first.
            match fs::write_new_secret(path, b"") {
                Err(error) if error.source.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
                Ok(()) | Err(_) => {}
            }
        }
        Self::connect(place).await
    }

    async fn connect(place: Place) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let unopened = |source| Error::Unopened { place: place.shown(), source };
        let (url, setup) = match &place {
            Place::File(path) => (sqlite_url(path)?, SQLITE_SETUP),
            Place::Server(url) => (url.clone(), POSTGRES_SETUP),
        };
        // A pool tries again and again where it is refused; whoever asks is told at once.
        let mut first = AnyConnection::connect(&url).await.map_err(unopened)?;
        prepare(&mut first, setup).await.map_err(unopened)?;
        first.close().await.map_err(unopened)?;
        let pool = |most| {
            let options = AnyPoolOptions::new().max_connections(most).acquire_timeout(PATIENCE * 2);
            // A server may have hung up; a file does not.
            let options = options.test_before_acquire(matches!(&place, Place::Server(_)));
            let options = options.after_connect(move |connection, _| Box::pin(prepare(connection, setup)));
            options.connect_lazy(&url).map_err(unopened)
        };
        let together = Together::default();
        let ledger = match &place {
            Place::File(_) => Self { write: pool(1)?, read: pool(4)?, kind: Kind::Sqlite, together },
            Place::Server(_) => {
                let pool = pool(8)?;
                Self { write: pool.clone(), read: pool, kind: Kind::Postgres, together }
            }
        };
        ledger.is_safe(&place).await?;
        ledger.migrate().await?;
        Ok(ledger)
    }

    /// Whether what is acknowledged is on the disk.
    async fn is_safe(&self, place: &Place) -> Result<(), Error> {
        let (question, right) = match self.kind {
            Kind::Sqlite => ("PRAGMA journal_mode", "wal"),
            Kind::Postgres => ("SELECT current_setting('fsync')", "on"),
        };
        let found: String = sqlx::query_scalar(question).fetch_one(&self.write).await?;
        if found == right {
            return Ok(());
        }
        let why = match self.kind {
            Kind::Sqlite => {
                format!("its journal is `{found}`, and must be a write-ahead log: is it on a network disk?")
            }
            Kind::Postgres => format!("the server runs with fsync `{found}`"),
        };
        Err(Error::Unsafe { place: place.shown(), why })
    }

    /// Brings the schema up to date. One instance at a time does so; the others wait and find it done.
    async fn migrate(&self) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if self.kind == Kind::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock(7165118901)").execute(&mut *transaction).await?;
        }
        sqlx::query("CREATE TABLE IF NOT EXISTS ledger_schema (number BIGINT PRIMARY KEY)")
            .execute(&mut *transaction)
            .await?;
        let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM ledger_schema")
            .fetch_one(&mut *transaction)
            .await?;
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(Error::Newer { found, known });
        }
        for (number, (sqlite, postgres)) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
            let script = if self.kind == Kind::Sqlite { sqlite } else { postgres };
            sqlx::raw_sql(script).execute(&mut *transaction).await?;
            sqlx::query("INSERT INTO ledger_schema (number) VALUES ($1)")
                .bind(number)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// A transaction that may write. SQLite's takes the one writer's place at once: one that reads first and writes later
    /// would be refused in the middle.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        let statement = match self.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        };
        Ok(self.write.begin_with(statement).await?)
    }

    pub(super) fn together(&self) -> &Together {
        &self.together
    }

    pub(super) fn reader(&self) -> &AnyPool {
        &self.read
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Takes what was deleted out of the files too. PostgreSQL does so by itself, in time.
    pub(super) async fn forget(&self) -> Result<(), Error> {
        if self.kind == Kind::Sqlite {
            let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.write).await?;
            let busy: i64 = row.try_get(0)?;
            if busy != 0 {
                tracing::warn!(
                    "readers kept the ledger from clearing its log; the next erasure or the last close will"
                );
            }
        }
        Ok(())
    }

    /// Ends all connections. What was acknowledged is safe without it.
    pub async fn close(self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// The schema, one step after the other, for SQLite and for PostgreSQL. A step that was released is never changed.
const MIGRATIONS: [(&str, &str); 4] = [
    (include_str!("schema/sqlite-1.sql"), include_str!("schema/postgres-1.sql")),
    (include_str!("schema/sqlite-2.sql"), include_str!("schema/postgres-2.sql")),
    (include_str!("schema/sqlite-3.sql"), include_str!("schema/postgres-3.sql")),
    (include_str!("schema/sqlite-4.sql"), include_str!("schema/postgres-4.sql")),
];

/// What was deleted is overwritten, for it may be personal.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                            PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;";

/// A server whose usual setting is weaker is told; one whose setting is stronger keeps it.
const POSTGRES_SETUP: &str = "SELECT set_config('synchronous_commit', 'on', false) \
                              WHERE current_setting('synchronous_commit') IN ('off', 'local')";

async fn prepare(connection: &mut AnyConnection, setup: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(setup).execute(connection).await.map(drop)
}

/// Where a ledger is.
#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Server(String),
}

impl Place {
    fn of(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Self::Server(text.to_owned());
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Self::File(PathBuf::from(path))
    }

    /// As it may be shown: without what stands between the scheme and the host.
    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let (authority, rest) = rest.split_once('/').unwrap_or((rest, ""));
                let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                let database = rest.split('?').next().unwrap_or_default();
                format!("{scheme}://{host}/{database}")
            }
        }
    }
}

/// Everything that has a meaning in a URL, but `/`.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

fn sqlite_url(path: &Path) -> Result<String, Error> {
    let whole = fs::canonicalize(path)?;
    let whole = whole.to_str().ok_or_else(|| Error::Damaged(format!("`{}` is not UTF-8", path.display())))?;
    Ok(format!("sqlite://{}?mode=rw", utf8_percent_encode(whole, IN_PATHS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let shown = |url: &str| Place::of(url).shown();
        assert_eq!(
            shown("postgres://ada:s3cret@db.example:5432/shop?password=s3cret"),
            "postgres://db.example:5432/shop"
        );
        assert_eq!(shown("postgresql://ada:p@ss@db.example"), "postgresql://db.example/");
        assert_eq!(shown("sqlite:members.db"), "members.db");
        assert_eq!(shown("./members.db"), "./members.db");
    }
}
