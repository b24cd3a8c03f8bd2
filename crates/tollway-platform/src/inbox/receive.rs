//! Receiving: a body with a valid signature is stored byte for byte before anything interprets it.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;
use tollway::webhook::{Tolerance, WebhookError};

use super::Inbox;
use crate::config::ModeConfig;
use crate::id::new_id;
use crate::realm::{Mode, Realm};
use crate::store::{DeliveryHeaders, Endpoint, InsertResult, Millis, NewDelivery, StoreError};

/// A delivery that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiveResult {
    New,
    Duplicate,
    /// The event is of the other mode and is ignored.
    OtherMode,
}

/// A delivery that is not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error("there is no such webhook endpoint")]
    NoEndpoint,
    #[error("no webhook secret is configured for this endpoint: add it to {0}")]
    NoSecret(String),
    #[error("the signature does not hold: {0}")]
    BadSignature(#[source] WebhookError),
    #[error("the body is not an event: {0}")]
    NotAnEvent(#[source] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The members of an event that decide how it is handled.
#[derive(Deserialize)]
struct EventHeader {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    livemode: Option<bool>,
    /// Unix seconds in snapshot events, RFC 3339 in thin events.
    #[serde(default)]
    created: Option<serde_json::Value>,
}

impl Inbox {
    /// Verifies and stores a delivery. Durable when it returns.
    pub(crate) async fn receive(
        &self,
        realm: &Realm,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<ReceiveResult, ReceiveError> {
        let (_, mode_config) = self.config.realm(realm).ok_or(ReceiveError::NoEndpoint)?;
        let count = |label| self.connections.metrics.count_received(realm, label);
        self.verify(realm, mode_config, endpoint, headers, body)
            .inspect_err(|_| count("bad_signature"))?;
        let event: EventHeader = serde_json::from_slice(body).map_err(|error| {
            count("unreadable");
            ReceiveError::NotAnEvent(error)
        })?;
        let delivery = self.new_delivery(realm, endpoint, headers, body, event);
        let is_other_mode = delivery.ignored_because.is_some();
        let (id, event_id) = (delivery.id.clone(), delivery.event_id.clone());
        let result = match self.connections.store.add_delivery(delivery).await? {
            InsertResult::Duplicate(_) => ReceiveResult::Duplicate,
            InsertResult::New if is_other_mode => ReceiveResult::OtherMode,
            InsertResult::New => ReceiveResult::New,
        };
        count(match result {
            ReceiveResult::New => "new",
            ReceiveResult::Duplicate => "duplicate",
            ReceiveResult::OtherMode => "other_mode",
        });
        tracing::info!(delivery.id = id, event.id = event_id, result = ?result, "webhook received");
        if result == ReceiveResult::New {
            self.connections.work_added.notify_one();
        }
        Ok(result)
    }

    /// Checks that one of the endpoint's secrets signed the body.
    fn verify(
        &self,
        realm: &Realm,
        mode_config: &ModeConfig,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), ReceiveError> {
        let secrets = match endpoint {
            Endpoint::Connect => &mode_config.connect_webhook_secrets,
            Endpoint::Account => &mode_config.account_webhook_secrets,
        };
        let secrets = secrets.split_first().ok_or_else(|| {
            let Realm { platform, mode, .. } = realm;
            let endpoint = endpoint.as_str();
            ReceiveError::NoSecret(format!(
                "platforms.{platform}.{mode}.{endpoint}_webhook_secrets"
            ))
        })?;
        let signature = headers
            .get("stripe-signature")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let tolerance = match self.config.webhooks.tolerance_seconds {
            0 => Tolerance::Disabled,
            seconds => Tolerance::AtMost(Duration::from_secs(seconds.into())),
        };
        let clock = Arc::clone(&self.clock);
        crate::stripe::verify_signature(body, signature, secrets, tolerance, clock)
            .map_err(ReceiveError::BadSignature)
    }

    fn new_delivery(
        &self,
        realm: &Realm,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
        event: EventHeader,
    ) -> NewDelivery {
        let now = self.now();
        let id = new_id("in", now, &self.entropy);
        // An endpoint of live mode also receives events of test mode.
        let is_other_mode = event
            .livemode
            .is_some_and(|live| Mode::from_livemode(live) != realm.mode);
        NewDelivery {
            account: event
                .account
                .or_else(|| account_of_context(event.context.as_deref())),
            created_at: event.created.as_ref().and_then(event_millis),
            headers: without_credentials(headers),
            body: body.to_vec(),
            received_at: now,
            ignored_because: is_other_mode.then(|| "an event of the other mode".to_owned()),
            ..NewDelivery::new(id, realm.clone(), endpoint, event.id, event.event_type)
        }
    }
}

/// Thin events name the account as the last part of their context.
fn account_of_context(context: Option<&str>) -> Option<String> {
    context?
        .rsplit('/')
        .next()
        .filter(|part| part.starts_with("acct_"))
        .map(str::to_owned)
}

fn event_millis(created: &serde_json::Value) -> Option<Millis> {
    match created {
        serde_json::Value::Number(seconds) => seconds.as_i64()?.checked_mul(1000),
        serde_json::Value::String(text) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond),
        _ => None,
    }
}

/// The headers as they were received, without those that can hold credentials.
fn without_credentials(headers: &HeaderMap) -> DeliveryHeaders {
    headers
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "authorization" | "cookie" | "proxy-authorization"
            )
        })
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn created_is_read_as_seconds_and_as_rfc_3339() {
        assert_eq!(
            event_millis(&serde_json::json!(1_700_000_000)),
            Some(1_700_000_000_000)
        );
        assert_eq!(
            event_millis(&serde_json::json!("2023-11-14T22:13:20.500Z")),
            Some(1_700_000_000_500)
        );
        assert_eq!(event_millis(&serde_json::json!("yesterday")), None);
        assert_eq!(event_millis(&serde_json::json!(i64::MAX)), None);
    }

    #[test]
    fn the_account_of_a_context_is_its_last_part() {
        assert_eq!(
            account_of_context(Some("acct_1")),
            Some("acct_1".to_owned())
        );
        assert_eq!(
            account_of_context(Some("org_1/acct_2")),
            Some("acct_2".to_owned())
        );
        assert_eq!(account_of_context(Some("org_1")), None);
        assert_eq!(account_of_context(None), None);
    }

    #[test]
    fn credentials_among_the_headers_are_not_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "secret".parse().expect("a header"));
        headers.insert("stripe-signature", "t=1,v1=a".parse().expect("a header"));
        assert_eq!(
            without_credentials(&headers).to_json(),
            r#"[["stripe-signature","t=1,v1=a"]]"#
        );
    }
}
