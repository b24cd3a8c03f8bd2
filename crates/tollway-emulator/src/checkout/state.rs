//! The state of a session besides its object: parameters for its payment, and what it created so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::scope::Scope;
use crate::world::WorldState;

const CHECKOUT_STATE: &str = "_checkout";

/// What is to become of the payment, and how far it came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct CheckoutState {
    /// `payment_intent_data`, `subscription_data` or `setup_intent_data` of the request.
    pub(super) data: Map<String, Value>,
    /// `payment_method_options` of the request.
    pub(super) options: Value,
    /// The PaymentIntent or SetupIntent that was begun.
    pub(super) intent: Option<String>,
    /// The subscription that waits for its first payment.
    pub(super) subscription: Option<String>,
    /// The customer that was made for it.
    pub(super) customer: Option<String>,
    /// `customer_update` of the request: what the customer's answers change of the customer.
    #[serde(default)]
    pub(super) customer_update: Value,
    /// Optional items that were taken: their place among them, and the line item.
    #[serde(default)]
    pub(super) taken: BTreeMap<usize, String>,
    /// The request itself, if a session that has expired can be begun anew.
    #[serde(default)]
    pub(super) request: Option<Map<String, Value>>,
    /// What the customer reads afterwards, if there is no page to go back to.
    pub(super) thanks: Option<String>,
}

pub(super) fn load_state(ctx: &Ctx<'_>, session: &str) -> CheckoutState {
    load_state_in(ctx.world, &ctx.scope, session)
}

pub(super) fn load_state_in(world: &WorldState, scope: &Scope, session: &str) -> CheckoutState {
    world
        .typed(scope, CHECKOUT_STATE, session)
        .unwrap_or_default()
}

pub(super) fn save_state(ctx: &mut Ctx<'_>, session: &str, hidden: &CheckoutState) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .put_typed(&scope, CHECKOUT_STATE, session, hidden, now);
}
