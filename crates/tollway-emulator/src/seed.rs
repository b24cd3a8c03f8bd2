//! Seeds: a file that says what worlds hold before the first request.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::{Request, header};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Map, Value};
use tower::ServiceExt;

use crate::KeyKind;
use crate::control::{ClockChange, ControlError, ControlResult, PlatformChange};
use crate::engine::Engine;
use crate::error::ApiError;
use crate::faults::Fault;
use crate::key::ApiKey;
use crate::request_context::Unlogged;

/// What worlds are to hold, as TOML or JSON.
///
/// ```toml
/// clock = { freeze = true, set = 1790000000 }
///
/// [[worlds]]
/// key = "sk_test_123"
///
/// [worlds.platform]                     # as POST /_tollway/worlds/{name} takes it
/// business_name = "Rides"
/// test = { client_id = "ca_rides", redirect_uris = ["http://localhost:3000/callback"] }
/// restricted_keys = [{ key = "rk_test_reader", permissions = { charge = "read" } }]
///
/// [[worlds.webhooks]]
/// url = "http://localhost:3000/webhooks"
/// secret = "whsec_rides"
/// connect = true
///
/// [[worlds.requests]]                   # played in order, as any request
/// post = "/v1/accounts"
/// params = { type = "express", email = "seller@example.com" }
/// save = "seller"
///
/// [[worlds.requests]]
/// post = "/v1/customers"
/// account = "${seller}"
/// params = { name = "Ann" }
///
/// [[faults]]                            # as POST /_tollway/faults takes it
/// path = "/v1/refunds"
/// times = 1
/// then = "rate_limit"
/// ```
///
/// `${seller}` is the id of what a request saved, `${seller.email}` one of its fields. Webhooks and requests are played only
/// in a world that holds nothing yet, so a seed may stand beside a data file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    clock: Option<ClockChange>,
    #[serde(default)]
    worlds: Vec<WorldSeed>,
    #[serde(default)]
    faults: Vec<Fault>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldSeed {
    key: String,
    #[serde(default)]
    platform: PlatformChange,
    #[serde(default)]
    webhooks: Vec<WebhookSeed>,
    #[serde(default)]
    requests: Vec<RequestSeed>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookSeed {
    url: String,
    secret: Option<String>,
    #[serde(default)]
    connect: bool,
    #[serde(default = "all_events")]
    enabled_events: Vec<String>,
}

fn all_events() -> Vec<String> {
    vec!["*".into()]
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestSeed {
    post: String,
    account: Option<String>,
    #[serde(default)]
    params: Map<String, Value>,
    save: Option<String>,
}

/// A seed could not be read, or one of its requests was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SeedError(String);

/// The control route of seeds.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/seed", post(play_seed))
}

/// `POST /_tollway/seed`: TOML or JSON, as a file for `--seed` has it.
async fn play_seed(State(engine): State<Arc<Engine>>, text: String) -> ControlResult {
    let refused =
        |error: SeedError| ControlError::from(ApiError::invalid_request(error.to_string()));
    let seed = Seed::parse(&text).map_err(refused)?;
    play(&engine, &seed).await.map_err(refused)?;
    Ok(Json(serde_json::json!({"seeded": true})))
}

/// Brings worlds, clock and faults to what a seed says.
///
/// # Errors
/// At the first thing that is refused; what came before it stays.
pub(crate) async fn play(engine: &Arc<Engine>, seed: &Seed) -> Result<(), SeedError> {
    SeedPlayer { engine }.play(seed).await
}

impl Seed {
    /// Reads TOML, or JSON if the text starts with a brace.
    ///
    /// # Errors
    /// If it is neither, or has a field that seeds do not have.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let read = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        };
        read.map_err(|error| SeedError(format!("the seed cannot be read: {}", error.trim_end())))
    }
}

/// Plays a seed against the emulator of an engine.
struct SeedPlayer<'a> {
    engine: &'a Arc<Engine>,
}

