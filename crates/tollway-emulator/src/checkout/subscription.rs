//! The subscription of a session.

use serde_json::{Value, json};

use crate::billing::cart;
use crate::billing::subscriptions::create;
use crate::checkout::state::CheckoutState;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::text;
use crate::params::Params;

/// Creates the subscription of a session. With `waits` the page pays its first invoice.
pub(super) fn create_subscription(
    ctx: &mut Ctx<'_>,
    session: &Value,
    state: &CheckoutState,
    method: Option<&str>,
    waits: bool,
) -> Result<Value, ApiError> {
    let customer = session["customer"].as_str().or(state.customer.as_deref());
    let cart = cart::load_cart(ctx, text(session, "id"));
    let (recurring, once): (Vec<Value>, Vec<Value>) = cart
        .items
        .into_iter()
        .partition(|item| item["price"]["type"] == "recurring");
    let mut form = state.data.clone();
    form.insert("customer".into(), customer.into());
    form.insert("items".into(), cart::items_as_params(&recurring));
    if !once.is_empty() {
        form.insert("add_invoice_items".into(), cart::items_as_params(&once));
    }
    if let Some(method) = method {
        form.insert("default_payment_method".into(), method.into());
    }
    let discount = &session["discounts"][0];
    let named = [("promotion_code", "promotion_code"), ("coupon", "coupon")]
        .into_iter()
        .find_map(|(name, key)| discount[name].as_str().map(|id| json!([{key: id}])));
    if let Some(discounts) = named {
        form.insert("discounts".into(), discounts);
    }
    if waits {
        form.insert("payment_behavior".into(), "default_incomplete".into());
    }
    create::create(ctx, &Params::new(Vec::new(), form))
}
