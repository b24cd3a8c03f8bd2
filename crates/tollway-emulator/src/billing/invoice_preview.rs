//! `POST /v1/invoices/create_preview`: the next invoice of a customer or subscription, also after a change.
//!
//! The handler applies the change, reads the invoice it leads to, and undoes everything.

use serde_json::{Map, Value, json};

use crate::billing::invoice_record::INVOICE;
use crate::billing::invoices::draft::{self, NewInvoice};
use crate::billing::pending_items::{self, NewInvoiceItem, PendingItems};
use crate::billing::subscriptions::{bills, create, lifecycle, update};
use crate::billing::{discounts, prices, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{list, number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::test_clocks;

pub(super) fn register(registry: &mut Registry) {
    registry.add("invoices.create_preview", create_preview);
}

fn create_preview(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let preview = preview_invoice(ctx, params);
    ctx.undo();
    preview
}

fn preview_invoice(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let subscription = params
        .text("subscription")
        .map(|id| ctx.referenced("subscription", id, "subscription"))
        .transpose()?;
    let customer = match (&subscription, params.text("customer")) {
        (Some(subscription), _) => text(subscription, "customer").to_owned(),
        (None, Some(customer)) => {
            ctx.referenced("customer", customer, "customer")?;
            customer.to_owned()
        }
        (None, None) => create_customer_of_details(ctx, params)?,
    };
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    create_preview_items(ctx, params, &customer, subscription.as_ref())?;
    let has_items = !params.list("subscription_details.items").is_empty();
    match subscription {
        Some(subscription) => preview_of_subscription(ctx, params, &subscription),
        None if has_items => preview_of_new_subscription(ctx, params, &customer),
        None => preview_of_customer(ctx, params, &customer),
    }
}

/// Creates a customer from `customer_details`.
fn create_customer_of_details(ctx: &mut Ctx<'_>, params: &Params) -> Result<String, ApiError> {
    let Some(details) = params.map("customer_details") else {
        return Err(ApiError::missing_parameter("customer"));
    };
    let mut details = details.clone();
    details.remove("tax");
    details.remove("tax_ids");
    let customer = ctx.generic("customers.create", &Params::new(Vec::new(), details))?;
    Ok(text(&customer, "id").to_owned())
}

/// Creates the `invoice_items` of the request: one-time charges.
fn create_preview_items(
    ctx: &mut Ctx<'_>,
    params: &Params,
    customer: &str,
    subscription: Option<&Value>,
) -> Result<(), ApiError> {
    for (index, requested) in params.list("invoice_items").iter().enumerate() {
        let param = format!("invoice_items[{index}]");
        if let Some(id) = requested["invoiceitem"].as_str() {
            ctx.referenced("invoiceitem", id, &format!("{param}[invoiceitem]"))?;
            ctx.delete("invoiceitem", id);
        }
        let price = prices::load_or_create_price(ctx, requested, &param)?;
        let quantity = requested["quantity"].as_i64().unwrap_or(1);
        let amount = match &price {
            Some(price) => prices::cost(price, quantity),
            None => requested["amount"]
                .as_i64()
                .unwrap_or_else(|| number(requested, "unit_amount") * quantity),
        };
        let own = subscription.map(|it| text(it, "currency").to_owned());
        let requested_currency = price.as_ref().unwrap_or(requested)["currency"].as_str();
        let currency = requested_currency.map(str::to_owned).or(own);
        let currency =
            currency.ok_or_else(|| ApiError::missing_parameter(&format!("{param}[currency]")))?;
        let (now, period) = (ctx.now(), &requested["period"]);
        let start = period["start"].as_i64().unwrap_or(now);
        let new = NewInvoiceItem {
            customer,
            currency: &currency,
            amount,
            quantity,
            description: pending_items::description_or_product_name(
                ctx,
                requested["description"].as_str(),
                price.as_ref(),
            ),
            period: (start, period["end"].as_i64().unwrap_or(start)),
            price: price.as_ref(),
            subscription: subscription.and_then(|it| it["id"].as_str()),
            proration: false,
            discountable: requested["discountable"] != false,
            discounts: discounts::create_discounts(
                ctx,
                list(requested, "discounts"),
                customer,
                None,
            )?,
            tax_rates: taxes::load_tax_rates(
                ctx,
                list(requested, "tax_rates"),
                &format!("{param}[tax_rates]"),
            )?,
            metadata: json!({}),
        };
        pending_items::create_invoice_item(ctx, &new);
    }
    Ok(())
}

/// The members of `subscription_details` that are parameters of a subscription.
fn subscription_params(params: &Params) -> Map<String, Value> {
    let mut form = params
        .map("subscription_details")
        .cloned()
        .unwrap_or_default();
    for name in [
        "cancel_now",
        "resume_at",
        "start_date",
        "pause",
        "billing_mode",
    ] {
        form.remove(name);
    }
    form
}

fn preview_of_subscription(
    ctx: &mut Ctx<'_>,
    params: &Params,
    before: &Value,
) -> Result<Value, ApiError> {
    let id = text(before, "id");
    let path = || vec![("subscription_exposed_id".to_owned(), id.to_owned())];
    let mut form = subscription_params(params);
    if params.bool("subscription_details.cancel_now") == Some(true) {
        let prorates = form.get("proration_behavior").is_none_or(|it| it != "none");
        let mut wish = Map::new();
        wish.insert("prorate".into(), prorates.into());
        wish.insert("invoice_now".into(), true.into());
        lifecycle::cancel(ctx, &Params::new(path(), wish))?;
    } else if !form.is_empty() {
        form.insert("payment_behavior".into(), "default_incomplete".into());
        if let Some(discounts) = params.at("discounts") {
            form.insert("discounts".into(), discounts.clone());
        }
        update::update(ctx, &Params::new(path(), form))?;
    }
    let mut after = ctx.required("subscription", id)?;
    if after["latest_invoice"] != before["latest_invoice"] {
        return created_invoice_as_upcoming(ctx, text(&after, "latest_invoice"));
    }
    if matches!(text(&after, "status"), "canceled" | "incomplete_expired") {
        return Err(no_upcoming_invoice(text(before, "customer")));
    }
    let requested = params.list("discounts");
    if !requested.is_empty() {
        let customer = text(before, "customer");
        after["discounts"] = discounts::create_discounts(ctx, requested, customer, None)?.into();
    }
    let recurring = params.text("preview_mode") == Some("recurring");
    let invoice = bills::upcoming_invoice(ctx, &after, !recurring)?;
    match list(&invoice["lines"], "data") {
        [] => Err(no_upcoming_invoice(text(before, "customer"))),
        _ => Ok(invoice),
    }
}

/// The first invoice of a subscription that does not exist yet.
fn preview_of_new_subscription(
    ctx: &mut Ctx<'_>,
    params: &Params,
    customer: &str,
) -> Result<Value, ApiError> {
    let mut form = subscription_params(params);
    form.insert("customer".into(), customer.into());
    form.insert("payment_behavior".into(), "default_incomplete".into());
    if let Some(start) = params.int("subscription_details.start_date") {
        form.insert("backdate_start_date".into(), start.into());
    }
    // A new subscription takes its anchor as a timestamp.
    if let Some(anchor) = params.int("subscription_details.billing_cycle_anchor.timestamp") {
        form.insert("billing_cycle_anchor".into(), anchor.into());
    } else {
        form.remove("billing_cycle_anchor");
    }
    for name in ["discounts", "automatic_tax", "on_behalf_of"] {
        if let Some(value) = params.at(name) {
            form.insert(name.to_owned(), value.clone());
        }
    }
    let subscription = create::create(ctx, &Params::new(Vec::new(), form))?;
    match subscription["latest_invoice"].as_str() {
        Some(invoice) => created_invoice_as_upcoming(ctx, invoice),
        None => bills::upcoming_invoice(ctx, &subscription, true),
    }
}

/// The invoice of a customer's pending items.
fn preview_of_customer(
    ctx: &mut Ctx<'_>,
    params: &Params,
    customer: &str,
) -> Result<Value, ApiError> {
    let object = ctx.required("customer", customer)?;
    let own = ctx.world.platform.default_currency.clone();
    let mut of_items = params.list("invoice_items").iter();
    let named = of_items.find_map(|item| item["currency"].as_str());
    let currency = params
        .text("currency")
        .or(named)
        .or(object["currency"].as_str());
    let currency = currency.unwrap_or(&own).to_ascii_lowercase();
    let waiting =
        pending_items::pending_items(ctx, customer, &currency, PendingItems::WithoutSubscription);
    if waiting.is_empty() {
        return Err(no_upcoming_invoice(customer));
    }
    let now = ctx.now();
    let discounts = discounts::create_discounts(ctx, params.list("discounts"), customer, None)?;
    let new = NewInvoice {
        customer,
        currency: &currency,
        reason: "upcoming",
        subscription: None,
        period: (now, now),
        collection_method: "charge_automatically",
        days_until_due: None,
        auto_advance: false,
        discounts,
        lines: Vec::new(),
    };
    let (invoice, _) = draft::compose_invoice(ctx, new, &waiting)?;
    Ok(draft::as_upcoming_invoice(invoice))
}

/// An invoice that the change created, shown as upcoming.
fn created_invoice_as_upcoming(ctx: &Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let mut invoice = ctx.required(INVOICE, id)?;
    invoice["status"] = "draft".into();
    invoice["amount_remaining"] = invoice["amount_due"].clone();
    invoice["amount_paid"] = 0.into();
    invoice["attempt_count"] = 0.into();
    invoice["attempted"] = false.into();
    for name in [
        "number",
        "effective_at",
        "hosted_invoice_url",
        "invoice_pdf",
        "ending_balance",
    ] {
        invoice[name] = Value::Null;
    }
    for name in ["finalized_at", "paid_at"] {
        invoice["status_transitions"][name] = Value::Null;
    }
    if let Value::Object(members) = &mut invoice {
        members.remove("payments");
        members.remove("confirmation_secret");
    }
    Ok(draft::as_upcoming_invoice(invoice))
}

fn no_upcoming_invoice(customer: &str) -> ApiError {
    ApiError::no_such("upcoming invoice", customer, "customer").code("invoice_upcoming_none")
}
