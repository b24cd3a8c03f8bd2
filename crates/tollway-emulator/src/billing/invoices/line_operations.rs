//! Operations on the lines of a draft. Each recalculates the draft, and updates the invoice items of changed lines.
//!
//! See <https://docs.stripe.com/api/invoices/add_lines>.

use serde_json::{Value, json};

use crate::billing::invoice_lines::{self, InvoiceLine, line_pricing};
use crate::billing::invoice_record::{self, INVOICE};
use crate::billing::invoices::draft;
use crate::billing::pending_items::{self, INVOICE_ITEM, NewInvoiceItem};
use crate::billing::{discounts, prices, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{list, number, text};
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoices.add_lines", add_lines);
    registry.add("invoices.remove_lines", remove_lines);
    registry.add("invoices.update_lines", update_lines);
    registry.add("invoices.line_items.update", update_line);
}

/// The draft of the request. Writes `invoice_metadata`, if sent.
fn draft_of_request(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(INVOICE, params.path("invoice"))?;
    invoice_record::require_draft(&before)?;
    let Some(metadata) = params.at("invoice_metadata") else {
        return Ok(before);
    };
    let mut members = before.as_object().cloned().unwrap_or_default();
    let changes = json!({"metadata": metadata});
    let changes = changes.as_object().cloned().unwrap_or_default();
    ctx.apply(INVOICE, &mut members, &changes)?;
    let after = Value::Object(members);
    ctx.update(INVOICE, &after);
    Ok(after)
}

/// `POST /v1/invoices/{invoice}/add_lines`: pending items, or new ones.
fn add_lines(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let invoice = draft_of_request(ctx, params)?;
    let mut items = Vec::new();
    let mut taxed = Vec::new();
    for (index, requested) in params.list("lines").iter().enumerate() {
        let param = format!("lines[{index}]");
        let item = match requested["invoice_item"].as_str() {
            Some(item) => ctx.referenced(INVOICE_ITEM, item, &format!("{param}[invoice_item]"))?,
            None => create_item_of_line(ctx, &invoice, requested, &param)?,
        };
        if !list(requested, "tax_amounts").is_empty() {
            taxed.push((text(&item, "id").to_owned(), requested));
        }
        items.push(item);
    }
    let id = text(&invoice, "id");
    draft::add_items_to_draft(ctx, id, items)?;
    for mut line in invoice_lines::load_lines(ctx, id) {
        let item = &line.line["parent"]["invoice_item_details"]["invoice_item"];
        if let Some((_, requested)) = taxed.iter().find(|(id, _)| item == id.as_str()) {
            line.tax_amounts = manual_taxes(ctx, list(requested, "tax_amounts"))?;
            invoice_lines::save_changed_line(ctx, &line);
        }
    }
    recalculated_draft(ctx, id)
}

fn create_item_of_line(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    requested: &Value,
    param: &str,
) -> Result<Value, ApiError> {
    check_amount_and_quantity(requested, param)?;
    let customer = text(invoice, "customer");
    let price = line_price(ctx, requested, param)?;
    let quantity = requested["quantity"].as_i64().unwrap_or(1);
    let amount = match (&price, requested["amount"].as_i64()) {
        (Some(price), _) => prices::cost(price, quantity),
        (None, Some(amount)) => amount,
        (None, None) => return Err(ApiError::missing_parameter(&format!("{param}[amount]"))),
    };
    let now = crate::test_clocks::customer_now(ctx, customer);
    let start = requested["period"]["start"].as_i64().unwrap_or(now);
    let requested_description = requested["description"].as_str();
    let new = NewInvoiceItem {
        customer,
        currency: text(invoice, "currency"),
        amount,
        quantity,
        description: pending_items::description_or_product_name(
            ctx,
            requested_description,
            price.as_ref(),
        ),
        period: (start, requested["period"]["end"].as_i64().unwrap_or(start)),
        price: price.as_ref(),
        subscription: None,
        proration: false,
        discountable: requested["discountable"] != false,
        discounts: discounts::create_discounts(ctx, list(requested, "discounts"), customer, None)?,
        tax_rates: line_tax_rates(ctx, requested, param)?,
        metadata: requested["metadata"]
            .as_object()
            .cloned()
            .unwrap_or_default()
            .into(),
    };
    Ok(pending_items::create_invoice_item(&mut ctx.at(now), &new))
}

