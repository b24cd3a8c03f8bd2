//! Members of objects as plain values.

use serde_json::Value;

/// A member's text; empty if it has none.
pub fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    object[name].as_str().unwrap_or_default()
}

/// A member's number; zero if it has none.
pub fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().unwrap_or(0)
}

/// The members of a list.
pub fn list<'v>(object: &'v Value, name: &str) -> &'v [Value] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}

/// Puts the members of one object into another.
pub fn extend(object: &mut Value, members: Value) {
    if let (Value::Object(object), Value::Object(members)) = (object, members) {
        object.extend(members);
    }
}
