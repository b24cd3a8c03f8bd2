//! Resolves a source or payment method to its test card.
//!
//! `tok_…` and `pm_card_…` name test cards. For created tokens, cards and payment methods the card number is a private record,
//! because the API shows no card numbers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::payment_methods::cards::{self, Card};
use crate::world::PrivateRecord;

pub(crate) mod present;

/// The type of a payment method that is a card presented to a reader.
const PRESENT: &str = "card_present";

/// A card to charge.
#[derive(Debug, Clone)]
pub(crate) struct Instrument {
    pub(crate) card: &'static Card,
    /// The payment method or card, by id.
    pub(crate) id: String,
    pub(crate) billing_details: Value,
    pub(crate) exp_month: i64,
    pub(crate) exp_year: i64,
    /// The card object that the request named as `source`.
    pub(crate) source: Option<Value>,
    /// The customer it is attached to.
    pub(crate) customer: Option<String>,
    /// Set up for payments off session.
    pub(crate) set_up: bool,
    /// `payment_method_details[card_present]`, if it was presented to a reader.
    pub(crate) present: Option<Value>,
}

/// The test card behind a card, token or payment method.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct CardSecret {
    number: String,
    /// The card holder authenticated it for payments off session.
    #[serde(default)]
    set_up: bool,
}

impl PrivateRecord for CardSecret {
    const TYPE: &'static str = "_card";
}

/// Stores which test card the object `id` of this scope is.
pub(crate) fn store_card(ctx: &mut Ctx<'_>, id: &str, card: &Card) -> Result<(), ApiError> {
    let set_up = is_set_up(ctx, id)?;
    save_secret(ctx, id, card, set_up);
    Ok(())
}

/// Records that the card holder authenticated the object `id` for payments off session.
pub(crate) fn mark_set_up(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    if let Some(card) = find_card(ctx, id)? {
        save_secret(ctx, id, card, true);
    }
    Ok(())
}

fn save_secret(ctx: &mut Ctx<'_>, id: &str, card: &Card, set_up: bool) {
    let secret = CardSecret {
        number: card.number.to_owned(),
        set_up,
    };
    ctx.save(id, &secret);
}

fn is_set_up(ctx: &Ctx<'_>, id: &str) -> Result<bool, ApiError> {
    let secret = ctx.load::<CardSecret>(id)?;
    Ok(secret.is_some_and(|secret| secret.set_up))
}

/// The test card behind an object of this scope.
pub(crate) fn find_card(ctx: &Ctx<'_>, id: &str) -> Result<Option<&'static Card>, ApiError> {
    let secret = ctx.load::<CardSecret>(id)?;
    Ok(secret.and_then(|secret| cards::by_number(&secret.number)))
}

/// Whether an object of this scope has a test card. An unreadable record fails the transaction.
pub(crate) fn has_card(ctx: &Ctx<'_>, id: &str) -> bool {
    let secret = ctx.world.load_or_fail::<CardSecret>(&ctx.scope, id);
    secret.is_some()
}

/// The test card with this number, or the error for another number.
pub(crate) fn of_number(number: &str, param: &str) -> Result<&'static Card, ApiError> {
    cards::by_number(number).ok_or_else(|| {
        if is_card_number(number) {
            let message = "Your card was declined. Your request was in test mode, but used a non test card. For a list of \
                           valid test cards, visit: https://stripe.com/docs/testing.";
            return ApiError::card("card_declined", message)
                .decline_code("test_mode_live_card")
                .param(param);
        }
        ApiError::card("incorrect_number", "Your card number is incorrect.").param(param)
    })
}

