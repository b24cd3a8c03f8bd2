//! Issued cards. Their number and CVC are sent only to requests that expand them.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::includable_fields;
use crate::issuing::object_types::{CARD, CARDHOLDER};
use crate::params::Params;
use crate::product_objects::{id_of, insert_and_emit, new_object};
use crate::registry::Registry;

/// The first digits of issued test cards.
const CARD_NUMBER_PREFIX: &str = "400000999";

/// A card expires after three years.
const CARD_LIFETIME_SECONDS: i64 = 3 * 366 * 24 * 60 * 60;

pub(super) fn register(registry: &mut Registry) {
    registry.add("issuing.cards.create", create);
}

/// `POST /v1/issuing/cards`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let cardholder = params.text("cardholder");
    let cardholder = cardholder.ok_or_else(|| ApiError::missing_parameter("cardholder"))?;
    let cardholder = ctx.referenced(CARDHOLDER, cardholder, "cardholder")?;
    if params.text("type") == Some("physical") && !params.has("shipping") {
        return Err(ApiError::missing_parameter("shipping"));
    }
    let number = new_card_number(ctx);
    let cvc = ctx.world.random.digits(3);
    let expiry =
        jiff::Timestamp::from_second(ctx.now() + CARD_LIFETIME_SECONDS).unwrap_or_default();
    let expiry = expiry.to_zoned(jiff::tz::TimeZone::UTC);
    let members = json!({
        "brand": "Visa", "cardholder": cardholder, "exp_month": expiry.month(), "exp_year": expiry.year(),
        "last4": number.get(number.len() - 4..),
    });
    let mut card = new_object(ctx, CARD, params, members)?;
    if !card["shipping"].is_null() {
        card["shipping"]["status"] = "pending".into();
    }
    includable_fields::store(ctx, id_of(&card), &json!({"number": number, "cvc": cvc}));
    insert_and_emit(ctx, CARD, &card, "issuing_card.created");
    Ok(card)
}

/// A random card number with its check digit.
fn new_card_number(ctx: &mut Ctx<'_>) -> String {
    let digits = format!("{CARD_NUMBER_PREFIX}{}", ctx.world.random.digits(6));
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| luhn_term(place, digit))
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The term of a digit in the Luhn sum. `place` counts from the right, from the digit before the check digit, which is doubled.
fn luhn_term(place: usize, digit: u8) -> u32 {
    let digit = u32::from(digit - b'0');
    match (place % 2, digit * 2) {
        (1, _) => digit,
        (_, twice @ 10..) => twice - 9,
        (_, twice) => twice,
    }
}
