//! What an operation answers.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::store::{Record, to_bytes};

/// What an operation answers.
#[derive(Debug)]
pub enum Reply {
    /// An object that is not stored, or is not to be sent as it is stored.
    Object(Value),
    /// An object as it is stored.
    Record(Arc<Record>),
    /// An object that was stored just now, and its value.
    Created(Arc<Record>, Value),
    /// A page, its members joined already.
    Page(Bytes),
    /// Bytes that are no JSON, as a PDF.
    Stream {
        /// Their media type.
        content_type: &'static str,
        /// The bytes.
        bytes: Bytes,
    },
}

impl Reply {
    /// The body to send.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Object(value) => to_bytes(&value),
            Self::Record(record) | Self::Created(record, _) => record.body.clone(),
            Self::Page(bytes) | Self::Stream { bytes, .. } => bytes,
        }
    }

    /// The object; null if the reply is no JSON.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self {
            Self::Object(value) | Self::Created(_, value) => value,
            Self::Record(record) => record.parse(),
            Self::Page(bytes) | Self::Stream { bytes, .. } => {
                serde_json::from_slice(&bytes).unwrap_or_default()
            }
        }
    }
}
