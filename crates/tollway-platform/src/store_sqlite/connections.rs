//! Connections: recording and ending them, each with its history and notice in one transaction.

use async_trait::async_trait;
use sqlx::{Sqlite, Transaction};

use super::{SqliteStore, rows};
use crate::id::new_id;
use crate::outcome::Outcome;
use crate::realm::Realm;
use crate::entropy::Entropy;
use crate::store::{
    Connection, ConnectionStore, Disconnection, DisconnectReason, HistoryEntry, Millis, NewConnection,
    Origin, Page, ConnectResult, SealedTokens, AuditStamp, StoreError,
};

type Write = Transaction<'static, Sqlite>;

#[async_trait]
impl ConnectionStore for SqliteStore {
    async fn connect(&self, grant: NewConnection) -> Result<ConnectResult, StoreError> {
        let mut write = self.begin().await?;
        let recorded = record(&mut write, &self.entropy, grant).await?;
        match recorded {
            // Dropping the transaction undoes what it did to the attempt.
            ConnectResult::OtherAccount { .. } | ConnectResult::OtherTenant | ConnectResult::OriginNoLongerOpen => {
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
        row.as_ref().map(rows::connection).transpose()
    }

    async fn connection_by_id(&self, id: &str) -> Result<Option<Connection>, StoreError> {
        let row = sqlx::query("SELECT * FROM connections WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::failed)?;
        row.as_ref().map(rows::connection).transpose()
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
        found.iter().map(rows::connection).collect()
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
        found.iter().map(rows::connection).collect()
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
            .map(rows::connection)
            .collect::<Result<Vec<_>, _>>()?;
        for live in ended.clone() {
            ended.extend(end_pair(&mut write, &live, end.reason, end.stamp.at).await?);
        }
        for connection in &ended {
            let reason = Some(end.reason);
            note(
                &mut write,
                &self.entropy,
                connection,
                "disconnected",
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
        Ok(SealedTokens {
            access_token: rows::column(row, "access_token")?,
            refresh_token: rows::column(row, "refresh_token")?,
        })
    }

    async fn add_history(&self, entry: HistoryEntry) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        append(&mut write, &self.entropy, entry).await?;
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
        found.iter().map(rows::history).collect()
    }
}

/// Everything that recording a grant does, inside one transaction.
async fn record(
    write: &mut Write,
    entropy: &Entropy,
    grant: NewConnection,
) -> Result<ConnectResult, StoreError> {
    if !origin_stands(write, &grant).await? {
        return Ok(ConnectResult::OriginNoLongerOpen);
    }
    if !grant.shared && is_taken(write, &grant).await? {
        return Ok(ConnectResult::OtherTenant);
    }
    let active = active_of_tenant(write, &grant).await?;
    let other = active
        .as_ref()
        .filter(|connection| connection.account != grant.account);
    if let Some(other) = other {
        if !grant.replace {
            return Ok(ConnectResult::OtherAccount {
                connected: other.account.clone(),
            });
        }
        end_replaced(write, entropy, other, &grant.stamp).await?;
    }
    let connection = upsert(write, &grant).await?;
    let (action, detail) = match (&active, other) {
        _ if connection.pair_of.is_some() => ("paired", None),
        (_, Some(other)) => ("replaced", Some(format!("in place of {}", other.account))),
        (Some(_), None) => ("reconnected", None),
        (None, None) => ("connected", None),
    };
    note(
        write,
        entropy,
        &connection,
        action,
        None,
        detail.as_deref(),
        &grant.stamp,
    )
    .await?;
    Ok(match (active, action) {
        (Some(before), "replaced") => ConnectResult::Replaced {
            connection,
            from: before.account,
        },
        (Some(_), _) => ConnectResult::Reconnected(connection),
        (None, _) => ConnectResult::Connected(connection),
    })
}

/// Ends the attempt, or makes sure of the live half.
async fn origin_stands(write: &mut Write, grant: &NewConnection) -> Result<bool, StoreError> {
    let (id, from) = match &grant.origin {
        Origin::Attempt { id, from } => (id, from),
        Origin::PairOf(live) => {
            let found: Option<i64> =
                sqlx::query_scalar("SELECT 1 FROM connections WHERE id = $1 AND status = 'active'")
                    .bind(live)
                    .fetch_optional(&mut **write)
                    .await
                    .map_err(StoreError::failed)?;
            return Ok(found.is_some());
        }
    };
    let done = sqlx::query(
        "UPDATE attempts SET status = 'finished', outcome = $3, account = $4, finished_at = $5, grant_sealed = NULL, \
         detail = NULL WHERE id = $1 AND (status = $2 OR outcome = $6)",
    )
    .bind(id)
    .bind(from.as_str())
    .bind(Outcome::Connected.as_str())
    .bind(&grant.account)
    .bind(grant.stamp.at)
    .bind(Outcome::Interrupted.as_str())
    .execute(&mut **write)
    .await.map_err(StoreError::failed)?;
    Ok(done.rows_affected() == 1)
}

async fn is_taken(write: &mut Write, grant: &NewConnection) -> Result<bool, StoreError> {
    let other: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM connections WHERE platform = $1 AND mode = $2 AND account = $3 AND tenant <> $4 \
         AND status = 'active' LIMIT 1",
    )
    .bind(&grant.realm.platform)
    .bind(grant.realm.mode.as_str())
    .bind(&grant.account)
    .bind(&grant.tenant)
    .fetch_optional(&mut **write)
    .await.map_err(StoreError::failed)?;
    Ok(other.is_some())
}

async fn active_of_tenant(
    write: &mut Write,
    grant: &NewConnection,
) -> Result<Option<Connection>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM connections WHERE platform = $1 AND mode = $2 AND tenant = $3 AND status = 'active'",
    )
    .bind(&grant.realm.platform)
    .bind(grant.realm.mode.as_str())
    .bind(&grant.tenant)
    .fetch_optional(&mut **write)
    .await.map_err(StoreError::failed)?;
    row.as_ref().map(rows::connection).transpose()
}

async fn end_replaced(
    write: &mut Write,
    entropy: &Entropy,
    other: &Connection,
    stamp: &AuditStamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE connections SET status = 'disconnected', disconnected_at = $2, disconnected_why = $3, \
         access_token = NULL, refresh_token = NULL, exclusive_account = NULL, \
         revoking_at = NULL, revoking_actor = NULL, revoking_address = NULL WHERE id = $1",
    )
    .bind(&other.id)
    .bind(stamp.at)
    .bind(DisconnectReason::Replaced.as_str())
    .execute(&mut **write)
    .await.map_err(StoreError::failed)?;
    let reason = DisconnectReason::Replaced;
    let pair = end_pair(write, other, reason, stamp.at).await?;
    for ended in [other].into_iter().chain(&pair) {
        note(write, entropy, ended, "disconnected", Some(reason), None, stamp).await?;
    }
    Ok(())
}

