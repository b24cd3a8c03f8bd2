//! What becomes of a draft: it is finalized, collected or sent, and paid or void at last.

use serde_json::Value;

use super::AdvanceInvoice;
use crate::billing::invoices::{DRAFT, INVOICE, changed, total};
use crate::billing::{balance, discounts, payment, subscriptions};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{number, text};
use crate::params::Params;
use crate::test_clocks;

/// `POST /v1/invoices/{invoice}/finalize`.
pub(super) fn finalize_invoice(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let invoice = ctx.required(INVOICE, params.path("invoice"))?;
    if invoice["status"] != "draft" {
        let message =
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.";
        return Err(ApiError::invalid_request(message).code("invoice_not_editable"));
    }
    let customer = invoice["customer"].as_str().unwrap_or_default();
    let now = test_clocks::customer_now(ctx, customer);
    let mut ctx = ctx.at(now);
    let mut invoice = invoice;
    if let Some(advance) = params.bool("auto_advance") {
        invoice["auto_advance"] = advance.into();
    }
    let mut invoice = finalize(&mut ctx, invoice)?;
    if invoice["status"] == "open" && invoice["auto_advance"] == true {
        let customer = invoice["customer"].as_str().unwrap_or_default().to_owned();
        invoice["next_payment_attempt"] = (now + DRAFT).into();
        ctx.update(INVOICE, &invoice);
        let invoice = params.path("invoice").to_owned();
        test_clocks::schedule_for_customer(
            &mut ctx,
            &customer,
            now + DRAFT,
            &AdvanceInvoice { invoice },
        )?;
    }
    ctx.required(INVOICE, params.path("invoice"))
}

/// Makes a draft final, and gives it a PaymentIntent if anything is left to pay.
pub(crate) fn finalize(ctx: &mut Ctx<'_>, invoice: Value) -> Result<Value, ApiError> {
    let before = invoice.clone();
    let mut invoice = make_final(ctx, invoice)?;
    if number(&invoice, "amount_due") == 0 {
        payment::settle(ctx, &before, invoice, 0)?;
    } else {
        payment::prepare(ctx, &mut invoice)?;
        changed(ctx, &before, &invoice);
    }
    ctx.required(INVOICE, text(&before, "id"))
}

/// Makes a draft final that a PaymentIntent has paid already.
pub(crate) fn finalize_paid(
    ctx: &mut Ctx<'_>,
    invoice: Value,
    intent: &Value,
) -> Result<Value, ApiError> {
    let before = invoice.clone();
    let mut invoice = make_final(ctx, invoice)?;
    payment::tie(ctx, &mut invoice, text(intent, "id"));
    let paid = number(intent, "amount_received");
    payment::settle(ctx, &before, invoice, paid)?;
    ctx.required(INVOICE, text(&before, "id"))
}

/// A draft gets its number, and uses the customer's credit.
fn make_final(ctx: &mut Ctx<'_>, mut invoice: Value) -> Result<Value, ApiError> {
    let id = text(&invoice, "id").to_owned();
    let mut customer = ctx.required("customer", text(&invoice, "customer"))?;
    let balance = number(&customer, "balance");
    invoice["starting_balance"] = balance.into();
    total(ctx, &mut invoice);
    discounts::use_up(ctx, &invoice);
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
    balance::change(ctx, &id, left - balance, kind)?;
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["effective_at"] = ctx.now().into();
    invoice["hosted_invoice_url"] =
        format!("{}/_tollway/invoices/{id}", ctx.request.base_url).into();
    invoice["status"] = "open".into();
    invoice["status_transitions"]["finalized_at"] = ctx.now().into();
    invoice["invoice_pdf"] = format!("{}/_tollway/invoices/{id}/pdf", ctx.request.base_url).into();
    ctx.update(INVOICE, &invoice);
    ctx.emit("invoice.finalized", &invoice, None);
    plan_due(ctx, &invoice)?;
    Ok(invoice)
}

/// An invoice that is sent is overdue when its time comes.
fn plan_due(ctx: &mut Ctx<'_>, invoice: &Value) -> Result<(), ApiError> {
    let due = invoice["due_date"].as_i64();
    let sent = invoice["collection_method"] == "send_invoice";
    if let Some(due) = due.filter(|due| sent && *due > ctx.now()) {
        let id = text(invoice, "id").to_owned();
        let task = AdvanceInvoice { invoice: id };
        test_clocks::schedule_for_customer(ctx, text(invoice, "customer"), due, &task)?;
    }
    Ok(())
}

/// Nobody is to pay an invoice: it is `void` at once, or else uncollectible.
pub(crate) fn close(ctx: &mut Ctx<'_>, invoice: Value, behavior: &str) -> Result<(), ApiError> {
    let before = match text(&invoice, "status") {
        "draft" => finalize(ctx, invoice)?,
        _ => invoice,
    };
    if before["status"] != "open" {
        return Ok(());
    }
    if behavior == "void" {
        return make_void(ctx, &before).map(drop);
    }
    let mut closed = before.clone();
    closed["status"] = "uncollectible".into();
    closed["status_transitions"]["marked_uncollectible_at"] = ctx.now().into();
    changed(ctx, &before, &closed);
    ctx.emit("invoice.marked_uncollectible", &closed, None);
    Ok(())
}

