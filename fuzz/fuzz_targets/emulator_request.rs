//! Any request: method, path, key, kind of body and body come from the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway_fuzz::{Sent, send, text};

const METHODS: [&str; 5] = ["GET", "POST", "DELETE", "PUT", "HEAD"];
const KINDS: [&str; 4] =
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=X", "text/plain"];
const PREFIXES: [&str; 5] = ["/v1/", "/v2/", "/", "/v1/customers/", "/oauth/"];

fuzz_target!(|data: &[u8]| {
    let [choice, key, rest @ ..] = data else { return };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (path, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let choice = usize::from(*choice);
    let target = format!("{}{}", PREFIXES[choice % 5], text(path));
    // The control API is not Stripe's: it may be told to answer with faults.
    if target.contains("_tollway") {
        return;
    }
    send(&Sent {
        method: METHODS[choice / 5 % 5],
        target: &target,
        content_type: KINDS[choice / 25 % 4],
        authorization: match key % 4 {
            0 => b"Bearer pk_test_a",
            1 => b"Basic c2tfdGVzdF9hOg==",
            2 => &data[1..2],
            _ => b"Bearer sk_test_a",
        },
        body,
    });
});
