//! How an invoice is paid: by a PaymentIntent of its own, whose outcome comes back to the invoice and its subscription.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::billing::invoices::AdvanceInvoice;
use crate::billing::invoices::{INVOICE, changed};
use crate::billing::subscriptions;
use crate::ctx::Ctx;
use crate::customers;
use crate::error::ApiError;
use crate::json::{list, number};
use crate::params::Params;
use crate::payments::payment_intents;
use crate::test_clocks;

/// The invoice behind a PaymentIntent.
const PAYS: &str = "_pays";
/// How an invoice is shared, when its request said so.
const SPLIT: &str = "_invoice_split";
/// Days between the attempts to collect.
const RETRIES: [i64; 3] = [3, 5, 7];
const DAY: i64 = 86_400;

#[derive(Debug, Serialize, Deserialize)]
struct Pays {
    invoice: String,
    payment: String,
}

/// Who else gets something of an invoice's money.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SplitOf {
    pub(super) fee: Option<i64>,
    pub(super) transfer_data: Option<Value>,
    #[serde(default)]
    pub(super) on_behalf_of: Option<String>,
}

/// Remembers how an invoice is shared until it is paid.
pub(super) fn remember_split(ctx: &mut Ctx<'_>, invoice: &Value, split: &SplitOf) {
    let id = invoice["id"].as_str().unwrap_or_default();
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, SPLIT, id, split, now);
}

/// Makes the PaymentIntent of an open invoice, and the `invoice_payment` that ties them.
pub(super) fn prepare(ctx: &mut Ctx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    let id = invoice["id"].as_str().unwrap_or_default().to_owned();
    let mut form = Map::new();
    let description = match invoice["billing_reason"].as_str() {
        Some("subscription_create") => "Subscription creation".to_owned(),
        Some("manual") => format!(
            "Payment for Invoice {}",
            invoice["number"].as_str().unwrap_or("")
        ),
        _ => "Subscription update".to_owned(),
    };
    form.insert("amount".into(), invoice["amount_due"].clone());
    form.insert("currency".into(), invoice["currency"].clone());
    form.insert("customer".into(), invoice["customer"].clone());
    form.insert("description".into(), description.into());
    if !subscriptions::of_invoice(invoice).is_empty() {
        form.insert("setup_future_usage".into(), "off_session".into());
    }
    let split: Option<SplitOf> = ctx.world.typed(&ctx.scope, SPLIT, &id);
    if let Some(split) = split {
        if let Some(fee) = split.fee {
            form.insert("application_fee_amount".into(), fee.into());
        }
        if let Some(data) = split.transfer_data {
            form.insert("transfer_data".into(), data);
        }
        if let Some(account) = split.on_behalf_of {
            form.insert("on_behalf_of".into(), account.into());
        }
    }
    let intent = payment_intents::create(ctx, &Params::new(Vec::new(), form))?;
    let intent_id = intent["id"].as_str().unwrap_or_default().to_owned();
    tie(ctx, invoice, &intent_id);
    invoice["confirmation_secret"] =
        json!({"client_secret": intent["client_secret"], "type": "payment_intent"});
    Ok(())
}

/// Ties a PaymentIntent to an invoice by an `invoice_payment`; it is what the invoice asks for by itself.
pub(super) fn tie(ctx: &mut Ctx<'_>, invoice: &mut Value, intent: &str) {
    let asked = invoice["amount_due"].clone();
    tie_as(ctx, invoice, intent, true, &asked);
}

/// Ties a PaymentIntent that was made elsewhere to an invoice.
pub(super) fn tie_another(ctx: &mut Ctx<'_>, invoice: &mut Value, intent: &Value) {
    let id = intent["id"].as_str().unwrap_or_default();
    tie_as(ctx, invoice, id, false, &intent["amount"]);
}

/// Whether a PaymentIntent is one of an invoice already.
pub(super) fn is_tied(ctx: &Ctx<'_>, intent: &str) -> bool {
    let pays: Option<Pays> = ctx.world.typed(&ctx.scope, PAYS, intent);
    pays.is_some()
}

