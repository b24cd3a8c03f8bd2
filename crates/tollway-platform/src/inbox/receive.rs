//! Receiving: a body with a good signature is kept byte for byte before anybody looks at what it means.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use tollway::webhook::Tolerance;

use crate::config::ModeConfig;
use crate::id::new_id;
use crate::platform::Platform;
use crate::realm::{Mode, Realm};
use crate::store::{InsertResult, Delivery, DeliveryStatus, Endpoint, Millis, StoreError};

/// What became of a delivery that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiveResult {
    New,
    Duplicate,
    /// Kept, but there is nothing to do: it is of the other mode.
    OtherMode,
}

/// A delivery that is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error("there is no such webhook endpoint")]
    NoEndpoint,
    #[error("no webhook secret is configured for this endpoint: add it to {0}")]
    NoSecret(String),
    #[error("the signature does not hold: {0}")]
    BadSignature(String),
    #[error("the body is not an event: {0}")]
    NotAnEvent(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The parts of an event that decide what happens to it. Everything else is left alone.
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
    /// Unix seconds in snapshot events, RFC 3339 in thin ones.
    #[serde(default)]
    created: Option<serde_json::Value>,
}

impl Platform {
    /// Verifies and keeps a delivery.
    pub(crate) async fn receive(
        &self,
        name: &str,
        mode: Mode,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<ReceiveResult, ReceiveError> {
        let realm = Realm::new(name, mode);
        let (_, config) = self.config().realm(&realm).ok_or(ReceiveError::NoEndpoint)?;
        let counted = |result| self.inner().metrics.received(&realm, result);
        self.verify(&realm, config, endpoint, headers, body)
            .inspect_err(|_| counted("bad_signature"))?;
        let envelope: EventHeader = serde_json::from_slice(body).map_err(|error| {
            counted("unreadable");
            ReceiveError::NotAnEvent(error.to_string())
        })?;
        let delivery = self.delivery(&realm, endpoint, headers, body, envelope);
        let other_mode = delivery.status == DeliveryStatus::Ignored;
        let (id, event_id) = (delivery.id.clone(), delivery.event_id.clone());
        let received = match self.store().add_delivery(delivery).await? {
            InsertResult::Duplicate(_) => ReceiveResult::Duplicate,
            InsertResult::New if other_mode => ReceiveResult::OtherMode,
            InsertResult::New => ReceiveResult::New,
        };
        counted(match received {
            ReceiveResult::New => "new",
            ReceiveResult::Duplicate => "duplicate",
            ReceiveResult::OtherMode => "other_mode",
        });
        tracing::info!(delivery.id = id, event.id = event_id, result = ?received, "webhook received");
        if received == ReceiveResult::New {
            self.inner().work.notify_one();
        }
        Ok(received)
    }

    /// Any of the endpoint's secrets may have signed.
    fn verify(
        &self,
        realm: &Realm,
        config: &ModeConfig,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), ReceiveError> {
        let secrets: &[SecretString] = match endpoint {
            Endpoint::Connect => &config.connect_webhook_secrets,
            Endpoint::Account => &config.account_webhook_secrets,
        };
        if secrets.is_empty() {
            let Realm { platform, mode } = realm;
            let key = format!(
                "platforms.{platform}.{mode}.{}_webhook_secrets",
                endpoint.as_str()
            );
            return Err(ReceiveError::NoSecret(key));
        }
        let header = headers
            .get("stripe-signature")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let tolerance = match self.config().webhooks.tolerance_seconds {
            0 => Tolerance::Disabled,
            seconds => Tolerance::AtMost(Duration::from_secs(seconds.into())),
        };
        crate::stripe::verify_signature(
            body,
            header,
            secrets,
            tolerance,
            Arc::clone(&self.inner().clock),
        )
        .map_err(ReceiveError::BadSignature)
    }

    fn delivery(
        &self,
        realm: &Realm,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
        envelope: EventHeader,
    ) -> Delivery {
        let now = self.now();
        // An endpoint of live mode also gets events of test mode.
        let other_mode = envelope
            .livemode
            .is_some_and(|live| Mode::from_livemode(live) != realm.mode);
        let account = envelope
            .account
            .or_else(|| account_of_context(envelope.context.as_deref()));
        Delivery {
            id: new_id("in", now, &self.inner().entropy),
            realm: realm.clone(),
            endpoint,
            event_id: envelope.id,
            event_type: envelope.event_type,
            account,
            created_at: envelope.created.as_ref().and_then(millis_of),
            headers: headers_as_json(headers),
            body: body.to_vec(),
            status: if other_mode {
                DeliveryStatus::Ignored
            } else {
                DeliveryStatus::Pending
            },
            note: other_mode.then(|| "an event of the other mode".to_owned()),
            attempts: 0,
            due_at: now,
            received_at: now,
            finished_at: other_mode.then_some(now),
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

fn millis_of(created: &serde_json::Value) -> Option<Millis> {
    match created {
        serde_json::Value::Number(seconds) => seconds.as_i64()?.checked_mul(1000),
        serde_json::Value::String(text) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond),
        _ => None,
    }
}

/// The headers as they came, without what could be somebody's credentials.
fn headers_as_json(headers: &HeaderMap) -> String {
    let kept = headers
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "authorization" | "cookie" | "proxy-authorization"
            )
        })
        .map(|(name, value)| {
            serde_json::json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
        });
    serde_json::Value::Array(kept.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_time() {
        assert_eq!(
            millis_of(&serde_json::json!(1_700_000_000)),
            Some(1_700_000_000_000)
        );
        assert_eq!(
            millis_of(&serde_json::json!("2023-11-14T22:13:20.500Z")),
            Some(1_700_000_000_500)
        );
        assert_eq!(millis_of(&serde_json::json!("yesterday")), None);
        assert_eq!(millis_of(&serde_json::json!(i64::MAX)), None);
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
            headers_as_json(&headers),
            r#"[["stripe-signature","t=1,v1=a"]]"#
        );
    }
}
