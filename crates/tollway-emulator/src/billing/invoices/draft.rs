//! Drafts: composed with their lines, and changed by adding and removing invoice items.

use serde_json::{Value, json};

use crate::billing::invoice_lines::{self, InvoiceLine, NewLine};
use crate::billing::invoice_record::{
    AdvanceInvoice, DRAFT_SECONDS, INVOICE, require_draft, save_changed_invoice,
};
use crate::billing::invoice_status::InvoiceStatus;
use crate::billing::invoices::totals::{self, recalculate_invoice};
use crate::billing::pending_items::{self, PendingItems};
use crate::billing::period::DAY_SECONDS;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{extend, list, number, text};
use crate::test_clocks;

/// An invoice before it is a draft.
pub(crate) struct NewInvoice<'a> {
    pub(crate) customer: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) reason: &'static str,
    /// The subscription that the invoice bills.
    pub(crate) subscription: Option<&'a Value>,
    pub(crate) period: (i64, i64),
    pub(crate) collection_method: &'a str,
    pub(crate) days_until_due: Option<i64>,
    pub(crate) auto_advance: bool,
    pub(crate) discounts: Vec<Value>,
    pub(crate) lines: Vec<NewLine>,
}

/// Creates a draft with its lines and the customer's pending items.
pub(crate) fn create_draft(
    ctx: &mut Ctx<'_>,
    new: NewInvoice<'_>,
    pull: PendingItems<'_>,
) -> Result<Value, ApiError> {
    let (customer, advances) = (new.customer.to_owned(), new.auto_advance);
    let waiting = match pull {
        PendingItems::None => Vec::new(),
        pull => pending_items::pending_items(ctx, &customer, new.currency, pull),
    };
    let (invoice, lines) = compose_invoice(ctx, new, &waiting)?;
    let id = text(&invoice, "id").to_owned();
    for mut item in waiting {
        pending_items::assign_to_invoice(ctx, &mut item, &id);
    }
    invoice_lines::save_new_lines(ctx, &id, &lines);
    ctx.insert(INVOICE, &invoice);
    let mut object = ctx.required("customer", &customer)?;
    if object["currency"].is_null() {
        object["currency"] = invoice["currency"].clone();
        ctx.update("customer", &object);
    }
    ctx.emit("invoice.created", &invoice, None);
    if advances {
        let at = ctx.now() + DRAFT_SECONDS;
        test_clocks::schedule_for_customer(ctx, &customer, at, &AdvanceInvoice { invoice: id })?;
    }
    Ok(invoice)
}

/// Composes a draft and its lines without storing them; previews use it too.
pub(crate) fn compose_invoice(
    ctx: &mut Ctx<'_>,
    new: NewInvoice<'_>,
    waiting: &[Value],
) -> Result<(Value, Vec<InvoiceLine>), ApiError> {
    let customer = ctx.referenced("customer", new.customer, "customer")?;
    let now = ctx.now();
    let clock = test_clocks::customer_clock(ctx, new.customer).map(|(id, _)| id);
    let mut invoice = Value::Object(ctx.blank(INVOICE));
    let due = new.days_until_due.map(|days| now + days * DAY_SECONDS);
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
        "automatically_finalizes_at": new.auto_advance.then_some(now + DRAFT_SECONDS),
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
        "next_payment_attempt": (new.auto_advance && charged).then_some(now + DRAFT_SECONDS),
        "on_behalf_of": subscription["on_behalf_of"],
        "parent": parent,
        "period_end": new.period.1,
        "period_start": new.period.0,
        "starting_balance": number(&customer, "balance"),
        "status": InvoiceStatus::Draft.as_str(),
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
    all.extend(
        waiting
            .iter()
            .map(|item| pending_items::item_as_line(ctx, item)),
    );
    let mut lines = invoice_lines::build_lines(ctx, &invoice, all);
    totals::calculate_invoice(ctx, &mut invoice, &mut lines);
    Ok((invoice, lines))
}

/// Marks a composed invoice as upcoming.
pub(crate) fn as_upcoming_invoice(mut invoice: Value) -> Value {
    let id = text(&invoice, "id");
    invoice["id"] = format!("upcoming_{id}").into();
    invoice["billing_reason"] = "upcoming".into();
    invoice["auto_advance"] = false.into();
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice
}

/// Adds invoice items to a draft.
pub(crate) fn add_items_to_draft(
    ctx: &mut Ctx<'_>,
    id: &str,
    items: Vec<Value>,
) -> Result<(), ApiError> {
    let invoice = ctx.referenced(INVOICE, id, "invoice")?;
    require_draft(&invoice)?;
    let mut all = Vec::with_capacity(items.len());
    for mut item in items {
        pending_items::assign_to_invoice(ctx, &mut item, id);
        all.push(pending_items::item_as_line(ctx, &item));
    }
    let lines = invoice_lines::build_lines(ctx, &invoice, all);
    invoice_lines::save_new_lines(ctx, id, &lines);
    recalculate_draft(ctx, &invoice);
    Ok(())
}

/// Removes the line of an invoice item from a draft.
pub(crate) fn remove_item_from_draft(
    ctx: &mut Ctx<'_>,
    id: &str,
    item: &str,
) -> Result<(), ApiError> {
    let invoice = ctx.required(INVOICE, id)?;
    require_draft(&invoice)?;
    for line in invoice_lines::line_items(ctx, id) {
        if line["parent"]["invoice_item_details"]["invoice_item"] == item {
            let scope = ctx.scope.clone();
            ctx.world
                .store
                .remove(&scope, "line_item", text(&line, "id"));
        }
    }
    recalculate_draft(ctx, &invoice);
    Ok(())
}

pub(super) fn recalculate_draft(ctx: &mut Ctx<'_>, before: &Value) {
    let mut invoice = before.clone();
    recalculate_invoice(ctx, &mut invoice);
    save_changed_invoice(ctx, before, &invoice);
}
