//! Quotes: an offer that a customer accepts.
//!
//! ```text
//! draft ─ finalize ─▶ open ─ accept ─▶ accepted: a subscription, a schedule if it starts later, or an invoice
//!   └ cancel, or expires_at ─▶ canceled ◀─┘
//! ```
//!
//! See <https://docs.stripe.com/quotes>.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::billing::cart::{self, Cart};
use crate::billing::invoices::draft::{self, NewInvoice};
use crate::billing::invoices::payments;
use crate::billing::pending_items::{self, PendingItems};
use crate::billing::period::DAY_SECONDS;
use crate::billing::subscriptions::create;
use crate::billing::{discounts, invoice_record, schedules, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::{extend, list, number, text};
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::registry::Registry;
use crate::scheduler::ScheduledTask;
use crate::test_clocks;

const QUOTE: &str = "quote";

/// The default time in which a quote can be accepted.
const QUOTE_LIFETIME_SECONDS: i64 = 30 * DAY_SECONDS;

/// Cancels a quote that was not accepted in time.
#[derive(Debug, Serialize, Deserialize)]
struct ExpireQuote {
    quote: String,
}

impl ScheduledTask for ExpireQuote {
    const KIND: &'static str = "quote";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        expire_quote(ctx, &self.quote);
        Ok(())
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<ExpireQuote>();
    registry.add("quotes.create", create);
    registry.add("quotes.update", update);
    registry.add("quotes.finalize_quote", finalize);
    registry.add("quotes.accept", accept);
    registry.add(
        "quotes.computed_upfront_line_items.list",
        list_upfront_items,
    );
}

/// `POST /v1/quotes`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let now = test_clocks::customer_now(ctx, params.text("customer").unwrap_or_default());
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let from = params
        .text("from_quote.quote")
        .map(|id| ctx.referenced(QUOTE, id, "from_quote[quote]"))
        .transpose()?;
    let mut members = ctx.blank(QUOTE);
    let clock = params
        .text("customer")
        .and_then(|customer| test_clocks::customer_clock(ctx, customer))
        .map(|(id, _)| id);
    let members_of_quote = json!({
        "application": charging_application(ctx),
        "collection_method": "charge_automatically",
        "computed": {"recurring": null, "upfront": {}},
        "created": ctx.now(),
        "discounts": [],
        "expires_at": ctx.now() + QUOTE_LIFETIME_SECONDS,
        "from_quote": from.as_ref().map(|it| json!({"is_revision": params.bool("from_quote.is_revision").unwrap_or(false), "quote": it["id"]})),
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "status": "draft",
        "test_clock": clock,
    });
    if let Value::Object(members_of_quote) = members_of_quote {
        members.extend(members_of_quote);
    }
    members.remove("line_items");
    let mut quote = Value::Object(members);
    let id = text(&quote, "id").to_owned();
    if let Some(from) = &from {
        for name in [
            "customer",
            "description",
            "header",
            "footer",
            "collection_method",
        ] {
            quote[name] = from[name].clone();
        }
        cart::save_cart(ctx, &id, &cart::load_cart(ctx, text(from, "id")));
    }
    write_quote(ctx, &mut quote, params)?;
    check_expiry(ctx, params)?;
    ctx.insert(QUOTE, &quote);
    ctx.emit("quote.created", &quote, None);
    schedule_expiry(ctx, &quote)?;
    Ok(quote)
}

/// Requires an `expires_at` in the future.
fn check_expiry(ctx: &Ctx<'_>, params: &Params) -> Result<(), ApiError> {
    match params.int("expires_at") {
        Some(at) if at <= ctx.now() => {
            let message = "The expires_at of a quote must be in the future.";
            Err(ApiError::invalid_param("expires_at", message))
        }
        _ => Ok(()),
    }
}

/// Schedules the expiry of the quote.
fn schedule_expiry(ctx: &mut Ctx<'_>, quote: &Value) -> Result<(), ApiError> {
    let task = ExpireQuote {
        quote: text(quote, "id").to_owned(),
    };
    let at = number(quote, "expires_at");
    test_clocks::schedule_for_customer(ctx, text(quote, "customer"), at, &task)
}

