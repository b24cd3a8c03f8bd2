//! The SQLite store fulfils the contract, and reports in one sentence why it cannot be opened.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::SqliteStore;
use crate::entropy::Entropy;
use crate::realm::{Mode, Realm};
use crate::store::{
    Actor, AuditStamp, ConnectionStore as _, HistoryAction, NewHistoryEntry, Store, contract,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sqlite_store_fulfils_the_contract() {
    let folder = TempDir::new().expect("a folder");
    let next = std::sync::atomic::AtomicUsize::new(0);
    contract::verify(async || {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let path = folder.path().join(format!("{number}.db"));
        let store = SqliteStore::open(&path, Entropy::seeded(1))
            .await
            .expect("opens");
        Arc::new(store) as Arc<dyn Store>
    })
    .await;
}

async fn refused(path: &Path) -> String {
    let error = SqliteStore::open(path, Entropy::seeded(1))
        .await
        .expect_err("must be refused");
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "one sentence: {text}");
    assert!(
        text.contains(&path.display().to_string()),
        "names the file: {text}"
    );
    text
}

#[tokio::test]
async fn what_cannot_be_opened_is_said_in_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    let text = refused(&folder.path().join("no/such/folder/x.db")).await;
    assert!(text.contains("does not exist; make it first"), "{text}");
    let text = refused(folder.path()).await;
    assert!(text.contains("this is a folder"), "{text}");

    let garbage = folder.path().join("garbage.db");
    std::fs::write(
        &garbage,
        "this is no database, but long enough to be taken for one".repeat(100),
    )
    .expect("writes");
    let text = refused(&garbage).await;
    assert!(text.contains("not an SQLite database"), "{text}");
}

/// Where not even root can write.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_unwritable_place_is_refused() {
    let text = refused(Path::new("/proc/tollway.db")).await;
    assert!(
        text.contains("cannot be opened or made; check the path and its permissions"),
        "{text}"
    );
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("damaged.db");
    let store = SqliteStore::open(&path, Entropy::seeded(1))
        .await
        .expect("opens");
    store.close().await.expect("closes");
    let mut bytes = std::fs::read(&path).expect("reads");
    let end = bytes.len();
    bytes[4096..end].fill(0xA5);
    std::fs::write(&path, bytes).expect("writes");
    let text = refused(&path).await;
    assert!(text.contains("damaged"), "{text}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("newer.db");
    let store = SqliteStore::open(&path, Entropy::seeded(1))
        .await
        .expect("opens");
    store.close().await.expect("closes");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options)
        .await
        .expect("opens");
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)")
        .execute(&pool)
        .await
        .expect("writes");
    pool.close().await;
    let text = refused(&path).await;
    assert!(text.contains("newer version"), "{text}");
}

#[tokio::test]
async fn the_history_cannot_be_rewritten() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("history.db");
    let store = SqliteStore::open(&path, Entropy::seeded(1))
        .await
        .expect("opens");
    let realm = Realm::new("shop", Mode::Test);
    let stamp = AuditStamp::new(1, Actor::Host, None);
    let entry = NewHistoryEntry::new(realm, HistoryAction::Connected, stamp);
    store.add_history(entry).await.expect("adds");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options)
        .await
        .expect("opens");
    for statement in [
        "UPDATE history SET action = 'forged'",
        "DELETE FROM history",
    ] {
        let error = sqlx::query(statement)
            .execute(&pool)
            .await
            .expect_err("append-only");
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}
