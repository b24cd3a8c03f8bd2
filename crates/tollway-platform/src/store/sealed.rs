//! Sealed values by the key that sealed them, for key rotation.

use super::names::stored_names;
use crate::seal::{KeyId, SealContext};

/// The columns that hold envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SealedColumn {
    /// `connections.access_token`
    AccessToken,
    /// `connections.refresh_token`
    RefreshToken,
    /// `attempts.grant_sealed`
    ParkedGrant,
}

stored_names!(SealedColumn {
    AccessToken = "access_token",
    RefreshToken = "refresh_token",
    ParkedGrant = "grant_sealed",
});

impl SealedColumn {
    /// The column's table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::AccessToken | Self::RefreshToken => "connections",
            Self::ParkedGrant => "attempts",
        }
    }

    /// The context of an envelope in this column. `row` names the row, as in [`SealedValue::seal_row`].
    pub(crate) const fn seal_context(self, row: &str) -> SealContext<'_> {
        SealContext {
            table: self.table(),
            row,
            column: self.as_str(),
        }
    }
}

/// One stored envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedValue {
    /// The column.
    pub column: SealedColumn,
    /// The row's id.
    pub id: String,
    /// The row's name in the envelope's associated data: [`Connection::seal_row`](super::Connection::seal_row) for tokens,
    /// the attempt's id for a parked grant.
    pub seal_row: String,
    /// The envelope.
    pub envelope: Vec<u8>,
}

impl SealedValue {
    /// A stored envelope.
    pub fn new(
        column: SealedColumn,
        id: impl Into<String>,
        seal_row: impl Into<String>,
        envelope: Vec<u8>,
    ) -> Self {
        Self {
            column,
            id: id.into(),
            seal_row: seal_row.into(),
            envelope,
        }
    }
}

/// How many values a key has sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedCount {
    /// The key's id.
    pub key: KeyId,
    /// The number of values.
    pub values: u64,
}

impl SealedCount {
    /// The number of values that a key has sealed.
    pub const fn new(key: KeyId, values: u64) -> Self {
        Self { key, values }
    }
}
