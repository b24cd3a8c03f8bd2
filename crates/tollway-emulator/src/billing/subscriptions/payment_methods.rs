//! How a subscription gets its default payment method: from a paid invoice, or from a SetupIntent.

use serde_json::{Map, Value, json};

use crate::billing::invoice_record::subscription_of;
use crate::billing::invoices::payments::InvoicePayment;
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, has_payment_method, save_changed_subscription, status,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::text;
use crate::params::Params;
use crate::payments::notifications::SetupSuccess;
use crate::payments::setup_intents;
use crate::registry::Registry;

/// The subscription that a SetupIntent was created for.
const PENDING_SETUP: &str = "_pending_setup";

pub(super) fn register(registry: &mut Registry) {
    registry.listen(on_setup_success);
    registry.listen(on_invoice_payment);
}

/// Creates the `pending_setup_intent` of a subscription that has nothing to pay now and no payment method.
pub(super) fn request_payment_method(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
) -> Result<(), ApiError> {
    let begun = matches!(status(subscription), "active" | "trialing");
    let charged = subscription["collection_method"] == "charge_automatically";
    if !begun || !charged || has_payment_method(ctx, subscription) {
        return Ok(());
    }
    let mut form = Map::new();
    form.insert("customer".into(), subscription["customer"].clone());
    form.insert("usage".into(), "off_session".into());
    let intent = setup_intents::create(ctx, &Params::new(Vec::new(), form))?;
    let (scope, now, id) = (ctx.scope.clone(), ctx.now(), text(&intent, "id"));
    let waits = json!({"subscription": subscription["id"]});
    ctx.world.put_typed(&scope, PENDING_SETUP, id, &waits, now);
    let mut after = subscription.clone();
    after["pending_setup_intent"] = id.into();
    ctx.update(SUBSCRIPTION, &after);
    Ok(())
}

/// Makes the payment method of a SetupIntent that succeeded the default of the subscription it was created for.
#[expect(clippy::unnecessary_wraps, reason = "a listener returns a Result")]
fn on_setup_success(ctx: &mut Ctx<'_>, success: &SetupSuccess) -> Result<(), ApiError> {
    apply_setup(ctx, &success.intent);
    Ok(())
}

fn apply_setup(ctx: &mut Ctx<'_>, intent: &Value) {
    let waits: Option<Value> = ctx
        .world
        .typed(&ctx.scope, PENDING_SETUP, text(intent, "id"));
    let Some(waits) = waits else {
        return;
    };
    let Some(before) = ctx.get(SUBSCRIPTION, text(&waits, "subscription")) else {
        return;
    };
    let mut after = before.clone();
    after["default_payment_method"] = intent["payment_method"].clone();
    after["pending_setup_intent"] = Value::Null;
    save_changed_subscription(ctx, &before, &after);
}

/// With `payment_settings[save_default_payment_method]=on_subscription`, saves the payment method of a paid invoice.
#[expect(clippy::unnecessary_wraps, reason = "listeners can fail")]
fn on_invoice_payment(ctx: &mut Ctx<'_>, payment: &InvoicePayment) -> Result<(), ApiError> {
    let (invoice, method) = (&payment.invoice, &payment.payment_method);
    let Some(before) = ctx.get(SUBSCRIPTION, &subscription_of(invoice)) else {
        return Ok(());
    };
    let keeps = &before["payment_settings"]["save_default_payment_method"];
    if keeps != "on_subscription" || method.is_null() {
        return Ok(());
    }
    let mut after = before.clone();
    after["default_payment_method"] = method.clone();
    save_changed_subscription(ctx, &before, &after);
    Ok(())
}
