//! `POST /v1/invoices/{invoice}/attach_payment`: an existing payment pays an invoice, wholly or in part.
//!
//! See <https://docs.stripe.com/api/invoices/attach_payment>.

use serde_json::{Value, json};

use crate::billing::invoice_record::{self, INVOICE};
use crate::billing::invoices::payments;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{extend, number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::test_clocks;

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoices.attach_payment", attach_payment);
}

/// `POST /v1/invoices/{invoice}/attach_payment`. A succeeded payment counts at once, another one when it succeeds.
fn attach_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoice").to_owned();
    let invoice = ctx.required(INVOICE, &id)?;
    if invoice["status"] != "open" {
        let message = "You can only attach payments to open invoices. This invoice isn't open.";
        return Err(ApiError::invalid_request(message));
    }
    let now = test_clocks::customer_now(ctx, text(&invoice, "customer"));
    let ctx = &mut ctx.at(now);
    match (params.text("payment_intent"), params.text("payment_record")) {
        (Some(intent), None) => attach_intent(ctx, &invoice, intent)?,
        (None, Some(record)) => attach_record(ctx, &invoice, record)?,
        (None, None) => return Err(ApiError::missing_parameter("payment_intent")),
        (Some(_), Some(_)) => {
            let message =
                "You may only specify one of these parameters: payment_intent, payment_record.";
            return Err(ApiError::invalid_param("payment_record", message));
        }
    }
    ctx.required(INVOICE, &id)
}

fn attach_intent(ctx: &mut Ctx<'_>, before: &Value, id: &str) -> Result<(), ApiError> {
    let refused = |message: String| Err(ApiError::invalid_param("payment_intent", message));
    let intent = ctx.referenced("payment_intent", id, "payment_intent")?;
    if payments::is_linked_to_invoice(ctx, id)? {
        return refused(format!(
            "The PaymentIntent {id} is already attached to an invoice."
        ));
    }
    if intent["status"] == "canceled" {
        return refused(format!(
            "The PaymentIntent {id} is canceled: attach another one."
        ));
    }
    check_currency(before, text(&intent, "currency"), "payment_intent")?;
    if intent["customer"] != before["customer"] {
        return refused(format!(
            "The customer of the PaymentIntent {id} must be that of the invoice."
        ));
    }
    let mut invoice = before.clone();
    payments::link_other_intent(ctx, &mut invoice, &intent);
    if intent["status"] == "succeeded" {
        payments::apply_payment(ctx, before, invoice, number(&intent, "amount_received"))?;
    } else {
        invoice_record::save_changed_invoice(ctx, before, &invoice);
    }
    Ok(())
}

fn check_currency(invoice: &Value, currency: &str, param: &str) -> Result<(), ApiError> {
    if invoice["currency"] == currency {
        return Ok(());
    }
    let message = format!(
        "The currency of the payment ({currency}) must be that of the invoice ({}).",
        text(invoice, "currency")
    );
    Err(ApiError::invalid_param(param, message))
}

/// Attaches a payment record: a payment outside of Stripe.
fn attach_record(ctx: &mut Ctx<'_>, before: &Value, id: &str) -> Result<(), ApiError> {
    let record = ctx.referenced("payment_record", id, "payment_record")?;
    let guaranteed = &record["amount_guaranteed"];
    check_currency(
        before,
        text(&record["amount_requested"], "currency"),
        "payment_record",
    )?;
    let (paid, now) = (number(guaranteed, "value"), ctx.now());
    let mut paying = Value::Object(ctx.blank("invoice_payment"));
    extend(
        &mut paying,
        json!({
            "amount_paid": paid,
            "amount_requested": record["amount_requested"]["value"],
            "created": now,
            "currency": before["currency"],
            "invoice": before["id"],
            "is_default": false,
            "livemode": ctx.scope.livemode(),
            "payment": {"payment_record": id, "type": "payment_record"},
            "status": if paid > 0 { "paid" } else { "open" },
            "status_transitions": {"canceled_at": null, "paid_at": (paid > 0).then_some(now)},
        }),
    );
    ctx.insert("invoice_payment", &paying);
    let mut invoice = before.clone();
    payments::embed_payment(&mut invoice, &paying);
    if paid > 0 {
        invoice["amount_paid_off_stripe"] =
            (number(before, "amount_paid_off_stripe") + paid).into();
        ctx.emit("invoice_payment.paid", &paying, None);
        payments::apply_payment(ctx, before, invoice, paid)?;
    } else {
        invoice_record::save_changed_invoice(ctx, before, &invoice);
    }
    Ok(())
}
