//! How a subscription gets its default payment method: from a paid invoice, or from a SetupIntent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
use crate::world::PrivateRecord;

/// The id of the subscription that a SetupIntent was created for.
#[derive(Debug, Serialize, Deserialize)]
struct PendingSetup {
    subscription: String,
}

impl PrivateRecord for PendingSetup {
    const TYPE: &'static str = "_pending_setup";
}

pub(super) fn register(registry: &mut Registry) {
    registry.listen(on_setup_success);
    registry.listen(on_invoice_payment);
}

/// Creates the `pending_setup_intent` of a subscription that has nothing to pay now and no payment method.
pub(super) fn request_payment_method(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
) -> Result<(), ApiError> {
    let is_running = matches!(status(subscription), "active" | "trialing");
    let charged = subscription["collection_method"] == "charge_automatically";
    if !is_running || !charged || has_payment_method(ctx, subscription) {
        return Ok(());
    }
    let mut form = Map::new();
    form.insert("customer".into(), subscription["customer"].clone());
    form.insert("usage".into(), "off_session".into());
    let intent = setup_intents::create(ctx, &Params::new(Vec::new(), form))?;
    let id = text(&intent, "id");
    let setup = PendingSetup {
        subscription: text(subscription, "id").to_owned(),
    };
    ctx.save(id, &setup);
    let mut after = subscription.clone();
    after["pending_setup_intent"] = id.into();
    ctx.update(SUBSCRIPTION, &after);
    Ok(())
}

/// Makes the payment method of a succeeded SetupIntent the default of the subscription it was created for.
fn on_setup_success(ctx: &mut Ctx<'_>, success: &SetupSuccess) -> Result<(), ApiError> {
    let intent = &success.intent;
    let Some(setup) = ctx.load::<PendingSetup>(text(intent, "id"))? else {
        return Ok(());
    };
    let Some(before) = ctx.get(SUBSCRIPTION, &setup.subscription) else {
        return Ok(());
    };
    let mut after = before.clone();
    after["default_payment_method"] = intent["payment_method"].clone();
    after["pending_setup_intent"] = Value::Null;
    save_changed_subscription(ctx, &before, &after);
    Ok(())
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
