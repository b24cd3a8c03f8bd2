//! Showing a value: `Debug` without secrets, and `Serialize` with everything.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::value::{Json, JsonKind};

/// Members that always hold a credential.
const SECRETS: [&str; 7] = [
    "access_token",
    "api_key",
    "authentication_token",
    "client_secret",
    "refresh_token",
    "secret",
    "webhook_secret",
];

/// Whether a member of this name holds a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name)
}

impl fmt::Debug for Json {
    /// The value as a map of its members; credentials read `[redacted]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            JsonKind::Object => {
                let mut map = f.debug_map();
                for (name, value) in self.members() {
                    map.key(&name);
                    if is_secret(name) && value.as_str().is_some_and(|text| !text.is_empty()) {
                        map.value(&format_args!("[redacted]"));
                    } else {
                        map.value(&value);
                    }
                }
                map.finish()
            }
            JsonKind::Array => f.debug_list().entries(self.items()).finish(),
            _ => f.write_str(&self.text()),
        }
    }
}

impl Serialize for Json {
    /// Every member in its order, secrets included. Whole numbers up to 64 bits stay exact, others
    /// become floats; [`Json::text`] has the digits as Stripe wrote them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind() {
            JsonKind::Null => serializer.serialize_unit(),
            JsonKind::Bool => serializer.serialize_bool(self.as_bool().unwrap_or_default()),
            JsonKind::String => serializer.serialize_str(self.as_str().unwrap_or_default()),
            JsonKind::Number => match (self.as_i64(), self.as_u64()) {
                (Some(number), _) => serializer.serialize_i64(number),
                (None, Some(number)) => serializer.serialize_u64(number),
                (None, None) => serializer.serialize_f64(self.as_f64().unwrap_or_default()),
            },
            JsonKind::Array => {
                let mut seq = serializer.serialize_seq(Some(self.len()))?;
                for item in self.items() {
                    seq.serialize_element(&item)?;
                }
                seq.end()
            }
            JsonKind::Object => {
                let mut map = serializer.serialize_map(Some(self.len()))?;
                for (name, value) in self.members() {
                    map.serialize_entry(name, &value)?;
                }
                map.end()
            }
        }
    }
}
