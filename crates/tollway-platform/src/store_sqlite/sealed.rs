//! Envelopes by the key that sealed them: bytes 2 to 9 of an envelope are the key's id.

use super::{SqliteStore, rows};
use crate::seal::KeyId;
use crate::store::{Connection, SealedColumn, SealedCount, SealedStore, SealedValue, StoreError};
use async_trait::async_trait;

#[async_trait]
impl SealedStore for SqliteStore {
    async fn sealed_value_counts(&self) -> Result<Vec<SealedCount>, StoreError> {
        let found = sqlx::query(
            "SELECT key, COUNT(*) AS count FROM (\
             SELECT substr(access_token, 2, 8) AS key FROM connections WHERE access_token IS NOT NULL UNION ALL \
             SELECT substr(refresh_token, 2, 8) FROM connections WHERE refresh_token IS NOT NULL UNION ALL \
             SELECT substr(grant_sealed, 2, 8) FROM attempts WHERE grant_sealed IS NOT NULL\
             ) AS envelopes GROUP BY key ORDER BY key",
        )
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        let counted = |row: &sqlx::sqlite::SqliteRow| {
            let key: Vec<u8> = rows::read_column(row, "key")?;
            let key = KeyId::from_bytes(&key)
                .ok_or_else(|| StoreError::unreadable("key id", format!("{key:?}")))?;
            Ok(SealedCount::new(key, rows::read_column(row, "count")?))
        };
        found.iter().map(counted).collect()
    }

    async fn values_sealed_by_other_keys(
        &self,
        column: SealedColumn,
        newest: KeyId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError> {
        let text = match column {
            SealedColumn::AccessToken => {
                "SELECT *, access_token AS envelope FROM connections \
                 WHERE substr(access_token, 2, 8) <> $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3"
            }
            SealedColumn::RefreshToken => {
                "SELECT *, refresh_token AS envelope FROM connections \
                 WHERE substr(refresh_token, 2, 8) <> $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3"
            }
            SealedColumn::ParkedGrant => {
                "SELECT *, grant_sealed AS envelope FROM attempts \
                 WHERE substr(grant_sealed, 2, 8) <> $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3"
            }
        };
        let found = sqlx::query(text)
            .bind(newest.as_bytes().to_vec())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        let value = |row: &sqlx::sqlite::SqliteRow| {
            let id: String = rows::read_column(row, "id")?;
            let seal_row = if column == SealedColumn::ParkedGrant {
                id.clone()
            } else {
                let realm = rows::read_realm(row)?;
                Connection::seal_row(
                    &realm,
                    rows::read_column(row, "tenant")?,
                    rows::read_column(row, "account")?,
                )
            };
            Ok(SealedValue {
                column,
                id,
                seal_row,
                envelope: rows::read_column(row, "envelope")?,
            })
        };
        found.iter().map(value).collect()
    }

    async fn reseal(&self, value: &SealedValue, envelope: Vec<u8>) -> Result<bool, StoreError> {
        let text = match value.column {
            SealedColumn::AccessToken => {
                "UPDATE connections SET access_token = $1 WHERE id = $2 AND access_token = $3"
            }
            SealedColumn::RefreshToken => {
                "UPDATE connections SET refresh_token = $1 WHERE id = $2 AND refresh_token = $3"
            }
            SealedColumn::ParkedGrant => {
                "UPDATE attempts SET grant_sealed = $1 WHERE id = $2 AND grant_sealed = $3"
            }
        };
        let updated = sqlx::query(text)
            .bind(envelope)
            .bind(&value.id)
            .bind(&value.envelope)
            .execute(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        Ok(updated.rows_affected() == 1)
    }
}
