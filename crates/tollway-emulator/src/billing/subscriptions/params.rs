//! Parameters that creating and updating a subscription share.

use serde_json::{Map, Value};

use crate::billing::subscriptions::record::{
    SUBSCRIPTION, ensure_cancellation_details, period_end,
};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;

/// Whether changes in the middle of a period are prorated.
pub(super) fn prorates(params: &Params) -> bool {
    params.text("proration_behavior") != Some("none")
}

/// Writes the parameters that need no calculation into the subscription.
pub(super) fn write_params(
    ctx: &mut Ctx<'_>,
    members: &mut Map<String, Value>,
    params: &Params,
) -> Result<(), ApiError> {
    let mut plain = params.values().clone();
    if let Some(account) = params.at("on_behalf_of") {
        crate::payments::split::check_on_behalf_of(ctx, Some(account))?;
    }
    for name in [
        "items",
        "discounts",
        "trial_end",
        "billing_cycle_anchor",
        "cancel_at",
        "currency",
    ] {
        plain.remove(name);
    }
    ctx.apply(SUBSCRIPTION, members, &plain)?;
    Ok(())
}

/// Writes `cancel_at_period_end` and `cancel_at`, or clears the scheduled end.
pub(super) fn write_cancellation(ctx: &Ctx<'_>, after: &mut Value, params: &Params) {
    let period_end = period_end(after);
    let at = match (params.bool("cancel_at_period_end"), params.at("cancel_at")) {
        (Some(true), _) => period_end,
        (Some(false), None) => None,
        (_, Some(at)) if at.is_string() => period_end,
        (_, Some(at)) => at.as_i64(),
        (None, None) => return,
    };
    ensure_cancellation_details(after);
    after["cancel_at"] = at.into();
    after["canceled_at"] = at.map(|_| ctx.now()).into();
    let reason = at.map(|_| "cancellation_requested");
    after["cancellation_details"]["reason"] = reason.into();
}
