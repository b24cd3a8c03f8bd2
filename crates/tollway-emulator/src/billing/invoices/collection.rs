//! From draft to paid: finalization, automatic collection, voiding.

use serde_json::Value;

use crate::billing::invoice_record::{
    self, AdvanceInvoice, INVOICE, save_changed_invoice, stop_automatic_collection,
};
use crate::billing::invoice_status::{InvoiceStatus, set_invoice_status};
use crate::billing::invoices::payments::{self, InvoiceUnpaid};
use crate::billing::invoices::totals::recalculate_invoice;
use crate::billing::{customer_balance, discounts};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::json::{number, text};
use crate::scheduler::ScheduledTask;
use crate::test_clocks;

impl ScheduledTask for AdvanceInvoice {
    const KIND: &'static str = "invoice";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        advance_invoice(ctx, &self.invoice)
    }
}

/// Finalizes a draft, and creates its PaymentIntent if an amount is due.
pub(crate) fn finalize_invoice(ctx: &mut Ctx<'_>, invoice: Value) -> Result<Value, ApiError> {
    let before = invoice.clone();
    let mut invoice = finalize_draft(ctx, invoice)?;
    if number(&invoice, "amount_due") == 0 {
        payments::mark_paid(ctx, &before, invoice, 0)?;
    } else {
        payments::create_payment_intent(ctx, &mut invoice)?;
        save_changed_invoice(ctx, &before, &invoice);
    }
    ctx.required(INVOICE, text(&before, "id"))
}

/// Finalizes a draft that a PaymentIntent has already paid.
pub(crate) fn finalize_paid_invoice(
    ctx: &mut Ctx<'_>,
    invoice: Value,
    intent: &Value,
) -> Result<Value, ApiError> {
    let before = invoice.clone();
    let mut invoice = finalize_draft(ctx, invoice)?;
    payments::link_default_intent(ctx, &mut invoice, text(intent, "id"));
    let paid = number(intent, "amount_received");
    payments::mark_paid(ctx, &before, invoice, paid)?;
    ctx.required(INVOICE, text(&before, "id"))
}

/// Gives a draft its number, applies the customer's balance and opens it.
fn finalize_draft(ctx: &mut Ctx<'_>, mut invoice: Value) -> Result<Value, ApiError> {
    let id = text(&invoice, "id").to_owned();
    let mut customer = ctx.required("customer", text(&invoice, "customer"))?;
    let balance = number(&customer, "balance");
    invoice["starting_balance"] = balance.into();
    recalculate_invoice(ctx, &mut invoice);
    discounts::record_use_of_once_coupons(ctx, &invoice);
    let due = number(&invoice, "amount_due");
    let left = balance + number(&invoice, "total") - due;
    invoice["ending_balance"] = left.into();
    let sequence = customer["next_invoice_sequence"].as_i64().unwrap_or(1);
    let prefix = match text(&customer, "invoice_prefix") {
        "" => crate::random::derived_text(text(&customer, "id"), 8).to_ascii_uppercase(),
        prefix => prefix.to_owned(),
    };
    if invoice["number"].is_null() {
        invoice["number"] = format!("{prefix}-{sequence:04}").into();
    }
    customer["invoice_prefix"] = prefix.into();
    customer["next_invoice_sequence"] = (sequence + 1).into();
    ctx.update("customer", &customer);
    let kind = match number(&invoice, "total") {
        total if total < 0 => "invoice_too_large",
        total if total > 0 && left > 0 && left > balance => "invoice_too_small",
        _ => "applied_to_invoice",
    };
    customer_balance::apply_invoice_to_balance(ctx, &id, left - balance, kind)?;
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["effective_at"] = ctx.now().into();
    invoice["hosted_invoice_url"] =
        format!("{}/_tollway/invoices/{id}", ctx.request.base_url).into();
    set_invoice_status(&mut invoice, InvoiceStatus::Open)?;
    invoice["status_transitions"]["finalized_at"] = ctx.now().into();
    invoice["invoice_pdf"] = format!("{}/_tollway/invoices/{id}/pdf", ctx.request.base_url).into();
    ctx.update(INVOICE, &invoice);
    ctx.emit("invoice.finalized", &invoice, None);
    schedule_due_date(ctx, &invoice)?;
    Ok(invoice)
}

/// Schedules the due date of an invoice that is sent.
fn schedule_due_date(ctx: &mut Ctx<'_>, invoice: &Value) -> Result<(), ApiError> {
    let due = invoice["due_date"].as_i64();
    let sent = invoice["collection_method"] == "send_invoice";
    if let Some(due) = due.filter(|due| sent && *due > ctx.now()) {
        let id = text(invoice, "id").to_owned();
        let task = AdvanceInvoice { invoice: id };
        test_clocks::schedule_for_customer(ctx, text(invoice, "customer"), due, &task)?;
    }
    Ok(())
}

