//! The line items of an invoice: built, stored with their own tax rates, and shown in the invoice.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::generic::GenericCtx as _;
use crate::json::text;
use crate::world::PrivateRecord;

/// How many lines an invoice contains; `/v1/invoices/{invoice}/lines` lists all.
const EMBEDDED_LINES: usize = 10;

/// A line before it has an id.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    pub(crate) amount: i64,
    pub(crate) description: Option<String>,
    pub(crate) period: (i64, i64),
    pub(crate) quantity: i64,
    /// The price, if the line has one.
    pub(crate) price: Option<Value>,
    pub(crate) origin: LineOrigin,
    pub(crate) metadata: Value,
    /// Whether discounts apply to it.
    pub(crate) discountable: bool,
    /// The ids of its own discounts.
    pub(crate) discounts: Vec<Value>,
    /// Its own tax rates; without them the default tax rates of the invoice apply.
    pub(crate) tax_rates: Vec<Value>,
}

/// A line item with its own taxes.
#[derive(Debug, Clone)]
pub(crate) struct InvoiceLine {
    pub(crate) line: Value,
    pub(crate) tax_rates: Vec<Value>,
    /// Taxes with amounts from a request. They replace calculated taxes.
    pub(crate) tax_amounts: Vec<Value>,
}

/// The own taxes of a line item, as they are stored.
#[derive(Debug, Default, Serialize, Deserialize)]
struct LineTaxes {
    rates: Vec<Value>,
    amounts: Vec<Value>,
}

impl PrivateRecord for LineTaxes {
    const TYPE: &'static str = "_line_tax_rates";
}

/// The source of a line.
#[derive(Debug, Clone)]
pub(crate) enum LineOrigin {
    /// A subscription item.
    Item { subscription: String, item: String },
    /// An invoice item.
    InvoiceItem {
        id: String,
        subscription: Option<String>,
        proration: bool,
    },
}

/// `pricing` of a line or an invoice item.
pub(super) fn line_pricing(price: &Value) -> Value {
    json!({
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    })
}

/// Builds line items without storing them.
pub(super) fn build_lines(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    lines: Vec<NewLine>,
) -> Vec<InvoiceLine> {
    let built = lines.into_iter().map(|mut line| InvoiceLine {
        tax_rates: std::mem::take(&mut line.tax_rates),
        tax_amounts: Vec::new(),
        line: build_line_item(ctx, invoice, line),
    });
    built.collect()
}

/// Stores new lines under their invoice.
pub(super) fn save_new_lines(ctx: &mut Ctx<'_>, invoice: &str, lines: &[InvoiceLine]) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    for line in lines {
        ctx.world
            .store
            .insert_under(&scope, "line_item", Some(invoice), &line.line, now);
        save_line_taxes(ctx, line);
    }
}

/// Stores a changed line.
pub(super) fn save_changed_line(ctx: &mut Ctx<'_>, line: &InvoiceLine) {
    ctx.update("line_item", &line.line);
    save_line_taxes(ctx, line);
}

fn save_line_taxes(ctx: &mut Ctx<'_>, line: &InvoiceLine) {
    let id = text(&line.line, "id");
    if line.tax_rates.is_empty() && line.tax_amounts.is_empty() {
        ctx.remove::<LineTaxes>(id);
        return;
    }
    let taxes = LineTaxes {
        rates: line.tax_rates.clone(),
        amounts: line.tax_amounts.clone(),
    };
    ctx.save(id, &taxes);
}

/// The lines of an invoice with their own taxes, oldest first.
pub(super) fn load_lines(ctx: &Ctx<'_>, invoice: &str) -> Vec<InvoiceLine> {
    let lines = line_items(ctx, invoice).into_iter().map(|line| {
        let taxes = ctx
            .world
            .load_or_fail::<LineTaxes>(&ctx.scope, text(&line, "id"))
            .unwrap_or_default();
        InvoiceLine {
            tax_rates: taxes.rates,
            tax_amounts: taxes.amounts,
            line,
        }
    });
    lines.collect()
}

/// All line items of an invoice, oldest first.
pub(crate) fn line_items(ctx: &Ctx<'_>, invoice: &str) -> Vec<Value> {
    let mut lines = ctx.all_under("line_item", invoice);
    lines.reverse();
    lines
}

/// Puts the first lines into `lines` of the invoice.
pub(super) fn embed_lines(invoice: &mut Value, lines: &[Value]) {
    let id = invoice["id"].as_str().unwrap_or_default();
    invoice["lines"] = json!({
        "object": "list",
        "data": lines.iter().take(EMBEDDED_LINES).collect::<Vec<_>>(),
        "has_more": lines.len() > EMBEDDED_LINES,
        "total_count": lines.len(),
        "url": format!("/v1/invoices/{id}/lines"),
    });
}

fn build_line_item(ctx: &mut Ctx<'_>, invoice: &Value, line: NewLine) -> Value {
    let mut line_item = Value::Object(ctx.blank("line_item"));
    let (parent, subscription) = match line.origin {
        LineOrigin::Item { subscription, item } => (
            json!({
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null, "proration": false, "proration_details": {"credited_items": null},
                    "subscription": subscription, "subscription_item": item,
                },
                "type": "subscription_item_details",
            }),
            Some(subscription),
        ),
        LineOrigin::InvoiceItem {
            id,
            subscription,
            proration,
        } => (
            json!({
                "invoice_item_details": {
                    "invoice_item": id, "proration": proration, "proration_details": {"credited_items": null},
                    "subscription": subscription,
                },
                "subscription_item_details": null,
                "type": "invoice_item_details",
            }),
            subscription,
        ),
    };
    let members = json!({
        "amount": line.amount,
        "currency": invoice["currency"],
        "description": line.description,
        "discount_amounts": [],
        "discountable": line.discountable,
        "discounts": line.discounts,
        "invoice": invoice["id"],
        "livemode": ctx.scope.livemode(),
        "metadata": line.metadata.as_object().cloned().unwrap_or_default(),
        "parent": parent,
        "period": {"start": line.period.0, "end": line.period.1},
        "pretax_credit_amounts": [],
        "pricing": line.price.as_ref().map(line_pricing),
        "quantity": line.quantity,
        "quantity_decimal": line.quantity.to_string(),
        "subscription": subscription,
        "subtotal": line.amount,
        "taxes": [],
    });
    if let (Value::Object(line_item), Value::Object(members)) = (&mut line_item, members) {
        line_item.extend(members);
    }
    line_item
}
