//! Documents of payments: invoices and credit notes as PDF, and the receipt of a charge.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde_json::Value;

use crate::Engine;
use crate::billing::invoice_lines;
use crate::checkout::page_context::{CheckoutItem, CheckoutPage, Sum};
use crate::ctx::Ctx;
use crate::currency::format;
use crate::json::{list, number, text};
use crate::located_object::open;
use crate::merchant_name::merchant_name;
use crate::pages::{self, Document, Line};

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/_tollway/invoices/{invoice}/pdf", get(invoice))
        .route("/_tollway/credit_notes/{note}/pdf", get(credit_note))
        .route("/_tollway/receipts/{charge}", get(receipt))
}

/// `GET /_tollway/invoices/{invoice}/pdf`: an invoice's `invoice_pdf`.
async fn invoice(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let (world, scope, invoice) = match open(&engine, "invoice", "invoice", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    if invoice["status"] == "draft" {
        return pages::not_found("final invoice", &id);
    }
    let written =
        engine.transact_internal(&world, scope, |ctx| Ok(invoice_document(ctx, &invoice)));
    match written {
        Ok(document) => document.respond(text(&invoice, "number")),
        Err(error) => pages::refused(&error),
    }
}

/// `GET /_tollway/credit_notes/{note}/pdf`: a credit note's `pdf`.
async fn credit_note(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let (world, scope, note) = match open(&engine, "credit_note", "credit note", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let written =
        engine.transact_internal(&world, scope, |ctx| Ok(credit_note_document(ctx, &note)));
    match written {
        Ok(document) => document.respond(text(&note, "number")),
        Err(error) => pages::refused(&error),
    }
}

fn text_line(text: impl Into<String>) -> Line {
    Line::Text(text.into())
}

fn invoice_document(ctx: &Ctx<'_>, invoice: &Value) -> Document {
    let currency = text(invoice, "currency");
    let money = |amount: i64| format(amount, currency);
    let mut lines = vec![
        text_line(merchant_name(ctx.world, &ctx.scope)),
        text_line(format!(
            "Date of issue: {}",
            pages::day(number(invoice, "effective_at"))
        )),
    ];
    if let Some(due) = invoice["due_date"].as_i64() {
        lines.push(text_line(format!("Due: {}", pages::day(due))));
    }
    lines.push(text_line(format!("Status: {}", text(invoice, "status"))));
    let to = ["customer_name", "customer_email"].map(|name| text(invoice, name));
    let to: Vec<&str> = to.into_iter().filter(|part| !part.is_empty()).collect();
    lines.push(text_line(format!("Bill to: {}", to.join(", "))));
    lines.push(Line::Gap);
    for line in invoice_lines::line_items(ctx, text(invoice, "id")) {
        let quantity = line["quantity"].as_i64().unwrap_or(1);
        let name = line["description"].as_str().unwrap_or("Item");
        let name = if quantity == 1 {
            name.to_owned()
        } else {
            format!("{name} ({quantity})")
        };
        lines.push(Line::Row(name, money(number(&line, "amount"))));
    }
    lines.push(Line::Gap);
    lines.push(Line::Row(
        "Subtotal".to_owned(),
        money(number(invoice, "subtotal")),
    ));
    for off in list(invoice, "total_discount_amounts") {
        lines.push(Line::Row(
            "Discount".to_owned(),
            money(-number(off, "amount")),
        ));
    }
    for tax in list(invoice, "total_taxes") {
        lines.push(Line::Row(tax_label(ctx, tax), money(number(tax, "amount"))));
    }
    lines.push(Line::Sum(
        "Total".to_owned(),
        money(number(invoice, "total")),
    ));
    lines.push(Line::Sum(
        "Amount paid".to_owned(),
        money(number(invoice, "amount_paid")),
    ));
    lines.push(Line::Sum(
        "Amount due".to_owned(),
        money(number(invoice, "amount_remaining")),
    ));
    Document {
        title: format!("Invoice {}", text(invoice, "number")),
        lines,
    }
}

/// `VAT 19 %`.
fn tax_label(ctx: &Ctx<'_>, tax: &Value) -> String {
    let rate = ctx.get("tax_rate", text(&tax["tax_rate_details"], "tax_rate"));
    let rate = rate.unwrap_or_default();
    let name = rate["display_name"].as_str().unwrap_or("Tax");
    let included = if tax["tax_behavior"] == "inclusive" {
        " (included)"
    } else {
        ""
    };
    format!("{name} {} %{included}", rate["percentage"])
}

fn credit_note_document(ctx: &Ctx<'_>, note: &Value) -> Document {
    let currency = text(note, "currency");
    let money = |amount: i64| format(amount, currency);
    let invoice = ctx
        .get("invoice", text(note, "invoice"))
        .unwrap_or_default();
    let mut lines = vec![
        text_line(merchant_name(ctx.world, &ctx.scope)),
        text_line(format!(
            "Date of issue: {}",
            pages::day(number(note, "effective_at"))
        )),
        text_line(format!("Invoice: {}", text(&invoice, "number"))),
        text_line(format!("Status: {}", text(note, "status"))),
        Line::Gap,
    ];
    for line in list(&note["lines"], "data") {
        let name = line["description"].as_str().unwrap_or("Credit");
        lines.push(Line::Row(name.to_owned(), money(number(line, "amount"))));
    }
    lines.push(Line::Sum(
        "Total credited".to_owned(),
        money(number(note, "total")),
    ));
    if let Some(memo) = note["memo"].as_str() {
        lines.push(Line::Gap);
        lines.push(text_line(memo));
    }
    Document {
        title: format!("Credit note {}", text(note, "number")),
        lines,
    }
}

/// `GET /_tollway/receipts/{charge}`: a charge's `receipt_url`.
async fn receipt(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let (world, scope, charge) = match open(&engine, "charge", "charge", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    if charge["paid"] != true {
        let message = format!(
            "The charge {id} was not paid: its status is {}.",
            text(&charge, "status")
        );
        return pages::message(StatusCode::CONFLICT, "No receipt", message, None);
    }
    let merchant = merchant_name(&world.lock(), &scope);
    let money = |name: &str| format(number(&charge, name), text(&charge, "currency"));
    let sum = |label: &str, amount: String| Sum {
        label: label.to_owned(),
        amount,
    };
    let mut sums = vec![sum("Amount paid", money("amount_captured"))];
    if number(&charge, "amount_refunded") > 0 {
        sums.insert(
            0,
            sum(
                "Refunded",
                format(
                    -number(&charge, "amount_refunded"),
                    text(&charge, "currency"),
                ),
            ),
        );
    }
    let page = CheckoutPage {
        heading: format!("Receipt from {merchant}"),
        caption: "Your payment",
        mode: scope.mode.as_str(),
        items: vec![CheckoutItem {
            description: charge["description"]
                .as_str()
                .unwrap_or("Payment")
                .to_owned(),
            quantity: 1,
            note: None,
            amount: money("amount"),
        }],
        trial: None,
        sums,
        inputs: Vec::new(),
        updates: false,
        promotion: None,
        button: None,
        note: Some(format!(
            "{} paid to {merchant} with {} on {}. Reference: {id}.",
            money("amount"),
            payment_method_text(&charge),
            pages::day(number(&charge, "created"))
        )),
        cancel: None,
        error: None,
    };
    pages::respond(StatusCode::OK, &page, None)
}

/// Describes the payment method of a charge.
fn payment_method_text(charge: &Value) -> String {
    let details = &charge["payment_method_details"];
    let kind = details["type"].as_str().unwrap_or("card");
    let last4 = details[kind]["last4"].as_str();
    let name = details[kind]["brand"]
        .as_str()
        .unwrap_or(kind)
        .replace('_', " ");
    match last4 {
        Some(last4) => format!("{name} ending in {last4}"),
        None => name,
    }
}