fn tie_as(ctx: &mut Ctx<'_>, invoice: &mut Value, intent: &str, is_default: bool, asked: &Value) {
    let id = invoice["id"].as_str().unwrap_or_default().to_owned();
    let object = ctx.get("payment_intent", intent).unwrap_or_default();
    let paid = object["status"] == "succeeded";
    let now = ctx.now();
    let mut payment = Value::Object(ctx.blank("invoice_payment"));
    let members = json!({
        "amount_paid": if paid { object["amount_received"].clone() } else { Value::Null },
        "amount_requested": asked,
        "created": now,
        "currency": invoice["currency"],
        "invoice": id,
        "is_default": is_default,
        "livemode": ctx.scope.livemode(),
        "payment": {"payment_intent": intent, "type": "payment_intent"},
        "status": if paid { "paid" } else { "open" },
        "status_transitions": {"canceled_at": null, "paid_at": paid.then_some(now)},
    });
    if let (Value::Object(payment), Value::Object(members)) = (&mut payment, members) {
        payment.extend(members);
    }
    ctx.insert("invoice_payment", &payment);
    if paid {
        ctx.emit("invoice_payment.paid", &payment, None);
    }
    let pays = Pays {
        invoice: id,
        payment: payment["id"].as_str().unwrap_or_default().to_owned(),
    };
    let scope = ctx.scope.clone();
    ctx.world.put_typed(&scope, PAYS, intent, &pays, now);
    show(invoice, &payment);
}

/// Shows a payment in its invoice, in the place that it has there already.
pub(super) fn show(invoice: &mut Value, payment: &Value) {
    let mut all = list(&invoice["payments"], "data").to_vec();
    match all.iter_mut().find(|it| it["id"] == payment["id"]) {
        Some(place) => place.clone_from(payment),
        None => all.push(payment.clone()),
    }
    invoice["payments"] = json!({
        "object": "list", "data": all, "has_more": false, "url": "/v1/invoice_payments",
    });
}

/// The PaymentIntent of an invoice: the one that paid it, or else the one that it asks for.
pub(crate) fn intent_of(invoice: &Value) -> Option<&str> {
    let all = list(&invoice["payments"], "data");
    let paid = all
        .iter()
        .filter(|_| invoice["status"] == "paid")
        .find(|it| it["status"] == "paid");
    let payment = paid.or_else(|| all.iter().find(|it| it["is_default"] == true))?;
    payment["payment"]["payment_intent"].as_str()
}

/// What the invoice is paid with if nobody says otherwise.
fn method_of(ctx: &Ctx<'_>, invoice: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    text(&invoice["default_payment_method"])
        .or_else(|| {
            let subscription = ctx.get("subscription", &subscriptions::of_invoice(invoice))?;
            text(&subscription["default_payment_method"])
                .or_else(|| text(&subscription["default_source"]))
        })
        .or_else(|| {
            let customer = ctx.get("customer", invoice["customer"].as_str()?)?;
            customers::default_method(&customer).map(str::to_owned)
        })
}

/// Tries to collect an open invoice.
///
/// # Errors
/// The 402 of the card, which keeps what was written about it; 400 if there is nothing to pay with.
pub(super) fn attempt(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    method: Option<&str>,
    off_session: bool,
) -> Result<(), ApiError> {
    let method = method
        .map(str::to_owned)
        .or_else(|| method_of(ctx, invoice));
    let Some(intent) = intent_of(invoice).map(str::to_owned) else {
        return Ok(());
    };
    let Some(method) = method else {
        refused(ctx, invoice)?;
        let message = "This customer has no attached payment source or default payment method. Please consider adding a \
                       default payment method. For more information, visit \
                       https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.";
        let error = ApiError::invalid_request(message).code("resource_missing");
        return Err(error.keeping_changes());
    };
    let mut form = Map::new();
    form.insert("payment_method".into(), method.into());
    form.insert("off_session".into(), off_session.into());
    let path = vec![("intent".to_owned(), intent)];
    payment_intents::confirm(ctx, &Params::new(path, form)).map(drop)
}

