//! Multicapture: a charge that is captured in parts has a transfer, or an application fee, for each capture.
//!
//! The charge names the last one. The earlier ones are a private record, so that a refund takes its share from each of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::proportional;
use crate::world::PrivateRecord;

/// The ids of the transfers and application fees of a charge's earlier captures.
#[derive(Debug, Default, Serialize, Deserialize)]
struct CaptureParts {
    transfers: Vec<String>,
    fees: Vec<String>,
}

impl PrivateRecord for CaptureParts {
    const TYPE: &'static str = "_parts";
}

fn load_parts(ctx: &Ctx<'_>, charge: &Value) -> Result<CaptureParts, ApiError> {
    let id = charge["id"].as_str().unwrap_or_default();
    Ok(ctx.load(id)?.unwrap_or_default())
}

/// Stores the transfer and the fee that the charge names, before a capture replaces them.
pub(super) fn remember_previous_capture(ctx: &mut Ctx<'_>, charge: &Value) -> Result<(), ApiError> {
    let transfer = charge["transfer"].as_str();
    let fee = charge["application_fee"].as_str();
    if transfer.is_none() && fee.is_none() {
        return Ok(());
    }
    let mut parts = load_parts(ctx, charge)?;
    parts.transfers.extend(transfer.map(str::to_owned));
    parts.fees.extend(fee.map(str::to_owned));
    ctx.save(charge["id"].as_str().unwrap_or_default(), &parts);
    Ok(())
}

/// The transfers of all captures of a charge, oldest first.
pub(super) fn transfers_of_charge(ctx: &Ctx<'_>, charge: &Value) -> Result<Vec<Value>, ApiError> {
    let last = charge["transfer"].as_str().map(str::to_owned);
    let ids = load_parts(ctx, charge)?.transfers.into_iter().chain(last);
    Ok(ids.filter_map(|id| ctx.get("transfer", &id)).collect())
}

/// The platform's application fees of all captures of a charge, oldest first.
pub(super) fn fees_of_charge(ctx: &mut Ctx<'_>, charge: &Value) -> Result<Vec<Value>, ApiError> {
    let last = charge["application_fee"].as_str().map(str::to_owned);
    let ids = load_parts(ctx, charge)?.fees.into_iter().chain(last);
    let platform = ctx.in_scope(ctx.world.platform_scope(ctx.scope.mode));
    Ok(ids
        .filter_map(|id| platform.get("application_fee", &id))
        .collect())
}

/// The share of each transfer or fee that is returned when `amount` of `whole` is refunded: in proportion, and at most what is
/// left of it. `returned_member` names the member with the amount that was returned before.
pub(super) fn refund_shares(
    parts: &[Value],
    returned_member: &str,
    amount: i64,
    whole: i64,
) -> Vec<i64> {
    let number = |part: &Value, name: &str| part[name].as_i64().unwrap_or(0);
    let left = |part: &Value| number(part, "amount") - number(part, returned_member);
    let total: i64 = parts.iter().map(|part| number(part, "amount")).sum();
    let mut missing = proportional(total, amount, whole).min(parts.iter().map(left).sum());
    let mut shares: Vec<i64> = parts
        .iter()
        .map(|part| {
            let share = proportional(number(part, "amount"), amount, whole);
            let share = share.min(left(part)).min(missing);
            missing -= share;
            share
        })
        .collect();
    // Parts that are not used up give what rounding left over.
    for (share, part) in shares.iter_mut().zip(parts) {
        let more = missing.min(left(part) - *share);
        *share += more;
        missing -= more;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn refund_shares_are_proportional_and_sum_to_the_refund() {
        let part = |amount: i64, back: i64| json!({"amount": amount, "back": back});
        let parts = [part(333, 0), part(333, 0), part(334, 0)];
        assert_eq!(refund_shares(&parts, "back", 1000, 1000), [333, 333, 334]);
        assert_eq!(refund_shares(&parts, "back", 500, 1000), [167, 167, 166]);
        let used = [part(300, 300), part(700, 0)];
        assert_eq!(refund_shares(&used, "back", 500, 1000), [0, 500]);
        assert_eq!(refund_shares(&[], "back", 500, 1000), [0; 0]);
    }

    proptest! {
        #[test]
        fn refund_shares_never_exceed_what_is_left_of_a_part(
            parts in prop::collection::vec((1i64..5000, 0i64..5000), 1..5), amount in 0i64..20_000,
        ) {
            let parts: Vec<Value> = parts
                .into_iter()
                .map(|(amount, back)| json!({"amount": amount, "back": back.min(amount)}))
                .collect();
            let left: Vec<i64> = parts.iter()
                .map(|part| part["amount"].as_i64().unwrap() - part["back"].as_i64().unwrap()).collect();
            let total: i64 = parts.iter().map(|part| part["amount"].as_i64().unwrap()).sum();
            let shares = refund_shares(&parts, "back", amount, 20_000);
            prop_assert!(shares.iter().zip(&left).all(|(share, left)| 0 <= *share && share <= left));
            let due = proportional(total, amount, 20_000).min(left.iter().sum());
            prop_assert_eq!(shares.iter().sum::<i64>(), due);
        }
    }
}
