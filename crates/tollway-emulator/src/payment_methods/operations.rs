//! `/v1/payment_methods` and `/v1/tokens`.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::payment_methods::bank_accounts;
use crate::payment_methods::cards;
use crate::payment_methods::instrument;
use crate::payment_methods::method_types;
use crate::payment_methods::non_card::{self, create_from_test_name};
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("payment_methods.create", create);
    registry.add("payment_methods.retrieve", retrieve);
    registry.add("payment_methods.attach", attach);
    registry.add("payment_methods.detach", detach);
    registry.add("tokens.create", create_token);
    registry.add("customers.payment_methods.list", list_of_customer);
    registry.add("customers.payment_methods.retrieve", retrieve_of_customer);
}

/// `POST /v1/payment_methods`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let kind = params.text("type").unwrap_or("card");
    if let Some(original) = params.text("payment_method") {
        return clone_for_account(ctx, original);
    }
    let billing = params
        .at("billing_details")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let metadata = params.map("metadata").cloned().unwrap_or_default();
    if kind != "card" {
        let type_params = params.at(kind).cloned().unwrap_or_else(|| json!({}));
        return non_card::create(ctx, kind, &type_params, &billing, &metadata);
    }
    create_card(ctx, params.at("card"), &billing, &metadata)
}

/// Creates a card payment method from `card[number]` or `card[token]`.
pub(crate) fn create_card(
    ctx: &mut Ctx<'_>,
    card: Option<&Value>,
    billing: &Value,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let card_params = card.unwrap_or(&Value::Null);
    let text = |name: &str| card_params[name].as_str();
    let test_card = match (text("token"), text("number")) {
        (Some(token), _) => match cards::by_token(token) {
            Some(card) => card,
            None => instrument::find_card(ctx, token)?
                .ok_or_else(|| ApiError::no_such_reference("token", token, "card[token]"))?,
        },
        (None, Some(number)) => {
            let card = instrument::of_number(number, "number")?;
            instrument::check_expiry_and_cvc(ctx, card, card_params)?;
            card
        }
        (None, None) => return Err(ApiError::missing_parameter("card[number]")),
    };
    let mut method = instrument::create_payment_method(ctx, test_card, billing, metadata)?;
    for (name, number) in [
        (
            "exp_month",
            instrument::integer_param(&card_params["exp_month"]),
        ),
        ("exp_year", instrument::year_param(&card_params["exp_year"])),
    ] {
        if let Some(number) = number {
            method["card"][name] = number.into();
        }
    }
    ctx.update("payment_method", &method);
    Ok(method)
}

/// Clones a payment method of the platform to the connected account of the request.
fn clone_for_account(ctx: &mut Ctx<'_>, original: &str) -> Result<Value, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let platform_ctx = ctx.in_scope(platform);
    let no_such = || ApiError::no_such_reference("PaymentMethod", original, "payment_method");
    let method = platform_ctx
        .get("payment_method", original)
        .ok_or_else(no_such)?;
    let card = instrument::find_card(&platform_ctx, original)?.ok_or_else(no_such)?;
    let metadata = method["metadata"].as_object().cloned().unwrap_or_default();
    instrument::create_payment_method(ctx, card, &method["billing_details"], &metadata)
}

/// `GET /v1/customers/{customer}/payment_methods`.
fn list_of_customer(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required("customer", customer)?;
    let mut values = params.values().clone();
    values.insert("customer".into(), customer.into());
    ctx.generic("payment_methods.list", &Params::new(Vec::new(), values))
}

/// `GET /v1/customers/{customer}/payment_methods/{payment_method}`.
fn retrieve_of_customer(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let (customer, id) = (params.path("customer"), params.path("payment_method"));
    ctx.required("customer", customer)?;
    let method = ctx.get("payment_method", id);
    let attached = method.filter(|method| method["customer"] == customer);
    attached.ok_or_else(|| ApiError::no_such("PaymentMethod", id, "payment_method"))
}

/// `GET /v1/payment_methods/{payment_method}`. A test name such as `pm_card_visa` creates a payment method, as Stripe does.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("payment_method");
    if let Some(method) = create_from_test_name(ctx, id)? {
        return Ok(method);
    }
    match cards::by_payment_method(id) {
        Some(card) => instrument::create_payment_method(ctx, card, &json!({}), &Map::new()),
        None => ctx.required("payment_method", id),
    }
}

/// `POST /v1/payment_methods/{payment_method}/attach`.
fn attach(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?;
    check_and_attach(ctx, params.path("payment_method"), customer)
}