/// A PaymentIntent went through: if it is an invoice's, the invoice is paid.
pub(crate) fn succeeded(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    let Some((pays, invoice)) = invoice_of(ctx, intent) else {
        return Ok(());
    };
    let ctx = &mut at_invoice(ctx, &invoice);
    if !matches!(invoice["status"].as_str(), Some("open" | "uncollectible")) {
        return Ok(());
    }
    let paid = intent["amount_received"].as_i64().unwrap_or(0);
    let before = invoice.clone();
    let mut invoice = invoice;
    if let Some(mut payment) = ctx.get("invoice_payment", &pays.payment) {
        payment["amount_paid"] = paid.into();
        payment["status"] = "paid".into();
        payment["status_transitions"]["paid_at"] = ctx.now().into();
        ctx.update("invoice_payment", &payment);
        ctx.emit("invoice_payment.paid", &payment, None);
        show(&mut invoice, &payment);
    }
    invoice["attempt_count"] = (before["attempt_count"].as_i64().unwrap_or(0) + 1).into();
    credit(ctx, &before, invoice, paid)?;
    subscriptions::keep_method(ctx, &before, &intent["payment_method"]);
    Ok(())
}

/// Money came in for an invoice: all that is left, or a part of it.
pub(super) fn credit(
    ctx: &mut Ctx<'_>,
    before: &Value,
    mut invoice: Value,
    paid: i64,
) -> Result<(), ApiError> {
    let all = number(&invoice, "amount_paid") + paid;
    let left = number(&invoice, "amount_remaining") - paid;
    if left > 0 {
        invoice["amount_paid"] = all.into();
        invoice["amount_remaining"] = left.into();
        changed(ctx, before, &invoice);
        if let Err(error) = ask_for_rest(ctx, &invoice) {
            tracing::error!(%error, "the PaymentIntent of an invoice could not be changed");
        }
        return Ok(());
    }
    invoice["amount_overpaid"] = (-left).into();
    drop_default(ctx, &mut invoice);
    settle(ctx, before, invoice, all)?;
    Ok(())
}

/// The PaymentIntent of an open invoice asks for what is left of it.
pub(super) fn ask_for_rest(ctx: &mut Ctx<'_>, invoice: &Value) -> Result<(), ApiError> {
    let Some(intent) = intent_of(invoice) else {
        return Ok(());
    };
    let mut form = Map::new();
    form.insert("amount".into(), invoice["amount_remaining"].clone());
    let path = vec![("intent".to_owned(), intent.to_owned())];
    payment_intents::update(ctx, &Params::new(path, form)).map(drop)
}

/// What an invoice asked for was paid by another payment.
fn drop_default(ctx: &mut Ctx<'_>, invoice: &mut Value) {
    let all = list(&invoice["payments"], "data");
    let open = |it: &&Value| it["is_default"] == true && it["status"] == "open";
    let Some(mut payment) = all.iter().find(open).cloned() else {
        return;
    };
    if let Err(error) = withdraw(ctx, invoice, "duplicate") {
        tracing::error!(%error, "the PaymentIntent of a paid invoice could not be canceled");
    }
    payment["status"] = "canceled".into();
    payment["status_transitions"]["canceled_at"] = ctx.now().into();
    ctx.update("invoice_payment", &payment);
    show(invoice, &payment);
}

/// A PaymentIntent was refused, or waits for the card holder: if it is an invoice's, the invoice says so.
pub(crate) fn failed(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    match invoice_of(ctx, intent) {
        Some((_, invoice)) if invoice["status"] == "open" => {
            let ctx = &mut at_invoice(ctx, &invoice);
            let asks = intent["status"] == "requires_action"
                || intent["last_payment_error"]["code"] == "authentication_required";
            if asks {
                ctx.emit("invoice.payment_action_required", &invoice, None);
            }
            refused(ctx, &invoice)?;
        }
        _ => {}
    }
    Ok(())
}

