//! Any body to operations that take JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway_fuzz::{Sent, send};

const PATHS: [&str; 4] =
    ["/v2/core/accounts", "/v2/core/event_destinations", "/v2/billing/meter_events", "/v2/core/account_links"];

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let target = PATHS[usize::from(*first) % PATHS.len()];
    send(&Sent { method: "POST", target, content_type: "application/json", body, ..Sent::default() });
});
