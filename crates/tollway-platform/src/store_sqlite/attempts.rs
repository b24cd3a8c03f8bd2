//! Attempts: every change is one conditional `UPDATE … RETURNING`, so that one of any number of racing callers succeeds.

use async_trait::async_trait;

use super::{SqliteStore, rows};
use crate::outcome::Outcome;
use crate::store::{
    Attempt, AttemptCount, AttemptEnd, AttemptStatus, AttemptStore, Millis, NewAttempt, Page,
    StoreError,
};

#[async_trait]
impl AttemptStore for SqliteStore {
    async fn add_attempt(&self, attempt: NewAttempt) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO attempts (id, platform, mode, tenant, state_hash, browser_hash, redirect_uri, scope, \
             return_to, address, status, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12)",
        )
        .bind(attempt.id)
        .bind(attempt.realm.platform)
        .bind(attempt.realm.mode.as_str())
        .bind(attempt.tenant)
        .bind(attempt.state_hash.to_vec())
        .bind(attempt.browser_hash.to_vec())
        .bind(attempt.redirect_uri)
        .bind(attempt.scope.as_str())
        .bind(attempt.return_to)
        .bind(attempt.address)
        .bind(attempt.created_at)
        .bind(attempt.expires_at)
        .execute(&self.pool)
        .await.map_err(StoreError::failed)?;
        Ok(())
    }

    async fn attempt(&self, id: &str) -> Result<Option<Attempt>, StoreError> {
        let row = sqlx::query("SELECT * FROM attempts WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_attempt).transpose()
    }

    async fn attempt_by_state(&self, state_hash: [u8; 32]) -> Result<Option<Attempt>, StoreError> {
        let row = sqlx::query("SELECT * FROM attempts WHERE state_hash = $1")
            .bind(state_hash.to_vec())
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_attempt).transpose()
    }

    async fn claim_attempt(
        &self,
        id: &str,
        response_hash: [u8; 32],
        now: Millis,
    ) -> Result<Option<Attempt>, StoreError> {
        let row = sqlx::query(
            "UPDATE attempts SET status = 'exchanging', claimed_at = $2, answer_hash = $3 \
             WHERE id = $1 AND status = 'pending' AND expires_at > $2 RETURNING *",
        )
        .bind(id)
        .bind(now)
        .bind(response_hash.to_vec())
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_attempt).transpose()
    }

    async fn finish_attempt(
        &self,
        id: &str,
        from: AttemptStatus,
        end: AttemptEnd,
    ) -> Result<Option<Attempt>, StoreError> {
        let row = sqlx::query(
            "UPDATE attempts SET status = 'finished', outcome = $3, account = COALESCE($4, account), detail = $5, \
             answer_hash = COALESCE($6, answer_hash), finished_at = $7, grant_sealed = NULL \
             WHERE id = $1 AND status = $2 AND status <> 'finished' RETURNING *",
        )
        .bind(id)
        .bind(from.as_str())
        .bind(end.outcome.as_str())
        .bind(end.account)
        .bind(end.detail)
        .bind(end.response_hash.map(|hash| hash.to_vec()))
        .bind(end.at)
        .fetch_optional(&self.pool)
        .await.map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_attempt).transpose()
    }

    async fn park_grant(
        &self,
        id: &str,
        account: &str,
        grant_sealed: Vec<u8>,
    ) -> Result<Option<Attempt>, StoreError> {
        let row = sqlx::query(
            "UPDATE attempts SET status = 'confirming', account = $2, grant_sealed = $3 \
             WHERE id = $1 AND status = 'exchanging' RETURNING *",
        )
        .bind(id)
        .bind(account)
        .bind(grant_sealed)
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        row.as_ref().map(rows::read_attempt).transpose()
    }

    async fn parked_grant(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let grant: Option<Option<Vec<u8>>> = sqlx::query_scalar(
            "SELECT grant_sealed FROM attempts WHERE id = $1 AND status = 'confirming'",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        Ok(grant.flatten())
    }

    async fn stuck_attempts(
        &self,
        status: AttemptStatus,
        claimed_before: Millis,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        let found = sqlx::query(
            "SELECT * FROM attempts WHERE status = $1 AND claimed_at < $2 ORDER BY claimed_at LIMIT $3",
        )
        .bind(status.as_str())
        .bind(claimed_before)
        .bind(limit)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        found.iter().map(rows::read_attempt).collect()
    }

    async fn attempts(&self, page: Page) -> Result<Vec<Attempt>, StoreError> {
        let (platform, mode) = page
            .realm
            .map(|realm| (realm.platform, realm.mode.as_str()))
            .unzip();
        let found = sqlx::query(
            "SELECT * FROM attempts WHERE ($1 IS NULL OR platform = $1) AND ($2 IS NULL OR mode = $2) \
             AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        )
        .bind(platform)
        .bind(mode)
        .bind(page.before)
        .bind(page.limit)
        .fetch_all(&self.pool)
        .await.map_err(StoreError::failed)?;
        found.iter().map(rows::read_attempt).collect()
    }

    async fn attempt_counts(&self) -> Result<Vec<AttemptCount>, StoreError> {
        let found = sqlx::query(
            "SELECT platform, mode, status, outcome, COUNT(*) AS count FROM attempts \
             GROUP BY platform, mode, status, outcome ORDER BY platform, mode, status, outcome",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::failed)?;
        found
            .iter()
            .map(|row| {
                let outcome: Option<&str> = rows::read_column(row, "outcome")?;
                let count: i64 = rows::read_column(row, "count")?;
                Ok(AttemptCount {
                    realm: rows::read_realm(row)?,
                    status: rows::parse_name(
                        "attempt status",
                        rows::read_column(row, "status")?,
                        AttemptStatus::parse,
                    )?,
                    outcome: outcome
                        .map(|name| rows::parse_name("outcome", name, Outcome::parse))
                        .transpose()?,
                    count: count.unsigned_abs(),
                })
            })
            .collect()
    }
}
