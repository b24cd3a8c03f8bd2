//! Webhooks: verify that a delivery comes from Stripe, then read the event. <https://docs.stripe.com/webhooks>
//!
//! All functions take the raw bytes of the request body, because a body that was parsed and serialized again has
//! another signature.
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
mod delivery;
mod error;
mod once;
mod parse;
mod router;
mod signature;
mod verifier;

pub use self::delivery::Delivery;
pub use self::error::WebhookError;
pub use self::once::{BeginResult, DeliveryStore, EndState, MemoryDeliveries};
pub use self::router::{EventRouter, EventRouterBuilder, RouterError};
pub use self::signature::{Tolerance, test_header};
pub use self::verifier::{
    Verified, Verifier, construct_event, construct_event_without_verification,
    parse_event_notification_without_verification, verify,
};