/// Refuses `amount` together with `quantity`.
fn check_amount_and_quantity(requested: &Value, param: &str) -> Result<(), ApiError> {
    if requested["amount"].is_null() || requested["quantity"].is_null() {
        return Ok(());
    }
    let message = "You may only specify one of these parameters: amount, quantity.";
    Err(ApiError::invalid_param(
        &member_param(param, "amount"),
        message,
    ))
}

/// The name of a member of `param`, or `name` if `param` is empty.
fn member_param(param: &str, name: &str) -> String {
    match param {
        "" => name.to_owned(),
        param => format!("{param}[{name}]"),
    }
}

fn line_price(
    ctx: &mut Ctx<'_>,
    requested: &Value,
    param: &str,
) -> Result<Option<Value>, ApiError> {
    let price_params =
        json!({"price": requested["pricing"]["price"], "price_data": requested["price_data"]});
    let param = member_param(param, "pricing");
    let price = prices::load_or_create_price(ctx, &price_params, &param)?;
    if let Some(price) = &price {
        prices::require_one_time(price, &format!("{param}[price]"))?;
    }
    Ok(price)
}

fn line_tax_rates(ctx: &Ctx<'_>, requested: &Value, param: &str) -> Result<Vec<Value>, ApiError> {
    taxes::load_tax_rates(
        ctx,
        list(requested, "tax_rates"),
        &member_param(param, "tax_rates"),
    )
}

