//! Invoices: drafted, finalized, paid or not.
//!
//! ```text
//! draft ─ an hour later, or finalize ─▶ open ─ pay ─▶ paid
//!                                        │ declined: tried again after 3, 5 and 7 days
//!                                        └─▶ void │ uncollectible
//! ```

mod collect;
mod totals;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::collect::advance;
pub(crate) use self::collect::{close, finalize, finalize_paid, leave_alone, let_go, void};
pub(crate) use self::totals::{discount_amounts, total};
use crate::billing::lines::{self, Line, Made};
use crate::billing::{discounts, invoice_items, payment};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::json::{extend, list, number, text};
use crate::params::Params;
use crate::payments::settlement;
use crate::registry::Registry;
use crate::scheduler::ScheduledTask;
use crate::test_clocks;

pub(crate) const INVOICE: &str = "invoice";
/// How long a draft can still be changed before it finalizes itself.
const DRAFT: i64 = 3600;
const DAY: i64 = 86_400;

/// Finalizes a draft invoice, or collects an open one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AdvanceInvoice {
    pub(crate) invoice: String,
}

impl ScheduledTask for AdvanceInvoice {
    const KIND: &'static str = "invoice";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        advance(ctx, &self.invoice)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<AdvanceInvoice>();
    registry.add("invoices.create", create);
    registry.add("invoices.update", update);
    registry.add("invoices.delete", delete);
    registry.add("invoices.finalize_invoice", collect::finalize_invoice);
    registry.add("invoices.pay", collect::pay);
    registry.add("invoices.send_invoice", collect::send);
    registry.add("invoices.void_invoice", collect::void);
}

/// A draft to be made.
pub(crate) struct NewInvoice<'a> {
    pub(crate) customer: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) reason: &'static str,
    /// The subscription that it bills.
    pub(crate) subscription: Option<&'a Value>,
    pub(crate) period: (i64, i64),
    pub(crate) collection_method: &'a str,
    pub(crate) days_until_due: Option<i64>,
    pub(crate) auto_advance: bool,
    pub(crate) discounts: Vec<Value>,
    pub(crate) lines: Vec<Line>,
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
    check_due(params, method)?;
    let own = ctx.world.platform.default_currency.clone();
    let currency = params.text("currency").or(object["currency"].as_str());
    let currency = currency.unwrap_or(&own).to_ascii_lowercase();
    let discounts = discounts::make(&mut ctx, params.list("discounts"), &customer, None)?;
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
        Some("include") => Pull::Free,
        _ => Pull::Nothing,
    };
    let pull = params.text("subscription").map_or(pull, Pull::Of);
    let mut invoice = draft(&mut ctx, new, pull)?;
    let mut members = invoice.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    plain.remove("discounts");
    plain.remove("auto_advance");
    ctx.apply(INVOICE, &mut members, &plain)?;
    share(&mut ctx, &invoice, params)?;
    invoice = Value::Object(members);
    total(&mut ctx, &mut invoice);
    ctx.update(INVOICE, &invoice);
    Ok(invoice)
}

/// Only an invoice that is sent is due some time.
fn check_due(params: &Params, method: &str) -> Result<(), ApiError> {
    let method = params.text("collection_method").unwrap_or(method);
    let dated = params.int("days_until_due").is_some() || params.int("due_date").is_some();
    if method != "send_invoice" && dated {
        let message = "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'.";
        return Err(ApiError::invalid_request(message));
    }
    Ok(())
}

/// Remembers how a request says that an invoice is shared.
fn share(ctx: &mut Ctx<'_>, invoice: &Value, params: &Params) -> Result<(), ApiError> {
    settlement::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    let shared = ["application_fee_amount", "transfer_data", "on_behalf_of"];
    if shared.iter().any(|name| params.has(name)) {
        let split = payment::SplitOf {
            fee: params.int("application_fee_amount"),
            transfer_data: params.at("transfer_data").cloned(),
            on_behalf_of: params.text("on_behalf_of").map(str::to_owned),
        };
        payment::remember_split(ctx, invoice, &split);
    }
    Ok(())
}

