//! The outcome of the payment of a session: it succeeds, is processing, or fails.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::billing::cart;
use crate::checkout::links::count_completed_session;
use crate::checkout::session_record::SESSION;
use crate::checkout::state::{CheckoutState, load_state};
use crate::checkout::subscription::create_subscription;
use crate::checkout::{buyer, session_invoice};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::text;
use crate::payments::notifications::{PaymentStage, PaymentUpdate, SetupSuccess};
use crate::scope::Scope;
use crate::world::WorldState;

/// The session behind a PaymentIntent or SetupIntent.
const CHECKOUT_PAYMENT_LINK: &str = "_checkout_pays";

#[derive(Debug, Serialize, Deserialize)]
struct CheckoutPaymentLink {
    session: String,
}

/// Remembers which session an intent is to pay.
pub(super) fn link_intent(ctx: &mut Ctx<'_>, intent: &str, session: &str) {
    let pays = CheckoutPaymentLink {
        session: session.to_owned(),
    };
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .put_typed(&scope, CHECKOUT_PAYMENT_LINK, intent, &pays, now);
}

/// The session that an intent is to pay, by id.
pub(super) fn linked_session_id(world: &WorldState, scope: &Scope, intent: &str) -> Option<String> {
    let pays: CheckoutPaymentLink = world.typed(scope, CHECKOUT_PAYMENT_LINK, intent)?;
    Some(pays.session)
}

/// The open session behind an intent.
fn open_session_of(ctx: &Ctx<'_>, intent: &Value) -> Option<Value> {
    let session = linked_session_id(ctx.world, &ctx.scope, text(intent, "id"))?;
    ctx.get(SESSION, &session)
        .filter(|session| session["status"] == "open")
}

/// Completes the session of a PaymentIntent, or reports that its payment failed later.
#[expect(clippy::unnecessary_wraps, reason = "a listener returns a Result")]
pub(super) fn on_payment(ctx: &mut Ctx<'_>, update: &PaymentUpdate) -> Result<(), ApiError> {
    match update.stage {
        PaymentStage::Succeeded | PaymentStage::Authorized => apply_payment(ctx, &update.intent),
        PaymentStage::FailedLater => report_failed_payment(ctx, &update.intent),
        PaymentStage::RequiresAction | PaymentStage::Declined => {}
    }
    Ok(())
}

/// Completes the session of a SetupIntent that succeeded.
pub(super) fn on_setup_success(ctx: &mut Ctx<'_>, success: &SetupSuccess) -> Result<(), ApiError> {
    apply_setup(ctx, &success.intent)
}

/// A PaymentIntent went through, or holds its money, or waits for a bank: if it is a session's, the session is complete.
pub(super) fn apply_payment(ctx: &mut Ctx<'_>, intent: &Value) {
    if let Some(session) = unpaid_session_of(ctx, intent) {
        if intent["status"] == "succeeded" {
            settle_session(
                ctx,
                session,
                intent,
                "checkout.session.async_payment_succeeded",
            );
        }
        return;
    }
    let Some(mut session) = open_session_of(ctx, intent) else {
        return;
    };
    let hidden = load_state(ctx, text(&session, "id"));
    let succeeded = intent["status"] == "succeeded";
    session["payment_status"] = if succeeded { "paid" } else { "unpaid" }.into();
    if let Some(subscription) = hidden.subscription.as_ref() {
        let subscription = ctx.get("subscription", subscription).unwrap_or_default();
        session["subscription"] = subscription["id"].clone();
        session["invoice"] = subscription["latest_invoice"].clone();
    }
    let invoiced = succeeded && session["invoice_creation"]["enabled"] == true;
    if let Some(customer) = hidden.customer.as_deref().filter(|_| invoiced) {
        session["invoice"] = create_invoice(ctx, &session, customer, intent);
    }
    complete_session(ctx, session, hidden.customer.as_deref());
}

/// A bank refused in the end: the session stays complete, and its payment open.
fn report_failed_payment(ctx: &mut Ctx<'_>, intent: &Value) {
    if let Some(session) = unpaid_session_of(ctx, intent) {
        ctx.emit("checkout.session.async_payment_failed", &session, None);
    }
}

/// The session of an intent that was complete before its bank had paid.
fn unpaid_session_of(ctx: &Ctx<'_>, intent: &Value) -> Option<Value> {
    let session = linked_session_id(ctx.world, &ctx.scope, text(intent, "id"))?;
    ctx.get(SESSION, &session)
        .filter(|session| session["status"] == "complete" && session["payment_status"] == "unpaid")
}

