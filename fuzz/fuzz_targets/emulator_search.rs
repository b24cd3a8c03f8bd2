//! Any text as a query of the search language.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway_fuzz::{Sent, escape, send};

const PATHS: [&str; 4] =
    ["/v1/customers/search", "/v1/charges/search", "/v1/invoices/search", "/v1/payment_intents/search"];

fuzz_target!(|data: &[u8]| {
    let Some((first, query)) = data.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    // Something to be found.
    if *first > 250 {
        send(&Sent { method: "POST", target: "/v1/customers", body: b"name=Jenny&metadata[a]=b", ..Sent::default() });
    }
    let target = format!("{path}?query={}", escape(query));
    send(&Sent { target: &target, ..Sent::default() });
});
