//! Payment links: a URL to share. Each visit creates a session and redirects to its page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::Engine;
use crate::billing::cart;
use crate::checkout::{buyer, optional_items, session, shipping};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::text;
use crate::located_object;
use crate::pages::{self, Address};
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::payments::split::{self, Split};
use crate::registry::Registry;

const PAYMENT_LINK: &str = "payment_link";

/// Members that a session copies from its payment link.
const COPIED_FIELDS: &[&str] = &[
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "custom_fields",
    "custom_text",
    "metadata",
    "name_collection",
    "optional_items",
    "payment_method_types",
    "phone_number_collection",
    "shipping_address_collection",
    "submit_type",
    "tax_id_collection",
];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("payment_links.create", create);
    registry.add("payment_links.update", update);
}

/// `POST /v1/payment_links`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let cart = cart::read_line_items(ctx, params.list("line_items"), "line_items")?;
    if cart.is_recurring() && params.has("payment_intent_data") {
        let message = "You can not pass `payment_intent_data` with a recurring price.";
        return Err(ApiError::invalid_param("payment_intent_data", message));
    }
    if !cart.is_recurring() && params.has("subscription_data") {
        let message = "You can not pass `subscription_data` without a recurring price.";
        return Err(ApiError::invalid_param("subscription_data", message));
    }
    let mut members = ctx.blank(PAYMENT_LINK);
    let id = members["id"].as_str().unwrap_or_default().to_owned();
    let defaults = json!({
        "active": true,
        "after_completion": {"hosted_confirmation": {"custom_message": null}, "type": "hosted_confirmation"},
        "application": charging_application(ctx),
        "billing_address_collection": "auto",
        "currency": cart.currency,
        "customer_creation": if cart.is_recurring() { "always" } else { "if_required" },
        "livemode": ctx.scope.livemode(),
        "payment_method_collection": "always",
        "submit_type": "auto",
        "url": format!("{}/_tollway/pay/{id}", ctx.request.base_url),
    });
    if let Value::Object(defaults) = defaults {
        members.extend(defaults);
    }
    write_link(ctx, &mut members, params, &cart)?;
    let link = Value::Object(members);
    // Refuses what its sessions would be refused for.
    if !cart.is_recurring() {
        split::check(ctx, &Split::of_params(params), cart.subtotal())?;
    }
    split::check_on_behalf_of(ctx, params.at("on_behalf_of"))?;
    shipping::check_total(cart.subtotal(), &cart.currency)?;
    cart::save_cart(ctx, &id, &cart);
    ctx.insert(PAYMENT_LINK, &link);
    ctx.emit("payment_link.created", &link, None);
    Ok(link)
}

/// `POST /v1/payment_links/{payment_link}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("payment_link").to_owned();
    let before = ctx.required(PAYMENT_LINK, &id)?;
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut cart = cart::load_cart(ctx, &id);
    write_link(ctx, &mut members, params, &cart)?;
    if params.has("line_items") {
        for (index, requested) in params.list("line_items").iter().enumerate() {
            let named = requested["id"].as_str().unwrap_or_default();
            let item = cart.items.iter_mut().find(|item| item["id"] == named);
            let param = format!("line_items[{index}][id]");
            let item =
                item.ok_or_else(|| ApiError::no_such_reference("line item", named, &param))?;
            if let Some(quantity) = requested["quantity"].as_i64() {
                cart::set_quantity(item, quantity);
            }
        }
        cart::save_cart(ctx, &id, &cart);
    }
    let after = Value::Object(members);
    ctx.update(PAYMENT_LINK, &after);
    let previous = crate::events::difference::previous_attributes(&before, &after);
    if !previous.is_empty() {
        ctx.emit(
            "payment_link.updated",
            &after,
            Some(Value::Object(previous)),
        );
    }
    Ok(after)
}

fn write_link(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    params: &Params,
    cart: &cart::Cart,
) -> Result<(), ApiError> {
    let mut plain = params.values().clone();
    plain.remove("line_items");
    plain.remove("currency");
    buyer::set_tax_id_default(&mut plain);
    let options = plain.remove("shipping_options");
    if plain.remove("optional_items").is_some() {
        let offered =
            optional_items::read_optional_items(ctx, params.list("optional_items"), cart)?;
        members.insert("optional_items".into(), offered);
    }
    ctx.apply(PAYMENT_LINK, members, &plain)?;
    shipping::write_shipping_options(ctx, members, options)
}