/// Cancels a quote that has expired and was not accepted.
fn expire_quote(ctx: &mut Ctx<'_>, id: &str) {
    let Some(mut quote) = ctx.get(QUOTE, id) else {
        return;
    };
    let now = test_clocks::customer_now(ctx, text(&quote, "customer"));
    let over = number(&quote, "expires_at") <= now;
    if over && matches!(text(&quote, "status"), "draft" | "open") {
        quote["status"] = "canceled".into();
        quote["status_transitions"]["canceled_at"] = now.into();
        ctx.update(QUOTE, &quote);
        ctx.emit("quote.canceled", &quote, None);
    }
}

/// `POST /v1/quotes/{quote}`: drafts only.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut quote = quote_with_status(ctx, params, "draft", "updated")?;
    let now = test_clocks::customer_now(ctx, text(&quote, "customer"));
    let ctx = &mut ctx.at(now);
    check_expiry(ctx, params)?;
    write_quote(ctx, &mut quote, params)?;
    ctx.update(QUOTE, &quote);
    schedule_expiry(ctx, &quote)?;
    Ok(quote)
}

fn quote_with_status(
    ctx: &Ctx<'_>,
    params: &Params,
    state: &str,
    done: &str,
) -> Result<Value, ApiError> {
    let quote = ctx.required(QUOTE, params.path("quote"))?;
    if quote["status"] == state {
        return Ok(quote);
    }
    let message = format!(
        "Only a quote that is {state} can be {done}: this one is {}.",
        text(&quote, "status")
    );
    Err(ApiError::invalid_request(message))
}

/// Writes the parameters into a quote and recalculates it.
fn write_quote(ctx: &mut Ctx<'_>, quote: &mut Value, params: &Params) -> Result<(), ApiError> {
    let id = text(quote, "id").to_owned();
    let mut plain = params.values().clone();
    for name in ["line_items", "discounts", "from_quote", "test_clock"] {
        plain.remove(name);
    }
    let mut members = quote.as_object().cloned().unwrap_or_default();
    ctx.apply(QUOTE, &mut members, &plain)?;
    *quote = Value::Object(members);
    if params.has("default_tax_rates") {
        taxes::load_tax_rates(ctx, params.list("default_tax_rates"), "default_tax_rates")?;
    }
    if params.has("discounts") {
        let customer = text(quote, "customer").to_owned();
        let ids = discounts::create_discounts(ctx, params.list("discounts"), &customer, None)?;
        quote["discounts"] = ids.into();
    }
    let cart = match params.list("line_items") {
        [] => cart::load_cart(ctx, &id),
        requested => {
            let mut requested = requested.to_vec();
            for item in requested
                .iter_mut()
                .filter(|item| item["tax_rates"].is_null())
            {
                item["tax_rates"] = quote["default_tax_rates"].clone();
            }
            cart::read_line_items(ctx, &requested, "line_items")?
        }
    };
    calculate_quote(ctx, quote, cart)
}

/// Calculates the amounts of a quote: due at once and recurring.
fn calculate_quote(ctx: &mut Ctx<'_>, quote: &mut Value, mut cart: Cart) -> Result<(), ApiError> {
    let id = text(quote, "id").to_owned();
    let coupon = quote["discounts"][0]
        .as_str()
        .and_then(|id| ctx.get("discount", id))
        .map(|discount| discount["source"]["coupon"].clone());
    let customer = ctx
        .get("customer", text(quote, "customer"))
        .unwrap_or_default();
    cart::calculate_totals(
        ctx,
        &mut cart,
        &json!([{"coupon": coupon}]),
        text(&customer, "tax_exempt"),
    )?;
    let all: Vec<&Value> = cart.items.iter().collect();
    let (again, _): (Vec<&Value>, Vec<&Value>) = all
        .iter()
        .partition(|item| item["price"]["type"] == "recurring");
    let interval = again.first().map(|item| item["price"]["recurring"].clone());
    let whole = sums_of_items(&all);
    let mut upfront = whole.clone();
    upfront["line_items"] = json!({
        "object": "list", "data": cart.items, "has_more": false,
        "url": format!("/v1/quotes/{id}/computed_upfront_line_items"),
    });
    let recurring = interval.map(|interval| {
        let mut recurring = sums_of_items(&again);
        recurring["interval"] = interval["interval"].clone();
        recurring["interval_count"] = interval["interval_count"].clone();
        recurring
    });
    quote["amount_subtotal"] = whole["amount_subtotal"].clone();
    quote["amount_total"] = whole["amount_total"].clone();
    quote["total_details"] = whole["total_details"].clone();
    quote["computed"] = json!({"recurring": recurring, "upfront": upfront});
    if !cart.currency.is_empty() {
        quote["currency"] = cart.currency.as_str().into();
    }
    cart::save_cart(ctx, &id, &cart);
    Ok(())
}

