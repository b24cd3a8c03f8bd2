//! Promotion codes: codes that customers enter to redeem a coupon, and who may use them.
//!
//! See <https://docs.stripe.com/billing/subscriptions/coupons#promotion-codes>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::text;
use crate::params::Params;
use crate::registry::Registry;
use crate::store::Query;

const PROMOTION_CODE: &str = "promotion_code";

pub(super) fn register(registry: &mut Registry) {
    registry.add("promotion_codes.create", create);
}

/// `POST /v1/promotion_codes`. A code is unique among active ones; without one the emulator generates it.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut plain = params.clone();
    let code = match params.text("code") {
        Some(code) => code.to_owned(),
        None => ctx.world.random.alphanumeric(8).to_ascii_uppercase(),
    };
    let all = ctx.world.store.all(&ctx.scope, PROMOTION_CODE);
    let taken = all
        .iter()
        .any(|it| it["active"] == true && text(it, "code").eq_ignore_ascii_case(&code));
    if taken {
        let message = format!("An active promotion code with `code: {code}` already exists.");
        return Err(ApiError::invalid_param("code", message).code("resource_already_exists"));
    }
    let values = plain.values_mut();
    values.insert("code".into(), code.into());
    values.entry("metadata").or_insert_with(|| json!({}));
    ctx.generic("promotion_codes.create", &plain)
}

/// Fails if the customer may not use the code.
pub(super) fn check_code_for_customer(
    ctx: &Ctx<'_>,
    code: &Value,
    customer: &str,
    param: &str,
) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::invalid_param(param, message));
    if code["customer"]
        .as_str()
        .is_some_and(|only| only != customer)
    {
        return refused("This promotion code cannot be redeemed by this customer.");
    }
    if code["restrictions"]["first_time_transaction"] == true && has_paid(ctx, customer) {
        return refused(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
        );
    }
    Ok(())
}

fn has_paid(ctx: &Ctx<'_>, customer: &str) -> bool {
    if customer.is_empty() {
        return false;
    }
    let query = Query {
        limit: 1,
        filters: &[("customer", customer), ("status", "succeeded")],
        ..Query::default()
    };
    let page = ctx.world.store.list(&ctx.scope, "charge", &query);
    page.is_ok_and(|page| !page.records.is_empty())
}
