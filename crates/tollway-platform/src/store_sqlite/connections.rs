//! Connections: recording and ending them, each with its history and notice in one transaction.

use async_trait::async_trait;

use super::recording::{
    end_test_half, insert_history, record_connection, write_history_and_notice,
};
use super::{SqliteStore, rows};
use crate::realm::Realm;
use crate::store::{
    AuditStamp, ConnectResult, Connection, ConnectionStore, Disconnection, HistoryAction,
    HistoryEntry, NewConnection, NewHistoryEntry, Page, SealedTokens, StoreError,
};

#[async_trait]
impl ConnectionStore for SqliteStore {
    async fn connect(&self, connection: NewConnection) -> Result<ConnectResult, StoreError> {
        let mut write = self.begin().await?;
        let recorded = record_connection(&mut write, &self.entropy, connection).await?;
        match recorded {
            // Nothing is written, not even the end of the attempt.
            ConnectResult::OtherAccount { .. }
            | ConnectResult::OtherTenant
            | ConnectResult::OriginNoLongerOpen => {
                write.rollback().await.map_err(StoreError::failed)?;
            }
            _ => write.commit().await.map_err(StoreError::failed)?,
        }
        Ok(recorded)
    }

    async fn connection(
        &self,
        realm: &Realm,
        tenant: &str,
    ) -> Result<Option<Connection>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM connections WHERE platform = $1 AND mode = $2 AND tenant = $3 \
             ORDER BY status = 'active' DESC, disconnected_at DESC, id DESC LIMIT 1",
        )
        .bind(&realm.platform)
        .bind(realm.mode.as_str())
        .bind(tenant)
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_connection).transpose()
    }

    async fn connection_by_id(&self, id: &str) -> Result<Option<Connection>, StoreError> {
        let row = sqlx::query("SELECT * FROM connections WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_connection).transpose()
    }

    async fn active_connections(
        &self,
        realm: &Realm,
        account: &str,
    ) -> Result<Vec<Connection>, StoreError> {
        let found = sqlx::query(
            "SELECT * FROM connections WHERE platform = $1 AND mode = $2 AND account = $3 AND status = 'active' \
             ORDER BY id",
        )
        .bind(&realm.platform)
        .bind(realm.mode.as_str())
        .bind(account)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        found.iter().map(rows::read_connection).collect()
    }

    async fn connections(&self, page: Page) -> Result<Vec<Connection>, StoreError> {
        let (platform, mode) = page
            .realm
            .map(|realm| (realm.platform, realm.mode.as_str()))
            .unzip();
        let found = sqlx::query(
            "SELECT * FROM connections WHERE ($1 IS NULL OR platform = $1) AND ($2 IS NULL OR mode = $2) \
             AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        )
        .bind(platform)
        .bind(mode)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        found.iter().map(rows::read_connection).collect()
    }

    async fn disconnect(&self, end: Disconnection) -> Result<Vec<Connection>, StoreError> {
        let mut write = self.begin().await?;
        let found = sqlx::query(
            "UPDATE connections SET status = 'disconnected', disconnected_at = $1, disconnected_why = $2, \
             access_token = NULL, refresh_token = NULL, exclusive_account = NULL, \
             revoking_at = NULL, revoking_actor = NULL, revoking_address = NULL \
             WHERE platform = $3 AND mode = $4 AND account = $5 AND status = 'active' \
             AND ($6 IS NULL OR tenant = $6) AND connected_at <= $7 RETURNING *",
        )
        .bind(end.stamp.at)
        .bind(end.reason.as_str())
        .bind(&end.realm.platform)
        .bind(end.realm.mode.as_str())
        .bind(&end.account)
        .bind(&end.tenant)
        .bind(end.connected_by)
        .fetch_all(&mut *write)
        .await.map_err(StoreError::failed)?;
        let mut ended = found
            .iter()
            .map(rows::read_connection)
            .collect::<Result<Vec<_>, _>>()?;
        for live in ended.clone() {
            ended.extend(end_test_half(&mut write, &live, end.reason, end.stamp.at).await?);
        }
        for connection in &ended {
            let reason = Some(end.reason);
            write_history_and_notice(
                &mut write,
                &self.entropy,
                connection,
                HistoryAction::Disconnected,
                reason,
                end.detail.as_deref(),
                &end.stamp,
            )
            .await?;
        }
        write.commit().await.map_err(StoreError::failed)?;
        Ok(ended)
    }

    async fn mark_revoking(
        &self,
        realm: &Realm,
        account: &str,
        by: Option<AuditStamp>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE connections SET revoking_at = $1, revoking_actor = $2, revoking_address = $3 \
             WHERE status = 'active' AND ((platform = $4 AND mode = $5 AND account = $6) OR pair_of IN \
             (SELECT id FROM connections WHERE platform = $4 AND mode = $5 AND account = $6 AND status = 'active'))",
        )
        .bind(by.as_ref().map(|stamp| stamp.at))
        .bind(by.as_ref().map(|stamp| stamp.actor.as_str()))
        .bind(by.as_ref().and_then(|stamp| stamp.address.as_deref()))
        .bind(&realm.platform)
        .bind(realm.mode.as_str())
        .bind(account)
        .execute(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(())
    }

    async fn sealed_tokens(&self, id: &str) -> Result<SealedTokens, StoreError> {
        let row = sqlx::query("SELECT access_token, refresh_token FROM connections WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        let Some(row) = row else {
            return Ok(SealedTokens::default());
        };
        Ok(SealedTokens::new(
            rows::read_column(&row, "access_token")?,
            rows::read_column(&row, "refresh_token")?,
        ))
    }

    async fn add_history(&self, entry: NewHistoryEntry) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        insert_history(&mut write, &self.entropy, entry).await?;
        write.commit().await.map_err(StoreError::failed)
    }

    async fn history(
        &self,
        tenant: Option<&str>,
        page: Page,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let (platform, mode) = page
            .realm
            .map(|realm| (realm.platform, realm.mode.as_str()))
            .unzip();
        let found = sqlx::query(
            "SELECT * FROM history WHERE ($1 IS NULL OR platform = $1) AND ($2 IS NULL OR mode = $2) \
             AND ($3 IS NULL OR tenant = $3) AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5",
        )
        .bind(platform)
        .bind(mode)
        .bind(tenant)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        found.iter().map(rows::read_history_entry).collect()
    }
}
