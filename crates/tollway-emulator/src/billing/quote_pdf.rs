//! The PDF of a quote: the offer, its total, and how long it is valid.

use serde_json::Value;

use crate::billing::cart::load_cart;
use crate::ctx::Ctx;
use crate::currency::format;
use crate::error::ApiError;
use crate::generic::Reply;
use crate::json::{number, text};
use crate::merchant_name::merchant_name;
use crate::pages::{self, Document, Line};
use crate::params::Params;

/// `GET /v1/quotes/{quote}/pdf`: 404 if there is no such quote, 400 while it is a draft.
pub(super) fn download(ctx: &mut Ctx<'_>, params: &Params) -> Result<Reply, ApiError> {
    let quote = ctx.required("quote", params.path("quote"))?;
    if quote["status"] == "draft" {
        let message = "A draft of a quote has no PDF: finalize it first.";
        return Err(ApiError::invalid_request(message));
    }
    Ok(Reply::Stream {
        content_type: "application/pdf",
        bytes: build_document(ctx, &quote).write().into(),
    })
}

fn build_document(ctx: &Ctx<'_>, quote: &Value) -> Document {
    let words = |text: String| Line::Text(text);
    let currency = text(quote, "currency");
    let money = |amount: i64| format(amount, currency);
    let customer = ctx.get("customer", text(quote, "customer"));
    let customer = customer.unwrap_or_default();
    let to = ["name", "email"].map(|name| text(&customer, name));
    let to: Vec<&str> = to.into_iter().filter(|part| !part.is_empty()).collect();
    let mut lines = vec![words(merchant_name(ctx.world, &ctx.scope))];
    lines.extend(text_line(quote, "header"));
    lines.push(words(format!("Quote for: {}", to.join(", "))));
    let until = pages::day(number(quote, "expires_at"));
    lines.push(words(format!("Valid until: {until}")));
    lines.push(words(format!("Status: {}", text(quote, "status"))));
    lines.extend(text_line(quote, "description"));
    lines.push(Line::Gap);
    for item in &load_cart(ctx, text(quote, "id")).items {
        let name = item["description"].as_str().unwrap_or("Item");
        let name = format!(
            "{} × {name}{}",
            number(item, "quantity"),
            interval_suffix(&item["price"])
        );
        lines.push(Line::Row(name, money(number(item, "amount_subtotal"))));
    }
    lines.push(Line::Gap);
    let details = &quote["total_details"];
    let subtotal = money(number(quote, "amount_subtotal"));
    lines.push(Line::Row("Subtotal".to_owned(), subtotal));
    let off = number(details, "amount_discount");
    if off != 0 {
        lines.push(Line::Row("Discount".to_owned(), money(-off)));
    }
    let tax = number(details, "amount_tax");
    if tax != 0 {
        lines.push(Line::Row("Tax".to_owned(), money(tax)));
    }
    let total = money(number(quote, "amount_total"));
    lines.push(Line::Sum("Total due at once".to_owned(), total));
    let again = &quote["computed"]["recurring"];
    if again.is_object() {
        let label = format!("Then{}", interval_phrase(again));
        lines.push(Line::Sum(label, money(number(again, "amount_total"))));
    }
    lines.extend(text_line(quote, "footer"));
    Document {
        title: format!("Quote {}", text(quote, "number")),
        lines,
    }
}

/// A text of the quote, if it has one.
fn text_line(quote: &Value, name: &str) -> Option<Line> {
    quote[name].as_str().map(|text| Line::Text(text.to_owned()))
}

fn interval_suffix(price: &Value) -> String {
    match &price["recurring"] {
        Value::Object(_) => format!(",{}", interval_phrase(&price["recurring"])),
        _ => String::new(),
    }
}

fn interval_phrase(recurring: &Value) -> String {
    let unit = text(recurring, "interval");
    match recurring["interval_count"].as_i64() {
        Some(count) if count > 1 => format!(" every {count} {unit}s"),
        _ => format!(" every {unit}"),
    }
}
