//! The JSON parser takes what `serde_json` takes, reads the same, and refuses the rest without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tollway::Json;

fuzz_target!(|data: &[u8]| {
    let ours = Json::parse(data.to_vec());
    let theirs: Result<Value, _> = serde_json::from_slice(data);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            // Two members of one name, and numbers beyond 64 bits, may read differently.
            let written = serde_json::to_value(&ours).expect("what was parsed can be written");
            let duplicates = theirs.to_string().len() != written.to_string().len();
            assert!(duplicates || written == theirs || !whole_numbers(&theirs), "{written} {theirs}");
            let _ = (format!("{ours:?}"), ours.len(), ours.as_i64(), ours.as_f64());
            let again = Json::parse(ours.text().into_owned().into_bytes()).expect("its own text");
            assert_eq!(again.text(), ours.text());
        }
        (Ok(ours), Err(error)) => {
            // `serde_json` refuses numbers beyond f64, deep nesting and halves of surrogates; nothing else.
            let why = error.to_string();
            let known = ["number out of range", "recursion limit", "surrogate", "unexpected end of hex"];
            assert!(known.iter().any(|one| why.contains(one)), "{why}: {}", ours.text());
        }
        (Err(error), Ok(_)) => assert!(error.to_string().contains("deep"), "{error}"),
        (Err(_), Err(_)) => {}
    }
});

fn whole_numbers(json: &Value) -> bool {
    match json {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(items) => items.iter().all(whole_numbers),
        Value::Object(members) => members.values().all(whole_numbers),
        _ => true,
    }
}
