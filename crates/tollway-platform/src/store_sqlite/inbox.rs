//! The inbox and the notices: rows claimed by a conditional update and a lease.

use async_trait::async_trait;

use super::{SqliteStore, rows};
use crate::store::{
    ACCOUNT_UPDATED, ConnectionStore as _, Delivery, DeliveryFailure, DeliveryStatus,
    DisconnectReason, DoneEvent, InboxState, InboxStore, InsertResult, Millis, NewDelivery, Notice,
    NoticeKind, NoticeStore, Page, StoreError,
};

#[async_trait]
impl InboxStore for SqliteStore {
    async fn add_delivery(&self, delivery: NewDelivery) -> Result<InsertResult, StoreError> {
        let delivery = Delivery::from(delivery);
        let mut write = self.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO inbox (id, platform, mode, endpoint, event_id, event_type, account, created_at, headers, \
             body, status, note, due_at, received_at, finished_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (platform, mode, event_id) DO NOTHING",
        )
        .bind(&delivery.id)
        .bind(&delivery.realm.platform)
        .bind(delivery.realm.mode.as_str())
        .bind(delivery.endpoint.as_str())
        .bind(&delivery.event_id)
        .bind(&delivery.event_type)
        .bind(&delivery.account)
        .bind(delivery.created_at)
        .bind(delivery.headers.to_json())
        .bind(&delivery.body)
        .bind(delivery.status.as_str())
        .bind(&delivery.note)
        .bind(delivery.due_at)
        .bind(delivery.received_at)
        .bind(delivery.finished_at)
        .execute(&mut *write)
        .await.map_err(StoreError::failed)?;
        let result = if inserted.rows_affected() == 1 {
            InsertResult::New
        } else {
            let id = sqlx::query_scalar(
                "SELECT id FROM inbox WHERE platform = $1 AND mode = $2 AND event_id = $3",
            )
            .bind(&delivery.realm.platform)
            .bind(delivery.realm.mode.as_str())
            .bind(&delivery.event_id)
            .fetch_one(&mut *write)
            .await
            .map_err(StoreError::failed)?;
            InsertResult::Duplicate(id)
        };
        write.commit().await.map_err(StoreError::failed)?;
        Ok(result)
    }

