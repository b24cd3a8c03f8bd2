//! The SQLite store fulfils the contract, and reports in one sentence why it cannot be opened.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{MIGRATIONS, SqliteStore};
use crate::entropy::Entropy;
use crate::grant_scope::GrantScope;
use crate::outcome::Outcome;
use crate::realm::{Mode, Realm};
use crate::store::{
    Actor, AuditStamp, ConnectionStore as _, HistoryAction, InboxStore as _, NewHistoryEntry, Page,
    Store, StoreError, contract,
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
async fn a_file_that_cannot_be_opened_is_refused_in_one_sentence() {
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

/// In a folder in which not even root can write.
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

/// Rows as earlier versions wrote them: scopes and actions were free text, headers JSON text.
#[tokio::test]
async fn rows_of_earlier_versions_read_back() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("former.db");
    let store = SqliteStore::open(&path, Entropy::seeded(1))
        .await
        .expect("opens");
    for statement in [
        "INSERT INTO connections (id, platform, mode, tenant, account, scope, status, first_connected_at, connected_at) \
         VALUES ('con_1', 'shop', 'test', 't1', 'acct_1', 'read_only', 'active', 1, 2), \
         ('con_2', 'shop', 'test', 't2', 'acct_2', 'express', 'active', 1, 2)",
        "INSERT INTO history (id, at, platform, mode, tenant, action, actor) \
         VALUES ('his_1', 1, 'shop', 'test', 't1', 'scope_too_small', 'seller'), \
         ('his_2', 2, 'shop', 'test', 't1', 'not_paired', 'worker')",
        "INSERT INTO inbox (id, platform, mode, endpoint, event_id, event_type, headers, body, status, due_at, received_at) \
         VALUES ('in_1', 'shop', 'test', 'connect', 'evt_1', 'x', '[[\"a\",\"b\"]]', x'7b7d', 'pending', 1, 1)",
    ] {
        let written = sqlx::query(statement).execute(&store.pool).await;
        written.expect("writes");
    }
    let connections = store.connections(Page::newest(9)).await.expect("reads");
    let scopes: Vec<_> = connections
        .iter()
        .map(|connection| connection.scope)
        .collect();
    assert_eq!(scopes, [GrantScope::ReadWrite, GrantScope::ReadOnly]);
    let history = store.history(None, Page::newest(9)).await.expect("reads");
    let actions: Vec<_> = history.iter().map(|entry| entry.action).collect();
    assert_eq!(
        actions,
        [
            HistoryAction::NotPaired,
            HistoryAction::AttemptEnded(Outcome::ScopeTooSmall)
        ]
    );
    let delivery = store.delivery("in_1").await.expect("reads");
    assert_eq!(delivery.expect("is stored").headers.get("a"), Some("b"));
}

#[tokio::test]
async fn a_row_with_an_unknown_name_is_reported_with_its_value() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("unknown.db");
    let store = SqliteStore::open(&path, Entropy::seeded(1))
        .await
        .expect("opens");
    let statement = "INSERT INTO history (id, at, platform, mode, action, actor) \
                     VALUES ('his_1', 1, 'shop', 'test', 'danced', 'seller')";
    let written = sqlx::query(statement).execute(&store.pool).await;
    written.expect("writes");
    let error = store.history(None, Page::newest(9)).await;
    let error = error.expect_err("no such action");
    assert!(
        matches!(&error, StoreError::Unreadable { what: "action", value } if value == "danced"),
        "{error}"
    );
}

#[test]
fn every_file_of_the_folder_is_a_migration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| {
            let entry = entry.expect("a file");
            entry.file_name().to_string_lossy().into_owned()
        })
        .collect();
    files.sort();
    let names =
        MIGRATIONS.map(|(version, description, _)| format!("{version:04}_{description}.sql"));
    assert_eq!(files, names);
}
