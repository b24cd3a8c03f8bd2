//! The operations of `/v1/invoiceitems`.

use serde_json::{Value, json};

use crate::billing::invoice_lines::line_pricing;
use crate::billing::invoices::draft;
use crate::billing::pending_items::{
    INVOICE_ITEM, NewInvoiceItem, create_invoice_item, description_or_product_name,
};
use crate::billing::{discounts, invoice_record, prices, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::{currency, test_clocks};

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoice_items.create", create);
    registry.add("invoice_items.delete", delete);
    registry.add("invoice_items.update", update);
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
        let price_params = json!({"price": params.text("pricing.price")});
        prices::load_or_create_price(&mut ctx, &price_params, "pricing")?
    } else {
        prices::load_or_create_price(
            &mut ctx,
            &Value::Object(params.values().clone()),
            "price_data",
        )?
    };
    if let Some(price) = &price {
        prices::require_one_time(price, "pricing[price]")?;
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
    let new = NewInvoiceItem {
        customer: &customer,
        currency: &currency,
        amount,
        quantity,
        description: description_or_product_name(&ctx, params.text("description"), price.as_ref()),
        period: (start, params.int("period.end").unwrap_or(start)),
        price: price.as_ref(),
        subscription: subscription.as_deref(),
        proration: false,
        discountable: params.bool("discountable").unwrap_or(true),
        discounts: discounts::create_discounts(
            &mut ctx,
            params.list("discounts"),
            &customer,
            None,
        )?,
        tax_rates: taxes::load_tax_rates(&ctx, params.list("tax_rates"), "tax_rates")?,
        metadata: params.map("metadata").cloned().unwrap_or_default().into(),
    };
    let invoice = params.text("invoice").map(str::to_owned);
    let item = create_invoice_item(&mut ctx, &new);
    match invoice {
        None => Ok(item),
        Some(invoice) => {
            draft::add_items_to_draft(&mut ctx, &invoice, vec![item.clone()])?;
            ctx.required(INVOICE_ITEM, item["id"].as_str().unwrap_or_default())
        }
    }
}

/// Whether the item is on a finalized invoice, which cannot be changed.
fn is_on_finalized_invoice(ctx: &Ctx<'_>, invoice: Option<&str>) -> bool {
    let invoice = invoice.and_then(|invoice| ctx.get(invoice_record::INVOICE, invoice));
    invoice.is_some_and(|invoice| invoice["status"] != "draft")
}

/// `POST /v1/invoiceitems/{invoiceitem}`: pending items, and items on drafts.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoiceitem").to_owned();
    let before = ctx.required(INVOICE_ITEM, &id)?;
    let invoice = before["invoice"].as_str().map(str::to_owned);
    if is_on_finalized_invoice(ctx, invoice.as_deref()) {
        let message = "This invoice item has been deleted.";
        return Err(ApiError::invalid_request(message));
    }
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    for name in ["pricing", "price_data", "discounts", "tax_rates"] {
        plain.remove(name);
    }
    ctx.apply(INVOICE_ITEM, &mut members, &plain)?;
    let mut item = Value::Object(members);
    if params.has("discounts") {
        let customer = text(&before, "customer");
        item["discounts"] =
            discounts::create_discounts(ctx, params.list("discounts"), customer, None)?.into();
    }
    if params.has("tax_rates") {
        item["tax_rates"] =
            taxes::load_tax_rates(ctx, params.list("tax_rates"), "tax_rates")?.into();
    }
    let price_params =
        json!({"price": params.text("pricing.price"), "price_data": params.at("price_data")});
    let price = match prices::load_or_create_price(ctx, &price_params, "pricing")? {
        Some(price) => Some(price),
        None => item["pricing"]["price_details"]["price"]
            .as_str()
            .and_then(|id| ctx.get("price", id)),
    };
    if let Some(price) = price.filter(|_| !params.has("amount")) {
        item["amount"] = prices::cost(&price, number(&item, "quantity")).into();
        item["pricing"] = line_pricing(&price);
    }
    item["net_amount"] = item["amount"].clone();
    item["quantity_decimal"] = item["quantity"].to_string().into();
    ctx.update(INVOICE_ITEM, &item);
    if let Some(invoice) = invoice {
        draft::remove_item_from_draft(ctx, &invoice, &id)?;
        draft::add_items_to_draft(ctx, &invoice, vec![item.clone()])?;
    }
    Ok(item)
}

/// `DELETE /v1/invoiceitems/{invoiceitem}`: pending items, and items on drafts.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("invoiceitem");
    let item = ctx.required(INVOICE_ITEM, id)?;
    let invoice = item["invoice"].as_str();
    if is_on_finalized_invoice(ctx, invoice) {
        let message = "Can't delete an invoice item that is attached to an invoice that is no longer editable";
        return Err(ApiError::invalid_request(message));
    }
    if let Some(invoice) = invoice {
        draft::remove_item_from_draft(ctx, invoice, id)?;
    }
    ctx.emit("invoiceitem.deleted", &item, None);
    Ok(ctx.delete(INVOICE_ITEM, id))
}
