//! `POST /_tollway/sellers`: puts an account into a world before anybody has connected it, for seeding and for tests.
//!
//! A form: `key` (the platform's secret key), `email`, and if wanted `business_name`, `country`, `kind` (`standard`, the default, or
//! `express`), other `stripe_user` members, and `controlled_by` (the name of another platform that controls the account, which then
//! cannot grant `read_write`). `GET /_tollway/sellers?key=…` lists them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Engine;
use crate::accounts::sellers;
use crate::control::{ControlRequest, ControlResult};
use crate::error::ApiError;
use crate::oauth::seller_profile;
use crate::scope::Mode;

pub(crate) async fn list(asked: ControlRequest) -> ControlResult {
    let sellers: Vec<Value> = sellers::sellers(&asked.world.lock())
        .iter()
        .map(|seller| json!(seller))
        .collect();
    Ok(Json(json!({"data": sellers})))
}

pub(crate) async fn create(
    State(engine): State<Arc<Engine>>,
    asked: ControlRequest,
) -> ControlResult {
    let kind = asked.text("kind").unwrap_or("standard");
    if !matches!(kind, "standard" | "express") {
        return Err(ApiError::invalid_enum("kind", &["standard", "express"]).into());
    }
    let scope = asked.world.lock().platform_scope(Mode::Live);
    let seller = engine.transact_internal(&asked.world, scope, |ctx| {
        let account = ctx.new_id("account");
        let seller = seller_profile::from_form(asked.form(), &account, kind, ctx.now());
        let mut seller = seller.map_err(|complaints| {
            let first = complaints.first();
            ApiError::invalid_param(
                first.map_or("email", |it| it.field),
                first.map_or("", |it| it.text),
            )
        })?;
        seller.controlled_by = asked.text("controlled_by").map(str::to_owned);
        sellers::put_seller(ctx.world, &seller);
        Ok(json!(seller))
    })?;
    Ok(Json(seller))
}
