//! The operations of `/v1/checkout/sessions`, and the expiry of sessions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::billing::cart;
use crate::checkout::checks::{
    check_customer, check_invoice_creation, check_mode, check_return_urls, check_split,
    check_update, data_of_mode, read_expires_at,
};
use crate::checkout::session_record::{SESSION, customer_details_of, is_hosted, session_not_open};
use crate::checkout::state::{CheckoutState, load_state};
use crate::checkout::totals::{calculate_session, read_discounts};
use crate::checkout::{buyer, optional_items, session_invoice, shipping};
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::text;
use crate::params::Params;
use crate::payments::payment_intents;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

/// Seconds in which an expired session can be recovered.
const RECOVERY_SECONDS: i64 = 30 * 86_400;

/// Expires a Checkout session that was not completed in time.
#[derive(Debug, Serialize, Deserialize)]
struct ExpireSession {
    session: String,
}

impl ScheduledTask for ExpireSession {
    const KIND: &'static str = "checkout";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        expire_if_open(ctx, &self.session)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<ExpireSession>();
    registry.add("checkout.sessions.create", create);
    registry.add("checkout.sessions.update", update);
    registry.add("checkout.sessions.expire", expire);
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    create_session(ctx, params, None)
}

/// Creates a session, from a request or a visit of a payment link.
pub(super) fn create_session(
    ctx: &mut Ctx<'_>,
    params: &Params,
    link: Option<&Value>,
) -> Result<Value, ApiError> {
    let mode = params
        .text("mode")
        .ok_or_else(|| ApiError::missing_parameter("mode"))?
        .to_owned();
    let hosted = is_hosted(params.text("ui_mode"));
    check_return_urls(params, link.is_some())?;
    check_customer(ctx, params)?;
    let data = data_of_mode(params, &mode)?;
    let mut cart = match mode.as_str() {
        "setup" if params.has("line_items") => {
            let message = "You can not pass `line_items` in `setup` mode.";
            return Err(ApiError::invalid_param("line_items", message));
        }
        "setup" => None,
        _ => Some(cart::read_line_items(
            ctx,
            params.list("line_items"),
            "line_items",
        )?),
    };
    if let Some(cart) = &cart {
        check_mode(&mode, cart)?;
    }
    check_invoice_creation(params, &mode)?;
    let trial = data.get("trial_period_days").or(data.get("trial_end"));
    if let (Some(cart), true) = (&mut cart, trial.is_some_and(Value::is_i64)) {
        cart::start_with_trial(cart);
    }
    let offered = params.list("optional_items");
    let offered = match &cart {
        Some(cart) => optional_items::read_optional_items(ctx, offered, cart)?,
        None if offered.is_empty() => Value::Null,
        None => {
            let message = "You can not pass `optional_items` in `setup` mode.";
            return Err(ApiError::invalid_param("optional_items", message));
        }
    };
    let mut members = blank_session(ctx, &mode, hosted);
    if !offered.is_null() {
        members.insert("optional_items".into(), offered);
    }
    write_params(ctx, &mut members, params)?;
    let mut session = Value::Object(members);
    session["discounts"] = read_discounts(ctx, params.list("discounts"))?;
    session["expires_at"] = read_expires_at(ctx, params)?.into();
    session["payment_link"] = link.map_or(Value::Null, |link| link["id"].clone());
    let id = text(&session, "id").to_owned();
    session["url"] = hosted
        .then(|| format!("{}/_tollway/checkout/{id}", ctx.request.base_url))
        .into();
    if let Some(cart) = &mut cart {
        calculate_session(ctx, &mut session, cart)?;
        cart::save_cart(ctx, &id, cart);
    } else {
        let currency_param = params.text("currency").map(str::to_ascii_lowercase);
        if let Some(currency_param) = &currency_param {
            currency::check(currency_param, "currency")?;
        }
        session["currency"] = currency_param.into();
        session["payment_status"] = "no_payment_required".into();
    }
    check_split(ctx, &session, &data)?;
    let state = CheckoutState {
        data,
        options: params
            .at("payment_method_options")
            .cloned()
            .unwrap_or_default(),
        thanks: link.map(|link| {
            let message =
                link["after_completion"]["hosted_confirmation"]["custom_message"].as_str();
            message.unwrap_or("Thanks for your payment.").to_owned()
        }),
        customer_update: params.at("customer_update").cloned().unwrap_or_default(),
        request: params
            .bool("after_expiration.recovery.enabled")
            .filter(|recovers| *recovers)
            .map(|_| params.values().clone()),
        ..CheckoutState::default()
    };
    ctx.save(&id, &state);
    ctx.insert(SESSION, &session);
    let at = session["expires_at"].as_i64().unwrap_or(0);
    schedule(ctx, None, at, &ExpireSession { session: id })?;
    Ok(session)
}

