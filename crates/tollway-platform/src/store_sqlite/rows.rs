//! Reads records from rows, by column name.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use crate::grant_scope::GrantScope;
use crate::outcome::Outcome;
use crate::realm::{Mode, Realm};
use crate::store::{
    Actor, Attempt, AttemptStatus, AuditStamp, Connection, ConnectionEnd, Delivery,
    DeliveryHeaders, DeliveryStatus, DisconnectReason, Endpoint, HistoryAction, HistoryEntry,
    Millis, StoreError,
};

pub(super) fn read_attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let outcome: Option<String> = read_column(row, "outcome")?;
    Ok(Attempt {
        id: read_column(row, "id")?,
        realm: read_realm(row)?,
        tenant: read_column(row, "tenant")?,
        state_hash: hash_from_bytes(read_column(row, "state_hash")?)?,
        browser_hash: hash_from_bytes(read_column(row, "browser_hash")?)?,
        redirect_uri: read_column(row, "redirect_uri")?,
        scope: GrantScope::from_stripe(read_column(row, "scope")?),
        return_to: read_column(row, "return_to")?,
        address: read_column(row, "address")?,
        status: parse_name(
            "attempt status",
            read_column(row, "status")?,
            AttemptStatus::parse,
        )?,
        outcome: outcome
            .map(|name| parse_name("outcome", &name, Outcome::parse))
            .transpose()?,
        account: read_column(row, "account")?,
        detail: read_column(row, "detail")?,
        response_hash: read_column::<Option<&[u8]>>(row, "answer_hash")?
            .map(hash_from_bytes)
            .transpose()?,
        created_at: read_column(row, "created_at")?,
        expires_at: read_column(row, "expires_at")?,
        claimed_at: read_column(row, "claimed_at")?,
        finished_at: read_column(row, "finished_at")?,
    })
}

pub(super) fn read_connection(row: &SqliteRow) -> Result<Connection, StoreError> {
    let at: Option<Millis> = read_column(row, "disconnected_at")?;
    let reason: Option<&str> = read_column(row, "disconnected_why")?;
    let disconnected = match (at, reason) {
        (Some(at), reason) => {
            let reason = parse_name(
                "reason",
                reason.unwrap_or_default(),
                DisconnectReason::parse,
            )?;
            Some(ConnectionEnd { at, reason })
        }
        (None, _) => None,
    };
    let actor: Option<&str> = read_column(row, "revoking_actor")?;
    let revoking = match (read_column(row, "revoking_at")?, actor) {
        (Some(at), Some(actor)) => Some(AuditStamp {
            at,
            actor: parse_name("actor", actor, Actor::parse)?,
            address: read_column(row, "revoking_address")?,
        }),
        _ => None,
    };
    Ok(Connection {
        id: read_column(row, "id")?,
        realm: read_realm(row)?,
        tenant: read_column(row, "tenant")?,
        account: read_column(row, "account")?,
        scope: GrantScope::from_stripe(read_column(row, "scope")?),
        publishable_key: read_column(row, "publishable_key")?,
        first_connected_at: read_column(row, "first_connected_at")?,
        connected_at: read_column(row, "connected_at")?,
        disconnected,
        pair_of: read_column(row, "pair_of")?,
        revoking,
    })
}

pub(super) fn read_history_entry(row: &SqliteRow) -> Result<HistoryEntry, StoreError> {
    Ok(HistoryEntry {
        id: read_column(row, "id")?,
        realm: read_realm(row)?,
        tenant: read_column(row, "tenant")?,
        account: read_column(row, "account")?,
        action: parse_name("action", read_column(row, "action")?, HistoryAction::parse)?,
        stamp: AuditStamp {
            at: read_column(row, "at")?,
            actor: parse_name("actor", read_column(row, "actor")?, Actor::parse)?,
            address: read_column(row, "address")?,
        },
        detail: read_column(row, "detail")?,
    })
}

pub(super) fn read_delivery(row: &SqliteRow) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: read_column(row, "id")?,
        realm: read_realm(row)?,
        endpoint: parse_name("endpoint", read_column(row, "endpoint")?, Endpoint::parse)?,
        event_id: read_column(row, "event_id")?,
        event_type: read_column(row, "event_type")?,
        account: read_column(row, "account")?,
        created_at: read_column(row, "created_at")?,
        headers: parse_name(
            "delivery headers",
            read_column(row, "headers")?,
            DeliveryHeaders::from_json,
        )?,
        body: read_column(row, "body")?,
        status: parse_name(
            "delivery status",
            read_column(row, "status")?,
            DeliveryStatus::parse,
        )?,
        note: read_column(row, "note")?,
        attempts: read_column(row, "attempts")?,
        due_at: read_column(row, "due_at")?,
        received_at: read_column(row, "received_at")?,
        finished_at: read_column(row, "finished_at")?,
    })
}

/// Reads the realm from its two columns.
pub(super) fn read_realm(row: &SqliteRow) -> Result<Realm, StoreError> {
    let mode: &str = read_column(row, "mode")?;
    let mode: Mode = mode
        .parse()
        .map_err(|_| StoreError::unreadable("mode", mode))?;
    Ok(Realm::new(read_column::<String>(row, "platform")?, mode))
}

/// Reads a column.
pub(super) fn read_column<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(name).map_err(StoreError::failed)
}

/// Parses a stored text. `what` names it in the error.
pub(super) fn parse_name<T>(
    what: &'static str,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(name).ok_or_else(|| StoreError::unreadable(what, name))
}

fn hash_from_bytes(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::unreadable("hash", format!("{} bytes", bytes.len())))
}
