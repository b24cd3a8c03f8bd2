//! A world's platform: what it is and what it has configured.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, ControlResult, body};
use crate::currency::check as check_currency;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::scope::Mode;
use crate::world::{AfterRetries, ModeSettings, Platform, RestrictedKey, World};

pub(super) async fn list(State(engine): State<Arc<Engine>>) -> Json<Value> {
    let worlds: Vec<Value> = engine
        .worlds()
        .all()
        .iter()
        .map(|world| describe(world))
        .collect();
    Json(json!({ "data": worlds }))
}

/// Reading a world makes it, as using its key does.
pub(super) async fn read(
    State(engine): State<Arc<Engine>>,
    Path(name): Path<String>,
) -> ControlResult {
    let world = open(&engine, &name)?;
    Ok(Json(describe(&world)))
}

/// Settings of a platform to be changed; what is not given stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformChange {
    business_name: Option<String>,
    email: Option<String>,
    country: Option<String>,
    default_currency: Option<String>,
    settlement_currencies: Option<Vec<String>>,
    exchange_rates: Option<BTreeMap<String, f64>>,
    after_retries: Option<AfterRetries>,
    test: Option<ModeChange>,
    live: Option<ModeChange>,
    restricted_keys: Vec<RestrictedKey>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModeChange {
    client_id: Option<String>,
    redirect_uris: Option<Vec<String>>,
    publishable_key: Option<String>,
}

pub(super) async fn change(
    State(engine): State<Arc<Engine>>,
    Path(name): Path<String>,
    bytes: Bytes,
) -> ControlResult {
    let change: PlatformChange = body(&bytes)?;
    let world = open(&engine, &name)?;
    change.apply(&engine, &world)?;
    Ok(Json(describe(&world)))
}

impl PlatformChange {
    /// Changes a world's platform, all of it or nothing.
    pub fn apply(self, engine: &Engine, world: &Arc<World>) -> Result<(), ApiError> {
        check(engine, world, &self)?;
        let scope = world.lock().platform_scope(Mode::Test);
        engine.transact_internal(world, scope, |ctx| {
            for key in &self.restricted_keys {
                let not_one = || {
                    let message = format!(
                        "A restricted key starts with rk_test_ or rk_live_: {}",
                        crate::key::redact(&key.key)
                    );
                    ApiError::invalid_param("restricted_keys", message)
                };
                let mode = key.mode().ok_or_else(not_one)?;
                let now = ctx.now();
                ctx.world.put_restricted_key(mode, key, now);
            }
            apply(&mut ctx.world.platform, self);
            ctx.world.save_platform();
            Ok(())
        })
    }
}

fn open(engine: &Engine, name: &str) -> Result<Arc<World>, ControlError> {
    let key = crate::ApiKey::parse(&format!("sk_test_{name}"));
    let key = key.ok_or_else(|| {
        ControlError(ApiError::invalid_request(
            "A world is named by what follows sk_test_ in its key: letters, digits, - and _.",
        ))
    })?;
    Ok(engine.worlds().open(key.world()))
}

fn check(engine: &Engine, world: &Arc<World>, change: &PlatformChange) -> Result<(), ApiError> {
    for currency in change.settlement_currencies.iter().flatten() {
        check_currency(currency, "settlement_currencies")?;
    }
    for (currency, rate) in change.exchange_rates.iter().flatten() {
        check_currency(currency, "exchange_rates")?;
        if !(0.000_001..=1_000_000_000.0).contains(rate) {
            let message = format!(
                "The rate of {currency} is how many {currency} one usd is worth: a number from 0.000001 to 1000000000."
            );
            return Err(ApiError::invalid_param("exchange_rates", message));
        }
    }
    for mode in [&change.test, &change.live].into_iter().flatten() {
        if let Some(client_id) = &mode.client_id {
            if !client_id.starts_with("ca_") {
                return Err(ApiError::invalid_param(
                    "client_id",
                    "A client id starts with ca_.",
                ));
            }
            let owner = engine.worlds().of_client_id(client_id);
            if owner.is_some_and(|(owner, _)| owner.name() != world.name()) {
                return Err(ApiError::invalid_param(
                    "client_id",
                    format!("Another world has the client id {client_id} already."),
                ));
            }
        }
        for uri in mode.redirect_uris.iter().flatten() {
            let valid = url::Url::parse(uri)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !valid {
                return Err(ApiError::invalid_param(
                    "redirect_uris",
                    format!("Not an http or https URL: {uri}"),
                ));
            }
        }
    }
    Ok(())
}

fn apply(platform: &mut Platform, change: PlatformChange) {
    let set = |field: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *field = value;
        }
    };
    set(&mut platform.business_name, change.business_name);
    set(&mut platform.email, change.email);
    set(&mut platform.country, change.country);
    set(&mut platform.default_currency, change.default_currency);
    if let Some(currencies) = change.settlement_currencies {
        platform.settlement_currencies = currencies;
    }
    if let Some(rates) = change.exchange_rates {
        platform.exchange_rates = rates;
    }
    if let Some(after_retries) = change.after_retries {
        platform.after_retries = after_retries;
    }
    for (mode, change) in [(Mode::Test, change.test), (Mode::Live, change.live)] {
        let Some(ModeChange {
            client_id,
            redirect_uris,
            publishable_key,
        }) = change
        else {
            continue;
        };
        let settings: &mut ModeSettings = platform.mode_mut(mode);
        set(&mut settings.client_id, client_id);
        set(&mut settings.publishable_key, publishable_key);
        if let Some(uris) = redirect_uris {
            settings.redirect_uris = uris;
        }
    }
}

fn describe(world: &World) -> Value {
    let state = world.lock();
    let connected = |mode| {
        state
            .connections(mode)
            .into_iter()
            .filter(|connection| connection.active)
            .count()
    };
    json!({
        "name": state.name,
        "platform": state.platform,
        "restricted_keys": state.restricted_keys(),
        "connected_accounts": {"test": connected(Mode::Test), "live": connected(Mode::Live)},
    })
}