/// Whether `name` is one of the names of test payment methods in Stripe's documentation.
pub(crate) fn is_test_name(name: &str) -> bool {
    method_types::account_number_of_test_name(name).is_some()
        || cards::by_payment_method(name).is_some()
}

/// Attaches a payment method or test name to a customer, unless its bank declines.
pub(crate) fn check_and_attach(
    ctx: &mut Ctx<'_>,
    id: &str,
    customer: &str,
) -> Result<Value, ApiError> {
    ctx.referenced("customer", customer, "customer")?;
    let method = if let Some(method) = create_from_test_name(ctx, id)? {
        method
    } else if let Some(card) = cards::by_payment_method(id) {
        instrument::create_payment_method(ctx, card, &json!({}), &Map::new())?
    } else {
        ctx.required("payment_method", id)?
    };
    let id = method["id"].as_str().unwrap_or_default();
    let decline = instrument::find_card(ctx, id)?.and_then(cards::Card::attach_decline);
    if let Some(decline) = decline {
        return Err(decline.to_error());
    }
    if method["customer"]
        .as_str()
        .is_some_and(|other| other != customer)
    {
        let message = "The payment method you provided has already been attached to a customer.";
        return Err(ApiError::invalid_request(message).code("payment_method_unexpected_state"));
    }
    attach_to_customer(ctx, id, customer)
}

/// Attaches a payment method to a customer.
pub(crate) fn attach_to_customer(
    ctx: &mut Ctx<'_>,
    id: &str,
    customer: &str,
) -> Result<Value, ApiError> {
    let mut method = ctx.required("payment_method", id)?;
    method["customer"] = customer.into();
    ctx.update("payment_method", &method);
    ctx.emit("payment_method.attached", &method, None);
    Ok(method)
}

/// `POST /v1/payment_methods/{payment_method}/detach`.
fn detach(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let method = ctx.required("payment_method", params.path("payment_method"))?;
    if method["customer"].is_null() {
        let message = "The payment method is not attached to a customer, so it cannot be detached.";
        return Err(ApiError::invalid_request(message).code("payment_method_unexpected_state"));
    }
    Ok(detach_from_customer(ctx, method))
}

/// Detaches all payment methods of a deleted customer.
pub(crate) fn detach_all(ctx: &mut Ctx<'_>, customer: &str) {
    for method in ctx.world.store.all(&ctx.scope, "payment_method") {
        if method["customer"] == customer {
            detach_from_customer(ctx, method);
        }
    }
}

fn detach_from_customer(ctx: &mut Ctx<'_>, mut method: Value) -> Value {
    let previous = json!({"customer": method["customer"]});
    method["customer"] = Value::Null;
    ctx.update("payment_method", &method);
    ctx.emit("payment_method.detached", &method, Some(previous));
    method
}

/// `POST /v1/tokens`.
fn create_token(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let kinds = [
        "card",
        "bank_account",
        "pii",
        "account",
        "person",
        "cvc_update",
    ];
    let kind = kinds.into_iter().find(|kind| params.has(kind)).ok_or_else(|| {
        ApiError::invalid_request("You must supply either a card, customer, PII data, bank account, or account parameters to create a token.")
    })?;
    let mut token = ctx.blank("token");
    token.remove("bank_account");
    token.remove("card");
    let id = token["id"].as_str().unwrap_or_default().to_owned();
    token.insert("client_ip".into(), Value::Null);
    token.insert("type".into(), kind.into());
    token.insert("used".into(), false.into());
    if kind == "card" {
        let card_params = params.at("card").cloned().unwrap_or_default();
        let number = card_params["number"]
            .as_str()
            .ok_or_else(|| ApiError::missing_parameter("card[number]"))?;
        let card = instrument::of_number(number, "number")?;
        instrument::check_expiry_and_cvc(ctx, card, &card_params)?;
        let object = instrument::card_object(ctx, card, &card_params);
        instrument::store_card(ctx, &id, card)?;
        token.insert("card".into(), object);
    }
    if kind == "bank_account" {
        let bank_params = params.at("bank_account").cloned().unwrap_or_default();
        let currency = ctx.world.platform.default_currency.clone();
        let bank = bank_accounts::bank_account(ctx, &bank_params, &currency, "bank_account")?;
        let number = bank_params["account_number"].as_str();
        bank_accounts::store_token_number(ctx, &id, number);
        token.insert("bank_account".into(), bank);
    }
    let token = Value::Object(token);
    ctx.insert("token", &token);
    Ok(token)
}