/// The test half of a live connection ends with it.
async fn end_pair(
    write: &mut Write,
    live: &Connection,
    reason: DisconnectReason,
    at: Millis,
) -> Result<Option<Connection>, StoreError> {
    let row = sqlx::query(
        "UPDATE connections SET status = 'disconnected', disconnected_at = $2, disconnected_why = $3, \
         access_token = NULL, refresh_token = NULL, exclusive_account = NULL, \
         revoking_at = NULL, revoking_actor = NULL, revoking_address = NULL \
         WHERE pair_of = $1 AND status = 'active' RETURNING *",
    )
    .bind(&live.id)
    .bind(at)
    .bind(reason.as_str())
    .fetch_optional(&mut **write)
    .await.map_err(StoreError::failed)?;
    row.as_ref().map(rows::connection).transpose()
}

async fn upsert(write: &mut Write, grant: &NewConnection) -> Result<Connection, StoreError> {
    let row = sqlx::query(
        "INSERT INTO connections (id, platform, mode, tenant, account, scope, status, publishable_key, access_token, \
         refresh_token, exclusive_account, first_connected_at, connected_at, pair_of) \
         VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $9, $10, $11, $11, $12) \
         ON CONFLICT (platform, mode, tenant, account) DO UPDATE SET scope = excluded.scope, status = 'active', \
         publishable_key = COALESCE(excluded.publishable_key, connections.publishable_key), \
         access_token = COALESCE(excluded.access_token, connections.access_token), \
         refresh_token = COALESCE(excluded.refresh_token, connections.refresh_token), \
         exclusive_account = excluded.exclusive_account, connected_at = excluded.connected_at, \
         pair_of = excluded.pair_of, disconnected_at = NULL, disconnected_why = NULL, \
         revoking_at = NULL, revoking_actor = NULL, revoking_address = NULL RETURNING *",
    )
    .bind(&grant.id)
    .bind(&grant.realm.platform)
    .bind(grant.realm.mode.as_str())
    .bind(&grant.tenant)
    .bind(&grant.account)
    .bind(&grant.scope)
    .bind(&grant.publishable_key)
    .bind(&grant.tokens.access_token)
    .bind(&grant.tokens.refresh_token)
    .bind((!grant.shared).then_some(&grant.account))
    .bind(grant.stamp.at)
    .bind(match &grant.origin {
        Origin::PairOf(live) => Some(live),
        Origin::Attempt { .. } => None,
    })
    .fetch_one(&mut **write)
    .await.map_err(StoreError::failed)?;
    rows::connection(&row)
}

/// History and, for the host application, a notice.
async fn note(
    write: &mut Write,
    entropy: &Entropy,
    connection: &Connection,
    action: &str,
    reason: Option<DisconnectReason>,
    detail: Option<&str>,
    stamp: &AuditStamp,
) -> Result<(), StoreError> {
    let detail = match (reason, detail) {
        (Some(reason), Some(detail)) => Some(format!("{reason}; {detail}")),
        (Some(reason), None) => Some(reason.to_string()),
        (None, detail) => detail.map(str::to_owned),
    };
    let entry = HistoryEntry {
        id: String::new(),
        realm: connection.realm.clone(),
        tenant: Some(connection.tenant.clone()),
        account: Some(connection.account.clone()),
        action: action.to_owned(),
        stamp: stamp.clone(),
        detail,
    };
    append(write, entropy, entry).await?;
    sqlx::query(
        "INSERT INTO notices (id, kind, connection_id, why, at, status, due_at) VALUES ($1, $2, $3, $4, $5, 'pending', $5)",
    )
    .bind(new_id("not", stamp.at, entropy))
    .bind(if reason.is_some() { "disconnected" } else { "connected" })
    .bind(&connection.id)
    .bind(reason.map(DisconnectReason::as_str))
    .bind(stamp.at)
    .execute(&mut **write)
    .await.map_err(StoreError::failed)?;
    Ok(())
}

async fn append(
    write: &mut Write,
    entropy: &Entropy,
    entry: HistoryEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO history (id, at, platform, mode, tenant, account, action, actor, address, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new_id("his", entry.stamp.at, entropy))
    .bind(entry.stamp.at)
    .bind(entry.realm.platform)
    .bind(entry.realm.mode.as_str())
    .bind(entry.tenant)
    .bind(entry.account)
    .bind(entry.action)
    .bind(entry.stamp.actor.as_str())
    .bind(entry.stamp.address)
    .bind(entry.detail)
    .execute(&mut **write)
    .await.map_err(StoreError::failed)?;
    Ok(())
}
