//! The SQLite store: one file in WAL mode.
//!
//! A write transaction takes the write lock when it begins (`BEGIN IMMEDIATE`), so that the rows it reads cannot change
//! before it writes. The statements use `$1` parameters, `RETURNING` and `ON CONFLICT`, which PostgreSQL also accepts.

mod attempts;
mod connections;
mod inbox;
mod recording;
mod rows;
mod sealed;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{SqlStr, Sqlite, Transaction};

use crate::entropy::Entropy;
use crate::store::{Store, StoreError};

/// The migrations in order: version, description and text. The macro of sqlx that reads the folder would compile the SQLite
/// driver a second time, for the compiler.
const MIGRATIONS: [(i64, &str, &str); 4] = [
    (
        1,
        "first",
        include_str!("../../migrations/sqlite/0001_first.sql"),
    ),
    (
        2,
        "revoking",
        include_str!("../../migrations/sqlite/0002_revoking.sql"),
    ),
    (
        3,
        "pairs",
        include_str!("../../migrations/sqlite/0003_pairs.sql"),
    ),
    (
        4,
        "order",
        include_str!("../../migrations/sqlite/0004_order.sql"),
    ),
];

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, text)| {
        let text = SqlStr::from_static(text);
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            text,
            false,
        )
    });
    Migrator::with_migrations(migrations.into())
}

/// A store in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
    entropy: Entropy,
}

impl SqliteStore {
    /// Opens the file, creates it if it is missing, and migrates its tables. Ids are drawn from `entropy`.
    pub async fn open(path: &Path, entropy: Entropy) -> Result<Self, StoreError> {
        let cannot_open = |problem: OpenProblem| StoreError::Open {
            path: path.display().to_string(),
            reason: problem.reason,
            source: problem.source,
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        {
            return Err(cannot_open(OpenProblem::new(format!(
                "the folder {} does not exist; make it first",
                folder.display()
            ))));
        }
        if path.is_dir() {
            return Err(cannot_open(OpenProblem::new(
                "this is a folder; name a file in it",
            )));
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A claim must be on disk before Stripe is called, even if the machine then loses power.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(15))
            .connect_with(options)
            .await
            .map_err(|error| cannot_open(error.into()))?;
        let store = Self { pool, entropy };
        if let Err(error) = store.prepare().await {
            store.pool.close().await;
            return Err(cannot_open(error));
        }
        Ok(store)
    }

    /// Checks the file, migrates the tables and checks that the database can be written.
    async fn prepare(&self) -> Result<(), OpenProblem> {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&self.pool)
            .await?;
        if verdict != "ok" {
            return Err(OpenProblem::new(format!(
                "it is damaged ({verdict}); restore a backup"
            )));
        }
        migrator()
            .run(&self.pool)
            .await
            .map_err(migration_problem)?;
        Ok(self.write_probe().await?)
    }

    /// Takes the write lock and commits without a change. Fails if the database cannot be written.
    async fn write_probe(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE attempts SET id = id WHERE id = ''")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(StoreError::failed)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.write_probe().await.map_err(StoreError::failed)
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.pool.close().await;
        Ok(())
    }
}

/// Why the database cannot be opened.
struct OpenProblem {
    /// What is wrong and what to do.
    reason: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl OpenProblem {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            source: None,
        }
    }
}

impl From<sqlx::Error> for OpenProblem {
    fn from(error: sqlx::Error) -> Self {
        Self {
            reason: explain(&error),
            source: Some(error.into()),
        }
    }
}

fn migration_problem(error: MigrateError) -> OpenProblem {
    match error {
        MigrateError::VersionMissing(version) => OpenProblem::new(format!(
            "it was written by a newer version of this program (migration {version}); use that one"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => OpenProblem {
            reason: other.to_string(),
            source: Some(other.into()),
        },
    }
}

/// Explains SQLite's result codes, with what to do.
fn explain(error: &sqlx::Error) -> String {
    let code = match error {
        sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<u32>().ok()),
        _ => None,
    };
    match code.map(|code| code & 0xff) {
        Some(8) => {
            "it cannot be written; check the permissions of the file and its folder".to_owned()
        }
        Some(11) => "it is damaged; restore a backup".to_owned(),
        Some(13) => "the disk is full; make room".to_owned(),
        Some(14) => "it cannot be opened or made; check the path and its permissions".to_owned(),
        Some(5 | 6) => "another process holds it; stop that one first".to_owned(),
        Some(26) => "this file is not an SQLite database; name another file".to_owned(),
        _ => error.to_string(),
    }
}
