//! The page of an invoice, `/_tollway/invoices/{invoice}`: its lines, and card inputs while it is open.
//!
//! By curl: `curl -i http://127.0.0.1:12111/_tollway/invoices/in_… -d number=4242424242424242`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::Engine;
use crate::billing::invoice_lines;
use crate::billing::invoices::payments;
use crate::checkout::card::{EnteredCard, card_inputs};
use crate::checkout::page_context::{CheckoutItem, CheckoutPage, Sum};
use crate::ctx::Ctx;
use crate::currency::format;
use crate::error::ApiError;
use crate::json::text;
use crate::located_object::open;
use crate::merchant_name::merchant_name;
use crate::pages::{self, Address};
use crate::params::Params;
use crate::payments::payment_intents;

const INVOICE: &str = "invoice";

type PageForm = BTreeMap<String, String>;

pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/invoices/{invoice}", get(show).post(pay))
}

async fn show(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    Query(query): Query<PageForm>,
) -> Response {
    let failed = query
        .get("redirect_status")
        .is_some_and(|it| it == "failed");
    respond(
        &engine,
        &id,
        StatusCode::OK,
        &PageForm::new(),
        &PageForm::new(),
        failed,
        None,
    )
}

async fn pay(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<PageForm>,
) -> Response {
    let (world, scope, _) = match open(&engine, INVOICE, "invoice", &id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    let mut errors = PageForm::new();
    let card = EnteredCard::read(&form, engine.clock().now(), &mut errors);
    let Some(card) = card.filter(|_| errors.is_empty()) else {
        let missing = || "Your card number is incomplete.".to_owned();
        if errors.is_empty() {
            errors.insert("number".to_owned(), missing());
        }
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return respond(&engine, &id, status, &form, &errors, false, None);
    };
    let page = format!("{}/_tollway/invoices/{id}", address.base());
    let paid = engine.transact_at(address.base(), &world, scope, |ctx| {
        pay_with_card(ctx, &id, &card, &page)
    });
    match paid {
        Ok(Some(intent)) => {
            let to = format!("/_tollway/authenticate/{intent}");
            pages::with_page_headers(Redirect::to(&to).into_response(), None)
        }
        Ok(None) => {
            let to = format!("/_tollway/invoices/{id}");
            pages::with_page_headers(Redirect::to(&to).into_response(), None)
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            let message = error.get("message").unwrap_or_default().to_owned();
            errors.insert("number".to_owned(), message.clone());
            respond(&engine, &id, status, &form, &errors, false, Some(message))
        }
    }
}

/// Pays an open invoice. Returns the PaymentIntent if it requires action.
fn pay_with_card(
    ctx: &mut Ctx<'_>,
    id: &str,
    card: &EnteredCard,
    page: &str,
) -> Result<Option<String>, ApiError> {
    let invoice = ctx.required(INVOICE, id)?;
    let open = matches!(invoice["status"].as_str(), Some("open" | "uncollectible"));
    let intent = payments::payment_intent_of(&invoice).filter(|_| open);
    let Some(intent) = intent.map(str::to_owned) else {
        return Err(ApiError::invalid_request(
            "This invoice cannot be paid any more.",
        ));
    };
    let billing = json!({"email": invoice["customer_email"], "name": invoice["customer_name"]});
    let method = card.keep(ctx, &billing)?;
    let mut form = Map::new();
    form.insert("payment_method".into(), method.into());
    form.insert("return_url".into(), page.into());
    let params = Params::new(vec![("intent".to_owned(), intent.clone())], form);
    let confirmed = payment_intents::confirm(ctx, &params)?;
    Ok((confirmed["status"] == "requires_action").then_some(intent))
}

fn respond(
    engine: &Engine,
    id: &str,
    status: StatusCode,
    form: &PageForm,
    errors: &PageForm,
    failed: bool,
    error: Option<String>,
) -> Response {
    let (world, scope, invoice) = match open(engine, INVOICE, "invoice", id) {
        Ok(found) => found,
        Err(page) => return *page,
    };
    if invoice["status"] == "draft" {
        let text = "It is a draft: whoever wrote it has not sent it yet.";
        let heading = "There is no such invoice yet";
        return pages::message(StatusCode::NOT_FOUND, heading, text, None);
    }
    let shown = engine.transact_internal(&world, scope, |ctx| {
        let error = error.or_else(|| failed.then(|| last_payment_error(ctx, &invoice)).flatten());
        Ok(build_invoice_page(ctx, &invoice, form, errors, error))
    });
    match shown {
        Ok(page) => pages::respond(status, &page, None),
        Err(error) => pages::refused(&error),
    }
}

fn last_payment_error(ctx: &Ctx<'_>, invoice: &Value) -> Option<String> {
    let intent = ctx.get("payment_intent", payments::payment_intent_of(invoice)?)?;
    intent["last_payment_error"]["message"]
        .as_str()
        .map(str::to_owned)
}

fn build_invoice_page(
    ctx: &Ctx<'_>,
    invoice: &Value,
    form: &PageForm,
    errors: &PageForm,
    error: Option<String>,
) -> CheckoutPage {
    let currency = invoice["currency"].as_str().unwrap_or_default();
    let money = |name: &str| format(invoice[name].as_i64().unwrap_or(0), currency);
    let sum = |label: &str, name: &str| Sum {
        label: label.to_owned(),
        amount: money(name),
    };
    let open = invoice["status"] == "open";
    let mut inputs = if open { card_inputs() } else { Vec::new() };
    for input in &mut inputs {
        input.fill(form, errors);
    }
    let lines = invoice_lines::line_items(ctx, text(invoice, "id"));
    CheckoutPage {
        heading: format!(
            "Invoice {} from {}",
            invoice["number"].as_str().unwrap_or_default(),
            merchant_name(ctx.world, &ctx.scope)
        ),
        caption: "Lines",
        mode: ctx.scope.mode.as_str(),
        items: lines
            .iter()
            .map(|line| invoice_row(line, currency))
            .collect(),
        trial: None,
        sums: vec![
            sum("Subtotal", "subtotal"),
            sum("Total", "total"),
            sum(
                if open { "Amount due" } else { "Amount paid" },
                if open {
                    "amount_remaining"
                } else {
                    "amount_paid"
                },
            ),
        ],
        inputs,
        updates: false,
        promotion: None,
        button: open.then(|| format!("Pay {}", money("amount_remaining"))),
        note: Some(status_text(invoice)),
        cancel: None,
        error: error.filter(|_| open),
    }
}

/// Describes the status of an invoice.
fn status_text(invoice: &Value) -> String {
    let at = |name: &str| invoice["status_transitions"][name].as_i64().map(pages::day);
    match invoice["status"].as_str() {
        Some("paid") => format!("Paid on {}.", at("paid_at").unwrap_or_default()),
        Some("void") => "This invoice was voided: nothing is to be paid.".to_owned(),
        Some("uncollectible") => "This invoice was given up.".to_owned(),
        _ => match invoice["due_date"].as_i64() {
            Some(due) => format!("Due on {}.", pages::day(due)),
            None => "Not paid yet.".to_owned(),
        },
    }
}

fn invoice_row(line: &Value, currency: &str) -> CheckoutItem {
    let period = &line["period"];
    let (start, end) = (
        period["start"].as_i64().unwrap_or(0),
        period["end"].as_i64().unwrap_or(0),
    );
    CheckoutItem {
        description: line["description"].as_str().unwrap_or("Item").to_owned(),
        quantity: line["quantity"].as_i64().unwrap_or(1),
        note: (end > start).then(|| format!("{} to {}", pages::day(start), pages::day(end))),
        amount: format(line["amount"].as_i64().unwrap_or(0), currency),
    }
}
