use proptest::prelude::*;
use serde_json::Value;

use super::{Json, JsonKind};

fn value(json: &Json) -> Value {
    serde_json::to_value(json).unwrap()
}

#[test]
fn reads_every_kind_of_value() {
    let json = Json::parse(r#" {"n":null,"t":true,"f":false,"i":-12,"u":18446744073709551615,"x":1.50,"s":"a\u00e9\ud83d\ude00\n","p":"é","a":[ ],"o":{}} "#).unwrap();
    assert!(json.get("n").unwrap().is_null());
    assert_eq!(json.get("t").unwrap().as_bool(), Some(true));
    assert_eq!(json.get("f").unwrap().as_bool(), Some(false));
    assert_eq!(json.get("i").unwrap().as_i64(), Some(-12));
    assert_eq!(json.get("u").unwrap().as_i64(), None);
    assert_eq!(json.get("u").unwrap().as_u64(), Some(u64::MAX));
    assert_eq!(json.get("x").unwrap().number_text(), Some("1.50"));
    assert_eq!(json.get("s").unwrap().as_str(), Some("aé😀\n"));
    assert_eq!(json.get("p").unwrap().as_str(), Some("é"));
    assert_eq!(json.get("a").unwrap().kind(), JsonKind::Array);
    assert!(json.get("o").unwrap().is_empty());
    assert!(json.get("missing").is_none());
    assert_eq!(json.len(), 10);
}

#[test]
fn keys_with_escapes_are_found_by_their_meaning() {
    let json = Json::parse(r#"{"plain": {"k": 1}, "a\nb": 2}"#).unwrap();
    assert_eq!(json.get("a\nb").and_then(|value| value.as_i64()), Some(2));
}

#[test]
fn the_text_is_what_came() {
    let text = "{\n  \"amount\": 1.50,\n  \"list\": [1,  2]\n}";
    let json = Json::parse(text).unwrap();
    assert_eq!(json.text(), text);
    assert_eq!(json.get("list").unwrap().text(), "[1,  2]");
    let escaped = Json::parse(r#"["a\"b"]"#).unwrap().items().next().unwrap();
    assert_eq!(escaped.text(), r#""a\"b""#);
    assert_eq!(escaped.to::<String>().unwrap(), "a\"b");
}

#[test]
fn debug_hides_credentials_and_nothing_else() {
    let json = Json::parse(
        r#"{"id":"pi_1","client_secret":"pi_1_secret_x","nested":[{"access_token":"sk_x"}]}"#,
    )
    .unwrap();
    let shown = format!("{json:?}");
    assert!(shown.contains("pi_1"), "{shown}");
    assert!(
        !shown.contains("secret_x") && !shown.contains("sk_x"),
        "{shown}"
    );
    assert_eq!(shown.matches("[redacted]").count(), 2);
}

#[test]
fn errors_name_the_place_and_never_the_text() {
    for (text, offset) in [
        ("", 0),
        ("{", 1),
        ("[1,]", 3),
        ("{\"a\" 1}", 5),
        ("tru", 0),
        ("01", 1),
        ("\"a", 2),
        ("-", 1),
        ("1.", 2),
        ("1e", 2),
        ("[1 2]", 3),
        ("{\"a\":1,}", 7),
        ("\"\u{1}\"", 1),
        ("\"\\x\"", 2),
        ("\"\\ud800\"", 3),
        ("1 1", 2),
        ("{1:2}", 1),
    ] {
        assert_eq!(Json::parse(text).unwrap_err().offset(), offset, "{text}");
    }
    assert_eq!(Json::parse(&b"\"\xff\""[..]).unwrap_err().offset(), 1);
}

#[test]
fn nesting_is_bounded_and_needs_no_stack() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(nested(128)).is_ok());
    assert!(Json::parse(nested(129)).is_err());
    assert!(Json::parse("[".repeat(5_000_000)).is_err());
}

#[test]
fn a_value_converts_and_compares() {
    let source = serde_json::json!({"b": [1, "x", null], "a": {"c": 1.5}});
    assert_eq!(value(&Json::from(&source)), source);
    assert_eq!(
        Json::parse(r#"{"a":1,"b":2}"#).unwrap(),
        Json::parse(r#"{ "b":2, "a":1 }"#).unwrap()
    );
    assert_ne!(Json::parse("[1]").unwrap(), Json::parse("[1,1]").unwrap());
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z \"\\\\\n\u{0}-\u{1f}é😀]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(".{0,12}", inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Whether `serde_json` takes the bytes as one value; a number too large for it is still JSON.
fn accepted(bytes: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(_) => true,
        Err(error) => {
            error.to_string().starts_with("number out of range")
                && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
        }
    }
}

proptest! {
    #[test]
    fn every_value_survives(source in any_value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&source) } else { serde_json::to_string(&source) }.unwrap();
        let json = Json::parse(text.clone()).unwrap();
        prop_assert_eq!(value(&json), source);
        prop_assert_eq!(json.text(), text);
    }

    #[test]
    fn any_bytes_are_judged_as_serde_json_judges_them(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(Json::parse(bytes.clone()).is_ok(), accepted(&bytes));
    }

    #[test]
    fn json_like_text_is_judged_as_serde_json_judges_it(text in r#"[\[\]{},:"\\0-9eE+.a-fnlrstu \n-]{0,24}"#) {
        prop_assert_eq!(Json::parse(text.clone()).is_ok(), accepted(text.as_bytes()), "{}", text);
    }

    #[test]
    fn one_changed_byte_is_judged_the_same(source in any_value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = serde_json::to_vec(&source).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        prop_assert_eq!(Json::parse(bytes.clone()).is_ok(), accepted(&bytes));
    }
}
