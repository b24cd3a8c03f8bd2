//! The store inside: one SQLite file in WAL mode.
//!
//! Writers take the write lock at the start of a transaction (`BEGIN IMMEDIATE`), so that what a transaction read still
//! holds when it writes. The texts use `$1` parameters, `RETURNING` and `ON CONFLICT` alone, which PostgreSQL reads, too.

mod attempts;
mod connections;
mod inbox;
mod rows;
mod sealed;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError};
use crate::entropy::Entropy;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Everything in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
    entropy: Entropy,
}

impl SqliteStore {
    /// Opens the file, makes it if it is missing, and brings its tables up to date. `entropy` makes ids.
    pub async fn open(path: &Path, entropy: Entropy) -> Result<Self, StoreError> {
        let fails = |reason: String| StoreError::Open {
            path: path.display().to_string(),
            reason,
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        {
            return Err(fails(format!(
                "the folder {} does not exist; make it first",
                folder.display()
            )));
        }
        if path.is_dir() {
            return Err(fails("this is a folder; name a file in it".to_owned()));
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A claim must be on disk before Stripe is called, also if the machine loses power.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(15))
            .connect_with(options)
            .await
            .map_err(|error| fails(explain(&error)))?;
        let store = Self { pool, entropy };
        if let Err(error) = store.prepare().await {
            store.pool.close().await;
            return Err(fails(error));
        }
        Ok(store)
    }

    async fn prepare(&self) -> Result<(), String> {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| explain(&error))?;
        if verdict != "ok" {
            return Err(format!("it is damaged ({verdict}); restore a backup"));
        }
        MIGRATIONS.run(&self.pool).await.map_err(|error| match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => {
                format!("it was written by a newer version of this program (migration {version}); use that one")
            }
            sqlx::migrate::MigrateError::Execute(error) | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => {
                explain(&error)
            }
            other => other.to_string(),
        })?;
        self.write_probe().await.map_err(|error| explain(&error))
    }

    /// Takes the write lock and lets it go: fails if nothing could be written.
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

/// SQLite's result codes in plain words, with what to do.
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
