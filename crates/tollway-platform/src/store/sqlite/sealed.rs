//! Envelopes by the key that sealed them: the key's id is the eight bytes after the version.

use sqlx::Row as _;

use super::SqliteStore;
use crate::seal::KeyId;
use crate::store::{
    Connection, SealedColumn, SealedStore, SealedValue, StoreError, StoreFuture, realm,
};

impl SealedStore for SqliteStore {
    fn sealed_counts(&self) -> StoreFuture<'_, Vec<(KeyId, u64)>> {
        Box::pin(async move {
            let found = sqlx::query(
                "SELECT key, COUNT(*) AS count FROM (\
                 SELECT substr(access_token, 2, 8) AS key FROM connections WHERE access_token IS NOT NULL UNION ALL \
                 SELECT substr(refresh_token, 2, 8) FROM connections WHERE refresh_token IS NOT NULL UNION ALL \
                 SELECT substr(grant_sealed, 2, 8) FROM attempts WHERE grant_sealed IS NOT NULL\
                 ) AS envelopes GROUP BY key ORDER BY key",
            )
            .fetch_all(&self.pool)
            .await?;
            let counted = |row: &sqlx::sqlite::SqliteRow| {
                let key: Vec<u8> = row.try_get("key")?;
                let key = KeyId::from_bytes(&key)
                    .ok_or_else(|| StoreError::unreadable("key id", format!("{key:?}")))?;
                Ok((key, row.try_get("count")?))
            };
            found.iter().map(counted).collect()
        })
    }

    fn sealed_by_others<'a>(
        &'a self,
        column: SealedColumn,
        newest: KeyId,
        after: Option<&'a str>,
        limit: u32,
    ) -> StoreFuture<'a, Vec<SealedValue>> {
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
        Box::pin(async move {
            let found = sqlx::query(text)
                .bind(newest.as_bytes().to_vec())
                .bind(after)
                .bind(limit)
                .fetch_all(&self.pool)
                .await?;
            let value = |row: &sqlx::sqlite::SqliteRow| {
                let id: String = row.try_get("id")?;
                let seal_row = if column == SealedColumn::ParkedGrant {
                    id.clone()
                } else {
                    let realm = realm(row.try_get("platform")?, row.try_get("mode")?)?;
                    Connection::seal_row(&realm, row.try_get("tenant")?, row.try_get("account")?)
                };
                Ok(SealedValue {
                    column,
                    id,
                    seal_row,
                    envelope: row.try_get("envelope")?,
                })
            };
            found.iter().map(value).collect()
        })
    }

    fn reseal<'a>(&'a self, value: &'a SealedValue, envelope: Vec<u8>) -> StoreFuture<'a, bool> {
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
        Box::pin(async move {
            let done = sqlx::query(text)
                .bind(envelope)
                .bind(&value.id)
                .bind(&value.envelope)
                .execute(&self.pool)
                .await?;
            Ok(done.rows_affected() == 1)
        })
    }
}
