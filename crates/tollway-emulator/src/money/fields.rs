//! Members of objects as plain values.

use serde_json::Value;

/// A member's text; empty if it has none.
pub(super) fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    object[name].as_str().unwrap_or_default()
}
