//! Invoice items: what a customer owes besides subscriptions, waiting for the next invoice or put on a draft at once.

use serde_json::{Value, json};

use super::super::currency;
use super::lines::{Line, Origin, pricing};
use super::{clocks, invoices, prices};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;
use crate::store::Query;

const ITEM: &str = "invoiceitem";

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoice_items.create", create);
    registry.add("invoice_items.delete", delete);
}

/// An item to be made.
pub(super) struct NewItem<'a> {
    pub(super) customer: &'a str,
    pub(super) currency: &'a str,
    pub(super) amount: i64,
    pub(super) quantity: i64,
    pub(super) description: Option<String>,
    pub(super) period: (i64, i64),
    pub(super) price: Option<&'a Value>,
    /// A change of this subscription in the middle of a period.
    pub(super) proration_of: Option<&'a str>,
    pub(super) metadata: Value,
}

/// `POST /v1/invoiceitems`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    ctx.referenced("customer", &customer, "customer")?;
    let now = clocks::now_of(ctx, &customer);
    let mut ctx = ctx.at(now);
    let price = if params.has("pricing.price") {
        let given = json!({"price": params.text("pricing.price")});
        prices::named(&mut ctx, &given, "pricing")?
    } else {
        prices::named(
            &mut ctx,
            &Value::Object(params.values().clone()),
            "price_data",
        )?
    };
    let quantity = params.int("quantity").unwrap_or(1);
    let amount = match (&price, params.int("amount")) {
        (Some(price), _) => prices::cost(price, quantity),
        (None, Some(amount)) => amount,
        (None, None) => return Err(ApiError::missing_parameter("amount")),
    };
    let currency = price
        .as_ref()
        .and_then(|price| price["currency"].as_str())
        .or(params.text("currency"))
        .ok_or_else(|| ApiError::missing_parameter("currency"))?
        .to_ascii_lowercase();
    currency::check(&currency, "currency")?;
    let start = params.int("period.start").unwrap_or(now);
    let new = NewItem {
        customer: &customer,
        currency: &currency,
        amount,
        quantity,
        description: params.text("description").map(str::to_owned),
        period: (start, params.int("period.end").unwrap_or(start)),
        price: price.as_ref(),
        proration_of: None,
        metadata: params.map("metadata").cloned().unwrap_or_default().into(),
    };
    let invoice = params.text("invoice").map(str::to_owned);
    let item = make(&mut ctx, &new);
    match invoice {
        None => Ok(item),
        Some(invoice) => {
            invoices::add_items(&mut ctx, &invoice, vec![item.clone()])?;
            ctx.required(ITEM, item["id"].as_str().unwrap_or_default())
        }
    }
}

/// Makes an item that waits for an invoice.
pub(super) fn make(ctx: &mut Ctx<'_>, new: &NewItem<'_>) -> Value {
    let mut item = Value::Object(ctx.blank(ITEM));
    let clock = clocks::of_customer(ctx, new.customer).map(|(id, _)| id);
    let parent = new.proration_of.map(|subscription| {
        json!({
            "subscription_details": {"subscription": subscription, "subscription_item": null}, "type": "subscription_details",
        })
    });
    let members = json!({
        "amount": new.amount,
        "currency": new.currency,
        "customer": new.customer,
        "date": ctx.now(),
        "description": new.description,
        "discountable": new.proration_of.is_none(),
        "discounts": [],
        "invoice": null,
        "livemode": ctx.scope.livemode(),
        "metadata": new.metadata,
        "net_amount": new.amount,
        "parent": parent,
        "period": {"start": new.period.0, "end": new.period.1},
        "pricing": new.price.map(pricing),
        "proration": new.proration_of.is_some(),
        "quantity": new.quantity,
        "quantity_decimal": new.quantity.to_string(),
        "tax_rates": [],
        "test_clock": clock,
    });
    if let (Value::Object(item), Value::Object(members)) = (&mut item, members) {
        item.extend(members);
        item.remove("proration_details");
    }
    ctx.insert(ITEM, &item);
    ctx.emit("invoiceitem.created", &item, None);
    item
}

/// The items of a customer that wait, oldest first, in one currency.
pub(super) fn waiting(ctx: &Ctx<'_>, customer: &str, currency: &str) -> Vec<Value> {
    let query = Query {
        limit: usize::MAX,
        filters: &[("customer", customer), ("currency", currency)],
        ..Query::default()
    };
    let page = ctx.world.store.list(&ctx.scope, ITEM, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    let items = records.iter().rev().map(|record| record.parse());
    items.filter(|item| item["invoice"].is_null()).collect()
}

/// An item as a line; the item now belongs to the invoice.
pub(super) fn into_line(ctx: &mut Ctx<'_>, mut item: Value, invoice: &str) -> Line {
    item["invoice"] = invoice.into();
    ctx.update(ITEM, &item);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let price = item["pricing"]["price_details"]["price"].as_str();
    Line {
        amount: item["amount"].as_i64().unwrap_or(0),
        description: text(&item["description"]),
        period: (
            item["period"]["start"].as_i64().unwrap_or(0),
            item["period"]["end"].as_i64().unwrap_or(0),
        ),
        quantity: item["quantity"].as_i64().unwrap_or(1),
        price: price.and_then(|id| ctx.get("price", id)),
        origin: Origin::InvoiceItem {
            id: text(&item["id"]).unwrap_or_default(),
            subscription: text(&item["parent"]["subscription_details"]["subscription"]),
            proration: item["proration"] == true,
        },
        metadata: item["metadata"].clone(),
    }
}

/// `DELETE /v1/invoiceitems/{invoiceitem}`: while no invoice has it that is not a draft.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoiceitem");
    let item = ctx.required(ITEM, id)?;
    if let Some(invoice) = item["invoice"].as_str() {
        invoices::remove_item(ctx, invoice, id)?;
    }
    ctx.emit("invoiceitem.deleted", &item, None);
    Ok(ctx.delete(ITEM, id))
}
