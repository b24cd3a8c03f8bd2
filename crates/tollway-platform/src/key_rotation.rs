//! Rotating the sealing keys while the platform runs: which key sealed how much, and sealing it all by the newest.
//!
//! A new key goes to the front of `sealing_keys` of every instance first; then everything is sealed anew, value by value,
//! each only if nobody changed it meanwhile; then the report says that the old key is used no more, and it can go.

use crate::platform::Platform;
use crate::seal::{KeyId, SealContext};
use crate::store::{SealedColumn, SealedValue, StoreError};

/// So many values are read at once.
const BATCH: u32 = 100;

/// A sealing key and what it has sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key's id.
    pub id: KeyId,
    /// Is it in the configuration? What a missing key has sealed cannot be opened.
    pub configured: bool,
    /// Is it the one that seals?
    pub newest: bool,
    /// How many values it has sealed.
    pub values: u64,
}

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RotationProgress {
    /// How many values were not sealed by the newest key at the beginning.
    pub total: u64,
    /// How many the newest key has sealed since.
    pub resealed: u64,
    /// How many changed meanwhile and needed nothing.
    pub changed: u64,
    /// How many could not be opened: their key is missing, or they are damaged. They are left as they are.
    pub unopened: u64,
}

impl RotationProgress {
    /// How many were looked at.
    pub const fn processed(&self) -> u64 {
        self.resealed + self.changed + self.unopened
    }
}

impl Platform {
    /// What each sealing key has sealed: the configured ones, newest first, then those that are missing.
    pub async fn key_usage(&self) -> Result<Vec<KeyUsage>, StoreError> {
        let counts = self.store().sealed_value_counts().await?;
        let configured = self.keys().ids();
        let of = |id| {
            let counted = counts.iter().find(|(key, _)| *key == id);
            counted.map_or(0, |(_, values)| *values)
        };
        let known = configured.iter().enumerate().map(|(index, id)| KeyUsage {
            id: *id,
            configured: true,
            newest: index == 0,
            values: of(*id),
        });
        let missing = counts
            .iter()
            .filter(|(id, _)| !configured.contains(id))
            .map(|(id, values)| KeyUsage {
                id: *id,
                configured: false,
                newest: false,
                values: *values,
            });
        Ok(known.chain(missing).collect())
    }

    /// Seals everything by the newest key that another one has sealed. The platform goes on meanwhile; `progress` hears of
    /// every batch. Stopped half-way, it is simply started again.
    pub async fn rotate_keys(
        &self,
        mut progress: impl FnMut(&RotationProgress) + Send,
    ) -> Result<RotationProgress, StoreError> {
        let report = self.key_usage().await?;
        let others = report.iter().filter(|key| !key.newest);
        let mut rotation = RotationProgress {
            total: others.map(|key| key.values).sum(),
            ..RotationProgress::default()
        };
        progress(&rotation);
        for column in SealedColumn::ALL {
            let mut after: Option<String> = None;
            loop {
                let newest = self.keys().newest_id();
                let batch = self
                    .store()
                    .values_sealed_by_other_keys(column, newest, after.as_deref(), BATCH)
                    .await?;
                let Some(last) = batch.last() else {
                    break;
                };
                after = Some(last.id.clone());
                for value in &batch {
                    self.reseal(value, &mut rotation).await?;
                }
                progress(&rotation);
            }
        }
        tracing::info!(
            resealed = rotation.resealed,
            unopened = rotation.unopened,
            "sealing keys rotated"
        );
        Ok(rotation)
    }

    async fn reseal(&self, value: &SealedValue, rotation: &mut RotationProgress) -> Result<(), StoreError> {
        let place = SealContext {
            table: value.column.table(),
            row: &value.seal_row,
            column: value.column.name(),
        };
        let Ok(plain) = self.keys().open(place, &value.envelope) else {
            rotation.unopened += 1;
            return Ok(());
        };
        let envelope = self.keys().seal(&self.inner().entropy, place, &plain);
        if self.store().reseal(value, envelope).await? {
            rotation.resealed += 1;
        } else {
            rotation.changed += 1;
        }
        Ok(())
    }
}