fn sums_of_items(items: &[&Value]) -> Value {
    let sum = |name: &str| items.iter().map(|item| number(item, name)).sum::<i64>();
    json!({
        "amount_subtotal": sum("amount_subtotal"), "amount_total": sum("amount_total"),
        "total_details": {
            "amount_discount": sum("amount_discount"), "amount_shipping": 0, "amount_tax": sum("amount_tax"),
        },
    })
}

/// `GET /v1/quotes/{quote}/computed_upfront_line_items`.
fn list_upfront_items(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("quote");
    ctx.required(QUOTE, id)?;
    Ok(json!({
        "object": "list", "data": cart::load_cart(ctx, id).items, "has_more": false,
        "url": format!("/v1/quotes/{id}/computed_upfront_line_items"),
    }))
}

/// `POST /v1/quotes/{quote}/finalize`.
fn finalize(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut quote = quote_with_status(ctx, params, "draft", "finalized")?;
    let now = test_clocks::customer_now(ctx, text(&quote, "customer"));
    let ctx = &mut ctx.at(now);
    check_expiry(ctx, params)?;
    if !quote["customer"].is_string() {
        let message = "A quote must have a customer before it is finalized.";
        return Err(ApiError::invalid_request(message).code("parameter_missing"));
    }
    if cart::load_cart(ctx, text(&quote, "id")).items.is_empty() {
        let message = "A quote must have line items before it is finalized.";
        return Err(ApiError::invalid_request(message).code("parameter_missing"));
    }
    if let Some(at) = params.int("expires_at") {
        quote["expires_at"] = at.into();
        schedule_expiry(ctx, &quote)?;
    }
    let digits = crate::random::derived_text(text(&quote, "id"), 8).to_ascii_uppercase();
    quote["number"] = format!("QT-{digits}-0001-1").into();
    quote["status"] = "open".into();
    quote["status_transitions"]["finalized_at"] = ctx.now().into();
    ctx.update(QUOTE, &quote);
    ctx.emit("quote.finalized", &quote, None);
    Ok(quote)
}

/// `POST /v1/quotes/{quote}/accept`.
fn accept(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut quote = quote_with_status(ctx, params, "open", "accepted")?;
    let now = test_clocks::customer_now(ctx, text(&quote, "customer"));
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    if number(&quote, "expires_at") < now {
        return Err(ApiError::invalid_request(
            "This quote has expired: it cannot be accepted any more.",
        ));
    }
    let cart = cart::load_cart(ctx, text(&quote, "id"));
    if cart.is_recurring() {
        create_subscription(ctx, &mut quote, &cart)?;
    } else {
        quote["invoice"] = create_invoice(ctx, &quote, &cart)?["id"].clone();
    }
    quote["status"] = "accepted".into();
    quote["status_transitions"]["accepted_at"] = now.into();
    ctx.update(QUOTE, &quote);
    ctx.emit("quote.accepted", &quote, None);
    Ok(quote)
}

fn item_tax_rates(item: &Value) -> Vec<Value> {
    let taxes = list(item, "taxes").iter();
    taxes.map(|tax| tax["rate"].clone()).collect()
}