/// The items that wait for an invoice of a customer and go on this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pull<'a> {
    Nothing,
    /// Those of no subscription.
    Free,
    /// Those of this subscription, and those of none.
    Of(&'a str),
}

/// Makes a draft with its lines, and with the items that wait for it.
pub(crate) fn draft(
    ctx: &mut Ctx<'_>,
    new: NewInvoice<'_>,
    pull: Pull<'_>,
) -> Result<Value, ApiError> {
    let (customer, advances) = (new.customer.to_owned(), new.auto_advance);
    let waiting = match pull {
        Pull::Nothing => Vec::new(),
        pull => invoice_items::waiting(ctx, &customer, new.currency, pull),
    };
    let (invoice, made) = compose(ctx, new, &waiting)?;
    let id = text(&invoice, "id").to_owned();
    for mut item in waiting {
        invoice_items::put_on(ctx, &mut item, &id);
    }
    lines::keep(ctx, &id, &made);
    ctx.insert(INVOICE, &invoice);
    let mut object = ctx.required("customer", &customer)?;
    if object["currency"].is_null() {
        object["currency"] = invoice["currency"].clone();
        ctx.update("customer", &object);
    }
    ctx.emit("invoice.created", &invoice, None);
    if advances {
        let at = ctx.now() + DRAFT;
        test_clocks::schedule_for_customer(ctx, &customer, at, &AdvanceInvoice { invoice: id })?;
    }
    Ok(invoice)
}

/// Writes a draft and its lines, without keeping anything: what [`draft`] and previews begin with.
pub(crate) fn compose(
    ctx: &mut Ctx<'_>,
    new: NewInvoice<'_>,
    waiting: &[Value],
) -> Result<(Value, Vec<Made>), ApiError> {
    let customer = ctx.referenced("customer", new.customer, "customer")?;
    let now = ctx.now();
    let clock = test_clocks::customer_clock(ctx, new.customer).map(|(id, _)| id);
    let mut invoice = Value::Object(ctx.blank(INVOICE));
    let due = new.days_until_due.map(|days| now + days * DAY);
    let nothing = Value::Null;
    let subscription = new.subscription.unwrap_or(&nothing);
    let parent = new.subscription.map(|subscription| {
        json!({
            "quote_details": null,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
            "type": "subscription_details",
        })
    });
    let platform = &ctx.world.platform;
    let charged = new.collection_method == "charge_automatically";
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
        "default_tax_rates": list(subscription, "default_tax_rates"),
        "discounts": new.discounts,
        "due_date": due,
        "effective_at": null,
        "issuer": {"type": "self"},
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "next_payment_attempt": (new.auto_advance && charged).then_some(now + DRAFT),
        "on_behalf_of": subscription["on_behalf_of"],
        "parent": parent,
        "period_end": new.period.1,
        "period_start": new.period.0,
        "starting_balance": number(&customer, "balance"),
        "status": "draft",
        "test_clock": clock,
    });
    extend(&mut invoice, members);
    if let Value::Object(invoice) = &mut invoice {
        for name in ["payments", "confirmation_secret", "threshold_reason"] {
            invoice.remove(name);
        }
    }
    if subscription["automatic_tax"]["enabled"] == true {
        invoice["automatic_tax"]["enabled"] = true.into();
    }
    let mut all = new.lines;
    all.extend(waiting.iter().map(|item| invoice_items::as_line(ctx, item)));
    let mut made = lines::make(ctx, &invoice, all);
    totals::work_out(ctx, &mut invoice, &mut made);
    Ok((invoice, made))
}

/// A composed invoice as a preview: nothing of it exists.
pub(crate) fn as_upcoming(mut invoice: Value) -> Value {
    let id = text(&invoice, "id");
    invoice["id"] = format!("upcoming_{id}").into();
    invoice["billing_reason"] = "upcoming".into();
    invoice["auto_advance"] = false.into();
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice
}

/// Puts invoice items on a draft.
pub(crate) fn add_items(ctx: &mut Ctx<'_>, id: &str, items: Vec<Value>) -> Result<(), ApiError> {
    let invoice = ctx.referenced(INVOICE, id, "invoice")?;
    must_be_draft(&invoice)?;
    let mut all = Vec::with_capacity(items.len());
    for mut item in items {
        invoice_items::put_on(ctx, &mut item, id);
        all.push(invoice_items::as_line(ctx, &item));
    }
    let made = lines::make(ctx, &invoice, all);
    lines::keep(ctx, id, &made);
    retotal(ctx, &invoice);
    Ok(())
}

