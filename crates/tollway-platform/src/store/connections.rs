//! Connections: the account that a tenant is, or was, connected to.

use std::fmt;

use super::attempts::AttemptStatus;
use super::history::AuditStamp;
use super::names::stored_names;
use crate::grant_scope::GrantScope;
use crate::realm::Realm;
use crate::time::Millis;

/// An account that a tenant is, or was, connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// `con_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The host application's name for the owner of the account.
    pub tenant: String,
    /// `acct_…`
    pub account: String,
    /// The granted scope.
    pub scope: GrantScope,
    /// The account's publishable key, if Stripe gave one.
    pub publishable_key: Option<String>,
    /// When the tenant connected the account for the first time.
    pub first_connected_at: Millis,
    /// When the tenant connected the account last: a reconnect sets it.
    pub connected_at: Millis,
    /// When and why the connection ended; `None` while it is active.
    pub disconnected: Option<ConnectionEnd>,
    /// The id of the live connection whose refresh token gave this test connection its credentials. The two end together.
    pub pair_of: Option<String>,
    /// Who requested Stripe to revoke the connection, until its end is recorded.
    pub revoking: Option<AuditStamp>,
}

impl Connection {
    /// An active connection with scope `read_write` and both times 0: set the other fields.
    pub fn new(
        id: impl Into<String>,
        realm: Realm,
        tenant: impl Into<String>,
        account: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            realm,
            tenant: tenant.into(),
            account: account.into(),
            scope: GrantScope::default(),
            publishable_key: None,
            first_connected_at: 0,
            connected_at: 0,
            disconnected: None,
            pair_of: None,
            revoking: None,
        }
    }

    /// Whether the account is connected now.
    pub fn is_active(&self) -> bool {
        self.disconnected.is_none()
    }

    /// What the envelopes of a connection's tokens are bound to: the record's natural key, which never changes. A store
    /// puts it into [`SealedValue::seal_row`](super::SealedValue::seal_row).
    pub fn seal_row(realm: &Realm, tenant: &str, account: &str) -> String {
        serde_json::json!([realm.platform, realm.mode, tenant, account]).to_string()
    }
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionEnd {
    /// When the connection ended.
    pub at: Millis,
    /// Why it ended.
    pub reason: DisconnectReason,
}

impl ConnectionEnd {
    /// An end at a time.
    pub const fn new(at: Millis, reason: DisconnectReason) -> Self {
        Self { at, reason }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The platform revoked it at Stripe, for all of its tenants.
    Revoked,
    /// The tenant was unlinked here; the account stays connected at Stripe for other tenants.
    Unlinked,
    /// The seller disconnected in Stripe's dashboard.
    DeauthorizedByAccount,
    /// The tenant chose another account.
    Replaced,
    /// Stripe refuses the platform access to the account.
    AccessLost,
}

stored_names!(DisconnectReason {
    Revoked = "revoked",
    Unlinked = "unlinked",
    DeauthorizedByAccount = "deauthorized_by_account",
    Replaced = "replaced",
    AccessLost = "access_lost",
});

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => "revoked by the platform",
            Self::Unlinked => "unlinked by the platform",
            Self::DeauthorizedByAccount => "disconnected by the account's owner at Stripe",
            Self::Replaced => "replaced by another account",
            Self::AccessLost => "Stripe no longer gives access to the account",
        })
    }
}

/// A connection's tokens as stored: envelopes, not secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedTokens {
    /// The access token's envelope.
    pub access_token: Option<Vec<u8>>,
    /// The refresh token's envelope.
    pub refresh_token: Option<Vec<u8>>,
}

impl SealedTokens {
    /// The envelopes of two tokens.
    pub fn new(access_token: Option<Vec<u8>>, refresh_token: Option<Vec<u8>>) -> Self {
        Self {
            access_token,
            refresh_token,
        }
    }
}

/// A connection to record, as Stripe granted it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewConnection {
    /// What the connection comes from.
    pub origin: ConnectionOrigin,
    /// The id, used if the tenant was never connected to the account.
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The tenant.
    pub tenant: String,
    /// The account.
    pub account: String,
    /// The granted scope.
    pub scope: GrantScope,
    /// The account's publishable key.
    pub publishable_key: Option<String>,
    /// The tokens' envelopes.
    pub tokens: SealedTokens,
    /// Whether other tenants may be connected to the same account.
    pub shared: bool,
    /// Whether this account replaces the tenant's other one.
    pub replace: bool,
    /// Who caused it, when, from where.
    pub stamp: AuditStamp,
}

impl NewConnection {
    /// A connection with scope `read_write` and no tokens, which neither shares nor replaces an account.
    pub fn new(
        origin: ConnectionOrigin,
        id: impl Into<String>,
        realm: Realm,
        tenant: impl Into<String>,
        account: impl Into<String>,
        stamp: AuditStamp,
    ) -> Self {
        Self {
            origin,
            id: id.into(),
            realm,
            tenant: tenant.into(),
            account: account.into(),
            scope: GrantScope::default(),
            publishable_key: None,
            tokens: SealedTokens::default(),
            shared: false,
            replace: false,
            stamp,
        }
    }
}

/// What a new connection comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionOrigin {
    /// A seller's attempt, which ends with outcome `connected`.
    Attempt {
        /// The attempt's id.
        id: String,
        /// The state it must be in: exchanging, or confirming when the seller confirmed a change of account. An attempt that
        /// ended as interrupted is accepted, too: Stripe's response arrived after all.
        from: AttemptStatus,
    },
    /// The live connection with this id, whose refresh token gave the test credentials. It must be active.
    LiveConnection(String),
}

/// The result of recording a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectResult {
    /// The tenant was connected to no account before.
    Connected(Connection),
    /// The tenant was connected to the same account: the record is renewed.
    Reconnected(Connection),
    /// The account replaces the tenant's former one.
    Replaced {
        /// The connection now.
        connection: Connection,
        /// The former account.
        from: String,
    },
    /// Nothing was written: the tenant is connected to another account, and the seller did not confirm a change.
    OtherAccount {
        /// The account that the tenant is connected to.
        connected: String,
    },
    /// Nothing was written: another tenant is connected to the account.
    OtherTenant,
    /// Nothing was written: the attempt is not in the expected state, or the live connection has ended.
    OriginNoLongerOpen,
}

/// Connections to end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Disconnection {
    /// Platform and mode.
    pub realm: Realm,
    /// The account.
    pub account: String,
    /// The tenant whose connection ends; `None` for all that are connected to the account.
    pub tenant: Option<String>,
    /// Ends only connections made at or before this time, so that a later reconnect stays.
    pub connected_by: Millis,
    /// Why they end.
    pub reason: DisconnectReason,
    /// Details for the history, such as the event's id.
    pub detail: Option<String>,
    /// Who caused it, when, from where.
    pub stamp: AuditStamp,
}

impl Disconnection {
    /// The end of all connections to an account that were made at or before `connected_by`.
    pub fn new(
        realm: Realm,
        account: impl Into<String>,
        connected_by: Millis,
        reason: DisconnectReason,
        stamp: AuditStamp,
    ) -> Self {
        Self {
            realm,
            account: account.into(),
            tenant: None,
            connected_by,
            reason,
            detail: None,
            stamp,
        }
    }
}
