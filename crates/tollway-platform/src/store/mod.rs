//! What is kept, and the promises that keeping makes.
//!
//! [`Store`] is five traits in one: attempts, connections with their history, the webhook inbox, the notices for the host
//! application, and the sealed values by their keys. Each method is one atomic step; whatever has to happen together is one method. [`SqliteStore`] is
//! the store inside; another database implements the same traits and passes the same contract tests. No method is ever
//! called with another one's transaction open, so nothing is held while Stripe is asked.

mod records;
mod sealed;
pub mod sqlite;

use std::future::Future;
use std::pin::Pin;

pub use self::records::{
    Actor, Attempt, AttemptStatus, Connection, Delivery, DeliveryStatus, DisconnectReason,
    Disconnected, Endpoint, Failure, HistoryEntry, Millis, Notice, NoticeKind, SealedTokens, Sign,
};
pub use self::sealed::{SealedColumn, SealedStore, SealedValue};
pub use self::sqlite::SqliteStore;
use crate::outcome::Outcome;
use crate::realm::{Mode, Realm};

/// What every method returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything that is kept.
pub trait Store:
    AttemptStore + ConnectionStore + InboxStore + NoticeStore + SealedStore + Send + Sync + 'static
{
    /// Can it be read and written now?
    fn ping(&self) -> StoreFuture<'_, ()>;

    /// Finishes what is being written and closes the files.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// Attempts to connect.
pub trait AttemptStore {
    /// Adds a pending attempt.
    fn add_attempt(&self, attempt: Attempt) -> StoreFuture<'_, ()>;

    /// One attempt.
    fn attempt<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Attempt>>;

    /// The attempt whose `state` has this hash.
    fn attempt_by_state(&self, state_hash: [u8; 32]) -> StoreFuture<'_, Option<Attempt>>;

    /// Moves an attempt from pending to exchanging, if it is pending and has not expired. However many callers race, one
    /// gets the attempt and the others get none; the winner's claim is on disk when this returns.
    fn claim_attempt<'a>(
        &'a self,
        id: &'a str,
        answer_hash: [u8; 32],
        now: Millis,
    ) -> StoreFuture<'a, Option<Attempt>>;

    /// Ends an attempt, if it stands where the caller saw it. A parked grant is wiped. None: somebody was faster.
    fn finish_attempt<'a>(
        &'a self,
        id: &'a str,
        from: AttemptStatus,
        end: End,
    ) -> StoreFuture<'a, Option<Attempt>>;

    /// Keeps what Stripe granted, sealed, until the seller has confirmed the change of account: from exchanging to
    /// confirming. None: the attempt no longer is exchanging.
    fn park_grant<'a>(
        &'a self,
        id: &'a str,
        account: &'a str,
        grant_sealed: Vec<u8>,
    ) -> StoreFuture<'a, Option<Attempt>>;

    /// The sealed grant of an attempt that waits for confirmation.
    fn parked_grant<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Vec<u8>>>;

    /// Attempts that stand at `status` (exchanging or confirming) since before `claimed_before`, oldest first.
    fn stuck_attempts(
        &self,
        status: AttemptStatus,
        claimed_before: Millis,
        limit: u32,
    ) -> StoreFuture<'_, Vec<Attempt>>;

    /// The newest attempts, of one realm or of all.
    fn attempts(&self, page: Page) -> StoreFuture<'_, Vec<Attempt>>;

    /// How many attempts stand where, for the operator's funnel.
    fn attempt_counts(&self) -> StoreFuture<'_, Vec<AttemptCount>>;
}

/// Connections and their history.
pub trait ConnectionStore {
    /// Records what Stripe granted, ends the attempt, and writes history and notice, all in one step.
    fn connect(&self, grant: NewConnection) -> StoreFuture<'_, Recorded>;

    /// The tenant's active connection, else its last one.
    fn connection<'a>(
        &'a self,
        realm: &'a Realm,
        tenant: &'a str,
    ) -> StoreFuture<'a, Option<Connection>>;

    /// One connection.
    fn connection_by_id<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Connection>>;

    /// The active connections of an account: one, or several if tenants share accounts.
    fn active_on_account<'a>(
        &'a self,
        realm: &'a Realm,
        account: &'a str,
    ) -> StoreFuture<'a, Vec<Connection>>;

    /// The newest connections.
    fn connections(&self, page: Page) -> StoreFuture<'_, Vec<Connection>>;

    /// Ends active connections of an account and the pairs of live ones, wipes their tokens, and writes history and notices, in one step. Returns
    /// those that ended.
    fn disconnect(&self, end: Disconnect) -> StoreFuture<'_, Vec<Connection>>;

    /// Notes on an account's active connections, and on their pairs, who is about to ask Stripe to revoke them, or that nobody is. The end of a
    /// connection clears it.
    fn mark_revoking<'a>(
        &'a self,
        realm: &'a Realm,
        account: &'a str,
        by: Option<Sign>,
    ) -> StoreFuture<'a, ()>;

    /// The envelopes of a connection's tokens.
    fn sealed_tokens<'a>(&'a self, id: &'a str) -> StoreFuture<'a, SealedTokens>;

    /// Appends a line to the history. Its id is made here.
    fn add_history(&self, entry: HistoryEntry) -> StoreFuture<'_, ()>;

    /// The newest lines, of one realm or all, of one tenant or all.
    fn history<'a>(
        &'a self,
        tenant: Option<&'a str>,
        page: Page,
    ) -> StoreFuture<'a, Vec<HistoryEntry>>;
}

