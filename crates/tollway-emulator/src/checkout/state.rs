//! The state of a session besides its object: parameters for its payment, and what it created so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::world::PrivateRecord;

/// What a session stores besides its object.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct CheckoutState {
    /// `payment_intent_data`, `subscription_data` or `setup_intent_data` of the request.
    pub(super) data: Map<String, Value>,
    /// `payment_method_options` of the request.
    pub(super) options: Value,
    /// The id of the PaymentIntent or SetupIntent, if it exists.
    pub(super) intent: Option<String>,
    /// The id of the subscription with an unpaid first invoice.
    pub(super) subscription: Option<String>,
    /// The id of the customer created for the session.
    pub(super) customer: Option<String>,
    /// `customer_update` of the request.
    #[serde(default)]
    pub(super) customer_update: Value,
    /// Selected optional items: the ids of their line items by index.
    #[serde(default)]
    pub(super) taken: BTreeMap<usize, String>,
    /// The parameters of the request, if the session can be recovered.
    #[serde(default)]
    pub(super) request: Option<Map<String, Value>>,
    /// The text after completion, if there is no return URL.
    pub(super) thanks: Option<String>,
}

impl PrivateRecord for CheckoutState {
    const TYPE: &'static str = "_checkout";
}

/// The state of a session. An unreadable record fails the transaction.
pub(super) fn load_state(ctx: &Ctx<'_>, session: &str) -> CheckoutState {
    let state = ctx.world.load_or_fail(&ctx.scope, session);
    state.unwrap_or_default()
}
