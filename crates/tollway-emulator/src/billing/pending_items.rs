//! Invoice items that wait for an invoice: created, listed, and turned into invoice lines.

use serde_json::{Value, json};

use crate::billing::invoice_lines::{LineOrigin, NewLine, line_pricing};
use crate::billing::line_descriptions;
use crate::ctx::Ctx;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{list, number, text};
use crate::test_clocks;

pub(super) const INVOICE_ITEM: &str = "invoiceitem";

/// An invoice item before it has an id.
pub(crate) struct NewInvoiceItem<'a> {
    pub(crate) customer: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) amount: i64,
    pub(crate) quantity: i64,
    pub(crate) description: Option<String>,
    pub(crate) period: (i64, i64),
    pub(crate) price: Option<&'a Value>,
    /// The id of the subscription it belongs to.
    pub(crate) subscription: Option<&'a str>,
    /// Whether it is the proration of a change in the middle of a period.
    pub(crate) proration: bool,
    pub(crate) discountable: bool,
    /// The ids of its own discounts.
    pub(crate) discounts: Vec<Value>,
    pub(crate) tax_rates: Vec<Value>,
    pub(crate) metadata: Value,
}

/// Which pending items of a customer go on an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PendingItems<'a> {
    None,
    /// Items without a subscription.
    WithoutSubscription,
    /// Items of this subscription, and items without one.
    OfSubscription(&'a str),
}

/// The invoice item of a cart's line item, bought at `now`.
pub(crate) fn item_of_cart_line<'a>(
    line: &'a Value,
    customer: &'a str,
    currency: &'a str,
    now: i64,
    tax_rates: Vec<Value>,
) -> NewInvoiceItem<'a> {
    NewInvoiceItem {
        customer,
        currency,
        amount: number(line, "amount_subtotal"),
        quantity: line["quantity"].as_i64().unwrap_or(1),
        description: line["description"].as_str().map(str::to_owned),
        period: (now, now),
        price: Some(&line["price"]),
        subscription: None,
        proration: false,
        discountable: true,
        discounts: Vec::new(),
        tax_rates,
        metadata: json!({}),
    }
}

/// The description of a request, or else the name of the price's product.
pub(super) fn description_or_product_name(
    ctx: &Ctx<'_>,
    description: Option<&str>,
    price: Option<&Value>,
) -> Option<String> {
    let description = description.map(str::to_owned);
    description.or_else(|| line_descriptions::product_name(ctx, price?))
}

/// Creates a pending invoice item.
pub(crate) fn create_invoice_item(ctx: &mut Ctx<'_>, new: &NewInvoiceItem<'_>) -> Value {
    let mut item = Value::Object(ctx.blank(INVOICE_ITEM));
    let clock = test_clocks::customer_clock(ctx, new.customer).map(|(id, _)| id);
    let parent = new.subscription.map(|subscription| {
        json!({
            "subscription_details": {"subscription": subscription}, "type": "subscription_details",
        })
    });
    let members = json!({
        "amount": new.amount,
        "currency": new.currency,
        "customer": new.customer,
        "date": ctx.now(),
        "description": new.description,
        "discountable": new.discountable,
        "discounts": new.discounts,
        "invoice": null,
        "livemode": ctx.scope.livemode(),
        "metadata": new.metadata,
        "net_amount": new.amount,
        "parent": parent,
        "period": {"start": new.period.0, "end": new.period.1},
        "pricing": new.price.map(line_pricing),
        "proration": new.proration,
        "quantity": new.quantity,
        "quantity_decimal": new.quantity.to_string(),
        "tax_rates": new.tax_rates,
        "test_clock": clock,
    });
    if let (Value::Object(item), Value::Object(members)) = (&mut item, members) {
        item.extend(members);
        item.remove("proration_details");
    }
    ctx.insert(INVOICE_ITEM, &item);
    ctx.emit("invoiceitem.created", &item, None);
    item
}

/// The pending items of a customer in one currency, oldest first.
pub(super) fn pending_items(
    ctx: &Ctx<'_>,
    customer: &str,
    currency: &str,
    pull: PendingItems<'_>,
) -> Vec<Value> {
    let items = ctx
        .all_with(INVOICE_ITEM, "customer", customer)
        .into_iter()
        .rev();
    items
        .filter(|item| item["invoice"].is_null() && item["currency"] == currency)
        .filter(|item| {
            let owner = item["parent"]["subscription_details"]["subscription"].as_str();
            match pull {
                PendingItems::OfSubscription(subscription) => {
                    owner.is_none_or(|owner| owner == subscription)
                }
                PendingItems::WithoutSubscription | PendingItems::None => owner.is_none(),
            }
        })
        .collect()
}

/// Assigns an item to an invoice.
pub(super) fn assign_to_invoice(ctx: &mut Ctx<'_>, item: &mut Value, invoice: &str) {
    item["invoice"] = invoice.into();
    ctx.update(INVOICE_ITEM, item);
}

/// The invoice line of an item.
pub(super) fn item_as_line(ctx: &Ctx<'_>, item: &Value) -> NewLine {
    let words = |value: &Value| value.as_str().map(str::to_owned);
    let price = item["pricing"]["price_details"]["price"].as_str();
    NewLine {
        amount: number(item, "amount"),
        description: words(&item["description"]),
        period: (
            number(&item["period"], "start"),
            number(&item["period"], "end"),
        ),
        quantity: item["quantity"].as_i64().unwrap_or(1),
        price: price.and_then(|id| ctx.get("price", id)),
        origin: LineOrigin::InvoiceItem {
            id: text(item, "id").to_owned(),
            subscription: words(&item["parent"]["subscription_details"]["subscription"]),
            proration: item["proration"] == true,
        },
        metadata: item["metadata"].clone(),
        discountable: item["discountable"] == true,
        discounts: list(item, "discounts").to_vec(),
        tax_rates: list(item, "tax_rates").to_vec(),
    }
}
