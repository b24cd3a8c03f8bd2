//! Sealed values as they lie in the rows, for whoever counts them by key or seals them anew.

use async_trait::async_trait;

use super::StoreError;
use crate::seal::KeyId;

/// The columns that hold envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedColumn {
    /// `connections.access_token`
    AccessToken,
    /// `connections.refresh_token`
    RefreshToken,
    /// `attempts.grant_sealed`
    ParkedGrant,
}

impl SealedColumn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AccessToken, Self::RefreshToken, Self::ParkedGrant];

    /// The table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::AccessToken | Self::RefreshToken => "connections",
            Self::ParkedGrant => "attempts",
        }
    }

    /// The column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::ParkedGrant => "grant_sealed",
        }
    }
}

/// One envelope in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValue {
    /// Which column.
    pub column: SealedColumn,
    /// The row's id.
    pub id: String,
    /// What tells the row from all others in the envelope's associated data.
    pub seal_row: String,
    /// The envelope.
    pub envelope: Vec<u8>,
}

/// Envelopes by the key that sealed them.
#[async_trait]
pub trait SealedStore {
    /// How many values each key has sealed. Keys that sealed none are not listed.
    async fn sealed_value_counts(&self) -> Result<Vec<(KeyId, u64)>, StoreError>;

    /// Values of a column that another key than `newest` has sealed: `limit` of them, by the ids of their rows, after `after`.
    async fn values_sealed_by_other_keys(
        &self,
        column: SealedColumn,
        newest: KeyId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError>;

    /// Puts a new envelope in the place of `value`, if that still stands there. False: the row has changed since.
    async fn reseal(&self, value: &SealedValue, envelope: Vec<u8>) -> Result<bool, StoreError>;
}
