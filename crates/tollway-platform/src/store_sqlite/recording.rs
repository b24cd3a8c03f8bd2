//! The parts of the transactions that record and end connections.

use sqlx::{Sqlite, Transaction};

use super::rows;
use crate::entropy::Entropy;
use crate::id::new_id;
use crate::outcome::Outcome;
use crate::store::{
    AuditStamp, ConnectResult, Connection, ConnectionOrigin, DisconnectReason, HistoryAction,
    Millis, NewConnection, NewHistoryEntry, StoreError,
};

/// An open write transaction.
type Write = Transaction<'static, Sqlite>;

/// Records a connection: ends its attempt, ends the connection it replaces, and writes history and notice.
pub(super) async fn record_connection(
    write: &mut Write,
    entropy: &Entropy,
    grant: NewConnection,
) -> Result<ConnectResult, StoreError> {
    if !close_origin(write, &grant).await? {
        return Ok(ConnectResult::OriginNoLongerOpen);
    }
    if !grant.shared && has_other_tenant(write, &grant).await? {
        return Ok(ConnectResult::OtherTenant);
    }
    let active = active_connection_of_tenant(write, &grant).await?;
    let other = active
        .as_ref()
        .filter(|connection| connection.account != grant.account);
    if let Some(other) = other {
        if !grant.replace {
            return Ok(ConnectResult::OtherAccount {
                connected: other.account.clone(),
            });
        }
        end_replaced_connection(write, entropy, other, &grant.stamp).await?;
    }
    let connection = upsert_connection(write, &grant).await?;
    let (action, detail) = match (&active, other) {
        _ if connection.pair_of.is_some() => (HistoryAction::Paired, None),
        (_, Some(other)) => {
            let detail = format!("in place of {}", other.account);
            (HistoryAction::Replaced, Some(detail))
        }
        (Some(_), None) => (HistoryAction::Reconnected, None),
        (None, None) => (HistoryAction::Connected, None),
    };
    write_history_and_notice(
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
        (Some(former), HistoryAction::Replaced) => ConnectResult::Replaced {
            connection,
            from: former.account,
        },
        (Some(_), _) => ConnectResult::Reconnected(connection),
        (None, _) => ConnectResult::Connected(connection),
    })
}

/// Ends the attempt that the connection comes from, or checks that the live connection is active. `false`: it is not open.
async fn close_origin(write: &mut Write, grant: &NewConnection) -> Result<bool, StoreError> {
    let (id, from) = match &grant.origin {
        ConnectionOrigin::Attempt { id, from } => (id, from),
        ConnectionOrigin::LiveConnection(live) => {
            let found: Option<i64> =
                sqlx::query_scalar("SELECT 1 FROM connections WHERE id = $1 AND status = 'active'")
                    .bind(live)
                    .fetch_optional(&mut **write)
                    .await
                    .map_err(StoreError::failed)?;
            return Ok(found.is_some());
        }
    };
    let updated = sqlx::query(
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
    Ok(updated.rows_affected() == 1)
}

async fn has_other_tenant(write: &mut Write, grant: &NewConnection) -> Result<bool, StoreError> {
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

async fn active_connection_of_tenant(
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
    row.as_ref().map(rows::read_connection).transpose()
}

async fn end_replaced_connection(
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
    let pair = end_test_half(write, other, reason, stamp.at).await?;
    for ended in [other].into_iter().chain(&pair) {
        write_history_and_notice(
            write,
            entropy,
            ended,
            HistoryAction::Disconnected,
            Some(reason),
            None,
            stamp,
        )
        .await?;
    }
    Ok(())
}

/// Ends the test connection that belongs to a live one.
pub(super) async fn end_test_half(
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
    row.as_ref().map(rows::read_connection).transpose()
}

async fn upsert_connection(
    write: &mut Write,
    grant: &NewConnection,
) -> Result<Connection, StoreError> {
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
    .bind(grant.scope.as_str())
    .bind(&grant.publishable_key)
    .bind(&grant.tokens.access_token)
    .bind(&grant.tokens.refresh_token)
    .bind((!grant.shared).then_some(&grant.account))
    .bind(grant.stamp.at)
    .bind(match &grant.origin {
        ConnectionOrigin::LiveConnection(live) => Some(live),
        ConnectionOrigin::Attempt { .. } => None,
    })
    .fetch_one(&mut **write)
    .await.map_err(StoreError::failed)?;
    rows::read_connection(&row)
}

/// Writes a history entry and a notice for the host application.
pub(super) async fn write_history_and_notice(
    write: &mut Write,
    entropy: &Entropy,
    connection: &Connection,
    action: HistoryAction,
    reason: Option<DisconnectReason>,
    detail: Option<&str>,
    stamp: &AuditStamp,
) -> Result<(), StoreError> {
    let detail = match (reason, detail) {
        (Some(reason), Some(detail)) => Some(format!("{reason}; {detail}")),
        (Some(reason), None) => Some(reason.to_string()),
        (None, detail) => detail.map(str::to_owned),
    };
    let entry = NewHistoryEntry {
        realm: connection.realm.clone(),
        tenant: Some(connection.tenant.clone()),
        account: Some(connection.account.clone()),
        action,
        stamp: stamp.clone(),
        detail,
    };
    insert_history(write, entropy, entry).await?;
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

pub(super) async fn insert_history(
    write: &mut Write,
    entropy: &Entropy,
    entry: NewHistoryEntry,
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
    .bind(entry.action.as_str())
    .bind(entry.stamp.actor.as_str())
    .bind(entry.stamp.address)
    .bind(entry.detail)
    .execute(&mut **write)
    .await.map_err(StoreError::failed)?;
    Ok(())
}