/// Makes an unpaid invoice void (`behavior` is `void`) or uncollectible. A draft is finalized first.
pub(crate) fn close_unpaid_invoice(
    ctx: &mut Ctx<'_>,
    invoice: Value,
    behavior: &str,
) -> Result<(), ApiError> {
    let before = match text(&invoice, "status") {
        "draft" => finalize_invoice(ctx, invoice)?,
        _ => invoice,
    };
    if before["status"] != "open" {
        return Ok(());
    }
    if behavior == "void" {
        return void_invoice(ctx, &before).map(drop);
    }
    let mut closed = before.clone();
    set_invoice_status(&mut closed, InvoiceStatus::Uncollectible)?;
    closed["status_transitions"]["marked_uncollectible_at"] = ctx.now().into();
    save_changed_invoice(ctx, &before, &closed);
    ctx.emit("invoice.marked_uncollectible", &closed, None);
    Ok(())
}

/// Stops the automatic collection of the open invoices of an ended subscription.
pub(crate) fn stop_collection_for_subscription(ctx: &mut Ctx<'_>, subscription: &Value) {
    for invoice in ctx.all_with(INVOICE, "customer", text(subscription, "customer")) {
        let open = matches!(invoice["status"].as_str(), Some("draft" | "open"));
        if !open || invoice_record::subscription_of(&invoice) != text(subscription, "id") {
            continue;
        }
        stop_automatic_collection(ctx, invoice);
    }
}

/// Takes the next automatic step of an invoice: finalizes it, attempts a payment, or reports it overdue.
fn advance_invoice(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(mut invoice) = ctx.get(INVOICE, id) else {
        return Ok(());
    };
    let due = invoice["due_date"].as_i64();
    if invoice["status"] == "open" && due.is_some_and(|due| due <= ctx.now()) {
        ctx.emit("invoice.overdue", &invoice, None);
        return ctx.notify(&InvoiceUnpaid {
            invoice,
            is_final: false,
        });
    }
    if invoice["auto_advance"] == false {
        return Ok(());
    }
    if invoice["status"] == "draft" {
        invoice = finalize_invoice(ctx, invoice)?;
    }
    if invoice["status"] != "open" {
        return Ok(());
    }
    if invoice["collection_method"] == "send_invoice" {
        ctx.emit("invoice.sent", &invoice, None);
        return Ok(());
    }
    let next = invoice["next_payment_attempt"].as_i64();
    let attempted = invoice["attempted"] == true;
    let too_early = next.is_some_and(|next| next > ctx.now()) || (attempted && next.is_none());
    if too_early || invoice["billing_reason"] == "subscription_create" {
        // The customer pays the first invoice of a subscription.
        return Ok(());
    }
    // A declined card is no error of the task; the invoice records it.
    match payments::attempt_payment(ctx, &invoice, None, true) {
        Err(error) if !error.keep_changes => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn void_invoice(ctx: &mut Ctx<'_>, before: &Value) -> Result<Value, ApiError> {
    payments::cancel_payment_intent(ctx, before, "void_invoice")?;
    let used = number(before, "starting_balance") - number(before, "ending_balance");
    customer_balance::apply_invoice_to_balance(
        ctx,
        text(before, "id"),
        used,
        "unapplied_from_invoice",
    )?;
    let mut invoice = before.clone();
    invoice["next_payment_attempt"] = Value::Null;
    set_invoice_status(&mut invoice, InvoiceStatus::Void)?;
    invoice["status_transitions"]["voided_at"] = ctx.now().into();
    save_changed_invoice(ctx, before, &invoice);
    ctx.emit("invoice.voided", &invoice, None);
    Ok(invoice)
}

/// Voids an invoice that is open or uncollectible.
pub(crate) fn void_finalized_invoice(ctx: &mut Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let before = ctx.required(INVOICE, id)?;
    let message = match before["status"].as_str() {
        Some("open" | "uncollectible") => None,
        Some("paid") => Some("Invoices with `paid` payments cannot be voided."),
        _ => Some("You can only pass in open invoices. This invoice isn't open."),
    };
    if let Some(message) = message {
        return Err(ApiError::invalid_request(message));
    }
    let now = test_clocks::customer_now(ctx, text(&before, "customer"));
    void_invoice(&mut ctx.at(now), &before)
}