/// `tax_amounts` of a request, each with a new tax rate.
fn manual_taxes(ctx: &mut Ctx<'_>, requested: &[Value]) -> Result<Vec<Value>, ApiError> {
    let mut taxes = Vec::with_capacity(requested.len());
    for tax in requested {
        let mut data = tax["tax_rate_data"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        data.insert("active".into(), false.into());
        let rate = ctx.generic("tax_rates.create", &Params::new(Vec::new(), data))?;
        taxes.push(json!({
            "amount": tax["amount"], "rate": rate, "taxable_amount": tax["taxable_amount"],
        }));
    }
    Ok(taxes)
}

/// `POST /v1/invoices/{invoice}/update_lines`.
fn update_lines(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let invoice = draft_of_request(ctx, params)?;
    for (index, requested) in params.list("lines").iter().enumerate() {
        let param = format!("lines[{index}]");
        change_line(ctx, &invoice, text(requested, "id"), requested, &param)?;
    }
    recalculated_draft(ctx, text(&invoice, "id"))
}

/// `POST /v1/invoices/{invoice}/lines/{line_item_id}`.
fn update_line(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let invoice = draft_of_request(ctx, params)?;
    let id = params.path("line_item_id");
    let requested = Value::Object(params.values().clone());
    change_line(ctx, &invoice, id, &requested, "")?;
    recalculated_draft(ctx, text(&invoice, "id"))?;
    ctx.required("line_item", id)
}

/// Recalculates a draft and returns it.
fn recalculated_draft(ctx: &mut Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let invoice = ctx.required(INVOICE, id)?;
    draft::recalculate_draft(ctx, &invoice);
    ctx.required(INVOICE, id)
}

/// The line that a request names.
fn requested_line(
    ctx: &Ctx<'_>,
    invoice: &Value,
    id: &str,
    param: &str,
) -> Result<InvoiceLine, ApiError> {
    let mut all = invoice_lines::load_lines(ctx, text(invoice, "id")).into_iter();
    all.find(|line| line.line["id"] == id).ok_or_else(|| {
        let (status, param) = match param {
            "" => (404, "line_item_id".to_owned()),
            param => (400, format!("{param}[id]")),
        };
        let message = format!("No such invoice line item: '{id}'");
        ApiError::new(status, "invalid_request_error", message)
            .code("resource_missing")
            .param(&param)
    })
}

/// Changes a line and its invoice item.
fn change_line(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    id: &str,
    requested: &Value,
    param: &str,
) -> Result<(), ApiError> {
    let mut edited = requested_line(ctx, invoice, id, param)?;
    check_amount_and_quantity(requested, param)?;
    let price = line_price(ctx, requested, param)?;
    set_line_amount(ctx, &mut edited.line, requested, price.as_ref());
    let line = &mut edited.line;
    for name in ["description", "discountable", "period"] {
        if !requested[name].is_null() {
            line[name] = requested[name].clone();
        }
    }
    if !requested["metadata"].is_null() {
        let metadata = json!({"metadata": requested["metadata"]});
        let metadata = metadata.as_object().cloned().unwrap_or_default();
        let mut members = line.as_object().cloned().unwrap_or_default();
        ctx.apply("line_item", &mut members, &metadata)?;
        *line = Value::Object(members);
    }
    if !requested["discounts"].is_null() {
        let customer = text(invoice, "customer");
        let requested_discounts = list(requested, "discounts");
        line["discounts"] =
            discounts::create_discounts(ctx, requested_discounts, customer, None)?.into();
    }
    if !requested["tax_rates"].is_null() {
        edited.tax_rates = line_tax_rates(ctx, requested, param)?;
        edited.tax_amounts = Vec::new();
    }
    if !requested["tax_amounts"].is_null() {
        edited.tax_amounts = manual_taxes(ctx, list(requested, "tax_amounts"))?;
    }
    invoice_lines::save_changed_line(ctx, &edited);
    update_item_of_line(ctx, &edited);
    Ok(())
}

/// Sets the amount: that of the request, or the cost of its price or quantity.
fn set_line_amount(ctx: &Ctx<'_>, line: &mut Value, requested: &Value, price: Option<&Value>) {
    let before = line["quantity"].as_i64().unwrap_or(1);
    let quantity = requested["quantity"].as_i64().unwrap_or(before);
    let own = line["pricing"]["price_details"]["price"]
        .as_str()
        .and_then(|id| ctx.get("price", id));
    let amount = match (requested["amount"].as_i64(), price) {
        (Some(amount), _) => amount,
        (None, Some(price)) => prices::cost(price, quantity),
        (None, None) if quantity == before => return,
        (None, None) => match &own {
            Some(price) => prices::cost(price, quantity),
            None => number(line, "amount") / before.max(1) * quantity,
        },
    };
    if let Some(price) = price {
        line["pricing"] = line_pricing(price);
    } else if !requested["amount"].is_null() {
        // An explicit amount replaces the price.
        line["pricing"] = Value::Null;
    }
    line["amount"] = amount.into();
    line["subtotal"] = amount.into();
    line["quantity"] = quantity.into();
    line["quantity_decimal"] = quantity.to_string().into();
}

/// Copies a changed line into its invoice item.
fn update_item_of_line(ctx: &mut Ctx<'_>, changed: &InvoiceLine) {
    let line = &changed.line;
    let id = line["parent"]["invoice_item_details"]["invoice_item"].as_str();
    let Some(mut item) = id.and_then(|id| ctx.get(INVOICE_ITEM, id)) else {
        return;
    };
    for name in [
        "amount",
        "description",
        "discountable",
        "discounts",
        "metadata",
        "period",
        "pricing",
        "quantity",
        "quantity_decimal",
    ] {
        item[name] = line[name].clone();
    }
    item["net_amount"] = line["amount"].clone();
    item["tax_rates"] = changed.tax_rates.clone().into();
    ctx.update(INVOICE_ITEM, &item);
}

/// `POST /v1/invoices/{invoice}/remove_lines`: their items become pending, or are deleted.
fn remove_lines(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let invoice = draft_of_request(ctx, params)?;
    let id = text(&invoice, "id");
    for (index, requested) in params.list("lines").iter().enumerate() {
        let param = format!("lines[{index}]");
        let InvoiceLine { line, .. } =
            requested_line(ctx, &invoice, text(requested, "id"), &param)?;
        let item = &line["parent"]["invoice_item_details"]["invoice_item"];
        let Some(mut item) = item.as_str().and_then(|item| ctx.get(INVOICE_ITEM, item)) else {
            let message = "Only lines of invoice items can be removed.";
            return Err(ApiError::invalid_param(&format!("{param}[id]"), message));
        };
        let name = text(&item, "id").to_owned();
        draft::remove_item_from_draft(ctx, id, &name)?;
        if requested["behavior"] == "delete" {
            ctx.delete(INVOICE_ITEM, &name);
        } else {
            item["invoice"] = Value::Null;
            ctx.update(INVOICE_ITEM, &item);
        }
    }
    ctx.required(INVOICE, id)
}
