//! The payment of an invoice: a PaymentIntent of its own, linked by an `invoice_payment`.
//!
//! Subscriptions listen to [`InvoicePaid`], [`InvoicePaymentMethod`] and [`InvoiceUnpaid`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::billing::invoice_record::{self, AdvanceInvoice, INVOICE, save_changed_invoice};
use crate::billing::invoice_status::{InvoiceStatus, set_invoice_status};
use crate::billing::period::DAY_SECONDS;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{list, number, text};
use crate::params::Params;
use crate::payments::notifications::{PaymentStage, PaymentUpdate};
use crate::payments::payment_intents;
use crate::world::PrivateRecord;
use crate::{customers, test_clocks};

/// Days between payment attempts.
const RETRY_DAYS: [i64; 3] = [3, 5, 7];

/// The invoice and the `invoice_payment` of a PaymentIntent.
#[derive(Debug, Serialize, Deserialize)]
struct InvoicePaymentLink {
    invoice: String,
    payment: String,
}

impl PrivateRecord for InvoicePaymentLink {
    const TYPE: &'static str = "_pays";
}

/// The application fee and the transfer of an invoice's payment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InvoiceSplit {
    pub(crate) fee: Option<i64>,
    pub(crate) transfer_data: Option<Value>,
    #[serde(default)]
    pub(crate) on_behalf_of: Option<String>,
}

impl PrivateRecord for InvoiceSplit {
    const TYPE: &'static str = "_invoice_split";
}

/// Notifies that an invoice is paid.
#[derive(Debug)]
pub(crate) struct InvoicePaid {
    pub(crate) invoice: Value,
}

/// Notifies that a PaymentIntent paid an invoice, wholly or in part.
#[derive(Debug)]
pub(crate) struct InvoicePayment {
    pub(crate) invoice: Value,
    /// The id of the payment method.
    pub(crate) payment_method: Value,
}

/// Notifies that an invoice is overdue, or that a payment of it failed.
#[derive(Debug)]
pub(crate) struct InvoiceUnpaid {
    pub(crate) invoice: Value,
    /// Whether no further payment is attempted.
    pub(crate) is_final: bool,
}

/// Stores how the payment of an invoice is shared.
pub(crate) fn save_invoice_split(ctx: &mut Ctx<'_>, invoice: &Value, split: &InvoiceSplit) {
    ctx.save(text(invoice, "id"), split);
}

