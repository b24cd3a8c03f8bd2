//! Cards: their number and CVC are sent only to those who expand them.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::includable_fields;
use crate::issuing::{CARD, CARDHOLDER};
use crate::params::Params;
use crate::product_objects::{drafted, id_of, keep};
use crate::registry::Registry;

/// What the numbers of issued test cards begin with.
const ISSUER: &str = "400000999";

/// Seconds in three years and a bit: how long a card is good.
const LIFETIME: i64 = 3 * 366 * 24 * 60 * 60;

pub(super) fn register(registry: &mut Registry) {
    registry.add("issuing.cards.create", create);
}

/// `POST /v1/issuing/cards`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let holder = params.text("cardholder");
    let holder = holder.ok_or_else(|| ApiError::missing_parameter("cardholder"))?;
    let holder = ctx.referenced(CARDHOLDER, holder, "cardholder")?;
    if params.text("type") == Some("physical") && !params.has("shipping") {
        return Err(ApiError::missing_parameter("shipping"));
    }
    let number = number(ctx);
    let cvc = ctx.world.random.digits(3);
    let expiry = jiff::Timestamp::from_second(ctx.now() + LIFETIME).unwrap_or_default();
    let expiry = expiry.to_zoned(jiff::tz::TimeZone::UTC);
    let more = json!({
        "brand": "Visa", "cardholder": holder, "exp_month": expiry.month(), "exp_year": expiry.year(),
        "last4": number.get(number.len() - 4..),
    });
    let mut card = drafted(ctx, CARD, params, more)?;
    if !card["shipping"].is_null() {
        card["shipping"]["status"] = "pending".into();
    }
    includable_fields::store(ctx, id_of(&card), &json!({"number": number, "cvc": cvc}));
    keep(ctx, CARD, &card, "issuing_card.created");
    Ok(card)
}

/// A number whose last digit is the check digit of the others.
fn number(ctx: &mut Ctx<'_>) -> String {
    let digits = format!("{ISSUER}{}", ctx.world.random.digits(6));
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| luhn(place, digit))
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// What a digit adds to the check sum; the one before the check digit is doubled.
fn luhn(place: usize, digit: u8) -> u32 {
    let digit = u32::from(digit - b'0');
    match (place % 2, digit * 2) {
        (1, _) => digit,
        (_, twice @ 10..) => twice - 9,
        (_, twice) => twice,
    }
}