fn blank_session(ctx: &mut Ctx<'_>, mode: &str, hosted: bool) -> Map<String, Value> {
    let mut members = ctx.blank(SESSION);
    let id = members["id"].as_str().unwrap_or_default().to_owned();
    let secret = (!hosted).then(|| format!("{id}_secret_{}", ctx.world.random.alphanumeric(32)));
    let defaults = json!({
        "amount_subtotal": null,
        "amount_total": null,
        "client_secret": secret,
        "created": ctx.now(),
        "currency": null,
        "customer_creation": if mode == "subscription" { "always" } else { "if_required" },
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "mode": mode,
        "payment_method_collection": if mode == "payment" { "if_required" } else { "always" },
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "total_details": null,
        "ui_mode": "hosted_page",
    });
    if let Value::Object(defaults) = defaults {
        members.extend(defaults);
    }
    members
}

/// Writes the parameters that need no calculation into the session.
fn write_params(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    params: &Params,
) -> Result<(), ApiError> {
    let mut plain = params.values().clone();
    let options = plain.remove("shipping_options");
    for name in [
        "line_items",
        "optional_items",
        "discounts",
        "expires_at",
        "payment_method_options",
        "currency",
        "mode",
    ] {
        plain.remove(name);
    }
    buyer::set_tax_id_default(&mut plain);
    if let Some(collected) = plain.remove("collected_information") {
        members.insert(
            "collected_information".into(),
            json!({"business_name": null, "individual_name": null, "shipping_details": collected["shipping_details"]}),
        );
    }
    if let Some(kinds) = plain.get("allowed_payment_method_types").cloned() {
        plain.insert("payment_method_types".into(), kinds);
    }
    ctx.apply(SESSION, members, &plain)?;
    if members["automatic_tax"]["enabled"] == true {
        members["automatic_tax"]["status"] = "requires_location_inputs".into();
    }
    if let Some(customer) = params.text("customer") {
        members.insert("customer_creation".into(), Value::Null);
        let customer = ctx.required("customer", customer)?;
        let mut details = customer_details_of(&customer);
        details["tax_ids"] = buyer::customer_tax_ids(ctx, text(&customer, "id")).into();
        members.insert("customer_details".into(), details);
    } else if let Some(email) = params.text("customer_email") {
        members.insert(
            "customer_details".into(),
            customer_details_of(&json!({"email": email})),
        );
    }
    shipping::write_shipping_options(ctx, members, options)
}

/// `POST /v1/checkout/sessions/{session}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("session").to_owned();
    let session = ctx.required(SESSION, &id)?;
    let only_notes = params.values().keys().all(|name| name == "metadata");
    if session["status"] != "open" && !only_notes {
        return Err(session_not_open(&session, "updated"));
    }
    check_update(&session, params)?;
    let mut members = session.as_object().cloned().unwrap_or_default();
    write_params(ctx, &mut members, params)?;
    let mut session = Value::Object(members);
    if session["mode"] != "setup" && !only_notes {
        let mut cart = cart::load_cart(ctx, &id);
        if params.has("line_items") {
            cart = changed_cart(ctx, cart, params.list("line_items"))?;
            check_mode(text(&session, "mode"), &cart)?;
        }
        calculate_session(ctx, &mut session, &mut cart)?;
        cart::save_cart(ctx, &id, &cart);
    }
    if let Some(data) = params.map("payment_intent_data") {
        let mut state = load_state(ctx, &id);
        state.data.extend(data.clone());
        ctx.save(&id, &state);
    }
    ctx.update(SESSION, &session);
    Ok(session)
}

