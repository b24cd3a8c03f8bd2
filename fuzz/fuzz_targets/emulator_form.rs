//! Any form to an operation with deep parameters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway_fuzz::{Sent, send};

const PATHS: [&str; 6] = [
    "/v1/customers",
    "/v1/payment_intents",
    "/v1/checkout/sessions",
    "/v1/accounts",
    "/v1/subscriptions",
    "/v1/webhook_endpoints",
];

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let target = PATHS[usize::from(*first) % PATHS.len()];
    send(&Sent { method: "POST", target, body, ..Sent::default() });
});
