//! The redirect of OAuth: any URL gives an answer, and never a code with another state.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway::oauth::parse_callback;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(callback) = parse_callback(&text, "expected-state") {
        assert_eq!(callback.state(), Some("expected-state"));
        assert!(!callback.code().is_empty());
    }
    let _ = parse_callback(&text, None).map(|callback| callback.scope().cloned());
});
