//! The operations of `/v1/invoices` on whole invoices.

use serde_json::Value;

use crate::billing::invoice_record::{
    AdvanceInvoice, DRAFT_SECONDS, INVOICE, save_changed_invoice,
};
use crate::billing::invoices::collection::{finalize_invoice, void_finalized_invoice};
use crate::billing::invoices::draft::{NewInvoice, create_draft};
use crate::billing::invoices::payments;
use crate::billing::invoices::totals::recalculate_invoice;
use crate::billing::pending_items::PendingItems;
use crate::billing::period::DAY_SECONDS;
use crate::billing::{discounts, invoice_lines};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{number, text};
use crate::params::Params;
use crate::payments::split;
use crate::registry::Registry;
use crate::test_clocks;

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoices.create", create);
    registry.add("invoices.update", update);
    registry.add("invoices.delete", delete);
    registry.add("invoices.finalize_invoice", finalize);
    registry.add("invoices.pay", pay);
    registry.add("invoices.send_invoice", send);
    registry.add("invoices.void_invoice", void);
}

/// `POST /v1/invoices`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    let object = ctx.referenced("customer", &customer, "customer")?;
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    let method = params
        .text("collection_method")
        .unwrap_or("charge_automatically");
    let dated = params.has("days_until_due") || params.has("due_date");
    if method == "send_invoice" && !dated {
        let message = "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'.";
        return Err(ApiError::invalid_request(message));
    }
    check_due_date(params, method)?;
    let own = ctx.world.platform.default_currency.clone();
    let currency = params.text("currency").or(object["currency"].as_str());
    let currency = currency.unwrap_or(&own).to_ascii_lowercase();
    let discounts =
        discounts::create_discounts(&mut ctx, params.list("discounts"), &customer, None)?;
    let subscription = params
        .text("subscription")
        .map(|id| ctx.referenced("subscription", id, "subscription"))
        .transpose()?;
    let new = NewInvoice {
        customer: &customer,
        currency: &currency,
        reason: "manual",
        subscription: subscription.as_ref(),
        period: (now, now),
        collection_method: method,
        days_until_due: params.int("days_until_due"),
        auto_advance: params.bool("auto_advance").unwrap_or(false),
        discounts,
        lines: Vec::new(),
    };
    let pull = match params.text("pending_invoice_items_behavior") {
        Some("include") => PendingItems::WithoutSubscription,
        _ => PendingItems::None,
    };
    let pull = params
        .text("subscription")
        .map_or(pull, PendingItems::OfSubscription);
    let mut invoice = create_draft(&mut ctx, new, pull)?;
    let mut members = invoice.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    plain.remove("discounts");
    plain.remove("auto_advance");
    ctx.apply(INVOICE, &mut members, &plain)?;
    save_requested_split(&mut ctx, &invoice, params)?;
    invoice = Value::Object(members);
    recalculate_invoice(&mut ctx, &mut invoice);
    ctx.update(INVOICE, &invoice);
    Ok(invoice)
}

/// Refuses a due date for an invoice that is charged automatically.
fn check_due_date(params: &Params, method: &str) -> Result<(), ApiError> {
    let method = params.text("collection_method").unwrap_or(method);
    let dated = params.int("days_until_due").is_some() || params.int("due_date").is_some();
    if method != "send_invoice" && dated {
        let message = "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'.";
        return Err(ApiError::invalid_request(message));
    }
    Ok(())
}

/// Stores the application fee and the transfer of a request.
fn save_requested_split(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    params: &Params,
) -> Result<(), ApiError> {
    split::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    let shared = ["application_fee_amount", "transfer_data", "on_behalf_of"];
    if shared.iter().any(|name| params.has(name)) {
        let split = payments::InvoiceSplit {
            fee: params.int("application_fee_amount"),
            transfer_data: params.at("transfer_data").cloned(),
            on_behalf_of: params.text("on_behalf_of").map(str::to_owned),
        };
        payments::save_invoice_split(ctx, invoice, &split);
    }
    Ok(())
}