/// Takes the line of an invoice item off a draft.
pub(crate) fn remove_item(ctx: &mut Ctx<'_>, id: &str, item: &str) -> Result<(), ApiError> {
    let invoice = ctx.required(INVOICE, id)?;
    must_be_draft(&invoice)?;
    for line in lines::of_invoice(ctx, id) {
        if line["parent"]["invoice_item_details"]["invoice_item"] == item {
            let scope = ctx.scope.clone();
            ctx.world
                .store
                .remove(&scope, "line_item", text(&line, "id"));
        }
    }
    retotal(ctx, &invoice);
    Ok(())
}

pub(crate) fn retotal(ctx: &mut Ctx<'_>, before: &Value) {
    let mut invoice = before.clone();
    total(ctx, &mut invoice);
    changed(ctx, before, &invoice);
}

pub(crate) fn must_be_draft(invoice: &Value) -> Result<(), ApiError> {
    if invoice["status"] == "draft" {
        return Ok(());
    }
    let message = "Invalid invoice: This invoice is no longer editable";
    Err(ApiError::invalid_request(message).code("invoice_not_editable"))
}

/// Keeps a changed invoice and says so.
pub(crate) fn changed(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
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
    let mut names = params.values().keys();
    let fixed = names.find(|name| !any_time.contains(&name.as_str()));
    if let Some(name) = fixed.filter(|_| before["status"] != "draft") {
        let message = "Finalized invoices can't be updated in this way";
        return Err(ApiError::invalid_param(name, message));
    }
    check_due(params, text(&before, "collection_method"))?;
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    let wanted = plain.remove("discounts");
    ctx.apply(INVOICE, &mut members, &plain)?;
    let mut invoice = Value::Object(members);
    if let Some(wanted) = wanted {
        let customer = before["customer"].as_str().unwrap_or_default();
        let wanted = wanted.as_array().cloned().unwrap_or_default();
        invoice["discounts"] = discounts::make(ctx, &wanted, customer, None)?.into();
    }
    share(ctx, &before, params)?;
    let is_draft = before["status"] == "draft";
    if is_draft {
        total(ctx, &mut invoice);
    }
    if let Some(days) = params.int("days_until_due") {
        invoice["due_date"] = (number(&before, "created") + days * DAY).into();
    }
    if params.bool("auto_advance") == Some(false) {
        invoice["automatically_finalizes_at"] = Value::Null;
        invoice["next_payment_attempt"] = Value::Null;
    }
    if params.bool("auto_advance") == Some(true) && before["auto_advance"] == false {
        let customer = before["customer"].as_str().unwrap_or_default().to_owned();
        let at = test_clocks::customer_now(ctx, &customer) + DRAFT;
        if is_draft {
            invoice["automatically_finalizes_at"] = at.into();
        }
        if invoice["collection_method"] == "charge_automatically" {
            invoice["next_payment_attempt"] = at.into();
        }
        let invoice = params.path("invoice").to_owned();
        test_clocks::schedule_for_customer(ctx, &customer, at, &AdvanceInvoice { invoice })?;
    }
    changed(ctx, &before, &invoice);
    Ok(invoice)
}

/// `DELETE /v1/invoices/{invoice}`: drafts only; the items on it wait again.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoice");
    let invoice = ctx.required(INVOICE, id)?;
    if invoice["status"] != "draft" {
        let message = "You can only delete draft invoices.";
        return Err(ApiError::invalid_request(message));
    }
    for line in lines::of_invoice(ctx, id) {
        let item = line["parent"]["invoice_item_details"]["invoice_item"].as_str();
        if let Some(mut item) = item.and_then(|item| ctx.get("invoiceitem", item)) {
            item["invoice"] = Value::Null;
            ctx.update("invoiceitem", &item);
        }
    }
    ctx.emit("invoice.deleted", &invoice, None);
    Ok(ctx.delete(INVOICE, id))
}
