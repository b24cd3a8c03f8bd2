//! Attempts to connect: one browser's way from start to callback.

use super::names::stored_names;
use crate::grant_scope::GrantScope;
use crate::outcome::Outcome;
use crate::realm::Realm;
use crate::time::Millis;

/// The state of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptStatus {
    /// The seller is on Stripe's pages.
    Pending,
    /// A callback claimed the attempt: the code is being exchanged, or was when the process died.
    Exchanging,
    /// Stripe connected another account than before, and the seller has to choose one.
    Confirming,
    /// The attempt is over; its outcome is set.
    Finished,
}

stored_names!(AttemptStatus {
    Pending = "pending",
    Exchanging = "exchanging",
    Confirming = "confirming",
    Finished = "finished",
});

/// One attempt of one browser to connect one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// `att_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The host application's name for the owner of the account.
    pub tenant: String,
    /// SHA-256 of `state`.
    pub state_hash: [u8; 32],
    /// SHA-256 of the secret in the browser's cookie.
    pub browser_hash: [u8; 32],
    /// The redirect URI that was sent to Stripe.
    pub redirect_uri: String,
    /// The requested scope.
    pub scope: GrantScope,
    /// The URL that the outcome page links to.
    pub return_to: Option<String>,
    /// The browser's IP address at the start.
    pub address: Option<String>,
    /// The state.
    pub status: AttemptStatus,
    /// How the attempt ended; set when finished.
    pub outcome: Option<Outcome>,
    /// The account that Stripe named.
    pub account: Option<String>,
    /// Details of the outcome for the operator, such as Stripe's error code and request id. Never a secret.
    pub detail: Option<String>,
    /// SHA-256 of the first callback's code or error.
    pub response_hash: Option<[u8; 32]>,
    /// When the attempt was started.
    pub created_at: Millis,
    /// From when on no callback can claim the attempt.
    pub expires_at: Millis,
    /// When a callback claimed the attempt.
    pub claimed_at: Option<Millis>,
    /// When the attempt ended.
    pub finished_at: Option<Millis>,
}

/// An attempt to add, in the state [`AttemptStatus::Pending`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewAttempt {
    /// `att_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The host application's name for the owner of the account.
    pub tenant: String,
    /// SHA-256 of `state`.
    pub state_hash: [u8; 32],
    /// SHA-256 of the secret in the browser's cookie.
    pub browser_hash: [u8; 32],
    /// The redirect URI that is sent to Stripe.
    pub redirect_uri: String,
    /// The requested scope.
    pub scope: GrantScope,
    /// The URL that the outcome page links to.
    pub return_to: Option<String>,
    /// The browser's IP address.
    pub address: Option<String>,
    /// Now.
    pub created_at: Millis,
    /// From when on no callback can claim the attempt.
    pub expires_at: Millis,
}

impl NewAttempt {
    /// An attempt with empty hashes, no URLs and both times 0: set the fields that matter.
    pub fn new(id: impl Into<String>, realm: Realm, tenant: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            realm,
            tenant: tenant.into(),
            state_hash: [0; 32],
            browser_hash: [0; 32],
            redirect_uri: String::new(),
            scope: GrantScope::default(),
            return_to: None,
            address: None,
            created_at: 0,
            expires_at: 0,
        }
    }
}

impl From<NewAttempt> for Attempt {
    fn from(new: NewAttempt) -> Self {
        Self {
            id: new.id,
            realm: new.realm,
            tenant: new.tenant,
            state_hash: new.state_hash,
            browser_hash: new.browser_hash,
            redirect_uri: new.redirect_uri,
            scope: new.scope,
            return_to: new.return_to,
            address: new.address,
            status: AttemptStatus::Pending,
            outcome: None,
            account: None,
            detail: None,
            response_hash: None,
            created_at: new.created_at,
            expires_at: new.expires_at,
            claimed_at: None,
            finished_at: None,
        }
    }
}

/// The end of an attempt without a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptEnd {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// The account that Stripe named; `None` leaves the stored one.
    pub account: Option<String>,
    /// Details for the operator. Never a secret.
    pub detail: Option<String>,
    /// The hash of the callback's code or error; `None` leaves the stored one.
    pub response_hash: Option<[u8; 32]>,
    /// When the attempt ended.
    pub at: Millis,
}

impl AttemptEnd {
    /// An end without details.
    pub fn new(outcome: Outcome, at: Millis) -> Self {
        Self {
            outcome,
            account: None,
            detail: None,
            response_hash: None,
            at,
        }
    }
}

/// How many attempts of a realm are in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptCount {
    /// Platform and mode.
    pub realm: Realm,
    /// The state.
    pub status: AttemptStatus,
    /// How finished attempts ended.
    pub outcome: Option<Outcome>,
    /// The number of attempts.
    pub count: u64,
}

impl AttemptCount {
    /// The number of attempts with this state and outcome.
    pub fn new(realm: Realm, status: AttemptStatus, outcome: Option<Outcome>, count: u64) -> Self {
        Self {
            realm,
            status,
            outcome,
            count,
        }
    }
}