/// Checks the expiry date and the security code that come with a card number. Like stripe-mock, the mock mode accepts any.
pub(crate) fn check_expiry_and_cvc(
    ctx: &Ctx<'_>,
    card: &Card,
    card_params: &Value,
) -> Result<(), ApiError> {
    if ctx.services.config().mock {
        return Ok(());
    }
    let wrong = |param: &str, message: &str| {
        let code = match param {
            "cvc" => "invalid_cvc",
            "exp_month" => "invalid_expiry_month",
            _ => "invalid_expiry_year",
        };
        Err(ApiError::card(code, message).param(param))
    };
    let month = integer_param(&card_params["exp_month"]);
    if month.is_some_and(|month| !(1..=12).contains(&month)) {
        return wrong("exp_month", "Your card's expiration month is invalid.");
    }
    let exp_year = year_param(&card_params["exp_year"]);
    let (this_year, this_month) = current_month(ctx);
    let has_expired =
        exp_year.is_some_and(|year| (year, month.unwrap_or(12)) < (this_year, this_month));
    if has_expired || exp_year.is_some_and(|year| year > this_year + 50) {
        return wrong("exp_year", "Your card's expiration year is invalid.");
    }
    let length = if card.brand == "amex" { 3..=4 } else { 3..=3 };
    let cvc = card_params["cvc"].as_str();
    if cvc.is_some_and(|cvc| {
        !length.contains(&cvc.len()) || !cvc.bytes().all(|digit| digit.is_ascii_digit())
    }) {
        return wrong("cvc", "Your card's security code is invalid.");
    }
    Ok(())
}

/// The current year and month.
fn current_month(ctx: &Ctx<'_>) -> (i64, i64) {
    jiff::Timestamp::from_second(ctx.now()).map_or((2026, 1), |now| {
        let now = now.to_zoned(jiff::tz::TimeZone::UTC);
        (i64::from(now.year()), i64::from(now.month()))
    })
}

/// Whether the text has 12 to 19 digits that pass the checksum.
fn is_card_number(number: &str) -> bool {
    let digits: Vec<u32> = number
        .chars()
        .filter(|it| !matches!(it, ' ' | '-'))
        .map_while(|it| it.to_digit(10))
        .collect();
    let doubled = |(place, digit): (usize, &u32)| {
        if place.is_multiple_of(2) {
            *digit
        } else {
            digit * 2 / 10 + digit * 2 % 10
        }
    };
    (12..=19).contains(&digits.len())
        && digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// Resolves a parameter `source` or `payment_method`: the name of a test card, or the id of an object of this scope.
pub(crate) fn resolve(ctx: &mut Ctx<'_>, name: &str, param: &str) -> Result<Instrument, ApiError> {
    if let Some(card) = cards::by_payment_method(name) {
        let method = create_payment_method(ctx, card, &json!({}), &Map::new())?;
        return of_payment_method(ctx, &method, card);
    }
    if let Some(card) = cards::by_token(name) {
        let source = card_object(ctx, card, &json!({}));
        return Ok(of_source(card, source));
    }
    let no_such = || {
        ApiError::no_such_reference(
            if name.starts_with("pm_") {
                "PaymentMethod"
            } else {
                "token"
            },
            name,
            param,
        )
    };
    let card = find_card(ctx, name)?.ok_or_else(no_such)?;
    if let Some(method) = ctx.get("payment_method", name) {
        return of_payment_method(ctx, &method, card);
    }
    if let Some(mut token) = ctx.get("token", name) {
        if token["used"] == true {
            let message = format!("You cannot use a Stripe token more than once: {name}.");
            return Err(ApiError::invalid_request(message).code("token_already_used"));
        }
        token["used"] = true.into();
        ctx.update("token", &token);
        return Ok(of_source(card, token["card"].clone()));
    }
    let source = ctx.get("card", name).ok_or_else(no_such)?;
    Ok(of_source(card, source))
}

fn of_source(card: &'static Card, source: Value) -> Instrument {
    Instrument {
        card,
        id: source["id"].as_str().unwrap_or_default().to_owned(),
        billing_details: json!({
            "address": {
                "city": source["address_city"], "country": source["address_country"], "line1": source["address_line1"],
                "line2": source["address_line2"], "postal_code": source["address_zip"], "state": source["address_state"],
            },
            "email": null, "name": source["name"], "phone": null, "tax_id": null,
        }),
        exp_month: source["exp_month"].as_i64().unwrap_or(12),
        exp_year: source["exp_year"].as_i64().unwrap_or(2034),
        customer: source["customer"].as_str().map(str::to_owned),
        set_up: false,
        present: None,
        source: Some(source),
    }
}

fn of_payment_method(
    ctx: &Ctx<'_>,
    method: &Value,
    card: &'static Card,
) -> Result<Instrument, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    if !matches!(kind, "card" | PRESENT) {
        let message = format!(
            "The emulator charges cards; a payment method of type '{kind}' cannot be charged yet."
        );
        return Err(ApiError::invalid_param("payment_method", message));
    }
    Ok(Instrument {
        card,
        id: method["id"].as_str().unwrap_or_default().to_owned(),
        billing_details: method["billing_details"].clone(),
        exp_month: method[kind]["exp_month"].as_i64().unwrap_or(12),
        exp_year: method[kind]["exp_year"].as_i64().unwrap_or(2034),
        source: None,
        customer: method["customer"].as_str().map(str::to_owned),
        set_up: is_set_up(ctx, method["id"].as_str().unwrap_or_default())?,
        present: present::details(ctx, method)?,
    })
}

