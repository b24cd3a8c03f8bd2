//! Storage traits, record types and the guarantees each method gives.
//!
//! [`Store`] joins five traits: attempts, connections with their history, the webhook inbox, notices for the host
//! application, and sealed values for key rotation. Each method is atomic; changes that belong together are one method.
//! The platform never calls a method while another method's transaction is open, and holds nothing while it calls Stripe.
//!
//! `SqliteStore` (feature `sqlite`) is the store of this crate. A store for another database implements the traits with
//! [`async_trait`](crate::async_trait), reports its own errors by [`StoreError::failed`], and proves itself with the tests
//! in `store::contract` (feature `contract`).

mod attempts;
mod connections;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod history;
mod inbox;
mod names;
mod page;
mod sealed;

use async_trait::async_trait;

pub use self::attempts::{Attempt, AttemptCount, AttemptEnd, AttemptStatus, NewAttempt};
pub use self::connections::{
    ConnectResult, Connection, ConnectionEnd, ConnectionOrigin, DisconnectReason, Disconnection,
    NewConnection, SealedTokens,
};
pub use self::error::StoreError;
pub use self::history::{Actor, AuditStamp, HistoryAction, HistoryEntry, NewHistoryEntry};
pub use self::inbox::{
    ACCOUNT_UPDATED, Delivery, DeliveryFailure, DeliveryHeaders, DeliveryStatus, DoneEvent,
    Endpoint, InboxState, InsertResult, NewDelivery, Notice, NoticeKind,
};
pub use self::page::Page;
pub use self::sealed::{SealedColumn, SealedCount, SealedValue};
use crate::realm::Realm;
use crate::seal::KeyId;
pub use crate::time::Millis;

/// A database that keeps everything the platform knows.
#[async_trait]
pub trait Store:
    AttemptStore + ConnectionStore + InboxStore + NoticeStore + SealedStore + Send + Sync + 'static
{
    /// Fails if the database cannot be read and written now.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes pending writes and closes the database. Every later call fails.
    async fn close(&self) -> Result<(), StoreError>;
}

/// Attempts to connect.
#[async_trait]
pub trait AttemptStore {
    /// Adds a pending attempt. Fails if another attempt has the same `state_hash`.
    async fn add_attempt(&self, attempt: NewAttempt) -> Result<(), StoreError>;

    /// Reads an attempt by its id.
    async fn attempt(&self, id: &str) -> Result<Option<Attempt>, StoreError>;

    /// Reads the attempt whose `state` has this hash.
    async fn attempt_by_state(&self, state_hash: [u8; 32]) -> Result<Option<Attempt>, StoreError>;

    /// Moves an attempt from pending to exchanging, unless it has expired. However many callers race, one receives the
    /// attempt and all others receive `None`. The claim is durable when this returns.
    async fn claim_attempt(
        &self,
        id: &str,
        response_hash: [u8; 32],
        now: Millis,
    ) -> Result<Option<Attempt>, StoreError>;

    /// Ends an attempt if its status is `from`, and wipes its parked grant. Returns `None` if the status is another one.
    async fn finish_attempt(
        &self,
        id: &str,
        from: AttemptStatus,
        end: AttemptEnd,
    ) -> Result<Option<Attempt>, StoreError>;

    /// Keeps Stripe's grant, sealed, until the seller confirms the change of account: the attempt moves from exchanging to
    /// confirming. Returns `None` if the attempt is not exchanging.
    async fn park_grant(
        &self,
        id: &str,
        account: &str,
        grant_sealed: Vec<u8>,
    ) -> Result<Option<Attempt>, StoreError>;