impl SeedPlayer<'_> {
    async fn play(&self, seed: &Seed) -> Result<(), SeedError> {
        let refused = |error: ApiError| SeedError(format!("the seed was refused: {error}"));
        if let Some(clock) = &seed.clock {
            clock.apply(self.engine).map_err(refused)?;
        }
        for world in &seed.worlds {
            self.seed_world(world).await?;
        }
        for fault in &seed.faults {
            self.engine.faults().add(fault.clone());
        }
        Ok(())
    }

    async fn seed_world(&self, seed: &WorldSeed) -> Result<(), SeedError> {
        let told = |what: String| SeedError(format!("the seed's world {}: {what}", seed.key));
        let key = ApiKey::parse(&seed.key).filter(|key| key.kind == KeyKind::Secret);
        let key = key.ok_or_else(|| told("its key must be a secret key, sk_test_…".into()))?;
        let world = self.engine.worlds().for_key(&key);
        let scope = world.lock().platform_scope(key.mode);
        let is_new = {
            let state = world.lock();
            let own = |name: &&Arc<str>| !name.starts_with('_');
            state.store.types(&scope).find(own).is_none()
        };
        let platform = seed.platform.clone();
        platform
            .apply(self.engine, &world)
            .map_err(|error| told(error.to_string()))?;
        if !is_new {
            return Ok(());
        }
        for webhook in &seed.webhooks {
            let params = serde_json::json!({
                "url": webhook.url,
                "connect": webhook.connect,
                "enabled_events": webhook.enabled_events,
            });
            let params = params.as_object().cloned().unwrap_or_default();
            let made = self.send(&seed.key, "/v1/webhook_endpoints", None, &params);
            let made = made.await.map_err(told)?;
            let (id, secret) = (made["id"].as_str().unwrap_or_default(), &webhook.secret);
            let kept = self.engine.transact_internal(&world, scope.clone(), |ctx| {
                if let Some(secret) = secret {
                    crate::webhooks::set_secret(ctx, id, secret)?;
                }
                Ok(())
            });
            kept.map_err(|error| told(error.to_string()))?;
        }
        let mut saved = BTreeMap::new();
        for request in &seed.requests {
            let fill = |text: &str| filled(text, &saved);
            let path = fill(&request.post).map_err(told)?;
            let account = request.account.as_deref().map(fill).transpose();
            let account = account.map_err(told)?;
            let params = filled_params(&request.params, &saved).map_err(told)?;
            let made = self.send(&seed.key, &path, account.as_deref(), &params);
            let made = made.await.map_err(told)?;
            if let Some(name) = &request.save {
                saved.insert(name.clone(), made);
            }
        }
        Ok(())
    }

    /// Sends a request of the seed as a client would, and returns the object.
    async fn send(
        &self,
        key: &str,
        path: &str,
        account: Option<&str>,
        params: &Map<String, Value>,
    ) -> Result<Value, String> {
        let json = path.starts_with("/v2/");
        let (content_type, body) = if json {
            let body = Value::Object(params.clone()).to_string();
            ("application/json", body)
        } else {
            (
                "application/x-www-form-urlencoded",
                crate::params::to_form(params),
            )
        };
        let mut request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, content_type)
            .header("stripe-version", &self.engine.config().api_version)
            .extension(Unlogged);
        if let Some(account) = account {
            request = request.header("stripe-account", account);
        }
        let request = request
            .body(Body::from(body))
            .map_err(|error| format!("POST {path} is no request: {error}"))?;
        let response = match crate::server::router(self.engine).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
        if parts.status.is_success() {
            return Ok(answer);
        }
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        Err(format!(
            "POST {path} was refused with {}: {message}",
            parts.status.as_u16()
        ))
    }
}

/// Parameters with every `${name}` replaced.
fn filled_params(
    params: &Map<String, Value>,
    saved: &BTreeMap<String, Value>,
) -> Result<Map<String, Value>, String> {
    let fill = |(name, value): (&String, &Value)| Ok((name.clone(), filled_value(value, saved)?));
    params.iter().map(fill).collect()
}

fn filled_value(value: &Value, saved: &BTreeMap<String, Value>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => filled(text, saved)?.into(),
        Value::Array(items) => {
            let items = items.iter().map(|item| filled_value(item, saved));
            Value::Array(items.collect::<Result<_, String>>()?)
        }
        Value::Object(members) => Value::Object(filled_params(members, saved)?),
        other => other.clone(),
    })
}

/// A text with every `${name}` replaced by the id of what was saved, and `${name.field}` by that field.
fn filled(text: &str, saved: &BTreeMap<String, Value>) -> Result<String, String> {
    let mut parts = text.split("${");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part
            .split_once('}')
            .ok_or_else(|| format!("{text} has a ${{ without its }}"))?;
        let mut names = name.split('.');
        let object = saved.get(names.next().unwrap_or_default());
        let object =
            object.ok_or_else(|| format!("{text} names what no request before it saved"))?;
        let value = match names.clone().next() {
            None => object.get("id"),
            Some(_) => names.try_fold(object, |value, name| value.get(name)),
        };
        match value {
            Some(Value::String(found)) => whole.push_str(found),
            Some(found) if !found.is_null() => whole.push_str(&found.to_string()),
            _ => return Err(format!("{text} names a field that is not there")),
        }
        whole.push_str(rest);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn saved_things_are_filled_in() {
        let saved = BTreeMap::from([("a".to_owned(), json!({"id": "cus_1", "x": {"y": 5}}))]);
        assert_eq!(filled("/v1/${a}/${a.x.y}", &saved).unwrap(), "/v1/cus_1/5");
        for bad in ["${b}", "${a", "${a.z}", "${}"] {
            assert!(filled(bad, &saved).is_err(), "{bad}");
        }
    }

    #[test]
    fn toml_and_json_are_read_and_typing_errors_refused() {
        assert!(Seed::parse("[[worlds]]\nkey = \"sk_test_1\"").is_ok());
        assert!(Seed::parse(r#"{"worlds": [{"key": "sk_test_1"}]}"#).is_ok());
        let error = Seed::parse("[[world]]\nkey = \"sk_test_1\"").unwrap_err();
        assert!(error.to_string().contains("world"), "{error}");
    }
}