/// Creates a payment method for a test card.
pub(crate) fn create_payment_method(
    ctx: &mut Ctx<'_>,
    card: &'static Card,
    billing_details: &Value,
    metadata: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut method = ctx.blank("payment_method");
    let mut details = json!({
        "address": {"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
        "email": null, "name": null, "phone": null, "tax_id": null,
    });
    for (name, value) in billing_details.as_object().into_iter().flatten() {
        match (details[name].as_object_mut(), value.as_object()) {
            (Some(old), Some(new)) => old.extend(new.clone()),
            _ => details[name] = value.clone(),
        }
    }
    let (exp_month, exp_year) = expiry(ctx, card);
    method.insert("type".into(), "card".into());
    method.insert("billing_details".into(), details);
    method.insert("customer".into(), Value::Null);
    method.insert("metadata".into(), metadata.clone().into());
    method.insert(
        "card".into(),
        json!({
            "brand": card.brand,
            "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "unchecked"},
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": card.fingerprint(),
            "funding": card.funding,
            "generated_from": null,
            "last4": card.last4(),
            "networks": {"available": card.networks(), "preferred": null},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": true},
            "wallet": null,
        }),
    );
    let method = Value::Object(method);
    ctx.insert("payment_method", &method);
    store_card(ctx, method["id"].as_str().unwrap_or_default(), card)?;
    Ok(method)
}

/// Builds the card object of a source or token from its parameters. It is not stored.
pub(crate) fn card_object(ctx: &mut Ctx<'_>, card: &Card, card_params: &Value) -> Value {
    let (exp_month, exp_year) = expiry(ctx, card);
    let copied = |name: &str| card_params[name].clone();
    json!({
        "id": ctx.new_id("card"),
        "object": "card",
        "address_city": copied("address_city"),
        "address_country": copied("address_country"),
        "address_line1": copied("address_line1"),
        "address_line1_check": null,
        "address_line2": copied("address_line2"),
        "address_state": copied("address_state"),
        "address_zip": copied("address_zip"),
        "address_zip_check": null,
        "brand": brand_name(card.brand),
        "country": card.country,
        "customer": null,
        "cvc_check": if card_params["cvc"].is_null() { Value::Null } else { "unchecked".into() },
        "dynamic_last4": null,
        "exp_month": integer_param(&card_params["exp_month"]).unwrap_or(exp_month),
        "exp_year": year_param(&card_params["exp_year"]).unwrap_or(exp_year),
        "fingerprint": card.fingerprint(),
        "funding": card.funding,
        "last4": card.last4(),
        "metadata": {},
        "name": copied("name"),
        "regulated_status": "unregulated",
        "tokenization_method": null,
    })
}

/// An integer that a request sends as a number or as text.
pub(crate) fn integer_param(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A year that a request sends with two or four digits.
pub(crate) fn year_param(value: &Value) -> Option<i64> {
    integer_param(value).map(|year| if year < 100 { 2000 + year } else { year })
}

/// The expiry of a test card: three years ahead, or in the past for the expired card.
fn expiry(ctx: &Ctx<'_>, card: &Card) -> (i64, i64) {
    let (year, _) = current_month(ctx);
    let expired = card
        .decline()
        .is_some_and(|decline| decline.code == "expired_card");
    if expired {
        (1, year - 1)
    } else {
        (12, year + 3)
    }
}

/// The brand as card objects of sources write it.
fn brand_name(brand: &str) -> &str {
    match brand {
        "visa" => "Visa",
        "mastercard" => "MasterCard",
        "amex" => "American Express",
        "discover" => "Discover",
        "diners" => "Diners Club",
        "jcb" => "JCB",
        "unionpay" => "UnionPay",
        other => other,
    }
}
