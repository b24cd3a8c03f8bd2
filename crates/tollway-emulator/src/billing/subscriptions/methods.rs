//! How a subscription comes by its payment method: what paid its invoice is kept, or the customer is asked for one.

use serde_json::{Map, Value, json};

use crate::billing::subscriptions::{SUBSCRIPTION, changed, has_method, of_invoice, status};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::text;
use crate::params::Params;
use crate::payments::setup_intents;

/// The subscription that waits for a SetupIntent.
const WAITS: &str = "_pending_setup";

/// Asks for a payment method of a subscription that has nothing to pay now and nothing to pay with later.
pub(super) fn ask(ctx: &mut Ctx<'_>, subscription: &Value) -> Result<(), ApiError> {
    let begun = matches!(status(subscription), "active" | "trialing");
    let charged = subscription["collection_method"] == "charge_automatically";
    if !begun || !charged || has_method(ctx, subscription) {
        return Ok(());
    }
    let mut form = Map::new();
    form.insert("customer".into(), subscription["customer"].clone());
    form.insert("usage".into(), "off_session".into());
    let intent = setup_intents::create(ctx, &Params::new(Vec::new(), form))?;
    let (scope, now, id) = (ctx.scope.clone(), ctx.now(), text(&intent, "id"));
    let waits = json!({"subscription": subscription["id"]});
    ctx.world.put_typed(&scope, WAITS, id, &waits, now);
    let mut after = subscription.clone();
    after["pending_setup_intent"] = id.into();
    ctx.update(SUBSCRIPTION, &after);
    Ok(())
}

/// A SetupIntent succeeded: if a subscription asked for it, its payment method is the subscription's.
pub(crate) fn set_up(ctx: &mut Ctx<'_>, intent: &Value) {
    let waits: Option<Value> = ctx.world.typed(&ctx.scope, WAITS, text(intent, "id"));
    let Some(waits) = waits else {
        return;
    };
    let Some(before) = ctx.get(SUBSCRIPTION, text(&waits, "subscription")) else {
        return;
    };
    let mut after = before.clone();
    after["default_payment_method"] = intent["payment_method"].clone();
    after["pending_setup_intent"] = Value::Null;
    changed(ctx, &before, &after);
}

/// `payment_settings[save_default_payment_method]=on_subscription`: what paid an invoice pays the next ones.
pub(crate) fn keep_method(ctx: &mut Ctx<'_>, invoice: &Value, method: &Value) {
    let Some(before) = ctx.get(SUBSCRIPTION, &of_invoice(invoice)) else {
        return;
    };
    let keeps = &before["payment_settings"]["save_default_payment_method"];
    if keeps != "on_subscription" || method.is_null() {
        return;
    }
    let mut after = before.clone();
    after["default_payment_method"] = method.clone();
    changed(ctx, &before, &after);
}
