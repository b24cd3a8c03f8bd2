//! Any parameters to the pages and endpoints of OAuth.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway_fuzz::{Sent, send, text};

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let query: String = text(rest).chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let target = format!("/oauth/authorize?response_type=code&client_id=ca_a&{query}");
    let express = format!("/express{target}");
    let (method, target, body) = match first % 5 {
        0 => ("GET", &*target, b"".as_slice()),
        1 => ("GET", &*express, b"".as_slice()),
        2 => ("POST", "/oauth/token", rest),
        3 => ("POST", "/oauth/deauthorize", rest),
        _ => ("POST", "/oauth/authorize", rest),
    };
    send(&Sent { method, target, body, ..Sent::default() });
});