/// `POST /v1/invoices/{invoice}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(INVOICE, params.path("invoice"))?;
    let any_time = [
        "metadata",
        "auto_advance",
        "default_payment_method",
        "description",
    ];
    let mut names = params.values().keys();
    let fixed = names.find(|name| !any_time.contains(&name.as_str()));
    if let Some(name) = fixed.filter(|_| before["status"] != "draft") {
        let message = "Finalized invoices can't be updated in this way";
        return Err(ApiError::invalid_param(name, message));
    }
    check_due_date(params, text(&before, "collection_method"))?;
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    let requested = plain.remove("discounts");
    ctx.apply(INVOICE, &mut members, &plain)?;
    let mut invoice = Value::Object(members);
    if let Some(requested) = requested {
        let customer = before["customer"].as_str().unwrap_or_default();
        let requested = requested.as_array().cloned().unwrap_or_default();
        invoice["discounts"] = discounts::create_discounts(ctx, &requested, customer, None)?.into();
    }
    save_requested_split(ctx, &before, params)?;
    let is_draft = before["status"] == "draft";
    if is_draft {
        recalculate_invoice(ctx, &mut invoice);
    }
    if let Some(days) = params.int("days_until_due") {
        invoice["due_date"] = (number(&before, "created") + days * DAY_SECONDS).into();
    }
    if params.bool("auto_advance") == Some(false) {
        invoice["automatically_finalizes_at"] = Value::Null;
        invoice["next_payment_attempt"] = Value::Null;
    }
    if params.bool("auto_advance") == Some(true) && before["auto_advance"] == false {
        let customer = before["customer"].as_str().unwrap_or_default().to_owned();
        let at = test_clocks::customer_now(ctx, &customer) + DRAFT_SECONDS;
        if is_draft {
            invoice["automatically_finalizes_at"] = at.into();
        }
        if invoice["collection_method"] == "charge_automatically" {
            invoice["next_payment_attempt"] = at.into();
        }
        let invoice = params.path("invoice").to_owned();
        test_clocks::schedule_for_customer(ctx, &customer, at, &AdvanceInvoice { invoice })?;
    }
    save_changed_invoice(ctx, &before, &invoice);
    Ok(invoice)
}

/// `DELETE /v1/invoices/{invoice}`: drafts only; their items become pending.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoice");
    let invoice = ctx.required(INVOICE, id)?;
    if invoice["status"] != "draft" {
        let message = "You can only delete draft invoices.";
        return Err(ApiError::invalid_request(message));
    }
    for line in invoice_lines::line_items(ctx, id) {
        let item = line["parent"]["invoice_item_details"]["invoice_item"].as_str();
        if let Some(mut item) = item.and_then(|item| ctx.get("invoiceitem", item)) {
            item["invoice"] = Value::Null;
            ctx.update("invoiceitem", &item);
        }
    }
    ctx.emit("invoice.deleted", &invoice, None);
    Ok(ctx.delete(INVOICE, id))
}

/// `POST /v1/invoices/{invoice}/finalize`.
pub(super) fn finalize(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
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
    let mut invoice = finalize_invoice(&mut ctx, invoice)?;
    if invoice["status"] == "open" && invoice["auto_advance"] == true {
        let customer = invoice["customer"].as_str().unwrap_or_default().to_owned();
        invoice["next_payment_attempt"] = (now + DRAFT_SECONDS).into();
        ctx.update(INVOICE, &invoice);
        let invoice = params.path("invoice").to_owned();
        test_clocks::schedule_for_customer(
            &mut ctx,
            &customer,
            now + DRAFT_SECONDS,
            &AdvanceInvoice { invoice },
        )?;
    }
    ctx.required(INVOICE, params.path("invoice"))
}

/// `POST /v1/invoices/{invoice}/pay`.
pub(super) fn pay(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut invoice = ctx.required(INVOICE, params.path("invoice"))?;
    let customer = invoice["customer"].as_str().unwrap_or_default().to_owned();
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    match invoice["status"].as_str() {
        Some("draft") => invoice = finalize_invoice(&mut ctx, invoice)?,
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
        payments::mark_paid_out_of_band(&mut ctx, invoice)?;
        return ctx.required(INVOICE, params.path("invoice"));
    }
    let method = params.text("payment_method").or(params.text("source"));
    let off_session = params.bool("off_session").unwrap_or(true);
    payments::attempt_payment(&mut ctx, &invoice, method, off_session)?;
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
        Some("draft") => invoice = finalize_invoice(&mut ctx, invoice)?,
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

/// `POST /v1/invoices/{invoice}/void`: cancels its PaymentIntent and returns applied credit.
pub(crate) fn void(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    void_finalized_invoice(ctx, params.path("invoice"))
}