/// Creates a subscription of the recurring items; the other items go on its first invoice.
fn create_subscription(ctx: &mut Ctx<'_>, quote: &mut Value, cart: &Cart) -> Result<(), ApiError> {
    let (again, once): (Vec<Value>, Vec<Value>) = cart
        .items
        .iter()
        .cloned()
        .partition(|item| item["price"]["type"] == "recurring");
    let data = quote["subscription_data"].clone();
    let mut form = Map::new();
    let copied = [
        ("application_fee_percent", &quote["application_fee_percent"]),
        ("collection_method", &quote["collection_method"]),
        ("customer", &quote["customer"]),
        (
            "days_until_due",
            &quote["invoice_settings"]["days_until_due"],
        ),
        ("description", &data["description"]),
        ("metadata", &data["metadata"]),
        ("on_behalf_of", &quote["on_behalf_of"]),
        ("trial_period_days", &data["trial_period_days"]),
    ];
    for (name, value) in copied.into_iter().filter(|(_, value)| !value.is_null()) {
        form.insert(name.to_owned(), value.clone());
    }
    if let Some(destination) = quote["transfer_data"]["destination"].as_str() {
        let mut to = json!({"destination": destination});
        if quote["transfer_data"]["amount_percent"].is_number() {
            to["amount_percent"] = quote["transfer_data"]["amount_percent"].clone();
        }
        form.insert("transfer_data".into(), to);
    }
    let taken = list(quote, "discounts")
        .iter()
        .map(|id| json!({"discount": id}));
    let taken: Vec<Value> = taken.collect();
    if !taken.is_empty() {
        form.insert("discounts".into(), taken.into());
    }
    let later = data["effective_date"].as_i64().filter(|at| *at > ctx.now());
    if let Some(start) = later {
        let phase = json!({"items": cart::items_as_params(&again)});
        let mut scheduled = Map::new();
        scheduled.insert("customer".into(), quote["customer"].clone());
        scheduled.insert("start_date".into(), start.into());
        scheduled.insert("phases".into(), json!([phase]));
        let schedule = schedules::create(ctx, &Params::new(Vec::new(), scheduled))?;
        quote["subscription_schedule"] = schedule["id"].clone();
        return Ok(());
    }
    form.insert("items".into(), cart::items_as_params(&again));
    if !once.is_empty() {
        form.insert("add_invoice_items".into(), cart::items_as_params(&once));
    }
    // A customer without a payment method pays the first invoice later.
    let customer = ctx.required("customer", text(quote, "customer"))?;
    if crate::customers::default_method(&customer).is_none() {
        form.insert("payment_behavior".into(), "default_incomplete".into());
    }
    let subscription = create::create(ctx, &Params::new(Vec::new(), form))?;
    quote["subscription"] = subscription["id"].clone();
    quote["invoice"] = subscription["latest_invoice"].clone();
    Ok(())
}

/// Creates a draft invoice of the one-time items.
fn create_invoice(ctx: &mut Ctx<'_>, quote: &Value, cart: &Cart) -> Result<Value, ApiError> {
    let now = ctx.now();
    let customer = text(quote, "customer");
    let sent = quote["collection_method"] == "send_invoice";
    let days = quote["invoice_settings"]["days_until_due"].as_i64();
    let new = NewInvoice {
        customer,
        currency: &cart.currency,
        reason: "quote_accept",
        subscription: None,
        period: (now, now),
        collection_method: text(quote, "collection_method"),
        days_until_due: sent.then(|| days.unwrap_or(30)),
        auto_advance: false,
        discounts: list(quote, "discounts").to_vec(),
        lines: Vec::new(),
    };
    let draft = draft::create_draft(ctx, new, PendingItems::None)?;
    let mut items = Vec::new();
    for item in &cart.items {
        let new = pending_items::item_of_cart_line(
            item,
            customer,
            &cart.currency,
            now,
            item_tax_rates(item),
        );
        items.push(pending_items::create_invoice_item(ctx, &new));
    }
    draft::add_items_to_draft(ctx, text(&draft, "id"), items)?;
    let split = payments::InvoiceSplit {
        fee: quote["application_fee_amount"].as_i64(),
        transfer_data: quote["transfer_data"]["destination"]
            .as_str()
            .map(|destination| json!({"destination": destination})),
        on_behalf_of: quote["on_behalf_of"].as_str().map(str::to_owned),
    };
    payments::save_invoice_split(ctx, &draft, &split);
    let mut invoice = ctx.required(invoice_record::INVOICE, text(&draft, "id"))?;
    extend(
        &mut invoice,
        json!({
            "description": quote["description"], "footer": quote["footer"],
            "parent": {
                "quote_details": {"quote": quote["id"]}, "subscription_details": null, "type": "quote_details",
            },
        }),
    );
    ctx.update(invoice_record::INVOICE, &invoice);
    Ok(invoice)
}