    async fn claim_delivery(
        &self,
        now: Millis,
        lease_until: Millis,
    ) -> Result<Option<Delivery>, StoreError> {
        let row = sqlx::query(
            "UPDATE inbox SET status = 'working', attempts = attempts + 1, due_at = $2 WHERE id = (\
             SELECT id FROM inbox AS due WHERE status IN ('pending', 'working') AND due_at <= $1 \
             AND NOT (event_type = $3 AND EXISTS (SELECT 1 FROM inbox AS held \
             WHERE held.status = 'working' AND held.due_at > $1 AND held.event_type = $3 \
             AND held.platform = due.platform AND held.mode = due.mode AND held.account = due.account)) \
             ORDER BY due_at, id LIMIT 1) RETURNING *",
        )
        .bind(now)
        .bind(lease_until)
        .bind(ACCOUNT_UPDATED)
        .fetch_optional(&self.pool)
        .await.map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_delivery).transpose()
    }

    async fn latest_done_event(
        &self,
        delivery: &Delivery,
    ) -> Result<Option<DoneEvent>, StoreError> {
        let found: Option<(String, Millis)> = sqlx::query_as(
            "SELECT event_id, created_at FROM inbox WHERE platform = $1 AND mode = $2 AND account = $3 \
             AND event_type = $4 AND created_at IS NOT NULL AND status = 'done' AND id <> $5 \
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(&delivery.realm.platform)
        .bind(delivery.realm.mode.as_str())
        .bind(&delivery.account)
        .bind(&delivery.event_type)
        .bind(&delivery.id)
        .fetch_optional(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(found.map(|(event_id, created_at)| DoneEvent::new(event_id, created_at)))
    }

    async fn finish_delivery(
        &self,
        id: &str,
        attempt: u32,
        status: DeliveryStatus,
        note: Option<&str>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE inbox SET status = $3, note = $4, finished_at = $5 \
             WHERE id = $1 AND attempts = $2 AND status = 'working'",
        )
        .bind(id)
        .bind(attempt)
        .bind(status.as_str())
        .bind(note)
        .bind(now)
        .execute(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        Ok(updated.rows_affected() == 1)
    }

    async fn fail_delivery(
        &self,
        id: &str,
        failure: DeliveryFailure,
        retry_at: Option<Millis>,
    ) -> Result<bool, StoreError> {
        let mut write = self.begin().await?;
        let updated = sqlx::query(
            "UPDATE inbox SET status = $3, note = $4, due_at = COALESCE($5, due_at), finished_at = $6 \
             WHERE id = $1 AND attempts = $2 AND status = 'working'",
        )
        .bind(id)
        .bind(failure.attempt)
        .bind(if retry_at.is_some() { "pending" } else { "dead" })
        .bind(&failure.error)
        .bind(retry_at)
        .bind(retry_at.is_none().then_some(failure.at))
        .execute(&mut *write)
        .await.map_err(StoreError::failed)?;
        if updated.rows_affected() == 0 {
            write.rollback().await.map_err(StoreError::failed)?;
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO inbox_failures (delivery, attempt, at, error) VALUES ($1, $2, $3, $4)",
        )
        .bind(id)
        .bind(failure.attempt)
        .bind(failure.at)
        .bind(failure.error)
        .execute(&mut *write)
        .await
        .map_err(StoreError::failed)?;
        write.commit().await.map_err(StoreError::failed)?;
        Ok(true)
    }

    async fn replay_delivery(&self, id: &str, now: Millis) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE inbox SET status = 'pending', due_at = $2, attempts = 0, note = NULL, finished_at = NULL \
             WHERE id = $1 AND status IN ('done', 'ignored', 'dead')",
        )
        .bind(id)
        .bind(now)
        .execute(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(updated.rows_affected() == 1)
    }

    async fn delivery(&self, id: &str) -> Result<Option<Delivery>, StoreError> {
        let row = sqlx::query("SELECT * FROM inbox WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_delivery).transpose()
    }

    async fn deliveries(
        &self,
        status: Option<DeliveryStatus>,
        page: Page,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (platform, mode) = page
            .realm
            .map(|realm| (realm.platform, realm.mode.as_str()))
            .unzip();
        let found = sqlx::query(
            "SELECT id, platform, mode, endpoint, event_id, event_type, account, created_at, headers, x'' AS body, \
             status, note, attempts, due_at, received_at, finished_at FROM inbox \
             WHERE ($1 IS NULL OR platform = $1) AND ($2 IS NULL OR mode = $2) AND ($3 IS NULL OR id < $3) \
             AND ($4 IS NULL OR status = $4) ORDER BY id DESC LIMIT $5",
        )
        .bind(platform)
        .bind(mode)
        .bind(page.before)
        .bind(status.map(DeliveryStatus::as_str))
        .bind(page.limit)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        found.iter().map(rows::read_delivery).collect()
    }

    async fn failures(&self, delivery: &str) -> Result<Vec<DeliveryFailure>, StoreError> {
        let found: Vec<(u32, Millis, String)> = sqlx::query_as(
            "SELECT attempt, at, error FROM inbox_failures WHERE delivery = $1 ORDER BY at, attempt",
        )
        .bind(delivery)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(found
            .into_iter()
            .map(|(attempt, at, error)| DeliveryFailure { attempt, at, error })
            .collect())
    }

    async fn inbox_state(&self) -> Result<InboxState, StoreError> {
        let counts: Vec<(String, i64)> =
            sqlx::query_as("SELECT status, COUNT(*) FROM inbox GROUP BY status")
                .fetch_all(&self.pool)
                .await
                .map_err(StoreError::failed)?;
        let oldest_unfinished: Option<Millis> = sqlx::query_scalar(
            "SELECT MIN(received_at) FROM inbox WHERE status IN ('pending', 'working')",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        let counts = counts
            .into_iter()
            .map(|(status, count)| {
                Ok((
                    rows::parse_name("delivery status", &status, DeliveryStatus::parse)?,
                    count.unsigned_abs(),
                ))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(InboxState {
            counts,
            oldest_unfinished,
        })
    }

    async fn purge_deliveries(&self, finished_before: Millis) -> Result<u64, StoreError> {
        let removed = sqlx::query(
            "DELETE FROM inbox WHERE status IN ('done', 'ignored') AND finished_at < $1",
        )
        .bind(finished_before)
        .execute(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        Ok(removed.rows_affected())
    }
}

#[async_trait]
impl NoticeStore for SqliteStore {
    async fn claim_notice(
        &self,
        now: Millis,
        lease_until: Millis,
    ) -> Result<Option<Notice>, StoreError> {
        let row = sqlx::query(
            "UPDATE notices SET status = 'working', attempts = attempts + 1, due_at = $2 WHERE id = (\
             SELECT id FROM notices WHERE status IN ('pending', 'working') AND due_at <= $1 \
             ORDER BY due_at, id LIMIT 1) RETURNING *",
        )
        .bind(now)
        .bind(lease_until)
        .fetch_optional(&self.pool)
        .await.map_err(StoreError::failed)?;
        let Some(row) = row else { return Ok(None) };
        let connection_id: &str = rows::read_column(&row, "connection_id")?;
        let kind = match (
            rows::read_column(&row, "kind")?,
            rows::read_column::<Option<&str>>(&row, "why")?,
        ) {
            ("connected", _) => NoticeKind::Connected,
            (_, reason) => NoticeKind::Disconnected(rows::parse_name(
                "reason",
                reason.unwrap_or_default(),
                DisconnectReason::parse,
            )?),
        };
        let connection = self.connection_by_id(connection_id).await?;
        Ok(Some(Notice {
            id: rows::read_column(&row, "id")?,
            kind,
            at: rows::read_column(&row, "at")?,
            connection: connection
                .ok_or_else(|| StoreError::unreadable("notice", connection_id))?,
            attempts: rows::read_column(&row, "attempts")?,
        }))
    }

    async fn finish_notice(&self, id: &str, attempt: u32) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE notices SET status = 'done', note = NULL WHERE id = $1 AND attempts = $2 AND status = 'working'",
        )
        .bind(id)
        .bind(attempt)
        .execute(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(updated.rows_affected() == 1)
    }

    async fn fail_notice(
        &self,
        id: &str,
        attempt: u32,
        error: &str,
        retry_at: Option<Millis>,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE notices SET status = $3, note = $4, due_at = COALESCE($5, due_at) \
             WHERE id = $1 AND attempts = $2 AND status = 'working'",
        )
        .bind(id)
        .bind(attempt)
        .bind(if retry_at.is_some() {
            "pending"
        } else {
            "dead"
        })
        .bind(error)
        .bind(retry_at)
        .execute(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        Ok(updated.rows_affected() == 1)
    }

    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        let due: Option<Millis> = sqlx::query_scalar(
            "SELECT MIN(due_at) FROM (SELECT due_at FROM inbox WHERE status IN ('pending', 'working') \
             UNION ALL SELECT due_at FROM notices WHERE status IN ('pending', 'working')) AS due",
        )
        .fetch_one(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(due)
    }
}
