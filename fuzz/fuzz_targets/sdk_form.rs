//! What is written as a form reads back as the same pairs; reading takes any text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway::params::{Params, Value};
use tollway::wire::{form, json_body};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let pairs = form::decode(&text);
    let mut params = Params::new();
    let mut expected = Vec::new();
    for (at, (name, value)) in pairs.into_iter().enumerate() {
        // Unique, since a second value of one name replaces the first.
        let name = format!("{at}_{name}");
        expected.push((name.clone(), value.clone()));
        params.set(name, value);
    }
    match form::encode(&params) {
        Ok(written) => assert_eq!(form::decode(&written), expected),
        Err(_) => assert!(expected.iter().any(|(name, _)| name.contains(['[', ']']))),
    }
    let nested = Params::new().with("a", Value::List(vec![Value::Map(params), Value::Str(text.into_owned())]));
    let _ = (form::encode(&nested), json_body::encode(&nested));
});
