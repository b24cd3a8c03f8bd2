//! What is kept, and the promises that keeping makes.
//!
//! [`Store`] is five traits in one: attempts, connections with their history, the webhook inbox, the notices for the host
//! application, and the sealed values by their keys. Each method is one atomic step; whatever has to happen together is one method. [`SqliteStore`] is
//! the store inside; another database implements the same traits and passes the same contract tests. No method is ever
//! called with another one's transaction open, so nothing is held while Stripe is asked.

mod records;
mod sealed;
pub mod sqlite;

use async_trait::async_trait;

pub use self::records::{
    Actor, Attempt, AttemptStatus, Connection, Delivery, DeliveryStatus, DisconnectReason,
    ConnectionEnd, Endpoint, DeliveryFailure, HistoryEntry, Millis, Notice, NoticeKind, SealedTokens, AuditStamp,
};
pub use self::sealed::{SealedColumn, SealedStore, SealedValue};
pub use self::sqlite::SqliteStore;
use crate::outcome::Outcome;
use crate::realm::{Mode, Realm};

/// Everything that is kept.
#[async_trait]
pub trait Store:
    AttemptStore + ConnectionStore + InboxStore + NoticeStore + SealedStore + Send + Sync + 'static
{
    /// Can it be read and written now?
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what is being written and closes the files.
    async fn close(&self) -> Result<(), StoreError>;
}

/// Attempts to connect.
#[async_trait]
pub trait AttemptStore {
    /// Adds a pending attempt.
    async fn add_attempt(&self, attempt: Attempt) -> Result<(), StoreError>;

    /// One attempt.
    async fn attempt(&self, id: &str) -> Result<Option<Attempt>, StoreError>;

    /// The attempt whose `state` has this hash.
    async fn attempt_by_state(&self, state_hash: [u8; 32]) -> Result<Option<Attempt>, StoreError>;

    /// Moves an attempt from pending to exchanging, if it is pending and has not expired. However many callers race, one
    /// gets the attempt and the others get none; the winner's claim is on disk when this returns.
    async fn claim_attempt(
        &self,
        id: &str,
        answer_hash: [u8; 32],
        now: Millis,
    ) -> Result<Option<Attempt>, StoreError>;

    /// Ends an attempt, if it stands where the caller saw it. A parked grant is wiped. None: somebody was faster.
    async fn finish_attempt(
        &self,
        id: &str,
        from: AttemptStatus,
        end: AttemptEnd,
    ) -> Result<Option<Attempt>, StoreError>;

    /// Keeps what Stripe granted, sealed, until the seller has confirmed the change of account: from exchanging to
    /// confirming. None: the attempt no longer is exchanging.
    async fn park_grant(
        &self,
        id: &str,
        account: &str,
        grant_sealed: Vec<u8>,
    ) -> Result<Option<Attempt>, StoreError>;

