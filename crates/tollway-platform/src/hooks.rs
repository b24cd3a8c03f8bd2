//! What the host application is told, and how it answers.
//!
//! Hooks are called by the background worker ([`Platform::run`](crate::Platform::run)), never inside a request. A change
//! and the note to tell about it are written together, so a hook is called at least once, in spite of crashes; one that
//! fails is called again later, with growing pauses. Make hooks idempotent.

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

/// No hooks.
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

/// An event as it came by webhook.
#[derive(Clone, Debug)]
pub struct ReceivedEvent {
    /// Platform, and the mode of the endpoint.
    pub realm: Realm,
    /// Which endpoint it came to.
    pub endpoint: Endpoint,
    /// `evt_…`
    pub id: String,
    /// Such as `account.updated`.
    pub event_type: String,
    /// The connected account it is about.
    pub account: Option<String>,
    /// The tenants that are connected to that account now.
    pub tenants: Vec<String>,
    /// When Stripe made it, in Unix milliseconds.
    pub created_at: Option<Millis>,
    /// The body, byte for byte. Its signature was good.
    pub body: Vec<u8>,
    /// The account as Stripe has it now; given with an `account.updated` that is of the same second as another one, which
    /// leaves open which of them is the later. Take it in place of the body's.
    pub current: Option<serde_json::Value>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// A hook could not do its work now. The text is shown to the operator: no secrets.
#[derive(Debug)]
pub struct HookError(String);

impl HookError {
    /// What went wrong, in a sentence.
    pub fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HookError {}
