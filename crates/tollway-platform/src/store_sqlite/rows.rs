//! From rows to records, by column name.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use crate::outcome::Outcome;
use crate::store::{
    Actor, Attempt, AttemptStatus, Connection, Delivery, DeliveryStatus, DisconnectReason,
    ConnectionEnd, Endpoint, HistoryEntry, Millis, AuditStamp, StoreError, realm,
};

pub(super) fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let outcome: Option<String> = column(row, "outcome")?;
    Ok(Attempt {
        id: column(row, "id")?,
        realm: realm(column(row, "platform")?, column(row, "mode")?)?,
        tenant: column(row, "tenant")?,
        state_hash: hash(column(row, "state_hash")?)?,
        browser_hash: hash(column(row, "browser_hash")?)?,
        redirect_uri: column(row, "redirect_uri")?,
        scope: column(row, "scope")?,
        return_to: column(row, "return_to")?,
        address: column(row, "address")?,
        status: named(
            "attempt status",
            column(row, "status")?,
            AttemptStatus::parse,
        )?,
        outcome: outcome
            .map(|name| named("outcome", &name, Outcome::parse))
            .transpose()?,
        account: column(row, "account")?,
        detail: column(row, "detail")?,
        answer_hash: column::<Option<&[u8]>>(row, "answer_hash")?
            .map(hash)
            .transpose()?,
        created_at: column(row, "created_at")?,
        expires_at: column(row, "expires_at")?,
        claimed_at: column(row, "claimed_at")?,
        finished_at: column(row, "finished_at")?,
    })
}

pub(super) fn connection(row: &SqliteRow) -> Result<Connection, StoreError> {
    let at: Option<Millis> = column(row, "disconnected_at")?;
    let reason: Option<&str> = column(row, "disconnected_why")?;
    let disconnected = match (at, reason) {
        (Some(at), reason) => {
            let reason = named("reason", reason.unwrap_or_default(), DisconnectReason::parse)?;
            Some(ConnectionEnd { at, reason })
        }
        (None, _) => None,
    };
    let actor: Option<&str> = column(row, "revoking_actor")?;
    let revoking = match (column(row, "revoking_at")?, actor) {
        (Some(at), Some(actor)) => Some(AuditStamp {
            at,
            actor: named("actor", actor, Actor::parse)?,
            address: column(row, "revoking_address")?,
        }),
        _ => None,
    };
    Ok(Connection {
        id: column(row, "id")?,
        realm: realm(column(row, "platform")?, column(row, "mode")?)?,
        tenant: column(row, "tenant")?,
        account: column(row, "account")?,
        scope: column(row, "scope")?,
        publishable_key: column(row, "publishable_key")?,
        first_connected_at: column(row, "first_connected_at")?,
        connected_at: column(row, "connected_at")?,
        disconnected,
        pair_of: column(row, "pair_of")?,
        revoking,
    })
}

pub(super) fn history(row: &SqliteRow) -> Result<HistoryEntry, StoreError> {
    Ok(HistoryEntry {
        id: column(row, "id")?,
        realm: realm(column(row, "platform")?, column(row, "mode")?)?,
        tenant: column(row, "tenant")?,
        account: column(row, "account")?,
        action: column(row, "action")?,
        stamp: AuditStamp {
            at: column(row, "at")?,
            actor: named("actor", column(row, "actor")?, Actor::parse)?,
            address: column(row, "address")?,
        },
        detail: column(row, "detail")?,
    })
}

pub(super) fn delivery(row: &SqliteRow) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: column(row, "id")?,
        realm: realm(column(row, "platform")?, column(row, "mode")?)?,
        endpoint: named("endpoint", column(row, "endpoint")?, Endpoint::parse)?,
        event_id: column(row, "event_id")?,
        event_type: column(row, "event_type")?,
        account: column(row, "account")?,
        created_at: column(row, "created_at")?,
        headers: column(row, "headers")?,
        body: column(row, "body")?,
        status: named(
            "delivery status",
            column(row, "status")?,
            DeliveryStatus::parse,
        )?,
        note: column(row, "note")?,
        attempts: column(row, "attempts")?,
        due_at: column(row, "due_at")?,
        received_at: column(row, "received_at")?,
        finished_at: column(row, "finished_at")?,
    })
}

/// The value of a column.
pub(super) fn column<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(name).map_err(StoreError::failed)
}

pub(super) fn named<T>(
    what: &'static str,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(name).ok_or_else(|| StoreError::unreadable(what, name))
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::unreadable("hash", format!("{} bytes", bytes.len())))
}
