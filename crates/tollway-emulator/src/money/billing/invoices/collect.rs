//! What becomes of a draft: it is finalized, collected or sent, and paid or void at last.

use serde_json::Value;

use super::super::super::due::Task;
use super::super::{clocks, payment, subscriptions};
use super::{DRAFT, INVOICE, changed, total};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// `POST /v1/invoices/{invoice}/finalize`.
pub(super) fn finalize_invoice(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let invoice = ctx.required(INVOICE, params.path("invoice"))?;
    if invoice["status"] != "draft" {
        let message =
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.";
        return Err(ApiError::invalid_request(message).code("invoice_not_editable"));
    }
    let customer = invoice["customer"].as_str().unwrap_or_default();
    let now = clocks::now_of(ctx, customer);
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
        clocks::plan(&mut ctx, &customer, now + DRAFT, Task::Invoice { invoice });
    }
    ctx.required(INVOICE, params.path("invoice"))
}

/// Makes a draft final: it gets its number, uses the customer's credit, and a PaymentIntent if anything is left to pay.
pub(in super::super) fn finalize(ctx: &mut Ctx<'_>, mut invoice: Value) -> Result<Value, ApiError> {
    let before = invoice.clone();
    let id = invoice["id"].as_str().unwrap_or_default().to_owned();
    let mut customer =
        ctx.required("customer", invoice["customer"].as_str().unwrap_or_default())?;
    let balance = customer["balance"].as_i64().unwrap_or(0);
    invoice["starting_balance"] = balance.into();
    total(ctx, &mut invoice)?;
    let due = invoice["amount_due"].as_i64().unwrap_or(0);
    let left = balance + invoice["total"].as_i64().unwrap_or(0) - due;
    invoice["ending_balance"] = left.into();
    let sequence = customer["next_invoice_sequence"].as_i64().unwrap_or(1);
    let prefix = match customer["invoice_prefix"].as_str() {
        Some(prefix) if !prefix.is_empty() => prefix.to_owned(),
        _ => crate::random::derived_text(customer["id"].as_str().unwrap_or_default(), 8)
            .to_ascii_uppercase(),
    };
    if invoice["number"].is_null() {
        invoice["number"] = format!("{prefix}-{sequence:04}").into();
    }
    customer["invoice_prefix"] = prefix.into();
    customer["next_invoice_sequence"] = (sequence + 1).into();
    customer["balance"] = left.into();
    ctx.update("customer", &customer);
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["effective_at"] = ctx.now().into();
    invoice["hosted_invoice_url"] =
        format!("{}/_tollway/invoices/{id}", ctx.request.base_url).into();
    invoice["status"] = "open".into();
    invoice["status_transitions"]["finalized_at"] = ctx.now().into();
    ctx.update(INVOICE, &invoice);
    ctx.emit("invoice.finalized", &invoice, None);
    if due == 0 {
        payment::settle(ctx, &before, invoice, 0);
    } else {
        payment::prepare(ctx, &mut invoice)?;
        changed(ctx, &before, &invoice);
    }
    ctx.required(INVOICE, &id)
}

/// The next step of an invoice that advances by itself: finalized, paid, tried again.
pub(in super::super::super) fn advance(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let Some(mut invoice) = ctx.get(INVOICE, id) else {
        return Ok(());
    };
    if invoice["auto_advance"] == false {
        return Ok(());
    }
    if invoice["status"] == "draft" {
        match subscriptions::paused_collection(ctx, &invoice).as_deref() {
            Some("keep_as_draft") => return Ok(()),
            Some(behavior) => {
                let behavior = behavior.to_owned();
                let mut closed = finalize(ctx, invoice)?;
                closed["status"] = if behavior == "void" {
                    "void"
                } else {
                    "uncollectible"
                }
                .into();
                ctx.update(INVOICE, &closed);
                let event = if behavior == "void" {
                    "invoice.voided"
                } else {
                    "invoice.marked_uncollectible"
                };
                ctx.emit(event, &closed, None);
                return Ok(());
            }
            None => invoice = finalize(ctx, invoice)?,
        }
    }
    if invoice["status"] != "open" {
        return Ok(());
    }
    if invoice["collection_method"] == "send_invoice" {
        if invoice["due_date"]
            .as_i64()
            .is_some_and(|due| due <= ctx.now())
        {
            ctx.emit("invoice.overdue", &invoice, None);
            subscriptions::unpaid(ctx, &invoice, false);
        } else {
            ctx.emit("invoice.sent", &invoice, None);
            let (customer, due) = (invoice["customer"].as_str(), invoice["due_date"].as_i64());
            if let (Some(customer), Some(due)) = (customer, due) {
                let invoice = id.to_owned();
                clocks::plan(ctx, customer, due, Task::Invoice { invoice });
            }
        }
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
    let now = clocks::now_of(ctx, &customer);
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
    let now = clocks::now_of(ctx, customer);
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

/// `POST /v1/invoices/{invoice}/void`: its PaymentIntent is canceled with it.
pub(super) fn void(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(INVOICE, params.path("invoice"))?;
    if !matches!(before["status"].as_str(), Some("open" | "uncollectible")) {
        let message = "You can only pass in open or uncollectible invoices to be voided.";
        return Err(ApiError::invalid_request(message).code("invoice_not_editable"));
    }
    let customer = before["customer"].as_str().unwrap_or_default();
    let now = clocks::now_of(ctx, customer);
    let mut ctx = ctx.at(now);
    payment::withdraw(&mut ctx, &before, "void_invoice")?;
    let mut invoice = before.clone();
    invoice["next_payment_attempt"] = Value::Null;
    invoice["status"] = "void".into();
    invoice["status_transitions"]["voided_at"] = now.into();
    changed(&mut ctx, &before, &invoice);
    ctx.emit("invoice.voided", &invoice, None);
    Ok(invoice)
}
