//! A Connect webhook endpoint, whatever the web framework: raw bytes in, an HTTP status out.

use tollway::api::EventType;
use tollway::webhook::Verifier;

use crate::tenants::Tenants;

/// Handles one delivery. `header` is the `Stripe-Signature` header; the body must be the bytes as they came.
pub fn receive(verifier: &Verifier, tenants: &Tenants, body: &[u8], header: &str) -> u16 {
    let Ok(event) = verifier.construct_event(body, header) else {
        return 400;
    };
    if event.type_() == EventType::AccountApplicationDeauthorized {
        // Who left is said by the event itself; the object in it is the platform's own application.
        if let Some(account) = event.account() {
            tenants.disconnected(account);
        }
    }
    200
}
