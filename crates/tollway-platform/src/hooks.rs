//! Hooks: how the host application is notified.
//!
//! The background worker calls hooks, never a request. A change and the notice of it are written in one transaction, so a
//! hook is called at least once, even after a crash. A hook that fails is called again later, with growing pauses. Make
//! hooks idempotent.

use std::fmt;

use async_trait::async_trait;

use crate::realm::Realm;
use crate::store::{Connection, DisconnectReason, Endpoint, Millis};

/// Callbacks into the host application. Default implementations do nothing.
///
/// Implement it with [`async_trait`](crate::async_trait):
///
/// ```
/// use tollway_platform::{Connection, HookError, Hooks, async_trait};
///
/// struct Shop;
///
/// #[async_trait]
/// impl Hooks for Shop {
///     async fn on_connected(&self, connection: &Connection) -> Result<(), HookError> {
///         println!("{} connected {}", connection.tenant, connection.account);
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// An account was connected, or connected again.
    async fn on_connected(&self, connection: &Connection) -> Result<(), HookError> {
        let _ = connection;
        Ok(())
    }

    /// A connection ended. `connection` is the record as it is now: a reconnect may have happened since.
    async fn on_disconnected(
        &self,
        connection: &Connection,
        reason: DisconnectReason,
    ) -> Result<(), HookError> {
        let _ = (connection, reason);
        Ok(())
    }

    /// A webhook event with a valid signature arrived for the first time.
    async fn on_event(&self, event: &ReceivedEvent) -> Result<(), HookError> {
        let _ = event;
        Ok(())
    }
}

/// Hooks that do nothing.
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

/// An event that was received by webhook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedEvent {
    /// Platform, and the mode of the endpoint.
    pub realm: Realm,
    /// The endpoint that received it.
    pub endpoint: Endpoint,
    /// `evt_…`
    pub id: String,
    /// Such as `account.updated`.
    pub event_type: String,
    /// The connected account of the event.
    pub account: Option<String>,
    /// The tenants that are connected to the account now.
    pub tenants: Vec<String>,
    /// When Stripe created the event, in Unix milliseconds.
    pub created_at: Option<Millis>,
    /// The body, byte for byte. Its signature is valid.
    pub body: Vec<u8>,
    /// The account as Stripe has it now. Set for an `account.updated` of the same second as another one, because their times
    /// do not say which is newer. Use it instead of the account in the body.
    pub current: Option<serde_json::Value>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
}

impl ReceivedEvent {
    /// An event without account, tenants and body, in its first attempt: for tests of your hooks.
    pub fn new(
        realm: Realm,
        endpoint: Endpoint,
        id: impl Into<String>,
        event_type: impl Into<String>,
    ) -> Self {
        Self {
            realm,
            endpoint,
            id: id.into(),
            event_type: event_type.into(),
            account: None,
            tenants: Vec::new(),
            created_at: None,
            body: Vec::new(),
            current: None,
            attempt: 1,
        }
    }
}

/// A hook could not do its work now, and is called again later.
///
/// Its text is shown to the operator, so it must not contain a secret.
#[derive(Debug)]
pub struct HookError(Box<dyn std::error::Error + Send + Sync>);

impl HookError {
    /// Wraps an error of the host application, or a sentence that says what went wrong.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The wrapped error.
    pub fn into_inner(self) -> Box<dyn std::error::Error + Send + Sync> {
        self.0
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

// The wrapped error is displayed, so the source is that of the wrapped error.
impl std::error::Error for HookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
