//! `POST /_tollway/sellers`: creates a seller's account that is not connected yet, for seeds and tests.
//!
//! A form: `key` (the platform's secret key), `email`, and optionally `business_name`, `country`, `kind` (`standard`, the default, or
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

pub(super) async fn list(request: ControlRequest) -> ControlResult {
    let sellers: Vec<Value> = sellers::load_sellers(&request.world.lock())?
        .iter()
        .map(|seller| json!(seller))
        .collect();
    Ok(Json(json!({"data": sellers})))
}

pub(super) async fn create(
    State(engine): State<Arc<Engine>>,
    request: ControlRequest,
) -> ControlResult {
    let kind = request.text("kind").unwrap_or("standard");
    if !matches!(kind, "standard" | "express") {
        return Err(ApiError::invalid_enum("kind", &["standard", "express"]).into());
    }
    let scope = request.world.lock().platform_scope(Mode::Live);
    let seller = engine.transact_internal(&request.world, scope, |ctx| {
        let account = ctx.new_id("account");
        let seller = seller_profile::from_form(request.form(), &account, kind, ctx.now());
        let mut seller = seller.map_err(|errors| {
            let first = errors.first();
            ApiError::invalid_param(
                first.map_or("email", |it| it.field),
                first.map_or("", |it| it.text),
            )
        })?;
        seller.controlled_by = request.text("controlled_by").map(str::to_owned);
        sellers::save_seller(ctx.world, &seller);
        Ok(json!(seller))
    })?;
    Ok(Json(seller))
}
