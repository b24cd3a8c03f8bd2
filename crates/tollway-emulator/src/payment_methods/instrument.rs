//! What is charged: a test card, however the caller names it.
//!
//! `tok_…` and `pm_card_…` are names of test cards; tokens, cards and payment methods made here remember their test card in a
//! hidden record, for the API shows no card numbers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::payment_methods::cards::{self, Card};

mod present;

pub(crate) use self::present::presented;

const HIDDEN: &str = "_card";
/// The type of a payment method that is a card presented to a reader.
const PRESENT: &str = "card_present";

/// A card about to be charged.
#[derive(Debug, Clone)]
pub(crate) struct Instrument {
    pub(crate) card: &'static Card,
    /// The payment method or card, by id.
    pub(crate) id: String,
    pub(crate) billing_details: Value,
    pub(crate) exp_month: i64,
    pub(crate) exp_year: i64,
    /// The card object, when it was named as a `source`.
    pub(crate) source: Option<Value>,
    /// The customer it is attached to.
    pub(crate) customer: Option<String>,
    /// Set up for payments without the card holder.
    pub(crate) set_up: bool,
    /// `payment_method_details[card_present]`, if it was presented to a reader.
    pub(crate) present: Option<Value>,
}

/// Which test card an object is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Hidden {
    number: String,
    /// The card holder has authenticated it for payments off session.
    #[serde(default)]
    set_up: bool,
}

/// Remembers which test card the object `id` of this scope is.
pub(crate) fn remember(ctx: &mut Ctx<'_>, id: &str, card: &Card) {
    let set_up = is_set_up(ctx, id);
    put_hidden(ctx, id, card, set_up);
}

/// Remembers that the card holder authenticated the object `id` for payments off session.
pub(crate) fn remember_set_up(ctx: &mut Ctx<'_>, id: &str) {
    if let Some(card) = recall(ctx, id) {
        put_hidden(ctx, id, card, true);
    }
}

fn put_hidden(ctx: &mut Ctx<'_>, id: &str, card: &Card, set_up: bool) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let hidden = Hidden {
        number: card.number.to_owned(),
        set_up,
    };
    ctx.world.put_typed(&scope, HIDDEN, id, &hidden, now);
}

fn is_set_up(ctx: &Ctx<'_>, id: &str) -> bool {
    let hidden: Option<Hidden> = ctx.world.typed(&ctx.scope, HIDDEN, id);
    hidden.is_some_and(|hidden| hidden.set_up)
}

/// The test card behind an object of this scope.
pub(crate) fn recall(ctx: &Ctx<'_>, id: &str) -> Option<&'static Card> {
    let hidden: Hidden = ctx.world.typed(&ctx.scope, HIDDEN, id)?;
    cards::by_number(&hidden.number)
}

/// The test card of a raw number, or the refusal a card holder would see.
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

/// Are the date and the security code that somebody typed beside a number possible ones? stripe-mock does not mind.
pub(crate) fn check_said(ctx: &Ctx<'_>, card: &Card, given: &Value) -> Result<(), ApiError> {
    if ctx.engine.config().mock {
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
    let month = number(&given["exp_month"]);
    if month.is_some_and(|month| !(1..=12).contains(&month)) {
        return wrong("exp_month", "Your card's expiration month is invalid.");
    }
    let said = year(&given["exp_year"]);
    let (this_year, this_month) = today(ctx);
    let over = said.is_some_and(|year| (year, month.unwrap_or(12)) < (this_year, this_month));
    if over || said.is_some_and(|year| year > this_year + 50) {
        return wrong("exp_year", "Your card's expiration year is invalid.");
    }
    let length = if card.brand == "amex" { 3..=4 } else { 3..=3 };
    let cvc = given["cvc"].as_str();
    if cvc.is_some_and(|cvc| {
        !length.contains(&cvc.len()) || !cvc.bytes().all(|digit| digit.is_ascii_digit())
    }) {
        return wrong("cvc", "Your card's security code is invalid.");
    }
    Ok(())
}

/// Year and month.
fn today(ctx: &Ctx<'_>) -> (i64, i64) {
    jiff::Timestamp::from_second(ctx.now()).map_or((2026, 1), |now| {
        let now = now.to_zoned(jiff::tz::TimeZone::UTC);
        (i64::from(now.year()), i64::from(now.month()))
    })
}

/// Between 12 and 19 digits that pass the checksum.
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

/// Resolves `source` or `payment_method`: a test card's name, or an object of this scope.
pub(crate) fn resolve(ctx: &mut Ctx<'_>, name: &str, param: &str) -> Result<Instrument, ApiError> {
    if let Some(card) = cards::by_payment_method(name) {
        let method = payment_method(ctx, card, &json!({}), &Map::new());
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
    let card = recall(ctx, name).ok_or_else(no_such)?;
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
        set_up: is_set_up(ctx, method["id"].as_str().unwrap_or_default()),
        present: present::details(ctx, method),
    })
}

/// Makes and keeps a card payment method for a test card.
pub(crate) fn payment_method(
    ctx: &mut Ctx<'_>,
    card: &'static Card,
    billing_details: &Value,
    metadata: &Map<String, Value>,
) -> Value {
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
    remember(ctx, method["id"].as_str().unwrap_or_default(), card);
    method
}

/// A card object as sources and tokens have it, with what the caller said about it. It is not kept.
pub(crate) fn card_object(ctx: &mut Ctx<'_>, card: &Card, given: &Value) -> Value {
    let (exp_month, exp_year) = expiry(ctx, card);
    let said = |name: &str| given[name].clone();
    json!({
        "id": ctx.new_id("card"),
        "object": "card",
        "address_city": said("address_city"),
        "address_country": said("address_country"),
        "address_line1": said("address_line1"),
        "address_line1_check": null,
        "address_line2": said("address_line2"),
        "address_state": said("address_state"),
        "address_zip": said("address_zip"),
        "address_zip_check": null,
        "brand": brand_name(card.brand),
        "country": card.country,
        "customer": null,
        "cvc_check": if given["cvc"].is_null() { Value::Null } else { "unchecked".into() },
        "dynamic_last4": null,
        "exp_month": number(&given["exp_month"]).unwrap_or(exp_month),
        "exp_year": year(&given["exp_year"]).unwrap_or(exp_year),
        "fingerprint": card.fingerprint(),
        "funding": card.funding,
        "last4": card.last4(),
        "metadata": {},
        "name": said("name"),
        "regulated_status": "unregulated",
        "tokenization_method": null,
    })
}

/// A number, sent as one or as text.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A year, which people also write with two digits.
pub(crate) fn year(value: &Value) -> Option<i64> {
    number(value).map(|year| if year < 100 { 2000 + year } else { year })
}

/// Three years ahead; in the past for the card that has expired.
fn expiry(ctx: &Ctx<'_>, card: &Card) -> (i64, i64) {
    let (year, _) = today(ctx);
    let expired = card
        .decline()
        .is_some_and(|decline| decline.code == "expired_card");
    if expired {
        (1, year - 1)
    } else {
        (12, year + 3)
    }
}

/// Sources name brands as people write them.
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