/// Webhook deliveries.
pub trait InboxStore {
    /// Keeps a delivery, unless its event is there already.
    fn add_delivery(&self, delivery: Delivery) -> StoreFuture<'_, Added>;

    /// Takes the delivery that is due the longest, until `lease_until`. One whose lease ran out is due again. Of an account's
    /// `account.updated` events one at a time is given out.
    fn claim_delivery(&self, now: Millis, lease_until: Millis)
    -> StoreFuture<'_, Option<Delivery>>;

    /// The newest event, by the time Stripe made it, of this delivery's type and account that is done: its id and time.
    /// The delivery itself does not count.
    fn newest_done<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> StoreFuture<'a, Option<(String, Millis)>>;

    /// Ends a delivery as done or ignored, if `attempt` is still the one that holds it.
    fn finish_delivery<'a>(
        &'a self,
        id: &'a str,
        attempt: u32,
        status: DeliveryStatus,
        note: Option<&'a str>,
        now: Millis,
    ) -> StoreFuture<'a, bool>;

    /// Notes a failure and makes the delivery due again at `retry_at`, or a dead letter if there is none.
    fn fail_delivery<'a>(
        &'a self,
        id: &'a str,
        failure: Failure,
        retry_at: Option<Millis>,
    ) -> StoreFuture<'a, bool>;

    /// Makes a finished or dead delivery due now, with all its attempts ahead.
    fn replay_delivery<'a>(&'a self, id: &'a str, now: Millis) -> StoreFuture<'a, bool>;

    /// One delivery.
    fn delivery<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Delivery>>;

    /// The newest deliveries, without their bodies.
    fn deliveries(
        &self,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> StoreFuture<'_, Vec<Delivery>>;

    /// The failures of one delivery, oldest first.
    fn failures<'a>(&'a self, delivery: &'a str) -> StoreFuture<'a, Vec<Failure>>;

    /// How many deliveries stand where, and since when the oldest unfinished one waits.
    fn inbox_state(&self) -> StoreFuture<'_, InboxState>;

    /// Removes deliveries that were finished before a moment. Dead letters stay.
    fn purge_deliveries(&self, finished_before: Millis) -> StoreFuture<'_, u64>;
}

/// Notices for the host application.
pub trait NoticeStore {
    /// Takes the notice that is due the longest, until `lease_until`.
    fn claim_notice(&self, now: Millis, lease_until: Millis) -> StoreFuture<'_, Option<Notice>>;

    /// The host application was told.
    fn finish_notice<'a>(&'a self, id: &'a str, attempt: u32) -> StoreFuture<'a, bool>;

    /// It could not be told: again at `retry_at`, or never.
    fn fail_notice<'a>(
        &'a self,
        id: &'a str,
        attempt: u32,
        error: &'a str,
        retry_at: Option<Millis>,
    ) -> StoreFuture<'a, bool>;

    /// When the next delivery or notice is due.
    fn next_due(&self) -> StoreFuture<'_, Option<Millis>>;
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct End {
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
    pub sign: Sign,
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
pub enum Recorded {
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
    OriginGone,
}

/// Connections to end.
#[derive(Clone, Debug)]
pub struct Disconnect {
    /// Platform and mode.
    pub realm: Realm,
    /// The account.
    pub account: String,
    /// One tenant, or all that are connected to the account.
    pub tenant: Option<String>,
    /// Only connections made at or before this moment: a reconnect in between wins.
    pub connected_by: Millis,
    /// Why.
    pub why: DisconnectReason,
    /// More for the history, such as the event's id.
    pub detail: Option<String>,
    /// Who, when, from where.
    pub sign: Sign,
}

/// Was a delivery new?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
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
    #[error("the database {path} cannot be used: {why}")]
    Open {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        why: String,
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
    /// The database failed.
    #[error("the database failed: {0}")]
    Failed(#[from] sqlx::Error),
}

impl StoreError {
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
