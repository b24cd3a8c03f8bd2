//! Webhooks: check that a delivery comes from Stripe, then read the event.
//! <https://docs.stripe.com/webhooks>
//!
//! Everything takes the raw bytes of the request body: a body that was parsed and written again has another signature.
//!
//! ```
//! use std::sync::Arc;
//! use tollway::testing::ManualClock;
//! use tollway::webhook::{self, Verifier};
//!
//! let payload = br#"{"id": "evt_1", "object": "event", "type": "account.application.deauthorized",
//!                    "account": "acct_1", "data": {"object": {"id": "ca_1"}}}"#;
//! // In a test, the header is made here; in production it is the `Stripe-Signature` header.
//! let header = webhook::test_header(payload, "whsec_test", 1_700_000_000);
//!
//! let verifier = Verifier::new("whsec_test")?.clock(Arc::new(ManualClock::at(1_700_000_000)));
//! let event = verifier.construct_event(payload, &header)?;
//! assert_eq!(event.type_(), tollway::api::EventType::AccountApplicationDeauthorized);
//! assert_eq!(event.account(), Some("acct_1"));
//! # Ok::<(), webhook::WebhookError>(())
//! ```

#[cfg(feature = "axum")]
pub mod axum;
mod error;
mod router;
mod signature;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret as _, SecretString};

pub use self::error::WebhookError;
pub use self::router::{Delivery, EventRouter, EventRouterBuilder, RouterError};
pub use self::signature::test_header;
use crate::api::Event;
use crate::event::{self, EventNotification};
use crate::runtime::{Clock, SystemClock};

/// How old a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// At most this old. Signatures from the future pass.
    AtMost(Duration),
    /// Any age. For stored payloads that are checked again.
    Disabled,
}

impl Default for Tolerance {
    /// Five minutes.
    fn default() -> Self {
        Self::AtMost(Duration::from_mins(5))
    }
}

/// What a good signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// When Stripe signed, in unix seconds.
    pub timestamp: i64,
    /// Which of the secrets matched, counted from 0 in the order they were given.
    pub secret: usize,
}

/// Checks deliveries with one or several signing secrets (`whsec_…`): old and new while a secret is rolled, live and
/// test on one endpoint, platform and Connect.
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<SecretString>,
    tolerance: Tolerance,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// A verifier with one secret and a tolerance of five minutes.
    ///
    /// # Errors
    /// When the secret is empty or blank, which would let forged events pass.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, WebhookError> {
        let none = Self {
            secrets: Vec::new(),
            tolerance: Tolerance::default(),
            clock: Arc::new(SystemClock::new()),
        };
        none.secret(secret)
    }

    /// Adds a secret that is accepted too.
    ///
    /// # Errors
    /// When the secret is empty or blank.
    pub fn secret(mut self, secret: impl Into<SecretString>) -> Result<Self, WebhookError> {
        let secret = secret.into();
        if secret.expose_secret().trim().is_empty() {
            return Err(WebhookError::BadSecret);
        }
        self.secrets.push(secret);
        Ok(self)
    }

    /// Changes the tolerance.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks a delivery without reading it. `header` is the `Stripe-Signature` header.
    ///
    /// # Errors
    /// [`WebhookError`] says what is wrong; answer such a delivery with 400.
    pub fn verify(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Verified, WebhookError> {
        let now = unix_seconds(self.clock.now());
        signature::verify(payload.as_ref(), header, &self.secrets, self.tolerance, now)
    }

    /// Checks a delivery and reads the snapshot event in it.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; also when the body is not a snapshot event. A known event with an odd shape is no
    /// error.
    pub fn construct_event(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Event, WebhookError> {
        self.verify(payload.as_ref(), header)?;
        event::parse_snapshot(payload.as_ref())
    }

    /// Checks a delivery and reads the thin event (event notification) in it.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; also when the body is not a thin event.
    pub fn parse_event_notification(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<EventNotification, WebhookError> {
        self.verify(payload.as_ref(), header)?;
        event::parse_notification(payload.as_ref())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.secrets.len())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// Checks a delivery with one secret, the default tolerance and the system's clock.
///
/// # Errors
/// [`WebhookError`] says what is wrong.
pub fn verify(
    payload: impl AsRef<[u8]>,
    header: &str,
    secret: impl Into<SecretString>,
) -> Result<Verified, WebhookError> {
    Verifier::new(secret)?.verify(payload, header)
}

/// Checks a delivery with one secret, the default tolerance and the system's clock, and reads the snapshot event.
///
/// # Errors
/// As [`verify`]; also when the body is not a snapshot event.
pub fn construct_event(
    payload: impl AsRef<[u8]>,
    header: &str,
    secret: impl Into<SecretString>,
) -> Result<Event, WebhookError> {
    Verifier::new(secret)?.construct_event(payload, header)
}

/// Reads a snapshot event that was checked earlier, for example one from your own store or from EventBridge or Event
/// Grid (their envelopes are opened).
///
/// # Errors
/// When the body is not a snapshot event.
pub fn construct_event_without_verification(
    payload: impl AsRef<[u8]>,
) -> Result<Event, WebhookError> {
    event::parse_snapshot(&event::open_envelope(payload.as_ref())?)
}

/// Reads a thin event that was checked earlier, for example one from your own store or from EventBridge or Event Grid
/// (their envelopes are opened).
///
/// # Errors
/// When the body is not a thin event.
pub fn parse_event_notification_without_verification(
    payload: impl AsRef<[u8]>,
) -> Result<EventNotification, WebhookError> {
    event::parse_notification(&event::open_envelope(payload.as_ref())?)
}

fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds)
        }
    }
}