/// `GET /_tollway/pay/{link}[?prefilled_email=…][&client_reference_id=…]`: creates a session and redirects to its
/// page.
pub(super) async fn visit(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let (world, scope, link) =
        match located_object::open(&engine, PAYMENT_LINK, "payment link", &id) {
            Ok(found) => found,
            Err(page) => return *page,
        };
    if link["active"] != true || is_limit_reached(&link) {
        let text = link["inactive_message"]
            .as_str()
            .unwrap_or("The link is no longer active.");
        return pages::message(StatusCode::GONE, "Nothing to pay here", text, None);
    }
    let created = engine.transact_at(address.base(), &world, scope, |ctx| {
        let params = session_params(ctx, &link, &query);
        session::create_session(ctx, &params, Some(&link))
    });
    match created {
        Ok(session) => {
            let to = format!("/_tollway/checkout/{}", text(&session, "id"));
            pages::with_page_headers(Redirect::to(&to).into_response(), None)
        }
        Err(error) => pages::refused(&error),
    }
}

/// Whether the link's limit of completed sessions is reached.
fn is_limit_reached(link: &Value) -> bool {
    let sessions = &link["restrictions"]["completed_sessions"];
    match (sessions["count"].as_i64(), sessions["limit"].as_i64()) {
        (Some(count), Some(limit)) => count >= limit,
        _ => false,
    }
}

/// The parameters of a session of the link.
fn session_params(ctx: &Ctx<'_>, link: &Value, query: &BTreeMap<String, String>) -> Params {
    let cart = cart::load_cart(ctx, text(link, "id"));
    let recurs = cart.is_recurring();
    let mut form = Map::new();
    let mode = if recurs { "subscription" } else { "payment" };
    form.insert("mode".into(), mode.into());
    form.insert("line_items".into(), cart::items_as_params(&cart.items));
    for name in COPIED_FIELDS.iter().filter(|name| !link[**name].is_null()) {
        form.insert((*name).to_owned(), link[*name].clone());
    }
    let mut consents = Map::new();
    for (name, asked) in [("terms_of_service", "required"), ("promotions", "auto")] {
        if link["consent_collection"][name] == asked {
            consents.insert(name.to_owned(), asked.into());
        }
    }
    if !consents.is_empty() {
        form.insert("consent_collection".into(), consents.into());
    }
    if link["invoice_creation"]["enabled"] == true {
        form.insert("invoice_creation".into(), json!({"enabled": true}));
    }
    if recurs {
        form.insert(
            "payment_method_collection".into(),
            link["payment_method_collection"].clone(),
        );
    } else {
        form.insert(
            "customer_creation".into(),
            link["customer_creation"].clone(),
        );
    }
    let options = link["shipping_options"].as_array().into_iter().flatten();
    let options: Vec<Value> = options
        .map(|option| json!({"shipping_rate": option["shipping_rate"]}))
        .collect();
    if !options.is_empty() {
        form.insert("shipping_options".into(), options.into());
    }
    if let Some(url) = link["after_completion"]["redirect"]["url"].as_str() {
        form.insert("success_url".into(), url.into());
    }
    for (name, query_name) in [
        ("customer_email", "prefilled_email"),
        ("client_reference_id", "client_reference_id"),
    ] {
        if let Some(value) = query.get(query_name).filter(|text| !text.is_empty()) {
            form.insert(name.to_owned(), value.as_str().into());
        }
    }
    let (name, data) = payment_data(link, recurs);
    if !data.is_empty() {
        form.insert(name.to_owned(), data.into());
    }
    Params::new(Vec::new(), form)
}

/// `payment_intent_data` or `subscription_data` of a session of the link.
fn payment_data(link: &Value, recurs: bool) -> (&'static str, Map<String, Value>) {
    let (name, fee) = if recurs {
        ("subscription_data", "application_fee_percent")
    } else {
        ("payment_intent_data", "application_fee_amount")
    };
    let mut data = link[name].as_object().cloned().unwrap_or_default();
    for shared in [fee, "on_behalf_of"] {
        data.insert(shared.to_owned(), link[shared].clone());
    }
    if let Some(to) = link["transfer_data"].as_object() {
        let mut to = to.clone();
        to.retain(|_, value| !value.is_null());
        data.insert("transfer_data".into(), to.into());
    }
    data.retain(|_, value| !value.is_null());
    (name, data)
}

/// Counts a completed session of a payment link.
pub(super) fn count_completed_session(ctx: &mut Ctx<'_>, session: &Value) {
    let link = session["payment_link"].as_str();
    let Some(mut link) = link.and_then(|id| ctx.get(PAYMENT_LINK, id)) else {
        return;
    };
    let sessions = &mut link["restrictions"]["completed_sessions"]["count"];
    if let Some(count) = sessions.as_i64() {
        *sessions = (count + 1).into();
        ctx.update(PAYMENT_LINK, &link);
    }
}