    /// The sealed grant of an attempt that waits for confirmation.
    async fn parked_grant(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Attempts that stand at `status` (exchanging or confirming) since before `claimed_before`, oldest first.
    async fn stuck_attempts(
        &self,
        status: AttemptStatus,
        claimed_before: Millis,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError>;

    /// The newest attempts, of one realm or of all.
    async fn attempts(&self, page: Page) -> Result<Vec<Attempt>, StoreError>;

    /// How many attempts stand where, for the operator's funnel.
    async fn attempt_counts(&self) -> Result<Vec<AttemptCount>, StoreError>;
}

/// Connections and their history.
#[async_trait]
pub trait ConnectionStore {
    /// Records what Stripe granted, ends the attempt, and writes history and notice, all in one step.
    async fn connect(&self, grant: NewConnection) -> Result<ConnectResult, StoreError>;

    /// The tenant's active connection, else its last one.
    async fn connection(
        &self,
        realm: &Realm,
        tenant: &str,
    ) -> Result<Option<Connection>, StoreError>;

    /// One connection.
    async fn connection_by_id(&self, id: &str) -> Result<Option<Connection>, StoreError>;

    /// The active connections of an account: one, or several if tenants share accounts.
    async fn active_connections(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<Vec<Connection>, StoreError>;

    /// The newest connections.
    async fn connections(&self, page: Page) -> Result<Vec<Connection>, StoreError>;

    /// Ends active connections of an account and the pairs of live ones, wipes their tokens, and writes history and notices, in one step. Returns
    /// those that ended.
    async fn disconnect(&self, end: Disconnection) -> Result<Vec<Connection>, StoreError>;

    /// Notes on an account's active connections, and on their pairs, who is about to ask Stripe to revoke them, or that nobody is. The end of a
    /// connection clears it.
    async fn mark_revoking(
        &self,
        realm: &Realm,
        account: &str,
        by: Option<AuditStamp>,
    ) -> Result<(), StoreError>;

    /// The envelopes of a connection's tokens.
    async fn sealed_tokens(&self, id: &str) -> Result<SealedTokens, StoreError>;

    /// Appends a line to the history. Its id is made here.
    async fn add_history(&self, entry: HistoryEntry) -> Result<(), StoreError>;

    /// The newest lines, of one realm or all, of one tenant or all.
    async fn history(
        &self,
        tenant: Option<&str>,
        page: Page,
    ) -> Result<Vec<HistoryEntry>, StoreError>;
}

/// Webhook deliveries.
#[async_trait]
pub trait InboxStore {
    /// Keeps a delivery, unless its event is there already.
    async fn add_delivery(&self, delivery: Delivery) -> Result<InsertResult, StoreError>;

    /// Takes the delivery that is due the longest, until `lease_until`. One whose lease ran out is due again. Of an account's
    /// `account.updated` events one at a time is given out.
    async fn claim_delivery(
        &self,
        now: Millis,
        lease_until: Millis,
    ) -> Result<Option<Delivery>, StoreError>;

    /// The newest event, by the time Stripe made it, of this delivery's type and account that is done: its id and time.
    /// The delivery itself does not count.
    async fn latest_done_event(
        &self,
        delivery: &Delivery,
    ) -> Result<Option<(String, Millis)>, StoreError>;

    /// Ends a delivery as done or ignored, if `attempt` is still the one that holds it.
    async fn finish_delivery(
        &self,
        id: &str,
        attempt: u32,
        status: DeliveryStatus,
        note: Option<&str>,
        now: Millis,
    ) -> Result<bool, StoreError>;

    /// Notes a failure and makes the delivery due again at `retry_at`, or a dead letter if there is none.
    async fn fail_delivery(
        &self,
        id: &str,
        failure: DeliveryFailure,
        retry_at: Option<Millis>,
    ) -> Result<bool, StoreError>;

    /// Makes a finished or dead delivery due now, with all its attempts ahead.
    async fn replay_delivery(&self, id: &str, now: Millis) -> Result<bool, StoreError>;

    /// One delivery.
    async fn delivery(&self, id: &str) -> Result<Option<Delivery>, StoreError>;

    /// The newest deliveries, without their bodies.
    async fn deliveries(
        &self,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// The failures of one delivery, oldest first.
    async fn failures(&self, delivery: &str) -> Result<Vec<DeliveryFailure>, StoreError>;

    /// How many deliveries stand where, and since when the oldest unfinished one waits.
    async fn inbox_state(&self) -> Result<InboxState, StoreError>;

    /// Removes deliveries that were finished before a moment. Dead letters stay.
    async fn purge_deliveries(&self, finished_before: Millis) -> Result<u64, StoreError>;
}

/// Notices for the host application.
#[async_trait]
pub trait NoticeStore {
    /// Takes the notice that is due the longest, until `lease_until`.
    async fn claim_notice(
        &self,
        now: Millis,
        lease_until: Millis,
    ) -> Result<Option<Notice>, StoreError>;

    /// The host application was told.
    async fn finish_notice(&self, id: &str, attempt: u32) -> Result<bool, StoreError>;

    /// It could not be told: again at `retry_at`, or never.
    async fn fail_notice(
        &self,
        id: &str,
        attempt: u32,
        error: &str,
        retry_at: Option<Millis>,
    ) -> Result<bool, StoreError>;

    /// When the next delivery or notice is due.
    async fn next_due(&self) -> Result<Option<Millis>, StoreError>;
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct AttemptEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// The account that Stripe named.
    pub account: Option<String>,
    /// More, for the operator. Never a secret.
    pub detail: Option<String>,
    /// What the callback brought; kept if it is given, else as it was.
    pub answer_hash: Option<[u8; 32]>,
    /// When.
    pub at: Millis,
}

/// What Stripe granted, to be recorded.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// What led here.
    pub origin: Origin,
    /// The id if the connection is new.
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The tenant.
    pub tenant: String,
    /// The account.
    pub account: String,
    /// What was granted.
    pub scope: String,
    /// The account's publishable key.
    pub publishable_key: Option<String>,
    /// The tokens' envelopes.
    pub tokens: SealedTokens,
    /// May other tenants be connected to the same account?
    pub shared: bool,
    /// Does this account replace the tenant's other one?
    pub replace: bool,
    /// Who, when, from where.
    pub stamp: AuditStamp,
}

/// What a new connection comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A seller's attempt, which it ends.
    Attempt {
        /// Which one.
        id: String,
        /// Where it must stand: exchanging, or confirming when the seller confirmed a change of account. One that was taken
        /// for interrupted is recorded, too: the answer came after all.
        from: AttemptStatus,
    },
    /// The live connection with this id, whose refresh token gives the test credentials as well. It must be active.
    PairOf(String),
}

/// What became of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectResult {
    /// The tenant's first connection, or its first to this account.
    Connected(Connection),
    /// The same account again: refreshed.
    Reconnected(Connection),
    /// Another account in place of `from`.
    Replaced {
        /// The connection now.
        connection: Connection,
        /// The account before.
        from: String,
    },
    /// Nothing was written: the tenant is connected to another account, and the seller has not been asked.
    OtherAccount {
        /// The account it is connected to.
        connected: String,
    },
    /// Nothing was written: another tenant has this account.
    OtherTenant,
    /// Nothing was written: the attempt no longer stands where it should, or the live connection has ended.
    OriginNoLongerOpen,
}

/// Connections to end.
#[derive(Clone, Debug)]
pub struct Disconnection {
    /// Platform and mode.
    pub realm: Realm,
    /// The account.
    pub account: String,
    /// One tenant, or all that are connected to the account.
    pub tenant: Option<String>,
    /// Only connections made at or before this moment: a reconnect in between wins.
    pub connected_by: Millis,
    /// Why.
    pub reason: DisconnectReason,
    /// More for the history, such as the event's id.
    pub detail: Option<String>,
    /// Who, when, from where.
    pub stamp: AuditStamp,
}

/// Was a delivery new?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsertResult {
    /// It is kept now.
    New,
    /// Its event was there before, as this delivery.
    Duplicate(String),
}