fn settle_session(ctx: &mut Ctx<'_>, mut session: Value, intent: &Value, event: &str) {
    session["payment_status"] = "paid".into();
    if session["invoice_creation"]["enabled"] == true
        && let Some(customer) = session["customer"].as_str().map(str::to_owned)
    {
        session["invoice"] = create_invoice(ctx, &session, &customer, intent);
    }
    ctx.update(SESSION, &session);
    ctx.emit(event, &session, None);
}

/// The invoice of what was paid once; its id.
fn create_invoice(ctx: &mut Ctx<'_>, session: &Value, customer: &str, intent: &Value) -> Value {
    let cart = cart::load_cart(ctx, text(session, "id"));
    let made = session_invoice::create_paid_invoice(ctx, session, &cart.items, customer, intent);
    match made {
        Ok(invoice) => invoice["id"].clone(),
        Err(error) => {
            tracing::error!(%error, "the invoice of a checkout session could not be made");
            Value::Null
        }
    }
}

/// A card was set up: if that was for a session, the session is complete.
fn apply_setup(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    let Some(session) = open_session_of(ctx, intent) else {
        return Ok(());
    };
    let hidden = load_state(ctx, text(&session, "id"));
    if session["mode"] == "subscription" {
        return start_free_subscription(ctx, &session, &hidden, intent["payment_method"].as_str());
    }
    complete_without_payment(ctx, session, hidden.customer.as_deref());
    Ok(())
}

/// Begins a subscription that costs nothing for now, and completes its session.
pub(super) fn start_free_subscription(
    ctx: &mut Ctx<'_>,
    session: &Value,
    hidden: &CheckoutState,
    method: Option<&str>,
) -> Result<(), ApiError> {
    let subscription = create_subscription(ctx, session, hidden, method, false)?;
    let mut session = session.clone();
    session["subscription"] = subscription["id"].clone();
    session["invoice"] = subscription["latest_invoice"].clone();
    complete_without_payment(ctx, session, hidden.customer.as_deref());
    Ok(())
}

/// The session is complete, without a payment of its own.
pub(super) fn complete_without_payment(
    ctx: &mut Ctx<'_>,
    mut session: Value,
    customer: Option<&str>,
) {
    if session["mode"] == "subscription" {
        session["payment_status"] = if session["amount_total"] == 0 {
            "no_payment_required"
        } else {
            "paid"
        }
        .into();
    }
    complete_session(ctx, session, customer);
}

/// What the customer told changes the customer, where `customer_update` says so.
fn update_customer(ctx: &mut Ctx<'_>, session: &Value) {
    let wanted = load_state(ctx, text(session, "id")).customer_update;
    let customer = session["customer"].as_str();
    let Some(before) = customer.and_then(|id| ctx.get("customer", id)) else {
        return;
    };
    let mut after = before.clone();
    let details = &session["customer_details"];
    for (name, told) in [
        ("address", &details["address"]),
        ("name", &details["name"]),
        (
            "shipping",
            &session["collected_information"]["shipping_details"],
        ),
    ] {
        if wanted[name] == "auto" && !told.is_null() {
            after[name] = told.clone();
        }
    }
    for name in ["business_name", "individual_name"] {
        if wanted["name"] == "auto" && !details[name].is_null() {
            after[name] = details[name].clone();
        }
    }
    let previous = crate::events::difference::previous_attributes(&before, &after);
    if !previous.is_empty() {
        ctx.update("customer", &after);
        ctx.emit("customer.updated", &after, Some(Value::Object(previous)));
    }
}

fn complete_session(ctx: &mut Ctx<'_>, mut session: Value, customer: Option<&str>) {
    if session["customer"].is_null() {
        session["customer"] = customer.into();
    }
    update_customer(ctx, &session);
    if let Err(error) = buyer::save_tax_ids(ctx, &session) {
        tracing::error!(%error, "the tax ID of a checkout session could not be kept");
    }
    session["status"] = "complete".into();
    session["url"] = Value::Null;
    count_redemption(ctx, &session);
    ctx.update(SESSION, &session);
    ctx.emit("checkout.session.completed", &session, None);
    count_completed_session(ctx, &session);
}

/// A coupon was used; that of a subscription is counted where the subscription begins.
fn count_redemption(ctx: &mut Ctx<'_>, session: &Value) {
    if session["mode"] != "payment" {
        return;
    }
    let discount = &session["discounts"][0];
    for (kind, name) in [("coupon", "coupon"), ("promotion_code", "promotion_code")] {
        let used = discount[name].as_str().and_then(|id| ctx.get(kind, id));
        if let Some(mut used) = used {
            let times = used["times_redeemed"].as_i64().unwrap_or(0) + 1;
            used["times_redeemed"] = times.into();
            let last = used["max_redemptions"]
                .as_i64()
                .is_some_and(|most| times >= most);
            let name = if kind == "coupon" { "valid" } else { "active" };
            if last {
                used[name] = false.into();
            }
            ctx.update(kind, &used);
        }
    }
}
