//! Cards as the API keeps them: payment methods, and the tokens of `POST /v1/tokens`.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::cards;
use crate::payment_methods::instrument;
use crate::payments::charge;
use crate::payments::non_card;
use crate::payouts::bank_accounts;
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
        let given = params.at(kind).cloned().unwrap_or_else(|| json!({}));
        return non_card::create(ctx, kind, &given, &billing, &metadata);
    }
    of_card_params(ctx, params.at("card"), &billing, &metadata)
}

/// A payment method from `card[number]` or `card[token]`.
pub(crate) fn of_card_params(
    ctx: &mut Ctx<'_>,
    card: Option<&Value>,
    billing: &Value,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let said = card.unwrap_or(&Value::Null);
    let given = |name: &str| said[name].as_str();
    let test_card = match (given("token"), given("number")) {
        (Some(token), _) => match cards::by_token(token) {
            Some(card) => card,
            None => instrument::recall(ctx, token)
                .ok_or_else(|| ApiError::no_such_reference("token", token, "card[token]"))?,
        },
        (None, Some(number)) => {
            let found = instrument::of_number(number, "number")?;
            instrument::check_said(ctx, found, said)?;
            found
        }
        (None, None) => return Err(ApiError::missing_parameter("card[number]")),
    };
    let mut method = instrument::payment_method(ctx, test_card, billing, metadata);
    for (name, number) in [
        ("exp_month", instrument::number(&said["exp_month"])),
        ("exp_year", instrument::year(&said["exp_year"])),
    ] {
        if let Some(number) = number {
            method["card"][name] = number.into();
        }
    }
    ctx.update("payment_method", &method);
    Ok(method)
}

/// A platform's payment method, made usable for the connected account that the request acts for.
fn clone_for_account(ctx: &mut Ctx<'_>, original: &str) -> Result<Value, ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let theirs = ctx.in_scope(platform);
    let no_such = || ApiError::no_such_reference("PaymentMethod", original, "payment_method");
    let method = theirs.get("payment_method", original).ok_or_else(no_such)?;
    let card = instrument::recall(&theirs, original).ok_or_else(no_such)?;
    let metadata = method["metadata"].as_object().cloned().unwrap_or_default();
    Ok(instrument::payment_method(
        ctx,
        card,
        &method["billing_details"],
        &metadata,
    ))
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
    let theirs = method.filter(|method| method["customer"] == customer);
    theirs.ok_or_else(|| ApiError::no_such("PaymentMethod", id, "payment_method"))
}

/// Retrieving `pm_card_visa` and the like makes a payment method of it, as Stripe does.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("payment_method");
    if let Some(method) = non_card::by_name(ctx, id) {
        return method;
    }
    match cards::by_payment_method(id) {
        Some(card) => Ok(instrument::payment_method(
            ctx,
            card,
            &json!({}),
            &Map::new(),
        )),
        None => ctx.required("payment_method", id),
    }
}

fn attach(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?;
    attach_to(ctx, params.path("payment_method"), customer)
}

/// Whether this is one of the names under which Stripe's documentation has test payment methods.
pub(crate) fn is_test_name(name: &str) -> bool {
    non_card::is_test_name(name) || cards::by_payment_method(name).is_some()
}

/// Keeps a payment method with a customer, if its bank agrees.
pub(crate) fn attach_to(ctx: &mut Ctx<'_>, id: &str, customer: &str) -> Result<Value, ApiError> {
    ctx.referenced("customer", customer, "customer")?;
    let method = match (non_card::by_name(ctx, id), cards::by_payment_method(id)) {
        (Some(method), _) => method?,
        (None, Some(card)) => instrument::payment_method(ctx, card, &json!({}), &Map::new()),
        (None, None) => ctx.required("payment_method", id)?,
    };
    let id = method["id"].as_str().unwrap_or_default();
    let refusal = instrument::recall(ctx, id).and_then(cards::Card::refusal_to_attach);
    if let Some(decline) = refusal {
        return Err(charge::refusal(&decline));
    }
    if method["customer"]
        .as_str()
        .is_some_and(|other| other != customer)
    {
        let message = "The payment method you provided has already been attached to a customer.";
        return Err(ApiError::invalid_request(message).code("payment_method_unexpected_state"));
    }
    keep_with(ctx, id, customer)
}

/// Keeps a payment method with a customer.
pub(crate) fn keep_with(ctx: &mut Ctx<'_>, id: &str, customer: &str) -> Result<Value, ApiError> {
    let mut method = ctx.required("payment_method", id)?;
    method["customer"] = customer.into();
    ctx.update("payment_method", &method);
    ctx.emit("payment_method.attached", &method, None);
    Ok(method)
}

fn detach(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let method = ctx.required("payment_method", params.path("payment_method"))?;
    if method["customer"].is_null() {
        let message = "The payment method is not attached to a customer, so it cannot be detached.";
        return Err(ApiError::invalid_request(message).code("payment_method_unexpected_state"));
    }
    Ok(take_off(ctx, method))
}

/// The payment methods of a customer who is no more.
pub(crate) fn detach_all(ctx: &mut Ctx<'_>, customer: &str) {
    for method in ctx.world.store.all(&ctx.scope, "payment_method") {
        if method["customer"] == customer {
            take_off(ctx, method);
        }
    }
}

fn take_off(ctx: &mut Ctx<'_>, mut method: Value) -> Value {
    let previous = json!({"customer": method["customer"]});
    method["customer"] = Value::Null;
    ctx.update("payment_method", &method);
    ctx.emit("payment_method.detached", &method, Some(previous));
    method
}

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
        let given = params.at("card").cloned().unwrap_or_default();
        let number = given["number"]
            .as_str()
            .ok_or_else(|| ApiError::missing_parameter("card[number]"))?;
        let card = instrument::of_number(number, "number")?;
        instrument::check_said(ctx, card, &given)?;
        let object = instrument::card_object(ctx, card, &given);
        instrument::remember(ctx, &id, card);
        token.insert("card".into(), object);
    }
    if kind == "bank_account" {
        let given = params.at("bank_account").cloned().unwrap_or_default();
        let currency = ctx.world.platform.default_currency.clone();
        let bank = bank_accounts::bank_account(ctx, &given, &currency, "bank_account")?;
        let number = given["account_number"].as_str();
        bank_accounts::remember(ctx, &id, number.unwrap_or("000123456789"));
        token.insert("bank_account".into(), bank);
    }
    let token = Value::Object(token);
    ctx.insert("token", &token);
    Ok(token)
}