    /// Reads the sealed grant of a confirming attempt.
    async fn parked_grant(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Reads attempts that are exchanging or confirming and were claimed before a time, oldest first.
    async fn stuck_attempts(
        &self,
        status: AttemptStatus,
        claimed_before: Millis,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError>;

    /// Reads a page of attempts, newest first.
    async fn attempts(&self, page: Page) -> Result<Vec<Attempt>, StoreError>;

    /// Counts attempts by realm, status and outcome.
    async fn attempt_counts(&self) -> Result<Vec<AttemptCount>, StoreError>;
}

/// Connections and their history.
#[async_trait]
pub trait ConnectionStore {
    /// Records a connection, ends its attempt, and writes history and notice, in one transaction.
    async fn connect(&self, connection: NewConnection) -> Result<ConnectResult, StoreError>;

    /// Reads the tenant's active connection, or its latest one.
    async fn connection(
        &self,
        realm: &Realm,
        tenant: &str,
    ) -> Result<Option<Connection>, StoreError>;

    /// Reads a connection by its id.
    async fn connection_by_id(&self, id: &str) -> Result<Option<Connection>, StoreError>;

    /// Reads the active connections to an account: several if tenants share it.
    async fn active_connections(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<Vec<Connection>, StoreError>;

    /// Reads a page of connections, newest first.
    async fn connections(&self, page: Page) -> Result<Vec<Connection>, StoreError>;

    /// Ends active connections to an account and the test halves of live ones, wipes their tokens, and writes history and
    /// notices, in one transaction. Returns the connections that ended.
    async fn disconnect(&self, end: Disconnection) -> Result<Vec<Connection>, StoreError>;

    /// Sets who is about to request Stripe to revoke the account's active connections and their test halves. `None` clears
    /// it, as the end of a connection does.
    async fn mark_revoking(
        &self,
        realm: &Realm,
        account: &str,
        by: Option<AuditStamp>,
    ) -> Result<(), StoreError>;

    /// Reads the envelopes of a connection's tokens; both are `None` if there is no such connection.
    async fn sealed_tokens(&self, id: &str) -> Result<SealedTokens, StoreError>;

    /// Appends an entry to the history and gives it an id.
    async fn add_history(&self, entry: NewHistoryEntry) -> Result<(), StoreError>;

    /// Reads a page of the history, newest first, of one tenant or of all.
    async fn history(
        &self,
        tenant: Option<&str>,
        page: Page,
    ) -> Result<Vec<HistoryEntry>, StoreError>;
}

/// Webhook deliveries.
#[async_trait]
pub trait InboxStore {
    /// Adds a delivery, unless its event is stored already in the same realm.
    async fn add_delivery(&self, delivery: NewDelivery) -> Result<InsertResult, StoreError>;

    /// Takes the delivery with the oldest due time, until `lease_until`. A delivery whose lease has ended is due again. Of an
    /// account's [`ACCOUNT_UPDATED`] events, one at a time is taken.
    async fn claim_delivery(
        &self,
        now: Millis,
        lease_until: Millis,
    ) -> Result<Option<Delivery>, StoreError>;

    /// Reads the newest done event, by Stripe's creation time, with this delivery's type and account. The delivery itself
    /// does not count.
    async fn latest_done_event(&self, delivery: &Delivery)
    -> Result<Option<DoneEvent>, StoreError>;

    /// Ends a delivery as done or ignored. Returns `false` if `attempt` no longer holds the delivery.
    async fn finish_delivery(
        &self,
        id: &str,
        attempt: u32,
        status: DeliveryStatus,
        note: Option<&str>,
        now: Millis,
    ) -> Result<bool, StoreError>;

    /// Records a failure and makes the delivery due at `retry_at`, or dead if that is `None`. Returns `false` if the failed
    /// attempt no longer holds the delivery.
    async fn fail_delivery(
        &self,
        id: &str,
        failure: DeliveryFailure,
        retry_at: Option<Millis>,
    ) -> Result<bool, StoreError>;

    /// Makes a done, ignored or dead delivery due now, and resets its number of attempts. Returns `false` if there is no such
    /// delivery, or it is due anyway.
    async fn replay_delivery(&self, id: &str, now: Millis) -> Result<bool, StoreError>;

    /// Reads a delivery by its id.
    async fn delivery(&self, id: &str) -> Result<Option<Delivery>, StoreError>;

    /// Reads a page of deliveries, newest first, without their bodies.
    async fn deliveries(
        &self,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Reads the failures of a delivery, oldest first.
    async fn failures(&self, delivery: &str) -> Result<Vec<DeliveryFailure>, StoreError>;

    /// Counts deliveries by status.
    async fn inbox_state(&self) -> Result<InboxState, StoreError>;

    /// Removes done and ignored deliveries that were finished before a time, and returns how many. Dead ones stay.
    async fn purge_deliveries(&self, finished_before: Millis) -> Result<u64, StoreError>;
}

/// Notices for the host application.
#[async_trait]
pub trait NoticeStore {
    /// Takes the notice with the oldest due time, until `lease_until`. A notice whose lease has ended is due again.
    async fn claim_notice(
        &self,
        now: Millis,
        lease_until: Millis,
    ) -> Result<Option<Notice>, StoreError>;

    /// Ends a notice of which the host application was notified. Returns `false` if `attempt` no longer holds it.
    async fn finish_notice(&self, id: &str, attempt: u32) -> Result<bool, StoreError>;

    /// Records a failure and makes the notice due at `retry_at`, or dead if that is `None`. Returns `false` if `attempt` no
    /// longer holds it.
    async fn fail_notice(
        &self,
        id: &str,
        attempt: u32,
        error: &str,
        retry_at: Option<Millis>,
    ) -> Result<bool, StoreError>;

    /// Reads when the next delivery or notice is due.
    async fn next_due(&self) -> Result<Option<Millis>, StoreError>;
}

/// Sealed values by the key that sealed them.
#[async_trait]
pub trait SealedStore {
    /// Counts the values of each key. Keys that sealed none are not listed.
    async fn sealed_value_counts(&self) -> Result<Vec<SealedCount>, StoreError>;

    /// Reads values of a column that were sealed by another key than `newest`: at most `limit`, ordered by row id, after the
    /// row `after`.
    async fn values_sealed_by_other_keys(
        &self,
        column: SealedColumn,
        newest: KeyId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError>;

    /// Replaces an envelope if `value` is still the stored one. Returns `false` if the row has changed.
    async fn reseal(&self, value: &SealedValue, envelope: Vec<u8>) -> Result<bool, StoreError>;
}
