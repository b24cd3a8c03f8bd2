//! `payment_behavior=pending_if_incomplete`: a change that waits until its invoice is paid.
//!
//! See <https://docs.stripe.com/billing/subscriptions/pending-updates>.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing::invoice_record;
use crate::billing::invoices::collection;
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, put_items, save_changed_subscription, schedule_check, schedule_period_end,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::{list, text};
use crate::params::Params;
use crate::world::PrivateRecord;

/// The changed subscription, and the id of the invoice it waits for.
#[derive(Debug, Serialize, Deserialize)]
struct PendingUpdate {
    subscription: Value,
    invoice: String,
}

impl PrivateRecord for PendingUpdate {
    const TYPE: &'static str = "_pending_update";
}

/// Seconds until a pending update expires.
const PENDING_UPDATE_SECONDS: i64 = 23 * 3600;

/// The parameters that a pending update can have.
const ALLOWED_PARAMS: &[&str] = &[
    "add_invoice_items",
    "billing_cycle_anchor",
    "expand",
    "items",
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "trial_end",
    "trial_from_plan",
];

/// Refuses parameters that a pending update cannot have.
pub(super) fn check_pending_params(params: &Params) -> Result<(), ApiError> {
    let other = params
        .values()
        .keys()
        .find(|name| !ALLOWED_PARAMS.contains(&name.as_str()));
    match other {
        None => Ok(()),
        Some(name) => Err(ApiError::invalid_param(
            name,
            format!(
                "`{name}` cannot be updated with payment_behavior=pending_if_incomplete: send it in a request of its own."
            ),
        )),
    }
}

/// Takes an unpaid change back, and stores it until its invoice is paid.
pub(super) fn hold_update(
    ctx: &mut Ctx<'_>,
    before: &Value,
    invoice: &str,
) -> Result<(), ApiError> {
    let changed = ctx.required(SUBSCRIPTION, text(before, "id"))?;
    let id = text(before, "id");
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let update = PendingUpdate {
        subscription: changed.clone(),
        invoice: invoice.to_owned(),
    };
    ctx.save(id, &update);
    for item in list(&changed["items"], "data") {
        ctx.world
            .store
            .remove(&scope, "subscription_item", text(item, "id"));
    }
    let mut shown = before.clone();
    put_items(ctx, &mut shown, list(&before["items"], "data").to_vec());
    let moved = changed["billing_cycle_anchor"] != before["billing_cycle_anchor"];
    let trial = changed["trial_end"] != before["trial_end"];
    shown["latest_invoice"] = invoice.into();
    shown["pending_update"] = json!({
        "billing_cycle_anchor": moved.then(|| changed["billing_cycle_anchor"].clone()),
        "cancel_at_period_end": null,
        "discount": null,
        "discounts": null,
        "expires_at": now + PENDING_UPDATE_SECONDS,
        "metadata": null,
        "subscription_items": changed["items"]["data"],
        "trial_end": trial.then(|| changed["trial_end"].clone()),
        "trial_from_plan": null,
    });
    save_changed_subscription(ctx, before, &shown);
    schedule_check(ctx, &shown, now + PENDING_UPDATE_SECONDS)?;
    let mut invoice = ctx.required(invoice_record::INVOICE, invoice)?;
    invoice["auto_advance"] = false.into();
    invoice["next_payment_attempt"] = Value::Null;
    ctx.update(invoice_record::INVOICE, &invoice);
    Ok(())
}

/// Applies the pending update of a paid invoice.
pub(super) fn apply_pending_update(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    invoice: &Value,
) -> Result<(), ApiError> {
    let id = text(subscription, "id");
    let Some(before) = ctx
        .get(SUBSCRIPTION, id)
        .filter(|it| it["pending_update"].is_object())
    else {
        return Ok(());
    };
    let update: Option<PendingUpdate> = ctx.load(id)?;
    let Some(update) = update.filter(|update| invoice["id"] == update.invoice) else {
        return Ok(());
    };
    let mut after = update.subscription;
    after["status"] = "active".into();
    after["latest_invoice"] = invoice["id"].clone();
    after["pending_update"] = Value::Null;
    let items = list(&after["items"], "data").to_vec();
    let scope = ctx.scope.clone();
    for item in list(&before["items"], "data") {
        ctx.world
            .store
            .remove(&scope, "subscription_item", text(item, "id"));
    }
    put_items(ctx, &mut after, items);
    ctx.remove::<PendingUpdate>(id);
    save_changed_subscription(ctx, &before, &after);
    ctx.emit("customer.subscription.pending_update_applied", &after, None);
    schedule_period_end(ctx, &after)?;
    Ok(())
}

/// Discards a pending update that was not paid in time, and voids its invoice.
pub(super) fn expire_pending_update(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let id = text(before, "id");
    let update: Option<PendingUpdate> = ctx.load(id)?;
    let mut after = before.clone();
    after["pending_update"] = Value::Null;
    save_changed_subscription(ctx, before, &after);
    ctx.emit("customer.subscription.pending_update_expired", &after, None);
    let Some(update) = update else {
        return Ok(());
    };
    ctx.remove::<PendingUpdate>(id);
    collection::void_finalized_invoice(ctx, &update.invoice).map(drop)
}
