//! A store of another database: its errors reach the host application as they are.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use tollway_platform::store::{
    Attempt, AttemptCount, AttemptEnd, AttemptStatus, AttemptStore, AuditStamp, ConnectResult,
    Connection, ConnectionStore, Delivery, DeliveryFailure, DeliveryStatus, Disconnection,
    DoneEvent, HistoryEntry, InboxState, InboxStore, InsertResult, NewAttempt, NewConnection,
    NewDelivery, NewHistoryEntry, Notice, NoticeStore, Page, SealedColumn, SealedCount,
    SealedStore, SealedTokens, SealedValue, Store, StoreError,
};
use tollway_platform::{ClientForError, KeyId, Realm, async_trait};

use crate::app::App;

/// The other database's own error.
#[derive(Debug)]
struct ServerGone;

impl fmt::Display for ServerGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server at db.example closed the connection")
    }
}

impl std::error::Error for ServerGone {}

/// A store whose database is gone.
struct FailingStore;

/// Implements a trait of the store so that every method returns [`ServerGone`].
macro_rules! failing {
    ($($store:ident { $($method:ident($($argument:ident: $type:ty),*) -> $returned:ty;)* })*) => {$(
        #[async_trait]
        impl $store for FailingStore {$(
            async fn $method(&self, $($argument: $type),*) -> Result<$returned, StoreError> {
                $(let _ = $argument;)*
                Err(StoreError::failed(ServerGone))
            }
        )*}
    )*};
}

failing! {
    Store {
        ping() -> ();
        close() -> ();
    }
    AttemptStore {
        add_attempt(attempt: NewAttempt) -> ();
        attempt(id: &str) -> Option<Attempt>;
        attempt_by_state(state_hash: [u8; 32]) -> Option<Attempt>;
        claim_attempt(id: &str, answer_hash: [u8; 32], now: i64) -> Option<Attempt>;
        finish_attempt(id: &str, from: AttemptStatus, end: AttemptEnd) -> Option<Attempt>;
        park_grant(id: &str, account: &str, grant_sealed: Vec<u8>) -> Option<Attempt>;
        parked_grant(id: &str) -> Option<Vec<u8>>;
        stuck_attempts(status: AttemptStatus, claimed_before: i64, limit: u32) -> Vec<Attempt>;
        attempts(page: Page) -> Vec<Attempt>;
        attempt_counts() -> Vec<AttemptCount>;
    }
    ConnectionStore {
        connect(grant: NewConnection) -> ConnectResult;
        connection(realm: &Realm, tenant: &str) -> Option<Connection>;
        connection_by_id(id: &str) -> Option<Connection>;
        active_connections(realm: &Realm, account: &str) -> Vec<Connection>;
        connections(page: Page) -> Vec<Connection>;
        disconnect(end: Disconnection) -> Vec<Connection>;
        mark_revoking(realm: &Realm, account: &str, by: Option<AuditStamp>) -> ();
        sealed_tokens(id: &str) -> SealedTokens;
        add_history(entry: NewHistoryEntry) -> ();
        history(tenant: Option<&str>, page: Page) -> Vec<HistoryEntry>;
    }
    InboxStore {
        add_delivery(delivery: NewDelivery) -> InsertResult;
        claim_delivery(now: i64, lease_until: i64) -> Option<Delivery>;
        latest_done_event(delivery: &Delivery) -> Option<DoneEvent>;
        finish_delivery(id: &str, attempt: u32, status: DeliveryStatus, note: Option<&str>, now: i64) -> bool;
        fail_delivery(id: &str, failure: DeliveryFailure, retry_at: Option<i64>) -> bool;
        replay_delivery(id: &str, now: i64) -> bool;
        delivery(id: &str) -> Option<Delivery>;
        deliveries(status: Option<DeliveryStatus>, page: Page) -> Vec<Delivery>;
        failures(delivery: &str) -> Vec<DeliveryFailure>;
        inbox_state() -> InboxState;
        purge_deliveries(finished_before: i64) -> u64;
    }
    NoticeStore {
        claim_notice(now: i64, lease_until: i64) -> Option<Notice>;
        finish_notice(id: &str, attempt: u32) -> bool;
        fail_notice(id: &str, attempt: u32, error: &str, retry_at: Option<i64>) -> bool;
        next_due() -> Option<i64>;
    }
    SealedStore {
        sealed_value_counts() -> Vec<SealedCount>;
        values_sealed_by_other_keys(column: SealedColumn, newest: KeyId, after: Option<&str>, limit: u32) -> Vec<SealedValue>;
        reseal(value: &SealedValue, envelope: Vec<u8>) -> bool;
    }
}

#[tokio::test]
async fn an_error_of_another_database_is_reported_as_its_own() {
    let app = App::built(
        |config| config,
        |builder| builder.store(Arc::new(FailingStore)),
    )
    .await;
    let error = app
        .platform
        .connection("tenant-1")
        .await
        .expect_err("the database is gone");
    assert!(
        matches!(error, ClientForError::Store(StoreError::Failed(_))),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "the database failed: the server at db.example closed the connection"
    );
    let source = error.source().expect("the database's own error");
    assert!(source.is::<ServerGone>(), "{source:?}");

    let error = app.platform.run_due().await.expect_err("nothing works");
    let source = error.source().expect("the database's own error");
    assert!(source.is::<ServerGone>(), "{source:?}");
    let ready = app.browser().get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
}
