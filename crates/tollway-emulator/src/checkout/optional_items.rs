//! Optional items: the page offers them with a checkbox, and selected ones become line items.
//!
//! See <https://docs.stripe.com/payments/checkout/optional-items>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::billing::cart::{self, Cart};
use crate::checkout::checks::check_mode;
use crate::checkout::form::{Form, FormErrors, form_value};
use crate::checkout::form_spec::{CartChanges, OptionalOffer};
use crate::checkout::state::load_state;
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::json::{list, number, text};
use crate::pages::Input;

/// The greatest number of optional items.
const MAX_OPTIONAL_ITEMS: usize = 10;

/// The default greatest quantity of an optional item.
const DEFAULT_MAX_QUANTITY: i64 = 99;

/// Reads `optional_items` of a request, which must fit the cart.
pub(super) fn read_optional_items(
    ctx: &mut Ctx<'_>,
    requested: &[Value],
    cart: &Cart,
) -> Result<Value, ApiError> {
    if requested.len() > MAX_OPTIONAL_ITEMS {
        let message = format!("You can pass at most {MAX_OPTIONAL_ITEMS} optional items.");
        return Err(ApiError::invalid_param("optional_items", message));
    }
    if requested.is_empty() {
        return Ok(Value::Null);
    }
    let mode = if cart.is_recurring() {
        "subscription"
    } else {
        "payment"
    };
    let offered = cart::read_line_items(ctx, requested, "optional_items")?;
    if offered.currency != cart.currency {
        let message = format!(
            "Optional items must be in the currency of the line items, {}.",
            cart.currency
        );
        return Err(ApiError::invalid_param("optional_items[0][price]", message));
    }
    if mode == "payment" {
        check_mode(mode, &offered).map_err(|error| error.param("optional_items"))?;
    }
    let written = offered.items.iter().map(|item| {
        json!({
            "adjustable_quantity": item["adjustable_quantity"], "price": item["price"]["id"],
            "quantity": item["quantity"].as_i64().unwrap_or(1),
        })
    });
    Ok(written.collect())
}

/// The optional items of a session's page.
pub(super) fn optional_offers(
    ctx: &Ctx<'_>,
    session: &Value,
    cart: &Cart,
    taken: &BTreeMap<usize, String>,
) -> Vec<OptionalOffer> {
    let offer = |(index, requested): (usize, &Value)| {
        let price = ctx.get("price", text(requested, "price"))?;
        let product = ctx.get("product", text(&price, "product"))?;
        let id = taken.get(&index);
        let selected = id.and_then(|id| cart.items.iter().find(|item| item["id"] == **id));
        let limits = &requested["adjustable_quantity"];
        let each = currency::format(number(&price, "unit_amount"), &cart.currency);
        Some(OptionalOffer {
            index,
            label: format!("{}, {each}", text(&product, "name")),
            quantity: number(selected.unwrap_or(requested), "quantity"),
            limits: (limits["enabled"] == true).then(|| {
                let least = limits["minimum"].as_i64().unwrap_or(1).max(1);
                (
                    least,
                    limits["maximum"].as_i64().unwrap_or(DEFAULT_MAX_QUANTITY),
                )
            }),
            taken: selected.is_some(),
        })
    };
    let requested = list(session, "optional_items").iter().enumerate();
    requested.filter_map(offer).collect()
}

/// A checkbox for each optional item, and a quantity input if the quantity is adjustable.
pub(super) fn offer_inputs(offers: &[OptionalOffer], form: &Form) -> Vec<Input> {
    // Browsers do not send unchecked boxes, so a submitted form decides; the promotion code form has no boxes.
    let is_submitted = !form.is_empty() && form.get("decision").is_none_or(|it| it != "promote");
    let mut inputs = Vec::new();
    for offer in offers {
        let label = format!("Add to the order: {}", offer.label);
        let mut ticked = Input::new(&offer.name(), &label, "checkbox", "off");
        if offer.taken && !is_submitted {
            "yes".clone_into(&mut ticked.value);
        }
        inputs.push(ticked);
        if offer.limits.is_some() {
            let label = format!("Quantity: {}", offer.label);
            inputs.push(Input {
                value: offer.quantity.to_string(),
                ..Input::new(&offer.quantity_name(), &label, "numeric", "off")
            });
        }
    }
    inputs
}

/// The selected optional items: index and quantity.
pub(super) fn read_selected_offers(
    form: &Form,
    offers: &[OptionalOffer],
    errors: &mut FormErrors,
) -> Vec<(usize, i64)> {
    let mut chosen = Vec::new();
    for offer in offers
        .iter()
        .filter(|offer| form_value(form, &offer.name()).is_some())
    {
        let name = offer.quantity_name();
        let typed = form_value(form, &name).filter(|_| offer.limits.is_some());
        let (least, most) = offer.limits.unwrap_or((1, i64::MAX));
        match typed.map_or(Ok(offer.quantity), str::parse) {
            Ok(quantity) if (least..=most).contains(&quantity) => {
                chosen.push((offer.index, quantity));
            }
            _ => {
                errors.insert(name, format!("A number from {least} to {most}, please."));
            }
        }
    }
    chosen
}

/// Adds selected optional items to the cart and removes unselected ones.
pub(super) fn apply_selected_offers(
    ctx: &mut Ctx<'_>,
    session: &Value,
    cart: &mut Cart,
    chosen: &CartChanges,
) -> Result<(), ApiError> {
    let offered = list(session, "optional_items");
    if offered.is_empty() {
        return Ok(());
    }
    let id = text(session, "id");
    let mut state = load_state(ctx, id);
    let selected: BTreeMap<usize, i64> = chosen.optional.iter().copied().collect();
    cart.items.retain(|item| {
        let place = state.taken.iter().find(|(_, id)| item["id"] == ***id);
        place.is_none_or(|(place, _)| selected.contains_key(place))
    });
    state.taken.retain(|place, _| selected.contains_key(place));
    for (place, quantity) in selected {
        if let Some(id) = state.taken.get(&place) {
            let item = cart.items.iter_mut().find(|item| item["id"] == **id);
            if let Some(item) = item {
                cart::set_quantity(item, quantity);
            }
            continue;
        }
        let Some(requested) = offered.get(place) else {
            continue;
        };
        let mut requested = requested.clone();
        requested["quantity"] = quantity.into();
        let new = cart::read_line_items(ctx, std::slice::from_ref(&requested), "optional_items")?;
        for item in new.items {
            state.taken.insert(place, text(&item, "id").to_owned());
            cart.items.push(item);
        }
    }
    ctx.save(id, &state);
    Ok(())
}