/// Creates the PaymentIntent of an open invoice and the `invoice_payment` that links them.
pub(super) fn create_payment_intent(
    ctx: &mut Ctx<'_>,
    invoice: &mut Value,
) -> Result<(), ApiError> {
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
    if !invoice_record::subscription_of(invoice).is_empty() {
        form.insert("setup_future_usage".into(), "off_session".into());
    }
    if let Some(split) = ctx.load::<InvoiceSplit>(&id)? {
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
    link_default_intent(ctx, invoice, &intent_id);
    invoice["confirmation_secret"] =
        json!({"client_secret": intent["client_secret"], "type": "payment_intent"});
    Ok(())
}

/// Links a PaymentIntent to an invoice as its default payment.
pub(super) fn link_default_intent(ctx: &mut Ctx<'_>, invoice: &mut Value, intent: &str) {
    let asked = invoice["amount_due"].clone();
    link_intent(ctx, invoice, intent, true, &asked);
}

/// Links an existing PaymentIntent to an invoice.
pub(super) fn link_other_intent(ctx: &mut Ctx<'_>, invoice: &mut Value, intent: &Value) {
    let id = intent["id"].as_str().unwrap_or_default();
    link_intent(ctx, invoice, id, false, &intent["amount"]);
}

/// Whether a PaymentIntent is linked to an invoice.
pub(super) fn is_linked_to_invoice(ctx: &Ctx<'_>, intent: &str) -> Result<bool, ApiError> {
    Ok(ctx.load::<InvoicePaymentLink>(intent)?.is_some())
}

fn link_intent(
    ctx: &mut Ctx<'_>,
    invoice: &mut Value,
    intent: &str,
    is_default: bool,
    asked: &Value,
) {
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
    let link = InvoicePaymentLink {
        invoice: id,
        payment: payment["id"].as_str().unwrap_or_default().to_owned(),
    };
    ctx.save(intent, &link);
    embed_payment(invoice, &payment);
}

/// Adds a payment to `payments` of the invoice, or replaces its previous state.
pub(super) fn embed_payment(invoice: &mut Value, payment: &Value) {
    let mut all = list(&invoice["payments"], "data").to_vec();
    match all.iter_mut().find(|it| it["id"] == payment["id"]) {
        Some(place) => place.clone_from(payment),
        None => all.push(payment.clone()),
    }
    invoice["payments"] = json!({
        "object": "list", "data": all, "has_more": false, "url": "/v1/invoice_payments",
    });
}

/// The id of an invoice's PaymentIntent: the one that paid it, or else the default one.
pub(crate) fn payment_intent_of(invoice: &Value) -> Option<&str> {
    let all = list(&invoice["payments"], "data");
    let paid = all
        .iter()
        .filter(|_| invoice["status"] == "paid")
        .find(|it| it["status"] == "paid");
    let payment = paid.or_else(|| all.iter().find(|it| it["is_default"] == true))?;
    payment["payment"]["payment_intent"].as_str()
}

/// The default payment method of an invoice: its own, that of the subscription, or that of the customer.
fn payment_method_for(ctx: &Ctx<'_>, invoice: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    text(&invoice["default_payment_method"])
        .or_else(|| {
            let subscription =
                ctx.get("subscription", &invoice_record::subscription_of(invoice))?;
            text(&subscription["default_payment_method"])
                .or_else(|| text(&subscription["default_source"]))
        })
        .or_else(|| {
            let customer = ctx.get("customer", invoice["customer"].as_str()?)?;
            customers::default_method(&customer).map(str::to_owned)
        })
}

/// Attempts the payment of an open invoice.
///
/// # Errors
/// The 402 of a declined card, which keeps the changes; 400 if there is no payment method.
pub(crate) fn attempt_payment(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    method: Option<&str>,
    off_session: bool,
) -> Result<(), ApiError> {
    let method = method
        .map(str::to_owned)
        .or_else(|| payment_method_for(ctx, invoice));
    let Some(intent) = payment_intent_of(invoice).map(str::to_owned) else {
        return Ok(());
    };
    let Some(method) = method else {
        record_failed_attempt(ctx, invoice)?;
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

/// Pays the invoice of a PaymentIntent that succeeded, or records the failed attempt.
pub(super) fn on_payment(ctx: &mut Ctx<'_>, update: &PaymentUpdate) -> Result<(), ApiError> {
    match update.stage {
        PaymentStage::Succeeded => on_payment_succeeded(ctx, &update.intent),
        PaymentStage::RequiresAction | PaymentStage::Declined | PaymentStage::FailedLater => {
            on_payment_failed(ctx, &update.intent)
        }
        PaymentStage::Authorized => Ok(()),
    }
}

/// Applies a succeeded PaymentIntent to its invoice, if it has one.
fn on_payment_succeeded(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    let Some((link, invoice)) = linked_invoice(ctx, intent)? else {
        return Ok(());
    };
    let ctx = &mut at_customer_time(ctx, &invoice);
    if !matches!(invoice["status"].as_str(), Some("open" | "uncollectible")) {
        return Ok(());
    }
    let paid = intent["amount_received"].as_i64().unwrap_or(0);
    let before = invoice.clone();
    let mut invoice = invoice;
    if let Some(mut payment) = ctx.get("invoice_payment", &link.payment) {
        payment["amount_paid"] = paid.into();
        payment["status"] = "paid".into();
        payment["status_transitions"]["paid_at"] = ctx.now().into();
        ctx.update("invoice_payment", &payment);
        ctx.emit("invoice_payment.paid", &payment, None);
        embed_payment(&mut invoice, &payment);
    }
    invoice["attempt_count"] = (before["attempt_count"].as_i64().unwrap_or(0) + 1).into();
    apply_payment(ctx, &before, invoice, paid)?;
    ctx.notify(&InvoicePayment {
        invoice: before,
        payment_method: intent["payment_method"].clone(),
    })
}

/// Applies a payment to an invoice, which pays it wholly or in part.
pub(super) fn apply_payment(
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
        save_changed_invoice(ctx, before, &invoice);
        if let Err(error) = update_intent_amount(ctx, &invoice) {
            tracing::error!(%error, "the PaymentIntent of an invoice could not be changed");
        }
        return Ok(());
    }
    invoice["amount_overpaid"] = (-left).into();
    cancel_default_payment(ctx, &mut invoice);
    mark_paid(ctx, before, invoice, all)?;
    Ok(())
}

/// Sets the amount of an open invoice's PaymentIntent to what remains.
pub(crate) fn update_intent_amount(ctx: &mut Ctx<'_>, invoice: &Value) -> Result<(), ApiError> {
    let Some(intent) = payment_intent_of(invoice) else {
        return Ok(());
    };
    let mut form = Map::new();
    form.insert("amount".into(), invoice["amount_remaining"].clone());
    let path = vec![("intent".to_owned(), intent.to_owned())];
    payment_intents::update(ctx, &Params::new(path, form)).map(drop)
}

/// Cancels the default payment of an invoice that another payment paid.
fn cancel_default_payment(ctx: &mut Ctx<'_>, invoice: &mut Value) {
    let all = list(&invoice["payments"], "data");
    let open = |it: &&Value| it["is_default"] == true && it["status"] == "open";
    let Some(mut payment) = all.iter().find(open).cloned() else {
        return;
    };
    if let Err(error) = cancel_payment_intent(ctx, invoice, "duplicate") {
        tracing::error!(%error, "the PaymentIntent of a paid invoice could not be canceled");
    }
    payment["status"] = "canceled".into();
    payment["status_transitions"]["canceled_at"] = ctx.now().into();
    ctx.update("invoice_payment", &payment);
    embed_payment(invoice, &payment);
}

/// Records a declined payment, or one that requires action, in the invoice of the PaymentIntent, if it has one.
fn on_payment_failed(ctx: &mut Ctx<'_>, intent: &Value) -> Result<(), ApiError> {
    match linked_invoice(ctx, intent)? {
        Some((_, invoice)) if invoice["status"] == "open" => {
            let ctx = &mut at_customer_time(ctx, &invoice);
            let asks = intent["status"] == "requires_action"
                || intent["last_payment_error"]["code"] == "authentication_required";
            if asks {
                ctx.emit("invoice.payment_action_required", &invoice, None);
            }
            record_failed_attempt(ctx, &invoice)?;
        }
        _ => {}
    }
    Ok(())
}

/// The context at the time of the customer's clock.
fn at_customer_time<'c>(ctx: &'c mut Ctx<'_>, invoice: &Value) -> Ctx<'c> {
    let customer = invoice["customer"].as_str().unwrap_or_default();
    let now = test_clocks::customer_now(ctx, customer);
    ctx.at(now)
}

fn linked_invoice(
    ctx: &Ctx<'_>,
    intent: &Value,
) -> Result<Option<(InvoicePaymentLink, Value)>, ApiError> {
    let link: Option<InvoicePaymentLink> = ctx.load(text(intent, "id"))?;
    Ok(link.and_then(|link| {
        let invoice = ctx.get(INVOICE, &link.invoice)?;
        Some((link, invoice))
    }))
}

/// Marks an invoice as paid with the amount `paid`.
pub(crate) fn mark_paid(
    ctx: &mut Ctx<'_>,
    before: &Value,
    mut invoice: Value,
    paid: i64,
) -> Result<(), ApiError> {
    invoice["amount_paid"] = paid.into();
    invoice["amount_remaining"] = 0.into();
    invoice["attempted"] = true.into();
    invoice["next_payment_attempt"] = Value::Null;
    set_invoice_status(&mut invoice, InvoiceStatus::Paid)?;
    invoice["status_transitions"]["paid_at"] = ctx.now().into();
    save_changed_invoice(ctx, before, &invoice);
    ctx.emit("invoice.paid", &invoice, None);
    ctx.emit("invoice.payment_succeeded", &invoice, None);
    ctx.notify(&InvoicePaid { invoice })
}

/// Marks an invoice as paid outside of Stripe.
pub(super) fn mark_paid_out_of_band(ctx: &mut Ctx<'_>, invoice: Value) -> Result<(), ApiError> {
    cancel_payment_intent(ctx, &invoice, "requested_by_customer")?;
    let before = invoice.clone();
    let mut invoice = invoice;
    invoice["amount_paid_off_stripe"] = invoice["amount_due"].clone();
    let due = invoice["amount_due"].as_i64().unwrap_or(0);
    mark_paid(ctx, &before, invoice, due)?;
    Ok(())
}

/// Cancels the PaymentIntent of an invoice.
pub(crate) fn cancel_payment_intent(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    reason: &str,
) -> Result<(), ApiError> {
    let Some(intent) = payment_intent_of(invoice) else {
        return Ok(());
    };
    ctx.remove::<InvoicePaymentLink>(intent);
    let mut form = Map::new();
    form.insert("cancellation_reason".into(), reason.into());
    let path = vec![("intent".to_owned(), intent.to_owned())];
    payment_intents::cancel(ctx, &Params::new(path, form)).map(drop)
}

/// Records a failed payment attempt and schedules the next one, if any is left.
fn record_failed_attempt(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let mut invoice = before.clone();
    let attempts = before["attempt_count"].as_i64().unwrap_or(0) + 1;
    let first = before["billing_reason"] == "subscription_create";
    let wait = usize::try_from(attempts - 1)
        .ok()
        .and_then(|tried| RETRY_DAYS.get(tried))
        .filter(|_| invoice["auto_advance"] == true && !first);
    let next = wait.map(|days| ctx.now() + days * DAY_SECONDS);
    invoice["attempt_count"] = attempts.into();
    invoice["attempted"] = true.into();
    invoice["next_payment_attempt"] = next.into();
    save_changed_invoice(ctx, before, &invoice);
    ctx.emit("invoice.payment_failed", &invoice, None);
    if let Some(at) = next {
        let task = AdvanceInvoice {
            invoice: text(&invoice, "id").to_owned(),
        };
        test_clocks::schedule_for_customer(ctx, text(&invoice, "customer"), at, &task)?;
    }
    ctx.notify(&InvoiceUnpaid {
        invoice,
        is_final: next.is_none(),
    })
}
