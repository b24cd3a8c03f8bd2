//! Any text as what to expand, alone and in a list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway_fuzz::{Sent, escape, send};

fuzz_target!(|data: &[u8]| {
    let charge = "amount=100&currency=usd&source=tok_visa";
    let expand = escape(data);
    for (method, path, body) in [
        ("POST", "/v1/charges", charge),
        ("GET", "/v1/charges", ""),
        ("GET", "/v1/customers", ""),
    ] {
        let target = format!("{path}?limit=1&expand[]={expand}");
        let body = if body.is_empty() { String::new() } else { format!("{body}&expand[]={expand}") };
        send(&Sent { method, target: &target, body: body.as_bytes(), ..Sent::default() });
    }
});
