//! The rows, as the rest of the crate sees them.

use std::fmt;

use crate::outcome::Outcome;
use crate::realm::Realm;

/// Unix time in milliseconds.
pub type Millis = i64;

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptStatus {
    /// The seller is on Stripe's pages.
    Pending,
    /// A callback claimed it: the code is being exchanged, or was when the process died.
    Exchanging,
    /// Stripe connected another account than before: the seller is asked which to keep.
    Confirming,
    /// Over; the outcome says how.
    Finished,
}

impl AttemptStatus {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Exchanging => "exchanging",
            Self::Confirming => "confirming",
            Self::Finished => "finished",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Exchanging,
            Self::Confirming,
            Self::Finished,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }
}

/// One try of one browser to connect one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `att_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The host application's name for whom the account is connected.
    pub tenant: String,
    /// SHA-256 of `state`.
    pub state_hash: [u8; 32],
    /// SHA-256 of the secret in the browser's cookie.
    pub browser_hash: [u8; 32],
    /// The redirect URI that was sent to Stripe.
    pub redirect_uri: String,
    /// The scope that was asked for.
    pub scope: String,
    /// Where the outcome page leads back to.
    pub return_to: Option<String>,
    /// The browser's address at the start.
    pub address: Option<String>,
    /// Where it stands.
    pub status: AttemptStatus,
    /// How it ended; set when finished.
    pub outcome: Option<Outcome>,
    /// The account that Stripe named.
    pub account: Option<String>,
    /// More about the outcome, for the operator: Stripe's error code, request id. Never a secret.
    pub detail: Option<String>,
    /// SHA-256 of what the first callback brought (its code, or its refusal).
    pub answer_hash: Option<[u8; 32]>,
    /// When it was started.
    pub created_at: Millis,
    /// When it can no longer be used.
    pub expires_at: Millis,
    /// When a callback claimed it.
    pub claimed_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
}

/// An account that a tenant is, or was, connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `con_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The host application's name for whom the account is connected.
    pub tenant: String,
    /// `acct_…`
    pub account: String,
    /// What was granted: `read_write`, `read_only`.
    pub scope: String,
    /// The account's publishable key, if Stripe gave one.
    pub publishable_key: Option<String>,
    /// The first time.
    pub first_connected_at: Millis,
    /// The last time: a reconnect moves it.
    pub connected_at: Millis,
    /// Since when it is no longer, and why. None: it is active.
    pub disconnected: Option<ConnectionEnd>,
    /// The id of the live connection that this one, in test mode, is a pair with: its credentials came from that one's
    /// refresh token, and it ends with it.
    pub pair_of: Option<String>,
    /// Who asked Stripe to revoke it, while that is not recorded yet.
    pub revoking: Option<AuditStamp>,
}

impl Connection {
    /// Is the account connected now?
    pub fn is_active(&self) -> bool {
        self.disconnected.is_none()
    }

    /// What its sealed columns are bound to: the row's natural key, which never changes.
    pub(crate) fn seal_row(realm: &Realm, tenant: &str, account: &str) -> String {
        serde_json::json!([realm.platform, realm.mode, tenant, account]).to_string()
    }
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionEnd {
    /// When.
    pub at: Millis,
    /// Why.
    pub reason: DisconnectReason,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The platform revoked it at Stripe, for all of its tenants.
    Revoked,
    /// The tenant was unlinked here; the account stays connected at Stripe for others.
    Unlinked,
    /// The seller disconnected on Stripe's side.
    DeauthorizedByAccount,
    /// The tenant chose another account.
    Replaced,
    /// Stripe refuses the platform access to the account, found when looking.
    AccessLost,
}

impl DisconnectReason {
    const ALL: [Self; 5] = [
        Self::Revoked,
        Self::Unlinked,
        Self::DeauthorizedByAccount,
        Self::Replaced,
        Self::AccessLost,
    ];

