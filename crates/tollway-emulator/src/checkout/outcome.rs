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
use crate::world::PrivateRecord;
use crate::world::WorldState;

/// The id of the session of a PaymentIntent or SetupIntent.
#[derive(Debug, Serialize, Deserialize)]
struct CheckoutPaymentLink {
    session: String,
}

impl PrivateRecord for CheckoutPaymentLink {
    const TYPE: &'static str = "_checkout_pays";
}

/// Links an intent to its session.
pub(super) fn link_intent(ctx: &mut Ctx<'_>, intent: &str, session: &str) {
    let link = CheckoutPaymentLink {
        session: session.to_owned(),
    };
    ctx.save(intent, &link);
}

/// The id of an intent's session.
pub(super) fn linked_session_id(
    world: &WorldState,
    scope: &Scope,
    intent: &str,
) -> Result<Option<String>, ApiError> {
    let link: Option<CheckoutPaymentLink> = world.load(scope, intent)?;
    Ok(link.map(|link| link.session))
}

/// The session of an intent. An unreadable link fails the transaction.
fn session_of(ctx: &Ctx<'_>, intent: &Value) -> Option<Value> {
    let link: CheckoutPaymentLink = ctx.world.load_or_fail(&ctx.scope, text(intent, "id"))?;
    ctx.get(SESSION, &link.session)
}

/// The open session of an intent.
fn open_session_of(ctx: &Ctx<'_>, intent: &Value) -> Option<Value> {
    session_of(ctx, intent).filter(|session| session["status"] == "open")
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

/// Completes the session of a PaymentIntent that succeeded, is processing or requires capture.
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
    let state = load_state(ctx, text(&session, "id"));
    let succeeded = intent["status"] == "succeeded";
    session["payment_status"] = if succeeded { "paid" } else { "unpaid" }.into();
    if let Some(subscription) = state.subscription.as_ref() {
        let subscription = ctx.get("subscription", subscription).unwrap_or_default();
        session["subscription"] = subscription["id"].clone();
        session["invoice"] = subscription["latest_invoice"].clone();
    }
    let invoiced = succeeded && session["invoice_creation"]["enabled"] == true;
    if let Some(customer) = state.customer.as_deref().filter(|_| invoiced) {
        session["invoice"] = create_invoice(ctx, &session, customer, intent);
    }
    complete_session(ctx, session, state.customer.as_deref());
}

/// Reports a failed asynchronous payment; the session stays complete and unpaid.
fn report_failed_payment(ctx: &mut Ctx<'_>, intent: &Value) {
    if let Some(session) = unpaid_session_of(ctx, intent) {
        ctx.emit("checkout.session.async_payment_failed", &session, None);
    }
}

/// The complete session of an intent whose asynchronous payment is pending.
fn unpaid_session_of(ctx: &Ctx<'_>, intent: &Value) -> Option<Value> {
    session_of(ctx, intent)
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

/// Creates the invoice of one-time items and returns its id.
fn create_invoice(ctx: &mut Ctx<'_>, session: &Value, customer: &str, intent: &Value) -> Value {
    let cart = cart::load_cart(ctx, text(session, "id"));
    let created = session_invoice::create_paid_invoice(ctx, session, &cart.items, customer, intent);
    match created {
        Ok(invoice) => invoice["id"].clone(),
        Err(error) => {
            tracing::error!(%error, "the invoice of a checkout session could not be made");
            Value::Null
        }
    }
}

fn apply_setup(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    let Some(session) = open_session_of(ctx, intent) else {
        return Ok(());
    };
    let state = load_state(ctx, text(&session, "id"));
    if session["mode"] == "subscription" {
        return start_free_subscription(ctx, &session, &state, intent["payment_method"].as_str());
    }
    complete_without_payment(ctx, session, state.customer.as_deref());
    Ok(())
}

/// Creates a subscription that costs nothing now, and completes the session.
pub(super) fn start_free_subscription(
    ctx: &mut Ctx<'_>,
    session: &Value,
    state: &CheckoutState,
    method: Option<&str>,
) -> Result<(), ApiError> {
    let subscription = create_subscription(ctx, session, state, method, false)?;
    let mut session = session.clone();
    session["subscription"] = subscription["id"].clone();
    session["invoice"] = subscription["latest_invoice"].clone();
    complete_without_payment(ctx, session, state.customer.as_deref());
    Ok(())
}

/// Completes a session that has no payment of its own.
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

/// Updates the customer with the answers, as far as `customer_update` allows.
fn update_customer(ctx: &mut Ctx<'_>, session: &Value) {
    let requested = load_state(ctx, text(session, "id")).customer_update;
    let customer = session["customer"].as_str();
    let Some(before) = customer.and_then(|id| ctx.get("customer", id)) else {
        return;
    };
    let mut after = before.clone();
    let details = &session["customer_details"];
    for (name, answer) in [
        ("address", &details["address"]),
        ("name", &details["name"]),
        (
            "shipping",
            &session["collected_information"]["shipping_details"],
        ),
    ] {
        if requested[name] == "auto" && !answer.is_null() {
            after[name] = answer.clone();
        }
    }
    for name in ["business_name", "individual_name"] {
        if requested["name"] == "auto" && !details[name].is_null() {
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

/// Counts the redemption of a discount. Subscriptions count their own.
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
