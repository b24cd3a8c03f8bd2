//! `POST /_tollway/sellers`: puts an account into a world before anybody has connected it, for seeding and for tests.
//!
//! A form: `key` (the platform's secret key), `email`, and if wanted `business_name`, `country`, `kind` (`standard`, the default, or
//! `express`), other `stripe_user` members, and `controlled_by` (the name of another platform that controls the account, which then
//! cannot grant `read_write`). `GET /_tollway/sellers?key=…` lists them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::{profile, records};
use crate::Engine;
use crate::error::ApiError;
use crate::key::{ApiKey, KeyKind};
use crate::scope::Mode;
use crate::world::World;

pub(super) async fn create(
    State(engine): State<Arc<Engine>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    answer(create_seller(&engine, &form))
}

pub(super) async fn list(
    State(engine): State<Arc<Engine>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    answer(world_of(&engine, &query).map(|world| {
        let sellers: Vec<Value> = records::sellers(&world.lock())
            .iter()
            .map(|seller| json!(seller))
            .collect();
        json!({"data": sellers})
    }))
}

fn create_seller(engine: &Engine, form: &BTreeMap<String, String>) -> Result<Value, ApiError> {
    let world = world_of(engine, form)?;
    let kind = form.get("kind").map_or("standard", String::as_str);
    if !matches!(kind, "standard" | "express") {
        return Err(ApiError::invalid_enum("kind", &["standard", "express"]));
    }
    let scope = world.lock().platform_scope(Mode::Live);
    engine.transact_internal(&world, scope, |ctx| {
        let account = ctx.new_id("account");
        let seller = profile::from_form(form, &account, kind, ctx.now());
        let mut seller = seller.map_err(|complaints| {
            let first = complaints.first();
            ApiError::invalid_param(
                first.map_or("email", |it| it.field),
                first.map_or("", |it| it.text),
            )
        })?;
        seller.controlled_by = form
            .get("controlled_by")
            .filter(|name| !name.is_empty())
            .cloned();
        records::put_seller(ctx.world, &seller);
        Ok(json!(seller))
    })
}

fn world_of(engine: &Engine, form: &BTreeMap<String, String>) -> Result<Arc<World>, ApiError> {
    let key = form
        .get("key")
        .and_then(|key| ApiKey::parse(key))
        .filter(|key| key.kind != KeyKind::Publishable);
    let key = key.ok_or_else(|| {
        ApiError::invalid_param(
            "key",
            "Pass the platform's secret key (sk_test_… or sk_live_…) as key.",
        )
    })?;
    Ok(engine.worlds().for_key(&key))
}

fn answer(result: Result<Value, ApiError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let status =
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error.to_json())).into_response()
        }
    }
}