/// The subscription of these invoices is over: what is still open is not collected by itself any more.
pub(crate) fn let_go(ctx: &mut Ctx<'_>, subscription: &Value) {
    for invoice in ctx.all_with(INVOICE, "customer", text(subscription, "customer")) {
        let open = matches!(invoice["status"].as_str(), Some("draft" | "open"));
        if !open || subscriptions::of_invoice(&invoice) != text(subscription, "id") {
            continue;
        }
        leave_alone(ctx, invoice);
    }
}

/// An invoice does nothing by itself any more.
pub(crate) fn leave_alone(ctx: &mut Ctx<'_>, mut invoice: Value) {
    invoice["auto_advance"] = false.into();
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["next_payment_attempt"] = Value::Null;
    ctx.update(INVOICE, &invoice);
}

/// The next step of an invoice that advances by itself: finalized, paid, tried again.
pub(crate) fn advance(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(mut invoice) = ctx.get(INVOICE, id) else {
        return Ok(());
    };
    let due = invoice["due_date"].as_i64();
    if invoice["status"] == "open" && due.is_some_and(|due| due <= ctx.now()) {
        ctx.emit("invoice.overdue", &invoice, None);
        subscriptions::unpaid(ctx, &invoice, false);
        return Ok(());
    }
    if invoice["auto_advance"] == false {
        return Ok(());
    }
    if invoice["status"] == "draft" {
        invoice = finalize(ctx, invoice)?;
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
        // A first invoice is for the customer to pay.
        return Ok(());
    }
    // A card that is refused is no error here: what became of it is written in the invoice.
    match payment::attempt(ctx, &invoice, None, true) {
        Err(error) if !error.keep_changes => Err(error),
        _ => Ok(()),
    }
}

/// `POST /v1/invoices/{invoice}/pay`.
pub(super) fn pay(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut invoice = ctx.required(INVOICE, params.path("invoice"))?;
    let customer = invoice["customer"].as_str().unwrap_or_default().to_owned();
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    match invoice["status"].as_str() {
        Some("draft") => invoice = finalize(&mut ctx, invoice)?,
        Some("open" | "uncollectible") => {}
        Some("paid") => return Err(ApiError::invalid_request("Invoice is already paid")),
        _ => {
            let message = "A voided invoice cannot be paid.";
            return Err(ApiError::invalid_request(message).code("invoice_not_editable"));
        }
    }
    if invoice["status"] == "paid" {
        return Ok(invoice);
    }
    if params.bool("paid_out_of_band") == Some(true) {
        payment::settle_elsewhere(&mut ctx, invoice)?;
        return ctx.required(INVOICE, params.path("invoice"));
    }
    let method = params.text("payment_method").or(params.text("source"));
    let off_session = params.bool("off_session").unwrap_or(true);
    payment::attempt(&mut ctx, &invoice, method, off_session)?;
    ctx.required(INVOICE, params.path("invoice"))
}

/// `POST /v1/invoices/{invoice}/send`.
pub(super) fn send(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut invoice = ctx.required(INVOICE, params.path("invoice"))?;
    if invoice["collection_method"] != "send_invoice" {
        let message = "Only invoices with a collection_method of send_invoice can be sent.";
        return Err(ApiError::invalid_request(message));
    }
    let customer = invoice["customer"].as_str().unwrap_or_default();
    let now = test_clocks::customer_now(ctx, customer);
    let mut ctx = ctx.at(now);
    match invoice["status"].as_str() {
        Some("draft") => invoice = finalize(&mut ctx, invoice)?,
        Some("open") => {}
        _ => {
            return Err(ApiError::invalid_request(
                "Only draft and open invoices can be sent.",
            ));
        }
    }
    ctx.emit("invoice.sent", &invoice, None);
    Ok(invoice)
}

/// `POST /v1/invoices/{invoice}/void`: its PaymentIntent is canceled with it, and credit that was used is given back.
pub(crate) fn void(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(INVOICE, params.path("invoice"))?;
    let message = match before["status"].as_str() {
        Some("open" | "uncollectible") => None,
        Some("paid") => Some("Invoices with `paid` payments cannot be voided."),
        _ => Some("You can only pass in open invoices. This invoice isn't open."),
    };
    if let Some(message) = message {
        return Err(ApiError::invalid_request(message));
    }
    let now = test_clocks::customer_now(ctx, text(&before, "customer"));
    make_void(&mut ctx.at(now), &before)
}

fn make_void(ctx: &mut Ctx<'_>, before: &Value) -> Result<Value, ApiError> {
    payment::withdraw(ctx, before, "void_invoice")?;
    let used = number(before, "starting_balance") - number(before, "ending_balance");
    balance::change(ctx, text(before, "id"), used, "unapplied_from_invoice")?;
    let mut invoice = before.clone();
    invoice["next_payment_attempt"] = Value::Null;
    invoice["status"] = "void".into();
    invoice["status_transitions"]["voided_at"] = ctx.now().into();
    changed(ctx, before, &invoice);
    ctx.emit("invoice.voided", &invoice, None);
    Ok(invoice)
}
