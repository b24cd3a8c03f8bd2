//! Rotates the sealing keys while the platform runs: counts what each key has sealed, and seals it again by the newest key.
//!
//! To rotate, put a new key in front of `sealing_keys` in every instance, then rotate. Each value is replaced only if it has
//! not changed meanwhile. When the report says that the old key is no longer used, remove it from the configuration.

use std::sync::Arc;

use crate::entropy::Entropy;
use crate::seal::{KeyId, SealingKeys};
use crate::store::{SealedColumn, SealedValue, Store, StoreError};

/// How many values are read at once.
const RESEAL_BATCH_ROWS: u32 = 100;

/// A sealing key and how many values it has sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyUsage {
    /// The key's id.
    pub id: KeyId,
    /// Whether the key is in the configuration. Values sealed by a missing key cannot be opened.
    pub configured: bool,
    /// Whether new values are sealed by this key.
    pub newest: bool,
    /// The number of values that the key has sealed.
    pub values: u64,
}

/// The progress of a key rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RotationProgress {
    /// How many values were not sealed by the newest key when the rotation began.
    pub total: u64,
    /// How many values were sealed again.
    pub resealed: u64,
    /// How many values changed meanwhile and needed nothing.
    pub changed: u64,
    /// How many values could not be opened, because their key is missing or they are damaged. They are unchanged.
    pub unopened: u64,
}

impl RotationProgress {
    /// How many values were processed.
    pub const fn processed(&self) -> u64 {
        self.resealed + self.changed + self.unopened
    }
}

/// Reports on the sealing keys and rotates them.
#[derive(Clone)]
pub(crate) struct KeyRotation {
    pub store: Arc<dyn Store>,
    pub keys: Arc<SealingKeys>,
    pub entropy: Entropy,
}

impl KeyRotation {
    /// How many values each key has sealed: the configured keys, newest first, then the missing ones.
    pub(crate) async fn key_usage(&self) -> Result<Vec<KeyUsage>, StoreError> {
        let counts = self.store.sealed_value_counts().await?;
        let configured_ids = self.keys.ids();
        let values_of = |id| {
            let count = counts.iter().find(|count| count.key == id);
            count.map_or(0, |count| count.values)
        };
        let configured = configured_ids
            .iter()
            .enumerate()
            .map(|(index, id)| KeyUsage {
                id: *id,
                configured: true,
                newest: index == 0,
                values: values_of(*id),
            });
        let missing = counts
            .iter()
            .filter(|count| !configured_ids.contains(&count.key))
            .map(|count| KeyUsage {
                id: count.key,
                configured: false,
                newest: false,
                values: count.values,
            });
        Ok(configured.chain(missing).collect())
    }

    /// Seals all values by the newest key, and calls `report` before the first batch and after each. May be cancelled and
    /// repeated: values that were sealed again stay so.
    pub(crate) async fn rotate(
        &self,
        mut report: impl FnMut(&RotationProgress) + Send,
    ) -> Result<RotationProgress, StoreError> {
        let usage = self.key_usage().await?;
        let other_keys = usage.iter().filter(|key| !key.newest);
        let mut progress = RotationProgress {
            total: other_keys.map(|key| key.values).sum(),
            ..RotationProgress::default()
        };
        report(&progress);
        for column in SealedColumn::ALL {
            let mut after: Option<String> = None;
            loop {
                let batch = self
                    .store
                    .values_sealed_by_other_keys(
                        *column,
                        self.keys.newest_id(),
                        after.as_deref(),
                        RESEAL_BATCH_ROWS,
                    )
                    .await?;
                let Some(last) = batch.last() else {
                    break;
                };
                after = Some(last.id.clone());
                for value in &batch {
                    self.reseal(value, &mut progress).await?;
                }
                report(&progress);
            }
        }
        tracing::info!(
            resealed = progress.resealed,
            unopened = progress.unopened,
            "sealing keys rotated"
        );
        Ok(progress)
    }

    async fn reseal(
        &self,
        value: &SealedValue,
        progress: &mut RotationProgress,
    ) -> Result<(), StoreError> {
        let context = value.column.seal_context(&value.seal_row);
        let Ok(plain) = self.keys.open(context, &value.envelope) else {
            progress.unopened += 1;
            return Ok(());
        };
        let envelope = self.keys.seal(&self.entropy, context, &plain);
        if self.store.reseal(value, envelope).await? {
            progress.resealed += 1;
        } else {
            progress.changed += 1;
        }
        Ok(())
    }
}