/// Whoever pays an invoice, and however: its customer's clock says when that was.
fn at_invoice<'c>(ctx: &'c mut Ctx<'_>, invoice: &Value) -> Ctx<'c> {
    let customer = invoice["customer"].as_str().unwrap_or_default();
    let now = test_clocks::customer_now(ctx, customer);
    ctx.at(now)
}

fn invoice_of(ctx: &Ctx<'_>, intent: &Value) -> Option<(Pays, Value)> {
    let pays: Pays = ctx.world.typed(&ctx.scope, PAYS, intent["id"].as_str()?)?;
    let invoice = ctx.get(INVOICE, &pays.invoice)?;
    Some((pays, invoice))
}

/// The invoice is paid, with this much money.
pub(super) fn settle(
    ctx: &mut Ctx<'_>,
    before: &Value,
    mut invoice: Value,
    paid: i64,
) -> Result<(), ApiError> {
    invoice["amount_paid"] = paid.into();
    invoice["amount_remaining"] = 0.into();
    invoice["attempted"] = true.into();
    invoice["next_payment_attempt"] = Value::Null;
    invoice["status"] = "paid".into();
    invoice["status_transitions"]["paid_at"] = ctx.now().into();
    changed(ctx, before, &invoice);
    ctx.emit("invoice.paid", &invoice, None);
    ctx.emit("invoice.payment_succeeded", &invoice, None);
    subscriptions::paid(ctx, &invoice)?;
    Ok(())
}

/// The customer has paid outside of Stripe.
pub(super) fn settle_elsewhere(ctx: &mut Ctx<'_>, invoice: Value) -> Result<(), ApiError> {
    withdraw(ctx, &invoice, "requested_by_customer")?;
    let before = invoice.clone();
    let mut invoice = invoice;
    invoice["amount_paid_off_stripe"] = invoice["amount_due"].clone();
    let due = invoice["amount_due"].as_i64().unwrap_or(0);
    settle(ctx, &before, invoice, due)?;
    Ok(())
}

/// Nobody is to pay the PaymentIntent of an invoice any more.
pub(super) fn withdraw(ctx: &mut Ctx<'_>, invoice: &Value, reason: &str) -> Result<(), ApiError> {
    let Some(intent) = intent_of(invoice) else {
        return Ok(());
    };
    let scope = ctx.scope.clone();
    ctx.world.store.remove(&scope, PAYS, intent);
    let mut form = Map::new();
    form.insert("cancellation_reason".into(), reason.into());
    let path = vec![("intent".to_owned(), intent.to_owned())];
    payment_intents::cancel(ctx, &Params::new(path, form)).map(drop)
}

/// The invoice could not be collected: it is tried again, until the subscription is given up.
fn refused(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let mut invoice = before.clone();
    let attempts = before["attempt_count"].as_i64().unwrap_or(0) + 1;
    let first = before["billing_reason"] == "subscription_create";
    let wait = usize::try_from(attempts - 1)
        .ok()
        .and_then(|tried| RETRIES.get(tried))
        .filter(|_| invoice["auto_advance"] == true && !first);
    let next = wait.map(|days| ctx.now() + days * DAY);
    invoice["attempt_count"] = attempts.into();
    invoice["attempted"] = true.into();
    invoice["next_payment_attempt"] = next.into();
    changed(ctx, before, &invoice);
    ctx.emit("invoice.payment_failed", &invoice, None);
    if let Some(at) = next {
        let customer = invoice["customer"].as_str().unwrap_or_default().to_owned();
        let invoice = invoice["id"].as_str().unwrap_or_default().to_owned();
        test_clocks::schedule_for_customer(ctx, &customer, at, &AdvanceInvoice { invoice })?;
    }
    subscriptions::unpaid(ctx, &invoice, next.is_none());
    Ok(())
}
