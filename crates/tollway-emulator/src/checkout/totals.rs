//! The totals of a session: items, less the discount, with taxes and the selected shipping.

use serde_json::{Value, json};

use crate::billing::cart;
use crate::checkout::shipping;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::text;
use crate::tax::due;

/// Reads `discounts` of a request: at most one coupon or promotion code.
pub(super) fn read_discounts(ctx: &Ctx<'_>, requested: &[Value]) -> Result<Value, ApiError> {
    if requested.len() > 1 {
        let message = "You can only apply one discount to a Checkout Session.";
        return Err(ApiError::invalid_param("discounts", message));
    }
    let Some(requested) = requested.first() else {
        return Ok(json!([]));
    };
    let code = requested["promotion_code"]
        .as_str()
        .map(|id| ctx.referenced("promotion_code", id, "discounts[0][promotion_code]"))
        .transpose()?;
    let promoted = code
        .as_ref()
        .and_then(|code| code["promotion"]["coupon"].as_str());
    let Some(coupon) = promoted.or(requested["coupon"].as_str()) else {
        return Err(ApiError::missing_parameter("discounts[0][coupon]"));
    };
    let coupon = ctx.referenced("coupon", coupon, "discounts[0][coupon]")?;
    if coupon["valid"] == false {
        let message = "This coupon is not valid any more.";
        return Err(ApiError::invalid_param("discounts[0][coupon]", message).code("coupon_expired"));
    }
    let code = code.map_or(Value::Null, |code| code["id"].clone());
    Ok(json!([{"coupon": coupon["id"], "promotion_code": code}]))
}

/// Calculates the totals of a session and writes them into it.
pub(super) fn calculate_session(
    ctx: &Ctx<'_>,
    session: &mut Value,
    cart: &mut cart::Cart,
) -> Result<(), ApiError> {
    let off = cart::apply_coupon(ctx, cart, &session["discounts"])?;
    let customer = ctx
        .get("customer", text(session, "customer"))
        .unwrap_or_default();
    if session["automatic_tax"]["enabled"] == true {
        set_automatic_taxes(ctx, session, &customer, cart);
    }
    let tax = cart::apply_taxes(cart, text(&customer, "tax_exempt"));
    let shipping = selected_shipping(session);
    let amount = shipping.as_ref().map_or(0, |(amount, _)| *amount);
    let total = cart.total() + amount;
    shipping::check_total(total, &cart.currency)?;
    session["amount_subtotal"] = cart.subtotal().into();
    session["amount_total"] = total.into();
    session["currency"] = cart.currency.as_str().into();
    session["shipping_cost"] = match &shipping {
        Some((amount, rate)) => json!({
            "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": rate,
        }),
        None => Value::Null,
    };
    session["total_details"] =
        json!({"amount_discount": off, "amount_shipping": amount, "amount_tax": tax});
    let free = total == 0 && session["mode"] == "payment" && cart.custom_unit_amount().is_none();
    session["payment_status"] = if free {
        "no_payment_required"
    } else {
        "unpaid"
    }
    .into();
    Ok(())
}

/// Sets the tax rates that `automatic_tax` applies to the items, if an address is known.
fn set_automatic_taxes(ctx: &Ctx<'_>, session: &Value, customer: &Value, cart: &mut cart::Cart) {
    let places = [
        &session["customer_details"]["address"],
        &customer["shipping"]["address"],
        &customer["address"],
    ];
    let address_with_country = places.into_iter().find(|it| it["country"].is_string());
    for item in &mut cart.items {
        // Tax rates of the request take precedence. They are active; automatic ones are not.
        let named = item["taxes"].as_array();
        if named.is_some_and(|taxes| taxes.iter().any(|tax| tax["rate"]["active"] == true)) {
            continue;
        }
        let inclusive = item["price"]["tax_behavior"] == "inclusive";
        let rate = address_with_country
            .and_then(|address| due::automatic_tax_rate(ctx, address, inclusive));
        item["taxes"] = rate.into_iter().map(|rate| json!({"rate": rate})).collect();
    }
}

/// The amount and the rate of the selected shipping option, or of the first one.
fn selected_shipping(session: &Value) -> Option<(i64, Value)> {
    let options = session["shipping_options"].as_array()?;
    let chosen = &session["shipping_cost"]["shipping_rate"];
    let option = options
        .iter()
        .find(|option| option["shipping_rate"] == *chosen)
        .or(options.first())?;
    let amount = option["shipping_amount"].as_i64()?;
    Some((amount, option["shipping_rate"].clone()))
}
