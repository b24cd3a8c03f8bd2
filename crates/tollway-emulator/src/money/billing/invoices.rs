//! Invoices: drafted, finalized, paid or not.
//!
//! ```text
//! draft ─ an hour later, or finalize ─▶ open ─ pay ─▶ paid
//!                                        │ declined: tried again after 3, 5 and 7 days
//!                                        └─▶ void │ uncollectible
//! ```

mod collect;

use serde_json::{Value, json};

pub(in super::super) use self::collect::advance;
pub(super) use self::collect::finalize;

use super::super::due::Task;
use super::lines::{self, Line};
use super::{clocks, discounts, invoice_items, payment};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::registry::Registry;

pub(super) const INVOICE: &str = "invoice";
/// How long a draft can still be changed before it finalizes itself.
const DRAFT: i64 = 3600;
const DAY: i64 = 86_400;

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoices.create", create);
    registry.add("invoices.update", update);
    registry.add("invoices.delete", delete);
    registry.add("invoices.finalize_invoice", collect::finalize_invoice);
    registry.add("invoices.pay", collect::pay);
    registry.add("invoices.send_invoice", collect::send);
    registry.add("invoices.void_invoice", collect::void);
}

/// A draft to be made.
pub(super) struct NewInvoice<'a> {
    pub(super) customer: &'a str,
    pub(super) currency: &'a str,
    pub(super) reason: &'static str,
    /// The subscription that it bills.
    pub(super) subscription: Option<&'a Value>,
    pub(super) period: (i64, i64),
    pub(super) collection_method: &'a str,
    pub(super) days_until_due: Option<i64>,
    pub(super) auto_advance: bool,
    pub(super) discounts: Vec<Value>,
    pub(super) lines: Vec<Line>,
}

/// `POST /v1/invoices`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    let object = ctx.referenced("customer", &customer, "customer")?;
    let now = clocks::now_of(ctx, &customer);
    let mut ctx = ctx.at(now);
    let method = params
        .text("collection_method")
        .unwrap_or("charge_automatically");
    if method == "send_invoice" && !params.has("days_until_due") && !params.has("due_date") {
        let message = "If collection_method is send_invoice, pass days_until_due or due_date.";
        return Err(ApiError::invalid_param("days_until_due", message));
    }
    let own = ctx.world.platform.default_currency.clone();
    let currency = params.text("currency").or(object["currency"].as_str());
    let currency = currency.unwrap_or(&own).to_ascii_lowercase();
    let discounts = discounts::make(&mut ctx, params.list("discounts"), &customer, None)?;
    let new = NewInvoice {
        customer: &customer,
        currency: &currency,
        reason: "manual",
        subscription: None,
        period: (now, now),
        collection_method: method,
        days_until_due: params.int("days_until_due"),
        auto_advance: params.bool("auto_advance").unwrap_or(false),
        discounts,
        lines: Vec::new(),
    };
    let mut invoice = draft(
        &mut ctx,
        new,
        params.text("pending_invoice_items_behavior") == Some("include"),
    )?;
    let mut members = invoice.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    plain.remove("discounts");
    plain.remove("auto_advance");
    ctx.apply(INVOICE, &mut members, &plain)?;
    if let Some(fee) = params.int("application_fee_amount") {
        payment::remember_split(&mut ctx, &invoice, Some(fee), params.at("transfer_data"));
    } else if params.has("transfer_data") {
        payment::remember_split(&mut ctx, &invoice, None, params.at("transfer_data"));
    }
    invoice = Value::Object(members);
    ctx.update(INVOICE, &invoice);
    Ok(invoice)
}

/// Makes a draft with its lines, and with the items that wait for an invoice if `take_waiting`.
pub(super) fn draft(
    ctx: &mut Ctx<'_>,
    new: NewInvoice<'_>,
    take_waiting: bool,
) -> Result<Value, ApiError> {
    let customer = ctx.referenced("customer", new.customer, "customer")?;
    let now = ctx.now();
    let clock = clocks::of_customer(ctx, new.customer).map(|(id, _)| id);
    let mut invoice = Value::Object(ctx.blank(INVOICE));
    let due = new.days_until_due.map(|days| now + days * DAY);
    let parent = new.subscription.map(|subscription| {
        json!({
            "quote_details": null,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
            "type": "subscription_details",
        })
    });
    let platform = &ctx.world.platform;
    let members = json!({
        "account_country": platform.country,
        "account_name": platform.business_name,
        "attempt_count": 0,
        "attempted": false,
        "auto_advance": new.auto_advance,
        "automatically_finalizes_at": new.auto_advance.then_some(now + DRAFT),
        "billing_reason": new.reason,
        "collection_method": new.collection_method,
        "created": now,
        "currency": new.currency,
        "customer": new.customer,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_tax_exempt": customer["tax_exempt"],
        "default_payment_method": null,
        "discounts": new.discounts,
        "due_date": due,
        "effective_at": null,
        "issuer": {"type": "self"},
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "parent": parent,
        "period_end": new.period.1,
        "period_start": new.period.0,
        "starting_balance": customer["balance"].as_i64().unwrap_or(0),
        "status": "draft",
        "test_clock": clock,
    });
    if let (Value::Object(invoice), Value::Object(members)) = (&mut invoice, members) {
        invoice.extend(members);
        invoice.remove("payments");
        invoice.remove("confirmation_secret");
        invoice.remove("threshold_reason");
    }
    let id = invoice["id"].as_str().unwrap_or_default().to_owned();
    let mut all = new.lines;
    if take_waiting {
        for item in invoice_items::waiting(ctx, new.customer, new.currency) {
            all.push(invoice_items::into_line(ctx, item, &id));
        }
    }
    lines::add(ctx, &mut invoice, all);
    total(ctx, &mut invoice)?;
    ctx.insert(INVOICE, &invoice);
    if customer["currency"].is_null() {
        let mut customer = customer;
        customer["currency"] = new.currency.into();
        ctx.update("customer", &customer);
    }
    ctx.emit("invoice.created", &invoice, None);
    if new.auto_advance {
        let invoice = id;
        clocks::plan(ctx, new.customer, now + DRAFT, Task::Invoice { invoice });
    }
    Ok(invoice)
}

