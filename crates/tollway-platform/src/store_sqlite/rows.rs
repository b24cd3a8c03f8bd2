//! From rows to records, by column name.

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

pub(super) fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let outcome: Option<String> = column(row, "outcome")?;
    Ok(Attempt {
        id: column(row, "id")?,
        realm: realm(row)?,
        tenant: column(row, "tenant")?,
        state_hash: hash(column(row, "state_hash")?)?,
        browser_hash: hash(column(row, "browser_hash")?)?,
        redirect_uri: column(row, "redirect_uri")?,
        scope: GrantScope::from_stripe(column(row, "scope")?),
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
        response_hash: column::<Option<&[u8]>>(row, "answer_hash")?
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
            let reason = named(
                "reason",
                reason.unwrap_or_default(),
                DisconnectReason::parse,
            )?;
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
        realm: realm(row)?,
        tenant: column(row, "tenant")?,
        account: column(row, "account")?,
        scope: GrantScope::from_stripe(column(row, "scope")?),
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
        realm: realm(row)?,
        tenant: column(row, "tenant")?,
        account: column(row, "account")?,
        action: named("action", column(row, "action")?, HistoryAction::parse)?,
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
        realm: realm(row)?,
        endpoint: named("endpoint", column(row, "endpoint")?, Endpoint::parse)?,
        event_id: column(row, "event_id")?,
        event_type: column(row, "event_type")?,
        account: column(row, "account")?,
        created_at: column(row, "created_at")?,
        headers: named(
            "delivery headers",
            column(row, "headers")?,
            DeliveryHeaders::from_json,
        )?,
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

/// Reads the realm from its two columns.
pub(super) fn realm(row: &SqliteRow) -> Result<Realm, StoreError> {
    let mode: &str = column(row, "mode")?;
    let mode: Mode = mode
        .parse()
        .map_err(|_| StoreError::unreadable("mode", mode))?;
    Ok(Realm::new(column::<String>(row, "platform")?, mode))
}

/// Reads a column.
pub(super) fn column<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(name).map_err(StoreError::failed)
}

/// Parses a stored text. `what` names it in the error.
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
