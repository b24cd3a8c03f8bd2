//! From rows to records, by column name.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::outcome::Outcome;
use crate::store::{
    Actor, Attempt, AttemptStatus, Connection, Delivery, DeliveryStatus, DisconnectReason,
    Disconnected, Endpoint, HistoryEntry, Millis, Sign, StoreError, realm,
};

pub(super) fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let outcome: Option<String> = row.try_get("outcome")?;
    Ok(Attempt {
        id: row.try_get("id")?,
        realm: realm(row.try_get("platform")?, row.try_get("mode")?)?,
        tenant: row.try_get("tenant")?,
        state_hash: hash(row.try_get("state_hash")?)?,
        browser_hash: hash(row.try_get("browser_hash")?)?,
        redirect_uri: row.try_get("redirect_uri")?,
        scope: row.try_get("scope")?,
        return_to: row.try_get("return_to")?,
        address: row.try_get("address")?,
        status: named(
            "attempt status",
            row.try_get("status")?,
            AttemptStatus::parse,
        )?,
        outcome: outcome
            .map(|name| named("outcome", &name, Outcome::parse))
            .transpose()?,
        account: row.try_get("account")?,
        detail: row.try_get("detail")?,
        answer_hash: row
            .try_get::<Option<&[u8]>, _>("answer_hash")?
            .map(hash)
            .transpose()?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        claimed_at: row.try_get("claimed_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

pub(super) fn connection(row: &SqliteRow) -> Result<Connection, StoreError> {
    let at: Option<Millis> = row.try_get("disconnected_at")?;
    let why: Option<&str> = row.try_get("disconnected_why")?;
    let disconnected = match (at, why) {
        (Some(at), why) => {
            let why = named("reason", why.unwrap_or_default(), DisconnectReason::parse)?;
            Some(Disconnected { at, why })
        }
        (None, _) => None,
    };
    let actor: Option<&str> = row.try_get("revoking_actor")?;
    let revoking = match (row.try_get("revoking_at")?, actor) {
        (Some(at), Some(actor)) => Some(Sign {
            at,
            actor: named("actor", actor, Actor::parse)?,
            address: row.try_get("revoking_address")?,
        }),
        _ => None,
    };
    Ok(Connection {
        id: row.try_get("id")?,
        realm: realm(row.try_get("platform")?, row.try_get("mode")?)?,
        tenant: row.try_get("tenant")?,
        account: row.try_get("account")?,
        scope: row.try_get("scope")?,
        publishable_key: row.try_get("publishable_key")?,
        first_connected_at: row.try_get("first_connected_at")?,
        connected_at: row.try_get("connected_at")?,
        disconnected,
        pair_of: row.try_get("pair_of")?,
        revoking,
    })
}

pub(super) fn history(row: &SqliteRow) -> Result<HistoryEntry, StoreError> {
    Ok(HistoryEntry {
        id: row.try_get("id")?,
        realm: realm(row.try_get("platform")?, row.try_get("mode")?)?,
        tenant: row.try_get("tenant")?,
        account: row.try_get("account")?,
        action: row.try_get("action")?,
        sign: Sign {
            at: row.try_get("at")?,
            actor: named("actor", row.try_get("actor")?, Actor::parse)?,
            address: row.try_get("address")?,
        },
        detail: row.try_get("detail")?,
    })
}

pub(super) fn delivery(row: &SqliteRow) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.try_get("id")?,
        realm: realm(row.try_get("platform")?, row.try_get("mode")?)?,
        endpoint: named("endpoint", row.try_get("endpoint")?, Endpoint::parse)?,
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("event_type")?,
        account: row.try_get("account")?,
        created_at: row.try_get("created_at")?,
        headers: row.try_get("headers")?,
        body: row.try_get("body")?,
        status: named(
            "delivery status",
            row.try_get("status")?,
            DeliveryStatus::parse,
        )?,
        note: row.try_get("note")?,
        attempts: row.try_get("attempts")?,
        due_at: row.try_get("due_at")?,
        received_at: row.try_get("received_at")?,
        finished_at: row.try_get("finished_at")?,
    })
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