/// Works out what an invoice comes to: lines, less discounts, less what the customer has in credit.
fn total(ctx: &Ctx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    let lines = lines::of_invoice(ctx, invoice["id"].as_str().unwrap_or_default())?;
    let subtotal: i64 = lines
        .iter()
        .map(|line| line["amount"].as_i64().unwrap_or(0))
        .sum();
    let first = invoice["billing_reason"] != "subscription_cycle";
    let wanted = invoice["discounts"].as_array().cloned().unwrap_or_default();
    let amounts = discounts::amounts(ctx, &wanted, subtotal, first);
    let off: i64 = amounts
        .iter()
        .map(|amount| amount["amount"].as_i64().unwrap_or(0))
        .sum();
    let total = subtotal - off;
    let due = (total + invoice["starting_balance"].as_i64().unwrap_or(0)).max(0);
    invoice["subtotal"] = subtotal.into();
    invoice["subtotal_excluding_tax"] = subtotal.into();
    invoice["total_discount_amounts"] = amounts.into();
    invoice["total"] = total.into();
    invoice["total_excluding_tax"] = total.into();
    invoice["amount_due"] = due.into();
    invoice["amount_remaining"] = due.into();
    invoice["amount_paid"] = 0.into();
    lines::show(invoice, &lines);
    Ok(())
}

/// Puts invoice items on a draft.
pub(super) fn add_items(ctx: &mut Ctx<'_>, id: &str, items: Vec<Value>) -> Result<(), ApiError> {
    let mut invoice = ctx.referenced(INVOICE, id, "invoice")?;
    must_be_draft(&invoice)?;
    let lines = items
        .into_iter()
        .map(|item| invoice_items::into_line(ctx, item, id))
        .collect();
    lines::add(ctx, &mut invoice, lines);
    retotal(ctx, &invoice)
}

/// Takes the line of an invoice item off a draft.
pub(super) fn remove_item(ctx: &mut Ctx<'_>, id: &str, item: &str) -> Result<(), ApiError> {
    let invoice = ctx.required(INVOICE, id)?;
    must_be_draft(&invoice)?;
    for line in lines::of_invoice(ctx, id)? {
        if line["parent"]["invoice_item_details"]["invoice_item"] == item {
            let scope = ctx.scope.clone();
            let line = line["id"].as_str().unwrap_or_default();
            ctx.world.store.remove(&scope, "line_item", line);
        }
    }
    retotal(ctx, &invoice)
}

fn retotal(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    let mut invoice = before.clone();
    total(ctx, &mut invoice)?;
    changed(ctx, before, &invoice);
    Ok(())
}

fn must_be_draft(invoice: &Value) -> Result<(), ApiError> {
    if invoice["status"] == "draft" {
        return Ok(());
    }
    let message = "This invoice is no longer editable: only a draft can be changed.";
    Err(ApiError::invalid_request(message).code("invoice_not_editable"))
}

/// Keeps a changed invoice and says so.
pub(super) fn changed(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    ctx.update(INVOICE, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        ctx.emit("invoice.updated", after, Some(Value::Object(previous)));
    }
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
    if params
        .values()
        .keys()
        .any(|name| !any_time.contains(&name.as_str()))
    {
        must_be_draft(&before)?;
    }
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    let wanted = plain.remove("discounts");
    ctx.apply(INVOICE, &mut members, &plain)?;
    let mut invoice = Value::Object(members);
    if let Some(wanted) = wanted {
        let customer = before["customer"].as_str().unwrap_or_default();
        let wanted = wanted.as_array().cloned().unwrap_or_default();
        invoice["discounts"] = discounts::make(ctx, &wanted, customer, None)?.into();
        total(ctx, &mut invoice)?;
    }
    if params.bool("auto_advance") == Some(true) && before["auto_advance"] == false {
        let customer = before["customer"].as_str().unwrap_or_default().to_owned();
        let at = clocks::now_of(ctx, &customer) + DRAFT;
        invoice["automatically_finalizes_at"] = at.into();
        let invoice = params.path("invoice").to_owned();
        clocks::plan(ctx, &customer, at, Task::Invoice { invoice });
    }
    changed(ctx, &before, &invoice);
    Ok(invoice)
}

/// `DELETE /v1/invoices/{invoice}`: drafts only; the items on it wait again.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoice");
    let invoice = ctx.required(INVOICE, id)?;
    must_be_draft(&invoice)?;
    for line in lines::of_invoice(ctx, id)? {
        let item = line["parent"]["invoice_item_details"]["invoice_item"].as_str();
        if let Some(mut item) = item.and_then(|item| ctx.get("invoiceitem", item)) {
            item["invoice"] = Value::Null;
            ctx.update("invoiceitem", &item);
        }
    }
    ctx.emit("invoice.deleted", &invoice, None);
    Ok(ctx.delete(INVOICE, id))
}