    /// As stored, and as a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Unlinked => "unlinked",
            Self::DeauthorizedByAccount => "deauthorized_by_account",
            Self::Replaced => "replaced",
            Self::AccessLost => "access_lost",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

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

/// Tokens as stored: envelopes, not secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedTokens {
    /// The access token's envelope.
    pub access_token: Option<Vec<u8>>,
    /// The refresh token's envelope.
    pub refresh_token: Option<Vec<u8>>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The person in the browser that came with a signed link.
    Seller,
    /// Somebody logged in to the operator pages.
    Operator,
    /// The host application, by the library.
    Host,
    /// Stripe, by a webhook.
    Stripe,
    /// The platform's own background work.
    Worker,
}

impl Actor {
    const ALL: [Self; 5] = [
        Self::Seller,
        Self::Operator,
        Self::Host,
        Self::Stripe,
        Self::Worker,
    ];

    /// As stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Seller => "seller",
            Self::Operator => "operator",
            Self::Host => "host",
            Self::Stripe => "stripe",
            Self::Worker => "worker",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|actor| actor.as_str() == text)
    }
}

/// Who did it, from where, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditStamp {
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: Actor,
    /// From which address, if it came over the web.
    pub address: Option<String>,
}

/// One line of the history. Append-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// `his_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The tenant it is about.
    pub tenant: Option<String>,
    /// The account it is about.
    pub account: Option<String>,
    /// What: `connected`, `reconnected`, `replaced`, `paired`, `not_paired`, `disconnected`, or an outcome's name.
    pub action: String,
    /// Who, when, from where.
    pub stamp: AuditStamp,
    /// More, for people. Never a secret.
    pub detail: Option<String>,
}

/// Which of a platform's two webhook endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Events of connected accounts (`connect: true`).
    Connect,
    /// Events of the platform's own account.
    Account,
}

impl Endpoint {
    /// As in the URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Account => "account",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Connect, Self::Account]
            .into_iter()
            .find(|endpoint| endpoint.as_str() == text)
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// Waiting for its time.
    Pending,
    /// A worker holds it until its lease ends.
    Working,
    /// Worked through.
    Done,
    /// Nothing to do; the note says why.
    Ignored,
    /// Failed too often; waits for a replay by hand.
    Dead,
}

impl DeliveryStatus {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Working,
        Self::Done,
        Self::Ignored,
        Self::Dead,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Working => "working",
            Self::Done => "done",
            Self::Ignored => "ignored",
            Self::Dead => "dead",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A webhook delivery with a good signature, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `in_…`
    pub id: String,
    /// Platform, and the mode of the endpoint it came to.
    pub realm: Realm,
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// `evt_…`
    pub event_id: String,
    /// Such as `account.updated`.
    pub event_type: String,
    /// The connected account it is about.
    pub account: Option<String>,
    /// When Stripe made the event.
    pub created_at: Option<Millis>,
    /// The request's headers as JSON.
    pub headers: String,
    /// The request's body, byte for byte.
    pub body: Vec<u8>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Why it was ignored, or the last error.
    pub note: Option<String>,
    /// How often work on it was started.
    pub attempts: u32,
    /// When it is to be worked on (pending), or when the lease ends (working).
    pub due_at: Millis,
    /// When it came.
    pub received_at: Millis,
    /// When it was done, ignored or given up.
    pub finished_at: Option<Millis>,
}

/// One failed attempt at a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When.
    pub at: Millis,
    /// What went wrong.
    pub error: String,
}

/// Something the host application has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `not_…`
    pub id: String,
    /// What happened.
    pub kind: NoticeKind,
    /// When it happened.
    pub at: Millis,
    /// The connection as it is now.
    pub connection: Connection,
    /// How often telling was started.
    pub attempts: u32,
}

/// What the host application is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// An account was connected, or connected again.
    Connected,
    /// A connection ended.
    Disconnected(DisconnectReason),
}