/// The cart after an update. The list replaces the old one; items with an `id` stay.
fn changed_cart(
    ctx: &mut Ctx<'_>,
    cart: cart::Cart,
    requested: &[Value],
) -> Result<cart::Cart, ApiError> {
    let mut list = Vec::with_capacity(requested.len());
    for (index, requested) in requested.iter().enumerate() {
        let param = format!("line_items[{index}]");
        let Some(id) = requested["id"].as_str() else {
            let new = cart::read_line_items(ctx, std::slice::from_ref(requested), &param)?;
            list.extend(new.items);
            continue;
        };
        let old = cart.items.iter().find(|item| item["id"] == id);
        let mut item = old
            .ok_or_else(|| ApiError::no_such_reference("line item", id, &format!("{param}[id]")))?
            .clone();
        if let Some(quantity) = requested["quantity"].as_i64() {
            cart::set_quantity(&mut item, quantity);
        }
        list.push(item);
    }
    Ok(cart::Cart {
        items: list,
        ..cart
    })
}

/// Creates a session with the parameters of an expired one, if it can still be recovered.
pub(super) fn recover_session(
    ctx: &mut Ctx<'_>,
    expired: &Value,
) -> Result<Option<Value>, ApiError> {
    let id = text(expired, "id");
    let recovery = &expired["after_expiration"]["recovery"];
    let lasts = recovery["expires_at"]
        .as_i64()
        .is_some_and(|at| ctx.now() < at);
    let Some(mut form) = load_state(ctx, id).request.filter(|_| lasts) else {
        return Ok(None);
    };
    form.remove("expires_at");
    if recovery["allow_promotion_codes"] == true {
        form.remove("discounts");
        form.insert("allow_promotion_codes".into(), true.into());
    }
    let mut session = create_session(ctx, &Params::new(Vec::new(), form), None)?;
    session["recovered_from"] = id.into();
    ctx.update(SESSION, &session);
    Ok(Some(session))
}

/// `POST /v1/checkout/sessions/{session}/expire`.
fn expire(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let session = ctx.required(SESSION, params.path("session"))?;
    if session["status"] != "open" {
        return Err(session_not_open(&session, "expired"));
    }
    expire_session(ctx, session)
}

/// Expires a session that is still open.
fn expire_if_open(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    match ctx.get(SESSION, id) {
        Some(session) if session["status"] == "open" => expire_session(ctx, session).map(drop),
        _ => Ok(()),
    }
}

/// Expires a session, and cancels its started payment or subscription.
fn expire_session(ctx: &mut Ctx<'_>, mut session: Value) -> Result<Value, ApiError> {
    let state = load_state(ctx, text(&session, "id"));
    let cancelable = state.intent.filter(|intent| {
        ctx.get("payment_intent", intent)
            .is_some_and(|intent| text(&intent, "status").starts_with("requires_"))
    });
    if let Some(intent) = cancelable {
        let path = vec![("intent".to_owned(), intent)];
        payment_intents::cancel(ctx, &Params::new(path, Map::new()))?;
    }
    if let Some(subscription) = state.subscription {
        session_invoice::expire_unpaid_subscription(ctx, &subscription)?;
    }
    session["status"] = "expired".into();
    session["url"] = Value::Null;
    if state.request.is_some() {
        let id = text(&session, "id");
        let url = format!("{}/_tollway/recover/{id}", ctx.request.base_url);
        session["after_expiration"]["recovery"]["url"] = url.into();
        session["after_expiration"]["recovery"]["expires_at"] =
            (ctx.now() + RECOVERY_SECONDS).into();
    }
    ctx.update(SESSION, &session);
    ctx.emit("checkout.session.expired", &session, None);
    Ok(session)
}
