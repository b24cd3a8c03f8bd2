//! Invoice items: what a customer owes besides subscriptions, waiting for the next invoice or put on a draft at once.

use serde_json::{Value, json};

use crate::billing::invoices::Pull;
use crate::billing::lines::{Line, Origin, pricing};
use crate::billing::{discounts, invoices, line_descriptions, prices, taxes};
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::json::{list, number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::test_clocks;

const ITEM: &str = "invoiceitem";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("invoice_items.create", create);
    registry.add("invoice_items.delete", delete);
    registry.add("invoice_items.update", update);
}

/// An item to be made.
pub(crate) struct NewItem<'a> {
    pub(crate) customer: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) amount: i64,
    pub(crate) quantity: i64,
    pub(crate) description: Option<String>,
    pub(crate) period: (i64, i64),
    pub(crate) price: Option<&'a Value>,
    /// The subscription it belongs to.
    pub(crate) subscription: Option<&'a str>,
    /// Does it come of a change in the middle of a period?
    pub(crate) proration: bool,
    pub(crate) discountable: bool,
    /// The ids of the discounts of its own.
    pub(crate) discounts: Vec<Value>,
    pub(crate) tax_rates: Vec<Value>,
    pub(crate) metadata: Value,
}

/// What one line of a cart comes to on the invoice of who bought it at `now`.
pub(crate) fn bought<'a>(
    line: &'a Value,
    customer: &'a str,
    currency: &'a str,
    now: i64,
    tax_rates: Vec<Value>,
) -> NewItem<'a> {
    NewItem {
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

/// `POST /v1/invoiceitems`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    ctx.referenced("customer", &customer, "customer")?;
    let now = test_clocks::customer_now(ctx, &customer);
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
    if let Some(price) = &price {
        prices::must_be_one_time(price, "pricing[price]")?;
    }
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
    let subscription = params.text("subscription").map(str::to_owned);
    if let Some(id) = &subscription {
        ctx.referenced("subscription", id, "subscription")?;
    }
    let new = NewItem {
        customer: &customer,
        currency: &currency,
        amount,
        quantity,
        description: named_or(&ctx, params.text("description"), price.as_ref()),
        period: (start, params.int("period.end").unwrap_or(start)),
        price: price.as_ref(),
        subscription: subscription.as_deref(),
        proration: false,
        discountable: params.bool("discountable").unwrap_or(true),
        discounts: discounts::make(&mut ctx, params.list("discounts"), &customer, None)?,
        tax_rates: taxes::named(&ctx, params.list("tax_rates"), "tax_rates")?,
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

/// What an item says it is: what was said, or else the name of what its price is for.
pub(crate) fn named_or(ctx: &Ctx<'_>, said: Option<&str>, price: Option<&Value>) -> Option<String> {
    let said = said.map(str::to_owned);
    said.or_else(|| line_descriptions::product(ctx, price?))
}

/// Makes an item that waits for an invoice.
pub(crate) fn make(ctx: &mut Ctx<'_>, new: &NewItem<'_>) -> Value {
    let mut item = Value::Object(ctx.blank(ITEM));
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
        "pricing": new.price.map(pricing),
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
    ctx.insert(ITEM, &item);
    ctx.emit("invoiceitem.created", &item, None);
    item
}

/// The items of a customer that wait, oldest first, in one currency.
pub(crate) fn waiting(ctx: &Ctx<'_>, customer: &str, currency: &str, pull: Pull<'_>) -> Vec<Value> {
    let items = ctx.all_with(ITEM, "customer", customer).into_iter().rev();
    items
        .filter(|item| item["invoice"].is_null() && item["currency"] == currency)
        .filter(|item| {
            let owner = item["parent"]["subscription_details"]["subscription"].as_str();
            match pull {
                Pull::Of(subscription) => owner.is_none_or(|owner| owner == subscription),
                Pull::Free | Pull::Nothing => owner.is_none(),
            }
        })
        .collect()
}

/// The item belongs to this invoice from now on.
pub(crate) fn put_on(ctx: &mut Ctx<'_>, item: &mut Value, invoice: &str) {
    item["invoice"] = invoice.into();
    ctx.update(ITEM, item);
}

/// An item as a line.
pub(crate) fn as_line(ctx: &Ctx<'_>, item: &Value) -> Line {
    let words = |value: &Value| value.as_str().map(str::to_owned);
    let price = item["pricing"]["price_details"]["price"].as_str();
    Line {
        amount: number(item, "amount"),
        description: words(&item["description"]),
        period: (
            number(&item["period"], "start"),
            number(&item["period"], "end"),
        ),
        quantity: item["quantity"].as_i64().unwrap_or(1),
        price: price.and_then(|id| ctx.get("price", id)),
        origin: Origin::InvoiceItem {
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

/// Is the item on an invoice that can no longer be changed?
fn is_fixed(ctx: &Ctx<'_>, invoice: Option<&str>) -> bool {
    let invoice = invoice.and_then(|invoice| ctx.get(invoices::INVOICE, invoice));
    invoice.is_some_and(|invoice| invoice["status"] != "draft")
}

/// `POST /v1/invoiceitems/{invoiceitem}`: while no invoice has it that is not a draft.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoiceitem").to_owned();
    let before = ctx.required(ITEM, &id)?;
    let invoice = before["invoice"].as_str().map(str::to_owned);
    if is_fixed(ctx, invoice.as_deref()) {
        let message = "This invoice item has been deleted.";
        return Err(ApiError::invalid_request(message));
    }
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    for name in ["pricing", "price_data", "discounts", "tax_rates"] {
        plain.remove(name);
    }
    ctx.apply(ITEM, &mut members, &plain)?;
    let mut item = Value::Object(members);
    if params.has("discounts") {
        let customer = text(&before, "customer");
        item["discounts"] = discounts::make(ctx, params.list("discounts"), customer, None)?.into();
    }
    if params.has("tax_rates") {
        item["tax_rates"] = taxes::named(ctx, params.list("tax_rates"), "tax_rates")?.into();
    }
    let given =
        json!({"price": params.text("pricing.price"), "price_data": params.at("price_data")});
    let price = match prices::named(ctx, &given, "pricing")? {
        Some(price) => Some(price),
        None => item["pricing"]["price_details"]["price"]
            .as_str()
            .and_then(|id| ctx.get("price", id)),
    };
    if let Some(price) = price.filter(|_| !params.has("amount")) {
        item["amount"] = prices::cost(&price, number(&item, "quantity")).into();
        item["pricing"] = pricing(&price);
    }
    item["net_amount"] = item["amount"].clone();
    item["quantity_decimal"] = item["quantity"].to_string().into();
    ctx.update(ITEM, &item);
    if let Some(invoice) = invoice {
        invoices::remove_item(ctx, &invoice, &id)?;
        invoices::add_items(ctx, &invoice, vec![item.clone()])?;
    }
    Ok(item)
}

/// `DELETE /v1/invoiceitems/{invoiceitem}`: while no invoice has it that is not a draft.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoiceitem");
    let item = ctx.required(ITEM, id)?;
    let invoice = item["invoice"].as_str();
    if is_fixed(ctx, invoice) {
        let message = "Can't delete an invoice item that is attached to an invoice that is no longer editable";
        return Err(ApiError::invalid_request(message));
    }
    if let Some(invoice) = invoice {
        invoices::remove_item(ctx, invoice, id)?;
    }
    ctx.emit("invoiceitem.deleted", &item, None);
    Ok(ctx.delete(ITEM, id))
}
