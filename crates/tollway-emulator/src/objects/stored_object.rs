//! Reads required members of a stored object.

use serde_json::Value;

use crate::error::ApiError;

/// A stored object and its type.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredObject<'v> {
    object_type: &'static str,
    value: &'v Value,
}

impl<'v> StoredObject<'v> {
    pub(super) const fn new(object_type: &'static str, value: &'v Value) -> Self {
        Self { object_type, value }
    }

    /// A required integer.
    pub(super) fn integer(self, member: &str) -> Result<i64, ApiError> {
        self.value[member]
            .as_i64()
            .ok_or_else(|| self.unreadable(member, "an integer"))
    }

    /// A required text.
    pub(super) fn text(self, member: &str) -> Result<&'v str, ApiError> {
        self.value[member]
            .as_str()
            .ok_or_else(|| self.unreadable(member, "a text"))
    }

    /// A text that may be absent or null.
    pub(super) fn optional_text(self, member: &str) -> Option<&'v str> {
        self.value[member].as_str()
    }

    /// The error for a member that is absent or has another type than `expected`.
    pub(super) fn unreadable(self, member: &str, expected: &str) -> ApiError {
        let id = self.value["id"].as_str().unwrap_or("(without id)");
        ApiError::internal(format!(
            "The stored {} {id} cannot be used: its required member '{member}' is not {expected}.",
            self.object_type
        ))
    }
}
