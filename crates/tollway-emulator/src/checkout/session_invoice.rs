//! The documents of a session: a paid invoice for one-time items, and the end of a subscription that was not paid.

use serde_json::{Value, json};

use crate::billing::discounts;
use crate::billing::invoice_record::INVOICE;
use crate::billing::invoices::collection;
use crate::billing::invoices::draft::{self, NewInvoice};
use crate::billing::pending_items::{self, NewInvoiceItem, PendingItems};
use crate::billing::subscriptions::ending;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{list, number, text};
use crate::test_clocks;

/// Creates the paid invoice of a session's items. `intent` is the PaymentIntent that paid them.
pub(super) fn create_paid_invoice(
    ctx: &mut Ctx<'_>,
    session: &Value,
    items: &[Value],
    customer: &str,
    intent: &Value,
) -> Result<Value, ApiError> {
    let now = test_clocks::customer_now(ctx, customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let currency = text(session, "currency");
    let named = list(session, "discounts")
        .iter()
        .map(|it| json!({"coupon": it["coupon"]}));
    let named: Vec<Value> = named.collect();
    let new = NewInvoice {
        customer,
        currency,
        reason: "manual",
        subscription: None,
        period: (now, now),
        collection_method: "charge_automatically",
        days_until_due: None,
        auto_advance: false,
        discounts: discounts::create_discounts(ctx, &named, customer, None)?,
        lines: Vec::new(),
    };
    let draft = draft::create_draft(ctx, new, PendingItems::None)?;
    let mut created = Vec::new();
    for item in items {
        let rates = list(item, "taxes").iter().map(|tax| tax["rate"].clone());
        let new = pending_items::item_of_cart_line(item, customer, currency, now, rates.collect());
        created.push(pending_items::create_invoice_item(ctx, &new));
    }
    let shipping = number(&session["shipping_cost"], "amount_total");
    if shipping > 0 {
        let new = NewInvoiceItem {
            customer,
            currency,
            amount: shipping,
            quantity: 1,
            description: Some("Shipping".to_owned()),
            period: (now, now),
            price: None,
            subscription: None,
            proration: false,
            discountable: false,
            discounts: Vec::new(),
            tax_rates: Vec::new(),
            metadata: json!({}),
        };
        created.push(pending_items::create_invoice_item(ctx, &new));
    }
    draft::add_items_to_draft(ctx, text(&draft, "id"), created)?;
    let mut invoice = ctx.required(INVOICE, text(&draft, "id"))?;
    let invoice_data = &session["invoice_creation"]["invoice_data"];
    for name in ["description", "footer", "custom_fields"] {
        if !invoice_data[name].is_null() {
            invoice[name] = invoice_data[name].clone();
        }
    }
    if invoice_data["metadata"].is_object() {
        invoice["metadata"] = invoice_data["metadata"].clone();
    }
    collection::finalize_paid_invoice(ctx, invoice, intent)
}

/// Expires a subscription whose first invoice was not paid.
pub(super) fn expire_unpaid_subscription(
    ctx: &mut Ctx<'_>,
    subscription: &str,
) -> Result<(), ApiError> {
    match ctx.get("subscription", subscription) {
        Some(subscription) if subscription["status"] == "incomplete" => {
            ending::expire_incomplete(ctx, &subscription)
        }
        _ => Ok(()),
    }
}
