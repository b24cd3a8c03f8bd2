//! [`Verifier`]: checks that deliveries come from Stripe.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret as _, SecretString};

use super::delivery::Delivery;
use super::error::WebhookError;
use super::parse;
use super::signature::{self, Tolerance};
use crate::api::Event;
use crate::event::EventNotification;
use crate::runtime::{Clock, SystemClock};

/// The result of a signature that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// When Stripe signed the delivery, in unix seconds.
    pub timestamp: i64,
    /// The index of the secret that matched, from 0, in the order in which the secrets were added.
    pub secret_index: usize,
    /// The mode of that secret's endpoint, if the secret was added with a mode. A live endpoint of Connect also
    /// receives test events, so the event's own `livemode` may differ.
    pub livemode: Option<bool>,
}

/// A signing secret, and the mode of its endpoint if it is known.
#[derive(Clone)]
struct Secret {
    text: SecretString,
    livemode: Option<bool>,
}

/// Checks deliveries with one or several signing secrets (`whsec_…`): old and new while a secret is rolled, live and
/// test on one endpoint, platform and Connect.
///
/// ```
/// use tollway::webhook::{Verifier, WebhookError, test_header};
///
/// let verifier = Verifier::new("whsec_platform")?.live_secret("whsec_live")?.test_secret("whsec_test")?;
///
/// // Whoever has the test endpoint's secret cannot make live events with it.
/// # let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()) as i64;
/// let forged = r#"{"id": "evt_1", "object": "event", "type": "charge.succeeded", "livemode": true}"#;
/// let header = test_header(forged, "whsec_test", now);
/// assert_eq!(verifier.construct_event(forged, &header).unwrap_err(), WebhookError::WrongMode { livemode: true });
/// # Ok::<(), WebhookError>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<Secret>,
    tolerance: Tolerance,
    clock: Arc<dyn Clock>,
    /// The only mode that is taken.
    livemode: Option<bool>,
    strict_version: bool,
    /// Whether an event of another version was logged; shared by clones.
    told: Arc<AtomicBool>,
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
            livemode: None,
            strict_version: false,
            told: Arc::default(),
        };
        none.secret(secret)
    }

    /// Adds a secret that is accepted too.
    ///
    /// # Errors
    /// When the secret is empty or blank.
    pub fn secret(self, secret: impl Into<SecretString>) -> Result<Self, WebhookError> {
        self.push(secret.into(), None)
    }

    /// Adds the secret of a live endpoint. It may sign test events, too: live endpoints of Connect get both.
    ///
    /// # Errors
    /// When the secret is empty or blank.
    pub fn live_secret(self, secret: impl Into<SecretString>) -> Result<Self, WebhookError> {
        self.push(secret.into(), Some(true))
    }

    /// Adds the secret of a test endpoint or of the Stripe CLI. A live event signed with it is refused.
    ///
    /// # Errors
    /// When the secret is empty or blank.
    pub fn test_secret(self, secret: impl Into<SecretString>) -> Result<Self, WebhookError> {
        self.push(secret.into(), Some(false))
    }

    fn push(mut self, text: SecretString, livemode: Option<bool>) -> Result<Self, WebhookError> {
        if text.expose_secret().trim().is_empty() {
            return Err(WebhookError::BadSecret);
        }
        self.secrets.push(Secret { text, livemode });
        Ok(self)
    }

    /// Takes events of one mode only: `true` for live ones. Live endpoints of Connect get test events, too; without this
    /// they pass, and [`Delivery::livemode`] tells them apart.
    #[must_use]
    pub fn livemode(mut self, livemode: bool) -> Self {
        self.livemode = Some(livemode);
        self
    }

    /// Refuses snapshot events that were rendered with an API version whose objects may not fit this crate's types
    /// ([`versions_agree`](crate::event::versions_agree)). Without this they pass, readable as far as they fit, and the
    /// first one is logged at `WARN`. The version is the endpoint's, see
    /// <https://docs.stripe.com/webhooks/versioning>.
    #[must_use]
    pub fn strict_version(mut self) -> Self {
        self.strict_version = true;
        self
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

    /// Verifies a delivery without reading it. `header` is the `Stripe-Signature` header.
    ///
    /// # Errors
    /// A [`WebhookError`]; respond to such a delivery with 400.
    pub fn verify(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Verified, WebhookError> {
        let now = unix_seconds(self.clock.now());
        let secrets = self.secrets.iter().map(|secret| &secret.text);
        let (secret_index, timestamp) =
            signature::verify(payload.as_ref(), header, secrets, self.tolerance, now)?;
        Ok(Verified {
            timestamp,
            secret_index,
            livemode: self
                .secrets
                .get(secret_index)
                .and_then(|secret| secret.livemode),
        })
    }

    /// Whether an event that was signed with this secret may pass.
    fn accept(&self, verified: Verified, delivery: &Delivery) -> Result<(), WebhookError> {
        let livemode = delivery.livemode();
        let forged = livemode && verified.livemode == Some(false);
        if forged || self.livemode.is_some_and(|only| only != livemode) {
            return Err(WebhookError::WrongMode { livemode });
        }
        if delivery.fits_this_version() {
            return Ok(());
        }
        let version = delivery.api_version().unwrap_or("no version");
        if self.strict_version {
            return Err(WebhookError::OtherVersion {
                version: version.to_owned(),
            });
        }
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                event = delivery.id(),
                version,
                sdk_version = crate::STRIPE_VERSION,
                "a webhook event was rendered with another API version: what this crate's types do not fit reads as \
                 nothing; told once"
            );
        }
        Ok(())
    }

    /// Checks a delivery and reads the snapshot event in it.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; also when the body is not a snapshot event, or is of a mode or version that this
    /// verifier does not take. A known event with an odd shape is no error.
    pub fn construct_event(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Event, WebhookError> {
        let verified = self.verify(payload.as_ref(), header)?;
        let event = parse::parse_snapshot(payload.as_ref())?;
        self.accept(verified, &Delivery::Snapshot(event.clone()))?;
        Ok(event)
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
        let verified = self.verify(payload.as_ref(), header)?;
        let event = parse::parse_notification(payload.as_ref())?;
        self.accept(verified, &Delivery::Notification(event.clone()))?;
        Ok(event)
    }
}

impl Verifier {
    /// Verifies a delivery and reads the event in it, snapshot or thin, for endpoints that receive both.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; also when the body is neither kind of event.
    pub fn parse_delivery(
        &self,
        payload: impl AsRef<[u8]>,
        header: &str,
    ) -> Result<Delivery, WebhookError> {
        let verified = self.verify(payload.as_ref(), header)?;
        let delivery = Delivery::read(payload.as_ref())?;
        self.accept(verified, &delivery)?;
        Ok(delivery)
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
/// A [`WebhookError`].
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
    parse::parse_snapshot(&parse::open_envelope(payload.as_ref())?)
}

/// Reads a thin event that was checked earlier, for example one from your own store or from EventBridge or Event Grid
/// (their envelopes are opened).
///
/// # Errors
/// When the body is not a thin event.
pub fn parse_event_notification_without_verification(
    payload: impl AsRef<[u8]>,
) -> Result<EventNotification, WebhookError> {
    parse::parse_notification(&parse::open_envelope(payload.as_ref())?)
}

fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds)
        }
    }
}