/// Which rows of a list: newest first, `limit` of them, older than `before`.
#[derive(Clone, Debug)]
pub struct Page {
    /// One realm, or all.
    pub realm: Option<Realm>,
    /// Only ids below this one.
    pub before: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Page {
    /// The newest rows of all realms.
    pub const fn newest(limit: u32) -> Self {
        Self {
            realm: None,
            before: None,
            limit,
        }
    }

    /// Of one realm only.
    #[must_use]
    pub fn of(self, realm: Realm) -> Self {
        Self {
            realm: Some(realm),
            ..self
        }
    }

    /// Only rows older than this id.
    #[must_use]
    pub fn older_than(self, id: impl Into<String>) -> Self {
        Self {
            before: Some(id.into()),
            ..self
        }
    }
}

/// How many attempts stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptCount {
    /// Platform and mode.
    pub realm: Realm,
    /// Where they stand.
    pub status: AttemptStatus,
    /// How they ended.
    pub outcome: Option<Outcome>,
    /// How many.
    pub count: u64,
}

/// How the inbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxState {
    /// How many deliveries have which status.
    pub counts: Vec<(DeliveryStatus, u64)>,
    /// When the oldest unfinished one was received.
    pub oldest_unfinished: Option<Millis>,
}

impl InboxState {
    /// How many have this status.
    pub fn count(&self, status: DeliveryStatus) -> u64 {
        self.counts
            .iter()
            .find(|(is, _)| *is == status)
            .map_or(0, |(_, count)| *count)
    }
}

/// The store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be opened.
    #[error("the database {path} cannot be used: {reason}")]
    Open {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A row does not read as it was written.
    #[error(
        "the database holds a {what} that cannot be read ({value:?}): it was changed from outside, or by a newer version of this program"
    )]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// What stands there.
        value: String,
    },
    /// The database failed, as it says itself.
    #[error("the database failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// An error of the database behind a store, kept as the [source](std::error::Error::source).
    pub fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }

    pub(crate) fn unreadable(what: &'static str, value: impl Into<String>) -> Self {
        Self::Unreadable {
            what,
            value: value.into(),
        }
    }
}

/// A realm from its two columns.
pub(crate) fn realm(platform: String, mode: &str) -> Result<Realm, StoreError> {
    let mode: Mode = mode
        .parse()
        .map_err(|_| StoreError::unreadable("mode", mode))?;
    Ok(Realm { platform, mode })
}
